//! What happened under the deals of a roster, and so what each creator, account and platform cost.
//!
//! Only what lies within the outcome's periods counts: its effect is what the cost is held against. Posts that no deal covers
//! cost nothing; where deals overlap, each is paid.

use super::deal::{self, Activity, Cost};
use crate::data::Dataset;
use crate::data::calendar::day_number;
use crate::data::roster::{Deal, Post, Roster};
use jiff::civil::{Date, DateTime};

/// What a creator cost within the outcome's periods, in the project's currency.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatorCost {
    /// Index of the creator.
    pub creator: usize,
    /// Cost of all its deals.
    pub cost: Cost,
    /// The same cost by account; sums to the total.
    pub accounts: Vec<AccountCost>,
}

/// An account's part of its creator's cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AccountCost {
    /// Index of the account.
    pub account: usize,
    /// Money.
    pub cost: f64,
}

/// A span of time in days since 1970-01-01, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    from: f64,
    to: f64,
}

impl Span {
    fn holds(self, moment: f64) -> bool {
        self.from <= moment && moment < self.to
    }

    /// Days that both spans have.
    fn shared(self, other: Span) -> f64 {
        (self.to.min(other.to) - self.from.max(other.from)).max(0.0)
    }
}

/// What happened under a deal within the outcome's periods.
///
/// - Posts count by their date: those of the creator from the deal's first to its last day.
/// - With a window, a post's views are those up to `window_days` after it, read from its snapshots by straight lines; a post
///   without snapshots, or a window that outlasts them, takes the views last counted (the most that can be owed).
/// - Tracked revenue is net of refunds and not below 0 in all. Without a window it is that of the term. With one it is that
///   from the day of each post to `window_days` after it, which may outlast the term; windows that overlap count once. A
///   period that is paid in part gives that part of its sales, as if they were spread evenly within it.
/// - A term that is open at an end ends with the data there.
pub fn activity(deal: &Deal, roster: &Roster, dataset: &Dataset) -> Activity {
    let Some(data) = data_span(dataset) else { return Activity::default() };
    let posts = covered(deal, roster, data);
    let views: Vec<f64> = posts.iter().map(|post| views_within(post, deal.window_days)).collect();
    let term = term(deal, data);
    let days = term.to - term.from;
    Activity {
        posts: posts.len() as f64,
        gifts: deal::gifts(deal, posts.len() as f64),
        views: views.iter().sum(),
        reached: deal::reached(deal, &views),
        revenue: revenue(deal, roster, dataset, &paid(deal, &posts, term)),
        elapsed: if days > 0.0 { term.shared(data) / days } else { 0.0 },
    }
}

/// What each deal cost within the outcome's periods, in the order of the deals.
pub fn deal_costs(roster: &Roster, dataset: &Dataset) -> Vec<Cost> {
    roster.deals.iter().map(|deal| deal::cost(deal, &activity(deal, roster, dataset))).collect()
}

/// Indices of the posts that a deal covers: those of its creator within its term and the outcome's periods.
pub fn covered_posts(deal: &Deal, roster: &Roster, dataset: &Dataset) -> Vec<usize> {
    let Some(data) = data_span(dataset) else { return Vec::new() };
    (0..roster.posts.len()).filter(|&i| covers(deal, roster, data, &roster.posts[i])).collect()
}

/// Share of each outcome period's days that lie within a deal's term, `[periods]`.
pub fn term_shares(deal: &Deal, dataset: &Dataset) -> Vec<f64> {
    let (Some(data), days) = (data_span(dataset), f64::from(dataset.cadence.days())) else { return Vec::new() };
    let term = term(deal, data);
    let share = |first: &Date| term.shared(Span { from: start_of(*first), to: start_of(*first) + days }) / days;
    dataset.dates.iter().map(share).collect()
}

/// What each creator cost, in the order of the creators, and how that falls on its accounts: each deal by the views of the
/// posts that it covers; without such views by those of all the creator's posts; without any, evenly.
pub fn creator_cost(roster: &Roster, dataset: &Dataset) -> Vec<CreatorCost> {
    let none = |creator: usize| {
        let own = (0..roster.accounts.len()).filter(|a| roster.accounts[*a].creator == creator);
        let accounts = own.map(|account| AccountCost { account, cost: 0.0 }).collect();
        CreatorCost { creator, cost: Cost::default(), accounts }
    };
    let mut out: Vec<CreatorCost> = (0..roster.creators.len()).map(none).collect();
    for (deal, cost) in roster.deals.iter().zip(deal_costs(roster, dataset)) {
        let Some(of) = out.get_mut(deal.creator) else { continue };
        of.cost = of.cost + cost;
        let shares = account_shares(deal, roster, dataset, &of.accounts);
        for (account, share) in of.accounts.iter_mut().zip(shares) {
            account.cost += share * cost.total();
        }
    }
    out
}

