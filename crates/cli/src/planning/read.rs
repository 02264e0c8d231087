//! Tables of a plan: offers, shocks, and plans that users bring.

use super::Fault;
use counterpoint::data::roster::Offer;
use counterpoint::data::{self, Cells, Dataset, Table};
use counterpoint::finding::{Finding, Severity};
use counterpoint_plan::ground::Ground;
use counterpoint_plan::judge::Paths;
use counterpoint_plan::shock::Shock;
use counterpoint_sources::read_table;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::Path;

fn table(file: &Path) -> Result<Table, Vec<Finding>> {
    read_table(Path::new(""), &file.to_string_lossy())
}

/// The offers of a file, with everything that is wrong with it.
pub(crate) fn offers(file: &Path, dataset: &Dataset) -> (Vec<Offer>, Vec<Finding>) {
    match table(file) {
        Err(findings) => (Vec::new(), findings),
        Ok(table) => data::offers(&table, dataset),
    }
}

/// The bundled shocks with those of a file.
pub(crate) fn shocks(file: &Path) -> Result<Vec<Shock>, Fault> {
    let table = table(file).map_err(Fault::Findings)?;
    let (shocks, wrong) = Shock::with_table(&table);
    if wrong.is_empty() { Ok(shocks) } else { Err(Fault::Words(wrong)) }
}

