//! What accounts alike have: published figures as a weak start, moved to what this roster shows.
//!
//! On the log scale, with `e` an account's value over the published figure: the norm of platform and format is the
//! published figure shifted by `n · median(e) / (n + K)`, and that of platform, format and tier lies between this and the median
//! of its own accounts in the same manner. Medians, because some of the roster may be odd.

use crate::data::roster::Format;
use std::collections::BTreeMap;

/// Accounts that a published figure counts for: 1. Lists of different years and makers differ by a factor of 3 to 5, about
/// as much as accounts do among themselves.
const PUBLISHED_COUNTS: f64 = 1.0;
/// Accounts of a tier that it takes to leave the norm of all tiers half of the way. A judgement.
const TIERS_COUNT: f64 = 3.0;
/// Fewest accounts for a norm where nothing is published.
const FEWEST: usize = 3;
/// Smallest standard deviation of log values among honest accounts that is believed. A judgement.
const LEAST_SPREAD: f64 = 0.3;
/// Accounts that the default spread of a signal counts for.
const SPREAD_COUNTS: f64 = 3.0;

/// Size class of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// Followers not known.
    Unknown,
    /// Below 10 000.
    Nano,
    /// Below 100 000.
    Micro,
    /// Below a million.
    Macro,
    /// From a million.
    Mega,
}

impl Tier {
    pub(super) fn of(followers: Option<f64>) -> Tier {
        match followers {
            Some(f) if f < 1e4 => Tier::Nano,
            Some(f) if f < 1e5 => Tier::Micro,
            Some(f) if f < 1e6 => Tier::Macro,
            Some(f) if f >= 1e6 => Tier::Mega,
            _ => Tier::Unknown,
        }
    }
}

/// Followers at which the published figures below are taken to hold.
const AT_FOLLOWERS: f64 = 50_000.0;

/// Views a follower and post, where published: the assumptions of a public rate calculator (sponsorrate-com.pages.dev/methodology),
/// falling with followers to the power -0.46 (reach shares by tier of 350 000 rate cards, thecirqle.com).
pub(super) fn views_per_follower(platform: &str, format: Option<Format>, followers: f64) -> Option<f64> {
    let rate = match (platform.to_lowercase().as_str(), format?) {
        ("instagram", Format::Story) => 0.10,
        ("instagram", Format::ShortVideo) => 0.40,
        ("instagram", Format::Feed) => 0.25,
        ("tiktok", Format::ShortVideo) => 0.30,
        ("youtube", Format::LongVideo) => 0.30,
        ("youtube", Format::ShortVideo) => 0.35,
        ("linkedin", _) => 0.15,
        _ => return None,
    };
    Some(rate * (followers / AT_FOLLOWERS).powf(-0.46))
}

/// Engagements a follower and post, where published: Instagram 1.85 % (HypeAuditor 2023), TikTok 7.5 % below 100 000 followers
/// (Influencer Marketing Hub), falling with followers to the power -0.13 and -0.17 (two tiers of the same).
pub(super) fn engagement_per_follower(platform: &str, followers: f64) -> Option<f64> {
    let size = followers / AT_FOLLOWERS;
    match platform.to_lowercase().as_str() {
        "instagram" => Some(0.0185 * size.powf(-0.13)),
        "tiktok" => Some(0.075 * size.powf(-0.17)),
        _ => None,
    }
}

/// Likes a view, where both figures above are published and of one kind (Instagram; TikTok's do not fit together).
pub(super) fn likes_per_view(platform: &str, format: Option<Format>, followers: f64) -> Option<f64> {
    if !platform.eq_ignore_ascii_case("instagram") {
        return None;
    }
    Some(engagement_per_follower(platform, followers)? / views_per_follower(platform, format, followers)?)
}

/// Comments a like, where published: comments of 0.14 % of followers (kariblog.com) over the engagement of 1.85 %, Instagram.
pub(super) fn comments_per_like(platform: &str) -> Option<f64> {
    platform.eq_ignore_ascii_case("instagram").then_some(0.0014 / 0.0185)
}

/// A value to be compared, on the log scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) account: usize,
    pub(super) platform: usize,
    pub(super) tier: Tier,
    pub(super) format: Option<Format>,
    /// Posts behind it.
    pub(super) posts: f64,
    pub(super) ln_value: f64,
    /// Logarithm of the published figure.
    pub(super) ln_published: Option<f64>,
}

/// A sample against its norm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compared {
    pub(super) account: usize,
    pub(super) posts: f64,
    pub(super) ln_value: f64,
    pub(super) ln_norm: f64,
    /// Standard deviation of accounts alike, the norm's own uncertainty included.
    pub(super) spread: f64,
}

