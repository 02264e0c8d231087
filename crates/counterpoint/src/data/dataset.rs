//! What the model takes: complete, typed, rectangular arrays. All arrays are `[geos x periods]`, a geo's periods side by side.

use super::calendar::Cadence;
use super::experiment::Experiment;
use super::roster::Roster;
use jiff::civil::Date;

/// What kind of thing moves the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriverKind {
    /// Paid media.
    Channel,
    /// Media without spend.
    Organic,
    /// A non-media action: a promotion, a price. Linear, against a baseline value.
    Treatment,
    /// All creators of one platform together. Not among a dataset's own drivers: it is made of the roster.
    Platform,
}

/// The series of one driver.
#[derive(Debug, Clone, PartialEq)]
pub struct Driver {
    /// Name from the project file.
    pub name: String,
    /// Its kind.
    pub kind: DriverKind,
    /// Exposure (impressions, clicks, reach, spend; the treatment's raw value), `[geos x (history + periods)]`, no missing cell.
    pub exposure: Vec<f64>,
    /// Average frequency of those reached, same shape, where the driver is given by reach and frequency.
    pub frequency: Option<Vec<f64>>,
    /// Spend in currency, `[geos x periods]`; none for organic media and treatments.
    pub spend: Option<Vec<f64>>,
}

/// A series that explains the outcome but is nobody's action: `[geos x periods]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Column name, or the holiday's name.
    pub name: String,
    /// Its values.
    pub values: Vec<f64>,
}

/// Everything the model takes from data. Made by [`super::assemble`]; every array is complete and finite
/// (but the outcome, where a missing cell is `NaN` and is left out of the likelihood).
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Names of the geos, in order of first appearance; one named `national` when the project has none.
    pub geos: Vec<String>,
    /// First day of each outcome period, ascending, without a gap.
    pub dates: Vec<Date>,
    /// Length of a period.
    pub cadence: Cadence,
    /// Exposure periods before the first outcome period (they feed the lags only).
    pub history: usize,
    /// Outcome as it was counted (money, or units), `[geos x periods]`; `NaN` where missing.
    pub outcome: Vec<f64>,
    /// Money a unit of outcome, `[geos x periods]`; all 1 for a revenue outcome.
    pub unit_value: Vec<f64>,
    /// People in each geo, `[geos]`; all 1 when no population is given.
    pub population: Vec<f64>,
    /// Drivers, in the order of the project file: channels, organic media, treatments.
    pub drivers: Vec<Driver>,
    /// Controls, in the order of the project file.
    pub controls: Vec<Control>,
    /// Holidays and other dated events, as shares of the period's days that they cover.
    pub holidays: Vec<Control>,
    /// Creators; none where the project has none.
    pub roster: Option<Roster>,
    /// Experiments: those of the project file, then those of the table.
    pub experiments: Vec<Experiment>,
}

impl Dataset {
    /// Number of geos.
    pub fn n_geos(&self) -> usize {
        self.geos.len()
    }

    /// Number of outcome periods.
    pub fn n_periods(&self) -> usize {
        self.dates.len()
    }
}
