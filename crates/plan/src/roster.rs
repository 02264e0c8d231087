//! A platform of creators on every draw: posts to attention to what saturates together.

use crate::horizon::Horizon;
use crate::offer::Offered;
use counterpoint::model::build::Model;
use counterpoint::model::posterior::{Posterior, shape_values};
use counterpoint::model::transform::adstock;
use counterpoint_infer::dispatch;

/// A platform of creators.
#[derive(Debug, Clone)]
pub struct Platform {
    /// Index of the driver.
    pub driver: usize,
    /// Name.
    pub name: String,
    /// Longest lag.
    lag: usize,
    geos: usize,
    /// Periods in all.
    periods: usize,
    /// Periods of the data that stand for the planned ones.
    last: Vec<usize>,
    gap: Vec<usize>,
    /// A draw each.
    pub draws: Vec<PlatformDraw>,
}

/// A platform on one draw.
#[derive(Debug, Clone)]
pub struct PlatformDraw {
    /// Purchase lag, lags 0 to the longest.
    weights: Vec<f64>,
    /// Half-saturation.
    half: f64,
    /// Profit and money at full saturation, `[geos]`.
    top: Vec<[f64; 2]>,
    /// Carried-over exposure that comes from before the plan, `[geos x periods]`.
    carry: Vec<f64>,
    /// Exposure of last year in the planned periods, `[geos x planned]`.
    pub last: Vec<f64>,
    /// Weighted views of last year in the planned periods, an account of the model each.
    pub account_last: Vec<f64>,
}

/// Exposure of posts on one draw before any shock, `[geos x periods]`: of all, and of all weighted by what is owed a unit of the money they bring.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// Scaled exposure.
    pub all: Vec<f64>,
    /// The same times what is owed; empty where nothing is.
    pub owed: Vec<f64>,
}

impl Exposure {
    /// The i-th of `count` draws' exposures, which are `[geos x draws x periods]`.
    pub(crate) fn take(&mut self, from: &[Vec<f64>; 2], i: usize, count: usize, geos: usize, periods: usize) {
        for (to, from) in [&mut self.all, &mut self.owed].into_iter().zip(from) {
            to.clear();
            for own in from.chunks_exact(count * periods).take(geos) {
                to.extend_from_slice(&own[i * periods..(i + 1) * periods]);
            }
        }
    }
}

impl Platform {
    /// What does not depend on the draws.
    pub fn new(model: &Model, m: usize, horizon: &Horizon, periods: usize) -> Platform {
        let driver = &model.drivers[m];
        Platform {
            driver: m,
            name: driver.platform.as_ref().map_or_else(|| driver.name.clone(), |p| p.name.clone()),
            lag: driver.shape.max_lag,
            geos: model.n_geos(),
            periods,
            last: (0..horizon.len()).map(|t| horizon.last_year(t)).collect(),
            gap: horizon.last[..horizon.gap].to_vec(),
            draws: Vec::new(),
        }
    }

    /// The platform at the posterior's last position.
    pub fn draw(&self, posterior: &Posterior, worth: &[f64], money: &[f64]) -> PlatformDraw {
        let model = posterior.model();
        let driver = &model.drivers[self.driver];
        let state = &posterior.drivers()[self.driver];
        let shape = shape_values(driver, posterior.values());
        let mut weights = vec![0.0; self.lag + 1];
        adstock::weights(driver.shape.adstock, &shape.adstock, &mut weights);
        let (n, padded) = (model.n_periods(), self.lag + model.n_periods());
        let nothing = Vec::new();
        let x = state.platform.as_ref().map_or(&nothing, |p| &p.exposure.x);
        let account_last = state.platform.as_ref().map_or_else(Vec::new, |p| {
            let of = |(own, weight): (&[f64], &f64)| weight * self.last.iter().map(|&t| own[self.lag + t]).sum::<f64>();
            p.views.chunks_exact(padded).zip(&p.weight).map(of).collect()
        });
        let at = |g: usize, t: usize| x[g * padded + self.lag + t];
        let mut carry = vec![0.0; self.geos * self.periods];
        for g in 0..self.geos {
            let before = |back: usize| {
                if back <= self.gap.len() {
                    at(g, self.gap[self.gap.len() - back])
                } else {
                    let into = back - self.gap.len();
                    if into <= padded { x[g * padded + padded - into] } else { 0.0 }
                }
            };
            for t in 0..self.lag.min(self.periods) {
                for l in t + 1..=self.lag {
                    carry[g * self.periods + t] += weights[l] * before(l - t);
                }
            }
        }
        debug_assert!(n > 0);
        PlatformDraw {
            weights,
            half: shape.saturation[0],
            top: (0..self.geos).map(|g| [state.effect.beta[g] * worth[g], state.effect.beta[g] * money[g]]).collect(),
            last: (0..self.geos).flat_map(|g| self.last.iter().map(move |&t| at(g, t))).collect(),
            carry,
            account_last,
        }
    }

