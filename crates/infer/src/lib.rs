//! Draws from a log density, and judges the draws. Knows nothing of marketing.

pub mod diagnose;
pub mod draws;
pub mod math;
