//! Data with a known truth: from a description of a market, or from the model's own prior.

mod from_model;

pub use from_model::{from_model_prior, from_prior, outcome_at};
