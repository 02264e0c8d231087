//! Which periods are asked about, and exposures changed within them.

use crate::model::build::Model;
use crate::model::response::{Exposure, Shape};
use jiff::ToSpan;
use jiff::civil::Date;

/// A span of periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    /// Half-open range of periods.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Whether no window was asked for: history counts too.
    pub(crate) whole: bool,
    /// First and last day.
    pub(crate) days: (Date, Date),
}

impl Window {
    pub(crate) fn new(model: &Model, asked: Option<(Date, Date)>) -> Window {
        let n = model.n_periods();
        let length = if n > 1 { (model.dates[1] - model.dates[0]).get_days() } else { 7 };
        let last_day = |t: usize| model.dates[t].saturating_add(i64::from(length - 1).days());
        match asked {
            None => Window { from: 0, to: n, whole: true, days: (model.dates[0], last_day(n - 1)) },
            Some((first, last)) => {
                let from = model.dates.iter().position(|&d| d >= first).unwrap_or(n);
                let to = model.dates.iter().position(|&d| d > last).unwrap_or(n).max(from);
                Window { from, to, whole: false, days: (first, last) }
            }
        }
    }

    /// An exposure of a shape, multiplied within the window (without a window: everywhere, history included).
    pub(crate) fn scaled(&self, shape: &Shape, exposure: &Exposure, factor: f64) -> Exposure {
        let lead = shape.max_lag;
        let padded = lead + shape.periods;
        let mut out = exposure.clone();
        let (from, to) = if self.whole { (0, padded) } else { (lead + self.from, lead + self.to) };
        for row in out.x.chunks_exact_mut(padded) {
            row[from..to].iter_mut().for_each(|x| *x *= factor);
        }
        out
    }

    /// Sum of a `[geos x periods]` array within the window.
    pub(crate) fn sum(&self, cells: &[f64], periods: usize) -> f64 {
        cells.chunks_exact(periods).map(|geo| geo[self.from..self.to].iter().filter(|x| !x.is_nan()).sum::<f64>()).sum()
    }
}
