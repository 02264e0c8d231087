//! Reads an experiment: one panel, one answer, by the method that is asked for.

use crate::conformal::{Limits, of_mean, of_periods};
use crate::dose::{Contrast, Slope};
use crate::matrix::{Matrix, mean, norm};
use crate::panel::{Panel, PanelError};
use crate::readout::{Effect, Method, Note, PeriodEffect, PreFit, ReadOut, Settings, SpacePlacebo, TimePlacebo};
use crate::regression::{Errors, covariates_of, long_run_variance, regression};
use crate::sdid::{Sdid, difference_in_differences, placebos, sdid, spread};
use crate::series::series;
use crate::student;
use crate::synthetic::{BEFORE, Comparison, Options, Ridge};
use counterpoint_infer::diagnose::rhat;
use counterpoint_infer::draws::{Chains, quantile, sorted};
use counterpoint_infer::math::norm_quantile;

/// Fewest periods before the treatment for a structural time series.
const SERIES_BEFORE: usize = 8;
/// R-hat above which chains are said to disagree.
const RHAT: f64 = 1.05;
/// Periods before, as a multiple of those in the window, below which it is said that they are few: the customary advice of geo tests.
const BEFORE_FACTOR: usize = 4;
/// Correlation of neighbours, in standard errors of that of independent values, or trend by dose in its own, above which it is said.
const CORRELATED: f64 = 1.645;
/// How much the treated units' gap may differ from the placebos' before it is said.
const UNLIKE: f64 = 2.5;
/// Share of an effect by dose above which it is said that one unit makes it.
const HALF: f64 = 0.5;

/// Reads an experiment.
///
/// # Errors
/// The panel does not have what the method needs.
pub fn read(panel: &Panel, settings: &Settings) -> Result<ReadOut, PanelError> {
    let mut out = match settings.method {
        Method::Ascm | Method::Scm => by_synthetic_control(panel, settings)?,
        Method::Sdid => by_differences(panel, settings)?,
        Method::Tbr => by_regression(panel, settings)?,
        Method::Bsts => by_series(panel, settings)?,
        Method::Dose => by_dose(panel, settings)?,
    };
    finish(panel, settings, &mut out);
    Ok(out)
}

/// The mean effect and its test, without anything else that a read-out has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headline {
    /// Effect by treated unit and period.
    pub att: Effect,
    /// P value of no effect, two-sided.
    pub p: f64,
}

/// The mean effect and its test alone: the numbers of [`read`], sooner.
///
/// # Errors
/// As [`read`].
pub fn headline(panel: &Panel, settings: &Settings) -> Result<Headline, PanelError> {
    let alpha = 1.0 - settings.level;
    let of = |value, limits: Limits| Headline { att: bounded(value, &limits), p: limits.p };
    Ok(match settings.method {
        Method::Ascm | Method::Scm => {
            let (options, comparison) = (options(settings), Comparison::of(panel)?);
            let fit = comparison.fit(&options);
            let limits = of_mean(&comparison, &options, fit.penalty, alpha, &fit.gap);
            of(mean(&fit.gap[comparison.start..]), limits)
        }
        Method::Sdid => {
            let found = sdid(panel)?;
            let others = placebos(panel);
            let scaled: Vec<f64> = others.iter().zip(scales(&found, &others)).map(|(o, s)| o.att * s).collect();
            of(found.att, by_rank(found.att, &scaled, alpha))
        }
        Method::Tbr => {
            let found = by_regression(panel, settings)?;
            Headline { att: found.att, p: found.p }
        }
        Method::Bsts => {
            let found = by_series(panel, settings)?;
            Headline { att: found.att, p: found.p }
        }
        Method::Dose => {
            let contrast = Contrast::of(panel)?;
            let slope = contrast.slope(contrast.start, panel.end);
            Headline { att: at_dose(&contrast, &slope, settings.level), p: slope.p() }
        }
    })
}

/// The options of a synthetic control.
pub(crate) fn options(settings: &Settings) -> Options {
    let ridge = if settings.method == Method::Ascm { Ridge::CrossValidated } else { Ridge::Off };
    Options { fixed_effects: settings.fixed_effects, ridge, covariates: settings.covariates }
}

