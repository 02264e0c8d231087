//! Experiments as data: the model's own counterfactual over the geos and periods of each test, carry-over included.
//!
//! ```text
//! lift_model = sum over the geos and periods of the test (window and cool-down) of [ mu(as run) - mu(as it would have been) ]
//! lift       ~ Normal(lift_model, se)
//! ```
//!
//! in outcome units, signed. The baseline is in both means and cancels, so the term needs the drivers' coefficients and shapes only, and adds to the
//! log density whether the baseline is integrated out or not. Each driver of a test has a small response of its own: two rows a geo, as run and as it
//! would have been, over the periods of the test, led by as much history as the carry-over is long. See `docs/method.md`.

use super::build::Model;
use super::linalg::{axpy, dot};
use super::platform::Platform;
use super::posterior::DriverWork;
use super::response::{Exposure, Response, Shape, ShapeValues, convolve_transposed};
use super::transform::{adstock, saturation};
use crate::creators::attention::Views;

/// One experiment.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Name.
    pub name: String,
    /// What was changed.
    pub targets: Vec<Target>,
    /// The same, a driver of the model each.
    pub parts: Vec<Part>,
    /// Outcome as run minus outcome as it would have been, in outcome units.
    pub lift: f64,
    /// Its standard error as it enters the likelihood: as reported, or widened where the test lies outside of the data.
    pub se: f64,
    /// Its standard error as reported.
    pub reported_se: f64,
}

/// What an experiment changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A driver, by its index in the model.
    Driver(usize),
    /// A creator, by its index in the model.
    Creator(usize),
}

/// A driver's part of an experiment.
#[derive(Debug, Clone)]
pub struct Part {
    /// Index of the driver.
    pub driver: usize,
    /// Geos of the test.
    pub geos: Vec<usize>,
    /// The driver's transforms over the periods of the test; its "geos" are those of the test as run, then as it would have been.
    pub shape: Shape,
    /// Exposure of the rows.
    pub dose: Dose,
}

/// Scaled exposure of the rows of a [`Part`].
#[derive(Debug, Clone)]
pub enum Dose {
    /// It is known.
    Known(Exposure),
    /// It is made of the views of a platform's accounts, whose weights are parameters.
    Views {
        /// As run.
        run: Views,
        /// As it would have been.
        otherwise: Views,
    },
}

/// Working memory of all experiments.
#[derive(Debug, Clone)]
pub struct ExperimentWork {
    parts: Vec<PartWork>,
    /// Lift of each experiment by the model, in outcome units.
    lifts: Vec<f64>,
    /// d log density / d coefficient, `[drivers x geos]`; empty without experiments.
    pub by_beta: Vec<f64>,
}

/// Working memory of one part.
#[derive(Debug, Clone)]
struct PartWork {
    response: Response,
    /// Exposure that has parameters of its own; empty where it is known.
    exposure: Exposure,
    /// Difference of the response between the two rows of each geo, summed over the periods.
    difference: Vec<f64>,
    adjoint: Vec<f64>,
    by_exposure: Vec<f64>,
}

impl ExperimentWork {
    /// Working memory for the experiments of a model.
    pub fn new(model: &Model) -> ExperimentWork {
        let parts = model.experiments.iter().flat_map(|e| &e.parts);
        let one = |part: &Part| {
            let padded = part.shape.max_lag + part.shape.periods;
            let views = matches!(part.dose, Dose::Views { .. });
            PartWork {
                response: Response::with_derivatives(&part.shape, views),
                exposure: Exposure {
                    x: vec![0.0; if views { part.shape.rows() * padded } else { 0 }],
                    frequency: None,
                },
                difference: vec![0.0; part.geos.len()],
                adjoint: vec![0.0; part.shape.periods],
                by_exposure: vec![0.0; if views { padded } else { 0 }],
            }
        };
        let some = !model.experiments.is_empty();
        ExperimentWork {
            parts: parts.map(one).collect(),
            lifts: vec![0.0; model.experiments.len()],
            by_beta: vec![0.0; if some { model.drivers.len() * model.n_geos() } else { 0 }],
        }
    }

    /// The lift of each experiment by the model, in outcome units, at the coefficients, shapes and weights of `drivers`.
    pub fn lifts(&mut self, model: &Model, values: &[f64], drivers: &[DriverWork]) -> &[f64] {
        let mut works = self.parts.iter_mut();
        for (experiment, lift) in model.experiments.iter().zip(&mut self.lifts) {
            *lift = 0.0;
            for (part, work) in experiment.parts.iter().zip(&mut works) {
                let driver = &model.drivers[part.driver];
                let exposure = match (&part.dose, &driver.platform) {
                    (Dose::Known(exposure), _) => exposure,
                    (Dose::Views { run, otherwise }, Some(platform)) => {
                        work.compose(part, platform, values, run, otherwise);
                        &work.exposure
                    }
                    (Dose::Views { .. }, None) => continue,
                };
                let shape = super::posterior::shape_values(driver, values);
                work.response.forward(&part.shape, &shape, exposure);
                let (n, periods) = (part.geos.len(), part.shape.periods);
                for (k, &g) in part.geos.iter().enumerate() {
                    let sum = |geo: usize| work.response.f[geo * periods..(geo + 1) * periods].iter().sum::<f64>();
                    work.difference[k] = sum(k) - sum(n + k);
                    *lift += model.units[g] * drivers[part.driver].effect.beta[g] * work.difference[k];
                }
            }
        }
        &self.lifts
    }

