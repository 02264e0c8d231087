//! The rectangle that all tables share: periods without a gap, and geos.

use super::source::{Source, line};
use crate::data::calendar::{Cadence, day_number};
use crate::data::codes::{Capped, fail, info};
use crate::finding::Finding;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use std::ops::Range;

/// A span this many times longer than the periods that occur is taken for a mistyped date: nobody measures on a twentieth
/// of the periods.
pub(super) const SPARSE_SPAN: usize = 20;

/// Geos by periods.
pub(super) struct Grid {
    /// First day of the first period, in days since 1970-01-01.
    first: i64,
    /// Number of periods.
    pub(super) len: usize,
    /// Length of a period.
    pub(super) cadence: Cadence,
    /// Geos in order of first appearance.
    pub(super) geos: Vec<String>,
}

impl Grid {
    /// The grid over all tables; the calendar is that of the reference table (the outcome's).
    pub(super) fn new(sources: &[Source<'_>], reference: Option<usize>, out: &mut Vec<Finding>) -> Option<Grid> {
        let mut geos: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for geo in sources.iter().filter_map(|s| s.geos.as_ref()).flatten().flatten() {
            if seen.insert(geo.as_str()) {
                geos.push(geo.clone());
            }
        }
        let has_geos = sources.iter().any(|s| s.geos.is_some());
        if has_geos && geos.len() == 1 {
            let mend = "nothing to do; or leave `geo` out of [data]";
            out.push(info("one-geo", format!("one geo, `{}`", geos[0]), "two geos or more in a geo column", mend));
        }
        if geos.is_empty() {
            geos.push("national".to_owned());
        }

        let reference = reference.filter(|at| distinct(&sources[*at].days).len() > 1);
        let reference = reference.or_else(|| (0..sources.len()).find(|at| distinct(&sources[*at].days).len() > 1));
        let Some(reference) = reference else {
            if sources.iter().any(|s| s.days.iter().any(Option::is_some)) {
                let expected = "two periods at the very least, better two years of weeks";
                let file = sources.first().map(|s| s.table.file.clone()).unwrap_or_default();
                out.push(fail("one-period", "one period", expected, "export more periods").at_file(file));
            }
            return None;
        };
        let days = distinct(&sources[reference].days);
        let file = sources[reference].table.file.as_str();
        let step = common_step(&days);
        let cadence = match step {
            1 => Cadence::Daily,
            7 => Cadence::Weekly,
            _ => {
                let found = format!("rows that are mostly {step} days apart");
                let mend = "export days or weeks; a model of months has too few rows to tell carry-over";
                out.push(fail("cadence-unsupported", found, "a row each day, or each week", mend).at_file(file));
                return None;
            }
        };
        let phase = common_phase(&days, step);
        let on_grid = |day: i64| day.rem_euclid(step) == phase;
        for (at, source) in sources.iter().enumerate() {
            check_calendar(source, at == reference, step, &on_grid, cadence, file, out);
        }
        let used: Vec<i64> = {
            let all: Vec<Option<i64>> = sources.iter().flat_map(|s| s.days.iter().copied()).collect();
            distinct(&all).into_iter().filter(|d| on_grid(*d)).collect()
        };
        let (first, last) = (*used.first()?, *used.last()?);
        let len = usize::try_from((last - first) / step + 1).ok()?;
        if len > SPARSE_SPAN * used.len() + SPARSE_SPAN {
            let found =
                format!("dates from {} to {}, with {} periods between them", show(first), show(last), used.len());
            let mend = "look for a mistyped year in the first and the last dates";
            out.push(fail("dates-far-apart", found, "periods that follow each other", mend).at_file(file));
            return None;
        }
        Some(Grid { first, len, cadence, geos })
    }

    /// The period of a day.
    pub(super) fn period(&self, day: i64) -> Option<usize> {
        let step = i64::from(self.cadence.days());
        let offset = day - self.first;
        let period = usize::try_from(offset.checked_div(step)?).ok()?;
        (offset >= 0 && offset % step == 0 && period < self.len).then_some(period)
    }

    /// First days of a range of periods.
    pub(super) fn dates(&self, periods: Range<usize>) -> Option<Vec<Date>> {
        periods.map(|t| from_day_number(self.day(t))).collect()
    }

    fn day(&self, period: usize) -> i64 {
        self.first + i64::from(self.cadence.days()) * i64::try_from(period).unwrap_or(0)
    }

    /// First day of a period, written.
    pub(super) fn show(&self, period: usize) -> String {
        show(self.day(period))
    }
}

fn show(day: i64) -> String {
    from_day_number(day).map_or_else(|| format!("day {day}"), |d| d.to_string())
}

fn from_day_number(day: i64) -> Option<Date> {
    let date = date(1970, 1, 1).checked_add(day.days()).ok()?;
    debug_assert_eq!(day_number(date), day);
    Some(date)
}

fn distinct(days: &[Option<i64>]) -> Vec<i64> {
    let mut all: Vec<i64> = days.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The commonest step between neighbours; the smaller of equals.
fn common_step(days: &[i64]) -> i64 {
    let mut counts = std::collections::BTreeMap::new();
    for pair in days.windows(2) {
        *counts.entry(pair[1] - pair[0]).or_insert(0_usize) += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    counts.iter().find(|(_, n)| **n == most).map_or(1, |(step, _)| *step)
}

/// The remainder by the step that most days have; the earliest of equals.
fn common_phase(days: &[i64], step: i64) -> i64 {
    let mut counts = std::collections::BTreeMap::new();
    for day in days {
        *counts.entry(day.rem_euclid(step)).or_insert(0_usize) += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    counts.iter().find(|(_, n)| **n == most).map_or(0, |(phase, _)| *phase)
}

fn check_calendar(
    source: &Source<'_>,
    is_reference: bool,
    step: i64,
    on_grid: &impl Fn(i64) -> bool,
    cadence: Cadence,
    reference_file: &str,
    out: &mut Vec<Finding>,
) {
    let days = distinct(&source.days);
    let own = common_step(&days);
    if !is_reference && days.len() > 2 && own != step {
        let found = format!("rows {own} days apart");
        let expected = format!("a row each {}, as in {reference_file}", cadence.word());
        let mend = "bring the tables to one cadence: sum spend, exposure and outcome, average prices and rates";
        out.push(fail("cadence-mixed", found, expected, mend).at_file(&source.table.file));
        return;
    }
    let mut capped = Capped::new();
    for (row, day) in source.days.iter().enumerate() {
        let Some(day) = day.filter(|d| !on_grid(*d)) else {
            continue;
        };
        capped.push(out, || {
            let expected = "a first day of the week, on the same week day as the other rows";
            let mend = "correct the date; or bring the row to the week that it belongs to";
            fail("date-off-grid", show(day), expected, mend).at_file(&source.table.file).at_row(line(source.table, row))
        });
    }
    capped.finish(out);
}
