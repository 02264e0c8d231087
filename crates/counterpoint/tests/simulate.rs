//! Simulated markets: they add up, fit their own project, are the same for the same seed, and the model finds their truth.

use counterpoint::data::calendar::Cadence;
use counterpoint::data::{Cells, Dataset, Table, assemble};
use counterpoint::finding::{Finding, Severity};
use counterpoint::model::build::Model;
use counterpoint::model::fit::fit;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::SamplerSpec;
use counterpoint::simulate::*;

const PATTERNS: [Pattern; 6] =
    [Pattern::AlwaysOn, Pattern::Flighted, Pattern::Seasonal, Pattern::OnOff, Pattern::DelayedStart, Pattern::Growing];

fn channel(kind: ChannelKind) -> ChannelSpec {
    ChannelSpec { kind, ..ChannelSpec::default() }
}

fn every_kind() -> Vec<ChannelSpec> {
    use ChannelKind::*;
    // Not in the order of a project file.
    [Treatment, Organic, Paid, ReachFrequency].map(channel).to_vec()
}

/// Markets that differ in everything.
fn markets() -> Vec<SimulationSpec> {
    let base = SimulationSpec { periods: 60, channel: every_kind(), ..SimulationSpec::default() };
    let paid = |pattern| ChannelSpec { pattern: Some(pattern), ..ChannelSpec::default() };
    vec![
        SimulationSpec::default(),
        base.clone(),
        SimulationSpec { geos: 4, history: 6, channels: Some(6), ..base.clone() },
        SimulationSpec { geos: 12, outcome: OutcomeWord::Count, ar1: 0.6, ..base.clone() },
        SimulationSpec { cadence: Cadence::Daily, periods: 200, history: 30, max_lag: Some(20), ..base.clone() },
        SimulationSpec { channel: PATTERNS.map(paid).to_vec(), geos: 2, ..base },
    ]
}

fn numbers<'a>(table: &'a Table, column: &str) -> &'a [Option<f64>] {
    match &table.column(column).unwrap_or_else(|| panic!("no column {column}")).cells {
        Cells::Number(values) => values,
        other => panic!("{column}: {other:?}"),
    }
}

fn fails(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|f| f.severity == Severity::Fail).collect()
}

fn dataset(simulation: &Simulation) -> Dataset {
    let (data, findings) = assemble(&simulation.project, &simulation.tables);
    assert!(fails(&findings).is_empty(), "{findings:#?}");
    data.unwrap()
}

#[test]
fn every_market_is_taken_by_its_own_project_as_it_stands() {
    for spec in markets() {
        let simulation = simulate(&spec).unwrap();
        let data = dataset(&simulation);
        assert_eq!((data.n_geos(), data.n_periods(), data.history), (spec.geos, spec.periods, spec.history));
        assert_eq!(data.dates[0], spec.start);
        let names: Vec<&str> = data.drivers.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, simulation.truth.drivers.iter().map(|d| d.name.as_str()).collect::<Vec<_>>());
        assert!(data.outcome.iter().all(|y| *y >= 0.0));
        for (driver, truth) in data.drivers.iter().zip(&simulation.truth.drivers) {
            let spend: f64 = driver.spend.iter().flatten().sum();
            assert!((spend - truth.spend).abs() < 1e-6 * (1.0 + spend), "{}", truth.name);
        }
    }
}

#[test]
fn drivers_keep_their_own_series_whatever_their_order_in_the_project_file() {
    let spec = SimulationSpec { channel: every_kind(), ..SimulationSpec::default() };
    let mut simulation = simulate(&spec).unwrap();
    // Such as `[[channel]] role = "organic"` before a paid one.
    simulation.project.drivers.reverse();
    let data = dataset(&simulation);
    let model = Model::new(&simulation.project, &data);
    assert_eq!(model.drivers.len(), 4);
    for driver in &model.drivers {
        let series = data.drivers.iter().find(|d| d.name == driver.name).unwrap();
        assert_eq!((driver.kind, &driver.spend), (series.kind, &series.spend));
        assert_eq!(driver.exposure.frequency.is_some(), series.frequency.is_some());
    }
}

