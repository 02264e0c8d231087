//! Made-up creators that look like those of a real fit: a few strong ones, many middling ones, some that nobody can tell.

use counterpoint_report::*;

use crate::data::{Dice, HOSTILE, Shape};

const FIRST: [&str; 15] = [
    "Amara", "Benno", "Chiara", "Dario", "Elif", "Freja", "Goran", "Hana", "Ines", "Jonas", "Kaya", "Leila", "Mateo",
    "Noor", "Oskar",
];
const LAST: [&str; 14] = [
    "Bakes",
    "Outdoors",
    "in Motion",
    "Lindqvist",
    "at Home",
    "Reads",
    "Okafor",
    "Trails",
    "& Friends",
    "Moreau",
    "Skin Notes",
    "Tran",
    "Everyday",
    "Explains",
];
const NICHES: [&str; 6] = ["skincare", "outdoor", "family", "fitness", "food", "home"];

/// Platform, its format, half-life in days, exponent of the kernel, effect of a thousand views.
const PLATFORMS: [(&str, &str, f64, f64, f64); 3] = [
    ("TikTok", "short video", 1.1, 1.25, 26.0),
    ("Instagram", "short video", 1.9, 1.15, 34.0),
    ("YouTube", "long video", 8.5, 0.92, 70.0),
];

/// An interval of a positive number, wide on its upper side.
fn factor(median: f64, sd_log: f64) -> Interval {
    let at = |z: f64| median * (z * sd_log).exp();
    Interval { mean: median * (0.5 * sd_log * sd_log).exp(), q05: at(-1.645), q50: median, q95: at(1.645) }
}

fn share(mean: f64, half: f64) -> Interval {
    let at = |x: f64| x.clamp(0.001, 0.999);
    Interval { mean: at(mean), q05: at(mean - half), q50: at(mean), q95: at(mean + half) }
}

fn scaled(x: &Interval, by: f64) -> Interval {
    Interval { mean: x.mean * by, q05: x.q05 * by, q50: x.q50 * by, q95: x.q95 * by }
}

fn name(shape: &Shape, i: usize) -> String {
    if shape.hostile {
        format!("{}{}", HOSTILE[i % HOSTILE.len()], if i < HOSTILE.len() { "" } else { " 2" })
    } else {
        format!("{} {}", FIRST[i % FIRST.len()], LAST[(i + i / FIRST.len()) % LAST.len()])
    }
}

/// Share of the views that has come after so many days.
fn kernel_at(days: f64, p: usize) -> f64 {
    let (_, _, half, power, _) = PLATFORMS[p];
    // A log-logistic curve: half at the half-life, a long tail where the exponent is small.
    let x = (days / half).powf(power);
    x / (1.0 + x)
}

