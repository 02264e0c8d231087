//! The page: its parts in reading order, style, data and script in one file.

use crate::creators::Creators;
use crate::data::{ReportData, Status};
use crate::escape::html;
use crate::{
    creator_leads, evidence, leads, payload, plan_leads, plan_sections, roster, sections, sentences, table,
    trust_sections,
};

/// Style sheet of the page, built from `web/src`.
pub(crate) const STYLE: &str = include_str!("../../../web/dist/report.css");
/// Script of the charts, built from `web/src`.
pub(crate) const SCRIPT: &str = include_str!("../../../web/dist/report.js");

/// Nothing may be loaded, sent or framed; the page's own style and script are inline.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// A part of the page with a picture.
struct Picture {
    id: &'static str,
    title: &'static str,
    how: &'static str,
    lead: fn(&ReportData) -> String,
    shown: fn(&ReportData) -> bool,
}

const PICTURES: [Picture; 8] = [
    Picture {
        id: "contributions",
        title: "Contributions over time",
        how: "Layers add up to the expected outcome. Pick one driver to see its 90% interval.",
        lead: leads::over_time,
        shown: |d| !d.contributions.is_empty(),
    },
    Picture {
        id: "waterfall",
        title: "From baseline to total",
        how: "Each bar starts where the one above ends. Thin lines are 90% intervals.",
        lead: leads::waterfall,
        shown: |_| true,
    },
    Picture {
        id: "returns",
        title: "What each driver returned",
        how: "Bars are 90% intervals, dots are means; a hollow dot is not identified, an arrow leads to an end off the \
              picture. A share of the effect above the share of spend: the driver pulls more than its weight.",
        lead: leads::returns,
        shown: |d| d.drivers.iter().any(|r| r.roi.is_some()),
    },
    Picture {
        id: "marginal",
        title: "Average return and the next unit",
        how: "Filled: average so far. Hollow: what the next unit of spend brings at today's level. Lines are 90% intervals; \
              an arrow leads to an end off the picture.",
        lead: leads::marginal,
        shown: |d| d.drivers.iter().any(|r| r.mroi.is_some()),
    },
    Picture {
        id: "curves",
        title: "Response to spend",
        how: "The dot is today's spend. The band is the 90% interval. Dashed: beyond any spend seen in the data.",
        lead: leads::curves,
        shown: |d| !d.curves.is_empty(),
    },
    Picture {
        id: "fit",
        title: "Observed against predicted",
        how: "Dots are observations, the line is the expected outcome. Dark band: where the expectation lies; light band: \
              where 90% of observations should lie.",
        lead: leads::fit,
        shown: |d| !d.fit.national.expected_mean.is_empty(),
    },
    Picture {
        id: "learned",
        title: "What the data taught",
        how: "Grey: assumed before the data. Colour: after. Where both look alike, the data said little.",
        lead: leads::learned,
        shown: |d| !d.prior_posterior.is_empty(),
    },
    Picture {
        id: "adstock",
        title: "How long effects last",
        how: "What an exposure does after each period, as a share of its strongest period, with 90% interval.",
        lead: leads::adstock,
        shown: |d| !d.adstock.is_empty(),
    },
];

/// A part of the page about creators: a picture, or a table in its place.
struct OfCreators {
    id: &'static str,
    title: &'static str,
    how: &'static str,
    lead: fn(&ReportData, &Creators) -> String,
    table: Option<fn(&ReportData, &Creators) -> String>,
    shown: fn(&Creators) -> bool,
}

const DIFFERENCES: [OfCreators; 4] = [
    OfCreators {
        id: "dependence",
        title: "Platform dependence",
        how: "Thin lines and pale bars are 90% intervals. An effect spread evenly over n platforms is worth n; one over the Herfindahl \
              index of the shares.",
        lead: creator_leads::dependence,
        table: None,
        shown: |c| !c.dependence.shares.is_empty(),
    },
    OfCreators {
        id: "focus",
        title: "Content focus",
        how: "Share of views that have come so many days after a post; dots mark the half. Dashed: exposure of the channels over any four \
              weeks, with the middle 90% of them.",
        lead: creator_leads::focus,
        table: None,
        shown: |c| !c.kernels.is_empty(),
    },
    OfCreators {
        id: "relationship",
        title: "Relationship",
        how: "Top: effect of a view of each creator, as a multiple of the platform's average. Below: what goes with it; an \
              association, not proof of a cause. Lines are 90% intervals.",
        lead: creator_leads::relationship,
        table: None,
        shown: |c| c.roster.iter().any(|r| r.per_view.mean > 0.0),
    },
    OfCreators {
        id: "monetisation",
        title: "Monetisation",
        how: "Each dot is a creator: below the line the fee paid is above the fair fee. The line on the lower bar is its 90% interval.",
        lead: creator_leads::monetisation,
        table: None,
        shown: |c| c.roster.iter().any(|r| r.cost.is_some()),
    },
];

