//! From the roster to platforms of creators, and to the sales tracked to them.

use super::{CreatorModel, DriverModel, Totals, Wander, default_effect, exposure_shares, median_nonzero};
use crate::creators::activity::{CreatorCost, cost_by_period, creator_cost};
use crate::creators::attention::{self, Views};
use crate::data::calendar::{Cadence, day_number};
use crate::data::roster::{Account, Post};
use crate::data::{Dataset, DriverKind, Roster};
use crate::model::covariates::covariates;
use crate::model::crowd::Crowd;
use crate::model::defaults;
use crate::model::group::{Group, Other};
use crate::model::parameters::{DriverSlots, Parameters};
use crate::model::platform::{Platform, PlatformSlots, Step};
use crate::model::response::{Exposure, Order, Shape};
use crate::model::tracked::{Tracked, TrackedSeries};
use crate::project::{AdstockKind, CreatorsSpec, EffectKind, GeoEffects, OutcomeKind, Project, SaturationKind};

/// Adds a driver for each platform with views in the window, and the likelihood of tracked sales where there are any.
pub(super) fn add(
    project: &Project,
    creators: &CreatorsSpec,
    data: &Dataset,
    roster: &Roster,
    totals: &Totals,
    drivers: &mut Vec<DriverModel>,
    parameters: &mut Parameters,
) -> (Vec<CreatorModel>, Option<Tracked>) {
    let spec = &project.model;
    let (geos, periods) = (data.n_geos(), data.n_periods());
    let longest = match data.cadence {
        Cadence::Weekly => defaults::MAX_LAG_WEEKS,
        Cadence::Daily => defaults::MAX_LAG_DAYS,
    };
    let lead = spec.max_lag.unwrap_or(longest).min(periods.saturating_sub(1));
    let padded = lead + periods;
    let Views { all: views, before } = attention::views(roster, data, lead);
    let paid_to = creator_cost(roster, data);
    let costs = cost_by_period(roster, data, &paid_to);
    let population: f64 = data.population.iter().sum();
    let covariates = Covariates::new(roster, parameters);
    let mut places = vec![None; roster.accounts.len()];
    let mut drafts: Vec<Draft> = Vec::new();
    for (p, name) in roster.platforms.iter().enumerate() {
        let seen = |c: usize| views[c * padded + lead..(c + 1) * padded].iter().any(|x| *x > 0.0);
        let accounts: Vec<usize> =
            (0..roster.accounts.len()).filter(|&c| roster.accounts[c].platform == p && seen(c)).collect();
        if accounts.is_empty() {
            continue;
        }
        let of_accounts = |views: &[f64]| -> Vec<f64> {
            accounts.iter().flat_map(|&c| views[c * padded..(c + 1) * padded].iter().copied()).collect()
        };
        let (own, old) = (of_accounts(&views), of_accounts(&before));
        let mut share: Vec<f64> = accounts
            .iter()
            .flat_map(|&c| {
                let account = &roster.accounts[c];
                let real = real_share(account, creators.fake_worth);
                (0..geos).map(move |g| match &account.audience {
                    Some(audience) => real * audience[g] / data.population[g],
                    None => real / population,
                })
            })
            .collect();
        // By geo; the segments' come after.
        let total = |share: &[f64]| {
            let mut x = vec![0.0; geos * padded];
            for c in 0..accounts.len() {
                for g in 0..geos {
                    for t in 0..padded {
                        x[g * padded + t] += share[c * geos + g] * own[c * padded + t];
                    }
                }
            }
            x
        };
        let unit = median_nonzero(&total(&share));
        share.iter_mut().for_each(|x| *x /= unit);
        let exposure = Exposure { x: total(&share), frequency: None };
        let spend = spend_by_cell(&accounts, &share, &costs, data);
        let shape = Shape {
            adstock: AdstockKind::Geometric,
            saturation: SaturationKind::MichaelisMenten,
            order: Order::AdstockFirst,
            max_lag: lead,
            geos,
            periods,
            segments: roster.audience(p).map_or_else(|| vec![1.0], |audience| audience.segments.clone()),
        };
        let segments = 0..shape.segments.len();
        let share = share.iter().enumerate().flat_map(|(i, share)| {
            let account = &roster.accounts[accounts[i / geos]];
            segments.clone().map(move |k| share * account.density(k))
        });
        let share = share.collect();
        let paid: f64 = spend.iter().sum();
        let taken = drivers.iter().any(|d| d.name == *name);
        let label = if taken { format!("{name} (creators)") } else { name.clone() };
        let mut effect = default_effect(spec, DriverKind::Platform, totals);
        if effect.on == EffectKind::Roi && paid <= 0.0 {
            effect = crate::project::EffectPrior {
                on: EffectKind::Contribution,
                prior: spec.priors.contribution.unwrap_or(defaults::CONTRIBUTION),
            };
        }
        let positive = spec.effects == GeoEffects::LogNormal && effect.prior.support().0 >= 0.0;
        let step = roster.redefined.iter().find(|change| change.platform == p).map(|change| Step {
            slot: parameters.add(&format!("view_step[{label}]"), defaults::VIEW_STEP),
            before: old,
            at: data.dates.first().map_or(0.0, |d| (day_number(change.on) - day_number(*d)) as f64)
                / f64::from(data.cadence.days()),
        });
        for (place, &c) in accounts.iter().enumerate() {
            places[c] = Some((drivers.len() + drafts.len(), place));
        }
        drafts.push(Draft {
            label,
            exposure,
            unit,
            spend,
            effect,
            positive,
            platform: Platform {
                name: name.clone(),
                covariates: accounts.iter().flat_map(|&c| covariates.of(c)).collect(),
                accounts,
                views: own,
                step,
                segments: shape.segments.clone(),
                share,
                crowd: Crowd::apart(&[], Vec::new()),
                slots: PlatformSlots::default(),
            },
            shape,
        });
    }
    let people = people(data, roster, &places, (&views, lead), (&costs, &paid_to));
    let first = drivers.len();
    let series = series(data, roster, &people);
    // What the weights' coordinates hang on comes before them.
    let spread = (!series.is_empty()).then(|| parameters.add_scale("capture_spread", defaults::CAPTURE_SPREAD));
    for (d, draft) in drafts.iter_mut().enumerate() {
        let platform = &mut draft.platform;
        platform.slots = covariates.platform(&draft.label, &platform.accounts, spread, roster, parameters);
        let reach: Vec<f64> = (0..platform.len()).map(|c| platform.reach(c)).collect();
        let coded = |&c: &usize| series.iter().any(|s| s.accounts.contains(&(first + d, c)));
        platform.crowd = Crowd::apart(&reach, (0..platform.len()).filter(coded).collect());
    }
    let tracked =
        spread.map(|spread| tracked(project, data, roster, (&people, series, spread), (first, &drafts), parameters));
    // What all of a platform's creators bring comes last: where sales by code see it, its coordinate hangs on the rate at which they do.
    for draft in drafts {
        let Draft { label, shape, exposure, unit, spend, effect, positive, platform } = draft;
        let shares = exposure_shares(data, &shape, &exposure);
        let slots = slots(project, &label, (&effect, positive, shares), data, parameters);
        if let (Some(tracked), Some(per_unit), true) =
            (&tracked, effect.prior.per_log_unit(), effect.on != EffectKind::Coefficient)
            && let Some(captured) = tracked.captured(drivers.len(), &platform, per_unit)
        {
            parameters.set_captured(slots.effect, captured);
        }
        drivers.push(DriverModel {
            name: label,
            kind: DriverKind::Platform,
            shape,
            exposure,
            raised: None,
            unit: vec![unit; geos],
            denominator: match effect.on {
                EffectKind::Roi | EffectKind::MarginalRoi => spend.iter().sum(),
                EffectKind::Contribution => totals.outcome,
                EffectKind::Coefficient => 1.0,
            },
            spend: Some(spend),
            on: effect.on,
            positive,
            slots,
            platform: Some(platform),
            wander: Wander::default(),
        });
    }
    (people.into_iter().map(|(_, model)| model).collect(), tracked)
}

