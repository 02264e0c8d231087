//! Coordinates in which a density that is like one already sampled is about standard normal, so that its chains begin warm.
//!
//! x = mean + L z, with L the Cholesky factor of the covariance of draws of the like density. The map is linear: it changes no posterior.

use crate::dispatch;
use crate::log_density::LogDensity;
use crate::nuts::{ChainDraws, ChainSettings, SampleError, Step};
use crate::sample::{Watch, sample_chains};
use std::sync::Arc;

/// A linear map from z to x.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    mean: Vec<f64>,
    /// L, row by row, `[dim x dim]`; zero above the diagonal.
    factor: Vec<f64>,
}

impl Frame {
    /// From draws `[draws x dim]` that are worth `effective` independent ones. Correlations are shrunk towards none by dim / (dim + effective), since
    /// so few draws cannot tell them better; a coordinate that does not move keeps unit scale. None where draws are fewer than two or not finite.
    pub fn of(draws: &[Vec<f64>], effective: f64) -> Option<Frame> {
        let dim = draws.first()?.len();
        let n = draws.len() as f64;
        let mut mean = vec![0.0; dim];
        for draw in draws {
            mean.iter_mut().zip(draw).for_each(|(m, x)| *m += x / n);
        }
        let mut factor = vec![0.0; dim * dim];
        let mut off = vec![0.0; dim];
        for draw in draws {
            off.iter_mut().zip(draw.iter().zip(&mean)).for_each(|(o, (x, m))| *o = x - m);
            for i in 0..dim {
                add(off[i] / (n - 1.0), &off[..=i], &mut factor[i * dim..i * dim + i + 1]);
            }
        }
        let kept = effective / (dim as f64 + effective);
        for i in 0..dim {
            factor[i * dim..i * dim + i].iter_mut().for_each(|x| *x *= kept);
            if factor[i * dim + i] <= 0.0 {
                factor[i * dim + i] = 1.0;
            }
        }
        (draws.len() > 1 && cholesky(&mut factor, dim)).then_some(Frame { mean, factor })
    }

    /// Number of coordinates.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// x of z.
    pub fn out(&self, z: &[f64], x: &mut [f64]) {
        let dim = self.dim();
        for i in 0..dim {
            x[i] = self.mean[i] + product(&self.factor[i * dim..i * dim + i + 1], &z[..=i]);
        }
    }

    /// The draws of a chain that ran in z, in x.
    pub fn chain_out(&self, chain: &mut ChainDraws) {
        let mut x = vec![0.0; self.dim()];
        for position in chain.positions.chunks_exact_mut(self.dim().max(1)) {
            self.out(position, &mut x);
            position.copy_from_slice(&x);
        }
    }
}

/// A density seen in a frame.
#[derive(Debug, Clone)]
pub struct Framed<D> {
    inner: D,
    frame: Arc<Frame>,
    x: Vec<f64>,
    by_x: Vec<f64>,
}

impl<D: LogDensity> Framed<D> {
    /// `inner` in a frame of as many coordinates.
    pub fn new(inner: D, frame: Arc<Frame>) -> Framed<D> {
        let dim = frame.dim();
        Framed { inner, frame, x: vec![0.0; dim], by_x: vec![0.0; dim] }
    }
}

impl<D: LogDensity> LogDensity for Framed<D> {
    fn dim(&self) -> usize {
        self.frame.dim()
    }

    fn evaluate(&mut self, z: &[f64], gradient: &mut [f64]) -> f64 {
        self.frame.out(z, &mut self.x);
        let value = self.inner.evaluate(&self.x, &mut self.by_x);
        gradient.fill(0.0);
        let dim = self.dim();
        for i in 0..dim {
            add(self.by_x[i], &self.frame.factor[i * dim..i * dim + i + 1], &mut gradient[..=i]);
        }
        value
    }
}

