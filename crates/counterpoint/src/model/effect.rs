//! From what people know of a driver to its coefficient in each geo, solved exactly, with the adjoint.
//!
//! O\[g\] is the money that a coefficient of one brings in geo g; the sampled quantity demands I = theta x denominator in all.
//! Positive effects: beta\[g\] = exp(b + eta d\[g\]) with b = ln I - ln sum_g O\[g\] exp(eta d\[g\]).
//! Normal effects: beta\[g\] = b + eta d\[g\] with b = (I - sum_g O\[g\] eta d\[g\]) / sum_g O\[g\].
//! No Jacobian: theta is the sampled coordinate (Meridian's formulas, see `docs/method.md`).

use super::build::DriverModel;
use super::linalg::dot;
use super::response::Products;
use crate::project::EffectKind;
use counterpoint_infer::dispatch;
use counterpoint_infer::math::exp;

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
    /// exp(eta d) by geo for positive effects, eta d for Normal ones.
    deviation: Vec<f64>,
    by_deviation: Vec<f64>,
}

impl Effect {
    /// Memory for a number of geos.
    pub fn new(geos: usize) -> Effect {
        let zero = || vec![0.0; geos];
        Effect {
            beta: zero(),
            by_beta: zero(),
            by_outcome: zero(),
            outcome: zero(),
            deviation: zero(),
            by_deviation: zero(),
        }
    }
}

/// Solves the coefficients. `weighed` are products of money with the response by geo, `raised` with that at raised exposure.
pub fn effects(
    driver: &DriverModel,
    values: &[f64],
    weighed: &[Products],
    raised: Option<&[Products]>,
    out: &mut Effect,
) {
    let geos = out.beta.len();
    let theta = values[driver.slots.effect];
    match driver.slots.geo {
        Some((eta, first)) => {
            deviations(driver.positive, values[eta], &values[first..first + geos], &mut out.deviation)
        }
        None => out.deviation.fill(if driver.positive { 1.0 } else { 0.0 }),
    }
    if driver.on == EffectKind::Coefficient {
        for (beta, deviation) in out.beta.iter_mut().zip(&out.deviation) {
            *beta = if driver.positive { theta * deviation } else { theta + deviation };
        }
        return;
    }
    for g in 0..geos {
        out.outcome[g] = raised.map_or(weighed[g][0], |raised| raised[g][0] - weighed[g][0]);
    }
    let demanded = theta * driver.denominator;
    if driver.positive {
        let base = demanded / dot(&out.outcome, &out.deviation);
        for (beta, deviation) in out.beta.iter_mut().zip(&out.deviation) {
            *beta = base * deviation;
        }
    } else {
        let sum: f64 = out.outcome.iter().sum();
        let b = (demanded - dot(&out.outcome, &out.deviation)) / sum;
        for (beta, deviation) in out.beta.iter_mut().zip(&out.deviation) {
            *beta = b + deviation;
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
    let sum: f64 = if driver.positive { dot(&effect.outcome, &effect.deviation) } else { effect.outcome.iter().sum() };
    for g in 0..geos {
        let mut by = own(effect, g);
        if !coefficient {
            let weight = if driver.positive { effect.deviation[g] } else { 1.0 };
            by -= by_b * effect.outcome[g] * weight / sum;
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
            -by_b * effect.deviation[g] / sum
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

dispatch! {
    /// exp(eta d) or eta d.
    fn deviations(positive: bool, eta: f64, d: &[f64], out: &mut [f64]) {
        if positive {
            for (out, d) in out.iter_mut().zip(d) {
                *out = exp(eta * d);
            }
        } else {
            for (out, d) in out.iter_mut().zip(d) {
                *out = eta * d;
            }
        }
    }
}
