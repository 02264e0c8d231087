//! What a plan may not do: bounds of single variables and of sums of them; the nearest point that keeps them, and an upper bound of any linear
//! gain within them.

/// Bounds of a weighted sum of variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the sum is, in words.
    pub name: String,
    /// Variable and weight, weights positive.
    pub terms: Vec<(usize, f64)>,
    /// Least.
    pub low: f64,
    /// Most.
    pub high: f64,
    /// Whether it shares no variable with any other such row; those are kept exactly at every step of the search for the nearest point.
    pub apart: bool,
}

impl Row {
    /// The sum at a point.
    pub fn at(&self, x: &[f64]) -> f64 {
        self.terms.iter().map(|&(i, a)| a * x[i]).sum()
    }
}

/// A box and some rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// Least of each variable.
    pub low: Vec<f64>,
    /// Most.
    pub high: Vec<f64>,
    /// A usual size of each variable, the unit of distances; empty: the width of its range.
    pub scales: Vec<f64>,
    /// Sums.
    pub rows: Vec<Row>,
}

/// Sweeps over the rows in search of the nearest point.
const SWEEPS: usize = 200;
/// Times that the multipliers of rows that share variables are moved in turn, and halvings of each.
const PASSES: usize = 2;
const HALVINGS: usize = 30;
/// A row counts as kept within this share of its size.
const KEPT: f64 = 1e-10;

impl Limits {
    /// The unit of distances of each variable.
    pub fn scales(&self) -> Vec<f64> {
        if self.scales.is_empty() {
            self.low.iter().zip(&self.high).map(|(l, h)| if h > l { h - l } else { 1.0 }).collect()
        } else {
            self.scales.clone()
        }
    }

    /// The point within the limits that is nearest to `z`, distances counted in `scales`. `prices` holds the rows' multipliers, from which the
    /// search begins and to which it moves. Dual coordinate ascent: each row in turn is moved to its own limits exactly (Hildreth 1957), those
    /// that stand apart within all others.
    pub fn nearest(&self, z: &[f64], scales: &[f64], prices: &mut [f64]) -> Vec<f64> {
        let squares: Vec<f64> = scales.iter().map(|s| s * s).collect();
        let mut search = Search { limits: self, squares: &squares, free: z.to_vec(), of: vec![NONE; z.len()] };
        for (r, row) in self.rows.iter().enumerate() {
            if row.apart {
                row.terms.iter().for_each(|t| search.of[t.0] = r);
            } else {
                search.shift(row, prices[r]);
            }
        }
        let together: Vec<usize> = (0..self.rows.len()).filter(|&r| !self.rows[r].apart).collect();
        for _ in 0..SWEEPS {
            let mut worst = 0.0_f64;
            for &r in &together {
                worst = worst.max(search.settle(&self.rows[r], &mut prices[r]));
            }
            if worst <= KEPT || together.len() == 1 {
                break;
            }
        }
        let mut x: Vec<f64> = (0..z.len()).map(|i| search.free[i].clamp(self.low[i], self.high[i])).collect();
        for (row, price) in self.rows.iter().zip(prices.iter_mut()).filter(|r| r.0.apart) {
            *price = search.own(row, |_| 0.0);
            for &(i, a) in &row.terms {
                x[i] = (search.free[i] + *price * a * squares[i]).clamp(self.low[i], self.high[i]);
            }
        }
        x
    }

    /// No point within the limits has a larger `gain . x` than this, whatever the rows' `prices` are (weak duality of linear programs); with the
    /// optimal ones it is attained.
    pub fn most(&self, gain: &[f64], prices: &[f64]) -> f64 {
        let mut reduced = gain.to_vec();
        let mut total = 0.0;
        for (row, y) in self.rows.iter().zip(prices) {
            let edge = if *y > 0.0 { row.high } else { row.low };
            // Without a limit on that side the multiplier proves nothing.
            if *y == 0.0 || edge.is_infinite() {
                continue;
            }
            for &(i, a) in &row.terms {
                reduced[i] -= a * y;
            }
            total += y * edge;
        }
        total + (0..gain.len()).map(|i| (reduced[i] * self.low[i]).max(reduced[i] * self.high[i])).sum::<f64>()
    }

