//! What assembly accepts, and what it says of everything else.

use super::assemble;
use crate::data::calendar::Cadence;
use crate::data::testing::*;
use crate::data::{Cells, Column, DriverKind, Table};
use crate::finding::Severity;
use crate::project::*;
use jiff::civil::date;
use proptest::prelude::*;

fn weeks(y: &[&str]) -> String {
    let mut text = "date,y,tv,price\n".to_owned();
    for (i, y) in y.iter().enumerate() {
        let day = date(2026, 1, 5).saturating_add(jiff::Span::new().days(7 * i as i64));
        text += &format!("{day},{y},{},{}\n", i * 10, 1.0 + i as f64);
    }
    text
}

fn tv() -> Project {
    let mut p = project();
    p.drivers = vec![channel("tv")];
    p
}

#[test]
fn a_clean_national_table_becomes_arrays_without_a_finding() {
    let mut p = tv();
    p.controls = vec![control("price")];
    let (data, findings) = assemble(&p, &[csv("data.csv", &weeks(&["5", "6", "7"]))]);
    assert_eq!(findings, []);
    let data = data.unwrap();
    assert_eq!((data.geos.as_slice(), data.cadence, data.history), (&["national".to_owned()][..], Cadence::Weekly, 0));
    assert_eq!(data.dates, [date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)]);
    assert_eq!(data.outcome, [5.0, 6.0, 7.0]);
    assert_eq!(data.drivers[0].exposure, [0.0, 10.0, 20.0]);
    assert_eq!(data.drivers[0].spend.as_deref(), Some(&[0.0, 10.0, 20.0][..]));
    assert_eq!(data.controls[0].values, [1.0, 2.0, 3.0]);
    assert_eq!((data.unit_value, data.population), (vec![1.0; 3], vec![1.0]));
}

#[test]
fn rows_before_the_first_outcome_are_history_and_a_hole_in_it_is_left_out() {
    let (data, findings) = assemble(&tv(), &[csv("data.csv", &weeks(&["", "NA", "7", "", "9", ""]))]);
    let data = data.unwrap();
    assert_eq!((data.history, data.n_periods()), (2, 3));
    assert_eq!(data.drivers[0].exposure, [0.0, 10.0, 20.0, 30.0, 40.0]);
    assert_eq!(data.drivers[0].spend.as_deref(), Some(&[20.0, 30.0, 40.0][..]));
    assert!(data.outcome[1].is_nan() && data.outcome[0] == 7.0);
    let missing = of(&findings, "outcome-missing");
    assert_eq!((missing.len(), missing[0].row, missing[0].severity), (1, Some(5), Severity::Review));
    assert_eq!(of(&findings, "rows-left-out")[0].severity, Severity::Review);
}

#[test]
fn geos_keep_their_first_order_and_rows_may_come_in_any() {
    let mut p = tv();
    p.data.geo = Some("geo".to_owned());
    p.data.population = Some("people".to_owned());
    let text = "date,geo,y,tv,people\n\
                2026-01-12,Zug,4,40,100\n2026-01-05,Bern,1,10,300\n2026-01-05,Zug,3,30,100\n2026-01-12,Bern,2,20,300";
    let (data, findings) = assemble(&p, &[csv("data.csv", text)]);
    assert_eq!(findings, []);
    let data = data.unwrap();
    assert_eq!(data.geos, ["Zug", "Bern"]);
    assert_eq!(data.outcome, [3.0, 4.0, 1.0, 2.0]);
    assert_eq!(data.population, [100.0, 300.0]);
}

#[test]
fn a_national_table_is_repeated_for_controls_and_refused_for_drivers() {
    let mut p = tv();
    p.data.geo = Some("geo".to_owned());
    p.data.tables.push("national.csv".to_owned());
    p.controls = vec![control("price")];
    let geo = csv("data.csv", "date,geo,y,tv\n2026-01-05,a,1,1\n2026-01-05,b,2,2\n2026-01-12,a,3,3\n2026-01-12,b,4,4");
    let national = csv("national.csv", "date,price,radio\n2026-01-05,10,7\n2026-01-12,11,8");
    let (data, findings) = assemble(&p, &[geo.clone(), national.clone()]);
    assert_eq!(findings, []);
    assert_eq!(data.unwrap().controls[0].values, [10.0, 11.0, 10.0, 11.0]);

    p.drivers.push(channel("radio"));
    let (data, findings) = assemble(&p, &[geo, national]);
    assert!(data.is_none());
    assert_eq!(failures(&findings), ["national-column"]);
}

