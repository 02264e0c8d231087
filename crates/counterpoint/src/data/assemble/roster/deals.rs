//! Deals and their terms, of creators and of candidates.

use super::super::super::codes::fail;
use super::super::super::roster::{Deal, DealKind, Roster};
use super::super::cells::short;
use super::super::column::nearest_hint;
use super::super::sheet::Sheet;
use super::{AMOUNT, SHARE};
use crate::finding::Finding;
use jiff::civil::{Date, DateTime};
use std::collections::BTreeMap;

/// Words for kinds of deals, and the terms that each needs.
const DEALS: [(DealKind, &[&str], &[&str]); 8] = [
    (DealKind::Flat, &["flat", "fee", "fixed"], &["fee"]),
    (DealKind::Cpm, &["cpm"], &["cpm"]),
    (DealKind::Commission, &["commission", "cpa", "affiliate"], &["rate"]),
    (DealKind::Hybrid, &["hybrid"], &["fee", "rate"]),
    (DealKind::Gifting, &["gifting", "gift", "seeding"], &["product_cost"]),
    (DealKind::Retainer, &["retainer"], &["fee"]),
    (DealKind::Royalty, &["royalty", "merch"], &["rate"]),
    (DealKind::Bounty, &["bounty"], &["fee", "threshold_views"]),
];

/// Reads the table of deals.
pub(super) fn deals(sheet: &Sheet<'_>, roster: &mut Roster, out: &mut Vec<Finding>) {
    let creator = sheet.texts(sheet.required(&["creator", "handle", "username"], out), true, out);
    let kind = sheet.texts(sheet.required(&["kind", "deal_type"], out), true, out);
    let name = sheet.texts(sheet.optional(&["deal", "deal_id", "id"]), false, out);
    let terms = Terms::read(sheet, out);
    for row in 0..sheet.table.rows() {
        let (Some(owner), Some(word)) = (&creator[row], &kind[row]) else { continue };
        let Some(creator) = roster.creators.iter().position(|c| c.name == *owner) else {
            let all: Vec<&str> = roster.creators.iter().map(|c| c.name.as_str()).collect();
            let finding = fail(
                "unknown-creator",
                format!("a deal of {owner}"),
                "a creator of the creators' table",
                nearest_hint(owner, &all),
            );
            out.push(sheet.at(finding, row, "creator"));
            continue;
        };
        let name = name[row].clone().unwrap_or_else(|| format!("deal {}", row + 1));
        roster.deals.extend(terms.deal(sheet, row, word, (name, creator), out));
    }
}

/// The terms of deals, a row each.
pub(super) struct Terms {
    numbers: BTreeMap<&'static str, Vec<Option<f64>>>,
    starts: Vec<Option<(DateTime, bool)>>,
    ends: Vec<Option<(DateTime, bool)>>,
}

impl Terms {
    pub(super) fn read(sheet: &Sheet<'_>, out: &mut Vec<Finding>) -> Terms {
        let mut number = |name: &str, range| sheet.numbers(sheet.optional(&[name]), false, range, out);
        let numbers = [
            ("fee", AMOUNT),
            ("cap", AMOUNT),
            ("cpm", AMOUNT),
            ("rate", SHARE),
            ("window_days", AMOUNT),
            ("window", AMOUNT),
            ("product_cost", AMOUNT),
            ("posts", AMOUNT),
            ("post_probability", SHARE),
            ("threshold_views", AMOUNT),
            ("usage_rate", AMOUNT),
            ("usage_days", AMOUNT),
            ("exclusivity_rate", AMOUNT),
            ("exclusivity_months", AMOUNT),
        ]
        .into_iter()
        .map(|(name, range)| (name, number(name, range)))
        .collect();
        let starts = sheet.moments(sheet.optional(&["starts", "start"]), false, out);
        let ends = sheet.moments(sheet.optional(&["ends", "end"]), false, out);
        Terms { numbers, starts, ends }
    }

    pub(super) fn get(&self, name: &str, row: usize) -> Option<f64> {
        self.numbers.get(name).and_then(|c| c[row])
    }

    /// The deal of a row whose kind is called `word`.
    pub(super) fn deal(
        &self,
        sheet: &Sheet<'_>,
        row: usize,
        word: &str,
        (name, creator): (String, usize),
        out: &mut Vec<Finding>,
    ) -> Option<Deal> {
        let word = word.to_lowercase();
        let Some((kind, _, needs)) = DEALS.iter().find(|(_, words, _)| words.contains(&word.as_str())) else {
            let known: Vec<&str> = DEALS.iter().map(|(_, words, _)| words[0]).collect();
            let expected = format!("one of {}", known.join(", "));
            let finding =
                fail("unknown-word", format!("the kind \"{}\"", short(&word)), expected, "use one of these words");
            out.push(sheet.at(finding, row, "kind"));
            return None;
        };
        let get = |name: &str| self.get(name, row);
        for need in needs.iter().filter(|need| get(need).is_none()) {
            let finding = fail(
                "deal-incomplete",
                format!("a {word} deal without {need}"),
                format!("a number in `{need}`"),
                "fill it in",
            );
            out.push(sheet.at(finding, row, need));
        }
        let day = |x: Option<(DateTime, bool)>| -> Option<Date> { x.map(|(at, _)| at.date()) };
        Some(Deal {
            name,
            creator,
            kind: *kind,
            fee: get("fee"),
            cap: get("cap"),
            cpm: get("cpm"),
            rate: get("rate"),
            window_days: get("window_days").or_else(|| get("window")),
            product_cost: get("product_cost"),
            posts: get("posts"),
            post_probability: get("post_probability"),
            threshold_views: get("threshold_views"),
            starts: day(self.starts[row]),
            ends: day(self.ends[row]),
            usage_rate: get("usage_rate"),
            usage_days: get("usage_days"),
            exclusivity_rate: get("exclusivity_rate"),
            exclusivity_months: get("exclusivity_months"),
        })
    }
}
