//! Copies of the user's data with a known truth: outcomes drawn from the model at draws of its posterior, fitted again.
//!
//! What is found says what these data, with this spend, can tell if the model is right. The truths are the posterior's, not the prior's, so that
//! intervals hold them a little less often than they say where prior and data pull apart.

use super::refit::{Base, Length, evenly, returns, targets};
use super::{Purpose, stream};
use crate::model::build::Model;
use crate::model::estimate::Interval;
use crate::model::evidence::paid;
use crate::model::experiment::Target;
use crate::model::posterior::Posterior;
use crate::simulate::outcome_at;
use counterpoint_infer::diagnose::Status;
use counterpoint_infer::draws::{mean, quantile, sorted};
use counterpoint_infer::math::beta_cdf;
use counterpoint_infer::nuts::{SampleError, chain_rng};

/// Share of truths that intervals should hold.
pub const LEVEL: f64 = 0.9;
/// A driver whose typical error is above this share of the truth can hardly be told.
pub const HARDLY: f64 = 0.5;
/// Fewer intervals than this share that hold the truth fail the check, if chance does not explain it.
const TOO_FEW: f64 = 0.75;
/// Probability below which chance does not.
const CHANCE: f64 = 0.01;

/// One copy: for each driver, then each creator, the truth and what was found, in outcome units over all periods.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    rows: Vec<(f64, Interval)>,
}

/// What was found of one driver or creator.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Name.
    pub name: String,
    /// Whether it is a creator.
    pub creator: bool,
    /// Truth and estimate of each copy, in outcome units.
    pub copies: Vec<(f64, Interval)>,
    /// Sum of errors over sum of truths: positive where too much is found.
    pub bias: f64,
    /// Median of |estimate - truth| / |truth|.
    pub error: f64,
    /// Median width of the 90 % interval over |truth|.
    pub width: f64,
    /// Copies whose 90 % interval holds the truth.
    pub inside: usize,
    /// Rank correlation of truth and estimate over the copies; not a number for fewer than four.
    pub rank: f64,
}

/// All of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    /// Drivers, then creators.
    pub told: Vec<Told>,
    /// Copies.
    pub copies: usize,
    /// Mean over copies of the rank correlation of true and found returns over paid drivers; none for fewer than three.
    pub order: Option<f64>,
    /// The same of the effects of creators.
    pub creator_order: Option<f64>,
}

