//! A run folder: `docs/run-folder.md` names its files and columns, which are a promise to users' scripts.

pub(crate) mod run_json;
mod tables;

use crate::{experiments, report_data};
use anyhow::Context;
use counterpoint::data::Dataset;
use counterpoint::model::estimate::Estimates;
use counterpoint::model::evidence::Evidence;
use counterpoint_infer::diagnose::ParameterDiagnostics;
use counterpoint_report::ReportData;
use counterpoint_sources::Staging;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// File that the report is rendered from.
pub(crate) const REPORT_JSON: &str = "report.json";
/// File that says what the run is.
pub(crate) const RUN_JSON: &str = "run.json";
/// File with all draws.
pub(crate) const DRAWS: &str = "draws.parquet";

/// What is written.
pub(crate) struct Run<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) estimates: &'a Estimates,
    /// What is said of experiments; empty without experiments.
    pub(crate) evidence: &'a [Evidence],
    /// Diagnostics of every scalar of the estimates.
    pub(crate) judged: &'a [ParameterDiagnostics],
    pub(crate) report: &'a ReportData,
    /// Text of the project file.
    pub(crate) project_text: &'a str,
    /// When writing began.
    pub(crate) begun: Instant,
}

/// Writes the run whole or not at all; `run_json` is made last, from the seconds that writing took.
pub(crate) fn write(target: &Path, run: &Run<'_>, run_json: impl FnOnce(f64) -> Value) -> anyhow::Result<PathBuf> {
    let folder = Staging::begin(target)?;
    let (geos, dates) = (&run.dataset.geos, &run.dataset.dates);
    folder.write_csv("drivers.csv", &tables::drivers(run.estimates))?;
    folder.write_csv("parameters.csv", &tables::parameters(&run.estimates.scalars, run.judged))?;
    if !run.evidence.is_empty() {
        folder.write_csv("experiments.csv", &experiments::columns(run.evidence))?;
    }
    folder.write_parquet("contributions.parquet", &tables::contributions(run.estimates, geos, dates))?;
    folder.write_parquet("fit.parquet", &tables::fit(run.estimates, geos, dates))?;
    folder.write_parquet(DRAWS, &tables::draws(&run.estimates.scalars))?;
    let report = serde_json::to_vec(run.report).context("the report cannot be written as JSON")?;
    folder.write(REPORT_JSON, &report)?;
    folder.write("report.html", counterpoint_report::render(run.report).as_bytes())?;
    folder.write(counterpoint_sources::PROJECT_FILE, run.project_text.as_bytes())?;
    let mut text = serde_json::to_string_pretty(&run_json(run.begun.elapsed().as_secs_f64()))?;
    text.push('\n');
    folder.write(RUN_JSON, text.as_bytes())?;
    Ok(folder.commit()?)
}

/// The drivers as JSON, for `--json`.
pub(crate) fn drivers_json(estimates: &Estimates) -> Value {
    let rows = estimates.drivers.iter().map(|d| {
        serde_json::json!({
            "driver": d.name,
            "kind": d.kind,
            "spend": d.spend,
            "incremental": report_data::interval(&d.incremental),
            "roi": d.roi.as_ref().map(report_data::interval),
            "mroi": d.mroi.as_ref().map(report_data::interval),
            "share": report_data::interval(&d.share),
            "identified": d.identified,
        })
    });
    Value::Array(rows.collect())
}
