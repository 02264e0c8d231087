//! How often each method finds an effect that is there, and one that is not: a simulation study of geo tests.
//!
//! After the design of the study that Recast published (getrecast/geolift-simulation-study, 1000 panels a scenario): one treated geo of median
//! size and 20 controls of log-normal size, 90 days before and 15 of test, a common trend, a weekly profile, noise with autocorrelation
//! 0.3, a lift of 7.5 %, a level of 95 %. Four scenarios: base; the treated geo five times as large as the others' median; 9 controls;
//! 30 days before. A fifth of our own: four treated geos that start 0, 5, 10 and 15 days into a test of 28. An own implementation: what the publication does not say, the size of trend and noise, is set here (see the constants), so
//! that the noise of the mean of 15 days is about 8 % of a geo's level.

use counterpoint_experiment::{Draws, Effect, Errors, METHODS, Matrix, Method, Panel, Settings, headline};
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;

const LEVEL: f64 = 0.95;
const LIFT: f64 = 0.075;
/// Median outcome of a geo and day, and the standard deviation of its logarithm over geos.
const SIZE: (f64, f64) = (400.0, 0.5);
/// Standard deviation of a day's noise as a share of the geo's level, and its autocorrelation.
const NOISE: (f64, f64) = (0.20, 0.3);
/// Step of the common trend's random walk, as a share of the level.
const TREND: f64 = 0.01;
/// Share of a week day, Monday first.
const WEEK: [f64; 7] = [0.92, 0.90, 0.94, 1.00, 1.10, 1.14, 1.00];

/// A kind of panel.
#[derive(Debug, Clone, Copy)]
struct Scenario {
    name: &'static str,
    controls: usize,
    /// Days before the test, and of it.
    days: (usize, usize),
    /// Size of the treated geo over the median; `None` draws it as those of controls.
    size: Option<f64>,
    /// Day of the test on which each treated geo starts.
    starts: &'static [usize],
}

const BASE: Scenario = Scenario { name: "base", controls: 20, days: (90, 15), size: Some(1.0), starts: &[0] };
const SCENARIOS: [Scenario; 5] = [
    BASE,
    Scenario { name: "outlier", size: Some(5.0), ..BASE },
    Scenario { name: "9 controls", controls: 9, ..BASE },
    Scenario { name: "30 days before", days: (30, 15), ..BASE },
    Scenario { name: "staggered", days: (90, 28), size: None, starts: &[0, 5, 10, 15], ..BASE },
];

/// Reads `panels` panels of every scenario with and without an effect; prints a line a scenario and method.
pub(crate) fn study(panels: u64, methods: Option<&str>, threads: usize) -> anyhow::Result<()> {
    let chosen: Vec<Method> = METHODS
        .iter()
        .filter(|(m, name)| {
            methods.map_or(!matches!(m, Method::Bsts | Method::Dose), |text| text.split(',').any(|t| t == *name))
        })
        .map(|(m, _)| *m)
        .collect();
    println!(
        "{:15} {:22} {:>9} {:>7} {:>7} {:>9} {:>9} {:>8} {:>10}",
        "scenario", "method", "bias (pp)", "FPR", "power", "cov lift", "cov null", "width", "unbounded"
    );
    for scenario in SCENARIOS {
        for &method in chosen.iter().filter(|m| scenario.starts.len() == 1 || **m == Method::Sdid) {
            let variants: &[Errors] = match method {
                Method::Tbr | Method::Bsts => &[Errors::Autocorrelated, Errors::Independent],
                _ => &[Errors::Autocorrelated],
            };
            for &errors in variants {
                let settings = Settings {
                    method,
                    level: LEVEL,
                    errors,
                    draws: Draws { chains: 1, kept: 1000, seed: 1 },
                    ..Settings::default()
                };
                let rows = read_all(scenario, &settings, panels, threads);
                let name = match (method, errors) {
                    (Method::Tbr | Method::Bsts, Errors::Independent) => format!("{}, independent", method.name()),
                    _ => method.name().to_owned(),
                };
                print(scenario.name, &name, &rows);
            }
        }
    }
    Ok(())
}

/// What one panel gave: the error of the estimate as a share of the level, and of effect and null whether it was rejected and covered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) error: f64,
    pub(crate) found: bool,
    pub(crate) false_alarm: bool,
    pub(crate) covered: bool,
    pub(crate) covered_null: bool,
    pub(crate) width: Option<f64>,
}

