//! Moves of what sales by code leave open.
//!
//! Codes see each creator's capture rate times what each of its accounts brings, and hardly which of them is large. So the spread of rates (eta) and
//! those of weights (tau) share what creators differ in, along a ridge that is bent where one of them is near zero. A step proposes new spreads, in the
//! logarithm: of some of them, or of rates with k^2 + tau^2 (below) held; or new rates of platforms. Each creator is taken along. With d the deviation of
//! its rate, r\[a\] those of its accounts and v\[a\] what their weights tau\[a\] r\[a\] come to beside all others' (see [`super::super::crowd`]), held are what
//! codes see,
//!
//! p\[a\] = v\[a\] + ln capture(d),
//!
//! (less the logarithm of the platform's rate for accounts on that platform, where its effect follows the rate),
//! and how each is split, as many standard deviations from its mean as before if ln capture were linear in d with slope k = eta (1 - platform's rate),
//! and v\[a\] were s\[a\] tau\[a\] r\[a\] with s = 1 - G\[a,a\]:
//!
//! z = (d - sum_a k v\[a\] / (s\[a\] tau\[a\])^2) / S, S^2 = 1 + sum_a (k / (s\[a\] tau\[a\]))^2.
//!
//! Given p and z, d follows from one equation that rises in it, and the weights from v. A step is taken or not by Metropolis and Hastings' rule, with
//! |d(p, z) / d(d, r)| = constant prod_a tau\[a\] (1 + k ln capture'(d) sum_a 1 / (s\[a\] tau\[a\])^2) / S before over after (Green 1995). A platform's effect
//! goes with what all weights come to, so that what is captured of it stays as well.

use super::super::build::Model;
use super::super::crowd::Crowd;
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
pub(super) struct Splits<'a> {
    /// Parameter: spread of rates.
    of_rates: usize,
    /// Whether it is sampled.
    moves: bool,
    rosters: Vec<Roster<'a>>,
    /// Parameters: rates of platforms.
    rates: Vec<usize>,
    creators: Vec<Split>,
}

/// The accounts on one platform.
struct Roster<'a> {
    crowd: &'a Crowd,
    accounts: usize,
    /// Parameters: spread and first deviation of weights.
    tau: usize,
    first: usize,
    /// Whether the spread is sampled.
    moves: bool,
    /// Parameter: the rate of the platform, where codes see one.
    rate: Option<usize>,
    effect: Option<Follows>,
}

/// A platform's effect that goes with what is captured of it.
struct Follows {
    /// Parameters: the effect, and the rate at which it is captured.
    effect: usize,
    rate: usize,
    /// Change of the effect's coordinate that is worth a change of one in its logarithm.
    per_unit: f64,
    /// What the covariates add to v.
    known: Vec<f64>,
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
    /// Roster, and place there.
    at: (usize, usize),
    /// Parameter: spread of the weights.
    tau: usize,
    /// s.
    own: f64,
    /// Whether it is on the platform of the rate, whose effect follows.
    home: bool,
}

impl Account {
    /// 1 / (s tau)^2.
    fn precision(&self, values: &[f64]) -> f64 {
        (self.own * values[self.tau]).powi(-2)
    }
}

