//! The trust report on the page: verdicts first, then each check with its words, its picture and its numbers. Nothing here needs a script.

use crate::data::{Interval, ReportData, Status};
use crate::escape::html;
use crate::numbers::{date, money, money_interval, number, number_interval, percent};
use crate::page::lead;
use crate::sections::name_cell;
use crate::sentences::{outcome_interval, sentence_case};
use crate::strips::{Axis, Band, Mark, Strip, legend, line_with_bands, strips};
use crate::trust::{
    Backtest, HeldOut, Placebo, Predictive, Recovery, Score, Scores, Sensitivity, Stability, Steps, Trust,
};
use crate::trust_leads::{self as leads, Finding};
use std::fmt::Write as _;

/// Rows that stand in the open; the rest is in the numbers.
const ROWS: usize = 40;

/// Says what a picture leaves out.
fn left_out(all: usize) -> String {
    if all > ROWS { format!(" Shown are the first {ROWS} of {all}; the numbers hold all.") } else { String::new() }
}

/// The whole section.
pub(crate) fn section(d: &ReportData, t: &Trust) -> String {
    let failed = d.verdict.status == Status::Fail;
    let all = leads::findings(d, t);
    let mut out = lead(failed, || leads::answer(d, t));
    out += &verdicts(&all);
    out += "<div class=\"parts\">";
    for finding in &all {
        let (picture, how) = match finding.id {
            "recovery" => recovery(&t.recovery),
            "backtest" => t.backtest.as_ref().map(|b| backtest(d, b)).unwrap_or_default(),
            "placebo" => t.placebo.as_ref().map(|p| placebo(d, p)).unwrap_or_default(),
            "stability" => t.stability.as_ref().map(|s| stability(d, s)).unwrap_or_default(),
            "sensitivity" => sensitivity(&t.sensitivity),
            "held_out" => t.held_out.as_ref().map(|h| held_out(d, h)).unwrap_or_default(),
            "predictive" => predictive(&t.predictive),
            _ => t.calibration.as_ref().map(calibration).unwrap_or_default(),
        };
        let _ = write!(
            out,
            "<div class=\"part\" id=\"trust-{}\"><h3>{} {}</h3><p class=\"lead\">{}</p>{picture}<p class=\"how\">{how}</p></div>",
            finding.id,
            finding.title,
            badge(finding.status),
            html(&finding.words)
        );
    }
    out + "</div>"
}

fn word(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Ok => ("good", "Passed"),
        Status::Review => ("look", "Look"),
        Status::Fail => ("bad", "Failed"),
    }
}

fn badge(status: Status) -> String {
    let (class, word) = word(status);
    format!("<span class=\"{class}\"><span class=\"judged\">{word}</span></span>")
}

