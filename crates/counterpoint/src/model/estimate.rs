//! What the draws say, in the user's units: contributions, returns, curves, fit. Everything is computed on every draw.

mod cells;
mod creators;
mod curves;
mod deals;
mod density;
mod draws;
mod window;

pub use deals::{Attribution, DealEstimate};

use super::build::Model;
use crate::data::{Dataset, DriverKind};
use crate::project::Project;
use counterpoint_infer::nuts::ChainDraws;
use jiff::civil::Date;
use std::sync::Arc;

/// Mean and quantiles of a quantity over the draws.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Mean.
    pub mean: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// Median.
    pub q50: f64,
    /// 95 % quantile.
    pub q95: f64,
}

/// One driver over the window.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverEstimate {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: DriverKind,
    /// Platform, where the driver is one's creators.
    pub platform: Option<String>,
    /// Spend in the window; none for organic media and treatments.
    pub spend: Option<f64>,
    /// Incremental outcome, in outcome units.
    pub incremental: Interval,
    /// Incremental money a unit of spend.
    pub roi: Option<Interval>,
    /// The same for the next 1 % of spend.
    pub mroi: Option<Interval>,
    /// The same on margin, where the project gives one.
    pub margin_roi: Option<Interval>,
    /// Spend an incremental unit of outcome.
    pub cost_per_increment: Option<Interval>,
    /// Share of the outcome in the window.
    pub share: Interval,
    /// Share of draws whose ROI (on margin, where given) is above one.
    pub prob_roi_above_1: Option<f64>,
    /// How far the data moved the sampled quantity from its prior: one minus the overlap of the two densities, in [0, 1].
    pub moved_from_prior: f64,
    /// Whether the data moved it enough to speak of ([`IDENTIFIED`]).
    pub identified: bool,
}

/// One creator over the window.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatorEstimate {
    /// Name.
    pub name: String,
    /// Platforms, joined by ` + `.
    pub platforms: String,
    /// Posts in the window.
    pub posts: usize,
    /// Views in the window.
    pub views: f64,
    /// What the deals cost in the window.
    pub spend: f64,
    /// The creator's part of the platforms' incremental outcome (Aumann-Shapley), in outcome units. All parts add up to the platforms'.
    pub incremental: Interval,
    /// What would be lost without this creator alone: less, since audiences overlap.
    pub lost_without: Interval,
    /// Share of the outcome in the window.
    pub share: Interval,
    /// Incremental money a unit of cost.
    pub roi: Option<Interval>,
    /// The same on margin, where the project gives one.
    pub margin_roi: Option<Interval>,
    /// Cost an incremental unit of outcome.
    pub cost_per_increment: Option<Interval>,
    /// The highest total cost at which the return (on margin, where given) is above one with the project's `fair_level` probability.
    pub fair_cost: f64,
    /// Share of draws whose ROI (on margin, where given) is above one; none without cost, or where returns are not money.
    pub prob_roi_above_1: Option<f64>,
    /// Share of incremental orders that codes and links see.
    pub capture: Option<Interval>,
    /// Share of the tracked orders that did not come from the posts.
    pub leak: Option<Interval>,
    /// Effect of a view against the platform's average, which is 1 (of several accounts, the first).
    pub per_view: Interval,
    /// What to do.
    pub verdict: CreatorVerdict,
    /// Share of the prior variance of the log effect a view that the data removed, in [0, 1]; of several accounts the least.
    pub variance_removed: f64,
    /// Whether the creator can be told apart from the platform's others ([`TOLD_APART`]).
    pub identified: bool,
}

/// What to do about a creator, at the project's `fair_level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreatorVerdict {
    /// The return is above one with that probability: go on.
    Renew,
    /// It is not, but it would be for at least half of the money.
    Renegotiate,
    /// It is not, and the data cannot tell the creator apart, or no deal is known: find out more first.
    Test,
    /// It is not, and would not be for half of the money.
    Stop,
}