/// Cost by account and outcome period, `[accounts x periods]`: what an account cost falls where its views were posted, evenly where it
/// posted nothing in the window.
pub fn cost_by_period(roster: &Roster, dataset: &Dataset, costs: &[CreatorCost]) -> Vec<f64> {
    let (periods, days) = (dataset.n_periods(), i64::from(dataset.cadence.days()));
    let mut out = vec![0.0; roster.accounts.len() * periods];
    let Some(start) = dataset.dates.first().map(|d| day_number(*d)) else { return out };
    for one in costs.iter().flat_map(|c| &c.accounts) {
        let row = &mut out[one.account * periods..(one.account + 1) * periods];
        for post in roster.posts.iter().filter(|p| p.account == one.account) {
            let t = usize::try_from((day_number(post.at.date()) - start).div_euclid(days));
            if let Some(cell) = t.ok().and_then(|t| row.get_mut(t)) {
                *cell += post.views + post.boosted;
            }
        }
        let total: f64 = row.iter().sum();
        row.iter_mut().for_each(|x| *x = one.cost * if total > 0.0 { *x / total } else { 1.0 / periods as f64 });
    }
    out
}

/// What the creators of each platform cost, `[platforms]`.
pub fn platform_cost(roster: &Roster, costs: &[CreatorCost]) -> Vec<f64> {
    let mut out = vec![0.0; roster.platforms.len()];
    for account in costs.iter().flat_map(|c| &c.accounts) {
        out[roster.accounts[account.account].platform] += account.cost;
    }
    out
}

/// Shares of a deal's cost by account, summing to 1 where there is an account.
fn account_shares(deal: &Deal, roster: &Roster, dataset: &Dataset, accounts: &[AccountCost]) -> Vec<f64> {
    let by_views = |posts: Vec<&Post>| -> Option<Vec<f64>> {
        let of = |a: &AccountCost| posts.iter().filter(|p| p.account == a.account).map(|p| p.views).sum::<f64>();
        let views: Vec<f64> = accounts.iter().map(of).collect();
        let all: f64 = views.iter().sum();
        (all > 0.0).then(|| views.iter().map(|v| v / all).collect())
    };
    data_span(dataset)
        .and_then(|data| by_views(covered(deal, roster, data)))
        .or_else(|| by_views(roster.posts.iter().collect()))
        .unwrap_or_else(|| vec![1.0 / accounts.len() as f64; accounts.len()])
}

/// The outcome's periods.
fn data_span(dataset: &Dataset) -> Option<Span> {
    let days = f64::from(dataset.cadence.days());
    Some(Span { from: start_of(*dataset.dates.first()?), to: start_of(*dataset.dates.last()?) + days })
}

/// From the deal's first day to the end of its last.
fn term(deal: &Deal, data: Span) -> Span {
    let from = deal.starts.map_or(data.from, start_of);
    let to = deal.ends.map_or(data.to.max(from + 1.0), |day| start_of(day) + 1.0);
    Span { from: if deal.starts.is_none() { from.min(to - 1.0) } else { from }, to }
}

/// The posts that a deal covers.
fn covered<'a>(deal: &Deal, roster: &'a Roster, data: Span) -> Vec<&'a Post> {
    roster.posts.iter().filter(|post| covers(deal, roster, data, post)).collect()
}

fn covers(deal: &Deal, roster: &Roster, data: Span, post: &Post) -> bool {
    let at = moment_of(post.at);
    roster.accounts[post.account].creator == deal.creator && term(deal, data).holds(at) && data.holds(at)
}

/// Organic views up to `window` days after the post.
fn views_within(post: &Post, window: Option<f64>) -> f64 {
    let Some(window) = window else { return post.views };
    let start = moment_of(post.at);
    let end = start + window;
    let (mut at, mut views) = (start, 0.0);
    for snapshot in &post.snapshots {
        let next = moment_of(snapshot.at);
        if next > end {
            return views + (snapshot.views - views) * (end - at) / (next - at);
        }
        if next > at {
            (at, views) = (next, snapshot.views);
        }
    }
    post.views
}

/// When tracked sales are paid: spans that do not overlap, by time.
fn paid(deal: &Deal, posts: &[&Post], term: Span) -> Vec<Span> {
    let Some(window) = deal.window_days else { return vec![term] };
    let mut spans: Vec<Span> = Vec::new();
    for post in posts {
        let span = Span { from: start_of(post.at.date()), to: moment_of(post.at) + window };
        match spans.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => spans.push(span),
        }
    }
    spans
}

