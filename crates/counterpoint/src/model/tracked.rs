//! Sales tracked by codes and links: a biased sub-sample of what creators bring, and a second likelihood.
//!
//! k\[c,t\] ~ NegativeBinomial(mean = capture\[c\] x incremental orders\[c,t\] + leak\[c\] x orders\[t\], dispersion phi), from the first post on, where
//! the code is live. logit capture\[c\] is Normal around its platform's; phi = 1 / o^2, so that o = 0 is Poisson. See `docs/method.md`.

use super::posterior::DriverWork;
use counterpoint_infer::math::ln_gamma;

/// Counts above this are handled by Stirling's series rather than term by term.
const TERMS: usize = 4096;
/// Smallest mean, so that a count where nothing is expected is unlikely, not impossible.
const FLOOR: f64 = 1e-6;

/// One creator's tracked orders.
#[derive(Debug, Clone)]
pub struct TrackedSeries {
    /// Index of the creator in the model.
    pub creator: usize,
    /// Driver and place of each of the creator's accounts.
    pub accounts: Vec<(usize, usize)>,
    /// Orders, whole numbers, `[periods]`.
    pub orders: Vec<f64>,
    /// First period in which the code is live.
    pub from: usize,
    /// Parameter: capture rate of the platform.
    pub capture: usize,
    /// Parameter: leak.
    pub leak: usize,
}

/// The tracked sales of all creators.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// Those with a code.
    pub series: Vec<TrackedSeries>,
    /// Parameters: spread of logit capture rates around their platform's, and the first of the deviations.
    pub deviations: (usize, usize),
    /// Parameter: square root of the inverse dispersion.
    pub dispersion: usize,
    /// All orders, tracked or not, `[periods]`.
    pub all_orders: Vec<f64>,
    /// Outcome units an order.
    pub per_order: f64,
    /// `above[j]`: how many counts are greater than j, up to [`TERMS`].
    above: Vec<f64>,
    /// Counts greater than [`TERMS`].
    large: Vec<f64>,
    /// Sum of ln k!.
    constant: f64,
}

impl Tracked {
    /// Prepares the likelihood of some series.
    pub fn new(
        series: Vec<TrackedSeries>,
        (deviations, dispersion): ((usize, usize), usize),
        all_orders: Vec<f64>,
        per_order: f64,
    ) -> Tracked {
        let counts = || series.iter().flat_map(|s| s.orders[s.from..].iter().copied());
        let most = counts().fold(0.0, f64::max).min(TERMS as f64) as usize;
        let mut above = vec![0.0; most];
        for k in counts() {
            above.iter_mut().take(k as usize).for_each(|n| *n += 1.0);
        }
        let large = counts().filter(|&k| k > TERMS as f64).collect();
        let constant = counts().map(|k| ln_gamma(k + 1.0)).sum();
        Tracked { series, deviations, dispersion, all_orders, per_order, above, large, constant }
    }

    /// Capture rate of series i.
    pub fn capture(&self, i: usize, values: &[f64]) -> f64 {
        let center = values[self.series[i].capture];
        let logit = (center / (1.0 - center)).ln() + values[self.deviations.0] * values[self.deviations.1 + i];
        1.0 / (1.0 + (-logit).exp())
    }

    /// Log likelihood, from the parts of each account in `drivers`, which take the derivatives by them; those by parameters are added to
    /// `by_value`.
    pub fn log_density(&self, values: &[f64], by_value: &mut [f64], drivers: &mut [DriverWork]) -> f64 {
        let periods = self.all_orders.len();
        let o = values[self.dispersion];
        let phi = 1.0 / (o * o);
        let (mut total, mut by_phi) = (-self.constant, 0.0);
        for (j, n) in self.above.iter().enumerate() {
            total += n * (phi + j as f64).ln();
            by_phi += n / (phi + j as f64);
        }
        for k in &self.large {
            let (from, to) = (phi + TERMS as f64, phi + k);
            total += stirling(to) - stirling(from);
            by_phi += digamma(to) - digamma(from);
        }
        let own = |drivers: &[DriverWork], d: usize, at: usize| {
            drivers[d].platform.as_ref().map_or(0.0, |p| p.incremental[at])
        };
        for (i, s) in self.series.iter().enumerate() {
            let capture = self.capture(i, values);
            let leak = values[s.leak];
            let (mut by_capture, mut by_leak) = (0.0, 0.0);
            for t in s.from..periods {
                let brought: f64 =
                    s.accounts.iter().map(|&(d, c)| own(drivers, d, c * periods + t)).sum::<f64>() / self.per_order;
                let mean = capture * brought + leak * self.all_orders[t] + FLOOR;
                let k = s.orders[t];
                let ratio = (mean / phi).ln_1p();
                total += k * ((mean / phi).ln() - ratio) - phi * ratio;
                let by_mean = k / mean - (k + phi) / (phi + mean);
                by_phi += (mean - k) / (phi + mean) - ratio;
                by_capture += by_mean * brought;
                by_leak += by_mean * self.all_orders[t];
                for &(d, c) in &s.accounts {
                    if let Some(platform) = &mut drivers[d].platform {
                        platform.by_incremental[c * periods + t] = by_mean * capture / self.per_order;
                    }
                }
            }
            by_value[s.leak] += by_leak;
            let by_logit = by_capture * capture * (1.0 - capture);
            let center = values[s.capture];
            by_value[s.capture] += by_logit / (center * (1.0 - center));
            by_value[self.deviations.0] += by_logit * values[self.deviations.1 + i];
            by_value[self.deviations.1 + i] += by_logit * values[self.deviations.0];
        }
        by_value[self.dispersion] += by_phi * -2.0 * phi / o;
        total
    }
}

/// ln Gamma(x) by Stirling's series, for x > [`TERMS`].
fn stirling(x: f64) -> f64 {
    (x - 0.5) * x.ln() - x + 1.0 / (12.0 * x)
}

/// Its derivative.
fn digamma(x: f64) -> f64 {
    x.ln() - 0.5 / x - 1.0 / (12.0 * x * x)
}
