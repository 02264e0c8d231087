//! Each check speaks when it should and is silent when it should be.

use super::explore;
use crate::data::calendar::Cadence;
use crate::data::testing::*;
use crate::data::{Control, Dataset, Driver, DriverKind};
use crate::finding::{Finding, Severity};
use crate::project::*;
use jiff::civil::date;
use proptest::prelude::*;

/// A reproducible series without a pattern, in (0, 1).
fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        })
        .collect()
}

fn paid(name: &str, exposure: Vec<f64>, spend: Vec<f64>) -> Driver {
    Driver { name: name.to_owned(), kind: DriverKind::Channel, exposure, frequency: None, spend: Some(spend) }
}

/// Three years of national weeks with two unlike channels and a control.
fn clean() -> Dataset {
    let n = 156;
    let (tv, web) = (noise(n, 1), noise(n, 2));
    let mut data = Dataset {
        geos: vec!["national".to_owned()],
        dates: (0..n as i64).map(|i| date(2023, 1, 2).saturating_add(jiff::Span::new().days(7 * i))).collect(),
        cadence: Cadence::Weekly,
        history: 0,
        outcome: noise(n, 3).iter().map(|y| 100.0 + y).collect(),
        unit_value: vec![1.0; n],
        population: vec![1.0],
        drivers: vec![paid("tv", tv.clone(), tv), paid("web", web.clone(), web)],
        controls: vec![Control { name: "price".to_owned(), values: noise(n, 4) }],
        holidays: Vec::new(),
        roster: None,
        experiments: Vec::new(),
    };
    data.history = 8;
    for driver in &mut data.drivers {
        let mut exposure = noise(8, 9);
        exposure.append(&mut driver.exposure);
        driver.exposure = exposure;
    }
    data
}

fn set(data: &mut Dataset, driver: usize, values: &[f64]) {
    let history = data.history;
    data.drivers[driver].exposure[history..].copy_from_slice(values);
}

fn check(data: &Dataset, code: &str) -> Vec<Finding> {
    let mut p = project();
    p.drivers = vec![channel("tv"), channel("web")];
    of(&explore(&p, data), code).into_iter().cloned().collect()
}

#[track_caller]
fn says(data: &Dataset, code: &str, severity: Severity, column: &str) -> Finding {
    let found = check(data, code);
    let hit = found.iter().find(|f| f.severity == severity && f.column.as_deref().unwrap_or("") == column);
    hit.cloned().unwrap_or_else(|| panic!("no {severity:?} {code} for {column:?} in {found:?}"))
}

#[test]
fn clean_data_give_no_finding_but_the_count_of_data_points() {
    let mut p = project();
    p.drivers = vec![channel("tv"), channel("web")];
    let found = explore(&p, &clean());
    assert_eq!(found.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["few-observations"], "{found:?}");
    assert_eq!(found[0].severity, Severity::Info);
    assert!(found[0].found.contains("156 data points for 19 parameters"), "{}", found[0].found);
}

#[test]
fn a_driver_that_is_never_on_fails() {
    let mut data = clean();
    set(&mut data, 0, &[0.0; 156]);
    says(&data, "driver-zero", Severity::Fail, "tv");
}

#[test]
fn a_channel_without_spend_fails_only_under_a_prior_on_its_return() {
    let mut data = clean();
    data.drivers[1].spend = Some(vec![0.0; 156]);
    says(&data, "spend-zero", Severity::Fail, "web");
    let mut p = project();
    p.drivers = vec![channel("tv"), channel("web")];
    p.model.prior = EffectKind::Coefficient;
    let found = explore(&p, &data);
    assert_eq!(of(&found, "spend-zero")[0].severity, Severity::Review);
}

#[test]
fn series_that_never_change_are_told() {
    let mut data = clean();
    set(&mut data, 0, &[5.0; 156]);
    says(&data, "driver-constant", Severity::Review, "tv");
    data.controls[0].values = vec![3.0; 156];
    says(&data, "control-constant", Severity::Fail, "price");
    data.outcome = vec![1.0; 156];
    says(&data, "outcome-constant", Severity::Fail, "");
}

