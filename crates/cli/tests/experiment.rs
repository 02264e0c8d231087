//! `experiment`: the promised object, panels as people have them, and what is wrong with them.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{Scratch, arg, object, said};
use std::path::{Path, PathBuf};

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(file)
}

#[track_caller]
fn close(found: &serde_json::Value, wanted: f64, tolerance: f64) {
    let found = found.as_f64().unwrap_or(f64::NAN);
    assert!((found - wanted).abs() <= tolerance, "{found} is not {wanted} (within {tolerance})");
}

const TEST: [&str; 12] = [
    "--unit",
    "location",
    "--time",
    "date",
    "--outcome",
    "Y",
    "--treated",
    "chicago,portland",
    "--start",
    "2021-04-01",
    "--end",
    "2021-04-15",
];

fn read(file: &Path, more: &[&str]) -> Vec<String> {
    ["experiment", "read", arg(file)].iter().chain(more).map(|s| (*s).to_owned()).collect()
}

fn found(file: &Path, more: &[&str]) -> serde_json::Value {
    let args = read(file, more);
    object(&args.iter().map(String::as_str).collect::<Vec<_>>(), 0)
}

#[test]
fn the_promised_object() {
    let file = golden("geolift/test.csv");
    let value = found(&file, &[&TEST[..], &["--cost", "50000"]].concat());
    assert_eq!(value["method"], "ascm");
    close(&value["level"], 0.9, 0.0);
    close(&value["att"], 156.805, 5e-4);
    close(&value["lift"], 0.0547, 5e-5);
    close(&value["total"], 4704.16, 0.01);
    close(&value["roi"], 4704.16 / 50000.0, 1e-6);
    close(&value["pre_fit"]["l2"], 903.525, 5e-4);
    close(&value["pre_fit"]["scaled_l2"], 0.1626, 6e-5);
    close(&value["weights"]["cincinnati"], 0.227, 0.001);
    let (low, high, p) =
        (value["low"].as_f64().unwrap(), value["high"].as_f64().unwrap(), value["p"].as_f64().unwrap());
    assert!(low < 156.0 && high > 157.0);
    assert_eq!(p > 0.1, low <= 0.0 && high >= 0.0);
    let effects = value["effects"].as_array().unwrap();
    assert_eq!(effects.len(), 15);
    assert_eq!(effects[0]["time"], "2021-04-01");
    for key in ["time", "effect", "low", "high"] {
        assert!(!effects[0][key].is_null(), "{key}");
    }
    let value = found(&file, &[&TEST[..], &["--method", "scm", "--level", "0.5"]].concat());
    close(&value["att"], 155.556, 5e-4);
    assert!(value.get("roi").is_none());
}

#[test]
fn every_method_answers_and_the_same_command_gives_the_same_bytes() {
    let file = golden("geolift/test.csv");
    for method in ["ascm", "scm", "sdid", "tbr", "bsts"] {
        let more = [&TEST[..], &["--method", method]].concat();
        let value = found(&file, &more);
        assert_eq!(value["method"], method);
        assert_eq!(value, found(&file, &more), "{method}");
        let args = read(&file, &more);
        let text = said(&args, 0);
        assert!(text.starts_with("chicago and portland gained "), "{text}");
    }
}

#[test]
fn a_treatment_column_and_years() {
    let file = golden("synthdid/prop99.csv");
    let more =
        ["--unit", "state", "--time", "year", "--outcome", "packs", "--treatment", "treated", "--method", "sdid"];
    let value = found(&file, &more);
    close(&value["att"], -15.603828, 1e-5);
    close(&value["se"], 9.371, 2e-3);
    close(&value["difference_in_differences"], -27.349111, 1e-5);
    assert_eq!((&value["start"], &value["end"]), (&"1989".into(), &"2000".into()));
}

