//! The project file as plain data: what the user asked for, before any table is read.

pub mod plan;

use crate::model::prior::Prior;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

/// A whole project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Title of the report.
    pub name: String,
    /// ISO 4217 code, or any label.
    pub currency: String,
    /// Where the tables are, and which columns say when and where.
    pub data: DataSpec,
    /// What is explained.
    pub outcome: OutcomeSpec,
    /// Channels, organic media and treatments, in file order.
    pub drivers: Vec<DriverSpec>,
    /// Control columns.
    pub controls: Vec<ControlSpec>,
    /// Dated events of the baseline.
    pub holidays: HolidaySpec,
    /// Where the creators' tables are; none: no creators.
    pub creators: Option<CreatorsSpec>,
    /// Experiments, which enter the fit as data.
    pub experiments: ExperimentsSpec,
    /// How the model is built.
    pub model: ModelSpec,
    /// How it is fitted.
    pub sampler: SamplerSpec,
}

impl Project {
    /// Every table that the project names, in the order that assembly takes them.
    pub fn tables(&self) -> Vec<&String> {
        let creators = self.creators.iter().flat_map(|c| {
            let optional = [c.stats.as_ref(), c.deals.as_ref(), c.tracked.as_ref(), c.overlaps.as_ref()];
            [Some(&c.creators), Some(&c.posts)].into_iter().chain(optional).flatten()
        });
        let panels = self.data.tables.iter().chain(self.data.long.iter().map(|l| &l.table));
        panels.chain(creators).chain(&self.experiments.table).collect()
    }
}

/// Tables and their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSpec {
    /// Wide tables, joined on date (and geo). Paths as written, relative to the project folder.
    pub tables: Vec<String>,
    /// Long tables (`date, geo, channel, spend, exposure`), turned wide before the join.
    pub long: Vec<LongTable>,
    /// Date column.
    pub date: String,
    /// How dates are written; none: ISO, or a local form that only one reading fits.
    pub date_format: Option<DateFormat>,
    /// Geo column; none: national.
    pub geo: Option<String>,
    /// Population column; none: 1.
    pub population: Option<String>,
    /// What an empty cell of an exposure or spend column means; none: a finding.
    pub empty_is_zero: bool,
}

/// A tidy long table: one row a date, geo and channel.
#[derive(Debug, Clone, PartialEq)]
pub struct LongTable {
    /// Path as written.
    pub table: String,
    /// Column that names the channel; its values, made columns `<channel>` + suffix.
    pub channel: String,
    /// Column with the spend, turned into wide columns `<channel>_spend`.
    pub spend: Option<String>,
    /// Column with the exposure, turned into wide columns `<channel>_exposure`.
    pub exposure: Option<String>,
}

/// How dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFormat {
    /// 2026-03-31 (also 2026/03/31, 20260331, and a time of day that is cut off; 2026-W14 is that week's Monday).
    YearMonthDay,
    /// 31/03/2026, 31.03.2026, 31-3-2026, 31 Mar 2026.
    DayMonthYear,
    /// 03/31/2026, Mar 31, 2026.
    MonthDayYear,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeSpec {
    /// Column.
    pub column: String,
    /// Money, or things counted.
    pub kind: OutcomeKind,
    /// Share of the outcome's money that is margin, in (0, 1].
    pub margin: Option<f64>,
    /// Money an order, to turn money into orders.
    pub order_value: Option<f64>,
}

impl OutcomeSpec {
    /// Whether a return is money for money; of a count without a known value it is units.
    pub fn returns_are_money(&self) -> bool {
        self.kind != OutcomeKind::Count(UnitValue::Unknown)
    }
}

/// Money, or a count.
#[derive(Debug, Clone, PartialEq)]
pub enum OutcomeKind {
    /// Money.
    Revenue,
    /// Things counted, each with its value in money.
    Count(UnitValue),
}

/// Money a counted unit.
#[derive(Debug, Clone, PartialEq)]
pub enum UnitValue {
    /// The same everywhere.
    Number(f64),
    /// A column.
    Column(String),
    /// Not known: returns are counted, and "ROI" is units per unit of currency.
    Unknown,
}

