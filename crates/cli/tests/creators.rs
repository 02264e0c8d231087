//! Creators from their tables to the run folder and the report.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{Scratch, arg, object, only_run, said};
use std::path::{Path, PathBuf};

/// A brand with 30 creators on three platforms, with few draws.
fn brand(scratch: &Scratch) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/data/creators-plain-1");
    let to = scratch.path("brand");
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    let file = to.join("counterpoint.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text + "\n[sampler]\nchains = 2\nwarmup = 60\ndraws = 40\n").unwrap();
    to
}

#[test]
fn creators_and_platforms_are_in_the_run_folder_and_the_report() {
    let scratch = Scratch::new();
    let brand = brand(&scratch);
    object(&["check", arg(&brand)], 0);
    // So few draws are no sound fit.
    object(&["fit", arg(&brand), "--threads", "2"], 1);
    let run = only_run(&brand);
    let drivers = std::fs::read_to_string(run.join("drivers.csv")).unwrap();
    let rows = |kind: &str| drivers.lines().filter(|l| l.split(',').nth(1) == Some(kind)).count();
    assert_eq!((rows("channel"), rows("platform"), rows("creator")), (5, 3, 30), "{drivers}");
    assert!(drivers.contains("\ncreator_013,creator,tiktok,229655.35,"), "{drivers}");
    let parameters = std::fs::read_to_string(run.join("parameters.csv")).unwrap();
    for name in ["roi[instagram]", "capture[tiktok]", "leak[creator_022]", "creator_spread[youtube]"] {
        assert!(parameters.contains(&format!("\n{name},")), "{name}");
    }
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("creator_013"));
    forecasts_hold_people_like_those_on_the_roster(&scratch, &brand, &run);
}

/// Forecast as if they had never been worked with, the roster's creators brought what their intervals say: 90 % of 30 are 27; 23 to 30 is the
/// 99 % range of a binomial.
fn forecasts_hold_people_like_those_on_the_roster(scratch: &Scratch, brand: &Path, run: &Path) {
    let read = |file: &str| std::fs::read_to_string(brand.join(file)).unwrap();
    let (people, posts) = (read("creators.csv"), read("posts.csv"));
    let truth: serde_json::Value = serde_json::from_str(&read("truth.json")).unwrap();
    let mut table = String::from("creator,platform,followers,engagement_rate,fake_share,posts\n");
    for line in people.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let made = posts.lines().filter(|p| p.split(',').nth(1) == Some(cells[0])).count();
        table += &format!("{},{},{},{},{},{made}\n", cells[0], cells[1], cells[3], cells[4], cells[5]);
    }
    let file = scratch.write("roster.csv", table);
    let value = object(&["creators", arg(run), "--candidates", arg(&file)], 1);
    let all = value["candidates"].as_array().unwrap();
    let holds = |c: &&serde_json::Value| {
        let brought = truth["creators"][c["candidate"].as_str().unwrap()]["contribution"].as_f64().unwrap();
        let [low, high] = ["q05", "q95"].map(|q| c["part"][q].as_f64().unwrap());
        (low..=high).contains(&brought)
    };
    let inside = all.iter().filter(holds).count();
    assert!(all.len() == 30 && inside >= 23, "{inside} of {}", all.len());
}

