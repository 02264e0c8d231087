//! Draws from a log density, and judges the draws. Knows nothing of marketing.

pub mod math;
