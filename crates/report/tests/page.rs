//! What the page holds, seen from outside: the answer, the warnings, and names that stay text.

#[path = "../examples/sample/creators.rs"]
mod creators;
#[path = "../examples/sample/data.rs"]
mod data;
#[path = "../examples/sample/plan.rs"]
mod plan;
#[path = "../examples/sample/trust.rs"]
mod trust;

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
    assert!(!body.contains(">renew<") && body.contains("None: the fit failed."));
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

#[test]
fn a_report_without_creators_says_nothing_of_them() {
    let d = sample("typical");
    let html = render(&d);
    let body = static_part(&html);
    for word in ["id=\"creators\"", "id=\"roster\"", "Herfindahl", "class=\"sub\"", "Kernel"] {
        assert!(!body.contains(word), "{word}");
    }
    assert!(!html.contains("\"roster\":"), "the data name creators that are not there");
    let text = serde_json::to_string(&d).unwrap();
    assert!(!text.contains("\"creators\""));
    assert_eq!(serde_json::from_str::<ReportData>(&text).unwrap().creators, None);
}

#[test]
fn creators_survive_the_way_through_json() {
    let d = sample("creators");
    let back: ReportData = serde_json::from_str(&serde_json::to_string(&d).unwrap()).unwrap();
    assert_eq!(back.creators, d.creators);
}

#[test]
fn the_four_differences_say_numbers_with_intervals() {
    let body = static_part(&render(&sample("creators")));
    for sentence in [
        "TikTok carries 46% (39–53%) of what creators brought: as concentrated as 2.7 (2.5–3.0) equal platforms.",
        "Channels are as concentrated as 4.1 (3.7–4.4) (1 channel without a platform left out): creators hang on fewer platforms.",
        "Half of a post&#39;s views come within 26 hours (21–33) on TikTok, but 8.5 days (6.8–11) on YouTube.",
        "brings 3.2 (2.1–4.6) times that of one in its bottom tenth",
        "twice the followers, 16% (5.7–25%) less effect a view",
        "31% (23–39%) of tracked sales would have come without the posts",
    ] {
        assert!(body.contains(sentence), "{sentence}");
    }
}

#[test]
fn what_intervals_share_is_not_told_apart() {
    let mut d = sample("creators");
    let creators = d.creators.as_mut().unwrap();
    creators.dependence.creators = creators.dependence.channels.unwrap();
    let effect = creators.platforms[0].effect_per_thousand;
    creators.platforms[2].effect_per_thousand = effect;
    creators.platforms[1].effect_per_thousand = effect;
    for t in &mut creators.traits {
        (t.factor.q05, t.factor.q95) = (0.8, 1.3);
    }
    let body = static_part(&render(&d));
    assert!(body.contains("which of the two is spread wider cannot be told apart"));
    assert!(body.contains("the two cannot be told apart."));
    assert!(body.contains("Nothing known about creators goes with a clearly stronger or weaker effect of a view."));
}

#[test]
fn the_roster_holds_every_creator_with_its_verdict_and_reason() {
    let d = sample("many-creators");
    let creators = d.creators.as_ref().unwrap();
    assert_eq!(creators.roster.len(), 200);
    let html = render(&d);
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    let body = static_part(&html);
    assert_eq!(body.matches("<tr data-verdict=").count(), 200);
    for row in &creators.roster {
        assert!(body.contains(row.reason.as_str()), "{}", row.reason);
    }
    let unclear = creators.roster.iter().filter(|r| !r.identified).count();
    assert!(unclear > 0);
    assert_eq!(body.matches("<em>cannot be told apart</em>").count(), unclear);
    assert!(!body.contains("NaN"));
}

#[test]
fn creators_of_whom_nothing_is_known_render() {
    let mut d = sample("one-creator");
    let creators = d.creators.as_mut().unwrap();
    let nothing = counterpoint_report::Interval { mean: f64::NAN, q05: f64::NAN, q50: f64::NAN, q95: f64::NAN };
    let row = &mut creators.roster[0];
    row.effect = nothing;
    row.per_view = nothing;
    row.platforms = vec![7];
    (row.cost, row.roi, row.fee_paid, row.fair_fee, row.tracked, row.capture) = (None, None, None, None, None, None);
    creators.posts.clear();
    creators.kernels.clear();
    creators.dependence.shares.clear();
    creators.channel_exposure.clear();
    let body = static_part(&render(&d));
    assert!(body.contains("n/a") && !body.contains("NaN"));
    creators_part(&mut d).roster.clear();
    assert!(!static_part(&render(&d)).contains("NaN"));
}

fn creators_part(d: &mut ReportData) -> &mut counterpoint_report::Creators {
    d.creators.as_mut().unwrap()
}

#[test]
fn an_audit_never_accuses() {
    let body = static_part(&render(&sample("creators"))).to_lowercase();
    let start = body.find("id=\"audit\"").unwrap();
    let part = &body[start..start + body[start..].find("</section>").unwrap()];
    assert!(part.contains("a low score says that numbers are unusual, not why"));
    for word in ["fraud", "cheat", "bought", "fake", "bot "] {
        assert!(!part.contains(word), "{word}");
    }
}

