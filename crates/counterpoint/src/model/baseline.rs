//! The baseline as a linear model: which columns it has, how their coefficients are spread a priori, and its products with series.
//!
//! Every row (g, t) has one vector z = [knots | features]. Knots depend on t only, each row touching two of them; features
//! (level, seasons, holidays, controls) depend on g and t. All have a coefficient shared by the geos; a subset of the
//! features, `local`, has a deviation in every geo as well, whose spread over geos is a parameter.

use super::linalg::{add_rows, axpy, each_dot};

/// The prior of the knots' coefficients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KnotPrior {
    /// Random walk from zero at the first position; its step is the parameter with this index.
    Walk {
        /// Index of the step's parameter.
        step: usize,
    },
    /// Independent Normal(0, sd).
    Free {
        /// Standard deviation.
        sd: f64,
    },
}

/// Where a row stands between its knots: `weight` on knot `left`, the rest on the next. Knots are numbered from zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Between {
    /// Knot to the left.
    pub left: usize,
    /// Weight of that knot, in [0, 1].
    pub weight: f64,
}

/// Linear interpolation between knots at ascending `positions` (in periods), flat beyond the first and the last.
pub fn interpolation(positions: &[usize], periods: usize) -> Vec<Between> {
    let last = positions.len().saturating_sub(1);
    (0..periods)
        .map(|t| {
            let right = positions.iter().position(|&p| p > t).unwrap_or(last + 1);
            if right == 0 {
                Between { left: 0, weight: 1.0 }
            } else if right > last {
                Between { left: last, weight: 1.0 }
            } else {
                let (a, b) = (positions[right - 1] as f64, positions[right] as f64);
                Between { left: right - 1, weight: (b - t as f64) / (b - a) }
            }
        })
        .collect()
}

/// K knots spread evenly over the periods, the first and the last included.
pub fn even_positions(count: usize, periods: usize) -> Vec<usize> {
    match count {
        0 => Vec::new(),
        1 => vec![0],
        _ => (0..count).map(|k| (k as f64 * (periods - 1) as f64 / (count - 1) as f64) as usize).collect(),
    }
}

/// One feature of the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Name, such as `level`, `season_sin1`, `control[price]`.
    pub name: String,
    /// Standard deviation of the zero-mean Normal prior of its shared coefficient, or what the parameter `scale` is multiplied by to give it.
    pub sd: f64,
    /// Index of the parameter that scales `sd`, where that is learned.
    pub scale: Option<usize>,
    /// Index of the parameter that is the spread of its coefficient over geos; none: the same in all geos.
    pub spread: Option<usize>,
    /// Values, `[geos x periods]`.
    pub values: Vec<f64>,
}

impl Feature {
    /// Standard deviation of the prior of its shared coefficient at parameter values.
    pub fn prior_sd(&self, values: &[f64]) -> f64 {
        self.sd * self.scale.map_or(1.0, |i| values[i])
    }
}

/// The columns of the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// Geos.
    pub geos: usize,
    /// Periods.
    pub periods: usize,
    /// Number of knot coefficients.
    pub knots: usize,
    /// How rows stand between knots; with a walk, knot 0 is the fixed zero and has no coefficient.
    pub between: Vec<Between>,
    /// Prior of the knots.
    pub knot_prior: KnotPrior,
    /// Features; those with a spread are the local ones.
    pub features: Vec<Feature>,
    /// Indices into `features` of the local ones.
    pub local: Vec<usize>,
}

impl Baseline {
    /// Length of z: shared coefficients.
    pub fn shared(&self) -> usize {
        self.knots + self.features.len()
    }

    /// Deviations a geo has.
    pub fn locals(&self) -> usize {
        self.local.len()
    }

    /// All coefficients: shared, then geo by geo.
    pub fn coefficients(&self) -> usize {
        self.shared() + self.geos * self.locals()
    }

    fn walk(&self) -> bool {
        matches!(self.knot_prior, KnotPrior::Walk { .. })
    }

    /// The coefficients (none, one or two, by index with weight) that row t takes from the knots.
    fn knot_weights(&self, t: usize) -> [(usize, f64); 2] {
        if self.knots == 0 {
            return [(0, 0.0); 2];
        }
        let Between { left, weight } = self.between[t];
        let shift = usize::from(self.walk());
        let entry = |knot: usize, w: f64| {
            if knot < shift || knot - shift >= self.knots || w == 0.0 { (0, 0.0) } else { (knot - shift, w) }
        };
        [entry(left, weight), entry(left + 1, 1.0 - weight)]
    }

    /// Writes the dense row z(g, t).
    pub fn row(&self, g: usize, t: usize, z: &mut [f64]) {
        z[..self.knots].fill(0.0);
        if self.knots > 0 {
            for (k, w) in self.knot_weights(t) {
                z[k] += w;
            }
        }
        for (f, feature) in self.features.iter().enumerate() {
            z[self.knots + f] = feature.values[g * self.periods + t];
        }
    }

