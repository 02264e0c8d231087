//! From a project and its data to a model: scaling, columns, parameters and their priors.

mod experiments;
pub(super) mod roster;

use super::baseline::{Baseline, Feature, KnotPrior, even_positions, interpolation};
use super::defaults;
use super::experiment::Experiment;
use super::marginal::Moments;
use super::noise::Noise;
use super::parameters::{DriverSlots, Parameters};
use super::platform::Platform;
use super::prior::Prior;
use super::response::{Exposure, Order, Shape};
use super::tracked::Tracked;
use super::transform::{adstock, saturation};
use crate::creators::deal::Cost;
use crate::data::calendar::day_number;
use crate::data::{Dataset, DriverKind};
use crate::project::{
    AdstockKind, BaselineValue, DriverSource, DriverSpec, EffectKind, ExposureScale, GeoEffects, ModelSpec,
    OutcomeKind, Project, SaturationKind, ShapePriors, TrendSpec, UnitValue,
};
use jiff::civil::Date;

/// How the outcome was scaled: per head, minus `mean`, over `sd`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutcomeScale {
    /// Mean of the outcome per head over observed cells.
    pub mean: f64,
    /// Population standard deviation of the same.
    pub sd: f64,
}

impl OutcomeScale {
    /// The scale of a dataset's own outcome, over observed cells.
    pub fn of(data: &Dataset) -> OutcomeScale {
        let periods = data.n_periods();
        let per_head: Vec<f64> = data
            .outcome
            .iter()
            .enumerate()
            .filter(|(_, y)| !y.is_nan())
            .map(|(i, y)| y / data.population[i / periods])
            .collect();
        let n = per_head.len() as f64;
        let mean = per_head.iter().sum::<f64>() / n;
        let variance = per_head.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
        OutcomeScale { mean, sd: if variance > 0.0 { variance.sqrt() } else { 1.0 } }
    }
}

/// One driver of the model.
#[derive(Debug, Clone)]
pub struct DriverModel {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: DriverKind,
    /// Transforms.
    pub shape: Shape,
    /// Scaled exposure.
    pub exposure: Exposure,
    /// Exposure raised by 1 %, where the prior is on marginal ROI.
    pub raised: Option<Exposure>,
    /// What one unit of scaled exposure is, in exposure units per head (`[geos]`; equal but for `geo_max`).
    pub unit: Vec<f64>,
    /// Spend by cell, `[geos x periods]`; none for organic media and treatments.
    pub spend: Option<Vec<f64>>,
    /// Which quantity is sampled.
    pub on: EffectKind,
    /// Spend (ROI), 1 % of spend (marginal ROI) or outcome in money (contribution) that the sampled quantity multiplies.
    pub denominator: f64,
    /// Positive effects, log-normal over geos; otherwise Normal.
    pub positive: bool,
    /// Where its parameters are.
    pub slots: DriverSlots,
    /// The creators whose exposure this is; then `exposure` is that of equal weights, which sets the scale.
    pub platform: Option<Platform>,
    /// How its parameters vary, as a pilot's draws have it.
    pub wander: Wander,
}

/// How parameters of a driver vary over draws, in the coordinates of their priors; empty where that is not known.
#[derive(Debug, Clone, Default)]
pub struct Wander {
    /// U of the covariance U'U of those in [`DriverModel::bent`], row by row.
    pub root: Vec<f64>,
    /// How bent the effect's relation to one of these is, at most: by how much its slope differs between the lower and the upper half of the draws, in
    /// standard deviations.
    pub bend: f64,
}

impl DriverModel {
    /// The sampled parameters of the curve and the carry-over.
    pub fn bent(&self, parameters: &Parameters) -> Vec<usize> {
        let of_curve = &self.slots.saturation[..saturation::parameters(self.shape.saturation)];
        let of_carry_over = &self.slots.adstock[..adstock::parameters(self.shape.adstock)];
        of_curve.iter().chain(of_carry_over).copied().filter(|&i| parameters.get(i).prior.is_sampled()).collect()
    }
}

