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
    let mut probe = density();
    let start = starting_point(&mut probe, chain, center, spread, settings.seed)?;
    run_chain(probe, chain, &start, settings, &mut |step| watch.step(step))
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
        let chains = sample_chains(&|| StandardNormal, &[0.0; 5], 1.0, &settings, vec![None; 4], 1, &Silent).unwrap();
        for c in 0..5 {
            let x: Vec<f64> = chains.iter().flat_map(|k| k.positions.iter().skip(c).step_by(5).copied()).collect();
            let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
            let (x, squares) = (Chains::new(&x, 4), Chains::new(&squares, 4));
            let found = [ess_bulk(x), ess_tail(x), ess_mean(squares)];
            assert!(found[0] > 3000.0 && found[1] > 2000.0 && found[2] > 1000.0, "{c}: {found:?}");
        }
    }
}
