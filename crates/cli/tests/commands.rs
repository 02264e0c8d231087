//! The other commands: usage, exit codes, JSON purity, demo, init.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{Scratch, arg, object, only_run, run, said};

#[test]
fn help_lists_the_verbs_and_each_has_an_example() {
    let text = said(&["--help"], 0);
    for verb in ["init", "check", "fit", "report", "demo", "simulate", "experiment"] {
        assert!(text.contains(&format!("\n  {verb}")), "{verb}: {text}");
        let own = said(&[verb, "--help"], 0);
        assert!(own.contains(&format!("  counterpoint {verb}")) && own.contains("--json"), "{own}");
    }
}

#[test]
fn wrong_usage_is_2() {
    for args in [
        &[][..],
        &["fitt"],
        &["fit"],
        &["fit", "x", "--chains", "0"],
        &["fit", "x", "--chains", "many"],
        &["report", "x", "--from", "yesterday"],
        &["check", "x", "--wrong"],
    ] {
        said(args, 2);
    }
}

#[test]
fn what_is_not_there_is_1_and_one_object() {
    let scratch = Scratch::new();
    let nowhere = scratch.path("nowhere");
    for verb in ["check", "fit"] {
        let value = object(&[verb, arg(&nowhere)], 1);
        assert_eq!(value["findings"][0]["code"], "missing-file", "{value}");
    }
    assert!(object(&["report", arg(&nowhere)], 1)["error"].as_str().unwrap().contains("not a run folder"));
    let shop = scratch.shop();
    let text = said(&["report", arg(&shop)], 1);
    assert!(text.contains("not a run folder"), "{text}");
}

