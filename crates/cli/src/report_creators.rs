//! From what a fit says of creators to what a report shows of them.

use crate::report_data::{Inputs, interval};
use crate::roster::{Fees, level, reason, words};
use counterpoint::creators::audit::{Audit, audit};
use counterpoint::creators::kernel::{self, LearnedKernel, age};
use counterpoint::data::{DriverKind, Roster};
use counterpoint::model::build::CreatorModel;
use counterpoint::model::estimate::{CreatorEstimate, CreatorVerdict, Interval};
use counterpoint_report as report;
use std::ops::Range;

/// Snapshots drawn beside a decay.
const OBSERVED: usize = 150;
/// 10 % and 90 % quantiles of a Normal are this many standard deviations apart.
const TENTHS: f64 = 2.563_103;

/// The creators' part of a report; none without creators.
pub(crate) fn creators(inputs: &Inputs<'_>, shown: &Range<usize>) -> Option<report::Creators> {
    let (model, estimates) = (inputs.model, inputs.estimates);
    let (roster, together) = (inputs.dataset.roster.as_ref()?, estimates.roster.as_ref()?);
    let (kernels, audits) = (kernel::learn(roster), audit(roster));
    let platforms = platforms(inputs, roster, shown);
    let scalar = |name: &str| {
        let at = estimates.scalars.names().iter().position(|n| n == name)?;
        Some(estimates.scalars.scalar(at))
    };
    let spreads: Vec<&[f64]> = (0..estimates.scalars.len())
        .filter(|&i| estimates.scalars.names()[i].starts_with("creator_spread["))
        .map(|i| estimates.scalars.scalar(i))
        .collect();
    let spread = (!spreads.is_empty()).then(|| {
        let draws = spreads[0].len();
        let mean = |i: usize| spreads.iter().map(|s| s[i]).sum::<f64>() / spreads.len() as f64;
        interval(&Interval::of(&(0..draws).map(|i| (TENTHS * mean(i)).exp()).collect::<Vec<_>>()))
    });
    let trait_of = |key: &str, name: &str, change: &str, at: f64| {
        let draws = scalar(&format!("creator_slope[{key}]"))?;
        let factor = interval(&Interval::of(&draws.iter().map(|x| (x * at).exp()).collect::<Vec<_>>()));
        Some(report::Trait { name: name.to_owned(), change: change.to_owned(), factor })
    };
    let traits = [
        trait_of("followers", "followers", "twice the followers", std::f64::consts::LN_2),
        trait_of("engagement", "engagement rate", "one standard deviation more engagement", 1.0),
        trait_of("authenticity", "authenticity", "one standard deviation more of a real audience", 1.0),
        trait_of("niche_fit", "niche fit", "one standard deviation more fit", 1.0),
        trait_of("collaborations", "earlier collaborations", "one standard deviation more collaborations", 1.0),
    ];
    let rows = model.creators.iter().zip(&estimates.creators).enumerate();
    Some(report::Creators {
        roster: rows.map(|(i, (creator, e))| row(inputs, roster, &platforms, &audits, i, creator, e, shown)).collect(),
        posts: posts(inputs, roster, &platforms),
        kernels: kernels.iter().filter_map(|k| curve(k, roster, &platforms)).collect(),
        dependence: report::Dependence {
            shares: model
                .drivers
                .iter()
                .filter_map(|d| d.platform.as_ref())
                .zip(&together.shares)
                .map(|(p, share)| report::PlatformShare {
                    platform: p.name.clone(),
                    creators: Some(interval(share)),
                    channels: None,
                    together: interval(share),
                })
                .collect(),
            creators: report::Concentration {
                hhi: interval(&together.herfindahl),
                effective: interval(&together.effective),
            },
            channels: None,
            channels_left_out: model.drivers.iter().filter(|d| d.kind == DriverKind::Channel).count(),
        },
        channel_exposure: channel_exposure(inputs, shown),
        spread,
        traits: traits.into_iter().flatten().collect(),
        not_incremental: together.not_incremental.as_ref().map(interval),
        commission_not_incremental: together.commission_not_incremental.as_ref().map(interval),
        fair_level: level(inputs.project),
        candidates: Vec::new(),
        platforms,
    })
}

