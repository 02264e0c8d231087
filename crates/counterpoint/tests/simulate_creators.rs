//! Simulated creators: tables that their own project takes, a truth that adds up, streams of their own, sales by code with the
//! right mean, costs as the deals say, and effects as the model's own code has them.

use counterpoint::creators::activity::creator_cost;
use counterpoint::data::calendar::Cadence;
use counterpoint::data::roster::Audience;
use counterpoint::data::{Cells, Dataset, DriverKind, Table, assemble};
use counterpoint::finding::Severity;
use counterpoint::model::build::Model;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::Format;
use counterpoint::simulate::*;
use std::sync::Arc;

fn roster() -> RosterSpec {
    RosterSpec { count: 10, ..RosterSpec::default() }
}

fn market(creators: RosterSpec) -> SimulationSpec {
    SimulationSpec {
        seed: 4,
        geos: 3,
        periods: 60,
        channels: Some(2),
        creators: Some(creators),
        ..SimulationSpec::default()
    }
}

/// Markets that differ in everything that creators may have.
fn markets() -> Vec<SimulationSpec> {
    let one_platform = PlatformSpec { name: Some("blog & pod".into()), ..PlatformSpec::default() };
    let formats = [Format::Story, Format::Article, Format::Live];
    vec![
        market(roster()),
        SimulationSpec { geos: 1, history: 6, ..market(RosterSpec { two_platforms: 1.0, ..roster() }) },
        SimulationSpec {
            cadence: Cadence::Daily,
            periods: 200,
            outcome: OutcomeWord::Count,
            ..market(RosterSpec { count: 4, ..roster() })
        },
        market(RosterSpec { codes: 0.0, snapshots: 0.0, ..roster() }),
        market(RosterSpec {
            codes: 0.5,
            snapshots: 0.5,
            deals: DealWeights { retainer: 9.0, ..DealWeights::default() },
            ..roster()
        }),
        market(RosterSpec {
            count: 1,
            platform: vec![PlatformSpec { formats: formats.to_vec(), ..one_platform }],
            ..roster()
        }),
        of_kinds(10),
    ]
}

/// A market whose people are of three kinds, each with creators of its own.
fn of_kinds(count: usize) -> SimulationSpec {
    market(RosterSpec { count, audience_kinds: 3, at_home: 0.8, ..RosterSpec::default() })
}

fn numbers<'a>(table: &'a Table, column: &str) -> &'a [Option<f64>] {
    match &table.column(column).unwrap_or_else(|| panic!("no column {column}")).cells {
        Cells::Number(values) => values,
        other => panic!("{column}: {other:?}"),
    }
}

fn texts<'a>(table: &'a Table, column: &str) -> Vec<&'a str> {
    match &table.column(column).unwrap_or_else(|| panic!("no column {column}")).cells {
        Cells::Text(values) => values.iter().map(|v| v.as_deref().unwrap_or("")).collect(),
        other => panic!("{column}: {other:?}"),
    }
}

fn dataset(simulation: &Simulation) -> Dataset {
    let (data, findings) = assemble(&simulation.project, &simulation.tables);
    let fails: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Fail).collect();
    assert!(fails.is_empty(), "{fails:#?}");
    data.unwrap()
}

fn close(a: f64, b: f64, share: f64, what: &str) {
    assert!((a - b).abs() <= share * b.abs().max(1e-9), "{what}: {a} for {b}");
}

/// Columns `driver`, `kind` and `contribution` of the truth, summed by driver.
fn total(simulation: &Simulation, kind: &str, name: &str) -> f64 {
    let table = &simulation.contributions;
    let rows = texts(table, "kind").into_iter().zip(texts(table, "driver")).zip(numbers(table, "contribution"));
    rows.filter(|((k, n), _)| *k == kind && (name.is_empty() || *n == name)).filter_map(|(_, x)| *x).sum()
}

#[test]
fn every_roster_is_taken_by_its_own_project_as_it_stands() {
    for spec in markets() {
        let simulation = simulate(&spec).unwrap();
        let truth = simulation.truth.creators.as_ref().unwrap();
        let data = dataset(&simulation);
        let roster = data.roster.as_ref().expect("a roster");
        let wanted = spec.creators.as_ref().unwrap();
        assert_eq!(roster.creators.len(), wanted.count);
        assert_eq!(roster.posts.len(), truth.creators.iter().map(|c| c.posts).sum::<usize>());
        assert_eq!(roster.tracked.is_empty(), wanted.codes == 0.0);
        assert_eq!(roster.posts.iter().all(|p| p.snapshots.is_empty()), wanted.snapshots == 0.0);
        let model = Model::new(&simulation.project, &data);
        let platforms = model.drivers.iter().filter(|d| d.kind == DriverKind::Platform);
        assert_eq!(platforms.count(), truth.platforms.len());
        assert_eq!(model.creators.len(), truth.creators.len());
    }
}

