//! Draws from a log density, and judges the draws. Knows nothing of marketing.

pub mod climb;
pub mod diagnose;
pub mod draws;
pub mod frame;
pub mod log_density;
pub mod math;
pub mod nuts;
pub mod parallel;
pub mod sample;
