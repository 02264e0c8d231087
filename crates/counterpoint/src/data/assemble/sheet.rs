//! One table of creators or experiments: columns under the names that exports give them, cells with their findings.

use super::cells::{Cell, cell, short, style};
use super::column::nearest_hint;
use super::source::{line, text};
use crate::data::codes::{Capped, fail};
use crate::data::recognise::{DATE_FORMATS, DateReading, date, date_format};
use crate::data::{Column, Table};
use crate::finding::Finding;
use crate::project::DateFormat;
use jiff::civil::{DateTime, Time};

/// A table that is being read.
pub(super) struct Sheet<'a> {
    pub(super) table: &'a Table,
}

impl<'a> Sheet<'a> {
    /// The column under the first of these names that exists, in any case.
    pub(super) fn optional(&self, names: &[&str]) -> Option<&'a Column> {
        names.iter().find_map(|name| self.table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name)))
    }

    /// The same, with a finding where there is none.
    pub(super) fn required(&self, names: &[&str], out: &mut Vec<Finding>) -> Option<&'a Column> {
        let found = self.optional(names);
        if found.is_none() {
            let all: Vec<&str> = self.table.columns.iter().map(|c| c.name.as_str()).collect();
            let expected =
                format!("a column {}", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or "));
            let finding =
                fail("missing-column", format!("no column `{}`", names[0]), expected, nearest_hint(names[0], &all));
            out.push(finding.at_file(&self.table.file).at_column(names[0]));
        }
        found
    }

    /// A finding at a row of a column.
    pub(super) fn at(&self, finding: Finding, row: usize, column: &str) -> Finding {
        finding.at_file(&self.table.file).at_row(line(self.table, row)).at_column(column)
    }

    /// Texts of a column; where `required`, an empty cell is a finding.
    pub(super) fn texts(&self, column: Option<&Column>, required: bool, out: &mut Vec<Finding>) -> Vec<Option<String>> {
        let Some(column) = column else { return vec![None; self.table.rows()] };
        let mut capped = Capped::new();
        let all = (0..self.table.rows())
            .map(|row| {
                let found = text(&column.cells, row).map(|t| t.into_owned());
                if found.is_none() && required {
                    capped.push(out, || {
                        let finding = fail("empty-cell", "an empty cell", "a name", "fill it in, or take the row out");
                        self.at(finding, row, &column.name)
                    });
                }
                found
            })
            .collect();
        capped.finish(out);
        all
    }

    /// Numbers of a column within `range`; where `required`, an empty cell is a finding.
    pub(super) fn numbers(
        &self,
        column: Option<&Column>,
        required: bool,
        (low, high, expected): (f64, f64, &str),
        out: &mut Vec<Finding>,
    ) -> Vec<Option<f64>> {
        let Some(column) = column else { return vec![None; self.table.rows()] };
        let style = style(column);
        let mut capped = Capped::new();
        let all = (0..self.table.rows())
            .map(|row| {
                let mend = "correct the cell";
                let bad = match cell(column, row, style) {
                    Cell::Number(x) if x >= low && x <= high => return Some(x),
                    Cell::Empty if !required => return None,
                    Cell::Number(x) => fail(
                        "out-of-range",
                        format!("{x}"),
                        expected,
                        if high == 1.0 { "write shares as fractions: 3.5 % is 0.035" } else { mend },
                    ),
                    Cell::Empty => fail("empty-cell", "an empty cell", expected, "fill it in"),
                    Cell::Text(t) => fail("not-a-number", format!("the text \"{}\"", short(&t)), expected, mend),
                    Cell::Unclear(t) => {
                        let mend = "write numbers without thousands marks";
                        fail("ambiguous-number", format!("\"{}\"", short(&t)), expected, mend)
                    }
                    Cell::Infinite => fail("not-finite", "infinity", expected, mend),
                };
                capped.push(out, || self.at(bad, row, &column.name));
                None
            })
            .collect();
        capped.finish(out);
        all
    }

    /// Days of a column, each with its time where one is written (as written; an offset is not applied). Where `required`, an
    /// empty cell is a finding.
    pub(super) fn moments(
        &self,
        column: Option<&Column>,
        required: bool,
        out: &mut Vec<Finding>,
    ) -> Vec<Option<(DateTime, bool)>> {
        let Some(column) = column else { return vec![None; self.table.rows()] };
        let texts: Vec<Option<String>> =
            (0..self.table.rows()).map(|row| text(&column.cells, row).map(|t| t.into_owned())).collect();
        let format = match date_format(texts.iter().flatten().map(String::as_str)) {
            DateReading::One(format) => format,
            DateReading::Ambiguous(formats) => {
                let finding = fail(
                    "date-ambiguous",
                    format!("dates that {} formats read", formats.len()),
                    "dates with one reading",
                    "write dates as YYYY-MM-DD",
                );
                out.push(finding.at_file(&self.table.file).at_column(&column.name));
                return vec![None; texts.len()];
            }
            DateReading::None { .. } => {
                let readable = |f: &DateFormat| texts.iter().flatten().filter(|t| date(t, *f).is_some()).count();
                DATE_FORMATS.into_iter().rev().max_by_key(readable).unwrap_or(DateFormat::YearMonthDay)
            }
        };
        let mut capped = Capped::new();
        let all = texts
            .iter()
            .enumerate()
            .map(|(row, cell)| {
                let bad = match cell {
                    None if !required => return None,
                    None => fail("date-missing", "an empty cell", "a date", "fill it in, or take the row out"),
                    Some(t) => match date(t, format) {
                        Some(day) => {
                            let time = time_of(t);
                            return Some((day.to_datetime(time.unwrap_or(Time::midnight())), time.is_some()));
                        }
                        None => {
                            let mend = "write dates as YYYY-MM-DD, with a time as YYYY-MM-DD HH:MM";
                            fail("date-unreadable", format!("\"{}\"", short(t)), "a date that exists", mend)
                        }
                    },
                };
                capped.push(out, || self.at(bad, row, &column.name));
                None
            })
            .collect();
        capped.finish(out);
        all
    }
}

/// The time after a date, `18:05` or `18:05:30`, whatever follows.
fn time_of(text: &str) -> Option<Time> {
    let text = text.trim();
    let rest = text[text.find(['T', 't', ' '])? + 1..].trim_start();
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == ':').collect();
    let mut parts = digits.split(':').map(|p| p.parse::<i8>().unwrap_or(0));
    let (hour, minute, second) = (parts.next()?, parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    Time::new(hour, minute, second.min(59), 0).ok()
}
