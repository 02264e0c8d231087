//! Drivers that do nothing: copies of real channels whose periods are shuffled, or shifted by a quarter to three quarters of the time. Each enters the model as
//! one more channel, with the spend and the prior of the channel that it copies.
//!
//! A positive effect is assumed of every channel, so that a placebo's is positive too. The questions are whether it would be believed in, that is, whether its
//! return is above break-even with the probability that money is spent at; and whether it would be mistaken for a channel that works, that is, believed in
//! with at least half of the return of the channel that it copies. Where returns are not money, nothing is break-even, and believed in means: above half
//! of that return.

use super::refit::{Base, Length, returns, targets};
use super::{Purpose, stream};
use crate::data::{Dataset, Driver, DriverKind};
use crate::model::build::Model;
use crate::model::estimate::Interval;
use crate::model::evidence::paid;
use crate::project::Project;
use counterpoint_infer::diagnose::Status;
use counterpoint_infer::nuts::{SampleError, chain_rng};
use rand::RngExt;

/// Probability of a return above break-even at which a driver is believed in, where the project has no level of its own.
pub const BELIEVED: f64 = 0.8;
/// Draws of a placebo's return before the data.
const PRIOR_DRAWS: usize = 1000;

/// How a placebo is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Its periods are shuffled, all geos alike.
    Shuffled,
    /// Its periods are shifted, the end coming round to the beginning.
    Shifted,
}

/// One placebo.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The channel it copies.
    pub of: String,
    /// How.
    pub kind: Kind,
    /// Incremental money a unit of spend that was found.
    pub roi: Interval,
    /// The same before the data.
    pub prior: Interval,
    /// Share of the outcome that was found.
    pub share: Interval,
    /// Probability of a return that is worth paying for: above break-even, or, where that is not known, above half of the real channel's.
    pub believed: f64,
    /// The same before the data.
    pub believed_before: f64,
    /// Whether it is believed in, with a mean return of at least half of the real channel's.
    pub mistaken: bool,
}

/// One placebo before it is set beside the real channel: returns by draw, after and before the data.
pub(super) struct Placed {
    of: String,
    kind: Kind,
    roi: Vec<f64>,
    prior: Vec<f64>,
    share: Interval,
}

/// All placebos.
#[derive(Debug, Clone, PartialEq)]
pub struct Placebo {
    /// Placebos.
    pub found: Vec<Found>,
    /// The channels that they copy, with the return of the real one.
    pub real: Vec<(String, Interval)>,
    /// Probability at which one counts as believed in.
    pub level: f64,
    /// The return above which spend pays; none where returns are not money.
    pub break_even: Option<f64>,
}

/// Channels that placebos can copy: paid, with a prior that says something of money.
pub(super) fn usable(project: &Project, data: &Dataset) -> Vec<usize> {
    let paid =
        |d: &Driver| d.kind == DriverKind::Channel && d.spend.as_ref().is_some_and(|s| s.iter().sum::<f64>() > 0.0);
    let known = |d: &Driver| project.drivers.iter().any(|spec| spec.name == d.name);
    (0..data.drivers.len()).filter(|&i| paid(&data.drivers[i]) && known(&data.drivers[i])).collect()
}

