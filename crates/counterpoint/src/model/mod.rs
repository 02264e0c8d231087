//! The Bayesian model: priors, transforms, density and gradient, fit, estimands.

pub mod baseline;
pub(crate) mod bend;
pub mod build;
pub(crate) mod covariates;
pub mod crowd;
pub mod defaults;
pub mod effect;
pub mod estimate;
pub mod evidence;
pub mod experiment;
pub mod fit;
pub mod forecast;
pub mod group;
mod lanes;
pub(crate) mod linalg;
pub mod marginal;
pub mod noise;
pub mod parameters;
pub mod platform;
pub mod posterior;
pub mod prior;
pub(crate) mod redraw;
pub mod response;
pub mod tracked;
pub mod transform;
