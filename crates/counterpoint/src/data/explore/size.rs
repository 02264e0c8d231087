//! Whether there is enough to learn from: variation, length, history, data points for each parameter, geos.

use super::stats::{is_constant, rank_correlation};
use super::{contacts, list};
use crate::data::calendar::Cadence;
use crate::data::codes::{fail, info, review};
use crate::data::{Dataset, DriverKind};
use crate::finding::Finding;
use crate::project::{Project, TrendSpec};

/// 4 data points a parameter: Meridian's documentation calls 104 weeks for 26 parameters too little.
pub const TOO_LITTLE_DATA: f64 = 4.0;

/// 15 data points a parameter: Meridian's documentation calls 156 weeks for 10 parameters enough for a direction.
pub const DIRECTIONAL_DATA: f64 = 15.0;

/// 364 days (52 weeks): a season that was not seen once whole cannot be told from a trend.
pub const ONE_YEAR_DAYS: usize = 364;

/// 728 days (104 weeks): a season that was seen once cannot be told from what happened that year. Meridian and Robyn ask
/// for two to three years.
pub const TWO_YEARS_DAYS: usize = 728;

/// 5 geos: with fewer, a rank correlation says nothing.
pub const MIN_RANK_GEOS: usize = 5;

/// An outcome that never changes, over all or in some geos.
pub(super) fn outcome_constant(data: &Dataset, out: &mut Vec<Finding>) {
    if is_constant(&data.outcome) {
        let mend = "name the column that holds the outcome";
        out.push(fail("outcome-constant", "the same outcome everywhere", "an outcome that varies", mend));
        return;
    }
    let still: Vec<String> = data
        .outcome
        .chunks(data.n_periods())
        .zip(&data.geos)
        .filter(|(series, _)| data.n_periods() > 1 && is_constant(series))
        .map(|(_, geo)| geo.clone())
        .collect();
    if !still.is_empty() {
        let mend = "take these geos out, or correct their outcome";
        let found = format!("the outcome never changes in {}", list(&still));
        out.push(review("outcome-constant", found, "an outcome that varies in each geo", mend));
    }
}

/// A control that never changes: over all it is a part of the level; over time only, it is a part of the geos' levels.
pub(super) fn control_constant(data: &Dataset, out: &mut Vec<Finding>) {
    for control in &data.controls {
        let expected = "a control that changes over time";
        if is_constant(&control.values) {
            let finding = fail(
                "control-constant",
                "the same value everywhere",
                expected,
                "take the control out: it explains nothing",
            );
            out.push(finding.at_column(&control.name));
        } else if data.n_periods() > 1 && control.values.chunks(data.n_periods()).all(is_constant) {
            let found = "a value a geo that never changes over time";
            let mend = "take the control out: each geo has a level of its own already";
            out.push(review("control-constant", found, expected, mend).at_column(&control.name));
        }
    }
}

/// Data points for each parameter, counted as Meridian does: geos beyond the first, knots of the trend, controls, drivers;
/// and the terms of the season and the holidays.
pub(super) fn few_observations(project: &Project, data: &Dataset, out: &mut Vec<Finding>) {
    let points = data.outcome.iter().filter(|y| y.is_finite()).count();
    let model = &project.model;
    let knots = match &model.trend {
        TrendSpec::None => 0,
        TrendSpec::KnotsEvery(every) => data.n_periods().div_ceil((*every).max(1)),
        TrendSpec::FreeKnots(dates) => dates.len(),
        TrendSpec::FreeKnotCount(count) => *count,
    };
    let weekly = if data.cadence == Cadence::Daily { model.season_weekly } else { 0 };
    let season = 2_usize.saturating_mul(model.season_yearly.saturating_add(weekly));
    let baseline = (data.n_geos() - 1).saturating_add(knots).saturating_add(season);
    let parameters = baseline.saturating_add(data.controls.len() + data.holidays.len() + data.drivers.len());
    let ratio = points as f64 / parameters.max(1) as f64;
    let found = format!("{points} data points for {parameters} parameters ({ratio:.1} each)");
    if ratio < TOO_LITTLE_DATA {
        let mend = "merge small channels, take out controls, use fewer knots, or give more weeks or geos";
        out.push(review("few-observations", found, format!("{TOO_LITTLE_DATA} or more for each"), mend));
    } else if ratio < DIRECTIONAL_DATA {
        let mend = "read results as directions; geos, or experiments, make them firmer";
        out.push(info("few-observations", found, format!("{DIRECTIONAL_DATA} or more for each"), mend));
    }
}

/// Less exposure before the first outcome than the longest lag reaches back.
pub(super) fn short_history(project: &Project, data: &Dataset, out: &mut Vec<Finding>) {
    let default = match data.cadence {
        Cadence::Daily => 56,
        Cadence::Weekly => 8,
    };
    let of_model = project.model.max_lag.unwrap_or(default);
    let media = data.drivers.iter().filter(|d| d.kind != DriverKind::Treatment);
    let longest = media.map(|d| super::spec(project, d).and_then(|s| s.max_lag).unwrap_or(of_model)).max().unwrap_or(0);
    if data.history < longest {
        let word = data.cadence.word();
        let found =
            format!("{} {word}s of exposure before the first outcome, and lags of up to {longest}", data.history);
        let mend = format!(
            "add rows with exposure and an empty outcome before {}; else what ran then counts as 0",
            data.dates[0]
        );
        out.push(info("short-history", found, format!("{longest} {word}s"), mend));
    }
}

/// Less than one or two years of data.
pub(super) fn short_series(data: &Dataset, out: &mut Vec<Finding>) {
    let days = data.n_periods() * usize::try_from(data.cadence.days()).unwrap_or(1);
    let found = format!("{} {}s", data.n_periods(), data.cadence.word());
    let expected = "two years or more";
    if days < ONE_YEAR_DAYS {
        let mend = "add earlier data; until then the season is not known, and a seasonal channel may take its credit";
        out.push(review("short-series", found, expected, mend));
    } else if days < TWO_YEARS_DAYS {
        out.push(info(
            "short-series",
            found,
            expected,
            "add earlier data if there is any; each season was seen once only",
        ));
    }
}

/// How outcome and media go with population over geos: low values point at a wrong population or a regional medium.
pub(super) fn population_correlation(data: &Dataset, out: &mut Vec<Finding>) {
    if data.n_geos() < MIN_RANK_GEOS || is_constant(&data.population) {
        return;
    }
    let by_geo = |values: &[f64]| -> Vec<f64> {
        values.chunks(data.n_periods()).map(|geo| geo.iter().filter(|v| v.is_finite()).sum()).collect()
    };
    let mut parts = Vec::new();
    let media = data.drivers.iter().filter(|d| d.kind != DriverKind::Treatment);
    let series = media.map(|d| (d.name.as_str(), contacts(data, d)));
    for (name, values) in [("outcome", data.outcome.clone())].into_iter().chain(series) {
        if let Some(r) = rank_correlation(&by_geo(&values), &data.population) {
            parts.push(format!("{name} {r:.2}"));
        }
    }
    if !parts.is_empty() {
        let found = format!("rank correlation with population over geos: {}", parts.join(", "));
        let mend = "nothing to do if low values are meant (regional media); else check the population column";
        out.push(info("population-correlation", found, "high where a medium is bought by reach", mend));
    }
}
