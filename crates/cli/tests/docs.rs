//! The papers keep their word: every `counterpoint` command in a fenced `sh` block runs, every project file in them parses, every link leads
//! somewhere.
//!
//! The commands of a paper run in the order in which they stand, in a folder of their own. What they name there is supplied: a path below
//! `examples/`, `bench/` or `golden/` is the repository's, another `.csv` is a small table, a project that no earlier command made is a
//! small shop, and a run with another time stamp is the latest one of its project. Fits are made short, so a fit may be judged as failed, but it must end
//! with a run. Lines that call anything else (`cargo`, `cd`) are left out.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::Scratch;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What samples is made short, whatever the paper asks for.
const SHORT: [(&str, &str); 3] = [("--chains", "2"), ("--warmup", "80"), ("--draws", "60")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every paper that is there, by its path from the root.
fn papers() -> Vec<(String, String)> {
    let mut names: Vec<String> =
        ["README.md", "ARCHITECTURE.md", "DESIGN.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(str::to_owned).into();
    let docs = std::fs::read_dir(root().join("docs")).unwrap();
    names.extend(docs.map(|e| format!("docs/{}", e.unwrap().file_name().to_string_lossy())));
    names.sort();
    names.retain(|name| name.ends_with(".md"));
    let read = |name: String| std::fs::read_to_string(root().join(&name)).ok().map(|text| (name, text));
    names.into_iter().filter_map(read).collect()
}

/// The fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The `counterpoint` commands of a paper, without the program's own name.
fn commands(text: &str) -> Vec<String> {
    let lines = blocks(text, "sh")
        .into_iter()
        .flat_map(|b| b.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>());
    let parts = lines.flat_map(|line| line.split("&&").map(str::to_owned).collect::<Vec<_>>());
    let ours = |part: String| {
        let part = part.trim().trim_start_matches("$ ").split(" #").next().unwrap_or("").trim().to_owned();
        let (program, rest) = part.split_once(' ').unwrap_or((&part, ""));
        let name = program.rsplit('/').next().unwrap_or("");
        (name == "counterpoint").then(|| rest.trim().to_owned())
    };
    parts.filter_map(ours).collect()
}

/// Copies a file or a folder, runs left out.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap).filter(|e| e.file_name() != "runs") {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}

/// Brings what a command names and nobody made; gives the command as it is to be run.
fn supply(command: &str, place: &Path) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    let mut made = command.to_owned();
    let ours = |w: &&&str| ["examples/", "bench/", "golden/"].iter().any(|folder| w.starts_with(folder));
    for word in words.iter().filter(ours) {
        let part = if word.starts_with("bench/") { "bench/data" } else { *word };
        assert!(root().join(word).exists(), "`{command}` names {word}, which is not there");
        if !place.join(part).exists() {
            copy(&root().join(part), &place.join(part));
        }
    }
    let written = words.iter().position(|w| *w == "--out").and_then(|at| words.get(at + 1));
    for word in words.iter().filter(|w| w.ends_with(".csv") && Some(*w) != written && !place.join(w).exists()) {
        std::fs::write(place.join(word), common::table()).unwrap();
    }
    let named = words.get(1).filter(|w| !w.starts_with('-') && !w.contains('*'));
    match (words.first().copied(), named) {
        (Some("check" | "fit"), Some(dir)) if !place.join(dir).exists() => {
            std::fs::create_dir_all(place.join(dir)).unwrap();
            std::fs::write(place.join(dir).join("counterpoint.toml"), common::PROJECT).unwrap();
            std::fs::write(place.join(dir).join("data.csv"), common::table()).unwrap();
        }
        (Some("report" | "creators" | "plan" | "stress" | "verify"), Some(run)) if !place.join(run).exists() => {
            let runs = Path::new(run).parent().unwrap();
            let latest =
                std::fs::read_dir(place.join(runs)).into_iter().flatten().map(|e| e.unwrap().file_name()).max();
            let latest = latest.unwrap_or_else(|| panic!("`{command}` needs a run that an earlier command made"));
            made = command.replacen(run, &runs.join(latest).to_string_lossy(), 1);
        }
        _ => {}
    }
    if matches!(words.first(), Some(&"fit" | &"demo")) && !words.contains(&"--help") {
        for (flag, value) in SHORT {
            match words.iter().position(|w| *w == flag).and_then(|at| words.get(at + 1)) {
                Some(own) => made = made.replacen(&format!("{flag} {own}"), &format!("{flag} {value}"), 1),
                None => made += &format!(" {flag} {value}"),
            }
        }
    }
    made
}

/// Runs a command by the shell, so that a `*` in it means what it means to a reader.
fn shell(command: &str, place: &Path) -> (Option<i32>, String) {
    let line = format!("\"$COUNTERPOINT\" {command}");
    let mut sh = Command::new("sh");
    sh.args(["-c", &line]).current_dir(place).env("COUNTERPOINT", env!("CARGO_BIN_EXE_counterpoint"));
    let output = sh.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
#[cfg(unix)]
fn every_command_runs() {
    let mut verbs = std::collections::BTreeSet::new();
    for (paper, text) in papers() {
        let scratch = Scratch::new();
        let place = scratch.path("");
        for command in commands(&text) {
            let made = supply(&command, &place);
            let (code, said) = shell(&made, &place);
            let short =
                matches!(made.split(' ').next(), Some("fit" | "demo" | "creators" | "plan" | "stress" | "verify"));
            let wrote = said.contains("report.html") || said.contains("creators.csv") || said.contains("Written: ");
            let ended = code == Some(0) || (short && code == Some(1) && wrote);
            assert!(ended, "{paper}: counterpoint {command}\n(as `{made}`) gave {code:?}\n{said}");
            assert!(!said.contains("panicked"), "{paper}: counterpoint {command}\n{said}");
            verbs.extend(made.split(' ').next().map(str::to_owned));
        }
    }
    for verb in ["init", "check", "fit", "report", "demo", "simulate", "experiment", "plan", "stress", "verify"] {
        assert!(verbs.contains(verb), "no paper has a command `counterpoint {verb}`");
    }
}

#[test]
fn every_project_file_in_the_papers_parses() {
    let mut count = 0;
    for (paper, text) in papers() {
        for block in blocks(&text, "toml").into_iter().filter(|b| b.contains("[data]")) {
            let (project, findings) = counterpoint_sources::read_project(block);
            assert!(project.is_some() && findings.is_empty(), "{paper}: {findings:?}\n{block}");
            count += 1;
        }
    }
    assert!(count >= 3, "{count}");
}

#[test]
fn every_simulation_in_the_papers_is_a_market() {
    let spec = std::fs::read_to_string(root().join("docs/simulate.md")).unwrap();
    let blocks = blocks(&spec, "toml");
    assert!(!blocks.is_empty());
    for (i, block) in blocks.into_iter().enumerate() {
        let scratch = Scratch::new();
        let file = scratch.write("market.toml", block);
        let out = scratch.path("market");
        let text = common::said(&["simulate", common::arg(&file), "--out", common::arg(&out)], 0);
        assert!(text.contains("truth.json"), "{i}: {text}");
    }
}

#[test]
fn every_link_of_the_papers_leads_somewhere() {
    for (paper, text) in papers() {
        let folder = root().join(&paper).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if !file.is_empty() && !file.contains("://") && !file.contains(' ') {
                assert!(folder.join(file).exists(), "{paper} links to {target}");
            }
        }
    }
}

#[test]
fn commands_are_found_as_people_write_them() {
    let text = "```sh\ncargo run -- demo\n$ counterpoint check shop   # look\ncargo build && target/release/counterpoint demo \\\n  --quiet\n```\n";
    assert_eq!(commands(text), ["check shop", "demo    --quiet"]);
}

/// The row of a table that begins with these words.
fn row<'a>(text: &'a str, first: &str) -> &'a str {
    let start = format!("| {first} |");
    text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {start}"))
}

