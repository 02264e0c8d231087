//! Deals and activity for tests.

use super::Activity;
use crate::data::roster::{Deal, DealKind};

pub(crate) const KINDS: [DealKind; 8] = [
    DealKind::Flat,
    DealKind::Cpm,
    DealKind::Commission,
    DealKind::Hybrid,
    DealKind::Gifting,
    DealKind::Retainer,
    DealKind::Royalty,
    DealKind::Bounty,
];

/// A deal of creator 0 whose kind uses: fee 500, CPM 12, rate 0.1; no cap, window, goods or extras.
pub(crate) fn deal(kind: DealKind) -> Deal {
    let gifting = kind == DealKind::Gifting;
    Deal {
        name: "deal".to_owned(),
        creator: 0,
        kind,
        fee: matches!(kind, DealKind::Flat | DealKind::Hybrid | DealKind::Retainer | DealKind::Bounty).then_some(500.0),
        cap: None,
        cpm: (kind == DealKind::Cpm).then_some(12.0),
        rate: matches!(kind, DealKind::Commission | DealKind::Hybrid | DealKind::Royalty).then_some(0.1),
        window_days: None,
        product_cost: gifting.then_some(40.0),
        posts: None,
        post_probability: None,
        threshold_views: (kind == DealKind::Bounty).then_some(50_000.0),
        starts: None,
        ends: None,
        usage_rate: None,
        usage_days: None,
        exclusivity_rate: None,
        exclusivity_months: None,
    }
}

/// Six posts with 300 000 views, two of them beyond a bounty's threshold; 8 gifts; 9 000 of tracked sales; a whole term.
pub(crate) fn activity() -> Activity {
    Activity { posts: 6.0, gifts: 8.0, views: 300_000.0, reached: 2.0, revenue: 9_000.0, elapsed: 1.0 }
}

pub(crate) fn close(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{got} instead of {expected}");
}