    /// The knots' part of row t, given the knots' coefficients.
    pub fn trend(&self, coefficients: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        if self.knots == 0 {
            return;
        }
        for t in 0..self.periods {
            for (k, w) in self.knot_weights(t) {
                out[t] += w * coefficients[k];
            }
        }
    }

    /// Adds to `out` (of one geo) its baseline with the given sign: the trend, and features times their coefficients in that geo.
    pub fn add_geo(&self, g: usize, trend: &[f64], coefficients: &[f64], sign: f64, out: &mut [f64]) {
        axpy(sign, trend, out);
        let deviations = &coefficients[self.shared() + g * self.locals()..];
        let mut j = 0;
        let rows = self.features.iter().enumerate().map(|(f, feature)| {
            let mut c = coefficients[self.knots + f];
            if feature.spread.is_some() {
                c += deviations[j];
                j += 1;
            }
            (sign * c, &feature.values[g * self.periods..(g + 1) * self.periods])
        });
        add_rows(rows, out);
    }

    /// The transposed product: adds X'v to `out` (all coefficients), for `v` `[geos x periods]`; `pooled` is scratch `[periods]`.
    pub fn add_transposed(&self, v: &[f64], pooled: &mut [f64], out: &mut [f64]) {
        let (shared, locals, periods) = (self.shared(), self.locals(), self.periods);
        pooled.fill(0.0);
        for g in 0..self.geos {
            let v = &v[g * periods..(g + 1) * periods];
            axpy(1.0, v, pooled);
            let mut j = shared + g * locals;
            let rows = self.features.iter().map(|feature| &feature.values[g * periods..(g + 1) * periods]);
            each_dot(v, rows, |f, product| {
                out[self.knots + f] += product;
                if self.features[f].spread.is_some() {
                    out[j] += product;
                    j += 1;
                }
            });
        }
        if self.knots > 0 {
            for t in 0..periods {
                for (k, w) in self.knot_weights(t) {
                    out[k] += w * pooled[t];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::linalg::dot;
    use super::*;

    fn rows(positions: &[usize], periods: usize) -> Vec<Vec<f64>> {
        let mut out = vec![vec![0.0; periods]; positions.len()];
        for (t, b) in interpolation(positions, periods).into_iter().enumerate() {
            out[b.left][t] += b.weight;
            if b.weight < 1.0 {
                out[b.left + 1][t] += 1.0 - b.weight;
            }
        }
        out
    }

    #[test]
    fn interpolation_matches_the_published_cases() {
        // Meridian, knots_test.py:32 and 81-155.
        assert_eq!(rows(&[0, 2], 3), [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]);
        assert_eq!(rows(&[2, 4], 5), [[1.0, 1.0, 1.0, 0.5, 0.0], [0.0, 0.0, 0.0, 0.5, 1.0]]);
        let three = rows(&[0, 1, 6], 7);
        let want = [
            [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.0],
            [0.0, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
        ];
        for (row, want) in three.iter().zip(want) {
            assert!(row.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-15));
        }
        assert_eq!(even_positions(3, 6), [0, 2, 5]);
    }

    #[test]
    fn products_agree_with_dense_rows() {
        let (geos, periods) = (2, 5);
        let feature = |name: &str, spread, seed: f64| Feature {
            scale: None,
            name: name.into(),
            sd: 1.0,
            spread,
            values: (0..geos * periods).map(|i| (i as f64 * seed).sin()).collect(),
        };
        for knot_prior in [KnotPrior::Walk { step: 0 }, KnotPrior::Free { sd: 5.0 }] {
            let knots = if matches!(knot_prior, KnotPrior::Walk { .. }) { 2 } else { 3 };
            let design = Baseline {
                geos,
                periods,
                knots,
                between: interpolation(&[0, 2, 4], periods),
                knot_prior,
                features: vec![feature("a", Some(1), 1.1), feature("b", None, 0.7), feature("c", Some(2), 0.3)],
                local: vec![0, 2],
            };
            let n = design.coefficients();
            let c: Vec<f64> = (0..n).map(|i| (i as f64 + 1.0).cos()).collect();
            let v: Vec<f64> = (0..geos * periods).map(|i| (i as f64 * 2.1).cos()).collect();
            let mut trend = vec![0.0; periods];
            design.trend(&c[..knots], &mut trend);
            let mut forward = vec![0.0; geos * periods];
            for g in 0..geos {
                design.add_geo(g, &trend, &c, 1.0, &mut forward[g * periods..(g + 1) * periods]);
            }
            let mut transposed = vec![0.0; n];
            design.add_transposed(&v, &mut vec![0.0; periods], &mut transposed);
            // <Xc, v> = <c, X'v>
            assert!((dot(&forward, &v) - dot(&c, &transposed)).abs() < 1e-12);
            let mut z = vec![0.0; design.shared()];
            for g in 0..geos {
                for t in 0..periods {
                    design.row(g, t, &mut z);
                    let mut want = dot(&z, &c[..design.shared()]);
                    for (j, &f) in design.local.iter().enumerate() {
                        want += z[knots + f] * c[design.shared() + g * 2 + j];
                    }
                    assert!((forward[g * periods + t] - want).abs() < 1e-12);
                }
            }
        }
    }
}