/// A creator, whose accounts are parts of platforms.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatorModel {
    /// Name.
    pub name: String,
    /// Names of the platforms, joined by ` + `.
    pub platforms: String,
    /// Driver and place of each account.
    pub accounts: Vec<(usize, usize)>,
    /// What the deals cost, `[periods]`.
    pub spend: Vec<f64>,
    /// The same over the whole time, by what it follows.
    pub cost: Cost,
    /// Posts within the window, `[periods]`.
    pub posts: Vec<usize>,
    /// Views, before the discount for those that are not real, `[periods]`.
    pub views: Vec<f64>,
}

/// A model ready to be evaluated.
#[derive(Debug, Clone)]
pub struct Model {
    /// Names of geos.
    pub geos: Vec<String>,
    /// First days of periods.
    pub dates: Vec<Date>,
    /// Scaled outcome, `[geos x periods]`; zero where missing.
    pub y: Vec<f64>,
    /// Outcome scale.
    pub scale: OutcomeScale,
    /// Outcome units that one scaled unit is worth, `[geos]`: population x sd.
    pub units: Vec<f64>,
    /// Money that one scaled unit is worth, `[geos x periods]`.
    pub money: Vec<f64>,
    /// Drivers: those of the data, then a platform of creators each.
    pub drivers: Vec<DriverModel>,
    /// Creators with posts in the window.
    pub creators: Vec<CreatorModel>,
    /// Sales tracked to creators.
    pub tracked: Option<Tracked>,
    /// Experiments.
    pub experiments: Vec<Experiment>,
    /// Baseline columns.
    pub baseline: Baseline,
    /// Noise.
    pub noise: Noise,
    /// Moments of the baseline, where it is integrated out.
    pub moments: Option<Moments>,
    /// Where the baseline's standardised coefficients are among the parameters, where they are sampled.
    pub sampled_baseline: Option<usize>,
    /// Parameters.
    pub parameters: Parameters,
}

impl Model {
    /// Number of geos.
    pub fn n_geos(&self) -> usize {
        self.geos.len()
    }

    /// Number of periods.
    pub fn n_periods(&self) -> usize {
        self.dates.len()
    }

    /// Builds the model of a project. The data must have passed `check`: at least one observed outcome that varies, and for
    /// every driver a non-zero exposure.
    pub fn new(project: &Project, data: &Dataset) -> Model {
        Model::with_scale(project, data, OutcomeScale::of(data))
    }

