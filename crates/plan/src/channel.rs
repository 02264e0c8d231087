//! A channel on every draw: what a path of spend brings, by a table of its response summed over geos.
//!
//! With the split over geos kept as it was last year, exposure of geo g is unit\[g\] x spend, so after carry-over the profit of a period is one
//! function of one number, F(a) = sum_g worth\[g\] beta\[g\] f(unit\[g\] a), a the carried-over spend. F is tabled once a draw, and a plan of any
//! path costs one look-up a period. The judge does without the table.

use crate::carry::{CHUNK, Carried, back, in_chunks};
use crate::horizon::Horizon;
use counterpoint::data::DriverKind;
use counterpoint::model::build::Model;
use counterpoint::model::posterior::{Posterior, shape_values};
use counterpoint::model::response::Order;
use counterpoint::model::transform::{adstock, saturation};
use counterpoint_infer::dispatch;

/// Intervals of the table; its points are dense near zero.
const KNOTS: usize = 64;
/// No period of a plan has more than this times the most that the data have seen: what lies beyond is not known at all.
pub const MOST_SEEN: f64 = 4.0;

/// Value and slope by point of the table.
type Table = [[f64; 2]; KNOTS + 1];

/// A channel, or organic media.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Index of the driver.
    pub driver: usize,
    /// Name.
    pub name: String,
    /// Platform; its own name where it has none.
    pub place: String,
    /// Whether it is paid; organic media stay as last year.
    pub paid: bool,
    /// National spend of last year by planned period; of organic media the national exposure, in units of its mean.
    pub last: Vec<f64>,
    /// The largest national spend of a period in the data.
    pub seen: f64,
    /// Scaled exposure that one unit of national spend in a period brings to each geo.
    pub unit: Vec<f64>,
    /// Average frequency by geo, for reach and frequency.
    pub frequency: Option<Vec<f64>>,
    /// Scaled exposure of the periods just before the plan, oldest first, `[geos x lag]`.
    pub history: Vec<f64>,
    /// The same of the periods just after the plan, where spend goes on as last year.
    pub future: Vec<f64>,
    /// Longest lag.
    pub lag: usize,
    /// The largest carried-over spend that the table knows; beyond it the curve goes on as a line.
    reach: f64,
    order: Order,
    /// A draw each.
    pub draws: Vec<ChannelDraw>,
}

/// A channel on one draw.
#[derive(Debug, Clone)]
pub struct ChannelDraw {
    /// Carry-over, lags 0 to the longest.
    weights: Vec<f64>,
    /// Carried-over spend that is not the plan's, by period: from before it, and in the periods after it.
    carry: Vec<f64>,
    /// What that alone brings.
    base: f64,
    /// F and its slope times the step, by point of the table.
    table: Box<Table>,
    /// A concave function that is nowhere below F: to the point of steepest average return, its line through zero.
    hull: Box<Table>,
}

