//! People never worked with, from a table of their own: what is known of them, what they would post, what they ask for.

use super::super::super::codes::fail;
use super::super::super::roster::{Account, Candidate, Deal, DealKind};
use super::super::super::{Dataset, Table};
use super::super::sheet::Sheet;
use super::deals::Terms;
use super::overlaps::density_of;
use super::{SHARE, audience, format_of};
use crate::data::codes::Capped;
use crate::finding::Finding;

/// A number that has a logarithm.
const COUNT: (f64, f64, &str) = (1.0, f64::INFINITY, "a number from 1 up");
/// More posts than this are a plan, not an offer.
pub(super) const MOST_POSTS: f64 = 1000.0;
/// Terms that need a kind of deal to mean something.
const TERMS: [&str; 7] = ["cap", "cpm", "rate", "product_cost", "threshold_views", "usage_rate", "exclusivity_rate"];

/// The candidates of a table, with everything that is wrong with it. `data` are those of the fit.
pub fn candidates(table: &Table, data: &Dataset) -> (Vec<Candidate>, Vec<Finding>) {
    let (sheet, out) = (Sheet { table }, &mut Vec::new());
    let creator = sheet.texts(sheet.required(&["creator", "handle", "name", "username"], out), true, out);
    let platform = sheet.texts(sheet.required(&["platform", "network"], out), true, out);
    let traits = Traits::read(&sheet, data, true, out);
    let format = sheet.texts(sheet.optional(&["format", "type"]), false, out);
    let kind = sheet.texts(sheet.optional(&["kind", "deal_type"]), false, out);
    let terms = Terms::read(&sheet, out);
    if table.rows() == 0 {
        let mend = "add a row a person";
        out.push(fail("empty-table", "no row", "at least one candidate", mend).at_file(&table.file));
    }
    let (mut words, mut open, mut parts) = (Capped::new(), Capped::new(), Capped::new());
    let density = |name: &str, platform: &str, followers| {
        data.roster.as_ref().map_or_else(Vec::new, |roster| density_of(roster, name, platform, followers))
    };
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
        let segments = density(name, platform, traits.followers[row]);
        all.push(Candidate {
            account: Account { segments, ..traits.account(row) },
            name: name.clone(),
            platform: platform.clone(),
            niche: traits.niche[row].clone(),
            format,
            posts: number as usize,
            expected_views: traits.views[row],
            deal: deal.map(|deal| Deal { posts: Some(number), ..deal }),
        });
    }
    [words, open, parts].into_iter().for_each(|capped| capped.finish(out));
    (all, std::mem::take(out))
}

/// What a table says of people never worked with, a row each.
pub(super) struct Traits {
    pub(super) followers: Vec<Option<f64>>,
    pub(super) niche: Vec<Option<String>>,
    /// Organic views of a post on average.
    pub(super) views: Vec<Option<f64>>,
    engagement: Vec<Option<f64>>,
    fake: Vec<Option<f64>>,
    fit: Vec<Option<f64>>,
    audience: Vec<Option<Vec<f64>>>,
}

impl Traits {
    /// Followers are `needed`, or may be left out.
    pub(super) fn read(sheet: &Sheet<'_>, data: &Dataset, needed: bool, out: &mut Vec<Finding>) -> Traits {
        let names = ["followers", "follower_count", "subscribers"];
        let followers = if needed { sheet.required(&names, out) } else { sheet.optional(&names) };
        let any = (f64::NEG_INFINITY, f64::INFINITY, "a number");
        Traits {
            followers: sheet.numbers(followers, needed, COUNT, out),
            niche: sheet.texts(sheet.optional(&["niche", "category"]), false, out),
            engagement: sheet.numbers(sheet.optional(&["engagement_rate", "er"]), false, SHARE, out),
            fake: sheet.numbers(sheet.optional(&["fake_share"]), false, SHARE, out),
            fit: sheet.numbers(sheet.optional(&["niche_fit", "brand_fit"]), false, any, out),
            views: sheet.numbers(sheet.optional(&["expected_views"]), false, COUNT, out),
            audience: audience(sheet, data, out),
        }
    }

    /// The account of a row; its indices mean nothing.
    pub(super) fn account(&self, row: usize) -> Account {
        Account {
            creator: 0,
            platform: 0,
            followers: self.followers[row],
            engagement_rate: self.engagement[row],
            fake_share: self.fake[row],
            niche_fit: self.fit[row],
            earlier: Some(0.0),
            audience: self.audience[row].clone(),
            segments: Vec::new(),
        }
    }
}

/// Money a post.
fn flat(name: &str, fee: f64) -> Deal {
    Deal { fee: Some(fee), ..Deal::of(name, DealKind::Flat) }
}
