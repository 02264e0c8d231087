//! Creators against the truth of simulated markets of many seeds, and against the habit of entering all of them as one channel.
//!
//! `creators-coverage=N` fits N markets with creators, the same without sales by code, and the same without creators at all.
//! `lumped=N` fits N markets with creators, and the same with one spend channel in their place. `overlaps=N` fits N markets whose people are of three kinds,
//! with the overlaps of audiences and without. `chains`, `warmup`, `draws` apply.

use anyhow::{Context, anyhow};
use counterpoint::creators::activity::{cost_by_period, creator_cost};
use counterpoint::creators::kernel::learn;
use counterpoint::data::{Dataset, Driver, DriverKind, assemble};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{Estimates, Interval, estimate};
use counterpoint::model::fit::fit;
use counterpoint::project::{DriverSource, DriverSpec, Project, Role, SamplerSpec, ShapePriors};
use counterpoint::simulate::{ChannelSpec, RosterSpec, RosterTruth, Simulation, SimulationSpec, simulate};

/// Name of the one channel in place of all creators.
const LUMPED: &str = "influencer";

/// Runs what was asked for; whether anything was.
pub(crate) fn asked(option: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<bool> {
    let seeds = |key: &str| option(key).map(|n| n.parse::<u64>().with_context(|| format!("{key}={n}"))).transpose();
    let number = |key: &str, default: usize| -> anyhow::Result<usize> {
        option(key).map_or(Ok(default), |n| n.parse().with_context(|| format!("{key}={n}")))
    };
    let sampler = SamplerSpec {
        chains: number("chains", 2)?,
        warmup: number("warmup", 500)?,
        draws: number("draws", 500)?,
        ..SamplerSpec::default()
    };
    match (seeds("creators-coverage")?, seeds("lumped")?, seeds("overlaps")?) {
        (Some(n), ..) => coverage(n, &sampler)?,
        (_, Some(n), _) => lumped(n, &sampler)?,
        (.., Some(n)) => overlaps(n, &sampler)?,
        (None, None, None) => return Ok(false),
    }
    Ok(true)
}

/// A market of four channels and 20 creators on three platforms, 4 geos, two years, its people of so many kinds.
fn market(seed: u64, kinds: usize) -> SimulationSpec {
    let creators = RosterSpec { count: 20, audience_kinds: kinds, at_home: 0.8, ..RosterSpec::default() };
    let channel = vec![ChannelSpec::default(); 4];
    // Small enough for sales by code to be counts.
    let baseline = 0.02;
    SimulationSpec {
        seed,
        geos: 4,
        periods: 104,
        baseline,
        channel,
        creators: Some(creators),
        ..SimulationSpec::default()
    }
}

fn made(seed: u64, kinds: usize) -> anyhow::Result<(Simulation, RosterTruth, Dataset)> {
    let market = simulate(&market(seed, kinds)).map_err(|f| anyhow!("{f:?}"))?;
    let truth = market.truth.creators.clone().context("no creators")?;
    let (data, findings) = assemble(&market.project, &market.tables);
    Ok((market, truth, data.ok_or_else(|| anyhow!("{findings:?}"))?))
}

fn fitted(project: &Project, data: &Dataset, sampler: &SamplerSpec) -> anyhow::Result<Estimates> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (model, chains) = fit(Model::new(project, data), sampler, threads)?;
    Ok(estimate(&model, project, &chains, None, threads))
}

/// Many comparisons of estimates with the truth; errors are sums over the sum of the truths.
#[derive(Default, Clone, Copy)]
struct Score {
    held: usize,
    all: usize,
    /// Sums of truths, and of errors without their sign and with it.
    truth: f64,
    error: f64,
    bias: f64,
}

impl Score {
    fn take(&mut self, found: &Interval, truth: f64) {
        self.held += usize::from((found.q05..=found.q95).contains(&truth));
        self.all += 1;
        self.truth += truth;
        self.error += (found.mean - truth).abs();
        self.bias += found.mean - truth;
    }

    fn text(&self) -> String {
        format!(
            "held {:3}/{:3} error {:3.0} % bias {:+3.0} %",
            self.held,
            self.all,
            100.0 * self.error / self.truth,
            100.0 * self.bias / self.truth
        )
    }
}

