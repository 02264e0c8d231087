//! What may be typed after `experiment`.

use crate::args::probability;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

/// The verbs of `experiment`.
#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    /// Read what an experiment did, from a table of units and periods
    #[command(after_help = READ)]
    Read(Box<ReadArgs>),
}

const READ: &str = "\
Examples:
  counterpoint experiment read sales.csv --unit city --time date --outcome orders \\
      --treated chicago,portland --start 2021-04-01 --end 2021-04-15 --cost 30000
  counterpoint experiment read packs.csv --unit state --time year --outcome packs \\
      --treatment treated --method sdid
  counterpoint experiment read daily.csv --time date --outcome visits --covariates search \\
      --start 2026-03-02 --method bsts               a national campaign, no control group

Methods: ascm  synthetic control corrected by a ridge regression (the default)
         scm   synthetic control
         sdid  synthetic difference-in-differences; the default for staggered starts
         tbr   regression of the treated total on the control total
         bsts  structural time series; other units and covariates are regressors

Exit code 1 where the table cannot be read so, with what to do. docs/experiments.md has the formulas.";

/// The panel that both verbs take.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PanelArgs {
    /// Table (CSV or Parquet) with a row a unit and period
    pub(crate) panel: PathBuf,
    /// Column of the units: regions, creators, products. Leave it out where there is one
    #[arg(long, value_name = "COLUMN")]
    pub(crate) unit: Option<String>,
    /// Column of the periods: dates, or anything that is a number, a month or a quarter
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: String,
    /// Column of the outcome
    #[arg(long, value_name = "COLUMN")]
    pub(crate) outcome: String,
    /// Take a row or an outcome that is missing for 0. Without it, a unit with such a gap is left out
    #[arg(long)]
    pub(crate) fill_zero: bool,
}

/// `experiment read`
#[derive(Debug, clap::Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
    /// Treated units, separated by commas
    #[arg(long, value_name = "UNITS", requires = "start", conflicts_with = "treatment")]
    pub(crate) treated: Vec<String>,
    /// First period of the test
    #[arg(long, value_name = "PERIOD", conflicts_with = "treatment", allow_hyphen_values = true)]
    pub(crate) start: Option<String>,
    /// Last period of the test [default: the last of the table]
    #[arg(long, value_name = "PERIOD", conflicts_with = "treatment", allow_hyphen_values = true)]
    pub(crate) end: Option<String>,
    /// Column that is 1 where a unit is treated in a period and 0 elsewhere; starts may differ
    #[arg(long, value_name = "COLUMN")]
    pub(crate) treatment: Option<String>,
    /// Periods after the test that count to the effect too
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) cooldown: usize,
    /// How to read it [default: ascm; sdid where starts differ]
    #[arg(long, value_enum)]
    pub(crate) method: Option<MethodArg>,
    /// What the treatment cost, for a return
    #[arg(long, value_name = "MONEY", value_parser = positive)]
    pub(crate) cost: Option<f64>,
    /// Columns that the treatment does not touch, separated by commas
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) covariates: Vec<String>,
    /// Regress outcomes on the covariates first, instead of matching both (ascm, scm)
    #[arg(long, requires = "covariates")]
    pub(crate) residualise: bool,
    /// Match levels too, instead of movements around each unit's own level (ascm, scm)
    #[arg(long)]
    pub(crate) no_fixed_effects: bool,
    /// Probability of the intervals
    #[arg(long, value_name = "P", value_parser = probability, default_value = "0.9")]
    pub(crate) level: f64,
    /// Seed (bsts)
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Table to write the result to as a row that `fit` can take for data; a row of the same name is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Name of the experiment in that table [default: the name of the panel's file]
    #[arg(long, requires = "out")]
    pub(crate) name: Option<String>,
    /// Driver that was changed, for that table
    #[arg(long, requires = "out")]
    pub(crate) driver: Option<String>,
    /// What the driver was multiplied by, for that table; 0 is off
    #[arg(long, value_name = "X", requires = "out", value_parser = not_negative)]
    pub(crate) change: Option<f64>,
}

/// The methods, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodArg {
    Ascm,
    Scm,
    Sdid,
    Tbr,
    Bsts,
}

/// A number above zero.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number above 0".to_owned()),
    }
}

/// A number that is not below zero.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x >= 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number that is not below 0".to_owned()),
    }
}
