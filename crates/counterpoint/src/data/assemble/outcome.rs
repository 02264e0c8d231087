//! Outcome, its money a unit, and population.

use super::cells::{Cell, Frame, cell, style};
use super::column::{Purpose, Want};
use crate::data::codes::{Capped, fail, review};
use crate::finding::Finding;
use crate::project::{OutcomeKind, UnitValue};
use std::ops::Range;

/// A geo's largest population may exceed its smallest by this share before it is said. Census estimates of a region move by
/// a few percent in ten years; more points at a column that is not a population.
pub(super) const POPULATION_DRIFT: f64 = 0.05;

/// From the first period to the last in which any geo has an outcome.
pub(super) fn window(frame: &Frame<'_>, wants: &[Want], out: &mut Vec<Finding>) -> Option<Range<usize>> {
    let want = wants.iter().find(|w| w.purpose == Purpose::Outcome)?;
    let column = frame.column(want);
    let style = style(column);
    let len = frame.grid.len;
    let rows = frame.rows(want, &(0..len));
    let known =
        rows.iter().enumerate().filter(|(_, row)| row.is_some_and(|r| !matches!(cell(column, r, style), Cell::Empty)));
    let periods: Vec<usize> = known.map(|(at, _)| at % len).collect();
    match (periods.iter().min(), periods.iter().max()) {
        (Some(first), Some(last)) => Some(*first..last + 1),
        _ => {
            let mend = "name the column that holds the outcome, or fill it in";
            out.push(frame.place(
                fail("outcome-empty", "no outcome in any row", "an outcome in each row", mend),
                want,
                None,
            ));
            None
        }
    }
}

/// Outcome `[geos x window]`, `NaN` where missing.
pub(super) fn outcome(
    frame: &Frame<'_>,
    wants: &[Want],
    window: &Range<usize>,
    out: &mut Vec<Finding>,
) -> Option<Vec<f64>> {
    let want = wants.iter().find(|w| w.purpose == Purpose::Outcome)?;
    if !national_allowed(frame, want, "an outcome in each geo", out) {
        return None;
    }
    let read = frame.numbers(want, window, out);
    let missing: Vec<usize> = (0..read.values.len()).filter(|at| read.empty[*at] && read.rows[*at].is_some()).collect();
    if let Some(first) = missing.first() {
        let found =
            format!("{} cells without a value, the first {}", missing.len(), frame.cell_name(want, window, *first));
        let mend = "fill them in if they are known (0 if nothing was sold); they are left out of the likelihood";
        let finding = review("outcome-missing", found, "an outcome in each period", mend);
        out.push(frame.place(finding, want, read.rows[*first]));
    }
    let mut capped = Capped::new();
    for (at, value) in read.values.iter().enumerate().filter(|(_, v)| **v < 0.0) {
        capped.push(out, || {
            let mend = "right if returns are subtracted; else correct it";
            frame.place(review("negative-outcome", format!("{value}"), "zero or more", mend), want, read.rows[at])
        });
    }
    capped.finish(out);
    Some(frame.spread(read.values, want.at.source))
}

