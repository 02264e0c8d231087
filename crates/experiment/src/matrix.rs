//! A dense matrix by rows, and the little linear algebra that the estimators need.

/// A dense matrix, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Matrix {
        Matrix { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// A matrix whose cell is a function of its row and column, both from 0.
    pub fn from_fn(rows: usize, columns: usize, mut cell: impl FnMut(usize, usize) -> f64) -> Matrix {
        let mut out = Matrix::zeros(rows, columns);
        for i in 0..rows {
            for j in 0..columns {
                out[(i, j)] = cell(i, j);
            }
        }
        out
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A row.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.columns..(i + 1) * self.columns]
    }

    /// A row, to be changed.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.values[i * self.columns..(i + 1) * self.columns]
    }

    /// The rows times their transpose: cell (i, j) is the product of rows i and j.
    pub(crate) fn gram(&self) -> Matrix {
        let mut out = Matrix::zeros(self.rows, self.rows);
        for i in 0..self.rows {
            for j in 0..=i {
                let value = dot(self.row(i), self.row(j));
                out[(i, j)] = value;
                out[(j, i)] = value;
            }
        }
        out
    }

    /// The matrix times a vector of its columns.
    pub(crate) fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|i| dot(self.row(i), x)).collect()
    }

    /// The transposed matrix times a vector of its rows: the sum of rows, weighted.
    pub(crate) fn weighted_rows(&self, weights: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.columns];
        for (i, &w) in weights.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            out.iter_mut().zip(self.row(i)).for_each(|(o, x)| *o += w * x);
        }
        out
    }

    pub(crate) fn transposed(&self) -> Matrix {
        Matrix::from_fn(self.columns, self.rows, |i, j| self[(j, i)])
    }

    /// The columns `from..to`.
    pub(crate) fn slice(&self, from: usize, to: usize) -> Matrix {
        Matrix::from_fn(self.rows, to - from, |i, j| self[(i, from + j)])
    }

    /// The chosen rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Matrix {
        Matrix::from_fn(rows.len(), self.columns, |i, j| self[(rows[i], j)])
    }
}

impl std::ops::Index<(usize, usize)> for Matrix {
    type Output = f64;
    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.values[i * self.columns + j]
    }
}

impl std::ops::IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        &mut self.values[i * self.columns + j]
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // four sums, so that the processor need not wait for one
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a4.zip(b4) {
        for k in 0..4 {
            sums[k] += x[k] * y[k];
        }
    }
    rest + (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// The mean; NaN of nothing.
pub(crate) fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// The standard deviation with n - 1.
pub(crate) fn sd(x: &[f64]) -> f64 {
    let m = mean(x);
    (x.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / (x.len() as f64 - 1.0)).sqrt()
}

/// Root of the sum of squares.
pub(crate) fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

/// The lower Cholesky factor of a symmetric positive definite matrix.
#[derive(Debug, Clone)]
pub(crate) struct Cholesky(Matrix);

impl Cholesky {
    /// `None` where the matrix is not positive definite to working precision.
    pub(crate) fn new(a: &Matrix) -> Option<Cholesky> {
        let n = a.rows;
        let mut l = Matrix::zeros(n, n);
        for i in 0..n {
            for j in 0..=i {
                let sum = a[(i, j)] - dot(&l.row(i)[..j], &l.row(j)[..j]);
                if i == j {
                    if sum.is_nan() || sum <= 1e-14 * a[(i, i)].abs() {
                        return None;
                    }
                    l[(i, i)] = sum.sqrt();
                } else {
                    l[(i, j)] = sum / l[(j, j)];
                }
            }
        }
        Some(Cholesky(l))
    }

    /// As [`Cholesky::new`], with as little added to the diagonal as makes the matrix positive definite.
    pub(crate) fn of_nearly(a: &Matrix) -> Option<Cholesky> {
        let size = (0..a.rows).map(|i| a[(i, i)].abs()).fold(0.0, f64::max);
        [0.0, 1e-12, 1e-10, 1e-8, 1e-6].iter().find_map(|jitter| {
            let mut b = a.clone();
            (0..a.rows).for_each(|i| b[(i, i)] += jitter * size);
            Cholesky::new(&b)
        })
    }

    /// Solves L x = b.
    fn forward(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for i in 0..x.len() {
            x[i] = (x[i] - dot(&self.0.row(i)[..i], &x[..i])) / self.0[(i, i)];
        }
        x
    }

    /// Solves L' x = b.
    pub(crate) fn backward(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for i in (0..x.len()).rev() {
            x[i] /= self.0[(i, i)];
            let value = x[i];
            let row = self.0.row(i);
            x[..i].iter_mut().zip(row).for_each(|(x, l)| *x -= value * l);
        }
        x
    }

    /// Solves A x = b.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        self.backward(&self.forward(b))
    }

    /// ln det A.
    pub(crate) fn ln_det(&self) -> f64 {
        2.0 * (0..self.0.rows).map(|i| self.0[(i, i)].ln()).sum::<f64>()
    }
}

