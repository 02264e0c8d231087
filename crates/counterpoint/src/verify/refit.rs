//! Fitting a model that is like one already fitted: its chains begin in the first one's posterior, seen in a frame in which that is round.

use crate::data::Dataset;
use crate::model::build::Model;
use crate::model::evidence::brought;
use crate::model::experiment::Target;
use crate::model::fit::{frame_of, straighten};
use crate::model::posterior::Posterior;
use crate::project::Project;
use counterpoint_infer::diagnose::rhat;
use counterpoint_infer::draws::Chains;
use counterpoint_infer::nuts::{ChainDraws, ChainSettings, SampleError, Step, chain_rng};
use counterpoint_infer::sample::{Watch, sample_chains};
use std::sync::Arc;

/// Chains of a refit.
pub const CHAINS: usize = 2;
/// Draws of the first fit that a frame is made of.
const FRAME_DRAWS: usize = 500;
/// Standard deviation of the starting points in the frame.
const SPREAD: f64 = 1.0;
/// A refit whose effects have a larger R-hat is not trusted.
pub const POOR: f64 = 1.05;
/// Largest tree depth.
const MAX_DEPTH: u64 = 8;
/// Acceptance that refits aim at.
const TARGET_ACCEPT: f64 = 0.85;

/// A fit to be tried.
#[derive(Debug)]
pub struct Base<'a> {
    pub(crate) project: &'a Project,
    pub(crate) data: &'a Dataset,
    pub(crate) model: Arc<Model>,
    /// All draws, in the model's coordinates.
    pub(crate) positions: Vec<Vec<f64>>,
    /// Parameter values of some of them, evenly spaced.
    values: Vec<Vec<f64>>,
}

/// How long the chains of a refit are: warm-up and kept draws of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// Warm-up.
    pub warmup: usize,
    /// Kept draws.
    pub draws: usize,
}

impl Length {
    /// Draws of both chains in all.
    pub fn steps(self) -> u64 {
        (CHAINS * (self.warmup + self.draws)) as u64
    }
}

/// Draws of another model.
#[derive(Debug, Clone)]
pub struct Refit {
    /// The model, in the first fit's coordinates.
    pub model: Arc<Model>,
    /// All draws.
    pub positions: Vec<Vec<f64>>,
    /// The largest R-hat of a driver's effect or the noise.
    pub rhat: f64,
}

