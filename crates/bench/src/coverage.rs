//! How often 90 % intervals of the drivers' totals hold the truth, over simulated markets of many seeds, with default settings.

use anyhow::anyhow;
use counterpoint::data::assemble;
use counterpoint::model::build::Model;
use counterpoint::model::estimate::estimate;
use counterpoint::model::fit::fit;
use counterpoint::simulate::{SimulationSpec, simulate};

/// Fits markets of `seeds` seeds, national (156 weeks) and with 5 geos (104 weeks) in turn, five drivers each; prints a line each and the sum.
pub(crate) fn coverage(seeds: u64, threads: usize) -> anyhow::Result<()> {
    let (mut held, mut all) = (0, 0);
    for seed in 1..=seeds {
        let (geos, periods) = if seed % 2 == 1 { (1, 156) } else { (5, 104) };
        let spec = SimulationSpec { seed, geos, periods, channels: Some(5), ..SimulationSpec::default() };
        let market = simulate(&spec).map_err(|f| anyhow!("{f:?}"))?;
        let (data, findings) = assemble(&market.project, &market.tables);
        let data = data.ok_or_else(|| anyhow!("{findings:?}"))?;
        let (model, chains) = fit(Model::new(&market.project, &data), &market.project.sampler, threads)?;
        let found = estimate(&model, &market.project, &chains, None, threads);
        let mut here = 0;
        let mut error = 0.0;
        for driver in &found.drivers {
            let Some(truth) = market.truth.drivers.iter().find(|t| t.name == driver.name) else { continue };
            here += usize::from((driver.incremental.q05..=driver.incremental.q95).contains(&truth.contribution));
            error += (driver.incremental.mean / truth.contribution - 1.0).abs() / found.drivers.len() as f64;
        }
        let divergences: u64 = chains.iter().map(|c| c.divergences).sum();
        println!(
            "seed {seed:3} geos {geos} held {here}/{} mean error of totals {:.0} % divergences {divergences}",
            found.drivers.len(),
            100.0 * error
        );
        held += here;
        all += found.drivers.len();
    }
    println!("90 % intervals that hold the truth: {held} of {all} ({:.0} %)", 100.0 * held as f64 / all as f64);
    Ok(())
}
