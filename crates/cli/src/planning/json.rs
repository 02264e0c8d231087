//! `plan.json`, `stress.json`, `plan.csv`.

use super::{Anew, Insurance, Planning};
use counterpoint_plan::judge::{Judged, Spread};
use counterpoint_plan::learn::Worth;
use counterpoint_plan::plan::{Plan, Point};
use counterpoint_plan::stress::Stress;
use counterpoint_sources::OutColumn;
use serde_json::{Value, json};

/// `plan.json`.
pub(crate) fn plan(planning: &Planning, plan: &Plan, frontier: &[Point], tests: &[Worth], last_money: f64) -> Value {
    let ground = &planning.ground;
    let spread = |x: &[f64], j: &counterpoint_plan::judge::Judged| Spread::of(x, &j.weights);
    let profit = |j| ground.has_profit.then(|| spread(profit_of(j), j));
    let (own, last) = (&plan.judged, &plan.last_judged);
    let better = if ground.has_profit { own.beats(last, |j| &j.profit) } else { own.beats(last, |j| &j.outcome) };
    json!({
        "status": "ok",
        "gap": plan.gap,
        "budget": plan.money,
        "budget_last": last_money,
        "starts": ground.horizon.starts[0].to_string(),
        "ends": ground.horizon.ends().to_string(),
        "risk": planning.spec.risk,
        "currency": planning.project().currency,
        "profit": profit(own),
        "outcome": spread(&own.outcome, own),
        "revenue": ground.has_profit.then(|| spread(&own.money, own)),
        "last": { "profit": profit(last), "outcome": spread(&last.outcome, last) },
        "p_better": better,
        "periods": ground.horizon.starts.iter().map(|d| d.to_string()).collect::<Vec<_>>(),
        "drivers": plan.drivers.iter().map(|d| json!({
            "driver": d.driver,
            "kind": d.kind,
            "platform": d.platform,
            "last": d.last,
            "plan": d.plan,
            "posts": d.posts,
            "incremental_mean": d.incremental.mean,
            "incremental_q05": d.incremental.q05,
            "incremental_q95": d.incremental.q95,
            "roi_mean": d.roi,
            "mroi_mean": d.mroi,
            "extrapolated": d.extrapolated,
            "last_by_period": d.by_period.iter().map(|m| m[0]).collect::<Vec<_>>(),
            "plan_by_period": d.by_period.iter().map(|m| m[1]).collect::<Vec<_>>(),
            "posts_by_period": d.posts_by_period,
        })).collect::<Vec<_>>(),
        "offers": (0..ground.offers.len()).filter(|&o| plan.paths.number(o) > 0).map(|o| {
            let offer = &ground.offers[o];
            let days: Vec<String> = (0..ground.horizon.len())
                .flat_map(|t| std::iter::repeat_n(ground.horizon.starts[t].to_string(), plan.paths.posts[o][t]))
                .collect();
            json!({
                "offer": offer.offer.name,
                "creator": offer.offer.who.name,
                "platform": ground.platforms[offer.platform].name,
                "posts": plan.paths.number(o),
                "periods": days,
                "cost_mean": offer.mean_cost[plan.paths.number(o)],
            })
        }).collect::<Vec<_>>(),
        "binding": plan.binding.iter().map(|(limit, price)| json!({ "limit": limit, "price": price })).collect::<Vec<_>>(),
        "frontier": frontier.iter().map(|p| json!({ "risk": p.risk, "profit": p.profit, "posts": p.posts, "money": p.money })).collect::<Vec<_>>(),
        "frontier_of": ground.channels[..ground.paid()].iter().map(|c| c.name.as_str())
            .chain(ground.platforms.iter().map(|p| p.name.as_str())).collect::<Vec<_>>(),
        "scenarios": planning.worlds.iter().map(|w| json!({ "name": w.name, "probability": w.weight })).collect::<Vec<_>>(),
        "tests": tests.iter().map(|t| json!({
            "driver": t.driver,
            "geos": t.geos,
            "periods": t.periods,
            "lift_mean": t.lift[0],
            "lift_sd": t.lift[1],
            "se": t.se,
            "value": t.value,
            "value_perfect": t.perfect,
            "cost": t.cost,
        })).collect::<Vec<_>>(),
        "untold_offers": ground.untold,
        "notes": plan.notes,
    })
}