/// Compares each sample with its norm; samples without a norm are left out. `spread` is the standard deviation of log values
/// that is expected among honest accounts, shrunk to what the roster shows.
pub(super) fn compare(samples: &[Sample], spread: f64) -> Vec<Compared> {
    let mut wide: BTreeMap<(usize, Option<Format>), Vec<f64>> = BTreeMap::new();
    let mut narrow: BTreeMap<(usize, Option<Format>, Tier), Vec<f64>> = BTreeMap::new();
    let over = |s: &Sample| s.ln_value - s.ln_published.unwrap_or(0.0);
    for s in samples {
        wide.entry((s.platform, s.format)).or_default().push(over(s));
        narrow.entry((s.platform, s.format, s.tier)).or_default().push(over(s));
    }
    // Logarithm of the norm over the published figure, and how many accounts' worth is behind it.
    let norm = |s: &Sample| -> Option<(f64, f64)> {
        let all = &wide[&(s.platform, s.format)];
        let n = all.len() as f64;
        let (shift, behind) = match s.ln_published {
            Some(_) => (n * median(all) / (n + PUBLISHED_COUNTS), n + PUBLISHED_COUNTS),
            None if all.len() >= FEWEST => (median(all), n),
            None => return None,
        };
        let own = &narrow[&(s.platform, s.format, s.tier)];
        let m = own.len() as f64;
        Some(((TIERS_COUNT * shift + m * median(own)) / (TIERS_COUNT + m), behind))
    };
    let found: Vec<(&Sample, f64, f64)> =
        samples.iter().filter_map(|s| norm(s).map(|(shift, behind)| (s, shift, behind))).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let distances: Vec<f64> = found.iter().map(|(s, shift, _)| (over(s) - shift).abs()).collect();
    let n = distances.len() as f64;
    // 1.4826 times the median distance is the standard deviation of a Normal.
    let shown = 1.4826 * median(&distances);
    let pooled = ((n * shown * shown + SPREAD_COUNTS * spread * spread) / (n + SPREAD_COUNTS)).sqrt().max(LEAST_SPREAD);
    let compared = |(s, shift, behind): &(&Sample, f64, f64)| Compared {
        account: s.account,
        posts: s.posts,
        ln_value: s.ln_value,
        ln_norm: s.ln_published.unwrap_or(0.0) + shift,
        spread: pooled * (1.0 + 1.0 / behind).sqrt(),
    };
    found.iter().map(compared).collect()
}

/// The middle value; 0 of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::deal::testing::close;
    use super::*;

    fn sample(account: usize, tier: Tier, value: f64, published: Option<f64>) -> Sample {
        let ln_published = published.map(f64::ln);
        Sample { account, platform: 0, tier, format: None, posts: 1.0, ln_value: value.ln(), ln_published }
    }

    #[test]
    fn a_lone_account_is_held_against_the_published_figure() {
        // Twice the published figure: the norm moves half of the way (1 account to 1), and of the rest a quarter (1 to 3):
        // ln 2 · (3 · 0.5 + 1) / 4 = 0.625 ln 2.
        let got = compare(&[sample(0, Tier::Nano, 0.2, Some(0.1))], 0.7)[0];
        close(got.ln_norm, 0.1_f64.ln() + 0.625 * 2.0_f64.ln());
        // Shown 1.4826 · 0.375 ln 2 = 0.3854: sqrt((0.3854² + 3 · 0.49) / 4) = 0.6361; norm of 1 + 1 accounts: sqrt(1.5) times.
        assert!((got.spread - 0.6361 * 1.5_f64.sqrt()).abs() < 1e-4, "{}", got.spread);
    }

    #[test]
    fn without_a_published_figure_three_accounts_are_needed() {
        let of = |n| (0..n).map(|i| sample(i, Tier::Micro, 0.1 * (i + 1) as f64, None)).collect::<Vec<_>>();
        assert!(compare(&of(2), 0.7).is_empty());
        // The median of 0.1, 0.2, 0.3, in the tier as over all.
        let got = compare(&of(3), 0.7);
        assert!(got.iter().all(|c| (c.ln_norm - 0.2_f64.ln()).abs() < 1e-12));
    }

    #[test]
    fn many_accounts_outweigh_the_published_figure_and_an_odd_one_does_not_move_them() {
        let mut all: Vec<Sample> = (0..29).map(|i| sample(i, Tier::Micro, 0.4, Some(0.1))).collect();
        all.push(sample(29, Tier::Micro, 40.0, Some(0.1)));
        let got = compare(&all, 0.7);
        // 30/31 of the way from 0.1 to 0.4, then 30/33 of the rest.
        let way = (3.0 * 30.0 / 31.0 + 30.0) / 33.0;
        close(got[29].ln_norm, 0.1_f64.ln() + way * 4.0_f64.ln());
        // All alike: the spread is that of 3 accounts of the default, floored.
        close(got[0].spread, LEAST_SPREAD * (1.0 + 1.0 / 31.0_f64).sqrt());
    }

    #[test]
    fn tiers_have_their_own_norm() {
        let mut all: Vec<Sample> = (0..9).map(|i| sample(i, Tier::Nano, 0.4, None)).collect();
        all.extend((9..12).map(|i| sample(i, Tier::Mega, 0.1, None)));
        let got = compare(&all, 0.7);
        close(got[0].ln_norm, 0.4_f64.ln());
        // Three of the tier: half of the way.
        close(got[11].ln_norm, 0.5 * (0.4_f64.ln() + 0.1_f64.ln()));
    }

    #[test]
    fn tiers_are_bounded_by_powers_of_ten() {
        let tiers = [None, Some(9_999.0), Some(1e4), Some(1e5), Some(1e6), Some(f64::NAN)].map(Tier::of);
        assert_eq!(tiers, [Tier::Unknown, Tier::Nano, Tier::Micro, Tier::Macro, Tier::Mega, Tier::Unknown]);
    }

    #[test]
    fn published_figures_are_those_of_the_sources() {
        close(views_per_follower("Instagram", Some(Format::Feed), 50_000.0).unwrap(), 0.25);
        close(likes_per_view("instagram", Some(Format::Feed), 50_000.0).unwrap(), 0.074);
        assert!(views_per_follower("instagram", Some(Format::Feed), 5e6).unwrap() < 0.25);
        assert_eq!(views_per_follower("twitch", Some(Format::Live), 1e4), None);
        assert_eq!(likes_per_view("tiktok", Some(Format::ShortVideo), 1e4), None);
        assert!((comments_per_like("instagram").unwrap() - 0.0757).abs() < 1e-4);
    }
}
