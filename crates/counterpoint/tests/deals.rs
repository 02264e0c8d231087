//! Laws of what deals are credited with, and of forecasts for people never worked with.

mod common;

use common::{creators_spec, dataset, project, roster};
use counterpoint::creators::fair::FairFee;
use counterpoint::data::Dataset;
use counterpoint::data::roster::{Account, Candidate, Deal, DealKind, Format};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{Attribution, Interval, People, people};
use counterpoint::model::forecast::{Forecast, Told, forecast};
use counterpoint::model::posterior::Posterior;
use counterpoint::project::*;
use counterpoint_infer::nuts::{ChainDraws, chain_rng};
use counterpoint_infer::sample::standard_normal;
use jiff::ToSpan;
use std::sync::Arc;

const DRAWS: usize = 40;

fn market() -> (Project, Dataset) {
    let mut project = project(ModelSpec { max_lag: Some(4), trend: TrendSpec::KnotsEvery(10), ..ModelSpec::default() });
    project.outcome.order_value = Some(2.0);
    project.creators = Some(creators_spec());
    let mut data = dataset(2, 26, 2, false);
    let mut roster = roster(&data);
    // Posts before the data would be nobody's.
    let first = data.dates[0].at(0, 0, 0, 0);
    roster.posts.retain(|p| p.at >= first);
    data.roster = Some(roster);
    (project, data)
}

/// Draws around the middle of the priors, where `hold` parameters do not move: laws hold on every draw, whatever made it.
fn draws(model: &Model, hold: &[&str]) -> Vec<ChainDraws> {
    let (start, mut rng) = (Posterior::start(model), chain_rng(5, 0));
    let coordinate = |name: &&str| model.parameters.iter().find(|p| p.name == **name).and_then(|p| p.coordinate);
    let held: Vec<usize> = hold.iter().filter_map(coordinate).collect();
    assert_eq!(held.len(), hold.len());
    let mut one = || -> Vec<f64> {
        let moved = start.iter().map(|x| x + 0.3 * standard_normal(&mut rng));
        moved.enumerate().map(|(i, x)| if held.contains(&i) { start[i] } else { x }).collect()
    };
    let positions = (0..DRAWS).flat_map(|_| one()).collect();
    let dim = model.parameters.sampled();
    vec![ChainDraws::at(dim, positions)]
}

/// What is found with these deals.
fn with_deals(deals: Vec<Deal>) -> People {
    found(deals, |_| true)
}

/// The same with the posts of some accounts only.
fn found(deals: Vec<Deal>, keep: fn(usize) -> bool) -> People {
    let (project, mut data) = market();
    if let Some(roster) = &mut data.roster {
        roster.deals = deals;
        roster.posts.retain(|p| keep(p.account));
    }
    let model = Arc::new(Model::new(&project, &data));
    people(&model, &project, &data, &draws(&model, &[]), 2)
}

fn flat(name: &str, creator: usize, fee: f64) -> Deal {
    Deal { creator, fee: Some(fee), ..Deal::of(name, DealKind::Flat) }
}

fn close(a: f64, b: f64, label: &str) {
    assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs())), "{label}: {a} {b}");
}

#[test]
fn a_deal_on_all_posts_is_credited_with_all_that_the_creator_brought() {
    let found = with_deals(vec![flat("all", 0, 100.0)]);
    let (deal, creator) = (&found.deals[0], &found.creators[0]);
    assert_eq!((deal.attribution, deal.shared_posts, deal.creator.as_str()), (Attribution::Posts, 0, "creator 0"));
    close(deal.incremental.mean, creator.incremental.mean, "mean");
    close(deal.incremental.q95, creator.incremental.q95, "quantile");
    close(deal.cost.total(), creator.spend, "cost");
    close(deal.roi.unwrap().q50, creator.roi.unwrap().q50, "return");
}

