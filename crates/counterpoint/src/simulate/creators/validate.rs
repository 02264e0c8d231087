//! Checks of `[creators]` in a simulation file: every value that makes no roster is said at once.

use super::super::spec::SimulationSpec;
use super::spec::{PersonSpec, RosterSpec};
use crate::finding::{Finding, Severity};

/// Most creators, posts in all, and accounts times geos times periods; they bound memory.
const MOST: (usize, usize, usize) = (10_000, 200_000, 20_000_000);
/// Most platforms.
const MOST_PLATFORMS: usize = 50;

/// All findings of the creators of a spec.
pub(in crate::simulate) fn findings(spec: &SimulationSpec, wanted: &RosterSpec, out: &mut Vec<Finding>) {
    numbers(wanted, out);
    sizes(spec, wanted, out);
    words(wanted, &super::super::market::driver_names(spec), out);
    for (i, person) in wanted.creator.iter().enumerate() {
        misplaced(i, person, wanted, out);
    }
}

fn fail(key: String, code: &'static str, found: impl Into<String>, expected: &str, mend: &str) -> Finding {
    Finding::new(Severity::Fail, code, found.into(), expected, mend).at_column(key)
}

fn numbers(wanted: &RosterSpec, out: &mut Vec<Finding>) {
    let (tiny, infinity) = (f64::MIN_POSITIVE, f64::INFINITY);
    let mut number = |key: String, value: Option<f64>, low: f64, high: f64| {
        let Some(value) = value else { return };
        if !(value >= low && value <= high && value.is_finite()) {
            let low = if low == tiny { "more than 0".to_owned() } else { format!("{low} or more") };
            let range = if high == infinity { low } else { format!("{low}, at most {high}") };
            out.push(fail(key, "out-of-range", format!("{value}"), &range, "write a number in that range"));
        }
    };
    for (key, value, low, high) in [
        ("two_platforms", wanted.two_platforms, 0.0, 1.0),
        ("snapshots", wanted.snapshots, 0.0, 1.0),
        ("codes", wanted.codes, 0.0, 1.0),
        ("fake_share", wanted.fake_share, 0.0, 0.9),
        ("fake_worth", wanted.fake_worth, 0.0, 1.0),
        ("followers_slope", wanted.followers_slope, -2.0, 2.0),
        ("audience_spread", wanted.audience_spread, 0.0, 3.0),
        ("audience_kinds", wanted.audience_kinds as f64, 1.0, 8.0),
        ("at_home", wanted.at_home, 0.0, 1.0),
        ("capture_spread", wanted.capture_spread, 0.0, 3.0),
        ("leak", wanted.leak, 0.0, 1.0),
        ("leak_spread", wanted.leak_spread, 0.0, 3.0),
        ("dispersion", wanted.dispersion, 0.01, 1e6),
        ("refunds", wanted.refunds, 0.0, 1.0),
        ("deals.flat", wanted.deals.flat, 0.0, 1e9),
        ("deals.cpm", wanted.deals.cpm, 0.0, 1e9),
        ("deals.commission", wanted.deals.commission, 0.0, 1e9),
        ("deals.hybrid", wanted.deals.hybrid, 0.0, 1e9),
        ("deals.retainer", wanted.deals.retainer, 0.0, 1e9),
        ("deals.gifting", wanted.deals.gifting, 0.0, 1e9),
    ] {
        number(format!("creators.{key}"), Some(value), low, high);
    }
    for (i, p) in wanted.platform.iter().enumerate() {
        for (key, value, low, high) in [
            ("weight", p.weight, 0.0, 1e9),
            ("omega", p.omega, 0.1, 5.0),
            ("u0", p.u0, 1e-4, 1000.0),
            ("retention", p.retention, 0.0, 0.99),
            ("half_saturation", p.half_saturation, tiny, infinity),
            ("geo_spread", p.geo_spread, 0.0, 3.0),
            ("share", p.share, 0.0, 10.0),
            ("roi", p.roi, tiny, infinity),
            ("capture", p.capture, 0.001, 0.999),
            ("weight_spread", p.weight_spread, 0.0, 3.0),
            ("views_per_follower", p.views_per_follower, tiny, 1000.0),
        ] {
            number(format!("creators.platform[{}].{key}", i + 1), value, low, high);
        }
    }
    for (i, c) in wanted.creator.iter().enumerate() {
        for (key, value, low, high) in [
            ("followers", c.followers, 1.0, 1e9),
            ("views_per_follower", c.views_per_follower, tiny, 1000.0),
            ("weight", c.weight, tiny, 1e6),
            ("fake_share", c.fake_share, 0.0, 1.0),
            ("capture", c.capture, 0.0, 1.0),
            ("leak", c.leak, 0.0, 1.0),
            ("fee", c.fee, 0.0, infinity),
            ("rate", c.rate, 0.0, 1.0),
        ] {
            number(format!("creators.creator[{}].{key}", i + 1), value, low, high);
        }
    }
}