#[test]
fn the_truth_adds_up_and_has_the_returns_that_were_asked_for() {
    for mut spec in markets() {
        if let Some(paid) = spec.channel.iter_mut().find(|c| c.kind.is_paid()) {
            (paid.roi, paid.spend_per_period) = (Some(2.5), Some(1e5));
        }
        let Simulation { truth, contributions, tables, .. } = simulate(&spec).unwrap();
        let drivers: f64 = truth.drivers.iter().map(|d| d.contribution).sum();
        let controls: f64 = truth.controls.iter().map(|c| c.contribution).sum();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a} {b}");
        close(truth.baseline + drivers + controls, truth.expected);
        close(numbers(&contributions, "contribution").iter().flatten().sum(), truth.expected);
        for driver in &truth.drivers {
            close(driver.by_geo.iter().map(|g| g.contribution).sum(), driver.contribution);
            close(driver.share * truth.expected, driver.contribution);
            if let (Some(roi), Some(marginal)) = (driver.roi, driver.marginal_roi) {
                close(roi * driver.spend, driver.contribution * truth.unit_value);
                // The next 1 % of a Hill curve of slope h returns between nothing and h times the average.
                assert!(marginal > 0.0 && marginal < roi * driver.slope.max(1.0) * 1.02);
            }
        }
        if !spec.channel.is_empty() {
            let asked = truth.drivers.iter().find(|d| d.roi.is_some_and(|r| (r - 2.5).abs() < 1e-9)).unwrap();
            assert!((asked.spend / spec.periods as f64 / 1e5 - 1.0).abs() < 1e-3);
        }
        // The outcome is the expected one and noise, nowhere floored.
        assert_eq!(truth.floored_cells, 0);
        let column = if spec.outcome == OutcomeWord::Count { "orders" } else { "revenue" };
        let observed: f64 = numbers(&tables[0], column).iter().flatten().sum();
        assert!((observed / truth.expected - 1.0).abs() < 0.05);
    }
}

#[test]
fn a_seed_gives_the_same_market_and_another_seed_another() {
    for spec in markets() {
        let simulation = simulate(&spec).unwrap();
        assert_eq!(simulate(&spec).unwrap(), simulation);
        let other = simulate(&SimulationSpec { seed: spec.seed + 1, ..spec }).unwrap();
        assert_ne!(other.tables, simulation.tables);
    }
}

#[test]
fn one_more_driver_and_a_longer_list_of_wishes_change_nothing_else() {
    let spec = SimulationSpec { geos: 3, channels: Some(3), ..SimulationSpec::default() };
    let first = simulate(&spec).unwrap();
    let more = simulate(&SimulationSpec { channels: Some(5), ..spec.clone() }).unwrap();
    assert_eq!(first.truth.drivers[2].by_geo, more.truth.drivers[2].by_geo);
    assert_eq!(numbers(&first.tables[0], "channel_3_spend"), numbers(&more.tables[0], "channel_3_spend"));
    let wish = ChannelSpec { roi: Some(3.0), ..ChannelSpec::default() };
    let wished = simulate(&SimulationSpec { channel: vec![wish], ..spec }).unwrap();
    assert_eq!(first.truth.drivers[0].retention, wished.truth.drivers[0].retention);
    assert_eq!(first.truth.drivers[1].by_geo, wished.truth.drivers[1].by_geo);
    assert!((wished.truth.drivers[0].roi.unwrap() - 3.0).abs() < 1e-9);
}

#[test]
fn spend_follows_demand_as_much_as_it_was_told_to() {
    let correlation = |confounding: f64| {
        let always = ChannelSpec { pattern: Some(Pattern::AlwaysOn), ..ChannelSpec::default() };
        let spec = SimulationSpec {
            confounding,
            periods: 2000,
            trend: 0.0,
            trend_step: 0.0,
            channel: vec![always],
            ..SimulationSpec::default()
        };
        let simulation = simulate(&spec).unwrap();
        let table = &simulation.contributions;
        let mut demand = vec![0.0; 2000];
        let rows = numbers(table, "contribution").iter().flatten().enumerate();
        rows.filter(|(i, _)| i / 2000 < 3).for_each(|(i, v)| demand[i % 2000] += v);
        let spend: Vec<f64> =
            numbers(&simulation.tables[0], "channel_1_spend").iter().flatten().map(|s| s.ln()).collect();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let product = |x: &[f64], y: &[f64]| {
            let (a, b) = (mean(x), mean(y));
            x.iter().zip(y).map(|(x, y)| (x - a) * (y - b)).sum::<f64>()
        };
        product(&spend, &demand) / (product(&spend, &spend) * product(&demand, &demand)).sqrt()
    };
    for wanted in [0.0, 0.5, 1.0] {
        let got = correlation(wanted);
        assert!((got - wanted).abs() < 0.08, "{wanted}: {got}");
    }
}

#[test]
fn a_floor_that_binds_is_told() {
    let hurts = ChannelSpec { share: Some(-0.9), ..channel(ChannelKind::Treatment) };
    let spec = SimulationSpec { channel: vec![hurts], noise: 3.0, ..SimulationSpec::default() };
    let simulation = simulate(&spec).unwrap();
    assert!(simulation.truth.floored_cells > 0);
    assert!(dataset(&simulation).outcome.iter().all(|y| *y >= 0.0));
}

