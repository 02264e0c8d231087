//! Simulation-based calibration (Talts et al. 2018, arXiv 1804.06788): parameters drawn from the prior, data from the model, a fit;
//! the rank of each parameter among its posterior draws is uniform if density, gradient, sampler and prior agree.
//!
//! `COUNTERPOINT_SLOW=1` runs 300 replications in place of the few of an ordinary run.
#![allow(clippy::disallowed_methods)]

mod common;

use common::{creators_spec, driver_spec, project, roster};
use counterpoint::data::calendar::Cadence;
use counterpoint::data::experiment::{Experiment, Tested};
use counterpoint::data::roster::{Account, Audience, Creator, Deal, Post, Tracked};
use counterpoint::data::{Control, Dataset, Driver, DriverKind, Roster};
use counterpoint::model::build::{Model, OutcomeScale};
use counterpoint::model::fit::{fit, straighten};
use counterpoint::model::posterior::Posterior;
use counterpoint::model::prior::Prior;
use counterpoint::project::*;
use counterpoint::simulate::from_model_prior;
use counterpoint_infer::diagnose::ess_bulk;
use counterpoint_infer::draws::Chains;
use counterpoint_infer::log_density::LogDensity;
use counterpoint_infer::math::norm_quantile;
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use jiff::ToSpan;
use rand::RngExt;
use std::sync::Arc;

/// Draws that are kept of each fit; ranks run from 0 to this number.
const KEPT: usize = 63;
/// Fewest effective draws of any scalar; with fewer, the fit is run again four times as long.
const ENOUGH: f64 = 150.0;

/// One replication: for each scalar its true value and `KEPT` nearly independent posterior draws.
struct Replication {
    scalars: Vec<(f64, Vec<f64>)>,
}

/// What a check found: the scalars by name, and the standard score of each statistic.
struct Ranks {
    names: Vec<String>,
    /// By scalar, by replication.
    ranks: Vec<Vec<usize>>,
}

impl Ranks {
    fn of(names: &[String], all: &[Replication], change: impl Fn(f64, f64) -> f64) -> Ranks {
        let ranks = (0..names.len())
            .map(|i| {
                all.iter()
                    .map(|r| {
                        let (truth, draws) = &r.scalars[i];
                        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
                        draws.iter().filter(|d| change(**d, mean) < *truth).count()
                    })
                    .collect()
            })
            .collect();
        Ranks { names: names.to_vec(), ranks }
    }

    /// Everything that does not look uniform. Shift, width and shape of each scalar's ranks are held to a quantile of the standard
    /// normal of 1e-4 over the number of scalars, the width of all to 4.5 standard errors: a right posterior fails a whole
    /// check in fewer than one of 10^3 cases. Seeds are fixed, so a check that passes goes on passing.
    fn complaints(&self) -> Vec<String> {
        let limit = norm_quantile(1.0 - 1e-4 / self.names.len() as f64);
        let score = |rank: usize| norm_quantile((rank as f64 + 0.5) / (KEPT as f64 + 1.0));
        // Moments of the score under a uniform rank.
        let moment = |p: i32| (0..=KEPT).map(|r| score(r).powi(p)).sum::<f64>() / (KEPT as f64 + 1.0);
        let (second, fourth) = (moment(2), moment(4));
        let n = self.ranks[0].len() as f64;
        let mut out = Vec::new();
        for (name, ranks) in self.names.iter().zip(&self.ranks) {
            let shift = ranks.iter().map(|r| score(*r)).sum::<f64>() / (n * second).sqrt();
            if shift.abs() > limit {
                out.push(format!("{name}: shifted, {shift:.1} standard errors"));
            }
            let width = (ranks.iter().map(|r| score(*r).powi(2)).sum::<f64>() - n * second)
                / (n * (fourth - second * second)).sqrt();
            // A sum of squares leans to the right: Wilson and Hilferty's cube root is nearly normal, here with the
            // degrees of freedom that give the discrete score's variance.
            let df = 2.0 * n * second * second / (fourth - second * second);
            let ratio = 1.0 + width * (2.0 / df).sqrt();
            let normal = (ratio.cbrt() - (1.0 - 2.0 / (9.0 * df))) / (2.0 / (9.0 * df)).sqrt();
            if normal.abs() > limit {
                out.push(format!("{name}: posterior too narrow (+) or wide (-), {normal:.1} standard errors"));
            }
            let mut bins = [0.0; 8];
            ranks.iter().for_each(|r| bins[r * 8 / (KEPT + 1)] += 1.0);
            let chi: f64 = bins.iter().map(|b: &f64| (b - n / 8.0).powi(2) / (n / 8.0)).sum();
            let normal = ((chi / 7.0).cbrt() - (1.0 - 2.0 / 63.0)) / (2.0_f64 / 63.0).sqrt();
            if normal > limit {
                out.push(format!("{name}: ranks not uniform, chi-square {chi:.1} on 7 degrees of freedom"));
            }
        }
        // The same over all scalars at once: replications are independent, scalars within one are not.
        let pooled = |f: &dyn Fn(f64) -> f64| {
            let each: Vec<f64> = (0..n as usize)
                .map(|k| self.ranks.iter().map(|r| f(score(r[k]))).sum::<f64>() / self.names.len() as f64)
                .collect();
            let mean = each.iter().sum::<f64>() / n;
            let variance = each.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
            mean / (variance / n).sqrt()
        };
        let width = pooled(&|z| z * z - second);
        if width.abs() > 4.5 {
            out.push(format!("all scalars: posterior too narrow (+) or wide (-), {width:.1} standard errors"));
        }
        out
    }
}

