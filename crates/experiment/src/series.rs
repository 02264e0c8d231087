//! A Bayesian structural time series: a level that wanders, and a regression that chooses its regressors.
//!
//! Brodersen, Gallusser, Koehler, Remy and Scott (2015, Annals of Applied Statistics 9) with the priors of their program: y = level + x'b + noise; the
//! level is a random walk; of the slopes b most are zero (spike) and the rest Normal around zero (slab; George and McCulloch 1997). All series
//! are standardised on the periods before the treatment. Drawn by Gibbs sampling: the level given the rest by filtering forward and sampling
//! backward, which slopes are zero one at a time with slopes and noise integrated out, then noise, slopes and the level's step.

use crate::matrix::{Cholesky, Matrix, dot, mean, sd};
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use rand::{Rng, RngExt};

/// Prior of the level's step: its standard deviation is about 0.01 of the outcome's, worth 32 observations, and below the outcome's.
const STEP: (f64, f64, f64) = (0.01, 32.0, 1.0);
/// Prior of the noise: the regression explains 0.8 of the variance, worth 50 observations; its standard deviation is below 1.2 of the outcome's.
const NOISE: (f64, f64, f64) = (0.8, 50.0, 1.2);
/// Expected number of regressors that are not zero, the constant among those that are counted.
const MODEL_SIZE: f64 = 3.0;
/// Observations that the slab is worth.
const SLAB: f64 = 0.01;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    /// Independent chains.
    pub chains: usize,
    /// Draws of each chain that are kept; a tenth as many come before them and are thrown away.
    pub kept: usize,
    /// Seed.
    pub seed: u64,
}

impl Default for Draws {
    fn default() -> Draws {
        Draws { chains: 4, kept: 1000, seed: 1 }
    }
}

/// What was drawn, in the outcome's unit.
#[derive(Debug, Clone)]
pub struct Series {
    /// The effect in each period of the window `[draws x window]`, chain after chain.
    pub effects: Matrix,
    /// Mean of the level and the regression together, in each period before the treatment.
    pub fitted: Vec<f64>,
    /// Mean slope of each regressor, zeros counted.
    pub slopes: Vec<f64>,
    /// How often each regressor's slope is not zero.
    pub inclusion: Vec<f64>,
    /// Chains.
    pub chains: usize,
}

/// Draws the effect after `start` on `y`, with regressors in rows that the treatment does not touch.
pub fn series(y: &[f64], regressors: &Matrix, start: usize, draws: &Draws) -> Series {
    let model = Model::new(y, regressors, start);
    let (k, window) = (model.x.rows(), y.len() - start);
    let mut effects = Matrix::zeros(draws.chains * draws.kept, window);
    let (mut fitted, mut slopes, mut inclusion) = (vec![0.0; start], vec![0.0; k], vec![0.0; k]);
    let share = 1.0 / (draws.chains * draws.kept) as f64;
    for chain in 0..draws.chains {
        let mut rng = chain_rng(draws.seed, chain as u64);
        let mut state = State::new(&model);
        for i in 0..draws.kept / 10 + draws.kept {
            state.step(&model, &mut rng);
            let Some(kept) = i.checked_sub(draws.kept / 10) else { continue };
            let explained = model.x.weighted_rows(&state.slopes);
            for t in 0..start {
                fitted[t] += share * (model.centre + model.scale * (state.level[t] + explained[t]));
            }
            for j in 0..k {
                slopes[j] += share * state.slopes[j] * model.scale / model.x_scale[j];
                inclusion[j] += share * f64::from(u8::from(state.slopes[j] != 0.0));
            }
            let mut level = state.level[start - 1];
            let row = effects.row_mut(chain * draws.kept + kept);
            for (t, effect) in (start..).zip(row) {
                level += state.step_variance.sqrt() * standard_normal(&mut rng);
                let noise = state.noise_variance.sqrt() * standard_normal(&mut rng);
                *effect = y[t] - (model.centre + model.scale * (level + explained[t] + noise));
            }
        }
    }
    Series { effects, fitted, slopes, inclusion, chains: draws.chains }
}

/// Data as the sampler wants them.
struct Model {
    /// The outcome before the treatment, standardised.
    y: Vec<f64>,
    centre: f64,
    scale: f64,
    /// Regressors, standardised on the periods before the treatment `[regressors x periods]`.
    x: Matrix,
    x_scale: Vec<f64>,
    /// Products of the regressors before the treatment.
    gram: Matrix,
    /// Precision of the slab over the noise's.
    slab: Matrix,
    /// Prior probability that a slope is not zero.
    include: f64,
    start: usize,
}

