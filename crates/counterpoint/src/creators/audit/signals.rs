//! The signals of the audit: how each is measured from a roster, what it says of the fake share, how much it weighs.

use super::norms::{self, Compared, Sample, Tier, compare};
use super::{DEGREES, USUAL};
use crate::data::roster::{Account, Format, Post, Roster};
use std::collections::BTreeMap;

/// What the audit looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Views a follower and post, by platform, tier and format.
    ViewsPerFollower,
    /// Likes and comments a follower and post; the table's engagement rate where posts have no likes.
    EngagementPerFollower,
    /// Likes a view.
    LikesPerView,
    /// Comments a like.
    CommentsPerLike,
    /// Standard deviation of log likes a view over posts of one format: very even engagement is unusual.
    Evenness,
    /// Share of likes beyond the post's views.
    LikesBeyondViews,
    /// Share of views that came in late, sudden steps.
    ViewSteps,
}

/// Which way a share f that is not real moves a signal.
enum Kind {
    /// To `1 - f` of what it would be.
    Lowers,
    /// To `1 - f`, or to `1 / (1 - f)`, of what it would be.
    Either,
    /// The value bounds f from below, within this standard deviation.
    Bounds(f64),
}

impl Signal {
    /// Exponent of the likelihood. All are judgements: views and likes a view hold what engagements a follower say again;
    /// comments and evenness differ most for honest reasons.
    pub fn weight(self) -> f64 {
        match self {
            Signal::ViewsPerFollower | Signal::LikesPerView | Signal::LikesBeyondViews | Signal::ViewSteps => 1.0,
            Signal::EngagementPerFollower | Signal::CommentsPerLike | Signal::Evenness => 0.5,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Signal::ViewsPerFollower | Signal::Evenness => Kind::Lowers,
            Signal::EngagementPerFollower | Signal::LikesPerView | Signal::CommentsPerLike => Kind::Either,
            // A like needs a view, but platforms count the two at different times.
            Signal::LikesBeyondViews => Kind::Bounds(0.1),
            // A step may be an advertisement or a share by somebody large.
            Signal::ViewSteps => Kind::Bounds(0.3),
        }
    }

    /// Standard deviation of the logarithm among honest accounts alike, before the roster says otherwise. Judgements: published
    /// lists for one tier span a factor of 4 or so (two standard deviations to either side of the middle).
    fn spread(self) -> f64 {
        match self {
            Signal::CommentsPerLike => 1.0,
            Signal::Evenness => 0.5,
            _ => 0.7,
        }
    }

    /// What is measured, for a sentence.
    pub fn label(self) -> &'static str {
        match self {
            Signal::ViewsPerFollower => "views a follower",
            Signal::EngagementPerFollower => "engagements a follower",
            Signal::LikesPerView => "likes a view",
            Signal::CommentsPerLike => "comments a like",
            Signal::Evenness => "variation of likes a view over posts",
            Signal::LikesBeyondViews => "likes beyond views",
            Signal::ViewSteps => "views in late steps",
        }
    }
}

/// A signal of an account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) account: usize,
    pub(super) signal: Signal,
    pub(super) value: f64,
    pub(super) norm: f64,
    pub(super) z: f64,
    /// Logarithm of value over norm, and its standard deviation; unused where the value bounds the share.
    ln_ratio: f64,
    spread: f64,
}

impl Measured {
    /// Logarithm of the weighted likelihood of a fake share `f`, up to a constant.
    pub(super) fn log_likelihood(&self, f: f64) -> f64 {
        let gone = (1.0 - f).ln() - (1.0 - USUAL).ln();
        let t = |centre: f64| {
            let z = (self.ln_ratio - centre) / self.spread;
            (1.0 + z * z / DEGREES).powf(-0.5 * (DEGREES + 1.0))
        };
        let log = match self.signal.kind() {
            Kind::Lowers => t(gone).ln(),
            Kind::Either => {
                let away = gone.min(0.0);
                (0.5 * (t(away) + t(-away))).ln()
            }
            Kind::Bounds(within) => -0.5 * ((self.value - f).max(0.0) / within).powi(2),
        };
        self.signal.weight() * log
    }

