//! The drivers of the project file: channels, organic media, treatments.

use super::data::unique;
use super::model::{ADSTOCK, SATURATION, shape};
use super::prior::{Support, prior};
use super::walk::{At, Section, Walk, short};
use counterpoint::finding::Severity;
use counterpoint::project::{
    BaselineValue, ControlSpec, DataSpec, DriverSource, DriverSpec, EffectKind, EffectPrior, ExposureScale, GeoEffects,
    OutcomeKind, OutcomeSpec, Role, ShapePriors, UnitValue,
};
use std::collections::BTreeMap;

const CHANNEL: &[&str] = &[
    "name",
    "platform",
    "spend",
    "exposure",
    "reach",
    "frequency",
    "role",
    "prior",
    "adstock",
    "max_lag",
    "saturation",
    "slope",
    "scale",
    "shape",
];
const ORGANIC: &[&str] = &[
    "name",
    "platform",
    "exposure",
    "frequency",
    "prior",
    "adstock",
    "max_lag",
    "saturation",
    "slope",
    "scale",
    "shape",
];
const TREATMENT: &[&str] = &["name", "column", "baseline", "per_head", "prior"];

/// The quantities that a prior may be put on, by their key.
const EFFECTS: &[(&str, EffectKind)] = &[
    ("roi", EffectKind::Roi),
    ("mroi", EffectKind::MarginalRoi),
    ("contribution", EffectKind::Contribution),
    ("coefficient", EffectKind::Coefficient),
];

#[derive(Clone, Copy)]
enum Paid {
    As(Role),
    Not,
}

/// Reads every `[[channel]]`, `[[organic]]` and `[[treatment]]`.
pub(super) fn drivers(walk: &mut Walk, top: &Section, effects: GeoEffects) -> Vec<(At, DriverSpec)> {
    let mut drivers = Vec::new();
    for section in top.sections(walk, "channel", CHANNEL) {
        drivers.extend(channel(walk, &section, effects));
    }
    for section in top.sections(walk, "organic", ORGANIC) {
        drivers.extend(organic(walk, &section, effects));
    }
    for section in top.sections(walk, "treatment", TREATMENT) {
        drivers.extend(treatment(walk, &section));
    }
    if !["channel", "organic", "treatment"].iter().any(|key| top.has(key)) {
        walk.missing(
            &top.at,
            "channel",
            "add a driver: [[channel]] with name = \"search\" and spend = \"search_spend\"",
        );
    }
    let names: Vec<(At, String)> = drivers.iter().map(|(at, d)| (at.sub("name", None), d.name.clone())).collect();
    unique(walk, &names, "driver");
    drivers
}

fn channel(walk: &mut Walk, section: &Section, effects: GeoEffects) -> Option<(At, DriverSpec)> {
    let name = section.required(walk, "name", "add name = \"search\"");
    let roles = [("creation", Paid::As(Role::Creation)), ("capture", Paid::As(Role::Capture)), ("organic", Paid::Not)];
    let role = section.choice(walk, "role", &roles).unwrap_or(Paid::As(Role::Creation));
    let source = match role {
        Paid::As(role) => paid(walk, section, role),
        Paid::Not => {
            for key in ["spend", "reach"].iter().filter(|key| section.has(key)) {
                let at = section.place_in(walk, key);
                let found = format!("`{key}` on an organic channel");
                walk.fail(
                    "conflict",
                    &at,
                    found,
                    "an organic channel has `exposure` only",
                    "remove it, or change the role",
                );
            }
            unpaid(walk, section)
        }
    };
    let sampled = match role {
        Paid::As(_) => EFFECTS,
        Paid::Not => &EFFECTS[2..],
    };
    media(walk, section, effects, sampled, name, source)
}

