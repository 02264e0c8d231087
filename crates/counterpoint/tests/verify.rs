//! The trust report: sound fits pass it, and each check can fail for the fault that it looks for.
#![allow(clippy::disallowed_methods)]

use counterpoint::data::experiment::{Experiment, Tested};
use counterpoint::data::{Cells, Dataset, assemble};
use counterpoint::model::build::Model;
use counterpoint::model::fit::fit;
use counterpoint::model::prior::Prior;
use counterpoint::project::*;
use counterpoint::simulate::*;
use counterpoint::verify::predictive::Statistic;
use counterpoint::verify::refit::{Base, Length, POOR};
use counterpoint::verify::sensitivity::Rests;
use counterpoint::verify::{Effort, Trust, verify};
use counterpoint_infer::diagnose::Status;
use counterpoint_infer::draws::{mean, quantile, sd, sorted};
use counterpoint_infer::nuts::{ChainDraws, SampleError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Case {
    project: Project,
    data: Dataset,
    /// The contribution of each driver, `[geos x periods]`.
    contributions: Vec<Vec<f64>>,
}

fn market(spec: &SimulationSpec) -> Case {
    let simulation = simulate(spec).unwrap();
    let (data, findings) = assemble(&simulation.project, &simulation.tables);
    let data = data.unwrap_or_else(|| panic!("{findings:#?}"));
    let table = &simulation.contributions;
    let (Cells::Text(names), Cells::Number(values)) =
        (&table.column("driver").unwrap().cells, &table.column("contribution").unwrap().cells)
    else {
        panic!("columns of contributions")
    };
    let own = |name: &str| {
        let rows = names.iter().zip(values).filter(|(n, _)| n.as_deref() == Some(name));
        rows.map(|(_, v)| v.unwrap()).collect()
    };
    let contributions = data.drivers.iter().map(|d| own(&d.name)).collect();
    let sampler = SamplerSpec { chains: 2, warmup: 300, draws: 400, seed: 3, ..SamplerSpec::default() };
    Case { project: Project { sampler, ..simulation.project }, data, contributions }
}

/// A national market of three channels over two years, with little noise.
fn sound() -> SimulationSpec {
    let channel = ChannelSpec { pattern: Some(Pattern::OnOff), roi: Some(3.0), ..ChannelSpec::default() };
    SimulationSpec { seed: 5, periods: 112, noise: 0.03, channel: vec![channel; 3], ..SimulationSpec::default() }
}

fn fitted(case: &Case) -> (Arc<Model>, Vec<ChainDraws>) {
    fit(Model::new(&case.project, &case.data), &case.project.sampler, 2).unwrap()
}

const SHORT: Effort = Effort {
    copies: 6,
    months: 4,
    placebos: 1,
    held_out: 4,
    calibration: 0,
    length: Length { warmup: 200, draws: 300 },
};

fn tried(case: &Case, effort: &Effort) -> Trust {
    let (model, chains) = fitted(case);
    verify(&case.project, &case.data, &model, &chains, effort, 2, &|| true).unwrap()
}

#[test]
fn a_sound_fit_passes_and_threads_change_nothing() {
    let case = market(&sound());
    let (model, chains) = fitted(&case);
    let steps = AtomicUsize::new(0);
    let go_on = || {
        steps.fetch_add(1, Ordering::Relaxed);
        true
    };
    let trust = verify(&case.project, &case.data, &model, &chains, &SHORT, 2, &go_on).unwrap();
    assert_eq!(steps.load(Ordering::Relaxed) as u64, counterpoint::verify::steps(&case.project, &case.data, &SHORT));
    assert_eq!(trust.refits, 6 + 4 + 4 + 1);
    assert!(trust.poor <= 2, "{} of {} refits did not converge", trust.poor, trust.refits);
    for (name, status) in trust.verdicts() {
        assert!(status != Status::Fail, "{name}: {trust:#?}");
    }
    let (inside, all) = trust.recovery.coverage();
    assert_eq!(all, 18);
    assert!(inside >= 13, "{inside} of {all}");
    let backtest = trust.backtest.as_ref().unwrap();
    assert!(backtest.national.model.crps < backtest.national.baseline.crps, "{backtest:?}");
    assert!(backtest.seasonal && backtest.forecasts.len() == 4 && backtest.by_month.len() == 3);
    // Months 1 to 4 back are foretold for at most three months.
    assert_eq!(backtest.national.model.count, 4 * (1 + 2 + 3 + 3));
    let again = verify(&case.project, &case.data, &model, &chains, &SHORT, 1, &|| true).unwrap();
    assert_eq!(format!("{trust:?}"), format!("{again:?}"));
    let asked = AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) < 50;
    let stopped = verify(&case.project, &case.data, &model, &chains, &SHORT, 2, &stop);
    assert!(matches!(stopped, Err(SampleError::Stopped)));
}

