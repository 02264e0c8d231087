//! What the data could not tell, and what to test next: whole sentences.

use crate::report_data::{cadence, interval};
use crate::settings;
use counterpoint::data::Dataset;
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{DriverEstimate, Estimates};
use counterpoint_report as report;
use report::numbers::{number_interval, percent};

/// Tests that are suggested at most.
const TESTS: usize = 2;

/// What the data could not tell.
pub(crate) fn not_identified(model: &Model, estimates: &Estimates) -> Vec<String> {
    let quantity = |name: &str| match model.drivers.iter().find(|d| d.name == name).map(|d| settings::effect(d.on)) {
        Some("roi") => "ROI",
        Some("mroi") => "marginal ROI",
        Some("contribution") => "share of the outcome",
        _ => "effect",
    };
    let sentence = |d: &DriverEstimate| {
        let value = match &d.roi {
            Some(roi) => format!("ROI {}", number_interval(&interval(roi))),
            None => format!("share {}", report::numbers::percent_interval(&interval(&d.share))),
        };
        format!(
            "The data could hardly tell {}: its {} moved little from the prior ({} of the way), so {value} is mostly what was assumed.",
            report::sentences::short(&d.name),
            quantity(&d.name),
            percent(d.moved_from_prior.max(0.0))
        )
    };
    estimates.drivers.iter().filter(|d| !d.identified).map(sentence).collect()
}

/// Which drivers to test: a large share of the spend and a wide interval of the return come first.
pub(crate) fn next_tests(dataset: &Dataset, estimates: &Estimates, return_word: &str) -> Vec<String> {
    let spent: f64 = estimates.drivers.iter().filter_map(|d| d.spend).sum();
    let mut worth: Vec<(f64, &DriverEstimate)> = estimates
        .drivers
        .iter()
        .filter_map(|d| {
            let (spend, roi) = (d.spend?, d.roi.as_ref()?);
            let width = (roi.q95 - roi.q05) / roi.mean.abs().max(f64::MIN_POSITIVE);
            let doubt = 1.0 + (1.0 - d.moved_from_prior).clamp(0.0, 1.0);
            Some((spend / spent * width * doubt, d)).filter(|(w, _)| w.is_finite())
        })
        .collect();
    worth.sort_by(|a, b| b.0.total_cmp(&a.0));
    let how = if dataset.n_geos() > 1 {
        "hold it out in about a third of the geos for four to eight weeks and compare them with the rest".to_owned()
    } else {
        format!("turn it off and on again in turns of a few {}s, on dates drawn by lot", cadence(dataset))
    };
    worth
        .iter()
        .take(TESTS)
        .map(|(_, d)| {
            let roi = d.roi.as_ref().map_or_else(String::new, |roi| number_interval(&interval(roi)));
            format!(
                "Test {} next: it takes {} of the spend and its {return_word} is only known to be {roi}; {how}.",
                report::sentences::short(&d.name),
                percent(d.spend.unwrap_or(0.0) / spent),
            )
        })
        .collect()
}
