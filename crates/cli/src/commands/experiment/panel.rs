//! From a table to a panel: every finding at once, and nothing left out silently.

use super::args::PanelArgs;
use super::axis::{Axis, Unordered};
use counterpoint::data::recognise::{NumberStyle, is_missing, number_in, number_style};
use counterpoint::data::{Cells, Column, Table};
use counterpoint::finding::{Finding, Severity, any_fail};
use counterpoint_experiment::{Covariate, Matrix, Panel};
use counterpoint_sources::read_table;
use std::collections::BTreeMap;
use std::path::Path;

/// How many findings of one kind are written out.
pub(super) const LISTED: usize = 5;
/// Likeness of a name above which it is offered. A judgement.
const LIKENESS: f64 = 0.8;

/// What is read beside units, periods and outcome.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct More<'a> {
    /// Columns of covariates.
    pub(super) covariates: &'a [String],
    /// Column of spend.
    pub(super) spend: Option<&'a str>,
    /// Column of 0 and 1: who is treated when.
    pub(super) treatment: Option<&'a str>,
    /// Column of doses.
    pub(super) dose: Option<&'a str>,
    /// Column of heads.
    pub(super) population: Option<&'a str>,
}

/// A table as a panel, gaps still in it.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    /// Nobody is treated yet; NaN where the outcome is missing.
    pub(super) panel: Panel,
    /// 1 where a unit is treated.
    pub(super) treatment: Option<Matrix>,
    /// Doses as the table has them, NaN where it has none.
    pub(super) dose: Option<Matrix>,
    /// Heads as the table has them, NaN where it has none.
    pub(super) population: Option<Matrix>,
    /// Whose dose it is, where the panel is read by dose.
    pub(super) dose_of: Vec<String>,
    /// How periods are written.
    pub(super) axis: Axis,
    /// Where each period stands.
    pub(super) keys: Vec<f64>,
    /// The file as the user wrote it.
    pub(super) file: String,
    /// The column of the units, and that of the outcome.
    pub(super) columns: (Option<String>, String),
    /// Periods before the first outcome of any unit and after the last.
    without_outcome: usize,
}

/// A finding that forbids going on.
pub(super) fn fail(
    code: &str,
    found: impl Into<String>,
    expected: impl Into<String>,
    mend: impl Into<String>,
) -> Finding {
    Finding::new(Severity::Fail, code, found, expected, mend)
}

/// Reads the table and makes a panel of it.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn load(args: &PanelArgs, more: More<'_>) -> Result<Loaded, Vec<Finding>> {
    let table = read_table(Path::new(""), &args.panel.to_string_lossy())?;
    let mut findings = Vec::new();
    let loaded = assemble(&table, args, more, &mut findings);
    let at_file = |f: Finding| f.at_file(&table.file);
    match loaded {
        Some(loaded) if !any_fail(&findings) => Ok(loaded),
        _ => Err(findings.into_iter().map(at_file).collect()),
    }
}

