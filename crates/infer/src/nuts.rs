//! NUTS for one chain: nuts-rs behind our own small face, so that a change of it touches this file only.

use crate::frame::{Frame, Framed};
use crate::log_density::LogDensity;
use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, FlowNutsSettings, HasDims, KineticEnergyKind,
    LogpError, Progress, Settings, StepSizeAdaptMethod, Storable, Value, WalnutsOptions,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

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
    /// Of the draws after warm-up, each so-many-th is kept.
    pub every: usize,
    /// Positions of the kept draws, `[draws x dim]`.
    pub positions: Vec<f64>,
    /// Energy of the trajectory start of each draw after warm-up, kept or not (for E-BFMI).
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

impl ChainDraws {
    /// Draws that no sampler made, or that nothing else is known of: positions alone, `[draws x dim]`.
    pub fn at(dim: usize, positions: Vec<f64>) -> ChainDraws {
        ChainDraws {
            dim,
            every: 1,
            positions,
            energies: Vec::new(),
            divergences: 0,
            max_depth_hits: 0,
            gradients: 0,
            warmup_gradients: 0,
        }
    }

    /// Keeps every second draw of the kept ones.
    fn thin(&mut self) {
        let dim = self.dim.max(1);
        self.positions = self.positions.chunks_exact(dim).skip(1).step_by(2).flatten().copied().collect();
        self.every *= 2;
    }
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

/// A density as nuts-rs wants it. Its transformation is none: the frame is outside of it, and is all that is needed.
struct Target<D> {
    density: D,
    /// A chain that is put to a place asks twice.
    last: Evaluated,
}

/// Where a density was asked last, what it was there, and its gradient.
struct Evaluated {
    position: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl<D: LogDensity> Target<D> {
    fn new(density: D) -> Target<D> {
        let dim = density.dim();
        // Nothing equals NaN.
        Target { density, last: Evaluated { position: vec![f64::NAN; dim], value: f64::NAN, gradient: vec![0.0; dim] } }
    }
}

impl<D: LogDensity> HasDims for Target<D> {
    // The trait of nuts-rs asks for this map; it is built once a chain and never iterated.
    #[allow(clippy::disallowed_types)]
    fn dim_sizes(&self) -> std::collections::HashMap<String, u64> {
        [("unconstrained_parameter".to_owned(), self.density.dim() as u64)].into_iter().collect()
    }
}

impl<D: LogDensity> CpuLogpFunc for Target<D> {
    type LogpError = NotFinite;
    type FlowParameters = ();
    type ExpandedVector = ();

    fn dim(&self) -> usize {
        self.density.dim()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, NotFinite> {
        let last = &mut self.last;
        if last.position != position {
            last.value = self.density.evaluate(position, &mut last.gradient);
            last.position.copy_from_slice(position);
        }
        gradient.copy_from_slice(&last.gradient);
        if last.value.is_finite() && gradient.iter().all(|g| g.is_finite()) { Ok(last.value) } else { Err(NotFinite) }
    }

    fn expand_vector<R: rand::Rng + ?Sized>(&mut self, _: &mut R, _: &[f64]) -> Result<(), CpuMathError> {
        Ok(())
    }

    fn init_from_untransformed_position(
        &mut self,
        (): &(),
        x: &[f64],
        by_x: &mut [f64],
        z: &mut [f64],
        by_z: &mut [f64],
        _: Option<f64>,
    ) -> Result<(f64, f64), NotFinite> {
        let value = self.logp(x, by_x)?;
        z.copy_from_slice(x);
        by_z.copy_from_slice(by_x);
        Ok((value, 0.0))
    }

    fn init_from_transformed_position(
        &mut self,
        (): &(),
        x: &mut [f64],
        by_x: &mut [f64],
        z: &[f64],
        by_z: &mut [f64],
        _: Option<f64>,
    ) -> Result<(f64, f64), NotFinite> {
        x.copy_from_slice(z);
        let value = self.logp(x, by_x)?;
        by_z.copy_from_slice(by_x);
        Ok((value, 0.0))
    }

    fn inv_transform_normalize(
        &mut self,
        (): &(),
        x: &[f64],
        by_x: &[f64],
        z: &mut [f64],
        by_z: &mut [f64],
    ) -> Result<f64, NotFinite> {
        z.copy_from_slice(x);
        by_z.copy_from_slice(by_x);
        Ok(0.0)
    }

    fn update_transformation<'a, R: rand::Rng + ?Sized>(
        &'a mut self,
        _: &mut R,
        _: impl ExactSizeIterator<Item = &'a [f64]>,
        _: impl ExactSizeIterator<Item = &'a [f64]>,
        _: impl ExactSizeIterator<Item = &'a f64>,
        (): &'a mut (),
    ) -> Result<(), NotFinite> {
        Ok(())
    }

