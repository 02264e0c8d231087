//! How much of an account's audience looks real: a score with its evidence and its uncertainty, never an accusation.
//!
//! This is a documented heuristic, not a test. It starts from how common fake audiences are ([`PRIOR`], or the share that the
//! creators table gives) and lets each signal shift the belief by a likelihood of a share `f` that is not real:
//!
//! ```text
//! p(f | signals) ∝ Beta(f) · product over signals of likelihood(signal | f)^weight
//! ```
//!
//! Ratios are compared with the norm of accounts alike (`norms`) on the log scale: `r = ln(value / norm)`.
//! A share f of dead followers leaves `1 - f` of the views, and a share f of likes bought at an even rate leaves `1 - f` of their
//! spread over posts, so there `r` is centred on `ln(1 - f) - ln(1 - f0)`, f0 the share that the norm itself holds
//! ([`USUAL`]). Dead followers lower engagement and bought likes raise it; likes a view and comments a like may be odd on
//! either side too (bought likes or views, pods or bots), so there the centre is on both sides with equal weight. The noise is
//! Student-t ([`DEGREES`]): honest accounts differ much, so one odd ratio never decides. Likes beyond views and views that
//! come in a step bound f from below, softly. Weights are below 1 where signals share their causes.

mod norms;
mod signals;

use crate::data::roster::{Account, Roster};
use norms::Tier;
pub use signals::Signal;

/// Fake share of nano to macro accounts, as a beta distribution: mean 0.2. Published: 14 % inactive
/// or bots (stormy.ai), 25 % of followers (Cavazos and Cheq 2019, 10 000 influencers), 40 % of US Instagram followers not "real"
/// (HypeAuditor).
pub const PRIOR: (f64, f64) = (3.0, 12.0);
/// Fake share of accounts from a million followers: mean 0.25. 23 % against 14 % overall (stormy.ai).
pub const PRIOR_MEGA: (f64, f64) = (4.0, 12.0);
/// Strength (the sum of the beta's parameters) of a share given in the creators table: 0.2 is then within 0.05 (one standard
/// deviation). A judgement: tools sample 5 000 followers and more, but count different things as fake.
pub const GIVEN_STRENGTH: f64 = 60.0;
/// Fake share that usual accounts have, the mean of [`PRIOR`].
pub const USUAL: f64 = 0.2;
/// Degrees of freedom of the noise of a ratio. A judgement: views of one account vary by orders of magnitude.
pub const DEGREES: f64 = 10.0;

/// Cells of the grid over the fake share.
const GRID: usize = 400;

/// What the audit says of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Index of the account.
    pub account: usize,
    /// Share of the audience that looks real, in \[0, 1\]: the mean.
    pub score: f64,
    /// Its 5 % quantile.
    pub low: f64,
    /// Its 95 % quantile.
    pub high: f64,
    /// The share that is not real according to the creators table, where it gives one: the belief then starts there.
    pub given: Option<f64>,
    /// What was looked at; empty where nothing could be.
    pub evidence: Vec<Evidence>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What.
    pub signal: Signal,
    /// The account's value, in the signal's unit.
    pub value: f64,
    /// What accounts alike have.
    pub norm: f64,
    /// Distance from the norm in standard deviations among accounts alike.
    pub z: f64,
    /// By how much the score would move from where it starts if this were all that is known.
    pub moves: f64,
    /// The same in words.
    pub sentence: String,
}

/// Audits every account of a roster, in the order of the accounts.
pub fn audit(roster: &Roster) -> Vec<Audit> {
    let measured = signals::measure(roster);
    let one = |(index, account): (usize, &Account)| {
        let start = prior(account);
        let found: Vec<&signals::Measured> = measured.iter().filter(|m| m.account == index).collect();
        let before = Belief::of(&start, &[]).mean;
        let evidence = found.iter().map(|m| Evidence {
            signal: m.signal,
            value: m.value,
            norm: m.norm,
            z: m.z,
            moves: before - Belief::of(&start, &[m]).mean,
            sentence: m.sentence(),
        });
        let evidence = evidence.collect();
        let fake = Belief::of(&start, &found);
        let (low, high) = (1.0 - fake.high, 1.0 - fake.low);
        Audit { account: index, score: 1.0 - fake.mean, low, high, given: account.fake_share, evidence }
    };
    roster.accounts.iter().enumerate().map(one).collect()
}

/// Parameters of the beta distribution from which the belief about the fake share starts.
fn prior(account: &Account) -> (f64, f64) {
    match account.fake_share {
        Some(given) if given.is_finite() => {
            let centre = given.clamp(0.01, 0.99);
            (GIVEN_STRENGTH * centre, GIVEN_STRENGTH * (1.0 - centre))
        }
        _ if Tier::of(account.followers) == Tier::Mega => PRIOR_MEGA,
        _ => PRIOR,
    }
}

/// Mean and 5 and 95 % quantiles of the fake share.
struct Belief {
    mean: f64,
    low: f64,
    high: f64,
}

impl Belief {
    fn of(prior: &(f64, f64), found: &[&signals::Measured]) -> Belief {
        let share = |i: usize| (i as f64 + 0.5) / GRID as f64;
        let log = |f: f64| {
            let beta = (prior.0 - 1.0) * f.ln() + (prior.1 - 1.0) * (1.0 - f).ln();
            beta + found.iter().map(|m| m.log_likelihood(f)).sum::<f64>()
        };
        let logs: Vec<f64> = (0..GRID).map(|i| log(share(i))).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mass: Vec<f64> = logs.iter().map(|l| (l - most).exp()).collect();
        let all: f64 = mass.iter().sum();
        let mean = mass.iter().enumerate().map(|(i, m)| m * share(i)).sum::<f64>() / all;
        let quantile = |p: f64| {
            let mut below = 0.0;
            for (i, m) in mass.iter().enumerate() {
                if below + m >= p * all {
                    return (i as f64 + (p * all - below) / m) / GRID as f64;
                }
                below += m;
            }
            1.0
        };
        Belief { mean, low: quantile(0.05), high: quantile(0.95) }
    }
}

#[cfg(test)]
mod tests;
