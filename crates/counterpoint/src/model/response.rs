//! The response of one driver, without its coefficient: exposure through carry-over and saturation, with the exact adjoint.

use super::linalg::{add_rows, each_dot};
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
    /// Share of each geo's people that each segment of the audience holds; they add up to one. Each segment has an exposure of its own.
    pub segments: Vec<f64>,
}

impl Shape {
    /// Rows of exposure: a geo and segment each, the segments of a geo one after the other.
    pub fn rows(&self) -> usize {
        self.geos * self.segments.len()
    }
}

/// Exposure of a driver, each row led by `max_lag` periods of history (zero where there is none): `[rows x (max_lag + periods)]`.
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

/// A response and its derivatives by each parameter: one and at most four.
const MOST_PRODUCTS: usize = 5;

/// Sums of products with a response and with its derivatives, kernel first; the rest zero. See [`Response::products`].
pub type Products = [f64; MOST_PRODUCTS];

/// Working memory of a response. `f` is its result; its derivatives by each parameter of the shape are made beside it, since a shape has four
/// parameters at most and the exposure is known: forward derivatives need no second sweep through the transforms.
#[derive(Debug, Clone)]
pub struct Response {
    /// The response, `[geos x periods]`.
    pub f: Vec<f64>,
    weights: Vec<f64>,
    /// d weights / d parameter of the kernel.
    weights_by: [Vec<f64>; 2],
    /// df / d parameter, kernel first, `[geos x periods]` each; empty for a response that needs none.
    tangents: Vec<Vec<f64>>,
    /// df / d carried-over exposure, `[geos x periods]`; empty where the exposure is fixed.
    slope: Vec<f64>,
    /// The curve and its derivatives: of one geo, or of all padded exposure where saturation comes first.
    inner: [Vec<f64>; 4],
    /// The response of each row, where a geo has several segments: shape and working memory.
    rows: Option<Box<(Shape, Response)>>,
}

impl Response {
    /// Working memory for a shape: values only.
    pub fn new(shape: &Shape) -> Response {
        Response::with(shape, false, false)
    }

    /// Working memory for a shape: values and derivatives by its parameters, and by the carried-over exposure where that has parameters of its own.
    pub fn with_derivatives(shape: &Shape, exposure_varies: bool) -> Response {
        Response::with(shape, true, exposure_varies)
    }

    fn with(shape: &Shape, derivatives: bool, exposure_varies: bool) -> Response {
        let cells = shape.geos * shape.periods;
        let rows = (shape.segments.len() > 1).then(|| {
            let one = Shape { geos: shape.rows(), segments: vec![1.0], ..shape.clone() };
            let response = Response::with(&one, derivatives, exposure_varies);
            Box::new((one, response))
        });
        let alone = rows.is_none();
        let inner = match shape.order {
            _ if !alone => 0,
            Order::AdstockFirst => shape.periods,
            _ => shape.geos * (shape.max_lag + shape.periods),
        };
        let kernel = adstock::parameters(shape.adstock);
        let count = if derivatives { kernel + saturation::parameters(shape.saturation) } else { 0 };
        let lags = |some: bool| vec![0.0; if some { shape.max_lag + 1 } else { 0 }];
        Response {
            f: vec![0.0; cells],
            weights: lags(true),
            weights_by: [lags(derivatives && kernel > 0), lags(derivatives && kernel > 1)],
            tangents: vec![vec![0.0; cells]; count],
            slope: vec![0.0; if exposure_varies && alone { cells } else { 0 }],
            inner: std::array::from_fn(|_| vec![0.0; inner]),
            rows,
        }
    }

    /// The kernel's weights at the last evaluation, lags 0..=L.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The response of each row, `[rows x periods]`: the geos' own, unless they have several segments.
    pub fn rows(&self) -> &Response {
        self.rows.as_ref().map_or(self, |rows| &rows.1)
    }

