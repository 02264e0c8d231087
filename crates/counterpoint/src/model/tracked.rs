//! Sales tracked by codes and links: a biased sub-sample of what creators bring, and a second likelihood.
//!
//! k\[c,t\] ~ NegativeBinomial(mean = capture\[c\] x incremental orders\[c,t\] + leak\[c\] x orders\[t\], dispersion phi), from the first post on, where
//! the code is live. logit capture\[c\] is Normal around its platform's; phi = 1 / o^2, so that o = 0 is Poisson. See `docs/method.md`.

use super::linalg::{axpy, dot};
use super::parameters::Captured;
use super::platform::Platform;
use super::posterior::DriverWork;
use counterpoint_infer::dispatch;
use counterpoint_infer::math::{ln, ln_gamma};

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
    /// The period after the last that is known.
    pub to: usize,
    /// Parameter: capture rate of the platform.
    pub capture: usize,
    /// Parameter: how the logit of the creator's rate differs from that, in spreads.
    pub deviation: usize,
    /// Parameter: leak.
    pub leak: usize,
}

/// The tracked sales of all creators.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// Those with a code.
    pub series: Vec<TrackedSeries>,
    /// Parameter: spread of logit capture rates around their platform's.
    pub spread: usize,
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
        (spread, dispersion): (usize, usize),
        all_orders: Vec<f64>,
        per_order: f64,
    ) -> Tracked {
        let counts = || series.iter().flat_map(|s| s.orders[s.from..s.to].iter().copied());
        let most = counts().fold(0.0, f64::max).min(TERMS as f64) as usize;
        let mut above = vec![0.0; most];
        for k in counts() {
            above.iter_mut().take(k as usize).for_each(|n| *n += 1.0);
        }
        let large = counts().filter(|&k| k > TERMS as f64).collect();
        let constant = counts().map(|k| ln_gamma(k + 1.0)).sum();
        Tracked { series, spread, dispersion, all_orders, per_order, above, large, constant }
    }

    /// The same where nothing is known from a period on.
    pub fn until(self, end: usize) -> Tracked {
        let cut = |s: TrackedSeries| TrackedSeries { from: s.from.min(end), to: s.to.min(end), ..s };
        let series = self.series.into_iter().map(cut).collect();
        Tracked::new(series, (self.spread, self.dispersion), self.all_orders, self.per_order)
    }

    /// What the series of driver `d`'s creators see of its effect; none where there are none. Who has accounts elsewhere counts for the first.
    pub fn captured(&self, d: usize, platform: &Platform, per_unit: f64) -> Option<Captured> {
        let own = || self.series.iter().filter(|s| s.accounts[0].0 == d);
        let all: f64 = own().map(|s| platform.reach(s.accounts[0].1)).sum();
        let rate = own().next().filter(|_| all > 0.0)?.capture;
        let parts = own().map(|s| (s.deviation, platform.reach(s.accounts[0].1) / all)).collect();
        Some(Captured { rate, spread: self.spread, parts, per_unit })
    }

    /// Capture rate of series i.
    pub fn capture(&self, i: usize, values: &[f64]) -> f64 {
        let center = values[self.series[i].capture];
        let logit = (center / (1.0 - center)).ln() + values[self.spread] * values[self.series[i].deviation];
        1.0 / (1.0 + (-logit).exp())
    }

    /// Log likelihood, from the parts of each account in `drivers`. Where derivatives are asked for, the parts take those by them, and those by parameters
    /// are added to `by_value`.
    pub fn log_density(
        &self,
        values: &[f64],
        mut by_value: Option<&mut [f64]>,
        drivers: &mut [DriverWork],
        work: &mut TrackedWork,
    ) -> f64 {
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
        for (i, s) in self.series.iter().enumerate() {
            let capture = self.capture(i, values);
            let leak = values[s.leak];
            let brought = &mut work.brought[..s.to - s.from];
            brought.fill(0.0);
            for &(d, c) in &s.accounts {
                if let Some(platform) = &drivers[d].platform {
                    let own = &platform.incremental[c * periods + s.from..c * periods + s.to];
                    axpy(1.0 / self.per_order, own, brought);
                }
            }
            let (orders, all) = (&s.orders[s.from..s.to], &self.all_orders[s.from..s.to]);
            let by_mean = &mut work.by_mean[..brought.len()];
            let (own, by_own) = terms((capture, leak, phi), brought, all, orders, by_mean);
            total += own;
            let Some(by_value) = by_value.as_deref_mut() else { continue };
            by_phi += by_own;
            let (by_capture, by_leak) = (dot(by_mean, brought), dot(by_mean, all));
            for &(d, c) in &s.accounts {
                if let Some(platform) = &mut drivers[d].platform {
                    let to = &mut platform.by_incremental[c * periods + s.from..c * periods + s.to];
                    axpy(capture / self.per_order, by_mean, to);
                }
            }
            by_value[s.leak] += by_leak;
            let by_logit = by_capture * capture * (1.0 - capture);
            let center = values[s.capture];
            by_value[s.capture] += by_logit / (center * (1.0 - center));
            by_value[self.spread] += by_logit * values[s.deviation];
            by_value[s.deviation] += by_logit * values[self.spread];
        }
        if let Some(by_value) = by_value {
            by_value[self.dispersion] += by_phi * -2.0 * phi / o;
        }
        total
    }
}

/// Working memory, `[periods]` each.
#[derive(Debug, Clone, Default)]
pub struct TrackedWork {
    brought: Vec<f64>,
    by_mean: Vec<f64>,
}

impl TrackedWork {
    /// Memory for a number of periods.
    pub fn new(periods: usize) -> TrackedWork {
        TrackedWork { brought: vec![0.0; periods], by_mean: vec![0.0; periods] }
    }
}