/// A platform's driver before its effect has parameters.
struct Draft {
    label: String,
    shape: Shape,
    exposure: Exposure,
    unit: f64,
    spend: Vec<f64>,
    effect: crate::project::EffectPrior,
    positive: bool,
    platform: Platform,
}

/// The creators that have a place on a platform, each with its index in the roster.
fn people(
    data: &Dataset,
    roster: &Roster,
    places: &[Option<(usize, usize)>],
    (views, lead): (&[f64], usize),
    (costs, paid_to): (&[f64], &[CreatorCost]),
) -> Vec<(usize, CreatorModel)> {
    let periods = data.n_periods();
    let mut out = Vec::new();
    for (i, creator) in roster.creators.iter().enumerate() {
        let own: Vec<usize> = (0..roster.accounts.len()).filter(|&c| roster.accounts[c].creator == i).collect();
        let accounts: Vec<(usize, usize)> = own.iter().filter_map(|&c| places[c]).collect();
        if accounts.is_empty() {
            continue;
        }
        let mut model = CreatorModel {
            name: creator.name.clone(),
            platforms: own
                .iter()
                .map(|&c| roster.platforms[roster.accounts[c].platform].as_str())
                .collect::<Vec<_>>()
                .join(" + "),
            accounts,
            spend: vec![0.0; periods],
            cost: paid_to.get(i).map_or_else(Default::default, |c| c.cost),
            posts: vec![0; periods],
            views: vec![0.0; periods],
        };
        for &c in &own {
            for t in 0..periods {
                model.spend[t] += costs[c * periods + t];
                model.views[t] += views[c * (lead + periods) + lead + t];
            }
        }
        for post in roster.posts.iter().filter(|p| own.contains(&p.account)) {
            if let Some(t) = period_of(post, data).and_then(|t| usize::try_from(t).ok()).filter(|&t| t < periods) {
                model.posts[t] += 1;
            }
        }
        out.push((i, model));
    }
    out
}

