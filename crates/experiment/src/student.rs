//! Student's t distribution.

use counterpoint_infer::math::{beta_cdf, beta_quantile};

/// P(|T| >= |t|) with `df` degrees of freedom.
pub(crate) fn two_sided(t: f64, df: f64) -> f64 {
    beta_cdf(df / (df + t * t), 0.5 * df, 0.5)
}

/// The t that is exceeded in size with probability `alpha`.
pub(crate) fn quantile(alpha: f64, df: f64) -> f64 {
    let x = beta_quantile(alpha, 0.5 * df, 0.5);
    (df * (1.0 - x) / x).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_t_distribution() {
        for (alpha, df, t) in [(0.05, 10.0, 2.228139), (0.10, 40.0, 1.683851), (0.01, 3.0, 5.840909)] {
            assert!((quantile(alpha, df) - t).abs() < 1e-6);
            assert!((two_sided(t, df) - alpha).abs() < 1e-7 && (two_sided(-t, df) - alpha).abs() < 1e-7);
        }
    }
}
