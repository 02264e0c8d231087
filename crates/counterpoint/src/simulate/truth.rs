//! What every driver truly did: the formulas of the model written again as plain loops, and none of its code, so that a
//! mistake there cannot cancel here.

use super::creators::{Effect, KnownRoster, RosterTruth, effect};
use super::market::{Market, MarketDriver, autocorrelated, rounded, value};
use super::market::{Stream, stream};
use super::spec::{ChannelKind, OutcomeWord, SimulationSpec};
use serde::Serialize;
use std::ops::Range;

/// The truth of a simulated market. Money is in currency, contributions in outcome units over the outcome periods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// Seed of the simulation.
    pub seed: u64,
    /// Money a unit of outcome.
    pub unit_value: f64,
    /// Expected outcome, all drivers, controls and the baseline together.
    pub expected: f64,
    /// The part of level, trend and season.
    pub baseline: f64,
    /// The drivers, in the order of the project.
    pub drivers: Vec<DriverTruth>,
    /// The controls, in the order of the project.
    pub controls: Vec<ControlTruth>,
    /// Standard deviation of the noise of the outcome a head.
    pub noise_sd: f64,
    /// Its autocorrelation.
    pub ar1: f64,
    /// Cells in which the outcome would have been negative and is zero: where there are any, the expected outcome is not quite
    /// the mean of the data.
    pub floored_cells: usize,
    /// The creators, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creators: Option<RosterTruth>,
}

/// The truth of one driver.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriverTruth {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: ChannelKind,
    /// Spend; zero where there is none.
    pub spend: f64,
    /// Incremental outcome.
    pub contribution: f64,
    /// Incremental money a unit of spend.
    pub roi: Option<f64>,
    /// The same for the next 1 % of exposure.
    pub marginal_roi: Option<f64>,
    /// Share of the expected outcome.
    pub share: f64,
    /// Share of the carried-over effect that is left after a period.
    pub retention: f64,
    /// Half-saturation in medians of non-zero exposure a head (in contacts, where frequency saturates).
    pub half_saturation: f64,
    /// Hill slope.
    pub slope: f64,
    /// Standard deviation of the effect's logarithm over geos.
    pub geo_spread: f64,
    /// The same by geo.
    pub by_geo: Vec<GeoTruth>,
}

/// The truth of a driver in one geo.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GeoTruth {
    /// Name of the geo.
    pub geo: String,
    /// Spend.
    pub spend: f64,
    /// Incremental outcome.
    pub contribution: f64,
    /// Incremental money a unit of spend; none without spend.
    pub roi: Option<f64>,
    /// Outcome a head and period at full saturation (of a treatment: while it is on).
    pub coefficient: f64,
}

/// The truth of a control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlTruth {
    /// Column.
    pub name: String,
    /// Outcome a head and period that one unit brings.
    pub slope: f64,
    /// Its sum over geos and periods, in outcome units.
    pub contribution: f64,
}

/// Everything that is known of a market, series `[geos x periods]` in outcome units.
pub(super) struct Known {
    pub(super) truth: Truth,
    /// By driver.
    pub(super) contributions: Vec<Vec<f64>>,
    /// By control.
    pub(super) controls: Vec<Vec<f64>>,
    pub(super) baseline: Vec<f64>,
    pub(super) outcome: Vec<f64>,
    pub(super) roster: Option<KnownRoster>,
}

/// Media response of a driver, `[geos x periods]`, with the exposure of each cell of `[geos x (history + periods)]` multiplied by `factor`: Hill of the geometric carry-over of
/// exposure a head over its median; for reach and frequency the carry-over of reach times Hill of frequency; a treatment as it is.
pub(super) fn response(
    driver: &MarketDriver,
    people: &[f64],
    history: usize,
    max_lag: usize,
    factor: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let all = driver.exposure.len() / people.len();
    let periods = all - history;
    let mut out = Vec::with_capacity(people.len() * periods);
    if driver.kind == ChannelKind::Treatment {
        out.extend((0..driver.exposure.len()).filter(|i| i % all >= history).map(|i| driver.exposure[i] * factor(i)));
        return out;
    }
    let mut heads: Vec<f64> = driver.exposure.iter().enumerate().map(|(i, x)| x / people[i / all]).collect();
    let median = median_of_positive(&heads);
    for (i, x) in heads.iter_mut().enumerate() {
        *x = *x / median * factor(i);
    }
    let (e, h) = (driver.half_saturation, driver.slope);
    let hill = |x: f64| if x > 0.0 { x.powf(h) / (x.powf(h) + e.powf(h)) } else { 0.0 };
    let mut weights = 0.0;
    for lag in 0..=max_lag {
        weights += driver.retention.powi(lag as i32);
    }
    for g in 0..people.len() {
        for t in history..all {
            let mut sum = 0.0;
            for lag in 0..=max_lag.min(t) {
                let at = g * all + t - lag;
                let dose = match &driver.frequency {
                    Some(frequency) => heads[at] * hill(frequency[at]),
                    None => heads[at],
                };
                sum += driver.retention.powi(lag as i32) * dose;
            }
            let carried = sum / weights;
            out.push(if driver.frequency.is_some() { carried } else { hill(carried) });
        }
    }
    out
}