#[test]
fn deals_one_after_the_other_add_up_to_the_creator() {
    let (_, data) = market();
    let middle = data.dates[12];
    let early = Deal { ends: Some(middle.saturating_sub(1.day())), ..flat("early", 1, 50.0) };
    let late = Deal { starts: Some(middle), ..flat("late", 1, 80.0) };
    let found = with_deals(vec![early, late]);
    let parts: f64 = found.deals.iter().map(|d| d.incremental.mean).sum();
    close(parts, found.creators[1].incremental.mean, "parts");
    assert!(found.deals.iter().all(|d| d.incremental.mean > 0.0 && d.posts > 0));
}

#[test]
fn deals_over_the_same_posts_have_one_return() {
    let found = with_deals(vec![flat("fee", 0, 100.0), flat("extra", 0, 25.0)]);
    let [fee, extra] = &found.deals[..] else { panic!("two deals") };
    assert_eq!((fee.shared_posts, extra.shared_posts), (fee.posts, fee.posts));
    close(fee.incremental.mean, 4.0 * extra.incremental.mean, "as their costs are");
    close(fee.roi.unwrap().mean, extra.roi.unwrap().mean, "one return");
    close(fee.incremental.mean + extra.incremental.mean, found.creators[0].incremental.mean, "together all");
    // Paid at their fair fees, both together cost what one deal might. (What is paid in all enters the prior, so it stays.)
    let alone = with_deals(vec![flat("fee", 0, 125.0)]);
    let fair = |d: &counterpoint::model::estimate::DealEstimate| match d.fair {
        Some(FairFee::UpTo(x)) => x,
        other => panic!("{other:?}"),
    };
    close(fair(fee) + fair(extra), fair(&alone.deals[0]), "fair fees");
}

#[test]
fn a_shared_post_is_split_by_what_each_deal_costs_a_post() {
    let (_, data) = market();
    let middle = data.dates[6];
    // Creator 0 posts on one platform only. The shorter deal covers some of the longer one's posts.
    let run = |short: f64, long: f64| {
        let early = Deal { ends: Some(middle), ..flat("early", 0, short) };
        found(vec![early, flat("all", 0, long)], |account| account != 3)
    };
    let one = run(30.0, 10.0);
    let [early, all] = &one.deals[..] else { panic!("two deals") };
    assert!(early.posts > 0 && early.posts < all.posts && all.shared_posts == early.posts);
    close(early.incremental.mean + all.incremental.mean, one.creators[0].incremental.mean, "together all");
    // The same money otherwise spread, since what is paid in all enters the prior: 30, 10 a post against 20 and what is left.
    let left = 10.0 + 10.0 * early.posts as f64 / all.posts as f64;
    let two = run(20.0, left);
    close(one.creators[0].spend, two.creators[0].spend, "spend");
    let share = early.incremental.mean / two.deals[0].incremental.mean;
    close(share, (30.0 / 40.0) / (20.0 / (20.0 + left)), "shares");
}

#[test]
fn a_deal_without_posts_is_credited_with_the_days_of_its_term() {
    let (_, data) = market();
    // No post of creator 1 is under the commission: its term is made of days without a post.
    let last =
        data.roster.as_ref().unwrap().posts.iter().filter(|p| p.account % 3 == 1).map(|p| p.at.date()).max().unwrap();
    let after = Deal {
        creator: 1,
        rate: Some(0.1),
        starts: Some(last.saturating_add(1.day())),
        ..Deal::of("after", DealKind::Commission)
    };
    let found = with_deals(vec![after.clone()]);
    let deal = &found.deals[0];
    assert_eq!((deal.attribution, deal.posts), (Attribution::Period, 0));
    assert!(deal.incremental.mean > 0.0 && deal.incremental.mean < found.creators[1].incremental.mean);
    // A deal that covers the posts takes it all: nothing is left to the days.
    let found = with_deals(vec![after, flat("posts", 1, 10.0)]);
    assert_eq!(found.deals[0].incremental.mean, 0.0);
    close(found.deals[1].incremental.mean, found.creators[1].incremental.mean, "all");
}

