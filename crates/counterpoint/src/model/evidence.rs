//! What each experiment said, what the model says of it with all experiments and without any, and how far they moved what was tested.
//!
//! Without any: a short fit of the same project without its experiments, so also without hidden demand.

use super::build::Model;
use super::estimate::Interval;
use super::experiment::{Experiment, Target};
use super::fit::fit;
use super::linalg::dot;
use super::posterior::Posterior;
use crate::data::Dataset;
use crate::project::{Project, SamplerSpec};
use counterpoint_infer::math::norm_cdf;
use counterpoint_infer::nuts::{ChainDraws, SampleError, chain_rng};
use counterpoint_infer::parallel::in_parallel;
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
    /// Lift by the model, all experiments known.
    pub with: Interval,
    /// The same without any experiment.
    pub without: Interval,
    /// Probability of a result at least as far from what the priors predict, both tails together, with the experiment's own error.
    pub prior_tail: f64,
    /// The same of what the data predict without any experiment.
    pub data_tail: f64,
    /// What was tested.
    pub moved: Vec<Moved>,
}

/// How far the experiments moved one driver or creator that was tested.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Name of the driver or creator.
    pub name: String,
    /// Incremental money a unit of spend, with all experiments; none where nothing was paid.
    pub roi: Option<Interval>,
    /// The same without any.
    pub roi_without: Option<Interval>,
    /// Incremental outcome over all periods, with all experiments.
    pub incremental: Interval,
    /// The same without any.
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
/// See [`SampleError`], of the short fit.
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
    let without = short(model, project, data, threads)?;
    let prior = prior(model, project, threads);
    let one = |(i, experiment): (usize, &Experiment)| {
        let moved = experiment.targets.iter().enumerate().map(|(k, &target)| {
            let (name, spend) = paid(model, target);
            let column = |of: &Readings, which: usize, over: f64| {
                Interval::of(&of.brought[i][k].iter().map(|d| d[which] / over).collect::<Vec<_>>())
            };
            Moved {
                name,
                roi: spend.map(|s| column(&with, 1, s)),
                roi_without: spend.map(|s| column(&without, 1, s)),
                incremental: column(&with, 0, 1.0),
                incremental_without: column(&without, 0, 1.0),
            }
        });
        Evidence {
            name: experiment.name.clone(),
            lift: experiment.lift,
            se: experiment.se,
            reported_se: experiment.reported_se,
            with: Interval::of(&with.lifts[i]),
            without: Interval::of(&without.lifts[i]),
            prior_tail: tail(experiment, &prior.lifts[i]),
            data_tail: tail(experiment, &without.lifts[i]),
            moved: moved.collect(),
        }
    };
    Ok(model.experiments.iter().enumerate().map(one).collect())
}

/// Probability of a lift at least as far from what the draws predict, both tails together, with the experiment's own error.
pub(crate) fn tail(experiment: &Experiment, lifts: &[f64]) -> f64 {
    let below: f64 = lifts.iter().map(|lift| norm_cdf((experiment.lift - lift) / experiment.se)).sum();
    let below = below / lifts.len() as f64;
    (2.0 * below.min(1.0 - below)).clamp(0.0, 1.0)
}

/// Name and spend over all periods of what was tested.
pub(crate) fn paid(model: &Model, target: Target) -> (String, Option<f64>) {
    let (name, spend) = match target {
        Target::Driver(m) => {
            let driver = &model.drivers[m];
            (&driver.name, driver.spend.as_ref().map_or(0.0, |s| s.iter().sum()))
        }
        Target::Creator(c) => (&model.creators[c].name, model.creators[c].spend.iter().sum::<f64>()),
    };
    (name.clone(), Some(spend).filter(|s| *s > 0.0))
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
        longest: Some(1),
        ..own.clone()
    };
    let data = Dataset { experiments: Vec::new(), ..data.clone() };
    let (bare, chains) = fit(Model::new(project, &data), &sampler, threads)?;
    // What only the model with experiments has (the hidden demand) plays no part in what drivers bring.
    let to_ours = |position: Vec<f64>| {
        let own = bare.parameters.values(&position);
        model.parameters.position_like(&bare.parameters, &own, |p| p.prior.middle())
    };
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
        let mut one = |position: &Vec<f64>| {
            posterior.set(position);
            let lifts = posterior.experiment_lifts().to_vec();
            if creators {
                posterior.split_platforms();
            }
            let of = |e: &Experiment| e.targets.iter().map(|&t| brought(model, &posterior, t)).collect::<Vec<_>>();
            (lifts, model.experiments.iter().map(of).collect::<Vec<_>>())
        };
        positions[from..to].iter().map(&mut one).collect::<Vec<_>>()
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
pub(crate) fn brought(model: &Model, posterior: &Posterior, target: Target) -> [f64; 2] {
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
