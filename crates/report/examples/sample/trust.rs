//! A made-up trust report that looks like that of a real fit.

use counterpoint_report::trust::*;
use counterpoint_report::*;

use crate::data::{Dice, HOSTILE, Shape};

fn around(mean: f64, half: f64) -> Interval {
    Interval { mean, q05: mean - half, q50: mean, q95: mean + half }
}

fn score(crps: f64, inside: f64) -> Score {
    Score { crps, mape: 0.04, inside50: 0.55 * inside, inside90: inside, count: 66 }
}

fn scores(scale: f64) -> Scores {
    Scores { model: score(scale, 0.88), baseline: score(1.3 * scale, 0.91), naive: score(2.1 * scale, 0.95) }
}

/// One with every check, on the drivers of a report.
pub(crate) fn trust(shape: &Shape, drivers: &[DriverRow], dates: &[String]) -> Trust {
    let mut dice = Dice(77);
    let names: Vec<String> = drivers.iter().map(|d| d.name.clone()).collect();
    let told = |(i, name): (usize, &String)| Told {
        driver: name.clone(),
        creator: i % 5 == 4,
        bias: 0.04,
        error: [0.08, 0.2, 0.6][i % 3],
        width: 0.5,
        inside: 9,
        rank: (i % 2 == 0).then_some(0.7),
        ratios: (0..10).map(|k| 1.0 + [0.1, 0.3, 0.9][i % 3] * (f64::from(k) / 5.0 - 0.9)).collect(),
    };
    let recovered: Vec<Told> = names.iter().enumerate().map(told).collect();
    let shown = dates.len().min(40);
    let dates = dates[dates.len() - shown..].to_vec();
    let observed: Vec<f64> = (0..shown).map(|t| 1e5 * (2.0 + (t as f64 / 5.0).sin() + 0.1 * dice.roll())).collect();
    let forecast = |from: usize| Forecast {
        from: dates[from].clone(),
        q05: observed[from..].iter().take(12).map(|y| 0.9 * y).collect(),
        q50: observed[from..].iter().take(12).map(|y| 1.01 * y).collect(),
        q95: observed[from..].iter().take(12).map(|y| 1.1 * y).collect(),
    };
    let forecasts: Vec<Forecast> =
        (1..=3).rev().map(|k| shown.saturating_sub(4 * k)).filter(|f| *f > 0).map(forecast).collect();
    let row = |i: usize, kind: &str| PlaceboRow {
        of: names[i % names.len()].clone(),
        kind: kind.to_owned(),
        roi: around(0.6, 0.5),
        prior: around(2.0, 1.8),
        share: around(0.01, 0.01),
        believed: 0.2,
        believed_before: 0.6,
        mistaken: false,
    };
    let hostile = |i: usize, plain: &str| if shape.hostile { HOSTILE[i].to_owned() } else { plain.to_owned() };
    Trust {
        quick: false,
        refits: 27,
        poor_refits: 1,
        recovery: Recovery {
            status: Status::Review,
            copies: 10,
            inside: 70,
            intervals: 80,
            order: Some(0.82),
            creator_order: Some(0.9),
            drivers: recovered,
        },
        backtest: Some(Backtest {
            status: Status::Ok,
            seasonal: true,
            origins: 3,
            better_than_naive: 3,
            better_than_baseline: 2,
            national: scores(1.2e4),
            geos: Some(scores(900.0)),
            by_month: [1.0e4, 1.2e4, 1.5e4].map(scores).to_vec(),
            forecasts,
            dates,
            observed,
        }),
        placebo: Some(Placebo {
            status: Status::Ok,
            level: 0.8,
            break_even: shape.money.then_some(1.0 / 0.6),
            believed: 0,
            mistaken: 0,
            placebos: vec![row(0, "shuffled"), row(1, "shifted")],
            real: names.iter().take(2).map(|n| RealRow { driver: n.clone(), roi: around(3.0, 1.0) }).collect(),
        }),
        stability: Some(Stability {
            status: Status::Review,
            outside: 1,
            steps: 3 * names.len() as u64,
            until: ["2025-10-05", "2025-11-02", "2025-11-30", "2025-12-28"].map(str::to_owned).to_vec(),
            drivers: names
                .iter()
                .enumerate()
                .map(|(i, name)| Steps {
                    driver: name.clone(),
                    per_spend: true,
                    intervals: (0..4).map(|k| around(2.0 + 0.1 * f64::from(k), 0.9)).collect(),
                    largest: 0.1 + 0.01 * i as f64,
                    outside: u64::from(i == 0),
                })
                .collect(),
        }),
        sensitivity: Sensitivity {
            status: Status::Review,
            threshold: 0.05,
            drivers: names
                .iter()
                .enumerate()
                .map(|(i, name)| Sensitive {
                    driver: name.clone(),
                    prior: [0.01, 0.12, 0.09][i % 3],
                    data: [0.14, 0.02, 0.2][i % 3],
                    rests_on: ["data", "prior", "both"][i % 3].to_owned(),
                })
                .collect(),
        },
        held_out: Some(HeldOut {
            status: Status::Fail,
            experiments: vec![
                Foretold {
                    experiment: hostile(1, "spring hold-out"),
                    observed: around(3e4, 6e3),
                    expected: around(2.7e4, 5e3),
                    predicted: around(2.7e4, 8e3),
                    tail: 0.7,
                },
                Foretold {
                    experiment: hostile(2, "autumn hold-out"),
                    observed: around(-2e4, 6e3),
                    expected: around(2.7e4, 5e3),
                    predicted: around(2.7e4, 8e3),
                    tail: 0.0001,
                },
            ],
        }),
        predictive: Predictive {
            status: Status::Review,
            statistics: ["season", "peak", "trough", "changes", "left over", "outlier", "geos"]
                .iter()
                .enumerate()
                .map(|(i, word)| Compared {
                    statistic: (*word).to_owned(),
                    observed: if i == 4 { 3.0 } else { 1.1 },
                    drawn: around(1.0, 0.5),
                    p: if i == 4 { 0.0 } else { 0.4 },
                    unlike: i == 4,
                })
                .collect(),
            geos: if shape.geos > 1 { vec![hostile(0, "Region 2")] } else { Vec::new() },
            loo: Some(Left {
                elpd: -812.0,
                se: 21.0,
                parameters: 14.2,
                observations: 1248,
                untrusted: 3,
                influential: vec![Influential {
                    date: "2025-11-24".to_owned(),
                    geo: hostile(3, "Region 1"),
                    worth: 2.1,
                    k: 0.81,
                }],
            }),
        },
        calibration: Some(Calibration {
            status: Status::Ok,
            markets: 80,
            quantities: names
                .iter()
                .map(|n| Ranked { quantity: n.clone(), bins: vec![10, 9, 11, 12, 8, 10, 9, 11], p: 0.98 })
                .collect(),
        }),
    }
}
