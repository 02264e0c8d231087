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
use crate::problem::Problem;
use counterpoint::project::plan::{Budget, PlanSpec};

/// A gap below this share of the plan's value is none.
const CLOSED: f64 = 1e-5;
/// Elementary steps (cells of draws, worlds, periods) that branching may take in all.
const EFFORT: f64 = 4e10;
/// Most branches.
const MOST_NODES: usize = 3000;
/// Moves that are tried at a time, the most promising first.
const MOVES: usize = 64;
/// Draws on which a search begins.
const COARSE: usize = 100;
/// Evaluations of one climb.
const CLIMB: usize = 120;

/// Money limits of each channel, and the budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Money {
    /// Least and most of each paid channel.
    pub channels: Vec<(f64, f64)>,
    /// Least spend of each channel, if any.
    pub least: Vec<Option<f64>>,
    /// Least and most money in all.
    pub budget: (f64, f64),
    /// Sums over channels and offers: name, channels, offers, least and most.
    pub groups: Vec<(String, Vec<usize>, Vec<usize>, f64, f64)>,
    /// What a unit of money in all must bring back besides itself: the price that a target on the marginal return sets.
    pub price: f64,
}

/// Which limits cannot be kept together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash(pub Vec<String>);

impl Money {
    /// The limits of a specification at a budget; none: as much as pays.
    ///
    /// # Errors
    /// The limits that clash, in words.
    pub fn new(ground: &Ground, spec: &PlanSpec, budget: Option<f64>) -> Result<Money, Clash> {
        let mut wrong = Vec::new();
        let planned = ground.horizon.len() as f64;
        let paid = ground.paid();
        let usual: Vec<f64> = ground.channels[..paid]
            .iter()
            .map(|c| {
                let last: f64 = c.last.iter().sum();
                if last > 0.0 { last } else { 0.25 * c.seen * planned }
            })
            .collect();
        let last = ground.last_channels() + if ground.offers.is_empty() { 0.0 } else { ground.last_creators };
        let scale = match budget {
            Some(b) if last > 0.0 => b / last,
            Some(b) => b / usual.iter().sum::<f64>().max(1e-9),
            None => 1.0,
        };
        let mut channels = Vec::new();
        let mut least = Vec::new();
        for (m, channel) in ground.channels[..paid].iter().enumerate() {
            let own = spec.drivers.iter().find(|d| d.name == channel.name);
            let last: f64 = channel.last.iter().sum();
            let reach = MOST_SEEN * channel.seen * planned;
            let (mut low, mut high) = (spec.change.0 * usual[m] * scale, (spec.change.1 * usual[m] * scale).min(reach));
            if let Some(own) = own {
                let (min, max) = (own.min.map(|a| a.of(last)), own.max.map(|a| a.of(last)));
                if own.lock {
                    (low, high) = (last, last);
                } else {
                    (low, high) = match (min, max) {
                        (Some(a), Some(b)) => (a, b),
                        (Some(a), None) => (a, high.max(a)),
                        (None, Some(b)) => (low.min(b), b),
                        (None, None) => (low, high),
                    };
                    if let Some(x) = own.least_if_used {
                        low = if min.is_some() { low } else { 0.0 };
                        if x > high {
                            wrong.push(format!("{}: least_if_used {x:.0} is above its most, {high:.0}", channel.name));
                        }
                    }
                }
                if low > reach * (1.0 + 1e-9) {
                    wrong.push(format!(
                        "{}: at least {low:.0}, but no plan goes beyond {reach:.0}, {MOST_SEEN} times the most that any period of the data had",
                        channel.name
                    ));
                }
                high = high.min(reach);
            }
            if low > high * (1.0 + 1e-9) + 1e-9 {
                wrong.push(format!("{}: at least {low:.0} and at most {high:.0}", channel.name));
            }
            channels.push((low.min(high), high));
            least.push(own.and_then(|o| o.least_if_used).filter(|x| *x > 0.0));
        }
        let lowest: f64 = channels.iter().map(|c| c.0).sum();
        if let Some(b) = budget.filter(|b| lowest > b * (1.0 + 1e-9) + 1e-9) {
            wrong.push(format!("the channels' least spends add up to {lowest:.0}, but the budget is {b:.0}"));
        }
        let mut groups = Vec::new();
        for group in &spec.groups {
            let named = |name: &str, place: &str| {
                group.drivers.iter().any(|d| d == name)
                    || group.platform.as_ref().is_some_and(|p| crate::shock::same(p, place))
            };
            let inside: Vec<usize> =
                (0..paid).filter(|&m| named(&ground.channels[m].name, &ground.channels[m].place)).collect();
            let offers: Vec<usize> = (0..ground.offers.len())
                .filter(|&o| {
                    let offer = &ground.offers[o];
                    named(&offer.offer.who.name, &ground.platforms[offer.platform].name)
                })
                .collect();
            let (low, high) = (group.min.unwrap_or(f64::NEG_INFINITY), group.max.unwrap_or(f64::INFINITY));
            let floor: f64 = inside.iter().map(|&m| channels[m].0).sum();
            let dearest = |o: &usize| ground.offers[*o].mean_cost.iter().copied().fold(0.0, f64::max);
            let ceiling: f64 = inside.iter().map(|&m| channels[m].1).sum::<f64>() + offers.iter().map(dearest).sum::<f64>();
            if floor > high * (1.0 + 1e-9) {
                wrong.push(format!("{}: at most {high:.0}, but its channels' least spends add up to {floor:.0}", group.name));
            }
            if low > ceiling * (1.0 + 1e-9) {
                wrong.push(format!("{}: at least {low:.0}, but all in it can take {ceiling:.0} at most", group.name));
            }
            if let Some(b) = budget.filter(|b| low > *b) {
                wrong.push(format!("{}: at least {low:.0}, but the budget is {b:.0}", group.name));
            }
            groups.push((group.name.clone(), inside, offers, low, high));
        }
        if wrong.is_empty() {
            let high = budget.unwrap_or(f64::INFINITY);
            let low = if budget.is_some() && spec.budget != Budget::Free { high } else { 0.0 };
            Ok(Money { channels, least, budget: (low, high), groups, price: 0.0 })
        } else {
            Err(Clash(wrong))
        }
    }
}

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
    let mut root =
        Node { posts, channels: money.channels.clone(), bound: f64::INFINITY, start, prices: begin.map_or_else(Vec::new, |b| b.relaxed_prices.clone()) };
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
    search.polish(&mut best);
    #[allow(clippy::print_stderr)]
    {
        let t = |x: &[f64], c| problem.value_and_gradient(x, c).0;
        eprintln!("DEBUG steps {} hull at hull peak {:.0} true there {:.0} hull at best {:.0} true at best {:.0} bound {:.0}", peak.steps, peak.value, t(&peak.x, false), t(&best.0, true), best.1, root.bound);
    }
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
    search.polish(&mut best);
    let prices = search.prices(&best.0);
    Ok(Found { bound: bound.max(best.1), value: best.1, x: best.0, prices, nodes, relaxed: relaxed.0, relaxed_prices: relaxed.1 })
}