#[test]
fn experiments_are_shown_without_a_script_and_their_names_stay_text() {
    use counterpoint_report::{Evidence, Interval, Moved};
    let mut d = sample("small");
    assert!(!render(&d).contains("Evidence from experiments"));
    let near = |mean: f64| Interval { mean, q05: mean - 2.0, q50: mean, q95: mean + 2.0 };
    let moved = Moved {
        name: HOSTILE[0].to_owned(),
        roi: Some(near(3.0)),
        roi_without: None,
        incremental: near(7.0),
        incremental_without: near(9.0),
    };
    let one = |name: &str, data_tail| Evidence {
        name: name.to_owned(),
        observed: near(-5.0),
        with: near(-4.0),
        without: near(f64::NAN),
        prior_tail: 0.5,
        data_tail,
        moved: vec![moved.clone()],
    };
    d.evidence = vec![one(HOSTILE[0], 0.001), one("pause", 0.6)];
    let html = render(&d);
    let body = static_part(&html);
    assert!(!body.contains(HOSTILE[0]));
    assert!(
        body.contains("2 experiments entered the fit as data; the rest of the data contradict one of them."),
        "{body}"
    );
    assert!(
        body.contains("a result this far off a probability of ")
            && body.contains("The data without any test agree with it.")
    );
    assert!(!body.contains("NaN"), "a number that is not there is drawn");
}

#[test]
fn a_report_without_a_plan_says_nothing_of_one() {
    let d = sample("typical");
    let html = render(&d);
    let body = static_part(&html);
    for word in ["id=\"plan\"", "id=\"stress\"", "The next budget", "What if a platform falls"] {
        assert!(!body.contains(word), "{word}");
    }
    let text = serde_json::to_string(&d).unwrap();
    assert!(!text.contains("\"plan\"") && !text.contains("\"stress\""));
    let back: ReportData = serde_json::from_str(&text).unwrap();
    assert!(back.plan.is_none() && back.stress.is_none());
}

#[test]
fn plan_and_stress_survive_the_way_through_json_and_unknown_keys_are_ignored() {
    let d = sample("creators");
    let mut value = serde_json::to_value(&d).unwrap();
    value["plan"]["from a later version"] = serde_json::json!([1]);
    value["stress"]["shocks"][0]["from a later version"] = serde_json::json!("x");
    let back: ReportData = serde_json::from_value(value).unwrap();
    assert_eq!((back.plan, back.stress), (d.plan, d.stress));
}

#[test]
fn the_next_budget_says_its_answer_and_what_binds() {
    let body = static_part(&render(&sample("small")));
    for sentence in [
        "from 5 Jan 2026 to 5 Apr 2026: it is expected to bring $",
        "The same money in last year&#39;s split would bring a profit of $",
        "the plan is better with a probability of 87%.",
        "No plan within the limits is better by more than 0.1%.",
        "The budget: one dollar more would add $0.31 of expected profit.",
        "Display, at least: one dollar more would take $0.23 of expected profit.",
        "would raise profit there by $",
        "Last year&#39;s split: $",
    ] {
        assert!(body.contains(sentence), "{sentence}");
    }
    for id in ["plan-drivers", "plan-calendar", "plan-frontier", "plan-curves", "stress-dependence", "stress-shocks"] {
        assert_eq!(body.matches(&format!("data-chart=\"{id}\"")).count(), 1, "{id}");
    }
}

#[test]
fn the_stress_says_the_worst_shock_the_bets_and_the_price_of_insurance() {
    let body = static_part(&render(&sample("creators")));
    for sentence in [
        "Looked at: last year&#39;s split of the budget, 5 Jan 2026 to 5 Apr 2026.",
        "The worst single shock is “gone for good” on ",
        "Assumed chance that it begins within a year: 1%.",
        "independent bets of equal size.",
        "Insurance: the first €2.2K gained in the worst tenth cost €0.11 of expected profit for each €1",
        "is assumed, not measured on your data.",
        "India banned one platform in June 2020. Probability: judgement",
    ] {
        assert!(body.contains(sentence), "{sentence}");
    }
}

#[test]
fn an_outcome_without_money_has_a_plan_without_profit() {
    let body = static_part(&render(&sample("hostile")));
    let start = body.find("id=\"plan\"").unwrap();
    let part = &body[start..body.find("id=\"creators\"").unwrap()];
    assert!(part.contains(" orders. ") || part.contains(" orders;") || part.contains(" orders."), "{part}");
    for word in ["Expected profit", "plan-frontier", "Insurance", "NaN"] {
        assert!(!part.contains(word), "{word}");
    }
}

#[test]
fn a_failed_fit_shows_no_plan_as_an_answer() {
    let body = static_part(&render(&sample("failed")));
    assert!(body.contains("id=\"plan\"") && body.contains("id=\"stress\""));
    for word in ["it is expected to bring", "one dollar more", "The worst single shock", "Insurance"] {
        assert!(!body.contains(word), "{word}");
    }
}

