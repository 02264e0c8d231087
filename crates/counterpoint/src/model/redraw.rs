//! Effects over geos, and the spreads of what differs by geo, drawn anew given everything else.
//!
//! With shapes, noise and the baseline's shared coefficients held, the geos' data are independent of each other. What they see is linear: the coefficients
//! beta\[g\] of drivers, and the baseline's own deviations in the geo, which are integrated out. Only priors tie geos together: spreads, and the
//! return that a driver's coefficients add up to. So thousands of one-dimensional updates cost what a few gradients of the whole density do, and an effect
//! that is far out in one geo, or one of two drivers that compete for a geo, changes in a moment what trajectories change once in a hundred draws.
//!
//! A driver's coefficients are exp(b + z\[g\]), or b + z\[g\] where they may be negative, with z = eta d. Each of the updates leaves the conditional
//! posterior as it is: every d by itself; b; the spread with d held, and with z held (Yu and Meng 2011); what all d of a driver have in common with b + z
//! held, of which the data know nothing; the spreads of the baseline's deviations. Where a conditional is not known in closed form, by slice sampling (Neal 2003).

use super::linalg::{axpy, cholesky, dot, solve_lower};
use super::prior::Prior;
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;

/// Rounds of updates.
const ROUNDS: usize = 6;
/// The baseline's spreads, which cost more, are updated in each so-many-th round.
const LOCAL_EVERY: usize = 3;

/// What is drawn anew of one driver.
#[derive(Debug, Clone)]
pub(super) struct Effects {
    /// Prior of the quantity that the coefficients are solved from.
    pub(super) prior: Prior,
    /// Prior of the spread.
    pub(super) spread_prior: Prior,
    /// Whether coefficients are positive.
    pub(super) positive: bool,
    /// What a coefficient of one in each geo adds to the quantity; none where the quantity is what all coefficients have in common.
    pub(super) outcome: Option<Vec<f64>>,
    /// The quantity.
    pub(super) effect: f64,
    /// The spread eta.
    pub(super) spread: f64,
    /// Deviations d by geo.
    pub(super) d: Vec<f64>,
}

/// A spread over geos of coefficients of the baseline.
#[derive(Debug, Clone)]
pub(super) struct LocalSpread {
    /// Its prior.
    pub(super) prior: Prior,
    /// Which of a geo's deviations it is the spread of.
    pub(super) of: Vec<usize>,
    /// Its value.
    pub(super) value: f64,
}

/// Products of one geo's columns, weighted by the precision of its noise: `n` drivers, `q` deviations of the baseline, and what shared coefficients leave of
/// the outcome, e.
#[derive(Debug, Clone)]
pub(super) struct GeoMoments {
    /// Of drivers with each other, `[n x n]`.
    pub(super) own: Vec<f64>,
    /// Of drivers with e.
    pub(super) with_outcome: Vec<f64>,
    /// Of the columns of the deviations with drivers, then e, `[q x (n + 1)]`.
    pub(super) cross: Vec<f64>,
    /// Of the columns of the deviations with each other, `[q x q]`.
    pub(super) local: Vec<f64>,
}

/// Draws drivers and spreads anew.
pub(super) fn redraw(
    drivers: &mut [Effects],
    spreads: &mut [LocalSpread],
    moments: &[GeoMoments],
    rng: &mut impl rand::Rng,
) {
    let (n, geos) = (drivers.len(), moments.len());
    let told = moments.iter().map(|m| Told { precision: m.own.clone(), pull: m.with_outcome.clone() }).collect();
    let mut state = State { drivers, spreads, moments, told, center: vec![0.0; n], beta: vec![0.0; n * geos], geos };
    state.begin();
    for round in 0..ROUNDS {
        if round % LOCAL_EVERY == 0 {
            for k in 0..state.spreads.len() {
                state.local_spread(k, rng);
            }
            state.integrate_deviations();
        }
        for m in 0..n {
            state.deviations(m, rng);
            state.center(m, rng);
            state.spread_given_deviations(m, rng);
            state.common(m, rng);
            state.spread_given_coefficients(m, rng);
        }
    }
    for m in 0..n {
        state.drivers[m].effect = state.effect(m);
    }
}

/// What the data say of `n` coefficients of one geo: the gradient of their log density, and their precision.
struct Told {
    /// `[n x n]`.
    precision: Vec<f64>,
    pull: Vec<f64>,
}

