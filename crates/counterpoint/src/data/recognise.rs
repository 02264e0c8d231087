//! Numbers, dates and missing marks as people write them in CSV files; what has two readings is never guessed.

use super::calendar::day_number;
use crate::project::DateFormat;
use jiff::civil::Date;

/// Which character is the decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberStyle {
    /// `1,234.5`
    Point,
    /// `1.234,5`
    Comma,
}

/// What can be said of how a column writes its dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateReading {
    /// One format reads every cell, or only one of those that do gives regular days or weeks.
    One(DateFormat),
    /// Several formats read every cell, and nothing tells which is meant.
    Ambiguous(Vec<DateFormat>),
    /// No format reads every cell.
    None {
        /// 0-based place of the first cell that the format with the most readable cells does not read.
        first_bad_row: usize,
    },
}

/// Every date format, in the order in which they are tried.
pub const DATE_FORMATS: [DateFormat; 3] =
    [DateFormat::YearMonthDay, DateFormat::DayMonthYear, DateFormat::MonthDayYear];

/// Whether the cell says "no value": empty, `-`, `na`, `n/a`, `nan`, `null` or `none` in any case.
pub fn is_missing(text: &str) -> bool {
    let text = text.trim();
    ["", "-", "na", "n/a", "nan", "null", "none"].iter().any(|mark| text.eq_ignore_ascii_case(mark))
}

/// The finite number that a cell holds, if it has one reading only.
///
/// `1234.5`, `1e6`, ` 12 `, `-3`, `$1,234.50`, `1,234,567` and `1.234,5` are read. `1,234` is `None` (1234 or 1.234), and so
/// is `5%` (5 or 0.05), and any text, infinity or NaN. Without a comma the point is the decimal mark, as CSVs have it.
/// A whole column may settle what a cell cannot: see [`number_style`] and [`number_in`].
pub fn number(text: &str) -> Option<f64> {
    match (number_in(text, NumberStyle::Point), number_in(text, NumberStyle::Comma)) {
        (Some(point), Some(comma)) if point == comma || !text.contains(',') => Some(point),
        (Some(_), Some(_)) => None,
        (point, comma) => point.or(comma),
    }
}

/// The finite number that a cell holds in a column written in this style. Thousands are groups of exactly three digits; 12 % is 0.12.
pub fn number_in(text: &str, style: NumberStyle) -> Option<f64> {
    let (text, shift) = match text.trim_end().strip_suffix('%') {
        None => (text, 0),
        Some(hundredths) if !hundredths.contains(SIGNS) => (hundredths, 2),
        Some(_) => return None,
    };
    let (decimal, group) = match style {
        NumberStyle::Point => ('.', ','),
        NumberStyle::Comma => (',', '.'),
    };
    let (negative, digits) = bare(text)?;
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, "0"),
    };
    let exponent: i32 = exponent.parse::<i32>().ok()?.checked_sub(shift)?;
    let (whole, fraction) = mantissa.split_once(decimal).unwrap_or((mantissa, ""));
    if !fraction.chars().all(|c| c.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole = ungroup(whole, group)?;
    let value: f64 = format!("{whole}.{fraction}e{exponent}").parse().ok()?;
    let value = if negative { -value } else { value };
    value.is_finite().then_some(value)
}

/// The style that a column's cells prove; `None` when they contradict each other, or when commas occur and every
/// one could be either mark. Missing and unreadable cells prove nothing.
pub fn number_style<'a>(cells: impl Iterator<Item = &'a str>) -> Option<NumberStyle> {
    let (mut point, mut comma, mut open) = (false, false, false);
    for cell in cells.filter(|c| !is_missing(c)) {
        match (number_in(cell, NumberStyle::Point), number_in(cell, NumberStyle::Comma)) {
            (Some(_), None) => point = true,
            (None, Some(_)) => comma = true,
            (Some(_), Some(_)) => open |= cell.contains(','),
            (None, None) => {}
        }
    }
    match (point, comma) {
        (true, false) => Some(NumberStyle::Point),
        (false, true) => Some(NumberStyle::Comma),
        (true, true) => None,
        (false, false) => (!open).then_some(NumberStyle::Point),
    }
}

