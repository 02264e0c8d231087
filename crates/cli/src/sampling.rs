//! The sampling of a fit: pilot, chains, what is kept of them when somebody stops it.

use crate::args::FitArgs;
use crate::hash::Hash;
use crate::partial::Store;
use crate::progress::Progress;
use crate::terminal::Terminal;
use crate::{interrupt, settings};
use counterpoint::data::Dataset;
use counterpoint::model::build::Model;
use counterpoint::model::fit;
use counterpoint::project::{Project, SamplerSpec};
use counterpoint_infer::nuts::{ChainDraws, SampleError, Step};
use counterpoint_infer::sample::Watch;
use std::sync::Arc;
use std::time::Instant;

/// Chains, and the model whose coordinates they are in.
pub(crate) struct Sampled {
    pub(crate) model: Arc<Model>,
    pub(crate) chains: Vec<ChainDraws>,
    pub(crate) store: Option<Store>,
    pub(crate) pilot: f64,
    pub(crate) sample: f64,
}

/// Runs the pilot and the chains; none where somebody stopped them.
pub(crate) fn sample(
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
    fn step(&self, _: Step<'_>) -> bool {
        self.0.pilot();
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
    fn longer(&self, times: usize) {
        self.progress.longer(times);
    }
}

/// Coordinates whose R-hat is worth watching: all but the geos' deviations and a sampled baseline.
fn watchable(model: &Model) -> Vec<usize> {
    let last = model.sampled_baseline.unwrap_or(usize::MAX);
    let own = model.parameters.iter().enumerate().filter(|(i, p)| *i < last && !settings::is_deviation(p));
    own.filter_map(|(_, p)| p.coordinate).collect()
}

/// The fingerprint of what a position means: the frame is computed from all that chose the coordinates.
fn coordinates(prepared: &fit::Prepared) -> Hash {
    let numbers: Vec<u8> = prepared.frame.numbers().flat_map(f64::to_le_bytes).collect();
    Hash::of(&numbers)
}
