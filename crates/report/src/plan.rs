//! What a report shows of the next budget and of shocks to platforms: the parts of `plan.json` and `stress.json` that stand on the page.
//!
//! Keys that a page does not need are ignored; keys that older files lack are empty.

use crate::data::Interval;
use crate::json::{number, numbers};
use serde::{Deserialize, Serialize};

/// Mean, quantiles and the mean of the worst tenth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean.
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
    /// Mean of the worst tenth.
    #[serde(deserialize_with = "number")]
    pub cvar10: f64,
}

impl Spread {
    /// The same without the worst tenth.
    pub fn interval(&self) -> Interval {
        Interval { mean: self.mean, q05: self.q05, q50: self.q50, q95: self.q95 }
    }
}

/// A plan of the next budget. Money is in [`crate::ReportData::currency`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextBudget {
    /// First planned day, ISO 8601.
    pub starts: String,
    /// Last planned day.
    pub ends: String,
    /// Money of the plan, commissions left out.
    #[serde(deserialize_with = "number")]
    pub budget: f64,
    /// Money in the same periods of last year.
    #[serde(deserialize_with = "number")]
    pub budget_last: f64,
    /// By how much of its worth a better plan could beat this one at most, 0..1; `None` for a plan that was given.
    pub gap: Option<f64>,
    /// Weight of the worst tenth that the plan was made with, 0..1.
    #[serde(deserialize_with = "number")]
    pub risk: f64,
    /// Profit; `None` where a unit of the outcome has no money.
    pub profit: Option<Spread>,
    /// Outcome.
    pub outcome: Spread,
    /// The same money in last year's split.
    pub last: LastSplit,
    /// Probability that the plan beats last year's split, 0..1.
    #[serde(deserialize_with = "number")]
    pub p_better: f64,
    /// Start of each planned period, ISO 8601, ascending.
    #[serde(default)]
    pub periods: Vec<String>,
    /// A row a driver.
    pub drivers: Vec<PlannedDriver>,
    /// Offers that are taken.
    #[serde(default)]
    pub offers: Vec<PlannedOffer>,
    /// Limits that bind.
    #[serde(default)]
    pub binding: Vec<Limit>,
    /// Best plans of other attitudes to risk.
    #[serde(default)]
    pub frontier: Vec<FrontierPoint>,
    /// What a test of each driver would be worth to the plan, the most valuable first.
    #[serde(default)]
    pub tests: Vec<TestWorth>,
    /// Offers that the fit can say nothing about.
    #[serde(default)]
    pub untold_offers: Vec<String>,
    /// What matters and is no number: whole sentences.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What last year's split would bring.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LastSplit {
    /// Profit, as in [`NextBudget::profit`].
    pub profit: Option<Spread>,
    /// Outcome.
    pub outcome: Spread,
}

/// One driver of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedDriver {
    /// Name of the channel, the creator, or the platform whose creators go on as last year.
    pub driver: String,
    /// `channel`, `organic`, `creator` or `platform`.
    pub kind: String,
    /// Platform; a creator on several has them joined by ` + `.
    #[serde(default)]
    pub platform: String,
    /// Money in the same periods of last year.
    #[serde(deserialize_with = "number")]
    pub last: f64,
    /// Money of the plan.
    #[serde(deserialize_with = "number")]
    pub plan: f64,
    /// Posts of the plan.
    #[serde(default)]
    pub posts: u64,
    /// Outcome that it is expected to bring.
    #[serde(deserialize_with = "number")]
    pub incremental_mean: f64,
    /// Its 5% quantile.
    #[serde(deserialize_with = "number")]
    pub incremental_q05: f64,
    /// Its 95% quantile.
    #[serde(deserialize_with = "number")]
    pub incremental_q95: f64,
    /// Money that the last percent of its money brings, a unit; `None` without money.
    pub mroi_mean: Option<f64>,
    /// Whether the plan goes beyond what the data have seen of it.
    #[serde(default)]
    pub extrapolated: bool,
    /// Money of the plan by period of [`NextBudget::periods`].
    #[serde(default, deserialize_with = "numbers")]
    pub plan_by_period: Vec<f64>,
    /// Money of last year by period.
    #[serde(default, deserialize_with = "numbers")]
    pub last_by_period: Vec<f64>,
    /// Posts by period.
    #[serde(default)]
    pub posts_by_period: Vec<u64>,
}