impl Splits<'_> {
    /// Of all creators with a code; none where there is no code.
    pub(super) fn of<'a>(model: &'a Model, values: &[f64]) -> Option<Splits<'a>> {
        let tracked = model.tracked.as_ref()?;
        let sampled = |i: usize| model.parameters.get(i).prior.is_sampled();
        let rates: BTreeSet<usize> = tracked.series.iter().map(|s| s.capture).collect();
        let (mut rosters, mut by_driver) = (Vec::new(), vec![None; model.drivers.len()]);
        for (m, driver) in model.drivers.iter().enumerate() {
            let Some(platform) = &driver.platform else { continue };
            let Some((tau, first)) = platform.slots.deviations else { continue };
            let effect = model.parameters.get(driver.slots.effect).captured.as_ref().map(|captured| {
                let own = |c: usize| platform.weight(c, values).ln() - values[tau] * values[first + c];
                let known: Vec<f64> = (0..platform.len()).map(own).collect();
                Follows {
                    effect: driver.slots.effect,
                    rate: captured.rate,
                    per_unit: captured.per_unit,
                    known: platform.crowd.seen(&known),
                }
            });
            by_driver[m] = Some(rosters.len());
            rosters.push(Roster {
                crowd: &platform.crowd,
                accounts: platform.len(),
                tau,
                first,
                moves: sampled(tau),
                rate: tracked.series.iter().find(|s| s.accounts[0].0 == m).map(|s| s.capture),
                effect,
            });
        }
        let account = |home: usize, &(d, c): &(usize, usize)| {
            let at = by_driver[d]?;
            let roster: &Roster = &rosters[at];
            let home = d == home && roster.effect.is_some();
            Some(Account { at: (at, c), tau: roster.tau, own: roster.crowd.own(c), home })
        };
        let one = |series: &TrackedSeries| {
            let accounts: Option<Vec<Account>> =
                series.accounts.iter().map(|own| account(series.accounts[0].0, own)).collect();
            Split { center: series.capture, deviation: series.deviation, accounts: accounts.unwrap_or_default() }
        };
        let creators = tracked.series.iter().map(one).collect();
        Some(Splits {
            of_rates: tracked.spread,
            moves: sampled(tracked.spread),
            creators,
            rates: rates.into_iter().filter(|&i| sampled(i)).collect(),
            rosters,
        })
    }
}

impl Posterior {
    /// New spreads, and what goes with them. Returns the log ratio of prior densities and proposals.
    pub(super) fn step_splits(&mut self, splits: &Splits, rng: &mut ChaCha8Rng) -> f64 {
        let before = self.values.clone();
        let size = STEPS[rng.random_range(0..STEPS.len())];
        let mut ratio = 0.0;
        let rosters = || splits.rosters.iter().filter(|roster| roster.moves);
        if splits.moves && rng.random::<bool>() {
            ratio += self.scale(splits.of_rates, size * standard_normal(rng));
            let less = before[splits.of_rates].powi(2) - self.values[splits.of_rates].powi(2);
            for roster in rosters() {
                let Some(rate) = roster.rate else { continue };
                // Multiplied by `times`, squared: the slope of the new logarithm by the old one is one over that.
                let times = 1.0 + ((1.0 - before[rate]) / before[roster.tau]).powi(2) * less;
                ratio += self.scale(roster.tau, 0.5 * times.ln()) - times.ln();
            }
        } else {
            for i in rosters().map(|roster| roster.tau).chain(splits.moves.then_some(splits.of_rates)) {
                if rng.random::<bool>() {
                    ratio += self.scale(i, size * standard_normal(rng));
                }
            }
        }
        ratio + self.take_along(splits, &before)
    }

    /// A new rate of one platform, and what goes with it. Returns the log ratio of prior densities and proposals.
    pub(super) fn step_rates(&mut self, splits: &Splits, rng: &mut ChaCha8Rng) -> f64 {
        let before = self.values.clone();
        let Some(&rate) = splits.rates.get(rng.random_range(0..splits.rates.len().max(1))) else { return 0.0 };
        let size = STEPS[rng.random_range(0..STEPS.len())];
        let prior = self.model.parameters.get(rate).prior;
        let u = prior.unconstrain(before[rate]);
        let to = prior.at(u + size * standard_normal(rng));
        self.values[rate] = to.value;
        to.log_density - prior.at(u).log_density + self.take_along(splits, &before)
    }

    /// Takes all creators and platforms along where spreads and rates are not those before. Returns the log ratio of prior densities and proposals.
    fn take_along(&mut self, splits: &Splits, before: &[f64]) -> f64 {
        // Beyond the end of the ridge.
        let there = |i: usize| self.values[i].is_finite();
        if !there(splits.of_rates) || !splits.rosters.iter().all(|roster| there(roster.tau)) {
            return f64::NEG_INFINITY;
        }
        let mut ratio = 0.0;
        let seen: Vec<Vec<f64>> =
            splits.rosters.iter().map(|roster| roster.crowd.seen(&roster.weights(before))).collect();
        let mut change: Vec<Vec<f64>> = seen.iter().map(|v| vec![0.0; v.len()]).collect();
        for split in &splits.creators {
            ratio += split.follow(splits.of_rates, (before, &seen), &mut self.values, &mut change);
        }
        let model = self.model.clone();
        for ((roster, seen), change) in splits.rosters.iter().zip(&seen).zip(&change) {
            ratio += roster.follow(before, change, &mut self.values);
            let Some(Follows { effect, rate, per_unit, known }) = &roster.effect else { continue };
            let total = |v: &[f64], values: &[f64]| {
                let v: Vec<f64> = v.iter().zip(known).map(|(v, known)| v + known).collect();
                roster.crowd.ln_total(&v) - values[*rate].ln()
            };
            let now = total(&roster.crowd.seen(&roster.weights(&self.values)), &self.values);
            let prior = model.parameters.get(*effect).prior;
            let u = prior.unconstrain(before[*effect]);
            let to = prior.at(u + per_unit * (now - total(seen, before)));
            ratio += to.log_density - prior.at(u).log_density;
            self.values[*effect] = to.value;
        }
        ratio
    }
}

