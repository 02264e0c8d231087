//! Doses: how much each unit gets of what no unit is without.

use super::args::DoseArgs;
use super::panel::{LISTED, Loaded, fail, listed, nearest, numbers, say_more, texts};
use counterpoint::data::{Column, Table};
use counterpoint::finding::{Finding, Severity, any_fail};
use counterpoint_experiment::Matrix;
use counterpoint_sources::read_table;
use std::path::Path;

/// Shares of one audience may add up to this, for rounding; as `check` has it.
const AUDIENCE_MOST: f64 = 1.02;
/// How much a dose may differ within a unit, for rounding.
const SAME: f64 = 1e-9;

/// A dose that can be read or tried.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    /// The creator, or the column of the panel.
    pub(super) name: String,
    /// Dose by unit of the panel, any unit.
    pub(super) dose: Vec<f64>,
}

/// The doses that the flags ask for, by unit of the panel. Heads are counted over the first `before` periods.
pub(super) fn candidates(
    args: &DoseArgs,
    loaded: &Loaded,
    before: usize,
    findings: &mut Vec<Finding>,
) -> Vec<Candidate> {
    match (&args.audience, &args.dose, &loaded.dose) {
        (Some(file), _, _) => {
            let Some(heads) = heads(args, loaded, before, findings) else { return Vec::new() };
            match read_table(Path::new(""), &file.to_string_lossy()) {
                Ok(table) => of_audience(args, loaded, &table, &heads, findings),
                Err(more) => {
                    findings.extend(more);
                    Vec::new()
                }
            }
        }
        (None, Some(column), Some(values)) => {
            let dose = constant(loaded, column, values, findings);
            vec![Candidate { name: column.clone(), dose }]
        }
        _ => Vec::new(),
    }
}

/// The one value that a column has in each unit.
fn constant(loaded: &Loaded, column: &str, values: &Matrix, findings: &mut Vec<Finding>) -> Vec<f64> {
    let (mut own, mut out) = (Vec::new(), Vec::with_capacity(values.rows()));
    for (i, unit) in loaded.panel.units.iter().enumerate() {
        let known: Vec<f64> = values.row(i).iter().copied().filter(|x| x.is_finite()).collect();
        let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        if known.is_empty() {
            let mend = "fill it in, or leave the unit out with --exclude";
            own.push(fail("audience-gap", format!("no dose of {unit}"), "a dose of every unit", mend));
        } else if low < 0.0 {
            let mend = "write how much of the treatment the unit gets; none is 0";
            own.push(fail("dose-range", format!("{low} for {unit}"), "a dose from 0 up", mend));
        } else if high - low > SAME * high {
            let found = format!("{low} and {high} for {unit}");
            let mend = "write the dose of the test in all rows of the unit, also those before it";
            own.push(fail("dose-changes", found, "one dose a unit, the same in every period", mend));
        }
        out.push(low);
    }
    first_of(own, "dose-range", "units like this", &loaded.file, column, findings);
    out
}

/// Tells the first of some findings, and how many more there are.
fn first_of(own: Vec<Finding>, code: &str, what: &str, file: &str, column: &str, findings: &mut Vec<Finding>) {
    let found = own.len();
    let mut told: Vec<Finding> = own.into_iter().take(LISTED).map(|f| f.at_column(column)).collect();
    say_more(found, code, what, column, &mut told);
    findings.extend(told.into_iter().map(|f| f.at_file(file)));
}

/// How many heads each unit has, to an unknown factor: population, or else the mean outcome before the test.
fn heads(args: &DoseArgs, loaded: &Loaded, before: usize, findings: &mut Vec<Finding>) -> Option<Vec<f64>> {
    let (values, column) = match (&loaded.population, &args.population) {
        (Some(values), Some(column)) => (values, column),
        _ => (&loaded.panel.outcome, &loaded.columns.1),
    };
    let mean = |i: usize| {
        let known: Vec<f64> = values.row(i)[..before].iter().copied().filter(|x| x.is_finite()).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let found: Vec<f64> = (0..values.rows()).map(mean).collect();
    let bad: Vec<usize> = (0..found.len()).filter(|&i| found[i].is_nan() || found[i] <= 0.0).collect();
    let tell = |&i: &usize| {
        let what = format!("a mean of {} for {}", found[i], loaded.panel.units[i]);
        let mend = "correct it, leave the unit out with --exclude, or name another column with --population";
        fail("dose-range", what, "a size above 0, which reach is divided by", mend)
    };
    first_of(bad.iter().map(tell).collect(), "dose-range", "units like this", &loaded.file, column, findings);
    bad.is_empty().then_some(found)
}

/// The table of creators, as far as doses need it.
struct Accounts<'a> {
    table: &'a Table,
    creators: Vec<Option<String>>,
    followers: Vec<Option<f64>>,
    /// By unit of the panel, then by row.
    shares: Vec<Vec<Option<f64>>>,
}

