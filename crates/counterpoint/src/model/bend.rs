//! The curves of [`Known::Bent`](super::group::Known::Bent), many deviations at a time in vector registers.
//!
//! With ln p = ln softplus(q), S = ln A + ln softplus(eta u - ln A) with A = exp(-delta) / (eta sqrt(precision)): slope eta far below, the data's scale
//! far above. u = w + U(m), with U the inverse of that curve and m the mode of z given eta and delta.

use super::group::Curve;
use counterpoint_infer::dispatch;
use counterpoint_infer::math::{exp, ln};

/// Deviations that go through together: two of the widest registers, since one operation has to wait for another.
pub(super) const LANES: usize = 16;

/// A number of each deviation.
pub(super) type Lanes = [f64; LANES];

/// What the data say of each deviation: exp(z + delta) ~ Normal(factor, 1 / precision).
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// What the data take the factor for.
    pub(super) factor: Lanes,
    /// How surely.
    pub(super) precision: Lanes,
}

impl Default for Told {
    fn default() -> Told {
        Told { factor: [1.0; LANES], precision: [1.0; LANES] }
    }
}

/// The curves at w, for a spread eta and a common effect that is exp(delta) times what they were made for.
pub(super) fn curves(told: &Told, (eta, delta): (f64, f64), w: &Lanes) -> [Curve; LANES] {
    let mut out = [[0.0; LANES]; 7];
    all_curves(told, eta, delta, w, &mut out);
    let [z, rho, z_eta, rho_w, rho_eta, z_delta, rho_delta] = &out;
    std::array::from_fn(|i| Curve {
        z: z[i],
        rho: rho[i],
        z_eta: z_eta[i],
        rho_w: rho_w[i],
        rho_eta: rho_eta[i],
        z_delta: z_delta[i],
        rho_delta: rho_delta[i],
    })
}

/// w with S(w) = z, and dw/dz.
pub(super) fn inverses(told: &Told, (eta, delta): (f64, f64), z: &Lanes) -> [Lanes; 2] {
    let mut out = [[0.0; LANES]; 2];
    all_inverses(told, eta, delta, z, &mut out);
    out
}

dispatch! {
    fn all_curves(told: &Told, eta: f64, delta: f64, w: &Lanes, out: &mut [Lanes; 7]) {
        let [m, m_eta, m_delta] = modes(told, eta, delta);
        let (ln_eta, ln_a_eta) = (ln(eta), -1.0 / eta);
        let [z, rho, z_eta, rho_w, rho_eta, z_delta, rho_delta] = out;
        for i in 0..LANES {
            let ln_a = -ln_eta - 0.5 * ln(told.precision[i]) - delta;
            let q_of_m = unbend(m[i] - ln_a);
            let u_of_m = (q_of_m + ln_a) / eta;
            // dz at fixed u by ln A is 1 - rho, by eta rho u; U at fixed z moves so that z stays.
            let [_, rho_m, _] = bend(q_of_m);
            let u_eta = (m_eta[i] - ln_a_eta * (1.0 - rho_m) - rho_m * u_of_m) / (eta * rho_m);
            let u_delta = (m_delta[i] + 1.0 - rho_m) / (eta * rho_m);
            let u = w[i] + u_of_m;
            let [ln_p, own, slope] = bend(eta * u - ln_a);
            z[i] = ln_a + ln_p;
            rho[i] = own;
            z_eta[i] = ln_a_eta * (1.0 - own) + own * u + eta * own * u_eta;
            rho_w[i] = slope * eta;
            rho_eta[i] = slope * (u - ln_a_eta + eta * u_eta);
            z_delta[i] = own - 1.0 + eta * own * u_delta;
            rho_delta[i] = slope * (1.0 + eta * u_delta);
        }
    }
}

dispatch! {
    fn all_inverses(told: &Told, eta: f64, delta: f64, z: &Lanes, out: &mut [Lanes; 2]) {
        let [m, _, _] = modes(told, eta, delta);
        let ln_eta = ln(eta);
        let [w, slope] = out;
        for i in 0..LANES {
            let ln_a = -ln_eta - 0.5 * ln(told.precision[i]) - delta;
            let q = unbend(z[i] - ln_a);
            let [_, rho, _] = bend(q);
            w[i] = (q - unbend(m[i] - ln_a)) / eta;
            slope[i] = 1.0 / (eta * rho);
        }
    }
}

