//! The linear baseline integrated out exactly, for Normal noise.
//!
//! With y - media = r, coefficients c ~ Normal(0, S) and noise of precision P, the marginal log density of r is
//!   -1/2 r'Pr + 1/2 b'A^-1 b - 1/2 ln|A| + 1/2 ln|S^-1| + 1/2 ln|P|,  A = S^-1 + X'PX,  b = X'Pr.
//! A is an arrow: one small block a geo (its deviations), one shared block, nothing between geos. So each geo is eliminated
//! on its own, and the shared block is factored once. With c^ = A^-1 b and e = r - Xc^, every derivative follows:
//! by r: -Pe; by a noise parameter: -1/2 e'dPe - 1/2 tr(A^-1 X'dPX) + 1/2 d ln|P|; by a prior scale likewise.
//! P enters through three moment matrices a geo, so that X'PX = (M0 + rho^2 M1 - rho M2) / sigma^2.

use super::baseline::{Baseline, KnotPrior};
use super::lanes::{self, LANES, Places};
use super::linalg::{axpy, cholesky, combine_rows, dot, each_dot, invert, solve, solve_lower, solve_upper};
use super::noise::Noise;
use super::redraw::GeoMoments;
use counterpoint_infer::sample::standard_normal;

const LN_2PI: f64 = 1.837_877_066_409_345_5;

/// What never changes while sampling: moments of the baseline's columns.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Which moments are held: 1 (independent noise) or 3 (autocorrelated).
    orders: usize,
    /// By geo, by order, `[shared x shared]`.
    by_geo: Vec<f64>,
    /// Summed over geos, by order; used where one sigma serves all.
    total: Vec<f64>,
    /// Those of the local with the shared columns, `[shared x places]`, and with each other, by blocks of some geos; where one sigma serves all and noise
    /// is independent, else empty.
    cross: Vec<f64>,
    blocks: Vec<f64>,
    /// Observations by geo.
    observed: Vec<f64>,
    /// Runs by geo.
    runs: Vec<f64>,
}

impl Moments {
    /// The moments of a baseline's columns over the observed rows.
    pub fn new(baseline: &Baseline, noise: &Noise) -> Moments {
        let s = baseline.shared();
        let orders = if noise.rho.is_some() { 3 } else { 1 };
        let size = s * s;
        let mut by_geo = vec![0.0; baseline.geos * orders * size];
        let (mut z, mut before) = (vec![0.0; s], vec![0.0; s]);
        let mut observed = vec![0.0; baseline.geos];
        for g in 0..baseline.geos {
            let own = &mut by_geo[g * orders * size..(g + 1) * orders * size];
            for &(start, end) in &noise.runs[g] {
                observed[g] += (end - start) as f64;
                for t in start..end {
                    baseline.row(g, t, &mut z);
                    add_outer(&mut own[..size], &z, &z, 1.0);
                    if orders == 3 {
                        let inner = f64::from(u8::from(t > start)) + f64::from(u8::from(t + 1 < end)) - 1.0;
                        add_outer(&mut own[size..2 * size], &z, &z, inner);
                        if t > start {
                            add_outer(&mut own[2 * size..], &z, &before, 1.0);
                            add_outer(&mut own[2 * size..], &before, &z, 1.0);
                        }
                        before.copy_from_slice(&z);
                    }
                }
            }
        }
        let mut total = vec![0.0; orders * size];
        for own in by_geo.chunks_exact(orders * size) {
            axpy(1.0, own, &mut total);
        }
        let (mut cross, mut blocks) = (Vec::new(), Vec::new());
        if orders == 1 && noise.sigma.len() == 1 {
            let places = Places { geos: baseline.geos, locals: baseline.locals() };
            cross.resize(s * places.len(), 0.0);
            blocks.resize(places.batches() * places.blocks(0).len(), 0.0);
            for (g, own) in by_geo.chunks_exact(size).enumerate() {
                scatter(baseline, places, g, own, &mut cross, &mut blocks);
            }
        }
        let runs = noise.runs.iter().map(|r| r.len() as f64).collect();
        Moments { orders, by_geo, total, cross, blocks, observed, runs }
    }
}

