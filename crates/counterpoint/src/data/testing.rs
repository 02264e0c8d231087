//! Small tables and projects for the tests of this module.

use super::{Cells, Column, Table};
use crate::finding::{Finding, Severity};
use crate::project::*;

/// A table of text from the lines of a small CSV without quotes.
pub(crate) fn csv(file: &str, text: &str) -> Table {
    let mut lines = text.trim().lines().map(|l| l.trim().split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let rows: Vec<Vec<String>> = lines.collect();
    let cell = |row: &Vec<String>, at: usize| row.get(at).filter(|c| !c.is_empty()).map(|c| c.clone().into_boxed_str());
    let columns = header.iter().enumerate().map(|(at, name)| Column {
        name: name.clone(),
        cells: Cells::Text(rows.iter().map(|row| cell(row, at)).collect()),
    });
    Table { file: file.to_owned(), columns: columns.collect(), lines: (0..rows.len() as u64).map(|i| i + 2).collect() }
}

/// A national project on `data.csv` with outcome `y` in money and no driver.
pub(crate) fn project() -> Project {
    Project {
        name: "test".to_owned(),
        currency: "USD".to_owned(),
        data: DataSpec {
            tables: vec!["data.csv".to_owned()],
            long: Vec::new(),
            date: "date".to_owned(),
            date_format: None,
            geo: None,
            population: None,
            empty_is_zero: false,
        },
        outcome: OutcomeSpec { column: "y".to_owned(), kind: OutcomeKind::Revenue, margin: None, order_value: None },
        drivers: Vec::new(),
        controls: Vec::new(),
        holidays: HolidaySpec::default(),
        creators: None,
        experiments: ExperimentsSpec::default(),
        model: ModelSpec::default(),
        sampler: SamplerSpec::default(),
    }
}

/// A driver with the model's defaults.
pub(crate) fn driver(name: &str, source: DriverSource) -> DriverSpec {
    DriverSpec {
        name: name.to_owned(),
        source,
        platform: None,
        prior: None,
        adstock: None,
        max_lag: None,
        saturation: None,
        slope: None,
        scale: Some(ExposureScale::Median),
        shape: ShapePriors::default(),
    }
}

/// A channel on one spend column, of the column's name.
pub(crate) fn channel(spend: &str) -> DriverSpec {
    driver(spend, DriverSource::Channel { spend: spend.to_owned(), exposure: None, role: Role::Creation })
}

/// A channel with spend and exposure columns.
pub(crate) fn channel_with(name: &str, spend: &str, exposure: &str) -> DriverSpec {
    let source =
        DriverSource::Channel { spend: spend.to_owned(), exposure: Some(exposure.to_owned()), role: Role::Creation };
    driver(name, source)
}

/// A control column.
pub(crate) fn control(column: &str) -> ControlSpec {
    ControlSpec { column: column.to_owned(), per_head: false }
}

/// The findings of a code.
pub(crate) fn of<'a>(findings: &'a [Finding], code: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|f| f.code == code).collect()
}

/// The codes of the findings that forbid going on.
pub(crate) fn failures(findings: &[Finding]) -> Vec<&str> {
    findings.iter().filter(|f| f.severity == Severity::Fail).map(|f| f.code.as_str()).collect()
}
