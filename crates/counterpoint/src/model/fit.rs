//! Fitting: a climb and a short pilot that choose coordinates, then the chains.

use super::build::{DriverModel, Model, Wander};
use super::group::{Group, Known};
use super::linalg::{cholesky, dot};
use super::parameters::Parameters;
use super::posterior::Posterior;
use crate::project::SamplerSpec;
use counterpoint_infer::climb::climb;
use counterpoint_infer::diagnose::verdict::met;
use counterpoint_infer::draws::Chains;
use counterpoint_infer::frame::{Frame, curvature};
use counterpoint_infer::log_density::LogDensity;
use counterpoint_infer::nuts::{ChainDraws, ChainSettings, SampleError, Step, chain_rng};
use counterpoint_infer::parallel::in_parallel;
use counterpoint_infer::sample::{Silent, Watch, sample_chains, standard_normal, starting_point};
use std::ops::Range;
use std::sync::Arc;

/// Points around the middle of the priors that are climbed from; the highest mode is taken.
const CLIMBS: usize = 2;
/// Standard deviation of those points, in the coordinates of the priors.
const AROUND: f64 = 0.5;
/// Most steps of a climb, and the least rise of the log density that is worth another.
const CLIMB: (usize, f64) = (500, 0.01);
/// Draws of the Normal at the mode that choose the pilot's coordinates.
const FIRST_DRAWS: usize = 200;
/// Pieces of work that threads share before the pilot.
const PIECES: usize = 8;
/// Chains of the pilot.
const PILOT_CHAINS: usize = 2;
/// Warm-up and kept draws of each, by rounds. The first ones leave the mode, whose coordinates are poor where there are deviations, and are left out where
/// there are none; each starts from what the one before has learned.
const PILOT: [(usize, usize); 3] = [(30, 30), (30, 40), (50, 120)];
/// Where there are many coordinates, the last round keeps a draw of each chain for so many of them, but no more than that many draws.
const PILOT_MANY: (usize, usize) = (7, 240);
/// Largest tree depth of the pilot: far-sighted trajectories in poor coordinates cost more than they teach.
const PILOT_DEPTH: u64 = 6;
/// Standard deviation of the chains' starting points in their frame: that of the posterior, as far as the pilot knows it.
const SPREAD: f64 = 1.0;
/// Standard deviation that a parameter of a curve is taken to have beyond its draws, where these are as few as the parameters.
const LITTLE: f64 = 0.1;
/// Largest tree depth, as in Stan and nuts-rs.
const MAX_DEPTH: u64 = 10;

/// A model with its sampling coordinates chosen, and the frame in which its posterior is about standard normal.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The model.
    pub model: Arc<Model>,
    /// The frame, where chains begin and run.
    pub frame: Arc<Frame>,
}

fn settings(sampler: &SamplerSpec) -> ChainSettings {
    ChainSettings {
        warmup: sampler.warmup,
        draws: sampler.draws,
        seed: sampler.seed,
        target_accept: sampler.target_accept,
        max_depth: MAX_DEPTH,
    }
}

