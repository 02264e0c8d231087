//! Speed and recovery on the data sets under `bench/data`: `cargo run --release -p counterpoint-bench -- [NAME...]`.
//!
//! Prints one line a set: seconds (data read to draws kept), gradients a draw, how many times as long chains went on until they had met, worst R-hat, smallest ESS, divergences, peak memory and,
//! where the truth is known, the error of the contributions. Options as `key=value`: `chains`, `warmup`, `draws`, `longest`, `seed`,
//! `accept`,
//! `baseline=sampled`, `worst=N` (the N parameters with the least effective draws), `show=TEXT` (a line a parameter whose name holds the text),
//! `where=1` (where divergent draws lie), `project=DIR` (a project of your own),
//! `coverage=N` (intervals of the totals against the truth of N simulated markets), `creators-coverage=N`, `lumped=N`, `overlaps=N` (see `creators.rs`),
//! `geolift-study=N` (experiments read on simulated panels, see `geolift_study.rs`; `methods=ascm,sdid`),
//! `dose-study=N` (the same for effects by dose, see `dose_study.rs`),
//! `plan-scale=1`, `plan-greedy=1`, `plan-backtest=N` (see `plan.rs`).
//! `confounded=N`, `roas=N` (see `confounded.rs`).
// A benchmark reads files, asks the clock and prints.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

mod confounded;
mod coverage;
mod creators;
mod dose_study;
mod geolift_study;
mod plan;
mod recovery;

use anyhow::{Context, anyhow};
use counterpoint::data::assemble;
use counterpoint::model::build::Model;
use counterpoint::model::fit::{prepare, run};
use counterpoint::model::posterior::Posterior;
use counterpoint::project::Project;
use counterpoint_infer::diagnose::parameters;
use counterpoint_infer::draws::Draws;
use counterpoint_infer::log_density::LogDensity;
use counterpoint_infer::nuts::ChainDraws;
use counterpoint_infer::nuts::Step;
use counterpoint_infer::sample::{Silent, Watch};
use counterpoint_sources::{load_project, read_table};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

const SETS: &[(&str, &str)] = &[
    ("small", "recovery/small_business-20250715"),
    ("growing", "recovery/growing_business-20250715"),
    ("medium", "recovery/medium_business-20250715"),
    ("pymc", "pymc"),
    ("meridian", "meridian"),
    ("meridian-own-spec", "meridian-own-spec"),
    ("large", "recovery/large_business-20250715"),
    ("creators", "creators-plain-1"),
];

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (options, names): (Vec<String>, Vec<String>) = args.into_iter().partition(|a| a.contains('='));
    let option = |key: &str| options.iter().find_map(|o| o.strip_prefix(&format!("{key}=")).map(str::to_owned));
    let chosen: Vec<&(&str, &str)> =
        SETS.iter().filter(|(n, _)| names.is_empty() || names.iter().any(|x| x == n)).collect();
    if let Some(panels) = option("geolift-study") {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        return geolift_study::study(panels.parse()?, option("methods").as_deref(), threads);
    }
    if let Some(panels) = option("dose-study") {
        dose_study::study(panels.parse()?);
        return Ok(());
    }
    println!(
        "{:18} {:>8} {:>8} {:>9} {:>7} {:>7} {:>5} {:>7} {:>7} {:>5} {:>8} {:>7} {:>7} {:>8}",
        "set",
        "seconds",
        "µs/grad",
        "ns/cell",
        "warm",
        "draw",
        "times",
        "R-hat",
        "ESS",
        "div",
        "peak MB",
        "sRMSE",
        "total",
        "covered"
    );
    if creators::asked(&option)? || plan::asked(&option)? || confounded::asked(&option)? {
        return Ok(());
    }
    if let Some(seeds) = option("coverage") {
        return coverage::coverage(seeds.parse()?, std::thread::available_parallelism().map_or(1, usize::from));
    }
    if let Some(folder) = option("project") {
        return one("project", Path::new(&folder), &option);
    }
    for (name, folder) in chosen {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bench/data").join(folder);
        one(name, &dir, &option).with_context(|| format!("{name} ({})", dir.display()))?;
    }
    Ok(())
}

