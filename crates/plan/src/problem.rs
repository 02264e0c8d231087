//! The plan as a problem: its variables, its limits, and its objective on draws x scenarios with the exact gradient.
//!
//! Variables are the money of each channel in each block of time, then the posts of each offer in each period that it allows. The objective is
//! (1 - risk) x mean profit + risk x mean profit of the worst tenth: the mean less `risk` times the CVaR of the shortfall below it (Rockafellar
//! and Uryasev 2000). Costs of offers are taken at their cheapest rate a post here; the search over whole numbers takes them as they are.

use crate::channel::Room;
use crate::ground::{BLOCKS, Ground};
use crate::limits::{Limits, Row};
use crate::roster::{Exposure, Room as PostsRoom, views};
use crate::weighted::TOGETHER;
use crate::world::{World, alike};
use counterpoint_infer::parallel::in_parallel;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Share of the worst outcomes whose mean is the conditional value at risk.
pub const TAIL: f64 = 0.1;

/// Draws are near the worst tenth that are among so many of the worst, but for those with the last of its weight.
const NEAR: f64 = 0.25;
const NEARLY: f64 = 0.99;
/// Draws that stand for the others.
const OTHERS: usize = 100;

/// Width of the soft edge of the worst tenth, in standard deviations of profit.
const SOFT: f64 = 0.1;

/// Where the variables are.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Blocks of time, as ranges of planned periods.
    pub blocks: Vec<Range<usize>>,
    /// First variable of each paid channel.
    pub channels: Vec<usize>,
    /// First variable of each offer.
    pub offers: Vec<usize>,
    /// Number of variables.
    pub count: usize,
}

impl Layout {
    /// The layout of a ground with blocks of time of so many days (none: one block).
    pub fn new(ground: &Ground, days: Option<i32>) -> Layout {
        let planned = ground.horizon.len();
        let length = days.map_or(planned, |d| (d / ground.horizon.days).max(1) as usize);
        // What is left over is a block of its own, or where that is short, the end of the one before.
        let count = ((planned as f64 / length as f64).round() as usize).max(1);
        let end = |b: usize| if b + 1 == count { planned } else { (b + 1) * length };
        let blocks: Vec<Range<usize>> = (0..count).map(|b| b * length..end(b)).collect();
        let paid = ground.paid();
        let channels = (0..paid).map(|m| m * blocks.len()).collect();
        let mut count = paid * blocks.len();
        let offers = ground
            .offers
            .iter()
            .map(|o| {
                let first = count;
                count += o.slots.len();
                first
            })
            .collect();
        Layout { blocks, channels, offers, count }
    }

    /// Spend of channel m by planned period.
    pub fn spend(&self, m: usize, x: &[f64], out: &mut [f64]) {
        for (b, block) in self.blocks.iter().enumerate() {
            let each = x[self.channels[m] + b] / block.len() as f64;
            out[block.clone()].fill(each);
        }
    }

    /// Posts of offer o by slot.
    pub fn posts<'a>(&self, ground: &Ground, o: usize, x: &'a [f64]) -> &'a [f64] {
        &x[self.offers[o]..self.offers[o] + ground.offers[o].slots.len()]
    }
}

/// An objective over a ground and worlds.
pub struct Problem<'a> {
    /// The ground.
    pub ground: &'a Ground,
    /// What may happen.
    pub worlds: &'a [World],
    /// Weight of the worst tenth, in \[0, 1\].
    pub risk: f64,
    /// Where the variables are.
    pub layout: Layout,
    /// Threads.
    pub threads: usize,
    /// The draws that count.
    draws: Vec<usize>,
    /// Probability of each.
    shares: Vec<f64>,
    /// Offers of each platform.
    pub by_platform: Vec<Vec<usize>>,
    /// What does not depend on the plan, `[draws x worlds]`: organic media, platforms without offers.
    fixed: Vec<f64>,
    /// By platform and world: the first world in which its reach is the same.
    alike: Arc<Vec<Vec<usize>>>,
    /// Profit over which the edge of the worst tenth is soft, from where the search begins.
    width: OnceLock<f64>,
}