#[test]
fn a_channel_that_is_on_in_seven_weeks_is_told_and_one_of_eight_is_not() {
    let mut data = clean();
    let flight = |on: usize| (0..156).map(|t| if t < on { 1.0 + t as f64 } else { 0.0 }).collect::<Vec<f64>>();
    set(&mut data, 0, &flight(7));
    says(&data, "few-active-periods", Severity::Review, "tv");
    set(&mut data, 0, &flight(8));
    assert_eq!(check(&data, "few-active-periods"), []);
}

#[test]
fn money_without_exposure_and_the_reverse_are_counted_with_their_first_date() {
    let mut data = clean();
    data.drivers[0].spend.as_mut().unwrap()[3] = 0.0;
    data.drivers[0].exposure[8 + 5] = 0.0;
    assert!(says(&data, "exposure-without-spend", Severity::Review, "tv").found.contains("1 cells"));
    assert!(says(&data, "spend-without-exposure", Severity::Review, "tv").found.contains("2023-02-06"));
}

#[test]
fn a_price_that_triples_is_dated() {
    let mut data = clean();
    let exposure: Vec<f64> = data.drivers[0].exposure[8..].to_vec();
    data.drivers[0].spend =
        Some(exposure.iter().enumerate().map(|(t, x)| x * if t < 100 { 1.0 } else { 3.0 }).collect());
    let finding = says(&data, "cost-jump", Severity::Review, "tv");
    assert!(finding.found.contains("factor of 3.0"), "{}", finding.found);
    data.drivers[0].spend = Some(exposure.iter().map(|x| x * 0.01).collect());
    assert_eq!(check(&data, "cost-jump"), []);
}

#[test]
fn a_slipped_decimal_point_is_an_outlier() {
    let mut data = clean();
    data.outcome[50] *= 10.0;
    let finding = says(&data, "outlier", Severity::Review, "the outcome");
    assert!(finding.found.contains(&data.dates[50].to_string()));
}

#[test]
fn series_that_cannot_be_told_apart_are_told() {
    let mut data = clean();
    let tv: Vec<f64> = data.drivers[0].exposure[8..].to_vec();
    set(&mut data, 1, &tv.iter().map(|x| 2.0 * x + 1.0).collect::<Vec<_>>());
    says(&data, "correlated-pair", Severity::Fail, "web");
    says(&data, "collinear", Severity::Fail, "tv");

    let e = noise(156, 7);
    set(&mut data, 1, &tv.iter().zip(&e).map(|(x, e)| x + 0.2 * e).collect::<Vec<_>>());
    says(&data, "correlated-pair", Severity::Review, "web");
    says(&data, "collinear", Severity::Review, "web");

    let web = noise(156, 2);
    set(&mut data, 1, &web);
    data.controls[0].values = tv.iter().zip(&web).map(|(a, b)| a - b).collect();
    assert_eq!(check(&data, "correlated-pair"), [], "no pair is close");
    says(&data, "collinear", Severity::Fail, "price");
}

#[test]
fn spend_that_follows_the_season_of_the_outcome_is_told() {
    let mut data = clean();
    let year: Vec<f64> = (0..156).map(|t| (2.0 * std::f64::consts::PI * t as f64 / 52.18).cos()).collect();
    let e = noise(156, 11);
    set(&mut data, 0, &year.iter().zip(&e).map(|(s, e)| 2.0 + s + e).collect::<Vec<_>>());
    assert_eq!(check(&data, "seasonal-spend"), [], "the outcome has no season");
    data.outcome = year.iter().zip(noise(156, 12)).map(|(s, e)| 100.0 + s + e).collect();
    says(&data, "seasonal-spend", Severity::Review, "tv");
    data.outcome = year.iter().zip(noise(156, 12)).map(|(s, e)| 100.0 - s + e).collect();
    assert_eq!(check(&data, "seasonal-spend"), [], "the seasons are opposed");
}

