//! The log posterior density and its exact gradient, by one forward and one adjoint sweep over the data.

mod places;
mod propose;
mod reshape;
mod split;
mod stir;

use super::baseline::KnotPrior;
use super::build::{DriverModel, Model};
use super::crowd::Crowd;
use super::effect::{Effect, effects, effects_adjoint};
use super::experiment::ExperimentWork;
use super::linalg::{add_rows, axpy, dot};
use super::marginal::Marginal;
use super::parameters::Maps;
use super::platform::PlatformWork;
use super::response::{Products, Response, ShapeValues};
use super::tracked::TrackedWork;
use super::transform::{adstock, saturation};
use crate::project::EffectKind;
use counterpoint_infer::dispatch;
use counterpoint_infer::log_density::LogDensity;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A posterior with its own working memory: one for each chain.
#[derive(Debug, Clone)]
pub struct Posterior {
    model: Arc<Model>,
    maps: Maps,
    values: Vec<f64>,
    by_value: Vec<f64>,
    drivers: Vec<DriverWork>,
    marginal: Marginal,
    /// y - media, `[geos x periods]`.
    residual: Vec<f64>,
    /// d log density / d mean, same shape.
    pull: Vec<f64>,
    /// Adjoint of one geo's response.
    adjoint: Vec<f64>,
    /// Adjoint of the carried-over exposure of one row.
    by_carried: Vec<f64>,
    /// What tracked sales say of a platform's response, `[rows x periods]`.
    by_response: Vec<f64>,
    tracked_work: TrackedWork,
    experiments: ExperimentWork,
    coefficients: Vec<f64>,
    by_coefficient: Vec<f64>,
    trend: Vec<f64>,
    pooled: Vec<f64>,
}

/// Working memory of one driver.
#[derive(Debug, Clone)]
pub struct DriverWork {
    /// Response at today's exposure.
    pub response: Response,
    /// Products of money with the response by geo; zero where the effect is a coefficient and money is not asked for.
    weighed: Vec<Products>,
    /// Products of d log density / d mean with the response by geo.
    pulled: Vec<Products>,
    /// Response at exposure raised by 1 %, and its products with money.
    raised: Option<(Response, Vec<Products>)>,
    /// Weights and parts of the creators, where the driver is a platform of theirs.
    pub platform: Option<PlatformWork>,
    shape_values: ShapeValues,
    /// Coefficients by geo and what they were solved from.
    pub effect: Effect,
}

