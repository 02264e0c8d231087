//! `counterpoint creators`: who brought what, for what price, and who would.

use crate::args::CreatorsArgs;
use crate::candidates;
use crate::exit::Exit;
use crate::reopen::Reopened;
use crate::roster::{Told, json as told_json, level, tables, text};
use crate::terminal::Terminal;
use anyhow::bail;
use counterpoint::finding::any_fail;
use counterpoint::model::estimate::people;
use counterpoint::model::forecast::forecast;
use counterpoint_report::{Status, Verdict};
use counterpoint_sources::write_csv;
use serde_json::json;
use std::path::PathBuf;

/// Runs the command.
pub(crate) fn run(args: &CreatorsArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let mut reopened = Reopened::open(&args.run)?;
    if let (Some(level), Some(creators)) = (args.level, &mut reopened.project.creators) {
        creators.fair_level = level;
    }
    let dataset = reopened.dataset()?;
    if reopened.project.creators.is_none() {
        bail!(
            "the project of {} has no creators: add a [creators] section to {}, then fit again",
            args.run.display(),
            reopened.dir.join(counterpoint_sources::PROJECT_FILE).display()
        );
    }
    let (asked, findings) = match &args.candidates {
        None => (Vec::new(), Vec::new()),
        Some(file) => candidates::read(file, dataset),
    };
    if any_fail(&findings) {
        terminal.forbidden(&findings);
        terminal.say("Nothing was written: mend what is FAIL above.");
        terminal.object(&json!({ "ok": false, "findings": findings }));
        return Ok(Exit::Fault);
    }
    let (model, chains) = reopened.fitted(&args.run)?;
    if model.creators.is_empty() {
        bail!("no creator of {} has views in the time of the data, so there is nothing to tell", args.run.display());
    }
    let files = Files::new(args, &reopened, !asked.is_empty())?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let verdict: Verdict = serde_json::from_value(reopened.about["verdict"].clone())?;
    let found = people(&model, &reopened.project, dataset, &chains, threads);
    let forecasts = forecast(&model, &reopened.project, dataset, &chains, &asked, threads);
    let failed = verdict.status == Status::Fail;
    let withheld = match reopened.about["settings"]["prior_only"].as_bool() {
        _ if failed => Some("The fit failed, so there is no verdict."),
        Some(true) => Some("No data were used, so there is no verdict."),
        _ => None,
    };
    let told = Told::new(&reopened.project, dataset, &model.creators, &found, &forecasts, withheld);
    let known: Vec<&str> = model.creators.iter().map(|c| c.name.as_str()).collect();

    files.write(&told, &known)?;
    show(&told, &known, &verdict, terminal);
    files.all().for_each(|f| terminal.say(&format!("Written: {}", f.display())));
    terminal.object(&json!({
        "run": args.run,
        "verdict": { "status": verdict.status, "reasons": verdict.reasons },
        "level": level(&reopened.project),
        "currency": reopened.project.currency,
        "outcome": reopened.project.outcome.column,
        "creators": told_json::creators(&told),
        "deals": told_json::deals(&told),
        "candidates": told_json::candidates(&told, &known),
        "not_incremental": found.roster.as_ref().and_then(|r| r.not_incremental),
        "commission_not_incremental": found.roster.as_ref().and_then(|r| r.commission_not_incremental),
        "files": files.all().collect::<Vec<_>>(),
    }));
    Ok(if failed { Exit::Fault } else { Exit::Done })
}

fn show(told: &Told<'_>, known: &[&str], verdict: &Verdict, terminal: &Terminal) {
    if verdict.status != Status::Ok {
        terminal.verdict(verdict.status, &verdict.reasons);
    }
    if told.people.iter().any(|p| p.verdict.is_some()) {
        terminal.say(&text::summary(told, level(told.project)));
        terminal.say("");
    }
    terminal.table(&text::creators(told));
    if !told.deals.is_empty() {
        terminal.table(&text::deals(told));
    }
    if !told.forecasts.is_empty() {
        terminal.table(&text::candidates(told, known));
    }
}

/// Where the tables go.
struct Files {
    creators: PathBuf,
    deals: Option<PathBuf>,
    candidates: Option<PathBuf>,
}

impl Files {
    /// In the run's folder; with `--out`, beside it. Never over a table that is read.
    fn new(args: &CreatorsArgs, reopened: &Reopened, candidates: bool) -> anyhow::Result<Files> {
        let beside = |what: &str| match &args.out {
            None => args.run.join(format!("{what}.csv")),
            Some(out) => {
                let stem = out.file_stem().unwrap_or_default().to_string_lossy();
                out.with_file_name(format!("{stem}-{what}.csv"))
            }
        };
        let any_deal = reopened.dataset()?.roster.as_ref().is_some_and(|r| !r.deals.is_empty());
        let files = Files {
            creators: args.out.clone().unwrap_or_else(|| beside("creators")),
            deals: any_deal.then(|| beside("deals")),
            candidates: candidates.then(|| beside("candidates")),
        };
        let tables = reopened.project.tables();
        let read = tables.iter().map(|t| reopened.dir.join(t)).chain(args.candidates.clone());
        let read: Vec<PathBuf> = read.filter_map(|f| f.canonicalize().ok()).collect();
        for file in files.all() {
            if file.canonicalize().is_ok_and(|f| read.contains(&f)) {
                bail!("{} is read from, so it is not written over; name another file with --out", file.display());
            }
        }
        Ok(files)
    }

    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [Some(&self.creators), self.deals.as_ref(), self.candidates.as_ref()].into_iter().flatten()
    }

    fn write(&self, told: &Told<'_>, known: &[&str]) -> anyhow::Result<()> {
        write_csv(&self.creators, &tables::creators(told))?;
        if let Some(file) = &self.deals {
            write_csv(file, &tables::deals(told))?;
        }
        if let Some(file) = &self.candidates {
            write_csv(file, &tables::candidates(told, known))?;
        }
        Ok(())
    }
}
