//! What a simulated market is: plain data, the keys of the simulation file as they are named there.

use super::creators::RosterSpec;
use crate::data::calendar::Cadence;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A market to simulate. Every key is optional; what is left out keeps its default, or is drawn by the seed where it says so.
///
/// ```toml
/// seed    = 7
/// periods = 104
/// geos    = 5
/// [[channel]]
/// name = "search"
/// roi  = 2.0
/// [[channel]]
/// name    = "newsletter"
/// kind    = "organic"
/// pattern = "seasonal"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulationSpec {
    /// Name of the project.
    pub name: String,
    /// Its currency.
    pub currency: String,
    /// Seed: the same spec and seed give the same bytes.
    pub seed: u64,
    /// Outcome periods (156).
    pub periods: usize,
    /// Periods before the first outcome, with exposure and spend only (0).
    pub history: usize,
    /// First day of the first outcome period (2022-01-03).
    #[serde(with = "date_text")]
    pub start: Date,
    /// `weekly` (default) or `daily`.
    pub cadence: Cadence,
    /// Number of geos; 1 (default) is national, without geo and population columns.
    pub geos: usize,
    /// People in a geo, drawn log-uniformly between the two.
    pub population: PopulationRange,
    /// The first geos, `[[geo]]` in the file: their names and people. What is left out is drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub geo: Vec<GeoSpec>,
    /// `revenue` (default) or `count`.
    pub outcome: OutcomeWord,
    /// Money an order (40): the unit of a count, and what tracked orders are worth.
    pub unit_value: f64,
    /// Part of the outcome's money that is margin, which the project takes over; none: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Outcome a head and period of an average geo before trend, season, controls and media (1 a week; a daily market
    /// of the same size has 1/7).
    pub baseline: f64,
    /// How much levels differ between geos: standard deviation of their logarithm (0.15).
    pub level_spread: f64,
    /// Linear growth a year, as a share of the baseline (0.04).
    pub trend: f64,
    /// Step of a random walk around it from period to period, as a share of the baseline (0.004).
    pub trend_step: f64,
    /// Height of the yearly season, as a share of the baseline (0.12).
    pub season: f64,
    /// Number of controls (2).
    pub controls: usize,
    /// Columns of the first controls, of letters, digits and `_`; none: `control_1`, ….
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub control_names: Vec<String>,
    /// Effect of a control that is one standard deviation high, as a share of the baseline; signs alternate (0.04).
    pub control_effect: f64,
    /// Demand that no column shows: standard deviation of an autocorrelated series, half of it the same in all geos, as a share of the
    /// baseline (0). It counts as baseline, and spend follows it as it follows season and controls.
    pub hidden_demand: f64,
    /// How much spend follows demand (season, controls and hidden demand), in [0, 1]: the correlation of the two on the log scale,
    /// while a channel runs (0.3).
    pub confounding: f64,
    /// Standard deviation of the noise as a share of that of the expected outcome over time, within geos (0.4).
    pub noise: f64,
    /// Autocorrelation of the noise, in (-1, 1) (0).
    pub ar1: f64,
    /// Longest carry-over in periods; none: 8 weeks, or 56 days.
    pub max_lag: Option<usize>,
    /// Number of drivers, those of `channel` included; none: as many as are listed, or 4.
    pub channels: Option<usize>,
    /// Drivers, `[[channel]]` in the file. What is left out of one is drawn.
    pub channel: Vec<ChannelSpec>,
    /// Creators, `[creators]` in the file; none: no creators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creators: Option<RosterSpec>,
}

/// One geo of a simulated market.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeoSpec {
    /// Name; none: `geo_1`, ….
    pub name: Option<String>,
    /// People; none: drawn.
    pub population: Option<f64>,
}

/// People in a geo.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PopulationRange {
    /// Fewest (200 000).
    pub min: f64,
    /// Most (2 000 000).
    pub max: f64,
}

/// What the outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeWord {
    /// Money, in column `revenue`.
    Revenue,
    /// Whole orders, in column `orders`.
    Count,
}

