//! Simulation-based calibration of the user's own specification (Talts et al. 2018): truths drawn from the priors, outcomes drawn from the model on the user's own
//! spend, a fit; the rank of each truth among the draws is uniform if nothing is wrong.

use super::refit::{Asking, Base, returns};
use super::{Purpose, stream};
use crate::model::build::Model;
use crate::model::evidence::paid;
use crate::model::experiment::Target;
use crate::model::fit;
use crate::project::SamplerSpec;
use crate::simulate::from_model_prior;
use counterpoint_infer::diagnose::{Status, rhat};
use counterpoint_infer::draws::Chains;
use counterpoint_infer::nuts::SampleError;
use rand::RngExt;

/// Ranks run from 0 to this number.
pub const KEPT: usize = 63;
/// Bins of ranks.
const BINS: usize = 8;
/// Chains, warm-up and kept draws of each fit.
const FIT: (usize, usize, usize) = (2, 300, 300);
/// Draws of a fit in all, its pilot's among them.
pub(super) const STEPS: u64 = 2 * 500 + 2 * 600;
/// A probability of such ranks below this, over the number of quantities, fails.
const CHANCE: f64 = 0.01;

/// Ranks of one market: each driver's effect, then the noise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranks(Vec<usize>);

/// Ranks of one quantity over all markets.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// What is ranked.
    pub name: String,
    /// Markets by bin of the rank.
    pub bins: Vec<usize>,
    /// Probability of bins at least as uneven.
    pub p: f64,
}

/// All quantities.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Quantities.
    pub ranked: Vec<Ranked>,
    /// Markets.
    pub markets: usize,
}

/// Draws market `k`, fits it, and ranks its truths.
pub(super) fn calibrate(
    base: &Base<'_>,
    k: usize,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<(Ranks, f64), SampleError> {
    let seed = chain_seed(base, k);
    let scale = base.model.scale;
    let (drawn, values) = from_model_prior(&base.model, base.data, seed);
    let truth = returns(&base.model, &[base.model.parameters.position(&values)]);
    let sampler = SamplerSpec {
        chains: FIT.0,
        warmup: FIT.1,
        draws: FIT.2,
        longest: Some(1),
        seed,
        ..base.project.sampler.clone()
    };
    let watch = Asking(go_on);
    let prepared = fit::prepare(Model::with_scale(base.project, &drawn, scale), &sampler, 1, &watch)?;
    let chains = fit::run(&prepared, &sampler, vec![None; FIT.0], 1, &watch)?;
    let dim = prepared.model.parameters.sampled().max(1);
    let positions: Vec<Vec<f64>> =
        chains.iter().flat_map(|c| c.positions.chunks_exact(dim)).map(<[f64]>::to_vec).collect();
    let found = returns(&prepared.model, &positions);
    let sigma = base.model.noise.sigma[0];
    let noise: Vec<f64> = positions.iter().map(|p| prepared.model.parameters.values(p)[sigma]).collect();
    let mut worst = f64::NAN;
    let mut rng = counterpoint_infer::nuts::chain_rng(seed, stream(Purpose::Calibration, k));
    let mut rank = |truth: f64, draws: &[f64]| {
        worst = worst.max(rhat(Chains::new(draws, FIT.0)));
        let kept = (0..KEPT).map(|i| draws[(i + 1) * draws.len() / (KEPT + 1)]);
        // What the prior holds fixed ties; ties are broken at random.
        kept.map(|d| usize::from(d < truth || (d == truth && rng.random::<f64>() < 0.5))).sum()
    };
    let mut ranks: Vec<usize> = (0..base.model.drivers.len())
        .map(|m| rank(truth[m][0][1], &found[m].iter().map(|d| d[1]).collect::<Vec<_>>()))
        .collect();
    ranks.push(rank(values[sigma], &noise));
    Ok((Ranks(ranks), worst))
}

fn chain_seed(base: &Base<'_>, k: usize) -> u64 {
    base.project.sampler.seed.wrapping_add(1_000_003 * (k as u64 + 1))
}

impl Calibration {
    pub(super) fn of(base: &Base<'_>, markets: &[Ranks]) -> Option<Calibration> {
        if markets.is_empty() {
            return None;
        }
        let names = (0..base.model.drivers.len()).map(|m| paid(&base.model, Target::Driver(m)).0);
        let ranked = names.chain(["noise".to_owned()]).enumerate().map(|(i, name)| {
            let mut bins = vec![0; BINS];
            markets.iter().for_each(|m| bins[m.0[i] * BINS / (KEPT + 1)] += 1);
            let expected = markets.len() as f64 / BINS as f64;
            let chi: f64 = bins.iter().map(|&b| (b as f64 - expected).powi(2) / expected).sum();
            Ranked { name, bins, p: chi_square_above(chi) }
        });
        Some(Calibration { ranked: ranked.collect(), markets: markets.len() })
    }

    /// Fails where ranks are more uneven than chance explains.
    pub fn status(&self) -> Status {
        let level = CHANCE / self.ranked.len() as f64;
        if self.ranked.iter().any(|r| r.p < level) { Status::Fail } else { Status::Ok }
    }
}

/// Probability that a chi-square variate of seven degrees of freedom exceeds `x` (closed form for odd degrees).
fn chi_square_above(x: f64) -> f64 {
    let root = x.sqrt();
    let normal = 2.0 * counterpoint_infer::math::norm_cdf(-root);
    let density = (2.0 / std::f64::consts::PI).sqrt() * (-0.5 * x).exp();
    normal + density * (root + root.powi(3) / 3.0 + root.powi(5) / 15.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_chi_square_is_that_of_the_tables() {
        // Seven degrees of freedom: 14.067 at 5 %, 18.475 at 1 %.
        assert!((chi_square_above(14.067_14) - 0.05).abs() < 1e-6);
        assert!((chi_square_above(18.475_31) - 0.01).abs() < 1e-6);
        assert!((chi_square_above(0.0) - 1.0).abs() < 1e-12);
    }
}
