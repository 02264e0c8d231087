//! Chains side by side: the same draws on any number of threads.

use crate::frame::{Frame, Framed};
use crate::log_density::LogDensity;
use crate::nuts::{ChainDraws, ChainSettings, Running, SampleError, Step, chain_rng};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};

/// How many starting points are tried before a chain gives up.
pub const START_TRIES: usize = 100;

/// Watches a run: sees every draw, keeps the chains that are finished, and says whether they are enough.
pub trait Watch: Sync {
    /// One more draw; `false` asks all chains to stop. A chain that goes on after it was resumed is made anew, and its draws are seen again.
    fn step(&self, step: Step<'_>) -> bool;

    /// A chain has the draws that it was asked for.
    fn finished(&self, chain: usize, draws: &ChainDraws);

    /// All chains have the draws that they were asked for: whether they shall go on until each is twice as long, and keep every second draw.
    fn go_on(&self, _: &[ChainDraws]) -> bool {
        false
    }

    /// They go on, to so many times as many draws as are kept.
    fn longer(&self, _: usize) {}
}

/// A watch that never speaks.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Watch for Silent {
    fn step(&self, _: Step<'_>) -> bool {
        true
    }
    fn finished(&self, _: usize, _: &ChainDraws) {}
}

/// Runs `resumed.len()` chains in a frame; those that are already there are taken as they are. Whatever is seen, kept or resumed is in the density's own
/// coordinates.
///
/// `density` makes a chain's own density; in the frame chains begin at Normal(0, spread^2) in each coordinate, drawn anew until the density is finite. Every
/// chain has its own random stream of `settings.seed`, so neither the number of threads nor which chains were resumed changes a draw.
///
/// # Errors
/// The error of the lowest chain that failed; see [`SampleError`].
pub fn sample_chains<D: LogDensity + Clone + Send + 'static>(
    density: &(dyn Fn() -> D + Sync),
    frame: &Arc<Frame>,
    spread: f64,
    settings: &ChainSettings,
    resumed: Vec<Option<ChainDraws>>,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Vec<ChainDraws>, SampleError> {
    let chains = resumed.len();
    let threads = threads.clamp(1, chains.max(1));
    let begin = |chain: usize| {
        let mut framed = Framed::new(density(), frame.clone());
        let start = starting_point(&mut framed, chain, &vec![0.0; frame.dim()], spread, settings.seed)?;
        Running::begin(framed, frame.clone(), chain, &start, settings)
    };
    let advance = |chain: usize, own: &mut Option<Running<D>>, every: usize| {
        let running = match own {
            Some(running) => running,
            None => own.insert(begin(chain)?),
        };
        // A chain that was resumed has to come this far again.
        for far in (0..).map(|k| 1 << k).take_while(|far| *far <= every) {
            running.go(settings.draws, far, &mut |step| watch.step(step))?;
        }
        if every == 1 {
            watch.finished(chain, &running.kept);
        }
        Ok(running.kept.clone())
    };
    // A chain stays with the thread that began it. All wait for each other before it is decided whether they go on.
    let (next, every, together) = (AtomicUsize::new(0), AtomicUsize::new(1), Barrier::new(threads));
    let results: Mutex<BTreeMap<usize, Result<ChainDraws, SampleError>>> = Mutex::default();
    let lock = || results.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        let mut owned = Vec::new();
        loop {
            let chain = next.fetch_add(1, Ordering::Relaxed);
            let Some(kept) = resumed.get(chain) else { break };
            let mut own = None;
            let result = kept.clone().map_or_else(|| caught(chain, || advance(chain, &mut own, 1)), Ok);
            lock().insert(chain, result);
            owned.push((chain, own));
        }
        loop {
            if together.wait().is_leader() {
                let all: Option<Vec<ChainDraws>> = lock().values().map(|r| r.as_ref().ok().cloned()).collect();
                let more = all.is_some_and(|all| caught(0, || Ok(watch.go_on(&all))).unwrap_or(false));
                let next = if more { 2 * every.load(Ordering::Relaxed) } else { 0 };
                if more {
                    watch.longer(next);
                }
                every.store(next, Ordering::Relaxed);
            }
            together.wait();
            let every = every.load(Ordering::Relaxed);
            if every == 0 {
                return;
            }
            for (chain, own) in &mut owned {
                let result = caught(*chain, || advance(*chain, own, every));
                lock().insert(*chain, result);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// A panic would leave the other threads waiting.
fn caught<T>(chain: usize, work: impl FnOnce() -> Result<T, SampleError>) -> Result<T, SampleError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message =
            panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(SampleError::Engine { chain, message: message.unwrap_or_else(|| "the sampler broke".to_owned()) })
    })
}