#[test]
fn the_method_has_the_default_priors_and_the_thresholds_of_the_code() {
    use counterpoint::model::defaults as d;
    use counterpoint::model::prior::Prior;
    use counterpoint_infer::diagnose::verdict as v;
    let text = std::fs::read_to_string(root().join("docs/method.md")).unwrap();
    let section = |title: &str| text.split(&format!("\n## {title}\n")).nth(1).unwrap();
    let priors = section("Default priors");
    let written = |prior: Prior| match prior {
        Prior::LogNormal { mu, sigma, shift: 0.0 } => format!("LogNormal({mu}, {sigma})"),
        Prior::LogNormal { mu, sigma, shift } => format!("{shift} + LogNormal({mu}, {sigma})"),
        other => other.label(),
    };
    for (first, own) in [
        ("ROI", &[d::ROI][..]),
        ("marginal ROI", &[d::MARGINAL_ROI]),
        ("contribution", &[d::CONTRIBUTION]),
        ("contribution of a treatment", &[d::TREATMENT_CONTRIBUTION]),
        ("coefficient, positive", &[d::COEFFICIENT]),
        ("coefficient, either sign", &[d::SIGNED_COEFFICIENT]),
        ("retention", &[d::RETENTION]),
        ("delay", &[d::DELAY]),
        ("Weibull density: shape; scale", &[d::WEIBULL_PDF_SHAPE, d::WEIBULL_PDF_SCALE]),
        ("Weibull survival: shape and scale", &[d::WEIBULL_CDF]),
        ("half-saturation", &[d::HALF_SATURATION]),
        ("half-saturation of frequency", &[d::FREQUENCY_HALF_SATURATION]),
        ("Hill slope", &[d::SLOPE]),
        ("Hill slope of frequency", &[d::FREQUENCY_SLOPE]),
        ("logistic rate", &[d::LOGISTIC_RATE]),
        ("tanh scale", &[d::TANH_SCALE]),
        ("root power", &[d::ROOT_POWER]),
        ("spread of effects over geos", &[d::GEO_SPREAD]),
        ("noise sigma", &[d::SIGMA]),
        ("degrees of freedom of Student-t", &[d::STUDENT_DF]),
        ("AR(1)", &[d::AR1]),
        ("step of the trend", &[d::TREND_STEP]),
        ("spread of levels over geos", &[d::LEVEL_SPREAD]),
        ("common level", &[Prior::Normal { mean: 0.0, sd: d::LEVEL_SD }]),
        ("free knot", &[Prior::Normal { mean: 0.0, sd: d::KNOT_SD }]),
        (
            "slope of a control; its spread over geos",
            &[Prior::Normal { mean: 0.0, sd: d::CONTROL_SD }, d::CONTROL_SPREAD],
        ),
        (
            "coefficient of a season; its spread over geos",
            &[Prior::Normal { mean: 0.0, sd: d::SEASON_SD }, d::SEASON_SPREAD],
        ),
        ("effect of a holiday", &[Prior::Normal { mean: 0.0, sd: d::HOLIDAY_SD }]),
    ] {
        for prior in own {
            let (row, label) = (row(priors, first), written(*prior));
            assert!(row.contains(&label), "{label} is the default, but the method has {row}");
        }
    }
    let experiments = section("Experiments");
    assert!(row(experiments, "`hidden_demand` (h)").contains(&d::HIDDEN_DEMAND.label()));
    assert!(experiments.contains(&format!("drift {} unless", d::EXPERIMENT_DRIFT)));
    let surprising = 100.0 * counterpoint::model::evidence::SURPRISING;
    assert!(experiments.contains(&format!("Below {surprising} %")));
    for (first, values) in [
        ("R-hat, rank-normalised, split; the largest", vec![v::RHAT_OK, v::RHAT_REVIEW]),
        ("effective sample size, bulk and tail; the smallest", vec![v::ESS_PER_CHAIN_OK, v::ESS_TOTAL_FAIL]),
        ("divergences", vec![100.0 * v::DIVERGENT_SHARE_FAIL]),
        ("E-BFMI, the smallest of the chains", vec![v::EBFMI_REVIEW, v::EBFMI_FAIL]),
        ("draws at the largest tree depth", vec![100.0 * v::MAX_DEPTH_SHARE_REVIEW]),
    ] {
        for value in values {
            let row = row(section("Diagnostics and verdict"), first);
            assert!(row.contains(&format!("{value}")), "{value} is the threshold, but the method has {row}");
        }
    }
}