    /// The same with better multipliers, which `prices` moves to: those of rows that stand apart are the best beside the others', and those of the
    /// first `shared` of the others are moved one after the other to where the bound is lowest.
    pub fn least_most(&self, gain: &[f64], prices: &mut [f64], shared: usize) -> f64 {
        let mut best = self.beside(gain, prices).0;
        let together: Vec<usize> = (0..self.rows.len()).filter(|&r| !self.rows[r].apart).take(shared).collect();
        for _ in 0..if together.len() > 1 { PASSES } else { 1 } {
            for &r in &together {
                best = best.min(self.lower(gain, prices, r));
            }
        }
        best
    }

    /// Moves the multiplier of one row to where the bound, convex in it, is lowest: halving by the sign of its slope.
    fn lower(&self, gain: &[f64], prices: &mut [f64], r: usize) -> f64 {
        let row = &self.rows[r];
        let at = |y: f64, prices: &mut [f64]| {
            prices[r] = y;
            let (bound, x) = self.beside(gain, prices);
            let sum = row.at(&x);
            // Dearer while more is taken than there is, cheaper while less.
            (
                bound,
                if sum > row.high {
                    1.0
                } else if sum < row.low {
                    -1.0
                } else {
                    -y
                },
            )
        };
        let start = prices[r];
        let mut best = (at(start, prices).0, start);
        let size = row.terms.iter().map(|&(i, a)| (gain[i] / a).abs()).fold(start.abs(), f64::max);
        let (mut low, mut high) = (-2.0 * size, 2.0 * size);
        // Close to where it was, most of the time.
        let mut step = 1e-3 * size;
        let (mut from, first) = (start, at(start, prices).1);
        while first != 0.0 && step < size {
            let to = from + step * first.signum();
            let (bound, side) = at(to, prices);
            if bound < best.0 {
                best = (bound, to);
            }
            if side * first <= 0.0 {
                (low, high) = (from.min(to), from.max(to));
                break;
            }
            (from, step) = (to, 4.0 * step);
        }
        for _ in 0..HALVINGS {
            if first == 0.0 {
                break;
            }
            let middle = 0.5 * (low + high);
            let (bound, side) = at(middle, prices);
            if bound < best.0 {
                best = (bound, middle);
            }
            if side == 0.0 {
                break;
            }
            if side > 0.0 { low = middle } else { high = middle }
        }
        at(best.1, prices).0
    }

    /// The bound with the multipliers of the rows that stand apart at their best, and where it is attained within those.
    fn beside(&self, gain: &[f64], prices: &mut [f64]) -> (f64, Vec<f64>) {
        let mut reduced = gain.to_vec();
        for (row, y) in self.rows.iter().zip(prices.iter()).filter(|r| !r.0.apart) {
            if (if *y > 0.0 { row.high } else { row.low }).is_finite() {
                row.terms.iter().for_each(|&(i, a)| reduced[i] -= a * y);
            }
        }
        let mut x: Vec<f64> =
            (0..gain.len()).map(|i| if reduced[i] > 0.0 { self.high[i] } else { self.low[i] }).collect();
        for (row, y) in self.rows.iter().zip(prices.iter_mut()).filter(|r| r.0.apart) {
            *y = 0.0;
            let mut sum = row.at(&x);
            let falls = sum > row.high;
            if !falls && sum >= row.low {
                continue;
            }
            // What gives up least goes first.
            let mut order: Vec<(f64, usize, f64)> = row.terms.iter().map(|&(i, a)| (reduced[i] / a, i, a)).collect();
            order.retain(|t| (t.0 > 0.0) == falls);
            order.sort_by(|s, t| s.0.abs().total_cmp(&t.0.abs()).then(s.1.cmp(&t.1)));
            for (ratio, i, a) in order {
                *y = ratio;
                let (target, end) = if falls { (row.high, self.low[i]) } else { (row.low, self.high[i]) };
                let wanted = x[i] + (target - sum) / a;
                let to = if falls { wanted.max(end) } else { wanted.min(end) };
                sum += a * (to - x[i]);
                x[i] = to;
                if to != end {
                    break;
                }
            }
        }
        (self.most(gain, prices), x)
    }

