//! What may happen to a platform: a library of shocks with their sources, and the scenarios of a plan's time made from it.
//!
//! The library is the data file `shocks.csv`; a user's own file adds to it or replaces a shock by its name.

use counterpoint::data::{Cells, Table};

/// Whom a shock strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strikes {
    /// Creators, organic media and paid channels of the platform.
    All,
    /// What is not paid for by reach: creators and organic media.
    Organic,
    /// Paid channels.
    Paid,
    /// One creator: the one who brings most.
    Creator,
}

/// One shock of the library.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Shock {
    /// Unique name.
    pub name: String,
    /// Platform that it strikes; none: any, one at a time.
    pub platform: Option<String>,
    /// Whom it strikes.
    pub strikes: Strikes,
    /// What reach is multiplied by at its worst.
    pub reach: f64,
    /// What the price of paid attention on all other platforms is multiplied by meanwhile.
    pub price_elsewhere: f64,
    /// Days from its begin to its worst.
    pub onset_days: f64,
    /// Days that it lasts; none: for good.
    pub lasts_days: Option<f64>,
    /// Probability a year (of each platform, where none is named).
    pub per_year: f64,
    /// Where the figures are from.
    pub source: String,
}

/// The library that comes with the program.
const LIBRARY: &str = include_str!("shocks.csv");

impl Shock {
    /// The bundled library.
    pub fn library() -> Vec<Shock> {
        LIBRARY
            .lines()
            .skip(1)
            .filter_map(|line| {
                let cells: Vec<&str> = line.splitn(9, ',').collect();
                let number = |i: usize| cells.get(i)?.trim().parse::<f64>().ok();
                Some(Shock {
                    name: cells.first()?.to_string(),
                    platform: cells.get(1).filter(|p| !p.is_empty()).map(|p| p.to_string()),
                    strikes: strikes(cells.get(2)?)?,
                    reach: number(3)?,
                    price_elsewhere: number(4)?,
                    onset_days: number(5)?,
                    lasts_days: number(6),
                    per_year: number(7)?,
                    source: cells.get(8)?.trim_matches('"').to_string(),
                })
            })
            .collect()
    }

    /// The library with the rows of a user's table over it, and what is wrong with the table, a line each.
    pub fn with_table(table: &Table) -> (Vec<Shock>, Vec<String>) {
        let (mut all, mut wrong) = (Shock::library(), Vec::new());
        let text = |name: &str, row: usize| -> Option<String> {
            let column = table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))?;
            match &column.cells {
                Cells::Text(cells) => cells[row].as_deref().filter(|t| !t.trim().is_empty()).map(str::to_owned),
                Cells::Number(cells) => cells[row].map(|x| x.to_string()),
                Cells::Date(cells) => cells[row].map(|d| d.to_string()),
            }
        };
        for name in ["shock", "reach", "per_year"] {
            if !table.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name)) {
                wrong.push(format!("{}: no column `{name}`; columns are shock, platform, strikes, reach, price_elsewhere, onset_days, lasts_days, per_year, source", table.file));
            }
        }
        if !wrong.is_empty() {
            return (all, wrong);
        }
        for row in 0..table.rows() {
            let line = row + 2;
            let mut number = |name: &str, fallback: f64, low: f64, high: f64| match text(name, row) {
                None => fallback,
                Some(t) => match t.trim().parse::<f64>() {
                    Ok(x) if (low..=high).contains(&x) => x,
                    _ => {
                        wrong.push(format!(
                            "{}, line {line}, {name}: found \"{t}\", expected a number from {low} to {high}",
                            table.file
                        ));
                        fallback
                    }
                },
            };
            let reach = number("reach", 1.0, 0.0, 10.0);
            let price_elsewhere = number("price_elsewhere", 1.0, 0.01, 100.0);
            let onset_days = number("onset_days", 0.0, 0.0, 36_500.0);
            let per_year = number("per_year", 0.0, 0.0, 1.0);
            let lasts = number("lasts_days", f64::INFINITY, 0.0, f64::INFINITY);
            let struck = text("strikes", row).unwrap_or_else(|| "all".to_owned());
            let Some(kind) = strikes(&struck) else {
                wrong.push(format!(
                    "{}, line {line}, strikes: found \"{struck}\", expected all, organic, paid or creator",
                    table.file
                ));
                continue;
            };
            let Some(name) = text("shock", row) else {
                wrong.push(format!("{}, line {line}, shock: an empty cell, expected a name", table.file));
                continue;
            };
            let shock = Shock {
                name: name.clone(),
                platform: text("platform", row),
                strikes: kind,
                reach,
                price_elsewhere,
                onset_days,
                lasts_days: lasts.is_finite().then_some(lasts),
                per_year,
                source: text("source", row).unwrap_or_else(|| "given by the user".to_owned()),
            };
            match all.iter_mut().find(|s| s.name == name) {
                Some(old) => *old = shock,
                None => all.push(shock),
            }
        }
        (all, wrong)
    }

    /// What reach is multiplied by in each of `periods` periods of `days` days, for a shock that begins `begins` days after the first.
    pub fn reach_by_period(&self, periods: usize, days: f64, begins: f64) -> Vec<f64> {
        (0..periods).map(|t| 1.0 - (1.0 - self.reach) * self.presence(t as f64 * days, days, begins)).collect()
    }

    /// The same of the price of paid attention elsewhere.
    pub fn price_by_period(&self, periods: usize, days: f64, begins: f64) -> Vec<f64> {
        (0..periods)
            .map(|t| 1.0 + (self.price_elsewhere - 1.0) * self.presence(t as f64 * days, days, begins))
            .collect()
    }

    /// Mean strength, in \[0, 1\], over `days` days from day `from` on.
    fn presence(&self, from: f64, days: f64, begins: f64) -> f64 {
        // Integral of a ramp from the begin over the onset, then 1, until the end.
        let end = self.lasts_days.map_or(f64::INFINITY, |d| begins + d);
        let until = |x: f64| {
            let x = x.min(end) - begins;
            if x <= 0.0 {
                0.0
            } else if x < self.onset_days {
                0.5 * x * x / self.onset_days
            } else {
                x - 0.5 * self.onset_days
            }
        };
        ((until(from + days) - until(from)) / days).clamp(0.0, 1.0)
    }
}

