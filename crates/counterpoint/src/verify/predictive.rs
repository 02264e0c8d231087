//! Data drawn from the fitted model beside the data: season, peaks, changes, what is left over; and the observations that the fit hangs on.
//!
//! A posterior predictive check uses the data twice, so that its probabilities lean towards one half: a small one says something, a middling one little
//! (Gelman, Meng and Stern 1996).

use super::refit::{Base, evenly};
use super::{Purpose, stream};
use crate::model::build::Model;
use crate::model::estimate::Interval;
use crate::model::posterior::Posterior;
use counterpoint_infer::diagnose::{Status, loo};
use counterpoint_infer::nuts::chain_rng;
use jiff::civil::Date;

/// Draws that data are drawn at, at most,
const DRAWS: usize = 500;
/// as long as no more cells than this are held.
const CELLS: usize = 20_000_000;
/// A statistic whose probability is below this does not fit.
pub const UNLIKE: f64 = 0.02;
/// A share of observations above this that importance sampling cannot leave out asks for a look.
const UNTRUSTED: f64 = 0.02;
/// Influential periods that are told.
const TOLD: usize = 5;

/// A statistic of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Spread of the means of calendar months, of totals over geos.
    Season,
    /// Largest total over geos.
    Peak,
    /// Smallest total over geos.
    Trough,
    /// Standard deviation of the change from one period to the next, of totals over geos.
    Changes,
    /// Autocorrelation at lag one of what is left over, mean over geos.
    LeftOver,
    /// Largest residual over the standard deviation of all.
    Outlier,
    /// Largest over smallest standard deviation of the residuals of a geo.
    Geos,
}

/// A statistic of the data beside that of drawn data.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Which.
    pub statistic: Statistic,
    /// Of the data; where it depends on parameters too, its mean over draws.
    pub observed: f64,
    /// Of drawn data.
    pub drawn: Interval,
    /// Twice the smaller tail of drawn against observed.
    pub p: f64,
}

/// One geo whose data are unlike drawn data.
#[derive(Debug, Clone, PartialEq)]
pub struct UnlikeGeo {
    /// Geo.
    pub geo: String,
    /// Probability that drawn data have as large, or as small, a spread of residuals.
    pub spread: f64,
    /// The same of their autocorrelation.
    pub left_over: f64,
}

/// A period that the fit hangs on.
#[derive(Debug, Clone, PartialEq)]
pub struct Influential {
    /// First day.
    pub date: Date,
    /// The geo that weighs most in it.
    pub geo: String,
    /// Effective parameters that its observations are worth, summed over geos.
    pub worth: f64,
    /// Largest Pareto k of its observations.
    pub k: f64,
}

/// Leave-one-out.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Expected log predictive density, in scaled units.
    pub elpd: f64,
    /// Its standard error.
    pub se: f64,
    /// Effective number of parameters.
    pub parameters: f64,
    /// Observations.
    pub observations: usize,
    /// Those that importance sampling cannot leave out.
    pub untrusted: usize,
    /// The periods that the fit hangs on, the most influential first.
    pub influential: Vec<Influential>,
}

/// Everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictive {
    /// Statistics.
    pub compared: Vec<Compared>,
    /// Geos whose own probabilities are below [`UNLIKE`] over the number of geos.
    pub unlike: Vec<UnlikeGeo>,
    /// Leave-one-out; none where noise is autocorrelated, whose observations have no density by themselves.
    pub left: Option<Left>,
}

/// Statistics of one data set, drawn or real: totals, then residuals.
struct Read {
    all: Vec<(Statistic, f64)>,
    /// By geo: standard deviation and autocorrelation of residuals.
    geos: Vec<[f64; 2]>,
}

/// One draw of the posterior: its parameter values, what it leaves over of the data, and the statistics of the data and of drawn data.
struct Drawn {
    values: Vec<f64>,
    left_over: Vec<f64>,
    real: Read,
    drawn: Read,
}

