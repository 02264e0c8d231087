//! Synthetic difference-in-differences: weights of controls and of periods, then a difference of differences; also with staggered starts.
//!
//! Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021, AER 111). Staggered starts as in Clarke, Pailanir, Athey and Imbens (2023): an effect
//! a cohort, weighted by its treated units times its periods.

use crate::matrix::{Matrix, mean, sd};
use crate::panel::{Panel, PanelError};
use crate::simplex::frank_wolfe;

/// Ridge on the weights of periods, in standard deviations of the noise: only makes the optimum unique.
const PERIOD_RIDGE: f64 = 1e-6;
/// The smallest decrease of the objective for which a step is taken, in standard deviations of the noise, squared.
const DECREASE: f64 = 1e-5;
/// Steps before and after small weights are set to zero.
const STEPS: [usize; 2] = [100, 10_000];
/// Weights below this part of the largest are set to zero in between.
const SPARSE: f64 = 0.25;
/// Fewest controls and periods before the start: a standard deviation of first differences needs two.
const FEWEST: usize = 2;

/// An effect by synthetic difference-in-differences.
#[derive(Debug, Clone)]
pub struct Sdid {
    /// Effect by treated unit and period, over all cohorts.
    pub att: f64,
    /// Mean effect by period; `None` where nobody was treated. Before a cohort's start, what is left of its fit.
    pub effects: Vec<Option<f64>>,
    /// Each cohort of units that start together.
    pub cohorts: Vec<Cohort>,
    /// Weights of the controls, in their order, over all cohorts; they sum to one.
    pub weights: Vec<f64>,
}

/// Units that start together.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// First treated period.
    pub start: usize,
    /// Rows of the treated units.
    pub units: Vec<usize>,
    /// Its effect by unit and period.
    pub att: f64,
    /// Weights of the controls, in their order.
    pub weights: Vec<f64>,
    /// Weights of the periods before the start.
    pub period_weights: Vec<f64>,
    /// Treated minus weighted controls in every period, less the weighted mean of that before the start.
    pub gap: Vec<f64>,
}

/// The effect by synthetic difference-in-differences on the controls that were never treated.
///
/// # Errors
/// Nobody is treated, there are fewer than two controls, or fewer than two periods before a start.
pub fn sdid(panel: &Panel) -> Result<Sdid, PanelError> {
    let controls = panel.controls();
    let cohorts = panel.cohorts();
    if cohorts.is_empty() {
        return Err(PanelError::NoTreated);
    }
    if controls.len() < FEWEST {
        return Err(PanelError::TooFewControls { found: controls.len(), needed: FEWEST });
    }
    let donors = panel.outcome_of(&controls);
    let mut made = Vec::new();
    for (start, units) in cohorts {
        if start <= FEWEST {
            return Err(PanelError::TooFewBefore { found: start, needed: FEWEST + 1 });
        }
        if start >= panel.end {
            return Err(PanelError::EmptyTest);
        }
        let noise = noise(&donors, start);
        made.push(cohort(&donors, &panel.mean_of(&units), start, units, noise));
    }
    Ok(together(made, panel.end))
}

/// The effect of one cohort.
pub(crate) fn cohort(donors: &Matrix, target: &[f64], start: usize, units: Vec<usize>, noise: f64) -> Cohort {
    let after = target.len() - start;
    let before = donors.slice(0, start);
    let ridge = ((units.len() * after) as f64).powf(0.25) * noise;
    let weights = fitted(&before, &target[..start], ridge, noise);
    let after_means: Vec<f64> = (0..donors.rows()).map(|i| mean(&donors.row(i)[start..])).collect();
    let period_weights = fitted(&before.transposed(), &after_means, PERIOD_RIDGE * noise, noise);
    let made = donors.weighted_rows(&weights);
    let mut gap: Vec<f64> = target.iter().zip(made).map(|(x, s)| x - s).collect();
    let level: f64 = gap.iter().zip(&period_weights).map(|(g, w)| g * w).sum();
    gap.iter_mut().for_each(|g| *g -= level);
    let att = mean(&gap[start..]);
    Cohort { start, units, att, weights, period_weights, gap }
}

