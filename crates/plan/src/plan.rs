//! The answer: the best plan, judged, beside last year's split; what binds; what another attitude to risk would change.

use crate::ground::Ground;
use crate::judge::{Judged, Paths, Spread, judge, probabilities, profits};
use crate::money::{Clash, Money};
use crate::problem::{Layout, Problem};
use crate::search::{Found, Proof, search};
use crate::world::World;
use counterpoint::data::DriverKind;
use counterpoint::project::plan::{Budget, PlanSpec, Target};
use counterpoint_infer::parallel::in_parallel;

/// Attitudes to risk of the frontier.
pub const FRONTIER: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// Draws on which its plans are looked for; they are judged on all.
const FEW: usize = 400;
/// Halvings in search of the budget that a target asks for.
const HALVINGS: usize = 14;
/// Budgets that are tried where little money does not keep a target.
const RUNGS: usize = 10;
/// A target is looked for up to this many times last year's money.
const FARTHEST: f64 = 4.0;

/// An amount without parts, in groups of three digits.
pub(crate) fn written(x: f64) -> String {
    let digits = format!("{:.0}", x.abs());
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    format!("{}{}", if x < 0.0 { "−" } else { "" }, groups.join(","))
}

/// A plan with its judgement.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Spend and posts.
    pub paths: Paths,
    /// Last year's split of the same money.
    pub last: Paths,
    /// The plan judged.
    pub judged: Judged,
    /// Last year's split judged.
    pub last_judged: Judged,
    /// Upper bound of the objective less the plan's, as a share of it; none for a plan that was given.
    pub gap: Option<f64>,
    /// The bound less the plan's objective, in its units.
    pub left: Option<f64>,
    /// Branches of the search.
    pub nodes: usize,
    /// Money of the plan, commissions left out.
    pub money: f64,
    /// Rows by driver.
    pub drivers: Vec<DriverPlan>,
    /// Limits that bind, and what one more unit of each would bring to profit.
    pub binding: Vec<(String, f64)>,
    /// What matters and is no number.
    pub notes: Vec<String>,
}

/// One driver of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverPlan {
    /// Name of the channel, the creator or the platform.
    pub driver: String,
    /// `channel`, `organic`, `creator`, or `platform` for creators who go on as last year.
    pub kind: &'static str,
    /// Platform.
    pub platform: String,
    /// Money in the same periods of last year.
    pub last: f64,
    /// Money of the plan: commission, which follows sales, included.
    pub plan: f64,
    /// Posts.
    pub posts: usize,
    /// Increment in outcome units.
    pub incremental: Spread,
    /// Money that the last percent of its money brings, a unit; none without money.
    pub mroi: Option<f64>,
    /// Money a unit of money, mean; none without money.
    pub roi: Option<f64>,
    /// Whether the plan goes beyond what the data have seen of it.
    pub extrapolated: bool,
    /// Money by planned period, last year's and the plan's (creators: by their posts).
    pub by_period: Vec<[f64; 2]>,
    /// Posts by planned period.
    pub posts_by_period: Vec<usize>,
}

/// One point of the frontier.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Weight of the worst tenth.
    pub risk: f64,
    /// Profit.
    pub profit: Spread,
    /// Money by paid channel, then by platform of creators.
    pub money: Vec<f64>,
    /// Posts in all.
    pub posts: usize,
}

/// A planner over one ground: keeps what it found, so that the next question is answered from there.
pub struct Planner<'a> {
    /// The ground.
    pub ground: &'a Ground,
    /// What may happen.
    pub worlds: &'a [World],
    /// Threads.
    pub threads: usize,
    pub(crate) found: Option<Found>,
    /// How much is to be proven.
    proof: Proof,
    /// Last year's split, judged the last time.
    last: Option<(Paths, Judged)>,
}

