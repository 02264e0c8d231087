//! The main public holidays and shopping days of common countries, by rule; no table of years to go stale.
//!
//! Days are the ones named by law or custom, without substitute days for those that fall on a weekend. Holidays that
//! follow a lunar calendar (Diwali, Eid, Japan's equinoxes) have no simple rule and belong in the project's own events.

use crate::project::EventSpec;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// How the day is found in a year.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// Month and day.
    Fixed(i8, i8),
    /// Days after Easter Sunday.
    Easter(i32),
    /// The nth (1-based; -1 is the last) such week day of the month, and days after it.
    Nth(i8, Weekday, i8, i32),
    /// The last such week day on or before this month and day.
    OnOrBefore(Weekday, i8, i8),
    /// France: the last Sunday of May, or the first of June if that is Whit Sunday.
    FrenchMothersDay,
    /// The Netherlands: 27 April, or the day before if that is a Sunday.
    KingsDay,
}

use Rule::{Easter, Fixed, FrenchMothersDay, KingsDay, Nth, OnOrBefore};
use Weekday::{Monday, Sunday, Thursday};

/// A holiday: its name, its rule, and the first year it was kept.
type Entry = (&'static str, Rule, i16);

const ALWAYS: i16 = 0;
const NEW_YEAR: Entry = ("New Year's Day", Fixed(1, 1), ALWAYS);
const EPIPHANY: Entry = ("Epiphany", Fixed(1, 6), ALWAYS);
const GOOD_FRIDAY: Entry = ("Good Friday", Easter(-2), ALWAYS);
const EASTER_SUNDAY: Entry = ("Easter Sunday", Easter(0), ALWAYS);
const EASTER_MONDAY: Entry = ("Easter Monday", Easter(1), ALWAYS);
const LABOUR_DAY: Entry = ("Labour Day", Fixed(5, 1), ALWAYS);
const ASCENSION: Entry = ("Ascension Day", Easter(39), ALWAYS);
const WHIT_MONDAY: Entry = ("Whit Monday", Easter(50), ALWAYS);
const ASSUMPTION: Entry = ("Assumption Day", Fixed(8, 15), ALWAYS);
const ALL_SAINTS: Entry = ("All Saints' Day", Fixed(11, 1), ALWAYS);
const IMMACULATE: Entry = ("Immaculate Conception", Fixed(12, 8), ALWAYS);
const CHRISTMAS: Entry = ("Christmas Day", Fixed(12, 25), ALWAYS);
const BOXING_DAY: Entry = ("Boxing Day", Fixed(12, 26), ALWAYS);
const SECOND_CHRISTMAS: Entry = ("Second Christmas Day", Fixed(12, 26), ALWAYS);
const VALENTINE: Entry = ("Valentine's Day", Fixed(2, 14), ALWAYS);
const MOTHERS_MAY: Entry = ("Mother's Day", Nth(2, Sunday, 5, 0), ALWAYS);
const FATHERS_JUNE: Entry = ("Father's Day", Nth(3, Sunday, 6, 0), ALWAYS);
const HALLOWEEN: Entry = ("Halloween", Fixed(10, 31), ALWAYS);
const SINGLES: Entry = ("Singles' Day", Fixed(11, 11), 2009);
const BLACK_FRIDAY: Entry = ("Black Friday", Nth(4, Thursday, 11, 1), ALWAYS);
const CYBER_MONDAY: Entry = ("Cyber Monday", Nth(4, Thursday, 11, 4), 2005);

const US: &[Entry] = &[
    NEW_YEAR,
    ("Martin Luther King Day", Nth(3, Monday, 1, 0), 1986),
    VALENTINE,
    ("Presidents' Day", Nth(3, Monday, 2, 0), ALWAYS),
    EASTER_SUNDAY,
    MOTHERS_MAY,
    ("Memorial Day", Nth(-1, Monday, 5, 0), ALWAYS),
    FATHERS_JUNE,
    ("Juneteenth", Fixed(6, 19), 2021),
    ("Independence Day", Fixed(7, 4), ALWAYS),
    ("Labor Day", Nth(1, Monday, 9, 0), ALWAYS),
    ("Columbus Day", Nth(2, Monday, 10, 0), ALWAYS),
    HALLOWEEN,
    ("Veterans Day", Fixed(11, 11), ALWAYS),
    ("Thanksgiving", Nth(4, Thursday, 11, 0), ALWAYS),
    BLACK_FRIDAY,
    CYBER_MONDAY,
    CHRISTMAS,
];
const GB: &[Entry] = &[
    NEW_YEAR,
    VALENTINE,
    ("Mothering Sunday", Easter(-21), ALWAYS),
    GOOD_FRIDAY,
    EASTER_SUNDAY,
    EASTER_MONDAY,
    ("Early May Bank Holiday", Nth(1, Monday, 5, 0), ALWAYS),
    ("Spring Bank Holiday", Nth(-1, Monday, 5, 0), ALWAYS),
    FATHERS_JUNE,
    ("Summer Bank Holiday", Nth(-1, Monday, 8, 0), ALWAYS),
    HALLOWEEN,
    SINGLES,
    BLACK_FRIDAY,
    CYBER_MONDAY,
    CHRISTMAS,
    BOXING_DAY,
];
const DE: &[Entry] = &[
    NEW_YEAR,
    VALENTINE,
    GOOD_FRIDAY,
    EASTER_SUNDAY,
    EASTER_MONDAY,
    LABOUR_DAY,
    MOTHERS_MAY,
    ASCENSION,
    WHIT_MONDAY,
    ("German Unity Day", Fixed(10, 3), 1990),
    SINGLES,
    BLACK_FRIDAY,
    CYBER_MONDAY,
    CHRISTMAS,
    SECOND_CHRISTMAS,
];
const FR: &[Entry] = &[
    NEW_YEAR,
    VALENTINE,
    EASTER_SUNDAY,
    EASTER_MONDAY,
    LABOUR_DAY,
    ("Victory Day", Fixed(5, 8), ALWAYS),
    ASCENSION,
    ("Mother's Day", FrenchMothersDay, ALWAYS),
    WHIT_MONDAY,
    FATHERS_JUNE,
    ("Bastille Day", Fixed(7, 14), ALWAYS),
    ASSUMPTION,
    ALL_SAINTS,
    ("Armistice Day", Fixed(11, 11), ALWAYS),
    BLACK_FRIDAY,
    CYBER_MONDAY,
    CHRISTMAS,
];
const IT: &[Entry] = &[
    NEW_YEAR,
    EPIPHANY,
    VALENTINE,
    EASTER_SUNDAY,
    EASTER_MONDAY,
    ("Liberation Day", Fixed(4, 25), ALWAYS),
    LABOUR_DAY,
    MOTHERS_MAY,
    ("Republic Day", Fixed(6, 2), ALWAYS),
    ASSUMPTION,
    ALL_SAINTS,
    SINGLES,
    BLACK_FRIDAY,
    CYBER_MONDAY,
    IMMACULATE,
    CHRISTMAS,
    ("St Stephen's Day", Fixed(12, 26), ALWAYS),
];
const ES: &[Entry] = &[
    NEW_YEAR,
    EPIPHANY,
    VALENTINE,
    ("Father's Day", Fixed(3, 19), ALWAYS),
    GOOD_FRIDAY,
    EASTER_SUNDAY,
    LABOUR_DAY,
    ("Mother's Day", Nth(1, Sunday, 5, 0), ALWAYS),
    ASSUMPTION,
    ("National Day", Fixed(10, 12), ALWAYS),
    ALL_SAINTS,
    SINGLES,
    BLACK_FRIDAY,
    CYBER_MONDAY,
    ("Constitution Day", Fixed(12, 6), ALWAYS),
    IMMACULATE,
    CHRISTMAS,
];
const NL: &[Entry] = &[
    NEW_YEAR,
    VALENTINE,
    GOOD_FRIDAY,
    EASTER_SUNDAY,
    EASTER_MONDAY,
    ("King's Day", KingsDay, 2014),
    ("Liberation Day", Fixed(5, 5), ALWAYS),
    MOTHERS_MAY,
    ASCENSION,
    WHIT_MONDAY,
    FATHERS_JUNE,
    SINGLES,
    BLACK_FRIDAY,
    CYBER_MONDAY,
    ("St Nicholas' Eve", Fixed(12, 5), ALWAYS),
    CHRISTMAS,
    SECOND_CHRISTMAS,
];
const CA: &[Entry] = &[
    NEW_YEAR,
    VALENTINE,
    ("Family Day", Nth(3, Monday, 2, 0), ALWAYS),
    GOOD_FRIDAY,
    EASTER_SUNDAY,
    MOTHERS_MAY,
    ("Victoria Day", OnOrBefore(Monday, 5, 24), ALWAYS),
    FATHERS_JUNE,
    ("Canada Day", Fixed(7, 1), ALWAYS),
    ("Civic Holiday", Nth(1, Monday, 8, 0), ALWAYS),
    ("Labour Day", Nth(1, Monday, 9, 0), ALWAYS),
    ("Truth and Reconciliation Day", Fixed(9, 30), 2021),
    ("Thanksgiving", Nth(2, Monday, 10, 0), ALWAYS),
    HALLOWEEN,
    ("Remembrance Day", Fixed(11, 11), ALWAYS),
    BLACK_FRIDAY,
    CYBER_MONDAY,
    CHRISTMAS,
    BOXING_DAY,
];
const AU: &[Entry] = &[
    NEW_YEAR,
    ("Australia Day", Fixed(1, 26), ALWAYS),
    VALENTINE,
    GOOD_FRIDAY,
    EASTER_SUNDAY,
    EASTER_MONDAY,
    ("Anzac Day", Fixed(4, 25), ALWAYS),
    MOTHERS_MAY,
    ("King's Birthday", Nth(2, Monday, 6, 0), ALWAYS),
    ("Father's Day", Nth(1, Sunday, 9, 0), ALWAYS),
    SINGLES,
    BLACK_FRIDAY,
    CYBER_MONDAY,
    CHRISTMAS,
    BOXING_DAY,
];
const BR: &[Entry] = &[
    NEW_YEAR,
    ("Carnival Monday", Easter(-48), ALWAYS),
    ("Carnival Tuesday", Easter(-47), ALWAYS),
    GOOD_FRIDAY,
    EASTER_SUNDAY,
    ("Tiradentes", Fixed(4, 21), ALWAYS),
    LABOUR_DAY,
    MOTHERS_MAY,
    ("Corpus Christi", Easter(60), ALWAYS),
    ("Dia dos Namorados", Fixed(6, 12), ALWAYS),
    ("Father's Day", Nth(2, Sunday, 8, 0), ALWAYS),
    ("Independence Day", Fixed(9, 7), ALWAYS),
    ("Our Lady of Aparecida", Fixed(10, 12), ALWAYS),
    ("All Souls' Day", Fixed(11, 2), ALWAYS),
    ("Republic Day", Fixed(11, 15), ALWAYS),
    ("Black Awareness Day", Fixed(11, 20), 2024),
    BLACK_FRIDAY,
    CYBER_MONDAY,
    CHRISTMAS,
];
const MX: &[Entry] = &[
    NEW_YEAR,
    ("Constitution Day", Nth(1, Monday, 2, 0), 2006),
    VALENTINE,
    ("Benito Juárez Day", Nth(3, Monday, 3, 0), 2006),
    GOOD_FRIDAY,
    EASTER_SUNDAY,
    LABOUR_DAY,
    ("Mother's Day", Fixed(5, 10), ALWAYS),
    FATHERS_JUNE,
    ("Independence Day", Fixed(9, 16), ALWAYS),
    ("Day of the Dead", Fixed(11, 2), ALWAYS),
    ("Revolution Day", Nth(3, Monday, 11, 0), 2006),
    BLACK_FRIDAY,
    CYBER_MONDAY,
    CHRISTMAS,
];
const JP: &[Entry] = &[
    NEW_YEAR,
    ("Coming of Age Day", Nth(2, Monday, 1, 0), 2000),
    ("Foundation Day", Fixed(2, 11), ALWAYS),
    VALENTINE,
    ("Emperor's Birthday", Fixed(2, 23), 2020),
    ("White Day", Fixed(3, 14), ALWAYS),
    ("Showa Day", Fixed(4, 29), 2007),
    ("Constitution Day", Fixed(5, 3), ALWAYS),
    ("Greenery Day", Fixed(5, 4), 2007),
    ("Children's Day", Fixed(5, 5), ALWAYS),
    MOTHERS_MAY,
    ("Mountain Day", Fixed(8, 11), 2016),
    ("Respect for the Aged Day", Nth(3, Monday, 9, 0), 2003),
    ("Culture Day", Fixed(11, 3), ALWAYS),
    ("Labour Thanksgiving Day", Fixed(11, 23), ALWAYS),
    BLACK_FRIDAY,
    CHRISTMAS,
];
const IN: &[Entry] = &[
    NEW_YEAR,
    ("Republic Day", Fixed(1, 26), ALWAYS),
    VALENTINE,
    LABOUR_DAY,
    MOTHERS_MAY,
    ("Independence Day", Fixed(8, 15), ALWAYS),
    ("Gandhi Jayanti", Fixed(10, 2), ALWAYS),
    BLACK_FRIDAY,
    CHRISTMAS,
];

/// The countries that have a bundled calendar, as ISO 3166 codes.
pub fn countries() -> &'static [&'static str] {
    &["AU", "BR", "CA", "DE", "ES", "FR", "GB", "IN", "IT", "JP", "MX", "NL", "US"]
}

