//! Experiments: from what was written to drivers, geos, periods and outcome units, with everything that is wrong or worth a look.

mod table;
#[cfg(test)]
mod tests;

use super::column::nearest_hint;
use crate::data::calendar::day_number;
use crate::data::codes::{fail, review};
use crate::data::experiment::{Experiment, Tested};
use crate::data::{Dataset, DriverKind, Table};
use crate::finding::Finding;
use crate::project::{Change, Cooldown, ExperimentSpec, LiftUnit, Project, Usual};
use jiff::ToSpan;
use std::ops::Range;

/// Exposure in the window of a test that switched a driver off, as a share of the usual one, above which it was not off.
pub(super) const NOT_OFF: f64 = 0.1;
/// A lift against the direction of the change is worth a look where it is this many standard errors from zero.
pub(super) const WRONG_SIGN: f64 = 2.0;

/// All experiments of a project, those of the file first.
pub(super) fn experiments(
    project: &Project,
    table: Option<&Table>,
    data: &Dataset,
    out: &mut Vec<Finding>,
) -> Vec<Experiment> {
    let mut specs = project.experiments.listed.clone();
    if let Some(table) = table {
        specs.extend(table::rows(table, out));
    }
    let mut found: Vec<Experiment> = Vec::new();
    for spec in &specs {
        let one = Reading { spec, data, out };
        let Some(mut experiment) = one.read() else { continue };
        if found.iter().any(|e| e.name == experiment.name) {
            if spec.name.is_some() {
                let found = format!("`{}` a second time", experiment.name);
                let finding =
                    fail("experiment-twice", found, "each experiment once", "rename or remove one of the two");
                out.push(at(spec, finding, "name"));
                continue;
            }
            let free = (2..).map(|n| format!("{} #{n}", experiment.name)).find(|n| found.iter().all(|e| e.name != *n));
            experiment.name = free.unwrap_or_default();
        }
        for other in found.iter().filter(|e| overlap(data, e, &experiment)) {
            let said =
                format!("`{}` changed the same driver at the same place and time as `{}`", experiment.name, other.name);
            let mend = "keep one of the two if they are two readings of one test: it would count twice. Tests of their own may stay";
            out.push(at(spec, review("experiment-overlap", said, "tests with errors of their own", mend), "driver"));
        }
        found.push(experiment);
    }
    found
}

/// Whether two experiments changed one thing in one geo at one time.
fn overlap(data: &Dataset, a: &Experiment, b: &Experiment) -> bool {
    let times = |e: &Experiment| e.window.start..e.window.end + e.cooldown;
    let (x, y) = (times(a), times(b));
    let on = |creator: usize, platform: usize| {
        let mut accounts = data.roster.iter().flat_map(|r| &r.accounts);
        accounts.any(|account| account.creator == creator && account.platform == platform)
    };
    let same = |x: Tested, y: Tested| match (x, y) {
        (Tested::Creator(c), Tested::Platform(p)) | (Tested::Platform(p), Tested::Creator(c)) => on(c, p),
        _ => x == y,
    };
    a.tested.iter().any(|&x| b.tested.iter().any(|&y| same(x, y)))
        && a.geos.iter().any(|g| b.geos.contains(g))
        && x.start < y.end
        && y.start < x.end
}

/// A finding at the key of an experiment.
fn at(spec: &ExperimentSpec, finding: Finding, key: &str) -> Finding {
    let column = if spec.place.key.is_empty() { key.to_owned() } else { format!("{}.{key}", spec.place.key) };
    let mut finding = finding.at_file(&spec.place.file).at_column(column);
    finding.row = spec.place.line;
    finding
}

/// One experiment that is being read.
struct Reading<'a> {
    spec: &'a ExperimentSpec,
    data: &'a Dataset,
    out: &'a mut Vec<Finding>,
}

