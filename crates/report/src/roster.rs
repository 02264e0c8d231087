//! The tables of creators: roster, audit, candidates. They read without a script; with one they sort, fold and filter.

use std::fmt::Write as _;

use crate::creator_leads::fair_fee_note;
use crate::creators::{Audit, CandidateRow, CreatorRow, CreatorVerdict, Creators};
use crate::data::{Interval, ReportData, Status};
use crate::escape::html;
use crate::numbers::{money, money_interval, number, number_interval, percent, percent_interval};
use crate::sections::name_cell;
use crate::sentences::{full_stop, outcome_interval, sentence_case};
use crate::table::{sort_value, split_interval};

/// Rows of a long table that are shown before somebody asks for all.
const FEW: usize = 30;

/// How far a bar's scale goes beyond the largest mean: one very wide interval must not squeeze all others.
const REACH: f64 = 2.5;

/// What every cell may look at.
struct Page<'a> {
    d: &'a ReportData,
    c: &'a Creators,
    /// Limits of the bars of the effect.
    effects: (f64, f64),
}

/// A cell: HTML, and the number it sorts by.
type Cell = (String, f64);

struct Column<R> {
    head: String,
    class: &'static str,
    sorts: bool,
    cell: fn(&Page, &R) -> Cell,
}

fn column<R>(head: &str, cell: fn(&Page, &R) -> Cell) -> Column<R> {
    Column { head: head.to_owned(), class: "num", sorts: true, cell }
}

fn text(text: String, value: f64) -> Cell {
    (split_interval(&text), value)
}

fn optional<T>(x: Option<T>, cell: impl Fn(T) -> Cell) -> Cell {
    x.map_or_else(|| ("<span class=\"none\">–</span>".to_owned(), f64::NAN), cell)
}

fn amount(page: &Page, x: Option<f64>) -> Cell {
    optional(x, |x| text(money(x, &page.d.currency), x))
}

fn share(x: Option<Interval>) -> Cell {
    optional(x, |x| text(percent_interval(&x), x.mean))
}

fn effect(page: &Page, x: &Interval) -> Cell {
    let (cell, value) = text(outcome_interval(page.d, x), x.mean);
    (cell + &bar(x, page.effects), value)
}

fn returned(page: &Page, x: Option<Interval>) -> Cell {
    let written =
        |x: &Interval| if page.d.returns_are_money { money_interval(x, &page.d.currency) } else { number_interval(x) };
    optional(x, |x| text(written(&x), x.mean))
}

/// What to call the verdict.
fn word(verdict: CreatorVerdict) -> &'static str {
    match verdict {
        CreatorVerdict::Renew => "renew",
        CreatorVerdict::Renegotiate => "renegotiate",
        CreatorVerdict::Test => "test",
        CreatorVerdict::Stop => "stop",
    }
}

/// Limits of the bars of a column: zero, and as far as most intervals go.
fn scale<'a>(all: impl Iterator<Item = &'a Interval>) -> (f64, f64) {
    let (mut low, mut high, mut mean) = (0.0_f64, 0.0_f64, 0.0_f64);
    for x in all.filter(|x| x.mean.is_finite()) {
        low = low.min(x.q05);
        high = high.max(x.q95);
        mean = mean.max(x.mean.abs());
    }
    (low.max(-mean * REACH), high.min(mean * REACH))
}

/// An interval with its mean on a line, beside the same in numbers.
fn bar(x: &Interval, (low, high): (f64, f64)) -> String {
    let at = |v: f64| ((v - low) / (high - low)).clamp(0.0, 1.0) * 100.0;
    if !(x.mean.is_finite() && x.q05.is_finite() && x.q95.is_finite() && high > low) {
        return String::new();
    }
    let (left, right) = (at(x.q05), at(x.q95));
    format!(
        "<span class=\"bar\" aria-hidden=\"true\"><i style=\"left:{left:.1}%;width:{:.1}%\"></i><b style=\"left:{:.1}%\"></b></span>",
        right - left,
        at(x.mean)
    )
}