impl Told {
    /// Integrates other coefficients out, of Cholesky factor `factor`; `cross` are their products with these, then their pull, a row each.
    fn integrate_out(&mut self, factor: &[f64], cross: &mut [f64]) {
        let n = self.pull.len();
        solve_lower(factor, factor.len().isqrt(), cross, n + 1);
        for row in cross.chunks_exact(n + 1) {
            for i in 0..n {
                axpy(-row[i], &row[..n], &mut self.precision[i * n..(i + 1) * n]);
                self.pull[i] -= row[i] * row[n];
            }
        }
    }
}

struct State<'a> {
    drivers: &'a mut [Effects],
    spreads: &'a mut [LocalSpread],
    moments: &'a [GeoMoments],
    told: Vec<Told>,
    /// b by driver.
    center: Vec<f64>,
    /// `[drivers x geos]`.
    beta: Vec<f64>,
    geos: usize,
}

impl Effects {
    fn coefficient(&self, center: f64, d: f64) -> f64 {
        let z = center + self.spread * d;
        if self.positive { z.exp() } else { z }
    }

    /// The quantity at coefficients.
    fn effect_of(&self, center: f64, beta: &[f64]) -> f64 {
        match &self.outcome {
            Some(outcome) => dot(outcome, beta),
            None if self.positive => center.exp(),
            None => center,
        }
    }

    /// Writes the coefficients at a spread, with the quantity held; returns b.
    fn solve(&self, spread: f64, beta: &mut [f64]) -> f64 {
        for (beta, d) in beta.iter_mut().zip(&self.d) {
            *beta = if self.positive { (spread * d).exp() } else { spread * d };
        }
        let at_zero = self.effect_of(0.0, beta);
        let center = match (&self.outcome, self.positive) {
            (None, true) => self.effect.ln(),
            (None, false) => self.effect,
            (Some(_), true) => (self.effect / at_zero).ln(),
            (Some(outcome), false) => (self.effect - at_zero) / outcome.iter().sum::<f64>(),
        };
        let factor = center.exp();
        beta.iter_mut().for_each(|x| *x = if self.positive { *x * factor } else { *x + center });
        center
    }

    /// Log density of the quantity by b, up to a constant: its logarithm moves with b where coefficients are positive.
    fn ln_prior(&self, effect: f64) -> f64 {
        self.prior.ln_density(effect) + if self.positive { effect.ln() } else { 0.0 }
    }
}

