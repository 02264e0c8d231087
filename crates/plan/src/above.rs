//! By how much the mean of a channel's curves over draws can be above its tangent.
//!
//! A curve that is steep first is above some of its tangents, so that a tangent alone bounds nothing. Draw by draw the excess is large; but all
//! draws see one path of spend, and the mean of many curves is nearly concave where single ones are not. Draws that carry over alike are taken
//! together: within such a group each period's carried-over spend is one number, up to the small differences of the draws' weights, and the
//! mean excess over a grid of that number is what no path of spend can go beyond. The differences are bounded exactly: with the group's own
//! carried-over spend given, each draw's lies between two fractional knapsacks.
//!
//! One draw that rises far beyond what was seen may lift its group, which sees it with few others. A draw that is concave, or nearly, is nowhere above the
//! tangents of its concave hull, however it carries over: for a cell of a group's grid the tangents of all such draws add up to one line in the
//! spend of the periods before, whose most is one fractional knapsack. So a part of each is taken out of its group and told so in the groups that rise. How
//! large a part, and how it is divided, is looked for; the excess is convex in it.

use crate::channel::Channel;

/// Draws of a group, about. Few carry over more alike, the mean of many is nearer to concave; which is better depends on the weights, so several are
/// tried.
const GROUPS: [usize; 3] = [48, 96, 24];
/// Cells of the grid below and above the tangent's point, where the bound is to be close and where not: the k-th edge is its multiple by
/// exp(± 0.004 (k + k²)), or with every fourth k.
const CELLS: usize = 64;
const EACH: [usize; 2] = [4, 1];
/// Share of what the channel brings by which the hulls of draws that are taken as concave may be above their curves at the tangent's point, in all; and
/// an excess that nothing is worth being bettered for.
const HULLS: f64 = 2e-4;
/// An excess below this share of what the channel brings is as good as none.
const LITTLE: f64 = 1e-3;
/// Parts of all concave draws that are taken out of their groups, the most groups that have them, and steps in which they are divided.
const TAKEN: [f64; 6] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7];
const RISING: usize = 8;
const STEPS: usize = 15;
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
        let parted = self.parted(&all);
        if !self.channel.carried() {
            // All see the same number.
            return self.excess_in(&[all], &parted);
        }
        let mut best: Option<Over> = None;
        for &size in if self.close { &GROUPS[..] } else { &GROUPS[..1] } {
            let found = self.excess_in(&self.groups(&all, size), &parted);
            if best.is_none_or(|b| self.cost(found) < self.cost(b)) {
                best = Some(found);
            }
            if best.is_some_and(|b| self.cost(b) <= HULLS * parted.value) {
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

    /// Which draws are concave as far as it matters, and what the channel brings.
    fn parted(&self, all: &[usize]) -> Parted {
        let (mut value, mut slack) = (0.0, Vec::with_capacity(all.len()));
        for &i in all {
            let (curve, hull) = (self.channel.curve(self.draws[i]), self.channel.hull(self.draws[i]));
            let mut own = 0.0;
            for t in 0..self.end() {
                let touch = self.carry(i, t) + self.works(i, t);
                let here = curve.at(touch)[0];
                value += (self.weights[i] * (here - curve.at(self.carry(i, t))[0])).abs();
                own += self.weights[i] * (hull.at(touch)[0] - here);
            }
            slack.push((own, i));
        }
        slack.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut concave = vec![false; self.draws.len()];
        let mut used = 0.0;
        for (own, i) in slack {
            used += own;
            concave[i] = used <= HULLS * value;
        }
        Parted { concave, value }
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

    /// The most that is above the tangent, of groups.
    fn excess_in(&self, groups: &[Vec<usize>], parted: &Parted) -> Over {
        let (end, ratios) = (self.end(), ratios(EACH[usize::from(self.close)]));
        let cells = ratios.len() - 1;
        let size = end * cells;
        let mut bench = Bench::default();
        let means: Vec<Vec<f64>> = groups.iter().map(|group| self.mean(group)).collect();
        // By group, period and cell: what its bent draws have, and its concave ones.
        let mut own = [(); 2].map(|()| vec![0.0; groups.len() * size]);
        for (g, (group, mean)) in groups.iter().zip(&means).enumerate() {
            // Lags of each draw by rising share of the group's own weight.
            let orders: Vec<Vec<usize>> = group
                .iter()
                .map(|&i| {
                    let own = self.channel.weights(self.draws[i]);
                    by_ratio((0..mean.len()).filter(|&l| mean[l] > 0.0), |l| own[l] / mean[l])
                })
                .collect();
            for t in 0..end {
                let most = self.edges(t, mean, &ratios, &mut bench.edges);
                let first = g * size + t * cells;
                for (&i, order) in group.iter().zip(&orders).filter(|_| most > 0.0) {
                    let concave = parted.concave[i];
                    let to = &mut own[usize::from(concave)][first..first + cells];
                    self.draw(t, i, (mean, order), &mut bench, to);
                }
                // What no spend reaches.
                for (j, edges) in bench.edges.windows(2).enumerate().skip(1) {
                    if edges[0] >= most {
                        own[0][first + j] = f64::NEG_INFINITY;
                    }
                }
            }
        }
        let paths: Vec<Paths> = means.iter().map(|mean| self.paths(mean, &ratios)).collect();
        let steeper = self.steeper(&paths, &means, &ratios, &own, parted.value);
        let tilt: f64 = steeper.iter().sum();
        for ((g, mean), by) in means.iter().enumerate().zip(&steeper).filter(|s| *s.1 != 0.0) {
            self.tilt(mean, *by, &ratios, &mut own[0][g * size..(g + 1) * size]);
        }
        // Excess by group where so much of the concave draws stays, and how it changes with what stays; with parts of all that others give.
        let excess = |g: usize, stays: f64, given: Option<(f64, &[f64])>| -> [f64; 3] {
            let first = g * size;
            paths[g].best(|k| {
                let (bent, concave) = (own[0][first + k], own[1][first + k]);
                let (part, rest) = given.map_or((0.0, 0.0), |(part, rest)| (part, rest[k]));
                [bent + stays * concave + part * rest, concave, rest]
            })
        };
        let each: Vec<f64> = (0..groups.len()).map(|g| excess(g, 1.0, None)[0]).collect();
        let whole: f64 = each.iter().sum();
        let told = |excess: f64| Over { excess: excess.max(0.0), tilt };
        let concave: Vec<usize> = groups.iter().flatten().copied().filter(|&i| parted.concave[i]).collect();
        if !self.channel.carried() || self.cost(told(whole)) <= LITTLE * parted.value || concave.is_empty() {
            return told(whole);
        }
        let mut rising: Vec<usize> = (0..groups.len()).filter(|&g| each[g] > 0.0).collect();
        rising.sort_by(|&a, &b| each[b].total_cmp(&each[a]).then(a.cmp(&b)));
        rising.truncate(RISING);
        let smooth = self.smooth(&concave, &ratios);
        let held = |&g: &usize| -> Vec<f64> {
            let mut bench = Bench::default();
            let mut out = vec![0.0; size];
            for (t, to) in out.chunks_exact_mut(cells).enumerate() {
                if self.edges(t, &means[g], &ratios, &mut bench.edges) > 0.0 {
                    self.held(t, &means[g], &smooth, &mut bench, to);
                }
            }
            out
        };
        let rest: Vec<Vec<f64>> = rising.iter().map(held).collect();
        let sum: f64 = rising.iter().map(|&g| each[g]).sum();
        let mut best = whole;
        for taken in TAKEN {
            let others: f64 =
                (0..groups.len()).filter(|g| !rising.contains(g)).map(|g| excess(g, 1.0 - taken, None)[0]).sum();
            let mut parts: Vec<f64> = rising.iter().map(|&g| taken * each[g] / sum).collect();
            for step in 1..=STEPS {
                let found = rising.iter().zip(&parts).zip(&rest);
                let found: Vec<[f64; 3]> =
                    found.map(|((&g, part), rest)| excess(g, 1.0 - taken, Some((*part, rest)))).collect();
                best = best.min(others + found.iter().map(|f| f[0]).sum::<f64>());
                // Parts are multiplied (Kivinen and Warmuth 1997).
                let steep = found.iter().fold(0.0_f64, |a, f| a.max(f[2].abs()));
                if steep <= 0.0 || rising.len() == 1 {
                    break;
                }
                let length = 2.0 / (steep * (step as f64).sqrt());
                parts.iter_mut().zip(&found).for_each(|(part, f)| *part *= (-length * f[2]).exp());
                let total: f64 = parts.iter().sum();
                parts.iter_mut().for_each(|part| *part *= taken / total);
            }
        }
        told(best)
    }

    /// By how much steeper a line should be than the tangent, by group, so that it allows least within the totals that a plan may have: where the sum over
    /// groups of what each allows at some total is largest, each by its own best line. Nothing where the tangent is good.
    fn steeper(
        &self,
        paths: &[Paths],
        means: &[Vec<f64>],
        ratios: &[f64],
        own: &[Vec<f64>; 2],
        value: f64,
    ) -> Vec<f64> {
        let (groups, size) = (paths.len(), self.end() * (ratios.len() - 1));
        let [less, more] = self.room();
        let all: Vec<f64> = own[0].iter().zip(&own[1]).map(|(a, b)| a + b).collect();
        // What is spent beyond the tangent's point, by group, period and cell, at least and at most.
        let mut beyond = [(); 2].map(|()| vec![0.0; groups * size]);
        for (g, mean) in means.iter().enumerate() {
            for (k, to) in beyond.iter_mut().enumerate() {
                self.beyond(mean, k, ratios, &mut to[g * size..(g + 1) * size]);
            }
        }
        // Excess over a line that is so much steeper, and the spend where that is.
        let excess = |g: usize, by: f64| -> [f64; 2] {
            let (all, beyond) = (&all[g * size..], &beyond[usize::from(by < 0.0)][g * size..]);
            let [most, spend, _] = paths[g].best(|k| [all[k] - by * beyond[k], beyond[k], 0.0]);
            [most, spend]
        };
        let mut lines: Vec<Vec<Line>> = (0..groups).map(|g| vec![Line::of(0.0, excess(g, 0.0))]).collect();
        if lines.iter().map(|l| l[0].excess).sum::<f64>() <= LITTLE * value {
            return vec![0.0; groups];
        }
        for (g, lines) in lines.iter_mut().enumerate() {
            let cells = (g * size..(g + 1) * size).filter(|&i| all[i].is_finite() && beyond[0][i] != 0.0);
            let most = cells.map(|i| (all[i] / beyond[0][i]).abs()).fold(0.0, f64::max);
            if most > 0.0 {
                lines.insert(0, Line::of(-most, excess(g, -most)));
                lines.push(Line::of(most, excess(g, most)));
            }
        }
        let (mut low, mut high) = (less, more);
        let mut found = (f64::INFINITY, Vec::new());
        for _ in 0..HALVINGS {
            let total = 0.5 * (low + high);
            let best: Vec<Line> =
                lines.iter_mut().enumerate().map(|(g, lines)| Line::best(lines, total, |by| excess(g, by))).collect();
            let tilt: f64 = best.iter().map(|l| l.by).sum();
            let here = best.iter().map(|l| l.excess).sum::<f64>() + (tilt * less).max(tilt * more);
            if here < found.0 {
                found = (here, best.iter().map(|l| l.by).collect());
            }
            if tilt > 0.0 { low = total } else { high = total }
        }
        found.1
    }

    /// Spend beyond that of the tangent's point that goes with the cells of a group, by period and cell: at their lower (0) or upper (1) edge. What is carried
    /// over in all periods adds up to what is spent.
    fn beyond(&self, mean: &[f64], edge: usize, ratios: &[f64], out: &mut [f64]) {
        let (cells, all) = (ratios.len() - 1, mean.iter().sum::<f64>());
        let mut edges = Vec::new();
        for (t, to) in out.chunks_exact_mut(cells).enumerate() {
            self.edges(t, mean, ratios, &mut edges);
            let here = self.at(t, mean);
            to.iter_mut().zip(&edges[edge..]).for_each(|(to, a)| *to = (a - here) / all);
        }
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

    /// Takes what a line is steeper from the excess of a group's cells.
    fn tilt(&self, mean: &[f64], by: f64, ratios: &[f64], cells: &mut [f64]) {
        let mut beyond = vec![0.0; cells.len()];
        self.beyond(mean, usize::from(by < 0.0), ratios, &mut beyond);
        cells.iter_mut().zip(beyond).for_each(|(to, x)| *to -= by * x);
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

    /// Tangents of hulls, by period and cell, added up over draws.
    fn smooth(&self, draws: &[usize], ratios: &[f64]) -> Smooth {
        let (cells, lags, mean) = (ratios.len() - 1, self.channel.lags(), self.mean(draws));
        let mut out = Smooth { fixed: vec![0.0; self.end() * cells], by: vec![0.0; self.end() * cells * lags] };
        for t in 0..self.end() {
            let [at, most] = self.around(t, &mean);
            if most <= 0.0 {
                continue;
            }
            let level: Vec<f64> =
                ratios.windows(2).map(|r| 0.5 * ((r[0] * at).min(most) + (r[1] * at).min(most)) / at).collect();
            let nothing = self.inside(t).all(|l| self.spend[t - l] <= 0.0);
            for &i in draws {
                let (d, q) = (self.draws[i], self.weights[i]);
                let (own, curve, hull) = (self.channel.weights(d), self.channel.curve(d), self.channel.hull(d));
                let (carry, works) = (self.carry(i, t), self.works(i, t));
                let [value, slope] = curve.at(carry + works);
                let usual = if nothing {
                    self.inside(t).map(|l| own[l] * self.factors[t - l]).sum::<f64>() * at
                } else {
                    works
                };
                for (j, level) in level.iter().enumerate() {
                    let a = level * usual;
                    let [height, rise] = hull.at(carry + a);
                    let cell = t * cells + j;
                    out.fixed[cell] += q * (height - value + slope * works - rise * a);
                    let by = &mut out.by[cell * lags..(cell + 1) * lags];
                    by.iter_mut().zip(own).for_each(|(by, w)| *by += q * (rise - slope) * w);
                }
            }
        }
        out
    }

    /// The most of the sum of tangents of hulls in one period, by cell of the carried-over spend of a kernel.
    fn held(&self, t: usize, kernel: &[f64], smooth: &Smooth, bench: &mut Bench, sums: &mut [f64]) {
        let (cells, lags) = (sums.len(), kernel.len());
        for (j, sum) in sums.iter_mut().enumerate() {
            let cell = t * cells + j;
            let by = &smooth.by[cell * lags..(cell + 1) * lags];
            let worth = |l: usize| by[l] * self.range[t - l][usize::from(by[l] > 0.0)];
            // What is worth anything and takes no room, then the rest by what it is worth in its room.
            let works = || self.inside(t).filter(|&l| self.factors[t - l] > 0.0);
            let room = |l: usize| self.factors[t - l] * self.most[t - l];
            let free: f64 = works().filter(|&l| kernel[l] <= 0.0).map(|l| (worth(l) * room(l)).max(0.0)).sum();
            let order = by_ratio(works().filter(|&l| kernel[l] > 0.0), |l| -worth(l) / kernel[l]);
            let edges = [bench.edges[j], bench.edges[j + 1]];
            bench.parts.clear();
            bench.parts.extend(order.into_iter().map(|l| [kernel[l] * room(l), worth(l) * room(l)]));
            fill(bench.parts.iter(), &edges, &mut bench.low);
            // Concave in the room that is taken: most at an end, or where what is added is worth nothing.
            let top = {
                let (mut used, mut got, mut top) = (0.0, 0.0, f64::NEG_INFINITY);
                for [size, gain] in &bench.parts {
                    if *gain <= 0.0 {
                        break;
                    }
                    (used, got) = (used + size, got + gain);
                    if (edges[0]..=edges[1]).contains(&used) {
                        top = got;
                    }
                }
                top
            };
            *sum = smooth.fixed[cell] + free + bench.low[0].max(bench.low[1]).max(top);
        }
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

impl Line {
    fn of(by: f64, [excess, spend]: [f64; 2]) -> Line {
        Line { by, excess, spend }
    }

    /// The line that allows least at a total of spend. Lines that were looked at stand by rising steepness; a new one is tried where those on both sides of the
    /// best say that it may be (Kelley 1960).
    fn best(lines: &mut Vec<Line>, total: f64, excess: impl Fn(f64) -> [f64; 2]) -> Line {
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
            lines.insert(after, Line::of(by, excess(by)));
        }
        let at = |l: &Line| l.excess + l.by * total;
        lines.iter().copied().min_by(|a, b| at(a).total_cmp(&at(b))).unwrap_or(Line { by: 0.0, excess: 0.0, spend: 0.0 })
    }
}

/// Paths of carried-over spend through cells.
struct Paths {
    cells: usize,
    /// First cell of the period before that a cell may follow, and the one after the last; both rise with the cell. `[periods x cells]`
    follows: Vec<[usize; 2]>,
}

impl Paths {
    /// The most that the first of three numbers of each period and cell adds up to over a path, and the sums of the others on it.
    fn best(&self, at: impl Fn(usize) -> [f64; 3]) -> [f64; 3] {
        const NEVER: [f64; 3] = [f64::NEG_INFINITY, 0.0, 0.0];
        let mut now = vec![[0.0; 3]; self.cells];
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
                now[j] = std::array::from_fn(|k| from[k] + own[k]);
            }
        }
        now.into_iter().max_by(|a, b| a[0].total_cmp(&b[0])).unwrap_or(NEVER)
    }
}

/// Draws that are nowhere above the tangents of their hulls, added up: of cell j in period t, the excess is at most
/// `fixed` + sum over lags of `by` x what was spent then.
struct Smooth {
    /// `[periods x cells]`
    fixed: Vec<f64>,
    /// `[periods x cells x lags]`
    by: Vec<f64>,
}

/// Draws by how they bend.
struct Parted {
    /// Which are concave as far as it matters.
    concave: Vec<bool>,
    /// What the channel brings.
    value: f64,
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
    fn concave_draws_hold_down_one_that_rises_and_no_more_than_they_do() {
        // Without carry-over all draws see one number, so that the most that is above the tangent can be looked up. 95 draws flatten, one rises far out.
        let concave = (0..95).map(|i| (vec![1.0], vec![0.0; 3], 1.0 + 0.02 * i as f64, 0.9));
        let draws: Vec<_> = concave.chain([(vec![1.0], vec![0.0; 3], 6.0, 8.0)]).collect();
        let channel = Channel::made(10.0, 0, draws);
        let all: Vec<usize> = (0..96).collect();
        let (spend, most, factors, range) = ([1.0; 3], [10.0; 3], [1.0; 3], [[1.0, 1.0]; 3]);
        for (heavy, slack) in [(0.5, 1e-3), (40.0, 1e-3), (60.0, 1e-3), (150.0, 80.0), (250.0, 80.0)] {
            let weights: Vec<f64> = (0..96).map(|i| if i == 95 { heavy } else { 1.0 }).collect();
            let (draws, spend, most, total) = (&all[..], &spend[..], &most[..], [0.0, 30.0]);
            let (factors, range) = (&factors[..], &range[..]);
            let tangent =
                Tangent { channel: &channel, draws, weights: &weights, spend, most, total, factors, range, close: true };
            let above = |x: f64| -> f64 {
                let one = |&d: &usize| {
                    let ([value, slope], there) = (channel.curve(d).at(1.0), channel.curve(d).at(x)[0]);
                    weights[d] * (there - value - slope * (x - 1.0))
                };
                all.iter().map(one).sum()
            };
            // The tangents of the concave ones are above them in each cell, and by no more than they change within it.
            let flat = |x: f64| {
                above(x) - {
                    let ([value, slope], there) = (channel.curve(95).at(1.0), channel.curve(95).at(x)[0]);
                    heavy * (there - value - slope * (x - 1.0))
                }
            };
            let (ratios, mut bench) = (ratios(1), Bench::default());
            let smooth = tangent.smooth(&all[..95], &ratios);
            tangent.edges(0, &[1.0], &ratios, &mut bench.edges);
            let mut held = vec![0.0; ratios.len() - 1];
            tangent.held(0, &[1.0], &smooth, &mut bench, &mut held);
            for (held, edges) in held.iter().zip(bench.edges.windows(2)).filter(|(_, e)| e[1] > e[0]) {
                let middle = flat(0.5 * (edges[0] + edges[1]));
                let (change, off) = ((flat(edges[0]) - flat(edges[1])).abs(), held - middle);
                assert!(off >= -1e-6 && off <= change + 1e-6, "{edges:?}: {middle} is true, {held} allowed");
            }
            let truth = 3.0 * (0..=1000).map(|k| above(0.01 * f64::from(k))).fold(0.0, f64::max);
            let none = Parted { concave: vec![false; 96], value: 1.0 };
            let (over, alone) = (tangent.excess(), tangent.excess_in(&tangent.groups(&all, 24), &none));
            let (bound, alone) = (tangent.cost(over), tangent.cost(alone));
            assert!(truth <= bound + 1e-6 && bound < truth + slack, "{heavy}: {truth} is true, {bound} allowed");
            assert!(heavy < 1.0 || alone > truth + 5.0, "{heavy}: {truth} is true, {bound} allowed, by groups alone {alone}");
        }
    }

    #[test]
    fn no_path_of_spend_is_farther_above_the_tangent() {
        // Curves from flat to steep first, with carry-over of all lengths, and what came before.
        let mut rng = chain_rng(1, 2);
        let (mut positive, mut tilted) = (0, 0);
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
                // At times a single pulse, and no more in all than may be.
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