/// The mode m of z ~ Normal(0, eta^2) with exp(z + delta) ~ Normal(factor, 1 / precision), and its derivatives by eta and delta:
/// m / eta^2 = precision e^(m + delta) (factor - e^(m + delta)), whose root is one for a factor up to [`MOST`](super::group::MOST) (and delta not far
/// below 0).
#[inline(always)]
fn modes(told: &Told, eta: f64, delta: f64) -> [Lanes; 3] {
    let (prior, start) = (1.0 / (eta * eta), exp(delta));
    let [mut z, mut low, mut high, mut slope] = [[0.0; LANES]; 4];
    for i in 0..LANES {
        let (factor, precision) = (told.factor[i], told.precision[i]);
        // The root lies between 0 and what the data say, and no farther than the pull at 0 can draw it where it is negative.
        let rises = start < factor;
        let said = ln(factor) - delta;
        let pulled = -precision * start * (start - factor) / prior;
        let down = if factor > 0.0 && said > pulled { said } else { pulled };
        low[i] = if rises { 0.0 } else { down };
        high[i] = if rises { said } else { 0.0 };
        let sure = precision * start * start > prior;
        z[i] = if sure { 0.5 * (low[i] + high[i]) } else { 0.0 };
    }
    for _ in 0..60 {
        let mut moving = 0_u64;
        for i in 0..LANES {
            let (factor, precision) = (told.factor[i], told.precision[i]);
            let e = exp(z[i] + delta);
            let f = z[i] * prior - precision * e * (factor - e);
            let slope = prior - precision * e * (factor - 2.0 * e);
            high[i] = if f > 0.0 { z[i] } else { high[i] };
            low[i] = if f > 0.0 { low[i] } else { z[i] };
            let newton = z[i] - f / slope;
            let within = slope > 0.0 && newton >= low[i] && newton <= high[i];
            let next = if within { newton } else { 0.5 * (low[i] + high[i]) };
            // Newton's method doubles the digits: what is left after such a step is rounding.
            moving |= u64::from((next - z[i]).abs() > 1e-8 * (1.0 + next.abs()));
            z[i] = next;
        }
        if moving == 0 {
            break;
        }
    }
    let [mut by_eta, mut by_delta] = [[0.0; LANES]; 2];
    for i in 0..LANES {
        let e = exp(z[i] + delta);
        slope[i] = prior - told.precision[i] * e * (told.factor[i] - 2.0 * e);
        by_eta[i] = 2.0 * z[i] * prior / (eta * slope[i]);
        by_delta[i] = prior / slope[i] - 1.0;
    }
    [z, by_eta, by_delta]
}

/// ln p, rho = p' / p and d ln rho / dq of p = softplus(q) = ln(1 + e^q).
#[inline(always)]
fn bend(q: f64) -> [f64; 3] {
    let e = exp(-q.abs());
    let above = 1.0 + e;
    // ln(1 + e) to full digits: what the sum lost of e is made up for.
    let lost = if above > 1.0 { e / (above - 1.0) } else { 1.0 };
    let p = if q > 0.0 { q } else { 0.0 } + ln(above) * lost;
    let rising = if q > 0.0 { 1.0 } else { e } / above;
    let rho = rising / p;
    // p = e^q (1 - e^q / 2) to rounding.
    let (far, half) = (q < -30.0, 0.5 * e);
    [
        if far { q - half } else { ln(p) },
        if far { 1.0 - half } else { rho },
        if far { -half } else { 1.0 - rising - rho },
    ]
}

/// q with ln softplus(q) = x.
#[inline(always)]
fn unbend(x: f64) -> f64 {
    let p = exp(x);
    // (e^p - 1) / p to rounding for p up to one half.
    let mut series = 1.0 / 6_227_020_800.0;
    for factorial in
        [479_001_600.0, 39_916_800.0, 3_628_800.0, 362_880.0, 40_320.0, 5_040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0]
    {
        series = f64::mul_add(series, p, 1.0 / factorial);
    }
    let near = x + ln(series);
    let far = p + ln(1.0 - exp(-p));
    if x < -30.0 {
        x + 0.5 * p
    } else if p < 0.5 {
        near
    } else if p > 40.0 {
        p
    } else {
        far
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softplus_and_its_inverse_agree_with_the_standard_library() {
        for i in -3000..3000 {
            let q = f64::from(i) * 0.02;
            let p = q.max(0.0) + (-q.abs()).exp().ln_1p();
            let [ln_p, rho, slope] = bend(q);
            let rising = 1.0 / (1.0 + (-q).exp());
            assert!((ln_p - p.ln()).abs() < 1e-14 * (1.0 + ln_p.abs()), "{q}: {ln_p} {}", p.ln());
            assert!((rho - rising / p).abs() < 1e-14, "{q}: {rho}");
            assert!((slope - (1.0 - rising - rising / p)).abs() < 1e-13, "{q}: {slope}");
            assert!((unbend(p.ln()) - q).abs() < 1e-13 * (1.0 + q.abs()), "{q}: {}", unbend(p.ln()));
        }
    }

    #[test]
    fn modes_are_where_the_slope_of_the_density_is_zero() {
        let told = Told {
            factor: std::array::from_fn(|i| [-3.0, 0.0, 0.2, 1.0, 1.5, 4.0, 9.0, 15.0][i % 8]),
            precision: std::array::from_fn(|i| if i < 8 { 0.5 } else { 300.0 }),
        };
        for (eta, delta) in [(0.02, 0.0), (0.4, 0.6), (1.7, -0.8)] {
            let [m, _, _] = modes(&told, eta, delta);
            for i in 0..LANES {
                let e = (m[i] + delta).exp();
                let (pull, hold) = (told.precision[i] * e * (told.factor[i] - e), m[i] / (eta * eta));
                assert!(
                    (pull - hold).abs() < 1e-9 * (1.0 + hold.abs() + told.precision[i] * e * e),
                    "{eta} {i}: {pull} {hold}"
                );
            }
        }
    }
}