fn by_synthetic_control(panel: &Panel, settings: &Settings) -> Result<ReadOut, PanelError> {
    let (options, alpha) = (options(settings), 1.0 - settings.level);
    let comparison = Comparison::of(panel)?;
    let fit = comparison.fit(&options);
    let start = comparison.start;
    let limits = of_mean(&comparison, &options, fit.penalty, alpha, &fit.gap);
    let att = bounded(mean(&fit.gap[start..]), &limits);
    let mut out = blank(panel, settings, att, limits.p);
    out.notes.extend(notes_of(&att, &limits, alpha, panel.end));
    let z = norm_quantile(0.5 + 0.5 * settings.level);
    out.se = att.low.zip(att.high).map(|(low, high)| (high - low) / (2.0 * z));
    let periods = of_periods(&comparison, &options, fit.penalty, alpha, &fit.gap);
    let treated = panel.mean_of(&panel.treated());
    out.effects =
        (start..panel.end).zip(&periods).map(|(t, l)| period(panel, t, treated[t], bounded(fit.gap[t], l))).collect();
    out.weights = named(panel, &fit.weights);
    out.pre_fit = PreFit { l2: fit.l2, scaled_l2: Some(fit.scaled_l2), penalty: fit.penalty, bias: fit.bias };
    let (space, p) = in_space(panel, &comparison, &options, &fit.gap, fit.penalty);
    (out.in_space, out.in_space_p) = (space, p);
    Ok(out)
}

/// Each control in the place of the treated units, on the other controls, with the penalty of the estimate.
fn in_space(
    panel: &Panel,
    comparison: &Comparison,
    options: &Options,
    gap: &[f64],
    penalty: Option<f64>,
) -> (Vec<SpacePlacebo>, Option<f64>) {
    let (start, controls) = (comparison.start, panel.controls());
    if controls.len() < 3 {
        return (Vec::new(), None);
    }
    let options = Options { ridge: penalty.map_or(Ridge::Off, Ridge::Fixed), ..*options };
    let one = |j: usize| {
        let others: Vec<usize> = (0..controls.len()).filter(|&i| i != j).collect();
        let covariates = comparison.covariates.as_ref().map(|(z, _)| (z.select(&others), z.row(j).to_vec()));
        let placebo = Comparison {
            donors: comparison.donors.select(&others),
            target: comparison.donors.row(j).to_vec(),
            start,
            covariates,
        };
        let gap = placebo.fit(&options).gap;
        SpacePlacebo {
            units: vec![panel.units[controls[j]].clone()],
            att: mean(&gap[start..]),
            ratio: ratio(&gap, start),
        }
    };
    let found: Vec<SpacePlacebo> = (0..controls.len()).map(one).collect();
    let own = ratio(gap, start);
    let larger = found.iter().filter(|f| f.ratio >= own).count();
    let p = (1 + larger) as f64 / (1 + found.len()) as f64;
    (found, Some(p))
}

/// Root mean square after the start over that before it.
fn ratio(gap: &[f64], start: usize) -> f64 {
    rms(&gap[start..]) / rms(&gap[..start])
}

fn rms(x: &[f64]) -> f64 {
    norm(x) / (x.len() as f64).sqrt()
}

fn by_differences(panel: &Panel, settings: &Settings) -> Result<ReadOut, PanelError> {
    let alpha = 1.0 - settings.level;
    let found = sdid(panel)?;
    let others = placebos(panel);
    let scales = scales(&found, &others);
    let effects: Vec<f64> = others.iter().map(|o| o.att).collect();
    let scaled_effects: Vec<f64> = effects.iter().zip(&scales).map(|(e, s)| e * s).collect();
    let limits = by_rank(found.att, &scaled_effects, alpha);
    let att = bounded(found.att, &limits);
    let mut out = blank(panel, settings, att, limits.p);
    out.notes.extend(notes_of(&att, &limits, alpha, effects.len() + 1));
    // the published standard error, unless the interval knows more noise
    let z = norm_quantile(0.5 + 0.5 * settings.level);
    let half = att.low.zip(att.high).map_or(0.0, |(low, high)| (high - low) / (2.0 * z));
    out.se = (effects.len() > 1).then(|| spread(&effects).max(half));
    out.weights = named(panel, &found.weights);
    out.effects = (0..panel.end)
        .filter_map(|t| {
            let value = found.effects[t]?;
            let same: Vec<f64> = others.iter().zip(&scales).filter_map(|(o, s)| Some(o.effects[t]? * s)).collect();
            let now: Vec<usize> =
                panel.treated().into_iter().filter(|&i| panel.adoption[i].is_some_and(|s| s <= t)).collect();
            let observed = now.iter().map(|&i| panel.outcome[(i, t)]).sum::<f64>() / now.len() as f64;
            Some(period(panel, t, observed, bounded(value, &by_rank(value, &same, alpha))))
        })
        .collect();
    let own = before(&found);
    let mut theirs: Vec<f64> = others.iter().map(|o| rms(&before(o))).collect();
    theirs.sort_by(f64::total_cmp);
    if let Some(middle) = theirs.get(theirs.len() / 2) {
        let ratio = rms(&own) / middle;
        if !(1.0 / UNLIKE..=UNLIKE).contains(&ratio) {
            out.notes.push(Note::UnlikeControls { ratio });
        }
    }
    out.pre_fit = PreFit { l2: norm(&own), scaled_l2: scaled(panel, &found), penalty: None, bias: None };
    let controls = panel.controls();
    let step = controls.len() / panel.treated().len().max(1);
    out.in_space = others
        .iter()
        .enumerate()
        .map(|(j, o)| {
            let name = |k: usize| panel.units[controls[(j + k * step) % controls.len()]].clone();
            let after: Vec<f64> = o.effects.iter().flatten().copied().collect();
            SpacePlacebo {
                units: (0..panel.treated().len()).map(name).collect(),
                att: o.att,
                ratio: rms(&after) / rms(&before(o)),
            }
        })
        .collect();
    out.in_space_p = (!others.is_empty()).then_some(limits.p);
    Ok(out)
}

