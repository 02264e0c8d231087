//! Time-based regression: the treated total on the control total before the test, carried on into it.
//!
//! Kerman, Wang and Vaver (2017, Google). Their errors are independent from period to period; those of sales are not, and the intervals are then
//! too narrow. By default the long-run variance of the residuals stands in for their variance: the mean of the first cosine transforms squared,
//! with as many degrees of freedom as transforms (equal-weighted cosine estimator; Lazarus, Lewis, Stock and Watson 2018, JBES 36).

use crate::matrix::{Cholesky, Matrix, dot, mean};
use crate::panel::{Panel, PanelError};
use crate::student;
use std::f64::consts::PI;

/// Fewest periods before the test beyond the coefficients.
const SPARE: usize = 4;
/// Cosine transforms: this times T^(2/3), the rule of Lazarus and others for small size distortion.
const COSINES: f64 = 0.41;

/// What is assumed of the errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// They may be correlated over time.
    Autocorrelated,
    /// They are independent over time, as in the source.
    Independent,
}

/// An effect by time-based regression. Totals are over the treated units.
#[derive(Debug, Clone)]
pub struct Regression {
    /// Intercept and slopes: the control total first, covariates after it.
    pub coefficients: Vec<f64>,
    /// Standard deviation of the residuals.
    pub sigma: f64,
    /// Treated total minus prediction in every period.
    pub gap: Vec<f64>,
    /// Sum of the gap over the window.
    pub total: f64,
    /// Standard error of `total`.
    pub se: f64,
    /// Degrees of freedom of `se`.
    pub df: f64,
    /// P value of no effect.
    pub p: f64,
    /// Standard error of the gap in each period of the window.
    pub period_se: Vec<f64>,
    /// Degrees of freedom of `period_se`.
    pub period_df: f64,
    /// Periods in the window.
    pub window: usize,
}

impl Regression {
    /// The interval of the total at a level.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let half = self.se * student::quantile(1.0 - level, self.df);
        (self.total - half, self.total + half)
    }
}

/// The effect by time-based regression.
///
/// # Errors
/// The panel has no such comparison, the controls do not vary, or a covariate has a gap.
pub fn regression(panel: &Panel, errors: Errors) -> Result<Regression, PanelError> {
    let (treated, controls) = (panel.treated(), panel.controls());
    if controls.is_empty() && panel.covariates.is_empty() {
        return Err(PanelError::NoRegressor);
    }
    let k = 1 + usize::from(!controls.is_empty()) + panel.covariates.len();
    let start = panel.start(k + SPARE)?;
    let mut rows = vec![vec![1.0; panel.end]];
    if !controls.is_empty() {
        rows.push(panel.mean_of(&controls).iter().map(|x| x * controls.len() as f64).collect());
    }
    rows.extend(covariates_of(panel, &treated)?);
    let x = Matrix::from_fn(k, panel.end, |i, t| rows[i][t]);
    let y: Vec<f64> = panel.mean_of(&treated).iter().map(|v| v * treated.len() as f64).collect();
    fit(&x, &y, start, errors).ok_or(PanelError::NoVariation)
}

/// Each covariate's mean over the treated units, by period.
pub(crate) fn covariates_of(panel: &Panel, treated: &[usize]) -> Result<Vec<Vec<f64>>, PanelError> {
    let mut out = Vec::new();
    for covariate in &panel.covariates {
        let row: Vec<f64> = (0..panel.end)
            .map(|t| treated.iter().map(|&i| covariate.values[(i, t)]).sum::<f64>() / treated.len() as f64)
            .collect();
        if let Some(t) = row.iter().position(|x| !x.is_finite()) {
            return Err(PanelError::CovariateGap { covariate: covariate.name.clone(), time: panel.times[t].clone() });
        }
        out.push(row);
    }
    Ok(out)
}