    /// Evaluates the response of all geos into `f`, and its derivatives where they are kept.
    pub fn forward(&mut self, shape: &Shape, values: &ShapeValues, exposure: &Exposure) {
        if let Some(rows) = &mut self.rows {
            let (one, response) = &mut **rows;
            response.forward(one, values, exposure);
            self.weights.copy_from_slice(&response.weights);
            let both = std::iter::once((&mut self.f, &response.f));
            for (to, from) in both.chain(self.tangents.iter_mut().zip(&response.tangents)) {
                let rows = from.chunks_exact(shape.segments.len() * shape.periods);
                for (to, rows) in to.chunks_exact_mut(shape.periods).zip(rows) {
                    to.fill(0.0);
                    add_rows(shape.segments.iter().copied().zip(rows.chunks_exact(shape.periods)), to);
                }
            }
            return;
        }
        let (n, padded) = (shape.periods, shape.max_lag + shape.periods);
        let kernel = adstock::parameters(shape.adstock).min(self.tangents.len());
        adstock::weights(shape.adstock, &values.adstock, &mut self.weights);
        if !self.tangents.is_empty() {
            adstock::weights_tangents(shape.adstock, &values.adstock, &self.weights, &mut self.weights_by);
        }
        let p = &values.saturation;
        // df/dscale = factor x s df/ds.
        let factor = saturation::scale_factor(shape.saturation, p);
        let has_power = saturation::has_power(shape.saturation);
        let has_scale = factor != 0.0;
        match shape.order {
            Order::AdstockFirst => {
                for g in 0..shape.geos {
                    let x = &exposure.x[g * padded..(g + 1) * padded];
                    let range = g * n..(g + 1) * n;
                    let [s, slope, power, _] = &mut self.inner;
                    let (by_kernel, by_curve) = self.tangents.split_at_mut(kernel);
                    match by_kernel {
                        [] => convolve(&self.weights, x, s),
                        [a] => convolve_two(&self.weights, &self.weights_by[0], x, s, &mut a[range.clone()]),
                        [a, b, ..] => {
                            convolve_two(&self.weights, &self.weights_by[0], x, s, &mut a[range.clone()]);
                            convolve(&self.weights_by[1], x, &mut b[range.clone()]);
                        }
                    }
                    saturation::forward(shape.saturation, p, s, &mut self.f[range.clone()], slope, power);
                    for tangent in by_kernel {
                        multiply(&mut tangent[range.clone()], slope);
                    }
                    let mut by_curve = by_curve.iter_mut();
                    if has_scale && let Some(tangent) = by_curve.next() {
                        product(factor, s, slope, &mut tangent[range.clone()]);
                    }
                    if has_power && let Some(tangent) = by_curve.next() {
                        tangent[range.clone()].copy_from_slice(power);
                    }
                    if !self.slope.is_empty() {
                        self.slope[range].copy_from_slice(slope);
                    }
                }
            }
            Order::SaturateFirst | Order::ReachFrequency => {
                let argument = exposure.frequency.as_ref().unwrap_or(&exposure.x);
                let [curve, slope, power, scale] = &mut self.inner;
                saturation::forward(shape.saturation, p, argument, curve, slope, power);
                product(factor, argument, slope, scale);
                if exposure.frequency.is_some() {
                    for of_frequency in [&mut *curve, scale, power] {
                        multiply(of_frequency, &exposure.x);
                    }
                }
                for g in 0..shape.geos {
                    let (own, range) = (g * padded..(g + 1) * padded, g * n..(g + 1) * n);
                    convolve(&self.weights, &curve[own.clone()], &mut self.f[range.clone()]);
                    let (by_kernel, by_curve) = self.tangents.split_at_mut(kernel);
                    for (tangent, weights) in by_kernel.iter_mut().zip(&self.weights_by) {
                        convolve(weights, &curve[own.clone()], &mut tangent[range.clone()]);
                    }
                    let mut by_curve = by_curve.iter_mut();
                    if has_scale && let Some(tangent) = by_curve.next() {
                        convolve(&self.weights, &scale[own.clone()], &mut tangent[range.clone()]);
                    }
                    if has_power && let Some(tangent) = by_curve.next() {
                        convolve(&self.weights, &power[own.clone()], &mut tangent[range.clone()]);
                    }
                }
            }
        }
    }

    /// Products of x, by period, with geo g's response and its derivatives, summed.
    pub fn products(&self, shape: &Shape, g: usize, x: &[f64]) -> Products {
        let range = g * shape.periods..(g + 1) * shape.periods;
        let rows = std::iter::once(&self.f).chain(&self.tangents).map(|row| &row[range.clone()]);
        let mut out = [0.0; MOST_PRODUCTS];
        each_dot(x, rows, |i, product| out[i] = product);
        out
    }

