//! Prior against posterior of single parameters.
//!
//! Both are compared on the line where the prior's map lives (see [`crate::model::prior`]): the support takes care of itself there.

use super::DensityEstimate;
use super::draws::Pass;
use crate::model::build::Model;
use crate::model::parameters::Parameter;
use crate::model::prior::Prior;
use counterpoint_infer::parallel::in_parallel;

/// Points of a drawn density.
const POINTS: usize = 64;
/// Bins in which prior and posterior are compared.
const BINS: usize = 24;

/// The prior's density on its own line, normalised on a grid wide enough for every family.
struct Line {
    step: f64,
    low: f64,
    mass: Vec<f64>,
}

impl Line {
    fn new(prior: &Prior) -> Line {
        let (low, high, n) = (-40.0, 40.0, 8000);
        let step = (high - low) / n as f64;
        let logs: Vec<f64> = (0..n).map(|i| prior.at(low + (i as f64 + 0.5) * step).log_density).collect();
        let max = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut mass: Vec<f64> = logs.iter().map(|l| (l - max).exp()).collect();
        let total: f64 = mass.iter().sum();
        mass.iter_mut().for_each(|m| *m /= total);
        Line { step, low, mass }
    }

    fn quantile(&self, p: f64) -> f64 {
        let mut sum = 0.0;
        for (i, m) in self.mass.iter().enumerate() {
            sum += m;
            if sum >= p {
                return self.low + (i as f64 + 0.5) * self.step;
            }
        }
        self.low + self.mass.len() as f64 * self.step
    }
}

/// One minus the overlap of prior and posterior, in bins of equal prior mass.
pub(crate) fn moved(model: &Model, pass: &Pass, index: usize) -> f64 {
    let prior = &model.parameters.get(index).prior;
    if !prior.is_sampled() || pass.draws.is_empty() {
        return 0.0;
    }
    let line = Line::new(prior);
    let edges: Vec<f64> = (1..BINS).map(|b| line.quantile(b as f64 / BINS as f64)).collect();
    let mut counts = [0usize; BINS];
    for draw in &pass.draws {
        let u = prior.unconstrain(draw.values[index]);
        counts[edges.partition_point(|&e| e < u)] += 1;
    }
    let n = pass.draws.len() as f64;
    let overlap: f64 = counts.iter().map(|&c| (c as f64 / n).min(1.0 / BINS as f64)).sum();
    (1.0 - overlap).clamp(0.0, 1.0)
}

/// Densities of every sampled parameter but the geos' deviations and sampled baseline coefficients.
pub(crate) fn densities(model: &Model, pass: &Pass, threads: usize) -> Vec<DensityEstimate> {
    let shown =
        |p: &Parameter| p.coordinate.is_some() && !p.name.starts_with("geo_effect[") && !p.name.starts_with("z[");
    let all: Vec<(usize, &Parameter)> = model.parameters.iter().enumerate().filter(|(_, p)| shown(p)).collect();
    in_parallel(all.len(), threads, |k| {
        let (i, p) = all[k];
        let values: Vec<f64> = pass.draws.iter().map(|d| d.values[i]).collect();
        let (parameter, driver) = match p.name.split_once('[') {
            Some((word, rest)) => (word.to_owned(), rest.strip_suffix(']').unwrap_or(rest).to_owned()),
            None => (p.name.clone(), String::new()),
        };
        let (x, prior, posterior) = density(&p.prior, &values);
        DensityEstimate { driver, parameter, prior_label: p.prior.label(), x, prior, posterior }
    })
}

/// A kernel estimate on the prior's line (Silverman's bandwidth), both densities carried over to the value's scale.
fn density(prior: &Prior, values: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut u: Vec<f64> = values.iter().map(|&v| prior.unconstrain(v)).collect();
    u.sort_by(f64::total_cmp);
    let n = u.len() as f64;
    let mean = u.iter().sum::<f64>() / n;
    let sd = (u.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let quantile = |p: f64| counterpoint_infer::draws::quantile(&u, p);
    let spread = sd.min((quantile(0.75) - quantile(0.25)) / 1.34).max(1e-9);
    let width = 0.9 * spread * n.powf(-0.2);
    let line = Line::new(prior);
    let value = |u: f64| prior.at(u).value;
    let low = value(line.quantile(0.01)).min(value(quantile(0.002)));
    let high = value(line.quantile(0.95)).max(value(quantile(0.998)));
    let (floor, ceiling) = prior.support();
    let x: Vec<f64> = (0..POINTS)
        .map(|i| low + (high - low) * i as f64 / (POINTS - 1) as f64)
        .map(|x| x.clamp(floor + 1e-9 * (high - low), ceiling - 1e-9 * (high - low)))
        .collect();
    let posterior = x
        .iter()
        .map(|&x| {
            let at = prior.unconstrain(x);
            let from = u.partition_point(|&v| v < at - 5.0 * width);
            let to = u.partition_point(|&v| v < at + 5.0 * width);
            let sum: f64 = u[from..to].iter().map(|v| (-0.5 * ((v - at) / width).powi(2)).exp()).sum();
            sum / (n * width * (2.0 * std::f64::consts::PI).sqrt()) / prior.at(at).slope
        })
        .collect();
    let prior = x.iter().map(|&x| prior.density(x)).collect();
    (x, prior, posterior)
}
