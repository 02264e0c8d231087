//! A small synthetic project with every kind of driver, for tests.
#![allow(dead_code, clippy::disallowed_methods)]

pub(crate) mod reference;

use counterpoint::data::calendar::Cadence;
use counterpoint::data::{Control, Dataset, Driver, DriverKind};
use counterpoint::project::*;
use jiff::ToSpan;

pub(crate) fn driver_spec(name: &str, source: DriverSource) -> DriverSpec {
    DriverSpec {
        name: name.into(),
        source,
        prior: None,
        adstock: None,
        max_lag: Some(4),
        saturation: None,
        slope: None,
        scale: ExposureScale::Median,
        shape: ShapePriors::default(),
    }
}

/// A channel, a reach-and-frequency channel, organic media and a treatment.
pub(crate) fn project(model: ModelSpec) -> Project {
    let channel = DriverSource::Channel { spend: "s".into(), exposure: None, role: Role::Creation };
    let reach = DriverSource::ReachFrequency {
        spend: "rs".into(),
        reach: "r".into(),
        frequency: "f".into(),
        role: Role::Creation,
    };
    let organic = DriverSource::Organic { exposure: "o".into(), frequency: None };
    let treatment = DriverSource::Treatment { column: "p".into(), baseline: BaselineValue::Min, per_head: false };
    Project {
        name: "test".into(),
        currency: "USD".into(),
        data: DataSpec {
            tables: vec!["data.csv".into()],
            long: vec![],
            date: "date".into(),
            date_format: None,
            geo: Some("geo".into()),
            population: None,
            empty_is_zero: false,
        },
        outcome: OutcomeSpec { column: "y".into(), kind: OutcomeKind::Revenue, margin: None, order_value: None },
        drivers: vec![
            driver_spec("search", channel),
            driver_spec("video", reach),
            driver_spec("newsletter", organic),
            driver_spec("promo", treatment),
        ],
        controls: vec![ControlSpec { column: "price".into(), per_head: false }],
        holidays: HolidaySpec::default(),
        creators: None,
        model,
        sampler: SamplerSpec::default(),
    }
}

/// Uniform numbers from a linear congruential generator.
pub(crate) fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

pub(crate) fn dataset(geos: usize, periods: usize, history: usize, missing: bool) -> Dataset {
    let mut u = uniform(7);
    let cells = geos * periods;
    let padded = geos * (periods + history);
    let mut series = |n: usize, zeros: f64| -> Vec<f64> {
        (0..n).map(|_| if u() < zeros { 0.0 } else { 10.0 + 90.0 * u() }).collect()
    };
    let search = series(padded, 0.3);
    let reach = series(padded, 0.2);
    let newsletter = series(padded, 0.1);
    let promo = series(padded, 0.6);
    let price = series(cells, 0.0);
    let spend = series(cells, 0.1);
    let mut outcome: Vec<f64> = (0..cells)
        .map(|i| 500.0 + 3.0 * search[i / periods * (periods + history) + history + i % periods] - price[i])
        .zip(series(cells, 0.0))
        .map(|(a, b)| a + b)
        .collect();
    if missing {
        outcome[3] = f64::NAN;
        outcome[cells - 1] = f64::NAN;
    }
    let driver = |name: &str, kind, exposure: Vec<f64>, frequency, spend| Driver {
        name: name.into(),
        kind,
        exposure,
        frequency,
        spend,
    };
    let start = jiff::civil::date(2023, 1, 2);
    Dataset {
        geos: (0..geos).map(|g| format!("Geo{g}")).collect(),
        dates: (0..periods).map(|t| start.saturating_add((7 * t as i64).days())).collect(),
        cadence: Cadence::Weekly,
        history,
        outcome,
        unit_value: vec![1.0; cells],
        population: (0..geos).map(|g| 1.0 + g as f64 * 0.5).collect(),
        drivers: vec![
            driver("search", DriverKind::Channel, search, None, Some(spend.clone())),
            driver(
                "video",
                DriverKind::Channel,
                reach,
                Some((0..padded).map(|i| 1.0 + (i % 4) as f64 * 0.8).collect()),
                Some(spend),
            ),
            driver("newsletter", DriverKind::Organic, newsletter, None, None),
            driver("promo", DriverKind::Treatment, promo, None, None),
        ],
        controls: vec![Control { name: "price".into(), values: price }],
        holidays: vec![],
        roster: None,
    }
}
