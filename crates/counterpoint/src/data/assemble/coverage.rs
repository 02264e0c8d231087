//! Which periods and geos each table must cover, and which it lacks.

use super::cells::Frame;
use super::column::{Purpose, Want};
use crate::data::codes::{Capped, fail, info, review};
use crate::finding::Finding;
use std::ops::Range;

/// The first period of exposure and the window of outcome periods.
///
/// The window runs from the first to the last outcome (`present`; without one, over everything). Exposure starts where the
/// last of the driver tables starts, if that is before the window.
pub(super) fn spans(frame: &Frame<'_>, wants: &[Want], present: Option<Range<usize>>) -> (usize, Range<usize>) {
    let window = present.unwrap_or(0..frame.grid.len);
    let starts = wants.iter().filter(|w| w.purpose.of_driver()).filter_map(|w| first_period(frame, w.at.source));
    let start = starts.max().unwrap_or(window.start);
    (start.min(window.start), window)
}

fn first_period(frame: &Frame<'_>, source: usize) -> Option<usize> {
    frame.keys[source].iter().flatten().map(|(_, period)| *period).min()
}

/// Says what each used table lacks in the periods that are needed of it, and which of its rows are not used.
pub(super) fn check(
    frame: &Frame<'_>,
    wants: &[Want],
    history_start: usize,
    window: &Range<usize>,
    out: &mut Vec<Finding>,
) {
    for source in 0..frame.sources.len() {
        let of = |purpose: &dyn Fn(Purpose) -> bool| wants.iter().any(|w| w.at.source == source && purpose(w.purpose));
        if !of(&|p| p != Purpose::Population) {
            continue;
        }
        let drives = of(&Purpose::of_driver);
        let needed = if drives { history_start..window.end } else { window.clone() };
        lacking(frame, source, &needed, out);
        left_out(frame, source, &needed, of(&|p| p == Purpose::Outcome), out);
    }
}

fn lacking(frame: &Frame<'_>, source: usize, needed: &Range<usize>, out: &mut Vec<Finding>) {
    let (len, height) = (frame.grid.len, frame.height(source));
    let file = &frame.sources[source].table.file;
    let index = &frame.index[source];
    let has = |geo: usize, t: usize| index[geo * len + t].is_some();
    let absent: Vec<bool> = (0..height).map(|geo| !needed.clone().any(|t| has(geo, t))).collect();
    if absent.iter().all(|a| *a) && !needed.is_empty() && frame.keys[source].iter().all(Option::is_none) {
        return; // No row of the table has a key: that is said already.
    }
    let gap: Vec<bool> = (0..len).map(|t| needed.contains(&t) && (0..height).all(|geo| !has(geo, t))).collect();
    let word = frame.grid.cadence.word();

    let mut capped = Capped::new();
    let mut t = 0;
    while t < len {
        if !gap[t] {
            t += 1;
            continue;
        }
        let start = t;
        while t < len && gap[t] {
            t += 1;
        }
        capped.push(out, || {
            let found = match t - start {
                1 => format!("no row for {}", frame.grid.show(start)),
                n => format!("no row from {} to {} ({n} {word}s)", frame.grid.show(start), frame.grid.show(t - 1)),
            };
            let mend = "add the rows; a period in which nothing was spent has 0, not no row";
            fail("missing-period", found, format!("a row each {word} without a gap"), mend).at_file(file)
        });
    }
    capped.finish(out);

    let (mut geos, mut ragged) = (Capped::new(), Capped::new());
    for geo in 0..height {
        let missing: Vec<usize> = needed.clone().filter(|t| !gap[*t] && !has(geo, *t)).collect();
        let name = &frame.grid.geos[geo];
        match missing.first() {
            Some(_) if absent[geo] => geos.push(out, || {
                let mend = "add the geo's rows, correct its spelling, or take it out of the other tables";
                fail("geo-absent", format!("no row for `{name}`"), "the same geos in every table that has geos", mend)
                    .at_file(file)
            }),
            Some(first) => ragged.push(out, || {
                let found = format!(
                    "`{name}` lacks {} {word}s that other geos have, the first {}",
                    missing.len(),
                    frame.grid.show(*first)
                );
                let mend = "add the rows (0 where nothing happened), or take the geo out";
                fail("ragged-geo", found, "every period for every geo", mend).at_file(file)
            }),
            None => {}
        }
    }
    geos.finish(out);
    ragged.finish(out);
}

fn left_out(frame: &Frame<'_>, source: usize, needed: &Range<usize>, has_outcome: bool, out: &mut Vec<Finding>) {
    let keys = || frame.keys[source].iter().flatten().map(|(_, t)| *t);
    let before = keys().filter(|t| *t < needed.start).count();
    let after = keys().filter(|t| *t >= needed.end).count();
    let file = &frame.sources[source].table.file;
    let expected =
        format!("rows from {} to {}", frame.grid.show(needed.start), frame.grid.show(needed.end.saturating_sub(1)));
    if after > 0 && has_outcome {
        let found = format!("{after} rows after the last outcome");
        let mend = "fill in their outcome if it is known; they are not used";
        out.push(review("rows-left-out", found, &expected, mend).at_file(file));
    } else if after > 0 {
        let found = format!("{after} rows after the last outcome");
        out.push(info("rows-left-out", found, &expected, "nothing to do; they are not used").at_file(file));
    }
    if before > 0 {
        let found = format!("{before} rows before the first period that is used");
        let mend = "nothing to do; start all driver tables at the same period to use more history";
        out.push(info("rows-left-out", found, &expected, mend).at_file(file));
    }
}