fn assemble(table: &Table, args: &PanelArgs, more: More<'_>, findings: &mut Vec<Finding>) -> Option<Loaded> {
    let mut wanted: Vec<&str> =
        args.unit.iter().map(String::as_str).chain([args.time.as_str(), &args.outcome]).collect();
    wanted.extend(more.covariates.iter().map(String::as_str).chain(more.spend).chain(more.treatment));
    wanted.extend(more.dose.into_iter().chain(more.population));
    for name in wanted {
        if table.column(name).is_none() {
            findings.push(no_column(table, name));
        }
    }
    if any_fail(findings) {
        return None;
    }
    let texts = |name: &str| table.column(name).map(|c| texts(&c.cells)).unwrap_or_default();
    let (units, times) = (args.unit.as_deref().map(texts), texts(&args.time));
    let axis = axis(table, &args.time, &times, findings)?;
    let unit_names = match &units {
        None => vec![args.outcome.clone()],
        Some(cells) => {
            let mut names: Vec<String> = Vec::new();
            let mut seen = std::collections::BTreeSet::new();
            names.extend(cells.iter().flatten().filter(|c| seen.insert(c.as_str())).cloned());
            names
        }
    };
    let mut labels: BTreeMap<Key, String> = BTreeMap::new();
    for time in times.iter().flatten() {
        if let Some(key) = axis.key(time) {
            labels.entry(Key(key)).or_insert_with(|| axis.label(time));
        }
    }
    // Tables of a project begin with weeks of exposure whose outcome is not known yet, and may end with planned ones.
    let all = labels.len();
    if !args.fill_zero {
        let outcome = table.column(&args.outcome).map(|c| numbers(table, c, &mut Vec::new())).unwrap_or_default();
        let known =
            times.iter().zip(&outcome).filter(|(_, y)| y.is_some()).filter_map(|(t, _)| axis.key(t.as_deref()?));
        let (first, last) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), k| (l.min(k), h.max(k)));
        if first <= last {
            labels.retain(|key, _| (first..=last).contains(&key.0));
        }
    }
    let without_outcome = all - labels.len();
    let keys: Vec<f64> = labels.keys().map(|k| k.0).collect();
    let unit_at: BTreeMap<&str, usize> = unit_names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    let place = |row: usize| -> Option<(usize, usize)> {
        let unit = match &units {
            None => 0,
            Some(cells) => *unit_at.get(cells[row].as_deref()?)?,
        };
        let key = axis.key(times[row].as_deref()?)?;
        let at = keys.partition_point(|k| *k < key);
        (keys.get(at) == Some(&key)).then_some((unit, at))
    };
    let places: Vec<Option<(usize, usize)>> = (0..table.rows()).map(place).collect();
    rows_without_place(table, args, &units, &times, findings);
    twice(table, &places, &unit_names, &labels, args.unit.is_none(), findings);
    let mut grid = |name: &str, missing: f64| {
        let values = table.column(name).map(|c| numbers(table, c, findings)).unwrap_or_default();
        let mut out = Matrix::from_fn(unit_names.len(), keys.len(), |_, _| missing);
        for (place, value) in places.iter().zip(values) {
            if let (Some(place), Some(value)) = (place, value) {
                out[*place] = value;
            }
        }
        out
    };
    let outcome = grid(&args.outcome, if args.fill_zero { 0.0 } else { f64::NAN });
    let covariates: Vec<Covariate> =
        more.covariates.iter().map(|name| Covariate { name: name.clone(), values: grid(name, f64::NAN) }).collect();
    let spend = more.spend.map(|name| grid(name, 0.0));
    let treatment = more.treatment.map(|name| grid(name, 0.0));
    let dose = more.dose.map(|name| grid(name, f64::NAN));
    let population = more.population.map(|name| grid(name, f64::NAN));
    if let (Some(name), Some(matrix)) = (more.treatment, &treatment) {
        let odd = (0..matrix.rows()).flat_map(|i| matrix.row(i).to_vec()).find(|x| *x != 0.0 && *x != 1.0);
        if let Some(odd) = odd {
            let mend = "write 1 where a unit is treated in a period and 0 elsewhere";
            findings.push(fail("not-a-treatment", format!("{odd}"), "0 or 1", mend).at_column(name));
        }
    }
    let mut panel = Panel::new(unit_names, labels.into_values().collect(), outcome);
    (panel.covariates, panel.spend) = (covariates, spend);
    let columns = (args.unit.clone(), args.outcome.clone());
    Some(Loaded {
        panel,
        treatment,
        dose,
        population,
        dose_of: Vec::new(),
        axis,
        keys,
        file: table.file.clone(),
        columns,
        without_outcome,
    })
}

