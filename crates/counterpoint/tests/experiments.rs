//! Experiments as data: the likelihood against plain loops, its gradient against finite differences.

mod common;

use common::{creators_spec, dataset, project, redefine, roster, segment, uniform};
use counterpoint::data::experiment::{Experiment, Tested};
use counterpoint::data::{Dataset, DriverKind, assemble};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::estimate;
use counterpoint::model::fit::fit;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::*;
use counterpoint::simulate::{ChannelSpec, Pattern, PopulationRange, SimulationSpec, from_model_prior, lift, simulate};
use counterpoint_infer::log_density::LogDensity;
use std::sync::Arc;

fn experiment(
    name: &str,
    tested: Vec<Tested>,
    geos: Vec<usize>,
    window: std::ops::Range<i64>,
    change: Change,
) -> Experiment {
    Experiment {
        name: name.into(),
        tested,
        geos,
        window,
        cooldown: 2,
        change,
        usual: Usual::Before,
        lift: 120.0,
        se: 90.0,
        years_outside: 0.0,
    }
}

/// Tests of every kind of driver and change: inside, with a cool-down beyond the end, and outside of the data.
fn all_kinds(geos: usize) -> Vec<Experiment> {
    let some: Vec<usize> = (0..geos).filter(|g| g % 2 == 0).collect();
    let one = |d: usize| vec![Tested::Driver(d)];
    let everywhere: Vec<usize> = (0..geos).collect();
    vec![
        experiment("off", one(0), some.clone(), 8..12, Change::Off),
        experiment("on", one(1), some.clone(), 5..8, Change::On),
        experiment("reach off", one(1), everywhere.clone(), 9..13, Change::Off),
        experiment("more", one(2), everywhere.clone(), 17..21, Change::Times(2.0)),
        experiment("promo", one(3), everywhere.clone(), 3..6, Change::On),
        experiment("two at once", vec![Tested::Driver(0), Tested::Driver(2)], some, 10..15, Change::Times(0.4)),
        experiment("before the data", one(0), everywhere.clone(), -40..-36, Change::Off),
        Experiment {
            years_outside: 0.5,
            usual: Usual::Number(400.0),
            ..experiment("after the data", one(2), everywhere, 40..44, Change::Times(1.5))
        },
    ]
}

fn spec() -> ModelSpec {
    ModelSpec { max_lag: Some(4), trend: TrendSpec::KnotsEvery(6), ..ModelSpec::default() }
}

/// Every choice of who may follow a hidden demand.
const HIDDEN: [HiddenDemand; 3] = [HiddenDemand::None, HiddenDemand::Tested, HiddenDemand::All];

fn check_gradient(label: &str, project: &Project, data: &Dataset) {
    let model = Arc::new(Model::new(project, data));
    let mut posterior = Posterior::new(model.clone());
    let n = posterior.dim();
    let mut u = uniform(n as u64);
    let center = Posterior::start(&model);
    for _ in 0..3 {
        let at: Vec<f64> = center.iter().map(|c| c + 0.8 * (u() - 0.5)).collect();
        let (mut gradient, mut scratch) = (vec![0.0; n], vec![0.0; n]);
        assert!(posterior.evaluate(&at, &mut gradient).is_finite(), "{label}");
        for i in 0..n {
            let mut difference = |h: f64| {
                let mut x = at.clone();
                x[i] += h;
                let up = posterior.evaluate(&x, &mut scratch);
                x[i] -= 2.0 * h;
                (up - posterior.evaluate(&x, &mut scratch)) / (2.0 * h)
            };
            let numeric = (4.0 * difference(5e-4) - difference(1e-3)) / 3.0;
            let name = model.parameters.iter().find(|p| p.coordinate == Some(i)).map(|p| p.name.clone());
            assert!(
                (gradient[i] - numeric).abs() < 2e-6 * (1.0 + numeric.abs()),
                "{label} {name:?}: {} against {numeric}",
                gradient[i]
            );
        }
    }
}

#[test]
fn the_gradient_is_exact_for_every_prior_kind_and_geo_effect() {
    for prior in [EffectKind::Roi, EffectKind::MarginalRoi, EffectKind::Contribution, EffectKind::Coefficient] {
        for effects in [GeoEffects::LogNormal, GeoEffects::Normal] {
            for geos in [1, 3] {
                let hidden_demand = HIDDEN[geos % 3];
                let project = project(ModelSpec { prior, effects, hidden_demand, ..spec() });
                let mut data = dataset(geos, 21, 2, false);
                data.experiments = all_kinds(geos);
                check_gradient(&format!("{prior:?} {effects:?} {geos}"), &project, &data);
            }
        }
    }
}

