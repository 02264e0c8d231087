//! Split chains, and the ranks of draws turned into normal scores.

use crate::draws::Chains;
use crate::math::norm_quantile;

/// Fewest draws of a chain that are worth splitting in two.
pub(super) const MIN_DRAWS: usize = 4;

/// True when the draws can be judged: enough of them, all finite, not all the same.
pub(super) fn can_be_judged(chains: Chains<'_>) -> bool {
    let values = chains.values();
    chains.draws() >= MIN_DRAWS && values.iter().all(|v| v.is_finite()) && values.iter().any(|v| *v != values[0])
}

/// Both halves of each chain as chains of their own, `[half chain][draw]`; the middle one of an odd number of draws is left out.
pub(super) struct Split {
    /// The draws.
    pub(super) values: Vec<f64>,
    /// Draws of each half chain.
    pub(super) draws: usize,
}

impl Split {
    /// Splits the chains; `of` turns each draw into the number to be judged.
    pub(super) fn map(chains: Chains<'_>, of: impl Fn(f64) -> f64) -> Split {
        let half = chains.draws() / 2;
        let mut values = Vec::with_capacity(2 * half * chains.chains());
        for c in 0..chains.chains() {
            let chain = chains.chain(c);
            values.extend(chain[..half].iter().map(|v| of(*v)));
            values.extend(chain[chain.len() - half..].iter().map(|v| of(*v)));
        }
        Split { values, draws: half }
    }
}

/// Numbers in ascending order, with the place each came from.
pub(super) struct Ranked {
    /// The numbers, ascending.
    pub(super) sorted: Vec<f64>,
    order: Vec<u32>,
}

impl Ranked {
    /// Sorts finite numbers (fewer than 2^32).
    pub(super) fn new(values: &[f64]) -> Ranked {
        let mut keyed: Vec<(u64, u32)> = values.iter().zip(0..).map(|(v, i)| (ordered_bits(*v), i)).collect();
        keyed.sort_unstable_by_key(|entry| entry.0);
        let order: Vec<u32> = keyed.iter().map(|entry| entry.1).collect();
        Ranked { sorted: order.iter().map(|i| values[*i as usize]).collect(), order }
    }

    /// The distances from the median, ranked: the sorted numbers are merged outwards from their middle, without another sort.
    pub(super) fn folded(&self) -> Ranked {
        let n = self.sorted.len();
        let median = 0.5 * (self.sorted[(n - 1) / 2] + self.sorted[n / 2]);
        let mut high = self.sorted.partition_point(|v| *v < median);
        let mut low = high;
        let mut folded = Ranked { sorted: Vec::with_capacity(n), order: Vec::with_capacity(n) };
        while low > 0 || high < n {
            let below = if low > 0 { median - self.sorted[low - 1] } else { f64::INFINITY };
            let above = if high < n { self.sorted[high] - median } else { f64::INFINITY };
            let from = if below < above {
                low -= 1;
                low
            } else {
                high += 1;
                high - 1
            };
            folded.sorted.push(below.min(above));
            folded.order.push(self.order[from]);
        }
        folded
    }

    /// Normal scores in the numbers' original order: Phi^-1((r - 3/8) / (n + 1/4)) with r the rank, of ties their average (Blom 1958;
    /// Vehtari et al. 2021, section 4).
    pub(super) fn normal_scores(&self, scores: &Scores) -> Vec<f64> {
        let n = self.sorted.len();
        let mut z = vec![0.0; n];
        let mut start = 0;
        while start < n {
            let ties = self.sorted[start..].iter().take_while(|v| **v == self.sorted[start]).count();
            let score =
                if ties == 1 { scores.0[start] } else { normal_score(start as f64 + 0.5 * (ties + 1) as f64, n) };
            for place in &self.order[start..start + ties] {
                z[*place as usize] = score;
            }
            start += ties;
        }
        z
    }
}

/// The normal scores of the ranks 1 to n, shared by all parameters of a fit.
pub(super) struct Scores(Vec<f64>);

impl Scores {
    /// Scores of n ranks.
    pub(super) fn new(n: usize) -> Scores {
        Scores((0..n).map(|i| normal_score((i + 1) as f64, n)).collect())
    }
}

fn normal_score(rank: f64, n: usize) -> f64 {
    norm_quantile((rank - 0.375) / (n as f64 + 0.25))
}

/// Bits that order as the numbers do; the two zeros are the same.
fn ordered_bits(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_the_average_rank_and_zero_has_no_sign() {
        let ranked = Ranked::new(&[3.0, -1.0, 0.0, -0.0, 3.0, -7.5]);
        assert_eq!(ranked.sorted, [-7.5, -1.0, 0.0, 0.0, 3.0, 3.0]);
        let z = ranked.normal_scores(&Scores::new(6));
        assert_eq!(z[0], norm_quantile((5.5 - 0.375) / 6.25));
        assert_eq!((z[0], z[2]), (z[4], z[3]));
        assert_eq!(z[5], norm_quantile(0.625 / 6.25));
    }

    #[test]
    fn folding_ranks_the_distances_from_the_median() {
        let values = [5.0, 1.0, 2.0, 9.0, 4.0, 4.0, -3.0];
        let distances: Vec<f64> = values.iter().map(|v: &f64| (v - 4.0).abs()).collect();
        let scores = Scores::new(values.len());
        let folded = Ranked::new(&values).folded();
        assert_eq!(folded.sorted, Ranked::new(&distances).sorted);
        assert_eq!(folded.normal_scores(&scores), Ranked::new(&distances).normal_scores(&scores));
    }

    #[test]
    fn an_odd_chain_loses_its_middle_draw() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        let split = Split::map(Chains::new(&values, 2), |v| v);
        assert_eq!(split.values, [1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 9.0, 10.0]);
        assert_eq!(split.draws, 2);
    }
}
