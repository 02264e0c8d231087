//! What people never worked with would bring: predictive distributions of views, effect and return, on every draw of a fit.
//!
//! A new creator of a platform has ln w = slopes . h + spread r with a new r ~ Normal(0, 1), h scaled as the model scaled the roster's. Views
//! come from `reach`. Posts a week apart are carried over and saturate on top of the platform's exposure of the last weeks, so the effect is
//! what the candidate adds while all others go on as they do. What is not known of a candidate is taken from a roster account at random.
//! Every candidate sees the same random numbers, so two of them can be compared, and one does not move when another is added.

mod fate;
mod ground;
mod post;
mod reach;

pub use post::{Person, PostDraw, posts};

use super::build::Model;
use super::estimate::Interval;
use super::posterior::Posterior;
use crate::creators::attention::share_before;
use crate::creators::deal::{self, Activity};
use crate::creators::fair::{FairFee, chance, fair_fee};
use crate::data::Dataset;
use crate::data::roster::{Candidate, Deal, DealKind, Roster};
use crate::project::Project;
use counterpoint_infer::nuts::{ChainDraws, chain_rng};
use fate::Fate;
use ground::{Ground, Shared};
use rand::{Rng, RngExt};
use std::borrow::Cow;
use std::sync::Arc;

/// Each draw of the fit is used as often as it takes to have so many forecasts.
const FORECASTS: usize = 4000;
/// Draws are taken in this many blocks, whatever the number of threads.
const BLOCKS: usize = 8;
/// Random streams of forecasts lie beyond all others of a run.
const STREAM: u64 = 5 << 32;

/// What a candidate would bring.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The candidate.
    pub candidate: Candidate,
    /// The forecast; none where no creator of the model posts on the platform, so that nothing can be told.
    pub told: Option<Told>,
}

/// A forecast of all posts together. Intervals hold everything that is not known: the fit's parameters, how a new creator differs, how views
/// and posts scatter.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Organic views.
    pub views: Interval,
    /// What the candidate would add to the outcome, in outcome units, while all others go on as they do.
    pub incremental: Interval,
    /// The part of the platform that would be the candidate's own (comparable with creators of the roster; it holds what others would lose).
    pub part: Interval,
    /// What is asked for, in money; none where nothing is.
    pub cost: Option<Interval>,
    /// Incremental money a unit of cost; none without cost, or where some forecasts cost nothing.
    pub roi: Option<Interval>,
    /// The same on margin, where the project gives one.
    pub margin_roi: Option<Interval>,
    /// The highest term of the deal asked for (a fee a post, where none is) at which it pays with the project's `fair_level`; none where returns
    /// are not money.
    pub fair: Option<FairFee>,
    /// The highest total cost at which that holds; 0 where none does.
    pub fair_cost: f64,
    /// Share of forecasts in which the candidate brings (on margin, where given) at least what is asked for.
    pub pays: Option<f64>,
    /// What the forecast rests on.
    pub basis: Basis,
    /// Traits that the model uses and that are not known of the candidate: each forecast takes those of a creator of the platform at random.
    pub borrowed: Vec<&'static str>,
}

/// What a forecast rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Basis {
    /// Creators of the platform in the model.
    pub creators: usize,
    /// Whether their spread was learned; a lone creator's is the prior's.
    pub spread_learned: bool,
    /// Accounts of the platform from which views were learned.
    pub accounts: usize,
    /// Their posts.
    pub posts: usize,
    /// Least and most followers among those accounts.
    pub followers: Option<(f64, f64)>,
    /// The platform's posts of the candidate's format; none where the format is open and drawn as the roster posts.
    pub format_posts: Option<usize>,
    /// Formats that the roster posts there.
    pub formats: usize,
}

/// One forecast of one candidate.
#[derive(Clone, Copy)]
struct Outcome {
    views: f64,
    units: f64,
    money: f64,
    part: f64,
    did: Activity,
}

