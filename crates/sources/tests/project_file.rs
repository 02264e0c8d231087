//! The project file: what parses, what is found, where, and with which mend.

use counterpoint::finding::{Finding, Severity};
use counterpoint::model::prior::Prior;
use counterpoint::project::*;
use counterpoint_sources::{load_project, read_project, without_plan};
use jiff::civil::date;
use proptest::prelude::*;

const FULL: &str = include_str!("data/full.toml");

const LEAST: &str = r#"[data]
table = "data.csv"
date = "date"
[outcome]
column = "revenue"
[[channel]]
name = "search"
spend = "search_spend"
"#;

fn project(text: &str) -> Project {
    let (project, findings) = read_project(text);
    assert!(findings.is_empty(), "{findings:#?}");
    project.expect("a project without findings")
}

/// The findings of the least project with these lines added.
fn findings(extra: &str) -> Vec<Finding> {
    let (project, findings) = read_project(&format!("{LEAST}{extra}"));
    assert_eq!(project.is_none(), findings.iter().any(|f| f.severity == Severity::Fail));
    findings
}

fn one(extra: &str) -> Finding {
    let found = findings(extra);
    assert_eq!(found.len(), 1, "{extra}: {found:#?}");
    found.into_iter().next().unwrap_or_else(|| unreachable!())
}

#[test]
fn the_least_project_takes_every_default() {
    let project = project(LEAST);
    assert_eq!(project.model, ModelSpec::default());
    assert_eq!(project.sampler, SamplerSpec::default());
    assert_eq!(project.outcome.kind, OutcomeKind::Revenue);
    assert_eq!(project.data.tables, ["data.csv"]);
    assert!(!project.data.empty_is_zero);
    assert_eq!(project.drivers[0].scale, None);
}

#[test]
fn every_documented_key_is_read() {
    let project = project(FULL);
    assert_eq!(project.name, "Glow Skincare");
    assert_eq!(project.data.tables, ["data.csv", "weather.csv"]);
    assert_eq!(project.data.long[0].channel, "channel");
    assert_eq!(project.data.date_format, Some(DateFormat::DayMonthYear));
    assert!(project.data.empty_is_zero);
    assert_eq!(project.outcome.kind, OutcomeKind::Count(UnitValue::Column("value".into())));
    assert_eq!(project.outcome.margin, Some(0.62));
    let search = &project.drivers[0];
    let expected = Prior::LogNormal { mu: 1.5f64.ln(), sigma: 0.6, shift: 0.0 };
    assert_eq!(search.prior, Some(EffectPrior { on: EffectKind::Roi, prior: expected }));
    assert_eq!(
        search.source,
        DriverSource::Channel {
            spend: "search_spend".into(),
            exposure: Some("search_clicks".into()),
            role: Role::Capture
        }
    );
    assert_eq!(search.adstock, Some(AdstockKind::WeibullCdf));
    assert_eq!(search.shape.retention, Some(Prior::Beta { a: 1.0, b: 3.0 }));
    assert_eq!(search.shape.slope, Some(Prior::Fixed { value: 1.0 }));
    assert!(matches!(project.drivers[1].source, DriverSource::ReachFrequency { .. }));
    assert_eq!(project.drivers[1].slope, Some(1.5));
    assert!(matches!(project.drivers[2].source, DriverSource::Organic { .. }));
    assert!(matches!(project.drivers[3].source, DriverSource::Organic { .. }));
    let DriverSource::Treatment { baseline, per_head, .. } = &project.drivers[4].source else { panic!("a treatment") };
    assert_eq!((*baseline, *per_head), (BaselineValue::Max, true));
    assert_eq!(project.controls.iter().map(|c| c.per_head).collect::<Vec<_>>(), [false, true]);
    assert_eq!(project.holidays.countries, ["US", "DE"]);
    assert_eq!(project.holidays.events[0].start, date(2026, 3, 2));
    assert_eq!(project.holidays.events[1].end, date(2026, 7, 5));
    assert_eq!(project.model.trend, TrendSpec::FreeKnots(vec![date(2025, 1, 6), date(2025, 6, 2)]));
    assert_eq!((project.model.season_yearly, project.model.season_weekly), (3, 1));
    assert_eq!(project.model.effects, GeoEffects::Normal);
    assert!(project.model.noise.student_t && project.model.noise.ar1 && project.model.noise.sigma_per_geo);
    assert_eq!(project.model.priors.sigma, Some(Prior::HalfNormal { sd: 5.0 }));
    assert_eq!(project.model.priors.level_sd, Some(4.0));
    assert_eq!(project.model.priors.student_df, Some(Prior::Gamma { shape: 2.0, rate: 0.1 }));
    assert_eq!(project.sampler.seed, 7);
}