#[test]
fn a_warm_refit_is_the_fit() {
    let spec = SimulationSpec { geos: 4, periods: 60, ..sound() };
    let mut case = market(&spec);
    case.project.sampler = SamplerSpec { chains: 4, warmup: 500, draws: 1000, ..case.project.sampler };
    let (model, chains) = fitted(&case);
    let base = Base::new(&case.project, &case.data, &model, &chains);
    let length = Length { warmup: 300, draws: 2000 };
    let refit = base.refit(Model::new(&case.project, &case.data), length, 8, &|| true).unwrap();
    assert!(refit.rhat < POOR, "{}", refit.rhat);
    let values = |model: &Model, positions: &mut dyn Iterator<Item = &[f64]>| -> Vec<Vec<f64>> {
        positions.map(|p| model.parameters.values(p)).collect()
    };
    let cold = values(&model, &mut chains.iter().flat_map(|c| c.positions.chunks_exact(c.dim)));
    let warm = values(&refit.model, &mut refit.positions.iter().map(Vec::as_slice));
    let mut compared = 0;
    for (i, p) in model.parameters.iter().enumerate().filter(|(_, p)| p.coordinate.is_some()) {
        let column = |of: &[Vec<f64>]| of.iter().map(|v| v[i]).collect::<Vec<f64>>();
        let (a, b) = (column(&cold), column(&warm));
        let spread = sd(&a);
        // Both have several hundred effective draws of each parameter at least.
        assert!((mean(&a) - mean(&b)).abs() < 0.15 * spread, "{}: {} {}", p.name, mean(&a), mean(&b));
        // Scales have long tails, whose standard deviation is a matter of a few draws: the 5 % to 95 % range is compared.
        let range = |v: &[f64]| {
            let v = sorted(v);
            quantile(&v, 0.95) - quantile(&v, 0.05)
        };
        assert!((range(&b) / range(&a) - 1.0).abs() < 0.2, "{}: {} {}", p.name, range(&b), range(&a));
        compared += 1;
    }
    assert!(compared > 20);
}

#[test]
fn a_prior_that_the_data_cannot_move_is_told_and_makes_placebos_believed() {
    let mut case = market(&SimulationSpec { noise: 0.25, ..sound() });
    for driver in &mut case.project.drivers {
        driver.prior = Some(EffectPrior {
            on: EffectKind::Roi,
            prior: Prior::LogNormal { mu: 4f64.ln(), sigma: 0.1, shift: 0.0 },
        });
    }
    let trust = tried(&case, &SHORT);
    let placebo = trust.placebo.unwrap();
    assert_eq!(placebo.status(), Status::Fail, "{placebo:?}");
    assert_eq!((placebo.believed(), placebo.found.len()), (2, 2));
    assert!(trust.sensitivity.drivers.iter().any(|d| d.rests() != Rests::OnData), "{:?}", trust.sensitivity);
}

#[test]
fn what_changes_at_the_end_is_seen_by_the_backtest_and_the_stability() {
    let mut case = market(&sound());
    let (periods, level) = (case.data.n_periods(), mean(&case.data.outcome));
    // From the third month before the end on the first channel does nothing any more, and the level rises by half.
    for t in periods - 10..periods {
        case.data.outcome[t] += 0.5 * level - case.contributions[0][t];
    }
    let trust = tried(&case, &SHORT);
    let backtest = trust.backtest.unwrap();
    assert!(backtest.national.model.inside90 < 0.8, "{:?}", backtest.national);
    assert_ne!(backtest.status(), Status::Ok);
    let sound = tried(&market(&sound()), &SHORT);
    let largest =
        |t: &counterpoint::verify::stability::Stability| t.drivers.iter().map(|d| d.largest).fold(0.0, f64::max);
    assert!(largest(&trust.stability.unwrap()) > 2.0 * largest(&sound.stability.unwrap()));
}