/// What each placebo effect is multiplied by: how much noisier the treated units are before the start than the placebo, and never less than 1.
///
/// Placebo inference takes the controls for as noisy as the treated units. A large market among small ones is not, and would be called moved
/// far too often.
pub(crate) fn scales(found: &Sdid, others: &[Sdid]) -> Vec<f64> {
    let own = rms(&before(found));
    others.iter().map(|o| own / rms(&before(o))).map(|s| if s.is_finite() { s.max(1.0) } else { 1.0 }).collect()
}

/// Gaps before the start around their mean, cohort after cohort.
fn before(found: &Sdid) -> Vec<f64> {
    let centred = |gap: &[f64]| {
        let level = mean(gap);
        gap.iter().map(|g| g - level).collect::<Vec<_>>()
    };
    found.cohorts.iter().flat_map(|c| centred(&c.gap[..c.start])).collect()
}

/// The gaps before the start over those of the plain mean of the controls.
fn scaled(panel: &Panel, found: &Sdid) -> Option<f64> {
    let controls = panel.mean_of(&panel.controls());
    let plain = found.cohorts.iter().flat_map(|c| {
        let gap: Vec<f64> = panel.mean_of(&c.units)[..c.start].iter().zip(&controls).map(|(x, m)| x - m).collect();
        let level = mean(&gap);
        gap.into_iter().map(move |g| g - level).collect::<Vec<_>>()
    });
    let plain = norm(&plain.collect::<Vec<_>>());
    (plain > 0.0).then(|| norm(&before(found)) / plain)
}

/// The rank of an effect among placebos by size, and the effects that such a rank does not reject.
///
/// An effect tau is rejected where the share of placebos at least as large as |estimate - tau|, the estimate counted in, is `alpha` or less.
pub(crate) fn by_rank(estimate: f64, placebos: &[f64], alpha: f64) -> Limits {
    let all = (placebos.len() + 1) as f64;
    let larger = placebos.iter().filter(|x| x.abs() >= estimate.abs()).count();
    let mut sizes: Vec<f64> = placebos.iter().map(|x| x.abs()).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    // the k-th largest placebo is the farthest that is kept: (1 + k) / all > alpha and k / all <= alpha
    let k = (0..sizes.len() + 1).find(|k| (1 + k) as f64 / all > alpha + 1e-12).unwrap_or(0);
    let half = k.checked_sub(1).map(|k| sizes[k]);
    Limits {
        low: half.map(|h| estimate - h),
        high: half.map(|h| estimate + h),
        p: (1 + larger) as f64 / all,
        gaps: false,
    }
}

