//! What a whole plan brings, recomputed from the draws by the model's own transforms: no table, no gradient, nothing that the search uses.

use crate::ground::{BLOCKS, Ground};
use crate::problem::TAIL;
use crate::world::{World, alike};
use counterpoint::model::estimate::Interval;
use counterpoint::model::posterior::{Posterior, shape_values};
use counterpoint::model::response::{Exposure, Response, Shape};
use counterpoint::model::transform::adstock;
use counterpoint_infer::parallel::in_parallel;

/// A whole plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Paths {
    /// Spend by paid channel and planned period.
    pub spend: Vec<Vec<f64>>,
    /// Posts by offer and planned period.
    pub posts: Vec<Vec<usize>>,
    /// Whether creators on platforms with offers do as last year instead.
    pub creators_as_last_year: bool,
}

impl Paths {
    /// Last year's split: every channel times one factor, creators as they were, so that all costs `budget` as far as it goes.
    pub fn last_year(ground: &Ground, budget: f64) -> Paths {
        let creators = if ground.offers.is_empty() { 0.0 } else { ground.last_creators };
        let channels = ground.last_channels();
        let factor = if channels > 0.0 { ((budget - creators) / channels).max(0.0) } else { 0.0 };
        let spend =
            ground.channels[..ground.paid()].iter().map(|c| c.last.iter().map(|x| factor * x).collect()).collect();
        let posts = ground.offers.iter().map(|_| vec![0; ground.horizon.len()]).collect();
        Paths { spend, posts, creators_as_last_year: true }
    }

    /// Posts of offer o in all.
    pub fn number(&self, o: usize) -> usize {
        self.posts[o].iter().sum()
    }

    /// Money in all, what offers cost on average.
    pub fn money(&self, ground: &Ground) -> f64 {
        let channels: f64 = self.spend.iter().flatten().sum();
        let offers: f64 = (0..ground.offers.len()).map(|o| ground.offers[o].mean_cost[self.number(o)]).sum();
        channels
            + offers
            + if self.creators_as_last_year && !ground.offers.is_empty() { ground.last_creators } else { 0.0 }
    }
}

/// What one driver brings, on every draw and world.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Outcome units.
    pub units: Vec<f64>,
    /// Money.
    pub money: Vec<f64>,
    /// What it costs.
    pub cost: Vec<f64>,
    /// Money of one percent more, in the calm world, a draw each.
    pub more: Vec<f64>,
}

/// What a plan brings: arrays are `[draws x worlds]`.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Profit.
    pub profit: Vec<f64>,
    /// Outcome units.
    pub outcome: Vec<f64>,
    /// Money.
    pub money: Vec<f64>,
    /// Cost.
    pub cost: Vec<f64>,
    /// By channel of the ground, organic media included.
    pub channels: Vec<Part>,
    /// By platform, where creators do as last year.
    pub platforms: Vec<Part>,
    /// By offer that is taken, with its index.
    pub offers: Vec<(usize, Part)>,
    /// Probability of each entry.
    pub weights: Vec<f64>,
}

/// Mean, quantiles and the mean of the worst tenth.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// Median.
    pub q50: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// Mean of the worst tenth.
    pub cvar10: f64,
}

impl Spread {
    /// Of values with probabilities.
    pub fn of(values: &[f64], weights: &[f64]) -> Spread {
        let order = rising(values);
        let total: f64 = weights.iter().sum();
        let quantile = |p: f64| first_at(&order, values, weights, p * total);
        let (mut left, mut worst) = (TAIL, 0.0);
        for &i in &order {
            let part = (weights[i] / total).min(left);
            worst += part * values[i];
            left -= part;
            if left <= 0.0 {
                break;
            }
        }
        let mean = values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
        Spread { mean, q05: quantile(0.05), q50: quantile(0.5), q95: quantile(0.95), cvar10: worst / TAIL }
    }

    /// The same without the worst tenth.
    pub fn interval(self) -> Interval {
        Interval { mean: self.mean, q05: self.q05, q50: self.q50, q95: self.q95 }
    }
}

/// The p-quantile of values with probabilities that add up to one.
pub fn quantile(values: &[f64], weights: &[f64], p: f64) -> f64 {
    first_at(&rising(values), values, weights, p)
}

/// Indices of values in rising order.
fn rising(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    order
}

/// The first value in an order at which the weights so far reach `mass`; the last where rounding keeps them below.
fn first_at(order: &[usize], values: &[f64], weights: &[f64], mass: f64) -> f64 {
    let mut sum = 0.0;
    for &i in order {
        sum += weights[i];
        if sum >= mass - 1e-12 {
            return values[i];
        }
    }
    order.last().map_or(f64::NAN, |&i| values[i])
}

