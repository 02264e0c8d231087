//! Checks of a simulation spec: every value that makes no market is said at once.

use super::spec::{ChannelKind, SimulationSpec};
use crate::data::calendar::Cadence;
use crate::finding::{Finding, Severity};

/// Largest numbers of periods, geos and drivers; their product bounds memory.
const MOST: (usize, usize, usize) = (20_000, 5_000, 500);
/// Fewer weeks leave some patterns without a single run.
const FEWEST_WEEKS: usize = 20;
/// Most cells (drivers x geos x periods).
const MOST_CELLS: usize = 100_000_000;
const MEND: &str = "write a number in that range";
/// Names of columns that every market may have.
const RESERVED: [&str; 6] = ["date", "geo", "population", "revenue", "orders", "baseline"];

/// All findings of a spec; empty when it can be simulated.
pub(super) fn findings(spec: &SimulationSpec) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut say = |key: String, found: String, expected: &str, mend: &str| {
        out.push(Finding::new(Severity::Fail, "out-of-range", found, expected, mend).at_column(key));
    };
    let drivers = super::market::drivers(spec);
    let week = if spec.cadence == Cadence::Daily { 7 } else { 1 };
    let periods = spec.periods.saturating_add(spec.history);
    for (key, n, low, high) in [
        ("periods", spec.periods, FEWEST_WEEKS * week, MOST.0),
        ("history", spec.history, 0, MOST.0),
        ("geos", spec.geos, 1, MOST.1),
        ("controls", spec.controls, 0, MOST.2),
        ("channels", drivers, 0, MOST.2),
        ("max_lag", spec.max_lag.unwrap_or(0), 0, 364),
    ] {
        if !(low..=high).contains(&n) {
            say(key.into(), format!("{n}"), &format!("{low} to {high}"), MEND);
        }
    }
    if drivers == 0 && spec.creators.is_none() {
        say(
            "channels".into(),
            "no channel and no creators".into(),
            "one of them at least",
            "ask for channels or creators",
        );
    }
    if periods.saturating_mul(spec.geos).saturating_mul(drivers.saturating_add(spec.controls).saturating_add(1))
        > MOST_CELLS
    {
        say(
            "periods".into(),
            "a market of more than 100 million cells".into(),
            "fewer",
            "ask for fewer periods or geos",
        );
    }
    let days = jiff::Span::new().try_days(periods.min(2 * MOST.0) as i64 * i64::from(spec.cadence.days()));
    let fits = days.is_ok_and(|d| spec.start.checked_add(d).is_ok() && spec.start.checked_sub(d).is_ok());
    if !fits {
        say("start".into(), spec.start.to_string(), "a date from which all periods fit", "begin nearer to today");
    }
    let (min, max) = (spec.population.min, spec.population.max);
    if !(min >= 1.0 && max >= min && max.is_finite()) {
        let found = format!("min {min}, max {max}");
        say("population".into(), found, "1 or more people, min at most max", "exchange or mend them");
    }
    let infinity = f64::INFINITY;
    let numbers: &[(&str, f64, f64, f64)] = &[
        ("unit_value", spec.unit_value, f64::MIN_POSITIVE, infinity),
        ("baseline", spec.baseline, f64::MIN_POSITIVE, infinity),
        ("level_spread", spec.level_spread, 0.0, 2.0),
        ("trend", spec.trend, -1.0, 10.0),
        ("trend_step", spec.trend_step, 0.0, 1.0),
        ("season", spec.season, 0.0, 1.0),
        ("control_effect", spec.control_effect, 0.0, 1.0),
        ("hidden_demand", spec.hidden_demand, 0.0, 1.0),
        ("confounding", spec.confounding, 0.0, 1.0),
        ("noise", spec.noise, 0.0, 100.0),
        ("ar1", spec.ar1, -0.99, 0.99),
    ];
    let range = |low: f64, high: f64| match (low == f64::MIN_POSITIVE, high == infinity) {
        (true, true) => "more than 0".to_owned(),
        (true, false) => format!("more than 0, at most {high}"),
        (false, true) => format!("{low} or more"),
        (false, false) => format!("{low} to {high}"),
    };
    let mut number = |key: String, value: f64, low: f64, high: f64| {
        if !(value >= low && value <= high && value.is_finite()) {
            say(key, format!("{value}"), &range(low, high), MEND);
        }
    };
    for &(key, value, low, high) in numbers {
        number(key.into(), value, low, high);
    }
    for (i, channel) in spec.channel.iter().enumerate() {
        for (key, value, low, high) in [
            ("spend_per_period", channel.spend_per_period, f64::MIN_POSITIVE, infinity),
            ("cost_per_exposure", channel.cost_per_exposure, f64::MIN_POSITIVE, infinity),
            ("roi", channel.roi, 0.0, infinity),
            ("share", channel.share, -1.0, 10.0),
            ("retention", channel.retention, 0.0, 0.99),
            ("half_saturation", channel.half_saturation, f64::MIN_POSITIVE, infinity),
            ("slope", channel.slope, f64::MIN_POSITIVE, 20.0),
            ("geo_spread", channel.geo_spread, 0.0, 3.0),
        ] {
            if let Some(value) = value {
                number(format!("channel[{}].{key}", i + 1), value, low, high);
            }
        }
    }
    if let Some(margin) = spec.margin.filter(|m| !(*m > 0.0 && *m <= 1.0)) {
        let finding = Finding::new(Severity::Fail, "out-of-range", format!("{margin}"), "more than 0, at most 1", MEND);
        out.push(finding.at_column("margin".to_owned()));
    }
    geos(spec, &mut out);
    controls(spec, &mut out);
    names(spec, &mut out);
    if let Some(creators) = &spec.creators {
        super::creators::findings(spec, creators, &mut out);
    }
    misplaced(spec, &mut out);
    out
}