#[test]
fn returns_follow_from_what_was_brought_and_paid() {
    let (mut project, data) = market();
    project.outcome.margin = Some(0.5);
    let model = Arc::new(Model::new(&project, &data));
    let found = people(&model, &project, &data, &draws(&model, &[]), 1);
    let hybrid = &found.deals[1];
    assert_eq!(hybrid.kind, DealKind::Hybrid);
    close(hybrid.margin_roi.unwrap().mean, 0.5 * hybrid.roi.unwrap().mean, "margin");
    let product = hybrid.cost_per_order.unwrap().q50 * hybrid.roi.unwrap().q50;
    assert!((product - 2.0).abs() < 1e-3, "an order is worth 2: {product}");
    let wasted = found.deals[0].commission_not_incremental;
    assert!(wasted.is_some_and(|x| x.mean == 0.0), "no commission, none wasted: {wasted:?}");
    // Creator 1 has no code.
    assert_eq!(hybrid.commission_not_incremental, None);
    // Without a value in money there is nothing to pay back.
    project.outcome.kind = OutcomeKind::Count(UnitValue::Unknown);
    let model = Arc::new(Model::new(&project, &data));
    let found = people(&model, &project, &data, &draws(&model, &[]), 1);
    assert!(found.deals.iter().all(|d| d.fair.is_none() && d.pays.is_none()));
    assert!(found.creators.iter().all(|c| c.prob_roi_above_1.is_none()));
}

fn candidate(name: &str, platform: &str, followers: f64) -> Candidate {
    Candidate {
        name: name.into(),
        platform: platform.into(),
        account: Account {
            creator: 0,
            platform: 0,
            followers: Some(followers),
            engagement_rate: Some(0.025),
            fake_share: Some(0.1),
            niche_fit: None,
            earlier: Some(0.0),
            audience: None,
            segments: Vec::new(),
        },
        niche: None,
        format: Some(Format::Feed),
        posts: 2,
        expected_views: None,
        deal: None,
    }
}

fn forecasts(candidates: &[Candidate], hold: &[&str], threads: usize) -> Vec<Forecast> {
    let (project, data) = market();
    let model = Arc::new(Model::new(&project, &data));
    forecast(&model, &project, &data, &draws(&model, hold), candidates, threads)
}

fn told(f: &Forecast) -> &Told {
    f.told.as_ref().expect("a known platform")
}

#[test]
fn twice_the_followers_change_the_effect_of_a_view_by_the_slope() {
    // So few views that nothing saturates; the same views, as stated.
    let stated = |followers| Candidate { expected_views: Some(2.0), ..candidate("ada", "photos", followers) };
    let slope = "creator_slope[followers]";
    let found = forecasts(&[stated(3e4), stated(6e4)], &[slope], 2);
    let (one, two) = (told(&found[0]), told(&found[1]));
    assert_eq!(one.views, two.views);
    // The prior's middle is -0.25.
    let factor = 2f64.powf(-0.25);
    for (a, b) in [(one.incremental.q05, two.incremental.q05), (one.incremental.mean, two.incremental.mean)] {
        assert!((b / a / factor - 1.0).abs() < 1e-3, "{a} {b} {factor}");
    }
    // Without stated views, more followers bring more views.
    let found = forecasts(&[candidate("ada", "photos", 3e4), candidate("ada", "photos", 6e4)], &[slope], 2);
    assert!(told(&found[1]).views.q50 > told(&found[0]).views.q50);
}

#[test]
fn a_forecast_does_not_depend_on_others_or_on_threads() {
    let both = forecasts(&[candidate("ada", "photos", 3e4), candidate("bob", "clips", 9e4)], &[], 2);
    let alone = forecasts(&[candidate("bob", "CLIPS ", 9e4)], &[], 1);
    assert_eq!(told(&both[1]), told(&alone[0]));
}

