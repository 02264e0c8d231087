//! Data with a known truth: from a description of a market ([`simulate`]), or from the model itself ([`from_prior`]).

mod creators;
mod from_model;
mod market;
mod output;
mod spec;
mod truth;
mod validate;

pub use creators::{
    AccountTruth, CreatorTruth, DealWeights, DealWord, FollowersRange, PersonSpec, PlatformSpec, PlatformTruth,
    PostsRange, RosterSpec, RosterTruth,
};
pub use from_model::{from_model_prior, from_prior, outcome_at};
pub use output::{DATA_FILE, TRUTH_FILE};
pub use spec::{ChannelKind, ChannelSpec, GeoSpec, OutcomeWord, Pattern, PopulationRange, SimulationSpec};
pub use truth::{ControlTruth, DriverTruth, GeoTruth, Truth};

use crate::data::Table;
use crate::finding::{Finding, Severity, any_fail};
use crate::project::Project;

/// A simulated market, as a project and its truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// The project's tables: one wide table, [`DATA_FILE`]; with creators, theirs after it.
    pub tables: Vec<Table>,
    /// The project that fits them as it stands.
    pub project: Project,
    /// The same as the text of `counterpoint.toml`.
    pub project_toml: String,
    /// What every driver truly did.
    pub truth: Truth,
    /// The truth by `date, geo, driver, kind, contribution` ([`TRUTH_FILE`]), in outcome units.
    pub contributions: Table,
}

/// Simulates a market. The same spec gives the same bytes.
///
/// The outcome a head is a level by geo, times trend and season, plus controls, plus media (Hill of geometric carry-over,
/// a log-normal effect by geo), plus creators (a platform's weighted views carried over and saturated together), plus treatments,
/// plus noise; never below zero.
///
/// # Errors
/// Every value of the spec that makes no market, by its key.
pub fn simulate(spec: &SimulationSpec) -> Result<Simulation, Vec<Finding>> {
    let findings = validate::findings(spec);
    if any_fail(&findings) {
        return Err(findings);
    }
    let mut market = market::market(spec);
    // The order in which a project file is read: paid, organic, treatments.
    market.drivers.sort_by_key(|d| match d.kind {
        ChannelKind::Paid | ChannelKind::ReachFrequency => 0,
        ChannelKind::Organic => 1,
        ChannelKind::Treatment => 2,
    });
    let findings: Vec<Finding> = market.drivers.iter().filter(|d| runs_nowhere(spec, d)).map(nothing).collect();
    if !findings.is_empty() {
        return Err(findings);
    }
    let known = truth::know(spec, &market);
    let mut tables = vec![output::data_table(spec, &market, &known)];
    let mut section = None;
    if let (Some(wanted), Some(roster), Some(own)) = (&spec.creators, &market.roster, &known.roster) {
        let named = creators::section(wanted, roster, own);
        tables.extend(creators::tables(spec, &market, (roster, own), &named));
        section = Some(named);
    }
    let project = output::project(spec, &market, section);
    Ok(Simulation {
        tables,
        project_toml: output::project_toml(&project),
        project,
        contributions: output::truth_table(spec, &market, &known),
        truth: known.truth,
    })
}

/// The true lift of a test on a simulated market: what a driver's exposure brought against its exposure multiplied by `otherwise` (0: none) in some geos
/// and outcome periods, in outcome units, counted over the window and the `cooldown` periods after it. None where the market has no such driver.
pub fn lift(
    spec: &SimulationSpec,
    driver: &str,
    geos: &[usize],
    window: std::ops::Range<usize>,
    cooldown: usize,
    otherwise: f64,
) -> Option<f64> {
    truth::lift(spec, &market::market(spec), driver, (geos, window, cooldown), otherwise)
}

/// Whether a driver has no exposure in any outcome period.
fn runs_nowhere(spec: &SimulationSpec, driver: &market::MarketDriver) -> bool {
    driver.exposure.chunks(spec.history + spec.periods).all(|geo| geo[spec.history..].iter().all(|x| *x == 0.0))
}

fn nothing(driver: &market::MarketDriver) -> Finding {
    let mend = "spend more, at a lower cost_per_exposure, or simulate more periods";
    let found = format!("no exposure of `{}` in any outcome period", driver.name);
    Finding::new(Severity::Fail, "out-of-range", found, "some exposure", mend).at_column("channel".to_owned())
}
