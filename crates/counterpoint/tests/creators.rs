//! Creators: parts that add up, laws of splitting and scaling, small rosters, and decay learned from snapshots.

mod common;

use common::{creators_spec, dataset, project, roster, segment};
use counterpoint::creators::attention::views;
use counterpoint::creators::kernel::{Kernel, learn};
use counterpoint::data::roster::{Format, Snapshot};
use counterpoint::data::{Dataset, DriverKind};
use counterpoint::model::build::Model;
use counterpoint::model::crowd::Crowd;
use counterpoint::model::estimate::{RowKind, estimate};
use counterpoint::model::fit::fit;
use counterpoint::model::platform::{Platform, PlatformSlots, PlatformWork};
use counterpoint::model::posterior::Posterior;
use counterpoint::model::response::{Order, Shape};
use counterpoint::project::*;
use counterpoint_infer::log_density::LogDensity;
use jiff::ToSpan;
use std::sync::Arc;

fn with_creators(geos: usize) -> (Project, Dataset) {
    let mut project = project(ModelSpec { max_lag: Some(4), trend: TrendSpec::KnotsEvery(10), ..ModelSpec::default() });
    project.sampler = SamplerSpec { chains: 2, warmup: 120, draws: 100, seed: 3, ..SamplerSpec::default() };
    project.outcome.order_value = Some(2.0);
    project.creators = Some(creators_spec());
    let mut data = dataset(geos, 26, 2, false);
    data.roster = Some(roster(&data));
    (project, data)
}

fn close(a: f64, b: f64, label: &str) {
    assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs())), "{label}: {a} {b}");
}

#[test]
fn parts_of_creators_add_up_to_their_platforms() {
    let (project, mut data) = with_creators(2);
    parts_add_up(&project, &data);
    segment(&mut data);
    parts_add_up(&project, &data);
}

fn parts_add_up(project: &Project, data: &Dataset) {
    let (model, chains) = fit(Model::new(project, data), &project.sampler, 2).expect("fits");
    let found = estimate(&model, project, &chains, None, 2);
    let platforms = || found.contributions.iter().filter(|c| c.kind == RowKind::Driver(DriverKind::Platform));
    let people = || found.contributions.iter().filter(|c| c.kind == RowKind::Creator);
    assert_eq!((platforms().count(), people().count()), (3, 3));
    for i in 0..model.y.len() {
        let sum = |rows: &mut dyn Iterator<Item = f64>| rows.sum::<f64>();
        let whole = sum(&mut platforms().map(|r| r.cells.mean[i]));
        close(sum(&mut people().map(|r| r.cells.mean[i])), whole, "cells");
    }
    let all: f64 = found.drivers.iter().filter(|d| d.kind == DriverKind::Platform).map(|d| d.incremental.mean).sum();
    close(found.creators.iter().map(|c| c.incremental.mean).sum(), all, "totals");
    for creator in &found.creators {
        assert!(creator.lost_without.q50 < creator.incremental.q95, "audiences overlap: {creator:?}");
        assert!((0.0..=1.0).contains(&creator.variance_removed));
    }
    let together = found.roster.expect("platforms");
    close(together.shares.iter().map(|s| s.mean).sum(), 1.0, "shares of platforms");
    assert!(together.herfindahl.q05 >= 1.0 / 3.0 - 1e-12 && together.herfindahl.q95 <= 1.0);
    // A window keeps the sum too.
    let window = Some((data.dates[5], data.dates[15]));
    let found = estimate(&model, project, &chains, window, 2);
    let all: f64 = found.drivers.iter().filter(|d| d.kind == DriverKind::Platform).map(|d| d.incremental.mean).sum();
    close(found.creators.iter().map(|c| c.incremental.mean).sum(), all, "totals of a window");
}

/// Densities of accounts in the segments of an audience, by turns.
const DENSITY: [[f64; 2]; 3] = [[1.6, 0.1], [0.2, 2.2], [1.0, 1.0]];