#[test]
fn long_tables_become_wide() {
    let mut p = project();
    p.data.long = vec![LongTable {
        table: "media.csv".to_owned(),
        channel: "channel".to_owned(),
        spend: Some("cost".to_owned()),
        exposure: Some("views".to_owned()),
    }];
    p.drivers = vec![channel_with("tv", "tv_spend", "tv_exposure"), channel("web_spend")];
    let wide = csv("data.csv", "date,y\n2026-01-05,1\n2026-01-12,2");
    let long = csv("media.csv", "date,channel,cost,views\n2026-01-05,tv,5,50\n2026-01-05,web,6,60\n2026-01-12,tv,7,70");
    let (data, findings) = assemble(&p, &[wide.clone(), long.clone()]);
    assert!(data.is_none());
    let empty = of(&findings, "empty-cell");
    assert_eq!(empty.len(), 1);
    assert!(empty[0].found.contains("no row of `web` for 2026-01-12"), "{}", empty[0].found);

    p.data.empty_is_zero = true;
    let (data, findings) = assemble(&p, &[wide, long]);
    assert_eq!(findings, []);
    let data = data.unwrap();
    assert_eq!(data.drivers[0].exposure, [50.0, 70.0]);
    assert_eq!(data.drivers[0].spend.as_deref(), Some(&[5.0, 7.0][..]));
    assert_eq!(data.drivers[1].exposure, [6.0, 0.0]);
}

