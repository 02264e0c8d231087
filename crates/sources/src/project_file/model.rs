//! The sections that say how the model is built and fitted.

use super::drivers::effect_support;
use super::prior::{Support, prior};
use super::walk::{Section, Walk, shown};
use counterpoint::project::{
    AdstockKind, EffectKind, GeoEffects, HiddenDemand, ModelPriors, ModelSpec, SamplerSpec, SaturationKind,
    ShapePriors, TrendSpec,
};

/// Keys of `[model]`.
pub(super) const MODEL: &[&str] = &[
    "prior",
    "max_lag",
    "adstock",
    "saturation",
    "saturate_first",
    "trend",
    "season",
    "effects",
    "noise",
    "sigma_per_geo",
    "ar1",
    "integrate_baseline",
    "experiment_drift",
    "hidden_demand",
    "priors",
];
/// Keys of `[sampler]`.
pub(super) const SAMPLER: &[&str] = &["chains", "warmup", "draws", "longest", "seed", "target_accept"];
/// Keys of a driver's `shape`.
pub(super) const SHAPE: &[&str] =
    &["retention", "delay", "weibull_shape", "weibull_scale", "half_saturation", "slope", "rate", "geo_spread"];
const PRIORS: &[&str] = &[
    "roi",
    "mroi",
    "contribution",
    "treatment_contribution",
    "coefficient",
    "retention",
    "delay",
    "weibull_shape",
    "weibull_scale",
    "half_saturation",
    "slope",
    "rate",
    "geo_spread",
    "sigma",
    "student_df",
    "ar1",
    "trend_step",
    "level_spread",
    "hidden_demand",
    "control_spread",
    "season_spread",
    "level_sd",
    "knot_sd",
    "control_sd",
    "season_sd",
    "holiday_sd",
];
const TREND: &[&str] = &["knots_every", "knots", "knots_at"];
const SEASON: &[&str] = &["yearly", "weekly", "by_geo"];

/// The words for carry-over.
pub(super) const ADSTOCK: &[(&str, AdstockKind)] = &[
    ("geometric", AdstockKind::Geometric),
    ("delayed", AdstockKind::Delayed),
    ("binomial", AdstockKind::Binomial),
    ("weibull_pdf", AdstockKind::WeibullPdf),
    ("weibull_cdf", AdstockKind::WeibullCdf),
    ("none", AdstockKind::None),
];

/// The words for saturation.
pub(super) const SATURATION: &[(&str, SaturationKind)] = &[
    ("hill", SaturationKind::Hill),
    ("logistic", SaturationKind::Logistic),
    ("michaelis_menten", SaturationKind::MichaelisMenten),
    ("root", SaturationKind::Root),
    ("tanh", SaturationKind::Tanh),
    ("none", SaturationKind::None),
];

