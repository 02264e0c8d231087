//! By how much the mean of a channel's curves over draws can be above its tangent.
//!
//! A curve that is steep first is above some of its tangents, so that a tangent alone bounds nothing. Draw by draw the excess is large; but all
//! draws see one path of spend, and the mean of many curves is nearly concave where single ones are not. Draws that carry over alike are taken
//! together: within such a group each period's carried-over spend is one number, up to the small differences of the draws' weights, and the
//! mean excess over a grid of that number is what no path of spend can go beyond. The differences are bounded exactly: with the group's own
//! carried-over spend given, each draw's lies between two fractional knapsacks.

use crate::channel::Channel;

/// Draws of a group, about. Few carry over more alike, the mean of many is nearer to concave; which is better depends on the weights, so both are
/// tried.
const GROUPS: [usize; 2] = [12, 24];
/// Cells of the grid below and above the tangent's point, where the bound is to be close and where not: the k-th edge is its multiple by
/// exp(± 0.004 (k + k²)), or with every fourth k.
const CELLS: usize = 32;
const EACH: [usize; 2] = [4, 1];

/// What one channel does in one or more worlds.
pub(crate) struct Tangent<'a> {
    pub(crate) channel: &'a Channel,
    /// Draws, and the weight of each in the objective.
    pub(crate) draws: &'a [usize],
    pub(crate) weights: &'a [f64],
    /// Spend by planned period, at which the tangent touches, and the most that any plan may have.
    pub(crate) spend: &'a [f64],
    pub(crate) most: &'a [f64],
    /// What exposure is multiplied by at the tangent's point, by planned period.
    pub(crate) factors: &'a [f64],
    /// By what else it may be multiplied: least and most, by planned period.
    pub(crate) range: &'a [[f64; 2]],
    /// Whether the bound is to be close, in some more time.
    pub(crate) close: bool,
}