#[test]
fn quarters_as_numbers() {
    let more = [
        "--unit",
        "state",
        "--time",
        "year_qtr",
        "--outcome",
        "lngdpcapita",
        "--treated",
        "Kansas",
        "--start",
        "2012.25",
        "--end",
        "2016",
        "--method",
        "scm",
    ];
    let value = found(&golden("augsynth/kansas.csv"), &more);
    close(&value["att"], -0.03353, 6e-6);
    let value = found(&golden("augsynth/kansas.csv"), &[&more[..], &["--no-fixed-effects"]].concat());
    close(&value["att"], -0.029435, 1e-6);
}

#[test]
fn staggered_starts_are_read_by_differences() {
    let scratch = Scratch::new();
    let mut text = String::from("who,week,sales,on\n");
    for i in 0..12_i32 {
        for t in 0..30_i32 {
            let start = match i {
                0 => 18,
                1 => 22,
                _ => 99,
            };
            let on = i32::from(t >= start);
            let sales = f64::from(100 + 10 * i + t) + f64::from((i * 7 + t * 13 + i * t) % 5) + 8.0 * f64::from(on);
            text += &format!("shop{i},{t},{sales},{on}\n");
        }
    }
    let file = scratch.write("panel.csv", text);
    let more = ["--unit", "who", "--time", "week", "--outcome", "sales", "--treatment", "on"];
    let value = found(&file, &more);
    assert_eq!(value["method"], "sdid");
    close(&value["att"], 8.0, 1.5);
    assert_eq!(value["unit_periods"], 20);
    let args = read(&file, &[&more[..], &["--method", "tbr"]].concat());
    let text = said(&args, 1);
    assert!(text.contains("staggered") && text.contains("--method sdid"), "{text}");
}

#[test]
fn one_series_with_covariates_needs_no_unit() {
    let more =
        ["--time", "date", "--outcome", "y", "--covariates", "x1,x2", "--start", "2020-03-02", "--method", "bsts"];
    let value = found(&golden("causalimpact/google.csv"), &more);
    close(&value["att"], 27.1, 0.3);
    close(&value["total"], 27.1 * 30.0, 9.0);
    close(&value["lift"], 0.21, 0.01);
    assert!(value["p"].as_f64().unwrap() < 0.01);
    assert_eq!(value["slopes"][0]["name"], "x1");
}

#[test]
fn units_with_gaps_are_left_out_aloud_or_filled() {
    let geos: Vec<String> = {
        let text = std::fs::read_to_string(golden("matched_markets/sales.csv")).unwrap();
        let of = |l: &str| l.split(',').map(str::to_owned).collect::<Vec<_>>();
        let mut geos: Vec<String> = text.lines().map(of).filter(|r| r[4] == "2").map(|r| r[1].clone()).collect();
        geos.sort();
        geos.dedup();
        geos
    };
    let treated = geos.join(",");
    let more = [
        "--unit",
        "geo",
        "--time",
        "date",
        "--outcome",
        "sales",
        "--treated",
        &treated,
        "--start",
        "2015-02-16",
        "--end",
        "2015-03-15",
        "--method",
        "tbr",
        "--cost",
        "50000",
    ];
    let file = golden("matched_markets/sales.csv");
    let filled = found(&file, &[&more[..], &["--fill-zero"]].concat());
    close(&filled["roi"], 2.946742, 5e-7);
    let cooled = found(&file, &[&more[..], &["--fill-zero", "--cooldown", "23"]].concat());
    close(&cooled["roi"], 2.860572, 5e-7);
    let spent = [&more[..14], &["--fill-zero", "--spend", "cost"]].concat();
    close(&found(&file, &spent)["roi"], 2.946742, 5e-7);
    // treated geos have gaps: without a word from the user nothing is read
    let text = said(&read(&file, &more), 1);
    assert!(text.contains("gap-in-treated") && text.contains("--fill-zero"), "{text}");
    let more = [&more[..6], &["--treated", "1,4", "--start", "2015-02-16", "--method", "scm"]].concat();
    let value = found(&file, &more);
    let finding = &value["findings"][0];
    assert_eq!(finding["code"], "unit-left-out");
    assert!(finding["found"].as_str().unwrap().starts_with("17 of 100 units"), "{finding}");
    assert_eq!(value["controls"], 81);
}

