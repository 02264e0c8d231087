//! Which column of which table each name of the project means.

use super::source::Source;
use crate::data::codes::{fail, info};
use crate::finding::Finding;
use crate::project::{DriverSource, OutcomeKind, Project, UnitValue};

/// Names this like (normalised Damerau-Levenshtein, 1 is equal) are offered for a missing column. Two letters off in five
/// is the most that people still take for a typing slip.
pub(super) const NEAR_NAME: f64 = 0.6;

/// Where a named series stands: a column of a table, for a long table only one channel's rows of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) source: usize,
    pub(super) column: usize,
    pub(super) channel: Option<String>,
}

/// All series by name, long tables turned wide.
pub(super) struct Catalogue {
    series: Vec<(String, Place)>,
}

/// What a series is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Outcome,
    UnitValue,
    Population,
    /// Spend of a driver of this index in the project.
    Spend(usize),
    /// Exposure, reach or treatment value.
    Exposure(usize),
    Frequency(usize),
    /// Control of this index in the project.
    Control(usize),
}

impl Purpose {
    /// Whether the series is read over the exposure history too.
    pub(super) fn of_driver(self) -> bool {
        matches!(self, Purpose::Spend(_) | Purpose::Exposure(_) | Purpose::Frequency(_))
    }
}

/// A series that the project needs, found.
#[derive(Debug, Clone)]
pub(super) struct Want {
    pub(super) purpose: Purpose,
    pub(super) name: String,
    pub(super) at: Place,
}

