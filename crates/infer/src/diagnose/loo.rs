//! Leave-one-out predictive accuracy by Pareto-smoothed importance sampling.

/// Share of the prior in the shape of the tail: worth 10 draws at 1/2 (Vehtari et al. 2024).
const SHAPE_PRIOR_DRAWS: f64 = 10.0;
/// Fewest tail draws to which a Pareto distribution is fitted.
const MIN_TAIL: usize = 5;

/// The result for one observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LooPoint {
    /// Expected log predictive density of the observation, when left out.
    pub elpd: f64,
    /// Shape k of the importance weights' tail; +infinity when the tail is too short or too even to tell (so also when
    /// every draw gives the observation the same density).
    pub pareto_k: f64,
    /// Log predictive density of the observation when it is not left out, minus `elpd`: its share of `p_loo`.
    pub p_loo: f64,
}

/// The result over all observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Loo {
    /// Expected log predictive density, the sum over the observations; larger is better.
    pub elpd: f64,
    /// Standard error of `elpd`: sqrt(n variance of the points), divisor n.
    pub se: f64,
    /// Effective number of parameters.
    pub p_loo: f64,
    /// Largest k that can be trusted with this many draws: min(1 - 1 / log10(draws), 0.7) (Vehtari et al. 2024).
    pub good_k: f64,
    /// Each observation.
    pub points: Vec<LooPoint>,
}

impl Loo {
    /// The observations whose k is too large for their own `elpd`, and hence the sum, to be trusted.
    pub fn untrusted(&self) -> Vec<usize> {
        (0..self.points.len())
            .filter(|i| self.points[*i].pareto_k.is_nan() || self.points[*i].pareto_k > self.good_k)
            .collect()
    }
}

/// PSIS-LOO (Vehtari, Gelman, Gabry 2017, Statistics and Computing 27, 1413-1432; smoothing after Vehtari et al. 2024, JMLR 25(72)).
///
/// `log_likelihood(i, out)` writes the log density of observation `i` under each of the `draws` draws; one observation is held at a
/// time. `relative_efficiency` is effective draws per draw, 1 when unknown; it sets how many of the largest
/// weights are smoothed: min(draws / 5, 3 sqrt(draws / relative_efficiency)). A log density that is not finite makes its point, and
/// the sums, NaN with k = +infinity.
pub fn loo(
    draws: usize,
    observations: usize,
    relative_efficiency: f64,
    mut log_likelihood: impl FnMut(usize, &mut [f64]),
) -> Loo {
    let mut log_density = vec![0.0; draws];
    let mut point = |i| {
        log_density.fill(f64::NAN);
        log_likelihood(i, &mut log_density);
        leave_out(&log_density, relative_efficiency)
    };
    let points: Vec<LooPoint> = (0..observations).map(&mut point).collect();
    let n = observations as f64;
    let elpd: f64 = points.iter().map(|p| p.elpd).sum();
    let spread: f64 = points.iter().map(|p| (p.elpd - elpd / n).powi(2)).sum();
    Loo {
        elpd,
        se: spread.sqrt(),
        p_loo: points.iter().map(|p| p.p_loo).sum(),
        good_k: (1.0 - 1.0 / (draws as f64).log10()).min(0.7),
        points,
    }
}

/// One observation: ln of the mean of its density under the draws, weighted by the smoothed inverse of that density.
fn leave_out(log_density: &[f64], relative_efficiency: f64) -> LooPoint {
    if log_density.is_empty() || log_density.iter().any(|v| !v.is_finite()) {
        return LooPoint { elpd: f64::NAN, pareto_k: f64::INFINITY, p_loo: f64::NAN };
    }
    let smallest = log_density.iter().copied().fold(f64::INFINITY, f64::min);
    let mut log_weights: Vec<f64> = log_density.iter().map(|v| smallest - v).collect();
    let pareto_k = smooth_tail(&mut log_weights, relative_efficiency);
    let weight = log_sum_exp(log_weights.iter().copied());
    let elpd = log_sum_exp(log_weights.iter().zip(log_density).map(|(w, v)| w + v)) - weight;
    let within = log_sum_exp(log_density.iter().copied()) - (log_density.len() as f64).ln();
    LooPoint { elpd, pareto_k, p_loo: within - elpd }
}

/// Replaces the largest weights by the quantiles of the generalised Pareto distribution that fits them, none above the largest
/// raw one; returns its shape. `log_weights` have their maximum at 0.
fn smooth_tail(log_weights: &mut [f64], relative_efficiency: f64) -> f64 {
    let draws = log_weights.len() as f64;
    let wanted = (draws / 5.0).min(3.0 * (draws / relative_efficiency).sqrt()).ceil() as usize + 1;
    if wanted > log_weights.len() {
        return f64::INFINITY;
    }
    let mut scratch = log_weights.to_vec();
    let place = scratch.len() - wanted;
    let cutoff = scratch.select_nth_unstable_by(place, f64::total_cmp).1.max(f64::MIN_POSITIVE.ln());
    let mut tail: Vec<usize> = (0..log_weights.len()).filter(|i| log_weights[*i] > cutoff).collect();
    if tail.len() < MIN_TAIL {
        return f64::INFINITY;
    }
    tail.sort_by(|a, b| log_weights[*a].total_cmp(&log_weights[*b]));
    let offset = cutoff.exp();
    let excess: Vec<f64> = tail.iter().map(|i| log_weights[*i].exp() - offset).collect();
    let (k, sigma) = fit_generalised_pareto(&excess);
    if !(k.is_finite() && sigma > 0.0) {
        return f64::INFINITY;
    }
    for (rank, i) in tail.iter().enumerate() {
        let p = (rank as f64 + 0.5) / tail.len() as f64;
        log_weights[*i] = (pareto_quantile(p, k, sigma) + offset).ln().min(0.0);
    }
    k
}