impl Channel {
    /// What does not depend on the draws.
    pub fn new(model: &Model, m: usize, horizon: &Horizon, place: String, price: f64) -> Channel {
        let driver = &model.drivers[m];
        let (geos, n, lag) = (model.n_geos(), model.n_periods(), driver.shape.max_lag);
        let padded = lag + n;
        let x = |g: usize, t: usize| driver.exposure.x[g * padded + lag + t];
        let people = |g: usize| model.units[g] / model.scale.sd;
        let series: Vec<f64> = match &driver.spend {
            Some(spend) => (0..n).map(|t| (0..geos).map(|g| spend[g * n + t]).sum()).collect(),
            None => {
                let all: Vec<f64> =
                    (0..n).map(|t| (0..geos).map(|g| x(g, t) * driver.unit[g] * people(g)).sum()).collect();
                let on: Vec<f64> = all.iter().copied().filter(|x| *x > 0.0).collect();
                let mean = on.iter().sum::<f64>() / on.len().max(1) as f64;
                all.iter().map(|x| if mean > 0.0 { x / mean } else { 0.0 }).collect()
            }
        };
        // The price of an exposure and the split over geos are those of the plan's periods a year ago; without spend then, of all periods.
        let planned: Vec<usize> = (0..horizon.len()).map(|t| horizon.last_year(t)).collect();
        let reference = if planned.iter().map(|&t| series[t]).sum::<f64>() > 0.0 { planned } else { (0..n).collect() };
        let spent: f64 = reference.iter().map(|&t| series[t]).sum();
        let exposed = |g: usize| reference.iter().map(|&t| x(g, t)).sum::<f64>();
        let unit = (0..geos).map(|g| if spent > 0.0 { exposed(g) / spent / price } else { 0.0 }).collect();
        let frequency = driver.exposure.frequency.as_ref().map(|f| {
            (0..geos)
                .map(|g| {
                    let (sum, by): (f64, f64) = reference
                        .iter()
                        .map(|&t| (f[g * padded + lag + t] * x(g, t), x(g, t)))
                        .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
                    if by > 0.0 { sum / by } else { 0.0 }
                })
                .collect()
        });
        // Before the plan: the gap's periods as last year, before them the data.
        let mut history = Vec::with_capacity(geos * lag);
        for g in 0..geos {
            for k in 0..lag {
                let back = lag - k;
                history.push(if back <= horizon.gap {
                    x(g, horizon.last[horizon.gap - back])
                } else {
                    let into = back - horizon.gap;
                    driver.exposure.x[g * padded + (padded - into.min(padded))]
                });
            }
        }
        let future = (0..geos).flat_map(|g| horizon.after[..lag].iter().map(move |&t| (g, t))).map(|(g, t)| x(g, t));
        let future = future.collect();
        let seen = series.iter().copied().fold(0.0, f64::max);
        let last: Vec<f64> = (0..horizon.len()).map(|t| series[horizon.last_year(t)]).collect();
        Channel {
            driver: m,
            name: driver.name.clone(),
            place,
            paid: driver.kind == DriverKind::Channel && driver.spend.is_some(),
            last,
            seen,
            unit,
            frequency,
            history,
            future,
            lag,
            reach: (MOST_SEEN * seen).max(1e-9),
            order: driver.shape.order,
            draws: Vec::new(),
        }
    }

    /// Whether spend is carried over before it saturates.
    pub(crate) fn carried(&self) -> bool {
        self.order == Order::AdstockFirst
    }

    /// The channel at the posterior's last position.
    pub fn draw(&self, posterior: &Posterior, worth: &[f64], periods: usize) -> ChannelDraw {
        let driver = &posterior.model().drivers[self.driver];
        let beta = &posterior.drivers()[self.driver].effect.beta;
        let shape = shape_values(driver, posterior.values());
        let (kind, lag) = (driver.shape.saturation, self.lag);
        let mut weights = vec![0.0; lag + 1];
        adstock::weights(driver.shape.adstock, &shape.adstock, &mut weights);
        let mut carry = vec![0.0; if self.carried() { periods } else { 0 }];
        if self.carried() {
            // Exposure in units of spend, as the geos' usual split has it.
            let size: f64 = self.unit.iter().map(|u| u * u).sum();
            let national = |series: &[f64]| -> Vec<f64> {
                let sum = |k: usize| self.unit.iter().enumerate().map(|(g, u)| u * series[g * lag + k]).sum::<f64>();
                (0..lag).map(|k| if size > 0.0 { sum(k) / size } else { 0.0 }).collect()
            };
            let (past, future, planned) = (national(&self.history), national(&self.future), self.last.len());
            for (t, to) in carry.iter_mut().enumerate().take(planned + lag) {
                for l in t + 1..=lag {
                    *to += weights[l] * past[lag + t - l];
                }
                // What is spent after the plan takes up saturation where the plan still works.
                for l in 0..(t + 1).saturating_sub(planned) {
                    *to += weights[l] * future[t - l - planned];
                }
            }
        }
        let points = KNOTS + 1;
        let reach = self.reach;
        let mut table = Box::new([[0.0; 2]; KNOTS + 1]);
        let spends: Vec<f64> = (0..points).map(|j| reach * (j as f64 / KNOTS as f64).powi(2)).collect();
        let (mut f, mut slope, mut power) = (vec![0.0; points], vec![0.0; points], vec![0.0; points]);
        for (g, unit) in self.unit.iter().enumerate() {
            let scale = beta[g] * worth[g];
            if let Some(frequency) = &self.frequency {
                let (mut one, mut s, mut p) = ([0.0], [0.0], [0.0]);
                saturation::forward(kind, &shape.saturation, &[frequency[g]], &mut one, &mut s, &mut p);
                for (to, a) in table.iter_mut().zip(&spends) {
                    to[0] += scale * unit * one[0] * a;
                    to[1] += scale * unit * one[0];
                }
                continue;
            }
            let x: Vec<f64> = spends.iter().map(|a| unit * a).collect();
            saturation::forward(kind, &shape.saturation, &x, &mut f, &mut slope, &mut power);
            for j in 0..points {
                table[j][0] += scale * f[j];
                table[j][1] += scale * slope[j] * unit;
            }
        }
        // The slope at nothing may be none (a steep curve) or infinite (a flat one): that of a curve that rises to the first point without bend.
        let first = (table[1][0] / spends[1].max(1e-300)).abs();
        table[0][1] = (2.0 * first - table[1][1].abs()).max(0.0).copysign(table[1][0]);
        // Slopes by the part of the reach.
        table.iter_mut().for_each(|x| x[1] *= reach);
        let parts: Vec<f64> = spends.iter().map(|a| a / reach).collect();
        let hull = hull(&table, &parts);
        let mut draw = ChannelDraw { weights, carry, base: 0.0, table, hull };
        draw.base = draw.carry.iter().map(|a| look_up(&draw.table, a / reach)[0]).sum();
        draw
    }

