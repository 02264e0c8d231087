//! What each experiment said, what the model says of it with and without it, and how far it moved what was tested.
//!
//! Without it: the fit's own draws reweighted by one over the experiment's likelihood (Pareto-smoothed importance sampling). Where the experiment
//! moved the fit too far for that, a short fit without any experiment is made, once, and its draws are reweighted by the likelihood of the others.

use super::build::Model;
use super::estimate::{Interval, in_parallel};
use super::experiment::{Experiment, Target};
use super::fit::fit;
use super::linalg::dot;
use super::posterior::Posterior;
use crate::data::Dataset;
use crate::project::{Project, SamplerSpec};
use counterpoint_infer::diagnose::{good_k, smooth};
use counterpoint_infer::math::norm_cdf;
use counterpoint_infer::nuts::{ChainDraws, SampleError, chain_rng};
use std::sync::Arc;

/// Draws of the priors that lifts are predicted from.
const PRIOR_DRAWS: usize = 2000;
/// Random streams of these draws lie beyond all others of a run.
const STREAM: u64 = 5 << 32;
/// Chains, warm-up and kept draws of the short fit without experiments, at most.
const SHORT: (usize, usize, usize) = (2, 500, 500);
/// An experiment whose result has a probability below this, in both tails together, contradicts what predicted it.
pub const SURPRISING: f64 = 0.02;

/// One experiment, with what the model says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Name.
    pub name: String,
    /// Lift as observed, in outcome units.
    pub lift: f64,
    /// Its standard error in the likelihood.
    pub se: f64,
    /// Its standard error as reported; smaller where the experiment lies outside of the data.
    pub reported_se: f64,
    /// Lift by the model, with this and all other experiments.
    pub with: Interval,
    /// The same without this one.
    pub without: Interval,
    /// How `without` was found.
    pub how: How,
    /// Whether those draws are enough: the Pareto k of the weights is small enough for their number.
    pub trusted: bool,
    /// Probability of a result at least as far from what the priors predict, both tails together, with the experiment's own error.
    pub prior_tail: f64,
    /// The same of what the rest of the data, the other experiments included, predicts.
    pub rest_tail: f64,
    /// What was tested.
    pub moved: Vec<Moved>,
}

/// How the fit without an experiment was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum How {
    /// The draws of the fit, reweighted.
    Reweighted {
        /// Pareto k of the weights.
        k: f64,
    },
    /// A short fit without any experiment; it was the only one.
    Refitted,
    /// A short fit without any experiment, reweighted by the others.
    RefittedAndReweighted {
        /// Pareto k of the weights.
        k: f64,
    },
}

/// How far an experiment moved one driver or creator that it tested.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Name of the driver or creator.
    pub name: String,
    /// Incremental money a unit of spend, with all experiments; none where nothing was paid.
    pub roi: Option<Interval>,
    /// The same without this experiment.
    pub roi_without: Option<Interval>,
    /// Incremental outcome over all periods, with all experiments.
    pub incremental: Interval,
    /// The same without this experiment.
    pub incremental_without: Interval,
}

/// What draws say of all experiments.
struct Readings {
    /// By experiment and draw.
    lifts: Vec<Vec<f64>>,
    /// Outcome units and money that each target brought, by experiment, target and draw.
    brought: Vec<Vec<Vec<[f64; 2]>>>,
}

/// Reads what a fit says of its experiments. `data` is what the model was built from. The result does not depend on the number of threads.
///
/// # Errors
/// See [`SampleError`]; only where a short fit is needed.
pub fn evidence(
    model: &Arc<Model>,
    project: &Project,
    data: &Dataset,
    chains: &[ChainDraws],
    threads: usize,
) -> Result<Vec<Evidence>, SampleError> {
    if model.experiments.is_empty() {
        return Ok(Vec::new());
    }
    let with = readings(model, &positions(model, chains), threads);
    let removed: Vec<Weighted> = model
        .experiments
        .iter()
        .zip(&with.lifts)
        .map(|(e, lifts)| Weighted::new(lifts.iter().map(|&x| -e.log_density(x)).collect()))
        .collect();
    let refitted = if removed.iter().all(|w| w.trusted) { None } else { Some(short(model, project, data, threads)?) };
    let prior = prior(model, project, threads);
    let all = model.experiments.iter().enumerate().map(|(i, experiment)| {
        let own = Of { readings: &with, weights: &removed[i], how: How::Reweighted { k: removed[i].k } };
        let others = refitted.as_ref().filter(|_| !removed[i].trusted).map(|r| (r, added(model, r, i)));
        let without = match &others {
            Some((readings, weights)) if weights.trusted || weights.k < removed[i].k => {
                let k = weights.k;
                let how = if model.experiments.len() == 1 { How::Refitted } else { How::RefittedAndReweighted { k } };
                Of { readings, weights, how }
            }
            _ => own,
        };
        one(model, (i, experiment), &with, &without, &prior.lifts[i])
    });
    Ok(all.collect())
}