fn by_regression(panel: &Panel, settings: &Settings) -> Result<ReadOut, PanelError> {
    let found = regression(panel, settings.errors)?;
    let units = panel.treated().len() as f64;
    let share = 1.0 / (units * found.window as f64);
    let (low, high) = found.interval(settings.level);
    let att = Effect { value: found.total * share, low: Some(low * share), high: Some(high * share) };
    let mut out = blank(panel, settings, att, found.p);
    out.se = Some(found.se * share);
    let start = panel.end - found.window;
    let t = student::quantile(1.0 - settings.level, found.period_df);
    let treated = panel.mean_of(&panel.treated());
    out.effects = (start..panel.end)
        .zip(&found.period_se)
        .map(|(at, se)| {
            let value = found.gap[at] / units;
            let half = t * se / units;
            period(panel, at, treated[at], Effect { value, low: Some(value - half), high: Some(value + half) })
        })
        .collect();
    let controls = panel.controls();
    let mut names = Vec::new();
    if !controls.is_empty() {
        let slope = found.coefficients[1];
        out.weights = controls.iter().map(|&i| (panel.units[i].clone(), slope / units)).collect();
        names.push("control total".to_owned());
    }
    names.extend(panel.covariates.iter().map(|c| c.name.clone()));
    out.slopes = names.into_iter().zip(&found.coefficients[1..]).map(|(name, b)| (name, *b, None)).collect();
    let own: Vec<f64> = found.gap[..start].iter().map(|g| g / units).collect();
    out.pre_fit = PreFit { l2: norm(&own), scaled_l2: over_plain(panel, start, &own), penalty: None, bias: None };
    Ok(out)
}

/// Gaps before the start over those of the plain mean of the controls, levels taken off.
fn over_plain(panel: &Panel, start: usize, gap: &[f64]) -> Option<f64> {
    let controls = panel.controls();
    if controls.is_empty() {
        return None;
    }
    let (treated, controls) = (panel.mean_of(&panel.treated()), panel.mean_of(&controls));
    let plain: Vec<f64> = treated[..start].iter().zip(&controls).map(|(x, m)| x - m).collect();
    let level = mean(&plain);
    let plain = norm(&plain.iter().map(|g| g - level).collect::<Vec<_>>());
    (plain > 0.0).then(|| norm(gap) / plain)
}

fn by_series(panel: &Panel, settings: &Settings) -> Result<ReadOut, PanelError> {
    let start = panel.start(SERIES_BEFORE)?;
    let (treated, controls) = (panel.treated(), panel.controls());
    let mut rows: Vec<Vec<f64>> = controls.iter().map(|&i| panel.outcome.row(i)[..panel.end].to_vec()).collect();
    rows.extend(covariates_of(panel, &treated)?);
    let x = Matrix::from_fn(rows.len(), panel.end, |i, t| rows[i][t]);
    let y = panel.mean_of(&treated);
    let found = series(&y, &x, start, &settings.draws);
    let tail = 0.5 * (1.0 - settings.level);
    let summary = |draws: &[f64]| {
        let ordered = sorted(draws);
        Effect { value: mean(draws), low: Some(quantile(&ordered, tail)), high: Some(quantile(&ordered, 1.0 - tail)) }
    };
    let window = panel.end - start;
    let means: Vec<f64> = (0..found.effects.rows()).map(|i| mean(found.effects.row(i))).collect();
    let gap: Vec<f64> = y.iter().zip(&found.fitted).map(|(y, f)| y - f).collect();
    let lag_one = lag_one(&gap);
    let correlated = lag_one > CORRELATED / (start as f64).sqrt();
    let widened = spread_out(&means, &gap);
    let given = settings.errors == Errors::Autocorrelated;
    let means = if given { widened.clone() } else { means };
    let below = means.iter().filter(|x| **x <= 0.0).count();
    let smaller = below.min(means.len() - below);
    let p = (2.0 * (smaller + 1) as f64 / (means.len() + 1) as f64).min(1.0);
    let mut out = blank(panel, settings, summary(&means), p);
    out.se = Some(crate::matrix::sd(&means));
    out.effects = (0..window)
        .map(|k| {
            let column: Vec<f64> = (0..found.effects.rows()).map(|i| found.effects[(i, k)]).collect();
            period(panel, start + k, y[start + k], summary(&column))
        })
        .collect();
    out.weights = named(panel, &found.slopes[..controls.len()]);
    let names = controls.iter().map(|&i| panel.units[i].clone()).chain(panel.covariates.iter().map(|c| c.name.clone()));
    out.slopes =
        names.zip(found.slopes.iter().zip(&found.inclusion)).map(|(name, (b, i))| (name, *b, Some(*i))).collect();
    out.pre_fit = PreFit { l2: norm(&gap), scaled_l2: over_plain(panel, start, &gap), penalty: None, bias: None };
    if correlated {
        out.notes.push(Note::Autocorrelated { lag_one, widened: summary(&widened), given });
    }
    if rows.is_empty() {
        out.notes.push(Note::NoRegressor);
    }
    let rhat = rhat(Chains::new(&means, found.chains));
    if rhat > RHAT {
        out.notes.push(Note::Mixing { rhat });
    }
    Ok(out)
}

