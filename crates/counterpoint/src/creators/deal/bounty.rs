//! Bounty: a sum for each post that reaches a number of views.

use super::{Activity, Cost, Owed, extras};
use crate::data::roster::Deal;

/// `fee · posts that reached the threshold`: a step in views.
pub(super) fn owed(deal: &Deal, activity: &Activity) -> Owed {
    let unit = Cost { by_views: activity.reached, ..Cost::default() };
    Owed { term: deal.fee.unwrap_or(0.0), unit: unit.times(extras::factor(deal)), rest: extras::goods(deal, activity) }
}

/// How many posts reached the views that the deal asks for; all of them where it names none.
pub(crate) fn reached(deal: &Deal, views: &[f64]) -> f64 {
    let threshold = deal.threshold_views.unwrap_or(0.0);
    views.iter().filter(|v| **v >= threshold).count() as f64
}

#[cfg(test)]
mod tests {
    use super::super::cost;
    use super::super::testing::{activity, close, deal};
    use super::*;
    use crate::data::roster::DealKind;

    #[test]
    fn posts_that_reach_the_threshold_are_paid() {
        // 50 000 are asked for: 2 of 4 posts get there, one of them just so. 2 · 500
        let bounty = deal(DealKind::Bounty);
        let reached = reached(&bounty, &[49_999.0, 50_000.0, 120_000.0, 0.0]);
        assert_eq!(reached, 2.0);
        let got = cost(&bounty, &Activity { reached, ..activity() });
        assert_eq!(got, Cost { by_views: 1_000.0, ..Cost::default() });
        close(cost(&Deal { cap: Some(500.0), ..bounty }, &activity()).total(), 500.0);
    }
}