fn strikes(word: &str) -> Option<Strikes> {
    match word.trim().to_lowercase().as_str() {
        "all" => Some(Strikes::All),
        "organic" => Some(Strikes::Organic),
        "paid" => Some(Strikes::Paid),
        "creator" => Some(Strikes::Creator),
        _ => None,
    }
}

/// One shock on one platform at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Index in the list of shocks.
    pub shock: usize,
    /// Index in the list of platforms.
    pub platform: usize,
    /// Days from the first planned day to its begin.
    pub begins: f64,
    /// Probability that it happens within the plan's time.
    pub probability: f64,
}

/// What happens together, with its probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Events, by index.
    pub events: Vec<usize>,
    /// Probability.
    pub weight: f64,
}

/// Most scenarios of a plan.
pub const SCENARIOS: usize = 20;
/// Least probability of all scenarios together: where they have less, fewer events are told apart.
const COVERED: f64 = 0.9;
/// Most events at once.
const AT_ONCE: usize = 4;
/// Where in the plan's time an event begins: golden ratio steps, so that all parts of it are struck alike.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Every event that the platforms' names allow within so many days.
pub fn events(shocks: &[Shock], platforms: &[String], days: f64) -> Vec<Event> {
    let mut events = Vec::new();
    for (i, shock) in shocks.iter().enumerate().filter(|(_, s)| s.strikes != Strikes::Creator && s.per_year > 0.0) {
        let struck = |p: &String| shock.platform.as_ref().is_none_or(|own| same(own, p));
        for platform in (0..platforms.len()).filter(|&p| struck(&platforms[p])) {
            let place = (0.5 + GOLDEN * events.len() as f64).fract();
            let probability = 1.0 - (1.0 - shock.per_year.min(1.0)).powf(days / 365.25);
            events.push(Event { shock: i, platform, begins: place * days, probability });
        }
    }
    events
}

/// The scenarios of independent events, the most important event first: nothing, each of as many events as can be told apart by itself, and the most
/// probable sets of them. Returned with the number of those events. Each event has its probability over all of them.
pub fn scenarios(probabilities: &[f64]) -> (usize, Vec<Scenario>) {
    let mut count = probabilities.len().min(SCENARIOS - 1);
    loop {
        let own = &probabilities[..count];
        let nothing: f64 = own.iter().map(|p| 1.0 - p.min(CERTAIN)).product();
        let mut all = vec![Scenario { events: Vec::new(), weight: nothing }];
        let mut from = 0;
        for _ in 0..AT_ONCE.min(count) {
            let to = all.len();
            for i in from..to {
                for (e, p) in own.iter().enumerate().skip(all[i].events.last().map_or(0, |last| last + 1)) {
                    let odds = p.min(CERTAIN) / (1.0 - p.min(CERTAIN));
                    let events = all[i].events.iter().copied().chain([e]).collect();
                    all.push(Scenario { events, weight: all[i].weight * odds });
                }
            }
            from = to;
        }
        all[1 + count..].sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.events.cmp(&b.events)));
        all.truncate(SCENARIOS);
        let sum: f64 = all.iter().map(|s| s.weight).sum();
        // Sets that are left out are split into their events, so that each event keeps its probability.
        for (e, p) in own.iter().enumerate() {
            let together = all[1 + count..].iter().filter(|s| s.events.contains(&e)).map(|s| s.weight).sum::<f64>();
            all[1 + e].weight = p.min(CERTAIN) - together;
        }
        all[0].weight = 1.0 - all[1..].iter().map(|s| s.weight).sum::<f64>();
        if (sum >= COVERED && all[0].weight > 0.0) || count <= AT_ONCE {
            return (count, all);
        }
        count -= 1;
    }
}