impl Tangent<'_> {
    /// The most by which the weighted sum over draws can be above its tangent.
    pub(crate) fn excess(&self) -> f64 {
        let sizes = if self.channel.carried() && self.close { &GROUPS[..] } else { &GROUPS[1..] };
        sizes.iter().map(|&size| self.excess_in(&self.groups(size))).fold(f64::INFINITY, f64::min)
    }

    fn excess_in(&self, groups: &[Vec<usize>]) -> f64 {
        let channel = self.channel;
        if groups.iter().all(Vec::is_empty) {
            return 0.0;
        }
        let planned = self.spend.len();
        let lags = channel.lags();
        let end = if channel.carried() { (planned + lags - 1).min(channel.periods(self.draws[0])) } else { planned };
        let mut total = 0.0;
        let mut bench = Bench::default();
        for group in groups {
            let count = group.len() as f64;
            let mut mean = vec![0.0; lags];
            for &i in group {
                mean.iter_mut().zip(channel.weights(self.draws[i])).for_each(|(to, w)| *to += w / count);
            }
            // Lags of each draw by rising share of the group's own weight.
            let orders: Vec<Vec<usize>> = group
                .iter()
                .map(|&i| {
                    let own = channel.weights(self.draws[i]);
                    let mut order: Vec<usize> = (0..lags).filter(|&l| mean[l] > 0.0).collect();
                    let ratio = |l: usize| own[l] / mean[l];
                    order.sort_by(|&a, &b| ratio(a).total_cmp(&ratio(b)));
                    order
                })
                .collect();
            for t in 0..end {
                total += self.period(t, group, &mean, &orders, &mut bench);
            }
        }
        total
    }

    /// Draws that carry over alike, by their mean lag, about so many together.
    fn groups(&self, size: usize) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.draws.len()).filter(|&i| self.weights[i] > 0.0).collect();
        if !self.channel.carried() {
            return vec![order];
        }
        let lag: Vec<f64> = self
            .draws
            .iter()
            .map(|&d| self.channel.weights(d).iter().enumerate().map(|(l, w)| l as f64 * w).sum())
            .collect();
        order.sort_by(|&a, &b| lag[a].total_cmp(&lag[b]).then(a.cmp(&b)));
        let count = (order.len() as f64 / size as f64).round().max(1.0) as usize;
        (0..count).map(|k| order[k * order.len() / count..(k + 1) * order.len() / count].to_vec()).collect()
    }

    /// The most excess of one period over all that its carried-over spend may be.
    fn period(&self, t: usize, group: &[usize], mean: &[f64], orders: &[Vec<usize>], bench: &mut Bench) -> f64 {
        let planned = self.spend.len();
        let (from, to) = (t.saturating_sub(planned - 1), (mean.len() - 1).min(t));
        let inside = |l: usize| (from..=to).contains(&l) && self.factors[t - l] > 0.0;
        let works = |l: usize| self.factors[t - l] * mean[l];
        let at: f64 = (from..=to).map(|l| works(l) * self.spend[t - l]).sum();
        let most: f64 = (from..=to).map(|l| works(l) * self.most[t - l]).sum();
        if most <= 0.0 {
            return 0.0;
        }
        let range =
            (from..=to).map(|l| self.range[t - l]).fold([1.0_f64, 1.0_f64], |a, b| [a[0].min(b[0]), a[1].max(b[1])]);
        edges(at, most, EACH[usize::from(self.close)], &mut bench.edges);
        let cells = bench.edges.len() - 1;
        bench.sums.clear();
        bench.sums.resize(cells, 0.0);
        for (&i, order) in group.iter().zip(orders) {
            let (d, q) = (self.draws[i], self.weights[i]);
            let own = self.channel.weights(d);
            bench.parts.clear();
            for &l in order.iter().filter(|&&l| inside(l)) {
                let by = self.factors[t - l] * self.most[t - l];
                bench.parts.push([mean[l] * by, own[l] * by]);
            }
            let carry = self.channel.carry(d, t);
            let touch = carry + (from..=to).map(|l| own[l] * self.factors[t - l] * self.spend[t - l]).sum::<f64>();
            fill(bench.parts.iter(), &bench.edges, &mut bench.low);
            fill(bench.parts.iter().rev(), &bench.edges, &mut bench.high);
            let curve = self.channel.curve(d);
            let [value, slope] = curve.at(touch);
            let above = |a: f64| curve.at(a)[0] - value - slope * (a - touch);
            // Where the curve has the tangent's slope and falls behind it from there on, it is farthest above.
            let (first, last) = curve.falls_to(slope, touch, &mut bench.knots);
            let top = bench.knots.iter().map(|&a| above(a)).fold(0.0, f64::max);
            for j in 0..cells {
                let (low, high) = (carry + range[0] * bench.low[j], carry + range[1] * bench.high[j + 1]);
                let ends = above(low).max(above(high));
                let most = if high >= first && low <= last { ends.max(top) } else { ends };
                bench.sums[j] += q * most;
            }
        }
        bench.sums.iter().copied().fold(0.0, f64::max)
    }
}

/// Working memory.
#[derive(Default)]
struct Bench {
    edges: Vec<f64>,
    sums: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    parts: Vec<[f64; 2]>,
    knots: Vec<f64>,
}

/// Edges of cells from nothing to the most, close around a point.
fn edges(at: f64, most: f64, each: usize, out: &mut Vec<f64>) {
    out.clear();
    out.push(0.0);
    let step = |k: usize| 0.004 * (k + k * k) as f64;
    let at = at.max(1e-3 * most);
    for k in (0..=CELLS).rev().step_by(each) {
        out.push((at * (-step(k)).exp()).min(most));
    }
    for k in (each..=CELLS).step_by(each) {
        out.push((at * step(k).exp()).min(most));
    }
    out.push(most);
    out.dedup();
}