fn replications(ordinary: usize) -> usize {
    if std::env::var("COUNTERPOINT_SLOW").is_ok_and(|v| v == "1") { 300 } else { ordinary }
}

/// Two channels and a control over smooth demand, with the outcome on a fixed scale.
fn case(geos: usize, periods: usize, model: ModelSpec, effect: EffectPrior) -> (Project, Dataset) {
    let mut project = project(model);
    project.drivers.clear();
    for name in ["search", "video"] {
        let source = DriverSource::Channel { spend: name.into(), exposure: None, role: Role::Creation };
        project.drivers.push(DriverSpec { prior: Some(effect.clone()), ..driver_spec(name, source) });
    }
    let mut rng = chain_rng(11, 0);
    let cells = geos * periods;
    let mut series = |on: usize| -> Vec<f64> {
        (0..cells)
            .map(|i| if (i / on) % 3 == 2 { 0.0 } else { 100.0 * (0.5 * standard_normal(&mut rng)).exp() })
            .collect()
    };
    let channels = [("search", series(7)), ("video", series(4))];
    let driver = |(name, x): (&str, Vec<f64>)| Driver {
        name: name.into(),
        kind: DriverKind::Channel,
        frequency: None,
        spend: Some(x.clone()),
        exposure: x,
    };
    let start = jiff::civil::date(2023, 1, 2);
    let data = Dataset {
        geos: (0..geos).map(|g| format!("Geo{g}")).collect(),
        dates: (0..periods).map(|t| start.saturating_add((7 * t as i64).days())).collect(),
        cadence: Cadence::Weekly,
        history: 0,
        outcome: (0..cells).map(|i| 1000.0 + 100.0 * if i % 2 == 0 { 1.0 } else { -1.0 }).collect(),
        unit_value: vec![1.0; cells],
        population: vec![1.0; geos],
        drivers: channels.map(driver).into(),
        controls: vec![Control {
            name: "price".into(),
            values: (0..cells).map(|_| standard_normal(&mut rng)).collect(),
        }],
        holidays: vec![],
        roster: None,
        experiments: Vec::new(),
    };
    (project, data)
}

/// A case with a platform of four creators in place of a channel: three with codes, paid a fee a post.
fn creators_case(geos: usize, effect: EffectPrior) -> (Project, Dataset) {
    let (mut project, mut data) = case(geos, 60, spec(ModelPriors::default()), effect.clone());
    project.drivers.truncate(1);
    data.drivers.truncate(1);
    project.model.priors.roi = Some(effect.prior);
    project.outcome.order_value = Some(10.0);
    project.creators = Some(CreatorsSpec { deals: Some("deals.csv".into()), ..creators_spec() });
    let mut rng = chain_rng(12, 0);
    let full = roster(&data);
    let account = |c: usize| Account {
        creator: c,
        platform: 0,
        followers: Some(1e4 * (1 + c) as f64),
        engagement_rate: None,
        fake_share: None,
        audience: None,
        segments: Vec::new(),
        ..full.accounts[0].clone()
    };
    let post = |n: usize| {
        let day = (420.0 * rng.random::<f64>()) as i64;
        let at = data.dates[0].at(12, 30, 0, 0) + day.days();
        let views = 1e4 * (0.5 * standard_normal(&mut rng)).exp();
        Post {
            name: format!("post {n:02}"),
            account: n % 4,
            at,
            views,
            boosted: 0.0,
            snapshots: vec![],
            ..full.posts[0].clone()
        }
    };
    let deal = |c: usize| Deal {
        creator: c,
        name: format!("deal {c}"),
        rate: None,
        fee: Some(100.0),
        ..full.deals[0].clone()
    };
    let tracked = |c: usize| Tracked {
        creator: c,
        orders: vec![0.0; data.n_periods()],
        revenue: vec![0.0; data.n_periods()],
        refunds: vec![0.0; data.n_periods()],
    };
    let mut posts: Vec<Post> = (0..40).map(post).collect();
    posts.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    data.roster = Some(Roster {
        platforms: vec!["clips".into()],
        creators: (0..4).map(|c| Creator { name: format!("creator {c}"), niche: None }).collect(),
        accounts: (0..4).map(account).collect(),
        deals: (0..4).map(deal).collect(),
        tracked: (0..3).map(tracked).collect(),
        posts,
        audiences: Vec::new(),
        outside: Vec::new(),
        redefined: Vec::new(),
    });
    (project, data)
}