#[test]
fn a_misspelt_column_is_told_with_the_nearest_name() {
    let mut p = project();
    p.drivers = vec![channel("serch_spend")];
    let (data, findings) = assemble(&p, &[csv("data.csv", "date,y,search_spend\n2026-01-05,1,1\n2026-01-12,1,1")]);
    assert!(data.is_none());
    let missing = of(&findings, "missing-column");
    assert!(missing[0].mend.contains("`search_spend`"), "{}", missing[0].mend);
    assert_eq!(missing[0].column.as_deref(), Some("serch_spend"));
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_its_line() {
    let mut p = tv();
    p.drivers.push(channel("radio"));
    let text =
        "date,y,tv\n2026-01-05,1,-2\n2026-01-12,x,3\n2026-02-30,3,4\n2026-01-26,inf,\n2026-01-26,5,5\n2026-02-17,6,6";
    let (data, findings) = assemble(&p, &[csv("data.csv", text)]);
    assert!(data.is_none());
    let row = |code: &str| of(&findings, code).first().and_then(|f| f.row);
    assert_eq!(row("negative-exposure"), Some(2));
    assert_eq!(row("not-a-number"), Some(3));
    assert_eq!(row("date-unreadable"), Some(4));
    assert_eq!(row("not-finite"), Some(5));
    assert_eq!(row("empty-cell"), Some(5));
    assert_eq!(row("duplicate-row"), Some(6));
    assert_eq!(row("date-off-grid"), Some(7));
    assert_eq!(of(&findings, "missing-period").len(), 1);
    assert_eq!(of(&findings, "missing-column").len(), 1);
}

#[test]
fn many_bad_cells_of_a_column_are_capped() {
    let (_, findings) = assemble(&tv(), &[csv("data.csv", &weeks(&["a"; 20]))]);
    let bad = of(&findings, "not-a-number");
    assert_eq!(bad.len(), 6);
    assert_eq!(bad[5].found, "and 15 more like these");
}

#[test]
fn gaps_ragged_geos_and_absent_geos_are_told_apart() {
    let mut p = tv();
    p.data.geo = Some("geo".to_owned());
    p.data.tables.push("media.csv".to_owned());
    let outcome = csv(
        "data.csv",
        "date,geo,y\n2026-01-05,a,1\n2026-01-05,b,1\n2026-01-12,a,1\n2026-01-19,a,1\n2026-01-19,b,1\n2026-02-02,a,1\n2026-02-02,b,1",
    );
    let media =
        csv("media.csv", "date,geo,tv\n2026-01-05,a,1\n2026-01-12,a,1\n2026-01-19,a,1\n2026-01-26,a,1\n2026-02-02,a,1");
    let (_, findings) = assemble(&p, &[outcome, media]);
    assert!(of(&findings, "missing-period")[0].found.contains("2026-01-26"));
    assert!(of(&findings, "ragged-geo")[0].found.contains("`b` lacks 1 week"));
    assert_eq!(of(&findings, "geo-absent")[0].file.as_deref(), Some("media.csv"));
    assert_eq!(findings.len(), 3);
}

#[test]
fn ambiguous_dates_are_not_guessed_but_can_be_set() {
    let text = "date,y,tv\n05/01/2026,1,1\n12/01/2026,2,2\n";
    let mut p = tv();
    let (data, findings) = assemble(&p, &[csv("data.csv", text)]);
    assert!(data.is_none());
    assert_eq!(failures(&findings), ["date-ambiguous"]);
    p.data.date_format = Some(DateFormat::DayMonthYear);
    let (data, findings) = assemble(&p, &[csv("data.csv", text)]);
    assert_eq!(findings, []);
    assert_eq!(data.unwrap().dates[1], date(2026, 1, 12));
}

#[test]
fn a_date_in_another_order_than_the_others_is_named_as_such() {
    let text = "date,y,tv\n13/01/26,1,1\n20/01/26,2,2\n01/27/26,2,2\n";
    let (data, findings) = assemble(&tv(), &[csv("data.csv", text)]);
    assert!(data.is_none());
    let found = of(&findings, "date-unreadable");
    assert_eq!((found.len(), found[0].row), (1, Some(4)));
    assert!(found[0].found.contains("month-day-year") && found[0].expected.contains("day-month-year"), "{found:?}");
}

#[test]
fn commas_that_may_be_thousands_or_decimals_are_not_guessed() {
    let table = |y: [&str; 2]| Table {
        file: "data.csv".to_owned(),
        columns: vec![
            Column {
                name: "date".to_owned(),
                cells: Cells::Date(vec![Some(date(2026, 1, 5)), Some(date(2026, 1, 12))]),
            },
            Column { name: "y".to_owned(), cells: Cells::Text(y.iter().map(|t| Some((*t).into())).collect()) },
            Column { name: "tv".to_owned(), cells: Cells::Number(vec![Some(1.0), Some(2.0)]) },
        ],
        lines: vec![1, 2],
    };
    let (data, findings) = assemble(&tv(), &[table(["1,234", "2,345"])]);
    assert!(data.is_none());
    assert_eq!(failures(&findings), ["ambiguous-number", "ambiguous-number"]);
    let (data, _) = assemble(&tv(), &[table(["1,234", "2,345.5"])]);
    assert_eq!(data.unwrap().outcome, [1234.0, 2345.5]);
    let (data, _) = assemble(&tv(), &[table(["1,234", "2,5"])]);
    assert_eq!(data.unwrap().outcome, [1.234, 2.5]);
}

#[test]
fn a_control_of_words_becomes_a_control_a_word() {
    let mut p = tv();
    p.controls = vec![control("events"), control("store")];
    let text = "date,y,tv,events,store\n2015-11-23,1,1,na,open\n2015-11-30,2,2,event1,open\n2015-12-07,3,3,na,closed\n2015-12-14,4,4,event2,open";
    let (data, findings) = assemble(&p, &[csv("data.csv", text)]);
    let controls = data.unwrap().controls;
    let names: Vec<&str> = controls.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["events[event1]", "events[event2]", "store[closed]"]);
    assert_eq!(controls[0].values, [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(of(&findings, "text-control").len(), 2);
}

#[test]
fn counted_outcomes_take_their_value_from_a_column() {
    let mut p = tv();
    p.outcome.kind = OutcomeKind::Count(UnitValue::Column("price".to_owned()));
    let (data, findings) = assemble(&p, &[csv("data.csv", &weeks(&["5", "6"]))]);
    assert_eq!(findings, []);
    assert_eq!(data.unwrap().unit_value, [1.0, 2.0]);
    p.outcome.kind = OutcomeKind::Count(UnitValue::Column("tv".to_owned()));
    let (data, findings) = assemble(&p, &[csv("data.csv", &weeks(&["5", "6"]))]);
    assert!(data.is_none());
    assert_eq!(of(&findings, "unit-value-not-positive")[0].row, Some(2));
}

#[test]
fn population_is_averaged_and_must_be_positive() {
    let mut p = tv();
    p.data.population = Some("price".to_owned());
    let (data, findings) = assemble(&p, &[csv("data.csv", &weeks(&["5", "6", "7"]))]);
    assert_eq!(of(&findings, "population-changes").len(), 1);
    assert_eq!(data.unwrap().population, [2.0]);
    p.data.population = Some("tv".to_owned());
    let (data, findings) = assemble(&p, &[csv("data.csv", &weeks(&["5", "6", "7"]))]);
    assert!(data.is_none());
    assert_eq!(failures(&findings), ["population-not-positive"]);
}

#[test]
fn holidays_are_shares_of_the_days_that_they_cover() {
    let mut p = tv();
    p.holidays.countries = vec!["US".to_owned()];
    let event = |name: &str, start, end| EventSpec { name: name.to_owned(), start, end };
    p.holidays.events = vec![
        event("Sale", date(2026, 1, 10), date(2026, 1, 13)),
        event("Sale", date(2026, 1, 13), date(2026, 1, 14)),
        event("Later", date(2027, 1, 1), date(2027, 1, 2)),
    ];
    let (data, findings) = assemble(&p, &[csv("data.csv", &weeks(&["5", "6", "7"]))]);
    let holidays = data.unwrap().holidays;
    let names: Vec<&str> = holidays.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["Martin Luther King Day", "Sale"]);
    let sale: Vec<f64> = holidays[1].values.iter().map(|v| (v * 7.0).round()).collect();
    assert_eq!(sale, [2.0, 3.0, 0.0]);
    assert_eq!(of(&findings, "event-outside").len(), 1);
    p.holidays.countries = vec!["ZZ".to_owned()];
    assert_eq!(failures(&assemble(&p, &[csv("data.csv", &weeks(&["5", "6", "7"]))]).1), ["unknown-country"]);
}

#[test]
fn drivers_come_by_kind_and_in_project_order() {
    let mut p = project();
    let treatment =
        DriverSource::Treatment { column: "price".to_owned(), baseline: BaselineValue::Min, per_head: false };
    p.drivers = vec![driver("price", treatment), channel("tv")];
    let (data, _) = assemble(&p, &[csv("data.csv", &weeks(&["5", "6"]))]);
    let drivers = data.unwrap().drivers;
    assert_eq!((drivers[0].kind, drivers[1].kind), (DriverKind::Channel, DriverKind::Treatment));
    assert_eq!(drivers[1].spend, None);
}

#[test]
fn daily_rows_are_daily_and_monthly_rows_are_refused() {
    let daily = "date,y,tv\n2026-01-01,1,1\n2026-01-02,2,2\n2026-01-03,3,3";
    assert_eq!(assemble(&tv(), &[csv("data.csv", daily)]).0.unwrap().cadence, Cadence::Daily);
    let monthly = "date,y,tv\n2026-01-01,1,1\n2026-02-01,2,2\n2026-03-01,3,3\n2026-04-01,3,3";
    assert_eq!(failures(&assemble(&tv(), &[csv("data.csv", monthly)]).1), ["cadence-unsupported"]);
    let one = "date,y,tv\n2026-01-01,1,1";
    assert_eq!(failures(&assemble(&tv(), &[csv("data.csv", one)]).1), ["one-period"]);
    let typo = "date,y,tv\n2026-01-01,1,1\n2026-01-02,2,2\n2026-01-03,3,3\n0206-01-04,3,3";
    assert_eq!(failures(&assemble(&tv(), &[csv("data.csv", typo)]).1), ["dates-far-apart"]);
    assert_eq!(failures(&assemble(&tv(), &[csv("data.csv", "date,y,tv")]).1), ["empty-table"]);
    assert_eq!(failures(&assemble(&tv(), &[]).1)[0], "table-count");
}

/// A cell as a broken export might hold it.
fn cell() -> impl Strategy<Value = Option<Box<str>>> {
    prop_oneof![
        Just(None),
        (0..40_i64).prop_map(|i| {
            Some(date(2026, 1, 1).saturating_add(jiff::Span::new().days(i)).to_string().into_boxed_str())
        }),
        (-5..50_i32).prop_map(|x| Some(x.to_string().into_boxed_str())),
        prop_oneof![Just("1,234"), Just("inf"), Just("na"), Just("a"), Just("b"), Just("9999-12-31"), Just("1e308")]
            .prop_map(|t| Some(t.into())),
    ]
}

fn table(file: &'static str) -> impl Strategy<Value = Table> {
    let columns = ["date", "geo", "y", "tv", "tv_views", "price", "people", "channel"];
    (0..24_usize).prop_flat_map(move |rows| {
        let dates = prop_oneof![
            Just(
                (0..rows)
                    .map(|i| Some(
                        date(2026, 1, 1)
                            .saturating_add(jiff::Span::new().days(7 * i as i64))
                            .to_string()
                            .into_boxed_str()
                    ))
                    .collect::<Vec<_>>()
            ),
            proptest::collection::vec(cell(), rows),
        ];
        let numbers = prop_oneof![
            proptest::collection::vec((0..3_i32).prop_map(|x| Some(x.to_string().into_boxed_str())), rows),
            proptest::collection::vec(cell(), rows),
        ];
        let rest = proptest::collection::vec(numbers, columns.len() - 1);
        (dates, rest, proptest::collection::vec(any::<bool>(), columns.len())).prop_map(move |(dates, rest, keep)| {
            let all = std::iter::once(dates).chain(rest);
            let columns = columns.iter().zip(all).zip(&keep).enumerate().filter(|(i, (_, keep))| *i == 0 || **keep);
            Table {
                file: file.to_owned(),
                columns: columns
                    .map(|(_, ((name, cells), _))| Column { name: (*name).to_owned(), cells: Cells::Text(cells) })
                    .collect(),
                lines: (0..rows as u64).map(|i| i + 2).collect(),
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_table_makes_it_panic_and_a_dataset_is_complete(
        a in table("a.csv"),
        b in table("b.csv"),
        geo in any::<bool>(),
        zero in any::<bool>(),
        long in any::<bool>(),
    ) {
        let mut p = project();
        p.data.geo = geo.then(|| "geo".to_owned());
        p.data.empty_is_zero = zero;
        p.drivers = vec![channel_with("tv", "tv", "tv_views")];
        p.controls = vec![control("price")];
        p.holidays.countries = vec!["DE".to_owned()];
        if long {
            let (table, channel) = ("b.csv".to_owned(), "channel".to_owned());
            p.data.long = vec![LongTable { table, channel, spend: Some("tv".to_owned()), exposure: None }];
            p.drivers.push(super::super::testing::channel("a_spend"));
        } else {
            p.data.tables.push("b.csv".to_owned());
        }
        let (data, findings) = assemble(&p, &[a, b]);
        prop_assert_eq!(data.is_none(), crate::finding::any_fail(&findings));
        if let Some(data) = data {
            let (geos, periods) = (data.n_geos(), data.n_periods());
            prop_assert_eq!(data.outcome.len(), geos * periods);
            for driver in &data.drivers {
                prop_assert_eq!(driver.exposure.len(), geos * (data.history + periods));
                prop_assert!(driver.exposure.iter().all(|x| x.is_finite()));
            }
            for control in data.controls.iter().chain(&data.holidays) {
                prop_assert_eq!(control.values.len(), geos * periods);
                prop_assert!(control.values.iter().all(|x| x.is_finite()));
            }
        }
    }
}