    /// In words, without a verdict.
    pub(super) fn sentence(&self) -> String {
        let name = self.signal.label();
        match self.signal {
            Signal::LikesBeyondViews if self.value == 0.0 => "No post has more likes than views.".to_owned(),
            Signal::LikesBeyondViews => {
                format!("{} of the likes are beyond the views of their posts.", percent(self.value))
            }
            Signal::ViewSteps if self.value == 0.0 => "Views of posts come without late steps.".to_owned(),
            Signal::ViewSteps => {
                format!("{} of the views came in steps, two days or more after the post.", percent(self.value))
            }
            _ if self.z.abs() < 1.0 => {
                format!("{} is usual for {name} (the norm is {}).", percent(self.value), percent(self.norm))
            }
            _ => {
                let side = if self.z > 0.0 { "above" } else { "below" };
                let times = (self.value / self.norm).max(self.norm / self.value);
                let (value, norm, z) = (percent(self.value), percent(self.norm), self.z.abs());
                let size = if times < 10.0 { format!("{times:.1}") } else { format!("{times:.0}") };
                format!(
                    "{value} for {name} is {side} the norm of {norm} by a factor of {size} ({z:.1} standard deviations)."
                )
            }
        }
    }
}

/// A share as a percentage of two digits or so.
fn percent(share: f64) -> String {
    let p = 100.0 * share;
    match p.abs() {
        a if a == 0.0 || a >= 10.0 => format!("{p:.0} %"),
        a if a >= 1.0 => format!("{p:.1} %"),
        _ => format!("{p:.2} %"),
    }
}

/// Every signal of every account that the roster allows.
pub(super) fn measure(roster: &Roster) -> Vec<Measured> {
    let mut out = Vec::new();
    for signal in [
        Signal::ViewsPerFollower,
        Signal::EngagementPerFollower,
        Signal::LikesPerView,
        Signal::CommentsPerLike,
        Signal::Evenness,
    ] {
        out.extend(over_formats(signal, &compare(&samples(signal, roster), signal.spread())));
    }
    let each = |of: fn(&[&Post]) -> Option<f64>, signal: Signal| {
        let one = move |account: usize| of(&posts_of(roster, account)).map(|value| bound(account, signal, value));
        (0..roster.accounts.len()).filter_map(one).collect::<Vec<_>>()
    };
    out.extend(each(likes_beyond_views, Signal::LikesBeyondViews));
    out.extend(each(view_steps, Signal::ViewSteps));
    out
}

/// A signal that bounds the share from below: its norm is none at all.
fn bound(account: usize, signal: Signal, value: f64) -> Measured {
    let within = match signal.kind() {
        Kind::Bounds(within) => within,
        Kind::Lowers | Kind::Either => 1.0,
    };
    Measured { account, signal, value, norm: 0.0, z: value / within, ln_ratio: 0.0, spread: within }
}

/// One value an account: the mean over its formats, weighted by posts.
fn over_formats(signal: Signal, compared: &[Compared]) -> Vec<Measured> {
    let mut by_account: BTreeMap<usize, Vec<&Compared>> = BTreeMap::new();
    for c in compared {
        by_account.entry(c.account).or_default().push(c);
    }
    let one = |(account, all): (usize, Vec<&Compared>)| {
        let posts: f64 = all.iter().map(|c| c.posts).sum();
        let mean = |of: fn(&Compared) -> f64| all.iter().map(|c| c.posts * of(c)).sum::<f64>() / posts;
        let (ln_value, ln_norm, mut spread) = (mean(|c| c.ln_value), mean(|c| c.ln_norm), mean(|c| c.spread));
        if signal == Signal::Evenness {
            // The sampling error of a log standard deviation from n posts is about 1 / sqrt(2 (n - 1)).
            spread = spread.hypot((2.0 * (posts - 1.0)).sqrt().recip());
        }
        let ln_ratio = ln_value - ln_norm;
        Measured { account, signal, value: ln_value.exp(), norm: ln_norm.exp(), z: ln_ratio / spread, ln_ratio, spread }
    };
    by_account.into_iter().map(one).collect()
}

fn posts_of(roster: &Roster, account: usize) -> Vec<&Post> {
    roster.posts.iter().filter(|p| p.account == account).collect()
}

/// The values of a ratio signal by account and format: the median over posts.
fn samples(signal: Signal, roster: &Roster) -> Vec<Sample> {
    let mut out = Vec::new();
    for (index, account) in roster.accounts.iter().enumerate() {
        let mut by_format: BTreeMap<Format, Vec<&Post>> = BTreeMap::new();
        for post in posts_of(roster, index) {
            by_format.entry(post.format).or_default().push(post);
        }
        let followers = account.followers.filter(|f| *f > 0.0);
        let platform = roster.platforms.get(account.platform).map_or("", String::as_str);
        let before = out.len();
        for (format, posts) in by_format {
            let values: Vec<f64> = posts.iter().filter_map(|p| ln_of(signal, p, followers)).collect();
            let ln_value = if signal == Signal::Evenness { ln_deviation(&values) } else { some_median(&values) };
            if let Some(ln_value) = ln_value {
                out.push(sample(signal, index, account, platform, Some(format), values.len() as f64, ln_value));
            }
        }
        // The table's engagement rate stands in for posts without likes.
        let rate = account.engagement_rate.filter(|r| *r > 0.0);
        if let (Signal::EngagementPerFollower, Some(rate), true) = (signal, rate, out.len() == before) {
            out.push(sample(signal, index, account, platform, None, 1.0, rate.ln()));
        }
    }
    out
}