    /// Profit on draw d of last year's posts done again, with reach multiplied.
    pub fn last_profit(&self, d: usize, reach: Option<&[f64]>) -> f64 {
        let draw = &self.draws[d];
        let planned = self.last.len();
        let (mut exposure, mut carried) = (vec![0.0; self.periods], vec![0.0; self.periods]);
        let mut profit = 0.0;
        for g in 0..self.geos {
            exposure[..planned].copy_from_slice(&draw.last[g * planned..(g + 1) * planned]);
            carry_over(&draw.weights, &exposure, reach, &mut carried);
            for t in 0..self.periods {
                let carry = draw.carry[g * self.periods + t];
                let a = carry + carried[t];
                profit += draw.top[g][0] * (a / (a + draw.half) - carry / (carry + draw.half));
            }
        }
        profit
    }

    /// Exposure on draw d of posts whose views by offer and period are `views`; offers with none are skipped. What is owed is left out, where `free`.
    pub fn exposure(
        &self,
        d: usize,
        offers: &[Offered],
        own: &[usize],
        views: &[Vec<f64>],
        free: bool,
        out: &mut Exposure,
    ) {
        let (n, cells) = (self.periods, self.geos * self.periods);
        let owes = !free && own.iter().any(|&o| offers[o].owes_sales());
        out.all.clear();
        out.all.resize(cells, 0.0);
        out.owed.clear();
        out.owed.resize(if owes { cells } else { 0 }, 0.0);
        for &o in own.iter().filter(|&&o| !views[o].is_empty()) {
            for g in 0..self.geos {
                let scale = offers[o].strength[d] * offers[o].share[g];
                add(scale, &views[o], &mut out.all[g * n..(g + 1) * n]);
                if owes && offers[o].owed[d] > 0.0 {
                    add(scale * offers[o].owed[d], &views[o], &mut out.owed[g * n..(g + 1) * n]);
                }
            }
        }
    }

    /// Profit of an exposure on draw d with reach multiplied, what is owed on the money it brings taken off; `slopes` takes the derivatives by
    /// the exposure, and by what is owed. Without what is owed it is concave.
    pub fn profit(&self, d: usize, exposure: &Exposure, reach: Option<&[f64]>, slopes: Option<&mut Exposure>) -> f64 {
        let (draw, n) = (&self.draws[d], self.periods);
        let owes = !exposure.owed.is_empty();
        let mut profit = 0.0;
        let mut memory = vec![0.0; 4 * n];
        let (x, rest) = memory.split_at_mut(n);
        let (z, rest) = rest.split_at_mut(n);
        let (slope, slope_owed) = rest.split_at_mut(n);
        let mut slopes = slopes;
        if let Some(to) = &mut slopes {
            to.all.resize(exposure.all.len(), 0.0);
            to.owed.resize(exposure.owed.len(), 0.0);
        }
        for g in 0..self.geos {
            let range = g * n..(g + 1) * n;
            carry_over(&draw.weights, &exposure.all[range.clone()], reach, x);
            if owes {
                carry_over(&draw.weights, &exposure.owed[range.clone()], reach, z);
            }
            let [top, money] = draw.top[g];
            for t in 0..n {
                let carry = draw.carry[range.start + t];
                let all = carry + x[t] + draw.half;
                let one = 1.0 / all;
                profit += top * (draw.half * x[t] * one / (carry + draw.half));
                slope[t] = top * draw.half * one * one;
                if owes {
                    profit -= money * z[t] * one;
                    slope[t] += money * z[t] * one * one;
                    slope_owed[t] = -money * one;
                }
            }
            if let Some(to) = &mut slopes {
                back(&draw.weights, slope, reach, &mut to.all[range.clone()]);
                if owes {
                    back(&draw.weights, slope_owed, reach, &mut to.owed[range]);
                }
            }
        }
        profit
    }
}