/// Project and data of a folder.
fn load(dir: &Path) -> anyhow::Result<(Project, counterpoint::data::Dataset)> {
    let (project, _, _) = load_project(dir).map_err(|f| anyhow!("{f:?}"))?;
    let data = read(&project, dir)?;
    Ok((project, data))
}

fn one(name: &str, dir: &Path, option: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<()> {
    let begun = Instant::now();
    let (mut project, _, _) = load_project(dir).map_err(|f| anyhow!("{f:?}"))?;
    let set = |key: &str, to: &mut usize| -> anyhow::Result<()> {
        if let Some(text) = option(key) {
            *to = text.parse().with_context(|| format!("{key}={text}"))?;
        }
        Ok(())
    };
    if name == "large" {
        (project.sampler.warmup, project.sampler.draws) = (500, 500);
    }
    set("chains", &mut project.sampler.chains)?;
    set("warmup", &mut project.sampler.warmup)?;
    set("draws", &mut project.sampler.draws)?;
    if let Some(times) = option("longest") {
        project.sampler.longest = Some(times.parse()?);
    }
    if let Some(seed) = option("seed") {
        project.sampler.seed = seed.parse()?;
    }
    if let Some(accept) = option("accept") {
        project.sampler.target_accept = accept.parse()?;
    }
    project.model.integrate_baseline &= option("baseline").as_deref() != Some("sampled");
    let data = read(&project, dir)?;
    let model = Model::new(&project, &data);
    let cells = model.y.len() * model.drivers.len();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let prepared = prepare(model, &project.sampler, threads, &Silent)?;
    let divergent = Divergent::default();
    let chains = run(&prepared, &project.sampler, vec![None; project.sampler.chains], threads, &divergent)?;
    let seconds = begun.elapsed().as_secs_f64();
    let model = &prepared.model;
    let mut draws = Draws::new(chains.len(), project.sampler.draws);
    let positions = chains.iter().flat_map(|chain| chain.positions.chunks_exact(chain.dim));
    let values: Vec<Vec<f64>> = positions.map(|position| model.parameters.values(position)).collect();
    for (i, p) in model.parameters.iter().enumerate().filter(|(_, p)| p.coordinate.is_some()) {
        let column: Vec<f64> = values.iter().map(|v| v[i]).collect();
        draws.push(p.name.clone(), &column);
    }
    let found = parameters(&draws);
    let rhat = found.iter().map(|d| d.rhat).fold(0.0, f64::max);
    if option("where").is_some() {
        divergent.print(model, &chains);
    }
    if let Some(word) = option("show") {
        for i in 0..draws.len() {
            if draws.names()[i].contains(&word) {
                let v = draws.scalar(i);
                let (m, sd) = (counterpoint_infer::draws::mean(v), counterpoint_infer::draws::sd(v));
                let ordered = counterpoint_infer::draws::sorted(v);
                let q = |p| counterpoint_infer::draws::quantile(&ordered, p);
                let own = v.chunks_exact(v.len() / chains.len()).map(counterpoint_infer::draws::mean);
                println!(
                    "  {:40} mean {m:9.4} sd {sd:8.4} q05 {:9.4} q50 {:9.4} q95 {:9.4} by chain {}",
                    draws.names()[i],
                    q(0.05),
                    q(0.5),
                    q(0.95),
                    own.map(|m| format!("{m:.4}")).collect::<Vec<_>>().join(" ")
                );
            }
        }
    }
    if let Some(n) = option("worst") {
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|&a, &b| {
            found[a].ess_bulk.min(found[a].ess_tail).total_cmp(&found[b].ess_bulk.min(found[b].ess_tail))
        });
        for &i in order.iter().take(n.parse()?) {
            let d = &found[i];
            println!("  {:40} R-hat {:.4} ESS {:.0} / {:.0}", draws.names()[i], d.rhat, d.ess_bulk, d.ess_tail);
        }
    }
    let ess = found.iter().map(|d| d.ess_bulk.min(d.ess_tail)).fold(f64::INFINITY, f64::min);
    let per =
        |get: fn(&ChainDraws) -> u64, n: usize| chains.iter().map(get).sum::<u64>() as f64 / (chains.len() * n) as f64;
    let gradient = time_gradient(&mut Posterior::new(model.clone()), &chains[0].positions[..chains[0].dim]);
    print!(
        "{name:18} {seconds:8.2} {:8.1} {:9.2} {:7.1} {:7.1} {:5} {rhat:7.4} {ess:7.0} {:5} {:8.0}",
        gradient * 1e6,
        gradient * 1e9 / cells as f64,
        per(|c| c.warmup_gradients, project.sampler.warmup),
        per(|c| c.gradients, project.sampler.draws * chains[0].every),
        chains[0].every,
        chains.iter().map(|c| c.divergences).sum::<u64>(),
        peak_megabytes()
    );
    match recovery::against_truth(dir, model, &chains)? {
        Some(r) => println!(" {:7.3} {:6.1}% {:>5}/{}", r.error, 100.0 * r.total_error, r.covered, r.drivers),
        None => println!(),
    }
    Ok(())
}