#[test]
fn parts_add_up_to_platforms_and_everything_to_the_expected_outcome() {
    for spec in markets() {
        let simulation = simulate(&spec).unwrap();
        let (truth, creators) = (&simulation.truth, simulation.truth.creators.as_ref().unwrap());
        for platform in &creators.platforms {
            let accounts =
                || creators.creators.iter().flat_map(|c| &c.accounts).filter(|a| a.platform == platform.name);
            assert_eq!(accounts().count(), platform.accounts);
            close(accounts().map(|a| a.contribution).sum(), platform.contribution, 1e-9, &platform.name);
            close(platform.by_geo.iter().sum(), platform.contribution, 1e-9, "geos");
            close(platform.share * truth.expected, platform.contribution, 1e-9, "share");
            close(total(&simulation, "platform", &platform.name), platform.contribution, 1e-9, "the table");
        }
        for creator in &creators.creators {
            close(creator.accounts.iter().map(|a| a.contribution).sum(), creator.contribution, 1e-9, &creator.name);
            close(total(&simulation, "creator", &creator.name), creator.contribution, 1e-9, "the table");
            assert!(creator.contribution > 0.0 && creator.lost_without > 0.0);
            assert!(creator.lost_without < creator.contribution * (1.0 + 1e-9), "audiences overlap");
        }
        let platforms: f64 = creators.platforms.iter().map(|p| p.contribution).sum();
        let drivers: f64 = truth.drivers.iter().map(|d| d.contribution).sum();
        let controls: f64 = truth.controls.iter().map(|c| c.contribution).sum();
        close(truth.baseline + drivers + controls + platforms, truth.expected, 1e-9, "the whole");
        close(total(&simulation, "creator", ""), platforms, 1e-9, "all creators");
    }
}

#[test]
fn platforms_have_the_share_and_about_the_return_that_were_asked_for() {
    let platform = |name: &str, share, roi| PlatformSpec {
        name: Some(name.to_owned()),
        share: Some(share),
        roi: Some(roi),
        ..PlatformSpec::default()
    };
    let wanted = RosterSpec {
        count: 12,
        two_platforms: 0.0,
        platform: vec![platform("instagram", 0.05, 2.0), platform("tiktok", 0.01, 0.7)],
        ..RosterSpec::default()
    };
    let truth = simulate(&market(wanted)).unwrap().truth;
    let creators = truth.creators.unwrap();
    for (platform, (share, roi)) in creators.platforms.iter().zip([(0.05, 2.0), (0.01, 0.7)]) {
        close(platform.contribution / truth.baseline, share, 1e-9, "share");
        close(platform.roi.unwrap(), roi, 1e-3, "return");
    }
    close(
        creators.platforms.iter().map(|p| p.spend).sum(),
        creators.creators.iter().map(|c| c.spend).sum(),
        1e-9,
        "cost",
    );
}