impl Model {
    fn new(y: &[f64], regressors: &Matrix, start: usize) -> Model {
        let standard = |row: &[f64]| {
            let (centre, scale) = (mean(&row[..start]), sd(&row[..start]));
            (centre, if scale > 0.0 { scale } else { 1.0 })
        };
        let (centre, scale) = standard(y);
        let k = regressors.rows();
        let scales: Vec<(f64, f64)> = (0..k).map(|j| standard(regressors.row(j))).collect();
        let x = Matrix::from_fn(k, y.len(), |j, t| (regressors[(j, t)] - scales[j].0) / scales[j].1);
        let gram = x.slice(0, start).gram();
        let worth = SLAB / start as f64;
        let slab = Matrix::from_fn(k, k, |i, j| worth * gram[(i, j)] * if i == j { 1.0 } else { 0.5 });
        Model {
            y: y[..start].iter().map(|v| (v - centre) / scale).collect(),
            centre,
            scale,
            x,
            x_scale: scales.iter().map(|(_, s)| *s).collect(),
            gram,
            slab,
            include: (MODEL_SIZE / (k as f64 + 1.0)).min(1.0),
            start,
        }
    }
}

/// Where a chain is.
struct State {
    level: Vec<f64>,
    step_variance: f64,
    noise_variance: f64,
    included: Vec<bool>,
    slopes: Vec<f64>,
}

impl State {
    fn new(model: &Model) -> State {
        let k = model.x.rows();
        State {
            level: vec![0.0; model.start],
            step_variance: STEP.0 * STEP.0,
            noise_variance: 1.0 - NOISE.0,
            included: vec![false; k],
            slopes: vec![0.0; k],
        }
    }

    fn step(&mut self, model: &Model, rng: &mut impl Rng) {
        let explained = model.x.weighted_rows(&self.slopes);
        let rest: Vec<f64> = model.y.iter().zip(&explained).map(|(y, e)| y - e).collect();
        self.draw_level(&rest, model.y[0], rng);
        let moved: f64 = self.level.windows(2).map(|w| (w[1] - w[0]) * (w[1] - w[0])).sum();
        let (guess, worth, upper) = STEP;
        self.step_variance =
            variance(worth + self.level.len() as f64 - 1.0, worth * guess * guess + moved, upper * upper, rng);
        let left: Vec<f64> = model.y.iter().zip(&self.level).map(|(y, l)| y - l).collect();
        self.draw_regression(model, &left, rng);
    }

    /// The level given what the regression leaves: Kalman filter forward, sampling backward (Carter and Kohn 1994).
    fn draw_level(&mut self, y: &[f64], first: f64, rng: &mut impl Rng) {
        let n = y.len();
        let (mut means, mut variances) = (Vec::with_capacity(n), Vec::with_capacity(n));
        // before the first observation the level is around it, as wide as the outcome varies
        let (mut m, mut v) = (first, 1.0);
        for &value in y {
            let gain = v / (v + self.noise_variance);
            m += gain * (value - m);
            v *= 1.0 - gain;
            means.push(m);
            variances.push(v);
            v += self.step_variance;
        }
        self.level[n - 1] = means[n - 1] + variances[n - 1].sqrt() * standard_normal(rng);
        for t in (0..n - 1).rev() {
            let gain = variances[t] / (variances[t] + self.step_variance);
            let m = means[t] + gain * (self.level[t + 1] - means[t]);
            self.level[t] = m + (variances[t] * (1.0 - gain)).sqrt() * standard_normal(rng);
        }
    }

    /// Which slopes are zero, the noise, and the slopes, given what the level leaves.
    fn draw_regression(&mut self, model: &Model, y: &[f64], rng: &mut impl Rng) {
        let k = self.included.len();
        let products: Vec<f64> = (0..k).map(|j| dot(&model.x.row(j)[..model.start], y)).collect();
        let own = dot(y, y);
        let mut here = Conditional::new(model, &self.included, &products, own);
        let mut order: Vec<usize> = (0..k).collect();
        for i in (1..k).rev() {
            order.swap(i, rng.random_range(0..=i));
        }
        for j in order {
            if model.include >= 1.0 && self.included[j] {
                continue;
            }
            self.included[j] = !self.included[j];
            let there = Conditional::new(model, &self.included, &products, own);
            let odds = there.ln_probability - here.ln_probability;
            if model.include >= 1.0 || rng.random::<f64>() < 1.0 / (1.0 + (-odds).exp()) {
                here = there;
            } else {
                self.included[j] = !self.included[j];
            }
        }
        let upper = NOISE.2 * NOISE.2;
        self.noise_variance = variance(NOISE.1 + y.len() as f64, here.squares, upper, rng);
        self.slopes.fill(0.0);
        if let Some(factor) = &here.factor {
            let noise: Vec<f64> = here.set.iter().map(|_| standard_normal(rng)).collect();
            let shift = factor.backward(&noise);
            for ((&j, mean), s) in here.set.iter().zip(&here.mean).zip(shift) {
                self.slopes[j] = mean + self.noise_variance.sqrt() * s;
            }
        }
    }
}

