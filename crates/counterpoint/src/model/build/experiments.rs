//! From what was tested to the exposures as run and as they would have been.

use super::{CreatorModel, DriverModel};
use crate::creators::attention::Views;
use crate::data::experiment::{Experiment as Given, Tested};
use crate::data::{Dataset, DriverKind};
use crate::model::defaults;
use crate::model::experiment::{Dose, Experiment, Part, Target};
use crate::model::platform::{Platform, Step};
use crate::model::response::{Exposure, Shape};
use crate::project::{Change, HiddenDemand, Project, Usual};
use std::ops::Range;

/// All experiments of a dataset.
pub(super) fn experiments(
    project: &Project,
    data: &Dataset,
    drivers: &[DriverModel],
    creators: &[CreatorModel],
) -> Vec<Experiment> {
    data.experiments.iter().map(|given| experiment(project, data, (drivers, creators), given)).collect()
}

/// What tells of a hidden demand: of each driver that may follow one, the logarithm of one plus its scaled exposure (whoever follows demand
/// changes spend by shares of it), and the mean of the same over the weeks before and after (demand lasts longer than a week, and, unlike an
/// effect, is there before the exposure); `[geos x periods]` each.
pub(super) fn followers(
    (which, days): (HiddenDemand, i32),
    drivers: &[DriverModel],
    experiments: &[Experiment],
) -> Vec<(String, Vec<f64>)> {
    let tested = |m: usize| experiments.iter().flat_map(|e| &e.parts).any(|p| p.driver == m);
    let follows = |m: usize, driver: &DriverModel| {
        let among = match which {
            HiddenDemand::None => false,
            HiddenDemand::Tested => tested(m),
            HiddenDemand::All => !experiments.is_empty(),
        };
        among && driver.kind != DriverKind::Treatment
    };
    let mut columns = Vec::new();
    for driver in drivers.iter().enumerate().filter(|(m, driver)| follows(*m, driver)).map(|(_, driver)| driver) {
        let log: Vec<f64> = (0..driver.shape.geos)
            .flat_map(|g| outcome_periods(driver, g).iter().map(|x| x.max(0.0).ln_1p()))
            .collect();
        let around = neighbours(&log, driver.shape.periods, NEIGHBOUR_DAYS / days as usize);
        columns.push((driver.name.clone(), standardised(log, driver.shape.periods)));
        columns.push((format!("{}, around", driver.name), standardised(around, driver.shape.periods)));
    }
    columns
}

/// Days on either side whose exposure tells of a period's hidden demand.
const NEIGHBOUR_DAYS: usize = 14;

/// Mean of each cell's neighbours within its geo, up to `reach` periods on either side.
fn neighbours(values: &[f64], periods: usize, reach: usize) -> Vec<f64> {
    let one = |geo: &[f64], t: usize| {
        let around = (t.saturating_sub(reach)..(t + reach + 1).min(periods)).filter(|&u| u != t);
        let all: Vec<f64> = around.map(|u| geo[u]).collect();
        mean(&all)
    };
    values.chunks_exact(periods).flat_map(|geo| (0..periods).map(move |t| one(geo, t))).collect()
}

/// Values around their mean in each geo, in standard deviations.
fn standardised(mut values: Vec<f64>, periods: usize) -> Vec<f64> {
    for geo in values.chunks_exact_mut(periods) {
        let middle = mean(geo);
        geo.iter_mut().for_each(|x| *x -= middle);
    }
    let sd = mean(&values.iter().map(|x| x * x).collect::<Vec<_>>()).sqrt();
    values.iter_mut().for_each(|x| *x /= if sd > 0.0 { sd } else { 1.0 });
    values
}

fn experiment(
    project: &Project,
    data: &Dataset,
    (drivers, creators): (&[DriverModel], &[CreatorModel]),
    given: &Given,
) -> Experiment {
    let (mut targets, mut parts): (Vec<Target>, Vec<Part>) = (Vec::new(), Vec::new());
    for tested in &given.tested {
        match *tested {
            Tested::Driver(d) => {
                let name = &data.drivers[d].name;
                let found = drivers.iter().position(|m| m.name == *name && m.platform.is_none());
                parts.extend(found.map(|m| of_driver(data, given, drivers, m)));
                targets.extend(found.map(Target::Driver));
            }
            Tested::Platform(_) | Tested::Creator(_) => {
                let Some(roster) = &data.roster else { continue };
                if let Tested::Creator(c) = *tested {
                    targets
                        .extend(creators.iter().position(|m| m.name == roster.creators[c].name).map(Target::Creator));
                }
                for (m, driver) in drivers.iter().enumerate() {
                    let Some(platform) = &driver.platform else { continue };
                    let ours = |&account: &usize| match *tested {
                        Tested::Platform(p) => roster.accounts[account].platform == p,
                        Tested::Creator(c) => roster.accounts[account].creator == c,
                        Tested::Driver(_) => false,
                    };
                    let changed: Vec<bool> = platform.accounts.iter().map(ours).collect();
                    if changed.contains(&true) {
                        parts.push(of_platform(data, given, (m, driver), platform, &changed));
                        if let Tested::Platform(_) = tested {
                            targets.push(Target::Driver(m));
                        }
                    }
                }
            }
        }
    }
    let se = given.se.hypot(drift(project, data, given, drivers, &parts));
    Experiment { name: given.name.clone(), targets, parts, lift: given.lift, se, reported_se: given.se }
}