/// The period of a post, negative before the first.
fn period_of(post: &Post, data: &Dataset) -> Option<i64> {
    let start = day_number(*data.dates.first()?);
    Some((day_number(post.at.date()) - start).div_euclid(i64::from(data.cadence.days())))
}

/// The share of an account's views that counts: fake or pod engagement is still worth `worth`.
fn real_share(account: &Account, worth: f64) -> f64 {
    real(account.fake_share.unwrap_or(0.0), worth)
}

/// The share of views that counts, where `fake` of them are not real and still worth `worth`.
pub(crate) fn real(fake: f64, worth: f64) -> f64 {
    1.0 - fake * (1.0 - worth)
}

/// What the accounts cost, split over geos as their audiences are.
fn spend_by_cell(accounts: &[usize], share: &[f64], costs: &[f64], data: &Dataset) -> Vec<f64> {
    let (geos, periods) = (data.n_geos(), data.n_periods());
    let mut out = vec![0.0; geos * periods];
    for (place, &c) in accounts.iter().enumerate() {
        let heads = |g: usize| share[place * geos + g] * data.population[g];
        let all: f64 = (0..geos).map(heads).sum();
        for g in 0..geos {
            let part = if all > 0.0 { heads(g) / all } else { 1.0 / geos as f64 };
            for t in 0..periods {
                out[g * periods + t] += part * costs[c * periods + t];
            }
        }
    }
    out
}

