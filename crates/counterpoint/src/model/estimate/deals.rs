//! What each deal brought: the creator's effect handed to deals post by post, and what follows for returns and fair terms.
//!
//! A creator's part of its platform is linear in its carried-over views, so each post has its own exact part. A deal takes the parts of the
//! posts it covers; a post under several deals is shared in proportion to what each costs a post, so that all have one return on it. A deal that
//! covers no post takes what the creator's posts under no deal brought on the days of its term.

use super::Interval;
use super::creators::leak_share;
use super::draws::{BLOCKS, Pass};
use crate::creators::activity::{activity, covered_posts, term_shares};
use crate::creators::attention::each_post;
use crate::creators::deal::{self, Cost};
use crate::creators::fair::{FairFee, chance, fair_fee};
use crate::data::roster::{DealKind, Roster};
use crate::data::{Dataset, DriverKind};
use crate::model::build::Model;
use crate::model::linalg::{axpy, dot};
use crate::model::posterior::Posterior;
use crate::model::response::convolve;
use crate::project::{OutcomeKind, Project};
use counterpoint_infer::nuts::ChainDraws;
use counterpoint_infer::parallel::in_parallel;
use std::sync::Arc;

/// One deal over the outcome's periods.
#[derive(Debug, Clone, PartialEq)]
pub struct DealEstimate {
    /// Name.
    pub name: String,
    /// Name of the creator.
    pub creator: String,
    /// Kind.
    pub kind: DealKind,
    /// Posts that the deal covers.
    pub posts: usize,
    /// How many of them another deal covers too.
    pub shared_posts: usize,
    /// Where the deal's part of the creator's effect comes from.
    pub attribution: Attribution,
    /// The number that was negotiated: money a post (flat, hybrid), a thousand views, the term (retainer), a reached threshold (bounty), a gift;
    /// or a share of tracked sales.
    pub term: f64,
    /// The most that the deal may cost, where it has a cap.
    pub cap: Option<f64>,
    /// The highest term at which the deal pays with the project's `fair_level`; none where returns are not money.
    pub fair: Option<FairFee>,
    /// Share of draws in which the deal brings (on margin, where given) at least what it costs; none where it cost nothing or returns are not money.
    pub pays: Option<f64>,
    /// What it cost, by what it follows. What happened is known, so it is one number.
    pub cost: Cost,
    /// The deal's part of the incremental outcome, in outcome units.
    pub incremental: Interval,
    /// Incremental money a unit of cost.
    pub roi: Option<Interval>,
    /// The same on margin, where the project gives one.
    pub margin_roi: Option<Interval>,
    /// Money a thousand views that were paid for.
    pub effective_cpm: Option<f64>,
    /// Cost an incremental order, where the outcome counts them or the project gives an order's value.
    pub cost_per_order: Option<Interval>,
    /// The part of the cost that follows sales and was owed on sales that the posts did not bring; none without tracked sales.
    pub commission_not_incremental: Option<Interval>,
}

/// Where a deal's part of its creator's effect comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribution {
    /// The posts that it covers.
    Posts,
    /// It covers none: the days of its term, as far as the creator's other posts are under no deal.
    Period,
}

/// A deal's share of an account's effect: views that count for it, in all and by what part of a period.
struct Line {
    driver: usize,
    place: usize,
    /// The deal's views, `[lead + periods]`.
    views: Vec<f64>,
    /// Those of them that were counted before the platform changed what a view is.
    before: Vec<f64>,
    /// Share of what they brought that counts, `[periods]`; empty for all of it.
    counts: Vec<f64>,
}