impl<'a> Problem<'a> {
    /// Prepares the objective.
    pub fn new(ground: &'a Ground, worlds: &'a [World], risk: f64, layout: Layout, threads: usize) -> Problem<'a> {
        let draws: Vec<usize> = (0..ground.draws()).collect();
        let platforms = 0..ground.platforms.len();
        let alike = platforms.map(|p| alike(worlds, |a, b| a.reach(p) == b.reach(p))).collect();
        let by_platform: Vec<Vec<usize>> = (0..ground.platforms.len())
            .map(|p| (0..ground.offers.len()).filter(|&o| ground.offers[o].platform == p).collect())
            .collect();
        let fixed = in_parallel(BLOCKS, threads, |block| {
            let mut out = Vec::new();
            for &d in part(&draws, block) {
                for world in worlds {
                    // Without offers creators go on as last year, and are paid so.
                    let mut sum = if ground.offers.is_empty() { -ground.last_creators } else { 0.0 };
                    for (m, channel) in ground.channels.iter().enumerate().filter(|(_, c)| !c.paid) {
                        let path = world.delivered(m, &channel.last);
                        sum += channel.profit(d, &path, false, None);
                    }
                    for (p, platform) in ground.platforms.iter().enumerate().filter(|(p, _)| by_platform[*p].is_empty())
                    {
                        sum += platform.last_profit(d, world.reach(p));
                    }
                    out.push(sum);
                }
            }
            out
        });
        Problem {
            ground,
            worlds,
            risk,
            layout,
            threads,
            by_platform,
            fixed: fixed.concat(),
            shares: vec![1.0 / draws.len() as f64; draws.len()],
            alike: Arc::new(alike),
            draws,
            width: OnceLock::new(),
        }
    }

    /// The same on about so many of the draws, evenly thinned: quicker, and near enough to begin with.
    pub fn coarse(&self, draws: usize) -> Problem<'a> {
        let all = self.draws.len();
        let count = draws.min(all);
        self.among((0..count).map(|i| i * all / count).collect())
    }

    /// The same on some of the draws, by their places in rising order.
    pub fn among(&self, places: Vec<usize>) -> Problem<'a> {
        let worlds = self.worlds.len();
        Problem {
            ground: self.ground,
            worlds: self.worlds,
            risk: self.risk,
            layout: self.layout.clone(),
            threads: self.threads,
            by_platform: self.by_platform.clone(),
            fixed: places.iter().flat_map(|i| &self.fixed[i * worlds..(i + 1) * worlds]).copied().collect(),
            shares: vec![1.0 / places.len() as f64; places.len()],
            alike: self.alike.clone(),
            draws: places.iter().map(|&i| self.draws[i]).collect(),
            width: OnceLock::new(),
        }
    }

    /// The same on the draws that are, or come near to, the worst tenth at a plan, and on some others that stand for the rest where it counts.
    pub(crate) fn near_worst(&self, x: &[f64]) -> Problem<'a> {
        let worlds = self.worlds.len();
        let (order, parts) = tail(&self.profits(x, false), NEAR, &|i| self.weight(i));
        let mut by_draw = vec![0.0; self.draws.len()];
        order.into_iter().zip(parts).for_each(|(i, part)| by_draw[i / worlds] += part);
        let mut heaviest: Vec<usize> = (0..by_draw.len()).collect();
        heaviest.sort_by(|&a, &b| by_draw[b].total_cmp(&by_draw[a]).then(a.cmp(&b)));
        let mut covered = 0.0;
        let near = heaviest.iter().take_while(|&&i| {
            let more = covered < NEARLY;
            covered += by_draw[i];
            more
        });
        let near = near.count();
        let mut rest = heaviest.split_off(near);
        rest.sort_unstable();
        let count = if self.risk < 1.0 { OTHERS.min(rest.len()) } else { 0 };
        let each = if count > 0 { rest.iter().map(|&i| self.shares[i]).sum::<f64>() / count as f64 } else { 0.0 };
        let mut places: Vec<(usize, f64)> = heaviest.into_iter().map(|i| (i, self.shares[i])).collect();
        places.extend((0..count).map(|k| (rest[k * rest.len() / count], each)));
        places.sort_by_key(|p| p.0);
        let (places, shares) = places.into_iter().unzip();
        Problem { shares, width: self.width.clone(), ..self.among(places) }
    }

    /// The same with an edge of the worst tenth that is softer by a factor than it is at a plan.
    pub(crate) fn softer(&self, x: &[f64], factor: f64) -> Problem<'a> {
        self.soft(&self.profits(x, false));
        let width = self.width.get().map_or_else(OnceLock::new, |w| OnceLock::from(factor * w));
        Problem { shares: self.shares.clone(), width, ..self.among((0..self.draws.len()).collect()) }
    }

    /// Probability of a draw and world.
    fn weight(&self, i: usize) -> f64 {
        self.worlds[i % self.worlds.len()].weight * self.shares[i / self.worlds.len()]
    }

    /// Profits of channel m, `[draws x worlds]`, what is charged taken off. Of the hulls, where `concave`. Worlds that change little are taken along
    /// the slope, which is nowhere below a concave curve.
    fn channel(&self, m: usize, x: &[f64], concave: bool) -> Vec<f64> {
        let (ground, n) = (self.ground, self.ground.horizon.len());
        let mut spend = vec![0.0; n];
        self.layout.spend(m, x, &mut spend);
        let charged: Vec<f64> = self.worlds.iter().map(|w| w.charged(m, &spend)).collect();
        // Paths that are followed: the plain one, then those of worlds that change much.
        let mut paths = vec![spend.clone()];
        let mut place = Vec::new();
        // Changes along the slope, each once, and which of them each world has.
        let mut changes: Vec<Vec<f64>> = Vec::new();
        let mut little: Vec<Option<usize>> = Vec::new();
        for world in self.worlds {
            match world.factors(m) {
                None => {
                    place.push(0);
                    little.push(None);
                }
                Some((factors, true)) => {
                    place.push(0);
                    let change: Vec<f64> = spend.iter().zip(factors).map(|(s, f)| s * (f[0] - 1.0)).collect();
                    let known = changes.iter().position(|c| *c == change);
                    little.push(Some(known.unwrap_or_else(|| {
                        changes.push(change);
                        changes.len() - 1
                    })));
                }
                Some((factors, false)) => {
                    place.push(paths.len());
                    little.push(None);
                    paths.push(spend.iter().zip(factors).map(|(s, f)| s * f[0]).collect());
                }
            }
        }
        let wants = !changes.is_empty();
        let blocks = in_parallel(BLOCKS, self.threads, |block| {
            let mut profits = Vec::new();
            let mut values = vec![0.0; paths.len()];
            let mut slopes = vec![0.0; n];
            let mut along = vec![0.0; changes.len()];
            let mut room = Room::default();
            for &d in part(&self.draws, block) {
                for (k, (path, value)) in paths.iter().zip(&mut values).enumerate() {
                    let slopes = (wants && k == 0).then_some(&mut slopes[..]);
                    *value = ground.channels[m].profit_in(d, path, concave, slopes, &mut room);
                }
                for (to, change) in along.iter_mut().zip(&changes) {
                    *to = change.iter().zip(&slopes).map(|(c, s)| c * s).sum();
                }
                for ((at, change), cost) in place.iter().zip(&little).zip(&charged) {
                    profits.push(values[*at] + change.map_or(0.0, |k| along[k]) - cost);
                }
            }
            profits
        });
        blocks.concat()
    }

    /// Profits of channel m, `[draws x worlds]`, what is charged taken off.
    pub fn channel_profits(&self, m: usize, x: &[f64]) -> Vec<f64> {
        self.channel(m, x, false)
    }

    /// Views by offer and period of a platform's posts; empty for offers without any.
    pub(crate) fn views(&self, p: usize, x: &[f64]) -> Vec<Vec<f64>> {
        let ground = self.ground;
        let one = |o: usize| {
            let posts = self.layout.posts(ground, o, x);
            if ground.offers[o].platform == p && posts.iter().any(|n| *n > 0.0) {
                views(&ground.offers[o], posts, ground.periods)
            } else {
                Vec::new()
            }
        };
        (0..ground.offers.len()).map(one).collect()
    }

    /// Profits of a platform's posts, `[draws x worlds]`, fees not taken off. Worlds that change little are taken along the slope. What is owed on
    /// sales is left out, where `free`.
    fn platform(&self, p: usize, x: &[f64], free: bool) -> Vec<f64> {
        let (all, n, rows) = (self.views(p, x), self.ground.periods, self.ground.platforms[p].rows);
        let owes = !free && self.by_platform[p].iter().any(|&o| self.ground.offers[o].owes_sales());
        let blocks = in_parallel(BLOCKS, self.threads, |block| {
            let mut profits = Vec::new();
            let (mut exposure, mut bench) = (Exposure::default(), Follow::default());
            let mut exposures = [Vec::new(), Vec::new()];
            for draws in part(&self.draws, block).chunks(TOGETHER) {
                self.exposures(p, draws, &all, owes, &mut exposures);
                for (i, &d) in draws.iter().enumerate() {
                    exposure.take(&exposures, i, draws.len(), rows, n);
                    self.in_worlds(p, d, &exposure, &mut bench, &mut profits);
                }
            }
            profits
        });
        blocks.concat()
    }

    /// Appends the profit of an exposure on draw d in each world.
    pub(crate) fn in_worlds(&self, p: usize, d: usize, exposure: &Exposure, bench: &mut Follow, out: &mut Vec<f64>) {
        let (platform, n) = (&self.ground.platforms[p], self.ground.periods);
        let Follow { slopes, room } = bench;
        let plain = platform.profit(d, exposure, None, Some(slopes), room);
        let along = |x: &[f64], slope: &[f64], reach: &[f64]| -> f64 {
            let rows = x.chunks_exact(n).zip(slope.chunks_exact(n));
            rows.map(|(x, s)| (0..n).map(|t| x[t] * s[t] * (reach[t] - 1.0)).sum::<f64>()).sum()
        };
        let first = out.len();
        for (world, &alike) in self.worlds.iter().zip(&self.alike[p]) {
            // What another world has done already.
            if let Some(&known) = out.get(first + alike) {
                out.push(known);
                continue;
            }
            out.push(match world.reach(p) {
                None => plain,
                Some(reach) if is_little(reach.iter().copied()) => {
                    plain + along(&exposure.all, &slopes.all, reach) + along(&exposure.owed, &slopes.owed, reach)
                }
                Some(reach) => platform.profit(d, exposure, Some(reach), None, room),
            });
        }
    }

    /// Profit of a platform's posts, `[draws x worlds]`, fees not taken off.
    pub fn platform_profits(&self, p: usize, x: &[f64]) -> Vec<f64> {
        self.platform(p, x, false)
    }

    /// The draws that count.
    pub fn draws(&self) -> &[usize] {
        &self.draws
    }

    /// What does not depend on the plan, `[draws x worlds]`.
    pub fn fixed(&self) -> &[f64] {
        &self.fixed
    }

    /// Costs of the posts at their cheapest rates, `[draws]`.
    fn rates(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.draws.len()];
        for (o, offer) in self.ground.offers.iter().enumerate() {
            let n: f64 = self.layout.posts(self.ground, o, x).iter().sum();
            if n > 0.0 {
                out.iter_mut().zip(&self.draws).for_each(|(to, &d)| *to += n * offer.rate[d]);
            }
        }
        out
    }

    /// The objective of profits, and the weight that each has in it.
    pub fn score(&self, profits: &[f64]) -> (f64, Vec<f64>) {
        let mut weights: Vec<f64> = (0..profits.len()).map(|i| (1.0 - self.risk) * self.weight(i)).collect();
        if self.risk > 0.0 {
            let (order, parts) = tail(profits, TAIL, &|i| self.weight(i));
            for (i, part) in order.into_iter().zip(parts) {
                weights[i] += self.risk * part;
            }
        }
        (profits.iter().zip(&weights).map(|(p, w)| p * w).sum(), weights)
    }

    /// What the objective weighs each draw and world with, `[draws x worlds]`, where the profits do not matter to it.
    fn neutral(&self) -> Option<Vec<f64>> {
        (self.risk == 0.0).then(|| (0..self.draws.len() * self.worlds.len()).map(|i| self.weight(i)).collect())
    }

    /// The objective's weights at a plan, the worst tenth taken softly.
    pub(crate) fn weights(&self, x: &[f64], concave: bool) -> Vec<f64> {
        self.neutral().unwrap_or_else(|| self.soft(&self.profits(x, concave)).1)
    }

    /// Profits, `[draws x worlds]`, posts at their cheapest rates.
    fn profits(&self, x: &[f64], concave: bool) -> Vec<f64> {
        let mut profits = self.fixed.clone();
        for p in (0..self.ground.platforms.len()).filter(|&p| !self.by_platform[p].is_empty()) {
            profits.iter_mut().zip(self.platform(p, x, concave)).for_each(|(a, b)| *a += b);
        }
        for (own, cost) in profits.chunks_exact_mut(self.worlds.len()).zip(self.rates(x)) {
            own.iter_mut().for_each(|v| *v -= cost);
        }
        for m in 0..self.layout.channels.len() {
            profits.iter_mut().zip(self.channel(m, x, concave)).for_each(|(a, b)| *a += b);
        }
        profits
    }

    /// The objective with a soft edge of the worst tenth, and its weights. The worst tenth's mean is the least of sum q p over weights q that add up
    /// to one, none above its probability over a tenth; with width / 20 x sum q² / w added, the weights go from all to nothing over `width` of
    /// profit and the function has no kink. Any such weights give a plan no less than the worst tenth does, so they prove bounds too.
    fn soft(&self, profits: &[f64]) -> (f64, Vec<f64>) {
        let weight = |i: usize| self.weight(i);
        let mean = |of: &dyn Fn(f64) -> f64| profits.iter().enumerate().map(|(i, p)| weight(i) * of(*p)).sum::<f64>();
        let middle = mean(&|p| p);
        let width = *self.width.get_or_init(|| (SOFT * mean(&|p| (p - middle).powi(2)).sqrt()).max(1e-9));
        let part = |p: f64, edge: f64| ((edge - p) / width).clamp(0.0, 1.0);
        let (mut low, mut high) =
            profits.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |a, p| (a.0.min(*p), a.1.max(*p)));
        high += width;
        for _ in 0..50 {
            let edge = 0.5 * (low + high);
            if mean(&|p| part(p, edge)) < TAIL { low = edge } else { high = edge }
        }
        // They add up to one exactly.
        let edge = 0.5 * (low + high);
        let all = mean(&|p| part(p, edge));
        let mut value = 0.0;
        let weights = profits.iter().enumerate().map(|(i, p)| {
            let (w, part) = (weight(i), part(*p, edge));
            let q = (1.0 - self.risk) * w + self.risk * w * part / all;
            value += q * p + self.risk * 0.5 * width * w * part * part / TAIL;
            q
        });
        let weights = weights.collect();
        (value, weights)
    }

    /// Profits with those of the channels added.
    fn with_channels(&self, x: &[f64], mut profits: Vec<f64>) -> Vec<f64> {
        for m in 0..self.layout.channels.len() {
            profits.iter_mut().zip(self.channel(m, x, false)).for_each(|(a, b)| *a += b);
        }
        profits
    }

    /// The objective of the channels beside the profits of all else.
    pub(crate) fn value_of_channels(&self, x: &[f64], rest: &[f64]) -> f64 {
        self.score(&self.with_channels(x, rest.to_vec())).0
    }

    /// The objective, the edge of the worst tenth soft, and its gradient. With `concave` those of a concave function that is nowhere below it.
    pub fn value_and_gradient(&self, x: &[f64], concave: bool) -> (f64, Vec<f64>) {
        if self.risk == 0.0 {
            return self.tangent(x, &self.weights(x, concave), concave);
        }
        let (value, weights) = self.soft(&self.profits(x, concave));
        (value, self.weighted(x, &weights, concave, true).1)
    }

    /// The weighted mean of profits and its gradient.
    pub(crate) fn tangent(&self, x: &[f64], weights: &[f64], concave: bool) -> (f64, Vec<f64>) {
        let fixed: f64 = weights.iter().zip(&self.fixed).map(|(w, f)| w * f).sum();
        let (value, gradient) = self.weighted(x, weights, concave, true);
        (fixed + value, gradient)
    }

    /// The same by the channels alone, with the profits of all else given.
    pub fn value_and_gradient_of_channels(&self, x: &[f64], rest: &[f64]) -> (f64, Vec<f64>) {
        if let Some(weights) = self.neutral() {
            let fixed: f64 = weights.iter().zip(rest).map(|(w, f)| w * f).sum();
            let (value, gradient) = self.weighted(x, &weights, false, false);
            return (fixed + value, gradient);
        }
        let (value, weights) = self.soft(&self.with_channels(x, rest.to_vec()));
        (value, self.weighted(x, &weights, false, false).1)
    }

    /// The gradient where the profits of all but the channels are given.
    pub fn gradient(&self, x: &[f64], rest: &[f64]) -> Vec<f64> {
        let weights = self.neutral().unwrap_or_else(|| self.soft(&self.with_channels(x, rest.to_vec())).1);
        self.weighted(x, &weights, false, true).1
    }

    /// Least and most posts of an offer that is taken; none where its creator has left in every world.
    pub(crate) fn posts_range(&self, o: usize) -> (usize, usize) {
        let offer = &self.ground.offers[o].offer;
        let left = self.worlds.iter().all(|w| w.gone() == Some(&offer.who.name));
        if left { (0, 0) } else { offer.posts }
    }

    /// Rows of the posts of each offer, its least and most from `range`.
    pub fn post_rows(&self, range: impl Fn(usize) -> (f64, f64)) -> Vec<Row> {
        (0..self.ground.offers.len())
            .map(|o| {
                let (low, high) = range(o);
                let terms = (0..self.ground.offers[o].slots.len()).map(|k| (self.layout.offers[o] + k, 1.0)).collect();
                Row { name: format!("posts of {}", self.ground.offers[o].offer.name), terms, low, high, apart: true }
            })
            .collect()
    }

    /// Limits without any row.
    pub fn boxes(&self) -> Limits {
        Limits {
            low: vec![0.0; self.layout.count],
            high: vec![0.0; self.layout.count],
            scales: vec![1.0; self.layout.count],
            rows: Vec::new(),
        }
    }
}

