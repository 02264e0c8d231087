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
    /// A deviation d ~ Normal(0, 1) that the model multiplies by a spread eta. If the data alone said eta d ~ Normal(center, sd^2),
    /// then given eta, d would have mean m = eta center / (eta^2 + sd^2) and standard deviation k = sd / sqrt(eta^2 + sd^2); so v with
    /// d = m + k v is sampled, which is about standard normal whether eta is small or large. An infinite sd is the plain
    /// non-centred form (compare Papaspiliopoulos, Roberts and Skold 2007).
    Deviation {
        /// Index of the spread; smaller than that of the deviation.
        spread: usize,
        /// What the data say of eta d.
        center: f64,
        /// How surely they say it.
        sd: f64,
    },
    /// The common effect of deviations: its coordinate is u + per_unit eta mean(d), the coordinate of the geos' mean effect,
    /// which the data know better than the common one.
    Common {
        /// Index of the spread.
        spread: usize,
        /// First deviation; all indices are smaller than that of the common effect.
        first: usize,
        /// Number of deviations.
        count: usize,
        /// Change of the coordinate that is worth a change of one in eta d.
        per_unit: f64,
    },
}

/// m, k, dm/d eta and dk/d eta of [`Path::Deviation`].
fn informed(eta: f64, center: f64, sd: f64) -> (f64, f64, f64, f64) {
    if sd.is_infinite() {
        return (0.0, 1.0, 0.0, 0.0);
    }
    let (s2, total) = (sd * sd, eta * eta + sd * sd);
    let k = sd / total.sqrt();
    (eta * center / total, k, center * (s2 - eta * eta) / (total * total), -eta / total * k)
}

/// All parameters, fixed ones included, in a stable order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    all: Vec<Parameter>,
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

    /// Adds a standardised deviation of the parameter `spread`; returns its index. It starts non-centred.
    pub fn add_deviation(&mut self, name: &str, spread: usize) -> usize {
        let index = self.add(name, Prior::Normal { mean: 0.0, sd: 1.0 });
        self.all[index].path = Some(Path::Deviation { spread, center: 0.0, sd: f64::INFINITY });
        index
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
                Some(Path::Deviation { spread, center, sd }) => {
                    let (m, k, ..) = informed(values[spread], center, sd);
                    let d = m + k * u;
                    At { value: d, slope: k, log_density: k.ln() - 0.5 * d * d, log_density_slope: -d * k }
                }
                Some(Path::Common { spread, first, count, per_unit }) => {
                    p.prior.at(u - per_unit * values[spread] * mean(&values[first..first + count]))
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
            let by_u = at[i].log_density_slope + by_value[i] * at[i].slope;
            gradient[c] = by_u;
            match p.path {
                None => {}
                Some(Path::Deviation { spread, center, sd }) => {
                    let (_, k, dm, dk) = informed(values[spread], center, sd);
                    by_value[spread] += (by_value[i] - values[i]) * (dm + dk * position[c]) + dk / k;
                }
                Some(Path::Common { spread, first, count, per_unit }) => {
                    let d = mean(&values[first..first + count]);
                    by_value[spread] -= by_u * per_unit * d;
                    for by in &mut by_value[first..first + count] {
                        *by -= by_u * per_unit * values[spread] / count as f64;
                    }
                }
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
        let coordinate = |(i, p): (usize, &Parameter)| {
            let u = match p.path {
                None => p.prior.unconstrain(values[i]),
                Some(Path::Deviation { spread, center, sd }) => {
                    let (m, k, ..) = informed(values[spread], center, sd);
                    (values[i] - m) / k
                }
                Some(Path::Common { spread, first, count, per_unit }) => {
                    p.prior.unconstrain(values[i]) + per_unit * values[spread] * mean(&values[first..first + count])
                }
            };
            p.coordinate.map(|_| u)
        };
        self.all.iter().enumerate().filter_map(coordinate).collect()
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