/// The same with three creators on two platforms, whose capture rates have one spread; one of them is on both. Their audiences live in different geos, and they
/// bring enough for codes to see. On one platform they hardly share people.
fn two_platforms(geos: usize, effect: EffectPrior) -> (Project, Dataset) {
    let (mut project, mut data) = creators_case(geos, effect);
    project.model.priors.shape.geo_spread = Some(Prior::HalfNormal { sd: 1.0 });
    let roster = data.roster.as_mut().unwrap();
    roster.platforms.push("stream".into());
    roster.accounts.iter_mut().skip(2).for_each(|account| account.platform = 1);
    roster.accounts[3].creator = 0;
    roster.creators.truncate(3);
    roster.deals.truncate(3);
    roster.deals.iter_mut().for_each(|deal| deal.fee = Some(1000.0));
    for (c, account) in roster.accounts.iter_mut().enumerate() {
        account.audience =
            Some((0..geos).map(|g| if g == c % geos { 0.9 } else { 0.1 / (geos as f64 - 1.0) }).collect());
    }
    roster.audiences = vec![None, Some(Audience { segments: vec![0.6, 0.4], people: 1e6 })];
    roster.accounts[2].segments = vec![1.5, 0.25];
    roster.accounts[3].segments = vec![0.2, 2.2];
    (project, data)
}

/// The same where the data say next to nothing of creators: they are paid a cent, and bring no orders. Moves are then taken by what they say of the prior alone.
fn unseen(geos: usize, effect: EffectPrior) -> (Project, Dataset) {
    let (mut project, mut data) = two_platforms(geos, effect);
    project.outcome.order_value = Some(1e9);
    data.roster.iter_mut().flat_map(|r| &mut r.deals).for_each(|deal| deal.fee = Some(0.01));
    (project, data)
}

/// Draws the sales tracked to creators where the model has any, on the outcome of `data`; codes see `seen` of what the model believes.
fn draw_sales(model: &Model, data: &mut Dataset, values: &[f64], seen: f64, seed: u64) {
    let (Some(tracked), Some(roster)) = (&model.tracked, &mut data.roster) else { return };
    let mut posterior = Posterior::new(Arc::new(model.clone()));
    posterior.set(&model.parameters.position(values));
    posterior.split_platforms();
    let mut rng = chain_rng(seed, 77);
    let phi = values[tracked.dispersion].powi(-2);
    for (i, series) in tracked.series.iter().enumerate() {
        let name = &model.creators[series.creator].name;
        let index = roster.creators.iter().position(|c| c.name == *name).unwrap();
        let out = roster.tracked.iter_mut().find(|t| t.creator == index).unwrap();
        for t in series.from..model.n_periods() {
            let part = |&(d, c): &(usize, usize)| {
                posterior.drivers()[d].platform.as_ref().unwrap().incremental[c * model.n_periods() + t]
            };
            let brought = series.accounts.iter().map(part).sum::<f64>() / tracked.per_order;
            let mean = seen * tracked.capture(i, values) * brought + values[series.leak] * tracked.all_orders[t];
            let rate = Prior::Gamma { shape: phi, rate: phi / mean.max(1e-6) }.draw(&mut rng);
            // A Poisson count: unit-rate arrivals before `rate`.
            let mut arrival = -rng.random::<f64>().ln();
            out.orders[t] = 0.0;
            while arrival < rate {
                out.orders[t] += 1.0;
                arrival -= rng.random::<f64>().ln();
            }
        }
    }
}

