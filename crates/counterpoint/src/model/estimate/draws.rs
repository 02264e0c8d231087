//! One pass over all draws: totals of every draw, means of every cell; then everything put together.

use super::cells::Cells;
use super::window::Window;
use super::{
    Band, Contribution, DriverEstimate, Estimates, FitBand, IDENTIFIED, Interval, RowKind, creators, curves, density,
};
use crate::model::build::{Model, coefficient_names};
use crate::model::linalg::dot;
use crate::model::posterior::{Posterior, shape_values};
use crate::model::response::{Exposure, Response};
use crate::project::Project;
use counterpoint_infer::diagnose::Loo;
use counterpoint_infer::draws::Draws;
use counterpoint_infer::nuts::{ChainDraws, chain_rng};
use counterpoint_infer::parallel::in_parallel;
use std::sync::Arc;

/// Draws are summed in this many blocks, whatever the number of threads, so that sums are the same bits.
pub(super) const BLOCKS: usize = 8;
/// Random streams of the baseline's draws lie beyond those of the chains.
const STREAM: u64 = 2 << 32;

/// What all draws say.
pub(crate) struct Pass {
    pub(crate) chains: usize,
    pub(crate) per_chain: usize,
    /// By draw.
    pub(crate) draws: Vec<OneDraw>,
    /// Mean contribution in scaled units, `[drivers][geos x periods]`.
    pub(crate) mean: Vec<Vec<f64>>,
    /// The same in outcome units, `[creators][geos x periods]`.
    pub(crate) creator_mean: Vec<Vec<f64>>,
}

/// What one draw says.
pub(crate) struct OneDraw {
    pub(crate) values: Vec<f64>,
    /// Baseline coefficients.
    pub(crate) coefficients: Vec<f64>,
    /// `[drivers x geos]`
    pub(crate) beta: Vec<f64>,
    /// By driver, within the window: outcome units, money, money of one more percent.
    pub(crate) incremental: Vec<[f64; 3]>,
    /// By creator, within the window, each account's part: outcome units, money.
    pub(crate) creators: Vec<[f64; 2]>,
}

impl Pass {
    pub(crate) fn run(model: &Arc<Model>, chains: &[ChainDraws], window: &Window, seed: u64, threads: usize) -> Pass {
        let dim = model.parameters.sampled();
        let positions: Vec<&[f64]> = chains.iter().flat_map(|c| c.positions.chunks_exact(dim.max(1))).collect();
        let per_chain = positions.len() / chains.len().max(1);
        let others = Counterfactuals::new(model, window);
        let blocks = in_parallel(BLOCKS, threads, |block| {
            let (from, to) = (block * positions.len() / BLOCKS, (block + 1) * positions.len() / BLOCKS);
            let mut posterior = Posterior::new(model.clone());
            let mut work: Vec<Response> = model.drivers.iter().map(|d| Response::new(&d.shape)).collect();
            let mut sums: Vec<Vec<f64>> = model.drivers.iter().map(|_| vec![0.0; model.y.len()]).collect();
            let mut parts = creators::Parts::new(model);
            let draws: Vec<OneDraw> = (from..to)
                .map(|i| {
                    let mut rng = chain_rng(seed, STREAM + i as u64);
                    let coefficients = posterior.draw_baseline(positions[i], &mut rng).to_vec();
                    posterior.split_platforms();
                    let mut one = others.one(model, &posterior, &mut work, &mut sums, coefficients);
                    one.creators = parts.one(model, &posterior, window, &one.incremental);
                    one
                })
                .collect();
            (draws, sums, parts.sums)
        });
        let mut mean: Vec<Vec<f64>> = model.drivers.iter().map(|_| vec![0.0; model.y.len()]).collect();
        let mut creator_mean = creators::Parts::new(model).sums;
        let mut draws = Vec::with_capacity(positions.len());
        for (some, sums, parts) in blocks {
            draws.extend(some);
            for (total, sum) in creator_mean.iter_mut().zip(&parts) {
                total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
            }
            for (total, sum) in mean.iter_mut().zip(&sums) {
                total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
            }
        }
        let n = draws.len().max(1) as f64;
        mean.iter_mut().chain(&mut creator_mean).flatten().for_each(|x| *x /= n);
        Pass { chains: chains.len(), per_chain, draws, mean, creator_mean }
    }
}