#[test]
fn costs_are_what_the_deals_say_when_the_tables_are_read() {
    let mut kinds = Vec::new();
    for spec in markets() {
        let simulation = simulate(&spec).unwrap();
        let data = dataset(&simulation);
        let costs = creator_cost(data.roster.as_ref().unwrap(), &data);
        for (cost, truth) in costs.iter().zip(&simulation.truth.creators.as_ref().unwrap().creators) {
            close(cost.cost.total(), truth.spend, 1e-9, &format!("{} {:?}", truth.name, truth.deal));
            close(cost.cost.by_sales, truth.commission, 1e-9, &truth.name);
            kinds.push(truth.deal.word());
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 6, "every kind of deal is among {kinds:?}");
}

/// Parts of accounts in their platforms by the model, at the truth's parameters, and by the truth.
fn parts_of_both(simulation: &Simulation, data: &Dataset) -> Vec<(f64, f64)> {
    let truth = simulation.truth.creators.as_ref().unwrap();
    let model = Arc::new(Model::new(&simulation.project, data));
    let value = |name: &str| -> f64 {
        let inside = |text: &str| name.strip_prefix(text).and_then(|n| n.strip_suffix(']')).map(str::to_owned);
        let platform = |name: &str| truth.platforms.iter().find(|p| p.name == name);
        if let Some(p) = inside("retention[").as_deref().and_then(platform) {
            return p.retention;
        }
        if let Some(p) = inside("half_saturation[").as_deref().and_then(platform) {
            return p.half_saturation;
        }
        if let Some(both) = inside("creator_effect[") {
            let (creator, platform) = both.rsplit_once(',').unwrap();
            let creator = truth.creators.iter().find(|c| c.name == creator).unwrap();
            // Slopes are zero and the spread is one here, so that the deviation is the whole log weight.
            return creator.accounts.iter().find(|a| a.platform == platform).unwrap().weight.ln();
        }
        if name.starts_with("creator_slope[") || name.starts_with("geo_effect[") {
            0.0
        } else if name.starts_with("creator_spread[") {
            1.0
        } else {
            0.5
        }
    };
    let values: Vec<f64> = model.parameters.iter().map(|p| value(&p.name)).collect();
    let mut posterior = Posterior::new(model.clone());
    posterior.set(&model.parameters.position(&values));
    posterior.split_platforms();
    let mut out = Vec::new();
    for creator in &model.creators {
        let own = truth.creators.iter().find(|c| c.name == creator.name).unwrap();
        for (&(driver, place), account) in creator.accounts.iter().zip(&own.accounts) {
            let platform = truth.platforms.iter().find(|p| p.name == account.platform).unwrap();
            let work = posterior.drivers()[driver].platform.as_ref().unwrap();
            let whole: f64 = work.incremental.iter().sum();
            let periods = model.n_periods();
            let part: f64 = work.incremental[place * periods..(place + 1) * periods].iter().sum();
            if platform.accounts > 1 {
                out.push((part / whole, account.contribution / platform.contribution));
            }
        }
    }
    out
}

/// Two platforms with the same effect in all geos: the coefficient cancels in each part's share of its platform.
fn on_even_platforms(mut spec: SimulationSpec) -> SimulationSpec {
    let even = |name: &str| PlatformSpec { name: Some(name.into()), geo_spread: Some(0.0), ..PlatformSpec::default() };
    spec.creators.as_mut().unwrap().platform = ["instagram", "tiktok"].map(even).to_vec();
    spec
}

#[test]
fn the_effect_agrees_with_the_models_own_code() {
    for spec in markets().into_iter().take(3).chain([of_kinds(10)]) {
        let simulation = simulate(&on_even_platforms(spec)).unwrap();
        let mut data = dataset(&simulation);
        if simulation.project.creators.as_ref().unwrap().overlaps.is_some() {
            // The true kinds of people in place of those that overlaps tell.
            let roster = data.roster.as_mut().unwrap();
            roster.audiences = vec![Some(Audience { segments: vec![1.0 / 3.0; 3], people: 1.0 }); 2];
            for account in &mut roster.accounts {
                account.segments = (0..3).map(|k| if account.creator % 3 == k { 2.6 } else { 0.2 }).collect();
            }
        }
        let parts = parts_of_both(&simulation, &data);
        // Between counts the model spreads views by the decay that it has learned.
        parts.iter().for_each(|(a, b)| close(*a, *b, 0.02, "a part"));
        assert!(parts.len() > 2, "{} parts of a platform with others", parts.len());
    }
}

#[test]
fn overlaps_tell_what_creators_take_from_each_other() {
    let simulation = simulate(&on_even_platforms(of_kinds(24))).unwrap();
    let mut data = dataset(&simulation);
    let off = |data: &Dataset| {
        let parts = parts_of_both(&simulation, data);
        parts.iter().map(|(a, b)| (a / b).ln().powi(2)).sum::<f64>() / parts.len() as f64
    };
    let with = off(&data);
    let roster = data.roster.as_mut().unwrap();
    for audience in &roster.audiences {
        assert_eq!(audience.as_ref().map(|a| a.segments.len()), Some(3));
    }
    roster.audiences.clear();
    let without = off(&data);
    assert!(with < 0.2 * without && without > 1e-3, "{with} {without}");
}

#[test]
fn codes_see_their_share_of_what_was_brought_and_of_what_leaks() {
    let (mut squares, mut n) = (0.0, 0);
    for spec in markets() {
        let simulation = simulate(&spec).unwrap();
        let truth = simulation.truth.creators.as_ref().unwrap();
        let value = if spec.outcome == OutcomeWord::Count { 1.0 } else { truth.order_value };
        let data = dataset(&simulation);
        for creator in truth.creators.iter().filter(|c| c.tracked.is_some()) {
            let (capture, leak) = (creator.capture.unwrap(), creator.leak.unwrap());
            let roster = data.roster.as_ref().unwrap();
            let index = roster.creators.iter().position(|c| c.name == creator.name).unwrap();
            let first = roster.posts.iter().find(|p| roster.accounts[p.account].creator == index).unwrap().at.date();
            let from = data.dates.iter().rposition(|d| *d <= first).unwrap();
            let orders: f64 =
                data.outcome.iter().enumerate().filter(|(i, _)| i % spec.periods >= from).map(|(_, y)| y).sum();
            let mean = (capture * creator.contribution + leak * orders) / value;
            close(creator.expected_tracked.unwrap(), mean, 1e-9, &creator.name);
            // The variance of the sum is at least Poisson's and at most that of one draw of the whole.
            let most = mean + mean * mean / truth.dispersion;
            squares += (creator.tracked.unwrap() - mean).powi(2) / most;
            n += 1;
            let tracked = roster.tracked.iter().find(|t| t.creator == index).unwrap();
            close(tracked.orders.iter().sum(), creator.tracked.unwrap(), 1e-12, "the table");
        }
    }
    assert!(n > 20 && squares / f64::from(n) < 1.3, "{squares} over {n}");
    let spec = market(RosterSpec { dispersion: 1e6, count: 40, ..roster() });
    let truth = simulate(&spec).unwrap().truth.creators.unwrap();
    let sum = |get: fn(&CreatorTruth) -> Option<f64>| truth.creators.iter().filter_map(get).sum::<f64>();
    let (came, mean) = (sum(|c| c.tracked), sum(|c| c.expected_tracked));
    assert!((came - mean).abs() < 4.0 * mean.sqrt(), "{came} for {mean}");
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    for spec in markets() {
        let simulation = simulate(&spec).unwrap();
        assert_eq!(simulate(&spec).unwrap(), simulation);
        let other = simulate(&SimulationSpec { seed: spec.seed + 1, ..spec }).unwrap();
        assert_ne!(other.tables[2], simulation.tables[2]);
    }
}

#[test]
fn creators_change_no_channel_and_one_more_creator_no_other() {
    let with = market(roster());
    let more = market(RosterSpec { count: 11, ..roster() });
    let without = SimulationSpec { creators: None, ..with.clone() };
    let [with, more, without] = [with, more, without].map(|spec| simulate(&spec).unwrap());
    for (a, b) in with.truth.drivers.iter().zip(&without.truth.drivers) {
        assert_eq!((a.spend, a.contribution, a.retention), (b.spend, b.contribution, b.retention));
    }
    for column in ["population", "channel_1_spend", "channel_2_impressions", "control_1"] {
        assert_eq!(numbers(&with.tables[0], column), numbers(&without.tables[0], column), "{column}");
    }
    let truth = |s: &Simulation| s.truth.creators.clone().unwrap().creators;
    for (a, b) in truth(&with).iter().zip(&truth(&more)) {
        assert_eq!((&a.name, a.deal, a.posts, a.capture, a.leak), (&b.name, b.deal, b.posts, b.capture, b.leak));
        let views = |c: &CreatorTruth| c.accounts.iter().map(|a| (a.views, a.fake_share)).collect::<Vec<_>>();
        assert_eq!(views(a), views(b));
    }
    // What is wished for one changes nothing that is drawn for another.
    let wish = PersonSpec { name: Some("Mia".into()), fake_share: Some(0.6), posts: Some(3), ..PersonSpec::default() };
    let wished = simulate(&market(RosterSpec { creator: vec![wish], ..roster() })).unwrap();
    let (plain, wished) = (truth(&with), truth(&wished));
    assert_eq!((wished[0].name.as_str(), wished[0].posts), ("Mia", 3));
    assert_eq!(wished[0].accounts[0].fake_share, 0.6);
    assert_eq!(wished[0].leak, plain[0].leak);
    assert_eq!((wished[1].posts, wished[1].accounts[0].views), (plain[1].posts, plain[1].accounts[0].views));
}

#[test]
fn what_is_wished_for_a_creator_is_what_comes() {
    let wish = PersonSpec {
        name: Some("Rio".into()),
        platforms: vec!["tiktok".into(), "youtube".into()],
        followers: Some(4e6),
        deal: Some(DealWord::Hybrid),
        fee: Some(900.0),
        rate: Some(0.1),
        weight: Some(0.25),
        leak: Some(0.002),
        capture: Some(0.5),
        posts: Some(6),
        active: Some([0.5, 0.75]),
        ..PersonSpec::default()
    };
    let spec = market(RosterSpec { creator: vec![wish], followers_slope: 0.0, ..roster() });
    let simulation = simulate(&spec).unwrap();
    let rio = &simulation.truth.creators.as_ref().unwrap().creators[0];
    assert_eq!((rio.deal, rio.capture, rio.leak, rio.posts), (DealWord::Hybrid, Some(0.5), Some(0.002), 6));
    assert_eq!(rio.accounts.iter().map(|a| a.platform.as_str()).collect::<Vec<_>>(), ["tiktok", "youtube"]);
    rio.accounts.iter().for_each(|a| close(a.weight, 0.25, 1e-12, "weight"));
    close(rio.spend - rio.commission, 5400.0, 1e-12, "fees");
    let roster = dataset(&simulation).roster.unwrap();
    let share = |p: &counterpoint::data::roster::Post| {
        let days = p.at.date().since(spec.start).unwrap().get_days();
        f64::from(days) / (7.0 * spec.periods as f64)
    };
    let own: Vec<f64> = roster.posts.iter().filter(|p| roster.accounts[p.account].creator == 0).map(share).collect();
    assert!(own.iter().all(|at| (0.48..0.76).contains(at)), "{own:?}");
    assert_eq!(roster.accounts[0].followers, Some(4e6));
}

#[test]
fn a_roster_that_cannot_be_says_everything_at_once() {
    let wrong = PersonSpec {
        name: Some("=cmd()".into()),
        platforms: vec!["myspace".into()],
        followers: Some(f64::NAN),
        deal: Some(DealWord::Commission),
        code: Some(false),
        fee: Some(3.0),
        active: Some([0.6, 0.2]),
        posts: Some(0),
        ..PersonSpec::default()
    };
    let loose = PersonSpec { fee: Some(1.0), ..PersonSpec::default() };
    let platform = |name: &str| PlatformSpec { name: Some(name.into()), omega: Some(-1.0), ..PlatformSpec::default() };
    let creators = RosterSpec {
        codes: 1.5,
        dispersion: 0.0,
        posts: PostsRange { min: 5, max: 2 },
        followers: FollowersRange { min: 0.0, max: 1.0 },
        platform: vec![platform("a"), platform("a"), platform("channel_1")],
        creator: vec![wrong, loose],
        deals: DealWeights { flat: -1.0, ..DealWeights::default() },
        ..RosterSpec::default()
    };
    let spec = SimulationSpec {
        geo: vec![GeoSpec { name: Some("North\n".into()), population: Some(0.0) }, GeoSpec::default()],
        geos: 1,
        margin: Some(2.0),
        control_names: vec!["channel_1_spend".into(), "a,b".into()],
        ..market(creators)
    };
    let findings = simulate(&spec).unwrap_err();
    let keys: Vec<&str> = findings.iter().filter_map(|f| f.column.as_deref()).collect();
    for key in [
        "geos",
        "geo[1].name",
        "geo[1].population",
        "margin",
        "control_names",
        "creators.codes",
        "creators.dispersion",
        "creators.posts",
        "creators.followers",
        "creators.deals.flat",
        "creators.platform[1].omega",
        "creators.platform[2].name",
        "creators.platform[3].name",
        "creators.creator[1].name",
        "creators.creator[1].platforms",
        "creators.creator[1].followers",
        "creators.creator[1].deal",
        "creators.creator[1].fee",
        "creators.creator[1].active",
        "creators.creator[1].posts",
        "creators.creator[2].fee",
    ] {
        assert!(keys.contains(&key), "{key} in {keys:?}");
    }
    for creators in [
        RosterSpec { count: usize::MAX, ..RosterSpec::default() },
        RosterSpec { posts: PostsRange { min: 1, max: usize::MAX }, ..RosterSpec::default() },
        RosterSpec { count: 0, ..RosterSpec::default() },
    ] {
        assert!(simulate(&market(creators)).is_err());
    }
}

#[test]
fn a_spec_without_creators_gives_the_bytes_that_it_gave_before_there_were_any() {
    // FNV-1a of tables, project and truth of version 0.1.0 before creators could be simulated.
    let fingerprint = |spec: &SimulationSpec| {
        let s = simulate(spec).unwrap();
        let mut text = s.project_toml + &serde_json::to_string(&s.truth).unwrap();
        for column in s.tables.iter().chain([&s.contributions]).flat_map(|t| &t.columns) {
            text.push_str(&format!("{} {:?}", column.name, column.cells));
        }
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
    };
    let count = SimulationSpec { geos: 3, outcome: OutcomeWord::Count, history: 4, ..SimulationSpec::default() };
    assert_eq!(
        [SimulationSpec::default(), count].map(|spec| fingerprint(&spec)),
        [6_818_360_705_485_613_016, 5_890_155_009_313_308_950]
    );
}
