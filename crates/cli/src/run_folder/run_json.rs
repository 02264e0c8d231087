//! `run.json`: what the run is and how it went; and reading it back.

use super::RUN_JSON;
use crate::settings;
use anyhow::{Context, bail};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::Estimates;
use counterpoint::project::Project;
use counterpoint_infer::diagnose::{Diagnostics, Worst};
use counterpoint_report::Verdict;
use serde_json::{Value, json};
use std::path::Path;

/// Version of the format of run folders.
const FORMAT: u64 = 1;

/// What is told.
pub(crate) struct Facts<'a> {
    pub(crate) project: &'a Project,
    pub(crate) model: &'a Model,
    pub(crate) estimates: &'a Estimates,
    pub(crate) diagnostics: &'a Diagnostics,
    pub(crate) gradients: u64,
    pub(crate) verdict: &'a Verdict,
    /// Findings that are FAIL, REVIEW, INFO.
    pub(crate) findings: [usize; 3],
    /// Folder of the project: relative to the run where the run lies in it, absolute otherwise.
    pub(crate) project_dir: String,
    pub(crate) project_hash: String,
    pub(crate) hash: String,
    pub(crate) created: String,
    pub(crate) prior_only: bool,
    pub(crate) observations: usize,
    /// Seconds by stage.
    pub(crate) seconds: Value,
}

/// The whole file.
pub(crate) fn to_json(f: &Facts<'_>) -> Value {
    let (model, e) = (f.model, f.estimates);
    json!({
        "format": FORMAT,
        "version": env!("CARGO_PKG_VERSION"),
        "project": f.project.name,
        "project_dir": f.project_dir,
        "project_hash": f.project_hash,
        "hash": f.hash,
        "created": f.created,
        "seed": f.project.sampler.seed,
        "settings": settings::to_json(f.project, model, f.prior_only),
        "sizes": {
            "geos": model.n_geos(),
            "periods": model.n_periods(),
            "drivers": model.drivers.len(),
            "experiments": model.experiments.len(),
            "parameters": model.parameters.sampled(),
            "baseline_coefficients": model.baseline.coefficients(),
            "observations": f.observations,
        },
        "window": [e.window.0.to_string(), e.window.1.to_string()],
        "seconds": f.seconds,
        "diagnostics": diagnostics(f.diagnostics, f.gradients),
        "verdict": verdict(f.verdict),
        "findings": { "fail": f.findings[0], "review": f.findings[1], "info": f.findings[2] },
        "fit": { "r2": e.r2, "mape": e.mape, "coverage90": e.coverage90 },
        "loo": e.loo.as_ref().map(|l| json!({
            "elpd": l.elpd,
            "se": l.se,
            "p_loo": l.p_loo,
            "good_k": l.good_k,
            "observations": l.points.len(),
            "untrusted": l.untrusted().len(),
        })),
    })
}

/// The diagnostics, each with the parameter that is worst.
pub(crate) fn diagnostics(d: &Diagnostics, gradients: u64) -> Value {
    let name = |w: &Worst| w.parameter.clone();
    json!({
        "chains": d.chains,
        "draws": d.draws,
        "every": d.every,
        "rhat_max": d.rhat_max.value,
        "rhat_max_parameter": name(&d.rhat_max),
        "ess_bulk_min": d.ess_bulk_min.value,
        "ess_bulk_min_parameter": name(&d.ess_bulk_min),
        "ess_tail_min": d.ess_tail_min.value,
        "ess_tail_min_parameter": name(&d.ess_tail_min),
        "ess_bulk_q10": d.ess_bulk_q10,
        "divergences": d.divergences,
        "ebfmi_min": d.ebfmi_min,
        "max_depth_hits": d.max_depth_hits,
        "gradients": gradients,
    })
}

/// The verdict.
pub(crate) fn verdict(v: &Verdict) -> Value {
    json!({ "status": v.status, "reasons": v.reasons })
}

/// Reads `run.json` of a run folder.
pub(crate) fn read(run: &Path) -> anyhow::Result<Value> {
    let path = run.join(RUN_JSON);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound || e.kind() == std::io::ErrorKind::NotADirectory => {
            bail!("{} is not a run folder: there is no {RUN_JSON} in it; {}", run.display(), instead(run))
        }
        Err(e) => bail!("cannot read {}: {e}", path.display()),
    };
    let value: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is damaged; fit again, or take it from a copy", path.display()))?;
    match value["format"].as_u64() {
        Some(FORMAT) => Ok(value),
        Some(other) => bail!("{} is of format {other}; this version reads format {FORMAT}", path.display()),
        None => bail!("{} is not the {RUN_JSON} of a run of counterpoint", path.display()),
    }
}

/// What to do where the folder is not a run: perhaps it is a project with runs.
fn instead(dir: &Path) -> String {
    let entries = std::fs::read_dir(dir.join("runs")).into_iter().flatten().flatten();
    let runs = entries.map(|e| e.path()).filter(|p| p.join(RUN_JSON).is_file());
    match runs.max() {
        Some(latest) => format!("its latest run is {}", latest.display()),
        None => "name a folder that `counterpoint fit` wrote".to_owned(),
    }
}