/// Exposures as they would have been.
struct Counterfactuals {
    /// One percent more within the window.
    raised: Vec<Exposure>,
    /// None within the window; empty where contributions are the answer.
    none: Vec<Exposure>,
    window: Window,
}

impl Counterfactuals {
    fn new(model: &Model, window: &Window) -> Counterfactuals {
        let all = |factor| model.drivers.iter().map(|d| window.scaled(&d.shape, &d.exposure, factor)).collect();
        Counterfactuals { raised: all(1.01), none: if window.whole { Vec::new() } else { all(0.0) }, window: *window }
    }

    fn one(
        &self,
        model: &Model,
        posterior: &Posterior,
        work: &mut [Response],
        sums: &mut [Vec<f64>],
        coefficients: Vec<f64>,
    ) -> OneDraw {
        let (geos, periods) = (model.n_geos(), model.n_periods());
        let mut beta = Vec::with_capacity(model.drivers.len() * geos);
        let mut incremental = Vec::with_capacity(model.drivers.len());
        for (m, (driver, state)) in model.drivers.iter().zip(posterior.drivers()).enumerate() {
            let shape = shape_values(driver, posterior.values());
            beta.extend_from_slice(&state.effect.beta);
            let total = |f: &[f64]| {
                let mut sum = [0.0; 2];
                for g in 0..geos {
                    let (f, b) = (&f[g * periods..(g + 1) * periods], state.effect.beta[g]);
                    sum[0] += b * model.units[g] * f.iter().sum::<f64>();
                    sum[1] += b * dot(f, &model.money[g * periods..(g + 1) * periods]);
                }
                sum
            };
            let today = total(&state.response.f);
            // A platform's exposure depends on the creators' weights, which this draw has.
            let changed = |factor: f64| {
                state.platform.as_ref().map(|own| self.window.scaled(&driver.shape, &own.exposure, factor))
            };
            work[m].forward(&driver.shape, &shape, changed(1.01).as_ref().unwrap_or(&self.raised[m]));
            let more = total(&work[m].f)[1] - today[1];
            let mut less = [0.0; 2];
            if let Some(none) = self.none.get(m) {
                work[m].forward(&driver.shape, &shape, changed(0.0).as_ref().unwrap_or(none));
                less = total(&work[m].f);
            }
            incremental.push([today[0] - less[0], today[1] - less[1], more]);
            for g in 0..geos {
                let range = g * periods..(g + 1) * periods;
                crate::model::linalg::axpy(state.effect.beta[g], &state.response.f[range.clone()], &mut sums[m][range]);
            }
        }
        OneDraw { values: posterior.values().to_vec(), coefficients, beta, incremental, creators: Vec::new() }
    }
}

