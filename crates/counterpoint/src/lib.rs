//! The engine of Counterpoint: data, model, estimands. Pure: it touches no file, network, clock, environment or terminal.

pub mod creators;
pub mod data;
pub mod finding;
pub mod model;
pub mod project;
pub mod simulate;
pub mod verify;
