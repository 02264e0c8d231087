//! Quantiles of every cell, geo by geo, so that memory stays at one geo's draws; and how well the model describes the data.

use super::draws::{OneDraw, Pass, fit_band, is_control, join, row};
use super::{Band, CELL_DRAWS, Contribution, FitBand, RowKind, creators};
use crate::model::build::Model;
use crate::model::linalg::axpy;
use crate::model::posterior::shape_values;
use crate::model::response::{Exposure, Response, Shape};
use counterpoint_infer::diagnose::{Loo, loo};
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::parallel::in_parallel;

/// Random streams of predicted noise lie beyond those of the baseline.
const STREAM: u64 = 3 << 32;

/// What cells say.
pub(crate) struct Cells {
    pub(crate) contributions: Vec<Contribution>,
    pub(crate) fit: FitBand,
    pub(crate) fit_national: FitBand,
    pub(crate) r2: f64,
    pub(crate) mape: f64,
    pub(crate) coverage90: f64,
    pub(crate) loo: Option<Loo>,
}

/// One driver's data in one geo.
struct Local {
    shape: Shape,
    exposure: Exposure,
}

pub(crate) fn by_cell(model: &Model, pass: &Pass, seed: u64, threads: usize) -> Cells {
    let (geos, periods) = (model.n_geos(), model.n_periods());
    let design = &model.baseline;
    let controls: Vec<usize> = (0..design.features.len()).filter(|&f| is_control(&design.features[f].name)).collect();
    let mut rows = vec![row("baseline", RowKind::Baseline, geos * periods, periods)];
    for &f in &controls {
        let name = &design.features[f].name;
        let name = name.strip_prefix("control[").and_then(|n| n.strip_suffix(']')).unwrap_or(name);
        rows.push(row(name, RowKind::Control, geos * periods, periods));
    }
    for driver in &model.drivers {
        rows.push(row(&driver.name, RowKind::Driver(driver.kind), geos * periods, periods));
    }
    for creator in &model.creators {
        rows.push(row(&creator.name, RowKind::Creator, geos * periods, periods));
    }
    let (mut fit, mut fit_national) = (fit_band(geos * periods), fit_band(periods));
    fill_means(model, pass, &controls, &mut rows, &mut fit, &mut fit_national);

    // Draws that cells are read from, evenly spaced.
    let count = pass.draws.len().min(CELL_DRAWS);
    let thinned: Vec<usize> = (0..count).map(|i| i * pass.draws.len() / count).collect();
    // Rows, then expected and predicted outcome, by draw.
    let width = (rows.len() + 2) * periods;
    let mut national: Vec<Vec<f64>> = thinned.iter().map(|_| vec![0.0; width]).collect();
    let mut parts = Vec::new();
    for g in 0..geos {
        let local: Vec<Local> = model.drivers.iter().map(|d| one_geo(&d.shape, &d.exposure, g)).collect();
        let chunk = count.div_ceil(4 * threads.max(1)).max(1);
        let chunks: Vec<Vec<Vec<f64>>> = in_parallel(count.div_ceil(chunk), threads, |c| {
            let mut work: Vec<Response> = local.iter().map(|l| Response::new(&l.shape)).collect();
            let mut platforms = creators::local_work(model, g);
            thinned[c * chunk..((c + 1) * chunk).min(count)]
                .iter()
                .map(|&i| {
                    let mut rng = chain_rng(seed, STREAM + (i * geos + g) as u64);
                    one_draw(model, &pass.draws[i], g, &controls, &local, (&mut work, &mut platforms), &mut rng)
                })
                .collect()
        });
        let draws: Vec<Vec<f64>> = chunks.into_iter().flatten().collect();
        for (total, draw) in national.iter_mut().zip(&draws) {
            axpy(1.0, draw, total);
        }
        let quantiles = quantiles(&draws, width, threads);
        let range = g * periods..(g + 1) * periods;
        for (r, row) in rows.iter_mut().enumerate() {
            set_band(&mut row.cells, &quantiles, r, periods, range.clone());
        }
        set_fit(&mut fit, &quantiles, rows.len(), periods, range);
        if model.noise.rho.is_none() {
            parts.push(geo_loo(model, pass, &thinned, &draws, rows.len(), g));
        }
    }
    let quantiles = quantiles(&national, width, threads);
    for (r, row) in rows.iter_mut().enumerate() {
        set_band(&mut row.national, &quantiles, r, periods, 0..periods);
    }
    set_fit(&mut fit_national, &quantiles, rows.len(), periods, 0..periods);
    let (r2, mape, coverage90) = describe(&fit);
    Cells { contributions: rows, fit, fit_national, r2, mape, coverage90, loo: join(parts) }
}