/// Everything that is reported, from the two passes.
pub(crate) fn assemble(
    model: &Arc<Model>,
    project: &Project,
    window: &Window,
    chains: &[ChainDraws],
    pass: Pass,
    cells: Cells,
    threads: usize,
) -> Estimates {
    let periods = model.n_periods();
    let total_outcome = window.sum(&cells.fit.observed, periods);
    let margin = project.outcome.margin;
    let drivers: Vec<DriverEstimate> = model
        .drivers
        .iter()
        .enumerate()
        .map(|(m, driver)| {
            let column = |i: usize| -> Vec<f64> { pass.draws.iter().map(|d| d.incremental[m][i]).collect() };
            let spend = driver.spend.as_ref().map(|s| window.sum(s, periods));
            let paid = spend.filter(|&s| s > 0.0);
            let over = |values: &[f64], by: f64| Interval::of(&values.iter().map(|x| x / by).collect::<Vec<_>>());
            let (units, money, more) = (column(0), column(1), column(2));
            let moved = density::moved(model, &pass, driver.slots.effect);
            // Units without a value cannot be set against money.
            let threshold = paid.filter(|_| project.outcome.returns_are_money()).map(|s| s / margin.unwrap_or(1.0));
            DriverEstimate {
                name: driver.name.clone(),
                kind: driver.kind,
                platform: driver.platform.as_ref().map(|p| p.name.clone()),
                spend,
                incremental: Interval::of(&units),
                roi: paid.map(|s| over(&money, s)),
                mroi: paid.map(|s| over(&more, 0.01 * s)),
                margin_roi: paid.and_then(|s| margin.map(|share| over(&money, s / share))),
                cost_per_increment: paid.map(|s| Interval::of(&units.iter().map(|u| s / u).collect::<Vec<_>>())),
                share: over(&units, total_outcome),
                prob_roi_above_1: threshold
                    .map(|t| money.iter().filter(|&&x| x > t).count() as f64 / money.len() as f64),
                moved_from_prior: moved,
                identified: moved >= IDENTIFIED,
            }
        })
        .collect();
    let share = |get: &dyn Fn(&OneDraw) -> f64| {
        Interval::of(&pass.draws.iter().map(|d| get(d) / total_outcome).collect::<Vec<_>>())
    };
    let paid: Vec<usize> = (0..drivers.len()).filter(|&m| drivers[m].spend.is_some_and(|s| s > 0.0)).collect();
    let linear = Linear::new(model, window);
    let best = |i: usize| best_of(&pass, &drivers, i);
    Estimates {
        roster: creators::roster(model, &pass),
        creators: creators::creators(model, project, window, chains, &pass, threads),
        window: window.days,
        marketing_share: share(&|d| d.incremental.iter().map(|x| x[0]).sum()),
        paid_incremental: (!paid.is_empty()).then(|| {
            let sum = |d: &OneDraw| paid.iter().map(|&m| d.incremental[m][0]).sum::<f64>();
            Interval::of(&pass.draws.iter().map(sum).collect::<Vec<_>>())
        }),
        controls_share: linear.has_controls.then(|| share(&|d| dot(&linear.controls, &d.coefficients))),
        baseline_share: share(&|d| linear.constant + dot(&linear.baseline, &d.coefficients)),
        best_return: best(1),
        best_next: best(2),
        curves: curves::curves(model, &pass, window, threads),
        decays: curves::decays(model, &pass),
        densities: density::densities(model, &pass, threads),
        scalars: scalars(model, &pass),
        r2: cells.r2,
        mape: cells.mape,
        coverage90: cells.coverage90,
        loo: cells.loo,
        contributions: cells.contributions,
        fit: cells.fit,
        fit_national: cells.fit_national,
        total_outcome,
        drivers,
    }
}

/// The paid driver with the highest return (1: average, 2: marginal) in most draws, and the share of those draws.
fn best_of(pass: &Pass, drivers: &[DriverEstimate], which: usize) -> Option<(usize, f64)> {
    let paid: Vec<(usize, f64)> =
        drivers.iter().enumerate().filter_map(|(m, d)| d.spend.filter(|&s| s > 0.0).map(|s| (m, s))).collect();
    let mut wins = vec![0usize; drivers.len()];
    for draw in &pass.draws {
        let by_return = |a: &&(usize, f64), b: &&(usize, f64)| {
            (draw.incremental[a.0][which] / a.1).total_cmp(&(draw.incremental[b.0][which] / b.1))
        };
        wins[paid.iter().max_by(by_return)?.0] += 1;
    }
    let (m, &most) = wins.iter().enumerate().max_by_key(|(m, w)| (**w, usize::MAX - m))?;
    (most > 0).then(|| (m, most as f64 / pass.draws.len() as f64))
}

