//! The best plan: continuous where money is, whole where posts are.
//!
//! Without whole numbers the problem is climbed: on few draws with each curve replaced by its concave hull, then with the curves as they are. The
//! tangent there, by the multipliers of the limits, and what the objective can be above it give a bound that no plan within the limits can exceed.
//! Whole plans come from rounding, settling the channels anew, and trying the moves that the gradient points to; where the problem is small
//! enough, by branching until nothing better can be left (branch and bound, Land and Doig 1960). The gap between bound and plan is told. Under
//! other limits the last plan is settled anew and held against its tangent, which bounds plans within any limits.

use crate::channel::MOST_SEEN;
use crate::climb::{Peak, climb};
use crate::ground::Ground;
use crate::limits::{Limits, Row};
use crate::money::{Clash, Group, Money};
use crate::problem::Problem;
use crate::weighted::{ChannelLimits, Held};
use std::ops::Range;

/// A gap below this share of the plan's value is none.
const CLOSED: f64 = 1e-5;
/// Elementary steps (cells of draws, worlds, periods) that branching may take in all.
const EFFORT: f64 = 1e10;
/// Most branches; where there is time for fewer than the least, they would prove nothing.
const MOST_NODES: usize = 3000;
const LEAST_NODES: usize = 40;
/// A plan that is changed for other limits is kept where no other is proven to have more than this share beyond it, or than this beyond what
/// was left open where it was found.
const GOOD: f64 = 5e-3;
const SLIP: f64 = 1e-3;
/// Sweeps over moves, at most: many at a time on few draws, and single ones on all; and where a plan is changed for other limits.
const SWEEPS: usize = 30;
const STEPS: usize = 4;
const AGAIN: usize = 12;
/// Gap from which a search begins at corners too, and the most channels that have them.
const OPEN: f64 = 0.05;
const CORNERS: usize = 12;
/// Draws on which a search begins, and on which moves are tried first.
const COARSE: usize = 100;
pub(crate) const ROUGH: usize = 200;
/// Times that the slope on few draws is corrected to that on all.
const TURNS: usize = 8;
/// A relaxed plan is done where its slope leaves less than this share of its value to be gained.
const FLAT: f64 = 1e-3;
/// Evaluations of one climb.
const CLIMB: usize = 120;
/// How much softer the edge of the worst tenth is where a careful search begins, and turns at each.
const SOFTER: [(f64, usize); 2] = [(8.0, 4), (1.0, 4)];

/// A whole plan, as the search found it.
#[derive(Debug, Clone)]
pub struct Found {
    /// Variables: whole posts.
    pub x: Vec<f64>,
    /// The objective.
    pub value: f64,
    /// No plan within the limits has more.
    pub bound: f64,
    /// Limits and what one unit more of each would bring to the objective.
    pub prices: Vec<(String, f64)>,
    /// Branches that were looked at.
    pub nodes: usize,
    /// The relaxed plan, for a later search to begin with.
    pub relaxed: Vec<f64>,
    /// Multipliers of its limits.
    relaxed_prices: Vec<f64>,
    /// What bounds plans within other limits too; none where nothing was proven.
    tangent: Option<Tangent>,
}

/// A tangent of the objective, and by how much the objective can be above it.
#[derive(Debug, Clone)]
struct Tangent {
    /// Value and slope where it touches.
    value: f64,
    gradient: Vec<f64>,
    above: Above,
    /// Gap of the plan that was found with it.
    gap: f64,
    /// What it holds for: the attitude to risk, the price of money, the number of blocks.
    risk: f64,
    price: f64,
    blocks: usize,
}

/// What is to be known of how much better a plan could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: the bound is infinite. For many plans that are held against each other.
    Nothing,
    /// A bound; the gap is left as rounding and moves leave it.
    Bound,
    /// A bound, and branching until it is reached or effort ends.
    Branch,
}

/// By how much an objective can be above its tangent at a point.
#[derive(Debug, Clone)]
struct Above {
    /// Channel by channel, each within its limits.
    channels: Vec<Held>,
    /// Posts.
    posts: f64,
}

impl Found {
    /// The same as a place to begin with in other worlds, for which nothing is proven.
    pub(crate) fn unproven(&self) -> Found {
        Found { tangent: None, ..self.clone() }
    }

    /// (bound - value) / |value|.
    pub fn gap(&self) -> f64 {
        gap(self.bound, self.value)
    }
}

fn gap(bound: f64, value: f64) -> f64 {
    ((bound - value) / value.abs().max(1e-9)).max(0.0)
}

/// Ranges of what is whole: posts of each offer, spend of each channel.
#[derive(Debug, Clone)]
struct Node {
    posts: Vec<(usize, usize)>,
    channels: Vec<(f64, f64)>,
    bound: f64,
    start: Vec<f64>,
    prices: Vec<f64>,
}

