//! Carry-over kernels: weights over lags 0..=L that sum to one, with their derivatives.
//!
//! Every kernel is written as the logarithm of its unnormalised weight, `v_l(p)`, so that one softmax normalises them all:
//! `w_l = exp(v_l) / sum_k exp(v_k)` and `dw_l = w_l (dv_l - sum_k w_k dv_k)`.
//! Formulas: `a^l` geometric; `a^((l - theta)^2)` delayed (Jin et al. 2017); `(1 - l/(L+1))^(1/a - 1)` binomial (Meridian);
//! Weibull density at `l + 1`, and the running product of Weibull survival, one at lag 0 (Robyn).

use crate::project::AdstockKind;

/// Most parameters that a kernel has.
pub const MAX_PARAMETERS: usize = 2;

/// Number of parameters of a kernel: (retention), (retention, delay) or (shape, scale).
pub fn parameters(kind: AdstockKind) -> usize {
    match kind {
        AdstockKind::None => 0,
        AdstockKind::Geometric | AdstockKind::Binomial => 1,
        AdstockKind::Delayed | AdstockKind::WeibullPdf | AdstockKind::WeibullCdf => 2,
    }
}

/// The weights of a kernel: `weights` has length L + 1 and sums to one; `p` has [`parameters`] elements.
pub fn weights(kind: AdstockKind, p: &[f64], weights: &mut [f64]) {
    let n = weights.len();
    let mut survival = 0.0;
    for l in 0..n {
        weights[l] = match kind {
            AdstockKind::None => {
                if l == 0 {
                    0.0
                } else {
                    f64::NEG_INFINITY
                }
            }
            AdstockKind::Geometric => times_ln(l as f64, p[0]),
            AdstockKind::Delayed => times_ln((l as f64 - p[1]).powi(2), p[0]),
            AdstockKind::Binomial => {
                let base = (1.0 - l as f64 / n as f64).ln();
                if l == 0 { 0.0 } else { base * (1.0 / p[0] - 1.0) }
            }
            AdstockKind::WeibullPdf => {
                let z = (l + 1) as f64 / p[1];
                (p[0] / p[1]).ln() + (p[0] - 1.0) * z.ln() - z.powf(p[0])
            }
            AdstockKind::WeibullCdf => {
                if l > 0 {
                    survival -= (l as f64 / p[1]).powf(p[0]);
                }
                survival
            }
        };
    }
    let max = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for w in weights.iter_mut() {
        *w = (*w - max).exp();
        sum += *w;
    }
    for w in weights.iter_mut() {
        *w /= sum;
    }
}

/// `x ln a`, zero when `x` is zero (also for a = 0).
fn times_ln(x: f64, a: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * a.ln() }
}

/// dv_l / d parameter, lag after lag.
fn exponents(kind: AdstockKind, p: &[f64], n: usize) -> impl Iterator<Item = [f64; MAX_PARAMETERS]> {
    let p = [p[0], p[1]];
    let mut running = [0.0; MAX_PARAMETERS];
    (0..n).map(move |l| match kind {
        AdstockKind::None => [0.0; 2],
        AdstockKind::Geometric => [l as f64 / p[0], 0.0],
        AdstockKind::Delayed => {
            let x = l as f64 - p[1];
            [x * x / p[0], -2.0 * x * p[0].ln()]
        }
        AdstockKind::Binomial => [-(1.0 - l as f64 / n as f64).ln() / (p[0] * p[0]), 0.0],
        AdstockKind::WeibullPdf => {
            let z = (l + 1) as f64 / p[1];
            let zk = z.powf(p[0]);
            [1.0 / p[0] + z.ln() - zk * z.ln(), -p[0] / p[1] + p[0] / p[1] * zk]
        }
        AdstockKind::WeibullCdf => {
            if l > 0 {
                let z = l as f64 / p[1];
                let zk = z.powf(p[0]);
                running[0] -= zk * z.ln();
                running[1] += p[0] / p[1] * zk;
            }
            running
        }
    })
}

/// Derivatives of the `weights` with respect to each parameter, into as many of `out` as the kernel has: dw_l = w_l (dv_l - sum_k w_k dv_k).
pub fn weights_tangents(
    kind: AdstockKind,
    p: &[f64; MAX_PARAMETERS],
    weights: &[f64],
    out: &mut [Vec<f64>; MAX_PARAMETERS],
) {
    let count = parameters(kind);
    if count == 0 {
        return;
    }
    let mut mean = [0.0; MAX_PARAMETERS];
    for ((l, &w), dv) in weights.iter().enumerate().zip(exponents(kind, p, weights.len())) {
        for i in 0..count {
            // A weight of zero stays zero, even where its exponent's derivative is infinite.
            out[i][l] = if w == 0.0 { 0.0 } else { w * dv[i] };
            mean[i] += out[i][l];
        }
    }
    for (by, mean) in out.iter_mut().zip(mean).take(count) {
        for (d, w) in by.iter_mut().zip(weights) {
            *d -= w * mean;
        }
    }
}

