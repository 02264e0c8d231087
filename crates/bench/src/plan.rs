//! Plans: how fast at scale, how good against other ways to split a budget, and in worlds whose truth is known.
//!
//! `plan-scale=1` plans 20 channels x 26 weeks and 500 offers on 3 platforms over 1,000 draws x 20 scenarios (`seed`: another market, `geos`: not a
//! national one).
//! `plan-greedy=1` sets the plan of the public panel of 40 geos beside a greedy grid of one multiplier a channel, an equal split and last year's.
//! `plan-backtest=N` fits N made markets, plans the quarter after, and scores each plan in the true world, calm and with a platform gone; `offers`
//! (20) ask for about `cpm` (15) a thousand views. `chains`, `warmup`, `draws` apply.

use anyhow::{Context, anyhow};
use counterpoint::data::roster::{Candidate, Offer};
use counterpoint::data::{Dataset, assemble};
use counterpoint::model::build::Model;
use counterpoint::model::fit::fit;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::plan::{Amount, Budget, DriverLimit, Flights, PlanSpec};
use counterpoint::project::{Project, SamplerSpec};
use counterpoint::simulate::{ChannelSpec, RosterSpec, SimulationSpec, outcome_at, simulate};
use counterpoint_infer::nuts::{ChainDraws, chain_rng};
use counterpoint_plan::ground::Ground;
use counterpoint_plan::judge::{Judged, Paths, judge};
use counterpoint_plan::plan::Planner;
use counterpoint_plan::shock::Shock;
use counterpoint_plan::world::World;
use jiff::ToSpan;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Runs what was asked for; whether anything was.
pub(crate) fn asked(option: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<bool> {
    let number = |key: &str, default: usize| -> anyhow::Result<usize> {
        option(key).map_or(Ok(default), |n| n.parse().with_context(|| format!("{key}={n}")))
    };
    let sampler = SamplerSpec {
        chains: number("chains", 2)?,
        warmup: number("warmup", 400)?,
        draws: number("draws", 500)?,
        ..SamplerSpec::default()
    };
    if option("plan-scale").is_some() {
        scale(number("seed", 4)? as u64, number("geos", 1)?, &sampler)?;
    } else if option("plan-greedy").is_some() {
        greedy(&sampler)?;
    } else if let Some(n) = option("plan-backtest") {
        backtest(n.parse()?, number("cpm", 15)? as f64, number("offers", 20)?, &sampler)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn market(spec: &SimulationSpec) -> anyhow::Result<(Project, Dataset)> {
    let market = simulate(spec).map_err(|f| anyhow!("{f:?}"))?;
    let (data, findings) = assemble(&market.project, &market.tables);
    Ok((market.project, data.ok_or_else(|| anyhow!("{findings:?}"))?))
}

/// A plan of so many weeks after the data.
fn weeks(data: &Dataset, count: i64) -> PlanSpec {
    let after = data.dates[data.n_periods() - 1].saturating_add(7.days());
    PlanSpec { starts: Some(after), ends: Some(after.saturating_add((7 * count - 1).days())), ..PlanSpec::default() }
}

/// What may happen, every shock so many times as likely as the library says.
fn worlds(ground: &Ground, times: f64) -> Vec<World> {
    let shocks: Vec<Shock> =
        Shock::library().into_iter().map(|s| Shock { per_year: (times * s.per_year).min(0.95), ..s }).collect();
    World::all(ground, &shocks)
}

/// `count` flat offers of the roster's accounts in turn, each at what its creator's views cost on average, more or less.
fn offers(data: &Dataset, count: usize, cpm: f64, most: usize) -> Vec<Offer> {
    let Some(roster) = &data.roster else { return Vec::new() };
    (0..count)
        .map(|i| {
            let a = i % roster.accounts.len();
            let account = roster.accounts[a].clone();
            let posts: Vec<f64> = roster.posts.iter().filter(|p| p.account == a).map(|p| p.views).collect();
            let views = posts.iter().sum::<f64>() / posts.len().max(1) as f64;
            let who = Candidate {
                name: roster.creators[account.creator].name.clone(),
                platform: roster.platforms[account.platform].clone(),
                account,
                niche: None,
                format: None,
                posts: most,
                expected_views: None,
                deal: None,
            };
            // Prices differ by up to a half around the middle.
            let price = 0.5 + ((i * 7919) % 1000) as f64 / 1000.0;
            Offer::flat(&format!("offer {i}"), who, Some(a), cpm * price * views / 1000.0, (1, most))
        })
        .collect()
}

fn mean(judged: &Judged, of: impl Fn(&Judged) -> &[f64]) -> f64 {
    of(judged).iter().zip(&judged.weights).map(|(x, w)| x * w).sum()
}

fn scale(seed: u64, geos: usize, sampler: &SamplerSpec) -> anyhow::Result<()> {
    let spec = SimulationSpec {
        seed,
        geos,
        periods: 156,
        baseline: 0.05,
        channel: vec![ChannelSpec::default(); 20],
        creators: Some(RosterSpec { count: 60, ..RosterSpec::default() }),
        ..SimulationSpec::default()
    };
    let (project, data) = market(&spec)?;
    let began = Instant::now();
    let (model, chains) = fit(Model::new(&project, &data), sampler, threads())?;
    println!("fit {:.1} s", began.elapsed().as_secs_f64());
    let asked = weeks(&data, 26);
    let offered = offers(&data, 500, 12.0, 4);
    let began = Instant::now();
    let ground = Ground::new(&model, &project, &data, &chains, &asked, &offered, threads()).map_err(|e| anyhow!(e))?;
    let worlds = worlds(&ground, 1.0);
    println!("ground {:.1} s: {} draws x {} scenarios", began.elapsed().as_secs_f64(), ground.draws(), worlds.len());
    for risk in [0.0, 1.0] {
        let mut planner = Planner::new(&ground, &worlds, threads());
        let asked = PlanSpec { risk, ..asked.clone() };
        let began = Instant::now();
        let plan = planner.plan(&asked).map_err(|c| anyhow!("{c:?}"))?;
        let first = began.elapsed().as_secs_f64();
        // One bound moved.
        let name = ground.channels[0].name.clone();
        let limit = DriverLimit {
            name,
            min: None,
            max: Some(Amount::Change(0.9)),
            least_if_used: None,
            lock: false,
            price: 1.0,
        };
        let began = Instant::now();
        let again = planner.plan(&PlanSpec { drivers: vec![limit], ..asked.clone() }).map_err(|c| anyhow!("{c:?}"))?;
        let posts: usize = (0..offered.len()).map(|o| plan.paths.number(o)).sum();
        println!(
            "risk {risk}: plan {first:.1} s, gap {:.2} %, {} branches, {posts} posts, profit {:.0}; one bound moved {:.1} s, gap {:.2} %",
            100.0 * plan.gap.unwrap_or(f64::NAN),
            plan.nodes,
            mean(&plan.judged, |j| &j.profit),
            began.elapsed().as_secs_f64(),
            100.0 * again.gap.unwrap_or(f64::NAN),
        );
    }
    Ok(())
}

/// Bounds of 30 % around last year's money, as Meridian has them.
const ROOM: f64 = 0.3;
/// Steps of the greedy grid from the least to the most of a channel.
const STEPS: usize = 30;

fn greedy(sampler: &SamplerSpec) -> anyhow::Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/data/meridian");
    let (project, data) = super::load(&dir)?;
    let (model, chains) = fit(Model::new(&project, &data), sampler, threads())?;
    let asked = PlanSpec { change: (1.0 - ROOM, 1.0 + ROOM), ..weeks(&data, 52) };
    let ground = Ground::new(&model, &project, &data, &chains, &asked, &[], threads()).map_err(|e| anyhow!(e))?;
    let calm = vec![World::calm(&ground)];
    let paid = ground.paid();
    let last: Vec<f64> = ground.channels[..paid].iter().map(|c| c.last.iter().sum()).collect();
    let budget: f64 = last.iter().sum();
    let flown = |by: &[f64]| Paths {
        spend: ground.channels[..paid].iter().zip(by).map(|(c, f)| c.last.iter().map(|x| f * x).collect()).collect(),
        posts: Vec::new(),
        creators_as_last_year: false,
    };
    let outcome = |paths: &Paths| mean(&judge(&ground, &calm, paths, threads()), |j| &j.outcome);
    // Mean outcome of each channel along the grid of multipliers.
    let grid: Vec<f64> = (0..=STEPS).map(|k| 1.0 - ROOM + 2.0 * ROOM * k as f64 / STEPS as f64).collect();
    let curves: Vec<Vec<f64>> = grid
        .iter()
        .map(|&f| {
            let judged = judge(&ground, &calm, &flown(&vec![f; paid]), threads());
            (0..paid)
                .map(|m| judged.channels[m].units.iter().sum::<f64>() / judged.channels[m].units.len() as f64)
                .collect()
        })
        .collect();
    // Each step goes to the channel and level with the highest average slope over all levels ahead that the budget allows.
    let mut at = vec![0; paid];
    loop {
        let spent: f64 = at.iter().zip(&last).map(|(&k, l)| grid[k] * l).sum();
        let best = (0..paid)
            .flat_map(|m| (at[m] + 1..=STEPS).map(move |k| (m, k)))
            .filter(|&(m, k)| spent + (grid[k] - grid[at[m]]) * last[m] <= budget * (1.0 + 1e-9))
            .max_by(|&(m, k), &(n, l)| {
                let slope =
                    |m: usize, k: usize| (curves[k][m] - curves[at[m]][m]) / ((grid[k] - grid[at[m]]) * last[m]);
                slope(m, k).total_cmp(&slope(n, l))
            });
        let Some((m, k)) = best else { break };
        at[m] = k;
    }
    let by: Vec<f64> = at.iter().map(|&k| grid[k]).collect();
    let equal: Vec<f64> = last.iter().map(|l| budget / paid as f64 / l).collect();
    let mut told = vec![
        ("last year's split", outcome(&flown(&vec![1.0; paid])), budget),
        ("equal split", outcome(&flown(&equal)), budget),
        ("greedy grid, last year's flights", outcome(&flown(&by)), by.iter().zip(&last).map(|(f, l)| f * l).sum()),
    ];
    for (name, flights) in
        [("plan, even", Flights::Even), ("plan, monthly", Flights::Monthly), ("plan, weekly", Flights::Weekly)]
    {
        let mut planner = Planner::new(&ground, &calm, threads());
        let asked = PlanSpec { budget: Budget::Fixed(budget), flights, ..asked.clone() };
        let plan = planner.plan(&asked).map_err(|c| anyhow!("{c:?}"))?;
        told.push((name, mean(&plan.judged, |j| &j.outcome), plan.money));
    }
    for (name, outcome, money) in &told {
        println!("| {name} | {money:.0} | {outcome:.0} | {:+.2} % |", 100.0 * (outcome / told[0].1 - 1.0));
    }
    Ok(())
}

fn backtest(count: u64, cpm: f64, offered: usize, sampler: &SamplerSpec) -> anyhow::Result<()> {
    let names = [
        "last year's split",
        "channels only",
        "plan, neutral",
        "plan, careful",
        "plan, neutral, shocks 20 times as likely",
        "plan, careful, shocks 20 times as likely",
    ];
    let mut sums = vec![[0.0_f64; 3]; names.len()];
    // What careful plans have more than neutral ones: calm, a platform gone; by market.
    let mut careful: Vec<[[f64; 2]; 2]> = Vec::new();
    for seed in 1..=count {
        let spec = SimulationSpec {
            seed,
            geos: 2,
            periods: 104,
            baseline: 0.02,
            margin: Some(0.6),
            channel: vec![ChannelSpec::default(); 4],
            creators: Some(RosterSpec { count: 12, ..RosterSpec::default() }),
            ..SimulationSpec::default()
        };
        let (project, data) = market(&spec)?;
        // The truth is a draw of a first fit; data are made anew from it and fitted again.
        let (model, chains) = fit(Model::new(&project, &data), sampler, threads())?;
        let dim = model.parameters.sampled();
        let mut posterior = Posterior::new(model.clone());
        let mut rng = chain_rng(seed, 1 << 50);
        let truth = chains[0].positions[..dim].to_vec();
        let coefficients = posterior.draw_baseline(&truth, &mut rng).to_vec();
        let values = posterior.values().to_vec();
        let made = outcome_at(&model, &data, &values, &coefficients, &mut rng);
        let scaled = Model::with_scale(&project, &made, model.scale);
        let (again, draws) = fit(scaled, sampler, threads())?;
        let asked = weeks(&data, 13);
        let offered = offers(&made, offered, cpm, 4);
        let of = |chains: &[ChainDraws], model: &Arc<Model>, offers: &[Offer]| {
            Ground::new(model, &project, &made, chains, &asked, offers, threads()).map_err(|e| anyhow!(e))
        };
        let ground = of(&draws, &again, &offered)?;
        let real = of(&[ChainDraws::at(dim, again.parameters.position(&values))], &again, &offered)?;
        let (storms, hurricanes) = (worlds(&ground, 1.0), worlds(&ground, 20.0));
        let budget = ground.last_channels() + ground.last_creators;
        let at = |risk: f64| PlanSpec { budget: Budget::Fixed(budget), risk, ..asked.clone() };
        let planned = |storms: &[World], risk: f64| {
            let mut planner = Planner::new(&ground, storms, threads());
            planner.plan(&at(risk)).map(|p| p.paths).map_err(|c| anyhow!("{c:?}"))
        };
        // A planner that knows no creator: the whole budget in channels.
        let bare = of(&draws, &again, &[])?;
        let calm = [World::calm(&bare)];
        let mut without = Planner::new(&bare, &calm, threads());
        let only = without.plan(&at(0.0)).map_err(|c| anyhow!("{c:?}"))?.paths.spend;
        let only = Paths { spend: only, posts: vec![vec![0; 13]; offered.len()], creators_as_last_year: false };
        let plans = [
            Paths::last_year(&ground, budget),
            only,
            planned(&storms, 0.0)?,
            planned(&storms, 1.0)?,
            planned(&hurricanes, 0.0)?,
            planned(&hurricanes, 1.0)?,
        ];
        // The true world: calm, and with the platform that the neutral plan puts most money on gone in the third week.
        let gone = Shock::library().into_iter().find(|s| s.name == "gone for good").context("no such shock")?;
        let mut struck = World::calm(&real);
        let relied = |p: usize| -> f64 {
            let on = (0..real.offers.len()).filter(|&o| real.offers[o].platform == p);
            on.map(|o| real.offers[o].mean_cost[plans[2].number(o)]).sum()
        };
        let most = (0..real.platforms.len()).max_by(|&a, &b| relied(a).total_cmp(&relied(b))).context("no platform")?;
        let most = real.platforms[most].name.clone();
        struck.strike(&real, &gone, &most, 14.0);
        let true_worlds = [World::calm(&real), struck];
        let of =
            |paths: &Paths| judge(&real, &true_worlds, paths, threads()).profit.iter().map(|p| p / budget).collect();
        let found: Vec<Vec<f64>> = plans.iter().map(of).collect();
        for (sum, found) in sums.iter_mut().zip(&found) {
            sum[0] += found[0];
            sum[1] += found[1];
            sum[2] += found[0] - found[1];
        }
        careful.push([2, 4].map(|neutral| [0, 1].map(|world| found[neutral + 1][world] - found[neutral][world])));
    }
    println!("| {count} markets, profit a unit of budget | calm | a platform gone | lost |\n|---|---|---|---|");
    for (name, sum) in names.iter().zip(&sums) {
        let [calm, gone, lost] = sum.map(|x| x / count as f64);
        println!("| {name} | {calm:.3} | {gone:.3} | {lost:.3} |");
    }
    for (k, shocks) in ["shocks as likely as they are", "shocks 20 times as likely"].iter().enumerate() {
        let told = [0, 1].map(|world| {
            let by: Vec<f64> = careful.iter().map(|market| market[k][world]).collect();
            let se = counterpoint_infer::draws::sd(&by) / (by.len() as f64).sqrt();
            format!("{:+.3} ± {se:.3}", counterpoint_infer::draws::mean(&by))
        });
        println!("careful over neutral, {shocks}: calm {}, a platform gone {} (standard errors)", told[0], told[1]);
    }
    Ok(())
}