    /// The same with a scale of the outcome that is fixed beforehand, so that the priors do not move with the outcome.
    pub fn with_scale(project: &Project, data: &Dataset, scale: OutcomeScale) -> Model {
        let spec = &project.model;
        let (geos, periods) = (data.n_geos(), data.n_periods());
        let units: Vec<f64> = data.population.iter().map(|n| n * scale.sd).collect();
        let cell = |i: usize| i / periods;
        let money: Vec<f64> = (0..geos * periods).map(|i| units[cell(i)] * data.unit_value[i]).collect();
        let y = (0..geos * periods)
            .map(|i| {
                let y = data.outcome[i];
                if y.is_nan() { 0.0 } else { (y / data.population[cell(i)] - scale.mean) / scale.sd }
            })
            .collect();
        let mut parameters = Parameters::default();
        let totals = Totals::new(project, data);
        // Data are sorted by kind, the project is in file order: an organic channel may stand before a paid one there.
        let wanted = |name: &str| project.drivers.iter().find(|d| d.name == name);
        let mut drivers: Vec<DriverModel> = data
            .drivers
            .iter()
            .filter_map(|series| Some((wanted(&series.name)?, series)))
            .map(|(wanted, series)| driver(project, data, wanted, series, &totals, &mut parameters))
            .collect();
        let (creators, tracked) = match (&project.creators, &data.roster) {
            (Some(creators), Some(roster)) => {
                roster::add(project, creators, data, roster, &totals, &mut drivers, &mut parameters)
            }
            _ => (Vec::new(), None),
        };
        let experiments = experiments::experiments(project, data, &drivers, &creators);
        let followers = experiments::followers((spec.hidden_demand, data.cadence.days()), &drivers, &experiments);
        let baseline = baseline(project, data, followers, &mut parameters);
        let noise = noise(spec, data, &mut parameters);
        let integrated = spec.integrate_baseline && noise.df.is_none();
        let moments = integrated.then(|| Moments::new(&baseline, &noise));
        let sampled_baseline = (!integrated).then(|| {
            let first = parameters.len();
            let names = coefficient_names(&baseline, &data.geos);
            let shared = baseline.shared();
            // Feature by feature, each a group of its geos' deviations; then the shared ones, whose coordinates hang on them.
            let mut groups = vec![None; baseline.features.len()];
            for (j, &f) in baseline.local.iter().enumerate() {
                if let Some(spread) = baseline.features[f].spread {
                    let own = names[shared + j..].iter().step_by(baseline.locals());
                    groups[f] = Some(parameters.add_group(own.map(|name| format!("z[{name}]")), spread));
                }
            }
            for (i, name) in names[..shared].iter().enumerate() {
                let feature = i.checked_sub(baseline.knots).map(|f| (groups[f], &baseline.features[f]));
                match feature {
                    Some((Some(group), feature)) if feature.scale.is_none() => {
                        parameters.add_middle(&format!("z[{name}]"), group, feature.sd)
                    }
                    _ => parameters.add(&format!("z[{name}]"), Prior::Normal { mean: 0.0, sd: 1.0 }),
                };
            }
            first
        });
        Model {
            geos: data.geos.clone(),
            dates: data.dates.clone(),
            y,
            scale,
            units,
            money,
            drivers,
            creators,
            tracked,
            experiments,
            baseline,
            noise,
            moments,
            sampled_baseline,
            parameters,
        }
    }
}

/// Names of the baseline's coefficients in their order: knots, shared features, then each geo's deviations.
pub fn coefficient_names(baseline: &Baseline, geos: &[String]) -> Vec<String> {
    let mut names: Vec<String> = (0..baseline.knots).map(|k| format!("trend_{}", k + 1)).collect();
    names.extend(baseline.features.iter().map(|f| f.name.clone()));
    for geo in geos {
        names.extend(baseline.local.iter().map(|&f| format!("{}@{geo}", baseline.features[f].name)));
    }
    names
}

/// Sums that default priors need.
struct Totals {
    /// Outcome in money (in units where a unit has no known value).
    outcome: f64,
    /// ROI prior where units have no known value.
    unknown_value: Option<Prior>,
}

impl Totals {
    fn new(project: &Project, data: &Dataset) -> Totals {
        let outcome = data.outcome.iter().zip(&data.unit_value).filter(|(y, _)| !y.is_nan()).map(|(y, u)| y * u).sum();
        let unknown = matches!(project.outcome.kind, OutcomeKind::Count(UnitValue::Unknown));
        let spends: Vec<f64> = data.drivers.iter().filter_map(|d| d.spend.as_ref()).map(|s| s.iter().sum()).collect();
        let usable = unknown && outcome > 0.0 && spends.iter().sum::<f64>() > 0.0;
        Totals { outcome, unknown_value: usable.then(|| defaults::roi_of_total_contribution(outcome, &spends)) }
    }
}

