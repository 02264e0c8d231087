//! How a column writes its periods: dates, months, quarters or plain numbers.

use counterpoint::data::calendar::day_number;
use counterpoint::data::recognise::{DateReading, date, date_format, is_missing, number};
use counterpoint::project::DateFormat;
use jiff::civil::Date;

/// How periods are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// Days.
    Dates(DateFormat),
    /// `2026-03`
    Months,
    /// `2026Q1`, `2026-Q1`
    Quarters,
    /// Years, or anything else that is a number.
    Numbers,
}

/// Why a column's periods cannot be put in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unordered {
    /// Several formats read every date.
    Ambiguous(Vec<DateFormat>),
    /// No way of writing reads every cell: 0-based row of one that cannot be read as the others are.
    Unreadable(usize),
}

impl Axis {
    /// The one way in which every cell can be read. Missing cells are passed over.
    pub(super) fn of(cells: &[Option<&str>]) -> Result<Axis, Unordered> {
        let readings = date_format(cells.iter().map(|c| c.unwrap_or("")));
        let unread = |axis: Axis| cells.iter().position(|c| c.is_some_and(|c| !is_missing(c) && axis.key(c).is_none()));
        let first_bad = match readings {
            DateReading::One(format) => return Ok(Axis::Dates(format)),
            DateReading::Ambiguous(formats) => return Err(Unordered::Ambiguous(formats)),
            DateReading::None { first_bad_row } => first_bad_row,
        };
        let others = [Axis::Months, Axis::Quarters, Axis::Numbers].map(|axis| (axis, unread(axis)));
        match others.iter().find(|(_, bad)| bad.is_none()) {
            Some((axis, _)) => Ok(*axis),
            // the way that reads furthest is the one that was meant
            None => Err(Unordered::Unreadable(others.iter().filter_map(|(_, bad)| *bad).fold(first_bad, usize::max))),
        }
    }

    /// Where a period stands; larger is later.
    pub(super) fn key(self, text: &str) -> Option<f64> {
        let text = text.trim();
        match self {
            Axis::Dates(format) => date(text, format).map(day),
            Axis::Months => {
                let (year, month) = text.split_once(['-', '/'])?;
                let (year, month) = (four_digits(year)?, month.parse::<u8>().ok()?);
                ((1..=12).contains(&month) && text.len() <= 7).then(|| 12.0 * year + f64::from(month))
            }
            Axis::Quarters => {
                let (year, quarter) = text.split_once(['Q', 'q'])?;
                let (year, quarter) =
                    (four_digits(year.trim_end_matches(['-', ' ', ':']))?, quarter.parse::<u8>().ok()?);
                (1..=4).contains(&quarter).then(|| 4.0 * year + f64::from(quarter))
            }
            Axis::Numbers => number(text),
        }
    }

    /// The key of a period that somebody typed: written as in the column, or an ISO date.
    pub(super) fn typed(self, text: &str) -> Option<f64> {
        self.key(text).or_else(|| match self {
            Axis::Dates(_) => date(text, DateFormat::YearMonthDay).map(day),
            _ => None,
        })
    }

    /// A period as it is shown: dates as ISO, the rest as written.
    pub(super) fn label(self, text: &str) -> String {
        match self {
            Axis::Dates(format) => date(text, format).map_or_else(|| text.to_owned(), |d| d.to_string()),
            _ => text.trim().to_owned(),
        }
    }

    /// What is expected of a period, in words.
    pub(super) fn example(self) -> &'static str {
        match self {
            Axis::Dates(_) => "a date such as 2026-03-02",
            Axis::Months => "a month such as 2026-03",
            Axis::Quarters => "a quarter such as 2026Q1",
            Axis::Numbers => "a number, as the column has them",
        }
    }
}

fn day(date: Date) -> f64 {
    day_number(date) as f64
}

fn four_digits(text: &str) -> Option<f64> {
    (text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Result<Axis, Unordered> {
        Axis::of(&cells.iter().map(|c| Some(*c)).collect::<Vec<_>>())
    }

    #[test]
    fn periods_are_known_by_how_they_are_written() {
        assert_eq!(of(&["2021-01-01", "2021-01-02"]), Ok(Axis::Dates(DateFormat::YearMonthDay)));
        assert_eq!(of(&["20210101", "20210102"]), Ok(Axis::Dates(DateFormat::YearMonthDay)));
        assert_eq!(of(&["1970", "1971"]), Ok(Axis::Numbers));
        assert_eq!(of(&["1990", "1990.25", "2012.5"]), Ok(Axis::Numbers));
        assert_eq!(of(&["2026-03", "2026-12"]), Ok(Axis::Months));
        assert_eq!(of(&["2026Q1", "2026-Q4"]), Ok(Axis::Quarters));
        assert_eq!(of(&["2021-01-01", "soon", "2021-01-02"]), Err(Unordered::Unreadable(1)));
        assert!(matches!(of(&["05/06/2026", "07/08/2026"]), Err(Unordered::Ambiguous(_))));
    }

    #[test]
    fn later_periods_have_larger_keys() {
        for pair in [["2025Q4", "2026Q1"], ["2025-12", "2026-01"], ["1989", "1990.25"], ["2025-12-31", "2026-01-01"]] {
            let axis = of(&pair).unwrap();
            assert!(axis.key(pair[0]) < axis.key(pair[1]), "{pair:?}");
        }
    }
}
