//! What a report shows: plain data, filled in by whoever holds a fitted model.

use crate::creators::Creators;
use crate::evidence::Evidence;
use crate::json::{number, numbers};
use crate::plan::{NextBudget, Stress};
use crate::trust::Trust;
use serde::{Deserialize, Serialize};

/// Everything on the page. Vectors over time have one entry a date of [`ReportData::dates`].
///
/// A number that is missing is `f64::NAN` (or `None` where the type says so) and is shown as such, never as zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportData {
    /// Name of the project, as its owner wrote it.
    pub title: String,
    /// ISO 4217 code of the money, such as `USD`; other codes are shown as they are.
    pub currency: String,
    /// Name of the run that the numbers come from.
    pub generated_from: String,
    /// Version of Counterpoint that made the run.
    pub version: String,
    /// What is explained, in lower case within a sentence: `revenue`, `orders`.
    pub outcome_name: String,
    /// Whether the outcome is money in [`ReportData::currency`]; otherwise it is a count.
    pub outcome_is_money: bool,
    /// Whether returns are money for money: a money outcome, or a count with a known value a unit.
    pub returns_are_money: bool,
    /// What a return is called: `ROI`, or `orders per unit of spend`.
    pub return_word: String,
    /// What a period is called: `week` or `day`.
    pub cadence_word: String,
    /// Start of each period, ISO 8601 (`2026-03-02`), ascending.
    pub dates: Vec<String>,
    /// Names of the geos; one or none for a national model.
    pub geos: Vec<String>,
    /// Whether the fit may be used.
    pub verdict: Verdict,
    /// How the sampler did and how the model describes the data.
    pub diagnostics: Diagnostics,
    /// What the checks said about the data.
    pub findings: Vec<FindingRow>,
    /// A row a driver.
    pub drivers: Vec<DriverRow>,
    /// Share of the outcome that all drivers together brought, 0..1 (may be negative).
    pub marketing_share: Interval,
    /// Outcome that the drivers with spend together brought; `None` without spend, or in runs that did not say it.
    #[serde(default)]
    pub paid_incremental: Option<Interval>,
    /// Share of the outcome that would have come without drivers and controls.
    pub baseline_share: Interval,
    /// Share of the outcome that the controls moved; `None` without controls.
    pub controls_share: Option<Interval>,
    /// The outcome added up over all dates and geos.
    #[serde(deserialize_with = "number")]
    pub total_outcome: f64,
    /// The driver with the highest return, with the share of posterior draws in which it is the highest.
    pub best_return: Option<Best>,
    /// The driver with the highest marginal return, with the share of draws in which it is the highest.
    pub best_next: Option<Best>,
    /// National contributions over time; has a series of kind `baseline`, and `controls` if there are any.
    pub contributions: Vec<Series>,
    /// Observed against expected and predicted outcome.
    pub fit: Fit,
    /// Response curves of drivers with spend.
    pub curves: Vec<Curve>,
    /// Prior and posterior densities.
    pub prior_posterior: Vec<Density>,
    /// How the effect of each driver decays.
    pub adstock: Vec<Decay>,
    /// What the data could not tell: whole sentences.
    pub not_identified: Vec<String>,
    /// What to test next: whole sentences.
    pub next_tests: Vec<String>,
    /// What experiments said; empty without experiments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// The creators' part; `None` without creators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creators: Option<Creators>,
    /// The next budget; `None` without a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<NextBudget>,
    /// What shocks to platforms would cost; `None` if nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stress: Option<Stress>,
    /// Attempts to break the model; `None` if nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
}

/// A posterior mean with its 5%, 50% and 95% quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Posterior mean.
    #[serde(deserialize_with = "number")]
    pub mean: f64,
    /// 5% quantile.
    #[serde(deserialize_with = "number")]
    pub q05: f64,
    /// Median.
    #[serde(deserialize_with = "number")]
    pub q50: f64,
    /// 95% quantile.
    #[serde(deserialize_with = "number")]
    pub q95: f64,
}

