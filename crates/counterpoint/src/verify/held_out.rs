//! Experiments foretold: each is left out in turn, and its lift is predicted from the data and the other experiments.

use super::refit::{Base, Length};
use super::{Purpose, stream};
use crate::model::build::Model;
use crate::model::estimate::Interval;
use crate::model::evidence::{SURPRISING, tail};
use crate::model::posterior::Posterior;
use counterpoint_infer::diagnose::Status;
use counterpoint_infer::nuts::{SampleError, chain_rng};
use counterpoint_infer::sample::standard_normal;

/// A result with a probability below this is worth a look.
const UNUSUAL: f64 = 0.1;

/// One experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Foretold {
    /// Name.
    pub name: String,
    /// Lift as measured, in outcome units.
    pub lift: f64,
    /// Its standard error.
    pub se: f64,
    /// Lift as foretold, without the experiment's own error.
    pub expected: Interval,
    /// Result as foretold, with the experiment's own error.
    pub predicted: Interval,
    /// Probability of a result at least as far off, both tails together.
    pub tail: f64,
}

/// All experiments that were held out.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// Experiments.
    pub experiments: Vec<Foretold>,
}

/// Leaves experiment `i` out and foretells it.
pub(super) fn without(
    base: &Base<'_>,
    i: usize,
    length: Length,
    seed: u64,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<(Foretold, f64), SampleError> {
    let mut data = base.data.clone();
    data.experiments.remove(i);
    let refit = base.refit(Model::new(base.project, &data), length, seed, go_on)?;
    let theirs = &refit.model.parameters;
    let mut posterior = Posterior::new(base.model.clone());
    let mut one = |position: &Vec<f64>| {
        let values = theirs.values(position);
        // What only the model with the experiment has (hidden demand) plays no part in what drivers bring.
        posterior.set(&base.model.parameters.position_like(theirs, &values, |p| p.prior.middle()));
        posterior.experiment_lifts()[i]
    };
    let lifts: Vec<f64> = refit.positions.iter().map(&mut one).collect();
    let experiment = &base.model.experiments[i];
    let mut rng = chain_rng(base.project.sampler.seed, stream(Purpose::Foretold, i));
    let results: Vec<f64> = lifts.iter().map(|l| l + experiment.se * standard_normal(&mut rng)).collect();
    let foretold = Foretold {
        name: experiment.name.clone(),
        lift: experiment.lift,
        se: experiment.se,
        expected: Interval::of(&lifts),
        predicted: Interval::of(&results),
        tail: tail(experiment, &lifts),
    };
    Ok((foretold, refit.rhat))
}

impl HeldOut {
    pub(super) fn of(experiments: Vec<Foretold>) -> Option<HeldOut> {
        (!experiments.is_empty()).then_some(HeldOut { experiments })
    }

    /// Fails where an experiment contradicts what was foretold, each held to its share of the level; a look is due where one is unusual.
    pub fn status(&self) -> Status {
        let n = self.experiments.len() as f64;
        let least = self.experiments.iter().map(|e| e.tail).fold(1.0, f64::min);
        if least < SURPRISING / n {
            Status::Fail
        } else if least < UNUSUAL / n {
            Status::Review
        } else {
            Status::Ok
        }
    }
}