fn of_audience(
    args: &DoseArgs,
    loaded: &Loaded,
    table: &Table,
    heads: &[f64],
    findings: &mut Vec<Finding>,
) -> Vec<Candidate> {
    let mut own = Vec::new();
    let accounts = accounts(table, &loaded.panel.units, &mut own);
    let found = accounts.map(|accounts| {
        accounts.check(&loaded.panel.units, &mut own);
        let named = names(args, &accounts, &mut own);
        let mut out = Vec::new();
        let mut left_out = Vec::new();
        for name in &named {
            match accounts.reach(name, &loaded.panel.units) {
                Ok(reach) => {
                    let dose = reach.iter().zip(heads).map(|(r, h)| r / h).collect();
                    out.push(Candidate { name: name.clone(), dose });
                }
                Err(missing) if !args.creators.is_empty() => own.extend(missing),
                Err(_) => left_out.push(name.as_str()),
            }
        }
        if !left_out.is_empty() {
            let found = format!("{} of {}: {}", left_out.len(), named.len(), listed(&left_out));
            let expected = "followers, and a share of the audience in every unit";
            let mend = "fill them in to try these creators too";
            own.push(Finding::new(Severity::Review, "creator-left-out", found, expected, mend));
        }
        out
    });
    findings.extend(own.into_iter().map(|f| f.at_file(&table.file)));
    found.filter(|_| !any_fail(findings)).unwrap_or_default()
}

/// The creators that are asked for; all of the table where none is.
fn names(args: &DoseArgs, accounts: &Accounts<'_>, findings: &mut Vec<Finding>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in accounts.creators.iter().flatten() {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    if args.creators.is_empty() {
        return all;
    }
    let mut out: Vec<String> = Vec::new();
    for name in args.creators.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
        if !all.iter().any(|n| n == name) {
            let known: Vec<&str> = all.iter().map(String::as_str).collect();
            let mend = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("name some of: {}", listed(&known)),
            };
            findings.push(
                fail("unknown-creator", format!("no creator {name:?}"), "a creator of the table", mend)
                    .at_column("creator"),
            );
        } else if !out.iter().any(|n| n == name) {
            out.push(name.to_owned());
        }
    }
    out
}

/// The columns, every missing one told.
fn accounts<'a>(table: &'a Table, units: &[String], findings: &mut Vec<Finding>) -> Option<Accounts<'a>> {
    let first = |names: &[&str]| -> Option<&'a Column> { names.iter().find_map(|n| table.column(n)) };
    let creator = first(&["creator", "handle", "name", "username"]);
    let followers = first(&["followers", "follower_count", "subscribers"]);
    for (name, column) in [("creator", creator), ("followers", followers)] {
        if column.is_none() {
            let all: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            let mend = format!("name it so; the table has {}", listed(&all));
            findings.push(fail("panel-column", format!("no column `{name}`"), "a table of creators", mend));
        }
    }
    let title = |unit: &String| format!("audience_{unit}");
    let absent: Vec<&String> = units.iter().filter(|u| table.column(&title(u)).is_none()).collect();
    for unit in absent.iter().take(LISTED) {
        let free = table.columns.iter().filter_map(|c| c.name.strip_prefix("audience_"));
        let free = free.filter(|name| !units.iter().any(|u| u == name));
        let mend = match nearest(unit, free) {
            Some(near) => format!("rename `audience_{near}`, or leave the unit out with --exclude"),
            None => "add the column, or leave the unit out with --exclude".to_owned(),
        };
        let expected = "a share of the audience for every unit of the panel";
        findings.push(fail("audience-unit", format!("no column `audience_{unit}`"), expected, mend));
    }
    say_more(absent.len(), "audience-unit", "units without a column", "audience_", findings);
    let (creator, followers) = creator.zip(followers).filter(|_| absent.is_empty())?;
    let creators = texts(&creator.cells).into_iter().map(|c| c.filter(|c| !c.is_empty())).collect();
    let followers = numbers(table, followers, findings);
    let share = |u| table.column(&title(u)).map(|c| numbers(table, c, findings)).unwrap_or_default();
    let shares = units.iter().map(share).collect();
    (!any_fail(findings)).then_some(Accounts { table, creators, followers, shares })
}