    fn init_transformation<R: rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        _: &[f64],
        _: &[f64],
        _: u64,
    ) -> Result<(), NotFinite> {
        Ok(())
    }

    fn new_transformation<R: rand::Rng + ?Sized>(&mut self, _: &mut R, _: usize, _: u64) -> Result<(), NotFinite> {
        Ok(())
    }

    fn transformation_id(&self, (): &()) -> Result<i64, NotFinite> {
        Ok(0)
    }
}

type Math<D> = CpuMath<Target<Framed<D>>>;

/// What makes the draws.
enum Engine<D: LogDensity + Clone + Send + 'static> {
    /// Learns its step and the scale of each coordinate during the warm-up.
    Learning(<DiagNutsSettings as Settings>::Chain<Math<D>>),
    /// Has both, and may be put to another place after each draw.
    Settled(<FlowNutsSettings as Settings>::Chain<Math<D>>),
}

/// One draw, and what is said of it.
struct Drawn {
    place: Box<[f64]>,
    progress: Progress,
    energy: Option<f64>,
    deepest: bool,
    /// Middle and scale of each coordinate, where they have changed.
    middle: Option<Vec<f64>>,
    scale: Option<Vec<f64>>,
}

fn draw<D: LogDensity, C: Chain<Math<D>>>(engine: &mut C, chain: usize) -> Result<Drawn, SampleError> {
    let (place, _, mut stats, progress) = engine.expanded_draw().map_err(|e| broken(chain, &e))?;
    let mut drawn = Drawn { place, progress, energy: None, deepest: false, middle: None, scale: None };
    let math = engine.math();
    let dims = (&*math).into();
    for (name, value) in stats.get_all(&dims) {
        match (name, value) {
            ("energy", Some(Value::ScalarF64(energy))) => drawn.energy = Some(energy),
            ("maxdepth_reached", Some(Value::ScalarBool(deepest))) => drawn.deepest = deepest,
            ("transformation_mu", Some(Value::F64(middle))) => drawn.middle = Some(middle),
            // So it is called; it is the square root.
            ("mass_matrix_inv", Some(Value::F64(scale))) => drawn.scale = Some(scale),
            _ => {}
        }
    }
    Ok(drawn)
}

/// A chain under way, in a frame. What it tells and keeps is in the density's own coordinates.
pub(crate) struct Running<D: LogDensity + Clone + Send + 'static> {
    engine: Engine<D>,
    settings: ChainSettings,
    /// For the density's own move.
    density: Framed<D>,
    rng: ChaCha8Rng,
    frame: Arc<Frame>,
    /// Middle and scale of each coordinate of the frame, as they were learned.
    learned: [Vec<f64>; 2],
    chain: usize,
    /// Draws so far, warm-up included.
    done: usize,
    /// What was kept.
    pub(crate) kept: ChainDraws,
}