impl PlannedDriver {
    /// Outcome that it is expected to bring, with its 90% interval.
    pub fn incremental(&self) -> Interval {
        let mean = self.incremental_mean;
        Interval { mean, q05: self.incremental_q05, q50: f64::NAN, q95: self.incremental_q95 }
    }

    /// Whether it has or had money.
    pub fn moves(&self) -> bool {
        self.plan > 0.0 || self.last > 0.0
    }
}

/// An offer that the plan takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedOffer {
    /// Name of the offer.
    pub offer: String,
    /// Who posts.
    pub creator: String,
    /// Where.
    pub platform: String,
    /// How many posts.
    pub posts: u64,
    /// What it costs on average.
    #[serde(deserialize_with = "number")]
    pub cost_mean: f64,
}

/// What a test of one driver would be worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestWorth {
    /// Name of the channel, or of the platform whose creators pause.
    pub driver: String,
    /// Geos of the test.
    pub geos: Vec<String>,
    /// Periods of the test.
    pub periods: u64,
    /// Standard deviation of the lift as believed, in outcome units.
    #[serde(deserialize_with = "number")]
    pub lift_sd: f64,
    /// Standard error of the test.
    #[serde(deserialize_with = "number")]
    pub se: f64,
    /// Expected gain of the plan's profit, before the test's own cost.
    #[serde(deserialize_with = "number")]
    pub value: f64,
    /// The same of a test without error.
    #[serde(deserialize_with = "number")]
    pub value_perfect: f64,
    /// Profit forgone less spend saved.
    #[serde(deserialize_with = "number")]
    pub cost: f64,
}

/// A limit that binds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// What the limit is, in words.
    pub limit: String,
    /// What one unit more of it would change.
    #[serde(deserialize_with = "number")]
    pub price: f64,
}

/// The best plan of one attitude to risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrontierPoint {
    /// Weight of the worst tenth, 0..1.
    #[serde(deserialize_with = "number")]
    pub risk: f64,
    /// Profit.
    pub profit: Spread,
    /// Posts in all.
    pub posts: u64,
}

/// What shocks to platforms would cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stress {
    /// First day looked at, ISO 8601.
    pub starts: String,
    /// Last day.
    pub ends: String,
    /// File of the plan that was put under stress; `None` for last year's split.
    #[serde(default)]
    pub plan: Option<String>,
    /// A row a platform, the one that carries most first.
    pub dependence: Vec<Carried>,
    /// How many platforms of equal weight would be as concentrated.
    pub effective_bets: Spread,
    /// Profit over all scenarios; `None` where a unit of the outcome has no money.
    pub profit: Option<Spread>,
    /// Profit that is missed one time in ten.
    pub var10: Option<f64>,
    /// Outcome over all scenarios.
    pub outcome: Spread,
    /// A row a shock, the worst first.
    pub shocks: Vec<Shock>,
    /// What a better worst tenth costs, along the frontier.
    #[serde(default)]
    pub insurance: Vec<Insurance>,
}

/// Share of what all drivers bring that one platform carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    /// Name of the platform, or of a channel that is one by itself.
    pub platform: String,
    /// Mean share, 0..1.
    #[serde(deserialize_with = "number")]
    pub share_mean: f64,
    /// Its 5% quantile.
    #[serde(deserialize_with = "number")]
    pub share_q05: f64,
    /// Its 95% quantile.
    #[serde(deserialize_with = "number")]
    pub share_q95: f64,
}

/// One shock to one platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shock {
    /// What happens.
    pub shock: String,
    /// Where.
    pub platform: String,
    /// Probability that it begins within a year.
    #[serde(deserialize_with = "number")]
    pub per_year: f64,
    /// What it changes in profit if it strikes; `None` where a unit of the outcome has no money.
    pub profit_change: Option<Spread>,
    /// What it changes in the outcome.
    pub outcome_change: Spread,
    /// Where its figures are from.
    #[serde(default)]
    pub source: String,
}

impl Shock {
    /// The change that the page shows: of profit where there is one.
    pub fn change(&self) -> &Spread {
        self.profit_change.as_ref().unwrap_or(&self.outcome_change)
    }
}

/// One step along the frontier of last year's money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Insurance {
    /// Weight of the worst tenth, 0..1.
    #[serde(deserialize_with = "number")]
    pub risk: f64,
    /// Expected profit given up.
    #[serde(deserialize_with = "number")]
    pub profit_given_up: f64,
    /// What the worst tenth gains.
    #[serde(deserialize_with = "number")]
    pub worst_tenth_gained: f64,
    /// The one per unit of the other; `None` where nothing is gained.
    pub price: Option<f64>,
}
