//! What the draws say of creators: each one's part of its platforms, returns, capture, and whether it can be told apart.

use super::draws::{BLOCKS, OneDraw, Pass};
use super::window::Window;
use super::{CreatorEstimate, CreatorVerdict, Interval, RosterEstimate, TOLD_APART};
use crate::model::build::{CreatorModel, Model};
use crate::model::platform::{Platform, PlatformWork};
use crate::model::posterior::Posterior;
use crate::model::prior::Prior;
use crate::model::response::{Response, Shape, ShapeValues};
use crate::model::tracked::Tracked;
use crate::project::Project;
use counterpoint_infer::parallel::in_parallel;
use std::sync::Arc;

/// Draws that counterfactuals of single creators are taken from, evenly thinned.
const LOST_DRAWS: usize = 250;

/// Sums of the creators' parts over draws.
pub(crate) struct Parts {
    /// In outcome units, `[creators][geos x periods]`.
    pub(crate) sums: Vec<Vec<f64>>,
    /// Account by driver and place: its creator.
    owner: Vec<Vec<usize>>,
}

impl Parts {
    pub(crate) fn new(model: &Model) -> Parts {
        let mut owner: Vec<Vec<usize>> =
            model.drivers.iter().map(|d| vec![0; d.platform.as_ref().map_or(0, Platform::len)]).collect();
        for (i, creator) in model.creators.iter().enumerate() {
            creator.accounts.iter().for_each(|&(d, place)| owner[d][place] = i);
        }
        Parts { sums: model.creators.iter().map(|_| vec![0.0; model.y.len()]).collect(), owner }
    }

    /// Adds the parts of one draw, after `split_platforms`; returns each creator's outcome units and money within the window. Within a window, a
    /// platform's increment is split as its creators' parts of the window's periods are.
    pub(crate) fn one(
        &mut self,
        model: &Model,
        posterior: &Posterior,
        window: &Window,
        incremental: &[[f64; 3]],
    ) -> Vec<[f64; 2]> {
        let (geos, periods) = (model.n_geos(), model.n_periods());
        let mut out = vec![[0.0; 2]; model.creators.len()];
        let mut line = vec![0.0; periods];
        for (m, (driver, state)) in model.drivers.iter().zip(posterior.drivers()).enumerate() {
            let (Some(platform), Some(own)) = (&driver.platform, &state.platform) else { continue };
            let mut parts = vec![[0.0; 2]; platform.len()];
            for g in 0..geos {
                let cells = g * periods..(g + 1) * periods;
                let worth = &model.money[cells.clone()];
                for c in 0..platform.len() {
                    line.fill(0.0);
                    own.add_part(platform, g, c, &mut line);
                    let sum = &mut self.sums[self.owner[m][c]][cells.clone()];
                    for (t, (to, x)) in sum.iter_mut().zip(&line).enumerate() {
                        *to += x;
                        if (window.from..window.to).contains(&t) {
                            parts[c][0] += x;
                            parts[c][1] += x * worth[t] / model.units[g];
                        }
                    }
                }
            }
            for i in 0..2 {
                let total: f64 = parts.iter().map(|p| p[i]).sum();
                let scale = if window.whole || total == 0.0 { 1.0 } else { incremental[m][i] / total };
                parts.iter().zip(&self.owner[m]).for_each(|(p, &c)| out[c][i] += scale * p[i]);
            }
        }
        out
    }
}

/// One platform in one geo.
pub(crate) struct LocalPlatform {
    platform: Platform,
    work: PlatformWork,
    owner: Vec<usize>,
}

