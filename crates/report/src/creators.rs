//! What a report shows of creators: plain data, filled in by whoever holds a fitted model.

use crate::data::Interval;
use crate::json::{number, numbers};
use serde::{Deserialize, Serialize};

/// The creators' part of a report. It covers the same dates as the rest; money is in [`crate::ReportData::currency`],
/// an effect is in units of the outcome. Indices point into the vectors of this struct.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Creators {
    /// Platforms that creators post on.
    pub platforms: Vec<Platform>,
    /// A row a creator, in any order.
    pub roster: Vec<CreatorRow>,
    /// Posts within the dates, in any order.
    pub posts: Vec<PostMark>,
    /// How attention to a post spreads over time; of several on one platform the first stands for the platform.
    pub kernels: Vec<Kernel>,
    /// How much hangs on each platform.
    pub dependence: Dependence,
    /// Exposure of the channels by date: each channel divided by its own average, then averaged over channels, so that
    /// 1 is an average period. Empty without channels.
    #[serde(deserialize_with = "numbers")]
    pub channel_exposure: Vec<f64>,
    /// How many times the effect of a view by a creator in the top tenth of a platform is that of a view by one in the
    /// bottom tenth: `exp(2.563 tau)`; `None` where the model has no spread between creators.
    pub spread: Option<Interval>,
    /// What goes with a stronger or weaker effect of a view.
    pub traits: Vec<Trait>,
    /// Share of tracked sales that would have come without the posts, 0..1; `None` where nothing is tracked.
    pub not_incremental: Option<Interval>,
    /// Commission paid on those sales, in money.
    pub commission_not_incremental: Option<Interval>,
    /// Probability of a return above 1 that a fair fee keeps, 0..1.
    #[serde(deserialize_with = "number")]
    pub fair_level: f64,
    /// Creators not worked with yet, forecast.
    pub candidates: Vec<CandidateRow>,
}

/// A platform that creators post on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Platform {
    /// Name from the data.
    pub name: String,
    /// Views of all creators' posts by date.
    #[serde(deserialize_with = "numbers")]
    pub views: Vec<f64>,
    /// Outcome that a thousand views bring, average over the platform's creators.
    pub effect_per_thousand: Interval,
    /// Creators by the group of people among whom their audience is densest, where overlaps tell several apart; empty where not.
    #[serde(default)]
    pub groups: Vec<Vec<String>>,
}

/// One creator over the whole period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatorRow {
    /// Name from the data.
    pub name: String,
    /// Indices into [`Creators::platforms`], the one with most views first.
    pub platforms: Vec<usize>,
    /// What the creator is about.
    pub niche: Option<String>,
    /// Posts.
    pub posts: u64,
    /// Views of all posts, boosted ones included.
    #[serde(deserialize_with = "number")]
    pub views: f64,
    /// Views by date.
    #[serde(deserialize_with = "numbers")]
    pub views_by_date: Vec<f64>,
    /// Outcome that the posts brought.
    pub effect: Interval,
    /// Effect of a view relative to the platform's average, which is 1.
    pub per_view: Interval,
    /// What the deals cost, by what they are paid for; `None` where no deal is known.
    pub cost: Option<Cost>,
    /// Return a unit of cost, as [`crate::ReportData::return_word`] says; `None` without cost.
    pub roi: Option<Interval>,
    /// Posterior probability that the return is above 1, where returns are money.
    pub prob_roi_above_1: Option<f64>,
    /// Fees paid: the part of the cost that the fair fee would replace.
    pub fee_paid: Option<f64>,
    /// Highest fee for the same posts at which the return is above 1 with [`Creators::fair_level`].
    pub fair_fee: Option<f64>,
    /// Fee for the same posts at which the return is just 1.
    pub break_even_fee: Option<Interval>,
    /// Sales tracked by code or link, in units of the outcome; `None` without code or link.
    pub tracked: Option<f64>,
    /// Share of the effect that was tracked (capture rate kappa), 0..1.
    pub capture: Option<Interval>,
    /// Share of the tracked sales that did not come from the posts, 0..1.
    pub leak: Option<Interval>,
    /// Share of the prior variance of this creator's effect of a view that the data removed, 0..1.
    #[serde(deserialize_with = "number")]
    pub moved_from_prior: f64,
    /// Whether the data can tell this creator from the platform's average.
    pub identified: bool,
    /// What to do.
    pub verdict: CreatorVerdict,
    /// Why, in a sentence.
    pub reason: String,
    /// How real the audience looks; `None` where it was not looked at.
    pub audit: Option<Audit>,
}

