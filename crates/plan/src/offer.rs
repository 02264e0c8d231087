//! An offered deal on every draw: what a post brings in attention, and what a number of posts costs.

use counterpoint::creators::deal::{self, Activity};
use counterpoint::data::roster::{Deal, Offer};
use counterpoint::model::forecast::{Person, PostDraw};
use std::ops::Range;

/// Days between posts for which a code is live, at most; and after the last post, where the deal does not say.
const APART: f64 = 7.0;
const CODE_DAYS: f64 = 30.0;

/// An offered deal, ready to be planned.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The offer.
    pub offer: Offer,
    /// Index of the platform.
    pub platform: usize,
    /// Planned periods in which it may be posted.
    pub slots: Range<usize>,
    /// Scaled exposure a head that one real view brings, `[rows]` of its platform.
    pub share: Vec<f64>,
    /// Share of a post's views by period from its own on.
    pub decay: Vec<f64>,
    /// Effective views of a post, a draw each.
    pub strength: Vec<f64>,
    /// Organic views of a post, a draw each.
    pub views: Vec<f64>,
    /// Money owed a unit of incremental money that the posts bring, a draw each.
    pub owed: Vec<f64>,
    /// Whether anything is, on any draw.
    owes: bool,
    /// What n posts cost on each draw, commission on incremental sales left out, `[posts + 1][draws]`.
    costs: Vec<Vec<f64>>,
    /// Mean over draws of the same, `[posts + 1]`.
    pub mean_cost: Vec<f64>,
    /// The least that a post costs: no number of posts is cheaper, `[draws]`.
    pub rate: Vec<f64>,
    /// Mean over draws of that.
    pub mean_rate: f64,
    terms: Terms,
}

/// What the cost of an offer depends on beside its deal.
#[derive(Debug, Clone)]
struct Terms {
    /// Share of a post's views that its window counts.
    counted: f64,
    /// Days for which a code is live after a post.
    window: f64,
    money_a_day: f64,
    draws: Vec<PostDraw>,
}

impl Terms {
    /// What n posts cost on draw d where they brought so much money.
    fn cost(&self, deal: &Deal, n: usize, d: usize, brought: f64) -> f64 {
        if n == 0 {
            return 0.0;
        }
        let post = &self.draws[d];
        let live = (n - 1) as f64 * self.window.min(APART) + self.window;
        let made = n as f64 * post.made;
        let did = Activity {
            posts: made,
            gifts: if post.made < 1.0 { n as f64 } else { deal::gifts(deal, made) },
            views: n as f64 * post.views * self.counted,
            reached: deal.threshold_views.map_or(0.0, |t| if post.views * self.counted >= t { made } else { 0.0 }),
            revenue: (post.capture * brought + post.leak * self.money_a_day * live).max(0.0),
            elapsed: 1.0,
        };
        deal::cost(deal, &did).total()
    }
}

impl Offered {
    /// From an offer and its person's draws; `platform` is the index of the platform.
    pub fn new(offer: &Offer, person: &Person, platform: usize, slots: Range<usize>, periods: usize) -> Offered {
        let most = offer.posts.1;
        let deal = &offer.deal;
        let terms = Terms {
            counted: views_in(person, deal),
            window: deal.window_days.unwrap_or(CODE_DAYS),
            money_a_day: person.money_a_day,
            draws: person.draws.clone(),
        };
        let cost = |n: usize, d: usize| terms.cost(deal, n, d, 0.0);
        let draws = person.draws.len();
        let costs: Vec<Vec<f64>> = (0..=most).map(|n| (0..draws).map(|d| cost(n, d)).collect()).collect();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len().max(1) as f64;
        let mean_cost: Vec<f64> = costs.iter().map(|c| mean(c)).collect();
        let least = offer.posts.0.max(1);
        let rate: Vec<f64> =
            (0..draws).map(|d| (least..=most).map(|n| costs[n][d] / n as f64).fold(f64::INFINITY, f64::min)).collect();
        let per_sale = sales_rate(deal);
        Offered {
            platform,
            slots,
            share: person.share.clone(),
            decay: person.decay.iter().copied().take(periods).collect(),
            strength: person.draws.iter().map(|p| p.strength).collect(),
            views: person.draws.iter().map(|p| p.views).collect(),
            owed: person.draws.iter().map(|p| per_sale * p.capture).collect(),
            owes: person.draws.iter().any(|p| per_sale * p.capture > 0.0),
            mean_rate: mean(&rate),
            offer: offer.clone(),
            costs,
            mean_cost,
            rate,
            terms,
        }
    }

    /// What n posts cost on draw d where they brought so much money: caps and all.
    pub fn whole_cost(&self, n: usize, d: usize, brought: f64) -> f64 {
        self.terms.cost(&self.offer.deal, n, d, brought)
    }

    /// What n posts cost on draw d, commission on incremental sales left out.
    pub fn cost(&self, n: usize, d: usize) -> f64 {
        self.costs[n.min(self.costs.len() - 1)][d]
    }

    /// Whether sales are owed for.
    pub fn owes_sales(&self) -> bool {
        self.owes
    }
}

/// Share of a post's views within the deal's window.
fn views_in(person: &Person, deal: &Deal) -> f64 {
    let Some(days) = deal.window_days else { return 1.0 };
    let mut left = days;
    let mut share = 0.0;
    for (u, part) in person.decay.iter().enumerate() {
        // A post is made in the middle of its period.
        let length = if u == 0 { 0.5 * person.days } else { person.days };
        share += part * (left / length).clamp(0.0, 1.0);
        left -= length;
    }
    share.min(1.0)
}

/// Money owed for a unit of tracked sales.
fn sales_rate(deal: &Deal) -> f64 {
    let at = |revenue: f64| {
        let free = Deal { cap: None, ..deal.clone() };
        deal::cost(&free, &Activity { posts: 1.0, gifts: 1.0, elapsed: 1.0, revenue, ..Activity::default() }).total()
    };
    at(1.0) - at(0.0)
}
