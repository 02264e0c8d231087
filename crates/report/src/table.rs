//! The table of all drivers: it reads without a script and sorts with one.

use std::fmt::Write as _;

use crate::data::{DriverKind, DriverRow, Interval, ReportData};
use crate::escape::html;
use crate::numbers::{MISSING, money, money_interval, number_interval, percent, percent_interval, probability};
use crate::sections::name_cell;
use crate::sentences::{by_share, one_unit, outcome_interval, sentence_case};

fn kind_word(kind: DriverKind) -> &'static str {
    match kind {
        DriverKind::Channel => "channel",
        DriverKind::Creator => "creator",
        DriverKind::Organic => "organic",
        DriverKind::Treatment => "treatment",
    }
}

struct Column {
    head: String,
    /// Text of a cell and the number it sorts by.
    cell: fn(&ReportData, &DriverRow) -> (String, f64),
}

fn optional(x: &Option<Interval>, text: impl Fn(&Interval) -> String) -> (String, f64) {
    x.as_ref().map_or_else(|| ("–".to_owned(), f64::NAN), |x| (text(x), x.mean))
}

fn returned(d: &ReportData, x: &Option<Interval>) -> (String, f64) {
    optional(x, |x| if d.returns_are_money { money_interval(x, &d.currency) } else { number_interval(x) })
}

fn columns(d: &ReportData) -> Vec<Column> {
    let column = |head: &str, cell| Column { head: head.to_owned(), cell };
    let mut columns = vec![
        column("Spend", |d, r| r.spend.map_or_else(|| ("–".to_owned(), f64::NAN), |s| (money(s, &d.currency), s))),
        column("Incremental", |d, r| (outcome_interval(d, &r.incremental), r.incremental.mean)),
        column("Share", |_, r| (percent_interval(&r.share), r.share.mean)),
        column(&sentence_case(&d.return_word), |d, r| returned(d, &r.roi)),
        column("Marginal", |d, r| returned(d, &r.mroi)),
    ];
    if d.returns_are_money {
        columns.push(column("Pays back", |_, r| {
            r.prob_roi_above_1.map_or_else(|| ("–".to_owned(), f64::NAN), |p| (probability(p), p))
        }));
    } else {
        columns.push(column("Cost of one", |d, r| optional(&r.cost_per_increment, |x| money_interval(x, &d.currency))));
    }
    columns
}

/// The table of all drivers; a script makes it sortable.
pub(crate) fn driver_table(d: &ReportData) -> String {
    let columns = columns(d);
    let head: String = columns
        .iter()
        .map(|c| format!("<th scope=\"col\" class=\"num\" data-sort=\"number\">{}</th>", html(&c.head)))
        .collect();
    let rows: String = by_share(d).into_iter().map(|r| driver_row(d, r, &columns)).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"All drivers\"><table class=\"drivers sortable\"><thead><tr>\
         <th scope=\"col\" data-sort=\"text\">Driver</th>{head}<th scope=\"col\" class=\"num\" data-sort=\"number\">Moved from prior</th>\
         </tr></thead><tbody>{rows}</tbody></table></div>\
         <p class=\"how\">In brackets: 90% interval. {} is per {} of spend.{}</p>",
        html(&sentence_case(&d.return_word)),
        html(&one_unit(d)),
        if d.returns_are_money { " Pays back: probability that the return is above the spend." } else { "" }
    )
}

fn driver_row(d: &ReportData, r: &DriverRow, columns: &[Column]) -> String {
    let mut out = format!("<tr><th scope=\"row\">{}<small>{}", name_cell(&r.name), kind_word(r.kind));
    if !r.identified {
        out.push_str(" · <em>not identified</em>");
    }
    out.push_str("</small></th>");
    for column in columns {
        let (text, value) = (column.cell)(d, r);
        let _ = write!(out, "<td class=\"num\"{}>{}</td>", sort_value(value), split_interval(&text));
    }
    let moved = r.moved_from_prior;
    let width = if moved.is_finite() { (moved.clamp(0.0, 1.0) * 100.0).round() } else { 0.0 };
    let _ = write!(
        out,
        "<td class=\"num\"{}><span class=\"meter\"><i style=\"width:{width}%\"></i></span>{}</td></tr>",
        sort_value(moved),
        html(&percent(moved))
    );
    out
}

/// The number that a cell sorts by, as an attribute.
pub(crate) fn sort_value(x: f64) -> String {
    if x.is_finite() { format!(" data-v=\"{x}\"") } else { String::new() }
}

/// The mean in its own weight, the interval beside it in a quieter one.
pub(crate) fn split_interval(text: &str) -> String {
    match text.split_once(" (") {
        Some((mean, rest)) => format!("{} <small>({}</small>", html(mean), html(rest)),
        None if text == MISSING || text == "–" => format!("<span class=\"none\">{text}</span>"),
        None => html(text),
    }
}
