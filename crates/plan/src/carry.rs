//! Carry-over of short rows: a chunk of periods at a time, so that no lag has a remainder.

use counterpoint_infer::dispatch;

/// Periods that are computed together.
pub(crate) const CHUNK: usize = 8;

/// So many periods in whole chunks.
pub(crate) fn in_chunks(periods: usize) -> usize {
    periods.next_multiple_of(CHUNK)
}

/// A row and what is left of it later, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// As many zeros as there are lags, then the row in whole chunks.
    row: Vec<f64>,
    /// What it becomes.
    over: Vec<f64>,
}

impl Carried {
    /// Carries a row over, multiplied first, for so many periods: `[whole chunks of periods]`.
    pub(crate) fn over(&mut self, weights: &[f64], x: &[f64], by: Option<&[f64]>, periods: usize) -> &[f64] {
        let size = in_chunks(periods);
        self.row.clear();
        self.row.resize(weights.len() - 1, 0.0);
        match by {
            None => self.row.extend_from_slice(x),
            Some(by) => self.row.extend(x.iter().zip(by).map(|(x, by)| x * by)),
        }
        self.row.resize(weights.len() - 1 + size, 0.0);
        self.over.resize(size, 0.0);
        carry(weights, &self.row, &mut self.over);
        &self.over
    }
}

dispatch! {
    /// out\[t\] = the sum of weights\[l\] x\[last + t - l\], `last` the longest lag.
    pub(crate) fn carry(weights: &[f64], x: &[f64], out: &mut [f64]) {
        let last = weights.len() - 1;
        for (c, to) in out.chunks_exact_mut(CHUNK).enumerate() {
            let mut sums = [0.0; CHUNK];
            for (w, from) in weights.iter().rev().zip(x[c * CHUNK..(c + 1) * CHUNK + last].windows(CHUNK)) {
                for i in 0..CHUNK {
                    sums[i] = w.mul_add(from[i], sums[i]);
                }
            }
            to.copy_from_slice(&sums);
        }
    }
}

dispatch! {
    /// The transpose: out\[t\] = the sum of weights\[l\] slope\[t + l\]; `slope` has as many zeros after it as there are lags.
    pub(crate) fn back(weights: &[f64], slope: &[f64], out: &mut [f64]) {
        for (c, to) in out.chunks_mut(CHUNK).enumerate() {
            let mut sums = [0.0; CHUNK];
            for (w, from) in weights.iter().zip(slope[c * CHUNK..(c + 1) * CHUNK + weights.len() - 1].windows(CHUNK)) {
                for i in 0..CHUNK {
                    sums[i] = w.mul_add(from[i], sums[i]);
                }
            }
            to.copy_from_slice(&sums[..to.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_carried_over_and_back_whatever_their_length() {
        let weights = [0.5, 0.3, 0.15, 0.05];
        for n in [1, 3, 7, 8, 9, 17] {
            let x: Vec<f64> = (0..n).map(|t| 1.0 + f64::from(t * t % 7)).collect();
            let by: Vec<f64> = (0..n).map(|t| 0.5 + f64::from(t % 3)).collect();
            let n = n as usize;
            let mut carried = Carried::default();
            let over = carried.over(&weights, &x, Some(&by), n).to_vec();
            let lagged = |t: usize| (0..4.min(t + 1)).map(|l| weights[l] * by[t - l] * x[t - l]).sum::<f64>();
            assert!((0..n).all(|t| (over[t] - lagged(t)).abs() < 1e-12));
            // <carried x, y> = <x, back y>
            let mut y: Vec<f64> = (0..n).map(|t| 1.0 / (1.0 + t as f64)).collect();
            let forth: f64 = (0..n).map(|t| over[t] * y[t]).sum();
            y.resize(in_chunks(n) + 3, 0.0);
            let mut out = vec![0.0; n];
            back(&weights, &y, &mut out);
            let again: f64 = (0..n).map(|t| out[t] * by[t] * x[t]).sum();
            assert!((forth - again).abs() < 1e-12 * forth.abs());
        }
    }
}