impl<'a> Planner<'a> {
    /// A planner that has found nothing yet.
    pub fn new(ground: &'a Ground, worlds: &'a [World], threads: usize) -> Planner<'a> {
        Planner { ground, worlds, threads, found: None, proof: Proof::Branch, last: None }
    }

    /// Begins with what another planner of the same ground found, in whatever worlds, and leaves the gap as rounding and moves leave it.
    pub fn begin_with(&mut self, other: &Planner<'_>) {
        self.found = other.found.as_ref().map(Found::unproven);
        self.proof = Proof::Bound;
    }

    pub(crate) fn problem(&self, spec: &PlanSpec, risk: f64) -> Problem<'a> {
        Problem::new(self.ground, self.worlds, risk, Layout::new(self.ground, spec.flights.days()), self.threads)
    }

    /// Last year's money: channels, and creators where offers are there to be weighed.
    pub fn last_money(&self) -> f64 {
        self.ground.last_channels() + if self.ground.offers.is_empty() { 0.0 } else { self.ground.last_creators }
    }

    /// The best plan.
    ///
    /// # Errors
    /// The limits that clash, or the target that cannot be reached, in words.
    pub fn plan(&mut self, spec: &PlanSpec) -> Result<Plan, Clash> {
        if !self.ground.has_profit && spec.budget == Budget::Free && spec.target.is_none() {
            return Err(Clash(vec![
                "without money a unit of outcome there is no profit to be had from a free budget: give `value`, a budget, or a target".to_owned(),
            ]));
        }
        let problem = self.problem(spec, spec.risk);
        let mut notes = Vec::new();
        let found = match spec.target {
            Some(Target::MarginalRoi(r)) => {
                let mut money = Money::new(self.ground, spec, None)?;
                money.price = self.ground.margin * r - 1.0;
                search(&problem, &money, self.found.as_ref(), self.proof)?
            }
            Some(target) => self.reach(&problem, spec, target, &mut notes)?,
            None => {
                let budget = match spec.budget {
                    Budget::Fixed(b) => Some(b),
                    Budget::LastYear => Some(self.last_money()),
                    Budget::Free => None,
                };
                let money = Money::new(self.ground, spec, budget)?;
                search(&problem, &money, self.found.as_ref(), self.proof)?
            }
        };
        let paths = self.paths(&problem, &found);
        let spent = paths.money(self.ground);
        if let (None, Budget::Fixed(b)) = (spec.target, spec.budget)
            && spent < b * 0.999 - 1e-6
        {
            notes.push(format!(
                "The limits leave {:.0} % of the budget without use: raise the most that channels may have, or offer more posts.",
                100.0 * (1.0 - spent / b)
            ));
        }
        let (from, to) = (self.ground.horizon.starts[0], self.ground.horizon.ends());
        if spec.starts.is_some_and(|day| day != from) || spec.ends.is_some_and(|day| day != to) {
            notes.push(format!(
                "The data have periods of {} days: the plan runs from {from} to {to}.",
                self.ground.horizon.days
            ));
        }
        if !self.ground.offers.is_empty() && self.ground.last_creators > spent * 1.001 {
            notes.push(format!(
                "Creators alone cost {} last year, more than this plan: last year's split is them and no channel, and costs more.",
                written(self.ground.last_creators)
            ));
        }
        let judged = judge(self.ground, self.worlds, &paths, self.threads);
        let mut plan = self.judged(paths, judged, notes);
        plan.gap = Some(found.gap());
        plan.left = Some((found.bound - found.value).max(0.0));
        plan.nodes = found.nodes;
        plan.binding.clone_from(&found.prices);
        if !self.ground.has_profit {
            // Without money a unit of outcome, money is worth what it brings, and the objective takes it off.
            plan.binding.iter_mut().filter(|(limit, _)| limit == "budget").for_each(|(_, price)| *price += 1.0);
        }
        self.found = Some(found);
        self.last = Some((plan.last.clone(), plan.last_judged.clone()));
        Ok(plan)
    }

    /// Any plan on the same terms.
    pub fn evaluate(&self, paths: Paths) -> Plan {
        let judged = judge(self.ground, self.worlds, &paths, self.threads);
        self.judged(paths, judged, Vec::new())
    }

    /// What the best plan would be under other attitudes to risk, at the budget of a plan: the one that was made last, where it has both.
    ///
    /// # Errors
    /// The limits that clash.
    pub fn frontier(&self, spec: &PlanSpec, budget: f64) -> Result<Vec<Point>, Clash> {
        let at = PlanSpec { budget: Budget::Fixed(budget), target: None, ..spec.clone() };
        let limits = Money::new(self.ground, &at, Some(budget))?;
        let same = |money: f64| (money - budget).abs() <= 1e-6 * budget;
        // Side by side, each on one thread, on some of the draws; the most careful, which takes longest, first.
        let alone = Planner::new(self.ground, self.worlds, 1);
        let best = |k: usize| {
            let risk = FRONTIER[FRONTIER.len() - 1 - k];
            let problem = alone.problem(spec, risk);
            let found = match &self.found {
                Some(own) if risk == spec.risk && same(self.paths(&problem, own).money(self.ground)) => own.clone(),
                begin => search(&problem.coarse(FEW), &limits, begin.as_ref(), Proof::Nothing)?,
            };
            Ok(self.paths(&problem, &found))
        };
        let mut plans: Vec<Paths> =
            in_parallel(FRONTIER.len(), self.threads, best).into_iter().collect::<Result<_, Clash>>()?;
        plans.reverse();
        let weights = probabilities(self.ground, self.worlds);
        let profits = profits(self.ground, self.worlds, &plans, self.threads);
        let point = |((&risk, paths), profit): ((&f64, &Paths), &Vec<f64>)| {
            let channels = paths.spend.iter().map(|s| s.iter().sum::<f64>());
            let on = |p: usize| {
                let own = (0..self.ground.offers.len()).filter(move |&o| self.ground.offers[o].platform == p);
                own.map(|o| self.ground.offers[o].mean_cost[paths.number(o)]).sum::<f64>()
            };
            let money = channels.chain((0..self.ground.platforms.len()).map(on)).collect();
            let posts = (0..self.ground.offers.len()).map(|o| paths.number(o)).sum();
            Point { risk, profit: Spread::of(profit, &weights), money, posts }
        };
        let found: Vec<Point> = FRONTIER.iter().zip(&plans).zip(&profits).map(point).collect();
        // Another point's plan may be the better one here: all are within the same limits. The plan that was asked for stands as it is.
        let objective = |risk: f64, p: &Point| (1.0 - risk) * p.profit.mean + risk * p.profit.cvar10;
        let best = |own: &Point| {
            let rivals = found.iter().filter(|_| own.risk != spec.risk);
            let best = rivals.fold(own, |a, b| if objective(own.risk, b) > objective(own.risk, a) { b } else { a });
            Point { risk: own.risk, ..best.clone() }
        };
        Ok(found.iter().map(best).collect())
    }

    /// The plan for the budget that a target asks for, by halving: beyond some budget returns fall as money is added; outcomes rise.
    fn reach(
        &self,
        problem: &Problem<'_>,
        spec: &PlanSpec,
        target: Target,
        notes: &mut Vec<String>,
    ) -> Result<Found, Clash> {
        let last = self.last_money().max(1e-9);
        let mut begin = self.found.clone();
        let mut solve = |budget: f64, proof: Proof| -> Result<(Found, f64), Clash> {
            let at = PlanSpec { budget: Budget::Fixed(budget), target: None, ..spec.clone() };
            let found = search(problem, &Money::new(self.ground, &at, Some(budget))?, begin.as_ref(), proof)?;
            let paths = self.paths(problem, &found);
            let judged = judge(self.ground, self.worlds, &paths, self.threads);
            let mean = |x: &[f64]| x.iter().zip(&judged.weights).map(|(x, w)| x * w).sum::<f64>();
            let (money, units, cost) = (mean(&judged.money), mean(&judged.outcome), mean(&judged.cost).max(1e-12));
            begin = Some(found.clone());
            // Positive where more money may be spent.
            let room = match target {
                Target::Roi(r) => money / cost / r - 1.0,
                Target::CostPerIncrement(c) => 1.0 - cost / units.max(1e-12) / c,
                Target::Outcome(y) => 1.0 - units / y,
                Target::MarginalRoi(_) => 0.0,
            };
            Ok((found, room))
        };
        let most = match spec.budget {
            Budget::Fixed(b) => b,
            _ => FARTHEST * last,
        };
        let (mut low, mut high) = (0.01 * last.min(most), most);
        let wants_outcome = matches!(target, Target::Outcome(_));
        let (mut first, mut room) = solve(low, Proof::Bound)?;
        if wants_outcome && room < 0.0 {
            return Ok(first);
        }
        let (top, room_there) = solve(high, Proof::Bound)?;
        if room_there >= 0.0 {
            if wants_outcome && room_there > 1e-9 {
                return Err(Clash(vec![format!(
                    "the outcome cannot be reached: a budget of {} brings {:.0} % of it",
                    written(high),
                    100.0 * (1.0 - room_there)
                )]));
            }
            notes.push(format!("The target leaves room beyond a budget of {}, where the search ends.", written(high)));
            return Ok(top);
        }
        if room < 0.0 {
            // Where curves are steep first, little money returns less than more does: the largest budget of a ladder that keeps the target.
            let (from, to) = (low, high);
            let rungs = (1..RUNGS).rev().map(|k| from * (to / from).powf(k as f64 / RUNGS as f64));
            let mut nearest = (low, room);
            for rung in rungs {
                let (_, left) = solve(rung, Proof::Nothing)?;
                if left >= 0.0 {
                    (first, room) = solve(rung, Proof::Bound)?;
                    low = rung;
                    break;
                }
                if left > nearest.1 {
                    nearest = (rung, left);
                }
                high = rung;
            }
            if room < 0.0 {
                return Err(Clash(vec![format!(
                    "the target cannot be reached: a budget of {} comes nearest, and misses it by {:.0} %",
                    written(nearest.0),
                    -100.0 * nearest.1
                )]));
            }
        }
        let mut best = if wants_outcome { top } else { first };
        for _ in 0..HALVINGS {
            let middle = (low * high).sqrt();
            let (found, room) = solve(middle, Proof::Bound)?;
            if room >= 0.0 {
                low = middle;
                if !wants_outcome {
                    best = found;
                }
            } else {
                high = middle;
                if wants_outcome {
                    best = found;
                }
            }
            if high / low < 1.0005 {
                break;
            }
        }
        Ok(best)
    }

    pub(crate) fn paths(&self, problem: &Problem<'_>, found: &Found) -> Paths {
        let (ground, layout) = (self.ground, &problem.layout);
        let n = ground.horizon.len();
        let spend = (0..layout.channels.len())
            .map(|m| {
                let mut path = vec![0.0; n];
                layout.spend(m, &found.x, &mut path);
                // What is next to nothing is nothing.
                let total: f64 = path.iter().sum();
                path.iter_mut().filter(|x| **x < 1e-9 * total).for_each(|x| *x = 0.0);
                path
            })
            .collect();
        let posts = (0..ground.offers.len())
            .map(|o| {
                let mut own = vec![0; n];
                for (k, x) in layout.posts(ground, o, &found.x).iter().enumerate() {
                    own[ground.offers[o].slots.start + k] = x.round() as usize;
                }
                own
            })
            .collect();
        Paths { spend, posts, creators_as_last_year: false }
    }

    fn judged(&self, paths: Paths, judged: Judged, mut notes: Vec<String>) -> Plan {
        if self.ground.offers.is_empty() && self.ground.last_creators > 0.0 {
            notes.push(format!(
                "Creators go on as last year: their {} are taken off profit, here and in last year's split, and are not in the budget. With a table of offers the plan weighs them.",
                written(self.ground.last_creators)
            ));
        }
        let money = paths.money(self.ground);
        let last = Paths::last_year(self.ground, money);
        let last_judged = match &self.last {
            Some((paths, judged)) if *paths == last => judged.clone(),
            _ => judge(self.ground, self.worlds, &last, self.threads),
        };
        let drivers = self.drivers(&paths, &judged);
        Plan {
            paths,
            last,
            judged,
            last_judged,
            gap: None,
            left: None,
            nodes: 0,
            money,
            drivers,
            binding: Vec::new(),
            notes,
        }
    }

    fn drivers(&self, paths: &Paths, judged: &Judged) -> Vec<DriverPlan> {
        let ground = self.ground;
        let n = ground.horizon.len();
        let weights = &judged.weights;
        let mean = |x: &[f64]| x.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>();
        let each = |x: &[f64]| x.iter().sum::<f64>() / x.len().max(1) as f64;
        let over = |top: f64, cost: f64| (cost > 1e-9).then(|| top / cost);
        let mut out = Vec::new();
        for (m, channel) in ground.channels.iter().enumerate() {
            let part = &judged.channels[m];
            let path = channel.paid.then(|| &paths.spend[m]);
            let plan: f64 = path.map_or(0.0, |p| p.iter().sum());
            let charged = mean(&part.cost);
            out.push(DriverPlan {
                driver: channel.name.clone(),
                kind: if channel.paid { "channel" } else { "organic" },
                platform: channel.place.clone(),
                last: if channel.paid { channel.last.iter().sum() } else { 0.0 },
                plan,
                posts: 0,
                incremental: Spread::of(&part.units, weights),
                mroi: over(each(&part.more), 0.01 * plan),
                roi: over(mean(&part.money), charged),
                extrapolated: path.is_some_and(|p| p.iter().any(|x| *x > channel.seen * (1.0 + 1e-6))),
                by_period: (0..n).map(|t| path.map_or([0.0; 2], |p| [channel.last[t], p[t]])).collect(),
                posts_by_period: vec![0; n],
            });
        }
        for (p, platform) in ground.platforms.iter().enumerate() {
            if ground.offers.iter().any(|o| o.platform == p) {
                continue;
            }
            let part = &judged.platforms[p];
            out.push(DriverPlan {
                driver: platform.name.clone(),
                kind: "platform",
                platform: platform.name.clone(),
                last: 0.0,
                plan: 0.0,
                posts: 0,
                incremental: Spread::of(&part.units, weights),
                mroi: None,
                roi: None,
                extrapolated: false,
                by_period: vec![[0.0; 2]; n],
                posts_by_period: vec![0; n],
            });
        }
        if ground.offers.is_empty() {
            return out;
        }
        // Creators: those of the data with last year's cost, then newcomers.
        let mut names: Vec<(String, String)> = Vec::new();
        let platform_of = |o: usize| ground.platforms[ground.offers[o].platform].name.clone();
        for creator in &ground.model.creators {
            names.push((creator.name.clone(), creator.platforms.clone()));
        }
        for (o, offer) in ground.offers.iter().enumerate() {
            if !names.iter().any(|x| x.0 == offer.offer.who.name) {
                names.push((offer.offer.who.name.clone(), platform_of(o)));
            }
        }
        for (name, platform) in names {
            let own: Vec<usize> =
                (0..ground.offers.len()).filter(|&o| ground.offers[o].offer.who.name == name).collect();
            let spent = |t: usize| {
                ground
                    .model
                    .creators
                    .iter()
                    .find(|c| c.name == name)
                    .map_or(0.0, |c| c.spend[ground.horizon.last_year(t)])
            };
            let last: Vec<f64> = (0..n).map(spent).collect();
            let parts: Vec<&crate::judge::Part> =
                judged.offers.iter().filter(|x| own.contains(&x.0)).map(|x| &x.1).collect();
            if own.is_empty() && last.iter().sum::<f64>() == 0.0 {
                continue;
            }
            let sum = |get: &dyn Fn(&crate::judge::Part) -> &Vec<f64>, length: usize| {
                let mut all = vec![0.0; length];
                parts.iter().for_each(|p| all.iter_mut().zip(get(p)).for_each(|(a, b)| *a += b));
                all
            };
            let size = judged.profit.len();
            let (units, money, cost) = (sum(&|p| &p.units, size), sum(&|p| &p.money, size), sum(&|p| &p.cost, size));
            let more = sum(&|p| &p.more, ground.draws());
            let posts_by_period: Vec<usize> = (0..n).map(|t| own.iter().map(|&o| paths.posts[o][t]).sum()).collect();
            let posts: usize = posts_by_period.iter().sum();
            // What is owed on sales is paid out of them, and is not in the budget.
            let (owed, plan) =
                (mean(&cost), own.iter().map(|&o| ground.offers[o].mean_cost[paths.number(o)]).sum::<f64>());
            let share = |t: usize| if posts > 0 { plan * posts_by_period[t] as f64 / posts as f64 } else { 0.0 };
            let on: Vec<String> = own.iter().filter(|&&o| paths.number(o) > 0).map(|&o| platform_of(o)).collect();
            out.push(DriverPlan {
                driver: name,
                kind: "creator",
                platform: on.first().cloned().unwrap_or(platform),
                last: last.iter().sum(),
                plan,
                posts,
                incremental: Spread::of(&units, weights),
                mroi: over(each(&more), 0.01 * owed),
                roi: over(mean(&money), owed),
                extrapolated: posts > 0
                    && own.iter().any(|&o| ground.offers[o].offer.known.is_none() && paths.number(o) > 0),
                by_period: (0..n).map(|t| [last[t], share(t)]).collect(),
                posts_by_period,
            });
        }
        debug_assert!(ground.model.drivers.iter().all(|d| d.kind != DriverKind::Platform || d.platform.is_some()));
        out
    }
}
