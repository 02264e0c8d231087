//! Flat: a fee for each post that was made.

use super::{Activity, Cost, Owed, extras};
use crate::data::roster::Deal;

/// `fee · posts`.
pub(super) fn owed(deal: &Deal, activity: &Activity) -> Owed {
    let unit = Cost { fixed: activity.posts, ..Cost::default() };
    Owed { term: deal.fee.unwrap_or(0.0), unit: unit.times(extras::factor(deal)), rest: extras::goods(deal, activity) }
}

#[cfg(test)]
mod tests {
    use super::super::cost;
    use super::super::testing::{activity, close, deal};
    use super::*;
    use crate::data::roster::DealKind;

    #[test]
    fn every_post_is_paid() {
        // 6 posts · 500
        let got = cost(&deal(DealKind::Flat), &activity());
        assert_eq!(got, Cost { fixed: 3_000.0, ..Cost::default() });
        // More sales and views cost no more; a post more costs 500 more.
        let more = Activity { posts: 7.0, views: 9e6, revenue: 9e6, ..activity() };
        close(cost(&deal(DealKind::Flat), &more).total(), 3_500.0);
    }
}
