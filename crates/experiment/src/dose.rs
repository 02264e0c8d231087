//! Effects by dose: nobody is untouched, but some units get more of it than others.
//!
//! The effect of a unit is taken for proportional to its dose. Each unit's change, its mean in the test over its mean before, is regressed on its dose and
//! on its own trend before (geo-based regression; Vaver and Koehler 2011, Google, with a trend in place of a second pretest period): what all units share is the
//! intercept, what goes with their trends is the trends'. Two errors are held against the slope, and the larger decides. One is how units of the same dose differ from each other
//! (HC2 with the degrees of freedom of Bell and McCaffrey 2002; Imbens and Kolesár 2016, REStat 98): whatever their noise is over time. The other is how the very
//! same contrast moved before the test (the long-run variance of `regression`): whatever units of a high dose share, such as a region.

use crate::matrix::{Matrix, dot, mean, norm};
use crate::panel::{Panel, PanelError};
use crate::regression::long_run_variance;
use crate::student;

/// Fewest units: three coefficients, and as many to tell the noise by.
const UNITS: usize = 6;
/// Fewest periods before the test.
const BEFORE: usize = 8;
/// A column that, without what the others explain of it, is smaller than this share of itself says nothing.
const NOTHING: f64 = 1e-9;

/// Weights that make of the changes of units an effect by dose, and the noise of that.
#[derive(Debug, Clone)]
pub(crate) struct Contrast {
    /// Weight of each unit: they sum to 0, times doses to 1, times own trends to 0.
    pub(crate) weights: Vec<f64>,
    /// Dose of each unit, 1 in the mean weighted by level.
    pub(crate) doses: Vec<f64>,
    /// Mean outcome of each unit before the test.
    pub(crate) levels: Vec<f64>,
    /// The contrast in every period, its mean before taken off: after the start this is the effect at dose 1, a share of the level.
    pub(crate) path: Vec<f64>,
    /// First period of the test.
    pub(crate) start: usize,
    /// Outcomes over levels `[units x periods]`.
    relative: Matrix,
    /// Roots of the units' precision weights.
    roots: Vec<f64>,
    /// Orthonormal regressors, weighted; that of the dose last.
    basis: Vec<Vec<f64>>,
    /// Leverage of each unit.
    leverage: Vec<f64>,
    /// Degrees of freedom of the error between units.
    df: f64,
    /// Variance of the contrast before the test from period to period, and its degrees of freedom.
    period: (f64, f64),
    /// Its long-run variance, and the degrees of freedom of that.
    long_run: (f64, f64),
}

/// An effect at dose 1, a share of the level, with both its errors and their degrees of freedom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slope {
    pub(crate) value: f64,
    between: (f64, f64),
    over_time: (f64, f64),
}

impl Slope {
    /// P value of no effect.
    pub(crate) fn p(&self) -> f64 {
        let of = |(se, df): (f64, f64)| if se > 0.0 { student::two_sided(self.value / se, df) } else { 0.0 };
        if self.value == 0.0 { 1.0 } else { of(self.between).max(of(self.over_time)) }
    }

    /// Half the width of the interval at a level.
    pub(crate) fn half(&self, level: f64) -> f64 {
        let of = |(se, df): (f64, f64)| se * student::quantile(1.0 - level, df);
        of(self.between).max(of(self.over_time))
    }
}