#[test]
fn drawn_data_show_noise_that_is_not_what_the_model_takes_it_for() {
    let mut case = market(&SimulationSpec { ar1: 0.75, trend_step: 0.0, ..sound() });
    case.project.model.trend = TrendSpec::None;
    case.project.model.noise.ar1 = false;
    let effort = Effort { copies: 1, months: 0, placebos: 0, ..SHORT };
    let trust = tried(&case, &effort);
    let unlike: Vec<Statistic> = trust.predictive.unlike().map(|c| c.statistic).collect();
    assert!(unlike.contains(&Statistic::LeftOver), "{:?}", trust.predictive.compared);
    assert_eq!(trust.predictive.status(), Status::Review);
    assert!(trust.predictive.left.is_some() && trust.backtest.is_none() && trust.stability.is_none());
    // The model that knows of it has no such complaint, and no leave-one-out.
    case.project.model.noise.ar1 = true;
    let known = tried(&case, &effort).predictive;
    assert!(known.unlike().all(|c| c.statistic != Statistic::LeftOver), "{:?}", known.compared);
    assert!(known.left.is_none());
}

#[test]
fn an_experiment_is_foretold_and_a_wrong_one_contradicted() {
    let mut case = market(&sound());
    let window = 40..48;
    let truth: f64 = window.clone().map(|t| case.contributions[0][t]).sum();
    let test = |name: &str, lift: f64| Experiment {
        name: name.to_owned(),
        tested: vec![Tested::Driver(0)],
        geos: vec![0],
        window: 40..48,
        cooldown: 0,
        change: Change::Off,
        usual: Usual::Before,
        lift,
        se: 0.1 * truth,
        years_outside: 0.0,
    };
    case.project.model.hidden_demand = HiddenDemand::None;
    let effort = Effort { copies: 1, months: 0, placebos: 0, ..SHORT };
    // The first channel pauses in part of the window, so that what the model foretells is read off the other one.
    let foretold = |lift: f64, case: &mut Case| {
        case.data.experiments = vec![test("first", lift), test("second", lift)];
        tried(case, &effort).held_out.unwrap()
    };
    let near = foretold(0.0, &mut case).experiments[0].expected.mean;
    let mut right = foretold(near, &mut case);
    assert_eq!(right.status(), Status::Ok, "{right:?}");
    case.data.experiments.clear();
    let wrong = test("wrong", near + 4.0 * truth);
    case.data.experiments = vec![wrong];
    right = tried(&case, &effort).held_out.unwrap();
    assert_eq!(right.status(), Status::Fail, "{right:?}");
    assert!(
        right.experiments[0].predicted.q95 - right.experiments[0].predicted.q05
            > right.experiments[0].expected.q95 - right.experiments[0].expected.q05
    );
}

#[test]
fn creators_are_recovered_and_their_codes_drawn_anew() {
    let spec = SimulationSpec {
        seed: 11,
        periods: 80,
        geos: 2,
        noise: 0.03,
        channel: vec![ChannelSpec { roi: Some(3.0), ..ChannelSpec::default() }; 2],
        creators: Some(RosterSpec { count: 7, ..RosterSpec::default() }),
        ..SimulationSpec::default()
    };
    let case = market(&spec);
    let trust = tried(&case, &Effort { copies: 3, months: 1, placebos: 0, ..SHORT });
    let creators: Vec<_> = trust.recovery.told.iter().filter(|t| t.creator).collect();
    assert!(creators.len() >= 5 && trust.recovery.creator_order.unwrap() > 0.5, "{:?}", trust.recovery);
    let (inside, all) = creators.iter().fold((0, 0), |(i, a), t| (i + t.inside, a + t.copies.len()));
    assert!(10 * inside >= 7 * all, "{inside} of {all}");
    assert_eq!(trust.backtest.unwrap().forecasts.len(), 1);
}

#[test]
fn ranks_of_what_the_priors_draw_are_even() {
    let spec = SimulationSpec { periods: 40, channel: vec![ChannelSpec::default()], ..sound() };
    let case = market(&spec);
    let effort = Effort { copies: 1, months: 0, placebos: 0, calibration: 40, ..SHORT };
    let calibration = tried(&case, &effort).calibration.unwrap();
    assert_eq!((calibration.markets, calibration.ranked.len()), (40, 2));
    assert!(calibration.ranked.iter().all(|r| r.bins.iter().sum::<usize>() == 40));
    assert_eq!(calibration.status(), Status::Ok, "{calibration:?}");
}
