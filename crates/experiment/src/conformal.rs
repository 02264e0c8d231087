//! Conformal inference on an effect: p value and interval of one and the same test.
//!
//! Chernozhukov, Wüthrich and Zhu (2021, JASA 116). Under the null that the effect is tau in every period of the window, tau is taken off, the
//! comparison is fitted again on all periods, and the mean residual of the window is held against those of all windows of its length around the
//! circle of periods (cyclic shifts, so that autocorrelation stays as it is). Nothing is random. The statistic is the size of the *mean* residual:
//! it answers to the mean effect that the interval is about, and not to the shape of the residuals.

use crate::matrix::Cholesky;
use crate::synthetic::{Comparison, Matching, Options};

/// How far limits are searched, in scales of the residuals.
const FARTHEST: f64 = 1e7;
/// How closely a limit is found, in scales.
const CLOSENESS: f64 = 1e-6;

/// An interval from a test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Lower limit; `None` where no value is small enough to be rejected.
    pub low: Option<f64>,
    /// Upper limit; `None` where no value is large enough to be rejected.
    pub high: Option<f64>,
    /// P value of no effect.
    pub p: f64,
    /// Whether the test rejects a value between the limits, so that they are those of the smallest interval that holds all it accepts.
    pub gaps: bool,
}

/// What a test says of an effect: its p value, and by how much the window's mean residual is off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tested {
    pub(crate) p: f64,
    pub(crate) off: f64,
}

/// Tests effects of the last periods of a comparison, refitting it each time.
pub(crate) struct Refit<'a> {
    matching: Matching,
    target: &'a [f64],
    start: usize,
    factor: Option<Cholesky>,
    last: Option<Vec<f64>>,
}

