//! Series of the controls; a control of words becomes one 0/1 control a word.

use super::cells::{Cell, Frame, cell, short, style};
use super::column::{Purpose, Want};
use super::source::text;
use crate::data::Control;
use crate::data::codes::{Capped, fail, info};
use crate::finding::Finding;
use std::collections::BTreeMap;
use std::ops::Range;

/// A text control with more levels than this is taken for a label (a week's name, a free comment), not a category.
pub(super) const MOST_LEVELS: usize = 12;

/// All controls `[geos x window]`, in the order of the project.
pub(super) fn controls(
    frame: &Frame<'_>,
    wants: &[Want],
    window: &Range<usize>,
    out: &mut Vec<Finding>,
) -> Option<Vec<Control>> {
    let mut controls = Vec::new();
    let mut complete = true;
    for i in 0..frame.project.controls.len() {
        let Some(want) = wants.iter().find(|w| w.purpose == Purpose::Control(i)) else {
            complete = false;
            continue;
        };
        if is_text(frame, want, window) {
            controls.extend(levels(frame, want, window, out));
        } else {
            controls.push(number(frame, want, window, out));
        }
    }
    complete.then_some(controls)
}

/// Whether cells say something and none of them is a number.
fn is_text(frame: &Frame<'_>, want: &Want, window: &Range<usize>) -> bool {
    let column = frame.column(want);
    let style = style(column);
    let mut words = 0_usize;
    for row in frame.rows(want, window).into_iter().flatten() {
        match cell(column, row, style) {
            Cell::Text(_) => words += 1,
            Cell::Empty => {}
            _ => return false,
        }
    }
    words > 0
}

fn number(frame: &Frame<'_>, want: &Want, window: &Range<usize>, out: &mut Vec<Finding>) -> Control {
    let read = frame.numbers(want, window, out);
    let mut empty = Capped::new();
    for at in (0..read.values.len()).filter(|at| read.empty[*at] && read.rows[*at].is_some()) {
        empty.push(out, || {
            let mend = "fill in the value that held in that period; a control is never filled in for you";
            frame.place(fail("empty-cell", "an empty cell", "a number", mend), want, read.rows[at])
        });
    }
    empty.finish(out);
    Control { name: want.name.clone(), values: frame.spread(read.values, want.at.source) }
}

/// One 0/1 control a level. Cells without a value are the baseline; if there are none, the commonest level is.
fn levels(frame: &Frame<'_>, want: &Want, window: &Range<usize>, out: &mut Vec<Finding>) -> Vec<Control> {
    let column = frame.column(want);
    let cells: Vec<Option<String>> = frame
        .rows(want, window)
        .into_iter()
        .map(|row| row.and_then(|row| text(&column.cells, row)).map(std::borrow::Cow::into_owned))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for level in cells.iter().flatten() {
        *counts.entry(level).or_default() += 1;
    }
    if counts.len() > MOST_LEVELS {
        let examples: Vec<String> = counts.keys().take(3).map(|l| format!("`{}`", short(l))).collect();
        let found = format!("{} different texts, such as {}", counts.len(), examples.join(", "));
        let mend = "name a column of numbers; or write fewer, broader categories";
        let finding = fail("text-control-levels", found, format!("numbers, or at most {MOST_LEVELS} categories"), mend);
        out.push(frame.place(finding, want, None));
        return Vec::new();
    }
    let most = counts.values().copied().max().unwrap_or(0);
    let baseline = if cells.iter().any(Option::is_none) {
        None
    } else {
        counts.iter().find(|(_, n)| **n == most).map(|(l, _)| *l)
    };
    let kept: Vec<&str> = counts.keys().copied().filter(|l| Some(*l) != baseline).collect();
    let controls: Vec<Control> = kept
        .iter()
        .map(|level| {
            let values = cells.iter().map(|c| f64::from(u8::from(c.as_deref() == Some(*level)))).collect();
            Control { name: format!("{}[{level}]", want.name), values: frame.spread(values, want.at.source) }
        })
        .collect();
    let names: Vec<String> = controls.iter().map(|c| format!("`{}`", c.name)).collect();
    let baseline = baseline.map_or("cells without a value".to_owned(), |level| format!("`{level}`, the commonest"));
    let found = match names.is_empty() {
        true => format!("one level only ({baseline}): no control is made of it"),
        false => format!("text, read as 0/1 controls {}; compared with {baseline}", names.join(", ")),
    };
    let mend = "nothing to do; write numbers if the levels have an order";
    out.push(frame.place(info("text-control", found, "numbers or a few categories", mend), want, None));
    controls
}
