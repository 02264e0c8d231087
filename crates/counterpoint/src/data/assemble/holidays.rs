//! Holidays and other dated events as shares of the periods that they cover.

use crate::data::calendar::{Cadence, day_number};
use crate::data::codes::{fail, info};
use crate::data::{Control, holidays};
use crate::finding::Finding;
use crate::project::{EventSpec, Project};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Whether every country has a calendar and every event runs forwards.
pub(super) fn check(project: &Project, out: &mut Vec<Finding>) -> bool {
    let before = out.len();
    for country in &project.holidays.countries {
        if holidays::events(country, Date::ZERO, Date::ZERO).is_none() {
            let expected = format!("one of {}", holidays::countries().join(", "));
            let mend = "write the two-letter code of a bundled country, or list the days as events of your own";
            out.push(
                fail("unknown-country", format!("no calendar for `{country}`"), expected, mend).at_column("holidays"),
            );
        }
    }
    for event in project.holidays.events.iter().filter(|e| e.end < e.start) {
        let found = format!("`{}` from {} to {}", event.name, event.start, event.end);
        out.push(
            fail("event-backwards", found, "an end on or after the start", "swap the two dates").at_column("holidays"),
        );
    }
    out.len() == before
}

/// One control an event name, `[geos x periods]`, in order of first appearance: countries first, then the project's own.
/// A day that several spans of one name cover counts once.
pub(super) fn expand(
    project: &Project,
    dates: &[Date],
    cadence: Cadence,
    geos: usize,
    out: &mut Vec<Finding>,
) -> Vec<Control> {
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
        return Vec::new();
    };
    let length = i64::from(cadence.days());
    let (first_day, end_day) = (day_number(*first), day_number(*last) + length);
    let last = last.saturating_add(jiff::Span::new().days(length - 1));
    let mut spans: Vec<EventSpec> = Vec::new();
    for country in &project.holidays.countries {
        spans.extend(holidays::events(country, *first, last).unwrap_or_default());
    }
    spans.extend(project.holidays.events.iter().cloned());

    let mut days: Vec<(String, BTreeSet<i64>)> = Vec::new();
    for span in &spans {
        let covered = day_number(span.start).max(first_day)..(day_number(span.end) + 1).min(end_day);
        match days.iter_mut().find(|(name, _)| *name == span.name) {
            Some((_, days)) => days.extend(covered),
            None => days.push((span.name.clone(), covered.collect())),
        }
    }
    let mut controls = Vec::new();
    for (name, days) in days {
        if days.is_empty() {
            let expected = format!("days between {first} and {last}");
            let mend = "nothing to do; the event is not used";
            out.push(
                info("event-outside", format!("`{name}` lies outside of the data"), expected, mend)
                    .at_column("holidays"),
            );
            continue;
        }
        let mut national = vec![0.0; dates.len()];
        for day in days {
            if let Some(share) = usize::try_from((day - first_day) / length).ok().and_then(|t| national.get_mut(t)) {
                *share += 1.0 / length as f64;
            }
        }
        controls.push(Control { name, values: national.repeat(geos) });
    }
    controls
}