/// A plan from a table with the columns `driver` and `plan` (or `spend`); `period` (a date within it) and `posts` where known. Money without a
/// period is spread evenly; posts without one, over the offer's time.
pub(crate) fn paths(file: &Path, ground: &Ground) -> Result<Paths, Fault> {
    let table = table(file).map_err(Fault::Findings)?;
    let mut wrong = Vec::new();
    let n = ground.horizon.len();
    let mut out = Paths {
        spend: vec![vec![0.0; n]; ground.paid()],
        posts: vec![vec![0; n]; ground.offers.len()],
        creators_as_last_year: false,
    };
    let column =
        |names: &[&str]| names.iter().find_map(|n| table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(n)));
    let fail = |found: String, expected: &str, mend: &str, row: Option<usize>, name: &str| {
        let finding =
            Finding::new(Severity::Fail, "plan-table", found, expected, mend).at_file(&table.file).at_column(name);
        row.map_or(finding.clone(), |r| finding.at_row(r as u64 + 2))
    };
    let Some(driver) = column(&["driver", "channel", "offer"]) else {
        let found = "no column `driver`".to_owned();
        return Err(Fault::Findings(vec![fail(found, "a column that names the driver", "add it", None, "driver")]));
    };
    let (money, posts) = (column(&["plan", "spend"]), column(&["posts"]));
    let (period, offer) = (column(&["period", "date", "week"]), column(&["offer"]));
    let names = [Some(driver), offer, column(&["platform"]), period];
    let mut rows = BTreeMap::new();
    if money.is_none() && posts.is_none() {
        let found = "neither `plan` nor `posts`".to_owned();
        wrong.push(fail(found, "money in `plan`, or posts in `posts`", "add one of them", None, "plan"));
    }
    for row in 0..table.rows() {
        let Some(name) = text(&driver.cells, row) else { continue };
        if let Some(first) = rows.insert(names.map(|c| text(&c?.cells, row)), row) {
            wrong.push(fail(
                format!("\"{name}\" again, as in line {}", first + 2),
                "one row for each driver and period",
                "take one of them out, or put their sum into one",
                Some(row),
                &driver.name,
            ));
            continue;
        }
        let number = |c: Option<&counterpoint::data::Column>, wrong: &mut Vec<Finding>| {
            let c = c?;
            let found = text(&c.cells, row)?;
            match found.trim().parse::<f64>() {
                Ok(x) if x >= 0.0 && x.is_finite() => Some(x),
                _ => {
                    wrong.push(fail(
                        format!("\"{found}\""),
                        "a number from 0 up",
                        "correct the cell",
                        Some(row),
                        &c.name,
                    ));
                    None
                }
            }
        };
        let (spend, count) = (number(money, &mut wrong), number(posts, &mut wrong));
        let at = match period.and_then(|c| Some((c, text(&c.cells, row)?))) {
            None => None,
            Some((c, found)) => match found.get(..10).unwrap_or(&found).parse::<Date>() {
                Ok(day) => {
                    let periods = ground.horizon.periods(Some(day), Some(day));
                    if periods.is_empty() {
                        let expected = format!("a day from {} to {}", ground.horizon.starts[0], ground.horizon.ends());
                        wrong.push(fail(
                            found,
                            &expected,
                            "correct the date, or plan for those days",
                            Some(row),
                            &c.name,
                        ));
                        continue;
                    }
                    Some(periods.start)
                }
                Err(_) => {
                    wrong.push(fail(
                        format!("\"{found}\""),
                        "a date as YYYY-MM-DD",
                        "correct the cell",
                        Some(row),
                        &c.name,
                    ));
                    continue;
                }
            },
        };
        if let Some(m) = ground.channels[..ground.paid()].iter().position(|c| c.name == name) {
            let spend = spend.unwrap_or(0.0);
            match at {
                Some(t) => out.spend[m][t] += spend,
                None => out.spend[m].iter_mut().for_each(|x| *x += spend / n as f64),
            }
            continue;
        }
        let count = count.unwrap_or(0.0);
        let wanted = offer.and_then(|c| text(&c.cells, row)).unwrap_or_else(|| name.clone());
        let own: Vec<usize> = (0..ground.offers.len())
            .filter(|&o| ground.offers[o].offer.name == wanted || ground.offers[o].offer.who.name == name)
            .collect();
        let paid = spend.unwrap_or(0.0) > 0.0;
        let fixed = ground.channels.iter().any(|c| c.name == name)
            || ground.platforms.iter().any(|p| p.name == name)
            || ground.model.creators.iter().any(|c| c.name == name);
        if count == 0.0 && !paid && (fixed || !own.is_empty()) {
            // Rows of what is not taken, and of drivers that a plan cannot move.
            continue;
        }
        if count == 0.0 && !own.is_empty() {
            let expected = "how many posts, in the column `posts`: what they cost follows from the offer";
            wrong.push(fail(format!("money for \"{name}\""), expected, "give `posts`", Some(row), "posts"));
            continue;
        }
        let fits = |o: &&usize| at.is_none_or(|t| ground.offers[**o].slots.contains(&t));
        let Some(&o) = own.iter().find(fits) else {
            let expected = "a paid channel of the project, or a creator with an offer for that time";
            wrong.push(fail(
                format!("\"{name}\""),
                expected,
                "correct the name, or name the offers' file",
                Some(row),
                "driver",
            ));
            continue;
        };
        let slots = ground.offers[o].slots.clone();
        for k in 0..count.round() as usize {
            let spread = slots.start + (k * slots.len()) / (count.round() as usize).max(1);
            out.posts[o][at.unwrap_or(spread)] += 1;
        }
    }
    for (o, offer) in ground.offers.iter().enumerate() {
        let most = offer.offer.posts.1;
        if out.number(o) > most {
            let found = format!("{} posts of {}", out.number(o), offer.offer.name);
            wrong.push(fail(
                found,
                &format!("{most} at most, as offered"),
                "take some out, or change the offer",
                None,
                "posts",
            ));
        }
    }
    if wrong.is_empty() { Ok(out) } else { Err(Fault::Findings(wrong)) }
}

fn text(cells: &Cells, row: usize) -> Option<String> {
    match cells {
        Cells::Text(all) => all[row].as_deref().map(str::to_owned).filter(|t| !t.trim().is_empty()),
        Cells::Number(all) => all[row].map(|x| x.to_string()),
        Cells::Date(all) => all[row].map(|d| d.to_string()),
    }
}
