//! The diagnostics of every parameter in one pass, sharing what they have in common.

use super::ess::{of_split, tail_of_sorted};
use super::ranks::{Ranked, Scores, Split, can_be_judged};
use super::rhat::larger;
use crate::draws::{Chains, Draws, sorted};

/// The convergence diagnostics of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParameterDiagnostics {
    /// Rank-normalised split R-hat, see [`rhat`](super::rhat()).
    pub rhat: f64,
    /// Effective sample size of the bulk, see [`ess_bulk`](super::ess_bulk).
    pub ess_bulk: f64,
    /// Effective sample size of the tails, see [`ess_tail`](super::ess_tail).
    pub ess_tail: f64,
}

/// The diagnostics of every scalar of `draws`, in their order: each is sorted once, and the normal scores of ranks are computed once.
pub fn parameters(draws: &Draws) -> Vec<ParameterDiagnostics> {
    let scores = Scores::new(2 * draws.chains() * (draws.draws() / 2));
    (0..draws.len()).map(|i| parameter(draws.chains_of(i), &scores)).collect()
}

fn parameter(chains: Chains<'_>, scores: &Scores) -> ParameterDiagnostics {
    if !can_be_judged(chains) {
        return ParameterDiagnostics { rhat: f64::NAN, ess_bulk: f64::NAN, ess_tail: f64::NAN };
    }
    let split = Split::map(chains, |v| v);
    let half = split.draws;
    let ranked = Ranked::new(&split.values);
    let bulk = ranked.normal_scores(scores);
    let folded = ranked.folded().normal_scores(scores);
    // Splitting an odd number of draws has left some out; the tails want all.
    let ess_tail = if chains.draws().is_multiple_of(2) {
        tail_of_sorted(chains, &ranked.sorted)
    } else {
        tail_of_sorted(chains, &sorted(chains.values()))
    };
    ParameterDiagnostics {
        rhat: larger(&bulk, &folded, half),
        ess_bulk: of_split(Split { values: bulk, draws: half }),
        ess_tail,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ess_bulk, ess_tail, rhat};
    use super::*;

    #[test]
    fn one_pass_gives_the_bits_of_the_separate_diagnostics() {
        for length in [50, 51] {
            let mut draws = Draws::new(3, length);
            for i in 0..4 {
                let step = 0.7 + f64::from(i);
                let values: Vec<f64> = (0..3 * length)
                    .map(|j| (j as f64 * step).sin() * 5.0)
                    .map(|v| if i == 3 { v.round() } else { v })
                    .collect();
                draws.push(format!("p{i}"), &values);
            }
            draws.push("constant", &vec![1.0; 3 * length]);
            for (i, found) in parameters(&draws).iter().enumerate() {
                let chains = draws.chains_of(i);
                let separate = [rhat(chains), ess_bulk(chains), ess_tail(chains)];
                for (a, b) in [found.rhat, found.ess_bulk, found.ess_tail].iter().zip(separate) {
                    assert_eq!(a.to_bits(), b.to_bits());
                }
            }
        }
    }
}
