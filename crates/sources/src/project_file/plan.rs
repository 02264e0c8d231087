//! The section that says what is asked of a plan.

use super::walk::{Section, Walk};
use counterpoint::project::plan::{Amount, Budget, DriverLimit, Flights, GroupLimit, PlanSpec, Target};

/// Keys of `[plan]`.
const PLAN: &[&str] =
    &["starts", "ends", "budget", "target", "risk", "flights", "change", "value", "offers", "driver", "group"];
const TARGET: &[&str] = &["roi", "mroi", "cost_per_increment", "outcome"];
const DRIVER: &[&str] = &["name", "min", "max", "min_change", "max_change", "least_if_used", "lock", "price"];
const GROUP: &[&str] = &["name", "drivers", "platform", "min", "max"];

/// The words for attitudes to risk.
pub const RISKS: [(&str, f64); 3] = [("neutral", 0.0), ("balanced", 0.5), ("careful", 1.0)];

/// Reads `[plan]`; what is not set keeps its default.
pub(super) fn plan(walk: &mut Walk, top: &Section) -> PlanSpec {
    let mut spec = PlanSpec::default();
    let Some(section) = top.section(walk, "plan", PLAN) else { return spec };
    spec.starts = section.date(walk, "starts");
    spec.ends = section.date(walk, "ends");
    spec.budget = budget(walk, &section);
    spec.target = target(walk, &section);
    if let Some(risk) = risk(walk, &section) {
        spec.risk = risk;
    }
    let flights = [("weekly", Flights::Weekly), ("monthly", Flights::Monthly), ("even", Flights::Even)];
    spec.flights = section.choice(walk, "flights", &flights).unwrap_or(spec.flights);
    spec.change = change(walk, &section).unwrap_or(spec.change);
    spec.value = section.positive(walk, "value");
    spec.offers = section.text(walk, "offers");
    for driver in section.sections(walk, "driver", DRIVER) {
        spec.drivers.extend(driver_limit(walk, &driver));
    }
    for group in section.sections(walk, "group", GROUP) {
        spec.groups.extend(group_limit(walk, &group));
    }
    spec
}

fn budget(walk: &mut Walk, section: &Section) -> Budget {
    match section.item("budget") {
        None => Budget::LastYear,
        Some(item) if item.as_str().is_some() => {
            let words = [("last year", Budget::LastYear), ("free", Budget::Free)];
            section.choice(walk, "budget", &words).unwrap_or(Budget::LastYear)
        }
        Some(_) => amount(walk, section, "budget").map_or(Budget::LastYear, Budget::Fixed),
    }
}

fn target(walk: &mut Walk, section: &Section) -> Option<Target> {
    let table = section.section(walk, "target", TARGET)?;
    let mut all = Vec::new();
    for key in TARGET.iter().filter(|key| table.has(key)) {
        all.extend(table.positive(walk, key).map(|x| match *key {
            "roi" => Target::Roi(x),
            "mroi" => Target::MarginalRoi(x),
            "cost_per_increment" => Target::CostPerIncrement(x),
            _ => Target::Outcome(x),
        }));
    }
    if all.len() > 1 {
        walk.fail("conflict", &table.at, "several targets", "one target", "keep the one that matters most");
    }
    all.into_iter().next()
}

fn risk(walk: &mut Walk, section: &Section) -> Option<f64> {
    let item = section.item("risk")?;
    if item.as_str().is_some() {
        return section.choice(walk, "risk", &RISKS);
    }
    let x = section.number(walk, "risk")?;
    if !(0.0..=1.0).contains(&x) {
        let at = section.place_in(walk, "risk");
        let expected = "neutral, balanced, careful, or a number from 0 to 1";
        walk.fail("out-of-range", &at, format!("the number {x}"), expected, "0 is neutral, 1 is careful");
        return None;
    }
    Some(x)
}

fn change(walk: &mut Walk, section: &Section) -> Option<(f64, f64)> {
    section.item("change")?;
    let at = section.place_in(walk, "change");
    let numbers = section.item("change").and_then(|i| i.as_array()).map(|all| {
        all.iter().filter_map(|v| v.as_float().or_else(|| v.as_integer().map(|n| n as f64))).collect::<Vec<f64>>()
    });
    match numbers.as_deref() {
        Some(&[low, high]) if (0.0..=high).contains(&low) && high.is_finite() => Some((low, high)),
        _ => {
            let expected = "two multiples of last year, the least and the most";
            walk.fail("out-of-range", &at, "something else", expected, "write change = [0.5, 2.0]");
            None
        }
    }
}

/// Money from 0 up.
fn amount(walk: &mut Walk, section: &Section, key: &str) -> Option<f64> {
    let x = section.number(walk, key)?;
    if x < 0.0 || !x.is_finite() {
        let at = section.place_in(walk, key);
        walk.fail("out-of-range", &at, format!("the number {x}"), "a number from 0 up", "correct it");
        return None;
    }
    Some(x)
}

fn driver_limit(walk: &mut Walk, section: &Section) -> Option<DriverLimit> {
    let name = section.required(walk, "name", "add name = \"search\"");
    let mut edge = |money: &str, change: &str| {
        if section.has(money) && section.has(change) {
            let at = section.place_in(walk, money);
            let found = format!("`{money}` beside `{change}`");
            walk.fail("conflict", &at, found, "one of the two", "keep money, or a multiple of last year");
        }
        let change = amount(walk, section, change).map(Amount::Change);
        amount(walk, section, money).map(Amount::Money).or(change)
    };
    let (min, max) = (edge("min", "min_change"), edge("max", "max_change"));
    let least_if_used = amount(walk, section, "least_if_used");
    let lock = section.boolean(walk, "lock").unwrap_or(false);
    let price = section.positive(walk, "price").unwrap_or(1.0);
    Some(DriverLimit { name: name?, min, max, least_if_used, lock, price })
}

fn group_limit(walk: &mut Walk, section: &Section) -> Option<GroupLimit> {
    let drivers: Vec<String> = section.texts(walk, "drivers").into_iter().map(|(_, name)| name).collect();
    let platform = section.text(walk, "platform");
    if drivers.is_empty() && platform.is_none() {
        walk.missing(&section.at, "drivers", "add drivers = [\"search\", \"video\"], or platform = \"TikTok\"");
        return None;
    }
    let name = section.text(walk, "name").or_else(|| platform.clone()).unwrap_or_else(|| drivers.join(" + "));
    let (min, max) = (amount(walk, section, "min"), amount(walk, section, "max"));
    if min.is_none() && max.is_none() {
        walk.missing(&section.at, "max", "add max = 50000, the most that all of it may have");
    }
    Some(GroupLimit { name, drivers, platform, min, max })
}