/// Draws with weights that make them those of another posterior.
struct Weighted {
    weights: Vec<f64>,
    k: f64,
    trusted: bool,
}

impl Weighted {
    fn new(log_ratios: Vec<f64>) -> Weighted {
        let found = smooth(&log_ratios, 1.0);
        Weighted { trusted: found.pareto_k <= good_k(log_ratios.len()), k: found.pareto_k, weights: found.weights }
    }
}

/// The draws that stand for the fit without one experiment.
struct Of<'a> {
    readings: &'a Readings,
    weights: &'a Weighted,
    how: How,
}

fn one(
    model: &Model,
    (i, experiment): (usize, &Experiment),
    with: &Readings,
    without: &Of<'_>,
    prior: &[f64],
) -> Evidence {
    let even = |n: usize| vec![1.0 / n as f64; n];
    let moved = experiment.targets.iter().enumerate().map(|(k, &target)| {
        let (name, spend) = paid(model, target);
        let (now, before) = (&with.brought[i][k], &without.readings.brought[i][k]);
        let column =
            |draws: &[[f64; 2]], which: usize, over: f64| draws.iter().map(|d| d[which] / over).collect::<Vec<_>>();
        let weights = &without.weights.weights;
        Moved {
            name,
            roi: spend.map(|s| Interval::of(&column(now, 1, s))),
            roi_without: spend.map(|s| weighted(&column(before, 1, s), weights)),
            incremental: Interval::of(&column(now, 0, 1.0)),
            incremental_without: weighted(&column(before, 0, 1.0), weights),
        }
    });
    let lifts = &without.readings.lifts[i];
    Evidence {
        name: experiment.name.clone(),
        lift: experiment.lift,
        se: experiment.se,
        reported_se: experiment.reported_se,
        with: Interval::of(&with.lifts[i]),
        without: weighted(lifts, &without.weights.weights),
        how: without.how,
        trusted: without.weights.trusted,
        prior_tail: tail(experiment, prior, &even(prior.len())),
        rest_tail: tail(experiment, lifts, &without.weights.weights),
        moved: moved.collect(),
    }
}

/// Probability of a lift at least as far from what the draws predict, both tails together, with the experiment's own error.
fn tail(experiment: &Experiment, lifts: &[f64], weights: &[f64]) -> f64 {
    let below: f64 =
        lifts.iter().zip(weights).map(|(lift, w)| w * norm_cdf((experiment.lift - lift) / experiment.se)).sum();
    (2.0 * below.min(1.0 - below)).clamp(0.0, 1.0)
}

/// Name and spend over all periods of what was tested.
fn paid(model: &Model, target: Target) -> (String, Option<f64>) {
    let (name, spend) = match target {
        Target::Driver(m) => {
            let driver = &model.drivers[m];
            (&driver.name, driver.spend.as_ref().map_or(0.0, |s| s.iter().sum()))
        }
        Target::Creator(c) => (&model.creators[c].name, model.creators[c].spend.iter().sum::<f64>()),
    };
    (name.clone(), Some(spend).filter(|s| *s > 0.0))
}

/// The likelihood of all experiments but one, as weights of draws that know none.
fn added(model: &Model, readings: &Readings, left_out: usize) -> Weighted {
    let draws = readings.lifts[left_out].len();
    let others = || model.experiments.iter().zip(&readings.lifts).enumerate().filter(|(j, _)| *j != left_out);
    Weighted::new((0..draws).map(|d| others().map(|(_, (e, lifts))| e.log_density(lifts[d])).sum()).collect())
}

fn positions(model: &Model, chains: &[ChainDraws]) -> Vec<Vec<f64>> {
    let dim = model.parameters.sampled().max(1);
    chains.iter().flat_map(|c| c.positions.chunks_exact(dim)).map(<[f64]>::to_vec).collect()
}

/// A short fit without any experiment, and what it says of them.
fn short(model: &Arc<Model>, project: &Project, data: &Dataset, threads: usize) -> Result<Readings, SampleError> {
    let own = &project.sampler;
    let sampler = SamplerSpec {
        chains: own.chains.min(SHORT.0),
        warmup: own.warmup.min(SHORT.1),
        draws: own.draws.min(SHORT.2),
        ..own.clone()
    };
    let (bare, chains) = fit(Model::new(project, data).without_experiments(), &sampler, threads)?;
    let to_ours = |p: Vec<f64>| model.parameters.position(&bare.parameters.values(&p));
    let positions: Vec<Vec<f64>> = positions(&bare, &chains).into_iter().map(to_ours).collect();
    Ok(readings(model, &positions, threads))
}

