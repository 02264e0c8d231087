//! How often an effect that is proportional to a dose is found where it is, and where it is not: a simulation study of reading by dose.
//!
//! Nobody is untouched: 20 or 40 geos of log-normal size have doses whose logarithms have a standard deviation of 0.6, 90 days before and 14 or 28 of test,
//! a common trend and weekly profile, noise of 20 % of a day with autocorrelation 0.3, an effect of 8 % at the mean dose, a level of 95 %. Beside that base:
//! small geos noisier than large ones (its variance as one over size); own linear trends (standard deviation 18 % of the level over the 90 days); trends that go with the dose
//! (9 % over the 90 days at the mean dose beyond one of zero); four regions that share shocks (10 % of a day, autocorrelation 0.8), doses alike within a region;
//! own random walks (2 % a day).

use super::geolift_study::Row;
use counterpoint_experiment::{Matrix, Method, Panel, Settings};
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use rand::{Rng, RngExt};

const LEVEL: f64 = 0.95;
const LIFT: f64 = 0.08;
const BEFORE: usize = 90;
/// Median outcome of a geo and day, and the standard deviation of its logarithm over geos.
const SIZE: (f64, f64) = (400.0, 0.5);
/// Standard deviation of the logarithm of a dose.
const DOSE: f64 = 0.6;
/// Standard deviation of a day's noise as a share of the geo's level, and its autocorrelation.
const NOISE: (f64, f64) = (0.20, 0.3);
/// Step of the common trend's random walk, as a share of the level.
const TREND: f64 = 0.01;
/// Share of a week day, Monday first.
const WEEK: [f64; 7] = [0.92, 0.90, 0.94, 1.00, 1.10, 1.14, 1.00];

/// What geos have beside the common trend and their noise.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Own {
    Nothing,
    SmallNoisier,
    Trends,
    TrendsByDose,
    Regions,
    Walks,
}

const SCENARIOS: [(&str, Own); 6] = [
    ("base", Own::Nothing),
    ("small geos noisier", Own::SmallNoisier),
    ("own trends", Own::Trends),
    ("trends by dose", Own::TrendsByDose),
    ("regions", Own::Regions),
    ("own walks", Own::Walks),
];

/// Reads `panels` panels of every scenario with and without an effect; prints a line a scenario and size.
pub(crate) fn study(panels: u64) {
    println!(
        "{:20} {:>5} {:>5} {:>9} {:>9} {:>7} {:>7} {:>9} {:>9} {:>9}",
        "scenario", "geos", "days", "bias (pp)", "rmse (pp)", "FPR", "power", "cov lift", "cov null", "width"
    );
    for (name, own) in SCENARIOS {
        for (geos, days) in [(20, 14), (20, 28), (40, 14), (40, 28)] {
            print(name, geos, days, &(0..panels).filter_map(|seed| row(own, geos, days, seed)).collect::<Vec<_>>());
        }
    }
}

fn row(own: Own, geos: usize, days: usize, seed: u64) -> Option<Row> {
    let settings = Settings { method: Method::Dose, level: LEVEL, ..Settings::default() };
    let (null, lifted, effect, level) = panel(own, geos, days, seed);
    Row::of((&null, &lifted), &settings, (effect, level), 1.0 / level).filter(|row| row.width.is_some())
}

/// A series with a standard deviation of 1.
fn autoregression(rho: f64, periods: usize, rng: &mut impl Rng) -> Vec<f64> {
    let mut last = standard_normal(rng);
    (0..periods)
        .map(|_| {
            last = rho * last + (1.0 - rho * rho).sqrt() * standard_normal(rng);
            last
        })
        .collect()
}

fn walk(step: f64, periods: usize, rng: &mut impl Rng) -> Vec<f64> {
    let mut at = 0.0;
    (0..periods)
        .map(|_| {
            at += step * standard_normal(rng);
            at
        })
        .collect()
}

