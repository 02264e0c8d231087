//! Special functions: the log gamma function and the normal distribution.

/// ln(sqrt(2 pi)).
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// 1 / sqrt(2 pi).
const INV_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

/// ln Gamma(x) for x > 0, with error below 1e-13, absolute or relative, whichever is larger. NaN for x < 0; +infinity at 0.
///
/// Below 12, Gamma(x) = Gamma(x + n) / (x (x + 1) .. (x + n - 1)); above, the Stirling series with Bernoulli numbers up to B_16
/// (Abramowitz & Stegun 6.1.40), whose first left-out term is below 1e-17 there.
pub fn ln_gamma(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 || x.is_infinite() {
        return f64::INFINITY;
    }
    if x == 1.0 || x == 2.0 {
        return 0.0;
    }
    const SERIES: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    let mut product = 1.0;
    let mut y = x;
    while y < 12.0 {
        product *= y;
        y += 1.0;
    }
    let inverse_square = 1.0 / (y * y);
    let tail = SERIES.iter().rev().fold(0.0, |sum, c| sum * inverse_square + c) / y;
    let stirling = (y - 0.5) * y.ln() - y + LN_SQRT_2PI + tail;
    stirling - f64::ln(product)
}

/// P(Z <= x) of a standard normal, to a relative 1e-14 also in the lower tail (down to x = -37.5, where it underflows).
pub fn norm_cdf(x: f64) -> f64 {
    let y = x.abs();
    if x.is_nan() {
        return x;
    }
    if y <= CENTRE {
        return 0.5 + centre(x);
    }
    let tail = gaussian(y) * mills(y);
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// ln P(Z <= x) of a standard normal: finite for every x > -1e154 and without cancellation in either tail.
pub fn ln_norm_cdf(x: f64) -> f64 {
    let y = x.abs();
    if x.is_nan() || x == f64::NEG_INFINITY {
        return x;
    }
    if y <= CENTRE {
        return (centre(x) - 0.5).ln_1p();
    }
    if x > 0.0 {
        return (-(gaussian(y) * mills(y))).ln_1p();
    }
    -0.5 * y * y + mills(y).ln()
}

/// The x with P(Z <= x) = p of a standard normal, to a relative 1e-15: algorithm AS 241 PPND16 (Wichura 1988, Applied
/// Statistics 37, 477-484). -infinity at 0, +infinity at 1, NaN outside [0, 1].
pub fn norm_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&QUANTILE_CENTRE.0, r) / polynomial(&QUANTILE_CENTRE.1, r);
    }
    let nearer = if q < 0.0 { p } else { 1.0 - p };
    if nearer == 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = (-nearer.ln()).sqrt();
    let (coefficients, r) = if r <= 5.0 { (&QUANTILE_MIDDLE, r - 1.6) } else { (&QUANTILE_TAIL, r - 5.0) };
    (polynomial(&coefficients.0, r) / polynomial(&coefficients.1, r)).copysign(q)
}

/// The value of a polynomial whose coefficients are given from the constant up.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Below this |x|, the upper quartile, [`norm_cdf`] is expanded around 0.
const CENTRE: f64 = 0.674_489_75;

/// P(0 < Z <= x) for |x| <= [`CENTRE`] (Cody 1969, Mathematics of Computation 23, 631-637).
fn centre(x: f64) -> f64 {
    const NUMERATOR: [f64; 5] = [
        18_154.981_253_343_56,
        1_067.689_485_460_371,
        161.028_231_068_555_87,
        2.235_252_035_460_684,
        0.065_682_337_918_207_45,
    ];
    const DENOMINATOR: [f64; 5] =
        [45_507.789_335_026_73, 10_260.932_208_618_979, 976.098_551_737_776_7, 47.202_581_904_688_24, 1.0];
    x * polynomial(&NUMERATOR, x * x) / polynomial(&DENOMINATOR, x * x)
}

/// e^(-y^2 / 2), 0 beyond y = 40 where it underflows, with y split so that the square of its upper part is exact (Cody 1969).
fn gaussian(y: f64) -> f64 {
    if y > 40.0 {
        return 0.0;
    }
    let upper = (y * 16.0).trunc() / 16.0;
    let rest = (y - upper) * (y + upper);
    (-0.5 * upper * upper).exp() * (-0.5 * rest).exp()
}

