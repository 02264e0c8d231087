//! Moves of what sales by code leave open.
//!
//! Codes see each creator's capture rate times the weight of each of its accounts, and hardly which of them is large. So the spread of rates (eta) and
//! those of weights (tau) share what creators differ in, along a ridge that is bent where one of them is near zero. A step proposes new spreads, in the
//! logarithm: of some of them, or of rates with k^2 + tau^2 (below) held, and takes each creator along. With d the deviation of its rate and r\[a\] those of its accounts, held are what codes see,
//!
//! p\[a\] = tau\[a\] r\[a\] + ln capture(d),
//!
//! and how each is split, as many standard deviations from its mean as before if ln capture were linear in d with slope k = eta (1 - platform's rate):
//!
//! z = (d - sum_a k r\[a\] / tau\[a\]) / S, S^2 = 1 + sum_a (k / tau\[a\])^2.
//!
//! Given p and z, d follows from one equation that rises in it. A step is taken or not by Metropolis and Hastings' rule, with
//! |d(p, z) / d(d, r)| = prod_a tau\[a\] (1 + k ln capture'(d) sum_a 1 / tau\[a\]^2) / S before over after (Green 1995). A platform's effect goes
//! with the mean of ln capture, so that what is captured of it stays as well.

use super::super::build::Model;
use super::super::prior::ln_logistic;
use super::Posterior;
use super::propose::STEPS;
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Newton steps, which are far fewer: the equation is nearly linear.
const NEWTON: usize = 60;

/// All that is split.
pub(super) struct Splits {
    /// Parameter: spread of rates.
    of_rates: usize,
    /// Whether it is sampled.
    moves: bool,
    /// Parameters: spread of a platform's weights, and its rate where codes see one.
    of_weights: Vec<(usize, Option<usize>)>,
    creators: Vec<Split>,
}

/// One creator whose rate and weights are split anew.
struct Split {
    /// Parameter: rate of the platform.
    center: usize,
    /// Parameter: deviation of the rate.
    deviation: usize,
    /// Parameters: spread and deviation of each account's weight; none where a weight cannot follow.
    accounts: Vec<[usize; 2]>,
}

impl Splits {
    /// Of all creators with a code; none where there is no code.
    pub(super) fn of(model: &Model) -> Option<Splits> {
        let tracked = model.tracked.as_ref()?;
        let sampled = |i: usize| model.parameters.get(i).prior.is_sampled();
        let of_weights = model.drivers.iter().enumerate().filter_map(|(m, driver)| {
            let (spread, _) = driver.platform.as_ref()?.slots.deviations?;
            let rate = tracked.series.iter().find(|s| s.accounts[0].0 == m).map(|s| s.capture);
            sampled(spread).then_some((spread, rate))
        });
        Some(Splits {
            of_rates: tracked.spread,
            moves: sampled(tracked.spread),
            of_weights: of_weights.collect(),
            creators: splits(model),
        })
    }
}

impl Posterior {
    /// New spreads, and what goes with them. Returns the log ratio of prior densities and proposals.
    pub(super) fn step_splits(&mut self, splits: &Splits, rng: &mut ChaCha8Rng) -> f64 {
        let before = self.values.clone();
        let size = STEPS[rng.random_range(0..STEPS.len())];
        let mut ratio = 0.0;
        if splits.moves && rng.random::<bool>() {
            ratio += self.scale(splits.of_rates, size * standard_normal(rng));
            let less = before[splits.of_rates].powi(2) - self.values[splits.of_rates].powi(2);
            for &(tau, rate) in &splits.of_weights {
                let Some(rate) = rate else { continue };
                // Multiplied by `times`, squared: the slope of the new logarithm by the old one is one over that.
                let times = 1.0 + ((1.0 - before[rate]) / before[tau]).powi(2) * less;
                ratio += self.scale(tau, 0.5 * times.ln()) - times.ln();
            }
        } else {
            for i in splits.of_weights.iter().map(|of| of.0).chain(splits.moves.then_some(splits.of_rates)) {
                if rng.random::<bool>() {
                    ratio += self.scale(i, size * standard_normal(rng));
                }
            }
        }
        // Beyond the end of the ridge.
        if !ratio.is_finite() {
            return f64::NEG_INFINITY;
        }
        for split in &splits.creators {
            ratio += split.follow(splits.of_rates, &before, &mut self.values);
        }
        let model = self.model.clone();
        for driver in &model.drivers {
            let parameter = model.parameters.get(driver.slots.effect);
            let Some(captured) = &parameter.captured else { continue };
            let u = parameter.prior.unconstrain(before[driver.slots.effect]);
            let to = parameter.prior.at(u + captured.lift(&before) - captured.lift(&self.values));
            ratio += to.log_density - parameter.prior.at(u).log_density;
            self.values[driver.slots.effect] = to.value;
        }
        ratio
    }
}

