//! Prior distributions of scalar parameters.

/// A prior of one scalar parameter, written as people know it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "dist", rename_all = "kebab-case")]
pub enum Prior {
    /// Normal(mean, sd).
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, > 0.
        sd: f64,
    },
    /// shift + exp(Normal(mu, sigma)).
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, > 0.
        sigma: f64,
        /// Lower end of the support.
        shift: f64,
    },
    /// |Normal(0, sd)|.
    HalfNormal {
        /// Scale, > 0.
        sd: f64,
    },
    /// Normal(mean, sd) restricted to (low, high).
    TruncatedNormal {
        /// Mean before truncation.
        mean: f64,
        /// Standard deviation before truncation, > 0.
        sd: f64,
        /// Lower bound, finite.
        low: f64,
        /// Upper bound, finite, > low.
        high: f64,
    },
    /// Beta(a, b) on (0, 1).
    Beta {
        /// First shape, > 0.
        a: f64,
        /// Second shape, > 0.
        b: f64,
    },
    /// Uniform on (low, high).
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound, > low.
        high: f64,
    },
    /// Gamma(shape, rate).
    Gamma {
        /// Shape, > 0.
        shape: f64,
        /// Rate, > 0.
        rate: f64,
    },
    /// A constant: the parameter is not sampled.
    Fixed {
        /// Its value.
        value: f64,
    },
}
