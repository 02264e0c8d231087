//! From exposure to effect: carry-over (adstock) and saturation, each with its exact derivatives.

pub mod adstock;
pub mod saturation;