#[test]
fn a_spec_that_makes_no_market_says_everything_at_once() {
    let search = ChannelSpec { name: Some("search".into()), roi: Some(f64::NAN), ..ChannelSpec::default() };
    let bad = ChannelSpec { name: Some("a/b".into()), roi: Some(1.0), ..channel(ChannelKind::Organic) };
    let spec = SimulationSpec {
        periods: 3,
        geos: 0,
        confounding: 1.5,
        start: jiff::civil::date(9999, 12, 30),
        population: PopulationRange { min: 10.0, max: 1.0 },
        channel: vec![search.clone(), search, bad],
        ..SimulationSpec::default()
    };
    let findings = simulate(&spec).unwrap_err();
    let keys: Vec<&str> = findings.iter().filter_map(|f| f.column.as_deref()).collect();
    let wanted = ["periods", "geos", "start", "population", "confounding", "channel[1].roi", "channel[2].roi"];
    for key in wanted.iter().chain(&["channel[2].name", "channel[3].name", "channel[3].roi"]) {
        assert!(keys.contains(key), "{key} in {keys:?}");
    }
    for spec in [
        SimulationSpec { periods: usize::MAX, history: usize::MAX, ..SimulationSpec::default() },
        SimulationSpec { channels: Some(usize::MAX), geos: usize::MAX, ..SimulationSpec::default() },
    ] {
        assert!(simulate(&spec).is_err());
    }
}

#[test]
fn keys_are_named_as_the_fields_and_unknown_ones_are_refused() {
    let text = r#"{"seed": 7, "geos": 5, "start": "2023-01-01", "cadence": "daily", "population": {"min": 10},
        "channel": [{"name": "tv", "kind": "reach_frequency", "pattern": "on_off", "roi": 2.0}]}"#;
    let spec: SimulationSpec = serde_json::from_str(text).unwrap();
    assert_eq!((spec.seed, spec.geos, spec.population.max), (7, 5, 2e6));
    assert_eq!(spec.channel[0].pattern, Some(Pattern::OnOff));
    let as_toml_gives_it: SimulationSpec = serde_json::from_str(r#"{"start": {"$date": "2023-01-01"}}"#).unwrap();
    assert_eq!(as_toml_gives_it.start, spec.start);
    let back: SimulationSpec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
    assert_eq!(back, spec);
    let error = serde_json::from_str::<SimulationSpec>(r#"{"goes": 5}"#).unwrap_err().to_string();
    assert!(error.contains("goes") && error.contains("geos"), "{error}");
}

/// Whether the 90 % interval of each driver's total holds the truth.
fn covered(spec: &SimulationSpec) -> Vec<(String, bool)> {
    let simulation = simulate(spec).unwrap();
    let data = dataset(&simulation);
    let sampler = SamplerSpec { chains: 2, draws: 300, seed: 5, ..SamplerSpec::default() };
    let (model, chains) = fit(Model::new(&simulation.project, &data), &sampler, 2).unwrap();
    let mut posterior = Posterior::new(model.clone());
    let mut totals = vec![Vec::new(); model.drivers.len()];
    for position in chains.iter().flat_map(|c| c.positions.chunks_exact(c.dim)) {
        posterior.set(position);
        for (work, totals) in posterior.drivers().iter().zip(&mut totals) {
            let cells = work.response.f.iter().zip(&model.money).enumerate();
            totals.push(cells.map(|(i, (f, m))| work.effect.beta[i / spec.periods] * f * m).sum::<f64>());
        }
    }
    let inside = |(truth, mut draws): (&DriverTruth, Vec<f64>)| {
        draws.sort_by(f64::total_cmp);
        let at = |p: f64| draws[(p * (draws.len() - 1) as f64) as usize] / simulation.truth.unit_value;
        (truth.name.clone(), (at(0.05)..=at(0.95)).contains(&truth.contribution))
    };
    simulation.truth.drivers.iter().zip(totals).map(inside).collect()
}

#[test]
fn intervals_of_channel_totals_hold_the_truth() {
    let national = |seed| SimulationSpec { seed, channels: Some(4), ..SimulationSpec::default() };
    let geos = |seed| SimulationSpec { seed, periods: 80, geos: 5, channels: Some(4), ..SimulationSpec::default() };
    let mixed = SimulationSpec { outcome: OutcomeWord::Count, channel: every_kind(), ..geos(9) };
    let specs = [national(1), national(2), geos(3), geos(4), mixed];
    let all: Vec<(String, bool)> = specs.iter().flat_map(covered).collect();
    let held = all.iter().filter(|(_, inside)| *inside).count();
    assert!(held as f64 >= 0.8 * all.len() as f64, "{held} of {}: {all:?}", all.len());
}