/// Keys that a kind of driver does not have.
fn misplaced(spec: &SimulationSpec, out: &mut Vec<Finding>) {
    for (i, c) in spec.channel.iter().enumerate() {
        let treatment = c.kind == ChannelKind::Treatment;
        let paid = c.kind.is_paid();
        let keys = [
            ("roi", c.roi.is_some() && !paid),
            ("spend_per_period", c.spend_per_period.is_some() && !paid),
            ("cost_per_exposure", c.cost_per_exposure.is_some() && !paid),
            ("share", c.share.is_some() && paid),
            ("capture", c.capture && !paid),
            ("pattern", c.pattern.is_some() && treatment),
            ("retention", c.retention.is_some() && treatment),
            ("half_saturation", c.half_saturation.is_some() && treatment),
            ("slope", c.slope.is_some() && treatment),
        ];
        for (key, _) in keys.iter().filter(|(_, wrong)| *wrong) {
            let expected = if paid { "`roi` on what is paid" } else { "keys that its kind has" };
            let found = format!("`{key}` on a driver of kind {:?}", c.kind);
            let finding = Finding::new(Severity::Fail, "conflict", found, expected, "remove it, or change the kind");
            out.push(finding.at_column(format!("channel[{}].{key}", i + 1)));
        }
        let share = c.share.unwrap_or(0.0);
        if share < 0.0 && !treatment {
            let expected = "0 or more: media never hurt here";
            let finding = Finding::new(Severity::Fail, "out-of-range", format!("{share}"), expected, "use a treatment");
            out.push(finding.at_column(format!("channel[{}].share", i + 1)));
        }
    }
}

/// Geos that are listed: as many as there are at most, with names that differ and people.
fn geos(spec: &SimulationSpec, out: &mut Vec<Finding>) {
    let mut say = |key: String, code: &'static str, found: String, expected: &str, mend: &str| {
        out.push(Finding::new(Severity::Fail, code, found, expected, mend).at_column(key));
    };
    let listed = spec.geo.len();
    if listed > 0 && (spec.geos < 2 || spec.geos < listed) {
        let found = format!("{listed} geos listed, geos = {}", spec.geos);
        say("geos".into(), "conflict", found, "at least as many, and at least 2", "write a larger number");
    }
    let names: Vec<String> = (0..listed).filter_map(|g| super::market::geo_name(spec, g)).collect();
    for (g, geo) in spec.geo.iter().enumerate() {
        if let Some(n) = geo.population.filter(|n| !(*n >= 1.0 && n.is_finite())) {
            say(format!("geo[{}].population", g + 1), "out-of-range", format!("{n}"), "1 or more", MEND);
        }
        let Some(name) = &geo.name else { continue };
        let key = format!("geo[{}].name", g + 1);
        let drawn = name.strip_prefix("geo_").is_some_and(|n| n.parse::<usize>().is_ok());
        if let Some(expected) = super::creators::no_name(name) {
            say(key, "unknown-value", format!("the name {name:?}"), expected, "write the name so");
        } else if names.iter().filter(|n| *n == name).count() > 1 || drawn {
            say(key, "conflict", format!("the name {name:?}"), "names that no other geo has", "rename it");
        }
    }
}

/// Names of controls: columns that differ from each other and from all others.
fn controls(spec: &SimulationSpec, out: &mut Vec<Finding>) {
    let mut say = |code: &'static str, found: String, expected: &str, mend: &str| {
        let finding = Finding::new(Severity::Fail, code, found, expected, mend);
        out.push(finding.at_column("control_names".to_owned()));
    };
    let named = &spec.control_names;
    if named.len() > spec.controls {
        let found = format!("{} names for {} controls", named.len(), spec.controls);
        say("conflict", found, "a control for each name", "write a larger number of controls");
    }
    let drivers: Vec<String> =
        super::market::driver_names(spec).iter().map(|d| super::output::column_name(d)).collect();
    for (i, name) in named.iter().enumerate() {
        let taken = RESERVED.contains(&name.as_str())
            || named[..i].contains(name)
            || name.starts_with("control_")
            || drivers.iter().any(|d| name.strip_prefix(d.as_str()).is_some_and(|rest| rest.starts_with('_')));
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            say("unknown-value", format!("the name {name:?}"), "letters, digits and `_`", "write the name so");
        } else if taken {
            say("conflict", format!("the name {name:?}"), "a name that no other column has", "rename it");
        }
    }
}

/// Names that are no column names, or stand twice.
fn names(spec: &SimulationSpec, out: &mut Vec<Finding>) {
    let drawn = super::market::driver_names(spec);
    for (i, name) in drawn.iter().enumerate() {
        let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ');
        let column = super::output::column_name(name);
        let same = |other: &String| super::output::column_name(other) == column;
        let (code, expected, mend) = if name.is_empty() || !letters || name.trim() != name {
            ("unknown-value", "letters, digits, `_`, and spaces between them", "write the name so")
        } else if drawn[..i].iter().any(same) {
            ("conflict", "names that differ", "rename one of the two")
        } else if RESERVED.contains(&name.as_str()) || name.starts_with("control_") {
            ("conflict", "a name that no other column has", "rename it")
        } else {
            continue;
        };
        let finding = Finding::new(Severity::Fail, code, format!("the name {name:?}"), expected, mend);
        out.push(finding.at_column(format!("channel[{}].name", i + 1)));
    }
}