#[test]
fn the_result_is_written_as_a_row_for_a_fit() {
    let scratch = Scratch::new();
    let out = scratch.path("experiments.csv");
    let file = golden("geolift/test.csv");
    let more = [&TEST[..], &["--out", arg(&out), "--driver", "tv", "--change", "0", "--cooldown", "0"]].concat();
    let value = found(&file, &[&more[..], &["--name", "spring"]].concat());
    found(&file, &[&more[..], &["--name", "summer", "--method", "tbr"]].concat());
    found(&file, &[&more[..], &["--name", "summer", "--method", "tbr"]].concat());
    let text = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "experiment,driver,geos,start,end,cooldown,change,lift,se");
    assert_eq!(lines.len(), 3, "{text}");
    let cells: Vec<&str> = lines[1].split(',').collect();
    assert_eq!(cells[..7], ["spring", "tv", "chicago;portland", "2021-04-01", "2021-04-15", "0", "0"]);
    close(&value["total"], cells[7].parse().unwrap(), 1e-9);
    assert!(cells[8].parse::<f64>().unwrap() > 0.0);
    let data = scratch.write("data.csv", "a,b\n1,2\n");
    let args = read(&file, &[&TEST[..], &["--out", arg(&data)]].concat());
    assert!(said(&args, 1).contains("not-experiments"));
    assert_eq!(std::fs::read_to_string(data).unwrap(), "a,b\n1,2\n");
}

#[test]
fn an_interval_that_cannot_be_is_called_unbounded() {
    let scratch = Scratch::new();
    let mut text = String::from("unit,t,y\n");
    for i in 0..5 {
        (0..9).for_each(|t| text += &format!("u{i},{t},{}\n", 50 + i * 3 + (i * 5 + t * 7) % 4));
    }
    let file = scratch.write("small.csv", text);
    let more =
        ["--unit", "unit", "--time", "t", "--outcome", "y", "--treated", "u0", "--start", "7", "--level", "0.95"];
    let value = found(&file, &more);
    assert!(value["low"].is_null() && value["high"].is_null(), "{value}");
    let text = said(&read(&file, &more), 0);
    assert!(text.contains("unbounded") && text.contains("interval-unbounded"), "{text}");
    let out = scratch.path("experiments.csv");
    let args = read(&file, &[&more[..], &["--out", arg(&out)]].concat());
    assert!(said(&args, 1).contains("no-standard-error") && !out.exists());
}

