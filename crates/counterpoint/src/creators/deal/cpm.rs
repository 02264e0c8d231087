//! CPM: money a thousand views, up to a cap.

use super::{Activity, Cost, Owed, extras};
use crate::data::roster::Deal;

/// `cpm · views / 1000`. Usage rights and exclusivity are shares of it.
pub(super) fn owed(deal: &Deal, activity: &Activity) -> Owed {
    let unit = Cost { by_views: activity.views / 1000.0, ..Cost::default() };
    Owed { term: deal.cpm.unwrap_or(0.0), unit: unit.times(extras::factor(deal)), rest: extras::goods(deal, activity) }
}

#[cfg(test)]
mod tests {
    use super::super::cost;
    use super::super::testing::{activity, close, deal};
    use super::*;
    use crate::data::roster::DealKind;

    #[test]
    fn views_are_paid_up_to_the_cap() {
        // 12 · 300 000 / 1000 = 3 600
        let cpm = deal(DealKind::Cpm);
        assert_eq!(cost(&cpm, &activity()), Cost { by_views: 3_600.0, ..Cost::default() });
        let capped = Deal { cap: Some(2_000.0), ..cpm };
        close(cost(&capped, &activity()).total(), 2_000.0);
        // 12 · 100 000 / 1000 = 1 200 stays below the cap.
        close(cost(&capped, &Activity { views: 1e5, ..activity() }).total(), 1_200.0);
    }
}