    /// By how much, in shares of the rows' sizes, a point breaks a limit; the worst.
    pub fn broken(&self, x: &[f64]) -> f64 {
        let boxes = (0..x.len())
            .map(|i| ((self.low[i] - x[i]).max(x[i] - self.high[i])).max(0.0) / self.high[i].abs().max(1e-9))
            .fold(0.0, f64::max);
        let rows = self.rows.iter().map(|row| {
            let known = |x: f64| if x.is_finite() { x.abs() } else { 0.0 };
            let (sum, size) = (row.at(x), known(row.low).max(known(row.high)));
            (row.low - sum).max(sum - row.high).max(0.0) / size.max(1e-9)
        });
        rows.fold(boxes, f64::max)
    }
}

/// No row.
const NONE: usize = usize::MAX;

/// A search for the nearest point.
struct Search<'a> {
    limits: &'a Limits,
    squares: &'a [f64],
    /// The point without limits, moved by the multipliers of all rows but those that stand apart.
    free: Vec<f64>,
    /// Row that stands apart, by variable.
    of: Vec<usize>,
}

impl Search<'_> {
    fn shift(&mut self, row: &Row, by: f64) {
        for &(i, a) in &row.terms {
            self.free[i] += by * a * self.squares[i];
        }
    }

    /// The multiplier with which a row that stands apart is kept, variables moved by `more`: safeguarded Newton steps on a piecewise linear,
    /// monotone function.
    fn own(&self, row: &Row, more: impl Fn(usize) -> f64) -> f64 {
        let (low, high) = (&self.limits.low, &self.limits.high);
        let at = |y: f64| {
            let (mut sum, mut slope) = (0.0, 0.0);
            for &(i, a) in &row.terms {
                let x = self.free[i] + more(i) + y * a * self.squares[i];
                sum += a * x.clamp(low[i], high[i]);
                if x > low[i] && x < high[i] {
                    slope += a * a * self.squares[i];
                }
            }
            (sum, slope)
        };
        let (bare, slope) = at(0.0);
        let target = if bare < row.low {
            row.low
        } else if bare > row.high {
            row.high
        } else {
            return 0.0;
        };
        let size: f64 = row.terms.iter().map(|&(i, a)| a * high[i].abs().max(low[i].abs())).sum();
        let most: f64 = row.terms.iter().map(|&(i, a)| a * a * self.squares[i]).sum::<f64>().max(1e-300);
        let (mut y, mut error, mut slope) = (0.0, bare - target, slope);
        let (mut under, mut over) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut far = 1.0;
        for _ in 0..200 {
            if error.abs() <= 1e-14 * size {
                break;
            }
            if error > 0.0 {
                over = y;
            } else {
                under = y;
            }
            let mut next = y - error / if slope > 0.0 { slope } else { most };
            if slope == 0.0 || next <= under || next >= over {
                next = if under.is_finite() && over.is_finite() {
                    0.5 * (under + over)
                } else {
                    // All are at their bounds here: ever farther.
                    far *= 2.0;
                    y - far * error / most
                };
            }
            if next == y {
                break;
            }
            y = next;
            (error, slope) = {
                let (sum, slope) = at(y);
                (sum - target, slope)
            };
        }
        y
    }

    /// A row's sum with its multiplier moved, rows that stand apart kept.
    fn at(&self, row: &Row, shift: f64) -> f64 {
        let (low, high) = (&self.limits.low, &self.limits.high);
        let moved = |i: usize| row.terms.iter().find(|t| t.0 == i).map_or(0.0, |t| shift * t.1 * self.squares[i]);
        let mut sum = 0.0;
        let mut k = 0;
        while k < row.terms.len() {
            let (i, a) = row.terms[k];
            let r = self.of[i];
            if r == NONE {
                sum += a * (self.free[i] + shift * a * self.squares[i]).clamp(low[i], high[i]);
                k += 1;
                continue;
            }
            let own = &self.limits.rows[r];
            // The terms of one row that stands apart follow each other, and are mostly all of it.
            let end = k + row.terms[k..].iter().take_while(|t| self.of[t.0] == r).count();
            let part = &row.terms[k..end];
            let y = if part.len() == own.terms.len() && part.iter().zip(&own.terms).all(|(p, o)| p.0 == o.0) {
                let first = own.terms[0].0;
                if own.terms.last().is_some_and(|t| t.0 + 1 == first + own.terms.len()) {
                    self.own(own, |i| shift * part[i - first].1 * self.squares[i])
                } else {
                    self.own(own, moved)
                }
            } else {
                self.own(own, moved)
            };
            for (&(i, a), &(_, b)) in
                part.iter().zip(part.iter().map(|p| own.terms.iter().find(|t| t.0 == p.0).unwrap_or(p)))
            {
                let x = self.free[i] + (shift * a + y * b) * self.squares[i];
                sum += a * x.clamp(low[i], high[i]);
            }
            k = end;
        }
        sum
    }

    /// Moves one row's multiplier so that the row is kept. Returns by what share of its size it was not.
    fn settle(&mut self, row: &Row, price: &mut f64) -> f64 {
        let limits = self.limits;
        let size =
            row.terms.iter().map(|&(i, a)| a * limits.high[i].abs().max(limits.low[i].abs())).sum::<f64>().max(1e-300);
        let (now, bare) = (self.at(row, 0.0), self.at(row, -*price));
        let target = if bare < row.low {
            row.low
        } else if bare > row.high {
            row.high
        } else {
            self.shift(row, -*price);
            *price = 0.0;
            return (now - bare).abs() / size;
        };
        let off = (now - target).abs() / size;
        if off <= 0.01 * KEPT {
            return off;
        }
        // Monotone in the shift: bracket, then regula falsi with the Illinois rule.
        let step: f64 = row.terms.iter().map(|&(i, a)| a * a * self.squares[i]).sum::<f64>().max(1e-300);
        let (mut a, mut fa) = (0.0, now - target);
        let mut reach = -fa / step;
        let (mut b, mut fb) = (reach, self.at(row, reach) - target);
        let mut tries = 0;
        while fa * fb > 0.0 && tries < 100 {
            reach *= 2.0;
            (a, fa) = (b, fb);
            b += reach;
            fb = self.at(row, b) - target;
            tries += 1;
        }
        if fa * fb > 0.0 {
            // It cannot be kept within the other limits.
            return 0.0;
        }
        let (mut shift, mut side) = (b, 0);
        for _ in 0..100 {
            if fb.abs() <= 1e-14 * size {
                shift = b;
                break;
            }
            shift = (a * fb - b * fa) / (fb - fa);
            if !shift.is_finite() || shift <= a.min(b) || shift >= a.max(b) {
                shift = 0.5 * (a + b);
            }
            let f = self.at(row, shift) - target;
            if f.abs() <= 1e-14 * size || shift == a || shift == b {
                break;
            }
            if f * fb > 0.0 {
                (b, fb) = (shift, f);
                if side == -1 {
                    fa *= 0.5;
                }
                side = -1;
            } else {
                (a, fa) = (shift, f);
                if side == 1 {
                    fb *= 0.5;
                }
                side = 1;
            }
        }
        self.shift(row, shift);
        *price += shift;
        off
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits() -> Limits {
        Limits {
            low: vec![0.0, 0.0, 1.0],
            high: vec![4.0, 4.0, 5.0],
            scales: Vec::new(),
            rows: vec![
                Row {
                    name: "all".into(),
                    terms: vec![(0, 1.0), (1, 1.0), (2, 1.0)],
                    low: 6.0,
                    high: 6.0,
                    apart: false,
                },
                Row {
                    name: "two".into(),
                    terms: vec![(0, 1.0), (1, 2.0)],
                    low: f64::NEG_INFINITY,
                    high: 3.0,
                    apart: true,
                },
            ],
        }
    }

    #[test]
    fn the_nearest_point_is_that_of_the_textbook() {
        // min |x - (2, 2)|^2 with x1 + x2 = 2 is (1, 1).
        let own = Limits {
            low: vec![0.0; 2],
            high: vec![10.0; 2],
            scales: Vec::new(),
            rows: vec![Row { name: String::new(), terms: vec![(0, 1.0), (1, 1.0)], low: 2.0, high: 2.0, apart: false }],
        };
        let x = own.nearest(&[2.0, 2.0], &[1.0, 1.0], &mut [0.0]);
        assert!((x[0] - 1.0).abs() < 1e-9 && (x[1] - 1.0).abs() < 1e-9, "{x:?}");
        // From (5, 0) the second stops at its bound.
        let x = own.nearest(&[5.0, 0.0], &[1.0, 1.0], &mut [0.0]);
        assert!((x[0] - 2.0).abs() < 1e-9 && x[1].abs() < 1e-9, "{x:?}");
    }

    proptest! {
        #[test]
        fn nothing_within_the_limits_is_nearer_or_gains_more(
            z in prop::collection::vec(-5.0..8.0_f64, 3),
            tries in prop::collection::vec((0.0..4.0_f64, 0.0..4.0_f64), 200),
            gain in prop::collection::vec(-1.0..1.0_f64, 3),
            prices in prop::collection::vec(-1.0..1.0_f64, 2),
        ) {
            let limits = limits();
            let prices = [prices[0], prices[1].abs()];
            let x = limits.nearest(&z, &[1.0; 3], &mut [0.0, 0.0]);
            prop_assert!(limits.broken(&x) < 1e-6, "{:?} {}", x, limits.broken(&x));
            let distance = |x: &[f64]| x.iter().zip(&z).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            let mut own = prices.to_vec();
            let best = limits.least_most(&gain, &mut own, 1);
            prop_assert!(best <= limits.most(&gain, &prices) + 1e-9);
            prop_assert!((best - limits.most(&gain, &own)).abs() < 1e-9);
            for (a, b) in tries {
                let y = [a, b, 6.0 - a - b];
                if limits.broken(&y) <= 0.0 {
                    prop_assert!(distance(&x) <= distance(&y) + 1e-6);
                    prop_assert!(gain.iter().zip(&y).map(|(g, y)| g * y).sum::<f64>() <= best + 1e-9);
                }
            }
        }
    }
}

