//! How much audiences overlap, from pairs of creators: the segments of each platform's audience.

use super::super::super::codes::{Capped, fail, info, review};
use super::super::super::roster::{Outside, Overlap, Roster};
use super::super::super::segments::{Segmented, Shared, place, segments};
use super::super::column::nearest_hint;
use super::super::sheet::Sheet;
use super::{AMOUNT, SHARE};
use crate::finding::Finding;
use std::collections::BTreeMap;

/// Overlaps of whose differences (mean square) less than this share is told are worth a look.
const TOLD: f64 = 0.5;
/// Room for rounding in an overlap that is all of the smaller audience.
const ROUNDED: f64 = 1.001;

/// Reads the overlaps and tells each platform's audience by segments.
pub(super) fn overlaps(sheet: &Sheet<'_>, roster: &mut Roster, out: &mut Vec<Finding>) {
    let one = sheet.texts(sheet.required(&["creator", "creator_a", "handle", "username"], out), true, out);
    let other = sheet.texts(sheet.required(&["other", "creator_b", "with"], out), true, out);
    let platform = sheet.texts(sheet.optional(&["platform", "network"]), false, out);
    let share = sheet.optional(&["overlap", "overlap_share"]);
    let people = sheet.optional(&["shared_followers", "common_followers"]);
    let people = if share.is_none() && people.is_none() {
        sheet.required(&["overlap", "shared_followers"], out)
    } else {
        people
    };
    let (share, people) = (sheet.numbers(share, false, SHARE, out), sheet.numbers(people, false, AMOUNT, out));
    let mut pairs: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let mut capped: BTreeMap<String, Capped> = BTreeMap::new();
    for row in 0..sheet.table.rows() {
        let (Some(a), Some(b)) = (&one[row], &other[row]) else { continue };
        let overlap = match (share[row], people[row]) {
            (_, Some(people)) => Overlap::People(people),
            (Some(share), None) => Overlap::OfSmaller(share),
            (None, None) => {
                capped.entry("empty-cell".to_owned()).or_insert_with(Capped::new).push(out, || {
                    let expected = "the share of the smaller audience, or the number of followers, that is in both";
                    let mend = "fill in `overlap` or `shared_followers`, or take the row out";
                    sheet.at(fail("empty-cell", "an empty cell", expected, mend), row, "overlap")
                });
                continue;
            }
        };
        if let Err((finding, column)) = take(roster, (a, b), platform[row].as_deref(), overlap, &mut pairs) {
            let capped = capped.entry(finding.code.clone()).or_insert_with(Capped::new);
            capped.push(out, || sheet.at(*finding, row, column));
        }
    }
    capped.into_values().for_each(|capped| capped.finish(out));
    roster.audiences = vec![None; roster.platforms.len()];
    for p in 0..roster.platforms.len() {
        let own: Vec<usize> = (0..roster.accounts.len()).filter(|&a| roster.accounts[a].platform == p).collect();
        let at = |a: usize| own.binary_search(&a).ok();
        let shared: Vec<Shared> =
            pairs.iter().filter_map(|(&(a, b), &people)| Some(Shared { pair: (at(a)?, at(b)?), people })).collect();
        let followers: Vec<f64> = own.iter().map(|&a| roster.accounts[a].followers.unwrap_or(0.0)).collect();
        let Some(found) = segments(&followers, &shared) else { continue };
        out.push(told(&roster.platforms[p], shared.len(), &found).at_file(&sheet.table.file));
        if found.audience.segments.len() > 1 {
            for (&a, density) in own.iter().zip(&found.density) {
                roster.accounts[a].segments.clone_from(density);
            }
            roster.audiences[p] = Some(found.audience);
        }
    }
}

