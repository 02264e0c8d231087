//! Noise around the mean: Normal or Student-t, one scale or one a geo, independent or autocorrelated within a geo.
//!
//! Autocorrelated noise is stationary AR(1) with innovation scale sigma, over each run of observed periods:
//! the first of a run has precision (1 - rho^2) / sigma^2, later ones are e\[t\] - rho e\[t-1\] with precision 1 / sigma^2.

use super::prior::Prior;
use counterpoint_infer::math::ln_gamma;
use counterpoint_infer::sample::standard_normal;

/// Which parameters the noise has, by index.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// One scale, or one a geo.
    pub sigma: Vec<usize>,
    /// Autocorrelation.
    pub rho: Option<usize>,
    /// Degrees of freedom of Student-t innovations.
    pub df: Option<usize>,
    /// Runs of observed periods, by geo: half-open ranges of t.
    pub runs: Vec<Vec<(usize, usize)>>,
}

impl Noise {
    /// Index of the scale parameter of a geo.
    pub fn sigma_of(&self, g: usize) -> usize {
        if self.sigma.len() == 1 { self.sigma[0] } else { self.sigma[g] }
    }

    /// Draws the noise of consecutive periods of geo g into `out`. `before` is the noise of the period before the first, where that is known:
    /// autocorrelated noise goes on from it, and is stationary otherwise.
    pub fn draw(&self, values: &[f64], g: usize, before: Option<f64>, rng: &mut impl rand::Rng, out: &mut [f64]) {
        let sigma = values[self.sigma_of(g)];
        let rho = self.rho.map_or(0.0, |i| values[i]);
        let mut before = before;
        for e in out {
            let mut innovation = sigma * standard_normal(rng);
            if let Some(df) = self.df.map(|i| values[i]) {
                let chi_square_over_df = Prior::Gamma { shape: 0.5 * df, rate: 0.5 * df }.draw(rng);
                innovation /= chi_square_over_df.sqrt();
            }
            *e = before.map_or(innovation / (1.0 - rho * rho).sqrt(), |last| rho * last + innovation);
            before = Some(*e);
        }
    }

    /// Log density of the noise `e` of one period of geo g by itself, where noise is independent.
    pub fn log_density_at(&self, values: &[f64], g: usize, e: f64) -> f64 {
        let sigma = values[self.sigma_of(g)];
        standard(e / sigma, self.df.map(|i| values[i])).0 - sigma.ln()
    }

    /// Log density of the residuals `e` (`[geos x periods]`), given parameter values. Writes d/de to `slope`, adds the derivatives by
    /// parameter to `by_parameter`.
    pub fn log_density(&self, values: &[f64], e: &[f64], slope: &mut [f64], by_parameter: &mut [f64]) -> f64 {
        let periods = e.len() / self.runs.len();
        let rho = self.rho.map_or(0.0, |i| values[i]);
        let df = self.df.map(|i| values[i]);
        let start_scale = (1.0 - rho * rho).sqrt();
        let mut total = 0.0;
        let mut by_rho = 0.0;
        let mut by_df = 0.0;
        slope.fill(0.0);
        for (g, runs) in self.runs.iter().enumerate() {
            let sigma = values[self.sigma_of(g)];
            let mut by_sigma = 0.0;
            for &(start, end) in runs {
                let base = g * periods;
                for t in start..end {
                    let (scale, before) = if t == start { (start_scale, 0.0) } else { (1.0, e[base + t - 1]) };
                    let innovation = scale * e[base + t] - rho * before;
                    let z = innovation / sigma;
                    let (value, by_z, by_nu) = standard(z, df);
                    total += value - sigma.ln() + scale.ln();
                    by_sigma += (-by_z * z - 1.0) / sigma;
                    by_df += by_nu;
                    let by_innovation = by_z / sigma;
                    slope[base + t] += by_innovation * scale;
                    if t == start {
                        if self.rho.is_some() {
                            let d_scale = -rho / start_scale;
                            by_rho += by_innovation * e[base + t] * d_scale + d_scale / scale;
                        }
                    } else {
                        slope[base + t - 1] -= by_innovation * rho;
                        by_rho -= by_innovation * before;
                    }
                }
            }
            by_parameter[self.sigma_of(g)] += by_sigma;
        }
        if let Some(i) = self.rho {
            by_parameter[i] += by_rho;
        }
        if let Some(i) = self.df {
            by_parameter[i] += by_df;
        }
        total
    }
}

