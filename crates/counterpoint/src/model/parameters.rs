//! The sampled parameters: names, priors, places.

use super::prior::{At, Prior};

/// One scalar parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name, indexed as `roi[search]`.
    pub name: String,
    /// Prior.
    pub prior: Prior,
    /// Its coordinate among the sampled ones; none where it is fixed.
    pub coordinate: Option<usize>,
    /// How its coordinate differs from the one its prior defines.
    pub path: Option<Path>,
}

/// A change of coordinates that makes the sampler's path straighter. The posterior of the values is the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Path {
    /// One of a [`Group`] of deviations.
    Deviation {
        /// Index of the group.
        group: usize,
    },
    /// What all geos share, where deviations multiply it by exp(eta d\[g\]): its coordinate is that of the geos' geometric mean
    /// coefficient, which the data know best, since one geo's deviation leaves the others' coefficients alone.
    Common {
        /// Index of the group; the group comes before.
        group: usize,
        /// Change of the coordinate that is worth a change of one in the logarithm of the value.
        per_unit: f64,
    },
}

/// Deviations d\[g\] ~ Normal(0, 1) that the model multiplies by one spread eta.
///
/// If the data alone said eta d\[g\] ~ Normal(center\[g\], sd\[g\]^2) of how each differs from the others, then given eta, d\[g\] would have mean
/// m = eta center / (eta^2 + sd^2) and standard deviation k = sd / sqrt(eta^2 + sd^2), while the deviations' common part keeps its prior,
/// since another parameter stands for it. So v is sampled, with d\[g\] = m\[g\] + k\[g\] (v\[g\] - mean v) + mean v: about standard
/// normal whether eta is small or large. An infinite sd is the plain non-centred form
/// (compare Papaspiliopoulos, Roberts and Skold 2007). The map's determinant is prod k times the mean of 1/k.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Index of the spread; smaller than those of the deviations.
    pub spread: usize,
    /// Index of the first deviation; the others follow.
    pub first: usize,
    /// What the data say of each.
    pub center: Vec<f64>,
    /// How surely they say it.
    pub sd: Vec<f64>,
    /// Share of each geo in a common effect that is a total over geos, about; empty where it is a coefficient.
    pub weights: Vec<f64>,
}