/// The platforms of a row, each with its colour.
fn platform_words(c: &Creators, indices: &[usize]) -> String {
    let mut out = String::new();
    for (index, platform) in indices.iter().filter_map(|i| Some((i, c.platforms.get(*i)?))) {
        let _ = write!(
            out,
            "<span class=\"on\" title=\"{1}\"><i style=\"background:var(--c{0})\"></i><span>{1}</span></span>",
            index % 12,
            html(&platform.name)
        );
    }
    out
}

/// The head of a row: name, platforms and a note.
fn who(c: &Creators, name: &str, platforms: &[usize], note: &str) -> String {
    format!("<th scope=\"row\">{}<small>{}{note}</small></th>", name_cell(name), platform_words(c, platforms))
}

fn frame<R>(class: &str, label: &str, first: &str, columns: &[Column<R>], rows: &str) -> String {
    let head: String = columns
        .iter()
        .map(|c| {
            let sort = if c.sorts { " data-sort=\"number\"" } else { "" };
            format!("<th scope=\"col\" class=\"{}\"{sort}>{}</th>", c.class, html(&c.head))
        })
        .collect();
    format!(
        "<div class=\"choose\"></div><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">\
         <table class=\"people {class} sortable\" data-few=\"{FEW}\"><thead><tr><th scope=\"col\" data-sort=\"text\">{first}</th>\
         {head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn cells<R>(page: &Page, columns: &[Column<R>], row: &R) -> String {
    columns
        .iter()
        .map(|c| {
            let (text, value) = (c.cell)(page, row);
            format!("<td class=\"{}\"{}>{text}</td>", c.class, sort_value(value))
        })
        .collect()
}

/// Everything about every creator, strongest effect first.
pub(crate) fn roster_table(d: &ReportData, c: &Creators) -> String {
    let page = Page { d, c, effects: scale(c.roster.iter().map(|r| &r.effect)) };
    let columns = roster_columns(d);
    let mut rows: Vec<&CreatorRow> = c.roster.iter().collect();
    let key = |r: &CreatorRow| if r.effect.mean.is_finite() { r.effect.mean } else { f64::NEG_INFINITY };
    rows.sort_by(|a, b| key(b).total_cmp(&key(a)));
    let body: String = rows.into_iter().map(|r| roster_row(&page, r, &columns)).collect();
    format!(
        "{}<p class=\"how\">In brackets: 90% interval; the bar shows the same. {} is per unit of cost. {} Captured: share of the effect that a \
         code or link saw. Leak: share of the tracked sales that did not come from the posts. Learned: share of the prior variance of the \
         creator's effect of a view that the data removed.</p>",
        frame("roster", "Roster of creators", "Creator", &columns, &body),
        html(&sentence_case(&d.return_word)),
        html(&fair_fee_note(c))
    )
}

fn roster_row(page: &Page, r: &CreatorRow, columns: &[Column<CreatorRow>]) -> String {
    let platforms: Vec<String> = r.platforms.iter().map(ToString::to_string).collect();
    let mut note = r
        .niche
        .as_ref()
        .map_or_else(String::new, |n| format!("<span class=\"on\" title=\"{0}\"><span>{0}</span></span>", html(n)));
    if !r.identified {
        note.push_str(" <em>cannot be told apart</em>");
    }
    format!(
        "<tr data-verdict=\"{}\" data-platforms=\"{}\">{}{}</tr>",
        word(r.verdict),
        platforms.join(" "),
        who(page.c, &r.name, &r.platforms, &note),
        cells(page, columns, r)
    )
}

fn roster_columns(d: &ReportData) -> Vec<Column<CreatorRow>> {
    let verdict = column("Verdict", |p, r: &CreatorRow| {
        if p.d.verdict.status == Status::Fail {
            return ("<p>None: the fit failed.</p>".to_owned(), f64::NAN);
        }
        let word = word(r.verdict);
        let text = format!("<b class=\"{word}\">{word}</b><p>{}</p>", html(&full_stop(&r.reason)));
        (text, f64::from(r.verdict as u8))
    });
    vec![
        Column { class: "said", ..verdict },
        column("Posts", |_, r| (r.posts.to_string(), r.posts as f64)),
        column("Views", |_, r| text(number(r.views), r.views)),
        column("Effect", |p, r| effect(p, &r.effect)),
        column("Cost", |p, r| amount(p, r.cost.map(|x| x.total()))),
        column(&sentence_case(&d.return_word), |p, r| returned(p, r.roi)),
        column("Fee paid", |p, r| amount(p, r.fee_paid)),
        column("Fair fee", |p, r| amount(p, r.fair_fee)),
        column("Captured", |_, r| share(r.capture)),
        column("Leak", |_, r| share(r.leak)),
        column("Learned", |_, r| text(percent(r.moved_from_prior), r.moved_from_prior)),
    ]
}

/// How real each audience looks, least first, with what was seen.
pub(crate) fn audit_table(d: &ReportData, c: &Creators) -> String {
    let page = Page { d, c, effects: (0.0, 1.0) };
    let evidence = column("What was seen", |_, (_, a): &(&CreatorRow, &Audit)| {
        let lines: String = a.evidence.iter().map(|e| format!("<p>{}</p>", html(&full_stop(e)))).collect();
        (if lines.is_empty() { "<p>Nothing unusual.</p>".to_owned() } else { lines }, f64::NAN)
    });
    let columns = [
        column("Looks real", |_, (_, a): &(&CreatorRow, &Audit)| {
            let (cell, value) = text(percent_interval(&a.score), a.score.mean);
            (cell + &bar(&a.score, (0.0, 1.0)), value)
        }),
        Column { class: "said", sorts: false, ..evidence },
    ];
    let mut rows: Vec<(&CreatorRow, &Audit)> = c.roster.iter().filter_map(|r| Some((r, r.audit.as_ref()?))).collect();
    rows.sort_by(|a, b| a.1.score.mean.total_cmp(&b.1.score.mean));
    let body: String = rows
        .iter()
        .map(|row| format!("<tr>{}{}</tr>", who(c, &row.0.name, &row.0.platforms, ""), cells(&page, &columns, row)))
        .collect();
    format!(
        "{}<p class=\"how\">Share of the audience or engagement that looks like people who chose to be there, with its 90% interval; bars run \
         from 0% to 100%. It comes from patterns in counts, and counts have innocent reasons too.</p>",
        frame("audit", "Audience audit", "Creator", &columns, &body)
    )
}

/// What creators not worked with yet would bring.
pub(crate) fn candidate_table(d: &ReportData, c: &Creators) -> String {
    let page = Page { d, c, effects: scale(c.candidates.iter().map(|r| &r.effect)) };
    let columns: Vec<Column<CandidateRow>> = vec![
        column("Followers", |_, r| optional(r.followers, |x| text(number(x), x))),
        column("Posts", |_, r| (r.posts.to_string(), r.posts as f64)),
        column("Views", |_, r| text(number_interval(&r.views), r.views.mean)),
        column("Effect", |p, r| effect(p, &r.effect)),
        column("Fee asked", |p, r| amount(p, r.fee_asked)),
        column(&format!("{} at that fee", sentence_case(&d.return_word)), |p, r| returned(p, r.roi)),
        column("Fair fee", |p, r| amount(p, r.fair_fee)),
    ];
    let body: String = c
        .candidates
        .iter()
        .map(|r| format!("<tr>{}{}</tr>", who(c, &r.name, &[r.platform], ""), cells(&page, &columns, r)))
        .collect();
    format!(
        "{}<p class=\"how\">In brackets: 90% interval of the forecast. {}</p>",
        frame("candidates", "Candidates", "Candidate", &columns, &body),
        html(&fair_fee_note(c))
    )
}
