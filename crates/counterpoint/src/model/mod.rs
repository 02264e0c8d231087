//! The Bayesian model: priors, transforms, density and gradient, fit, estimands.

pub mod prior;