/// Puts geo g's moments of its local columns with the shared ones, and with each other, where they belong.
fn scatter(baseline: &Baseline, places: Places, g: usize, own: &[f64], cross: &mut [f64], blocks: &mut [f64]) {
    let (s, columns) = (baseline.shared(), places.len());
    for (j, &f) in baseline.local.iter().enumerate() {
        let row = &own[(baseline.knots + f) * s..(baseline.knots + f + 1) * s];
        for (i, x) in row.iter().enumerate() {
            cross[i * columns + places.of(g, j)] = *x;
        }
        for (k, &h) in baseline.local.iter().enumerate() {
            blocks[places.of_block(g, j, k)] = row[baseline.knots + h];
        }
    }
}

fn add_outer(m: &mut [f64], x: &[f64], y: &[f64], weight: f64) {
    let n = x.len();
    for i in 0..n {
        if x[i] != 0.0 && weight != 0.0 {
            axpy(weight * x[i], y, &mut m[i * n..(i + 1) * n]);
        }
    }
}

/// Working memory and results of one evaluation.
#[derive(Debug, Clone)]
pub struct Marginal {
    geos: usize,
    shared: usize,
    locals: usize,
    /// X'PX of each geo, `[geos x shared x shared]`; only filled where sigma differs by geo or noise is autocorrelated.
    precision: Vec<f64>,
    places: Places,
    /// Factors of the geos' own blocks, by some geos together.
    factors: Vec<f64>,
    /// One over their pivots, by place.
    inverses: Vec<f64>,
    /// Cross blocks B', `[shared x places]`.
    cross: Vec<f64>,
    /// (A_g^-1 B)', same shape.
    gain: Vec<f64>,
    /// Factor of the shared block after elimination.
    schur: Vec<f64>,
    /// Its inverse: the shared coefficients' posterior covariance.
    covariance: Vec<f64>,
    /// X'Pr, then the coefficients' posterior mean.
    mean: Vec<f64>,
    /// Pr, then Pe.
    weighted: Vec<f64>,
    /// r, then e.
    residual: Vec<f64>,
    pooled: Vec<f64>,
    trend: Vec<f64>,
    vector: Vec<f64>,
    matrix: Vec<f64>,
    small: Vec<f64>,
    /// One geo's factor, and its gain `[locals x shared]`.
    own_factor: Vec<f64>,
    own_gain: Vec<f64>,
    /// The gains through the shared block's factor, `[shared x places]`.
    columns: Vec<f64>,
    /// The deviations' part of X'Pr, then of the mean, by place.
    deviations: Vec<f64>,
    /// Posterior variances of the deviations, by place, and scratch of that size.
    variances: Vec<f64>,
    scratch: Vec<f64>,
}

impl Marginal {
    /// Working memory for a baseline.
    pub fn new(baseline: &Baseline) -> Marginal {
        let (g, s, q) = (baseline.geos, baseline.shared(), baseline.locals());
        let places = Places { geos: g, locals: q };
        let by_place = || vec![0.0; places.len()];
        Marginal {
            geos: g,
            shared: s,
            locals: q,
            precision: vec![0.0; g * s * s],
            places,
            factors: vec![0.0; places.batches() * places.blocks(0).len()],
            inverses: by_place(),
            cross: vec![0.0; s * places.len()],
            gain: vec![0.0; s * places.len()],
            schur: vec![0.0; s * s],
            covariance: vec![0.0; s * s],
            mean: vec![0.0; baseline.coefficients()],
            weighted: vec![0.0; g * baseline.periods],
            residual: vec![0.0; g * baseline.periods],
            pooled: vec![0.0; baseline.periods],
            trend: vec![0.0; baseline.periods],
            vector: vec![0.0; s.max(q)],
            matrix: vec![0.0; s * s],
            small: vec![0.0; q * q],
            own_factor: vec![0.0; q * q],
            own_gain: vec![0.0; q * s],
            columns: vec![0.0; s * places.len()],
            deviations: by_place(),
            variances: by_place(),
            scratch: by_place(),
        }
    }

