//! Draws a market by its seed: geos, demand, when each driver runs, its exposure and its true parameters.
//!
//! Every part has a random stream of its own, so that one more channel changes no other.

use super::creators::{Roster, roster};
use super::spec::{ChannelKind, ChannelSpec, Pattern, SimulationSpec};
use crate::data::calendar::{Cadence, day_number};
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use jiff::ToSpan;
use jiff::civil::Date;
use rand::{Rng, RngExt};
use std::f64::consts::TAU;

const STREAM: u64 = 1 << 41;

/// Streams within the simulation.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Geos,
    Demand,
    Noise,
    Hidden,
    Control(usize),
    Driver(usize),
    Platform(usize),
    Person(usize),
    Posts(usize),
    Tracked(usize),
}

pub(super) fn stream(seed: u64, stream: Stream) -> impl Rng {
    let at = match stream {
        Stream::Geos => 0,
        Stream::Demand => 1,
        Stream::Noise => 2,
        Stream::Hidden => 3,
        Stream::Control(i) => (1 << 20) + i as u64,
        Stream::Driver(i) => (1 << 21) + i as u64,
        Stream::Platform(i) => (1 << 22) + i as u64,
        Stream::Person(i) => (1 << 23) + i as u64,
        Stream::Posts(i) => (1 << 24) + i as u64,
        Stream::Tracked(i) => (1 << 25) + i as u64,
    };
    chain_rng(seed, STREAM + at)
}

/// A market without its outcome. Series are `[geos x (history + periods)]`.
pub(super) struct Market {
    pub(super) geos: Vec<String>,
    pub(super) people: Vec<f64>,
    pub(super) dates: Vec<Date>,
    /// Level, trend and season a head.
    pub(super) baseline: Vec<f64>,
    pub(super) controls: Vec<MarketControl>,
    pub(super) drivers: Vec<MarketDriver>,
    pub(super) roster: Option<Roster>,
    pub(super) max_lag: usize,
}

pub(super) struct MarketControl {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
    /// Outcome a head that one unit brings.
    pub(super) slope: f64,
}

/// A driver with its true shape. `share` and `roi` say how large it is; exactly one of them is set.
pub(super) struct MarketDriver {
    pub(super) name: String,
    pub(super) kind: ChannelKind,
    pub(super) capture: bool,
    pub(super) spend: Option<Vec<f64>>,
    /// Impressions, reach, or the treatment.
    pub(super) exposure: Vec<f64>,
    pub(super) frequency: Option<Vec<f64>>,
    pub(super) roi: Option<f64>,
    pub(super) share: Option<f64>,
    pub(super) retention: f64,
    pub(super) half_saturation: f64,
    pub(super) slope: f64,
    pub(super) geo_spread: f64,
    /// Standardised deviation of each geo's log effect.
    pub(super) deviations: Vec<f64>,
}

/// Number of drivers.
pub(super) fn drivers(spec: &SimulationSpec) -> usize {
    let listed = spec.channel.len();
    spec.channels.unwrap_or(if listed == 0 { 4 } else { listed }).max(listed)
}

/// Their names.
pub(super) fn driver_names(spec: &SimulationSpec) -> Vec<String> {
    let given = |i: usize| spec.channel.get(i).and_then(|c| c.name.clone());
    (0..drivers(spec).min(10_000)).map(|i| given(i).unwrap_or_else(|| format!("channel_{}", i + 1))).collect()
}