/// Window totals of the baseline and the controls as linear functions of the coefficients, in outcome units.
struct Linear {
    constant: f64,
    baseline: Vec<f64>,
    controls: Vec<f64>,
    has_controls: bool,
}

impl Linear {
    fn new(model: &Model, window: &Window) -> Linear {
        let (design, periods) = (&model.baseline, model.n_periods());
        let mut weights = vec![0.0; model.y.len()];
        let mut constant = 0.0;
        for g in 0..model.n_geos() {
            weights[g * periods + window.from..g * periods + window.to].fill(model.units[g]);
            let people = model.units[g] / model.scale.sd;
            constant += people * model.scale.mean * (window.to - window.from) as f64;
        }
        let mut all = vec![0.0; design.coefficients()];
        design.add_transposed(&weights, &mut vec![0.0; periods], &mut all);
        let control = |f: usize| is_control(&design.features[f].name);
        let mut controls = vec![0.0; all.len()];
        for f in (0..design.features.len()).filter(|&f| control(f)) {
            controls[design.knots + f] = all[design.knots + f];
        }
        for g in 0..design.geos {
            for (j, _) in design.local.iter().enumerate().filter(|(_, f)| control(**f)) {
                let i = design.shared() + g * design.locals() + j;
                controls[i] = all[i];
            }
        }
        let baseline = all.iter().zip(&controls).map(|(a, c)| a - c).collect();
        Linear { constant, baseline, controls, has_controls: (0..design.features.len()).any(control) }
    }
}

/// Whether a baseline feature is a control.
pub(crate) fn is_control(feature: &str) -> bool {
    feature.starts_with("control[")
}

/// Named scalars by draw: sampled parameters, then baseline coefficients.
fn scalars(model: &Model, pass: &Pass) -> Draws {
    let mut out = Draws::new(pass.chains, pass.per_chain);
    let mut column = vec![0.0; pass.draws.len()];
    for (i, p) in model.parameters.iter().enumerate().filter(|(_, p)| p.coordinate.is_some()) {
        column.iter_mut().zip(&pass.draws).for_each(|(c, d)| *c = d.values[i]);
        out.push(p.name.clone(), &column);
    }
    for (i, name) in coefficient_names(&model.baseline, &model.geos).into_iter().enumerate() {
        column.iter_mut().zip(&pass.draws).for_each(|(c, d)| *c = d.coefficients[i]);
        out.push(name, &column);
    }
    out
}

/// A LOO estimate of several groups of observations together.
pub(crate) fn join(parts: Vec<Loo>) -> Option<Loo> {
    let mut parts = parts.into_iter();
    let mut all = parts.next()?;
    for part in parts {
        all.points.extend(part.points);
    }
    let n = all.points.len() as f64;
    all.elpd = all.points.iter().map(|p| p.elpd).sum();
    all.p_loo = all.points.iter().map(|p| p.p_loo).sum();
    let mean = all.elpd / n;
    all.se = (all.points.iter().map(|p| (p.elpd - mean).powi(2)).sum::<f64>()).sqrt();
    Some(all)
}

/// An empty band of a length.
pub(crate) fn band(n: usize) -> Band {
    Band { mean: vec![0.0; n], q05: vec![0.0; n], q50: vec![0.0; n], q95: vec![0.0; n] }
}

/// A row of contributions before it is filled.
pub(crate) fn row(name: &str, kind: RowKind, cells: usize, periods: usize) -> Contribution {
    Contribution { name: name.to_owned(), kind, cells: band(cells), national: band(periods) }
}

/// A fit before it is filled.
pub(crate) fn fit_band(n: usize) -> FitBand {
    FitBand { observed: vec![0.0; n], expected: band(n), predicted_q05: vec![0.0; n], predicted_q95: vec![0.0; n] }
}