/// How all creators hang on their platforms, and what their codes see.
#[derive(Debug, Clone, PartialEq)]
pub struct RosterEstimate {
    /// Share of what creators bring by platform, in the order of the drivers that are platforms.
    pub shares: Vec<Interval>,
    /// Herfindahl index of those shares.
    pub herfindahl: Interval,
    /// One over it.
    pub effective: Interval,
    /// Share of tracked orders that did not come from posts; none where nothing is tracked.
    pub not_incremental: Option<Interval>,
    /// What is paid by sales for those.
    pub commission_not_incremental: Option<Interval>,
}

/// A creator for whom the data removed less than this share of the prior variance cannot be told apart.
pub const TOLD_APART: f64 = 0.2;

/// A driver whose posterior overlaps its prior by more than 80 % is called not identified.
pub const IDENTIFIED: f64 = 0.2;

/// What a row of contributions is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// Level, trend, season, holidays.
    Baseline,
    /// A control, against its average.
    Control,
    /// A driver.
    Driver(DriverKind),
    /// A creator: a part of the platform's row, not beside it.
    Creator,
}

/// Contributions of one row, by cell, in outcome units.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// `baseline`, the control's or the driver's name.
    pub name: String,
    /// Its kind.
    pub kind: RowKind,
    /// By geo and period, `[geos x periods]`.
    pub cells: Band,
    /// Summed over geos, `[periods]`.
    pub national: Band,
}

/// A mean with a 90 % interval, at many places.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Band {
    /// Means over all draws.
    pub mean: Vec<f64>,
    /// 5 % quantiles (over at most [`CELL_DRAWS`] draws).
    pub q05: Vec<f64>,
    /// Medians.
    pub q50: Vec<f64>,
    /// 95 % quantiles.
    pub q95: Vec<f64>,
}

/// Draws that quantiles of single cells are taken from, evenly thinned; their Monte Carlo error is far below a cell's spread.
pub const CELL_DRAWS: usize = 1000;

/// Observed against expected and predicted outcome, in outcome units.
#[derive(Debug, Clone, PartialEq)]
pub struct FitBand {
    /// Observed; `NaN` where missing.
    pub observed: Vec<f64>,
    /// Expected outcome, without noise.
    pub expected: Band,
    /// 5 % quantile of the predicted outcome, noise included.
    pub predicted_q05: Vec<f64>,
    /// 95 % quantile.
    pub predicted_q95: Vec<f64>,
}

/// Response of the window's incremental outcome to a driver's spend (or exposure), its flighting kept, carry-over included.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveEstimate {
    /// Driver.
    pub driver: String,
    /// Spend in the window, or exposure in its own unit where there is no spend.
    pub x: Vec<f64>,
    /// Whether `x` is money.
    pub x_is_spend: bool,
    /// Incremental outcome.
    pub y: Band,
    /// Today's x.
    pub current: f64,
}

/// Weights of a driver's carry-over by lag.
#[derive(Debug, Clone, PartialEq)]
pub struct DecayEstimate {
    /// Driver.
    pub driver: String,
    /// By lag.
    pub weights: Band,
}

/// Prior and posterior density of one scalar.
#[derive(Debug, Clone, PartialEq)]
pub struct DensityEstimate {
    /// Driver, or empty for a parameter of the whole model.
    pub driver: String,
    /// Parameter, such as `roi`.
    pub parameter: String,
    /// The prior in words, such as `LogNormal(0.2, 0.9)`.
    pub prior_label: String,
    /// Places.
    pub x: Vec<f64>,
    /// Prior density there.
    pub prior: Vec<f64>,
    /// Posterior density there (histogram).
    pub posterior: Vec<f64>,
}