fn slots(
    project: &Project,
    name: &str,
    (effect, positive, shares): (&crate::project::EffectPrior, bool, Vec<f64>),
    data: &Dataset,
    parameters: &mut Parameters,
) -> DriverSlots {
    let own = &project.model.priors.shape;
    let word = match effect.on {
        EffectKind::Roi | EffectKind::MarginalRoi => "roi",
        EffectKind::Contribution => "contribution",
        EffectKind::Coefficient => "coefficient",
    };
    let geo = (data.n_geos() > 1).then(|| {
        let spread =
            parameters.add_scale(&format!("geo_spread[{name}]"), own.geo_spread.unwrap_or(defaults::GEO_SPREAD));
        let names = data.geos.iter().map(|g| format!("geo_effect[{name},{g}]"));
        let group = parameters.add_group(names, spread);
        (spread, parameters.groups()[group].first, group)
    });
    let index = parameters.add(&format!("{word}[{name}]"), effect.prior);
    if let (Some((_, _, group)), true, Some(per_unit)) = (geo, positive, effect.prior.per_log_unit()) {
        let shares = if effect.on == EffectKind::Coefficient { Vec::new() } else { shares };
        parameters.set_common(index, group, per_unit, shares);
    }
    let retention = parameters.add(&format!("retention[{name}]"), own.retention.unwrap_or(defaults::RETENTION));
    let half = own.half_saturation.unwrap_or(defaults::HALF_SATURATION);
    let half = parameters.add(&format!("half_saturation[{name}]"), half);
    DriverSlots {
        effect: index,
        adstock: [retention, 0],
        saturation: [half, 0],
        geo: geo.map(|(spread, first, _)| (spread, first)),
    }
}

/// What is known of accounts beforehand, and the slopes of their weights on it, common to all platforms.
struct Covariates {
    /// By covariate, by account.
    columns: Vec<Vec<f64>>,
    slopes: Vec<usize>,
}

impl Covariates {
    fn new(roster: &Roster, parameters: &mut Parameters) -> Covariates {
        let mut out = Covariates { columns: Vec::new(), slopes: Vec::new() };
        for one in covariates(roster) {
            // Who is not known is taken as average.
            out.columns.push(one.values.iter().map(|x| x.unwrap_or(0.0)).collect());
            out.slopes.push(parameters.add(&format!("creator_slope[{}]", one.name), one.prior));
        }
        out
    }

    fn of(&self, account: usize) -> Vec<f64> {
        self.columns.iter().map(|c| c[account]).collect()
    }

    /// `through` is the spread of capture rates, where codes see weights through them.
    fn platform(
        &self,
        name: &str,
        accounts: &[usize],
        through: Option<usize>,
        roster: &Roster,
        parameters: &mut Parameters,
    ) -> PlatformSlots {
        let deviations = (accounts.len() > 1).then(|| {
            let spread = parameters.add_scale(&format!("creator_spread[{name}]"), defaults::CREATOR_SPREAD);
            let label = |&c: &usize| &roster.creators[roster.accounts[c].creator].name;
            let names = accounts.iter().map(|c| format!("creator_effect[{},{name}]", label(c)));
            let group = parameters.add_group(names, spread);
            let group = &mut parameters.groups_mut()[group];
            let own = |column: &Vec<f64>| accounts.iter().map(|&c| column[c]).collect();
            group.slopes = self.slopes.iter().copied().zip(self.columns.iter().map(own)).collect();
            group.hangs_on = through;
            (spread, group.first)
        });
        PlatformSlots { slopes: self.slopes.clone(), deviations }
    }
}

/// Sales by code, platform by platform (that of a creator's first account), their parameters still to come.
fn series(data: &Dataset, roster: &Roster, people: &[(usize, CreatorModel)]) -> Vec<TrackedSeries> {
    let periods = data.n_periods();
    let mut out = Vec::new();
    for one in &roster.tracked {
        let Some(creator) = people.iter().position(|(i, _)| *i == one.creator) else { continue };
        let accounts = people[creator].1.accounts.clone();
        let posts = roster.posts.iter().filter(|p| roster.accounts[p.account].creator == one.creator);
        let Some(first) = posts.filter_map(|p| period_of(p, data)).min() else { continue };
        let from = first.max(0) as usize;
        if from >= periods {
            continue;
        }
        let orders = one.orders.iter().map(|x| x.round().max(0.0)).collect();
        out.push(TrackedSeries { creator, accounts, orders, from, to: periods, capture: 0, deviation: 0, leak: 0 });
    }
    out.sort_by_key(|s: &TrackedSeries| s.accounts[0].0);
    out
}