/// A number that is ordered.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Key(f64);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// The cells as text; missing ones are `None`.
pub(super) fn texts(cells: &Cells) -> Vec<Option<String>> {
    match cells {
        Cells::Text(v) => v.iter().map(|c| c.as_deref().map(|c| c.trim().to_owned())).collect(),
        Cells::Number(v) => v.iter().map(|c| c.map(|x| x.to_string())).collect(),
        Cells::Date(v) => v.iter().map(|c| c.map(|d| d.to_string())).collect(),
    }
}

fn no_column(table: &Table, name: &str) -> Finding {
    let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    let mend = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("name one of its columns: {}", listed(&names)),
    };
    fail("panel-column", format!("no column `{name}`"), "a column of the table", mend)
}

/// The name that is most like another.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let like = |n: &str| strsim::jaro_winkler(&n.to_lowercase(), &name.to_lowercase());
    names.map(|n| (like(n), n)).filter(|(s, _)| *s >= LIKENESS).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, n)| n)
}

/// The first names of a list, and how many more.
pub(super) fn listed(names: &[&str]) -> String {
    let first = names.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 8 { format!("{first} and {} more", names.len() - 8) } else { first }
}

fn axis(table: &Table, name: &str, cells: &[Option<String>], findings: &mut Vec<Finding>) -> Option<Axis> {
    let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
    match Axis::of(&cells) {
        Ok(axis) => Some(axis),
        Err(Unordered::Ambiguous(_)) => {
            let found = "dates that can be read with the day or the month first";
            let mend = "write dates as 2026-03-02";
            findings.push(fail("date-ambiguous", found, "dates with one reading", mend).at_column(name));
            None
        }
        Err(Unordered::Unreadable(row)) => {
            let found = format!("{:?}", cells[row].unwrap_or(""));
            let expected = "dates, months such as 2026-03, quarters such as 2026Q1, or numbers, one way throughout";
            let mend = "write all periods in the same way";
            findings.push(fail("date-unreadable", found, expected, mend).at_column(name).at_row(table.lines[row]));
            None
        }
    }
}

/// Rows that name no unit or no period.
fn rows_without_place(
    table: &Table,
    args: &PanelArgs,
    units: &Option<Vec<Option<String>>>,
    times: &[Option<String>],
    findings: &mut Vec<Finding>,
) {
    let columns = args.unit.as_deref().zip(units.as_deref()).into_iter().chain([(args.time.as_str(), times)]);
    for (name, cells) in columns {
        // `NA` and `-` may be names of units, not of periods
        let missing = |c: &Option<String>| c.as_deref().is_none_or(|c| name == args.time && is_missing(c));
        let rows: Vec<usize> = (0..cells.len()).filter(|&r| missing(&cells[r])).collect();
        for &row in rows.iter().take(LISTED) {
            let mend = "fill the cell, or take the row out";
            findings.push(
                fail("missing-key", "an empty cell", "a unit and a period in every row", mend)
                    .at_row(table.lines[row])
                    .at_column(name),
            );
        }
        say_more(rows.len(), "missing-key", "rows without it", name, findings);
    }
}

/// Says how many of a kind are not written out.
pub(super) fn say_more(found: usize, code: &str, what: &str, column: &str, findings: &mut Vec<Finding>) {
    if found > LISTED {
        let found = format!("and {} more {what}", found - LISTED);
        findings.push(fail(code, found, "none", "as above: one cause often concerns all of them").at_column(column));
    }
}

/// Cells that two rows are about.
fn twice(
    table: &Table,
    places: &[Option<(usize, usize)>],
    units: &[String],
    labels: &BTreeMap<Key, String>,
    one_unit: bool,
    findings: &mut Vec<Finding>,
) {
    let mut first: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut found = 0;
    let labels: Vec<&String> = labels.values().collect();
    for (row, place) in places.iter().enumerate() {
        let Some(place) = place else { continue };
        let Some(earlier) = first.insert(*place, row) else { continue };
        found += 1;
        if found <= LISTED {
            let mend = if one_unit {
                "name the column of the units with --unit, or add the rows up"
            } else {
                "add the rows up, or take one out"
            };
            let what = format!(
                "a second row for {} in {} (the first is line {})",
                units[place.0], labels[place.1], table.lines[earlier]
            );
            findings.push(fail("duplicate-row", what, "one row a unit and period", mend).at_row(table.lines[row]));
        }
    }
    if found > LISTED {
        let more = format!("and {} more such rows", found - LISTED);
        findings.push(fail("duplicate-row", more, "one row a unit and period", "as above"));
    }
}