/// All deals, in the order of the roster's.
pub(crate) fn deals(
    model: &Arc<Model>,
    project: &Project,
    data: &Dataset,
    chains: &[ChainDraws],
    pass: &Pass,
    threads: usize,
) -> Vec<DealEstimate> {
    let Some(roster) = data.roster.as_ref().filter(|r| !r.deals.is_empty()) else { return Vec::new() };
    let costs: Vec<Cost> = roster.deals.iter().map(|d| deal::cost(d, &activity(d, roster, data))).collect();
    let covered: Vec<Vec<usize>> = roster.deals.iter().map(|d| covered_posts(d, roster, data)).collect();
    let lines = lines(model, roster, data, &costs, &covered);
    let brought = brought(model, chains, &lines, threads);
    let level = project.creators.as_ref().map_or(0.8, |c| c.fair_level);
    let money_counts = project.outcome.returns_are_money();
    let margin = project.outcome.margin;
    let per_order = match project.outcome.kind {
        OutcomeKind::Count(_) => Some(1.0),
        OutcomeKind::Revenue => project.outcome.order_value,
    };
    let one = |(i, terms): (usize, &crate::data::roster::Deal)| {
        let did = activity(terms, roster, data);
        let cost = costs[i];
        let (units, money): (Vec<f64>, Vec<f64>) = brought.iter().map(|draw| (draw[i][0], draw[i][1])).unzip();
        let earned: Vec<f64> = money.iter().map(|x| x * margin.unwrap_or(1.0)).collect();
        let paid = (cost.total() > 0.0).then_some(cost.total());
        let over = |values: &[f64], by: f64| Interval::of(&values.iter().map(|x| x / by).collect::<Vec<_>>());
        let person = &roster.creators[terms.creator].name;
        let leaked = model.tracked.as_ref().and_then(|t| {
            let k = t.series.iter().position(|s| model.creators[s.creator].name == *person)?;
            let wasted = |d| leak_share(t, k, d) * cost.by_sales;
            Some(Interval::of(&pass.draws.iter().map(wasted).collect::<Vec<_>>()))
        });
        let also = |p: &&usize| covered.iter().enumerate().any(|(other, posts)| other != i && posts.contains(p));
        DealEstimate {
            name: terms.name.clone(),
            creator: person.clone(),
            kind: terms.kind,
            posts: covered[i].len(),
            shared_posts: covered[i].iter().filter(also).count(),
            attribution: if covered[i].is_empty() { Attribution::Period } else { Attribution::Posts },
            term: deal::owed(terms, &did).term,
            cap: terms.cap,
            fair: money_counts.then(|| fair_fee(terms, &earned, |_| did, level)),
            pays: paid.filter(|_| money_counts).map(|_| chance(terms, &earned, |_| did)),
            cost,
            incremental: Interval::of(&units),
            roi: paid.map(|s| over(&money, s)),
            margin_roi: paid.and_then(|s| margin.map(|_| over(&earned, s))),
            effective_cpm: paid.and_then(|s| deal::effective_cpm(s, did.views)),
            cost_per_order: paid.zip(per_order).map(|(s, value)| {
                let costs = units.iter().map(|u| deal::cost_per_order(s, u / value));
                Interval::of(&costs.collect::<Vec<_>>())
            }),
            commission_not_incremental: leaked,
        }
    };
    roster.deals.iter().enumerate().map(one).collect()
}

/// Share of a whole that this of some deals has, as their rates are; even where they cost nothing.
fn by_rate(rates: &[f64], deals: &[usize], this: usize) -> f64 {
    let all: f64 = deals.iter().map(|&d| rates[d]).sum();
    if all > 0.0 { rates[this] / all } else { 1.0 / deals.len() as f64 }
}

/// The lines of each deal.
fn lines(model: &Model, roster: &Roster, data: &Dataset, costs: &[Cost], covered: &[Vec<usize>]) -> Vec<Vec<Line>> {
    let periods = data.n_periods();
    let platforms = || model.drivers.iter().enumerate().filter_map(|(m, d)| Some((m, d.platform.as_ref()?)));
    let lead = platforms().next().map_or(0, |(m, _)| model.drivers[m].shape.max_lag);
    let place_of =
        |account: usize| platforms().find_map(|(m, p)| Some((m, p.accounts.iter().position(|&a| a == account)?)));
    let mut out: Vec<Vec<Line>> = roster.deals.iter().map(|_| Vec::new()).collect();
    // Deals without posts share, period by period, what posts without deals brought.
    let idle: Vec<usize> = (0..covered.len()).filter(|&d| covered[d].is_empty()).collect();
    let terms: Vec<Vec<f64>> = roster.deals.iter().map(|d| term_shares(d, data)).collect();
    // Money a post; a period, where there is none.
    let rate = |d: usize| {
        costs[d].total() / if covered[d].is_empty() { terms[d].iter().sum() } else { covered[d].len() as f64 }
    };
    let rates: Vec<f64> = (0..costs.len()).map(|d| if costs[d].total() > 0.0 { rate(d) } else { 0.0 }).collect();
    let counts: Vec<Vec<f64>> = (0..roster.deals.len())
        .map(|d| {
            let share = |t: usize| {
                let own = |&i: &usize| roster.deals[i].creator == roster.deals[d].creator && terms[i][t] > 0.0;
                let rivals: Vec<usize> = idle.iter().copied().filter(own).collect();
                if rivals.contains(&d) { terms[d][t] * by_rate(&rates, &rivals, d) } else { 0.0 }
            };
            if covered[d].is_empty() { (0..periods).map(share).collect() } else { Vec::new() }
        })
        .collect();
    let mut add = |d: usize, (driver, place): (usize, usize), first: usize, [views, before]: [&[f64]; 2], part: f64| {
        let own = &mut out[d];
        let at = own.iter().position(|l| (l.driver, l.place) == (driver, place)).unwrap_or_else(|| {
            let nothing = vec![0.0; lead + periods];
            own.push(Line { driver, place, views: nothing.clone(), before: nothing, counts: counts[d].clone() });
            own.len() - 1
        });
        let line = &mut own[at];
        for (to, from) in [(&mut line.views, views), (&mut line.before, before)] {
            to[first..first + from.len()].iter_mut().zip(from).for_each(|(a, x)| *a += part * x);
        }
    };
    each_post(roster, data, lead, |post, first, views, before| {
        let account = roster.posts[post].account;
        let Some(place) = place_of(account) else { return };
        let holders: Vec<usize> = (0..covered.len()).filter(|&d| covered[d].contains(&post)).collect();
        for &d in &holders {
            add(d, place, first, [views, before], by_rate(&rates, &holders, d));
        }
        if holders.is_empty() {
            let creator = roster.accounts[account].creator;
            for &d in idle.iter().filter(|&&d| roster.deals[d].creator == creator) {
                add(d, place, first, [views, before], 1.0);
            }
        }
    });
    out
}