    /// Posterior mean of the coefficients after [`Marginal::log_density`]: shared, then geo by geo.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Marginal log density of `r` (`[geos x periods]`, zero where not observed). Writes -d/dr = Pe to `pull`, and adds the
    /// derivatives by parameter to `by_parameter`. NaN where a matrix is not positive definite.
    #[allow(clippy::too_many_arguments)]
    pub fn log_density(
        &mut self,
        baseline: &Baseline,
        noise: &Noise,
        moments: &Moments,
        values: &[f64],
        r: &[f64],
        pull: &mut [f64],
        by_parameter: &mut [f64],
    ) -> f64 {
        let ln_det_a = self.factor(baseline, noise, moments, values);
        if !ln_det_a.is_finite() {
            return f64::NAN;
        }
        let total = self.solve_mean(baseline, noise, values, r);
        invert(&self.schur, self.shared, &mut self.covariance);
        let prior_part = self.prior_terms(baseline, values, by_parameter);
        let noise_part = self.noise_terms(baseline, noise, moments, values, &prior_part, by_parameter);
        pull.copy_from_slice(&self.weighted);
        total - 0.5 * ln_det_a + 0.5 * prior_part.ln_det + noise_part
    }

    /// What [`Marginal::draw`] needs of [`Marginal::log_density`], and what of that hangs on r.
    pub fn solve(&mut self, baseline: &Baseline, noise: &Noise, moments: &Moments, values: &[f64], r: &[f64]) -> f64 {
        if !self.factor(baseline, noise, moments, values).is_finite() {
            return f64::NAN;
        }
        self.solve_mean(baseline, noise, values, r)
    }

    /// Builds and factors A; returns ln |A|.
    fn factor(&mut self, baseline: &Baseline, noise: &Noise, moments: &Moments, values: &[f64]) -> f64 {
        let (s, q, size) = (self.shared, self.locals, self.shared * self.shared);
        let rho = noise.rho.map_or(0.0, |i| values[i]);
        let one_sigma = noise.sigma.len() == 1;
        let combine = |m: &[f64], scale: f64, out: &mut [f64]| {
            for (y, x) in out.iter_mut().zip(&m[..size]) {
                *y = scale * x;
            }
            if m.len() > size {
                axpy(scale * rho * rho, &m[size..2 * size], out);
                axpy(-scale * rho, &m[2 * size..], out);
            }
        };
        // The shared block: prior and data.
        if one_sigma {
            combine(&moments.total, values[noise.sigma[0]].powi(-2), &mut self.schur);
        } else {
            self.schur.fill(0.0);
        }
        let plain = one_sigma && moments.orders == 1;
        for g in 0..self.geos {
            if !plain {
                let scale = values[noise.sigma_of(g)].powi(-2);
                let own = &moments.by_geo[g * moments.orders * size..(g + 1) * moments.orders * size];
                combine(own, scale, &mut self.precision[g * size..(g + 1) * size]);
                if !one_sigma {
                    axpy(1.0, &self.precision[g * size..(g + 1) * size], &mut self.schur);
                }
            }
            if !plain {
                let own = &self.precision[g * size..(g + 1) * size];
                scatter(baseline, self.places, g, own, &mut self.cross, &mut self.factors);
            }
        }
        if plain {
            let scale = values[noise.sigma[0]].powi(-2);
            for (to, from) in [(&mut self.cross, &moments.cross), (&mut self.factors, &moments.blocks)] {
                for (y, x) in to.iter_mut().zip(from) {
                    *y = scale * x;
                }
            }
        }
        self.add_shared_prior(baseline, values);
        if q == 0 {
            return cholesky(&mut self.schur, s);
        }
        let (places, mut ln_det) = (self.places, 0.0);
        self.gain.copy_from_slice(&self.cross);
        for b in 0..places.batches() {
            let block = &mut self.factors[places.blocks(b)];
            for j in 0..q {
                let precision = local_spread(baseline, j, values).powi(-2);
                let diagonal = &mut block[(j * q + j) * LANES..][..LANES];
                diagonal.iter_mut().for_each(|x| *x += precision);
                // Lanes without a geo are solved, too, to no effect.
                diagonal[(self.geos - b * LANES).min(LANES)..].fill(1.0);
            }
            let inverses = &mut self.inverses[places.batch(b)];
            ln_det += lanes::cholesky(block, q, inverses);
            for row in self.gain.chunks_exact_mut(places.len()) {
                lanes::solve(block, q, inverses, &mut row[places.batch(b)]);
            }
        }
        for (i, cross) in self.cross.chunks_exact(places.len()).enumerate() {
            let row = &mut self.schur[i * s + i..(i + 1) * s];
            each_dot(cross, self.gain.chunks_exact(places.len()).skip(i), |k, product| row[k] -= product);
        }
        ln_det + cholesky(&mut self.schur, s)
    }

