//! Whole posteriors against NumPyro's: parameters, baseline and contributions agree within their Monte Carlo errors
//! (golden/posterior_*, made by golden/posterior.py, which samples every baseline coefficient and knows nothing of this crate).

mod common;

use common::reference::{Reference, Reproduced, at_points, disagreements};
use counterpoint::project::{AdstockKind, Project};

/// How many joint standard errors two estimates may be apart. A case compares some 500 numbers, so chance alone goes beyond
/// 4.5 once in 300 cases; a fixed seed makes the test's own draws the same each time.
const LIMIT: f64 = 4.5;
/// Root mean square of all those distances: 1 where both sides sample one posterior and judge their errors rightly.
const TYPICAL: f64 = 1.35;

fn national() -> Reference {
    Reference::new(
        include_str!("../../../golden/posterior_national/data.csv"),
        include_str!("../../../golden/posterior_national/case.json"),
        include_str!("../../../golden/posterior_national/points.json"),
    )
}

fn geo() -> Reference {
    Reference::new(
        include_str!("../../../golden/posterior_geo/data.csv"),
        include_str!("../../../golden/posterior_geo/case.json"),
        include_str!("../../../golden/posterior_geo/points.json"),
    )
}

fn student() -> Reference {
    Reference::new(
        include_str!("../../../golden/posterior_student/data.csv"),
        include_str!("../../../golden/posterior_student/case.json"),
        include_str!("../../../golden/posterior_student/points.json"),
    )
}

fn assert_same(reference: &Reference, project: &Project) {
    let found = Reproduced::new(reference, project);
    let all = disagreements(reference, &found);
    let typical = (all.iter().map(|d| d.errors * d.errors).sum::<f64>() / all.len() as f64).sqrt();
    let far: Vec<String> = all.iter().filter(|d| d.errors > LIMIT).map(|d| d.to_string()).collect();
    assert!(far.is_empty(), "{} of {}:\n{}", far.len(), all.len(), far.join("\n"));
    assert!(typical < TYPICAL, "{typical} over {} numbers", all.len());
}

fn assert_noticed(what: &str, reference: &Reference, project: &Project) {
    let found = Reproduced::new(reference, project);
    let all = disagreements(reference, &found);
    let far = all.iter().filter(|d| d.errors > LIMIT).count();
    assert!(far > 0, "{what} went unnoticed in {} numbers", all.len());
}

#[test]
fn log_densities_and_contributions_are_those_of_the_reference_to_rounding() {
    for reference in [national(), geo(), student()] {
        let (densities, contributions) = at_points(&reference);
        for (wanted, found) in contributions {
            assert!((found - wanted).abs() < 1e-9 * wanted.abs(), "{found} {wanted}");
        }
        let (wanted_first, found_first) = densities[0];
        for (wanted, found) in densities {
            let (wanted, found) = (wanted - wanted_first, found - found_first);
            assert!((found - wanted).abs() <= 1e-9 * wanted.abs(), "{found} {wanted}");
        }
    }
}

#[test]
fn a_national_posterior_is_the_reference_with_the_baseline_integrated_out() {
    let reference = national();
    assert_same(&reference, &reference.project());
}

#[test]
fn a_national_posterior_is_the_reference_with_the_baseline_sampled() {
    let reference = national();
    let mut project = reference.project();
    project.model.integrate_baseline = false;
    assert_same(&reference, &project);
}

#[test]
fn a_posterior_of_geos_with_autocorrelated_noise_is_the_reference() {
    let reference = geo();
    assert_same(&reference, &reference.project());
}

#[test]
fn a_posterior_with_student_noise_and_normal_effects_is_the_reference() {
    let reference = student();
    assert_same(&reference, &reference.project());
}

#[test]
fn another_prior_kernel_lag_season_or_knot_is_noticed() {
    let reference = national();
    let changed = |change: &dyn Fn(&mut Project)| {
        let mut project = reference.project();
        change(&mut project);
        project
    };
    let wide = |p: &mut Project| p.model.priors.level_sd = Some(10.0);
    assert_noticed("another level prior", &reference, &changed(&wide));
    let kernel = |p: &mut Project| p.drivers[1].adstock = Some(AdstockKind::Binomial);
    assert_noticed("another kernel", &reference, &changed(&kernel));
    let lag = |p: &mut Project| p.drivers.iter_mut().for_each(|d| d.max_lag = Some(7));
    assert_noticed("another longest lag", &reference, &changed(&lag));
    let knots = |p: &mut Project| p.model.trend = counterpoint::project::TrendSpec::KnotsEvery(12);
    assert_noticed("another distance of knots", &reference, &changed(&knots));
    // The same weeks, called by their fourth day.
    let late = reference.with_dates_later(3);
    assert_noticed("a shifted season", &late, &late.project());
}