/// What role a paid channel plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It makes demand.
    Creation,
    /// It harvests demand (brand search, affiliates, shopping).
    Capture,
}

/// A driver: a channel, organic media, or a treatment.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverSpec {
    /// Unique name.
    pub name: String,
    /// What it is and which columns hold it.
    pub source: DriverSource,
    /// Platform that it runs on, in the words of the creators' table; none: one of its own.
    pub platform: Option<String>,
    /// Prior on what people know of it; none: the project's default for its kind.
    pub prior: Option<EffectPrior>,
    /// Carry-over; none: the model's.
    pub adstock: Option<AdstockKind>,
    /// Longest lag in periods; none: the model's.
    pub max_lag: Option<usize>,
    /// Saturation; none: the model's.
    pub saturation: Option<SaturationKind>,
    /// Fixed Hill slope; none: free.
    pub slope: Option<f64>,
    /// How exposure is scaled; none: as [`ExposureScale::by_default`] says.
    pub scale: Option<ExposureScale>,
    /// Overrides of this driver's shape priors.
    pub shape: ShapePriors,
}

/// The columns of a driver.
#[derive(Debug, Clone, PartialEq)]
pub enum DriverSource {
    /// Paid, by one exposure column (or its spend).
    Channel {
        /// Spend column.
        spend: String,
        /// Exposure column; none: spend serves.
        exposure: Option<String>,
        /// Role.
        role: Role,
    },
    /// Paid, by reach and frequency.
    ReachFrequency {
        /// Spend column.
        spend: String,
        /// Reach column (people).
        reach: String,
        /// Average frequency column.
        frequency: String,
        /// Role.
        role: Role,
    },
    /// Not paid.
    Organic {
        /// Exposure column.
        exposure: String,
        /// Average frequency column, if `exposure` is reach.
        frequency: Option<String>,
    },
    /// A non-media action.
    Treatment {
        /// Column.
        column: String,
        /// The value that counts as "not done".
        baseline: BaselineValue,
        /// Divide by population first.
        per_head: bool,
    },
}

/// The value of a treatment that counts as "not done".
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BaselineValue {
    /// Its smallest value (default).
    Min,
    /// Its largest value.
    Max,
    /// A number.
    Number(f64),
}

/// How exposures of different geos are made comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExposureScale {
    /// Per head, then divided by the median non-zero value, one for all geos.
    Median,
    /// Each geo divided by its own largest value.
    GeoMax,
}

impl ExposureScale {
    /// Per head over the median where a population is given; each geo over its own largest value where none is, for
    /// then nothing else tells a heavy week of a large geo from one of a small geo.
    pub fn by_default(data: &DataSpec) -> Self {
        if data.population.is_some() { Self::Median } else { Self::GeoMax }
    }
}

/// Which quantity of a driver its prior is put on, with the prior.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectPrior {
    /// The quantity.
    pub on: EffectKind,
    /// Its prior.
    pub prior: Prior,
}

/// The sampled quantity of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// Incremental money a unit of spend.
    Roi,
    /// The same for the next 1 % of spend.
    MarginalRoi,
    /// Share of the whole outcome.
    Contribution,
    /// The effect at full saturation, in standard deviations of the outcome per head.
    Coefficient,
}

/// Carry-over kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdstockKind {
    /// No carry-over.
    None,
    /// a^l
    Geometric,
    /// a^((l - theta)^2)
    Delayed,
    /// (1 - l/(L+1))^(1/a - 1)
    Binomial,
    /// Weibull density at l + 1.
    WeibullPdf,
    /// Running product of Weibull survival.
    WeibullCdf,
}

/// Saturation curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaturationKind {
    /// The identity.
    None,
    /// x^h / (x^h + e^h)
    Hill,
    /// (1 - exp(-k x)) / (1 + exp(-k x))
    Logistic,
    /// x / (x + e)
    MichaelisMenten,
    /// x^p
    Root,
    /// tanh(x / c)
    Tanh,
}

