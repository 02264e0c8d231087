//! `counterpoint fit`: check, sample, read back, judge, write a run folder.

use super::check;
use crate::args::{FitArgs, SamplingArgs};
use crate::exit::Exit;
use crate::judge::{judge, shown, verdict};
use crate::load::{Loaded, load};
use crate::run_folder::{self, Run, run_json};
use crate::sampling::{Sampled, sample};
use crate::terminal::Terminal;
use crate::{experiments, interrupt, prior_only, report_data, settings};
use counterpoint::model::estimate::estimate;
use counterpoint::model::evidence::evidence;
use counterpoint::project::Project;
use counterpoint_report::{ReportData, Status};
use counterpoint_sources::Staging;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A fit that came to its end.
pub(crate) struct Fitted {
    /// The run folder.
    pub(crate) run: PathBuf,
    /// What the report shows.
    pub(crate) report: ReportData,
    /// What `--json` says.
    pub(crate) object: Value,
}

impl Fitted {
    /// How the program ends.
    pub(crate) fn exit(&self) -> Exit {
        if self.report.verdict.status == Status::Fail { Exit::Fault } else { Exit::Done }
    }
}

/// How a fit ended.
pub(crate) enum Ending {
    /// With a run folder.
    Fitted(Box<Fitted>),
    /// Without one; the reason has been told.
    Without(Exit),
}

/// Runs the command.
pub(crate) fn run(args: &FitArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    match fit(args, terminal)? {
        Ending::Without(exit) => Ok(exit),
        Ending::Fitted(fitted) => {
            show(&fitted, terminal);
            terminal.say(&format!("Run:    {}", fitted.run.display()));
            terminal.say(&format!("Report: {}", fitted.run.join("report.html").display()));
            terminal.say("Next:   open the report in a browser; for a window of days:");
            terminal.say(&format!("        counterpoint report {} --from DATE --to DATE", fitted.run.display()));
            if fitted.report.creators.is_some() {
                terminal.say("        who to renew, and at what fee:");
                terminal.say(&format!("        counterpoint creators {}", fitted.run.display()));
            }
            terminal.object(&fitted.object);
            Ok(fitted.exit())
        }
    }
}

/// The answer, the drivers, the diagnostics.
pub(crate) fn show(fitted: &Fitted, terminal: &Terminal) {
    let d = &fitted.report;
    terminal.verdict(d.verdict.status, &d.verdict.reasons);
    if d.verdict.status != Status::Fail {
        terminal.say(&crate::terminal::plain(&counterpoint_report::headline(d)));
        terminal.say("");
    }
    terminal.drivers(d);
    let evidence = experiments::lines(d);
    if !evidence.is_empty() {
        terminal.table(&evidence);
    }
    terminal.diagnostics(d);
}