fn sizes(spec: &SimulationSpec, wanted: &RosterSpec, out: &mut Vec<Finding>) {
    let people = wanted.people();
    if !(1..=MOST.0).contains(&people) {
        let expected = format!("1 to {}", MOST.0);
        let mend = "write a number in that range, or leave [creators] out";
        out.push(fail("creators.count".into(), "out-of-range", format!("{people}"), &expected, mend));
    }
    if wanted.platform.len() > MOST_PLATFORMS {
        let found = format!("{} platforms", wanted.platform.len());
        let expected = format!("{MOST_PLATFORMS} at most");
        out.push(fail("creators.platform".into(), "out-of-range", found, &expected, "take some out"));
    }
    let (min, max) = (wanted.followers.min, wanted.followers.max);
    if !(min >= 1.0 && max >= min && max <= 1e9) {
        let found = format!("min {min}, max {max}");
        let expected = "1 or more followers, min at most max";
        out.push(fail("creators.followers".into(), "out-of-range", found, expected, "exchange or mend them"));
    }
    let (few, many) = (wanted.posts.min, wanted.posts.max);
    if few < 1 || many < few {
        let found = format!("min {few}, max {many}");
        let expected = "1 or more posts, min at most max";
        out.push(fail("creators.posts".into(), "out-of-range", found, expected, "exchange or mend them"));
    }
    let asked = wanted.creator.iter().filter_map(|c| c.posts).fold(0_usize, usize::saturating_add);
    if people.saturating_mul(many).saturating_add(asked) > MOST.1 {
        let expected = format!("{} at most", MOST.1);
        let found = "more posts than can be made";
        out.push(fail("creators.posts".into(), "out-of-range", found, &expected, "fewer creators or posts"));
    }
    if people.saturating_mul(2).saturating_mul(spec.geos).saturating_mul(spec.periods) > MOST.2 {
        let found = "creators x geos x periods of more than 10 million";
        out.push(fail("creators.count".into(), "out-of-range", found, "fewer", "fewer creators, geos or periods"));
    }
    let weights = wanted.platforms();
    if weights.iter().all(|p| p.weight == Some(0.0)) {
        let found = "no platform with a weight above 0";
        out.push(fail("creators.platform".into(), "out-of-range", found, "one that creators are on", "give it one"));
    }
    if wanted.deals.all().iter().all(|(_, w)| *w == 0.0) {
        let found = "no kind of deal with a weight above 0";
        out.push(fail("creators.deals".into(), "out-of-range", found, "one that is made", "give it one"));
    }
}

