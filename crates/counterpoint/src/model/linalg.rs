//! Small dense symmetric systems, row by row, so that every inner loop is one contiguous `y -= a x`.
//!
//! A symmetric matrix is stored whole, row-major `[n x n]`; the factor is the upper triangular U of A = U'U.

use counterpoint_infer::dispatch;
use counterpoint_infer::math::Level;
pub(crate) use counterpoint_infer::math::dot;

/// Rows that go together, so that what they share is read once for them.
const ROWS: usize = 4;

/// Hands on the number of each row, and the sum of its products with x as [`dot`] has it.
pub(crate) fn each_dot<'a>(x: &[f64], mut rows: impl Iterator<Item = &'a [f64]>, mut to: impl FnMut(usize, f64)) {
    let mut number = 0;
    loop {
        let (mut some, mut filled) = ([&[][..]; ROWS], 0);
        for (one, row) in some.iter_mut().zip(&mut rows) {
            *one = row;
            filled += 1;
        }
        let mut products = [0.0; ROWS];
        dots(x, &some[..filled], &mut products);
        for product in &products[..filled] {
            to(number, *product);
            number += 1;
        }
        if filled < ROWS {
            return;
        }
    }
}

dispatch! {
    fn dots(x: &[f64], rows: &[&[f64]], out: &mut [f64; ROWS]) {
        match rows {
            [] => {}
            [a] => out[..1].copy_from_slice(&dots_of(x, [a])),
            [a, b] => out[..2].copy_from_slice(&dots_of(x, [a, b])),
            [a, b, c] => out[..3].copy_from_slice(&dots_of(x, [a, b, c])),
            [a, b, c, d, ..] => *out = dots_of(x, [a, b, c, d]),
        }
    }
}

#[inline(always)]
fn dots_of<const N: usize>(x: &[f64], rows: [&[f64]; N]) -> [f64; N] {
    let n = x.len();
    let rows = rows.map(|row| &row[..n]);
    let mut sums = [[0.0_f64; 8]; N];
    let whole = n / 8 * 8;
    for t in (0..whole).step_by(8) {
        let x: &[f64; 8] = x[t..t + 8].try_into().expect("eight");
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let row: &[f64; 8] = row[t..t + 8].try_into().expect("eight");
            for i in 0..8 {
                sums[i] = x[i].mul_add(row[i], sums[i]);
            }
        }
    }
    let mut out = [0.0; N];
    for (out, (s, row)) in out.iter_mut().zip(sums.iter().zip(&rows)) {
        let mut rest = 0.0;
        for t in whole..n {
            rest += x[t] * row[t];
        }
        *out = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7])) + rest;
    }
    out
}

dispatch! {
    /// Replaces the upper triangle of `a` by its Cholesky factor U; returns ln det A, or NaN where A is not positive definite.
    pub(crate) fn cholesky(a: &mut [f64], n: usize) -> f64 {
        let mut ln_det = 0.0;
        for k in 0..n {
            let (head, tail) = a.split_at_mut((k + 1) * n);
            let row = &mut head[k * n..];
            let pivot = row[k];
            if pivot.is_nan() || pivot <= 0.0 {
                return f64::NAN;
            }
            ln_det += pivot.ln();
            let scale = 1.0 / pivot.sqrt();
            for x in &mut row[k..] {
                *x *= scale;
            }
            for i in k + 1..n {
                let factor = -row[i];
                let target = &mut tail[(i - k - 1) * n + i..(i - k) * n];
                for (y, x) in target.iter_mut().zip(&row[i..]) {
                    *y = factor.mul_add(*x, *y);
                }
            }
        }
        ln_det
    }
}

