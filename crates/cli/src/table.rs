//! Tables for a terminal: columns as wide as they need, a note below a row where it has one.

/// A row.
pub(crate) struct Line {
    /// A text a column.
    pub(crate) cells: Vec<String>,
    /// What stands below, indented; empty for nothing.
    pub(crate) note: String,
}

/// The lines of a table, its head first. The first `left` columns begin at the left, the others end at the right.
pub(crate) fn table(head: &[String], left: usize, rows: &[Line]) -> Vec<String> {
    let size = |text: &str| text.chars().count();
    let width = |c: usize| rows.iter().map(|r| size(&r.cells[c])).max().unwrap_or(0).max(size(&head[c]));
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(c, (text, width))| {
            let pad = " ".repeat(width - size(text));
            if c < left { format!("{text}{pad}") } else { format!("{pad}{text}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut out = vec![line(head)];
    for row in rows {
        out.push(line(&row.cells));
        if !row.note.is_empty() {
            out.push(format!("    {}", row.note));
        }
    }
    out
}
