//! From what a fit says to what a report shows.

use crate::advice::{next_tests, not_identified};
use crate::report_creators::creators;
use crate::terminal::place;
use counterpoint::data::calendar::Cadence;
use counterpoint::data::{Dataset, DriverKind};
use counterpoint::finding::{Finding, Severity};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{Band, DriverEstimate, Estimates, FitBand, Interval, RowKind};
use counterpoint::model::transform::adstock;
use counterpoint::project::{OutcomeKind, Project, UnitValue};
use counterpoint_report as report;
use std::ops::Range;

/// Draws that the decay of an effect is read from.
const DECAY_DRAWS: usize = 1000;

/// What a report is made from.
pub(crate) struct Inputs<'a> {
    pub(crate) project: &'a Project,
    pub(crate) dataset: &'a Dataset,
    pub(crate) model: &'a Model,
    pub(crate) estimates: &'a Estimates,
    /// Title of the report.
    pub(crate) title: String,
    /// Name of the run.
    pub(crate) run: String,
    pub(crate) verdict: report::Verdict,
    pub(crate) diagnostics: report::Diagnostics,
    pub(crate) findings: Vec<report::FindingRow>,
    pub(crate) evidence: Vec<report::Evidence>,
}

/// The report of a fit.
pub(crate) fn assemble(inputs: Inputs<'_>) -> report::ReportData {
    let Inputs { project, dataset, model, estimates, .. } = inputs;
    let shown = periods(dataset, estimates);
    let drivers: Vec<report::DriverRow> = estimates.drivers.iter().map(driver).collect();
    report::ReportData {
        currency: project.currency.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        outcome_name: outcome_name(project),
        outcome_is_money: project.outcome.kind == OutcomeKind::Revenue,
        returns_are_money: project.outcome.returns_are_money(),
        return_word: return_word(project),
        cadence_word: cadence(dataset).to_owned(),
        dates: dataset.dates[shown.clone()].iter().map(ToString::to_string).collect(),
        geos: dataset.geos.clone(),
        marketing_share: interval(&estimates.marketing_share),
        paid_incremental: estimates.paid_incremental.as_ref().map(interval),
        baseline_share: interval(&estimates.baseline_share),
        controls_share: estimates.controls_share.as_ref().map(interval),
        total_outcome: estimates.total_outcome,
        best_return: estimates.best_return.map(best),
        best_next: estimates.best_next.map(best),
        contributions: contributions(estimates, &shown),
        fit: report::Fit {
            national: fit(&estimates.fit_national, shown.clone()),
            by_geo: by_geo(dataset, estimates, &shown),
        },
        curves: curves(&inputs, &shown),
        prior_posterior: densities(estimates),
        adstock: decays(model, estimates),
        not_identified: not_identified(model, estimates),
        next_tests: next_tests(dataset, estimates, &return_word(project)),
        creators: creators(&inputs, &shown),
        evidence: inputs.evidence,
        plan: None,
        stress: None,
        trust: None,
        title: inputs.title,
        generated_from: inputs.run,
        verdict: inputs.verdict,
        diagnostics: inputs.diagnostics,
        findings: inputs.findings,
        drivers,
    }
}

/// Periods of the window.
fn periods(dataset: &Dataset, estimates: &Estimates) -> Range<usize> {
    let (first, last) = estimates.window;
    let from = dataset.dates.iter().position(|d| *d >= first).unwrap_or(0);
    let to = dataset.dates.iter().rposition(|d| *d <= last).map_or(dataset.dates.len(), |t| t + 1);
    from..to.max(from)
}

/// The outcome as a word within a sentence.
fn outcome_name(project: &Project) -> String {
    project.outcome.column.replace('_', " ").to_lowercase()
}

fn return_word(project: &Project) -> String {
    match project.outcome.kind {
        OutcomeKind::Count(UnitValue::Unknown) => format!("{} per unit of spend", outcome_name(project)),
        _ => "ROI".to_owned(),
    }
}

/// What a period is called.
pub(crate) fn cadence(dataset: &Dataset) -> &'static str {
    match dataset.cadence {
        Cadence::Weekly => "week",
        Cadence::Daily => "day",
    }
}

/// An interval as reports have it.
pub(crate) fn interval(x: &Interval) -> report::Interval {
    report::Interval { mean: x.mean, q05: x.q05, q50: x.q50, q95: x.q95 }
}

