//! Contributions against the truth: the measure of the public benchmark.

use anyhow::Context;
use counterpoint::data::Cells;
use counterpoint::model::build::Model;
use counterpoint::model::posterior::Posterior;
use counterpoint_infer::draws::{quantile, sorted};
use counterpoint_infer::nuts::ChainDraws;
use counterpoint_sources::read_table;
use std::path::Path;
use std::sync::Arc;

/// How well contributions are recovered.
pub(crate) struct Recovery {
    /// Mean over drivers of the RMSE of the contribution over geos and dates, divided by its true mean.
    pub(crate) error: f64,
    /// Mean over drivers of the relative error of the total.
    pub(crate) total_error: f64,
    /// Drivers whose 90 % interval of the total holds the truth.
    pub(crate) covered: usize,
    pub(crate) drivers: usize,
}

/// Compares with `contributions.csv`, where there is one.
pub(crate) fn against_truth(dir: &Path, model: &Arc<Model>, chains: &[ChainDraws]) -> anyhow::Result<Option<Recovery>> {
    if !dir.join("contributions.csv").exists() {
        return Ok(None);
    }
    let table = read_table(dir, "contributions.csv").map_err(|f| anyhow::anyhow!("{f:?}"))?;
    let text = |name: &str| match table.column(name).map(|c| &c.cells) {
        Some(Cells::Text(cells)) => Ok(cells.iter().map(|c| c.as_deref().unwrap_or("")).collect::<Vec<_>>()),
        _ => Err(anyhow::anyhow!("no column {name}")),
    };
    let (dates, geos) = (text("time")?, text("geo")?);
    let (n, periods) = (model.y.len(), model.n_periods());
    let mut place = vec![usize::MAX; dates.len()];
    for (row, (date, geo)) in dates.iter().zip(&geos).enumerate() {
        let g = if model.n_geos() == 1 { Some(0) } else { model.geos.iter().position(|x| x == geo) };
        let t = model.dates.iter().position(|d| d.to_string() == *date);
        place[row] = g.zip(t).map(|(g, t)| g * periods + t).with_context(|| format!("no cell {date} {geo}"))?;
    }
    let mut posterior = Posterior::new(model.clone());
    let m = model.drivers.len();
    let (mut mean, mut totals) = (vec![vec![0.0; n]; m], vec![Vec::new(); m]);
    let mut count = 0.0;
    for chain in chains {
        for position in chain.positions.chunks_exact(chain.dim) {
            posterior.set(position);
            count += 1.0;
            for (j, work) in posterior.drivers().iter().enumerate() {
                let mut total = 0.0;
                for i in 0..n {
                    let value = work.effect.beta[i / periods] * work.response.f[i] * model.units[i / periods];
                    mean[j][i] += value;
                    total += value;
                }
                totals[j].push(total);
            }
        }
    }
    let mut out = Recovery { error: 0.0, total_error: 0.0, covered: 0, drivers: m };
    for (j, driver) in model.drivers.iter().enumerate() {
        let mut truth = vec![0.0; n];
        for (row, value) in text(&format!("contribution_{}", driver.name))?.into_iter().enumerate() {
            truth[place[row]] = value.parse().with_context(|| format!("row {row}"))?;
        }
        let total: f64 = truth.iter().sum();
        let square: f64 = truth.iter().zip(&mean[j]).map(|(t, p)| (p / count - t).powi(2)).sum();
        out.error += (square / n as f64).sqrt() / (total / n as f64) / m as f64;
        let ordered = sorted(&totals[j]);
        let estimate = ordered.iter().sum::<f64>() / ordered.len() as f64;
        out.total_error += (estimate / total - 1.0).abs() / m as f64;
        out.covered += usize::from((quantile(&ordered, 0.05)..=quantile(&ordered, 0.95)).contains(&total));
    }
    Ok(Some(out))
}