    /// Takes the adjoint of geo g's response, d/df over its periods: adds the derivatives by the shape's parameters to `out`.
    pub fn adjoint_geo(&self, shape: &Shape, g: usize, adjoint: &[f64], out: &mut ShapeValues) {
        self.add_products(shape, 1.0, &self.products(shape, g, adjoint), out);
    }

    /// [`Response::adjoint_geo`] of an adjoint that is a number of `times` one whose products are known.
    pub fn add_products(&self, shape: &Shape, times: f64, products: &Products, out: &mut ShapeValues) {
        let kernel = adstock::parameters(shape.adstock);
        for (i, by) in products[1..=self.tangents.len()].iter().enumerate() {
            if i < kernel {
                out.adstock[i] += times * by;
            } else {
                out.saturation[i - kernel] += times * by;
            }
        }
    }

    /// Turns the adjoint of a row's response into that of its carried-over exposure; saturation comes last.
    pub fn adjoint_exposure(&self, row: usize, adjoint: &mut [f64]) {
        let (periods, slope) = (adjoint.len(), &self.rows().slope);
        multiply(adjoint, &slope[row * periods..(row + 1) * periods]);
    }

    /// Takes the adjoint of a row's response, as [`Response::adjoint_geo`] does that of a geo's.
    pub fn adjoint_row(&self, shape: &Shape, row: usize, adjoint: &[f64], out: &mut ShapeValues) {
        match &self.rows {
            Some(rows) => rows.1.adjoint_geo(&rows.0, row, adjoint, out),
            None => self.adjoint_geo(shape, row, adjoint, out),
        }
    }
}

/// Periods held in registers at a time.
const BLOCK: usize = 32;
const HALF: usize = BLOCK / 2;

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
                    sum[i] = weight.mul_add(from[i], sum[i]);
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
                *y = weight.mul_add(*x, *y);
            }
        }
    }
}

dispatch! {
    /// Two [`convolve`]s of one x.
    fn convolve_two(w: &[f64], v: &[f64], x: &[f64], s: &mut [f64], r: &mut [f64]) {
        let last = w.len() - 1;
        let n = s.len();
        let (v, r) = (&v[..w.len()], &mut r[..n]);
        let mut t = 0;
        while t + HALF <= n {
            let (mut sum, mut other) = ([0.0_f64; HALF], [0.0_f64; HALF]);
            for l in 0..w.len() {
                let from = &x[last - l + t..last - l + t + HALF];
                for i in 0..HALF {
                    sum[i] = w[l].mul_add(from[i], sum[i]);
                    other[i] = v[l].mul_add(from[i], other[i]);
                }
            }
            s[t..t + HALF].copy_from_slice(&sum);
            r[t..t + HALF].copy_from_slice(&other);
            t += HALF;
        }
        let (s, r) = (&mut s[t..], &mut r[t..]);
        s.fill(0.0);
        r.fill(0.0);
        for l in 0..w.len() {
            let from = &x[last - l + t..];
            for ((s, r), x) in s.iter_mut().zip(r.iter_mut()).zip(from) {
                *s = w[l].mul_add(*x, *s);
                *r = v[l].mul_add(*x, *r);
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
                    sums[i] = a[i].mul_add(x[i], sums[i]);
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
                *y = weight.mul_add(*x, *y);
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

dispatch! {
    /// out = a x y
    fn product(a: f64, x: &[f64], y: &[f64], out: &mut [f64]) {
        for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
            *out = a * x * y;
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
                    let shape = Shape { adstock, saturation, order, max_lag, geos, periods, segments: vec![1.0] };
                    let exposure = Exposure {
                        x: x.clone(),
                        frequency: (order == Order::ReachFrequency).then(|| frequency.clone()),
                    };
                    let values = ShapeValues { adstock: [0.55, 1.7], saturation: [0.8, 1.3] };
                    let mut response = Response::with_derivatives(&shape, false);
                    response.forward(&shape, &values, &exposure);
                    let mut exact = ShapeValues::default();
                    for g in 0..geos {
                        response.adjoint_geo(&shape, g, &adjoint[g * periods..(g + 1) * periods], &mut exact);
                    }
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
                    segments: vec![1.0],
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
                segments: vec![1.0],
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
