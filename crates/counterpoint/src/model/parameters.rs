//! The sampled parameters: names, priors, places.

use super::group::{Common, Curve, Group, Known};
use super::prior::{At, Prior, ln_logistic};
use std::collections::BTreeMap;

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
    /// What sales by code see of the effect that it is.
    pub captured: Option<Captured>,
}

/// Sales by code see an effect times a rate, and so know their product better than either: the effect's coordinate is that of the product.
#[derive(Debug, Clone, PartialEq)]
pub struct Captured {
    /// Index of the rate.
    pub rate: usize,
    /// Index of the spread of its logit over creators.
    pub spread: usize,
    /// Index of each creator's deviation, and the part of the effect that is the creator's, about; the parts add up to one.
    pub parts: Vec<(usize, f64)>,
    /// Change of the effect's coordinate that is worth a change of one in the logarithm of its value.
    pub per_unit: f64,
}

impl Captured {
    /// Index, part and logit of each creator's rate.
    fn logits<'a>(&'a self, values: &'a [f64]) -> impl Iterator<Item = (usize, f64, f64)> + 'a {
        let center = values[self.rate];
        let logit = (center / (1.0 - center)).ln();
        self.parts.iter().map(move |&(i, part)| (i, part, logit + values[self.spread] * values[i]))
    }

    /// What the rates add to the effect's coordinate.
    pub fn lift(&self, values: &[f64]) -> f64 {
        self.per_unit * self.logits(values).map(|(_, part, logit)| part * ln_logistic(logit)).sum::<f64>()
    }

    /// Adds `by` times the derivative of [`Captured::lift`] to `by_value`.
    fn lift_adjoint(&self, values: &[f64], by: f64, by_value: &mut [f64]) {
        let center = values[self.rate];
        for (i, part, logit) in self.logits(values) {
            let by_logit = by * self.per_unit * part / (1.0 + logit.exp());
            by_value[self.rate] += by_logit / (center * (1.0 - center));
            by_value[self.spread] += by_logit * values[i];
            by_value[i] += by_logit * values[self.spread];
        }
    }
}

/// A change of coordinates that makes the sampler's path straighter. The posterior of the values is the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Path {
    /// The coordinate that is standard normal for a half-normal prior of the same mean; see [`Prior::at_normal`].
    Normal,
    /// One of a [`Group`] of deviations.
    Deviation {
        /// Index of the group.
        group: usize,
    },
    /// What all geos share, where deviations multiply it by exp(eta d\[g\]): its coordinate is that of the geos' geometric mean
    /// coefficient, which the data know best, since one geo's deviation leaves the others' coefficients alone.
    Common {
        /// Index of the group, which comes before and whose [`Group::common`] it is.
        group: usize,
    },
    /// A standardised coefficient that deviations add to: its coordinate is that of the geos' mean coefficient, which the data know best, whatever the
    /// deviations' spread is.
    Middle {
        /// Index of the group, which comes before.
        group: usize,
        /// Standard deviation of the coefficient's prior.
        sd: f64,
    },
}

