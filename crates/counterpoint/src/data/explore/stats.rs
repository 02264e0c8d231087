//! Small statistics that survive degenerate series: what is undefined is `None`, never a division by zero.

/// The median of the finite values.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.is_empty() {
        None
    } else if sorted.len() % 2 == 1 {
        Some(sorted[middle])
    } else {
        Some(0.5 * sorted[middle - 1] + 0.5 * sorted[middle])
    }
}

/// Median and robust standard deviation (1.4826 times the median absolute deviation: consistent for a Normal, Rousseeuw
/// and Croux 1993); none if half of the values are the same.
pub(super) fn robust(values: &[f64]) -> Option<(f64, f64)> {
    let centre = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    let spread = 1.4826 * median(&deviations)?;
    (spread.is_finite() && spread > 0.0).then_some((centre, spread))
}

/// Whether the finite values are all the same, up to rounding.
pub(super) fn is_constant(values: &[f64]) -> bool {
    let (low, high) = values
        .iter()
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    low > high || high - low <= 1e-12 * high.abs().max(low.abs())
}

/// The series with each geo's mean taken off, on a scale near 1; `None` if nothing varies within a geo.
pub(super) fn demeaned(values: &[f64], periods: usize) -> Option<Vec<f64>> {
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !(largest.is_finite() && largest > 0.0) {
        return None;
    }
    let mut out = Vec::with_capacity(values.len());
    for geo in values.chunks(periods.max(1)) {
        let mean = geo.iter().map(|v| v / largest).sum::<f64>() / geo.len() as f64;
        out.extend(geo.iter().map(|v| v / largest - mean));
    }
    let norm = out.iter().map(|v| v * v).sum::<f64>().sqrt();
    if norm.is_nan() || norm <= 1e-9 * (values.len() as f64).sqrt() {
        return None;
    }
    out.iter_mut().for_each(|v| *v /= norm);
    Some(out)
}

/// Inner product: the correlation, of series made by [`demeaned`].
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Pearson correlation.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len().min(b.len());
    Some(dot(&demeaned(&a[..n], n)?, &demeaned(&b[..n], n)?).clamp(-1.0, 1.0))
}

/// Spearman's rank correlation, ties at their mean rank.
pub(super) fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    correlation(&ranks(a), &ranks(b))
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && values[order[end]] == values[order[start]] {
            end += 1;
        }
        for at in &order[start..end] {
            ranks[*at] = (start + end - 1) as f64 / 2.0;
        }
        start = end;
    }
    ranks
}

/// What is left of `y` after least squares on the columns, and the fitted part, by modified Gram-Schmidt. Columns that
/// others explain are passed over.
pub(super) fn project_out(y: &[f64], columns: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for column in columns {
        let before = dot(column, column).sqrt();
        let mut rest = column.clone();
        for b in &basis {
            let c = dot(&rest, b);
            rest.iter_mut().zip(b).for_each(|(r, x)| *r -= c * x);
        }
        let norm = dot(&rest, &rest).sqrt();
        if norm > 1e-9 * before {
            rest.iter_mut().for_each(|r| *r /= norm);
            basis.push(rest);
        }
    }
    let mut residual = y.to_vec();
    for b in &basis {
        let c = dot(&residual, b);
        residual.iter_mut().zip(b).for_each(|(r, x)| *r -= c * x);
    }
    let fitted = y.iter().zip(&residual).map(|(y, r)| y - r).collect();
    (residual, fitted)
}

/// Variance inflation factor of each variable from their correlation matrix `[k x k]`: 1 / (1 - R squared) of the variable
/// on all others, as the last pivot of an elimination in which it comes last. Infinite if others explain it exactly.
pub(super) fn inflation(correlations: &[f64], k: usize) -> Vec<f64> {
    (0..k)
        .map(|last| {
            let order: Vec<usize> = (0..k).filter(|i| *i != last).chain([last]).collect();
            let mut a: Vec<f64> =
                order.iter().flat_map(|i| order.iter().map(move |j| correlations[i * k + j])).collect();
            for p in 0..k.saturating_sub(1) {
                let pivot = a[p * k + p];
                if pivot < 1e-9 {
                    continue; // Explained by those before it: it adds nothing.
                }
                for i in p + 1..k {
                    let factor = a[i * k + p] / pivot;
                    for j in p + 1..k {
                        a[i * k + j] -= factor * a[p * k + j];
                    }
                }
            }
            let unexplained = a[k * k - 1];
            if unexplained > 1e-9 { 1.0 / unexplained } else { f64::INFINITY }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_robust_spreads_match_hand_values() {
        assert_eq!(median(&[3.0, 1.0, 2.0, 10.0]), Some(2.5));
        assert_eq!(median(&[f64::NAN]), None);
        assert_eq!(robust(&[1.0, 2.0, 3.0, 4.0, 100.0]), Some((3.0, 1.4826)));
        assert_eq!(robust(&[1.0, 1.0, 1.0, 9.0]), None);
    }

    #[test]
    fn correlations_match_hand_values_and_are_none_for_constants() {
        assert!((correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]).unwrap() - 1.0).abs() < 1e-12);
        assert!((correlation(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert!((rank_correlation(&[1.0, 5.0, 9.0], &[1.0, 10.0, 1e6]).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn inflation_of_two_variables_is_one_over_one_minus_r_squared() {
        let v = inflation(&[1.0, 0.8, 0.8, 1.0], 2);
        assert!(v.iter().all(|v| (v - 1.0 / 0.36).abs() < 1e-12), "{v:?}");
        assert!(inflation(&[1.0, 1.0, 1.0, 1.0], 2).iter().all(|v| v.is_infinite()));
        assert_eq!(inflation(&[1.0], 1), [1.0]);
    }

    #[test]
    fn projection_splits_a_series_into_fit_and_rest() {
        let ones = vec![1.0; 4];
        let (rest, fitted) = project_out(&[1.0, 2.0, 3.0, 6.0], &[ones.clone(), ones]);
        assert_eq!(fitted.iter().map(|v| (v * 1e9).round() / 1e9).collect::<Vec<_>>(), [3.0; 4]);
        assert!(rest.iter().sum::<f64>().abs() < 1e-12);
    }
}
