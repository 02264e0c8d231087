//! Bad input gets a message with its place and its mend: never a panic, never a run.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{PROJECT, Scratch, arg, object, said, table};

/// `check` and `fit` refuse the project, and say this.
fn refused(toml: &str, data: impl AsRef<[u8]>, says: &[&str]) {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    scratch.write("shop/counterpoint.toml", toml);
    scratch.write("shop/data.csv", data);
    for verb in ["check", "fit"] {
        let text = said(&[verb, arg(&shop)], 1);
        says.iter().for_each(|s| assert!(text.contains(s), "{s:?} is not in {text}"));
        assert!(text.contains("FAIL") && text.contains("mend"), "{text}");
        object(&[verb, arg(&shop)], 1);
    }
    assert!(!shop.join("runs").exists());
}

/// `fit` takes the project; what it says of the draws is another matter.
fn taken(toml: &str, data: impl AsRef<[u8]>) {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    scratch.write("shop/counterpoint.toml", toml);
    scratch.write("shop/data.csv", data);
    let tiny = ["fit", arg(&shop), "--warmup", "30", "--draws", "20"];
    object(&tiny, 1);
    common::only_run(&shop);
}

#[test]
fn tables_that_are_none() {
    refused(PROJECT, "", &["data.csv"]);
    refused(PROJECT, "week,revenue\n", &["data.csv"]);
    refused(PROJECT, b"week,revenue\n2025-01-06,\xff\xfe\n", &["data.csv", "UTF-8"]);
    refused(PROJECT, b"PAR1 and then nothing", &["data.csv"]);
    refused(PROJECT, b"PK\x03\x04 a workbook", &["Excel"]);
    let cut = table();
    refused(PROJECT, &cut[..cut.len() - 20], &["data.csv", "line 61"]);
}

#[test]
fn a_table_that_is_missing_is_named_beside_those_that_are_there() {
    refused(&PROJECT.replace("\"data.csv\"", "\"dta.csv\""), table(), &["dta.csv", "did you mean data.csv?"]);
}

#[test]
fn columns_that_do_not_exist_are_told_at_once() {
    let toml = PROJECT.replace("\"search_spend\"", "\"serch_spend\"").replace("\"price\"", "\"prices\"");
    refused(&toml, table(), &["serch_spend", "search_spend", "prices"]);
}

#[test]
fn text_among_numbers_is_told_by_line() {
    refused(PROJECT, table().replacen("2025-01-20,", "2025-01-20,abc", 1), &["line 4", "revenue", "abc"]);
}

#[test]
fn keys_that_nobody_knows_are_told_by_line() {
    refused(&PROJECT.replace("warmup =", "warmpu ="), table(), &["line 27", "warmpu", "warmup"]);
    refused("name = [", table(), &["counterpoint.toml", "line 1"]);
}

#[test]
fn one_period_and_nothing_spent() {
    let one: String = table().lines().take(2).map(|l| format!("{l}\n")).collect();
    refused(PROJECT, one, &[]);
    let zero: String = table()
        .lines()
        .enumerate()
        .map(|(i, l)| {
            let cells: Vec<&str> = l.split(',').collect();
            if i == 0 { format!("{l}\n") } else { format!("{},{},0,0,{}\n", cells[0], cells[1], cells[4]) }
        })
        .collect();
    refused(PROJECT, zero, &["search", "radio"]);
    let same: String = table()
        .lines()
        .enumerate()
        .map(|(i, l)| {
            let cells: Vec<&str> = l.split(',').collect();
            if i == 0 { format!("{l}\n") } else { format!("{},5,{},{},{}\n", cells[0], cells[2], cells[3], cells[4]) }
        })
        .collect();
    refused(PROJECT, same, &["outcome-constant"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_mistake() {
    let toml = format!("\u{feff}{}", PROJECT.replace('\n', "\r\n"));
    taken(&toml, format!("\u{feff}{}", table().replace('\n', "\r\n")));
}

#[test]
fn hostile_names_are_only_names() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    let toml = PROJECT
        .replace("name = \"Shop\"", "name = \"</script><script>alert(1)</script>\\u001b[31m\"")
        .replace("name = \"search\"", "name = \"=cmd|' /C calc'!A0\"")
        .replace("name = \"radio\"", "name = \"<img src=x onerror=alert(1)>\"")
        .replace("[\"price\"]", "[\"chain\"]");
    scratch.write("shop/counterpoint.toml", toml);
    scratch.write("shop/data.csv", table().replace(",price\n", ",chain\n"));
    let text = said(&["fit", arg(&shop), "--warmup", "30", "--draws", "20"], 1);
    assert!(!text.contains('\u{1b}'), "{text}");
    let run = common::only_run(&shop);
    let html = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(!html.contains("<img src=x") && !html.contains("<script>alert(1)"));
    let csv = std::fs::read_to_string(run.join("drivers.csv")).unwrap();
    assert!(csv.contains("'=cmd"), "{csv}");
}

#[test]
fn damaged_runs_are_told() {
    let scratch = Scratch::new();
    let run = scratch.path("run");
    scratch.write("run/run.json", "{");
    assert!(said(&["report", arg(&run)], 1).contains("damaged"));
    scratch.write("run/run.json", "{}");
    assert!(said(&["report", arg(&run)], 1).contains("not the run.json"));
    scratch.write("run/run.json", "{\"format\": 1}");
    assert!(said(&["report", arg(&run)], 1).contains("report.json"));
    scratch.write("run/report.json", "{\"title\": 1}");
    assert!(said(&["report", arg(&run)], 1).contains("damaged"));
}
