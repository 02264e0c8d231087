//! Time-based regression against numbers made elsewhere (`golden/matched_markets`).

mod common;

use common::{close, columns, csv};
use counterpoint_experiment::{Errors, Matrix, Panel, regression};

/// Totals of the two groups of geos; a geo without a row on a day sold nothing.
fn sales(cooldown: usize) -> Panel {
    let (panel, _) = columns("matched_markets/sales.csv", "geo", "date", &["sales"], 0.0);
    let (_, rows) = csv("matched_markets/sales.csv");
    let group = |name: &str| rows.iter().find(|r| r[1] == name).unwrap()[4].clone();
    let treated: Vec<usize> = (0..panel.units.len()).filter(|&i| group(&panel.units[i]) == "2").collect();
    let from = panel.times.iter().position(|t| t == "2015-02-16").unwrap();
    let to = panel.times.iter().position(|t| t == "2015-03-15").unwrap() + 1;
    panel.treat(&treated, from, to, cooldown)
}

#[test]
fn the_effect_with_independent_errors_is_that_of_the_source() {
    let found = regression(&sales(0), Errors::Independent).unwrap();
    close(found.coefficients[1], 0.9997001, 5e-8);
    close(found.coefficients[0], -421.729, 5e-4);
    close(found.sigma, 598.608, 5e-4);
    close(found.df, 40.0, 0.0);
    close(found.total, 147337.12, 5e-3);
    close(found.se, 4625.514, 5e-4);
    // return per unit of the 50000 spent: one-sided 90 % is two-sided 80 %
    let (low, high) = found.interval(0.8);
    close(found.total / 50000.0, 2.946742, 5e-7);
    close(0.5 * (high - low) / 50000.0, 0.120548, 5e-7);
    close(low / 50000.0, 2.826194, 5e-7);
    let (low, high) = found.interval(0.95);
    close(low / 50000.0, 2.759772, 5e-7);
    close(high / 50000.0, 3.133713, 6e-7);
    let panel = sales(0);
    let treated: f64 = panel.treated().iter().flat_map(|&i| panel.outcome.row(i)[42..70].to_vec()).sum();
    // the source draws its mean of the ratio, 0.173998
    close(found.total / (treated - found.total), 0.173998, 5e-5);
}

#[test]
fn the_cool_down_counts_to_the_effect() {
    let found = regression(&sales(23), Errors::Independent).unwrap();
    close(found.total, 143028.62, 5e-3);
    close(found.total / 50000.0, 2.860572, 5e-7);
}

#[test]
fn autocorrelated_errors_do_not_change_the_effect_and_never_narrow_it() {
    let (plain, own) =
        (regression(&sales(0), Errors::Independent).unwrap(), regression(&sales(0), Errors::Autocorrelated).unwrap());
    assert_eq!(plain.total, own.total);
    assert!(own.se >= plain.se && own.df < plain.df);
    // p and interval are of one test
    for level in [0.5, 0.9, 0.99] {
        let (low, high) = own.interval(level);
        assert_eq!(own.p < 1.0 - level, low > 0.0 || high < 0.0);
    }
}

#[test]
fn controls_that_do_not_vary_are_told() {
    let panel = Panel::new(
        vec!["a".into(), "b".into()],
        (0..20).map(|t| t.to_string()).collect(),
        Matrix::from_fn(2, 20, |i, t| if i == 0 { t as f64 } else { 3.0 }),
    )
    .treat(&[0], 15, 20, 0);
    assert!(regression(&panel, Errors::Autocorrelated).is_err());
}