impl Roster<'_> {
    /// tau r.
    fn weights(&self, values: &[f64]) -> Vec<f64> {
        values[self.first..self.first + self.accounts].iter().map(|r| values[self.tau] * r).collect()
    }

    /// Gives weights to those with a code so that v changes by `seen`. Returns the log ratio of the densities of their deviations, and of the proposals.
    fn follow(&self, before: &[f64], seen: &[f64], values: &mut [f64]) -> f64 {
        let from = self.weights(before);
        // Deviations of accounts without a code stay.
        let mut change: Vec<f64> = self.weights(values).iter().zip(&from).map(|(to, from)| to - from).collect();
        self.crowd.complete(seen, &mut change);
        let mut squares = 0.0;
        for &c in self.crowd.coded() {
            let r = (from[c] + change[c]) / values[self.tau];
            squares += before[self.first + c].powi(2) - r * r;
            values[self.first + c] = r;
        }
        0.5 * squares + self.crowd.coded().len() as f64 * (before[self.tau] / values[self.tau]).ln()
    }
}

impl Split {
    /// Takes the creator along where the spreads in `values` are not those before: its rate, and by how much v of its accounts is to change. Returns the log
    /// ratio of the density of the rate's deviation, and of the proposals.
    fn follow(
        &self,
        spread: usize,
        (before, seen): (&[f64], &[Vec<f64>]),
        values: &mut [f64],
        change: &mut [Vec<f64>],
    ) -> f64 {
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
        let [captured, _] = old.ln_capture(d);
        let v = |own: &Account| seen[own.at.0][own.at.1];
        let middle: f64 = self.accounts.iter().map(|own| old.k * v(own) * own.precision(before)).sum();
        let z = (d - middle) / old.sd;
        let held = |own: &Account| v(own) + captured + if own.home { follows } else { 0.0 };
        let pulled: f64 = self.accounts.iter().map(|own| new.k * held(own) * own.precision(values)).sum();
        let Some(found) = new.solve(d, pulled + new.sd * z) else { return f64::NEG_INFINITY };
        let [captures, _] = new.ln_capture(found);
        for own in &self.accounts {
            change[own.at.0][own.at.1] = held(own) - captures - v(own);
        }
        values[self.deviation] = found;
        0.5 * (d * d - found * found) + old.ln_jacobian(d) - new.ln_jacobian(found)
    }

    fn shape(&self, logit: f64, rest: f64, eta: f64, values: &[f64]) -> Shape {
        let precision: f64 = self.accounts.iter().map(|own| own.precision(values)).sum();
        let k = eta * rest;
        Shape { logit, eta, k, precision, sd: (k * k).mul_add(precision, 1.0).sqrt() }
    }
}

/// How a creator's split hangs on the spreads.
struct Shape {
    logit: f64,
    eta: f64,
    k: f64,
    /// Sum of 1 / (s tau)^2.
    precision: f64,
    sd: f64,
}

impl Shape {
    /// ln capture and its slope.
    fn ln_capture(&self, d: f64) -> [f64; 2] {
        let logit = self.eta.mul_add(d, self.logit);
        let odds = (-logit).exp();
        let ln = if odds.is_finite() { -odds.ln_1p() } else { logit };
        [ln, self.eta / (1.0 + 1.0 / odds)]
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

    /// ln |d(p, z) / d(d, v)|.
    fn ln_jacobian(&self, d: f64) -> f64 {
        let [_, slope] = self.ln_capture(d);
        (self.k * slope).mul_add(self.precision, 1.0).ln() - self.sd.ln()
    }
}
