//! Synthetic controls: a weighted mean of controls that follows the treated units before the treatment; plain, or corrected by a ridge regression.
//!
//! Abadie, Diamond and Hainmueller (2010, JASA 105) for the weights; Ben-Michael, Feller and Rothstein (2021, JASA 116) for the ridge
//! augmentation and its cross-validation; Doudchenko and Imbens (2016, NBER 22791) for the fixed effects of units.

use crate::matrix::{Cholesky, Matrix, dot, eigen, mean, norm, sd};
use crate::panel::{Panel, PanelError};
use crate::simplex::nearest;

/// Values of the ridge penalty that are tried: from the largest squared singular value of the donors down by a factor of 1e-8 in all.
const PENALTIES: usize = 21;
/// Fewest periods before the treatment. A judgement: with fewer, any few donors fit.
pub(crate) const BEFORE: usize = 4;

/// How a synthetic control is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Whether each unit's own mean before the treatment is taken off, so that donors need only move alike.
    pub fixed_effects: bool,
    /// Whether a ridge regression corrects what the weights leave.
    pub ridge: Ridge,
    /// What covariates are for.
    pub covariates: CovariateUse,
}

/// The ridge augmentation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ridge {
    /// None: weights are not negative and sum to one.
    Off,
    /// Its penalty is the largest within one standard error of the best by cross-validation that leaves out a period at a time.
    CrossValidated,
    /// With this penalty.
    Fixed(f64),
}

/// What covariates are for. Their means before the treatment are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CovariateUse {
    /// They are matched beside the outcomes, each scaled to the spread of the outcomes.
    Match,
    /// Outcomes are regressed on them first, the rest is matched, and the weights then balance them exactly.
    Residualise,
}

impl Default for Options {
    fn default() -> Options {
        Options { fixed_effects: true, ridge: Ridge::CrossValidated, covariates: CovariateUse::Match }
    }
}

/// A synthetic control of the mean treated unit.
#[derive(Debug, Clone)]
pub struct Synthetic {
    /// Weights of the controls, in their order; they sum to one.
    pub weights: Vec<f64>,
    /// Penalty of the ridge regression.
    pub penalty: Option<f64>,
    /// Mean treated unit minus synthetic control in every period; after the start this is the effect.
    pub gap: Vec<f64>,
    /// Root of the sum of squared gaps before the start.
    pub l2: f64,
    /// `l2` over that of equal weights: 0 is perfect, 1 no better than the plain mean.
    pub scaled_l2: f64,
    /// Effect by the weights without ridge, minus that with it; `None` without ridge.
    pub bias: Option<f64>,
}

/// Fits a synthetic control of the mean treated unit; all treated units start together.
///
/// # Errors
/// The panel has no such comparison.
pub fn synthetic(panel: &Panel, options: &Options) -> Result<Synthetic, PanelError> {
    Ok(Comparison::of(panel)?.fit(options))
}

/// Donors and target as numbers.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    /// `[controls x periods]`
    pub(crate) donors: Matrix,
    /// The mean treated unit, by period.
    pub(crate) target: Vec<f64>,
    /// First treated period.
    pub(crate) start: usize,
    /// Means of covariates before the start: of donors `[controls x covariates]` and of the target.
    pub(crate) covariates: Option<(Matrix, Vec<f64>)>,
}

impl Comparison {
    pub(crate) fn of(panel: &Panel) -> Result<Comparison, PanelError> {
        let start = panel.start(BEFORE)?;
        let (treated, controls) = (panel.treated(), panel.controls());
        if controls.is_empty() {
            return Err(PanelError::NoControls);
        }
        let covariates = if panel.covariates.is_empty() {
            None
        } else {
            let means = panel.covariate_means(start)?;
            let target = means.select(&treated).weighted_rows(&vec![1.0 / treated.len() as f64; treated.len()]);
            Some((means.select(&controls), target))
        };
        Ok(Comparison { donors: panel.outcome_of(&controls), target: panel.mean_of(&treated), start, covariates })
    }