    fn add_shared_prior(&mut self, baseline: &Baseline, values: &[f64]) {
        let s = self.shared;
        match baseline.knot_prior {
            KnotPrior::Free { sd } => {
                for k in 0..baseline.knots {
                    self.schur[k * s + k] += sd.powi(-2);
                }
            }
            KnotPrior::Walk { step } => {
                let precision = values[step].powi(-2);
                for k in 0..baseline.knots {
                    self.schur[k * s + k] += precision * if k + 1 < baseline.knots { 2.0 } else { 1.0 };
                    if k + 1 < baseline.knots {
                        self.schur[k * s + k + 1] -= precision;
                    }
                }
            }
        }
        for (f, feature) in baseline.features.iter().enumerate() {
            let i = baseline.knots + f;
            self.schur[i * s + i] += feature.prior_sd(values).powi(-2);
        }
    }

    /// [`Marginal::solve`] where only r has changed. Fills mean, residual and weighted residual; returns -1/2 r'Pr + 1/2 b'A^-1 b.
    pub fn solve_mean(&mut self, baseline: &Baseline, noise: &Noise, values: &[f64], r: &[f64]) -> f64 {
        let (s, q) = (self.shared, self.locals);
        weigh(noise, values, r, &mut self.weighted);
        let rpr = dot(r, &self.weighted);
        self.mean.fill(0.0);
        baseline.add_transposed(&self.weighted, &mut self.pooled, &mut self.mean);
        let (shared, deviations) = self.mean.split_at_mut(s);
        // r'Pr - b'A^-1 b = r'P(r - Xc^), so the mean is enough for the quadratic form.
        let places = self.places;
        for g in 0..self.geos {
            for j in 0..q {
                self.deviations[places.of(g, j)] = deviations[g * q + j];
            }
        }
        if q > 0 {
            each_dot(&self.deviations, self.gain.chunks_exact(places.len()), |i, product| shared[i] -= product);
            for b in 0..places.batches() {
                let own = &mut self.deviations[places.batch(b)];
                lanes::solve(&self.factors[places.blocks(b)], q, &self.inverses[places.batch(b)], own);
            }
        }
        solve(&self.schur, s, shared, 1);
        if q > 0 {
            combine_rows(shared, &self.gain, places.len(), &mut self.scratch);
            for g in 0..self.geos {
                for j in 0..q {
                    let place = places.of(g, j);
                    deviations[g * q + j] = self.deviations[place] - self.scratch[place];
                }
            }
        }
        // e = r - Xc^ on observed rows.
        baseline.trend(&self.mean[..baseline.knots], &mut self.trend);
        self.residual.copy_from_slice(r);
        let periods = baseline.periods;
        for g in 0..self.geos {
            let e = &mut self.residual[g * periods..(g + 1) * periods];
            baseline.add_geo(g, &self.trend, &self.mean, -1.0, e);
            blank_unobserved(&noise.runs[g], e);
        }
        let fitted_product = rpr - dot(&self.weighted, &self.residual);
        weigh(noise, values, &self.residual, &mut self.weighted);
        -0.5 * (rpr - fitted_product)
    }