#[cfg(test)]
mod large {
    use super::*;

    #[test]
    fn large_nested_limits_are_kept() {
        // Four channels of 13 blocks, totals nested in a budget, as a plan has them.
        let n = 52;
        let mut limits = Limits { low: vec![0.0; n], high: vec![0.0; n], scales: Vec::new(), rows: Vec::new() };
        let totals = [(193_519.0, 774_076.0), (219_898.0, 879_594.0), (170_029.0, 680_117.0), (66_684.0, 266_736.0)];
        let peak = [60_126.0, 66_821.0, 46_364.0, 19_000.0];
        for i in 0..n {
            limits.high[i] = peak[i / 13] * 1.5;
        }
        limits.rows.push(Row {
            name: "b".into(),
            terms: (0..n).map(|i| (i, 1.0)).collect(),
            low: 1_300_261.0,
            high: 1_300_261.0,
            apart: false,
        });
        for (m, (low, high)) in totals.into_iter().enumerate() {
            limits.rows.push(Row {
                name: "c".into(),
                terms: (0..13).map(|b| (m * 13 + b, 1.0)).collect(),
                low,
                high,
                apart: true,
            });
        }
        let widths = limits.scales();
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut prices = vec![0.0; 5];
        for _ in 0..50 {
            let z: Vec<f64> = (0..n).map(|i| limits.high[i] * (3.0 * random() - 1.5)).collect();
            let x = limits.nearest(&z, &widths, &mut prices);
            assert!(limits.broken(&x) < 1e-6, "{}", limits.broken(&x));
        }
    }
}