    /// Fits it on the periods before the start.
    pub(crate) fn fit(&self, options: &Options) -> Synthetic {
        let matching = Matching::new(&self.donors.slice(0, self.start), options, self.covariates.as_ref());
        let target = matching.centre(&self.target[..self.start]);
        let plain = matching.plain(&target, None);
        let penalty = match options.ridge {
            Ridge::Off => None,
            Ridge::Fixed(penalty) => Some(penalty),
            Ridge::CrossValidated => Some(matching.cross_validate(&target, &plain)),
        };
        let base = matching.balance(&plain);
        let weights = match penalty.and_then(|p| matching.augment(&target, &plain, p)) {
            Some(augmented) => matching.balance(&augmented),
            None => base.clone(),
        };
        let gap = self.gap(&weights, options.fixed_effects);
        let l2 = norm(&gap[..self.start]);
        let equal = vec![1.0 / self.donors.rows() as f64; self.donors.rows()];
        let scaled_l2 = l2 / norm(&self.gap(&equal, options.fixed_effects)[..self.start]);
        let effect = |weights: &[f64]| mean(&self.gap(weights, options.fixed_effects)[self.start..]);
        let bias = penalty.map(|_| effect(&plain) - effect(&weights));
        Synthetic { weights, penalty, gap, l2, scaled_l2, bias }
    }

    fn gap(&self, weights: &[f64], fixed_effects: bool) -> Vec<f64> {
        let synthetic = self.donors.weighted_rows(weights);
        let mut gap: Vec<f64> = self.target.iter().zip(&synthetic).map(|(x, s)| x - s).collect();
        if fixed_effects {
            let level = mean(&gap[..self.start]);
            gap.iter_mut().for_each(|g| *g -= level);
        }
        gap
    }
}

/// What is matched, centred: periods, and covariates after them.
#[derive(Debug, Clone)]
pub(crate) struct Matching {
    /// `[donors x matched]`
    x: Matrix,
    gram: Matrix,
    periods: usize,
    fixed_effects: bool,
    /// Mean of the donors in each period.
    means: Vec<f64>,
    /// Covariates of the target as they are matched.
    extra: Vec<f64>,
    residualised: Option<Residualised>,
}

/// What regressing on covariates leaves behind.
#[derive(Debug, Clone)]
struct Residualised {
    /// Covariates of donors `[donors x covariates]` and target, centred.
    donors: Matrix,
    target: Vec<f64>,
    factor: Cholesky,
    /// What the covariates of the target predict, by period.
    predicted: Vec<f64>,
}

impl Matching {
    /// Of these donors in these periods.
    pub(crate) fn new(donors: &Matrix, options: &Options, covariates: Option<&(Matrix, Vec<f64>)>) -> Matching {
        let (n, periods) = (donors.rows(), donors.columns());
        let mut x = donors.clone();
        if options.fixed_effects {
            for i in 0..n {
                let own = mean(x.row(i));
                x.row_mut(i).iter_mut().for_each(|v| *v -= own);
            }
        }
        let means = x.weighted_rows(&vec![1.0 / n as f64; n]);
        for i in 0..n {
            x.row_mut(i).iter_mut().zip(&means).for_each(|(v, m)| *v -= m);
        }
        let (mut extra, mut residualised) = (Vec::new(), None);
        if let Some((z, target)) = covariates {
            let centre = z.weighted_rows(&vec![1.0 / n as f64; n]);
            let z = Matrix::from_fn(n, z.columns(), |i, k| z[(i, k)] - centre[k]);
            let target: Vec<f64> = target.iter().zip(&centre).map(|(t, c)| t - c).collect();
            match options.covariates {
                CovariateUse::Match => {
                    let spread = sd(&(0..n).flat_map(|i| x.row(i).to_vec()).collect::<Vec<_>>());
                    let z_t = z.transposed();
                    let scale: Vec<f64> = (0..z.columns())
                        .map(|k| sd(z_t.row(k)))
                        .map(|s| if s > 0.0 { spread / s } else { 0.0 })
                        .collect();
                    extra = target.iter().zip(&scale).map(|(t, s)| t * s).collect();
                    let columns = periods + z.columns();
                    x = Matrix::from_fn(n, columns, |i, j| {
                        if j < periods { x[(i, j)] } else { z[(i, j - periods)] * scale[j - periods] }
                    });
                }
                CovariateUse::Residualise => residualised = Residualised::take(&mut x, z, target),
            }
        }
        let gram = x.gram();
        Matching { x, gram, periods, fixed_effects: options.fixed_effects, means, extra, residualised }
    }

