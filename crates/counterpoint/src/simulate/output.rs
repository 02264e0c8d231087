//! A simulated market as the files that a user would have: a wide table, the project file that fits it, the truth's table.

use super::creators::contributions;
use super::market::{Market, MarketDriver};
use super::spec::{ChannelKind, OutcomeWord, SimulationSpec};
use super::truth::Known;
use crate::data::{Cells, Column, Table};
use crate::project::{
    BaselineValue, ControlSpec, CreatorsSpec, DataSpec, DriverSource, DriverSpec, ExperimentsSpec, HolidaySpec,
    ModelSpec, NoiseSpec, OutcomeKind, OutcomeSpec, Project, Role, SamplerSpec, ShapePriors, UnitValue,
};
use std::fmt::Write;

/// File name of the data.
pub const DATA_FILE: &str = "data.csv";
/// File name of the truth's contributions.
pub const TRUTH_FILE: &str = "truth_contributions.csv";

pub(super) fn number(name: impl Into<String>, values: impl IntoIterator<Item = Option<f64>>) -> Column {
    Column { name: name.into(), cells: Cells::Number(values.into_iter().collect()) }
}

pub(super) fn table(file: &str, columns: Vec<Column>) -> Table {
    let rows = columns.first().map_or(0, |c| c.cells.len()) as u64;
    Table { file: file.to_owned(), columns, lines: (0..rows).map(|i| i + 2).collect() }
}

pub(super) fn text<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Column {
    let cells = values.into_iter().map(|v| Some(v.to_owned().into_boxed_str())).collect();
    Column { name: name.to_owned(), cells: Cells::Text(cells) }
}

/// Names of a driver's columns: spend, exposure (reach, treatment) and frequency.
fn columns(driver: &MarketDriver) -> [String; 3] {
    let exposure = match driver.kind {
        ChannelKind::Paid | ChannelKind::Organic => "impressions",
        ChannelKind::ReachFrequency => "reach",
        ChannelKind::Treatment => "on",
    };
    ["spend", exposure, "frequency"].map(|part| format!("{}_{part}", column_name(&driver.name)))
}

/// A driver's name as the beginning of its columns' names.
pub(super) fn column_name(driver: &str) -> String {
    driver.replace(' ', "_")
}

fn outcome_column(spec: &SimulationSpec) -> &'static str {
    match spec.outcome {
        OutcomeWord::Revenue => "revenue",
        OutcomeWord::Count => "orders",
    }
}

/// The wide table, geo by geo. Periods of history have an empty outcome.
pub(super) fn data_table(spec: &SimulationSpec, market: &Market, known: &Known) -> Table {
    let (all, geos) = (market.dates.len(), market.geos.len());
    let cells = geos * all;
    let mut out = vec![Column {
        name: "date".to_owned(),
        cells: Cells::Date((0..cells).map(|i| Some(market.dates[i % all])).collect()),
    }];
    if geos > 1 {
        out.push(text("geo", (0..cells).map(|i| market.geos[i / all].as_str())));
        out.push(number("population", (0..cells).map(|i| Some(market.people[i / all]))));
    }
    for driver in &market.drivers {
        let [spend, exposure, frequency] = columns(driver);
        if let Some(values) = &driver.spend {
            out.push(number(spend, values.iter().copied().map(Some)));
        }
        out.push(number(exposure, driver.exposure.iter().copied().map(Some)));
        if let Some(values) = &driver.frequency {
            out.push(number(frequency, values.iter().copied().map(Some)));
        }
    }
    for control in &market.controls {
        out.push(number(control.name.clone(), control.values.iter().copied().map(Some)));
    }
    let outcome = (0..cells).map(|i| {
        let t = (i % all).checked_sub(spec.history)?;
        Some(known.outcome[i / all * spec.periods + t])
    });
    out.push(number(outcome_column(spec), outcome));
    table(DATA_FILE, out)
}