impl Group {
    fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.sd.len()
    }

    /// ln(common effect) - ln(geometric mean coefficient), up to a constant: ln sum w exp(eta d) - eta mean d for a total,
    /// - eta mean d for a coefficient.
    fn shift(&self, eta: f64, d: &[f64]) -> f64 {
        let mean = eta * mean(d);
        if self.weights.is_empty() {
            return -mean;
        }
        self.weights.iter().zip(d).map(|(w, d)| w * (eta * d - mean).exp()).sum::<f64>().ln()
    }

    /// Adds `by` times the derivative of [`Group::shift`] to `by_d`; returns that by eta.
    fn shift_adjoint(&self, eta: f64, d: &[f64], by: f64, by_d: &mut [f64]) -> f64 {
        let n = d.len() as f64;
        let total: f64 = self.weights.iter().zip(d).map(|(w, d)| w * (eta * d).exp()).sum();
        let mut by_eta = 0.0;
        for g in 0..d.len() {
            let share = self.weights.get(g).map_or(0.0, |w| w * (eta * d[g]).exp() / total);
            let by_product = by * (share - 1.0 / n);
            by_d[g] += by_product * eta;
            by_eta += by_product * d[g];
        }
        by_eta
    }

    /// m, k, dm/d eta and dk/d eta of deviation g.
    fn informed(&self, g: usize, eta: f64) -> [f64; 4] {
        let (center, sd) = (self.center[g], self.sd[g]);
        if sd.is_infinite() {
            return [0.0, 1.0, 0.0, 0.0];
        }
        let (s2, total) = (sd * sd, eta * eta + sd * sd);
        let k = sd / total.sqrt();
        [eta * center / total, k, center * (s2 - eta * eta) / (total * total), -eta / total * k]
    }

    /// Deviations at v; returns the log determinant.
    fn forward(&self, eta: f64, v: &[f64], d: &mut [f64]) -> f64 {
        let common = mean(v);
        let (mut ln_det, mut inverse) = (0.0, 0.0);
        for g in 0..v.len() {
            let [m, k, ..] = self.informed(g, eta);
            d[g] = m + k * (v[g] - common) + common;
            ln_det += k.ln();
            inverse += 1.0 / k;
        }
        ln_det + (inverse / v.len() as f64).ln()
    }

    /// v at deviations.
    fn backward(&self, eta: f64, d: &[f64]) -> Vec<f64> {
        let (mut weighted, mut inverse) = (0.0, 0.0);
        for g in 0..d.len() {
            let [m, k, ..] = self.informed(g, eta);
            weighted += (d[g] - m) / k;
            inverse += 1.0 / k;
        }
        let common = weighted / inverse;
        (0..d.len())
            .map(|g| {
                let [m, k, ..] = self.informed(g, eta);
                common + (d[g] - m - common) / k
            })
            .collect()
    }

    /// Adjoint of [`Group::forward`]: from `by_d` (prior of d not included) to `by_v`; returns the derivative by eta.
    fn adjoint(&self, eta: f64, v: &[f64], d: &[f64], by_d: &[f64], by_v: &mut [f64]) -> f64 {
        let n = v.len() as f64;
        let common = mean(v);
        let (mut by_eta, mut by_common, mut inverse, mut by_inverse) = (0.0, 0.0, 0.0, 0.0);
        for g in 0..v.len() {
            let [_, k, dm, dk] = self.informed(g, eta);
            let by = by_d[g] - d[g];
            by_v[g] = by * k;
            by_common += by * (1.0 - k);
            by_eta += by * (dm + dk * (v[g] - common)) + dk / k;
            inverse += 1.0 / k;
            by_inverse -= dk / (k * k);
        }
        by_v.iter_mut().for_each(|x| *x += by_common / n);
        by_eta + by_inverse / inverse
    }
}

/// All parameters, fixed ones included, in a stable order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    all: Vec<Parameter>,
    groups: Vec<Group>,
    sampled: usize,
}

impl Parameters {
    /// Adds a parameter; returns its index.
    pub fn add(&mut self, name: &str, prior: Prior) -> usize {
        let coordinate = prior.is_sampled().then_some(self.sampled);
        self.sampled += usize::from(coordinate.is_some());
        self.all.push(Parameter { name: name.to_owned(), prior, coordinate, path: None });
        self.all.len() - 1
    }

    /// Number of parameters, fixed ones included.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Number of sampled coordinates.
    pub fn sampled(&self) -> usize {
        self.sampled
    }

