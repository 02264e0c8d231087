//! Each driver by itself: whether it is ever on, how often, and whether money and exposure agree.

use super::stats::{is_constant, median};
use super::{contacts, spec, total};
use crate::data::codes::{fail, review};
use crate::data::{Dataset, Driver, DriverKind};
use crate::finding::Finding;
use crate::project::{EffectKind, Project};

/// 8 periods: with fewer than two months of weeks a driver's effect, its carry-over and its saturation rest on its prior.
/// A rule of thumb of the trade: the default longest lag is 8 weeks too, so below it no flight is seen to its end.
pub const MIN_ACTIVE_PERIODS: usize = 8;

/// 2: media prices move by tens of percent within a year; a price that doubles for good is a new audience, a new format
/// or another way of counting, and each of these changes what an exposure does.
pub const COST_JUMP: f64 = 2.0;

/// 8 periods on each side of a jump, so that two months of one campaign are not taken for a new price level.
pub const COST_JUMP_PERIODS: usize = 8;

/// Drivers that are never on, and paid channels without spend (their return has no denominator).
pub(super) fn driver_zero(project: &Project, data: &Dataset, out: &mut Vec<Finding>) {
    for driver in data.drivers.iter().filter(|d| d.kind != DriverKind::Treatment) {
        if contacts(data, driver).iter().all(|x| *x == 0.0) {
            let mend = "take the driver out, or name the column that holds its exposure";
            let found = "nothing but 0 in the periods of the outcome";
            out.push(fail("driver-zero", found, "exposure in some period", mend).at_column(&driver.name));
            continue;
        }
        let free =
            driver.kind == DriverKind::Channel && driver.spend.as_ref().is_some_and(|s| s.iter().all(|x| *x == 0.0));
        if free {
            let on = spec(project, driver).and_then(|s| s.prior.as_ref()).map_or(project.model.prior, |p| p.on);
            let found = "exposure, but no spend in any period";
            let mend = "give its spend; or make it an organic medium, which has none";
            let make = if matches!(on, EffectKind::Roi | EffectKind::MarginalRoi) { fail } else { review };
            out.push(
                make("spend-zero", found.to_owned(), "spend in some period".to_owned(), mend.to_owned())
                    .at_column(&driver.name),
            );
        }
    }
}

/// Drivers that never change over time in any geo: their effect cannot be told from the level.
pub(super) fn driver_constant(data: &Dataset, out: &mut Vec<Finding>) {
    for driver in &data.drivers {
        let values = contacts(data, driver);
        if data.n_periods() < 2 || (driver.kind != DriverKind::Treatment && values.iter().all(|x| *x == 0.0)) {
            continue;
        }
        if values.chunks(data.n_periods()).all(is_constant) {
            let found = "the same value in every period";
            let expected = "a driver that changes over time";
            if driver.kind == DriverKind::Treatment {
                let mend = "take it out: what never changes cannot be told from the baseline";
                out.push(fail("driver-constant", found, expected, mend).at_column(&driver.name));
            } else {
                let mend = "its result will be its prior; set the prior from an experiment, or vary the spend";
                out.push(review("driver-constant", found, expected, mend).at_column(&driver.name));
            }
        }
    }
}

/// Media that are on in fewer than [`MIN_ACTIVE_PERIODS`].
pub(super) fn few_active_periods(data: &Dataset, out: &mut Vec<Finding>) {
    for driver in data.drivers.iter().filter(|d| d.kind != DriverKind::Treatment) {
        let active = total(&contacts(data, driver), data.n_periods()).iter().filter(|x| **x != 0.0).count();
        if (1..MIN_ACTIVE_PERIODS).contains(&active) {
            let word = data.cadence.word();
            let found = format!("on in {active} of {} {word}s", data.n_periods());
            let mend =
                "read its result as its prior; merge it with a like channel, or set its prior from an experiment";
            let finding = review("few-active-periods", found, format!("{MIN_ACTIVE_PERIODS} {word}s or more"), mend);
            out.push(finding.at_column(&driver.name));
        }
    }
}

/// Cells in which money and exposure disagree about whether the channel was on.
pub(super) fn spend_and_exposure(data: &Dataset, out: &mut Vec<Finding>) {
    for (driver, exposure, spend) in priced(data) {
        let count = |bad: &dyn Fn(f64, f64) -> bool| {
            let cells: Vec<usize> = (0..spend.len()).filter(|at| bad(spend[*at], exposure[*at])).collect();
            let first = cells.iter().map(|at| at % data.n_periods()).min();
            (cells.len(), first.and_then(|t| data.dates.get(t).copied()))
        };
        if let (n, Some(first)) = count(&|s, x| s > 0.0 && x == 0.0) {
            let found = format!("{n} cells with spend but no exposure, the first {first}");
            let mend = "book spend in the period in which it ran; production costs and fees are spread over the flight";
            let finding = review("spend-without-exposure", found, "spend only where there is exposure", mend);
            out.push(finding.at_column(&driver.name));
        }
        if let (n, Some(first)) = count(&|s, x| x > 0.0 && s == 0.0) {
            let found = format!("{n} cells with exposure but no spend, the first {first}");
            let mend =
                "add the missing spend, else the return looks too good; free exposure belongs in an organic medium";
            let finding = review("exposure-without-spend", found, "exposure only where there is spend", mend);
            out.push(finding.at_column(&driver.name));
        }
    }
}

/// A cost per exposure whose median changes by more than [`COST_JUMP`] at some date.
pub(super) fn cost_jump(data: &Dataset, out: &mut Vec<Finding>) {
    for (driver, exposure, spend) in priced(data) {
        let (exposure, spend) = (total(&exposure, data.n_periods()), total(spend, data.n_periods()));
        let costs: Vec<(usize, f64)> = (0..data.n_periods())
            .filter(|t| exposure[*t] > 0.0 && spend[*t] > 0.0)
            .map(|t| (t, spend[t] / exposure[t]))
            .filter(|(_, cost)| cost.is_finite() && *cost > 0.0)
            .collect();
        let values: Vec<f64> = costs.iter().map(|(_, c)| *c).collect();
        let mut worst: Option<(f64, usize, f64, f64)> = None;
        let splits = COST_JUMP_PERIODS..(costs.len() + 1).saturating_sub(COST_JUMP_PERIODS);
        for split in splits.step_by(costs.len() / 200 + 1) {
            let (Some(before), Some(after)) = (median(&values[..split]), median(&values[split..])) else {
                continue;
            };
            let ratio = (after / before).max(before / after);
            if ratio > COST_JUMP && worst.is_none_or(|(r, ..)| ratio > r) {
                worst = Some((ratio, split, before, after));
            }
        }
        if let Some((ratio, split, before, after)) = worst {
            let date = data.dates[costs[split].0];
            let found =
                format!("cost per exposure goes from {before:.4} to {after:.4} (a factor of {ratio:.1}) around {date}");
            let mend = "find out what changed (format, audience, counting); if it is another thing, make it a channel of its own";
            let finding = review("cost-jump", found, format!("medians within a factor of {COST_JUMP}"), mend);
            out.push(finding.at_column(&driver.name));
        }
    }
}

/// Paid drivers with spend and an exposure that is not the spend itself.
fn priced(data: &Dataset) -> impl Iterator<Item = (&Driver, Vec<f64>, &Vec<f64>)> {
    data.drivers.iter().filter_map(|driver| {
        let spend = driver.spend.as_ref()?;
        let exposure = contacts(data, driver);
        (exposure != *spend).then_some((driver, exposure, spend))
    })
}