#[test]
fn what_is_wrong_is_told_at_once_with_its_place() {
    let scratch = Scratch::new();
    let text = "unit,day,y\na,2026-01-01,1\na,2026-01-02,two\nb,2026-01-01,3\nb,2026-01-01,4\n,2026-01-02,5\n";
    let file = scratch.write("bad.csv", text);
    let args = [
        "experiment",
        "read",
        arg(&file),
        "--unit",
        "unit",
        "--time",
        "day",
        "--outcome",
        "y",
        "--treated",
        "a",
        "--start",
        "2026-01-02",
    ];
    let value = object(&args, 1);
    let codes: Vec<(&str, u64)> = value["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["code"].as_str().unwrap(), f["row"].as_u64().unwrap_or(0)))
        .collect();
    assert_eq!(codes, [("missing-key", 6), ("duplicate-row", 5), ("not-a-number", 3)]);
    for (change, code) in [
        (["--unit", "unti"], "panel-column"),
        (["--outcome", "unit"], "not-a-number"),
        (["--time", "y"], "date-unreadable"),
    ] {
        let mut args: Vec<&str> = args.to_vec();
        let at = args.iter().position(|a| *a == change[0]).unwrap();
        args[at + 1] = change[1];
        let value = object(&args, 1);
        assert!(value["findings"].as_array().unwrap().iter().any(|f| f["code"] == code), "{value}");
    }
    let file = golden("geolift/test.csv");
    for (more, code) in [
        (["--treated", "chicago", "--start", "2031-04-01"], "empty-window"),
        (["--treated", "chicago", "--start", "soon"], "date-unreadable"),
        (["--treated", "Chicgo", "--start", "2021-04-01"], "unknown-unit"),
        (["--treated", "chicago", "--start", "2021-01-03"], "too-few-periods"),
    ] {
        let value =
            object(&read(&file, &[&TEST[..6], &more].concat()).iter().map(String::as_str).collect::<Vec<_>>(), 1);
        assert_eq!(value["findings"][0]["code"], code, "{value}");
    }
}

#[test]
fn units_of_another_test_are_no_controls_and_holes_in_time_are_told() {
    let scratch = Scratch::new();
    let text = std::fs::read_to_string(golden("geolift/test.csv")).unwrap();
    let kept: Vec<&str> = text.lines().filter(|l| !l.contains("2021-02-1")).collect();
    let file = scratch.write("holes.csv", kept.join("\n"));
    let value = found(&file, &[&TEST[..], &["--exclude", "cincinnati,honolulu", "--method", "scm"]].concat());
    assert!(value["weights"].get("cincinnati").is_none() && value["controls"] == 36);
    assert_eq!(value["findings"][0]["code"], "panel-period");
    assert!(value["findings"][0]["found"].as_str().unwrap().ends_with("after 2021-02-09"), "{value}");
}

#[test]
fn wrong_usage_is_2() {
    for args in [
        &["experiment"][..],
        &["experiment", "read"],
        &["experiment", "read", "x.csv", "--time", "t"],
        &["experiment", "read", "x.csv", "--time", "t", "--outcome", "y", "--treated", "a"],
        &["experiment", "read", "x.csv", "--time", "t", "--outcome", "y", "--start", "1", "--level", "2"],
        &["experiment", "read", "x.csv", "--time", "t", "--outcome", "y", "--start", "1", "--method", "best"],
    ] {
        said(args, 2);
    }
    let text = said(&["experiment", "read", "--help"], 0);
    assert!(text.contains("counterpoint experiment read") && text.contains("--json"), "{text}");
}

const HISTORY: [&str; 6] = ["--unit", "location", "--time", "date", "--outcome", "Y"];

fn designed(more: &[&str], code: i32) -> serde_json::Value {
    let file = golden("geolift/pretest.csv");
    let args: Vec<&str> = ["experiment", "design", arg(&file)].iter().chain(&HISTORY).chain(more).copied().collect();
    object(&args, code)
}

#[test]
fn a_design_says_what_could_be_found_and_what_it_costs() {
    let more = ["--size", "2-3", "--duration", "15", "--include", "chicago", "--exclude", "honolulu", "--cpic", "7.5"];
    let value = designed(&[&more[..], &["--budget", "100000"]].concat(), 0);
    let plans = value["plans"].as_array().unwrap();
    assert!(!plans.is_empty() && value["tried"].as_u64().unwrap() as usize >= plans.len());
    for plan in plans {
        let units: Vec<&str> = plan["units"].as_array().unwrap().iter().map(|u| u.as_str().unwrap()).collect();
        assert!(units.contains(&"chicago") && !units.contains(&"honolulu") && (2..=3).contains(&units.len()));
        if let (Some(mde), Some(cost)) = (plan["mde"].as_f64(), plan["cost"].as_f64()) {
            assert!(cost <= 100_000.0 && (cost - 7.5 * mde * plan["outcome"].as_f64().unwrap()).abs() < 1e-6);
            assert!(plan["mde_power"].as_f64().unwrap() >= 0.8);
        }
        assert!(plan["false_alarms"].as_f64().is_some() && plan["windows"] == 12);
    }
    assert!(value["false_alarms"].as_f64().unwrap() <= 0.2, "{}", value["false_alarms"]);
    let file = golden("geolift/pretest.csv");
    let args: Vec<&str> = ["experiment", "design", arg(&file)]
        .iter()
        .chain(&HISTORY)
        .chain(&["--size", "2", "--duration", "15"])
        .copied()
        .collect();
    let text = said(&args, 0);
    assert!(text.starts_with("Spend more in ") && text.contains("plans tried"), "{text}");
}

#[test]
fn units_that_are_chosen_already_and_going_dark() {
    let more = ["--treated", "chicago,portland", "--duration", "10,15", "--effects", "0.1,0.05", "--kind", "go-dark"];
    let value = designed(&[&more[..], &["--method", "tbr"]].concat(), 0);
    assert_eq!(value["plans"].as_array().unwrap().len(), 2);
    let power = value["plans"][0]["power"].as_array().unwrap();
    assert_eq!((power[0]["effect"].as_f64(), power[1]["effect"].as_f64()), (Some(0.05), Some(0.1)));
}

#[test]
fn a_design_that_cannot_be_is_told() {
    for (more, code) in [
        (&["--duration", "60"][..], "too-few-periods"),
        (&["--budget", "5"], "budget-without-cost"),
        (&["--method", "bsts"], "no-design"),
        (&["--staggered", "2", "--method", "tbr"], "no-design"),
        (&["--include", "chicago,portland,reno", "--size", "2"], "no-plan"),
        (&["--treated", "chicgo"], "unknown-unit"),
    ] {
        let value = designed(more, 1);
        assert_eq!(value["findings"][0]["code"], code, "{value}");
    }
    for args in [["--size", "0"], ["--size", "3-"], ["--effects", "-0.1"], ["--kind", "up"]] {
        let file = golden("geolift/pretest.csv");
        let args: Vec<&str> =
            ["experiment", "design", arg(&file)].iter().chain(&HISTORY).chain(&args).copied().collect();
        said(&args, 2);
    }
}

#[test]
fn starts_that_are_drawn_at_random() {
    let more = ["--treated", "chicago,portland,denver,reno", "--duration", "20", "--staggered", "4", "--windows", "4"];
    let value = designed(&more, 0);
    assert_eq!(value["method"], "sdid");
    let schedule = value["plans"][0]["schedule"].as_array().unwrap();
    let mut starts: Vec<u64> = schedule.iter().map(|s| s["start_period"].as_u64().unwrap()).collect();
    starts.sort_unstable();
    assert_eq!(starts, [1, 5, 9, 13]);
    assert_eq!(value, designed(&more, 0));
    assert_ne!(
        value["plans"][0]["schedule"],
        designed(&[&more[..], &["--seed", "2"]].concat(), 0)["plans"][0]["schedule"]
    );
}

/// `fit` wants the last day of the test; a week is named by its first.
#[test]
fn a_test_of_weeks_ends_on_the_last_day_of_its_last_week() {
    let scratch = Scratch::new();
    let mut text = String::from("unit,week,y\n");
    let first: jiff::civil::Date = "2025-01-06".parse().unwrap();
    for i in 0..6_i64 {
        for t in 0..30_i64 {
            let day = first.checked_add(jiff::Span::new().days(7 * t)).unwrap();
            text += &format!("u{i},{day},{}\n", 50 + i * 3 + (i * 5 + t * 7 + i * t) % 11);
        }
    }
    let file = scratch.write("weeks.csv", text);
    let out = scratch.path("experiments.csv");
    let more = ["--unit", "unit", "--time", "week", "--outcome", "y", "--treated", "u0", "--start", "2025-06-30"];
    found(
        &file,
        &[&more[..], &["--end", "2025-07-14", "--level", "0.8", "--method", "tbr", "--out", arg(&out)]].concat(),
    );
    let text = std::fs::read_to_string(out).unwrap();
    assert!(text.contains(",u0,2025-06-30,2025-07-20,0,"), "{text}");
}

#[test]
fn weeks_of_exposure_before_the_first_outcome_are_left_out() {
    let scratch = Scratch::new();
    let text = std::fs::read_to_string(golden("geolift/test.csv")).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let columns: Vec<&str> = head.trim().split(',').map(|c| c.trim_matches('"')).collect();
    let place = |name: &str| columns.iter().position(|c| *c == name).unwrap();
    let early = ["chicago", "portland", "cincinnati"].map(|unit| {
        let mut cells = vec![""; columns.len()];
        (cells[place("location")], cells[place("date")]) = (unit, "2020-12-31");
        cells.join(",")
    });
    let file = scratch.write("panel.csv", format!("{head}\n{}\n{rows}", early.join("\n")));
    let out = scratch.path("experiments.csv");
    let more = [&TEST[..], &["--driver", "radio", "--change", "0", "--out", arg(&out)]].concat();
    let value = found(&file, &more);
    close(&value["att"], 156.805, 5e-4);
    let text = said(&read(&file, &TEST), 0);
    assert!(text.contains("no-outcome-yet") && text.contains("1 period at the ends"), "{text}");
    let written = std::fs::read_to_string(out).unwrap();
    assert!(written.starts_with("experiment,driver,geos,start,end,cooldown,change,lift,se"), "{written}");
    assert!(written.contains("radio,chicago;portland,2021-04-01,2021-04-15"), "{written}");
}

/// A panel of eight cities and forty weeks, and creators who reach some cities more than others. In the last eight weeks every city sells 10 % more by one of
/// ana's dose.
fn cities(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let share = |i: usize| [0.30, 0.02, 0.20, 0.05, 0.08, 0.15, 0.05, 0.15][i];
    let heads = |i: usize| 1000.0 * (2 + (i * 3) % 5) as f64;
    let all: f64 = (0..8).map(heads).sum();
    let mut text = String::from("city,week,orders,heads,reach\n");
    for i in 0..8 {
        for t in 0..40_usize {
            let noise = ((i * 31 + t * 17 + i * t * 7) % 13) as f64 / 13.0 - 0.5;
            let dose = if t < 32 { 0.0 } else { share(i) * all / heads(i) };
            let orders = heads(i) * (1.0 + 0.02 * noise + 0.1 * ((t % 4) as f64 - 1.5)) * (1.0 + 0.10 * dose);
            text += &format!("c{i},{},{orders},{},{}\n", t + 1, heads(i), share(i) / heads(i));
        }
    }
    let panel = scratch.write("cities.csv", text);
    let head: Vec<String> = (0..8).map(|i| format!("audience_c{i}")).collect();
    let row = |name: &str, platform: &str, followers: &str, shares: [f64; 8]| {
        let shares: Vec<String> = shares.iter().map(f64::to_string).collect();
        format!("{name},{platform},{followers},{}\n", shares.join(","))
    };
    let ana: [f64; 8] = std::array::from_fn(share);
    let even: [f64; 8] = std::array::from_fn(|i| heads(i) / all);
    let creators = format!(
        "creator,platform,followers,{},audience_elsewhere\n{}{}{}{}",
        head.join(","),
        row("ana", "instagram", "40000", ana).replace('\n', ",0\n"),
        row("ana", "tiktok", "60000", ana).replace('\n', ",0\n"),
        row("ben", "tiktok", "90000", even).replace('\n', ",0\n"),
        row("cem", "tiktok", "", even).replace('\n', ",0\n"),
    );
    (panel, scratch.write("creators.csv", creators))
}

const CITIES: [&str; 6] = ["--unit", "city", "--time", "week", "--outcome", "orders"];

#[test]
fn a_creator_who_posts_everywhere_is_read_by_where_the_audience_lives() {
    let scratch = Scratch::new();
    let (panel, creators) = cities(&scratch);
    let out = scratch.path("experiments.csv");
    let ana = ["--audience", arg(&creators), "--creators", "ana", "--population", "heads", "--start", "33"];
    let more = ["--driver", "ana", "--change", "2", "--cost", "1000", "--out", arg(&out)];
    let value = found(&panel, &[&CITIES[..], &ana, &more].concat());
    assert_eq!((&value["method"], &value["dose_of"][0]), (&"dose".into(), &"ana".into()));
    close(&value["lift"], 0.10, 0.01);
    let (p, low) = (value["p"].as_f64().unwrap(), value["low"].as_f64().unwrap());
    assert!(p < 0.01 && low > 0.0);
    assert_eq!((value["unit_periods"].as_u64(), value["controls"].as_u64()), (Some(64), Some(0)));
    close(&value["total"], 64.0 * value["att"].as_f64().unwrap(), 1e-6);
    close(&value["roi"], value["total"].as_f64().unwrap() / 1000.0, 1e-9);
    assert_eq!(value["weights"].as_object().unwrap().len(), 8);
    // doses are 1 in the mean of the outcome
    let doses = value["doses"].as_object().unwrap();
    assert!(doses["c0"].as_f64().unwrap() > 3.0 && doses["c1"].as_f64().unwrap() < 0.5, "{doses:?}");
    let row = std::fs::read_to_string(&out).unwrap();
    assert!(row.lines().nth(1).unwrap().starts_with("cities,ana,c0;c1;c2;c3;c4;c5;c6;c7,33,40,0,2,"), "{row}");
    // the same dose as a column; without --population the outcome before counts the heads
    let column = found(&panel, &[&CITIES[..], &["--dose", "reach", "--start", "33"]].concat());
    close(&column["att"], value["att"].as_f64().unwrap(), 1e-6);
    let by_outcome = found(&panel, &[&CITIES[..], &ana[..4], &ana[6..]].concat());
    close(&by_outcome["lift"], 0.10, 0.01);
    let text = said(&read(&panel, &[&CITIES[..], &ana].concat()), 0);
    assert!(
        text.starts_with("By the dose of ana, the 8 units gained ") && text.contains("1 in the mean of all"),
        "{text}"
    );
}

#[test]
fn a_design_says_which_creators_can_be_told_by_where_their_audience_lives() {
    let scratch = Scratch::new();
    let (panel, creators) = cities(&scratch);
    let design = |more: &[&str], code| {
        let args: Vec<&str> =
            ["experiment", "design", arg(&panel)].iter().chain(&CITIES).chain(more).copied().collect();
        object(&args, code)
    };
    let value = design(&["--audience", arg(&creators), "--size", "1-2", "--duration", "4", "--windows", "6"], 0);
    assert_eq!(value["method"], "dose");
    let plans = value["plans"].as_array().unwrap();
    let of = |names: &[&str]| plans.iter().find(|p| p["dose_of"] == serde_json::json!(names)).unwrap();
    // ben's audience is spread as the heads are, so nothing can be read off it
    assert!(of(&["ana"])["noise"].as_f64() < of(&["ben"])["noise"].as_f64());
    assert!(of(&["ana"])["mde"].as_f64().is_some() && of(&["ana", "ben"])["spread"].as_f64().is_some());
    assert!(value["findings"].as_array().unwrap().iter().any(|f| f["code"] == "creator-left-out"), "{value}");
    let value = design(&["--dose", "reach", "--duration", "4", "--kind", "go-dark", "--exclude", "c7"], 0);
    assert_eq!(value["plans"][0]["dose_of"][0], "reach");
    for (more, code) in [
        (&["--dose", "reach", "--kind", "holdout"][..], "no-design"),
        (&["--dose", "reach", "--method", "ascm"], "no-dose"),
        (&["--method", "dose"], "no-dose"),
        (&["--audience", arg(&creators), "--creators", "cem"], "audience-gap"),
        (&["--audience", arg(&creators), "--size", "3"], "no-plan"),
    ] {
        let value = design(more, 1);
        assert!(value["findings"].as_array().unwrap().iter().any(|f| f["code"] == code), "{code} {value}");
    }
}

#[test]
fn what_is_wrong_with_doses_is_told_at_once() {
    let scratch = Scratch::new();
    let (panel, creators) = cities(&scratch);
    let good = std::fs::read_to_string(&creators).unwrap();
    let codes = |creators: &str, more: &[&str]| {
        let file = scratch.write("bad.csv", creators);
        let own = ["--audience", arg(&file), "--start", "33"];
        let args = read(&panel, &[&CITIES[..], &own, more].concat());
        let value = object(&args.iter().map(String::as_str).collect::<Vec<_>>(), 1);
        let found = value["findings"].as_array().unwrap().clone();
        assert!(found.iter().all(|f| f["file"].is_string()), "{value}");
        found
            .iter()
            .map(|f| (f["code"].as_str().unwrap().to_owned(), f["row"].as_u64().unwrap_or(0)))
            .collect::<Vec<_>>()
    };
    let one = |code: &str, row| vec![(code.to_owned(), row)];
    let ben = "ben,tiktok,90000,";
    assert_eq!(codes(&good.replace("audience_c3", "audience_C3"), &[]), one("audience-unit", 0));
    assert_eq!(codes(&good, &["--creators", "cem"]), one("audience-gap", 5));
    assert_eq!(codes(&good, &[]), [one("creator-left-out", 0), one("no-dose", 0)].concat());
    assert_eq!(codes(&good, &["--creators", "bem"]), one("unknown-creator", 0));
    assert_eq!(codes(&good, &["--creators", "ben", "--population", "heds"]), one("panel-column", 0));
    assert_eq!(codes(&good.replace(ben, "ben,tiktok,-5,"), &["--creators", "ben"]), one("dose-range", 4));
    assert_eq!(codes(&good.replace(ben, "ben,tiktok,many,"), &["--creators", "ben"]), one("not-a-number", 4));
    assert_eq!(codes(&good.replace(ben, "ben,tiktok,0,"), &["--creators", "ben"]), one("audience-gap", 0));
    let gaps = codes(&good.replace("0.3,", ","), &["--creators", "ana"]);
    assert_eq!(gaps, [one("audience-gap", 2), one("audience-gap", 3)].concat());
    let two = codes(&good.replace("40000,0.3,", "40000,1.3,"), &["--creators", "ana"]);
    assert_eq!(two, [one("dose-range", 2), one("dose-range", 2)].concat());
    assert_eq!(codes(&good.replace("cem,tiktok,,", "ben,tiktok,5,"), &["--creators", "ben"]), one("creator-twice", 5));
    assert_eq!(codes(&good.replace("cem,", ","), &["--creators", "ben"]), one("missing-key", 5));
    // an audience that is spread as the heads are
    assert_eq!(codes(&good, &["--creators", "ben", "--population", "heads"]), one("same-dose", 0));
    let own = |more: &[&str]| {
        let args = read(&panel, &[&CITIES[..], &["--start", "33"], more].concat());
        object(&args.iter().map(String::as_str).collect::<Vec<_>>(), 1)["findings"][0]["code"].clone()
    };
    assert_eq!(own(&["--dose", "orders"]), "dose-changes");
    assert_eq!(own(&["--method", "dose"]), "no-dose");
    assert_eq!(own(&["--dose", "reach", "--method", "ascm"]), "no-dose");
    assert_eq!(own(&["--dose", "reach", "--exclude", "c0,c1,c2"]), "no-controls");
    let panel_text = std::fs::read_to_string(&panel).unwrap();
    let negative = scratch.write("negative.csv", panel_text.replace(",0.00015", ",-1"));
    let args = read(&negative, &[&CITIES[..], &["--dose", "reach", "--start", "33"]].concat());
    assert!(said(&args, 1).contains("dose-range"), "{panel_text}");
    said(
        &[
            "experiment",
            "read",
            arg(&panel),
            "--time",
            "week",
            "--outcome",
            "orders",
            "--start",
            "33",
            "--creators",
            "ana",
        ],
        2,
    );
}