#[test]
fn a_control_of_brand_searches_that_follows_media_is_told() {
    let mut data = clean();
    let tv = data.drivers[0].exposure[8..].to_vec();
    data.controls[0].values = (0..156).map(|t| if t < 2 { 0.5 } else { tv[t - 2] }).collect();
    assert_eq!(check(&data, "mediator-control"), [], "its name says nothing");
    data.controls[0].name = "Brand_Search_Index".to_owned();
    let finding = says(&data, "mediator-control", Severity::Review, "Brand_Search_Index");
    assert!(finding.found.contains("`tv` 2 weeks before"), "{}", finding.found);
    data.controls[0].values = noise(156, 4);
    assert_eq!(check(&data, "mediator-control"), [], "it does not go with media");
}

#[test]
fn short_data_are_told() {
    let mut data = clean();
    data.dates.truncate(40);
    data.outcome.truncate(40);
    data.unit_value.truncate(40);
    data.controls[0].values.truncate(40);
    for driver in &mut data.drivers {
        driver.exposure = driver.exposure[8..48].to_vec();
        driver.spend.as_mut().unwrap().truncate(40);
    }
    data.history = 0;
    says(&data, "short-series", Severity::Review, "");
    says(&data, "short-history", Severity::Info, "");
    says(&data, "few-observations", Severity::Review, "");
}

#[test]
fn population_goes_with_the_volume_of_geos() {
    let mut data = clean();
    let (geos, n) = (6, 26);
    data.geos = (0..geos).map(|g| format!("g{g}")).collect();
    data.population = (0..geos).map(|g| (g + 1) as f64).collect();
    data.dates.truncate(n);
    data.history = 0;
    data.outcome = (0..geos * n).map(|i| (i / n + 1) as f64 + noise(1, i as u64)[0] * 0.1).collect();
    for driver in &mut data.drivers {
        driver.exposure = driver.exposure[..geos * n].to_vec();
    }
    let finding = says(&data, "population-correlation", Severity::Info, "");
    assert!(finding.found.contains("outcome 1.00"), "{}", finding.found);
}

fn cells(n: usize) -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![Just(0.0), Just(1.0), 0.0..10.0, Just(1e300), Just(1e-300), Just(f64::MAX)];
    prop_oneof![proptest::collection::vec(value, n), Just(vec![0.0; n]), Just(vec![7.0; n])]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_dataset_makes_it_panic(
        (geos, periods, history, daily) in (1..4_usize, 1..70_usize, 0..4_usize, any::<bool>()),
        seed in proptest::collection::vec(cells(4 * 74), 6),
        gap in any::<bool>(),
    ) {
        let (n, wide) = (geos * periods, geos * (periods + history));
        let cadence = if daily { Cadence::Daily } else { Cadence::Weekly };
        let days = |t: usize| jiff::Span::new().days(i64::from(cadence.days()) * t as i64);
        let data = Dataset {
            geos: (0..geos).map(|g| g.to_string()).collect(),
            dates: (0..periods).map(|t| date(2024, 1, 1).saturating_add(days(t))).collect(),
            cadence,
            history,
            outcome: seed[0][..n].iter().map(|y| if gap && *y == 1.0 { f64::NAN } else { -y }).collect(),
            unit_value: vec![1.0; n],
            population: seed[1][..geos].iter().map(|p| p.max(1e-300)).collect(),
            drivers: vec![
                paid("tv", seed[2][..wide].to_vec(), seed[3][..n].to_vec()),
                Driver {
                    name: "web".to_owned(),
                    kind: DriverKind::Organic,
                    exposure: seed[4][..wide].to_vec(),
                    frequency: Some(seed[3][..wide].to_vec()),
                    spend: None,
                },
            ],
            controls: vec![Control { name: "clicks".to_owned(), values: seed[5][..n].to_vec() }],
            holidays: Vec::new(),
            roster: None,
        experiments: Vec::new(),
        };
        let mut p = project();
        p.model.trend = TrendSpec::KnotsEvery(0);
        let _ = explore(&p, &data);
    }
}
