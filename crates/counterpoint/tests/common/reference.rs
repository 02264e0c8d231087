//! A posterior made elsewhere (golden/posterior_*): its project, its data, its summaries, and how far ours are from them.

use super::driver_spec;
use counterpoint::data::{Cells, Column, Dataset, Table, assemble};
use counterpoint::model::baseline::KnotPrior;
use counterpoint::model::build::{Model, coefficient_names};
use counterpoint::model::fit::fit;
use counterpoint::model::parameters::Path;
use counterpoint::model::posterior::{DriverWork, Posterior};
use counterpoint::model::prior::Prior;
use counterpoint::project::*;
use counterpoint_infer::diagnose::{mcse_mean, mcse_quantile, mcse_sd};
use counterpoint_infer::draws::{Chains, Draws, mean, quantile, sd, sorted};
use counterpoint_infer::log_density::LogDensity;
use counterpoint_infer::nuts::chain_rng;
use jiff::ToSpan;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A case as kept in its folder.
pub(crate) struct Reference {
    table: Table,
    case: Value,
    points: Value,
    later: i64,
}

/// The case's scalars as this crate finds them: parameters, baseline coefficients, contributions in outcome units.
pub(crate) struct Reproduced {
    groups: [(&'static str, Draws); 3],
}

/// One number of the reference and ours.
pub(crate) struct Disagreement {
    what: String,
    reference: f64,
    found: f64,
    /// Distance in joint standard errors.
    pub(crate) errors: f64,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Disagreement { what, reference, found, errors } = self;
        write!(f, "{what}: {found}, NumPyro {reference}, {errors:.1} errors apart")
    }
}

impl Reference {
    /// From the text of data.csv, case.json and points.json.
    pub(crate) fn new(data: &str, case: &str, points: &str) -> Reference {
        let mut lines = data.lines().map(|l| l.split(',').collect::<Vec<_>>());
        let header = lines.next().expect("a header");
        let rows: Vec<Vec<&str>> = lines.collect();
        let cell = |row: &Vec<&str>, at: usize| Some(row[at]).filter(|c| !c.is_empty()).map(Into::into);
        let columns = header.iter().enumerate().map(|(at, name)| Column {
            name: (*name).to_owned(),
            cells: Cells::Text(rows.iter().map(|row| cell(row, at)).collect()),
        });
        Reference {
            table: Table {
                file: "data.csv".into(),
                columns: columns.collect(),
                lines: (0..rows.len() as u64).map(|i| i + 2).collect(),
            },
            case: serde_json::from_str(case).expect("JSON"),
            points: serde_json::from_str(points).expect("JSON"),
            later: 0,
        }
    }

    /// The same case with every date that many days later.
    pub(crate) fn with_dates_later(mut self, days: i64) -> Reference {
        self.later = days;
        self
    }

    /// The project that the case's options describe.
    pub(crate) fn project(&self) -> Project {
        let o = &self.case["model"];
        let prior = |name: &str| o["priors"].get(name).map(prior_of);
        let has = |name: &str| self.table.column(name).is_some();
        let flag = |name: &str| o["noise"][name].as_bool().expect("a flag");
        let effects = match text(&o["effects"]) {
            "log-normal" => GeoEffects::LogNormal,
            _ => GeoEffects::Normal,
        };
        let shape = ShapePriors {
            retention: prior("retention"),
            half_saturation: prior("half_saturation"),
            slope: prior("slope"),
            geo_spread: prior("geo_spread"),
            ..ShapePriors::default()
        };
        let scale = |name: &str| o["scales"][name].as_f64();
        let priors = ModelPriors {
            shape,
            sigma: prior("sigma"),
            student_df: prior("student_df"),
            ar1: prior("ar1"),
            trend_step: prior("trend_step"),
            level_spread: prior("level_spread"),
            control_spread: prior("control_spread"),
            season_spread: prior("season_spread"),
            level_sd: scale("level_sd"),
            knot_sd: scale("knot_sd"),
            control_sd: scale("control_sd"),
            season_sd: scale("season_sd"),
            ..ModelPriors::default()
        };
        let model = ModelSpec {
            trend: match (o["trend"]["every"].as_u64(), o["trend"]["count"].as_u64()) {
                (Some(every), _) => TrendSpec::KnotsEvery(every as usize),
                (_, count) => TrendSpec::FreeKnotCount(count.expect("a number of knots") as usize),
            },
            season_yearly: o["season_yearly"].as_u64().expect("a number") as usize,
            season_by_geo: o["season_by_geo"].as_bool().expect("a flag"),
            effects,
            noise: NoiseSpec { student_t: flag("student_t"), sigma_per_geo: flag("sigma_per_geo"), ar1: flag("ar1") },
            priors,
            ..ModelSpec::default()
        };
        let mut project = super::project(model);
        project.data.geo = has("population").then(|| "geo".to_owned());
        project.data.population = has("population").then(|| "population".to_owned());
        project.outcome.column = "outcome".to_owned();
        if let Some(value) = o["unit_value"].as_f64() {
            project.outcome.kind = OutcomeKind::Count(UnitValue::Number(value));
        }
        project.drivers = list(&o["drivers"]).map(driver).collect();
        project.controls =
            list(&o["controls"]).map(|c| ControlSpec { column: text(c).to_owned(), per_head: false }).collect();
        project.sampler = SamplerSpec { warmup: 1000, draws: 2000, target_accept: 0.9, ..SamplerSpec::default() };
        project
    }

