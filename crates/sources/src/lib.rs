//! Files in and out: tables (CSV, Parquet), the project file, run folders, and the first guess at a project.
//!
//! Everything a user may hand over is read without a panic: what is wrong comes back as [`counterpoint::finding::Finding`]s,
//! each with its file, line, column and mend.

// this crate is the door to the file system
#![allow(clippy::disallowed_methods)]

pub mod csv_table;
pub mod error;
pub mod init;
pub mod parquet_table;
pub mod project_file;
pub mod read;
pub mod write;

pub use error::SourceError;
pub use init::{Guess, guess};
pub use project_file::{PROJECT_FILE, RISKS, load_project, read_plan, read_project, without_plan};
pub use read::{read_bytes, read_table, table_from_bytes};
pub use write::{OutColumn, Staging, write_csv, write_file, write_parquet};
