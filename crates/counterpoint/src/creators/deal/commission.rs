//! Commission: a share of all tracked sales net of refunds, incremental or not.

use super::{Activity, Cost, Owed, extras};
use crate::data::roster::Deal;

/// `rate · revenue`, where the revenue is that of the window after a post if the deal has one. There is no fee, so usage
/// rights and exclusivity, which are shares of the fee, cost nothing.
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
    fn tracked_sales_are_paid_up_to_the_cap() {
        // 0.1 · 9 000 = 900
        let commission = deal(DealKind::Commission);
        assert_eq!(cost(&commission, &activity()), Cost { by_sales: 900.0, ..Cost::default() });
        close(cost(&Deal { cap: Some(750.0), ..commission }, &activity()).total(), 750.0);
    }
}
