//! Returns as months are added: the same quantity, the return over all periods, by fits that knew less and less of the outcome.
//!
//! The data of two fits are nested, so the estimates move less than their intervals: a new mean outside the 90 % interval of a month before
//! says that the interval was too narrow, or that what a driver does has changed.

use super::backtest::{Before, known_until};
use super::refit::{Base, targets};
use crate::model::estimate::Interval;
use crate::model::evidence::paid;
use crate::model::experiment::Target;
use counterpoint_infer::diagnose::Status;
use jiff::civil::Date;

/// Share of steps whose mean leaves the interval of the month before above which the check fails.
const TOO_MANY: f64 = 0.1;

/// A driver's return as months are added.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// Name.
    pub name: String,
    /// Whether the intervals are of money a unit of spend; otherwise of outcome units.
    pub per_spend: bool,
    /// By fit, the one that knew least first, the whole one last.
    pub intervals: Vec<Interval>,
    /// The largest move of the mean from one fit to the next, in widths of the former's 90 % interval.
    pub largest: f64,
    /// Steps whose new mean lies outside the former interval.
    pub outside: usize,
}

/// All drivers.
#[derive(Debug, Clone, PartialEq)]
pub struct Stability {
    /// Drivers.
    pub drivers: Vec<Steps>,
    /// The last day whose outcome each fit knew.
    pub until: Vec<Date>,
}

impl Stability {
    pub(super) fn of(base: &Base<'_>, fits: &[Before], today: &[Vec<[f64; 2]>]) -> Option<Stability> {
        let mut fits: Vec<&Before> = fits.iter().collect();
        fits.sort_by_key(|f| f.origin);
        if fits.is_empty() {
            return None;
        }
        let all = targets(&base.model);
        let drivers = all.iter().enumerate().filter(|(_, t)| matches!(t, Target::Driver(_))).map(|(i, &target)| {
            let (name, spend) = paid(&base.model, target);
            let interval = |draws: &Vec<[f64; 2]>| match spend {
                Some(spend) => Interval::of(&draws.iter().map(|d| d[1] / spend).collect::<Vec<_>>()),
                None => super::recovery::outcome(draws),
            };
            let intervals: Vec<Interval> =
                fits.iter().map(|f| interval(&f.returns[i])).chain([interval(&today[i])]).collect();
            let moves = || intervals.windows(2).map(|w| (w[0], w[1].mean));
            Steps {
                name,
                per_spend: spend.is_some(),
                largest: moves().map(|(a, b)| (b - a.mean).abs() / (a.q95 - a.q05)).fold(0.0, f64::max),
                outside: moves().filter(|(a, b)| !(a.q05..=a.q95).contains(b)).count(),
                intervals,
            }
        });
        let drivers: Vec<Steps> = drivers.collect();
        let end = known_until(base.data, base.data.n_periods());
        let until = fits.iter().map(|f| known_until(base.data, f.origin)).chain([end]).collect();
        (!drivers.is_empty()).then_some(Stability { drivers, until })
    }

    /// Steps outside the former interval, and steps in all.
    pub fn outside(&self) -> (usize, usize) {
        (self.drivers.iter().map(|d| d.outside).sum(), self.drivers.iter().map(|d| d.intervals.len() - 1).sum())
    }

    /// A look is due where any step left its interval; too many of them fail.
    pub fn status(&self) -> Status {
        match self.outside() {
            (0, _) => Status::Ok,
            (out, all) if out as f64 > TOO_MANY * all as f64 => Status::Fail,
            _ => Status::Review,
        }
    }
}
