//! The project file `counterpoint.toml`: read whole, with every mistake at once, each at its line and key.

mod creators;
mod data;
mod drivers;
mod experiments;
mod model;
mod plan;
mod prior;
mod walk;

use crate::read::read_bytes;
use counterpoint::finding::{Finding, Severity, any_fail};
use counterpoint::project::Project;
use counterpoint::project::plan::PlanSpec;
use std::path::Path;
use toml_edit::Document;
use walk::{Section, Walk};

pub use plan::RISKS;

/// Name of the project file in its folder.
pub const PROJECT_FILE: &str = "counterpoint.toml";

/// The sections and keys at the top of the file.
const TOP: &[&str] = &[
    "name",
    "currency",
    "data",
    "outcome",
    "channel",
    "organic",
    "treatment",
    "controls",
    "holidays",
    "event",
    "model",
    "sampler",
    "creators",
    "experiment",
    "plan",
    "experiments",
];

/// Reads the text of a project file.
///
/// The project comes back only if no finding is a FAIL. Findings are in the order of the file, and each has the file name,
/// the line, and the path of the key, such as `channel[2].prior.roi`.
pub fn read_project(text: &str) -> (Option<Project>, Vec<Finding>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut walk = Walk::new(text);
    let project = match Document::parse(text) {
        Ok(document) => whole(&mut walk, &document),
        Err(error) => {
            let line = error.span().map(|span| walk.line_at(span.start));
            walk.syntax(line, error.message());
            None
        }
    };
    let findings = walk.finish();
    (project.filter(|_| !any_fail(&findings)), findings)
}

/// Reads the `[plan]` section of a project file, defaults where there is none; the project's other sections are not looked at.
pub fn read_plan(text: &str) -> (PlanSpec, Vec<Finding>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut walk = Walk::new(text);
    let spec = Document::parse(text).ok().map(|document| {
        let top = Section::top(&mut walk, document.as_table(), TOP);
        plan::plan(&mut walk, &top)
    });
    (spec.unwrap_or_default(), walk.finish())
}

/// What a project file says to a fit: its keys and values without `[plan]`, which no fit depends on, and without comments and spaces.
pub fn without_plan(text: &str) -> String {
    let Ok(mut document) = text.parse::<toml_edit::DocumentMut>() else { return text.to_owned() };
    document.remove("plan");
    let mut out = String::new();
    said(document.as_item(), "", &mut out);
    out
}

/// One line a value, with its path.
fn said(item: &toml_edit::Item, path: &str, out: &mut String) {
    use toml_edit::{Item, Value};
    match item {
        Item::None => {}
        Item::Table(table) => table.iter().for_each(|(key, item)| said(item, &format!("{path}.{key:?}"), out)),
        Item::ArrayOfTables(tables) => {
            for (i, table) in tables.iter().enumerate() {
                table.iter().for_each(|(key, item)| said(item, &format!("{path}[{i}].{key:?}"), out));
            }
        }
        Item::Value(Value::Array(values)) => {
            out.push_str(&format!("{path} has {}\n", values.len()));
            for (i, value) in values.iter().enumerate() {
                said(&Item::Value(value.clone()), &format!("{path}[{i}]"), out);
            }
        }
        Item::Value(Value::InlineTable(table)) => {
            for (key, value) in table {
                said(&Item::Value(value.clone()), &format!("{path}.{key:?}"), out);
            }
        }
        Item::Value(value) => {
            let mut value = value.clone();
            value.decor_mut().clear();
            let text = value.as_str().map_or_else(|| value.to_string(), |text| format!("{text:?}"));
            out.push_str(&format!("{path} = {text}\n"));
        }
    }
}

/// Reads `counterpoint.toml` of a project folder: the project, its harmless findings, and the text of the file.
///
/// # Errors
/// All findings, if one of them is a FAIL.
pub fn load_project(dir: &Path) -> Result<(Project, Vec<Finding>, String), Vec<Finding>> {
    let bytes = read_bytes(dir, PROJECT_FILE).map_err(|mut finding| {
        if finding.code == "missing-file" {
            let dir = dir.display();
            finding.found = format!("no {PROJECT_FILE} in {dir}");
            finding.expected = "a project folder".to_owned();
            finding.mend = format!("name the folder of a project, or start one with `counterpoint init {dir}`");
        }
        vec![*finding]
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() as u64 + 1;
        let found = format!("byte 0x{:02X}, which is not UTF-8", error.as_bytes()[at]);
        vec![
            Finding::new(Severity::Fail, "encoding", found, "text in UTF-8", "save the file in UTF-8")
                .at_file(PROJECT_FILE)
                .at_row(line),
        ]
    })?;
    match read_project(&text) {
        (Some(project), findings) => Ok((project, findings, text)),
        (None, findings) => Err(findings),
    }
}

/// Walks the whole document. The project may be half made where a finding is a FAIL; the caller drops it then.
fn whole(walk: &mut Walk, document: &Document<&str>) -> Option<Project> {
    let top = Section::top(walk, document.as_table(), TOP);
    let name = top.text(walk, "name");
    let currency = top.text(walk, "currency");
    let data = top.section(walk, "data", data::DATA).map(|s| data::data(walk, &s));
    let outcome = top.section(walk, "outcome", data::OUTCOME).map(|s| data::outcome(walk, &s));
    let model = top.section(walk, "model", model::MODEL).map(|s| model::model(walk, &s)).unwrap_or_default();
    let sampler = top.section(walk, "sampler", model::SAMPLER).map(|s| model::sampler(walk, &s)).unwrap_or_default();
    let drivers = drivers::drivers(walk, &top, model.effects);
    let controls = top.section(walk, "controls", data::CONTROLS).map(|s| data::controls(walk, &s)).unwrap_or_default();
    let holidays = data::holidays(walk, &top);
    let creators = top.section(walk, "creators", creators::CREATORS).and_then(|s| creators::creators(walk, &s));
    // Read here for its mistakes; a fit does not depend on it.
    let _ = plan::plan(walk, &top);
    let experiments = experiments::experiments(walk, &top);
    for (section, example) in [
        ("data", "[data]\ntable = \"data.csv\"\ndate = \"date\""),
        ("outcome", "[outcome]\ncolumn = \"revenue\"\nkind = \"revenue\""),
    ] {
        if !top.has(section) {
            walk.missing(&top.at, section, &format!("add {}", example.replace('\n', ", ")));
        }
    }
    let (data, outcome) = (data??, outcome??);
    drivers::check_columns(walk, &data, &outcome, &drivers, &controls);
    Some(Project {
        name: name.unwrap_or_else(|| "Untitled".to_owned()),
        currency: currency.unwrap_or_default(),
        data,
        outcome,
        drivers: drivers.into_iter().map(|(_, driver)| driver).collect(),
        controls: controls.into_iter().map(|(_, control)| control).collect(),
        holidays,
        creators,
        experiments,
        model,
        sampler,
    })
}
