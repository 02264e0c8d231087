//! Series that cannot be told apart: pairs, and one against all others.

use super::stats::{demeaned, dot, inflation};
use super::{contacts, list};
use crate::data::codes::{Capped, fail, review};
use crate::data::{Dataset, DriverKind};
use crate::finding::Finding;

/// 10: the common rule (Marquardt 1970; Hair et al.): nine tenths of the series is explained by others, and the standard
/// error of its effect is more than three times what it would be alone.
pub const VIF_REVIEW: f64 = 10.0;

/// 1000: Meridian's limit for the whole panel: 99.9 % is explained by others, and only the prior would decide.
pub const VIF_FAIL: f64 = 1000.0;

/// 0.95: the variance inflation of 10 that a pair alone makes.
pub const CORRELATION_REVIEW: f64 = 0.95;

/// 0.999: Meridian's limit for the whole panel: the two are one series.
pub const CORRELATION_FAIL: f64 = 0.999;

/// Drivers per head, and controls, with each geo's mean taken off; series that do not vary are left out.
fn series(data: &Dataset) -> Vec<(String, Vec<f64>)> {
    let mut all = Vec::new();
    for driver in &data.drivers {
        let mut values = contacts(data, driver);
        if driver.kind != DriverKind::Treatment {
            for (geo, people) in values.chunks_mut(data.n_periods()).zip(&data.population) {
                geo.iter_mut().for_each(|v| *v /= people);
            }
        }
        all.extend(demeaned(&values, data.n_periods()).map(|v| (driver.name.clone(), v)));
    }
    for control in &data.controls {
        all.extend(demeaned(&control.values, data.n_periods()).map(|v| (control.name.clone(), v)));
    }
    all
}

/// Pairs of drivers and controls beyond [`CORRELATION_REVIEW`] or [`CORRELATION_FAIL`].
pub(super) fn correlated_pairs(data: &Dataset, out: &mut Vec<Finding>) {
    let series = series(data);
    let (mut same, mut near) = (Capped::new(), Capped::new());
    let expected = format!("correlations within {CORRELATION_REVIEW} over time");
    for (at, (a, x)) in series.iter().enumerate() {
        for (b, y) in &series[at + 1..] {
            let r = dot(x, y);
            if r.abs() <= CORRELATION_REVIEW {
                continue;
            }
            let found = format!("`{a}` and `{b}` move together (correlation {r:.4})");
            if r.abs() > CORRELATION_FAIL {
                let mend = "keep one of them, or merge them into one";
                same.push(out, || fail("correlated-pair", found, &expected, mend).at_column(b));
            } else {
                let mend = "read their sum, not each; merge them, or tell them apart by an experiment";
                near.push(out, || review("correlated-pair", found, &expected, mend).at_column(b));
            }
        }
    }
    same.finish(out);
    near.finish(out);
}

/// Drivers and controls that the others explain almost wholly.
pub(super) fn variance_inflation(data: &Dataset, out: &mut Vec<Finding>) {
    let series = series(data);
    let k = series.len();
    if k < 2 || data.n_geos() * data.n_periods() <= k + data.n_geos() {
        return; // Fewer rows than series: few-observations says so.
    }
    let correlations: Vec<f64> = series.iter().flat_map(|(_, x)| series.iter().map(move |(_, y)| dot(x, y))).collect();
    for ((at, (name, x)), vif) in series.iter().enumerate().zip(inflation(&correlations, k)) {
        if vif <= VIF_REVIEW {
            continue;
        }
        let mut others: Vec<(f64, &String)> = series
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, (other, y))| (dot(x, y).abs(), other))
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        let nearest: Vec<String> = others.iter().take(2).map(|(_, name)| (*name).clone()).collect();
        let found = format!(
            "the others explain {:.2} % of it (variance inflation {vif:.0}), foremost {}",
            100.0 * (1.0 - 1.0 / vif),
            list(&nearest)
        );
        let expected = format!("a variance inflation below {VIF_REVIEW}");
        if vif > VIF_FAIL {
            let mend = "take it out, or merge it with those that explain it";
            out.push(fail("collinear", found, expected, mend).at_column(name));
        } else {
            let mend =
                "its own effect is mostly prior: merge it with a like series, or set its prior from an experiment";
            out.push(review("collinear", found, expected, mend).at_column(name));
        }
    }
}
