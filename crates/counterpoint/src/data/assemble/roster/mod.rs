//! From the creators' tables to a [`Roster`]: every mistake at once, and what an analyst would look at.

mod candidates;
mod deals;
mod look;
mod offers;
mod overlaps;

pub use candidates::candidates;
pub use offers::offers;

use super::super::calendar::day_number;
use super::super::codes::{Capped, fail, info, review};
use super::super::roster::{Account, Creator, Format, Post, Redefined, Roster, Snapshot, Tracked};
use super::super::{Dataset, Table};
use super::column::nearest_hint;
use super::sheet::Sheet;
use crate::finding::Finding;
use crate::project::CreatorsSpec;
use deals::deals;
use jiff::ToSpan;
use jiff::civil::Time;
use std::collections::BTreeMap;

/// A number from 0 up.
const AMOUNT: (f64, f64, &str) = (0.0, f64::INFINITY, "a number from 0 up");
/// A share.
const SHARE: (f64, f64, &str) = (0.0, 1.0, "a share between 0 and 1");
/// Audience shares may add up to this, for rounding.
pub(super) const AUDIENCE_MOST: f64 = 1.02;

/// Words for formats.
const FORMATS: [(Format, &[&str]); 6] = [
    (Format::Story, &["story", "stories"]),
    (Format::ShortVideo, &["short_video", "short", "shorts", "reel", "reels", "tiktok"]),
    (Format::Feed, &["feed", "post", "image", "photo", "carousel"]),
    (Format::LongVideo, &["long_video", "video", "long", "youtube"]),
    (Format::Live, &["live", "stream", "livestream"]),
    (Format::Article, &["article", "blog", "podcast", "pin", "newsletter"]),
];

/// Reads the tables in the order creators, posts, and those of stats, deals, tracked and overlaps that the project names.
pub(super) fn roster(spec: &CreatorsSpec, tables: &[Table], data: &Dataset, out: &mut Vec<Finding>) -> Roster {
    let mut tables = tables.iter();
    let mut roster = Roster::default();
    if let Some(table) = tables.next() {
        people(&Sheet { table }, data, &mut roster, out);
    }
    let mut names = BTreeMap::new();
    if let Some(table) = tables.next() {
        posts(&Sheet { table }, &mut roster, &mut names, out);
    }
    if let Some(table) = spec.stats.as_ref().and_then(|_| tables.next()) {
        stats(&Sheet { table }, &mut roster, &names, out);
    }
    if let Some(table) = spec.deals.as_ref().and_then(|_| tables.next()) {
        deals(&Sheet { table }, &mut roster, out);
    }
    if let Some(table) = spec.tracked.as_ref().and_then(|_| tables.next()) {
        tracked(&Sheet { table }, data, &mut roster, out);
    }
    if let Some(table) = spec.overlaps.as_ref().and_then(|_| tables.next()) {
        overlaps::overlaps(&Sheet { table }, &mut roster, out);
    }
    roster.posts.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    redefined(spec, data, &mut roster);
    look::look(&roster, spec, data, out);
    roster
}

/// The changes of what a view is that divide the posts within the data's time.
fn redefined(spec: &CreatorsSpec, data: &Dataset, roster: &mut Roster) {
    let (Some(&first), Some(&last)) = (data.dates.first(), data.dates.last()) else { return };
    let end = day_number(last) + i64::from(data.cadence.days());
    let named = |name: &String| spec.view_changes.iter().find(|c| c.platform.eq_ignore_ascii_case(name));
    for platform in 0..roster.platforms.len() {
        let Some(change) = named(&roster.platforms[platform]) else { continue };
        let change = Redefined { platform, format: change.format, on: change.on };
        let days = roster.posts.iter().filter(|p| p.views > 0.0 && change.is_about(roster, p)).map(|p| p.at.date());
        let (mut before, mut after) = (0, 0);
        for day in days.filter(|day| *day >= first && day_number(*day) < end) {
            *(if day < change.on { &mut before } else { &mut after }) += 1;
        }
        if before > 0 && after > 0 {
            roster.redefined.push(change);
        }
    }
}

