//! Designs: the pieces against GeoLift's table of market selection (`golden/geolift`), and what a design promises.

mod common;

use common::{close, columns, csv, number, unit};
use counterpoint_experiment::{
    Kind, Method, Panel, Question, Settings, Staggered, Trial, candidates, design, simulate,
};

fn history() -> Panel {
    columns("geolift/pretest.csv", "location", "date", &["Y"], f64::NAN).0
}

fn all_at_once(units: &[usize], duration: usize, end: usize) -> Trial<'_> {
    Trial { units, offsets: &[0; 10], duration, end }
}

/// GeoLift's table: one window at the end of the past, no ridge, fixed effects. Power and rank there come from its own test; the rest is the same.
#[test]
fn the_walkthroughs_market_selection() {
    let panel = history();
    let (chicago, honolulu) = (unit(&panel, "chicago"), unit(&panel, "honolulu"));
    let (_, rows) = csv("geolift/market_selection.csv");
    let settings = Settings { method: Method::Scm, ..Settings::default() };
    let question = Question { windows: 1, effects: vec![0.05], settings, ..Question::default() };
    assert_eq!(rows.len(), 6);
    for row in rows {
        let mut units: Vec<usize> = row[1].split('|').map(|name| unit(&panel, name)).collect();
        units.sort_unstable();
        assert!(candidates(&panel.outcome, units.len(), &[chicago], &[honolulu]).contains(&units), "{}", row[1]);
        let (duration, effect) = (number(&row[2]) as usize, number(&row[3]));
        let found = simulate(&panel, &all_at_once(&units, duration, 90), &[effect], &settings, None).unwrap();
        close(found.scaled_l2, number(&row[5]), 5e-6);
        close(7.5 * found.outcome * effect, number(&row[6]), 0.0051);
        close(found.att[1], number(&row[7]), 5e-4);
        close(found.lift[1], number(&row[8]), 5e-7);
        close((found.lift[1] - effect).abs(), number(&row[10]), 5.1e-4);
        let plan =
            &design(&panel, &Question { treated: Some(units), durations: vec![duration], ..question.clone() }, 1)
                .unwrap()[0];
        close(plan.share, number(&row[9]), 5e-6);
        close(1.0 - plan.share, number(&row[11]), 5e-6);
        close(plan.correlation, number(&row[13]), 5e-7);
    }
}

#[test]
fn plans_are_ranked_and_the_same_on_any_number_of_threads() {
    let panel = history();
    let question = Question {
        sizes: vec![2, 3],
        durations: vec![15],
        include: vec![unit(&panel, "chicago")],
        windows: 5,
        ..Question::default()
    };
    let found = design(&panel, &question, 2).unwrap();
    assert_eq!(found, design(&panel, &question, 1).unwrap());
    assert_eq!(found[0].rank, 1);
    assert!(found.windows(2).all(|w| w[0].rank <= w[1].rank));
    for plan in &found {
        assert!(plan.units.contains(&question.include[0]) && plan.windows == 5);
        // a larger effect is found at least as often
        assert!(plan.power.windows(2).all(|w| w[0] <= w[1] + 1e-12), "{plan:?}");
        if let Some(detectable) = plan.detectable {
            let at = question.effects.iter().position(|e| *e == detectable).unwrap();
            assert!(plan.power[at..].iter().all(|p| *p >= 0.8) && (at == 0 || plan.power[at - 1] < 0.8));
        }
    }
}

/// Power and false alarms are those of the test that reads: a window read by hand gives the same p value.
#[test]
fn the_simulated_test_is_the_one_that_reads() {
    let panel = history();
    let units = [unit(&panel, "chicago"), unit(&panel, "portland")];
    for (method, _) in
        counterpoint_experiment::METHODS.iter().filter(|(m, _)| !matches!(m, Method::Bsts | Method::Dose))
    {
        let settings = Settings { method: *method, ..Settings::default() };
        let found = simulate(&panel, &all_at_once(&units, 15, 80), &[0.1], &settings, None).unwrap();
        let mut lifted = panel.clone();
        for &i in &units {
            lifted.outcome.row_mut(i)[65..80].iter_mut().for_each(|y| *y *= 1.1);
        }
        let read = counterpoint_experiment::headline(&lifted.treat(&units, 65, 80, 0), &settings).unwrap();
        close(found.p[1], read.p, 1e-9);
        close(found.att[1], read.att.value, 1e-6 * read.att.value.abs());
    }
}

#[test]
fn going_dark_is_tried_downwards() {
    let panel = history();
    let units = vec![unit(&panel, "chicago"), unit(&panel, "portland")];
    let question = Question { treated: Some(units), kind: Kind::GoDark, windows: 4, ..Question::default() };
    let found = design(&panel, &question, 2).unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().any(|p| p.detectable.is_some()));
}

/// Starts that differ are read by differences, and the simulated test is the one that reads.
#[test]
fn staggered_starts() {
    let panel = history();
    let units: Vec<usize> = ["chicago", "portland", "denver", "reno"].iter().map(|name| unit(&panel, name)).collect();
    let staggered = Staggered { starts: 2, seed: 3 };
    let settings = Settings { method: Method::Sdid, ..Settings::default() };
    let question = Question {
        treated: Some(units.clone()),
        durations: vec![20],
        windows: 4,
        staggered: Some(staggered),
        settings,
        ..Question::default()
    };
    let plan = &design(&panel, &question, 2).unwrap()[0];
    assert_eq!(plan.offsets, staggered.offsets(4, 20));
    let trial = Trial { units: &units, offsets: &plan.offsets, duration: 20, end: 90 };
    let found = simulate(&panel, &trial, &[0.1], &settings, None).unwrap();
    let mut lifted = panel.clone().treat(&units, 70, 90, 0);
    for (&i, offset) in units.iter().zip(&plan.offsets) {
        lifted.adoption[i] = Some(70 + offset);
        lifted.outcome.row_mut(i)[70 + offset..].iter_mut().for_each(|y| *y *= 1.1);
    }
    let read = counterpoint_experiment::headline(&lifted, &settings).unwrap();
    close(found.att[1], read.att.value, 1e-6 * read.att.value.abs());
    close(found.p[1], read.p, 1e-9);
}
