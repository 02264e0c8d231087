//! People never worked with, from a table of their own: what is known of them, what they would post, what they ask for.

use super::super::super::codes::fail;
use super::super::super::roster::{Account, Candidate, Deal, DealKind};
use super::super::super::{Dataset, Table};
use super::super::sheet::Sheet;
use super::deals::Terms;
use super::{SHARE, audience, format_of};
use crate::data::codes::Capped;
use crate::finding::Finding;

/// A number that has a logarithm.
pub(super) const COUNT: (f64, f64, &str) = (1.0, f64::INFINITY, "a number from 1 up");
/// More posts than this are a plan, not an offer.
pub(super) const MOST_POSTS: f64 = 1000.0;
/// Terms that need a kind of deal to mean something.
const TERMS: [&str; 7] = ["cap", "cpm", "rate", "product_cost", "threshold_views", "usage_rate", "exclusivity_rate"];

/// The candidates of a table, with everything that is wrong with it. `data` are those of the fit.
pub fn candidates(table: &Table, data: &Dataset) -> (Vec<Candidate>, Vec<Finding>) {
    let (sheet, out) = (Sheet { table }, &mut Vec::new());
    let creator = sheet.texts(sheet.required(&["creator", "handle", "name", "username"], out), true, out);
    let platform = sheet.texts(sheet.required(&["platform", "network"], out), true, out);
    let names = ["followers", "follower_count", "subscribers"];
    let followers = sheet.numbers(sheet.required(&names, out), true, COUNT, out);
    let niche = sheet.texts(sheet.optional(&["niche", "category"]), false, out);
    let engagement = sheet.numbers(sheet.optional(&["engagement_rate", "er"]), false, SHARE, out);
    let fake = sheet.numbers(sheet.optional(&["fake_share"]), false, SHARE, out);
    let any = (f64::NEG_INFINITY, f64::INFINITY, "a number");
    let fit = sheet.numbers(sheet.optional(&["niche_fit", "brand_fit"]), false, any, out);
    let views = sheet.numbers(sheet.optional(&["expected_views"]), false, COUNT, out);
    let format = sheet.texts(sheet.optional(&["format", "type"]), false, out);
    let kind = sheet.texts(sheet.optional(&["kind", "deal_type"]), false, out);
    let audience = audience(&sheet, data, out);
    let terms = Terms::read(&sheet, out);
    if table.rows() == 0 {
        let mend = "add a row a person";
        out.push(fail("empty-table", "no row", "at least one candidate", mend).at_file(&table.file));
    }
    let (mut words, mut open, mut parts) = (Capped::new(), Capped::new(), Capped::new());
    let mut all = Vec::new();
    for row in 0..table.rows() {
        let format = match format[row].as_deref().map(format_of).transpose() {
            Ok(format) => format,
            Err(finding) => {
                words.push(out, || sheet.at(*finding, row, "format"));
                None
            }
        };
        let number = terms.get("posts", row).unwrap_or(1.0);
        if number.fract() != 0.0 || !(1.0..=MOST_POSTS).contains(&number) {
            parts.push(out, || {
                let finding =
                    fail("out-of-range", format!("{number}"), "a whole number of posts, 1 to 1000", "correct the cell");
                sheet.at(finding, row, "posts")
            });
        }
        let (Some(name), Some(platform)) = (&creator[row], &platform[row]) else { continue };
        let deal = match kind[row].as_deref() {
            Some(word) => terms.deal(&sheet, row, word, (name.clone(), 0), out),
            None => {
                if let Some(term) = TERMS.iter().find(|t| terms.get(t, row).is_some()) {
                    open.push(out, || {
                        let found = format!("`{term}` without a kind of deal");
                        let mend = "fill in `kind`; a fee alone is money a post";
                        sheet.at(fail("candidate-kind", found, "the kind of deal in `kind`", mend), row, "kind")
                    });
                }
                terms.get("fee", row).map(|fee| flat(name, fee))
            }
        };
        all.push(Candidate {
            account: Account {
                creator: 0,
                platform: 0,
                followers: followers[row],
                engagement_rate: engagement[row],
                fake_share: fake[row],
                niche_fit: fit[row],
                earlier: Some(0.0),
                audience: audience[row].clone(),
            },
            name: name.clone(),
            platform: platform.clone(),
            niche: niche[row].clone(),
            format,
            posts: number as usize,
            expected_views: views[row],
            deal: deal.map(|deal| Deal { posts: Some(number), ..deal }),
        });
    }
    [words, open, parts].into_iter().for_each(|capped| capped.finish(out));
    (all, std::mem::take(out))
}

/// Money a post.
fn flat(name: &str, fee: f64) -> Deal {
    Deal { fee: Some(fee), ..Deal::of(name, DealKind::Flat) }
}