/// The keys of an object.
fn keys(value: &serde_json::Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_key_of_a_simulation_is_in_its_paper() {
    use counterpoint::simulate::{ChannelSpec, GeoSpec, PersonSpec, PlatformSpec, RosterSpec, SimulationSpec};
    let text = std::fs::read_to_string(root().join("docs/simulate.md")).unwrap();
    let spec = serde_json::to_value(SimulationSpec::default()).unwrap();
    let channel = serde_json::to_value(ChannelSpec::default()).unwrap();
    for key in keys(&spec).into_iter().filter(|k| k != "channel").chain(keys(&channel)) {
        row(&text, &format!("`{key}`"));
    }
    assert!(text.contains("`[[channel]]`"));
    let json = |value: Result<serde_json::Value, serde_json::Error>| keys(&value.unwrap());
    let lists = ["platform", "creator"];
    let all = json(serde_json::to_value(RosterSpec::default())).into_iter().filter(|k| !lists.contains(&k.as_str()));
    let of_platforms = json(serde_json::to_value(PlatformSpec::default()));
    let of_people = json(serde_json::to_value(PersonSpec::default()));
    let of_geos = json(serde_json::to_value(GeoSpec::default()));
    for key in all.chain(of_platforms).chain(of_people).chain(of_geos) {
        assert!(text.contains(&format!("`{key}`")), "`{key}`");
    }
    for table in ["geo", "creators.platform", "creators.creator"] {
        assert!(text.contains(&format!("`[[{table}]]`")), "[[{table}]]");
    }
}

#[test]
fn every_file_column_and_key_of_a_run_is_in_its_paper() {
    let text = std::fs::read_to_string(root().join("docs/run-folder.md")).unwrap();
    let scratch = Scratch::new();
    let shop = scratch.shop();
    common::run(&["fit", common::arg(&shop), "--quiet"]);
    let run = common::only_run(&shop);
    let has = |word: &str| assert!(text.contains(&format!("`{word}`")), "docs/run-folder.md has no `{word}`");
    std::fs::read_dir(&run).unwrap().for_each(|e| has(&e.unwrap().file_name().to_string_lossy()));
    let json = std::fs::read_to_string(run.join("run.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for key in keys(&json) {
        has(&key);
    }
    for part in ["sizes", "seconds", "diagnostics", "verdict", "findings", "fit", "loo"] {
        keys(&json[part]).iter().filter(|k| !k.ends_with("_parameter")).for_each(|k| has(k));
    }
    let header = |file: &str| {
        let text = std::fs::read_to_string(run.join(file)).unwrap();
        text.lines().next().unwrap().split(',').map(str::to_owned).collect::<Vec<_>>()
    };
    header("parameters.csv").iter().for_each(|c| has(c));
    for column in header("drivers.csv") {
        let parts = ["_mean", "_q05", "_q50", "_q95"];
        let measure = parts.iter().find_map(|part| column.strip_suffix(part).inspect(|_| has(part)));
        has(measure.unwrap_or(&column));
    }
    for (file, columns) in [
        ("contributions.parquet", &["date", "geo", "driver", "kind", "mean", "q05", "q50", "q95"][..]),
        (
            "fit.parquet",
            &[
                "date",
                "geo",
                "observed",
                "expected_mean",
                "expected_q05",
                "expected_q95",
                "predicted_q05",
                "predicted_q95",
            ],
        ),
    ] {
        let table = counterpoint_sources::read_table(&run, file).unwrap();
        assert_eq!(table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), columns, "{file}");
        columns.iter().for_each(|c| has(c));
    }
}