impl Contrast {
    /// Of a panel with doses; all its units count.
    ///
    /// # Errors
    /// There are no doses, they do not differ, an outcome is not above zero in the mean, or there are too few units or periods.
    pub(crate) fn of(panel: &Panel) -> Result<Contrast, PanelError> {
        let given = panel.dose.as_ref().ok_or(PanelError::NoDose)?;
        let start = panel.start(BEFORE)?;
        let (units, before) = (panel.units.len(), start as f64);
        if units < UNITS {
            return Err(PanelError::TooFewUnits { found: units, needed: UNITS });
        }
        let levels: Vec<f64> = (0..units).map(|i| mean(&panel.outcome.row(i)[..start])).collect();
        if let Some(i) = levels.iter().position(|l| l.is_nan() || *l <= 0.0) {
            return Err(PanelError::NotPositive { unit: panel.units[i].clone() });
        }
        let doses = normalised(given, &levels).ok_or(PanelError::SameDose)?;
        let relative = Matrix::from_fn(units, panel.end, |i, t| panel.outcome[(i, t)] / levels[i]);
        let roots = roots(&relative, start);
        // own trends, as a change over all periods before
        let place = |t: usize| (t as f64 - 0.5 * (before - 1.0)) / (before * (before * before - 1.0) / 12.0);
        let trend =
            |i: usize| before * relative.row(i)[..start].iter().enumerate().map(|(t, r)| place(t) * r).sum::<f64>();
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let mut length = 0.0;
        for (column, needed) in
            [(vec![1.0; units], true), ((0..units).map(trend).collect(), false), (doses.clone(), true)]
        {
            let mut own: Vec<f64> = column.iter().zip(&roots).map(|(x, r)| x * r).collect();
            let all = norm(&own).max(if needed { 0.0 } else { norm(&roots) });
            for _ in 0..2 {
                for earlier in &basis {
                    let along = dot(&own, earlier);
                    own.iter_mut().zip(earlier).for_each(|(x, e)| *x -= along * e);
                }
            }
            length = norm(&own);
            if length > NOTHING * all {
                basis.push(own.iter().map(|x| x / length).collect());
            } else if needed {
                return Err(PanelError::SameDose);
            }
        }
        let of_dose = &basis[basis.len() - 1];
        let weights: Vec<f64> = of_dose.iter().zip(&roots).map(|(q, r)| q * r / length).collect();
        let mut path = relative.weighted_rows(&weights);
        let own = mean(&path[..start]);
        path.iter_mut().for_each(|c| *c -= own);
        let spare = before - (basis.len() - 1) as f64;
        let period = dot(&path[..start], &path[..start]) / spare;
        let (found, cosines) = long_run_variance(&path[..start]);
        let long_run = (period.max(found * before / spare), cosines as f64);
        let leverage: Vec<f64> = (0..units).map(|i| basis.iter().map(|q| q[i] * q[i]).sum()).collect();
        let df = degrees(&basis, &leverage);
        let period = (period, spare);
        Ok(Contrast { weights, doses, levels, path, start, relative, roots, basis, leverage, df, period, long_run })
    }

    /// The effect in the periods `from..to` after the start.
    pub(crate) fn slope(&self, from: usize, to: usize) -> Slope {
        let changes: Vec<f64> = self.means(from, to).into_iter().map(|m| m - 1.0).collect();
        self.slope_of(&changes, to - from)
    }

    /// Each unit's mean over the periods `from..to`, a share of its level.
    pub(crate) fn means(&self, from: usize, to: usize) -> Vec<f64> {
        (0..self.levels.len()).map(|i| mean(&self.relative.row(i)[from..to])).collect()
    }

    /// The effect of changes that are means over a window.
    pub(crate) fn slope_of(&self, changes: &[f64], window: usize) -> Slope {
        let weighted: Vec<f64> = changes.iter().zip(&self.roots).map(|(c, r)| c * r).collect();
        let mut left = weighted.clone();
        for q in &self.basis {
            let along = dot(&weighted, q);
            left.iter_mut().zip(q).for_each(|(x, q)| *x -= along * q);
        }
        let part = |i: usize| {
            let w = self.weights[i] / self.roots[i] * left[i];
            w * w / (1.0 - self.leverage[i]).max(NOTHING)
        };
        let between = (0..left.len()).map(part).sum::<f64>().sqrt();
        let before = self.start as f64;
        let (variance, df) = if window == 1 { self.period } else { self.long_run };
        let over_time = (variance * (1.0 / before + 1.0 / window as f64)).sqrt();
        Slope { value: dot(&self.weights, changes), between: (between, self.df), over_time: (over_time, df) }
    }