fn people(sheet: &Sheet<'_>, data: &Dataset, roster: &mut Roster, out: &mut Vec<Finding>) {
    let creator = sheet.required(&["creator", "handle", "name", "username"], out);
    let platform = sheet.required(&["platform", "network"], out);
    let (creators, platforms) = (sheet.texts(creator, true, out), sheet.texts(platform, true, out));
    let niches = sheet.texts(sheet.optional(&["niche", "category"]), false, out);
    let number =
        |names: &[&str], range, out: &mut Vec<Finding>| sheet.numbers(sheet.optional(names), false, range, out);
    let followers = number(&["followers", "follower_count", "subscribers"], AMOUNT, out);
    let engagement = number(&["engagement_rate", "er"], SHARE, out);
    let fake = number(&["fake_share"], SHARE, out);
    let fit = number(&["niche_fit", "brand_fit"], (f64::NEG_INFINITY, f64::INFINITY, "a number"), out);
    let earlier = number(&["earlier_collaborations", "collaborations"], AMOUNT, out);
    let audience = audience(sheet, data, out);
    for row in 0..sheet.table.rows() {
        let (Some(name), Some(platform)) = (&creators[row], &platforms[row]) else { continue };
        let creator = place(&mut roster.creators, |c| c.name == *name, || Creator { name: name.clone(), niche: None });
        if roster.creators[creator].niche.is_none() {
            roster.creators[creator].niche.clone_from(&niches[row]);
        }
        let platform = place(&mut roster.platforms, |p| p == platform, || platform.clone());
        if roster.accounts.iter().any(|a| (a.creator, a.platform) == (creator, platform)) {
            let found = format!("{name} on {} a second time", roster.platforms[platform]);
            let finding = fail("creator-twice", found, "one row a creator and platform", "take one of the rows out");
            out.push(sheet.at(finding, row, "creator"));
            continue;
        }
        roster.accounts.push(Account {
            creator,
            platform,
            followers: followers[row],
            engagement_rate: engagement[row],
            fake_share: fake[row],
            niche_fit: fit[row],
            earlier: earlier[row],
            audience: audience[row].clone(),
            segments: Vec::new(),
        });
    }
}

/// Index of the item that fits, put in if there is none.
fn place<T>(all: &mut Vec<T>, fits: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    all.iter().position(fits).unwrap_or_else(|| {
        all.push(make());
        all.len() - 1
    })
}

/// Shares of the audience by geo, from columns `audience_<geo>`.
fn audience(sheet: &Sheet<'_>, data: &Dataset, out: &mut Vec<Finding>) -> Vec<Option<Vec<f64>>> {
    let rows = sheet.table.rows();
    let named: Vec<&str> = sheet.table.columns.iter().filter_map(|c| c.name.strip_prefix("audience_")).collect();
    if named.is_empty() || data.n_geos() == 1 {
        return vec![None; rows];
    }
    let geos: Vec<&str> = data.geos.iter().map(String::as_str).collect();
    for name in named.iter().filter(|n| !geos.contains(n)) {
        let finding = fail(
            "audience-geo",
            format!("no geo `{name}` in the data"),
            "a geo of the outcome's table",
            nearest_hint(name, &geos),
        );
        out.push(finding.at_file(&sheet.table.file).at_column(format!("audience_{name}")));
    }
    let columns: Vec<Vec<Option<f64>>> =
        geos.iter().map(|g| sheet.numbers(sheet.optional(&[&format!("audience_{g}")]), false, SHARE, out)).collect();
    let mut capped = Capped::new();
    let all = (0..rows)
        .map(|row| {
            let own: Vec<Option<f64>> = columns.iter().map(|c| c[row]).collect();
            if own.iter().all(Option::is_none) {
                return None;
            }
            let shares: Vec<f64> = own.into_iter().map(|x| x.unwrap_or(0.0)).collect();
            let total: f64 = shares.iter().sum();
            if total > AUDIENCE_MOST {
                capped.push(out, || {
                    let found = format!("audience shares that add up to {total:.3}");
                    let finding =
                        fail("audience-sum", found, "shares of one audience, 1 in all at most", "correct the shares");
                    sheet.at(finding, row, "audience_")
                });
            }
            (total > 0.0).then_some(shares)
        })
        .collect();
    capped.finish(out);
    all
}

