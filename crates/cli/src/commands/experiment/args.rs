//! What may be typed after `experiment`.

use crate::args::probability;
use clap::{Subcommand, ValueEnum};
use counterpoint_experiment::Method;
use std::path::PathBuf;

/// The verbs of `experiment`.
#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    /// Read what an experiment did, from a table of units and periods
    #[command(after_help = READ)]
    Read(Box<ReadArgs>),
    /// Which units to treat, for how long, and what an effect must be to be found
    #[command(after_help = DESIGN)]
    Design(Box<DesignArgs>),
}

const READ: &str = "\
Examples:
  counterpoint experiment read sales.csv --unit city --time date --outcome orders \\
      --treated chicago,portland --start 2021-04-01 --end 2021-04-15 --cost 30000
  counterpoint experiment read packs.csv --unit state --time year --outcome packs \\
      --treatment treated --method sdid
  counterpoint experiment read daily.csv --time date --outcome visits --covariates search \\
      --start 2026-03-02 --method bsts               a national campaign, no control group
  counterpoint experiment read sales.csv --unit city --time date --outcome orders \\
      --audience creators.csv --creators ana --start 2026-03-02     a creator who posts everywhere

Methods: ascm  synthetic control corrected by a ridge regression (the default)
         scm   synthetic control
         sdid  synthetic difference-in-differences; the default for staggered starts
         tbr   regression of the treated total on the control total
         bsts  structural time series; other units and covariates are regressors
         dose  regression of each unit's change on how much it got; the default with --audience or --dose

Exit code 1 where the table cannot be read so, with what to do. docs/experiments.md has the formulas.";

const DESIGN: &str = "\
Examples:
  counterpoint experiment design sales.csv --unit city --time date --outcome orders
  counterpoint experiment design sales.csv --unit city --time date --outcome orders \\
      --size 2-4 --duration 14,28 --include chicago --exclude honolulu --cpic 7.5 --budget 100000
  counterpoint experiment design sales.csv --unit city --time date --outcome orders \\
      --treated chicago,portland --kind go-dark --spend spend
  counterpoint experiment design tracked.csv --unit creator --time date --outcome orders \\
      --treated ana,ben,cem,dua --staggered 4 --duration 28     who posts when
  counterpoint experiment design sales.csv --unit city --time date --outcome orders \\
      --audience creators.csv --size 1-2         whose effect could be read off where their audience lives

Every plan is tried on windows of the past, with the test that `experiment read` will use: how often it
finds an effect that was put in, and one that was not.";

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

/// Doses: of what is everywhere, but not everywhere alike.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct DoseArgs {
    /// Table of creators with columns followers and audience_<unit>; each unit's dose is their reach by head
    #[arg(long, value_name = "FILE", conflicts_with = "dose")]
    pub(crate) audience: Option<PathBuf>,
    /// Creators of that table, separated by commas: who posted, or who may be tried [default: all, in a design]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "audience")]
    pub(crate) creators: Vec<String>,
    /// Column of heads that reach is divided by [default: the mean outcome before the test]
    #[arg(long, value_name = "COLUMN", requires = "audience")]
    pub(crate) population: Option<String>,
    /// Column of each unit's dose, the same in all its rows
    #[arg(long, value_name = "COLUMN")]
    pub(crate) dose: Option<String>,
}

impl DoseArgs {
    /// Whether doses are given.
    pub(crate) fn given(&self) -> bool {
        self.audience.is_some() || self.dose.is_some()
    }
}

/// `experiment read`
#[derive(Debug, clap::Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
    /// Treated units, separated by commas
    #[arg(long, value_name = "UNITS", requires = "start", conflicts_with_all = ["treatment", "audience", "dose"])]
    pub(crate) treated: Vec<String>,
    /// First period of the test
    #[arg(long, value_name = "PERIOD", conflicts_with = "treatment", allow_hyphen_values = true)]
    pub(crate) start: Option<String>,
    /// Last period of the test [default: the last of the table]
    #[arg(long, value_name = "PERIOD", conflicts_with = "treatment", allow_hyphen_values = true)]
    pub(crate) end: Option<String>,
    /// Column that is 1 where a unit is treated in a period and 0 elsewhere; starts may differ
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["audience", "dose"])]
    pub(crate) treatment: Option<String>,
    #[command(flatten)]
    pub(crate) dose: DoseArgs,
    /// Periods after the test that count to the effect too
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) cooldown: usize,
    /// How to read it [default: ascm; sdid where starts differ; dose with --audience or --dose]
    #[arg(long, value_enum)]
    pub(crate) method: Option<MethodArg>,
    /// Units that are neither treated nor controls: those of another test, or where this one spilled over
    #[arg(long, value_name = "UNITS")]
    pub(crate) exclude: Vec<String>,
    /// What the treatment cost, for a return
    #[arg(long, value_name = "MONEY", value_parser = positive)]
    pub(crate) cost: Option<f64>,
    /// Column of what was spent; the cost is what the treated units spent in the test beyond their mean before
    #[arg(long, value_name = "COLUMN", conflicts_with = "cost")]
    pub(crate) spend: Option<String>,
    /// Columns that the treatment does not touch, separated by commas
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) covariates: Vec<String>,
    /// Regress outcomes on the covariates first, instead of matching both (ascm, scm)
    #[arg(long, requires = "covariates")]
    pub(crate) residualise: bool,
    /// Match levels too, instead of movements around each unit's own level (ascm, scm)
    #[arg(long)]
    pub(crate) no_fixed_effects: bool,
    /// What is taken of noise from one period to the next [default: autocorrelated for tbr, independent for bsts]
    #[arg(long, value_enum)]
    pub(crate) errors: Option<ErrorsArg>,
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