pub(super) fn market(spec: &SimulationSpec) -> Market {
    let all = spec.history + spec.periods;
    let days = i64::from(spec.cadence.days());
    let dates: Vec<Date> =
        (0..all as i64).map(|t| spec.start.saturating_add(((t - spec.history as i64) * days).days())).collect();
    let mut rng = stream(spec.seed, Stream::Geos);
    let width = spec.geos.to_string().len();
    let geos: Vec<String> = match spec.geos {
        1 => vec!["national".to_owned()],
        n => (0..n).map(|g| geo_name(spec, g).unwrap_or_else(|| format!("geo_{:0width$}", g + 1))).collect(),
    };
    let (low, high) = (spec.population.min.ln(), spec.population.max.ln());
    let drawn: Vec<f64> = geos.iter().map(|_| (low + (high - low) * rng.random::<f64>()).exp().round()).collect();
    let given = |g: usize| spec.geo.get(g).and_then(|geo| geo.population);
    let people: Vec<f64> = drawn.iter().enumerate().map(|(g, n)| given(g).unwrap_or(*n)).collect();
    let level: Vec<f64> =
        geos.iter().map(|_| spec.baseline * (spec.level_spread * standard_normal(&mut rng)).exp()).collect();
    let controls: Vec<MarketControl> = (0..spec.controls).map(|i| control(spec, i, all)).collect();
    let (shape, season) = demand(spec, &dates);
    let mut baseline: Vec<f64> = level.iter().flat_map(|l| shape.iter().map(move |s| l * s)).collect();
    // What spend follows: season, controls and hidden demand, standardised over all cells.
    let mut pull: Vec<f64> = (0..geos.len() * all)
        .map(|i| season[i % all] + controls.iter().map(|c| c.slope / spec.baseline * c.values[i]).sum::<f64>())
        .collect();
    if spec.hidden_demand > 0.0 {
        for (i, hidden) in hidden(spec, all).into_iter().enumerate() {
            baseline[i] += level[i / all] * hidden;
            pull[i] += hidden;
        }
    }
    standardise(&mut pull);
    let names = driver_names(spec);
    let money = spec.baseline * people.iter().sum::<f64>() * value(spec);
    let drivers = names
        .into_iter()
        .enumerate()
        .map(|(i, name)| {
            let wanted = spec.channel.get(i).cloned().unwrap_or_default();
            driver(spec, i, name, &wanted, &people, &pull, money)
        })
        .collect();
    let longest = if spec.cadence == Cadence::Daily { 56 } else { 8 };
    let max_lag = spec.max_lag.unwrap_or(longest).min(all - 1);
    let roster = spec.creators.as_ref().map(|wanted| roster(spec, wanted, &people));
    Market { geos, people, dates, baseline, controls, drivers, roster, max_lag }
}

/// The name given to a geo.
pub(super) fn geo_name(spec: &SimulationSpec, g: usize) -> Option<String> {
    spec.geo.get(g).and_then(|geo| geo.name.clone())
}

/// Money a unit of outcome.
pub(super) fn value(spec: &SimulationSpec) -> f64 {
    match spec.outcome {
        super::spec::OutcomeWord::Revenue => 1.0,
        super::spec::OutcomeWord::Count => spec.unit_value,
    }
}

/// Level of demand over time (about 1), and its seasonal part.
fn demand(spec: &SimulationSpec, dates: &[Date]) -> (Vec<f64>, Vec<f64>) {
    let mut rng = stream(spec.seed, Stream::Demand);
    let (first, second) = (rng.random::<f64>(), rng.random::<f64>());
    let mut walk = 0.0;
    let mut level = Vec::with_capacity(dates.len());
    let mut season = Vec::with_capacity(dates.len());
    let middle = 0.5 * f64::from(spec.cadence.days() - 1);
    for (t, date) in dates.iter().enumerate() {
        let day = day_number(*date) as f64 + middle;
        let years = (t as f64 - spec.history as f64) / spec.cadence.per_year();
        let year = day / 365.25;
        let mut wave = (TAU * (year - first)).cos() + 0.3 * (TAU * 2.0 * (year - second)).cos();
        if spec.cadence == Cadence::Daily {
            wave += 0.5 * (TAU * day / 7.0).cos();
        }
        season.push(spec.season * wave);
        level.push(1.0 + spec.trend * years + walk + spec.season * wave);
        walk += spec.trend_step * standard_normal(&mut rng);
    }
    (level, season)
}

/// Demand that no column shows, as a share of the baseline, `[geos x all]`.
fn hidden(spec: &SimulationSpec, all: usize) -> Vec<f64> {
    let mut rng = stream(spec.seed, Stream::Hidden);
    let common = autocorrelated(0.7, all, &mut rng);
    let share = if spec.geos == 1 { (1.0, 0.0) } else { (0.5_f64.sqrt(), 0.5_f64.sqrt()) };
    (0..spec.geos)
        .flat_map(|_| {
            let own = autocorrelated(0.7, all, &mut rng);
            let both: Vec<f64> =
                common.iter().zip(own).map(|(a, b)| spec.hidden_demand * (share.0 * a + share.1 * b)).collect();
            both
        })
        .collect()
}