/// An effect at dose 1 as the effect by unit and period: doses are 1 in the mean by level.
fn at_dose(contrast: &Contrast, slope: &Slope, level: f64) -> Effect {
    let (scale, half) = (mean(&contrast.levels), slope.half(level));
    let side = |x: f64| (x * scale).is_finite().then_some(x * scale);
    Effect { value: slope.value * scale, low: side(slope.value - half), high: side(slope.value + half) }
}

fn by_dose(panel: &Panel, settings: &Settings) -> Result<ReadOut, PanelError> {
    let contrast = Contrast::of(panel)?;
    let (start, level) = (contrast.start, settings.level);
    let slope = contrast.slope(start, panel.end);
    let att = at_dose(&contrast, &slope, level);
    let mut out = blank(panel, settings, att, slope.p());
    let z = norm_quantile(0.5 + 0.5 * level);
    out.se = att.low.zip(att.high).map(|(low, high)| (high - low) / (2.0 * z));
    let observed = panel.mean_of(&panel.treated());
    out.effects = (start..panel.end)
        .map(|t| period(panel, t, observed[t], at_dose(&contrast, &contrast.slope(t, t + 1), level)))
        .collect();
    out.weights = panel.units.iter().cloned().zip(contrast.weights().iter().copied()).collect();
    out.difference = Some(contrast.plain(start, panel.end) * mean(&contrast.levels));
    let l2 = norm(&contrast.path[..start]) * mean(&contrast.levels);
    out.pre_fit = PreFit { l2, scaled_l2: None, penalty: None, bias: None };
    let (change, se) = contrast.trend;
    if change.abs() > CORRELATED * se {
        out.notes.push(Note::TrendByDose { change });
    }
    let share = |i: usize| contrast.weights()[i] * (contrast.doses[i] - 1.0);
    if let Some(i) = (0..panel.units.len()).max_by(|&a, &b| share(a).total_cmp(&share(b))).filter(|&i| share(i) > HALF)
    {
        out.notes.push(Note::OneUnit { unit: panel.units[i].clone(), share: share(i) });
    }
    Ok(out)
}

/// Draws of a mean over many periods, as far from their own mean as errors allow that are correlated over time: the noise is taken for independent in the
/// draws, so they are moved away by the root of its long-run variance over its variance (never nearer), and, since that is estimated from a
/// few cosine transforms of what the fit leaves, by Student's quantile over the Normal one at each draw's rank.
fn spread_out(draws: &[f64], left: &[f64]) -> Vec<f64> {
    let (found, cosines) = long_run_variance(left);
    let variance = left.iter().map(|x| x * x).sum::<f64>() / left.len() as f64;
    let factor = if variance > 0.0 { (found / variance).max(1.0).sqrt() } else { 1.0 };
    let (centre, n) = (mean(draws), draws.len() as f64);
    let mut order: Vec<usize> = (0..draws.len()).collect();
    order.sort_by(|&a, &b| draws[a].total_cmp(&draws[b]));
    let mut out = vec![0.0; draws.len()];
    for (rank, i) in order.into_iter().enumerate() {
        let tail = ((rank as f64 + 0.5) / n).min((n - rank as f64 - 0.5) / n);
        let z = -norm_quantile(tail);
        let heavier = if z > 1e-6 { student::quantile(2.0 * tail, cosines as f64) / z } else { 1.0 };
        out[i] = centre + factor * heavier.max(1.0) * (draws[i] - centre);
    }
    out
}

/// Correlation of one value with the next, within [0, 0.95]; 0 of values that do not vary.
fn lag_one(x: &[f64]) -> f64 {
    let centre = mean(x);
    let product = |pair: &[f64]| (pair[0] - centre) * (pair[1] - centre);
    let found = x.windows(2).map(product).sum::<f64>() / x.iter().map(|v| (v - centre) * (v - centre)).sum::<f64>();
    if found.is_finite() { found.clamp(0.0, 0.95) } else { 0.0 }
}