impl Base<'_> {
    /// Takes a fit's draws in whatever coordinates, and sees them in those that they make straight.
    pub fn new<'a>(project: &'a Project, data: &'a Dataset, model: &Model, chains: &[ChainDraws]) -> Base<'a> {
        let dim = model.parameters.sampled().max(1);
        let all: Vec<Vec<f64>> =
            chains.iter().flat_map(|c| c.positions.chunks_exact(dim)).map(|p| model.parameters.values(p)).collect();
        let values: Vec<Vec<f64>> = evenly(all.len(), FRAME_DRAWS).map(|i| all[i].clone()).collect();
        let model = straighten(model.clone(), &values);
        let positions = all.iter().map(|values| model.parameters.position(values)).collect();
        Base { project, data, model, positions, values }
    }

    /// Fits `model`, parameters of the same name being alike. `go_on` is asked at every draw.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn refit(
        &self,
        mut model: Model,
        length: Length,
        seed: u64,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Refit, SampleError> {
        self.carry_coordinates(&mut model);
        let model = Arc::new(model);
        let frame = frame_of(&model, &self.translated(&model, seed), 1)
            .ok_or_else(|| SampleError::Engine { chain: 0, message: "the first fit's draws do not move".to_owned() })?;
        let frame = Arc::new(frame);
        let settings = ChainSettings {
            warmup: length.warmup,
            draws: length.draws,
            seed,
            target_accept: TARGET_ACCEPT,
            max_depth: MAX_DEPTH,
        };
        let make = || Posterior::new(model.clone());
        let chains = sample_chains(&make, &frame, SPREAD, &settings, vec![None; CHAINS], 1, &Asking(go_on))?;
        let rhat = worst(&model, &chains);
        let dim = frame.dim().max(1);
        let positions = chains.iter().flat_map(|c| c.positions.chunks_exact(dim)).map(<[f64]>::to_vec).collect();
        Ok(Refit { model, positions, rhat })
    }

    /// Gives a model the coordinates of its deviations that the first fit's pilot chose.
    fn carry_coordinates(&self, model: &mut Model) {
        let ours = &self.model.parameters;
        let names: Vec<String> =
            model.parameters.groups().iter().map(|g| model.parameters.get(g.first).name.clone()).collect();
        for (group, name) in model.parameters.groups_mut().iter_mut().zip(names) {
            let alike =
                ours.groups().iter().find(|g| ours.get(g.first).name == name && g.known.len() == group.known.len());
            let Some(alike) = alike else { continue };
            group.known.clone_from(&alike.known);
            if let (Some(common), Some(known)) = (&mut group.common, &alike.common) {
                common.made_for = known.made_for;
                common.seen.clone_from(&known.seen);
                common.strength.clone_from(&known.strength);
                (common.total, common.total_seen) = (known.total, known.total_seen);
            }
        }
    }

    /// The first fit's draws in another model's coordinates; parameters that it does not have are drawn from their priors.
    fn translated(&self, model: &Model, seed: u64) -> Vec<Vec<f64>> {
        let mut rng = chain_rng(seed, super::stream(super::Purpose::Frame, 0));
        let ours = &self.model.parameters;
        let mut one = |values: &Vec<f64>| model.parameters.position_like(ours, values, |p| p.prior.draw(&mut rng));
        self.values.iter().map(&mut one).collect()
    }
}

/// What each driver, then each creator, brought over all periods, by draw: outcome units and money.
pub(crate) fn returns(model: &Arc<Model>, positions: &[Vec<f64>]) -> Vec<Vec<[f64; 2]>> {
    let targets = targets(model);
    let mut posterior = Posterior::new(model.clone());
    let mut out: Vec<Vec<[f64; 2]>> = targets.iter().map(|_| Vec::with_capacity(positions.len())).collect();
    for position in positions {
        posterior.set(position);
        if !model.creators.is_empty() {
            posterior.split_platforms();
        }
        for (column, &target) in out.iter_mut().zip(&targets) {
            column.push(brought(model, &posterior, target));
        }
    }
    out
}

/// All drivers, then all creators of a model.
pub(crate) fn targets(model: &Model) -> Vec<Target> {
    let drivers = (0..model.drivers.len()).map(Target::Driver);
    drivers.chain((0..model.creators.len()).map(Target::Creator)).collect()
}

/// `count` of the numbers below `of`, evenly spaced; all of them where there are no more.
pub(crate) fn evenly(of: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(of);
    (0..count).map(move |i| (2 * i + 1) * of / (2 * count))
}

/// The largest R-hat of the drivers' effects and the noise; not a number where none can be told.
fn worst(model: &Model, chains: &[ChainDraws]) -> f64 {
    let dim = model.parameters.sampled().max(1);
    let values: Vec<Vec<f64>> = chains
        .iter()
        .flat_map(|c| c.positions.chunks_exact(dim))
        .map(|position| model.parameters.values(position))
        .collect();
    let effects = model.drivers.iter().map(|d| d.slots.effect).chain(model.noise.sigma.iter().copied());
    let one = |i: usize| {
        let column: Vec<f64> = values.iter().map(|v| v[i]).collect();
        rhat(Chains::new(&column, chains.len()))
    };
    effects.map(one).filter(|r| r.is_finite()).fold(f64::NAN, f64::max)
}

/// Asks at every draw whether to go on.
pub(crate) struct Asking<'a>(pub(crate) &'a (dyn Fn() -> bool + Sync));

impl Watch for Asking<'_> {
    fn step(&self, _: Step<'_>) -> bool {
        (self.0)()
    }
    fn finished(&self, _: usize, _: &ChainDraws) {}
}
