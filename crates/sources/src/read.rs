//! Opens a table of the project folder and says plainly when it cannot.

use crate::{csv_table, parquet_table};
use counterpoint::data::Table;
use counterpoint::finding::{Finding, Severity};
use std::io::ErrorKind;
use std::path::Path;

/// Reads the table `file`, a path as the user wrote it, relative to the project folder `dir`.
///
/// # Errors
/// Everything that is wrong with the file, each with its line and its mend. Nothing is dropped or mended silently.
pub fn read_table(dir: &Path, file: &str) -> Result<Table, Vec<Finding>> {
    let bytes = read_bytes(dir, file).map_err(|finding| vec![*finding])?;
    table_from_bytes(file, bytes)
}

/// Reads a table from the bytes of a file; `file` is the name that findings quote.
///
/// # Errors
/// As [`read_table`].
pub fn table_from_bytes(file: &str, bytes: Vec<u8>) -> Result<Table, Vec<Finding>> {
    if let Some(finding) = foreign_format(file, &bytes) {
        return Err(vec![finding]);
    }
    let named_parquet = [".parquet", ".pq"].iter().any(|end| file.to_ascii_lowercase().ends_with(end));
    if bytes.starts_with(b"PAR1") || named_parquet {
        parquet_table::parse(file, bytes)
    } else {
        csv_table::parse(file, &bytes)
    }
}

/// The bytes of a file of the project folder, or why they cannot be had.
///
/// # Errors
/// There is no such file, it is not a regular one, or it cannot be read.
pub fn read_bytes(dir: &Path, file: &str) -> Result<Vec<u8>, Box<Finding>> {
    let fail = |code: &str, found: String, expected: &str, mend: String| {
        Box::new(Finding::new(Severity::Fail, code, found, expected, mend).at_file(file))
    };
    if file.trim().is_empty() {
        return Err(fail("missing-file", "an empty file name".into(), "the name of a file", "name the file".into()));
    }
    let path = dir.join(file);
    let cannot = |error: &std::io::Error| match error.kind() {
        ErrorKind::NotFound => {
            fail("missing-file", "no such file".into(), "a file in the project folder", near(dir, file))
        }
        ErrorKind::PermissionDenied => fail(
            "unreadable-file",
            "permission denied".into(),
            "a file that you may read",
            "give yourself the right to read it, or copy it to a place where you have it".into(),
        ),
        _ => fail(
            "unreadable-file",
            error.to_string(),
            "a file that can be read",
            "check the path and the disk, then try again".into(),
        ),
    };
    let meta = std::fs::metadata(&path).map_err(|e| cannot(&e))?;
    if meta.is_dir() {
        return Err(fail(
            "not-a-file",
            "a folder".into(),
            "a file",
            format!("name a file inside it, such as {file}/data.csv"),
        ));
    }
    if !meta.is_file() {
        // a pipe or a device would block or never end
        return Err(fail(
            "not-a-file",
            "a pipe, socket or device".into(),
            "a regular file",
            "save the table to a file first".into(),
        ));
    }
    std::fs::read(&path).map_err(|e| cannot(&e))
}

/// What to do about a missing file: the names in its folder that resemble it.
fn near(dir: &Path, file: &str) -> String {
    let path = dir.join(file);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut names: Vec<String> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.take(10_000).flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect(),
        Err(_) => {
            return format!("the folder {} does not exist or cannot be listed; check the path", folder.display());
        }
    };
    names.sort();
    let mut scored: Vec<(f64, String)> = names
        .into_iter()
        .map(|n| (strsim::jaro_winkler(&n.to_lowercase(), &wanted), n))
        .filter(|(score, n)| *score > 0.75 || is_table_name(n))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.truncate(5);
    match scored.as_slice() {
        [] => "put the file there, or mend the path in the project file".to_owned(),
        [(score, name), ..] if *score > 0.85 => format!("did you mean {name}?"),
        all => {
            let list: Vec<&str> = all.iter().map(|(_, n)| n.as_str()).collect();
            format!("mend the path; tables in that folder: {}", list.join(", "))
        }
    }
}

fn is_table_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".csv", ".tsv", ".txt", ".parquet", ".pq"].iter().any(|end| name.ends_with(end))
}

/// Files that people take for tables: workbooks, archives.
fn foreign_format(file: &str, bytes: &[u8]) -> Option<Finding> {
    let (found, mend) = if bytes.starts_with(b"PK\x03\x04") {
        ("an Excel workbook or a zip archive", "save the sheet as CSV (UTF-8), or unpack the archive")
    } else if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        ("an old Excel workbook", "save the sheet as CSV (UTF-8)")
    } else if bytes.starts_with(&[0x1F, 0x8B]) {
        ("a gzip file", "unpack it with `gunzip`")
    } else if bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        ("a zstd file", "unpack it with `unzstd`")
    } else {
        return None;
    };
    Some(Finding::new(Severity::Fail, "unknown-format", found, "a CSV or a Parquet file", mend).at_file(file))
}