impl<'a> Refit<'a> {
    /// All periods of the comparison; the ridge penalty is that of the estimate.
    pub(crate) fn new(comparison: &'a Comparison, options: &Options, penalty: Option<f64>) -> Refit<'a> {
        let matching = Matching::new(&comparison.donors, options, comparison.covariates.as_ref());
        let factor = penalty.and_then(|p| matching.factor(p));
        Refit { matching, target: &comparison.target, start: comparison.start, factor, last: None }
    }

    /// The test that the effect is `tau`.
    pub(crate) fn test(&mut self, tau: f64) -> Tested {
        self.test_with(|_| -tau)
    }

    /// The test that there is no effect, had the window's periods (from 0) had this on top.
    pub(crate) fn test_with(&mut self, on_top: impl Fn(usize) -> f64) -> Tested {
        let mut target = self.target.to_vec();
        target[self.start..].iter_mut().enumerate().for_each(|(k, x)| *x += on_top(k));
        let centred = self.matching.centre(&target);
        let plain = self.matching.plain(&centred, self.last.as_deref());
        let residuals = match &self.factor {
            Some(factor) => {
                let weights = self.matching.correct(factor, &centred, &plain);
                self.matching.residuals(&centred, &weights)
            }
            None => self.matching.residuals(&centred, &plain),
        };
        self.last = Some(plain);
        by_shifts(&residuals, self.target.len() - self.start)
    }
}

/// The share of windows around the circle whose mean is at least as far from zero as that of the last one.
pub(crate) fn by_shifts(residuals: &[f64], window: usize) -> Tested {
    let n = residuals.len();
    let mut sum: f64 = residuals[n - window..].iter().sum();
    let own = sum;
    // a hair below, so that rounding does not make a window differ from itself
    let bar = own.abs() * (1.0 - 1e-9);
    let mut count = 0_usize;
    for shift in 0..n {
        count += usize::from(sum.abs() >= bar);
        sum += residuals[shift] - residuals[(n - window + shift) % n];
    }
    Tested { p: count as f64 / n as f64, off: own / window as f64 }
}

/// The values that a test does not reject at `alpha`. `guess` is an estimate, `scale` how far residuals lie from zero.
///
/// The search starts where the window's mean residual is zero, which no such test rejects, and goes outwards until it rejects for good.
pub(crate) fn invert(mut test: impl FnMut(f64) -> Tested, alpha: f64, guess: f64, scale: f64) -> Limits {
    let scale = if scale > 0.0 && scale.is_finite() { scale } else { guess.abs().max(1e-12) };
    let zero = test(0.0);
    let centre = centre(&mut test, guess, scale);
    let mut gaps = false;
    let mut side = |sign: f64| {
        let mut inside = centre;
        if zero.p > alpha && sign * (0.0 - inside) > 0.0 {
            inside = 0.0;
        }
        let mut step = 0.25 * scale;
        let mut outside = loop {
            let at = inside + sign * step;
            if test(at).p <= alpha {
                // an island further out would belong to the set too
                let island = [1.5, 2.0, 3.0, 5.0, 8.0, 20.0].map(|k| inside + sign * step * k);
                match island.into_iter().find(|at| test(*at).p > alpha) {
                    None => break at,
                    Some(at) => {
                        gaps = true;
                        inside = at;
                    }
                }
            } else {
                inside = at;
                step *= 1.6;
                if step > FARTHEST * scale {
                    return None;
                }
            }
        };
        while (outside - inside).abs() > CLOSENESS * scale {
            let middle = 0.5 * (inside + outside);
            if middle == inside || middle == outside {
                break;
            }
            if test(middle).p > alpha { inside = middle } else { outside = middle }
        }
        Some(inside)
    };
    let (low, high) = (side(-1.0), side(1.0));
    gaps |= zero.p <= alpha && low.is_none_or(|l| l <= 0.0) && high.is_none_or(|h| h >= 0.0);
    Limits { low, high, p: zero.p, gaps }
}

/// The effect at which the window's mean residual is zero, from a guess on; the guess where there is none.
fn centre(test: &mut impl FnMut(f64) -> Tested, guess: f64, scale: f64) -> f64 {
    let (mut low, mut high, mut step) = (guess, guess, scale);
    loop {
        // the residual falls as the effect that is taken off rises
        let (below, above) = (test(low).off, test(high).off);
        match (below >= 0.0, above <= 0.0) {
            (true, true) => break,
            (low_ok, high_ok) => {
                low = if low_ok { low } else { guess - step };
                high = if high_ok { high } else { guess + step };
            }
        }
        step *= 2.0;
        if step > FARTHEST * scale {
            return guess;
        }
    }
    while high - low > CLOSENESS * scale {
        let middle = 0.5 * (low + high);
        if middle == low || middle == high {
            break;
        }
        if test(middle).off >= 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The interval of the mean effect over the window.
pub(crate) fn of_mean(
    comparison: &Comparison,
    options: &Options,
    penalty: Option<f64>,
    alpha: f64,
    gap: &[f64],
) -> Limits {
    let mut refit = Refit::new(comparison, options, penalty);
    let (before, after) = gap.split_at(comparison.start);
    let scale = crate::matrix::norm(before) / (before.len() as f64).sqrt();
    invert(|tau| refit.test(tau), alpha, crate::matrix::mean(after), scale)
}

/// The interval of each period's effect: that period alone after those before the start.
pub(crate) fn of_periods(
    comparison: &Comparison,
    options: &Options,
    penalty: Option<f64>,
    alpha: f64,
    gap: &[f64],
) -> Vec<Limits> {
    let start = comparison.start;
    let one = |t: usize| {
        let columns: Vec<usize> = (0..start).chain([t]).collect();
        let donors = crate::matrix::Matrix::from_fn(comparison.donors.rows(), start + 1, |i, j| {
            comparison.donors[(i, columns[j])]
        });
        let target = columns.iter().map(|&t| comparison.target[t]).collect();
        let alone = Comparison { donors, target, start, covariates: comparison.covariates.clone() };
        of_mean(&alone, options, penalty, alpha, &columns.iter().map(|&t| gap[t]).collect::<Vec<_>>())
    };
    (start..comparison.target.len()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Residuals of a plain mean with an effect of 5 in the last three of 20 periods.
    fn residuals(tau: f64) -> Vec<f64> {
        let noise = |t: usize| ((t * 37 + 11) % 17) as f64 / 8.0 - 1.0;
        let raw: Vec<f64> = (0..20).map(|t| noise(t) + if t >= 17 { 5.0 - tau } else { 0.0 }).collect();
        let mean = raw.iter().sum::<f64>() / 20.0;
        raw.iter().map(|x| x - mean).collect()
    }

    #[test]
    fn the_share_counts_the_window_itself_and_all_shifts() {
        let p = |x: &[f64], n| by_shifts(x, n).p;
        assert_eq!(p(&[0.1, -0.2, 0.1, 3.0], 1), 0.25);
        assert_eq!(p(&[3.0, -3.0, 0.1, 3.0], 1), 0.75);
        assert_eq!(p(&[0.0; 5], 2), 1.0);
        assert_eq!(p(&[1.0, 0.0, 0.0, 0.0, 2.0, 2.0], 2), 1.0 / 6.0);
    }

    #[test]
    fn the_interval_is_what_the_test_accepts() {
        let found = invert(|tau| by_shifts(&residuals(tau), 3), 0.1, 5.0, 1.0);
        let (low, high) = (found.low.unwrap(), found.high.unwrap());
        let p = |tau| by_shifts(&residuals(tau), 3).p;
        assert!(p(low) > 0.1 && p(high) > 0.1 && p(low - 1e-3) <= 0.1 && p(high + 1e-3) <= 0.1, "{found:?}");
        assert!(low > 0.0 && found.p <= 0.1 && low < 5.0 && high > 5.0);
        assert_eq!(found.p, p(0.0));
    }

    #[test]
    fn a_level_that_the_shifts_cannot_reach_is_unbounded() {
        let found = invert(|tau| by_shifts(&residuals(tau), 3), 0.01, 5.0, 1.0);
        assert_eq!((found.low, found.high), (None, None));
    }
}