/// Scalars that are ranked at a position: the parameters, then each driver's total, then each account's.
fn scalars(posterior: &mut Posterior, position: &[f64]) -> Vec<f64> {
    posterior.set(position);
    let model = posterior.model().clone();
    let sampled = model.parameters.iter().zip(posterior.values()).filter(|(p, _)| p.coordinate.is_some());
    let mut out: Vec<f64> = sampled.map(|(_, v)| *v).collect();
    let periods = model.n_periods();
    out.extend(posterior.drivers().iter().map(|work| {
        let cells = work.response.f.iter().zip(&model.money).enumerate();
        cells.map(|(i, (f, money))| work.effect.beta[i / periods] * f * money).sum::<f64>()
    }));
    posterior.split_platforms();
    let platforms = posterior.drivers().iter().filter_map(|work| work.platform.as_ref());
    out.extend(platforms.flat_map(|p| p.incremental.chunks(periods)).map(|part| part.iter().sum::<f64>()));
    out
}

fn names(model: &Model) -> Vec<String> {
    let sampled = model.parameters.iter().filter(|p| p.coordinate.is_some()).map(|p| p.name.clone());
    let accounts = model.drivers.iter().flat_map(|d| &d.platform).flat_map(|p| &p.accounts);
    let totals = model.drivers.iter().map(|d| format!("total[{}]", d.name));
    sampled.chain(totals).chain(accounts.map(|a| format!("part[{a}]"))).collect()
}

/// Draws a data set from the prior of `made` and fits `project` to it, on the scale of `data`. Codes see `seen` of what the model believes.
fn replicate(made: &Project, project: &Project, data: &Dataset, seen: f64, seed: u64) -> Replication {
    let scale = OutcomeScale::of(data);
    let truth = Arc::new(Model::with_scale(made, data, scale));
    let (mut drawn, values) = from_model_prior(&truth, data, seed);
    draw_sales(&Model::with_scale(made, &drawn, scale), &mut drawn, &values, seen, seed);
    let want = scalars(&mut Posterior::new(truth.clone()), &truth.parameters.position(&values));
    let mut draws = 400;
    loop {
        let sampler = SamplerSpec { chains: 1, draws, seed, longest: Some(1), ..SamplerSpec::default() };
        let (model, chains) = fit(Model::with_scale(project, &drawn, scale), &sampler, 1).unwrap();
        let mut posterior = Posterior::new(model);
        let chain = &chains[0];
        let rows: Vec<Vec<f64>> = chain.positions.chunks_exact(chain.dim).map(|p| scalars(&mut posterior, p)).collect();
        let column = |i: usize| rows.iter().map(|r| r[i]).collect::<Vec<f64>>();
        let least = (0..want.len()).map(|i| ess_bulk(Chains::new(&column(i), 1))).fold(f64::INFINITY, f64::min);
        if least < ENOUGH && draws < 6000 {
            draws *= 4;
            continue;
        }
        let thin = |all: Vec<f64>| (0..KEPT).map(|k| all[(k + 1) * all.len() / (KEPT + 1)]).collect();
        return Replication { scalars: want.iter().enumerate().map(|(i, w)| (*w, thin(column(i)))).collect() };
    }
}

/// All replications, on two threads.
fn run(made: &Project, project: &Project, data: &Dataset, count: usize) -> (Vec<String>, Vec<Replication>) {
    run_seen(made, project, data, 1.0, count)
}

/// The same where codes see `seen` of what the model believes.
fn run_seen(
    made: &Project,
    project: &Project,
    data: &Dataset,
    seen: f64,
    count: usize,
) -> (Vec<String>, Vec<Replication>) {
    let model = Model::new(project, data);
    let half = |first: u64| -> Vec<Replication> {
        (0..count as u64).filter(|s| s % 2 == first).map(|s| replicate(made, project, data, seen, 1000 + s)).collect()
    };
    let all = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let mut own = half(0);
        own.extend(other.join().unwrap());
        own
    });
    (names(&model), all)
}

fn check(project: &Project, data: &Dataset, count: usize) {
    let (names, all) = run(project, project, data, count);
    let complaints = Ranks::of(&names, &all, |draw, _| draw).complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let narrow = Ranks::of(&names, &all, |draw, mean| mean + 0.8 * (draw - mean)).complaints();
    assert!(!narrow.is_empty(), "a posterior of 0.8 of its width went through");
}

