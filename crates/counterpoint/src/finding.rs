//! What a check says: one finding, with its place and its mend.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Info,
    /// Look at it before you trust the result.
    Review,
    /// The data cannot be used as it stands.
    Fail,
}

/// One thing that a check found. Every part that applies is filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// Stable name of the check, such as `missing-period` (documented in `docs/checks.md`).
    pub code: String,
    /// File as the user wrote it.
    pub file: Option<String>,
    /// Line in that file, 1-based (the header of a CSV is line 1).
    pub row: Option<u64>,
    /// Column name, or the key of the project file.
    pub column: Option<String>,
    /// What was found.
    pub found: String,
    /// What was expected.
    pub expected: String,
    /// How to mend it.
    pub mend: String,
}

impl Finding {
    /// A finding without a place; add the place with [`Finding::at_file`], [`Finding::at_row`], [`Finding::at_column`].
    pub fn new(
        severity: Severity,
        code: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Finding {
            severity,
            code: code.to_owned(),
            file: None,
            row: None,
            column: None,
            found: found.into(),
            expected: expected.into(),
            mend: mend.into(),
        }
    }

    /// The same finding, in this file.
    #[must_use]
    pub fn at_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The same finding, at this 1-based line.
    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// The same finding, in this column.
    #[must_use]
    pub fn at_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }
}

/// Whether any finding forbids going on.
pub fn any_fail(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.severity == Severity::Fail)
}