fn driver(
    project: &Project,
    data: &Dataset,
    wanted: &DriverSpec,
    series: &crate::data::Driver,
    totals: &Totals,
    parameters: &mut Parameters,
) -> DriverModel {
    let spec = &project.model;
    let (geos, periods) = (data.n_geos(), data.n_periods());
    let treatment = series.kind == DriverKind::Treatment;
    let adstock = if treatment { AdstockKind::None } else { wanted.adstock.unwrap_or(spec.adstock) };
    let saturation = if treatment { SaturationKind::None } else { wanted.saturation.unwrap_or(spec.saturation) };
    let longest = match data.cadence {
        crate::data::calendar::Cadence::Weekly => defaults::MAX_LAG_WEEKS,
        crate::data::calendar::Cadence::Daily => defaults::MAX_LAG_DAYS,
    };
    let max_lag = if adstock == AdstockKind::None {
        0
    } else {
        wanted.max_lag.or(spec.max_lag).unwrap_or(longest).min((data.history + periods).saturating_sub(1))
    };
    let order = if series.frequency.is_some() {
        Order::ReachFrequency
    } else if spec.saturate_first {
        Order::SaturateFirst
    } else {
        Order::AdstockFirst
    };
    let shape = Shape { adstock, saturation, order, max_lag, geos, periods, segments: vec![1.0] };
    let (exposure, unit) = exposure(project, data, wanted, series, max_lag);
    let prior = wanted.prior.clone().unwrap_or_else(|| default_effect(spec, series.kind, totals));
    let raised = (prior.on == EffectKind::MarginalRoi)
        .then(|| Exposure { x: exposure.x.iter().map(|x| 1.01 * x).collect(), frequency: exposure.frequency.clone() });
    let spend_total: f64 = series.spend.iter().flatten().sum();
    let denominator = match prior.on {
        EffectKind::Roi => spend_total,
        EffectKind::MarginalRoi => 0.01 * spend_total,
        EffectKind::Contribution => totals.outcome,
        EffectKind::Coefficient => 1.0,
    };
    let positive = !treatment && spec.effects == GeoEffects::LogNormal && prior.prior.support().0 >= 0.0;
    let shares = exposure_shares(data, &shape, &exposure);
    let slots = driver_slots(spec, wanted, &shape, (&prior, positive, shares), data, parameters);
    DriverModel {
        name: wanted.name.clone(),
        kind: series.kind,
        shape,
        exposure,
        raised,
        unit,
        spend: series.spend.clone(),
        on: prior.on,
        denominator,
        positive,
        slots,
        platform: None,
        wander: Wander::default(),
    }
}

fn default_effect(spec: &ModelSpec, kind: DriverKind, totals: &Totals) -> crate::project::EffectPrior {
    let own = &spec.priors;
    let positive = spec.effects == GeoEffects::LogNormal && kind != DriverKind::Treatment;
    let coefficient =
        own.coefficient.unwrap_or(if positive { defaults::COEFFICIENT } else { defaults::SIGNED_COEFFICIENT });
    let (on, prior) = match (kind, spec.prior) {
        (DriverKind::Channel, EffectKind::Roi) => {
            (EffectKind::Roi, own.roi.or(totals.unknown_value).unwrap_or(defaults::ROI))
        }
        (DriverKind::Channel, EffectKind::MarginalRoi) => {
            (EffectKind::MarginalRoi, own.marginal_roi.unwrap_or(defaults::MARGINAL_ROI))
        }
        (DriverKind::Channel | DriverKind::Organic, EffectKind::Contribution)
        | (DriverKind::Organic, EffectKind::Roi | EffectKind::MarginalRoi) => {
            (EffectKind::Contribution, own.contribution.unwrap_or(defaults::CONTRIBUTION))
        }
        (DriverKind::Treatment, EffectKind::Roi | EffectKind::MarginalRoi | EffectKind::Contribution) => {
            (EffectKind::Contribution, own.treatment_contribution.unwrap_or(defaults::TREATMENT_CONTRIBUTION))
        }
        (DriverKind::Platform, EffectKind::Contribution) => {
            (EffectKind::Contribution, own.contribution.unwrap_or(defaults::CONTRIBUTION))
        }
        (DriverKind::Platform, _) => (EffectKind::Roi, own.roi.unwrap_or(defaults::ROI)),
        (_, EffectKind::Coefficient) => (EffectKind::Coefficient, coefficient),
    };
    crate::project::EffectPrior { on, prior }
}