/// The best whole plan. `begin` is a plan found under other limits.
pub fn search(problem: &Problem<'_>, money: &Money, begin: Option<&Found>, proof: Proof) -> Result<Found, Clash> {
    let search = Search { problem, money };
    let ground = problem.ground;
    // A plan of other flights or offers is no place to begin.
    let begin = begin.filter(|old| old.x.len() == problem.layout.count);
    let posts = (0..ground.offers.len()).map(|o| (0, problem.posts_range(o).1)).collect();
    let start = begin.map_or_else(|| search.start(), |b| b.relaxed.clone());
    let mut root = Node {
        posts,
        channels: money.channels.clone(),
        bound: f64::INFINITY,
        start,
        prices: begin.map_or_else(Vec::new, |b| b.relaxed_prices.clone()),
    };
    let clash = || Clash(vec!["the limits cannot all be kept".to_owned()]);
    let coarse = problem.coarse(if problem.risk > 0.0 || proof == Proof::Nothing { ROUGH } else { COARSE });
    // The better of a relaxed plan made whole and the old one, polished.
    let polished = |relaxed: &[f64]| {
        let mut best = search.whole(relaxed);
        if let Some(old) = begin {
            let kept = search.whole(&old.x);
            if kept.1 > best.1 {
                best = kept;
            }
        }
        search.polish(&mut best, (SWEEPS, if proof == Proof::Nothing { 1 } else { STEPS }));
        best
    };
    if proof == Proof::Nothing {
        // Where a plan is at hand, its hulls have been climbed already.
        let (peak, _) = Search { problem: &coarse, money }.relax(&root, begin.is_none(), None).ok_or_else(clash)?;
        let best = polished(&peak.x);
        return Ok(Found {
            x: best.0,
            value: best.1,
            bound: f64::INFINITY,
            prices: Vec::new(),
            nodes: 0,
            relaxed: peak.x,
            relaxed_prices: peak.prices,
            tangent: None,
        });
    }
    if let Some(found) = begin.and_then(|old| search.again(old)) {
        return Ok(found);
    }
    let (near, _) = Search { problem: &coarse, money }.relax(&root, true, None).ok_or_else(clash)?;
    root.start = near.x;
    root.prices = near.prices;
    let (peak, limits) = search.relax(&root, false, Some(&coarse)).ok_or_else(clash)?;
    let above = search.above(&peak.x, &money.channels, None);
    root.bound = search.bound(&peak, &limits, &above);
    let mut tangent = Tangent {
        value: peak.value,
        gradient: peak.gradient.clone(),
        above,
        gap: 0.0,
        risk: problem.risk,
        price: money.price,
        blocks: problem.layout.blocks.len(),
    };
    let relaxed = (peak.x.clone(), peak.prices.clone());
    let mut best = polished(&peak.x);
    search.elsewhere(&mut best, root.bound);
    root.start = peak.x.clone();
    root.prices.clone_from(&peak.prices);
    let size = (ground.draws() * problem.worlds.len().min(8)) as f64
        * (problem.layout.channels.len() * ground.horizon.len() * 12
            + ground.offers.len() * ground.periods * ground.model.n_geos()) as f64;
    let most = Some(((EFFORT / (size * 40.0)) as usize).min(MOST_NODES)).filter(|n| *n >= LEAST_NODES).unwrap_or(1);
    let mut open = vec![(root, peak)];
    let mut nodes = 1;
    let mut bound = open[0].0.bound;
    while let Some(at) = (0..open.len()).max_by(|&a, &b| open[a].0.bound.total_cmp(&open[b].0.bound)) {
        bound = open[at].0.bound;
        if bound - best.1 <= CLOSED * best.1.abs().max(1e-9) || nodes >= most || proof != Proof::Branch {
            break;
        }
        let (node, peak) = open.swap_remove(at);
        let Some(branches) = search.branch(&node, &peak.x) else {
            // Whole already, so what is left of the gap is the hulls'; nothing is to be gained by branching.
            bound = node.bound;
            open.push((node, peak));
            break;
        };
        for mut branch in branches {
            nodes += 1;
            let Some((peak, limits)) = search.relax(&branch, false, None) else { continue };
            let above = search.above(&peak.x, &branch.channels, None);
            branch.bound = search.bound(&peak, &limits, &above).min(node.bound);
            if branch.bound <= best.1 {
                continue;
            }
            let found = search.whole(&peak.x);
            if found.1 > best.1 {
                best = found;
            }
            branch.start.clone_from(&peak.x);
            branch.prices.clone_from(&peak.prices);
            open.push((branch, peak));
        }
        if open.is_empty() {
            bound = best.1;
        }
    }
    if nodes > 1 {
        search.polish(&mut best, (SWEEPS, STEPS));
    }
    let prices = search.prices(&best.0);
    let bound = bound.max(best.1);
    tangent.gap = gap(bound, best.1);
    Ok(Found {
        bound,
        value: best.1,
        x: best.0,
        prices,
        nodes,
        relaxed: relaxed.0,
        relaxed_prices: relaxed.1,
        tangent: Some(tangent),
    })
}

