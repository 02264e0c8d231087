//! The verbs `plan` and `stress`: what they promise to scripts, and what they say where nothing can be planned.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{PROJECT, Scratch, arg, object, only_run, run, said, table};
use serde_json::Value;
use std::path::PathBuf;

/// A fitted shop; the fit may be judged as poor, a plan is made all the same and says so by its exit code.
fn fitted(scratch: &Scratch) -> (PathBuf, i32) {
    let shop = scratch.shop();
    let output = run(&["fit", arg(&shop), "--quiet"]);
    (only_run(&shop), output.status.code().unwrap())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn plans_hold_what_scripts_are_promised() {
    let scratch = Scratch::new();
    let (run_dir, code) = fitted(&scratch);
    let plan = object(&["plan", arg(&run_dir), "--flights", "monthly"], code);
    assert_eq!(plan["status"], "ok");
    assert!(number(&plan["gap"]) >= 0.0);
    for of in [&plan["profit"], &plan["outcome"], &plan["last"]["profit"], &plan["last"]["outcome"]] {
        let [mean, q05, q50, q95, worst] = ["mean", "q05", "q50", "q95", "cvar10"].map(|k| number(&of[k]));
        assert!(q05 <= q50 && q50 <= q95 && worst <= mean && worst <= q50, "{of}");
    }
    assert!((0.0..=1.0).contains(&number(&plan["p_better"])));
    assert!(number(&plan["profit"]["mean"]) >= number(&plan["last"]["profit"]["mean"]) * 0.999);
    let drivers = plan["drivers"].as_array().unwrap();
    assert_eq!(drivers.len(), 2);
    let mut spent = 0.0;
    for driver in drivers {
        for key in [
            "driver",
            "kind",
            "platform",
            "last",
            "plan",
            "posts",
            "incremental_mean",
            "incremental_q05",
            "incremental_q95",
            "mroi_mean",
            "extrapolated",
        ] {
            assert!(!driver[key].is_null(), "{key} of {driver}");
        }
        spent += number(&driver["plan"]);
    }
    assert!((spent / number(&plan["budget"]) - 1.0).abs() < 1e-6);
    assert!((spent / number(&plan["budget_last"]) - 1.0).abs() < 1e-6);
    for test in plan["tests"].as_array().unwrap() {
        assert!(number(&test["value"]) >= 0.0 && number(&test["se"]) > 0.0 && test["driver"].is_string(), "{test}");
    }
    assert_eq!(plan["tests"].as_array().unwrap().len(), 2);
    for limit in plan["binding"].as_array().unwrap() {
        assert!(limit["limit"].is_string() && limit["price"].is_number());
    }
    let csv = std::fs::read_to_string(run_dir.join("plan.csv")).unwrap();
    assert_eq!(csv.lines().next().unwrap(), "driver,kind,platform,period,last,plan,posts");
    assert_eq!(csv.lines().count(), 1 + 2 * 13);
    let written: Value = serde_json::from_slice(&std::fs::read(run_dir.join("plan.json")).unwrap()).unwrap();
    assert_eq!(written["budget"], plan["budget"]);
    // Its own plan on the same terms is worth the same.
    let file = run_dir.join("plan.csv");
    let again = object(&["plan", arg(&run_dir), "--evaluate", arg(&file)], code);
    assert_eq!(again["status"], "evaluated");
    let (a, b) = (number(&plan["outcome"]["mean"]), number(&again["outcome"]["mean"]));
    assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
}

#[test]
fn limits_may_change_after_the_fit_and_clashes_are_named() {
    let scratch = Scratch::new();
    let (run_dir, code) = fitted(&scratch);
    let with = |plan: &str| scratch.write("shop/counterpoint.toml", format!("{PROJECT}\n{plan}"));
    with(
        "[plan]\nbudget = 1000\nflights = \"even\"\n[[plan.driver]]\nname = \"search\"\nlock = true\n[[plan.driver]]\nname = \"radio\"\nmin = 0\n",
    );
    let told = object(&["plan", arg(&run_dir), "--quick", "--budget", "5000"], code);
    let search = &told["drivers"][0];
    assert!((number(&search["plan"]) - number(&search["last"])).abs() < 1e-3, "{search}");
    // Less than what is locked.
    let told = object(&["plan", arg(&run_dir), "--quick", "--budget", "10"], 1);
    assert_eq!(told["status"], "infeasible");
    assert!(told["clash"][0].as_str().unwrap().contains("budget"), "{told}");
    with("[[plan.driver]]\nname = \"serch\"\nlock = true\n[plan]\n");
    let told = said(&["plan", arg(&run_dir)], 1);
    assert!(told.contains("serch"), "{told}");
    with("[plan]\nrisk = 3\nbudgit = 5\n");
    let told = said(&["plan", arg(&run_dir)], 1);
    assert!(told.contains("risk") && told.contains("budgit"), "{told}");
    // A change of what was fitted is noticed all the same.
    scratch.write("shop/counterpoint.toml", PROJECT.replace("Shop", "Other"));
    assert!(said(&["plan", arg(&run_dir)], 1).contains("fit again"));
}

#[test]
fn what_cannot_be_planned_says_why() {
    let scratch = Scratch::new();
    let (run_dir, code) = fitted(&scratch);
    let past = said(&["plan", arg(&run_dir), "--starts", "2025-03-03"], 1);
    assert!(past.contains("later days"), "{past}");
    let file = scratch.write("mine.csv", "driver,plan,period\nsearch,100,2020-01-01\ntelly,50,\nradio,lots,\n");
    let told = said(&["plan", arg(&run_dir), "--evaluate", arg(&file)], 1);
    for word in ["2020-01-01", "lots"] {
        assert!(told.contains(word), "{told}");
    }
    let file = scratch.write("twice.csv", "driver,plan\nsearch,100\nradio,50\nsearch,100\n");
    let told = said(&["plan", arg(&run_dir), "--evaluate", arg(&file)], 1);
    assert!(told.contains("\"search\" again, as in line 2") && told.contains("line 4"), "{told}");
    let offers = scratch.write("offers.csv", "creator,fee,min_posts,max_posts\nnobody,100,3,2\nsomebody,5,1,1\n");
    let told = said(&["plan", arg(&run_dir), "--offers", arg(&offers)], 1);
    assert!(told.contains("offer-posts") && told.contains("unknown-creator"), "{told}");
    let told = said(&["plan", arg(&run_dir), "--target", "roi"], 2);
    assert!(told.contains("roi=2.5"), "{told}");
    let _ = code;
}

#[test]
fn stress_says_what_hangs_on_each_platform() {
    let scratch = Scratch::new();
    let project = PROJECT.replace("name = \"search\"\n", "name = \"search\"\nplatform = \"Search\"\n");
    scratch.write("shop/counterpoint.toml", project);
    scratch.write("shop/data.csv", table());
    let shop = scratch.path("shop");
    let code = run(&["fit", arg(&shop), "--quiet"]).status.code().unwrap();
    let run_dir = only_run(&shop);
    let shocks = scratch.write("shocks.csv", "shock,platform,reach,per_year,source\nfire,radio,0.5,0.2,ours\n");
    let told = object(
        &["stress", arg(&run_dir), "--flights", "even", "--shocks", arg(&shocks), "--strike", "gone for good @ Search"],
        code,
    );
    let shares: f64 = told["dependence"].as_array().unwrap().iter().map(|d| number(&d["share_mean"])).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    let (h, bets) = (number(&told["herfindahl"]["mean"]), number(&told["effective_bets"]["mean"]));
    assert!((0.5..=1.0).contains(&h) && (1.0..=2.0).contains(&bets));
    let all = told["shocks"].as_array().unwrap();
    let fire = all.iter().find(|s| s["shock"] == "fire").unwrap();
    assert!(fire["platform"] == "radio" && fire["source"] == "ours");
    let gone = all.iter().find(|s| s["shock"] == "gone for good" && s["platform"] == "Search").unwrap();
    assert!(number(&gone["outcome_change"]["mean"]) < 0.0);
    // It is listed once, and the plan that is made anew is no worse than the one that is kept.
    assert_eq!(all.iter().filter(|s| s["shock"] == "gone for good" && s["platform"] == "Search").count(), 1);
    let anew = &told["plan_if_it_strikes"];
    assert!(anew["drivers"].is_array() && anew["strikes"] == "gone for good on Search");
    let outcome = |of: &Value| number(&of["outcome"]["mean"]);
    assert!(outcome(anew) >= outcome(&anew["kept"]) * (1.0 - 1e-3), "{anew}");
    assert!(run_dir.join("stress.json").exists());
    let wrong = said(&["stress", arg(&run_dir), "--together", "flood @ Nowhere"], 1);
    assert!(wrong.contains("flood") && wrong.contains("gone for good"), "{wrong}");
    // What is not written as a shock is wrong usage.
    for option in ["--together", "--strike"] {
        let wrong = said(&["stress", arg(&run_dir), option, "gone for good TikTok"], 2);
        assert!(wrong.contains("SHOCK @ PLATFORM"), "{wrong}");
    }
}

#[test]
fn the_papers_have_every_shock() {
    let paper = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plan.md")).unwrap();
    for shock in counterpoint_plan::shock::Shock::library() {
        assert!(paper.contains(&format!("| {} |", shock.name)), "{}", shock.name);
    }
}
