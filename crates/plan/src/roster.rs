//! A platform of creators on every draw: posts to attention to what saturates together.

use crate::carry::{CHUNK, Carried, back, in_chunks};
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
    /// What saturates by itself: a geo and segment of the audience each.
    pub rows: usize,
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
    /// Profit and money at full saturation, `[rows]`.
    top: Vec<[f64; 2]>,
    /// Carried-over exposure that comes from before the plan, `[rows x periods]`.
    carry: Vec<f64>,
    /// The same and the half-saturation, `[rows x whole chunks of periods]`.
    halves: Vec<f64>,
    /// Profit at full saturation beyond what comes from before the plan, `[rows x whole chunks of periods]`.
    above: Vec<f64>,
    /// Exposure of last year in the planned periods, `[rows x planned]`.
    pub last: Vec<f64>,
    /// Weighted views of last year in the planned periods, an account of the model each.
    pub account_last: Vec<f64>,
}

/// Exposure of posts on one draw before any shock, `[rows x periods]`: of all, and of all weighted by what is owed a unit of the money they bring.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// Scaled exposure.
    pub all: Vec<f64>,
    /// The same times what is owed; empty where nothing is.
    pub owed: Vec<f64>,
}

impl Exposure {
    /// The i-th of `count` draws' exposures, which are `[rows x draws x periods]`.
    pub(crate) fn take(&mut self, from: &[Vec<f64>; 2], i: usize, count: usize, rows: usize, periods: usize) {
        for (to, from) in [&mut self.all, &mut self.owed].into_iter().zip(from) {
            to.clear();
            for own in from.chunks_exact(count * periods).take(rows) {
                to.extend_from_slice(&own[i * periods..(i + 1) * periods]);
            }
        }
    }
}

impl PlatformDraw {
    fn new(weights: Vec<f64>, half: f64, top: Vec<[f64; 2]>, carry: Vec<f64>) -> PlatformDraw {
        let periods = carry.len() / top.len();
        let size = in_chunks(periods);
        let (mut halves, mut above) = (vec![1.0; top.len() * size], vec![0.0; top.len() * size]);
        for (g, [profit, _]) in top.iter().enumerate() {
            for t in 0..periods {
                let all = carry[g * periods + t] + half;
                halves[g * size + t] = all;
                above[g * size + t] = profit * half / all;
            }
        }
        PlatformDraw { weights, half, top, carry, halves, above, last: Vec::new(), account_last: Vec::new() }
    }
}

/// Working memory of a platform's profit.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Carried-over exposure, and what is owed on it.
    carried: [Carried; 2],
    /// Slopes by them, chunks of periods then as many zeros as there are lags.
    slopes: [Vec<f64>; 2],
}