/// The creators of a sample.
pub(crate) fn creators(shape: &Shape, dates: &[String], scale: f64) -> Creators {
    let mut dice = Dice(91 + shape.creators as u64);
    let n = shape.weeks;
    let used = if shape.creators == 1 { 1 } else { PLATFORMS.len() };
    let mut platforms: Vec<Platform> = (0..used)
        .map(|p| Platform {
            name: if shape.hostile { HOSTILE[p].to_owned() } else { PLATFORMS[p].0.to_owned() },
            views: vec![0.0; n],
            effect_per_thousand: factor(PLATFORMS[p].4 * scale, 0.16 + 0.05 * p as f64),
            groups: Vec::new(),
        })
        .collect();
    let mut roster = Vec::new();
    let mut posts = Vec::new();
    for i in 0..shape.creators {
        let p = [0, 1, 0, 2, 1, 0, 1][i % 7].min(used - 1);
        let second = (i % 6 == 3 && used > 1).then(|| (p + 1) % used);
        let size = (9.6 + 1.1 * dice.bell()).exp();
        let number = if i % 11 == 7 { 1 } else { 2 + (dice.roll() * 9.0) as u64 };
        let mut views_by_date = vec![0.0; n];
        let start = (dice.roll() * n as f64 * 0.7) as usize;
        for k in 0..number as usize {
            let week = (start + k * (2 + (dice.roll() * 3.0) as usize)).min(n - 1);
            let views = size * (0.55 * dice.bell()).exp();
            let on = if k % 3 == 2 { second.unwrap_or(p) } else { p };
            for t in week..n.min(week + 60) {
                let (a, b) = ((t - week) as f64 * 7.0, (t - week) as f64 * 7.0 + 6.0);
                let came = views * (kernel_at(b, on) - if t == week { 0.0 } else { kernel_at(a - 1.0, on) });
                views_by_date[t] += came;
                platforms[on].views[t] += came;
            }
            posts.push(PostMark {
                creator: i,
                platform: on,
                date: dates[week].clone(),
                name: if shape.hostile { HOSTILE[k % HOSTILE.len()].to_owned() } else { format!("post-{i}-{k}") },
                views,
            });
        }
        let views: f64 = views_by_date.iter().sum();
        let wide = 0.25 + 0.75 / (number as f64).sqrt() + 0.2 * dice.roll();
        let moved = (1.0 - (wide / 1.1).powi(2)).clamp(0.02, 0.95);
        let per_view = factor((0.75 * dice.bell() * moved.sqrt()).exp(), wide * 0.62);
        let known = if shape.hostile && i == 5 { f64::NAN } else { 1.0 };
        let effect = scaled(&per_view, known * views / 1000.0 * PLATFORMS[p].4 * scale);
        let paid = i % 9 != 8;
        let fee = views / 1000.0 * PLATFORMS[p].4 * scale * 0.75 * (0.5 * dice.bell()).exp();
        let fee = if i % 5 == 4 { 0.0 } else { fee };
        let rate = 0.08 + 0.32 * dice.roll();
        let capture = share(rate, rate * (0.25 + 0.4 * dice.roll()));
        let leak = share(0.1 + 0.5 * dice.roll() * dice.roll(), 0.08);
        let coded = i % 4 != 2;
        let tracked = if i % 13 == 5 { 0.0 } else { effect.q50 * capture.mean / (1.0 - leak.mean) };
        let cost = Cost {
            fixed: fee,
            by_views: if i % 6 == 2 { views * 0.012 * scale } else { 0.0 },
            by_sales: if coded && i % 5 >= 3 { tracked * 0.12 } else { 0.0 },
            product: 70.0 * number as f64 * scale,
        };
        let roi = paid.then(|| scaled(&effect, 1.0 / cost.total()));
        let sure = roi.map(|r| (0.5 + (r.q50.ln()) / (2.2 * wide)).clamp(0.0, 1.0));
        let identified = moved >= 0.2;
        let (verdict, reason) = match sure {
            _ if !identified => {
                (CreatorVerdict::Test, "Too few posts to tell; two more, a month apart, would halve the interval")
            }
            None => (CreatorVerdict::Test, "No deal is known, so there is no price to judge"),
            Some(s) if s > 0.8 => (CreatorVerdict::Renew, "Pays back at this fee with over 80% probability"),
            Some(s) if s > 0.2 => (CreatorVerdict::Renegotiate, "Brings sales, but the fee lies above the fair fee"),
            Some(_) => (CreatorVerdict::Stop, "Even half the fee would not pay back"),
        };
        let looks = 0.97 - 0.5 * dice.roll().powi(4);
        let odd = looks < 0.8;
        // Overlaps are known of one platform.
        if p == 0 {
            let groups = &mut platforms[p].groups;
            match groups.get_mut(i % 3) {
                Some(group) => group.push(name(shape, i)),
                None => groups.push(vec![name(shape, i)]),
            }
        }
        roster.push(CreatorRow {
            name: name(shape, i),
            platforms: std::iter::once(p).chain(second.filter(|s| *s != p)).collect(),
            niche: (i % 3 != 1).then(|| NICHES[i % NICHES.len()].to_owned()),
            posts: number,
            views,
            views_by_date,
            effect,
            per_view: scaled(&per_view, known),
            roi,
            prob_roi_above_1: sure.filter(|_| shape.money),
            fee_paid: paid.then_some(fee),
            fair_fee: paid.then(|| (effect.q05 + 0.35 * (effect.q50 - effect.q05) - cost.by_sales).max(0.0)),
            break_even_fee: paid.then_some(effect),
            cost: paid.then_some(cost),
            tracked: coded.then_some(tracked),
            capture: coded.then_some(capture),
            leak: coded.then_some(leak),
            moved_from_prior: moved,
            identified,
            verdict,
            reason: reason.to_owned(),
            audit: (i % 2 == 0 || odd).then(|| Audit {
                score: share(looks, if odd { 0.14 } else { 0.04 }),
                evidence: evidence(shape, odd, i),
            }),
        });
    }
    let kernels = (0..used).map(|p| kernel(p, &mut dice, !(shape.hostile && p == 1))).collect();
    Creators {
        dependence: dependence(shape, &platforms),
        kernels,
        channel_exposure: if shape.drivers == 0 {
            Vec::new()
        } else {
            (0..n).map(|t| 1.0 + 0.16 * (t as f64 * 0.24).sin() + 0.05 * dice.bell()).collect()
        },
        spread: (shape.creators > 1).then(|| factor(3.1, 0.24)),
        traits: traits(shape),
        not_incremental: Some(share(0.31, 0.08)),
        commission_not_incremental: Some(factor(4100.0 * scale, 0.2)),
        fair_level: 0.8,
        candidates: candidates(shape, used, scale),
        platforms,
        roster,
        posts,
    }
}