impl Platform {
    /// The most by which the profit of an exposure on draw d can be above its tangent, reach multiplied. Profit is concave but for what is owed;
    /// of every unit of exposure between `owed[0]` and `owed[1]` is, and no plan has more exposure than `most`, reach multiplied.
    pub(crate) fn excess(
        &self,
        d: usize,
        exposure: &Exposure,
        reach: Option<&[f64]>,
        most: &[f64],
        owed: [f64; 2],
    ) -> f64 {
        let (draw, n) = (&self.draws[d], self.periods);
        let mut memory = vec![0.0; 3 * n];
        let (x, rest) = memory.split_at_mut(n);
        let (z, limit) = rest.split_at_mut(n);
        let mut total = 0.0;
        for g in 0..self.geos {
            let range = g * n..(g + 1) * n;
            carry_over(&draw.weights, &exposure.all[range.clone()], reach, x);
            carry_over(&draw.weights, &exposure.owed[range.clone()], reach, z);
            carry_over(&draw.weights, &most[range.clone()], None, limit);
            let [top, money] = draw.top[g];
            for t in 0..n {
                // Profit is a x / (x + k) - money z / (x + k).
                let k = draw.carry[range.start + t] + draw.half;
                let (a, one) = (top * draw.half / k, 1.0 / (x[t] + k));
                let by_x = (a * k + money * z[t]) * one * one;
                let by_z = -money * one;
                let touch = (a * x[t] - money * z[t]) * one - by_x * x[t] - by_z * z[t];
                let above = |owed: f64| {
                    let (height, slope) = (a - money * owed, by_x + by_z * owed);
                    let at = |x: f64| height * x / (x + k) - slope * x - touch;
                    let ends = at(0.0).max(at(limit[t]));
                    let inside = (height * k / slope).sqrt() - k;
                    if inside > 0.0 && inside < limit[t] { ends.max(at(inside)) } else { ends }
                };
                total += above(owed[0]).max(above(owed[1])).max(0.0);
            }
        }
        total
    }
}

dispatch! {
    /// to += a x
    fn add(a: f64, x: &[f64], to: &mut [f64]) {
        for (to, x) in to.iter_mut().zip(x) {
            *to = a.mul_add(*x, *to);
        }
    }
}

dispatch! {
    /// Rows of `to`, one a scale, += scale x
    pub(crate) fn spread(scales: &[f64], x: &[f64], to: &mut [f64]) {
        for (a, row) in scales.iter().zip(to.chunks_exact_mut(x.len())) {
            for (to, x) in row.iter_mut().zip(x) {
                *to = a.mul_add(*x, *to);
            }
        }
    }
}

dispatch! {
    /// to += the sum of rows times their scales
    pub(crate) fn gather(scales: &[f64], rows: &[f64], to: &mut [f64]) {
        for (a, row) in scales.iter().zip(rows.chunks_exact(to.len())) {
            for (to, x) in to.iter_mut().zip(row) {
                *to = a.mul_add(*x, *to);
            }
        }
    }
}

dispatch! {
    /// Carries x over, multiplied first.
    fn carry_over(weights: &[f64], x: &[f64], by: Option<&[f64]>, out: &mut [f64]) {
        let n = x.len().min(out.len());
        out.fill(0.0);
        for (lag, w) in weights.iter().enumerate().take(n) {
            let (to, from) = (&mut out[lag..n], &x[..n - lag]);
            match by {
                None => to.iter_mut().zip(from).for_each(|(to, x)| *to = w.mul_add(*x, *to)),
                Some(by) => {
                    to.iter_mut().zip(from.iter().zip(by)).for_each(|(to, (x, by))| *to = w.mul_add(x * by, *to));
                }
            }
        }
    }
}

