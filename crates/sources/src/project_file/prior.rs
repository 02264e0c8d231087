//! Priors as the project file writes them, checked against the values that their parameter may take.

use super::walk::{At, Section, Walk, elements, number_of, shown};
use counterpoint::model::prior::Prior;

/// The values that a parameter may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Support {
    low: f64,
    high: f64,
    /// Whether a constant may be at the lower end itself.
    low_fits: bool,
    /// Whether a tail without end may pass the upper end (its mass there is small by choice).
    tail_fits: bool,
}

impl Support {
    /// Any number.
    pub(super) const REAL: Support =
        Support { low: f64::NEG_INFINITY, high: f64::INFINITY, low_fits: false, tail_fits: false };
    /// Above 0.
    pub(super) const POSITIVE: Support = Support { low: 0.0, ..Support::REAL };
    /// 0 or more.
    pub(super) const NOT_NEGATIVE: Support = Support { low_fits: true, ..Support::POSITIVE };
    /// Between 0 and 1; a constant may be 0.
    pub(super) const RETENTION: Support = Support { high: 1.0, ..Support::NOT_NEGATIVE };
    /// A share of a whole, of a positive effect.
    pub(super) const SHARE: Support = Support { low: 0.0, high: 1.0, low_fits: false, tail_fits: true };
    /// A share of a whole, of an effect of either sign.
    pub(super) const SIGNED_SHARE: Support = Support { low: -1.0, high: 1.0, low_fits: true, tail_fits: true };
    /// Between -1 and 1.
    pub(super) const CORRELATION: Support = Support { low: -1.0, high: 1.0, low_fits: false, tail_fits: false };

    fn words(self) -> String {
        match (self.low.is_finite(), self.high.is_finite()) {
            (false, _) => "any number".to_owned(),
            (true, false) => format!("values {} {}", if self.low_fits { "from" } else { "above" }, self.low),
            (true, true) => format!("values between {} and {}", self.low, self.high),
        }
    }

    fn holds(self, prior: Prior) -> bool {
        if let Prior::Fixed { value } = prior {
            let above = value > self.low || (self.low_fits && value == self.low);
            return above && (value < self.high || (self.tail_fits && value == self.high));
        }
        let (low, high) = ends(prior);
        let low_holds = low >= self.low || (self.tail_fits && self.low < 0.0 && low == f64::NEG_INFINITY);
        low_holds && (high <= self.high || (self.tail_fits && high == f64::INFINITY))
    }
}

/// The ends of a prior's support.
fn ends(prior: Prior) -> (f64, f64) {
    match prior {
        Prior::Normal { .. } => (f64::NEG_INFINITY, f64::INFINITY),
        Prior::LogNormal { shift, .. } => (shift, f64::INFINITY),
        Prior::HalfNormal { .. } | Prior::Gamma { .. } => (0.0, f64::INFINITY),
        Prior::TruncatedNormal { low, high, .. } | Prior::Uniform { low, high } => (low, high),
        Prior::Beta { .. } => (0.0, 1.0),
        Prior::Fixed { value } => (value, value),
    }
}

const FORMS: &str = "a number, { median, sd_log }, { mean, sd }, { mean, sd, low, high }, { half_normal = sd }, \
                     { beta = [a, b] }, { uniform = [low, high] } or { gamma = [shape, rate] }";

const KEYS: &[&str] =
    &["median", "sd_log", "shift", "mean", "sd", "low", "high", "half_normal", "beta", "uniform", "gamma"];

/// Each form: the key that tells it, the keys it needs, the keys it may have.
const TELLING: &[(&str, &[&str], &[&str])] = &[
    ("half_normal", &["half_normal"], &[]),
    ("beta", &["beta"], &[]),
    ("uniform", &["uniform"], &[]),
    ("gamma", &["gamma"], &[]),
    ("median", &["median", "sd_log"], &["shift"]),
    ("sd_log", &["median", "sd_log"], &["shift"]),
    ("low", &["mean", "sd", "low", "high"], &[]),
    ("high", &["mean", "sd", "low", "high"], &[]),
    ("mean", &["mean", "sd"], &["low", "high"]),
    ("sd", &["mean", "sd"], &["low", "high"]),
];

/// The prior under `key` of a section, if it is there and holds.
pub(super) fn prior(walk: &mut Walk, section: &Section, key: &str, support: Support) -> Option<Prior> {
    let item = section.item(key)?;
    let at = section.place_in(walk, key);
    let prior = if item.as_table_like().is_some() {
        let form = section.section(walk, key, KEYS)?;
        from_table(walk, &form)?
    } else if item.as_integer().is_some() || item.as_float().is_some() {
        Prior::Fixed { value: number_of(walk, &at, item)? }
    } else {
        walk.fail("prior-form", &at, shown(item), format!("a prior: {FORMS}"), "write it in one of these forms");
        return None;
    };
    if !support.holds(prior) {
        let (low, high) = ends(prior);
        walk.fail(
            "prior-support",
            &at,
            format!("a prior over values from {low} to {high}"),
            format!("a prior over {}", support.words()),
            mend(support),
        );
        return None;
    }
    Some(prior)
}

