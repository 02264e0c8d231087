//! `counterpoint report`: the page of a run, whole or for a window of days.

use crate::args::ReportArgs;
use crate::candidates;
use crate::exit::Exit;
use crate::reopen::Reopened;
use crate::report_data;
use crate::run_folder::{REPORT_JSON, run_json};
use crate::run_page;
use crate::terminal::Terminal;
use anyhow::{anyhow, bail};
use counterpoint::finding::{Finding, any_fail};
use counterpoint::model::estimate::estimate;
use counterpoint::model::forecast::forecast;
use counterpoint_report::ReportData;
use counterpoint_sources::write_file;
use jiff::civil::Date;
use serde_json::json;
use std::path::Path;

/// Runs the command.
pub(crate) fn run(args: &ReportArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    run_json::read(&args.run)?;
    let whole = run_page::read(&args.run)?;
    let (mut data, name) = match (args.from, args.to) {
        (None, None) => (whole, run_page::REPORT_HTML.to_owned()),
        (from, to) => {
            let window = window(&whole, from, to)?;
            (windowed(&args.run, whole, window)?, format!("report-{}-{}.html", window.0, window.1))
        }
    };
    if let Some(file) = &args.candidates {
        let findings = show_candidates(&args.run, file, &mut data)?;
        if any_fail(&findings) {
            terminal.forbidden(&findings);
            terminal.say("Nothing was written: mend what is FAIL above.");
            terminal.object(&json!({ "ok": false, "findings": findings }));
            return Ok(Exit::Fault);
        }
    }
    let out = args.out.clone().unwrap_or_else(|| args.run.join(name));
    write_file(&out, counterpoint_report::render(&data).as_bytes())?;
    let answer = counterpoint_report::headline(&data);
    terminal.say(&crate::terminal::plain(&answer));
    terminal.say(&format!("Report: {}", out.display()));
    terminal.object(&json!({
        "report": out,
        "headline": answer,
        "verdict": run_json::verdict(&data.verdict),
        "drivers": data.drivers,
    }));
    Ok(Exit::Done)
}

/// Puts the candidates of a file beside the creators of a report; what is wrong with the file comes back.
fn show_candidates(run: &Path, file: &Path, data: &mut ReportData) -> anyhow::Result<Vec<Finding>> {
    let Some(creators) = &mut data.creators else {
        bail!("{} has no creators to set candidates beside", run.display())
    };
    let reopened = Reopened::open(run)?;
    let dataset = reopened.dataset()?;
    let (asked, findings) = candidates::read(file, dataset);
    if !any_fail(&findings) {
        let (model, chains) = reopened.fitted(run)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let forecasts = forecast(&model, &reopened.project, dataset, &chains, &asked, threads);
        creators.candidates = candidates::rows(&reopened.project, &forecasts, creators);
    }
    Ok(findings)
}

/// First and last day; an end that was not given is that of the data.
fn window(data: &ReportData, from: Option<Date>, to: Option<Date>) -> anyhow::Result<(Date, Date)> {
    let day = |d: Option<&String>| {
        d.and_then(|d| d.parse::<Date>().ok()).ok_or_else(|| anyhow!("{REPORT_JSON} has no dates"))
    };
    let (first, last) = (day(data.dates.first())?, day(data.dates.last())?);
    let (from, to) = (from.unwrap_or(first), to.unwrap_or(last));
    if from > to {
        bail!("--from {from} is after --to {to}");
    }
    let starts = data.dates.iter().filter_map(|d| d.parse::<Date>().ok());
    if !starts.into_iter().any(|d| (from..=to).contains(&d)) {
        bail!("no {} begins between {from} and {to}; the data begin {first}, their last {0} {last}", data.cadence_word);
    }
    Ok((from, to))
}

/// The report of a window: the model is built anew from the project folder, the draws are the run's.
fn windowed(run: &Path, whole: ReportData, window: (Date, Date)) -> anyhow::Result<ReportData> {
    let reopened = Reopened::open(run)?;
    let (model, chains) = reopened.fitted(run)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let estimates = estimate(&model, &reopened.project, &chains, Some(window), threads);
    let (plan, stress) = (whole.plan, whole.stress);
    let data = report_data::assemble(report_data::Inputs {
        project: &reopened.project,
        dataset: reopened.dataset()?,
        model: &model,
        estimates: &estimates,
        title: whole.title,
        run: whole.generated_from,
        verdict: whole.verdict,
        diagnostics: whole.diagnostics,
        findings: whole.findings,
        evidence: whole.evidence,
    });
    Ok(ReportData { plan, stress, ..data })
}
