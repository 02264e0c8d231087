//! Experiments as the model takes them: who was changed where and when, and what came of it in outcome units.

use crate::project::{Change, Cooldown, Usual};
use counterpoint_infer::math::norm_quantile;
use std::ops::Range;

/// What an experiment changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tested {
    /// A driver, by its index in the dataset.
    Driver(usize),
    /// All creators of a platform, by its index in the roster.
    Platform(usize),
    /// One creator on every platform, by the index in the roster.
    Creator(usize),
}

/// One experiment. Periods count from the first outcome period, and may lie before or after the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Unique name.
    pub name: String,
    /// What was changed, all at once.
    pub tested: Vec<Tested>,
    /// Indices of the geos, ascending.
    pub geos: Vec<usize>,
    /// Periods in which the exposure was changed.
    pub window: Range<i64>,
    /// Periods after them over which the outcome was still counted.
    pub cooldown: i64,
    /// What was done to the exposure.
    pub change: Change,
    /// What the exposure of a driver that was switched off would have been.
    pub usual: Usual,
    /// Outcome as run minus outcome as it would have been, over window and cool-down, in outcome units.
    pub lift: f64,
    /// Its standard error as reported, in outcome units.
    pub se: f64,
    /// How far the window lies outside of the data's periods, in years; 0 inside.
    pub years_outside: f64,
}

impl Experiment {
    /// Whether the model can use the exposures as run: the window lies within the outcome's periods.
    pub fn inside(&self, periods: usize) -> bool {
        self.window.start >= 0 && self.window.end <= periods as i64
    }

    /// The periods whose exposure counts as usual where it is taken from before the start: as many as the test lasted, at least four
    /// weeks (in days: whole weeks), as far as there are outcome periods.
    pub fn before(&self, days_a_period: i32) -> Range<usize> {
        let week = if days_a_period == 1 { 7 } else { 1 };
        let lasted = (self.window.end - self.window.start).max(0);
        let wanted = lasted.max(USUAL_WEEKS * week);
        let wanted = (wanted + week - 1) / week * week;
        let end = self.window.start.max(0);
        usize::try_from((end - wanted).max(0)).unwrap_or(0)..usize::try_from(end).unwrap_or(0)
    }
}

/// Fewest weeks before the start over which the usual exposure is averaged.
pub const USUAL_WEEKS: i64 = 4;

/// The change that a word means: `off`, `on`, or a number from 0 up that is not 1; 0 is `off`. None for anything else.
pub fn change(word: &str) -> Option<Change> {
    match word.trim().to_lowercase().as_str() {
        "off" => Some(Change::Off),
        "on" => Some(Change::On),
        number => factor(number.parse().ok()?),
    }
}

/// The change that a factor means: 0 is off; none for one that changes nothing, is negative or not finite.
pub fn factor(k: f64) -> Option<Change> {
    match k {
        0.0 => Some(Change::Off),
        k if k > 0.0 && k.is_finite() && k != 1.0 => Some(Change::Times(k)),
        _ => None,
    }
}

/// A length of time after a test: `2` (periods) or `14 days`.
pub fn cooldown(word: &str) -> Option<Cooldown> {
    let word = word.trim().to_lowercase();
    let mut parts = word.split_whitespace();
    let number = parts.next()?.parse().ok()?;
    match (parts.next(), parts.next()) {
        (None, _) => Some(Cooldown::Periods(number)),
        (Some("day" | "days"), None) => Some(Cooldown::Days(number)),
        _ => None,
    }
}

/// The standard error of an estimate with a Normal interval from `low` to `high` of probability `level`.
pub fn se_of_interval(low: f64, high: f64, level: f64) -> f64 {
    (high - low) / (2.0 * norm_quantile(0.5 + 0.5 * level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        assert_eq!(change("Off"), Some(Change::Off));
        assert_eq!(change(" 0 "), Some(Change::Off));
        assert_eq!(change("on"), Some(Change::On));
        assert_eq!(change("1.5"), Some(Change::Times(1.5)));
        for nothing in ["1", "-2", "inf", "nan", "half", ""] {
            assert_eq!(change(nothing), None, "{nothing}");
        }
        assert_eq!(cooldown("2"), Some(Cooldown::Periods(2)));
        assert_eq!(cooldown("14 days"), Some(Cooldown::Days(14)));
        assert_eq!(cooldown("2 weeks"), None);
        // 90 % of a Normal distribution lies within 1.6449 standard deviations.
        assert!((se_of_interval(-1.6449, 1.6449, 0.9) - 1.0).abs() < 1e-4);
    }
}
