//! `counterpoint simulate`: a project of simulated data, with the truth beside it.

use crate::args::SimulateArgs;
use crate::exit::Exit;
use crate::terminal::{Terminal, plain};
use anyhow::{Context, anyhow};
use counterpoint::data::{Cells, Table};
use counterpoint::finding::Finding;
use counterpoint::simulate::{Simulation, SimulationSpec, simulate};
use counterpoint_report::numbers::number;
use counterpoint_sources::{OutColumn, PROJECT_FILE, Staging, read_bytes};
use serde_json::json;
use std::path::Path;

/// The file with the truth.
pub(super) const TRUTH_JSON: &str = "truth.json";

/// Runs the command.
pub(crate) fn run(args: &SimulateArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let shown = args.spec.display().to_string();
    let refuse = |findings: Vec<Finding>| {
        let findings: Vec<Finding> = findings.into_iter().map(|f| f.at_file(&shown)).collect();
        terminal.findings(&findings);
        terminal.say("Nothing was written.");
        terminal.object(&json!({ "findings": findings }));
        Exit::Fault
    };
    let bytes = match read_bytes(Path::new(""), &shown) {
        Ok(bytes) => bytes,
        Err(finding) => return Ok(refuse(vec![*finding])),
    };
    let text = String::from_utf8(bytes).map_err(|_| anyhow!("{shown} is not text in UTF-8; save it in UTF-8"))?;
    let spec = spec(&text, &shown)?;
    let simulation = match simulate(&spec) {
        Ok(simulation) => simulation,
        Err(findings) => return Ok(refuse(findings)),
    };
    let folder = Staging::begin(&args.out)?;
    for table in simulation.tables.iter().chain([&simulation.contributions]) {
        folder.write_csv(&table.file, &columns(table))?;
    }
    folder.write(PROJECT_FILE, simulation.project_toml.as_bytes())?;
    folder.write(TRUTH_JSON, truth(&simulation)?.as_bytes())?;
    let out = folder.commit()?;

    terminal.say(&format!(
        "Wrote {}: {}, {TRUTH_JSON}.",
        out.display(),
        files(&simulation.tables, &simulation.contributions)
    ));
    terminal.say("What is true:");
    for driver in &simulation.truth.drivers {
        let roi = driver.roi.map_or_else(String::new, |roi| format!("ROI {}, ", number(roi)));
        terminal.say(&format!("  {}: {roi}share {:.1} %", plain(&driver.name), 100.0 * driver.share));
    }
    for platform in simulation.truth.creators.iter().flat_map(|c| &c.platforms) {
        let roi = platform.roi.map_or_else(String::new, |roi| format!("ROI {}, ", number(roi)));
        let (name, accounts) = (plain(&platform.name), platform.accounts);
        terminal.say(&format!("  {name}, creators: {accounts}, {roi}share {:.1} %", 100.0 * platform.share));
    }
    let next = format!("counterpoint fit {}", out.display());
    terminal.say(&format!("Next: {next}"));
    terminal.object(&json!({ "project": out, "truth": simulation.truth, "next": next }));
    Ok(Exit::Done)
}

/// The spec in the text of a simulation file, called `shown` in messages.
pub(super) fn spec(text: &str, shown: &str) -> anyhow::Result<SimulationSpec> {
    let mut text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
    let mut wrong = Vec::new();
    loop {
        match toml_edit::de::from_str(&text) {
            Ok(spec) if wrong.is_empty() => return Ok(spec),
            Ok(_) => break,
            Err(e) => {
                wrong.push(e.to_string().trim_end().to_owned());
                // What else is wrong is seen without the line that is.
                match e.span().and_then(|span| without_line(&text, span.start)) {
                    Some(rest) => text = rest,
                    None => break,
                }
            }
        }
    }
    Err(anyhow!("{shown} describes no market.\n{}", wrong.join("\n")))
}

/// A file of keys with the line of a key and its value blank, so that all others stay where they are; none where that leaves no such file.
fn without_line(text: &str, at: usize) -> Option<String> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    if !text[start..end].contains('=') {
        return None;
    }
    let rest = format!("{}{}{}", &text[..start], " ".repeat(end - start), &text[end..]);
    rest.parse::<toml_edit::DocumentMut>().is_ok().then_some(rest)
}

/// The text of the truth's file.
pub(super) fn truth(simulation: &Simulation) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(&simulation.truth).context("the truth cannot be written as JSON")?;
    text.push('\n');
    Ok(text)
}

fn files(tables: &[Table], contributions: &Table) -> String {
    let names = tables.iter().chain([contributions]).map(|t| t.file.as_str());
    std::iter::once(PROJECT_FILE).chain(names).collect::<Vec<_>>().join(", ")
}

/// A table's columns as they are written; an empty number is an empty cell.
pub(super) fn columns(table: &Table) -> Vec<OutColumn> {
    let one = |column: &counterpoint::data::Column| match &column.cells {
        Cells::Text(v) => OutColumn::text(&column.name, v.iter().map(|c| c.as_deref().unwrap_or("").to_owned())),
        Cells::Number(v) => OutColumn::number(&column.name, v.iter().map(|c| c.unwrap_or(f64::NAN)).collect()),
        Cells::Date(v) => {
            OutColumn::text(&column.name, v.iter().map(|c| c.map_or_else(String::new, |date| date.to_string())))
        }
    };
    table.columns.iter().map(one).collect()
}
