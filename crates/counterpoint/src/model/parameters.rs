//! The sampled parameters: names, priors, places.

use super::prior::Prior;

/// One scalar parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name, indexed as `roi[search]`.
    pub name: String,
    /// Prior.
    pub prior: Prior,
    /// Its coordinate among the sampled ones; none where it is fixed.
    pub coordinate: Option<usize>,
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

    /// Parameter values at a position of the sampled coordinates.
    pub fn values(&self, position: &[f64]) -> Vec<f64> {
        self.all
            .iter()
            .map(|p| p.prior.at(p.coordinate.map_or(0.0, |c| position[c])).value)
            .collect()
    }

    /// The position of parameter values.
    pub fn position(&self, values: &[f64]) -> Vec<f64> {
        self.all
            .iter()
            .zip(values)
            .filter(|(p, _)| p.coordinate.is_some())
            .map(|(p, v)| p.prior.unconstrain(*v))
            .collect()
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
