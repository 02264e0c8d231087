//! The diagnostics against the numbers that ArviZ gives for the same draws (golden/arviz, made by its make.py).

use counterpoint_infer::diagnose::{
    ebfmi, ess_bulk, ess_mean, ess_quantile, ess_tail, loo, mcse_mean, mcse_quantile, mcse_sd, power_sensitivity, rhat,
};
use counterpoint_infer::draws::Chains;
use serde_json::Value;

/// Both sides compute the same formula in double precision. They differ in the order of sums and, for the autocovariances, in ArviZ
/// going through a Fourier transform; both leave errors near 1e-13.
const TOLERANCE: f64 = 1e-9;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn assert_near(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap_or(f64::NAN);
    let near = (found - expected).abs() <= tolerance * expected.abs() || (found.is_nan() && expected.is_nan());
    assert!(near, "{what}: {found}, ArviZ {expected}");
}

#[test]
fn convergence_diagnostics_and_standard_errors_are_those_of_arviz() {
    let cases: Value = serde_json::from_str(include_str!("../../../golden/arviz/draws.json")).expect("JSON");
    let cases = cases.as_object().expect("cases by name");
    assert!(cases.len() >= 15);
    for (name, case) in cases.iter().filter(|case| case.0 != "constant") {
        let values = numbers(&case["values"]);
        let chains = Chains::new(&values, case["chains"].as_u64().expect("a count") as usize);
        let check = |found, key: &str| assert_near(found, &case[key], TOLERANCE, &format!("{key} of {name}"));
        check(rhat(chains), "rhat");
        check(ess_bulk(chains), "ess_bulk");
        check(ess_tail(chains), "ess_tail");
        check(ess_mean(chains), "ess_mean");
        check(ess_quantile(chains, 0.3), "ess_quantile_0.3");
        check(mcse_mean(chains), "mcse_mean");
        check(mcse_sd(chains), "mcse_sd");
        check(mcse_quantile(chains, 0.1), "mcse_quantile_0.1");
        check(mcse_quantile(chains, 0.5), "mcse_quantile_0.5");
        for c in 0..chains.chains() {
            assert_near(ebfmi(chains.chain(c)), &case["bfmi"][c], TOLERANCE, &format!("bfmi of chain {c} of {name}"));
        }
    }
}

#[test]
fn draws_that_never_change_have_no_size_though_arviz_counts_them_all() {
    let cases: Value = serde_json::from_str(include_str!("../../../golden/arviz/draws.json")).expect("JSON");
    let case = &cases["constant"];
    let values = numbers(&case["values"]);
    let chains = Chains::new(&values, 4);
    assert_eq!(case["ess_bulk"].as_f64(), Some(values.len() as f64));
    assert!(case["rhat"].is_null());
    assert!(
        rhat(chains).is_nan() && ess_bulk(chains).is_nan() && ess_tail(chains).is_nan() && mcse_mean(chains).is_nan()
    );
}

#[test]
fn leave_one_out_is_that_of_arviz_point_by_point() {
    let golden: Value = serde_json::from_str(include_str!("../../../golden/arviz/loo.json")).expect("JSON");
    let draws = golden["draws"].as_u64().expect("a count") as usize;
    let log_density: Vec<Vec<f64>> =
        golden["log_density"].as_array().expect("observations").iter().map(numbers).collect();
    for expected in golden["results"].as_array().expect("results") {
        let efficiency = expected["relative_efficiency"].as_f64().expect("a number");
        let found = loo(draws, log_density.len(), efficiency, |i, out| out.copy_from_slice(&log_density[i]));
        assert_near(found.elpd, &expected["elpd"], TOLERANCE, "elpd");
        assert_near(found.se, &expected["se"], TOLERANCE, "se");
        assert_near(found.p_loo, &expected["p_loo"], TOLERANCE, "p_loo");
        assert_near(found.good_k, &expected["good_k"], TOLERANCE, "good_k");
        for (i, point) in found.points.iter().enumerate() {
            assert_near(point.elpd, &expected["pointwise"][i], TOLERANCE, &format!("elpd of {i}"));
            // k is a difference of numbers near 1/2, and passes through 0: its error is absolute.
            let k = expected["pareto_k"][i].as_f64().expect("a number");
            assert!((point.pareto_k - k).abs() < TOLERANCE, "k of {i}: {}, ArviZ {k}", point.pareto_k);
        }
        assert_eq!(found.untrusted(), [12, 13]);
    }
}

/// The same formula in another order of sums. A distance is the root of a difference of nearly equal sums: one of 1e-6 is known to no more than 1e-10
/// beside 1e-16 in the sums, and 0.014 divides it. ArviZ smooths the weights' tails, which at exponents of 0.99 and 1.01 changes a few per cent.
#[test]
fn sensitivity_to_power_scaling_is_that_of_arviz() {
    let cases: Value = serde_json::from_str(include_str!("../../../golden/arviz/power_scale.json")).expect("JSON");
    let cases = cases.as_object().expect("cases by name");
    assert_eq!(cases.len(), 6);
    for (name, case) in cases {
        let found = power_sensitivity(&numbers(&case["values"]), &numbers(&case["log_component"]));
        let raw = case["raw"].as_f64().expect("a number");
        assert!((found - raw).abs() <= 1e-6 * raw + 1e-9, "{name}: {found}, ArviZ {raw}");
        assert_near(found, &case["smoothed"], 0.05, &format!("{name}, smoothed"));
    }
}
