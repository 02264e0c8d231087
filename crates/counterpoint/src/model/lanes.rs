//! Small symmetric systems of many geos at a time: one geo in each lane of a vector register.
//!
//! A number of each geo is a row of [`LANES`]; the block of some geos is `[n x n x LANES]`, row-major, its upper triangle the factor U of A = U'U.

use counterpoint_infer::dispatch;
use counterpoint_infer::math::ln;

/// Geos that go together.
pub(super) const LANES: usize = 8;

/// Where the numbers of geos are that have `locals` each: by some geos together, by which of its numbers, by lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    /// Geos.
    pub(super) geos: usize,
    /// Numbers a geo.
    pub(super) locals: usize,
}

impl Places {
    /// How often some geos go together.
    pub(super) fn batches(self) -> usize {
        self.geos.div_ceil(LANES)
    }

    /// How many places there are, those of lanes without a geo included.
    pub(super) fn len(self) -> usize {
        self.batches() * self.locals * LANES
    }

    /// The place of geo g's number j.
    pub(super) fn of(self, g: usize, j: usize) -> usize {
        (g / LANES * self.locals + j) * LANES + g % LANES
    }

    /// The place of entry (j, k) of geo g's block, among blocks of some geos each.
    pub(super) fn of_block(self, g: usize, j: usize, k: usize) -> usize {
        ((g / LANES * self.locals + j) * self.locals + k) * LANES + g % LANES
    }

    /// The places of the numbers of the geos that go together as the b-th.
    pub(super) fn batch(self, b: usize) -> std::ops::Range<usize> {
        let size = self.locals * LANES;
        b * size..(b + 1) * size
    }

    /// The places of their blocks.
    pub(super) fn blocks(self, b: usize) -> std::ops::Range<usize> {
        let size = self.locals * self.locals * LANES;
        b * size..(b + 1) * size
    }
}

/// One row of lanes.
#[inline(always)]
fn row(x: &[f64], i: usize) -> [f64; LANES] {
    let mut out = [0.0; LANES];
    out.copy_from_slice(&x[i * LANES..(i + 1) * LANES]);
    out
}

#[inline(always)]
fn put(x: &mut [f64], i: usize, values: &[f64; LANES]) {
    x[i * LANES..(i + 1) * LANES].copy_from_slice(values);
}

dispatch! {
    /// Replaces the upper triangles of `a` by their factors, fills `inverses` (`[n x LANES]`) with one over their pivots; returns the sum of ln det A over
    /// lanes, or NaN where one is not positive definite.
    pub(super) fn cholesky(a: &mut [f64], n: usize, inverses: &mut [f64]) -> f64 {
        let mut ln_det = [0.0; LANES];
        for k in 0..n {
            let pivot = row(a, k * n + k);
            if pivot.iter().any(|p| p.is_nan() || *p <= 0.0) {
                return f64::NAN;
            }
            let mut scale = [0.0; LANES];
            for l in 0..LANES {
                ln_det[l] += ln(pivot[l]);
                scale[l] = 1.0 / pivot[l].sqrt();
            }
            put(inverses, k, &scale);
            for j in k..n {
                for l in 0..LANES {
                    a[(k * n + j) * LANES + l] *= scale[l];
                }
            }
            for i in k + 1..n {
                let factor = row(a, k * n + i);
                for j in i..n {
                    let (x, mut y) = (row(a, k * n + j), row(a, i * n + j));
                    for l in 0..LANES {
                        y[l] = (-factor[l]).mul_add(x[l], y[l]);
                    }
                    put(a, i * n + j, &y);
                }
            }
        }
        ln_det.iter().sum()
    }
}