    /// Profit of a path of spend on draw d, what comes before and after it not counted. `slopes` takes its derivative by each period's spend. Of the hull,
    /// where `concave`.
    pub fn profit(&self, d: usize, spend: &[f64], concave: bool, slopes: Option<&mut [f64]>) -> f64 {
        self.profit_in(d, spend, concave, slopes, &mut Room::default())
    }

    /// The same with memory that is used again.
    pub(crate) fn profit_in(
        &self,
        d: usize,
        spend: &[f64],
        concave: bool,
        slopes: Option<&mut [f64]>,
        room: &mut Room,
    ) -> f64 {
        let draw = &self.draws[d];
        let table = if concave { &draw.hull } else { &draw.table };
        let Room { carried, all, by } = room;
        let n = spend.len();
        // Behind the reach of the last spend nothing is left.
        let end = if self.carried() { (n + self.lag).min(draw.carry.len()) } else { n };
        let (size, lags) = (in_chunks(end), self.lags() - 1);
        all.clear();
        if self.carried() {
            all.extend_from_slice(carried.over(&draw.weights, spend, None, end));
            all.iter_mut().zip(&draw.carry[..end]).for_each(|(a, carry)| *a += carry);
        } else {
            all.extend_from_slice(spend);
            all.resize(size, 0.0);
        }
        by.clear();
        by.resize(size + lags, 0.0);
        // After the end there is nothing.
        let sum = look_up_all(table, 1.0 / self.reach, all, &mut by[..size]) - (size - end) as f64 * table[0][0];
        by[end..size].fill(0.0);
        if let Some(slopes) = slopes {
            if self.carried() {
                back(&draw.weights, by, slopes);
            } else {
                slopes.copy_from_slice(&by[..n]);
            }
        }
        sum - draw.base
    }
}

/// Working memory of a channel's profit.
#[derive(Debug, Default)]
pub(crate) struct Room {
    carried: Carried,
    /// Spend as it works, in whole chunks of periods.
    all: Vec<f64>,
    /// Slopes by it, and as many zeros as there are lags.
    by: Vec<f64>,
}