/// Runs chains in a frame, from Normal(0, spread^2) in each coordinate of it. Those in `resumed`, what `watch` sees, and what comes back are outside of it,
/// in the density's own coordinates.
///
/// # Errors
/// As [`sample_chains`].
pub fn sample_in_frame<D: LogDensity + Send + 'static>(
    density: &(dyn Fn() -> D + Sync),
    frame: &Arc<Frame>,
    spread: f64,
    settings: &ChainSettings,
    resumed: Vec<Option<ChainDraws>>,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Vec<ChainDraws>, SampleError> {
    let within: Vec<bool> = resumed.iter().map(Option::is_none).collect();
    let make = || Framed::new(density(), frame.clone());
    let outside = Outside { frame, watch };
    let mut chains = sample_chains(&make, &vec![0.0; frame.dim()], spread, settings, resumed, threads, &outside)?;
    chains.iter_mut().zip(within).filter(|(_, new)| *new).for_each(|(chain, _)| frame.chain_out(chain));
    Ok(chains)
}

/// Shows a watch what happens in a frame from outside.
struct Outside<'a> {
    frame: &'a Frame,
    watch: &'a dyn Watch,
}

impl Watch for Outside<'_> {
    fn step(&self, step: Step<'_>) -> bool {
        let mut position = vec![0.0; self.frame.dim()];
        self.frame.out(step.position, &mut position);
        self.watch.step(Step { position: &position, ..step })
    }

    fn finished(&self, chain: usize, draws: &ChainDraws) {
        let mut draws = draws.clone();
        self.frame.chain_out(&mut draws);
        self.watch.finished(chain, &draws);
    }
}

dispatch! {
    /// y += a x
    fn add(a: f64, x: &[f64], y: &mut [f64]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = a.mul_add(*x, *y);
        }
    }
}

dispatch! {
    /// x'y, in eight sums.
    fn product(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len().min(y.len());
        let whole = n - n % 8;
        let mut sums = [0.0; 8];
        for t in (0..whole).step_by(8) {
            for i in 0..8 {
                sums[i] = x[t + i].mul_add(y[t + i], sums[i]);
            }
        }
        for t in whole..n {
            sums[t - whole] = x[t].mul_add(y[t], sums[t - whole]);
        }
        sums.iter().sum()
    }
}

