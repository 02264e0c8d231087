//! Which driver to test next: by how much the plan could be better for knowing a test's result (expected value of sample information;
//! Raiffa and Schlaifer 1961, by importance weights over the draws).
//!
//! A test switches a driver off in some geos for some weeks. On each draw its lift is known, and its error from the model's noise. For each result that
//! may come, draws are weighted by how well they agree with it, and the best of a set of plans is taken; what that gains over the best plan without the
//! test, on average over results, is what the test is worth to the plan. The set holds the plan, and the best plans if the lift were in the lowest or the highest third
//! of what is believed of it. A larger set could only be worth more.

use crate::ground::Ground;
use crate::judge::profits;
use crate::money::{Clash, Money};
use crate::plan::{Plan, Planner};
use crate::search::{Proof, search};
use crate::world::World;
use counterpoint::data::DriverKind;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::plan::{Budget, PlanSpec};
use counterpoint_infer::dispatch;
use counterpoint_infer::math::{dot, exp};
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::parallel::in_parallel;
use counterpoint_infer::sample::standard_normal;

/// Days of a test.
pub const DAYS: i32 = 42;
/// One in so many geos is tested.
pub const ONE_IN: usize = 3;
/// The variance of a test's error over that of the model's noise in the tested cells: controls have noise too.
pub const CONTROLS: f64 = 2.0;
/// Plans are made for the lowest and the highest of so many parts of the believed lifts,
const PARTS: usize = 3;
/// on so many draws of each.
const DRAWS: usize = 60;
/// Shuffles that tell what a test of nothing would seem to be worth.
const SHUFFLES: usize = 4;
/// Random streams of results and shuffles, beyond those of any fit.
const STREAM: u64 = 9 << 56;

/// What a test of one driver is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// Name of the channel, or of the platform whose creators pause.
    pub driver: String,
    /// Geos of the test.
    pub geos: Vec<String>,
    /// Periods of the test.
    pub periods: usize,
    /// Mean and standard deviation of the lift of what is switched off, in outcome units, as believed.
    pub lift: [f64; 2],
    /// Standard error that the test would have, in outcome units.
    pub se: f64,
    /// Expected gain of the plan's profit (outcome, where there is none), before the test's own cost.
    pub value: f64,
    /// The same if the test had no error.
    pub perfect: f64,
    /// Profit that the test would forgo, less the spend that it saves; negative where switching off saves more.
    pub cost: f64,
}

/// What tests of each channel and platform would be worth to a plan, the most valuable first. Searches begin at what the planner found last.
///
/// # Errors
/// The limits that clash.
pub fn learn(planner: &Planner<'_>, spec: &PlanSpec, plan: &Plan, seed: u64) -> Result<Vec<Worth>, Clash> {
    let ground = planner.ground;
    let tests = tests(ground, planner.threads);
    if tests.is_empty() || ground.draws() < 10 * PARTS {
        return Ok(Vec::new());
    }
    let calm = [World::calm(ground)];
    let at = PlanSpec { budget: Budget::Fixed(plan.money), target: None, ..spec.clone() };
    let money = Money::new(ground, &at, Some(plan.money))?;
    // Searches are small and many: side by side, each on one thread.
    let asked = Planner::new(ground, &calm, 1);
    let problem = asked.problem(spec, 0.0);
    let found = in_parallel(2 * tests.len(), planner.threads, |k| {
        let order = order(&tests[k / 2].lift);
        let part = (k % 2) * (PARTS - 1);
        let part = &order[part * order.len() / PARTS..(part + 1) * order.len() / PARTS];
        let count = part.len().min(DRAWS);
        let mut draws: Vec<usize> = (0..count).map(|i| part[i * part.len() / count]).collect();
        draws.sort_unstable();
        let found = search(&problem.among(draws), &money, planner.found.as_ref(), Proof::Nothing)?;
        Ok(asked.paths(&problem, &found))
    });
    let mut plans = vec![plan.paths.clone()];
    for paths in found {
        let paths = paths?;
        if !plans.contains(&paths) {
            plans.push(paths);
        }
    }
    let profits = profits(ground, &calm, &plans, planner.threads);
    let mut worth: Vec<Worth> = in_parallel(tests.len(), planner.threads, |i| {
        let test = &tests[i];
        let mut rng = chain_rng(seed, STREAM + i as u64);
        let mut random = || test.lift.iter().map(|_| standard_normal(&mut rng)).collect::<Vec<f64>>();
        let noise = random();
        let gain = |lift: &[f64], se: f64| gain(lift, se, &noise, &profits);
        // A test of nothing seems to be worth something, since the best of several means is taken.
        let shuffled: Vec<Vec<f64>> = (0..SHUFFLES).map(|_| shuffled(&test.lift, &random())).collect();
        let beyond_nothing = |se: f64| {
            let nothing = shuffled.iter().map(|lift| gain(lift, se)).sum::<f64>() / SHUFFLES as f64;
            (gain(&test.lift, se) - nothing).max(0.0)
        };
        let value = beyond_nothing(test.se);
        let (mean, sd) = (counterpoint_infer::draws::mean(&test.lift), counterpoint_infer::draws::sd(&test.lift));
        Worth {
            driver: test.driver.clone(),
            geos: test.geos.iter().map(|&g| ground.model.geos[g].clone()).collect(),
            periods: test.periods,
            lift: [mean, sd],
            se: test.se,
            value,
            // Fewer than about thirty draws would agree with a result that is known any better. Both are estimates, and knowing more is worth no less.
            perfect: beyond_nothing((0.03 * sd).min(test.se)).max(value),
            cost: test.cost,
        }
    });
    worth.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.driver.cmp(&b.driver)));
    Ok(worth)
}