/// A control: half of it the same in all geos, autocorrelated by 0.7.
fn control(spec: &SimulationSpec, i: usize, all: usize) -> MarketControl {
    let mut rng = stream(spec.seed, Stream::Control(i));
    let common = autocorrelated(0.7, all, &mut rng);
    let values = (0..spec.geos)
        .flat_map(|_| {
            let own = autocorrelated(0.7, all, &mut rng);
            let both = common.iter().zip(own);
            both.map(|(a, b)| rounded(0.5_f64.sqrt() * (a + b), 4)).collect::<Vec<f64>>()
        })
        .collect();
    let sign = if i.is_multiple_of(2) { 1.0 } else { -1.0 };
    let name = spec.control_names.get(i).cloned().unwrap_or_else(|| format!("control_{}", i + 1));
    MarketControl { name, values, slope: sign * spec.control_effect * spec.baseline }
}

fn driver(
    spec: &SimulationSpec,
    i: usize,
    name: String,
    wanted: &ChannelSpec,
    people: &[f64],
    pull: &[f64],
    money: f64,
) -> MarketDriver {
    let mut rng = stream(spec.seed, Stream::Driver(i));
    let log_normal = |median: f64, sd: f64, rng: &mut dyn Rng| median * (sd * standard_normal(&mut &mut *rng)).exp();
    let reach = wanted.kind == ChannelKind::ReachFrequency;
    let treatment = wanted.kind == ChannelKind::Treatment;
    // All are drawn, wanted or not: what is given changes nothing that is drawn.
    let spend = wanted.spend_per_period.unwrap_or(log_normal(0.04 * money, 0.5, &mut rng));
    let cost = log_normal(0.01, 0.4, &mut rng);
    let cost = wanted.cost_per_exposure.unwrap_or(cost);
    let size = standard_normal(&mut rng);
    let roi = wanted.kind.is_paid().then(|| wanted.roi.unwrap_or(1.3 * (0.5 * size).exp()));
    let share = (!wanted.kind.is_paid()).then(|| wanted.share.unwrap_or(0.03 * (0.5 * size).exp()));
    let retention = 0.1 + 0.7 * rng.random::<f64>();
    let half = if reach { log_normal(2.0, 0.3, &mut rng) } else { log_normal(1.0, 0.4, &mut rng) };
    let slope = log_normal(if reach { 1.6 } else { 1.0 }, 0.25, &mut rng);
    let geo_spread = 0.5 * rng.random::<f64>();
    let deviations = people.iter().map(|_| standard_normal(&mut rng)).collect();
    let patterns = [
        Pattern::AlwaysOn,
        Pattern::Flighted,
        Pattern::Seasonal,
        Pattern::OnOff,
        Pattern::DelayedStart,
        Pattern::Growing,
    ];
    let pattern = patterns[(rng.random::<f64>() * patterns.len() as f64) as usize % patterns.len()];
    let pattern = wanted.pattern.unwrap_or(pattern);
    let mut out = MarketDriver {
        name,
        kind: wanted.kind,
        capture: wanted.capture,
        spend: None,
        exposure: Vec::new(),
        frequency: None,
        roi,
        share,
        retention: if treatment { 0.0 } else { wanted.retention.unwrap_or(retention) },
        half_saturation: wanted.half_saturation.unwrap_or(half),
        slope: wanted.slope.unwrap_or(slope),
        geo_spread: if people.len() == 1 { 0.0 } else { wanted.geo_spread.unwrap_or(geo_spread) },
        deviations,
    };
    if treatment {
        out.exposure = actions(spec, &mut rng).repeat(people.len());
        return out;
    }
    let intensity = intensity(spec, pattern, people, pull, &mut rng);
    let money: Vec<f64> = intensity.iter().map(|x| rounded(spend * x, 2)).collect();
    let impressions: Vec<f64> =
        money.iter().map(|s| (s / cost * (0.1 * standard_normal(&mut rng)).exp()).round()).collect();
    if reach {
        let all = money.len() / people.len();
        let mut reached = vec![0.0; money.len()];
        let mut frequency = vec![0.0; money.len()];
        for cell in 0..money.len() {
            let wish = rounded(1.0 + log_normal(1.5, 0.5, &mut rng), 2);
            if impressions[cell] > 0.0 {
                // Nobody reaches more than four of five people.
                let most = (0.8 * people[cell / all]).floor().max(1.0);
                reached[cell] = (impressions[cell] / wish).round().clamp(1.0, most);
                frequency[cell] = wish;
            }
        }
        out.exposure = reached;
        out.frequency = Some(frequency);
    } else {
        out.exposure = impressions;
    }
    out.spend = wanted.kind.is_paid().then_some(money);
    out
}

