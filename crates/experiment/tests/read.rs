//! Read-outs: the golden numbers through one door, and what the field's tools get wrong.

mod common;

use common::{california, close, csv, geolift, kansas, number};
use counterpoint_experiment::{Effect, METHODS, Matrix, Method, Note, Panel, Settings, read};

fn with(method: Method) -> Settings {
    Settings { method, ..Settings::default() }
}

/// Whether p and interval say the same of zero.
fn agrees(p: f64, level: f64, effect: &Effect) -> bool {
    let holds_zero = effect.low.is_none_or(|l| l <= 0.0) && effect.high.is_none_or(|h| h >= 0.0);
    holds_zero == (p > 1.0 - level)
}

#[test]
fn geolift_as_a_whole() {
    let panel = geolift();
    let found = read(&panel, &with(Method::Scm)).unwrap();
    close(found.att.value, 155.556, 5e-4);
    close(found.lift.unwrap().value, 0.054232, 5e-7);
    close(found.total().value, 4666.678, 0.01);
    let found = read(&panel, &with(Method::Ascm)).unwrap();
    close(found.att.value, 156.805, 5e-4);
    close(found.lift.unwrap().value, 0.054691, 5e-7);
    close(found.total().value, 4704.16, 0.01);
}

/// The p value of the signed mean by cyclic shifts is 0.114 on this panel, and its interval says the same; the field's tool prints p = 0.01 beside an
/// interval that holds zero.
#[test]
fn p_and_interval_agree_at_every_level() {
    for panel in [geolift(), kansas().0, california()] {
        for (method, _) in METHODS.into_iter().filter(|(m, _)| *m != Method::Dose) {
            for level in [0.5, 0.8, 0.9, 0.95] {
                let found = read(&panel, &Settings { level, ..with(method) }).unwrap();
                let excused = found.notes.contains(&Note::Gaps);
                assert!(
                    agrees(found.p, level, &found.att) || excused,
                    "{method:?} {level} {} {:?}",
                    found.p,
                    found.att
                );
            }
        }
    }
}

#[test]
fn the_p_value_of_the_signed_mean_by_shifts() {
    let found = read(&geolift(), &with(Method::Scm)).unwrap();
    close(found.p, 0.114, 5e-4);
    let (low, high) = (found.att.low.unwrap(), found.att.high.unwrap());
    assert!(low < 0.0 && high > 155.0, "{low} {high}");
    // no edge of a grid: six root mean squares from the mean is where the field's tool stops
    assert!((high - low) < 2000.0);
}

#[test]
fn california_with_exhaustive_placebos() {
    let found = read(&california(), &with(Method::Sdid)).unwrap();
    close(found.att.value, -15.603828, 1e-6);
    close(found.se.unwrap(), 9.371, 2e-3);
    close(found.p, 2.0 / 39.0, 1e-12);
    close(found.difference.unwrap(), -27.349111, 1e-6);
    // the third largest of 39: Rhode Island, Texas, then Virginia, scaled to California's noise
    close(found.att.high.unwrap() - found.att.value, 15.01, 0.01);
}

/// Single quarters of Kansas: the source permutes at random and searches a grid of 50 values, we take every shift and halve.
#[test]
fn kansas_by_the_quarter() {
    let settings = Settings { fixed_effects: false, level: 0.95, ..with(Method::Scm) };
    let found = read(&kansas().0, &settings).unwrap();
    let (_, rows) = csv("augsynth/pointwise.csv");
    let rows: Vec<_> = rows.into_iter().filter(|r| r[0] == "scm_abs").collect();
    assert_eq!(rows.len(), found.effects.len());
    for (own, row) in found.effects.iter().zip(rows) {
        close(own.effect.value, number(&row[2]), 6e-4);
        close(own.effect.low.unwrap(), number(&row[3]), 0.0085);
        close(own.effect.high.unwrap(), number(&row[4]), 0.0085);
    }
}

#[test]
fn too_few_periods_for_a_level_are_told_and_unbounded() {
    let units: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
    let cell = |i: usize, t: usize| ((i * 31 + t * 17 + i * t) % 13) as f64 + if i == 0 && t >= 6 { 9.0 } else { 0.0 };
    let panel = Panel::new(units, (0..8).map(|t| t.to_string()).collect(), Matrix::from_fn(4, 8, cell));
    let panel = panel.treat(&[0], 6, 8, 0);
    let found = read(&panel, &Settings { level: 0.95, ..with(Method::Scm) }).unwrap();
    assert_eq!((found.att.low, found.att.high), (None, None));
    assert!(found.notes.contains(&Note::TooFewForLevel { smallest_p: 0.125 }), "{:?}", found.notes);
    let found = read(&panel, &with(Method::Sdid)).unwrap();
    assert_eq!((found.att.low, found.att.high), (None, None));
    assert!(found.notes.contains(&Note::TooFewForLevel { smallest_p: 0.25 }), "{:?}", found.notes);
}

/// A market of five times the size of its controls is five times as noisy: a placebo test that forgets it finds effects where there are none.
#[test]
fn placebos_are_scaled_to_the_noise_of_a_large_treated_unit() {
    let found = |size: f64| {
        let noise = |i: usize, t: usize| ((i * 7919 + t * 104_729 + i * t * 31) % 1000) as f64 / 500.0 - 1.0;
        let cell = |i: usize, t: usize| (if i == 0 { size } else { 1.0 }) * (100.0 + 10.0 * noise(i, t));
        let names = (0..15).map(|i| i.to_string()).collect();
        let panel = Panel::new(names, (0..40).map(|t| t.to_string()).collect(), Matrix::from_fn(15, 40, cell));
        read(&panel.treat(&[0], 32, 40, 0), &with(Method::Sdid)).unwrap()
    };
    let (same, large) = (found(1.0), found(5.0));
    let width = |r: &counterpoint_experiment::ReadOut| r.att.high.unwrap() - r.att.low.unwrap();
    assert!(width(&large) > 3.0 * width(&same), "{} {}", width(&large), width(&same));
    assert!(large.notes.iter().any(|n| matches!(n, Note::UnlikeControls { .. })));
}
