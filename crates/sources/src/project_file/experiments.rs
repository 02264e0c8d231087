//! Every `[[experiment]]`, and the table of others.

use super::PROJECT_FILE;
use super::walk::{At, Section, Walk, shown};
use counterpoint::data::experiment::{change, cooldown, factor, se_of_interval};
use counterpoint::project::{Change, Cooldown, ExperimentSpec, ExperimentsSpec, LiftUnit, Place, Usual};

/// Keys of `[[experiment]]`.
const EXPERIMENT: &[&str] = &[
    "name", "driver", "geos", "start", "end", "cooldown", "change", "usual", "lift", "se", "low", "high", "level",
    "unit",
];
/// Longest cool-down in periods.
const LONGEST: i64 = 1000;

/// Reads every `[[experiment]]` and the name of the table.
pub(super) fn experiments(walk: &mut Walk, top: &Section) -> ExperimentsSpec {
    let table = top.text(walk, "experiments");
    let mut listed = Vec::new();
    for section in top.sections(walk, "experiment", EXPERIMENT) {
        listed.extend(experiment(walk, &section));
    }
    ExperimentsSpec { listed, table }
}

fn experiment(walk: &mut Walk, section: &Section) -> Option<ExperimentSpec> {
    for (key, mend) in [
        ("driver", "add driver = \"search\": what was changed, or a list of all that was changed at once"),
        ("start", "add start = 2026-03-02: the first day of the change"),
        ("end", "add end = 2026-03-29: the last day of the change"),
        ("change", "add change = 0.0 for a driver that was switched off, 2.0 for one that was doubled"),
        ("lift", "add lift = -120000.0: the outcome as run minus as it would have been"),
    ] {
        if !section.has(key) {
            walk.missing(&section.at, key, mend);
        }
    }
    let name = section.text(walk, "name");
    let names = |walk: &mut Walk, key: &str| -> Vec<String> {
        section.texts(walk, key).into_iter().map(|(_, name)| name).collect()
    };
    let (drivers, geos) = (names(walk, "driver"), names(walk, "geos"));
    let (start, end) = (section.date(walk, "start"), section.date(walk, "end"));
    let (change, after, usual) = (changed(walk, section), after(walk, section), usual(walk, section));
    let lift = section.number(walk, "lift");
    let units = [("outcome", LiftUnit::Outcome), ("percent", LiftUnit::Percent)];
    let unit = section.choice(walk, "unit", &units).unwrap_or(LiftUnit::Outcome);
    let se = error(walk, section);
    let place = Place { file: PROJECT_FILE.to_owned(), line: section.at.line, key: section.at.path.clone() };
    if drivers.is_empty() {
        return None;
    }
    Some(ExperimentSpec {
        name,
        drivers,
        geos,
        start: start?,
        end: end?,
        cooldown: after?,
        change: change?,
        usual: usual?,
        lift: lift?,
        se: se?,
        unit,
        place,
    })
}

/// A number from 0 up that is not 1, `"off"` or `"on"`.
fn changed(walk: &mut Walk, section: &Section) -> Option<Change> {
    let item = section.item("change")?;
    let number = item.as_float().or_else(|| item.as_integer().map(|n| n as f64));
    let read = match (number, item.as_str()) {
        (Some(number), _) => factor(number),
        (None, Some(word)) => change(word),
        (None, None) => None,
    };
    if read.is_none() {
        let at = section.place_in(walk, "change");
        let expected = "a number from 0 up that is not 1, \"off\" or \"on\"";
        let mend = "write what the exposure was multiplied by: 0.0 is off, 2.0 doubled; \"on\" from nothing";
        walk.fail("experiment-change", &at, shown(item), expected, mend);
    }
    read
}

/// A number of periods, or `"14 days"`.
fn after(walk: &mut Walk, section: &Section) -> Option<Cooldown> {
    let Some(item) = section.item("cooldown") else { return Some(Cooldown::Periods(0)) };
    if item.as_str().is_none() {
        let periods = section.count(walk, "cooldown", 0..=LONGEST)?;
        return u32::try_from(periods).ok().map(Cooldown::Periods);
    }
    let read = item.as_str().and_then(cooldown);
    if read.is_none() {
        let at = section.place_in(walk, "cooldown");
        walk.fail(
            "unknown-value",
            &at,
            shown(item),
            "a number of periods, or \"14 days\"",
            "write it as 2 or \"14 days\"",
        );
    }
    read
}

/// `"before"`, or a number.
fn usual(walk: &mut Walk, section: &Section) -> Option<Usual> {
    match section.item("usual") {
        None => Some(Usual::Before),
        Some(item) if item.as_str().is_some() => section.choice(walk, "usual", &[("before", Usual::Before)]),
        Some(_) => section.positive(walk, "usual").map(Usual::Number),
    }
}

/// The standard error, or that of an interval.
fn error(walk: &mut Walk, section: &Section) -> Option<f64> {
    let interval = ["low", "high", "level"];
    let given: Vec<&str> = interval.into_iter().filter(|key| section.has(key)).collect();
    let place = |walk: &Walk, key: &str| -> At { section.place_in(walk, key) };
    if section.has("se") {
        if let Some(key) = given.first() {
            let at = place(walk, key);
            let found = format!("`{key}` beside `se`");
            walk.fail("conflict", &at, found, "`se`, or `low`, `high` and `level`", "keep one of the two");
        }
        return section.number(walk, "se");
    }
    if given.len() < interval.len() {
        let missing = interval.into_iter().find(|key| !section.has(key)).filter(|_| !given.is_empty()).unwrap_or("se");
        let mend = "add se = 40000.0: the standard error of the lift; or low, high and level (0.9 for a 90 % interval)";
        walk.missing(&section.at, missing, mend);
        return None;
    }
    let (low, high) = (section.number(walk, "low")?, section.number(walk, "high")?);
    let level = section.positive(walk, "level")?;
    if level >= 1.0 {
        let at = place(walk, "level");
        let found = format!("the number {level}");
        walk.fail("out-of-range", &at, found, "a share above 0 and below 1", "a 90 % interval has level = 0.9");
        return None;
    }
    if high <= low {
        let at = place(walk, "high");
        let found = format!("an interval from {low} to {high}");
        walk.fail("experiment-se", &at, found, "a high above the low", "exchange or mend them");
        return None;
    }
    Some(se_of_interval(low, high, level))
}
