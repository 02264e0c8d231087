//! `counterpoint demo`: the example, simulated from its spec, checked, fitted, planned and reported.

use super::fit::{Ending, args as fit_args, fit, show};
use super::plan::make as plan;
use super::simulate::{TRUTH_JSON, columns, spec, truth};
use crate::args::{DemoArgs, PlanArgs, PlanningArgs};
use crate::exit::Exit;
use crate::terminal::Terminal;
use anyhow::{Context, anyhow, bail};
use counterpoint::simulate::simulate;
use counterpoint_sources::{PROJECT_FILE, write_csv, write_file};
use std::path::Path;

/// The market of the example.
const SPEC: &str = include_str!("../../../../examples/demo/market.toml");
/// Deals that are offered for the quarter after the data.
const OFFERS: &str = include_str!("../../../../examples/demo/offers.csv");
const OFFERS_FILE: &str = "offers.csv";
/// What is asked of the plan.
const PLAN: &str = "\n# The next budget: counterpoint plan RUN. What is written here may change after the fit.\n\
                    [plan]\noffers = \"offers.csv\"\nflights = \"monthly\"\n";
/// Where it is, for messages.
const SPEC_FILE: &str = "examples/demo/market.toml";
/// How the project file of a demo begins.
const MARK: &str = "# The demo of counterpoint";
/// What it goes on with.
const ABOUT: &str = ": a made-up skincare brand, its channels and 30 creators on three platforms, 3 regions, 104 weeks.\n\
                     # The data are simulated; what is true is in truth.json.\n";

/// Runs the command.
pub(crate) fn run(args: &DemoArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let dir = &args.dir;
    if !is_free(dir)? {
        bail!(
            "{} is not empty and is no earlier demo: name another folder, such as `counterpoint demo my-demo`",
            dir.display()
        );
    }
    std::fs::create_dir_all(dir)
        .with_context(|| format!("cannot make the folder {}: choose one that you may write to", dir.display()))?;
    write(dir)?;
    terminal.say(&format!(
        "The example project is in {}: made-up data of a skincare brand, its channels and its creators.",
        dir.display()
    ));
    match fit(&fit_args(dir, &args.how), terminal)? {
        Ending::Without(exit) => Ok(exit),
        Ending::Fitted(fitted) => {
            show(&fitted, terminal);
            if fitted.exit() == Exit::Done {
                terminal.say("");
                let asked = PlanningArgs::default();
                plan(&PlanArgs { run: fitted.run.clone(), asked, evaluate: None, quick: false, out: None }, terminal)?;
            }
            terminal.say(&format!("Report: open {} in a browser.", fitted.run.join("report.html").display()));
            terminal.say(&format!(
                "Next: compare with what is true, {}, then start your own: counterpoint init shop --from data.csv",
                dir.join(TRUTH_JSON).display()
            ));
            terminal.object(&fitted.object);
            Ok(fitted.exit())
        }
    }
}

/// Writes what is missing of the example: what somebody tried out in an earlier demo stays.
fn write(dir: &Path) -> anyhow::Result<()> {
    let missing = |name: &str| dir.join(name).symlink_metadata().is_err();
    let simulation = simulate(&spec(SPEC, SPEC_FILE)?).map_err(|findings| anyhow!("{SPEC_FILE}: {findings:?}"))?;
    for table in simulation.tables.iter().filter(|table| missing(&table.file)) {
        write_csv(&dir.join(&table.file), &columns(table))?;
    }
    if missing(OFFERS_FILE) {
        write_file(&dir.join(OFFERS_FILE), OFFERS.as_bytes())?;
    }
    if missing(TRUTH_JSON) {
        write_file(&dir.join(TRUTH_JSON), truth(&simulation)?.as_bytes())?;
    }
    if missing(PROJECT_FILE) {
        // After the first line, which speaks of simulated markets in general.
        let (_, settings) = simulation.project_toml.split_once('\n').unwrap_or_default();
        write_file(&dir.join(PROJECT_FILE), format!("{MARK}{ABOUT}{settings}{PLAN}").as_bytes())?;
    }
    Ok(())
}

/// Whether the folder is not there, empty, or holds an earlier demo.
fn is_free(dir: &Path) -> anyhow::Result<bool> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => {
            let earlier = std::fs::read(dir.join(PROJECT_FILE)).is_ok_and(|bytes| bytes.starts_with(MARK.as_bytes()));
            Ok(earlier || entries.next().is_none())
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(e) => Err(e).with_context(|| format!("cannot look into {}", dir.display())),
    }
}
