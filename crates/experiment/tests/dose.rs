//! Effects by dose: a case worked by hand, the laws of the method, and what it cannot read.

mod common;

use common::{close, columns};
use counterpoint_experiment::{
    Effect, Kind, Matrix, Method, Note, Panel, PanelError, Question, Settings, Trial, design, headline, read, simulate,
};

fn by_dose() -> Settings {
    Settings { method: Method::Dose, ..Settings::default() }
}

/// Units with these doses, eight periods of a level of 100 before and four of the test with these changes.
fn flat(doses: &[f64], changes: &[f64]) -> Panel {
    let cell = |i: usize, t: usize| if t < 8 { 100.0 } else { 100.0 * (1.0 + changes[i]) };
    panel(doses, 8, 12, cell)
}

fn panel(doses: &[f64], start: usize, end: usize, cell: impl FnMut(usize, usize) -> f64) -> Panel {
    let units: Vec<String> = (0..doses.len()).map(|i| format!("u{i}")).collect();
    let times = (0..end).map(|t| t.to_string()).collect();
    let mut out = Panel::new(units, times, Matrix::from_fn(doses.len(), end, cell));
    out.dose = Some(doses.to_vec());
    let all: Vec<usize> = (0..doses.len()).collect();
    out.treat(&all, start, end, 0)
}

/// A noisy panel with trends of its own in every unit; sizes differ by a factor of ten.
fn noisy(doses: &[f64]) -> Panel {
    let noise = |i: usize, t: usize| ((i * 7919 + t * 104_729 + i * t * 31) % 1000) as f64 / 500.0 - 1.0;
    panel(doses, 60, 74, |i, t| {
        let (size, common) = (100.0 * (1 + i % 10) as f64, 1.0 + 0.1 * ((t % 7) as f64 - 3.0) / 3.0);
        let trend = 0.002 * ((i % 5) as f64 - 2.0) * t as f64;
        size * (common + trend + 0.1 * noise(i, t))
    })
}

fn doses() -> Vec<f64> {
    (0..24).map(|i| 0.2 + ((i * 11) % 24) as f64 / 10.0).collect()
}

/// Mean outcome of a unit before the test.
fn level(panel: &Panel, i: usize, start: usize) -> f64 {
    panel.outcome.row(i)[..start].iter().sum::<f64>() / start as f64
}

/// Doses 0, 1, 2, two units each, whose changes are 1 % above and below 1 % + 5 % of the dose. By hand: weights (d - 1) / 4, effect 5 % of 100 at the mean
/// dose 1; HC2 variance 4 (1/16) 0.01² / (1 - 5/12); 49/19 degrees of freedom; t there for 90 % is 2.5158.
#[test]
fn a_case_worked_by_hand() {
    let panel = flat(&[0.0, 0.0, 1.0, 1.0, 2.0, 2.0], &[0.0, 0.02, 0.05, 0.07, 0.10, 0.12]);
    let found = read(&panel, &by_dose()).unwrap();
    close(found.att.value, 5.0, 1e-9);
    close(found.total().value, 5.0 * 24.0, 1e-7);
    close(found.lift.unwrap().value, 5.0 / (106.0 - 5.0), 1e-9);
    for ((_, weight), wanted) in found.weights.iter().zip([-0.25, -0.25, 0.0, 0.0, 0.25, 0.25]) {
        close(*weight, wanted, 1e-12);
    }
    let se = 100.0 * (4.0 / 16.0 * 1e-4 / (1.0 - 5.0 / 12.0_f64)).sqrt();
    let half = found.att.high.unwrap() - 5.0;
    // the integral of the density of t with 49/19 degrees of freedom, by Simpson's rule
    let df: f64 = 49.0 / 19.0;
    let density = |x: f64| (1.0 + x * x / df).powf(-0.5 * (df + 1.0));
    let simpson = |to: f64| {
        let n = 200_000;
        let h = to / f64::from(n);
        let inner: f64 = (1..n).map(|k| density(h * f64::from(k)) * if k % 2 == 1 { 4.0 } else { 2.0 }).sum();
        h / 3.0 * (density(0.0) + inner + density(to))
    };
    close(simpson(half / se) / simpson(20_000.0), 0.9, 2e-4);
    close(found.effects[3].effect.value, 5.0, 1e-9);
    assert_eq!((found.unit_periods, found.effects.len()), (24, 4));
}