/// The maps from coordinates to values at a position, a parameter each: what [`Parameters::gradient`] needs of [`Parameters::evaluate`].
#[derive(Debug, Clone, Default)]
pub struct Maps {
    at: Vec<At>,
    curves: Vec<Curve>,
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
        self.all.push(Parameter { name: name.to_owned(), prior, coordinate, path: None, captured: None });
        self.all.len() - 1
    }

    /// Adds a scale that the data may take for zero; returns its index. See [`Prior::at_normal`].
    pub fn add_scale(&mut self, name: &str, prior: Prior) -> usize {
        let index = self.add(name, prior);
        self.all[index].path = Some(Path::Normal);
        index
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
            known: vec![Known::Nothing; n],
            weights: Vec::new(),
            common: None,
            slopes: Vec::new(),
            others: Vec::new(),
            hangs_on: None,
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

    /// Makes a sampled parameter the common factor of a group that comes before it: a change of `per_unit` in its coordinate is worth a
    /// change of one in the logarithm of its value.
    /// `shares` are those of each deviation in the common effect where that is a total, empty where it is a coefficient.
    pub fn set_common(&mut self, index: usize, group: usize, per_unit: f64, shares: Vec<f64>) {
        self.all[index].path = Some(Path::Common { group });
        let group = &mut self.groups[group];
        // Until more is known, the data are taken to see each as well as its share is large.
        let seen = if shares.is_empty() { vec![1.0; group.known.len()] } else { shares.clone() };
        group.common =
            Some(Common { index, per_unit, made_for: 0.0, strength: seen.clone(), seen, total: 0.0, total_seen: 1.0 });
        group.weights = shares;
    }

    /// Makes an effect's coordinate that of its product with the rate at which sales by code see it. All of its parts come before.
    pub fn set_captured(&mut self, index: usize, captured: Captured) {
        self.all[index].captured = Some(captured);
    }

    /// Adds the standardised coefficient that a group's deviations add to, of prior standard deviation `sd`; returns its index.
    pub fn add_middle(&mut self, name: &str, group: usize, sd: f64) -> usize {
        let index = self.add(name, Prior::Normal { mean: 0.0, sd: 1.0 });
        self.all[index].path = Some(Path::Middle { group, sd });
        index
    }

    /// The common factor of a group, and its place among the sampled coordinates.
    fn common<'a>(&self, group: &'a Group) -> Option<(&'a Common, usize)> {
        group.common.as_ref().and_then(|common| Some((common, self.all[common.index].coordinate?)))
    }

    /// What the curves of a group's deviations hang on, and its slope by the common factor's coordinate.
    fn delta(&self, group: &Group, position: &[f64], values: &[f64]) -> [f64; 2] {
        if let Some(index) = group.hangs_on {
            return [values[index], 1.0];
        }
        let Some((common, c)) = self.common(group) else { return [0.0; 2] };
        common.delta(position[c] - self.lift(&self.all[common.index], values))
    }

    fn lift(&self, p: &Parameter, values: &[f64]) -> f64 {
        p.captured.as_ref().map_or(0.0, |captured| captured.lift(values))
    }

    /// What a common factor adds to the coordinate of its prior.
    fn shift(&self, group: &Group, values: &[f64]) -> f64 {
        group.common.as_ref().map_or(0.0, |c| c.per_unit * group.shift(values[group.spread], &values[group.range()]))
    }

    /// The coordinate of a common factor, but for the rate at which it is captured.
    pub fn common_coordinate(&self, group: &Group, values: &[f64]) -> f64 {
        group
            .common
            .as_ref()
            .map_or(0.0, |c| self.all[c.index].prior.unconstrain(values[c.index]) - self.shift(group, values))
    }

    /// What draws of the values say of a common factor's total where sales by code tell it by itself; `middle` is their mean.
    pub fn measure_total(&self, group: &mut Group, middle: &[f64], draws: &[Vec<f64>]) {
        let Some(common) = &mut group.common else { return };
        let parameter = &self.all[common.index];
        let (Some(captured), false) = (&parameter.captured, group.weights.is_empty()) else { return };
        let seen = |values: &Vec<f64>| {
            (parameter.prior.unconstrain(values[common.index]) + captured.lift(values)) / captured.per_unit
        };
        let seen: Vec<f64> = draws.iter().map(seen).collect();
        let variance = counterpoint_infer::draws::sd(&seen).powi(2);
        let (eta, d) = (middle[group.spread], &middle[group.first..group.first + group.known.len()]);
        let mean = d.iter().sum::<f64>() / d.len() as f64;
        if variance > 0.0 && variance.is_finite() {
            common.total_seen = group.weights.iter().zip(d).map(|(w, d)| w * (eta * (d - mean)).exp()).sum();
            common.total = 1.0 / (variance * common.total_seen * common.total_seen);
        }
    }

    /// Evaluates all parameters at a position: values into `values`, the maps into `maps`. Returns the log prior density.
    pub fn evaluate(&self, position: &[f64], maps: &mut Maps, values: &mut [f64]) -> f64 {
        let Maps { at, curves } = maps;
        at.clear();
        curves.resize(self.len(), Curve::default());
        let mut log_prior = 0.0;
        for (i, p) in self.all.iter().enumerate() {
            let u = p.coordinate.map_or(0.0, |c| position[c]) - self.lift(p, values);
            let one = match p.path {
                None => p.prior.at(u),
                Some(Path::Normal) => p.prior.at_normal(u),
                Some(Path::Deviation { group }) => {
                    let group = &self.groups[group];
                    if let (true, Some(c)) = (i == group.first, p.coordinate) {
                        let (before, own) = values.split_at_mut(i);
                        let n = group.known.len();
                        let eta = before[group.spread];
                        let [delta, _] = self.delta(group, position, before);
                        let (v, curves) = (&position[c..c + n], &mut curves[i..i + n]);
                        log_prior += group.forward((eta, delta), before, v, &mut own[..n], curves);
                    }
                    let d = values[i];
                    At { value: d, slope: 1.0, log_density: -0.5 * d * d, log_density_slope: -d }
                }
                Some(Path::Common { group }) => p.prior.at(u + self.shift(&self.groups[group], values)),
                Some(Path::Middle { group, sd }) => p.prior.at(u - self.groups[group].middle(values) / sd),
            };
            log_prior += one.log_density;
            values[i] = one.value;
            at.push(one);
        }
        log_prior
    }

    /// The gradient by coordinate at `position`, from the `maps` and `values` of [`Parameters::evaluate`] and the derivatives by
    /// value, which are overwritten.
    pub fn gradient(&self, position: &[f64], maps: &Maps, values: &[f64], by_value: &mut [f64], gradient: &mut [f64]) {
        let at = &maps.at;
        // Whatever a coordinate depends on comes before it, so going backwards finds every derivative complete.
        for (i, p) in self.all.iter().enumerate().rev() {
            let Some(c) = p.coordinate else { continue };
            if let Some(Path::Deviation { group }) = p.path {
                let group = &self.groups[group];
                if i == group.first {
                    let places = c..c + group.known.len();
                    let eta = values[group.spread];
                    let [delta, slope] = self.delta(group, position, values);
                    let (before, own) = by_value.split_at_mut(i);
                    let [by_eta, by_delta] = group.adjoint(
                        (eta, delta, &values[..i]),
                        (&position[places.clone()], &values[group.range()], &own[..group.known.len()]),
                        &maps.curves[group.range()],
                        &mut gradient[places],
                        |index, by| before[index] += by,
                    );
                    by_value[group.spread] += by_eta;
                    if let Some(index) = group.hangs_on {
                        by_value[index] += by_delta;
                    }
                    if let Some((common, place)) = self.common(group) {
                        gradient[place] += by_delta * slope;
                        if let Some(captured) = &self.all[common.index].captured {
                            captured.lift_adjoint(values, -by_delta * slope, by_value);
                        }
                    }
                }
                continue;
            }
            let by_u = at[i].log_density_slope + by_value[i] * at[i].slope;
            gradient[c] = by_u;
            if let Some(captured) = &p.captured {
                captured.lift_adjoint(values, -by_u, by_value);
            }
            if let Some(Path::Middle { group, sd }) = p.path {
                self.groups[group].middle_adjoint(values, -by_u / sd, by_value);
            }
            if let Some(Path::Common { group }) = p.path {
                let group = &self.groups[group];
                let by = by_u * group.common.as_ref().map_or(0.0, |c| c.per_unit);
                let d = &values[group.range()];
                by_value[group.spread] +=
                    group.shift_adjoint(values[group.spread], d, by, &mut by_value[group.range()]);
            }
        }
    }

    /// Parameter values at a position of the sampled coordinates.
    pub fn values(&self, position: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; self.len()];
        self.evaluate(position, &mut Maps::default(), &mut values);
        values
    }

    /// The position of the values of another model's parameters, those of the same name being alike; `other` gives what that model does not have.
    pub fn position_like(
        &self,
        from: &Parameters,
        values: &[f64],
        mut other: impl FnMut(&Parameter) -> f64,
    ) -> Vec<f64> {
        let place: BTreeMap<&str, usize> = from.iter().enumerate().map(|(i, p)| (p.name.as_str(), i)).collect();
        let mut value = |p: &Parameter| place.get(p.name.as_str()).map_or_else(|| other(p), |&i| values[i]);
        self.position(&self.all.iter().map(&mut value).collect::<Vec<_>>())
    }

    /// The position of parameter values.
    pub fn position(&self, values: &[f64]) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.sampled);
        for (i, p) in self.all.iter().enumerate().filter(|(_, p)| p.coordinate.is_some()) {
            match p.path {
                None => out.push(p.prior.unconstrain(values[i]) + self.lift(p, values)),
                Some(Path::Normal) => out.push(p.prior.unconstrain_normal(values[i])),
                Some(Path::Deviation { group }) => {
                    let group = &self.groups[group];
                    if i == group.first {
                        // The common effect's coordinate first: the deviations' curves hang on it.
                        let of_common = |c: &Common| c.delta(self.common_coordinate(group, values))[0];
                        let delta =
                            group.hangs_on.map_or_else(|| group.common.as_ref().map_or(0.0, of_common), |i| values[i]);
                        let eta = values[group.spread];
                        out.extend(group.backward((eta, delta), values, &values[group.range()]));
                    }
                }
                Some(Path::Common { group }) => {
                    out.push(self.common_coordinate(&self.groups[group], values) + self.lift(p, values));
                }
                Some(Path::Middle { group, sd }) => {
                    out.push(p.prior.unconstrain(values[i]) + self.groups[group].middle(values) / sd);
                }
            }
        }
        out
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTURE: Prior = Prior::Beta { a: 3.0, b: 7.0 };
    const EFFECT: Prior = Prior::LogNormal { mu: 0.2, sigma: 0.9, shift: 0.0 };

    /// Two rates around a common one, and an effect that sales by code see through them or not.
    fn effect(seen: bool) -> Parameters {
        let mut out = Parameters::default();
        let spread = out.add_scale("capture_spread", Prior::HalfNormal { sd: 0.7 });
        let rate = out.add("capture", CAPTURE);
        let group = out.add_group(["a", "b"].map(str::to_owned).into_iter(), spread);
        let first = out.groups()[group].first;
        let per_unit = EFFECT.per_log_unit().expect("a logarithm");
        for (name, kind) in [("national", false), ("by geo", true)] {
            let geo = kind.then(|| {
                let spread = out.add_scale("geo_spread", Prior::HalfNormal { sd: 0.5 });
                out.add_group(["x", "y", "z"].map(str::to_owned).into_iter(), spread)
            });
            let index = out.add(name, EFFECT);
            if let Some(geo) = geo {
                out.set_common(index, geo, per_unit, vec![0.5, 0.2, 0.3]);
            }
            if seen {
                let parts = vec![(first, 0.3), (first + 1, 0.7)];
                out.set_captured(index, Captured { rate, spread, parts, per_unit });
            }
        }
        let spread = out.add_scale("control_spread", Prior::HalfNormal { sd: 1.0 });
        let group = out.add_group(["p", "q"].map(str::to_owned).into_iter(), spread);
        out.add_middle("control", group, 2.0);
        out
    }

    #[test]
    fn what_codes_see_moves_coordinates_and_leaves_densities_alone() {
        let (plain, seen) = (effect(false), effect(true));
        let position: Vec<f64> = (0..plain.sampled()).map(|i| (i as f64 * 1.3).sin()).collect();
        let mut values = vec![0.0; plain.len()];
        let density = plain.evaluate(&position, &mut Maps::default(), &mut values);
        let moved = seen.position(&values);
        let mut back = vec![0.0; seen.len()];
        let same = seen.evaluate(&moved, &mut Maps::default(), &mut back);
        assert!(values.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-12), "{values:?} {back:?}");
        assert!((density - same).abs() < 1e-12, "{density} {same}");
        assert!(plain.position(&values).iter().zip(&position).all(|(a, b)| (a - b).abs() < 1e-9));
        // With its coordinate held, an effect moves so that what is captured of it stays.
        let at = |name: &str| seen.iter().position(|p| p.name == name).expect("a parameter");
        let rates = |values: &[f64]| -> f64 {
            let (spread, center) = (values[at("capture_spread")], values[at("capture")]);
            let rate = |d: f64| 1.0 / (1.0 + (-(center / (1.0 - center)).ln() - spread * d).exp());
            0.3 * rate(values[at("a")]).ln() + 0.7 * rate(values[at("b")]).ln()
        };
        let product = |values: &[f64]| values[at("national")].ln() + rates(values);
        let mut elsewhere = moved.clone();
        elsewhere[..4].iter_mut().for_each(|x| *x += 0.4);
        let there = seen.values(&elsewhere);
        assert!((rates(&there) - rates(&values)).abs() > 0.1);
        assert!((product(&there) - product(&values)).abs() < 1e-12);
    }
}
