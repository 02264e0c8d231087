//! The periods of a plan, and those of last year that it is held against.

use counterpoint::data::calendar::{Cadence, day_number};
use counterpoint::model::build::Model;
use jiff::ToSpan;
use jiff::civil::Date;

/// Days of a plan that says nothing else: a quarter.
const QUARTER: i64 = 91;

/// The periods of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Horizon {
    /// First days of the planned periods.
    pub starts: Vec<Date>,
    /// Days of a period.
    pub days: i32,
    /// Periods between the end of the data and the first planned one; there everything goes on as last year.
    pub gap: usize,
    /// For each period of the gap and the plan, the period of the data that stands for it: a year earlier, if the data reach so far
    /// (`a_year_earlier`).
    pub last: Vec<usize>,
    /// The same of the periods after the plan in which it still works: there everything goes on as last year.
    pub after: Vec<usize>,
    /// Whether the data reach a year back.
    pub a_year_earlier: bool,
}

impl Horizon {
    /// The horizon from a first to a last day.
    ///
    /// # Errors
    /// What is wrong with the days, in words.
    pub fn new(model: &Model, cadence: Cadence, starts: Option<Date>, ends: Option<Date>) -> Result<Horizon, String> {
        let days = cadence.days();
        let after = model.dates[model.n_periods() - 1].saturating_add(i64::from(days).days());
        let first = starts.unwrap_or(after);
        if first < after {
            return Err(format!(
                "the plan starts on {first}, but the data end the day before {after}: a plan is made for later days"
            ));
        }
        let last = ends.unwrap_or_else(|| first.saturating_add((QUARTER - 1).days()));
        if last < first {
            return Err(format!("the plan ends on {last}, before it starts on {first}"));
        }
        let number = |from: Date, to: Date| (day_number(to) - day_number(from)) as usize;
        let step = days as usize;
        let gap = number(after, first) / step;
        let count = (number(first, last) + 1).div_ceil(step);
        let most = 3 * 366 / step;
        if gap + count > most {
            return Err(format!("the plan reaches to {last}: more than three years after the data ended"));
        }
        let begin = after.saturating_add((i64::from(days) * gap as i64).days());
        let starts = (0..count).map(|k| begin.saturating_add((i64::from(days) * k as i64).days())).collect();
        let n = model.n_periods();
        // 52 weeks, so that week days and weeks fall on each other.
        let year = 364 / step;
        let a_year_earlier = n >= year;
        let reach = if a_year_earlier { year } else { (gap + count).min(n) };
        let lag = model.drivers.iter().map(|d| d.shape.max_lag).max().unwrap_or(0);
        let stands = |periods: std::ops::Range<usize>| periods.map(|k| n - reach + k % reach).collect();
        let (last, after) = (stands(0..gap + count), stands(gap + count..gap + count + lag));
        Ok(Horizon { starts, days, gap, last, after, a_year_earlier })
    }

    /// Number of planned periods.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Last day of the plan.
    pub fn ends(&self) -> Date {
        self.starts[self.len() - 1].saturating_add(i64::from(self.days - 1).days())
    }

    /// The data's period that stands for planned period t.
    pub fn last_year(&self, t: usize) -> usize {
        self.last[self.gap + t]
    }

    /// The planned periods in which a day from `first` to `last` lies.
    pub fn periods(&self, first: Option<Date>, last: Option<Date>) -> std::ops::Range<usize> {
        let next = |t: usize| self.starts[t].saturating_add(i64::from(self.days).days());
        let from = first.map_or(0, |d| (0..self.len()).find(|&t| d < next(t)).unwrap_or(self.len()));
        let to = last.map_or(self.len(), |d| self.starts.iter().position(|s| *s > d).unwrap_or(self.len()));
        from..to.max(from)
    }
}
