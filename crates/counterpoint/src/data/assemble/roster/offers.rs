//! Deals that are offered for the time of a plan: by creators of the roster or by people never worked with.

use super::super::super::codes::{Capped, fail};
use super::super::super::roster::{Account, Candidate, Deal, DealKind, Offer, Roster};
use super::super::super::{Dataset, Table};
use super::super::column::nearest_hint;
use super::super::sheet::Sheet;
use super::candidates::{MOST_POSTS, Traits};
use super::deals::Terms;
use super::overlaps::density_of;
use super::{AMOUNT, format_of};
use crate::finding::Finding;

/// The offers of a table, with everything that is wrong with it. `data` are those of the fit.
pub fn offers(table: &Table, data: &Dataset) -> (Vec<Offer>, Vec<Finding>) {
    let (sheet, out) = (Sheet { table }, &mut Vec::new());
    let nobody = Roster::default();
    let roster = data.roster.as_ref().unwrap_or(&nobody);
    let name = sheet.texts(sheet.optional(&["offer", "id", "deal"]), false, out);
    let creator = sheet.texts(sheet.required(&["creator", "handle", "username"], out), true, out);
    let platform = sheet.texts(sheet.optional(&["platform", "network"]), false, out);
    let traits = Traits::read(&sheet, data, false, out);
    let format = sheet.texts(sheet.optional(&["format", "type"]), false, out);
    let kind = sheet.texts(sheet.optional(&["kind", "deal_type"]), false, out);
    let least = sheet.numbers(sheet.optional(&["min_posts"]), false, AMOUNT, out);
    let most = sheet.numbers(sheet.optional(&["max_posts"]), false, AMOUNT, out);
    let earliest = sheet.moments(sheet.optional(&["earliest", "starts"]), false, out);
    let latest = sheet.moments(sheet.optional(&["latest", "ends"]), false, out);
    let group = sheet.texts(sheet.optional(&["exclusive_group"]), false, out);
    let terms = Terms::read(&sheet, out);
    let (mut words, mut parts, mut unknown, mut twice, mut dates) =
        (Capped::new(), Capped::new(), Capped::new(), Capped::new(), Capped::new());
    let mut all: Vec<Offer> = Vec::new();
    for row in 0..table.rows() {
        let format = match format[row].as_deref().map(format_of).transpose() {
            Ok(format) => format,
            Err(finding) => {
                words.push(out, || sheet.at(*finding, row, "format"));
                None
            }
        };
        let high = most[row].or(terms.get("posts", row)).or(least[row]).unwrap_or(1.0);
        let low = least[row].unwrap_or(1.0);
        let whole = |x: f64| x.fract() == 0.0 && (1.0..=MOST_POSTS).contains(&x);
        if !whole(low) || !whole(high) || low > high {
            parts.push(out, || {
                let found = format!("from {low} to {high} posts");
                let expected = "whole numbers from 1 to 1000, `min_posts` not above `max_posts`";
                sheet.at(fail("offer-posts", found, expected, "correct the cells"), row, "max_posts")
            });
            continue;
        }
        let days = (earliest[row].map(|d| d.0.date()), latest[row].map(|d| d.0.date()));
        if days.0.zip(days.1).is_some_and(|(a, b)| a > b) {
            dates.push(out, || {
                let finding =
                    fail("offer-dates", "`earliest` after `latest`", "the first day before the last", "swap the two");
                sheet.at(finding, row, "earliest")
            });
            continue;
        }
        let Some(owner) = &creator[row] else { continue };
        let name = name[row].clone().unwrap_or_else(|| format!("offer {}", row + 1));
        if all.iter().any(|o| o.name == name) {
            twice.push(out, || {
                let found = format!("the offer {name} a second time");
                sheet.at(fail("offer-twice", found, "each offer once", "give it another name"), row, "offer")
            });
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
        // One of the roster, or somebody new of whom the platform must be known.
        let known = match (&own[..], on) {
            ([account], _) => Some(*account),
            ([], Some(_)) if traits.followers[row].is_some() || traits.views[row].is_some() => None,
            _ => {
                unknown.push(out, || {
                    let names: Vec<&str> = roster.creators.iter().map(|c| c.name.as_str()).collect();
                    let (found, expected, mend) = match own.len() {
                        0 => (
                            format!("an offer of {owner}, who is not in the creators' table"),
                            "a creator of the roster, or `platform` and `followers` of somebody new",
                            nearest_hint(owner, &names),
                        ),
                        _ => (
                            format!("an offer of {owner}, who has several accounts"),
                            "the account's `platform`",
                            "fill in `platform`".to_owned(),
                        ),
                    };
                    sheet.at(fail("unknown-creator", found, expected, mend), row, "creator")
                });
                continue;
            }
        };
        let word = kind[row].as_deref().unwrap_or("flat");
        let Some(deal) = terms.deal(&sheet, row, word, (name.clone(), 0), out) else { continue };
        let platform = match known {
            Some(a) => roster.platforms[roster.accounts[a].platform].clone(),
            None => on.unwrap_or_default().trim().to_owned(),
        };
        let new = || {
            let segments = density_of(roster, owner, &platform, traits.followers[row]);
            Account { segments, ..traits.account(row) }
        };
        let account = known.map_or_else(new, |a| roster.accounts[a].clone());
        all.push(Offer {
            name,
            who: Candidate {
                name: owner.clone(),
                platform,
                account,
                niche: traits.niche[row].clone(),
                format,
                posts: high as usize,
                expected_views: traits.views[row],
                deal: None,
            },
            known,
            deal: Deal { posts: None, starts: None, ends: None, ..deal },
            posts: (low as usize, high as usize),
            days,
            group: group[row].clone(),
        });
    }
    [words, parts, unknown, twice, dates].into_iter().for_each(|capped| capped.finish(out));
    (all, std::mem::take(out))
}

impl Offer {
    /// A flat offer of somebody, for tests and callers that have no table.
    pub fn flat(name: &str, who: Candidate, known: Option<usize>, fee: f64, posts: (usize, usize)) -> Offer {
        let deal = Deal { fee: Some(fee), ..Deal::of(name, DealKind::Flat) };
        Offer { name: name.to_owned(), who, known, deal, posts, days: (None, None), group: None }
    }
}