    /// Terms of the coefficients' prior: its ln determinant, the trace tr(A^-1 S^-1), and the derivatives by the prior scales.
    fn prior_terms(&mut self, baseline: &Baseline, values: &[f64], by_parameter: &mut [f64]) -> PriorPart {
        let (s, q) = (self.shared, self.locals);
        let mut part = PriorPart { ln_det: 0.0, trace: 0.0 };
        let v = &self.covariance;
        match baseline.knot_prior {
            KnotPrior::Free { sd } => {
                for k in 0..baseline.knots {
                    part.trace += v[k * s + k] / (sd * sd);
                    part.ln_det -= 2.0 * sd.ln();
                }
            }
            KnotPrior::Walk { step } if baseline.knots > 0 => {
                let tau = values[step];
                let c = &self.mean[..baseline.knots];
                let (mut trace, mut squares) = (v[0], c[0] * c[0]);
                for k in 1..baseline.knots {
                    trace += v[k * s + k] + v[(k - 1) * s + k - 1] - 2.0 * v[k * s + k - 1];
                    squares += (c[k] - c[k - 1]).powi(2);
                }
                let n = baseline.knots as f64;
                part.trace += trace / (tau * tau);
                part.ln_det -= 2.0 * n * tau.ln();
                by_parameter[step] += ((squares + trace) / (tau * tau) - n) / tau;
            }
            KnotPrior::Walk { .. } => {}
        }
        for (f, feature) in baseline.features.iter().enumerate() {
            let i = baseline.knots + f;
            let sd = feature.prior_sd(values);
            part.trace += v[i * s + i] / (sd * sd);
            part.ln_det -= 2.0 * sd.ln();
            if let Some(scale) = feature.scale {
                by_parameter[scale] += ((self.mean[i].powi(2) + v[i * s + i]) / (sd * sd) - 1.0) / values[scale];
            }
        }
        self.local_variances();
        for (j, &f) in baseline.local.iter().enumerate() {
            let tau = local_spread(baseline, j, values);
            let (mut trace, mut squares) = (0.0, 0.0);
            for g in 0..self.geos {
                trace += self.variances[self.places.of(g, j)];
                squares += self.mean[s + g * q + j].powi(2);
            }
            let n = self.geos as f64;
            part.trace += trace / (tau * tau);
            part.ln_det -= 2.0 * n * tau.ln();
            if let Some(spread) = baseline.features[f].spread {
                by_parameter[spread] += ((squares + trace) / (tau * tau) - n) / tau;
            }
        }
        part
    }

    /// Fills `variances` with the posterior variance of every deviation: that given the shared coefficients, and what their
    /// own uncertainty adds, |U'^-1 gain|^2, for all deviations in one substitution.
    fn local_variances(&mut self) {
        let (s, q, places) = (self.shared, self.locals, self.places);
        if q == 0 {
            return;
        }
        self.columns.copy_from_slice(&self.gain);
        solve_lower(&self.schur, s, &mut self.columns, places.len());
        self.variances.fill(0.0);
        for row in self.columns.chunks_exact(places.len()) {
            for (v, x) in self.variances.iter_mut().zip(row) {
                *v += x * x;
            }
        }
        for b in 0..places.batches() {
            lanes::add_inverse_diagonal(
                &self.factors[places.blocks(b)],
                q,
                &self.inverses[places.batch(b)],
                &mut self.scratch[places.batch(b)],
                &mut self.variances[places.batch(b)],
            );
        }
    }

    /// Takes out geo g's factor and gain.
    fn take(&mut self, g: usize) {
        let (s, q, places) = (self.shared, self.locals, self.places);
        for j in 0..q {
            for k in j..q {
                self.own_factor[j * q + k] = self.factors[places.of_block(g, j, k)];
            }
            for i in 0..s {
                self.own_gain[j * s + i] = self.gain[i * places.len() + places.of(g, j)];
            }
        }
    }