/// What a plan brings in each world.
pub fn judge(ground: &Ground, worlds: &[World], paths: &Paths, threads: usize) -> Judged {
    let taken = taken(ground, paths);
    let alike = Alike::new(ground, worlds);
    let blocks = in_parallel(BLOCKS, threads, |block| {
        let draws = block * ground.draws() / BLOCKS..(block + 1) * ground.draws() / BLOCKS;
        let mut bench = Bench::new(ground, worlds, paths, &taken, &alike);
        bench.out.reserve(draws.len(), worlds.len());
        let mut posterior = Posterior::new(ground.model.clone());
        for d in draws {
            posterior.set(&ground.positions[d]);
            bench.draw(&posterior, d);
        }
        bench.out
    });
    let mut all = Judged::new(ground, &taken);
    all.reserve(ground.draws(), worlds.len());
    for some in blocks {
        all.extend(some);
    }
    all.weights = probabilities(ground, worlds);
    all
}

/// The profits of some plans, `[draws x worlds]` each: as [`judge`] has them, in less time and memory.
pub fn profits(ground: &Ground, worlds: &[World], plans: &[Paths], threads: usize) -> Vec<Vec<f64>> {
    let taken: Vec<Vec<usize>> = plans.iter().map(|paths| taken(ground, paths)).collect();
    let alike = Alike::new(ground, worlds);
    let blocks = in_parallel(BLOCKS, threads, |block| {
        let each = plans.iter().zip(&taken);
        let mut benches: Vec<Bench> =
            each.map(|(paths, taken)| Bench::new(ground, worlds, paths, taken, &alike)).collect();
        let mut profits = vec![Vec::new(); plans.len()];
        let mut posterior = Posterior::new(ground.model.clone());
        for d in block * ground.draws() / BLOCKS..(block + 1) * ground.draws() / BLOCKS {
            posterior.set(&ground.positions[d]);
            for (bench, profits) in benches.iter_mut().zip(&mut profits) {
                bench.draw(&posterior, d);
                profits.append(&mut bench.out.profit);
                bench.out.clear();
            }
        }
        profits
    });
    (0..plans.len()).map(|k| blocks.iter().flat_map(|block| &block[k]).copied().collect()).collect()
}

/// Probability of each draw in each world.
pub fn probabilities(ground: &Ground, worlds: &[World]) -> Vec<f64> {
    let draws = ground.draws();
    (0..draws).flat_map(|_| worlds.iter().map(|world| world.weight / draws as f64)).collect()
}

/// Offers that a plan takes.
fn taken(ground: &Ground, paths: &Paths) -> Vec<usize> {
    (0..ground.offers.len()).filter(|&o| paths.number(o) > 0).collect()
}

impl Judged {
    fn new(ground: &Ground, taken: &[usize]) -> Judged {
        Judged {
            profit: Vec::new(),
            outcome: Vec::new(),
            money: Vec::new(),
            cost: Vec::new(),
            channels: vec![Part::default(); ground.channels.len()],
            platforms: vec![Part::default(); ground.platforms.len()],
            offers: taken.iter().map(|&o| (o, Part::default())).collect(),
            weights: Vec::new(),
        }
    }

    /// Makes room for so many draws.
    fn reserve(&mut self, draws: usize, worlds: usize) {
        for all in [&mut self.profit, &mut self.outcome, &mut self.money, &mut self.cost] {
            all.reserve_exact(draws * worlds);
        }
        for (_, part) in &mut self.offers {
            for all in [&mut part.units, &mut part.money, &mut part.cost] {
                all.reserve_exact(draws * worlds);
            }
            part.more.reserve_exact(draws);
        }
    }

    /// Forgets all draws.
    fn clear(&mut self) {
        [&mut self.profit, &mut self.outcome, &mut self.money, &mut self.cost].into_iter().for_each(Vec::clear);
        let offers = self.offers.iter_mut().map(|o| &mut o.1);
        for part in self.channels.iter_mut().chain(&mut self.platforms).chain(offers) {
            [&mut part.units, &mut part.money, &mut part.cost, &mut part.more].into_iter().for_each(Vec::clear);
        }
    }

