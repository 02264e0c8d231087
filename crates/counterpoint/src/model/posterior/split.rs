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
use counterpoint_infer::dispatch;
use counterpoint_infer::math::{exp, ln};
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Newton steps, which are far fewer: the equation is nearly linear.
const NEWTON: usize = 60;
/// A step of so little ends them: what is left is of its square.
const CLOSE: f64 = 1e-8;
/// Creators that are solved together.
const LANES: usize = 16;

/// All that is split.
pub(super) struct Splits<'a> {
    /// Parameter: spread of rates.
    of_rates: usize,
    /// Whether it is sampled.
    moves: bool,
    rosters: Vec<Roster<'a>>,
    /// Parameters: rates of platforms, and whether each is sampled.
    rates: Vec<(usize, bool)>,
    /// Creators whose weights follow, and their accounts.
    followed: Vec<Followed>,
    accounts: Vec<Account>,
    /// Creators of whom an account has no weight of its own: place of the rate, parameter of its deviation.
    alone: Vec<(usize, usize)>,
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
struct Followed {
    /// Place of the platform's rate.
    rate: usize,
    /// Parameter: deviation of the rate.
    deviation: usize,
}

/// One of a creator's accounts.
struct Account {
    /// Place of the creator.
    creator: usize,
    /// Roster, and place there.
    at: (usize, usize),
    /// 1 / s^2.
    own: f64,
    /// Whether it is on the platform of the rate, whose effect follows.
    home: bool,
}

impl Splits<'_> {
    /// Of all creators with a code; none where there is no code.
    pub(super) fn of<'a>(model: &'a Model, values: &[f64]) -> Option<Splits<'a>> {
        let tracked = model.tracked.as_ref()?;
        let sampled = |i: usize| model.parameters.get(i).prior.is_sampled();
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
        let mut rates: Vec<(usize, bool)> = tracked.series.iter().map(|s| (s.capture, sampled(s.capture))).collect();
        rates.sort_unstable();
        rates.dedup();
        let mut out = Splits {
            of_rates: tracked.spread,
            moves: sampled(tracked.spread),
            rosters,
            rates,
            followed: Vec::new(),
            accounts: Vec::new(),
            alone: Vec::new(),
        };
        tracked.series.iter().for_each(|series| out.add(series, &by_driver));
        Some(out)
    }

    fn add(&mut self, series: &TrackedSeries, by_driver: &[Option<usize>]) {
        let rate = self.rates.partition_point(|(i, _)| *i < series.capture);
        let (home, creator) = (series.accounts[0].0, self.followed.len());
        let one = |&(d, c): &(usize, usize)| {
            let at = by_driver[d]?;
            let roster = &self.rosters[at];
            let home = d == home && roster.effect.is_some();
            Some(Account { creator, at: (at, c), own: roster.crowd.own(c).powi(-2), home })
        };
        match series.accounts.iter().map(one).collect::<Option<Vec<Account>>>() {
            Some(accounts) => {
                self.accounts.extend(accounts);
                self.followed.push(Followed { rate, deviation: series.deviation });
            }
            None => self.alone.push((rate, series.deviation)),
        }
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
        let rates: Vec<usize> = splits.rates.iter().filter(|(_, sampled)| *sampled).map(|(i, _)| *i).collect();
        let Some(&rate) = rates.get(rng.random_range(0..rates.len().max(1))) else { return 0.0 };
        let size = STEPS[rng.random_range(0..STEPS.len())];
        self.shift(rate, size * standard_normal(rng)) + self.take_along(splits, &before)
    }

    /// Takes all creators and platforms along where spreads and rates are not those before. Returns the log ratio of prior densities and proposals.
    fn take_along(&mut self, splits: &Splits, before: &[f64]) -> f64 {
        // Beyond the end of the ridge.
        let there = |i: usize| self.values[i].is_finite();
        if !there(splits.of_rates) || !splits.rosters.iter().all(|roster| there(roster.tau)) {
            return f64::NEG_INFINITY;
        }
        let seen: Vec<Vec<f64>> =
            splits.rosters.iter().map(|roster| roster.crowd.seen(&roster.weights(before))).collect();
        let mut change: Vec<Vec<f64>> = seen.iter().map(|v| vec![0.0; v.len()]).collect();
        let Some(mut ratio) = splits.split(before, &seen, &mut self.values, &mut change) else {
            return f64::NEG_INFINITY;
        };
        for ((roster, seen), change) in splits.rosters.iter().zip(&seen).zip(&mut change) {
            ratio += roster.follow(before, change, &mut self.values);
            let Some(Follows { effect, rate, per_unit, known }) = &roster.effect else { continue };
            let mut v: Vec<f64> = seen.iter().zip(known).map(|(v, known)| v + known).collect();
            let then = roster.crowd.ln_total(&v) - before[*rate].ln();
            v.iter_mut().zip(&*change).for_each(|(v, change)| *v += change);
            let now = roster.crowd.ln_total(&v) - self.values[*rate].ln();
            ratio += self.shift(*effect, per_unit * (now - then));
        }
        ratio
    }
}