impl Reading<'_> {
    fn say(&mut self, finding: Finding, key: &str) {
        self.out.push(at(self.spec, finding, key));
    }

    fn read(mut self) -> Option<Experiment> {
        let (tested, geos, window) = (self.tested(), self.geos(), self.window());
        let (tested, geos, window) = (tested?, geos?, window?);
        let (spec, data) = (self.spec, self.data);
        if spec.se.is_nan() || spec.se <= 0.0 {
            let found = format!("a standard error of {}", spec.se);
            let mend = "give the standard error of the lift, or an interval from low to high with its level";
            self.say(fail("experiment-se", found, "a number above 0", mend), "se");
            return None;
        }
        let days = i64::from(data.cadence.days());
        let cooldown = match spec.cooldown {
            Cooldown::Periods(n) => i64::from(n),
            Cooldown::Days(n) => (i64::from(n) + days / 2) / days,
        };
        let periods = data.n_periods() as i64;
        let middle = 0.5 * (window.start + window.end) as f64;
        let away = (-middle).max(middle - periods as f64).max(0.0);
        let mut one = Experiment {
            name: spec.name.clone().unwrap_or_else(|| format!("{} {}", spec.drivers.join(" + "), spec.start)),
            tested,
            geos,
            window,
            cooldown,
            change: spec.change,
            usual: spec.usual,
            lift: spec.lift,
            se: spec.se,
            years_outside: away / data.cadence.per_year(),
        };
        self.outside(&one);
        self.in_units(&mut one)?;
        self.sign(&one);
        self.usual(&one)?;
        self.exposure(&one)?;
        Some(one)
    }

    /// What was changed: drivers of the project first, then platforms, then creators.
    fn tested(&mut self) -> Option<Vec<Tested>> {
        let (data, roster) = (self.data, self.data.roster.as_ref());
        let creators = roster.map_or(&[][..], |r| &r.creators);
        let platforms = roster.map_or(&[][..], |r| &r.platforms);
        let mut names: Vec<&str> = data.drivers.iter().map(|d| d.name.as_str()).collect();
        names.extend(platforms.iter().map(String::as_str));
        names.extend(creators.iter().map(|c| c.name.as_str()));
        let mut tested = Vec::new();
        let mut all = true;
        for name in &self.spec.drivers {
            let driver = data.drivers.iter().position(|d| d.name == *name).map(Tested::Driver);
            // The label of a platform whose name is a channel's too.
            let bare = name.strip_suffix(" (creators)").unwrap_or(name);
            let platform = || platforms.iter().position(|p| p == bare).map(Tested::Platform);
            let creator = || creators.iter().position(|c| c.name == *name).map(Tested::Creator);
            match driver.or_else(platform).or_else(creator) {
                Some(one) if !tested.contains(&one) => tested.push(one),
                Some(_) => {}
                None => {
                    all = false;
                    let expected = "the name of a channel, organic medium, treatment, platform or creator";
                    let finding = fail("experiment-driver", format!("`{name}`"), expected, nearest_hint(name, &names));
                    self.say(finding, "driver");
                }
            }
        }
        (all && !tested.is_empty()).then_some(tested)
    }

    fn geos(&mut self) -> Option<Vec<usize>> {
        let data = self.data;
        let names: Vec<&str> = data.geos.iter().map(String::as_str).collect();
        if self.spec.geos.is_empty() {
            return Some((0..names.len()).collect());
        }
        let mut geos = Vec::new();
        let mut all = true;
        for name in &self.spec.geos {
            match names.iter().position(|n| n == name) {
                Some(g) => geos.push(g),
                None => {
                    all = false;
                    let national = names == ["national"];
                    let mend = if national { "leave `geos` out".to_owned() } else { nearest_hint(name, &names) };
                    let expected =
                        if national { "no geos in a national project" } else { "a geo of the outcome's table" };
                    self.say(fail("experiment-geo", format!("no geo `{name}` in the data"), expected, mend), "geos");
                }
            }
        }
        geos.sort_unstable();
        geos.dedup();
        all.then_some(geos)
    }

    /// The periods of the test: from the first to the last day, rounded to whole periods.
    fn window(&mut self) -> Option<Range<i64>> {
        let (start, end) = (self.spec.start, self.spec.end);
        if end < start {
            let found = format!("an end ({end}) before the start ({start})");
            self.say(fail("experiment-dates", found, "an end on or after the start", "exchange or mend them"), "end");
            return None;
        }
        let first = self.data.dates.first().map(|d| day_number(*d))?;
        let days = i64::from(self.data.cadence.days());
        let edge = |day: i64| (2 * (day - first) + days).div_euclid(2 * days);
        let (from, to) = (day_number(start), day_number(end) + 1);
        let window = edge(from)..edge(to);
        if window.is_empty() {
            let word = self.data.cadence.word();
            let found = format!("a test from {start} to {end}");
            let expected = format!("a test that fills at least half of a {word} of the data");
            self.say(fail("experiment-dates", found, expected, "use daily data, or leave the test out"), "end");
            return None;
        }
        if [from, to].iter().any(|day| (day - first).rem_euclid(days) != 0) {
            let origin = self.data.dates.first().copied().unwrap_or(start);
            let day = |n: i64| origin.saturating_add(n.days());
            let (begins, ends) = (day(window.start * days), day(window.end * days - 1));
            let found = format!("a test from {start} to {end}, taken as {begins} to {ends}");
            let expected = format!(
                "a start on the first day of a {0} of the data, an end on the last of one",
                self.data.cadence.word()
            );
            let mend = "right if hardly anything was changed in the rest; else read the lift over whole periods";
            self.say(review("experiment-periods", found, expected, mend), "start");
        }
        Some(window)
    }

    fn outside(&mut self, one: &Experiment) {
        let data = self.data;
        let (Some(first), Some(last)) = (data.dates.first(), data.dates.last()) else { return };
        let periods = data.n_periods();
        let span = format!("outcomes from {first} to the {} of {last}", data.cadence.word());
        if !one.inside(periods) {
            let found = format!("a test from {} to {}, outside of the data's outcomes", self.spec.start, self.spec.end);
            let mend = "right if it cannot be helped: the test is read at each geo's mean exposure, and its standard error is \
                        widened by `experiment_drift` for the time between. Add the periods of the test to the data to do without";
            self.say(review("experiment-outside", found, span, mend), "start");
        } else if one.window.end + one.cooldown > periods as i64 {
            let found = format!(
                "a cool-down that ends {} periods after the last outcome",
                one.window.end + one.cooldown - periods as i64
            );
            let mend = "shorten the cool-down if the lift does not count those periods; else each geo's mean exposure is taken there";
            self.say(review("experiment-cooldown", found, span, mend), "cooldown");
        }
    }

    /// Turns a lift in percent of what the outcome would have been into outcome units: with the outcome Y as run, Y p / (100 + p).
    fn in_units(&mut self, one: &mut Experiment) -> Option<()> {
        if self.spec.unit == LiftUnit::Outcome {
            return Some(());
        }
        let (data, p) = (self.data, one.lift);
        if p <= -100.0 {
            let found = format!("a lift of {p} %");
            self.say(
                fail("experiment-lift", found, "a lift above -100 %", "write percent: a fall by 8 % is -8"),
                "lift",
            );
            return None;
        }
        let periods = data.n_periods();
        let length = (one.window.end - one.window.start + one.cooldown) as f64;
        let inside = one.inside(periods);
        let cells = if inside {
            one.window.start as usize..((one.window.end + one.cooldown) as usize).min(periods)
        } else {
            0..periods
        };
        let (mut total, mut missing) = (0.0, 0);
        for &g in &one.geos {
            let own = &data.outcome[g * periods..(g + 1) * periods][cells.clone()];
            let known: Vec<f64> = own.iter().copied().filter(|y| !y.is_nan()).collect();
            missing += own.len() - known.len();
            if !known.is_empty() {
                total += known.iter().sum::<f64>() / known.len() as f64 * length;
            }
        }
        if inside && missing > 0 {
            let found = format!("{missing} cells without an outcome in the window");
            let mend = "give the lift in outcome units; the missing cells are taken as the geo's mean of the others";
            self.say(review("experiment-outcome", found, "every outcome of a lift in percent", mend), "unit");
        }
        if inside {
            one.lift = total * p / (100.0 + p);
            one.se *= total.abs() * 100.0 / (100.0 + p).powi(2);
        } else {
            // What the outcome was is not known; its mean stands for what it would have been.
            one.lift = total * p / 100.0;
            one.se *= total.abs() / 100.0;
        }
        if !(one.se > 0.0 && one.lift.is_finite()) {
            let found = "a window without any outcome, so that percent are of nothing";
            self.say(
                fail("experiment-outcome", found, "outcomes in the window", "give the lift in outcome units"),
                "unit",
            );
            return None;
        }
        Some(())
    }

    fn sign(&mut self, one: &Experiment) {
        let treatment =
            |t: &Tested| matches!(t, Tested::Driver(d) if self.data.drivers[*d].kind == DriverKind::Treatment);
        let up = match one.change {
            Change::Off => false,
            Change::On => true,
            Change::Times(k) => k > 1.0,
        };
        let against = if up { one.lift < 0.0 } else { one.lift > 0.0 };
        if against && one.lift.abs() > WRONG_SIGN * one.se && !one.tested.iter().any(treatment) {
            let (did, came) = if up { ("more", "below") } else { ("less", "above") };
            let found = format!("a lift of {} from {did} of the driver", self.spec.lift);
            let expected =
                "the outcome as run minus as it would have been: below zero where a driver was switched off or cut";
            let mend = format!(
                "turn the sign if the lift was written the other way round; {came} zero, it says that the driver does harm"
            );
            self.say(review("experiment-sign", found, expected, mend), "lift");
        }
    }

    fn usual(&mut self, one: &Experiment) -> Option<()> {
        let data = self.data;
        if let Usual::Number(_) = one.usual {
            let single = match one.tested[..] {
                [Tested::Driver(d)] => {
                    data.drivers[d].kind != DriverKind::Treatment && data.drivers[d].frequency.is_none()
                }
                [_] => true,
                _ => false,
            };
            if !single {
                let found = "a number for several drivers, a treatment, or reach and frequency";
                let mend = "leave `usual` out: the periods before the start are taken";
                self.say(fail("experiment-usual", found, "a number of one driver's exposure", mend), "usual");
                return None;
            }
        } else if one.change == Change::Off
            && one.inside(data.n_periods())
            && one.before(data.cadence.days()).is_empty()
        {
            let found = "no outcome period before the start, so that what is usual is not known";
            let mend = "give the exposure a period that the driver would have had: usual = 1200.0";
            self.say(fail("experiment-usual", found, "periods before the start, or `usual`", mend), "usual");
            return None;
        }
        Some(())
    }

    /// Whether there was something to change. Of creators, the posts say whether there were views.
    fn exposure(&mut self, one: &Experiment) -> Option<()> {
        let (data, periods) = (self.data, self.data.n_periods());
        let inside = one.inside(periods);
        let window = if inside { one.window.start as usize..one.window.end as usize } else { 0..periods };
        let before = if inside { one.before(data.cadence.days()) } else { 0..periods };
        let (mut run, mut usual, mut posts) = (0.0, 0.0, false);
        for tested in &one.tested {
            match *tested {
                Tested::Driver(d) => {
                    run += mean_exposure(data, d, &one.geos, &window);
                    usual += mean_exposure(data, d, &one.geos, &before);
                }
                Tested::Platform(_) | Tested::Creator(_) => posts |= posted(data, *tested, one.window.end),
            }
        }
        let off = one.change == Change::Off;
        if let (true, Usual::Number(x)) = (off, one.usual) {
            usual = x;
        }
        if posts {
            return Some(());
        }
        let (nothing, key) = if off && inside { (usual == 0.0, "usual") } else { (run == 0.0, "start") };
        if nothing {
            let (found, expected) = if off && inside {
                ("no exposure before the start", "a driver that was on before it was switched off")
            } else {
                (
                    "no exposure in the window",
                    "exposure as run, in the tables, for a driver that was switched on or changed",
                )
            };
            let mend = "check driver, geos and dates; a lift is of the exposure that the tables have";
            self.say(fail("experiment-no-exposure", found, expected, mend), key);
            return None;
        }
        if off && inside && run > NOT_OFF * usual {
            let found = format!("{:.0} % of the usual exposure in the window", 100.0 * run / usual);
            let mend = "right if the rest went on; else correct the geos and dates, or write the change as a number";
            self.say(
                review("experiment-not-off", found, "no exposure of a driver that was switched off", mend),
                "change",
            );
        }
        Some(())
    }
}

/// Mean exposure a period of a driver in some geos together, over outcome periods; of a treatment its value.
fn mean_exposure(data: &Dataset, driver: usize, geos: &[usize], periods: &Range<usize>) -> f64 {
    let width = data.history + data.n_periods();
    let driver = &data.drivers[driver];
    let sum: f64 = geos
        .iter()
        .flat_map(|g| &driver.exposure[g * width + data.history..(g + 1) * width][periods.clone()])
        .map(|x| x.abs())
        .sum();
    sum / periods.len().max(1) as f64
}

/// Whether a platform or a creator has a post with views before a period.
fn posted(data: &Dataset, tested: Tested, before: i64) -> bool {
    let (Some(roster), Some(first)) = (&data.roster, data.dates.first()) else { return false };
    let days = i64::from(data.cadence.days());
    roster.posts.iter().any(|p| {
        let account = &roster.accounts[p.account];
        let ours = match tested {
            Tested::Platform(platform) => account.platform == platform,
            Tested::Creator(creator) => account.creator == creator,
            Tested::Driver(_) => false,
        };
        let period = (day_number(p.at.date()) - day_number(*first)).div_euclid(days);
        ours && p.views + p.boosted > 0.0 && period < before
    })
}
