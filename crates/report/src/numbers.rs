//! Numbers for people: money, percent, counts, dates and intervals.

use crate::data::Interval;

/// Shown for a number that is not there.
pub const MISSING: &str = "n/a";

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Sign that stands before an amount of this currency; `None` for codes without a well-known one.
pub fn currency_sign(code: &str) -> Option<&'static str> {
    Some(match code {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        "INR" => "₹",
        "KRW" => "₩",
        "NGN" => "₦",
        "UAH" => "₴",
        "VND" => "₫",
        "ILS" => "₪",
        "BRL" => "R$",
        "AUD" => "A$",
        "CAD" => "C$",
        "NZD" => "NZ$",
        "MXN" => "MX$",
        _ => return None,
    })
}

/// What one unit of this currency is called in a sentence: `dollar`, `euro`, or the code.
pub fn currency_unit(code: &str) -> &str {
    match code {
        "USD" | "AUD" | "CAD" | "NZD" => "dollar",
        "EUR" => "euro",
        "GBP" => "pound",
        "JPY" => "yen",
        "INR" => "rupee",
        _ => code,
    }
}

/// A number in two to three digits that matter: `0.032`, `3.2`, `470`, `12.3K`, `1.2M`.
pub fn number(x: f64) -> String {
    if !x.is_finite() {
        return MISSING.to_owned();
    }
    let sign = if x < 0.0 { "−" } else { "" };
    let digits = unsigned(x.abs());
    if digits == "0" { digits } else { format!("{sign}{digits}") }
}

fn unsigned(x: f64) -> String {
    // 999.5 rounds to 1000, so the larger unit takes over half a step early.
    for (limit, unit, letter) in [(999.5e9, 1e12, "T"), (999.5e6, 1e9, "B"), (999.5e3, 1e6, "M"), (999.5, 1e3, "K")] {
        if x >= limit {
            return format!("{}{letter}", trimmed(x / unit, if x / unit < 99.95 { 1 } else { 0 }));
        }
    }
    match x {
        x if x >= 99.95 => trimmed(x, 0),
        x if x >= 0.995 => trimmed(x, 1),
        x if x >= 0.0995 => trimmed(x, 2),
        x if x >= 0.000_995 => trimmed(x, 3),
        x if x < 1e-12 => "0".to_owned(),
        x => format!("{x:.1e}"),
    }
}

/// Fixed decimals, except for whole numbers: 2 is `2`, but 2.04 is `2.0`.
fn trimmed(x: f64, decimals: usize) -> String {
    if (x - x.round()).abs() < 1e-9 { format!("{x:.0}") } else { format!("{x:.decimals$}") }
}

/// Money: `$1.2M`, `−€30`, and `1.2M XYZ` for a code without a known sign.
pub fn money(x: f64, code: &str) -> String {
    if !x.is_finite() {
        return MISSING.to_owned();
    }
    let text = number(x);
    match currency_sign(code) {
        Some(sign) => match text.strip_prefix('−') {
            Some(rest) => format!("−{sign}{rest}"),
            None => format!("{sign}{text}"),
        },
        None => format!("{text} {code}").trim_end().to_owned(),
    }
}

/// A share as percent: `34%`, `3.4%`, `0.12%`.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return MISSING.to_owned();
    }
    format!("{}%", percent_digits(share))
}

fn percent_digits(share: f64) -> String {
    let x = share * 100.0;
    let text = match x.abs() {
        a if a >= 9.95 => trimmed(a, 0),
        a if a >= 0.995 => trimmed(a, 1),
        a if a >= 0.005 => trimmed(a, 2),
        _ => return "0".to_owned(),
    };
    if x < 0.0 { format!("−{text}") } else { text }
}

/// A probability as percent that never claims certainty: `92%`, `over 99%`, `under 1%`.
pub fn probability(p: f64) -> String {
    match p {
        p if !p.is_finite() => MISSING.to_owned(),
        p if p > 0.99 => "over 99%".to_owned(),
        p if p < 0.01 => "under 1%".to_owned(),
        p => format!("{:.0}%", p * 100.0),
    }
}

/// An ISO date for people: `2026-03-03` is `3 Mar 2026`. What is not a date is given back as it is.
pub fn date(iso: &str) -> String {
    let mut parts = iso.get(..10).unwrap_or(iso).split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let parsed = (|| {
        let year: u32 = year?.parse().ok()?;
        let month: usize = month?.parse().ok()?;
        let day: u32 = day?.parse().ok()?;
        let name = MONTHS.get(month.checked_sub(1)?)?;
        (1..=31).contains(&day).then(|| format!("{day} {name} {year}"))
    })();
    parsed.unwrap_or_else(|| iso.to_owned())
}

/// The bracket after a number: `(2.1–4.6)`, or `(−0.4 to 1.2)` where a sign would read as a dash.
pub fn range(low: &str, high: &str) -> String {
    if low == MISSING || high == MISSING {
        String::new()
    } else if low.contains('−') || high.contains('−') {
        format!("({low} to {high})")
    } else {
        format!("({low}–{high})")
    }
}