impl Posterior {
    /// Working memory for a model.
    pub fn new(model: Arc<Model>) -> Posterior {
        let cells = model.y.len();
        let drivers = model
            .drivers
            .iter()
            .map(|d| DriverWork {
                response: Response::with_derivatives(&d.shape, d.platform.is_some()),
                weighed: vec![Products::default(); model.n_geos()],
                pulled: vec![Products::default(); model.n_geos()],
                raised: d
                    .raised
                    .as_ref()
                    .map(|_| (Response::with_derivatives(&d.shape, false), vec![Products::default(); model.n_geos()])),
                platform: d.platform.as_ref().map(|p| PlatformWork::new(p, &d.shape)),
                shape_values: ShapeValues::default(),
                effect: Effect::new(model.n_geos()),
            })
            .collect();
        Posterior {
            maps: Maps::default(),
            values: vec![0.0; model.parameters.len()],
            by_value: vec![0.0; model.parameters.len()],
            drivers,
            marginal: Marginal::new(&model.baseline),
            residual: vec![0.0; cells],
            pull: vec![0.0; cells],
            adjoint: vec![0.0; model.n_periods()],
            by_carried: vec![0.0; model.n_periods()],
            by_response: Vec::new(),
            tracked_work: TrackedWork::new(model.n_periods()),
            experiments: ExperimentWork::new(&model),
            coefficients: vec![0.0; model.baseline.coefficients()],
            by_coefficient: vec![0.0; model.baseline.coefficients()],
            trend: vec![0.0; model.n_periods()],
            pooled: vec![0.0; model.n_periods()],
            model,
        }
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Where chains begin: the middle of each prior, the noise at half a standard deviation of the outcome.
    pub fn start(model: &Model) -> Vec<f64> {
        let middle = |(i, p): (usize, &super::parameters::Parameter)| {
            let middle = p.prior.middle();
            if model.noise.sigma.contains(&i) { middle.min(0.5) } else { middle }
        };
        let values: Vec<f64> = model.parameters.iter().enumerate().map(middle).collect();
        model.parameters.position(&values)
    }

    /// Parameter values, responses and effects at a position, without the likelihood. Returns the log prior density.
    pub fn set(&mut self, position: &[f64]) -> f64 {
        let log_prior = self.model.parameters.evaluate(position, &mut self.maps, &mut self.values);
        self.follow(0..self.drivers.len());
        log_prior
    }

    /// Responses and effects of some drivers at the parameter values that are there.
    fn follow(&mut self, drivers: impl Iterator<Item = usize>) {
        let model = self.model.clone();
        for m in drivers {
            let (driver, work) = (&model.drivers[m], &mut self.drivers[m]);
            work.shape_values = shape_values(driver, &self.values);
            let exposure = match (&driver.platform, &mut work.platform) {
                (Some(platform), Some(own)) => {
                    own.forward(platform, &self.values);
                    &own.exposure
                }
                _ => &driver.exposure,
            };
            work.response.forward(&driver.shape, &work.shape_values, exposure);
            let weigh = |response: &Response, out: &mut [Products]| {
                for (g, (out, money)) in out.iter_mut().zip(model.money.chunks_exact(model.n_periods())).enumerate() {
                    *out = response.products(&driver.shape, g, money);
                }
            };
            if driver.on != EffectKind::Coefficient {
                weigh(&work.response, &mut work.weighed);
            }
            if let (Some((response, weighed)), Some(exposure)) = (&mut work.raised, &driver.raised) {
                response.forward(&driver.shape, &work.shape_values, exposure);
                weigh(response, weighed);
            }
            self.follow_effect(m);
        }
    }

    /// Coefficients of a driver at the parameter values and the response that are there.
    fn follow_effect(&mut self, m: usize) {
        let work = &mut self.drivers[m];
        let raised = work.raised.as_ref().map(|(_, weighed)| weighed.as_slice());
        effects(&self.model.drivers[m], &self.values, &work.weighed, raised, &mut work.effect);
    }

    /// Parameter values of the last position.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Responses and effects of the last position, a driver each.
    pub fn drivers(&self) -> &[DriverWork] {
        &self.drivers
    }

    /// One draw of the baseline's coefficients given the parameters at `position`, exact; where they are sampled, their values.
    /// Leaves responses and effects as [`Posterior::set`] does.
    pub fn draw_baseline(&mut self, position: &[f64], rng: &mut impl rand::Rng) -> &[f64] {
        self.set(position);
        if let Some(first) = self.model.sampled_baseline {
            coefficients_of(&self.model, &self.values, first, &mut self.coefficients);
        } else {
            self.by_value.fill(0.0);
            self.media_residual();
            self.likelihood();
            self.marginal.draw(rng, &mut self.coefficients);
        }
        &self.coefficients
    }

    /// Expected outcome of geo g at the last position, with baseline `coefficients`, by period, in scaled units.
    pub fn expected(&self, coefficients: &[f64], g: usize, out: &mut [f64]) {
        let (baseline, periods) = (&self.model.baseline, self.model.n_periods());
        let mut trend = vec![0.0; periods];
        baseline.trend(&coefficients[..baseline.knots], &mut trend);
        out.fill(0.0);
        baseline.add_geo(g, &trend, coefficients, 1.0, out);
        for work in &self.drivers {
            axpy(work.effect.beta[g], &work.response.f[g * periods..(g + 1) * periods], out);
        }
    }

    /// What the data and the experiments say of the logarithm of each geo's coefficient, driver by driver, at the given parameter values and with the
    /// rest held: the gradient of the log likelihood, and the information (exact for Normal noise); the baseline integrated out where it is.
    pub fn by_log_effect(&mut self, values: &[f64]) -> Vec<Vec<[f64; 2]>> {
        let position = self.model.parameters.position(values);
        self.set(&position);
        self.by_value.fill(0.0);
        self.media_residual();
        let (residual, periods) = (self.residual.clone(), self.model.n_periods());
        self.likelihood();
        let before = self.pull.clone();
        let (drivers, geos) = (self.drivers.len(), self.model.n_geos());
        let mut one = |m: usize, g: usize| {
            let range = g * periods..(g + 1) * periods;
            let f = self.drivers[m].response.f[range.clone()].to_vec();
            let beta = self.drivers[m].effect.beta[g];
            // The pull is linear in the residual for Normal noise, so that any step is exact. One that makes the effect twice as large.
            self.residual.copy_from_slice(&residual);
            axpy(-beta, &f, &mut self.residual[range.clone()]);
            blank(&self.model, &mut self.residual);
            self.likelihood();
            let (here, there) = (dot(&before[range.clone()], &f), dot(&self.pull[range], &f));
            [beta * here, beta * (here - there)]
        };
        let mut told: Vec<Vec<[f64; 2]>> = (0..drivers).map(|m| (0..geos).map(|g| one(m, g)).collect()).collect();
        self.experiments.lifts(&self.model, &self.values, &self.drivers);
        self.experiments.by_log_effect(&self.model, &self.drivers, &mut told);
        told
    }

    /// The lift of each experiment by the model at the last position, in outcome units.
    pub fn experiment_lifts(&mut self) -> &[f64] {
        self.experiments.lifts(&self.model, &self.values, &self.drivers)
    }

    /// residual = y - media.
    fn media_residual(&mut self) {
        let (model, periods) = (&self.model, self.model.n_periods());
        self.residual.copy_from_slice(&model.y);
        for g in 0..model.n_geos() {
            let range = g * periods..(g + 1) * periods;
            let residual = &mut self.residual[range.clone()];
            let media = self.drivers.iter();
            add_rows(media.map(|work| (-work.effect.beta[g], &work.response.f[range.clone()])), residual);
        }
        blank(model, &mut self.residual);
    }

    /// Log likelihood of all data at the values, responses and effects that are there, and the derivatives that [`Posterior::evaluate`] carries on.
    fn log_likelihood(&mut self) -> f64 {
        self.by_value.fill(0.0);
        self.media_residual();
        let own = self.likelihood() + self.tracked(true);
        own + self.experiments.log_density(&self.model, &self.values, &self.drivers, &mut self.by_value)
    }

    /// Log likelihood of the residual; fills `pull` = d/d mean and adds to `by_value`.
    fn likelihood(&mut self) -> f64 {
        let model = &self.model;
        if let Some(moments) = &model.moments {
            return self.marginal.log_density(
                &model.baseline,
                &model.noise,
                moments,
                &self.values,
                &self.residual,
                &mut self.pull,
                &mut self.by_value,
            );
        }
        let first = model.sampled_baseline.unwrap_or(0);
        coefficients_of(model, &self.values, first, &mut self.coefficients);
        let (baseline, periods) = (&model.baseline, model.n_periods());
        baseline.trend(&self.coefficients[..baseline.knots], &mut self.trend);
        for g in 0..model.n_geos() {
            let e = &mut self.residual[g * periods..(g + 1) * periods];
            baseline.add_geo(g, &self.trend, &self.coefficients, -1.0, e);
        }
        let total = model.noise.log_density(&self.values, &self.residual, &mut self.pull, &mut self.by_value);
        self.pull.iter_mut().for_each(|x| *x = -*x);
        self.by_coefficient.fill(0.0);
        baseline.add_transposed(&self.pull, &mut self.pooled, &mut self.by_coefficient);
        coefficients_adjoint(model, &self.values, first, &mut self.by_coefficient, &mut self.by_value);
        total
    }
}

impl Posterior {
    /// Incremental outcome of every account at the last position, in its platform's [`PlatformWork::incremental`].
    pub fn split_platforms(&mut self) {
        for (driver, work) in self.model.drivers.iter().zip(&mut self.drivers) {
            if let (Some(platform), Some(own)) = (&driver.platform, &mut work.platform) {
                let half = work.shape_values.saturation[0];
                let (kernel, f) = (work.response.weights(), &work.response.rows().f);
                own.split(platform, kernel, f, &work.effect.beta, &self.model.units, half);
            }
        }
    }

