//! What a fit says of its experiments: for the report, the verdict, the terminal, and as JSON and a table.

use crate::report_data::interval;
use crate::table::{Line, table};
use crate::terminal::short;
use counterpoint::model::estimate::Interval;
use counterpoint::model::evidence::{Evidence, SURPRISING};
use counterpoint_report as report;
use counterpoint_report::{ReportData, Status, Verdict};
use counterpoint_sources::OutColumn;
use report::numbers::{money_interval, number_interval, percent};
use serde_json::{Value, json};

/// 5 % quantile of the standard Normal distribution, without its sign.
const NORMAL_Q95: f64 = 1.644_853_626_951_472_7;

/// A number of an interval.
type Part = fn(&Interval) -> f64;

/// The rows of the report.
pub(crate) fn rows(evidence: &[Evidence]) -> Vec<report::Evidence> {
    let moved = |e: &Evidence| {
        let one = e.moved.iter().map(|m| report::Moved {
            name: m.name.clone(),
            roi: m.roi.as_ref().map(interval),
            roi_without: m.roi_without.as_ref().map(interval),
            incremental: interval(&m.incremental),
            incremental_without: interval(&m.incremental_without),
        });
        one.collect()
    };
    let row = |e: &Evidence| report::Evidence {
        name: e.name.clone(),
        observed: interval(&observed(e)),
        with: interval(&e.with),
        without: interval(&e.without),
        prior_tail: e.prior_tail,
        data_tail: e.data_tail,
        moved: moved(e),
    };
    evidence.iter().map(row).collect()
}

/// The observed lift with the 90 % interval of its error.
fn observed(e: &Evidence) -> Interval {
    let half = NORMAL_Q95 * e.se;
    Interval { mean: e.lift, q05: e.lift - half, q50: e.lift, q95: e.lift + half }
}

/// Adds what contradicts an experiment to the reasons of a verdict.
pub(crate) fn judge(evidence: &[Evidence], mut verdict: Verdict) -> Verdict {
    for e in evidence {
        let mut add = |reason: String| {
            verdict.reasons.push(reason);
            if verdict.status == Status::Ok {
                verdict.status = Status::Review;
            }
        };
        let name = report::sentences::short(&e.name);
        if e.prior_tail < SURPRISING {
            add(format!(
                "The priors contradict the experiment {name}: they gave a result this far from what they expect a probability of {}. Check \
                 sign, size and standard error of its lift, then the prior.",
                chance(e.prior_tail)
            ));
        }
        if e.data_tail < SURPRISING {
            add(format!(
                "The data without any experiment contradict {name} (probability {}): something that no column measures may move both spend and \
                 outcome, or the test went wrong.",
                chance(e.data_tail)
            ));
        }
    }
    verdict
}

fn chance(p: f64) -> String {
    if p < 0.001 { "less than 0.1%".to_owned() } else { percent(p) }
}

/// The lines of a terminal; none without experiments.
pub(crate) fn lines(d: &ReportData) -> Vec<String> {
    if d.evidence.is_empty() {
        return Vec::new();
    }
    let units =
        |x: &report::Interval| if d.outcome_is_money { money_interval(x, &d.currency) } else { number_interval(x) };
    let back = |x: &Option<report::Interval>| x.as_ref().map_or_else(|| "-".to_owned(), number_interval);
    let word = &d.return_word;
    let head = [
        "experiment".to_owned(),
        "driver".to_owned(),
        "lift (90 %)".to_owned(),
        "without tests".to_owned(),
        "with tests".to_owned(),
        format!("{word} without"),
        format!("{word} with"),
    ];
    let mut rows = Vec::new();
    for e in &d.evidence {
        for (i, m) in e.moved.iter().enumerate() {
            let first = |text: String| if i == 0 { text } else { String::new() };
            let cells = vec![
                first(short(&e.name)),
                short(&m.name),
                first(units(&e.observed)),
                first(units(&e.without)),
                first(units(&e.with)),
                back(&m.roi_without),
                back(&m.roi),
            ];
            rows.push(Line { cells, note: String::new() });
        }
    }
    table(&head, 2, &rows)
}

/// For `--json`.
pub(crate) fn to_json(evidence: &[Evidence]) -> Value {
    let one = |e: &Evidence| {
        json!({
            "experiment": e.name,
            "observed": e.lift,
            "se": e.se,
            "predicted": interval(&e.with),
            "predicted_without": interval(&e.without),
            "prior_tail": e.prior_tail,
            "data_tail": e.data_tail,
            "moved": e.moved.iter().map(|m| json!({
                "driver": m.name,
                "roi": m.roi.as_ref().map(interval),
                "roi_without": m.roi_without.as_ref().map(interval),
            })).collect::<Vec<_>>(),
        })
    };
    Value::Array(evidence.iter().map(one).collect())
}

/// `experiments.csv`: a row an experiment and driver.
pub(crate) fn columns(evidence: &[Evidence]) -> Vec<OutColumn> {
    let rows: Vec<_> = evidence.iter().flat_map(|e| e.moved.iter().map(move |m| (e, m))).collect();
    let number = |name: &str, get: &dyn Fn(&Evidence) -> f64| {
        OutColumn::number(name, rows.iter().map(|(e, _)| get(e)).collect::<Vec<_>>())
    };
    let mut out = vec![
        OutColumn::text("experiment", rows.iter().map(|(e, _)| e.name.as_str())),
        OutColumn::text("driver", rows.iter().map(|(_, m)| m.name.as_str())),
        number("observed", &|e| e.lift),
        number("se", &|e| e.se),
        number("se_reported", &|e| e.reported_se),
    ];
    let mut add = |name: &str, values: Vec<Option<Interval>>| {
        let parts: [(&str, Part); 3] = [("mean", |x| x.mean), ("q05", |x| x.q05), ("q95", |x| x.q95)];
        for (part, get) in parts {
            let values = values.iter().map(|v| v.as_ref().map_or(f64::NAN, get)).collect();
            out.push(OutColumn::number(format!("{name}_{part}"), values));
        }
    };
    add("predicted", rows.iter().map(|(e, _)| Some(e.with)).collect());
    add("predicted_without", rows.iter().map(|(e, _)| Some(e.without)).collect());
    add("roi", rows.iter().map(|(_, m)| m.roi).collect());
    add("roi_without", rows.iter().map(|(_, m)| m.roi_without).collect());
    out.push(number("prior_tail", &|e| e.prior_tail));
    out.push(number("data_tail", &|e| e.data_tail));
    out
}
