//! Numbers that survive JSON: what is missing (NaN) is written as `null`, and `null` is read as missing.

use serde::{Deserialize, Deserializer};

/// A number, or `null` for NaN.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

/// Numbers, each of which may be `null` for NaN.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    Ok(Vec::<Option<f64>>::deserialize(from)?.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect())
}

#[cfg(test)]
mod tests {
    use crate::Interval;

    #[test]
    fn a_missing_number_survives_the_way_through_json() {
        let text =
            serde_json::to_string(&Interval { mean: f64::NAN, q05: 0.1 + 0.2, q50: -1.0, q95: f64::NAN }).unwrap();
        let back: Interval = serde_json::from_str(&text).unwrap();
        assert!(back.mean.is_nan() && back.q95.is_nan());
        assert_eq!((back.q05.to_bits(), back.q50), ((0.1f64 + 0.2).to_bits(), -1.0));
    }
}
