//! The page of a run: what the fit says, with the plan, the stress and the trust report that lie in its folder.

use crate::run_folder::REPORT_JSON;
use crate::terminal::Terminal;
use anyhow::Context;
use counterpoint_report::ReportData;
use counterpoint_sources::write_file;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// The page itself.
pub(crate) const REPORT_HTML: &str = "report.html";
/// The plan that the page shows.
pub(crate) const PLAN_JSON: &str = "plan.json";
/// The shocks that the page shows.
pub(crate) const STRESS_JSON: &str = "stress.json";
/// The trust report that the page shows.
pub(crate) const VERIFY_JSON: &str = "verify.json";

/// Everything that the page of a run shows.
///
/// # Errors
/// A file that cannot be read or is damaged, with its name and the mend.
pub(crate) fn read(run: &Path) -> anyhow::Result<ReportData> {
    let path = run.join(REPORT_JSON);
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}; fit again", path.display()))?;
    let mut data: ReportData =
        serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged; fit again", path.display()))?;
    data.plan = beside(run, PLAN_JSON, "counterpoint plan")?;
    data.stress = beside(run, STRESS_JSON, "counterpoint stress")?;
    data.trust = beside(run, VERIFY_JSON, "counterpoint verify")?;
    Ok(data)
}

/// A part that another command wrote beside the report, if it did.
fn beside<T: DeserializeOwned>(run: &Path, name: &str, command: &str) -> anyhow::Result<Option<T>> {
    let path = run.join(name);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let part = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is damaged; remove it or run `{command}` again", path.display()))?;
    Ok(Some(part))
}

/// Writes the page anew after `written`, a part of it, if the run folder has both; says so, and gives back the page's path.
///
/// What was written stays good if the page cannot be made, so that is only said.
pub(crate) fn renew(run: &Path, written: &Path, terminal: &Terminal) -> Option<PathBuf> {
    let shown = [PLAN_JSON, STRESS_JSON, VERIFY_JSON].iter().any(|name| run.join(name) == written);
    if !shown || !run.join(REPORT_JSON).exists() {
        return None;
    }
    let page = run.join(REPORT_HTML);
    let made = read(run).and_then(|data| Ok(write_file(&page, counterpoint_report::render(&data).as_bytes())?));
    match made {
        Ok(()) => {
            terminal.say(&format!("Report with it: {}", page.display()));
            Some(page)
        }
        Err(error) => {
            terminal.say(&format!("The report was not written anew: {error:#}"));
            None
        }
    }
}