fn best((driver, probability): (usize, f64)) -> report::Best {
    report::Best { driver, probability }
}

fn driver(d: &DriverEstimate) -> report::DriverRow {
    report::DriverRow {
        name: d.name.clone(),
        kind: match d.kind {
            DriverKind::Channel => report::DriverKind::Channel,
            DriverKind::Organic => report::DriverKind::Organic,
            DriverKind::Treatment => report::DriverKind::Treatment,
            DriverKind::Platform => report::DriverKind::Creator,
        },
        spend: d.spend,
        incremental: interval(&d.incremental),
        roi: d.roi.as_ref().map(interval),
        mroi: d.mroi.as_ref().map(interval),
        cost_per_increment: d.cost_per_increment.as_ref().map(interval),
        share: interval(&d.share),
        prob_roi_above_1: d.prob_roi_above_1,
        moved_from_prior: d.moved_from_prior,
        identified: d.identified,
    }
}

/// A finding as reports have it.
pub(crate) fn finding(f: &Finding) -> report::FindingRow {
    report::FindingRow {
        severity: match f.severity {
            Severity::Info => report::FindingSeverity::Info,
            Severity::Review => report::FindingSeverity::Review,
            Severity::Fail => report::FindingSeverity::Fail,
        },
        code: f.code.clone(),
        place: place(f),
        found: f.found.clone(),
        expected: f.expected.clone(),
        mend: f.mend.clone(),
    }
}

/// Baseline, controls together, drivers. Several controls have no joint interval here: their means add up, quantiles do not.
fn contributions(estimates: &Estimates, shown: &Range<usize>) -> Vec<report::Series> {
    let series = |name: &str, kind, band: &Band| report::Series {
        driver: name.to_owned(),
        kind,
        mean: band.mean[shown.clone()].to_vec(),
        q05: band.q05[shown.clone()].to_vec(),
        q95: band.q95[shown.clone()].to_vec(),
    };
    let mut out = Vec::new();
    let mut controls: Option<report::Series> = None;
    let mut drivers = Vec::new();
    for row in &estimates.contributions {
        match row.kind {
            RowKind::Baseline => out.push(series("Baseline", report::SeriesKind::Baseline, &row.national)),
            RowKind::Driver(_) => drivers.push(series(&row.name, report::SeriesKind::Driver, &row.national)),
            // Parts of their platforms, which are drawn.
            RowKind::Creator => {}
            RowKind::Control => match &mut controls {
                None => controls = Some(series("Controls", report::SeriesKind::Controls, &row.national)),
                Some(all) => {
                    all.mean.iter_mut().zip(&row.national.mean[shown.clone()]).for_each(|(a, x)| *a += x);
                    all.q05.fill(f64::NAN);
                    all.q95.fill(f64::NAN);
                }
            },
        }
    }
    out.extend(controls);
    out.extend(drivers);
    out
}

fn fit(band: &FitBand, cells: Range<usize>) -> report::FitSeries {
    report::FitSeries {
        observed: band.observed[cells.clone()].iter().map(|&y| (!y.is_nan()).then_some(y)).collect(),
        expected_mean: band.expected.mean[cells.clone()].to_vec(),
        expected_q05: band.expected.q05[cells.clone()].to_vec(),
        expected_q95: band.expected.q95[cells.clone()].to_vec(),
        predicted_q05: band.predicted_q05[cells.clone()].to_vec(),
        predicted_q95: band.predicted_q95[cells].to_vec(),
    }
}

fn by_geo(dataset: &Dataset, estimates: &Estimates, shown: &Range<usize>) -> Vec<report::FitSeries> {
    let periods = dataset.n_periods();
    let geos = if dataset.n_geos() > 1 { dataset.n_geos() } else { 0 };
    (0..geos).map(|g| fit(&estimates.fit, g * periods + shown.start..g * periods + shown.end)).collect()
}

/// Curves of drivers with spend, for an average period.
fn curves(inputs: &Inputs<'_>, shown: &Range<usize>) -> Vec<report::Curve> {
    let (project, dataset) = (inputs.project, inputs.dataset);
    let n = shown.len().max(1) as f64;
    let each = |values: &[f64]| values.iter().map(|x| x / n).collect::<Vec<_>>();
    let money = if project.currency.is_empty() { "spend" } else { &project.currency };
    inputs
        .estimates
        .curves
        .iter()
        .filter(|c| c.x_is_spend)
        .map(|c| report::Curve {
            driver: c.driver.clone(),
            spend: each(&c.x),
            mean: each(&c.y.mean),
            q05: each(&c.y.q05),
            q95: each(&c.y.q95),
            current_spend: c.current / n,
            observed_max: most_spent(dataset, &c.driver),
            unit: format!("{money} a {}", cadence(dataset)),
        })
        .collect()
}