fn mend(support: Support) -> String {
    if support.high.is_finite() {
        format!(
            "use for example {{ uniform = [{}, {}] }}, or {{ mean, sd, low, high }} within these",
            support.low, support.high
        )
    } else {
        "use { median, sd_log }, { half_normal = sd }, or { mean, sd, low, high } with low at 0 or more; effects = \"normal\" \
         under [model] lets an effect be negative"
            .to_owned()
    }
}

fn from_table(walk: &mut Walk, form: &Section) -> Option<Prior> {
    let Some((_, needed, allowed)) = TELLING.iter().find(|(telling, ..)| form.has(telling)) else {
        if !KEYS.iter().any(|key| form.has(key)) {
            walk.fail(
                "prior-form",
                &form.at,
                "none of its keys",
                format!("a prior: {FORMS}"),
                "write it in one of these forms",
            );
        } else {
            walk.missing(&form.at, "median", "a shift needs { median, sd_log, shift }");
        }
        return None;
    };
    let at = &form.at;
    let stray = |key: &&&str| form.has(key) && !needed.contains(key) && !allowed.contains(key);
    if let Some(key) = KEYS.iter().find(stray) {
        let found = format!("`{key}` beside `{}`", needed[0]);
        let place = form.place_in(walk, key);
        walk.fail("prior-form", &place, found, format!("one form: {FORMS}"), "keep the keys of one form");
        return None;
    }
    let mut missing = false;
    for key in needed.iter().filter(|key| !form.has(key)) {
        walk.missing(at, key, &format!("this form needs {}", needed.join(", ")));
        missing = true;
    }
    if missing {
        return None;
    }
    match needed[0] {
        "half_normal" => Some(Prior::HalfNormal { sd: form.positive(walk, "half_normal")? }),
        "beta" => pair(walk, form, "beta", true).map(|[a, b]| Prior::Beta { a, b }),
        "gamma" => pair(walk, form, "gamma", true).map(|[shape, rate]| Prior::Gamma { shape, rate }),
        "uniform" => {
            let [low, high] = pair(walk, form, "uniform", false)?;
            ordered(walk, &form.place_in(walk, "uniform"), low, high)?;
            Some(Prior::Uniform { low, high })
        }
        "median" => {
            let shift = if form.has("shift") { form.number(walk, "shift") } else { Some(0.0) };
            let (median, sigma) = (form.number(walk, "median"), form.positive(walk, "sd_log"));
            let (median, sigma, shift) = (median?, sigma?, shift?);
            if median <= shift {
                let (expected, place) = (format!("a median above {shift}"), form.place_in(walk, "median"));
                walk.fail(
                    "out-of-range",
                    &place,
                    format!("the number {median}"),
                    expected,
                    "the lower end is 0, or `shift`",
                );
                return None;
            }
            Some(Prior::LogNormal { mu: (median - shift).ln(), sigma, shift })
        }
        _ => {
            let (mean, sd) = (form.number(walk, "mean"), form.positive(walk, "sd"));
            if !form.has("low") {
                return Some(Prior::Normal { mean: mean?, sd: sd? });
            }
            let (low, high) = (form.number(walk, "low"), form.number(walk, "high"));
            let (mean, sd, low, high) = (mean?, sd?, low?, high?);
            ordered(walk, &form.place_in(walk, "high"), low, high)?;
            Some(Prior::TruncatedNormal { mean, sd, low, high })
        }
    }
}

fn ordered(walk: &mut Walk, at: &At, low: f64, high: f64) -> Option<()> {
    if low < high {
        return Some(());
    }
    walk.fail("out-of-range", at, format!("low {low} and high {high}"), "low below high", "exchange or mend them");
    None
}

/// Two numbers in a list.
fn pair(walk: &mut Walk, form: &Section, key: &str, positive: bool) -> Option<[f64; 2]> {
    let (at, item) = (form.place_in(walk, key), form.item(key)?);
    let listed = elements(walk, &at, item);
    if listed.len() != 2 {
        walk.fail("prior-form", &at, shown(item), "a list of two numbers", format!("write {key} = [1.0, 3.0]"));
        return None;
    }
    let mut numbers = [0.0; 2];
    for (slot, (at, item)) in numbers.iter_mut().zip(&listed) {
        *slot = number_of(walk, at, item)?;
        if positive && *slot <= 0.0 {
            walk.fail("out-of-range", at, shown(item), "a number above 0", "write one above 0");
            return None;
        }
    }
    Some(numbers)
}
