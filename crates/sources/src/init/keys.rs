//! The columns that say when and where: date, geo, population; and which tables are long.

use super::draft::{Draft, Long};
use super::names::{self, Word, any_of, media_name, words};
use super::profile::Profile;
use super::{Said, shown};
use counterpoint::data::Table;
use counterpoint::data::recognise::date;
use counterpoint::finding::{Finding, Severity};
use counterpoint::project::DateFormat;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// What was found out about the tables.
pub(super) struct Keys {
    /// Tables whose columns are still to be given a part, by place.
    pub(super) wide: Vec<usize>,
    /// Channels of a long table.
    pub(super) long_channels: Vec<String>,
    /// Columns that have their part already.
    pub(super) taken: BTreeSet<String>,
}

/// Finds the keys of all tables and writes them into the draft.
pub(super) fn find(tables: &[Table], draft: &mut Draft, said: &mut Said) -> Result<Keys, Vec<Finding>> {
    let mut keys = Keys { wide: Vec::new(), long_channels: Vec::new(), taken: BTreeSet::new() };
    if tables.is_empty() {
        let mend = "name at least one CSV or Parquet file";
        return Err(vec![Finding::new(Severity::Fail, "no-table", "no table", "a table to guess from", mend)]);
    }
    let mut findings = Vec::new();
    for (i, table) in tables.iter().enumerate() {
        let profiles: Vec<Profile> = table.columns.iter().map(Profile::new).collect();
        let Some((column, formats)) = date_column(&profiles) else {
            findings.push(no_date(table, &profiles).at_file(&table.file));
            continue;
        };
        if draft.date.is_empty() {
            draft.date = column.name.to_owned();
            say_date(column, &formats, draft, said);
        } else if draft.date != column.name {
            said.edit(format!(
                "{}: its dates are in {}, those of {} in {}: rename one of the two, all tables share one date column",
                table.file,
                shown(column.name),
                tables[0].file,
                shown(&draft.date)
            ));
        }
        keys.taken.insert(column.name.to_owned());
        if draft.long.is_none() && long(table, &profiles, draft, &mut keys, said) {
            continue;
        }
        keys.wide.push(i);
        draft.tables.push(table.file.clone());
        if draft.geo.is_none() {
            geo(&profiles, column, formats[0], draft, &mut keys, said);
        }
        let population = profiles.iter().find(|p| {
            let named = any_of(&words(p.name), names::POPULATION).is_some() && media_name(p.name).is_none();
            named && p.numbers.is_some() && p.not_negative() && !keys.taken.contains(p.name)
        });
        if let (None, Some(population), Some(_)) = (&draft.population, population, &draft.geo) {
            draft.population = Some(population.name.to_owned());
            keys.taken.insert(population.name.to_owned());
            said.note(format!("{} holds the population of each geo, by its name", shown(population.name)));
        }
    }
    if draft.geo.is_some() && draft.population.is_none() {
        said.note(
            "no column holds the population of each geo: a geo's exposure is told by its largest value, with a population it would be per head",
        );
    }
    if findings.is_empty() { Ok(keys) } else { Err(findings) }
}

/// The column of dates: one that is named so, or else the first that is.
fn date_column<'p, 'a>(profiles: &'p [Profile<'a>]) -> Option<(&'p Profile<'a>, Vec<DateFormat>)> {
    let dated = |p: &'p Profile<'a>| {
        let usable = !p.name.trim().is_empty() && p.missing * 10 <= p.rows();
        p.date_reading().filter(|_| usable).map(|formats| (p, formats))
    };
    let named = profiles.iter().filter(|p| any_of(&words(p.name), names::DATE).is_some()).find_map(dated);
    // eight digits may be a count as well as a date, so a column that only its values name must not be numbers
    named.or_else(|| profiles.iter().filter(|p| p.numbers.is_none()).find_map(dated))
}

/// What is wrong where no column is one of dates: of one that is named so, the first cell that is no date.
fn no_date(table: &Table, profiles: &[Profile]) -> Finding {
    let named = profiles.iter().filter(|p| any_of(&words(p.name), names::DATE).is_some());
    let forms = [DateFormat::YearMonthDay, DateFormat::DayMonthYear, DateFormat::MonthDayYear];
    let unread = |p: &Profile| {
        let all = forms.into_iter().filter_map(|form| p.unread(|text| date(text, form).is_some()));
        all.max_by_key(|found| found.2).map(|(row, text, read)| (p.name.to_owned(), row, text.to_owned(), read))
    };
    let Some((name, row, text, read)) = named.filter_map(unread).next() else {
        let mend = "add a column of days or of first days of weeks, such as 2026-03-30; its name does not matter";
        return Finding::new(Severity::Fail, "no-date", "no column of dates", "a date in every row", mend);
    };
    // A spreadsheet's number of a day from 2000 to 2099.
    let numbered = text.trim().parse::<u32>().is_ok_and(|n| (36_526..73_051).contains(&n));
    let (found, mend) = if read > 0 && forms.into_iter().any(|form| date(&text, form).is_some()) {
        let found = format!("{}, where other rows have another order of day, month and year", shown(&text));
        (found, "write all dates in one order, such as 2026-03-30")
    } else if read > 0 {
        (
            shown(&text),
            "take the row out if it is a total or a remark; else write all dates in one form, such as 2026-03-30",
        )
    } else if numbered {
        let found = format!("{}, which looks like a spreadsheet's number of a day", shown(&text));
        (found, "format the column as a date in the spreadsheet, such as 2026-03-30, and save the CSV again")
    } else {
        (shown(&text), "write days, or first days of weeks, as 2026-03-30")
    };
    Finding::new(Severity::Fail, "no-date", found, "a date in every row, such as 2026-03-30 or 30/03/2026", mend)
        .at_row(table.lines.get(row).copied().unwrap_or(row as u64 + 2))
        .at_column(name)
}

