//! The creators of one platform: from each one's views to the exposure that saturates together, with the adjoint.
//!
//! x\[g,t\] = sum_c w\[c\] a\[c,g\] v\[c,t\], with v the views of an account, a the share of its audience that is real and lives in g, per head, and
//! ln w\[c\] = slopes . h\[c\] + spread r\[c\]. Where the platform changed what a view is, v is told in today's count: what was counted before is
//! multiplied by e^s. Carry-over and saturation then act on the platform's x, so audiences overlap: with
//! B = beta s / (s + e) the part of account c is B w\[c\] s\[c\] / s, its Aumann-Shapley share (Aumann and Shapley 1974; exact for a
//! function of a sum, and the parts add up to B). Where overlaps of audiences are known, people are in segments k with a share p\[k\] of them each
//! (see [`crate::data::segments`]), an account has a\[c,g,k\] of its audience a head there, and B is beta sum_k p\[k\] s\[k\] / (s\[k\] + e). All
//! this is of rows: a geo and segment each. See `docs/method.md`.

use super::crowd::Crowd;
use super::linalg::{axpy, combine_rows, dot};
use super::response::{Exposure, Shape, convolve, convolve_transposed, correlate};
use std::borrow::Cow;
use std::ops::Range;

/// The creators of one platform, as the model takes them.
#[derive(Debug, Clone)]
pub struct Platform {
    /// Name of the platform.
    pub name: String,
    /// Index of each account in the roster.
    pub accounts: Vec<usize>,
    /// Views of each account as counted, led by history, `[accounts x (max_lag + periods)]`.
    pub views: Vec<f64>,
    /// The change of what a view is that the data's time holds.
    pub step: Option<Step>,
    /// Share of a geo's people in each segment of the audience, as its shape has them.
    pub segments: Vec<f64>,
    /// Scaled exposure a head that one view brings to each row, `[accounts x rows]`.
    pub share: Vec<f64>,
    /// What is known of each account, `[accounts x slopes]`.
    pub covariates: Vec<f64>,
    /// How they crowd each other, about.
    pub crowd: Crowd,
    /// Where its parameters are.
    pub slots: PlatformSlots,
}

/// A change of what a view is. Every view is told in the count after it, that of today: those counted before are multiplied by e^s.
#[derive(Debug, Clone)]
pub struct Step {
    /// Parameter s: logarithm of the new count over the old count of the same attention.
    pub slot: usize,
    /// Views that were counted before, `[accounts x (max_lag + periods)]`.
    pub before: Vec<f64>,
    /// When it came, in periods from the first outcome period on.
    pub at: f64,
}

/// Where a platform's parameters are, by index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlatformSlots {
    /// Slopes of the covariates.
    pub slopes: Vec<usize>,
    /// Spread between creators and the first of their standardised deviations; none for a single account.
    pub deviations: Option<(usize, usize)>,
}

impl Platform {
    /// Number of accounts.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Exposure of account c over all periods and geos, at weight one.
    pub fn reach(&self, c: usize) -> f64 {
        let lines = self.views.len() / self.len();
        let views: f64 = self.views[c * lines..(c + 1) * lines].iter().sum();
        views * self.shares(c).chunks_exact(self.segments.len()).map(|own| dot(own, &self.segments)).sum::<f64>()
    }

    /// Share of its geo's people that a row holds, and the geo.
    pub fn row(&self, row: usize) -> (f64, usize) {
        let count = self.segments.len();
        (self.segments[row % count], row / count)
    }

    /// The rows of geo g.
    pub fn rows_of(&self, g: usize) -> Range<usize> {
        let count = self.segments.len();
        g * count..(g + 1) * count
    }

    /// Scaled exposure a head that one view of account c brings to each row.
    pub fn shares(&self, c: usize) -> &[f64] {
        let rows = self.share.len() / self.len();
        &self.share[c * rows..(c + 1) * rows]
    }

