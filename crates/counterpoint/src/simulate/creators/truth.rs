//! What creators truly did, as `truth.json` has it.

use super::super::market::Market;
use super::super::spec::{OutcomeWord, SimulationSpec};
use super::deals::{Deal, deals};
use super::effect::Effect;
use super::roster::Roster;
use super::spec::{DealWord, RosterSpec};
use super::tracked::{Sales, sales};
use serde::Serialize;

/// The truth of the creators of a simulated market. Money is in currency, contributions in outcome units over the outcome periods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RosterTruth {
    /// Money an order.
    pub order_value: f64,
    /// Slope of the log effect of a view on log followers.
    pub followers_slope: f64,
    /// What a view that is not real is worth.
    pub fake_worth: f64,
    /// Standard deviation of logit capture rates around their platform's.
    pub capture_spread: f64,
    /// Dispersion phi of tracked orders.
    pub dispersion: f64,
    /// Platforms with an account, in the order of the spec.
    pub platforms: Vec<PlatformTruth>,
    /// Creators, in the order of the creators' table.
    pub creators: Vec<CreatorTruth>,
}

/// The truth of one platform: all its creators together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlatformTruth {
    /// Name.
    pub name: String,
    /// Accounts on it.
    pub accounts: usize,
    /// What they cost; a creator on two platforms costs each by views.
    pub spend: f64,
    /// Incremental outcome.
    pub contribution: f64,
    /// Incremental money a unit of cost; none without cost.
    pub roi: Option<f64>,
    /// Share of the expected outcome.
    pub share: f64,
    /// Exponent of the decay of attention.
    pub omega: f64,
    /// Days before it sets in.
    pub u0: f64,
    /// Share of the carried-over effect that is left after a period.
    pub retention: f64,
    /// Half-saturation in medians of non-zero views a head.
    pub half_saturation: f64,
    /// Standard deviation of the effect's logarithm over geos.
    pub geo_spread: f64,
    /// Share of incremental orders that the platform's codes see.
    pub capture: f64,
    /// Standard deviation of creators' log effect a view.
    pub weight_spread: f64,
    /// Incremental outcome by geo.
    pub by_geo: Vec<f64>,
}

/// The truth of one creator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CreatorTruth {
    /// Name.
    pub name: String,
    /// Kind of the deal.
    pub deal: DealWord,
    /// Posts.
    pub posts: usize,
    /// Cost of the deal.
    pub spend: f64,
    /// The part of it that is a share of tracked revenue.
    pub commission: f64,
    /// Incremental outcome: the accounts' parts of their platforms.
    pub contribution: f64,
    /// What would be lost without this creator alone: less, since the others would saturate less.
    pub lost_without: f64,
    /// Incremental money a unit of cost; none without cost.
    pub roi: Option<f64>,
    /// Share of incremental orders that the code sees; none without a code.
    pub capture: Option<f64>,
    /// Share of all orders that use the code without the creator's doing; none without a code.
    pub leak: Option<f64>,
    /// Tracked orders that are to be expected; none without a code.
    pub expected_tracked: Option<f64>,
    /// Tracked orders as they came; none without a code.
    pub tracked: Option<f64>,
    /// Accounts, by platform.
    pub accounts: Vec<AccountTruth>,
}

/// The truth of one account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountTruth {
    /// Name of the platform.
    pub platform: String,
    /// Incremental outcome.
    pub contribution: f64,
    /// Effect of a view over that of an account of average followers and no deviation.
    pub weight: f64,
    /// Share of the audience that is not real.
    pub fake_share: f64,
    /// Posts.
    pub posts: usize,
    /// Views.
    pub views: f64,
}

/// Everything that is known of the creators.
pub(in crate::simulate) struct KnownRoster {
    pub(in crate::simulate) truth: RosterTruth,
    pub(in crate::simulate) effect: Effect,
    pub(super) sales: Vec<Option<Sales>>,
    pub(super) deals: Vec<Deal>,
}