impl Platform {
    /// What does not depend on the draws.
    pub fn new(model: &Model, m: usize, horizon: &Horizon, periods: usize) -> Platform {
        let driver = &model.drivers[m];
        Platform {
            driver: m,
            name: driver.platform.as_ref().map_or_else(|| driver.name.clone(), |p| p.name.clone()),
            lag: driver.shape.max_lag,
            rows: driver.shape.rows(),
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
        let at = |row: usize, t: usize| x[row * padded + self.lag + t];
        let mut carry = vec![0.0; self.rows * self.periods];
        for row in 0..self.rows {
            let before = |back: usize| {
                if back <= self.gap.len() {
                    at(row, self.gap[self.gap.len() - back])
                } else {
                    let into = back - self.gap.len();
                    if into <= padded { x[row * padded + padded - into] } else { 0.0 }
                }
            };
            for t in 0..self.lag.min(self.periods) {
                for l in t + 1..=self.lag {
                    carry[row * self.periods + t] += weights[l] * before(l - t);
                }
            }
        }
        debug_assert!(n > 0);
        let segments = &driver.shape.segments;
        let of_row = |row: usize| {
            let (g, people) = (row / segments.len(), segments[row % segments.len()]);
            [worth[g], money[g]].map(|unit| people * state.effect.beta[g] * unit)
        };
        let top = (0..self.rows).map(of_row).collect();
        let last = (0..self.rows).flat_map(|row| self.last.iter().map(move |&t| at(row, t))).collect();
        PlatformDraw { last, account_last, ..PlatformDraw::new(weights, shape.saturation[0], top, carry) }
    }

    /// Profit on draw d of last year's posts done again, with reach multiplied.
    pub fn last_profit(&self, d: usize, reach: Option<&[f64]>) -> f64 {
        let planned = self.last.len();
        let mut exposure = Exposure { all: vec![0.0; self.rows * self.periods], owed: Vec::new() };
        for (to, from) in exposure.all.chunks_exact_mut(self.periods).zip(self.draws[d].last.chunks_exact(planned)) {
            to[..planned].copy_from_slice(from);
        }
        self.profit(d, &exposure, reach, None, &mut Room::default())
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
        let (n, cells) = (self.periods, self.rows * self.periods);
        let owes = !free && own.iter().any(|&o| offers[o].owes_sales());
        out.all.clear();
        out.all.resize(cells, 0.0);
        out.owed.clear();
        out.owed.resize(if owes { cells } else { 0 }, 0.0);
        for &o in own.iter().filter(|&&o| !views[o].is_empty()) {
            for row in 0..self.rows {
                let scale = offers[o].strength[d] * offers[o].share[row];
                add(scale, &views[o], &mut out.all[row * n..(row + 1) * n]);
                if owes && offers[o].owed[d] > 0.0 {
                    add(scale * offers[o].owed[d], &views[o], &mut out.owed[row * n..(row + 1) * n]);
                }
            }
        }
    }

    /// Profit of an exposure on draw d with reach multiplied, what is owed on the money it brings taken off; `slopes` takes the derivatives by
    /// the exposure, and by what is owed. Without what is owed it is concave.
    pub(crate) fn profit(
        &self,
        d: usize,
        exposure: &Exposure,
        reach: Option<&[f64]>,
        mut slopes: Option<&mut Exposure>,
        room: &mut Room,
    ) -> f64 {
        let (draw, n, size) = (&self.draws[d], self.periods, in_chunks(self.periods));
        let owes = !exposure.owed.is_empty();
        let Room { carried: [x, z], slopes: [slope, slope_owed] } = room;
        for own in [&mut *slope, &mut *slope_owed] {
            own.clear();
            own.resize(size + self.lag, 0.0);
        }
        if let Some(to) = &mut slopes {
            to.all.resize(exposure.all.len(), 0.0);
            to.owed.resize(exposure.owed.len(), 0.0);
        }
        let mut profit = 0.0;
        for row in 0..self.rows {
            let (range, whole) = (row * n..(row + 1) * n, row * size..(row + 1) * size);
            let (above, halves) = (&draw.above[whole.clone()], &draw.halves[whole]);
            let x = x.over(&draw.weights, &exposure.all[range.clone()], reach, n);
            profit += saturated(above, halves, x, &mut slope[..size]);
            if owes {
                let z = z.over(&draw.weights, &exposure.owed[range.clone()], reach, n);
                let money = draw.top[row][1];
                profit -= money * owed(money, halves, x, z, &mut slope[..size], &mut slope_owed[..size]);
            }
            if let Some(to) = &mut slopes {
                let (to, to_owed) = (&mut to.all[range.clone()], to.owed.get_mut(range));
                for (slope, to) in [(&*slope, Some(to)), (&*slope_owed, to_owed)] {
                    let Some(to) = to else { continue };
                    back(&draw.weights, slope, to);
                    if let Some(reach) = reach {
                        to.iter_mut().zip(reach).for_each(|(to, by)| *to *= by);
                    }
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
        let mut carried = [(); 3].map(|()| Carried::default());
        let [x, z, limit] = &mut carried;
        let mut total = 0.0;
        for row in 0..self.rows {
            let range = row * n..(row + 1) * n;
            let x = x.over(&draw.weights, &exposure.all[range.clone()], reach, n);
            let z = z.over(&draw.weights, &exposure.owed[range.clone()], reach, n);
            let limit = limit.over(&draw.weights, &most[range.clone()], None, n);
            let [top, money] = draw.top[row];
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
    /// Profit of carried-over exposure, the sum of above x / (x + half), and its slopes.
    fn saturated(above: &[f64], halves: &[f64], x: &[f64], slopes: &mut [f64]) -> f64 {
        let mut sums = [0.0; CHUNK];
        let rows = above.chunks_exact(CHUNK).zip(halves.chunks_exact(CHUNK)).zip(x.chunks_exact(CHUNK));
        for (((above, half), x), slope) in rows.zip(slopes.chunks_exact_mut(CHUNK)) {
            for i in 0..CHUNK {
                let one = 1.0 / (x[i] + half[i]);
                let height = above[i] * one;
                sums[i] += height * x[i];
                slope[i] = height * half[i] * one;
            }
        }
        sums.iter().sum()
    }
}

dispatch! {
    /// The sum of z / (x + half), z what is owed; what it takes off the slopes, times the money; the slopes by z.
    fn owed(money: f64, halves: &[f64], x: &[f64], z: &[f64], slopes: &mut [f64], slopes_owed: &mut [f64]) -> f64 {
        let mut sums = [0.0; CHUNK];
        let rows = halves.chunks_exact(CHUNK).zip(x.chunks_exact(CHUNK)).zip(z.chunks_exact(CHUNK));
        let slopes = slopes.chunks_exact_mut(CHUNK).zip(slopes_owed.chunks_exact_mut(CHUNK));
        for (((half, x), z), (slope, by_owed)) in rows.zip(slopes) {
            for i in 0..CHUNK {
                let one = 1.0 / (x[i] + half[i]);
                let part = z[i] * one;
                sums[i] += part;
                slope[i] += money * part * one;
                by_owed[i] = -money * one;
            }
        }
        sums.iter().sum()
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
            let half = 0.5 + 2.0 * rng.random::<f64>();
            let top = vec![[2.0 + rng.random::<f64>(), 4.0]];
            let carry = (0..n).map(|t| if t < lag { rng.random::<f64>() } else { 0.0 }).collect();
            let draw = PlatformDraw::new(vec![0.6, 0.3, 0.1], half, top, carry);
            let last = Vec::new();
            let platform = Platform {
                driver: 0,
                name: String::new(),
                lag,
                rows: 1,
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
            let (mut slopes, mut room) = (Exposure::default(), Room::default());
            let value = platform.profit(0, &touch, reach, Some(&mut slopes), &mut room);
            let excess = platform.excess(0, &touch, reach, &vec![8.0; n], owed);
            for k in 0..300 {
                let other = any(8.0 * (k as f64 / 300.0).powi(2));
                let line =
                    |s: &[f64], to: &[f64], from: &[f64]| -> f64 { (0..n).map(|t| s[t] * (to[t] - from[t])).sum() };
                let along = line(&slopes.all, &other.all, &touch.all) + line(&slopes.owed, &other.owed, &touch.owed);
                let above = platform.profit(0, &other, reach, None, &mut room) - value - along;
                positive += usize::from(above > 1e-6);
                assert!(above <= excess + 1e-9, "round {round}: {above} above, {excess} allowed");
            }
        }
        assert!(positive > 100, "{positive} exposures were above their tangent");
    }
}