    /// The target as the donors are: centred, residualised, covariates after it.
    pub(crate) fn centre(&self, target: &[f64]) -> Vec<f64> {
        let own = if self.fixed_effects { mean(target) } else { 0.0 };
        let mut out: Vec<f64> = target.iter().zip(&self.means).map(|(x, m)| x - own - m).collect();
        if let Some(r) = &self.residualised {
            out.iter_mut().zip(&r.predicted).for_each(|(x, p)| *x -= p);
        }
        out.extend(&self.extra);
        out
    }

    /// Weights that are not negative and sum to one.
    pub(crate) fn plain(&self, target: &[f64], start: Option<&[f64]>) -> Vec<f64> {
        nearest(&self.distances(target), start)
    }

    /// Products of the donors' differences from the target.
    fn distances(&self, target: &[f64]) -> Matrix {
        let (c, own) = (self.x.times(target), dot(target, target));
        Matrix::from_fn(c.len(), c.len(), |i, j| self.gram[(i, j)] - c[i] - c[j] + own)
    }

    /// The ridge regression's correction of weights: w + (XX' + penalty)^-1 X (target - X'w). The sum stays.
    pub(crate) fn augment(&self, target: &[f64], weights: &[f64], penalty: f64) -> Option<Vec<f64>> {
        Some(self.correct(&self.factor(penalty)?, target, weights))
    }

    /// The factor that [`Matching::correct`] needs.
    pub(crate) fn factor(&self, penalty: f64) -> Option<Cholesky> {
        let mut a = self.gram.clone();
        (0..a.rows()).for_each(|i| a[(i, i)] += penalty);
        Cholesky::of_nearly(&a)
    }

    /// As [`Matching::augment`], with the factor at hand.
    pub(crate) fn correct(&self, factor: &Cholesky, target: &[f64], weights: &[f64]) -> Vec<f64> {
        let step = factor.solve(&self.x.times(&self.left(target, weights)));
        weights.iter().zip(step).map(|(w, s)| w + s).collect()
    }

    /// What the weights leave of the target, covariates too.
    fn left(&self, target: &[f64], weights: &[f64]) -> Vec<f64> {
        let made = self.x.weighted_rows(weights);
        target.iter().zip(made).map(|(t, m)| t - m).collect()
    }

    /// What the weights leave of the target in the periods.
    pub(crate) fn residuals(&self, target: &[f64], weights: &[f64]) -> Vec<f64> {
        let mut left = self.left(target, weights);
        left.truncate(self.periods);
        left
    }

    /// The weights, changed so that covariates on which outcomes were regressed balance exactly.
    fn balance(&self, weights: &[f64]) -> Vec<f64> {
        let Some(r) = &self.residualised else { return weights.to_vec() };
        let made = r.donors.weighted_rows(weights);
        let off: Vec<f64> = r.target.iter().zip(made).map(|(t, m)| t - m).collect();
        let step = r.donors.times(&r.factor.solve(&off));
        weights.iter().zip(step).map(|(w, s)| w + s).collect()
    }