#[test]
fn all_mistakes_are_found_at_once_each_at_its_line() {
    let text = "name = 3\n[data]\ntabel = \"data.csv\"\ndate = \"date\"\n[outcome]\ncolumn = \"\"\nmargin = 62\n[[channel]]\nname = \"a\"\nspend = \"s\"\nprior = { roi = { mean = 1.0, sd = 0.5 } }\n[sampler]\nchains = 0\n";
    let (project, findings) = read_project(text);
    assert!(project.is_none());
    let places: Vec<(u64, &str, &str)> =
        findings.iter().map(|f| (f.row.unwrap_or(0), f.column.as_deref().unwrap_or(""), f.code.as_str())).collect();
    for expected in [
        (1, "name", "wrong-type"),
        (3, "data.tabel", "unknown-key"),
        (6, "outcome.column", "empty-name"),
        (7, "outcome.margin", "out-of-range"),
        (11, "channel[1].prior.roi", "prior-support"),
        (13, "sampler.chains", "out-of-range"),
    ] {
        assert!(places.contains(&expected), "{expected:?} is not in {places:#?}");
    }
    assert!(places.iter().any(|(_, path, code)| *path == "data.table" && *code == "missing-key"));
    assert!(findings.iter().all(|f| f.file.as_deref() == Some("counterpoint.toml") && !f.mend.is_empty()));
}

#[test]
fn an_unknown_key_gets_the_nearest_right_one() {
    assert!(one("exposre = \"x\"").mend.contains("`exposure`"));
    assert!(one("[modle]\n").mend.contains("`model`"));
    assert!(one("[model]\nadstok = \"none\"").mend.contains("`adstock`"));
    assert!(one("[model]\nadstock = \"geometrical\"").mend.contains("\"geometric\""));
    assert!(one("xyzzy = 1").mend.contains("known here"));
    assert!(one("experiments = \"tests.csv\"").mend.contains("top of the file"));
}

#[test]
fn a_syntax_error_gives_its_line() {
    let (project, findings) = read_project("name = \"a\"\n[data\ntable = 1");
    assert!(project.is_none());
    assert_eq!((findings[0].code.as_str(), findings[0].row), ("toml-syntax", Some(2)));
}

#[test]
fn a_prior_must_lie_within_what_its_parameter_may_be() {
    for (line, holds) in [
        ("prior = { roi = { mean = 1.0, sd = 0.5 } }", false),
        ("prior = { roi = { mean = 1.0, sd = 0.5, low = 0.0, high = 9.0 } }", true),
        ("prior = { roi = { mean = 1.0, sd = 0.5, low = -1.0, high = 9.0 } }", false),
        ("prior = { roi = { median = 2, sd_log = 1, shift = -1 } }", false),
        ("prior = { roi = 1.5 }", true),
        ("prior = { roi = 0 }", false),
        ("prior = { contribution = { beta = [1, 99] } }", true),
        ("prior = { contribution = { half_normal = 0.1 } }", true),
        ("prior = { contribution = { uniform = [0, 2] } }", false),
        ("shape = { retention = 0 }", true),
        ("shape = { retention = 1 }", false),
        ("shape = { retention = { gamma = [1, 1] } }", false),
        ("shape = { geo_spread = 0.0 }", true),
        ("shape = { half_saturation = { uniform = [-1, 1] } }", false),
        ("[model.priors]\nar1 = { uniform = [-1, 1] }", true),
        ("[model.priors]\nar1 = { mean = 0, sd = 1 }", false),
        ("[model.priors]\ntreatment_contribution = { mean = 0, sd = 0.1 }", true),
    ] {
        let found = findings(line);
        assert_eq!(found.is_empty(), holds, "{line}: {found:#?}");
        assert!(found.iter().all(|f| f.code == "prior-support"), "{line}: {found:#?}");
    }
}

#[test]
fn effects_that_may_be_negative_take_priors_that_are() {
    assert!(findings("prior = { roi = { mean = 1, sd = 2 } }\n[model]\neffects = \"normal\"").is_empty());
}