struct Search<'a> {
    problem: &'a Problem<'a>,
    money: &'a Money,
}

impl Search<'_> {
    fn ground(&self) -> &Ground {
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

    /// Limits with these ranges. The budget comes first, then channels, offers, groups, exclusive groups. Costs of posts are `rates` each.
    fn limits(&self, channels: &[(f64, f64)], posts: &[(f64, f64)], spent: f64) -> Limits {
        let (problem, ground, money) = (self.problem, self.ground(), self.money);
        let layout = &problem.layout;
        let mut limits = problem.boxes();
        let each = layout.blocks.len();
        let money_of = |m: usize| (0..each).map(move |b| (layout.channels[m] + b, 1.0));
        let posts_of = |o: usize, a: f64| (0..ground.offers[o].slots.len()).map(move |k| (layout.offers[o] + k, a));
        for (m, &(_, high)) in channels.iter().enumerate() {
            for (b, block) in layout.blocks.iter().enumerate() {
                limits.high[layout.channels[m] + b] = high.min(MOST_SEEN * ground.channels[m].seen * block.len() as f64);
                limits.scales[layout.channels[m] + b] = (high / each as f64).max(1e-9);
            }
        }
        for (o, &(_, high)) in posts.iter().enumerate() {
            for k in 0..ground.offers[o].slots.len() {
                limits.high[layout.offers[o] + k] = high;
                limits.scales[layout.offers[o] + k] = ground.offers[o].offer.posts.1 as f64 / (ground.offers[o].slots.len() as f64).sqrt();
            }
        }
        let ceiling: f64 = channels.iter().map(|c| c.1).sum::<f64>()
            + posts.iter().zip(&ground.offers).map(|(p, o)| p.1 * o.mean_rate).sum::<f64>();
        let high = money.budget.1 - spent;
        let all = (0..channels.len())
            .flat_map(money_of)
            .chain((0..ground.offers.len()).flat_map(|o| posts_of(o, ground.offers[o].mean_rate)))
            .filter(|t| t.1 > 0.0)
            .collect();
        // All of the budget is spent as far as the limits allow.
        limits.rows.push(Row { name: "budget".into(), terms: all, low: (money.budget.0 - spent).min(ceiling).max(0.0), high, apart: false });
        for (m, &(low, high)) in channels.iter().enumerate() {
            limits.rows.push(Row { name: ground.channels[m].name.clone(), terms: money_of(m).collect(), low, high, apart: true });
        }
        limits.rows.extend(problem.post_rows(|o| posts[o]));
        for (name, inside, offers, low, high) in &money.groups {
            let terms = inside
                .iter()
                .flat_map(|&m| money_of(m).collect::<Vec<_>>())
                .chain(offers.iter().flat_map(|&o| posts_of(o, ground.offers[o].mean_rate).collect::<Vec<_>>()))
                .filter(|t| t.1 > 0.0)
                .collect();
            limits.rows.push(Row { name: name.clone(), terms, low: *low, high: *high, apart: false });
        }
        for (name, offers) in &ground.exclusive {
            let terms =
                offers.iter().flat_map(|&o| posts_of(o, 1.0 / ground.offers[o].offer.posts.1 as f64).collect::<Vec<_>>());
            limits.rows.push(Row { name: format!("one of {name}"), terms: terms.collect(), low: f64::NEG_INFINITY, high: 1.0, apart: false });
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
        let limits = self.limits(&node.channels, &posts, 0.0);
        let widths = limits.scales();
        let trial = limits.nearest(&node.start, &widths, &mut vec![0.0; limits.rows.len()]);
        if limits.broken(&trial) > 1e-4 {
        #[allow(clippy::print_stderr)]
         { eprintln!("DEBUG relax broken {:.2e}", limits.broken(&trial));
          for r in &limits.rows { if r.at(&trial) > r.high*1.0001 || r.at(&trial) < r.low*0.9999 { eprintln!("DEBUG   {} {} {} {}", r.name, r.low, r.high, r.at(&trial)); } } }
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
            let part = |o: usize| layout.posts(ground, o, x).iter().sum::<f64>() / ground.offers[o].offer.posts.1 as f64;
            if let Some(&keep) = offers.iter().filter(|&&o| numbers[o] > 0).max_by(|&&a, &&b| part(a).total_cmp(&part(b))) {
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

    fn number(&self, x: &[f64], o: usize) -> usize {
        self.problem.layout.posts(self.ground(), o, x).iter().sum::<f64>().round() as usize
    }

    /// What the posts of a whole plan cost on average.
    fn fees(&self, x: &[f64]) -> f64 {
        (0..self.ground().offers.len()).map(|o| self.ground().offers[o].mean_cost[self.number(x, o)]).sum()
    }

    /// Whether the posts of a whole plan leave the channels and groups what they need.
    fn affordable(&self, x: &[f64]) -> bool {
        let money = self.money;
        let lowest: f64 = money.channels.iter().map(|c| c.0).sum();
        let fits = |spent: f64, high: f64| spent <= high * (1.0 + 1e-9) + 1e-9;
        fits(self.fees(x) + lowest, money.budget.1)
            && money.groups.iter().all(|(_, inside, offers, _, high)| {
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
                channels[m] = if spend < 0.5 * least && channels[m].0 <= 0.0 { (0.0, 0.0) } else { (channels[m].0.max(*least), channels[m].1) };
            }
        }
        let mut limits = self.limits(&channels, &posts, self.fees(x));
        let from = limits.rows.len() - ground.exclusive.len() - self.money.groups.len();
        for (row, (_, _, offers, low, high)) in limits.rows[from..].iter_mut().zip(&self.money.groups) {
            let fees: f64 = offers.iter().map(|&o| ground.offers[o].mean_cost[self.number(x, o)]).sum();
            (row.low, row.high) = (low - fees, high - fees);
        }
        limits
    }

    /// Profits of all but the channels of a whole plan, its costs as they are.
    fn rest(&self, x: &[f64]) -> Vec<f64> {
        let (problem, ground) = (self.problem, self.ground());
        let mut all = problem.fixed().to_vec();
        for p in (0..ground.platforms.len()).filter(|&p| !problem.by_platform[p].is_empty()) {
            all.iter_mut().zip(problem.platform_profits(p, x)).for_each(|(a, b)| *a += b);
        }
        self.take_costs(x, &mut all);
        all
    }

    /// Takes what the posts of a whole plan cost off profits.
    fn take_costs(&self, x: &[f64], profits: &mut [f64]) {
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

    fn settled(&self, x: &[f64], small: f64) -> (Vec<f64>, f64, Option<(Peak, Limits)>) {
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
        #[allow(clippy::print_stderr)]
        if limits.broken(&peak.x) > 1e-4 { eprintln!("DEBUG settle broken {:.2e}", limits.broken(&peak.x));
          for r in &limits.rows { if r.at(&peak.x) > r.high*1.0001 || r.at(&peak.x) < r.low*0.9999 { eprintln!("DEBUG   {} {} {} {}", r.name, r.low, r.high, r.at(&peak.x)); } } 
          for i in 0..peak.x.len() { if peak.x[i] > limits.high[i]*1.0001 || peak.x[i] < limits.low[i] { eprintln!("DEBUG   {i} {} {} {}", limits.low[i], limits.high[i], peak.x[i]); } } }
        // What clashes is worth nothing.
        let value = if limits.broken(&peak.x) > 1e-4 { f64::NEG_INFINITY } else { peak.value - fees };
        (out, value, Some((peak, limits)))
    }

    /// Tries the moves of posts that the gradient points to until none helps.
    fn polish(&self, best: &mut (Vec<f64>, f64)) {
        let ground = self.ground();
        if ground.offers.is_empty() || best.1 == f64::NEG_INFINITY {
            return;
        }
        let rounds = 4 + ground.offers.len() / 4;
        for _ in 0..rounds {
            let Some(better) = self.step(best) else { return };
            *best = better;
        }
    }

    /// The first of the most promising moves that helps.
    fn step(&self, best: &(Vec<f64>, f64)) -> Option<(Vec<f64>, f64)> {
        let (problem, ground, layout) = (self.problem, self.ground(), &self.problem.layout);
        let (x, value) = best;
        let gradient = problem.gradient(x, &self.rest(x));
        // What a unit of money brings in the channels: the mean slope of those that may move.
        let price = self.money_price(x, &gradient);
        let mut moves: Vec<(f64, Vec<f64>)> = Vec::new();
        let mut gains: Vec<(f64, usize, usize)> = Vec::new();
        let mut losses: Vec<(f64, usize, usize)> = Vec::new();
        for (o, offer) in ground.offers.iter().enumerate() {
            let slots = offer.slots.len();
            let own = &x[layout.offers[o]..layout.offers[o] + slots];
            let by = &gradient[layout.offers[o]..layout.offers[o] + slots];
            let n = self.number(x, o);
            let (least, most) = offer.offer.posts;
            let top = (0..slots).max_by(|&a, &b| by[a].total_cmp(&by[b])).unwrap_or(0);
            // The gradient has the cheapest rate taken off; the true difference of costs goes in its place.
            let worth = |k: usize| by[k] + offer.mean_rate;
            let differ = |to: usize| (offer.mean_cost[to] - offer.mean_cost[n]) * (1.0 + price);
            if n < most {
                let add = if n == 0 { least } else { 1 };
                let gain = add as f64 * worth(top) - differ(n + add);
                gains.push((gain, o, add));
            }
            if n > 0 {
                let remove = if n <= least { n } else { 1 };
                let low = (0..slots).filter(|&k| own[k] > 0.0).min_by(|&a, &b| by[a].total_cmp(&by[b])).unwrap_or(0);
                losses.push((-(remove as f64) * worth(low) - differ(n - remove), o, remove));
                if by[top] > by[low] {
                    let mut moved = x.clone();
                    moved[layout.offers[o] + low] -= 1.0;
                    moved[layout.offers[o] + top] += 1.0;
                    moves.push((by[top] - by[low], moved));
                }
            }
        }
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        losses.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let with = |x: &[f64], o: usize, n: usize| {
            let mut to = x.to_vec();
            self.change(&mut to, o, n, &gradient);
            to
        };
        for &(gain, o, add) in gains.iter().take(MOVES / 2) {
            moves.push((gain, with(x, o, self.number(x, o) + add)));
        }
        for &(gain, o, remove) in losses.iter().take(MOVES / 2) {
            moves.push((gain, with(x, o, self.number(x, o) - remove)));
        }
        for &(up, a, add) in gains.iter().take(8) {
            for &(down, b, remove) in losses.iter().take(8).filter(|l| l.1 != a) {
                let swapped = with(&with(x, b, self.number(x, b) - remove), a, self.number(x, a) + add);
                moves.push((up + down, swapped));
            }
        }
        moves.sort_by(|a, b| b.0.total_cmp(&a.0));
        moves.retain(|m| self.exclusive_kept(&m.1) && self.affordable(&m.1));
        moves.truncate(MOVES);
        // Each move with the channels as they are and money at its price; the best of them with the channels settled anew.
        let state = State::new(self, x);
        let mut tried: Vec<(f64, Vec<f64>)> =
            moves.into_iter().map(|(_, to)| (state.gain(self, &to, price), to)).filter(|m| m.0 > 1e-9 * value.abs()).collect();
        tried.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, to) in tried.into_iter().take(4) {
            let (settled, new, _) = self.settled(&to, 1e-5);
            if new > value + 1e-9 * value.abs() {
                return Some((settled, new));
            }
        }
        None
    }

    fn exclusive_kept(&self, x: &[f64]) -> bool {
        self.ground().exclusive.iter().all(|(_, offers)| offers.iter().filter(|&&o| self.number(x, o) > 0).count() <= 1)
    }

    /// What one more unit of money brings in the channels, by the slope of the best that may take it.
    fn money_price(&self, x: &[f64], gradient: &[f64]) -> f64 {
        let layout = &self.problem.layout;
        if self.money.budget.1.is_infinite() {
            return 0.0;
        }
        let (mut sum, mut count) = (0.0, 0.0);
        for (m, &first) in layout.channels.iter().enumerate() {
            let spend: f64 = (0..layout.blocks.len()).map(|b| x[first + b]).sum();
            let (low, high) = self.money.channels[m];
            if spend > low * 1.001 + 1e-9 && spend < high * 0.999 {
                for b in (0..layout.blocks.len()).filter(|b| x[first + b] > 1e-9) {
                    sum += gradient[first + b] * x[first + b];
                    count += x[first + b];
                }
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// Changes the number of posts of an offer, in and out of the slots where it helps most.
    fn change(&self, x: &mut [f64], o: usize, n: usize, gradient: &[f64]) {
        let (first, slots) = (self.problem.layout.offers[o], self.ground().offers[o].slots.len());
        let mut now = self.number(x, o);
        let by = |k: usize| gradient[first + k];
        while now > n {
            let Some(k) = (0..slots).filter(|&k| x[first + k] > 0.5).min_by(|&a, &b| by(a).total_cmp(&by(b))) else { return };
            x[first + k] -= 1.0;
            now -= 1;
        }
        while now < n {
            // A slot that has none yet, if there is one as good; posts of one week saturate together.
            let load = |k: usize| by(k) - x[first + k] * by(k).abs() * 0.02;
            let Some(k) = (0..slots).max_by(|&a, &b| load(a).total_cmp(&load(b))) else { return };
            x[first + k] += 1.0;
            now += 1;
        }
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

/// Profits of a whole plan by part, so that a move computes anew only what it touches.
struct State<'a> {
    x: &'a [f64],
    value: f64,
    fees: f64,
    /// Of what does not move, and of the channels.
    rest: Vec<f64>,
    platforms: Vec<Option<Vec<f64>>>,
}

impl<'a> State<'a> {
    fn new(search: &Search<'_>, x: &'a [f64]) -> State<'a> {
        let problem = search.problem;
        let mut rest = problem.fixed().to_vec();
        for m in 0..problem.layout.channels.len() {
            rest.iter_mut().zip(problem.channel_profits(m, x)).for_each(|(a, b)| *a += b);
        }
        let of = |p: usize| (!problem.by_platform[p].is_empty()).then(|| problem.platform_profits(p, x));
        let platforms = (0..search.ground().platforms.len()).map(of).collect();
        let mut state = State { x, value: 0.0, fees: search.fees(x), rest, platforms };
        state.value = state.score(search, x);
        state
    }

    fn score(&self, search: &Search<'_>, to: &[f64]) -> f64 {
        let (problem, ground) = (search.problem, search.ground());
        let layout = &problem.layout;
        let mut profits = self.rest.clone();
        for (p, old) in self.platforms.iter().enumerate() {
            let Some(old) = old else { continue };
            let moved = problem.by_platform[p].iter().any(|&o| layout.posts(ground, o, to) != layout.posts(ground, o, self.x));
            let new = moved.then(|| problem.platform_profits(p, to));
            profits.iter_mut().zip(new.as_ref().unwrap_or(old)).for_each(|(a, b)| *a += b);
        }
        search.take_costs(to, &mut profits);
        problem.score(&profits).0
    }

    /// What a move brings, where money that it takes from the channels would have brought `price`.
    fn gain(&self, search: &Search<'_>, to: &[f64], price: f64) -> f64 {
        let money = search.fees(to) - self.fees;
        self.score(search, to) - self.value - (price + search.money.price) * money
    }
}
