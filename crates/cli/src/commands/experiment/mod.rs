//! `counterpoint experiment`: what an experiment did, and how to run the next.

pub(crate) mod args;
mod axis;
mod design;
mod dose;
mod panel;
mod read;
mod result;
mod words;

use crate::exit::Exit;
use crate::terminal::Terminal;
use args::ExperimentCommand;
use counterpoint::finding::Finding;
use serde_json::json;

/// Runs the command.
pub(crate) fn run(command: &ExperimentCommand, terminal: &Terminal) -> anyhow::Result<Exit> {
    match command {
        ExperimentCommand::Read(args) => read::run(args, terminal),
        ExperimentCommand::Design(args) => design::run(args, terminal),
    }
}

/// Tells what is wrong with a panel.
fn refused(findings: &[Finding], terminal: &Terminal) -> Exit {
    terminal.findings(findings);
    terminal.say("Nothing was read: mend what is FAIL above.");
    terminal.object(&json!({ "ok": false, "findings": findings }));
    Exit::Fault
}
