//! Weights that are not negative and sum to one: the point of a polytope that is nearest to the origin.

use crate::matrix::{Cholesky, Matrix, dot};

/// How much a step must promise, as a share of the size of the problem, to be taken. A judgement: the weights are then right to about 1e-8.
const TOLERANCE: f64 = 1e-13;

/// The weights w >= 0 with sum 1 that make w'Hw smallest, H symmetric and positive semidefinite `[n x n]`.
///
/// With H the products of points a_i, this is the point of their convex hull that is nearest to the origin, and since the weights sum to one,
/// |x - sum w_i x_i|^2 is of this form with a_i = x_i - x. Wolfe's active-set method (1976, Mathematical Programming 11): exact, in finitely many
/// steps. `start` are weights to begin with, those of a similar problem.
pub(crate) fn nearest(h: &Matrix, start: Option<&[f64]>) -> Vec<f64> {
    let n = h.rows();
    let size = (0..n).map(|i| h[(i, i)]).fold(0.0, f64::max);
    if size <= 0.0 {
        return vec![1.0 / n as f64; n];
    }
    let first = (0..n).min_by(|&a, &b| h[(a, a)].total_cmp(&h[(b, b)])).unwrap_or(0);
    let mut set: Vec<usize> = start.map_or(vec![first], |w| (0..n).filter(|&i| w[i] > 0.0).collect());
    let mut weights: Vec<f64> = start.map_or(vec![1.0], |w| set.iter().map(|&i| w[i]).collect());
    if start.is_some() {
        settle(h, size, &mut set, &mut weights);
    }
    for _ in 0..50 * n + 100 {
        let mut slope = vec![0.0; n];
        for (&i, &w) in set.iter().zip(&weights) {
            slope.iter_mut().zip(h.row(i)).for_each(|(s, x)| *s += w * x);
        }
        let here: f64 = set.iter().zip(&weights).map(|(&i, w)| w * slope[i]).sum();
        let best = (0..n).min_by(|&a, &b| slope[a].total_cmp(&slope[b])).unwrap_or(0);
        if slope[best] >= here - TOLERANCE * size || set.contains(&best) {
            break;
        }
        set.push(best);
        weights.push(0.0);
        settle(h, size, &mut set, &mut weights);
    }
    let mut out = vec![0.0; n];
    set.iter().zip(&weights).for_each(|(&i, &w)| out[i] = w);
    out
}

/// Goes to the best point of the points in the set, and drops those that it would need a negative weight of.
fn settle(h: &Matrix, size: f64, set: &mut Vec<usize>, weights: &mut Vec<f64>) {
    loop {
        let Some(goal) = affine(h, size, set) else { return };
        let step = weights.iter().zip(&goal).filter(|(_, g)| **g <= 0.0).map(|(w, g)| w / (w - g)).fold(1.0, f64::min);
        weights.iter_mut().zip(&goal).for_each(|(w, g)| *w += step * (g - *w));
        if step >= 1.0 {
            return;
        }
        // the one that stopped the step leaves, and with it all that have no weight
        let stopped =
            (0..set.len()).filter(|&k| goal[k] <= 0.0).min_by(|&a, &b| weights[a].total_cmp(&weights[b])).unwrap_or(0);
        let keep: Vec<bool> = (0..set.len()).map(|k| k != stopped && (weights[k] > 0.0 || goal[k] > 0.0)).collect();
        if !keep.contains(&true) {
            return;
        }
        let mut at = keep.iter();
        set.retain(|_| *at.next().unwrap_or(&true));
        let mut at = keep.iter();
        weights.retain(|_| *at.next().unwrap_or(&true));
        weights.iter_mut().for_each(|w| *w = w.max(0.0));
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
    }
}

/// The weights of any sign with sum 1 that make w'Hw smallest on the set: (H + s 11') u = 1, w = u / sum u.
fn affine(h: &Matrix, size: f64, set: &[usize]) -> Option<Vec<f64>> {
    let a = Matrix::from_fn(set.len(), set.len(), |i, j| h[(set[i], set[j])] + size);
    let u = Cholesky::of_nearly(&a)?.solve(&vec![1.0; set.len()]);
    let sum = dot(&u, &vec![1.0; u.len()]);
    (sum > 0.0).then(|| u.iter().map(|x| x / sum).collect())
}

/// Frank-Wolfe steps with exact line search towards the smallest w'Hw on the simplex, until one decreases it by `decrease` or less.
pub(crate) fn frank_wolfe(h: &Matrix, weights: &mut [f64], steps: usize, decrease: f64) {
    let mut slope = h.times(weights);
    let mut here = dot(&slope, weights);
    for step in 0..steps {
        let Some(best) = (0..weights.len()).min_by(|&a, &b| slope[a].total_cmp(&slope[b])) else { return };
        // towards the corner `best`: w'Hw falls along d = e - w by 2 w'Hd, and curves by d'Hd
        let fall = here - slope[best];
        let curve = h[(best, best)] - 2.0 * slope[best] + here;
        if curve.is_nan() || curve <= 0.0 {
            return;
        }
        let length = (fall / curve).clamp(0.0, 1.0);
        weights.iter_mut().for_each(|w| *w *= 1.0 - length);
        weights[best] += length;
        slope.iter_mut().zip(h.row(best)).for_each(|(s, x)| *s += length * (x - *s));
        let next = dot(&slope, weights);
        if step > 0 && here - next <= decrease {
            return;
        }
        here = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Matrix {
        Matrix::from_fn(12, 5, |i, j| (((i + 1) * 37 + (j + 2) * 91 + i * j * 53) % 101) as f64 / 20.0 - 1.8)
    }

    #[test]
    fn the_optimum_has_equal_slopes_where_there_is_weight_and_no_smaller_one() {
        let h = points().gram();
        let w = nearest(&h, None);
        assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12 && w.iter().all(|w| *w >= 0.0));
        let slope = h.times(&w);
        let here = dot(&slope, &w);
        for i in 0..12 {
            assert!(slope[i] >= here - 1e-9, "{i}");
            assert!(w[i] == 0.0 || (slope[i] - here).abs() < 1e-9, "{i}");
        }
    }

    #[test]
    fn another_start_ends_at_the_same_weights() {
        let h = points().gram();
        let w = nearest(&h, None);
        let mut start = vec![0.0; 12];
        (start[3], start[7], start[8]) = (0.2, 0.5, 0.3);
        for (a, b) in w.iter().zip(nearest(&h, Some(&start))) {
            assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn frank_wolfe_comes_near_the_same_optimum() {
        let h = points().gram();
        let best = nearest(&h, None);
        let mut w = vec![1.0 / 12.0; 12];
        frank_wolfe(&h, &mut w, 10_000, 0.0);
        let value = |w: &[f64]| dot(&h.times(w), w);
        assert!(value(&w) >= value(&best) && value(&w) - value(&best) < 1e-3 * h[(0, 0)]);
    }

    #[test]
    fn twins_and_a_target_that_is_a_corner_are_no_trouble() {
        let mut h = Matrix::from_fn(3, 3, |_, _| 1.0);
        let w = nearest(&h, None);
        assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        h[(1, 1)] = 0.0;
        (h[(0, 1)], h[(1, 0)], h[(1, 2)], h[(2, 1)]) = (0.0, 0.0, 0.0, 0.0);
        assert_eq!(nearest(&h, None), [0.0, 1.0, 0.0]);
        assert_eq!(nearest(&Matrix::zeros(2, 2), None), [0.5, 0.5]);
    }
}