/// Money that a creator's deals cost, by what it was paid for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Fees that do not depend on what came of the posts.
    #[serde(deserialize_with = "number")]
    pub fixed: f64,
    /// Paid by views: money a thousand views, bounties.
    #[serde(deserialize_with = "number")]
    pub by_views: f64,
    /// Paid by sales: commission, royalties.
    #[serde(deserialize_with = "number")]
    pub by_sales: f64,
    /// Product given, with shipping.
    #[serde(deserialize_with = "number")]
    pub product: f64,
}

impl Cost {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.fixed + self.by_views + self.by_sales + self.product
    }
}

/// What to do about a creator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CreatorVerdict {
    /// End it.
    Stop,
    /// Find out more first.
    Test,
    /// Go on for a lower price.
    Renegotiate,
    /// Go on.
    Renew,
}

/// How real an audience looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Share of the audience or engagement that looks like people who chose to be there, 0..1.
    pub score: Interval,
    /// What was seen, in neutral sentences.
    pub evidence: Vec<String>,
}

/// A post as a mark over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostMark {
    /// Index into [`Creators::roster`].
    pub creator: usize,
    /// Index into [`Creators::platforms`].
    pub platform: usize,
    /// Day it went up, ISO 8601.
    pub date: String,
    /// Name from the data.
    pub name: String,
    /// Views so far.
    #[serde(deserialize_with = "number")]
    pub views: f64,
}

/// How the views of a post spread over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// Index into [`Creators::platforms`].
    pub platform: usize,
    /// Format, such as `short video`; empty where all formats share the kernel.
    pub format: String,
    /// Days since the post, ascending, above 0.
    #[serde(deserialize_with = "numbers")]
    pub days: Vec<f64>,
    /// Posterior mean of the share of all views that has come by then, 0..1.
    #[serde(deserialize_with = "numbers")]
    pub mean: Vec<f64>,
    /// Its 5% quantile.
    #[serde(deserialize_with = "numbers")]
    pub q05: Vec<f64>,
    /// Its 95% quantile.
    #[serde(deserialize_with = "numbers")]
    pub q95: Vec<f64>,
    /// Days until half of the views have come.
    pub half_life_days: Interval,
    /// Whether snapshots of views taught it; otherwise it is what was assumed.
    pub learned: bool,
    /// What snapshots of views show.
    pub observed: Vec<ObservedShare>,
}

/// Share of a post's views that a snapshot has seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ObservedShare {
    /// Days since the post.
    #[serde(deserialize_with = "number")]
    pub days: f64,
    /// Views at the snapshot over all views of the post that are expected, 0..1.
    #[serde(deserialize_with = "number")]
    pub share: f64,
}

/// How much hangs on each platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dependence {
    /// A row a platform that a creator or a channel names.
    pub shares: Vec<PlatformShare>,
    /// Creators' spread over platforms.
    pub creators: Concentration,
    /// Channels' spread over platforms; `None` where no channel names one.
    pub channels: Option<Concentration>,
    /// Channels that name no platform and are left out.
    pub channels_left_out: usize,
}

/// What a platform carries, 0..1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlatformShare {
    /// Name of the platform.
    pub platform: String,
    /// Share of what all creators brought; `None` where no creator is on it.
    pub creators: Option<Interval>,
    /// Share of what the channels that name a platform brought; `None` where no channel is on it.
    pub channels: Option<Interval>,
    /// Share of what both together brought.
    pub together: Interval,
}

/// How much an effect is concentrated on few platforms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Concentration {
    /// Herfindahl index: sum of squared shares, 1 where all is on one platform.
    pub hhi: Interval,
    /// Effective number of platforms: one over the Herfindahl index, on every draw.
    pub effective: Interval,
}

/// Something about creators, and what goes with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// What it is, in a word: `followers`, `engagement`, `authenticity`, `collaborations`.
    pub name: String,
    /// The difference looked at, within a sentence: `twice the followers`.
    pub change: String,
    /// What the effect of a view is multiplied by at that difference; 1 is no difference.
    pub factor: Interval,
}

/// A creator not worked with yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateRow {
    /// Name from the data.
    pub name: String,
    /// Index into [`Creators::platforms`].
    pub platform: usize,
    /// Followers.
    pub followers: Option<f64>,
    /// Posts that the forecast is for.
    pub posts: u64,
    /// Views expected of them.
    pub views: Interval,
    /// Outcome expected of them.
    pub effect: Interval,
    /// Fee asked for.
    pub fee_asked: Option<f64>,
    /// Return at that fee.
    pub roi: Option<Interval>,
    /// Highest fee at which the return is above 1 with [`Creators::fair_level`].
    pub fair_fee: Option<f64>,
}
