//! `counterpoint demo`: the bundled example project, checked, fitted and reported.

use super::fit::{Ending, args as fit_args, fit, show};
use crate::args::DemoArgs;
use crate::exit::Exit;
use crate::terminal::Terminal;
use anyhow::{Context, bail};
use counterpoint_sources::{PROJECT_FILE, write_file};
use std::path::Path;

/// The example, as `examples/demo` has it.
const FILES: [(&str, &[u8]); 2] = [
    (PROJECT_FILE, include_bytes!("../../../../examples/demo/counterpoint.toml")),
    ("data.csv", include_bytes!("../../../../examples/demo/data.csv")),
];
/// How the project file of a demo begins.
const MARK: &[u8] = b"# The demo of counterpoint";

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
    for (name, bytes) in FILES {
        // what somebody tried out in an earlier demo stays
        if dir.join(name).symlink_metadata().is_err() {
            write_file(&dir.join(name), bytes)?;
        }
    }
    terminal.say(&format!("The example project is in {}: made-up data of a skincare brand.", dir.display()));
    match fit(&fit_args(dir, &args.how), terminal)? {
        Ending::Without(exit) => Ok(exit),
        Ending::Fitted(fitted) => {
            show(&fitted, terminal);
            terminal.say(&format!("Report: open {} in a browser.", fitted.run.join("report.html").display()));
            terminal.say(&format!(
                "Next: look into {}, then start your own: counterpoint init shop --from data.csv",
                dir.join(PROJECT_FILE).display()
            ));
            terminal.object(&fitted.object);
            Ok(fitted.exit())
        }
    }
}

/// Whether the folder is not there, empty, or holds an earlier demo.
fn is_free(dir: &Path) -> anyhow::Result<bool> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => {
            let earlier = std::fs::read(dir.join(PROJECT_FILE)).is_ok_and(|bytes| bytes.starts_with(MARK));
            Ok(earlier || entries.next().is_none())
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(e) => Err(e).with_context(|| format!("cannot look into {}", dir.display())),
    }
}
