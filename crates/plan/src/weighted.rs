//! The objective with the weight of each draw and world given: one sweep over the draws for the value and the gradient.
//!
//! Whatever the attitude to risk, the gradient of the objective is that of a weighted mean of profits; a neutral plan's weights are known before
//! anything is computed, a careful one's follow from the profits.

use crate::above::Tangent;
use crate::channel::Room;
use crate::ground::BLOCKS;
use crate::problem::{Follow, Problem, is_little, part};
use crate::roster::{Exposure, Room as PostsRoom, gather, most_views, spread, views, views_back};
use counterpoint_infer::parallel::in_parallel;

/// Worlds that share a path, and what is multiplied in each: a plain one, whose worlds change little or nothing, or that of one world.
struct Path<'a> {
    /// What exposure is multiplied by on the path itself.
    own: Option<&'a [f64]>,
    /// Worlds that differ from the plain path alike, and by what.
    worlds: Vec<(Vec<usize>, Option<&'a [f64]>)>,
}

/// Paths of worlds whose factors are these.
fn paths<'a>(factors: impl Iterator<Item = Option<&'a [f64]>>) -> Vec<Path<'a>> {
    let mut out = vec![Path { own: None, worlds: Vec::new() }];
    for (w, own) in factors.enumerate() {
        match own {
            Some(f) if !is_little(f.iter().copied()) => out.push(Path { own, worlds: vec![(vec![w], None)] }),
            _ => match out[0].worlds.iter_mut().find(|alike| alike.1 == own) {
                Some((worlds, _)) => worlds.push(w),
                None => out[0].worlds.push((vec![w], own)),
            },
        }
    }
    out
}

impl Path<'_> {
    /// Weight of the path in all, and by period that of its slope; none where it has no weight.
    fn weigh(&self, weights: &[f64], by: &mut [f64]) -> Option<f64> {
        let (mut all, mut plain) = (0.0, 0.0);
        by.fill(0.0);
        for (worlds, factors) in &self.worlds {
            let weight: f64 = worlds.iter().map(|&w| weights[w]).sum();
            if weight == 0.0 {
                continue;
            }
            all += weight;
            match factors {
                None => plain += weight,
                Some(f) => by.iter_mut().zip(*f).for_each(|(to, f)| *to += weight * f),
            }
        }
        by.iter_mut().for_each(|x| *x += plain);
        (all > 0.0).then_some(all)
    }
}

/// Sums of one block of draws.
struct Sums {
    value: f64,
    /// `[channels x planned]`
    channels: Vec<f64>,
    /// `[offers][periods]`
    views: Vec<Vec<f64>>,
    cost: Vec<f64>,
}

/// What a channel may have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChannelLimits {
    /// The most by planned period.
    pub(crate) most: Vec<f64>,
    /// Least and most in all.
    pub(crate) total: [f64; 2],
}

impl ChannelLimits {
    /// Whether all that these allow is allowed by others.
    pub(crate) fn inside(&self, other: &ChannelLimits) -> bool {
        self.total[0] >= other.total[0]
            && self.total[1] <= other.total[1]
            && self.most.iter().zip(&other.most).all(|(a, b)| a <= b)
    }
}

/// A line that the weighted profits of a channel are not above, within limits.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// By how much they may be above it.
    pub(crate) excess: f64,
    /// By how much it is steeper than the tangent, by block.
    pub(crate) tilt: Vec<f64>,
    /// Where this holds.
    pub(crate) limits: ChannelLimits,
}

