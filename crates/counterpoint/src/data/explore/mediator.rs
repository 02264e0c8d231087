//! Controls that media may move: holding them fixed takes away part of what media do.

use super::contacts;
use super::stats::{demeaned, dot};
use crate::data::codes::review;
use crate::data::{Dataset, DriverKind};
use crate::finding::Finding;

/// Parts of names, in lower case without blanks and signs, of series that media usually move on the way to the outcome:
/// brand queries, traffic and clicks (Chen et al. 2018, "Bias correction for paid search in media mix modeling"; Meridian's
/// guide on mediators).
pub const MEDIATOR_NAMES: [&str; 12] = [
    "brandsearch",
    "brandedsearch",
    "branded",
    "brandquer",
    "gqv",
    "traffic",
    "session",
    "click",
    "visit",
    "pageview",
    "addtocart",
    "installs",
];

/// 0.15: less than a fortieth of the variance is too little to matter. Meridian's simulated full-funnel data have a known
/// mediator (0.19 with awareness video two to three weeks before) and a known confounder (0.12), told apart here.
pub const MEDIATOR_CORRELATION: f64 = 0.15;

/// 4 standard errors (one is 1 / sqrt(geos x periods)): the largest of tens of driver and lag pairs that have nothing to do
/// with each other comes to about three, and neighbouring periods are alike, which widens it.
pub const MEDIATOR_SIGMAS: f64 = 4.0;

/// 4 periods: how far back media are looked at; most of a geometric carry-over of half lies within them.
pub const MEDIATOR_LAGS: usize = 4;

/// Controls named like a mediator that go with media of now or of the last [`MEDIATOR_LAGS`] periods.
pub(super) fn mediator_control(data: &Dataset, out: &mut Vec<Finding>) {
    let periods = data.n_periods();
    let least = (MEDIATOR_SIGMAS / ((data.n_geos() * periods) as f64).sqrt()).max(MEDIATOR_CORRELATION);
    for control in &data.controls {
        let plain: String = control.name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if !MEDIATOR_NAMES.iter().any(|name| plain.contains(name)) {
            continue;
        }
        let mut best: Option<(f64, &str, usize)> = None;
        for driver in data.drivers.iter().filter(|d| d.kind != DriverKind::Treatment) {
            let exposure = contacts(data, driver);
            for lag in 0..=MEDIATOR_LAGS.min(periods.saturating_sub(2)) {
                let width = periods - lag;
                let earlier: Vec<f64> = exposure.chunks(periods).flat_map(|geo| geo[..width].to_vec()).collect();
                let later: Vec<f64> = control.values.chunks(periods).flat_map(|geo| geo[lag..].to_vec()).collect();
                let (Some(x), Some(y)) = (demeaned(&earlier, width), demeaned(&later, width)) else {
                    continue;
                };
                let r = dot(&x, &y);
                if best.is_none_or(|(b, ..)| r.abs() > b.abs()) {
                    best = Some((r, &driver.name, lag));
                }
            }
        }
        let Some((r, driver, lag)) = best.filter(|(r, ..)| r.abs() >= least) else {
            continue;
        };
        let found = format!(
            "a control named like a step between media and outcome, which goes with `{driver}` {lag} {}s before (correlation {r:.2})",
            data.cadence.word()
        );
        let expected = "controls that media do not move";
        let mend = "if media move it, take it out: holding it fixed hides what media do through it; if it is demand that was \
                    there anyway (generic queries), keep it";
        out.push(review("mediator-control", found, expected, mend).at_column(&control.name));
    }
}