/// Weights on the simplex that bring the rows nearest to the target up to a constant, with a ridge on the weights.
///
/// By Frank-Wolfe steps that stop early, as published: the estimate depends on where they stop, if little (Proposition 99: -15.6038, at the
/// exact optimum -15.6054).
fn fitted(rows: &Matrix, target: &[f64], ridge: f64, noise: f64) -> Vec<f64> {
    let (own, columns) = (mean(target), rows.columns() as f64);
    let mut away = rows.clone();
    for i in 0..rows.rows() {
        let row_mean = mean(rows.row(i));
        away.row_mut(i).iter_mut().zip(target).for_each(|(x, t)| *x = (*x - row_mean) - (t - own));
    }
    let mut h = away.gram();
    (0..h.rows()).for_each(|i| h[(i, i)] += ridge * ridge * columns);
    let decrease = (DECREASE * noise).powi(2) * columns;
    let mut weights = vec![1.0 / h.rows() as f64; h.rows()];
    frank_wolfe(&h, &mut weights, STEPS[0], decrease);
    let largest = weights.iter().copied().fold(0.0, f64::max);
    weights.iter_mut().filter(|w| **w <= SPARSE * largest).for_each(|w| *w = 0.0);
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    frank_wolfe(&h, &mut weights, STEPS[1], decrease);
    weights
}

/// Standard deviation of the controls' changes from period to period before the start.
fn noise(donors: &Matrix, start: usize) -> f64 {
    let changes: Vec<f64> = (0..donors.rows())
        .flat_map(|i| donors.row(i)[..start].windows(2).map(|w| w[1] - w[0]).collect::<Vec<_>>())
        .collect();
    sd(&changes)
}

/// One effect from those of the cohorts.
pub(crate) fn together(cohorts: Vec<Cohort>, end: usize) -> Sdid {
    let share = |c: &Cohort| (c.units.len() * (end - c.start)) as f64;
    let all: f64 = cohorts.iter().map(share).sum();
    let att = cohorts.iter().map(|c| share(c) * c.att).sum::<f64>() / all;
    let effects = (0..end)
        .map(|t| {
            let now = cohorts.iter().filter(|c| c.start <= t);
            let (sum, units) =
                now.fold((0.0, 0.0), |(s, n), c| (s + c.units.len() as f64 * c.gap[t], n + c.units.len() as f64));
            (units > 0.0).then(|| sum / units)
        })
        .collect();
    let controls = cohorts.first().map_or(0, |c| c.weights.len());
    let weights = (0..controls).map(|i| cohorts.iter().map(|c| share(c) * c.weights[i]).sum::<f64>() / all).collect();
    Sdid { att, effects, cohorts, weights }
}

/// The effect that the same design finds where nothing was done: each group of controls in the place of the treated units in turn.
///
/// With one treated unit the groups are the single controls. With k of them, group j is the controls j, j + s, j + 2s, ... around the circle of
/// controls, s the number of controls over k: as many groups as there are controls, each control in k of them, nothing random. Empty where fewer
/// than two controls would be left.
pub fn placebos(panel: &Panel) -> Vec<Sdid> {
    let controls = panel.controls();
    let starts: Vec<usize> = panel.cohorts().iter().flat_map(|(start, units)| vec![*start; units.len()]).collect();
    if controls.len() < starts.len() + FEWEST || starts.is_empty() {
        return Vec::new();
    }
    let step = controls.len() / starts.len();
    let all = panel.outcome_of(&controls);
    let mut out = Vec::with_capacity(controls.len());
    for j in 0..controls.len() {
        let chosen: Vec<usize> = (0..starts.len()).map(|k| controls[(j + k * step) % controls.len()]).collect();
        let others: Vec<usize> = controls.iter().copied().filter(|c| !chosen.contains(c)).collect();
        let donors = panel.outcome_of(&others);
        let cohorts = panel.cohorts().into_iter().map(|(start, _)| {
            let units: Vec<usize> = chosen.iter().zip(&starts).filter(|(_, s)| **s == start).map(|(c, _)| *c).collect();
            cohort(&donors, &panel.mean_of(&units), start, units, noise(&all, start))
        });
        out.push(together(cohorts.collect(), panel.end));
    }
    out
}

/// The change of the treated units' mean from before the start to after it, less that of the controls' mean.
///
/// # Errors
/// The units start at different times, or there is nothing to compare with.
pub fn difference_in_differences(panel: &Panel) -> Result<f64, PanelError> {
    let (start, controls) = (panel.start(1)?, panel.controls());
    if controls.is_empty() {
        return Err(PanelError::NoControls);
    }
    let (treated, controls) = (panel.mean_of(&panel.treated()), panel.mean_of(&controls));
    let change = |x: &[f64]| mean(&x[start..]) - mean(&x[..start]);
    Ok(change(&treated) - change(&controls))
}

/// Standard error from placebo effects: their root mean square around their mean (Arkhangelsky and others 2021, algorithm 4).
pub fn spread(placebos: &[f64]) -> f64 {
    let centre = mean(placebos);
    mean(&placebos.iter().map(|x| (x - centre) * (x - centre)).collect::<Vec<_>>()).sqrt()
}
