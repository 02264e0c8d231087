//! How attention to a post decays: the Omori-Utsu kernel, and what snapshots of views say of it.
//!
//! k(u) is proportional to (u + u0)^(-omega) on \[0, H\] days after the post (Utsu 1961 for aftershocks; Crane and Sornette 2008 for videos).

use super::moment;
use crate::data::Roster;
use crate::data::roster::{Format, Post};
use counterpoint_infer::math::ln_gamma;

/// Mean and standard deviation of the prior of omega (judgement from published decay curves, which run from 0.8 to 1.5).
pub const OMEGA: (f64, f64) = (1.1, 0.3);
/// Mean and standard deviation of the prior of ln u0, u0 in days.
pub const LN_U0: (f64, f64) = (-std::f64::consts::LN_10, 1.0);
/// Increments of fewer views than this say more of counting than of decay.
const FEWEST_VIEWS: f64 = 10.0;
/// Points of the grid, each way; it is laid twice, the second time around the mass that the first found.
const GRID: usize = 41;
/// Points of a learned curve.
const CURVE_POINTS: usize = 24;
/// Least spread of a view increment around the kernel, as a weak prior of one observation: 5 %.
const LEAST_NOISE: f64 = 0.05;

/// Days after which a post of this format is no longer seen: stories vanish after a day, videos are found for months.
pub fn horizon(format: Format) -> f64 {
    match format {
        Format::Story | Format::Live => 1.0,
        Format::Feed => 30.0,
        Format::ShortVideo => 90.0,
        Format::LongVideo => 365.0,
        Format::Article => 730.0,
    }
}

/// A decay of attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kernel {
    /// Exponent.
    pub omega: f64,
    /// Days before the power law sets in, > 0.
    pub u0: f64,
    /// Days until attention ends.
    pub horizon: f64,
}

impl Kernel {
    /// The prior's middle.
    pub fn default_of(format: Format) -> Kernel {
        Kernel { omega: OMEGA.0, u0: LN_U0.0.exp(), horizon: horizon(format) }
    }

    /// The integral of (1 + u / u0)^(-omega) / u0 over the first `days`.
    fn until(&self, days: f64) -> f64 {
        let (power, log) = (1.0 - self.omega, (days / self.u0).ln_1p());
        if (power * log).abs() < 1e-6 { log * (1.0 + 0.5 * power * log) } else { (power * log).exp_m1() / power }
    }

    /// Share of all views that come within `days` of the post.
    pub fn share_until(&self, days: f64) -> f64 {
        if days <= 0.0 { 0.0 } else { (self.until(days.min(self.horizon)) / self.until(self.horizon)).min(1.0) }
    }

    /// Days until half of all views have come.
    pub fn half_life(&self) -> f64 {
        let (power, half) = (1.0 - self.omega, 0.5 * self.until(self.horizon));
        let log = if power.abs() < 1e-9 { half } else { (power * half).ln_1p() / power };
        self.u0 * log.exp_m1()
    }
}

/// What is known of a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// Mean.
    pub mean: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// 95 % quantile.
    pub q95: f64,
}

/// The decay of one platform and format, from snapshots or from the prior alone.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedKernel {
    /// Index of the platform.
    pub platform: usize,
    /// Format.
    pub format: Format,
    /// The kernel at the posterior means of omega and ln u0.
    pub kernel: Kernel,
    /// Exponent.
    pub omega: Known,
    /// u0 in days (its mean is that of the logarithm, carried back).
    pub u0: Known,
    /// Days until half of all views.
    pub half_life: Known,
    /// Share of all views that has come by some days, at days up to the horizon.
    pub curve: Vec<(f64, Known)>,
    /// Posts with two increments or more.
    pub posts: usize,
    /// Increments used.
    pub increments: usize,
}

impl LearnedKernel {
    /// Whether snapshots said anything.
    pub fn is_learned(&self) -> bool {
        self.posts > 0
    }
}

/// Age of a snapshot in days. Where a snapshot has a date only (it stands at midnight), days are counted whole, the day of the post as the first:
/// the hour of such counts is not known.
pub fn age(post: &Post, at: jiff::civil::DateTime) -> f64 {
    let midnight = at.hour() == 0 && at.minute() == 0 && at.second() == 0;
    if midnight { moment(at) - moment(post.at).floor() } else { moment(at) - moment(post.at) }
}

/// ln views gained between two ages, of one post.
struct Increment {
    interval: usize,
    ln_views: f64,
}

