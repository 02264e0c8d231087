//! NUTS for one chain: nuts-rs behind our own small face, so that a change of it touches this file only.

use crate::log_density::LogDensity;
use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, KineticEnergyKind, LogpError, Settings,
    Storable, Value, WalnutsOptions,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Longest step. The exact motion turns a standard normal density by its length: by half a turn, x becomes -x and a chain goes nowhere.
const LONGEST_STEP: f64 = 1.0;

/// Change of energy above which a step is cut. A trajectory that is accepted at all changes far less, so that steps are cut where a chain would diverge
/// or stick, and seldom elsewhere.
const CUT_ABOVE: f64 = 10.0;

/// What one chain is asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChainSettings {
    /// Draws that adapt the step size and the metric, and are thrown away.
    pub warmup: usize,
    /// Draws that are kept.
    pub draws: usize,
    /// Seed of the whole run; with the number of the chain it fixes every draw.
    pub seed: u64,
    /// Mean acceptance that the step size aims at, in (0, 1).
    pub target_accept: f64,
    /// Largest tree depth: at most `2^max_depth` gradients a draw.
    pub max_depth: u64,
}

/// The kept draws of one chain.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainDraws {
    /// Coordinates.
    pub dim: usize,
    /// Positions, `[draws x dim]`.
    pub positions: Vec<f64>,
    /// Energy of each draw's trajectory start (for E-BFMI).
    pub energies: Vec<f64>,
    /// Divergent draws after warm-up.
    pub divergences: u64,
    /// Draws after warm-up whose tree reached the largest depth.
    pub max_depth_hits: u64,
    /// Gradients after warm-up, those of cut steps' parts not counted.
    pub gradients: u64,
    /// The same during warm-up.
    pub warmup_gradients: u64,
}

/// What a chain tells while it runs.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Chain, from 0.
    pub chain: usize,
    /// Draw, from 0; warm-up included.
    pub draw: usize,
    /// Whether this draw belongs to the warm-up.
    pub warmup: bool,
    /// Whether its trajectory diverged.
    pub diverging: bool,
    /// Gradients spent on it.
    pub gradients: u64,
    /// The new position.
    pub position: &'a [f64],
}

/// Why a chain gave no draws.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Asked to stop.
    #[error("stopped before the end")]
    Stopped,
    /// No starting point with a finite density.
    #[error(
        "chain {chain}: the log density is not finite at any of {tried} starting points; check the data for extreme values and the priors for impossible ones"
    )]
    Start {
        /// Chain.
        chain: usize,
        /// Points tried.
        tried: usize,
    },
    /// The sampler gave up.
    #[error("chain {chain}: {message}")]
    Engine {
        /// Chain.
        chain: usize,
        /// Its words.
        message: String,
    },
}

#[derive(Debug, thiserror::Error)]
#[error("the log density is not finite")]
struct NotFinite;

impl LogpError for NotFinite {
    fn is_recoverable(&self) -> bool {
        true
    }
}

struct Target<D>(D);

impl<D: LogDensity> HasDims for Target<D> {
    // The trait of nuts-rs asks for this map; it is built once a chain and never iterated.
    #[allow(clippy::disallowed_types)]
    fn dim_sizes(&self) -> std::collections::HashMap<String, u64> {
        [("unconstrained_parameter".to_owned(), self.0.dim() as u64)].into_iter().collect()
    }
}

impl<D: LogDensity> CpuLogpFunc for Target<D> {
    type LogpError = NotFinite;
    type FlowParameters = ();
    type ExpandedVector = ();

    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, NotFinite> {
        let value = self.0.evaluate(position, gradient);
        if value.is_finite() && gradient.iter().all(|g| g.is_finite()) { Ok(value) } else { Err(NotFinite) }
    }

    fn expand_vector<R: rand::Rng + ?Sized>(&mut self, _: &mut R, _: &[f64]) -> Result<(), CpuMathError> {
        Ok(())
    }
}

/// Runs one chain from `start`. `watch` sees every draw and returns whether to go on.
///
/// # Errors
/// [`SampleError::Stopped`] when `watch` says so; [`SampleError::Engine`] when the engine fails.
pub fn run_chain<D: LogDensity + Send + 'static>(
    density: D,
    chain: usize,
    start: &[f64],
    settings: &ChainSettings,
    watch: &mut dyn FnMut(Step<'_>) -> bool,
) -> Result<ChainDraws, SampleError> {
    let mut nuts = DiagNutsSettings {
        num_tune: settings.warmup as u64,
        num_draws: settings.draws as u64,
        maxdepth: settings.max_depth,
        // Between the pulls the motion is that under a standard normal density, solved exactly: in a frame where a density is nearly that, only what is
        // left limits the step.
        trajectory_kind: KineticEnergyKind::ExactNormal,
        // Where a step would still change the energy by much, as in the neck of a funnel, it is cut into shorter ones.
        walnuts: Some(WalnutsOptions { max_error: CUT_ABOVE, ..WalnutsOptions::default() }),
        ..DiagNutsSettings::default()
    };
    let step = &mut nuts.adapt_options.step_size_settings;
    step.target_accept = settings.target_accept;
    step.adapt_options.dual_average.max_step_size = LONGEST_STEP;
    let dim = density.dim();
    let engine = |e: &dyn std::fmt::Display| SampleError::Engine { chain, message: e.to_string() };
    let mut rng = chain_rng(settings.seed, chain as u64);
    let mut sampler = nuts.new_chain(chain as u64, CpuMath::new(Target(density)), &mut rng).map_err(|e| engine(&e))?;
    sampler.set_position(start).map_err(|e| engine(&e))?;
    let mut out = ChainDraws {
        dim,
        positions: Vec::with_capacity(settings.draws * dim),
        energies: Vec::with_capacity(settings.draws),
        divergences: 0,
        max_depth_hits: 0,
        gradients: 0,
        warmup_gradients: 0,
    };
    for draw in 0..settings.warmup + settings.draws {
        let warmup = draw < settings.warmup;
        let (position, _, mut stats, progress) = sampler.expanded_draw().map_err(|e| engine(&e))?;
        if warmup {
            out.warmup_gradients += progress.num_steps;
        } else {
            out.positions.extend_from_slice(&position);
            out.gradients += progress.num_steps;
            out.divergences += u64::from(progress.diverging);
            let math = sampler.math();
            let dims = (&*math).into();
            for (name, value) in stats.get_all(&dims) {
                match (name, value) {
                    ("energy", Some(Value::ScalarF64(energy))) => out.energies.push(energy),
                    ("maxdepth_reached", Some(Value::ScalarBool(true))) => out.max_depth_hits += 1,
                    _ => {}
                }
            }
        }
        let step = Step {
            chain,
            draw,
            warmup,
            diverging: progress.diverging,
            gradients: progress.num_steps,
            position: &position,
        };
        if !watch(step) {
            return Err(SampleError::Stopped);
        }
    }
    Ok(out)
}

/// The random stream of a chain: its own ChaCha stream of the run's seed.
pub fn chain_rng(seed: u64, chain: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(chain);
    rng
}