/// The likelihood of sales by code: each platform has a capture rate, and its creators' deviations from it have one spread.
fn tracked(
    project: &Project,
    data: &Dataset,
    roster: &Roster,
    (people, mut series, spread): (&[(usize, CreatorModel)], Vec<TrackedSeries>, usize),
    (first, platforms): (usize, &[Draft]),
    parameters: &mut Parameters,
) -> Tracked {
    let periods = data.n_periods();
    let name = |s: &TrackedSeries| people[s.creator].1.name.clone();
    for one in &mut series {
        one.leak = parameters.add(&format!("leak[{}]", name(one)), defaults::LEAK);
    }
    for own in series.chunk_by_mut(|a, b| a.accounts[0].0 == b.accounts[0].0) {
        let driver = own[0].accounts[0].0;
        let capture = parameters.add(&format!("capture[{}]", platforms[driver - first].label), defaults::CAPTURE);
        let names: Vec<String> = own.iter().map(|s| format!("capture_effect[{}]", name(s))).collect();
        let group = parameters.add_group(names.into_iter(), spread);
        let group = &mut parameters.groups_mut()[group];
        told_given_weights(group, own, first, platforms);
        group.hangs_on = Some(capture);
        for (i, one) in own.iter_mut().enumerate() {
            (one.capture, one.deviation) = (capture, group.first + i);
        }
    }
    let dispersion = parameters.add_scale("tracked_dispersion", defaults::TRACKED_DISPERSION);
    let per_order = match project.outcome.kind {
        OutcomeKind::Count(_) => 1.0,
        OutcomeKind::Revenue => project.outcome.order_value.unwrap_or_else(|| average_order(roster)),
    };
    let mut all = vec![0.0; periods];
    for (i, y) in data.outcome.iter().enumerate().filter(|(_, y)| !y.is_nan()) {
        all[i % periods] += y / per_order;
    }
    Tracked::new(series, (spread, dispersion), all, per_order)
}

/// Makes a group of capture rates one that is told given what codes see beside them: the logarithm of the weights of each creator's accounts, by their part
/// of the creator's reach. As the slopes of the covariates and the deviations in it.
fn told_given_weights(group: &mut Group, series: &[TrackedSeries], first: usize, platforms: &[Draft]) {
    let mut slopes: Vec<(usize, Vec<f64>)> = Vec::new();
    let mut others = vec![Vec::new(); series.len()];
    for (i, one) in series.iter().enumerate() {
        let reach = |&(d, c): &(usize, usize)| platforms[d - first].platform.reach(c);
        let all: f64 = one.accounts.iter().map(reach).sum();
        let count = one.accounts.len() as f64;
        for account in &one.accounts {
            let (platform, c) = (&platforms[account.0 - first].platform, account.1);
            // Nobody real may be reached at all.
            let share = if all > 0.0 { reach(account) / all } else { 1.0 / count };
            let known = &platform.slots.slopes;
            for (k, &slot) in known.iter().enumerate() {
                let at = slopes.iter().position(|(s, _)| *s == slot).unwrap_or_else(|| {
                    slopes.push((slot, vec![0.0; series.len()]));
                    slopes.len() - 1
                });
                slopes[at].1[i] += share * platform.covariates[c * known.len() + k];
            }
            if let Some((spread, first)) = platform.slots.deviations {
                others[i].push(Other { spread, deviation: first + c, share });
            }
        }
    }
    (group.slopes, group.others) = (slopes, others);
}

/// Money a tracked order; 1 where no revenue is tracked.
fn average_order(roster: &Roster) -> f64 {
    let sum =
        |get: fn(&crate::data::roster::Tracked) -> &Vec<f64>| -> f64 { roster.tracked.iter().flat_map(get).sum() };
    let (orders, revenue) = (sum(|t| &t.orders), sum(|t| &t.revenue));
    if orders > 0.0 && revenue > 0.0 { revenue / orders } else { 1.0 }
}