/// Increments of the posts of one platform and format.
#[derive(Default)]
struct Evidence {
    /// Distinct intervals of age.
    intervals: Vec<(f64, f64)>,
    /// By post.
    posts: Vec<Vec<Increment>>,
}

impl Evidence {
    fn take(&mut self, post: &Post, horizon: f64) {
        let mut own = Vec::new();
        let (mut from, mut seen) = (0.0, 0.0);
        for snapshot in &post.snapshots {
            let (to, gained) = (age(post, snapshot.at).min(horizon), snapshot.views - seen);
            if to > from && gained >= FEWEST_VIEWS {
                let at = self.intervals.iter().position(|&i| i == (from, to));
                let interval = at.unwrap_or_else(|| {
                    self.intervals.push((from, to));
                    self.intervals.len() - 1
                });
                own.push(Increment { interval, ln_views: gained.ln() });
            }
            if to > from {
                (from, seen) = (to, snapshot.views.max(seen));
            }
        }
        if own.len() > 1 {
            self.posts.push(own);
        }
    }

    fn increments(&self) -> usize {
        self.posts.iter().map(Vec::len).sum()
    }

    /// Log of the marginal likelihood: each post's size has a flat prior, the variance of increments an inverse-gamma one worth one
    /// observation, both integrated out.
    fn log_likelihood(&self, kernel: &Kernel, scratch: &mut Vec<f64>) -> f64 {
        let all = kernel.until(kernel.horizon);
        scratch.clear();
        scratch.extend(self.intervals.iter().map(|&(from, to)| {
            let share = (kernel.until(to) - kernel.until(from)) / all;
            share.max(f64::MIN_POSITIVE).ln()
        }));
        let mut squares = LEAST_NOISE * LEAST_NOISE;
        for post in &self.posts {
            let rest = |i: &Increment| i.ln_views - scratch[i.interval];
            let mean = post.iter().map(rest).sum::<f64>() / post.len() as f64;
            squares += post.iter().map(|i| (rest(i) - mean).powi(2)).sum::<f64>();
        }
        let freedom = (self.increments() - self.posts.len() + 1) as f64;
        ln_gamma(0.5 * freedom) - 0.5 * freedom * squares.ln()
    }
}