    fn extend(&mut self, other: Judged) {
        self.profit.extend(other.profit);
        self.outcome.extend(other.outcome);
        self.money.extend(other.money);
        self.cost.extend(other.cost);
        let pairs = self.channels.iter_mut().zip(other.channels);
        let pairs = pairs.chain(self.platforms.iter_mut().zip(other.platforms));
        let pairs = pairs.chain(self.offers.iter_mut().map(|o| &mut o.1).zip(other.offers.into_iter().map(|o| o.1)));
        for (to, part) in pairs {
            to.units.extend(part.units);
            to.money.extend(part.money);
            to.cost.extend(part.cost);
            to.more.extend(part.more);
        }
    }

    /// Probability that a profit is above another plan's, draw by draw and world by world; of equal ones, half.
    pub fn beats(&self, other: &Judged, of: impl Fn(&Judged) -> &[f64]) -> f64 {
        let (a, b) = (of(self), of(other));
        let size = a.iter().map(|x| x.abs()).fold(0.0, f64::max);
        let better = |i: usize| {
            let by = a[i] - b[i];
            if by.abs() <= 1e-12 * size { 0.5 } else { f64::from(u8::from(by > 0.0)) }
        };
        (0..a.len()).map(|i| self.weights[i] * better(i)).sum::<f64>().clamp(0.0, 1.0)
    }
}

/// By channel or platform and world: the first world in which it fares the same.
struct Alike {
    channels: Vec<Vec<usize>>,
    platforms: Vec<Vec<usize>>,
}

impl Alike {
    fn new(ground: &Ground, worlds: &[World]) -> Alike {
        let channels = 0..ground.channels.len();
        let platforms = 0..ground.platforms.len();
        Alike {
            channels: channels.map(|m| alike(worlds, |a, b| a.factors(m) == b.factors(m))).collect(),
            platforms: platforms
                .map(|p| alike(worlds, |a, b| a.reach(p) == b.reach(p) && a.gone() == b.gone()))
                .collect(),
        }
    }
}

/// Working memory of a block of draws.
struct Bench<'a> {
    ground: &'a Ground,
    worlds: &'a [World],
    paths: &'a Paths,
    taken: &'a [usize],
    alike: &'a Alike,
    out: Judged,
    shapes: Vec<Shape>,
}

