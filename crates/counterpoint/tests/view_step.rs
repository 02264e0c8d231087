//! A platform that changes what a view is: a jump of the count is a step that is learned, not a jump of dose.

mod common;

use common::{creators_spec, dataset, project, redefine, roster};
use counterpoint::creators::attention::{share_before, views};
use counterpoint::data::experiment::{Experiment, Tested};
use counterpoint::data::roster::{Account, Candidate, Format, Post, Redefined};
use counterpoint::data::{Dataset, assemble};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{Interval, estimate, people};
use counterpoint::model::fit::fit;
use counterpoint::model::forecast::{forecast, posts};
use counterpoint::model::posterior::Posterior;
use counterpoint::project::*;
use counterpoint::simulate::{ChannelSpec, RosterSpec, SimulationSpec, simulate};
use counterpoint_infer::log_density::LogDensity;
use counterpoint_infer::nuts::{ChainDraws, chain_rng};
use counterpoint_infer::sample::standard_normal;
use jiff::ToSpan;
use std::sync::Arc;

/// New over old count of the same attention.
const FACTOR: f64 = 1.5;

fn close(a: f64, b: f64, label: &str) {
    assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs())), "{label}: {a} {b}");
}

/// Stories, so that a post's views are of one day: none on the day before a platform's change.
fn market() -> (Project, Dataset) {
    let model = ModelSpec { prior: EffectKind::Contribution, max_lag: Some(4), ..ModelSpec::default() };
    let mut project = project(model);
    project.outcome.order_value = Some(2.0);
    project.creators = Some(creators_spec());
    let mut data = dataset(2, 26, 2, false);
    let mut people = roster(&data);
    let on = data.dates[10] + 3.days();
    people.posts.retain(|p| p.at.date() != on - 1.day());
    for post in &mut people.posts {
        post.snapshots.clear();
        post.boosted = 0.0;
        post.format = Format::Story;
    }
    people.redefined = Vec::new();
    data.roster = Some(people);
    let test = |name: &str, window: std::ops::Range<i64>, change| Experiment {
        name: name.into(),
        tested: vec![Tested::Platform(0)],
        geos: vec![0],
        window,
        cooldown: 2,
        change,
        usual: Usual::Before,
        lift: 120.0,
        se: 90.0,
        years_outside: 0.0,
    };
    data.experiments = vec![
        test("across", 9..13, Change::Times(2.0)),
        test("before", 5..8, Change::Off),
        test("after the data", 40..44, Change::Off),
    ];
    (project, data)
}

/// The same with every view of the first platform from the change on counted as [`FACTOR`].
fn counted_anew(data: &Dataset) -> Dataset {
    let mut data = data.clone();
    let change = Redefined { platform: 0, format: None, on: data.dates[10] + 3.days() };
    if let Some(roster) = &mut data.roster {
        roster.redefined = vec![change];
        let anew: Vec<bool> =
            roster.posts.iter().map(|p| change.is_about(roster, p) && p.at.date() >= change.on).collect();
        assert!(anew.contains(&true));
        roster.posts.iter_mut().zip(anew).filter(|p| p.1).for_each(|(p, _)| p.views *= FACTOR);
    }
    data
}

/// Values of the second model that say of its data what `values` say of the first one's.
fn translated(first: &Model, values: &[f64], second: &Model) -> Vec<f64> {
    let unit = |m: &Model| m.drivers.iter().find(|d| d.name == "photos").map_or(1.0, |d| d.unit[0]);
    let one = |p: &counterpoint::model::parameters::Parameter| {
        let same = first.parameters.iter().position(|q| q.name == p.name).map(|i| values[i]);
        match (p.name.as_str(), same) {
            ("view_step[photos]", None) => FACTOR.ln(),
            ("half_saturation[photos]", Some(x)) => x * FACTOR * unit(first) / unit(second),
            (_, Some(x)) => x,
            (name, None) => panic!("{name}"),
        }
    };
    second.parameters.iter().map(one).collect()
}

fn positions(model: &Model, count: usize) -> Vec<Vec<f64>> {
    let (start, mut rng) = (Posterior::start(model), chain_rng(5, 0));
    (0..count).map(|_| start.iter().map(|x| x + 0.3 * standard_normal(&mut rng)).collect()).collect()
}