/// Whether the numbers may be used, and why not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The verdict.
    pub status: Status,
    /// Whole sentences; empty for a good fit.
    pub reasons: Vec<String>,
}

/// The three verdicts on a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The fit may be used.
    Ok,
    /// The fit may be used with care, for the reasons given.
    Review,
    /// The numbers must not be used.
    Fail,
}

/// How the sampler did, and how well the model describes the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Largest rank-normalised split R-hat over parameters.
    #[serde(deserialize_with = "number")]
    pub rhat_max: f64,
    /// Smallest bulk effective sample size.
    #[serde(deserialize_with = "number")]
    pub ess_bulk_min: f64,
    /// Smallest tail effective sample size.
    #[serde(deserialize_with = "number")]
    pub ess_tail_min: f64,
    /// Divergent transitions after warm-up.
    pub divergences: u64,
    /// Smallest energy Bayesian fraction of missing information over chains.
    #[serde(deserialize_with = "number")]
    pub ebfmi_min: f64,
    /// Transitions that reached the greatest tree depth.
    pub max_treedepth_hits: u64,
    /// Chains run.
    pub chains: u64,
    /// Warm-up draws a chain.
    pub warmup: u64,
    /// Kept draws a chain.
    pub draws: u64,
    /// How many draws there were for each that was kept.
    pub every: u64,
    /// Seconds the fit took; `None` where the page is to hold no clock.
    pub seconds: Option<f64>,
    /// Expected log predictive density by PSIS-LOO.
    pub loo_elpd: Option<f64>,
    /// Share of observations with a Pareto k above its threshold, 0..1.
    pub pareto_k_bad: Option<f64>,
    /// R² of the expected against the observed outcome.
    #[serde(deserialize_with = "number")]
    pub r2: f64,
    /// Mean absolute percentage error, 0..1.
    #[serde(deserialize_with = "number")]
    pub mape: f64,
    /// Share of observations inside the 90% predictive interval, 0..1.
    #[serde(deserialize_with = "number")]
    pub coverage90: f64,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingSeverity {
    /// Worth knowing; nothing to do.
    Info,
    /// Look at it before you trust the result.
    Review,
    /// The data cannot be used as it stands.
    Fail,
}

/// One thing that a check said about the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// How much it weighs.
    pub severity: FindingSeverity,
    /// Stable name of the check, such as `missing-period`.
    pub code: String,
    /// File, row and column, in words.
    pub place: String,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
    /// How to mend it.
    pub mend: String,
}

/// What a driver is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriverKind {
    /// Paid media.
    Channel,
    /// A creator with an audience on a platform.
    Creator,
    /// Unpaid activity.
    Organic,
    /// Another intervention, such as a price change.
    Treatment,
}

/// One driver's results over the whole period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriverRow {
    /// Name from the data.
    pub name: String,
    /// What it is.
    pub kind: DriverKind,
    /// Money spent; `None` where it has no spend.
    pub spend: Option<f64>,
    /// Outcome it brought.
    pub incremental: Interval,
    /// Return a unit of spend; `None` without spend.
    pub roi: Option<Interval>,
    /// Return of the next unit of spend; `None` without spend.
    pub mroi: Option<Interval>,
    /// Spend for one unit of outcome, for outcomes that are counts.
    pub cost_per_increment: Option<Interval>,
    /// Share of the outcome it brought, 0..1 (may be negative).
    pub share: Interval,
    /// Posterior probability that the return is above 1, for outcomes that are money.
    pub prob_roi_above_1: Option<f64>,
    /// How far the data moved the prior: 0 (posterior is the prior) to 1 (no overlap).
    #[serde(deserialize_with = "number")]
    pub moved_from_prior: f64,
    /// Whether the data can tell this driver's effect at all.
    pub identified: bool,
}

/// A driver, and the share of posterior draws in which it comes first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Index into [`ReportData::drivers`].
    pub driver: usize,
    /// Share of draws, 0..1.
    #[serde(deserialize_with = "number")]
    pub probability: f64,
}

