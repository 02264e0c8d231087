//! The one thing a sampler needs: a log density on the real space, with its gradient.

/// An unnormalised log density on `R^dim` with its exact gradient. Owns its working memory, so one value serves one chain.
pub trait LogDensity {
    /// Number of coordinates.
    fn dim(&self) -> usize;

    /// Log density at `position`; writes its gradient. Both slices have [`LogDensity::dim`] elements.
    /// A value that is not finite marks a point outside the support: the trajectory ends there.
    fn evaluate(&mut self, position: &[f64], gradient: &mut [f64]) -> f64;
}