/// Where a chain begins: Normal(center, spread), drawn anew until the density and its gradient are finite. Its stream lies beyond those of trajectories.
///
/// # Errors
/// [`SampleError::Start`] where no point is found.
pub fn starting_point<D: LogDensity>(
    density: &mut D,
    chain: usize,
    center: &[f64],
    spread: f64,
    seed: u64,
) -> Result<Vec<f64>, SampleError> {
    let mut rng = chain_rng(seed, (1 << 32) + chain as u64);
    let mut gradient = vec![0.0; center.len()];
    for attempt in 0..START_TRIES {
        let shrink = 0.95_f64.powi(attempt as i32);
        let start: Vec<f64> = center.iter().map(|c| c + spread * shrink * standard_normal(&mut rng)).collect();
        let value = density.evaluate(&start, &mut gradient);
        if value.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            return Ok(start);
        }
    }
    Err(SampleError::Start { chain, tried: START_TRIES })
}

/// A standard normal variate (Marsaglia's polar method).
pub fn standard_normal(rng: &mut impl rand::Rng) -> f64 {
    use rand::RngExt;
    loop {
        let u: f64 = rng.random::<f64>() * 2.0 - 1.0;
        let v: f64 = rng.random::<f64>() * 2.0 - 1.0;
        let s = u * u + v * v;
        if s > 0.0 && s < 1.0 {
            return u * (-2.0 * s.ln() / s).sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{ess_bulk, ess_mean, ess_tail};
    use crate::draws::Chains;

    #[derive(Clone)]
    struct StandardNormal;

    impl LogDensity for StandardNormal {
        fn dim(&self) -> usize {
            5
        }
        fn evaluate(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
            gradient.iter_mut().zip(x).for_each(|(g, x)| *g = -x);
            -0.5 * x.iter().map(|x| x * x).sum::<f64>()
        }
    }

    #[test]
    fn chains_move_where_the_motion_is_exact() {
        let settings = ChainSettings { warmup: 300, draws: 1000, seed: 2, target_accept: 0.85, max_depth: 10 };
        let frame = Arc::new(Frame::at(vec![0.0; 5]));
        let chains = sample_chains(&|| StandardNormal, &frame, 1.0, &settings, vec![None; 4], 1, &Silent).unwrap();
        for c in 0..5 {
            let x: Vec<f64> = chains.iter().flat_map(|k| k.positions.iter().skip(c).step_by(5).copied()).collect();
            let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
            let (x, squares) = (Chains::new(&x, 4), Chains::new(&squares, 4));
            let found = [ess_bulk(x), ess_tail(x), ess_mean(squares)];
            assert!(found[0] > 3000.0 && found[1] > 2000.0 && found[2] > 1000.0, "{c}: {found:?}");
        }
    }

    /// Half of it around -6, half around 6 in the first coordinate, which no trajectory crosses.
    #[derive(Clone)]
    struct TwoModes;
    const FAR: f64 = 6.0;

    impl LogDensity for TwoModes {
        fn dim(&self) -> usize {
            2
        }
        fn evaluate(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
            let side = (FAR * x[0]).tanh();
            gradient[0] = FAR * side - x[0];
            gradient[1] = -x[1];
            let ln_cosh = (FAR * x[0]).abs() + (-2.0 * (FAR * x[0]).abs()).exp().ln_1p();
            ln_cosh - 0.5 * (x[0] * x[0] + x[1] * x[1])
        }
        fn stir(&mut self, x: &mut [f64], rng: &mut rand_chacha::ChaCha8Rng) -> bool {
            use rand::RngExt;
            if rng.random::<bool>() {
                x[0] = -x[0];
            }
            true
        }
    }

    #[test]
    fn a_density_has_its_own_move_made_after_each_trajectory() {
        let settings = ChainSettings { warmup: 200, draws: 1000, seed: 3, target_accept: 0.85, max_depth: 10 };
        let frame = Arc::new(Frame::at(vec![0.5, -0.5]));
        let run = |threads| sample_chains(&|| TwoModes, &frame, 1.0, &settings, vec![None; 4], threads, &Silent);
        let chains = run(1).unwrap();
        assert_eq!(chains, run(2).unwrap());
        for chain in &chains {
            let right = chain.positions.iter().step_by(2).filter(|x| **x > 0.0).count();
            assert!((right as f64 - 500.0).abs() < 80.0, "{right}");
        }
        let from: Vec<f64> = chains.iter().flat_map(|k| k.positions.iter().step_by(2).map(|x| x.abs() - FAR)).collect();
        let mean = from.iter().sum::<f64>() / 4000.0;
        let variance = from.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.08 && (variance - 1.0).abs() < 0.12, "{mean} {variance}");
    }

    /// Goes on until chains are so many times as long, and keeps what it is told.
    #[derive(Default)]
    struct Longer {
        most: usize,
        finished: Mutex<Vec<ChainDraws>>,
        told: Mutex<Vec<usize>>,
    }

    impl Watch for Longer {
        fn step(&self, _: Step<'_>) -> bool {
            true
        }
        fn finished(&self, _: usize, draws: &ChainDraws) {
            self.finished.lock().unwrap().push(draws.clone());
        }
        fn go_on(&self, chains: &[ChainDraws]) -> bool {
            chains[0].every < self.most
        }
        fn longer(&self, times: usize) {
            self.told.lock().unwrap().push(times);
        }
    }

    #[test]
    fn chains_that_go_on_are_the_same_chains_thinned_on_any_threads_and_when_resumed() {
        let frame = Arc::new(Frame::at(vec![1.0; 5]));
        let settings = ChainSettings { warmup: 50, draws: 60, seed: 4, target_accept: 0.85, max_depth: 6 };
        let run = |settings: &ChainSettings, resumed, threads, most| {
            let watch = Longer { most, ..Longer::default() };
            let chains = sample_chains(&|| StandardNormal, &frame, 1.0, settings, resumed, threads, &watch).unwrap();
            (chains, watch.finished.into_inner().unwrap(), watch.told.into_inner().unwrap())
        };
        let (four, finished, told) = run(&settings, vec![None; 3], 1, 4);
        assert_eq!((told, finished.len()), (vec![2, 4], 3));
        let whole = run(&ChainSettings { draws: 240, ..settings }, vec![None; 3], 1, 1).0;
        for (thinned, whole) in four.iter().zip(&whole) {
            let every_fourth: Vec<f64> = whole.positions.chunks(5).skip(3).step_by(4).flatten().copied().collect();
            assert_eq!((thinned.every, &thinned.positions), (4, &every_fourth));
            assert_eq!((&thinned.energies, thinned.gradients), (&whole.energies, whole.gradients));
        }
        assert_eq!(run(&settings, vec![None; 3], 2, 4).0, four);
        let resumed = vec![None, Some(finished[1].clone()), Some(finished[2].clone())];
        assert_eq!(run(&settings, resumed.clone(), 2, 4).0, four);
        assert_eq!(run(&settings, resumed, 2, 1).0, finished);
    }

    #[test]
    fn a_broken_density_ends_the_run_on_any_threads() {
        #[derive(Clone)]
        struct Broken;
        impl LogDensity for Broken {
            fn dim(&self) -> usize {
                1
            }
            fn evaluate(&mut self, x: &[f64], _: &mut [f64]) -> f64 {
                panic!("broken at {}", x.len())
            }
        }
        let frame = Arc::new(Frame::at(vec![0.0]));
        let settings = ChainSettings { warmup: 5, draws: 6, seed: 4, target_accept: 0.85, max_depth: 6 };
        for threads in [1, 2] {
            let found = sample_chains(&|| Broken, &frame, 1.0, &settings, vec![None; 3], threads, &Silent).unwrap_err();
            assert_eq!(found.to_string(), "chain 0: broken at 1");
        }
    }
}