/// The largest spend of a period, all geos together.
fn most_spent(dataset: &Dataset, driver: &str) -> Option<f64> {
    let spend = dataset.drivers.iter().find(|d| d.name == driver)?.spend.as_ref()?;
    let periods = dataset.n_periods();
    (0..periods).map(|t| spend.iter().skip(t).step_by(periods).sum()).reduce(f64::max)
}

fn densities(estimates: &Estimates) -> Vec<report::Density> {
    let one = |d: &counterpoint::model::estimate::DensityEstimate| report::Density {
        driver: d.driver.clone(),
        parameter: d.parameter.clone(),
        label: label(&d.parameter).to_owned(),
        x: d.x.clone(),
        prior: d.prior.clone(),
        posterior: d.posterior.clone(),
    };
    // What a driver brings comes before how.
    let later = |d: &report::Density| !matches!(d.parameter.as_str(), "roi" | "mroi" | "contribution" | "coefficient");
    let mut all: Vec<report::Density> = estimates.densities.iter().map(one).collect();
    all.sort_by_key(later);
    all
}

/// A parameter's name for people.
fn label(parameter: &str) -> &str {
    match parameter {
        "roi" => "ROI",
        "mroi" => "Marginal ROI",
        "contribution" => "Share of the outcome",
        "coefficient" => "Effect at saturation",
        "retention" => "Kept each period",
        "delay" => "Delay of the peak",
        "weibull_shape" => "Carry-over shape",
        "weibull_scale" => "Carry-over length",
        "half_saturation" => "Half-saturation point",
        "slope" => "Steepness of the curve",
        "rate" => "Saturation rate",
        "geo_spread" => "Spread over geos",
        other => other,
    }
}

/// The effect that is left after each period, as a share of its height at the peak.
fn decays(model: &Model, estimates: &Estimates) -> Vec<report::Decay> {
    let of = |name: &str| model.drivers.iter().find(|d| d.name == name);
    let draws = estimates.scalars.chains() * estimates.scalars.draws();
    let thinned: Vec<usize> = (0..draws.min(DECAY_DRAWS)).map(|i| i * draws / draws.min(DECAY_DRAWS)).collect();
    let one = |d: &counterpoint::model::estimate::DecayEstimate| {
        let driver = of(&d.driver)?;
        let kind = driver.shape.adstock;
        let lags = driver.shape.max_lag + 1;
        let slots: Vec<Vec<f64>> = driver.slots.adstock[..adstock::parameters(kind)]
            .iter()
            .map(|&slot| column(model, estimates, slot))
            .collect();
        let mut left = vec![Vec::with_capacity(thinned.len()); lags];
        let mut weights = vec![0.0; lags];
        for &i in &thinned {
            let p: Vec<f64> = slots.iter().map(|values| values[i]).collect();
            adstock::weights(kind, &p, &mut weights);
            let peak = weights.iter().copied().fold(0.0, f64::max);
            left.iter_mut().zip(&weights).for_each(|(all, w)| all.push(w / peak));
        }
        let left: Vec<Interval> = left.iter().map(|values| Interval::of(values)).collect();
        Some(report::Decay {
            driver: d.driver.clone(),
            lags: (0..lags).map(|l| l as f64).collect(),
            mean: left.iter().map(|x| x.mean).collect(),
            q05: left.iter().map(|x| x.q05).collect(),
            q95: left.iter().map(|x| x.q95).collect(),
        })
    };
    estimates.decays.iter().filter_map(one).collect()
}

/// The draws of a parameter; a fixed one has its value in each.
fn column(model: &Model, estimates: &Estimates, index: usize) -> Vec<f64> {
    let parameter = model.parameters.get(index);
    match estimates.scalars.position(&parameter.name) {
        Some(i) => estimates.scalars.scalar(i).to_vec(),
        None => vec![parameter.prior.middle(); estimates.scalars.chains() * estimates.scalars.draws()],
    }
}