/// Signs and codes of currencies that amounts are written with.
const SIGNS: [char; 6] = ['€', '£', '$', '¥', '₹', '%'];
const CODES: [&str; 5] = ["USD", "EUR", "GBP", "CHF", "JPY"];

/// Sign and digits of a number, without blanks around it, plus sign and currency sign.
fn bare(text: &str) -> Option<(bool, &str)> {
    let currency = |s: &str| -> usize {
        let codes = CODES.iter().chain(&["R$", "$", "€", "£", "¥", "₹"]);
        codes.filter(|sign| s.starts_with(**sign)).map(|sign| sign.len()).next().unwrap_or(0)
    };
    let text = text.trim();
    let text = CODES.iter().find_map(|code| text.strip_suffix(code)).unwrap_or(text);
    let text = text.trim_end_matches(&SIGNS[..5]).trim_end();
    let first = text[currency(text)..].trim_start();
    let (negative, rest) = match first.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, first.strip_prefix('+').unwrap_or(first)),
    };
    let skip = if first.len() == text.len() { currency(rest) } else { 0 };
    let rest = rest[skip..].trim_start();
    (!rest.is_empty()).then_some((negative, rest))
}

/// A whole number without its thousands marks (the style's own, a blank or an apostrophe), if the groups are right.
fn ungroup(whole: &str, group: char) -> Option<String> {
    if whole.chars().all(|c| c.is_ascii_digit()) {
        return Some(if whole.is_empty() { "0".to_owned() } else { whole.to_owned() });
    }
    let mark = whole.chars().find(|c| !c.is_ascii_digit())?;
    if mark != group && !matches!(mark, ' ' | '\u{a0}' | '\u{202f}' | '\'') {
        return None;
    }
    let parts: Vec<&str> = whole.split(mark).collect();
    let digits = |p: &str| p.bytes().all(|b| b.is_ascii_digit());
    let first_ok = (1..=3).contains(&parts[0].len()) && digits(parts[0]) && !parts[0].starts_with('0');
    (first_ok && parts[1..].iter().all(|p| p.len() == 3 && digits(p))).then(|| parts.concat())
}

/// The day that a cell names in this format; a time of day after it (`T00:00:00Z`, ` 13:05`) is accepted and cut off.
/// Years have four digits, or the last two of this century where they come last (`30/03/26`); months may be named in English (`5 Jan 2026`, `Jan 5, 2026`),
/// and a week stands for its Monday (`2026-W02`).
pub fn date(text: &str, format: DateFormat) -> Option<Date> {
    let text = text.trim();
    if text.bytes().any(|b| b.is_ascii_alphabetic())
        && let Some(day) = named(text, format).or_else(|| week(text).filter(|_| format == DateFormat::YearMonthDay))
    {
        return Some(day);
    }
    let day = match text.find(['T', 't', ' ']) {
        Some(at) if is_time(&text[at + 1..]) => &text[..at],
        Some(_) => return None,
        None => text,
    };
    let mut parts = [""; 3];
    if format == DateFormat::YearMonthDay && day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) {
        parts = [&day[..4], &day[4..6], &day[6..]];
    } else {
        let mark = day.chars().find(|c| !c.is_ascii_digit())?;
        if !matches!(mark, '-' | '/' | '.') {
            return None;
        }
        let mut pieces = day.split(mark);
        for part in &mut parts {
            *part = pieces.next()?;
        }
        if pieces.next().is_some() {
            return None;
        }
    }
    let [year, month, day] = match format {
        DateFormat::YearMonthDay => parts,
        DateFormat::DayMonthYear => [parts[2], parts[1], parts[0]],
        DateFormat::MonthDayYear => [parts[2], parts[0], parts[1]],
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !digits(month) || !digits(day) || month.len() > 2 || day.len() > 2 {
        return None;
    }
    Date::new(year_of(year, format)?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A year. Of two digits only where it comes last: first, it would look like a day.
fn year_of(text: &str, format: DateFormat) -> Option<i16> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match text.len() {
        4 => text.parse().ok(),
        2 if format != DateFormat::YearMonthDay => Some(2000 + text.parse::<i16>().ok()?),
        _ => None,
    }
}

/// A date whose month is named in English.
fn named(text: &str, format: DateFormat) -> Option<Date> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let parts: Vec<&str> = text.split(['-', '/', '.', ' ', ',']).filter(|p| !p.is_empty()).collect();
    let &[a, b, c] = parts.as_slice() else { return None };
    let [year, month, day] = match format {
        DateFormat::YearMonthDay => [a, b, c],
        DateFormat::DayMonthYear => [c, b, a],
        DateFormat::MonthDayYear => [c, a, b],
    };
    let month = month.to_ascii_lowercase();
    let place = MONTHS.iter().position(|name| month.len() >= 3 && name.starts_with(&month));
    // The usual short form that begins no name.
    let month = if month == "sept" { 9 } else { place? as i8 + 1 };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !digits(day) || day.len() > 2 {
        return None;
    }
    Date::new(year_of(year, format)?, month, day.parse().ok()?).ok()
}