/// Priors that keep draws where a real market could be: the calibration holds for any prior, and wild ones cost time.
fn spec(priors: ModelPriors) -> ModelSpec {
    ModelSpec {
        season_yearly: 1,
        priors: ModelPriors {
            sigma: Some(Prior::HalfNormal { sd: 1.0 }),
            control_sd: Some(1.0),
            level_sd: Some(1.0),
            ..priors
        },
        ..ModelSpec::default()
    }
}

fn coefficient() -> EffectPrior {
    EffectPrior { on: EffectKind::Coefficient, prior: Prior::HalfNormal { sd: 2.0 } }
}

#[test]
fn a_national_posterior_is_calibrated() {
    let (project, data) = case(1, 60, spec(ModelPriors::default()), coefficient());
    check(&project, &data, replications(100));
}

#[test]
fn a_posterior_over_geos_with_returns_as_parameters_is_calibrated() {
    // Spend is about 100 a period, the outcome's standard deviation 100: a return of one is one standard deviation.
    let roi = EffectPrior { on: EffectKind::Roi, prior: Prior::LogNormal { mu: -0.2, sigma: 0.7, shift: 0.0 } };
    let (project, data) = case(3, 40, spec(ModelPriors::default()), roi);
    check(&project, &data, replications(40));
}

#[test]
fn a_posterior_over_geos_with_coefficients_as_parameters_is_calibrated() {
    let mut model = spec(ModelPriors::default());
    model.noise.sigma_per_geo = true;
    let (project, data) = case(3, 40, model, coefficient());
    check(&project, &data, replications(24));
}

/// Standard scores of what many moves between trajectories, and nothing else, change in the mean: of each scalar, of the log density, and of their squares,
/// from parameters drawn from the prior and data drawn from these, which moves that leave the posterior as it is leave where they are. A move that does not
/// heed some of the data leaves the parameters where they are too, in the mean over data, but not the density.
fn moved(project: &Project, data: &Dataset, count: u64) -> Vec<(String, f64)> {
    let scale = OutcomeScale::of(data);
    let made = Arc::new(Model::with_scale(project, data, scale));
    // Creators crowd each other as they would at parameters that have nothing to do with those that data are made from.
    let usual: Vec<Vec<f64>> = (0..3).map(|seed| from_model_prior(&made, data, seed).1).collect();
    let one = |seed: u64| {
        let (mut drawn, values) = from_model_prior(&made, data, seed);
        draw_sales(&Model::with_scale(project, &drawn, scale), &mut drawn, &values, 1.0, seed);
        let model = straighten(Model::with_scale(project, &drawn, scale), &usual);
        let mut position = model.parameters.position(&values);
        let mut posterior = Posterior::new(model);
        let mut gradient = vec![0.0; posterior.dim()];
        let mut seen = |posterior: &mut Posterior, position: &[f64]| {
            let mut out = scalars(posterior, position);
            out.push(posterior.evaluate(position, &mut gradient));
            out
        };
        let before = seen(&mut posterior, &position);
        let mut rng = chain_rng(seed, 78);
        (0..20).for_each(|_| assert!(posterior.stir(&mut position, &mut rng)));
        let after = seen(&mut posterior, &position);
        before.iter().zip(after).flat_map(|(a, b)| [b - a, b * b - a * a]).collect::<Vec<f64>>()
    };
    let all: Vec<Vec<f64>> = (0..count).map(|k| one(5000 + k)).collect();
    let n = count as f64;
    let score = |i: usize| {
        let mean = all.iter().map(|row| row[i]).sum::<f64>() / n;
        let variance = all.iter().map(|row| (row[i] - mean).powi(2)).sum::<f64>() / n;
        // What is held is moved by the rounding of its coordinate alone.
        if variance > 1e-18 { mean / (variance / n).sqrt() } else { 0.0 }
    };
    names(&made)
        .into_iter()
        .chain(["log density".to_owned()])
        .enumerate()
        .flat_map(|(i, name)| [(name.clone(), score(2 * i)), (name, score(2 * i + 1))])
        .collect()
}