impl Problem<'_> {
    /// The weighted sum of profits of the channels and, where `posts`, of the posts at their cheapest rates; and its gradient. Weights are
    /// `[draws x worlds]`. With `concave` a concave function that is nowhere below it.
    pub(crate) fn weighted(&self, x: &[f64], weights: &[f64], concave: bool, posts: bool) -> (f64, Vec<f64>) {
        let (ground, n, worlds) = (self.ground, self.ground.horizon.len(), self.worlds.len());
        let channels = self.layout.channels.len();
        let mut spend = vec![0.0; channels * n];
        spend.chunks_exact_mut(n).enumerate().for_each(|(m, own)| self.layout.spend(m, x, own));
        let exposed: Vec<Vec<Option<Vec<f64>>>> = (0..channels)
            .map(|m| self.worlds.iter().map(|w| w.factors(m).map(|f| f.0.iter().map(|f| f[0]).collect())).collect())
            .collect();
        let of_channel: Vec<Vec<Path<'_>>> =
            exposed.iter().map(|own| paths(own.iter().map(|f| f.as_deref()))).collect();
        let of_platform: Vec<Vec<Path<'_>>> =
            (0..ground.platforms.len()).map(|p| paths(self.worlds.iter().map(|w| w.reach(p)))).collect();
        let offered = |p: usize| posts && !self.by_platform[p].is_empty();
        let seen: Vec<Vec<Vec<f64>>> =
            (0..ground.platforms.len()).map(|p| if offered(p) { self.views(p, x) } else { Vec::new() }).collect();
        let owes: Vec<bool> =
            self.by_platform.iter().map(|own| !concave && own.iter().any(|&o| ground.offers[o].owes_sales())).collect();
        let starts: Vec<usize> = (0..=BLOCKS).map(|b| b * self.draws().len() / BLOCKS).collect();
        let blocks = in_parallel(BLOCKS, self.threads, |block| {
            let mut sums = Sums {
                value: 0.0,
                channels: vec![0.0; channels * n],
                views: ground.offers.iter().map(|_| vec![0.0; if posts { ground.periods } else { 0 }]).collect(),
                cost: vec![0.0; ground.offers.len()],
            };
            let mut room = Room::default();
            let (mut by, mut slopes, mut path) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
            let mut bench = PlatformBench::default();
            for (i, &d) in part(self.draws(), block).iter().enumerate() {
                let own = &weights[(starts[block] + i) * worlds..(starts[block] + i + 1) * worlds];
                if own.iter().all(|w| *w == 0.0) {
                    continue;
                }
                for m in 0..channels {
                    let spend = &spend[m * n..(m + 1) * n];
                    for follow in &of_channel[m] {
                        let Some(all) = follow.weigh(own, &mut by) else { continue };
                        let channel = &ground.channels[m];
                        let to = &mut sums.channels[m * n..(m + 1) * n];
                        match follow.own {
                            None => {
                                let value = channel.profit_in(d, spend, concave, Some(&mut slopes), &mut room);
                                sums.value += all * value;
                                for t in 0..n {
                                    sums.value += slopes[t] * spend[t] * (by[t] - all);
                                    to[t] += slopes[t] * by[t];
                                }
                            }
                            Some(f) => {
                                path.iter_mut().zip(spend.iter().zip(f)).for_each(|(to, (s, f))| *to = s * f);
                                sums.value += all * channel.profit_in(d, &path, concave, Some(&mut slopes), &mut room);
                                for t in 0..n {
                                    to[t] += all * slopes[t] * f[t];
                                }
                            }
                        }
                    }
                }
                if posts {
                    let all: f64 = own.iter().sum();
                    sums.cost.iter_mut().zip(&ground.offers).for_each(|(to, o)| *to -= all * o.rate[d]);
                }
            }
            let own = part(self.draws(), block);
            let weighted: Vec<usize> = (0..own.len())
                .filter(|i| {
                    weights[(starts[block] + i) * worlds..(starts[block] + i + 1) * worlds].iter().any(|w| *w != 0.0)
                })
                .collect();
            for some in weighted.chunks(TOGETHER) {
                let draws: Vec<usize> = some.iter().map(|&i| own[i]).collect();
                let weights: Vec<f64> = some
                    .iter()
                    .flat_map(|&i| &weights[(starts[block] + i) * worlds..(starts[block] + i + 1) * worlds])
                    .copied()
                    .collect();
                for p in (0..ground.platforms.len()).filter(|&p| offered(p)) {
                    let paths = &of_platform[p];
                    self.platform_sums(p, &draws, &seen[p], &weights, paths, owes[p], &mut bench, &mut sums);
                }
            }
            sums
        });
        let mut out = vec![0.0; if posts { self.layout.count } else { channels * self.layout.blocks.len() }];
        let mut value = 0.0;
        let mut by = vec![0.0; channels * n];
        let charged: Vec<f64> = (0..worlds).map(|w| weights.iter().skip(w).step_by(worlds).sum()).collect();
        for m in 0..channels {
            for (world, all) in self.worlds.iter().zip(&charged) {
                value -= all * world.charged(m, &spend[m * n..(m + 1) * n]);
                let to = &mut by[m * n..(m + 1) * n];
                match world.factors(m) {
                    None => to.iter_mut().for_each(|x| *x -= all),
                    Some((f, _)) => to.iter_mut().zip(f).for_each(|(x, f)| *x -= all * f[1]),
                }
            }
        }
        for sums in &blocks {
            value += sums.value;
            by.iter_mut().zip(&sums.channels).for_each(|(to, x)| *to += x);
            if !posts {
                continue;
            }
            for (o, offer) in ground.offers.iter().enumerate() {
                let range = self.layout.offers[o]..self.layout.offers[o] + offer.slots.len();
                let number: f64 = x[range.clone()].iter().sum();
                value += number * sums.cost[o];
                views_back(offer, &sums.views[o], &mut out[range.clone()]);
                out[range].iter_mut().for_each(|x| *x += sums.cost[o]);
            }
        }
        for m in 0..channels {
            for (b, range) in self.layout.blocks.iter().enumerate() {
                let own = &by[m * n..(m + 1) * n][range.clone()];
                out[self.layout.channels[m] + b] += own.iter().sum::<f64>() / range.len() as f64;
            }
        }
        (value, out)
    }

    /// By how much channel m's weighted profits can be above a line at x, within its limits. Weights are `[draws x worlds]`; worlds that change little are
    /// taken to be anywhere between the least and the most that one of them does.
    fn channel_excess(&self, m: usize, x: &[f64], weights: &[f64], limits: &ChannelLimits) -> Held {
        let (n, worlds) = (self.ground.horizon.len(), self.worlds.len());
        let mut spend = vec![0.0; n];
        self.layout.spend(m, x, &mut spend);
        let plain = vec![1.0; n];
        let mut of_calm = vec![0.0; self.draws().len()];
        // Those that hardly differ from the plain path, and those that do a little more: a wide range is not to be paid for with all the weight.
        let mut little = [(); 2].map(|()| (vec![[1.0_f64, 1.0]; n], vec![0.0; self.draws().len()]));
        let sum = |to: &mut [f64], w: usize| {
            to.iter_mut().zip(weights.chunks_exact(worlds)).for_each(|(to, own)| *to += own[w]);
        };
        let all: f64 = weights.iter().sum();
        let mut held = Held { excess: 0.0, tilt: vec![0.0; self.layout.blocks.len()], limits: limits.clone() };
        let mut add = |factors: &[f64], range: &[[f64; 2]], weights: &[f64]| {
            let channel = &self.ground.channels[m];
            let close = weights.iter().sum::<f64>() >= CLOSE * all;
            let (most, total) = (&limits.most, limits.total);
            let over =
                Tangent { channel, draws: self.draws(), weights, spend: &spend, most, total, factors, range, close }
                    .excess();
            held.excess += over.excess;
            for (to, block) in held.tilt.iter_mut().zip(&self.layout.blocks) {
                *to += over.tilt * factors[block.clone()].iter().sum::<f64>() / block.len() as f64;
            }
        };
        let still = vec![[1.0, 1.0]; n];
        for (w, world) in self.worlds.iter().enumerate() {
            match world.factors(m) {
                None => sum(&mut of_calm, w),
                Some((factors, true)) => {
                    let most = factors.iter().map(|f| (f[0] - 1.0).abs()).fold(0.0, f64::max);
                    let (range, own) = &mut little[usize::from(most > HARDLY)];
                    sum(own, w);
                    for (to, f) in range.iter_mut().zip(factors) {
                        *to = [to[0].min(f[0]), to[1].max(f[0])];
                    }
                }
                Some((factors, false)) => {
                    let mut own = vec![0.0; self.draws().len()];
                    sum(&mut own, w);
                    let factors: Vec<f64> = factors.iter().map(|f| f[0]).collect();
                    add(&factors, &still, &own);
                }
            }
        }
        add(&plain, &still, &of_calm);
        for (range, own) in little.iter().filter(|(_, own)| own.iter().any(|w| *w > 0.0)) {
            add(&plain, range, own);
        }
        held
    }

    /// By how much the weighted profits of some channels can be above lines at x, each within its limits.
    pub(crate) fn excess_of_channels(
        &self,
        x: &[f64],
        weights: &[f64],
        limits: &[ChannelLimits],
        which: &[usize],
    ) -> Vec<Held> {
        in_parallel(which.len(), self.threads, |k| self.channel_excess(which[k], x, weights, &limits[which[k]]))
    }

    /// The same of all platforms' posts.
    pub(crate) fn excess_of_posts(&self, x: &[f64], weights: &[f64]) -> f64 {
        (0..self.ground.platforms.len()).map(|p| self.platform_excess(p, x, weights)).sum()
    }

    /// The same of the posts of platform p.
    fn platform_excess(&self, p: usize, x: &[f64], weights: &[f64]) -> f64 {
        let (ground, worlds) = (self.ground, self.worlds.len());
        let own = &self.by_platform[p];
        if !own.iter().any(|&o| ground.offers[o].owes_sales()) {
            return 0.0;
        }
        let seen = self.views(p, x);
        let most: Vec<Vec<f64>> = ground.offers.iter().map(|o| most_views(o, ground.periods)).collect();
        let paths = paths(self.worlds.iter().map(|w| w.reach(p)));
        let highest = self.worlds.iter().filter_map(|w| w.reach(p)).flatten().copied().fold(1.0, f64::max);
        let starts: Vec<usize> = (0..=BLOCKS).map(|b| b * self.draws().len() / BLOCKS).collect();
        let blocks = in_parallel(BLOCKS, self.threads, |block| {
            let (mut exposure, mut limit) = (Exposure::default(), Exposure::default());
            let mut by = vec![0.0; ground.periods];
            let mut total = 0.0;
            for (i, &d) in part(self.draws(), block).iter().enumerate() {
                let weights = &weights[(starts[block] + i) * worlds..(starts[block] + i + 1) * worlds];
                ground.platforms[p].exposure(d, &ground.offers, own, &seen, false, &mut exposure);
                ground.platforms[p].exposure(d, &ground.offers, own, &most, true, &mut limit);
                limit.all.iter_mut().for_each(|x| *x *= highest);
                let owed = own.iter().map(|&o| ground.offers[o].owed[d]);
                let owed = owed.fold([f64::INFINITY, 0.0_f64], |a, x| [a[0].min(x), a[1].max(x)]);
                for path in &paths {
                    if let Some(weight) = path.weigh(weights, &mut by) {
                        total += weight * ground.platforms[p].excess(d, &exposure, path.own, &limit.all, owed);
                    }
                }
            }
            total
        });
        blocks.into_iter().sum()
    }

    /// Views by period that posts of a platform have more at `to` than at `from`, by offer.
    pub(crate) fn more(&self, p: usize, from: &[f64], to: &[f64]) -> Vec<(usize, Vec<f64>)> {
        let one = |&o: &usize| {
            let (a, b) = (self.layout.posts(self.ground, o, from), self.layout.posts(self.ground, o, to));
            let more: Vec<f64> = b.iter().zip(a).map(|(b, a)| b - a).collect();
            let any = more.iter().any(|x| *x != 0.0);
            any.then(|| (o, views(&self.ground.offers[o], &more, self.ground.periods)))
        };
        self.by_platform[p].iter().filter_map(one).collect()
    }

    /// Exposure on draw d with more views of some offers.
    pub(crate) fn add_more(&self, p: usize, d: usize, old: &Exposure, more: &[(usize, Vec<f64>)], own: &mut Exposure) {
        let (ground, n) = (self.ground, self.ground.periods);
        let (rows, offers) = (ground.platforms[p].rows, ground.offers.len());
        let owes = self.by_platform[p].iter().any(|&o| ground.offers[o].owes_sales());
        let pairs = [(&mut own.all, &old.all, true), (&mut own.owed, &old.owed, owes)];
        for ((to, from, counts), strength) in pairs.into_iter().zip(&ground.strength) {
            to.clone_from(from);
            to.resize(if counts { rows * n } else { 0 }, 0.0);
            for ((o, more), row) in
                more.iter().filter(|_| counts).flat_map(|more| (0..rows).map(move |row| (more, row)))
            {
                let scale = ground.offers[*o].share[row] * strength[d * offers + o];
                spread(&[scale], more, &mut to[row * n..(row + 1) * n]);
            }
        }
    }

    /// Exposures on every draw of a platform's posts with more views of some offers, and their profits, `[draws x worlds]`, fees not taken off.
    pub(crate) fn posted(&self, p: usize, old: &[Exposure], more: &[(usize, Vec<f64>)]) -> (Vec<Exposure>, Vec<f64>) {
        let threads = if self.draws().len() > FEW { self.threads } else { 1 };
        let blocks = in_parallel(BLOCKS, threads, |block| {
            let (mut exposures, mut profits, mut bench) = (Vec::new(), Vec::new(), Follow::default());
            let first = block * self.draws().len() / BLOCKS;
            for (i, &d) in part(self.draws(), block).iter().enumerate() {
                let mut own = Exposure::default();
                self.add_more(p, d, &old[first + i], more, &mut own);
                self.in_worlds(p, d, &own, &mut bench, &mut profits);
                exposures.push(own);
            }
            (exposures, profits)
        });
        let (exposures, profits): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
        (exposures.into_iter().flatten().collect(), profits.concat())
    }

    /// Exposure on some draws of posts with these views: `[draws x periods]` by row, of all, and weighted by what is owed where `owes`.
    pub(crate) fn exposures(&self, p: usize, draws: &[usize], seen: &[Vec<f64>], owes: bool, out: &mut [Vec<f64>; 2]) {
        let (ground, n) = (self.ground, self.ground.periods);
        let (rows, offers) = (ground.platforms[p].rows, ground.offers.len());
        let mut scales = vec![0.0; draws.len()];
        out[1].clear();
        for (to, strength) in out.iter_mut().zip(&ground.strength).take(1 + usize::from(owes)) {
            to.clear();
            to.resize(rows * draws.len() * n, 0.0);
            for &o in self.by_platform[p].iter().filter(|&&o| !seen[o].is_empty()) {
                for row in 0..rows {
                    let share = ground.offers[o].share[row];
                    scales.iter_mut().zip(draws).for_each(|(to, d)| *to = share * strength[d * offers + o]);
                    spread(&scales, &seen[o], &mut to[row * draws.len() * n..(row + 1) * draws.len() * n]);
                }
            }
        }
    }

    /// Adds what the posts of platform p bring on a few draws, whose weights follow each other.
    #[allow(clippy::too_many_arguments)]
    fn platform_sums(
        &self,
        p: usize,
        draws: &[usize],
        seen: &[Vec<f64>],
        weights: &[f64],
        paths: &[Path<'_>],
        owes: bool,
        bench: &mut PlatformBench,
        sums: &mut Sums,
    ) {
        let (ground, n, count) = (self.ground, self.ground.periods, draws.len());
        let (platform, worlds) = (&ground.platforms[p], self.worlds.len());
        let rows = platform.rows;
        let PlatformBench { exposures, exposure, slopes, back, by, scales, room } = bench;
        self.exposures(p, draws, seen, owes, exposures);
        back.iter_mut().zip(&*exposures).for_each(|(to, x)| {
            to.clear();
            to.resize(x.len(), 0.0);
        });
        by.resize(n, 0.0);
        for (i, &d) in draws.iter().enumerate() {
            let of_draw = |row: usize| (row * count + i) * n..(row * count + i + 1) * n;
            exposure.take(exposures, i, count, rows, n);
            for follow in paths {
                let Some(weight) = follow.weigh(&weights[i * worlds..(i + 1) * worlds], by) else { continue };
                sums.value += weight * platform.profit(d, exposure, follow.own, Some(slopes), room);
                let both = [(&exposure.all, &slopes.all), (&exposure.owed, &slopes.owed)];
                for (to, (x, s)) in back.iter_mut().zip(both).filter(|b| !b.0.is_empty()) {
                    for row in 0..rows {
                        let (to, own) = (&mut to[of_draw(row)], row * n..(row + 1) * n);
                        let (x, s) = (&x[own.clone()], &s[own]);
                        for t in 0..n {
                            to[t] += s[t] * by[t];
                            sums.value += s[t] * x[t] * (by[t] - weight);
                        }
                    }
                }
            }
        }
        scales.resize(count, 0.0);
        for (from, strength) in back.iter().zip(&ground.strength).filter(|b| !b.0.is_empty()) {
            for &o in &self.by_platform[p] {
                for row in 0..rows {
                    let share = ground.offers[o].share[row];
                    let strength = draws.iter().map(|d| strength[d * ground.offers.len() + o]);
                    scales.iter_mut().zip(strength).for_each(|(to, s)| *to = share * s);
                    gather(scales, &from[row * count * n..(row + 1) * count * n], &mut sums.views[o]);
                }
            }
        }
    }
}

/// Worlds that change no period by more than this hardly differ.
const HARDLY: f64 = 0.02;
/// Worlds of so much weight are worth a close bound.
const CLOSE: f64 = 0.2;
/// So few draws are not worth a second thread.
const FEW: usize = 250;
/// Draws whose exposures are computed together.
pub(crate) const TOGETHER: usize = 8;

/// Working memory.
#[derive(Default)]
struct PlatformBench {
    exposures: [Vec<f64>; 2],
    exposure: Exposure,
    slopes: Exposure,
    back: [Vec<f64>; 2],
    by: Vec<f64>,
    scales: Vec<f64>,
    room: PostsRoom,
}
