//! The panels of `golden/`, as the estimators want them.
#![allow(dead_code)] // each test file uses its part
#![allow(clippy::disallowed_methods)] // tests of the rim read files

use counterpoint_experiment::{Matrix, Panel};
use std::path::Path;

/// A file of `golden/`: header and rows.
pub(crate) fn csv(file: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines = text.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<String>>());
    (lines.next().unwrap(), lines.collect())
}

/// A number of a cell; NaN for an empty one.
pub(crate) fn number(cell: &str) -> f64 {
    if cell.is_empty() { f64::NAN } else { cell.parse().unwrap() }
}

fn place(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|n| n == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

/// Units and times in the order in which they come, and each of the columns as a matrix; cells that are not there are `missing`.
pub(crate) fn columns(file: &str, unit: &str, time: &str, wanted: &[&str], missing: f64) -> (Panel, Vec<Matrix>) {
    let (head, rows) = csv(file);
    let at = |name: &str| head.iter().position(|h| h == name).unwrap_or_else(|| panic!("{file} has no {name}"));
    let (mut units, mut times) = (Vec::new(), Vec::new());
    let cells: Vec<(usize, usize, Vec<f64>)> = rows
        .iter()
        .map(|row| {
            let values = wanted.iter().map(|name| number(&row[at(name)])).collect();
            (place(&mut units, &row[at(unit)]), place(&mut times, &row[at(time)]), values)
        })
        .collect();
    let mut out = vec![Matrix::from_fn(units.len(), times.len(), |_, _| missing); wanted.len()];
    for (i, t, values) in cells {
        out.iter_mut().zip(values).for_each(|(m, v)| m[(i, t)] = v);
    }
    (Panel::new(units, times, out[0].clone()), out)
}

/// The row of a unit.
pub(crate) fn unit(panel: &Panel, name: &str) -> usize {
    panel.units.iter().position(|u| u == name).unwrap_or_else(|| panic!("no {name}"))
}

/// GeoLift's test panel: chicago and portland treated in the last 15 of 105 days.
pub(crate) fn geolift() -> Panel {
    let (panel, _) = columns("geolift/test.csv", "location", "date", &["Y"], f64::NAN);
    let treated = [unit(&panel, "chicago"), unit(&panel, "portland")];
    panel.treat(&treated, 90, 105, 0)
}

/// The covariates of Kansas, logarithms taken as the source does.
pub(crate) const KANSAS: [&str; 6] =
    ["lngdpcapita", "revstatecapita", "revlocalcapita", "avgwklywagecapita", "estabscapita", "emplvlcapita"];

/// Kansas from 2012.25 in a panel of 50 states and 105 quarters, and its covariates.
pub(crate) fn kansas() -> (Panel, Vec<Matrix>) {
    let (panel, columns) = columns("augsynth/kansas.csv", "state", "year_qtr", &KANSAS, f64::NAN);
    let treated = [unit(&panel, "Kansas")];
    (panel.treat(&treated, 89, 105, 0), columns)
}

/// Proposition 99: California from 1989 in a panel of 39 states and 31 years.
pub(crate) fn california() -> Panel {
    let (panel, _) = columns("synthdid/prop99.csv", "state", "year", &["packs"], f64::NAN);
    let treated = [unit(&panel, "California")];
    panel.treat(&treated, 19, 31, 0)
}

/// Whether two numbers are the same to a tolerance; says them where they are not.
#[track_caller]
pub(crate) fn close(found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{found} is not {wanted} (within {tolerance})");
}
