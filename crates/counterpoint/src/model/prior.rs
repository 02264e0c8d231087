//! Prior distributions of scalar parameters, and their maps to the real line.
//!
//! A sampled parameter lives on the real line as `u`; [`Prior::at`] maps it to its value and gives the log density of `u`
//! (the Jacobian included), both with their slopes. Where it can, the map makes `u` standard normal a priori, so that the
//! sampler starts on the right scale.

use counterpoint_infer::math::{ln_gamma, norm_cdf, norm_quantile};
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;

/// A prior of one scalar parameter, written as people know it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "dist", rename_all = "kebab-case")]
pub enum Prior {
    /// Normal(mean, sd).
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, > 0.
        sd: f64,
    },
    /// shift + exp(Normal(mu, sigma)).
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, > 0.
        sigma: f64,
        /// Lower end of the support.
        shift: f64,
    },
    /// |Normal(0, sd)|.
    HalfNormal {
        /// Scale, > 0.
        sd: f64,
    },
    /// Normal(mean, sd) restricted to (low, high).
    TruncatedNormal {
        /// Mean before truncation.
        mean: f64,
        /// Standard deviation before truncation, > 0.
        sd: f64,
        /// Lower bound, finite.
        low: f64,
        /// Upper bound, finite, > low.
        high: f64,
    },
    /// Beta(a, b) on (0, 1).
    Beta {
        /// First shape, > 0.
        a: f64,
        /// Second shape, > 0.
        b: f64,
    },
    /// Uniform on (low, high).
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound, > low.
        high: f64,
    },
    /// Gamma(shape, rate).
    Gamma {
        /// Shape, > 0.
        shape: f64,
        /// Rate, > 0.
        rate: f64,
    },
    /// A constant: the parameter is not sampled.
    Fixed {
        /// Its value.
        value: f64,
    },
}

/// A parameter at a point of the real line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At {
    /// Value of the parameter.
    pub value: f64,
    /// d value / d u.
    pub slope: f64,
    /// Log density of `u`, up to a constant.
    pub log_density: f64,
    /// d log density / d u.
    pub log_density_slope: f64,
}

const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_7;

fn logistic(u: f64) -> f64 {
    if u >= 0.0 {
        1.0 / (1.0 + (-u).exp())
    } else {
        let e = u.exp();
        e / (1.0 + e)
    }
}

/// 2 P(0 < Z < q) for small q: sqrt(2/pi) (q - q^3/6 + q^5/40 - q^7/336 + q^9/3456).
fn small_erf(q: f64) -> f64 {
    let s = q * q;
    let series = 1.0 - s / 6.0 + s * s / 40.0 - s * s * s / 336.0 + s.powi(4) / 3456.0;
    (2.0 / std::f64::consts::PI).sqrt() * q * series
}

/// q with 2 P(Z > q) = P(Z > u).
fn half_normal_quantile(u: f64) -> f64 {
    if u > 30.0 {
        // P(Z > x) = phi(x) / x (1 - 1/x^2 ...): equal to half of the other where x^2 grows by 2 ln 2, to within the neglected ratio.
        return (u * u + 2.0 * std::f64::consts::LN_2).sqrt();
    }
    if u > -1.2 {
        return -norm_quantile(0.5 * norm_cdf(-u));
    }
    // Near the middle of Z, from P(0 < Z < q) = P(Z < u) / 2 by Newton's method on the series.
    let p = norm_cdf(u);
    let mut q = p * (std::f64::consts::PI / 2.0).sqrt();
    for _ in 0..6 {
        q -= (small_erf(q) - p) / ((2.0 / std::f64::consts::PI).sqrt() * (-0.5 * q * q).exp());
    }
    q
}

impl Prior {
    /// Whether the parameter is sampled at all.
    pub fn is_sampled(&self) -> bool {
        !matches!(self, Prior::Fixed { .. })
    }