fn paid(walk: &mut Walk, section: &Section, role: Role) -> Option<DriverSource> {
    let mend = "add spend = \"search_spend\", or role = \"organic\" if nothing is paid";
    let spend = section.required(walk, "spend", mend);
    let exposure = section.text(walk, "exposure");
    let (reach, frequency) = (section.text(walk, "reach"), section.text(walk, "frequency"));
    match (section.has("reach"), section.has("frequency")) {
        (true, false) => walk.missing(&section.at, "frequency", "reach needs its average frequency; or use `exposure`"),
        (false, true) => walk.missing(&section.at, "reach", "frequency needs its reach; or use `exposure`"),
        (true, true) if section.has("exposure") => {
            let at = section.place_in(walk, "exposure");
            walk.fail(
                "conflict",
                &at,
                "`exposure` beside `reach`",
                "one of the two",
                "keep reach and frequency, or exposure",
            );
        }
        _ => {}
    }
    let spend = spend?;
    Some(match (reach, frequency) {
        (Some(reach), Some(frequency)) => DriverSource::ReachFrequency { spend, reach, frequency, role },
        _ => DriverSource::Channel { spend, exposure, role },
    })
}

fn unpaid(walk: &mut Walk, section: &Section) -> Option<DriverSource> {
    let exposure = section.required(walk, "exposure", "add exposure = \"newsletter_opens\"");
    let frequency = section.text(walk, "frequency");
    Some(DriverSource::Organic { exposure: exposure?, frequency })
}

fn organic(walk: &mut Walk, section: &Section, effects: GeoEffects) -> Option<(At, DriverSpec)> {
    let name = section.required(walk, "name", "add name = \"newsletter\"");
    let source = unpaid(walk, section);
    media(walk, section, effects, &EFFECTS[2..], name, source)
}

/// What all media have beside their columns.
fn media(
    walk: &mut Walk,
    section: &Section,
    effects: GeoEffects,
    sampled: &[(&str, EffectKind)],
    name: Option<String>,
    source: Option<DriverSource>,
) -> Option<(At, DriverSpec)> {
    let supports = |on| effect_support(on, effects);
    let prior = effect(walk, section, sampled, supports);
    let adstock = section.choice(walk, "adstock", ADSTOCK);
    let max_lag = section.count(walk, "max_lag", 0..=364).map(|n| n as usize);
    let saturation = section.choice(walk, "saturation", SATURATION);
    let slope = section.positive(walk, "slope");
    let scales = [("median", ExposureScale::Median), ("geo_max", ExposureScale::GeoMax)];
    let scale = section.choice(walk, "scale", &scales);
    let shape = section.section(walk, "shape", super::model::SHAPE).map(|s| shape(walk, &s)).unwrap_or_default();
    if section.has("slope") && shape.slope.is_some() {
        let at = section.place_in(walk, "slope");
        walk.fail(
            "conflict",
            &at,
            "`slope` beside `shape.slope`",
            "one of the two",
            "keep `slope` to fix it, `shape.slope` for a prior",
        );
    }
    let platform = section.text(walk, "platform");
    let driver =
        DriverSpec { name: name?, source: source?, platform, prior, adstock, max_lag, saturation, slope, scale, shape };
    Some((section.at.clone(), driver))
}

fn treatment(walk: &mut Walk, section: &Section) -> Option<(At, DriverSpec)> {
    let name = section.required(walk, "name", "add name = \"promotion\"");
    let column = section.required(walk, "column", "add column = \"promo\"");
    let baseline = match section.item("baseline") {
        Some(item) if item.as_str().is_some() => {
            section.choice(walk, "baseline", &[("min", BaselineValue::Min), ("max", BaselineValue::Max)])
        }
        Some(_) => section.number(walk, "baseline").map(BaselineValue::Number),
        None => None,
    };
    let per_head = section.boolean(walk, "per_head").unwrap_or(false);
    // a treatment's effect has either sign, whatever the media's
    let supports = |on| effect_support(on, GeoEffects::Normal);
    let prior = effect(walk, section, &EFFECTS[2..], supports);
    let source =
        DriverSource::Treatment { column: column?, baseline: baseline.unwrap_or(BaselineValue::Min), per_head };
    let driver = DriverSpec {
        name: name?,
        source,
        platform: None,
        prior,
        adstock: None,
        max_lag: None,
        saturation: None,
        slope: None,
        scale: None,
        shape: ShapePriors::default(),
    };
    Some((section.at.clone(), driver))
}

