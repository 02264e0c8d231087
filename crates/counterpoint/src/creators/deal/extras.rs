//! What may come on top of a deal of any kind: usage rights, exclusivity, goods.

use super::{Activity, Cost};
use crate::data::roster::Deal;

/// Days for which the usage rate is quoted.
pub(super) const USAGE_DAYS: f64 = 30.0;

/// What the fee is multiplied by:
/// `1 + usage_rate · usage_days / 30 + exclusivity_rate · exclusivity_months`. A missing rate or length adds nothing.
pub(super) fn factor(deal: &Deal) -> f64 {
    let or_zero = |x: Option<f64>| x.unwrap_or(0.0);
    let usage = or_zero(deal.usage_rate) * or_zero(deal.usage_days) / USAGE_DAYS;
    1.0 + usage + or_zero(deal.exclusivity_rate) * or_zero(deal.exclusivity_months)
}

/// Cost of the goods of the posts made.
pub(super) fn goods(deal: &Deal, activity: &Activity) -> Cost {
    Cost { fixed: deal.product_cost.unwrap_or(0.0) * activity.posts, ..Cost::default() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{activity, close, deal};
    use super::super::{Owed, cost, owed};
    use super::*;
    use crate::data::roster::DealKind;

    #[test]
    fn rights_are_shares_of_the_fee() {
        // Half of the fee for 30 days, used for 60 days: + 1.0; a tenth a month, for 3 months: + 0.3.
        let with = |kind| Deal {
            usage_rate: Some(0.5),
            usage_days: Some(60.0),
            exclusivity_rate: Some(0.1),
            exclusivity_months: Some(3.0),
            ..deal(kind)
        };
        // flat 6 · 500 · 2.3; cpm 300 · 12 · 2.3; hybrid 6 · 500 · 2.3 + 0.1 · 9000; retainer 500 · 2.3; bounty 2 · 500 · 2.3
        let expected = [
            (DealKind::Flat, 6_900.0),
            (DealKind::Cpm, 8_280.0),
            (DealKind::Hybrid, 7_800.0),
            (DealKind::Retainer, 1_150.0),
            (DealKind::Bounty, 2_300.0),
        ];
        for (kind, money) in expected {
            close(cost(&with(kind), &activity()).total(), money);
        }
        // Where there is no fee there is nothing to take a share of.
        for kind in [DealKind::Commission, DealKind::Gifting, DealKind::Royalty] {
            assert_eq!(cost(&with(kind), &activity()), cost(&deal(kind), &activity()), "{kind:?}");
        }
        // A rate without a length, or a length without a rate, adds nothing.
        close(factor(&Deal { usage_rate: Some(0.5), exclusivity_months: Some(2.0), ..deal(DealKind::Flat) }), 1.0);
    }

    #[test]
    fn rights_scale_with_the_fee_and_the_commission_does_not() {
        let hybrid = Deal { exclusivity_rate: Some(0.2), exclusivity_months: Some(1.0), ..deal(DealKind::Hybrid) };
        let Owed { unit, rest, .. } = owed(&hybrid, &activity());
        // 6 posts · 1.2
        close(unit.fixed, 7.2);
        assert_eq!(rest, Cost { by_sales: 900.0, ..Cost::default() });
    }
}
