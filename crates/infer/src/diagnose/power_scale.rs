//! Power-scaling: how much a conclusion moves when the prior, or the likelihood, is made a little stronger or weaker.
//!
//! After Kallioinen, Paananen, Bürkner and Vehtari (2024), "Detecting and diagnosing prior and likelihood sensitivity with power-scaling",
//! Statistics and Computing 34, 57.

/// Exponents that a component is raised to.
const ALPHAS: [f64; 2] = [0.99, 1.01];
/// From this sensitivity on, a component matters (section 3.4 of the paper).
pub const SENSITIVE: f64 = 0.05;

/// Sensitivity of a quantity to one component of the density: the cumulative Jensen-Shannon distance between its distribution as it is and with
/// the component raised to the power alpha, a doubling of alpha, from alpha = 0.99 and 1.01. `values` are the draws of the quantity,
/// `log_component` the logarithm of the component at each. NaN where either is not finite, 0 where the quantity does not move.
///
/// The importance weights are used as they are: with alpha so near to one their tails need no smoothing.
pub fn power_sensitivity(values: &[f64], log_component: &[f64]) -> f64 {
    if values.len() < 2 || values.iter().chain(log_component).any(|x| !x.is_finite()) {
        return f64::NAN;
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let sorted: Vec<f64> = order.iter().map(|&i| values[i]).collect();
    let middle = log_component.iter().sum::<f64>() / log_component.len() as f64;
    let one = |alpha: f64| {
        let weights: Vec<f64> = order.iter().map(|&i| ((alpha - 1.0) * (log_component[i] - middle)).exp()).collect();
        let backwards: Vec<f64> = sorted.iter().rev().map(|x| -x).collect();
        let weights_backwards: Vec<f64> = weights.iter().rev().copied().collect();
        let far = distance(&sorted, &weights).max(distance(&backwards, &weights_backwards));
        far / alpha.log2().abs()
    };
    ALPHAS.iter().map(|&alpha| one(alpha)).sum::<f64>() / ALPHAS.len() as f64
}

/// Cumulative Jensen-Shannon distance between ascending `values` with equal weights and with `weights`, normalised to \[0, 1\]
/// (Nguyen and Vreeken 2015; base 2).
fn distance(values: &[f64], weights: &[f64]) -> f64 {
    let n = values.len() as f64;
    let total: f64 = weights.iter().sum();
    let (mut of_p, mut of_q, mut sum, mut q) = (0.0, 0.0, 0.0, 0.0);
    for (i, pair) in values.windows(2).enumerate() {
        let width = pair[1] - pair[0];
        let p = (i + 1) as f64 / n;
        q += weights[i] / total;
        let middle = (0.5 * (p + q)).log2();
        sum += width * (p * (p.log2() - middle) + q * (q.log2() - middle));
        of_p += width * p;
        of_q += width * q;
    }
    // The two integrals' own differences cancel in the sum of both directions.
    if of_p + of_q > 0.0 { (sum.max(0.0) / (of_p + of_q)).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::norm_quantile;

    /// Draws of Normal(m, s), evenly spaced in probability.
    fn normal(m: f64, s: f64) -> Vec<f64> {
        (0..4000).map(|i| m + s * norm_quantile((f64::from(i) + 0.5) / 4000.0)).collect()
    }

    /// Prior Normal(0, 1), likelihood Normal(5, sd): the posterior is known.
    fn conflict(sd: f64) -> [f64; 2] {
        let precision = 1.0 + 1.0 / (sd * sd);
        let draws = normal(5.0 / (sd * sd) / precision, precision.powf(-0.5));
        let prior: Vec<f64> = draws.iter().map(|x| -0.5 * x * x).collect();
        let likelihood: Vec<f64> = draws.iter().map(|x| -0.5 * ((x - 5.0) / sd).powi(2)).collect();
        [power_sensitivity(&draws, &prior), power_sensitivity(&draws, &likelihood)]
    }

    #[test]
    fn conflict_strong_prior_and_strong_data_are_told_apart() {
        let [prior, likelihood] = conflict(1.0);
        assert!(prior > SENSITIVE && likelihood > SENSITIVE, "{prior} {likelihood}");
        let [prior, likelihood] = conflict(100.0);
        assert!(prior > SENSITIVE && likelihood < SENSITIVE, "{prior} {likelihood}");
        let draws = normal(0.3, 0.05);
        let flat: Vec<f64> = draws.iter().map(|x| -0.5 * (x / 10.0_f64).powi(2)).collect();
        let data: Vec<f64> = draws.iter().map(|x| -0.5 * ((x - 0.3) / 0.05).powi(2)).collect();
        assert!(power_sensitivity(&draws, &flat) < SENSITIVE);
        assert!(power_sensitivity(&draws, &data) > SENSITIVE);
    }

    #[test]
    fn scale_and_sign_of_the_quantity_do_not_matter_and_nothing_moves_a_constant() {
        let draws = normal(1.0, 2.0);
        let component: Vec<f64> = draws.iter().map(|x| -0.1 * x * x).collect();
        let here = power_sensitivity(&draws, &component);
        let turned: Vec<f64> = draws.iter().map(|x| -100.0 * x).collect();
        assert!((power_sensitivity(&turned, &component) / here - 1.0).abs() < 1e-9);
        assert_eq!(power_sensitivity(&vec![3.0; 4000], &component), 0.0);
        assert!(power_sensitivity(&[1.0, f64::NAN], &[0.0, 0.0]).is_nan());
    }
}
