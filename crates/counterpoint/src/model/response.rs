//! The response of one driver, without its coefficient: exposure through carry-over and saturation, with the exact adjoint.

use super::transform::{adstock, saturation};
use crate::project::{AdstockKind, SaturationKind};
use counterpoint_infer::dispatch;

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// saturation(adstock(x))
    AdstockFirst,
    /// adstock(saturation(x))
    SaturateFirst,
    /// adstock(reach x saturation(frequency))
    ReachFrequency,
}

/// The shape of a response: which transforms, in which order, over how many lags.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Carry-over.
    pub adstock: AdstockKind,
    /// Saturation.
    pub saturation: SaturationKind,
    /// Order.
    pub order: Order,
    /// L: the longest lag.
    pub max_lag: usize,
    /// Geos.
    pub geos: usize,
    /// Outcome periods.
    pub periods: usize,
}

/// Exposure of a driver, each geo led by `max_lag` periods of history (zero where there is none): `[geos x (max_lag + periods)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposure {
    /// Scaled exposure, or reach.
    pub x: Vec<f64>,
    /// Frequency, for [`Order::ReachFrequency`].
    pub frequency: Option<Vec<f64>>,
}

/// The parameter values of a shape: retention, delay or Weibull's; then scale (or rate, power) and slope.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ShapeValues {
    /// Parameters of the kernel, in the order of [`adstock::parameters`].
    pub adstock: [f64; 2],
    /// Parameters of the curve, in the order of [`saturation::parameters`].
    pub saturation: [f64; 2],
}

/// Working memory of a response; `f` is its result.
#[derive(Debug, Clone)]
pub struct Response {
    /// The response, `[geos x periods]`.
    pub f: Vec<f64>,
    weights: Vec<f64>,
    weights_adjoint: Vec<f64>,
    /// df/ds and df/dpower where the curve was evaluated: `[geos x periods]`, or padded where saturation comes first.
    slope: Vec<f64>,
    power: Vec<f64>,
    /// Saturated exposure before carry-over, padded; empty for [`Order::AdstockFirst`].
    inner: Vec<f64>,
    scratch: Vec<f64>,
    by_scale: f64,
    by_power: f64,
}

impl Response {
    /// Working memory for a shape.
    pub fn new(shape: &Shape) -> Response {
        let cells = shape.geos * shape.periods;
        let padded = shape.geos * (shape.max_lag + shape.periods);
        let inner = if shape.order == Order::AdstockFirst { 0 } else { padded };
        let curve = cells.max(inner);
        Response {
            f: vec![0.0; cells],
            weights: vec![0.0; shape.max_lag + 1],
            weights_adjoint: vec![0.0; shape.max_lag + 1],
            slope: vec![0.0; curve],
            power: vec![0.0; if saturation::has_power(shape.saturation) { curve } else { 0 }],
            inner: vec![0.0; inner],
            scratch: vec![0.0; shape.max_lag + shape.periods],
            by_scale: 0.0,
            by_power: 0.0,
        }
    }

    /// The kernel's weights at the last evaluation, lags 0..=L.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Evaluates the response of all geos into `f`.
    pub fn forward(&mut self, shape: &Shape, values: &ShapeValues, exposure: &Exposure) {
        let (n, padded) = (shape.periods, shape.max_lag + shape.periods);
        adstock::weights(shape.adstock, &values.adstock, &mut self.weights);
        let p = &values.saturation;
        match shape.order {
            Order::AdstockFirst => {
                let linear = shape.saturation == SaturationKind::None;
                for g in 0..shape.geos {
                    let x = &exposure.x[g * padded..(g + 1) * padded];
                    let range = g * n..(g + 1) * n;
                    if linear {
                        convolve(&self.weights, x, &mut self.f[range]);
                        continue;
                    }
                    let s = &mut self.scratch[..n];
                    convolve(&self.weights, x, s);
                    let power = if self.power.is_empty() { &mut [][..] } else { &mut self.power[range.clone()] };
                    saturation::forward(
                        shape.saturation,
                        p,
                        s,
                        &mut self.f[range.clone()],
                        &mut self.slope[range],
                        power,
                    );
                }
            }
            Order::SaturateFirst | Order::ReachFrequency => {
                let argument = exposure.frequency.as_ref().unwrap_or(&exposure.x);
                saturation::forward(shape.saturation, p, argument, &mut self.inner, &mut self.slope, &mut self.power);
                if exposure.frequency.is_some() {
                    for (y, x) in self.inner.iter_mut().zip(&exposure.x) {
                        *y *= x;
                    }
                }
                for g in 0..shape.geos {
                    let x = &self.inner[g * padded..(g + 1) * padded];
                    convolve(&self.weights, x, &mut self.f[g * n..(g + 1) * n]);
                }
            }
        }
    }

    /// Begins an adjoint sweep after [`Response::forward`].
    pub fn adjoint_start(&mut self) {
        self.weights_adjoint.fill(0.0);
        self.by_scale = 0.0;
        self.by_power = 0.0;
    }

