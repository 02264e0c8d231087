//! Experiments from the project file and a table to the run folder, the verdict and the report.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{PROJECT, Scratch, arg, files, object, only_run, said, table};
use std::path::PathBuf;

/// The shop with a pause of radio in the table and a test of search in the project file; the truth is 1.5 and 0.8 a unit.
fn shop(scratch: &Scratch, lift: f64) -> PathBuf {
    let test = format!(
        "\n[[experiment]]\nname = \"search <b>doubled</b>\"\ndriver = \"search\"\nstart = 2025-05-05\nend = 2025-06-01\nchange = 2.0\n\
         lift = {lift}\nse = 60.0\n"
    );
    let rows = "experiment,driver,start,end,change,lift,se\nradio on,radio,2025-06-30,2025-07-13,on,280,90\n";
    scratch.write("shop/counterpoint.toml", format!("experiments = \"experiments.csv\"\n{PROJECT}{test}"));
    scratch.write("shop/experiments.csv", rows);
    scratch.write("shop/data.csv", table());
    scratch.path("shop")
}

#[test]
fn experiments_are_in_the_run_folder_the_report_and_on_the_terminal() {
    let scratch = Scratch::new();
    let shop = shop(&scratch, 300.0);
    let checked = said(&["check", arg(&shop)], 0);
    assert!(!checked.contains("experiment-"), "{checked}");
    let value = object(&["fit", arg(&shop), "--threads", "2"], 1);
    let run = only_run(&shop);
    let rows = value["experiments"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["experiment"], &rows[1]["experiment"]), (&"search <b>doubled</b>".into(), &"radio on".into()));
    assert_eq!((&rows[1]["observed"], &rows[1]["se"]), (&280.0.into(), &90.0.into()));
    let lines = std::fs::read_to_string(run.join("experiments.csv")).unwrap();
    let columns = "experiment,driver,observed,se,se_reported,predicted_mean,predicted_q05,predicted_q95,predicted_without_mean,\
                   predicted_without_q05,predicted_without_q95,roi_mean,roi_q05,roi_q95,roi_without_mean,roi_without_q05,roi_without_q95,\
                   prior_tail,data_tail";
    assert_eq!(lines.lines().next(), Some(columns));
    assert_eq!(lines.lines().count(), 3, "{lines}");
    let paper = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/run-folder.md")).unwrap();
    for column in columns.split(',') {
        let parts = ["_mean", "_q05", "_q95"].iter().find_map(|part| column.strip_suffix(part));
        assert!(paper.contains(&format!("`{}`", parts.unwrap_or(column))), "docs/run-folder.md has no `{column}`");
    }
    assert!(paper.contains("`experiments.csv`"));
    let about: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    assert_eq!(about["sizes"]["experiments"], 2);
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(
        page.contains("Evidence from experiments") && page.contains("radio on") && !page.contains("<b>doubled</b>")
    );
    // A report of a window is made anew from the run and keeps what the experiments said.
    said(&["report", arg(&run), "--from", "2025-04-01"], 0);
    let windowed = std::fs::read_dir(&run).unwrap().map(|e| e.unwrap().path());
    let windowed = windowed.into_iter().find(|p| p.to_string_lossy().contains("report-2025")).unwrap();
    assert!(std::fs::read_to_string(windowed).unwrap().contains("Evidence from experiments"));
    let told = said(&["fit", arg(&shop), "--out", arg(&scratch.path("again"))], 1);
    assert!(told.contains("radio on") && told.contains("without tests"), "{told}");
}

#[test]
fn one_and_two_threads_give_the_same_bytes() {
    let scratch = Scratch::new();
    let shop = shop(&scratch, 300.0);
    let fit = |threads: &str| {
        let out = scratch.path(threads);
        said(&["fit", arg(&shop), "--threads", threads, "--out", arg(&out), "--quiet"], 1);
        files(&out)
    };
    assert_eq!(fit("1"), fit("2"));
}

#[test]
fn what_contradicts_an_experiment_is_in_the_verdict() {
    let scratch = Scratch::new();
    let shop = shop(&scratch, -900.0);
    let checked = said(&["check", arg(&shop)], 0);
    assert!(checked.contains("experiment-sign"), "{checked}");
    let value = object(&["fit", arg(&shop)], 1);
    let reasons = value["verdict"]["reasons"].to_string();
    assert!(reasons.contains("The priors contradict the experiment search"), "{reasons}");
    assert!(reasons.contains("The data without any experiment contradict search"), "{reasons}");
    let prior_only = object(&["fit", arg(&shop), "--prior-only", "--out", arg(&scratch.path("prior"))], 0);
    assert_eq!(prior_only["experiments"], serde_json::json!([]));
}

#[test]
fn mistakes_have_their_place() {
    let scratch = Scratch::new();
    let shop = shop(&scratch, 300.0);
    scratch.write("shop/experiments.csv", "driver,start,end,change,lift,se\ntv,2025-06-30,2025-07-13,on,280,90\n");
    let told = said(&["check", arg(&shop)], 1);
    assert!(told.contains("experiments.csv, line 2, `driver`") && told.contains("experiment-driver"), "{told}");
    std::fs::remove_file(scratch.path("shop/experiments.csv")).unwrap();
    assert!(said(&["check", arg(&shop)], 1).contains("experiments.csv"));
}