/// Channels, platforms and creators of one kind of fit.
#[derive(Default, Clone)]
struct Scores {
    channels: Score,
    platforms: Score,
    creators: Score,
    /// What would be lost without each alone.
    lost: Score,
    /// All creators together.
    together: Score,
    capture: Score,
    /// Rank correlation of creators' totals, by market.
    ranks: Vec<f64>,
}

impl Scores {
    fn take(&mut self, found: &Estimates, market: &Simulation, truth: &RosterTruth) {
        for driver in &found.drivers {
            if let Some(t) = market.truth.drivers.iter().find(|t| t.name == driver.name) {
                self.channels.take(&driver.incremental, t.contribution);
            }
            if let Some(t) = truth.platforms.iter().find(|t| driver.platform.as_ref() == Some(&t.name)) {
                self.platforms.take(&driver.incremental, t.contribution);
            }
        }
        let (mut means, mut truths) = (Vec::new(), Vec::new());
        for creator in &found.creators {
            let Some(t) = truth.creators.iter().find(|t| t.name == creator.name) else { continue };
            self.creators.take(&creator.incremental, t.contribution);
            self.lost.take(&creator.lost_without, t.lost_without);
            means.push(creator.incremental.mean);
            truths.push(t.contribution);
            if let (Some(found), Some(t)) = (&creator.capture, t.capture) {
                self.capture.take(found, t);
            }
        }
        if !means.is_empty() {
            let all: f64 = truths.iter().sum();
            let sum = |get: fn(&Interval) -> f64| found.creators.iter().map(|c| get(&c.incremental)).sum::<f64>();
            // Quantiles of a sum are not sums of quantiles; the mean is what counts here.
            self.together.take(&Interval { mean: sum(|i| i.mean), q05: 0.0, q50: 0.0, q95: 0.0 }, all);
            self.ranks.push(spearman(&means, &truths));
        }
    }

    fn print(&self, name: &str) {
        println!("{name}");
        println!("  channels  {}", self.channels.text());
        if self.ranks.is_empty() {
            return;
        }
        let mean = self.ranks.iter().sum::<f64>() / self.ranks.len() as f64;
        let least = self.ranks.iter().copied().fold(f64::INFINITY, f64::min);
        println!("  platforms {}", self.platforms.text());
        println!("  creators  {}", self.creators.text());
        println!("  lost without one {}", self.lost.text());
        println!("  all creators together: error {:.0} %", 100.0 * self.together.error / self.together.truth);
        println!("  rank correlation of creators: mean {mean:.2}, least {least:.2}");
        if self.capture.all > 0 {
            println!("  capture   {}", self.capture.text());
        }
    }
}

/// Spearman's rank correlation.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |x: &[f64]| -> Vec<f64> { x.iter().map(|v| x.iter().filter(|w| *w < v).count() as f64).collect() };
    let (a, b) = (ranks(a), ranks(b));
    let n = a.len() as f64;
    let squares: f64 = a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0)).max(1.0)
}

/// Prints how well creators and channels are found with codes, without, and channels without creators.
fn coverage(seeds: u64, sampler: &SamplerSpec) -> anyhow::Result<()> {
    let (mut with, mut blind, mut without) = (Scores::default(), Scores::default(), Scores::default());
    let (mut kernels, mut held) = (0, 0);
    for seed in 1..=seeds {
        let (market, truth, data) = made(seed, 1)?;
        let roster = data.roster.as_ref().context("no roster")?;
        for learned in learn(roster) {
            let name = &roster.platforms[learned.platform];
            let Some(t) = truth.platforms.iter().find(|p| p.name == *name) else { continue };
            for (known, t) in [(learned.omega, t.omega), (learned.u0, t.u0)] {
                kernels += 1;
                held += usize::from((known.q05..=known.q95).contains(&t));
            }
        }
        with.take(&fitted(&market.project, &data, sampler)?, &market, &truth);
        let mut quiet = data.clone();
        quiet.roster.iter_mut().for_each(|r| r.tracked.clear());
        blind.take(&fitted(&market.project, &quiet, sampler)?, &market, &truth);
        let project = Project { creators: None, ..market.project.clone() };
        let bare = Dataset { roster: None, ..data };
        without.take(&fitted(&project, &bare, sampler)?, &market, &truth);
        println!("seeds 1 to {seed}; parameters of decay inside their 90 % intervals: {held}/{kernels}");
        with.print("with sales by code");
        blind.print("without sales by code");
        without.print("without creators in the model");
    }
    Ok(())
}