/// Forecasts, in the order of the candidates. `data` is what the model was built from. The result does not depend on the number of threads.
pub fn forecast(
    model: &Arc<Model>,
    project: &Project,
    data: &Dataset,
    chains: &[ChainDraws],
    candidates: &[Candidate],
    threads: usize,
) -> Vec<Forecast> {
    let worth = project.creators.as_ref().map_or(0.0, |c| c.fake_worth);
    let dim = model.parameters.sampled().max(1);
    let positions: Vec<&[f64]> = chains.iter().flat_map(|c| c.positions.chunks_exact(dim)).collect();
    let roster = data.roster.as_ref().map(|roster| in_todays_views(model, roster, &positions));
    let shared = roster.as_ref().map(|roster| Shared::new(model, data, roster, worth));
    let grounds: Vec<Option<Ground<'_>>> =
        candidates.iter().map(|c| shared.as_ref().and_then(|s| Ground::new(s, model, data, c))).collect();
    let times = FORECASTS.div_ceil(positions.len().max(1));
    let blocks = counterpoint_infer::parallel::in_parallel(BLOCKS, threads, |block| {
        let (from, to) = (block * positions.len() / BLOCKS, (block + 1) * positions.len() / BLOCKS);
        let mut posterior = Posterior::new(model.clone());
        let mut out: Vec<Vec<Outcome>> = candidates.iter().map(|_| Vec::new()).collect();
        for i in from..to {
            posterior.set(positions[i]);
            for again in 0..times {
                let stream = STREAM + (i * times + again) as u64;
                for ((to, ground), candidate) in out.iter_mut().zip(&grounds).zip(candidates) {
                    let Some(ground) = ground else { continue };
                    let mut rng = chain_rng(project.sampler.seed, stream);
                    let fate = Fate::draw(ground, candidate, &mut rng);
                    to.push(ground.one(model, &posterior, candidate, &fate));
                }
            }
        }
        out
    });
    let mut all: Vec<Vec<Outcome>> = candidates.iter().map(|_| Vec::new()).collect();
    for block in blocks {
        all.iter_mut().zip(block).for_each(|(to, some)| to.extend(some));
    }
    let tell = |((candidate, ground), outcomes): ((&Candidate, &Option<Ground<'_>>), &Vec<Outcome>)| Forecast {
        candidate: candidate.clone(),
        told: ground.as_ref().map(|ground| told(project, candidate, outcomes, ground)),
    };
    candidates.iter().zip(&grounds).zip(&all).map(tell).collect()
}

/// The roster with the views of all posts in today's count, at the posterior mean of each platform's step: what posts to come are held against.
fn in_todays_views<'a>(model: &Model, roster: &'a Roster, positions: &[&[f64]]) -> Cow<'a, Roster> {
    let steps: Vec<(usize, usize)> = model
        .drivers
        .iter()
        .filter_map(|d| d.platform.as_ref())
        .filter_map(|p| Some((roster.platforms.iter().position(|name| *name == p.name)?, p.step.as_ref()?.slot)))
        .collect();
    if steps.is_empty() || positions.is_empty() {
        return Cow::Borrowed(roster);
    }
    let mut means = vec![0.0; roster.platforms.len()];
    for position in positions {
        let values = model.parameters.values(position);
        steps.iter().for_each(|&(platform, slot)| means[platform] += values[slot] / positions.len() as f64);
    }
    let mut out = roster.clone();
    for (post, before) in out.posts.iter_mut().zip(share_before(roster)) {
        post.views *= 1.0 + before * means[roster.accounts[post.account].platform].exp_m1();
    }
    Cow::Owned(out)
}

fn told(project: &Project, candidate: &Candidate, outcomes: &[Outcome], ground: &Ground<'_>) -> Told {
    let of = |get: &dyn Fn(&Outcome) -> f64| Interval::of(&outcomes.iter().map(get).collect::<Vec<_>>());
    let (money_counts, margin) = (project.outcome.returns_are_money(), project.outcome.margin);
    let level = project.creators.as_ref().map_or(0.8, |c| c.fair_level);
    let earned: Vec<f64> = outcomes.iter().map(|o| o.money * margin.unwrap_or(1.0)).collect();
    let asked = candidate.deal.as_ref();
    let costs: Option<Vec<f64>> = asked.map(|d| outcomes.iter().map(|o| deal::cost(d, &o.did).total()).collect());
    let over = |values: &dyn Fn(usize) -> f64| {
        let costs = costs.as_ref().filter(|c| c.iter().all(|x| *x > 0.0))?;
        Some(Interval::of(&costs.iter().enumerate().map(|(i, c)| values(i) / c).collect::<Vec<_>>()))
    };
    let fee = Deal::of(&candidate.name, DealKind::Flat);
    let did = |i: usize| outcomes[i].did;
    let once = |_: usize| Activity { posts: 1.0, ..Activity::default() };
    let fair_cost = match fair_fee(&fee, &earned, once, level) {
        FairFee::UpTo(cost) => cost,
        FairFee::Any | FairFee::Never { .. } => 0.0,
    };
    Told {
        views: of(&|o| o.views),
        incremental: of(&|o| o.units),
        part: of(&|o| o.part),
        roi: over(&|i| outcomes[i].money),
        margin_roi: margin.and_then(|_| over(&|i| earned[i])),
        fair: money_counts.then(|| fair_fee(asked.unwrap_or(&fee), &earned, did, level)),
        fair_cost,
        pays: asked.filter(|_| money_counts).map(|d| chance(d, &earned, did)),
        cost: costs.as_ref().map(|c| Interval::of(c)),
        basis: ground.basis(candidate),
        borrowed: ground.borrowed(candidate),
    }
}

/// A number in (0, 1).
fn uniform(rng: &mut impl Rng) -> f64 {
    rng.random::<f64>().clamp(1e-12, 1.0 - 1e-12)
}