impl State<'_> {
    fn begin(&mut self) {
        for (m, driver) in self.drivers.iter().enumerate() {
            self.center[m] = driver.solve(driver.spread, &mut self.beta[m * self.geos..(m + 1) * self.geos]);
        }
    }

    /// What the data say of the coefficients, the baseline's deviations integrated out.
    fn integrate_deviations(&mut self) {
        let n = self.drivers.len();
        let precision = self.prior_precision();
        let q = precision.len();
        for (g, (told, moments)) in self.told.iter_mut().zip(self.moments).enumerate() {
            told.precision.copy_from_slice(&moments.own);
            told.pull.copy_from_slice(&moments.with_outcome);
            let (mut factor, mut cross) = (moments.local.clone(), moments.cross.clone());
            (0..q).for_each(|j| factor[j * q + j] += precision[j]);
            cholesky(&mut factor, q);
            told.integrate_out(&factor, &mut cross);
            for m in 0..n {
                let by = self.beta[m * self.geos + g];
                axpy(-by, &told.precision[m * n..(m + 1) * n], &mut told.pull);
            }
        }
    }

    /// Prior precision of each deviation of a geo's baseline.
    fn prior_precision(&self) -> Vec<f64> {
        let q = self.moments.first().map_or(0, |m| m.local.len().isqrt());
        let mut out = vec![0.0; q];
        for spread in self.spreads.iter() {
            spread.of.iter().for_each(|&j| out[j] = spread.value.powi(-2));
        }
        out
    }

    /// A spread of the baseline's deviations, coefficients of drivers held and the deviations integrated out.
    fn local_spread(&mut self, k: usize, rng: &mut impl rand::Rng) {
        if !self.spreads[k].prior.is_sampled() {
            return;
        }
        let size = self.spreads[k].of.len();
        let prior = self.prior_precision();
        let apart: Vec<Told> = (0..self.geos).map(|g| self.apart(k, g, &prior)).collect();
        let spread = &self.spreads[k];
        let count = (self.geos * size) as f64;
        let (mut factor, mut solved) = (vec![0.0; size * size], vec![0.0; size]);
        let density = |ln_spread: f64| {
            let value = ln_spread.exp();
            let precision = value.powi(-2);
            let mut total = spread.prior.ln_density(value) + ln_spread * (1.0 - count);
            for Told { precision: own, pull } in &apart {
                if let (&[own], &[pull]) = (&own[..], &pull[..]) {
                    let all = own + precision;
                    total += 0.5 * (pull * pull / all - all.ln());
                    continue;
                }
                factor.copy_from_slice(own);
                (0..size).for_each(|j| factor[j * size + j] += precision);
                total -= 0.5 * cholesky(&mut factor, size);
                solved.copy_from_slice(pull);
                solve_lower(&factor, size, &mut solved, 1);
                total += 0.5 * dot(&solved, &solved);
            }
            total
        };
        self.spreads[k].value = slice(spread.value.ln(), 0.5, rng, density).exp();
    }

    /// What geo g says of the deviations of spread k, at zero, given the drivers' coefficients, the other deviations integrated out. `prior` is the precision of
    /// each.
    fn apart(&self, k: usize, g: usize, prior: &[f64]) -> Told {
        let (n, moments, own) = (self.drivers.len(), &self.moments[g], &self.spreads[k].of);
        let q = prior.len();
        let pull = |j: usize| {
            let row = &moments.cross[j * (n + 1)..(j + 1) * (n + 1)];
            row[n] - (0..n).map(|m| row[m] * self.beta[m * self.geos + g]).sum::<f64>()
        };
        let others: Vec<usize> = (0..q).filter(|j| !own.contains(j)).collect();
        let (r, size) = (others.len(), own.len());
        let mut factor: Vec<f64> =
            others.iter().flat_map(|&i| others.iter().map(move |&j| moments.local[i * q + j])).collect();
        (0..r).for_each(|i| factor[i * r + i] += prior[others[i]]);
        cholesky(&mut factor, r);
        // Of each other deviation: its products with the own ones, then its pull.
        let mut between: Vec<f64> = Vec::with_capacity(r * (size + 1));
        for &i in &others {
            between.extend(own.iter().map(|&j| moments.local[i * q + j]));
            between.push(pull(i));
        }
        let mut out = Told {
            precision: own.iter().flat_map(|&i| own.iter().map(move |&j| moments.local[i * q + j])).collect(),
            pull: own.iter().map(|&j| pull(j)).collect(),
        };
        out.integrate_out(&factor, &mut between);
        out
    }

    /// Takes a coefficient to a new value.
    fn set(&mut self, m: usize, g: usize, to: f64) {
        let n = self.drivers.len();
        let step = to - self.beta[m * self.geos + g];
        let Told { precision, pull } = &mut self.told[g];
        pull.iter_mut().zip(&precision[m * n..(m + 1) * n]).for_each(|(r, a)| *r -= a * step);
        self.beta[m * self.geos + g] = to;
    }

    /// A coefficient, the pull on it and its precision.
    fn here(&self, m: usize, g: usize) -> (f64, f64, f64) {
        let n = self.drivers.len();
        (self.beta[m * self.geos + g], self.told[g].pull[m], self.told[g].precision[m * n + m])
    }

    fn effect(&self, m: usize) -> f64 {
        self.drivers[m].effect_of(self.center[m], &self.beta[m * self.geos..(m + 1) * self.geos])
    }

    /// Each deviation by itself, with b held.
    fn deviations(&mut self, m: usize, rng: &mut impl rand::Rng) {
        let center = self.center[m];
        let middle = if self.drivers[m].positive { center.exp() } else { 1.0 };
        let mut effect = self.effect(m);
        for g in 0..self.geos {
            let (beta, pull, precision) = self.here(m, g);
            let driver = &self.drivers[m];
            let outcome = driver.outcome.as_ref().map(|o| o[g]);
            let moved = |to: f64| outcome.map_or(effect, |o| effect + o * (to - beta));
            let density = |d: f64| {
                let to = driver.coefficient(center, d);
                let step = to - beta;
                let prior = if outcome.is_some() { driver.ln_prior(moved(to)) } else { 0.0 };
                prior + step * (pull - 0.5 * precision * step) - 0.5 * d * d
            };
            let width = 2.5 / (1.0 + (driver.spread * middle).powi(2) * precision).sqrt();
            let d = slice(driver.d[g], width, rng, density);
            let to = driver.coefficient(center, d);
            effect = moved(to);
            self.drivers[m].d[g] = d;
            self.set(m, g, to);
        }
    }

    /// b, with deviations held: a step t multiplies all coefficients by e^t, or adds t to them.
    fn center(&mut self, m: usize, rng: &mut impl rand::Rng) {
        let driver = &self.drivers[m];
        let (mut pull_of_all, mut precision_of_all) = (0.0, 0.0);
        for g in 0..self.geos {
            let (beta, pull, precision) = self.here(m, g);
            let by = if driver.positive { beta } else { 1.0 };
            pull_of_all += pull * by;
            precision_of_all += precision * by * by;
        }
        let effect = self.effect(m);
        let all = driver.outcome.as_ref().map_or(1.0, |o| o.iter().sum());
        let density = |t: f64| {
            let (step, to) = if driver.positive { (t.exp_m1(), effect * t.exp()) } else { (t, effect + t * all) };
            driver.ln_prior(to) + step * (pull_of_all - 0.5 * precision_of_all * step)
        };
        self.center[m] += slice(0.0, 0.3, rng, density);
        for g in 0..self.geos {
            let to = self.drivers[m].coefficient(self.center[m], self.drivers[m].d[g]);
            self.set(m, g, to);
        }
    }

    /// The spread, with deviations and the quantity held.
    fn spread_given_deviations(&mut self, m: usize, rng: &mut impl rand::Rng) {
        self.drivers[m].effect = self.effect(m);
        let driver = &self.drivers[m];
        if !driver.spread_prior.is_sampled() {
            return;
        }
        let mut beta = vec![0.0; self.geos];
        let density = |ln_spread: f64| {
            let spread = ln_spread.exp();
            driver.solve(spread, &mut beta);
            let mut total = driver.spread_prior.ln_density(spread) + ln_spread;
            for g in 0..self.geos {
                let (from, pull, precision) = self.here(m, g);
                let step = beta[g] - from;
                total += step * (pull - 0.5 * precision * step);
            }
            total
        };
        let spread = slice(driver.spread.ln(), 0.5, rng, density).exp();
        let mut beta = vec![0.0; self.geos];
        self.center[m] = driver.solve(spread, &mut beta);
        self.drivers[m].spread = spread;
        (0..self.geos).for_each(|g| self.set(m, g, beta[g]));
    }

    /// What all deviations have in common, with coefficients held.
    fn common(&mut self, m: usize, rng: &mut impl rand::Rng) {
        let driver = &mut self.drivers[m];
        let n = self.geos as f64;
        let mean = driver.d.iter().sum::<f64>() / n;
        let held = self.center[m] + driver.spread * mean;
        let to = if driver.outcome.is_some() {
            standard_normal(rng) / n.sqrt()
        } else {
            let density = |mean: f64| {
                let center = held - driver.spread * mean;
                driver.ln_prior(if driver.positive { center.exp() } else { center }) - 0.5 * n * mean * mean
            };
            slice(mean, 2.5 / n.sqrt(), rng, density)
        };
        driver.d.iter_mut().for_each(|d| *d += to - mean);
        self.center[m] = held - driver.spread * to;
    }

    /// The spread, with coefficients held.
    fn spread_given_coefficients(&mut self, m: usize, rng: &mut impl rand::Rng) {
        let driver = &mut self.drivers[m];
        driver.spread = spread_given_scaled(&driver.spread_prior, driver.spread, &mut driver.d, rng);
    }
}

