//! How often each method finds an effect that is there, and one that is not: a simulation study of geo tests.
//!
//! After the design of the study that Recast published (getrecast/geolift-simulation-study, 1000 panels a scenario): one treated geo of median
//! size and 20 controls of log-normal size, 90 days before and 15 of test, a common trend, a weekly profile, noise with autocorrelation
//! 0.3, a lift of 7.5 %, a level of 95 %. Four scenarios: base; the treated geo five times as large as the others' median; 9 controls;
//! 30 days before. An own implementation: what the publication does not say, the size of trend and noise, is set here (see the constants), so
//! that the noise of the mean of 15 days is about 8 % of a geo's level.

use counterpoint_experiment::{Draws, Errors, METHODS, Matrix, Method, Panel, Settings, headline};
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;

const LEVEL: f64 = 0.95;
const LIFT: f64 = 0.075;
const DAYS: usize = 15;
/// Median outcome of a geo and day, and the standard deviation of its logarithm over geos.
const SIZE: (f64, f64) = (400.0, 0.5);
/// Standard deviation of a day's noise as a share of the geo's level, and its autocorrelation.
const NOISE: (f64, f64) = (0.20, 0.3);
/// Step of the common trend's random walk, as a share of the level.
const TREND: f64 = 0.01;
/// Share of a week day, Monday first.
const WEEK: [f64; 7] = [0.92, 0.90, 0.94, 1.00, 1.10, 1.14, 1.00];

/// A scenario: its name, controls, days before, and how much larger the treated geo is.
const SCENARIOS: [(&str, usize, usize, f64); 4] =
    [("base", 20, 90, 1.0), ("outlier", 20, 90, 5.0), ("9 controls", 9, 90, 1.0), ("30 days before", 20, 30, 1.0)];

/// Reads `panels` panels of every scenario with and without an effect; prints a line a scenario and method.
pub(crate) fn study(panels: u64, methods: Option<&str>, threads: usize) -> anyhow::Result<()> {
    let chosen: Vec<Method> = METHODS
        .iter()
        .filter(|(m, name)| methods.map_or(*m != Method::Bsts, |text| text.split(',').any(|t| t == *name)))
        .map(|(m, _)| *m)
        .collect();
    println!(
        "{:15} {:22} {:>9} {:>7} {:>7} {:>9} {:>9} {:>8} {:>10}",
        "scenario", "method", "bias (pp)", "FPR", "power", "cov lift", "cov null", "width", "unbounded"
    );
    for scenario in SCENARIOS {
        for &method in &chosen {
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
                print(scenario.0, &name, &rows);
            }
        }
    }
    Ok(())
}

/// What one panel gave: the error of the estimate as a share of the level, and of effect and null whether it was rejected and covered.
#[derive(Debug, Clone, Copy)]
struct Row {
    error: f64,
    found: bool,
    false_alarm: bool,
    covered: bool,
    covered_null: bool,
    width: Option<f64>,
}

fn read_all(scenario: (&str, usize, usize, f64), settings: &Settings, panels: u64, threads: usize) -> Vec<Row> {
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

fn row(scenario: (&str, usize, usize, f64), settings: &Settings, seed: u64) -> Option<Row> {
    let (null, lifted, effect, level) = panel(scenario, seed);
    let (without, with) = (headline(&null, settings).ok()?, headline(&lifted, settings).ok()?);
    let holds =
        |x: &counterpoint_experiment::Effect, v: f64| x.low.is_none_or(|l| l <= v) && x.high.is_none_or(|h| h >= v);
    Some(Row {
        error: (with.att.value - effect) / level,
        found: with.p <= 1.0 - settings.level,
        false_alarm: without.p <= 1.0 - settings.level,
        covered: holds(&with.att, effect),
        covered_null: holds(&without.att, 0.0),
        width: with.att.low.zip(with.att.high).map(|(l, h)| (h - l) * DAYS as f64),
    })
}

/// A panel without and with the effect, the mean effect of a day, and the level that it is a share of.
fn panel(scenario: (&str, usize, usize, f64), seed: u64) -> (Panel, Panel, f64, f64) {
    let (_, controls, before, size) = scenario;
    let mut rng = chain_rng(0x5ea_u64.wrapping_add(seed), 11);
    let periods = before + DAYS;
    let first: usize = rng.random_range(0..7);
    let mut walk = 0.0;
    let common: Vec<f64> = (0..periods)
        .map(|t| {
            walk += TREND * standard_normal(&mut rng);
            (1.0 + walk) * WEEK[(first + t) % 7]
        })
        .collect();
    let mut outcome = Matrix::zeros(1 + controls, periods);
    for i in 0..=controls {
        let level = if i == 0 { size * SIZE.0 } else { SIZE.0 * (SIZE.1 * standard_normal(&mut rng)).exp() };
        let mut noise = standard_normal(&mut rng);
        for t in 0..periods {
            noise = NOISE.1 * noise + (1.0 - NOISE.1 * NOISE.1).sqrt() * standard_normal(&mut rng);
            outcome[(i, t)] = level * (common[t] + NOISE.0 * noise);
        }
    }
    let names = (0..=controls).map(|i| format!("geo {i:02}")).collect();
    let null =
        Panel::new(names, (0..periods).map(|t| t.to_string()).collect(), outcome).treat(&[0], before, periods, 0);
    let mut lifted = null.clone();
    let level = size * SIZE.0;
    let mut effect = 0.0;
    for t in before..periods {
        let own = LIFT * level * common[t];
        lifted.outcome[(0, t)] += own;
        effect += own / DAYS as f64;
    }
    (null, lifted, effect, level)
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
