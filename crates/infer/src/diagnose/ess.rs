//! Effective sample size: how many independent draws the chains are worth.

use super::ranks::{Ranked, Scores, Split, can_be_judged};
use crate::dispatch;
use crate::draws::{Chains, mean, quantile, sorted, variance};

/// Effective sample size of the bulk: that of the mean of the rank-normalised draws (Vehtari et al. 2021, section 4). NaN for
/// fewer than four draws a chain, draws that are not finite, or draws that are all the same.
pub fn ess_bulk(chains: Chains<'_>) -> f64 {
    if !can_be_judged(chains) {
        return f64::NAN;
    }
    let split = Split::map(chains, |v| v);
    let z = Ranked::new(&split.values).normal_scores(&Scores::new(split.values.len()));
    of_split(Split { values: z, ..split })
}

/// Effective sample size of the tails: the smaller of those of the 5 % and the 95 % quantile (Vehtari et al. 2021, section 4). NaN as
/// [`ess_bulk`].
pub fn ess_tail(chains: Chains<'_>) -> f64 {
    if !can_be_judged(chains) {
        return f64::NAN;
    }
    tail_of_sorted(chains, &sorted(chains.values()))
}

/// Effective sample size of the mean of the draws themselves; the one that belongs to a Monte Carlo standard error. Means
/// nothing for draws without a variance (Cauchy tails). NaN as [`ess_bulk`].
pub fn ess_mean(chains: Chains<'_>) -> f64 {
    ess_mean_of(chains, |v| v)
}

/// Effective sample size of the `p`-quantile: that of the mean of the indicator of draws at or below it. Indicators that
/// are all the same (ties at an end) count every draw. NaN as [`ess_bulk`], and for p outside [0, 1].
pub fn ess_quantile(chains: Chains<'_>, p: f64) -> f64 {
    if !can_be_judged(chains) || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    below(chains, quantile(&sorted(chains.values()), p))
}

/// [`ess_mean`] of a function of the draws.
pub(super) fn ess_mean_of(chains: Chains<'_>, of: impl Fn(f64) -> f64) -> f64 {
    if can_be_judged(chains) { of_split(Split::map(chains, of)) } else { f64::NAN }
}

/// [`ess_tail`] of draws that can be judged, given all of them in ascending order.
pub(super) fn tail_of_sorted(chains: Chains<'_>, sorted: &[f64]) -> f64 {
    below(chains, quantile(sorted, 0.05)).min(below(chains, quantile(sorted, 0.95)))
}

/// Effective sample size of the indicator of draws at or below `limit`.
fn below(chains: Chains<'_>, limit: f64) -> f64 {
    of_split(Split::map(chains, |v| f64::from(u8::from(v <= limit))))
}

/// Effective sample size of the mean of split chains: m n / tau (Vehtari et al. 2021, section 3).
///
/// tau = -1 + 2 sum of rho_t over Geyer's (1992) initial monotone positive sequence, with the combined autocorrelation
/// rho_t = 1 - (W - mean autocovariance at t) / var+. tau is kept above 1 / log10(m n), so that antithetic chains are not believed
/// without end. Lags are computed two at a time until their sum turns negative: O(m n lags) and no transform. Numbers that
/// are all the same count every one.
pub(super) fn of_split(mut split: Split) -> f64 {
    let n = split.draws;
    let first = split.values[0];
    if split.values.iter().all(|v| *v == first) {
        return split.values.len() as f64;
    }
    let means: Vec<f64> = split.values.chunks_exact(n).map(mean).collect();
    for (chain, mean) in split.values.chunks_exact_mut(n).zip(&means) {
        chain.iter_mut().for_each(|v| *v -= mean);
    }
    let chains = means.len() as f64;
    let autocovariance = |lag: usize| {
        split.values.chunks_exact(n).map(|chain| lagged_product(chain, lag)).sum::<f64>() / (chains * n as f64)
    };
    let total = autocovariance(0);
    let within = total * n as f64 / (n as f64 - 1.0);
    let pooled = total + if means.len() > 1 { variance(&means) } else { 0.0 };
    let rho = |lag: usize| 1.0 - (within - autocovariance(lag)) / pooled;

    // Initial positive sequence: sums of neighbouring pairs (even lag, odd lag) until one is negative.
    let mut pairs = vec![(1.0, rho(1))];
    let mut last_even = None;
    let mut lag = 1;
    let (mut even, mut odd) = pairs[0];
    while lag + 3 < n && even + odd > 0.0 {
        (even, odd) = (rho(lag + 1), rho(lag + 2));
        if even + odd >= 0.0 {
            pairs.push((even, odd));
        } else {
            last_even = Some(even);
        }
        lag += 2;
    }
    // The even lag after the last whole pair improves the estimate for antithetic chains. When the lags ran out, the last pair is
    // not believed beyond its even lag (as in posterior and ArviZ).
    let last_even = match last_even {
        Some(even) => even.max(0.0),
        None => pairs.pop().map_or(0.0, |pair| pair.0),
    };
    // Initial monotone sequence: no pair may exceed the one before it.
    let mut previous = f64::INFINITY;
    let mut sum = 0.0;
    for (even, odd) in pairs {
        previous = previous.min(even + odd);
        sum += previous;
    }
    let size = chains * n as f64;
    let tau = (-1.0 + 2.0 * sum + last_even).max(1.0 / size.log10());
    size / tau
}

