//! What a deal costs, given what happened under it.
//!
//! Every kind of deal is affine in the one number that is negotiated, its *term* (a fee, a CPM, a rate):
//!
//! ```text
//! cost = min(cap, term · unit + rest)
//! ```
//!
//! `unit` is what one unit of the term costs (posts, thousands of views, tracked revenue), `rest` is owed whatever the term
//! is (the commission of a hybrid, goods sent). A kind is one file that gives the three, and one line in [`owed`].
//! Costs follow what happened, never the other way round: commission is caused by sales, so no cost enters a response curve.

mod bounty;
mod commission;
mod cpm;
mod extras;
mod flat;
mod gifting;
mod hybrid;
mod retainer;
mod royalty;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use bounty::reached;
pub use gifting::gifts;

use crate::data::roster::{Deal, DealKind};
use std::ops::Add;

/// What happened (or is expected to happen) under a deal: all that its cost depends on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Activity {
    /// Posts made within the term.
    pub posts: f64,
    /// Gifts sent (gifting only).
    pub gifts: f64,
    /// Organic views of those posts, within the deal's window where it has one.
    pub views: f64,
    /// Posts that reached the views a bounty asks for, within the window where there is one.
    pub reached: f64,
    /// Tracked (or merchandise) revenue less what was given back, within term and window; whether incremental or not.
    pub revenue: f64,
    /// Share of the term's days that has been run, in \[0, 1\].
    pub elapsed: f64,
}

/// Money, by what it follows. The parts add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Known once posts, gifts and days are.
    pub fixed: f64,
    /// Follows views.
    pub by_views: f64,
    /// Follows tracked sales.
    pub by_sales: f64,
}

impl Cost {
    /// The whole cost.
    pub fn total(self) -> f64 {
        self.fixed + self.by_views + self.by_sales
    }

    /// Every part times `factor`.
    pub fn times(self, factor: f64) -> Cost {
        Cost { fixed: self.fixed * factor, by_views: self.by_views * factor, by_sales: self.by_sales * factor }
    }

    /// At most `cap` in all: what is fixed is owed first, then what follows views, then what follows sales.
    pub fn capped(self, cap: f64) -> Cost {
        let fixed = self.fixed.min(cap);
        let by_views = self.by_views.min(cap - fixed);
        Cost { fixed, by_views, by_sales: self.by_sales.min(cap - fixed - by_views) }
    }
}

impl Add for Cost {
    type Output = Cost;

    fn add(self, other: Cost) -> Cost {
        Cost {
            fixed: self.fixed + other.fixed,
            by_views: self.by_views + other.by_views,
            by_sales: self.by_sales + other.by_sales,
        }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Cost>>(costs: I) -> Cost {
        costs.fold(Cost::default(), Add::add)
    }
}

/// What is owed under a deal before its cap: `term · unit + rest`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Owed {
    /// The number that is negotiated: the fee (flat, hybrid, retainer, bounty), the CPM, the rate (commission, royalty) or
    /// the product's cost (gifting). 0 where the table has none.
    pub term: f64,
    /// Cost of one unit of the term, usage rights and exclusivity included.
    pub unit: Cost,
    /// Owed whatever the term is.
    pub rest: Cost,
}

/// What is owed under a deal before its cap.
pub fn owed(deal: &Deal, activity: &Activity) -> Owed {
    let kind = match deal.kind {
        DealKind::Flat => flat::owed,
        DealKind::Cpm => cpm::owed,
        DealKind::Commission => commission::owed,
        DealKind::Hybrid => hybrid::owed,
        DealKind::Gifting => gifting::owed,
        DealKind::Retainer => retainer::owed,
        DealKind::Royalty => royalty::owed,
        DealKind::Bounty => bounty::owed,
    };
    kind(deal, activity)
}

/// What a deal costs: `min(cap, term · unit + rest)`, in the project's currency. A term that the table lacks counts as 0.
pub fn cost(deal: &Deal, activity: &Activity) -> Cost {
    let owed = owed(deal, activity);
    (owed.unit.times(owed.term) + owed.rest).capped(cap(deal))
}

/// The most that a deal costs; infinite where it has no cap.
pub fn cap(deal: &Deal) -> f64 {
    deal.cap.unwrap_or(f64::INFINITY)
}

/// Effective CPM: money a thousand views; none without views.
pub fn effective_cpm(cost: f64, views: f64) -> Option<f64> {
    (views > 0.0).then(|| 1000.0 * cost / views)
}