fn prior(model: &Arc<Model>, project: &Project, threads: usize) -> Readings {
    let mut rng = chain_rng(project.sampler.seed, STREAM);
    let mut one = || -> Vec<f64> { model.parameters.iter().map(|p| p.prior.draw(&mut rng)).collect() };
    let positions: Vec<Vec<f64>> = (0..PRIOR_DRAWS).map(|_| model.parameters.position(&one())).collect();
    readings(model, &positions, threads)
}

/// Evaluates every experiment at every position.
fn readings(model: &Arc<Model>, positions: &[Vec<f64>], threads: usize) -> Readings {
    const BLOCKS: usize = 8;
    let creators = model.experiments.iter().flat_map(|e| &e.targets).any(|t| matches!(t, Target::Creator(_)));
    let blocks = in_parallel(BLOCKS, threads, |block| {
        let (from, to) = (block * positions.len() / BLOCKS, (block + 1) * positions.len() / BLOCKS);
        let mut posterior = Posterior::new(model.clone());
        let draws: Vec<(Vec<f64>, Vec<Vec<[f64; 2]>>)> = positions[from..to]
            .iter()
            .map(|position| {
                posterior.set(position);
                let lifts = posterior.experiment_lifts().to_vec();
                if creators {
                    posterior.split_platforms();
                }
                let of = |e: &Experiment| e.targets.iter().map(|&t| brought(model, &posterior, t)).collect();
                (lifts, model.experiments.iter().map(of).collect())
            })
            .collect();
        draws
    });
    let draws: Vec<_> = blocks.into_iter().flatten().collect();
    let by_target = |i: usize, k: usize| draws.iter().map(|(_, b)| b[i][k]).collect();
    Readings {
        lifts: (0..model.experiments.len()).map(|i| draws.iter().map(|(lifts, _)| lifts[i]).collect()).collect(),
        brought: model
            .experiments
            .iter()
            .enumerate()
            .map(|(i, e)| (0..e.targets.len()).map(|k| by_target(i, k)).collect())
            .collect(),
    }
}

/// Outcome units and money that a driver or creator brought over all periods, at the last position (of creators, after `split_platforms`).
fn brought(model: &Model, posterior: &Posterior, target: Target) -> [f64; 2] {
    let (geos, periods) = (model.n_geos(), model.n_periods());
    let mut out = [0.0; 2];
    match target {
        Target::Driver(m) => {
            let work = &posterior.drivers()[m];
            for g in 0..geos {
                let (f, beta) = (&work.response.f[g * periods..(g + 1) * periods], work.effect.beta[g]);
                out[0] += beta * model.units[g] * f.iter().sum::<f64>();
                out[1] += beta * dot(f, &model.money[g * periods..(g + 1) * periods]);
            }
        }
        Target::Creator(c) => {
            let mut line = vec![0.0; periods];
            for &(m, place) in &model.creators[c].accounts {
                let driver = (&model.drivers[m].platform, &posterior.drivers()[m].platform);
                let (Some(platform), Some(own)) = driver else { continue };
                for g in 0..geos {
                    line.fill(0.0);
                    own.add_part(platform, g, place, &mut line);
                    out[0] += line.iter().sum::<f64>();
                    out[1] += dot(&line, &model.money[g * periods..(g + 1) * periods]) / model.units[g];
                }
            }
        }
    }
    out
}

/// Mean and quantiles of weighted values: the value at which the weights below, and half of its own, reach the probability.
fn weighted(values: &[f64], weights: &[f64]) -> Interval {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let quantile = |p: f64| {
        let (mut below, mut last) = (0.0, None);
        for &i in &order {
            let here = below + 0.5 * weights[i];
            if here >= p {
                return match last {
                    Some((at, x)) if here > at => x + (values[i] - x) * (p - at) / (here - at),
                    _ => values[i],
                };
            }
            last = Some((here, values[i]));
            below += weights[i];
        }
        last.map_or(f64::NAN, |(_, x)| x)
    };
    let mean = values.iter().zip(weights).map(|(x, w)| x * w).sum();
    Interval { mean, q05: quantile(0.05), q50: quantile(0.5), q95: quantile(0.95) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighted_quantiles_of_even_weights_are_plain_ones() {
        let values: Vec<f64> = (0..1001).map(|i| f64::from((i * 37) % 1001)).collect();
        let found = weighted(&values, &vec![1.0 / 1001.0; 1001]);
        let plain = Interval::of(&values);
        assert!((found.mean - plain.mean).abs() < 1e-9 && (found.q50 - plain.q50).abs() < 1e-9);
        assert!((found.q05 - plain.q05).abs() < 0.6 && (found.q95 - plain.q95).abs() < 0.6);
        let shifted = weighted(&[1.0, 2.0, 3.0], &[0.0, 0.0, 1.0]);
        assert_eq!((shifted.mean, shifted.q50), (3.0, 3.0));
    }
}
