//! Saturation curves `f(s)` of an adstocked exposure `s >= 0`, with their derivatives.
//!
//! All curves but the root depend on `s` over a scale (or times a rate), so the derivative by that parameter follows from the one
//! by `s`: `df/de = -(s/e) df/ds`, `df/dk = (s/k) df/ds`. Only a power (the Hill slope, the root) needs an array of its own.

use crate::project::SaturationKind;
use counterpoint_infer::dispatch;
use counterpoint_infer::math::{exp, ln};

/// Exposure at or below this counts as none: `f` and its derivatives are zero there.
pub const NOTHING: f64 = 1e-100;

/// Number of parameters: Hill (half-saturation e, slope h); Michaelis-Menten (e); logistic (rate k); tanh (scale c); root (power p).
pub fn parameters(kind: SaturationKind) -> usize {
    match kind {
        SaturationKind::None => 0,
        SaturationKind::Hill => 2,
        SaturationKind::Logistic | SaturationKind::MichaelisMenten | SaturationKind::Root | SaturationKind::Tanh => 1,
    }
}

/// Whether the curve has a power, and so fills the `power` array of [`forward`].
pub fn has_power(kind: SaturationKind) -> bool {
    matches!(kind, SaturationKind::Hill | SaturationKind::Root)
}

/// Curve, slope and derivative by the power at each element. All slices have one length, but `power` may be empty
/// where [`has_power`] is false.
pub fn forward(kind: SaturationKind, p: &[f64], s: &[f64], f: &mut [f64], slope: &mut [f64], power: &mut [f64]) {
    match kind {
        SaturationKind::None => {
            f.copy_from_slice(s);
            slope.fill(1.0);
        }
        SaturationKind::Hill => hill(p[0].ln(), p[1], s, f, slope, power),
        SaturationKind::MichaelisMenten => michaelis_menten(p[0], s, f, slope),
        SaturationKind::Logistic => logistic(p[0], s, f, slope),
        SaturationKind::Tanh => tanh(p[0], s, f, slope),
        SaturationKind::Root => root(p[0], s, f, slope, power),
    }
}

/// The factor c with df/d(scale or rate) = c s df/ds: -1/e for a scale, 1/k for a rate; zero for a curve without either.
pub fn scale_factor(kind: SaturationKind, p: &[f64]) -> f64 {
    match kind {
        SaturationKind::None | SaturationKind::Root => 0.0,
        SaturationKind::Hill | SaturationKind::MichaelisMenten | SaturationKind::Tanh => -1.0 / p[0],
        SaturationKind::Logistic => 1.0 / p[0],
    }
}

/// Elements that pass one stage of a curve together. The stages are long chains of dependent operations; in one loop too few elements
/// would be under way at a time to keep the processor busy.
const STAGE: usize = 64;

dispatch! {
    /// x^h / (x^h + e^h) as the logistic of h (ln x - ln e).
    fn hill(ln_e: f64, h: f64, s: &[f64], f: &mut [f64], slope: &mut [f64], power: &mut [f64]) {
        let (mut d, mut e) = ([0.0; STAGE], [0.0; STAGE]);
        let blocks = s.chunks(STAGE).zip(f.chunks_mut(STAGE)).zip(slope.chunks_mut(STAGE)).zip(power.chunks_mut(STAGE));
        for (((s, f), slope), power) in blocks {
            let n = s.len();
            let (d, e) = (&mut d[..n], &mut e[..n]);
            let (f, slope, power) = (&mut f[..n], &mut slope[..n], &mut power[..n]);
            for t in 0..n {
                d[t] = ln(if s[t] > NOTHING { s[t] } else { 1.0 }) - ln_e;
            }
            for t in 0..n {
                // Capped so that x (1 + e) stays finite: one division gives both 1/(1 + e) and 1/x.
                e[t] = exp((-h * d[t]).min(500.0));
            }
            for t in 0..n {
                let some = s[t] > NOTHING;
                let x = if some { s[t] } else { 1.0 };
                let e = e[t];
                let r = 1.0 / (x * (1.0 + e));
                let value = x * r;
                let keep = if some { value } else { 0.0 };
                let rise = keep * (e * value);
                f[t] = keep;
                slope[t] = rise * h * ((1.0 + e) * r);
                power[t] = rise * d[t];
            }
        }
    }
}

dispatch! {
    fn michaelis_menten(e: f64, s: &[f64], f: &mut [f64], slope: &mut [f64]) {
        let n = s.len();
        let (f, slope) = (&mut f[..n], &mut slope[..n]);
        for t in 0..n {
            let r = 1.0 / (s[t] + e);
            f[t] = s[t] * r;
            slope[t] = e * r * r;
        }
    }
}

dispatch! {
    fn logistic(k: f64, s: &[f64], f: &mut [f64], slope: &mut [f64]) {
        let n = s.len();
        let (f, slope) = (&mut f[..n], &mut slope[..n]);
        for t in 0..n {
            let e = exp(-k * s[t]);
            let r = 1.0 / (1.0 + e);
            f[t] = (1.0 - e) * r;
            slope[t] = 2.0 * k * e * r * r;
        }
    }
}

dispatch! {
    fn tanh(c: f64, s: &[f64], f: &mut [f64], slope: &mut [f64]) {
        let n = s.len();
        let (f, slope) = (&mut f[..n], &mut slope[..n]);
        for t in 0..n {
            let e = exp(-2.0 * s[t] / c);
            let value = (1.0 - e) / (1.0 + e);
            f[t] = value;
            slope[t] = (1.0 - value * value) / c;
        }
    }
}