    /// Views in today's count, `[accounts x (max_lag + periods)]`.
    pub fn views_today<'a>(&'a self, values: &[f64]) -> Cow<'a, [f64]> {
        let Some(step) = &self.step else { return Cow::Borrowed(&self.views) };
        let mut out = self.views.clone();
        axpy(step.more(values), &step.before, &mut out);
        Cow::Owned(out)
    }

    /// Weight of account c.
    pub fn weight(&self, c: usize, values: &[f64]) -> f64 {
        let known = &self.slots.slopes;
        let h = &self.covariates[c * known.len()..(c + 1) * known.len()];
        let slope: f64 = known.iter().zip(h).map(|(&i, h)| values[i] * h).sum();
        (slope + self.slots.deviations.map_or(0.0, |(spread, first)| values[spread] * values[first + c])).exp()
    }

    /// Adjoint of [`Platform::weight`], from the derivative by the weight's logarithm.
    pub(super) fn weight_adjoint(&self, c: usize, values: &[f64], by_log: f64, by_value: &mut [f64]) {
        let known = &self.slots.slopes;
        let h = &self.covariates[c * known.len()..(c + 1) * known.len()];
        for (&i, h) in known.iter().zip(h) {
            by_value[i] += by_log * h;
        }
        if let Some((spread, first)) = self.slots.deviations {
            by_value[spread] += by_log * values[first + c];
            by_value[first + c] += by_log * values[spread];
        }
    }
}

impl Step {
    /// What a view of the old count is more than one of today's: e^s - 1.
    pub fn more(&self, values: &[f64]) -> f64 {
        values[self.slot].exp_m1()
    }
}

/// Working memory of a platform.
#[derive(Debug, Clone)]
pub struct PlatformWork {
    /// Weight of each account.
    pub weight: Vec<f64>,
    /// Views in today's count, `[accounts x (max_lag + periods)]`.
    pub views: Vec<f64>,
    /// Scaled exposure of all accounts together.
    pub exposure: Exposure,
    /// d/d exposure.
    by_exposure: Vec<f64>,
    by_weight: Vec<f64>,
    /// d/d e^s of the step, through the parts.
    by_step: f64,
    line: Vec<f64>,
    /// d/d views of one account through the parts; empty without a step.
    by_views: Vec<f64>,
    /// What a view of the old count is more than one of today's; nothing without a step.
    more: f64,
    /// Carried-over views, `[accounts x periods]`, and `more` and the kernel that they are of.
    carried: Vec<f64>,
    carried_by: (f64, Vec<f64>),
    /// Scaled exposure that a view brings, `[accounts x rows]`.
    scales: Vec<f64>,
    /// Outcome units that one unit of carried-over exposure brings, `[rows x periods]`, and its adjoint.
    rate: Vec<f64>,
    by_rate: Vec<f64>,
    /// The same a carried-over view of each account of weight one, `[accounts x periods]`, and its adjoint.
    pull: Vec<f64>,
    by_pull: Vec<f64>,
    /// Incremental outcome of each account over all geos, in outcome units, `[accounts x periods]`.
    pub incremental: Vec<f64>,
    /// Its adjoint.
    pub by_incremental: Vec<f64>,
    by_kernel: Vec<f64>,
}

impl PlatformWork {
    /// Working memory for a response of this shape.
    pub fn new(platform: &Platform, shape: &Shape) -> PlatformWork {
        let (n, rows, periods, lead) = (platform.len(), shape.rows(), shape.periods, shape.max_lag);
        let padded = lead + periods;
        let zero = |n: usize| vec![0.0; n];
        PlatformWork {
            weight: zero(n),
            views: platform.views.clone(),
            exposure: Exposure { x: zero(rows * padded), frequency: None },
            by_exposure: zero(rows * padded),
            by_weight: zero(n),
            by_step: 0.0,
            line: zero(padded),
            by_views: zero(if platform.step.is_some() { padded } else { 0 }),
            more: 0.0,
            carried: zero(n * periods),
            carried_by: (0.0, Vec::new()),
            scales: zero(n * rows),
            rate: zero(rows * periods),
            by_rate: zero(rows * periods),
            pull: zero(n * periods),
            by_pull: zero(n * periods),
            incremental: zero(n * periods),
            by_incremental: zero(n * periods),
            by_kernel: zero(lead + 1),
        }
    }

    /// Weights and exposure at parameter values.
    pub fn forward(&mut self, platform: &Platform, values: &[f64]) {
        let padded = self.line.len();
        let rows = self.exposure.x.len() / padded;
        if let Some(step) = &platform.step {
            self.more = step.more(values);
            self.views.copy_from_slice(&platform.views);
            axpy(self.more, &step.before, &mut self.views);
        }
        for (c, weight) in self.weight.iter_mut().enumerate() {
            *weight = platform.weight(c, values);
        }
        for ((scales, shares), weight) in
            self.scales.chunks_exact_mut(rows).zip(platform.share.chunks_exact(rows)).zip(&self.weight)
        {
            scales.iter_mut().zip(shares).for_each(|(to, share)| *to = weight * share);
        }
        combine_rows(&self.scales, &self.views, padded, &mut self.exposure.x);
    }