/// Eigenvalues and eigenvectors (in rows) of a symmetric matrix, by cyclic Jacobi rotations (Golub and Van Loan 2013, section 8.5).
pub(crate) fn eigen(a: &Matrix) -> (Vec<f64>, Matrix) {
    let n = a.rows;
    let mut a = a.clone();
    let mut vectors = Matrix::from_fn(n, n, |i, j| f64::from(u8::from(i == j)));
    let size = norm(&a.values);
    for _ in 0..60 {
        let off: f64 = (0..n).map(|i| a.row(i)[..i].iter().map(|x| x * x).sum::<f64>()).sum();
        if off.sqrt() <= 1e-15 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[(p, q)].abs() > 1e-18 * size {
                    rotate(&mut a, &mut vectors, p, q);
                }
            }
        }
    }
    ((0..n).map(|i| a[(i, i)]).collect(), vectors)
}

/// One rotation that makes cell (p, q) zero.
fn rotate(a: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    let n = a.rows;
    let theta = (a[(q, q)] - a[(p, p)]) / (2.0 * a[(p, q)]);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in 0..n {
        let (x, y) = (a[(k, p)], a[(k, q)]);
        a[(k, p)] = c * x - s * y;
        a[(k, q)] = s * x + c * y;
    }
    for matrix in [a, vectors] {
        for k in 0..n {
            let (x, y) = (matrix[(p, k)], matrix[(q, k)]);
            matrix[(p, k)] = c * x - s * y;
            matrix[(q, k)] = s * x + c * y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(n: usize) -> Matrix {
        Matrix::from_fn(n, n + 3, |i, j| ((i * 7 + j * 13) % 11) as f64 - 4.5 + if i == j { 6.0 } else { 0.0 })
    }

    #[test]
    fn eigenvectors_and_values_make_the_matrix_again() {
        let a = some(9).gram();
        let (values, vectors) = eigen(&a);
        for i in 0..9 {
            for j in 0..9 {
                let again: f64 = (0..9).map(|k| values[k] * vectors[(k, i)] * vectors[(k, j)]).sum();
                assert!((again - a[(i, j)]).abs() < 1e-10, "{i} {j}: {again} {}", a[(i, j)]);
                let unit = dot(vectors.row(i), vectors.row(j));
                assert!((unit - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_cholesky_factor_solves_and_has_the_determinant() {
        let a = some(6).gram();
        let factor = Cholesky::new(&a).unwrap();
        let x = factor.solve(&[1.0, -2.0, 3.0, 0.5, 0.0, 1.5]);
        let b = a.times(&x);
        for (found, wanted) in b.iter().zip([1.0, -2.0, 3.0, 0.5, 0.0, 1.5]) {
            assert!((found - wanted).abs() < 1e-9);
        }
        let (values, _) = eigen(&a);
        assert!((factor.ln_det() - values.iter().map(|v| v.ln()).sum::<f64>()).abs() < 1e-9);
        assert!(Cholesky::new(&Matrix::zeros(2, 2)).is_none());
    }
}
