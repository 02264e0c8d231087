//! The fair fee: the highest term of a deal at which it still pays often enough.
//!
//! On draw i the creator's incremental money is `V` and the deal costs `C(f) = min(cap, a f + b)` at term `f >= 0`, where
//! `a >= 0` is the draw's cost of one unit of the term and `b >= 0` what is owed anyway ([`super::deal::owed`]). C does not
//! fall in f, so the terms at which the draw pays, `V >= C(f)`, are all those up to a highest one:
//!
//! ```text
//! V < min(cap, b)      none: too dear even for free
//! V >= cap             any: the cap is never beyond what comes in
//! else, a = 0          any: the cost does not depend on the term
//! else                 F = (V - b) / a
//! ```
//!
//! P(pays at f) is then the share of draws with `F >= f`: it falls in steps at the F's, and the highest f at which it is at
//! least `level` is the k-th largest F with `k = ceil(level · draws)`. One sort, no search. "Pays" is ROI of at least 1, so that
//! the highest fee is reached; for continuous draws this is P(ROI > 1).

use super::deal::{self, Activity};
use crate::data::roster::Deal;

/// The highest term (fee, CPM, rate, product cost) at which a deal pays with the probability asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FairFee {
    /// Up to this term, in the unit of the deal's own: money a post (flat, hybrid), a thousand views, the term (retainer), a
    /// reached threshold (bounty), a gift; or a share of tracked sales (above 1: all of them could be given away).
    UpTo(f64),
    /// Any term: the cap, or nothing to be paid for, keeps the cost below what the creator brings.
    Any,
    /// No term, not even 0: what comes in is not often enough as much as what is owed anyway.
    Never {
        /// Probability that the deal pays at a term of 0; below the level.
        when_free: f64,
    },
}

/// The fair fee of a deal over draws.
///
/// - `value`: the creator's incremental money on each draw (margin of the incremental sales, where ROI is on margin).
/// - `activity`: what happens under the deal on a draw; the same each time if it is known.
/// - `level`: the probability asked for, in (0, 1\]; 0.8 by habit.
///
/// Only the term changes: the cap, a hybrid's rate, rights and goods stay as they are. Without draws there is no fair fee.
pub fn fair_fee(deal: &Deal, value: &[f64], activity: impl Fn(usize) -> Activity, level: f64) -> FairFee {
    let mut highest: Vec<f64> =
        value.iter().enumerate().map(|(draw, value)| highest_term(deal, *value, &activity(draw))).collect();
    highest.sort_by(|a, b| b.total_cmp(a));
    let n = highest.len();
    // The product may be a rounding error above a whole number.
    let k = ((level * n as f64 - 1e-9).ceil() as usize).clamp(1, n.max(1));
    match highest.get(k - 1) {
        Some(f) if *f == f64::INFINITY => FairFee::Any,
        Some(f) if *f >= 0.0 => FairFee::UpTo(*f),
        _ => {
            let free = highest.iter().filter(|f| **f >= 0.0).count();
            FairFee::Never { when_free: if n == 0 { 0.0 } else { free as f64 / n as f64 } }
        }
    }
}

/// Probability that a deal pays at its own term: the share of draws with ROI of at least 1. `NaN` without draws.
pub fn chance(deal: &Deal, value: &[f64], activity: impl Fn(usize) -> Activity) -> f64 {
    let pays = |(draw, value): (usize, &f64)| *value >= deal::cost(deal, &activity(draw)).total();
    value.iter().enumerate().filter(|x| pays(*x)).count() as f64 / value.len() as f64
}

/// The highest term at which one draw pays: minus infinity for none, infinity for any.
fn highest_term(deal: &Deal, value: f64, activity: &Activity) -> f64 {
    let owed = deal::owed(deal, activity);
    let (unit, rest, cap) = (owed.unit.total(), owed.rest.total(), deal::cap(deal));
    if value.is_nan() || value < rest.min(cap) {
        f64::NEG_INFINITY
    } else if value >= cap || unit <= 0.0 {
        f64::INFINITY
    } else {
        (value - rest) / unit
    }
}

#[cfg(test)]
mod tests {
    use super::super::deal::testing::{KINDS, activity, close, deal};
    use super::*;
    use crate::data::roster::DealKind;
    use proptest::prelude::*;

    /// Ten draws: 1 000, 2 000 … 10 000.
    fn draws() -> Vec<f64> {
        (1..=10).map(|i| 1_000.0 * f64::from(i)).collect()
    }

