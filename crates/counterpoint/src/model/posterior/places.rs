//! Steps of a platform's effects over geos that keep what sales by code see.
//!
//! Codes see a creator's weight times the mean of the geos' effects over its audience, so that a new effect in one geo asks for new weights of all who are seen
//! there. A step changes the spread (eta) or the deviations d\[g\] and holds, of each account with a code,
//!
//! q\[c\] = v\[c\] + ln sum_g a\[c,g\] exp(eta d\[g\]) - ln sum_g A\[g\] exp(eta d\[g\]),
//!
//! with a\[c,g\] what the account would bring to geo g with the weights that the covariates give and effects alike, and A\[g\] the sum of all accounts, both as
//! shares, and v what the weights come to beside each other (see [`super::super::crowd`]). By r this is a shift, without a Jacobian. Effects that add up
//! instead (`effects = "normal"`) have no such product: there r stays.

use super::super::linalg::dot;
use super::Posterior;
use super::propose::STEPS;
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// How far the deviations are turned towards new ones, in radians, one of which is taken at random.
const TURNS: [f64; 3] = [0.1, 0.3, 1.0];

/// The effects over geos of one platform.
pub(super) struct Places {
    pub(super) driver: usize,
    /// Parameters: spread, whether it is sampled, and the first deviation.
    spread: usize,
    moves: bool,
    first: usize,
    /// A\[g\].
    all: Vec<f64>,
    seen: Vec<Seen>,
}

/// One account with a code.
struct Seen {
    /// Place on the platform.
    place: usize,
    /// Parameters: spread and deviation of the weight.
    tau: usize,
    r: usize,
    /// a\[c,g\].
    shares: Vec<f64>,
}

impl Posterior {
    /// The effects over geos of a platform; none where it has no such effects. Leaves the driver's state as it was.
    pub(super) fn places(&mut self, m: usize) -> Option<Places> {
        let model = self.model.clone();
        let driver = &model.drivers[m];
        let (platform, tracked, (spread, first)) =
            (driver.platform.as_ref()?, model.tracked.as_ref()?, driver.slots.geo?);
        let moves = model.parameters.get(spread).prior.is_sampled();
        let mut out = Places { driver: m, spread, moves, first, all: Vec::new(), seen: Vec::new() };
        let Some((tau, own)) = platform.slots.deviations.filter(|_| driver.positive) else { return Some(out) };
        let (geos, periods, n) = (model.n_geos(), model.n_periods(), platform.len());
        // What accounts would bring must not hang on what a step changes.
        let deviations: Vec<f64> = self.values[own..own + n].to_vec();
        self.values[own..own + n].fill(0.0);
        self.follow([m].into_iter());
        let work = &self.drivers[m];
        let brings = |c: usize| -> Vec<f64> {
            let views = work.platform.as_ref().map_or(&[][..], |own| own.views_of(c));
            let rows = work.response.rows().f.chunks_exact(periods).zip(platform.shares(c));
            let of_rows: Vec<f64> = rows
                .map(|(f, share)| {
                    let seen = views[views.len() - periods..].iter().zip(f).map(|(v, f)| v * (1.0 - f));
                    share * seen.sum::<f64>()
                })
                .collect();
            let by_geo = of_rows.chunks_exact(platform.segments.len()).zip(&model.units);
            by_geo.map(|(rows, units)| units * dot(rows, &platform.segments)).collect()
        };
        let mut all = vec![0.0; geos];
        for c in 0..n {
            let brings = brings(c);
            all.iter_mut().zip(&brings).for_each(|(to, x)| *to += x);
            let total: f64 = brings.iter().sum();
            if total > 0.0 && tracked.series.iter().any(|s| s.accounts.contains(&(m, c))) {
                out.seen.push(Seen { place: c, tau, r: own + c, shares: brings.iter().map(|x| x / total).collect() });
            }
        }
        let total: f64 = all.iter().sum();
        out.all = all.iter().map(|x| x / total).collect();
        self.values[own..own + n].copy_from_slice(&deviations);
        self.follow([m].into_iter());
        Some(out)
    }

    /// A new spread or new deviations, and what goes with them. Returns the log ratio of prior densities and proposals.
    pub(super) fn step_places(&mut self, places: &Places, rng: &mut ChaCha8Rng) -> f64 {
        let before = places.means(&self.values);
        let which = rng.random_range(0..STEPS.len());
        let mut ratio = 0.0;
        if places.moves && rng.random::<bool>() {
            ratio += self.scale(places.spread, STEPS[which] * standard_normal(rng));
        } else {
            // Leaves a standard normal density as it is.
            let (sin, cos) = TURNS[which].sin_cos();
            let geos = self.model.n_geos();
            self.values[places.first..places.first + geos]
                .iter_mut()
                .for_each(|d| *d = cos.mul_add(*d, sin * standard_normal(rng)));
        }
        let after = places.means(&self.values);
        let Some(platform) = &self.model.drivers[places.driver].platform else { return ratio };
        let (mut wanted, mut change) = (vec![0.0; platform.len()], vec![0.0; platform.len()]);
        for (seen, (before, after)) in places.seen.iter().zip(before.iter().zip(&after)) {
            wanted[seen.place] = before - after;
        }
        platform.crowd.complete(&mut wanted, &mut change);
        for seen in &places.seen {
            let from = self.values[seen.r];
            let to = from + change[seen.place] / self.values[seen.tau];
            self.values[seen.r] = to;
            ratio += 0.5 * (from * from - to * to);
        }
        ratio
    }
}

impl Places {
    /// ln of the mean of exp(eta d) over each account's audience over that over all.
    fn means(&self, values: &[f64]) -> Vec<f64> {
        if self.seen.is_empty() {
            return Vec::new();
        }
        let eta = values[self.spread];
        let effects: Vec<f64> =
            values[self.first..self.first + self.all.len()].iter().map(|d| (eta * d).exp()).collect();
        let mean = |shares: &[f64]| shares.iter().zip(&effects).map(|(a, e)| a * e).sum::<f64>().ln();
        let all = mean(&self.all);
        self.seen.iter().map(|seen| mean(&seen.shares) - all).collect()
    }
}