/// One test before it is weighed.
struct Test {
    driver: String,
    geos: Vec<usize>,
    periods: usize,
    /// What the driver brought in the last such time, in the tested geos, by draw, in outcome units.
    lift: Vec<f64>,
    se: f64,
    cost: f64,
}

/// A test of each paid channel and platform over the last periods of the data.
fn tests(ground: &Ground, threads: usize) -> Vec<Test> {
    let model = &ground.model;
    let (geos, all) = (model.n_geos(), model.n_periods());
    let periods = ((DAYS / ground.horizon.days) as usize).clamp(1, all);
    let tested: Vec<usize> = (0..geos).filter(|g| g % ONE_IN == ONE_IN / 2 || geos == 1).collect();
    let tested = if tested.is_empty() { vec![0] } else { tested };
    let drivers: Vec<usize> = (0..model.drivers.len())
        .filter(|&m| matches!(model.drivers[m].kind, DriverKind::Channel | DriverKind::Platform))
        .collect();
    // By draw: what each driver brought there, its profit, and the variance of the noise.
    let blocks = in_parallel(8, threads, |block| {
        let mut posterior = Posterior::new(model.clone());
        (block * ground.draws() / 8..(block + 1) * ground.draws() / 8)
            .map(|d| {
                posterior.set(&ground.positions[d]);
                let values = posterior.values();
                // The sum of many periods of autocorrelated noise, and of noise with heavy tails, varies more.
                let rho = model.noise.rho.map_or(0.0, |i| values[i]);
                let tails = model.noise.df.map_or(1.0, |i| values[i] / (values[i] - 2.0).max(1.0));
                let more = tails / (1.0 - rho).powi(2);
                let noise: f64 = tested
                    .iter()
                    .map(|&g| more * periods as f64 * (values[model.noise.sigma_of(g)] * model.units[g]).powi(2))
                    .sum();
                let one = |&m: &usize| {
                    let work = &posterior.drivers()[m];
                    let mut out = [0.0; 2];
                    for &g in &tested {
                        let f: f64 = work.response.f[(g + 1) * all - periods..(g + 1) * all].iter().sum();
                        out[0] += work.effect.beta[g] * model.units[g] * f;
                        out[1] += work.effect.beta[g] * ground.worth[g] * f;
                    }
                    out
                };
                (noise, drivers.iter().map(one).collect::<Vec<_>>())
            })
            .collect::<Vec<_>>()
    });
    let draws: Vec<(f64, Vec<[f64; 2]>)> = blocks.into_iter().flatten().collect();
    let n = draws.len().max(1) as f64;
    let se = (CONTROLS * draws.iter().map(|d| d.0).sum::<f64>() / n).sqrt();
    let one = |(i, &m): (usize, &usize)| {
        let driver = &model.drivers[m];
        let lift: Vec<f64> = draws.iter().map(|d| d.1[i][0]).collect();
        let forgone = draws.iter().map(|d| d.1[i][1]).sum::<f64>() / n;
        let saved: f64 = driver.spend.as_ref().map_or(0.0, |spend| {
            tested.iter().map(|&g| spend[(g + 1) * all - periods..(g + 1) * all].iter().sum::<f64>()).sum()
        });
        let some = lift.iter().any(|l| *l != lift[0]);
        some.then(|| Test {
            driver: driver.name.clone(),
            geos: tested.clone(),
            periods,
            lift,
            se,
            cost: forgone - saved,
        })
    };
    drivers.iter().enumerate().filter_map(one).collect()
}