/// Shape and scale of the generalised Pareto distribution that fits ascending positive numbers: the posterior mean
/// over a grid of Zhang & Stephens (2009, Technometrics 51, 316-325), the shape drawn a little towards 1/2.
fn fit_generalised_pareto(sorted: &[f64]) -> (f64, f64) {
    const PRIOR_SCALE: f64 = 3.0;
    let n = sorted.len() as f64;
    let size = 30 + n.sqrt() as usize;
    let quartile = sorted[(n / 4.0 + 0.5) as usize - 1];
    let largest = sorted[sorted.len() - 1];
    let shape = |b: f64| sorted.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / n;
    let grid: Vec<f64> = (1..=size)
        .map(|j| (1.0 - (size as f64 / (j as f64 - 0.5)).sqrt()) / (PRIOR_SCALE * quartile) + 1.0 / largest)
        .collect();
    let likelihood: Vec<f64> = grid
        .iter()
        .map(|b| {
            let k = shape(*b);
            n * ((-(b / k)).ln() - k - 1.0)
        })
        .collect();
    let weights: Vec<f64> =
        likelihood.iter().map(|own| 1.0 / likelihood.iter().map(|other| (other - own).exp()).sum::<f64>()).collect();
    let kept = |weight: f64| if weight >= 10.0 * f64::EPSILON { weight } else { 0.0 };
    let total: f64 = weights.iter().map(|w| kept(*w)).sum();
    let b = grid.iter().zip(&weights).map(|(b, w)| b * (kept(*w) / total)).sum();
    let raw = shape(b);
    ((n * raw + SHAPE_PRIOR_DRAWS * 0.5) / (n + SHAPE_PRIOR_DRAWS), -raw / b)
}

/// The p-quantile of a generalised Pareto distribution, 0 < p < 1, sigma > 0.
fn pareto_quantile(p: f64, k: f64, sigma: f64) -> f64 {
    let exponential = -(-p).ln_1p();
    sigma * if k.abs() < f64::EPSILON { exponential } else { (k * exponential).exp_m1() / k }
}

/// ln of the sum of the exponentials.
fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    largest + values.map(|v| (v - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::norm_quantile;

    /// Log densities of y under N(mu, 1) with 4000 well-spread draws of mu ~ N(0, sd).
    fn normal(y: f64, sd: f64) -> impl FnMut(usize, &mut [f64]) {
        move |_, out: &mut [f64]| {
            for (d, v) in out.iter_mut().enumerate() {
                let mu = sd * norm_quantile(((d + 1) as f64 * 0.618_033_988_749_894_8).fract());
                *v = -0.5 * (y - mu).powi(2) - 0.918_938_533_204_672_7;
            }
        }
    }

    #[test]
    fn a_narrow_posterior_loses_next_to_nothing_by_leaving_out() {
        // Weights of variance s^2: the left-out posterior is N(-s^2 y, s^2) / (1 - s^2), in closed form.
        let (y, s2) = (0.7, 0.01_f64);
        let variance = 1.0 / (1.0 / s2 - 1.0);
        let mean = -y * variance;
        let exact =
            -0.5 * (y - mean).powi(2) / (1.0 + variance) - 0.5 * (1.0 + variance).ln() - 0.918_938_533_204_672_7;
        let found = loo(4000, 3, 1.0, normal(y, s2.sqrt()));
        assert!((found.points[1].elpd - exact).abs() < 1e-4, "{} {exact}", found.points[1].elpd);
        assert!((found.elpd - 3.0 * exact).abs() < 3e-4 && found.se < 1e-9);
        assert!(found.p_loo > 0.0 && found.p_loo < 0.1);
        assert!(found.untrusted().is_empty());
    }

    #[test]
    fn an_outlier_that_the_draws_bend_to_is_not_trusted() {
        let found = loo(4000, 1, 1.0, normal(30.0, 0.9));
        assert_eq!(found.untrusted(), [0]);
    }

    #[test]
    fn broken_and_degenerate_densities_are_told_and_never_panic() {
        let found = loo(100, 2, 1.0, |i, out| out.fill(if i == 0 { -1.5 } else { f64::NEG_INFINITY }));
        assert!((found.points[0].elpd + 1.5).abs() < 1e-13 && found.points[0].pareto_k == f64::INFINITY);
        assert!(found.points[1].elpd.is_nan() && found.elpd.is_nan() && found.se.is_nan());
        assert_eq!(found.untrusted(), [0, 1]);
        for draws in 0..30 {
            let found = loo(draws, 1, 1.0, normal(0.3, 0.2));
            assert_eq!(found.points[0].elpd.is_nan(), draws == 0);
        }
        assert_eq!(loo(100, 0, 1.0, |_, _| ()).elpd, 0.0);
    }
}