/// A platform of accounts with the given views and log weights, in two geos, its audience of one or of two segments.
fn platform(accounts: &[(Vec<f64>, f64)], segments: &[f64]) -> Platform {
    let density = |c: usize| if segments.len() == 1 { vec![1.0] } else { DENSITY[c % 3].to_vec() };
    let of_geo = |c: usize, share: f64| density(c).into_iter().map(move |d| share * d);
    Platform {
        segments: segments.to_vec(),
        name: "p".into(),
        accounts: (0..accounts.len()).collect(),
        views: accounts.iter().flat_map(|(v, _)| v.clone()).collect(),
        step: None,
        share: (0..accounts.len()).flat_map(|c| [0.6, 0.4].into_iter().flat_map(move |g| of_geo(c, g))).collect(),
        covariates: accounts.iter().map(|(_, h)| *h).collect(),
        crowd: Crowd::apart(&[], Vec::new()),
        slots: PlatformSlots { slopes: vec![0], deviations: None },
    }
}

/// Each account's incremental outcome over all geos and periods.
fn parts(accounts: &[(Vec<f64>, f64)], segments: &[f64]) -> Vec<f64> {
    parts_and_overlap(accounts, segments).0
}

/// The same, and how they overlap.
fn parts_and_overlap(accounts: &[(Vec<f64>, f64)], segments: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (platform, lead, periods, half) = (platform(accounts, segments), 2, 10, 0.8);
    let shape = Shape {
        adstock: AdstockKind::Geometric,
        saturation: SaturationKind::MichaelisMenten,
        order: Order::AdstockFirst,
        max_lag: lead,
        geos: 2,
        periods,
        segments: segments.to_vec(),
    };
    let mut work = PlatformWork::new(&platform, &shape);
    work.forward(&platform, &[1.0]);
    let kernel = [0.6, 0.3, 0.1];
    let padded = lead + periods;
    let x = &work.exposure.x;
    let f: Vec<f64> = (0..shape.rows() * periods)
        .map(|i| {
            let (row, t) = (i / periods, i % periods);
            let s: f64 = (0..3).map(|l| kernel[l] * x[row * padded + lead + t - l]).sum();
            s / (s + half)
        })
        .collect();
    work.split(&platform, &kernel, &f, &[1.5, 0.7], &[100.0, 50.0], half);
    let top = |row: usize| [150.0, 35.0][row / segments.len()] * segments[row % segments.len()];
    let whole: f64 = f.iter().enumerate().map(|(i, f)| f * top(i / periods)).sum();
    let parts: Vec<f64> = work.incremental.chunks(periods).map(|row| row.iter().sum()).collect();
    close(parts.iter().sum(), whole, "parts add up");
    (parts, work.overlap(&platform, &f, half))
}

#[test]
fn an_account_takes_from_the_others_by_their_overlap() {
    let views = |k: f64, at: f64| (0..12).map(|t| k * (1.0 + (t as f64 * 1.3 + at).sin())).collect::<Vec<_>>();
    let accounts = [(views(1.0, 0.0), 0.2), (views(0.4, 1.0), -0.5), (views(2.0, 2.5), 0.1)];
    let mut taken = Vec::new();
    for segments in [&[1.0][..], &[0.6, 0.4]] {
        let (_, overlap) = parts_and_overlap(&accounts, segments);
        let step = 1e-4;
        for b in 0..3 {
            let at = |h: f64| {
                let mut moved = accounts.clone();
                moved[b].1 += h;
                parts(&moved, segments)
            };
            let (up, down) = (at(step), at(-step));
            for c in 0..3 {
                let slope = (up[c] / down[c]).ln() / (2.0 * step);
                let want = f64::from(b == c) - overlap[c * 3 + b];
                assert!((slope - want).abs() < 1e-7, "{c} by {b}: {slope} {want}");
            }
        }
        assert!((0..3).all(|c| overlap[c * 3..(c + 1) * 3].iter().sum::<f64>() < 1.0));
        taken.push(overlap[1]);
    }
    // The first two hardly share people.
    assert!(taken[1] < 0.5 * taken[0], "{taken:?}");
}

