//! What the page holds, seen from outside: the answer, the warnings, and names that stay text.

#[path = "../examples/sample/creators.rs"]
mod creators;
#[path = "../examples/sample/data.rs"]
mod data;

use counterpoint_report::{Best, ReportData, Status, headline, render};
use data::{HOSTILE, SHAPES};

fn sample(name: &str) -> ReportData {
    let (_, shape) = SHAPES.iter().find(|(n, _)| *n == name).unwrap();
    data::report(shape)
}

/// The page without its style, data and script: what a reader without scripts gets.
fn static_part(html: &str) -> String {
    let (_, rest) = html.split_once("</style>").unwrap();
    rest.split_once("<script type=\"application/json\"").unwrap().0.to_owned()
}

#[test]
fn the_headline_answers_what_marketing_did_who_led_and_where_the_next_money_goes() {
    let text = headline(&sample("small"));
    assert!(text.starts_with("Marketing drove "), "{text}");
    assert!(text.contains("% ("), "no interval: {text}");
    assert!(text.contains(" returned most, $"), "{text}");
    assert!(text.ends_with("; the next dollar is best spent in Linear TV, 90% sure."), "{text}");
}

#[test]
fn a_lead_that_draws_do_not_agree_on_is_not_claimed() {
    let mut d = sample("small");
    d.best_return = Some(Best { driver: 1, probability: 0.55 });
    d.best_next = Some(Best { driver: 0, probability: 0.4 });
    let text = headline(&d);
    assert!(text.contains("though not clearly"), "{text}");
    assert!(text.contains("not distinguishable yet (Paid search leads, 40% sure)"), "{text}");
}

#[test]
fn a_driver_that_is_not_identified_never_returned_most() {
    let mut d = sample("small");
    for row in &mut d.drivers {
        row.identified = false;
    }
    d.best_return = Some(Best { driver: 0, probability: 0.99 });
    assert!(!headline(&d).contains("returned most"), "{}", headline(&d));
}

#[test]
fn a_failed_fit_says_do_not_use_first_and_shows_no_answer() {
    let d = sample("failed");
    assert_eq!(
        headline(&d),
        "Do not use these numbers: the chains disagree (R-hat 1.38), so there is no one answer. 312 of 4,000 steps diverged."
    );
    let html = render(&d);
    let body = static_part(&html);
    assert!(html.contains("<title>FAILED: "));
    assert!(body.find("verdict fail").unwrap() < body.find("<h1>").unwrap());
    assert!(!body.contains("Marketing drove"));
    assert!(!body.contains("class=\"tile\""));
    assert!(!body.contains("The fit passed"));
}

#[test]
fn no_name_becomes_markup() {
    let html = render(&sample("hostile"));
    let body = static_part(&html);
    for tag in ["<img", "<b>bold", "<i>Geo", "<!--", "<script"] {
        assert!(!body.contains(tag), "{tag} came through");
    }
    assert!(body.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert_eq!(html.matches("</script>").count(), 2, "one end for the data, one for the script");
}

#[test]
fn the_data_in_the_page_are_json_with_every_name_whole() {
    let html = render(&sample("hostile"));
    let start = html.find("id=\"report-data\">").unwrap() + "id=\"report-data\">".len();
    let json = &html[start..start + html[start..].find("</script>").unwrap()];
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let names: Vec<&str> = value["drivers"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, HOSTILE);
}

#[test]
fn nothing_is_loaded_and_the_policy_forbids_it() {
    for (name, shape) in SHAPES {
        let html = render(&data::report(&shape));
        assert!(
            html.contains("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:")
        );
        let body = static_part(&html);
        for attribute in [" src=\"", " href=\"http", "url(", "@import"] {
            assert!(!body.contains(attribute), "{name} has {attribute}");
        }
        let style = &html[html.find("<style>").unwrap()..html.find("</style>").unwrap()];
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
}

#[test]
fn sixty_drivers_in_fifty_geos_over_four_years_stay_under_three_megabytes() {
    let d = sample("large");
    assert_eq!((d.drivers.len(), d.geos.len(), d.dates.len()), (60, 50, 208));
    let size = render(&d).len();
    assert!(size < 3_000_000, "{size} bytes");
}

#[test]
fn without_scripts_the_answer_the_drivers_and_the_waterfall_are_there() {
    let d = sample("typical");
    let body = static_part(&render(&d));
    assert!(body.contains(&headline(&d)));
    for driver in &d.drivers {
        let cell = format!("title=\"{}\"", driver.name);
        assert_eq!(body.matches(&cell).count(), 2, "{} should be in the waterfall and in the table", driver.name);
    }
    for sentence in d.not_identified.iter().chain(&d.next_tests) {
        assert!(body.contains(sentence.trim_end_matches('.')), "{sentence}");
    }
}

#[test]
fn the_same_data_give_the_same_bytes() {
    assert_eq!(render(&sample("typical")), render(&sample("typical")));
}

#[test]
fn an_empty_report_renders_and_a_missing_number_is_never_zero() {
    let mut d = sample("small");
    d.drivers.clear();
    d.contributions.clear();
    d.curves.clear();
    d.adstock.clear();
    d.prior_posterior.clear();
    d.dates.clear();
    d.geos.clear();
    d.findings.clear();
    d.best_return = Some(Best { driver: 7, probability: 0.9 });
    d.total_outcome = f64::NAN;
    d.verdict.status = Status::Review;
    let body = static_part(&render(&d));
    assert!(body.contains("n/a"));
    assert!(!body.contains("NaN"));
}

#[test]
fn a_count_with_a_known_value_has_its_returns_in_money() {
    let mut d = sample("small");
    d.outcome_is_money = false;
    d.outcome_name = "orders".to_owned();
    d.returns_are_money = true;
    assert!(headline(&d).contains(" per $1") && !headline(&d).contains("orders per $1"), "{}", headline(&d));
    d.returns_are_money = false;
    assert!(headline(&d).contains("orders per $1"), "{}", headline(&d));
}
