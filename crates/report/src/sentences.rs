//! What the report says in words: the headline, the tiles and a finding above each picture.

use crate::data::{Best, DriverRow, Interval, ReportData, Status};
use crate::numbers::{
    currency_sign, currency_unit, date, money, money_interval, number, number_interval, percent, percent_interval,
    probability,
};

/// Draws must agree this often before the report says that one driver leads.
const SURE: f64 = 0.8;

/// The answer in a sentence or three. A failed fit gets a warning in its place.
pub fn headline(d: &ReportData) -> String {
    if d.verdict.status == Status::Fail {
        return format!("Do not use these numbers: {}", reasons(d));
    }
    let mut parts = vec![format!("Marketing drove {} of {}", percent_interval(&d.marketing_share), d.outcome_name)];
    parts.extend(returned_most(d));
    parts.extend(next_best(d));
    format!("{}.", parts.join("; "))
}

fn reasons(d: &ReportData) -> String {
    if d.verdict.reasons.is_empty() {
        return "the fit failed its checks.".to_owned();
    }
    let text: Vec<String> = d.verdict.reasons.iter().map(|r| full_stop(r)).collect();
    let text = text.join(" ");
    let mut chars = text.chars();
    match chars.next() {
        // An abbreviation or a name such as R-hat keeps its capital.
        Some(first) if text.chars().nth(1).is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text,
    }
}

/// The sentence with a full stop, if it has no end yet.
pub fn full_stop(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn known(d: &ReportData, best: &Option<Best>) -> Option<(usize, f64)> {
    best.as_ref().filter(|b| b.driver < d.drivers.len() && b.probability.is_finite()).map(|b| (b.driver, b.probability))
}

fn returned_most(d: &ReportData) -> Option<String> {
    let (index, p) = known(d, &d.best_return)?;
    let row = &d.drivers[index];
    let roi = row.roi.as_ref()?;
    let (name, each) = (short(&row.name), per_unit(d, roi));
    Some(if p >= SURE && row.identified {
        format!("{name} returned most, {each}")
    } else {
        format!("{name} leads on return with {each}, though not clearly")
    })
}

fn next_best(d: &ReportData) -> Option<String> {
    let unit = currency_unit(&d.currency);
    let unit = if unit.is_empty() { "unit of spend" } else { unit };
    let (index, p) = known(d, &d.best_next)?;
    let name = short(&d.drivers[index].name);
    Some(if p >= SURE {
        format!("the next {unit} is best spent in {name}, {} sure", probability(p))
    } else {
        format!(
            "where the next {unit} is best spent is not distinguishable yet ({name} leads, {} sure)",
            probability(p)
        )
    })
}

/// `$3.2 (2.1–4.6) per $1` for money, `0.12 (0.08–0.17) orders per $1` for counts.
pub fn per_unit(d: &ReportData, x: &Interval) -> String {
    if d.returns_are_money {
        format!("{} per {}", money_interval(x, &d.currency), one_unit(d))
    } else {
        format!("{} {} per {}", number_interval(x), d.outcome_name, one_unit(d))
    }
}

/// `$1`, or `1 XYZ`.
pub fn one_unit(d: &ReportData) -> String {
    money(1.0, &d.currency)
}

/// An amount of the outcome with its unit.
pub fn outcome(d: &ReportData, x: f64) -> String {
    if d.outcome_is_money { money(x, &d.currency) } else { number(x) }
}

/// An amount of the outcome with its interval.
pub fn outcome_interval(d: &ReportData, x: &Interval) -> String {
    if d.outcome_is_money { money_interval(x, &d.currency) } else { number_interval(x) }
}

/// A name as it appears inside a sentence: at most 40 characters.
pub fn short(name: &str) -> String {
    if name.chars().count() <= 40 {
        return name.to_owned();
    }
    let cut: String = name.chars().take(39).collect();
    format!("{}…", cut.trim_end())
}

/// First to last date and how many periods and geos: `7 Feb 2022 to 26 Jan 2026, 208 weeks, 50 geos`.
pub fn coverage(d: &ReportData) -> String {
    let mut text = match (d.dates.first(), d.dates.last()) {
        (Some(first), Some(last)) => format!("{} to {}, ", date(first), date(last)),
        _ => String::new(),
    };
    text += &plural(d.dates.len(), &d.cadence_word);
    if d.geos.len() > 1 {
        text += &format!(", {}", plural(d.geos.len(), "geo"));
    }
    format!("{text}, {}", plural(d.drivers.len(), "driver"))
}

/// `1 week`, `3 weeks`.
pub fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// Money spent on all drivers; missing spend counts as none.
pub fn total_spend(d: &ReportData) -> f64 {
    d.drivers.iter().filter_map(|r| r.spend).filter(|s| s.is_finite()).sum()
}

/// Drivers by mean share, largest first; those without a number last.
pub fn by_share(d: &ReportData) -> Vec<&DriverRow> {
    let key = |r: &DriverRow| {
        if r.share.mean.is_finite() { r.share.mean } else { f64::NEG_INFINITY }
    };
    let mut rows: Vec<&DriverRow> = d.drivers.iter().collect();
    rows.sort_by(|a, b| key(b).total_cmp(&key(a)));
    rows
}

/// A tile under the headline: label, large number, small print.
pub fn tiles(d: &ReportData) -> Vec<(String, String, String)> {
    let spend = total_spend(d);
    let mut tiles = vec![
        (sentence_case(&d.outcome_name), outcome(d, d.total_outcome), plural(d.dates.len(), &d.cadence_word)),
        (
            "Brought by marketing".to_owned(),
            percent(d.marketing_share.mean),
            interval_note(&percent_interval(&d.marketing_share)),
        ),
        (
            "Spend".to_owned(),
            money(spend, &d.currency),
            plural(d.drivers.iter().filter(|r| r.spend.is_some()).count(), "paid driver"),
        ),
    ];
    if let Some(brought) = d.paid_incremental.filter(|i| spend > 0.0 && i.mean.is_finite()) {
        let Interval { mean, q05, q50, q95 } = brought;
        let range = |i: Interval| interval_note(&money_interval(&i, &d.currency));
        tiles.push(if d.outcome_is_money {
            let each = Interval { mean: mean / spend, q05: q05 / spend, q50: q50 / spend, q95: q95 / spend };
            let note = format!("per {} spent, {}", one_unit(d), range(each));
            ("Average return".to_owned(), money(each.mean, &d.currency), note)
        } else {
            let each = Interval { mean: spend / mean, q05: spend / q95, q50: spend / q50, q95: spend / q05 };
            // Of what may bring nothing the cost has no upper end.
            let ends = if q05 > 0.0 { format!(", {}", range(each)) } else { String::new() };
            let note = format!("for each of the {} brought{ends}", d.outcome_name);
            ("Average cost".to_owned(), money(each.mean, &d.currency), note)
        });
    }
    if currency_sign(&d.currency).is_none() && d.currency.is_empty() {
        tiles.retain(|t| t.0 != "Average cost");
    }
    tiles
}

fn interval_note(text: &str) -> String {
    match text.split_once(" (") {
        Some((_, range)) => format!("90% interval {}", range.trim_end_matches(')')),
        None => String::new(),
    }
}

/// The same text with a capital at its start.
pub(crate) fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