#[test]
fn every_mistake_of_the_creators_tables_is_said_at_once() {
    let scratch = Scratch::new();
    let brand = brand(&scratch);
    let change = |file: &str, from: &str, to: &str| {
        let path = brand.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    change("creators.csv", "0.03796", "3.796");
    change("posts.csv", "post_0001,creator_000", "post_0001,creator_00");
    change("posts.csv", "post_0002,creator_000,instagram,feed", "post_0002,creator_000,instagram,banner");
    change("post_stats.csv", "2024-02-20", "2024-02-31");
    change("deals.csv", "deal_001,creator_001,hybrid,2651.09", "deal_001,creator_001,hybrid,");
    change("tracked.csv", "61,2928.0", "many,2928.0");
    let value = object(&["check", arg(&brand)], 1);
    let found = value["findings"].as_array().unwrap();
    let has =
        |code: &str, file: &str| found.iter().any(|f| f["code"] == code && f["file"] == file && f["row"].is_number());
    for (code, file) in [
        ("out-of-range", "creators.csv"),
        ("unknown-creator", "posts.csv"),
        ("unknown-word", "posts.csv"),
        ("date-unreadable", "post_stats.csv"),
        ("deal-incomplete", "deals.csv"),
        ("not-a-number", "tracked.csv"),
    ] {
        assert!(has(code, file), "{code} in {file}: {value}");
    }
    std::fs::remove_file(brand.join("posts.csv")).unwrap();
    let text = said(&["check", arg(&brand)], 1);
    assert!(text.contains("posts.csv"), "{text}");
}

/// A small market of people of three kinds, with a table of overlaps.
fn of_kinds(scratch: &Scratch) -> PathBuf {
    let spec = "seed = 3\ngeos = 2\nperiods = 60\nchannels = 2\n[creators]\ncount = 18\naudience_kinds = 3\nat_home = 0.8\n\
                [[creators.platform]]\nname = \"instagram\"\n";
    let spec = scratch.write("market.toml", spec);
    let market = scratch.path("market");
    object(&["simulate", arg(&spec), "--out", arg(&market)], 0);
    let file = market.join("counterpoint.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text + "\n[sampler]\nchains = 2\nwarmup = 60\ndraws = 40\n").unwrap();
    market
}

#[test]
fn overlaps_are_checked_and_place_candidates() {
    let scratch = Scratch::new();
    let market = of_kinds(&scratch);
    let said = object(&["check", arg(&market)], 0);
    let found = said["findings"].as_array().unwrap();
    let told: Vec<_> = found.iter().filter(|f| f["code"] == "overlap-segments").collect();
    assert!(told.len() == 1 && told.iter().any(|f| f["found"].as_str().unwrap().contains("3 segments")), "{said}");
    let file = market.join("overlaps.csv");
    let table = std::fs::read_to_string(&file).unwrap();
    // Two who are not in the roster: one has the people of a creator, the other nobody's.
    let own: Vec<&str> =
        table.lines().skip(1).filter(|l| l.contains("creator_01,") && l.contains("instagram")).collect();
    let people = std::fs::read_to_string(market.join("creators.csv")).unwrap();
    let followers = |name: &str| -> f64 {
        let row = people.lines().find(|l| l.starts_with(&format!("{name},instagram,"))).unwrap();
        row.split(',').nth(3).unwrap().parse().unwrap()
    };
    let other =
        |line: &str| line.split(',').find(|n| n.starts_with("creator_") && *n != "creator_01").unwrap().to_owned();
    let mut more = table.clone();
    let all: f64 = own.iter().map(|l| followers(&other(l))).sum();
    for line in &own {
        let shared: f64 = line.rsplit(',').next().unwrap().parse().unwrap();
        more += &format!("{},same,instagram,{shared}\n", other(line));
        let even = own.iter().map(|l| l.rsplit(',').next().unwrap().parse::<f64>().unwrap()).sum::<f64>();
        more += &format!("{},even,instagram,{:.0}\n", other(line), even * followers(&other(line)) / all);
    }
    std::fs::write(&file, &more).unwrap();
    object(&["check", arg(&market)], 0);
    object(&["fit", arg(&market), "--threads", "2"], 1);
    let run = only_run(&market);
    let shown: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(run.join("report.json")).unwrap()).unwrap();
    let groups = shown["creators"]["platforms"][0]["groups"].as_array().unwrap();
    // Creators are of the three kinds by turns.
    for group in groups {
        let kinds = group.as_array().unwrap().iter().map(|name| {
            let number: usize = name.as_str().unwrap().trim_start_matches("creator_").parse().unwrap();
            number % 3
        });
        let kinds: std::collections::BTreeSet<usize> = kinds.collect();
        assert_eq!(kinds.len(), 1, "{groups:?}");
    }
    assert_eq!(groups.len(), 3, "{groups:?}");
    let size = followers("creator_01");
    let table = format!(
        "creator,platform,followers,posts\nsame,instagram,{size},8\neven,instagram,{size},8\nnew,instagram,{size},8\n"
    );
    let candidates = scratch.write("candidates.csv", table);
    let value = object(&["creators", arg(&run), "--candidates", arg(&candidates)], 1);
    let part = |i: usize| value["candidates"][i]["incremental"]["q50"].as_f64().unwrap();
    // The same luck for all: what differs is whose people they share.
    assert!((part(1) / part(2) - 1.0).abs() < 0.05, "{} {}", part(1), part(2));
    assert!((part(0) / part(2) - 1.0).abs() > 1e-6, "{} {}", part(0), part(2));
    for (row, code) in [
        ("creator_01,creator_01,instagram,5", "overlap-pair"),
        ("creator_01,creator_04,instagram,5\ncreator_04,creator_01,instagram,5", "overlap-pair"),
        ("creator_01,creator_04,instagram,99999999", "overlap-size"),
        ("nobody,noone,instagram,5", "unknown-creator"),
        ("creator_01,creator_04,blog,5", "overlap-pair"),
        ("creator_01,creator_04,instagram,", "empty-cell"),
        ("creator_01,creator_04,instagram,many", "not-a-number"),
    ] {
        std::fs::write(&file, format!("creator,other,platform,shared_followers\n{row}\n")).unwrap();
        let value = object(&["check", arg(&market)], 1);
        let found = value["findings"].as_array().unwrap();
        let has = found.iter().any(|f| f["code"] == code && f["file"] == "overlaps.csv" && f["row"].is_number());
        assert!(has, "{row}: {value}");
    }
}
