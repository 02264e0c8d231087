//! Made-up plans and shocks that look like those of a real fit: channels in flights, posts of creators, a few limits.

use counterpoint_report::*;

use crate::data::{Dice, HOSTILE, Shape};

/// Planned periods: a quarter of weeks.
const PERIODS: usize = 13;
const PLATFORMS: [&str; 3] = ["TikTok", "Instagram", "YouTube"];

fn spread(mean: f64, half: f64) -> Spread {
    let half = half.abs();
    Spread { mean, q05: mean - half, q50: 0.98 * mean, q95: mean + 1.2 * half, cvar10: mean - 1.3 * half }
}

/// The starts of the planned weeks.
fn periods() -> Vec<String> {
    const LENGTHS: [usize; 4] = [31, 28, 31, 30];
    (0..PERIODS)
        .map(|week| {
            let (mut day, mut month) = (5 + 7 * week, 0);
            while day > LENGTHS[month] {
                day -= LENGTHS[month];
                month += 1;
            }
            format!("2026-{:02}-{day:02}", month + 1)
        })
        .collect()
}

fn channel(row: &DriverRow, dice: &mut Dice, i: usize) -> PlannedDriver {
    let last = row.spend.unwrap_or(0.0) / 8.0;
    let last_by_period = vec![last / PERIODS as f64; PERIODS];
    let grown = last * [1.3, 0.8, 0.0, 1.0, 2.1][i % 5] * (0.9 + 0.2 * dice.roll());
    let weights: Vec<f64> =
        (0..PERIODS).map(|t| if i % 3 == 2 && t % 4 != 0 { 0.0 } else { 0.5 + dice.roll() }).collect();
    let sum: f64 = weights.iter().sum();
    let brought = grown * 1.7;
    PlannedDriver {
        driver: row.name.clone(),
        kind: "channel".to_owned(),
        platform: row.name.clone(),
        last,
        plan: grown,
        posts: 0,
        incremental_mean: brought,
        incremental_q05: 0.6 * brought,
        incremental_q95: 1.5 * brought,
        mroi_mean: (grown > 0.0).then(|| 0.8 + dice.roll()),
        extrapolated: i % 5 == 4,
        plan_by_period: weights.iter().map(|w| grown * w / sum).collect(),
        last_by_period,
        posts_by_period: vec![0; PERIODS],
    }
}

fn creator(name: String, platform: &str, taken: bool, dice: &mut Dice, i: usize) -> PlannedDriver {
    let mut posts_by_period = vec![0; PERIODS];
    if taken {
        (0..1 + i % 6).for_each(|_| posts_by_period[(dice.roll() * PERIODS as f64) as usize % PERIODS] += 1);
    }
    let posts: u64 = posts_by_period.iter().sum();
    let fee = 800.0 + 9000.0 * dice.roll().powi(2);
    let plan = fee * posts as f64;
    PlannedDriver {
        driver: name,
        kind: "creator".to_owned(),
        platform: platform.to_owned(),
        last: if i.is_multiple_of(4) { 0.0 } else { fee * (i % 5) as f64 },
        plan,
        posts,
        incremental_mean: 2.1 * plan,
        incremental_q05: 0.7 * plan,
        incremental_q95: 4.4 * plan,
        mroi_mean: taken.then(|| 0.9 + dice.roll()),
        extrapolated: taken && i % 9 == 4,
        plan_by_period: posts_by_period.iter().map(|k| fee * *k as f64).collect(),
        last_by_period: vec![0.0; PERIODS],
        posts_by_period,
    }
}