    /// How the creators of each platform crowd each other at parameter values, a driver each; none where it is no platform.
    pub fn crowds(&mut self, values: &[f64]) -> Vec<Option<Crowd>> {
        self.set(&self.model.parameters.position(values));
        self.split_platforms();
        let one = |(driver, work): (&DriverModel, &DriverWork)| {
            let (platform, own) = (driver.platform.as_ref()?, work.platform.as_ref()?);
            let overlap = own.overlap(platform, &work.response.rows().f, work.shape_values.saturation[0]);
            let ln_weights: Vec<f64> = own.weight.iter().map(|w| w.ln()).collect();
            let brought: Vec<f64> =
                own.incremental.chunks_exact(self.model.n_periods()).map(|own| own.iter().sum()).collect();
            Some(Crowd::around(overlap, &ln_weights, &brought, platform.crowd.coded().to_vec()))
        };
        self.model.drivers.iter().zip(&self.drivers).map(one).collect()
    }

    /// What [`Posterior::log_likelihood`] is but for a constant, as long as only drivers and capture rates change: without its derivatives, where the
    /// baseline is integrated out. `anew` where this is asked for the first time.
    fn log_likelihood_beside(&mut self, anew: bool) -> f64 {
        if self.model.moments.is_none() {
            return self.log_likelihood();
        }
        self.media_residual();
        self.beside(anew) + self.tracked(false)
    }

