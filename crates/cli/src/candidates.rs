//! People never worked with: their file as the user named it, and their rows in a report.

use crate::report_data::interval;
use counterpoint::data::roster::Candidate;
use counterpoint::data::{self, Dataset};
use counterpoint::finding::Finding;
use counterpoint::model::forecast::Forecast;
use counterpoint::project::Project;
use counterpoint_report::{CandidateRow, Creators};
use counterpoint_sources::read_table;
use std::path::Path;

/// The candidates of a file, with everything that is wrong with it.
pub(crate) fn read(file: &Path, dataset: &Dataset) -> (Vec<Candidate>, Vec<Finding>) {
    match read_table(Path::new(""), &file.to_string_lossy()) {
        Err(findings) => (Vec::new(), findings),
        Ok(table) => data::candidates(&table, dataset),
    }
}

/// Rows of a report; those of whom nothing can be told are left out.
pub(crate) fn rows(project: &Project, forecasts: &[Forecast], creators: &Creators) -> Vec<CandidateRow> {
    let one = |f: &Forecast| {
        let (told, c) = (f.told.as_ref()?, &f.candidate);
        let on = |name: &str| name.eq_ignore_ascii_case(c.platform.trim());
        Some(CandidateRow {
            name: c.name.clone(),
            platform: creators.platforms.iter().position(|p| on(&p.name))?,
            followers: c.account.followers,
            posts: c.posts as u64,
            views: interval(&told.views),
            effect: interval(&told.incremental),
            fee_asked: told.cost.map(|x| x.mean),
            roi: told.roi.as_ref().map(interval),
            fair_fee: project.outcome.returns_are_money().then_some(told.fair_cost),
        })
    };
    forecasts.iter().filter_map(one).collect()
}