    /// Log likelihood of the lifts. Fills `by_beta`; adds the derivatives by shapes and weights to `by_value`.
    pub fn log_density(&mut self, model: &Model, values: &[f64], drivers: &[DriverWork], by_value: &mut [f64]) -> f64 {
        if model.experiments.is_empty() {
            return 0.0;
        }
        self.lifts(model, values, drivers);
        self.by_beta.fill(0.0);
        let mut total = 0.0;
        let mut works = self.parts.iter_mut();
        for (experiment, lift) in model.experiments.iter().zip(&self.lifts) {
            total += experiment.log_density(*lift);
            let by_lift = (experiment.lift - lift) / (experiment.se * experiment.se);
            for (part, work) in experiment.parts.iter().zip(&mut works) {
                let (driver, beta) = (&model.drivers[part.driver], &drivers[part.driver].effect.beta);
                let by_beta = &mut self.by_beta[part.driver * model.n_geos()..(part.driver + 1) * model.n_geos()];
                let mut by_shape = ShapeValues::default();
                for (k, &g) in part.geos.iter().enumerate() {
                    by_beta[g] += by_lift * model.units[g] * work.difference[k];
                    let by_f = by_lift * model.units[g] * beta[g];
                    for (geo, by) in [(k, by_f), (part.geos.len() + k, -by_f)] {
                        work.adjoint.fill(by);
                        work.response.adjoint_geo(&part.shape, geo, &work.adjoint, &mut by_shape);
                        if let (Dose::Views { run, otherwise }, Some(platform)) = (&part.dose, &driver.platform) {
                            let views = if geo == k { run } else { otherwise };
                            for segment in 0..part.shape.segments.len() {
                                work.by_weights((part, geo, segment), by, platform, views, values, by_value);
                            }
                        }
                    }
                }
                for i in 0..adstock::parameters(driver.shape.adstock) {
                    by_value[driver.slots.adstock[i]] += by_shape.adstock[i];
                }
                for i in 0..saturation::parameters(driver.shape.saturation) {
                    by_value[driver.slots.saturation[i]] += by_shape.saturation[i];
                }
            }
        }
        total
    }

    /// What the experiments say of the logarithm of each geo's coefficient, driver by driver, the rest held: adds the gradient of the log likelihood and
    /// the information to `told`; after [`ExperimentWork::lifts`].
    pub fn by_log_effect(&self, model: &Model, drivers: &[DriverWork], told: &mut [Vec<[f64; 2]>]) {
        let mut works = self.parts.iter();
        for (experiment, lift) in model.experiments.iter().zip(&self.lifts) {
            for (part, work) in experiment.parts.iter().zip(&mut works) {
                for (k, &g) in part.geos.iter().enumerate() {
                    let brought =
                        model.units[g] * drivers[part.driver].effect.beta[g] * work.difference[k] / experiment.se;
                    let left = (experiment.lift - lift) / experiment.se;
                    told[part.driver][g][0] += left * brought;
                    told[part.driver][g][1] += brought * brought;
                }
            }
        }
    }
}

impl Experiment {
    /// ln Normal(lift; lift_model, se).
    pub fn log_density(&self, lift_model: f64) -> f64 {
        let z = (self.lift - lift_model) / self.se;
        -0.5 * z * z - self.se.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
    }
}

impl PartWork {
    /// Exposure of the rows from the views of the accounts and their weights.
    fn compose(&mut self, part: &Part, platform: &Platform, values: &[f64], run: &Views, otherwise: &Views) {
        let (padded, n) = (part.shape.max_lag + part.shape.periods, part.geos.len());
        let segments = part.shape.segments.len();
        self.exposure.x.fill(0.0);
        for c in 0..platform.len() {
            let weight = platform.weight(c, values);
            let own = c * padded..(c + 1) * padded;
            for (k, &g) in part.geos.iter().enumerate() {
                for segment in 0..segments {
                    let scale = weight * platform.shares(c)[g * segments + segment];
                    for (geo, views) in [(k, run), (n + k, otherwise)] {
                        let row = geo * segments + segment;
                        let to = &mut self.exposure.x[row * padded..(row + 1) * padded];
                        axpy(scale, &views.all[own.clone()], to);
                        if let Some(step) = &platform.step {
                            axpy(scale * step.more(values), &views.before[own.clone()], to);
                        }
                    }
                }
            }
        }
    }

    /// Adjoint of [`PartWork::compose`] for one row, to weights and step, from `by`, the derivative by each period of its geo's response.
    fn by_weights(
        &mut self,
        (part, geo, segment): (&Part, usize, usize),
        by: f64,
        platform: &Platform,
        views: &Views,
        values: &[f64],
        by_value: &mut [f64],
    ) {
        let padded = part.shape.max_lag + part.shape.periods;
        let segments = part.shape.segments.len();
        let g = part.geos[geo % part.geos.len()];
        self.adjoint.fill(by * part.shape.segments[segment]);
        self.response.adjoint_exposure(geo * segments + segment, &mut self.adjoint);
        convolve_transposed(self.response.weights(), &self.adjoint, &mut self.by_exposure);
        for c in 0..platform.len() {
            let own = c * padded..(c + 1) * padded;
            let mut by = dot(&self.by_exposure, &views.all[own.clone()]);
            let scale = platform.weight(c, values) * platform.shares(c)[g * segments + segment];
            if let Some(step) = &platform.step {
                let by_more = dot(&self.by_exposure, &views.before[own]);
                by += step.more(values) * by_more;
                by_value[step.slot] += scale * by_more * values[step.slot].exp();
            }
            let by_log = scale * by;
            platform.weight_adjoint(c, values, by_log, by_value);
        }
    }
}
