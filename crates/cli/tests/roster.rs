//! The verb `creators`: who brought what and for what price, and who would.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{Scratch, arg, object, only_run, run, said};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Who stays of the brand's thirty.
const PEOPLE: [&str; 8] = [
    "creator_001",
    "creator_006",
    "creator_026",
    "creator_012",
    "creator_003",
    "creator_008",
    "creator_013",
    "creator_024",
];
/// Names that a spreadsheet, a browser or a terminal would run.
const FORMULA: &str = "=cmd|'/C calc'!A1";
const SCRIPT: &str = "<script>alert(1)</script>";
const WIPE: &str = "\u{1b}[2Jnora";

/// A part of a table: rows that may stay, columns that may go.
fn part(text: &str, keep: impl Fn(&BTreeMap<&str, &str>) -> bool, drop: impl Fn(&str) -> bool) -> String {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let stays: Vec<usize> = (0..head.len()).filter(|&i| !drop(head[i])).collect();
    let mut out = stays.iter().map(|&i| head[i]).collect::<Vec<_>>().join(",") + "\n";
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        if keep(&head.iter().copied().zip(cells.iter().copied()).collect()) {
            out += &(stays.iter().map(|&i| cells[i]).collect::<Vec<_>>().join(",") + "\n");
        }
    }
    out
}

/// Eight of the brand's creators in three of its geos, two of them under hostile names.
fn brand(scratch: &Scratch) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/data/creators-plain-1");
    let read = |file: &str| std::fs::read_to_string(from.join(file)).unwrap();
    let rename = |text: String| text.replace("creator_013", FORMULA).replace("creator_001", SCRIPT);
    let known = |row: &BTreeMap<&str, &str>| row.get("creator").is_none_or(|c| PEOPLE.contains(c));
    let far = |column: &str| column.strip_prefix("audience_").is_some_and(|g| g > "geo_03");
    for file in ["creators.csv", "posts.csv", "deals.csv", "tracked.csv"] {
        scratch.write(&format!("brand/{file}"), rename(part(&read(file), known, far)));
    }
    let posts = part(&read("posts.csv"), known, |_| false);
    let seen = |row: &BTreeMap<&str, &str>| posts.contains(&format!("\n{},", row["post"]));
    scratch.write("brand/post_stats.csv", part(&read("post_stats.csv"), seen, |_| false));
    scratch.write("brand/data.csv", part(&read("data.csv"), |row| row["geo"] <= "geo_03", |_| false));
    let file = read("counterpoint.toml") + "\n[sampler]\nchains = 2\nwarmup = 40\ndraws = 30\n";
    scratch.write("brand/counterpoint.toml", file);
    scratch.path("brand")
}

/// A copy of a run whose fit is to be believed.
fn believed(run: &Path, to: &Path) -> PathBuf {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(run).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let file = to.join("run.json");
    let mut about: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    about["verdict"] = serde_json::json!({ "status": "ok", "reasons": [] });
    about["project_dir"] = run.join("../..").canonicalize().unwrap().to_str().into();
    std::fs::write(file, about.to_string()).unwrap();
    to.to_owned()
}

/// The rows of a CSV by their first cell, as a reader of tables sees them.
fn rows(file: &Path) -> Vec<BTreeMap<String, String>> {
    let table = counterpoint_sources::read_table(Path::new(""), arg(file)).unwrap();
    let text = |cells: &counterpoint::data::Cells, row: usize| match cells {
        counterpoint::data::Cells::Text(all) => all[row].as_deref().unwrap_or("").to_owned(),
        other => panic!("{other:?}"),
    };
    let row = |row: usize| table.columns.iter().map(|c| (c.name.clone(), text(&c.cells, row))).collect();
    (0..table.rows()).map(row).collect()
}

fn header(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().next().unwrap().split(',').map(str::to_owned).collect()
}

fn of<'a>(all: &'a Value, key: &str, name: &str) -> &'a Value {
    all.as_array().unwrap().iter().find(|x| x[key] == name).unwrap_or_else(|| panic!("no {name} in {all}"))
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-6 * (1.0 + a.abs().max(b.abs())), "{a} {b}");
}