/// Makes and fits copy `k` of `of`.
pub(super) fn copy(
    base: &Base<'_>,
    k: usize,
    of: usize,
    length: Length,
    seed: u64,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<(Copy, f64), SampleError> {
    let mut rng = chain_rng(base.project.sampler.seed, stream(Purpose::Copy, k));
    let mut posterior = Posterior::new(base.model.clone());
    let at = evenly(base.positions.len(), of).nth(k).unwrap_or(0);
    let coefficients = posterior.draw_baseline(&base.positions[at], &mut rng).to_vec();
    let values = posterior.values().to_vec();
    let data = outcome_at(&base.model, base.data, &values, &coefficients, &mut rng);
    let truth = returns(&base.model, &base.positions[at..=at]);
    let refit = base.refit(Model::new(base.project, &data), length, seed, go_on)?;
    let found = returns(&refit.model, &refit.positions);
    let rows = truth.iter().zip(&found).map(|(t, f)| (t[0][0], outcome(f))).collect();
    Ok((Copy { rows }, refit.rhat))
}

/// The interval of the outcome units of draws.
pub(super) fn outcome(draws: &[[f64; 2]]) -> Interval {
    Interval::of(&draws.iter().map(|d| d[0]).collect::<Vec<_>>())
}

impl Recovery {
    pub(super) fn of(base: &Base<'_>, copies: &[Copy]) -> Recovery {
        let targets = targets(&base.model);
        let told: Vec<Told> = targets
            .iter()
            .enumerate()
            .map(|(i, &target)| {
                let rows: Vec<(f64, Interval)> = copies.iter().map(|c| c.rows[i]).collect();
                Told::of(paid(&base.model, target).0, matches!(target, Target::Creator(_)), rows)
            })
            .collect();
        let over = |which: &[usize], by: &[f64]| {
            let one = |copy: &Copy| {
                let column = |get: fn(&(f64, Interval)) -> f64| {
                    which.iter().zip(by).map(|(&i, by)| get(&copy.rows[i]) / by).collect::<Vec<f64>>()
                };
                spearman(&column(|r| r.0), &column(|r| r.1.mean))
            };
            let each: Vec<f64> = copies.iter().map(one).filter(|r| r.is_finite()).collect();
            (which.len() > 2 && !each.is_empty()).then(|| mean(&each))
        };
        let spends: Vec<Option<f64>> = targets.iter().map(|&t| paid(&base.model, t).1).collect();
        let driver = |i: &usize| matches!(targets[*i], Target::Driver(_)) && spends[*i].is_some();
        let drivers: Vec<usize> = (0..targets.len()).filter(driver).collect();
        let spends: Vec<f64> = drivers.iter().filter_map(|&i| spends[i]).collect();
        let creators: Vec<usize> = (0..targets.len()).filter(|&i| matches!(targets[i], Target::Creator(_))).collect();
        Recovery {
            order: over(&drivers, &spends),
            creator_order: over(&creators, &vec![1.0; creators.len()]),
            told,
            copies: copies.len(),
        }
    }

    /// Intervals of drivers that hold the truth, and intervals in all.
    pub fn coverage(&self) -> (usize, usize) {
        let drivers = || self.told.iter().filter(|t| !t.creator);
        (drivers().map(|t| t.inside).sum(), drivers().map(|t| t.copies.len()).sum())
    }

    /// Fails where intervals hold the truth too seldom; a look is due where they do so less often than they say, or a driver can hardly be told.
    pub fn status(&self) -> Status {
        let (inside, all) = self.coverage();
        let by_chance = binomial_below(inside, all, LEVEL) >= CHANCE;
        let hardly = self.told.iter().any(|t| !t.creator && t.error > HARDLY);
        match (by_chance, inside as f64 / all.max(1) as f64) {
            (false, share) if share < TOO_FEW => Status::Fail,
            (false, _) => Status::Review,
            _ if hardly => Status::Review,
            _ => Status::Ok,
        }
    }
}

impl Told {
    fn of(name: String, creator: bool, copies: Vec<(f64, Interval)>) -> Told {
        let median =
            |get: &dyn Fn(&(f64, Interval)) -> f64| quantile(&sorted(&copies.iter().map(get).collect::<Vec<_>>()), 0.5);
        let errors: f64 = copies.iter().map(|(t, e)| e.mean - t).sum();
        let truths: f64 = copies.iter().map(|(t, _)| t.abs()).sum();
        let column = |get: fn(&(f64, Interval)) -> f64| copies.iter().map(get).collect::<Vec<f64>>();
        let rank = if copies.len() < 4 { f64::NAN } else { spearman(&column(|c| c.0), &column(|c| c.1.mean)) };
        Told {
            name,
            creator,
            bias: errors / truths,
            error: median(&|(t, e)| (e.mean - t).abs() / t.abs()),
            width: median(&|(t, e)| (e.q95 - e.q05) / t.abs()),
            inside: copies.iter().filter(|(t, e)| (e.q05..=e.q95).contains(t)).count(),
            rank,
            copies,
        }
    }
}

/// Spearman's rank correlation, ties at their mean rank; not a number where one side does not vary.
pub fn spearman(x: &[f64], y: &[f64]) -> f64 {
    let (x, y) = (ranks(x), ranks(y));
    let (mx, my) = (mean(&x), mean(&y));
    let product =
        |a: &[f64], b: &[f64], ma: f64, mb: f64| -> f64 { a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum() };
    product(&x, &y, mx, my) / (product(&x, &x, mx, mx) * product(&y, &y, my, my)).sqrt()
}

fn ranks(x: &[f64]) -> Vec<f64> {
    x.iter()
        .map(|a| {
            let below = x.iter().filter(|b| *b < a).count() as f64;
            let equal = x.iter().filter(|b| *b == a).count() as f64;
            below + 0.5 * (equal + 1.0)
        })
        .collect()
}

/// Probability of at most `k` successes of `n` with probability `p` each.
pub fn binomial_below(k: usize, n: usize, p: f64) -> f64 {
    if k >= n { 1.0 } else { beta_cdf(1.0 - p, (n - k) as f64, k as f64 + 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_and_binomial_tail_are_those_of_the_books() {
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[10.0, 30.0, 20.0, 40.0]) - 0.8).abs() < 1e-12);
        assert!((spearman(&[1.0, 2.0, 3.0], &[-1.0, -2.0, -3.0]) + 1.0).abs() < 1e-12);
        assert!(spearman(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
        // R: pbinom(7, 10, 0.9) = 0.07019083, pbinom(0, 3, 0.9) = 0.001.
        assert!((binomial_below(7, 10, 0.9) - 0.070_190_83).abs() < 1e-8);
        assert!((binomial_below(0, 3, 0.9) - 0.001).abs() < 1e-12);
        assert_eq!(binomial_below(3, 3, 0.9), 1.0);
    }
}
