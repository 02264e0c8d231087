//! Deals, terms and what a forecast rests on, in words.

use counterpoint::creators::deal::{self, Activity};
use counterpoint::creators::fair::FairFee;
use counterpoint::data::roster::{Deal, DealKind, Format};
use counterpoint::model::forecast::{Forecast, Told};
use counterpoint_report::numbers::{count, money, number, percent};

/// Followers so many times outside of what was seen are worth a word.
const BEYOND: f64 = 1.25;

/// The kind of a deal as the project's tables write it.
pub(crate) fn kind(kind: DealKind) -> &'static str {
    match kind {
        DealKind::Flat => "flat",
        DealKind::Cpm => "cpm",
        DealKind::Commission => "commission",
        DealKind::Hybrid => "hybrid",
        DealKind::Gifting => "gifting",
        DealKind::Retainer => "retainer",
        DealKind::Royalty => "royalty",
        DealKind::Bounty => "bounty",
    }
}

/// What a deal's term is a number of.
pub(crate) fn unit(kind: DealKind) -> &'static str {
    match kind {
        DealKind::Flat | DealKind::Hybrid => "a post",
        DealKind::Cpm => "a thousand views",
        DealKind::Commission => "of tracked sales",
        DealKind::Gifting => "a gift",
        DealKind::Retainer => "the term",
        DealKind::Royalty => "of merchandise",
        DealKind::Bounty => "a post that gets there",
    }
}

/// A term without its unit.
pub(crate) fn term(kind: DealKind, x: f64, currency: &str) -> String {
    match kind {
        DealKind::Commission | DealKind::Royalty if x > 1.0 => "over 100%".to_owned(),
        DealKind::Commission | DealKind::Royalty => percent(x),
        _ => money(x, currency),
    }
}

/// A fair term without its unit.
pub(crate) fn fair(deal: DealKind, fair: FairFee, cap: Option<f64>, currency: &str) -> String {
    match (fair, cap) {
        (FairFee::UpTo(x), _) => term(deal, x, currency),
        (FairFee::Any, Some(cap)) => format!("any (cap {})", money(cap, currency)),
        (FairFee::Any, None) => "any".to_owned(),
        (FairFee::Never { .. }, _) => "none".to_owned(),
    }
}

/// The word of a fair term in tables, and its number.
pub(crate) fn fair_parts(fair: FairFee) -> (&'static str, Option<f64>) {
    match fair {
        FairFee::UpTo(x) => ("up_to", Some(x)),
        FairFee::Any => ("any", None),
        FairFee::Never { .. } => ("never", None),
    }
}

/// The name of a format.
pub(crate) fn format(format: Format) -> &'static str {
    match format {
        Format::Story => "story",
        Format::ShortVideo => "short video",
        Format::Feed => "feed post",
        Format::LongVideo => "long video",
        Format::Live => "live stream",
        Format::Article => "article",
    }
}

/// What a forecast rests on, in sentences. `known` are the roster's names.
pub(crate) fn basis(f: &Forecast, known: &[&str]) -> String {
    let c = &f.candidate;
    let Some(told) = &f.told else {
        return format!("No creator of this run posts on {}, so nothing can be told.", c.platform);
    };
    let mut out = vec![rests(told)];
    let b = &told.basis;
    if c.expected_views.is_some() {
        out.push("Views a post are those stated, on average.".to_owned());
    } else if b.accounts == 0 {
        out.push("No account there has followers and views: views are a guess as wide as the prior's.".to_owned());
    }
    if b.creators == 1 {
        out.push("One creator says nothing of how others would differ: that is the prior's guess.".to_owned());
    }
    if let (Some(own), Some((least, most))) = (c.account.followers, b.followers) {
        if own > BEYOND * most {
            out.push(format!(
                "{} times the followers of the largest account there: beyond what was seen.",
                number(own / most)
            ));
        } else if BEYOND * own < least {
            out.push(format!(
                "Fewer followers than the smallest account there ({}): beyond what was seen.",
                number(least)
            ));
        }
    }
    match (c.format, b.format_posts) {
        (Some(own), Some(0)) => out.push(format!("Nobody posted a {} there.", format(own))),
        (None, _) if b.formats > 1 => out.push("Format open: as the roster posts.".to_owned()),
        _ => {}
    }
    if !told.borrowed.is_empty() {
        let names: Vec<&str> = told.borrowed.iter().map(|t| trait_name(t)).collect();
        out.push(format!("Not known, so taken from a creator of the platform at random: {}.", names.join(", ")));
    }
    if known.iter().any(|name| *name == c.name) {
        out.push("Already on the roster: the row there knows more.".to_owned());
    }
    out.join(" ")
}

fn trait_name(key: &str) -> &str {
    match key {
        "engagement" => "engagement rate",
        "authenticity" => "fake share",
        "niche_fit" => "niche fit",
        other => other,
    }
}

fn rests(told: &Told) -> String {
    let b = &told.basis;
    let creators = if b.creators == 1 { "1 creator".to_owned() } else { format!("{} creators", b.creators) };
    format!("Rests on {creators} and {} posts of the platform.", count(b.posts as u64))
}

/// The term that is asked for.
pub(crate) fn asked(deal: &Deal) -> f64 {
    deal::owed(deal, &Activity::default()).term
}

/// The kind of what is asked for; a fee a post where nothing is.
pub(crate) fn kind_asked(deal: Option<&Deal>) -> DealKind {
    deal.map_or(DealKind::Flat, |d| d.kind)
}
