//! Independent draws from the priors: what the model believes before it sees the outcome.

use counterpoint::data::Dataset;
use counterpoint::model::build::Model;
use counterpoint::project::Project;
use counterpoint_infer::nuts::{ChainDraws, chain_rng};
use std::sync::Arc;

/// Random streams of prior draws lie beyond all others of a run.
const STREAM: u64 = 4 << 32;

/// The model with its baseline's coefficients among the parameters, and draws of all of them from their priors.
pub(crate) fn draw(project: &Project, dataset: &Dataset) -> (Arc<Model>, Vec<ChainDraws>) {
    let mut project = project.clone();
    project.model.integrate_baseline = false;
    let model = Model::new(&project, dataset);
    let sampler = &project.sampler;
    let chains = (0..sampler.chains)
        .map(|chain| {
            let mut rng = chain_rng(sampler.seed, STREAM + chain as u64);
            let mut positions = Vec::with_capacity(sampler.draws * model.parameters.sampled());
            for _ in 0..sampler.draws {
                // a deviation's prior is that of its standardised value, so no parameter needs another
                let values: Vec<f64> = model.parameters.iter().map(|p| p.prior.draw(&mut rng)).collect();
                positions.extend(model.parameters.position(&values));
            }
            ChainDraws::at(model.parameters.sampled(), positions)
        })
        .collect();
    (Arc::new(model), chains)
}