#[test]
fn the_gradient_is_exact_for_transforms_in_both_orders_and_a_sampled_baseline() {
    for (adstock, saturation) in [
        (AdstockKind::Delayed, SaturationKind::Logistic),
        (AdstockKind::WeibullPdf, SaturationKind::Tanh),
        (AdstockKind::None, SaturationKind::Root),
        (AdstockKind::Binomial, SaturationKind::None),
    ] {
        for saturate_first in [false, true] {
            let integrate_baseline = !saturate_first;
            let hidden_demand = HiddenDemand::All;
            let model = ModelSpec { adstock, saturation, saturate_first, integrate_baseline, hidden_demand, ..spec() };
            let project = project(model);
            let mut data = dataset(2, 21, 3, true);
            data.experiments = all_kinds(2);
            check_gradient(&format!("{adstock:?} {saturation:?} {saturate_first}"), &project, &data);
        }
    }
}

#[test]
fn the_gradient_is_exact_for_creators_and_platforms() {
    for with_tracked in [true, false] {
        let mut project = project(spec());
        project.creators = Some(creators_spec());
        project.outcome.order_value = Some(0.5);
        let mut data = dataset(3, 21, 2, true);
        let mut people = roster(&data);
        if !with_tracked {
            people.tracked.clear();
        }
        data.roster = Some(people);
        data.experiments = vec![
            experiment("platform off", vec![Tested::Platform(0)], vec![0, 2], 8..12, Change::Off),
            experiment("creator", vec![Tested::Creator(0)], vec![0, 1, 2], 4..8, Change::On),
            experiment("both", vec![Tested::Creator(1), Tested::Driver(0)], vec![1], 10..21, Change::Times(3.0)),
            Experiment {
                usual: Usual::Number(2e4),
                ..experiment("after", vec![Tested::Creator(1)], vec![0, 1], 30..33, Change::Off)
            },
        ];
        check_gradient(&format!("creators {with_tracked}"), &project, &data);
        redefine(&mut data);
        let usual = |change| Experiment {
            usual: Usual::Number(2e4),
            ..experiment("across", vec![Tested::Platform(1)], vec![0], 9..13, change)
        };
        data.experiments.extend([usual(Change::Off), usual(Change::Times(2.0))]);
        check_gradient(&format!("creators {with_tracked}, views redefined"), &project, &data);
        segment(&mut data);
        check_gradient(&format!("creators {with_tracked}, audiences in segments"), &project, &data);
    }
}

/// Hill of the geometric carry-over of one geo's scaled exposure at period t, as plain loops. Index 0 is `lead` periods before the first.
fn response(x: &[f64], lead: usize, t: usize, retention: f64, half: f64, slope: f64) -> f64 {
    let weights: Vec<f64> = (0..=lead).map(|l| retention.powi(l as i32)).collect();
    let total: f64 = weights.iter().sum();
    let carried: f64 = (0..=lead).map(|l| weights[l] / total * x[lead + t - l]).sum();
    carried.powf(slope) / (carried.powf(slope) + half.powf(slope))
}