/// Adds to `out[i]` the derivative with respect to parameter i, given `adjoint = d/d weights` and the `weights` themselves.
pub fn weights_adjoint(kind: AdstockKind, p: &[f64], weights: &[f64], adjoint: &[f64], out: &mut [f64]) {
    let count = parameters(kind);
    if count == 0 {
        return;
    }
    // sum_l adj_l dw_l = sum_l w_l (adj_l - mean) dv_l
    let mean: f64 = weights.iter().zip(adjoint).map(|(w, a)| w * a).sum();
    for (l, dv) in exponents(kind, &[p[0], p.get(1).copied().unwrap_or(0.0)], weights.len()).enumerate() {
        let centred = weights[l] * (adjoint[l] - mean);
        if centred != 0.0 {
            for i in 0..count {
                out[i] += centred * dv[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(kind: AdstockKind, p: &[f64], lags: usize) -> Vec<f64> {
        let mut w = vec![0.0; lags];
        weights(kind, p, &mut w);
        w
    }

    const CASES: &[(AdstockKind, &[f64])] = &[
        (AdstockKind::None, &[]),
        (AdstockKind::Geometric, &[0.35]),
        (AdstockKind::Delayed, &[0.6, 2.3]),
        (AdstockKind::Binomial, &[0.4]),
        (AdstockKind::WeibullPdf, &[2.1, 3.0]),
        (AdstockKind::WeibullCdf, &[1.7, 2.5]),
    ];

    #[test]
    fn weights_are_a_distribution_over_lags() {
        for (kind, p) in CASES {
            let w = at(*kind, p, 9);
            assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-14, "{kind:?}");
            assert!(w.iter().all(|&x| x >= 0.0), "{kind:?}");
        }
    }

    #[test]
    fn the_adjoint_is_the_derivative() {
        let adjoint: Vec<f64> = (0..9).map(|l| (l as f64 * 1.3).sin() + 0.2).collect();
        for (kind, p) in CASES {
            let mut exact = [0.0; 2];
            weights_adjoint(*kind, p, &at(*kind, p, 9), &adjoint, &mut exact);
            for i in 0..parameters(*kind) {
                let h = 1e-6;
                let side = |sign: f64| {
                    let mut q = p.to_vec();
                    q[i] += sign * h;
                    at(*kind, &q, 9).iter().zip(&adjoint).map(|(w, a)| w * a).sum::<f64>()
                };
                let numeric = (side(1.0) - side(-1.0)) / (2.0 * h);
                assert!((exact[i] - numeric).abs() < 1e-8, "{kind:?} {i}: {} {numeric}", exact[i]);
                let mut tangents = [vec![0.0; 9], vec![0.0; 9]];
                let full = [p[0], p.get(1).copied().unwrap_or(0.0)];
                weights_tangents(*kind, &full, &at(*kind, p, 9), &mut tangents);
                let along: f64 = tangents[i].iter().zip(&adjoint).map(|(d, a)| d * a).sum();
                assert!((along - exact[i]).abs() < 1e-12, "{kind:?} {i}: {along} {}", exact[i]);
            }
        }
    }

    #[test]
    fn geometric_and_binomial_weights_match_the_published_cases() {
        // Meridian, adstock_hill_test.py:52 (lags 4..0, unnormalised; here normalised by their sum).
        let check = |kind, a: f64, unnormalised: [f64; 5]| {
            let sum: f64 = unnormalised.iter().sum();
            for (w, want) in at(kind, &[a], 5).iter().rev().zip(unnormalised) {
                assert!((w - want / sum).abs() < 1e-12, "{kind:?} {a}");
            }
        };
        check(AdstockKind::Binomial, 0.25, [0.008, 0.064, 0.216, 0.512, 1.0]);
        check(AdstockKind::Binomial, 0.5, [0.2, 0.4, 0.6, 0.8, 1.0]);
        check(AdstockKind::Binomial, 2.0 / 3.0, [0.2_f64.sqrt(), 0.4_f64.sqrt(), 0.6_f64.sqrt(), 0.8_f64.sqrt(), 1.0]);
        check(AdstockKind::Binomial, 0.0, [0.0, 0.0, 0.0, 0.0, 1.0]);
        check(AdstockKind::Binomial, 1.0, [1.0; 5]);
        check(AdstockKind::Geometric, 0.5, [0.0625, 0.125, 0.25, 0.5, 1.0]);
        check(AdstockKind::Geometric, 0.0, [0.0, 0.0, 0.0, 0.0, 1.0]);
        check(AdstockKind::Geometric, 1.0, [1.0; 5]);
    }

    #[test]
    fn a_delayed_kernel_peaks_at_its_delay_and_without_delay_decays() {
        let w = at(AdstockKind::Delayed, &[0.5, 3.0], 9);
        let peak = (0..9).max_by(|&i, &j| w[i].total_cmp(&w[j]));
        assert_eq!(peak, Some(3));
        let w = at(AdstockKind::Delayed, &[0.5, 0.0], 9);
        assert!(w.windows(2).all(|p| p[0] > p[1]));
    }

    #[test]
    fn weibull_with_shape_one_survival_is_a_triangular_decay() {
        // With shape 1, survival to lag l is exp(-(1 + .. + l)/scale).
        let w = at(AdstockKind::WeibullCdf, &[1.0, 4.0], 4);
        for l in 0..4 {
            let want = (-(l as f64 * (l as f64 + 1.0) / 2.0) / 4.0).exp();
            assert!((w[l] / w[0] - want).abs() < 1e-14);
        }
    }
}