fn chain(positions: &[Vec<f64>]) -> Vec<ChainDraws> {
    let (dim, positions, energies) = (positions[0].len(), positions.concat(), Vec::new());
    vec![ChainDraws { dim, positions, energies, divergences: 0, max_depth_hits: 0, gradients: 0, warmup_gradients: 0 }]
}

/// The market before and after its views are counted anew, with draws that say the same of both.
fn both() -> (Project, [(Dataset, Arc<Model>, Vec<Vec<f64>>); 2]) {
    let (project, data) = market();
    let anew = counted_anew(&data);
    let [first, second] = [&data, &anew].map(|d| Arc::new(Model::new(&project, d)));
    let old = positions(&first, 30);
    let new = old
        .iter()
        .map(|p| second.parameters.position(&translated(&first, &first.parameters.values(p), &second)))
        .collect();
    (project, [(data, first, old), (anew, second, new)])
}

#[test]
fn a_jump_of_the_count_with_its_step_is_no_jump_of_dose() {
    let (_, markets) = both();
    let likelihoods = markets.map(|(_, model, positions)| {
        let mut posterior = Posterior::new(model.clone());
        let mut gradient = vec![0.0; posterior.dim()];
        let one = |p: &Vec<f64>| {
            let prior = posterior.set(p);
            posterior.evaluate(p, &mut gradient) - prior
        };
        positions.iter().map(one).collect::<Vec<f64>>()
    });
    for (a, b) in likelihoods[0].iter().zip(&likelihoods[1]) {
        close(*a, *b, "log likelihood");
    }
}

#[test]
fn creators_and_deals_bring_what_they_brought() {
    let (project, markets) = both();
    let [a, b] = markets.map(|(data, model, draws)| people(&model, &project, &data, &chain(&draws), 2));
    assert!(!a.deals.is_empty());
    for (a, b) in a.creators.iter().zip(&b.creators) {
        close(a.incremental.mean, b.incremental.mean, &a.name);
        close(a.lost_without.mean, b.lost_without.mean, &a.name);
        close(a.per_view.mean, b.per_view.mean, &a.name);
    }
    for (a, b) in a.deals.iter().zip(&b.deals) {
        close(a.incremental.mean, b.incremental.mean, &a.name);
    }
}

#[test]
fn posts_to_come_are_told_in_the_new_count() {
    let (project, markets) = both();
    let who = |views: Option<f64>| Candidate {
        name: "ada".into(),
        platform: "photos".into(),
        account: Account {
            creator: 0,
            platform: 0,
            followers: Some(3e4),
            engagement_rate: Some(0.025),
            fake_share: Some(0.1),
            niche_fit: None,
            earlier: Some(0.0),
            audience: None,
        },
        niche: None,
        format: Some(Format::Story),
        posts: 2,
        expected_views: views,
        deal: None,
    };
    let mut factor = 1.0;
    let told = markets.map(|(data, model, draws)| {
        let people = [who(Some(1e4 * factor)), who(None)];
        factor = FACTOR;
        let found = forecast(&model, &project, &data, &chain(&draws), &people, 2);
        // The account of creator 0 there, by its own posts.
        let positions: Vec<&[f64]> = draws.iter().map(Vec::as_slice).collect();
        let own = posts(&model, &project, &data, &positions, &[(&who(None), Some(0))], 1);
        let own = own[0].as_ref().map(|p| p.draws.clone()).expect("a platform of the model");
        (found.into_iter().map(|f| f.told.expect("a platform of the model")).collect::<Vec<_>>(), own)
    });
    let [(a, own_a), (b, own_b)] = &told;
    // As many people, told in the new count: as many views as new ones, and the same effect.
    close(a[0].views.mean * FACTOR, b[0].views.mean, "views");
    close(a[0].incremental.mean, b[0].incremental.mean, "effect");
    // Views that are learned from the posts are learned in the new count; the prior of their level does not move with it.
    let ratio = b[1].views.q50 / a[1].views.q50;
    assert!((ratio / FACTOR).ln().abs() < 0.05, "{ratio}");
    for (a, b) in own_a.iter().zip(own_b) {
        assert!((b.views / a.views / FACTOR).ln().abs() < 0.05, "{} {}", a.views, b.views);
    }
}

