//! The finding above each picture, in a sentence or two.

use crate::data::{Curve, Decay, DriverRow, FitSeries, Interval, ReportData};
use crate::numbers::{money, money_interval, number, percent, percent_interval};
use crate::sentences::{by_share, one_unit, outcome, outcome_interval, per_unit, plural, sentence_case, short};

/// Above the contributions over time.
pub(crate) fn over_time(d: &ReportData) -> String {
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
pub(crate) fn waterfall(d: &ReportData) -> String {
    format!(
        "Of {} in all, drivers brought {}.{}",
        outcome(d, d.total_outcome),
        percent_interval(&d.marketing_share),
        if d.drivers.iter().any(|r| r.share.mean < 0.0) { " Bars to the left took away." } else { "" }
    )
}

/// Above the returns.
pub(crate) fn returns(d: &ReportData) -> String {
    let mut paid: Vec<&DriverRow> = d.drivers.iter().filter(|r| finite_mean(&r.roi).is_some()).collect();
    paid.sort_by(|a, b| finite_mean(&b.roi).unwrap_or(0.0).total_cmp(&finite_mean(&a.roi).unwrap_or(0.0)));
    let Some(first) = paid.first() else {
        return "No driver has a return to show.".to_owned();
    };
    if d.returns_are_money {
        let sure = paid.iter().filter(|r| r.prob_roi_above_1.is_some_and(|p| p > 0.9)).count();
        let open = paid.iter().filter(|r| r.prob_roi_above_1.is_some_and(|p| (0.1..=0.9).contains(&p))).count();
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
pub(crate) fn marginal(d: &ReportData) -> String {
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
    if d.returns_are_money {
        format!("{} per {}", money(x, &d.currency), one_unit(d))
    } else {
        format!("{} {} per {}", number(x), d.outcome_name, one_unit(d))
    }
}

/// Above the response curves.
pub(crate) fn curves(d: &ReportData) -> String {
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
            if then < now { "take away" } else { "bring" },
            outcome(d, (then - now).abs()),
            if d.outcome_is_money { "more".to_owned() } else { format!("more {}", d.outcome_name) },
            d.cadence_word
        ),
        None => format!("What each {} of spend brings as it grows or shrinks.", d.cadence_word),
    }
}

/// Mean of a curve at a spend inside its grid, on the line between the two neighbours.
fn height_at(curve: &Curve, spend: f64) -> Option<f64> {
    let right = curve.spend.iter().position(|s| *s >= spend)?;
    let left = right.checked_sub(1)?;
    let (x0, x1) = (curve.spend[left], curve.spend[right]);
    let (y0, y1) = (*curve.mean.get(left)?, *curve.mean.get(right)?);
    let y = y0 + (y1 - y0) * (spend - x0) / (x1 - x0);
    y.is_finite().then_some(y)
}

/// Above observed against predicted.
pub(crate) fn fit(d: &ReportData) -> String {
    let missing = missing_values(&d.fit.national);
    let mut text = format!(
        "The model explains {} of the ups and downs and misses a {} by {} on average; {} of observations lie in the 90% band.",
        percent(d.diagnostics.r2),
        d.cadence_word,
        percent(d.diagnostics.mape),
        percent(d.diagnostics.coverage90)
    );
    if missing > 0 {
        text += &format!(" {} without an observation.", sentence_case(&plural(missing, &d.cadence_word)));
    }
    text
}

fn missing_values(fit: &FitSeries) -> usize {
    fit.observed.iter().filter(|o| !o.is_some_and(f64::is_finite)).count()
}

/// Above prior against posterior.
pub(crate) fn learned(d: &ReportData) -> String {
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
pub(crate) fn adstock(d: &ReportData) -> String {
    let left = |c: &Decay| c.mean.get(1).copied().filter(|m| m.is_finite());
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
