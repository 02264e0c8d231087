//! `counterpoint init`: a project folder, guessed from tables or from a template.

use crate::args::InitArgs;
use crate::exit::Exit;
use crate::terminal::{Terminal, plain};
use anyhow::{Context, bail};
use counterpoint::data::Table;
use counterpoint::finding::Finding;
use counterpoint_sources::{PROJECT_FILE, guess, read_bytes, table_from_bytes, write_file};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What stands in the file where there is no table to guess from.
const TEMPLATE: &str = include_str!("template.toml");

/// Runs the command.
pub(crate) fn run(args: &InitArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let file = args.dir.join(PROJECT_FILE);
    if file.symlink_metadata().is_ok() && !args.force {
        bail!("{} exists already: it is not overwritten without --force", file.display());
    }
    let name = args.name.clone().unwrap_or_else(|| folder_name(&args.dir));
    if args.from.is_empty() {
        return template(args, &name, &file, terminal);
    }
    let (sources, findings) = read(&args.dir, &args.from);
    if !findings.is_empty() {
        return Ok(refuse(&findings, terminal));
    }
    let tables: Vec<Table> = sources.iter().map(|s| s.table.clone()).collect();
    let guess = match guess(&name, &tables) {
        Ok(guess) => guess,
        Err(findings) => return Ok(refuse(&findings, terminal)),
    };
    make_folder(&args.dir)?;
    let copied: Vec<&Source> = sources.iter().filter(|s| s.copy).collect();
    for source in &copied {
        write_file(&args.dir.join(&source.table.file), &source.bytes)?;
        let (from, file) = (source.from.display(), plain(&source.table.file));
        terminal.say(&format!("Copied {from} to {}.", args.dir.join(file).display()));
    }
    write_file(&file, guess.toml.as_bytes())?;
    terminal.say(&format!("Wrote {}. What was guessed, and why:", file.display()));
    guess.notes.iter().for_each(|note| terminal.say(&format!("  - {}", plain(note))));
    if !guess.needs_edit.is_empty() {
        terminal.say("\nBefore the first fit, edit the project file:");
        guess.needs_edit.iter().for_each(|edit| terminal.say(&format!("  - {}", plain(edit))));
    }
    let next = format!("counterpoint check {}", args.dir.display());
    terminal.say(&format!("\nNext: {next}"));
    terminal.object(&json!({
        "project_file": file,
        "copied": copied.iter().map(|s| &s.table.file).collect::<Vec<_>>(),
        "notes": guess.notes,
        "needs_edit": guess.needs_edit,
        "next": next,
    }));
    Ok(Exit::Done)
}

fn template(args: &InitArgs, name: &str, file: &Path, terminal: &Terminal) -> anyhow::Result<Exit> {
    make_folder(&args.dir)?;
    // the text of a JSON string is one of TOML too
    let quoted = serde_json::to_string(name)?;
    write_file(file, TEMPLATE.replace("\"NAME\"", &quoted).as_bytes())?;
    let next =
        format!("edit {}, put your table beside it, then: counterpoint check {}", file.display(), args.dir.display());
    terminal.say(&format!("Wrote {}, a template.\nNext: {next}", file.display()));
    terminal.object(&json!({ "project_file": file, "copied": [], "notes": [], "needs_edit": [next], "next": next }));
    Ok(Exit::Done)
}

/// A table, and where it is from.
struct Source {
    from: PathBuf,
    table: Table,
    bytes: Vec<u8>,
    /// Whether it lies outside the project folder.
    copy: bool,
}

/// Reads the tables under the names that they will have in the project folder.
fn read(dir: &Path, files: &[PathBuf]) -> (Vec<Source>, Vec<Finding>) {
    let mut sources: Vec<Source> = Vec::new();
    let mut findings = Vec::new();
    for from in files {
        match one(dir, from, &sources) {
            Ok(source) => sources.push(source),
            Err(found) => findings.extend(found),
        }
    }
    (sources, findings)
}

fn one(dir: &Path, from: &Path, others: &[Source]) -> Result<Source, Vec<Finding>> {
    let shown = from.display().to_string();
    let bytes = read_bytes(Path::new(""), &shown).map_err(|f| vec![*f])?;
    let inside = within(dir, from);
    let copy = inside.is_none();
    let base = from.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = inside.unwrap_or(base);
    let fail = |code: &str, found: String, mend: &str| {
        let severity = counterpoint::finding::Severity::Fail;
        vec![Finding::new(severity, code, found, "a name of its own", mend).at_file(&shown)]
    };
    if others.iter().any(|o| o.table.file == name) {
        return Err(fail("same-name", format!("two tables named {name}"), "rename one of them"));
    }
    if copy && std::fs::read(dir.join(&name)).is_ok_and(|there| there != bytes) {
        let found = format!("another file {name} in the project folder");
        return Err(fail("file-exists", found, "rename one of them, or name the one in the project folder"));
    }
    let table = table_from_bytes(&name, bytes.clone())?;
    Ok(Source { from: from.to_owned(), table, bytes, copy })
}

/// The file's path relative to the folder, if it lies in it.
fn within(dir: &Path, file: &Path) -> Option<String> {
    let (dir, file) = (dir.canonicalize().ok()?, file.canonicalize().ok()?);
    let parts: Option<Vec<&str>> = file.strip_prefix(dir).ok()?.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

fn folder_name(dir: &Path) -> String {
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    whole.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn make_folder(dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)
        .with_context(|| format!("cannot make the folder {}: choose one that you may write to", dir.display()))
}

fn refuse(findings: &[Finding], terminal: &Terminal) -> Exit {
    terminal.findings(findings);
    terminal.say("Nothing was written.");
    terminal.object(&json!({ "findings": findings }));
    Exit::Fault
}

#[cfg(test)]
mod tests {
    use super::TEMPLATE;

    #[test]
    fn the_template_is_a_project_file_without_a_mistake() {
        let (project, findings) = counterpoint_sources::read_project(TEMPLATE);
        assert!(project.is_some() && findings.is_empty(), "{findings:?}");
    }
}
