//! From what people know of a driver to its coefficient in each geo, solved exactly, with the adjoint.
//!
//! O\[g\] is the money that a coefficient of one brings in geo g; the sampled quantity demands I = theta x denominator in all.
//! Positive effects: beta\[g\] = exp(b + eta d\[g\]) with b = ln I - ln sum_g O\[g\] exp(eta d\[g\]).
//! Normal effects: beta\[g\] = b + eta d\[g\] with b = (I - sum_g O\[g\] eta d\[g\]) / sum_g O\[g\].
//! No Jacobian: theta is the sampled coordinate (Meridian's formulas, see `docs/method.md`).

use super::build::DriverModel;
use super::linalg::dot;
use super::response::Response;
use crate::project::EffectKind;

/// Coefficients of a driver, and the adjoints that pass through them.
#[derive(Debug, Clone)]
pub struct Effect {
    /// Coefficient by geo.
    pub beta: Vec<f64>,
    /// d log density / d beta.
    pub by_beta: Vec<f64>,
    /// d log density / d O.
    pub by_outcome: Vec<f64>,
    /// O by geo.
    pub outcome: Vec<f64>,
    by_deviation: Vec<f64>,
}

impl Effect {
    /// Memory for a number of geos.
    pub fn new(geos: usize) -> Effect {
        let zero = || vec![0.0; geos];
        Effect { beta: zero(), by_beta: zero(), by_outcome: zero(), outcome: zero(), by_deviation: zero() }
    }
}

/// Solves the coefficients. `money` is `[geos x periods]`.
pub fn effects(
    driver: &DriverModel,
    money: &[f64],
    values: &[f64],
    response: &Response,
    raised: Option<&Response>,
    out: &mut Effect,
) {
    let geos = out.beta.len();
    let periods = money.len() / geos;
    let theta = values[driver.slots.effect];
    let deviation = |g: usize| driver.slots.geo.map_or(0.0, |(eta, d)| values[eta] * values[d + g]);
    if driver.on == EffectKind::Coefficient {
        for g in 0..geos {
            out.beta[g] = if driver.positive { theta * deviation(g).exp() } else { theta + deviation(g) };
        }
        return;
    }
    for g in 0..geos {
        let range = g * periods..(g + 1) * periods;
        let base = dot(&response.f[range.clone()], &money[range.clone()]);
        out.outcome[g] = raised.map_or(base, |r| dot(&r.f[range.clone()], &money[range]) - base);
    }
    let demanded = theta * driver.denominator;
    if driver.positive {
        let sum: f64 = (0..geos).map(|g| out.outcome[g] * deviation(g).exp()).sum();
        for g in 0..geos {
            out.beta[g] = demanded / sum * deviation(g).exp();
        }
    } else {
        let sum: f64 = out.outcome.iter().sum();
        let shifted: f64 = (0..geos).map(|g| out.outcome[g] * deviation(g)).sum();
        let b = (demanded - shifted) / sum;
        for g in 0..geos {
            out.beta[g] = b + deviation(g);
        }
    }
}

/// Adjoint of [`effects`]: from `by_beta` to `by_outcome` and to the parameters in `by_value`.
pub fn effects_adjoint(driver: &DriverModel, values: &[f64], effect: &mut Effect, by_value: &mut [f64]) {
    let geos = effect.beta.len();
    let theta = values[driver.slots.effect];
    let (eta, first) = driver.slots.geo.unwrap_or((usize::MAX, 0));
    let spread = if eta == usize::MAX { 0.0 } else { values[eta] };
    let d = |g: usize| if eta == usize::MAX { 0.0 } else { values[first + g] };
    let coefficient = driver.on == EffectKind::Coefficient;
    // d/d(eta d[g]) of the log density through geo g's own beta, and the adjoint of b.
    let own = |effect: &Effect, g: usize| {
        if driver.positive { effect.by_beta[g] * effect.beta[g] } else { effect.by_beta[g] }
    };
    let by_b: f64 = (0..geos).map(|g| own(effect, g)).sum();
    let sum: f64 = if driver.positive {
        (0..geos).map(|g| effect.outcome[g] * (spread * d(g)).exp()).sum()
    } else {
        effect.outcome.iter().sum()
    };
    for g in 0..geos {
        let mut by = own(effect, g);
        if !coefficient {
            let share =
                if driver.positive { effect.outcome[g] * (spread * d(g)).exp() / sum } else { effect.outcome[g] / sum };
            by -= by_b * share;
        }
        effect.by_deviation[g] = by;
    }
    by_value[driver.slots.effect] += match (coefficient, driver.positive) {
        (_, true) => by_b / theta,
        (true, false) => by_b,
        (false, false) => by_b * driver.denominator / sum,
    };
    for g in 0..geos {
        effect.by_outcome[g] = if coefficient {
            0.0
        } else if driver.positive {
            -by_b * (spread * d(g)).exp() / sum
        } else {
            // b = (I - sum O eta d) / sum O, and beta[g] = b + eta d[g], so db/dO[g] = -beta[g] / sum O.
            -by_b * effect.beta[g] / sum
        };
    }
    if eta != usize::MAX {
        for g in 0..geos {
            by_value[eta] += effect.by_deviation[g] * d(g);
            by_value[first + g] += effect.by_deviation[g] * spread;
        }
    }
}