/// Prints the error of all creators together and of channels, with creators as creators and with all of them as one channel.
fn lumped(seeds: u64, sampler: &SamplerSpec) -> anyhow::Result<()> {
    let (mut apart, mut one) = (Scores::default(), Scores::default());
    let mut lump = Score::default();
    println!("seed  true total  as creators       as one channel (90 %)");
    for seed in 1..=seeds {
        let (market, truth, data) = made(seed, 1)?;
        let total: f64 = truth.platforms.iter().map(|p| p.contribution).sum();
        let found = fitted(&market.project, &data, sampler)?;
        apart.take(&found, &market, &truth);
        let (project, data) = as_one_channel(&market.project, &data)?;
        let together = fitted(&project, &data, sampler)?;
        one.take(&together, &market, &truth);
        let own = together.drivers.iter().find(|d| d.name == LUMPED).context("no lumped channel")?;
        lump.take(&own.incremental, total);
        let sum: f64 = found.creators.iter().map(|c| c.incremental.mean).sum();
        let change = |x: f64| 100.0 * (x / total - 1.0);
        println!(
            "{seed:4}  {total:10.0}  {sum:10.0} {:+4.0} %  {:10.0} {:+4.0} % ({:.0} to {:.0})",
            change(sum),
            own.incremental.mean,
            change(own.incremental.mean),
            own.incremental.q05,
            own.incremental.q95
        );
    }
    apart.print("creators as creators");
    one.print("creators as one channel");
    println!("  the channel {}", lump.text());
    Ok(())
}

/// Prints how well creators are found where some share people more than others, with the overlaps of their audiences and without.
fn overlaps(seeds: u64, sampler: &SamplerSpec) -> anyhow::Result<()> {
    let (mut with, mut without) = (Scores::default(), Scores::default());
    for seed in 1..=seeds {
        let (market, truth, mut data) = made(seed, 3)?;
        with.take(&fitted(&market.project, &data, sampler)?, &market, &truth);
        data.roster.iter_mut().for_each(|r| r.audiences.clear());
        without.take(&fitted(&market.project, &data, sampler)?, &market, &truth);
        println!("seeds 1 to {seed}");
        with.print("with overlaps");
        without.print("without overlaps");
    }
    Ok(())
}

/// The same project with all creators as one channel by what they cost each period, split over geos by population.
fn as_one_channel(project: &Project, data: &Dataset) -> anyhow::Result<(Project, Dataset)> {
    let roster = data.roster.as_ref().context("no roster")?;
    let costs = cost_by_period(roster, data, &creator_cost(roster, data));
    let periods = data.n_periods();
    let people: f64 = data.population.iter().sum();
    let week = |t: usize| costs.iter().skip(t).step_by(periods).sum::<f64>();
    let of = |g: usize, t: usize| week(t) * data.population[g] / people;
    let spend: Vec<f64> = (0..data.n_geos() * periods).map(|i| of(i / periods, i % periods)).collect();
    let padded = data.history + periods;
    let exposure = (0..data.n_geos() * padded)
        .map(|i| (i % padded).checked_sub(data.history).map_or(0.0, |t| spend[i / padded * periods + t]));
    let driver = Driver {
        name: LUMPED.to_owned(),
        kind: DriverKind::Channel,
        exposure: exposure.collect(),
        frequency: None,
        spend: Some(spend),
    };
    let source = DriverSource::Channel { spend: LUMPED.to_owned(), exposure: None, role: Role::Creation };
    let spec = DriverSpec {
        name: LUMPED.to_owned(),
        source,
        platform: None,
        prior: None,
        adstock: None,
        max_lag: None,
        saturation: None,
        slope: None,
        scale: None,
        shape: ShapePriors::default(),
    };
    let mut project = Project { creators: None, ..project.clone() };
    project.drivers.push(spec);
    let mut data = Dataset { roster: None, ..data.clone() };
    data.drivers.push(driver);
    Ok((project, data))
}
