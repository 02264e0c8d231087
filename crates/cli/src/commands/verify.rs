//! `counterpoint verify`: the trust report of a project's fit.

use super::fit::{Ending, args as fit_args, fit};
use crate::args::{SamplingArgs, VerifyArgs};
use crate::exit::Exit;
use crate::load::load;
use crate::progress::Work;
use crate::reopen::Reopened;
use crate::run_folder::run_json;
use crate::terminal::{Terminal, plain};
use crate::{interrupt, run_page, settings, trusting};
use anyhow::Context;
use counterpoint::verify::{Effort, steps, verify};
use counterpoint_infer::nuts::SampleError;
use counterpoint_report::{Status, Verdict, answer, findings};
use counterpoint_sources::write_file;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Runs the command.
pub(crate) fn run(args: &VerifyArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    interrupt::listen();
    let run = match run_of(args, terminal)? {
        Ok(run) => run,
        Err(exit) => return Ok(exit),
    };
    let file = args.out.clone().unwrap_or_else(|| run.join(run_page::VERIFY_JSON));
    // Whether it can be written is found out now, not after the refits.
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    anyhow::ensure!(folder.is_dir(), "the folder of {} is not there: make it, or name another file", file.display());
    let begun = Instant::now();
    let reopened = Reopened::open(&run)?;
    if reopened.about["settings"]["prior_only"].as_bool() == Some(true) {
        anyhow::bail!(
            "{} holds draws of the priors alone, which no data can contradict; fit without --prior-only",
            run.display()
        );
    }
    let verdict: Verdict = serde_json::from_value(reopened.about["verdict"].clone())?;
    if verdict.status != Status::Ok {
        terminal.verdict(verdict.status, &verdict.reasons);
    }
    interrupt::leave_at_once(Some("Stopped before the first refit; nothing was written.".to_owned()));
    let (model, chains) = reopened.fitted(&run)?;
    let dataset = reopened.dataset()?;
    let effort = if args.quick { Effort::quick() } else { Effort::full() };
    let effort = Effort { calibration: args.calibrate.map_or(0, usize::from), ..effort };
    let work = Work::new("verify", steps(&reopened.project, dataset, &effort), terminal.quiet());
    interrupt::leave_at_once(None);
    let go_on = || {
        work.step();
        !interrupt::asked()
    };
    let threads = settings::threads(args.threads);
    let found = verify(&reopened.project, dataset, &model, &chains, &effort, threads, &go_on);
    work.clear();
    let trust = match found {
        Ok(trust) => trust,
        Err(SampleError::Stopped) => {
            return Ok(terminal.stopped("Stopped. Nothing was written."));
        }
        Err(error) => return Err(error.into()),
    };
    let seconds = begun.elapsed().as_secs_f64();
    let shown = trusting::shown(&trust, args.quick);
    let mut object = serde_json::to_value(&shown)?;
    write_file(&file, format!("{object:#}\n").as_bytes())?;

    let data = run_page::read(&run).context("the run has no report")?;
    let checks = findings(&data, &shown);
    terminal.say(&plain(&answer(&data, &shown)));
    for check in &checks {
        terminal.say("");
        let word = match check.status {
            Status::Ok => "passed",
            Status::Review => "look",
            Status::Fail => "failed",
        };
        terminal.say(&format!("{} ({word})", check.title));
        terminal.say(&plain(&format!("  {}", check.words)));
    }
    terminal.say("");
    terminal.say(&format!("Written: {} ({})", file.display(), counterpoint_report::numbers::duration(seconds)));
    if let Some(page) = run_page::renew(&run, &file, terminal) {
        object["report"] = json!(page);
    }
    let failed = verdict.status == Status::Fail || checks.iter().any(|c| c.status == Status::Fail);
    object["run"] = json!(run);
    object["seconds"] = json!(seconds);
    object["files"] = json!([file]);
    object["verdicts"] =
        checks.iter().map(|c| (c.id.to_owned(), json!(c.status))).collect::<serde_json::Map<_, _>>().into();
    terminal.object(&object);
    Ok(if failed { Exit::Fault } else { Exit::Done })
}

/// The run to verify: the folder itself, the project's newest run of the same data and settings, or a new one.
fn run_of(args: &VerifyArgs, terminal: &Terminal) -> anyhow::Result<Result<PathBuf, Exit>> {
    if args.dir.join("run.json").exists() {
        return Ok(Ok(args.dir.clone()));
    }
    if let Some(run) = newest(&args.dir) {
        terminal.say(&format!("Verifying the fit in {}", run.display()));
        return Ok(Ok(run));
    }
    terminal.say("No fit of this project as it stands: fitting first.");
    let how = SamplingArgs { threads: args.threads, quiet: args.quiet, ..SamplingArgs::default() };
    Ok(match fit(&fit_args(&args.dir, &how), terminal)? {
        Ending::Without(exit) => Err(exit),
        Ending::Fitted(fitted) => Ok(fitted.run),
    })
}

/// The newest run of a project, by its name, that belongs to the project as it stands, whatever its sampler was.
fn newest(dir: &Path) -> Option<PathBuf> {
    let hash = load(dir).hash.hex();
    let mut runs: Vec<PathBuf> =
        std::fs::read_dir(dir.join("runs")).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    runs.sort();
    runs.into_iter().rev().find(|run| {
        run_json::read(run).is_ok_and(|about| {
            about["project_hash"].as_str() == Some(&hash)
                && about["settings"]["prior_only"].as_bool() == Some(false)
                && about["version"].as_str() == Some(env!("CARGO_PKG_VERSION"))
        })
    })
}