    /// Incremental outcome of each account, from the kernel's weights, the rows' response, the coefficients of the geos, the outcome
    /// units of the geos, and the half-saturation.
    pub fn split(&mut self, platform: &Platform, kernel: &[f64], f: &[f64], beta: &[f64], units: &[f64], half: f64) {
        let (padded, rows) = (self.line.len(), beta.len() * platform.segments.len());
        let periods = f.len() / rows;
        for row in 0..rows {
            let (people, g) = platform.row(row);
            let scale = people * beta[g] * units[g] / half;
            let range = row * periods..(row + 1) * periods;
            for (q, f) in self.rate[range.clone()].iter_mut().zip(&f[range]) {
                // f = s / (s + e), so f / s = (1 - f) / e, which holds at s = 0 too.
                *q = scale * (1.0 - f);
            }
        }
        if self.carried_by.0 != self.more || self.carried_by.1 != kernel {
            for (own, views) in self.carried.chunks_exact_mut(periods).zip(self.views.chunks_exact(padded)) {
                convolve(kernel, views, own);
            }
            self.carried_by.0 = self.more;
            self.carried_by.1.clear();
            self.carried_by.1.extend_from_slice(kernel);
        }
        for c in 0..platform.len() {
            let own = c * periods..(c + 1) * periods;
            combine_rows(platform.shares(c), &self.rate, periods, &mut self.pull[own.clone()]);
            for t in own {
                self.incremental[t] = self.weight[c] * self.carried[t] * self.pull[t];
            }
        }
    }

    /// The part of each account b in s / (s + e), in the mean over what account c brings, `[accounts x accounts]`: [`Crowd`]'s G. From the rows' response and
    /// the half-saturation; after [`PlatformWork::split`].
    pub fn overlap(&self, platform: &Platform, f: &[f64], half: f64) -> Vec<f64> {
        let n = platform.len();
        let rows = platform.share.len() / n;
        let periods = f.len() / rows;
        let mut out = vec![0.0; n * n];
        let mut line = vec![0.0; periods];
        for (c, (brought, out)) in self.incremental.chunks_exact(periods).zip(out.chunks_exact_mut(n)).enumerate() {
            let total: f64 = brought.iter().sum();
            if total <= 0.0 {
                continue;
            }
            for row in 0..rows {
                let range = row * periods..(row + 1) * periods;
                let scale = self.weight[c] * platform.shares(c)[row] / (total * half);
                let own = self.rate[range.clone()].iter().zip(self.carried(c));
                for ((to, (q, s)), f) in line.iter_mut().zip(own).zip(&f[range]) {
                    // 1 / (s + e) = (1 - f) / e.
                    *to = scale * q * s * (1.0 - f);
                }
                for (b, out) in out.iter_mut().enumerate() {
                    *out += self.weight[b] * platform.shares(b)[row] * dot(&line, self.carried(b));
                }
            }
        }
        out
    }

    /// Views of account c in today's count, `[max_lag + periods]`; after [`PlatformWork::forward`].
    pub fn views_of(&self, c: usize) -> &[f64] {
        let padded = self.line.len();
        &self.views[c * padded..(c + 1) * padded]
    }

    /// Carried-over views of account c, `[periods]`; after [`PlatformWork::split`].
    pub fn carried(&self, c: usize) -> &[f64] {
        let periods = self.carried.len() / self.weight.len();
        &self.carried[c * periods..(c + 1) * periods]
    }

    /// Adds what account c brings to geo g, in outcome units, `[periods]`; after [`PlatformWork::split`].
    pub fn add_part(&self, platform: &Platform, g: usize, c: usize, out: &mut [f64]) {
        let periods = out.len();
        for row in platform.rows_of(g) {
            let scale = self.weight[c] * platform.shares(c)[row];
            let rate = &self.rate[row * periods..(row + 1) * periods];
            for ((to, q), s) in out.iter_mut().zip(rate).zip(self.carried(c)) {
                *to += scale * q * s;
            }
        }
    }

