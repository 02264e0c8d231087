//! Which units could be treated together: those that move alike.

use crate::matrix::{Matrix, mean};

/// Sets of `size` units: each eligible unit with those that are most correlated with it, sets that lack a required unit left out, each set once.
///
/// The sets of GeoLift's market selection. Units in rows of `outcome`; sets and their members are in the order of rows.
pub fn candidates(outcome: &Matrix, size: usize, include: &[usize], exclude: &[usize]) -> Vec<Vec<usize>> {
    let eligible: Vec<usize> = (0..outcome.rows()).filter(|i| !exclude.contains(i)).collect();
    if size == 0 || size > eligible.len() {
        return Vec::new();
    }
    let mut out: Vec<Vec<usize>> = Vec::new();
    for &i in &eligible {
        let mut others: Vec<(f64, usize)> =
            eligible.iter().filter(|&&j| j != i).map(|&j| (correlation(outcome.row(i), outcome.row(j)), j)).collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut set: Vec<usize> = others.iter().take(size - 1).map(|(_, j)| *j).chain([i]).collect();
        set.sort_unstable();
        if include.iter().all(|i| set.contains(i)) {
            out.push(set);
        }
    }
    if out.is_empty() && include.len() <= size && !include.is_empty() {
        out.extend(around(outcome, size, include, &eligible));
    }
    out.sort();
    out.dedup();
    out
}

/// The required units and those that are most correlated with their sum.
fn around(outcome: &Matrix, size: usize, include: &[usize], eligible: &[usize]) -> Option<Vec<usize>> {
    let sum = outcome.select(include).weighted_rows(&vec![1.0; include.len()]);
    let mut others: Vec<(f64, usize)> =
        eligible.iter().filter(|i| !include.contains(i)).map(|&j| (correlation(&sum, outcome.row(j)), j)).collect();
    others.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut set: Vec<usize> =
        others.iter().take(size - include.len()).map(|(_, j)| *j).chain(include.to_vec()).collect();
    set.sort_unstable();
    (set.len() == size).then_some(set)
}

/// Pearson's correlation; 0 where one does not vary.
pub(crate) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma) * (x - ma);
        bb += (y - mb) * (y - mb);
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_units_that_move_alike() {
        // 0 and 2 rise, 1 and 3 alternate, 4 falls
        let cell = |i: usize, t: usize| match i {
            0 | 2 => (t * t + i) as f64,
            1 | 3 => ((t + i) % 2) as f64 + 0.1 * (i * t) as f64,
            _ => -(t as f64),
        };
        let outcome = Matrix::from_fn(5, 12, cell);
        let found = candidates(&outcome, 2, &[], &[]);
        assert!(found.contains(&vec![0, 2]), "{found:?}");
        assert!(candidates(&outcome, 2, &[0], &[]).iter().all(|s| s.contains(&0)));
        assert!(candidates(&outcome, 2, &[], &[2]).iter().all(|s| !s.contains(&2)));
        assert_eq!(candidates(&outcome, 2, &[0, 4], &[]), [vec![0, 4]]);
        assert!(candidates(&outcome, 9, &[], &[]).is_empty());
    }
}
