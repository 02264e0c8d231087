//! A file a command: read, call, write.

pub(crate) mod check;
pub(crate) mod creators;
pub(crate) mod demo;
pub(crate) mod experiment;
pub(crate) mod fit;
pub(crate) mod init;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod simulate;
pub(crate) mod stress;
pub(crate) mod verify;
