//! What is known of an account beforehand, as the model takes it: the same for those who are fitted and those who are forecast.

use super::defaults;
use super::prior::Prior;
use crate::data::Roster;
use crate::data::roster::Account;

/// Reads one trait of an account.
type Read = fn(&Account) -> Option<f64>;

/// One trait of accounts, centred (and, but for followers, standardised) over a roster.
#[derive(Debug, Clone)]
pub(crate) struct Covariate {
    /// Name of the slope, as in `creator_slope[followers]`.
    pub(crate) name: &'static str,
    /// Prior of the slope.
    pub(crate) prior: Prior,
    /// Values of the roster's accounts; none where not known.
    pub(crate) values: Vec<Option<f64>>,
    read: Read,
    mean: f64,
    by: f64,
}

impl Covariate {
    /// The value of an account; none where not known.
    pub(crate) fn of(&self, account: &Account) -> Option<f64> {
        (self.read)(account).filter(|x| x.is_finite()).map(|x| (x - self.mean) / self.by)
    }
}

/// The natural logarithm of what is above 0.
fn ln(x: Option<f64>) -> Option<f64> {
    x.filter(|&x| x > 0.0).map(f64::ln)
}

/// The traits of which a roster's accounts know at least two values that differ: without them there is no slope.
pub(crate) fn covariates(roster: &Roster) -> Vec<Covariate> {
    // Followers stay in units of ln, since that is what the literature's slope is of; the rest is standardised.
    let all: [(&'static str, Read, bool, Prior); 5] = [
        ("followers", |a| ln(a.followers), false, defaults::CREATOR_FOLLOWERS_SLOPE),
        ("engagement", |a| ln(a.engagement_rate), true, defaults::CREATOR_SLOPE),
        ("authenticity", |a| a.fake_share.map(|x| 1.0 - x), true, defaults::CREATOR_SLOPE),
        ("niche_fit", |a| a.niche_fit, true, defaults::CREATOR_SLOPE),
        ("collaborations", |a| a.earlier.map(f64::ln_1p), true, defaults::CREATOR_SLOPE),
    ];
    all.into_iter()
        .filter_map(|(name, read, standardised, prior)| {
            let known: Vec<f64> = roster.accounts.iter().filter_map(read).filter(|x| x.is_finite()).collect();
            let n = known.len() as f64;
            let mean = known.iter().sum::<f64>() / n;
            let sd = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            if known.len() < 2 || sd.is_nan() || sd < 1e-9 {
                return None;
            }
            let by = if standardised { sd } else { 1.0 };
            let mut out = Covariate { name, prior, values: Vec::new(), read, mean, by };
            out.values = roster.accounts.iter().map(|a| out.of(a)).collect();
            Some(out)
        })
        .collect()
}