/// Intensity of a driver, `[geos x all]`: its sum over geos is 1 in the average outcome period.
fn intensity(spec: &SimulationSpec, pattern: Pattern, people: &[f64], pull: &[f64], rng: &mut impl Rng) -> Vec<f64> {
    let all = spec.history + spec.periods;
    let when = schedule(spec, pattern, rng);
    let common = autocorrelated(0.5, all, rng);
    let follow = spec.confounding;
    let mut out = Vec::with_capacity(people.len() * all);
    for (g, n) in people.iter().enumerate() {
        let favour = if people.len() == 1 { 1.0 } else { (0.2 * standard_normal(rng)).exp() };
        let own = autocorrelated(0.5, all, rng);
        for t in 0..all {
            let chance = if people.len() == 1 { common[t] } else { 0.5_f64.sqrt() * (common[t] + own[t]) };
            let log = 0.4 * (follow * pull[g * all + t] + (1.0 - follow * follow).sqrt() * chance);
            out.push(n * favour * when[t] * log.exp());
        }
    }
    let total: f64 = out.chunks(all).flat_map(|geo| &geo[spec.history..]).sum();
    let mean = total / spec.periods as f64;
    out.iter_mut().for_each(|x| *x /= if mean > 0.0 { mean } else { 1.0 });
    out
}

/// When a driver runs and how much, `[all]`.
fn schedule(spec: &SimulationSpec, pattern: Pattern, rng: &mut impl Rng) -> Vec<f64> {
    let all = spec.history + spec.periods;
    let week = if spec.cadence == Cadence::Daily { 7 } else { 1 };
    let year = spec.cadence.per_year();
    let phase: f64 = rng.random();
    let mut span = |low: usize, high: usize| week * (low + (rng.random::<f64>() * (high - low + 1) as f64) as usize);
    let mut flights = vec![0.0; all];
    let mut t = span(0, 3);
    while t < all {
        let end = (t + span(3, 8)).min(all);
        flights[t..end].fill(1.0);
        t = end + span(2, 6);
    }
    let at = |t: usize| match pattern {
        Pattern::AlwaysOn => 1.0,
        Pattern::Flighted => flights[t],
        Pattern::Seasonal => 1.0 + 0.8 * (TAU * (t as f64 / year - phase)).cos(),
        Pattern::OnOff => f64::from(u8::from((t / (13 * week)).is_multiple_of(2))),
        Pattern::DelayedStart => f64::from(u8::from(t >= spec.history + spec.periods / 3)),
        Pattern::Growing => 1.0 / 3.0 + 4.0 / 3.0 * t as f64 / all as f64,
    };
    (0..all).map(at).collect()
}

/// Short actions of one or two weeks, on about a sixth of the time.
fn actions(spec: &SimulationSpec, rng: &mut impl Rng) -> Vec<f64> {
    let all = spec.history + spec.periods;
    let week = if spec.cadence == Cadence::Daily { 7 } else { 1 };
    let mut out = vec![0.0; all];
    let mut t = spec.history + week * (1 + (rng.random::<f64>() * 4.0) as usize);
    while t < all {
        let end = (t + week * (1 + (rng.random::<f64>() * 2.0) as usize)).min(all);
        out[t..end].fill(1.0);
        t = end + week * (4 + (rng.random::<f64>() * 8.0) as usize);
    }
    out
}

/// Stationary autocorrelated noise of variance 1.
pub(super) fn autocorrelated(rho: f64, n: usize, rng: &mut impl Rng) -> Vec<f64> {
    let mut e = standard_normal(rng);
    let step = (1.0 - rho * rho).sqrt();
    (0..n)
        .map(|t| {
            if t > 0 {
                e = rho * e + step * standard_normal(rng);
            }
            e
        })
        .collect()
}

fn standardise(values: &mut [f64]) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    values.iter_mut().for_each(|x| *x = (*x - mean) / if sd > 1e-12 { sd } else { 1.0 });
}

/// Rounded as people write it, so that a table read back is the table that was simulated.
pub(super) fn rounded(x: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    (x * unit).round() / unit
}
