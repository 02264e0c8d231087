//! The static parts of the page: they say everything that matters without a script.

use std::fmt::Write as _;

use crate::data::{FindingSeverity, Interval, ReportData, SeriesKind, Status};
use crate::escape::html;
use crate::numbers::{percent, percent_interval};
use crate::plain::{Check, GLOSSARY, GLOSSARY_OF_CREATORS, of_the_fit, of_the_sampler};
use crate::sentences::{by_share, full_stop, headline, outcome, outcome_interval, sentence_case, tiles};

/// Banner on top: colour, sign and words all say the same.
pub(crate) fn verdict(d: &ReportData) -> String {
    let (class, role, sign, text) = match d.verdict.status {
        Status::Ok => ("ok", "status", "✓", "The fit passed its checks."),
        Status::Review => ("review", "status", "!", "Usable with care. Read these points first."),
        Status::Fail => ("fail", "alert", "✕", "This fit failed. Do not use its numbers."),
    };
    let reasons = match d.verdict.reasons.as_slice() {
        [] => String::new(),
        reasons => format!("<ul>{}</ul>", items(reasons)),
    };
    format!(
        "<div class=\"verdict {class}\" role=\"{role}\"><div class=\"in\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>\
         <div><p>{text}</p>{reasons}</div></div></div>"
    )
}

fn items(sentences: &[String]) -> String {
    sentences.iter().map(|s| format!("<li>{}</li>", html(&full_stop(s)))).collect()
}

/// The headline and the tiles; a failed fit has no tiles.
pub(crate) fn answer(d: &ReportData, coverage: &str) -> String {
    let tiles = if d.verdict.status == Status::Fail { String::new() } else { tile_list(&tiles(d)) };
    format!(
        "<section id=\"answer\" class=\"answer\"><p class=\"eyebrow\"><b title=\"{0}\">{0}</b><span>{1}</span></p><h1>{2}</h1>{tiles}</section>",
        html(&d.title),
        html(coverage),
        html(&headline(d))
    )
}

/// Tiles: label, large number, small print.
pub(crate) fn tile_list(tiles: &[(String, String, String)]) -> String {
    let tiles: String = tiles
        .iter()
        .map(|(label, value, note)| {
            format!(
                "<div class=\"tile\"><dt>{}</dt><dd><b>{}</b><small>{}</small></dd></div>",
                html(label),
                html(value),
                html(note)
            )
        })
        .collect();
    format!("<dl class=\"tiles\">{tiles}</dl>")
}

/// Rows of the waterfall as a table.
pub(crate) fn waterfall_table(d: &ReportData) -> String {
    let scaled = |share: &Interval| Interval {
        mean: share.mean * d.total_outcome,
        q05: share.q05 * d.total_outcome,
        q50: share.q50 * d.total_outcome,
        q95: share.q95 * d.total_outcome,
    };
    let mut rows = String::new();
    let mut row = |name: &str, amount: String, share: String| {
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
            name_cell(name),
            html(&amount),
            html(&share)
        );
    };
    row("Baseline", outcome_interval(d, &scaled(&d.baseline_share)), percent_interval(&d.baseline_share));
    if let Some(controls) = &d.controls_share {
        row("Controls", outcome_interval(d, &scaled(controls)), percent_interval(controls));
    } else if let Some(series) = d.contributions.iter().find(|s| s.kind == SeriesKind::Controls) {
        let sum: f64 = series.mean.iter().sum();
        row("Controls", outcome(d, sum), percent(sum / d.total_outcome));
    }
    for driver in by_share(d) {
        row(&driver.name, outcome_interval(d, &driver.incremental), percent_interval(&driver.share));
    }
    row("Total", outcome(d, d.total_outcome), "100%".to_owned());
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Waterfall numbers\"><table><thead><tr><th scope=\"col\">Part</th>\
         <th scope=\"col\">{}</th><th scope=\"col\">Share (90% interval)</th></tr></thead><tbody>{rows}</tbody></table></div>",
        html(&sentence_case(&d.outcome_name))
    )
}

/// A name cut by the style sheet where it is too long, whole in its title.
pub(crate) fn name_cell(name: &str) -> String {
    format!("<span class=\"name\" title=\"{0}\">{0}</span>", html(name))
}

/// Fit and sampler diagnostics, each with a judgement in words.
pub(crate) fn diagnostics(d: &ReportData) -> String {
    let list = |title: &str, checks: Vec<Check>| -> String {
        let rows: String = checks.iter().map(check).collect();
        format!("<div><h3>{title}</h3><dl class=\"checks\">{rows}</dl></div>")
    };
    format!(
        "<div class=\"two\">{}{}</div>",
        list("The model against the data", of_the_fit(d)),
        list("The computation", of_the_sampler(d))
    )
}

fn check(c: &Check) -> String {
    format!(
        "<div class=\"{}\"><dt>{}</dt><dd><b>{}</b><span class=\"judged\">{}</span><p>{}</p></dd></div>",
        c.level.class(),
        c.question,
        html(&c.value),
        c.level.word(),
        html(&c.meaning)
    )
}

/// Sentences as a list, or what to say where there are none.
pub(crate) fn sentence_list(sentences: &[String], none: &str) -> String {
    if sentences.is_empty() {
        format!("<p class=\"none\">{none}</p>")
    } else {
        format!("<ul class=\"said\">{}</ul>", items(sentences))
    }
}

/// What the checks said, gravest first.
pub(crate) fn findings(d: &ReportData) -> String {
    if d.findings.is_empty() {
        return "<p class=\"none\">The checks found nothing to say.</p>".to_owned();
    }
    let mut rows: Vec<_> = d.findings.iter().collect();
    rows.sort_by_key(|f| std::cmp::Reverse(f.severity));
    let rows: String = rows
        .into_iter()
        .map(|f| {
            let (class, word) = match f.severity {
                FindingSeverity::Info => ("fact", "Info"),
                FindingSeverity::Review => ("look", "Review"),
                FindingSeverity::Fail => ("bad", "Fail"),
            };
            let place = if f.place.is_empty() { String::new() } else { format!(" <span>{}</span>", html(&f.place)) };
            format!(
                "<li class=\"{class}\"><p class=\"where\"><b>{word}</b> <code>{}</code>{place}</p><p>{} <span class=\"quiet\">Expected: {}</span></p>\
                 <p class=\"mend\">{}</p></li>",
                html(&f.code),
                html(&full_stop(&f.found)),
                html(&full_stop(&f.expected)),
                html(&full_stop(&f.mend))
            )
        })
        .collect();
    format!("<ul class=\"findings\">{rows}</ul>")
}

/// Words of the trade.
pub(crate) fn glossary(d: &ReportData) -> String {
    let of_creators: &[(&str, &str)] = if d.creators.is_some() { &GLOSSARY_OF_CREATORS } else { &[] };
    let mut words: Vec<_> = GLOSSARY.iter().chain(of_creators).collect();
    words.sort_by_key(|(word, _)| word.to_lowercase());
    let rows: String = words.iter().map(|(word, text)| format!("<div><dt>{word}</dt><dd>{text}</dd></div>")).collect();
    format!("<dl class=\"glossary\">{rows}</dl>")
}