/// Chooses the coordinates of the geos' deviations (see [`super::group::Group`]) and a frame for all: first by a mode and the curvature there, then by
/// what two short pilot chains learn. The choice changes no posterior. `watch` sees the pilot's chains as 0 and 1.
///
/// # Errors
/// See [`SampleError`].
pub fn prepare(
    model: Model,
    sampler: &SamplerSpec,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Prepared, SampleError> {
    // Streams of its own: the pilot's chance is not the chains'.
    let seed = !sampler.seed;
    let mut found = at_mode(model, seed, threads)?;
    let rounds = if found.model.parameters.groups().is_empty() { &PILOT[PILOT.len() - 1..] } else { &PILOT };
    for (round, &(warmup, draws)) in (1..).zip(rounds) {
        let many = if round == rounds.len() { (found.frame.dim() / PILOT_MANY.0).min(PILOT_MANY.1) } else { 0 };
        let draws = draws.max(many);
        let seed = seed.wrapping_add(round as u64 - 1);
        let pilot = ChainSettings { warmup, draws, seed, max_depth: PILOT_DEPTH, ..settings(sampler) };
        let make = || Posterior::new(found.model.clone());
        let chains = sample_chains(&make, &found.frame, SPREAD, &pilot, vec![None; PILOT_CHAINS], threads, watch)?;
        let positions = chains.iter().flat_map(|chain| chain.positions.chunks_exact(chain.dim.max(1)));
        let draws: Vec<Vec<f64>> = positions.map(|p| found.model.parameters.values(p)).collect();
        let model = straighten(Model::clone(&found.model), &draws);
        let positions: Vec<Vec<f64>> = draws.iter().map(|values| model.parameters.position(values)).collect();
        let frame = frame_of(&model, &positions, threads).unwrap_or_else(|| Frame::at(Posterior::start(&model)));
        found = Prepared { model, frame: Arc::new(frame) };
    }
    Ok(found)
}

/// Coordinates and frame by the highest of a few modes.
fn at_mode(model: Model, seed: u64, threads: usize) -> Result<Prepared, SampleError> {
    let center = Posterior::start(&model);
    let model = Arc::new(model);
    let tops = in_parallel(CLIMBS, threads, |k| {
        let mut posterior = Posterior::new(model.clone());
        let start = starting_point(&mut posterior, k, &center, AROUND, seed)?;
        Ok(climb(&mut posterior, &start, CLIMB.0, CLIMB.1))
    });
    let mut best = None;
    for top in tops {
        let top = top?;
        if best.as_ref().is_none_or(|(value, _)| top.value > *value) {
            best = Some((top.value, top.position));
        }
    }
    let mode = best.map_or(center, |(_, position)| position);
    let frame = around(&model, mode.clone(), threads);
    if model.parameters.groups().is_empty() {
        return Ok(Prepared { model, frame: Arc::new(frame) });
    }
    // The Normal at the mode stands in for draws, and the mode is looked for again where its coordinates are straighter.
    let mut rng = chain_rng(seed, 1 << 40);
    let mut x = vec![0.0; frame.dim()];
    let mut draw = || {
        let z: Vec<f64> = x.iter().map(|_| standard_normal(&mut rng)).collect();
        frame.out(&z, &mut x);
        model.parameters.values(&x)
    };
    let draws: Vec<Vec<f64>> = (0..FIRST_DRAWS).map(|_| draw()).collect();
    let straight = straighten(Model::clone(&model), &draws);
    let start = straight.parameters.position(&model.parameters.values(&mode));
    let mut posterior = Posterior::new(straight.clone());
    let top = climb(&mut posterior, &start, CLIMB.0, CLIMB.1).position;
    let frame = around(&straight, top, threads);
    Ok(Prepared { model: straight, frame: Arc::new(frame) })
}

fn around(model: &Arc<Model>, mode: Vec<f64>, threads: usize) -> Frame {
    let columns = in_pieces(mode.len(), threads, |piece| curvature(&mut Posterior::new(model.clone()), &mode, piece));
    Frame::of_curvature(&mode, &columns).unwrap_or_else(|| Frame::at(mode))
}

/// Vectors made piece by piece of their numbers, on threads.
fn in_pieces(count: usize, threads: usize, of: impl Fn(Range<usize>) -> Vec<Vec<f64>> + Sync) -> Vec<Vec<f64>> {
    in_parallel(PIECES, threads, |k| of(count * k / PIECES..count * (k + 1) / PIECES)).concat()
}

/// The frame of draws, in a model's coordinates: [`Frame::within`] that of the curvature at their mean.
pub(crate) fn frame_of(model: &Arc<Model>, positions: &[Vec<f64>], threads: usize) -> Option<Frame> {
    let slopes = |piece: Range<usize>| {
        let mut posterior = Posterior::new(model.clone());
        let mut slope = |position: &Vec<f64>| {
            let mut gradient = vec![0.0; position.len()];
            posterior.evaluate(position, &mut gradient);
            gradient
        };
        positions[piece].iter().map(&mut slope).collect()
    };
    let slopes = in_pieces(positions.len(), threads, slopes);
    let dim = positions.first()?.len();
    let mean = |i: usize| positions.iter().map(|p| p[i]).sum::<f64>() / positions.len() as f64;
    around(model, (0..dim).map(mean).collect(), threads).within(positions, &slopes)
}

/// Chooses the coordinates by draws of the parameters' values, in whatever coordinates they were sampled.
pub fn straighten(mut model: Model, draws: &[Vec<f64>]) -> Arc<Model> {
    for driver in &mut model.drivers {
        driver.wander = wander(&model.parameters, driver, draws);
    }
    if model.parameters.groups().is_empty() {
        return Arc::new(model);
    }
    let shared = Arc::new(model.clone());
    let n = draws.len() as f64;
    let mut middle = vec![0.0; model.parameters.len()];
    for values in draws {
        for (m, x) in middle.iter_mut().zip(values) {
            *m += x / n;
        }
    }
    let mut posterior = Posterior::new(shared);
    let told = posterior.by_log_effect(&middle);
    for (driver, crowd) in model.drivers.iter_mut().zip(posterior.crowds(&middle)) {
        if let (Some(platform), Some(crowd)) = (&mut driver.platform, crowd) {
            platform.crowd = crowd;
        }
    }
    let mut groups = model.parameters.groups().to_vec();
    for group in &mut groups {
        let driver = model.drivers.iter().position(|d| d.slots.geo.is_some_and(|(_, first)| first == group.first));
        match driver.filter(|&d| model.drivers[d].positive) {
            Some(d) => {
                measure(group, &middle, &told[d]);
                model.parameters.measure_total(group, &middle, draws);
            }
            None => learn(group, draws),
        }
        let coordinate = model.parameters.common_coordinate(group, &middle);
        group.common.iter_mut().for_each(|c| c.made_for = coordinate);
    }
    see_through(&mut groups, &middle);
    model.parameters.groups_mut().clone_from_slice(&groups);
    Arc::new(model)
}

/// How parameters of a driver vary over draws. Few draws are trusted less.
fn wander(parameters: &Parameters, driver: &DriverModel, draws: &[Vec<f64>]) -> Wander {
    let of = driver.bent(parameters);
    let (k, n) = (of.len(), draws.len() as f64);
    let off = |i: usize| {
        let prior = parameters.get(i).prior;
        let u: Vec<f64> = draws.iter().map(|v| prior.unconstrain(v[i])).collect();
        let mean = u.iter().sum::<f64>() / n;
        u.into_iter().map(|u| u - mean).collect::<Vec<f64>>()
    };
    let rows: Vec<Vec<f64>> = of.into_iter().map(off).collect();
    let effect = off(driver.slots.effect);
    let least = LITTLE * LITTLE * k as f64 / (n + k as f64);
    let one = |(i, j): (usize, usize)| dot(&rows[i], &rows[j]) / n + if i == j { least } else { 0.0 };
    let mut root: Vec<f64> = (0..k * k).map(|at| one((at / k, at % k))).collect();
    if !cholesky(&mut root, k).is_finite() {
        root.clear();
    }
    let bend = |own: &Vec<f64>| {
        let mut order: Vec<usize> = (0..own.len()).collect();
        order.sort_by(|&a, &b| own[a].total_cmp(&own[b]));
        let (below, above) = order.split_at(own.len() / 2);
        let slope = |half: &[usize]| {
            let mean = |of: &[f64]| half.iter().map(|&i| of[i]).sum::<f64>() / half.len() as f64;
            let (middle, height) = (mean(own), mean(&effect));
            let sum = |of: &dyn Fn(usize) -> f64| half.iter().map(|&i| (own[i] - middle) * of(i)).sum::<f64>();
            sum(&|i| effect[i] - height) / sum(&|i| own[i] - middle)
        };
        (slope(above) - slope(below)).abs() * (dot(own, own) / dot(&effect, &effect)).sqrt()
    };
    let bend = rows.iter().map(bend).fold(0.0, f64::max);
    Wander { root, bend }
}

/// Where codes see the logarithm of a creator's weight and of the rate in a sum, what was learned of the weight hangs on the spread of the rates.
fn see_through(groups: &mut [Group], middle: &[f64]) {
    for k in 0..groups.len() {
        let Some(rate) = groups[k].hangs_on.map(|i| middle[i]) else { continue };
        let (spread, known, others) = (groups[k].spread, groups[k].known.clone(), groups[k].others.clone());
        for (known, others) in known.iter().zip(&others) {
            let (&Known::Rate { sd: here, .. }, [other]) = (known, &others[..]) else { continue };
            let Some(group) = groups.iter_mut().find(|g| g.range().contains(&other.deviation)) else { continue };
            let at = other.deviation - group.first;
            if let (Known::Straight { center, sd }, true) = (group.known[at], group.hangs_on == Some(spread)) {
                let (times, rest) = (((1.0 - rate) / other.share).powi(2), (here / other.share).powi(2));
                let own = (sd.powi(-2) - 1.0 / (times * middle[spread].powi(2) + rest)).max(0.0);
                group.known[at] = Known::Through { center, own, times, rest };
            }
        }
    }
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
    // Where z adds to the logit of a rate, the data see what it is worth in the rate's logarithm.
    let rate = if group.others.is_empty() { None } else { group.hangs_on };
    let worth = |v: &[f64]| rate.map_or(1.0, |i| 1.0 - v[i]);
    let spread = draws.iter().map(|v| (worth(v) * v[group.spread]).powi(2)).sum::<f64>() / n;
    // The data know how they differ, not their common part, which another parameter stands for.
    let contrasts = |mut z: Vec<f64>| {
        let common = z.iter().sum::<f64>() / count as f64;
        z.iter_mut().for_each(|z| *z -= common);
        z
    };
    let own: Vec<Vec<f64>> =
        draws.iter().map(|v| contrasts(group.scaled(v).into_iter().map(|z| z * worth(v)).collect())).collect();
    let rest: Vec<Vec<f64>> = draws.iter().map(|v| contrasts(group.offsets(v))).collect();
    let kept = n * (1.0 - 1.0 / count as f64);
    let mean = |of: &[Vec<f64>], g: usize| of.iter().map(|z| z[g]).sum::<f64>() / n;
    for (g, known) in group.known.iter_mut().enumerate() {
        let (z, o) = (mean(&own, g), mean(&rest, g));
        let product = |a: &[Vec<f64>], a0: f64, b: &[Vec<f64>], b0: f64| {
            a.iter().zip(b).map(|(a, b)| (a[g] - a0) * (b[g] - b0)).sum::<f64>() / kept
        };
        let (zz, zo, oo) = (product(&own, z, &own, z), product(&own, z, &rest, o), product(&rest, o, &rest, o));
        // The variance of z given what else is in the sum.
        let given = if oo > 0.0 { zz - zo * zo / oo } else { zz };
        // For a Normal likelihood 1/variance = 1/sd^2 + 1/eta^2, and the average lies between what the data and the prior say as these.
        let precision = 1.0 / given - 1.0 / spread;
        let (center, sd) = (o + z / (precision * given), precision.powf(-0.5));
        *known = match rate {
            _ if !(precision > 0.0 && precision.is_finite()) => Known::Nothing,
            Some(_) => Known::Rate { center, sd },
            None => Known::Straight { center, sd },
        };
    }
}

/// Runs the chains; those in `resumed` are taken as they are. Where they have not met, they go on to twice as many draws of which every second is kept, again
/// and again, up to [`SamplerSpec::most_times`]. The result depends on project, data and seed alone.
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
    let until_met = UntilMet { watch, model: &prepared.model, most: sampler.most_times(), threads };
    sample_chains(&make, &prepared.frame, SPREAD, &settings(sampler), resumed, threads, &until_met)
}