dispatch! {
    /// Solves U'U X = B in place; `b` is `[n x m]` row-major.
    pub(crate) fn solve(u: &[f64], n: usize, b: &mut [f64], m: usize) {
        solve_lower(u, n, b, m);
        for k in (0..n).rev() {
            let (head, tail) = b.split_at_mut((k + 1) * m);
            let row = &mut head[k * m..];
            for j in k + 1..n {
                let factor = -u[k * n + j];
                for (y, x) in row.iter_mut().zip(&tail[(j - k - 1) * m..(j - k) * m]) {
                    *y = factor.mul_add(*x, *y);
                }
            }
            let scale = 1.0 / u[k * n + k];
            for x in row.iter_mut() {
                *x *= scale;
            }
        }
    }
}

dispatch! {
    /// Solves U'X = B in place (forward substitution only); `b` is `[n x m]` row-major.
    pub(crate) fn solve_lower(u: &[f64], n: usize, b: &mut [f64], m: usize) {
        for k in 0..n {
            let (head, tail) = b.split_at_mut((k + 1) * m);
            let row = &mut head[k * m..];
            let scale = 1.0 / u[k * n + k];
            for x in row.iter_mut() {
                *x *= scale;
            }
            for i in k + 1..n {
                let factor = -u[k * n + i];
                for (y, x) in tail[(i - k - 1) * m..(i - k) * m].iter_mut().zip(row.iter()) {
                    *y = factor.mul_add(*x, *y);
                }
            }
        }
    }
}

dispatch! {
    /// Solves U X = B in place (back substitution only); `b` has n elements.
    pub(crate) fn solve_upper(u: &[f64], n: usize, b: &mut [f64]) {
        for k in (0..n).rev() {
            let mut sum = b[k];
            for j in k + 1..n {
                sum = (-u[k * n + j]).mul_add(b[j], sum);
            }
            b[k] = sum / u[k * n + k];
        }
    }
}

dispatch! {
    /// Writes A^-1 (whole) from the factor U of A.
    pub(crate) fn invert(u: &[f64], n: usize, inverse: &mut [f64]) {
        // U'Y = I: Y is lower triangular.
        inverse[..n * n].fill(0.0);
        for k in 0..n {
            inverse[k * n + k] = 1.0;
        }
        for k in 0..n {
            let (head, tail) = inverse.split_at_mut((k + 1) * n);
            let row = &mut head[k * n..k * n + k + 1];
            let scale = 1.0 / u[k * n + k];
            for x in row.iter_mut() {
                *x *= scale;
            }
            for i in k + 1..n {
                let factor = -u[k * n + i];
                for (y, x) in tail[(i - k - 1) * n..].iter_mut().zip(row.iter()) {
                    *y = factor.mul_add(*x, *y);
                }
            }
        }
        // U V = Y, of which the lower triangle is enough.
        for k in (0..n).rev() {
            let (head, tail) = inverse.split_at_mut((k + 1) * n);
            let row = &mut head[k * n..k * n + k + 1];
            for j in k + 1..n {
                let factor = -u[k * n + j];
                for (y, x) in row.iter_mut().zip(&tail[(j - k - 1) * n..]) {
                    *y = factor.mul_add(*x, *y);
                }
            }
            let scale = 1.0 / u[k * n + k];
            for x in row.iter_mut() {
                *x *= scale;
            }
        }
        for i in 0..n {
            for j in i + 1..n {
                inverse[i * n + j] = inverse[j * n + i];
            }
        }
    }
}

dispatch! {
    /// y += a x
    pub(crate) fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = a.mul_add(*x, *y);
        }
    }
}

/// y += sum of scales and rows.
pub(crate) fn add_rows<'a>(mut rows: impl Iterator<Item = (f64, &'a [f64])>, y: &mut [f64]) {
    while let Some(first) = rows.next() {
        let mut some = [(0.0, first.1); ROWS];
        some[0] = first;
        for (one, row) in some[1..].iter_mut().zip(&mut rows) {
            *one = row;
        }
        add_some(&some, y);
    }
}