    /// The same of the outcome and the experiments alone, where the baseline is integrated out, from the residual as it is.
    fn beside(&mut self, anew: bool) -> f64 {
        let model = self.model.clone();
        let Some(moments) = &model.moments else { return f64::NAN };
        let (baseline, noise, values, r) = (&model.baseline, &model.noise, &self.values, &self.residual);
        let own = if anew {
            self.marginal.solve(baseline, noise, moments, values, r)
        } else {
            self.marginal.solve_mean(baseline, noise, values, r)
        };
        own + self.experiments.log_density(&model, &self.values, &self.drivers, &mut self.by_value)
    }

    /// Log likelihood of tracked sales; where asked for, leaves the derivatives by each account's part in its platform.
    fn tracked(&mut self, derivatives: bool) -> f64 {
        let model = self.model.clone();
        let Some(tracked) = &model.tracked else { return 0.0 };
        self.split_platforms();
        let (values, drivers, work) = (&self.values, &mut self.drivers, &mut self.tracked_work);
        if !derivatives {
            return tracked.log_density(values, None, drivers, work);
        }
        for own in drivers.iter_mut().filter_map(|w| w.platform.as_mut()) {
            own.by_incremental.fill(0.0);
        }
        tracked.log_density(values, Some(&mut self.by_value), drivers, work)
    }
}

impl LogDensity for Posterior {
    fn dim(&self) -> usize {
        self.model.parameters.sampled()
    }