impl Roster<'_> {
    /// tau r.
    fn weights(&self, values: &[f64]) -> Vec<f64> {
        values[self.first..self.first + self.accounts].iter().map(|r| values[self.tau] * r).collect()
    }

    /// Gives weights to those with a code so that v changes by `seen`, and completes that. Returns the log ratio of the densities of their deviations, and of
    /// the proposals.
    fn follow(&self, before: &[f64], seen: &mut [f64], values: &mut [f64]) -> f64 {
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

impl Splits<'_> {
    /// Splits all creators anew where spreads and rates in `values` are not those before: sets the deviations of their rates, and tells by how much v of
    /// their accounts is to change. Returns the log ratio of the densities of these deviations, and of the proposals; none where there is no such split.
    fn split(&self, before: &[f64], seen: &[Vec<f64>], values: &mut [f64], change: &mut [Vec<f64>]) -> Option<f64> {
        let logit = |rate: f64| (rate / (1.0 - rate)).ln();
        let of_rates: Vec<[[f64; 2]; 2]> =
            self.rates.iter().map(|&(i, _)| [before[i], values[i]].map(|rate| [logit(rate), 1.0 - rate])).collect();
        let eta = [before[self.of_rates], values[self.of_rates]];
        let mut ratio = 0.0;
        for &(rate, deviation) in &self.alone {
            // The creator's rate stays.
            let ([from, to], d) = (of_rates[rate].map(|of| of[0]), before[deviation]);
            let new = (from - to + d * eta[0]) / eta[1];
            values[deviation] = new;
            ratio += 0.5 * (d * d - new * new) + (eta[0] / eta[1]).ln();
        }
        let mut sides = vec![Side::default(); self.followed.len().div_ceil(LANES)];
        for (i, own) in self.followed.iter().enumerate() {
            let (side, i) = (&mut sides[i / LANES], i % LANES);
            side.d[i] = before[own.deviation];
            for (k, [logit, rest]) in of_rates[own.rate].into_iter().enumerate() {
                (side.logit[k][i], side.slope[k][i]) = (logit, eta[k] * rest);
            }
        }
        let follows: Vec<f64> = self.rates.iter().map(|&(i, _)| (values[i] / before[i]).ln()).collect();
        let per_tau: Vec<[f64; 2]> =
            self.rosters.iter().map(|own| [before[own.tau], values[own.tau]].map(|tau| tau.powi(-2))).collect();
        let moved = |own: &Account| if own.home { follows[self.followed[own.creator].rate] } else { 0.0 };
        for own in &self.accounts {
            let (side, i) = (&mut sides[own.creator / LANES], own.creator % LANES);
            let v = seen[own.at.0][own.at.1];
            let [from, to] = per_tau[own.at.0].map(|per_tau| own.own * per_tau);
            side.precision[0][i] += from;
            side.precision[1][i] += to;
            side.middle[0][i] += from * v;
            side.middle[1][i] += to * (v + moved(own));
        }
        for side in &mut sides {
            let own = solve(eta, side);
            if !own.is_finite() {
                return None;
            }
            ratio += own;
        }
        for (i, own) in self.followed.iter().enumerate() {
            values[own.deviation] = sides[i / LANES].d[i % LANES];
        }
        for own in &self.accounts {
            change[own.at.0][own.at.1] = sides[own.creator / LANES].captured[own.creator % LANES] + moved(own);
        }
        Some(ratio)
    }
}