/// P(Z > y) e^(y^2 / 2) for y > [`CENTRE`] (Cody 1969).
fn mills(y: f64) -> f64 {
    const MIDDLE_NUMERATOR: [f64; 9] = [
        9_842.714_838_383_978,
        11_602.651_437_647_35,
        6_848.190_450_536_283,
        2_494.537_585_290_372_6,
        597.270_276_394_800_2,
        93.506_656_132_177_85,
        8.883_149_794_388_377,
        0.398_941_512_088_134_66,
        1.076_557_677_372_019_2e-8,
    ];
    const MIDDLE_DENOMINATOR: [f64; 9] = [
        19_685.429_676_859_992,
        38_912.003_286_093_27,
        34_900.952_721_145_98,
        18_615.571_640_885_097,
        6_485.558_298_266_761,
        1_519.377_599_407_554_7,
        235.387_901_782_625,
        22.266_688_044_328_117,
        1.0,
    ];
    const TAIL_NUMERATOR: [f64; 6] = [
        2.911_287_495_116_879_3e-5,
        0.001_421_619_193_227_893_4,
        0.022_235_277_870_649_807,
        0.127_401_161_160_247_36,
        0.215_898_534_057_957,
        0.023_073_441_764_940_174,
    ];
    const TAIL_DENOMINATOR: [f64; 6] = [
        7.297_515_550_839_662e-5,
        0.003_782_396_332_027_582_4,
        0.065_988_137_868_928_56,
        0.468_238_212_480_865_1,
        1.284_260_096_144_911,
        1.0,
    ];
    if y <= 5.656_854_249_492_381 {
        return polynomial(&MIDDLE_NUMERATOR, y) / polynomial(&MIDDLE_DENOMINATOR, y);
    }
    let inverse_square = 1.0 / (y * y);
    let correction =
        inverse_square * polynomial(&TAIL_NUMERATOR, inverse_square) / polynomial(&TAIL_DENOMINATOR, inverse_square);
    (INV_SQRT_2PI - correction) / y
}

/// Numerator and denominator of a rational function of AS 241, from the constant up.
type Rational = ([f64; 8], [f64; 8]);

const QUANTILE_CENTRE: Rational = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);
const QUANTILE_MIDDLE: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);
const QUANTILE_TAIL: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_887_9,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with the golden numbers: error at most `relative` of the size or `absolute`, whichever is larger.
    fn check(name: &str, ours: impl Fn(f64) -> f64, relative: f64, absolute: f64) {
        let golden: serde_json::Value = serde_json::from_str(include_str!("../../../../golden/special/case.json"))
            .expect("the golden file is JSON");
        let pairs = golden[name].as_array().expect("the golden file lists pairs");
        assert!(pairs.len() >= 20);
        for pair in pairs {
            let (x, expected) = (pair[0].as_f64().expect("x"), pair[1].as_f64().expect("y"));
            let error = (ours(x) - expected).abs();
            assert!(error <= (relative * expected.abs()).max(absolute), "{name}({x}) = {} not {expected}", ours(x));
        }
    }

    #[test]
    fn ln_gamma_agrees_with_forty_digits() {
        check("ln_gamma", ln_gamma, 1e-13, 1e-13);
        assert!(ln_gamma(-0.5).is_nan() && ln_gamma(f64::NAN).is_nan());
        assert_eq!(ln_gamma(0.0), f64::INFINITY);
    }

    #[test]
    fn the_normal_distribution_agrees_with_forty_digits_in_relative_terms_even_in_the_tail() {
        check("norm_cdf", norm_cdf, 1e-14, 0.0);
        check("ln_norm_cdf", ln_norm_cdf, 1e-14, 0.0);
        check("norm_quantile", norm_quantile, 2e-15, 0.0);
    }

    #[test]
    fn the_edges_of_the_normal_distribution_are_defined() {
        assert_eq!((norm_cdf(f64::NEG_INFINITY), norm_cdf(f64::INFINITY)), (0.0, 1.0));
        assert_eq!((ln_norm_cdf(f64::NEG_INFINITY), ln_norm_cdf(f64::INFINITY)), (f64::NEG_INFINITY, 0.0));
        assert_eq!((norm_quantile(0.0), norm_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(norm_quantile(-0.1).is_nan() && norm_quantile(1.1).is_nan() && norm_quantile(f64::NAN).is_nan());
        assert!(norm_cdf(f64::NAN).is_nan() && ln_norm_cdf(f64::NAN).is_nan());
    }

    #[test]
    fn the_quantile_undoes_the_distribution() {
        for i in -80..=80 {
            let x = f64::from(i) * 0.1;
            let p = norm_cdf(x);
            // Near 1 the spacing of p limits x: dx = dp / density.
            let limit = 1e-15 + 4e-16 * p / (0.398 * (-0.5 * x * x).exp());
            assert!((norm_quantile(p) - x).abs() <= limit.max(4e-15 * x.abs()), "{x}");
        }
    }
}
