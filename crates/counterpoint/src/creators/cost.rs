//! What creators cost by the terms of their deals, given what they did. Commission is owed on all tracked sales, incremental or not.

use super::moment;
use crate::data::calendar::day_number;
use crate::data::roster::{Deal, DealKind, Post};
use crate::data::{Dataset, Roster};

/// Cost by account and period, in the project's currency, `[accounts x periods]`. What follows posts falls where they were posted, what
/// follows sales where they were tracked, a term's fee evenly over the term; posts outside a deal's term cost nothing.
pub fn by_period(roster: &Roster, data: &Dataset) -> Vec<f64> {
    let periods = data.n_periods();
    let mut out = vec![0.0; roster.accounts.len() * periods];
    for deal in &roster.deals {
        one(deal, roster, data, &mut out);
    }
    out
}

fn one(deal: &Deal, roster: &Roster, data: &Dataset, out: &mut [f64]) {
    let (periods, days) = (data.n_periods(), i64::from(data.cadence.days()));
    let start = data.dates.first().map_or(0, |d| day_number(*d));
    let term = (deal.starts.map_or(i64::MIN, |d| day_number(d)), deal.ends.map_or(i64::MAX, |d| day_number(d)));
    let period = |day: i64| usize::try_from((day - start).div_euclid(days)).ok().filter(|&t| t < periods);
    let posts: Vec<(&Post, usize)> = roster
        .posts
        .iter()
        .filter(|p| roster.accounts[p.account].creator == deal.creator)
        .filter_map(|p| {
            let day = moment(p.at).floor() as i64;
            (day >= term.0 && day <= term.1).then(|| period(day).map(|t| (p, t))).flatten()
        })
        .collect();
    let (fee, rate) = (deal.fee.unwrap_or(0.0), deal.rate.unwrap_or(0.0));
    // Money a post, before the cap.
    let by_post = |p: &Post| {
        deal.product_cost.unwrap_or(0.0)
            + match deal.kind {
                DealKind::Flat | DealKind::Hybrid => fee,
                DealKind::Cpm => deal.cpm.unwrap_or(0.0) / 1000.0 * p.views,
                DealKind::Bounty if p.views >= deal.threshold_views.unwrap_or(0.0) => fee,
                _ => 0.0,
            }
    };
    let mut own = vec![0.0; out.len()];
    for (post, t) in &posts {
        own[post.account * periods + t] += by_post(post);
    }
    let spread = spread(deal, roster);
    if matches!(deal.kind, DealKind::Commission | DealKind::Hybrid | DealKind::Royalty) {
        for tracked in roster.tracked.iter().filter(|t| t.creator == deal.creator) {
            for t in 0..periods {
                let first = start + t as i64 * days;
                if first + days > term.0 && first <= term.1 {
                    let sold = tracked.revenue[t] - tracked.refunds[t];
                    spread.iter().for_each(|(a, share)| own[a * periods + t] += share * rate * sold);
                }
            }
        }
    }
    if let Some(cap) = deal.cap {
        let total: f64 = own.iter().sum();
        if total > cap {
            own.iter_mut().for_each(|x| *x *= cap / total);
        }
    }
    // A fee for the term, and what rights cost on top of fees.
    let inside: Vec<usize> =
        (0..periods).filter(|&t| start + (t as i64 + 1) * days > term.0 && start + t as i64 * days <= term.1).collect();
    let retainer = if deal.kind == DealKind::Retainer { fee } else { 0.0 };
    let fees = if deal.kind == DealKind::Retainer { fee } else { fee * posts.len() as f64 };
    let usage = deal.usage_rate.unwrap_or(0.0) * deal.usage_days.unwrap_or(0.0) / 30.0;
    let exclusive = deal.exclusivity_rate.unwrap_or(0.0) * deal.exclusivity_months.unwrap_or(0.0);
    let even = (retainer + (usage + exclusive) * fees) / inside.len().max(1) as f64;
    for &t in &inside {
        spread.iter().for_each(|(a, share)| own[a * periods + t] += share * even);
    }
    out.iter_mut().zip(&own).for_each(|(o, x)| *o += x);
}

/// The creator's accounts, each with its share of the creator's views.
fn spread(deal: &Deal, roster: &Roster) -> Vec<(usize, f64)> {
    let accounts: Vec<usize> =
        (0..roster.accounts.len()).filter(|&a| roster.accounts[a].creator == deal.creator).collect();
    let views = |a: usize| roster.posts.iter().filter(|p| p.account == a).map(|p| p.views).sum::<f64>();
    let total: f64 = accounts.iter().map(|&a| views(a)).sum();
    let n = accounts.len() as f64;
    accounts.into_iter().map(|a| (a, if total > 0.0 { views(a) / total } else { 1.0 / n })).collect()
}
