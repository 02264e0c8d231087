//! Periods: days or weeks, on any week day.

use jiff::civil::Date;

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cadence {
    /// One day.
    Daily,
    /// Seven days, starting on any week day.
    Weekly,
}

impl Cadence {
    /// Days in a period.
    pub fn days(self) -> i32 {
        match self {
            Cadence::Daily => 1,
            Cadence::Weekly => 7,
        }
    }

    /// Periods in a year, on average.
    pub fn per_year(self) -> f64 {
        365.25 / f64::from(self.days())
    }

    /// The word for one period.
    pub fn word(self) -> &'static str {
        match self {
            Cadence::Daily => "day",
            Cadence::Weekly => "week",
        }
    }
}

/// Days from 1970-01-01 to `date`.
pub fn day_number(date: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    i64::from((date - epoch).get_days())
}