    /// What would be lost in geo g without account c, in outcome units over the periods `from..to`; after [`PlatformWork::split`]. From the rows' response,
    /// what the geo brings at full saturation, and the half-saturation. Less than its part, since the others saturate less without it.
    pub fn lost_without(
        &self,
        platform: &Platform,
        c: usize,
        g: usize,
        (f, top, half): (&[f64], f64, f64),
        range: Range<usize>,
    ) -> f64 {
        let carried = self.carried(c);
        let periods = carried.len();
        let of_row = |row: usize| {
            let (scale, people) = (self.weight[c] * platform.shares(c)[row], platform.row(row).0);
            let one = |t: usize| {
                // f = s / (s + e) and s = e f / (1 - f).
                let (own, f) = (scale * carried[t], f[row * periods + t]);
                let rest = (half * f / (1.0 - f) - own).max(0.0);
                f - rest / (rest + half)
            };
            people * range.clone().map(one).sum::<f64>()
        };
        top * platform.rows_of(g).map(of_row).sum::<f64>()
    }

    /// Adjoint of [`PlatformWork::split`]: from `by_incremental` to the rows' response (added to `by_f`), the coefficients (added to
    /// `by_beta`), and the weights, the step and the kernel (kept for [`PlatformWork::adjoint_end`] and [`PlatformWork::by_kernel`]). Returns the
    /// derivative by the half-saturation.
    pub fn split_adjoint(
        &mut self,
        platform: &Platform,
        (kernel, f): (&[f64], &[f64]),
        (beta, units, half): (&[f64], &[f64], f64),
        by_f: &mut [f64],
        by_beta: &mut [f64],
    ) -> f64 {
        let (padded, rows) = (self.line.len(), beta.len() * platform.segments.len());
        let periods = f.len() / rows;
        self.by_kernel.fill(0.0);
        self.by_step = 0.0;
        for c in 0..platform.len() {
            let own = c * periods..(c + 1) * periods;
            // By the pull, then by the carried-over views.
            let by_pull = &mut self.by_pull[own.clone()];
            for (by, t) in by_pull.iter_mut().zip(own.clone()) {
                *by = self.by_incremental[t] * self.weight[c] * self.carried[t];
            }
            self.by_weight[c] = dot(by_pull, &self.pull[own.clone()]) / self.weight[c];
            let line = &mut self.line[..periods];
            for (i, t) in own.enumerate() {
                line[i] = self.by_incremental[t] * self.weight[c] * self.pull[t];
            }
            correlate(line, &self.views[c * padded..(c + 1) * padded], &mut self.by_kernel);
            if let Some(step) = &platform.step {
                convolve_transposed(kernel, line, &mut self.by_views);
                self.by_step += dot(&self.by_views, &step.before[c * padded..(c + 1) * padded]);
            }
        }
        let mut by_half = 0.0;
        combine_rows(&platform.share, &self.by_pull, periods, &mut self.by_rate);
        for row in 0..rows {
            let (people, g) = platform.row(row);
            let range = row * periods..(row + 1) * periods;
            let scale = people * beta[g] * units[g] / half;
            let total = dot(&self.by_rate[range.clone()], &self.rate[range.clone()]);
            by_half -= total / half;
            by_beta[g] += total / beta[g];
            axpy(-scale, &self.by_rate[range.clone()], &mut by_f[range]);
        }
        by_half
    }

    /// Derivatives by the kernel's weights that came through the parts; after [`PlatformWork::split_adjoint`].
    pub fn by_kernel(&self) -> &[f64] {
        &self.by_kernel
    }

    /// Begins an adjoint sweep of the exposure. Where the parts play no role, nothing comes from them.
    pub fn adjoint_start(&mut self, parts: bool) {
        if !parts {
            self.by_weight.fill(0.0);
            self.by_step = 0.0;
        }
    }

    /// Takes the adjoint of a row's carried-over exposure.
    pub fn adjoint_row(&mut self, kernel: &[f64], row: usize, by_carried: &[f64]) {
        let padded = self.line.len();
        convolve_transposed(kernel, by_carried, &mut self.by_exposure[row * padded..(row + 1) * padded]);
    }

    /// Ends the sweep: adds the derivatives of slopes, spread, deviations and step.
    pub fn adjoint_end(&mut self, platform: &Platform, values: &[f64], by_value: &mut [f64]) {
        let padded = self.line.len();
        for c in 0..platform.len() {
            let own = c * padded..(c + 1) * padded;
            combine_rows(platform.shares(c), &self.by_exposure, padded, &mut self.line);
            if let Some(step) = &platform.step {
                self.by_step += self.weight[c] * dot(&self.line, &step.before[own.clone()]);
            }
            let by_weight = self.by_weight[c] + dot(&self.line, &self.views[own]);
            platform.weight_adjoint(c, values, by_weight * self.weight[c], by_value);
        }
        if let Some(step) = &platform.step {
            by_value[step.slot] += self.by_step * values[step.slot].exp();
        }
    }
}
