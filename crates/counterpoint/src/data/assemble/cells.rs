//! Cells on the grid: which row holds a geo's period, and what number stands there.

use super::column::Want;
use super::grid::Grid;
use super::source::{Source, line};
use crate::data::codes::{Capped, fail};
use crate::data::recognise::{self, NumberStyle};
use crate::data::{Cells, Column};
use crate::finding::Finding;
use crate::project::Project;
use std::ops::Range;

/// Everything that readers of cells share.
pub(super) struct Frame<'a> {
    pub(super) project: &'a Project,
    pub(super) sources: &'a [Source<'a>],
    pub(super) grid: Grid,
    /// For each source and row, its geo (0 in a national table) and period.
    pub(super) keys: Vec<Vec<Option<(usize, usize)>>>,
    /// For each source, the first row of each cell `[geos x periods]` (`[1 x periods]` in a national table).
    pub(super) index: Vec<Vec<Option<usize>>>,
}

/// One series on a range of periods.
pub(super) struct Values {
    /// `[rows x periods]`: one row a geo, or one in all for a national table. `NaN` where there is no number.
    pub(super) values: Vec<f64>,
    /// Where the cell is empty or there is no such row of a long table (text and other bad cells have their finding already).
    pub(super) empty: Vec<bool>,
    /// The row of the table for each cell.
    pub(super) rows: Vec<Option<usize>>,
    /// Number of periods.
    pub(super) width: usize,
}

impl<'a> Frame<'a> {
    pub(super) fn new(project: &'a Project, sources: &'a [Source<'a>], grid: Grid, out: &mut Vec<Finding>) -> Self {
        let mut frame = Frame { project, sources, grid, keys: Vec::new(), index: Vec::new() };
        let geo_at: std::collections::BTreeMap<&str, usize> =
            frame.grid.geos.iter().enumerate().map(|(i, g)| (g.as_str(), i)).collect();
        let mut keys = Vec::new();
        for source in sources {
            keys.push(
                source
                    .days
                    .iter()
                    .enumerate()
                    .map(|(row, day)| {
                        let geo = match &source.geos {
                            None => Some(0),
                            Some(names) => names.get(row)?.as_deref().and_then(|name| geo_at.get(name).copied()),
                        };
                        Some((geo?, frame.grid.period((*day)?)?))
                    })
                    .collect::<Vec<_>>(),
            );
        }
        frame.keys = keys;
        for at in 0..sources.len() {
            let index = frame.index_of(at, None);
            frame.index.push(index);
            frame.duplicates(at, out);
        }
        frame
    }

    /// Whether a source holds one row a period for the whole country while the project has several geos.
    pub(super) fn is_national(&self, source: usize) -> bool {
        self.sources[source].geos.is_none()
    }

    /// Rows of cells that a source has: geos, or one.
    pub(super) fn height(&self, source: usize) -> usize {
        if self.is_national(source) { 1 } else { self.grid.geos.len() }
    }

    fn index_of(&self, source: usize, channel: Option<&str>) -> Vec<Option<usize>> {
        let mut index = vec![None; self.height(source) * self.grid.len];
        for (row, key) in self.keys[source].iter().enumerate() {
            let Some((geo, period)) = *key else { continue };
            if let (Some(channel), Some((_, channels))) = (channel, &self.sources[source].long)
                && channels.get(row).and_then(|c| c.as_deref()) != Some(channel)
            {
                continue;
            }
            let cell = &mut index[geo * self.grid.len + period];
            if cell.is_none() {
                *cell = Some(row);
            }
        }
        index
    }

    fn duplicates(&self, at: usize, out: &mut Vec<Finding>) {
        let source = &self.sources[at];
        let mut seen = std::collections::BTreeMap::new();
        let mut capped = Capped::new();
        for (row, key) in self.keys[at].iter().enumerate() {
            let Some((geo, period)) = *key else { continue };
            let channel = source.long.as_ref().map(|(_, channels)| channels.get(row).and_then(|c| c.as_deref()));
            let Some(first) = seen.insert((geo, period, channel), row) else {
                continue;
            };
            capped.push(out, || {
                let geo = source.geos.as_ref().map_or(String::new(), |_| format!(" of {}", self.grid.geos[geo]));
                let found = format!("{}{geo} again, after line {}", self.grid.show(period), line(source.table, first));
                let (expected, mend) = match (&source.long, &source.geos) {
                    (Some(_), _) => ("one row a date, geo and channel", "add the rows of one channel up, or take one out"),
                    (None, Some(_)) => ("one row a date and geo", "add the rows up, or take one out"),
                    (None, None) => (
                        "one row a date",
                        "if the rows are of several geos, name their column as `geo` under [data]; if of several channels, \
                         give the table as a long table; else add them up",
                    ),
                };
                fail("duplicate-row", found, expected, mend).at_file(&source.table.file).at_row(line(source.table, row))
            });
        }
        capped.finish(out);
    }

    /// The column of a wanted series.
    pub(super) fn column(&self, want: &Want) -> &'a Column {
        &self.sources[want.at.source].table.columns[want.at.column]
    }

    /// The row of each cell `[height x range]`.
    pub(super) fn rows(&self, want: &Want, range: &Range<usize>) -> Vec<Option<usize>> {
        let long = want.at.channel.as_deref().map(|channel| self.index_of(want.at.source, Some(channel)));
        let index = long.as_ref().unwrap_or(&self.index[want.at.source]);
        let mut rows = Vec::with_capacity(self.height(want.at.source) * range.len());
        for geo in 0..self.height(want.at.source) {
            let start = geo * self.grid.len;
            rows.extend_from_slice(&index[start + range.start..start + range.end]);
        }
        rows
    }