fn profit_of(judged: &counterpoint_plan::judge::Judged) -> &[f64] {
    &judged.profit
}

/// `plan.csv`: a row a driver and period.
pub(crate) fn table(planning: &Planning, plan: &Plan) -> Vec<OutColumn> {
    let starts: Vec<String> = planning.ground.horizon.starts.iter().map(|d| d.to_string()).collect();
    let rows: Vec<(&counterpoint_plan::plan::DriverPlan, usize)> =
        plan.drivers.iter().flat_map(|d| (0..starts.len()).map(move |t| (d, t))).collect();
    let text = |name: &str, get: &dyn Fn(&(&counterpoint_plan::plan::DriverPlan, usize)) -> String| {
        OutColumn::text(name, rows.iter().map(get).collect::<Vec<_>>())
    };
    let number = |name: &str, get: &dyn Fn(&(&counterpoint_plan::plan::DriverPlan, usize)) -> f64| {
        OutColumn::number(name, rows.iter().map(get).collect())
    };
    vec![
        text("driver", &|r| r.0.driver.clone()),
        text("kind", &|r| r.0.kind.to_owned()),
        text("platform", &|r| r.0.platform.clone()),
        text("period", &|r| starts[r.1].clone()),
        number("last", &|r| r.0.by_period[r.1][0]),
        number("plan", &|r| r.0.by_period[r.1][1]),
        number("posts", &|r| r.0.posts_by_period[r.1] as f64),
    ]
}

/// What the plan becomes when a shock strikes: made anew, beside what it was.
pub(crate) fn anew(planning: &Planning, own: &Anew) -> Value {
    let drivers = own.anew.drivers.iter().map(|d| {
        let old = own.before.drivers.iter().find(|b| b.driver == d.driver);
        json!({
            "driver": d.driver, "kind": d.kind, "platform": d.platform,
            "plan_before": old.map(|b| b.plan), "plan_after": d.plan,
            "posts_before": old.map(|b| b.posts), "posts_after": d.posts,
        })
    });
    let brings = |judged: &Judged| {
        let profit = planning.ground.has_profit.then(|| Spread::of(&judged.profit, &judged.weights));
        json!({ "profit": profit, "outcome": Spread::of(&judged.outcome, &judged.weights) })
    };
    let mut told = brings(&own.anew.judged);
    told["strikes"] = json!(format!("{} on {}", own.strikes.name, own.strikes.platform));
    told["kept"] = brings(&own.kept);
    told["drivers"] = drivers.collect();
    told
}

/// `stress.json`.
pub(crate) fn stress(planning: &Planning, found: &Stress, insurance: &[Insurance], becomes: Option<&Value>) -> Value {
    let ground = &planning.ground;
    json!({
        "starts": ground.horizon.starts[0].to_string(),
        "ends": ground.horizon.ends().to_string(),
        "currency": planning.project().currency,
        "dependence": found.dependence.iter().map(|(name, s)| json!({
            "platform": name, "share_mean": s.mean, "share_q05": s.q05, "share_q95": s.q95,
        })).collect::<Vec<_>>(),
        "herfindahl": found.herfindahl,
        "effective_bets": found.effective_bets,
        "profit": ground.has_profit.then_some(found.profit),
        "var10": ground.has_profit.then_some(found.var10),
        "calm_profit": ground.has_profit.then_some(found.calm),
        "outcome": found.outcome,
        "worst": found.shocks.first().map(|s| s.name.clone() + ": " + &s.platform),
        "shocks": found.shocks.iter().map(|s| json!({
            "shock": s.name,
            "platform": s.platform,
            "per_year": s.per_year,
            "profit_change": ground.has_profit.then_some(s.profit),
            "outcome_change": s.outcome,
            "source": s.source,
        })).collect::<Vec<_>>(),
        "insurance": insurance,
        "plan_if_it_strikes": becomes,
    })
}
