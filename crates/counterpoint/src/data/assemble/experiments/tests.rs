//! What is read of experiments, and what is found.

use crate::data::assemble;
use crate::data::experiment::{Experiment, Tested};
use crate::data::testing::{channel, csv, failures, of, project};
use crate::data::{Dataset, Table};
use crate::finding::Finding;
use crate::project::*;
use jiff::civil::date;

/// Twelve weeks from 2026-01-05 in two geos; `s` is 10 (20 in `north`), but off in weeks 6 to 8 in `north`; `v` is on in week 10 only.
fn data() -> Table {
    let mut text = String::from("date,geo,y,s,v\n");
    for t in 0..12 {
        let day = date(2026, 1, 5).saturating_add(jiff::Span::new().weeks(t));
        for (geo, size) in [("north", 20), ("south", 10)] {
            let s = if geo == "north" && (6..9).contains(&t) { 0 } else { size };
            text += &format!("{day},{geo},{},{s},{}\n", 100 + t, if t == 10 { 5 } else { 0 });
        }
    }
    csv("data.csv", &text)
}

/// Switched off in `north` in weeks 6 to 8.
fn spec() -> ExperimentSpec {
    ExperimentSpec {
        name: None,
        drivers: vec!["s".to_owned()],
        geos: vec!["north".to_owned()],
        start: date(2026, 2, 16),
        end: date(2026, 3, 8),
        cooldown: Cooldown::Days(14),
        change: Change::Off,
        usual: Usual::Before,
        lift: -50.0,
        se: 10.0,
        unit: LiftUnit::Outcome,
        place: Place { file: "counterpoint.toml".to_owned(), line: Some(9), key: "experiment[1]".to_owned() },
    }
}

fn with(listed: Vec<ExperimentSpec>, table: Option<&str>) -> (Option<Dataset>, Vec<Finding>) {
    let mut project = project();
    project.data.geo = Some("geo".to_owned());
    project.drivers = vec![channel("s"), channel("v")];
    project.experiments = ExperimentsSpec { listed, table: table.map(|_| "experiments.csv".to_owned()) };
    let mut tables = vec![data()];
    tables.extend(table.map(|text| csv("experiments.csv", text)));
    assemble(&project, &tables)
}

fn read(listed: Vec<ExperimentSpec>) -> Vec<Experiment> {
    let (data, findings) = with(listed, None);
    data.unwrap_or_else(|| panic!("{findings:?}")).experiments
}

/// The findings on experiments, each with its severity's first letter, code and key.
fn said(listed: Vec<ExperimentSpec>) -> Vec<String> {
    let (_, findings) = with(listed, None);
    let ours = findings.iter().filter(|f| f.code.starts_with("experiment-"));
    ours.map(|f| format!("{:?} {} {}", f.severity, f.code, f.column.as_deref().unwrap_or(""))).collect()
}

fn changed(change: impl FnOnce(&mut ExperimentSpec)) -> Vec<String> {
    let mut one = spec();
    change(&mut one);
    said(vec![one])
}

#[test]
fn an_experiment_is_placed() {
    let one = read(vec![spec()]).remove(0);
    assert_eq!(one.name, "s 2026-02-16");
    assert_eq!((one.tested.as_slice(), one.geos.as_slice()), (&[Tested::Driver(0)][..], &[0][..]));
    assert_eq!((one.window.clone(), one.cooldown), (6..9, 2));
    assert_eq!((one.lift, one.se, one.years_outside), (-50.0, 10.0, 0.0));
    assert_eq!(one.before(7), 2..6);
    assert!(said(vec![spec()]).is_empty());
}

#[test]
fn percent_are_of_what_would_have_been() {
    // The outcome of weeks 6 to 10 in north is 106 + 107 + 108 + 109 + 110 = 540; 8 % less than otherwise leaves 92 % of it.
    let one = read(vec![ExperimentSpec { unit: LiftUnit::Percent, lift: -8.0, se: 3.0, ..spec() }]).remove(0);
    let otherwise = 540.0 / 0.92;
    assert!((one.lift - (540.0 - otherwise)).abs() < 1e-9, "{}", one.lift);
    assert!((one.lift / otherwise + 0.08).abs() < 1e-12);
    // The standard error by a small step of the percentage.
    let step = |p: f64| 540.0 * p / (100.0 + p);
    let slope = (step(-8.0 + 1e-4) - step(-8.0 - 1e-4)) / 2e-4;
    assert!((one.se - 3.0 * slope).abs() < 1e-5, "{}", one.se);
    assert_eq!(
        changed(|e| (e.unit, e.lift) = (LiftUnit::Percent, -100.0)),
        ["Fail experiment-lift experiment[1].lift"]
    );
}

