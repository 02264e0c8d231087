//! `fit`: the run folder, the same bytes on any number of threads and after any stop, and nothing half-written.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{Scratch, arg, files, object, only_run, program, said};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_run_folder_holds_what_is_promised() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let value = object(&["fit", arg(&shop), "--threads", "2"], 1);
    // a hundred draws are too few for a sound verdict; the run is written all the same, marked
    assert_ne!(value["verdict"]["status"], "ok");
    let run = only_run(&shop);
    assert_eq!(value["run"], arg(&run));
    let names: Vec<String> = files(&run).into_keys().collect();
    assert_eq!(
        names,
        [
            "contributions.parquet",
            "counterpoint.toml",
            "draws.parquet",
            "drivers.csv",
            "fit.parquet",
            "parameters.csv",
            "report.html",
            "report.json",
            "run.json"
        ]
    );
    let drivers = std::fs::read_to_string(run.join("drivers.csv")).unwrap();
    assert!(
        drivers.starts_with(
            "driver,kind,platform,spend,incremental_mean,incremental_q05,incremental_q50,incremental_q95,roi_mean,roi_q05,roi_q50,\
             roi_q95,mroi_mean,mroi_q05,mroi_q50,mroi_q95,share_mean,share_q05,share_q50,share_q95\nsearch,channel,,"
        ),
        "{drivers}"
    );
    let parameters = std::fs::read_to_string(run.join("parameters.csv")).unwrap();
    assert!(
        parameters.starts_with("name,mean,sd,q05,q25,q50,q75,q95,mcse,rhat,ess_bulk,ess_tail\n")
            && parameters.contains("\nroi[search],"),
        "{parameters}"
    );
    let about: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    for key in [
        "rhat_max",
        "ess_bulk_min",
        "ess_tail_min",
        "ess_bulk_q10",
        "divergences",
        "ebfmi_min",
        "max_depth_hits",
        "gradients",
    ] {
        assert!(about["diagnostics"][key].is_number(), "{key}: {about}");
    }
    for key in ["read", "pilot", "sample", "estimate", "write"] {
        assert!(about["seconds"][key].is_number(), "{key}: {about}");
    }
    assert_eq!((about["sizes"]["periods"].as_u64(), about["sizes"]["observations"].as_u64()), (Some(60), Some(60)));
    let contributions = counterpoint_sources::read_table(&run, "contributions.parquet").unwrap();
    let columns: Vec<&str> = contributions.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(columns, ["date", "geo", "driver", "kind", "mean", "q05", "q50", "q95"]);
    // baseline, price, search, radio
    assert_eq!(contributions.rows(), 4 * 60);
    let draws = counterpoint_sources::read_table(&run, "draws.parquet").unwrap();
    assert_eq!(draws.rows(), 200);
    assert_eq!((draws.columns[0].name.as_str(), draws.columns[1].name.as_str()), ("chain", "draw"));
}

#[test]
fn one_and_two_threads_give_the_same_bytes_and_so_does_report() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    object(&["fit", arg(&shop), "--threads", "1", "--out", arg(&one)], 1);
    object(&["fit", arg(&shop), "--threads", "2", "--out", arg(&two)], 1);
    let whole = files(&one);
    assert!(whole == files(&two));
    std::fs::remove_file(two.join("report.html")).unwrap();
    object(&["report", arg(&two)], 0);
    assert!(whole == files(&two));
}

#[test]
fn another_seed_gives_other_draws() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let (one, two) = (scratch.path("one"), scratch.path("two"));
    // So few draws may or may not be judged as enough.
    for (seed, out) in [("1", &one), ("2", &two)] {
        common::run(&["fit", arg(&shop), "--seed", seed, "--out", arg(out)]);
    }
    assert!(files(&one)["draws.parquet"] != files(&two)["draws.parquet"]);
}

#[test]
fn chains_that_do_not_agree_go_on_and_say_so() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let fit = |longest: &str, out: &Path| {
        let how = ["--draws", "40", "--longest", longest, "--out", arg(out)];
        let done = common::run(&[&["fit", arg(&shop)][..], &how].concat());
        let about: serde_json::Value = serde_json::from_slice(&std::fs::read(out.join("run.json")).unwrap()).unwrap();
        (String::from_utf8(done.stderr).unwrap(), String::from_utf8(done.stdout).unwrap(), about)
    };
    let (err, out, about) = fit("4", &scratch.path("long"));
    let chains = about["diagnostics"]["chains"].as_u64().unwrap();
    assert!(err.contains("do not agree yet after 40 draws each: going on to 80 (160 at most"), "{err}");
    assert!(err.contains("after 80 draws each: going on to 160"), "{err}");
    assert!(out.contains(&format!("Sampler: {chains} x 40 draws, one kept of 4")), "{out}");
    let of = |key: &str| about["diagnostics"][key].as_u64();
    assert_eq!((of("draws"), of("every")), (Some(40), Some(4)));
    assert_eq!(about["settings"]["sampler"]["longest"], 4);
    // A quick look is taken as it is.
    let (err, _, about) = fit("1", &scratch.path("short"));
    assert!(!err.contains("going on"), "{err}");
    assert_eq!(about["diagnostics"]["every"], 1);
}