/// Reads `[model]`; what is not set keeps its default.
pub(super) fn model(walk: &mut Walk, section: &Section) -> ModelSpec {
    let mut model = ModelSpec::default();
    let effects = [
        ("roi", EffectKind::Roi),
        ("mroi", EffectKind::MarginalRoi),
        ("contribution", EffectKind::Contribution),
        ("coefficient", EffectKind::Coefficient),
    ];
    set(&mut model.prior, section.choice(walk, "prior", &effects));
    model.max_lag = section.count(walk, "max_lag", 0..=364).map(|n| n as usize);
    set(&mut model.adstock, section.choice(walk, "adstock", ADSTOCK));
    set(&mut model.saturation, section.choice(walk, "saturation", SATURATION));
    set(&mut model.saturate_first, section.boolean(walk, "saturate_first"));
    set(&mut model.trend, trend(walk, section));
    if let Some(season) = section.section(walk, "season", SEASON) {
        set(&mut model.season_yearly, season.count(walk, "yearly", 0..=26).map(|n| n as usize));
        set(&mut model.season_weekly, season.count(walk, "weekly", 0..=3).map(|n| n as usize));
        set(&mut model.season_by_geo, season.boolean(walk, "by_geo"));
    }
    let geo_effects = [("lognormal", GeoEffects::LogNormal), ("normal", GeoEffects::Normal)];
    set(&mut model.effects, section.choice(walk, "effects", &geo_effects));
    set(&mut model.noise.student_t, section.choice(walk, "noise", &[("normal", false), ("student_t", true)]));
    set(&mut model.noise.sigma_per_geo, section.boolean(walk, "sigma_per_geo"));
    set(&mut model.noise.ar1, section.boolean(walk, "ar1"));
    set(&mut model.integrate_baseline, section.boolean(walk, "integrate_baseline"));
    let hidden = [("none", HiddenDemand::None), ("tested", HiddenDemand::Tested), ("all", HiddenDemand::All)];
    set(&mut model.hidden_demand, section.choice(walk, "hidden_demand", &hidden));
    model.experiment_drift = section.number(walk, "experiment_drift");
    if let Some(drift) = model.experiment_drift.filter(|x| *x < 0.0) {
        let at = section.place_in(walk, "experiment_drift");
        walk.fail("out-of-range", &at, format!("the number {drift}"), "a number from 0 up", "30 % a year is 0.3");
    }
    if let Some(table) = section.section(walk, "priors", PRIORS) {
        model.priors = priors(walk, &table, model.effects);
    }
    model
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

/// Reads `trend = "none"`, or a table of one of the three kinds of knots.
fn trend(walk: &mut Walk, section: &Section) -> Option<TrendSpec> {
    let item = section.item("trend")?;
    if item.as_str().is_some() {
        return section.choice(walk, "trend", &[("none", ())]).map(|()| TrendSpec::None);
    }
    let table = section.section(walk, "trend", TREND)?;
    let given: Vec<&str> = TREND.iter().copied().filter(|key| table.has(key)).collect();
    if given.len() != 1 {
        let found = if given.is_empty() { shown(item) } else { given.join(" and ") };
        let mend =
            "write trend = \"none\", { knots_every = 13 }, { knots = 8 } or { knots_at = [2026-01-05, 2026-04-06] }";
        walk.fail("conflict", &table.at, found, "one of knots_every, knots, knots_at", mend);
        return None;
    }
    match given[0] {
        "knots_every" => table.count(walk, "knots_every", 1..=10_000).map(|n| TrendSpec::KnotsEvery(n as usize)),
        "knots" => table.count(walk, "knots", 1..=1_000).map(|n| TrendSpec::FreeKnotCount(n as usize)),
        _ => {
            let dates = table.dates(walk, "knots_at");
            if dates.is_empty() || dates.windows(2).any(|pair| pair[0] >= pair[1]) {
                let at = table.place_in(walk, "knots_at");
                let found = format!("{} dates", dates.len());
                walk.fail(
                    "out-of-range",
                    &at,
                    found,
                    "dates, each after the one before",
                    "sort them and keep each once",
                );
                return None;
            }
            Some(TrendSpec::FreeKnots(dates))
        }
    }
}

/// Reads the shape priors of a section.
pub(super) fn shape(walk: &mut Walk, section: &Section) -> ShapePriors {
    ShapePriors {
        retention: prior(walk, section, "retention", Support::RETENTION),
        delay: prior(walk, section, "delay", Support::NOT_NEGATIVE),
        weibull_shape: prior(walk, section, "weibull_shape", Support::POSITIVE),
        weibull_scale: prior(walk, section, "weibull_scale", Support::POSITIVE),
        half_saturation: prior(walk, section, "half_saturation", Support::POSITIVE),
        slope: prior(walk, section, "slope", Support::POSITIVE),
        rate: prior(walk, section, "rate", Support::POSITIVE),
        geo_spread: prior(walk, section, "geo_spread", Support::NOT_NEGATIVE),
    }
}

/// Reads `[model.priors]`.
fn priors(walk: &mut Walk, section: &Section, effects: GeoEffects) -> ModelPriors {
    let signed_share = effect_support(EffectKind::Contribution, GeoEffects::Normal);
    ModelPriors {
        roi: prior(walk, section, "roi", effect_support(EffectKind::Roi, effects)),
        marginal_roi: prior(walk, section, "mroi", effect_support(EffectKind::MarginalRoi, effects)),
        contribution: prior(walk, section, "contribution", effect_support(EffectKind::Contribution, effects)),
        treatment_contribution: prior(walk, section, "treatment_contribution", signed_share),
        coefficient: prior(walk, section, "coefficient", effect_support(EffectKind::Coefficient, effects)),
        shape: shape(walk, section),
        sigma: prior(walk, section, "sigma", Support::POSITIVE),
        student_df: prior(walk, section, "student_df", Support::POSITIVE),
        ar1: prior(walk, section, "ar1", Support::CORRELATION),
        trend_step: prior(walk, section, "trend_step", Support::NOT_NEGATIVE),
        level_spread: prior(walk, section, "level_spread", Support::NOT_NEGATIVE),
        hidden_demand: prior(walk, section, "hidden_demand", Support::NOT_NEGATIVE),
        control_spread: prior(walk, section, "control_spread", Support::NOT_NEGATIVE),
        season_spread: prior(walk, section, "season_spread", Support::NOT_NEGATIVE),
        level_sd: section.positive(walk, "level_sd"),
        knot_sd: section.positive(walk, "knot_sd"),
        control_sd: section.positive(walk, "control_sd"),
        season_sd: section.positive(walk, "season_sd"),
        holiday_sd: section.positive(walk, "holiday_sd"),
    }
}

/// Reads `[sampler]`; what is not set keeps its default.
pub(super) fn sampler(walk: &mut Walk, section: &Section) -> SamplerSpec {
    let mut sampler = SamplerSpec::default();
    set(&mut sampler.chains, section.count(walk, "chains", 1..=64).map(|n| n as usize));
    set(&mut sampler.warmup, section.count(walk, "warmup", 1..=1_000_000).map(|n| n as usize));
    set(&mut sampler.draws, section.count(walk, "draws", 1..=1_000_000).map(|n| n as usize));
    sampler.longest = section.count(walk, "longest", 1..=1024).map(|n| n as usize);
    set(&mut sampler.seed, section.count(walk, "seed", 0..=i64::MAX).map(|n| n as u64));
    if let Some(target) = section.positive(walk, "target_accept") {
        if target < 1.0 {
            sampler.target_accept = target;
        } else {
            let at = section.place_in(walk, "target_accept");
            walk.fail(
                "out-of-range",
                &at,
                format!("the number {target}"),
                "a share between 0 and 1",
                "0.8 is usual; 0.95 with divergences",
            );
        }
    }
    sampler
}
