//! `counterpoint report`: the page of a run, whole or for a window of days.

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::load::load;
use crate::report_data;
use crate::run_folder::{DRAWS, REPORT_JSON, run_json};
use crate::terminal::Terminal;
use anyhow::{Context, anyhow, bail};
use counterpoint::data::{Cells, Table};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::estimate;
use counterpoint::project::{Project, SamplerSpec};
use counterpoint_infer::nuts::ChainDraws;
use counterpoint_report::ReportData;
use counterpoint_sources::{read_table, write_file};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Runs the command.
pub(crate) fn run(args: &ReportArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let about = run_json::read(&args.run)?;
    let whole = read_report(&args.run)?;
    let (data, name) = match (args.from, args.to) {
        (None, None) => (whole, "report.html".to_owned()),
        (from, to) => {
            let window = window(&whole, from, to)?;
            (windowed(&args.run, &about, whole, window)?, format!("report-{}-{}.html", window.0, window.1))
        }
    };
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

fn read_report(run: &Path) -> anyhow::Result<ReportData> {
    let path = run.join(REPORT_JSON);
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}; fit again", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged; fit again", path.display()))
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
fn windowed(run: &Path, about: &Value, whole: ReportData, window: (Date, Date)) -> anyhow::Result<ReportData> {
    let dir = about["project_dir"]
        .as_str()
        .map(|dir| run.join(dir))
        .context("run.json does not name the project's folder")?;
    let loaded = load(&dir);
    let Some((project, dataset)) = loaded.ready() else {
        bail!("the project in {} cannot be read any more; see: counterpoint check {0}", dir.display());
    };
    if about["project_hash"].as_str() != Some(&loaded.hash.hex()) {
        bail!(
            "the project file or a table in {} has changed since this run, so its draws do not belong to it any more; fit again",
            dir.display()
        );
    }
    let sampler = &about["settings"]["sampler"];
    let seed = sampler["seed"].as_u64().context("run.json has no seed")?;
    let mut project = Project { sampler: SamplerSpec { seed, ..project.sampler.clone() }, ..project.clone() };
    if about["settings"]["prior_only"].as_bool() == Some(true) {
        project.model.integrate_baseline = false;
    }
    let model = Arc::new(Model::new(&project, dataset));
    let chains = draws(run, &model)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let estimates = estimate(&model, &project, &chains, Some(window), threads);
    Ok(report_data::assemble(report_data::Inputs {
        project: &project,
        dataset,
        model: &model,
        estimates: &estimates,
        title: whole.title,
        run: whole.generated_from,
        verdict: whole.verdict,
        diagnostics: whole.diagnostics,
        findings: whole.findings,
    }))
}

/// The chains of a run, in the coordinates of `model`.
fn draws(run: &Path, model: &Model) -> anyhow::Result<Vec<ChainDraws>> {
    let table = read_table(run, DRAWS).map_err(|findings| {
        anyhow!("{} cannot be read: {}", run.join(DRAWS).display(), findings.first().map_or("", |f| &f.found))
    })?;
    let chain = numbers(&table, "chain")?;
    let columns = model.parameters.iter().map(|p| match p.coordinate {
        Some(_) => numbers(&table, &p.name),
        None => Ok(vec![p.prior.middle(); table.rows()]),
    });
    let columns: Vec<Vec<f64>> = columns.collect::<anyhow::Result<_>>()?;
    let mut out: Vec<ChainDraws> = Vec::new();
    for (row, this) in chain.iter().enumerate() {
        if row == 0 || chain[row - 1] != *this {
            out.push(ChainDraws {
                dim: model.parameters.sampled(),
                positions: Vec::new(),
                energies: Vec::new(),
                divergences: 0,
                max_depth_hits: 0,
                gradients: 0,
                warmup_gradients: 0,
            });
        }
        let values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
        if let Some(last) = out.last_mut() {
            last.positions.extend(model.parameters.position(&values));
        }
    }
    Ok(out)
}

fn numbers(table: &Table, name: &str) -> anyhow::Result<Vec<f64>> {
    match table.column(name).map(|c| &c.cells) {
        Some(Cells::Number(values)) => Ok(values.iter().map(|v| v.unwrap_or(f64::NAN)).collect()),
        _ => bail!("{DRAWS} has no column of numbers {name:?}; fit again"),
    }
}
