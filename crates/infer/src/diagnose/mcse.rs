//! Monte Carlo standard errors: how far a printed summary may be off because the draws are finitely many.

use super::ess::{ess_mean, ess_mean_of, ess_quantile};
use crate::draws::{Chains, mean, sd, sorted};
use crate::math::beta_quantile;

/// Standard error of the mean: sd / sqrt(ESS of the mean). NaN where [`ess_mean`] is.
pub fn mcse_mean(chains: Chains<'_>) -> f64 {
    sd(chains.values()) / ess_mean(chains).sqrt()
}

/// Standard error of the standard deviation, by the delta method: with y = (x - mean)^2, sqrt((mean(y^2) - mean(y)^2) / (4 mean(y)
/// ESS(y))) (Kenney & Keeping 1951; as in posterior and ArviZ). NaN where [`ess_mean`] is.
pub fn mcse_sd(chains: Chains<'_>) -> f64 {
    let centre = mean(chains.values());
    let square = |v: f64| (v - centre) * (v - centre);
    let ess = ess_mean_of(chains, square);
    let squares: Vec<f64> = chains.values().iter().map(|v| square(*v)).collect();
    let second = mean(&squares);
    let fourth = squares.iter().map(|y| y * y).sum::<f64>() / squares.len() as f64;
    ((fourth - second * second) / ess / second / 4.0).sqrt()
}

/// Standard error of the `p`-quantile, 0 < p < 1: half the distance between the draws at the 16 % and 84 % quantile of
/// Beta(ESS p + 1, ESS (1 - p) + 1) (Vehtari et al. 2021, section 4). NaN where [`ess_quantile`] is.
pub fn mcse_quantile(chains: Chains<'_>, p: f64) -> f64 {
    let ess = ess_quantile(chains, p);
    if ess.is_nan() {
        return f64::NAN;
    }
    let sorted = sorted(chains.values());
    let last = (sorted.len() - 1) as f64;
    let place = |probability| beta_quantile(probability, ess * p + 1.0, ess * (1.0 - p) + 1.0) * (last + 1.0) - 1.0;
    // One standard deviation of a normal to each side.
    let low = place(0.158_655_3).floor().clamp(0.0, last);
    let high = place(0.841_344_7).ceil().clamp(0.0, last);
    0.5 * (sorted[high as usize] - sorted[low as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::norm_quantile;

    /// 4 x 1000 well-spread normal draws (a golden-ratio sequence).
    fn normal() -> Vec<f64> {
        (1..=4000).map(|i| norm_quantile((f64::from(i) * 0.618_033_988_749_894_8).fract())).collect()
    }

    #[test]
    fn errors_scale_with_the_unit_of_the_draws() {
        let x = normal();
        let tenfold: Vec<f64> = x.iter().map(|v| 10.0 * v).collect();
        let errors = |v: &[f64]| {
            let chains = Chains::new(v, 4);
            [mcse_mean(chains), mcse_sd(chains), mcse_quantile(chains, 0.05), mcse_quantile(chains, 0.5)]
        };
        for (one, ten) in errors(&x).iter().zip(errors(&tenfold)) {
            assert!(*one > 0.0 && (ten / one - 10.0).abs() < 1e-6, "{one} {ten}");
        }
    }

    #[test]
    fn what_cannot_be_judged_is_nan() {
        for values in [vec![], vec![1.0; 40], vec![f64::NAN; 40]] {
            let chains = Chains::new(&values, 4);
            assert!(mcse_mean(chains).is_nan() && mcse_sd(chains).is_nan() && mcse_quantile(chains, 0.5).is_nan());
        }
        assert!(mcse_quantile(Chains::new(&normal(), 4), -0.5).is_nan());
    }
}
