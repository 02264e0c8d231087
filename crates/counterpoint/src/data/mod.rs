//! From tables to the arrays that the model takes, and what an analyst would say of them.

pub mod calendar;
pub mod dataset;
pub mod recognise;
pub mod table;

pub use dataset::{Control, Dataset, Driver, DriverKind};
pub use table::{Cells, Column, Table};
