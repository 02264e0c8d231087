//! Tables as CSV: safe to open in a spreadsheet, and numbers that read back as they were.

use super::{OutColumn, rows, write_file};
use crate::error::SourceError;
use std::borrow::Cow;
use std::path::Path;

/// Writes a table as CSV in UTF-8, comma separated, whole or not at all.
///
/// Text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a line end) gets a `'` before
/// it. Numbers have the fewest digits that read back to the same value; NaN is an empty cell.
///
/// # Errors
/// The columns make no table, or the file system refuses.
pub fn write_csv(path: &Path, columns: &[OutColumn]) -> Result<(), SourceError> {
    let rows = rows(path, columns)?;
    let failed = |e: csv::Error| SourceError::io(path, std::io::Error::other(e));
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(columns.iter().map(|c| safe(c.name()).into_owned())).map_err(failed)?;
    for row in 0..rows {
        for column in columns {
            let cell: Cow<str> = match column {
                OutColumn::Text { values, .. } => safe(&values[row]),
                OutColumn::Number { values, .. } => Cow::Owned(shortest(values[row])),
                OutColumn::Int { values, .. } => Cow::Owned(values[row].to_string()),
                OutColumn::Date { values, .. } => Cow::Owned(values[row].to_string()),
            };
            writer.write_field(cell.as_bytes()).map_err(failed)?;
        }
        writer.write_record(None::<&[u8]>).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| SourceError::io(path, std::io::Error::other(e.to_string())))?;
    write_file(path, &bytes)
}

/// The text, so that no spreadsheet runs it.
fn safe(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The shortest digits that read back to the same number; empty for NaN.
fn shortest(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        String::new()
    } else if size != 0.0 && size.is_finite() && !(1e-5..1e16).contains(&size) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}