/// The platforms' working memory for one geo, by driver.
pub(crate) fn local_work(model: &Model, g: usize) -> Vec<Option<LocalPlatform>> {
    let owner = Parts::new(model).owner;
    let one = |(m, driver): (usize, &crate::model::build::DriverModel)| {
        let platform = driver.platform.as_ref()?;
        let shape = Shape { geos: 1, ..driver.shape.clone() };
        let rows = g * shape.rows()..(g + 1) * shape.rows();
        let share = (0..platform.len()).flat_map(|c| platform.shares(c)[rows.clone()].to_vec()).collect();
        let local = Platform { share, ..platform.clone() };
        let work = PlatformWork::new(&local, &shape);
        Some(LocalPlatform { platform: local, work, owner: owner[m].clone() })
    };
    model.drivers.iter().enumerate().map(one).collect()
}

impl LocalPlatform {
    /// Response of the platform in its geo; adds what each creator brings, in outcome units, to its row of `rows`.
    pub(crate) fn forward(
        &mut self,
        response: &mut Response,
        shape: &Shape,
        (at, values): (&ShapeValues, &[f64]),
        (beta, units): (f64, f64),
        rows: &mut [f64],
    ) {
        self.work.forward(&self.platform, values);
        response.forward(shape, at, &self.work.exposure);
        self.work.split(&self.platform, response.weights(), &response.rows().f, &[beta], &[units], at.saturation[0]);
        for (c, &creator) in self.owner.iter().enumerate() {
            let row = &mut rows[creator * shape.periods..(creator + 1) * shape.periods];
            self.work.add_part(&self.platform, 0, c, row);
        }
    }
}

/// All creators.
pub(crate) fn creators(
    model: &Arc<Model>,
    project: &Project,
    window: &Window,
    chains: &[counterpoint_infer::nuts::ChainDraws],
    pass: &Pass,
    threads: usize,
) -> Vec<CreatorEstimate> {
    if model.creators.is_empty() {
        return Vec::new();
    }
    let lost = lost_without(model, window, chains, threads);
    let outcome = total_outcome(model, window);
    let level = project.creators.as_ref().map_or(0.8, |c| c.fair_level);
    let (margin, money_counts) = (project.outcome.margin, project.outcome.returns_are_money());
    model
        .creators
        .iter()
        .enumerate()
        .map(|(i, creator)| {
            let column = |k: usize| -> Vec<f64> { pass.draws.iter().map(|d| d.creators[i][k]).collect() };
            let (units, money) = (column(0), column(1));
            let inside = window.from..window.to;
            let spend: f64 = creator.spend[inside.clone()].iter().sum();
            let over = |values: &[f64], by: f64| Interval::of(&values.iter().map(|x| x / by).collect::<Vec<_>>());
            let earned: Vec<f64> = money.iter().map(|x| x * margin.unwrap_or(1.0)).collect();
            let tracked = model.tracked.as_ref().and_then(|t| Some((t, t.series.iter().position(|s| s.creator == i)?)));
            let removed = variance_removed(model, pass, creator);
            let paid = (spend > 0.0).then_some(spend);
            let fair_cost = {
                let sorted = counterpoint_infer::draws::sorted(&earned);
                counterpoint_infer::draws::quantile(&sorted, 1.0 - level)
            };
            let pays = paid
                .filter(|_| money_counts)
                .map(|s| earned.iter().filter(|&&x| x > s).count() as f64 / earned.len() as f64);
            let identified = removed >= TOLD_APART;
            let verdict = match pays {
                Some(p) if p >= level => CreatorVerdict::Renew,
                Some(_) if identified && fair_cost >= 0.5 * spend => CreatorVerdict::Renegotiate,
                Some(_) if identified => CreatorVerdict::Stop,
                _ => CreatorVerdict::Test,
            };
            CreatorEstimate {
                name: creator.name.clone(),
                platforms: creator.platforms.clone(),
                posts: creator.posts[inside.clone()].iter().sum(),
                views: creator.views[inside].iter().sum(),
                spend,
                incremental: Interval::of(&units),
                lost_without: Interval::of(&lost[i]),
                share: over(&units, outcome),
                roi: paid.map(|s| over(&money, s)),
                margin_roi: paid.and_then(|s| margin.map(|_| over(&earned, s))),
                cost_per_increment: paid.map(|s| Interval::of(&units.iter().map(|u| s / u).collect::<Vec<_>>())),
                fair_cost,
                prob_roi_above_1: pays,
                capture: tracked.map(|(t, k)| {
                    Interval::of(&pass.draws.iter().map(|d| t.capture(k, &d.values)).collect::<Vec<_>>())
                }),
                leak: tracked
                    .map(|(t, k)| Interval::of(&pass.draws.iter().map(|d| leak_share(t, k, d)).collect::<Vec<_>>())),
                per_view: per_view(model, pass, creator),
                verdict,
                variance_removed: removed,
                identified,
            }
        })
        .collect()
}

