//! One post of a person, on every draw of a fit: what a plan of posts is made of.

use super::fate::Fate;
use super::ground::{Ground, Shared};
use super::{BLOCKS, STREAM};
use crate::data::Dataset;
use crate::data::roster::{Candidate, Format, Roster};
use crate::model::build::Model;
use crate::model::posterior::Posterior;
use crate::project::Project;
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use std::sync::Arc;

/// Random streams of posts lie beyond those of forecasts; each person has this many.
const PERSON: u64 = 1 << 24;
const FIRST: u64 = STREAM << 1;
/// Posts from which an account's own views are learned; with fewer, the platform's speak.
const OWN_POSTS: usize = 3;

/// Somebody whose posts are planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Index of the platform's driver.
    pub driver: usize,
    /// Scaled exposure a head that one real view brings to each row, a geo and segment of the audience each, `[rows]`.
    pub share: Vec<f64>,
    /// Share of a post's views by period, from the period of the post on.
    pub decay: Vec<f64>,
    /// Share of a post's views within a number of days is what a window counts; the days of a period.
    pub days: f64,
    /// Outcome in money a day, of late.
    pub money_a_day: f64,
    /// A draw each.
    pub draws: Vec<PostDraw>,
}

/// One post on one draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PostDraw {
    /// Organic views, on average over the person's posts.
    pub views: f64,
    /// Effective views: real ones, times the person's weight.
    pub strength: f64,
    /// Share of incremental sales that a code sees.
    pub capture: f64,
    /// Share of all sales that a live code takes without having caused them.
    pub leak: f64,
    /// Share of the posts that are made (gifts may bring none).
    pub made: f64,
}

/// One post of each person on each of `positions` (the sampler's coordinates); none where the model has no creator of the platform. `known` is
/// the account in the roster of those who are there: its weight, its code and its own views are used; of others, what a new creator of the
/// platform would be like. The result does not depend on the number of threads.
pub fn posts(
    model: &Arc<Model>,
    project: &Project,
    data: &Dataset,
    positions: &[&[f64]],
    people: &[(&Candidate, Option<usize>)],
    threads: usize,
) -> Vec<Option<Person>> {
    let Some(roster) = data.roster.as_ref() else { return people.iter().map(|_| None).collect() };
    let worth = project.creators.as_ref().map_or(0.0, |c| c.fake_worth);
    let roster = super::in_todays_views(model, roster, positions);
    let shared = Shared::new(model, data, &roster, worth);
    let shaped: Vec<Candidate> = people.iter().map(|(c, known)| with_format(c, *known, data)).collect();
    let grounds: Vec<Option<Ground<'_>>> = shaped.iter().map(|c| Ground::new(&shared, model, data, c)).collect();
    let own: Vec<Own> = people.iter().map(|(_, known)| Own::new(model, &roster, *known)).collect();
    let blocks = counterpoint_infer::parallel::in_parallel(BLOCKS, threads, |block| {
        let (from, to) = (block * positions.len() / BLOCKS, (block + 1) * positions.len() / BLOCKS);
        let mut posterior = Posterior::new(model.clone());
        let mut out: Vec<Vec<PostDraw>> = people.iter().map(|_| Vec::new()).collect();
        for i in from..to {
            posterior.set(positions[i]);
            for (k, to) in out.iter_mut().enumerate() {
                let Some(ground) = &grounds[k] else { continue };
                let mut rng = chain_rng(project.sampler.seed, FIRST + k as u64 * PERSON + i as u64);
                let luck = standard_normal(&mut rng);
                let fate = Fate::draw(ground, &shaped[k], &mut rng);
                to.push(ground.post(&posterior, &fate, &own[k], luck));
            }
        }
        out
    });
    let mut all: Vec<Vec<PostDraw>> = people.iter().map(|_| Vec::new()).collect();
    for block in blocks {
        all.iter_mut().zip(block).for_each(|(to, some)| to.extend(some));
    }
    let finish = |(ground, draws): (&Option<Ground<'_>>, Vec<PostDraw>)| ground.as_ref().map(|g| g.person(draws));
    grounds.iter().zip(all).map(finish).collect()
}

/// Somebody of the roster whose format is open posts as most of the account's posts were.
fn with_format(candidate: &Candidate, known: Option<usize>, data: &Dataset) -> Candidate {
    let of = |account: usize| {
        let posts = data.roster.iter().flat_map(|r| &r.posts).filter(move |p| p.account == account);
        let mut counts: Vec<(usize, Format)> = Vec::new();
        for post in posts {
            match counts.iter_mut().find(|c| c.1 == post.format) {
                Some(c) => c.0 += 1,
                None => counts.push((1, post.format)),
            }
        }
        counts.into_iter().max().map(|c| c.1)
    };
    Candidate { format: candidate.format.or_else(|| known.and_then(of)), ..candidate.clone() }
}

/// What is known of an account of the roster.
pub(super) struct Own {
    /// Driver and place among the platform's accounts.
    pub(super) place: Option<(usize, usize)>,
    /// Mean logarithm of the views of its posts, and their number.
    pub(super) views: Option<(f64, f64)>,
    /// Its series of tracked sales.
    pub(super) series: Option<usize>,
}

impl Own {
    fn new(model: &Model, roster: &Roster, account: Option<usize>) -> Own {
        let Some(account) = account else {
            return Own { place: None, views: None, series: None };
        };
        let place = model
            .drivers
            .iter()
            .enumerate()
            .find_map(|(m, d)| Some((m, d.platform.as_ref()?.accounts.iter().position(|&a| a == account)?)));
        let logs: Vec<f64> =
            roster.posts.iter().filter(|p| p.account == account && p.views > 0.0).map(|p| p.views.ln()).collect();
        let count = logs.len() as f64;
        let series = place
            .zip(model.tracked.as_ref())
            .and_then(|(place, tracked)| tracked.series.iter().position(|s| s.accounts.contains(&place)));
        let views = (logs.len() >= OWN_POSTS).then(|| (logs.iter().sum::<f64>() / count, count));
        Own { place, views, series }
    }
}
