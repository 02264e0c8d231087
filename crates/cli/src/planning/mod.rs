//! What `plan` and `stress` share: a run opened again, what is asked of it, offers, shocks, and plans read from tables.

pub(crate) mod json;
mod read;
pub(crate) mod text;

pub(crate) use read::{offers, paths, shocks};

use crate::args::PlanningArgs;
use crate::reopen::{Reopened, project_text};
use counterpoint::data::roster::Offer;
use counterpoint::finding::{Finding, Severity};
use counterpoint::project::Project;
use counterpoint::project::plan::PlanSpec;
use counterpoint_plan::ground::Ground;
use counterpoint_plan::judge::Judged;
use counterpoint_plan::plan::Plan;
use counterpoint_plan::shock::{Shock, same};
use counterpoint_plan::stress::Struck;
use counterpoint_plan::world::World;
use counterpoint_report::{Status, Verdict};
use counterpoint_sources::read_plan;
use std::path::Path;

/// Everything that a plan is made from.
pub(crate) struct Planning {
    pub(crate) reopened: Reopened,
    pub(crate) spec: PlanSpec,
    pub(crate) ground: Ground,
    pub(crate) shocks: Vec<Shock>,
    pub(crate) worlds: Vec<World>,
    pub(crate) verdict: Verdict,
    pub(crate) threads: usize,
    /// What is harmless and worth a look.
    pub(crate) findings: Vec<Finding>,
}

/// What caring for the worst tenth gives up and gains, against caring for the average only.
#[derive(serde::Serialize)]
pub(crate) struct Insurance {
    pub(crate) risk: f64,
    pub(crate) profit_given_up: f64,
    pub(crate) worst_tenth_gained: f64,
    /// The first over the second; none where nothing is gained.
    pub(crate) price: Option<f64>,
}

/// What the best plan becomes when a shock strikes on its first day.
pub(crate) struct Anew {
    /// What strikes.
    pub(crate) strikes: Struck,
    /// The best plan for what then is.
    pub(crate) anew: Plan,
    /// The best plan before.
    pub(crate) before: Plan,
    /// That one as it fares then.
    pub(crate) kept: Judged,
}

impl Planning {
    /// Opens a run and prepares what is asked.
    ///
    /// # Errors
    /// A failing world as the outer error; what is wrong with the user's tables and days as findings or words inside.
    pub(crate) fn open(run: &Path, asked: &PlanningArgs) -> anyhow::Result<Result<Planning, Fault>> {
        let (section, mut findings) = read_plan(&project_text(run)?);
        if counterpoint::finding::any_fail(&findings) {
            return Ok(Err(Fault::Findings(findings)));
        }
        let reopened = Reopened::open(run)?;
        let spec = with(section, asked);
        let dataset = reopened.dataset()?;
        let file = asked.offers.clone().or_else(|| spec.offers.as_ref().map(|f| reopened.dir.join(f)));
        let offered: Vec<Offer> = match &file {
            None => Vec::new(),
            Some(file) => {
                let (offers, wrong) = offers(file, dataset);
                if counterpoint::finding::any_fail(&wrong) {
                    return Ok(Err(Fault::Findings(wrong)));
                }
                findings.extend(wrong);
                offers
            }
        };
        let shocks = match &asked.shocks {
            None => Shock::library(),
            Some(file) => match shocks(file) {
                Ok(shocks) => shocks,
                Err(fault) => return Ok(Err(fault)),
            },
        };
        let (model, chains) = reopened.fitted(run)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let ground = match Ground::new(&model, &reopened.project, dataset, &chains, &spec, &offered, threads) {
            Ok(ground) => ground,
            Err(words) => return Ok(Err(Fault::Words(vec![words]))),
        };
        if let Some(words) = unknown_drivers(&reopened.project, &spec, dataset, &ground.places) {
            return Ok(Err(Fault::Words(words)));
        }
        // Of the bundled shocks it goes without saying.
        let library = Shock::library();
        for shock in shocks.iter().filter(|s| !library.contains(s)) {
            let Some(place) = shock.platform.as_ref().filter(|p| !ground.places.iter().any(|own| same(own, p))) else {
                continue;
            };
            findings.push(Finding::new(
                Severity::Review,
                "shock-platform",
                format!("the shock \"{}\" on \"{place}\"", shock.name),
                format!("one of {}", ground.places.join(", ")),
                "as it is, it never strikes: mend the platform's name",
            ));
        }
        let worlds = World::all(&ground, &shocks);
        let verdict: Verdict = serde_json::from_value(reopened.about["verdict"].clone())?;
        Ok(Ok(Planning { reopened, spec, ground, shocks, worlds, verdict, threads, findings }))
    }

    /// The project.
    pub(crate) fn project(&self) -> &Project {
        &self.reopened.project
    }

    /// Whether the fit failed, so that nothing follows from it.
    pub(crate) fn failed(&self) -> bool {
        self.verdict.status == Status::Fail
    }
}

/// What the user has to mend.
pub(crate) enum Fault {
    /// In tables and the project file.
    Findings(Vec<Finding>),
    /// Elsewhere, in words.
    Words(Vec<String>),
}

/// `[plan]` with what was typed over it.
fn with(mut spec: PlanSpec, asked: &PlanningArgs) -> PlanSpec {
    spec.starts = asked.starts.or(spec.starts);
    spec.ends = asked.ends.or(spec.ends);
    if let Some(budget) = asked.budget {
        spec.budget = budget;
        spec.target = None;
    }
    spec.target = asked.target.or(spec.target);
    spec.risk = asked.risk.unwrap_or(spec.risk);
    spec.flights = asked.flights.unwrap_or(spec.flights);
    spec.value = asked.value.or(spec.value);
    spec
}

/// Limits of drivers that do not exist.
fn unknown_drivers(
    project: &Project,
    spec: &PlanSpec,
    data: &counterpoint::data::Dataset,
    places: &[String],
) -> Option<Vec<String>> {
    let channels: Vec<&str> = project.drivers.iter().map(|d| d.name.as_str()).collect();
    let creators: Vec<&str> = data.roster.iter().flat_map(|r| &r.creators).map(|c| c.name.as_str()).collect();
    let mut wrong = Vec::new();
    for limit in &spec.drivers {
        if !channels.contains(&limit.name.as_str()) {
            wrong.push(format!("[[plan.driver]] {}: no such channel; there are {}", limit.name, channels.join(", ")));
        }
    }
    for group in &spec.groups {
        for name in group.drivers.iter().filter(|n| !channels.contains(&n.as_str()) && !creators.contains(&n.as_str()))
        {
            wrong.push(format!("[[plan.group]] {}: no channel or creator {name}", group.name));
        }
        let known = |p: &str| places.iter().any(|place| same(place, p));
        if let Some(platform) = group.platform.as_ref().filter(|p| !known(p)) {
            let there = places.join(", ");
            wrong.push(format!("[[plan.group]] {}: no platform {platform}; there are {there}", group.name));
        }
    }
    (!wrong.is_empty()).then_some(wrong)
}