    /// The parameters in order of index.
    pub fn iter(&self) -> std::slice::Iter<'_, Parameter> {
        self.all.iter()
    }

    /// The parameter at an index.
    pub fn get(&self, index: usize) -> &Parameter {
        &self.all[index]
    }

    /// Adds one standardised deviation of the parameter `spread` for each name; returns the group's index. They start non-centred.
    pub fn add_group(&mut self, names: impl Iterator<Item = String>, spread: usize) -> usize {
        let (first, group) = (self.len(), self.groups.len());
        for name in names {
            let index = self.add(&name, Prior::Normal { mean: 0.0, sd: 1.0 });
            self.all[index].path = Some(Path::Deviation { group });
        }
        let n = self.len() - first;
        self.groups.push(Group {
            spread,
            first,
            center: vec![0.0; n],
            sd: vec![f64::INFINITY; n],
            weights: Vec::new(),
        });
        group
    }

    /// The groups of deviations.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The groups, to change what is known of their deviations.
    pub fn groups_mut(&mut self) -> &mut [Group] {
        &mut self.groups
    }

    /// Changes the path of a parameter.
    pub fn set_path(&mut self, index: usize, path: Path) {
        self.all[index].path = Some(path);
    }

    /// Evaluates all parameters at a position: values into `values`, the maps into `at`. Returns the log prior density.
    pub fn evaluate(&self, position: &[f64], at: &mut Vec<At>, values: &mut [f64]) -> f64 {
        at.clear();
        let mut log_prior = 0.0;
        for (i, p) in self.all.iter().enumerate() {
            let u = p.coordinate.map_or(0.0, |c| position[c]);
            let one = match p.path {
                None => p.prior.at(u),
                Some(Path::Deviation { group }) => {
                    let group = &self.groups[group];
                    if let (true, Some(c)) = (i == group.first, p.coordinate) {
                        let (before, own) = values.split_at_mut(i);
                        let n = group.sd.len();
                        log_prior += group.forward(before[group.spread], &position[c..c + n], &mut own[..n]);
                    }
                    let d = values[i];
                    At { value: d, slope: 1.0, log_density: -0.5 * d * d, log_density_slope: -d }
                }
                Some(Path::Common { group, per_unit }) => {
                    let group = &self.groups[group];
                    p.prior.at(u + per_unit * group.shift(values[group.spread], &values[group.range()]))
                }
            };
            log_prior += one.log_density;
            values[i] = one.value;
            at.push(one);
        }
        log_prior
    }

    /// The gradient by coordinate at `position`, from the maps `at` and `values` of [`Parameters::evaluate`] and the derivatives by
    /// value, which are overwritten.
    pub fn gradient(&self, position: &[f64], at: &[At], values: &[f64], by_value: &mut [f64], gradient: &mut [f64]) {
        // Whatever a coordinate depends on comes before it, so going backwards finds every derivative complete.
        for (i, p) in self.all.iter().enumerate().rev() {
            let Some(c) = p.coordinate else { continue };
            if let Some(Path::Deviation { group }) = p.path {
                let group = &self.groups[group];
                if i == group.first {
                    let (range, places) = (group.range(), c..c + group.sd.len());
                    let by_eta = group.adjoint(
                        values[group.spread],
                        &position[places.clone()],
                        &values[range.clone()],
                        &by_value[range],
                        &mut gradient[places],
                    );
                    by_value[group.spread] += by_eta;
                }
                continue;
            }
            let by_u = at[i].log_density_slope + by_value[i] * at[i].slope;
            gradient[c] = by_u;
            if let Some(Path::Common { group, per_unit }) = p.path {
                let group = &self.groups[group];
                let d = &values[group.range()];
                let by_eta =
                    group.shift_adjoint(values[group.spread], d, by_u * per_unit, &mut by_value[group.range()]);
                by_value[group.spread] += by_eta;
            }
        }
    }

    /// Parameter values at a position of the sampled coordinates.
    pub fn values(&self, position: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; self.len()];
        self.evaluate(position, &mut Vec::with_capacity(self.len()), &mut values);
        values
    }

    /// The position of parameter values.
    pub fn position(&self, values: &[f64]) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.sampled);
        for (i, p) in self.all.iter().enumerate().filter(|(_, p)| p.coordinate.is_some()) {
            match p.path {
                None => out.push(p.prior.unconstrain(values[i])),
                Some(Path::Deviation { group }) => {
                    let group = &self.groups[group];
                    if i == group.first {
                        out.extend(group.backward(values[group.spread], &values[group.range()]));
                    }
                }
                Some(Path::Common { group, per_unit }) => {
                    let group = &self.groups[group];
                    let shift = group.shift(values[group.spread], &values[group.range()]);
                    out.push(p.prior.unconstrain(values[i]) - per_unit * shift);
                }
            }
        }
        out
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Where a driver's parameters are, by index.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverSlots {
    /// ROI, marginal ROI, contribution or coefficient.
    pub effect: usize,
    /// Kernel parameters (as many as the kernel has).
    pub adstock: [usize; 2],
    /// Curve parameters (as many as the curve has).
    pub saturation: [usize; 2],
    /// Spread over geos, and the first of the geos' standardised deviations; none for a national model.
    pub geo: Option<(usize, usize)>,
}
