//! A read-out as JSON, and as a row that `fit` can take for data.

use super::args::ReadArgs;
use super::axis::Axis;
use super::panel::{Loaded, fail};
use counterpoint::data::{Cells, Table};
use counterpoint::finding::Finding;
use counterpoint_experiment::{Effect, ReadOut, normalised_doses};
use counterpoint_sources::{OutColumn, read_table, write_csv};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Columns of the table of experiments: those of texts, then those of numbers.
const TEXTS: [&str; 5] = ["experiment", "driver", "geos", "start", "end"];
const NUMBERS: [&str; 4] = ["cooldown", "change", "lift", "se"];

/// The columns of [`TEXTS`] and of [`NUMBERS`].
type Rows = ([Vec<String>; 5], [Vec<f64>; 4]);

/// The one object.
pub(super) fn json(found: &ReadOut, loaded: &Loaded, cost: Option<f64>, findings: &[Finding]) -> Value {
    let panel = &loaded.panel;
    let weights: Map<String, Value> = found.weights.iter().map(|(unit, w)| (unit.clone(), json!(w))).collect();
    let names = |rows: Vec<usize>| rows.into_iter().map(|i| panel.units[i].clone()).collect::<Vec<_>>();
    let total = found.total();
    let start = panel.cohorts().first().map(|(start, _)| *start);
    let mut out = json!({
        "ok": true,
        "method": found.method.name(),
        "level": found.level,
        "att": found.att.value,
        "low": found.att.low,
        "high": found.att.high,
        "p": found.p,
        "se": found.se,
        "lift": found.lift.map(|l| l.value),
        "lift_low": found.lift.and_then(|l| l.low),
        "lift_high": found.lift.and_then(|l| l.high),
        "total": total.value,
        "total_low": total.low,
        "total_high": total.high,
        "observed": found.observed,
        "treated": names(panel.treated()),
        "controls": panel.controls().len(),
        "start": start.and_then(|t| panel.times.get(t)),
        "end": panel.times.get(panel.test_end.saturating_sub(1)),
        "periods_before": start,
        "unit_periods": found.unit_periods,
        "weights": weights,
        "pre_fit": {
            "l2": found.pre_fit.l2,
            "scaled_l2": found.pre_fit.scaled_l2,
            "penalty": found.pre_fit.penalty,
            "bias": found.pre_fit.bias,
        },
        "effects": found.effects.iter().map(|e| json!({
            "time": e.time,
            "observed": e.observed,
            "effect": e.effect.value,
            "low": e.effect.low,
            "high": e.effect.high,
        })).collect::<Vec<_>>(),
        "difference_in_differences": found.difference,
        "placebos": {
            "space": found.in_space.iter().map(|p| json!({
                "units": p.units, "att": p.att, "ratio": p.ratio,
            })).collect::<Vec<_>>(),
            "space_p": found.in_space_p,
            "time": found.in_time.iter().map(|p| json!({
                "start": p.window.0, "end": p.window.1, "att": p.att,
            })).collect::<Vec<_>>(),
        },
        "findings": findings,
    });
    if let Some(doses) = normalised_doses(&loaded.panel) {
        out["dose_of"] = json!(loaded.dose_of);
        out["doses"] =
            panel.units.iter().cloned().zip(doses.into_iter().map(|d| json!(d))).collect::<Map<_, _>>().into();
    }
    if !found.slopes.is_empty() {
        let slope = |(name, slope, inclusion): &(String, f64, Option<f64>)| json!({ "name": name, "slope": slope, "inclusion": inclusion });
        out["slopes"] = found.slopes.iter().map(slope).collect();
    }
    if let Some(roi) = roi(found, cost) {
        (out["cost"], out["roi"]) = (json!(cost), json!(roi.value));
        (out["roi_low"], out["roi_high"]) = (json!(roi.low), json!(roi.high));
    }
    out
}

/// Effect in all over what it cost; a cost below zero was saved.
pub(super) fn roi(found: &ReadOut, cost: Option<f64>) -> Option<Effect> {
    let cost = cost?;
    let out = found.total().map(|x| x / cost);
    Some(if cost < 0.0 { Effect { low: out.high, high: out.low, ..out } } else { out })
}

