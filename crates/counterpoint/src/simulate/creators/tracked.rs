//! Sales by code: what codes see of each creator's orders, and what leaks to them, with chance.

use super::super::market::{Stream, stream};
use super::super::spec::SimulationSpec;
use super::effect::Effect;
use super::roster::Roster;
use super::spec::RosterSpec;
use crate::model::prior::Prior;
use counterpoint_infer::sample::standard_normal;
use rand::{Rng, RngExt};

/// Means up to this are drawn at once; larger ones in pieces, so that exp(-mean) is no zero.
const PIECE: f64 = 500.0;
/// Means above this are drawn as a rounded normal, which is as good there, and takes one step.
const LARGE: f64 = 1e5;

/// Sales tracked to one person, by period.
pub(in crate::simulate) struct Sales {
    /// Expected orders; none before the first post.
    pub(super) expected: Vec<f64>,
    /// Orders.
    pub(super) orders: Vec<f64>,
    /// Revenue.
    pub(super) revenue: Vec<f64>,
    /// Revenue given back.
    pub(super) refunds: Vec<f64>,
    /// First period with the code live.
    pub(super) from: usize,
}

/// The tracked sales of each person; none without a code. `outcome` and the parts are `[geos x periods]` in outcome units, of which an
/// order has `per_order`; an order's money is `order_value`.
pub(super) fn sales(
    spec: &SimulationSpec,
    wanted: &RosterSpec,
    roster: &Roster,
    effect: &Effect,
    outcome: &[f64],
    (per_order, order_value): (f64, f64),
) -> Vec<Option<Sales>> {
    let periods = spec.periods;
    let days = f64::from(spec.cadence.days());
    let orders = |series: &[f64], t: usize| series.iter().skip(t).step_by(periods).sum::<f64>() / per_order;
    let one = |(i, person): (usize, &super::roster::Person)| {
        let accounts = || (0..roster.accounts.len()).filter(|&c| roster.accounts[c].person == i);
        let first = roster.posts.iter().filter(|p| roster.accounts[p.account].person == i).map(|p| p.day);
        let from = (first.fold(f64::INFINITY, f64::min) / days) as usize;
        if !person.code || from >= periods {
            return None;
        }
        let mut rng = stream(spec.seed, Stream::Tracked(i));
        let mut out = Sales {
            expected: vec![0.0; periods],
            orders: vec![0.0; periods],
            revenue: vec![0.0; periods],
            refunds: vec![0.0; periods],
            from,
        };
        for t in from..periods {
            let brought: f64 = accounts().map(|c| orders(&effect.parts[c], t)).sum();
            out.expected[t] = person.capture * brought + person.leak * orders(outcome, t);
            out.orders[t] = negative_binomial(out.expected[t], wanted.dispersion, &mut rng);
            out.revenue[t] = super::super::market::rounded(out.orders[t] * order_value, 2);
            out.refunds[t] = super::super::market::rounded(out.revenue[t] * wanted.refunds, 2);
        }
        Some(out)
    };
    roster.people.iter().enumerate().map(one).collect()
}

/// A count of this mean and of variance mean + mean^2 / phi: Poisson around a gamma.
pub(in crate::simulate) fn negative_binomial(mean: f64, phi: f64, rng: &mut impl Rng) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    poisson(Prior::Gamma { shape: phi, rate: phi / mean }.draw(rng), rng)
}

/// A Poisson count: as many steps as it takes for a product of uniforms to fall below exp(-mean).
fn poisson(mean: f64, rng: &mut impl Rng) -> f64 {
    if mean > LARGE {
        return (mean + mean.sqrt() * standard_normal(rng)).round();
    }
    let (mut left, mut count) = (mean, 0.0);
    while left > 0.0 {
        let piece = left.min(PIECE);
        let (floor, mut product) = ((-piece).exp(), rng.random::<f64>());
        while product > floor {
            product *= rng.random::<f64>();
            count += 1.0;
        }
        left -= piece;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::nuts::chain_rng;

    #[test]
    fn counts_have_the_mean_and_the_variance_that_they_should() {
        let mut rng = chain_rng(4, 1);
        for (mean, phi) in [(0.3, 2.0), (12.0, 5.0), (1400.0, 30.0), (4e5, 1e5)] {
            let n = 40_000;
            let draws: Vec<f64> = (0..n).map(|_| negative_binomial(mean, phi, &mut rng)).collect();
            let average = draws.iter().sum::<f64>() / f64::from(n);
            let variance = draws.iter().map(|x| (x - average).powi(2)).sum::<f64>() / f64::from(n);
            let wanted = mean + mean * mean / phi;
            let error = (wanted / f64::from(n)).sqrt();
            assert!((average - mean).abs() < 4.0 * error, "{average} for {mean}");
            assert!((variance / wanted - 1.0).abs() < 0.06, "{variance} for {wanted}");
        }
    }
}
