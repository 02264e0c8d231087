//! The settings of a fit: the project's, with what was typed over them; and all of them as JSON, in the words of the project file.

use crate::args::SamplingArgs;
use crate::hash::Hash;
use counterpoint::model::build::Model;
use counterpoint::model::defaults;
use counterpoint::project::{
    AdstockKind, EffectKind, GeoEffects, HiddenDemand, ModelSpec, Project, SamplerSpec, SaturationKind, TrendSpec,
};
use serde_json::{Map, Value, json};

/// The project's sampler with what was typed over it.
pub(crate) fn sampler(project: &Project, how: &SamplingArgs) -> SamplerSpec {
    let own = &project.sampler;
    SamplerSpec {
        chains: how.chains.map_or(own.chains, usize::from),
        warmup: how.warmup.map_or(own.warmup, |n| n as usize),
        draws: how.draws.map_or(own.draws, |n| n as usize),
        longest: how.longest.map_or(own.longest, |n| Some(usize::from(n))),
        seed: how.seed.unwrap_or(own.seed),
        target_accept: own.target_accept,
    }
}

/// Threads to work with.
pub(crate) fn threads(asked: Option<u16>) -> usize {
    asked.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// The fingerprint of a fit: project, tables, sampler, kind of draws, version. Threads are no part of it.
pub(crate) fn fingerprint(project: Hash, sampler: &SamplerSpec, prior_only: bool) -> Hash {
    project
        .with(env!("CARGO_PKG_VERSION").as_bytes())
        .with(&(sampler.chains as u64).to_le_bytes())
        .with(&(sampler.warmup as u64).to_le_bytes())
        .with(&(sampler.draws as u64).to_le_bytes())
        .with(&(sampler.most_times() as u64).to_le_bytes())
        .with(&sampler.seed.to_le_bytes())
        .with(&sampler.target_accept.to_le_bytes())
        .with(&[u8::from(prior_only)])
}

/// All settings of a fit.
pub(crate) fn to_json(project: &Project, model: &Model, prior_only: bool) -> Value {
    let s = &project.sampler;
    json!({
        "prior_only": prior_only,
        "sampler": {
            "chains": s.chains, "warmup": s.warmup, "draws": s.draws, "longest": s.most_times(), "seed": s.seed,
            "target_accept": s.target_accept,
        },
        "model": model_json(&project.model),
        "priors": priors(model),
    })
}

fn model_json(m: &ModelSpec) -> Value {
    json!({
        "prior": effect(m.prior),
        "max_lag": m.max_lag,
        "adstock": adstock(m.adstock),
        "saturation": saturation(m.saturation),
        "saturate_first": m.saturate_first,
        "trend": trend(&m.trend),
        "season": { "yearly": m.season_yearly, "weekly": m.season_weekly, "by_geo": m.season_by_geo },
        "effects": match m.effects { GeoEffects::LogNormal => "lognormal", GeoEffects::Normal => "normal" },
        "noise": if m.noise.student_t { "student_t" } else { "normal" },
        "sigma_per_geo": m.noise.sigma_per_geo,
        "ar1": m.noise.ar1,
        "integrate_baseline": m.integrate_baseline,
        "hidden_demand": match m.hidden_demand {
            HiddenDemand::None => "none",
            HiddenDemand::Tested => "tested",
            HiddenDemand::All => "all",
        },
        "experiment_drift": m.experiment_drift.unwrap_or(defaults::EXPERIMENT_DRIFT),
    })
}

/// Priors of all parameters but the geos' deviations and a sampled baseline's standardised coefficients (all Normal(0, 1)).
fn priors(model: &Model) -> Value {
    let standard = |i: usize| model.sampled_baseline.is_some_and(|first| i >= first);
    let own = model.parameters.iter().enumerate().filter(|(i, p)| !is_deviation(p) && !standard(*i));
    Value::Object(own.map(|(_, p)| (p.name.clone(), Value::from(p.prior.label()))).collect::<Map<_, _>>())
}

/// Whether a parameter is a geo's deviation from the common effect.
pub(crate) fn is_deviation(parameter: &counterpoint::model::parameters::Parameter) -> bool {
    matches!(parameter.path, Some(counterpoint::model::parameters::Path::Deviation { .. }))
}

/// The word for the quantity a prior is put on.
pub(crate) fn effect(kind: EffectKind) -> &'static str {
    match kind {
        EffectKind::Roi => "roi",
        EffectKind::MarginalRoi => "mroi",
        EffectKind::Contribution => "contribution",
        EffectKind::Coefficient => "coefficient",
    }
}

fn adstock(kind: AdstockKind) -> &'static str {
    match kind {
        AdstockKind::None => "none",
        AdstockKind::Geometric => "geometric",
        AdstockKind::Delayed => "delayed",
        AdstockKind::Binomial => "binomial",
        AdstockKind::WeibullPdf => "weibull_pdf",
        AdstockKind::WeibullCdf => "weibull_cdf",
    }
}

fn saturation(kind: SaturationKind) -> &'static str {
    match kind {
        SaturationKind::None => "none",
        SaturationKind::Hill => "hill",
        SaturationKind::Logistic => "logistic",
        SaturationKind::MichaelisMenten => "michaelis_menten",
        SaturationKind::Root => "root",
        SaturationKind::Tanh => "tanh",
    }
}

fn trend(trend: &TrendSpec) -> Value {
    match trend {
        TrendSpec::None => json!("none"),
        TrendSpec::KnotsEvery(n) => json!({ "knots_every": n }),
        TrendSpec::FreeKnotCount(n) => json!({ "knots": n }),
        TrendSpec::FreeKnots(at) => json!({ "knots_at": at.iter().map(ToString::to_string).collect::<Vec<_>>() }),
    }
}
