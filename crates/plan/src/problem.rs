//! The plan as a problem: its variables, its limits, and its objective on draws x scenarios with the exact gradient.
//!
//! Variables are the money of each channel in each block of time, then the posts of each offer in each period that it allows. The objective is
//! (1 - risk) x mean profit + risk x mean profit of the worst tenth: the mean less `risk` times the CVaR of the shortfall below it (Rockafellar
//! and Uryasev 2000). Costs of offers are taken at their cheapest rate a post here; the search over whole numbers takes them as they are.

use crate::ground::{BLOCKS, Ground};
use crate::limits::{Limits, Row};
use crate::roster::{Exposure, add_two, views, views_back};
use crate::world::World;
use counterpoint::model::estimate::in_parallel;
use std::ops::Range;

/// Share of the worst outcomes whose mean is the conditional value at risk.
pub const TAIL: f64 = 0.1;

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
    /// Offers of each platform.
    pub by_platform: Vec<Vec<usize>>,
    /// What does not depend on the plan, `[draws x worlds]`: organic media, platforms without offers.
    fixed: Vec<f64>,
}

impl<'a> Problem<'a> {
    /// Prepares the objective.
    pub fn new(ground: &'a Ground, worlds: &'a [World], risk: f64, layout: Layout, threads: usize) -> Problem<'a> {
        Problem::on(ground, worlds, risk, layout, threads, (0..ground.draws()).collect())
    }

    /// The same on about so many of the draws, evenly thinned: quicker, and near enough to begin with.
    pub fn coarse(&self, draws: usize) -> Problem<'a> {
        let all = self.draws.len();
        let count = draws.min(all);
        let some = (0..count).map(|i| self.draws[i * all / count]).collect();
        Problem::on(self.ground, self.worlds, self.risk, self.layout.clone(), self.threads, some)
    }

    fn on(
        ground: &'a Ground,
        worlds: &'a [World],
        risk: f64,
        layout: Layout,
        threads: usize,
        draws: Vec<usize>,
    ) -> Problem<'a> {
        let by_platform: Vec<Vec<usize>> = (0..ground.platforms.len())
            .map(|p| (0..ground.offers.len()).filter(|&o| ground.offers[o].platform == p).collect())
            .collect();
        let fixed = in_parallel(BLOCKS, threads, |block| {
            let mut out = Vec::new();
            for &d in part(&draws, block) {
                for world in worlds {
                    let mut sum = 0.0;
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
        Problem { ground, worlds, risk, layout, threads, by_platform, fixed: fixed.concat(), draws }
    }

    /// Profits of channel m, `[draws x worlds]`, what is charged taken off, and its slopes where they are wanted. Of the hulls, where `concave`.
    /// Worlds that change little are taken along the slope, which is nowhere below a concave curve.
    fn channel(&self, m: usize, x: &[f64], concave: bool, slopes: bool) -> Pass {
        let (ground, n) = (self.ground, self.ground.horizon.len());
        let mut spend = vec![0.0; n];
        self.layout.spend(m, x, &mut spend);
        let charged: Vec<f64> = self.worlds.iter().map(|w| w.charged(m, &spend)).collect();
        // Paths that are followed: the plain one, then those of worlds that change much.
        let mut paths = vec![spend.clone()];
        let mut place = Vec::new();
        let mut little: Vec<Option<Vec<f64>>> = Vec::new();
        for world in self.worlds {
            match world.factors(m) {
                None => {
                    place.push(0);
                    little.push(None);
                }
                Some((factors, true)) => {
                    place.push(0);
                    little.push(Some(spend.iter().zip(factors).map(|(s, f)| s * (f[0] - 1.0)).collect()));
                }
                Some((factors, false)) => {
                    place.push(paths.len());
                    little.push(None);
                    paths.push(spend.iter().zip(factors).map(|(s, f)| s * f[0]).collect());
                }
            }
        }
        let wants = slopes || little.iter().any(Option::is_some);
        let blocks = in_parallel(BLOCKS, self.threads, |block| {
            let (mut profits, mut all) = (Vec::new(), Vec::new());
            let mut values = vec![0.0; paths.len()];
            let mut own = vec![0.0; paths.len() * n];
            for &d in part(&self.draws, block) {
                for ((path, value), slope) in paths.iter().zip(&mut values).zip(own.chunks_exact_mut(n)) {
                    *value = ground.channels[m].profit(d, path, concave, wants.then_some(slope));
                }
                for ((at, change), cost) in place.iter().zip(&little).zip(&charged) {
                    let along = change.as_ref().map_or(0.0, |c| c.iter().zip(&own[..n]).map(|(c, s)| c * s).sum());
                    profits.push(values[*at] + along - cost);
                }
                if slopes {
                    all.extend_from_slice(&own);
                }
            }
            (profits, all)
        });
        let mut pass = Pass { profits: Vec::new(), slopes: Vec::new(), paths: paths.len(), place };
        for (profits, slopes) in blocks {
            pass.profits.extend(profits);
            pass.slopes.extend(slopes);
        }
        pass
    }

    /// Profits of channel m, `[draws x worlds]`, what is charged taken off.
    pub fn channel_profits(&self, m: usize, x: &[f64]) -> Vec<f64> {
        self.channel(m, x, false, false).profits
    }

    /// Adds the gradient of channel m's weighted profits to `out`.
    fn channel_gradient(&self, m: usize, pass: &Pass, weights: &[f64], out: &mut [f64]) {
        let (n, worlds) = (self.ground.horizon.len(), self.worlds.len());
        // By path, the slopes weighted over draws; then what each world makes of them.
        let factors: Vec<Option<Vec<[f64; 2]>>> =
            self.worlds.iter().map(|w| w.factors(m).map(|f| f.0.to_vec())).collect();
        let mut by = vec![0.0; n];
        let mut at_paths = vec![0.0; pass.paths * n];
        for (d, own) in weights.chunks_exact(worlds).enumerate() {
            at_paths.fill(0.0);
            for (w, weight) in own.iter().enumerate().filter(|w| *w.1 != 0.0) {
                let to = &mut at_paths[pass.place[w] * n..(pass.place[w] + 1) * n];
                match &factors[w] {
                    None => to.iter_mut().for_each(|x| *x += weight),
                    Some(f) => to.iter_mut().zip(f).for_each(|(x, f)| *x += weight * f[0]),
                }
            }
            let slopes = &pass.slopes[d * pass.paths * n..(d + 1) * pass.paths * n];
            for (at, slope) in at_paths.chunks_exact(n).zip(slopes.chunks_exact(n)) {
                for ((to, a), s) in by.iter_mut().zip(at).zip(slope) {
                    *to += a * s;
                }
            }
        }
        for (w, factors) in factors.iter().enumerate() {
            let all: f64 = weights.iter().skip(w).step_by(worlds).sum();
            match factors {
                None => by.iter_mut().for_each(|x| *x -= all),
                Some(f) => by.iter_mut().zip(f).for_each(|(x, f)| *x -= all * f[1]),
            }
        }
        for (b, range) in self.layout.blocks.iter().enumerate() {
            out[self.layout.channels[m] + b] += by[range.clone()].iter().sum::<f64>() / range.len() as f64;
        }
    }

    /// Views by offer and period of a platform's posts; empty for offers without any.
    fn views(&self, p: usize, x: &[f64]) -> Vec<Vec<f64>> {
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

    /// Profits of a platform's posts, `[draws x worlds]`, fees not taken off; and the slopes by exposure where they are wanted. Worlds that change
    /// little are taken along the slope. What is owed on sales is left out, where `free`.
    fn platform(&self, p: usize, x: &[f64], free: bool, slopes: bool) -> PlatformPass {
        let (ground, n) = (self.ground, self.ground.periods);
        let platform = &ground.platforms[p];
        let all = self.views(p, x);
        let used: Vec<usize> = self.by_platform[p].iter().copied().filter(|&o| !all[o].is_empty()).collect();
        // Reach that is followed: the plain one, then those that change much.
        let mut paths: Vec<Option<&[f64]>> = vec![None];
        let (mut place, mut little) = (Vec::new(), Vec::new());
        for world in self.worlds {
            match world.reach(p) {
                None => {
                    place.push(0);
                    little.push(None);
                }
                Some(reach) if is_little(reach.iter().copied()) => {
                    place.push(0);
                    little.push(Some(reach));
                }
                Some(reach) => {
                    place.push(paths.len());
                    little.push(None);
                    paths.push(Some(reach));
                }
            }
        }
        let cells = ground.model.n_geos() * n;
        let blocks = in_parallel(BLOCKS, self.threads, |block| {
            let (mut profits, mut kept) = (Vec::new(), Vec::new());
            let mut exposure = Exposure::default();
            let mut own: Vec<Exposure> = paths.iter().map(|_| Exposure::default()).collect();
            let mut values = vec![0.0; paths.len()];
            for &d in part(&self.draws, block) {
                platform.exposure(d, &ground.offers, &used, &all, free, &mut exposure);
                for ((reach, slope), value) in paths.iter().zip(&mut own).zip(&mut values) {
                    *value = platform.profit(d, &exposure, *reach, Some(slope));
                }
                for (at, little) in place.iter().zip(&little) {
                    let along = |x: &[f64], slope: &[f64]| -> f64 {
                        let Some(reach) = little else { return 0.0 };
                        let rows = x.chunks_exact(n).zip(slope.chunks_exact(n));
                        rows.map(|(x, s)| (0..n).map(|t| x[t] * s[t] * (reach[t] - 1.0)).sum::<f64>()).sum()
                    };
                    profits.push(values[*at] + along(&exposure.all, &own[0].all) + along(&exposure.owed, &own[0].owed));
                }
                if slopes {
                    for slope in &own {
                        kept.extend_from_slice(&slope.all);
                        if exposure.owed.is_empty() {
                            kept.extend(std::iter::repeat_n(0.0, cells));
                        } else {
                            kept.extend_from_slice(&slope.owed);
                        }
                    }
                }
            }
            (profits, kept)
        });
        let mut pass = PlatformPass { profits: Vec::new(), slopes: Vec::new(), paths: paths.len(), place };
        for (profits, slopes) in blocks {
            pass.profits.extend(profits);
            pass.slopes.push(slopes);
        }
        pass
    }

    /// Profit of a platform's posts, `[draws x worlds]`, fees not taken off.
    pub fn platform_profits(&self, p: usize, x: &[f64]) -> Vec<f64> {
        self.platform(p, x, false, false).profits
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
        let (draws, worlds) = (self.draws.len(), self.worlds.len());
        let weight = |i: usize| self.worlds[i % worlds].weight / draws as f64;
        let mut weights: Vec<f64> = (0..profits.len()).map(|i| (1.0 - self.risk) * weight(i)).collect();
        if self.risk > 0.0 {
            let (order, parts) = tail(profits, &weight);
            for (i, part) in order.into_iter().zip(parts) {
                weights[i] += self.risk * part;
            }
        }
        (profits.iter().zip(&weights).map(|(p, w)| p * w).sum(), weights)
    }

    /// The objective and its gradient. With `concave` those of a concave function that is nowhere below it.
    pub fn value_and_gradient(&self, x: &[f64], concave: bool) -> (f64, Vec<f64>) {
        let mut rest = self.fixed.clone();
        let passes = self.platforms(x, concave);
        for pass in passes.iter().flatten() {
            rest.iter_mut().zip(&pass.profits).for_each(|(a, b)| *a += b);
        }
        let cost = self.rates(x);
        for (own, cost) in rest.chunks_exact_mut(self.worlds.len()).zip(&cost) {
            own.iter_mut().for_each(|v| *v -= cost);
        }
        let (value, mut out, weights) = self.with_channels(x, rest, concave);
        self.posts_gradient(&passes, &weights, concave, &mut out);
        (value, out)
    }

    fn platforms(&self, x: &[f64], free: bool) -> Vec<Option<PlatformPass>> {
        let planned = |p: usize| !self.by_platform[p].is_empty();
        (0..self.ground.platforms.len()).map(|p| planned(p).then(|| self.platform(p, x, free, true))).collect()
    }

    /// The same by the channels alone, with the profits of all else given.
    pub fn value_and_gradient_of_channels(&self, x: &[f64], rest: &[f64]) -> (f64, Vec<f64>) {
        let (value, gradient, _) = self.with_channels(x, rest.to_vec(), false);
        (value, gradient)
    }

    /// The gradient where the profits of all but the channels are given.
    pub fn gradient(&self, x: &[f64], rest: &[f64]) -> Vec<f64> {
        let (_, mut out, weights) = self.with_channels(x, rest.to_vec(), false);
        self.posts_gradient(&self.platforms(x, false), &weights, false, &mut out);
        out
    }

    fn with_channels(&self, x: &[f64], mut profits: Vec<f64>, concave: bool) -> (f64, Vec<f64>, Vec<f64>) {
        let passes: Vec<Pass> = (0..self.layout.channels.len()).map(|m| self.channel(m, x, concave, true)).collect();
        for pass in &passes {
            profits.iter_mut().zip(&pass.profits).for_each(|(a, b)| *a += b);
        }
        let (value, weights) = self.score(&profits);
        let mut out = vec![0.0; self.layout.count];
        passes.iter().enumerate().for_each(|(m, pass)| self.channel_gradient(m, pass, &weights, &mut out));
        (value, out, weights)
    }

    /// Adds the gradient of weighted profits by the posts.
    fn posts_gradient(&self, passes: &[Option<PlatformPass>], weights: &[f64], free: bool, out: &mut [f64]) {
        let (ground, worlds, n) = (self.ground, self.worlds.len(), self.ground.periods);
        if ground.offers.is_empty() {
            return;
        }
        let (geos, cells) = (ground.model.n_geos(), ground.model.n_geos() * n);
        let starts: Vec<usize> = (0..=BLOCKS).map(|b| b * self.draws.len() / BLOCKS).collect();
        let blocks = in_parallel(BLOCKS, self.threads, |block| {
            let mut by_views: Vec<Vec<f64>> = ground.offers.iter().map(|_| vec![0.0; n]).collect();
            let mut by_cost = vec![0.0; ground.offers.len()];
            let mut by = vec![0.0; 2 * cells];
            for (i, &d) in part(&self.draws, block).iter().enumerate() {
                let own = &weights[(starts[block] + i) * worlds..(starts[block] + i + 1) * worlds];
                for (p, pass) in passes.iter().enumerate() {
                    let Some(pass) = pass else { continue };
                    let kept = &pass.slopes[block][i * pass.paths * 2 * cells..(i + 1) * pass.paths * 2 * cells];
                    // The slopes of all worlds together: those taken along the plain slope have their reach on it.
                    by.fill(0.0);
                    let mut plain = 0.0;
                    for (w, weight) in own.iter().enumerate().filter(|w| *w.1 != 0.0) {
                        let slope = &kept[pass.place[w] * 2 * cells..(pass.place[w] + 1) * 2 * cells];
                        match self.worlds[w].reach(p) {
                            None => plain += weight,
                            Some(reach) if pass.place[w] == 0 => {
                                for (to, s) in by.chunks_exact_mut(n).zip(slope.chunks_exact(n)) {
                                    (0..n).for_each(|t| to[t] += weight * reach[t] * s[t]);
                                }
                            }
                            Some(_) => by.iter_mut().zip(slope).for_each(|(to, s)| *to += weight * s),
                        }
                    }
                    by.iter_mut().zip(kept).for_each(|(to, s)| *to += plain * s);
                    for &o in &self.by_platform[p] {
                        let offer = &ground.offers[o];
                        let owed = if free { 0.0 } else { offer.owed[d] };
                        for g in 0..geos {
                            let scale = offer.strength[d] * offer.share[g];
                            let (all, due) = (&by[g * n..(g + 1) * n], &by[cells + g * n..cells + (g + 1) * n]);
                            let part = scale * owed;
                            add_two(scale, all, part, due, &mut by_views[o]);
                        }
                    }
                }
                let all: f64 = own.iter().sum();
                by_cost.iter_mut().zip(&ground.offers).for_each(|(to, o)| *to -= all * o.rate[d]);
            }
            (by_views, by_cost)
        });
        for (by_views, by_cost) in blocks {
            for (o, offer) in ground.offers.iter().enumerate() {
                let to = &mut out[self.layout.offers[o]..self.layout.offers[o] + offer.slots.len()];
                views_back(offer, &by_views[o], to);
                to.iter_mut().for_each(|x| *x += by_cost[o]);
            }
        }
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

/// The draws of a block.
fn part(draws: &[usize], block: usize) -> &[usize] {
    &draws[block * draws.len() / BLOCKS..(block + 1) * draws.len() / BLOCKS]
}

/// Whether factors change little: less than a fifth in each period and a twentieth on average.
pub(crate) fn is_little(factors: impl Iterator<Item = f64> + Clone) -> bool {
    let count = factors.clone().count().max(1) as f64;
    factors.clone().map(|f| (f - 1.0).abs()).sum::<f64>() / count < 0.05
        && factors.into_iter().all(|f| (f - 1.0).abs() < 0.2)
}

/// One platform over all draws.
struct PlatformPass {
    /// `[draws x worlds]`
    profits: Vec<f64>,
    /// By block of draws: `[draws x paths x 2 x geos x periods]`, by exposure and by what is owed.
    slopes: Vec<Vec<f64>>,
    /// Paths of reach that were followed.
    paths: usize,
    /// Path of each world.
    place: Vec<usize>,
}

/// One channel over all draws.
struct Pass {
    /// `[draws x worlds]`
    profits: Vec<f64>,
    /// `[draws x paths x planned]`
    slopes: Vec<f64>,
    /// Paths that were followed.
    paths: usize,
    /// Path of each world.
    place: Vec<usize>,
}

/// The worst tenth of weighted values: which, and the share of the tenth that each is; the last may count in part.
pub fn tail(values: &[f64], weight: &impl Fn(usize) -> f64) -> (Vec<usize>, Vec<f64>) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let (mut left, mut parts) = (TAIL, Vec::new());
    for &i in &order {
        if left <= 0.0 {
            break;
        }
        let part = weight(i).min(left);
        parts.push(part / TAIL);
        left -= part;
    }
    order.truncate(parts.len());
    (order, parts)
}