#[test]
fn the_roster_its_deals_and_candidates_are_told() {
    let scratch = Scratch::new();
    let brand = brand(&scratch);
    object(&["fit", arg(&brand), "--threads", "2"], 1);
    let failed = only_run(&brand);
    a_failed_fit_gives_numbers_and_no_verdict(&failed);
    let run = believed(&failed, &scratch.path("run"));
    what_the_priors_say_has_no_verdict(&scratch, &brand);
    the_roster_is_told(&run);
    the_level_moves_fair_terms(&run);
    the_tables_are_safe_and_documented(&run);
    candidates_are_forecast(&scratch, &run);
    every_mistake_of_the_candidates_is_said_at_once(&scratch, &run);
    what_is_read_is_not_written_over(&scratch, &brand, &run);
    // A table that changed since is not the one that was fitted.
    let file = brand.join("deals.csv");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + "\n").unwrap();
    let text = said(&["creators", arg(&run)], 1);
    assert!(text.contains("has changed since this run"), "{text}");
}

fn a_failed_fit_gives_numbers_and_no_verdict(run: &Path) {
    let text = said(&["creators", arg(run)], 1);
    assert!(text.contains("Verdict: fail") && text.contains("creator_006"), "{text}");
    assert!(["renew:", "stop:", "test:", "renegotiate:"].iter().all(|word| !text.contains(word)), "{text}");
    let value = object(&["creators", arg(run)], 1);
    assert!(value["creators"].as_array().unwrap().iter().all(|c| c["verdict"].is_null()), "{value}");
    assert!(rows(&run.join("creators.csv")).iter().all(|r| r["verdict"].is_empty() && r["reason"].contains("failed")));
}

fn what_the_priors_say_has_no_verdict(scratch: &Scratch, brand: &Path) {
    let run = scratch.path("prior");
    object(&["fit", arg(brand), "--prior-only", "--out", arg(&run)], 0);
    let value = object(&["creators", arg(&run)], 0);
    let none =
        |c: &Value| c["verdict"].is_null() && c["reason"].as_str().is_some_and(|r| r.contains("No data were used"));
    assert!(value["creators"].as_array().unwrap().iter().all(none), "{value}");
}