dispatch! {
    /// Solves U'U x = b in place, for `b` of `[n x LANES]`.
    pub(super) fn solve(u: &[f64], n: usize, inverses: &[f64], b: &mut [f64]) {
        for k in 0..n {
            let mut x = row(b, k);
            let inverse = row(inverses, k);
            for l in 0..LANES {
                x[l] *= inverse[l];
            }
            put(b, k, &x);
            for i in k + 1..n {
                let (factor, mut y) = (row(u, k * n + i), row(b, i));
                for l in 0..LANES {
                    y[l] = (-factor[l]).mul_add(x[l], y[l]);
                }
                put(b, i, &y);
            }
        }
        for k in (0..n).rev() {
            let mut x = row(b, k);
            for j in k + 1..n {
                let (factor, y) = (row(u, k * n + j), row(b, j));
                for l in 0..LANES {
                    x[l] = (-factor[l]).mul_add(y[l], x[l]);
                }
            }
            let inverse = row(inverses, k);
            for l in 0..LANES {
                x[l] *= inverse[l];
            }
            put(b, k, &x);
        }
    }
}

dispatch! {
    /// Adds the diagonals of A^-1 to `out` (`[n x LANES]`); `column` is scratch of its size.
    pub(super) fn add_inverse_diagonal(u: &[f64], n: usize, inverses: &[f64], column: &mut [f64], out: &mut [f64]) {
        // A^-1 = V V' with V = U^-1, whose columns are found from the diagonal upwards.
        for k in 0..n {
            for i in (0..=k).rev() {
                let mut x = [if i == k { 1.0 } else { 0.0 }; LANES];
                for m in i + 1..=k {
                    let (factor, y) = (row(u, i * n + m), row(column, m));
                    for l in 0..LANES {
                        x[l] = (-factor[l]).mul_add(y[l], x[l]);
                    }
                }
                let (inverse, mut sum) = (row(inverses, i), row(out, i));
                for l in 0..LANES {
                    x[l] *= inverse[l];
                    sum[l] = x[l].mul_add(x[l], sum[l]);
                }
                put(column, i, &x);
                put(out, i, &sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::linalg;
    use super::*;

    #[test]
    fn each_lane_is_solved_as_its_geo_alone() {
        let places = Places { geos: 5, locals: 4 };
        let n = places.locals;
        let own = |g: usize| -> Vec<f64> {
            let b = |i: usize, j: usize| ((g + 3 * i + 5 * j) as f64 * 0.7).sin();
            let entry =
                |i: usize, j: usize| (0..n).map(|k| b(i, k) * b(j, k)).sum::<f64>() + f64::from(u8::from(i == j));
            (0..n * n).map(|at| entry(at / n, at % n)).collect()
        };
        let mut blocks = vec![0.0; places.blocks(0).end];
        let (mut inverses, mut x) = (vec![0.0; places.len()], vec![0.0; places.len()]);
        for g in 0..LANES {
            for (at, value) in own(g).iter().enumerate() {
                blocks[places.of_block(g, at / n, at % n)] = *value;
            }
            (0..n).for_each(|j| x[places.of(g, j)] = (g + j) as f64 - 2.0);
        }
        let b = x.clone();
        let ln_det = cholesky(&mut blocks, n, &mut inverses);
        solve(&blocks, n, &inverses, &mut x);
        let (mut diagonal, mut scratch) = (vec![0.5; places.len()], vec![0.0; places.len()]);
        add_inverse_diagonal(&blocks, n, &inverses, &mut scratch, &mut diagonal);
        let mut expected = 0.0;
        for g in 0..LANES {
            let (mut u, mut inverse) = (own(g), vec![0.0; n * n]);
            expected += linalg::cholesky(&mut u, n);
            let mut alone: Vec<f64> = (0..n).map(|j| b[places.of(g, j)]).collect();
            linalg::solve(&u, n, &mut alone, 1);
            linalg::invert(&u, n, &mut inverse);
            for j in 0..n {
                assert!((x[places.of(g, j)] - alone[j]).abs() < 1e-12);
                assert!((diagonal[places.of(g, j)] - 0.5 - inverse[j * n + j]).abs() < 1e-12);
            }
        }
        assert!((ln_det - expected).abs() < 1e-12);
        blocks[places.of_block(2, 0, 0)] = -1.0;
        assert!(cholesky(&mut blocks, n, &mut inverses).is_nan());
    }
}
