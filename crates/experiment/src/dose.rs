//! Effects by dose: nobody is untouched, but some units get more of it than others.
//!
//! The effect of a unit is taken for proportional to its dose. Each unit's change, its mean in the test over its mean before, is regressed on its dose
//! (geo-based regression; Vaver and Koehler 2011, Google): what all units share is the intercept. Units have trends of their own, and an audience may live
//! where a market grows. Where trends before go with the dose by more than their standard error, each unit's trend is carried on into the test and taken off, at the price of its noise;
//! where they do not, they are one more regressor, which costs next to nothing. (Carrying a coefficient on lowers the mean squared error where it is larger than its standard error;
//! Toro-Vizcarrondo and Wallace 1968, JASA 63.)
//!
//! Two errors are held against the effect, and the larger decides. One is how units of the same dose differ from each other (HC2 with the degrees of freedom of Bell and
//! McCaffrey 2002; Imbens and Kolesár 2016, REStat 98): whatever their noise is over time. The other is how the very same contrast moved before the test (the long-run
//! variance of `regression`): whatever units of a high dose share, such as a region.

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
    /// Dose of each unit, 1 in the mean weighted by level.
    pub(crate) doses: Vec<f64>,
    /// Mean outcome of each unit before the test.
    pub(crate) levels: Vec<f64>,
    /// The contrast in every period, its mean before taken off: after the start this is the effect at dose 1, a share of the level.
    pub(crate) path: Vec<f64>,
    /// First period of the test.
    pub(crate) start: usize,
    /// How much more a unit grew over the periods before by one more of the dose, a share of the level; its standard error.
    pub(crate) trend: (f64, f64),
    /// Outcomes over levels `[units x periods]`.
    relative: Matrix,
    /// Each unit's trend that is taken off, a share of the level by period; 0 where trends are a regressor.
    carried: Vec<f64>,
    line: Line,
    /// Variance of the contrast before the test from period to period, and its degrees of freedom.
    period: (f64, f64),
    /// Its long-run variance, and the degrees of freedom of that.
    long_run: (f64, f64),
}

/// A weighted regression over units, of which the coefficient of the last regressor is wanted.
#[derive(Debug, Clone)]
struct Line {
    /// Weight of each unit's value in the coefficient.
    weights: Vec<f64>,
    /// Roots of the units' precision weights.
    roots: Vec<f64>,
    /// Orthonormal regressors, weighted.
    basis: Vec<Vec<f64>>,
    /// Leverage of each unit.
    leverage: Vec<f64>,
    /// Degrees of freedom of its error.
    df: f64,
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

impl Line {
    /// On these regressors; those that others explain are left out. `None` where that is the last.
    fn new(columns: &[&[f64]], roots: &[f64]) -> Option<Line> {
        let (mut basis, mut weights): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
        for (k, column) in columns.iter().enumerate() {
            let mut own: Vec<f64> = column.iter().zip(roots).map(|(x, r)| x * r).collect();
            let all = norm(&own).max(norm(roots));
            // twice, for what rounding leaves of the first time
            for _ in 0..2 {
                own = without(&own, &basis);
            }
            let length = norm(&own);
            if length > NOTHING * all {
                basis.push(own.iter().map(|x| x / length).collect());
                weights = own.iter().zip(roots).map(|(x, r)| x * r / (length * length)).collect();
            } else if k + 1 == columns.len() || length.is_nan() {
                return None;
            }
        }
        let leverage: Vec<f64> = (0..roots.len()).map(|i| basis.iter().map(|q| q[i] * q[i]).sum()).collect();
        let df = degrees(&basis, &leverage);
        Some(Line { weights, roots: roots.to_vec(), basis, leverage, df })
    }