    /// 1/2 ln|P|, and the derivatives by the noise's parameters.
    fn noise_terms(
        &mut self,
        baseline: &Baseline,
        noise: &Noise,
        moments: &Moments,
        values: &[f64],
        prior: &PriorPart,
        by_parameter: &mut [f64],
    ) -> f64 {
        let periods = baseline.periods;
        let rho = noise.rho.map_or(0.0, |i| values[i]);
        let mut half_ln_det = 0.0;
        let simple = noise.sigma.len() == 1 && noise.rho.is_none();
        if simple {
            let sigma = values[noise.sigma[0]];
            let n: f64 = moments.observed.iter().sum();
            let trace = (self.shared + self.geos * self.locals) as f64 - prior.trace;
            by_parameter[noise.sigma[0]] += (dot(&self.residual, &self.weighted) + trace - n) / sigma;
            return -n * (sigma.ln() + 0.5 * LN_2PI);
        }
        for g in 0..self.geos {
            let sigma = values[noise.sigma_of(g)];
            let (n, runs) = (moments.observed[g], moments.runs[g]);
            half_ln_det -= n * (sigma.ln() + 0.5 * LN_2PI);
            let range = g * periods..(g + 1) * periods;
            self.covariance_of(baseline, g);
            let e = &self.residual[range.clone()];
            let epe = dot(e, &self.weighted[range]);
            let size = self.shared * self.shared;
            let trace = dot(&self.matrix, &self.precision[g * size..(g + 1) * size]);
            by_parameter[noise.sigma_of(g)] += (epe + trace - n) / sigma;
            if let Some(i) = noise.rho {
                half_ln_det += 0.5 * runs * (1.0 - rho * rho).ln();
                let own = &moments.by_geo[g * 3 * size..(g + 1) * 3 * size];
                let trace = 2.0 * rho * dot(&self.matrix, &own[size..2 * size]) - dot(&self.matrix, &own[2 * size..]);
                let mut quad = 0.0;
                for &(start, end) in &noise.runs[g] {
                    for t in start..end {
                        let inner = f64::from(u8::from(t > start)) + f64::from(u8::from(t + 1 < end)) - 1.0;
                        quad += 2.0 * rho * inner * e[t] * e[t];
                        if t > start {
                            quad -= 2.0 * e[t] * e[t - 1];
                        }
                    }
                }
                by_parameter[i] += -0.5 * (quad + trace) / (sigma * sigma) - runs * rho / (1.0 - rho * rho);
            }
        }
        half_ln_det
    }

    /// Fills `matrix` with the posterior covariance of geo g's own slopes on z (shared and deviation together), `[shared x shared]`.
    fn covariance_of(&mut self, baseline: &Baseline, g: usize) {
        let (s, q) = (self.shared, self.locals);
        self.matrix.copy_from_slice(&self.covariance);
        if q == 0 {
            return;
        }
        self.take(g);
        let gain = &self.own_gain;
        // (I - E G) V (I - E G)' + E A_g^-1 E', one local row and column at a time.
        for (j, &f) in baseline.local.iter().enumerate() {
            let i = baseline.knots + f;
            for c in 0..s {
                self.vector[c] = dot(&gain[j * s..(j + 1) * s], &self.covariance[c * s..(c + 1) * s]);
            }
            for c in 0..s {
                self.matrix[i * s + c] -= self.vector[c];
                self.matrix[c * s + i] -= self.vector[c];
            }
            for (k, &h) in baseline.local.iter().enumerate() {
                let both = dot(&self.vector[..s], &gain[k * s..(k + 1) * s]);
                self.matrix[i * s + baseline.knots + h] += both;
            }
        }
        invert(&self.own_factor, q, &mut self.small);
        for (j, &f) in baseline.local.iter().enumerate() {
            for (k, &h) in baseline.local.iter().enumerate() {
                self.matrix[(baseline.knots + f) * s + baseline.knots + h] += self.small[j * q + k];
            }
        }
    }

