//! By how much the mean of a channel's curves over draws can be above its tangent.
//!
//! A curve that is steep first is above some of its tangents, so that a tangent alone bounds nothing. Draw by draw the excess is large; but all
//! draws see one path of spend, and the mean of many curves is nearly concave where single ones are not. Draws that carry over alike are taken
//! together: within such a group each period's carried-over spend is one number, up to the small differences of the draws' weights, and the
//! mean excess over a grid of that number is what no path of spend can go beyond. The differences are bounded exactly: with the group's own
//! carried-over spend given, each draw's lies between two fractional knapsacks.
//!
//! Two things hold the groups together. A line may be steeper than the tangent, each group's by its own (they need only add up): what a group would gain by
//! far more spend than a plan may have in all is then no gain. And a group's carried-over spend is a path: it cannot vanish at once, nor grow by more than
//! what is spent anew. The best path through the cells of the grid is found period by period (Viterbi 1967).

use crate::channel::Channel;

/// Draws of a group, about. Few carry over more alike, the mean of many is nearer to concave; which is better depends on the weights, so several are
/// tried.
const GROUPS: [usize; 3] = [48, 96, 24];
/// Cells of the grid below and above the tangent's point, where the bound is to be close and where not: the k-th edge is its multiple by
/// exp(± 0.004 (k + k²)), or with every fourth k.
const CELLS: usize = 64;
const EACH: [usize; 2] = [4, 1];
/// An allowance below this share of what the channel brings is not worth being bettered.
const LITTLE: f64 = 1e-3;
/// Halvings in search of lines, and lines that are tried of a group at each.
const HALVINGS: usize = 14;
const TRIALS: usize = 3;

/// What one channel does in one or more worlds.
pub(crate) struct Tangent<'a> {
    pub(crate) channel: &'a Channel,
    /// Draws, and the weight of each in the objective.
    pub(crate) draws: &'a [usize],
    pub(crate) weights: &'a [f64],
    /// Spend by planned period, at which the tangent touches, and the most that any plan may have.
    pub(crate) spend: &'a [f64],
    pub(crate) most: &'a [f64],
    /// Least and most that a plan may have in all.
    pub(crate) total: [f64; 2],
    /// What exposure is multiplied by at the tangent's point, by planned period.
    pub(crate) factors: &'a [f64],
    /// By what else it may be multiplied: least and most, by planned period.
    pub(crate) range: &'a [[f64; 2]],
    /// Whether the bound is to be close, in some more time.
    pub(crate) close: bool,
}

/// A line that the weighted sum over draws is not above.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Over {
    /// The most by which it is above the line that is steeper than the tangent by `tilt` a unit of spend, both alike at the tangent's point.
    pub(crate) excess: f64,
    /// By how much steeper that line is.
    pub(crate) tilt: f64,
}