/// The Monday of an ISO week, or the day of it that is named: `2026-W02`, `2026W02`, `2026-W02-3`.
fn week(text: &str) -> Option<Date> {
    let (year, rest) = text.split_at_checked(4)?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let rest = rest.strip_prefix(['W', 'w'])?;
    let (week, day) = rest.split_at_checked(2)?;
    let day = day.strip_prefix('-').unwrap_or(day);
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !digits(year) || !digits(week) || !digits(day) || day.len() > 1 {
        return None;
    }
    let day = if day.is_empty() { 1 } else { day.parse().ok()? };
    let weekday = jiff::civil::Weekday::from_monday_one_offset(day).ok()?;
    Some(jiff::civil::ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, weekday).ok()?.date())
}

/// Whether this is a time of day, with or without an offset.
fn is_time(text: &str) -> bool {
    let text = text.trim();
    let hour_ok = text.split(':').next().is_some_and(|h| h.len() <= 2 && h.parse::<u8>().is_ok_and(|h| h < 24));
    hour_ok && text.contains(':') && text.chars().all(|c| c.is_ascii_digit() || " :.+-ZzAaPpMmUTCutc".contains(c))
}

/// Which format a column of dates is written in. Missing cells are passed over.
///
/// When several formats read every cell, one is taken only if it alone gives daily or weekly dates without irregular
/// steps (three distinct dates or more): daily rows from 01/02/2026 to 01/12/2026 cannot be the first of eleven months.
pub fn date_format<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> DateReading {
    let cells = cells.enumerate().filter(|(_, text)| !is_missing(text));
    let mut fitting: Vec<(DateFormat, Vec<Date>)> = Vec::new();
    let mut best: Option<(usize, usize)> = None;
    for format in DATE_FORMATS {
        let mut days = Vec::new();
        let mut first_bad = None;
        for (row, text) in cells.clone() {
            match date(text, format) {
                Some(day) => days.push(day),
                None => first_bad = first_bad.or(Some(row)),
            }
        }
        match first_bad {
            None if !days.is_empty() => fitting.push((format, days)),
            bad if best.is_none_or(|(read, _)| days.len() > read) => best = Some((days.len(), bad.unwrap_or(0))),
            _ => {}
        }
    }
    match fitting.len() {
        0 => DateReading::None { first_bad_row: best.map_or(0, |(_, row)| row) },
        1 => DateReading::One(fitting[0].0),
        _ if fitting.iter().all(|(_, days)| *days == fitting[0].1) => DateReading::One(fitting[0].0),
        _ => {
            let mut regular = fitting.iter().filter(|(_, days)| is_regular(days)).map(|(format, _)| *format);
            match (regular.next(), regular.next()) {
                (Some(format), None) => DateReading::One(format),
                _ => DateReading::Ambiguous(fitting.iter().map(|(format, _)| *format).collect()),
            }
        }
    }
}

