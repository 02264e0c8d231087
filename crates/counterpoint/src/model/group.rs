//! A hierarchy's deviations, and the coordinates in which they are sampled: straight where the prior rules, straight where the data rule.
//!
//! Deviations d\[g\] ~ Normal(0, 1) enter the model as z\[g\] = eta d\[g\], with one spread eta. Another parameter stands for what all have in
//! common, so the data know the contrasts z\[g\] - mean z only, and the mean keeps its prior. A coordinate v\[g\] is sampled for each; with
//! w = v - mean v,
//!
//! ```text
//! d[g] = (S_g(w[g]) - mean S) / eta + mean v
//! ```
//!
//! where S_g is a rising curve that makes the posterior of w about standard normal for any eta (see [`Known`]). The determinant of the map is
//! prod rho\[g\] times the mean of 1/rho, with rho = S' / eta. Any choice of curves leaves the posterior of d as it is.

use super::bend::{self, LANES, Lanes, Told};
use counterpoint_infer::dispatch;
use counterpoint_infer::math::exp;

/// What the data alone say of one deviation.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Known {
    /// Nothing: S = eta w, the plain non-centred form.
    #[default]
    Nothing,
    /// z ~ Normal(center, sd^2), as for an effect that z adds to. S = eta (m + k w) with the mean m and the standard deviation k of d
    /// given eta: m = eta center / (eta^2 + sd^2), k = sd / sqrt(eta^2 + sd^2)
    /// (between centred and non-centred; compare Papaspiliopoulos, Roberts and Skold 2007).
    Straight {
        /// Centre.
        center: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// As straight, where the data see z by itself with precision `own` and in a sum with another deviation, of spread delta, that nothing else tells:
    /// 1 / sd^2 = own + 1 / (delta^2 times + rest).
    Through {
        /// Centre.
        center: f64,
        /// Precision of what the data say of z by itself.
        own: f64,
        /// Square of the other deviation's part in the sum.
        times: f64,
        /// Variance of the sum.
        rest: f64,
    },
    /// As straight, of z (1 - delta): what z, in the logit of a rate that is delta at z = 0, is worth in the rate's logarithm.
    Rate {
        /// Centre.
        center: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// exp(z + delta) ~ Normal(factor, 1 / precision), as for an effect exp(delta) that exp(z) multiplies: sure of large z, ignorant of small ones.
    /// The prior's scale is eta and the data's exp(-z - delta) / sqrt(precision); see `bend.rs`.
    Bent {
        /// What the data take the factor for, at most [`MOST`].
        factor: f64,
        /// How surely.
        precision: f64,
    },
}

/// Largest factor that a curve is centred on: up to 18 or so the mode of z given eta is one, and moves smoothly with it.
pub const MOST: f64 = 15.0;

/// S and its derivatives at w.
#[derive(Debug, Clone, Copy, Default)]
pub struct Curve {
    /// z = S(w).
    pub(super) z: f64,
    /// rho = S' / eta.
    pub(super) rho: f64,
    /// dz / d eta.
    pub(super) z_eta: f64,
    /// d ln rho / dw.
    pub(super) rho_w: f64,
    /// d ln rho / d eta.
    pub(super) rho_eta: f64,
    /// dz / d delta.
    pub(super) z_delta: f64,
    /// d ln rho / d delta.
    pub(super) rho_delta: f64,
}

impl Known {
    /// [`Known::Bent`], or nothing where the precision is not a positive number or the factor is not a number.
    pub fn bent(factor: f64, precision: f64) -> Known {
        let some = precision > 0.0 && precision.is_finite() && factor.is_finite();
        if some { Known::Bent { factor: factor.min(MOST), precision } } else { Known::Nothing }
    }

    fn curve(self, eta: f64, delta: f64, w: f64) -> Curve {
        let flat = Curve { z: eta * w, rho: 1.0, z_eta: w, rho_w: 0.0, rho_eta: 0.0, z_delta: 0.0, rho_delta: 0.0 };
        match self {
            Known::Nothing => flat,
            Known::Straight { center, sd } => straight([center, 0.0], [sd, 0.0], eta, w),
            Known::Through { center, own, times, rest } => {
                straight([center, 0.0], through(own, times, rest, delta), eta, w)
            }
            Known::Rate { center, sd } => {
                let [worth, by_delta] = logit(delta);
                straight([center * worth, center * by_delta], [sd * worth, sd * by_delta], eta, w)
            }
            Known::Bent { factor, precision } => {
                let told = Told { factor: [factor; LANES], precision: [precision; LANES] };
                bend::curves(&told, (eta, delta), &[w; LANES])[0]
            }
        }
    }

    /// w with S(w) = z, and dw/dz.
    fn inverse(self, eta: f64, delta: f64, z: f64) -> [f64; 2] {
        match self {
            Known::Nothing => [z / eta, 1.0 / eta],
            Known::Straight { center, sd } => {
                let total = eta * eta + sd * sd;
                let (m, k) = (eta * center / total, sd / total.sqrt());
                [(z / eta - m) / k, 1.0 / (eta * k)]
            }
            Known::Through { center, own, times, rest } => {
                let [sd, _] = through(own, times, rest, delta);
                Known::Straight { center, sd }.inverse(eta, delta, z)
            }
            Known::Rate { center, sd } => {
                let [worth, _] = logit(delta);
                Known::Straight { center: center * worth, sd: sd * worth }.inverse(eta, delta, z)
            }
            Known::Bent { factor, precision } => {
                let told = Told { factor: [factor; LANES], precision: [precision; LANES] };
                bend::inverses(&told, (eta, delta), &[z; LANES]).map(|of| of[0])
            }
        }
    }
}

/// The curve of [`Known::Straight`]; centre and standard deviation with their derivatives by delta.
fn straight([center, center_delta]: [f64; 2], [sd, sd_delta]: [f64; 2], eta: f64, w: f64) -> Curve {
    let (e2, s2, total) = (eta * eta, sd * sd, eta * eta + sd * sd);
    let (m, k) = (eta * center / total, sd / total.sqrt());
    let (m_eta, k_eta) = (center * (s2 - e2) / (total * total), -eta / total * k);
    let (m_delta, k_delta) =
        (eta / total * center_delta - 2.0 * sd * m / total * sd_delta, e2 / (sd * total) * k * sd_delta);
    Curve {
        z: eta * (m + k * w),
        rho: k,
        z_eta: m + k * w + eta * (m_eta + k_eta * w),
        rho_w: 0.0,
        rho_eta: -eta / total,
        z_delta: eta * (m_delta + k_delta * w),
        rho_delta: e2 / (sd * total) * sd_delta,
    }
}

/// Change of a rate's logit that is worth a change of one in its logarithm, and its derivative by the rate.
fn logit(rate: f64) -> [f64; 2] {
    let worth = 1.0 / (1.0 - rate);
    [worth, worth * worth]
}

/// Standard deviation of [`Known::Through`], and its derivative by delta.
fn through(own: f64, times: f64, rest: f64, delta: f64) -> [f64; 2] {
    let variance = times * delta * delta + rest;
    let sd = (own + 1.0 / variance).powf(-0.5);
    [sd, sd.powi(3) * times * delta / (variance * variance)]
}

/// Deviations that the model multiplies by one spread.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Index of the spread; smaller than those of the deviations.
    pub spread: usize,
    /// Index of the first deviation; the others follow.
    pub first: usize,
    /// What the data say of each.
    pub known: Vec<Known>,
    /// Share of each geo in a common effect that is a total over geos, about; empty where it is a coefficient.
    pub weights: Vec<f64>,
    /// The common effect; none where its coordinate is the plain one.
    pub common: Option<Common>,
    /// What enters the model in a sum with z: index and `[deviations]` covariate of each slope. What [`Known::Straight`] says is then of the sum.
    pub slopes: Vec<(usize, Vec<f64>)>,
    /// The same of other deviations, for each of these: what stands for them, and how much of it enters.
    pub others: Vec<Vec<Other>>,
    /// The parameter that is delta: the spread of the deviations that these are [`Known::Through`], or the [`Known::Rate`] that they add to.
    pub hangs_on: Option<usize>,
}