#[test]
fn moves_between_trajectories_leave_the_posterior_as_it_is() {
    let roi = EffectPrior { on: EffectKind::Roi, prior: Prior::LogNormal { mu: -0.2, sigma: 0.7, shift: 0.0 } };
    let mut model = spec(ModelPriors::default());
    (model.noise.ar1, model.noise.sigma_per_geo) = (true, true);
    let over_geos = &["level_spread", "geo_spread"][..];
    let of_creators = &["capture_spread", "creator_spread", "creator_effect", "capture_effect", "roi"][..];
    let of_curves = &["coefficient", "half_saturation", "slope", "retention"][..];
    let cases = [
        (case(3, 40, model, roi.clone()), 3000, vec![over_geos]),
        (case(3, 40, spec(ModelPriors::default()), coefficient()), 3000, vec![over_geos, of_curves]),
        (case(1, 60, spec(ModelPriors::default()), coefficient()), 3000, vec![of_curves]),
        (creators_case(1, roi.clone()), 1500, vec![of_creators]),
        (creators_case(2, roi.clone()), 400, vec![over_geos, of_creators]),
        (two_platforms(2, roi.clone()), 600, vec![over_geos, of_creators]),
        (unseen(2, roi), 1200, vec![over_geos, of_creators]),
    ];
    for ((project, data), count, moving) in cases {
        let scores = moved(&project, &data, count);
        let still = |name: &str| scores.iter().filter(|(n, _)| n.starts_with(name)).all(|(_, score)| *score == 0.0);
        assert!(moving.concat().into_iter().all(|name| !still(name)), "{scores:?}");
        assert!(moving.contains(&of_curves) || still("retention"), "{scores:?}");
        let off: Vec<_> = scores.iter().filter(|(_, score)| score.abs() > 4.2).collect();
        assert!(off.is_empty(), "{off:?}");
    }
}

#[test]
fn autocorrelated_and_heavy_tailed_noise_is_calibrated() {
    let mut model = spec(ModelPriors::default());
    model.noise.ar1 = true;
    let (project, data) = case(1, 60, model.clone(), coefficient());
    check(&project, &data, replications(40));
    model.noise.student_t = true;
    model.priors.student_df = Some(Prior::Gamma { shape: 4.0, rate: 0.5 });
    let (project, data) = case(1, 60, model, coefficient());
    check(&project, &data, replications(40));
}

#[test]
fn the_check_sees_autocorrelation_that_the_model_does_not_know() {
    let (project, data) = case(1, 60, spec(ModelPriors::default()), coefficient());
    let mut made = project.clone();
    made.model.noise.ar1 = true;
    made.model.priors.ar1 = Some(Prior::Fixed { value: 0.8 });
    let (names, all) = run(&made, &project, &data, 60);
    let complaints = Ranks::of(&names, &all, |draw, _| draw).complaints();
    assert!(complaints.iter().any(|c| c.starts_with("sigma")), "{complaints:#?}");
}

#[test]
fn creators_with_sales_by_code_are_calibrated() {
    let roi = EffectPrior { on: EffectKind::Roi, prior: Prior::LogNormal { mu: -0.2, sigma: 0.7, shift: 0.0 } };
    let (project, data) = creators_case(1, roi);
    check(&project, &data, replications(24));
}

#[test]
fn experiments_and_hidden_demand_are_calibrated() {
    let roi = EffectPrior { on: EffectKind::Roi, prior: Prior::LogNormal { mu: -0.2, sigma: 0.7, shift: 0.0 } };
    let (mut project, mut data) = case(3, 40, spec(ModelPriors::default()), roi);
    project.model.hidden_demand = HiddenDemand::All;
    let test = |name: &str, driver, geos: &[usize], window, change, se| Experiment {
        name: name.into(),
        tested: vec![Tested::Driver(driver)],
        geos: geos.to_vec(),
        window,
        cooldown: 2,
        change,
        usual: Usual::Before,
        lift: 0.0,
        se,
        years_outside: 0.0,
    };
    data.experiments = vec![
        test("on", 0, &[0, 1], 14..20, Change::On, 120.0),
        test("doubled", 1, &[2], 4..12, Change::Times(2.0), 90.0),
        Experiment { years_outside: 0.5, ..test("later", 0, &[0, 1, 2], 70..76, Change::Off, 200.0) },
    ];
    check(&project, &data, replications(24));
}

#[test]
fn the_check_sees_codes_that_catch_less_than_the_model_believes() {
    let roi = EffectPrior { on: EffectKind::Roi, prior: Prior::LogNormal { mu: -0.2, sigma: 0.7, shift: 0.0 } };
    let (project, data) = creators_case(1, roi);
    let (names, all) = run_seen(&project, &project, &data, 0.2, 24);
    let complaints = Ranks::of(&names, &all, |draw, _| draw).complaints();
    assert!(complaints.iter().any(|c| c.starts_with("capture")), "{complaints:#?}");
}
