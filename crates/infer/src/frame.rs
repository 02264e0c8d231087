//! Coordinates in which a density is about standard normal, so that its chains take long steps from the first draw on.
//!
//! x = mean + L z, with L the Cholesky factor of a covariance: that of a mode's curvature, or one that draws and their gradients agree on.
//! The map is linear: it changes no posterior.

use crate::dispatch;
use crate::log_density::LogDensity;
use faer::{Mat, Side};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::Arc;

/// Step of the differences of gradients that make a curvature, in coordinates that are on the scale of their priors.
const STEP: f64 = 1e-4;
/// The least precision that a direction is taken to have, in such coordinates.
const LEAST_PRECISION: f64 = 0.5;
/// Draws a coordinate that are worth as much as what the coordinates' own scales say of a covariance: directions that few draws show are not taken for
/// flat or steep.
const WORTH: f64 = 0.1;
/// Running sums of a product.
const SUMS: usize = 16;
/// Rows that are taken together, so that none waits for another, and as many columns.
const ROWS: usize = 8;

/// A linear map from z to x.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    mean: Vec<f64>,
    /// L, row by row up to the diagonal. In single precision: any L that is the same on the way out and back is as good, and a gradient reads it twice.
    factor: Vec<f32>,
}

impl Frame {
    /// From a density's curvature at a point, as [`curvature`] gives all its columns. A direction's precision is the size of its curvature, whatever its
    /// sign, and at least a half. None where the curvature is not finite.
    pub fn of_curvature(at: &[f64], columns: &[Vec<f64>]) -> Option<Frame> {
        let dim = at.len();
        let mean = Mat::from_fn(dim, dim, |i, j| 0.5 * (columns[j][i] + columns[i][j]));
        let covariance = spectral(&mean, |precision| 1.0 / precision.abs().max(LEAST_PRECISION))?;
        Frame::of_covariance(at.to_vec(), &covariance)
    }

    /// From draws and the log density's gradients at them, `[draws][dim]` each: the covariance V for which V Cov(gradients) V = Cov(draws), around the
    /// draws' mean. It is the one of the Normal that is nearest in Fisher divergence (Seyboldt, Carlson and Carpenter 2026), and exact for a Normal
    /// density wherever the draws lie, so that few are enough. None where draws are fewer than two or not finite.
    pub fn of(draws: &[Vec<f64>], gradients: &[Vec<f64>]) -> Option<Frame> {
        let dim = draws.first()?.len();
        if draws.len() < 2 || draws.len() != gradients.len() {
            return None;
        }
        let (mean, spread) = moments(draws, dim);
        let (_, pull) = moments(gradients, dim);
        if !(0..dim).all(|i| spread[(i, i)].is_finite() && pull[(i, i)].is_finite()) {
            return None;
        }
        // The same for each coordinate alone; one that does not move, or that nothing pulls, keeps unit scale.
        let own = |i: usize| Some((spread[(i, i)] / pull[(i, i)]).powf(0.25)).filter(|s| s.is_finite() && *s > 0.0);
        let scale: Vec<f64> = (0..dim).map(|i| own(i).unwrap_or(1.0)).collect();
        let share = WORTH * dim as f64 / (WORTH * dim as f64 + draws.len() as f64);
        let shrunk = |m: &Mat<f64>, unit: &dyn Fn(usize) -> f64| {
            let own = |x: f64| if x > 0.0 { share + (1.0 - share) * x } else { 1.0 };
            let one = |i: usize, j: usize| {
                let x = m[(i, j)] * unit(i) * unit(j);
                if i == j { own(x) } else { (1.0 - share) * x }
            };
            Mat::from_fn(dim, dim, one)
        };
        let spread = shrunk(&spread, &|i| 1.0 / scale[i]);
        let pull = shrunk(&pull, &|i| scale[i]);
        let (root, inverse) = (spectral(&pull, |x| floor(x).sqrt())?, spectral(&pull, |x| floor(x).powf(-0.5))?);
        let between = spectral(&(&root * &spread * &root), |x| floor(x).sqrt())?;
        let agreed = &inverse * between * &inverse;
        Frame::of_covariance(mean, &Mat::from_fn(dim, dim, |i, j| scale[i] * agreed[(i, j)] * scale[j]))
    }