dispatch! {
    /// The transpose of that.
    fn back(weights: &[f64], slope: &[f64], by: Option<&[f64]>, out: &mut [f64]) {
        let n = slope.len().min(out.len());
        out.fill(0.0);
        for (lag, w) in weights.iter().enumerate().take(n) {
            out[..n - lag].iter_mut().zip(&slope[lag..n]).for_each(|(to, slope)| *to = w.mul_add(*slope, *to));
        }
        if let Some(by) = by {
            out.iter_mut().zip(by).for_each(|(to, by)| *to *= by);
        }
    }
}

/// Views by period of posts in slots: a number a slot, spread as views come in.
pub fn views(offer: &Offered, posts: &[f64], periods: usize) -> Vec<f64> {
    let mut out = vec![0.0; periods];
    for (n, t) in posts.iter().zip(offer.slots.clone()).filter(|p| *p.0 != 0.0) {
        out[t..].iter_mut().zip(&offer.decay).for_each(|(to, share)| *to += n * share);
    }
    out
}

/// The most views by period that posts of an offer can have.
pub(crate) fn most_views(offer: &Offered, periods: usize) -> Vec<f64> {
    let most = offer.offer.posts.1 as f64;
    let share = |t: usize| {
        let slots = offer.slots.clone().take_while(|s| *s <= t);
        slots.filter_map(|s| offer.decay.get(t - s)).copied().fold(0.0, f64::max)
    };
    (0..periods).map(|t| most * share(t)).collect()
}

/// The transpose of [`views`].
pub fn views_back(offer: &Offered, by: &[f64], out: &mut [f64]) {
    for (to, t) in out.iter_mut().zip(offer.slots.clone()) {
        *to += by[t..].iter().zip(&offer.decay).map(|(b, share)| b * share).sum::<f64>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::nuts::chain_rng;
    use rand::RngExt;

    #[test]
    fn no_exposure_is_farther_above_the_tangent_where_sales_are_owed() {
        let mut rng = chain_rng(2, 3);
        let (n, lag) = (6, 2);
        let mut positive = 0;
        for round in 0..40 {
            let draw = PlatformDraw {
                weights: vec![0.6, 0.3, 0.1],
                half: 0.5 + 2.0 * rng.random::<f64>(),
                top: vec![[2.0 + rng.random::<f64>(), 4.0]],
                carry: (0..n).map(|t| if t < lag { rng.random::<f64>() } else { 0.0 }).collect(),
                last: Vec::new(),
                account_last: Vec::new(),
            };
            let last = Vec::new();
            let platform = Platform {
                driver: 0,
                name: String::new(),
                lag,
                geos: 1,
                periods: n,
                last,
                gap: Vec::new(),
                draws: vec![draw],
            };
            let owed = if round % 2 == 0 { [0.0, 0.3] } else { [0.1, 0.9] };
            let mut any = |size: f64| {
                let all: Vec<f64> = (0..n).map(|_| size * rng.random::<f64>()).collect();
                let due = all.iter().map(|x| x * (owed[0] + (owed[1] - owed[0]) * rng.random::<f64>())).collect();
                Exposure { all, owed: due }
            };
            let reach = [1.0, 0.5, 0.0, 1.0, 1.0, 0.2];
            let reach = (round % 3 == 0).then_some(&reach[..]);
            let touch = any(2.0);
            let mut slopes = Exposure::default();
            let value = platform.profit(0, &touch, reach, Some(&mut slopes));
            let excess = platform.excess(0, &touch, reach, &vec![8.0; n], owed);
            for k in 0..300 {
                let other = any(8.0 * (k as f64 / 300.0).powi(2));
                let line =
                    |s: &[f64], to: &[f64], from: &[f64]| -> f64 { (0..n).map(|t| s[t] * (to[t] - from[t])).sum() };
                let along = line(&slopes.all, &other.all, &touch.all) + line(&slopes.owed, &other.owed, &touch.owed);
                let above = platform.profit(0, &other, reach, None) - value - along;
                positive += usize::from(above > 1e-6);
                assert!(above <= excess + 1e-9, "round {round}: {above} above, {excess} allowed");
            }
        }
        assert!(positive > 100, "{positive} exposures were above their tangent");
    }
}