impl Predictive {
    pub(super) fn of(base: &Base<'_>, threads: usize) -> Predictive {
        let model = &base.model;
        let cells = model.y.len();
        let count = DRAWS.min(CELLS / cells.max(1)).max(100);
        let draws: Vec<usize> = evenly(base.positions.len(), count).collect();
        const BLOCKS: usize = 8;
        let blocks = counterpoint_infer::parallel::in_parallel(BLOCKS, threads, |b| {
            let mut posterior = Posterior::new(model.clone());
            (b * draws.len() / BLOCKS..(b + 1) * draws.len() / BLOCKS)
                .map(|k| {
                    let mut rng = chain_rng(base.project.sampler.seed, stream(Purpose::Predictive, k));
                    let coefficients = posterior.draw_baseline(&base.positions[draws[k]], &mut rng).to_vec();
                    let (mut mean, mut noise) = (vec![0.0; cells], vec![0.0; cells]);
                    for (g, own) in mean.chunks_exact_mut(model.n_periods()).enumerate() {
                        posterior.expected(&coefficients, g, own);
                        for &(from, to) in &model.noise.runs[g] {
                            let own = &mut noise[g * model.n_periods() + from..g * model.n_periods() + to];
                            model.noise.draw(posterior.values(), g, None, &mut rng, own);
                        }
                    }
                    let left_over: Vec<f64> = model.y.iter().zip(&mean).map(|(y, m)| y - m).collect();
                    let real = read(model, &mean, &left_over);
                    let drawn = read(model, &mean, &noise);
                    Drawn { values: posterior.values().to_vec(), left_over, real, drawn }
                })
                .collect::<Vec<_>>()
        });
        let each: Vec<Drawn> = blocks.into_iter().flatten().collect();
        let tail = |larger: &dyn Fn(&Drawn) -> bool| {
            let above = each.iter().filter(|e| larger(e)).count() as f64 / each.len() as f64;
            2.0 * above.min(1.0 - above)
        };
        let statistics = each.first().map_or(0, |e| e.real.all.len());
        let compared = (0..statistics).map(|i| Compared {
            statistic: each[0].real.all[i].0,
            observed: each.iter().map(|e| e.real.all[i].1).sum::<f64>() / each.len() as f64,
            drawn: Interval::of(&each.iter().map(|e| e.drawn.all[i].1).collect::<Vec<_>>()),
            p: tail(&|e| e.drawn.all[i].1 > e.real.all[i].1),
        });
        let by_geo = (0..model.n_geos()).map(|g| UnlikeGeo {
            geo: model.geos[g].clone(),
            spread: tail(&|e| e.drawn.geos[g][0] > e.real.geos[g][0]),
            left_over: tail(&|e| e.drawn.geos[g][1] > e.real.geos[g][1]),
        });
        // With so many geos and draws the least probability that can be seen is one in the draws.
        let level = UNLIKE / model.n_geos() as f64;
        Predictive {
            compared: compared.collect(),
            unlike: if model.n_geos() > 1 {
                by_geo.filter(|g| g.spread < level || g.left_over < level).collect()
            } else {
                Vec::new()
            },
            left: model.noise.rho.is_none().then(|| left(model, &each)),
        }
    }

    /// Statistics that drawn data do not have.
    pub fn unlike(&self) -> impl Iterator<Item = &Compared> {
        self.compared.iter().filter(|c| c.p < UNLIKE)
    }

    /// A look is due where drawn data are unlike the data, or observations cannot be left out.
    pub fn status(&self) -> Status {
        let stuck = self.left.as_ref().is_some_and(|l| l.untrusted as f64 > UNTRUSTED * l.observations as f64);
        if self.unlike().next().is_some() || !self.unlike.is_empty() || stuck { Status::Review } else { Status::Ok }
    }
}

fn left(model: &Model, each: &[Drawn]) -> Left {
    let periods = model.n_periods();
    let seen: Vec<usize> = (0..model.n_geos())
        .flat_map(|g| model.noise.runs[g].iter().flat_map(move |&(from, to)| g * periods + from..g * periods + to))
        .collect();
    let found = loo(each.len(), seen.len(), 1.0, |i, out| {
        for (value, Drawn { values, left_over, .. }) in out.iter_mut().zip(each) {
            *value = model.noise.log_density_at(values, seen[i] / periods, left_over[seen[i]]);
        }
    });
    let mut by_period: Vec<Influential> = model
        .dates
        .iter()
        .map(|&date| Influential { date, geo: String::new(), worth: 0.0, k: f64::NEG_INFINITY })
        .collect();
    let mut most = vec![f64::NEG_INFINITY; periods];
    for (&cell, point) in seen.iter().zip(&found.points) {
        let t = cell % periods;
        by_period[t].worth += point.p_loo;
        by_period[t].k = by_period[t].k.max(point.pareto_k);
        if point.p_loo > most[t] {
            most[t] = point.p_loo;
            by_period[t].geo.clone_from(&model.geos[cell / periods]);
        }
    }
    by_period.sort_by(|a, b| b.worth.total_cmp(&a.worth));
    by_period.truncate(TOLD);
    Left {
        elpd: found.elpd,
        se: found.se,
        parameters: found.p_loo,
        observations: seen.len(),
        untrusted: found.untrusted().len(),
        influential: by_period,
    }
}