    fn fee(got: FairFee) -> f64 {
        match got {
            FairFee::UpTo(f) => f,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_gives_its_own_term() {
        // At least 8 of 10 draws must pay: those from 3 000 up, so the deal may cost 3 000.
        // 6 posts: 500 a post. 300 thousand views: 10 a thousand. 9 000 of tracked sales: a third of them. Hybrid: 900 of
        // commission come first, so 2 100 / 6. 8 gifts: 375. Retainer: 3 000. Two thresholds reached: 1 500.
        let expected = [
            (DealKind::Flat, 500.0),
            (DealKind::Cpm, 10.0),
            (DealKind::Commission, 1.0 / 3.0),
            (DealKind::Hybrid, 350.0),
            (DealKind::Gifting, 375.0),
            (DealKind::Retainer, 3_000.0),
            (DealKind::Royalty, 1.0 / 3.0),
            (DealKind::Bounty, 1_500.0),
        ];
        for (kind, term) in expected {
            close(fee(fair_fee(&deal(kind), &draws(), |_| activity(), 0.8)), term);
        }
    }

    #[test]
    fn levels_pick_the_draw_that_must_still_pay() {
        let at = |level| fee(fair_fee(&deal(DealKind::Retainer), &draws(), |_| activity(), level));
        // ceil(0.8 · 10) = 8th largest; ceil(0.81 · 10) = 9th; all ten; one is enough.
        assert_eq!([at(0.8), at(0.81), at(1.0), at(0.1), at(0.01)], [3e3, 2e3, 1e3, 1e4, 1e4]);
    }

    #[test]
    fn costs_may_vary_by_draw() {
        // Draw i brings 1 000 i on i thousand views: a CPM of 1 000 pays everywhere, whatever the level.
        let views = |i: usize| Activity { views: 1_000.0 * (i + 1) as f64, ..activity() };
        close(fee(fair_fee(&deal(DealKind::Cpm), &draws(), views, 1.0)), 1_000.0);
        // Tracked sales of 1 000 on even draws, none on odd ones: even draws pay up to V / 1 000 = 1, 3, 5, 7, 9; odd ones always.
        // The 8th largest of (any · 5, 9, 7, 5, 3, 1) is 5.
        let sales = |i: usize| Activity { revenue: if i.is_multiple_of(2) { 1_000.0 } else { 0.0 }, ..activity() };
        close(fee(fair_fee(&deal(DealKind::Commission), &draws(), sales, 0.8)), 5.0);
        assert_eq!(fair_fee(&deal(DealKind::Commission), &draws(), sales, 0.5), FairFee::Any);
    }

    #[test]
    fn a_cap_below_what_comes_in_allows_any_fee() {
        // 8 of 10 draws bring 3 000 or more.
        let capped = |cap| Deal { cap: Some(cap), ..deal(DealKind::Flat) };
        assert_eq!(fair_fee(&capped(3_000.0), &draws(), |_| activity(), 0.8), FairFee::Any);
        // With a cap of 3 001 the draw of 3 000 still bounds it: 3 000 / 6.
        close(fee(fair_fee(&capped(3_001.0), &draws(), |_| activity(), 0.8)), 500.0);
    }

    #[test]
    fn a_deal_may_be_too_dear_for_free() {
        // A commission of 0.5 · 9 000 = 4 500 is owed anyway: 6 of 10 draws bring as much.
        let hybrid = Deal { rate: Some(0.5), ..deal(DealKind::Hybrid) };
        assert_eq!(fair_fee(&hybrid, &draws(), |_| activity(), 0.8), FairFee::Never { when_free: 0.6 });
        // At the level of 0.6, the draw of 5 000 leaves 500 for 6 posts.
        close(fee(fair_fee(&hybrid, &draws(), |_| activity(), 0.6)), 500.0 / 6.0);
        // A cap of 2 500 on the whole makes 8 draws pay at any fee.
        let capped = Deal { cap: Some(2_500.0), ..hybrid };
        assert_eq!(fair_fee(&capped, &draws(), |_| activity(), 0.8), FairFee::Any);
        // Losses, no draws, draws that are no numbers.
        let flat = deal(DealKind::Flat);
        for value in [&[-1.0, -2.0][..], &[], &[f64::NAN]] {
            assert_eq!(fair_fee(&flat, value, |_| activity(), 0.8), FairFee::Never { when_free: 0.0 });
        }
    }

    #[test]
    fn chances_count_the_draws_that_pay() {
        // 6 · 500 = 3 000: 8 of 10 draws.
        assert_eq!(chance(&deal(DealKind::Flat), &draws(), |_| activity()), 0.8);
        assert!(chance(&deal(DealKind::Flat), &[], |_| activity()).is_nan());
    }

    fn with_term(kind: DealKind, term: f64, cap: Option<f64>) -> Deal {
        let mut deal = Deal { cap, ..deal(kind) };
        match kind {
            DealKind::Cpm => deal.cpm = Some(term),
            DealKind::Commission | DealKind::Royalty => deal.rate = Some(term),
            DealKind::Gifting => deal.product_cost = Some(term),
            _ => deal.fee = Some(term),
        }
        deal
    }

    proptest! {
        /// The definition itself: at the fair fee the deal pays often enough, a little above it does not.
        #[test]
        fn fair_fees_are_the_highest_that_pay(
            value in prop::collection::vec(-2e3..1e4, 1..40),
            revenue in prop::collection::vec(0.0..9e3, 40),
            cap in prop::option::of(0.0..8e3),
            level in 0.05..1.0,
        ) {
            let happens = |i: usize| Activity { revenue: revenue[i], views: 1e3 * (1.0 + revenue[i]), ..activity() };
            for kind in KINDS {
                let at = |term| chance(&with_term(kind, term, cap), &value, happens) + 1e-9;
                match fair_fee(&with_term(kind, 1.0, cap), &value, happens, level) {
                    FairFee::UpTo(f) => {
                        prop_assert!(at(f * (1.0 - 1e-9)) >= level, "{kind:?} {f}");
                        prop_assert!(at(f * (1.0 + 1e-9) + 1e-9) < level, "{kind:?} {f}");
                    }
                    FairFee::Any => prop_assert!(at(1e12) >= level, "{kind:?}"),
                    FairFee::Never { when_free } => {
                        prop_assert!(when_free < level && (at(0.0) - when_free).abs() < 1e-8, "{kind:?}");
                    }
                }
            }
        }
    }
}