impl Catalogue {
    pub(super) fn new(sources: &[Source<'_>]) -> Self {
        let mut series = Vec::new();
        for (source, s) in sources.iter().enumerate() {
            let columns = s.table.columns.iter().enumerate();
            let Some((long, channels)) = &s.long else {
                series.extend(columns.map(|(column, c)| (c.name.clone(), Place { source, column, channel: None })));
                continue;
            };
            let mut distinct: Vec<&String> = Vec::new();
            for channel in channels.iter().flatten() {
                if !distinct.contains(&channel) {
                    distinct.push(channel);
                }
            }
            for (column, c) in columns {
                for (wanted, suffix) in [(&long.spend, "spend"), (&long.exposure, "exposure")] {
                    if wanted.as_deref() == Some(c.name.as_str()) {
                        series.extend(distinct.iter().map(|channel| {
                            (format!("{channel}_{suffix}"), Place { source, column, channel: Some((*channel).clone()) })
                        }));
                    }
                }
            }
        }
        Catalogue { series }
    }

    fn find(&self, name: &str) -> impl Iterator<Item = &Place> {
        self.series.iter().filter(move |(n, _)| n == name).map(|(_, place)| place)
    }
}

/// Finds every column that the project names.
pub(super) fn resolve(
    project: &Project,
    sources: &[Source<'_>],
    catalogue: &Catalogue,
    out: &mut Vec<Finding>,
) -> Vec<Want> {
    long_columns(sources, out);
    let mut wants: Vec<Want> = Vec::new();
    let names: Vec<&str> = catalogue.series.iter().map(|(name, _)| name.as_str()).collect();
    for (name, purpose, key) in wanted(project) {
        let mut places = catalogue.find(name);
        match (places.next(), places.next()) {
            (Some(at), None) => wants.push(Want { purpose, name: name.to_owned(), at: at.clone() }),
            (Some(at), Some(second)) => out.push(
                fail(
                    "column-twice",
                    format!(
                        "`{name}` in {} and in {}",
                        sources[at.source].table.file, sources[second.source].table.file
                    ),
                    "each column name in one table only",
                    "rename the column in one of the tables",
                )
                .at_file(&sources[second.source].table.file)
                .at_column(name),
            ),
            (None, _) => {
                let files: Vec<&str> = sources.iter().map(|s| s.table.file.as_str()).collect();
                let hint = nearest_hint(name, &names);
                let finding =
                    fail("missing-column", format!("no column `{name}`"), format!("the column that {key} names"), hint);
                out.push(finding.at_file(files.join(", ")).at_column(name));
            }
        }
    }
    if project.drivers.is_empty() && project.creators.is_none() {
        let mend = "name the columns of at least one channel under [[channel]]";
        out.push(fail("no-drivers", "no driver", "a channel, organic medium or treatment to measure", mend));
    }
    reused(&wants, sources, out);
    for (at, source) in sources.iter().enumerate() {
        if !wants.is_empty() && wants.iter().all(|w| w.at.source != at) {
            let mend = "name one of its columns in the project, or take the table out";
            let finding = info(
                "unused-table",
                "no column of this table is used",
                "a driver, control or outcome in each table",
                mend,
            );
            out.push(finding.at_file(&source.table.file));
        }
    }
    wants
}

/// The outcome must not explain itself.
fn reused(wants: &[Want], sources: &[Source<'_>], out: &mut Vec<Finding>) {
    let Some(outcome) = wants.iter().find(|w| w.purpose == Purpose::Outcome) else {
        return;
    };
    for want in wants.iter().filter(|w| w.purpose.of_driver() || matches!(w.purpose, Purpose::Control(_))) {
        if want.at == outcome.at {
            out.push(
                fail(
                    "column-reused",
                    "the outcome's column as driver or control",
                    "an outcome that is explained by other columns",
                    "name another column",
                )
                .at_file(&sources[want.at.source].table.file)
                .at_column(&want.name),
            );
        }
    }
}

/// Spend and exposure columns of long tables must exist whether or not a channel asks for them.
fn long_columns(sources: &[Source<'_>], out: &mut Vec<Finding>) {
    for source in sources {
        let Some((long, _)) = &source.long else { continue };
        let names: Vec<&str> = source.table.columns.iter().map(|c| c.name.as_str()).collect();
        for name in [&long.spend, &long.exposure].into_iter().flatten() {
            if !names.contains(&name.as_str()) {
                let expected = "the column that the long table's entry names";
                let finding =
                    fail("missing-column", format!("no column `{name}`"), expected, nearest_hint(name, &names));
                out.push(finding.at_file(&source.table.file).at_column(name));
            }
        }
    }
}

/// Every series that the project names, with the key that names it.
fn wanted(project: &Project) -> Vec<(&str, Purpose, String)> {
    let mut all = vec![(project.outcome.column.as_str(), Purpose::Outcome, "[outcome] column".to_owned())];
    if let OutcomeKind::Count(UnitValue::Column(name)) = &project.outcome.kind {
        all.push((name, Purpose::UnitValue, "[outcome] unit_value".to_owned()));
    }
    if let Some(name) = &project.data.population {
        all.push((name, Purpose::Population, "[data] population".to_owned()));
    }
    for (i, driver) in project.drivers.iter().enumerate() {
        let key = |what: &str| format!("{what} of `{}`", driver.name);
        match &driver.source {
            DriverSource::Channel { spend, exposure, .. } => {
                all.push((spend, Purpose::Spend(i), key("spend")));
                if let Some(exposure) = exposure {
                    all.push((exposure, Purpose::Exposure(i), key("exposure")));
                }
            }
            DriverSource::ReachFrequency { spend, reach, frequency, .. } => {
                all.push((spend, Purpose::Spend(i), key("spend")));
                all.push((reach, Purpose::Exposure(i), key("reach")));
                all.push((frequency, Purpose::Frequency(i), key("frequency")));
            }
            DriverSource::Organic { exposure, frequency } => {
                all.push((exposure, Purpose::Exposure(i), key("exposure")));
                if let Some(frequency) = frequency {
                    all.push((frequency, Purpose::Frequency(i), key("frequency")));
                }
            }
            DriverSource::Treatment { column, .. } => all.push((column, Purpose::Exposure(i), key("column"))),
        }
    }
    for (i, control) in project.controls.iter().enumerate() {
        all.push((&control.column, Purpose::Control(i), "[controls]".to_owned()));
    }
    all
}

/// The mend for a name that does not exist: the nearest that does.
pub(super) fn nearest_hint(name: &str, names: &[&str]) -> String {
    match nearest(name, names) {
        Some(near) => format!("did you mean `{near}`? Correct the name in the project file, or in the table's header"),
        None if names.len() <= 12 => format!("name one of: {}", names.join(", ")),
        None => "name a column of the table's header, with the same spelling".to_owned(),
    }
}

fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let plain = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let target = plain(name);
    let mut best: Option<(f64, &str)> = None;
    for candidate in names {
        let likeness = strsim::normalized_damerau_levenshtein(&target, &plain(candidate));
        if likeness >= NEAR_NAME && best.is_none_or(|(b, _)| likeness > b) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, name)| name)
}
