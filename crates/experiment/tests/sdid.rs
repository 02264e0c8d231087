//! Synthetic difference-in-differences against numbers made elsewhere (`golden/synthdid`).

mod common;

use common::{california, close, csv, number};
use counterpoint_experiment::{difference_in_differences, placebos, sdid, spread};

#[test]
fn california_is_found() {
    let panel = california();
    let found = sdid(&panel).unwrap();
    close(found.att, -15.603828, 1e-6);
    let years =
        [-4.845, -4.326, -8.654, -8.419, -12.545, -16.106, -18.906, -19.350, -20.884, -22.782, -25.945, -24.485];
    for (effect, wanted) in found.effects[19..].iter().zip(years) {
        close(effect.unwrap(), wanted, 1e-3);
    }
    let (_, times) = csv("synthdid/time_weights.csv");
    for (weight, row) in found.cohorts[0].period_weights.iter().zip(times) {
        close(*weight, number(&row[1]), 1e-4);
    }
    let (_, units) = csv("synthdid/unit_weights.csv");
    let controls = panel.controls();
    for row in units {
        let at = controls.iter().position(|&i| panel.units[i] == row[0]).unwrap();
        close(found.weights[at], number(&row[1]), 1e-4);
    }
}

#[test]
fn placebos_in_all_other_states() {
    let panel = california();
    let found = placebos(&panel);
    let (_, rows) = csv("synthdid/placebo_effects.csv");
    assert_eq!(found.len(), 38);
    // the source starts each placebo from the weights of the estimate, and its steps stop elsewhere
    for (placebo, row) in found.iter().zip(rows) {
        close(placebo.att, number(&row[1]), 0.06);
    }
    close(spread(&found.iter().map(|f| f.att).collect::<Vec<_>>()), 9.371, 2e-3);
    assert_eq!(found.iter().filter(|f| f.att.abs() >= 15.6038).count(), 1);
}

#[test]
fn plain_difference_in_differences() {
    close(difference_in_differences(&california()).unwrap(), -27.349111, 1e-6);
}

/// Cohorts that start apart, each with its own effect: the whole is their mean, weighted by treated units times periods.
#[test]
fn staggered_starts() {
    let mut panel = california();
    let controls = panel.controls();
    panel.adoption = vec![None; panel.units.len()];
    for (unit, start, effect) in [(controls[2], 15, 10.0), (controls[9], 15, 10.0), (controls[20], 24, -6.0)] {
        panel.adoption[unit] = Some(start);
        for t in start..31 {
            panel.outcome[(unit, t)] += effect;
        }
    }
    let found = sdid(&panel).unwrap();
    assert_eq!(found.cohorts.iter().map(|c| (c.start, c.units.len())).collect::<Vec<_>>(), [(15, 2), (24, 1)]);
    let (a, b) = (found.cohorts[0].att, found.cohorts[1].att);
    close(found.att, (32.0 * a + 7.0 * b) / 39.0, 1e-9);
    // the effects are added to what the same design finds without them
    let mut nothing = panel.clone();
    for (unit, start, effect) in [(controls[2], 15, 10.0), (controls[9], 15, 10.0), (controls[20], 24, -6.0)] {
        (start..31).for_each(|t| nothing.outcome[(unit, t)] -= effect);
    }
    let before = sdid(&nothing).unwrap();
    close(a - before.cohorts[0].att, 10.0, 0.02);
    close(b - before.cohorts[1].att, -6.0, 0.02);
    let placebos = placebos(&panel);
    assert_eq!(placebos.len(), panel.controls().len());
    assert!(placebos.iter().all(|p| p.cohorts.len() == 2 && p.weights.len() == panel.controls().len() - 3));
}