    /// The effect by least squares on the dose alone, every unit counting alike.
    pub(crate) fn plain(&self, from: usize, to: usize) -> f64 {
        let (changes, centre) = (self.means(from, to), mean(&self.doses));
        let off: Vec<f64> = self.doses.iter().map(|d| d - centre).collect();
        dot(&off, &changes) / dot(&off, &off)
    }
}

/// Doses whose mean, weighted by level, is 1; `None` where that of the given ones is not above zero.
pub(crate) fn normalised(doses: &[f64], levels: &[f64]) -> Option<Vec<f64>> {
    let scale = levels.iter().sum::<f64>() / dot(doses, levels);
    (scale > 0.0 && scale.is_finite()).then(|| doses.iter().map(|d| d * scale).collect())
}

/// The standard deviation of normalised doses, weighted by level.
pub(crate) fn spread(doses: &[f64], levels: &[f64]) -> f64 {
    let squares: f64 = doses.iter().zip(levels).map(|(d, l)| l * (d - 1.0) * (d - 1.0)).sum();
    (squares / levels.iter().sum::<f64>()).sqrt()
}

/// Roots of precision weights: one over a unit's own variance before the test, around what all share, plus the mean variance of all.
///
/// Small units are noisier and count less. The mean holds a quiet unit from deciding alone, and is right where the test's noise is not that of the days before.
fn roots(relative: &Matrix, start: usize) -> Vec<f64> {
    let units = relative.rows();
    let shared = relative.weighted_rows(&vec![1.0 / units as f64; units]);
    let variance = |i: usize| {
        let own: Vec<f64> = relative.row(i)[..start].iter().zip(&shared).map(|(r, s)| r - s).collect();
        let centre = mean(&own);
        own.iter().map(|x| (x - centre) * (x - centre)).sum::<f64>() / start as f64
    };
    let found: Vec<f64> = (0..units).map(variance).collect();
    let middle = mean(&found);
    if middle <= NOTHING * NOTHING {
        return vec![1.0; units];
    }
    // around 1, so that the size of the noise is no matter
    found.iter().map(|v| (2.0 * middle / (v + middle)).sqrt()).collect()
}

/// Bell and McCaffrey's degrees of freedom of the error of the last regressor, noise being independent and alike in the weighted units.
fn degrees(basis: &[Vec<f64>], leverage: &[f64]) -> f64 {
    let last = &basis[basis.len() - 1];
    let scale: Vec<f64> = last.iter().zip(leverage).map(|(q, h)| q.abs() / (1.0 - h).max(NOTHING).sqrt()).collect();
    let (mut trace, mut squares) = (0.0, 0.0);
    for i in 0..last.len() {
        for j in 0..=i {
            let shared: f64 = basis.iter().map(|q| q[i] * q[j]).sum();
            let own = if i == j { 1.0 } else { 0.0 };
            let cell = scale[i] * scale[j] * (own - shared);
            if i == j {
                trace += cell;
                squares += cell * cell;
            } else {
                squares += 2.0 * cell * cell;
            }
        }
    }
    (trace * trace / squares).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doses_are_1_in_the_mean_by_level() {
        let doses = normalised(&[2.0, 6.0], &[300.0, 100.0]).unwrap();
        assert_eq!(doses, [2.0 / 3.0, 2.0]);
        assert!((spread(&doses, &[300.0, 100.0]) - (1.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(normalised(&[0.0, 0.0], &[1.0, 1.0]), None);
    }

    /// The textbook case: two groups of equal size and no other regressor than the level have n - 2 degrees of freedom.
    #[test]
    fn degrees_of_freedom_of_two_equal_groups() {
        let n = 10;
        let level = vec![1.0 / (n as f64).sqrt(); n];
        let group: Vec<f64> = (0..n).map(|i| if i < n / 2 { 1.0 } else { -1.0 } / (n as f64).sqrt()).collect();
        let df = degrees(&[level, group], &vec![2.0 / n as f64; n]);
        assert!((df - (n as f64 - 2.0)).abs() < 1e-9, "{df}");
    }
}
