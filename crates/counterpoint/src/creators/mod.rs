//! What is known of creators without the model: how attention to a post decays, what a deal costs, whose audience is real.

pub mod activity;
pub mod audit;
pub mod deal;
pub mod fair;
#[cfg(test)]
mod testing;