pub(super) fn median_of_positive(values: &[f64]) -> f64 {
    let mut some: Vec<f64> = values.iter().copied().filter(|x| *x > 0.0).collect();
    some.sort_by(f64::total_cmp);
    match some.len() {
        0 => 1.0,
        n if n.is_multiple_of(2) => 0.5 * (some[n / 2 - 1] + some[n / 2]),
        n => some[n / 2],
    }
}

/// The truth and an outcome with noise.
pub(super) fn know(spec: &SimulationSpec, market: &Market) -> Known {
    let (geos, periods, history) = (market.people.len(), spec.periods, spec.history);
    let all = history + periods;
    let people = |i: usize| market.people[i / periods];
    // From [geos x all] a head to [geos x periods] in outcome units.
    let in_units = |heads: &[f64], factor: f64| -> Vec<f64> {
        (0..geos * periods).map(|i| factor * heads[i / periods * all + history + i % periods] * people(i)).collect()
    };
    let baseline = in_units(&market.baseline, 1.0);
    let controls: Vec<Vec<f64>> = market.controls.iter().map(|c| in_units(&c.values, c.slope)).collect();
    let baseline_total: f64 = baseline.iter().sum();
    let mut contributions = Vec::new();
    let mut drivers = Vec::new();
    for driver in &market.drivers {
        let (series, truth) = know_driver(spec, market, driver, baseline_total);
        contributions.push(series);
        drivers.push(truth);
    }
    let mut expected = baseline.clone();
    let roster = spec.creators.as_ref().zip(market.roster.as_ref());
    let together: Option<Effect> = roster.map(|(wanted, roster)| {
        effect(spec, market, roster, (wanted.followers_slope, wanted.fake_worth), baseline_total)
    });
    for part in controls.iter().chain(&contributions).chain(together.iter().flat_map(|e| &e.platforms)) {
        expected.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
    let total: f64 = expected.iter().sum();
    for driver in &mut drivers {
        driver.share = driver.contribution / total;
    }
    let noise_sd = spec.noise * sd_within(&expected, &market.people);
    let mut rng = stream(spec.seed, Stream::Noise);
    let mut floored_cells = 0;
    let mut outcome = Vec::with_capacity(expected.len());
    for (g, n) in market.people.iter().enumerate() {
        let noise = autocorrelated(spec.ar1, periods, &mut rng);
        for t in 0..periods {
            let y = expected[g * periods + t] + noise_sd * noise[t] * n;
            floored_cells += usize::from(y < 0.0);
            let digits = if spec.outcome == OutcomeWord::Count { 0 } else { 2 };
            outcome.push(rounded(y.max(0.0), digits));
        }
    }
    let control_truth = |(c, series): (&super::market::MarketControl, &Vec<f64>)| ControlTruth {
        name: c.name.clone(),
        slope: c.slope,
        contribution: series.iter().sum(),
    };
    let roster = roster.zip(together).map(|((wanted, roster), effect)| {
        super::creators::know(spec, wanted, (market, roster), effect, (&outcome, total))
    });
    let truth = Truth {
        seed: spec.seed,
        unit_value: value(spec),
        expected: total,
        baseline: baseline_total,
        drivers,
        controls: market.controls.iter().zip(&controls).map(control_truth).collect(),
        noise_sd,
        ar1: spec.ar1,
        floored_cells,
        creators: roster.as_ref().map(|r| r.truth.clone()),
    };
    Known { truth, contributions, controls, baseline, outcome, roster }
}

/// Contribution of a driver, `[geos x periods]` in outcome units, and its summary (the share is filled in later).
fn know_driver(
    spec: &SimulationSpec,
    market: &Market,
    driver: &MarketDriver,
    baseline: f64,
) -> (Vec<f64>, DriverTruth) {
    let (periods, history) = (spec.periods, spec.history);
    let all = history + periods;
    let unit = value(spec);
    let f = response(driver, &market.people, history, market.max_lag, |_| 1.0);
    let raised = response(driver, &market.people, history, market.max_lag, |_| 1.01);
    let spend_of =
        |g: usize| -> f64 { driver.spend.as_ref().map_or(0.0, |s| s[g * all + history..(g + 1) * all].iter().sum()) };
    let geos = 0..market.people.len();
    let spend: f64 = geos.clone().map(spend_of).sum();
    let wanted = match (driver.roi, driver.share) {
        (Some(roi), _) => roi * spend / unit,
        (None, share) => share.unwrap_or(0.0) * baseline,
    };
    // beta[g] = exp(b + spread d[g]), b such that the sum over geos and periods is what is wanted.
    let relative = |g: usize| (driver.geo_spread * driver.deviations[g]).exp();
    let mut sum = 0.0;
    for i in 0..f.len() {
        sum += relative(i / periods) * f[i] * market.people[i / periods];
    }
    let beta = |g: usize| wanted / sum * relative(g);
    let series = |f: &[f64]| -> Vec<f64> {
        (0..f.len()).map(|i| beta(i / periods) * f[i] * market.people[i / periods]).collect()
    };
    let contribution = series(&f);
    let more: f64 = series(&raised).iter().sum::<f64>() - contribution.iter().sum::<f64>();
    let by_geo = geos.map(|g| {
        let own: f64 = contribution[g * periods..(g + 1) * periods].iter().sum();
        GeoTruth {
            geo: market.geos[g].clone(),
            spend: spend_of(g),
            contribution: own,
            roi: (spend_of(g) > 0.0).then(|| own * unit / spend_of(g)),
            coefficient: beta(g),
        }
    });
    let total: f64 = contribution.iter().sum();
    let truth = DriverTruth {
        name: driver.name.clone(),
        kind: driver.kind,
        spend,
        contribution: total,
        roi: (spend > 0.0).then(|| total * unit / spend),
        marginal_roi: (spend > 0.0).then(|| more * unit / (0.01 * spend)),
        share: 0.0,
        retention: driver.retention,
        half_saturation: driver.half_saturation,
        slope: driver.slope,
        geo_spread: driver.geo_spread,
        by_geo: by_geo.collect(),
    };
    (contribution, truth)
}

/// What a driver's exposure truly brought against its exposure multiplied by `otherwise` in some geos and outcome periods, in outcome units, counted
/// over those periods and the `cooldown` periods after them; none where there is no such driver.
pub(super) fn lift(
    spec: &SimulationSpec,
    market: &Market,
    name: &str,
    (geos, window, cooldown): (&[usize], Range<usize>, usize),
    otherwise: f64,
) -> Option<f64> {
    let driver = market.drivers.iter().find(|d| d.name == name)?;
    let (periods, history) = (spec.periods, spec.history);
    let all = history + periods;
    let baseline = (0..market.people.len() * periods)
        .map(|i| market.baseline[i / periods * all + history + i % periods] * market.people[i / periods])
        .sum();
    let (_, truth) = know_driver(spec, market, driver, baseline);
    let changed =
        |i: usize| geos.contains(&(i / all)) && (i % all).checked_sub(history).is_some_and(|t| window.contains(&t));
    let run = response(driver, &market.people, history, market.max_lag, |_| 1.0);
    let without =
        response(driver, &market.people, history, market.max_lag, |i| if changed(i) { otherwise } else { 1.0 });
    let until = (window.end + cooldown).min(periods);
    let one = |&g: &usize| -> f64 {
        let scale = truth.by_geo[g].coefficient * market.people[g];
        (window.start..until).map(|t| scale * (run[g * periods + t] - without[g * periods + t])).sum()
    };
    Some(geos.iter().map(one).sum())
}

/// Standard deviation over time of the expected outcome a head, pooled over geos.
fn sd_within(expected: &[f64], people: &[f64]) -> f64 {
    let periods = expected.len() / people.len();
    let mut squares = 0.0;
    for (geo, n) in expected.chunks(periods).zip(people) {
        let mean = geo.iter().sum::<f64>() / periods as f64;
        squares += geo.iter().map(|y| ((y - mean) / n).powi(2)).sum::<f64>();
    }
    (squares / expected.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::market::market;
    use super::super::{ChannelSpec, simulate};
    use super::*;
    use crate::data::assemble;
    use crate::model::build::Model;
    use crate::model::response::{Response, ShapeValues};
    use crate::project::ExposureScale;

    #[test]
    fn the_response_agrees_with_the_models_own_on_every_kind_of_driver() {
        let channel = |kind| ChannelSpec { kind, ..ChannelSpec::default() };
        for (geos, history) in [(1, 0), (3, 5), (3, 12)] {
            let spec = SimulationSpec {
                geos,
                history,
                periods: 60,
                channel: vec![
                    channel(ChannelKind::Paid),
                    channel(ChannelKind::ReachFrequency),
                    channel(ChannelKind::Organic),
                ],
                ..SimulationSpec::default()
            };
            let mut simulation = simulate(&spec).unwrap();
            for driver in &mut simulation.project.drivers {
                driver.scale = Some(ExposureScale::Median);
            }
            let (data, _) = assemble(&simulation.project, &simulation.tables);
            let model = Model::new(&simulation.project, &data.unwrap());
            let market = market(&spec);
            for (driver, made) in model.drivers.iter().zip(&market.drivers) {
                let values =
                    ShapeValues { adstock: [made.retention, 0.0], saturation: [made.half_saturation, made.slope] };
                let mut own = Response::new(&driver.shape);
                own.forward(&driver.shape, &values, &driver.exposure);
                let plain = response(made, &market.people, history, market.max_lag, |_| 1.0);
                assert!(plain.iter().any(|f| *f > 0.1));
                for (a, b) in own.f.iter().zip(&plain) {
                    assert!((a - b).abs() < 1e-9 * (1.0 + b), "{}: {a} {b}", made.name);
                }
            }
        }
    }
}