/// What a contribution series belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeriesKind {
    /// What would have come anyway.
    Baseline,
    /// All controls together.
    Controls,
    /// One driver.
    Driver,
}

/// One national contribution over time, in units of the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name of the driver, or `Baseline`, `Controls`.
    pub driver: String,
    /// What it belongs to.
    pub kind: SeriesKind,
    /// Posterior mean by date.
    #[serde(deserialize_with = "numbers")]
    pub mean: Vec<f64>,
    /// 5% quantile by date.
    #[serde(deserialize_with = "numbers")]
    pub q05: Vec<f64>,
    /// 95% quantile by date.
    #[serde(deserialize_with = "numbers")]
    pub q95: Vec<f64>,
}

/// Observed against fitted outcome, national and by geo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// All geos added up.
    pub national: FitSeries,
    /// One entry a geo of [`ReportData::geos`]; empty for a national model.
    pub by_geo: Vec<FitSeries>,
}

/// Observed, expected and predicted outcome by date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitSeries {
    /// Observed; `None` where no value was recorded.
    pub observed: Vec<Option<f64>>,
    /// Posterior mean of the expected outcome.
    #[serde(deserialize_with = "numbers")]
    pub expected_mean: Vec<f64>,
    /// Its 5% quantile.
    #[serde(deserialize_with = "numbers")]
    pub expected_q05: Vec<f64>,
    /// Its 95% quantile.
    #[serde(deserialize_with = "numbers")]
    pub expected_q95: Vec<f64>,
    /// 5% quantile of a new observation.
    #[serde(deserialize_with = "numbers")]
    pub predicted_q05: Vec<f64>,
    /// 95% quantile of a new observation.
    #[serde(deserialize_with = "numbers")]
    pub predicted_q95: Vec<f64>,
}

/// Outcome a period that a driver brings, by its spend a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Name of the driver.
    pub driver: String,
    /// Spend a period, ascending.
    #[serde(deserialize_with = "numbers")]
    pub spend: Vec<f64>,
    /// Posterior mean of the outcome.
    #[serde(deserialize_with = "numbers")]
    pub mean: Vec<f64>,
    /// Its 5% quantile.
    #[serde(deserialize_with = "numbers")]
    pub q05: Vec<f64>,
    /// Its 95% quantile.
    #[serde(deserialize_with = "numbers")]
    pub q95: Vec<f64>,
    /// Today's spend a period.
    #[serde(deserialize_with = "number")]
    pub current_spend: f64,
    /// Largest spend a period seen in the data; beyond it the curve is extrapolated.
    pub observed_max: Option<f64>,
    /// What the spend axis is in, such as `USD a week`.
    pub unit: String,
}

/// Prior and posterior density of one parameter on a shared grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// Name of the driver.
    pub driver: String,
    /// Name of the parameter, such as `roi`.
    pub parameter: String,
    /// Name for people, such as `ROI`.
    pub label: String,
    /// Grid, ascending.
    #[serde(deserialize_with = "numbers")]
    pub x: Vec<f64>,
    /// Prior density on the grid.
    #[serde(deserialize_with = "numbers")]
    pub prior: Vec<f64>,
    /// Posterior density on the grid.
    #[serde(deserialize_with = "numbers")]
    pub posterior: Vec<f64>,
}

/// Share of a driver's first effect that is left after some periods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decay {
    /// Name of the driver.
    pub driver: String,
    /// Periods since exposure.
    #[serde(deserialize_with = "numbers")]
    pub lags: Vec<f64>,
    /// Posterior mean of the effect left, 0..1.
    #[serde(deserialize_with = "numbers")]
    pub mean: Vec<f64>,
    /// Its 5% quantile.
    #[serde(deserialize_with = "numbers")]
    pub q05: Vec<f64>,
    /// Its 95% quantile.
    #[serde(deserialize_with = "numbers")]
    pub q95: Vec<f64>,
}