    /// The frame of draws and gradients as they are seen in this one, which says what they are too few to tell. See [`Frame::of`].
    pub fn within(&self, draws: &[Vec<f64>], gradients: &[Vec<f64>]) -> Option<Frame> {
        let dim = self.dim();
        if draws.iter().chain(gradients).any(|row| row.len() != dim) {
            return None;
        }
        let place = |x: &Vec<f64>| {
            let mut z = vec![0.0; dim];
            self.place(x, &mut z);
            z
        };
        let slope = |by_x: &Vec<f64>| {
            let mut by_z = vec![0.0; dim];
            self.back(by_x, &mut by_z);
            by_z
        };
        let places: Vec<Vec<f64>> = draws.iter().map(place).collect();
        let slopes: Vec<Vec<f64>> = gradients.iter().map(slope).collect();
        let inner = Frame::of(&places, &slopes)?;
        let mut mean = vec![0.0; dim];
        self.out(&inner.mean, &mut mean);
        let composed = |i: usize| {
            let mut row = vec![0.0; i + 1];
            for (k, &own) in self.row(i).iter().enumerate() {
                add(f64::from(own), inner.row(k), &mut row[..=k]);
            }
            row
        };
        Frame::of_rows(mean, composed)
    }

    /// The map from u to x with z = middle + scale u, coordinate by coordinate; none where a scale is not a positive number.
    pub(crate) fn scaled(&self, middle: &[f64], scale: &[f64]) -> Option<Frame> {
        let mut mean = vec![0.0; self.dim()];
        self.out(middle, &mut mean);
        Frame::of_rows(mean, |i| self.row(i).iter().zip(scale).map(|(l, s)| f64::from(*l) * s).collect())
    }

    fn of_covariance(mean: Vec<f64>, covariance: &Mat<f64>) -> Option<Frame> {
        let cholesky = covariance.llt(Side::Lower).ok()?;
        let factor = cholesky.L();
        Frame::of_rows(mean, |i| (0..=i).map(|j| factor[(i, j)]).collect())
    }

    /// From the rows of L up to the diagonal; none where L cannot be turned back, or is beyond single precision.
    fn of_rows(mean: Vec<f64>, row: impl Fn(usize) -> Vec<f64>) -> Option<Frame> {
        let factor: Vec<f32> = (0..mean.len()).flat_map(|i| row(i).into_iter().map(|x| x as f32)).collect();
        let turns_back = (0..mean.len()).all(|i| factor[start_of_row(i) + i] >= f32::MIN_POSITIVE);
        let finite = mean.iter().all(|m| m.is_finite()) && factor.iter().all(|x| x.is_finite());
        (turns_back && finite).then_some(Frame { mean, factor })
    }

    /// The map that only moves the origin.
    pub fn at(mean: Vec<f64>) -> Frame {
        let factor = (0..mean.len()).flat_map(|i| (0..=i).map(move |j| if i == j { 1.0 } else { 0.0 })).collect();
        Frame { mean, factor }
    }

