//! What a report shows of the trust report: the content of `verify.json`.

use crate::data::{Interval, Status};
use crate::json::{number, numbers};
use serde::{Deserialize, Serialize};

/// Attempts to break the model on the user's own data. A check that the data do not allow is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// Whether it was a first look with few refits.
    pub quick: bool,
    /// Refits in all.
    pub refits: u64,
    /// Refits that did not converge well.
    pub poor_refits: u64,
    /// Copies of the data whose truth is known.
    pub recovery: Recovery,
    /// Months foretold.
    pub backtest: Option<Backtest>,
    /// Channels that do nothing.
    pub placebo: Option<Placebo>,
    /// Returns as months are added.
    pub stability: Option<Stability>,
    /// What rests on priors.
    pub sensitivity: Sensitivity,
    /// Experiments foretold before they were seen.
    pub held_out: Option<HeldOut>,
    /// Data drawn from the model beside the data.
    pub predictive: Predictive,
    /// Ranks of truths that the priors drew; on demand.
    pub calibration: Option<Calibration>,
}

/// See [`Trust::recovery`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Verdict.
    pub status: Status,
    /// Copies.
    pub copies: u64,
    /// Intervals of drivers that held the truth.
    pub inside: u64,
    /// Intervals of drivers in all.
    pub intervals: u64,
    /// Mean rank correlation of true and found returns over paid drivers.
    pub order: Option<f64>,
    /// The same of the effects of creators.
    pub creator_order: Option<f64>,
    /// A row a driver, then a row a creator.
    pub drivers: Vec<Told>,
}

/// How well one driver or creator was found again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Name.
    pub driver: String,
    /// Whether it is a creator.
    pub creator: bool,
    /// Sum of errors over sum of truths.
    #[serde(deserialize_with = "number")]
    pub bias: f64,
    /// Median of |estimate - truth| / |truth|.
    #[serde(deserialize_with = "number")]
    pub error: f64,
    /// Median width of the 90% interval over |truth|.
    #[serde(deserialize_with = "number")]
    pub width: f64,
    /// Copies whose interval held the truth.
    pub inside: u64,
    /// Rank correlation of truth and estimate over the copies.
    pub rank: Option<f64>,
    /// Estimate over truth, by copy.
    #[serde(deserialize_with = "numbers")]
    pub ratios: Vec<f64>,
}

/// See [`Trust::backtest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backtest {
    /// Verdict.
    pub status: Status,
    /// Whether the naive forecast is the same period of the year before; otherwise the last period.
    pub seasonal: bool,
    /// Origins.
    pub origins: u64,
    /// Origins from which the model was better than the naive forecast.
    pub better_than_naive: u64,
    /// Origins from which it was better than its baseline without drivers.
    pub better_than_baseline: u64,
    /// Totals over geos, all months.
    pub national: Scores,
    /// Geo by geo, all months.
    pub geos: Option<Scores>,
    /// Totals over geos, by month ahead.
    pub by_month: Vec<Scores>,
    /// Forecasts, the oldest first.
    pub forecasts: Vec<Forecast>,
    /// Start of each period that the picture shows, ISO 8601.
    pub dates: Vec<String>,
    /// The outcome then.
    #[serde(deserialize_with = "numbers")]
    pub observed: Vec<f64>,
}

/// How three forecasts did on the same periods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The model.
    pub model: Score,
    /// The model without drivers.
    pub baseline: Score,
    /// The naive forecast.
    pub naive: Score,
}

/// How one forecast did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean CRPS, in outcome units.
    #[serde(deserialize_with = "number")]
    pub crps: f64,
    /// Mean absolute error in percent, as a share.
    #[serde(deserialize_with = "number")]
    pub mape: f64,
    /// Share of observations in the 50% interval.
    #[serde(deserialize_with = "number")]
    pub inside50: f64,
    /// Share of observations in the 90% interval.
    #[serde(deserialize_with = "number")]
    pub inside90: f64,
    /// Observations.
    pub count: u64,
}

/// One forecast of the total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// First foretold day, ISO 8601.
    pub from: String,
    /// 5% quantile by period.
    #[serde(deserialize_with = "numbers")]
    pub q05: Vec<f64>,
    /// Median.
    #[serde(deserialize_with = "numbers")]
    pub q50: Vec<f64>,
    /// 95% quantile.
    #[serde(deserialize_with = "numbers")]
    pub q95: Vec<f64>,
}

/// See [`Trust::placebo`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placebo {
    /// Verdict.
    pub status: Status,
    /// Probability of paying at which a channel counts as believed in.
    pub level: f64,
    /// Return above which spend pays; none where returns are not money.
    pub break_even: Option<f64>,
    /// Placebos that were believed in.
    pub believed: u64,
    /// Placebos believed in with at least half of the return of the channel that they copy.
    pub mistaken: u64,
    /// Placebos.
    pub placebos: Vec<PlaceboRow>,
    /// Returns of the channels that they copy.
    pub real: Vec<RealRow>,
}