/// Log density of a standard Normal or Student-t at z, with its derivatives by z and by the degrees of freedom.
fn standard(z: f64, df: Option<f64>) -> (f64, f64, f64) {
    match df {
        None => (-0.5 * z * z - 0.918_938_533_204_672_7, -z, 0.0),
        Some(nu) => {
            let q = (z * z / nu).ln_1p();
            let value = ln_gamma(0.5 * (nu + 1.0))
                - ln_gamma(0.5 * nu)
                - 0.5 * (nu * std::f64::consts::PI).ln()
                - 0.5 * (nu + 1.0) * q;
            let by_z = -(nu + 1.0) * z / (nu + z * z);
            let by_nu = 0.5
                * (digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu) - 1.0 / nu - q
                    + (nu + 1.0) * z * z / (nu * (nu + z * z)));
            (value, by_z, by_nu)
        }
    }
}

/// Digamma for x > 0: recurrence to x >= 6, then the asymptotic series (Abramowitz and Stegun 6.3.18).
fn digamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 10.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let i = 1.0 / (x * x);
    shift + x.ln() - 0.5 / x - i * (1.0 / 12.0 - i * (1.0 / 120.0 - i * (1.0 / 252.0 - i * (1.0 / 240.0 - i / 132.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digamma_knows_its_constants() {
        assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-13);
        assert!((digamma(0.5) + 0.577_215_664_901_532_9 + 2.0 * 2.0_f64.ln()).abs() < 1e-13);
    }

    #[test]
    fn every_noise_has_exact_derivatives() {
        let runs = vec![vec![(0, 4), (5, 6)], vec![(1, 6)]];
        let cases = [
            Noise { sigma: vec![0], rho: None, df: None, runs: runs.clone() },
            Noise { sigma: vec![0, 1], rho: Some(2), df: None, runs: runs.clone() },
            Noise { sigma: vec![0, 1], rho: Some(2), df: Some(3), runs },
        ];
        let values = [0.7, 1.3, 0.45, 5.0];
        let mut e: Vec<f64> = (0..12).map(|i| (i as f64 * 1.7).sin() * 2.0).collect();
        e[4] = 0.0;
        for noise in cases {
            let at = |values: &[f64], e: &[f64]| noise.log_density(values, e, &mut [0.0; 12], &mut [0.0; 4]);
            let (mut slope, mut by) = ([0.0; 12], [0.0; 4]);
            noise.log_density(&values, &e, &mut slope, &mut by);
            let h = 1e-6;
            for i in 0..12 {
                let (mut up, mut down) = (e.clone(), e.clone());
                up[i] += h;
                down[i] -= h;
                let numeric = (at(&values, &up) - at(&values, &down)) / (2.0 * h);
                assert!((slope[i] - numeric).abs() < 1e-7, "e[{i}]");
            }
            for i in 0..4 {
                let (mut up, mut down) = (values, values);
                up[i] += h;
                down[i] -= h;
                let numeric = (at(&up, &e) - at(&down, &e)) / (2.0 * h);
                assert!((by[i] - numeric).abs() < 1e-7, "parameter {i}: {} {numeric}", by[i]);
            }
        }
    }

    #[test]
    fn autocorrelated_noise_is_the_multivariate_normal_of_its_covariance() {
        // Two observations: covariance sigma^2 / (1 - rho^2) [1 rho; rho 1].
        let noise = Noise { sigma: vec![0], rho: Some(1), df: None, runs: vec![vec![(0, 2)]] };
        let (sigma, rho, e) = (0.8_f64, 0.6_f64, [0.5_f64, -1.1]);
        let v = sigma * sigma / (1.0 - rho * rho);
        let det = v * v * (1.0 - rho * rho);
        let quad = (e[0] * e[0] - 2.0 * rho * e[0] * e[1] + e[1] * e[1]) * v / det;
        let want = -0.5 * quad - 0.5 * det.ln() - (2.0 * std::f64::consts::PI).ln();
        let got = noise.log_density(&[sigma, rho], &e, &mut [0.0; 2], &mut [0.0; 2]);
        assert!((got - want).abs() < 1e-13);
    }
}