/// The scale of the doses is no matter, a shock that all units share changes nothing, and an effect that is put in comes out.
#[test]
fn the_laws_of_the_method() {
    let base = noisy(&doses());
    let found = read(&base, &by_dose()).unwrap();
    let same = |other: &Panel, shift: f64| {
        let other = read(other, &by_dose()).unwrap();
        close(other.att.value, found.att.value + shift, 1e-8);
        close(other.att.high.unwrap() - other.att.value, found.att.high.unwrap() - found.att.value, 1e-8);
        other
    };
    let scaled: Vec<f64> = doses().iter().map(|d| 1e6 * d).collect();
    close(same(&noisy(&scaled), 0.0).p, found.p, 1e-12);
    let mut shaken = base.clone();
    let mut lifted = base.clone();
    let sizes: Vec<f64> = (0..24).map(|i| level(&base, i, 60)).collect();
    let all = sizes.iter().sum::<f64>();
    let mean_dose = sizes.iter().zip(doses()).map(|(l, d)| l * d).sum::<f64>() / all;
    for i in 0..24 {
        for t in 60..74 {
            shaken.outcome[(i, t)] += sizes[i] * (0.3 + 0.05 * t as f64);
            lifted.outcome[(i, t)] += sizes[i] * 0.04 * doses()[i] / mean_dose;
        }
    }
    same(&shaken, 0.0);
    let lifted = same(&lifted, 0.04 * all / 24.0);
    assert!(lifted.lift.unwrap().value > found.lift.unwrap().value);
    // what one unit gets more, in the outcome's unit, is in the weights: they sum to 0
    close(found.weights.iter().map(|(_, w)| w).sum::<f64>(), 0.0, 1e-12);
}

/// p and interval say the same of zero at every level.
#[test]
fn p_and_interval_agree() {
    for k in 0..30 {
        let mut panel = noisy(&doses());
        (0..24).for_each(|i| {
            panel.outcome.row_mut(i)[60..].iter_mut().for_each(|y| *y *= 1.0 + 0.004 * f64::from(k) * doses()[i])
        });
        for level in [0.5, 0.8, 0.9, 0.95] {
            let found = headline(&panel, &Settings { level, ..by_dose() }).unwrap();
            let Effect { low, high, .. } = found.att;
            let holds = low.unwrap() <= 0.0 && high.unwrap() >= 0.0;
            assert_eq!(holds, found.p > 1.0 - level, "{k} {level} {found:?}");
        }
    }
}

/// Units of a high dose that grew before, and went on growing: the trend is told apart from the effect.
#[test]
fn trends_that_go_with_the_dose_are_no_effect() {
    let (noise, doses) = (noisy(&doses()), doses());
    let trended = panel(&doses, 60, 74, |i, t| {
        let size = 100.0 * (1 + i % 10) as f64;
        noise.outcome[(i, t)] + size * 0.002 * (doses[i] - 1.3) * t as f64
    });
    let (plain, own) = (read(&noise, &by_dose()).unwrap(), read(&trended, &by_dose()).unwrap());
    let mean = (0..24).map(|i| level(&noise, i, 60)).sum::<f64>() / 24.0;
    // without own trends the difference would be 0.002 x 37 periods x the mean dose 1.3: 10 % of the level
    assert!(
        (own.att.value - plain.att.value).abs() < 0.02 * mean,
        "{} {}",
        own.att.value / mean,
        plain.att.value / mean
    );
}