impl Tangent<'_> {
    /// The most by which the weighted sum over draws can be above a line that touches it.
    pub(crate) fn excess(&self) -> Over {
        let all: Vec<usize> = (0..self.draws.len()).filter(|&i| self.weights[i] > 0.0).collect();
        if all.is_empty() {
            return Over::default();
        }
        let value = self.value(&all);
        if !self.channel.carried() {
            // All see the same number.
            return self.excess_in(&[all], value);
        }
        let mut best: Option<Over> = None;
        for &size in if self.close { &GROUPS[..] } else { &GROUPS[..1] } {
            let found = self.excess_in(&self.groups(&all, size), value);
            if best.is_none_or(|b| self.cost(found) < self.cost(b)) {
                best = Some(found);
            }
            if best.is_some_and(|b| self.cost(b) <= LITTLE * value) {
                break;
            }
        }
        best.unwrap_or_default()
    }

    /// What a line allows beyond the tangent, at most, with totals that a plan may have.
    fn cost(&self, over: Over) -> f64 {
        let [less, more] = self.room();
        over.excess + (over.tilt * less).max(over.tilt * more)
    }

    /// Least and most that a plan may have in all beyond the spend at the tangent's point.
    fn room(&self) -> [f64; 2] {
        let here: f64 = self.spend.iter().zip(self.factors).map(|(s, f)| s * f).sum();
        [(self.total[0] - here).min(0.0), (self.total[1] - here).max(0.0)]
    }

    /// What the channel brings.
    fn value(&self, all: &[usize]) -> f64 {
        let brings = |i: usize, t: usize| {
            let (curve, carry) = (self.channel.curve(self.draws[i]), self.carry(i, t));
            (self.weights[i] * (curve.at(carry + self.works(i, t))[0] - curve.at(carry)[0])).abs()
        };
        all.iter().map(|&i| (0..self.end()).map(|t| brings(i, t)).sum::<f64>()).sum()
    }

    /// Periods in which spend of the plan works.
    fn end(&self) -> usize {
        let planned = self.spend.len();
        let all = self.channel.periods(self.draws[0]);
        if self.channel.carried() { (planned + self.channel.lags() - 1).min(all) } else { planned }
    }

    fn carry(&self, i: usize, t: usize) -> f64 {
        self.channel.carry(self.draws[i], t)
    }

    /// Lags of period t whose spend is planned.
    fn inside(&self, t: usize) -> std::ops::RangeInclusive<usize> {
        t.saturating_sub(self.spend.len() - 1)..=(self.channel.lags() - 1).min(t)
    }

    /// Carried-over spend of a draw at the tangent's point.
    fn works(&self, i: usize, t: usize) -> f64 {
        let own = self.channel.weights(self.draws[i]);
        self.inside(t).map(|l| own[l] * self.factors[t - l] * self.spend[t - l]).sum()
    }

    /// Carry-over of draws on average.
    fn mean(&self, group: &[usize]) -> Vec<f64> {
        let mut mean = vec![0.0; self.channel.lags()];
        for &i in group {
            let own = self.channel.weights(self.draws[i]);
            mean.iter_mut().zip(own).for_each(|(to, w)| *to += w / group.len() as f64);
        }
        mean
    }

    /// Draws that carry over alike, by their mean lag, about so many together.
    fn groups(&self, all: &[usize], size: usize) -> Vec<Vec<usize>> {
        let lag = |i: usize| -> f64 {
            self.channel.weights(self.draws[i]).iter().enumerate().map(|(l, w)| l as f64 * w).sum()
        };
        let mut order: Vec<(f64, usize)> = all.iter().map(|&i| (lag(i), i)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let count = (order.len() as f64 / size as f64).round().max(1.0) as usize;
        let of = |k: usize| order[k * order.len() / count..(k + 1) * order.len() / count].iter().map(|o| o.1).collect();
        (0..count).map(of).collect()
    }

    /// Carried-over spend of period t by a kernel: at the tangent's point (or so little that cells reach to the most), and the most.
    fn around(&self, t: usize, kernel: &[f64]) -> [f64; 2] {
        let mut lags: Vec<(f64, f64)> =
            self.inside(t).map(|l| (kernel[l] * self.factors[t - l], self.most[t - l])).collect();
        lags.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut left, mut most) = (self.total[1], 0.0);
        for (works, room) in lags {
            let spent = room.min(left);
            most += works * spent;
            left -= spent;
        }
        [self.at(t, kernel).max((-step(CELLS)).exp() * most), most]
    }

    /// Carried-over spend of period t by a kernel at the tangent's point.
    fn at(&self, t: usize, kernel: &[f64]) -> f64 {
        self.inside(t).map(|l| kernel[l] * self.factors[t - l] * self.spend[t - l]).sum()
    }

    /// The line that allows least, of groups.
    fn excess_in(&self, groups: &[Vec<usize>], value: f64) -> Over {
        let (end, ratios) = (self.end(), ratios(EACH[usize::from(self.close)]));
        let cells = ratios.len() - 1;
        let mut bench = Bench::default();
        let held: Vec<Group> = groups
            .iter()
            .map(|group| {
                let mean = self.mean(group);
                // Lags of each draw by rising share of the group's own weight.
                let orders: Vec<Vec<usize>> = group
                    .iter()
                    .map(|&i| {
                        let own = self.channel.weights(self.draws[i]);
                        by_ratio((0..mean.len()).filter(|&l| mean[l] > 0.0), |l| own[l] / mean[l])
                    })
                    .collect();
                let mut above = vec![0.0; end * cells];
                for (t, to) in above.chunks_exact_mut(cells).enumerate() {
                    let most = self.edges(t, &mean, &ratios, &mut bench.edges);
                    for (&i, order) in group.iter().zip(&orders).filter(|_| most > 0.0) {
                        self.draw(t, i, (&mean, order), &mut bench, to);
                    }
                    // What no spend reaches.
                    for (to, edges) in to.iter_mut().zip(bench.edges.windows(2)).skip(1) {
                        if edges[0] >= most {
                            *to = f64::NEG_INFINITY;
                        }
                    }
                }
                let beyond = [0, 1].map(|edge| self.beyond(&mean, edge, &ratios));
                Group { paths: self.paths(&mean, &ratios), above, beyond }
            })
            .collect();
        self.line(&held, value)
    }

    /// The line that allows least within the totals that a plan may have: where the sum over groups of what each allows at some total is largest, each by
    /// its own best line. The tangent, where that is good.
    fn line(&self, groups: &[Group], value: f64) -> Over {
        let [less, more] = self.room();
        let mut lines: Vec<Vec<Line>> = groups.iter().map(|group| vec![group.line(0.0)]).collect();
        let tangent = lines.iter().map(|l| l[0].excess).sum::<f64>().max(0.0);
        let mut found = Over { excess: tangent, tilt: 0.0 };
        if tangent <= LITTLE * value {
            return found;
        }
        for (group, lines) in groups.iter().zip(&mut lines) {
            let cells = group.above.iter().zip(&group.beyond[0]).filter(|c| c.0.is_finite() && *c.1 != 0.0);
            let most = cells.map(|(above, beyond)| (above / beyond).abs()).fold(0.0, f64::max);
            if most > 0.0 {
                lines.insert(0, group.line(-most));
                lines.push(group.line(most));
            }
        }
        let (mut low, mut high) = (less, more);
        for _ in 0..HALVINGS {
            let total = 0.5 * (low + high);
            let best = groups.iter().zip(&mut lines).map(|(group, lines)| group.best(lines, total));
            let here =
                best.fold(Over::default(), |sum, l| Over { excess: sum.excess + l.excess, tilt: sum.tilt + l.by });
            if self.cost(here) < self.cost(found) {
                found = here;
            }
            if here.tilt > 0.0 { low = total } else { high = total }
        }
        found
    }

    /// Spend beyond that of the tangent's point that goes with the cells of a group, by period and cell: at their lower (0) or upper (1) edge. What is carried
    /// over in all periods adds up to what is spent.
    fn beyond(&self, mean: &[f64], edge: usize, ratios: &[f64]) -> Vec<f64> {
        let (mut out, mut edges) = (Vec::new(), Vec::new());
        let all = mean.iter().sum::<f64>();
        for t in 0..self.end() {
            self.edges(t, mean, ratios, &mut edges);
            let here = self.at(t, mean);
            out.extend(edges[edge..][..ratios.len() - 1].iter().map(|a| (a - here) / all));
        }
        out
    }

    /// Which cells may follow which, for a group: what is carried over cannot vanish at once, nor grow by more than what is spent anew.
    fn paths(&self, mean: &[f64], ratios: &[f64]) -> Paths {
        let (end, cells, last) = (self.end(), ratios.len() - 1, mean.len() - 1);
        let falls = mean.windows(2).filter(|w| w[0] > 0.0).map(|w| w[1] / w[0]);
        let (least, most) = falls.fold((f64::INFINITY, 0.0_f64), |a, x| (a.0.min(x), a.1.max(x)));
        // A kernel with a gap before its end is bounded by nothing.
        let (least, most) = if mean.windows(2).any(|w| w[0] <= 0.0 && w[1] > 0.0) || last == 0 {
            (0.0, f64::INFINITY)
        } else {
            (least, most)
        };
        let room = |t: usize| self.factors.get(t).map_or(0.0, |f| f * self.most[t]);
        let (mut before, mut edges) = (Vec::new(), Vec::new());
        let mut follows = vec![[0, cells]; end * cells];
        for t in 0..end {
            std::mem::swap(&mut before, &mut edges);
            self.edges(t, mean, ratios, &mut edges);
            if t == 0 {
                continue;
            }
            // What falls out of the kernel.
            let out = t.checked_sub(last + 1).map_or(0.0, |s| mean[last] * room(s));
            let slack = 1e-9 * edges[cells];
            for (j, to) in follows[t * cells..(t + 1) * cells].iter_mut().enumerate() {
                let (low, high) = (edges[j] - slack, edges[j + 1] + slack);
                let first = (0..cells).find(|&i| most * before[i + 1] + mean[0] * room(t) >= low).unwrap_or(cells);
                let after = (0..cells).rfind(|&i| least * (before[i] - out) <= high).map_or(0, |i| i + 1);
                *to = [first, after];
            }
        }
        Paths { cells, follows }
    }

    /// Edges of the cells of a period by a kernel; returns the most that is carried over.
    fn edges(&self, t: usize, kernel: &[f64], ratios: &[f64], out: &mut Vec<f64>) -> f64 {
        let [at, most] = self.around(t, kernel);
        out.clear();
        out.extend(ratios.iter().map(|r| (r * at).min(most)));
        most
    }

    /// Adds the most excess of a draw in one period, by cell of its group's carried-over spend.
    fn draw(&self, t: usize, i: usize, (mean, order): (&[f64], &[usize]), bench: &mut Bench, sums: &mut [f64]) {
        let range =
            self.inside(t).map(|l| self.range[t - l]).fold([1.0_f64, 1.0_f64], |a, b| [a[0].min(b[0]), a[1].max(b[1])]);
        let (d, q) = (self.draws[i], self.weights[i]);
        let own = self.channel.weights(d);
        bench.parts.clear();
        for &l in order.iter().filter(|&&l| self.inside(t).contains(&l) && self.factors[t - l] > 0.0) {
            let by = self.factors[t - l] * self.most[t - l];
            bench.parts.push([mean[l] * by, own[l] * by]);
        }
        let carry = self.carry(i, t);
        let touch = carry + self.works(i, t);
        fill(bench.parts.iter(), &bench.edges, &mut bench.low);
        fill(bench.parts.iter().rev(), &bench.edges, &mut bench.high);
        let curve = self.channel.curve(d);
        let [value, slope] = curve.at(touch);
        let above = |a: f64| curve.at(a)[0] - value - slope * (a - touch);
        // Where the curve has the tangent's slope and falls behind it from there on, it is farthest above.
        let (first, last) = curve.falls_to(slope, touch, &mut bench.knots);
        let top = bench.knots.iter().map(|&a| above(a)).fold(0.0, f64::max);
        for (j, sum) in sums.iter_mut().enumerate() {
            let (low, high) = (carry + range[0] * bench.low[j], carry + range[1] * bench.high[j + 1]);
            let ends = above(low).max(above(high));
            *sum += q * if high >= first && low <= last { ends.max(top) } else { ends };
        }
    }
}