/// A watch that lets chains go on until they have met.
struct UntilMet<'a> {
    watch: &'a dyn Watch,
    model: &'a Model,
    most: usize,
    threads: usize,
}

impl Watch for UntilMet<'_> {
    fn step(&self, step: Step<'_>) -> bool {
        self.watch.step(step)
    }

    fn finished(&self, chain: usize, draws: &ChainDraws) {
        self.watch.finished(chain, draws);
    }

    fn go_on(&self, chains: &[ChainDraws]) -> bool {
        let longer = chains.first().is_some_and(|c| 2 * c.every <= self.most);
        longer && !self.have_met(chains)
    }

    fn longer(&self, times: usize) {
        self.watch.longer(times);
    }
}

impl UntilMet<'_> {
    /// Whether the chains agree in every sampled parameter, and their draws are worth enough.
    fn have_met(&self, chains: &[ChainDraws]) -> bool {
        let parameters = &self.model.parameters;
        let positions = chains.iter().flat_map(|c| c.positions.chunks_exact(c.dim.max(1)));
        let values: Vec<Vec<f64>> = positions.map(|p| parameters.values(p)).collect();
        let sampled: Vec<usize> =
            parameters.iter().enumerate().filter(|(_, p)| p.coordinate.is_some()).map(|(i, _)| i).collect();
        let one = |i: usize| {
            let draws: Vec<f64> = values.iter().map(|v| v[i]).collect();
            met(Chains::new(&draws, chains.len()))
        };
        in_parallel(PIECES, self.threads, |k| sampled.iter().skip(k).step_by(PIECES).all(|&i| one(i)))
            .into_iter()
            .all(|met| met)
    }
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
