//! The next budget and the shocks to platforms on the page: parts in reading order, and the tables behind their pictures.

use std::fmt::Write as _;

use crate::data::{Interval, ReportData};
use crate::escape::html;
use crate::numbers::{money, money_interval, number, percent, percent_interval};
use crate::page::{figure, lead};
use crate::plan::{NextBudget, PlannedDriver, Shock, Stress};
use crate::plan_leads as leads;
use crate::sections::{name_cell, sentence_list, tile_list};
use crate::sentences::{outcome_interval, sentence_case};
use crate::table::split_interval;

/// A picture of a section: what it is called, how to read it, the finding, and the numbers behind it where the page itself has them.
struct Part {
    id: &'static str,
    title: &'static str,
    how: &'static str,
    lead: String,
    numbers: String,
    shown: bool,
}

fn parts(failed: bool, parts: Vec<Part>) -> String {
    parts
        .into_iter()
        .filter(|p| p.shown)
        .map(|p| {
            // A failed fit says so once, above all parts.
            let words = if failed { String::new() } else { lead(false, || p.lead) };
            format!("<div class=\"part\"><h3>{}</h3>{words}{}</div>", p.title, figure(p.id, p.how, &p.numbers))
        })
        .collect()
}

/// The section of the next budget.
pub(crate) fn next_budget(d: &ReportData, p: &NextBudget, failed: bool) -> String {
    let pictures = parts(
        failed,
        vec![
            Part {
                id: "plan-drivers",
                title: "Plan beside last year",
                how: "Square: the same days of last year. Dot: the plan; hollow where it goes beyond what the data have seen, so \
                      that the curve is a guess there. Creators have an axis of their own.",
                lead: leads::drivers(d, p),
                numbers: driver_table(d, p),
                shown: p.drivers.iter().any(PlannedDriver::moves),
            },
            Part {
                id: "plan-calendar",
                title: "Calendar",
                how: "A row a driver, a column a period. The fuller a cell's colour, the more the channel spends then, as a share of its own \
                      largest period. A dot is a post; a number says how many fall into the same period.",
                lead: leads::calendar(d, p),
                numbers: String::new(),
                shown: !p.periods.is_empty() && p.drivers.iter().any(|r| r.plan_by_period.iter().any(|x| *x > 0.0)),
            },
            Part {
                id: "plan-curves",
                title: "Where the plan stands on the curves",
                how: "Spend an average period. Grey: the average of the data. Orange: the average of the plan; an arrow where that lies off the picture. Dashed: beyond any spend \
                      seen in the data. A curve assumes the timing of the data; what the plan with its own calendar is expected to bring is in \
                      the reading. Creators are bought by the post and stand in the calendar.",
                lead: leads::curves(d, p),
                numbers: String::new(),
                shown: leads::has_curves(d, p),
            },
        ],
    );
    let frontier = parts(
        failed,
        vec![Part {
            id: "plan-frontier",
            title: "Profit against risk",
            how: "Each dot is the best plan of one attitude to risk, named by the weight of the worst tenth: 0 looks at the average \
                      only, 1 at the worst tenth only. The ring is the plan of this page. Mind the axes: they do not begin at zero.",
            lead: leads::frontier(d, p),
            numbers: String::new(),
            shown: p.frontier.len() > 1,
        }],
    );
    if failed {
        return format!("{}<div class=\"parts\">{pictures}{frontier}</div>", lead(true, String::new));
    }
    let binding: Vec<String> = p.binding.iter().map(|l| leads::limit(d, p, l)).collect();
    let words = format!(
        "<div class=\"part\"><h3>What binds</h3>{}{}</div>",
        sentence_list(&binding, "No limit keeps the plan from doing better."),
        notes(p)
    );
    format!(
        "{}{}<div class=\"parts\">{pictures}<div class=\"two\">{frontier}{words}</div></div>",
        lead(false, || leads::answer(d, p)),
        tile_list(&leads::tiles(d, p)),
    )
}

fn notes(p: &NextBudget) -> String {
    let mut notes = p.notes.clone();
    if !p.untold_offers.is_empty() {
        notes.push(format!(
            "Left out, since no creator of the fit posts on their platform or their days are not in the plan: {}",
            p.untold_offers.join(", ")
        ));
    }
    if notes.is_empty() {
        return String::new();
    }
    format!("<h3>Notes</h3>{}", sentence_list(&notes, ""))
}

