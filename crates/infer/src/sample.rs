//! Chains side by side: the same draws on any number of threads.

use crate::log_density::LogDensity;
use crate::nuts::{ChainDraws, ChainSettings, SampleError, Step, chain_rng, run_chain};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many starting points are tried before a chain gives up.
pub const START_TRIES: usize = 100;

/// Watches a run: sees every draw, and keeps the chains that are finished.
pub trait Watch: Sync {
    /// One more draw; `false` asks all chains to stop.
    fn step(&self, step: Step<'_>) -> bool;

    /// A chain is finished.
    fn finished(&self, chain: usize, draws: &ChainDraws);
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

/// Runs `resumed.len()` chains; those that are already there are taken as they are.
///
/// `density` makes a chain's own density; `center` and `spread` (both `[dim]`) say where chains begin: Normal(center, spread),
/// drawn anew until the density is finite. Every chain has its own random stream of `settings.seed`, so neither the number of
/// threads nor which chains were resumed changes a draw.
///
/// # Errors
/// The error of the lowest chain that failed; see [`SampleError`].
pub fn sample_chains<D: LogDensity + Send + 'static>(
    density: &(dyn Fn() -> D + Sync),
    center: &[f64],
    spread: f64,
    settings: &ChainSettings,
    resumed: Vec<Option<ChainDraws>>,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Vec<ChainDraws>, SampleError> {
    let chains = resumed.len();
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<ChainDraws, SampleError>>>> =
        resumed.into_iter().map(|done| Mutex::new(done.map(Ok))).collect();
    let work = || {
        loop {
            let chain = next.fetch_add(1, Ordering::Relaxed);
            if chain >= chains {
                return;
            }
            let mut slot = slots[chain].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if slot.is_none() {
                let result = one_chain(density, chain, center, spread, settings, watch);
                if let Ok(draws) = &result {
                    watch.finished(chain, draws);
                }
                *slot = Some(result);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.clamp(1, chains.max(1)) {
            scope.spawn(work);
        }
        work();
    });
    slots
        .into_iter()
        .map(|slot| {
            let result = slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            result.unwrap_or(Err(SampleError::Stopped))
        })
        .collect()
}

fn one_chain<D: LogDensity + Send + 'static>(
    density: &(dyn Fn() -> D + Sync),
    chain: usize,
    center: &[f64],
    spread: f64,
    settings: &ChainSettings,
    watch: &dyn Watch,
) -> Result<ChainDraws, SampleError> {
    // Streams of starting points lie beyond those of the trajectories.
    let mut rng = chain_rng(settings.seed, (1 << 32) + chain as u64);
    let mut probe = density();
    let mut gradient = vec![0.0; center.len()];
    for attempt in 0..START_TRIES {
        let shrink = 0.95_f64.powi(attempt as i32);
        let start: Vec<f64> = center.iter().map(|c| c + spread * shrink * standard_normal(&mut rng)).collect();
        let value = probe.evaluate(&start, &mut gradient);
        if value.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            return run_chain(probe, chain, &start, settings, &mut |step| watch.step(step));
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
