//! Plan and stress of a run on its page.
#![allow(clippy::disallowed_methods)] // tests of the rim read and write files

mod common;

use common::{Scratch, arg, object, only_run, said};

#[test]
fn plan_and_stress_write_the_page_anew_and_report_reads_them() {
    let scratch = Scratch::new();
    let shop = scratch.shop();
    // a hundred draws are too few to pass, and enough to plan
    object(&["fit", arg(&shop), "--chains", "2", "--warmup", "150", "--draws", "100"], 1);
    let run = only_run(&shop);
    let page = || std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(!page().contains("The next budget"));

    let value = object(&["plan", arg(&run), "--quick"], 1);
    assert_eq!(value["report"].as_str().unwrap(), arg(&run.join("report.html")));
    let periods = value["periods"].as_array().unwrap().len();
    assert!(periods > 0);
    for driver in value["drivers"].as_array().unwrap() {
        for key in ["plan_by_period", "last_by_period", "posts_by_period"] {
            assert_eq!(driver[key].as_array().unwrap().len(), periods, "{driver}");
        }
    }
    assert!(page().contains("The next budget") && !page().contains("What if a platform falls"));
    object(&["stress", arg(&run)], 1);
    assert!(page().contains("The next budget") && page().contains("What if a platform falls"));

    // a plan elsewhere is no part of the page
    std::fs::remove_file(run.join("report.html")).unwrap();
    let value = object(&["plan", arg(&run), "--quick", "--out", arg(&scratch.path("own.csv"))], 1);
    assert!(value.get("report").is_none() && !run.join("report.html").exists());
    said(&["report", arg(&run)], 0);
    assert!(page().contains("The next budget"));

    for file in ["plan.json", "stress.json"] {
        let path = run.join(file);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let text = said(&["report", arg(&run)], 1);
        assert!(text.contains(file) && text.contains("is damaged"), "{text}");
        std::fs::write(&path, whole).unwrap();
    }
    said(&["report", arg(&run)], 0);
}
