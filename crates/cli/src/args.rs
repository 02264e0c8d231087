//! What may be typed.

use crate::commands::experiment::args::ExperimentCommand;
use clap::{Parser, Subcommand};
use counterpoint::project::plan::{Budget, Flights, Target};
use counterpoint_sources::RISKS;
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
  counterpoint plan RUN                     the next budget
  counterpoint stress RUN                   what if a platform goes dark
  counterpoint verify shop                  try to break the model on your own data
  counterpoint experiment design --help     which regions to test in, and what could be found
  counterpoint experiment read --help       what a geo test or a creator's campaign did

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
    /// The next budget over channels and creators' deals, under your limits, with the platform risk priced
    #[command(after_help = PLAN)]
    Plan(PlanArgs),
    /// What a platform's fall would cost, and what the plan should become
    #[command(after_help = STRESS)]
    Stress(StressArgs),
    /// The trust report: tries to break the model on your own data
    #[command(after_help = VERIFY)]
    Verify(VerifyArgs),
    /// Design an experiment, or read what it did: a geo test, a staggered start, a campaign without a control group
    #[command(after_help = EXPERIMENT)]
    Experiment(ExperimentArgs),
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

const PLAN: &str = "\
Examples:
  counterpoint plan shop/runs/2026-03-02T101500-1a2b3c4d
  counterpoint plan RUN --budget 1200000 --starts 2026-04-06 --ends 2026-07-05
  counterpoint plan RUN --offers offers.csv --risk careful
  counterpoint plan RUN --budget free                     as much as pays
  counterpoint plan RUN --target roi=2.5                  as much as returns so much
  counterpoint plan RUN --evaluate my-plan.csv            your own plan on the same terms

Limits, groups and prices are given in [plan] of the project file, which may change after the fit.
plan.csv and plan.json are written into the run's folder. Exit code 1 where limits clash.";

const STRESS: &str = "\
Examples:
  counterpoint stress shop/runs/2026-03-02T101500-1a2b3c4d
  counterpoint stress RUN --plan plan.csv                 of a plan instead of last year's split
  counterpoint stress RUN --together 'gone for good @ TikTok + price of attention up @ Instagram'
  counterpoint stress RUN --strike 'gone for good @ TikTok'   what the plan becomes if that happens today
  counterpoint stress RUN --shocks my-shocks.csv          shocks of your own

stress.json is written into the run's folder.";

const VERIFY: &str = "\
Examples:
  counterpoint verify shop                  the newest fit of the project as it stands, or a new one
  counterpoint verify shop --quick          a first look with few refits
  counterpoint verify RUN --calibrate 100   also: do the priors' own truths come out again (takes long)

Copies with a known truth, months foretold, channels that do nothing, returns as months are added,
what rests on priors, experiments foretold, data drawn from the model. verify.json is written into
the run's folder, and the report shows it. Exit code 1 where a check failed.";

const EXPERIMENT: &str = "\
Examples:
  counterpoint experiment design sales.csv --unit city --time date --outcome orders
  counterpoint experiment read sales.csv --unit city --time date --outcome orders \\
      --treated chicago,portland --start 2026-03-02 --end 2026-03-29";

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
            Command::Verify(args) => args.quiet,
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
#[derive(Debug, Clone, Default, clap::Args)]
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
    /// Let chains that do not agree go on, up to so many times as long [default: 8, or 1 with fewer than 500 draws]
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) longest: Option<u16>,
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

/// `verify`
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Folder of the project, or of a run
    pub(crate) dir: PathBuf,
    /// A first look with few refits
    #[arg(long)]
    pub(crate) quick: bool,
    /// Also fit this many markets drawn from the priors (simulation-based calibration)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(8..=1000))]
    pub(crate) calibrate: Option<u16>,
    /// Threads; they change the time, never a number [default: as many as the machine has]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Print errors only
    #[arg(long)]
    pub(crate) quiet: bool,
    /// File to write [default: RUN/verify.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// `experiment`
#[derive(Debug, clap::Args)]
pub(crate) struct ExperimentArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: ExperimentCommand,
}

/// A probability that is neither 0 nor 1.
pub(crate) fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(p) if p > 0.0 && p < 1.0 => Ok(p),
        _ => Err("a probability above 0 and below 1, such as 0.8".to_owned()),
    }
}

