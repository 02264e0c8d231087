//! The only door to a maths library: exponential and logarithm that a loop can run in vector registers, and special functions.
//!
//! [`exp`] and [`ln`] hold no branch, no table and no call, so LLVM vectorises a loop over a slice; [`dispatch!`](crate::dispatch)
//! compiles such a loop for the widest registers of the machine. Both are written with fused multiply-adds, which round once by definition, so
//! every width, and every machine, gives the same bits; a processor without them computes them in software, slowly.

mod beta;
mod dot;
mod level;
mod special;

pub use beta::{beta_cdf, beta_quantile};
pub use dot::dot;
pub use level::Level;
pub use special::{ln_gamma, ln_norm_cdf, norm_cdf, norm_quantile};

/// Smallest argument that [`exp`] tells apart: anything below is taken as this. `exp(-708) = 3.3e-308` is still a normal number.
pub const EXP_MIN: f64 = -708.0;
/// Largest argument that [`exp`] tells apart: anything above is taken as this. `exp(709) = 8.2e307` is still finite.
pub const EXP_MAX: f64 = 709.0;
/// Smallest argument that [`ln`] tells apart: anything below, zero and negative numbers too, is taken as this.
pub const LN_MIN: f64 = 1e-300;

/// 1.5 x 2^52: adding it to a small number leaves the nearest integer in the low bits of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// The upper part of ln 2; its last 21 bits are zero, so that its product with an exponent is exact (fdlibm `e_exp.c`).
const LN2_HI: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
/// ln 2 - [`LN2_HI`].
const LN2_LO: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

/// e^x, to 1 ulp, for x in [[`EXP_MIN`], [`EXP_MAX`]]; outside, x is clamped to that range. NaN gives NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r = 1 + r + r^2 q(r) with q of degree 9: the Chebyshev fit to
/// (e^r - 1 - r) / r^2, computed with mpmath at 50 digits, whose relative error in e^r stays below 2e-17.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let x = x.clamp(EXP_MIN, EXP_MAX);
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN2_LO, n.mul_add(-LN2_HI, x));
    let q = 2.510_038_549_551_032e-8;
    let q = f64::mul_add(q, r, 2.762_008_844_540_974_6e-7);
    let q = f64::mul_add(q, r, 2.755_726_845_999_706_4e-6);
    let q = f64::mul_add(q, r, 2.480_152_129_595_437_6e-5);
    let q = f64::mul_add(q, r, 1.984_126_986_305_361_8e-4);
    let q = f64::mul_add(q, r, 1.388_888_891_721_371_7e-3);
    let q = f64::mul_add(q, r, 8.333_333_333_330_062e-3);
    let q = f64::mul_add(q, r, 4.166_666_666_662_413e-2);
    let q = f64::mul_add(q, r, 1.666_666_666_666_666_9e-1);
    let q = f64::mul_add(q, r, 0.5);
    let power = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    (r * r).mul_add(q, r).mul_add(power, power)
}

/// The natural logarithm of x, to 1 ulp, for finite x >= [`LN_MIN`]; below, x is taken as [`LN_MIN`]. NaN and +infinity give NaN.
///
/// x = 2^k m with m in [sqrt(1/2), sqrt(2)), and ln m by the series in s = (m - 1) / (m + 1) with the
/// coefficients of fdlibm `e_log.c` (Sun Microsystems 1993; error below 2^-58).
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const EXPONENT: u64 = 0xfff0_0000_0000_0000;
    let x = if x < LN_MIN { LN_MIN } else { x };
    let bits = x.to_bits();
    let above = bits.wrapping_sub(SQRT_HALF);
    let m = f64::from_bits(bits.wrapping_sub(above & EXPONENT));
    // The exponent, offset to be positive, goes into the low bits of 2^52 and is read back as a number.
    let biased = above.wrapping_add(1023 << 52) >> 52;
    let k = f64::from_bits(biased | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even =
        w * w.mul_add(w.mul_add(1.531_383_769_920_937_3e-1, 2.222_219_843_214_978_4e-1), 3.999_999_999_940_942e-1);
    let odd = w.mul_add(1.479_819_860_511_658_6e-1, 1.818_357_216_161_805e-1);
    let odd = w.mul_add(w.mul_add(odd, 2.857_142_874_366_239e-1), 6.666_666_666_666_735e-1);
    let half_square = 0.5 * f * f;
    let mantissa = f - (half_square - s.mul_add(half_square + z.mul_add(odd, even), k * LN2_LO));
    // 0 x is 0 for a finite x, NaN otherwise.
    k.mul_add(LN2_HI, mantissa) + 0.0 * x
}

