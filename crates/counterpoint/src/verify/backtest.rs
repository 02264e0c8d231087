//! Rolling-origin forecasts: the outcome is hidden from a month on, the model is fitted to what came before, and the hidden months are foretold.
//!
//! Spend, posts and controls of the hidden months are taken as they came to be: what is foretold is the outcome, not the plan. Beside the model stand
//! its own baseline without any driver, and the same period of the year before. Of probabilities the CRPS is the measure, in outcome units:
//! the mean absolute error of a whole distribution (Gneiting and Raftery 2007).

use super::refit::{Base, Length, Refit, evenly, returns};
use super::{Purpose, stream};
use crate::data::Dataset;
use crate::model::build::Model;
use crate::model::posterior::Posterior;
use crate::project::Project;
use counterpoint_infer::diagnose::Status;
use counterpoint_infer::draws::{quantile, sorted};
use counterpoint_infer::math::norm_cdf;
use counterpoint_infer::nuts::{SampleError, chain_rng};
use jiff::ToSpan;
use jiff::civil::Date;

/// Days of a month, for origins and horizons.
const MONTH: usize = 28;
/// Months that are foretold at most.
pub const HORIZON: usize = 3;
/// Fewest days of outcome before an origin.
const FEWEST_DAYS: usize = 182;
/// Draws that foretell.
const DRAWS: usize = 500;
/// Fewest differences to the year before that give a naive forecast its spread.
const FEWEST_YEARS: usize = 8;
/// A 90 % interval that holds a smaller share of national totals than this fails,
const TOO_FEW: f64 = 0.6;
/// and asks for a look below this.
const FEW: f64 = 0.75;

/// Periods of a month.
fn step(data: &Dataset) -> usize {
    (MONTH / data.cadence.days() as usize).max(1)
}

/// Origins that the data allow, at most `wanted`: half of the periods and half a year must come before each.
pub(super) fn months(data: &Dataset, wanted: usize) -> usize {
    let (step, periods) = (step(data), data.n_periods());
    let least = (periods / 2).max(FEWEST_DAYS / data.cadence.days() as usize);
    (1..=wanted).take_while(|k| periods >= k * step + least).count()
}

/// One period foretold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Foretold {
    /// What came; `NaN` where missing.
    pub observed: f64,
    /// Median.
    pub q50: f64,
    /// Quantiles of the 90 % interval.
    pub q05: f64,
    /// See `q05`.
    pub q95: f64,
    /// Quantiles of the 50 % interval.
    pub q25: f64,
    /// See `q25`.
    pub q75: f64,
    /// Continuous ranked probability score.
    pub crps: f64,
}

impl Foretold {
    fn of(observed: f64, draws: &[f64]) -> Foretold {
        let sorted = sorted(draws);
        let q = |p| quantile(&sorted, p);
        Foretold {
            observed,
            q50: q(0.5),
            q05: q(0.05),
            q95: q(0.95),
            q25: q(0.25),
            q75: q(0.75),
            crps: crps_of_draws(observed, &sorted),
        }
    }

    fn normal(observed: f64, mean: f64, sd: f64) -> Foretold {
        let q = |z: f64| mean + sd * z;
        let (ninety, fifty) = (1.644_853_626_951_472_7, 0.674_489_750_196_081_7);
        Foretold {
            observed,
            q50: mean,
            q05: q(-ninety),
            q95: q(ninety),
            q25: q(-fifty),
            q75: q(fifty),
            crps: crps_of_normal(observed, mean, sd),
        }
    }
}

/// Forecasts from one origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// Months back from the end of the data.
    pub months: usize,
    /// First hidden period.
    pub origin: usize,
    /// Whether the model had its drivers.
    pub drivers: bool,
    /// Totals over geos, by hidden period up to the horizon.
    pub national: Vec<Foretold>,
    /// By geo, then hidden period.
    pub geos: Vec<Foretold>,
    /// What each driver brought over all periods by this fit, as [`returns`] has it; empty without drivers.
    pub(super) returns: Vec<Vec<[f64; 2]>>,
}