    /// The smallest and largest value with positive density.
    pub fn support(&self) -> (f64, f64) {
        match *self {
            Prior::Normal { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Prior::LogNormal { shift, .. } => (shift, f64::INFINITY),
            Prior::HalfNormal { .. } | Prior::Gamma { .. } => (0.0, f64::INFINITY),
            Prior::TruncatedNormal { low, high, .. } | Prior::Uniform { low, high } => (low, high),
            Prior::Beta { .. } => (0.0, 1.0),
            Prior::Fixed { value } => (value, value),
        }
    }

    /// Maps the real line to the support. A fixed parameter ignores `u`.
    pub fn at(&self, u: f64) -> At {
        match *self {
            Prior::Normal { mean, sd } => {
                At { value: mean + sd * u, slope: sd, log_density: -0.5 * u * u, log_density_slope: -u }
            }
            Prior::LogNormal { mu, sigma, shift } => {
                let e = (mu + sigma * u).exp();
                At { value: shift + e, slope: sigma * e, log_density: -0.5 * u * u, log_density_slope: -u }
            }
            Prior::HalfNormal { sd } => {
                let e = u.exp();
                At { value: sd * e, slope: sd * e, log_density: u - 0.5 * e * e, log_density_slope: 1.0 - e * e }
            }
            Prior::Gamma { shape, rate } => {
                let e = u.exp();
                At {
                    value: shape * e / rate,
                    slope: shape * e / rate,
                    log_density: shape * (u - e),
                    log_density_slope: shape * (1.0 - e),
                }
            }
            Prior::TruncatedNormal { mean, sd, low, high } => {
                let value = low + (high - low) * norm_cdf(u);
                let slope = (high - low) * (-0.5 * u * u - LN_SQRT_2PI).exp();
                let z = (value - mean) / sd;
                At { value, slope, log_density: -0.5 * (z * z + u * u), log_density_slope: -z / sd * slope - u }
            }
            Prior::Beta { a, b } => {
                let p = logistic(u);
                At {
                    value: p,
                    slope: p * (1.0 - p),
                    log_density: a * ln_logistic(u) + b * ln_logistic(-u),
                    log_density_slope: a * (1.0 - p) - b * p,
                }
            }
            Prior::Uniform { low, high } => At {
                value: low + (high - low) * norm_cdf(u),
                slope: (high - low) * (-0.5 * u * u - LN_SQRT_2PI).exp(),
                log_density: -0.5 * u * u,
                log_density_slope: -u,
            },
            Prior::Fixed { value } => At { value, slope: 0.0, log_density: 0.0, log_density_slope: 0.0 },
        }
    }

    /// Maps the real line to the support as a half-normal value is mapped from the coordinate that is standard normal a priori: the value is s q with
    /// 2 P(Z > q) = P(Z > u). For other priors than those of a scale, [`Prior::at`].
    ///
    /// For a scale that the data may well take for zero: in the logarithm its density falls off to the left as slowly as an exponential, here as
    /// fast as a normal one.
    pub fn at_normal(&self, u: f64) -> At {
        let Some(scale) = self.scale() else { return self.at(u) };
        let q = half_normal_quantile(u);
        let ln_slope = 0.5 * (q * q - u * u) - std::f64::consts::LN_2;
        let slope = ln_slope.exp();
        let [log_density, log_density_slope] = match *self {
            Prior::Gamma { shape, rate } => {
                let own = rate * scale;
                let density = (shape - 1.0) * q.ln() - own * q + ln_slope;
                [density, ((shape - 1.0) / q - own + q) * slope - u]
            }
            _ => [-0.5 * u * u, -u],
        };
        At { value: scale * q, slope: scale * slope, log_density, log_density_slope }
    }

    /// The scale of the half-normal that [`Prior::at_normal`] has in mind: one of the same mean.
    fn scale(&self) -> Option<f64> {
        match *self {
            Prior::HalfNormal { sd } => Some(sd),
            Prior::Gamma { shape, rate } => Some(shape / rate * (std::f64::consts::PI / 2.0).sqrt()),
            _ => None,
        }
    }

    /// The point of the real line that [`Prior::at_normal`] maps to `value` (inside the support).
    pub fn unconstrain_normal(&self, value: f64) -> f64 {
        let Some(scale) = self.scale() else { return self.unconstrain(value) };
        let q = value / scale;
        let tail = 2.0 * norm_cdf(-q);
        match tail {
            // P(Z < u) = erf(q / sqrt 2), without cancellation.
            _ if q < 0.1 => norm_quantile(small_erf(q)),
            _ if q < 30.0 => -norm_quantile(tail),
            // Only as a start for the sampler.
            _ => (q * q - 2.0 * std::f64::consts::LN_2).sqrt(),
        }
    }

    /// The point of the real line that [`Prior::at`] maps to `value` (inside the support).
    pub fn unconstrain(&self, value: f64) -> f64 {
        let logit = |p: f64| (p / (1.0 - p)).ln();
        match *self {
            Prior::Normal { mean, sd } => (value - mean) / sd,
            Prior::LogNormal { mu, sigma, shift } => ((value - shift).ln() - mu) / sigma,
            Prior::HalfNormal { sd } => (value / sd).ln(),
            Prior::Gamma { shape, rate } => (value * rate / shape).ln(),
            Prior::TruncatedNormal { low, high, .. } | Prior::Uniform { low, high } => {
                norm_quantile((value - low) / (high - low))
            }
            Prior::Beta { .. } => logit(value),
            Prior::Fixed { .. } => 0.0,
        }
    }

    /// Change of `u` that changes ln value by one, about; none where the value may be negative or has an upper end in reach.
    pub fn per_log_unit(&self) -> Option<f64> {
        match *self {
            Prior::LogNormal { sigma, .. } => Some(1.0 / sigma),
            Prior::HalfNormal { .. } | Prior::Gamma { .. } | Prior::Beta { .. } => Some(1.0),
            _ => None,
        }
    }

    /// A value in the middle of the prior, where chains may begin.
    pub fn middle(&self) -> f64 {
        match *self {
            Prior::Normal { mean, .. } => mean,
            Prior::LogNormal { mu, shift, .. } => shift + mu.exp(),
            Prior::HalfNormal { sd } => 0.674_489_750_196_081_7 * sd,
            Prior::TruncatedNormal { mean, low, high, .. } => {
                mean.clamp(low + 0.05 * (high - low), high - 0.05 * (high - low))
            }
            Prior::Beta { a, b } => a / (a + b),
            Prior::Uniform { low, high } => 0.5 * (low + high),
            Prior::Gamma { shape, rate } => shape / rate,
            Prior::Fixed { value } => value,
        }
    }

    /// Normalised density at `x`; zero outside the support, and for a fixed parameter everywhere.
    pub fn density(&self, x: f64) -> f64 {
        self.ln_density(x).exp()
    }

    /// Logarithm of [`Prior::density`].
    pub fn ln_density(&self, x: f64) -> f64 {
        let (low, high) = self.support();
        if !(x > low && x < high) {
            return f64::NEG_INFINITY;
        }
        let normal = |z: f64, sd: f64| -0.5 * z * z - LN_SQRT_2PI - sd.ln();
        match *self {
            Prior::Normal { mean, sd } => normal((x - mean) / sd, sd),
            Prior::LogNormal { mu, sigma, shift } => {
                let ln = (x - shift).ln();
                normal((ln - mu) / sigma, sigma) - ln
            }
            Prior::HalfNormal { sd } => std::f64::consts::LN_2 + normal(x / sd, sd),
            Prior::TruncatedNormal { mean, sd, low, high } => {
                normal((x - mean) / sd, sd) - (norm_cdf((high - mean) / sd) - norm_cdf((low - mean) / sd)).ln()
            }
            Prior::Beta { a, b } => {
                (a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)
            }
            Prior::Uniform { low, high } => -(high - low).ln(),
            Prior::Gamma { shape, rate } => shape * rate.ln() + (shape - 1.0) * x.ln() - rate * x - ln_gamma(shape),
            Prior::Fixed { .. } => f64::NEG_INFINITY,
        }
    }

    /// An independent draw.
    pub fn draw(&self, rng: &mut impl rand::Rng) -> f64 {
        match *self {
            Prior::Normal { mean, sd } => mean + sd * standard_normal(rng),
            Prior::LogNormal { mu, sigma, shift } => shift + (mu + sigma * standard_normal(rng)).exp(),
            Prior::HalfNormal { sd } => sd * standard_normal(rng).abs(),
            Prior::TruncatedNormal { mean, sd, low, high } => {
                let (p, q) = (norm_cdf((low - mean) / sd), norm_cdf((high - mean) / sd));
                (mean + sd * norm_quantile(p + (q - p) * open_unit(rng))).clamp(low, high)
            }
            Prior::Beta { a, b } => {
                let x = gamma_draw(a, rng);
                x / (x + gamma_draw(b, rng))
            }
            Prior::Uniform { low, high } => low + (high - low) * open_unit(rng),
            Prior::Gamma { shape, rate } => gamma_draw(shape, rng) / rate,
            Prior::Fixed { value } => value,
        }
    }

    /// The words a report uses, such as `LogNormal(0.2, 0.9)`.
    pub fn label(&self) -> String {
        match *self {
            Prior::Normal { mean, sd } => format!("Normal({mean}, {sd})"),
            Prior::LogNormal { mu, sigma, shift: 0.0 } => format!("LogNormal({mu:.4}, {sigma:.4})"),
            Prior::LogNormal { mu, sigma, shift } => format!("{shift} + LogNormal({mu:.4}, {sigma:.4})"),
            Prior::HalfNormal { sd } => format!("HalfNormal({sd})"),
            Prior::TruncatedNormal { mean, sd, low, high } => format!("TruncatedNormal({mean}, {sd}; {low}, {high})"),
            Prior::Beta { a, b } => format!("Beta({a}, {b})"),
            Prior::Uniform { low, high } => format!("Uniform({low}, {high})"),
            Prior::Gamma { shape, rate } => format!("Gamma({shape}, {rate})"),
            Prior::Fixed { value } => format!("fixed at {value}"),
        }
    }
}

/// ln(1 / (1 + exp(-u))), stable in both tails.
pub(super) fn ln_logistic(u: f64) -> f64 {
    if u >= 0.0 { -(-u).exp().ln_1p() } else { u - u.exp().ln_1p() }
}

/// Uniform on the open unit interval.
fn open_unit(rng: &mut impl rand::Rng) -> f64 {
    loop {
        let p: f64 = rng.random();
        if p > 0.0 {
            return p;
        }
    }
}

/// Gamma(shape, 1) after Marsaglia and Tsang 2000; shapes below one are boosted.
fn gamma_draw(shape: f64, rng: &mut impl rand::Rng) -> f64 {
    if shape < 1.0 {
        return gamma_draw(shape + 1.0, rng) * open_unit(rng).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = standard_normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && open_unit(rng).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::nuts::chain_rng;

    const ALL: &[Prior] = &[
        Prior::Normal { mean: 1.0, sd: 2.0 },
        Prior::LogNormal { mu: 0.2, sigma: 0.9, shift: 0.1 },
        Prior::HalfNormal { sd: 1.5 },
        Prior::TruncatedNormal { mean: 0.8, sd: 0.8, low: 0.1, high: 10.0 },
        Prior::Beta { a: 1.5, b: 3.0 },
        Prior::Uniform { low: -1.0, high: 2.0 },
        Prior::Gamma { shape: 3.0, rate: 1.5 },
        Prior::Gamma { shape: 0.64, rate: 0.32 },
    ];

    #[test]
    fn the_map_and_its_density_have_exact_slopes_and_an_inverse() {
        for prior in ALL {
            for u in [-2.3, -0.4, 0.0, 0.7, 1.9] {
                let h = 1e-6;
                let (at, up, down) = (prior.at(u), prior.at(u + h), prior.at(u - h));
                let slope = (up.value - down.value) / (2.0 * h);
                assert!((at.slope - slope).abs() < 1e-7 * (1.0 + slope.abs()), "{prior:?} {u}");
                let slope = (up.log_density - down.log_density) / (2.0 * h);
                assert!((at.log_density_slope - slope).abs() < 1e-7 * (1.0 + slope.abs()), "{prior:?} {u}");
                assert!((prior.unconstrain(at.value) - u).abs() < 1e-9, "{prior:?} {u}");
            }
        }
    }

    #[test]
    fn the_density_of_u_is_the_density_of_the_value_times_its_slope() {
        for prior in ALL {
            let difference =
                |u: f64| prior.at(u).log_density - (prior.density(prior.at(u).value) * prior.at(u).slope).ln();
            let constant = difference(0.1);
            for u in [-2.0, -0.7, 0.9, 1.6] {
                assert!((difference(u) - constant).abs() < 1e-10, "{prior:?} {u}");
            }
        }
    }

    #[test]
    fn densities_integrate_to_one_and_draws_follow_them() {
        for prior in ALL {
            // Integrate over u, where every prior is smooth; compare the mean with that of draws.
            let (mut mass, mut mean) = (0.0, 0.0);
            let step = 0.001;
            for i in -60_000..60_000 {
                let at = prior.at(f64::from(i) * step);
                let weight = prior.density(at.value) * at.slope * step;
                if weight.is_finite() {
                    mass += weight;
                    mean += weight * at.value;
                }
            }
            assert!((mass - 1.0).abs() < 1e-6, "{prior:?}: {mass}");
            let mut rng = chain_rng(3, 0);
            let draws: Vec<f64> = (0..40_000).map(|_| prior.draw(&mut rng)).collect();
            let got = draws.iter().sum::<f64>() / 40_000.0;
            let sd = (draws.iter().map(|x| (x - got).powi(2)).sum::<f64>() / 39_999.0).sqrt();
            assert!((got - mean).abs() < 5.0 * sd / 200.0, "{prior:?}: {got} {mean}");
        }
    }

    #[test]
    fn the_normal_coordinate_of_a_scale_is_exact() {
        let prior = Prior::HalfNormal { sd: 0.7 };
        for i in -72..=56 {
            let u = f64::from(i) * 0.5;
            let at = prior.at_normal(u);
            // The map's slope against a difference, the density against the prior's, and the way back.
            let h = 1e-5;
            let numeric = (prior.at_normal(u + h).value - prior.at_normal(u - h).value) / (2.0 * h);
            assert!((at.slope / numeric - 1.0).abs() < 1e-6, "{u}: {} {numeric}", at.slope);
            let wanted = (-0.5 * u * u - LN_SQRT_2PI).exp();
            if wanted > 0.0 {
                let found = prior.density(at.value) * at.slope;
                assert!((found / wanted - 1.0).abs() < 1e-9, "{u}: {found} {wanted}");
            }
            if u.abs() < 30.0 {
                assert!((prior.unconstrain_normal(at.value) - u).abs() < 1e-7 * (1.0 + u.abs()), "{u}");
            }
        }
        // The lower quarter of u is the lower quarter of the prior.
        let quarter = prior.at_normal(norm_quantile(0.25)).value / 0.7;
        assert!((2.0 * norm_cdf(quarter) - 1.25).abs() < 1e-12);
    }

    #[test]
    fn the_coordinate_of_a_gamma_scale_is_exact() {
        let prior = Prior::Gamma { shape: 2.0, rate: 3.0 };
        let difference = |u: f64| {
            let at = prior.at_normal(u);
            at.log_density - (prior.density(at.value) * at.slope).ln()
        };
        let constant = difference(0.1);
        for i in -20..=16 {
            let u = f64::from(i) * 0.5;
            let at = prior.at_normal(u);
            let (up, down) = (prior.at_normal(u + 1e-5), prior.at_normal(u - 1e-5));
            let slope = (up.value - down.value) / 2e-5;
            assert!((at.slope / slope - 1.0).abs() < 1e-6, "{u}: {} {slope}", at.slope);
            let slope = (up.log_density - down.log_density) / 2e-5;
            assert!((at.log_density_slope - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{u}: {slope}");
            assert!((difference(u) - constant).abs() < 1e-9, "{u}");
            assert!((prior.unconstrain_normal(at.value) - u).abs() < 1e-7 * (1.0 + u.abs()), "{u}");
        }
    }
}
