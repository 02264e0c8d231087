//! Small rosters for the tests of this module.

use crate::data::roster::{Account, Creator, Format, Post, Roster};
use jiff::civil::DateTime;

/// Nobody yet, on these platforms.
pub(super) fn roster(platforms: &[&str]) -> Roster {
    Roster { platforms: platforms.iter().map(|p| (*p).to_owned()).collect(), ..Roster::default() }
}

pub(super) fn creator(name: &str) -> Creator {
    Creator { name: name.to_owned(), niche: None }
}

/// An account of which nothing is known.
pub(super) fn account(creator: usize, platform: usize) -> Account {
    Account {
        creator,
        platform,
        followers: None,
        engagement_rate: None,
        fake_share: None,
        niche_fit: None,
        earlier: None,
        audience: None,
        segments: Vec::new(),
    }
}

/// A feed post with views alone.
pub(super) fn post(account: usize, at: DateTime, views: f64) -> Post {
    Post {
        name: format!("post {account} {at}"),
        account,
        format: Format::Feed,
        at,
        views,
        boosted: 0.0,
        likes: None,
        comments: None,
        shares: None,
        saves: None,
        sponsored: None,
        campaign: None,
        snapshots: Vec::new(),
    }
}