    fn stir(&mut self, position: &mut [f64], rng: &mut ChaCha8Rng) -> bool {
        self.redraw(position, rng)
    }

    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let log_prior = self.set(position);
        let log_likelihood = self.log_likelihood();
        let model = &self.model;
        let periods = model.n_periods();
        for (m, (driver, work)) in model.drivers.iter().zip(&mut self.drivers).enumerate() {
            let geos = model.n_geos();
            for g in 0..geos {
                let pull = &self.pull[g * periods..(g + 1) * periods];
                work.pulled[g] = work.response.products(&driver.shape, g, pull);
                work.effect.by_beta[g] = work.pulled[g][0];
            }
            if let Some(by_experiments) = self.experiments.by_beta.get(m * geos..(m + 1) * geos) {
                axpy(1.0, by_experiments, &mut work.effect.by_beta);
            }
            let mut by_shape = ShapeValues::default();
            let parts = model.tracked.is_some() && driver.platform.is_some();
            if let (Some(platform), Some(own)) = (&driver.platform, &mut work.platform) {
                own.adjoint_start(parts);
                if parts {
                    self.by_response.clear();
                    self.by_response.resize(driver.shape.rows() * periods, 0.0);
                    let half = work.shape_values.saturation[0];
                    by_shape.saturation[0] += own.split_adjoint(
                        platform,
                        (work.response.weights(), &work.response.rows().f),
                        (&work.effect.beta, &model.units, half),
                        &mut self.by_response,
                        &mut work.effect.by_beta,
                    );
                    let values = &work.shape_values.adstock;
                    let (kernel, by) = (work.response.weights(), own.by_kernel());
                    adstock::weights_adjoint(driver.shape.adstock, values, kernel, by, &mut by_shape.adstock);
                }
            }
            effects_adjoint(driver, &self.values, &mut work.effect, &mut self.by_value);
            // The adjoint of geo g's response is beta[g] pull + by_outcome[g] money, and what sales by code add.
            let by_base = if work.raised.is_some() { -1.0 } else { 1.0 };
            for g in 0..geos {
                let (beta, by_outcome) = (work.effect.beta[g], by_base * work.effect.by_outcome[g]);
                work.response.add_products(&driver.shape, beta, &work.pulled[g], &mut by_shape);
                work.response.add_products(&driver.shape, by_outcome, &work.weighed[g], &mut by_shape);
                if let (Some(platform), Some(own)) = (&driver.platform, &mut work.platform) {
                    let range = g * periods..(g + 1) * periods;
                    combine(
                        beta,
                        &self.pull[range.clone()],
                        by_outcome,
                        &model.money[range.clone()],
                        &mut self.adjoint,
                    );
                    for (row, people) in platform.rows_of(g).zip(&platform.segments) {
                        self.by_carried.iter_mut().zip(&self.adjoint).for_each(|(to, by)| *to = people * by);
                        if parts {
                            let by_response = &self.by_response[row * periods..(row + 1) * periods];
                            work.response.adjoint_row(&driver.shape, row, by_response, &mut by_shape);
                            axpy(1.0, by_response, &mut self.by_carried);
                        }
                        work.response.adjoint_exposure(row, &mut self.by_carried);
                        own.adjoint_row(work.response.weights(), row, &self.by_carried);
                    }
                }
            }
            if let (Some(platform), Some(own)) = (&driver.platform, &mut work.platform) {
                own.adjoint_end(platform, &self.values, &mut self.by_value);
            }
            if let Some((response, weighed)) = &work.raised {
                for (weighed, by_outcome) in weighed.iter().zip(&work.effect.by_outcome) {
                    response.add_products(&driver.shape, *by_outcome, weighed, &mut by_shape);
                }
            }
            for i in 0..adstock::parameters(driver.shape.adstock) {
                self.by_value[driver.slots.adstock[i]] += by_shape.adstock[i];
            }
            for i in 0..saturation::parameters(driver.shape.saturation) {
                self.by_value[driver.slots.saturation[i]] += by_shape.saturation[i];
            }
        }
        model.parameters.gradient(position, &self.maps, &self.values, &mut self.by_value, gradient);
        log_prior + log_likelihood
    }
}

