//! A small synthetic project with every kind of driver, for tests.
#![allow(dead_code, clippy::disallowed_methods)]

pub(crate) mod reference;

use counterpoint::data::calendar::Cadence;
use counterpoint::data::roster::{
    Account, Audience, Creator, Deal, DealKind, Format, Post, Redefined, Snapshot, Tracked,
};
use counterpoint::data::{Control, Dataset, Driver, DriverKind, Roster};
use counterpoint::project::*;
use jiff::ToSpan;

pub(crate) fn driver_spec(name: &str, source: DriverSource) -> DriverSpec {
    DriverSpec {
        name: name.into(),
        source,
        platform: None,
        prior: None,
        adstock: None,
        max_lag: Some(4),
        saturation: None,
        slope: None,
        scale: Some(ExposureScale::Median),
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
        experiments: ExperimentsSpec::default(),
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
        experiments: Vec::new(),
    }
}

/// Three creators on two platforms (one on both), a lone one on a third, with deals, snapshots and tracked sales.
pub(crate) fn roster(data: &Dataset) -> Roster {
    let mut u = uniform(11);
    let account = |creator, platform, followers: f64| Account {
        creator,
        platform,
        followers: Some(followers),
        engagement_rate: Some(0.02 + 1e-7 * followers),
        fake_share: (creator != 1).then_some(0.1 + 0.05 * creator as f64),
        niche_fit: None,
        earlier: None,
        audience: (creator == 0).then(|| vec![0.9 / data.n_geos() as f64; data.n_geos()]),
        segments: Vec::new(),
    };
    let accounts = vec![
        account(0, 0, 5e4),
        account(1, 0, 2e5),
        account(2, 0, 9e3),
        account(0, 1, 8e4),
        account(1, 1, 3e4),
        account(2, 2, 1e4),
    ];
    let mut posts = Vec::new();
    for n in 0..30 {
        let at = data.dates[0].at(15, 30, 0, 0) + (4 * n as i64 - 20).days();
        let views = 1e4 * (0.2 + 3.0 * u());
        let snapshots = (1..if n % 3 == 0 { 5 } else { 1 })
            .map(|k| Snapshot { at: at + (2 * k as i64).days(), views: views * (1.0 - 0.6f64.powi(k)) })
            .collect();
        posts.push(Post {
            name: format!("post {n}"),
            account: n % 6,
            format: [Format::Feed, Format::ShortVideo][n % 2],
            at,
            views,
            boosted: if n % 7 == 0 { 500.0 } else { 0.0 },
            likes: None,
            comments: None,
            shares: None,
            saves: None,
            sponsored: None,
            campaign: None,
            snapshots,
        });
    }
    let deal = |creator, kind| Deal {
        name: format!("deal {creator}"),
        creator,
        kind,
        fee: Some(100.0),
        cap: None,
        cpm: None,
        rate: Some(0.1),
        window_days: None,
        product_cost: None,
        posts: None,
        post_probability: None,
        threshold_views: None,
        starts: None,
        ends: None,
        usage_rate: None,
        usage_days: None,
        exclusivity_rate: None,
        exclusivity_months: None,
    };
    let periods = data.n_periods();
    let mut tracked = |creator| {
        let orders: Vec<f64> = (0..periods).map(|_| (12.0 * u()).floor()).collect();
        let revenue = orders.iter().map(|x| 50.0 * x).collect();
        Tracked { creator, orders, revenue, refunds: vec![0.0; periods] }
    };
    Roster {
        platforms: ["photos", "clips", "blog"].map(str::to_owned).to_vec(),
        creators: (0..3).map(|c| Creator { name: format!("creator {c}"), niche: None }).collect(),
        accounts,
        posts,
        deals: vec![deal(0, DealKind::Flat), deal(1, DealKind::Hybrid)],
        tracked: vec![tracked(0), tracked(2)],
        audiences: Vec::new(),
        outside: Vec::new(),
        redefined: Vec::new(),
    }
}

/// Lets the audiences of two platforms be of segments: one of two, one of three; one account is as the platform.
pub(crate) fn segment(data: &mut Dataset) {
    if let Some(roster) = &mut data.roster {
        let audience = |segments: &[f64]| Some(Audience { segments: segments.to_vec(), people: 1e6 });
        roster.audiences = vec![audience(&[0.7, 0.3]), audience(&[0.5, 0.3, 0.2]), None];
        let densities: [&[f64]; 5] = [&[1.3, 0.3], &[0.4, 2.4], &[], &[1.8, 0.2, 0.2], &[0.2, 2.0, 1.5]];
        roster.accounts.iter_mut().zip(densities).for_each(|(account, own)| account.segments = own.to_vec());
    }
}

/// Lets two platforms change what a view is within a week of the data: one of all formats, one of short videos only.
pub(crate) fn redefine(data: &mut Dataset) {
    let on = data.dates[10] + 3.days();
    let change = |platform, format| Redefined { platform, format, on };
    if let Some(roster) = &mut data.roster {
        roster.redefined = vec![change(0, None), change(1, Some(Format::ShortVideo))];
    }
}

pub(crate) fn creators_spec() -> CreatorsSpec {
    CreatorsSpec {
        creators: "creators.csv".into(),
        posts: "posts.csv".into(),
        stats: None,
        deals: None,
        tracked: None,
        overlaps: None,
        fake_worth: 0.1,
        fair_level: 0.8,
        view_changes: known_view_changes(),
    }
}