/// Cost of an incremental order; infinite where a draw has none or fewer.
pub fn cost_per_order(cost: f64, orders: f64) -> f64 {
    if orders > 0.0 { cost / orders } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::testing::{KINDS, activity, close, deal};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn caps_are_filled_from_the_fixed_part_on() {
        let cost = Cost { fixed: 100.0, by_views: 50.0, by_sales: 30.0 };
        assert_eq!(cost.capped(170.0), Cost { fixed: 100.0, by_views: 50.0, by_sales: 20.0 });
        assert_eq!(cost.capped(120.0), Cost { fixed: 100.0, by_views: 20.0, by_sales: 0.0 });
        assert_eq!(cost.capped(80.0), Cost { fixed: 80.0, by_views: 0.0, by_sales: 0.0 });
        assert_eq!(cost.capped(f64::INFINITY), cost);
    }

    #[test]
    fn effective_prices_are_those_of_the_definition() {
        // 500 for 40 000 views are 500 / 40 = 12.50 a thousand; 500 for 25 orders are 20 an order.
        close(effective_cpm(500.0, 40_000.0).unwrap(), 12.5);
        assert_eq!(effective_cpm(500.0, 0.0), None);
        close(cost_per_order(500.0, 25.0), 20.0);
        assert_eq!(cost_per_order(500.0, -3.0), f64::INFINITY);
    }

    /// Four deals of a simulated market whose generator wrote down what each creator cost.
    #[test]
    fn costs_of_a_simulated_market_are_reproduced() {
        // 27 posts · 11 245.58
        let flat = Deal { fee: Some(11_245.58), ..deal(DealKind::Flat) };
        close(cost(&flat, &Activity { posts: 27.0, ..activity() }).total(), 303_630.66);
        // 19 posts · 2 651.09 + 0.08 · 21 744 tracked
        let hybrid = Deal { fee: Some(2_651.09), rate: Some(0.08), ..deal(DealKind::Hybrid) };
        close(cost(&hybrid, &Activity { posts: 19.0, revenue: 21_744.0, ..activity() }).total(), 52_110.23);
        // 0.12 · 23 616 tracked
        let commission = Deal { fee: Some(0.0), rate: Some(0.12), ..deal(DealKind::Commission) };
        close(cost(&commission, &Activity { revenue: 23_616.0, ..activity() }).total(), 2_833.92);
        // 17.51 · 255.790 thousand views (the generator had the views unrounded), far below the cap
        let cpm = Deal { cpm: Some(17.51), cap: Some(40_168.92), ..deal(DealKind::Cpm) };
        let got = cost(&cpm, &Activity { posts: 4.0, views: 255_790.0, ..activity() }).total();
        assert!((got - 4_478.886_965).abs() < 0.01, "{got}");
    }

    #[test]
    fn nothing_done_costs_nothing() {
        for kind in KINDS {
            assert_eq!(cost(&deal(kind), &Activity::default()).total(), 0.0, "{kind:?}");
        }
    }

    #[test]
    fn goods_come_on_top_of_every_kind() {
        // Six posts with goods of 7 each: 42 more.
        for kind in KINDS.into_iter().filter(|k| *k != DealKind::Gifting) {
            let with = Deal { product_cost: Some(7.0), ..deal(kind) };
            close(cost(&with, &activity()).total() - cost(&deal(kind), &activity()).total(), 42.0);
        }
    }

    fn any_activity() -> impl Strategy<Value = Activity> {
        (0.0..30.0, 0.0..9.0, 0.0..1e6, 0.0..5.0, 0.0..1e5, 0.0..1.0).prop_map(
            |(posts, gifts, views, reached, revenue, elapsed)| Activity {
                posts,
                gifts,
                views,
                reached,
                revenue,
                elapsed,
            },
        )
    }

    fn set_term(deal: &mut Deal, term: f64) {
        match deal.kind {
            DealKind::Cpm => deal.cpm = Some(term),
            DealKind::Commission | DealKind::Royalty => deal.rate = Some(term),
            DealKind::Gifting => deal.product_cost = Some(term),
            _ => deal.fee = Some(term),
        }
    }

    proptest! {
        #[test]
        fn costs_rise_with_the_term_add_over_activity_and_keep_the_cap(
            a in any_activity(), b in any_activity(), low in 0.0..1.0, more in 0.0..1.0, cap in 0.0..1e5,
        ) {
            for kind in KINDS {
                let mut free = deal(kind);
                let both = Activity {
                    posts: a.posts + b.posts,
                    gifts: a.gifts + b.gifts,
                    views: a.views + b.views,
                    reached: a.reached + b.reached,
                    revenue: a.revenue + b.revenue,
                    elapsed: a.elapsed + b.elapsed,
                };
                let (one, other, sum) = (cost(&free, &a).total(), cost(&free, &b).total(), cost(&free, &both).total());
                prop_assert!((one + other - sum).abs() <= 1e-9 * (1.0 + sum), "{kind:?} {one} {other} {sum}");

                let capped = cost(&Deal { cap: Some(cap), ..free.clone() }, &a);
                prop_assert!((capped.total() - one.min(cap)).abs() <= 1e-9 * (1.0 + one), "{kind:?}");
                prop_assert!(capped.fixed >= 0.0 && capped.by_views >= 0.0 && capped.by_sales >= 0.0);

                set_term(&mut free, low);
                let cheap = cost(&free, &a).total();
                set_term(&mut free, low + more);
                prop_assert!(cost(&free, &a).total() >= cheap, "{kind:?}");
                prop_assert_eq!(owed(&free, &a).term, low + more, "{:?}", kind);
            }
        }
    }
}