/// Means over all draws: drivers' were summed in the pass; the rest is linear in the coefficients.
fn fill_means(
    model: &Model,
    pass: &Pass,
    controls: &[usize],
    rows: &mut [Contribution],
    fit: &mut FitBand,
    national: &mut FitBand,
) {
    let (periods, design) = (model.n_periods(), &model.baseline);
    let mut mean = vec![0.0; design.coefficients()];
    for draw in &pass.draws {
        axpy(1.0 / pass.draws.len() as f64, &draw.coefficients, &mut mean);
    }
    let mut trend = vec![0.0; periods];
    design.trend(&mean[..design.knots], &mut trend);
    for g in 0..model.n_geos() {
        let range = g * periods..(g + 1) * periods;
        let people = model.units[g] / model.scale.sd;
        baseline_rows(model, &mean, &trend, g, controls, |r, values| {
            rows[r].cells.mean[range.clone()].copy_from_slice(values);
        });
        for (m, scaled) in pass.mean.iter().enumerate() {
            let cells = &mut rows[1 + controls.len() + m].cells.mean[range.clone()];
            axpy(model.units[g], &scaled[range.clone()], cells);
        }
        for (c, mean) in pass.creator_mean.iter().enumerate() {
            let row = 1 + controls.len() + model.drivers.len() + c;
            rows[row].cells.mean[range.clone()].copy_from_slice(&mean[range.clone()]);
        }
        for row in rows.iter_mut() {
            // Creators are parts of their platforms.
            if row.kind != RowKind::Creator {
                axpy(1.0, &row.cells.mean[range.clone()], &mut fit.expected.mean[range.clone()]);
            }
            axpy(1.0, &row.cells.mean[range.clone()], &mut row.national.mean);
        }
        let mut seen = vec![false; periods];
        for &(from, to) in &model.noise.runs[g] {
            seen[from..to].fill(true);
        }
        for t in 0..periods {
            let i = g * periods + t;
            let y = people * (model.scale.mean + model.scale.sd * model.y[i]);
            fit.observed[i] = if seen[t] { y } else { f64::NAN };
            national.observed[t] += fit.observed[i];
        }
        axpy(1.0, &fit.expected.mean[range], &mut national.expected.mean);
    }
}

/// Calls `put(row, values)` with the baseline and each control of a geo, in outcome units.
fn baseline_rows(
    model: &Model,
    coefficients: &[f64],
    trend: &[f64],
    g: usize,
    controls: &[usize],
    mut put: impl FnMut(usize, &[f64]),
) {
    let (periods, design) = (model.n_periods(), &model.baseline);
    let mut all = vec![0.0; periods];
    design.add_geo(g, trend, coefficients, 1.0, &mut all);
    let mut values = vec![0.0; periods];
    for (r, &f) in controls.iter().enumerate() {
        let own = design.local.iter().position(|&l| l == f);
        let deviation = own.map_or(0.0, |j| coefficients[design.shared() + g * design.locals() + j]);
        let slope = coefficients[design.knots + f] + deviation;
        let z = &design.features[f].values[g * periods..(g + 1) * periods];
        for t in 0..periods {
            values[t] = slope * z[t];
            all[t] -= values[t];
            values[t] *= model.units[g];
        }
        put(1 + r, &values);
    }
    let people = model.units[g] / model.scale.sd;
    all.iter_mut().for_each(|x| *x = people * model.scale.mean + model.units[g] * *x);
    put(0, &all);
}

fn one_geo(shape: &Shape, exposure: &Exposure, g: usize) -> Local {
    let padded = shape.max_lag + shape.periods;
    let cut = |v: &Vec<f64>| v[g * padded..(g + 1) * padded].to_vec();
    Local {
        shape: Shape { geos: 1, ..shape.clone() },
        exposure: Exposure { x: cut(&exposure.x), frequency: exposure.frequency.as_ref().map(cut) },
    }
}

/// All rows of one draw in one geo, then the expected and a predicted outcome: `[rows + 2][periods]`.
fn one_draw(
    model: &Model,
    draw: &OneDraw,
    g: usize,
    controls: &[usize],
    local: &[Local],
    (work, platforms): (&mut [Response], &mut [Option<creators::LocalPlatform>]),
    rng: &mut impl rand::Rng,
) -> Vec<f64> {
    let (periods, design) = (model.n_periods(), &model.baseline);
    let whole = 1 + controls.len() + local.len();
    let rows = whole + model.creators.len();
    let mut out = vec![0.0; (rows + 2) * periods];
    let mut trend = vec![0.0; periods];
    design.trend(&draw.coefficients[..design.knots], &mut trend);
    baseline_rows(model, &draw.coefficients, &trend, g, controls, |r, values| {
        out[r * periods..(r + 1) * periods].copy_from_slice(values);
    });
    for (m, (driver, one)) in model.drivers.iter().zip(local).enumerate() {
        let shape = shape_values(driver, &draw.values);
        let beta = draw.beta[m * model.n_geos() + g];
        match &mut platforms[m] {
            None => work[m].forward(&one.shape, &shape, &one.exposure),
            Some(own) => {
                let to = &mut out[whole * periods..rows * periods];
                own.forward(&mut work[m], &one.shape, (&shape, &draw.values), (beta, model.units[g]), to);
            }
        }
        let r = 1 + controls.len() + m;
        axpy(beta * model.units[g], &work[m].f, &mut out[r * periods..(r + 1) * periods]);
    }
    let (parts, outcome) = out.split_at_mut(rows * periods);
    let (expected, predicted) = outcome.split_at_mut(periods);
    for part in parts.chunks_exact(periods).take(whole) {
        axpy(1.0, part, expected);
    }
    model.noise.draw(&draw.values, g, None, rng, predicted);
    for t in 0..periods {
        predicted[t] = expected[t] + model.units[g] * predicted[t];
    }
    out
}