#[test]
fn splitting_a_creator_changes_no_other_and_views_trade_against_weight() {
    let views = |k: f64| (0..12).map(|t| k * (1.0 + (t as f64 * 1.3).sin())).collect::<Vec<_>>();
    let other = || (views(0.4), -0.5);
    for segments in [&[1.0][..], &[0.6, 0.4]] {
        // The fourth has the audience of the first.
        let before = parts(&[(views(1.0), 0.2), other(), other(), (views(0.0), 0.2)], segments);
        let split = parts(&[(views(0.5), 0.2), other(), other(), (views(0.5), 0.2)], segments);
        close(split[0] + split[3], before[0], "both halves");
        close(split[1], before[1], "the other");
        let twice = (views(2.0), 0.2 - std::f64::consts::LN_2);
        let scaled = parts(&[twice, other(), other(), (views(0.0), 0.2)], segments);
        close(scaled[0], before[0], "twice the views at half the weight");
        close(scaled[1], before[1], "the other");
    }
}

#[test]
fn small_rosters_work() {
    let (project, data) = with_creators(2);
    let full = data.roster.clone().expect("a roster");
    let evaluate = |label: &str, change: &dyn Fn(&mut counterpoint::data::Roster)| {
        let mut data = data.clone();
        let mut roster = full.clone();
        change(&mut roster);
        data.roster = Some(roster);
        let model = Arc::new(Model::new(&project, &data));
        let mut posterior = Posterior::new(model.clone());
        let mut gradient = vec![0.0; posterior.dim()];
        let value = posterior.evaluate(&Posterior::start(&model), &mut gradient);
        assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{label}");
        model
    };
    evaluate("no tracked sales", &|r| r.tracked.clear());
    assert!(evaluate("no posts", &|r| r.posts.clear()).creators.is_empty());
    assert_eq!(evaluate("one account", &|r| r.posts.retain(|p| p.account == 2)).creators.len(), 1);
    evaluate("no deals", &|r| r.deals.clear());
    evaluate("nothing known of anybody", &|r| {
        for account in &mut r.accounts {
            (account.followers, account.engagement_rate, account.fake_share) = (None, None, None);
        }
    });
}

#[test]
fn views_are_kept_whole_and_snapshots_teach_the_decay() {
    let mut data = dataset(1, 60, 0, false);
    let mut roster = roster(&data);
    let truth = Kernel { omega: 1.35, u0: 0.3, horizon: 30.0 };
    roster.posts.retain(|p| p.at.date() >= data.dates[0]);
    for post in &mut roster.posts {
        post.format = Format::Feed;
        post.views = 1e6;
        post.snapshots = (1..12)
            .map(|hours| {
                let share = truth.share_until(f64::from(hours * hours) / 24.0);
                Snapshot { at: post.at + (hours * hours).hours(), views: (1e6 * share).round() }
            })
            .collect();
    }
    for kernel in learn(&roster).iter().filter(|k| k.is_learned()) {
        assert!((kernel.omega.mean - truth.omega).abs() < 0.02, "{kernel:?}");
        assert!((kernel.u0.mean / truth.u0 - 1.0).abs() < 0.05, "{kernel:?}");
        assert!((kernel.half_life.mean / truth.half_life() - 1.0).abs() < 0.02, "{kernel:?}");
    }
    let all: f64 = views(&roster, &data, 4).all.iter().sum();
    let posted: f64 = roster.posts.iter().map(|p| p.views + p.boosted).sum();
    close(all, posted, "every view falls in a period");
    // Days instead of weeks move no view out of the window either.
    data.cadence = counterpoint::data::calendar::Cadence::Daily;
    data.dates = (0..420).map(|t| data.dates[0].saturating_add((t as i64).days())).collect();
    close(views(&roster, &data, 56).all.iter().sum(), posted, "by day");
}