#[test]
fn malformed_priors_say_what_they_lack() {
    assert_eq!(one("prior = { roi = { median = 1.0 } }").column.as_deref(), Some("channel[1].prior.roi.sd_log"));
    assert_eq!(one("prior = { roi = { mean = 1.0, sd = 0 } }").code, "out-of-range");
    assert_eq!(one("prior = { roi = { mean = 1.0, sd_log = 2 } }").code, "prior-form");
    assert_eq!(one("prior = { roi = { uniform = [3, 1] } }").code, "out-of-range");
    assert_eq!(one("prior = { roi = { uniform = [3] } }").code, "prior-form");
    assert_eq!(one("prior = { roi = \"high\" }").code, "prior-form");
    assert_eq!(one("prior = { roi = nan }").code, "out-of-range");
    assert_eq!(one("prior = { roi = 1, mroi = 1 }").code, "conflict");
    assert_eq!(one("prior = { }").code, "prior-form");
    assert_eq!(one("prior = { roi = { median = -1.0, sd_log = 1 } }").code, "out-of-range");
}

#[test]
fn a_shifted_log_normal_keeps_its_median() {
    let text = format!("{LEAST}prior = {{ roi = {{ median = 3.0, sd_log = 0.5, shift = 1.0 }} }}");
    let prior = project(&text).drivers[0].prior.clone().map(|p| p.prior);
    assert_eq!(prior, Some(Prior::LogNormal { mu: 2f64.ln(), sigma: 0.5, shift: 1.0 }));
}

#[test]
fn names_and_columns_must_be_told_apart() {
    let twice = one("[[channel]]\nname = \"search\"\nspend = \"other\"");
    assert_eq!((twice.code.as_str(), twice.column.as_deref()), ("duplicate-name", Some("channel[2].name")));
    let shared = one("[[channel]]\nname = \"b\"\nspend = \"search_spend\"");
    assert_eq!((shared.code.as_str(), shared.severity), ("column-used-twice", Severity::Review));
    let outcome = one("[controls]\ncolumns = [\"revenue\"]");
    assert_eq!((outcome.code.as_str(), outcome.severity), ("column-used-twice", Severity::Fail));
    assert_eq!(outcome.column.as_deref(), Some("controls.columns[1]"));
}

#[test]
fn contradictions_of_a_channel_are_found() {
    assert_eq!(one("reach = \"r\"").column.as_deref(), Some("channel[1].frequency"));
    assert_eq!(one("role = \"organic\"\nexposure = \"e\"").code, "conflict");
    assert_eq!(one("slope = 1.0\nshape = { slope = 2.0 }").code, "conflict");
    assert_eq!(one("max_lag = 400").code, "out-of-range");
    assert_eq!(one("[channels]\n").code, "unknown-key");
    assert_eq!(one("[treatment]\nname = \"a\"").code, "wrong-type");
}

#[test]
fn the_creators_section_is_read_and_its_mistakes_are_found() {
    let missing = one("[creators]\nposts = \"posts.csv\"");
    assert_eq!((missing.code.as_str(), missing.column.as_deref()), ("missing-key", Some("creators.creators")));
    let whole = "[creators]\ncreators = \"c.csv\"\nposts = \"p.csv\"\n";
    assert_eq!(one(&format!("{whole}stat = \"s.csv\"")).code, "unknown-key");
    assert_eq!(one(&format!("{whole}fair_level = 80")).code, "out-of-range");
    let changes = |list: &str| format!("{whole}view_changes = {list}");
    let found = |list: &str| {
        let one = one(&changes(list));
        (one.code, one.column.unwrap_or_default())
    };
    let wrong = [
        ("[{ platform = \"a\" }]", "missing-key", "creators.view_changes[1].on"),
        ("[{ on = 2025-04-21 }]", "missing-key", "creators.view_changes[1].platform"),
        ("[{ platform = \"a\", on = \"soon\" }]", "wrong-type", "creators.view_changes[1].on"),
        (
            "[{ platform = \"a\", on = 2025-04-21, format = \"reel\" }]",
            "unknown-value",
            "creators.view_changes[1].format",
        ),
        ("[2025-04-21]", "wrong-type", "creators.view_changes[1]"),
        ("2025-04-21", "wrong-type", "creators.view_changes"),
        (
            "[{ platform = \"a\", on = 2025-04-21 }, { platform = \"A\", on = 2025-05-01 }]",
            "duplicate-name",
            "creators.view_changes[2].platform",
        ),
    ];
    for (list, code, place) in wrong {
        assert_eq!(found(list), (code.to_owned(), place.to_owned()), "{list}");
    }
}

