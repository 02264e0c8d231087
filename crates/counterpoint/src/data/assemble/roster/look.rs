//! What an analyst would look at in the creators' tables.

use super::super::super::calendar::day_number;
use super::super::super::codes::{Capped, info, review};
use super::super::super::roster::{DealKind, Post, Roster};
use super::super::super::{Dataset, DriverKind};
use super::super::column::nearest_hint;
use crate::finding::Finding;
use crate::project::{CreatorsSpec, known_view_changes};

/// Audience shares below this in all say little of where sales should rise.
pub(super) const AUDIENCE_LEAST: f64 = 0.5;
/// A code that sells this share of its orders in weeks far from any post is likely on a coupon site.
pub(super) const LEAK_SHARE: f64 = 1.0 / 3.0;
/// Weeks after the last post from which a sale no longer follows from it.
pub(super) const LEAK_WEEKS: i64 = 8;
/// Posts below which timing alone can hardly tell a creator apart.
pub(super) const FEW_POSTS: usize = 8;
/// A channel's spend that goes with tracked revenue as closely as this is commission in disguise.
pub(super) const COMMISSION_CORRELATION: f64 = 0.95;

/// Looks at everything.
pub(super) fn look(roster: &Roster, spec: &CreatorsSpec, data: &Dataset, out: &mut Vec<Finding>) {
    views(roster, spec, out);
    audiences(roster, spec, out);
    definitions(roster, spec, out);
    codes(roster, spec, data, out);
    deals(roster, spec, out);
    few_posts(roster, spec, out);
    commission(roster, data, out);
}

/// The first few names, and how many more.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    let shown = all.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    if all.len() > 4 { format!("{shown} and {} more", all.len() - 4) } else { shown }
}

fn views(roster: &Roster, spec: &CreatorsSpec, out: &mut Vec<Finding>) {
    let Some(file) = &spec.stats else { return };
    let (mut falls, mut above) = (Capped::new(), Capped::new());
    for post in &roster.posts {
        if let Some(pair) = post.snapshots.windows(2).find(|s| s[1].views < s[0].views) {
            falls.push(out, || {
                let found = format!("views of {} fall from {} to {}", post.name, pair[0].views, pair[1].views);
                review(
                    "views-fall",
                    found,
                    "cumulative counts, which never fall",
                    "check the export; the higher count is used",
                )
                .at_file(file)
            });
        }
        if post.snapshots.last().is_some_and(|s| s.views > post.views) {
            above.push(out, || {
                let found = format!("{} was counted above the {} views of the posts' table", post.name, post.views);
                review(
                    "views-above-total",
                    found,
                    "a total that holds every count",
                    "export the posts again; the higher count is used",
                )
                .at_file(file)
            });
        }
    }
    falls.finish(out);
    above.finish(out);
}

fn audiences(roster: &Roster, spec: &CreatorsSpec, out: &mut Vec<Finding>) {
    let low: Vec<&str> = roster
        .accounts
        .iter()
        .filter(|a| a.audience.as_ref().is_some_and(|s| s.iter().sum::<f64>() < AUDIENCE_LEAST))
        .map(|a| roster.creators[a.creator].name.as_str())
        .collect();
    if !low.is_empty() {
        let found = format!("audiences mostly outside of the data's geos: {}", some(low.into_iter()));
        let mend = "right if they live elsewhere; else give all shares";
        out.push(review("audience-elsewhere", found, "shares that add up to about 1", mend).at_file(&spec.creators));
    }
}

fn definitions(roster: &Roster, spec: &CreatorsSpec, out: &mut Vec<Finding>) {
    for change in &roster.redefined {
        let (name, day) = (&roster.platforms[change.platform], change.on);
        let own = roster.posts.iter().filter(|p| change.is_about(roster, p));
        let (before, after): (Vec<&Post>, Vec<&Post>) = own.partition(|p| p.at.date() < day);
        let (before, after) = (before.len(), after.len());
        let found = format!("{name} changed what a view is on {day}: {before} posts before, {after} after");
        let expected = "one count throughout, or a step at that day";
        let mend = format!(
            "the fit learns the step, `view_step[{name}]`; if all views are of one count, write view_changes = [] in `[creators]`"
        );
        out.push(info("view-definition", found, expected, mend).at_file(&spec.posts));
    }
    for change in &spec.view_changes {
        let known = roster.platforms.iter().any(|p| p.eq_ignore_ascii_case(&change.platform));
        if !known && !known_view_changes().contains(change) {
            let names: Vec<&str> = roster.platforms.iter().map(String::as_str).collect();
            let found = format!("`view_changes` of \"{}\", where nobody has an account", change.platform);
            let mend = nearest_hint(&change.platform, &names);
            out.push(review("view-change-platform", found, "a platform of the creators' table", mend));
        }
    }
}