/// Keeps the positions of divergent draws, to show where they lie.
#[derive(Default)]
struct Divergent(Mutex<Vec<Vec<f64>>>);

impl Watch for Divergent {
    fn step(&self, step: Step<'_>) -> bool {
        if step.diverging && !step.warmup {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step.position.to_vec());
        }
        true
    }

    fn finished(&self, _: usize, _: &ChainDraws) {}
}

impl Divergent {
    /// The parameters whose coordinate is most unusual where draws diverge.
    fn print(&self, model: &Model, chains: &[ChainDraws]) {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = Vec::new();
        for p in model.parameters.iter() {
            let Some(c) = p.coordinate else { continue };
            let all: Vec<f64> = chains.iter().flat_map(|chain| column(chain, c)).collect();
            let here: Vec<f64> = found.iter().map(|x| x[c]).collect();
            let (mean, sd) = (counterpoint_infer::draws::mean(&all), counterpoint_infer::draws::sd(&all));
            rows.push(((counterpoint_infer::draws::mean(&here) - mean) / sd, &p.name, mean, sd));
        }
        rows.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        for (z, name, mean, sd) in rows.iter().take(6) {
            println!("  {name:40} {z:6.2} sd from its mean {mean:.3} (sd {sd:.3}) in {} divergent draws", found.len());
        }
    }
}

/// One coordinate of a chain's draws.
fn column(chain: &ChainDraws, c: usize) -> impl Iterator<Item = f64> + '_ {
    chain.positions.iter().skip(c).step_by(chain.dim).copied()
}

fn read(project: &Project, dir: &Path) -> anyhow::Result<counterpoint::data::Dataset> {
    let mut tables = Vec::new();
    for file in project.tables() {
        tables.push(read_table(dir, file).map_err(|f| anyhow!("{f:?}"))?);
    }
    let (data, findings) = assemble(project, &tables);
    data.ok_or_else(|| anyhow!("{findings:?}"))
}

/// Seconds a gradient: the best of many, so that other work on the machine does not count.
fn time_gradient(posterior: &mut Posterior, at: &[f64]) -> f64 {
    let mut gradient = vec![0.0; at.len()];
    let one = |_| {
        let begun = Instant::now();
        posterior.evaluate(at, &mut gradient);
        begun.elapsed().as_secs_f64()
    };
    (0..500).map(one).fold(f64::INFINITY, f64::min)
}

/// Peak resident memory of this process so far.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}