impl Channel {
    /// A channel of Hill curves, each of (weights, carried over from before, half-saturation, slope).
    #[cfg(test)]
    pub(crate) fn made(reach: f64, lag: usize, draws: Vec<(Vec<f64>, Vec<f64>, f64, f64)>) -> Channel {
        let draws = draws.into_iter().map(|(weights, carry, half, slope)| {
            let mut table = Box::new(std::array::from_fn(|j| {
                let a = reach * (j as f64 / KNOTS as f64).powi(2);
                let power = (a / half).powf(slope);
                [power / (1.0 + power), slope * power / (a.max(1e-300) * (1.0 + power).powi(2)) * reach]
            }));
            table[0][1] = 2.0 * table[1][0] * (KNOTS * KNOTS) as f64 - table[1][1];
            table[0][1] = table[0][1].max(0.0);
            let base = carry.iter().map(|a: &f64| look_up(&table, a / reach)[0]).sum();
            let parts: Vec<f64> = (0..=KNOTS).map(|j| (j as f64 / KNOTS as f64).powi(2)).collect();
            ChannelDraw { weights, carry, base, hull: hull(&table, &parts), table }
        });
        Channel {
            driver: 0,
            name: String::new(),
            place: String::new(),
            paid: true,
            last: Vec::new(),
            seen: reach / MOST_SEEN,
            unit: vec![1.0],
            frequency: None,
            history: Vec::new(),
            future: Vec::new(),
            lag,
            reach,
            order: Order::AdstockFirst,
            draws: draws.collect(),
        }
    }

    /// Lags of carry-over before saturation, the present period included.
    pub(crate) fn lags(&self) -> usize {
        if self.carried() { self.lag + 1 } else { 1 }
    }

    /// Weights of those lags on draw d.
    pub(crate) fn weights(&self, d: usize) -> &[f64] {
        if self.carried() { &self.draws[d].weights } else { &[1.0] }
    }

    /// Periods in all, where spend is carried over.
    pub(crate) fn periods(&self, d: usize) -> usize {
        self.draws[d].carry.len()
    }

    /// Carried-over spend of period t that is not the plan's.
    pub(crate) fn carry(&self, d: usize, t: usize) -> f64 {
        self.draws[d].carry.get(t).copied().unwrap_or(0.0)
    }

    /// The curve of draw d.
    pub(crate) fn curve(&self, d: usize) -> Curve<'_> {
        Curve { table: &self.draws[d].table, reach: self.reach }
    }
}

/// Profit of a period by its carried-over spend, on one draw.
#[derive(Clone, Copy)]
pub(crate) struct Curve<'a> {
    table: &'a Table,
    reach: f64,
}