    /// Number of coordinates.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// Every number of the map, for a fingerprint.
    pub fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        self.mean.iter().copied().chain(self.factor.iter().copied().map(f64::from))
    }

    /// Row i of L up to the diagonal.
    fn row(&self, i: usize) -> &[f32] {
        &self.factor[start_of_row(i)..start_of_row(i + 1)]
    }

    /// Rows i to i + [`ROWS`].
    fn rows(&self, i: usize) -> [&[f32]; ROWS] {
        std::array::from_fn(|r| self.row(i + r))
    }

    /// x of z.
    pub fn out(&self, z: &[f64], x: &mut [f64]) {
        let whole = self.dim() - self.dim() % ROWS;
        for i in (0..whole).step_by(ROWS) {
            let rows = self.rows(i);
            let mut sums = products(rows.map(|row| &row[..i]), &z[..i]);
            for (r, row) in rows.iter().enumerate() {
                for j in i..=i + r {
                    sums[r] += f64::from(row[j]) * z[j];
                }
                x[i + r] = self.mean[i + r] + sums[r];
            }
        }
        for i in whole..self.dim() {
            x[i] = self.mean[i] + product(self.row(i), &z[..=i]);
        }
    }

    /// z of x.
    fn place(&self, x: &[f64], z: &mut [f64]) {
        for i in 0..self.dim() {
            let row = self.row(i);
            z[i] = (x[i] - self.mean[i] - product(&row[..i], &z[..i])) / f64::from(row[i]);
        }
    }

    /// Derivatives by z of those by x.
    fn back(&self, by_x: &[f64], by_z: &mut [f64]) {
        // From the end, where the way out ended, to the beginning, where the next begins: those rows are still near.
        by_z.fill(0.0);
        let whole = self.dim() - self.dim() % ROWS;
        (whole..self.dim()).for_each(|i| add(by_x[i], self.row(i), &mut by_z[..=i]));
        for i in (0..whole).step_by(ROWS).rev() {
            let (rows, by) = (self.rows(i), std::array::from_fn(|r| by_x[i + r]));
            add_all(by, rows.map(|row| &row[..i]), &mut by_z[..i]);
            for (by, row) in by.iter().zip(rows) {
                add(*by, &row[i..], &mut by_z[i..row.len()]);
            }
        }
    }
}

/// Columns of a density's curvature (minus its second derivatives) at a point, by central differences of its gradient: two evaluations a column.
pub fn curvature<D: LogDensity>(density: &mut D, at: &[f64], columns: Range<usize>) -> Vec<Vec<f64>> {
    let mut x = at.to_vec();
    let (mut up, mut down) = (vec![0.0; at.len()], vec![0.0; at.len()]);
    let mut column = |j: usize| {
        x[j] = at[j] + STEP;
        density.evaluate(&x, &mut up);
        x[j] = at[j] - STEP;
        density.evaluate(&x, &mut down);
        x[j] = at[j];
        up.iter().zip(&down).map(|(up, down)| (down - up) / (2.0 * STEP)).collect()
    };
    columns.map(&mut column).collect()
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

    /// The same density in another frame.
    pub(crate) fn seen_in(&self, frame: Arc<Frame>) -> Framed<D>
    where
        D: Clone,
    {
        Framed::new(self.inner.clone(), frame)
    }
}

impl<D: LogDensity> LogDensity for Framed<D> {
    fn dim(&self) -> usize {
        self.frame.dim()
    }

    fn evaluate(&mut self, z: &[f64], gradient: &mut [f64]) -> f64 {
        self.frame.out(z, &mut self.x);
        let value = self.inner.evaluate(&self.x, &mut self.by_x);
        self.frame.back(&self.by_x, gradient);
        value
    }

    fn stir(&mut self, z: &mut [f64], rng: &mut ChaCha8Rng) -> bool {
        self.frame.out(z, &mut self.x);
        let stirred = self.inner.stir(&mut self.x, rng);
        if stirred {
            self.frame.place(&self.x, z);
        }
        stirred
    }
}

/// Where row i of a packed lower triangle begins.
fn start_of_row(i: usize) -> usize {
    i * (i + 1) / 2
}

dispatch! {
    /// y += a x
    fn add(a: f64, x: &[f32], y: &mut [f64]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = a.mul_add(f64::from(*x), *y);
        }
    }
}

dispatch! {
    /// y += sum of a x, over some rows, whose length is a multiple of [`ROWS`].
    fn add_all(a: [f64; ROWS], x: [&[f32]; ROWS], y: &mut [f64]) {
        let x = x.map(|x| x.as_chunks::<ROWS>().0);
        for (t, y) in y.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
            for r in 0..ROWS {
                for i in 0..ROWS {
                    y[i] = a[r].mul_add(f64::from(x[r][t][i]), y[i]);
                }
            }
        }
    }
}

dispatch! {
    /// x'y of some rows, whose length is a multiple of [`ROWS`].
    fn products(x: [&[f32]; ROWS], y: &[f64]) -> [f64; ROWS] {
        let x = x.map(|x| x.as_chunks::<ROWS>().0);
        let mut sums = [[0.0; ROWS]; ROWS];
        for (t, y) in y.as_chunks::<ROWS>().0.iter().enumerate() {
            for r in 0..ROWS {
                for i in 0..ROWS {
                    sums[r][i] = f64::from(x[r][t][i]).mul_add(y[i], sums[r][i]);
                }
            }
        }
        sums.map(|s| ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])))
    }
}

