//! Each table with the day and geo of each of its rows.

use super::column::nearest_hint;
use crate::data::calendar::day_number;
use crate::data::codes::{Capped, fail};
use crate::data::recognise::{self, DATE_FORMATS, DateReading};
use crate::data::{Cells, Column, Table};
use crate::finding::Finding;
use crate::project::{DateFormat, LongTable, Project};
use std::borrow::Cow;

/// A table with the keys of its rows.
pub(super) struct Source<'a> {
    pub(super) table: &'a Table,
    /// Days since 1970-01-01, a row each; `None` where the date cannot be read.
    pub(super) days: Vec<Option<i64>>,
    /// Geo of each row; `None` as a whole: the table is national.
    pub(super) geos: Option<Vec<Option<String>>>,
    /// For a long table: how it is turned wide, and the channel of each row.
    pub(super) long: Option<(&'a LongTable, Vec<Option<String>>)>,
}

/// All tables with their keys; what cannot be keyed is a finding.
pub(super) fn sources<'a>(project: &'a Project, tables: &'a [Table], out: &mut Vec<Finding>) -> Vec<Source<'a>> {
    let spec = &project.data;
    let expected = spec.tables.len() + spec.long.len();
    if tables.len() != expected {
        out.push(fail(
            "table-count",
            format!("{} tables", tables.len()),
            format!("{expected}, as the project lists"),
            "give each table of the project once, in its order",
        ));
    }
    let any_geo = spec.geo.as_ref().is_some_and(|geo| tables.iter().any(|t| t.column(geo).is_some()));
    let mut sources = Vec::new();
    for (at, table) in tables.iter().take(expected).enumerate() {
        let long = at.checked_sub(spec.tables.len()).and_then(|i| spec.long.get(i));
        if table.rows() == 0 {
            let mend = "check the export, or take the table out of the project";
            out.push(fail("empty-table", "a table without rows", "one row a period", mend).at_file(&table.file));
        }
        let days = days(project, table, out);
        let geos = match (&spec.geo, spec.geo.as_ref().and_then(|g| table.column(g))) {
            (Some(_), Some(column)) => Some(names(table, column, "geo-missing", "a geo in each row", out)),
            (Some(geo), None) if !any_geo => {
                out.push(missing_key(table, geo, "[data] geo"));
                None
            }
            _ => None,
        };
        let long = long.map(|spec| match table.column(&spec.channel) {
            Some(column) => (spec, names(table, column, "channel-missing", "a channel in each row", out)),
            None => {
                out.push(missing_key(table, &spec.channel, "the long table's channel"));
                (spec, vec![None; table.rows()])
            }
        });
        sources.push(Source { table, days, geos, long });
    }
    sources
}

/// The text of a cell, if it holds any that is not a missing mark.
pub(super) fn text(cells: &Cells, row: usize) -> Option<Cow<'_, str>> {
    let text = match cells {
        Cells::Text(v) => Cow::Borrowed(v.get(row)?.as_deref()?.trim()),
        Cells::Number(v) => Cow::Owned(v.get(row).copied().flatten().filter(|x| x.is_finite())?.to_string()),
        Cells::Date(v) => Cow::Owned(v.get(row).copied().flatten()?.to_string()),
    };
    (!recognise::is_missing(&text)).then_some(text)
}

/// The line of a row in its file.
pub(super) fn line(table: &Table, row: usize) -> u64 {
    table.lines.get(row).copied().unwrap_or(0)
}

fn missing_key(table: &Table, name: &str, key: &str) -> Finding {
    let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    fail(
        "missing-column",
        format!("no column `{name}`"),
        format!("the column that {key} names"),
        nearest_hint(name, &names),
    )
    .at_file(&table.file)
    .at_column(name)
}

/// The names in a key column; geo "NA" (Namibia, North America) is a name, so only blank cells are missing.
fn names(table: &Table, column: &Column, code: &str, expected: &str, out: &mut Vec<Finding>) -> Vec<Option<String>> {
    let mut capped = Capped::new();
    let mut names = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let name = match &column.cells {
            Cells::Text(v) => {
                v.get(row).and_then(|c| c.as_deref()).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
            }
            other => text(other, row).map(Cow::into_owned),
        };
        if name.is_none() {
            capped.push(out, || {
                fail(code, "an empty cell", expected, "fill in the cell, or take the row out")
                    .at_file(&table.file)
                    .at_row(line(table, row))
                    .at_column(&column.name)
            });
        }
        names.push(name);
    }
    capped.finish(out);
    names
}

