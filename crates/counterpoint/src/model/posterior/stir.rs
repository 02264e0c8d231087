//! What is drawn anew between trajectories: effects over geos and the spreads of the baseline. See [`super::super::redraw`].

use super::super::build::{DriverModel, Model};
use super::super::linalg::axpy;
use super::super::marginal::geo_moments;
use super::super::redraw::{Effects, GeoMoments, LocalSpread, redraw, spread_given_scaled};
use super::Posterior;
use super::reshape::Curve;
use crate::project::EffectKind;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

impl Posterior {
    /// Draws effects over geos and all spreads anew at a position; whether there is anything that can be drawn so.
    pub(super) fn redraw(&mut self, position: &mut [f64], rng: &mut ChaCha8Rng) -> bool {
        let model = self.model.clone();
        let curves = Curve::all(&model);
        if model.parameters.groups().is_empty() && curves.is_empty() {
            return false;
        }
        self.set(position);
        let drivers = redrawn(&model);
        if !self.effects_over_geos(&model, &drivers, rng) {
            return false;
        }
        self.other_spreads(&model, &drivers, rng);
        if model.tracked.is_some() || !curves.is_empty() {
            // Responses are as they were: of creators' weights, too, what spreads and deviations come to.
            (0..model.drivers.len()).for_each(|m| self.follow_effect(m));
            let mut here = self.log_likelihood_beside(true);
            curves.iter().for_each(|curve| self.reshape(curve, &mut here, rng));
            self.propose_beside_codes(&mut here, rng);
        }
        let to = model.parameters.position(&self.values);
        let fine = to.iter().all(|x| x.is_finite());
        if fine {
            position.copy_from_slice(&to);
        }
        fine
    }

    /// Draws the effects over geos of some drivers and the spreads of the baseline anew; whether it could be done, as it can where there is nothing to do.
    fn effects_over_geos(&mut self, model: &Model, drivers: &[usize], rng: &mut ChaCha8Rng) -> bool {
        let (Some(of_baseline), false) = (&model.moments, drivers.is_empty()) else { return true };
        self.media_residual();
        if !self.marginal.solve(&model.baseline, &model.noise, of_baseline, &self.values, &self.residual).is_finite() {
            return false;
        }
        let moments = self.moments(model, drivers, rng);
        let mut effects: Vec<Effects> = drivers.iter().filter_map(|&m| self.effects(m)).collect();
        let baseline = &model.baseline;
        let spread_of = |j: usize| baseline.features[baseline.local[j]].spread;
        let mut indices: Vec<usize> = (0..baseline.locals()).filter_map(spread_of).collect();
        indices.sort_unstable();
        indices.dedup();
        let spread = |&i: &usize| LocalSpread {
            prior: model.parameters.get(i).prior,
            of: (0..baseline.locals()).filter(|&j| spread_of(j) == Some(i)).collect(),
            value: self.values[i],
        };
        let mut spreads: Vec<LocalSpread> = indices.iter().map(spread).collect();
        redraw(&mut effects, &mut spreads, &moments, rng);
        for (&m, effects) in drivers.iter().zip(&effects) {
            let slots = &model.drivers[m].slots;
            self.values[slots.effect] = effects.effect;
            if let Some((spread, first)) = slots.geo {
                self.values[spread] = effects.spread;
                self.values[first..first + effects.d.len()].copy_from_slice(&effects.d);
            }
        }
        indices.iter().zip(&spreads).for_each(|(&i, spread)| self.values[i] = spread.value);
        true
    }

    /// Draws the spreads of all other deviations anew, each given the products with all that it spreads.
    fn other_spreads(&mut self, model: &Model, drivers: &[usize], rng: &mut ChaCha8Rng) {
        let redrawn =
            |first: usize| drivers.iter().any(|&m| model.drivers[m].slots.geo.is_some_and(|(_, own)| own == first));
        let mut spread_by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for group in model.parameters.groups().iter().filter(|group| !redrawn(group.first)) {
            spread_by.entry(group.spread).or_default().extend(group.range());
        }
        for (spread, of) in spread_by {
            let mut d: Vec<f64> = of.iter().map(|&i| self.values[i]).collect();
            self.values[spread] =
                spread_given_scaled(&model.parameters.get(spread).prior, self.values[spread], &mut d, rng);
            of.iter().zip(d).for_each(|(&i, d)| self.values[i] = d);
        }
    }

    /// Moments of each geo, with the baseline's shared coefficients drawn given all parameters.
    fn moments(&mut self, model: &Model, drivers: &[usize], rng: &mut ChaCha8Rng) -> Vec<GeoMoments> {
        let (baseline, periods) = (&model.baseline, model.n_periods());
        self.marginal.draw(rng, &mut self.coefficients);
        self.coefficients[baseline.shared()..].fill(0.0);
        baseline.trend(&self.coefficients[..baseline.knots], &mut self.trend);
        let one = |g: usize| {
            let range = g * periods..(g + 1) * periods;
            let e = &mut self.residual[range.clone()];
            baseline.add_geo(g, &self.trend, &self.coefficients, -1.0, e);
            let columns: Vec<&[f64]> = drivers.iter().map(|&m| &self.drivers[m].response.f[range.clone()]).collect();
            for (&m, f) in drivers.iter().zip(&columns) {
                axpy(self.drivers[m].effect.beta[g], f, e);
            }
            geo_moments(baseline, &model.noise, &self.values, (g, &columns, e), &mut self.pooled)
        };
        (0..model.n_geos()).map(one).collect()
    }

    fn effects(&self, m: usize) -> Option<Effects> {
        let driver = &self.model.drivers[m];
        let (spread, first) = driver.slots.geo?;
        let prior = |i: usize| self.model.parameters.get(i).prior;
        let outcome = || self.drivers[m].effect.outcome.iter().map(|o| o / driver.denominator).collect();
        Some(Effects {
            prior: prior(driver.slots.effect),
            spread_prior: prior(spread),
            positive: driver.positive,
            outcome: (driver.on != EffectKind::Coefficient).then(outcome),
            effect: self.values[driver.slots.effect],
            spread: self.values[spread],
            d: self.values[first..first + self.model.n_geos()].to_vec(),
        })
    }
}

/// Drivers whose effects over geos can be drawn anew given the rest: those of which the outcome alone tells, where the baseline is integrated out.
fn redrawn(model: &Model) -> Vec<usize> {
    let apart = |m: usize, driver: &DriverModel| {
        let tested = model.experiments.iter().flat_map(|e| &e.parts).any(|part| part.driver == m);
        let tracked = driver.platform.is_some() && model.tracked.is_some();
        let sampled = model.parameters.get(driver.slots.effect).prior.is_sampled();
        model.moments.is_some() && driver.slots.geo.is_some() && sampled && !tested && !tracked
    };
    let all = model.drivers.iter().enumerate();
    all.filter(|(m, driver)| apart(*m, driver)).map(|(m, _)| m).collect()
}