#[test]
fn the_lift_is_that_of_a_hand_calculation_with_carry_over() {
    let (geos, periods, history, lead) = (3, 21, 2, 4);
    let project = project(spec());
    let mut data = dataset(geos, periods, history, false);
    let cases = [
        experiment("off", vec![Tested::Driver(0)], vec![0, 2], 8..12, Change::Off),
        experiment("half", vec![Tested::Driver(0)], vec![1], 10..13, Change::Times(0.5)),
        experiment("on", vec![Tested::Driver(0)], vec![0, 1, 2], 14..19, Change::On),
    ];
    data.experiments = cases.to_vec();
    let model = Arc::new(Model::new(&project, &data));
    let mut posterior = Posterior::new(model.clone());
    let at: Vec<f64> = (0..posterior.dim()).map(|i| 0.4 * (i as f64 + 0.5).sin()).collect();
    let total = posterior.evaluate(&at, &mut vec![0.0; at.len()]);
    posterior.set(&at);
    let lifts = posterior.experiment_lifts().to_vec();
    let values = posterior.values().to_vec();
    let of = |name: &str| values[model.parameters.iter().position(|p| p.name == name).unwrap()];
    let (retention, half, slope) = (of("retention[search]"), of("half_saturation[search]"), of("slope[search]"));
    // The exposure a head over its median, from the raw table.
    let raw = &data.drivers[0].exposure;
    let width = history + periods;
    let mut heads: Vec<f64> = raw.iter().enumerate().map(|(i, x)| x / data.population[i / width]).collect();
    let mut some: Vec<f64> = heads.iter().copied().filter(|x| *x > 0.0).collect();
    some.sort_by(f64::total_cmp);
    let n = some.len();
    let median = if n % 2 == 1 { some[n / 2] } else { 0.5 * (some[n / 2 - 1] + some[n / 2]) };
    heads.iter_mut().for_each(|x| *x /= median);
    for (case, lift) in cases.iter().zip(&lifts) {
        let mut want = 0.0;
        for &g in &case.geos {
            let mut run = vec![0.0; lead - history];
            run.extend_from_slice(&heads[g * width..(g + 1) * width]);
            let mut otherwise = run.clone();
            let window = case.window.start as usize..case.window.end as usize;
            let usual = run[lead + window.start - 4..lead + window.start].iter().sum::<f64>() / 4.0;
            for t in window.clone() {
                otherwise[lead + t] = match case.change {
                    Change::Off => usual,
                    Change::On => 0.0,
                    Change::Times(k) => run[lead + t] / k,
                };
            }
            let beta = posterior.drivers()[0].effect.beta[g];
            for t in window.start..(window.end + case.cooldown as usize).min(periods) {
                let at = |x: &[f64]| response(x, lead, t, retention, half, slope);
                want += model.units[g] * beta * (at(&run) - at(&otherwise));
            }
        }
        assert!((lift - want).abs() < 1e-9 * (1.0 + want.abs()), "{}: {lift} {want}", case.name);
        assert!(*lift != 0.0);
    }
    // The term adds to the density of the same model without experiments.
    let bare = Model { experiments: Vec::new(), ..(*model).clone() };
    let mut bare = Posterior::new(Arc::new(bare));
    let without = bare.evaluate(&at, &mut vec![0.0; at.len()]);
    let ln_normal =
        |x: f64, mean: f64, sd: f64| -0.5 * ((x - mean) / sd).powi(2) - (sd * (2.0 * std::f64::consts::PI).sqrt()).ln();
    let terms: f64 = cases.iter().zip(&lifts).map(|(c, lift)| ln_normal(c.lift, *lift, c.se)).sum();
    assert!((total - without - terms).abs() < 1e-8 * (1.0 + total.abs()), "{total} {without} {terms}");
}

#[test]
fn a_test_of_all_that_ever_ran_is_the_contribution() {
    // On from nothing over all periods and geos, of a driver without history: the lift is all that the driver brought.
    let project = project(spec());
    let mut data = dataset(2, 21, 0, false);
    data.experiments =
        vec![Experiment { cooldown: 0, ..experiment("all", vec![Tested::Driver(0)], vec![0, 1], 0..21, Change::On) }];
    assert_eq!(data.drivers[0].kind, DriverKind::Channel);
    let model = Arc::new(Model::new(&project, &data));
    let mut posterior = Posterior::new(model.clone());
    posterior.set(&Posterior::start(&model));
    let lift = posterior.experiment_lifts()[0];
    let work = &posterior.drivers()[0];
    let brought: f64 = (0..42).map(|i| model.units[i / 21] * work.effect.beta[i / 21] * work.response.f[i]).sum();
    assert!((lift - brought).abs() < 1e-9 * brought, "{lift} {brought}");
}

#[test]
fn a_test_outside_of_the_data_is_read_at_the_mean_exposure_with_a_wider_error() {
    let project = project(spec());
    let mut data = dataset(2, 21, 0, false);
    let away = |years_outside, usual| Experiment {
        years_outside,
        usual,
        lift: -300.0,
        se: 100.0,
        ..experiment("away", vec![Tested::Driver(0)], vec![0, 1], 73..77, Change::Off)
    };
    let mean: f64 = data.drivers[0].exposure.iter().sum::<f64>() / 21.0;
    data.experiments =
        vec![away(1.0, Usual::Before), away(1.0, Usual::Number(mean)), away(1.0, Usual::Number(mean * 1f64.exp()))];
    let model = Arc::new(Model::new(&project, &data));
    let mut posterior = Posterior::new(model.clone());
    posterior.set(&Posterior::start(&model));
    let lifts = posterior.experiment_lifts().to_vec();
    assert!(lifts[0] < 0.0 && (lifts[0] - lifts[1]).abs() < 1e-9 * lifts[0].abs() && lifts[2] < lifts[1], "{lifts:?}");
    // One year adds (0.3 x the root of lift^2 + se^2)^2 to the variance; a factor of e in exposure as much again.
    let added = 0.3_f64.powi(2) * (300.0_f64.powi(2) + 100.0_f64.powi(2));
    let want = [added, added, 2.0 * added].map(|more| (100.0_f64.powi(2) + more).sqrt());
    for (e, want) in model.experiments.iter().zip(want) {
        assert!((e.se - want).abs() < 1e-9 * want && e.reported_se == 100.0, "{} {want}", e.se);
    }
}