/// Starts a fit of three chains on one thread, and stops it with `signal` once one chain is kept.
fn stopped(shop: &Path, signal: &str) -> Option<i32> {
    let mut child = program(&long(shop)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while chains(shop).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no chain was kept");
        assert!(child.try_wait().unwrap().is_none(), "the fit was over before it could be stopped");
        std::thread::sleep(Duration::from_millis(3));
    }
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    child.wait().unwrap().code()
}

fn long(shop: &Path) -> Vec<&str> {
    vec!["fit", arg(shop), "--chains", "3", "--threads", "1", "--warmup", "400", "--draws", "1200"]
}

/// Finished chains of a fit that was stopped.
fn chains(shop: &Path) -> Vec<PathBuf> {
    let runs = std::fs::read_dir(shop.join("runs")).into_iter().flatten().flatten();
    let partial = runs.filter(|e| e.file_name().to_string_lossy().starts_with(".partial-"));
    let files = partial.flat_map(|e| std::fs::read_dir(e.path()).unwrap().flatten());
    let mut chains: Vec<PathBuf> =
        files.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "bin")).collect();
    chains.sort();
    chains
}

/// Whether the project holds nothing of a run but kept chains.
fn nothing_half_written(shop: &Path) -> bool {
    std::fs::read_dir(shop.join("runs")).unwrap().flatten().all(|e| {
        let name = e.file_name().to_string_lossy().into_owned();
        name.starts_with(".partial-")
    })
}

#[cfg(unix)]
#[test]
fn a_stopped_fit_goes_on_and_gives_the_bytes_of_one_that_was_not() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let whole = scratch.path("whole");
    let args = [long(&shop), vec!["--out", arg(&whole)]].concat();
    common::run(&args);
    let whole = files(&whole);

    assert_eq!(stopped(&shop, "-INT"), Some(130));
    assert!(nothing_half_written(&shop));
    let text = String::from_utf8(common::run(&long(&shop)).stderr).unwrap();
    assert!(text.contains("of 3 chains are taken from the fit that was stopped"), "{text}");
    // the kept chains are gone with the commit
    assert!(files(&only_run(&shop)) == whole);

    // killed outright, and one of its chains damaged
    std::fs::remove_dir_all(shop.join("runs")).unwrap();
    assert_eq!(stopped(&shop, "-KILL"), None);
    assert!(nothing_half_written(&shop));
    let kept = chains(&shop);
    let mut bytes = std::fs::read(&kept[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&kept[0], bytes).unwrap();
    let text = String::from_utf8(common::run(&long(&shop)).stderr).unwrap();
    assert!(text.contains("that chain is run anew"), "{text}");
    assert!(files(&only_run(&shop)) == whole);
}

#[test]
fn priors_alone_say_so() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let value = object(&["fit", arg(&shop), "--prior-only"], 0);
    assert_eq!(value["verdict"]["status"], "review");
    assert!(value["verdict"]["reasons"][0].as_str().unwrap().contains("No data were used"));
    let html = std::fs::read_to_string(only_run(&shop).join("report.html")).unwrap();
    assert!(html.contains("Shop (prior only)"));
}

#[test]
fn a_window_is_reported_from_the_draws_as_long_as_the_data_are_the_same() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    object(&["fit", arg(&shop)], 1);
    let run = only_run(&shop);
    let whole = object(&["report", arg(&run)], 0);
    let all = object(&["report", arg(&run), "--from", "2025-01-06", "--to", "2026-03-01"], 0);
    let part = object(&["report", arg(&run), "--from", "2025-06-02", "--to", "2025-06-29"], 0);
    let spend = |v: &serde_json::Value| v["drivers"][0]["spend"].as_f64().unwrap();
    assert!((spend(&whole) - spend(&all)).abs() < 1e-6 * spend(&whole));
    // 4 of 60 weeks
    assert!(spend(&part) > 0.0 && spend(&part) < 0.15 * spend(&whole));
    let roi = |v: &serde_json::Value| v["drivers"][0]["roi"]["q50"].as_f64().unwrap();
    assert!((roi(&all) / roi(&whole) - 1.0).abs() < 0.05, "{} {}", roi(&all), roi(&whole));
    assert!(said(&["report", arg(&run), "--from", "2030-01-01"], 1).contains("is after"));
    assert!(said(&["report", arg(&run), "--from", "2020-01-01", "--to", "2020-02-01"], 1).contains("no week begins"));
    scratch.write("shop/data.csv", common::table().replace("2025-01-06,", "2025-01-06,1"));
    assert!(said(&["report", arg(&run), "--from", "2025-06-02"], 1).contains("has changed since this run"));
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_the_first_draw() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    scratch.write("shop/runs", "in the way");
    let text = said(&["fit", arg(&shop)], 1);
    assert!(text.contains("cannot write") || text.contains("exists already"), "{text}");
    std::fs::remove_file(shop.join("runs")).unwrap();
    let text = said(&["fit", arg(&shop), "--out", arg(&shop)], 1);
    assert!(text.contains("exists already"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&shop, std::fs::Permissions::from_mode(0o555)).unwrap();
        // root may write anywhere
        if std::fs::write(shop.join("probe"), "").is_err() {
            assert!(said(&["fit", arg(&shop)], 1).contains("permission denied"));
        }
        std::fs::set_permissions(&shop, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