/// Whether the distinct days are one or seven apart throughout.
fn is_regular(days: &[Date]) -> bool {
    let mut numbers: Vec<i64> = days.iter().map(|d| day_number(*d)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let step = numbers.get(1).map_or(0, |second| second - numbers[0]);
    numbers.len() >= 3 && matches!(step, 1 | 7) && numbers.windows(2).all(|w| w[1] - w[0] == step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use DateFormat::*;
    use jiff::civil::date as day;
    use proptest::prelude::*;

    #[test]
    fn numbers_with_one_reading_are_read() {
        for (text, value) in [
            ("1234.5", 1234.5),
            ("1e6", 1e6),
            (" 12 ", 12.0),
            ("-3", -3.0),
            ("+.5", 0.5),
            ("1.426697e+06", 1_426_697.0),
            ("1,234.50", 1234.5),
            ("1,234,567", 1_234_567.0),
            ("1.234,5", 1234.5),
            ("12,5", 12.5),
            ("$1,234.50", 1234.5),
            ("-$5", -5.0),
            ("€ 5", 5.0),
            ("5 €", 5.0),
            ("R$ 7,25", 7.25),
            ("EUR 1,234.50", 1234.5),
            ("1.234,5 EUR", 1234.5),
            ("-12.5%", -0.125),
            ("2,7 %", 0.027),
            ("1 234 567", 1_234_567.0),
            ("1.234", 1.234),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
    }

    #[test]
    fn numbers_with_two_readings_and_no_numbers_are_not_read() {
        for text in [
            "1,234",
            "%",
            "5%%",
            "$5%",
            "EUR",
            "",
            "-",
            "nan",
            "NaN",
            "inf",
            "-Infinity",
            "1e999",
            "abc",
            "1.2.3",
            "1,23,4",
            "0x1F",
            "1_000",
            "$",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_column_settles_what_a_cell_cannot() {
        assert_eq!(number_style(["1,234", "5.5"].into_iter()), Some(NumberStyle::Point));
        assert_eq!(number_style(["1,234", "12,5"].into_iter()), Some(NumberStyle::Comma));
        assert_eq!(number_style(["1,234", "2,345"].into_iter()), None);
        assert_eq!(number_style(["12,5", "12.5"].into_iter()), None);
        assert_eq!(number_style(["12", "x", "", "1.234"].into_iter()), Some(NumberStyle::Point));
        assert_eq!(number_in("1,234", NumberStyle::Point), Some(1234.0));
        assert_eq!(number_in("1,234", NumberStyle::Comma), Some(1.234));
        assert_eq!(number_in("1.5", NumberStyle::Comma), None);
    }

    #[test]
    fn missing_marks_are_known_in_any_case() {
        assert!(["", "  ", "NA", "n/a", "NaN", "NULL", "None", "-"].iter().all(|t| is_missing(t)));
        assert!(["0", "no", "event1", "--"].iter().all(|t| !is_missing(t)));
    }

    #[test]
    fn dates_are_read_in_the_given_format_and_must_exist() {
        assert_eq!(date("2026-03-31", YearMonthDay), Some(day(2026, 3, 31)));
        assert_eq!(date("2026/3/1", YearMonthDay), Some(day(2026, 3, 1)));
        assert_eq!(date("20260331", YearMonthDay), Some(day(2026, 3, 31)));
        assert_eq!(date("2026-03-31T00:00:00Z", YearMonthDay), Some(day(2026, 3, 31)));
        assert_eq!(date("2026-03-31 13:05:00.000", YearMonthDay), Some(day(2026, 3, 31)));
        assert_eq!(date("31.03.2026", DayMonthYear), Some(day(2026, 3, 31)));
        assert_eq!(date("3/31/2026 0:00", MonthDayYear), Some(day(2026, 3, 31)));
        assert_eq!(date("31.03.26", DayMonthYear), Some(day(2026, 3, 31)));
        assert_eq!(date("3/31/26", MonthDayYear), Some(day(2026, 3, 31)));
        for (text, format) in [
            ("2026-02-30", YearMonthDay),
            ("26/03/31", YearMonthDay),
            ("31/03/126", DayMonthYear),
            ("31/03/2026", YearMonthDay),
            ("31/03/2026", MonthDayYear),
            ("2026-03-31 noon", YearMonthDay),
            ("2026-03", YearMonthDay),
            ("31-03/2026", DayMonthYear),
            ("2026-03-31-1", YearMonthDay),
        ] {
            assert_eq!(date(text, format), None, "{text}");
        }
    }

    #[test]
    fn months_may_be_named_and_weeks_numbered() {
        for (text, format) in [
            ("5 Jan 2026", DayMonthYear),
            ("05-January-2026", DayMonthYear),
            ("Jan 5, 2026", MonthDayYear),
            ("2026-jan-05", YearMonthDay),
            ("2026-W02", YearMonthDay),
            ("2026W02", YearMonthDay),
            ("2026-W02-1", YearMonthDay),
        ] {
            assert_eq!(date(text, format), Some(day(2026, 1, 5)), "{text}");
            for other in DATE_FORMATS.into_iter().filter(|o| *o != format) {
                assert_eq!(date(text, other), None, "{text}");
            }
        }
        assert_eq!(date("1 Sept 2026", DayMonthYear), Some(day(2026, 9, 1)));
        assert_eq!(date("5-Jan-26", DayMonthYear), Some(day(2026, 1, 5)));
        assert_eq!(date("2020-W53", YearMonthDay), Some(day(2020, 12, 28)));
        for text in
            ["2026-W54", "2021-W53", "2026-W02-8", "30 Feb 2026", "5 Ja 2026", "5 Jan 126", "Jan 2026", "2026-Wé"]
        {
            assert!(DATE_FORMATS.into_iter().all(|f| date(text, f).is_none()), "{text}");
        }
    }

    #[test]
    fn a_column_of_dates_has_one_format_or_says_which_fit() {
        let of = |cells: &[&str]| date_format(cells.iter().copied());
        assert_eq!(of(&["2026-01-05", "", "2026-01-12"]), DateReading::One(YearMonthDay));
        assert_eq!(of(&["01/02/2026", "13/02/2026"]), DateReading::One(DayMonthYear));
        assert_eq!(of(&["01/02/2026", "02/13/2026"]), DateReading::One(MonthDayYear));
        assert_eq!(of(&["01/02/26", "13/02/26"]), DateReading::One(DayMonthYear));
        assert_eq!(of(&["05/06/26", "07/08/26"]), DateReading::Ambiguous(vec![DayMonthYear, MonthDayYear]));
        assert_eq!(of(&["05/06/2026", "07/08/2026"]), DateReading::Ambiguous(vec![DayMonthYear, MonthDayYear]));
        assert_eq!(of(&["2026-01-05", "soon", "2026-01-12"]), DateReading::None { first_bad_row: 1 });
        assert_eq!(of(&["a", "b"]), DateReading::None { first_bad_row: 0 });
        assert_eq!(of(&[]), DateReading::None { first_bad_row: 0 });
    }

    #[test]
    fn regular_steps_settle_an_ambiguous_column() {
        let daily: Vec<String> = (1..=12).map(|d| format!("01/{d:02}/2026")).collect();
        assert_eq!(date_format(daily.iter().map(String::as_str)), DateReading::One(MonthDayYear));
        let both = ["01/01/2026", "02/02/2026", "03/03/2026"];
        assert_eq!(date_format(both.into_iter()), DateReading::One(DayMonthYear), "both readings are the same days");
    }

    proptest! {
        #[test]
        fn any_finite_number_survives_being_written_and_read(x in proptest::num::f64::NORMAL) {
            prop_assert_eq!(number(&x.to_string()), Some(x));
            prop_assert_eq!(number(&format!("{x:e}")), Some(x));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in "\\PC{0,24}") {
            let _ = number(&text);
            for format in DATE_FORMATS {
                let _ = date(&text, format);
            }
            let _ = date_format([text.as_str()].into_iter());
        }
    }
}
