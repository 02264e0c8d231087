//! The verb `verify`: what it promises to scripts, which fit it takes, and what it says where there is nothing to verify.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{Scratch, arg, only_run, run};
use serde_json::Value;
use std::process::Output;

fn said(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("panicked") && !text.contains("this is a bug"), "{text}");
    text
}

fn object(args: &[&str]) -> (Value, i32) {
    let output = run(&[args, &["--json"]].concat());
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", said(&output)));
    (value, output.status.code().unwrap())
}

#[test]
fn the_newest_fit_is_verified_and_its_report_shows_it() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    run(&["fit", arg(&shop), "--quiet"]);
    let run_dir = only_run(&shop);
    let (found, code) = object(&["verify", arg(&shop), "--quick"]);
    assert_eq!(only_run(&shop), run_dir, "no second fit");
    assert!(code == 0 || code == 1);
    assert_eq!(found["quick"], true);
    for check in ["recovery", "sensitivity", "predictive"] {
        for at in [&found[check]["status"], &found["verdicts"][check]] {
            assert!(["ok", "review", "fail"].contains(&at.as_str().unwrap()), "{check}: {at}");
        }
    }
    let drivers = found["recovery"]["drivers"].as_array().unwrap();
    assert_eq!(drivers.len(), 2);
    for driver in drivers {
        for key in ["driver", "creator", "bias", "error", "width", "inside", "ratios"] {
            assert!(!driver[key].is_null(), "{key} of {driver}");
        }
    }
    assert!(found["refits"].as_u64().unwrap() >= 4 && found["seconds"].as_f64().unwrap() > 0.0);
    assert!(found["held_out"].is_null() && found["calibration"].is_null());
    let written: Value = serde_json::from_slice(&std::fs::read(run_dir.join("verify.json")).unwrap()).unwrap();
    assert_eq!(written["recovery"], found["recovery"]);
    let page = std::fs::read_to_string(run_dir.join("report.html")).unwrap();
    assert!(page.contains("id=\"trust\"") && page.contains("Can it be trusted"));
    // A damaged one is said where it is read, and mended by verifying again.
    std::fs::write(run_dir.join("verify.json"), "{").unwrap();
    let output = run(&["report", arg(&run_dir)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("verify.json is damaged"), "{}", said(&output));
    run(&["verify", arg(&run_dir), "--quick"]);
    // A report made anew still shows it.
    run(&["report", arg(&run_dir)]);
    assert!(std::fs::read_to_string(run_dir.join("report.html")).unwrap().contains("id=\"trust\""));
    // The same numbers on one thread.
    let out = scratch.path("again.json");
    object(&["verify", arg(&run_dir), "--quick", "--threads", "1", "--out", arg(&out)]);
    assert_eq!(std::fs::read(run_dir.join("verify.json")).unwrap(), std::fs::read(out).unwrap());
}

#[test]
fn a_project_without_a_fit_is_fitted_first_and_a_changed_one_is_not_taken_for_the_old() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let output = run(&["verify", arg(&shop), "--quick"]);
    assert!(said(&output).contains("fitting first"), "{}", said(&output));
    let first = only_run(&shop);
    assert!(first.join("verify.json").exists());
    let data = std::fs::read_to_string(shop.join("data.csv")).unwrap();
    std::fs::write(shop.join("data.csv"), data.trim_end().rsplit_once('\n').unwrap().0).unwrap();
    let output = run(&["verify", arg(&first), "--quick"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("has changed since this run"), "{}", said(&output));
}

#[test]
fn what_cannot_be_verified_is_said() {
    let scratch = Scratch::new();
    let nowhere = scratch.path("nowhere");
    let output = run(&["verify", arg(&nowhere)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("missing-file"), "{}", said(&output));
    let shop = scratch.shop();
    run(&["fit", arg(&shop), "--quiet", "--prior-only"]);
    let output = run(&["verify", arg(&only_run(&shop)), "--quick"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("priors alone"), "{}", said(&output));
    let far = scratch.path("no such folder/verify.json");
    let output = run(&["verify", arg(&only_run(&shop)), "--out", arg(&far)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("is not there: make it"), "{}", said(&output));
    let output = run(&["verify", arg(&shop), "--calibrate", "3"]);
    assert_eq!(output.status.code(), Some(2));
}