fn with_range(mean: String, range: &str) -> String {
    if mean == MISSING || range.is_empty() { mean } else { format!("{mean} {range}") }
}

/// A number with its 90% interval: `3.2 (2.1–4.6)`.
pub fn number_interval(x: &Interval) -> String {
    with_range(number(x.mean), &range(&number(x.q05), &number(x.q95)))
}

/// Money with its 90% interval: `$1.2M (0.9M–1.5M)`; the sign is said once.
pub fn money_interval(x: &Interval, code: &str) -> String {
    with_range(money(x.mean, code), &range(&number(x.q05), &number(x.q95)))
}

/// A share with its 90% interval: `34% (28–41%)`.
pub fn percent_interval(x: &Interval) -> String {
    let bracket = if x.q05.is_finite() && x.q95.is_finite() {
        range(&percent_digits(x.q05), &percent(x.q95))
    } else {
        String::new()
    };
    with_range(percent(x.mean), &bracket)
}

/// Days with their 90% interval, in hours where they are few: `9.1 hours (7.2–12)`, `6.1 days (4.0–9.2)`.
pub fn days_interval(x: &Interval) -> String {
    let (scale, unit) = if x.mean < 2.0 { (24.0, "hours") } else { (1.0, "days") };
    let text = |v: f64| number(if v * scale >= 10.0 { (v * scale).round() } else { v * scale });
    with_range(format!("{} {unit}", text(x.mean)), &range(&text(x.q05), &text(x.q95)))
}

/// A whole number with thin groups of three: `12,480`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Seconds for people: `8 s`, `2 min 5 s`, `1 h 12 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return MISSING.to_owned();
    }
    if seconds < 9.95 {
        return format!("{} s", trimmed(seconds, 1));
    }
    let whole = seconds.round() as u64;
    match whole {
        s if s < 60 => format!("{s} s"),
        s if s < 3600 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(q05: f64, mean: f64, q95: f64) -> Interval {
        Interval { mean, q05, q50: mean, q95 }
    }

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        let cases = [
            (0.0, "0"),
            (0.0321, "0.032"),
            (0.5, "0.50"),
            (0.996, "1.0"),
            (1.0, "1"),
            (3.2, "3.2"),
            (470.4, "470"),
            (999.6, "1.0K"),
            (1000.0, "1K"),
            (12_340.0, "12.3K"),
            (1_234_567.0, "1.2M"),
            (123_456_789.0, "123M"),
            (2.5e9, "2.5B"),
            (-1500.0, "−1.5K"),
            (-1e-15, "0"),
            (f64::NAN, "n/a"),
            (f64::INFINITY, "n/a"),
        ];
        for (x, text) in cases {
            assert_eq!(number(x), text, "{x}");
        }
    }

    #[test]
    fn money_has_its_sign_in_front_and_an_unknown_code_behind() {
        assert_eq!(money(1.23e6, "USD"), "$1.2M");
        assert_eq!(money(-30.0, "EUR"), "−€30");
        assert_eq!(money(1.2e6, "XYZ"), "1.2M XYZ");
        assert_eq!(money(5.0, ""), "5");
        assert_eq!(money(f64::NAN, "USD"), "n/a");
    }

    #[test]
    fn percents_and_probabilities_read_well() {
        assert_eq!(percent(0.342), "34%");
        assert_eq!(percent(0.0341), "3.4%");
        assert_eq!(percent(-0.12), "−12%");
        assert_eq!(percent(0.0), "0%");
        assert_eq!(probability(1.0), "over 99%");
        assert_eq!(probability(0.004), "under 1%");
        assert_eq!(probability(0.456), "46%");
    }

    #[test]
    fn dates_are_written_for_people_and_what_is_none_stays() {
        assert_eq!(date("2026-03-03"), "3 Mar 2026");
        assert_eq!(date("2026-03-03T00:00:00"), "3 Mar 2026");
        assert_eq!(date("2026-13-03"), "2026-13-03");
        assert_eq!(date("soon"), "soon");
    }

    #[test]
    fn intervals_say_the_unit_once_and_never_put_a_dash_before_a_minus() {
        assert_eq!(percent_interval(&interval(0.28, 0.34, 0.41)), "34% (28–41%)");
        assert_eq!(percent_interval(&interval(-0.02, 0.01, 0.03)), "1% (−2 to 3%)");
        assert_eq!(money_interval(&interval(2.1, 3.2, 4.6), "USD"), "$3.2 (2.1–4.6)");
        assert_eq!(number_interval(&interval(-0.4, 0.5, 1.2)), "0.50 (−0.40 to 1.2)");
        assert_eq!(number_interval(&interval(f64::NAN, 0.5, 1.2)), "0.50");
        assert_eq!(days_interval(&interval(0.3, 0.4, 0.5)), "9.6 hours (7.2–12)");
        assert_eq!(days_interval(&interval(4.0, 6.1, 9.2)), "6.1 days (4–9.2)");
    }

    #[test]
    fn counts_and_durations_are_grouped() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(duration(8.0), "8 s");
        assert_eq!(duration(125.0), "2 min 5 s");
        assert_eq!(duration(4320.0), "1 h 12 min");
    }
}