/// Priors of the shape parameters; `None` is the documented default. Which of them a driver has depends on its transforms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShapePriors {
    /// Retention `a` of geometric, delayed and binomial adstock, in (0, 1).
    pub retention: Option<Prior>,
    /// Delay `theta` of delayed adstock, in periods.
    pub delay: Option<Prior>,
    /// Shape of Weibull adstock.
    pub weibull_shape: Option<Prior>,
    /// Scale of Weibull adstock, in periods.
    pub weibull_scale: Option<Prior>,
    /// Half-saturation point `e` (Hill, Michaelis-Menten), in units of scaled exposure; for reach and frequency, in contacts.
    pub half_saturation: Option<Prior>,
    /// Hill slope `h`.
    pub slope: Option<Prior>,
    /// Rate `k` (logistic), scale `c` (tanh), power `p` (root).
    pub rate: Option<Prior>,
    /// Spread `eta` of a driver's effect over geos.
    pub geo_spread: Option<Prior>,
}

/// A control column.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlSpec {
    /// Column.
    pub column: String,
    /// Divide by population first.
    pub per_head: bool,
}

/// Dated events of the baseline.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HolidaySpec {
    /// ISO 3166 codes of the bundled calendars (`US`, `DE`, …).
    pub countries: Vec<String>,
    /// The user's own events.
    pub events: Vec<EventSpec>,
}

/// One event, on one or more spans of dates.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSpec {
    /// Name; several spans of one name share one effect.
    pub name: String,
    /// First day.
    pub start: Date,
    /// Last day, inclusive.
    pub end: Date,
}

/// The creators' tables, as paths relative to the project folder, and what is asked of them.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatorsSpec {
    /// People and their accounts: `creator, platform, niche?, followers?, engagement_rate?, fake_share?, audience_<geo>?…`.
    pub creators: String,
    /// Posts: `post, creator, platform, format, posted_at, views, likes?, …`.
    pub posts: String,
    /// Cumulative views: `post, as_of, views`.
    pub stats: Option<String>,
    /// Terms: `deal, creator, kind, fee, …`.
    pub deals: Option<String>,
    /// Sales by code or link: `date, creator, orders, revenue, refunds?`.
    pub tracked: Option<String>,
    /// Audiences: `creator, other, platform?, overlap` (share of the smaller audience) or `shared_followers`.
    pub overlaps: Option<String>,
    /// What a view by a fake or pod account is still worth, in \[0, 1\].
    pub fake_worth: f64,
    /// The probability of a return above one at which a fee is called fair, in (0, 1).
    pub fair_level: f64,
    /// When platforms changed what a view is, one a platform at most.
    pub view_changes: Vec<ViewChange>,
}

/// A platform counts views in another way from a day on.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewChange {
    /// Name of the platform, in any case of letters.
    pub platform: String,
    /// The one format that it is about; none: all.
    pub format: Option<Format>,
    /// First day of the new count.
    pub on: Date,
}

/// The changes that are known: Instagram counts views in place of impressions and plays (Meta, Instagram media insights), YouTube every start of a
/// Short (YouTube Analytics, `views` and `engagedViews`).
pub fn known_view_changes() -> Vec<ViewChange> {
    let change = |platform: &str, format, on| ViewChange { platform: platform.to_owned(), format, on };
    vec![change("instagram", None, date(2025, 4, 21)), change("youtube", Some(Format::ShortVideo), date(2025, 3, 31))]
}

/// What kind of thing was posted; it decides how long attention lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Gone after a day.
    Story,
    /// Reel, TikTok, Short.
    ShortVideo,
    /// A picture, carousel or text in a feed.
    Feed,
    /// A video found for months.
    LongVideo,
    /// A live stream: seen while it runs.
    Live,
    /// A blog post, pin or podcast episode: found for a year and more.
    Article,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 6] =
        [Format::Story, Format::ShortVideo, Format::Feed, Format::LongVideo, Format::Live, Format::Article];

    /// The word in project files and tables.
    pub fn word(self) -> &'static str {
        match self {
            Format::Story => "story",
            Format::ShortVideo => "short_video",
            Format::Feed => "feed",
            Format::LongVideo => "long_video",
            Format::Live => "live",
            Format::Article => "article",
        }
    }
}

/// Experiments: those of the project file, and the table of others.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExperimentsSpec {
    /// `[[experiment]]` entries, in file order.
    pub listed: Vec<ExperimentSpec>,
    /// Table with a row an experiment, as a path relative to the project folder.
    pub table: Option<String>,
}

