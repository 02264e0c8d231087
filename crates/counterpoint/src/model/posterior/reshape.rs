//! Moves of a driver's curve and carry-over that keep how far what it brings moves over time.
//!
//! Of a channel that was on or off, or never near its limit, the data tell how much it brings and not where its curve bends: half-saturation, slope and
//! coefficient lie on a ridge that is long and bent. A step changes the parameters of the curve and of the carry-over, in the coordinates of their priors and
//! with the covariance that the pilot's draws have there, and the coefficient by the factor F before over F after, with F the standard deviation of the
//! response over time within geos. In the coefficient's logarithm this is a shift by a function of these parameters alone, so without a Jacobian; a step is
//! taken or not by Metropolis and Hastings' rule. Where the effect is a ROI or a contribution there is no such ridge: what is brought hangs on that alone.

use super::super::build::{DriverModel, Model};
use super::super::linalg::axpy;
use super::{Posterior, blank};
use crate::project::EffectKind;
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Steps of each curve, and so many more as its ridge is bent, no more than that in all.
const STEPS: usize = 1;
const BENT: f64 = 4.0;
const MOST: usize = 6;
/// Sizes of a step, in the pilot's standard deviations, one of which is taken at random.
const SIZES: [f64; 3] = [0.5, 1.2, 2.4];

/// A driver whose effect is a coefficient that goes with its curve.
pub(super) struct Curve {
    driver: usize,
    /// Parameters of the curve and the carry-over.
    parameters: Vec<usize>,
    /// Parameter: the coefficient.
    coefficient: usize,
    /// Change of its coordinate that is worth one in its logarithm.
    per_unit: f64,
    /// Steps: trajectories find their way along a ridge that is straight.
    steps: usize,
}

impl Curve {
    /// Of all drivers of which the outcome alone tells, where the baseline is integrated out and a pilot has been.
    pub(super) fn all(model: &Model) -> Vec<Curve> {
        let one = |(m, driver): (usize, &DriverModel)| {
            let coefficient = driver.slots.effect;
            let prior = model.parameters.get(coefficient).prior;
            let scales = driver.on == EffectKind::Coefficient && (driver.positive || driver.slots.geo.is_none());
            let tracked = driver.platform.is_some() && model.tracked.is_some();
            let ridge = scales && prior.is_sampled() && !tracked && model.moments.is_some();
            let (parameters, per_unit) = (driver.bent(&model.parameters), prior.per_log_unit()?);
            let steps = (STEPS + (BENT * driver.wander.bend) as usize).min(MOST);
            let known = !driver.wander.root.is_empty();
            (ridge && known).then_some(Curve { driver: m, parameters, coefficient, per_unit, steps })
        };
        model.drivers.iter().enumerate().filter_map(one).collect()
    }
}

impl Posterior {
    /// Moves a curve from where the log likelihood is `here`, as [`Posterior::log_likelihood_beside`] has it, with the residual that it leaves.
    pub(super) fn reshape(&mut self, curve: &Curve, here: &mut f64, rng: &mut ChaCha8Rng) {
        let model = self.model.clone();
        let root = &model.drivers[curve.driver].wander.root;
        self.add_driver(curve.driver, 1.0);
        let without = self.residual.clone();
        let mut spread = self.variation(curve.driver);
        let mut stale = false;
        for _ in 0..curve.steps {
            let size = SIZES[rng.random_range(0..SIZES.len())];
            let all = curve.parameters.iter().chain([&curve.coefficient]);
            let before: Vec<(usize, f64)> = all.map(|&i| (i, self.values[i])).collect();
            let z: Vec<f64> = curve.parameters.iter().map(|_| size * standard_normal(rng)).collect();
            let mut ratio = 0.0;
            for (k, &i) in curve.parameters.iter().enumerate() {
                let column = root.iter().skip(k).step_by(z.len()).take(k + 1);
                ratio += self.shift(i, column.zip(&z).map(|(u, z)| u * z).sum());
            }
            self.follow([curve.driver].into_iter());
            let to = self.variation(curve.driver);
            ratio += self.shift(curve.coefficient, curve.per_unit * (spread / to).ln());
            self.follow_effect(curve.driver);
            self.residual.copy_from_slice(&without);
            self.add_driver(curve.driver, -1.0);
            let level = rng.random::<f64>().ln();
            let there = if ratio.is_finite() { self.beside(false) } else { f64::NAN };
            // False where it is no number.
            let taken = there - *here + ratio > level;
            if taken {
                (*here, spread) = (there, to);
            } else {
                before.into_iter().for_each(|(i, value)| self.values[i] = value);
            }
            stale = !taken;
        }
        if stale {
            self.follow([curve.driver].into_iter());
            self.residual.copy_from_slice(&without);
            self.add_driver(curve.driver, -1.0);
        }
    }

    /// Adds what a driver brings to the residual, so many times.
    fn add_driver(&mut self, m: usize, times: f64) {
        let (work, periods) = (&self.drivers[m], self.model.n_periods());
        let rows = self.residual.chunks_exact_mut(periods).zip(work.response.f.chunks_exact(periods));
        for ((to, f), beta) in rows.zip(&work.effect.beta) {
            axpy(times * beta, f, to);
        }
        blank(&self.model, &mut self.residual);
    }

    /// Standard deviation of a driver's response over time within geos, times a constant.
    fn variation(&self, m: usize) -> f64 {
        let periods = self.model.n_periods();
        let of_geo = |f: &[f64]| {
            let mean = f.iter().sum::<f64>() / periods as f64;
            f.iter().map(|f| (f - mean) * (f - mean)).sum::<f64>()
        };
        self.drivers[m].response.f.chunks_exact(periods).map(of_geo).sum::<f64>().sqrt()
    }
}