fn platforms(inputs: &Inputs<'_>, roster: &Roster, shown: &Range<usize>) -> Vec<report::Platform> {
    let (model, estimates) = (inputs.model, inputs.estimates);
    let drivers = model.drivers.iter().enumerate().filter_map(|(m, d)| Some((m, d.platform.as_ref()?)));
    drivers
        .map(|(m, platform)| {
            let padded = platform.views.len() / platform.len();
            let lead = padded - model.n_periods();
            let mut views = vec![0.0; shown.len()];
            for own in platform.views.chunks_exact(padded) {
                views.iter_mut().zip(&own[lead + shown.start..lead + shown.end]).for_each(|(a, x)| *a += x);
            }
            let thousands = views.iter().sum::<f64>() / 1000.0;
            debug_assert!(roster.platforms.contains(&platform.name));
            let e = estimates.drivers.iter().find(|d| d.name == model.drivers[m].name);
            let each = e.map_or(Interval { mean: 0.0, q05: 0.0, q50: 0.0, q95: 0.0 }, |e| e.incremental);
            report::Platform {
                name: platform.name.clone(),
                views,
                effect_per_thousand: interval(&over(each, thousands)),
                groups: groups(roster, &platform.accounts, platform.segments.len()),
            }
        })
        .collect()
}

/// An audience that is this many times as dense in a segment as among all people is counted to it.
const MOSTLY: f64 = 1.2;

/// Names of the creators of each segment of people: that in which their audience is densest. The densest come first; empty for one segment.
fn groups(roster: &Roster, accounts: &[usize], segments: usize) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new(); if segments > 1 { segments } else { 0 }];
    for account in accounts.iter().map(|&a| &roster.accounts[a]) {
        let densest = (0..all.len()).max_by(|&a, &b| account.density(a).total_cmp(&account.density(b)));
        if let Some(k) = densest.filter(|&k| account.density(k) >= MOSTLY) {
            all[k].push((account.density(k), roster.creators[account.creator].name.clone()));
        }
    }
    let named = all.into_iter().map(|mut group: Vec<(f64, String)>| {
        group.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        group.into_iter().map(|(_, name)| name).collect()
    });
    named.filter(|group: &Vec<String>| !group.is_empty()).collect()
}

fn over(x: Interval, by: f64) -> Interval {
    Interval { mean: x.mean / by, q05: x.q05 / by, q50: x.q50 / by, q95: x.q95 / by }
}

#[allow(clippy::too_many_arguments)]
fn row(
    inputs: &Inputs<'_>,
    roster: &Roster,
    platforms: &[report::Platform],
    audits: &[Audit],
    index: usize,
    creator: &CreatorModel,
    e: &CreatorEstimate,
    shown: &Range<usize>,
) -> report::CreatorRow {
    let place = |name: &str| platforms.iter().position(|p| p.name == name);
    let mut on: Vec<usize> = e.platforms.split(" + ").filter_map(place).collect();
    on.dedup();
    let person = roster.creators.iter().position(|c| c.name == creator.name);
    let deals: Vec<_> = roster.deals.iter().filter(|d| Some(d.creator) == person).collect();
    let cost = (e.spend > 0.0).then_some(report::Cost {
        fixed: creator.cost.fixed,
        by_views: creator.cost.by_views,
        by_sales: creator.cost.by_sales,
        product: 0.0,
    });
    let fees = Fees::of(inputs.project, inputs.dataset, &deals, creator, e);
    let tracked = inputs.model.tracked.as_ref().and_then(|t| {
        let own = t.series.iter().find(|s| s.creator == index)?;
        Some(own.orders[shown.clone()].iter().sum::<f64>() * t.per_order)
    });
    report::CreatorRow {
        name: creator.name.clone(),
        platforms: on,
        niche: person.and_then(|p| roster.creators[p].niche.clone()),
        posts: e.posts as u64,
        views: e.views,
        views_by_date: creator.views[shown.clone()].to_vec(),
        effect: interval(&e.incremental),
        per_view: interval(&e.per_view),
        cost,
        roi: e.roi.as_ref().map(interval),
        prob_roi_above_1: e.prob_roi_above_1,
        fee_paid: fees.paid,
        fair_fee: fees.fair,
        break_even_fee: fees.break_even.as_ref().map(interval),
        tracked,
        capture: e.capture.as_ref().map(interval),
        leak: e.leak.as_ref().map(interval),
        moved_from_prior: e.variance_removed,
        identified: e.identified,
        verdict: match e.verdict {
            CreatorVerdict::Renew => report::CreatorVerdict::Renew,
            CreatorVerdict::Renegotiate => report::CreatorVerdict::Renegotiate,
            CreatorVerdict::Test => report::CreatorVerdict::Test,
            CreatorVerdict::Stop => report::CreatorVerdict::Stop,
        },
        reason: reason(inputs.project, e),
        audit: audits
            .iter()
            .filter(|a| Some(roster.accounts[a.account].creator) == person && !a.evidence.is_empty())
            .min_by(|a, b| a.score.total_cmp(&b.score))
            .map(|a| report::Audit {
                score: report::Interval { mean: a.score, q05: a.low, q50: a.score, q95: a.high },
                evidence: a.evidence.iter().map(|e| e.sentence.clone()).collect(),
            }),
    }
}

