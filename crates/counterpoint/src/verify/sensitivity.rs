//! Which conclusions are the prior's: each driver's return as its own priors, and the data, are made a little stronger or weaker (power-scaling).
//!
//! Scaled are a driver's own priors: of its effect, carry-over, saturation and spread over geos, not the geos' deviations, which belong to the model. The data are the
//! likelihood with the baseline integrated out, tracked sales and experiments.

use super::refit::{Base, targets};
use crate::model::build::{DriverModel, Model};
use crate::model::evidence::paid;
use crate::model::experiment::Target;
use crate::model::posterior::Posterior;
use crate::model::transform::{adstock, saturation};
use counterpoint_infer::diagnose::{SENSITIVE, Status, power_sensitivity};
use counterpoint_infer::log_density::LogDensity;
use counterpoint_infer::parallel::in_parallel;

/// Blocks that draws are read in, whatever the number of threads.
const BLOCKS: usize = 8;

/// What a driver's return hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rests {
    /// The data: priors could be somewhat different.
    OnData,
    /// The prior: it matters, and the data hardly do.
    OnPrior,
    /// Both, and they may pull apart.
    OnBoth,
}

/// One driver.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitive {
    /// Name.
    pub name: String,
    /// Sensitivity to its own priors.
    pub prior: f64,
    /// Sensitivity to the data.
    pub data: f64,
}

impl Sensitive {
    /// The paper's diagnosis.
    pub fn rests(&self) -> Rests {
        match (self.prior >= SENSITIVE, self.data >= SENSITIVE) {
            (false, _) => Rests::OnData,
            (true, false) => Rests::OnPrior,
            (true, true) => Rests::OnBoth,
        }
    }
}

/// All drivers.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    /// Drivers.
    pub drivers: Vec<Sensitive>,
}

impl Sensitivity {
    pub(super) fn of(base: &Base<'_>, today: &[Vec<[f64; 2]>], threads: usize) -> Sensitivity {
        let model = &base.model;
        let n = base.positions.len();
        let blocks = in_parallel(BLOCKS, threads, |block| {
            let mut posterior = Posterior::new(model.clone());
            let mut gradient = vec![0.0; model.parameters.sampled()];
            (block * n / BLOCKS..(block + 1) * n / BLOCKS)
                .map(|i| {
                    let log_prior = posterior.set(&base.positions[i]);
                    let likelihood = posterior.evaluate(&base.positions[i], &mut gradient) - log_prior;
                    let own = model.drivers.iter().map(|d| log_prior_of(model, d, posterior.values()));
                    (likelihood, own.collect::<Vec<f64>>())
                })
                .collect::<Vec<_>>()
        });
        let draws: Vec<(f64, Vec<f64>)> = blocks.into_iter().flatten().collect();
        let likelihood: Vec<f64> = draws.iter().map(|d| d.0).collect();
        let drivers = targets(model).into_iter().enumerate().filter_map(|(i, target)| {
            let Target::Driver(m) = target else { return None };
            let values: Vec<f64> = today[i].iter().map(|d| d[1]).collect();
            let prior: Vec<f64> = draws.iter().map(|d| d.1[m]).collect();
            Some(Sensitive {
                name: paid(model, target).0,
                prior: power_sensitivity(&values, &prior),
                data: power_sensitivity(&values, &likelihood),
            })
        });
        Sensitivity { drivers: drivers.collect() }
    }

    /// A look is due where a driver's return rests on its prior.
    pub fn status(&self) -> Status {
        if self.drivers.iter().any(|d| d.rests() == Rests::OnPrior) { Status::Review } else { Status::Ok }
    }
}

/// Log density of a driver's own priors at parameter values.
fn log_prior_of(model: &Model, driver: &DriverModel, values: &[f64]) -> f64 {
    let slots = &driver.slots;
    let adstock = &slots.adstock[..adstock::parameters(driver.shape.adstock)];
    let saturation = &slots.saturation[..saturation::parameters(driver.shape.saturation)];
    let spread = slots.geo.map(|(spread, _)| spread);
    let own = [slots.effect].into_iter().chain(adstock.iter().chain(saturation).copied()).chain(spread);
    own.map(|i| (model.parameters.get(i), values[i]))
        .filter(|(p, _)| p.coordinate.is_some())
        .map(|(p, x)| p.prior.density(x).max(f64::MIN_POSITIVE).ln())
        .sum()
}