    fn dataset(&self, project: &Project) -> Dataset {
        let (data, findings) = assemble(project, std::slice::from_ref(&self.table));
        let mut data = data.unwrap_or_else(|| panic!("the golden data have no failing finding: {findings:?}"));
        data.dates.iter_mut().for_each(|d| *d = d.saturating_add(self.later.days()));
        data
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

fn prior_of(value: &Value) -> Prior {
    serde_json::from_value(value.clone()).expect("a prior")
}

fn driver(d: &Value) -> DriverSpec {
    let name = text(&d["name"]);
    let column = || d.get("exposure").map_or(name, text).to_owned();
    let source = match text(&d["kind"]) {
        "channel" => DriverSource::Channel {
            spend: text(&d["spend"]).to_owned(),
            exposure: d.get("exposure").map(|e| text(e).to_owned()),
            role: Role::Creation,
        },
        "organic" => DriverSource::Organic { exposure: column(), frequency: None },
        _ => DriverSource::Treatment { column: column(), baseline: BaselineValue::Min, per_head: false },
    };
    let on = match text(&d["on"]) {
        "roi" => EffectKind::Roi,
        "mroi" => EffectKind::MarginalRoi,
        "contribution" => EffectKind::Contribution,
        _ => EffectKind::Coefficient,
    };
    DriverSpec {
        prior: Some(EffectPrior { on, prior: prior_of(&d["prior"]) }),
        adstock: Some(match d.get("adstock").map(text) {
            Some("binomial") => AdstockKind::Binomial,
            _ => AdstockKind::Geometric,
        }),
        max_lag: d["max_lag"].as_u64().map(|l| l as usize),
        slope: d["fixed"]["slope"].as_f64(),
        ..driver_spec(name, source)
    }
}

/// A project's log density at the reference's points as (NumPyro's, ours), and every driver's contribution there likewise. The log densities
/// are of the parameters and the standardised coefficients of a sampled baseline, each up to one constant.
pub(crate) fn at_points(reference: &Reference, project: &Project) -> [Vec<(f64, f64)>; 2] {
    let mut project = project.clone();
    project.model.integrate_baseline = false;
    let model = Arc::new(Model::new(&project, &reference.dataset(&project)));
    let mut posterior = Posterior::new(model.clone());
    let mut gradient = vec![0.0; posterior.dim()];
    let (mut densities, mut contributions) = (Vec::new(), Vec::new());
    for point in list(&reference.points) {
        let values = values_at(&model, point);
        let found = posterior.evaluate(&model.parameters.position(&values), &mut gradient);
        // From the density of the sampled coordinates to that of the values.
        let slopes: f64 = model
            .parameters
            .iter()
            .zip(&values)
            .filter(|(p, _)| p.coordinate.is_some())
            .map(|(p, value)| match p.path {
                Some(Path::Normal) => p.prior.at_normal(p.prior.unconstrain_normal(*value)).slope.ln(),
                _ => p.prior.at(p.prior.unconstrain(*value)).slope.ln(),
            })
            .sum();
        densities.push((point["log_density"].as_f64().expect("a number"), found - slopes));
        for (driver, total) in model.drivers.iter().zip(totals(&posterior)) {
            contributions.push((point["contributions"][&driver.name].as_f64().expect("a number"), total));
        }
    }
    [densities, contributions]
}

/// The values of all parameters at a point, the baseline's coefficients standardised.
fn values_at(model: &Model, point: &Value) -> Vec<f64> {
    let number = |group: &str, name: &str| point[group][name].as_f64().unwrap_or_else(|| panic!("{group}: {name}"));
    let baseline = &model.baseline;
    let names = coefficient_names(baseline, &model.geos);
    let mut values = Vec::new();
    for p in model.parameters.iter() {
        let Some(name) = p.name.strip_prefix("z[").and_then(|n| n.strip_suffix(']')) else {
            values.push(if p.coordinate.is_some() { number("parameters", &p.name) } else { p.prior.middle() });
            continue;
        };
        let i = names.iter().position(|n| n == name).expect("a coefficient");
        let own = number("baseline", name);
        let standardised = if i < baseline.knots {
            match baseline.knot_prior {
                KnotPrior::Walk { step } => {
                    (own - if i > 0 { number("baseline", &names[i - 1]) } else { 0.0 }) / values[step]
                }
                KnotPrior::Free { sd } => own / sd,
            }
        } else if i < baseline.shared() {
            own / baseline.features[i - baseline.knots].sd
        } else {
            let local = baseline.local[(i - baseline.shared()) % baseline.locals()];
            own / values[baseline.features[local].spread.expect("a spread")]
        };
        values.push(standardised);
    }
    values
}

/// Contribution of each driver in outcome units at the posterior's last position.
fn totals(posterior: &Posterior) -> Vec<f64> {
    let model = posterior.model();
    let of = |d: &DriverWork| {
        let cells = d.response.f.iter().enumerate().map(|(i, f)| (i / model.n_periods(), f));
        cells.map(|(g, f)| d.effect.beta[g] * f * model.units[g]).sum()
    };
    posterior.drivers().iter().map(of).collect()
}

impl Reproduced {
    /// Fits the reference's data with a project and reads the draws back.
    pub(crate) fn new(reference: &Reference, project: &Project) -> Reproduced {
        let model = Model::new(project, &reference.dataset(project));
        let scale = &reference.case["scale"];
        for (found, name) in [(model.scale.mean, "mean"), (model.scale.sd, "sd")] {
            let wanted = scale[name].as_f64().expect("a number");
            assert!((found / wanted - 1.0).abs() < 1e-10, "{name} of the outcome: {found} {wanted}");
        }
        let (model, chains) = fit(model, &project.sampler, 4).expect("the golden data can be sampled");
        let mut posterior = Posterior::new(model.clone());
        let mut series: [Vec<Vec<f64>>; 3] = Default::default();
        for (c, chain) in chains.iter().enumerate() {
            let mut rng = chain_rng(project.sampler.seed, 1000 + c as u64);
            for position in chain.positions.chunks_exact(chain.dim) {
                series[1].push(posterior.draw_baseline(position, &mut rng).to_vec());
                series[0].push(posterior.values().to_vec());
                series[2].push(totals(&posterior));
            }
        }
        let names = [
            model
                .parameters
                .iter()
                .map(|p| {
                    let standardised = p.name.starts_with("z[") || p.coordinate.is_none();
                    if standardised { String::new() } else { p.name.clone() }
                })
                .collect(),
            coefficient_names(&model.baseline, &model.geos),
            model.drivers.iter().map(|d| d.name.clone()).collect(),
        ];
        let group = |i: usize| {
            let mut draws = Draws::new(project.sampler.chains, project.sampler.draws);
            let names: &Vec<String> = &names[i];
            for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
                draws.push(name.clone(), &series[i].iter().map(|row| row[at]).collect::<Vec<_>>());
            }
            draws
        };
        Reproduced { groups: [("parameters", group(0)), ("baseline", group(1)), ("contributions", group(2))] }
    }
}

/// Every number of the reference against ours. Scalars that only one side has are the farthest possible.
pub(crate) fn disagreements(reference: &Reference, found: &Reproduced) -> Vec<Disagreement> {
    let mut all = Vec::new();
    for (group, draws) in &found.groups {
        let wanted = reference.case[group].as_object().expect("scalars by name");
        let unknown = draws.names().iter().filter(|name| !wanted.contains_key(*name));
        let missing = wanted.keys().filter(|name| draws.position(name).is_none());
        all.extend(unknown.chain(missing).map(|name| Disagreement {
            what: format!("{group}: {name}"),
            reference: f64::NAN,
            found: f64::NAN,
            errors: f64::INFINITY,
        }));
        for (i, name) in draws.names().iter().enumerate() {
            let Some(wanted) = wanted.get(name) else { continue };
            for (statistic, pair) in wanted.as_object().expect("statistics by name") {
                let (reference, error) = (pair[0].as_f64().expect("a number"), pair[1].as_f64().expect("a number"));
                let (found, own_error) = statistic_of(statistic, draws.chains_of(i));
                let errors = (found - reference).abs() / (error * error + own_error * own_error).sqrt();
                all.push(Disagreement {
                    what: format!("{statistic} of {name}"),
                    reference,
                    found,
                    errors: if errors.is_nan() { f64::INFINITY } else { errors },
                });
            }
        }
    }
    all
}

/// `mean`, `sd` or `q5` … with its Monte Carlo standard error.
fn statistic_of(name: &str, chains: Chains<'_>) -> (f64, f64) {
    match name {
        "mean" => (mean(chains.values()), mcse_mean(chains)),
        "sd" => (sd(chains.values()), mcse_sd(chains)),
        _ => {
            let percent: f64 = name[1..].parse().expect("a quantile in percent");
            let p = percent / 100.0;
            (quantile(&sorted(chains.values()), p), mcse_quantile(chains, p))
        }
    }
}