fn driver_slots(
    spec: &ModelSpec,
    wanted: &DriverSpec,
    shape: &Shape,
    (effect, positive, shares): (&crate::project::EffectPrior, bool, Vec<f64>),
    data: &Dataset,
    parameters: &mut Parameters,
) -> DriverSlots {
    let name = &wanted.name;
    let pick = |get: fn(&ShapePriors) -> Option<Prior>, default: Prior| {
        get(&wanted.shape).or_else(|| get(&spec.priors.shape)).unwrap_or(default)
    };
    let word = match effect.on {
        EffectKind::Roi => "roi",
        EffectKind::MarginalRoi => "mroi",
        EffectKind::Contribution => "contribution",
        EffectKind::Coefficient => "coefficient",
    };
    let mut geo = None;
    if data.n_geos() > 1 {
        let spread = parameters.add_scale(&format!("geo_spread[{name}]"), pick(|p| p.geo_spread, defaults::GEO_SPREAD));
        let names = data.geos.iter().map(|g| format!("geo_effect[{name},{g}]"));
        let group = parameters.add_group(names, spread);
        geo = Some((spread, parameters.groups()[group].first, group));
    }
    let (on, prior) = (effect.on, effect.prior);
    let effect = parameters.add(&format!("{word}[{name}]"), prior);
    if let (Some((_, _, group)), true, Some(per_unit)) = (geo, positive, prior.per_log_unit()) {
        let shares = if on == EffectKind::Coefficient { Vec::new() } else { shares };
        parameters.set_common(effect, group, per_unit, shares);
    }
    let geo = geo.map(|(spread, first, _)| (spread, first));
    let mut adstock_slots = [0; 2];
    let weibull = |shape, scale| {
        [("weibull_shape", pick(|p| p.weibull_shape, shape)), ("weibull_scale", pick(|p| p.weibull_scale, scale))]
    };
    let kernel = match shape.adstock {
        AdstockKind::WeibullPdf => weibull(defaults::WEIBULL_PDF_SHAPE, defaults::WEIBULL_PDF_SCALE),
        AdstockKind::WeibullCdf => weibull(defaults::WEIBULL_CDF, defaults::WEIBULL_CDF),
        _ => [("retention", pick(|p| p.retention, defaults::RETENTION)), ("delay", pick(|p| p.delay, defaults::DELAY))],
    };
    for i in 0..adstock::parameters(shape.adstock) {
        adstock_slots[i] = parameters.add(&format!("{}[{name}]", kernel[i].0), kernel[i].1);
    }
    let reach = shape.order == Order::ReachFrequency;
    let rate = |default| ("rate", pick(|p| p.rate, default));
    let half = if reach { defaults::FREQUENCY_HALF_SATURATION } else { defaults::HALF_SATURATION };
    let curve = match shape.saturation {
        SaturationKind::None | SaturationKind::Hill | SaturationKind::MichaelisMenten => {
            ("half_saturation", pick(|p| p.half_saturation, half))
        }
        SaturationKind::Logistic => rate(defaults::LOGISTIC_RATE),
        SaturationKind::Tanh => rate(defaults::TANH_SCALE),
        SaturationKind::Root => rate(defaults::ROOT_POWER),
    };
    let slope = match wanted.slope {
        Some(value) => Prior::Fixed { value },
        None => pick(|p| p.slope, if reach { defaults::FREQUENCY_SLOPE } else { defaults::SLOPE }),
    };
    let mut saturation_slots = [0; 2];
    for (i, (word, prior)) in [curve, ("slope", slope)].into_iter().enumerate() {
        if i < saturation::parameters(shape.saturation) {
            saturation_slots[i] = parameters.add(&format!("{word}[{name}]"), prior);
        }
    }
    DriverSlots { effect, adstock: adstock_slots, saturation: saturation_slots, geo }
}