    /// Takes the adjoint of geo g's response: `adj = d/df` over its periods (overwritten).
    pub fn adjoint_geo(&mut self, shape: &Shape, exposure: &Exposure, g: usize, adj: &mut [f64]) {
        let (n, padded) = (shape.periods, shape.max_lag + shape.periods);
        match shape.order {
            Order::AdstockFirst => {
                if shape.saturation != SaturationKind::None {
                    if !self.power.is_empty() {
                        self.by_power += super::linalg::dot(adj, &self.power[g * n..(g + 1) * n]);
                    }
                    multiply(adj, &self.slope[g * n..(g + 1) * n]);
                }
                correlate(adj, &exposure.x[g * padded..(g + 1) * padded], &mut self.weights_adjoint);
            }
            Order::SaturateFirst | Order::ReachFrequency => {
                let range = g * padded..(g + 1) * padded;
                correlate(adj, &self.inner[range.clone()], &mut self.weights_adjoint);
                let back = &mut self.scratch[..padded];
                convolve_transposed(&self.weights, adj, back);
                if exposure.frequency.is_some() {
                    multiply(back, &exposure.x[range.clone()]);
                }
                if !self.power.is_empty() {
                    self.by_power += super::linalg::dot(back, &self.power[range.clone()]);
                }
                if shape.saturation != SaturationKind::None {
                    multiply(back, &self.slope[range.clone()]);
                    let argument = exposure.frequency.as_ref().unwrap_or(&exposure.x);
                    self.by_scale += super::linalg::dot(back, &argument[range]);
                }
            }
        }
    }

    /// Ends the sweep: adds the derivatives by the shape's parameters to `out`.
    pub fn adjoint_end(&mut self, shape: &Shape, values: &ShapeValues, out: &mut ShapeValues) {
        if shape.order == Order::AdstockFirst {
            // sum ds s = sum_l w_l dw_l, since s is linear in the weights.
            self.by_scale = self.weights.iter().zip(&self.weights_adjoint).map(|(w, d)| w * d).sum();
        }
        adstock::weights_adjoint(
            shape.adstock,
            &values.adstock,
            &self.weights,
            &self.weights_adjoint,
            &mut out.adstock,
        );
        saturation::parameter_adjoint(
            shape.saturation,
            &values.saturation,
            self.by_scale,
            self.by_power,
            &mut out.saturation,
        );
    }
}

const BLOCK: usize = 32;

dispatch! {
    /// s\[t\] = sum_l w\[l\] x\[L + t - l\]; x has L more elements than s.
    pub(super) fn convolve(w: &[f64], x: &[f64], s: &mut [f64]) {
        let last = w.len() - 1;
        let n = s.len();
        let mut t = 0;
        while t + BLOCK <= n {
            let mut sum = [0.0_f64; BLOCK];
            for (l, weight) in w.iter().enumerate() {
                let from = &x[last - l + t..last - l + t + BLOCK];
                for i in 0..BLOCK {
                    sum[i] += weight * from[i];
                }
            }
            s[t..t + BLOCK].copy_from_slice(&sum);
            t += BLOCK;
        }
        let rest = &mut s[t..];
        rest.fill(0.0);
        for (l, weight) in w.iter().enumerate() {
            let from = &x[last - l + t..];
            for (y, x) in rest.iter_mut().zip(from) {
                *y += weight * x;
            }
        }
    }
}

dispatch! {
    /// out\[l\] += sum_t a\[t\] x\[L + t - l\]
    pub(super) fn correlate(a: &[f64], x: &[f64], out: &mut [f64]) {
        let last = out.len() - 1;
        for (l, total) in out.iter_mut().enumerate() {
            let from = &x[last - l..last - l + a.len()];
            let mut sums = [0.0_f64; 8];
            let (ac, xc) = (a.chunks_exact(8), from.chunks_exact(8));
            let (ar, xr) = (ac.remainder(), xc.remainder());
            for (a, x) in ac.zip(xc) {
                for i in 0..8 {
                    sums[i] += a[i] * x[i];
                }
            }
            let mut sum = 0.0;
            for (a, x) in ar.iter().zip(xr) {
                sum += a * x;
            }
            for i in 0..4 {
                sum += sums[i] + sums[i + 4];
            }
            *total += sum;
        }
    }
}

dispatch! {
    /// back\[j\] = sum_l w\[l\] a\[j - L + l\], the transpose of `convolve`.
    pub(super) fn convolve_transposed(w: &[f64], a: &[f64], back: &mut [f64]) {
        let last = w.len() - 1;
        back.fill(0.0);
        for (l, weight) in w.iter().enumerate() {
            for (y, x) in back[last - l..].iter_mut().zip(a) {
                *y += weight * x;
            }
        }
    }
}