/// Hides the last `k` months, fits, and foretells.
pub(super) fn before(
    base: &Base<'_>,
    k: usize,
    drivers: bool,
    length: Length,
    seed: u64,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<(Before, f64), SampleError> {
    let periods = base.data.n_periods();
    let origin = periods - k * step(base.data);
    let end = periods.min(origin + HORIZON * step(base.data));
    let mut project = base.project.clone();
    let mut data = hidden(base.data, origin);
    if !drivers {
        alone(&mut project, &mut data);
    }
    let mut model = Model::new(&project, &data);
    model.tracked = model.tracked.map(|tracked| tracked.until(origin));
    let refit = base.refit(model, length, seed, go_on)?;
    let draws = foretell(&refit, origin, end, base.project.sampler.seed, k);
    let (geos, ahead) = (data.n_geos(), end - origin);
    let observed = |g: usize, h: usize| base.data.outcome[g * periods + origin + h];
    let of_geo = |g: usize, h: usize| draws.iter().map(|d| d[g * ahead + h]).collect::<Vec<f64>>();
    let total = |h: usize| draws.iter().map(|d| (0..geos).map(|g| d[g * ahead + h]).sum()).collect::<Vec<f64>>();
    let national = (0..ahead).map(|h| Foretold::of((0..geos).map(|g| observed(g, h)).sum(), &total(h))).collect();
    let by_geo = (0..geos * ahead).map(|i| Foretold::of(observed(i / ahead, i % ahead), &of_geo(i / ahead, i % ahead)));
    let returns = if drivers { returns(&refit.model, &refit.positions) } else { Vec::new() };
    Ok((Before { months: k, origin, drivers, national, geos: by_geo.collect(), returns }, refit.rhat))
}

/// The data as they were known at an origin: no outcome, and no experiment that had not ended.
fn hidden(data: &Dataset, origin: usize) -> Dataset {
    let periods = data.n_periods();
    let mut data = data.clone();
    data.outcome.iter_mut().enumerate().filter(|(i, _)| i % periods >= origin).for_each(|(_, y)| *y = f64::NAN);
    data.experiments.retain(|e| e.window.end + e.cooldown <= origin as i64);
    data
}

/// Takes all drivers away.
fn alone(project: &mut Project, data: &mut Dataset) {
    project.drivers.clear();
    project.creators = None;
    data.drivers.clear();
    data.roster = None;
    data.experiments.clear();
}

/// The outcome of `origin..end` by draw, `[geos x ahead]`, noise included.
fn foretell(refit: &Refit, origin: usize, end: usize, seed: u64, k: usize) -> Vec<Vec<f64>> {
    let model = &refit.model;
    let (geos, periods, ahead) = (model.n_geos(), model.n_periods(), end - origin);
    let mut posterior = Posterior::new(model.clone());
    let mut rng = chain_rng(seed, stream(Purpose::Forecast, k));
    let mut mean = vec![0.0; periods];
    evenly(refit.positions.len(), DRAWS)
        .map(|i| {
            let coefficients = posterior.draw_baseline(&refit.positions[i], &mut rng).to_vec();
            let mut out = vec![0.0; geos * ahead];
            for (g, own) in out.chunks_exact_mut(ahead).enumerate() {
                posterior.expected(&coefficients, g, &mut mean);
                let seen = model.noise.runs[g].last().is_some_and(|run| run.1 == origin);
                let last = seen.then(|| model.y[g * periods + origin - 1] - mean[origin - 1]);
                model.noise.draw(posterior.values(), g, last.filter(|_| model.noise.rho.is_some()), &mut rng, own);
                let people = model.units[g] / model.scale.sd;
                for (h, y) in own.iter_mut().enumerate() {
                    *y = people * (model.scale.mean + model.scale.sd * (mean[origin + h] + *y));
                }
            }
            out
        })
        .collect()
}

/// How well something foretold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Mean CRPS, in outcome units.
    pub crps: f64,
    /// Mean of |observed - median| / |observed|.
    pub mape: f64,
    /// Share of observations in the 50 % interval.
    pub inside50: f64,
    /// Share of observations in the 90 % interval.
    pub inside90: f64,
    /// Observations.
    pub count: usize,
}