/// Adds two placebos, fits, and reads what they are said to have brought.
pub(super) fn place(
    base: &Base<'_>,
    k: usize,
    length: Length,
    seed: u64,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<(Vec<Placed>, f64), SampleError> {
    let channels = usable(base.project, base.data);
    let mut rng = chain_rng(base.project.sampler.seed, stream(Purpose::Placebo, k));
    let (mut project, mut data) = (base.project.clone(), base.data.clone());
    let periods = data.n_periods();
    let mut made = Vec::new();
    for (i, kind) in [(2 * k, Kind::Shuffled), (2 * k + 1, Kind::Shifted)] {
        let source = &base.data.drivers[channels[i % channels.len()]];
        let order: Vec<usize> = match kind {
            Kind::Shuffled => shuffled(periods, &mut rng),
            Kind::Shifted => {
                let by = periods / 4 + (rng.random::<f64>() * (periods / 2) as f64) as usize;
                (0..periods).map(|t| (t + by) % periods).collect()
            }
        };
        let name = free_name(
            &project,
            &format!("placebo {} of {}", if kind == Kind::Shuffled { "shuffle" } else { "shift" }, source.name),
        );
        let Some(spec) = base.project.drivers.iter().find(|d| d.name == source.name) else { continue };
        let mut spec = spec.clone();
        spec.name.clone_from(&name);
        project.drivers.push(spec);
        // Channels come first in a dataset.
        let at = data.drivers.iter().filter(|d| d.kind == DriverKind::Channel).count();
        data.drivers.insert(
            at,
            Driver {
                name: name.clone(),
                kind: DriverKind::Channel,
                exposure: reordered(&source.exposure, &order, data.history),
                frequency: source.frequency.as_ref().map(|f| reordered(f, &order, data.history)),
                spend: source.spend.as_ref().map(|s| reordered(s, &order, 0)),
            },
        );
        made.push((name, source.name.clone(), kind));
    }
    // The new drivers stand before others, so what experiments tested is found by name again.
    for experiment in &mut data.experiments {
        for tested in &mut experiment.tested {
            if let crate::data::experiment::Tested::Driver(i) = tested {
                let name = &base.data.drivers[*i].name;
                *i = data.drivers.iter().position(|d| d.name == *name).unwrap_or(*i);
            }
        }
    }
    let model = Model::new(&project, &data);
    let refit = base.refit(model, length, seed, go_on)?;
    let posterior = returns(&refit.model, &refit.positions);
    let mut draw = || {
        let values: Vec<f64> = refit.model.parameters.iter().map(|p| p.prior.draw(&mut rng)).collect();
        refit.model.parameters.position(&values)
    };
    let prior: Vec<Vec<f64>> = (0..PRIOR_DRAWS).map(|_| draw()).collect();
    let prior = returns(&refit.model, &prior);
    let total: f64 = base.data.outcome.iter().filter(|y| !y.is_nan()).sum();
    let found = made.into_iter().filter_map(|(name, of, kind)| {
        let m = refit.model.drivers.iter().position(|d| d.name == name)?;
        let spend = paid(&refit.model, targets(&refit.model)[m]).1?;
        let rate = |draws: &[[f64; 2]]| draws.iter().map(|d| d[1] / spend).collect::<Vec<f64>>();
        Some(Placed {
            of,
            kind,
            roi: rate(&posterior[m]),
            prior: rate(&prior[m]),
            share: Interval::of(&posterior[m].iter().map(|d| d[0] / total).collect::<Vec<_>>()),
        })
    });
    Ok((found.collect(), refit.rhat))
}

fn free_name(project: &Project, wanted: &str) -> String {
    let taken = |name: &str| project.drivers.iter().any(|d| d.name == name);
    let mut name = wanted.to_owned();
    while taken(&name) {
        name.push('\'');
    }
    name
}

/// A random order of the numbers below n (Fisher and Yates).
fn shuffled(n: usize, rng: &mut impl rand::Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, (rng.random::<f64>() * (i + 1) as f64) as usize);
    }
    order
}

/// Each geo's periods in another order; the `history` before them stays.
fn reordered(values: &[f64], order: &[usize], history: usize) -> Vec<f64> {
    let width = history + order.len();
    let mut out = values.to_vec();
    for (to, from) in out.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
        for (t, &s) in order.iter().enumerate() {
            to[history + t] = from[history + s];
        }
    }
    out
}

impl Placebo {
    pub(super) fn of(base: &Base<'_>, placed: Vec<Placed>, today: &[Vec<[f64; 2]>]) -> Option<Placebo> {
        if placed.is_empty() {
            return None;
        }
        let mut real: Vec<(String, Interval)> = Vec::new();
        for (&target, draws) in targets(&base.model).iter().zip(today) {
            let (name, spend) = paid(&base.model, target);
            if let (Some(spend), true) = (spend, placed.iter().any(|f| f.of == name)) {
                real.push((name, Interval::of(&draws.iter().map(|d| d[1] / spend).collect::<Vec<_>>())));
            }
        }
        let level = base.project.creators.as_ref().map_or(BELIEVED, |c| c.fair_level);
        let outcome = &base.project.outcome;
        let break_even = outcome.returns_are_money().then(|| 1.0 / outcome.margin.unwrap_or(1.0));
        let judged = placed.into_iter().map(|p| {
            let half = real.iter().find(|(name, _)| *name == p.of).map_or(0.0, |(_, roi)| 0.5 * roi.mean);
            let threshold = break_even.unwrap_or(half);
            let above = |of: &[f64]| of.iter().filter(|r| **r > threshold).count() as f64 / of.len() as f64;
            let roi = Interval::of(&p.roi);
            Found {
                of: p.of,
                kind: p.kind,
                believed: above(&p.roi),
                believed_before: above(&p.prior),
                mistaken: above(&p.roi) >= level && roi.mean >= half,
                roi,
                prior: Interval::of(&p.prior),
                share: p.share,
            }
        });
        Some(Placebo { found: judged.collect(), real, level, break_even })
    }

    /// Placebos that are believed in.
    pub fn believed(&self) -> usize {
        self.found.iter().filter(|f| f.believed >= self.level).count()
    }

    /// Placebos that would be mistaken for channels that work.
    pub fn mistaken(&self) -> usize {
        self.found.iter().filter(|f| f.mistaken).count()
    }

    /// A look is due where any is believed in; the check fails where more than a third would be mistaken for channels that work.
    pub fn status(&self) -> Status {
        match (self.believed(), self.mistaken()) {
            (_, n) if 3 * n > self.found.len() => Status::Fail,
            (0, _) => Status::Ok,
            _ => Status::Review,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_moves_periods_and_leaves_history() {
        let values = [9.0, 1.0, 2.0, 3.0, 8.0, 4.0, 5.0, 6.0];
        assert_eq!(reordered(&values, &[2, 0, 1], 1), [9.0, 3.0, 1.0, 2.0, 8.0, 6.0, 4.0, 5.0]);
        let mut rng = chain_rng(1, 0);
        let mut order = shuffled(100, &mut rng);
        assert!(order.windows(2).filter(|w| w[0] < w[1]).count() < 70);
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
