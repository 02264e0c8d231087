//! Reads and designs experiments on panels. Pure: it touches no file, network, clock, environment or terminal, and knows nothing of tables.
//!
//! One [`Panel`] feeds every method.

mod candidates;
mod conformal;
mod design;
mod dose;
mod matrix;
mod panel;
mod read;
mod readout;
mod regression;
mod sdid;
mod series;
mod simplex;
mod student;
mod synthetic;

pub use candidates::candidates;
pub use conformal::Limits;
pub use design::{Kind, Plan, Question, Simulated, Staggered, Trial, design, simulate};
pub use dose::normalised_doses;
pub use matrix::Matrix;
pub use panel::{Covariate, Panel, PanelError};
pub use read::{Headline, headline, read};
pub use readout::{Effect, METHODS, Method, Note, PeriodEffect, PreFit, ReadOut, Settings, SpacePlacebo, TimePlacebo};
pub use regression::{Errors, Regression, regression};
pub use sdid::{Cohort, Sdid, difference_in_differences, placebos, sdid, spread};
pub use series::{Draws, Series, series};
pub use synthetic::{CovariateUse, Options, Ridge, Synthetic, synthetic};