/// Zeroes what is not observed.
fn blank(model: &Model, residual: &mut [f64]) {
    for (own, runs) in residual.chunks_exact_mut(model.n_periods()).zip(&model.noise.runs) {
        let mut at = 0;
        for &(start, end) in runs {
            own[at..start].fill(0.0);
            at = end;
        }
        own[at..].fill(0.0);
    }
}

/// The shape parameters of a driver.
pub fn shape_values(driver: &DriverModel, values: &[f64]) -> ShapeValues {
    let mut out = ShapeValues::default();
    for i in 0..adstock::parameters(driver.shape.adstock) {
        out.adstock[i] = values[driver.slots.adstock[i]];
    }
    for i in 0..saturation::parameters(driver.shape.saturation) {
        out.saturation[i] = values[driver.slots.saturation[i]];
    }
    out
}

dispatch! {
    /// out = a x + b y
    fn combine(a: f64, x: &[f64], b: f64, y: &[f64], out: &mut [f64]) {
        let n = out.len();
        let (x, y) = (&x[..n], &y[..n]);
        for t in 0..n {
            out[t] = a.mul_add(x[t], b * y[t]);
        }
    }
}

/// Baseline coefficients from their standardised, sampled values.
fn coefficients_of(model: &Model, values: &[f64], first: usize, out: &mut [f64]) {
    let baseline = &model.baseline;
    let deviations = baseline.geos * baseline.locals();
    let (own, z) = values[first..first + out.len()].split_at(deviations);
    let mut level = 0.0;
    for k in 0..baseline.knots {
        out[k] = match baseline.knot_prior {
            KnotPrior::Walk { step } => {
                level += values[step] * z[k];
                level
            }
            KnotPrior::Free { sd } => sd * z[k],
        };
    }
    let shared = baseline.shared();
    for (f, feature) in baseline.features.iter().enumerate() {
        out[baseline.knots + f] = feature.prior_sd(values) * z[baseline.knots + f];
    }
    let q = baseline.locals();
    for g in 0..baseline.geos {
        for (j, &f) in baseline.local.iter().enumerate() {
            let spread = baseline.features[f].spread.map_or(1.0, |i| values[i]);
            out[shared + g * q + j] = spread * own[j * baseline.geos + g];
        }
    }
}

/// Adjoint of [`coefficients_of`]; `by` is overwritten.
fn coefficients_adjoint(model: &Model, values: &[f64], first: usize, by: &mut [f64], by_value: &mut [f64]) {
    let baseline = &model.baseline;
    let after = first + baseline.geos * baseline.locals();
    match baseline.knot_prior {
        KnotPrior::Walk { step } => {
            let mut sum = 0.0;
            for k in (0..baseline.knots).rev() {
                sum += by[k];
                by_value[after + k] += sum * values[step];
                by_value[step] += sum * values[after + k];
            }
        }
        KnotPrior::Free { sd } => {
            for k in 0..baseline.knots {
                by_value[after + k] += sd * by[k];
            }
        }
    }
    let shared = baseline.shared();
    for (f, feature) in baseline.features.iter().enumerate() {
        let z = after + baseline.knots + f;
        by_value[z] += feature.prior_sd(values) * by[baseline.knots + f];
        if let Some(scale) = feature.scale {
            by_value[scale] += feature.sd * values[z] * by[baseline.knots + f];
        }
    }
    let q = baseline.locals();
    for g in 0..baseline.geos {
        for (j, &f) in baseline.local.iter().enumerate() {
            let z = first + j * baseline.geos + g;
            if let Some(spread) = baseline.features[f].spread {
                by_value[z] += values[spread] * by[shared + g * q + j];
                by_value[spread] += values[z] * by[shared + g * q + j];
            }
        }
    }
}