/// No event is more probable: odds stay finite.
const CERTAIN: f64 = 1.0 - 1e-9;

/// Whether two names mean one platform.
pub fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shock(onset: f64, lasts: Option<f64>, reach: f64) -> Shock {
        Shock {
            name: "s".into(),
            platform: None,
            strikes: Strikes::All,
            reach,
            price_elsewhere: 1.1,
            onset_days: onset,
            lasts_days: lasts,
            per_year: 0.1,
            source: String::new(),
        }
    }

    #[test]
    fn every_row_of_the_library_is_read_and_has_a_source() {
        let all = Shock::library();
        assert_eq!(all.len(), LIBRARY.lines().count() - 1);
        assert!(all.iter().all(|s| !s.source.is_empty() && (0.0..=1.0).contains(&s.per_year)));
    }

    #[test]
    fn a_dark_day_takes_a_seventh_of_its_week() {
        // Day 10 to 11 of weeks: the second week loses one day of seven; prices rise by 10 % for a seventh of it.
        let dark = shock(0.0, Some(1.0), 0.0);
        let reach = dark.reach_by_period(3, 7.0, 10.0);
        assert_eq!((reach[0], reach[2]), (1.0, 1.0));
        assert!((reach[1] - 6.0 / 7.0).abs() < 1e-12);
        assert!((dark.price_by_period(3, 7.0, 10.0)[1] - (1.0 + 0.1 / 7.0)).abs() < 1e-12);
    }

    #[test]
    fn a_ramp_halves_reach_over_its_onset_and_stays() {
        // Over 28 days from the first: mean of each week along the line from 1 to 0.5, then 0.5.
        let slow = shock(28.0, None, 0.5);
        let reach = slow.reach_by_period(5, 7.0, 0.0);
        for (got, want) in reach.iter().zip([0.9375, 0.8125, 0.6875, 0.5625, 0.5]) {
            assert!((got - want).abs() < 1e-12, "{reach:?}");
        }
    }

    #[test]
    fn probabilities_are_those_of_independent_events() {
        let two = [shock(0.0, None, 0.0), Shock { per_year: 0.2, name: "t".into(), ..shock(0.0, None, 0.5) }];
        let own: Vec<f64> = events(&two, &["A".into()], 365.25).iter().map(|e| e.probability).collect();
        let (kept, all) = scenarios(&own);
        assert_eq!(kept, 2);
        let of = |events: &[usize]| all.iter().find(|s| s.events == events).unwrap().weight;
        for (events, want) in [(&[][..], 0.72), (&[0], 0.08), (&[1], 0.18), (&[0, 1], 0.02)] {
            assert!((of(events) - want).abs() < 1e-12);
        }
    }

    #[test]
    fn rare_events_are_all_told_apart_and_likely_ones_as_far_as_twenty_scenarios_reach() {
        // Forty rare ones: nineteen alone, each about as probable as it is, beside nothing.
        let (kept, all) = scenarios(&[0.005; 40]);
        assert_eq!((kept, all.len()), (19, 20));
        assert!(all[1..].iter().all(|s| s.events.len() == 1 && (s.weight / 0.005 - 1.0).abs() < 1e-9), "{all:?}");
        assert!(all[0].events.is_empty());
        // Nine even odds: four of them, in all sixteen ways.
        let (kept, all) = scenarios(&[0.5; 9]);
        assert_eq!((kept, all.len()), (4, 16));
        assert!(all.iter().all(|s| (s.weight - 1.0 / 16.0).abs() < 1e-12));
        // None, and a certain one.
        assert_eq!(scenarios(&[]), (0, vec![Scenario { events: Vec::new(), weight: 1.0 }]));
        let (_, sure) = scenarios(&[1.0]);
        assert!((sure[1].weight - 1.0).abs() < 1e-6 && sure[0].weight < 1e-6);
    }
}