dispatch! {
    fn multiply(y: &mut [f64], x: &[f64]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y *= x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(shape: &Shape, values: &ShapeValues, exposure: &Exposure, adjoint: &[f64]) -> f64 {
        let mut response = Response::new(shape);
        response.forward(shape, values, exposure);
        response.f.iter().zip(adjoint).map(|(f, a)| f * a).sum()
    }

    #[test]
    fn every_order_and_transform_has_an_exact_adjoint() {
        let (geos, periods, max_lag) = (2, 37, 4);
        let padded = geos * (periods + max_lag);
        let x: Vec<f64> = (0..padded).map(|i| if i % 7 == 3 { 0.0 } else { 1.0 + (i as f64 * 0.9).sin() }).collect();
        let frequency: Vec<f64> = (0..padded).map(|i| 1.0 + (i % 5) as f64 * 0.7).collect();
        let adjoint: Vec<f64> = (0..geos * periods).map(|i| (i as f64 * 0.31).cos()).collect();
        let orders = [Order::AdstockFirst, Order::SaturateFirst, Order::ReachFrequency];
        let adstocks = [AdstockKind::None, AdstockKind::Geometric, AdstockKind::Delayed, AdstockKind::WeibullPdf];
        let curves = [
            SaturationKind::None,
            SaturationKind::Hill,
            SaturationKind::Logistic,
            SaturationKind::MichaelisMenten,
            SaturationKind::Tanh,
            SaturationKind::Root,
        ];
        for order in orders {
            for adstock in adstocks {
                for saturation in curves {
                    let shape = Shape { adstock, saturation, order, max_lag, geos, periods };
                    let exposure = Exposure {
                        x: x.clone(),
                        frequency: (order == Order::ReachFrequency).then(|| frequency.clone()),
                    };
                    let values = ShapeValues { adstock: [0.55, 1.7], saturation: [0.8, 1.3] };
                    let mut response = Response::new(&shape);
                    response.forward(&shape, &values, &exposure);
                    let mut exact = ShapeValues::default();
                    response.adjoint_start();
                    for g in 0..geos {
                        let mut adj = adjoint[g * periods..(g + 1) * periods].to_vec();
                        response.adjoint_geo(&shape, &exposure, g, &mut adj);
                    }
                    response.adjoint_end(&shape, &values, &mut exact);
                    let h = 1e-6;
                    for i in 0..4 {
                        let side = |d: f64| {
                            let mut v = values;
                            if i < 2 {
                                v.adstock[i] += d
                            } else {
                                v.saturation[i - 2] += d
                            }
                            value(&shape, &v, &exposure, &adjoint)
                        };
                        let numeric = (side(h) - side(-h)) / (2.0 * h);
                        let got = if i < 2 { exact.adstock[i] } else { exact.saturation[i - 2] };
                        assert!(
                            (got - numeric).abs() < 1e-6,
                            "{order:?} {adstock:?} {saturation:?} {i}: {got} {numeric}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn adstock_and_hill_match_the_published_case() {
        // Meridian, adstock_hill_test.py:474: five periods, three columns, the adstock at the last row.
        let x = [[0.12, 0.34, 0.91, 0.45, 0.78], [0.55, 0.71, 0.08, 0.82, 0.29], [0.89, 0.23, 0.67, 0.11, 0.95]];
        let cases = [
            (AdstockKind::Geometric, [0.751_014, 0.435_161, 0.572_220]),
            (AdstockKind::Binomial, [0.742_346, 0.462_667, 0.567_051]),
        ];
        for (adstock, want) in cases {
            for c in 0..3 {
                let shape = Shape {
                    adstock,
                    saturation: SaturationKind::None,
                    order: Order::AdstockFirst,
                    max_lag: 4,
                    geos: 1,
                    periods: 1,
                };
                let mut response = Response::new(&shape);
                let values = ShapeValues { adstock: [[0.1, 0.5, 0.9][c], 0.0], saturation: [0.0; 2] };
                response.forward(&shape, &values, &Exposure { x: x[c].to_vec(), frequency: None });
                assert!((response.f[0] - want[c]).abs() < 1e-6, "{adstock:?} {c}: {}", response.f[0]);
            }
        }
    }

    #[test]
    fn full_retention_averages_and_a_steady_exposure_builds_up() {
        // Meridian, adstock_hill_test.py:413 and 427.
        let n = 9;
        let x: Vec<f64> = (0..n).map(|t| (t as f64 + 1.0).sqrt()).collect();
        let run = |a: f64, max_lag: usize, x: &[f64]| {
            let shape = Shape {
                adstock: AdstockKind::Geometric,
                saturation: SaturationKind::None,
                order: Order::AdstockFirst,
                max_lag,
                geos: 1,
                periods: n,
            };
            let mut padded = vec![0.0; max_lag];
            padded.extend_from_slice(x);
            let mut response = Response::new(&shape);
            let values = ShapeValues { adstock: [a, 0.0], ..ShapeValues::default() };
            response.forward(&shape, &values, &Exposure { x: padded, frequency: None });
            response.f
        };
        let mut sum = 0.0;
        for (t, f) in run(1.0, n - 1, &x).into_iter().enumerate() {
            sum += x[t];
            assert!((f - sum / n as f64).abs() < 1e-14);
        }
        let (a, max_lag) = (0.6_f64, 3);
        for (t, f) in run(a, max_lag, &[1.0; 9]).into_iter().enumerate() {
            let want = (1.0 - a.powi((t + 1).min(max_lag + 1) as i32)) / (1.0 - a.powi(max_lag as i32 + 1));
            assert!((f - want).abs() < 1e-14);
        }
    }
}