fn evidence(shape: &Shape, odd: bool, i: usize) -> Vec<String> {
    if shape.hostile && i == 0 {
        return vec!["<script>alert(1)</script> & \"quotes\"".to_owned()];
    }
    match (odd, i % 3) {
        (false, 0) => Vec::new(),
        (false, _) => vec!["Likes a view are usual for creators of this size".to_owned()],
        (true, 0) => vec![
            "Comments come in bursts within the first minutes of 7 of 9 posts".to_owned(),
            "Likes a view vary less from post to post than for 97% of creators of this size".to_owned(),
        ],
        (true, _) => vec!["Followers rose by 38% on 2 days without a post".to_owned()],
    }
}

fn kernel(p: usize, dice: &mut Dice, learned: bool) -> Kernel {
    let (_, format, half, _, _) = PLATFORMS[p];
    let last: f64 = if p == 2 { 365.0 } else { 90.0 };
    let days: Vec<f64> = (0..=44).map(|k| 0.25 * (last / 0.25).powf(f64::from(k) / 44.0)).collect();
    let at = |stretch: f64| days.iter().map(|d| kernel_at(d * stretch, p)).collect::<Vec<_>>();
    let observed = (0..if learned { 60 } else { 0 })
        .map(|_| {
            let days = 0.5 * (last * 1.2f64).powf(dice.roll());
            ObservedShare { days, share: (kernel_at(days, p) + 0.06 * dice.bell()).clamp(0.01, 1.0) }
        })
        .collect();
    let wide = if learned { 1.25 } else { 2.6 };
    Kernel {
        platform: p,
        format: format.to_owned(),
        mean: at(1.0),
        q05: at(1.0 / wide),
        q95: at(wide),
        half_life_days: Interval { mean: half, q05: half / wide, q50: half, q95: half * wide },
        days,
        learned,
        observed,
    }
}

fn dependence(shape: &Shape, platforms: &[Platform]) -> Dependence {
    let named = |p: usize| platforms[p].name.clone();
    let row = |platform: String, creators: Option<f64>, channels: Option<f64>| PlatformShare {
        platform,
        creators: creators.map(|x| share(x, 0.07)),
        channels: channels.map(|x| share(x, 0.05)),
        together: share(0.4 * creators.unwrap_or(0.0) + 0.6 * channels.unwrap_or(0.0), 0.05),
    };
    let of = |effective: f64, half: f64| Concentration {
        hhi: Interval {
            mean: 1.0 / effective,
            q05: 1.0 / (effective + half),
            q50: 1.0 / effective,
            q95: 1.0 / (effective - half).max(1.0),
        },
        effective: Interval {
            mean: effective,
            q05: (effective - half).max(1.0),
            q50: effective,
            q95: effective + half,
        },
    };
    if platforms.len() == 1 {
        let shares = vec![row(named(0), Some(0.999), None)];
        return Dependence { shares, creators: of(1.0, 0.0), channels: None, channels_left_out: shape.drivers };
    }
    Dependence {
        shares: vec![
            row(named(0), Some(0.46), Some(0.11)),
            row(named(1), Some(0.33), Some(0.24)),
            row(named(2), Some(0.21), Some(0.18)),
            row("Google Search".to_owned(), None, Some(0.34)),
            row("Meta feed".to_owned(), None, Some(0.13)),
        ],
        creators: of(2.7, 0.25),
        channels: Some(of(4.1, 0.35)),
        channels_left_out: 1,
    }
}

fn traits(shape: &Shape) -> Vec<Trait> {
    let row = |name: &str, change: &str, median: f64, sd: f64| Trait {
        name: name.to_owned(),
        change: change.to_owned(),
        factor: factor(median, sd),
    };
    if shape.creators == 1 {
        return Vec::new();
    }
    vec![
        row("followers", "twice the followers", 0.84, 0.07),
        row("engagement", "one standard deviation more engagement", 1.04, 0.11),
        row("authenticity", "10 points more of the audience real", 1.09, 0.08),
        row("collaborations", "one more collaboration before", 1.18, 0.06),
    ]
}

fn candidates(shape: &Shape, used: usize, scale: f64) -> Vec<CandidateRow> {
    let row = |i: usize, views: f64, asked: Option<f64>| {
        let p = i % used;
        let views = factor(views, 0.8);
        let effect = scaled(&factor(views.q50 / 1000.0 * PLATFORMS[p].4 * scale, 1.1), 1.0);
        CandidateRow {
            name: name(shape, shape.creators + i + 3),
            platform: p,
            followers: (i != 1).then_some(views.q50 * 2.2),
            posts: 3,
            views,
            effect,
            fee_asked: asked.map(|x| x * scale),
            roi: asked.map(|x| scaled(&effect, 1.0 / (x * scale))),
            fair_fee: Some(effect.q05 * 2.0),
        }
    };
    if shape.creators == 1 {
        return Vec::new();
    }
    vec![row(0, 90_000.0, Some(420.0)), row(1, 41_000.0, Some(110.0)), row(2, 160_000.0, None)]
}
