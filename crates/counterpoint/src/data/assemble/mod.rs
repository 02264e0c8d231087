//! From tables to a [`Dataset`]: keys, calendar, columns, window, arrays. All that is wrong is said at once.

mod cells;
mod column;
mod controls;
mod coverage;
mod drivers;
mod experiments;
mod grid;
mod holidays;
mod outcome;
mod roster;
mod sheet;
mod source;

#[cfg(test)]
mod tests;

pub use roster::{candidates, offers};

use super::{Dataset, Table};
use crate::finding::{Finding, any_fail};
use crate::project::Project;
use cells::Frame;
use column::{Catalogue, Purpose};
use grid::Grid;

/// The arrays that the model takes, from the project's tables (in the order `project.data.tables`, then
/// `project.data.long`, then creators, posts, stats, deals, tracked sales and experiments as far as named), with everything that is wrong or worth a look. There is no dataset when a finding is
/// [`Severity::Fail`](crate::finding::Severity::Fail).
///
/// Long tables are turned wide, tables joined on date and geo, rows sorted; rows before the first outcome are the
/// exposure history that feeds the lags.
pub fn assemble(project: &Project, tables: &[Table]) -> (Option<Dataset>, Vec<Finding>) {
    let mut out = Vec::new();
    let panels = (project.data.tables.len() + project.data.long.len()).min(tables.len());
    let mut data = build(project, &tables[..panels], &mut out);
    if let (Some(data), Some(spec)) = (&mut data, &project.creators) {
        data.roster = Some(roster::roster(spec, &tables[panels..], data, &mut out));
    }
    if let Some(data) = &mut data {
        let table = project.experiments.table.as_ref().and_then(|_| tables[panels..].last());
        data.experiments = experiments::experiments(project, table, data, &mut out);
    }
    let data = if any_fail(&out) { None } else { data };
    (data, out)
}

fn build(project: &Project, tables: &[Table], out: &mut Vec<Finding>) -> Option<Dataset> {
    let sources = source::sources(project, tables, out);
    let catalogue = Catalogue::new(&sources);
    let wants = column::resolve(project, &sources, &catalogue, out);
    let holidays_ok = holidays::check(project, out);

    let reference = wants.iter().find(|w| w.purpose == Purpose::Outcome).map(|w| w.at.source);
    let grid = Grid::new(&sources, reference, out)?;
    let frame = Frame::new(project, &sources, grid, out);

    let present = outcome::window(&frame, &wants, out);
    let (history_start, window) = coverage::spans(&frame, &wants, present);
    coverage::check(&frame, &wants, history_start, &window, out);

    let population = outcome::population(&frame, &wants, out);
    let outcome = outcome::outcome(&frame, &wants, &window, out);
    let unit_value = outcome::unit_value(&frame, &wants, &window, outcome.as_deref(), out);
    let drivers = drivers::drivers(&frame, &wants, history_start, &window, out);
    let controls = controls::controls(&frame, &wants, &window, out);
    let dates = frame.grid.dates(window.clone())?;
    let holidays = if holidays_ok {
        holidays::expand(project, &dates, frame.grid.cadence, frame.grid.geos.len(), out)
    } else {
        Vec::new()
    };

    Some(Dataset {
        geos: frame.grid.geos.clone(),
        dates,
        cadence: frame.grid.cadence,
        history: window.start - history_start,
        outcome: outcome?,
        unit_value: unit_value?,
        population: population?,
        drivers: drivers?,
        controls: controls?,
        holidays,
        roster: None,
        experiments: Vec::new(),
    })
}