/// The country's holidays and shopping days from `first` to `last`, both included, by date; `None` for a country
/// without a calendar. Codes are taken in any case, and `UK` means `GB`.
pub fn events(country: &str, first: Date, last: Date) -> Option<Vec<EventSpec>> {
    let entries = entries(country)?;
    let mut found = Vec::new();
    for year in first.year()..=last.year() {
        for (name, rule, since) in entries {
            let day = if year >= *since { day_of(*rule, year) } else { None };
            if let Some(day) = day.filter(|d| (first..=last).contains(d)) {
                found.push(EventSpec { name: (*name).to_owned(), start: day, end: day });
            }
        }
    }
    found.sort_by_key(|e| e.start);
    Some(found)
}

fn entries(country: &str) -> Option<&'static [Entry]> {
    Some(match country.trim().to_ascii_uppercase().as_str() {
        "AU" => AU,
        "BR" => BR,
        "CA" => CA,
        "DE" => DE,
        "ES" => ES,
        "FR" => FR,
        "GB" | "UK" => GB,
        "IN" => IN,
        "IT" => IT,
        "JP" => JP,
        "MX" => MX,
        "NL" => NL,
        "US" => US,
        _ => return None,
    })
}

/// The day of a rule in a year; `None` beyond the calendar's range.
fn day_of(rule: Rule, year: i16) -> Option<Date> {
    match rule {
        Fixed(month, day) => Date::new(year, month, day).ok(),
        Easter(offset) => easter(year)?.checked_add(offset.days()).ok(),
        Nth(nth, weekday, month, after) => {
            let day = Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()?;
            day.checked_add(after.days()).ok()
        }
        OnOrBefore(weekday, month, day) => {
            let next = Date::new(year, month, day).ok()?.checked_add(1.day()).ok()?;
            next.nth_weekday(-1, weekday).ok()
        }
        FrenchMothersDay => {
            let last_of_may = day_of(Nth(-1, Sunday, 5, 0), year)?;
            if day_of(Easter(49), year)? == last_of_may {
                day_of(Nth(1, Sunday, 6, 0), year)
            } else {
                Some(last_of_may)
            }
        }
        KingsDay => {
            let day = Date::new(year, 4, 27).ok()?;
            if day.weekday() == Sunday { day.yesterday().ok() } else { Some(day) }
        }
    }
}