/// Takes a pair: of two accounts, or of one and somebody who is not in the roster; or says what is wrong with it, and in which column.
fn take(
    roster: &mut Roster,
    (a, b): (&str, &str),
    on: Option<&str>,
    overlap: Overlap,
    pairs: &mut BTreeMap<(usize, usize), f64>,
) -> Result<(), (Box<Finding>, &'static str)> {
    let wrong = |finding: Finding, column| Err((Box::new(finding), column));
    if a == b {
        let found = format!("the overlap of {a} with itself");
        return wrong(fail("overlap-pair", found, "two creators", "correct a name, or take the row out"), "other");
    }
    let accounts = |name: &str| -> Vec<usize> {
        let is_on = |p: usize| on.is_none_or(|on| roster.platforms[p].eq_ignore_ascii_case(on.trim()));
        let of = |a: &usize| {
            let account = &roster.accounts[*a];
            roster.creators[account.creator].name == name && is_on(account.platform)
        };
        (0..roster.accounts.len()).filter(of).collect()
    };
    let known = |name: &str| roster.creators.iter().any(|c| c.name == name);
    let platform_of = |a: usize| roster.accounts[a].platform;
    let (own, others) = (accounts(a), accounts(b));
    let both: Vec<(usize, Option<usize>)> = match (known(a), known(b)) {
        (true, true) => {
            let beside = |&x: &usize| others.iter().find(|&&y| platform_of(y) == platform_of(x)).map(|&y| (x, Some(y)));
            own.iter().filter_map(beside).collect()
        }
        (true, false) => own.iter().map(|&x| (x, None)).collect(),
        (false, true) => others.iter().map(|&x| (x, None)).collect(),
        (false, false) => {
            let all: Vec<&str> = roster.creators.iter().map(|c| c.name.as_str()).collect();
            let found = format!("an overlap of {a} and {b}, neither of whom is in the creators' table");
            let expected = "at least one creator of the creators' table";
            return wrong(fail("unknown-creator", found, expected, nearest_hint(a, &all)), "creator");
        }
    };
    let &[(x, y)] = &both[..] else {
        let (found, mend) = match (both.len(), on) {
            (0, Some(on)) => {
                (format!("no accounts of {a} and {b} on {on}"), "correct the platform, or take the row out")
            }
            (0, None) => (format!("{a} and {b}, who are on no platform together"), "take the row out"),
            _ => (format!("{a} and {b}, who are on several platforms, without a platform"), "fill in `platform`"),
        };
        return wrong(fail("overlap-pair", found, "accounts on one platform", mend), "platform");
    };
    let Some(y) = y else {
        let name = if known(a) { b } else { a };
        roster.outside.push(Outside { name: name.to_owned(), account: x, overlap });
        return Ok(());
    };
    let followers = |a: usize| roster.accounts[a].followers.filter(|f| *f > 0.0);
    let (Some(f), Some(g)) = (followers(x), followers(y)) else {
        let name = if followers(x).is_none() { a } else { b };
        let found = format!("an overlap of {name}, whose followers are not known");
        let mend = "fill in `followers` in the creators' table, or take the row out";
        return wrong(fail("overlap-followers", found, "the followers of both", mend), "overlap");
    };
    let people = overlap.people(f, g);
    if people > ROUNDED * f.min(g) {
        let number = if people < 1e12 { format!("{people:.0}") } else { format!("{people:e}") };
        let found = format!("{number} followers of both {a} and {b}");
        let expected = format!("at most those of the smaller audience, {:.0}", f.min(g));
        let finding = fail("overlap-size", found, expected, "correct the number, or the followers");
        return wrong(finding, "shared_followers");
    }
    let pair = (x.max(y), x.min(y));
    if pairs.contains_key(&pair) {
        let found = format!("the overlap of {a} and {b} a second time");
        return wrong(fail("overlap-pair", found, "each pair once", "take one of the rows out"), "creator");
    }
    pairs.insert(pair, people.min(f.min(g)));
    Ok(())
}

/// What the overlaps of a platform come to.
fn told(platform: &str, pairs: usize, found: &Segmented) -> Finding {
    let count = found.audience.segments.len();
    let spread = format!(
        "overlaps of {pairs} {} on {platform}, {:.1} to {:.1} times what is usual there",
        if pairs == 1 { "pair" } else { "pairs" },
        found.range.0,
        found.range.1
    );
    let (before, after) = found.misfit;
    if count == 1 {
        let mend =
            "nothing to do: creators who overlap alike saturate their platform together, with or without the table";
        return info("overlap-segments", spread, "pairs that overlap more than others", mend);
    }
    let shares: Vec<String> = found.audience.segments.iter().map(|a| format!("{:.0} %", 100.0 * a)).collect();
    let found = format!(
        "{spread}: {count} segments of the audience ({}) tell {:.0} % of how they differ",
        shares.join(", "),
        100.0 * (1.0 - (after / before).powi(2)).max(0.0)
    );
    if after > TOLD.sqrt() * before {
        let mend = "check the largest and smallest overlaps; what is left counts as usual";
        return review("overlap-segments", found, "overlaps that a few groups of people explain", mend);
    }
    info("overlap-segments", found, "pairs that overlap more than others", "nothing to do")
}

/// How dense the audience of somebody who is not in the roster is in the segments of a platform; empty where it is taken to be as all.
pub(super) fn density_of(roster: &Roster, name: &str, platform: &str, followers: Option<f64>) -> Vec<f64> {
    let Some(followers) = followers.filter(|f| *f > 0.0) else { return Vec::new() };
    let wanted = |p: &String| p.eq_ignore_ascii_case(platform.trim());
    let Some(p) = roster.platforms.iter().position(wanted) else { return Vec::new() };
    let Some(audience) = roster.audience(p) else { return Vec::new() };
    let mut shared: Vec<(f64, &[f64], f64)> = Vec::new();
    for one in roster.outside.iter().filter(|o| o.name == name && roster.accounts[o.account].platform == p) {
        let account = &roster.accounts[one.account];
        let Some(own) = account.followers.filter(|f| *f > 0.0) else { continue };
        shared.push((own, &account.segments, one.overlap.people(own, followers).min(own.min(followers))));
    }
    place(audience, followers, &shared)
}