/// Tracked revenue of the creator less refunds within the spans.
fn revenue(deal: &Deal, roster: &Roster, dataset: &Dataset, paid: &[Span]) -> f64 {
    let days = f64::from(dataset.cadence.days());
    let of = |tracked: &crate::data::roster::Tracked| -> f64 {
        let net = tracked.revenue.iter().zip(&tracked.refunds).map(|(revenue, refunds)| revenue - refunds);
        let share = |first: &Date| {
            let period = Span { from: start_of(*first), to: start_of(*first) + days };
            paid.iter().map(|span| span.shared(period)).sum::<f64>() / days
        };
        dataset.dates.iter().zip(net).map(|(first, net)| share(first) * net).sum()
    };
    let all: f64 = roster.tracked.iter().filter(|t| t.creator == deal.creator).map(of).sum();
    all.max(0.0)
}

fn start_of(date: Date) -> f64 {
    day_number(date) as f64
}

fn moment_of(at: DateTime) -> f64 {
    let seconds = i32::from(at.hour()) * 3600 + i32::from(at.minute()) * 60 + i32::from(at.second());
    start_of(at.date()) + f64::from(seconds) / 86_400.0
}

#[cfg(test)]
mod tests {
    use super::super::deal::testing::{close, deal};
    use super::super::testing::{account, creator, post, roster};
    use super::*;
    use crate::data::calendar::Cadence;
    use crate::data::roster::{DealKind, Snapshot, Tracked};
    use jiff::civil::date;