/// 5 %, 50 % and 95 % quantiles over draws of each of `width` places (type 7, as [`counterpoint_infer::draws::quantile`]).
fn quantiles(draws: &[Vec<f64>], width: usize, threads: usize) -> [Vec<f64>; 3] {
    const STEP: usize = 16;
    let n = draws.len();
    let blocks = in_parallel(width.div_ceil(STEP), threads, |b| {
        let places = b * STEP..((b + 1) * STEP).min(width);
        let mut columns = vec![0.0; places.len() * n];
        for (i, draw) in draws.iter().enumerate() {
            for (k, &x) in draw[places.clone()].iter().enumerate() {
                columns[k * n + i] = x;
            }
        }
        columns.chunks_exact_mut(n).map(|c| [0.05, 0.5, 0.95].map(|p| select(c, p))).collect::<Vec<_>>()
    });
    let mut out = [const { Vec::new() }; 3];
    for three in blocks.into_iter().flatten() {
        for (all, value) in out.iter_mut().zip(three) {
            all.push(value);
        }
    }
    out
}

/// Type 7 quantile by selection; reorders `values`.
fn select(values: &mut [f64], p: f64) -> f64 {
    let at = p * (values.len() - 1) as f64;
    let k = at.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(k, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    if above.is_empty() { low } else { low + (at - k as f64) * (high - low) }
}

/// The quantiles of one row.
fn part(quantiles: &[Vec<f64>; 3], r: usize, periods: usize) -> [&[f64]; 3] {
    quantiles.each_ref().map(|q| &q[r * periods..(r + 1) * periods])
}

fn set_band(band: &mut Band, quantiles: &[Vec<f64>; 3], r: usize, periods: usize, range: std::ops::Range<usize>) {
    let [low, middle, high] = part(quantiles, r, periods);
    band.q05[range.clone()].copy_from_slice(low);
    band.q50[range.clone()].copy_from_slice(middle);
    band.q95[range].copy_from_slice(high);
}

fn set_fit(fit: &mut FitBand, quantiles: &[Vec<f64>; 3], rows: usize, periods: usize, range: std::ops::Range<usize>) {
    set_band(&mut fit.expected, quantiles, rows, periods, range.clone());
    let [low, _, high] = part(quantiles, rows + 1, periods);
    fit.predicted_q05[range.clone()].copy_from_slice(low);
    fit.predicted_q95[range].copy_from_slice(high);
}

/// PSIS-LOO of one geo's observations, in scaled units; draws are taken as independent for its smoothing.
fn geo_loo(model: &Model, pass: &Pass, thinned: &[usize], draws: &[Vec<f64>], rows: usize, g: usize) -> Loo {
    let periods = model.n_periods();
    let seen: Vec<usize> = model.noise.runs[g].iter().flat_map(|&(from, to)| from..to).collect();
    let people = model.units[g] / model.scale.sd;
    loo(draws.len(), seen.len(), 1.0, |i, out| {
        let t = seen[i];
        for (k, value) in out.iter_mut().enumerate() {
            let values = &pass.draws[thinned[k]].values;
            let expected = (draws[k][rows * periods + t] / people - model.scale.mean) / model.scale.sd;
            *value = model.noise.log_density_at(values, g, model.y[g * periods + t] - expected);
        }
    })
}

/// R2, MAPE and the share of observed cells inside their 90 % predictive interval.
fn describe(fit: &FitBand) -> (f64, f64, f64) {
    let cells: Vec<usize> = (0..fit.observed.len()).filter(|&i| !fit.observed[i].is_nan()).collect();
    let n = cells.len() as f64;
    let mean = cells.iter().map(|&i| fit.observed[i]).sum::<f64>() / n;
    let total: f64 = cells.iter().map(|&i| (fit.observed[i] - mean).powi(2)).sum();
    let rest: f64 = cells.iter().map(|&i| (fit.observed[i] - fit.expected.mean[i]).powi(2)).sum();
    let some: Vec<f64> = cells
        .iter()
        .filter(|&&i| fit.observed[i] != 0.0)
        .map(|&i| ((fit.observed[i] - fit.expected.mean[i]) / fit.observed[i]).abs())
        .collect();
    let inside =
        cells.iter().filter(|&&i| (fit.predicted_q05[i]..=fit.predicted_q95[i]).contains(&fit.observed[i])).count();
    (1.0 - rest / total, some.iter().sum::<f64>() / some.len() as f64, inside as f64 / n)
}
