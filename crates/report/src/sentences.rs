//! What the report says in words: the headline, the tiles and a finding above each picture.

use crate::data::{Best, DriverRow, FitSeries, Interval, ReportData, Status};
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
    let mut parts = vec![format!(
        "Marketing drove {} of {}",
        percent_interval(&d.marketing_share),
        d.outcome_name
    )];
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
    if text.ends_with(['.', '!', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

fn known(d: &ReportData, best: &Option<Best>) -> Option<(usize, f64)> {
    best.as_ref()
        .filter(|b| b.driver < d.drivers.len() && b.probability.is_finite())
        .map(|b| (b.driver, b.probability))
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
    if d.outcome_is_money {
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
    if d.outcome_is_money {
        money(x, &d.currency)
    } else {
        number(x)
    }
}

/// An amount of the outcome with its interval.
pub fn outcome_interval(d: &ReportData, x: &Interval) -> String {
    if d.outcome_is_money {
        money_interval(x, &d.currency)
    } else {
        number_interval(x)
    }
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
    if n == 1 {
        format!("1 {word}")
    } else {
        format!("{n} {word}s")
    }
}

/// Money spent on all drivers; missing spend counts as none.
pub fn total_spend(d: &ReportData) -> f64 {
    d.drivers.iter().filter_map(|r| r.spend).filter(|s| s.is_finite()).sum()
}

/// Above the contributions over time.
pub fn over_time(d: &ReportData) -> String {
    let top = by_share(d);
    let base = percent_interval(&d.baseline_share);
    match top.first() {
        Some(row) => format!(
            "{base} of {} would have come anyway. Among the drivers, {} brought most: {}.",
            d.outcome_name,
            short(&row.name),
            outcome_interval(d, &row.incremental)
        ),
        None => format!("{base} of {} would have come anyway.", d.outcome_name),
    }
}

/// Above the waterfall.
pub fn waterfall(d: &ReportData) -> String {
    format!(
        "Of {} in all, drivers brought {}.{}",
        outcome(d, d.total_outcome),
        percent_interval(&d.marketing_share),
        if d.drivers.iter().any(|r| r.share.mean < 0.0) {
            " Bars to the left took away."
        } else {
            ""
        }
    )
}

/// Above the returns.
pub fn returns(d: &ReportData) -> String {
    let mut paid: Vec<&DriverRow> = d.drivers.iter().filter(|r| finite_mean(&r.roi).is_some()).collect();
    paid.sort_by(|a, b| {
        finite_mean(&b.roi)
            .unwrap_or(0.0)
            .total_cmp(&finite_mean(&a.roi).unwrap_or(0.0))
    });
    let Some(first) = paid.first() else {
        return "No driver has a return to show.".to_owned();
    };
    if d.outcome_is_money {
        let sure = paid
            .iter()
            .filter(|r| r.prob_roi_above_1.is_some_and(|p| p > 0.9))
            .count();
        let open = paid
            .iter()
            .filter(|r| r.prob_roi_above_1.is_some_and(|p| (0.1..=0.9).contains(&p)))
            .count();
        let total = plural(paid.len(), "paid driver");
        return format!(
            "{sure} of {total} paid back more than it cost with over 90% certainty; for {open} the data leave it open.",
        );
    }
    match &first.cost_per_increment {
        Some(cost) => format!(
            "{} brought {} at the lowest cost, {} each.",
            short(&first.name),
            d.outcome_name,
            money_interval(cost, &d.currency)
        ),
        None => format!(
            "{} returned most, {}.",
            short(&first.name),
            first.roi.as_ref().map_or_else(String::new, |r| per_unit(d, r))
        ),
    }
}

fn finite_mean(x: &Option<Interval>) -> Option<f64> {
    x.as_ref().map(|x| x.mean).filter(|m| m.is_finite())
}

/// Above the marginal returns.
pub fn marginal(d: &ReportData) -> String {
    let drop = d
        .drivers
        .iter()
        .filter_map(|r| Some((r, finite_mean(&r.roi)?, finite_mean(&r.mroi)?)))
        .filter(|(_, roi, _)| *roi > 0.0)
        .min_by(|a, b| (a.2 / a.1).total_cmp(&(b.2 / b.1)));
    match drop {
        Some((row, roi, mroi)) if mroi < roi => format!(
            "{} is the most saturated: it returned {} on average, but the next {} brings {}.",
            short(&row.name),
            outcome_per(d, roi),
            one_unit(d),
            outcome_per(d, mroi)
        ),
        Some(_) => "No driver shows saturation at today's spend.".to_owned(),
        None => "No driver has both an average and a marginal return.".to_owned(),
    }
}

fn outcome_per(d: &ReportData, x: f64) -> String {
    if d.outcome_is_money {
        format!("{} per {}", money(x, &d.currency), one_unit(d))
    } else {
        format!("{} {} per {}", number(x), d.outcome_name, one_unit(d))
    }
}

/// Above the response curves.
pub fn curves(d: &ReportData) -> String {
    let largest = d
        .curves
        .iter()
        .filter(|c| c.current_spend > 0.0)
        .filter_map(|c| Some((c, height_at(c, c.current_spend)?, height_at(c, c.current_spend * 1.2)?)))
        .max_by(|a, b| a.0.current_spend.total_cmp(&b.0.current_spend));
    match largest {
        Some((curve, now, then)) => format!(
            "20% more on {}, {} a {}, would {} about {} {} a {}.",
            short(&curve.driver),
            money(curve.current_spend * 0.2, &d.currency),
            d.cadence_word,
            outcome(d, then - now),
            if d.outcome_is_money {
                "more".to_owned()
            } else {
                format!("more {}", d.outcome_name)
            },
            d.cadence_word
        ),
        None => format!("What each {} of spend brings as it grows or shrinks.", d.cadence_word),
    }
}

/// Mean of a curve at a spend inside its grid, on the line between the two neighbours.
fn height_at(curve: &crate::data::Curve, spend: f64) -> Option<f64> {
    let right = curve.spend.iter().position(|s| *s >= spend)?;
    let left = right.checked_sub(1)?;
    let (x0, x1) = (curve.spend[left], curve.spend[right]);
    let (y0, y1) = (*curve.mean.get(left)?, *curve.mean.get(right)?);
    let y = y0 + (y1 - y0) * (spend - x0) / (x1 - x0);
    y.is_finite().then_some(y)
}

/// Above observed against predicted.
pub fn fit(d: &ReportData) -> String {
    let missing = missing_values(&d.fit.national);
    let mut text = format!(
        "The model explains {} of the ups and downs and misses a {} by {} on average; {} of observations lie in the 90% band.",
        percent(d.diagnostics.r2),
        d.cadence_word,
        percent(d.diagnostics.mape),
        percent(d.diagnostics.coverage90)
    );
    if missing > 0 {
        text += &format!(
            " {} without an observation.",
            sentence_case(&plural(missing, &d.cadence_word))
        );
    }
    text
}

fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

fn missing_values(fit: &FitSeries) -> usize {
    fit.observed.iter().filter(|o| !o.is_some_and(f64::is_finite)).count()
}

/// Above prior against posterior.
pub fn learned(d: &ReportData) -> String {
    let moved = d.drivers.iter().filter(|r| r.moved_from_prior >= 0.3).count();
    let still = d.drivers.iter().filter(|r| r.moved_from_prior < 0.1).count();
    match (moved, still) {
        (0, _) => {
            "The data moved no driver far from what was assumed before: these results are mostly assumption.".to_owned()
        }
        (_, 0) => format!(
            "The data moved {} of {} well away from what was assumed before.",
            moved,
            plural(d.drivers.len(), "driver")
        ),
        _ => format!(
            "The data moved {moved} of {} well away from what was assumed before; for {still} the result is still the assumption.",
            plural(d.drivers.len(), "driver")
        ),
    }
}

/// Above the adstock decays.
pub fn adstock(d: &ReportData) -> String {
    let left = |c: &crate::data::Decay| c.mean.get(1).copied().filter(|m| m.is_finite());
    let longest = d
        .adstock
        .iter()
        .filter(|c| left(c).is_some())
        .max_by(|a, b| left(a).unwrap_or(0.0).total_cmp(&left(b).unwrap_or(0.0)));
    match longest {
        Some(c) => format!(
            "{} lingers longest: {} of its effect is left after a {}.",
            short(&c.driver),
            percent(left(c).unwrap_or(f64::NAN)),
            d.cadence_word
        ),
        None => "No driver carries over.".to_owned(),
    }
}

/// Drivers by mean share, largest first; those without a number last.
pub fn by_share(d: &ReportData) -> Vec<&DriverRow> {
    let key = |r: &DriverRow| {
        if r.share.mean.is_finite() {
            r.share.mean
        } else {
            f64::NEG_INFINITY
        }
    };
    let mut rows: Vec<&DriverRow> = d.drivers.iter().collect();
    rows.sort_by(|a, b| key(b).total_cmp(&key(a)));
    rows
}

/// A tile under the headline: label, large number, small print.
pub fn tiles(d: &ReportData) -> Vec<(String, String, String)> {
    let spend = total_spend(d);
    let brought: f64 = d
        .drivers
        .iter()
        .filter(|r| r.spend.is_some_and(|s| s > 0.0))
        .map(|r| r.incremental.mean)
        .sum();
    let mut tiles = vec![
        (
            sentence_case(&d.outcome_name),
            outcome(d, d.total_outcome),
            plural(d.dates.len(), &d.cadence_word),
        ),
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
    if spend > 0.0 && brought.is_finite() {
        let each = brought / spend;
        tiles.push(if d.outcome_is_money {
            (
                "Average return".to_owned(),
                money(each, &d.currency),
                format!("per {} spent", one_unit(d)),
            )
        } else {
            (
                "Average cost".to_owned(),
                money(1.0 / each, &d.currency),
                format!("for each of the {} brought", d.outcome_name),
            )
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