dispatch! {
    /// x'y, in so many sums that none waits for another.
    fn product(x: &[f32], y: &[f64]) -> f64 {
        let n = x.len().min(y.len());
        let (x, y) = (&x[..n], &y[..n]);
        let whole = n - n % SUMS;
        let mut sums = [0.0; SUMS];
        for t in (0..whole).step_by(SUMS) {
            for i in 0..SUMS {
                sums[i] = f64::from(x[t + i]).mul_add(y[t + i], sums[i]);
            }
        }
        for t in whole..n {
            sums[t - whole] = f64::from(x[t]).mul_add(y[t], sums[t - whole]);
        }
        sums.iter().sum()
    }
}

/// Mean and covariance of rows.
fn moments(rows: &[Vec<f64>], dim: usize) -> (Vec<f64>, Mat<f64>) {
    let n = rows.len() as f64;
    let mean: Vec<f64> = (0..dim).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / n).collect();
    let off = Mat::from_fn(dim, rows.len(), |i, k| (rows[k][i] - mean[i]) / (n - 1.0).sqrt());
    let covariance = &off * off.transpose();
    (mean, covariance)
}

/// Eigenvalues below this are rounding.
fn floor(x: f64) -> f64 {
    x.max(1e-12)
}

/// A symmetric matrix with `of` its eigenvalues; none where it is not finite.
fn spectral(matrix: &Mat<f64>, of: impl Fn(f64) -> f64) -> Option<Mat<f64>> {
    let dim = matrix.nrows();
    if (0..dim).any(|j| matrix.col_as_slice(j).iter().any(|x| !x.is_finite())) {
        return None;
    }
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let scaled = Mat::from_fn(dim, dim, |i, k| vectors[(i, k)] * of(values[k]));
    Some(scaled * vectors.transpose())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nuts::{ChainDraws, ChainSettings, Step};
    use crate::sample::{Silent, Watch, sample_chains};

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
        ChainSettings { warmup: 300, draws, seed: 5, target_accept: 0.9, max_depth: 10 }
    }

    fn moments_of(chains: &[ChainDraws]) -> ([f64; 3], [f64; 3]) {
        let draws: Vec<&[f64]> = chains.iter().flat_map(|c| c.positions.chunks_exact(3)).collect();
        let n = draws.len() as f64;
        let mean = [0, 1, 2].map(|i| draws.iter().map(|d| d[i]).sum::<f64>() / n);
        let sd = [0, 1, 2].map(|i| (draws.iter().map(|d| (d[i] - mean[i]).powi(2)).sum::<f64>() / n).sqrt());
        (mean, sd)
    }

    fn slopes(draws: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let one = |draw: &Vec<f64>| {
            let mut slope = vec![0.0; 3];
            Normal.evaluate(draw, &mut slope);
            slope
        };
        draws.iter().map(one).collect()
    }

    /// Points that are twice as far apart as the density's draws, and around 0.
    fn wide(count: usize) -> Vec<Vec<f64>> {
        let mut rng = crate::nuts::chain_rng(9, 0);
        let mut one = || {
            let z: [f64; 3] = std::array::from_fn(|_| 2.0 * crate::sample::standard_normal(&mut rng));
            A.iter().map(|row| row.iter().zip(z).map(|(a, z)| a * z).sum()).collect()
        };
        (0..count).map(|_| one()).collect()
    }

    #[test]
    fn a_frame_in_a_frame_is_that_of_the_density_and_keeps_what_draws_do_not_tell() {
        let base = Frame { mean: vec![5.0, 0.0, 1.0], factor: vec![2.0, 0.5, 3.0, -0.1, 0.2, 0.7] };
        let draws = wide(2000);
        let frame = base.within(&draws, &slopes(&draws)).unwrap();
        is_that_of_the_density(&frame, 0.02);
        for i in 0..3 {
            let mean = draws.iter().map(|x| x[i]).sum::<f64>() / 2000.0;
            assert!((frame.mean[i] - mean).abs() < 1e-9, "{i}: {} for {mean}", frame.mean[i]);
        }
        // In the right frame a handful of draws takes little away; without it they tell next to nothing.
        let few = wide(4);
        is_that_of_the_density(&frame.within(&few, &slopes(&few)).unwrap(), 0.05);
        assert!(base.within(&[vec![0.0; 2]], &[vec![0.0; 2]]).is_none());
    }

    fn is_that_of_the_density(frame: &Frame, within: f64) {
        let sum = |a: &dyn Fn(usize, usize) -> f64, i: usize, j: usize| (0..3).map(|k| a(i, k) * a(j, k)).sum::<f64>();
        let sd = |i: usize| sum(&|i, k| A[i][k], i, i).sqrt();
        for i in 0..3 {
            for j in 0..=i {
                let (wanted, found) = (
                    sum(&|i, k| A[i][k], i, j),
                    sum(&|i, k| frame.row(i).get(k).copied().map_or(0.0, f64::from), i, j),
                );
                assert!((found - wanted).abs() < within * sd(i) * sd(j), "{i} {j}: {found} for {wanted}");
            }
        }
    }

    #[test]
    fn curvature_and_gradients_tell_a_normals_covariance_wherever_they_are_taken() {
        // Precisions of this Normal reach below the least one that a curvature is taken to have, so it is scaled.
        #[derive(Clone)]
        struct Small;
        impl LogDensity for Small {
            fn dim(&self) -> usize {
                3
            }
            fn evaluate(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
                let value = Normal.evaluate(&[100.0 * x[0], 100.0 * x[1], 100.0 * x[2]], gradient);
                gradient.iter_mut().for_each(|g| *g *= 100.0);
                value
            }
        }
        let at = [0.3, -0.2, 0.1];
        let mut frame = Frame::of_curvature(&at, &curvature(&mut Small, &at, 0..3)).unwrap();
        frame.factor.iter_mut().for_each(|x| *x *= 100.0);
        is_that_of_the_density(&frame, 1e-3);
        let draws = wide(2000);
        is_that_of_the_density(&Frame::of(&draws, &slopes(&draws)).unwrap(), 0.02);
    }

    #[test]
    fn a_framed_density_gives_the_same_draws_for_fewer_gradients() {
        let plain = sample_chains(
            &|| Normal,
            &Arc::new(Frame::at(MEAN.to_vec())),
            0.1,
            &settings(1500),
            vec![None; 2],
            1,
            &Silent,
        )
        .unwrap();
        let draws = wide(500);
        let frame = Arc::new(Frame::of(&draws, &slopes(&draws)).unwrap());
        let kept = Kept::default();
        let warm = sample_chains(&|| Normal, &frame, 0.5, &settings(1500), vec![None; 2], 1, &kept).unwrap();
        let truth = [100.0_f64.sqrt(), 82.0_f64.sqrt(), 0.0005_f64.sqrt()];
        let (mean, sd) = moments_of(&warm);
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
        let again = sample_chains(&|| Normal, &frame, 0.5, &settings(1500), resumed, 1, &Silent).unwrap();
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
        let mut framed = Framed::new(Normal, Arc::new(Frame::of(&draws, &slopes(&draws)).unwrap()));
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
        let two = [vec![1.0, 3.0], vec![2.0, 3.0]];
        let frame = Frame::of(&two, &[vec![0.5, 0.0], vec![-0.5, 0.0]]).unwrap();
        let mut x = [0.0; 2];
        frame.out(&[0.0, 1.0], &mut x);
        assert_eq!(x, [1.5, 4.0]);
        assert!(Frame::of(&[], &[]).is_none());
        assert!(Frame::of(&[vec![0.0]], &[vec![0.0]]).is_none());
        assert!(Frame::of(&two, &two[..1]).is_none());
        assert!(Frame::of(&[vec![f64::NAN], vec![0.0]], &[vec![0.0], vec![1.0]]).is_none());
        assert!(Frame::of(&[vec![0.0], vec![1.0]], &[vec![f64::NAN], vec![1.0]]).is_none());
    }
}