/// Deviations whose curves are bent, as many as go through together.
#[derive(Debug, Default)]
struct Bent {
    told: Told,
    /// Where their curves are wanted.
    at: Lanes,
    /// Which they are.
    places: [usize; LANES],
    filled: usize,
}

impl Bent {
    fn push(&mut self, place: usize, factor: f64, precision: f64, at: f64) {
        let lane = self.filled;
        (self.told.factor[lane], self.told.precision[lane]) = (factor, precision);
        (self.at[lane], self.places[lane]) = (at, place);
        self.filled += 1;
    }

    /// Whether it is time to let them through: they are as many as can, or the last.
    fn ready(&self, last: bool) -> bool {
        self.filled == LANES || last && self.filled > 0
    }

    /// Hands on each lane with its place, and begins anew.
    fn take(&mut self, mut to: impl FnMut(usize, usize)) {
        for (lane, &place) in self.places[..self.filled].iter().enumerate() {
            to(lane, place);
        }
        self.filled = 0;
    }
}

/// Slopes multiplied before one logarithm is taken.
const LOGS: usize = 8;

/// Another group's scaled deviation in a sum with one of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Other {
    /// Index of its spread.
    pub spread: usize,
    /// Index of the deviation.
    pub deviation: usize,
    /// What the sum changes by when it changes by one.
    pub share: f64,
}

