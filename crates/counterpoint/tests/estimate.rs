//! What is read back from a fit adds up, does not depend on threads, and agrees with plain recomputation.

mod common;

use common::{dataset, project};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{Estimates, estimate};
use counterpoint::model::fit::fit;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::*;
use counterpoint_infer::nuts::ChainDraws;
use std::sync::Arc;

fn fitted(prior: EffectKind) -> (Project, Arc<Model>, Vec<ChainDraws>) {
    let mut project =
        project(ModelSpec { max_lag: Some(4), trend: TrendSpec::KnotsEvery(10), prior, ..ModelSpec::default() });
    project.sampler = SamplerSpec { chains: 2, warmup: 150, draws: 150, seed: 3, ..SamplerSpec::default() };
    let model = Model::new(&project, &dataset(3, 40, 3, true));
    let (model, chains) = fit(model, &project.sampler, 2).expect("fits");
    (project, model, chains)
}

fn close(a: f64, b: f64, label: &str) {
    assert!((a - b).abs() <= 1e-8 * (1.0 + a.abs().max(b.abs())), "{label}: {a} {b}");
}

#[test]
fn contributions_totals_and_shares_add_up() {
    let (project, model, chains) = fitted(EffectKind::Roi);
    let found: Estimates = estimate(&model, &project, &chains, None, 2);
    for driver in &found.drivers {
        let row = found.contributions.iter().find(|c| c.name == driver.name).expect("a row");
        close(row.cells.mean.iter().sum(), driver.incremental.mean, &driver.name);
        close(row.national.mean.iter().sum(), driver.incremental.mean, &driver.name);
        if let (Some(spend), Some(roi), Some(cost)) = (driver.spend, driver.roi, driver.cost_per_increment) {
            close(roi.mean * spend, driver.incremental.mean, "revenue: returns are incremental outcome");
            // An even number of draws has a median between two of them, which the inverse does not keep exactly.
            assert!((cost.q50 * roi.q50 - 1.0).abs() < 1e-3, "median cost is the inverse of the median return");
        }
    }
    for i in 0..model.y.len() {
        let sum: f64 = found.contributions.iter().map(|c| c.cells.mean[i]).sum();
        close(sum, found.fit.expected.mean[i], "rows add up to the expected outcome");
    }
    let controls = found.controls_share.map_or(0.0, |c| c.mean);
    let shares = found.marketing_share.mean + found.baseline_share.mean + controls;
    close(
        shares * found.total_outcome,
        found.fit.expected.mean.iter().sum(),
        "shares are shares of the expected outcome",
    );
    for band in found.contributions.iter().map(|c| &c.cells).chain([&found.fit.expected]) {
        assert!(band.q05.iter().zip(&band.q95).all(|(low, high)| low <= high));
    }
    // Under the ROI prior, the sampled parameter is the reported return.
    let sampled = found.scalars.position("roi[search]").expect("sampled");
    let mean = counterpoint_infer::draws::mean(found.scalars.scalar(sampled));
    close(mean, found.drivers[0].roi.expect("paid").mean, "the sampled ROI is the reported one");
}

#[test]
fn units_without_a_value_are_not_set_against_money() {
    let (mut project, model, chains) = fitted(EffectKind::Roi);
    let of = |project: &Project| estimate(&model, project, &chains, None, 2).drivers[0].prob_roi_above_1;
    assert!(of(&project).is_some());
    project.outcome.kind = OutcomeKind::Count(UnitValue::Unknown);
    assert_eq!(of(&project), None);
}

#[test]
fn sampled_quantities_mean_what_their_names_say() {
    for prior in [EffectKind::MarginalRoi, EffectKind::Contribution] {
        let (project, model, chains) = fitted(prior);
        let found = estimate(&model, &project, &chains, None, 1);
        let driver = &found.drivers[0];
        let word = if prior == EffectKind::MarginalRoi { "mroi[search]" } else { "contribution[search]" };
        let sampled = found.scalars.position(word).expect("sampled");
        let mean = counterpoint_infer::draws::mean(found.scalars.scalar(sampled));
        match prior {
            EffectKind::MarginalRoi => close(mean, driver.mroi.expect("paid").mean, word),
            _ => close(mean, driver.share.mean, word),
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (project, model, chains) = fitted(EffectKind::Roi);
    let (one, three) = (estimate(&model, &project, &chains, None, 1), estimate(&model, &project, &chains, None, 3));
    // Debug text shows every bit of a float, and takes NaN for itself.
    assert_eq!(format!("{one:?}"), format!("{three:?}"));
}

#[test]
fn a_window_counts_what_its_exposures_bring_until_the_end() {
    let (project, model, chains) = fitted(EffectKind::Roi);
    let (from, to) = (10, 20);
    let days = (model.dates[from], model.dates[to - 1]);
    let found = estimate(&model, &project, &chains, Some(days), 2);
    // The same by hand, on every draw: the outcome with and without the exposure of the window.
    let (driver, periods) = (&model.drivers[0], model.n_periods());
    let mut without = (*model).clone();
    let lead = driver.shape.max_lag;
    for g in 0..3 {
        let start = g * (lead + periods) + lead;
        without.drivers[0].exposure.x[start + from..start + to].fill(0.0);
    }
    let without = Arc::new(without);
    let (mut with, mut none) = (Posterior::new(model.clone()), Posterior::new(without));
    let (mut total, mut n) = (0.0, 0.0);
    for chain in &chains {
        for position in chain.positions.chunks_exact(chain.dim) {
            with.set(position);
            none.set(position);
            for i in 0..3 * periods {
                // Coefficients are those of the model that was fitted.
                let beta = with.drivers()[0].effect.beta[i / periods] * model.units[i / periods];
                total += beta * (with.drivers()[0].response.f[i] - none.drivers()[0].response.f[i]);
            }
            n += 1.0;
        }
    }
    close(found.drivers[0].incremental.mean, total / n, "incremental outcome of the window");
    let spend: f64 = (0..3)
        .map(|g| driver.spend.as_ref().expect("paid")[g * periods + from..g * periods + to].iter().sum::<f64>())
        .sum();
    close(found.drivers[0].spend.expect("paid"), spend, "spend of the window");
}

#[test]
fn curves_pass_through_nothing_and_today() {
    let (project, model, chains) = fitted(EffectKind::Roi);
    let found = estimate(&model, &project, &chains, None, 2);
    for curve in &found.curves {
        let driver = found.drivers.iter().find(|d| d.name == curve.driver).expect("a driver");
        assert_eq!(curve.y.mean[0], 0.0);
        let today = curve.x.iter().position(|&x| (x / curve.current - 1.0).abs() < 1e-12).expect("today is a point");
        // Curves are taken from a thinned set of draws.
        let tolerance = 0.25 * (driver.incremental.q95 - driver.incremental.q05);
        assert!((curve.y.mean[today] - driver.incremental.mean).abs() < tolerance);
        assert!(curve.y.mean.windows(2).all(|w| w[0] <= w[1]), "{}", curve.driver);
    }
}