/// The truth by date, geo and driver: columns `date, geo, driver, kind, contribution` (outcome units), with the baseline and
/// the controls, so that the rows of a date and geo add up to the expected outcome. Creators follow, whose rows add up to those of
/// the platforms and count no second time.
pub(super) fn truth_table(spec: &SimulationSpec, market: &Market, known: &Known) -> Table {
    let mut parts: Vec<(&str, &str, &[f64])> = vec![("baseline", "baseline", &known.baseline)];
    parts.extend(market.controls.iter().zip(&known.controls).map(|(c, s)| (c.name.as_str(), "control", s.as_slice())));
    parts.extend(market.drivers.iter().zip(&known.contributions).map(|(d, s)| {
        let kind = match d.kind {
            ChannelKind::Paid | ChannelKind::ReachFrequency => "channel",
            ChannelKind::Organic => "organic",
            ChannelKind::Treatment => "treatment",
        };
        (d.name.as_str(), kind, s.as_slice())
    }));
    let creators: Vec<(&str, &str, &[f64])> =
        market.roster.as_ref().zip(known.roster.as_ref()).map_or_else(Vec::new, |(r, k)| contributions(r, k));
    parts.extend(creators);
    let (periods, geos) = (spec.periods, market.geos.len());
    let rows: Vec<(usize, usize, usize)> =
        (0..parts.len()).flat_map(|p| (0..geos).flat_map(move |g| (0..periods).map(move |t| (p, g, t)))).collect();
    let dates = rows.iter().map(|&(_, _, t)| Some(market.dates[spec.history + t])).collect();
    table(
        TRUTH_FILE,
        vec![
            Column { name: "date".to_owned(), cells: Cells::Date(dates) },
            text("geo", rows.iter().map(|&(_, g, _)| market.geos[g].as_str())),
            text("driver", rows.iter().map(|&(p, _, _)| parts[p].0)),
            text("kind", rows.iter().map(|&(p, _, _)| parts[p].1)),
            number("contribution", rows.iter().map(|&(p, g, t)| Some(parts[p].2[g * periods + t]))),
        ],
    )
}

/// The project that fits the table as it stands.
pub(super) fn project(spec: &SimulationSpec, market: &Market, creators: Option<CreatorsSpec>) -> Project {
    let several = market.geos.len() > 1;
    let drivers = market.drivers.iter().map(|driver| {
        let [spend, exposure, frequency] = columns(driver);
        let role = if driver.capture { Role::Capture } else { Role::Creation };
        let source = match driver.kind {
            ChannelKind::Paid => DriverSource::Channel { spend, exposure: Some(exposure), role },
            ChannelKind::ReachFrequency => DriverSource::ReachFrequency { spend, reach: exposure, frequency, role },
            ChannelKind::Organic => DriverSource::Organic { exposure, frequency: None },
            ChannelKind::Treatment => {
                DriverSource::Treatment { column: exposure, baseline: BaselineValue::Min, per_head: false }
            }
        };
        DriverSpec {
            name: driver.name.clone(),
            source,
            platform: spec
                .channel
                .iter()
                .find(|c| c.name.as_ref() == Some(&driver.name))
                .and_then(|c| c.platform.clone()),
            prior: None,
            adstock: None,
            max_lag: None,
            saturation: None,
            slope: None,
            scale: None,
            shape: ShapePriors::default(),
        }
    });
    let default = ModelSpec::default();
    Project {
        name: spec.name.clone(),
        currency: spec.currency.clone(),
        data: DataSpec {
            tables: vec![DATA_FILE.to_owned()],
            long: Vec::new(),
            date: "date".to_owned(),
            date_format: None,
            geo: several.then(|| "geo".to_owned()),
            population: several.then(|| "population".to_owned()),
            empty_is_zero: false,
        },
        outcome: OutcomeSpec {
            column: outcome_column(spec).to_owned(),
            kind: match spec.outcome {
                OutcomeWord::Revenue => OutcomeKind::Revenue,
                OutcomeWord::Count => OutcomeKind::Count(UnitValue::Number(spec.unit_value)),
            },
            margin: spec.margin,
            order_value: (spec.outcome == OutcomeWord::Revenue && spec.creators.is_some()).then_some(spec.unit_value),
        },
        drivers: drivers.collect(),
        controls: market.controls.iter().map(|c| ControlSpec { column: c.name.clone(), per_head: false }).collect(),
        holidays: HolidaySpec::default(),
        creators,
        experiments: ExperimentsSpec::default(),
        model: ModelSpec {
            max_lag: spec.max_lag,
            noise: NoiseSpec { ar1: spec.ar1 != 0.0, ..default.noise },
            ..default
        },
        sampler: SamplerSpec::default(),
    }
}