/// What a knapsack holds that is filled in this order up to each of the rising edges: parts are (room that is taken, what it brings).
fn fill<'a>(mut parts: impl Iterator<Item = &'a [f64; 2]>, edges: &[f64], out: &mut Vec<f64>) {
    out.clear();
    let (mut used, mut got) = (0.0, 0.0);
    let mut next = parts.next();
    for edge in edges {
        while let Some([room, gain]) = next.filter(|p| used + p[0] <= *edge) {
            used += room;
            got += gain;
            next = parts.next();
        }
        out.push(got + next.map_or(0.0, |[room, gain]| gain * ((edge - used) / room).clamp(0.0, 1.0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::nuts::chain_rng;
    use rand::RngExt;

    #[test]
    fn a_knapsack_holds_what_the_textbook_says() {
        // Rooms of 1, 2, 4 that bring 1, 6, 2, filled in that order.
        let mut out = Vec::new();
        fill([[1.0, 1.0], [2.0, 6.0], [4.0, 2.0]].iter(), &[0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0], &mut out);
        assert_eq!(out, [0.0, 0.5, 1.0, 4.0, 7.0, 8.0, 9.0]);
    }

    #[test]
    fn no_path_of_spend_is_farther_above_the_tangent() {
        // Curves from flat to steep first, with carry-over of all lengths, and what came before.
        let mut rng = chain_rng(1, 2);
        let mut positive = 0;
        for round in 0..30 {
            let (planned, lag, count) = (5, 3, if round % 3 == 0 { 1 } else { 60 });
            let draws = (0..count)
                .map(|_| {
                    let keep: f64 = 0.8 * rng.random::<f64>();
                    let weights: Vec<f64> = (0..=lag).map(|l| keep.powi(l)).collect();
                    let sum: f64 = weights.iter().sum();
                    let carry = (0..8).map(|t| if t < 3 { rng.random::<f64>() } else { 0.0 }).collect();
                    let slope = (0.8 * rng.random::<f64>() - 0.2_f64).exp() * if round % 2 == 0 { 1.0 } else { 2.0 };
                    (weights.iter().map(|w| w / sum).collect(), carry, 1.0 + 3.0 * rng.random::<f64>(), slope)
                })
                .collect();
            let channel = Channel::made(10.0, lag as usize, draws);
            let all: Vec<usize> = (0..count).collect();
            let weights: Vec<f64> = (0..count).map(|_| rng.random::<f64>()).collect();
            let mut spend: Vec<f64> = (0..planned).map(|_| 4.0 * rng.random::<f64>()).collect();
            if round % 5 == 0 {
                spend.fill(0.0);
            }
            let factors: Vec<f64> = (0..planned).map(|t| if round % 4 == 3 && t > 2 { 0.0 } else { 1.0 }).collect();
            let range = vec![if round % 4 == 2 { [0.9, 1.05] } else { [1.0, 1.0] }; planned];
            let most = vec![10.0; planned];
            let (draws, range, factors) = (&all[..], &range[..], &factors[..]);
            let tangent = Tangent {
                channel: &channel,
                draws,
                weights: &weights,
                spend: &spend,
                most: &most,
                factors,
                range,
                close: round % 2 == 0,
            };
            let excess = tangent.excess();
            let at = |path: &[f64], d: usize, slopes: &mut [f64]| {
                let path: Vec<f64> = path.iter().zip(factors).map(|(s, f)| s * f).collect();
                channel.profit(d, &path, false, Some(slopes))
            };
            for _ in 0..300 {
                let size = 10.0 * rng.random::<f64>().powi(3);
                let path: Vec<f64> = (0..planned).map(|_| size * rng.random::<f64>()).collect();
                let other: Vec<f64> =
                    range.iter().zip(&path).map(|(r, x)| x * (r[0] + (r[1] - r[0]) * rng.random::<f64>())).collect();
                let mut above = 0.0;
                for (d, weight) in weights.iter().enumerate() {
                    let (mut slopes, mut none) = (vec![0.0; planned], vec![0.0; planned]);
                    let value = at(&spend, d, &mut slopes);
                    let line: f64 = (0..planned).map(|t| slopes[t] * factors[t] * (other[t] - spend[t])).sum();
                    above += weight * (at(&other, d, &mut none) - value - line);
                }
                positive += usize::from(above > 1e-6);
                assert!(above <= excess + 1e-9, "round {round}: {above} above, {excess} allowed");
            }
        }
        assert!(positive > 100, "{positive} paths were above their tangent");
    }
}
