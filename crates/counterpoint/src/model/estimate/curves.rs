//! Response curves and carry-over, on a thinned set of draws.

use super::draws::{Pass, band};
use super::window::Window;
use super::{Band, CurveEstimate, DecayEstimate};
use crate::data::DriverKind;
use crate::model::build::Model;
use crate::model::platform::PlatformWork;
use crate::model::posterior::shape_values;
use crate::model::response::Response;
use crate::model::transform::adstock;
use counterpoint_infer::draws::{mean, quantile, sorted};
use counterpoint_infer::parallel::in_parallel;

/// Draws that curves are taken from.
const CURVE_DRAWS: usize = 250;
/// Points of a curve, from nothing to twice today's.
const POINTS: usize = 21;

fn thinned(pass: &Pass) -> Vec<usize> {
    let n = pass.draws.len().min(CURVE_DRAWS);
    (0..n).map(|i| i * pass.draws.len() / n).collect()
}

fn bands(by_place: impl Iterator<Item = Vec<f64>>) -> Band {
    let mut out = band(0);
    for values in by_place {
        let ordered = sorted(&values);
        out.mean.push(mean(&values));
        out.q05.push(quantile(&ordered, 0.05));
        out.q50.push(quantile(&ordered, 0.5));
        out.q95.push(quantile(&ordered, 0.95));
    }
    out
}

/// Incremental outcome of the window against the driver's spend there, its flighting kept.
pub(crate) fn curves(model: &Model, pass: &Pass, window: &Window, threads: usize) -> Vec<CurveEstimate> {
    let draws = thinned(pass);
    let (geos, periods) = (model.n_geos(), model.n_periods());
    let media: Vec<usize> =
        (0..model.drivers.len()).filter(|&m| model.drivers[m].kind != DriverKind::Treatment).collect();
    in_parallel(media.len(), threads, |k| {
        let (m, driver) = (media[k], &model.drivers[media[k]]);
        let mut work = Response::new(&driver.shape);
        let mut own = driver.platform.as_ref().map(|p| PlatformWork::new(p, &driver.shape));
        let fixed = factors().map(|factor| window.scaled(&driver.shape, &driver.exposure, factor)).collect::<Vec<_>>();
        let mut total = |draw: usize, i: usize| {
            let draw = &pass.draws[draw];
            let composed = driver.platform.as_ref().zip(own.as_mut()).map(|(platform, own)| {
                own.forward(platform, &draw.values);
                window.scaled(&driver.shape, &own.exposure, factors().nth(i).unwrap_or(0.0))
            });
            let exposure = composed.as_ref().unwrap_or(&fixed[i]);
            work.forward(&driver.shape, &shape_values(driver, &draw.values), exposure);
            (0..geos)
                .map(|g| {
                    let f: f64 = work.f[g * periods..(g + 1) * periods].iter().sum();
                    draw.beta[m * geos + g] * model.units[g] * f
                })
                .sum::<f64>()
        };
        let base: Vec<f64> = draws.iter().map(|&d| total(d, 0)).collect();
        let y = bands((0..POINTS).map(|i| draws.iter().zip(&base).map(|(&d, b)| total(d, i) - b).collect()));
        let spend = driver.spend.as_ref().map(|s| window.sum(s, periods)).filter(|&s| s > 0.0);
        let current = spend.unwrap_or_else(|| exposure_in(model, m, window));
        CurveEstimate {
            driver: driver.name.clone(),
            x: factors().map(|f| f * current).collect(),
            x_is_spend: spend.is_some(),
            y,
            current,
        }
    })
}

/// What today's spend is multiplied by along a curve; the first is nothing.
fn factors() -> impl Iterator<Item = f64> {
    (0..POINTS).map(|i| 2.0 * i as f64 / (POINTS - 1) as f64)
}

/// A driver's exposure within the window, in its own unit.
fn exposure_in(model: &Model, m: usize, window: &Window) -> f64 {
    let driver = &model.drivers[m];
    let (lead, periods) = (driver.shape.max_lag, driver.shape.periods);
    (0..model.n_geos())
        .map(|g| {
            let x = &driver.exposure.x[g * (lead + periods) + lead..(g + 1) * (lead + periods)];
            let people = model.units[g] / model.scale.sd;
            x[window.from..window.to].iter().sum::<f64>() * driver.unit[g] * people
        })
        .sum()
}

/// Carry-over weights by lag.
pub(crate) fn decays(model: &Model, pass: &Pass) -> Vec<DecayEstimate> {
    let draws = thinned(pass);
    let media = model.drivers.iter().filter(|d| d.kind != DriverKind::Treatment);
    media
        .map(|driver| {
            let lags = driver.shape.max_lag + 1;
            let all: Vec<Vec<f64>> = draws
                .iter()
                .map(|&d| {
                    let mut weights = vec![0.0; lags];
                    let shape = shape_values(driver, &pass.draws[d].values);
                    adstock::weights(driver.shape.adstock, &shape.adstock, &mut weights);
                    weights
                })
                .collect();
            let weights = bands((0..lags).map(|l| all.iter().map(|w| w[l]).collect()));
            DecayEstimate { driver: driver.name.clone(), weights }
        })
        .collect()
}