dispatch! {
    fn add_some(rows: &[(f64, &[f64]); ROWS], y: &mut [f64]) {
        let n = y.len();
        let [(a, u), (b, v), (c, w), (d, x)] = rows.map(|(scale, row)| (scale, &row[..n]));
        for t in 0..n {
            y[t] = a.mul_add(u[t], b.mul_add(v[t], c.mul_add(w[t], d.mul_add(x[t], y[t]))));
        }
    }
}

/// Sums of rows of `n` numbers times their scales: scales are `[rows x sums]`, `sums` are `[sums x n]`. They stay in registers, and each row is read once for
/// some of them.
pub(crate) fn combine_rows(scales: &[f64], rows: &[f64], n: usize, sums: &mut [f64]) {
    // As many columns as fill the registers: fewer wait for each other, more do not stay.
    let level = Level::best();
    if level.is_avx512() {
        combine_wide(level, scales, rows, n, sums)
    } else {
        combine_narrow(level, scales, rows, n, sums)
    }
}

dispatch! {
    at fn combine_wide(scales: &[f64], rows: &[f64], n: usize, sums: &mut [f64]) {
        combine_all::<16>(scales, rows, n, sums);
    }
}

dispatch! {
    at fn combine_narrow(scales: &[f64], rows: &[f64], n: usize, sums: &mut [f64]) {
        combine_all::<8>(scales, rows, n, sums);
    }
}

#[inline(always)]
fn combine_all<const MOST: usize>(scales: &[f64], rows: &[f64], n: usize, sums: &mut [f64]) {
    let count = sums.len() / n;
    let mut first = 0;
    while first + TOGETHER <= count {
        let own = &mut sums[first * n..(first + TOGETHER) * n];
        combine_some::<TOGETHER, MOST>(scales, rows, (n, count, first), own);
        first += TOGETHER;
    }
    while first < count {
        combine_some::<1, WIDE>(scales, rows, (n, count, first), &mut sums[first * n..(first + 1) * n]);
        first += 1;
    }
}

/// Sums of [`combine_rows`] that are made together.
const TOGETHER: usize = 4;
/// Columns that are handled together for one sum, and where fewer are left.
const WIDE: usize = 32;
const MIDDLE: usize = 8;
const NARROW: usize = 4;

/// M of the sums, at most `MOST` columns at a time.
#[inline(always)]
fn combine_some<const M: usize, const MOST: usize>(
    scales: &[f64],
    rows: &[f64],
    (n, count, first): (usize, usize, usize),
    sums: &mut [f64],
) {
    let mut t = 0;
    while t + MOST <= n {
        block::<M, MOST>(scales, rows, (n, count, first), t, sums);
        t += MOST;
    }
    while t + MIDDLE <= n {
        block::<M, MIDDLE>(scales, rows, (n, count, first), t, sums);
        t += MIDDLE;
    }
    while t + NARROW <= n {
        block::<M, NARROW>(scales, rows, (n, count, first), t, sums);
        t += NARROW;
    }
    while t < n {
        block::<M, 1>(scales, rows, (n, count, first), t, sums);
        t += 1;
    }
}