#[test]
fn ranges_of_the_sampler_hold() {
    for line in ["chains = 65", "draws = 1000001", "warmup = 0", "target_accept = 1.0", "seed = -1", "chains = 2.5"] {
        assert_eq!(findings(&format!("[sampler]\n{line}")).len(), 1, "{line}");
    }
}

#[test]
fn a_folder_without_a_project_says_how_to_start_one() {
    let dir = std::env::temp_dir().join(format!("counterpoint-none-{}", std::process::id()));
    let findings = load_project(&dir).expect_err("nothing there");
    assert!(findings[0].mend.contains("counterpoint init"), "{findings:?}");
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,200}") {
        let _ = read_project(&text);
    }

    #[test]
    fn any_mutation_of_a_valid_file_is_read_without_a_panic(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), "[\\[\\]{}=\",.a-z0-9\n -]{0,6}"), 1..5)
    ) {
        let mut text: Vec<char> = FULL.chars().collect();
        for (from, len, new) in cuts {
            let from = from.index(text.len() + 1);
            let to = (from + len.index(12)).min(text.len());
            text.splice(from..to, new.chars());
        }
        let text: String = text.into_iter().collect();
        let (project, findings) = read_project(&text);
        prop_assert_eq!(project.is_none(), findings.iter().any(|f| f.severity == Severity::Fail));
    }

    #[test]
    fn any_line_left_out_of_a_valid_file_is_read_without_a_panic(line in any::<prop::sample::Index>()) {
        let lines: Vec<&str> = FULL.lines().collect();
        let out = line.index(lines.len());
        let text: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != out).map(|(_, l)| *l).collect();
        let _ = read_project(&text.join("\n"));
    }
}

#[test]
fn every_key_of_the_full_example_is_documented() {
    let docs = include_str!("../../../docs/project-file.md");
    for line in FULL.lines().filter(|l| !l.is_empty()) {
        let key = line.split('=').next().unwrap_or_default().trim().trim_matches(['[', ']']);
        let key = key.rsplit('.').next().unwrap_or_default();
        assert!(docs.contains(key), "{key} is not in docs/project-file.md");
    }
}

#[test]
fn the_examples_of_the_documentation_parse() {
    let docs = include_str!("../../../docs/project-file.md");
    for example in docs.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        project(example);
    }
}

#[test]
fn a_project_with_creators_is_read() {
    let text = r#"
name     = "Glow Skincare"
currency = "USD"
[data]
table      = "data.csv"
date       = "date"
geo        = "geo"
population = "population"
[outcome]
column = "revenue"
kind   = "revenue"
margin = 0.62
[[channel]]
name     = "paid_search"
exposure = "search_clicks"
spend    = "search_spend"
role     = "capture"
prior    = { roi = { median = 1.5, sd_log = 0.6 } }
[controls]
columns = ["price_index", "promo"]
[creators]
creators = "creators.csv"
posts    = "posts.csv"
[model]
prior   = "roi"
max_lag = 8
adstock = "geometric"
trend   = { knots_every = 13 }
season  = { yearly = 2 }
effects = "lognormal"
noise   = "normal"
[sampler]
chains = 4
warmup = 1000
draws  = 1000
seed   = 1
"#;
    let (project, findings) = read_project(text);
    let project = project.expect("a project");
    assert!(findings.is_empty());
    let creators = project.creators.as_ref().expect("creators");
    assert_eq!((creators.creators.as_str(), creators.posts.as_str()), ("creators.csv", "posts.csv"));
    assert_eq!((&creators.tracked, creators.fake_worth, creators.fair_level), (&None, 0.1, 0.8));
    assert_eq!((project.drivers.len(), project.controls.len()), (1, 2));
    assert!(project.experiments.is_empty());
}

/// As in the guide.
const TEST: &str = r#"
[[experiment]]
driver = "paid_search"
geos   = ["Geo1", "Geo4"]
start  = 2026-03-02
end    = 2026-03-29
change = 0.0                # what the driver was multiplied by; 0 = off
lift   = -120000.0          # outcome, as run minus as it would have been
se     = 40000.0
"#;

