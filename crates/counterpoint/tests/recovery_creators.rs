//! Creators of simulated markets are found: their order, their totals, their platforms, and the channels beside them.
//!
//! `COUNTERPOINT_SLOW=1` runs the markets that the bars are meant for, in place of one small one.
#![allow(clippy::disallowed_methods)]

use counterpoint::creators::kernel::learn;
use counterpoint::data::{Dataset, assemble};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{Interval, estimate};
use counterpoint::model::fit::fit;
use counterpoint::project::{Project, SamplerSpec};
use counterpoint::simulate::*;

/// What one fit found of one market.
#[derive(Default)]
struct Found {
    /// Rank correlations of creators' totals, one a market.
    ranks: Vec<f64>,
    /// Whether 90 % intervals hold the truth.
    channels: Vec<bool>,
    creators: Vec<bool>,
    capture: Vec<bool>,
    /// Relative errors of platforms' totals, with their sign, and of channels' totals, without.
    platforms: Vec<f64>,
    errors: Vec<f64>,
}

fn holds(interval: &Interval, truth: f64) -> bool {
    (interval.q05..=interval.q95).contains(&truth)
}

fn share(held: &[bool]) -> f64 {
    held.iter().filter(|h| **h).count() as f64 / held.len() as f64
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// Spearman's rank correlation.
fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let rank = |x: &[f64]| x.iter().map(|v| x.iter().filter(|w| *w < v).count() as f64).collect::<Vec<_>>();
    let (a, b, n) = (rank(a), rank(b), a.len() as f64);
    1.0 - 6.0 * a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum::<f64>() / (n * (n * n - 1.0))
}

fn take(found: &mut Found, market: &Simulation, (project, data): (&Project, &Dataset), sampler: &SamplerSpec) {
    let (model, chains) = fit(Model::new(project, data), sampler, 2).unwrap();
    let estimates = estimate(&model, project, &chains, None, 2);
    let truth = market.truth.creators.as_ref().unwrap();
    for driver in &estimates.drivers {
        if let Some(t) = market.truth.drivers.iter().find(|t| t.name == driver.name) {
            found.channels.push(holds(&driver.incremental, t.contribution));
            found.errors.push((driver.incremental.mean / t.contribution - 1.0).abs());
        }
        if let Some(t) = truth.platforms.iter().find(|t| driver.platform.as_ref() == Some(&t.name)) {
            found.platforms.push(driver.incremental.mean / t.contribution - 1.0);
        }
    }
    let pairs = estimates.creators.iter().zip(&truth.creators);
    for (creator, t) in pairs.clone() {
        assert_eq!(creator.name, t.name);
        found.creators.push(holds(&creator.incremental, t.contribution));
        if let (Some(interval), Some(t)) = (&creator.capture, t.capture) {
            found.capture.push(holds(interval, t));
        }
    }
    if !estimates.creators.is_empty() {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.map(|(c, t)| (c.incremental.mean, t.contribution)).unzip();
        found.ranks.push(spearman(&a, &b));
    }
}

fn spec(seed: u64, slow: bool) -> SimulationSpec {
    let (count, geos, periods) = if slow { (20, 4, 104) } else { (8, 2, 78) };
    SimulationSpec {
        seed,
        geos,
        periods,
        baseline: 0.02,
        channel: vec![ChannelSpec::default(); if slow { 4 } else { 2 }],
        creators: Some(RosterSpec { count, ..RosterSpec::default() }),
        ..SimulationSpec::default()
    }
}

#[test]
fn creators_are_found_with_codes_and_without() {
    let slow = std::env::var("COUNTERPOINT_SLOW").is_ok_and(|v| v == "1");
    let sampler = |n| SamplerSpec { chains: 2, warmup: n, draws: n, ..SamplerSpec::default() };
    let sampler = sampler(if slow { 500 } else { 200 });
    let (mut with, mut blind, mut bare) = (Found::default(), Found::default(), Found::default());
    let mut decays = Vec::new();
    for seed in 1..=if slow { 6 } else { 1 } {
        let market = simulate(&spec(seed, slow)).unwrap();
        let data = assemble(&market.project, &market.tables).0.unwrap();
        let roster = data.roster.as_ref().unwrap();
        for learned in learn(roster) {
            let name = &roster.platforms[learned.platform];
            let truth = market.truth.creators.as_ref().unwrap().platforms.iter().find(|p| p.name == *name).unwrap();
            decays.push((learned.omega.q05..=learned.omega.q95).contains(&truth.omega));
            decays.push((learned.u0.q05..=learned.u0.q95).contains(&truth.u0));
        }
        take(&mut with, &market, (&market.project, &data), &sampler);
        if slow {
            let mut quiet = data.clone();
            quiet.roster.as_mut().unwrap().tracked.clear();
            take(&mut blind, &market, (&market.project, &quiet), &sampler);
            let project = Project { creators: None, ..market.project.clone() };
            take(&mut bare, &market, (&project, &Dataset { roster: None, ..data }), &sampler);
        }
    }
    let told = format!(
        "with codes: ranks {:?}, channels {:.2}, creators {:.2}, capture {:.2}, platforms {:?}; decay {:.2}",
        with.ranks,
        share(&with.channels),
        share(&with.creators),
        share(&with.capture),
        with.platforms,
        share(&decays)
    );
    if !slow {
        assert!(mean(&with.ranks) >= 0.7 && share(&with.creators) >= 0.6, "{told}");
        return;
    }
    assert!(mean(&with.ranks) >= 0.9 && mean(&blind.ranks) >= 0.8, "{told}; without codes {:?}", blind.ranks);
    assert!(share(&with.channels) >= 0.8 && share(&with.creators) >= 0.8, "{told}");
    assert!(share(&blind.creators) >= 0.8, "{told}; without codes {:.2}", share(&blind.creators));
    assert!(mean(&with.platforms).abs() <= 0.2, "{told}");
    assert!(share(&with.capture) >= 0.8 && share(&decays) >= 0.75, "{told}");
    // Leaving creators out makes no channel clearer.
    assert!(mean(&with.errors) <= 1.25 * mean(&bare.errors), "{} against {}", mean(&with.errors), mean(&bare.errors));
}

#[test]
fn decay_is_learned_from_counts_of_views() {
    let (mut held, mut all) = (0, 0);
    for seed in 1..=30 {
        let market = simulate(&spec(seed, false)).unwrap();
        let roster = assemble(&market.project, &market.tables).0.unwrap().roster.unwrap();
        let truth = market.truth.creators.unwrap();
        for learned in learn(&roster) {
            let name = &roster.platforms[learned.platform];
            let own = truth.platforms.iter().find(|p| p.name == *name).unwrap();
            held += usize::from((learned.omega.q05..=learned.omega.q95).contains(&own.omega));
            held += usize::from((learned.u0.q05..=learned.u0.q95).contains(&own.u0));
            all += 2;
        }
    }
    assert!(all > 100 && held as f64 >= 0.85 * f64::from(all), "{held} of {all}");
}
