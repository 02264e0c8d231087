//! A table of experiments: a row each.

use super::super::sheet::Sheet;
use crate::data::codes::fail;
use crate::data::experiment::{change, cooldown, se_of_interval};
use crate::data::{Column, Table};
use crate::finding::Finding;
use crate::project::{Cooldown, ExperimentSpec, LiftUnit, Place, Usual};

/// Any number.
const NUMBER: (f64, f64, &str) = (f64::NEG_INFINITY, f64::INFINITY, "a number");
/// A number from 0 up.
const AMOUNT: (f64, f64, &str) = (0.0, f64::INFINITY, "a number from 0 up");
/// What separates several names in a cell.
const SEPARATORS: [char; 2] = [';', '|'];

/// Reads the rows that can be read; the others have a finding each.
pub(super) fn rows(table: &Table, out: &mut Vec<Finding>) -> Vec<ExperimentSpec> {
    let sheet = Sheet { table };
    let driver = sheet.required(&["driver", "drivers", "channel", "creator"], out);
    let drivers = sheet.texts(driver, true, out);
    let names = sheet.texts(sheet.optional(&["experiment", "name", "test"]), false, out);
    let geos = sheet.texts(sheet.optional(&["geos", "geo"]), false, out);
    let (start, end) = (sheet.required(&["start"], out), sheet.required(&["end"], out));
    let (starts, ends) = (sheet.moments(start, true, out), sheet.moments(end, true, out));
    let change_column = sheet.required(&["change"], out);
    let changes = sheet.texts(change_column, true, out);
    let cooldowns = sheet.texts(sheet.optional(&["cooldown"]), false, out);
    let units = sheet.texts(sheet.optional(&["unit"]), false, out);
    let usual = sheet.numbers(sheet.optional(&["usual"]), false, AMOUNT, out);
    let lift = sheet.required(&["lift"], out);
    let lifts = sheet.numbers(lift, true, NUMBER, out);
    let mut optional = |name: &str| sheet.numbers(sheet.optional(&[name]), false, NUMBER, out);
    let (ses, lows, highs, levels) = (optional("se"), optional("low"), optional("high"), optional("level"));

    let mut read = Vec::new();
    for row in 0..table.rows() {
        let mut bad = |code: &str, column: Option<&Column>, found: String, expected: &str, mend: &str| {
            let name = column.map_or("", |c| c.name.as_str());
            out.push(sheet.at(fail(code, found, expected, mend), row, name));
        };
        let word = changes[row].as_deref();
        let changed = word.and_then(change);
        if let (Some(word), None) = (word, changed) {
            let expected = "`off`, `on`, or what the exposure was multiplied by: a number from 0 up that is not 1";
            bad("experiment-change", change_column, format!("`{word}`"), expected, "correct the cell");
        }
        let after = match cooldowns[row].as_deref() {
            None => Some(Cooldown::Periods(0)),
            Some(word) => {
                let read = cooldown(word);
                if read.is_none() {
                    let column = sheet.optional(&["cooldown"]);
                    let mend = "write a number of periods, or as `14 days`";
                    bad("unknown-word", column, format!("`{word}`"), "periods as `2`, or `14 days`", mend);
                }
                read
            }
        };
        let unit = match units[row].as_deref().map(str::to_lowercase).as_deref() {
            None | Some("outcome") => Some(LiftUnit::Outcome),
            Some("percent" | "%") => Some(LiftUnit::Percent),
            Some(word) => {
                let column = sheet.optional(&["unit"]);
                bad("unknown-word", column, format!("`{word}`"), "`outcome` or `percent`", "write one of the two");
                None
            }
        };
        let se = match (ses[row], lows[row], highs[row], levels[row]) {
            (Some(se), ..) => Some(se),
            (None, Some(low), Some(high), Some(level)) if level > 0.0 && level < 1.0 => {
                Some(se_of_interval(low, high, level))
            }
            _ => {
                let expected = "`se`, or `low`, `high` and `level` (0.9 for a 90 % interval)";
                let mend = "give the standard error of the lift, or its interval with its level";
                bad("experiment-se", sheet.optional(&["se"]), "no standard error".to_owned(), expected, mend);
                None
            }
        };
        let (Some(drivers), Some((start, _)), Some((end, _))) = (&drivers[row], starts[row], ends[row]) else {
            continue;
        };
        let (Some(change), Some(cooldown), Some(unit), Some(lift), Some(se)) = (changed, after, unit, lifts[row], se)
        else {
            continue;
        };
        read.push(ExperimentSpec {
            name: names[row].clone(),
            drivers: list(drivers),
            geos: geos[row].as_deref().map(list).unwrap_or_default(),
            start: start.date(),
            end: end.date(),
            cooldown,
            change,
            usual: usual[row].map_or(Usual::Before, Usual::Number),
            lift,
            se,
            unit,
            place: Place { file: table.file.clone(), line: table.lines.get(row).copied(), key: String::new() },
        });
    }
    read
}

/// The names in a cell.
fn list(cell: &str) -> Vec<String> {
    cell.split(SEPARATORS).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
