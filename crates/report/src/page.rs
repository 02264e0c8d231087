//! The page: its parts in reading order, style, data and script in one file.

use crate::data::{ReportData, Status};
use crate::escape::html;
use crate::{leads, payload, sections, sentences, table};

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

/// The whole report as one HTML file that needs nothing else. Names from the data are text wherever they stand.
pub fn render(d: &ReportData) -> String {
    let failed = d.verdict.status == Status::Fail;
    let mut nav = String::new();
    let mut main = sections::answer(d, &sentences::coverage(d));
    let mut add = |id: &str, title: &str, body: String| {
        nav += &format!("<li><a href=\"#{id}\">{title}</a></li>");
        main += &format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>{body}</section>"
        );
    };
    for picture in PICTURES.iter().filter(|p| (p.shown)(d)) {
        add(picture.id, picture.title, picture_body(d, picture, failed));
    }
    add("drivers", "All drivers", table::driver_table(d));
    add("diagnostics", "Fit and diagnostics", sections::diagnostics(d));
    let none = "Nothing to report: every driver's effect could be told apart.";
    add("unknown", "What the data could not tell", sections::sentence_list(&d.not_identified, none));
    add("next", "What to test next", sections::sentence_list(&d.next_tests, "No test stands out as worth its cost."));
    add("findings", "What the checks found", sections::findings(d));
    add("glossary", "Glossary", sections::glossary());

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
    let lead = if failed {
        "From a failed fit: only good for finding out what went wrong.".to_owned()
    } else {
        html(&(picture.lead)(d))
    };
    let numbers = if picture.id == "waterfall" { sections::waterfall_table(d) } else { String::new() };
    let details = if numbers.is_empty() {
        "<details class=\"numbers\" hidden><summary>The numbers</summary></details>".to_owned()
    } else {
        format!("<details class=\"numbers\"><summary>The numbers</summary>{numbers}</details>")
    };
    format!(
        "<p class=\"lead\">{lead}</p><div class=\"choose\"></div><figure data-chart=\"{id}\"><noscript><p class=\"none\">\
         This picture needs scripts; its main numbers are in the tables on this page.</p></noscript></figure>\
         <p class=\"how\">{how}</p>{details}",
        id = picture.id,
        how = picture.how,
    )
}
