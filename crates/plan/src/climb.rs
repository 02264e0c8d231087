//! The highest point of a smooth function within limits: spectral projected gradients (Birgin, Martinez and Raydan 2000).

use crate::limits::Limits;

/// Values that a new one is held against.
const MEMORY: usize = 6;
/// Share of each variable's size by which the gradient is tried.
const NUDGE: f64 = 0.01;
/// No variable is taken for flatter than this share of the most bent.
const FLATTEST: f64 = 1e-3;
/// Share of the promised gain that a step must bring.
const ENOUGH: f64 = 1e-4;

/// Where a climb ended.
#[derive(Debug, Clone)]
pub struct Peak {
    /// The point.
    pub x: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Its gradient.
    pub gradient: Vec<f64>,
    /// The rows' multipliers: what one unit more of each would bring.
    pub prices: Vec<f64>,
    /// Evaluations that it took.
    pub steps: usize,
}

/// Climbs from the point nearest to `start` until a step promises less than `small` of the function's size, or for `most` evaluations.
/// `prices` are multipliers to begin with (none where nothing is known).
pub fn climb(
    limits: &Limits,
    start: &[f64],
    prices: &[f64],
    (small, most): (f64, usize),
    mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>),
) -> Peak {
    let scales = limits.scales();
    let mut y: Vec<f64> = vec![0.0; limits.rows.len()];
    let mut x = limits.nearest(start, &scales, &mut y);
    let (mut value, mut gradient) = function(&x);
    let mut steps = 2;
    let mut widths = metric(&x, &gradient, &scales, &mut function);
    let mut anew = 8;
    let mut length = 1.0;
    let longest = 1e4;
    let mut scaled: Vec<f64> = (0..y.len()).map(|r| -prices.get(r).copied().unwrap_or(0.0) * length).collect();
    let mut seen = vec![value];
    let mut best = (x.clone(), value, gradient.clone(), vec![0.0; y.len()]);
    loop {
        let ahead: Vec<f64> = (0..x.len()).map(|i| x[i] + length * widths[i] * widths[i] * gradient[i]).collect();
        let to = limits.nearest(&ahead, &widths, &mut scaled);
        let direction: Vec<f64> = to.iter().zip(&x).map(|(a, b)| a - b).collect();
        let promised: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
        if value >= best.1 {
            best = (x.clone(), value, gradient.clone(), scaled.iter().map(|s| -s / length).collect());
        }
        if promised <= small * value.abs().max(1e-12) || steps >= most {
            break;
        }
        if steps >= anew {
            // The curvature where the climb began says little of where it is now.
            widths = metric(&x, &gradient, &scales, &mut function);
            steps += 1;
            anew += anew.min(24);
            scaled.iter_mut().for_each(|s| *s /= length);
            length = 1.0;
            continue;
        }
        let floor = seen.iter().rev().take(MEMORY).copied().fold(f64::INFINITY, f64::min);
        let mut part = 1.0;
        let (next, new, slope) = loop {
            let next: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + part * d).collect();
            let (new, slope) = function(&next);
            steps += 1;
            if new >= floor + ENOUGH * part * promised || steps >= most {
                break (next, new, slope);
            }
            // The top of the parabola through the value, the slope and the new value.
            let top = 0.5 * promised * part / (promised - (new - value) / part);
            part = if top.is_finite() { top.clamp(0.1 * part, 0.5 * part) } else { 0.5 * part };
        };
        let (mut far, mut bent) = (0.0, 0.0);
        for i in 0..x.len() {
            let s = next[i] - x[i];
            far += s * s / (widths[i] * widths[i]);
            bent -= s * (slope[i] - gradient[i]);
        }
        let old = length;
        length = if bent > 1e-300 { (far / bent).clamp(1e-4, longest) } else { (4.0 * length).min(longest) };
        scaled.iter_mut().for_each(|s| *s *= length / old);
        (x, value, gradient) = (next, new, slope);
        seen.push(value);
    }
    Peak { x: best.0, value: best.1, gradient: best.2, prices: best.3, steps }
}

/// The unit of each variable in which a step of length one does no harm. Where all second derivatives of a kind have one sign, the sums of the
/// Hessian's rows, weighted by the variables' sizes, bound its curvature; a difference of two gradients gives them all.
fn metric(
    x: &[f64],
    gradient: &[f64],
    scales: &[f64],
    function: &mut impl FnMut(&[f64]) -> (f64, Vec<f64>),
) -> Vec<f64> {
    let moved: Vec<f64> = x.iter().zip(scales).map(|(x, s)| x + NUDGE * s).collect();
    let (_, slope) = function(&moved);
    let bend: Vec<f64> = (0..x.len()).map(|i| (gradient[i] - slope[i]) * scales[i] / NUDGE).collect();
    // Where nothing bends down, the slope itself sets the unit.
    let steep = gradient.iter().zip(scales).map(|(g, s)| (g * s).abs()).fold(f64::MIN_POSITIVE, f64::max);
    let most = bend.iter().copied().fold(FLATTEST * steep, f64::max);
    (0..x.len()).map(|i| scales[i] / bend[i].max(FLATTEST * most).sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Row;

    #[test]
    fn where_all_is_convex_the_climb_ends_in_a_corner_within_the_limits() {
        let limits = Limits {
            low: vec![0.0; 2],
            high: vec![8.0, 10.0],
            scales: Vec::new(),
            rows: vec![Row {
                name: "budget".into(),
                terms: vec![(0, 1.0), (1, 1.0)],
                low: 10.0,
                high: 10.0,
                apart: false,
            }],
        };
        let square = |x: &[f64]| (x[0] * x[0] + 0.5 * x[1] * x[1], vec![2.0 * x[0], x[1]]);
        let peak = climb(&limits, &[5.0, 5.0], &[0.0], (1e-9, 200), square);
        assert!((peak.x[0] - 8.0).abs() < 1e-6 && (peak.x[1] - 2.0).abs() < 1e-6, "{:?}", peak.x);
    }

    #[test]
    fn equal_marginal_returns_are_found() {
        // max sum a ln(1 + x) with sum x = 10: a / (1 + x) is the same everywhere.
        let a = [1.0, 2.0, 3.0, 0.1];
        let limits = Limits {
            low: vec![0.0; 4],
            high: vec![10.0; 4],
            scales: Vec::new(),
            rows: vec![Row {
                name: "budget".into(),
                terms: (0..4).map(|i| (i, 1.0)).collect(),
                low: 10.0,
                high: 10.0,
                apart: false,
            }],
        };
        let peak = climb(&limits, &[2.5; 4], &[0.0], (1e-14, 500), |x| {
            let value = x.iter().zip(&a).map(|(x, a)| a * (1.0 + x).ln()).sum();
            (value, x.iter().zip(&a).map(|(x, a)| a / (1.0 + x)).collect())
        });
        // 13 over weights of 6: x = a 13 / 6 - 1 for the first three, none for the last.
        for (x, want) in peak.x.iter().zip([13.0 / 6.0 - 1.0, 26.0 / 6.0 - 1.0, 39.0 / 6.0 - 1.0, 0.0]) {
            assert!((x - want).abs() < 1e-5, "{:?}", peak.x);
        }
        // One unit more is worth 6 / 13.
        assert!((peak.prices[0] - 6.0 / 13.0).abs() < 1e-4, "{:?}", peak.prices);
        let far = limits.most(&peak.gradient, &peak.prices)
            - peak.x.iter().zip(&peak.gradient).map(|(x, g)| x * g).sum::<f64>();
        assert!((0.0..1e-6).contains(&(far + 1e-12)), "{far}");
    }
}