/// The numbers of a column; `None` where there is none.
pub(super) fn numbers(table: &Table, column: &Column, findings: &mut Vec<Finding>) -> Vec<Option<f64>> {
    let cells = match &column.cells {
        Cells::Number(v) => return v.iter().map(|c| c.filter(|x| x.is_finite() && x.abs() < 1e100)).collect(),
        other => texts(other),
    };
    let Some(style) = number_style(cells.iter().flatten().map(String::as_str)) else {
        let found = "numbers that can be read with a decimal point or a decimal comma";
        let mend = "write them without thousands marks";
        findings.push(fail("number-ambiguous", found, "numbers with one reading", mend).at_column(&column.name));
        return Vec::new();
    };
    // beyond this, squares overflow
    let in_range = |x: &f64| x.abs() < 1e100;
    let read = |cell: &str| match cell.to_ascii_lowercase().as_str() {
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ => number_in(cell, style).filter(in_range),
    };
    let mut bad = 0;
    let mut out = Vec::with_capacity(cells.len());
    for (row, cell) in cells.iter().enumerate() {
        let value = cell.as_deref().filter(|c| !is_missing(c)).map(|c| (c, read(c)));
        if let Some((text, None)) = value {
            bad += 1;
            if bad <= LISTED {
                let expected = match style {
                    NumberStyle::Point => "a plain number such as 1234.5",
                    NumberStyle::Comma => "a plain number such as 1234,5",
                };
                findings.push(
                    fail(
                        "not-a-number",
                        format!("{text:?}"),
                        expected,
                        "write a plain number, or leave the cell empty",
                    )
                    .at_row(table.lines[row])
                    .at_column(&column.name),
                );
            }
        }
        out.push(value.and_then(|(_, x)| x));
    }
    say_more(bad, "not-a-number", "such cells", &column.name, findings);
    out
}

/// Leaves out the controls whose outcome has a gap before `end`, and says which; a gap of a treated unit forbids going on.
pub(super) fn complete(loaded: &mut Loaded, findings: &mut Vec<Finding>) {
    if loaded.without_outcome > 0 {
        let found = format!(
            "{} at the ends of the table in which no unit has an outcome; left out",
            counterpoint_report::sentences::plural(loaded.without_outcome, "period")
        );
        let mend = "none is needed; where a missing row means that nothing happened, add --fill-zero";
        findings.push(
            Finding::new(Severity::Info, "no-outcome-yet", found, "an outcome in every period", mend)
                .at_file(&loaded.file)
                .at_column(&loaded.columns.1),
        );
    }
    let panel = &loaded.panel;
    let gaps = |i: usize| -> Vec<usize> { (0..panel.end).filter(|&t| !panel.outcome[(i, t)].is_finite()).collect() };
    let mend = "fill the cells; where a missing row means that nothing happened, add --fill-zero";
    let (mut keep, mut out) = (Vec::new(), Vec::new());
    for (i, unit) in panel.units.iter().enumerate() {
        let missing = gaps(i);
        match (missing.first(), panel.adoption[i]) {
            (None, _) => keep.push(i),
            (Some(&t), Some(_)) => findings.push(
                fail(
                    "gap-in-treated",
                    format!(
                        "{unit} has no outcome in {} of {} periods, first in {}",
                        missing.len(),
                        panel.end,
                        panel.times[t]
                    ),
                    "an outcome of every treated unit in every period",
                    mend,
                )
                .at_file(&loaded.file)
                .at_column(&loaded.columns.1),
            ),
            (Some(&t), None) => out.push((unit.clone(), missing.len(), panel.times[t].clone())),
        }
    }
    if !out.is_empty() {
        let told: Vec<String> = out.iter().map(|(unit, n, first)| format!("{unit} ({n}, first {first})")).collect();
        let found = format!(
            "{} of {} units have no outcome in some periods and are left out: {}",
            out.len(),
            panel.units.len(),
            told.join(", ")
        );
        findings.push(
            Finding::new(Severity::Review, "unit-left-out", found, "an outcome of every unit in every period", mend)
                .at_file(&loaded.file)
                .at_column(&loaded.columns.1),
        );
    }
    loaded.select(&keep);
    holes(loaded, findings);
}