/// One driver of a simulated market.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSpec {
    /// Name, of letters, digits, `_` and spaces; none: `channel_1`, …. In names of columns, spaces are `_`.
    pub name: Option<String>,
    /// `paid` (default), `organic`, `reach_frequency` (paid) or `treatment`.
    pub kind: ChannelKind,
    /// Whether it harvests demand (paid only); the project takes it over, and the market is the same.
    pub capture: bool,
    /// Platform that it runs on, as the creators' one is called; the project takes it over, and the market is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// When it runs; none: drawn. A treatment is always a series of short actions.
    pub pattern: Option<Pattern>,
    /// Average spend of a period over all geos while simulated, in currency; none: drawn, about 4 % of the baseline's money.
    pub spend_per_period: Option<f64>,
    /// Money an impression; none: drawn, about 0.01.
    pub cost_per_exposure: Option<f64>,
    /// Incremental money a unit of spend over the outcome periods (paid only); none: drawn, about 1.3.
    pub roi: Option<f64>,
    /// Contribution over the outcome periods as a share of the baseline (organic and treatments only); none: drawn, about 3 %.
    pub share: Option<f64>,
    /// Share of the carried-over effect that is left after a period, in [0, 1); none: drawn between 0.1 and 0.8.
    pub retention: Option<f64>,
    /// Half-saturation in medians of non-zero exposure a head (for `reach_frequency`: in contacts); none: drawn, about 1 (2).
    pub half_saturation: Option<f64>,
    /// Hill slope; none: drawn, about 1 (for `reach_frequency` 1.6).
    pub slope: Option<f64>,
    /// Standard deviation of the effect's logarithm over geos; none: drawn between 0 and 0.5.
    pub geo_spread: Option<f64>,
}

/// Kind of a simulated driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Spend and impressions.
    #[default]
    Paid,
    /// Impressions without spend.
    Organic,
    /// Spend, reach and average frequency.
    ReachFrequency,
    /// A non-media action, on or off, the same in all geos; its effect is linear and at once.
    Treatment,
}

impl ChannelKind {
    /// Whether it has spend.
    pub fn is_paid(self) -> bool {
        matches!(self, ChannelKind::Paid | ChannelKind::ReachFrequency)
    }
}

/// When a driver runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// All the time.
    AlwaysOn,
    /// Flights of 3 to 8 weeks with 2 to 6 weeks between them.
    Flighted,
    /// A yearly wave with its own peak.
    Seasonal,
    /// A quarter on, a quarter off.
    OnOff,
    /// Nothing in the first third.
    DelayedStart,
    /// From a third of its average to five thirds.
    Growing,
}

impl Default for SimulationSpec {
    fn default() -> Self {
        SimulationSpec {
            name: "Simulated market".to_owned(),
            currency: "USD".to_owned(),
            seed: 1,
            periods: 156,
            history: 0,
            start: jiff::civil::date(2022, 1, 3),
            cadence: Cadence::Weekly,
            geos: 1,
            population: PopulationRange::default(),
            geo: Vec::new(),
            outcome: OutcomeWord::Revenue,
            unit_value: 40.0,
            margin: None,
            baseline: 1.0,
            level_spread: 0.15,
            trend: 0.04,
            trend_step: 0.004,
            season: 0.12,
            controls: 2,
            control_names: Vec::new(),
            control_effect: 0.04,
            hidden_demand: 0.0,
            confounding: 0.3,
            noise: 0.4,
            ar1: 0.0,
            max_lag: None,
            channels: None,
            channel: Vec::new(),
            creators: None,
        }
    }
}

impl Default for PopulationRange {
    fn default() -> Self {
        PopulationRange { min: 200_000.0, max: 2_000_000.0 }
    }
}

/// Dates as `"2022-01-03"`, or as TOML's own dates, which reach serde as a map with one text.
mod date_text {
    use jiff::civil::Date;
    use serde::de::{Deserializer, Error, MapAccess, Visitor};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(date: &Date, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(date)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Date;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a date such as 2022-01-03")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Date, E> {
                text.parse().map_err(|_| E::custom(format!("`{text}` is no date such as 2022-01-03")))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Date, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((_, text)) => self.visit_str(&text),
                    None => Err(A::Error::custom("an empty table is no date")),
                }
            }
        }
        from.deserialize_any(Text)
    }
}