/// Names that stand twice or would not survive a table.
fn words(wanted: &RosterSpec, drivers: &[String], out: &mut Vec<Finding>) {
    let platforms: Vec<String> = wanted.platforms().into_iter().filter_map(|p| p.name).collect();
    let people = wanted.names();
    let lists = [("platform", &platforms, drivers), ("creator", &people, &[][..])];
    for (list, names, taken) in lists {
        for (i, name) in names.iter().enumerate() {
            let key = format!("creators.{list}[{}].name", i + 1);
            if let Some(expected) = no_name(name) {
                out.push(fail(key, "unknown-value", format!("the name {name:?}"), expected, "write the name so"));
            } else if names[..i].contains(name) {
                out.push(fail(key, "conflict", format!("the name {name:?} twice"), "names that differ", "rename one"));
            } else if taken.contains(name) {
                let found = format!("the name {name:?}, which is a channel's");
                out.push(fail(key, "conflict", found, "names that differ", "rename one"));
            }
        }
    }
    for (i, person) in wanted.creator.iter().enumerate() {
        let key = |word: &str| format!("creators.creator[{}].{word}", i + 1);
        if let Some(expected) = person.niche.as_deref().and_then(no_name) {
            let found = format!("the niche {:?}", person.niche.as_deref().unwrap_or_default());
            out.push(fail(key("niche"), "unknown-value", found, expected, "write it so"));
        }
        for (k, name) in person.platforms.iter().enumerate() {
            if !platforms.contains(name) {
                let expected = format!("one of {}", platforms.join(", "));
                let found = format!("the platform {name:?}");
                out.push(fail(key("platforms"), "unknown-value", found, &expected, "use one of them"));
            } else if person.platforms[..k].contains(name) {
                let found = format!("the platform {name:?} twice");
                out.push(fail(key("platforms"), "conflict", found, "each platform once", "take one out"));
            }
        }
    }
}

/// What a name must be, where it is not: a table read back must give the name that was written.
pub(in crate::simulate) fn no_name(name: &str) -> Option<&'static str> {
    let strange = name.chars().any(char::is_control) || name.trim() != name || name.is_empty();
    let formula = name.starts_with(['=', '+', '-', '@', '\'']);
    if strange {
        Some("a text without control characters, and without spaces around it")
    } else if formula {
        Some("a name that no spreadsheet takes for a formula: not beginning with = + - @ '")
    } else {
        None
    }
}

/// Keys that do not go together.
fn misplaced(i: usize, person: &PersonSpec, wanted: &RosterSpec, out: &mut Vec<Finding>) {
    let key = |word: &str| format!("creators.creator[{}].{word}", i + 1);
    let code = person.code.unwrap_or(wanted.codes > 0.0);
    if let Some(deal) = person.deal.filter(|d| d.needs_code())
        && (person.code == Some(false) || !code || (person.code.is_none() && wanted.codes < 1.0))
    {
        let found = format!("a {} deal of a creator who may have no code", deal.word());
        out.push(fail(key("deal"), "conflict", found, "a code to see sales by", "write code = true"));
    }
    if person.deal.is_none() && (person.fee.is_some() || person.rate.is_some()) {
        let word = if person.fee.is_some() { "fee" } else { "rate" };
        let found = format!("`{word}` without a kind of deal");
        out.push(fail(key(word), "conflict", found, "`deal`, which says what it is paid for", "write deal = \"flat\""));
    }
    let kind = person.deal;
    if person.rate.is_some() && kind.is_some_and(|d| !d.needs_code()) {
        let found = "`rate` in a deal that pays no share of sales";
        out.push(fail(key("rate"), "conflict", found, "a commission or hybrid deal", "remove it, or change the deal"));
    }
    if person.fee.is_some() && kind == Some(super::spec::DealWord::Commission) {
        let found = "`fee` in a commission deal";
        out.push(fail(key("fee"), "conflict", found, "`rate` alone", "remove it, or make the deal hybrid"));
    }
    if person.posts.is_some_and(|n| n < person.platforms.len().max(1)) {
        let found = format!("{} posts", person.posts.unwrap_or(0));
        out.push(fail(key("posts"), "out-of-range", found, "one a platform or more", "write a larger number"));
    }
    if let Some([from, to]) = person.active
        && !(from >= 0.0 && from < to && to <= 1.0)
    {
        let found = format!("[{from}, {to}]");
        out.push(fail(key("active"), "out-of-range", found, "two rising shares between 0 and 1", "mend them"));
    }
}