    /// The coefficient and its standard error.
    fn fit(&self, values: &[f64]) -> (f64, f64) {
        let weighted: Vec<f64> = values.iter().zip(&self.roots).map(|(v, r)| v * r).collect();
        let left = without(&weighted, &self.basis);
        let part = |i: usize| {
            let w = self.weights[i] / self.roots[i] * left[i];
            w * w / (1.0 - self.leverage[i]).max(NOTHING)
        };
        (dot(&self.weights, values), (0..left.len()).map(part).sum::<f64>().sqrt())
    }
}

/// What orthonormal vectors leave of a vector.
fn without(x: &[f64], basis: &[Vec<f64>]) -> Vec<f64> {
    let mut out = x.to_vec();
    for q in basis {
        let along = dot(&out, q);
        out.iter_mut().zip(q).for_each(|(x, q)| *x -= along * q);
    }
    out
}

/// How far a period lies from the middle of those before the start, and the sum of squares of that before it.
fn place(t: f64, start: usize) -> (f64, f64) {
    let before = start as f64;
    (t - 0.5 * (before - 1.0), before * (before * before - 1.0) / 12.0)
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
        let trends: Vec<f64> = (0..units)
            .map(|i| {
                let sum: f64 = (0..start).map(|t| place(t as f64, start).0 * relative[(i, t)]).sum();
                sum / place(0.0, start).1
            })
            .collect();
        let ones = vec![1.0; units];
        let plain = Line::new(&[&ones, &doses], &roots).ok_or(PanelError::SameDose)?;
        let (slope, se) = plain.fit(&trends);
        let (line, carried) = if slope.abs() > se {
            (plain, trends)
        } else {
            let own: Vec<f64> = trends.iter().map(|b| before * b).collect();
            (Line::new(&[&ones, &own, &doses], &roots).ok_or(PanelError::SameDose)?, vec![0.0; units])
        };
        let mut path = relative.weighted_rows(&line.weights);
        let (own, carried_on) = (mean(&path[..start]), dot(&line.weights, &carried));
        path.iter_mut().enumerate().for_each(|(t, c)| *c -= own + carried_on * place(t as f64, start).0);
        let spare = before - 2.0;
        let period = dot(&path[..start], &path[..start]) / spare;
        let (found, cosines) = long_run_variance(&path[..start]);
        let long_run = (period.max(found * before / spare), cosines as f64);
        let (trend, period) = ((before * slope, before * se), (period, spare));
        Ok(Contrast { doses, levels, path, start, trend, relative, carried, line, period, long_run })
    }

    /// Weight of each unit's change in the effect: they sum to 0, and times doses to 1.
    pub(crate) fn weights(&self) -> &[f64] {
        &self.line.weights
    }

    /// Whether trends were carried on into the test.
    pub(crate) fn carries(&self) -> bool {
        self.carried.iter().any(|b| *b != 0.0)
    }

    /// The effect in the periods `from..to` after the start.
    pub(crate) fn slope(&self, from: usize, to: usize) -> Slope {
        self.slope_of(&self.means(from, to), from, to)
    }

    /// Each unit's mean over the periods `from..to`, a share of its level.
    pub(crate) fn means(&self, from: usize, to: usize) -> Vec<f64> {
        (0..self.levels.len()).map(|i| mean(&self.relative.row(i)[from..to])).collect()
    }

    /// The effect, had these been the means of the units over the periods `from..to`, shares of their levels.
    pub(crate) fn slope_of(&self, means: &[f64], from: usize, to: usize) -> Slope {
        let (ahead, squares) = place(0.5 * (from + to - 1) as f64, self.start);
        let changes: Vec<f64> = means.iter().zip(&self.carried).map(|(m, b)| m - 1.0 - b * ahead).collect();
        let (value, between) = self.line.fit(&changes);
        let (window, before) = ((to - from) as f64, self.start as f64);
        let (variance, df) = if to - from == 1 { self.period } else { self.long_run };
        let of_trend = if self.carries() { ahead * ahead / squares } else { 0.0 };
        let over_time = (variance * (1.0 / before + 1.0 / window + of_trend)).sqrt();
        Slope { value, between: (between, self.line.df), over_time: (over_time, df) }
    }

    /// The effect by least squares on the dose alone, every unit counting alike, no trend taken off.
    pub(crate) fn plain(&self, from: usize, to: usize) -> f64 {
        let (means, centre) = (self.means(from, to), mean(&self.doses));
        let off: Vec<f64> = self.doses.iter().map(|d| d - centre).collect();
        dot(&off, &means) / dot(&off, &off)
    }
}

/// The doses of a panel, 1 in the mean weighted by units' outcomes before the test; `None` where it has none, or no test.
pub fn normalised_doses(panel: &Panel) -> Option<Vec<f64>> {
    let (start, _) = panel.cohorts().into_iter().next()?;
    let levels: Vec<f64> = (0..panel.units.len()).map(|i| mean(&panel.outcome.row(i)[..start])).collect();
    normalised(panel.dose.as_ref()?, &levels)
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