/// Draws that carry over alike.
struct Group {
    paths: Paths,
    /// How far they may be above the tangent, `[periods x cells]`, and what is spent beyond the tangent's point at the cells' lower and upper edges.
    above: Vec<f64>,
    beyond: [Vec<f64>; 2],
}

impl Group {
    /// The most that is above a line so much steeper than the tangent.
    fn line(&self, by: f64) -> Line {
        let beyond = &self.beyond[usize::from(by < 0.0)];
        let [excess, spend] = self.paths.best(|k| [self.above[k] - by * beyond[k], beyond[k]]);
        Line { by, excess, spend }
    }

    /// The line that allows least at a total of spend. Lines that were looked at stand by rising steepness; a new one is tried where those on both sides of the
    /// best say that it may be (Kelley 1960).
    fn best(&self, lines: &mut Vec<Line>, total: f64) -> Line {
        for _ in 0..TRIALS {
            let after = lines.partition_point(|l| l.spend > total);
            if after == 0 || after == lines.len() {
                break;
            }
            let (a, b) = (lines[after - 1], lines[after]);
            let by = (a.excess - b.excess + a.spend * a.by - b.spend * b.by) / (a.spend - b.spend);
            let width = b.by - a.by;
            if !(by > a.by + 1e-3 * width && by < b.by - 1e-3 * width) {
                break;
            }
            lines.insert(after, self.line(by));
        }
        let at = |l: &Line| l.excess + l.by * total;
        lines.iter().copied().min_by(|a, b| at(a).total_cmp(&at(b))).unwrap_or(Line {
            by: 0.0,
            excess: 0.0,
            spend: 0.0,
        })
    }
}