#[test]
fn what_one_adds_is_less_than_ones_part_and_nothing_is_told_of_an_unknown_platform() {
    let found = forecasts(&[candidate("ada", "photos", 3e4), candidate("eve", "radio", 3e4)], &[], 2);
    let ada = told(&found[0]);
    assert!(ada.incremental.q50 < ada.part.q50 && ada.incremental.q05 > 0.0, "{ada:?}");
    assert!(found[1].told.is_none());
}

#[test]
fn forecasts_are_wider_where_less_is_known() {
    let width = |x: &Interval| (x.q95 / x.q05).ln();
    let stated = |platform| Candidate { expected_views: Some(1000.0), ..candidate("ada", platform, 3e4) };
    let unknown = |mut c: Candidate| {
        (c.account.engagement_rate, c.account.fake_share) = (None, None);
        c
    };
    let found = forecasts(&[stated("photos"), stated("blog"), unknown(stated("photos"))], &[], 2);
    // Three creators against a lone one, whose spread is the prior's.
    let [photos, blog, less] = [0, 1, 2].map(|i| told(&found[i]));
    assert!(photos.basis.spread_learned && !blog.basis.spread_learned);
    assert_eq!((photos.basis.creators, blog.basis.creators), (3, 1));
    assert!(width(&blog.incremental) > width(&photos.incremental), "{blog:?} {photos:?}");
    assert_eq!((photos.borrowed.len(), &less.borrowed[..]), (0, &["engagement", "authenticity"][..]));
    // Stated views scatter less than those learned from followers.
    let learned = forecasts(&[candidate("ada", "photos", 3e4)], &[], 2);
    assert!(width(&told(&learned[0]).views) > width(&photos.views));
}

#[test]
fn what_is_asked_for_decides_cost_return_and_chance() {
    let asks = |deal: Option<Deal>| Candidate { deal, ..candidate("ada", "photos", 3e4) };
    let flat = |fee| asks(Some(Deal { fee: Some(fee), posts: Some(2.0), ..Deal::of("ada", DealKind::Flat) }));
    let cpm = asks(Some(Deal { cpm: Some(10.0), ..Deal::of("ada", DealKind::Cpm) }));
    let commission = asks(Some(Deal { rate: Some(0.1), ..Deal::of("ada", DealKind::Commission) }));
    let gift = asks(Some(Deal {
        product_cost: Some(5.0),
        posts: Some(2.0),
        post_probability: Some(0.5),
        ..Deal::of("ada", DealKind::Gifting)
    }));
    let found = forecasts(&[flat(10.0), flat(20.0), cpm, commission, gift, asks(None)], &[], 2);
    let [cheap, dear, cpm, commission, gift, open] = [0, 1, 2, 3, 4, 5].map(|i| told(&found[i]));
    close(cheap.cost.unwrap().mean, 20.0, "two posts");
    close(cheap.roi.unwrap().q50, 2.0 * dear.roi.unwrap().q50, "half the price");
    assert!(cheap.pays >= dear.pays);
    assert_eq!(cheap.fair, open.fair, "a fee a post, whatever is asked");
    assert_eq!((open.cost, open.roi, open.pays), (None, None, None));
    close(cpm.cost.unwrap().mean, cpm.views.mean / 100.0, "10 a thousand");
    // At the fair fee, the chance is the level; a little above, below it.
    let FairFee::UpTo(fee) = cheap.fair.unwrap() else { panic!("{:?}", cheap.fair) };
    let again = forecasts(&[flat(fee * (1.0 - 1e-9)), flat(fee * 1.001)], &[], 2);
    assert!(told(&again[0]).pays.unwrap() >= 0.8 && told(&again[1]).pays.unwrap() < 0.8 + 1e-3);
    // Codes see a part of the candidate's own part, and leak: a tenth of that is owed.
    assert!(commission.cost.unwrap().mean > 0.0 && commission.cost.unwrap().q05 > 0.0);
    // Two gifts are paid; half of them bring a post.
    close(gift.cost.unwrap().mean, 10.0, "gifts");
    assert!((gift.views.mean / open.views.mean - 0.5).abs() < 0.1, "{} {}", gift.views.mean, open.views.mean);
}
