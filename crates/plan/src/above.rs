//! By how much the mean of a channel's curves over draws can be above its tangent.
//!
//! A curve that is steep first is above some of its tangents, so that a tangent alone bounds nothing. Draw by draw the excess is large; but all
//! draws see one path of spend, and the mean of many curves is nearly concave where single ones are not. Draws that carry over alike are taken
//! together: within such a group each period's carried-over spend is one number, up to the small differences of the draws' weights, and the
//! mean excess over a grid of that number is what no path of spend can go beyond. The differences are bounded exactly: with the group's own
//! carried-over spend given, each draw's lies between two fractional knapsacks.

use crate::channel::Channel;

/// Draws of a group, about.
const GROUP: usize = 48;
/// Cells of the grid below and above the tangent's point: the k-th edge is its multiple by exp(± (0.05 k + 0.05 k²)).
const CELLS: usize = 8;

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
}

impl Tangent<'_> {
    /// The most by which the weighted sum over draws can be above its tangent.
    pub(crate) fn excess(&self) -> f64 {
        let channel = self.channel;
        let groups = self.groups();
        let planned = self.spend.len();
        let lags = channel.lags();
        let end = if channel.carried() { (planned + lags - 1).min(channel.periods(self.draws[0])) } else { planned };
        let mut total = 0.0;
        let mut bench = Bench::default();
        for group in &groups {
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

    /// Draws that carry over alike, by their mean lag.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.draws.len()).collect();
        if !self.channel.carried() {
            return vec![order];
        }
        let lag: Vec<f64> = self
            .draws
            .iter()
            .map(|&d| self.channel.weights(d).iter().enumerate().map(|(l, w)| l as f64 * w).sum())
            .collect();
        order.sort_by(|&a, &b| lag[a].total_cmp(&lag[b]).then(a.cmp(&b)));
        let count = (order.len() as f64 / GROUP as f64).round().max(1.0) as usize;
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
        edges(at, most, &mut bench.edges);
        let cells = bench.edges.len() - 1;
        bench.sums.clear();
        bench.sums.resize(cells, 0.0);
        for (&i, order) in group.iter().zip(orders) {
            let (d, q) = (self.draws[i], self.weights[i]);
            if q == 0.0 {
                continue;
            }
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
                let most = if high >= first && low <= last { top } else { above(low).max(above(high)) };
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
fn edges(at: f64, most: f64, out: &mut Vec<f64>) {
    out.clear();
    out.push(0.0);
    let step = |k: usize| 0.05 * (k + k * k) as f64;
    let at = at.max(1e-3 * most);
    for k in (0..=CELLS).rev() {
        out.push((at * (-step(k)).exp()).min(most));
    }
    for k in 1..=CELLS {
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