/// A line above a group: how much steeper than the tangent, what is above it, and the spend beyond the tangent's point where that is. The excess is convex in
/// how steep the line is, and the spend its slope.
#[derive(Clone, Copy)]
struct Line {
    by: f64,
    excess: f64,
    spend: f64,
}

/// Paths of carried-over spend through cells.
struct Paths {
    cells: usize,
    /// First cell of the period before that a cell may follow, and the one after the last; both rise with the cell. `[periods x cells]`
    follows: Vec<[usize; 2]>,
}

impl Paths {
    /// The most that the first of two numbers of each period and cell adds up to over a path, and the sum of the other on it.
    fn best(&self, at: impl Fn(usize) -> [f64; 2]) -> [f64; 2] {
        const NEVER: [f64; 2] = [f64::NEG_INFINITY, 0.0];
        let mut now = vec![[0.0; 2]; self.cells];
        let mut before = now.clone();
        let mut open = std::collections::VecDeque::with_capacity(self.cells);
        for (t, follows) in self.follows.chunks_exact(self.cells).enumerate() {
            std::mem::swap(&mut before, &mut now);
            open.clear();
            let mut next = 0;
            for (j, &[first, after]) in follows.iter().enumerate() {
                // The best of a window that moves on.
                while next < after {
                    while open.back().is_some_and(|&i: &usize| before[i][0] <= before[next][0]) {
                        open.pop_back();
                    }
                    open.push_back(next);
                    next += 1;
                }
                while open.front().is_some_and(|&i| i < first) {
                    open.pop_front();
                }
                let from = open.front().map_or(NEVER, |&i| before[i]);
                let own = at(t * self.cells + j);
                now[j] = [from[0] + own[0], from[1] + own[1]];
            }
        }
        now.into_iter().max_by(|a, b| a[0].total_cmp(&b[0])).unwrap_or(NEVER)
    }
}