/// Standard deviation of what may have changed between a test outside of the data and the data: drift x sqrt(years between + ln(exposure of the
/// test / mean exposure)^2), as a share of the lift (or of its standard error, whichever is larger: their root of squares).
fn drift(project: &Project, data: &Dataset, given: &Given, drivers: &[DriverModel], parts: &[Part]) -> f64 {
    if given.inside(data.n_periods()) {
        return 0.0;
    }
    let a_year = project.model.experiment_drift.unwrap_or(defaults::EXPERIMENT_DRIFT);
    let apart = match (given.usual, parts) {
        (Usual::Number(x), [part]) => {
            let mean = own_mean(&drivers[part.driver], data, part);
            if x > 0.0 && mean > 0.0 { (x / mean).ln() } else { 0.0 }
        }
        _ => 0.0,
    };
    a_year * (given.years_outside + apart * apart).sqrt() * given.lift.hypot(given.se)
}

/// Mean exposure a period of a part's geos together, in the driver's unit.
fn own_mean(driver: &DriverModel, data: &Dataset, part: &Part) -> f64 {
    match (&driver.platform, &part.dose) {
        (Some(platform), _) => {
            let lead = driver.shape.max_lag;
            let padded = lead + driver.shape.periods;
            (0..platform.len()).map(|c| mean(&platform.views[c * padded + lead..(c + 1) * padded])).sum()
        }
        _ => part.geos.iter().map(|&g| mean(outcome_periods(driver, g)) * heads(driver, data, g)).sum(),
    }
}

/// Exposure units that one scaled unit is in geo g.
fn heads(driver: &DriverModel, data: &Dataset, g: usize) -> f64 {
    driver.unit[g] * data.population[g]
}

