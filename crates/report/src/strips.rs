//! Small pictures that need no script: rows of intervals and dots over one axis, and a line with its forecast.

use crate::escape::html;
use crate::sections::name_cell;
use crate::table::split_interval;
use std::fmt::Write as _;

/// A mark on a row. Colours are variables of the style sheet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// From, to, colour.
    Bar(f64, f64, &'static str),
    /// The same, thin: something to compare with.
    Thin(f64, f64, &'static str),
    /// Place and colour.
    Dot(f64, &'static str),
    /// The same, hollow.
    Ring(f64, &'static str),
}

impl Mark {
    fn places(&self) -> [f64; 2] {
        match *self {
            Mark::Bar(a, b, _) | Mark::Thin(a, b, _) => [a, b],
            Mark::Dot(x, _) | Mark::Ring(x, _) => [x, x],
        }
    }
}

/// A row: what it is, its marks, its numbers in words.
pub(crate) struct Strip {
    pub(crate) label: String,
    pub(crate) marks: Vec<Mark>,
    pub(crate) numbers: String,
}

/// The axis under the rows.
pub(crate) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Upright lines.
    pub(crate) lines: Vec<f64>,
    /// Places with a label.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// One that holds all marks of the rows, and `also`.
    pub(crate) fn around(rows: &[Strip], also: &[f64]) -> Axis {
        let all = rows.iter().flat_map(|r| &r.marks).flat_map(Mark::places).chain(also.iter().copied());
        let (low, high) =
            all.filter(|x| x.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let margin = 0.04 * (high - low).max(f64::MIN_POSITIVE);
        Axis { low: low - margin, high: high + margin, logarithmic: false, lines: Vec::new(), ticks: Vec::new() }
    }

    /// From `low` to `high`; what lies beyond is drawn at the end.
    pub(crate) fn between(low: f64, high: f64, logarithmic: bool) -> Axis {
        Axis { low, high, logarithmic, lines: Vec::new(), ticks: Vec::new() }
    }

    /// With upright lines.
    pub(crate) fn with_lines(self, lines: &[f64]) -> Axis {
        Axis { lines: lines.to_vec(), ..self }
    }

    /// With labels at places.
    pub(crate) fn with_ticks(self, ticks: Vec<(f64, String)>) -> Axis {
        Axis { ticks, ..self }
    }

    /// With labels at round numbers, in the words of `text`.
    pub(crate) fn with_round(self, text: impl Fn(f64) -> String) -> Axis {
        // The smallest step of 1, 2 or 5 times a power of ten that gives at most four labels.
        let rough = (self.high - self.low) / 4.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|x| x * power).into_iter().find(|s| *s >= rough).unwrap_or(10.0 * power);
        let first = (self.low / step).ceil();
        let places = (0..5).map(|i| (first + f64::from(i)) * step).filter(|x| *x <= self.high);
        let ticks = places.map(|x| (x, text(x))).collect();
        Axis { ticks, ..self }
    }

    /// Per cent of the width; none for what is not a number.
    fn place(&self, x: f64) -> Option<f64> {
        let share = if self.logarithmic {
            (x / self.low).ln() / (self.high / self.low).ln()
        } else {
            (x - self.low) / (self.high - self.low)
        };
        (!share.is_nan()).then(|| (100.0 * share).clamp(0.0, 100.0))
    }
}

/// Rows over one axis.
pub(crate) fn strips(rows: &[Strip], axis: &Axis) -> String {
    let mut out = String::from("<div class=\"strips\">");
    let lines: String = axis
        .lines
        .iter()
        .filter_map(|x| axis.place(*x))
        .map(|x| format!("<i class=\"upright\" style=\"left:{x:.2}%\"></i>"))
        .collect();
    for row in rows {
        let mut marks = lines.clone();
        for mark in &row.marks {
            let [a, b] = mark.places().map(|x| axis.place(x));
            let (Some(a), Some(b)) = (a, b) else { continue };
            let (class, colour) = match mark {
                Mark::Bar(_, _, colour) => ("bar", colour),
                Mark::Thin(_, _, colour) => ("thin", colour),
                Mark::Dot(_, colour) => ("dot", colour),
                Mark::Ring(_, colour) => ("dot hollow", colour),
            };
            let width = (b - a).max(0.0);
            let _ = write!(marks, "<i class=\"{class}\" style=\"left:{a:.2}%;--own:var({colour})");
            if class == "bar" || class == "thin" {
                let _ = write!(marks, ";width:{width:.2}%");
            }
            marks += "\"></i>";
        }
        let _ = write!(
            out,
            "<div class=\"strip\"><span>{}</span><span class=\"track\" aria-hidden=\"true\">{marks}</span><span class=\"num\">{}</span></div>",
            name_cell(&row.label),
            split_interval(&row.numbers)
        );
    }
    if !axis.ticks.is_empty() {
        let ticks: String = axis
            .ticks
            .iter()
            .filter_map(|(x, text)| Some(format!("<em style=\"left:{:.2}%\">{}</em>", axis.place(*x)?, html(text))))
            .collect();
        let _ = write!(
            out,
            "<div class=\"strip axis\" aria-hidden=\"true\"><span></span><span class=\"track\">{ticks}</span><span></span></div>"
        );
    }
    out + "</div>"
}

/// What colours mean.
pub(crate) fn legend(entries: &[(&str, &str)]) -> String {
    let items: String = entries
        .iter()
        .map(|(colour, text)| format!("<li><i style=\"background:var({colour})\"></i><span>{}</span></li>", html(text)))
        .collect();
    format!("<ul class=\"legend\">{items}</ul>")
}

/// A band by period, from a period on: low, middle, high.
pub(crate) struct Band<'a> {
    pub(crate) from: usize,
    pub(crate) low: &'a [f64],
    pub(crate) middle: &'a [f64],
    pub(crate) high: &'a [f64],
}

/// Observations as dots on a thin line, with forecasts as bands; labels at the ends of both axes.
pub(crate) fn line_with_bands(
    observed: &[f64],
    bands: &[Band<'_>],
    label: &str,
    text: impl Fn(f64) -> String,
    ends: [&str; 2],
) -> String {
    const WIDTH: f64 = 1000.0;
    const HEIGHT: f64 = 260.0;
    let all = observed.iter().chain(bands.iter().flat_map(|b| b.low.iter().chain(b.high))).copied();
    let (low, high) =
        all.filter(|y| y.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    if low > high || observed.len() < 2 {
        return String::new();
    }
    let span = (high - low).max(f64::MIN_POSITIVE);
    let x = |t: usize| WIDTH * t as f64 / (observed.len() - 1) as f64;
    let y = |v: f64| HEIGHT * (1.0 - (v - low + 0.04 * span) / (1.08 * span));
    let points = |from: usize, values: &[f64]| -> Vec<String> {
        let known = values.iter().enumerate().filter(|(_, v)| v.is_finite());
        known.map(|(i, v)| format!("{:.1},{:.1}", x(from + i), y(*v))).collect()
    };
    let mut drawn = String::new();
    for band in bands {
        let mut around = points(band.from, band.high);
        around.extend(points(band.from, band.low).into_iter().rev());
        let _ = write!(
            drawn,
            "<polygon class=\"band\" points=\"{}\"/><polyline class=\"middle\" points=\"{}\"/>",
            around.join(" "),
            points(band.from, band.middle).join(" ")
        );
    }
    let _ = write!(drawn, "<polyline class=\"seen\" points=\"{}\"/>", points(0, observed).join(" "));
    format!(
        "<div class=\"lines\"><div class=\"ends\"><span>{}</span><span>{}</span></div><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{}\">{drawn}</svg><div class=\"ends along\"><span>{}</span><span>{}</span></div></div>",
        html(&text(high)),
        html(&text(low)),
        html(label),
        html(ends[0]),
        html(ends[1])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_at_round_numbers_and_marks_beyond_the_axis_at_its_end() {
        let axis = Axis::between(0.0, 290.0, false).with_round(|x| x.to_string());
        assert_eq!(axis.ticks.iter().map(|t| t.0).collect::<Vec<_>>(), [0.0, 100.0, 200.0]);
        let axis = Axis::between(-0.013, 0.14, false).with_round(|x| format!("{x:.2}"));
        assert_eq!(axis.ticks.iter().map(|t| t.1.as_str()).collect::<Vec<_>>(), ["0.00", "0.05", "0.10"]);
        let log = Axis::between(0.25, 4.0, true);
        assert_eq!([0.1, 0.25, 1.0, 9.0].map(|x| log.place(x)), [0.0, 0.0, 50.0, 100.0].map(Some));
        assert_eq!(log.place(f64::NAN), None);
        // What is not a number is not drawn, and hostile names stay text.
        let strip = Strip {
            label: "<script>".to_owned(),
            marks: vec![Mark::Bar(f64::NAN, 1.0, "--ink"), Mark::Dot(f64::NAN, "--ink")],
            numbers: "–".to_owned(),
        };
        let html = strips(&[strip], &log);
        assert!(!html.contains("<script>") && !html.contains("class=\"bar\""), "{html}");
        assert_eq!(line_with_bands(&[f64::NAN, f64::NAN], &[], "", |x| x.to_string(), ["", ""]), "");
    }
}