const OF_CREATORS: [OfCreators; 8] = [
    OfCreators {
        id: "roster",
        title: "The roster",
        how: "",
        lead: creator_leads::roster,
        table: Some(roster::roster_table),
        shown: |c| !c.roster.is_empty(),
    },
    OfCreators {
        id: "ranked",
        title: "Creators by return and effect",
        how: "Bars are 90% intervals, dots are means; a hollow dot cannot be told apart (the data say little about that creator), an arrow leads to an end \
              off the picture.",
        lead: creator_leads::ranked,
        table: None,
        shown: |c| c.roster.iter().any(|r| r.effect.mean.is_finite()),
    },
    OfCreators {
        id: "attention",
        title: "Posts and their attention",
        how: "Views by the time they were seen, not by the time of the post. Marks at the bottom are posts.",
        lead: creator_leads::attention,
        table: None,
        shown: |c| !c.posts.is_empty(),
    },
    OfCreators {
        id: "views-effect",
        title: "Views against effect",
        how: "Both axes grow by factors. Upright lines are 90% intervals, hollow dots cannot be told apart. Dashed: the average of each \
              platform; above it, a view brought more.",
        lead: creator_leads::views_effect,
        table: None,
        shown: |c| c.roster.iter().any(|r| r.views > 0.0 && r.effect.mean > 0.0),
    },
    OfCreators {
        id: "tracked",
        title: "Tracked sales against effect",
        how: "Both axes grow by factors. Dots: what codes and links counted. The orange line below a dot is what of it did not come from \
              the posts (leak). Grey lines: 10%, 30% and 100% \
              of the effect tracked.",
        lead: creator_leads::tracked,
        table: None,
        shown: |c| c.roster.iter().any(|r| r.tracked.is_some_and(|t| t > 0.0) && r.effect.mean > 0.0),
    },
    OfCreators {
        id: "kernels",
        title: "How long attention lasts",
        how: "Share of a post's views that have come, by days since the post; days grow by factors. The band is the 90% interval, the \
              ring marks the half, small dots are snapshots of views.",
        lead: creator_leads::kernels,
        table: None,
        shown: |c| !c.kernels.is_empty(),
    },
    OfCreators {
        id: "audit",
        title: "Audience audit",
        how: "",
        lead: creator_leads::audit,
        table: Some(roster::audit_table),
        shown: |c| c.roster.iter().any(|r| r.audit.is_some()),
    },
    OfCreators {
        id: "candidates",
        title: "Candidates",
        how: "",
        lead: creator_leads::candidates,
        table: Some(roster::candidate_table),
        shown: |c| !c.candidates.is_empty(),
    },
];