fn posts(inputs: &Inputs<'_>, roster: &Roster, platforms: &[report::Platform]) -> Vec<report::PostMark> {
    let (Some(&first), Some(&last)) = (inputs.dataset.dates.first(), inputs.dataset.dates.last()) else {
        return Vec::new();
    };
    roster
        .posts
        .iter()
        .filter(|p| p.at.date() >= first && p.at.date() <= last)
        .filter_map(|p| {
            let account = &roster.accounts[p.account];
            let name = &roster.creators[account.creator].name;
            Some(report::PostMark {
                creator: inputs.model.creators.iter().position(|c| c.name == *name)?,
                platform: platforms.iter().position(|x| x.name == roster.platforms[account.platform])?,
                date: p.at.date().to_string(),
                name: p.name.clone(),
                views: p.views + p.boosted,
            })
        })
        .collect()
}

fn curve(k: &LearnedKernel, roster: &Roster, platforms: &[report::Platform]) -> Option<report::Kernel> {
    let own = roster.posts.iter().filter(|p| roster.accounts[p.account].platform == k.platform && p.format == k.format);
    let seen: Vec<report::ObservedShare> = own
        .filter(|p| p.views > 0.0)
        .flat_map(|p| {
            p.snapshots
                .iter()
                .map(move |s| report::ObservedShare { days: age(p, s.at), share: s.views / p.views.max(s.views) })
        })
        .filter(|o| o.days > 0.0 && o.days <= k.kernel.horizon)
        .collect();
    let step = seen.len().div_ceil(OBSERVED).max(1);
    Some(report::Kernel {
        platform: platforms.iter().position(|p| p.name == roster.platforms[k.platform])?,
        format: words::format(k.format).to_owned(),
        days: k.curve.iter().map(|c| c.0).collect(),
        mean: k.curve.iter().map(|c| c.1.mean).collect(),
        q05: k.curve.iter().map(|c| c.1.q05).collect(),
        q95: k.curve.iter().map(|c| c.1.q95).collect(),
        half_life_days: report::Interval {
            mean: k.half_life.mean,
            q05: k.half_life.q05,
            q50: k.half_life.mean,
            q95: k.half_life.q95,
        },
        learned: k.is_learned(),
        observed: seen.into_iter().step_by(step).collect(),
    })
}

/// Each channel over its own average, averaged over channels.
fn channel_exposure(inputs: &Inputs<'_>, shown: &Range<usize>) -> Vec<f64> {
    let (data, periods) = (inputs.dataset, inputs.dataset.n_periods());
    let mut out = vec![0.0; shown.len()];
    let channels: Vec<_> = data.drivers.iter().filter(|d| d.kind == DriverKind::Channel).collect();
    for driver in &channels {
        let mut total = vec![0.0; periods];
        for geo in driver.exposure.chunks_exact(data.history + periods) {
            total.iter_mut().zip(&geo[data.history..]).for_each(|(a, x)| *a += x);
        }
        let mean = total.iter().sum::<f64>() / periods as f64;
        if mean > 0.0 {
            out.iter_mut().zip(&total[shown.clone()]).for_each(|(a, x)| *a += x / mean / channels.len() as f64);
        }
    }
    if channels.is_empty() { Vec::new() } else { out }
}
