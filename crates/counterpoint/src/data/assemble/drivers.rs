//! Series of the drivers: exposure, frequency, spend.

use super::cells::Frame;
use super::column::{Purpose, Want};
use super::outcome::national_allowed;
use crate::data::codes::{Capped, fail};
use crate::data::{Driver, DriverKind};
use crate::finding::Finding;
use crate::project::DriverSource;
use std::ops::Range;

/// All drivers: channels, organic media, treatments; each kind in the order of the project.
pub(super) fn drivers(
    frame: &Frame<'_>,
    wants: &[Want],
    history_start: usize,
    window: &Range<usize>,
    out: &mut Vec<Finding>,
) -> Option<Vec<Driver>> {
    let span = history_start..window.end;
    let mut drivers = Vec::new();
    let mut complete = true;
    for (i, spec) in frame.project.drivers.iter().enumerate() {
        let mut series = |purpose: Purpose| {
            let want = wants.iter().find(|w| w.purpose == purpose)?;
            read(frame, want, matches!(spec.source, DriverSource::Treatment { .. }), &span, out)
        };
        let spend = series(Purpose::Spend(i));
        let exposure = series(Purpose::Exposure(i));
        let frequency = series(Purpose::Frequency(i));
        let (kind, exposure, needs_frequency) = match &spec.source {
            DriverSource::Channel { exposure: None, .. } => (DriverKind::Channel, spend.clone(), false),
            DriverSource::Channel { .. } => (DriverKind::Channel, exposure, false),
            DriverSource::ReachFrequency { .. } => (DriverKind::Channel, exposure, true),
            DriverSource::Organic { frequency, .. } => (DriverKind::Organic, exposure, frequency.is_some()),
            DriverSource::Treatment { .. } => (DriverKind::Treatment, exposure, false),
        };
        let spend_found = kind != DriverKind::Channel || spend.is_some();
        let Some(exposure) = exposure.filter(|_| spend_found && (!needs_frequency || frequency.is_some())) else {
            complete = false;
            continue;
        };
        let spend = spend.map(|all| {
            all.chunks(span.len().max(1))
                .flat_map(|geo| geo[geo.len().min(window.start - history_start)..].iter().copied())
                .collect()
        });
        drivers.push(Driver { name: spec.name.clone(), kind, exposure, frequency, spend });
    }
    drivers.sort_by_key(|d| d.kind);
    complete.then_some(drivers)
}

/// One series `[geos x span]`, complete or with findings.
fn read(
    frame: &Frame<'_>,
    want: &Want,
    treatment: bool,
    span: &Range<usize>,
    out: &mut Vec<Finding>,
) -> Option<Vec<f64>> {
    if !national_allowed(frame, want, "a driver's values in each geo", out) {
        return None;
    }
    let mut read = frame.numbers(want, span, out);
    let zero = frame.project.data.empty_is_zero && !treatment;
    let (mut empty, mut negative) = (Capped::new(), Capped::new());
    for at in 0..read.values.len() {
        if read.empty[at] && !frame.row_is_absent(want, read.rows[at]) {
            if zero {
                read.values[at] = 0.0;
                continue;
            }
            empty.push(out, || {
                let found = match (read.rows[at], &want.at.channel) {
                    (None, Some(channel)) => format!("no row of `{channel}` for {}", frame.cell_name(want, span, at)),
                    _ => "an empty cell".to_owned(),
                };
                let mend = if treatment {
                    "fill in the value; 0 if nothing was done"
                } else {
                    "write 0 where nothing ran; or set empty = \"zero\" under [data] if that is what every empty cell means"
                };
                frame.place(fail("empty-cell", found, "a number", mend), want, read.rows[at])
            });
        } else if read.values[at] < 0.0 && !treatment {
            negative.push(out, || {
                let mend = "correct it; book refunds and credits in the period in which the money was spent";
                let finding = fail("negative-exposure", format!("{}", read.values[at]), "zero or more", mend);
                frame.place(finding, want, read.rows[at])
            });
        }
    }
    empty.finish(out);
    negative.finish(out);
    Some(frame.spread(read.values, want.at.source))
}
