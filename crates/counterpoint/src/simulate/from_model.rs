//! Outcomes drawn from the model itself: from its prior, for calibration; at given parameters, for copies of a user's data.

use super::creators::negative_binomial;
use crate::data::Dataset;
use crate::model::baseline::KnotPrior;
use crate::model::build::Model;
use crate::model::posterior::Posterior;
use crate::model::tracked::Tracked;
use crate::project::Project;
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use rand::Rng;
use std::sync::Arc;

/// The random stream of parameters and noise, apart from those of chains and their starting points.
const STREAM: u64 = 1 << 40;

/// Draws all parameters of a project's model from their priors, then an outcome on the exposures, controls and missing cells
/// of `data`. Returns the data with the new outcome and the parameters in the order of
/// [`Parameters`](crate::model::parameters::Parameters), fixed ones included.
///
/// The outcome's scale is that of `data`. Who fits the draw for calibration must hold it
/// ([`Model::with_scale`]): else the priors would move with the drawn outcome. A prior on a contribution share moves with it
/// in any case and cannot be calibrated so.
pub fn from_prior(project: &Project, data: &Dataset, seed: u64) -> (Dataset, Vec<f64>) {
    from_model_prior(&Arc::new(Model::new(project, data)), data, seed)
}

/// [`from_prior`] with a model that is built already.
pub fn from_model_prior(model: &Arc<Model>, data: &Dataset, seed: u64) -> (Dataset, Vec<f64>) {
    let mut rng = chain_rng(seed, STREAM);
    let drawn: Vec<f64> = model.parameters.iter().map(|p| p.prior.draw(&mut rng)).collect();
    let coefficients = draw_coefficients(model, &drawn, &mut rng);
    let data = outcome_at(model, data, &drawn, &coefficients, &mut rng);
    (data, drawn)
}

/// A new outcome with the model's noise, at parameter `values` (in the order of the model's parameters) and baseline
/// `coefficients` (as [`Posterior::draw_baseline`] gives them): with those of a posterior draw, a copy of the user's data
/// whose truth is known. Lifts of experiments and tracked orders are drawn anew too. Cells that are missing stay missing; the outcome may fall below zero, as the model's does.
pub fn outcome_at(
    model: &Arc<Model>,
    data: &Dataset,
    values: &[f64],
    coefficients: &[f64],
    rng: &mut impl Rng,
) -> Dataset {
    let periods = model.n_periods();
    let mut posterior = Posterior::new(model.clone());
    posterior.set(&model.parameters.position(values));
    let (mut mean, mut noise) = (vec![0.0; periods], vec![0.0; periods]);
    let mut outcome = vec![f64::NAN; data.outcome.len()];
    for g in 0..model.n_geos() {
        posterior.expected(coefficients, g, &mut mean);
        for &(from, to) in &model.noise.runs[g] {
            model.noise.draw(values, g, None, rng, &mut noise[from..to]);
            for t in from..to {
                outcome[g * periods + t] =
                    (model.scale.mean + model.scale.sd * (mean[t] + noise[t])) * data.population[g];
            }
        }
    }
    let mut data = Dataset { outcome, ..data.clone() };
    let lifts = posterior.experiment_lifts();
    for (given, (experiment, lift)) in data.experiments.iter_mut().zip(model.experiments.iter().zip(lifts)) {
        given.lift = lift + experiment.se * standard_normal(rng);
    }
    if let Some(tracked) = &model.tracked {
        posterior.split_platforms();
        draw_sales(tracked, &posterior, &mut data, rng);
    }
    data
}

/// Draws the tracked orders at the posterior's last position anew, with the outcome of `data`; an order brings what it did before.
fn draw_sales(tracked: &Tracked, posterior: &Posterior, data: &mut Dataset, rng: &mut impl Rng) {
    let (model, values, periods) = (posterior.model(), posterior.values(), data.n_periods());
    let mut all = vec![0.0; periods];
    for (i, y) in data.outcome.iter().enumerate().filter(|(_, y)| !y.is_nan()) {
        all[i % periods] += y / tracked.per_order;
    }
    let Some(roster) = &mut data.roster else { return };
    let phi = values[tracked.dispersion].powi(-2);
    for (i, series) in tracked.series.iter().enumerate() {
        let name = &model.creators[series.creator].name;
        let own = roster.tracked.iter_mut().find(|t| roster.creators[t.creator].name == *name);
        let Some(own) = own else { continue };
        let money = own.revenue.iter().sum::<f64>() / own.orders.iter().sum::<f64>().max(1.0);
        let back = own.refunds.iter().sum::<f64>() / own.orders.iter().sum::<f64>().max(1.0);
        for t in series.from..series.to {
            let part = |&(d, c): &(usize, usize)| {
                posterior.drivers()[d].platform.as_ref().map_or(0.0, |p| p.incremental[c * periods + t])
            };
            let brought = series.accounts.iter().map(part).sum::<f64>() / tracked.per_order;
            let mean = tracked.capture(i, values) * brought + values[series.leak] * all[t].max(0.0);
            own.orders[t] = negative_binomial(mean, phi, rng);
            (own.revenue[t], own.refunds[t]) = (own.orders[t] * money, own.orders[t] * back);
        }
    }
}

/// The baseline's coefficients from their prior given the parameters; where they are sampled, they are among the parameters.
fn draw_coefficients(model: &Arc<Model>, values: &[f64], rng: &mut impl Rng) -> Vec<f64> {
    if model.sampled_baseline.is_some() {
        let mut posterior = Posterior::new(model.clone());
        return posterior.draw_baseline(&model.parameters.position(values), rng).to_vec();
    }
    let baseline = &model.baseline;
    let mut out = Vec::with_capacity(baseline.coefficients());
    let mut height = 0.0;
    for _ in 0..baseline.knots {
        match baseline.knot_prior {
            KnotPrior::Walk { step } => {
                height += values[step] * standard_normal(rng);
                out.push(height);
            }
            KnotPrior::Free { sd } => out.push(sd * standard_normal(rng)),
        }
    }
    for feature in &baseline.features {
        out.push(feature.prior_sd(values) * standard_normal(rng));
    }
    for _ in 0..baseline.geos {
        for &f in &baseline.local {
            let spread = baseline.features[f].spread.map_or(1.0, |i| values[i]);
            out.push(spread * standard_normal(rng));
        }
    }
    out
}