    /// Four weeks from Monday 1 January 2024, national.
    fn weeks() -> Dataset {
        Dataset {
            geos: vec!["national".to_owned()],
            dates: vec![date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 15), date(2024, 1, 22)],
            cadence: Cadence::Weekly,
            history: 0,
            outcome: vec![1.0; 4],
            unit_value: vec![1.0; 4],
            population: vec![1.0],
            drivers: Vec::new(),
            controls: Vec::new(),
            holidays: Vec::new(),
            roster: None,
            experiments: Vec::new(),
        }
    }

    /// One creator on two platforms (accounts 0 and 1) and one on the first of them (account 2). Posts of the first: 3 January 06:00 with 1 000
    /// views and 10 January with 2 000 on account 0, 24 January with 6 000 on account 1; of the second: none.
    fn small() -> Roster {
        let mut r = roster(&["instagram", "youtube"]);
        r.creators = vec![creator("ann"), creator("ben")];
        r.accounts = vec![account(0, 0), account(0, 1), account(1, 0)];
        r.posts = vec![
            post(0, date(2024, 1, 3).at(6, 0, 0, 0), 1_000.0),
            post(0, date(2024, 1, 10).at(0, 0, 0, 0), 2_000.0),
            post(1, date(2024, 1, 24).at(12, 0, 0, 0), 6_000.0),
        ];
        r.tracked = vec![Tracked {
            creator: 0,
            orders: vec![0.0; 4],
            revenue: vec![70.0, 140.0, 210.0, 280.0],
            refunds: vec![0.0, 0.0, 70.0, 0.0],
        }];
        r
    }

    #[test]
    fn an_open_deal_takes_all_that_happened() {
        let got = activity(&deal(DealKind::Flat), &small(), &weeks());
        // 1 000 + 2 000 + 6 000 views; 70 + 140 + 210 - 70 + 280 revenue
        let all = Activity { posts: 3.0, gifts: 3.0, views: 9_000.0, reached: 3.0, revenue: 630.0, elapsed: 1.0 };
        assert_eq!(got, all);
    }

    #[test]
    fn the_term_filters_posts_and_sales() {
        // 10 to 23 January: the second post; 5 of 7 days of week 2, all of week 3, 2 of 7 of week 4:
        // 140 · 5/7 + 140 + 280 · 2/7 = 100 + 140 + 80
        let term = |kind| Deal { starts: Some(date(2024, 1, 10)), ends: Some(date(2024, 1, 23)), ..deal(kind) };
        let got = activity(&term(DealKind::Hybrid), &small(), &weeks());
        assert_eq!((got.posts, got.views, got.elapsed), (1.0, 2_000.0, 1.0));
        close(got.revenue, 320.0);
        // 500 + 0.1 · 320
        close(deal::cost(&term(DealKind::Hybrid), &got).total(), 532.0);
        // The last day belongs to the term, to its end.
        let to_24 = Deal { ends: Some(date(2024, 1, 24)), ..term(DealKind::Flat) };
        assert_eq!(activity(&to_24, &small(), &weeks()).posts, 2.0);
    }

    #[test]
    fn a_retainer_is_paid_for_the_days_within_the_data() {
        // 22 January to 31 January: 10 days, of which the data have 7.
        let retainer =
            Deal { starts: Some(date(2024, 1, 22)), ends: Some(date(2024, 1, 31)), ..deal(DealKind::Retainer) };
        close(activity(&retainer, &small(), &weeks()).elapsed, 0.7);
        // After the data, and a term that ends before it starts: nothing.
        let later = Deal { starts: Some(date(2025, 1, 1)), ..deal(DealKind::Retainer) };
        assert_eq!(activity(&later, &small(), &weeks()), Activity::default());
        let early = Deal { ends: Some(date(2023, 12, 1)), ..deal(DealKind::Retainer) };
        assert_eq!(activity(&early, &small(), &weeks()), Activity::default());
        let wrong = Deal { starts: Some(date(2024, 1, 9)), ends: Some(date(2024, 1, 2)), ..deal(DealKind::Retainer) };
        assert_eq!(activity(&wrong, &small(), &weeks()), Activity::default());
    }

    #[test]
    fn a_window_pays_the_days_after_each_post_once() {
        // Posts on 3 January 06:00 and 10 January 00:00, 7.75 days each: from 3 to 11 January, from 10 to 17.75 January;
        // together 3 to 17.75: 5 days of week 1, week 2, 2.75 days of week 3. Third post: 24 January to the end, 5 days.
        // 70 · 5/7 + 140 + 140 · 2.75/7 + 280 · 5/7 = 50 + 140 + 55 + 200
        let windowed = Deal { window_days: Some(7.75), ..deal(DealKind::Commission) };
        close(activity(&windowed, &small(), &weeks()).revenue, 445.0);
        // The window outlasts a term that ends on 10 January: 50 + 140 + 55.
        let short = Deal { ends: Some(date(2024, 1, 10)), ..windowed };
        close(activity(&short, &small(), &weeks()).revenue, 245.0);
    }

    #[test]
    fn a_window_reads_views_from_snapshots() {
        let mut r = small();
        // Posted on 3 January 06:00; 400 views by 4 January 06:00, 800 by 7 January 06:00, 1 000 in the end.
        let at = |day, views| Snapshot { at: date(2024, 1, day).at(6, 0, 0, 0), views };
        r.posts[0].snapshots = vec![at(4, 400.0), at(7, 800.0)];
        let views = |days| views_within(&r.posts[0], Some(days));
        close(views(0.5), 200.0);
        close(views(1.0), 400.0);
        // A day and a half on: 400 + 400 · 0.5/3
        close(views(1.5), 400.0 + 400.0 / 6.0);
        close(views(4.0), 1_000.0);
        close(views_within(&r.posts[1], Some(1.0)), 2_000.0);
        // A bounty of 700 views within 2 days is missed by the first post only.
        let bounty = Deal { threshold_views: Some(700.0), window_days: Some(2.0), ..deal(DealKind::Bounty) };
        assert_eq!(activity(&bounty, &r, &weeks()).reached, 2.0);
    }

    #[test]
    fn refunds_beyond_sales_give_no_money_back() {
        let mut r = small();
        r.tracked[0].refunds = vec![0.0, 0.0, 9_999.0, 0.0];
        assert_eq!(activity(&deal(DealKind::Commission), &r, &weeks()).revenue, 0.0);
    }

    #[test]
    fn costs_fall_on_accounts_by_views_and_on_platforms_by_account() {
        let mut r = small();
        let retainer = Deal { creator: 1, fee: Some(90.0), ..deal(DealKind::Retainer) };
        let january = Deal { ends: Some(date(2024, 1, 14)), ..deal(DealKind::Flat) };
        r.deals = vec![deal(DealKind::Flat), january, retainer];
        let costs = creator_cost(&r, &weeks());
        // 3 posts of 500, by 3 000 to 6 000 views: 500 and 1 000; two posts of 500 again on account 0: 1 000 more.
        close(costs[0].cost.total(), 2_500.0);
        close(costs[0].accounts[0].cost, 1_500.0);
        close(costs[0].accounts[1].cost, 1_000.0);
        // No post at all: evenly, here on one account.
        close(costs[1].accounts[0].cost, 90.0);
        let platforms = platform_cost(&r, &costs);
        close(platforms[0], 1_590.0);
        close(platforms[1], 1_000.0);
    }

    #[test]
    fn posts_without_a_deal_cost_nothing() {
        let costs = creator_cost(&small(), &weeks());
        assert!(costs.iter().all(|c| c.cost.total() == 0.0));
    }
}