dispatch! {
    fn root(p: f64, s: &[f64], f: &mut [f64], slope: &mut [f64], power: &mut [f64]) {
        let n = s.len();
        let (f, slope, power) = (&mut f[..n], &mut slope[..n], &mut power[..n]);
        for t in 0..n {
            let x = s[t];
            let some = x > NOTHING;
            let l = ln(x);
            let value = if some { exp(p * l) } else { 0.0 };
            f[t] = value;
            slope[t] = if some { p * value / x } else { 0.0 };
            power[t] = value * l;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &[(SaturationKind, &[f64])] = &[
        (SaturationKind::None, &[]),
        (SaturationKind::Hill, &[0.8, 1.4]),
        (SaturationKind::Hill, &[2.0, 0.6]),
        (SaturationKind::MichaelisMenten, &[0.7]),
        (SaturationKind::Logistic, &[1.9]),
        (SaturationKind::Tanh, &[1.3]),
        (SaturationKind::Root, &[0.4]),
    ];

    fn at(kind: SaturationKind, p: &[f64], s: &[f64]) -> [Vec<f64>; 3] {
        let mut out = [vec![0.0; s.len()], vec![0.0; s.len()], vec![0.0; s.len()]];
        let [f, slope, power] = &mut out;
        forward(kind, p, s, f, slope, power);
        out
    }

    fn grid() -> Vec<f64> {
        (1..40).map(|i| 0.03 * f64::from(i * i) / 4.0).collect()
    }

    #[test]
    fn slopes_and_parameter_adjoints_are_derivatives() {
        let s = grid();
        let h = 1e-6;
        for (kind, p) in CASES {
            let [f, slope, power] = at(*kind, p, &s);
            let up = at(*kind, p, &s.iter().map(|x| x + h).collect::<Vec<_>>());
            let down = at(*kind, p, &s.iter().map(|x| x - h).collect::<Vec<_>>());
            for t in 0..s.len() {
                let numeric = (up[0][t] - down[0][t]) / (2.0 * h);
                assert!((slope[t] - numeric).abs() < 1e-7 * (1.0 + slope[t].abs()), "{kind:?} at {}", s[t]);
            }
            let adjoint: Vec<f64> = (0..s.len()).map(|t| (t as f64).cos()).collect();
            let mut exact = [0.0; 2];
            let by_scale: f64 = (0..s.len()).map(|t| adjoint[t] * slope[t] * s[t]).sum();
            let by_power: f64 = (0..s.len()).map(|t| adjoint[t] * power[t]).sum();
            let factor = scale_factor(*kind, p);
            if factor != 0.0 {
                exact[0] = factor * by_scale;
            }
            if has_power(*kind) {
                exact[usize::from(factor != 0.0)] = by_power;
            }
            for i in 0..parameters(*kind) {
                let side = |d: f64| {
                    let mut q = p.to_vec();
                    q[i] += d;
                    at(*kind, &q, &s)[0].iter().zip(&adjoint).map(|(f, a)| f * a).sum::<f64>()
                };
                let numeric = (side(h) - side(-h)) / (2.0 * h);
                assert!((exact[i] - numeric).abs() < 1e-7, "{kind:?} {i}: {} {numeric}", exact[i]);
            }
            assert_eq!(f.len(), s.len());
        }
    }

    #[test]
    fn curves_start_at_zero_rise_and_stay_finite() {
        for (kind, p) in CASES {
            let s = [0.0, 1e-320, 1e-200, 1e-9, 0.1, 1.0, 10.0, 1e6, 1e12];
            let [f, slope, power] = at(*kind, p, &s);
            assert!(f[0].abs() < 1e-90, "{kind:?}");
            assert!(f.windows(2).all(|w| w[0] <= w[1]), "{kind:?} {f:?}");
            assert!(f.iter().chain(&slope).chain(&power).all(|x| x.is_finite()), "{kind:?} {slope:?}");
        }
    }

    #[test]
    fn known_values_and_limits_hold() {
        // Meridian adstock_hill_test.py:586, 633: slope = e = 1 gives x/(1+x); slope 0 gives one half.
        let s = [0.0, 0.5, 1.0, 4.0];
        let [f, ..] = at(SaturationKind::Hill, &[1.0, 1.0], &s);
        for (f, x) in f.iter().zip(s) {
            assert!((f - x / (1.0 + x)).abs() < 1e-14);
        }
        let [f, ..] = at(SaturationKind::Hill, &[0.7, 0.0], &s[1..]);
        assert!(f.iter().all(|f| (f - 0.5).abs() < 1e-15));
        // Half of the effect at the half-saturation point, whatever the slope.
        let [f, ..] = at(SaturationKind::Hill, &[0.7, 3.1], &[0.7]);
        assert!((f[0] - 0.5).abs() < 1e-14);
        let [f, ..] = at(SaturationKind::MichaelisMenten, &[0.7], &[0.7]);
        assert!((f[0] - 0.5).abs() < 1e-15);
        // tanh(x/c) is the logistic curve of rate 2/c.
        let [tanh, ..] = at(SaturationKind::Tanh, &[1.3], &s);
        let [logistic, ..] = at(SaturationKind::Logistic, &[2.0 / 1.3], &s);
        for i in 0..4 {
            assert!((tanh[i] - logistic[i]).abs() < 1e-15 && (tanh[i] - (s[i] / 1.3).tanh()).abs() < 1e-14);
        }
        let [f, ..] = at(SaturationKind::Root, &[0.5], &s);
        assert!((f[3] - 2.0).abs() < 1e-14);
    }
}
