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
    /// For a standardised deviation: how far its coordinate is centred.
    pub centring: Option<Centring>,
}

/// A deviation d ~ Normal(0, 1) that the model multiplies by a spread eta is sampled as v = d eta^weight: weight 0 is the
/// non-centred form, good where the data say little of the deviation; 1 the centred one, good where they say much
/// (Papaspiliopoulos, Roberts and Skold 2007). The posterior is the same; only the sampler's path differs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Centring {
    /// Index of the spread; smaller than that of the deviation.
    pub spread: usize,
    /// Weight in [0, 1].
    pub weight: f64,
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
        self.all.push(Parameter {
            name: name.to_owned(),
            prior,
            coordinate,
            centring: None,
        });
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
        self.all[index].centring = Some(Centring { spread, weight: 0.0 });
        index
    }

    /// Sets how far a deviation is centred.
    pub fn centre(&mut self, index: usize, weight: f64) {
        if let Some(centring) = &mut self.all[index].centring {
            centring.weight = weight;
        }
    }

    /// Evaluates all parameters at a position: values into `values`, the maps into `at`. Returns the log prior density.
    pub fn evaluate(&self, position: &[f64], at: &mut Vec<At>, values: &mut [f64]) -> f64 {
        at.clear();
        let mut log_prior = 0.0;
        for (i, p) in self.all.iter().enumerate() {
            let mut one = p.prior.at(p.coordinate.map_or(0.0, |c| position[c]));
            if let Some(Centring { spread, weight }) = p.centring
                && weight > 0.0
            {
                let (eta, v) = (values[spread], one.value);
                let shrink = eta.powf(-weight);
                let d = v * shrink;
                one = At {
                    value: d,
                    slope: shrink,
                    log_density: -0.5 * d * d - weight * eta.ln(),
                    log_density_slope: -d * shrink,
                };
            }
            log_prior += one.log_density;
            values[i] = one.value;
            at.push(one);
        }
        log_prior
    }

    /// The gradient by coordinate, from the maps `at` of [`Parameters::evaluate`] and the derivatives by value.
    pub fn gradient(&self, at: &[At], values: &[f64], by_value: &mut [f64], gradient: &mut [f64]) {
        // Deviations come after their spread, so their part of its derivative is added before it is read.
        for (i, p) in self.all.iter().enumerate().rev() {
            if let Some(c) = p.coordinate {
                gradient[c] = at[i].log_density_slope + by_value[i] * at[i].slope;
            }
            if let Some(Centring { spread, weight }) = p.centring
                && weight > 0.0
            {
                let d = values[i];
                by_value[spread] += weight / values[spread] * ((d - by_value[i]) * d - 1.0);
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
            let scale = p.centring.map_or(1.0, |c| values[c.spread].powf(c.weight));
            p.coordinate.map(|_| p.prior.unconstrain(values[i] * scale))
        };
        self.all.iter().enumerate().filter_map(coordinate).collect()
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
