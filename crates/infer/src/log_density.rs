//! The one thing a sampler needs: a log density on the real space, with its gradient.

use rand_chacha::ChaCha8Rng;

/// An unnormalised log density on `R^dim` with its exact gradient. Owns its working memory, so one value serves one chain.
pub trait LogDensity {
    /// Number of coordinates.
    fn dim(&self) -> usize;

    /// Log density at `position`; writes its gradient. Both slices have [`LogDensity::dim`] elements.
    /// A value that is not finite marks a point outside the support: the trajectory ends there.
    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64;

    /// A move of the density's own, made between trajectories, that leaves the density as it is: a draw of some coordinates given the others. Returns
    /// whether there is one.
    fn stir(&mut self, _position: &mut [f64], _rng: &mut ChaCha8Rng) -> bool {
        false
    }
}