#[test]
fn copies_of_the_data_have_lifts_of_their_own() {
    let project = project(spec());
    let mut data = dataset(2, 21, 0, false);
    data.experiments = all_kinds(2);
    let model = Arc::new(Model::new(&project, &data));
    let (mut squares, n) = (0.0, 200);
    for seed in 0..n {
        let (copy, values) = from_model_prior(&model, &data, seed);
        let mut posterior = Posterior::new(model.clone());
        posterior.set(&model.parameters.position(&values));
        for ((lift, experiment), given) in
            posterior.experiment_lifts().iter().zip(&model.experiments).zip(&copy.experiments)
        {
            squares += ((given.lift - lift) / experiment.se).powi(2) / (n as f64 * model.experiments.len() as f64);
        }
    }
    assert!((squares - 1.0).abs() < 0.15, "{squares}");
}

#[test]
fn the_simulators_lift_is_that_of_the_contribution() {
    let spec =
        SimulationSpec { geos: 3, periods: 60, channels: Some(2), hidden_demand: 0.1, ..SimulationSpec::default() };
    let market = simulate(&spec).unwrap();
    let truth = &market.truth.drivers[0];
    let all = lift(&spec, &truth.name, &[0, 1, 2], 0..60, 0, 0.0).unwrap();
    assert!((all - truth.contribution).abs() < 1e-9 * all, "{all} {}", truth.contribution);
    let one = |geos: &[usize]| lift(&spec, &truth.name, geos, 20..26, 3, 0.5).unwrap();
    assert!((one(&[0, 1, 2]) - one(&[0]) - one(&[1, 2])).abs() < 1e-9 * all && one(&[0]) > 0.0);
    assert!(lift(&spec, "nobody", &[0], 0..2, 0, 0.0).is_none());
    let plain = simulate(&SimulationSpec { hidden_demand: 0.0, ..spec }).unwrap();
    assert_ne!(plain.tables, market.tables);
}

/// A market whose spend follows a demand that no column shows: the data alone are wrong of the tested channel and sure of it; with two tests, the
/// interval holds the truth.
#[test]
fn tests_bring_back_a_return_that_a_hidden_demand_hides() {
    let channel = |roi| ChannelSpec {
        roi: Some(roi),
        pattern: Some(Pattern::AlwaysOn),
        geo_spread: Some(0.0),
        spend_per_period: Some(300_000.0),
        ..ChannelSpec::default()
    };
    let spec = SimulationSpec {
        seed: 3,
        geos: 1,
        periods: 130,
        population: PopulationRange { min: 6e6, max: 6e6 },
        channel: vec![channel(1.0), channel(1.5)],
        hidden_demand: 0.15,
        confounding: 0.8,
        noise: 0.3,
        ..SimulationSpec::default()
    };
    let market = simulate(&spec).unwrap();
    let (data, findings) = assemble(&market.project, &market.tables);
    let mut data = data.unwrap_or_else(|| panic!("{findings:?}"));
    let truth = &market.truth.drivers[0];
    let sampler = SamplerSpec { chains: 2, warmup: 400, draws: 400, ..SamplerSpec::default() };
    let project = Project { sampler: sampler.clone(), ..market.project.clone() };
    let roi = |data: &Dataset| {
        let (model, chains) = fit(Model::new(&project, data), &sampler, 2).unwrap();
        estimate(&model, &project, &chains, None, 2).drivers[0].roi.unwrap()
    };
    let without = roi(&data);
    assert!(without.q05 > 1.2 * truth.roi.unwrap(), "{without:?} {:?}", truth.roi);
    for start in [30, 80] {
        let window = start..start + 6;
        let brought = lift(&spec, &truth.name, &[0], window.clone(), 3, 0.0).unwrap();
        let window = window.start as i64..window.end as i64;
        data.experiments.push(Experiment {
            cooldown: 3,
            lift: brought,
            se: 0.2 * brought,
            ..experiment(&format!("week {start}"), vec![Tested::Driver(0)], vec![0], window, Change::On)
        });
    }
    let with = roi(&data);
    assert!((with.q05..=with.q95).contains(&truth.roi.unwrap()), "{with:?} {:?}", truth.roi);
    assert!((with.mean / truth.roi.unwrap() - 1.0).abs() < 0.5 * (without.mean / truth.roi.unwrap() - 1.0).abs());
}
