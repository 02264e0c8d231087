//! R-hat: do the chains agree with each other and with themselves?

use super::ranks::{Ranked, Scores, Split, can_be_judged};
use crate::draws::{Chains, mean, variance};

/// Rank-normalised split R-hat: the larger of the bulk one and the folded one (Vehtari et al. 2021, section 4).
///
/// Each chain is cut in halves; draws become normal scores of their ranks, so that heavy tails do no harm; the folded one does the
/// same with the distance from the median, so that chains that differ in spread are seen. About 1 when the
/// halves agree. A single chain is judged by its halves. NaN for fewer than four draws a chain, draws that are not finite, or
/// draws that are all the same.
pub fn rhat(chains: Chains<'_>) -> f64 {
    if !can_be_judged(chains) {
        return f64::NAN;
    }
    let split = Split::map(chains, |v| v);
    let scores = Scores::new(split.values.len());
    let ranked = Ranked::new(&split.values);
    larger(&ranked.normal_scores(&scores), &ranked.folded().normal_scores(&scores), split.draws)
}

/// The larger R-hat of bulk scores and folded scores. When only one is undefined (folded scores of draws that
/// take two values are constant), the other one counts.
pub(super) fn larger(bulk: &[f64], folded: &[f64], draws: usize) -> f64 {
    basic(bulk, draws).max(basic(folded, draws))
}

/// R-hat of chains as they are: sqrt((B / W + n - 1) / n) with n draws a chain, W the mean of the chains' variances and B n times
/// the variance of the chains' means (Gelman et al. 2013, Bayesian Data Analysis, section 11.4). `values` is `[chain][draw]`.
fn basic(values: &[f64], draws: usize) -> f64 {
    let n = draws as f64;
    let means: Vec<f64> = values.chunks_exact(draws).map(mean).collect();
    let variances: Vec<f64> = values.chunks_exact(draws).map(variance).collect();
    let between = n * variance(&means);
    ((between / mean(&variances) + n - 1.0) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four chains of a slowly turning sequence; chain 3 is moved and stretched.
    fn chains(shift: f64, stretch: f64) -> Vec<f64> {
        let mut values: Vec<f64> = (0..400).map(|i| (f64::from(i) * 2.399_963).sin()).collect();
        values[300..].iter_mut().for_each(|v| *v = *v * stretch + shift);
        values
    }

    #[test]
    fn chains_that_agree_are_near_one() {
        assert!((rhat(Chains::new(&chains(0.0, 1.0), 4)) - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_shifted_chain_and_a_stretched_chain_are_both_seen() {
        assert!(rhat(Chains::new(&chains(2.0, 1.0), 4)) > 1.3);
        assert!(rhat(Chains::new(&chains(0.0, 8.0), 4)) > 1.1);
    }

    #[test]
    fn a_monotone_change_of_scale_leaves_the_bulk_scores_alone() {
        let values = chains(0.5, 1.0);
        let mapped: Vec<f64> = values.iter().map(|v| 3.0 * v - 7.0).collect();
        assert!((rhat(Chains::new(&values, 4)) - rhat(Chains::new(&mapped, 4))).abs() < 1e-12);
    }

    #[test]
    fn a_single_drifting_chain_is_caught_by_its_halves() {
        let drift: Vec<f64> = (0..200).map(f64::from).collect();
        assert!(rhat(Chains::new(&drift, 1)) > 1.5);
    }

    #[test]
    fn what_cannot_be_judged_is_nan() {
        assert!(rhat(Chains::new(&[], 0)).is_nan());
        assert!(rhat(Chains::new(&[], 4)).is_nan());
        assert!(rhat(Chains::new(&[1.0, 2.0, 3.0, 4.0], 4)).is_nan());
        assert!(rhat(Chains::new(&[2.0; 40], 4)).is_nan());
        let mut values = chains(0.0, 1.0);
        values[7] = f64::INFINITY;
        assert!(rhat(Chains::new(&values, 4)).is_nan());
    }
}