impl Curve<'_> {
    /// Value and slope at a carried-over spend.
    pub(crate) fn at(&self, spend: f64) -> [f64; 2] {
        let [value, slope] = look_up(self.table, spend / self.reach);
        [value, slope / self.reach]
    }

    /// All spends at which the slope falls through `slope`, `touch` among them where it falls there; and the first and last of them.
    pub(crate) fn falls_to(&self, slope: f64, touch: f64, out: &mut Vec<f64>) -> (f64, f64) {
        out.clear();
        let part = |j: usize| self.reach * (j as f64 / KNOTS as f64).powi(2);
        let wanted = slope * self.reach;
        for j in 0..KNOTS {
            if self.table[j][1] < wanted || self.table[j + 1][1] >= wanted {
                continue;
            }
            let (mut low, mut high) = (part(j), part(j + 1));
            if (low..=high).contains(&touch) {
                out.push(touch);
                continue;
            }
            for _ in 0..30 {
                let middle = 0.5 * (low + high);
                if self.at(middle)[1] >= slope {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            out.push(0.5 * (low + high));
        }
        (out.first().copied().unwrap_or(f64::INFINITY), out.last().copied().unwrap_or(f64::NEG_INFINITY))
    }
}

/// Value and slope (by `part`) of a table at a part of its reach, by cubic interpolation between points that are dense near zero; beyond the
/// last, a line. The table's slopes are by the part too.
#[inline]
fn look_up(table: &Table, part: f64) -> [f64; 2] {
    if part <= 0.0 {
        return table[0];
    }
    let at = part.sqrt() * KNOTS as f64;
    if at >= KNOTS as f64 {
        let [value, slope] = table[KNOTS];
        return [value + slope * (part - 1.0), slope];
    }
    let j = at as usize;
    const SQUARE: f64 = (KNOTS * KNOTS) as f64;
    let from = (j * j) as f64;
    let steps = (2 * j + 1) as f64;
    let one = 1.0 / steps;
    let (width, density) = (steps * (1.0 / SQUARE), SQUARE * one);
    let u = (part * SQUARE - from) * one;
    let ([y0, s0], [y1, s1]) = (table[j], table[j + 1]);
    let (m0, m1) = (s0 * width, s1 * width);
    let rise = y1 - y0;
    let (b, c) = (3.0 * rise - 2.0 * m0 - m1, m0 + m1 - 2.0 * rise);
    [y0 + u * (m0 + u * (b + u * c)), (m0 + u * (2.0 * b + 3.0 * u * c)) * density]
}

dispatch! {
    /// The sum of [`look_up`] over whole chunks of periods, and the slopes; both by what is multiplied by `scale`.
    fn look_up_all(table: &Table, scale: f64, all: &[f64], slopes: &mut [f64]) -> f64 {
        const SQUARE: f64 = (KNOTS * KNOTS) as f64;
        let mut sums = [0.0; CHUNK];
        for (all, slopes) in all.chunks_exact(CHUNK).zip(slopes.chunks_exact_mut(CHUNK)) {
            let (mut inside, mut beyond, mut at) = ([0.0; CHUNK], [0.0; CHUNK], [0_usize; CHUNK]);
            for i in 0..CHUNK {
                let part = all[i] * scale;
                inside[i] = part.clamp(0.0, 1.0);
                beyond[i] = part.max(1.0) - 1.0;
                at[i] = ((inside[i].sqrt() * KNOTS as f64) as i32 as usize).min(KNOTS - 1);
            }
            let mut ends = [[0.0; CHUNK]; 4];
            for i in 0..CHUNK {
                let ([y0, s0], [y1, s1]) = (table[at[i]], table[at[i] + 1]);
                for (to, x) in ends.iter_mut().zip([y0, s0, y1, s1]) {
                    to[i] = x;
                }
            }
            let [y0, s0, y1, s1] = ends;
            for i in 0..CHUNK {
                let j = at[i] as i32 as f64;
                let steps = 2.0 * j + 1.0;
                let one = 1.0 / steps;
                let (width, density) = (steps * (1.0 / SQUARE), SQUARE * one);
                let u = (inside[i] * SQUARE - j * j) * one;
                let (m0, m1) = (s0[i] * width, s1[i] * width);
                let rise = y1[i] - y0[i];
                let (b, c) = (3.0 * rise - 2.0 * m0 - m1, m0 + m1 - 2.0 * rise);
                let slope = (m0 + u * (2.0 * b + 3.0 * u * c)) * density;
                sums[i] += y0[i] + u * (m0 + u * (b + u * c)) + slope * beyond[i];
                slopes[i] = slope * scale;
            }
        }
        sums.iter().sum()
    }
}

/// From zero to the point of the largest average return, the line through it; from there the table. For a curve that is steep first and then
/// flattens, this is its concave hull.
fn hull(table: &Table, spends: &[f64]) -> Box<Table> {
    let mut out = Box::new(*table);
    let average = |j: usize| table[j][0] / spends[j];
    let best = (1..table.len()).max_by(|&a, &b| average(a).total_cmp(&average(b))).unwrap_or(1);
    if best > 1 {
        let slope = average(best);
        for j in 0..=best {
            out[j] = [slope * spends[j], slope];
        }
        out[best][1] = slope;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_looked_up_are_each_looked_up() {
        let channel = Channel::made(40.0, 2, vec![(vec![0.6, 0.3, 0.1], vec![0.0; 8], 7.0, 1.7)]);
        let (table, scale) = (&channel.draws[0].table, 1.0 / 40.0);
        let all: Vec<f64> = (0..64).map(|i| 50.0 * f64::from(i * i) / 3600.0 - 0.5).collect();
        let mut slopes = vec![0.0; 64];
        let sum = look_up_all(table, scale, &all, &mut slopes);
        let each: Vec<[f64; 2]> = all.iter().map(|a| look_up(table, a * scale)).collect();
        assert!((sum - each.iter().map(|e| e[0]).sum::<f64>()).abs() < 1e-10);
        assert!(slopes.iter().zip(&each).all(|(s, e)| (s - e[1] * scale).abs() < 1e-12 * (1.0 + s.abs())));
    }
}
