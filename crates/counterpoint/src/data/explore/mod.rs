//! What an analyst would look at before trusting a model of these data. Each check is one function with a named threshold.

mod collinear;
mod drivers;
mod mediator;
mod outliers;
mod season;
mod size;
mod stats;

#[cfg(test)]
mod tests;

pub use collinear::{CORRELATION_FAIL, CORRELATION_REVIEW, VIF_FAIL, VIF_REVIEW};
pub use drivers::{COST_JUMP, COST_JUMP_PERIODS, MIN_ACTIVE_PERIODS};
pub use mediator::{MEDIATOR_CORRELATION, MEDIATOR_LAGS, MEDIATOR_NAMES, MEDIATOR_SIGMAS};
pub use outliers::OUTLIER_SIGMAS;
pub use season::{SEASON_CORRELATION, SEASON_HARMONICS, SEASON_OUTCOME, SEASON_SHARE};
pub use size::{DIRECTIONAL_DATA, MIN_RANK_GEOS, ONE_YEAR_DAYS, TOO_LITTLE_DATA, TWO_YEARS_DAYS};

use super::{Dataset, Driver};
use crate::finding::Finding;
use crate::project::{DriverSpec, Project};

/// Looks at assembled data as an analyst would. The order of findings is that of the checks, then of the project.
pub fn explore(project: &Project, data: &Dataset) -> Vec<Finding> {
    let mut out = Vec::new();
    if data.n_geos() == 0 || data.n_periods() == 0 {
        return out;
    }
    size::outcome_constant(data, &mut out);
    size::control_constant(data, &mut out);
    drivers::driver_zero(project, data, &mut out);
    drivers::driver_constant(data, &mut out);
    drivers::few_active_periods(data, &mut out);
    drivers::spend_and_exposure(data, &mut out);
    drivers::cost_jump(data, &mut out);
    outliers::outliers(data, &mut out);
    collinear::correlated_pairs(data, &mut out);
    collinear::variance_inflation(data, &mut out);
    season::seasonal_spend(data, &mut out);
    mediator::mediator_control(data, &mut out);
    size::few_observations(project, data, &mut out);
    size::short_history(project, data, &mut out);
    size::short_series(data, &mut out);
    size::population_correlation(data, &mut out);
    out
}

/// The project's entry of a driver.
fn spec<'a>(project: &'a Project, driver: &Driver) -> Option<&'a DriverSpec> {
    project.drivers.iter().find(|d| d.name == driver.name)
}

/// Contacts of a driver in the outcome's window, `[geos x periods]`: exposure, or reach times frequency.
fn contacts(data: &Dataset, driver: &Driver) -> Vec<f64> {
    let (periods, width) = (data.n_periods(), data.history + data.n_periods());
    let mut all = Vec::with_capacity(data.n_geos() * periods);
    for geo in 0..data.n_geos() {
        for t in data.history..width {
            let frequency = driver.frequency.as_ref().map_or(1.0, |f| f[geo * width + t]);
            all.push(driver.exposure[geo * width + t] * frequency);
        }
    }
    all
}

/// Sum over geos, a period each.
fn total(values: &[f64], periods: usize) -> Vec<f64> {
    let mut sum = vec![0.0; periods];
    for geo in values.chunks(periods.max(1)) {
        for (s, v) in sum.iter_mut().zip(geo) {
            *s += v;
        }
    }
    sum
}

/// The names of a few things, with the number of those left out.
fn list(names: &[String]) -> String {
    let shown = names.iter().take(5).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}