/// Easter Sunday of the Gregorian calendar, by the anonymous computus (Nature, 20 April 1876; Meeus, Astronomical
/// Algorithms, chapter 8).
pub fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y.rem_euclid(19), y.div_euclid(100), y.rem_euclid(100));
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, i8::try_from(n / 31).ok()?, i8::try_from(n % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn on(country: &str, name: &str, year: i16) -> Option<Date> {
        let all = events(country, date(year, 1, 1), date(year, 12, 31))?;
        all.iter().find(|e| e.name == name).map(|e| e.start)
    }

    #[test]
    fn easter_falls_on_its_known_dates() {
        for known in [
            date(2000, 4, 23),
            date(2008, 3, 23),
            date(2011, 4, 24),
            date(2024, 3, 31),
            date(2025, 4, 20),
            date(2026, 4, 5),
            date(2038, 4, 25),
        ] {
            assert_eq!(easter(known.year()), Some(known));
        }
    }

    #[test]
    fn moving_holidays_fall_on_their_known_dates() {
        for (country, name, day) in [
            ("US", "Thanksgiving", date(2025, 11, 27)),
            ("US", "Black Friday", date(2024, 11, 29)),
            ("US", "Cyber Monday", date(2024, 12, 2)),
            ("US", "Memorial Day", date(2026, 5, 25)),
            ("US", "Mother's Day", date(2025, 5, 11)),
            ("GB", "Mothering Sunday", date(2025, 3, 30)),
            ("GB", "Summer Bank Holiday", date(2025, 8, 25)),
            ("DE", "Ascension Day", date(2025, 5, 29)),
            ("DE", "Whit Monday", date(2024, 5, 20)),
            ("FR", "Mother's Day", date(2025, 5, 25)),
            ("FR", "Mother's Day", date(2020, 6, 7)),
            ("NL", "King's Day", date(2025, 4, 26)),
            ("CA", "Victoria Day", date(2025, 5, 19)),
            ("CA", "Victoria Day", date(2027, 5, 24)),
            ("CA", "Thanksgiving", date(2025, 10, 13)),
            ("BR", "Carnival Tuesday", date(2025, 3, 4)),
            ("BR", "Corpus Christi", date(2025, 6, 19)),
            ("MX", "Revolution Day", date(2025, 11, 17)),
            ("JP", "Coming of Age Day", date(2025, 1, 13)),
            ("AU", "King's Birthday", date(2025, 6, 9)),
        ] {
            assert_eq!(on(country, name, day.year()), Some(day), "{country} {name}");
        }
        assert_eq!(on("US", "Juneteenth", 2019), None);
    }

    #[test]
    fn every_country_has_its_events_by_date_and_within_the_span() {
        let (first, last) = (date(2023, 7, 1), date(2025, 2, 28));
        for country in countries() {
            let all = events(country, first, last).expect("a bundled country");
            assert!(all.len() > 10, "{country}");
            assert!(all.windows(2).all(|w| w[0].start <= w[1].start));
            assert!(all.iter().all(|e| e.start >= first && e.end <= last));
        }
        assert!(events("XX", first, last).is_none());
        assert_eq!(events("uk", first, last), events("GB", first, last));
        assert_eq!(events("US", last, first), Some(Vec::new()));
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_panic() {
        assert!(events("DE", Date::MIN, date(-9998, 1, 1)).is_some());
        assert!(events("US", date(9999, 1, 1), Date::MAX).is_some());
    }
}
