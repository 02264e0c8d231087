//! Retainer: a fee for the whole term, whatever is posted.

use super::{Activity, Cost, Owed, extras};
use crate::data::roster::Deal;

/// `fee · elapsed`, elapsed being the share of the term that has been run.
pub(super) fn owed(deal: &Deal, activity: &Activity) -> Owed {
    let unit = Cost { fixed: activity.elapsed, ..Cost::default() };
    Owed { term: deal.fee.unwrap_or(0.0), unit: unit.times(extras::factor(deal)), rest: extras::goods(deal, activity) }
}

#[cfg(test)]
mod tests {
    use super::super::cost;
    use super::super::testing::{activity, close, deal};
    use super::*;
    use crate::data::roster::DealKind;

    #[test]
    fn the_term_is_paid_not_the_posts() {
        let retainer = deal(DealKind::Retainer);
        assert_eq!(cost(&retainer, &activity()), Cost { fixed: 500.0, ..Cost::default() });
        close(cost(&retainer, &Activity { posts: 0.0, ..activity() }).total(), 500.0);
        // A quarter of the term: 125.
        close(cost(&retainer, &Activity { elapsed: 0.25, ..activity() }).total(), 125.0);
    }
}