/// Tracked sales, deals and the truth, from the effect and the outcome with its noise; `total` is the expected outcome.
pub(in crate::simulate) fn know(
    spec: &SimulationSpec,
    wanted: &RosterSpec,
    (market, roster): (&Market, &Roster),
    effect: Effect,
    (outcome, total): (&[f64], f64),
) -> KnownRoster {
    let (per_order, unit) = match spec.outcome {
        OutcomeWord::Revenue => (spec.unit_value, 1.0),
        OutcomeWord::Count => (1.0, spec.unit_value),
    };
    let sales = sales(spec, wanted, roster, &effect, outcome, (per_order, spec.unit_value));
    let deals = deals(roster, &effect, &sales, (unit, spec.unit_value));
    let n = roster.accounts.len();
    let sum = |x: &[f64]| x.iter().sum::<f64>();
    let mut views = vec![0.0; n];
    let mut posts = vec![0; n];
    for post in &roster.posts {
        views[post.account] += post.path.total();
        posts[post.account] += 1;
    }
    let of = |i: usize| (0..n).filter(move |&c| roster.accounts[c].person == i);
    let roi = |contribution: f64, spend: f64| (spend > 0.0).then(|| contribution * unit / spend);
    let platform = |(p, platform): (usize, &super::roster::Platform)| {
        let own: Vec<usize> = (0..n).filter(|&c| roster.accounts[c].platform == p).collect();
        let part = |&c: &usize| {
            let i = roster.accounts[c].person;
            deals[i].cost * views[c] / of(i).map(|c| views[c]).sum::<f64>()
        };
        let spend: f64 = own.iter().map(part).sum();
        let contribution = sum(&effect.platforms[p]);
        (!own.is_empty()).then(|| PlatformTruth {
            name: platform.name.clone(),
            accounts: own.len(),
            spend,
            contribution,
            roi: roi(contribution, spend),
            share: contribution / total,
            omega: platform.omega,
            u0: platform.u0,
            retention: platform.retention,
            half_saturation: platform.half_saturation,
            geo_spread: platform.geo_spread,
            capture: platform.capture,
            weight_spread: platform.weight_spread,
            by_geo: effect.platforms[p].chunks(effect.platforms[p].len() / market.people.len()).map(sum).collect(),
        })
    };
    let creator = |(i, person): (usize, &super::roster::Person)| {
        let contribution: f64 = of(i).map(|c| sum(&effect.parts[c])).sum();
        let sales = sales[i].as_ref();
        let account = |c: usize| AccountTruth {
            platform: roster.platforms[roster.accounts[c].platform].name.clone(),
            contribution: sum(&effect.parts[c]),
            weight: effect.weights[c],
            fake_share: roster.accounts[c].fake_share,
            posts: posts[c],
            views: views[c],
        };
        CreatorTruth {
            name: person.name.clone(),
            deal: person.deal,
            posts: of(i).map(|c| posts[c]).sum(),
            spend: deals[i].cost,
            commission: deals[i].commission,
            contribution,
            lost_without: of(i).map(|c| effect.lost[c]).sum(),
            roi: roi(contribution, deals[i].cost),
            capture: sales.map(|_| person.capture),
            leak: sales.map(|_| person.leak),
            expected_tracked: sales.map(|s| sum(&s.expected)),
            tracked: sales.map(|s| sum(&s.orders)),
            accounts: of(i).map(account).collect(),
        }
    };
    let truth = RosterTruth {
        order_value: spec.unit_value,
        followers_slope: wanted.followers_slope,
        fake_worth: wanted.fake_worth,
        capture_spread: wanted.capture_spread,
        dispersion: wanted.dispersion,
        platforms: roster.platforms.iter().enumerate().filter_map(platform).collect(),
        creators: roster.people.iter().enumerate().map(creator).collect(),
    };
    KnownRoster { truth, effect, sales, deals }
}