/// Adds the read-out to a table of experiments; its rows of other names stay.
///
/// # Errors
/// The disk. What is wrong with the table or the read-out comes back as findings.
pub(super) fn write(
    file: &Path,
    args: &ReadArgs,
    loaded: &Loaded,
    found: &ReadOut,
) -> anyhow::Result<Result<(), Vec<Finding>>> {
    let panel = &loaded.panel;
    let se = found.se.map(|se| se * found.unit_periods as f64).filter(|se| se.is_finite());
    let Some(se) = se else {
        let mend =
            "read it at a lower --level or with another --method; without a standard error the row would say nothing";
        let expected = "an effect with limits on both sides";
        return Ok(Err(vec![fail("no-standard-error", "an effect without an interval", expected, mend)]));
    };
    let name = args.name.clone().unwrap_or_else(|| {
        args.panel.panel.file_stem().map_or_else(|| "experiment".to_owned(), |s| s.to_string_lossy().into_owned())
    });
    let (mut texts, mut numbers) = match earlier(file, &name) {
        Ok(rows) => rows,
        Err(findings) => return Ok(Err(findings)),
    };
    let geos = panel.treated().into_iter().map(|i| panel.units[i].clone()).collect::<Vec<_>>().join(";");
    let geos = if loaded.columns.0.is_none() { String::new() } else { geos };
    let start = panel.cohorts().first().map_or(0, |(start, _)| *start);
    let own = [name, args.driver.clone().unwrap_or_default(), geos, panel.times[start].clone(), last_day(loaded)];
    texts.iter_mut().zip(own).for_each(|(column, cell)| column.push(cell));
    let own = [(panel.end - panel.test_end) as f64, args.change.unwrap_or(f64::NAN), found.total().value, se];
    numbers.iter_mut().zip(own).for_each(|(column, cell)| column.push(cell));
    let columns = TEXTS.into_iter().zip(texts).map(|(name, cells)| OutColumn::text(name, cells));
    let columns = columns.chain(NUMBERS.into_iter().zip(numbers).map(|(name, cells)| OutColumn::number(name, cells)));
    write_csv(file, &columns.collect::<Vec<_>>())?;
    Ok(Ok(()))
}

/// The last day of the test: of weeks that are named by their first day, the day before the next one.
fn last_day(loaded: &Loaded) -> String {
    let (keys, last) = (&loaded.keys, loaded.panel.test_end - 1);
    let step = if last > 0 { keys[last] - keys[last - 1] } else { 1.0 };
    let day = match loaded.axis {
        Axis::Dates(_) if step > 1.0 => {
            let days = jiff::Span::new().try_days((keys[last] + step - 1.0) as i64);
            days.ok().and_then(|days| jiff::civil::date(1970, 1, 1).checked_add(days).ok())
        }
        _ => None,
    };
    day.map_or_else(|| loaded.panel.times[last].clone(), |day| day.to_string())
}

/// The rows of a table of experiments that is there already, but those of this name.
fn earlier(file: &Path, name: &str) -> Result<Rows, Vec<Finding>> {
    let mut out = Rows::default();
    if !file.exists() {
        return Ok(out);
    }
    let table = read_table(Path::new(""), &file.to_string_lossy())?;
    let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    if names != [&TEXTS[..], &NUMBERS[..]].concat() {
        let found = format!("a table with the columns {}", names.join(", "));
        let expected = format!("{}, {}", TEXTS.join(", "), NUMBERS.join(", "));
        let mend = "name another file with --out: this one is no table of experiments, so it is not written over";
        return Err(vec![fail("not-experiments", found, expected, mend).at_file(&table.file)]);
    }
    let cell = |column: usize, row: usize| text(&table, column, row);
    for row in (0..table.rows()).filter(|&row| cell(0, row) != name) {
        for (k, column) in out.0.iter_mut().enumerate() {
            column.push(cell(k, row).to_owned());
        }
        for (k, column) in out.1.iter_mut().enumerate() {
            column.push(cell(TEXTS.len() + k, row).parse().unwrap_or(f64::NAN));
        }
    }
    Ok(out)
}

fn text(table: &Table, column: usize, row: usize) -> &str {
    match &table.columns[column].cells {
        Cells::Text(cells) => cells[row].as_deref().unwrap_or(""),
        Cells::Number(_) | Cells::Date(_) => "",
    }
}