impl ExperimentsSpec {
    /// Whether the project has none.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.table.is_none()
    }
}

/// One experiment as it was written: what was changed, where, when, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentSpec {
    /// Name; none: the drivers and the start.
    pub name: Option<String>,
    /// Names of the channels, organic media, treatments, platforms or creators that were changed together.
    pub drivers: Vec<String>,
    /// Names of the geos; empty: all.
    pub geos: Vec<String>,
    /// First day.
    pub start: Date,
    /// Last day, inclusive.
    pub end: Date,
    /// Time after the end over which the outcome was still counted.
    pub cooldown: Cooldown,
    /// What was done to the exposure.
    pub change: Change,
    /// What the exposure would have been, where the table cannot tell.
    pub usual: Usual,
    /// Outcome as run minus outcome as it would have been, over the window and the cool-down, all geos of the test together.
    pub lift: f64,
    /// Its standard error.
    pub se: f64,
    /// Unit of both.
    pub unit: LiftUnit,
    /// Where it was written.
    pub place: Place,
}

/// Where something was written, for findings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place {
    /// File as the user wrote it.
    pub file: String,
    /// Line, 1-based.
    pub line: Option<u64>,
    /// Path of the key in the project file, such as `experiment[2]`; empty for a table.
    pub key: String,
}

/// Time after the end of an experiment over which its outcome was still counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cooldown {
    /// In periods of the data.
    Periods(u32),
    /// In days; what is no whole period is rounded to the nearest.
    Days(u32),
}

/// What an experiment did to the exposure, against what it would have been.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// Switched off.
    Off,
    /// Switched on from nothing.
    On,
    /// Multiplied by a number above 0 that is not 1.
    Times(f64),
}

/// What the exposure of a driver that was switched off would have been.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Usual {
    /// The mean of the same geo's exposure directly before the start, over as many periods as the test lasted, at least four weeks.
    Before,
    /// A number: exposure a period in all geos of the test together, split as their own exposures are.
    Number(f64),
}

/// Unit of a lift and its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiftUnit {
    /// Units of the outcome column, all geos and periods of the test together.
    Outcome,
    /// Percent of what the outcome would have been.
    Percent,
}

/// How the model is built. [`ModelSpec::default`] is documented key by key in `docs/project-file.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// What the default prior of paid channels is put on.
    pub prior: EffectKind,
    /// Longest lag; none: 8 weeks, or 56 days.
    pub max_lag: Option<usize>,
    /// Carry-over.
    pub adstock: AdstockKind,
    /// Saturation.
    pub saturation: SaturationKind,
    /// Saturate before carrying over.
    pub saturate_first: bool,
    /// Trend.
    pub trend: TrendSpec,
    /// Harmonics of the year.
    pub season_yearly: usize,
    /// Harmonics of the week (daily data only).
    pub season_weekly: usize,
    /// Whether seasons differ by geo, around a pooled one.
    pub season_by_geo: bool,
    /// Distribution of effects over geos.
    pub effects: GeoEffects,
    /// Noise.
    pub noise: NoiseSpec,
    /// Integrate the linear baseline out where the noise allows (default), or sample it.
    pub integrate_baseline: bool,
    /// How far a driver's effect may drift in a year, as a standard deviation of its logarithm: widens experiments from outside of
    /// the data. None: the default.
    pub experiment_drift: Option<f64>,
    /// Whether drivers may follow a demand that no column measures; matters where there are experiments only.
    pub hidden_demand: HiddenDemand,
    /// Project-wide overrides of default priors.
    pub priors: ModelPriors,
}

/// Which drivers may follow a demand that no column measures, so that what goes with their exposure is not all their doing. Only experiments
/// tell the two apart, so without experiments none may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiddenDemand {
    /// None.
    None,
    /// Those that an experiment tested.
    Tested,
    /// All media, as far as the tested ones do.
    All,
}

/// Trend of the baseline.
#[derive(Debug, Clone, PartialEq)]
pub enum TrendSpec {
    /// No trend.
    None,
    /// A random walk over knots this many periods apart, its step size learned.
    KnotsEvery(usize),
    /// Free knots at these dates' periods with independent wide priors (Meridian's).
    FreeKnots(Vec<Date>),
    /// This many free knots, evenly spaced.
    FreeKnotCount(usize),
}