fn days(project: &Project, table: &Table, out: &mut Vec<Finding>) -> Vec<Option<i64>> {
    let name = &project.data.date;
    let Some(column) = table.column(name) else {
        out.push(missing_key(table, name, "[data] date"));
        return vec![None; table.rows()];
    };
    let texts: Vec<Option<String>> = match &column.cells {
        Cells::Date(v) => {
            let days: Vec<Option<i64>> =
                (0..table.rows()).map(|r| v.get(r).copied().flatten().map(day_number)).collect();
            missing_dates(table, name, days.iter().map(Option::is_none), out);
            return days;
        }
        cells => (0..table.rows()).map(|row| text(cells, row).map(Cow::into_owned)).collect(),
    };
    missing_dates(table, name, texts.iter().map(Option::is_none), out);
    let Some(format) = format_of(project, table, &texts, out) else {
        return vec![None; table.rows()];
    };
    let mut capped = Capped::new();
    let mut days = Vec::with_capacity(texts.len());
    for (row, text) in texts.iter().enumerate() {
        let day = text.as_deref().and_then(|t| recognise::date(t, format)).map(day_number);
        if let (Some(text), None) = (text, day) {
            capped.push(out, || {
                let other = DATE_FORMATS.into_iter().find(|f| recognise::date(text, *f).is_some());
                let (found, mend) = match other {
                    Some(other) => (
                        format!("`{text}`, which is a date as {}", word(other)),
                        "the column holds dates in more than one order: write all of them in one, such as 2026-03-30",
                    ),
                    None => (format!("`{text}`"), "write a date that exists, in one format down the column"),
                };
                fail("date-unreadable", found, format!("a date as {}", word(format)), mend)
                    .at_file(&table.file)
                    .at_row(line(table, row))
                    .at_column(name)
            });
        }
        days.push(day);
    }
    capped.finish(out);
    days
}

fn missing_dates(table: &Table, name: &str, missing: impl Iterator<Item = bool>, out: &mut Vec<Finding>) {
    let mut capped = Capped::new();
    for (row, _) in missing.enumerate().filter(|(_, missing)| *missing) {
        capped.push(out, || {
            fail("date-missing", "an empty cell", "a date in each row", "fill in the date, or take the row out")
                .at_file(&table.file)
                .at_row(line(table, row))
                .at_column(name)
        });
    }
    capped.finish(out);
}

/// The format of the column: the project's, the only one that fits, or the one that reads most of the cells.
fn format_of(project: &Project, table: &Table, texts: &[Option<String>], out: &mut Vec<Finding>) -> Option<DateFormat> {
    if let Some(format) = project.data.date_format {
        return Some(format);
    }
    let cells = || texts.iter().flatten().map(String::as_str);
    match recognise::date_format(cells()) {
        DateReading::One(format) => Some(format),
        DateReading::Ambiguous(formats) => {
            let example = cells().next().unwrap_or_default();
            let words: Vec<&str> = formats.iter().map(|f| word(*f)).collect();
            let mend = format!("set date_format under [data] to the one that is meant: {}", words.join(" or "));
            let found = format!("dates such as `{example}`, which read both as {}", words.join(" and as "));
            out.push(
                fail("date-ambiguous", found, "dates with one reading", mend)
                    .at_file(&table.file)
                    .at_column(&project.data.date),
            );
            None
        }
        DateReading::None { .. } => {
            let read = |format| cells().filter(|t| recognise::date(t, format).is_some()).count();
            let mut best = DATE_FORMATS[0];
            for format in DATE_FORMATS {
                if read(format) > read(best) {
                    best = format;
                }
            }
            Some(best)
        }
    }
}

/// How a format is spelt.
fn word(format: DateFormat) -> &'static str {
    match format {
        DateFormat::YearMonthDay => "year-month-day",
        DateFormat::DayMonthYear => "day-month-year",
        DateFormat::MonthDayYear => "month-day-year",
    }
}