/// What was asked, and how it ended.
fn verdicts(all: &[Finding]) -> String {
    let rows: String = all
        .iter()
        .map(|f| {
            format!(
                "<tr><th scope=\"row\"><a href=\"#trust-{}\">{}</a></th><td>{}</td><td>{}</td></tr>",
                f.id,
                f.title,
                f.question,
                badge(f.status)
            )
        })
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Verdicts\"><table><thead><tr><th scope=\"col\">Check</th>\
         <th scope=\"col\">Question</th><th scope=\"col\">Verdict</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// A picture, and how to read it.
type Part = (String, String);

fn recovery(r: &Recovery) -> Part {
    let rows: Vec<Strip> = r
        .drivers
        .iter()
        .take(ROWS)
        .map(|t| Strip {
            label: t.driver.clone(),
            marks: t.ratios.iter().map(|&x| Mark::Ring(x, if t.creator { "--second" } else { "--accent" })).collect(),
            numbers: format!("{} off, {} of {} held", percent(t.error), t.inside, t.ratios.len()),
        })
        .collect();
    let axis = Axis::between(0.25, 4.0, true)
        .with_lines(&[1.0])
        .with_ticks([0.25, 1.0, 4.0].map(|x| (x, format!("{}×", number(x)))).to_vec());
    let table = table(
        "Recovery",
        &["Driver", "Typical error", "Bias", "Width of interval", "Held", "Rank correlation"],
        r.drivers.iter().map(|t| {
            let rank = t.rank.filter(|x| x.is_finite()).map_or_else(|| "–".to_owned(), number);
            let held = format!("{} of {}", t.inside, t.ratios.len());
            (t.driver.as_str(), vec![percent(t.error), percent(t.bias), percent(t.width), held, rank])
        }),
    );
    (
        strips(&rows, &axis) + &table,
        "Each ring is one copy: effect found over true effect; at the line both are equal, rings at an end lie beyond it. The copies are drawn from the fitted model, so \
         this says what your data can tell if the model is right, not whether it is."
            .to_owned()
            + &left_out(r.drivers.len()),
    )
}

fn backtest(d: &ReportData, b: &Backtest) -> Part {
    let place = |day: &String| b.dates.iter().position(|x| x == day).unwrap_or(0);
    let starts: Vec<usize> = b.forecasts.iter().map(|f| place(&f.from)).collect();
    let bands: Vec<Band<'_>> = b
        .forecasts
        .iter()
        .zip(&starts)
        .map(|(f, &from)| {
            let next = starts.iter().copied().filter(|&s| s > from).min().unwrap_or(b.dates.len());
            let n = (next - from).min(f.q50.len());
            Band { from, low: &f.q05[..n], middle: &f.q50[..n], high: &f.q95[..n] }
        })
        .collect();
    let amount = |x: f64| if d.outcome_is_money { money(x, &d.currency) } else { number(x) };
    let days = [b.dates.first(), b.dates.last()].map(|x| x.map_or_else(String::new, |x| date(x)));
    let picture = line_with_bands(
        &b.observed,
        &bands,
        "The outcome and forecasts of the next month",
        amount,
        [&days[0], &days[1]],
    );
    let row = |label: String, s: &Scores| {
        let one = |s: &Score| format!("{} · {} held", amount(s.crps), percent(s.inside90));
        (label, vec![one(&s.model), one(&s.baseline), one(&s.naive)])
    };
    let mut rows: Vec<(String, Vec<String>)> =
        b.by_month.iter().enumerate().map(|(m, s)| row(format!("Month {}", m + 1), s)).collect();
    rows.push(row("All, total".to_owned(), &b.national));
    rows.extend(b.geos.iter().map(|s| row("All, by geo".to_owned(), s)));
    let naive = if b.seasonal { "Year before" } else { "Last period" };
    let table = table(
        "Forecasts",
        &["Ahead", "Model", "Without drivers", naive],
        rows.iter().map(|(label, cells)| (label.as_str(), cells.clone())),
    );
    (
        legend(&[("--accent", "next month foretold, 90%"), ("--ink", "what came")]) + &picture + &table,
        "Each forecast was made without the outcome of what it foretells; spend, posts and controls are taken as they came to be. The table: mean CRPS, smaller is better, and \
         the share of observations in the 90% interval."
            .to_owned(),
    )
}

fn returned(d: &ReportData, x: &Interval) -> String {
    if d.returns_are_money { money_interval(x, &d.currency) } else { number_interval(x) }
}

fn placebo(d: &ReportData, p: &Placebo) -> Part {
    let mut rows: Vec<Strip> = Vec::new();
    for x in &p.placebos {
        rows.push(Strip {
            label: format!("{}, {}", x.of, x.kind),
            marks: vec![
                Mark::Thin(x.prior.q05, x.prior.q95, "--base-strong"),
                Mark::Bar(x.roi.q05, x.roi.q95, "--second"),
                Mark::Dot(x.roi.mean, "--second"),
            ],
            numbers: returned(d, &x.roi),
        });
    }
    for x in &p.real {
        rows.push(Strip {
            label: x.driver.clone(),
            marks: vec![Mark::Bar(x.roi.q05, x.roi.q95, "--accent"), Mark::Dot(x.roi.mean, "--accent")],
            numbers: returned(d, &x.roi),
        });
    }
    let most = rows.iter().flat_map(|r| &r.marks).filter_map(|m| match m {
        Mark::Bar(_, high, _) if high.is_finite() => Some(*high),
        _ => None,
    });
    let line: Vec<f64> = p.break_even.into_iter().collect();
    let axis = Axis::between(0.0, 1.1 * most.chain(line.iter().copied()).fold(0.0, f64::max), false).with_lines(&line);
    (
        legend(&[
            ("--second", "does nothing"),
            ("--base-strong", "the same before the data"),
            ("--accent", "the real channel"),
        ]) + &strips(&rows, &axis.with_round(number)),
        format!(
            "{} with 90% intervals{}. Shuffled: the periods of the channel in random order; shifted: moved by a quarter to three quarters of \
             the time. A line before the data that runs off the picture is cut.",
            html(&sentence_case(&d.return_word)),
            if p.break_even.is_some() { "; the upright line is where spend pays" } else { "" }
        ),
    )
}

fn stability(d: &ReportData, s: &Stability) -> Part {
    // Those that moved most come first.
    let mut drivers: Vec<&Steps> = s.drivers.iter().collect();
    drivers.sort_by(|a, b| b.largest.total_cmp(&a.largest));
    let mut out = String::from("<div class=\"panels-fixed\">");
    for steps in drivers.iter().take(ROWS) {
        let n = steps.intervals.len();
        let rows: Vec<Strip> = steps
            .intervals
            .iter()
            .zip(&s.until)
            .enumerate()
            .map(|(i, (x, day))| {
                let colour = if i + 1 == n { "--accent" } else { "--base-strong" };
                let numbers = if steps.per_spend { returned(d, x) } else { outcome_interval(d, x) };
                Strip {
                    label: date(day),
                    marks: vec![Mark::Bar(x.q05, x.q95, colour), Mark::Dot(x.mean, colour)],
                    numbers,
                }
            })
            .collect();
        let axis = Axis::around(&rows, &[]);
        let _ = write!(out, "<div><h4>{}</h4>{}</div>", name_cell(&steps.driver), strips(&rows, &axis));
    }
    let table = table(
        "Stability",
        &["Driver", "Largest move, in widths of the interval", "Steps outside"],
        drivers.iter().map(|d| (d.driver.as_str(), vec![percent(d.largest), d.outside.to_string()])),
    );
    (
        out + "</div>" + &table,
        "The return over the whole time by fits that knew the outcome up to a day only; the last one knows all. The data of two fits are nested, so that means should move less than \
         the intervals are wide. Each panel has its own axis; those that moved most come first."
            .to_owned()
            + &left_out(s.drivers.len()),
    )
}

fn sensitivity(s: &Sensitivity) -> Part {
    let rows: Vec<Strip> = s
        .drivers
        .iter()
        .take(ROWS)
        .map(|x| Strip {
            label: x.driver.clone(),
            marks: vec![Mark::Dot(x.data, "--accent"), Mark::Ring(x.prior, "--second")],
            numbers: match x.rests_on.as_str() {
                "prior" => "rests on the prior".to_owned(),
                "both" => "prior and data".to_owned(),
                _ => "rests on the data".to_owned(),
            },
        })
        .collect();
    let axis = Axis::around(&rows, &[0.0, 2.0 * s.threshold]).with_lines(&[s.threshold]).with_round(number);
    let table = table(
        "Sensitivity",
        &["Driver", "To its priors", "To the data"],
        s.drivers.iter().map(|x| (x.driver.as_str(), vec![number(x.prior), number(x.data)])),
    );
    (
        legend(&[("--accent", "to the data"), ("--second", "to the driver's priors")]) + &strips(&rows, &axis) + &table,
        format!(
            "How far a driver's return moves as its priors, or the data, are made a little stronger or weaker (power-scaling; Kallioinen and others 2024); right of the line, {}, it matters.{}",
            number(s.threshold),
            left_out(s.drivers.len())
        ),
    )
}

fn held_out(d: &ReportData, h: &HeldOut) -> Part {
    let rows: Vec<Strip> = h
        .experiments
        .iter()
        .flat_map(|e| {
            let interval = |label: String, x: &Interval, colour: &'static str| Strip {
                label,
                marks: vec![Mark::Bar(x.q05, x.q95, colour), Mark::Dot(x.mean, colour)],
                numbers: outcome_interval(d, x),
            };
            [
                interval(e.experiment.clone(), &e.observed, "--second"),
                interval("foretold".to_owned(), &e.predicted, "--accent"),
            ]
        })
        .collect();
    let axis = Axis::around(&rows, &[0.0])
        .with_lines(&[0.0])
        .with_round(|x| if d.outcome_is_money { money(x, &d.currency) } else { number(x) });
    (
        legend(&[("--second", "what the test measured"), ("--accent", "foretold without it")]) + &strips(&rows, &axis),
        "Lifts with 90% intervals; what was foretold includes the error that the test itself has.".to_owned(),
    )
}

