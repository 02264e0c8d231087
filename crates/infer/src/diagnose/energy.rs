//! The energy diagnostic of Hamiltonian samplers.

use crate::draws::variance;

/// Estimated Bayesian fraction of missing information of one chain's energies (Hamiltonian at each draw): mean squared change
/// between draws over the variance (Betancourt 2016, arXiv:1604.00695). About 1 when fresh momentum reaches
/// all energies; small when the sampler crawls through the tails. NaN for fewer than two draws, constant or not finite energies.
pub fn ebfmi(energy: &[f64]) -> f64 {
    let changes = energy.windows(2).map(|pair| (pair[1] - pair[0]) * (pair[1] - pair[0])).sum::<f64>();
    changes / (energy.len() as f64 - 1.0) / variance(energy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternating_energies_are_high_and_drifting_ones_low() {
        let alternating: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
        let drifting: Vec<f64> = (0..100).map(f64::from).collect();
        assert!(ebfmi(&alternating) > 3.9);
        // Steps of 1 over a variance of n (n + 1) / 12.
        assert!((ebfmi(&drifting) - 12.0 / (100.0 * 101.0)).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_judged_is_nan() {
        assert!(ebfmi(&[]).is_nan() && ebfmi(&[1.0]).is_nan() && ebfmi(&[2.0; 9]).is_nan());
        assert!(ebfmi(&[1.0, f64::NAN, 2.0]).is_nan() && ebfmi(&[1.0, f64::INFINITY, 2.0]).is_nan());
    }
}
