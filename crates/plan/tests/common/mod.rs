//! A small market with draws from the priors: every shape of curve that the model allows, and no fit to wait for.

use counterpoint::data::roster::{Candidate, Offer};
use counterpoint::data::{Dataset, assemble};
use counterpoint::model::build::Model;
use counterpoint::project::Project;
use counterpoint::project::plan::PlanSpec;
use counterpoint::simulate::{ChannelSpec, PlatformSpec, RosterSpec, SimulationSpec, simulate};
use counterpoint_infer::nuts::{ChainDraws, chain_rng};
use counterpoint_plan::ground::Ground;
use jiff::ToSpan;
use std::sync::Arc;

pub(crate) struct Market {
    pub(crate) project: Project,
    pub(crate) data: Dataset,
}

/// A market of `channels` channels and a few creators on two platforms, of whom some share people more than others.
pub(crate) fn market(channels: usize, geos: usize) -> Market {
    let platform = |name: &str| PlatformSpec { name: Some(name.to_owned()), ..PlatformSpec::default() };
    let spec = SimulationSpec {
        seed: 11,
        geos,
        periods: 60,
        baseline: 0.02,
        margin: Some(0.5),
        channel: vec![ChannelSpec::default(); channels],
        creators: Some(RosterSpec {
            count: 6,
            audience_kinds: 2,
            platform: vec![platform("instagram"), platform("tiktok")],
            ..RosterSpec::default()
        }),
        ..SimulationSpec::default()
    };
    let market = simulate(&spec).unwrap();
    let data = assemble(&market.project, &market.tables).0.unwrap();
    let audiences = data.roster.iter().flat_map(|r| &r.audiences).flatten();
    assert!(audiences.count() > 0, "an audience in segments");
    Market { project: market.project, data }
}

/// Draws from the priors, in the model's coordinates.
pub(crate) fn draws(model: &Model, count: usize) -> Vec<ChainDraws> {
    let mut rng = chain_rng(3, 99);
    let positions = (0..count)
        .flat_map(|_| {
            let values: Vec<f64> = model.parameters.iter().map(|p| p.prior.draw(&mut rng)).collect();
            model.parameters.position(&values)
        })
        .collect();
    vec![ChainDraws::at(model.parameters.sampled(), positions)]
}

/// A plan of so many weeks after the data.
pub(crate) fn weeks(market: &Market, count: i64) -> PlanSpec {
    let after = market.data.dates[market.data.n_periods() - 1].saturating_add(7.days());
    PlanSpec { starts: Some(after), ends: Some(after.saturating_add((7 * count - 1).days())), ..PlanSpec::default() }
}

/// Flat offers by the roster's accounts, in turn: a fee a post, and fewest and most posts.
pub(crate) fn offers(market: &Market, terms: &[(f64, (usize, usize))]) -> Vec<Offer> {
    let roster = market.data.roster.as_ref().unwrap();
    terms
        .iter()
        .enumerate()
        .map(|(i, &(fee, posts))| {
            let a = i % roster.accounts.len();
            let account = roster.accounts[a].clone();
            let who = Candidate {
                name: roster.creators[account.creator].name.clone(),
                platform: roster.platforms[account.platform].clone(),
                account,
                niche: None,
                format: None,
                posts: posts.1,
                expected_views: None,
                deal: None,
            };
            Offer::flat(&format!("offer {i}"), who, Some(a), fee, posts)
        })
        .collect()
}

pub(crate) fn ground(market: &Market, spec: &PlanSpec, offers: &[Offer], count: usize) -> Ground {
    let model = Arc::new(Model::new(&market.project, &market.data));
    let chains = draws(&model, count);
    Ground::new(&model, &market.project, &market.data, &chains, spec, offers, 2).unwrap()
}