fn posts(sheet: &Sheet<'_>, roster: &mut Roster, names: &mut BTreeMap<String, usize>, out: &mut Vec<Finding>) {
    let post = sheet.texts(sheet.required(&["post", "post_id", "id", "url"], out), true, out);
    let creator = sheet.texts(sheet.required(&["creator", "handle", "username"], out), true, out);
    let platform = sheet.texts(sheet.optional(&["platform", "network"]), false, out);
    let format = sheet.texts(sheet.optional(&["format", "type"]), false, out);
    let at = sheet.moments(sheet.required(&["posted_at", "createTimeISO", "create_time", "date"], out), true, out);
    let views = sheet.numbers(sheet.required(&["views", "playCount", "view_count", "plays"], out), true, AMOUNT, out);
    let number = |names: &[&str], out: &mut Vec<Finding>| sheet.numbers(sheet.optional(names), false, AMOUNT, out);
    let boosted = number(&["boosted_views"], out);
    let likes = number(&["likes", "diggCount", "like_count"], out);
    let comments = number(&["comments", "commentCount", "comment_count"], out);
    let shares = number(&["shares", "shareCount", "share_count"], out);
    let saves = number(&["saves", "saved", "collectCount"], out);
    let sponsored = sheet.texts(sheet.optional(&["sponsored", "paid_partnership"]), false, out);
    let campaign = sheet.texts(sheet.optional(&["campaign"]), false, out);
    let (mut unknown, mut words) = (Capped::new(), Capped::new());
    for row in 0..sheet.table.rows() {
        let Some(name) = &post[row] else { continue };
        let Some(owner) = &creator[row] else { continue };
        if names.contains_key(name) {
            let finding =
                fail("post-twice", format!("post {name} a second time"), "each post once", "take one of the rows out");
            out.push(sheet.at(finding, row, "post"));
            continue;
        }
        let on = platform[row].as_deref();
        let own: Vec<usize> = (0..roster.accounts.len())
            .filter(|&a| {
                let account = &roster.accounts[a];
                roster.creators[account.creator].name == *owner
                    && on.is_none_or(|p| roster.platforms[account.platform].eq_ignore_ascii_case(p.trim()))
            })
            .collect();
        let [account] = own[..] else {
            unknown.push(out, || {
                let theirs = roster.accounts.iter().filter(|a| roster.creators[a.creator].name == *owner);
                let theirs: Vec<&str> = theirs.map(|a| roster.platforms[a.platform].as_str()).collect();
                if let (Some(p), false) = (on, theirs.is_empty()) {
                    let expected =
                        format!("a platform on which the creators' table has {owner}: {}", theirs.join(", "));
                    let found = format!("a post of {owner} on {p}");
                    return sheet.at(
                        fail("unknown-creator", found, expected, nearest_hint(p, &theirs)),
                        row,
                        "platform",
                    );
                }
                let all: Vec<&str> = roster.creators.iter().map(|c| c.name.as_str()).collect();
                let found = match (on, own.len()) {
                    (Some(p), _) => format!("a post of {owner} on {p}"),
                    (None, 0) => format!("a post of {owner}"),
                    (None, _) => format!("a post of {owner}, who has several accounts, without a platform"),
                };
                sheet.at(
                    fail("unknown-creator", found, "an account of the creators' table", nearest_hint(owner, &all)),
                    row,
                    "creator",
                )
            });
            continue;
        };
        let format = match format_of(format[row].as_deref().unwrap_or("feed")) {
            Ok(format) => format,
            Err(finding) => {
                words.push(out, || sheet.at(*finding, row, "format"));
                continue;
            }
        };
        let (Some((at, timed)), Some(views)) = (at[row], views[row]) else { continue };
        names.insert(name.clone(), roster.posts.len());
        roster.posts.push(Post {
            name: name.clone(),
            account,
            format,
            // Without a time, noon.
            at: if timed { at } else { at.date().to_datetime(Time::constant(12, 0, 0, 0)) },
            views,
            boosted: boosted[row].unwrap_or(0.0),
            likes: likes[row],
            comments: comments[row],
            shares: shares[row],
            saves: saves[row],
            sponsored: sponsored[row]
                .as_deref()
                .map(|t| ["1", "true", "yes", "y"].contains(&t.to_lowercase().as_str())),
            campaign: campaign[row].clone(),
            snapshots: Vec::new(),
        });
    }
    unknown.finish(out);
    words.finish(out);
}

/// The format that a word means.
fn format_of(word: &str) -> Result<Format, Box<Finding>> {
    let word = word.to_lowercase().replace([' ', '-'], "_");
    let found = FORMATS.iter().find(|(_, known)| known.contains(&word.as_str()));
    found.map(|(format, _)| *format).ok_or_else(|| {
        let known: Vec<&str> = FORMATS.iter().map(|(_, words)| words[0]).collect();
        let found = format!("the format \"{}\"", super::cells::short(&word));
        Box::new(fail("unknown-word", found, format!("one of {}", known.join(", ")), "use one of these words"))
    })
}