/// Share of each geo in a driver's exposure, weighed by what a unit of outcome is worth there; equal shares if there is none.
fn exposure_shares(data: &Dataset, shape: &Shape, exposure: &Exposure) -> Vec<f64> {
    let padded = shape.max_lag + shape.periods;
    let by_geo = |g: usize| {
        let x: f64 = exposure.x[g * padded..(g + 1) * padded].iter().sum();
        let value: f64 = data.unit_value[g * shape.periods..(g + 1) * shape.periods].iter().sum();
        x * value * data.population[g]
    };
    let all: Vec<f64> = (0..shape.geos).map(by_geo).collect();
    let total: f64 = all.iter().sum();
    if total > 0.0 { all.iter().map(|x| x / total).collect() } else { vec![1.0 / shape.geos as f64; shape.geos] }
}

/// Scaled exposure with its lags, and what one scaled unit is by geo.
fn exposure(
    project: &Project,
    data: &Dataset,
    wanted: &DriverSpec,
    series: &crate::data::Driver,
    max_lag: usize,
) -> (Exposure, Vec<f64>) {
    let (geos, periods, history) = (data.n_geos(), data.n_periods(), data.history);
    let have = history + periods;
    let per_head = !matches!(wanted.source, DriverSource::Treatment { per_head: false, .. });
    let head = |g: usize| if per_head { data.population[g] } else { 1.0 };
    let mut values: Vec<f64> = (0..geos * have).map(|i| series.exposure[i] / head(i / have)).collect();
    let mut unit = vec![1.0; geos];
    if let DriverSource::Treatment { baseline, .. } = &wanted.source {
        let base = match *baseline {
            BaselineValue::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            BaselineValue::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            BaselineValue::Number(x) => x,
        };
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let sd = if sd > 0.0 { sd } else { 1.0 };
        values.iter_mut().for_each(|x| *x = (*x - base) / sd);
        unit.fill(sd);
    } else {
        match wanted.scale.unwrap_or_else(|| ExposureScale::by_default(&project.data)) {
            ExposureScale::Median => unit.fill(median_nonzero(&values)),
            ExposureScale::GeoMax => {
                for g in 0..geos {
                    let max = values[g * have..(g + 1) * have].iter().copied().fold(0.0, f64::max);
                    unit[g] = if max > 0.0 { max } else { 1.0 };
                }
            }
        }
        for g in 0..geos {
            values[g * have..(g + 1) * have].iter_mut().for_each(|x| *x /= unit[g]);
        }
    }
    let pad = |v: &[f64]| {
        let mut out = vec![0.0; geos * (max_lag + periods)];
        let kept = history.min(max_lag);
        for g in 0..geos {
            let to = &mut out[g * (max_lag + periods) + max_lag - kept..(g + 1) * (max_lag + periods)];
            to.copy_from_slice(&v[g * have + history - kept..(g + 1) * have]);
        }
        out
    };
    (Exposure { x: pad(&values), frequency: series.frequency.as_ref().map(|f| pad(f)) }, unit)
}

/// Median of the non-zero values (the scale of an exposure); 1 where all are zero.
pub fn median_nonzero(values: &[f64]) -> f64 {
    let mut some: Vec<f64> = values.iter().copied().filter(|&x| x != 0.0).collect();
    some.sort_by(f64::total_cmp);
    let n = some.len();
    match n {
        0 => 1.0,
        _ if n % 2 == 1 => some[n / 2],
        _ => 0.5 * (some[n / 2 - 1] + some[n / 2]),
    }
}

