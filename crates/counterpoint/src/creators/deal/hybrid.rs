//! Hybrid: a fee for each post and a share of tracked sales.

use super::{Activity, Cost, Owed, extras};
use crate::data::roster::Deal;

/// `fee · posts + rate · revenue`; the term is the fee.
pub(super) fn owed(deal: &Deal, activity: &Activity) -> Owed {
    let unit = Cost { fixed: activity.posts, ..Cost::default() };
    let commission = Cost { by_sales: deal.rate.unwrap_or(0.0) * activity.revenue, ..Cost::default() };
    Owed {
        term: deal.fee.unwrap_or(0.0),
        unit: unit.times(extras::factor(deal)),
        rest: commission + extras::goods(deal, activity),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cost;
    use super::super::testing::{activity, close, deal};
    use super::*;
    use crate::data::roster::DealKind;

    #[test]
    fn fee_and_commission_add_up_and_share_the_cap() {
        // 6 · 500 + 0.1 · 9 000
        let hybrid = deal(DealKind::Hybrid);
        assert_eq!(cost(&hybrid, &activity()), Cost { fixed: 3_000.0, by_views: 0.0, by_sales: 900.0 });
        // The cap is on the whole: 3 000 of it goes to the fee, 400 is left for the commission.
        let capped = cost(&Deal { cap: Some(3_400.0), ..hybrid }, &activity());
        assert_eq!(capped, Cost { fixed: 3_000.0, by_views: 0.0, by_sales: 400.0 });
        close(capped.total(), 3_400.0);
    }
}