/// What the slope at a peak leaves to be gained within the limits, at most. The multipliers of the first `shared` rows that share variables are
/// bettered.
fn left_to_gain(peak: &Peak, limits: &Limits, shared: usize) -> f64 {
    let here: f64 = peak.x.iter().zip(&peak.gradient).map(|(x, g)| x * g).sum();
    (limits.least_most(&peak.gradient, &mut peak.prices.clone(), shared) - here).max(0.0)
}

/// A function and its gradient.
type Slope<'a> = dyn Fn(&[f64]) -> (f64, Vec<f64>) + 'a;

/// Climbs a function that is dear, `all`, from `peak` by ones that are like it near a point: such a one is climbed with its slope corrected to that
/// of `all`, until what the slope leaves to be gained is a share of `flat`. The curvature needs less care than the slope.
fn corrected<'a>(
    limits: &Limits,
    mut peak: Peak,
    (shared, flat, turns): (usize, f64, usize),
    all: &Slope<'_>,
    like: impl Fn(&[f64]) -> Box<Slope<'a>>,
) -> Peak {
    for _ in 0..turns {
        if left_to_gain(&peak, limits, shared) <= flat * peak.value.abs() {
            break;
        }
        let few = like(&peak.x);
        let wrong: Vec<f64> = peak.gradient.iter().zip(&few(&peak.x).1).map(|(all, few)| all - few).collect();
        let ahead = climb(limits, &peak.x, &peak.prices, (1e-9, CLIMB), |x| {
            let (value, mut gradient) = few(x);
            gradient.iter_mut().zip(&wrong).for_each(|(g, w)| *g += w);
            (value + x.iter().zip(&wrong).map(|(x, w)| x * w).sum::<f64>(), gradient)
        });
        let mut part = 1.0;
        let (x, (value, gradient)) = loop {
            let x: Vec<f64> = peak.x.iter().zip(&ahead.x).map(|(a, b)| a + part * (b - a)).collect();
            let there = all(&x);
            peak.steps += 1;
            if there.0 > peak.value || part < 0.1 {
                break (x, there);
            }
            part *= 0.5;
        };
        if value <= peak.value {
            break;
        }
        peak = Peak { x, value, gradient, prices: ahead.prices, steps: peak.steps };
    }
    peak
}

/// A search under way.
pub(crate) struct Search<'a> {
    pub(crate) problem: &'a Problem<'a>,
    pub(crate) money: &'a Money,
}

