//! The best plan: continuous where money is, whole where posts are.
//!
//! Without whole numbers, and with each curve replaced by its concave hull, the problem is concave: climbing it gives a plan of parts of posts and,
//! by the multipliers of the limits, a bound that no plan within them can exceed. Whole plans come from rounding it, settling the channels anew,
//! and trying the moves that the gradient points to; where the problem is small enough, by branching until nothing better can be left (branch and
//! bound, Land and Doig 1960). The gap between bound and plan is told.

use crate::channel::MOST_SEEN;
use crate::climb::{Peak, climb};
use crate::ground::Ground;
use crate::limits::{Limits, Row};
use crate::money::{Clash, Group, Money};
use crate::problem::Problem;

/// A gap below this share of the plan's value is none.
const CLOSED: f64 = 1e-5;
/// Elementary steps (cells of draws, worlds, periods) that branching may take in all.
const EFFORT: f64 = 1e10;
/// Most branches.
const MOST_NODES: usize = 3000;
/// Draws on which a search begins, and on which moves are tried first.
const COARSE: usize = 100;
const ROUGH: usize = 200;
/// Evaluations of one climb.
const CLIMB: usize = 120;

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
}

impl Found {
    /// (bound - value) / |value|.
    pub fn gap(&self) -> f64 {
        ((self.bound - self.value) / self.value.abs().max(1e-9)).max(0.0)
    }
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

/// The best whole plan. `begin` is a plan found under other limits. Without `branch` the gap is left as rounding and moves leave it.
pub fn search(problem: &Problem<'_>, money: &Money, begin: Option<&Found>, branch: bool) -> Result<Found, Clash> {
    let search = Search { problem, money };
    let ground = problem.ground;
    let posts = ground.offers.iter().map(|o| (0, o.offer.posts.1)).collect();
    let start = begin.map_or_else(|| search.start(), |b| b.relaxed.clone());
    let mut root = Node {
        posts,
        channels: money.channels.clone(),
        bound: f64::INFINITY,
        start,
        prices: begin.map_or_else(Vec::new, |b| b.relaxed_prices.clone()),
    };
    let clash = || Clash(vec!["the limits cannot all be kept".to_owned()]);
    let coarse = problem.coarse(COARSE);
    let (near, _) = Search { problem: &coarse, money }.relax(&root).ok_or_else(clash)?;
    root.start = near.x;
    root.prices = near.prices;
    let (peak, limits) = search.relax(&root).ok_or_else(clash)?;
    root.bound = search.bound(&peak, &limits);
    let relaxed = (peak.x.clone(), peak.prices.clone());
    let mut best = search.whole(&peak.x);
    if let Some(old) = begin {
        let kept = search.whole(&old.x);
        if kept.1 > best.1 {
            best = kept;
        }
    }
    let rough = problem.coarse(ROUGH);
    search.polish(&rough, &mut best);
    root.start = peak.x.clone();
    root.prices.clone_from(&peak.prices);
    let size = (ground.draws() * problem.worlds.len().min(8)) as f64
        * (problem.layout.channels.len() * ground.horizon.len() * 12
            + ground.offers.len() * ground.periods * ground.model.n_geos()) as f64;
    let most = ((EFFORT / (size * 40.0)) as usize).min(MOST_NODES);
    let mut open = vec![(root, peak)];
    let mut nodes = 1;
    let mut bound = open[0].0.bound;
    while let Some(at) = (0..open.len()).max_by(|&a, &b| open[a].0.bound.total_cmp(&open[b].0.bound)) {
        bound = open[at].0.bound;
        if bound - best.1 <= CLOSED * best.1.abs().max(1e-9) || nodes >= most.max(1) || !branch {
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
            let Some((peak, limits)) = search.relax(&branch) else { continue };
            branch.bound = search.bound(&peak, &limits).min(node.bound);
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
        search.polish(&rough, &mut best);
    }
    let prices = search.prices(&best.0);
    Ok(Found {
        bound: bound.max(best.1),
        value: best.1,
        x: best.0,
        prices,
        nodes,
        relaxed: relaxed.0,
        relaxed_prices: relaxed.1,
    })
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

    /// The relaxed problem of a node; none where its limits cannot be kept.
    fn relax(&self, node: &Node) -> Option<(Peak, Limits)> {
        let posts: Vec<(f64, f64)> = node.posts.iter().map(|p| (p.0 as f64, p.1 as f64)).collect();
        let limits = self.limits(&node.channels, &posts, &vec![0.0; self.money.groups.len() + 1]);
        let widths = limits.scales();
        let trial = limits.nearest(&node.start, &widths, &mut vec![0.0; limits.rows.len()]);
        if limits.broken(&trial) > 1e-4 {
            return None;
        }
        let peak = climb(&limits, &node.start, &node.prices, (2e-6, CLIMB), |x| {
            self.priced(x, self.problem.value_and_gradient(x, true))
        });
        Some((peak, limits))
    }

    /// What no point within the limits exceeds, by the slope at the peak: the function is concave.
    fn bound(&self, peak: &Peak, limits: &Limits) -> f64 {
        let here: f64 = peak.x.iter().zip(&peak.gradient).map(|(x, g)| x * g).sum();
        let by = |prices: &[f64]| peak.value + (limits.most(&peak.gradient, prices) - here).max(0.0);
        // Multipliers of a longer step are nearer to those of the linear problem; any prove a bound.
        let widths = limits.scales();
        let steepest = peak.gradient.iter().zip(&widths).map(|(g, w)| (g * w).abs()).fold(1e-300, f64::max);
        let mut best = by(&peak.prices);
        for reach in [0.1, 1.0, 10.0] {
            let length = reach / steepest;
            let ahead: Vec<f64> =
                (0..peak.x.len()).map(|i| peak.x[i] + length * widths[i] * widths[i] * peak.gradient[i]).collect();
            let mut scaled: Vec<f64> = peak.prices.iter().map(|p| -p * length).collect();
            limits.nearest(&ahead, &widths, &mut scaled);
            let prices: Vec<f64> = scaled.iter().map(|s| -s / length).collect();
            best = best.min(by(&prices));
        }
        best
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
        for (o, offer) in ground.offers.iter().enumerate() {
            let n: f64 = layout.posts(ground, o, x).iter().sum();
            let (least, most) = offer.offer.posts;
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
        for (o, &n) in numbers.iter().enumerate() {
            self.place(&mut all, o, n);
        }
        // What is too dear goes, the least loved first.
        let mut order: Vec<usize> = (0..numbers.len()).filter(|&o| numbers[o] > 0).collect();
        let part = |o: usize| layout.posts(ground, o, x).iter().sum::<f64>() / numbers[o].max(1) as f64;
        order.sort_by(|&a, &b| part(a).total_cmp(&part(b)).then(a.cmp(&b)));
        for o in order {
            if self.affordable(&all) {
                break;
            }
            self.place(&mut all, o, 0);
        }
        debug_assert!(money.channels.len() == layout.channels.len());
        self.settle(&all)
    }

    /// Puts n posts of an offer where the relaxed plan has most of them.
    fn place(&self, x: &mut [f64], o: usize, n: usize) {
        let (first, slots) = (self.problem.layout.offers[o], self.ground().offers[o].slots.len());
        let own: Vec<f64> = x[first..first + slots].to_vec();
        let total: f64 = own.iter().sum();
        let mut out = vec![0.0; slots];
        for k in 0..n {
            // The middle of the k-th of n equal parts of the mass; spread evenly where there is none.
            let mark = (k as f64 + 0.5) / n as f64;
            let slot = if total > 1e-9 {
                let mut sum = 0.0;
                own.iter().position(|v| {
                    sum += v;
                    sum >= mark * total - 1e-12
                })
            } else {
                Some((mark * slots as f64) as usize)
            };
            out[slot.unwrap_or(slots - 1).min(slots - 1)] += 1.0;
        }
        x[first..first + slots].copy_from_slice(&out);
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
        self.limits(&channels, &posts, &fees)
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
        let peak = climb(&limits, x, &vec![0.0; limits.rows.len()], (small, CLIMB), priced);
        let mut out = peak.x.clone();
        for o in 0..self.ground().offers.len() {
            let range = layout.offers[o]..layout.offers[o] + self.ground().offers[o].slots.len();
            out[range.clone()].copy_from_slice(&x[range]);
        }
        // What clashes is worth nothing.
        let value = if limits.broken(&peak.x) > 1e-4 { f64::NEG_INFINITY } else { peak.value - fees };
        (out, value, Some((peak, limits)))
    }

    /// What one unit more of each limit that binds would bring.
    fn prices(&self, x: &[f64]) -> Vec<(String, f64)> {
        let (_, _, Some((peak, limits))) = self.settled(x, 1e-7) else { return Vec::new() };
        let offers = self.ground().offers.len();
        let channels = self.problem.layout.channels.len();
        let shown = |r: usize| r <= channels || r > channels + offers;
        limits
            .rows
            .iter()
            .zip(&peak.prices)
            .enumerate()
            .filter(|(r, (_, price))| shown(*r) && price.abs() > 1e-9)
            .map(|(_, (row, price))| {
                let side = if *price > 0.0 { "at most" } else { "at least" };
                let name = if row.name == "budget" { row.name.clone() } else { format!("{}: {side}", row.name) };
                (name, *price)
            })
            .collect()
    }
}
