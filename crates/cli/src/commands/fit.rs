//! `counterpoint fit`: check, sample, read back, judge, write a run folder.

use super::check;
use crate::args::{FitArgs, SamplingArgs};
use crate::exit::Exit;
use crate::hash::Hash;
use crate::load::{Loaded, load};
use crate::partial::Store;
use crate::progress::Progress;
use crate::run_folder::{self, Run, run_json};
use crate::terminal::Terminal;
use crate::{interrupt, prior_only, report_data, settings};
use counterpoint::data::Dataset;
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{Estimates, estimate};
use counterpoint::model::fit;
use counterpoint::project::{Project, SamplerSpec};
use counterpoint_infer::diagnose::{Diagnostics, ParameterDiagnostics, SamplerRecord, parameters};
use counterpoint_infer::draws::Draws;
use counterpoint_infer::nuts::{ChainDraws, SampleError, Step};
use counterpoint_infer::sample::Watch;
use counterpoint_report::{ReportData, Status, Verdict};
use counterpoint_sources::Staging;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    terminal.diagnostics(d);
}

/// Chains, and the model whose coordinates they are in.
struct Sampled {
    model: Arc<Model>,
    chains: Vec<ChainDraws>,
    store: Option<Store>,
    pilot: f64,
    sample: f64,
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
    let threads = settings::threads(&args.how);
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
    let verdict = verdict(&diagnostics, args.prior_only);
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
    });
    let run = Run {
        dataset,
        estimates: &estimates,
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

/// Runs the pilot and the chains; none where somebody stopped them.
fn sample(
    args: &FitArgs,
    project: &Project,
    dataset: &Dataset,
    hash: Hash,
    threads: usize,
    terminal: &Terminal,
) -> anyhow::Result<Option<Sampled>> {
    let again = format!("counterpoint fit {}", args.dir.display());
    let model = Model::new(project, dataset);
    let progress = Progress::new(&project.sampler, &watchable(&model), terminal.quiet());
    interrupt::leave_at_once(None);
    let stopped = |kept: usize, progress: &Progress| {
        progress.clear();
        let kept = if kept == 0 {
            "No chain was finished; nothing was written.".to_owned()
        } else {
            format!("{kept} of {} chains are kept.", project.sampler.chains)
        };
        terminal.stopped(&format!("Stopped. {kept} To go on, run the same command again: {again}"));
    };

    let stage = Instant::now();
    let prepared = match fit::prepare(model, &project.sampler, threads, &Pilot(&progress)) {
        Ok(prepared) => prepared,
        Err(SampleError::Stopped) => {
            stopped(0, &progress);
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let pilot = stage.elapsed().as_secs_f64();

    let stage = Instant::now();
    let store = Store::new(&args.dir, hash, coordinates(&prepared));
    let SamplerSpec { chains, draws, .. } = project.sampler;
    let resumed = if args.how.no_resume {
        vec![None; chains]
    } else {
        store.resume(chains, prepared.model.parameters.sampled(), draws)
    };
    let found = resumed.iter().flatten().count();
    resumed.iter().enumerate().for_each(|(k, c)| c.iter().for_each(|c| progress.resumed(k, c)));
    if found > 0 && !terminal.quiet() {
        crate::terminal::aside(&format!("{found} of {chains} chains are taken from the fit that was stopped."));
    }
    let result =
        fit::run(&prepared, &project.sampler, resumed, threads, &Chains { progress: &progress, store: &store });
    progress.clear();
    store.take_notes().iter().for_each(|note| crate::terminal::aside(&format!("note: {note}")));
    match result {
        Ok(chains) if !interrupt::asked() => {
            interrupt::leave_at_once(Some(format!(
                "Stopped. All chains are kept. To go on, run the same command again: {again}"
            )));
            progress.stage("reading the draws back");
            let sample = stage.elapsed().as_secs_f64();
            Ok(Some(Sampled { model: prepared.model, chains, store: Some(store), pilot, sample }))
        }
        Ok(_) | Err(SampleError::Stopped) => {
            stopped(store.kept(), &progress);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Watches the pilot.
struct Pilot<'a>(&'a Progress);

impl Watch for Pilot<'_> {
    fn step(&self, step: Step<'_>) -> bool {
        self.0.pilot(&step);
        !interrupt::asked()
    }
    fn finished(&self, _: usize, _: &ChainDraws) {}
}

/// Watches the chains, and keeps the finished ones.
struct Chains<'a> {
    progress: &'a Progress,
    store: &'a Store,
}

impl Watch for Chains<'_> {
    fn step(&self, step: Step<'_>) -> bool {
        self.progress.step(&step);
        !interrupt::asked()
    }
    fn finished(&self, chain: usize, draws: &ChainDraws) {
        self.store.keep(chain, draws);
    }
}

/// Coordinates whose R-hat is worth watching: all but the geos' deviations and a sampled baseline.
fn watchable(model: &Model) -> Vec<usize> {
    let last = model.sampled_baseline.unwrap_or(usize::MAX);
    let own = model.parameters.iter().enumerate().filter(|(i, p)| *i < last && !settings::is_deviation(p));
    own.filter_map(|(_, p)| p.coordinate).collect()
}

/// The fingerprint of what a position means: where chains begin is computed from all of it.
fn coordinates(prepared: &fit::Prepared) -> Hash {
    let start: Vec<u8> = prepared.start.iter().flat_map(|x| x.to_le_bytes()).collect();
    Hash::of(&start)
}

/// Diagnostics of all scalars, and of the sampled ones together. What the model draws exactly given the others needs no judge.
fn judge(sampled: &Sampled, estimates: &Estimates) -> (Vec<ParameterDiagnostics>, Diagnostics) {
    let all = &estimates.scalars;
    let judged = parameters(all);
    let count = sampled.model.parameters.sampled().min(all.len());
    let mut own = Draws::new(all.chains(), all.draws());
    (0..count).for_each(|i| own.push(all.names()[i].clone(), all.scalar(i)));
    let record = SamplerRecord {
        energy: sampled.chains.iter().map(|c| c.energies.clone()).collect(),
        divergences: sampled.chains.iter().map(|c| c.divergences as usize).sum(),
        max_depth_hits: sampled.chains.iter().map(|c| c.max_depth_hits as usize).sum(),
    };
    let diagnostics = Diagnostics::from_parameters(&own, &judged[..count], &record);
    (judged, diagnostics)
}

fn verdict(diagnostics: &Diagnostics, prior_only: bool) -> Verdict {
    if prior_only {
        let reason = "No data were used: these numbers are what the priors alone say.".to_owned();
        return Verdict { status: Status::Review, reasons: vec![reason] };
    }
    let verdict = diagnostics.verdict();
    let status = match verdict.status {
        counterpoint_infer::diagnose::Status::Ok => Status::Ok,
        counterpoint_infer::diagnose::Status::Review => Status::Review,
        counterpoint_infer::diagnose::Status::Fail => Status::Fail,
    };
    Verdict { status, reasons: verdict.reasons }
}

fn title(project: &Project, prior_only: bool) -> String {
    if prior_only { format!("{} (prior only)", project.name) } else { project.name.clone() }
}

/// Diagnostics as the report shows them; without a clock, so that the same fit gives the same page.
fn shown(d: &Diagnostics, sampler: &SamplerSpec, e: &Estimates) -> counterpoint_report::Diagnostics {
    counterpoint_report::Diagnostics {
        rhat_max: d.rhat_max.value,
        ess_bulk_min: d.ess_bulk_min.value,
        ess_tail_min: d.ess_tail_min.value,
        divergences: d.divergences as u64,
        ebfmi_min: d.ebfmi_min,
        max_treedepth_hits: d.max_depth_hits as u64,
        chains: d.chains as u64,
        warmup: sampler.warmup as u64,
        draws: d.draws as u64,
        seconds: None,
        loo_elpd: e.loo.as_ref().map(|l| l.elpd),
        pareto_k_bad: e.loo.as_ref().map(|l| l.untrusted().len() as f64 / l.points.len().max(1) as f64),
        r2: e.r2,
        mape: e.mape,
        coverage90: e.coverage90,
    }
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
