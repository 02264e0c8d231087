//! Everything that chance decides of one forecast: how a new creator differs, what stands in for what is not known, views of each post.

use super::ground::Ground;
use super::reach::ReachDraw;
use super::uniform;
use crate::data::roster::{Account, Candidate, Format};
use crate::model::defaults;
use counterpoint_infer::sample::standard_normal;
use rand::Rng;

/// Everything that chance decides of one forecast.
pub(super) struct Fate {
    /// Standardised deviation of the new creator's weight, and that of the lone creator it is held against.
    pub(super) weight: [f64; 2],
    /// The platform's spread, where it is the prior's.
    pub(super) spread: f64,
    /// Covariates, with those of a peer where not known.
    pub(super) traits: Vec<f64>,
    /// Share of the audience that is not real.
    pub(super) fake: f64,
    /// Where in the recent past the first post falls, in (0, 1).
    pub(super) start: f64,
    /// Views and format of each post; none for a gift that brings none.
    pub(super) posts: Vec<Option<(f64, Format)>>,
    /// Standardised deviation of each post's logarithm of views, and their spread.
    pub(super) noise: Vec<f64>,
    pub(super) within: f64,
    /// Views of a post on average, where somebody states them.
    pub(super) stated: Option<f64>,
    /// Standardised deviation of the capture rate; the rate's centre and spread, where they are the priors'.
    pub(super) capture: [f64; 3],
    /// Which leak, in (0, 1), and the prior's where there is none.
    pub(super) leak: [f64; 2],
}

impl Fate {
    /// Draws in an order that does not depend on the candidate, so that the same stream is the same luck for all.
    pub(super) fn draw(ground: &Ground<'_>, candidate: &Candidate, rng: &mut impl Rng) -> Fate {
        let weight = [standard_normal(rng), standard_normal(rng)];
        let spread = defaults::CREATOR_SPREAD.draw(rng);
        let peer = uniform(rng);
        let start = uniform(rng);
        let capture = [standard_normal(rng), defaults::CAPTURE.draw(rng), defaults::CAPTURE_SPREAD.draw(rng)];
        let leak = [uniform(rng), defaults::LEAK.draw(rng)];
        let reach = ground.reach.draw(rng);
        let level = standard_normal(rng);
        let all: Vec<(Option<(f64, Format)>, f64)> =
            (0..candidate.posts).map(|_| post(ground, candidate, (&reach, level), rng)).collect();
        let (posts, noise) = all.into_iter().unzip();
        // Of the peers who know what is not known of the candidate, one at random stands in.
        let stand_in = |get: &dyn Fn(&Account) -> Option<f64>| {
            get(&candidate.account).or_else(|| {
                let known: Vec<f64> = ground.peers.iter().filter_map(|a| get(a)).collect();
                known.get((peer * known.len() as f64) as usize).copied()
            })
        };
        Fate {
            weight,
            spread,
            traits: ground.shared.covariates.iter().map(|c| stand_in(&|a| c.of(a)).unwrap_or(0.0)).collect(),
            fake: stand_in(&|a| a.fake_share).unwrap_or(0.0),
            start,
            posts,
            noise,
            within: reach.within,
            stated: candidate.expected_views,
            capture,
            leak,
        }
    }
}

/// Views and format of a post, none where a gift brings none; and the deviation of its views.
fn post(
    ground: &Ground<'_>,
    candidate: &Candidate,
    (reach, level): (&ReachDraw, f64),
    rng: &mut impl Rng,
) -> (Option<(f64, Format)>, f64) {
    let (pick, luck, noise) = (uniform(rng), uniform(rng), standard_normal(rng));
    let drawn = ground.formats.get((pick * ground.formats.len() as f64) as usize).copied();
    let format = candidate.format.or(drawn).unwrap_or(Format::Feed);
    let middle = match candidate.expected_views {
        // Stated as an average, which lies above the middle of a skewed distribution.
        Some(views) => views.ln() - 0.5 * reach.within * reach.within,
        None => ground.reach.level(reach, candidate.account.followers.unwrap_or(1.0), format) + reach.between * level,
    };
    let comes = candidate.deal.as_ref().and_then(|d| d.post_probability).unwrap_or(1.0);
    ((luck < comes).then(|| ((middle + reach.within * noise).exp(), format)), noise)
}