    /// One exact draw of all coefficients given the parameters of the last [`Marginal::log_density`] or [`Marginal::solve`]; `out` has that many elements.
    pub fn draw(&mut self, rng: &mut impl rand::Rng, out: &mut [f64]) {
        let (s, q) = (self.shared, self.locals);
        let (shared, deviations) = out.split_at_mut(s);
        for x in shared.iter_mut() {
            *x = standard_normal(rng);
        }
        solve_upper(&self.schur, s, shared);
        // Deviations move with the shared draw's departure from its mean.
        for g in 0..self.geos {
            let own = &mut deviations[g * q..(g + 1) * q];
            for x in own.iter_mut() {
                *x = standard_normal(rng);
            }
            self.take(g);
            solve_upper(&self.own_factor, q, own);
            for j in 0..q {
                let gain = &self.own_gain[j * s..(j + 1) * s];
                own[j] += self.mean[s + g * q + j] - dot(gain, shared);
            }
        }
        axpy(1.0, &self.mean[..s], shared);
    }
}

/// Products of the columns of drivers (each `[periods]`), of local features and of `e` in geo g, weighted by the noise's precision.
pub(super) fn geo_moments(
    baseline: &Baseline,
    noise: &Noise,
    values: &[f64],
    (g, columns, e): (usize, &[&[f64]], &[f64]),
    weighted: &mut [f64],
) -> GeoMoments {
    let (n, q) = (columns.len(), baseline.locals());
    let own = g * baseline.periods..(g + 1) * baseline.periods;
    let feature = |j: usize| &baseline.features[baseline.local[j]].values[own.clone()];
    let zero = |size: usize| vec![0.0; size];
    let mut out = GeoMoments { own: zero(n * n), with_outcome: zero(n), cross: zero(q * (n + 1)), local: zero(q * q) };
    for i in 0..n {
        weigh_geo(noise, values, g, columns[i], weighted);
        for j in 0..=i {
            out.own[i * n + j] = dot(weighted, columns[j]);
            out.own[j * n + i] = out.own[i * n + j];
        }
        out.with_outcome[i] = dot(weighted, e);
    }
    for j in 0..q {
        weigh_geo(noise, values, g, feature(j), weighted);
        let with = columns.iter().copied().chain([e]);
        out.cross[j * (n + 1)..(j + 1) * (n + 1)].iter_mut().zip(with).for_each(|(x, with)| *x = dot(weighted, with));
        (0..q).for_each(|k| out.local[j * q + k] = dot(weighted, feature(k)));
    }
    out
}

struct PriorPart {
    ln_det: f64,
    trace: f64,
}

/// Spread over geos of local feature j.
fn local_spread(baseline: &Baseline, j: usize, values: &[f64]) -> f64 {
    baseline.features[baseline.local[j]].spread.map_or(f64::INFINITY, |i| values[i])
}

/// out = P x, geo by geo and run by run; zero outside the runs.
fn weigh(noise: &Noise, values: &[f64], x: &[f64], out: &mut [f64]) {
    let periods = x.len() / noise.runs.len();
    for (g, (x, out)) in x.chunks_exact(periods).zip(out.chunks_exact_mut(periods)).enumerate() {
        weigh_geo(noise, values, g, x, out);
    }
}

/// The same for geo g alone.
fn weigh_geo(noise: &Noise, values: &[f64], g: usize, x: &[f64], out: &mut [f64]) {
    let rho = noise.rho.map(|i| values[i]);
    let precision = values[noise.sigma_of(g)].powi(-2);
    out.fill(0.0);
    for &(start, end) in &noise.runs[g] {
        let (x, out) = (&x[start..end], &mut out[start..end]);
        match rho {
            None => axpy(precision, x, out),
            Some(rho) => {
                let n = x.len();
                for t in 0..n {
                    let (before, after) = (t > 0, t + 1 < n);
                    let inner = f64::from(u8::from(before)) + f64::from(u8::from(after)) - 1.0;
                    let mut sum = (1.0 + rho * rho * inner) * x[t];
                    if before {
                        sum -= rho * x[t - 1];
                    }
                    if after {
                        sum -= rho * x[t + 1];
                    }
                    out[t] = precision * sum;
                }
            }
        }
    }
}

fn blank_unobserved(runs: &[(usize, usize)], e: &mut [f64]) {
    let mut at = 0;
    for &(start, end) in runs {
        e[at..start].fill(0.0);
        at = end;
    }
    e[at..].fill(0.0);
}