fn the_roster_is_told(run: &Path) {
    let value = object(&["creators", arg(run)], 0);
    let (creators, deals) = (&value["creators"], &value["deals"]);
    assert_eq!((creators.as_array().unwrap().len(), deals.as_array().unwrap().len()), (8, 8));
    let drivers = rows(&run.join("drivers.csv"));
    for c in creators.as_array().unwrap() {
        let name = c["creator"].as_str().unwrap();
        let mean = c["incremental"]["mean"].as_f64().unwrap();
        // The numbers are those of the fit, though read back from its draws.
        let row = drivers.iter().find(|r| r["driver"].trim_start_matches('\'') == name).unwrap();
        close(mean, row["incremental_mean"].parse().unwrap());
        close(c["spend"].as_f64().unwrap(), row["spend"].parse().unwrap());
        // One deal each, over all posts.
        let deal = of(deals, "creator", name);
        close(deal["incremental"]["mean"].as_f64().unwrap(), mean);
        close(deal["cost"].as_f64().unwrap(), c["spend"].as_f64().unwrap());
        assert_eq!(deal["attribution"], "posts");
        let verdict = c["verdict"].as_str().unwrap();
        assert!(["renew", "renegotiate", "test", "stop"].contains(&verdict), "{verdict}");
        assert!(c["reason"].as_str().unwrap().ends_with('.'));
        assert!(["capture", "leak", "roi", "margin_roi"].iter().all(|k| c[k]["q95"].is_number()), "{c}");
    }
    let commission = of(deals, "kind", "commission");
    assert_eq!(commission["term_unit"], "of tracked sales");
    assert!(commission["commission_not_incremental"]["mean"].as_f64().unwrap() > 0.0);
    let text = said(&["creators", arg(run)], 0);
    for word in ["8 creators:", "creator_006", "fair fee", "codes see", "renew: The return on margin", "creators.csv"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

fn the_level_moves_fair_terms(run: &Path) {
    let fair = |level: &str| {
        let value = object(&["creators", arg(run), "--level", level], 0);
        assert_eq!(value["level"].to_string(), level);
        of(&value["deals"], "creator", "creator_003")["fair_term"].as_f64().unwrap()
    };
    assert!(fair("0.95") < fair("0.5"));
    for wrong in ["0", "1", "1.2", "much"] {
        assert_eq!(common::run(&["creators", arg(run), "--level", wrong]).status.code(), Some(2), "{wrong}");
    }
}

fn the_tables_are_safe_and_documented(run: &Path) {
    let people = std::fs::read_to_string(run.join("creators.csv")).unwrap();
    assert!(people.contains(&format!("\n'{FORMULA},")) && people.contains(SCRIPT), "{people}");
    assert!(std::fs::read_to_string(run.join("deals.csv")).unwrap().contains(&format!(",'{FORMULA},")));
    let first = ["creator", "platforms", "niche", "posts", "views", "spend", "incremental_mean", "incremental_q05"];
    assert_eq!(header(&run.join("creators.csv"))[..8], first);
    assert_eq!(header(&run.join("deals.csv"))[..4], ["deal", "creator", "kind", "posts"]);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/run-folder.md");
    let text = std::fs::read_to_string(file).unwrap();
    for column in header(&run.join("creators.csv")).into_iter().chain(header(&run.join("deals.csv"))) {
        documented(&text, &column);
    }
}

fn documented(text: &str, column: &str) {
    let measure = ["_mean", "_q05", "_q50", "_q95"].iter().find_map(|part| column.strip_suffix(part));
    let word = format!("`{}`", measure.unwrap_or(column));
    assert!(text.contains(&word), "docs/run-folder.md has no {word}");
}

fn candidates_are_forecast(scratch: &Scratch, run: &Path) {
    let table = format!(
        "creator,platform,followers,engagement_rate,fake_share,fee,kind,rate,posts,format\n\
         {WIPE},instagram,60000,0.035,0.1,3000,,,4,feed\n\
         {FORMULA},tiktok,90000,,,,commission,0.1,2,\n\
         tw,twitch,50000,,,100,,,,\n"
    );
    let file = scratch.write("people.csv", table);
    let value = object(&["creators", arg(run), "--candidates", arg(&file)], 0);
    let all = &value["candidates"];
    let nora = of(all, "platform", "instagram");
    for key in ["views", "incremental", "part", "cost", "roi", "margin_roi"] {
        let x = &nora[key];
        assert!(x["q05"].as_f64().unwrap() <= x["q50"].as_f64().unwrap(), "{key}: {nora}");
        assert!(x["q50"].as_f64().unwrap() <= x["q95"].as_f64().unwrap(), "{key}: {nora}");
    }
    assert_eq!((nora["cost"]["mean"].as_f64(), nora["kind"].as_str()), (Some(12_000.0), Some("flat")));
    assert!(nora["fair_term"].as_f64().unwrap() > 0.0 && nora["prob_pays"].is_number());
    assert!(nora["basis"].as_str().unwrap().contains("4 creators"), "{nora}");
    let commission = of(all, "platform", "tiktok");
    assert!(commission["cost"]["q95"].as_f64().unwrap() > commission["cost"]["q05"].as_f64().unwrap());
    assert!(commission["basis"].as_str().unwrap().contains("at random: engagement rate, fake share"), "{commission}");
    assert!(commission["basis"].as_str().unwrap().contains("Already on the roster"), "{commission}");
    let unknown = of(all, "candidate", "tw");
    assert!(["views", "incremental", "roi", "fair", "prob_pays"].iter().all(|k| unknown[k].is_null()), "{unknown}");
    assert!(unknown["basis"].as_str().unwrap().contains("nothing can be told"));
    let text = said(&["creators", arg(run), "--candidates", arg(&file)], 0);
    assert!(!text.contains('\u{1b}') && text.contains("would add"), "{text}");
    let written = run.join("candidates.csv");
    assert!(std::fs::read_to_string(&written).unwrap().contains(&format!("\n'{FORMULA},")));
    let page = scratch.path("page.html");
    said(&["report", arg(run), "--candidates", arg(&file), "--out", arg(&page)], 0);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("id=\"candidates\"") && page.contains("nora") && !page.contains(SCRIPT));
    let paper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/run-folder.md");
    let paper = std::fs::read_to_string(paper).unwrap();
    header(&written).iter().for_each(|column| documented(&paper, column));
    std::fs::remove_file(written).unwrap();
}

fn every_mistake_of_the_candidates_is_said_at_once(scratch: &Scratch, run: &Path) {
    let table = "creator,platform,followers,engagement_rate,fee,kind,rate,posts,format\n\
                 a,instagram,many,0.03,,,,,\n\
                 b,instagram,500,3.5,,,,,\n\
                 c,instagram,500,,,,0.1,,\n\
                 d,instagram,500,,,hybrid,0.1,,\n\
                 e,instagram,500,,,barter,,,\n\
                 f,instagram,500,,,,,2.5,\n\
                 g,instagram,500,,,,,,banner\n\
                 ,instagram,500,,,,,,\n";
    let file = scratch.write("wrong.csv", table);
    let value = object(&["creators", arg(run), "--candidates", arg(&file)], 1);
    let found = value["findings"].as_array().unwrap();
    for (code, row, column) in [
        ("not-a-number", 2, "followers"),
        ("out-of-range", 3, "engagement_rate"),
        ("candidate-kind", 4, "kind"),
        ("deal-incomplete", 5, "fee"),
        ("unknown-word", 6, "kind"),
        ("out-of-range", 7, "posts"),
        ("unknown-word", 8, "format"),
        ("empty-cell", 9, "creator"),
    ] {
        let has = |f: &Value| f["code"] == code && f["row"] == row && f["column"] == column;
        assert!(found.iter().any(has), "{code} in line {row}: {value}");
    }
    assert_eq!(found.len(), 8, "{value}");
    assert!(!run.join("candidates.csv").exists());
    let page = scratch.path("wrong.html");
    let value = object(&["report", arg(run), "--candidates", arg(&file), "--out", arg(&page)], 1);
    assert!(value["findings"].as_array().unwrap().len() == 8 && !page.exists(), "{value}");
    let text = said(&["creators", arg(run), "--candidates", arg(&file)], 1);
    assert!(text.contains("wrong.csv, line 2, `followers`") && text.contains("Nothing was written"), "{text}");
    let columns = scratch.write("columns.csv", "creator,followrs\na,5\n");
    let text = said(&["creators", arg(run), "--candidates", arg(&columns)], 1);
    assert!(text.contains("no column `platform`") && text.contains("no column `followers`"), "{text}");
    let text = said(&["creators", arg(run), "--candidates", arg(&scratch.path("none.csv"))], 1);
    assert!(text.contains("no such file"), "{text}");
}

fn what_is_read_is_not_written_over(scratch: &Scratch, brand: &Path, run: &Path) {
    let out = scratch.path("roster.csv");
    said(&["creators", arg(run), "--out", arg(&out)], 0);
    assert!(out.is_file() && scratch.path("roster-deals.csv").is_file());
    let table = brand.join("creators.csv");
    let before = std::fs::read(&table).unwrap();
    let text = said(&["creators", arg(run), "--out", arg(&table)], 1);
    assert!(text.contains("is read from"), "{text}");
    assert_eq!(std::fs::read(&table).unwrap(), before);
}

#[test]
fn a_run_without_creators_says_so() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    run(&["fit", arg(&shop), "--quiet"]);
    let text = said(&["creators", arg(&only_run(&shop))], 1);
    assert!(text.contains("has no creators") && text.contains("[creators]"), "{text}");
    let text = said(&["creators", arg(&shop)], 1);
    assert!(text.contains("is not a run folder"), "{text}");
}
