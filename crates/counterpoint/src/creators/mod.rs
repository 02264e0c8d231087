//! What is known of creators without the model: how attention to a post decays, what a deal costs, whose audience is real.

pub mod activity;
pub mod attention;
pub mod audit;
pub mod deal;
pub mod fair;
pub mod kernel;
#[cfg(test)]
mod testing;

use crate::data::calendar::day_number;
use jiff::civil::DateTime;

/// Days since the epoch of [`day_number`], with the time of day as a fraction.
fn moment(at: DateTime) -> f64 {
    let seconds = f64::from(at.hour()) * 3600.0 + f64::from(at.minute()) * 60.0 + f64::from(at.second());
    day_number(at.date()) as f64 + seconds / 86_400.0
}
