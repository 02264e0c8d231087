//! What can go wrong on the way out, each with its path and its mend.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// An output that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The folder or file is there already, and is not overwritten.
    #[error("{} exists already: choose another name, or move it away first", path.display())]
    Exists {
        /// Its path.
        path: PathBuf,
    },
    /// The right to write is missing.
    #[error("cannot write {}: permission denied; choose a folder that you may write to", path.display())]
    Denied {
        /// The path that was tried.
        path: PathBuf,
    },
    /// The disk, or the share of it, is full.
    #[error("cannot write {}: the disk is full; free some space or choose another disk, then run again", path.display())]
    DiskFull {
        /// The path that was tried.
        path: PathBuf,
    },
    /// Any other failure of the file system.
    #[error("cannot write {}: {source}; check the path and the disk, then run again", path.display())]
    Io {
        /// The path that was tried.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file name inside a run folder that is not a plain name.
    #[error("{name:?} is not a plain file name: use letters, digits, `_`, `-` and `.`")]
    Name {
        /// The name.
        name: String,
    },
    /// Columns that make no table.
    #[error("cannot write {}: {what}", path.display())]
    Columns {
        /// The path that was tried.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The Parquet encoder failed.
    #[error("cannot write {}: {source}", path.display())]
    Parquet {
        /// The path that was tried.
        path: PathBuf,
        /// What the encoder says.
        source: parquet::errors::ParquetError,
    },
}

impl SourceError {
    /// The error that names the cause of a failed write to `path`.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => SourceError::Denied { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => SourceError::DiskFull { path },
            ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => SourceError::Exists { path },
            _ => SourceError::Io { path, source },
        }
    }
}
