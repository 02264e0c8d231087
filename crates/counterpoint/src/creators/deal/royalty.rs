//! Royalty: a share of what the merchandise of a creator sells.

use super::{Activity, Cost, Owed, extras};
use crate::data::roster::Deal;

/// `rate · revenue`, the revenue being that of the merchandise, net of refunds. There is no fee, so usage rights and
/// exclusivity cost nothing.
pub(super) fn owed(deal: &Deal, activity: &Activity) -> Owed {
    Owed {
        term: deal.rate.unwrap_or(0.0),
        unit: Cost { by_sales: activity.revenue, ..Cost::default() },
        rest: extras::goods(deal, activity),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cost;
    use super::super::testing::{activity, close, deal};
    use super::*;
    use crate::data::roster::DealKind;

    #[test]
    fn merchandise_sold_is_shared() {
        // 0.1 · 9 000, whatever is posted
        let royalty = deal(DealKind::Royalty);
        let got = cost(&royalty, &Activity { posts: 0.0, ..activity() });
        assert_eq!(got, Cost { by_sales: 900.0, ..Cost::default() });
        close(cost(&Deal { cap: Some(600.0), ..royalty }, &activity()).total(), 600.0);
    }
}