fn outcome_periods(driver: &DriverModel, g: usize) -> &[f64] {
    let (lead, padded) = (driver.shape.max_lag, driver.shape.max_lag + driver.shape.periods);
    &driver.exposure.x[g * padded + lead..(g + 1) * padded]
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The periods of a test's rows, counted from the first outcome period, and their shape.
fn rows(driver: &DriverModel, given: &Given) -> (Range<i64>, Shape) {
    let (from, to) = (given.window.start, given.window.end + given.cooldown);
    let shape = Shape { geos: 2 * given.geos.len(), periods: (to - from).max(0) as usize, ..driver.shape.clone() };
    (from - driver.shape.max_lag as i64..to, shape)
}

/// Two series, as run and as it would have been, over `periods`.
fn series(
    given: &Given,
    data: &Dataset,
    periods: &Range<i64>,
    at: &dyn Fn(i64) -> f64,
    mean: f64,
    usual: f64,
) -> [Vec<f64>; 2] {
    let inside = given.inside(data.n_periods());
    let changed = |t: &i64| given.window.contains(t);
    let run = |t: i64| match given.change {
        _ if inside => at(t),
        // Outside of the data: steady at what is usual, but for the window.
        Change::Off => {
            if changed(&t) {
                0.0
            } else {
                usual
            }
        }
        Change::On => {
            if changed(&t) {
                mean
            } else {
                0.0
            }
        }
        Change::Times(k) => {
            if changed(&t) {
                k * usual
            } else {
                usual
            }
        }
    };
    let otherwise = |t: i64| match given.change {
        _ if !changed(&t) => run(t),
        Change::Off => usual,
        Change::On => 0.0,
        Change::Times(k) => run(t) / k,
    };
    [periods.clone().map(run).collect(), periods.clone().map(otherwise).collect()]
}

fn of_driver(data: &Dataset, given: &Given, drivers: &[DriverModel], m: usize) -> Part {
    let driver = &drivers[m];
    let (periods, shape) = rows(driver, given);
    let inside = given.inside(data.n_periods());
    let (lead, padded) = (driver.shape.max_lag, driver.shape.max_lag + driver.shape.periods);
    let total: f64 = given.geos.iter().map(|&g| mean(outcome_periods(driver, g)) * heads(driver, data, g)).sum();
    let mut x = [Vec::new(), Vec::new()];
    let mut frequency = [Vec::new(), Vec::new()];
    for &g in &given.geos {
        let own = &driver.exposure.x[g * padded..(g + 1) * padded];
        let average = mean(outcome_periods(driver, g));
        let before = given.before(data.cadence.days());
        let usual = match given.usual {
            // Split over the geos as their own exposures are.
            Usual::Number(number) if total > 0.0 => average * number / total,
            _ if inside => mean(&own[lead + before.start..lead + before.end]),
            _ => average,
        };
        let steady = if let Usual::Number(_) = given.usual { usual } else { average };
        let at = |t: i64| match usize::try_from(t + lead as i64) {
            Ok(i) if i < padded => own[i],
            // Before the data's history there is none; after its end it goes on as usual.
            Ok(_) => average,
            Err(_) => 0.0,
        };
        let both = series(given, data, &periods, &at, steady, usual);
        x.iter_mut().zip(both).for_each(|(to, one)| to.extend(one));
        if let Some(f) = &driver.exposure.frequency {
            let f = &f[g * padded..(g + 1) * padded];
            let weighted = |range: Range<usize>| {
                let reach: f64 = own[range.clone()].iter().sum();
                let contacts: f64 = own[range.clone()].iter().zip(&f[range]).map(|(x, f)| x * f).sum();
                if reach > 0.0 { contacts / reach } else { 1.0 }
            };
            let usual = if inside && given.change == Change::Off {
                weighted(lead + before.start..lead + before.end)
            } else {
                weighted(lead..padded)
            };
            // Those who were reached were reached as often as is usual wherever the table does not say.
            let run = periods.clone().map(|t| match usize::try_from(t + lead as i64) {
                Ok(i) if inside && i < padded => f[i],
                _ => usual,
            });
            let run: Vec<f64> = run.collect();
            let off = given.change == Change::Off;
            let otherwise: Vec<f64> = periods
                .clone()
                .zip(&run)
                .map(|(t, f)| if off && given.window.contains(&t) { usual } else { *f })
                .collect();
            frequency[0].extend(run);
            frequency[1].extend(otherwise);
        }
    }
    let frequency = driver.exposure.frequency.as_ref().map(|_| frequency.concat());
    let dose = Dose::Known(Exposure { x: x.concat(), frequency });
    Part { driver: m, geos: given.geos.clone(), shape, dose }
}

fn of_platform(
    data: &Dataset,
    given: &Given,
    (m, driver): (usize, &DriverModel),
    platform: &Platform,
    changed: &[bool],
) -> Part {
    let (periods, shape) = rows(driver, given);
    let inside = given.inside(data.n_periods());
    let (lead, padded) = (driver.shape.max_lag, driver.shape.max_lag + driver.shape.periods);
    let average = |all: &[f64], c: usize| mean(&all[c * padded..(c + 1) * padded][lead..]);
    let total: f64 = (0..platform.len()).filter(|&c| changed[c]).map(|c| average(&platform.views, c)).sum();
    // Everything below is linear in views, so that those of an old count go through it beside all. A usual number of views is of the count
    // that was in force; `old` is the share of it that changed.
    let rows_of = |all: &[f64], old: f64| {
        let (mut run, mut otherwise) = (Vec::new(), Vec::new());
        for c in 0..platform.len() {
            let own = &all[c * padded..(c + 1) * padded];
            let at = |t: i64| match usize::try_from(t + lead as i64) {
                Ok(i) if inside && i < padded => own[i],
                Err(_) if inside => 0.0,
                _ => average(all, c),
            };
            if !changed[c] {
                let as_run: Vec<f64> = periods.clone().map(at).collect();
                otherwise.extend_from_slice(&as_run);
                run.extend(as_run);
                continue;
            }
            let before = given.before(data.cadence.days());
            let usual = match given.usual {
                Usual::Number(number) if total > 0.0 => old * average(&platform.views, c) * number / total,
                _ if inside => mean(&own[lead + before.start..lead + before.end]),
                _ => average(all, c),
            };
            let steady = if let Usual::Number(_) = given.usual { usual } else { average(all, c) };
            let [as_run, without] = series(given, data, &periods, &at, steady, usual);
            run.extend(as_run);
            otherwise.extend(without);
        }
        [run, otherwise]
    };
    let [run, otherwise] = rows_of(&platform.views, 1.0);
    let [run_before, otherwise_before] = match &platform.step {
        Some(step) => rows_of(&step.before, old_share(platform, step, given, (lead, padded))),
        None => [vec![0.0; run.len()], vec![0.0; run.len()]],
    };
    let run = Views { all: run, before: run_before };
    let otherwise = Views { all: otherwise, before: otherwise_before };
    Part { driver: m, geos: given.geos.clone(), shape, dose: Dose::Views { run, otherwise } }
}

/// The share of a test's views that were counted as before a change: none where it began after it, else that of the platform's views until then
/// (the rest are of formats that did not change).
fn old_share(platform: &Platform, step: &Step, given: &Given, (lead, padded): (usize, usize)) -> f64 {
    if given.window.start as f64 >= step.at {
        return 0.0;
    }
    let until = ((lead as f64 + step.at).floor().max(0.0) as usize).min(padded);
    let sum = |all: &[f64]| all.chunks_exact(padded).flat_map(|own| &own[..until]).sum::<f64>();
    let all = sum(&platform.views);
    if all > 0.0 { sum(&step.before) / all } else { 1.0 }
}