/// One channel that does nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceboRow {
    /// The channel it copies.
    pub of: String,
    /// `shuffled` or `shifted`.
    pub kind: String,
    /// Return that was found.
    pub roi: Interval,
    /// Return before the data.
    pub prior: Interval,
    /// Share of the outcome that was found.
    pub share: Interval,
    /// Whether it is believed in with at least half of the return of the real channel.
    pub mistaken: bool,
    /// Probability of paying that was found; where returns are not money, of at least half of the real channel's.
    #[serde(deserialize_with = "number")]
    pub believed: f64,
    /// The same before the data.
    #[serde(deserialize_with = "number")]
    pub believed_before: f64,
}

/// The real channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RealRow {
    /// Name.
    pub driver: String,
    /// Return.
    pub roi: Interval,
}

/// See [`Trust::stability`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// Verdict.
    pub status: Status,
    /// Steps whose new mean left the interval of the month before.
    pub outside: u64,
    /// Steps in all.
    pub steps: u64,
    /// The last day that each fit knew, ISO 8601.
    pub until: Vec<String>,
    /// A row a driver.
    pub drivers: Vec<Steps>,
}

/// One driver as months are added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// Name.
    pub driver: String,
    /// Whether the intervals are money a unit of spend; otherwise outcome.
    pub per_spend: bool,
    /// By fit.
    pub intervals: Vec<Interval>,
    /// The largest move, in widths of the former interval.
    #[serde(deserialize_with = "number")]
    pub largest: f64,
    /// Steps whose new mean left the former interval.
    pub outside: u64,
}

/// See [`Trust::sensitivity`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// Verdict.
    pub status: Status,
    /// From this on a component matters.
    pub threshold: f64,
    /// A row a driver.
    pub drivers: Vec<Sensitive>,
}

/// One driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitive {
    /// Name.
    pub driver: String,
    /// Sensitivity to its own priors.
    #[serde(deserialize_with = "number")]
    pub prior: f64,
    /// Sensitivity to the data.
    #[serde(deserialize_with = "number")]
    pub data: f64,
    /// `data`, `prior` or `both`.
    pub rests_on: String,
}

/// See [`Trust::held_out`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Verdict.
    pub status: Status,
    /// Experiments.
    pub experiments: Vec<Foretold>,
}

/// One experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Foretold {
    /// Name.
    pub experiment: String,
    /// Lift as measured, with the 90% interval of its error.
    pub observed: Interval,
    /// Lift as foretold.
    pub expected: Interval,
    /// Result as foretold, the experiment's own error included.
    pub predicted: Interval,
    /// Probability of a result at least as far off.
    #[serde(deserialize_with = "number")]
    pub tail: f64,
}

/// See [`Trust::predictive`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predictive {
    /// Verdict.
    pub status: Status,
    /// Statistics.
    pub statistics: Vec<Compared>,
    /// Geos whose data are unlike drawn data.
    pub geos: Vec<String>,
    /// Leave-one-out; none where noise is autocorrelated.
    pub loo: Option<Left>,
}

/// One statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// `season`, `peak`, `trough`, `changes`, `left over`, `outlier` or `geos`.
    pub statistic: String,
    /// Of the data.
    #[serde(deserialize_with = "number")]
    pub observed: f64,
    /// Of drawn data.
    pub drawn: Interval,
    /// Twice the smaller tail.
    #[serde(deserialize_with = "number")]
    pub p: f64,
    /// Whether drawn data do not have it.
    pub unlike: bool,
}

/// Leave-one-out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// Expected log predictive density.
    #[serde(deserialize_with = "number")]
    pub elpd: f64,
    /// Its standard error.
    #[serde(deserialize_with = "number")]
    pub se: f64,
    /// Effective number of parameters.
    #[serde(deserialize_with = "number")]
    pub parameters: f64,
    /// Observations.
    pub observations: u64,
    /// Observations that cannot be left out by importance sampling.
    pub untrusted: u64,
    /// Periods that the fit hangs on.
    pub influential: Vec<Influential>,
}

/// A period that the fit hangs on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Influential {
    /// First day, ISO 8601.
    pub date: String,
    /// The geo that weighs most.
    pub geo: String,
    /// Effective parameters that it is worth.
    #[serde(deserialize_with = "number")]
    pub worth: f64,
    /// Largest Pareto k.
    #[serde(deserialize_with = "number")]
    pub k: f64,
}

/// See [`Trust::calibration`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Verdict.
    pub status: Status,
    /// Markets that were drawn.
    pub markets: u64,
    /// A row a quantity.
    pub quantities: Vec<Ranked>,
}

/// Ranks of one quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Name.
    pub quantity: String,
    /// Markets by bin of the rank.
    pub bins: Vec<u64>,
    /// Probability of bins at least as uneven.
    #[serde(deserialize_with = "number")]
    pub p: f64,
}