/// A new spread of deviations, given their products with it, which are held: all that the data see of either.
pub(super) fn spread_given_scaled(prior: &Prior, spread: f64, d: &mut [f64], rng: &mut impl rand::Rng) -> f64 {
    if !prior.is_sampled() {
        return spread;
    }
    let squares = dot(d, d) * spread * spread;
    let fewer = 1.0 - d.len() as f64;
    let density = |ln_spread: f64| {
        let spread = ln_spread.exp();
        prior.ln_density(spread) + ln_spread * fewer - 0.5 * squares / (spread * spread)
    };
    let to = slice(spread.ln(), 0.5, rng, density).exp();
    d.iter_mut().for_each(|d| *d *= spread / to);
    to
}

/// Most widths of an interval.
const STEPS: usize = 32;
/// Tries to find a point in an interval, which a failed one cuts to half in the mean.
const TRIES: usize = 200;

/// A slice sampling update of x (Neal 2003, stepping out and shrinkage), which leaves a density as it is that is given by its logarithm. `width` must not hang
/// on x.
fn slice(x: f64, width: f64, rng: &mut impl rand::Rng, mut density: impl FnMut(f64) -> f64) -> f64 {
    let level = density(x) + rng.random::<f64>().ln();
    let mut low = x - width * rng.random::<f64>();
    let mut high = low + width;
    let mut below = rng.random_range(0..STEPS);
    let mut above = STEPS - 1 - below;
    while below > 0 && density(low) > level {
        low -= width;
        below -= 1;
    }
    while above > 0 && density(high) > level {
        high += width;
        above -= 1;
    }
    for _ in 0..TRIES {
        let to = low + (high - low) * rng.random::<f64>();
        if density(to) > level {
            return to;
        }
        if to < x {
            low = to;
        } else {
            high = to;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::nuts::chain_rng;

    const GEOS: usize = 3;
    const PERIODS: usize = 12;

    /// Mean of each quantity, and its standard error.
    fn means(rows: &[(f64, Vec<f64>)]) -> Vec<[f64; 2]> {
        let total: f64 = rows.iter().map(|(w, _)| w).sum();
        let one = |i: usize| {
            let mean = rows.iter().map(|(w, x)| w * x[i]).sum::<f64>() / total;
            let variance = rows.iter().map(|(w, x)| (w * (x[i] - mean)).powi(2)).sum::<f64>() / (total * total);
            [mean, variance.sqrt()]
        };
        (0..rows[0].1.len()).map(one).collect()
    }

    /// Columns of drivers, of two of the baseline's deviations, and an outcome.
    fn columns(g: usize, n: usize) -> [Vec<Vec<f64>>; 3] {
        let wave = |k: usize, up: f64| -> Vec<f64> {
            (0..PERIODS).map(|t| up + ((k * 7 + g * 3) as f64 + t as f64 * (0.6 + 0.37 * k as f64)).sin()).collect()
        };
        let drivers = (0..n).map(|m| wave(m, 0.9)).collect();
        let local = vec![vec![1.0; PERIODS], wave(11, 0.0)];
        let outcome = vec![wave(5, 0.3 + 0.4 * g as f64)];
        [drivers, local, outcome]
    }

    /// Draws from the priors, weighted by the likelihood: what the updates have to agree with, and no more of them than the model's words.
    fn weighted(drivers: &[Effects], spreads: &[LocalSpread], draws: usize) -> Vec<(f64, Vec<f64>)> {
        let mut rng = chain_rng(3, 0);
        let data: Vec<[Vec<Vec<f64>>; 3]> = (0..GEOS).map(|g| columns(g, drivers.len())).collect();
        let mut one = || {
            let mut seen = Vec::new();
            let mut beta: Vec<Vec<f64>> = Vec::new();
            for driver in drivers {
                let (effect, spread) = (driver.prior.draw(&mut rng), driver.spread_prior.draw(&mut rng));
                let d: Vec<f64> = (0..GEOS).map(|_| standard_normal(&mut rng)).collect();
                let own: Vec<f64> = match (&driver.outcome, driver.positive) {
                    (None, true) => d.iter().map(|d| effect * (spread * d).exp()).collect(),
                    (None, false) => d.iter().map(|d| effect + spread * d).collect(),
                    (Some(o), true) => {
                        let sum: f64 = o.iter().zip(&d).map(|(o, d)| o * (spread * d).exp()).sum();
                        d.iter().map(|d| effect / sum * (spread * d).exp()).collect()
                    }
                    (Some(o), false) => {
                        let sum: f64 = o.iter().zip(&d).map(|(o, d)| o * spread * d).sum();
                        let middle = (effect - sum) / o.iter().sum::<f64>();
                        d.iter().map(|d| middle + spread * d).collect()
                    }
                };
                seen.extend([effect, spread.ln(), d[0], d[2], d[0] * d[1], own[1].abs().ln()]);
                beta.push(own);
            }
            let taus: Vec<f64> = spreads.iter().map(|s| s.prior.draw(&mut rng)).collect();
            seen.extend(taus.iter().map(|t| t.ln()));
            let mut ln_weight = 0.0;
            for (g, [x, z, y]) in data.iter().enumerate() {
                let mut own = vec![0.0; z.len()];
                for (spread, tau) in spreads.iter().zip(&taus) {
                    spread.of.iter().for_each(|&j| own[j] = tau * standard_normal(&mut rng));
                }
                for t in 0..PERIODS {
                    let media: f64 = x.iter().zip(&beta).map(|(x, b)| x[t] * b[g]).sum();
                    let local: f64 = z.iter().zip(&own).map(|(z, c)| z[t] * c).sum();
                    ln_weight -= 0.5 * (y[0][t] - media - local).powi(2);
                }
            }
            (ln_weight.exp(), seen)
        };
        (0..draws).map(|_| one()).collect()
    }

    fn updated(mut drivers: Vec<Effects>, mut spreads: Vec<LocalSpread>, draws: usize) -> Vec<(f64, Vec<f64>)> {
        let n = drivers.len();
        let moments = |g: usize| {
            let [x, z, y] = columns(g, n);
            let all = || x.iter().chain(&y);
            GeoMoments {
                own: x.iter().flat_map(|a| x.iter().map(|b| dot(a, b))).collect(),
                with_outcome: x.iter().map(|a| dot(a, &y[0])).collect(),
                cross: z.iter().flat_map(|a| all().map(|b| dot(a, b))).collect(),
                local: z.iter().flat_map(|a| z.iter().map(|b| dot(a, b))).collect(),
            }
        };
        let moments: Vec<GeoMoments> = (0..GEOS).map(moments).collect();
        let mut rng = chain_rng(4, 0);
        let mut one = || {
            redraw(&mut drivers, &mut spreads, &moments, &mut rng);
            let of = |driver: &Effects| {
                let mut beta = vec![0.0; GEOS];
                driver.solve(driver.spread, &mut beta);
                let d = &driver.d;
                [driver.effect, driver.spread.ln(), d[0], d[2], d[0] * d[1], beta[1].abs().ln()]
            };
            let seen = drivers.iter().flat_map(of).chain(spreads.iter().map(|s| s.value.ln()));
            (1.0, seen.collect())
        };
        (0..draws).map(|_| one()).collect()
    }

    fn driver(positive: bool, outcome: Option<Vec<f64>>) -> Effects {
        let prior = if positive {
            Prior::LogNormal { mu: -0.6, sigma: 0.5, shift: 0.0 }
        } else {
            Prior::Normal { mean: 0.1, sd: 0.5 }
        };
        let spread_prior = Prior::HalfNormal { sd: 0.6 };
        Effects { prior, spread_prior, positive, outcome, effect: 0.3, spread: 0.2, d: vec![0.1, -0.4, 0.2] }
    }

    #[test]
    fn updates_agree_with_draws_from_the_priors_weighted_by_the_likelihood() {
        let spread = |j: usize| LocalSpread { prior: Prior::HalfNormal { sd: 0.5 }, of: vec![j], value: 0.3 };
        let both = LocalSpread { of: vec![0, 1], ..spread(0) };
        let outcome = Some(vec![0.5, 0.2, 0.3]);
        let cases = [
            (vec![driver(true, outcome.clone()), driver(true, None)], vec![spread(0), spread(1)]),
            (vec![driver(false, outcome), driver(false, None)], vec![both]),
        ];
        for (k, (drivers, spreads)) in cases.into_iter().enumerate() {
            let want = means(&weighted(&drivers, &spreads, 2_000_000));
            // Successive draws are not independent: standard errors from means of a hundred.
            let draws = updated(drivers, spreads, 60_000);
            let mean_of = |rows: &[(f64, Vec<f64>)]| (1.0, means(rows).iter().map(|m| m[0]).collect());
            let found = means(&draws.chunks(100).map(mean_of).collect::<Vec<_>>());
            for (i, ([found, se], [want, want_se])) in found.into_iter().zip(want).enumerate() {
                let error = se.hypot(want_se);
                assert!(error < 0.05, "case {k}, quantity {i}: {error} says nothing");
                assert!((found - want).abs() < 4.5 * error, "case {k}, quantity {i}: {found} {want} +- {error}");
            }
        }
    }

    #[test]
    fn a_slice_update_keeps_a_skewed_density() {
        // ln of a Gamma(2, 1): mean digamma(2), variance trigamma(2).
        let mut rng = chain_rng(5, 0);
        let mut x = 0.0;
        let mut draw = || {
            x = slice(x, 0.7, &mut rng, |x| 2.0 * x - x.exp());
            x
        };
        let draws: Vec<f64> = (0..200_000).map(|_| draw()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!((mean - 0.422_784).abs() < 0.01, "{mean}");
        assert!((variance - 0.644_934).abs() < 0.02, "{variance}");
    }
}
