//! Judges draws: do the chains agree, how many independent draws are they worth, how well does the model predict.
//!
//! After Vehtari, Gelman, Simpson, Carpenter, Bürkner (2021), "Rank-normalization, folding, and localization: an improved R-hat
//! for assessing convergence of MCMC", Bayesian Analysis 16(2), 667-718.
//!
//! What cannot be told is NaN, never a comforting number: fewer than four draws a chain, draws that are not all
//! finite, draws that are all the same.

mod energy;
mod ess;
mod loo;
mod mcse;
mod power_scale;
mod ranks;
mod rhat;
mod summary;
pub mod verdict;

pub use energy::ebfmi;
pub use ess::{ess_bulk, ess_mean, ess_quantile, ess_tail};
pub use loo::{Loo, LooPoint, loo};
pub use mcse::{mcse_mean, mcse_quantile, mcse_sd};
pub use power_scale::{SENSITIVE, power_sensitivity};
pub use rhat::rhat;
pub use summary::{ParameterDiagnostics, parameters};
pub use verdict::{Diagnostics, SamplerRecord, Status, Verdict, Worst};
