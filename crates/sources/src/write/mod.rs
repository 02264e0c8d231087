//! Outputs, written whole or not at all: a run folder, a file, a table.

mod csv;
mod parquet;

pub use self::csv::write_csv;
pub use self::parquet::write_parquet;
use crate::error::SourceError;
use jiff::civil::Date;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// One named column of a table to write. All columns of a table have the same length.
#[derive(Debug, Clone, PartialEq)]
pub enum OutColumn {
    /// Text.
    Text {
        /// Name in the header.
        name: String,
        /// A text a row.
        values: Vec<String>,
    },
    /// Numbers; NaN is an empty cell.
    Number {
        /// Name in the header.
        name: String,
        /// A number a row.
        values: Vec<f64>,
    },
    /// Whole numbers.
    Int {
        /// Name in the header.
        name: String,
        /// A number a row.
        values: Vec<i64>,
    },
    /// Dates.
    Date {
        /// Name in the header.
        name: String,
        /// A date a row.
        values: Vec<Date>,
    },
}

impl OutColumn {
    /// A text column.
    pub fn text(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        OutColumn::Text { name: name.into(), values: values.into_iter().map(Into::into).collect() }
    }

    /// A column of numbers.
    pub fn number(name: impl Into<String>, values: Vec<f64>) -> Self {
        OutColumn::Number { name: name.into(), values }
    }

    /// A column of whole numbers.
    pub fn int(name: impl Into<String>, values: Vec<i64>) -> Self {
        OutColumn::Int { name: name.into(), values }
    }

    /// A column of dates.
    pub fn date(name: impl Into<String>, values: Vec<Date>) -> Self {
        OutColumn::Date { name: name.into(), values }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            OutColumn::Text { name, .. }
            | OutColumn::Number { name, .. }
            | OutColumn::Int { name, .. }
            | OutColumn::Date { name, .. } => name,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            OutColumn::Text { values, .. } => values.len(),
            OutColumn::Number { values, .. } => values.len(),
            OutColumn::Int { values, .. } => values.len(),
            OutColumn::Date { values, .. } => values.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The number of rows of a table, if its columns make one.
fn rows(path: &Path, columns: &[OutColumn]) -> Result<usize, SourceError> {
    let wrong = |what: String| SourceError::Columns { path: path.to_owned(), what };
    let first = columns.first().ok_or_else(|| wrong("no column".to_owned()))?;
    for (i, column) in columns.iter().enumerate() {
        let (name, len) = (column.name(), column.len());
        if len != first.len() {
            return Err(wrong(format!("column {name:?} has {len} rows, column {:?} {}", first.name(), first.len())));
        }
        if columns[..i].iter().any(|earlier| earlier.name() == name) {
            return Err(wrong(format!("two columns are named {name:?}")));
        }
    }
    Ok(first.len())
}

/// Writes a file whole or not at all: into a sibling, to the disk, then renamed over `path`.
///
/// # Errors
/// Whatever the file system refuses, with the path and the mend.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), SourceError> {
    let Some(name) = path.file_name() else {
        return Err(SourceError::Name { name: path.display().to_string() });
    };
    let temp = path.with_file_name(format!(".{}.partial-{}", name.to_string_lossy(), std::process::id()));
    let written = write_synced(&temp, bytes).and_then(|()| std::fs::rename(&temp, path));
    written.map_err(|source| {
        // the cause is told; what is left of the file goes, if it can
        let _ = std::fs::remove_file(&temp);
        SourceError::io(path, source)
    })
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A folder in the making, beside the place where it will stand. Dropped before [`Staging::commit`], it leaves nothing.
#[derive(Debug)]
pub struct Staging {
    temp: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl Staging {
    /// Begins the folder `target`, whose parents are made where they are missing.
    ///
    /// # Errors
    /// `target` exists already, or cannot be made.
    pub fn begin(target: &Path) -> Result<Self, SourceError> {
        if target.symlink_metadata().is_ok() {
            return Err(SourceError::Exists { path: target.to_owned() });
        }
        let Some(name) = target.file_name() else {
            return Err(SourceError::Name { name: target.display().to_string() });
        };
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent).map_err(|e| SourceError::io(parent, e))?;
        let mut attempt = 0;
        loop {
            let temp = parent.join(format!(".{}.partial-{}-{attempt}", name.to_string_lossy(), std::process::id()));
            match std::fs::create_dir(&temp) {
                Ok(()) => {
                    return Ok(Staging { temp, target: target.to_owned(), committed: false });
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && attempt < 1_000 => attempt += 1,
                Err(e) => return Err(SourceError::io(parent, e)),
            }
        }
    }

    /// The folder to write into until the commit.
    pub fn dir(&self) -> &Path {
        &self.temp
    }

    /// Writes a file of the folder and sees it to the disk.
    ///
    /// # Errors
    /// `name` is not a plain file name, or the file system refuses.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), SourceError> {
        let path = self.path(name)?;
        write_synced(&path, bytes).map_err(|e| SourceError::io(&path, e))
    }

    /// Writes a table of the folder as CSV.
    ///
    /// # Errors
    /// As [`Staging::write`], or the columns make no table.
    pub fn write_csv(&self, name: &str, columns: &[OutColumn]) -> Result<(), SourceError> {
        write_csv(&self.path(name)?, columns)
    }

    /// Writes a table of the folder as Parquet.
    ///
    /// # Errors
    /// As [`Staging::write`], or the columns make no table.
    pub fn write_parquet(&self, name: &str, columns: &[OutColumn]) -> Result<(), SourceError> {
        write_parquet(&self.path(name)?, columns)
    }

    fn path(&self, name: &str) -> Result<PathBuf, SourceError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(SourceError::Name { name: name.to_owned() });
        }
        Ok(self.temp.join(name))
    }

    /// Puts the folder in its place, whole, and returns that place.
    ///
    /// # Errors
    /// The place was taken meanwhile, or the file system refuses; then nothing is left.
    pub fn commit(mut self) -> Result<PathBuf, SourceError> {
        // a folder renamed onto an empty one would replace it silently
        if self.target.symlink_metadata().is_ok() {
            return Err(SourceError::Exists { path: self.target.clone() });
        }
        sync_folder(&self.temp);
        std::fs::rename(&self.temp, &self.target).map_err(|e| SourceError::io(&self.target, e))?;
        self.committed = true;
        if let Some(parent) = self.target.parent() {
            sync_folder(parent);
        }
        Ok(self.target.clone())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.committed {
            let _ = std::fs::remove_dir_all(&self.temp);
        }
    }
}

/// Sees a folder's entries to the disk, where the system can (Windows cannot open a folder).
fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}
