//! A first guess at a project, from the names and the values of its tables' columns.

mod draft;
mod keys;
mod names;
mod profile;
mod roles;

use counterpoint::data::Table;
use counterpoint::finding::Finding;
use draft::Draft;

/// A guess at a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The project file: commented, valid, ready to be written as `counterpoint.toml`.
    pub toml: String,
    /// What was guessed, a sentence a column, with its reason.
    pub notes: Vec<String>,
    /// What somebody must look at before the first fit; empty when nothing is.
    pub needs_edit: Vec<String>,
}

/// What was noticed on the way.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) notes: Vec<String>,
    pub(crate) needs_edit: Vec<String>,
}

impl Said {
    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn edit(&mut self, text: impl Into<String>) {
        self.needs_edit.push(text.into());
    }
}

/// A column name as a message shows it.
pub(crate) fn shown(name: &str) -> String {
    let plain = |c: char| {
        if c.is_control() { c.escape_default().collect() } else { String::from(c) }
    };
    let short: String = name.chars().take(60).map(plain).collect();
    format!("`{short}{}`", if name.chars().count() > 60 { "..." } else { "" })
}

/// Guesses a project named `name` from its tables: which columns hold the date, the geo, the outcome, spend and exposure,
/// and which are left out, each with the reason.
///
/// # Errors
/// There is no table, no column of dates, or no column that could be the outcome.
pub fn guess(name: &str, tables: &[Table]) -> Result<Guess, Vec<Finding>> {
    let mut said = Said::default();
    let mut draft = Draft {
        name: if name.trim().is_empty() { "Untitled".to_owned() } else { name.to_owned() },
        ..Draft::default()
    };
    let keys = keys::find(tables, &mut draft, &mut said)?;
    roles::assign(tables, &keys, &mut draft, &mut said)?;
    let toml = draft::write(&draft);
    let (_, findings) = crate::project_file::read_project(&toml);
    for finding in findings {
        let place = finding.column.map(|c| format!("{c}: ")).unwrap_or_default();
        said.edit(format!("{place}{}; {}", finding.found, finding.mend));
    }
    Ok(Guess { toml, notes: said.notes, needs_edit: said.needs_edit })
}
