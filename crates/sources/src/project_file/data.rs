//! The sections that say where the data are and what is explained: data, outcome, controls, holidays and events.

use super::walk::{At, Section, Walk, nearest, shown};
use counterpoint::project::{
    ControlSpec, DataSpec, DateFormat, EventSpec, HolidaySpec, LongTable, OutcomeKind, OutcomeSpec, UnitValue,
};

/// Keys of `[data]`.
pub(super) const DATA: &[&str] = &["table", "tables", "long", "date", "date_format", "geo", "population", "empty"];
/// Keys of `[outcome]`.
pub(super) const OUTCOME: &[&str] = &["column", "kind", "unit_value", "margin", "order_value"];
/// Keys of `[controls]`.
pub(super) const CONTROLS: &[&str] = &["columns", "per_head"];
const LONG: &[&str] = &["table", "channel", "spend", "exposure"];
const HOLIDAYS: &[&str] = &["countries"];
const EVENT: &[&str] = &["name", "start", "end"];

/// Reads `[data]`.
pub(super) fn data(walk: &mut Walk, section: &Section) -> Option<DataSpec> {
    let mut tables = section.texts(walk, "table");
    tables.extend(section.texts(walk, "tables"));
    unique(walk, &tables, "table");
    let mut long = Vec::new();
    for table in section.sections(walk, "long", LONG) {
        let file = table.required(walk, "table", "add table = \"media.csv\"");
        let channel = table.required(walk, "channel", "add channel = \"channel\": the column that names the channel");
        let (spend, exposure) = (table.text(walk, "spend"), table.text(walk, "exposure"));
        if !table.has("spend") && !table.has("exposure") {
            walk.missing(&table.at, "spend", "name the spend column, the exposure column, or both");
        }
        if let (Some(table), Some(channel)) = (file, channel) {
            long.push(LongTable { table, channel, spend, exposure });
        }
    }
    if !["table", "tables", "long"].iter().any(|key| section.has(key)) {
        walk.missing(&section.at, "table", "add table = \"data.csv\"");
    }
    let date = section.required(walk, "date", "add date = \"date\": the column with the dates");
    let date_format = date_format(walk, section);
    let (geo, population) = (section.text(walk, "geo"), section.text(walk, "population"));
    let empty = section.choice(walk, "empty", &[("zero", ())]);
    Some(DataSpec {
        tables: tables.into_iter().map(|(_, table)| table).collect(),
        long,
        date: date?,
        date_format,
        geo,
        population,
        empty_is_zero: empty.is_some(),
    })
}

/// `YYYY-MM-DD`, `DD.MM.YYYY`, `%m/%d/%Y` and their like: only the order of the letters counts.
fn date_format(walk: &mut Walk, section: &Section) -> Option<DateFormat> {
    let text = section.text(walk, "date_format")?;
    let mut order = String::new();
    for letter in text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()) {
        if !order.ends_with(letter) {
            order.push(letter);
        }
    }
    match order.as_str() {
        "YMD" => return Some(DateFormat::YearMonthDay),
        "DMY" => return Some(DateFormat::DayMonthYear),
        "MDY" => return Some(DateFormat::MonthDayYear),
        _ => {}
    }
    let at = section.place_in(walk, "date_format");
    let found = section.item("date_format").map(shown).unwrap_or_default();
    walk.fail(
        "unknown-value",
        &at,
        found,
        "\"YYYY-MM-DD\", \"DD/MM/YYYY\" or \"MM/DD/YYYY\"",
        "write the order of your dates",
    );
    None
}

