//! What the values of a column say: numbers, dates, words, and how they move.

use counterpoint::data::recognise::{
    DateReading, NumberStyle, date, date_format, is_missing, number, number_in, number_style,
};
use counterpoint::data::{Cells, Column};
use counterpoint::project::DateFormat;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The values of one column.
pub(super) struct Profile<'a> {
    pub(super) name: &'a str,
    /// Numbers, if every cell that is not empty is one.
    pub(super) numbers: Option<Vec<Option<f64>>>,
    /// Texts of the cells, for columns of text.
    texts: Option<Vec<Option<&'a str>>>,
    dates: Option<Vec<Option<Date>>>,
    pub(super) missing: usize,
}

impl<'a> Profile<'a> {
    pub(super) fn new(column: &'a Column) -> Self {
        let name = column.name.as_str();
        match &column.cells {
            Cells::Number(cells) => {
                let numbers: Vec<Option<f64>> = cells.iter().map(|c| c.filter(|v| v.is_finite())).collect();
                let missing = numbers.iter().filter(|n| n.is_none()).count();
                let numbers = (missing < numbers.len()).then_some(numbers);
                Profile { name, numbers, texts: None, dates: None, missing }
            }
            Cells::Date(cells) => {
                let missing = cells.iter().filter(|c| c.is_none()).count();
                Profile { name, numbers: None, texts: None, dates: Some(cells.clone()), missing }
            }
            Cells::Text(cells) => {
                let texts: Vec<Option<&str>> = cells.iter().map(|c| c.as_deref().filter(|t| !is_missing(t))).collect();
                let missing = texts.iter().filter(|t| t.is_none()).count();
                Profile { name, numbers: text_numbers(&texts), texts: Some(texts), dates: None, missing }
            }
        }
    }

    pub(super) fn rows(&self) -> usize {
        let texts = self.texts.as_ref().map(Vec::len);
        texts.or(self.dates.as_ref().map(Vec::len)).or(self.numbers.as_ref().map(Vec::len)).unwrap_or(0)
    }

    /// How the column writes dates, if it is one of dates.
    pub(super) fn date_reading(&self) -> Option<Vec<DateFormat>> {
        if self.dates.is_some() {
            return Some(vec![DateFormat::YearMonthDay]);
        }
        let texts = self.texts.as_ref().filter(|_| self.missing < self.rows())?;
        match date_format(texts.iter().flatten().copied()) {
            DateReading::One(format) => Some(vec![format]),
            DateReading::Ambiguous(formats) => Some(formats),
            DateReading::None { .. } => None,
        }
    }

    /// The cells as dates.
    pub(super) fn dates(&self, format: DateFormat) -> Vec<Option<Date>> {
        match (&self.dates, &self.texts) {
            (Some(dates), _) => dates.clone(),
            (None, Some(texts)) => texts.iter().map(|t| t.and_then(|t| date(t, format))).collect(),
            (None, None) => Vec::new(),
        }
    }

    /// The first cell of text that is not read so, and its row, from 0; and how many are.
    pub(super) fn unread(&self, reads: impl Fn(&str) -> bool) -> Option<(usize, &'a str, usize)> {
        let texts = self.texts.as_ref()?;
        let read = texts.iter().flatten().filter(|t| reads(t)).count();
        let (row, text) =
            texts.iter().enumerate().find_map(|(row, t)| Some((row, (*t)?)).filter(|(_, t)| !reads(t)))?;
        Some((row, text, read))
    }

    /// Whether all its cells are numbers if only one knew what their commas or points are.
    pub(super) fn either_mark(&self) -> bool {
        let both = |text: &&str| {
            number_in(text, NumberStyle::Point).is_some() && number_in(text, NumberStyle::Comma).is_some()
        };
        self.numbers.is_none() && self.texts.as_ref().is_some_and(|texts| texts.iter().flatten().all(both))
    }

    /// The currency whose sign its cells have.
    pub(super) fn currency(&self) -> Option<&'static str> {
        const SIGNS: [(&str, &str); 5] = [("€", "EUR"), ("£", "GBP"), ("EUR", "EUR"), ("GBP", "GBP"), ("CHF", "CHF")];
        self.numbers.as_ref()?;
        let texts = self.texts.as_ref()?.iter().flatten().take(10);
        texts.filter_map(|text| SIGNS.iter().find(|(sign, _)| text.contains(sign))).map(|found| found.1).next()
    }

    /// The cells as labels.
    pub(super) fn labels(&self) -> Vec<Option<String>> {
        match (&self.texts, &self.numbers) {
            (Some(texts), _) => texts.iter().map(|t| t.map(str::to_owned)).collect(),
            (None, Some(numbers)) => numbers.iter().map(|n| n.map(|n| n.to_string())).collect(),
            (None, None) => Vec::new(),
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.numbers.iter().flatten().flatten().copied()
    }

    pub(super) fn sum(&self) -> f64 {
        self.values().sum()
    }

    pub(super) fn not_negative(&self) -> bool {
        self.numbers.is_some() && self.values().all(|v| v >= 0.0)
    }

    pub(super) fn constant(&self) -> bool {
        let mut values = self.values();
        let first = values.next();
        self.numbers.is_some() && values.all(|v| Some(v) == first)
    }

    /// Only zeros and ones.
    pub(super) fn flag(&self) -> bool {
        self.numbers.is_some() && self.values().all(|v| v == 0.0 || v == 1.0)
    }

    /// The same step from row to row: 0, 1, 2, ...
    pub(super) fn counts_rows(&self) -> bool {
        let values: Vec<f64> = self.values().collect();
        if self.missing > 0 || values.len() < 4 {
            return false;
        }
        let step = values[1] - values[0];
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + values[0].abs() + step.abs() * values.len() as f64);
        step != 0.0 && values.iter().enumerate().all(|(i, v)| close(*v, values[0] + step * i as f64))
    }

    /// Whether it moves as spend does: with zeros, or by more than a fifth of its mean.
    pub(super) fn moves_like_spend(&self) -> bool {
        let values: Vec<f64> = self.values().collect();
        let distinct: BTreeSet<u64> = values.iter().take(10_000).map(|v| v.to_bits()).collect();
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        distinct.len() > 5 && (values.contains(&0.0) || spread > 0.2 * mean.abs())
    }
}

fn text_numbers(texts: &[Option<&str>]) -> Option<Vec<Option<f64>>> {
    let style = number_style(texts.iter().flatten().copied());
    let mut any = false;
    let mut numbers = Vec::with_capacity(texts.len());
    for text in texts {
        let Some(text) = text else {
            numbers.push(None);
            continue;
        };
        any = true;
        numbers.push(Some(style.map_or_else(|| number(text), |style| number_in(text, style))?));
    }
    any.then_some(numbers)
}