/// Periods that are handled together.
const LANES: usize = 8;
/// Factors whose product has its logarithm taken at once.
const FACTORS: usize = 8;

dispatch! {
    /// Log likelihood of one series up to what depends on phi and the counts alone, and its derivative by phi; writes that by each mean.
    fn terms(
        rates: (f64, f64, f64),
        brought: &[f64],
        all: &[f64],
        orders: &[f64],
        by_mean: &mut [f64],
    ) -> (f64, f64) {
        let ((brought, b), (all, a)) = (brought.as_chunks::<LANES>(), all.as_chunks::<LANES>());
        let ((orders, k), (by_mean, by)) = (orders.as_chunks::<LANES>(), by_mean.as_chunks_mut::<LANES>());
        let mut wide = Sums::<LANES>::default();
        let whole = brought.iter().zip(all).zip(orders).zip(by_mean);
        for (i, (((b, a), k), by)) in whole.enumerate() {
            wide.add(rates, b, a, k, by);
            if i % FACTORS == FACTORS - 1 {
                wide.take_logarithm();
            }
        }
        let mut rest = Sums::<1>::default();
        for (((b, a), k), by) in b.iter().zip(a).zip(k).zip(by) {
            rest.add(rates, &[*b], &[*a], &[*k], std::array::from_mut(by));
        }
        let (wide, rest) = (wide.ends(rates.2), rest.ends(rates.2));
        (wide.0 + rest.0, wide.1 + rest.1)
    }
}

/// Sums over the periods of some series side by side.
struct Sums<const N: usize> {
    /// k ln(mean / (phi + mean)).
    counted: [f64; N],
    /// (mean - k) / (phi + mean).
    off: [f64; N],
    /// ln((phi + mean) / phi): the logarithm of a product, and the product since it was last taken.
    ratios: [f64; N],
    product: [f64; N],
}

impl<const N: usize> Default for Sums<N> {
    fn default() -> Self {
        Sums { counted: [0.0; N], off: [0.0; N], ratios: [0.0; N], product: [1.0; N] }
    }
}

impl<const N: usize> Sums<N> {
    #[inline(always)]
    fn add(
        &mut self,
        (capture, leak, phi): (f64, f64, f64),
        brought: &[f64; N],
        all: &[f64; N],
        orders: &[f64; N],
        by_mean: &mut [f64; N],
    ) {
        let one_by_phi = 1.0 / phi;
        for i in 0..N {
            let k = orders[i];
            let mean = capture.mul_add(brought[i], leak.mul_add(all[i], FLOOR));
            // In units of phi; one division for 1 / mean and 1 / (phi + mean).
            let u = mean * one_by_phi;
            let v = 1.0 + u;
            let both = 1.0 / (u * v);
            let by_both = one_by_phi * (both * u);
            by_mean[i] = k * (one_by_phi * (both * v)) - (k + phi) * by_both;
            self.counted[i] += k * ln(u * (both * u));
            self.off[i] += (mean - k) * by_both;
            self.product[i] *= v;
        }
    }

    #[inline(always)]
    fn take_logarithm(&mut self) {
        for i in 0..N {
            self.ratios[i] += ln(self.product[i]);
            self.product[i] = 1.0;
        }
    }

    /// Log likelihood and its derivative by phi.
    #[inline(always)]
    fn ends(mut self, phi: f64) -> (f64, f64) {
        self.take_logarithm();
        let sum = |of: &[f64; N]| of.iter().sum::<f64>();
        (sum(&self.counted) - phi * sum(&self.ratios), sum(&self.off) - sum(&self.ratios))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_those_of_the_negative_binomial_whatever_the_length() {
        for n in [1, 7, 8, 64, 65, 150] {
            for phi in [0.3, 5.0, 1e5] {
                let wave = |f: f64, t: usize| 20.0 * (1.0 + (f * t as f64).sin());
                let brought: Vec<f64> = (0..n).map(|t| wave(0.7, t)).collect();
                let all: Vec<f64> = (0..n).map(|t| 50.0 * wave(0.3, t)).collect();
                let orders: Vec<f64> = (0..n).map(|t| wave(1.9, t).round()).collect();
                let (capture, leak) = (0.4, 0.02);
                let mut by_mean = vec![0.0; n];
                let (found, by_phi) = terms((capture, leak, phi), &brought, &all, &orders, &mut by_mean);
                // ln of the probability, up to ln Gamma(k + phi) - ln Gamma(phi) - ln k!.
                let one = |mean: f64, k: f64, phi: f64| k * (mean / (phi + mean)).ln() - phi * (mean / phi).ln_1p();
                let mean = |t: usize| capture * brought[t] + leak * all[t] + FLOOR;
                let total = |phi: f64| (0..n).map(|t| one(mean(t), orders[t], phi)).sum::<f64>();
                assert!((found - total(phi)).abs() < 1e-9 * total(phi).abs().max(1.0), "{n} {phi}: {found}");
                let h = 1e-4 * phi;
                let slope = (total(phi + h) - total(phi - h)) / (2.0 * h);
                assert!((by_phi - slope).abs() < 1e-4 * slope.abs() + 1e-8, "{n} {phi}: {by_phi} {slope}");
                for (t, by) in by_mean.iter().enumerate() {
                    let (m, h) = (mean(t), 1e-4);
                    let slope = (one(m + h, orders[t], phi) - one(m - h, orders[t], phi)) / (2.0 * h);
                    assert!((by - slope).abs() < 1e-6 * slope.abs().max(1.0), "{n} {phi} {t}: {by} {slope}");
                }
            }
        }
    }
}