/// The regression on a set of regressors, slopes and noise integrated out.
struct Conditional {
    set: Vec<usize>,
    /// Factor of the slopes' precision over the noise's; `None` where no regressor is in the set.
    factor: Option<Cholesky>,
    mean: Vec<f64>,
    /// Prior and residual sum of squares.
    squares: f64,
    ln_probability: f64,
}

impl Conditional {
    fn new(model: &Model, included: &[bool], products: &[f64], own: f64) -> Conditional {
        let set: Vec<usize> = (0..included.len()).filter(|&j| included[j]).collect();
        let (share, worth, _) = NOISE;
        let prior_squares = worth * (1.0 - share);
        let n = set.len();
        let pick = |m: &Matrix| Matrix::from_fn(n, n, |a, b| m[(set[a], set[b])]);
        let (slab, gram) = (pick(&model.slab), pick(&model.gram));
        let precision = Matrix::from_fn(n, n, |a, b| slab[(a, b)] + gram[(a, b)]);
        let chosen: Vec<f64> = set.iter().map(|&j| products[j]).collect();
        let factors = if n == 0 { None } else { Cholesky::of_nearly(&slab).zip(Cholesky::of_nearly(&precision)) };
        let mean = factors.as_ref().map_or(Vec::new(), |(_, f)| f.solve(&chosen));
        let squares = prior_squares + (own - dot(&mean, &chosen)).max(0.0);
        let dets = match (&factors, n) {
            (Some((slab, precision)), _) => 0.5 * (slab.ln_det() - precision.ln_det()),
            (None, 0) => 0.0,
            (None, _) => f64::NEG_INFINITY,
        };
        let odds = if model.include < 1.0 { (model.include / (1.0 - model.include)).ln() } else { 0.0 };
        let ln_probability = dets - 0.5 * (worth + model.start as f64) * squares.ln() + n as f64 * odds;
        Conditional { set, factor: factors.map(|(_, f)| f), mean, squares, ln_probability }
    }
}

/// A variance from its inverse gamma distribution of `df` degrees of freedom and a sum of squares, below `upper`.
fn variance(df: f64, squares: f64, upper: f64, rng: &mut impl Rng) -> f64 {
    for _ in 0..1000 {
        let drawn = squares / (2.0 * gamma(0.5 * df, rng));
        if drawn <= upper {
            return drawn;
        }
    }
    upper
}

/// A gamma variate of a shape of at least 1 and scale 1 (Marsaglia and Tsang 2000).
fn gamma(shape: f64, rng: &mut impl Rng) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = standard_normal(rng);
        let v = (1.0 + c * x).powi(3);
        let u: f64 = rng.random();
        if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_variates_have_their_mean_and_variance() {
        let mut rng = chain_rng(3, 0);
        for shape in [1.0, 2.5, 40.0] {
            let x: Vec<f64> = (0..20_000).map(|_| gamma(shape, &mut rng)).collect();
            assert!((mean(&x) / shape - 1.0).abs() < 0.03, "{shape}");
            assert!((sd(&x).powi(2) / shape - 1.0).abs() < 0.06, "{shape}");
        }
    }

    /// The level drawn many times has the mean and variance of the exact conditional, solved densely.
    #[test]
    fn the_level_is_drawn_from_its_conditional() {
        let y = [0.3, -0.2, 0.9, 1.4, 1.1];
        let model = Model::new(&y, &Matrix::zeros(0, 5), 5);
        let mut state = State { noise_variance: 0.4, step_variance: 0.2, ..State::new(&model) };
        let n = y.len();
        let mut precision = Matrix::zeros(n, n);
        for t in 0..n {
            precision[(t, t)] += 1.0 / 0.4 + if t == 0 { 1.0 } else { 1.0 / 0.2 };
            if t + 1 < n {
                precision[(t, t)] += 1.0 / 0.2;
                precision[(t, t + 1)] = -1.0 / 0.2;
                precision[(t + 1, t)] = -1.0 / 0.2;
            }
        }
        let mut b: Vec<f64> = y.iter().map(|v| v / 0.4).collect();
        b[0] += 0.7;
        let factor = Cholesky::new(&precision).unwrap();
        let exact = factor.solve(&b);
        let mut rng = chain_rng(5, 0);
        let draws: Vec<Vec<f64>> = (0..20_000)
            .map(|_| {
                state.draw_level(&y, 0.7, &mut rng);
                state.level.clone()
            })
            .collect();
        for t in 0..n {
            let column: Vec<f64> = draws.iter().map(|d| d[t]).collect();
            let unit: Vec<f64> = (0..n).map(|s| f64::from(u8::from(s == t))).collect();
            let wanted = factor.solve(&unit)[t].sqrt();
            assert!((mean(&column) - exact[t]).abs() < 0.015, "{t}");
            assert!((sd(&column) / wanted - 1.0).abs() < 0.03, "{t}");
        }
    }
}