/// The decay of every platform and format that has posts: the exact posterior of (omega, ln u0) on a grid.
pub fn learn(roster: &Roster) -> Vec<LearnedKernel> {
    let mut kinds: Vec<(usize, Format)> =
        roster.posts.iter().map(|p| (roster.accounts[p.account].platform, p.format)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
        .into_iter()
        .map(|(platform, format)| {
            let mut evidence = Evidence::default();
            let own = |p: &&Post| roster.accounts[p.account].platform == platform && p.format == format;
            roster.posts.iter().filter(own).for_each(|p| evidence.take(p, horizon(format)));
            posterior(platform, format, &evidence)
        })
        .collect()
}

/// A point of the grid with its log density.
type Point = (f64, f64, f64);

fn posterior(platform: usize, format: Format, evidence: &Evidence) -> LearnedKernel {
    let horizon = horizon(format);
    let mut scratch = Vec::new();
    let mut log_density = |omega: f64, ln_u0: f64| {
        let z = ((omega - OMEGA.0) / OMEGA.1, (ln_u0 - LN_U0.0) / LN_U0.1);
        let kernel = Kernel { omega, u0: ln_u0.exp(), horizon };
        let data = if evidence.posts.is_empty() { 0.0 } else { evidence.log_likelihood(&kernel, &mut scratch) };
        data - 0.5 * (z.0 * z.0 + z.1 * z.1)
    };
    let mut box_of =
        [(OMEGA.0 - 4.0 * OMEGA.1, OMEGA.0 + 4.0 * OMEGA.1), (LN_U0.0 - 4.0 * LN_U0.1, LN_U0.0 + 4.0 * LN_U0.1)];
    let mut points: Vec<Point> = Vec::new();
    // Each grid is laid around what the one before found, until it holds the mass finely.
    for round in 0..4 {
        points.clear();
        let at = |(low, high): (f64, f64), i: usize| low + (high - low) * i as f64 / (GRID - 1) as f64;
        for i in 0..GRID {
            for j in 0..GRID {
                let (omega, ln_u0) = (at(box_of[0], i), at(box_of[1], j));
                points.push((omega, ln_u0, log_density(omega, ln_u0)));
            }
        }
        let most = points.iter().map(|p| p.2).fold(f64::NEG_INFINITY, f64::max);
        if round == 3 {
            points.iter_mut().for_each(|p| p.2 = (p.2 - most).exp());
            break;
        }
        // Everything within 12 of the top (beyond it a Normal has 1 in 100,000), and a step around it.
        let near: Vec<&Point> = points.iter().filter(|p| p.2 > most - 12.0).collect();
        let step = box_of.map(|(low, high)| (high - low) / (GRID - 1) as f64);
        let range = |get: fn(&Point) -> f64, step: f64| {
            let values = || near.iter().map(|p| get(p));
            (values().fold(f64::INFINITY, f64::min) - step, values().fold(f64::NEG_INFINITY, f64::max) + step)
        };
        box_of = [range(|p| p.0, step[0]), range(|p| p.1, step[1])];
    }
    let known = |get: &dyn Fn(&Point) -> f64| {
        let mut all: Vec<(f64, f64)> = points.iter().map(|p| (get(p), p.2)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = all.iter().map(|p| p.1).sum();
        let quantile = |q: f64| {
            let mut sum = 0.0;
            all.iter()
                .find(|p| {
                    sum += p.1;
                    sum >= q * total
                })
                .map_or(f64::NAN, |p| p.0)
        };
        let mean = all.iter().map(|p| p.0 * p.1).sum::<f64>() / total;
        Known { mean, q05: quantile(0.05), q95: quantile(0.95) }
    };
    let (omega, ln_u0) = (known(&|p| p.0), known(&|p| p.1));
    let kernel = Kernel { omega: omega.mean, u0: ln_u0.mean.exp(), horizon };
    let half_life =
        known(&|p| if p.2 > 1e-9 { Kernel { omega: p.0, u0: p.1.exp(), horizon }.half_life() } else { 0.0 });
    // Evenly spaced on a logarithmic scale from an hour to the end.
    let first: f64 = 1.0 / 24.0;
    let curve = (0..CURVE_POINTS)
        .map(|i| {
            let days = first * (horizon / first).powf(i as f64 / (CURVE_POINTS - 1) as f64);
            let share = |p: &Point| Kernel { omega: p.0, u0: p.1.exp(), horizon }.share_until(days);
            (days, known(&share))
        })
        .collect();
    LearnedKernel {
        platform,
        format,
        kernel,
        omega,
        u0: Known { mean: kernel.u0, q05: ln_u0.q05.exp(), q95: ln_u0.q95.exp() },
        half_life,
        curve,
        posts: evidence.posts.len(),
        increments: evidence.increments(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::math::norm_quantile;

    #[test]
    fn shares_match_the_integral() {
        for omega in [0.6, 0.999_999_9, 1.0, 1.000_001, 1.2, 1.9] {
            let kernel = Kernel { omega, u0: 0.2, horizon: 30.0 };
            // Simpson's rule on ln(1 + u/u0), where the integrand is exp((1 - omega) x).
            let integral = |days: f64| {
                let (n, end) = (2000, (days / kernel.u0).ln_1p());
                let at = |i: usize| ((1.0 - omega) * end * i as f64 / n as f64).exp();
                let weight = |i: usize| {
                    if i == 0 || i == n {
                        1.0
                    } else if i % 2 == 1 {
                        4.0
                    } else {
                        2.0
                    }
                };
                (0..=n).map(|i| weight(i) * at(i)).sum::<f64>() * end / (3 * n) as f64
            };
            for days in [0.01, 0.25, 1.0, 7.0, 29.0] {
                let want = integral(days) / integral(30.0);
                assert!((kernel.share_until(days) - want).abs() < 1e-9, "{omega} {days}");
            }
            assert_eq!(kernel.share_until(0.0), 0.0);
            assert!((kernel.share_until(99.0) - 1.0).abs() < 1e-12);
            assert!((kernel.share_until(kernel.half_life()) - 0.5).abs() < 1e-9);
        }
    }

    #[test]
    fn without_snapshots_the_prior_stands() {
        let got = posterior(0, Format::Feed, &Evidence::default());
        assert!((got.omega.mean - OMEGA.0).abs() < 1e-3 && !got.is_learned());
        let z = norm_quantile(0.95);
        assert!((got.omega.q95 - (OMEGA.0 + z * OMEGA.1)).abs() < 0.06);
        assert!((got.u0.q05.ln() - (LN_U0.0 - z * LN_U0.1)).abs() < 0.2);
    }
}