/// Draws by rising lift.
fn order(lift: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lift.len()).collect();
    order.sort_by(|&a, &b| lift[a].total_cmp(&lift[b]).then(a.cmp(&b)));
    order
}

/// The values in the order of as many random keys.
fn shuffled(values: &[f64], keys: &[f64]) -> Vec<f64> {
    order(keys).into_iter().map(|i| values[i]).collect()
}

/// Mean over results of the best plan's mean profit given the result, less that of the plan that is best without it. A result is a draw's lift with an error
/// of the standard deviation `se`; that draw itself does not weigh in.
fn gain(lift: &[f64], se: f64, noise: &[f64], profits: &[Vec<f64>]) -> f64 {
    let n = lift.len();
    let mean = |p: &Vec<f64>| p.iter().sum::<f64>() / n as f64;
    let best = (0..profits.len()).max_by(|&a, &b| mean(&profits[a]).total_cmp(&mean(&profits[b]))).unwrap_or(0);
    let rising = order(lift);
    let mut total = 0.0;
    let mut weights = vec![0.0; n];
    for j in 0..n {
        let result = lift[j] + se * noise[j];
        let (below, above) = rising.split_at(rising.partition_point(|&i| lift[i] < result));
        let (below, above) = (below.iter().rev().find(|i| **i != j), above.iter().find(|i| **i != j));
        let near = below.into_iter().chain(above).map(|&i| (lift[i] - result).abs()).fold(f64::INFINITY, f64::min);
        // The nearest draw weighs one, however far it is.
        agreement(lift, result, near * near, 0.5 / (se * se), &mut weights);
        weights[j] = 0.0;
        let sum: f64 = weights.iter().sum();
        let given: Vec<f64> = profits.iter().map(|p| dot(&weights, p) / sum).collect();
        total += given.iter().copied().fold(f64::NEG_INFINITY, f64::max) - given[best];
    }
    total / n as f64
}

dispatch! {
    /// exp((near - (lift - result)^2) x scale)
    fn agreement(lift: &[f64], result: f64, near: f64, scale: f64, out: &mut [f64]) {
        for (out, lift) in out.iter_mut().zip(lift) {
            let off = lift - result;
            *out = exp((near - off * off) * scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoint_infer::math::{norm_cdf, norm_quantile};

    /// Two plans: one brings nothing, the other x ~ Normal(m, 1); a test sees x with the error se. The value of information is known:
    /// s phi(m / s) - |m| Phi(-|m| / s), with s^2 = 1 / (1 + se^2) the variance of the mean given the result (Raiffa and Schlaifer 1961, unit normal loss).
    #[test]
    fn two_plans_and_a_normal_belief_have_the_value_of_the_books() {
        let n = 2000;
        let mut rng = chain_rng(3, 1);
        let mut x: Vec<f64> = (0..n).map(|i| norm_quantile((f64::from(i) + 0.5) / f64::from(n))).collect();
        let mut random = || (0..n).map(|_| standard_normal(&mut rng)).collect::<Vec<f64>>();
        x = shuffled(&x, &random());
        for (m, se) in [(0.0, 1.0), (0.5, 0.5), (-0.8, 0.3)] {
            let profits = vec![vec![0.0; n as usize], x.iter().map(|x| m + x).collect::<Vec<f64>>()];
            let noise = random();
            let found = gain(&x, se, &noise, &profits);
            let s = 1.0 / (1.0_f64 + se * se).sqrt();
            let u = m.abs() / s;
            let density = (-0.5 * u * u).exp() / std::f64::consts::TAU.sqrt();
            let exact = s * (density - u * norm_cdf(-u));
            assert!((found - exact).abs() < 0.06 * exact.max(0.1), "{m} {se}: {found} {exact}");
            // A test of something else is worth nothing but the luck of the best of two.
            let nothing = gain(&shuffled(&x, &random()), se, &noise, &profits);
            assert!(nothing < 0.15 * exact, "{nothing} {exact}");
        }
    }
}