/// A panel without and with the effect, the mean effect of a geo and day, and the mean level.
fn panel(own: Own, geos: usize, days: usize, seed: u64) -> (Panel, Panel, f64, f64) {
    let mut rng = chain_rng(0xd05e_u64.wrapping_add(seed), 11);
    let periods = BEFORE + days;
    let first: usize = rng.random_range(0..7);
    let shared: Vec<f64> = walk(TREND, periods, &mut rng)
        .into_iter()
        .enumerate()
        .map(|(t, w)| (1.0 + w) * WEEK[(first + t) % 7])
        .collect();
    let regions: Vec<(f64, Vec<f64>)> =
        (0..4).map(|_| (standard_normal(&mut rng), autoregression(0.8, periods, &mut rng))).collect();
    let sizes: Vec<f64> = (0..geos).map(|_| SIZE.0 * (SIZE.1 * standard_normal(&mut rng)).exp()).collect();
    let dose: Vec<f64> = (0..geos)
        .map(|i| {
            let z = standard_normal(&mut rng);
            let z = if own == Own::Regions { (z + regions[i % 4].0) * 0.5_f64.sqrt() } else { z };
            (DOSE * z).exp()
        })
        .collect();
    let scale = sizes.iter().sum::<f64>() / sizes.iter().zip(&dose).map(|(s, d)| s * d).sum::<f64>();
    let dose: Vec<f64> = dose.into_iter().map(|d| d * scale).collect();
    let mut outcome = Matrix::zeros(geos, periods);
    let (mut effect, mut lifted) = (0.0, Matrix::zeros(geos, periods));
    for i in 0..geos {
        let spread = NOISE.0 * if own == Own::SmallNoisier { (SIZE.0 / sizes[i]).sqrt() } else { 1.0 };
        let noise = autoregression(NOISE.1, periods, &mut rng);
        let slope = match own {
            Own::Trends => 0.18 * standard_normal(&mut rng),
            Own::TrendsByDose => 0.09 * (dose[i] - 1.0),
            _ => 0.0,
        };
        let steps = if own == Own::Walks { walk(0.02, periods, &mut rng) } else { vec![0.0; periods] };
        for t in 0..periods {
            let region = if own == Own::Regions { 0.1 * regions[i % 4].1[t] } else { 0.0 };
            let more = slope * t as f64 / BEFORE as f64 + region + steps[t];
            outcome[(i, t)] = sizes[i] * (shared[t] + spread * noise[t] + more);
            let own = if t < BEFORE { 0.0 } else { LIFT * dose[i] * sizes[i] };
            lifted[(i, t)] = outcome[(i, t)] + own;
            effect += own / (geos * days) as f64;
        }
    }
    let names = (0..geos).map(|i| format!("geo {i:02}")).collect();
    let all: Vec<usize> = (0..geos).collect();
    let times = (0..periods).map(|t| t.to_string()).collect();
    let null = Panel { dose: Some(dose), ..Panel::new(names, times, outcome).treat(&all, BEFORE, periods, 0) };
    let lifted = Panel { outcome: lifted, ..null.clone() };
    (null, lifted, effect, sizes.iter().sum::<f64>() / geos as f64)
}

fn print(scenario: &str, geos: usize, days: usize, rows: &[Row]) {
    let n = rows.len() as f64;
    let share = |of: fn(&Row) -> bool| rows.iter().filter(|r| of(r)).count() as f64 / n;
    let mut widths: Vec<f64> = rows.iter().filter_map(|r| r.width).collect();
    widths.sort_by(f64::total_cmp);
    println!(
        "{scenario:20} {geos:5} {days:5} {:9.2} {:9.2} {:7.3} {:7.3} {:9.3} {:9.3} {:9.3}",
        100.0 * rows.iter().map(|r| r.error).sum::<f64>() / n,
        100.0 * (rows.iter().map(|r| r.error * r.error).sum::<f64>() / n).sqrt(),
        share(|r| r.false_alarm),
        share(|r| r.found),
        share(|r| r.covered),
        share(|r| r.covered_null),
        widths.get(widths.len() / 2).copied().unwrap_or(f64::NAN),
    );
}
