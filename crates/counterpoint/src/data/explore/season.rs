//! Spend that follows the season of the outcome: the season's effect and the channel's are hard to tell apart.

use super::stats::{correlation, dot, project_out};
use super::{contacts, total};
use crate::data::codes::review;
use crate::data::{Dataset, DriverKind};
use crate::finding::Finding;

/// 2 harmonics of the year, as the model's default season: summer and winter, spring and autumn.
pub const SEASON_HARMONICS: usize = 2;

/// 0.5: at least half of the channel's variation, trend aside, is the calendar's.
pub const SEASON_SHARE: f64 = 0.5;

/// 0.2: the outcome has a season worth the name; below it there is nothing to confound with. By judgement.
pub const SEASON_OUTCOME: f64 = 0.2;

/// 0.7: the two seasons share half of their variance (0.7 squared).
pub const SEASON_CORRELATION: f64 = 0.7;

/// Media whose yearly pattern is strong and goes with the outcome's, on data of a year or more.
pub(super) fn seasonal_spend(data: &Dataset, out: &mut Vec<Finding>) {
    let periods = data.n_periods();
    if (periods as f64) < data.cadence.per_year().floor() {
        return;
    }
    let outcome: Vec<f64> = data.outcome.iter().map(|y| if y.is_finite() { *y } else { 0.0 }).collect();
    let Some((own_share, own)) = season(&total(&outcome, periods), data) else {
        return;
    };
    if own_share < SEASON_OUTCOME {
        return;
    }
    for driver in data.drivers.iter().filter(|d| d.kind != DriverKind::Treatment) {
        let Some((share, fitted)) = season(&total(&contacts(data, driver), periods), data) else {
            continue;
        };
        let Some(r) = correlation(&fitted, &own) else { continue };
        if share >= SEASON_SHARE && r >= SEASON_CORRELATION {
            let found = format!(
                "{:.0} % of its variation is the time of year, and its season goes with the outcome's (correlation {r:.2})",
                100.0 * share
            );
            let expected = "spend that varies for reasons other than the season";
            let mend = "its effect leans on the model's season: add the cause of the season as a control (holidays, weather, \
                        demand), or set its prior from an experiment";
            out.push(review("seasonal-spend", found, expected, mend).at_column(&driver.name));
        }
    }
}

/// The share of a series' variation about its trend that yearly harmonics explain, and what they explain.
fn season(series: &[f64], data: &Dataset) -> Option<(f64, Vec<f64>)> {
    let scale = series.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !(scale.is_finite() && scale > 0.0) {
        return None;
    }
    let scaled: Vec<f64> = series.iter().map(|v| v / scale).collect();
    let n = series.len();
    let trend = [vec![1.0; n], (0..n).map(|t| t as f64 / n as f64 - 0.5).collect()];
    let (rest, _) = project_out(&scaled, &trend);
    let mut harmonics = Vec::new();
    for k in 1..=SEASON_HARMONICS {
        let angle = |t: usize| 2.0 * std::f64::consts::PI * k as f64 * t as f64 / data.cadence.per_year();
        harmonics.push((0..n).map(|t| angle(t).sin()).collect::<Vec<f64>>());
        harmonics.push((0..n).map(|t| angle(t).cos()).collect());
    }
    let harmonics: Vec<Vec<f64>> = harmonics.iter().map(|h| project_out(h, &trend).0).collect();
    let (_, fitted) = project_out(&rest, &harmonics);
    let all = dot(&rest, &rest);
    (all > 1e-12 * n as f64).then(|| ((dot(&fitted, &fitted) / all).clamp(0.0, 1.0), fitted))
}