/// Some creators beside each other, before and after. Where there is none all is zero, and stays.
#[derive(Debug, Clone, Default)]
struct Side {
    /// Logit of the platform's rate.
    logit: [[f64; LANES]; 2],
    /// k.
    slope: [[f64; LANES]; 2],
    /// Sum of 1 / (s tau)^2.
    precision: [[f64; LANES]; 2],
    /// Sum of v / (s tau)^2, with what v changes by for the platform's effect.
    middle: [[f64; LANES]; 2],
    /// Deviation of the rate: before, then after.
    d: [f64; LANES],
    /// By how much ln capture falls.
    captured: [f64; LANES],
}

/// ln capture and its slope.
#[inline(always)]
fn ln_capture(eta: f64, logit: f64, d: f64) -> [f64; 2] {
    let odds = exp(-eta.mul_add(d, logit));
    [-ln(1.0 + odds), eta * (odds / (1.0 + odds))]
}

dispatch! {
    /// Finds the deviations after, d + k precision ln capture(d) = what p and z ask for. Returns the log ratio of their densities, and of the proposals; not
    /// finite where they are not found.
    fn solve(eta: [f64; 2], side: &mut Side) -> f64 {
        let mut new = side.d;
        let mut wanted = [0.0; LANES];
        let (mut before, mut slope, mut jacobian) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let mut sd = [[0.0; LANES]; 2];
        for k in 0..2 {
            for i in 0..LANES {
                sd[k][i] = (side.slope[k][i] * side.slope[k][i]).mul_add(side.precision[k][i], 1.0).sqrt();
            }
        }
        for i in 0..LANES {
            let [captured, by] = ln_capture(eta[0], side.logit[0][i], side.d[i]);
            let z = (side.d[i] - side.slope[0][i] * side.middle[0][i]) / sd[0][i];
            let pulled = side.slope[1][i] * captured.mul_add(side.precision[1][i], side.middle[1][i]);
            wanted[i] = sd[1][i].mul_add(z, pulled);
            before[i] = captured;
            jacobian[i] = (side.slope[0][i] * by).mul_add(side.precision[0][i], 1.0) * sd[1][i] / sd[0][i];
            slope[i] = side.slope[1][i] * side.precision[1][i];
        }
        let mut found = false;
        for _ in 0..NEWTON {
            let mut far = [0.0; LANES];
            for i in 0..LANES {
                let [captured, by] = ln_capture(eta[1], side.logit[1][i], new[i]);
                let step = (slope[i].mul_add(captured, new[i]) - wanted[i]) / slope[i].mul_add(by, 1.0);
                new[i] -= step;
                far[i] = step.abs() / (1.0 + new[i].abs());
            }
            found = far.iter().all(|far| *far <= CLOSE);
            if found {
                break;
            }
        }
        if !found {
            return f64::NAN;
        }
        let mut ratios = [0.0; LANES];
        for i in 0..LANES {
            let [captured, by] = ln_capture(eta[1], side.logit[1][i], new[i]);
            side.captured[i] = before[i] - captured;
            let both = jacobian[i] / slope[i].mul_add(by, 1.0);
            ratios[i] = 0.5 * (side.d[i] * side.d[i] - new[i] * new[i]) + ln(both);
        }
        side.d = new;
        ratios.iter().sum()
    }
}