/// The parameter that all of a group share as a factor.
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// Its index.
    pub index: usize,
    /// Change of its coordinate that is worth a change of one in the logarithm of its value.
    pub per_unit: f64,
    /// The coordinate for which the group's curves were made; delta is the change from it, in logarithms.
    pub made_for: f64,
    /// c h: precision of what the data say of each deviation's factor, times what they say.
    pub seen: Vec<f64>,
    /// c: that precision.
    pub strength: Vec<f64>,
    /// p: precision of what the data say of the total, as a sum of shares and factors, where something tells it by itself; else 0.
    pub total: f64,
    /// W0: that sum where it was measured.
    pub total_seen: f64,
}

/// How far below zero delta may fall, about, and how sharply it is held there. Curves made for a common effect that is much smaller than the one they were
/// measured at would be centred on deviations that make up for it: a geo or two far out, and no longer one mode.
const LOWEST: f64 = 1.0;
const HELD: f64 = 0.25;

impl Common {
    /// delta at a coordinate, and its slope: the change of the common effect in logarithms, held above -1.
    pub fn delta(&self, coordinate: f64) -> [f64; 2] {
        let over = ((coordinate - self.made_for) / self.per_unit + LOWEST) / HELD;
        let held = over.max(0.0) + (-over.abs()).exp().ln_1p();
        [HELD * held - LOWEST, 1.0 / ((1.0 + (-over).exp()) * self.per_unit)]
    }
}

/// The sums in [`Group::shift`]: W, the two of the least squares estimate, and what a total that is known adds to these a unit of W and of its square.
struct Sums {
    w: f64,
    seen: f64,
    square: f64,
    total: [f64; 2],
}