impl<D: LogDensity + Clone + Send + 'static> Running<D> {
    /// A chain at its `start`, in the frame.
    ///
    /// # Errors
    /// [`SampleError::Engine`].
    pub(crate) fn begin(
        density: Framed<D>,
        frame: Arc<Frame>,
        chain: usize,
        start: &[f64],
        settings: &ChainSettings,
    ) -> Result<Running<D>, SampleError> {
        let mut nuts = DiagNutsSettings {
            num_tune: settings.warmup as u64,
            num_draws: settings.draws as u64,
            maxdepth: settings.max_depth,
            trajectory_kind: TRAJECTORY,
            walnuts: Some(walnuts()),
            ..DiagNutsSettings::default()
        };
        nuts.adapt_options.mass_matrix_options.store_mass_matrix = true;
        nuts.adapt_options.step_size_window = STEP_WINDOW;
        let step = &mut nuts.adapt_options.step_size_settings;
        step.target_accept = settings.target_accept;
        step.adapt_options.dual_average.max_step_size = LONGEST_STEP;
        let dim = density.dim();
        let mut rng = chain_rng(settings.seed, chain as u64);
        let engine = Engine::Learning(made(&nuts, &density, chain, start, &mut rng)?);
        let kept = ChainDraws::at(dim, Vec::with_capacity(settings.draws * dim));
        let learned = [vec![0.0; dim], vec![1.0; dim]];
        Ok(Running { engine, settings: *settings, density, rng, frame, learned, chain, done: 0, kept })
    }

    /// Goes on until `draws` are kept, each `every`-th draw after warm-up; `every` is what it was, or twice that. `watch` sees every draw and returns whether
    /// to go on.
    ///
    /// # Errors
    /// [`SampleError::Stopped`] when `watch` says so; [`SampleError::Engine`] when the engine fails.
    pub(crate) fn go(
        &mut self,
        draws: usize,
        every: usize,
        watch: &mut dyn FnMut(Step<'_>) -> bool,
    ) -> Result<(), SampleError> {
        if every > self.kept.every {
            self.kept.thin();
        }
        let before = self.settings.warmup;
        let mut position = vec![0.0; self.kept.dim];
        while self.done < before + draws * every {
            let (number, warmup) = (self.done, self.done < before);
            let drawn = match &mut self.engine {
                Engine::Learning(engine) => draw(engine, self.chain),
                Engine::Settled(engine) => draw(engine, self.chain),
            };
            let Drawn { mut place, progress, energy, deepest, middle, scale } = drawn?;
            self.done += 1;
            for (learned, new) in self.learned.iter_mut().zip([middle, scale]) {
                new.into_iter().for_each(|new| *learned = new);
            }
            if let Engine::Settled(engine) = &mut self.engine {
                if self.density.stir(&mut place, &mut self.rng) {
                    engine.set_position(&place).map_err(|e| broken(self.chain, &e))?;
                }
            } else if self.done == before {
                self.settle(progress.step_size, &mut place)?;
            }
            self.frame.out(&place, &mut position);
            let kept = &mut self.kept;
            if warmup {
                kept.warmup_gradients += progress.num_steps;
            } else {
                if (self.done - before).is_multiple_of(every) {
                    kept.positions.extend_from_slice(&position);
                }
                kept.gradients += progress.num_steps;
                kept.divergences += u64::from(progress.diverging);
                kept.energies.extend(energy);
                kept.max_depth_hits += u64::from(deepest);
            }
            let step = Step {
                chain: self.chain,
                draw: number,
                warmup,
                diverging: progress.diverging,
                gradients: progress.num_steps,
                position: &position,
            };
            if !watch(step) {
                return Err(SampleError::Stopped);
            }
        }
        Ok(())
    }

    /// At the end of the warm-up, where the density has a move of its own: an engine that keeps what was learned, since one that learns begins anew wherever it
    /// is put. Middle and scale become part of the frame, and `place` is told in it.
    fn settle(&mut self, step_size: f64, place: &mut [f64]) -> Result<(), SampleError> {
        let [middle, scale] = &self.learned;
        let Some(frame) = self.frame.scaled(middle, scale).map(Arc::new) else { return Ok(()) };
        let mut density = self.density.seen_in(frame.clone());
        let mut there: Vec<f64> = place.iter().zip(middle.iter().zip(scale)).map(|(z, (m, s))| (z - m) / s).collect();
        if !density.stir(&mut there, &mut self.rng) {
            return Ok(());
        }
        let mut nuts = FlowNutsSettings {
            num_tune: 0,
            num_draws: self.settings.draws as u64,
            maxdepth: self.settings.max_depth,
            trajectory_kind: TRAJECTORY,
            walnuts: Some(walnuts()),
            ..FlowNutsSettings::default()
        };
        nuts.adapt_options.step_size_settings.adapt_options.method = StepSizeAdaptMethod::Fixed(step_size);
        self.engine = Engine::Settled(made(&nuts, &density, self.chain, &there, &mut self.rng)?);
        (self.density, self.frame) = (density, frame);
        place.copy_from_slice(&there);
        Ok(())
    }
}

/// The last part of a warm-up, over which the step is averaged and the metric is left alone. Over few draws steps come out too short in one chain of four, and
/// trajectories then take twice as many; but the longer it is, the fewer draws the metric has.
const STEP_WINDOW: f64 = 0.3;

/// Between the pulls the motion is that under a standard normal density, solved exactly: in a frame where a density is nearly that, only what is left limits
/// the step.
const TRAJECTORY: KineticEnergyKind = KineticEnergyKind::ExactNormal;

/// Where a step would still change the energy by much, as in the neck of a funnel, it is cut into shorter ones.
fn walnuts() -> WalnutsOptions {
    WalnutsOptions { max_error: CUT_ABOVE, ..WalnutsOptions::default() }
}

fn made<S: Settings, D: LogDensity + Clone + Send + 'static>(
    nuts: &S,
    density: &Framed<D>,
    chain: usize,
    start: &[f64],
    rng: &mut ChaCha8Rng,
) -> Result<S::Chain<Math<D>>, SampleError> {
    let math = CpuMath::new(Target::new(density.clone()));
    let mut made = nuts.new_chain(chain as u64, math, rng).map_err(|e| broken(chain, &e))?;
    made.set_position(start).map_err(|e| broken(chain, &e))?;
    Ok(made)
}

fn broken(chain: usize, error: &dyn std::fmt::Display) -> SampleError {
    SampleError::Engine { chain, message: error.to_string() }
}

/// The random stream of a chain: its own ChaCha stream of the run's seed.
pub fn chain_rng(seed: u64, chain: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(chain);
    rng
}