fn baseline(
    project: &Project,
    data: &Dataset,
    followers: Vec<(String, Vec<f64>)>,
    parameters: &mut Parameters,
) -> Baseline {
    let (spec, own) = (&project.model, &project.model.priors);
    let (geos, periods) = (data.n_geos(), data.n_periods());
    let several = geos > 1;
    let knot_sd = own.knot_sd.unwrap_or(defaults::KNOT_SD);
    let (positions, walk) = match &spec.trend {
        TrendSpec::None => (Vec::new(), false),
        TrendSpec::KnotsEvery(every) => {
            let count = (periods.saturating_sub(1) as f64 / (*every).max(1) as f64).round() as usize + 1;
            (even_positions(count, periods), true)
        }
        TrendSpec::FreeKnotCount(count) => (even_positions((*count).min(periods), periods), false),
        TrendSpec::FreeKnots(dates) => {
            let start = data.dates.first().map_or(0, |d| day_number(*d));
            let days = i64::from(data.cadence.days());
            let mut at: Vec<usize> =
                dates.iter().map(|d| ((day_number(*d) - start) / days).clamp(0, periods as i64 - 1) as usize).collect();
            at.sort_unstable();
            at.dedup();
            (at, false)
        }
    };
    let knots = positions.len().saturating_sub(usize::from(walk));
    let knot_prior = if walk && knots > 0 {
        KnotPrior::Walk { step: parameters.add_scale("trend_step", own.trend_step.unwrap_or(defaults::TREND_STEP)) }
    } else {
        KnotPrior::Free { sd: knot_sd }
    };
    let mut features = Vec::new();
    let mut push = |name: &str, sd: f64, spread: Option<usize>, values: Vec<f64>| {
        features.push(Feature { name: name.to_owned(), sd, scale: None, spread, values });
    };
    let spread =
        several.then(|| parameters.add_scale("level_spread", own.level_spread.unwrap_or(defaults::LEVEL_SPREAD)));
    push("level", own.level_sd.unwrap_or(defaults::LEVEL_SD), spread, vec![1.0; geos * periods]);

    let mut seasons = Vec::new();
    for k in 1..=spec.season_yearly {
        seasons.push((format!("year_{k}"), k as f64 / 365.25));
    }
    if data.cadence == crate::data::calendar::Cadence::Daily {
        for k in 1..=spec.season_weekly.min(3) {
            seasons.push((format!("week_{k}"), k as f64 / 7.0));
        }
    }
    let spread = (several && spec.season_by_geo && !seasons.is_empty())
        .then(|| parameters.add_scale("season_spread", own.season_spread.unwrap_or(defaults::SEASON_SPREAD)));
    // The middle of a period is what its season is.
    let middle = 0.5 * f64::from(data.cadence.days() - 1);
    for (name, frequency) in seasons {
        for (part, wave) in [("sin", f64::sin as fn(f64) -> f64), ("cos", f64::cos)] {
            let one: Vec<f64> = data
                .dates
                .iter()
                .map(|d| wave(std::f64::consts::TAU * frequency * (day_number(*d) as f64 + middle)))
                .collect();
            push(
                &format!("season_{name}_{part}"),
                own.season_sd.unwrap_or(defaults::SEASON_SD),
                spread,
                one.repeat(geos),
            );
        }
    }
    for holiday in &data.holidays {
        push(
            &format!("holiday[{}]", holiday.name),
            own.holiday_sd.unwrap_or(defaults::HOLIDAY_SD),
            None,
            holiday.values.clone(),
        );
    }
    for control in &data.controls {
        let spread = several.then(|| {
            let prior = own.control_spread.unwrap_or(defaults::CONTROL_SPREAD);
            parameters.add_scale(&format!("control_spread[{}]", control.name), prior)
        });
        let per_head = project.controls.iter().any(|c| c.per_head && c.column == control.name);
        let head = |i: usize| if per_head { data.population[i / periods] } else { 1.0 };
        let raw: Vec<f64> = control.values.iter().enumerate().map(|(i, x)| x / head(i)).collect();
        let n = raw.len() as f64;
        let mean = raw.iter().sum::<f64>() / n;
        let sd = (raw.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let sd = if sd > 0.0 { sd } else { 1.0 };
        let values = raw.iter().map(|x| (x - mean) / sd).collect();
        push(&format!("control[{}]", control.name), own.control_sd.unwrap_or(defaults::CONTROL_SD), spread, values);
    }
    if !followers.is_empty() {
        let scale = parameters.add_scale("hidden_demand", own.hidden_demand.unwrap_or(defaults::HIDDEN_DEMAND));
        for (name, values) in followers {
            let name = format!("hidden_demand[{name}]");
            features.push(Feature { name, sd: 1.0, scale: Some(scale), spread: None, values });
        }
    }
    let local = features.iter().enumerate().filter(|(_, f)| f.spread.is_some()).map(|(i, _)| i).collect();
    Baseline { geos, periods, knots, between: interpolation(&positions, periods), knot_prior, features, local }
}

fn noise(spec: &ModelSpec, data: &Dataset, parameters: &mut Parameters) -> Noise {
    let own = &spec.priors;
    let prior = own.sigma.unwrap_or(defaults::SIGMA);
    let sigma = if spec.noise.sigma_per_geo && data.n_geos() > 1 {
        data.geos.iter().map(|g| parameters.add(&format!("sigma[{g}]"), prior)).collect()
    } else {
        vec![parameters.add("sigma", prior)]
    };
    let rho = spec.noise.ar1.then(|| parameters.add("ar1", own.ar1.unwrap_or(defaults::AR1)));
    let df = spec.noise.student_t.then(|| parameters.add("student_df", own.student_df.unwrap_or(defaults::STUDENT_DF)));
    let periods = data.n_periods();
    let runs = (0..data.n_geos())
        .map(|g| {
            let mut runs: Vec<(usize, usize)> = Vec::new();
            for t in 0..periods {
                if data.outcome[g * periods + t].is_nan() {
                    continue;
                }
                match runs.last_mut() {
                    Some(run) if run.1 == t => run.1 = t + 1,
                    _ => runs.push((t, t + 1)),
                }
            }
            runs
        })
        .collect();
    Noise { sigma, rho, df, runs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposure_is_scaled_by_the_median_of_its_non_zero_values() {
        // Meridian, transformers_test.py:110: 0 0 0 10 20 gives 15.
        assert_eq!(median_nonzero(&[0.0, 0.0, 0.0, 10.0, 20.0]), 15.0);
        assert_eq!(median_nonzero(&[3.0, 0.0, 1.0, 2.0]), 2.0);
        assert_eq!(median_nonzero(&[0.0, 0.0]), 1.0);
    }

    #[test]
    fn exposure_is_in_medians_a_head_with_a_population_and_in_shares_of_the_largest_without() {
        use crate::data::testing::{csv, driver, project};
        let table = csv(
            "data.csv",
            "date,geo,y,tv,people
             2024-01-01,A,10,8,2
             2024-01-08,A,12,0,2
             2024-01-15,A,11,4,2
             2024-01-01,B,30,20,4
             2024-01-08,B,31,40,4
             2024-01-15,B,32,0,4",
        );
        let source =
            DriverSource::Channel { spend: "tv".to_owned(), exposure: None, role: crate::project::Role::Creation };
        let scaled = |population: Option<&str>, scale: Option<ExposureScale>| {
            let mut project = project();
            project.data.geo = Some("geo".to_owned());
            project.data.population = population.map(str::to_owned);
            project.model.max_lag = Some(0);
            project.drivers = vec![DriverSpec { scale, ..driver("tv", source.clone()) }];
            let (data, findings) = crate::data::assemble(&project, std::slice::from_ref(&table));
            Model::new(&project, &data.unwrap_or_else(|| panic!("{findings:?}"))).drivers[0].exposure.x.clone()
        };
        // A head: 4, 0, 2 and 5, 10, 0; the median of those that are not zero is 4.5.
        let a_head = [4.0 / 4.5, 0.0, 2.0 / 4.5, 5.0 / 4.5, 10.0 / 4.5, 0.0];
        let of_largest = [1.0, 0.0, 0.5, 0.5, 1.0, 0.0];
        assert_eq!(scaled(Some("people"), None), a_head);
        assert_eq!(scaled(None, None), of_largest);
        assert_eq!(scaled(Some("people"), Some(ExposureScale::GeoMax)), of_largest);
        // One head each: the median of 8, 4, 20, 40 is 14.
        assert_eq!(scaled(None, Some(ExposureScale::Median))[0], 8.0 / 14.0);
    }
}
