//! What is asked of a plan: the `[plan]` section as plain data. It is no part of a fit.

use jiff::civil::Date;

/// What is asked of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanSpec {
    /// First day; none: the day after the data.
    pub starts: Option<Date>,
    /// Last day; none: 13 weeks later.
    pub ends: Option<Date>,
    /// How much money.
    pub budget: Budget,
    /// What the plan has to reach; with it the budget is free.
    pub target: Option<Target>,
    /// Weight of the worst tenth against the mean, in \[0, 1\]: 0 maximises expected profit, 1 the mean profit of the worst tenth.
    pub risk: f64,
    /// How finely spend may move over time.
    pub flights: Flights,
    /// Least and most that a channel's part of last year's split at this budget may be multiplied by.
    pub change: (f64, f64),
    /// Profit of one unit of outcome; none: the outcome's value times its margin.
    pub value: Option<f64>,
    /// Table of offered deals, relative to the project folder.
    pub offers: Option<String>,
    /// Limits of single drivers.
    pub drivers: Vec<DriverLimit>,
    /// Limits of drivers together.
    pub groups: Vec<GroupLimit>,
}

impl Default for PlanSpec {
    fn default() -> Self {
        PlanSpec {
            starts: None,
            ends: None,
            budget: Budget::LastYear,
            target: None,
            risk: 0.0,
            flights: Flights::Weekly,
            change: (0.5, 2.0),
            value: None,
            offers: None,
            drivers: Vec::new(),
            groups: Vec::new(),
        }
    }
}

/// How much money there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// As much as in the same periods of last year.
    LastYear,
    /// This much, all of it to be spent as far as the limits allow.
    Fixed(f64),
    /// As much as pays.
    Free,
}

/// What a plan has to reach, by the mean over draws and scenarios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Incremental money a unit of spend, at least.
    Roi(f64),
    /// The same of the last unit of spend.
    MarginalRoi(f64),
    /// Spend an incremental unit of outcome, at most.
    CostPerIncrement(f64),
    /// Incremental outcome, at least, for the least money.
    Outcome(f64),
}

/// How finely spend may move over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flights {
    /// From week to week.
    Weekly,
    /// In blocks of four weeks.
    Monthly,
    /// The same in every period.
    Even,
}

impl Flights {
    /// Days of a block; none: one block.
    pub fn days(self) -> Option<i32> {
        match self {
            Flights::Weekly => Some(7),
            Flights::Monthly => Some(28),
            Flights::Even => None,
        }
    }
}

/// Money, or a multiple of what the driver had last year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// Money.
    Money(f64),
    /// A multiple of last year's.
    Change(f64),
}

impl Amount {
    /// In money.
    pub fn of(self, last: f64) -> f64 {
        match self {
            Amount::Money(x) => x,
            Amount::Change(x) => x * last,
        }
    }
}

/// Limits of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverLimit {
    /// Name of the channel.
    pub name: String,
    /// Least spend.
    pub min: Option<Amount>,
    /// Most spend.
    pub max: Option<Amount>,
    /// Least spend if any.
    pub least_if_used: Option<f64>,
    /// As last year.
    pub lock: bool,
    /// Price of an exposure against last year's: 1.05 is 5 % dearer.
    pub price: f64,
}

/// Limits of several drivers together.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupLimit {
    /// Name.
    pub name: String,
    /// Channels and creators.
    pub drivers: Vec<String>,
    /// All channels and creators of a platform.
    pub platform: Option<String>,
    /// Least money.
    pub min: Option<f64>,
    /// Most money.
    pub max: Option<f64>,
}