/// `experiment design`
#[derive(Debug, clap::Args)]
pub(crate) struct DesignArgs {
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
    #[command(flatten)]
    pub(crate) dose: DoseArgs,
    /// How many units to treat, or creators to try together: numbers and ranges, such as 2,4 or 1-5 [default: 1-5; 1 with --audience]
    #[arg(long, value_name = "N", value_parser = sizes, conflicts_with_all = ["treated", "dose"])]
    pub(crate) size: Option<Sizes>,
    /// How many periods to test for, separated by commas
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "14,28")]
    pub(crate) duration: Vec<usize>,
    /// Effects to try, shares of the outcome, separated by commas [default: 0.02 to 0.3 in 11 steps; from 0.005 on by dose]
    #[arg(long, value_name = "SHARES", value_delimiter = ',', value_parser = positive)]
    pub(crate) effects: Vec<f64>,
    /// What is done to the treated units
    #[arg(long, value_enum, default_value_t = KindArg::HeavyUp)]
    pub(crate) kind: KindArg,
    /// Units that must be treated, separated by commas
    #[arg(long, value_name = "UNITS", conflicts_with_all = ["audience", "dose"])]
    pub(crate) include: Vec<String>,
    /// Units that must not be treated; they stay controls. By dose: units to leave out
    #[arg(long, value_name = "UNITS")]
    pub(crate) exclude: Vec<String>,
    /// The treated units, where they are chosen already
    #[arg(long, value_name = "UNITS", conflicts_with_all = ["include", "exclude", "audience", "dose"])]
    pub(crate) treated: Vec<String>,
    /// Column of what was spent
    #[arg(long, value_name = "COLUMN")]
    pub(crate) spend: Option<String>,
    /// What one more unit of the outcome costs
    #[arg(long, value_name = "MONEY", value_parser = positive)]
    pub(crate) cpic: Option<f64>,
    /// Most that a plan may cost: by --cpic, or by what was spent there (--spend)
    #[arg(long, value_name = "MONEY", value_parser = positive)]
    pub(crate) budget: Option<f64>,
    /// Start the treated units at N different times drawn at random: posting times of creators
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=1000), conflicts_with_all = ["audience", "dose"])]
    pub(crate) staggered: Option<u16>,
    /// Seed of those times
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How it will be read [default: ascm; sdid with --staggered; dose with --audience or --dose]
    #[arg(long, value_enum)]
    pub(crate) method: Option<MethodArg>,
    /// Probability of the intervals it will be read with
    #[arg(long, value_name = "P", value_parser = probability, default_value = "0.9")]
    pub(crate) level: f64,
    /// Power that an effect needs to count as detectable
    #[arg(long, value_name = "P", value_parser = probability, default_value = "0.8")]
    pub(crate) power: f64,
    /// Most windows of the past to try on
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) windows: u16,
    /// Plans to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
}

/// Numbers of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sizes(pub(crate) Vec<usize>);

/// Numbers and ranges, such as `2,4` or `1-5`.
fn sizes(text: &str) -> Result<Sizes, String> {
    let wrong = || "numbers and ranges above 0, such as 2,4 or 1-5".to_owned();
    let number = |text: &str| text.trim().parse::<usize>().ok().filter(|n| (1..=1000).contains(n)).ok_or_else(wrong);
    let mut out = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => out.push(number(part)?),
            Some((from, to)) => out.extend(number(from)?..=number(to)?),
        }
    }
    out.sort_unstable();
    out.dedup();
    if out.is_empty() { Err(wrong()) } else { Ok(Sizes(out)) }
}

/// What is taken of noise, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorsArg {
    /// It may be correlated over time
    Autocorrelated,
    /// It is independent, as the methods were published
    Independent,
}

/// Kinds of test, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// More is spent there
    HeavyUp,
    /// What is spent there is switched off
    GoDark,
    /// A campaign that runs everywhere else is kept from there
    Holdout,
}

/// The methods, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodArg {
    Ascm,
    Scm,
    Sdid,
    Tbr,
    Bsts,
    Dose,
}

impl MethodArg {
    /// The method.
    pub(crate) fn method(self) -> Method {
        match self {
            MethodArg::Ascm => Method::Ascm,
            MethodArg::Scm => Method::Scm,
            MethodArg::Sdid => Method::Sdid,
            MethodArg::Tbr => Method::Tbr,
            MethodArg::Bsts => Method::Bsts,
            MethodArg::Dose => Method::Dose,
        }
    }
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