/// `plan`
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    /// Folder of the run
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) asked: PlanningArgs,
    /// A plan of your own (driver, plan; period, posts where known), to be judged instead
    #[arg(long, value_name = "FILE")]
    pub(crate) evaluate: Option<PathBuf>,
    /// Leave out what other attitudes to risk would give
    #[arg(long)]
    pub(crate) quick: bool,
    /// File for the plan's table; plan.json goes beside it [default: RUN/plan.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What is asked of a plan; each overrides `[plan]` of the project file.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PlanningArgs {
    /// First day [default: the day after the data]
    #[arg(long, value_name = "DATE")]
    pub(crate) starts: Option<Date>,
    /// Last day [default: 13 weeks later]
    #[arg(long, value_name = "DATE")]
    pub(crate) ends: Option<Date>,
    /// Money, `last-year`, or `free` for as much as pays [default: last year's]
    #[arg(long, value_name = "MONEY", value_parser = budget, allow_negative_numbers = true)]
    pub(crate) budget: Option<Budget>,
    /// roi=X, mroi=X, cost_per_increment=X or outcome=X; the budget is then free
    #[arg(long, value_name = "KIND=X", value_parser = target)]
    pub(crate) target: Option<Target>,
    /// neutral, balanced, careful, or the weight of the worst tenth from 0 to 1
    #[arg(long, value_name = "RISK", value_parser = risk)]
    pub(crate) risk: Option<f64>,
    /// weekly, monthly or even spend
    #[arg(long, value_name = "HOW", value_parser = flights)]
    pub(crate) flights: Option<Flights>,
    /// Profit of one unit of outcome [default: its value times the margin]
    #[arg(long, value_name = "MONEY", value_parser = above_nothing)]
    pub(crate) value: Option<f64>,
    /// Table (CSV or Parquet) of offered deals
    #[arg(long, value_name = "FILE")]
    pub(crate) offers: Option<PathBuf>,
    /// Table of shocks that adds to the bundled ones or replaces them by name
    #[arg(long, value_name = "FILE")]
    pub(crate) shocks: Option<PathBuf>,
}

/// Shocks that strike at once, each with the platform or the creator that it strikes.
#[derive(Debug, Clone)]
pub(crate) struct Events(pub(crate) Vec<(String, String)>);

impl std::str::FromStr for Events {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Events, Self::Err> {
        let one = |part: &str| {
            let (shock, place) = part.split_once('@')?;
            Some((shock.trim().to_owned(), place.trim().to_owned()))
        };
        text.split('+').map(one).collect::<Option<_>>().map(Events).ok_or(
            "write it as 'SHOCK @ PLATFORM', such as 'gone for good @ TikTok' or 'creator leaves @ NAME', with + between several",
        )
    }
}

/// `stress`
#[derive(Debug, clap::Args)]
pub(crate) struct StressArgs {
    /// Folder of the run
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) asked: PlanningArgs,
    /// A plan (as `plan` writes it) to be stressed instead of last year's split
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// Shocks that strike at once: 'SHOCK @ PLATFORM + SHOCK @ PLATFORM'; may be given several times
    #[arg(long, value_name = "SHOCKS")]
    pub(crate) together: Vec<Events>,
    /// What the best plan becomes if this strikes on the first day
    #[arg(long, value_name = "SHOCKS")]
    pub(crate) strike: Option<Events>,
    /// File to write [default: RUN/stress.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

fn above_nothing(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number above 0".to_owned()),
    }
}

fn budget(text: &str) -> Result<Budget, String> {
    match text {
        "free" => Ok(Budget::Free),
        "last-year" => Ok(Budget::LastYear),
        _ => match text.parse::<f64>() {
            Ok(x) if x >= 0.0 && x.is_finite() => Ok(Budget::Fixed(x)),
            _ => Err("money from 0 up, such as 1200000; `last-year`; or `free`".to_owned()),
        },
    }
}

fn target(text: &str) -> Result<Target, String> {
    let wrong = || "roi=X, mroi=X, cost_per_increment=X or outcome=X, such as roi=2.5".to_owned();
    let (kind, number) = text.split_once('=').ok_or_else(wrong)?;
    let x = above_nothing(number.trim()).map_err(|_| wrong())?;
    match kind.trim() {
        "roi" => Ok(Target::Roi(x)),
        "mroi" => Ok(Target::MarginalRoi(x)),
        "cost_per_increment" => Ok(Target::CostPerIncrement(x)),
        "outcome" => Ok(Target::Outcome(x)),
        _ => Err(wrong()),
    }
}

fn risk(text: &str) -> Result<f64, String> {
    if let Some((_, x)) = RISKS.iter().find(|(word, _)| *word == text) {
        return Ok(*x);
    }
    match text.parse::<f64>() {
        Ok(x) if (0.0..=1.0).contains(&x) => Ok(x),
        _ => Err("neutral, balanced, careful, or a number from 0 to 1".to_owned()),
    }
}

fn flights(text: &str) -> Result<Flights, String> {
    match text {
        "weekly" => Ok(Flights::Weekly),
        "monthly" => Ok(Flights::Monthly),
        "even" => Ok(Flights::Even),
        _ => Err("weekly, monthly or even".to_owned()),
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