    /// The largest penalty within one standard error of the best, a period left out at a time.
    ///
    /// As augsynth has it, covariates that are matched are left out in turn too, and what stands last is not.
    /// With the donors' eigenvectors, leaving out a period is an update of rank one, so a penalty costs no more than a product.
    pub(crate) fn cross_validate(&self, target: &[f64], plain: &[f64]) -> f64 {
        let (values, u) = self.directions();
        let top = values.iter().copied().fold(0.0, f64::max);
        if top <= 0.0 {
            return 0.0;
        }
        let ratio = 1e-8_f64.powf(1.0 / (PENALTIES as f64 - 1.0));
        let penalties: Vec<f64> = (0..PENALTIES).map(|k| top * ratio.powi(k as i32)).collect();
        let (columns, turned) = (self.x.transposed(), u.times_columns(&self.x));
        let distances = self.distances(target);
        let mut errors = vec![Vec::new(); PENALTIES];
        let mut start = plain.to_vec();
        for t in 0..target.len() - 1 {
            let column = columns.row(t);
            let n = column.len();
            let without =
                Matrix::from_fn(n, n, |i, j| distances[(i, j)] - (column[i] - target[t]) * (column[j] - target[t]));
            start = nearest(&without, Some(&start));
            let mut left = self.left(target, &start);
            let gap = std::mem::take(&mut left[t]);
            let (v, b) = (turned.row(t), u.times(&self.x.times(&left)));
            for (k, penalty) in penalties.iter().enumerate() {
                let (mut across, mut own) = (0.0, 0.0);
                for ((v, b), value) in v.iter().zip(&b).zip(&values) {
                    let scaled = v / (value.max(0.0) + penalty);
                    across += scaled * b;
                    own += scaled * v;
                }
                let error = gap - across / (1.0 - own).max(1e-12);
                errors[k].push(error * error);
            }
        }
        let (means, ses): (Vec<f64>, Vec<f64>) =
            errors.iter().map(|e| (mean(e), sd(e) / (e.len() as f64).sqrt())).unzip();
        let best = (0..PENALTIES).min_by(|&a, &b| means[a].total_cmp(&means[b])).unwrap_or(0);
        (0..PENALTIES).find(|&k| means[k] <= means[best] + ses[best]).map_or(penalties[best], |k| penalties[k])
    }

    /// Eigenvalues of XX' that are not zero, and their eigenvectors in rows `[rank x donors]`.
    fn directions(&self) -> (Vec<f64>, Matrix) {
        if self.x.rows() <= self.x.columns() {
            return eigen(&self.gram);
        }
        let (values, v) = eigen(&self.x.transposed().gram());
        let top = values.iter().copied().fold(0.0, f64::max);
        let kept: Vec<usize> = (0..values.len()).filter(|&k| values[k] > 1e-12 * top).collect();
        let mut u = Matrix::zeros(kept.len(), self.x.rows());
        for (row, &k) in kept.iter().enumerate() {
            let length = values[k].sqrt();
            u.row_mut(row).iter_mut().zip(self.x.times(v.row(k))).for_each(|(u, x)| *u = x / length);
        }
        (kept.iter().map(|&k| values[k]).collect(), u)
    }
}

impl Matrix {
    /// Each column of `x` times the rows of this matrix `[columns of x x rows of this]`.
    fn times_columns(&self, x: &Matrix) -> Matrix {
        let mut out = Matrix::zeros(x.columns(), self.rows());
        for k in 0..self.rows() {
            for (t, value) in x.weighted_rows(self.row(k)).into_iter().enumerate() {
                out[(t, k)] = value;
            }
        }
        out
    }
}

impl Residualised {
    /// Regresses the donors' outcomes on their covariates and keeps the residuals; nothing where the covariates are collinear.
    fn take(x: &mut Matrix, donors: Matrix, target: Vec<f64>) -> Option<Residualised> {
        let z_t = donors.transposed();
        let factor = Cholesky::of_nearly(&z_t.gram())?;
        let columns = x.transposed();
        let mut predicted = Vec::with_capacity(x.columns());
        for t in 0..x.columns() {
            let slopes = factor.solve(&z_t.times(columns.row(t)));
            for i in 0..x.rows() {
                x[(i, t)] -= dot(donors.row(i), &slopes);
            }
            predicted.push(dot(&target, &slopes));
        }
        Some(Residualised { donors, target, factor, predicted })
    }
}