fn splits(model: &Model) -> Vec<Split> {
    let weight = |&(d, c): &(usize, usize)| {
        let (spread, first) = model.drivers[d].platform.as_ref()?.slots.deviations?;
        Some([spread, first + c])
    };
    let series = model.tracked.iter().flat_map(|tracked| &tracked.series);
    series
        .map(|one| Split {
            center: one.capture,
            deviation: one.deviation,
            accounts: one.accounts.iter().map(weight).collect::<Option<_>>().unwrap_or_default(),
        })
        .collect()
}

impl Split {
    /// Takes the creator along where the spreads in `values` are not those before. Returns the log ratio of the densities of its deviations, and of the
    /// proposals.
    fn follow(&self, spread: usize, before: &[f64], values: &mut [f64]) -> f64 {
        let rate = before[self.center];
        let logit = (rate / (1.0 - rate)).ln();
        let (eta, to) = (before[spread], values[spread]);
        let d = before[self.deviation];
        if self.accounts.is_empty() {
            // The rate stays.
            let new = d * eta / to;
            values[self.deviation] = new;
            return 0.5 * (d * d - new * new) + (eta / to).ln();
        }
        let old = self.shape(logit, 1.0 - rate, eta, before);
        let new = self.shape(logit, 1.0 - rate, to, values);
        let [seen, _] = old.ln_capture(d);
        let middle: f64 = self.accounts.iter().map(|[tau, r]| old.k * before[*r] / before[*tau]).sum();
        let z = (d - middle) / old.sd;
        let held = |[tau, r]: &[usize; 2]| before[*tau] * before[*r] + seen;
        let pulled: f64 = self.accounts.iter().map(|own| new.k * held(own) / values[own[0]].powi(2)).sum();
        let Some(found) = new.solve(d, pulled + new.sd * z) else { return f64::NEG_INFINITY };
        let [sees, _] = new.ln_capture(found);
        let mut squares = d * d - found * found;
        for own in &self.accounts {
            let [tau, r] = *own;
            values[r] = (held(own) - sees) / values[tau];
            squares += before[r].powi(2) - values[r].powi(2);
        }
        values[self.deviation] = found;
        0.5 * squares + old.ln_jacobian(d) - new.ln_jacobian(found)
    }

    fn shape(&self, logit: f64, rest: f64, eta: f64, values: &[f64]) -> Shape {
        let taus = || self.accounts.iter().map(|[tau, _]| values[*tau]);
        let precision: f64 = taus().map(|tau| tau.powi(-2)).sum();
        let k = eta * rest;
        Shape {
            logit,
            eta,
            k,
            precision,
            sd: (k * k).mul_add(precision, 1.0).sqrt(),
            ln_taus: taus().map(f64::ln).sum(),
        }
    }
}

/// How a creator's split hangs on the spreads.
struct Shape {
    logit: f64,
    eta: f64,
    k: f64,
    /// Sum of 1 / tau^2.
    precision: f64,
    sd: f64,
    ln_taus: f64,
}

impl Shape {
    /// ln capture and its slope.
    fn ln_capture(&self, d: f64) -> [f64; 2] {
        let logit = self.eta.mul_add(d, self.logit);
        [ln_logistic(logit), self.eta / (1.0 + logit.exp())]
    }

    /// Where d + k precision ln capture(d) is `to`.
    fn solve(&self, from: f64, to: f64) -> Option<f64> {
        let by = self.k * self.precision;
        let mut d = from;
        for _ in 0..NEWTON {
            let [ln, slope] = self.ln_capture(d);
            let step = (by.mul_add(ln, d) - to) / by.mul_add(slope, 1.0);
            d -= step;
            if step.abs() <= 1e-12 * (1.0 + d.abs()) {
                return Some(d);
            }
        }
        None
    }

    /// ln |d(p, z) / d(d, r)|.
    fn ln_jacobian(&self, d: f64) -> f64 {
        let [_, slope] = self.ln_capture(d);
        self.ln_taus + (self.k * slope).mul_add(self.precision, 1.0).ln() - self.sd.ln()
    }
}