dispatch! {
    /// Sum over i of x_i x_(i + lag), in sixteen partial sums that fill the registers.
    fn lagged_product(x: &[f64], lag: usize) -> f64 {
        let (early, late) = (&x[..x.len() - lag], &x[lag..]);
        let mut sums = [0.0; 16];
        let (early, early_rest) = early.as_chunks::<16>();
        let (late, late_rest) = late.as_chunks::<16>();
        for (a, b) in early.iter().zip(late) {
            for k in 0..16 {
                sums[k] += a[k] * b[k];
            }
        }
        let rest: f64 = early_rest.iter().zip(late_rest).map(|(a, b)| a * b).sum();
        sums.iter().sum::<f64>() + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A linear congruential generator's uniforms, turned into an autoregression of the given coefficient.
    fn autoregression(n: usize, coefficient: f64) -> Vec<f64> {
        let mut state = 12_345_u64;
        let mut x = 0.0;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let u = (state >> 11) as f64 / (1_u64 << 53) as f64;
            x = coefficient * x + crate::math::norm_quantile(u.clamp(1e-12, 1.0 - 1e-12));
            x
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn lagged_products_are_the_plain_sums() {
        let x = autoregression(103, 0.5);
        for lag in [0, 1, 7, 16, 50, 102] {
            let plain: f64 = (0..x.len() - lag).map(|i| x[i] * x[i + lag]).sum();
            assert!((lagged_product(&x, lag) - plain).abs() < 1e-12);
        }
    }

    #[test]
    fn an_autoregression_is_worth_what_theory_says() {
        // n (1 - a) / (1 + a) of 40,000 draws; the estimate of tau itself has an error of some per cent.
        for a in [0.0, 0.5, 0.9, -0.3] {
            let x = autoregression(40_000, a);
            let theory = 40_000.0 * (1.0 - a) / (1.0 + a);
            let ess = ess_mean(Chains::new(&x, 4));
            assert!((ess / theory - 1.0).abs() < 0.12, "{a}: {ess} {theory}");
        }
    }

    #[test]
    fn few_or_odd_draws_never_panic() {
        let x = autoregression(200, 0.2);
        for chains in 1..=4 {
            for draws in 0..30 {
                let view = Chains::new(&x[..chains * draws], chains);
                let all = [ess_bulk(view), ess_tail(view), ess_mean(view), ess_quantile(view, 0.3)];
                assert!(
                    all.iter().all(|ess| if draws < 4 { ess.is_nan() } else { *ess > 0.0 }),
                    "{chains} {draws} {all:?}"
                );
            }
        }
    }

    #[test]
    fn constant_and_broken_draws_have_no_size() {
        assert!(ess_bulk(Chains::new(&[1.5; 40], 4)).is_nan());
        assert!(ess_mean(Chains::new(&[1.5; 40], 4)).is_nan());
        let mut x = autoregression(40, 0.0);
        assert!(ess_quantile(Chains::new(&x, 4), 1.5).is_nan());
        x[3] = f64::NAN;
        assert!(ess_tail(Chains::new(&x, 4)).is_nan());
    }
}