impl Search<'_> {
    pub(crate) fn ground(&self) -> &Ground {
        self.problem.ground
    }

    /// Last year's paths, no posts.
    fn start(&self) -> Vec<f64> {
        let layout = &self.problem.layout;
        let mut x = vec![0.0; layout.count];
        for (m, &first) in layout.channels.iter().enumerate() {
            let channel = &self.ground().channels[m];
            for (b, block) in layout.blocks.iter().enumerate() {
                x[first + b] = channel.last[block.clone()].iter().sum();
            }
        }
        x
    }

    /// Settles the channels beside the posts of a plan from other places than where the climb came from: last year's split, so that no plan is worse
    /// than that, and where much is left open, since curves are steep first, each channel at its most and the others at their least.
    fn elsewhere(&self, best: &mut (Vec<f64>, f64), bound: f64) {
        let (blocks, ground) = (self.problem.layout.blocks.len(), self.ground());
        let count = ground.paid() * blocks;
        let last = self.start()[..count].to_vec();
        let total: f64 = last.iter().sum();
        let budget = (self.money.budget.1 - self.fees(&best.0)).max(0.0);
        let factor = if budget.is_finite() && total > 0.0 { budget / total } else { 1.0 };
        let mut starts = vec![last.iter().map(|x| factor * x).collect::<Vec<f64>>()];
        if ground.paid() <= CORNERS && gap(bound, best.1) > OPEN {
            let flown = |m: usize, money: f64| {
                let own = &last[m * blocks..(m + 1) * blocks];
                let sum: f64 = own.iter().sum();
                let part = move |x: &f64| if sum > 0.0 { x / sum } else { 1.0 / blocks as f64 };
                own.iter().map(move |x| money * part(x)).collect::<Vec<f64>>()
            };
            let money = |m: usize, most: bool| {
                let (low, high) = self.money.channels[m];
                flown(m, if most { high } else { low })
            };
            starts.extend((0..ground.paid()).map(|k| (0..ground.paid()).flat_map(|m| money(m, m == k)).collect()));
        }
        for start in starts {
            let mut x = best.0.clone();
            x[..count].copy_from_slice(&start);
            let found = self.settle(&x);
            if found.1 > best.1 {
                *best = found;
            }
        }
    }

    /// Limits with these ranges, `fees` (in all, then in each group) spent already. The budget comes first, then channels, offers, groups, exclusive
    /// groups. Posts cost their cheapest rates.
    fn limits(&self, channels: &[(f64, f64)], posts: &[(f64, f64)], fees: &[f64]) -> Limits {
        let (problem, ground, money) = (self.problem, self.ground(), self.money);
        let layout = &problem.layout;
        let mut limits = problem.boxes();
        let each = layout.blocks.len();
        let money_of = |m: usize| (0..each).map(move |b| (layout.channels[m] + b, 1.0));
        let posts_of = |o: usize, a: f64| (0..ground.offers[o].slots.len()).map(move |k| (layout.offers[o] + k, a));
        for (m, &(_, high)) in channels.iter().enumerate() {
            for (b, block) in layout.blocks.iter().enumerate() {
                limits.high[layout.channels[m] + b] =
                    high.min(MOST_SEEN * ground.channels[m].seen * block.len() as f64);
                limits.scales[layout.channels[m] + b] = (high / each as f64).max(1e-9);
            }
        }
        for (o, &(_, high)) in posts.iter().enumerate() {
            for k in 0..ground.offers[o].slots.len() {
                limits.high[layout.offers[o] + k] = high;
                limits.scales[layout.offers[o] + k] =
                    ground.offers[o].offer.posts.1 as f64 / (ground.offers[o].slots.len() as f64).sqrt();
            }
        }
        // All of the budget is spent, as far as the channels can take it.
        let over = |(i, group): (usize, &Group)| {
            (group.channels.iter().map(|&m| channels[m].1).sum::<f64>() - (group.high - fees[i + 1])).max(0.0)
        };
        let ceiling =
            channels.iter().map(|c| c.1).sum::<f64>() - money.groups.iter().enumerate().map(over).sum::<f64>();
        let (low, high) = ((money.budget.0 - fees[0]).min(ceiling).max(0.0), money.budget.1 - fees[0]);
        let all = (0..channels.len())
            .flat_map(money_of)
            .chain((0..ground.offers.len()).flat_map(|o| posts_of(o, ground.offers[o].mean_rate)))
            .filter(|t| t.1 > 0.0)
            .collect();
        limits.rows.push(Row { name: "budget".into(), terms: all, low: low.min(high), high, apart: false });
        for (m, &(low, high)) in channels.iter().enumerate() {
            limits.rows.push(Row {
                name: ground.channels[m].name.clone(),
                terms: money_of(m).collect(),
                low,
                high,
                apart: true,
            });
        }
        limits.rows.extend(problem.post_rows(|o| posts[o]));
        for (Group { name, channels: inside, offers, low, high }, fees) in money.groups.iter().zip(&fees[1..]) {
            let terms = inside
                .iter()
                .flat_map(|&m| money_of(m).collect::<Vec<_>>())
                .chain(offers.iter().flat_map(|&o| posts_of(o, ground.offers[o].mean_rate).collect::<Vec<_>>()))
                .filter(|t| t.1 > 0.0)
                .collect();
            limits.rows.push(Row { name: name.clone(), terms, low: low - fees, high: high - fees, apart: false });
        }
        for (name, offers) in &ground.exclusive {
            let terms = offers
                .iter()
                .flat_map(|&o| posts_of(o, 1.0 / ground.offers[o].offer.posts.1 as f64).collect::<Vec<_>>());
            limits.rows.push(Row {
                name: format!("one of {name}"),
                terms: terms.collect(),
                low: f64::NEG_INFINITY,
                high: 1.0,
                apart: false,
            });
        }
        limits
    }

    /// The objective with the price of money taken off.
    fn priced(&self, x: &[f64], (value, mut gradient): (f64, Vec<f64>)) -> (f64, Vec<f64>) {
        let price = self.money.price;
        if price == 0.0 {
            return (value, gradient);
        }
        let mut cost = 0.0;
        self.each_cost(|i, a| {
            cost += a * x[i];
            gradient[i] -= price * a;
        });
        (value - price * cost, gradient)
    }

    fn each_cost(&self, mut take: impl FnMut(usize, f64)) {
        let layout = &self.problem.layout;
        for &first in &layout.channels {
            (0..layout.blocks.len()).for_each(|b| take(first + b, 1.0));
        }
        for (o, offer) in self.ground().offers.iter().enumerate() {
            (0..offer.slots.len()).for_each(|k| take(layout.offers[o] + k, offer.mean_rate));
        }
    }

    /// The relaxed problem of a node; none where its limits cannot be kept. With `near`, the same on a few draws, it is climbed there with the
    /// gradient corrected to that of all draws, until that changes nothing: the curvature needs less care than the slope. A careful one is climbed
    /// on the draws that come near to its worst tenth.
    fn relax(&self, node: &Node, concave: bool, near: Option<&Problem<'_>>) -> Option<(Peak, Limits)> {
        let posts: Vec<(f64, f64)> = node.posts.iter().map(|p| (p.0 as f64, p.1 as f64)).collect();
        let limits = self.limits(&node.channels, &posts, &vec![0.0; self.money.groups.len() + 1]);
        let widths = limits.scales();
        let trial = limits.nearest(&node.start, &widths, &mut vec![0.0; limits.rows.len()]);
        if limits.broken(&trial) > 1e-4 {
            return None;
        }
        let value = |problem: &Problem<'_>, x: &[f64]| self.priced(x, problem.value_and_gradient(x, concave));
        let shared = 1 + self.money.groups.len();
        let mut peak = match near {
            None => climb(&limits, &node.start, &node.prices, (2e-6, CLIMB), |x| value(self.problem, x)),
            Some(near) => {
                let mut prices = node.prices.clone();
                prices.resize(limits.rows.len(), 0.0);
                let at = |problem: &Problem<'_>, x: &[f64], prices: Vec<f64>| {
                    let (value, gradient) = value(problem, x);
                    Peak { x: x.to_vec(), value, gradient, prices, steps: 1 }
                };
                let mut peak = at(self.problem, &trial, prices);
                if self.problem.risk == 0.0 {
                    peak = corrected(&limits, peak, (shared, FLAT, TURNS), &|x| value(self.problem, x), |_| {
                        Box::new(|x| value(near, x))
                    });
                } else {
                    // The softer the edge of the worst tenth, the quicker the climb: a soft one first.
                    for (factor, turns) in SOFTER {
                        let problem = self.problem.softer(&peak.x, factor);
                        let from = at(&problem, &peak.x, peak.prices);
                        peak = corrected(&limits, from, (shared, FLAT, turns), &|x| value(&problem, x), |x| {
                            let worst = problem.near_worst(x);
                            Box::new(move |x| value(&worst, x))
                        });
                    }
                }
                peak
            }
        };
        if self.problem.risk > 0.0 && !concave {
            // A tangent is of the weights, not of the soft edge.
            let weights = self.problem.weights(&peak.x, false);
            (peak.value, peak.gradient) = self.priced(&peak.x, self.problem.tangent(&peak.x, &weights, false));
        }
        Some((peak, limits))
    }

    /// The plan that was found under other limits, changed to keep these; none where it cannot be, or is not proven to be good.
    fn again(&self, old: &Found) -> Option<Found> {
        let (problem, money, tangent) = (self.problem, self.money, old.tangent.as_ref()?);
        let layout = &problem.layout;
        if tangent.risk != problem.risk || tangent.blocks != layout.blocks.len() || old.x.len() != layout.count {
            return None;
        }
        let posts: Vec<(f64, f64)> =
            (0..self.ground().offers.len()).map(|o| (0.0, problem.posts_range(o).1 as f64)).collect();
        let limits = self.limits(&money.channels, &posts, &vec![0.0; money.groups.len() + 1]);
        // What the tangent leaves within the new limits.
        let mut from = Peak {
            x: old.relaxed.clone(),
            value: tangent.value,
            gradient: tangent.gradient.clone(),
            prices: old.relaxed_prices.clone(),
            steps: 0,
        };
        from.prices.resize(limits.rows.len(), 0.0);
        self.each_cost(|i, a| {
            from.gradient[i] -= (money.price - tangent.price) * a;
            from.value -= (money.price - tangent.price) * a * old.relaxed[i];
        });
        let above = self.above(&old.relaxed, &money.channels, Some(&tangent.above));
        let bound = self.bound(&from, &limits, &above);
        let mut x = old.x.clone();
        self.afford(&mut x, |o| self.ground().offers[o].mean_rate);
        let (x, value, settled) = self.settled(&x, 1e-6);
        let mut best = (x.clone(), value);
        let good = GOOD.max(tangent.gap + SLIP);
        if gap(bound, best.1) > good {
            self.polish(&mut best, (AGAIN, 0));
        }
        let prices = match settled {
            Some((peak, limits)) if best.0 == x => told(&peak, &limits),
            _ => self.prices(&best.0),
        };
        let found = Found { prices, x: best.0, value: best.1, bound: bound.max(best.1), nodes: 0, ..old.clone() };
        (found.gap() <= good).then_some(found)
    }

    /// By how much the objective can be above its tangent at a point, each channel within its range of money. What is known already of a channel within
    /// limits that were as wide is not looked for again.
    fn above(&self, x: &[f64], channels: &[(f64, f64)], known: Option<&Above>) -> Above {
        let (problem, ground) = (self.problem, self.ground());
        let layout = &problem.layout;
        let lowest: f64 = channels.iter().map(|c| c.0).sum();
        let limits: Vec<ChannelLimits> = (ground.channels.iter().zip(channels))
            .map(|(channel, &(low, high))| {
                let high = high.min(self.money.budget.1 - (lowest - low)).max(low);
                let each = |block: &Range<usize>| {
                    let most = (MOST_SEEN * channel.seen).min(high / block.len() as f64);
                    std::iter::repeat_n(most, block.len())
                };
                let most: Vec<f64> = layout.blocks.iter().flat_map(each).collect();
                ChannelLimits { total: [low, high.min(most.iter().sum())], most }
            })
            .collect();
        let weights = problem.weights(x, false);
        let old = |m: usize| known.map(|k| &k.channels[m]).filter(|old| limits[m].inside(&old.limits));
        let new: Vec<usize> = (0..layout.channels.len()).filter(|&m| old(m).is_none()).collect();
        let mut found = problem.excess_of_channels(x, &weights, &limits, &new).into_iter();
        let channels = (0..layout.channels.len()).filter_map(|m| old(m).cloned().or_else(|| found.next())).collect();
        Above { channels, posts: known.map_or_else(|| problem.excess_of_posts(x, &weights), |k| k.posts) }
    }

    /// What no point within the limits exceeds.
    fn bound(&self, peak: &Peak, limits: &Limits, above: &Above) -> f64 {
        let mut gradient = peak.gradient.clone();
        let mut value = peak.value + above.posts;
        for (held, &first) in above.channels.iter().zip(&self.problem.layout.channels) {
            gradient[first..].iter_mut().zip(&held.tilt).for_each(|(to, x)| *to += x);
            value += held.excess;
        }
        let here: f64 = peak.x.iter().zip(&gradient).map(|(x, g)| x * g).sum();
        let most = limits.least_most(&gradient, &mut peak.prices.clone(), 1 + self.money.groups.len());
        value + (most - here).max(0.0)
    }

    /// Two halves of a node around what is not whole at its relaxed point; none where all is whole.
    fn branch(&self, node: &Node, x: &[f64]) -> Option<Vec<Node>> {
        let (ground, layout) = (self.ground(), &self.problem.layout);
        let total = |o: usize| self.problem.layout.posts(ground, o, x).iter().sum::<f64>();
        let mut worst: Option<(f64, usize)> = None;
        for o in 0..ground.offers.len() {
            let (n, least) = (total(o), ground.offers[o].offer.posts.0 as f64);
            let off = if n < least { n.min(least - n) } else { (n - n.round()).abs() };
            let weight = off * ground.offers[o].mean_rate.max(1e-9);
            if off > 1e-3 && worst.is_none_or(|w| weight > w.0) {
                worst = Some((weight, o));
            }
        }
        if let Some((_, o)) = worst {
            let (n, (least, _)) = (total(o), ground.offers[o].offer.posts);
            let (mut below, mut above) = (node.clone(), node.clone());
            let split = if n < least as f64 { (0, least) } else { (n.floor() as usize, n.floor() as usize + 1) };
            below.posts[o].1 = split.0;
            above.posts[o].0 = split.1;
            return Some(vec![below, above]);
        }
        for (_, offers) in &ground.exclusive {
            let used: Vec<usize> = offers.iter().copied().filter(|&o| total(o) > 0.5).collect();
            if let [first, _, ..] = used[..] {
                let (mut without, mut alone) = (node.clone(), node.clone());
                without.posts[first].1 = 0;
                offers.iter().filter(|&&o| o != first).for_each(|&o| alone.posts[o].1 = 0);
                return Some(vec![without, alone]);
            }
        }
        for (m, least) in self.money.least.iter().enumerate() {
            let Some(least) = least else { continue };
            let spend: f64 = (0..layout.blocks.len()).map(|b| x[layout.channels[m] + b]).sum();
            if spend > 1e-6 * least && spend < least * (1.0 - 1e-6) {
                let (mut off, mut on) = (node.clone(), node.clone());
                off.channels[m] = (0.0, 0.0);
                on.channels[m].0 = *least;
                return Some(vec![off, on]);
            }
        }
        None
    }

    /// A whole plan near a relaxed one, and its value.
    fn whole(&self, x: &[f64]) -> (Vec<f64>, f64) {
        let (ground, layout, money) = (self.ground(), &self.problem.layout, self.money);
        let mut numbers: Vec<usize> = Vec::new();
        for o in 0..ground.offers.len() {
            let n: f64 = layout.posts(ground, o, x).iter().sum();
            let (least, most) = self.problem.posts_range(o);
            numbers.push(if n < least as f64 {
                if n >= 0.5 * least as f64 { least } else { 0 }
            } else {
                (n.round() as usize).min(most)
            });
        }
        for (_, offers) in &ground.exclusive {
            let part =
                |o: usize| layout.posts(ground, o, x).iter().sum::<f64>() / ground.offers[o].offer.posts.1 as f64;
            if let Some(&keep) =
                offers.iter().filter(|&&o| numbers[o] > 0).max_by(|&&a, &&b| part(a).total_cmp(&part(b)))
            {
                offers.iter().filter(|&&o| o != keep).for_each(|&o| numbers[o] = 0);
            }
        }
        let mut all = x.to_vec();
        self.place_all(&mut all, &numbers);
        let part = |o: usize| layout.posts(ground, o, x).iter().sum::<f64>() / numbers[o].max(1) as f64;
        self.afford(&mut all, part);
        debug_assert!(money.channels.len() == layout.channels.len());
        self.settle(&all)
    }

    /// Takes offers out until the rest can be paid, the least worthy first.
    fn afford(&self, x: &mut [f64], worth: impl Fn(usize) -> f64) {
        let mut order: Vec<usize> = (0..self.ground().offers.len()).filter(|&o| self.number(x, o) > 0).collect();
        order.sort_by(|&a, &b| worth(a).total_cmp(&worth(b)).then(a.cmp(&b)));
        for o in order {
            if self.affordable(x) {
                break;
            }
            self.drop(x, o);
        }
    }

    /// Puts whole posts where the relaxed plan has parts of them: each where most of what the platform should have is still missing, the offers
    /// that bring most first. Of offers that it has no part of, evenly.
    fn place_all(&self, x: &mut [f64], numbers: &[usize]) {
        let (ground, layout) = (self.ground(), &self.problem.layout);
        let size: Vec<f64> =
            ground.offers.iter().map(|o| o.strength.iter().sum::<f64>() / o.strength.len() as f64).collect();
        let mut missing = vec![vec![0.0; ground.horizon.len()]; ground.platforms.len()];
        for (o, offer) in ground.offers.iter().enumerate() {
            for (k, n) in layout.posts(ground, o, x).iter().enumerate() {
                missing[offer.platform][offer.slots.start + k] += n * size[o];
            }
        }
        let mut order: Vec<usize> = (0..numbers.len()).collect();
        order.sort_by(|&a, &b| size[b].total_cmp(&size[a]).then(a.cmp(&b)));
        for o in order {
            let slots = ground.offers[o].slots.clone();
            let missing = &mut missing[ground.offers[o].platform][slots.clone()];
            let own = &mut x[layout.offers[o]..layout.offers[o] + slots.len()];
            let may: Vec<bool> = if own.iter().any(|n| *n > 1e-3) {
                own.iter().map(|n| *n > 1e-3).collect()
            } else {
                vec![true; slots.len()]
            };
            own.fill(0.0);
            for _ in 0..numbers[o] {
                let allowed = (0..slots.len()).filter(|&k| may[k]);
                let Some(k) = allowed.max_by(|&a, &b| missing[a].total_cmp(&missing[b]).then(b.cmp(&a))) else { break };
                own[k] += 1.0;
                missing[k] -= size[o];
            }
        }
    }

    /// Takes all posts of an offer out.
    fn drop(&self, x: &mut [f64], o: usize) {
        let first = self.problem.layout.offers[o];
        x[first..first + self.ground().offers[o].slots.len()].fill(0.0);
    }

    pub(crate) fn number(&self, x: &[f64], o: usize) -> usize {
        self.problem.layout.posts(self.ground(), o, x).iter().sum::<f64>().round() as usize
    }

    /// What the posts of a whole plan cost on average.
    pub(crate) fn fees(&self, x: &[f64]) -> f64 {
        (0..self.ground().offers.len()).map(|o| self.ground().offers[o].mean_cost[self.number(x, o)]).sum()
    }

    /// Whether the posts of a whole plan leave the channels and groups what they need.
    pub(crate) fn affordable(&self, x: &[f64]) -> bool {
        let money = self.money;
        let lowest: f64 = money.channels.iter().map(|c| c.0).sum();
        let fits = |spent: f64, high: f64| spent <= high * (1.0 + 1e-9) + 1e-9;
        fits(self.fees(x) + lowest, money.budget.1)
            && money.groups.iter().all(|Group { channels: inside, offers, high, .. }| {
                let fees: f64 = offers.iter().map(|&o| self.ground().offers[o].mean_cost[self.number(x, o)]).sum();
                fits(fees + inside.iter().map(|&m| money.channels[m].0).sum::<f64>(), *high)
            })
    }

    /// The limits that a whole plan's posts leave to the channels.
    fn left(&self, x: &[f64]) -> Limits {
        let ground = self.ground();
        let posts: Vec<(f64, f64)> = (0..ground.offers.len()).map(|_| (0.0, 0.0)).collect();
        let mut channels = self.money.channels.clone();
        // A channel with a least spend if any is on or off, as it stands.
        for (m, least) in self.money.least.iter().enumerate() {
            if let Some(least) = least {
                let first = self.problem.layout.channels[m];
                let spend: f64 = x[first..first + self.problem.layout.blocks.len()].iter().sum();
                channels[m] = if spend < 0.5 * least && channels[m].0 <= 0.0 {
                    (0.0, 0.0)
                } else {
                    (channels[m].0.max(*least), channels[m].1)
                };
            }
        }
        let mut fees = vec![self.fees(x)];
        fees.extend(
            self.money
                .groups
                .iter()
                .map(|group| group.offers.iter().map(|&o| ground.offers[o].mean_cost[self.number(x, o)]).sum::<f64>()),
        );
        let mut limits = self.limits(&channels, &posts, &fees);
        // The posts are where they are.
        let count = self.problem.layout.channels.len() * self.problem.layout.blocks.len();
        for all in [&mut limits.low, &mut limits.high, &mut limits.scales] {
            all.truncate(count);
        }
        let first = self.problem.layout.channels.len() + 1;
        limits.rows.drain(first..first + ground.offers.len());
        limits.rows.iter_mut().for_each(|row| row.terms.retain(|t| t.0 < count));
        limits.rows.retain(|row| !row.terms.is_empty());
        limits
    }

    /// Profits of all but the channels of a whole plan, its costs as they are.
    pub(crate) fn rest(&self, x: &[f64]) -> Vec<f64> {
        let (problem, ground) = (self.problem, self.ground());
        let mut all = problem.fixed().to_vec();
        for p in (0..ground.platforms.len()).filter(|&p| !problem.by_platform[p].is_empty()) {
            all.iter_mut().zip(problem.platform_profits(p, x)).for_each(|(a, b)| *a += b);
        }
        self.take_costs(x, &mut all);
        all
    }

    /// Takes what the posts of a whole plan cost off profits.
    pub(crate) fn take_costs(&self, x: &[f64], profits: &mut [f64]) {
        let (problem, worlds) = (self.problem, self.problem.worlds.len());
        for (o, offer) in self.ground().offers.iter().enumerate() {
            let n = self.number(x, o);
            if n > 0 {
                for (own, &d) in profits.chunks_exact_mut(worlds).zip(problem.draws()) {
                    let cost = offer.cost(n, d);
                    own.iter_mut().for_each(|v| *v -= cost);
                }
            }
        }
    }

    /// The best spend of the channels beside the posts of a whole plan.
    fn settle(&self, x: &[f64]) -> (Vec<f64>, f64) {
        let (x, value, _) = self.settled(x, 1e-6);
        (x, value)
    }

    pub(crate) fn settled(&self, x: &[f64], small: f64) -> (Vec<f64>, f64, Option<(Peak, Limits)>) {
        let rest = self.rest(x);
        let fees = self.money.price * self.fees(x);
        let layout = &self.problem.layout;
        if layout.channels.is_empty() {
            return (x.to_vec(), self.problem.score(&rest).0 - fees, None);
        }
        let limits = self.left(x);
        let priced = |at: &[f64]| {
            let (value, mut gradient) = self.problem.value_and_gradient_of_channels(at, &rest);
            let mut spend = 0.0;
            for &first in &layout.channels {
                for b in 0..layout.blocks.len() {
                    spend += at[first + b];
                    gradient[first + b] -= self.money.price;
                }
            }
            (value - self.money.price * spend, gradient)
        };
        let count = layout.channels.len() * layout.blocks.len();
        let peak = climb(&limits, &x[..count], &vec![0.0; limits.rows.len()], (small, CLIMB), priced);
        let mut out = x.to_vec();
        out[..count].copy_from_slice(&peak.x);
        // What clashes is worth nothing.
        let value = if limits.broken(&peak.x) > 1e-4 {
            f64::NEG_INFINITY
        } else if self.problem.risk > 0.0 {
            // It was climbed with a soft edge.
            let spend: f64 = peak.x.iter().sum();
            self.problem.value_of_channels(&peak.x, &rest) - self.money.price * spend - fees
        } else {
            peak.value - fees
        };
        (out, value, Some((peak, limits)))
    }

    /// What one unit more of each limit that binds would bring.
    fn prices(&self, x: &[f64]) -> Vec<(String, f64)> {
        self.settled(x, 1e-7).2.map_or_else(Vec::new, |(peak, limits)| told(&peak, &limits))
    }
}

/// The limits that bind at a peak, and what one unit more of each would bring.
fn told(peak: &Peak, limits: &Limits) -> Vec<(String, f64)> {
    let binding = limits.rows.iter().zip(&peak.prices).filter(|(_, price)| price.abs() > 1e-9);
    binding
        .map(|(row, price)| {
            let side = if *price > 0.0 { "at most" } else { "at least" };
            let name = if row.name == "budget" { row.name.clone() } else { format!("{}: {side}", row.name) };
            (name, *price)
        })
        .collect()
}