impl Score {
    fn of<'a>(all: impl Iterator<Item = &'a Foretold>) -> Score {
        let known: Vec<&Foretold> = all.filter(|f| f.observed.is_finite()).collect();
        let n = known.len() as f64;
        let mean = |get: &dyn Fn(&Foretold) -> f64| known.iter().map(|f| get(f)).sum::<f64>() / n;
        let some: Vec<f64> =
            known.iter().filter(|f| f.observed != 0.0).map(|f| ((f.observed - f.q50) / f.observed).abs()).collect();
        Score {
            crps: mean(&|f| f.crps),
            mape: some.iter().sum::<f64>() / some.len() as f64,
            inside50: mean(&|f| f64::from(u8::from((f.q25..=f.q75).contains(&f.observed)))),
            inside90: mean(&|f| f64::from(u8::from((f.q05..=f.q95).contains(&f.observed)))),
            count: known.len(),
        }
    }
}

/// The model, its baseline alone, and the naive forecast, on the same periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// The model.
    pub model: Score,
    /// The model without drivers.
    pub baseline: Score,
    /// The naive forecast.
    pub naive: Score,
}

/// All forecasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// By month ahead, totals over geos.
    pub by_month: Vec<Scores>,
    /// Over all months, totals over geos.
    pub national: Scores,
    /// Over all months, geo by geo; none for one geo.
    pub geos: Option<Scores>,
    /// Origins from which the model's CRPS was below the naive one, and below that of its baseline.
    pub better: [usize; 2],
    /// Whether the naive forecast is the same period of the year before; otherwise the last period.
    pub seasonal: bool,
    /// The model's forecasts, the oldest first, with the dates of their origins.
    pub forecasts: Vec<(Date, Vec<Foretold>)>,
    /// Dates and totals of the outcome before the first origin (half a year of them) and on; `NaN` where missing.
    pub history: Vec<(Date, f64)>,
}

impl Backtest {
    pub(super) fn of(base: &Base<'_>, mut with: Vec<Before>, mut without: Vec<Before>) -> Option<Backtest> {
        with.sort_by_key(|b| b.origin);
        without.sort_by_key(|b| b.origin);
        let first = with.first()?.origin;
        let (data, step) = (base.data, step(base.data));
        let seasonal = naive_lag(data, first).is_some();
        let naive: Vec<Before> = with.iter().map(|b| naive(data, b, seasonal)).collect();
        let scores = |get: &dyn Fn(&Before) -> Vec<Foretold>| {
            let all = |of: &[Before]| of.iter().flat_map(get).collect::<Vec<Foretold>>();
            let one = |of: &[Before]| Score::of(all(of).iter());
            Scores { model: one(&with), baseline: one(&without), naive: one(&naive) }
        };
        let month = |m: usize| scores(&|b: &Before| b.national.iter().skip(m * step).take(step).copied().collect());
        let months = with.iter().map(|b| b.national.len().div_ceil(step)).max().unwrap_or(0);
        let wins = |other: &[Before]| {
            with.iter()
                .zip(other)
                .filter(|(a, b)| Score::of(a.national.iter()).crps < Score::of(b.national.iter()).crps)
                .count()
        };
        let periods = data.n_periods();
        let total = |t: usize| (0..data.n_geos()).map(|g| data.outcome[g * periods + t]).sum::<f64>();
        let from = first.saturating_sub(FEWEST_DAYS / data.cadence.days() as usize);
        Some(Backtest {
            by_month: (0..months).map(month).collect(),
            national: scores(&|b: &Before| b.national.clone()),
            geos: (data.n_geos() > 1).then(|| scores(&|b: &Before| b.geos.clone())),
            better: [wins(&naive), wins(&without)],
            seasonal,
            forecasts: with.iter().map(|b| (data.dates[b.origin], b.national.clone())).collect(),
            history: (from..periods).map(|t| (data.dates[t], total(t))).collect(),
        })
    }

    /// Fails where intervals are far too narrow or the naive forecast is better; a look is due where they are rather narrow or drivers do not help.
    pub fn status(&self) -> Status {
        let s = &self.national;
        if s.model.inside90 < TOO_FEW || s.model.crps > s.naive.crps {
            Status::Fail
        } else if s.model.inside90 < FEW || s.model.crps > s.baseline.crps {
            Status::Review
        } else {
            Status::Ok
        }
    }
}

