//! The next budget over channels and creators, with the platform risk priced: from a fit to a plan, on the draws and never on means.
//!
//! In reading order: [`horizon`] (when), [`ground`] (what a plan stands on: [`channel`], [`roster`], [`offer`]; `carry` carries their rows over), [`shock`]
//! and [`world`] (what may happen), [`limits`], [`money`] and [`problem`] (what is asked; `weighted` is its slope, `above` what it can be above a tangent), [`climb`],
//! [`search`] and its moves (the best plan), [`judge`] (what a plan brings, recomputed without the search), [`plan`] (the answer), [`stress`], [`learn`] (what to test first).

mod above;
mod carry;
pub mod channel;
pub mod climb;
pub mod ground;
pub mod horizon;
pub mod judge;
pub mod learn;
pub mod limits;
pub mod money;
mod moves;
pub mod offer;
pub mod plan;
pub mod problem;
pub mod roster;
pub mod search;
pub mod shock;
pub mod stress;
mod weighted;
pub mod world;