#[test]
fn a_view_is_of_the_count_of_its_own_day() {
    let mut data = dataset(1, 26, 2, false);
    data.roster = Some(roster(&data));
    redefine(&mut data);
    let people = data.roster.as_ref().expect("a roster");
    let (lead, padded, on) = (4, 4 + data.n_periods(), people.redefined[0].on);
    let all = views(people, &data, lead);
    let period = lead + 10;
    let (mut cut, mut before_only, mut after_only) = (0, 0, 0);
    for (c, account) in people.accounts.iter().enumerate() {
        for t in 0..padded {
            let (x, old) = (all.all[c * padded + t], all.before[c * padded + t]);
            assert!((0.0..=x + 1e-9).contains(&old));
            match (account.platform, t.cmp(&period)) {
                (0, std::cmp::Ordering::Less) => {
                    close(x, old, "before");
                    before_only += usize::from(x > 0.0);
                }
                (_, std::cmp::Ordering::Greater) | (2, _) => {
                    assert_eq!(old, 0.0);
                    after_only += usize::from(x > 0.0);
                }
                _ => cut += usize::from(old > 0.0 && old < x),
            }
        }
    }
    assert!(cut > 0 && before_only > 0 && after_only > 0);
    // The feed posts of the second platform did not change.
    let shares = share_before(people);
    let kept = |p: &Post| people.accounts[p.account].platform == 1 && p.format == Format::Feed;
    assert!(people.posts.iter().zip(&shares).filter(|(p, _)| kept(p)).all(|(_, s)| *s == 0.0));
    let about = |p: &Post| people.accounts[p.account].platform == 0;
    for (post, share) in people.posts.iter().zip(&shares).filter(|(p, _)| about(p)) {
        assert!(if post.at.date() >= on { *share == 0.0 } else { *share > 0.0 && *share <= 1.0 }, "{share}");
    }
}

#[test]
fn a_step_of_a_simulated_market_is_found() {
    let spec = SimulationSpec {
        seed: 1,
        geos: 2,
        periods: 78,
        baseline: 0.02,
        channel: vec![ChannelSpec::default(); 2],
        creators: Some(RosterSpec { count: 8, ..RosterSpec::default() }),
        ..SimulationSpec::default()
    };
    let market = simulate(&spec).expect("a market");
    let mut data = assemble(&market.project, &market.tables).0.expect("data");
    let people = data.roster.as_mut().expect("a roster");
    let count = |p: usize| people.posts.iter().filter(|x| people.accounts[x.account].platform == p).count();
    let platform = (0..people.platforms.len()).max_by_key(|&p| count(p)).expect("a platform");
    let change = Redefined { platform, format: None, on: data.dates[39] };
    people.redefined = vec![change];
    let shares = share_before(people);
    let about: Vec<bool> = people.posts.iter().map(|p| change.is_about(people, p)).collect();
    for ((post, before), _) in people.posts.iter_mut().zip(&shares).zip(&about).filter(|p| *p.1) {
        let old = before * post.views;
        let anew = |x: f64| if x > old { old + FACTOR * (x - old) } else { x };
        post.views = anew(post.views);
        post.snapshots.iter_mut().for_each(|s| s.views = anew(s.views));
    }
    let name = people.platforms[platform].clone();
    let sampler = SamplerSpec { chains: 2, warmup: 200, draws: 200, ..SamplerSpec::default() };
    let (model, chains) = fit(Model::new(&market.project, &data), &sampler, 2).expect("fits");
    let estimates = estimate(&model, &market.project, &chains, None, 2);
    let slot = model.parameters.iter().position(|p| p.name == format!("view_step[{name}]")).expect("a step");
    let steps: Vec<f64> =
        chains.iter().flat_map(|c| c.positions.chunks_exact(c.dim).map(|p| model.parameters.values(p)[slot])).collect();
    let step = Interval::of(&steps);
    let driver = estimates.drivers.iter().find(|d| d.platform.as_ref() == Some(&name)).expect("the platform");
    let truth = market.truth.creators.as_ref().expect("creators").platforms.iter().find(|p| p.name == name);
    let truth = truth.expect("the platform").contribution;
    let told = format!("step {step:?}, {name} brought {:?}, truly {truth}", driver.incremental);
    println!("{told}");
    assert!((step.q05..=step.q95).contains(&FACTOR.ln()), "{told}");
    assert!((step.mean - FACTOR.ln()).abs() < 0.15 && step.q05 > 0.0, "{told}");
    assert!((driver.incremental.q05..=driver.incremental.q95).contains(&truth), "{told}");
}