/// The text of the project file of [`project`].
pub(super) fn project_toml(project: &Project) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{text}");
    };
    line("# A simulated market; its truth is in truth.json and truth_contributions.csv.".to_owned());
    line(format!("name     = {}", quoted(&project.name)));
    line(format!("currency = {}", quoted(&project.currency)));
    line("\n[data]".to_owned());
    line(format!("table = {}", quoted(DATA_FILE)));
    line(format!("date = {}", quoted(&project.data.date)));
    for (key, column) in [("geo", &project.data.geo), ("population", &project.data.population)] {
        if let Some(column) = column {
            line(format!("{key} = {}", quoted(column)));
        }
    }
    line("\n[outcome]".to_owned());
    line(format!("column = {}", quoted(&project.outcome.column)));
    match &project.outcome.kind {
        OutcomeKind::Revenue => line("kind = \"revenue\"".to_owned()),
        OutcomeKind::Count(UnitValue::Number(value)) => {
            line("kind = \"count\"".to_owned());
            line(format!("unit_value = {value:?}"));
        }
        OutcomeKind::Count(_) => line("kind = \"count\"".to_owned()),
    }
    for (key, value) in [("margin", project.outcome.margin), ("order_value", project.outcome.order_value)] {
        if let Some(value) = value {
            line(format!("{key} = {value:?}"));
        }
    }
    for driver in &project.drivers {
        let (section, keys): (&str, Vec<(&str, &str)>) = match &driver.source {
            DriverSource::Channel { spend, exposure, .. } => {
                let exposure = exposure.iter().map(|e| ("exposure", e.as_str()));
                ("channel", [("spend", spend.as_str())].into_iter().chain(exposure).collect())
            }
            DriverSource::ReachFrequency { spend, reach, frequency, .. } => {
                ("channel", vec![("spend", spend), ("reach", reach), ("frequency", frequency)])
            }
            DriverSource::Organic { exposure, .. } => ("organic", vec![("exposure", exposure)]),
            DriverSource::Treatment { column, .. } => ("treatment", vec![("column", column)]),
        };
        line(format!("\n[[{section}]]"));
        line(format!("name = {}", quoted(&driver.name)));
        for (key, column) in keys {
            line(format!("{key} = {}", quoted(column)));
        }
        if let Some(platform) = &driver.platform {
            line(format!("platform = {}", quoted(platform)));
        }
        if let DriverSource::Channel { role: Role::Capture, .. }
        | DriverSource::ReachFrequency { role: Role::Capture, .. } = &driver.source
        {
            line("role = \"capture\"".to_owned());
        }
    }
    if let Some(creators) = &project.creators {
        line("\n[creators]".to_owned());
        let optional = [
            ("stats", &creators.stats),
            ("deals", &creators.deals),
            ("tracked", &creators.tracked),
            ("overlaps", &creators.overlaps),
        ];
        line(format!("creators = {}", quoted(&creators.creators)));
        line(format!("posts = {}", quoted(&creators.posts)));
        for (key, file) in optional {
            if let Some(file) = file {
                line(format!("{key} = {}", quoted(file)));
            }
        }
        line(format!("fake_worth = {:?}", creators.fake_worth));
    }
    if !project.controls.is_empty() {
        let columns: Vec<String> = project.controls.iter().map(|c| quoted(&c.column)).collect();
        line(format!("\n[controls]\ncolumns = [{}]", columns.join(", ")));
    }
    let lag = project.model.max_lag.map(|lag| format!("max_lag = {lag}"));
    let ar1 = project.model.noise.ar1.then(|| "ar1 = true".to_owned());
    let model: Vec<String> = lag.into_iter().chain(ar1).collect();
    if !model.is_empty() {
        line(format!("\n[model]\n{}", model.join("\n")));
    }
    out
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