/// Items by rising ratio.
fn by_ratio(items: impl Iterator<Item = usize>, ratio: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = items.collect();
    order.sort_by(|&a, &b| ratio(a).total_cmp(&ratio(b)).then(a.cmp(&b)));
    order
}

/// Working memory.
#[derive(Default)]
struct Bench {
    edges: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    parts: Vec<[f64; 2]>,
    knots: Vec<f64>,
}

/// How far the k-th edge is from the first, as a logarithm.
fn step(k: usize) -> f64 {
    0.001 * (k + k * k) as f64
}

/// Edges of cells from nothing to all, close around one, as multiples of what is carried over at the tangent's point.
fn ratios(each: usize) -> Vec<f64> {
    let below = (0..=CELLS).rev().step_by(each).map(|k| (-step(k)).exp());
    let above = (each..=CELLS).step_by(each).map(|k| step(k).exp());
    std::iter::once(0.0).chain(below).chain(above).chain([f64::INFINITY]).collect()
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
    fn a_line_allows_no_more_than_a_known_curve_needs() {
        // One draw that carries nothing over and rises late: within a total, no plan has more than the chord to the height at that total.
        let channel = Channel::made(10.0, 0, vec![(vec![1.0], vec![0.0; 3], 6.0, 8.0)]);
        let (spend, most, factors, range) = ([1.0; 3], [10.0; 3], [1.0; 3], [[1.0, 1.0]; 3]);
        for total in [3.5, 4.0, 6.0, 12.0, 30.0] {
            let (draws, weights, total) = (&[0][..], &[1.0][..], [0.0, total]);
            let (spend, most, factors, range) = (&spend[..], &most[..], &factors[..], &range[..]);
            let tangent =
                Tangent { channel: &channel, draws, weights, spend, most, total, factors, range, close: true };
            let over = tangent.excess();
            // All in one period, in two, or in three.
            let at = |x: f64| channel.curve(0).at(x)[0];
            let most = |n: f64| n * at((total[1] / n).min(10.0));
            let best = most(1.0).max(most(2.0)).max(most(3.0)) - 3.0 * at(1.0);
            let cost = tangent.cost(over) + channel.curve(0).at(1.0)[1] * (total[1] - 3.0);
            assert!(cost >= best - 1e-9, "{total:?}: {best} is true, {cost} allowed");
            // The concave hull of the curve as far as one period may go, three times.
            let chord = |x: f64| at(x) / x;
            let (steep, top) = (1..=1000)
                .map(|k| 0.01 * f64::from(k))
                .filter(|x| *x <= total[1])
                .fold((0.0, 0.0), |best, x| if chord(x) > best.0 { (chord(x), x) } else { best });
            let each = total[1] / 3.0;
            let hull = 3.0 * if each < top { steep * each } else { at(each.min(10.0)) };
            assert!(cost <= 1.1 * hull + 1e-3, "{total:?}: {cost} allowed, the hull has {hull}");
        }
    }

    #[test]
    fn no_path_of_spend_is_farther_above_the_tangent() {
        // Curves from flat to steep first, with carry-over of all lengths, and what came before.
        let mut rng = chain_rng(1, 2);
        let (mut positive, mut tilted) = (0, 0);
        for round in 0..60 {
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
            let total = [0.0, if round % 3 == 1 { 1.2 * spend.iter().sum::<f64>() + 1.0 } else { 50.0 }];
            let (draws, range, factors) = (&all[..], &range[..], &factors[..]);
            let tangent = Tangent {
                channel: &channel,
                draws,
                weights: &weights,
                spend: &spend,
                most: &most,
                total,
                factors,
                range,
                close: round % 2 == 0,
            };
            let over = tangent.excess();
            tilted += usize::from(over.tilt != 0.0);
            let at = |path: &[f64], d: usize, slopes: &mut [f64]| {
                let path: Vec<f64> = path.iter().zip(factors).map(|(s, f)| s * f).collect();
                channel.profit(d, &path, false, Some(slopes))
            };
            for try_ in 0..300 {
                let size = 10.0 * rng.random::<f64>().powi(3);
                let mut path: Vec<f64> = (0..planned).map(|_| size * rng.random::<f64>()).collect();
                // At times in pulses, and no more in all than may be.
                if round % 2 == 0 {
                    path.iter_mut().enumerate().filter(|p| p.0 % 3 != try_ % 3).for_each(|p| *p.1 = 0.0);
                }
                let sum: f64 = path.iter().sum();
                path.iter_mut().for_each(|x| *x *= (total[1] / sum.max(1e-9)).min(1.0));
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
                let more: f64 = (0..planned).map(|t| factors[t] * (path[t] - spend[t])).sum();
                let allowed = over.excess + over.tilt * more;
                assert!(above <= allowed + 1e-9, "round {round}: {above} above, {allowed} allowed");
            }
        }
        assert!(positive > 100 && tilted >= 5, "{positive} paths were above their tangent, {tilted} lines steeper");
    }
}