    /// A finding placed at a row of a wanted series.
    pub(super) fn place(&self, finding: Finding, want: &Want, row: Option<usize>) -> Finding {
        let table = self.sources[want.at.source].table;
        let finding = finding.at_file(&table.file).at_column(&self.column(want).name);
        match row {
            Some(row) => finding.at_row(line(table, row)),
            None => finding,
        }
    }

    /// The name of the period and geo of a cell, such as `2026-03-02, Berlin`.
    pub(super) fn cell_name(&self, want: &Want, range: &Range<usize>, cell: usize) -> String {
        let (geo, t) = (cell / range.len().max(1), cell % range.len().max(1));
        let date = self.grid.show(range.start + t);
        if self.is_national(want.at.source) { date } else { format!("{date}, {}", self.grid.geos[geo]) }
    }

    /// The numbers of a wanted series, with a finding for each cell that holds something else.
    pub(super) fn numbers(&self, want: &Want, range: &Range<usize>, out: &mut Vec<Finding>) -> Values {
        let column = self.column(want);
        let rows = self.rows(want, range);
        let style = style(column);
        let (mut text, mut unclear, mut infinite) = (Capped::new(), Capped::new(), Capped::new());
        let mut values = Vec::with_capacity(rows.len());
        let mut empty = Vec::with_capacity(rows.len());
        for row in &rows {
            let cell = row.map_or(Cell::Empty, |row| cell(column, row, style));
            let mut tell = |capped: &mut Capped, make: &dyn Fn() -> Finding| {
                capped.push(out, || self.place(make(), want, *row));
            };
            match &cell {
                Cell::Text(found) => tell(&mut text, &|| {
                    let mend = "write a plain number such as 1234.5; leave unknown cells empty";
                    fail("not-a-number", format!("`{}`", short(found)), "a number", mend)
                }),
                Cell::Unclear(found) => tell(&mut unclear, &|| {
                    let mend = "write the column without thousands marks, with a point before decimals (1234.5)";
                    fail("ambiguous-number", format!("`{found}`"), "a number with one reading in this column", mend)
                }),
                Cell::Infinite => tell(&mut infinite, &|| {
                    fail("not-finite", "infinity", "a finite number", "look for a division by zero in the export")
                }),
                Cell::Empty | Cell::Number(_) => {}
            }
            values.push(if let Cell::Number(x) = cell { x } else { f64::NAN });
            empty.push(matches!(cell, Cell::Empty));
        }
        for capped in [text, unclear, infinite] {
            capped.finish(out);
        }
        Values { values, empty, rows, width: range.len() }
    }

    /// Repeats a national series over all geos; one a geo stays as it is.
    pub(super) fn spread(&self, values: Vec<f64>, source: usize) -> Vec<f64> {
        if self.is_national(source) { values.repeat(self.grid.geos.len()) } else { values }
    }

    /// Whether a cell is missing only because its row is missing from a wide table (which has a finding of its own).
    pub(super) fn row_is_absent(&self, want: &Want, row: Option<usize>) -> bool {
        row.is_none() && want.at.channel.is_none()
    }
}

/// What a cell says.
pub(super) enum Cell {
    Empty,
    Number(f64),
    Text(String),
    Unclear(String),
    Infinite,
}

/// The number style of a text column; `None` if it contradicts itself or leaves commas open.
pub(super) fn style(column: &Column) -> Option<NumberStyle> {
    match &column.cells {
        Cells::Text(v) => recognise::number_style(v.iter().flatten().map(|t| &**t)),
        _ => Some(NumberStyle::Point),
    }
}

/// Reads one cell. In a column that does not settle its style, every cell with a comma is unclear.
pub(super) fn cell(column: &Column, row: usize, style: Option<NumberStyle>) -> Cell {
    match &column.cells {
        Cells::Number(v) => match v.get(row).copied().flatten() {
            Some(x) if x.is_finite() => Cell::Number(x),
            Some(x) if x.is_infinite() => Cell::Infinite,
            _ => Cell::Empty,
        },
        Cells::Date(v) => v.get(row).copied().flatten().map_or(Cell::Empty, |d| Cell::Text(d.to_string())),
        Cells::Text(v) => {
            let Some(text) = v.get(row).and_then(|t| t.as_deref()).filter(|t| !recognise::is_missing(t)) else {
                return Cell::Empty;
            };
            let number = match style {
                Some(style) => recognise::number_in(text, style),
                None if text.contains(',') && recognise::number_style([text].into_iter()).is_none() => {
                    return Cell::Unclear(text.to_owned());
                }
                None if text.contains(',') && recognise::number_in(text, NumberStyle::Point).is_none() => {
                    return if recognise::number(text).is_some() {
                        Cell::Unclear(text.to_owned())
                    } else {
                        Cell::Text(text.to_owned())
                    };
                }
                None => recognise::number_in(text, NumberStyle::Point),
            };
            let bare = text.trim().trim_start_matches(['-', '+']);
            match number {
                Some(x) => Cell::Number(x),
                None if bare.eq_ignore_ascii_case("inf") || bare.eq_ignore_ascii_case("infinity") => Cell::Infinite,
                None => Cell::Text(text.to_owned()),
            }
        }
    }
}

/// The first 40 characters.
pub(super) fn short(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(39).chain(['…']).collect() }
}