/// Reads an outcome given as expectation and residuals, in scaled units, `[geos x periods]`.
fn read(model: &Model, mean: &[f64], left_over: &[f64]) -> Read {
    let (periods, geos) = (model.n_periods(), model.n_geos());
    // Totals where every geo was observed.
    let mut seen = vec![0usize; periods];
    let mut total = vec![0.0; periods];
    for g in 0..geos {
        let people = model.units[g] / model.scale.sd;
        for &(from, to) in &model.noise.runs[g] {
            for t in from..to {
                let i = g * periods + t;
                seen[t] += 1;
                total[t] += people * (model.scale.mean + model.scale.sd * (mean[i] + left_over[i]));
            }
        }
    }
    let whole: Vec<usize> = (0..periods).filter(|&t| seen[t] == geos).collect();
    let known: Vec<f64> = whole.iter().map(|&t| total[t]).collect();
    let changes: Vec<f64> = whole.windows(2).filter(|w| w[1] == w[0] + 1).map(|w| total[w[1]] - total[w[0]]).collect();
    let months: Vec<f64> = (1..=12)
        .filter_map(|m| {
            let own: Vec<f64> = whole.iter().filter(|&&t| model.dates[t].month() == m).map(|&t| total[t]).collect();
            (!own.is_empty()).then(|| own.iter().sum::<f64>() / own.len() as f64)
        })
        .collect();
    let by_geo: Vec<[f64; 2]> =
        (0..geos).map(|g| residuals(model, g, &left_over[g * periods..(g + 1) * periods])).collect();
    let mut all = Vec::new();
    if months.len() == 12 {
        all.push((Statistic::Season, spread(&months)));
    }
    if known.len() > 2 {
        all.push((Statistic::Peak, known.iter().copied().fold(f64::NEG_INFINITY, f64::max)));
        all.push((Statistic::Trough, known.iter().copied().fold(f64::INFINITY, f64::min)));
        all.push((Statistic::Changes, spread(&changes)));
    }
    let own: Vec<f64> = by_geo.iter().map(|g| g[1]).filter(|r| r.is_finite()).collect();
    if !own.is_empty() {
        all.push((Statistic::LeftOver, own.iter().sum::<f64>() / own.len() as f64));
    }
    let cells = model
        .noise
        .runs
        .iter()
        .enumerate()
        .flat_map(|(g, runs)| runs.iter().flat_map(move |&(from, to)| g * periods + from..g * periods + to));
    let every: Vec<f64> = cells.map(|i| left_over[i]).collect();
    let deviation = (every.iter().map(|e| e * e).sum::<f64>() / every.len().max(1) as f64).sqrt();
    all.push((Statistic::Outlier, every.iter().map(|e| e.abs()).fold(0.0, f64::max) / deviation));
    let spreads: Vec<f64> = by_geo.iter().map(|g| g[0]).filter(|s| s.is_finite()).collect();
    if spreads.len() > 1 {
        let (low, high) = spreads.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), &s| (l.min(s), h.max(s)));
        all.push((Statistic::Geos, high / low));
    }
    Read { all, geos: by_geo }
}

/// Standard deviation and lag-one autocorrelation of a geo's residuals where they were observed.
fn residuals(model: &Model, g: usize, left_over: &[f64]) -> [f64; 2] {
    let (mut squares, mut products, mut n, mut pairs) = (0.0, 0.0, 0usize, 0usize);
    for &(from, to) in &model.noise.runs[g] {
        let own = &left_over[from..to];
        squares += own.iter().map(|e| e * e).sum::<f64>();
        products += own.windows(2).map(|w| w[0] * w[1]).sum::<f64>();
        n += own.len();
        pairs += own.len().saturating_sub(1);
    }
    let variance = squares / n as f64;
    [variance.sqrt(), products / pairs as f64 / variance]
}

/// Standard deviation.
fn spread(values: &[f64]) -> f64 {
    counterpoint_infer::draws::sd(values)
}