/// Money a unit `[geos x window]`. Where the outcome is missing too, an empty cell takes the geo's mean: it is not used.
pub(super) fn unit_value(
    frame: &Frame<'_>,
    wants: &[Want],
    window: &Range<usize>,
    outcome: Option<&[f64]>,
    out: &mut Vec<Finding>,
) -> Option<Vec<f64>> {
    let cells = frame.grid.geos.len() * window.len();
    match &frame.project.outcome.kind {
        OutcomeKind::Revenue | OutcomeKind::Count(UnitValue::Unknown) => return Some(vec![1.0; cells]),
        OutcomeKind::Count(UnitValue::Number(value)) => {
            if !(value.is_finite() && *value > 0.0) {
                let mend = "write the money that one unit brings; leave the line out if it is not known";
                out.push(
                    fail("unit-value-not-positive", format!("{value}"), "more than 0", mend).at_column("unit_value"),
                );
            }
            return Some(vec![*value; cells]);
        }
        OutcomeKind::Count(UnitValue::Column(_)) => {}
    }
    let want = wants.iter().find(|w| w.purpose == Purpose::UnitValue)?;
    let mut read = frame.numbers(want, window, out);
    let (mut empty, mut negative) = (Capped::new(), Capped::new());
    let national = frame.is_national(want.at.source);
    for geo in 0..frame.height(want.at.source) {
        let cells = geo * read.width..(geo + 1) * read.width;
        let known: Vec<f64> = cells.clone().map(|at| read.values[at]).filter(|v| v.is_finite()).collect();
        let mean = known.iter().map(|v| v / known.len() as f64).sum::<f64>();
        for at in cells {
            let unused = !national && outcome.and_then(|o| o.get(at)).is_some_and(|y| y.is_nan());
            if read.empty[at] && !frame.row_is_absent(want, read.rows[at]) {
                if unused && !known.is_empty() {
                    read.values[at] = mean;
                } else {
                    empty.push(out, || {
                        let mend = "fill in the money that one unit brought in that period";
                        frame.place(fail("empty-cell", "an empty cell", "a number above 0", mend), want, read.rows[at])
                    });
                }
            } else if read.values[at] <= 0.0 {
                negative.push(out, || {
                    let mend = "correct it; or leave the row's outcome empty";
                    let finding = fail("unit-value-not-positive", format!("{}", read.values[at]), "more than 0", mend);
                    frame.place(finding, want, read.rows[at])
                });
            }
        }
    }
    empty.finish(out);
    negative.finish(out);
    Some(frame.spread(read.values, want.at.source))
}

/// People in each geo: the mean of what the table says over time.
pub(super) fn population(frame: &Frame<'_>, wants: &[Want], out: &mut Vec<Finding>) -> Option<Vec<f64>> {
    if frame.project.data.population.is_none() {
        return Some(vec![1.0; frame.grid.geos.len()]);
    }
    let want = wants.iter().find(|w| w.purpose == Purpose::Population)?;
    if !national_allowed(frame, want, "a population for each geo", out) {
        return None;
    }
    let read = frame.numbers(want, &(0..frame.grid.len), out);
    let (mut bad, mut none, mut drift) = (Capped::new(), Capped::new(), Capped::new());
    let mut people = Vec::new();
    for (geo, name) in frame.grid.geos.iter().enumerate() {
        let cells = geo * read.width..(geo + 1) * read.width;
        for at in cells.clone().filter(|at| read.values[*at] <= 0.0) {
            bad.push(out, || {
                let finding = fail(
                    "population-not-positive",
                    format!("{}", read.values[at]),
                    "more than 0",
                    "correct the population",
                );
                frame.place(finding, want, read.rows[at])
            });
        }
        let known: Vec<f64> = read.values[cells].iter().copied().filter(|v| *v > 0.0).collect();
        let mean = known.iter().map(|v| v / known.len() as f64).sum::<f64>();
        let (low, high) = known.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
        if known.is_empty() {
            none.push(out, || {
                let mend = "fill in how many people live there";
                frame.place(
                    fail("empty-cell", format!("no population for `{name}`"), "a number above 0", mend),
                    want,
                    None,
                )
            });
        } else if high > low * (1.0 + POPULATION_DRIFT) {
            drift.push(out, || {
                let found = format!("`{name}` from {low} to {high}");
                let mend = "right if the region grew; the mean is used. Else name the column that holds the population";
                frame.place(review("population-changes", found, "one population a geo", mend), want, None)
            });
        }
        people.push(mean);
    }
    for capped in [bad, none, drift] {
        capped.finish(out);
    }
    Some(people)
}

/// Says so if a series that differs by geo is given for the country as a whole.
pub(super) fn national_allowed(frame: &Frame<'_>, want: &Want, expected: &str, out: &mut Vec<Finding>) -> bool {
    let allowed = frame.grid.geos.len() == 1 || !frame.is_national(want.at.source);
    if !allowed {
        let found = format!("one value a {} for all {} geos", frame.grid.cadence.word(), frame.grid.geos.len());
        let mend = "give the table a geo column with a row for each geo (split national spend by population or by impressions); \
                    or leave `geo` out and model the country as a whole";
        out.push(frame.place(fail("national-column", found, expected, mend), want, None));
    }
    allowed
}