/// A statistic in a word or two.
fn label(statistic: &str) -> &str {
    match statistic {
        "season" => "Calendar months",
        "peak" => "Largest total",
        "trough" => "Smallest total",
        "changes" => "Changes",
        "left over" => "Autocorrelation",
        "outlier" => "Largest residual",
        "geos" => "Noise over geos",
        other => other,
    }
}

fn predictive(p: &Predictive) -> Part {
    let rows: Vec<Strip> = p
        .statistics
        .iter()
        .map(|s| {
            // Each on its own axis: the drawn interval in the middle fifth.
            let half = (0.5 * (s.drawn.q95 - s.drawn.q05)).max(f64::MIN_POSITIVE);
            let middle = 0.5 * (s.drawn.q95 + s.drawn.q05);
            let place = |x: f64| (x - middle) / half;
            Strip {
                label: label(&s.statistic).to_owned(),
                marks: vec![
                    Mark::Bar(place(s.drawn.q05), place(s.drawn.q95), "--accent"),
                    Mark::Dot(place(s.observed), if s.unlike { "--bad" } else { "--ink" }),
                ],
                numbers: if s.p < 0.001 { "under 0.1%".to_owned() } else { percent(s.p) },
            }
        })
        .collect();
    let mut out = legend(&[("--accent", "drawn data, 90%"), ("--ink", "your data")])
        + &strips(&rows, &Axis::between(-5.0, 5.0, false));
    if let Some(l) = &p.loo {
        out += &table(
            "Periods that the fit hangs on",
            &["Period", "Mostly by", "Parameters' worth", "Pareto k"],
            l.influential.iter().map(|x| (x.date.as_str(), vec![x.geo.clone(), number(x.worth), number(x.k)])),
        );
    }
    (
        out,
        "Each row has its own axis; the number is the probability of something at least as far off in drawn data. The data are used twice here, so that only small \
         probabilities say something. The table: periods whose outcome the fit hangs on most (leave-one-out)."
            .to_owned(),
    )
}

fn calibration(c: &crate::trust::Calibration) -> Part {
    let out = table(
        "Ranks",
        &["Quantity", "Markets by eighth of the rank", "Probability"],
        c.quantities.iter().map(|q| {
            let bins = q.bins.iter().map(ToString::to_string).collect::<Vec<_>>().join(" · ");
            (q.quantity.as_str(), vec![bins, number(q.p)])
        }),
    );
    (
        out,
        "Truths drawn from the priors, data drawn at them, fits: each truth's rank among its draws must be uniform (simulation-based calibration; Talts and others 2018).".to_owned(),
    )
}

/// A table that can be opened.
fn table<'a>(label: &str, head: &[&str], rows: impl Iterator<Item = (&'a str, Vec<String>)>) -> String {
    let heads: String = head.iter().map(|h| format!("<th scope=\"col\">{h}</th>")).collect();
    let mut body = String::new();
    for (name, cells) in rows {
        let _ = write!(body, "<tr><th scope=\"row\">{}</th>", name_cell(name));
        for cell in cells {
            let _ = write!(body, "<td class=\"num\">{}</td>", html(&cell));
        }
        body += "</tr>";
    }
    format!(
        "<details class=\"numbers\"><summary>The numbers</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table>\
         <thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )
}
