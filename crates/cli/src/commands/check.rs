//! `counterpoint check`: everything that is wrong with a project, or worth a look.

use crate::args::CheckArgs;
use crate::exit::Exit;
use crate::load::{Loaded, load};
use crate::terminal::Terminal;
use counterpoint::finding::{Finding, Severity};
use serde_json::{Value, json};

/// Runs the command.
pub(crate) fn run(args: &CheckArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let loaded = load(&args.dir);
    terminal.findings(&loaded.findings);
    terminal.say(&summary(&loaded));
    let next = if loaded.failed() {
        format!("mend what is FAIL above, then: counterpoint check {}", args.dir.display())
    } else {
        format!("counterpoint fit {}", args.dir.display())
    };
    terminal.say(&format!("Next: {next}"));
    terminal.object(&to_json(&loaded));
    Ok(if loaded.failed() { Exit::Fault } else { Exit::Done })
}

/// How many findings are FAIL, REVIEW, INFO.
pub(crate) fn counts(findings: &[Finding]) -> [usize; 3] {
    [Severity::Fail, Severity::Review, Severity::Info].map(|s| findings.iter().filter(|f| f.severity == s).count())
}

/// One sentence on the data and what was found.
pub(crate) fn summary(loaded: &Loaded) -> String {
    let [fail, review, info] = counts(&loaded.findings);
    let found = format!("{fail} FAIL, {review} REVIEW, {info} INFO");
    match (&loaded.project, &loaded.dataset) {
        (Some(project), Some(data)) => {
            let word = crate::report_data::cadence(data);
            let first = data.dates.first().map(ToString::to_string).unwrap_or_default();
            format!(
                "{}: {}, {} from {first}, {}: {found}.",
                crate::terminal::plain(&project.name),
                plural(data.n_geos(), "geo"),
                plural(data.n_periods(), word),
                plural(data.drivers.len(), "driver"),
            )
        }
        _ => format!("{}: {found}.", loaded.dir.display()),
    }
}

fn plural(n: usize, word: &str) -> String {
    counterpoint_report::sentences::plural(n, word)
}

/// The findings as one object.
pub(crate) fn to_json(loaded: &Loaded) -> Value {
    let [fail, review, info] = counts(&loaded.findings);
    json!({
        "project": loaded.project.as_ref().map(|p| &p.name),
        "ok": !loaded.failed(),
        "counts": { "fail": fail, "review": review, "info": info },
        "findings": loaded.findings,
        "data": loaded.dataset.as_ref().map(|d| json!({
            "geos": d.n_geos(),
            "periods": d.n_periods(),
            "cadence": crate::report_data::cadence(d),
            "drivers": d.drivers.iter().map(|d| &d.name).collect::<Vec<_>>(),
            "controls": d.controls.iter().map(|c| &c.name).collect::<Vec<_>>(),
        })),
    })
}