/// Periods to the same period of the year before, where enough of them lie before `origin`.
fn naive_lag(data: &Dataset, origin: usize) -> Option<usize> {
    // 364 days keep the day of the week.
    let lag = 364 / data.cadence.days() as usize;
    (origin >= lag + FEWEST_YEARS).then_some(lag)
}

/// The naive forecasts for the periods of another's: Normal around the same period of the year before (else the last one), spread as such forecasts were
/// wrong before.
fn naive(data: &Dataset, like: &Before, seasonal: bool) -> Before {
    let (periods, geos, origin, ahead) = (data.n_periods(), data.n_geos(), like.origin, like.national.len());
    let lag = if seasonal { naive_lag(data, origin) } else { None };
    let one = |series: &dyn Fn(usize) -> f64, h: usize| {
        let t = origin + h;
        // Years back until the value was known at the origin.
        let (from, wrong) = match lag {
            Some(lag) => (t - lag * (h / lag + 1), lag),
            None => (origin - 1, 1),
        };
        let differences: Vec<f64> =
            (wrong..origin).map(|s| series(s) - series(s - wrong)).filter(|d| d.is_finite()).collect();
        let growth = if lag.is_some() { 1.0 } else { ((h + 1) as f64).sqrt() };
        let spread = (differences.iter().map(|d| d * d).sum::<f64>() / differences.len().max(1) as f64).sqrt() * growth;
        let last = (0..=from).rev().map(series).find(|y| y.is_finite()).unwrap_or(0.0);
        let center = Some(series(from)).filter(|y| y.is_finite()).unwrap_or(last);
        Foretold::normal(series(t), center, spread.max(1e-12))
    };
    let total = |t: usize| (0..geos).map(|g| data.outcome[g * periods + t]).sum::<f64>();
    let by_geo = |i: usize| one(&|t| data.outcome[i / ahead * periods + t], i % ahead);
    Before {
        national: (0..ahead).map(|h| one(&total, h)).collect(),
        geos: (0..geos * ahead).map(by_geo).collect(),
        returns: Vec::new(),
        drivers: false,
        ..like.clone()
    }
}

/// CRPS of an observation under ascending draws, unbiased for the distribution they are of.
fn crps_of_draws(y: f64, sorted: &[f64]) -> f64 {
    let n = sorted.len() as f64;
    let near = sorted.iter().map(|x| (x - y).abs()).sum::<f64>() / n;
    let apart: f64 = sorted.iter().enumerate().map(|(i, x)| (2.0 * i as f64 + 1.0 - n) * x).sum();
    near - apart / (n * (n - 1.0))
}

/// CRPS of an observation under a Normal distribution.
fn crps_of_normal(y: f64, mean: f64, sd: f64) -> f64 {
    let z = (y - mean) / sd;
    let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    sd * (z * (2.0 * norm_cdf(z) - 1.0) + 2.0 * density - 1.0 / std::f64::consts::PI.sqrt())
}

/// The last day before a period, which may be the one after the last.
pub(super) fn known_until(data: &Dataset, period: usize) -> Date {
    let days = i64::from(data.cadence.days()) * period as i64 - 1;
    data.dates[0].saturating_add(days.days())
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::math::norm_quantile;

    #[test]
    fn the_score_of_draws_is_that_of_their_distribution() {
        let draws: Vec<f64> = (0..20_000).map(|i| 0.5 + 2.0 * norm_quantile((f64::from(i) + 0.5) / 20_000.0)).collect();
        let exact = crps_of_normal(1.3, 0.5, 2.0);
        assert!((crps_of_draws(1.3, &draws) - exact).abs() < 1e-3, "{exact}");
        let step = 1e-3;
        let integral: f64 = (-20_000..20_000)
            .map(|i| f64::from(i) * step)
            .map(|x| (norm_cdf((x - 0.5) / 2.0) - f64::from(u8::from(x >= 1.3))).powi(2) * step)
            .sum();
        assert!((integral - exact).abs() < 2e-3, "{integral} {exact}");
    }
}
