//! What experiments said, and what the model says of them with and without each: a part of the page that needs no script.

use crate::data::{Interval, ReportData};
use crate::escape::html;
use crate::json::number;
use crate::numbers::{money_interval, number_interval, probability};
use crate::sections::name_cell;
use crate::sentences::{one_unit, outcome_interval, sentence_case, short};
use crate::strips::{Axis, Mark, Strip, strips};
use crate::table::split_interval;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// A result with a lower probability than this contradicts what predicted it.
const SURPRISING: f64 = 0.02;
/// One with a lower probability than this is worth a word.
const UNUSUAL: f64 = 0.1;

/// One experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name.
    pub name: String,
    /// Outcome as run minus outcome as it would have been, as measured, with its 90% interval.
    pub observed: Interval,
    /// The same by the model, all experiments known.
    pub with: Interval,
    /// The same by the model without any experiment.
    pub without: Interval,
    /// Probability of a result at least this far from what the priors predict.
    #[serde(deserialize_with = "number")]
    pub prior_tail: f64,
    /// The same of what the data predict without any experiment.
    #[serde(deserialize_with = "number")]
    pub data_tail: f64,
    /// What was tested.
    pub moved: Vec<Moved>,
}

/// The return of one driver or creator with and without experiments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Name.
    pub name: String,
    /// Return with all experiments; none where nothing was paid.
    pub roi: Option<Interval>,
    /// Return without any.
    pub roi_without: Option<Interval>,
    /// Incremental outcome with all experiments.
    pub incremental: Interval,
    /// Incremental outcome without any.
    pub incremental_without: Interval,
}

/// Above the experiments: how many agree.
pub(crate) fn lead(d: &ReportData) -> String {
    let n = d.evidence.len();
    let against = d.evidence.iter().filter(|e| e.data_tail < SURPRISING).count();
    let tests = if n == 1 {
        "One experiment entered the fit as data".to_owned()
    } else {
        format!("{n} experiments entered the fit as data")
    };
    match against {
        0 if n == 1 => format!("{tests}; the rest of the data do not contradict it."),
        0 => format!("{tests}; the rest of the data contradict none of them."),
        _ if n == 1 => format!("{tests}, and the rest of the data contradict it."),
        1 => format!("{tests}; the rest of the data contradict one of them."),
        _ => format!("{tests}; the rest of the data contradict {against} of them."),
    }
}

/// All experiments, and how far each moved what it tested.
pub(crate) fn section(d: &ReportData, lead: &str) -> String {
    let parts: String = d.evidence.iter().map(|e| one(d, e)).collect();
    format!(
        "{lead}{parts}<div style=\"margin-top:1.8em\">{}</div><p class=\"how\">Lines are 90% intervals, dots are means, the upright line is zero: no effect. A lift is the {} \
         as it was minus what it would have been, over the time and places of the test, carry-over included.</p>",
        moved_table(d),
        html(&d.outcome_name)
    )
}

fn one(d: &ReportData, e: &Evidence) -> String {
    let rows = [
        ("What the test measured", &e.observed, "--second"),
        ("The data without any test", &e.without, "--base-strong"),
        ("The model, tests included", &e.with, "--accent"),
    ]
    .map(|(label, x, colour)| Strip {
        label: label.to_owned(),
        marks: vec![Mark::Bar(x.q05, x.q95, colour), Mark::Dot(x.mean, colour)],
        numbers: outcome_interval(d, x),
    });
    format!(
        "<div style=\"margin-top:1.4em\"><h3>{}</h3><p style=\"margin:.2em 0 .5em\">{}</p>{}</div>",
        name_cell(&e.name),
        html(&words(e)),
        strips(&rows, &Axis::around(&rows, &[0.0]).with_lines(&[0.0]))
    )
}

/// Whether priors and data agree with the test.
fn words(e: &Evidence) -> String {
    let chance = |p: f64| if p < 0.001 { "less than 0.1%".to_owned() } else { probability(p) };
    let data = match e.data_tail {
        p if p < SURPRISING => format!(
            "The data without any test contradict it: they gave a result this far off a probability of {}. Something that no column measures may move both \
             spend and outcome, or the test went wrong.",
            chance(p)
        ),
        p if p < UNUSUAL => {
            format!(
                "The data without any test expected something else, though not beyond doubt (probability {}).",
                chance(p)
            )
        }
        _ => "The data without any test agree with it.".to_owned(),
    };
    if e.prior_tail < SURPRISING {
        format!("{data} The priors did not expect it either (probability {}).", chance(e.prior_tail))
    } else {
        data
    }
}

fn moved_table(d: &ReportData) -> String {
    let returned = |x: &Interval| if d.returns_are_money { money_interval(x, &d.currency) } else { number_interval(x) };
    let mut rows = String::new();
    for e in &d.evidence {
        for m in &e.moved {
            let (before, after) = match (&m.roi_without, &m.roi) {
                (Some(before), Some(after)) => (returned(before), returned(after)),
                _ => (outcome_interval(d, &m.incremental_without), outcome_interval(d, &m.incremental)),
            };
            let what = if m.roi.is_some() { sentence_case(&d.return_word) } else { "Incremental".to_owned() };
            let _ = write!(
                rows,
                "<tr><th scope=\"row\">{}<small>{}</small></th><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
                name_cell(&m.name),
                html(&short(&e.name)),
                html(&what),
                split_interval(&before),
                split_interval(&after)
            );
        }
    }
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"What experiments moved\"><table class=\"drivers\"><thead><tr>\
         <th scope=\"col\">Tested</th><th scope=\"col\">What</th><th scope=\"col\" class=\"num\">Without any test</th>\
         <th scope=\"col\" class=\"num\">With all tests</th></tr></thead><tbody>{rows}</tbody></table></div>\
         <p class=\"how\">{} is per {} of spend, over the whole time of the data.</p>",
        html(&sentence_case(&d.return_word)),
        html(&one_unit(d))
    )
}