#[inline(always)]
fn block<const M: usize, const N: usize>(
    scales: &[f64],
    rows: &[f64],
    (n, count, first): (usize, usize, usize),
    t: usize,
    out: &mut [f64],
) {
    let mut sums = [[0.0; N]; M];
    for (scales, row) in scales.chunks_exact(count).zip(rows.chunks_exact(n)) {
        let (scales, row) = (&scales[first..first + M], &row[t..t + N]);
        for m in 0..M {
            for i in 0..N {
                sums[m][i] = scales[m].mul_add(row[i], sums[m][i]);
            }
        }
    }
    for (m, sums) in sums.iter().enumerate() {
        out[m * n + t..m * n + t + N].copy_from_slice(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize) -> Vec<f64> {
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                a[i * n + j] = (-(i as f64 - j as f64).abs() / 3.0).exp() + if i == j { 0.5 } else { 0.0 };
            }
        }
        a
    }

    #[test]
    fn factor_inverse_and_solution_agree_with_the_definition() {
        for n in [1, 2, 7, 33] {
            let a = matrix(n);
            let mut u = a.clone();
            let ln_det = cholesky(&mut u, n);
            let mut v = vec![0.0; n * n];
            invert(&u, n, &mut v);
            for i in 0..n {
                for j in 0..n {
                    let product: f64 = (0..n).map(|k| a[i * n + k] * v[k * n + j]).sum();
                    assert!((product - f64::from(u8::from(i == j))).abs() < 1e-11);
                }
            }
            let mut b: Vec<f64> = (0..2 * n).map(|i| (i as f64).sin()).collect();
            let rhs = b.clone();
            let mut half = b.clone();
            solve_lower(&u, n, &mut half, 2);
            // |U'^-1 b|^2 = b'A^-1 b
            for c in 0..2 {
                let squares: f64 = (0..n).map(|i| half[i * 2 + c].powi(2)).sum();
                let mut quadratic = 0.0;
                for i in 0..n {
                    for j in 0..n {
                        quadratic += rhs[i * 2 + c] * v[i * n + j] * rhs[j * 2 + c];
                    }
                }
                assert!((squares - quadratic).abs() <= 1e-10 * (1.0 + quadratic.abs()));
            }
            solve(&u, n, &mut b, 2);
            for i in 0..n {
                for c in 0..2 {
                    let product: f64 = (0..n).map(|k| a[i * n + k] * b[k * 2 + c]).sum();
                    assert!((product - rhs[i * 2 + c]).abs() < 1e-11);
                }
            }
            let from_pivots: f64 = (0..n).map(|k| 2.0 * u[k * n + k].ln()).sum();
            assert!((ln_det - from_pivots).abs() < 1e-12);
        }
    }

    #[test]
    fn an_indefinite_matrix_gives_nan() {
        assert!(cholesky(&mut [1.0, 2.0, 2.0, 1.0], 2).is_nan());
    }

    #[test]
    fn rows_are_combined_whatever_their_length_and_number_of_sums() {
        for n in [1, 3, 4, 8, 16, 19, 23, 41] {
            for count in [1, 2, 4, 5, 9] {
                let rows: Vec<f64> = (0..3 * n).map(|i| (i as f64 * 0.7).sin()).collect();
                let scales: Vec<f64> = (0..3 * count).map(|i| (i as f64 * 1.1).cos()).collect();
                for combine in [combine_wide, combine_narrow] {
                    let mut out = vec![f64::NAN; count * n];
                    combine(Level::best(), &scales, &rows, n, &mut out);
                    for (i, found) in out.iter().enumerate() {
                        let (m, t) = (i / n, i % n);
                        let expected: f64 = (0..3).map(|r| scales[r * count + m] * rows[r * n + t]).sum();
                        assert!((found - expected).abs() < 1e-14, "{n} {count} {m} {t}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_are_multiplied_and_added_as_each_alone() {
        for n in [1, 7, 8, 21, 40] {
            let row = |k: usize| -> Vec<f64> { (0..n).map(|i| ((i + 3 * k) as f64 * 0.9).sin()).collect() };
            for count in 0..10 {
                let rows: Vec<Vec<f64>> = (1..=count).map(row).collect();
                let mut seen = 0;
                each_dot(&row(0), rows.iter().map(Vec::as_slice), |i, product| {
                    assert_eq!((i, product), (seen, dot(&row(0), &rows[i])));
                    seen += 1;
                });
                assert_eq!(seen, count);
                let (mut together, mut alone) = (row(0), row(0));
                let scale = |k: usize| 0.3 * k as f64 - 1.0;
                add_rows(rows.iter().enumerate().map(|(k, row)| (scale(k), row.as_slice())), &mut together);
                rows.iter().enumerate().for_each(|(k, row)| axpy(scale(k), row, &mut alone));
                assert!(together.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-14));
            }
        }
    }
}