impl Accounts<'_> {
    /// Says what cannot be: numbers out of range, shares of more than an audience, accounts that stand there twice.
    fn check(&self, units: &[String], findings: &mut Vec<Finding>) {
        let mut faults = 0;
        let mut tell = |finding: Finding, row: usize, column: &str, findings: &mut Vec<Finding>| {
            faults += 1;
            if faults <= LISTED {
                findings.push(finding.at_row(self.table.lines[row]).at_column(column));
            }
        };
        let platforms = self.table.column("platform").map(|c| texts(&c.cells));
        let mut seen = std::collections::BTreeSet::new();
        for row in 0..self.table.rows() {
            let Some(creator) = &self.creators[row] else {
                let finding =
                    fail("missing-key", "an empty cell", "a creator in every row", "fill it, or take the row out");
                tell(finding, row, "creator", findings);
                continue;
            };
            let platform = platforms.as_ref().and_then(|p| p[row].clone());
            if !seen.insert((creator.clone(), platform)) {
                let finding = fail(
                    "creator-twice",
                    format!("{creator} a second time"),
                    "one row a creator and platform",
                    "take one of the rows out",
                );
                tell(finding, row, "creator", findings);
            }
            if let Some(x) = self.followers[row].filter(|x| *x < 0.0) {
                let finding = fail("dose-range", x.to_string(), "a number from 0 up", "correct it");
                tell(finding, row, "followers", findings);
            }
            let shares: Vec<Option<f64>> = self.shares.iter().map(|s| s[row]).collect();
            for (unit, share) in units.iter().zip(&shares) {
                if let Some(x) = share.filter(|x| !(0.0..=1.0).contains(x)) {
                    let finding = fail("dose-range", x.to_string(), "a share between 0 and 1", "correct it");
                    tell(finding, row, &format!("audience_{unit}"), findings);
                }
            }
            let total: f64 = shares.iter().flatten().sum();
            if total > AUDIENCE_MOST {
                let found = format!("audience shares of {creator} that add up to {total:.3}");
                let expected = "shares of one audience, 1 in all at most";
                tell(fail("dose-range", found, expected, "correct the shares"), row, "audience_", findings);
            }
        }
        say_more(faults, "dose-range", "such cells", "audience_", findings);
    }

    /// Followers of a creator in each unit, over all platforms; or all that is not known of them.
    fn reach(&self, name: &str, units: &[String]) -> Result<Vec<f64>, Vec<Finding>> {
        let rows = (0..self.creators.len()).filter(|&r| self.creators[r].as_deref() == Some(name));
        let (mut out, mut missing) = (vec![0.0; units.len()], Vec::new());
        for row in rows {
            let mut miss = |what: String, column: String| {
                let mend = "fill it in; an audience that has nobody there is 0";
                let expected = "followers, and a share of the audience in every unit";
                let finding = fail("audience-gap", what, expected, mend);
                missing.push(finding.at_row(self.table.lines[row]).at_column(column));
            };
            if self.followers[row].is_none() {
                miss(format!("no followers of {name}"), "followers".to_owned());
            }
            for (k, unit) in units.iter().enumerate() {
                match self.shares[k][row] {
                    Some(share) => out[k] += self.followers[row].unwrap_or(0.0) * share,
                    None => miss(format!("no share of {name}"), format!("audience_{unit}")),
                }
            }
        }
        if missing.is_empty() && out.iter().all(|x| *x == 0.0) {
            let mend = "fill in its followers and the shares of its audience";
            let finding = fail("audience-gap", format!("nobody follows {name} in these units"), "an audience", mend);
            missing.push(finding.at_column("followers"));
        }
        if missing.is_empty() {
            return Ok(out);
        }
        let found = missing.len();
        missing.truncate(LISTED);
        say_more(found, "audience-gap", "such cells", "audience_", &mut missing);
        Err(missing)
    }
}