/// 1 / (1 + e^-x), to 2 ulp; vectorises like [`exp`].
#[inline(always)]
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// ln(1 + e^x) without overflow or cancellation: max(x, 0) + ln(1 + e^-|x|).
pub fn ln1p_exp(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest relative difference from std over `steps` points of an even sweep.
    fn worst(from: f64, to: f64, steps: usize, ours: impl Fn(f64) -> f64, std: impl Fn(f64) -> f64) -> f64 {
        (0..=steps)
            .map(|i| from + (to - from) * i as f64 / steps as f64)
            .map(|x| ((ours(x) - std(x)) / std(x)).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn exp_is_within_two_ulp_of_the_standard_library_over_its_range() {
        assert!(worst(EXP_MIN, EXP_MAX, 3_000_000, exp, f64::exp) < 4.5e-16);
        assert!(worst(-1.0, 1.0, 1_000_000, exp, f64::exp) < 4.5e-16);
        assert!(worst(-1e-9, 1e-9, 10_000, exp, f64::exp) < 4.5e-16);
    }

    #[test]
    fn ln_is_within_two_ulp_of_the_standard_library_over_its_range() {
        let scaled = |e: f64| ln(10f64.powf(e));
        assert!(worst(-299.0, 308.0, 2_000_001, scaled, |e| 10f64.powf(e).ln()) < 4.5e-16);
        assert!(worst(0.3, 0.999_999, 1_000_000, ln, f64::ln) < 4.5e-16);
        assert!(worst(1.000_000_1, 3.0, 1_000_000, ln, f64::ln) < 4.5e-16);
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn arguments_outside_the_range_are_clamped_and_nan_stays_nan() {
        assert_eq!(exp(-1e9), exp(EXP_MIN));
        assert_eq!(exp(f64::NEG_INFINITY), exp(EXP_MIN));
        assert_eq!(exp(f64::INFINITY), exp(EXP_MAX));
        assert!(exp(EXP_MIN) > 0.0 && exp(EXP_MAX).is_finite());
        for tiny in [0.0, -3.0, f64::NEG_INFINITY, 1e-308] {
            assert_eq!(ln(tiny), ln(LN_MIN));
        }
        assert!(exp(f64::NAN).is_nan() && ln(f64::NAN).is_nan() && ln(f64::INFINITY).is_nan());
        assert!(exp(f64::from_bits(0x7ff8_0000_0000_0fff)).is_nan());
        assert!(ln1p_exp(f64::NAN).is_nan() && logistic(f64::NAN).is_nan());
    }

    #[test]
    fn logistic_and_softplus_hold_their_laws() {
        for i in -700..=700 {
            let x = f64::from(i) * 0.99;
            assert!((logistic(x) - 1.0 / (1.0 + (-x).exp())).abs() <= 4.5e-16 * logistic(x));
            assert!((logistic(x) + logistic(-x) - 1.0).abs() < 4.5e-16);
            assert!((ln1p_exp(x) - ln1p_exp(-x) - x).abs() <= 4.5e-16 * x.abs().max(1.0));
        }
        assert_eq!(ln1p_exp(1e4), 1e4);
        assert_eq!(ln1p_exp(-1e4), 0.0);
        assert_eq!(ln1p_exp(0.0), std::f64::consts::LN_2);
    }
}