/// Everything that is reported of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    /// First and last day of the window.
    pub window: (Date, Date),
    /// Drivers, in project order.
    pub drivers: Vec<DriverEstimate>,
    /// Creators; together they are the platforms among the drivers.
    pub creators: Vec<CreatorEstimate>,
    /// Creators together; none without.
    pub roster: Option<RosterEstimate>,
    /// Rows `baseline`, controls, drivers, creators: whole period, whatever the window.
    pub contributions: Vec<Contribution>,
    /// Fit by geo and period, `[geos x periods]`.
    pub fit: FitBand,
    /// Fit summed over geos, `[periods]`.
    pub fit_national: FitBand,
    /// Observed outcome of the window.
    pub total_outcome: f64,
    /// Share of the outcome that all drivers bring.
    pub marketing_share: Interval,
    /// Outcome that all drivers with spend bring together; none without spend.
    pub paid_incremental: Option<Interval>,
    /// Share of controls, against their averages.
    pub controls_share: Option<Interval>,
    /// Share of the baseline.
    pub baseline_share: Interval,
    /// Driver with the most draws in which its ROI is the highest, and their share.
    pub best_return: Option<(usize, f64)>,
    /// The same for marginal ROI.
    pub best_next: Option<(usize, f64)>,
    /// Curves.
    pub curves: Vec<CurveEstimate>,
    /// Carry-over.
    pub decays: Vec<DecayEstimate>,
    /// Priors and posteriors.
    pub densities: Vec<DensityEstimate>,
    /// R2 of the expected outcome, over all observed cells.
    pub r2: f64,
    /// Mean absolute percentage error, over observed cells that are not zero.
    pub mape: f64,
    /// Share of observed cells inside their 90 % predictive interval.
    pub coverage90: f64,
    /// Named scalars, a value each draw (chain after chain): sampled parameters that are not constant, then baseline coefficients.
    pub scalars: counterpoint_infer::draws::Draws,
    /// PSIS-LOO, where observations are independent given the parameters; none for autocorrelated noise.
    pub loo: Option<counterpoint_infer::diagnose::Loo>,
}

/// Reads a fit back. `window` restricts the drivers' totals to the exposures of these days, counting what they bring until the
/// last period (carry-over out of the window included, carry-over into it excluded); without it, totals are the sums of contributions.
/// The result does not depend on the number of threads.
pub fn estimate(
    model: &Arc<Model>,
    project: &Project,
    chains: &[ChainDraws],
    window: Option<(Date, Date)>,
    threads: usize,
) -> Estimates {
    let window = window::Window::new(model, window);
    let pass = draws::Pass::run(model, chains, &window, project.sampler.seed, threads);
    let cells = cells::by_cell(model, &pass, project.sampler.seed, threads);
    draws::assemble(model, project, &window, chains, pass, cells, threads)
}

/// What a fit says of creators and their deals, over all periods.
#[derive(Debug, Clone, PartialEq)]
pub struct People {
    /// Creators, as [`Estimates::creators`].
    pub creators: Vec<CreatorEstimate>,
    /// Creators together, as [`Estimates::roster`].
    pub roster: Option<RosterEstimate>,
    /// Deals, in the order of the roster's.
    pub deals: Vec<DealEstimate>,
}

/// Reads back what a fit says of creators and deals, and nothing else. `data` is what the model was built from. The result does not depend on
/// the number of threads.
pub fn people(model: &Arc<Model>, project: &Project, data: &Dataset, chains: &[ChainDraws], threads: usize) -> People {
    let window = window::Window::new(model, None);
    let pass = draws::Pass::run(model, chains, &window, project.sampler.seed, threads);
    People {
        creators: creators::creators(model, project, &window, chains, &pass, threads),
        roster: creators::roster(model, &pass),
        deals: deals::deals(model, project, data, chains, &pass, threads),
    }
}

impl Interval {
    /// Of values in any order.
    pub fn of(values: &[f64]) -> Interval {
        let sorted = counterpoint_infer::draws::sorted(values);
        let q = |p| counterpoint_infer::draws::quantile(&sorted, p);
        Interval { mean: counterpoint_infer::draws::mean(values), q05: q(0.05), q50: q(0.5), q95: q(0.95) }
    }
}
