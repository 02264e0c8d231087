//! Fitting: a short pilot that chooses coordinates, then the chains.

use super::build::Model;
use super::group::{Group, Known};
use super::posterior::Posterior;
use crate::project::SamplerSpec;
use counterpoint_infer::nuts::{ChainDraws, ChainSettings, Metric, SampleError};
use counterpoint_infer::sample::{Silent, Watch, sample_chains};
use std::sync::Arc;

/// Chains of the pilot.
const PILOT_CHAINS: usize = 2;
/// Warm-up and kept draws of each.
const PILOT: (usize, usize) = (300, 200);
/// Standard deviation of the chains' starting points around the pilot's mean, in the coordinates of the priors.
const SPREAD: f64 = 0.5;
/// Largest tree depth, as in Stan and nuts-rs.
const MAX_DEPTH: u64 = 10;

/// A model with its sampling coordinates chosen, and where chains begin.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The model.
    pub model: Arc<Model>,
    /// Centre of the starting points.
    pub start: Vec<f64>,
}

fn settings(sampler: &SamplerSpec) -> ChainSettings {
    ChainSettings {
        warmup: sampler.warmup,
        draws: sampler.draws,
        seed: sampler.seed,
        target_accept: sampler.target_accept,
        max_depth: MAX_DEPTH,
        metric: Metric::LowRank,
    }
}

/// Chooses the coordinates of the geos' deviations (see [`super::group::Group`]) by what two short pilot chains learn of them, and begins
/// the chains around the pilot's mean. A national model has no deviations and needs no pilot. The choice changes no posterior.
/// `watch` sees the pilot's chains as 0 and 1.
///
/// # Errors
/// See [`SampleError`].
pub fn prepare(
    model: Model,
    sampler: &SamplerSpec,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Prepared, SampleError> {
    let start = Posterior::start(&model);
    if model.parameters.groups().is_empty() {
        return Ok(Prepared { model: Arc::new(model), start });
    }
    let shared = Arc::new(model.clone());
    let pilot = ChainSettings { warmup: PILOT.0, draws: PILOT.1, ..settings(sampler) };
    let make = || Posterior::new(shared.clone());
    let chains = sample_chains(&make, &start, SPREAD, &pilot, vec![None; PILOT_CHAINS], threads, watch)?;
    let positions = chains.iter().flat_map(|chain| chain.positions.chunks_exact(chain.dim));
    let draws: Vec<Vec<f64>> = positions.map(|p| model.parameters.values(p)).collect();
    Ok(straighten(model, &draws))
}

/// Chooses the coordinates by draws of the parameters' values, in whatever coordinates they were sampled, and begins chains around their mean.
pub fn straighten(mut model: Model, draws: &[Vec<f64>]) -> Prepared {
    let shared = Arc::new(model.clone());
    let n = draws.len() as f64;
    let mut middle = vec![0.0; model.parameters.len()];
    for values in draws {
        for (m, x) in middle.iter_mut().zip(values) {
            *m += x / n;
        }
    }
    let told = Posterior::new(shared).by_log_effect(&middle);
    let mut groups = model.parameters.groups().to_vec();
    for group in &mut groups {
        let driver = model.drivers.iter().position(|d| d.slots.geo.is_some_and(|(_, first)| first == group.first));
        match driver.filter(|&d| model.drivers[d].positive) {
            Some(d) => measure(group, &middle, &told[d]),
            None => learn(group, draws),
        }
        let coordinate = model.parameters.common_coordinate(group, &middle);
        group.common.iter_mut().for_each(|c| c.made_for = coordinate);
    }
    model.parameters.groups_mut().clone_from_slice(&groups);
    let mut start = vec![0.0; model.parameters.sampled()];
    for values in draws {
        for (s, x) in start.iter_mut().zip(model.parameters.position(values)) {
            *s += x / n;
        }
    }
    Prepared { model: Arc::new(model), start }
}

/// What the data say of a group of positive effects around the parameter values `middle`, from the gradient and the information by the
/// logarithm of each effect there: z as measured is Normal in exp(z).
fn measure(group: &mut Group, middle: &[f64], told: &[[f64; 2]]) {
    let (eta, d) = (middle[group.spread], &middle[group.range()]);
    let mean = d.iter().sum::<f64>() / d.len() as f64;
    for ((known, d), [gradient, information]) in group.known.iter_mut().zip(d).zip(told) {
        let factor = (eta * (d - mean)).exp();
        *known = Known::bent(factor * (1.0 + gradient / information), information / (factor * factor));
    }
    let known = |known: &Known| matches!(known, Known::Bent { .. });
    if let (true, Some(common)) = (group.known.iter().all(known), &mut group.common) {
        // The draws' own mean stands for what the data say: it is positive, and shrunk where they say little.
        for (g, (d, [_, information])) in d.iter().zip(told).enumerate() {
            let factor = (eta * (d - mean)).exp();
            common.strength[g] = information / (factor * factor);
            common.seen[g] = information / factor;
        }
    }
}

/// What the pilot's draws of the parameters say of a group's deviations, as a Normal likelihood would.
fn learn(group: &mut Group, draws: &[Vec<f64>]) {
    let count = group.known.len();
    // One of its kind tells nothing of how its kind differs.
    if count < 2 {
        return;
    }
    let n = draws.len() as f64;
    let spread = draws.iter().map(|v| v[group.spread].powi(2)).sum::<f64>() / n;
    // The data know how they differ, not their common part, which another parameter stands for.
    let contrasts = |mut z: Vec<f64>| {
        let common = z.iter().sum::<f64>() / count as f64;
        z.iter_mut().for_each(|z| *z -= common);
        z
    };
    let seen: Vec<Vec<f64>> = draws.iter().map(|v| contrasts(group.seen(v))).collect();
    let own: Vec<Vec<f64>> = draws.iter().map(|v| contrasts(group.scaled(v))).collect();
    let mean = |of: &[Vec<f64>], g: usize| of.iter().map(|z| z[g]).sum::<f64>() / n;
    let kept = 1.0 - 1.0 / count as f64;
    for (g, known) in group.known.iter_mut().enumerate() {
        let average = mean(&seen, g);
        let variance = seen.iter().map(|z| (z[g] - average).powi(2)).sum::<f64>() / (n * kept);
        // For a Normal likelihood 1/variance = 1/sd^2 + 1/eta^2, and the average lies between what the data and the prior say as these.
        let precision = 1.0 / variance - 1.0 / spread;
        if precision > 0.0 {
            let center = average + mean(&own, g) / (precision * spread);
            *known = Known::Straight { center, sd: precision.powf(-0.5) };
        }
    }
}

/// Runs the chains; those in `resumed` are taken as they are. The result depends on project, data and seed alone.
///
/// # Errors
/// See [`SampleError`].
pub fn run(
    prepared: &Prepared,
    sampler: &SamplerSpec,
    resumed: Vec<Option<ChainDraws>>,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Vec<ChainDraws>, SampleError> {
    let make = || Posterior::new(prepared.model.clone());
    sample_chains(&make, &prepared.start, SPREAD, &settings(sampler), resumed, threads, watch)
}

/// [`prepare`] and [`run`], unwatched: for tests and benchmarks.
///
/// # Errors
/// See [`SampleError`].
pub fn fit(model: Model, sampler: &SamplerSpec, threads: usize) -> Result<(Arc<Model>, Vec<ChainDraws>), SampleError> {
    let prepared = prepare(model, sampler, threads, &Silent)?;
    let chains = run(&prepared, sampler, vec![None; sampler.chains], threads, &Silent)?;
    Ok((prepared.model, chains))
}