/// The plan by driver; it reads without a script.
fn driver_table(d: &ReportData, p: &NextBudget) -> String {
    let mut rows: Vec<&PlannedDriver> = p.drivers.iter().filter(|r| r.moves() || r.posts > 0).collect();
    rows.sort_by(|a, b| b.plan.total_cmp(&a.plan).then(b.last.total_cmp(&a.last)));
    let dash = "–".to_owned();
    let mut body = String::new();
    for r in rows {
        let cells = [
            money(r.last, &d.currency),
            money(r.plan, &d.currency),
            change(r),
            if r.posts > 0 { r.posts.to_string() } else { dash.clone() },
            if r.plan > 0.0 || r.posts > 0 { outcome_interval(d, &r.incremental()) } else { dash.clone() },
            r.mroi_mean.map_or_else(|| dash.clone(), number),
        ];
        let beyond = if r.extrapolated { " · <em>beyond the data</em>" } else { "" };
        let _ =
            write!(body, "<tr><th scope=\"row\">{}<small>{}{beyond}</small></th>", name_cell(&r.driver), html(&r.kind));
        for cell in &cells {
            let _ = write!(body, "<td class=\"num\">{}</td>", split_interval(cell));
        }
        body.push_str("</tr>");
    }
    table(
        "Plan beside last year",
        "drivers plan-table",
        &["Driver", "Last year", "Plan", "Change", "Posts", &format!("Expected {}", d.outcome_name), "Marginal ROI"],
        &body,
    )
}

/// Change of the money in percent, in words where there is none to compare.
fn change(r: &PlannedDriver) -> String {
    if r.last <= 0.0 {
        return if r.plan > 0.0 { "new".to_owned() } else { "–".to_owned() };
    }
    if r.plan <= 0.0 {
        return "none".to_owned();
    }
    let x = r.plan / r.last - 1.0;
    if x.abs() < 5e-3 {
        "0%".to_owned()
    } else if x > 0.0 {
        format!("+{}", percent(x))
    } else {
        percent(x)
    }
}

/// The section of the shocks to platforms.
pub(crate) fn stress(d: &ReportData, s: &Stress, failed: bool) -> String {
    let pictures = parts(
        failed,
        vec![
            Part {
                id: "stress-dependence",
                title: "What hangs on which platform",
                how: "Share of what all drivers bring, creators and channels together; a channel without a platform is one by itself. Thin \
                      lines are 90% intervals. The number of independent bets is one over the sum of the squared shares; it supposes that platforms do not fall together.",
                lead: leads::dependence(s),
                numbers: dependence_table(s),
                shown: !s.dependence.is_empty(),
            },
            Part {
                id: "stress-shocks",
                title: "Shocks, the worst first",
                how: "Bars: the change if the shock strikes on the first day, with its 90% interval. At the right: the assumed chance that \
                      it begins within a year. Where its figures are from is in the reading and in the table.",
                lead: leads::shocks(d, s),
                numbers: shock_table(d, s),
                shown: !s.shocks.is_empty(),
            },
        ],
    );
    if failed {
        return format!("{}<div class=\"parts\">{pictures}</div>", lead(true, String::new));
    }
    let insurance =
        leads::insurance(d, s).map_or_else(String::new, |words| format!("<p class=\"lead\">{}</p>", html(&words)));
    format!("{}{insurance}<div class=\"parts\">{pictures}</div>", lead(false, || leads::stress(d, s)))
}

fn dependence_table(s: &Stress) -> String {
    let mut body = String::new();
    for row in &s.dependence {
        let share = Interval { mean: row.share_mean, q05: row.share_q05, q50: f64::NAN, q95: row.share_q95 };
        let _ = write!(
            body,
            "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td></tr>",
            name_cell(&row.platform),
            split_interval(&percent_interval(&share))
        );
    }
    table("What hangs on which platform", "", &["Platform", "Share of effect"], &body)
}

fn shock_table(d: &ReportData, s: &Stress) -> String {
    let amount = |x: &Shock| match &x.profit_change {
        Some(p) => money_interval(&p.interval(), &d.currency),
        None => outcome_interval(d, &x.outcome_change.interval()),
    };
    let mut body = String::new();
    for row in &s.shocks {
        let _ = write!(
            body,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"source\">{}</td></tr>",
            name_cell(&row.shock),
            name_cell(&row.platform),
            html(&percent(row.per_year)),
            split_interval(&amount(row)),
            html(&row.source)
        );
    }
    let what = if s.profit.is_some() { "profit" } else { d.outcome_name.as_str() };
    table("Shocks", "shocks", &["Shock", "On", "A year", &sentence_case(&format!("change of {what}")), "Source"], &body)
}

fn table(label: &str, class: &str, head: &[&str], body: &str) -> String {
    let heads: String = head.iter().map(|h| format!("<th scope=\"col\">{}</th>", html(h))).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}: the numbers\"><table class=\"{class}\"><thead><tr>{heads}</tr></thead>\
         <tbody>{body}</tbody></table></div>"
    )
}