/// Reads `[outcome]`.
pub(super) fn outcome(walk: &mut Walk, section: &Section) -> Option<OutcomeSpec> {
    let column = section.required(walk, "column", "add column = \"revenue\": the column to explain");
    let count = section.choice(walk, "kind", &[("revenue", false), ("count", true)]).unwrap_or(false);
    let unit_value = match section.item("unit_value") {
        None => UnitValue::Unknown,
        Some(item) if item.as_str().is_some() => {
            section.text(walk, "unit_value").map_or(UnitValue::Unknown, UnitValue::Column)
        }
        Some(_) => section.positive(walk, "unit_value").map_or(UnitValue::Unknown, UnitValue::Number),
    };
    if section.has("unit_value") && !count {
        let at = section.place_in(walk, "unit_value");
        walk.fail(
            "conflict",
            &at,
            "a unit_value of money",
            "unit_value with kind = \"count\" only",
            "set kind, or remove it",
        );
    }
    let margin = section.positive(walk, "margin");
    if let Some(margin) = margin.filter(|m| *m > 1.0) {
        let at = section.place_in(walk, "margin");
        walk.fail(
            "out-of-range",
            &at,
            format!("the number {margin}"),
            "a share above 0, up to 1",
            "62 % is margin = 0.62",
        );
    }
    let order_value = section.positive(walk, "order_value");
    let kind = if count { OutcomeKind::Count(unit_value) } else { OutcomeKind::Revenue };
    Some(OutcomeSpec { column: column?, kind, margin, order_value })
}

/// Reads `[controls]`.
pub(super) fn controls(walk: &mut Walk, section: &Section) -> Vec<(At, ControlSpec)> {
    let columns = section.texts(walk, "columns");
    unique(walk, &columns, "control");
    let per_head = section.texts(walk, "per_head");
    let names: Vec<&str> = columns.iter().map(|(_, name)| name.as_str()).collect();
    for (at, name) in per_head.iter().filter(|(_, name)| !names.contains(&name.as_str())) {
        let mend = match nearest(name, &names) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "add it to columns too".to_owned(),
        };
        walk.fail("unknown-value", at, format!("the text {name:?}"), "one of the control columns", mend);
    }
    let per_head: Vec<String> = per_head.into_iter().map(|(_, name)| name).collect();
    columns
        .into_iter()
        .map(|(at, column)| {
            let per_head = per_head.contains(&column);
            (at, ControlSpec { column, per_head })
        })
        .collect()
}

/// Reads `[holidays]` and every `[[event]]`.
pub(super) fn holidays(walk: &mut Walk, top: &Section) -> HolidaySpec {
    let listed = top.section(walk, "holidays", HOLIDAYS).map(|s| s.texts(walk, "countries")).unwrap_or_default();
    let mut countries = Vec::new();
    for (at, country) in listed {
        if country.len() == 2 && country.chars().all(|c| c.is_ascii_alphabetic()) {
            countries.push((at, country.to_ascii_uppercase()));
        } else {
            let found = format!("the text {:?}", super::walk::short(&country));
            walk.fail("unknown-value", &at, found, "a country code of two letters", "write it as \"US\" or \"DE\"");
        }
    }
    unique(walk, &countries, "country");
    let mut events = Vec::new();
    for section in top.sections(walk, "event", EVENT) {
        let name = section.required(walk, "name", "add name = \"summer sale\"");
        for key in ["start", "end"] {
            if !section.has(key) {
                walk.missing(&section.at, key, &format!("add {key} = 2026-03-31"));
            }
        }
        let (start, end) = (section.date(walk, "start"), section.date(walk, "end"));
        let (Some(name), Some(start), Some(end)) = (name, start, end) else {
            continue;
        };
        if end < start {
            let at = section.place_in(walk, "end");
            walk.fail(
                "out-of-range",
                &at,
                format!("an end ({end}) before the start ({start})"),
                "an end on or after the start",
                "exchange or mend them",
            );
        }
        events.push(EventSpec { name, start, end });
    }
    HolidaySpec { countries: countries.into_iter().map(|(_, country)| country).collect(), events }
}

/// Finds names that stand twice.
pub(super) fn unique(walk: &mut Walk, names: &[(At, String)], what: &str) {
    for (i, (at, name)) in names.iter().enumerate() {
        if names[..i].iter().any(|(_, earlier)| earlier == name) {
            let found = format!("{what} {:?} a second time", super::walk::short(name));
            walk.fail("duplicate-name", at, found, format!("each {what} once"), "rename or remove one of the two");
        }
    }
}