impl<'a> Bench<'a> {
    fn new(
        ground: &'a Ground,
        worlds: &'a [World],
        paths: &'a Paths,
        taken: &'a [usize],
        alike: &'a Alike,
    ) -> Bench<'a> {
        let shapes = ground
            .channels
            .iter()
            .map(|c| Shape { periods: ground.periods, ..ground.model.drivers[c.driver].shape.clone() })
            .collect();
        Bench { ground, worlds, paths, taken, alike, out: Judged::new(ground, taken), shapes }
    }

    fn draw(&mut self, posterior: &Posterior, d: usize) {
        let ground = self.ground;
        let first = self.out.profit.len();
        for _ in self.worlds {
            self.out.profit.push(0.0);
            self.out.outcome.push(0.0);
            self.out.money.push(0.0);
            self.out.cost.push(0.0);
        }
        for (m, channel) in ground.channels.iter().enumerate() {
            let path = if channel.paid { &self.paths.spend[m] } else { &channel.last };
            let before = self.channel(posterior, m, &[]);
            let beyond = |all: [f64; 3]| [0, 1, 2].map(|i| all[i] - before[i]);
            let plain = beyond(self.channel(posterior, m, path));
            let more = beyond(self.channel(posterior, m, &path.iter().map(|x| 1.01 * x).collect::<Vec<_>>()));
            self.out.channels[m].more.push(more[1] - plain[1]);
            let mut all: Vec<[f64; 3]> = Vec::with_capacity(self.worlds.len());
            for (w, world) in self.worlds.iter().enumerate() {
                // What another world has done already.
                let got = match all.get(self.alike.channels[m][w]) {
                    Some(&known) => known,
                    None => world.changed(m, path).map_or(plain, |p| beyond(self.channel(posterior, m, &p))),
                };
                all.push(got);
                let cost = if channel.paid { world.charged(m, path) } else { 0.0 };
                put(&mut self.out.channels[m], got, cost);
                self.add(first + w, got, cost);
            }
        }
        for p in 0..ground.platforms.len() {
            let offers: Vec<usize> = self.taken.iter().copied().filter(|&o| ground.offers[o].platform == p).collect();
            let any = ground.offers.iter().any(|o| o.platform == p);
            let last = !any || self.paths.creators_as_last_year;
            let usual = Made { offers: &offers, last, reach: None, factor: 1.0, gone: None };
            let plain = self.platform(posterior, d, p, &usual);
            let more = self.platform(posterior, d, p, &Made { factor: 1.01, ..usual });
            let places: Vec<usize> =
                offers.iter().filter_map(|o| self.out.offers.iter().position(|x| x.0 == *o)).collect();
            for (i, &place) in places.iter().enumerate() {
                self.out.offers[place].1.more.push(more[i + 1][1] - plain[i + 1][1]);
            }
            let costs = |got: &[[f64; 3]], gone: Option<&str>| -> Vec<f64> {
                let each = offers.iter().zip(&got[1..]).map(|(&o, got)| {
                    // Who has left makes no posts and is owed nothing.
                    let left = gone.is_some_and(|name| name == ground.offers[o].offer.who.name);
                    let number = if left { 0 } else { self.paths.number(o) };
                    ground.offers[o].whole_cost(number, d, got[1])
                });
                each.collect()
            };
            let mut all: Vec<(Vec<[f64; 3]>, Vec<f64>)> = Vec::with_capacity(self.worlds.len());
            for (w, world) in self.worlds.iter().enumerate() {
                let (got, costs) = match all.get(self.alike.platforms[p][w]) {
                    Some(known) => known.clone(),
                    None => {
                        let got = if world.reach(p).is_none() && world.gone().is_none() {
                            plain.clone()
                        } else {
                            let made = Made { reach: world.reach(p), gone: world.gone(), ..usual };
                            self.platform(posterior, d, p, &made)
                        };
                        let costs = costs(&got, world.gone());
                        (got, costs)
                    }
                };
                if last {
                    put(&mut self.out.platforms[p], got[0], 0.0);
                }
                self.add(first + w, got[0], 0.0);
                for ((&place, got), &cost) in places.iter().zip(&got[1..]).zip(&costs) {
                    put(&mut self.out.offers[place].1, *got, cost);
                    self.add(first + w, [0.0; 3], cost);
                }
                all.push((got, costs));
            }
        }
        // Without offers creators go on as last year, and are paid as last year, beside the budget.
        if self.paths.creators_as_last_year || ground.offers.is_empty() {
            (0..self.worlds.len()).for_each(|w| self.add(first + w, [0.0; 3], ground.last_creators));
        }
    }

    fn add(&mut self, at: usize, [units, money, profit]: [f64; 3], cost: f64) {
        self.out.outcome[at] += units;
        self.out.money[at] += money;
        self.out.profit[at] += profit - cost;
        self.out.cost[at] += cost;
    }

    /// Units, money and profit that a path of spend and what comes before and after it bring.
    fn channel(&self, posterior: &Posterior, m: usize, path: &[f64]) -> [f64; 3] {
        let (ground, channel, shape) = (self.ground, &self.ground.channels[m], &self.shapes[m]);
        let (lag, geos) = (shape.max_lag, ground.model.n_geos());
        let driver = &ground.model.drivers[channel.driver];
        let padded = lag + ground.periods;
        let mut x = vec![0.0; geos * padded];
        for g in 0..geos {
            let own = &mut x[g * padded..(g + 1) * padded];
            own[..lag].copy_from_slice(&channel.history[g * lag..(g + 1) * lag]);
            for (to, s) in own[lag..].iter_mut().zip(path) {
                *to = s * channel.unit[g];
            }
            let after = lag + ground.horizon.len();
            own[after..after + lag].copy_from_slice(&channel.future[g * lag..(g + 1) * lag]);
        }
        let frequency = channel
            .frequency
            .as_ref()
            .map(|f| f.iter().flat_map(|f| std::iter::repeat_n(*f, padded)).collect::<Vec<f64>>());
        let values = shape_values(driver, posterior.values());
        let beta = &posterior.drivers()[channel.driver].effect.beta;
        let mut response = Response::new(shape);
        response.forward(shape, &values, &Exposure { x, frequency });
        let mut out = [0.0; 3];
        for g in 0..geos {
            let f: f64 = response.f[g * ground.periods..(g + 1) * ground.periods].iter().sum();
            let scaled = beta[g] * f;
            out[0] += scaled * ground.model.units[g];
            out[1] += scaled * ground.money[g];
            out[2] += scaled * ground.worth[g];
        }
        out
    }

    /// The same of a platform's posts: all together, then the part of each of the offers (Aumann-Shapley).
    fn platform(&self, posterior: &Posterior, d: usize, p: usize, made: &Made<'_>) -> Vec<[f64; 3]> {
        let &Made { offers, last, reach, factor, gone } = made;
        let (ground, platform) = (self.ground, &self.ground.platforms[p]);
        let model = &ground.model;
        let driver = &model.drivers[platform.driver];
        let (lag, n) = (driver.shape.max_lag, ground.periods);
        let padded = lag + model.n_periods();
        let state = &posterior.drivers()[platform.driver];
        let values = shape_values(driver, posterior.values());
        let half = values.saturation[0];
        let mut kernel = vec![0.0; lag + 1];
        adstock::weights(driver.shape.adstock, &values.adstock, &mut kernel);
        let horizon = &ground.horizon;
        let mut out = vec![[0.0; 3]; offers.len() + 1];
        let multiplied = |t: usize| reach.map_or(1.0, |r| r[t]);
        let segments = &driver.shape.segments;
        for row in 0..driver.shape.rows() {
            let (g, people) = (row / segments.len(), segments[row % segments.len()]);
            let past = |t: usize| state.platform.as_ref().map_or(0.0, |own| own.exposure.x[row * padded + lag + t]);
            let lost = |t: usize| match (gone, &driver.platform, &state.platform) {
                (Some(name), Some(roster), Some(own)) => {
                    let creators = model.creators.iter().filter(|c| c.name == name).flat_map(|c| &c.accounts);
                    let views = |c: usize| own.views[c * padded + lag + t];
                    let part = |&(m, c): &(usize, usize)| {
                        if m == platform.driver { own.weight[c] * roster.shares(c)[row] * views(c) } else { 0.0 }
                    };
                    creators.map(part).sum()
                }
                _ => 0.0,
            };
            // Exposure by period of all posts; and what an offer's posts add to it, by the same sum.
            let mut line = vec![0.0; n];
            let each = |o: usize, add: &mut dyn FnMut(usize, f64)| {
                let offer = &ground.offers[o];
                if gone.is_some_and(|name| name == offer.offer.who.name) {
                    return;
                }
                let each = factor * offer.strength[d] * offer.share[row];
                for (t, posts) in self.paths.posts[o].iter().enumerate().filter(|p| *p.1 > 0) {
                    for (u, share) in offer.decay.iter().enumerate().take_while(|(u, _)| t + u < n) {
                        add(t + u, each * *posts as f64 * share * multiplied(t + u));
                    }
                }
            };
            if last {
                for t in 0..horizon.len() {
                    let then = horizon.last_year(t);
                    line[t] = factor * (past(then) - lost(then)) * multiplied(t);
                }
            } else {
                for &o in offers {
                    each(o, &mut |t, x| line[t] += x);
                }
            }
            let before = |back: usize| {
                if back <= horizon.gap {
                    past(horizon.last[horizon.gap - back])
                } else {
                    let into = back - horizon.gap;
                    let x = state.platform.as_ref().map(|own| &own.exposure.x);
                    x.filter(|_| into <= padded).map_or(0.0, |x| x[row * padded + padded - into])
                }
            };
            let scale = people * state.effect.beta[g];
            let mut add = |i: usize, y: f64| {
                out[i][0] += scale * model.units[g] * y;
                out[i][1] += scale * ground.money[g] * y;
                out[i][2] += scale * ground.worth[g] * y;
            };
            // What a unit of exposure in a period has part in, all periods that it is carried over to.
            let mut part = vec![0.0; n];
            for t in 0..n {
                let carried: f64 = (0..=lag.min(t)).map(|l| kernel[l] * line[t - l]).sum();
                let carry: f64 = (t + 1..=lag).map(|l| kernel[l] * before(l - t)).sum();
                let all = carry + carried;
                add(0, all / (all + half) - carry / (carry + half));
                for l in 0..=lag.min(t) {
                    part[t - l] += kernel[l] / (all + half);
                }
            }
            for (i, &o) in offers.iter().enumerate() {
                let mut y = 0.0;
                each(o, &mut |t, x| y += x * part[t]);
                add(i + 1, y);
            }
        }
        out
    }
}

/// Which posts are made on a platform, and how they fare.
#[derive(Clone, Copy)]
struct Made<'a> {
    /// Offers that are taken.
    offers: &'a [usize],
    /// Whether last year's posts are made again instead; they have no parts.
    last: bool,
    /// What reach is multiplied by, by period.
    reach: Option<&'a [f64]>,
    /// What all posts are multiplied by.
    factor: f64,
    /// Who has left.
    gone: Option<&'a str>,
}

fn put(part: &mut Part, got: [f64; 3], cost: f64) {
    part.units.push(got[0]);
    part.money.push(got[1]);
    part.cost.push(cost);
}