/// A plan over the channels of a report and `offers` offers.
pub(crate) fn plan(shape: &Shape, drivers: &[DriverRow], creators: Option<&Creators>, offers: usize) -> NextBudget {
    let mut dice = Dice(99 + offers as u64);
    let mut rows: Vec<PlannedDriver> = drivers
        .iter()
        .filter(|d| d.kind == DriverKind::Channel && d.spend.is_some_and(|s| s > 0.0))
        .enumerate()
        .map(|(i, d)| channel(d, &mut dice, i))
        .collect();
    let names: Vec<String> = match creators {
        Some(c) => c.roster.iter().map(|r| r.name.clone()).collect(),
        None => (0..offers.div_ceil(3)).map(|i| format!("Creator {}", i + 1)).collect(),
    };
    let mut taken = Vec::new();
    for (i, name) in names.into_iter().enumerate().take(offers) {
        let row = creator(name, PLATFORMS[i % 3], i % 3 != 1, &mut dice, i);
        // Who posts does so under up to four offers.
        for k in 0..(if row.posts > 0 { (offers / 120).clamp(1, 4) } else { 0 }) {
            taken.push(PlannedOffer {
                offer: format!("o{}", 4 * i + k + 1),
                creator: row.driver.clone(),
                platform: row.platform.clone(),
                posts: row.posts,
                cost_mean: row.plan,
            });
        }
        rows.push(row);
    }
    let budget: f64 = rows.iter().map(|r| r.plan).sum();
    let last: f64 = rows.iter().map(|r| r.last).sum();
    let profit = |mean: f64| shape.money.then(|| spread(mean * budget, 0.35 * budget));
    let frontier = |risk: f64| FrontierPoint {
        risk,
        profit: Spread {
            cvar10: budget * (0.05 + 0.03 * risk),
            ..spread((0.42 - 0.05 * risk * risk) * budget, 0.3 * budget)
        },
        posts: rows.iter().map(|r| r.posts).sum(),
    };
    NextBudget {
        starts: "2026-01-05".to_owned(),
        ends: "2026-04-05".to_owned(),
        budget,
        budget_last: last,
        gap: Some(if offers > 100 { 0.021 } else { 0.0004 }),
        risk: 0.25,
        profit: profit(0.42),
        outcome: spread(1.9 * budget, 0.4 * budget),
        last: LastSplit { profit: profit(0.2), outcome: spread(1.6 * budget, 0.4 * budget) },
        p_better: 0.87,
        periods: periods(),
        offers: taken,
        binding: vec![
            Limit { limit: "budget".to_owned(), price: 0.31 },
            Limit { limit: format!("{}: at most", rows.first().map_or("", |r| r.driver.as_str())), price: 0.12 },
            Limit { limit: "Display: at least".to_owned(), price: -0.23 },
        ],
        frontier: if shape.money { [0.0, 0.25, 0.5, 0.75, 1.0].map(frontier).to_vec() } else { Vec::new() },
        tests: tests(drivers),
        untold_offers: if shape.hostile { vec![HOSTILE[1].to_owned()] } else { Vec::new() },
        notes: if shape.hostile { vec![HOSTILE[0].to_owned()] } else { Vec::new() },
        drivers: rows,
    }
}

/// Shocks to the platforms of a plan.
pub(crate) fn stress(shape: &Shape, plan: &NextBudget) -> Stress {
    let mut places: Vec<String> = Vec::new();
    for row in plan.drivers.iter().filter(|r| r.plan > 0.0) {
        if !places.contains(&row.platform) {
            places.push(row.platform.clone());
        }
    }
    let total: f64 = (0..places.len()).map(|i| 0.8f64.powi(i as i32)).sum();
    let share = |i: usize| 0.8f64.powi(i as i32) / total;
    let kinds = [
        ("gone for good", 0.9, 0.01, "India banned one platform in June 2020. Probability: judgement"),
        ("dark for five weeks", 0.35, 0.02, "Brazil blocked one platform for 39 days in 2024. Probability: judgement"),
        ("price of attention up", 0.05, 0.3, "Prices rose by 12% within a day in January 2026. Probability: judgement"),
    ];
    let mut shocks: Vec<Shock> = kinds
        .iter()
        .flat_map(|(name, depth, per_year, source)| {
            places.iter().enumerate().map(move |(i, place)| {
                let lost = -depth * share(i) * plan.outcome.mean;
                Shock {
                    shock: (*name).to_owned(),
                    platform: place.clone(),
                    per_year: *per_year,
                    profit_change: shape.money.then(|| spread(0.6 * lost, 0.2 * lost)),
                    outcome_change: spread(lost, 0.3 * lost),
                    source: if shape.hostile { HOSTILE[i % HOSTILE.len()].to_owned() } else { (*source).to_owned() },
                }
            })
        })
        .collect();
    shocks.sort_by(|a, b| a.outcome_change.mean.total_cmp(&b.outcome_change.mean));
    let bets = 1.0 / (0..places.len()).map(|i| share(i).powi(2)).sum::<f64>();
    let step = |risk: f64| Insurance {
        risk,
        profit_given_up: 4000.0 * risk * risk,
        worst_tenth_gained: 9000.0 * risk,
        price: Some(0.44 * risk),
    };
    Stress {
        starts: plan.starts.clone(),
        ends: plan.ends.clone(),
        plan: None,
        dependence: places
            .iter()
            .enumerate()
            .map(|(i, place)| Carried {
                platform: place.clone(),
                share_mean: share(i),
                share_q05: 0.7 * share(i),
                share_q95: 1.4 * share(i),
            })
            .collect(),
        effective_bets: spread(bets, 0.2 * bets),
        profit: plan.profit,
        var10: plan.profit.map(|p| p.q05),
        outcome: plan.outcome,
        shocks,
        insurance: if shape.money { [0.25, 0.5, 1.0].map(step).to_vec() } else { Vec::new() },
    }
}

/// Tests of the first few drivers, each worth less than the one before.
fn tests(drivers: &[DriverRow]) -> Vec<TestWorth> {
    let one = |(i, d): (usize, &DriverRow)| TestWorth {
        driver: d.name.clone(),
        geos: (0..i).map(|g| format!("Region {g}")).collect(),
        periods: 6,
        lift_sd: 9e3,
        se: 5e3,
        value: 4e4 / 5f64.powi(i as i32),
        value_perfect: 6e4 / 5f64.powi(i as i32),
        cost: 1e4 - 8e3 * i as f64,
    };
    drivers.iter().take(5).enumerate().map(one).collect()
}