/// Working memory of a platform's profit in each world.
#[derive(Default)]
pub(crate) struct Follow {
    slopes: Exposure,
    room: PostsRoom,
}

/// The draws of a block.
pub(crate) fn part(draws: &[usize], block: usize) -> &[usize] {
    &draws[block * draws.len() / BLOCKS..(block + 1) * draws.len() / BLOCKS]
}

/// Whether factors change little: less than a fifth in each period and a tenth on average.
pub(crate) fn is_little(factors: impl Iterator<Item = f64> + Clone) -> bool {
    let count = factors.clone().count().max(1) as f64;
    factors.clone().map(|f| (f - 1.0).abs()).sum::<f64>() / count < 0.1
        && factors.into_iter().all(|f| (f - 1.0).abs() < 0.2)
}

/// The worst of weighted values, so many of all: which, and the share of them that each is; the last may count in part.
pub fn tail(values: &[f64], share: f64, weight: &impl Fn(usize) -> f64) -> (Vec<usize>, Vec<f64>) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let (mut left, mut parts) = (share, Vec::new());
    for &i in &order {
        if left <= 0.0 {
            break;
        }
        let part = weight(i).min(left);
        parts.push(part / share);
        left -= part;
    }
    order.truncate(parts.len());
    (order, parts)
}