/// Replaces the lower triangle by its Cholesky factor, row by row; whether the matrix was positive definite.
fn cholesky(a: &mut [f64], n: usize) -> bool {
    for i in 0..n {
        let (above, row) = a.split_at_mut(i * n);
        for j in 0..i {
            let other = &above[j * n..=j * n + j];
            row[j] = (row[j] - product(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - product(&row[..i], &row[..i]);
        if !(pivot > 0.0 && pivot.is_finite()) {
            return false;
        }
        row[i] = pivot.sqrt();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nuts::{ChainSettings, Metric};
    use crate::sample::{Silent, sample_chains};

    /// Normal with mean (1, -2, 0) and covariance A A'.
    #[derive(Clone)]
    struct Normal;
    const A: [[f64; 3]; 3] = [[10.0, 0.0, 0.0], [9.0, 1.0, 0.0], [0.02, 0.0, 0.01]];
    const MEAN: [f64; 3] = [1.0, -2.0, 0.0];

    impl LogDensity for Normal {
        fn dim(&self) -> usize {
            3
        }
        fn evaluate(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
            // u = A^-1 (x - mean); gradient = -A'^-1 u.
            let mut u = [0.0; 3];
            for i in 0..3 {
                let before: f64 = (0..i).map(|j| A[i][j] * u[j]).sum();
                u[i] = (x[i] - MEAN[i] - before) / A[i][i];
            }
            for i in (0..3).rev() {
                let after: f64 = (i + 1..3).map(|j| A[j][i] * gradient[j]).sum();
                gradient[i] = (-u[i] - after) / A[i][i];
            }
            -0.5 * u.iter().map(|u| u * u).sum::<f64>()
        }
    }

    fn settings(draws: usize) -> ChainSettings {
        let metric = Metric::Diagonal;
        ChainSettings { warmup: 300, draws, seed: 5, target_accept: 0.9, max_depth: 10, metric }
    }

    fn moments(chains: &[ChainDraws]) -> ([f64; 3], [f64; 3]) {
        let draws: Vec<&[f64]> = chains.iter().flat_map(|c| c.positions.chunks_exact(3)).collect();
        let n = draws.len() as f64;
        let mean = [0, 1, 2].map(|i| draws.iter().map(|d| d[i]).sum::<f64>() / n);
        let sd = [0, 1, 2].map(|i| (draws.iter().map(|d| (d[i] - mean[i]).powi(2)).sum::<f64>() / n).sqrt());
        (mean, sd)
    }

    #[test]
    fn a_framed_density_gives_the_same_draws_for_fewer_gradients() {
        let plain = sample_chains(&|| Normal, &MEAN, 0.1, &settings(1500), vec![None; 2], 1, &Silent).unwrap();
        let draws: Vec<Vec<f64>> =
            plain.iter().flat_map(|c| c.positions.chunks_exact(3)).map(<[f64]>::to_vec).collect();
        let frame = Arc::new(Frame::of(&draws, 500.0).unwrap());
        let kept = Kept::default();
        let warm = sample_in_frame(&|| Normal, &frame, 0.5, &settings(1500), vec![None; 2], 1, &kept).unwrap();
        let truth = [100.0_f64.sqrt(), 82.0_f64.sqrt(), 0.0005_f64.sqrt()];
        let (mean, sd) = moments(&warm);
        for i in 0..3 {
            assert!((mean[i] - MEAN[i]).abs() < 0.12 * truth[i], "mean {i}: {}", mean[i]);
            assert!((sd[i] / truth[i] - 1.0).abs() < 0.1, "sd {i}: {}", sd[i]);
        }
        let gradients = |chains: &[ChainDraws]| chains.iter().map(|c| c.gradients).sum::<u64>();
        assert!(3 * gradients(&warm) < gradients(&plain), "{} against {}", gradients(&warm), gradients(&plain));
        // Whoever watches sees what comes back, and a chain that was kept is taken as it is.
        let kept = kept.0.into_inner().unwrap();
        assert_eq!(kept, warm);
        let resumed = vec![Some(kept[0].clone()), None];
        let again = sample_in_frame(&|| Normal, &frame, 0.5, &settings(1500), resumed, 1, &Silent).unwrap();
        assert_eq!(again, warm);
    }

    #[derive(Default)]
    struct Kept(std::sync::Mutex<Vec<ChainDraws>>);

    impl Watch for Kept {
        fn step(&self, step: Step<'_>) -> bool {
            step.position.len() == 3
        }
        fn finished(&self, _: usize, draws: &ChainDraws) {
            self.0.lock().unwrap().push(draws.clone());
        }
    }

    #[test]
    fn its_gradient_is_that_of_the_framed_density() {
        let draws = vec![vec![0.0, 1.0, 0.0], vec![2.0, 4.0, 0.1], vec![-1.0, 1.5, 0.3], vec![0.3, -2.0, 0.2]];
        let mut framed = Framed::new(Normal, Arc::new(Frame::of(&draws, 10.0).unwrap()));
        let (z, mut gradient) = ([0.3, -0.7, 1.1], [0.0; 3]);
        framed.evaluate(&z, &mut gradient);
        for i in 0..3 {
            let at = |step: f64| {
                let mut z = z;
                z[i] += step;
                framed.clone().evaluate(&z, &mut [0.0; 3])
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((difference - gradient[i]).abs() < 1e-5 * difference.abs().max(1.0), "{i}");
        }
    }

    #[test]
    fn what_does_not_move_keeps_unit_scale_and_nothing_gives_no_frame() {
        let frame = Frame::of(&[vec![1.0, 3.0], vec![2.0, 3.0]], 4.0).unwrap();
        let mut x = [0.0; 2];
        frame.out(&[0.0, 1.0], &mut x);
        assert_eq!(x, [1.5, 4.0]);
        assert!(Frame::of(&[], 1.0).is_none());
        assert!(Frame::of(&[vec![0.0]], 1.0).is_none());
        assert!(Frame::of(&[vec![f64::NAN], vec![0.0]], 1.0).is_none());
    }
}