#[test]
fn a_plan_of_five_hundred_offers_stays_under_three_megabytes() {
    for name in ["large", "many-creators"] {
        let d = sample(name);
        let plan = d.plan.as_ref().unwrap();
        assert!(plan.drivers.len() > 150 && plan.offers.len() > 300, "{} {}", plan.drivers.len(), plan.offers.len());
        let size = render(&d).len();
        assert!(size < 3_000_000, "{size} bytes");
    }
}

#[test]
fn a_plan_of_which_nothing_is_known_renders() {
    let mut d = sample("small");
    let plan = d.plan.as_mut().unwrap();
    plan.drivers.clear();
    plan.periods.clear();
    plan.binding.clear();
    plan.frontier.clear();
    (plan.budget, plan.budget_last, plan.p_better, plan.gap) = (f64::NAN, f64::NAN, f64::NAN, None);
    let stress = d.stress.as_mut().unwrap();
    stress.dependence.clear();
    stress.shocks.clear();
    stress.insurance.clear();
    let body = static_part(&render(&d));
    assert!(!body.contains("NaN"));
    assert!(body.contains("No limit keeps the plan from doing better."));
}

#[test]
fn the_trust_report_says_each_verdict_with_its_parts_and_survives_json() {
    let d = sample("creators");
    let body = static_part(&render(&d));
    for words in [
        "Of 8 checks, 1 failed: experiments foretold; 4 ask for a look: recovery, stability, sensitivity, drawn data.",
        "They rest on 27 refits, 1 of which did not converge well.",
        "70 of 80 intervals of drivers held it (90% should)",
        "it was better from 3 and 2 of the 3 starts",
        "None of 2 channels that do nothing would have been believed in",
        "Contradicted: autumn hold-out.",
        "unlike yours in: autocorrelation of what is left over.",
        "try `ar1 = true` in [model]",
    ] {
        assert!(body.contains(words), "{words}");
    }
    for id in ["recovery", "backtest", "placebo", "stability", "sensitivity", "held_out", "predictive", "calibration"] {
        assert!(body.contains(&format!("id=\"trust-{id}\"")), "{id}");
    }
    assert!(!body.contains("NaN"));
    let back: ReportData = serde_json::from_str(&serde_json::to_string(&d).unwrap()).unwrap();
    assert_eq!(back.trust, d.trust);
    assert!(!static_part(&render(&sample("typical"))).contains("id=\"trust\""));
}

#[test]
fn a_trust_report_of_which_little_is_known_renders() {
    let mut d = sample("creators");
    let trust = d.trust.as_mut().unwrap();
    (trust.backtest, trust.placebo, trust.stability, trust.held_out, trust.calibration) =
        (None, None, None, None, None);
    for told in &mut trust.recovery.drivers {
        (told.bias, told.error, told.width, told.ratios) =
            (f64::NAN, f64::NAN, f64::NAN, vec![f64::NAN, f64::INFINITY]);
    }
    trust.sensitivity.drivers.clear();
    trust.predictive.statistics.clear();
    trust.predictive.loo = None;
    let body = static_part(&render(&d));
    assert!(body.contains("id=\"trust\"") && !body.contains("NaN") && !body.contains("inf%"), "{body}");
}

#[test]
fn what_to_test_next_is_what_the_plan_would_gain_from() {
    let mut d = sample("creators");
    let body = static_part(&render(&d));
    let part = |body: &str| body[body.find("id=\"next\"").unwrap()..].split("</section>").next().unwrap().to_owned();
    assert!(part(&body).contains("a test is worth ") && part(&body).contains("it would forgo "), "{}", part(&body));
    assert!(!part(&body).contains(&d.next_tests[0]));
    // Where no test would change the plan, that is said, and what is known least is told all the same.
    d.plan.as_mut().unwrap().tests.iter_mut().for_each(|t| t.value = 0.0);
    let body = static_part(&render(&d));
    assert!(part(&body).contains("A test would hardly change what this plan gives to "));
    assert_eq!(part(&body).matches("<li>").count(), 1 + d.next_tests.len());
}

#[test]
fn a_trust_report_of_sixty_drivers_leaves_none_out_of_its_numbers_and_says_what_a_picture_lacks() {
    let d = sample("large");
    let body = static_part(&render(&d));
    let trust = &body[body.find("id=\"trust\"").unwrap()..];
    let trust = trust.split("</section>").next().unwrap();
    assert_eq!(trust.matches("Shown are the first 40 of 60; the numbers hold all.").count(), 3);
    let last = counterpoint_report::sentences::short(&d.drivers[59].name);
    for id in ["recovery", "stability", "sensitivity"] {
        let part = trust.split(&format!("id=\"trust-{id}\"")).nth(1).unwrap();
        assert!(part.split("class=\"part\"").next().unwrap().contains(&last), "{id}");
    }
}
