//! The default priors, each with its source. Every one can be replaced in the project file.

use super::prior::Prior;

/// ROI of a paid channel: median 1.22, 90 % in 0.28 to 5.4 (Meridian 1.8, `roi_m`).
pub const ROI: Prior = Prior::LogNormal { mu: 0.2, sigma: 0.9, shift: 0.0 };
/// Marginal ROI of a paid channel: median 1 (Meridian 1.8, `mroi_m`).
pub const MARGINAL_ROI: Prior = Prior::LogNormal { mu: 0.0, sigma: 0.5, shift: 0.0 };
/// Share of the outcome that a channel or organic medium brings: mean 1 % (Meridian 1.8, `contribution_m`, `contribution_om`).
pub const CONTRIBUTION: Prior = Prior::Beta { a: 1.0, b: 99.0 };
/// Share of the outcome that a treatment brings, of either sign (Meridian 1.8, `contribution_n`).
pub const TREATMENT_CONTRIBUTION: Prior = Prior::TruncatedNormal { mean: 0.0, sd: 0.1, low: -1.0, high: 1.0 };
/// Effect at full saturation in standard deviations of the outcome per head: weak, positive (after PyMC-Marketing 0.19,
/// `saturation_beta ~ HalfNormal(2)`, there on an outcome divided by its maximum).
pub const COEFFICIENT: Prior = Prior::HalfNormal { sd: 2.0 };
/// The same where effects may have either sign.
pub const SIGNED_COEFFICIENT: Prior = Prior::Normal { mean: 0.0, sd: 2.0 };
/// Retention of geometric, delayed and binomial adstock (Meridian 1.8, `alpha_m`).
pub const RETENTION: Prior = Prior::Uniform { low: 0.0, high: 1.0 };
/// Delay of delayed adstock, in periods (PyMC-Marketing 0.19).
pub const DELAY: Prior = Prior::HalfNormal { sd: 1.0 };
/// Shape of the Weibull density kernel: mean 3, sd 1 (PyMC-Marketing 0.19).
pub const WEIBULL_PDF_SHAPE: Prior = Prior::Gamma { shape: 9.0, rate: 3.0 };
/// Scale of the Weibull density kernel, in periods: mean 2, sd 1 (PyMC-Marketing 0.19).
pub const WEIBULL_PDF_SCALE: Prior = Prior::Gamma { shape: 4.0, rate: 2.0 };
/// Shape and scale of the Weibull survival kernel: mean 2, sd 2.5 (PyMC-Marketing 0.19).
pub const WEIBULL_CDF: Prior = Prior::Gamma { shape: 0.64, rate: 0.32 };
/// Half-saturation, in units of scaled exposure (Meridian 1.8, `ec_m`).
pub const HALF_SATURATION: Prior = Prior::TruncatedNormal { mean: 0.8, sd: 0.8, low: 0.1, high: 10.0 };
/// Half-saturation of frequency, in contacts (Meridian 1.8, `ec_rf`).
pub const FREQUENCY_HALF_SATURATION: Prior = Prior::LogNormal { mu: 0.7, sigma: 0.4, shift: 0.1 };
/// Hill slope of exposure: around 1, and free. A prototype on a recovery set erred by 0.14 with it free and 0.37 with it
/// fixed at 1 (mean over channels of the contribution's RMSE over its mean).
pub const SLOPE: Prior = Prior::LogNormal { mu: 0.0, sigma: 0.4, shift: 0.0 };
/// Hill slope of frequency: S-shapes allowed (Meridian 1.8, `slope_rf`).
pub const FREQUENCY_SLOPE: Prior = Prior::LogNormal { mu: 0.7, sigma: 0.4, shift: 0.0 };
/// Rate of logistic saturation (PyMC-Marketing 0.19, `lam`).
pub const LOGISTIC_RATE: Prior = Prior::Gamma { shape: 3.0, rate: 1.0 };
/// Scale of tanh saturation (PyMC-Marketing 0.19, `c`), kept away from zero, where the curve is a step.
pub const TANH_SCALE: Prior = Prior::Gamma { shape: 3.0, rate: 2.0 };
/// Power of root saturation (PyMC-Marketing 0.19, `alpha`).
pub const ROOT_POWER: Prior = Prior::Beta { a: 1.0, b: 2.0 };
/// Spread of a driver's effect over geos, on the log scale for positive effects: geos seldom differ by more than a factor of e.
/// Tighter than Meridian's HalfNormal(1) (`eta_m`), whose own guide advises to shrink it where geos tell little: on the public
/// recovery sets the error fell from 0.326 to 0.318 (growing) and stayed at 0.113 (medium).
pub const GEO_SPREAD: Prior = Prior::HalfNormal { sd: 0.5 };
/// Noise, in standard deviations of the outcome per head (Meridian 1.8, `sigma`).
pub const SIGMA: Prior = Prior::HalfNormal { sd: 5.0 };
/// Degrees of freedom of Student-t noise (Juarez and Steel 2010).
pub const STUDENT_DF: Prior = Prior::Gamma { shape: 2.0, rate: 0.1 };
/// Autocorrelation of the noise: sales are seldom negatively autocorrelated, and a unit root belongs to the trend.
pub const AR1: Prior = Prior::TruncatedNormal { mean: 0.0, sd: 0.5, low: -0.95, high: 0.95 };
/// Step of the trend from knot to knot, in standard deviations of the outcome per head.
pub const TREND_STEP: Prior = Prior::HalfNormal { sd: 0.3 };
/// Spread of levels over geos, in standard deviations of the outcome per head, which hold that spread already. Zero is
/// avoided (Chung et al. 2013): levels of geos do differ, and with few geos a corner where they do not, and media make up for it, only
/// traps the sampler.
pub const LEVEL_SPREAD: Prior = Prior::Gamma { shape: 2.0, rate: 2.0 };
/// Spread of a control's slope over geos.
pub const CONTROL_SPREAD: Prior = Prior::HalfNormal { sd: 1.0 };
/// Spread of a season's coefficients over geos.
pub const SEASON_SPREAD: Prior = Prior::HalfNormal { sd: 0.3 };
/// Slope of a creator's log effect a view on log followers: followers are a cost driver, not an effect driver (revenue a follower falls
/// with size in Beichert et al. 2024, views less so in Tian et al. 2024).
pub const CREATOR_FOLLOWERS_SLOPE: Prior = Prior::Normal { mean: -0.25, sd: 0.15 };
/// Slope of a creator's log effect a view on a standardised covariate.
pub const CREATOR_SLOPE: Prior = Prior::Normal { mean: 0.0, sd: 0.3 };
/// Spread of creators' log effect a view on one platform (judgement; Leung et al. 2022 find one standard deviation of originality,
/// fit or followers to move results by a tenth each).
pub const CREATOR_SPREAD: Prior = Prior::HalfNormal { sd: 0.7 };
/// Logarithm of the new over the old count of the same attention, where a platform changed what a view is (own: around none, since an export may have
/// one count throughout; 90 % from 0.44 to 2.3 times. Both known changes count more starts of the same videos, by a factor that neither
/// platform tells.)
pub const VIEW_STEP: Prior = Prior::Normal { mean: 0.0, sd: 0.5 };
/// Share of a creator's incremental orders that codes and links see: mean 30 %, 90 % in 10 % to 55 % (published claims run from 10 % to 40 %).
pub const CAPTURE: Prior = Prior::Beta { a: 3.0, b: 7.0 };
/// Spread of creators' logit capture rates around their platform's.
pub const CAPTURE_SPREAD: Prior = Prior::HalfNormal { sd: 0.7 };
/// Share of all orders that use a creator's code without the creator's doing: median 1 in 10,000, with room for a code on a coupon site.
pub const LEAK: Prior = Prior::LogNormal { mu: -9.2, sigma: 1.5, shift: 0.0 };
/// Square root of the inverse dispersion of tracked orders, around zero, which is Poisson (Stan's prior recommendations).
pub const TRACKED_DISPERSION: Prior = Prior::HalfNormal { sd: 0.5 };
/// Standard deviation of the common level.
pub const LEVEL_SD: f64 = 5.0;
/// Standard deviation of a free knot (Meridian 1.8, `knot_values`).
pub const KNOT_SD: f64 = 5.0;
/// Standard deviation of a control's slope, the control being standardised (PyMC-Marketing 0.19, `gamma_control`).
pub const CONTROL_SD: f64 = 2.0;
/// Standard deviation of a season's coefficient.
pub const SEASON_SD: f64 = 1.0;
/// Standard deviation of a holiday's effect.
pub const HOLIDAY_SD: f64 = 1.0;
/// Longest carry-over in weeks, and in days (Meridian 1.8, `max_lag` = 8).
pub const MAX_LAG_WEEKS: usize = 8;
/// Longest carry-over of daily data.
pub const MAX_LAG_DAYS: usize = 56;
/// Scale of the hidden demand that goes with one standard deviation of a driver's exposure, in standard deviations of the outcome per head
/// (own: at its median, spend that is high by one of its own standard deviations tells of demand that is high by a third).
pub const HIDDEN_DEMAND: Prior = Prior::HalfNormal { sd: 0.5 };
/// Drift of a driver's effect in a year, as a standard deviation of its logarithm, that widens experiments from outside of the data
/// (own: with it, a year-old test of a precise effect counts about as one with a standard error of 30 % of the lift).
pub const EXPERIMENT_DRIFT: f64 = 0.3;

/// The default ROI prior where a counted outcome has no value in money: all paid media together bring 40 % of the outcome,
/// with a standard deviation of 20 %, the same ROI for each channel (Meridian 1.8, total paid media contribution).
pub fn roi_of_total_contribution(outcome_total: f64, spends: &[f64]) -> Prior {
    let total: f64 = spends.iter().sum();
    let squares: f64 = spends.iter().map(|s| s * s).sum();
    let mean = 0.4 * outcome_total / total;
    let sd = 0.2 * outcome_total / squares.sqrt();
    let variance = (sd / mean).powi(2).ln_1p();
    Prior::LogNormal { mu: mean.ln() - 0.5 * variance, sigma: variance.sqrt(), shift: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_contribution_prior_matches_the_published_case() {
        // Meridian, prior_distribution_test.py:1747.
        let Prior::LogNormal { mu, sigma, .. } = roi_of_total_contribution(1.0, &[1.0, 2.0, 3.0]) else {
            unreachable!("always log-normal");
        };
        assert!((mu - -2.956_269).abs() < 1e-6 && (sigma - 0.704_583).abs() < 1e-6);
    }
}