/// Periods that no unit has: where the step to the next is half as long again as usual.
fn holes(loaded: &Loaded, findings: &mut Vec<Finding>) {
    let keys = &loaded.keys[..loaded.panel.end];
    let mut steps: Vec<f64> = keys.windows(2).map(|w| w[1] - w[0]).collect();
    steps.sort_by(f64::total_cmp);
    let Some(usual) = steps.get(steps.len() / 2) else { return };
    let after: Vec<&str> = (1..keys.len())
        .filter(|&t| keys[t] - keys[t - 1] > 1.5 * usual)
        .map(|t| loaded.panel.times[t - 1].as_str())
        .collect();
    if !after.is_empty() {
        let found = format!("periods are missing after {}", listed(&after));
        let mend = "add the rows: what stands side by side in the table is taken for neighbours in time";
        findings.push(
            Finding::new(Severity::Review, "panel-period", found, "periods that follow each other evenly", mend)
                .at_file(&loaded.file),
        );
    }
}

impl Loaded {
    /// Keeps these units only.
    pub(super) fn select(&mut self, keep: &[usize]) {
        let rows = |m: &Matrix| Matrix::from_fn(keep.len(), m.columns(), |i, t| m[(keep[i], t)]);
        let panel = &mut self.panel;
        panel.units = keep.iter().map(|&i| panel.units[i].clone()).collect();
        panel.adoption = keep.iter().map(|&i| panel.adoption[i]).collect();
        panel.outcome = rows(&panel.outcome);
        panel.spend = panel.spend.as_ref().map(rows);
        panel.covariates.iter_mut().for_each(|c| c.values = rows(&c.values));
        self.treatment = self.treatment.as_ref().map(rows);
        self.dose = self.dose.as_ref().map(rows);
        self.population = self.population.as_ref().map(rows);
    }

    /// The rows of units that were typed: each text is a unit's name, or names with commas between them.
    pub(super) fn units(&self, typed: &[String], findings: &mut Vec<Finding>) -> Vec<usize> {
        let row = |name: &str| self.panel.units.iter().position(|u| u == name);
        let mut out = Vec::new();
        for text in typed {
            if let Some(i) = row(text.trim()) {
                out.push(i);
                continue;
            }
            for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
                match row(name) {
                    Some(i) => out.push(i),
                    None => findings.push(self.unknown(name)),
                }
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    fn unknown(&self, name: &str) -> Finding {
        let names: Vec<&str> = self.panel.units.iter().map(String::as_str).collect();
        let mend = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("name one of the units: {}", listed(&names)),
        };
        let out = fail("unknown-unit", format!("no unit {name:?}"), "a unit of the table", mend).at_file(&self.file);
        match &self.columns.0 {
            Some(column) => out.at_column(column),
            None => out,
        }
    }

    /// Where a typed period stands among the keys.
    pub(super) fn key(&self, typed: &str, flag: &str, findings: &mut Vec<Finding>) -> Option<f64> {
        let key = self.axis.typed(typed);
        if key.is_none() {
            let mend = format!("write {flag} as {}", self.axis.example());
            findings.push(fail("date-unreadable", format!("{typed:?}"), self.axis.example(), mend).at_column(flag));
        }
        key
    }
}
