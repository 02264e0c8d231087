//! The numbers that the charts draw, as compact JSON.

use serde_json::Value;

use crate::data::ReportData;
use crate::escape::json_in_script;

/// Digits that a chart can show; the file stays small.
const DIGITS: i32 = 4;

/// The report's data as JSON that may stand inside a script element, numbers rounded to four significant digits.
pub(crate) fn json(data: &ReportData) -> String {
    // Plain data with string keys: there is nothing in it that JSON cannot hold.
    let mut value = serde_json::to_value(data).unwrap_or(Value::Null);
    if let Some(fields) = value.as_object_mut() {
        // Its pictures are drawn without a script.
        fields.remove("trust");
    }
    round(&mut value);
    json_in_script(&value.to_string())
}

fn round(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        Value::Number(n) if n.is_f64() => {
            if let Some(x) = n.as_f64() {
                *value = short(x);
            }
        }
        _ => {}
    }
}

fn short(x: f64) -> Value {
    let rounded = significant(x);
    // A whole number without its ".0" saves two bytes each.
    if rounded.fract() == 0.0 && rounded.abs() < 9e15 { Value::from(rounded as i64) } else { Value::from(rounded) }
}

fn significant(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return 0.0;
    }
    // Through text, so that the result is the shortest decimal and not 0.30000000000000004.
    format!("{x:.*e}", (DIGITS - 1) as usize).parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits_and_lose_their_tail() {
        assert_eq!(short(123_456.789).to_string(), "123500");
        assert_eq!(short(0.000_123_456).to_string(), "0.0001235");
        assert_eq!(short(-3.0).to_string(), "-3");
        assert_eq!(short(0.1 + 0.2).to_string(), "0.3");
    }

    #[test]
    fn a_missing_number_is_null_and_not_zero() {
        let mut value = serde_json::to_value([1.23456, f64::NAN]).unwrap();
        round(&mut value);
        assert_eq!(value.to_string(), "[1.235,null]");
    }
}