/// A read-out with what every method has.
fn blank(panel: &Panel, settings: &Settings, att: Effect, p: f64) -> ReadOut {
    let treated = panel.treated();
    let starts: Vec<(usize, usize)> = treated.iter().filter_map(|&i| Some((i, panel.adoption[i]?))).collect();
    let observed = starts.iter().map(|(i, s)| panel.outcome.row(*i)[*s..panel.end].iter().sum::<f64>()).sum();
    ReadOut {
        method: settings.method,
        level: settings.level,
        att,
        se: None,
        p,
        unit_periods: starts.iter().map(|(_, s)| panel.end - s).sum(),
        lift: None,
        observed,
        weights: Vec::new(),
        slopes: Vec::new(),
        pre_fit: PreFit { l2: f64::NAN, scaled_l2: None, penalty: None, bias: None },
        effects: Vec::new(),
        difference: difference_in_differences(panel).ok(),
        in_space: Vec::new(),
        in_space_p: None,
        in_time: Vec::new(),
        notes: Vec::new(),
    }
}

/// Lift, placebos in time, and the notes that any method may earn.
fn finish(panel: &Panel, settings: &Settings, out: &mut ReadOut) {
    let (observed, total) = (out.observed, out.total());
    let reaches = |x: Option<f64>| x.is_none_or(|x| observed - x > 0.0);
    if observed - total.value > 0.0 && reaches(total.low) && reaches(total.high) {
        out.lift = Some(total.map(|x| x / (observed - x)));
    } else {
        out.notes.push(Note::NoLift);
    }
    if let Some(scaled_l2) = out.pre_fit.scaled_l2.filter(|s| *s >= 1.0) {
        out.notes.push(Note::PoorFit { scaled_l2 });
    }
    let Ok(start) = panel.start(1) else { return };
    let window = panel.end - start;
    if start < BEFORE_FACTOR * window {
        out.notes.push(Note::ShortBefore { before: start, window });
    }
    out.in_time = in_time(panel, settings, start, window);
}

/// The same estimate in windows of the same length before the start, one after another backwards, as long as as many periods come before.
fn in_time(panel: &Panel, settings: &Settings, start: usize, window: usize) -> Vec<TimePlacebo> {
    let mut out = Vec::new();
    let mut to = start;
    while to >= 2 * window && to >= window + BEFORE {
        let from = to - window;
        let placebo = panel.clone().treat(&panel.treated(), from, to, 0);
        if let Some(att) = estimate(&placebo, settings) {
            out.push(TimePlacebo { window: (panel.times[from].clone(), panel.times[to - 1].clone()), att });
        }
        to = from;
    }
    out
}

/// The estimate alone; `None` where there is none, and for a structural time series, which would have to be drawn anew.
pub(crate) fn estimate(panel: &Panel, settings: &Settings) -> Option<f64> {
    match settings.method {
        Method::Ascm | Method::Scm => {
            let comparison = Comparison::of(panel).ok()?;
            Some(mean(&comparison.fit(&options(settings)).gap[comparison.start..]))
        }
        Method::Sdid => Some(sdid(panel).ok()?.att),
        Method::Tbr => {
            let found = regression(panel, settings.errors).ok()?;
            Some(found.total / (panel.treated().len() * found.window) as f64)
        }
        Method::Bsts => None,
        Method::Dose => {
            let contrast = Contrast::of(panel).ok()?;
            Some(contrast.slope(contrast.start, panel.end).value * mean(&contrast.levels))
        }
    }
}

/// What an interval by shifts or ranks should not be silent about.
fn notes_of(att: &Effect, limits: &Limits, alpha: f64, compared: usize) -> Vec<Note> {
    let mut out = Vec::new();
    let smallest_p = 1.0 / compared as f64;
    if smallest_p > alpha {
        out.push(Note::TooFewForLevel { smallest_p });
    } else if limits.low.is_none() || limits.high.is_none() {
        out.push(Note::Unbounded);
    }
    if limits.gaps {
        out.push(Note::Gaps);
    }
    if att.low.is_some_and(|l| l > att.value) || att.high.is_some_and(|h| h < att.value) {
        out.push(Note::EstimateOutside);
    }
    out
}

fn bounded(value: f64, limits: &Limits) -> Effect {
    Effect { value, low: limits.low, high: limits.high }
}

fn period(panel: &Panel, t: usize, observed: f64, effect: Effect) -> PeriodEffect {
    PeriodEffect { time: panel.times[t].clone(), observed, effect }
}

fn named(panel: &Panel, weights: &[f64]) -> Vec<(String, f64)> {
    panel.controls().iter().zip(weights).map(|(&i, w)| (panel.units[i].clone(), *w)).collect()
}