/// Observed outcome of the window, in outcome units.
fn total_outcome(model: &Model, window: &Window) -> f64 {
    let periods = model.n_periods();
    let mut total = 0.0;
    for (g, runs) in model.noise.runs.iter().enumerate() {
        for t in runs.iter().flat_map(|&(from, to)| from.max(window.from)..to.min(window.to)) {
            total += model.units[g] / model.scale.sd * (model.scale.mean + model.scale.sd * model.y[g * periods + t]);
        }
    }
    total
}

/// What would be lost without each creator alone, by creator and thinned draw.
fn lost_without(
    model: &Arc<Model>,
    window: &Window,
    chains: &[counterpoint_infer::nuts::ChainDraws],
    threads: usize,
) -> Vec<Vec<f64>> {
    let dim = model.parameters.sampled().max(1);
    let positions: Vec<&[f64]> = chains.iter().flat_map(|c| c.positions.chunks_exact(dim)).collect();
    let count = positions.len().min(LOST_DRAWS);
    let without = |posterior: &Posterior, creator: &CreatorModel| {
        let mut total = 0.0;
        for &(m, place) in &creator.accounts {
            let state = &posterior.drivers()[m];
            let (Some(platform), Some(own)) = (&model.drivers[m].platform, &state.platform) else { continue };
            let half = posterior.values()[model.drivers[m].slots.saturation[0]];
            for g in 0..model.n_geos() {
                let top = state.effect.beta[g] * model.units[g];
                let at = (state.response.rows().f.as_slice(), top, half);
                total += own.lost_without(platform, place, g, at, window.from..window.to);
            }
        }
        total
    };
    let blocks = in_parallel(BLOCKS, threads, |block| {
        let mut posterior = Posterior::new(model.clone());
        let one = |i: usize| -> Vec<f64> {
            posterior.set(positions[i * positions.len() / count]);
            posterior.split_platforms();
            model.creators.iter().map(|creator| without(&posterior, creator)).collect()
        };
        (block * count / BLOCKS..(block + 1) * count / BLOCKS).map(one).collect::<Vec<_>>()
    });
    let draws: Vec<Vec<f64>> = blocks.concat();
    (0..model.creators.len()).map(|i| draws.iter().map(|draw| draw[i]).collect()).collect()
}

/// Share of the prior variance of ln weight that the data removed; of several accounts the least, of a lone account none.
fn variance_removed(model: &Model, pass: &Pass, creator: &CreatorModel) -> f64 {
    let variance = |prior: &Prior| match *prior {
        Prior::Normal { sd, .. } => sd * sd,
        _ => 0.0,
    };
    let one = |&(m, place): &(usize, usize)| {
        let Some(platform) = &model.drivers[m].platform else { return 0.0 };
        let known = &platform.slots.slopes;
        let h = &platform.covariates[place * known.len()..(place + 1) * known.len()];
        let slopes: f64 = known.iter().zip(h).map(|(&i, h)| h * h * variance(&model.parameters.get(i).prior)).sum();
        // E spread^2 of a half-normal is its scale squared.
        let spread = platform.slots.deviations.map_or(0.0, |(i, _)| match model.parameters.get(i).prior {
            Prior::HalfNormal { sd } => sd * sd,
            _ => 0.0,
        });
        if spread == 0.0 {
            return 0.0;
        }
        let logs: Vec<f64> = pass.draws.iter().map(|d| platform.weight(place, &d.values).ln()).collect();
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let after = logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        (1.0 - after / (slopes + spread)).clamp(0.0, 1.0)
    };
    creator.accounts.iter().map(one).fold(f64::INFINITY, f64::min).min(1.0)
}