fn say_date(column: &Profile, formats: &[DateFormat], draft: &mut Draft, said: &mut Said) {
    let format = formats[0];
    if formats.len() > 1 {
        said.edit(format!(
            "date_format: the dates in {} fit day first and month first; {} is written, change it if the other is meant",
            shown(column.name),
            letters(format)
        ));
    }
    if format != DateFormat::YearMonthDay || formats.len() > 1 {
        draft.date_format = Some(format);
    }
    let days: BTreeSet<Date> = column.dates(format).into_iter().flatten().collect();
    let days: Vec<i64> = days.into_iter().map(counterpoint::data::calendar::day_number).collect();
    let steps: Vec<i64> = days.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let share = |wanted: fn(i64) -> bool| steps.iter().filter(|s| wanted(**s)).count() * 10 >= steps.len() * 9;
    let cadence = if steps.is_empty() {
        said.edit(format!("{} holds a single date: a model needs many periods", shown(column.name)));
        "a single date"
    } else if share(|s| s == 1) {
        "days"
    } else if share(|s| s % 7 == 0) {
        "weeks"
    } else if share(|s| (28..=31).contains(&s)) {
        said.edit("the data are monthly: give them by day or by week");
        "months"
    } else {
        said.edit(format!(
            "the steps between the dates in {} are irregular: days or weeks are needed",
            shown(column.name)
        ));
        "irregular steps"
    };
    let count = days.len();
    let order = match format {
        DateFormat::YearMonthDay => "year, month, day (or year, week)",
        DateFormat::DayMonthYear => "day, month, year",
        DateFormat::MonthDayYear => "month, day, year",
    };
    said.note(format!("{} holds the dates ({count} of them, in {cadence}), in the order {order}", shown(column.name)));
}

fn letters(format: DateFormat) -> &'static str {
    match format {
        DateFormat::YearMonthDay => "YYYY-MM-DD",
        DateFormat::DayMonthYear => "DD/MM/YYYY",
        DateFormat::MonthDayYear => "MM/DD/YYYY",
    }
}

/// The geo: a column that is named so or holds words, with each date once for each of its values.
fn geo(profiles: &[Profile], date: &Profile, format: DateFormat, draft: &mut Draft, keys: &mut Keys, said: &mut Said) {
    let dates = date.dates(format);
    let distinct: BTreeSet<&Date> = dates.iter().flatten().collect();
    let repeated = distinct.len() < dates.iter().flatten().count();
    let fits = |p: &Profile| {
        let labels = p.labels();
        let pairs: BTreeSet<(&Option<Date>, &Option<String>)> = dates.iter().zip(&labels).collect();
        labels.len() == dates.len() && pairs.len() == dates.len() && p.missing == 0
    };
    let free = |p: &&Profile| !keys.taken.contains(p.name) && !p.name.trim().is_empty();
    let named = |p: &&Profile| any_of(&words(p.name), names::GEO).is_some() && media_name(p.name).is_none();
    let words_only = |p: &&Profile| p.numbers.is_none() && p.missing < p.rows();
    let found = profiles.iter().filter(free).filter(named).find(|p| fits(p) && (repeated || p.numbers.is_none()));
    let by_values = || profiles.iter().filter(free).filter(words_only).find(|p| repeated && fits(p));
    let Some((column, reason)) = found
        .map(|p| (p, "by its name"))
        .or_else(|| by_values().map(|p| (p, "because each date stands once for each of its values")))
    else {
        if repeated {
            said.edit("dates stand in several rows, and no column tells these rows apart: name the geo column, or add up the rows of a date");
        }
        return;
    };
    let places: BTreeSet<String> = column.labels().into_iter().flatten().collect();
    said.note(format!("{} holds the geos ({} of them), {reason}", shown(column.name), places.len()));
    draft.geo = Some(column.name.to_owned());
    keys.taken.insert(column.name.to_owned());
}

/// A table with a row a date and channel: its spend and exposure columns have no driver in their names.
fn long(table: &Table, profiles: &[Profile], draft: &mut Draft, keys: &mut Keys, said: &mut Said) -> bool {
    let Some(channel) = profiles.iter().find(|p| {
        let words = words(p.name);
        let named = words.iter().any(|w| names::LONG_CHANNEL.contains(&w.as_str())) && words.len() <= 2;
        named && p.numbers.is_none() && p.date_reading().is_none() && p.missing == 0
    }) else {
        return false;
    };
    let bare = |wanted: Word| {
        let column = profiles.iter().find(|p| {
            let name = media_name(p.name);
            p.numbers.is_some() && name.is_some_and(|m| m.holds == wanted && m.stem.is_empty())
        });
        column.map(|p| p.name.to_owned())
    };
    let (spend, exposure) = (bare(Word::Spend), bare(Word::Exposure));
    if spend.is_none() && exposure.is_none() {
        return false;
    }
    let values: BTreeSet<String> = channel.labels().into_iter().flatten().collect();
    let count = values.len();
    keys.long_channels = values.into_iter().take(200).collect();
    said.note(format!(
        "{} is a long table: {} names the channel of a row ({count} of them)",
        table.file,
        shown(channel.name)
    ));
    draft.long = Some(Long { table: table.file.clone(), channel: channel.name.to_owned(), spend, exposure });
    true
}
