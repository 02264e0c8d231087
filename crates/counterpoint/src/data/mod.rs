//! From tables to the arrays that the model takes, and what an analyst would say of them.

mod assemble;
pub mod calendar;
pub mod codes;
pub mod dataset;
pub mod experiment;
pub mod explore;
pub mod holidays;
pub mod recognise;
pub mod roster;
pub mod segments;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;

pub use assemble::{assemble, candidates, offers};
pub use dataset::{Control, Dataset, Driver, DriverKind};
pub use experiment::Experiment;
pub use explore::explore;
pub use roster::Roster;
pub use table::{Cells, Column, Table};
