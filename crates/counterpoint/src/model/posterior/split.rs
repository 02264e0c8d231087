//! Moves of what sales by code leave open.
//!
//! Codes see each creator's capture rate times the weight of each of its accounts, and hardly which of them is large. So the spread of rates (eta) and
//! those of weights (tau) share what creators differ in, along a ridge that is bent where one of them is near zero. A step proposes new spreads, in the
//! logarithm: of some of them, or of rates with k^2 + tau^2 (below) held; or new rates of platforms. Each creator is taken along. With d the deviation of
//! its rate and r\[a\] those of its accounts, held are what codes see,
//!
//! p\[a\] = tau\[a\] r\[a\] + ln capture(d),
//!
//! (less the logarithm of the platform's rate for accounts on that platform, whose effect follows the rate),
//! and how each is split, as many standard deviations from its mean as before if ln capture were linear in d with slope k = eta (1 - platform's rate):
//!
//! z = (d - sum_a k r\[a\] / tau\[a\]) / S, S^2 = 1 + sum_a (k / tau\[a\])^2.
//!
//! Given p and z, d follows from one equation that rises in it. A step is taken or not by Metropolis and Hastings' rule, with
//! |d(p, z) / d(d, r)| = prod_a tau\[a\] (1 + k ln capture'(d) sum_a 1 / tau\[a\]^2) / S before over after (Green 1995). A platform's effect goes
//! with the mean of ln capture, so that what is captured of it stays as well.

use super::super::build::Model;
use super::super::prior::ln_logistic;
use super::super::tracked::TrackedSeries;
use super::Posterior;
use super::propose::STEPS;
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

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
    /// Parameters: rates of platforms.
    rates: Vec<usize>,
    creators: Vec<Split>,
}

/// One creator whose rate and weights are split anew.
struct Split {
    /// Parameter: rate of the platform.
    center: usize,
    /// Parameter: deviation of the rate.
    deviation: usize,
    /// None where a weight cannot follow.
    accounts: Vec<Account>,
}

/// One of a creator's accounts.
struct Account {
    /// Parameters: spread and deviation of the weight.
    tau: usize,
    r: usize,
    /// Whether it is on the platform of the rate.
    home: bool,
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
        let rates: BTreeSet<usize> = tracked.series.iter().map(|s| s.capture).collect();
        Some(Splits {
            of_rates: tracked.spread,
            moves: sampled(tracked.spread),
            of_weights: of_weights.collect(),
            rates: rates.into_iter().filter(|&i| sampled(i)).collect(),
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
        match rng.random_range(0..3) {
            0 if splits.moves => {
                ratio += self.scale(splits.of_rates, size * standard_normal(rng));
                let less = before[splits.of_rates].powi(2) - self.values[splits.of_rates].powi(2);
                for &(tau, rate) in &splits.of_weights {
                    let Some(rate) = rate else { continue };
                    // Multiplied by `times`, squared: the slope of the new logarithm by the old one is one over that.
                    let times = 1.0 + ((1.0 - before[rate]) / before[tau]).powi(2) * less;
                    ratio += self.scale(tau, 0.5 * times.ln()) - times.ln();
                }
            }
            1 => {
                for &rate in &splits.rates {
                    let prior = self.model.parameters.get(rate).prior;
                    let u = prior.unconstrain(before[rate]);
                    let to = prior.at(u + size * standard_normal(rng));
                    ratio += to.log_density - prior.at(u).log_density;
                    self.values[rate] = to.value;
                }
            }
            _ => {
                for i in splits.of_weights.iter().map(|of| of.0).chain(splits.moves.then_some(splits.of_rates)) {
                    if rng.random::<bool>() {
                        ratio += self.scale(i, size * standard_normal(rng));
                    }
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
        Some((d, spread, first + c))
    };
    let one = |series: &TrackedSeries| {
        let accounts: Option<Vec<(usize, usize, usize)>> = series.accounts.iter().map(weight).collect();
        let own = |(d, tau, r)| Account { tau, r, home: d == series.accounts[0].0 };
        Split {
            center: series.capture,
            deviation: series.deviation,
            accounts: accounts.unwrap_or_default().into_iter().map(own).collect(),
        }
    };
    model.tracked.iter().flat_map(|tracked| &tracked.series).map(one).collect()
}

impl Split {
    /// Takes the creator along where the spreads in `values` are not those before. Returns the log ratio of the densities of its deviations, and of the
    /// proposals.
    fn follow(&self, spread: usize, before: &[f64], values: &mut [f64]) -> f64 {
        let (rate, new_rate) = (before[self.center], values[self.center]);
        let logit = |rate: f64| (rate / (1.0 - rate)).ln();
        let (eta, to) = (before[spread], values[spread]);
        let d = before[self.deviation];
        if self.accounts.is_empty() {
            // The creator's rate stays.
            let new = (logit(rate) - logit(new_rate) + d * eta) / to;
            values[self.deviation] = new;
            return 0.5 * (d * d - new * new) + (eta / to).ln();
        }
        let old = self.shape(logit(rate), 1.0 - rate, eta, before);
        let new = self.shape(logit(new_rate), 1.0 - new_rate, to, values);
        let follows = (new_rate / rate).ln();
        let [seen, _] = old.ln_capture(d);
        let middle: f64 = self.accounts.iter().map(|own| old.k * before[own.r] / before[own.tau]).sum();
        let z = (d - middle) / old.sd;
        let held = |own: &Account| before[own.tau] * before[own.r] + seen + if own.home { follows } else { 0.0 };
        let pulled: f64 = self.accounts.iter().map(|own| new.k * held(own) / values[own.tau].powi(2)).sum();
        let Some(found) = new.solve(d, pulled + new.sd * z) else { return f64::NEG_INFINITY };
        let [sees, _] = new.ln_capture(found);
        let mut squares = d * d - found * found;
        for own in &self.accounts {
            values[own.r] = (held(own) - sees) / values[own.tau];
            squares += before[own.r].powi(2) - values[own.r].powi(2);
        }
        values[self.deviation] = found;
        0.5 * squares + old.ln_jacobian(d) - new.ln_jacobian(found)
    }

    fn shape(&self, logit: f64, rest: f64, eta: f64, values: &[f64]) -> Shape {
        let taus = || self.accounts.iter().map(|own| values[own.tau]);
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