/// The whole report as one HTML file that needs nothing else. Names from the data are text wherever they stand.
pub fn render(d: &ReportData) -> String {
    let failed = d.verdict.status == Status::Fail;
    let mut nav = String::new();
    let mut main = sections::answer(d, &sentences::coverage(d));
    let mut add = |id: &str, title: &str, body: String| {
        let (class, name) = match id {
            "creators" => ("", "Creators and channels"),
            id if OF_CREATORS.iter().any(|p| p.id == id) => (" class=\"sub\"", title),
            _ => ("", title),
        };
        nav += &format!("<li{class}><a href=\"#{id}\">{name}</a></li>");
        main += &format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>{body}</section>"
        );
    };
    let (first, details) = PICTURES.split_at(PICTURES.iter().position(|p| p.id == "curves").unwrap_or(0));
    for picture in first.iter().filter(|p| (p.shown)(d)) {
        add(picture.id, picture.title, picture_body(d, picture, failed));
    }
    if let Some(plan) = &d.plan {
        add("plan", "The next budget", plan_sections::next_budget(d, plan, failed));
    }
    if let Some(stress) = &d.stress {
        add("stress", "What if a platform falls", plan_sections::stress(d, stress, failed));
    }
    if let Some(creators) = &d.creators {
        add("creators", "Creators and channels: four differences, measured on your data", differences(d, creators));
        for part in OF_CREATORS.iter().filter(|p| (p.shown)(creators)) {
            add(part.id, part.title, creator_body(d, creators, part));
        }
    }
    for picture in details.iter().filter(|p| (p.shown)(d)) {
        add(picture.id, picture.title, picture_body(d, picture, failed));
    }
    if !d.evidence.is_empty() {
        let lead = lead(failed, || evidence::lead(d));
        add("evidence", "Evidence from experiments", evidence::section(d, &lead));
    }
    if let Some(trust) = &d.trust {
        add("trust", "Can it be trusted", trust_sections::section(d, trust));
    }
    add("drivers", "All drivers", table::driver_table(d));
    add("diagnostics", "Fit and diagnostics", sections::diagnostics(d));
    let none = "Nothing to report: every driver's effect could be told apart.";
    add("unknown", "What the data could not tell", sections::sentence_list(&d.not_identified, none));
    // What a test is worth to the plan says more than how wide an interval is.
    let tests = d.plan.as_ref().filter(|p| !failed && !p.tests.is_empty()).map(|p| plan_leads::tests(d, p));
    let tests = tests.as_ref().unwrap_or(&d.next_tests);
    add("next", "What to test next", sections::sentence_list(tests, "No test stands out as worth its cost."));
    add("findings", "What the checks found", sections::findings(d));
    add("glossary", "Glossary", sections::glossary(d));

    let status = match d.verdict.status {
        Status::Ok => "ok",
        Status::Review => "review",
        Status::Fail => "fail",
    };
    format!(
        "<!doctype html>\n<html lang=\"en\" data-status=\"{status}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"Counterpoint {version}\">\n\
         <title>{prefix}{title} – Counterpoint</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#answer\">Skip to the answer</a>\n{verdict}\n\
         <header class=\"top\"><span class=\"mark\">Counterpoint</span><button type=\"button\" id=\"theme\" hidden></button></header>\n\
         <div class=\"page\"><nav class=\"toc\" aria-label=\"Contents\"><ol>{nav}</ol></nav>\n<main>{main}</main></div>\n\
         <footer><p>Run <code>{run}</code> · Counterpoint {version} · Nothing on this page was loaded from or sent to a network.</p></footer>\n\
         <div id=\"tip\" hidden></div><div id=\"said\" class=\"unseen\" role=\"status\" aria-live=\"polite\"></div>\n\
         <script type=\"application/json\" id=\"report-data\">{json}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        prefix = if failed { "FAILED: " } else { "" },
        title = html(&d.title),
        version = html(&d.version),
        run = html(&d.generated_from),
        verdict = sections::verdict(d),
        json = payload::json(d),
    )
}

fn picture_body(d: &ReportData, picture: &Picture, failed: bool) -> String {
    let lead = lead(failed, || (picture.lead)(d));
    let numbers = if picture.id == "waterfall" { sections::waterfall_table(d) } else { String::new() };
    lead + &figure(picture.id, picture.how, &numbers)
}

/// The finding above a picture; a failed fit has none.
pub(crate) fn lead(failed: bool, words: impl FnOnce() -> String) -> String {
    let text =
        if failed { "From a failed fit: only good for finding out what went wrong.".to_owned() } else { words() };
    format!("<p class=\"lead\">{}</p>", html(&text))
}

/// Room for a picture, what it shows, and the numbers behind it.
pub(crate) fn figure(id: &str, how: &str, numbers: &str) -> String {
    let details = if numbers.is_empty() {
        "<details class=\"numbers\" hidden><summary>The numbers</summary></details>".to_owned()
    } else {
        format!("<details class=\"numbers\"><summary>The numbers</summary>{numbers}</details>")
    };
    format!(
        "<div class=\"choose\"></div><figure data-chart=\"{id}\"><noscript><p class=\"none\">\
         This picture needs scripts; its main numbers are in the tables on this page.</p></noscript></figure>\
         <p class=\"how\">{how}</p>{details}"
    )
}

/// The four panels that set creators beside channels.
fn differences(d: &ReportData, creators: &Creators) -> String {
    let failed = d.verdict.status == Status::Fail;
    let panels: String = DIFFERENCES
        .iter()
        .filter(|p| (p.shown)(creators))
        .map(|p| {
            // A failed fit says so once, above all four.
            let words = if failed { String::new() } else { lead(false, || (p.lead)(d, creators)) };
            format!("<div class=\"part\"><h3>{}</h3>{words}{}</div>", p.title, figure(p.id, p.how, ""))
        })
        .collect();
    let above = if failed { lead(true, String::new) } else { String::new() };
    format!("{above}<div class=\"differences\">{panels}</div>")
}

fn creator_body(d: &ReportData, creators: &Creators, part: &OfCreators) -> String {
    let lead = lead(d.verdict.status == Status::Fail, || (part.lead)(d, creators));
    match part.table {
        Some(table) => lead + &table(d, creators),
        None => lead + &figure(part.id, part.how, ""),
    }
}