#[test]
fn what_cannot_be_read_by_dose() {
    let changes = [0.0, 0.02, 0.05, 0.07, 0.10, 0.12];
    let fault = |panel: &Panel| read(panel, &by_dose()).unwrap_err();
    assert_eq!(fault(&flat(&[1.0; 6], &changes)), PanelError::SameDose);
    assert_eq!(fault(&flat(&[0.0; 6], &changes)), PanelError::SameDose);
    assert_eq!(fault(&flat(&[f64::NAN; 6], &changes)), PanelError::SameDose);
    assert_eq!(fault(&flat(&[1.0, 2.0, 3.0], &changes)), PanelError::TooFewUnits { found: 3, needed: 6 });
    let mut panel = flat(&[0.0, 0.0, 1.0, 1.0, 2.0, 2.0], &changes);
    panel.outcome.row_mut(3).fill(0.0);
    assert_eq!(fault(&panel), PanelError::NotPositive { unit: "u3".to_owned() });
    panel.dose = None;
    assert_eq!(fault(&panel), PanelError::NoDose);
    let short = panel.clone().treat(&[0, 1, 2, 3, 4, 5], 5, 12, 0);
    assert!(matches!(
        fault(&Panel { dose: Some(vec![1.0; 6]), ..short }),
        PanelError::TooFewBefore { found: 5, needed: 8 }
    ));
    let found = read(&flat(&[1.0, 1.1, 0.9, 1.0, 1.2, 9.0], &changes), &by_dose()).unwrap();
    assert!(found.notes.iter().any(|n| matches!(n, Note::OneUnit { unit, share } if unit == "u5" && *share > 0.8)));
}

/// The simulated test is the one that reads, sets of doses add up, and one that differs more between units finds smaller effects.
#[test]
fn a_design_by_dose() {
    let base = noisy(&doses());
    let all: Vec<usize> = (0..24).collect();
    let trial = Trial { units: &all, offsets: &[0; 24], duration: 14, end: 74 };
    let simulated = simulate(&base, &trial, &[0.05], &by_dose(), None).unwrap();
    let scale = {
        let sizes: Vec<f64> = (0..24).map(|i| level(&base, i, 60)).collect();
        sizes.iter().sum::<f64>() / sizes.iter().zip(doses()).map(|(l, d)| l * d).sum::<f64>()
    };
    let mut lifted = base.clone();
    for i in 0..24 {
        lifted.outcome.row_mut(i)[60..].iter_mut().for_each(|y| *y *= 1.0 + 0.05 * scale * doses()[i]);
    }
    let own = headline(&lifted, &by_dose()).unwrap();
    close(simulated.p[1], own.p, 1e-9);
    close(simulated.att[1], own.att.value, 1e-9 * own.att.value.abs());
    let even: Vec<f64> = doses().iter().map(|d| 1.0 + 0.1 * d).collect();
    let question = Question {
        sizes: vec![1, 2],
        durations: vec![14],
        doses: vec![even, doses()],
        kind: Kind::HeavyUp,
        windows: 6,
        settings: by_dose(),
        ..Question::default()
    };
    let plans = design(&base, &question, 2).unwrap();
    assert_eq!(format!("{plans:?}"), format!("{:?}", design(&base, &question, 1).unwrap()));
    assert_eq!(plans.len(), 3);
    let of = |set: &[usize]| plans.iter().find(|p| p.units == set).unwrap();
    assert!(of(&[1]).spread > of(&[0, 1]).spread && of(&[0, 1]).spread > of(&[0]).spread);
    assert!(of(&[1]).noise < 0.5 * of(&[0]).noise);
    assert!(plans.iter().all(|p| p.power.windows(2).all(|w| w[0] <= w[1] + 0.2)));
}

/// On windows of a real past (40 markets, 90 days of the public panel), for audiences that are drawn at random, the test is significant no more often than it says.
#[test]
fn it_keeps_its_level_on_a_real_past() {
    let past = columns("geolift/pretest.csv", "location", "date", &["Y"], f64::NAN).0;
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut dose = || (1.2 * ((0..6).map(|_| uniform()).sum::<f64>() - 3.0)).exp();
    let doses: Vec<Vec<f64>> = (0..100).map(|_| (0..past.units.len()).map(|_| dose()).collect()).collect();
    for (level, most) in [(0.9, 0.1), (0.95, 0.05)] {
        let question = Question {
            sizes: vec![1],
            durations: vec![10, 15, 21],
            doses: doses.clone(),
            effects: vec![0.02, 0.05],
            settings: Settings { level, ..by_dose() },
            ..Question::default()
        };
        let plans = design(&past, &question, 2).unwrap();
        assert_eq!(plans.len(), 300);
        let mean = |of: &dyn Fn(&counterpoint_experiment::Plan) -> f64| plans.iter().map(of).sum::<f64>() / 300.0;
        let (alarms, power) = (mean(&|p| p.false_alarms), mean(&|p| p.power[1]));
        assert!(alarms <= most && alarms > 0.2 * most, "{level}: {alarms}");
        assert!(power > 0.7, "{level}: {power}");
    }
}