fn codes(roster: &Roster, spec: &CreatorsSpec, data: &Dataset, out: &mut Vec<Finding>) {
    let Some(file) = &spec.tracked else { return };
    let (days, start) = (i64::from(data.cadence.days()), data.dates.first().map_or(0, |d| day_number(*d)));
    let (mut early, mut leaks) = (Vec::new(), Vec::new());
    for tracked in &roster.tracked {
        let name = roster.creators[tracked.creator].name.as_str();
        let own: Vec<i64> = roster
            .posts
            .iter()
            .filter(|p| roster.accounts[p.account].creator == tracked.creator)
            .map(|p| day_number(p.at.date()))
            .collect();
        let (mut before, mut far) = (0.0, 0.0);
        for (t, orders) in tracked.orders.iter().enumerate() {
            let (first, last) = (start + t as i64 * days, start + (t as i64 + 1) * days - 1);
            if own.iter().all(|&d| d > last) {
                before += orders;
            }
            if own.iter().all(|&d| d > last || first - d > 7 * LEAK_WEEKS) {
                far += orders;
            }
        }
        if before > 0.0 {
            early.push(name);
        }
        if far > LEAK_SHARE * tracked.orders.iter().sum::<f64>() {
            leaks.push(name);
        }
    }
    if !early.is_empty() {
        let found = format!("tracked sales before the first post: {}", some(early.into_iter()));
        let mend = "add earlier posts, or check whose code it is";
        out.push(review("tracked-before-post", found, "sales after a post", mend).at_file(file));
    }
    if !leaks.is_empty() {
        let found = format!("codes that keep selling without posts: {}", some(leaks.into_iter()));
        let mend = "look for the code on coupon sites; the model learns the leak, and commission is owed on it";
        out.push(review("code-leak", found, "sales that follow posts", mend).at_file(file));
    }
}

fn deals(roster: &Roster, spec: &CreatorsSpec, out: &mut Vec<Finding>) {
    let Some(file) = &spec.deals else { return };
    let posts = |c: usize| roster.posts.iter().filter(move |p| roster.accounts[p.account].creator == c);
    let name = |c: usize| roster.creators[c].name.as_str();
    let mut idle: Vec<usize> = roster.deals.iter().map(|d| d.creator).filter(|&c| posts(c).next().is_none()).collect();
    idle.dedup();
    if !idle.is_empty() {
        let found = format!("deals of creators without a post: {}", some(idle.into_iter().map(name)));
        out.push(
            review("deal-without-posts", found, "posts for each deal", "add the posts, or take the deal out")
                .at_file(file),
        );
    }
    let free: Vec<usize> = (0..roster.creators.len())
        .filter(|&c| posts(c).next().is_some() && roster.deals.iter().all(|d| d.creator != c))
        .collect();
    if !free.is_empty() {
        let found = format!("creators without a deal: {}", some(free.into_iter().map(name)));
        out.push(
            info(
                "posts-without-deal",
                found,
                "the terms of each creator",
                "add what they were paid; without it they cost nothing",
            )
            .at_file(file),
        );
    }
    let mut wrong = Capped::new();
    for deal in &roster.deals {
        let Some(agreed) = deal.posts.filter(|_| deal.kind != DealKind::Gifting) else { continue };
        let inside = |p: &&Post| {
            let day = p.at.date();
            deal.starts.is_none_or(|s| day >= s) && deal.ends.is_none_or(|e| day <= e)
        };
        let made = posts(deal.creator).filter(inside).count();
        if made as f64 != agreed {
            wrong.push(out, || {
                let found = format!("{} agreed on {agreed} posts, {made} were made in its term", deal.name);
                info(
                    "deal-posts",
                    found,
                    "as many posts as agreed",
                    "nothing to do if so; fees are paid for posts made",
                )
                .at_file(file)
            });
        }
    }
    wrong.finish(out);
}

fn few_posts(roster: &Roster, spec: &CreatorsSpec, out: &mut Vec<Finding>) {
    let few: Vec<&str> = (0..roster.creators.len())
        .filter(|&c| roster.posts.iter().filter(|p| roster.accounts[p.account].creator == c).count() < FEW_POSTS)
        .map(|c| roster.creators[c].name.as_str())
        .collect();
    if !few.is_empty() {
        let found = format!("{} creators with fewer than {FEW_POSTS} posts: {}", few.len(), some(few.iter().copied()));
        let mend = "read their intervals; more posts, apart in time, tell them apart";
        out.push(info("few-posts", found, "posts enough to tell each creator apart", mend).at_file(&spec.posts));
    }
}

fn commission(roster: &Roster, data: &Dataset, out: &mut Vec<Finding>) {
    let periods = data.n_periods();
    let mut tracked = vec![0.0; periods];
    for one in &roster.tracked {
        tracked.iter_mut().zip(&one.revenue).for_each(|(a, x)| *a += x);
    }
    for driver in data.drivers.iter().filter(|d| d.kind == DriverKind::Channel) {
        let Some(spend) = &driver.spend else { continue };
        let mut total = vec![0.0; periods];
        spend.iter().enumerate().for_each(|(i, x)| total[i % periods] += x);
        if correlation(&total, &tracked) > COMMISSION_CORRELATION {
            let found = format!("the spend of {} follows tracked sales", driver.name);
            let mend = "enter commission as a deal: sales cause it, so as spend it would seem to cause them";
            out.push(
                review("commission-as-spend", found, "spend that is decided before sales", mend)
                    .at_column(&driver.name),
            );
        }
    }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| f(x - ma, y - mb)).sum::<f64>();
    let scale = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    if scale > 0.0 { sum(&|x, y| x * y) / scale } else { 0.0 }
}
