//! Moves of parameters by Metropolis and Hastings' rule, where sales by code bind many together: each of them keeps what codes see.
//!
//! What such a step leaves to the likelihood is little, and dear to compute. So some steps are made by the prior alone, and the place they come to is then taken
//! or not by the likelihood (surrogate transition, Liu 2001).

use super::Posterior;
use super::places::Places;
use super::split::Splits;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Proposals of each kind: of how what codes see is split, of platforms' rates, and of each platform's effects over geos.
const TRIES: [usize; 3] = [6, 5, 2];
/// Steps of each by the prior before the likelihood is asked.
const BY_PRIOR: [usize; 3] = [6, 3, 8];
/// Standard deviations of a step of a spread's logarithm, one of which is taken at random.
pub(super) const STEPS: [f64; 3] = [0.1, 0.3, 1.0];

impl Posterior {
    /// Moves what sales by code leave open, from where the log likelihood is `here`, as [`Posterior::log_likelihood_beside`] has it.
    pub(super) fn propose_beside_codes(&mut self, here: &mut f64, rng: &mut ChaCha8Rng) {
        let model = self.model.clone();
        let Some(splits) = Splits::of(&model, &self.values) else { return };
        let platforms: Vec<usize> = (0..model.drivers.len()).filter(|&m| model.drivers[m].platform.is_some()).collect();
        let places: Vec<Places> = platforms.iter().filter_map(|&m| self.places(m)).collect();
        for _ in 0..TRIES[0] {
            self.propose(here, &platforms, BY_PRIOR[0], rng, |own, rng| own.step_splits(&splits, rng));
        }
        for _ in 0..TRIES[1] {
            self.propose(here, &platforms, BY_PRIOR[1], rng, |own, rng| own.step_rates(&splits, rng));
        }
        for places in places.iter().flat_map(|own| [own; TRIES[2]]) {
            self.propose(here, &[places.driver], BY_PRIOR[2], rng, |own, rng| own.step_places(places, rng));
        }
    }

    /// Some steps by the prior, each of which changes values and tells its log ratio of prior densities and proposals, and the rule for where they come to.
    /// `drivers` are those that hang on the values.
    fn propose(
        &mut self,
        here: &mut f64,
        drivers: &[usize],
        steps: usize,
        rng: &mut ChaCha8Rng,
        mut step: impl FnMut(&mut Posterior, &mut ChaCha8Rng) -> f64,
    ) {
        let begun = self.values.clone();
        for _ in 0..steps {
            let before = self.values.clone();
            let ratio = step(self, rng);
            // False where it is no number.
            let taken = ratio > rng.random::<f64>().ln();
            if !taken {
                self.values = before;
            }
        }
        if self.values == begun {
            return;
        }
        let level = rng.random::<f64>().ln();
        self.follow(drivers.iter().copied());
        let there = self.log_likelihood_beside(false);
        if there - *here > level {
            *here = there;
            return;
        }
        self.values = begun;
        self.follow(drivers.iter().copied());
    }

    /// Multiplies a positive value by e^step. Returns the log ratio of the densities of its logarithm.
    pub(super) fn scale(&mut self, i: usize, step: f64) -> f64 {
        let prior = self.model.parameters.get(i).prior;
        let before = self.values[i];
        self.values[i] *= step.exp();
        prior.ln_density(self.values[i]) + step - prior.ln_density(before)
    }

    /// Moves a parameter in the coordinate of its prior. Returns the log ratio of the densities there.
    pub(super) fn shift(&mut self, i: usize, step: f64) -> f64 {
        let prior = self.model.parameters.get(i).prior;
        let u = prior.unconstrain(self.values[i]);
        let to = prior.at(u + step);
        self.values[i] = to.value;
        to.log_density - prior.at(u).log_density
    }
}
