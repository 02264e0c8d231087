//! Attention to simulated posts: the Omori-Utsu law in closed form, with chance around it.

use crate::project::Format;
use counterpoint_infer::sample::standard_normal;
use rand::Rng;

/// Ages in days at which views are counted; those of less than a day only where attention ends with it.
const COUNTED: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 14.0, 30.0];
/// Further ages at which chance changes the rate.
const LATER: [f64; 4] = [60.0, 120.0, 240.0, 480.0];
/// Standard deviation of the logarithm of the views gained between two ages around the law.
const CHANCE: f64 = 0.15;

/// How attention to a post decays: k(u) is proportional to (u + u0)^(-omega) on [0, horizon] days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decay {
    pub(super) omega: f64,
    pub(super) u0: f64,
    pub(super) horizon: f64,
}

/// Days after which a post of this format is no longer seen.
pub(super) fn horizon(format: Format) -> f64 {
    match format {
        Format::Story | Format::Live => 1.0,
        Format::Feed => 30.0,
        Format::ShortVideo => 90.0,
        Format::LongVideo => 365.0,
        Format::Article => 730.0,
    }
}

impl Decay {
    /// Age of the first count.
    fn first(&self) -> f64 {
        if self.horizon > 1.0 { 1.0 } else { 0.25 }
    }

    /// Share of all views that have come `days` after the post.
    pub(super) fn share(&self, days: f64) -> f64 {
        let integral = |days: f64| {
            if (self.omega - 1.0).abs() < 1e-7 {
                (days / self.u0 + 1.0).ln()
            } else {
                ((days / self.u0 + 1.0).powf(1.0 - self.omega) - 1.0) / (1.0 - self.omega)
            }
        };
        integral(days.clamp(0.0, self.horizon)) / integral(self.horizon)
    }
}

/// Views of one post as they came.
pub(super) struct Path {
    decay: Decay,
    /// Age in days and whole views so far, from (0, 0) to the horizon.
    pub(super) known: Vec<(f64, f64)>,
}

impl Path {
    /// Views of a post that gets about `views`.
    pub(super) fn draw(decay: Decay, views: f64, rng: &mut impl Rng) -> Path {
        let mut known = vec![(0.0, 0.0)];
        let first = decay.first();
        let ages = COUNTED.iter().chain(&LATER).copied().filter(|age| (first..decay.horizon).contains(age));
        let mut so_far = 0.0;
        for age in ages.chain([decay.horizon]) {
            let (before, _) = known[known.len() - 1];
            let gained = views * (decay.share(age) - decay.share(before));
            so_far += (gained * (CHANCE * standard_normal(rng)).exp()).round();
            known.push((age, so_far));
        }
        // Nobody posts for nobody.
        if so_far == 0.0 {
            known.iter_mut().skip(1).for_each(|k| k.1 = 1.0);
        }
        Path { decay, known }
    }

    /// All views.
    pub(super) fn total(&self) -> f64 {
        self.known[self.known.len() - 1].1
    }

    /// The counts that somebody who looks at the post would have noted: age in days and views so far.
    pub(super) fn counts(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let first = self.decay.first();
        self.known.iter().copied().filter(move |(age, _)| (first..=30.0).contains(age))
    }

    /// Views until an age in days; between two counts they come as the law has it.
    pub(super) fn until(&self, days: f64) -> f64 {
        for pair in self.known.windows(2) {
            let ((from, low), (to, high)) = (pair[0], pair[1]);
            if days < to {
                let days = days.max(from);
                let (a, b) = (self.decay.share(from), self.decay.share(to));
                return low + (high - low) * (self.decay.share(days) - a) / (b - a);
            }
        }
        self.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::nuts::chain_rng;

    #[test]
    fn shares_are_the_integral_of_the_law() {
        for (omega, u0, horizon) in [(1.1, 0.1, 90.0), (1.0, 0.3, 30.0), (0.7, 1.0, 365.0), (1.6, 0.02, 1.0)] {
            let decay = Decay { omega, u0, horizon };
            let integral = |to: f64| {
                let steps = 200_000;
                // Substituted u = u0 (e^s - 1), so that the steep beginning has its points.
                let end = (to / u0 + 1.0).ln();
                let h = end / steps as f64;
                (0..steps).map(|i| (u0 * ((i as f64 + 0.5) * h).exp()).powf(1.0 - omega) * h).sum::<f64>()
            };
            let whole = integral(horizon);
            for days in [0.01 * horizon, 0.3 * horizon, horizon] {
                let plain = integral(days) / whole;
                assert!((decay.share(days) - plain).abs() < 1e-7, "{omega} {days}: {} {plain}", decay.share(days));
            }
            assert_eq!((decay.share(-1.0), decay.share(2.0 * horizon)), (0.0, 1.0));
        }
    }

    #[test]
    fn views_never_fall_and_end_at_their_total() {
        let mut rng = chain_rng(1, 1);
        for views in [0.4, 30.0, 1e6] {
            let path = Path::draw(Decay { omega: 1.2, u0: 0.1, horizon: 90.0 }, views, &mut rng);
            let ages: Vec<f64> = (0..400).map(|i| 0.25 * f64::from(i)).collect();
            assert!(ages.windows(2).all(|a| path.until(a[1]) >= path.until(a[0])));
            assert_eq!((path.until(0.0), path.until(90.0)), (0.0, path.total()));
            assert!(path.total() >= 1.0 && path.total().fract() == 0.0);
            assert!(path.counts().all(|(age, n)| (path.until(age) - n).abs() < 1e-9 && age >= 1.0));
        }
    }
}
