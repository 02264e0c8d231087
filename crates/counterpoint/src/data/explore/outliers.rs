//! Values far from the rest of their series.

use super::contacts;
use super::stats::robust;
use crate::data::Dataset;
use crate::data::codes::review;
use crate::finding::Finding;

/// 10 robust standard deviations from the geo's median. Iglewicz and Hoaglin (1993) suspect Normal values beyond 3.5; media
/// and sales are skewed to the right and have true peaks, so that only what a slipped decimal point or a double booking
/// makes is worth a look.
pub const OUTLIER_SIGMAS: f64 = 10.0;

/// Outcome, exposures (where they are on) and controls (with more than two values) against [`OUTLIER_SIGMAS`].
pub(super) fn outliers(data: &Dataset, out: &mut Vec<Finding>) {
    check(data, "the outcome", &data.outcome, out);
    for driver in &data.drivers {
        let on: Vec<f64> = contacts(data, driver).into_iter().map(|x| if x == 0.0 { f64::NAN } else { x }).collect();
        check(data, &driver.name, &on, out);
    }
    for control in &data.controls {
        check(data, &control.name, &control.values, out);
    }
}

fn check(data: &Dataset, name: &str, values: &[f64], out: &mut Vec<Finding>) {
    let mut count = 0_usize;
    let mut worst: Option<(f64, usize)> = None;
    for (geo, series) in values.chunks(data.n_periods()).enumerate() {
        let Some((centre, spread)) = robust(series) else {
            continue;
        };
        for (t, value) in series.iter().enumerate() {
            let sigmas = (value - centre).abs() / spread;
            if sigmas > OUTLIER_SIGMAS {
                count += 1;
                if worst.is_none_or(|(s, _)| sigmas > s) {
                    worst = Some((sigmas, geo * data.n_periods() + t));
                }
            }
        }
    }
    let Some((sigmas, at)) = worst else { return };
    let (geo, date) = (&data.geos[at / data.n_periods()], data.dates[at % data.n_periods()]);
    let found = format!(
        "{count} {} far from the rest, the farthest {} in {geo} on {date} ({sigmas:.0} robust standard deviations)",
        if count == 1 { "value" } else { "values" },
        values[at]
    );
    let mend =
        "correct it if it is a mistake; if it is real, name its cause as an event or control, or use Student-t noise";
    let expected = format!("values within {OUTLIER_SIGMAS} robust standard deviations of their geo's median");
    out.push(review("outlier", found, expected, mend).at_column(name));
}