#[test]
fn what_cannot_be_used_is_found() {
    let fails = |what: &str, key: &str| vec![format!("Fail experiment-{what} experiment[1].{key}")];
    assert_eq!(changed(|e| e.drivers = vec!["x".to_owned()]), fails("driver", "driver"));
    assert_eq!(changed(|e| e.geos = vec!["east".to_owned()]), fails("geo", "geos"));
    assert_eq!(changed(|e| e.end = date(2026, 2, 1)), fails("dates", "end"));
    assert_eq!(changed(|e| e.end = date(2026, 2, 17)), fails("dates", "end"));
    assert_eq!(changed(|e| e.se = 0.0), fails("se", "se"));
    assert_eq!(
        changed(|e| e.change = Change::Times(2.0)),
        [fails("sign", "lift")[0].replace("Fail", "Review"), fails("no-exposure", "start")[0].clone()]
    );
    assert_eq!(changed(|e| e.drivers = vec!["v".to_owned()]), fails("no-exposure", "usual"));
    assert_eq!(changed(|e| (e.start, e.end) = (date(2026, 1, 5), date(2026, 1, 25))), fails("usual", "usual"));
    let two = vec!["s".to_owned(), "v".to_owned()];
    assert_eq!(changed(|e| (e.drivers, e.usual) = (two, Usual::Number(5.0))), fails("usual", "usual"));
    let named = || ExperimentSpec { name: Some("a".to_owned()), ..spec() };
    assert!(said(vec![named(), named()]).contains(&fails("twice", "name")[0]));
    let (data, findings) = with(vec![ExperimentSpec { se: -1.0, ..spec() }], None);
    assert!(data.is_none());
    let place = of(&findings, "experiment-se")[0];
    assert_eq!((place.file.as_deref(), place.row), (Some("counterpoint.toml"), Some(9)));
}

#[test]
fn what_is_worth_a_look_is_found() {
    let looks = |what: &str, key: &str| vec![format!("Review experiment-{what} experiment[1].{key}")];
    assert_eq!(changed(|e| e.lift = 50.0), looks("sign", "lift"));
    assert!(changed(|e| e.lift = 15.0).is_empty());
    assert_eq!(changed(|e| e.geos = vec!["south".to_owned()]), looks("not-off", "change"));
    assert_eq!(changed(|e| e.start = date(2026, 2, 17)), looks("periods", "start"));
    assert_eq!(changed(|e| e.cooldown = Cooldown::Periods(4)), looks("cooldown", "cooldown"));
    let year = |e: &mut ExperimentSpec| (e.start, e.end) = (date(2025, 1, 6), date(2025, 1, 26));
    assert_eq!(changed(year), looks("outside", "start"));
    let mut away = spec();
    year(&mut away);
    let one = read(vec![away]).remove(0);
    // Its middle is 50.5 weeks before the first outcome.
    assert!((one.years_outside - 50.5 * 7.0 / 365.25).abs() < 1e-12 && one.window == (-52..-49));
    assert_eq!(said(vec![spec(), spec()]), looks("overlap", "driver"));
    assert_eq!(read(vec![spec(), spec()])[1].name, "s 2026-02-16 #2");
    let after =
        ExperimentSpec { start: date(2026, 3, 23), end: date(2026, 3, 29), change: Change::On, lift: 1.0, ..spec() };
    assert!(!said(vec![spec(), after]).iter().any(|f| f.contains("overlap")));
}

#[test]
fn a_table_is_read_beside_the_file() {
    let text = "experiment,driver,geos,start,end,cooldown,change,lift,se,low,high,level,unit,usual\n\
                pause,s,north,2026-02-16,2026-03-08,14 days,0,-50,10,,,,,\n\
                more,s|v,north; south,2026-03-16,2026-03-22,,2,30,,10,50,0.9,percent,\n\
                planned,s,north,2026-02-16,2026-03-08,1,off,-40,,-60,-20,0.95,,25";
    let (data, findings) = with(vec![spec()], Some(text));
    let all = data.unwrap_or_else(|| panic!("{findings:?}")).experiments;
    let names: Vec<&str> = all.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["s 2026-02-16", "pause", "more", "planned"]);
    assert_eq!((all[1].window.clone(), all[1].cooldown, all[1].change), (6..9, 2, Change::Off));
    assert_eq!((all[2].tested.len(), all[2].geos.len(), all[2].change), (2, 2, Change::Times(2.0)));
    assert_eq!((all[3].usual, all[3].cooldown), (Usual::Number(25.0), 1));
    assert!((all[3].se - 20.0 / 1.959_964).abs() < 1e-5);
    // All are on one driver, and the cool-downs of the others reach into the time of `more`, but for that of `planned`.
    assert_eq!(of(&findings, "experiment-overlap").len(), 5);
    let place = of(&findings, "experiment-overlap")[0];
    assert_eq!((place.file.as_deref(), place.row), (Some("experiments.csv"), Some(2)));
}

#[test]
fn every_row_of_a_table_is_looked_at() {
    let text = "driver,start,end,change,lift,se\n\
                s,2026-02-16,2026-03-08,1,-50,10\n\
                x,2026-02-16,2026-03-08,0,-50,10\n\
                s,2026-02-30,2026-03-08,0,-50,10\n\
                s,2026-02-16,2026-03-08,0,many,10\n\
                s,2026-02-16,2026-03-08,0,-50,0";
    let (data, findings) = with(Vec::new(), Some(text));
    assert!(data.is_none());
    let wanted = ["date-unreadable", "not-a-number", "experiment-change", "experiment-driver", "experiment-se"];
    assert_eq!(failures(&findings), wanted);
    let (_, findings) = with(Vec::new(), Some("driver,geos\ns,north"));
    assert_eq!(of(&findings, "missing-column").len(), 4, "{findings:?}");
    assert!(of(&findings, "experiment-se").len() == 1);
}
