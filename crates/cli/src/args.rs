//! What may be typed.

use clap::{Parser, Subcommand};
use jiff::civil::Date;
use std::path::PathBuf;

/// Measures creators and channels side by side, and says how sure it is.
#[derive(Debug, Parser)]
#[command(name = "counterpoint", version, after_help = TOP, max_term_width = 100)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print one JSON object on standard output and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

const TOP: &str = "\
Examples:
  counterpoint demo                         see it work on an example project
  counterpoint init shop --from data.csv    start a project from a table
  counterpoint check shop                   what is wrong with the data, and how to mend it
  counterpoint fit shop                     fit, and write a run folder with a report
  counterpoint creators RUN                 who to renew, and at what fee

Exit codes: 0 all is well, 1 the data, the model or the disk is at fault, 2 wrong usage, 130 stopped.
Nothing leaves this machine.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a project, guessed from your tables or from a template
    #[command(after_help = "Example:\n  counterpoint init shop --from exports/weekly.csv --name 'My shop'")]
    Init(InitArgs),
    /// Look at the project file and the data as an analyst would
    #[command(after_help = "Example:\n  counterpoint check shop")]
    Check(CheckArgs),
    /// Check, fit, and write a run folder with its report
    #[command(after_help = FIT)]
    Fit(FitArgs),
    /// Write the report of a run: one HTML file that opens offline
    #[command(after_help = REPORT)]
    Report(ReportArgs),
    /// What each creator brought, what their deals are worth, who to renew; and what candidates would bring
    #[command(after_help = CREATORS)]
    Creators(CreatorsArgs),
    /// Write an example project, then check, fit and report it
    #[command(after_help = "Example:\n  counterpoint demo my-demo")]
    Demo(DemoArgs),
    /// Make a project of simulated data with a known truth
    #[command(after_help = SIMULATE)]
    Simulate(SimulateArgs),
}

const FIT: &str = "\
Examples:
  counterpoint fit shop
  counterpoint fit shop --chains 2 --warmup 300 --draws 300 --out quick
  counterpoint fit shop --prior-only        what the priors alone say

The same project, seed and version give the same numbers on any number of threads. Ctrl-C keeps the
chains that are finished; the same command goes on from there.";

const REPORT: &str = "\
Examples:
  counterpoint report shop/runs/2026-03-02T101500-1a2b3c4d
  counterpoint report RUN --from 2026-01-05 --to 2026-03-29 --out quarter.html
  counterpoint report RUN --candidates people.csv";

const CREATORS: &str = "\
Examples:
  counterpoint creators shop/runs/2026-03-02T101500-1a2b3c4d
  counterpoint creators RUN --level 0.9                   be surer before a fee is called fair
  counterpoint creators RUN --candidates people.csv       people never worked with
  counterpoint creators RUN --out roster.csv              and roster-deals.csv beside it

A candidates' file has the columns creator, platform, followers; where known engagement_rate,
fake_share, niche, niche_fit, audience_<geo>, format, posts, expected_views; and what is asked for:
fee (a post), or kind with the terms of a deal.

creators.csv, deals.csv and candidates.csv are written into the run's folder. Exit code 1 where the
fit failed.";

const SIMULATE: &str = "\
Examples:
  counterpoint simulate examples/simulation.toml --out market
  counterpoint simulate examples/simulation-creators.toml --out creators-market
  counterpoint fit market                   then compare drivers.csv with truth.json

The same spec gives the same bytes.";

impl Command {
    /// Whether only errors are to be printed.
    pub(crate) fn quiet(&self) -> bool {
        match self {
            Command::Fit(args) => args.how.quiet,
            Command::Demo(args) => args.how.quiet,
            _ => false,
        }
    }
}

/// `init`
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// Folder of the project; it is made if it is not there
    pub(crate) dir: PathBuf,
    /// Tables (CSV or Parquet) to guess the project from
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub(crate) from: Vec<PathBuf>,
    /// Name of the project; the folder's name where it is not given
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Overwrite a project file that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

/// `check`
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Folder of the project
    pub(crate) dir: PathBuf,
}

/// `fit`
#[derive(Debug, clap::Args)]
pub(crate) struct FitArgs {
    /// Folder of the project
    pub(crate) dir: PathBuf,
    /// Folder of the run, which must not exist [default: DIR/runs/<time>-<hash>]
    #[arg(long, value_name = "RUN")]
    pub(crate) out: Option<PathBuf>,
    /// Draw from the priors alone: what the model believes before it sees the outcome
    #[arg(long)]
    pub(crate) prior_only: bool,
    #[command(flatten)]
    pub(crate) how: SamplingArgs,
}

/// How to sample; each overrides `[sampler]` of the project file.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SamplingArgs {
    /// Independent chains
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) chains: Option<u16>,
    /// Draws of each chain that are thrown away
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) warmup: Option<u32>,
    /// Draws of each chain that are kept
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) draws: Option<u32>,
    /// Seed
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Threads; they change the time, never a number [default: as many as the machine has]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Print errors only
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Start anew even if chains of an interrupted fit are there
    #[arg(long)]
    pub(crate) no_resume: bool,
}

/// `report`
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// Folder of the run
    pub(crate) run: PathBuf,
    /// File to write [default: RUN/report.html]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// First day of the window that is asked about
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Date>,
    /// Last day of the window that is asked about
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<Date>,
    /// Table of people never worked with, to be shown beside the creators (see `counterpoint creators --help`)
    #[arg(long, value_name = "FILE")]
    pub(crate) candidates: Option<PathBuf>,
}

/// `creators`
#[derive(Debug, clap::Args)]
pub(crate) struct CreatorsArgs {
    /// Folder of the run
    pub(crate) run: PathBuf,
    /// Probability of paying back at which a fee is called fair [default: `fair_level` of the project, 0.8]
    #[arg(long, value_name = "P", value_parser = probability)]
    pub(crate) level: Option<f64>,
    /// Table (CSV or Parquet) of people never worked with
    #[arg(long, value_name = "FILE")]
    pub(crate) candidates: Option<PathBuf>,
    /// File for the creators' table [default: RUN/creators.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// A probability that is neither 0 nor 1.
fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(p) if p > 0.0 && p < 1.0 => Ok(p),
        _ => Err("a probability above 0 and below 1, such as 0.8".to_owned()),
    }
}

/// `demo`
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Folder to write the example project to
    #[arg(default_value = "demo")]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) how: SamplingArgs,
}

/// `simulate`
#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// File that describes the market (TOML)
    pub(crate) spec: PathBuf,
    /// Folder of the project, which must not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}