/// Least squares on the periods before `start`; regressors in rows, the first constant. `None` where they are collinear.
fn fit(x: &Matrix, y: &[f64], start: usize, errors: Errors) -> Option<Regression> {
    let (k, before) = (x.rows(), start as f64);
    // regressors are centred and scaled, so that their size does not matter
    let scale: Vec<(f64, f64)> = (0..k)
        .map(|i| {
            let own = &x.row(i)[..start];
            let centre = if i == 0 { 0.0 } else { mean(own) };
            (centre, (own.iter().map(|v| (v - centre) * (v - centre)).sum::<f64>() / before).sqrt())
        })
        .collect();
    if scale.iter().any(|(centre, s)| s.is_nan() || *s <= 1e-12 * centre.abs()) {
        return None;
    }
    let z = Matrix::from_fn(k, x.columns(), |i, t| (x[(i, t)] - scale[i].0) / scale[i].1);
    let factor = Cholesky::new(&z.slice(0, start).gram())?;
    let slopes = factor.solve(&z.slice(0, start).times(&y[..start]));
    let made = z.weighted_rows(&slopes);
    let gap: Vec<f64> = y.iter().zip(made).map(|(y, m)| y - m).collect();
    let residual_df = before - k as f64;
    let variance = gap[..start].iter().map(|r| r * r).sum::<f64>() / residual_df;
    let (long_run, df) = match errors {
        Errors::Independent => (variance, residual_df),
        Errors::Autocorrelated => {
            let (found, cosines) = long_run_variance(&gap[..start]);
            (variance.max(found * before / residual_df), cosines as f64)
        }
    };
    let columns = z.transposed();
    let leverage = |at: &[f64]| dot(at, &factor.solve(at));
    let window = x.columns() - start;
    let centre = z.slice(start, x.columns()).times(&vec![1.0 / window as f64; window]);
    let total: f64 = gap[start..].iter().sum();
    let se = window as f64 * (long_run * (1.0 / window as f64 + leverage(&centre))).sqrt();
    let period_se = (start..x.columns()).map(|t| (variance * (1.0 + leverage(columns.row(t)))).sqrt()).collect();
    let mut coefficients: Vec<f64> = slopes.iter().zip(&scale).map(|(b, (_, s))| b / s).collect();
    coefficients[0] -= coefficients.iter().zip(&scale).skip(1).map(|(b, (c, _))| b * c).sum::<f64>();
    Some(Regression {
        coefficients,
        sigma: variance.sqrt(),
        gap,
        total,
        se,
        df,
        p: student::two_sided(total / se, df),
        period_se,
        period_df: residual_df,
        window,
    })
}

/// The long-run variance of residuals, and the number of cosine transforms that it is the mean of.
pub(crate) fn long_run_variance(residuals: &[f64]) -> (f64, usize) {
    let n = residuals.len() as f64;
    let cosines = ((COSINES * n.powf(2.0 / 3.0)) as usize).max(2);
    let power = |j: usize| {
        let wave = |t: usize| (PI * j as f64 * (t as f64 + 0.5) / n).cos();
        let sum: f64 = residuals.iter().enumerate().map(|(t, r)| r * wave(t)).sum();
        2.0 / n * sum * sum
    };
    ((1..=cosines).map(power).sum::<f64>() / cosines as f64, cosines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::nuts::chain_rng;
    use counterpoint_infer::sample::standard_normal;

    /// Mean long-run variance over many series of an AR(1): 1 / (1 - phi)^2 times that of the shocks.
    #[test]
    fn the_long_run_variance_of_an_autoregression() {
        for (phi, low, high) in [(0.0, 0.93, 1.07), (0.5, 3.4, 4.2)] {
            let mut rng = chain_rng(1, 0);
            let mut sum = 0.0;
            for _ in 0..400 {
                let mut last = 0.0;
                let series: Vec<f64> = (0..200)
                    .map(|_| {
                        last = phi * last + standard_normal(&mut rng);
                        last
                    })
                    .collect();
                sum += long_run_variance(&series).0 / 400.0;
            }
            assert!(sum > low && sum < high, "{phi}: {sum}");
        }
    }
}