/// The values that a driver's effect may take.
pub(super) fn effect_support(on: EffectKind, effects: GeoEffects) -> Support {
    match (on, effects) {
        (EffectKind::Contribution, GeoEffects::LogNormal) => Support::SHARE,
        (EffectKind::Contribution, GeoEffects::Normal) => Support::SIGNED_SHARE,
        (_, GeoEffects::LogNormal) => Support::POSITIVE,
        (_, GeoEffects::Normal) => Support::REAL,
    }
}

/// Reads `prior = { roi = PRIOR }`.
fn effect(
    walk: &mut Walk,
    section: &Section,
    sampled: &[(&str, EffectKind)],
    supports: impl Fn(EffectKind) -> Support,
) -> Option<EffectPrior> {
    let keys: Vec<&str> = sampled.iter().map(|(key, _)| *key).collect();
    let table = section.section(walk, "prior", &keys)?;
    let mut found = Vec::new();
    for (key, on) in sampled.iter().filter(|(key, _)| table.has(key)) {
        found.push((*key, prior(walk, &table, key, supports(*on)).map(|prior| EffectPrior { on: *on, prior })));
    }
    let names: Vec<&str> = found.iter().map(|(key, _)| *key).collect();
    match found.len() {
        1 => found.pop().and_then(|(_, effect)| effect),
        0 => {
            let expected = format!("a prior on {}", keys.join(", "));
            let mend = format!("write prior = {{ {} = {{ median = 0.02, sd_log = 0.6 }} }}", keys[0]);
            walk.fail("prior-form", &table.at, "none of these", expected, mend);
            None
        }
        _ => {
            let found = format!("priors on {}", names.join(" and "));
            walk.fail("conflict", &table.at, found, "a prior on one quantity", "keep the one that you know best");
            None
        }
    }
}

/// Finds columns that play two parts.
pub(super) fn check_columns(
    walk: &mut Walk,
    data: &DataSpec,
    outcome: &OutcomeSpec,
    drivers: &[(At, DriverSpec)],
    controls: &[(At, ControlSpec)],
) {
    let mut fixed: Vec<(&str, &str)> = vec![(&data.date, "the date"), (&outcome.column, "the outcome")];
    fixed.extend(data.geo.as_deref().map(|c| (c, "the geo")));
    fixed.extend(data.population.as_deref().map(|c| (c, "the population")));
    if let OutcomeKind::Count(UnitValue::Column(column)) = &outcome.kind {
        fixed.push((column, "the value of a unit"));
    }
    let mut used: BTreeMap<&str, String> = BTreeMap::new();
    let parts =
        drivers.iter().flat_map(|(at, d)| exposures(&d.source).map(move |(key, column)| (at.sub(key, None), column)));
    let parts = parts.chain(controls.iter().map(|(at, c)| (at.clone(), c.column.as_str())));
    for (at, column) in parts {
        let shown = short(column);
        if let Some((_, part)) = fixed.iter().find(|(name, _)| *name == column) {
            let found = format!("column {shown:?}, which is {part}");
            walk.fail("column-used-twice", &at, found, "a column with one part", "name another column, or remove it");
        } else if let Some(other) = used.get(column) {
            let found = format!("column {shown:?}, which {other} has too");
            let mend = "two drivers with one column cannot be told apart: keep one";
            walk.say(Severity::Review, "column-used-twice", &at, found, "a column with one part", mend);
        } else {
            used.insert(column, at.path.clone());
        }
    }
}

/// The columns that hold a driver's own series, with their keys.
fn exposures(source: &DriverSource) -> impl Iterator<Item = (&'static str, &str)> {
    let (first, second) = match source {
        DriverSource::Channel { spend, exposure: Some(exposure), .. } => {
            (("spend", spend), Some(("exposure", exposure)))
        }
        DriverSource::Channel { spend, .. } => (("spend", spend), None),
        DriverSource::ReachFrequency { spend, reach, .. } => (("spend", spend), Some(("reach", reach))),
        DriverSource::Organic { exposure, .. } => (("exposure", exposure), None),
        DriverSource::Treatment { column, .. } => (("column", column), None),
    };
    let second = second.filter(|(_, column)| *column != first.1);
    std::iter::once(first).chain(second).map(|(key, column)| (key, column.as_str()))
}