/// By draw and deal: outcome units and money.
fn brought(model: &Arc<Model>, chains: &[ChainDraws], lines: &[Vec<Line>], threads: usize) -> Vec<Vec<[f64; 2]>> {
    let dim = model.parameters.sampled().max(1);
    let positions: Vec<&[f64]> = chains.iter().flat_map(|c| c.positions.chunks_exact(dim)).collect();
    let (geos, periods) = (model.n_geos(), model.n_periods());
    let blocks = in_parallel(BLOCKS, threads, |block| {
        let (from, to) = (block * positions.len() / BLOCKS, (block + 1) * positions.len() / BLOCKS);
        let mut posterior = Posterior::new(model.clone());
        let (mut cells, mut carried) = (vec![0.0; periods], vec![0.0; periods]);
        let mut today = vec![0.0; lines.iter().flatten().map(|l| l.views.len()).next().unwrap_or(0)];
        let mut out = Vec::with_capacity(to - from);
        for position in &positions[from..to] {
            posterior.set(position);
            posterior.split_platforms();
            // A unit of carried-over views of each account: outcome units and money by period.
            let mut worth: Vec<Vec<[Vec<f64>; 2]>> = Vec::with_capacity(model.drivers.len());
            for (driver, state) in model.drivers.iter().zip(posterior.drivers()) {
                let (Some(platform), Some(own)) = (&driver.platform, &state.platform) else {
                    worth.push(Vec::new());
                    continue;
                };
                debug_assert_eq!(driver.kind, DriverKind::Platform);
                let of_account = |c: usize, cells: &mut Vec<f64>| {
                    let mut both = [vec![0.0; periods], vec![0.0; periods]];
                    for g in 0..geos {
                        cells.fill(0.0);
                        own.add_part(platform, g, c, cells);
                        let money = &model.money[g * periods..(g + 1) * periods];
                        for t in 0..periods {
                            both[0][t] += cells[t];
                            both[1][t] += cells[t] * money[t] / model.units[g];
                        }
                    }
                    for (t, s) in own.carried(c).iter().enumerate() {
                        let by = if *s > 0.0 { 1.0 / s } else { 0.0 };
                        both.iter_mut().for_each(|x| x[t] *= by);
                    }
                    both
                };
                worth.push((0..platform.len()).map(|c| of_account(c, &mut cells)).collect());
            }
            let mut deal = |own: &Vec<Line>| {
                let mut sum = [0.0; 2];
                for line in own {
                    today.copy_from_slice(&line.views);
                    if let Some(step) = model.drivers[line.driver].platform.as_ref().and_then(|p| p.step.as_ref()) {
                        axpy(step.more(posterior.values()), &line.before, &mut today);
                    }
                    convolve(posterior.drivers()[line.driver].response.weights(), &today, &mut carried);
                    carried.iter_mut().zip(&line.counts).for_each(|(s, share)| *s *= share);
                    for (sum, a) in sum.iter_mut().zip(&worth[line.driver][line.place]) {
                        *sum += dot(&carried, a);
                    }
                }
                sum
            };
            out.push(lines.iter().map(&mut deal).collect());
        }
        out
    });
    blocks.into_iter().flatten().collect()
}