fn sample(
    signal: Signal,
    index: usize,
    account: &Account,
    platform: &str,
    format: Option<Format>,
    posts: f64,
    ln_value: f64,
) -> Sample {
    let followers = account.followers.filter(|f| *f > 0.0);
    let published = match signal {
        Signal::ViewsPerFollower => followers.and_then(|f| norms::views_per_follower(platform, format, f)),
        Signal::EngagementPerFollower => followers.and_then(|f| norms::engagement_per_follower(platform, f)),
        Signal::LikesPerView => followers.and_then(|f| norms::likes_per_view(platform, format, f)),
        Signal::CommentsPerLike => norms::comments_per_like(platform),
        // No figure is published for variation, steps or likes beyond views.
        Signal::Evenness | Signal::LikesBeyondViews | Signal::ViewSteps => None,
    };
    Sample {
        account: index,
        platform: account.platform,
        tier: Tier::of(account.followers),
        format,
        posts,
        ln_value,
        ln_published: published.map(f64::ln),
    }
}

/// Logarithm of a ratio of one post, where it can be taken.
fn ln_of(signal: Signal, post: &Post, followers: Option<f64>) -> Option<f64> {
    let ratio = match signal {
        Signal::ViewsPerFollower => post.views / followers?,
        Signal::EngagementPerFollower => (post.likes? + post.comments.unwrap_or(0.0)) / followers?,
        // Likes of boosted views cannot be told from the others.
        Signal::LikesPerView | Signal::Evenness => post.likes? / (post.views + post.boosted),
        Signal::CommentsPerLike => post.comments? / post.likes?,
        Signal::LikesBeyondViews | Signal::ViewSteps => return None,
    };
    (ratio.is_finite() && ratio > 0.0).then(|| ratio.ln())
}

fn some_median(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| norms::median(values))
}

/// Fewest posts from which a standard deviation is taken. A judgement.
const FEWEST_POSTS: usize = 5;
/// Smallest standard deviation told from none: counts are rounded.
const LEAST_DEVIATION: f64 = 0.02;

/// Logarithm of the standard deviation.
fn ln_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < FEWEST_POSTS {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Some(square.sqrt().max(LEAST_DEVIATION).ln())
}

/// Share of likes beyond the views of their posts; none without a post that has both.
fn likes_beyond_views(posts: &[&Post]) -> Option<f64> {
    let (mut beyond, mut all) = (0.0, 0.0);
    for post in posts {
        let seen = post.views + post.boosted;
        if let (Some(likes), true) = (post.likes, seen > 0.0) {
            beyond += (likes - seen).max(0.0);
            all += likes;
        }
    }
    (all > 0.0).then(|| beyond / all)
}

/// Snapshots it takes to speak of a step.
const FEWEST_SNAPSHOTS: usize = 4;
/// Days after a post before which a rise is no step: posts spread late. A judgement.
const STEP_AFTER_DAYS: f64 = 2.0;
/// A step is a daily rate so many times the median of the rates before it, where attention as a rule decays. A judgement.
const STEP_TIMES: f64 = 4.0;

/// Share of views that came in steps, over the posts with enough snapshots; none without such posts.
fn view_steps(posts: &[&Post]) -> Option<f64> {
    let (mut stepped, mut all) = (0.0, 0.0);
    for post in posts.iter().filter(|p| p.snapshots.len() >= FEWEST_SNAPSHOTS) {
        let days = |to: jiff::civil::DateTime| {
            (to - post.at).total((jiff::Unit::Hour, jiff::SpanRelativeTo::days_are_24_hours()))
        };
        let (mut at, mut views, mut rates) = (0.0, 0.0, Vec::new());
        for snapshot in &post.snapshots {
            let Ok(now) = days(snapshot.at).map(|hours| hours / 24.0) else { continue };
            let (step, gained) = (now - at, snapshot.views - views);
            if step <= 0.0 || gained < 0.0 {
                continue;
            }
            let usual = norms::median(&rates);
            if rates.len() >= 2 && at >= STEP_AFTER_DAYS && gained / step > STEP_TIMES * usual {
                stepped += gained - usual * step;
            } else {
                rates.push(gained / step);
            }
            (at, views) = (now, snapshot.views);
        }
        all += views;
    }
    (all > 0.0).then(|| stepped / all)
}