impl Row {
    /// Reads a panel without and with a mean effect; the error is a share of `level`, the width that of `cells` times the mean effect.
    pub(crate) fn of(
        (null, lifted): (&Panel, &Panel),
        settings: &Settings,
        (effect, level): (f64, f64),
        cells: f64,
    ) -> Option<Row> {
        let (without, with) = (headline(null, settings).ok()?, headline(lifted, settings).ok()?);
        let holds = |x: &Effect, v: f64| x.low.is_none_or(|l| l <= v) && x.high.is_none_or(|h| h >= v);
        Some(Row {
            error: (with.att.value - effect) / level,
            found: with.p <= 1.0 - settings.level,
            false_alarm: without.p <= 1.0 - settings.level,
            covered: holds(&with.att, effect),
            covered_null: holds(&without.att, 0.0),
            width: with.att.low.zip(with.att.high).map(|(l, h)| (h - l) * cells),
        })
    }
}

fn read_all(scenario: Scenario, settings: &Settings, panels: u64, threads: usize) -> Vec<Row> {
    let mut out = Vec::new();
    std::thread::scope(|scope| {
        let work = |thread: u64| {
            let mine = (0..panels).filter(move |i| i % threads as u64 == thread);
            mine.filter_map(|seed| row(scenario, settings, seed)).collect::<Vec<Row>>()
        };
        let handles: Vec<_> = (0..threads as u64).map(|t| scope.spawn(move || work(t))).collect();
        for handle in handles {
            out.extend(handle.join().unwrap_or_default());
        }
    });
    out
}

fn row(scenario: Scenario, settings: &Settings, seed: u64) -> Option<Row> {
    let (null, lifted, effect, level) = panel(scenario, seed);
    let cells = scenario.starts.iter().map(|start| scenario.days.1 - start).sum::<usize>() as f64;
    Row::of((&null, &lifted), settings, (effect, level), cells)
}

/// A panel without and with the effect, the mean effect of a day, and the level that it is a share of.
fn panel(scenario: Scenario, seed: u64) -> (Panel, Panel, f64, f64) {
    let (before, days) = scenario.days;
    let treated = scenario.starts.len();
    let mut rng = chain_rng(0x5ea_u64.wrapping_add(seed), 11);
    let periods = before + days;
    let first: usize = rng.random_range(0..7);
    let mut walk = 0.0;
    let common: Vec<f64> = (0..periods)
        .map(|t| {
            walk += TREND * standard_normal(&mut rng);
            (1.0 + walk) * WEEK[(first + t) % 7]
        })
        .collect();
    let units = treated + scenario.controls;
    let mut outcome = Matrix::zeros(units, periods);
    let mut levels = vec![0.0; units];
    for i in 0..units {
        levels[i] = match scenario.size.filter(|_| i < treated) {
            Some(size) => size * SIZE.0,
            None => SIZE.0 * (SIZE.1 * standard_normal(&mut rng)).exp(),
        };
        let mut noise = standard_normal(&mut rng);
        for t in 0..periods {
            noise = NOISE.1 * noise + (1.0 - NOISE.1 * NOISE.1).sqrt() * standard_normal(&mut rng);
            outcome[(i, t)] = levels[i] * (common[t] + NOISE.0 * noise);
        }
    }
    let names = (0..units).map(|i| format!("geo {i:02}")).collect();
    let mut null =
        Panel::new(names, (0..periods).map(|t| t.to_string()).collect(), outcome).treat(&[0], before, periods, 0);
    let mut lifted = null.clone();
    let (mut effect, mut cells) = (0.0, 0.0);
    for (i, start) in scenario.starts.iter().enumerate() {
        null.adoption[i] = Some(before + start);
        for t in before + start..periods {
            let own = LIFT * levels[i] * common[t];
            lifted.outcome[(i, t)] += own;
            effect += own;
            cells += 1.0;
        }
    }
    lifted.adoption.clone_from(&null.adoption);
    (null, lifted, effect / cells, levels[..treated].iter().sum::<f64>() / treated as f64)
}

fn print(scenario: &str, method: &str, rows: &[Row]) {
    let n = rows.len() as f64;
    let share = |of: fn(&Row) -> bool| rows.iter().filter(|r| of(r)).count() as f64 / n;
    let mut widths: Vec<f64> = rows.iter().filter_map(|r| r.width).collect();
    widths.sort_by(f64::total_cmp);
    println!(
        "{scenario:15} {method:22} {:9.2} {:7.3} {:7.3} {:9.3} {:9.3} {:8.0} {:10.3}",
        100.0 * rows.iter().map(|r| r.error).sum::<f64>() / n,
        share(|r| r.false_alarm),
        share(|r| r.found),
        share(|r| r.covered),
        share(|r| r.covered_null),
        widths.get(widths.len() / 2).copied().unwrap_or(f64::NAN),
        share(|r| r.width.is_none()),
    );
}