/// Distribution of a driver's effect over geos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeoEffects {
    /// exp(b + eta d): positive.
    LogNormal,
    /// b + eta d.
    Normal,
}

/// Noise of the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoiseSpec {
    /// Heavy tails.
    pub student_t: bool,
    /// One scale a geo.
    pub sigma_per_geo: bool,
    /// Autocorrelated within a geo.
    pub ar1: bool,
}

/// Project-wide overrides of default priors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelPriors {
    /// Channels.
    pub roi: Option<Prior>,
    /// Channels.
    pub marginal_roi: Option<Prior>,
    /// Channels and organic media.
    pub contribution: Option<Prior>,
    /// Treatments.
    pub treatment_contribution: Option<Prior>,
    /// All drivers.
    pub coefficient: Option<Prior>,
    /// Shape parameters of all drivers.
    pub shape: ShapePriors,
    /// Noise scale, in standard deviations of the outcome per head.
    pub sigma: Option<Prior>,
    /// Degrees of freedom of Student-t noise.
    pub student_df: Option<Prior>,
    /// Autocorrelation.
    pub ar1: Option<Prior>,
    /// Step of the trend's random walk, from knot to knot.
    pub trend_step: Option<Prior>,
    /// Spread of levels over geos.
    pub level_spread: Option<Prior>,
    /// Scale of the hidden demand that drivers follow, in standard deviations of the outcome per head.
    pub hidden_demand: Option<Prior>,
    /// Spread of a control's slope over geos.
    pub control_spread: Option<Prior>,
    /// Spread of season coefficients over geos.
    pub season_spread: Option<Prior>,
    /// Standard deviation of the (zero-mean Normal) prior of the common level.
    pub level_sd: Option<f64>,
    /// Standard deviation of the (zero-mean Normal) prior of a free knot.
    pub knot_sd: Option<f64>,
    /// Standard deviation of the (zero-mean Normal) prior of a control's slope.
    pub control_sd: Option<f64>,
    /// Standard deviation of the (zero-mean Normal) prior of a season coefficient.
    pub season_sd: Option<f64>,
    /// Standard deviation of the (zero-mean Normal) prior of a holiday's effect.
    pub holiday_sd: Option<f64>,
}

/// How the model is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplerSpec {
    /// Chains.
    pub chains: usize,
    /// Warm-up draws a chain, thrown away.
    pub warmup: usize,
    /// Kept draws a chain.
    pub draws: usize,
    /// Chains that have not met go on, up to so many times as long; none: as [`SamplerSpec::most_times`] has it.
    pub longest: Option<usize>,
    /// Seed.
    pub seed: u64,
    /// Acceptance that the step size aims at.
    pub target_accept: f64,
}

impl Default for ModelSpec {
    fn default() -> Self {
        ModelSpec {
            prior: EffectKind::Roi,
            max_lag: None,
            adstock: AdstockKind::Geometric,
            saturation: SaturationKind::Hill,
            saturate_first: false,
            trend: TrendSpec::KnotsEvery(13),
            season_yearly: 2,
            season_weekly: 3,
            season_by_geo: true,
            effects: GeoEffects::LogNormal,
            noise: NoiseSpec { student_t: false, sigma_per_geo: false, ar1: false },
            integrate_baseline: true,
            experiment_drift: None,
            hidden_demand: HiddenDemand::All,
            priors: ModelPriors::default(),
        }
    }
}

impl Default for SamplerSpec {
    fn default() -> Self {
        SamplerSpec { chains: 4, warmup: 200, draws: 1000, longest: None, seed: 1, target_accept: 0.85 }
    }
}

/// Fewer draws are a quick look, which is taken as it is.
const QUICK: usize = 500;
/// How many times as long chains may become until they have met.
const LONGEST: usize = 8;

impl SamplerSpec {
    /// How many times as many draws may be made as are kept, where chains have not met: a power of two, since they are doubled.
    pub fn most_times(&self) -> usize {
        let longest = self.longest.unwrap_or(if self.draws < QUICK { 1 } else { LONGEST });
        1 << longest.max(1).ilog2()
    }
}
