//! The structural time series against numbers made elsewhere (`golden/causalimpact`), within what two samplers differ by.

mod common;

use common::{close, csv, number};
use counterpoint_experiment::{Draws, Matrix, Series, series};

fn read(file: &str, outcome: &str, others: &[&str]) -> (Vec<f64>, Matrix) {
    let (head, rows) = csv(file);
    let column = |name: &str| {
        let at = head.iter().position(|h| h == name).unwrap();
        rows.iter().map(|r| number(&r[at])).collect::<Vec<f64>>()
    };
    let others: Vec<Vec<f64>> = others.iter().map(|name| column(name)).collect();
    (column(outcome), Matrix::from_fn(others.len(), rows.len(), |i, t| others[i][t]))
}

/// Mean and standard deviation of the mean effect, and its 95 % interval.
fn summary(found: &Series) -> [f64; 4] {
    let window = found.effects.columns() as f64;
    let mut means: Vec<f64> =
        (0..found.effects.rows()).map(|i| found.effects.row(i).iter().sum::<f64>() / window).collect();
    means.sort_by(f64::total_cmp);
    let n = means.len();
    let mean = means.iter().sum::<f64>() / n as f64;
    let sd = (means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
    [mean, sd, means[n / 40], means[n - n / 40]]
}

const DRAWS: Draws = Draws { chains: 4, kept: 2000, seed: 1 };

#[test]
fn google_data() {
    let (y, x) = read("causalimpact/google.csv", "y", &["x1", "x2"]);
    let found = summary(&series(&y, &x, 61, &DRAWS));
    close(found[0], 27.15, 0.25);
    close(found[1], 4.52, 0.25);
    close(found[2], 18.2, 0.7);
    close(found[3], 36.1, 0.7);
}

#[test]
fn arma_data_with_one_added() {
    let (mut y, x) = read("causalimpact/arma.csv", "y", &["X"]);
    y[70..].iter_mut().for_each(|v| *v += 1.0);
    let found = summary(&series(&y, &x, 70, &DRAWS));
    close(found[0], 0.888, 0.02);
    close(found[1], 0.3, 0.02);
    close(found[2], 0.29, 0.05);
    close(found[3], 1.48, 0.05);
}

#[test]
fn basque() {
    let (y, x) = read("causalimpact/basque.csv", "Basque", &["another"]);
    let found = summary(&series(&y, &x, 21, &DRAWS));
    close(found[0], -0.765, 0.02);
    close(found[1], 0.313, 0.02);
}

#[test]
fn comparison_data() {
    let names = ["NOT_CHANGED_1", "NOT_CHANGED_2", "NOT_CHANGED_3"];
    let (y, x) = read("causalimpact/comparison.csv", "CHANGED", &names);
    let all = series(&y, &x, 90, &DRAWS);
    let found = summary(&all);
    close(found[0], -640.0, 50.0);
    close(found[1], 745.0, 40.0);
    for (share, wanted) in all.inclusion.iter().zip([0.84, 0.90, 0.51]) {
        close(*share, wanted, 0.08);
    }
}

#[test]
fn volks_data() {
    let (y, x) = read("causalimpact/volks.csv", "VolksWagen", &["BMW", "Allianz"]);
    let from = csv("causalimpact/volks.csv").1.iter().position(|r| r[0] == "2015-09-20").unwrap();
    let found = summary(&series(&y, &x, from, &DRAWS));
    close(found[0], -44.2, 0.6);
    close(found[1], 5.55, 0.35);
}

#[test]
fn the_same_seed_gives_the_same_draws() {
    let (y, x) = read("causalimpact/google.csv", "y", &["x1", "x2"]);
    let short = Draws { chains: 2, kept: 50, seed: 7 };
    assert_eq!(series(&y, &x, 61, &short).effects, series(&y, &x, 61, &short).effects);
}