#[test]
fn the_demo_runs_from_nothing_to_a_report() {
    let scratch = Scratch::new();
    let dir = scratch.path("demo");
    let tiny = ["demo", arg(&dir), "--chains", "2", "--warmup", "150", "--draws", "100"];
    // a hundred draws are too few to pass
    let value = object(&tiny, 1);
    assert_eq!(value["sizes"]["geos"], 3);
    // six drivers and three platforms of creators
    assert_eq!(value["estimates"].as_array().unwrap().len(), 9);
    let report = value["report"].as_str().unwrap();
    let page = std::fs::read_to_string(report).unwrap();
    assert!(page.contains("Glow Skincare") && page.contains("Tess Loves Skin"));
    for file in ["creators.csv", "posts.csv", "post_stats.csv", "deals.csv", "tracked.csv", "truth.json"] {
        assert!(dir.join(file).exists(), "{file}");
    }
    let project = std::fs::read_to_string(dir.join("counterpoint.toml")).unwrap();
    assert!(project.starts_with("# The demo of counterpoint: a made-up"), "{project}");
    // a folder with something else in it is left alone
    let taken = scratch.write("taken/letter.txt", "mine");
    let text = said(&["demo", arg(taken.parent().unwrap())], 1);
    assert!(text.contains("no earlier demo"), "{text}");
    assert_eq!(std::fs::read_dir(taken.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn init_guesses_a_project_that_checks_and_never_overwrites_one() {
    let scratch = Scratch::new();
    let table = scratch.write("exports/weekly.csv", common::table());
    let dir = scratch.path("shop");
    let value = object(&["init", arg(&dir), "--from", arg(&table), "--name", "My \"shop\""], 0);
    assert_eq!(value["copied"][0], "weekly.csv");
    assert!(!value["notes"].as_array().unwrap().is_empty());
    assert_eq!(std::fs::read(dir.join("weekly.csv")).unwrap(), std::fs::read(&table).unwrap());
    let checked = object(&["check", arg(&dir)], 0);
    assert_eq!(checked["project"], "My \"shop\"");
    let before = std::fs::read(dir.join("counterpoint.toml")).unwrap();
    let text = said(&["init", arg(&dir)], 1);
    assert!(text.contains("exists already"), "{text}");
    assert_eq!(std::fs::read(dir.join("counterpoint.toml")).unwrap(), before);
    // a table that is in the folder stays where it is
    let value = object(&["init", arg(&dir), "--force", "--from", arg(&dir.join("weekly.csv"))], 0);
    assert_eq!(value["copied"].as_array().unwrap().len(), 0);
    // another table of the same name is not overwritten
    let other = scratch.write("other/weekly.csv", common::table().replace("2025", "2024"));
    let text = said(&["init", arg(&dir), "--force", "--from", arg(&other)], 1);
    assert!(text.contains("file-exists"), "{text}");
    assert_eq!(std::fs::read(dir.join("weekly.csv")).unwrap(), std::fs::read(&table).unwrap());
}

#[test]
fn init_without_tables_writes_a_template() {
    let scratch = Scratch::new();
    let dir = scratch.path("new");
    let text = said(&["init", arg(&dir)], 0);
    assert!(text.contains("template"), "{text}");
    assert!(std::fs::read_to_string(dir.join("counterpoint.toml")).unwrap().contains("name     = \"new\""));
    // its table is missing, and that is what check says
    assert!(said(&["check", arg(&dir)], 1).contains("missing-file"));
}

#[test]
fn quiet_prints_nothing_but_errors() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let output = run(&["fit", arg(&shop), "--quiet"]);
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    assert!(only_run(&shop).join("run.json").is_file());
    scratch.write("shop/data.csv", "");
    let output = run(&["fit", arg(&shop), "--quiet"]);
    assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_simulated_market_has_its_truth_beside_it_and_checks() {
    let scratch = Scratch::new();
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/simulation.toml");
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    let value = object(&["simulate", spec, "--out", arg(&one)], 0);
    let roi = value["truth"]["drivers"][0]["roi"].as_f64().unwrap();
    assert!((roi - 2.0).abs() < 1e-9, "{roi}");
    object(&["check", arg(&one)], 0);
    object(&["simulate", spec, "--out", arg(&two)], 0);
    for file in ["counterpoint.toml", "data.csv", "truth.json", "truth_contributions.csv"] {
        assert_eq!(std::fs::read(one.join(file)).unwrap(), std::fs::read(two.join(file)).unwrap(), "{file}");
    }
    let text = said(&["simulate", spec, "--out", arg(&one)], 1);
    assert!(text.contains("exists already"), "{text}");
    let wrong = scratch.write("wrong.toml", "seed = 1\nperoids = 20\n");
    let text = said(&["simulate", arg(&wrong), "--out", arg(&scratch.path("x"))], 1);
    assert!(text.contains("line 2") && text.contains("peroids") && text.contains("periods"), "{text}");
    let wrong = scratch.write("wrong.toml", "noise = -1.0\n");
    let text = said(&["simulate", arg(&wrong), "--out", arg(&scratch.path("x"))], 1);
    assert!(text.contains("noise") && !scratch.path("x").exists(), "{text}");
    // All keys that do not exist are named, wherever they stand.
    std::fs::write(&wrong, "sed = 3\nperiods = 20\ngeoss = [\n 2 ]\n[[channel]]\nnme = \"x\"\nrio = 2\n").unwrap();
    let text = said(&["simulate", arg(&wrong), "--out", arg(&scratch.path("x"))], 1);
    assert!(["sed", "geoss"].iter().all(|key| text.contains(&format!("`{key}`"))), "{text}");
    std::fs::write(&wrong, "sed = 3\nperiods = 20\n[[channel]]\nnme = \"x\"\nrio = 2\n[creators]\nnobody = 1\n")
        .unwrap();
    let text = said(&["simulate", arg(&wrong), "--out", arg(&scratch.path("x"))], 1);
    assert!(["sed", "nme", "rio", "nobody"].iter().all(|key| text.contains(&format!("`{key}`"))), "{text}");
    assert!(text.contains("line 5"), "{text}");
}