impl Group {
    /// Indices of the deviations.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.known.len()
    }

    /// ln(common effect) less what the data know of it, up to a constant. Given the deviations, the least squares estimate of the factor
    /// exp(M) in exp(M + z\[g\]) is sum c h exp(z) / sum c exp(2 z), where the data take geo g for h with precision c. M itself is the logarithm of a
    /// coefficient, or of a total less ln W, with W = sum w exp(z). So the shift is \[ln W\] + ln sum c h exp(z) - ln sum c exp(2 z): where the data know each
    /// geo, one that moves leaves the others alone; where they only know the total, that stays. What tells the total by itself, with precision p, is one more
    /// term in both sums: p W W0, with W0 the sum where it was measured, and p W^2.
    pub fn shift(&self, eta: f64, d: &[f64]) -> f64 {
        let Sums { w, seen, square, .. } = self.sums(eta, d);
        w.ln() + seen.ln() - square.ln()
    }

    /// Adds `by` times the derivative of [`Group::shift`] to `by_d`; returns that by eta.
    pub fn shift_adjoint(&self, eta: f64, d: &[f64], by: f64, by_d: &mut [f64]) -> f64 {
        let Sums { w, seen, square, total } = self.sums(eta, d);
        // By W, both ways.
        let by_w = 1.0 / w + total[0] / seen - 2.0 * total[1] * w / square;
        let (known, strength) = self.known_of_factors();
        let by_sums = [by * by_w, by / seen, -by / square];
        factor_sums_adjoint(eta, d, [&self.weights, known, strength], by_sums, by_d)
    }

    /// c h and c of each deviation's factor.
    fn known_of_factors(&self) -> (&[f64], &[f64]) {
        self.common.as_ref().map_or((&[], &[]), |c| (&c.seen, &c.strength))
    }

    fn sums(&self, eta: f64, d: &[f64]) -> Sums {
        let (known, strength) = self.known_of_factors();
        let [w, seen, square] = factor_sums(eta, d, [&self.weights, known, strength]);
        let total = self.common.as_ref().map_or([0.0; 2], |c| [c.total * c.total_seen, c.total]);
        Sums { w, seen: seen + total[0] * w, square: square + total[1] * w * w, total }
    }

    /// What enters the model in a sum with deviation g's z, at parameter values.
    fn offset(&self, g: usize, values: &[f64]) -> f64 {
        let slopes: f64 = self.slopes.iter().map(|(i, h)| values[*i] * h[g]).sum();
        let others = self.others.get(g).map_or(&[][..], |o| o);
        slopes + others.iter().map(|o| o.share * values[o.spread] * values[o.deviation]).sum::<f64>()
    }

    /// Hands on `by` times the derivative of deviation g's [`Group::offset`].
    fn offset_adjoint(&self, g: usize, values: &[f64], by: f64, mut to: impl FnMut(usize, f64)) {
        self.slopes.iter().for_each(|(i, h)| to(*i, by * h[g]));
        for o in self.others.get(g).map_or(&[][..], |o| o) {
            to(o.spread, by * o.share * values[o.deviation]);
            to(o.deviation, by * o.share * values[o.spread]);
        }
    }

    /// What the data say of deviation g alone, at parameter values.
    fn known_at(&self, g: usize, values: &[f64]) -> Known {
        match self.known[g] {
            Known::Straight { center, sd } => Known::Straight { center: center - self.offset(g, values), sd },
            Known::Through { center, own, times, rest } => {
                Known::Through { center: center - self.offset(g, values), own, times, rest }
            }
            Known::Rate { center, sd } => Known::Rate { center: center - self.offset(g, values), sd },
            other => other,
        }
    }

    /// The mean of z at parameter values.
    pub fn middle(&self, values: &[f64]) -> f64 {
        values[self.spread] * mean(&values[self.range()])
    }

    /// Adds `by` times the derivative of [`Group::middle`] to `by_value`.
    pub fn middle_adjoint(&self, values: &[f64], by: f64, by_value: &mut [f64]) {
        by_value[self.spread] += by * mean(&values[self.range()]);
        let each = by * values[self.spread] / self.known.len() as f64;
        by_value[self.range()].iter_mut().for_each(|b| *b += each);
    }

    /// z of each deviation at parameter values.
    pub fn scaled(&self, values: &[f64]) -> Vec<f64> {
        values[self.range()].iter().map(|d| values[self.spread] * d).collect()
    }

    /// What enters the model in a sum with each z.
    pub fn offsets(&self, values: &[f64]) -> Vec<f64> {
        (0..self.known.len()).map(|g| self.offset(g, values)).collect()
    }

    /// Deviations at v, for a common effect that is exp(delta) times what the curves were made for; returns the log determinant. `values` are those of
    /// the parameters that come before; `curves` are left for [`Group::adjoint`].
    pub fn forward(
        &self,
        (eta, delta): (f64, f64),
        values: &[f64],
        v: &[f64],
        d: &mut [f64],
        curves: &mut [Curve],
    ) -> f64 {
        let common = mean(v);
        let mut bent = Bent::default();
        for (g, v) in v.iter().enumerate() {
            match self.known_at(g, values) {
                Known::Bent { factor, precision } => bent.push(g, factor, precision, v - common),
                known => curves[g] = known.curve(eta, delta, v - common),
            }
            if bent.ready(g + 1 == self.known.len()) {
                let found = bend::curves(&bent.told, (eta, delta), &bent.at);
                bent.take(|lane, g| curves[g] = found[lane]);
            }
        }
        let (mut ln_det, mut inverse) = (0.0, 0.0);
        for (curves, d) in curves[..v.len()].chunks(LOGS).zip(d.chunks_mut(LOGS)) {
            let mut product = 1.0;
            for (curve, d) in curves.iter().zip(d) {
                *d = curve.z;
                product *= curve.rho;
                inverse += 1.0 / curve.rho;
            }
            ln_det += product.ln();
        }
        let middle = mean(d);
        d.iter_mut().for_each(|d| *d = (*d - middle) / eta + common);
        ln_det + (inverse / v.len() as f64).ln()
    }

    /// v at deviations: w solves S(w) = eta (d - mean d) + t for the t at which w has mean zero, by Newton's method.
    pub fn backward(&self, (eta, delta): (f64, f64), values: &[f64], d: &[f64]) -> Vec<f64> {
        let common = mean(d);
        let at = |t: f64| -> Vec<[f64; 2]> {
            let mut out = vec![[0.0; 2]; d.len()];
            let mut bent = Bent::default();
            for (g, d) in d.iter().enumerate() {
                let z = eta * (d - common) + t;
                match self.known_at(g, values) {
                    Known::Bent { factor, precision } => bent.push(g, factor, precision, z),
                    known => out[g] = known.inverse(eta, delta, z),
                }
                if bent.ready(g + 1 == self.known.len()) {
                    let [w, slope] = bend::inverses(&bent.told, (eta, delta), &bent.at);
                    bent.take(|lane, g| out[g] = [w[lane], slope[lane]]);
                }
            }
            out
        };
        let mut t = 0.0;
        let mut w = at(t);
        for _ in 0..100 {
            let (sum, slope) = w.iter().fold((0.0, 0.0), |(sum, slope), w| (sum + w[0], slope + w[1]));
            // The sum rises in t but may bend either way: a step is never longer than a few spreads.
            let step = (sum / slope).clamp(-3.0 * eta, 3.0 * eta);
            t -= step;
            w = at(t);
            if step.abs() <= 1e-14 * eta {
                break;
            }
        }
        w.iter().map(|w| w[0] + common).collect()
    }

    /// Adjoint of [`Group::forward`], its determinant included: from `by_d` (prior of d not included) to `by_v`; returns the derivatives by
    /// eta and delta, and hands those by each slope to `by_slope`.
    pub fn adjoint(
        &self,
        (eta, delta, before): (f64, f64, &[f64]),
        (v, d, by_d): (&[f64], &[f64], &[f64]),
        curves: &[Curve],
        by_v: &mut [f64],
        mut by_slope: impl FnMut(usize, f64),
    ) -> [f64; 2] {
        let n = v.len() as f64;
        let common = mean(v);
        let middle = by_d.iter().enumerate().map(|(g, by)| by - d[g]).sum::<f64>() / n;
        let mut by_eta = 0.0;
        let (mut by_delta, mut by_w, mut inverse) = (0.0, 0.0, 0.0);
        // What the mean of 1/rho in the determinant adds shares a denominator that is known only at the end.
        let mut late = [0.0; 3];
        for g in 0..v.len() {
            let curve = curves[g];
            let by = by_d[g] - d[g];
            let by_z = (by - middle) / eta;
            let worth = match self.known[g] {
                Known::Straight { .. } | Known::Through { .. } => Some(1.0),
                Known::Rate { .. } => Some(logit(delta)[0]),
                Known::Nothing | Known::Bent { .. } => None,
            };
            if let Some(worth) = worth {
                // rho^2 = sd^2 / (eta^2 + sd^2).
                let by_offset = -by_z * (1.0 - curve.rho * curve.rho) * worth;
                self.offset_adjoint(g, before, by_offset, &mut by_slope);
            }
            by_v[g] = by_z * eta * curve.rho + curve.rho_w;
            by_eta += by_z * curve.z_eta + curve.rho_eta - by * (d[g] - common) / eta;
            by_delta += by_z * curve.z_delta + curve.rho_delta;
            by_w += by_v[g];
            inverse += 1.0 / curve.rho;
            for (late, by) in late.iter_mut().zip([curve.rho_w, curve.rho_eta, curve.rho_delta]) {
                *late += by / curve.rho;
            }
        }
        let shared = middle - (by_w - late[0] / inverse) / n;
        for g in 0..v.len() {
            by_v[g] += shared - curves[g].rho_w / curves[g].rho / inverse;
        }
        [by_eta - late[1] / inverse, by_delta - late[2] / inverse]
    }
}

