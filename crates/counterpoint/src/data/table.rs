//! A table as it was read: named columns of equal length, each cell with the line it stood on.

use jiff::civil::Date;

/// The cells of one column. `None` is an empty cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Text, as in a CSV (numbers and dates are recognised later, by the schema).
    Text(Vec<Option<Box<str>>>),
    /// Numbers, as in a Parquet file.
    Number(Vec<Option<f64>>),
    /// Dates, as in a Parquet file.
    Date(Vec<Option<Date>>),
}

impl Cells {
    /// Number of cells.
    pub fn len(&self) -> usize {
        match self {
            Cells::Text(v) => v.len(),
            Cells::Number(v) => v.len(),
            Cells::Date(v) => v.len(),
        }
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name as in the header.
    pub name: String,
    /// Its cells, one a row.
    pub cells: Cells,
}

/// A table read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// File name as the user wrote it; findings quote it.
    pub file: String,
    /// Columns in file order, all of the same length, names unique.
    pub columns: Vec<Column>,
    /// Line of each row in the file, 1-based (for a Parquet file: row number).
    pub lines: Vec<u64>,
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The column of that exact name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}