/// Tracked orders of series k that leaked, and that the posts brought, as a draw expects them over all live periods.
fn codes(tracked: &Tracked, k: usize, draw: &OneDraw) -> (f64, f64) {
    let series = &tracked.series[k];
    let leaked = draw.values[series.leak] * tracked.all_orders[series.from..].iter().sum::<f64>();
    let brought = tracked.capture(k, &draw.values) * draw.creators[series.creator][0] / tracked.per_order;
    (leaked, brought)
}

/// Share of the tracked orders of series k that leaked.
pub(crate) fn leak_share(tracked: &Tracked, k: usize, draw: &OneDraw) -> f64 {
    let (leaked, brought) = codes(tracked, k, draw);
    leaked / (leaked + brought)
}

/// Weight of the creator's first account over the platform's average view's.
fn per_view(model: &Model, pass: &Pass, creator: &CreatorModel) -> Interval {
    let Some(&(m, place)) = creator.accounts.first() else { return Interval::of(&[1.0]) };
    let Some(platform) = &model.drivers[m].platform else { return Interval::of(&[1.0]) };
    let padded = platform.views.len() / platform.len();
    let one = |d: &OneDraw| {
        let views: Vec<f64> = platform.views_today(&d.values).chunks_exact(padded).map(|v| v.iter().sum()).collect();
        let total: f64 = views.iter().sum();
        let weights: Vec<f64> = (0..platform.len()).map(|c| platform.weight(c, &d.values)).collect();
        weights[place] * total / crate::model::linalg::dot(&weights, &views)
    };
    Interval::of(&pass.draws.iter().map(one).collect::<Vec<_>>())
}

/// All creators together.
pub(crate) fn roster(model: &Model, pass: &Pass) -> Option<RosterEstimate> {
    let platforms: Vec<usize> = (0..model.drivers.len()).filter(|&m| model.drivers[m].platform.is_some()).collect();
    if platforms.is_empty() {
        return None;
    }
    let of = |get: &dyn Fn(&OneDraw) -> f64| Interval::of(&pass.draws.iter().map(get).collect::<Vec<_>>());
    let all = |d: &OneDraw| platforms.iter().map(|&m| d.incremental[m][0]).sum::<f64>();
    let herfindahl = |d: &OneDraw| platforms.iter().map(|&m| (d.incremental[m][0] / all(d)).powi(2)).sum::<f64>();
    let leaks = |d: &OneDraw, t: &Tracked, by: &dyn Fn(usize) -> f64| {
        (0..t.series.len()).map(|k| codes(t, k, d)).enumerate().fold((0.0, 0.0), |sum, (k, (leaked, brought))| {
            let share = leaked / (leaked + brought);
            (sum.0 + leaked, sum.1 + by(k) * share)
        })
    };
    let tracked = model.tracked.as_ref();
    let orders = |t: &Tracked, d: &OneDraw| {
        (0..t.series.len()).map(|k| codes(t, k, d)).map(|(leaked, brought)| leaked + brought).sum::<f64>()
    };
    Some(RosterEstimate {
        shares: platforms.iter().map(|&m| of(&|d| d.incremental[m][0] / all(d))).collect(),
        herfindahl: of(&herfindahl),
        effective: of(&|d| 1.0 / herfindahl(d)),
        not_incremental: tracked.map(|t| of(&|d| leaks(d, t, &|_| 0.0).0 / orders(t, d))),
        commission_not_incremental: tracked
            .map(|t| of(&|d| leaks(d, t, &|k| model.creators[t.series[k].creator].cost.by_sales).1)),
    })
}