dispatch! {
    /// sum a e, sum b e and sum c e^2 with e = exp(eta d); one where there are no weights.
    fn factor_sums(eta: f64, d: &[f64], weights: [&[f64]; 3]) -> [f64; 3] {
        let mut sums = weights.map(|w| if w.is_empty() { 1.0 } else { 0.0 });
        let mut e = [0.0; LANES];
        for (k, d) in d.chunks(LANES).enumerate() {
            for (e, d) in e.iter_mut().zip(d) {
                *e = exp(eta * d);
            }
            for (which, (sum, w)) in sums.iter_mut().zip(weights).enumerate() {
                for (w, e) in w.iter().skip(k * LANES).zip(&e[..d.len()]) {
                    *sum += if which == 2 { w * e * e } else { w * e };
                }
            }
        }
        sums
    }
}

dispatch! {
    /// Adjoint of [`factor_sums`]: adds to `by_d`, returns the derivative by eta.
    fn factor_sums_adjoint(eta: f64, d: &[f64], weights: [&[f64]; 3], by: [f64; 3], by_d: &mut [f64]) -> f64 {
        let mut by_eta = 0.0;
        let (mut e, mut by_z) = ([0.0; LANES], [0.0; LANES]);
        for (k, (d, by_d)) in d.chunks(LANES).zip(by_d.chunks_mut(LANES)).enumerate() {
            for (e, d) in e.iter_mut().zip(d) {
                *e = exp(eta * d);
            }
            by_z.fill(0.0);
            for (which, (w, by)) in weights.iter().zip(by).enumerate() {
                for ((w, e), by_z) in w.iter().skip(k * LANES).zip(&e[..d.len()]).zip(&mut by_z) {
                    *by_z += by * if which == 2 { 2.0 * w * e * e } else { w * e };
                }
            }
            for ((by_d, d), by_z) in by_d.iter_mut().zip(d).zip(&by_z) {
                *by_d += by_z * eta;
                by_eta += by_z * d;
            }
        }
        by_eta
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(known: Vec<Known>) -> Group {
        Group {
            spread: 0,
            first: 1,
            known,
            weights: Vec::new(),
            common: None,
            slopes: Vec::new(),
            others: Vec::new(),
            hangs_on: None,
        }
    }

    #[test]
    fn a_shift_has_an_exact_adjoint_and_none_where_only_the_total_is_known() {
        let d = [0.3, -1.2, 0.8];
        let common = |total: f64| Common {
            index: 9,
            per_unit: 1.0,
            made_for: 0.0,
            seen: vec![3.0, 40.0, 7.0],
            strength: vec![2.0, 30.0, 9.0],
            total,
            total_seen: 1.1,
        };
        let group = |total: f64| Group {
            weights: vec![0.2, 0.5, 0.3],
            common: Some(common(total)),
            ..alone(vec![Known::Nothing; 3])
        };
        for total in [0.0, 5.0, 1e3] {
            let group = group(total);
            let mut by_d = [0.0; 3];
            let by_eta = group.shift_adjoint(0.6, &d, 1.3, &mut by_d);
            let at = |eta: f64, d: &[f64]| 1.3 * group.shift(eta, d);
            let numeric = (at(0.6 + 1e-5, &d) - at(0.6 - 1e-5, &d)) / 2e-5;
            assert!((by_eta - numeric).abs() < 1e-8, "{by_eta} {numeric}");
            for g in 0..3 {
                let moved = |h: f64| {
                    let mut d = d;
                    d[g] += h;
                    at(0.6, &d)
                };
                let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((by_d[g] - numeric).abs() < 1e-8, "{g}: {} {numeric}", by_d[g]);
            }
        }
        let (near, far) = (group(1e12).shift(0.6, &d), group(1e12).shift(1.4, &[2.0, 0.1, -0.7]));
        assert!((near - far).abs() < 1e-9, "{near} {far}");
    }

    fn all() -> Vec<Known> {
        vec![
            Known::Nothing,
            Known::Straight { center: 0.4, sd: 0.3 },
            Known::Through { center: -0.3, own: 2.0, times: 0.6, rest: 0.05 },
            Known::Rate { center: 0.5, sd: 0.2 },
            Known::bent(1.0, 1e-9),
            Known::bent(8.0, 0.3),
            Known::bent(0.4, 60.0),
            Known::bent(4.5, 1e4),
            Known::bent(-2.0, 5.0),
        ]
    }

    #[test]
    fn curves_have_exact_derivatives_and_inverses() {
        for known in all() {
            for eta in [0.03, 0.4, 2.5] {
                for (w, delta) in [(-3.0, 0.0), (-0.4, 0.5), (0.0, 0.0), (1.1, -0.4), (2.7, 0.1)] {
                    let c = known.curve(eta, delta, w);
                    let h = 1e-5;
                    let (up, down) = (known.curve(eta, delta, w + h), known.curve(eta, delta, w - h));
                    let near = |a: f64, b: f64| (a - b).abs() < 1e-6 * (1.0 + a.abs() + b.abs());
                    assert!(near(c.rho * eta, (up.z - down.z) / (2.0 * h)), "{known:?} {eta} {w}");
                    assert!(near(c.rho_w, (up.rho.ln() - down.rho.ln()) / (2.0 * h)), "{known:?} {eta} {w}");
                    let h = 1e-5 * eta;
                    let (up, down) = (known.curve(eta + h, delta, w), known.curve(eta - h, delta, w));
                    assert!(near(c.z_eta, (up.z - down.z) / (2.0 * h)), "{known:?} {eta} {w}");
                    assert!(near(c.rho_eta, (up.rho.ln() - down.rho.ln()) / (2.0 * h)), "{known:?} {eta} {w}");
                    let h = 1e-5;
                    let (up, down) = (known.curve(eta, delta + h, w), known.curve(eta, delta - h, w));
                    assert!(near(c.z_delta, (up.z - down.z) / (2.0 * h)), "{known:?} {eta} {w}");
                    assert!(near(c.rho_delta, (up.rho.ln() - down.rho.ln()) / (2.0 * h)), "{known:?} {eta} {w}");
                    let [back, slope] = known.inverse(eta, delta, c.z);
                    assert!((back - w).abs() < 1e-9, "{known:?} {eta} {w} {back}");
                    assert!((slope * eta * c.rho - 1.0).abs() < 1e-9, "{known:?} {eta} {w}");
                }
            }
        }
    }

    #[test]
    fn a_bent_curve_has_the_priors_slope_below_and_the_datas_above() {
        let (eta, precision) = (0.5, 400.0);
        let known = Known::bent(1.0, precision);
        let below = known.curve(eta, 0.0, -40.0);
        assert!((below.rho - 1.0).abs() < 1e-3);
        let above = known.curve(eta, 0.0, 40.0);
        let data = (-above.z).exp() / f64::sqrt(precision);
        assert!((above.rho * eta / data - 1.0).abs() < 1e-2);
    }

    #[test]
    fn coordinates_and_deviations_are_each_others_inverse_with_an_exact_adjoint() {
        // More bent ones than go through together.
        let known = [all(), all(), all(), all()].concat();
        let n = known.len();
        let slopes = vec![(0, (0..n).map(|g| (g as f64 * 0.7).cos()).collect())];
        let other = |g: usize| Other { spread: 1, deviation: 2, share: 0.2 + 0.1 * g as f64 };
        let others = (0..n).map(|g| (0..g % 3).map(|_| other(g)).collect()).collect();
        let group = Group { first: 3, slopes, others, ..alone(known) };
        let values = [0.4, 0.7, -1.1];
        let v: Vec<f64> = (0..n).map(|g| (g as f64 * 1.7).sin() + 0.3).collect();
        for (eta, delta) in [(0.05, 0.0), (0.6, 0.3), (1.8, -0.2)] {
            let (mut d, mut curves) = (vec![0.0; n], vec![Curve::default(); n]);
            group.forward((eta, delta), &values, &v, &mut d, &mut curves);
            for (a, b) in group.backward((eta, delta), &values, &d).iter().zip(&v) {
                assert!((a - b).abs() < 1e-9, "{eta}: {a} {b}");
            }
            // log density: a linear function of d, the Normal prior of d, the determinant.
            let pull: Vec<f64> = (0..n).map(|g| (g as f64).cos()).collect();
            let value_at = |eta: f64, delta: f64, values: &[f64], v: &[f64]| {
                let mut d = vec![0.0; n];
                let ln_det = group.forward((eta, delta), values, v, &mut d, &mut vec![Curve::default(); n]);
                ln_det + d.iter().zip(&pull).map(|(d, p)| d * p - 0.5 * d * d).sum::<f64>()
            };
            let value = |eta: f64, delta: f64, v: &[f64]| value_at(eta, delta, &values, v);
            let (mut by_v, mut by_before) = (vec![0.0; n], [0.0; 3]);
            let [by_eta, by_delta] =
                group.adjoint((eta, delta, &values), (&v, &d, &pull), &curves, &mut by_v, |i, by| by_before[i] += by);
            let h = 1e-5;
            for g in 0..n {
                let (mut up, mut down) = (v.clone(), v.clone());
                up[g] += h;
                down[g] -= h;
                let numeric = (value(eta, delta, &up) - value(eta, delta, &down)) / (2.0 * h);
                assert!((by_v[g] - numeric).abs() < 1e-6 * (1.0 + numeric.abs()), "{eta} {g}: {} {numeric}", by_v[g]);
            }
            let h = 1e-5 * eta;
            let numeric = (value(eta + h, delta, &v) - value(eta - h, delta, &v)) / (2.0 * h);
            assert!((by_eta - numeric).abs() < 1e-6 * (1.0 + numeric.abs()), "{eta}: {by_eta} {numeric}");
            for (i, by) in by_before.iter().enumerate() {
                let moved = |h: f64| {
                    let mut values = values;
                    values[i] += h;
                    value_at(eta, delta, &values, &v)
                };
                let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((by - numeric).abs() < 1e-6 * (1.0 + numeric.abs()), "{eta} {i}: {by} {numeric}");
            }
            let numeric = (value(eta, delta + 1e-5, &v) - value(eta, delta - 1e-5, &v)) / 2e-5;
            assert!((by_delta - numeric).abs() < 1e-6 * (1.0 + numeric.abs()), "{eta}: {by_delta} {numeric}");
        }
    }

    #[test]
    fn the_determinant_is_that_of_the_map() {
        let known = vec![Known::bent(1.2, 30.0), Known::Straight { center: 0.1, sd: 0.2 }, Known::Nothing];
        let group = alone(known);
        let (eta, delta, v, h) = (0.7, 0.2, [0.4, -0.9, 1.3], 1e-5);
        let mut d = [0.0; 3];
        let ln_det = group.forward((eta, delta), &[], &v, &mut d, &mut [Curve::default(); 3]);
        let column = |j: usize| {
            let (mut up, mut down) = (v, v);
            up[j] += h;
            down[j] -= h;
            let (mut a, mut b) = ([0.0; 3], [0.0; 3]);
            group.forward((eta, delta), &[], &up, &mut a, &mut [Curve::default(); 3]);
            group.forward((eta, delta), &[], &down, &mut b, &mut [Curve::default(); 3]);
            std::array::from_fn::<f64, 3, _>(|i| (a[i] - b[i]) / (2.0 * h))
        };
        let [x, y, z] = [column(0), column(1), column(2)];
        let det = x[0] * (y[1] * z[2] - y[2] * z[1]) - x[1] * (y[0] * z[2] - y[2] * z[0])
            + x[2] * (y[0] * z[1] - y[1] * z[0]);
        assert!((det.abs().ln() - ln_det).abs() < 1e-8, "{} {ln_det}", det.abs().ln());
    }
}
