//! What simulated posts truly do: views to exposure, carry-over and roster saturation, and each account's part. Plain loops, and
//! none of the model's code, so that a mistake there cannot cancel here.

use super::super::market::Market;
use super::super::spec::SimulationSpec;
use super::super::truth::median_of_positive;
use super::roster::Roster;

/// The truth of all platforms. Series are `[geos x periods]` in outcome units.
pub(in crate::simulate) struct Effect {
    /// By platform; empty for one without accounts.
    pub(in crate::simulate) platforms: Vec<Vec<f64>>,
    /// By account: its Aumann-Shapley part of the platform's effect. The parts add up to it.
    pub(super) parts: Vec<Vec<f64>>,
    /// By account: what would be lost without it alone, over all geos and periods.
    pub(super) lost: Vec<f64>,
    /// By account: effect of a view over that of the average follower count.
    pub(super) weights: Vec<f64>,
}

/// Views by account and period.
pub(super) fn views(spec: &SimulationSpec, roster: &Roster) -> Vec<Vec<f64>> {
    let days = f64::from(spec.cadence.days());
    let mut out = vec![vec![0.0; spec.periods]; roster.accounts.len()];
    for post in &roster.posts {
        let first = (post.day / days) as usize;
        for (t, cell) in out[post.account].iter_mut().enumerate().skip(first) {
            let begins = t as f64 * days - post.day;
            *cell += post.path.until(begins + days) - post.path.until(begins);
        }
    }
    out
}

/// Weight of each account: its own, and that of its followers around the mean of all.
fn weights(roster: &Roster, slope: f64) -> Vec<f64> {
    let logs: Vec<f64> = roster.accounts.iter().map(|a| a.followers.ln()).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    roster.accounts.iter().zip(&logs).map(|(a, log)| (slope * (log - mean) + a.log_weight).exp()).collect()
}

/// Carries a series over by a^l / sum of a^l, lags up to `max_lag`.
fn carried(x: &[f64], a: f64, max_lag: usize) -> Vec<f64> {
    let mut sum = 0.0;
    for lag in 0..=max_lag {
        sum += a.powi(lag as i32);
    }
    let mut out = vec![0.0; x.len()];
    for t in 0..x.len() {
        for lag in 0..=max_lag.min(t) {
            out[t] += a.powi(lag as i32) * x[t - lag] / sum;
        }
    }
    out
}

/// The effect of all platforms, each sized to its share of `baseline` (outcome units).
pub(in crate::simulate) fn effect(
    spec: &SimulationSpec,
    market: &Market,
    roster: &Roster,
    (slope, fake_worth): (f64, f64),
    baseline: f64,
) -> Effect {
    let (geos, periods) = (market.people.len(), spec.periods);
    let cells = geos * periods;
    let max_lag = market.max_lag.min(periods - 1);
    let seen = views(spec, roster);
    let weights = weights(roster, slope);
    let n = roster.accounts.len();
    let mut out = Effect { platforms: Vec::new(), parts: vec![Vec::new(); n], lost: vec![0.0; n], weights };
    for (p, platform) in roster.platforms.iter().enumerate() {
        let own: Vec<usize> = (0..n).filter(|&c| roster.accounts[c].platform == p).collect();
        // Real views a head of each account, by geo and period.
        let heads: Vec<Vec<f64>> = own
            .iter()
            .map(|&c| {
                let account = &roster.accounts[c];
                let real = 1.0 - account.fake_share * (1.0 - fake_worth);
                let mut x = Vec::with_capacity(cells);
                for g in 0..geos {
                    let share = if geos == 1 { 1.0 } else { account.audience[g] };
                    x.extend(seen[c].iter().map(|v| v * real * share / market.people[g]));
                }
                x
            })
            .collect();
        let unit = median_of_positive(&sum_of(&heads, cells));
        // Weighted and carried over.
        let doses: Vec<Vec<f64>> = own
            .iter()
            .zip(&heads)
            .map(|(&c, x)| {
                let scaled: Vec<f64> = x.iter().map(|x| out.weights[c] * x / unit).collect();
                scaled.chunks(periods).flat_map(|geo| carried(geo, platform.retention, max_lag)).collect()
            })
            .collect();
        // Each kind of people sees the creators of its own kind more often; all kinds are as many.
        let kinds = own.first().map_or(1, |&c| roster.accounts[c].kinds.len());
        let seen_by = |place: usize, kind: usize| roster.accounts[own[place]].kinds[kind];
        let together: Vec<Vec<f64>> = (0..kinds)
            .map(|kind| {
                let one = |(place, dose): (usize, &Vec<f64>)| dose.iter().map(|x| seen_by(place, kind) * x).collect();
                sum_of(&doses.iter().enumerate().map(one).collect::<Vec<Vec<f64>>>(), cells)
            })
            .collect();
        let e = platform.half_saturation;
        let saturated = |dose: f64| dose / (dose + e);
        let over_kinds = |f: &dyn Fn(usize) -> f64| (0..kinds).map(f).sum::<f64>() / kinds as f64;
        let reached = |i: usize| over_kinds(&|kind| saturated(together[kind][i]));
        // beta[g] = exp(b + spread d[g]), b such that the sum over geos and periods is what is wanted.
        let relative = |g: usize| (platform.geo_spread * platform.deviations[g]).exp() * market.people[g];
        let sum: f64 = (0..cells).map(|i| relative(i / periods) * reached(i)).sum();
        let size = if sum > 0.0 { platform.share * baseline / sum } else { 0.0 };
        let top = |i: usize| size * relative(i / periods);
        out.platforms.push((0..cells).map(|i| top(i) * reached(i)).collect());
        for (place, (&c, dose)) in own.iter().zip(&doses).enumerate() {
            let part = |i: usize| {
                let of_kind = |kind: usize| {
                    let (x, all) = (seen_by(place, kind) * dose[i], together[kind][i]);
                    if x > 0.0 { saturated(all) * x / all } else { 0.0 }
                };
                top(i) * over_kinds(&of_kind)
            };
            out.parts[c] = (0..cells).map(part).collect();
            let without = |i: usize| {
                let rest = |kind: usize| (together[kind][i] - seen_by(place, kind) * dose[i]).max(0.0);
                top(i) * (reached(i) - over_kinds(&|kind| saturated(rest(kind))))
            };
            out.lost[c] = (0..cells).map(without).sum();
        }
    }
    out
}

fn sum_of(series: &[Vec<f64>], cells: usize) -> Vec<f64> {
    let mut out = vec![0.0; cells];
    for one in series {
        out.iter_mut().zip(one).for_each(|(sum, x)| *sum += x);
    }
    out
}