fn stats(sheet: &Sheet<'_>, roster: &mut Roster, names: &BTreeMap<String, usize>, out: &mut Vec<Finding>) {
    let post = sheet.texts(sheet.required(&["post", "post_id", "id", "url"], out), true, out);
    let at = sheet.moments(sheet.required(&["as_of", "date"], out), true, out);
    let views = sheet.numbers(sheet.required(&["views", "playCount", "view_count", "plays"], out), true, AMOUNT, out);
    let mut unknown = Capped::new();
    let mut before = Capped::new();
    for row in 0..sheet.table.rows() {
        let (Some(name), Some((at, timed)), Some(views)) = (&post[row], at[row], views[row]) else { continue };
        let Some(&index) = names.get(name) else {
            unknown.push(out, || {
                let finding = review(
                    "unknown-post",
                    format!("views of the post {name}"),
                    "a post of the posts' table",
                    "add the post, or take the rows out",
                );
                sheet.at(finding, row, "post")
            });
            continue;
        };
        // A count with a date only is the day's last.
        let at = if timed { at } else { at.date().saturating_add(1.day()).to_datetime(Time::midnight()) };
        if at < roster.posts[index].at {
            before.push(out, || {
                let finding = review(
                    "snapshot-before-post",
                    format!("views of {name} before it was posted"),
                    "counts after the post",
                    "correct the date; the row is left out",
                );
                sheet.at(finding, row, "as_of")
            });
            continue;
        }
        roster.posts[index].snapshots.push(Snapshot { at, views });
    }
    unknown.finish(out);
    before.finish(out);
    for post in &mut roster.posts {
        post.snapshots.sort_by(|a, b| a.at.cmp(&b.at).then(a.views.total_cmp(&b.views)));
    }
}

fn tracked(sheet: &Sheet<'_>, data: &Dataset, roster: &mut Roster, out: &mut Vec<Finding>) {
    let at = sheet.moments(sheet.required(&["date", "day", "week"], out), true, out);
    let creator = sheet.texts(sheet.required(&["creator", "handle", "username"], out), true, out);
    let orders = sheet.numbers(sheet.required(&["orders", "conversions"], out), true, AMOUNT, out);
    let revenue = sheet.numbers(sheet.optional(&["revenue", "sales"]), false, AMOUNT, out);
    let refunds = sheet.numbers(sheet.optional(&["refunds"]), false, AMOUNT, out);
    let (periods, days) = (data.n_periods(), i64::from(data.cadence.days()));
    let start = data.dates.first().map_or(0, |d| day_number(*d));
    let (mut unknown, mut outside) = (Capped::new(), 0);
    for row in 0..sheet.table.rows() {
        let (Some((at, _)), Some(owner), Some(count)) = (at[row], &creator[row], orders[row]) else { continue };
        let Some(creator) = roster.creators.iter().position(|c| c.name == *owner) else {
            unknown.push(out, || {
                let all: Vec<&str> = roster.creators.iter().map(|c| c.name.as_str()).collect();
                let finding = fail(
                    "unknown-creator",
                    format!("tracked sales of {owner}"),
                    "a creator of the creators' table",
                    nearest_hint(owner, &all),
                );
                sheet.at(finding, row, "creator")
            });
            continue;
        };
        let Some(t) = usize::try_from((day_number(at.date()) - start).div_euclid(days)).ok().filter(|&t| t < periods)
        else {
            outside += 1;
            continue;
        };
        let zero = || vec![0.0; periods];
        let at = place(
            &mut roster.tracked,
            |x| x.creator == creator,
            || Tracked { creator, orders: zero(), revenue: zero(), refunds: zero() },
        );
        let own = &mut roster.tracked[at];
        own.orders[t] += count;
        own.revenue[t] += revenue[row].unwrap_or(0.0);
        own.refunds[t] += refunds[row].unwrap_or(0.0);
    }
    unknown.finish(out);
    if outside > 0 {
        let finding = info(
            "tracked-left-out",
            format!("{outside} rows outside of the outcome's dates"),
            "tracked sales of the same time",
            "nothing to do, or add the outcome of those dates",
        );
        out.push(finding.at_file(&sheet.table.file));
    }
}