/// Checks and fits a project, and writes the run.
pub(crate) fn fit(args: &FitArgs, terminal: &Terminal) -> anyhow::Result<Ending> {
    interrupt::listen();
    interrupt::leave_at_once(Some("Stopped before the first draw; nothing was written.".to_owned()));
    let begun = Instant::now();
    let created = Timestamp::now().to_zoned(TimeZone::UTC);
    let loaded = load(&args.dir);
    let Some((project, dataset)) = loaded.ready() else {
        terminal.forbidden(&loaded.findings);
        terminal.say(&check::summary(&loaded));
        terminal.object(&check::to_json(&loaded));
        return Ok(Ending::Without(Exit::Fault));
    };
    tell_findings(&loaded, terminal);
    let project = Project { sampler: settings::sampler(project, &args.how), ..project.clone() };
    let hash = settings::fingerprint(loaded.hash, &project.sampler, args.prior_only);
    let target = match &args.out {
        Some(out) => out.clone(),
        None => free(&args.dir.join("runs"), &format!("{}-{}", created.strftime("%Y-%m-%dT%H%M%S"), hash.short())),
    };
    // whether it can be written is found out now, not after the draws
    drop(Staging::begin(&target)?);
    let threads = settings::threads(args.how.threads);
    let read = begun.elapsed().as_secs_f64();

    let sampled = if args.prior_only {
        let (model, chains) = prior_only::draw(&project, dataset);
        Sampled { model, chains, store: None, pilot: 0.0, sample: begun.elapsed().as_secs_f64() - read }
    } else {
        match sample(args, &project, dataset, hash, threads, terminal)? {
            Some(sampled) => sampled,
            None => return Ok(Ending::Without(Exit::Interrupted)),
        }
    };

    let stage = Instant::now();
    let estimates = estimate(&sampled.model, &project, &sampled.chains, None, threads);
    let (judged, diagnostics) = judge(&sampled, &estimates);
    let evidence = match args.prior_only {
        true => Vec::new(),
        false => evidence(&sampled.model, &project, dataset, &sampled.chains, threads)?,
    };
    let verdict = experiments::judge(&evidence, verdict(&diagnostics, args.prior_only));
    let estimating = stage.elapsed().as_secs_f64();

    let report = report_data::assemble(report_data::Inputs {
        project: &project,
        dataset,
        model: &sampled.model,
        estimates: &estimates,
        title: title(&project, args.prior_only),
        run: hash.short(),
        diagnostics: shown(&diagnostics, &project.sampler, &estimates),
        verdict: verdict.clone(),
        findings: loaded.findings.iter().map(report_data::finding).collect(),
        evidence: experiments::rows(&evidence),
    });
    let run = Run {
        dataset,
        estimates: &estimates,
        evidence: &evidence,
        judged: &judged,
        report: &report,
        project_text: &loaded.text,
        begun: Instant::now(),
    };
    let mut object = json!(null);
    // from here on files are being written: a signal waits
    interrupt::leave_at_once(None);
    let target = run_folder::write(&target, &run, |writing| {
        object = run_json::to_json(&run_json::Facts {
            project: &project,
            model: &sampled.model,
            estimates: &estimates,
            diagnostics: &diagnostics,
            gradients: sampled.chains.iter().map(|c| c.gradients).sum(),
            verdict: &verdict,
            findings: check::counts(&loaded.findings),
            project_dir: project_dir(&args.dir, args.out.as_deref()),
            project_hash: loaded.hash.hex(),
            hash: hash.hex(),
            created: created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            prior_only: args.prior_only,
            observations: dataset.outcome.iter().filter(|y| !y.is_nan()).count(),
            seconds: json!({
                "read": read,
                "pilot": sampled.pilot,
                "sample": sampled.sample,
                "estimate": estimating,
                "write": writing,
            }),
        });
        object.clone()
    })?;
    if let Some(store) = &sampled.store {
        store.remove();
    }
    if let Some(fields) = object.as_object_mut() {
        fields.insert("run".to_owned(), json!(target));
        fields.insert("report".to_owned(), json!(target.join("report.html")));
        fields.insert("estimates".to_owned(), run_folder::drivers_json(&estimates));
        fields.insert("experiments".to_owned(), experiments::to_json(&evidence));
    }
    Ok(Ending::Fitted(Box::new(Fitted { run: target, report, object })))
}

/// Says what the checks found, in short: `check` has the whole list.
fn tell_findings(loaded: &Loaded, terminal: &Terminal) {
    terminal.say(&check::summary(loaded));
    if check::counts(&loaded.findings)[1] > 0 {
        terminal.say(&format!("Read the REVIEW findings with: counterpoint check {}", loaded.dir.display()));
    }
    terminal.say("");
}

fn title(project: &Project, prior_only: bool) -> String {
    if prior_only { format!("{} (prior only)", project.name) } else { project.name.clone() }
}

/// The first name that is not taken: two fits may begin within a second.
fn free(runs: &Path, name: &str) -> PathBuf {
    let taken = |path: &PathBuf| path.symlink_metadata().is_ok();
    let others = (2..1000).map(|n| runs.join(format!("{name}-{n}")));
    std::iter::once(runs.join(name)).chain(others).find(|p| !taken(p)).unwrap_or_else(|| runs.join(name))
}

/// The project's folder as the run remembers it.
fn project_dir(dir: &Path, out: Option<&Path>) -> String {
    match out {
        None => "../..".to_owned(),
        Some(_) => dir.canonicalize().unwrap_or_else(|_| dir.to_owned()).display().to_string(),
    }
}

/// The settings of a fit with nothing typed over the project's.
pub(crate) fn args(dir: &Path, how: &SamplingArgs) -> FitArgs {
    FitArgs { dir: dir.to_owned(), out: None, prior_only: false, how: how.clone() }
}