#[test]
fn an_experiment_is_read() {
    let read = project(&format!("experiments = \"experiments.csv\"\n{LEAST}{TEST}"));
    assert_eq!(read.experiments.table.as_deref(), Some("experiments.csv"));
    assert_eq!(read.tables(), ["data.csv", "experiments.csv"]);
    let one = &read.experiments.listed[0];
    assert_eq!(
        (one.drivers.as_slice(), one.geos.as_slice()),
        (&["paid_search".to_owned()][..], &["Geo1".to_owned(), "Geo4".to_owned()][..])
    );
    assert_eq!((one.start, one.end), (date(2026, 3, 2), date(2026, 3, 29)));
    assert_eq!((one.change, one.usual, one.cooldown), (Change::Off, Usual::Before, Cooldown::Periods(0)));
    assert_eq!((one.lift, one.se, one.unit), (-120_000.0, 40_000.0, LiftUnit::Outcome));
    assert_eq!((one.place.key.as_str(), one.place.line, &one.name), ("experiment[1]", Some(11), &None));

    let other = r#"
[[experiment]]
name     = "brand test"
driver   = ["search", "video"]
start    = 2026-03-02
end      = 2026-03-29
cooldown = "14 days"
change   = "on"
usual    = 1200
lift     = 4.0
low      = 1.0
high     = 7.0
level    = 0.9
unit     = "percent"
[model]
experiment_drift = 0.1
"#;
    let read = project(&format!("{LEAST}{other}"));
    let one = &read.experiments.listed[0];
    assert_eq!((one.drivers.len(), one.geos.len(), one.name.as_deref()), (2, 0, Some("brand test")));
    assert_eq!((one.change, one.usual, one.cooldown), (Change::On, Usual::Number(1200.0), Cooldown::Days(14)));
    assert!((one.se - 3.0 / 1.644_854).abs() < 1e-5 && one.unit == LiftUnit::Percent);
    assert_eq!(read.model.experiment_drift, Some(0.1));
}

#[test]
fn what_is_wrong_with_an_experiment_has_its_place() {
    let all = findings("[[experiment]]\nname = \"x\"\n");
    let missing: Vec<&str> =
        all.iter().filter(|f| f.code == "missing-key").filter_map(|f| f.column.as_deref()).collect();
    let keys = ["driver", "start", "end", "change", "lift", "se"].map(|key| format!("experiment[1].{key}"));
    assert_eq!(missing, keys.iter().map(String::as_str).collect::<Vec<_>>());
    let changed = |from: &str, to: &str| one(&TEST.replace(from, to));
    for change in ["1.0", "-1", "\"half\"", "true"] {
        let finding = changed("change = 0.0 ", &format!("change = {change} "));
        assert_eq!(
            (finding.code.as_str(), finding.column.as_deref()),
            ("experiment-change", Some("experiment[1].change"))
        );
    }
    assert_eq!(changed("end    = 2026-03-29", "end = \"2026-02-30\"").code, "wrong-type");
    assert_eq!(changed("se     = 40000.0", "se = 1.0\nlevel = 0.9").code, "conflict");
    assert_eq!(changed("se     = 40000.0", "low = 1.0\nhigh = 0.0\nlevel = 0.9").code, "experiment-se");
    assert_eq!(changed("se     = 40000.0", "low = 1.0\nhigh = 3.0\nlevel = 90").code, "out-of-range");
    assert_eq!(changed("se     = 40000.0", "low = 1.0\nhigh = 3.0").column.as_deref(), Some("experiment[1].level"));
    assert_eq!(changed("se     = 40000.0", "se = 1.0\ncooldown = \"2 weeks\"").code, "unknown-value");
    assert_eq!(changed("se     = 40000.0", "se = 1.0\nusual = \"after\"").code, "unknown-value");
    let all = findings(&TEST.replace("geos  ", "geo   "));
    assert!(all.iter().any(|f| f.code == "unknown-key" && f.mend.contains("`geos`")), "{all:?}");
}

#[test]
fn comments_spaces_and_the_plan_change_nothing_for_a_fit() {
    let plain = "name = \"x\"\n[data]\ntable = \"a.csv\"\n[[channel]]\nname = \"tv\"\n";
    let same = "# mine\n\nname=\"x\"   # the name\n[plan]\nbudget = 5\n\n[data]\ntable = 'a.csv'\n\n\n[[ channel ]]\nname = \"tv\"\n# end\n\n";
    assert_eq!(without_plan(plain), without_plan(same));
    for other in [
        plain.replace("\"tv\"", "\"tv \""),
        plain.replace("name = \"x\"\n", ""),
        format!("{plain}[[channel]]\nname = \"tv\"\n"),
        format!("{plain}ends = [1, 2]\n"),
    ] {
        assert_ne!(without_plan(plain), without_plan(&other), "{other}");
    }
    assert_ne!(without_plan("a = [[1], [2]]"), without_plan("a = [[1, 2]]"));
    assert_ne!(without_plan("a = \"1\""), without_plan("a = 1"));
}
