//! Gifting: product for a post that may or may not come.

use super::{Activity, Cost, Owed};
use crate::data::roster::Deal;

/// `product_cost · gifts`: a gift costs the same whether a post comes of it or not.
pub(super) fn owed(deal: &Deal, activity: &Activity) -> Owed {
    Owed {
        term: deal.product_cost.unwrap_or(0.0),
        unit: Cost { fixed: activity.gifts, ..Cost::default() },
        rest: Cost::default(),
    }
}

/// Gifts sent for `posts` posts: those agreed where the table says (one a post, at least one for each post that came), else
/// `posts / post_probability`, the number that brings so many posts on average.
pub fn gifts(deal: &Deal, posts: f64) -> f64 {
    match (deal.posts, deal.post_probability) {
        (Some(agreed), _) => agreed.max(posts),
        (None, Some(p)) if p > 0.0 => posts / p,
        _ => posts,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cost;
    use super::super::testing::{activity, close, deal};
    use super::*;
    use crate::data::roster::DealKind;

    #[test]
    fn gifts_cost_whether_posts_come_or_not() {
        // 8 gifts of 40, of which 6 brought a post
        let gifting = deal(DealKind::Gifting);
        close(cost(&gifting, &activity()).total(), 320.0);
        close(cost(&gifting, &Activity { posts: 0.0, ..activity() }).total(), 320.0);
    }

    #[test]
    fn gifts_are_those_agreed_or_those_that_bring_the_posts() {
        let gifting = deal(DealKind::Gifting);
        let agreed = Deal { posts: Some(8.0), post_probability: Some(0.5), ..gifting.clone() };
        close(gifts(&agreed, 6.0), 8.0);
        close(gifts(&agreed, 9.0), 9.0);
        // 6 posts at 3 in 4 take 8 gifts.
        close(gifts(&Deal { post_probability: Some(0.75), ..gifting.clone() }, 6.0), 8.0);
        close(gifts(&gifting, 6.0), 6.0);
        close(gifts(&Deal { post_probability: Some(0.0), ..gifting }, 6.0), 6.0);
    }
}
