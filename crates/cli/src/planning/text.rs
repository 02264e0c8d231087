//! Plans and stress in words and tables for a terminal.

use super::{Anew, Insurance, Planning};
use crate::table::{Line, table};
use crate::terminal::{plain, short};
use counterpoint::project::OutcomeKind;
use counterpoint_plan::judge::{Judged, Spread};
use counterpoint_plan::learn::Worth;
use counterpoint_plan::plan::{DriverPlan, Plan, Point};
use counterpoint_plan::stress::Stress;
use counterpoint_report::numbers::{money, number, percent, probability};

/// A gap of a plan that weighs the worst tenth from which it is told in money.
const TOLD_IN_MONEY: f64 = 5e-3;
/// A larger gap proves nothing worth telling.
const UNPROVEN: f64 = 0.5;

/// How amounts of a project are written.
pub(crate) struct Pen<'a> {
    currency: &'a str,
    outcome_is_money: bool,
    has_profit: bool,
}

impl<'a> Pen<'a> {
    pub(crate) fn new(planning: &'a Planning) -> Pen<'a> {
        let project = planning.project();
        Pen {
            currency: &project.currency,
            outcome_is_money: project.outcome.kind == OutcomeKind::Revenue,
            has_profit: planning.ground.has_profit,
        }
    }

    fn money(&self, x: f64) -> String {
        money(x, self.currency)
    }

    fn outcome(&self, x: f64) -> String {
        if self.outcome_is_money { self.money(x) } else { number(x) }
    }

    fn spread(&self, s: &Spread, is_money: bool) -> String {
        let write = |x: f64| if is_money { self.money(x) } else { self.outcome(x) };
        format!("{} ({} to {})", write(s.mean), write(s.q05), write(s.q95))
    }
}

/// The answer, in sentences.
pub(crate) fn answer(planning: &Planning, plan: &Plan, asked: bool) -> Vec<String> {
    let pen = Pen::new(planning);
    let horizon = &planning.ground.horizon;
    let of = |x: &[f64]| Spread::of(x, &plan.judged.weights);
    let last = |x: &[f64]| Spread::of(x, &plan.last_judged.weights);
    let (outcome, before) = (of(&plan.judged.outcome), last(&plan.last_judged.outcome));
    let verb = if asked { "The plan spends" } else { "Spend" };
    let dearer = plan.last.money(&planning.ground);
    let held_against = if dearer > plan.money * 1.001 {
        format!("last year's creators alone, for {},", pen.money(dearer))
    } else {
        "last year's split of the same money".to_owned()
    };
    let mut out = vec![format!(
        "{verb} {} from {} to {}: it is expected to bring {}, where {held_against} would bring {}.",
        pen.money(plan.money),
        horizon.starts[0],
        horizon.ends(),
        pen.spread(&outcome, false),
        pen.outcome(before.mean),
    )];
    if pen.has_profit {
        let (profit, old) = (of(&plan.judged.profit), last(&plan.last_judged.profit));
        out.push(format!(
            "Profit {}, {} for last year's split; in the worst tenth of cases {} on average, {} before. The plan is better with a probability of {}.",
            pen.spread(&profit, true),
            pen.money(old.mean),
            pen.money(profit.cvar10),
            pen.money(old.cvar10),
            probability(plan.judged.beats(&plan.last_judged, |j| &j.profit)),
        ));
    } else {
        out.push(format!(
            "The plan is better with a probability of {}.",
            probability(plan.judged.beats(&plan.last_judged, |j| &j.outcome))
        ));
    }
    match plan.gap {
        Some(gap) if gap > UNPROVEN => out.push(
            "How much better another plan within the limits could be is not proven: the bound that was found is far above this one.".to_owned(),
        ),
        Some(gap) => {
            // A share of a worst tenth near nothing says little: that is told in money.
            let what = match planning.spec.risk {
                risk if risk >= 1.0 => " of the worst tenth's mean",
                risk if risk > 0.0 => " of what it weighs, mean and worst tenth",
                _ => "",
            };
            let money = plan.left.filter(|_| planning.ground.has_profit && gap > TOLD_IN_MONEY && !what.is_empty());
            let most = money.map_or_else(|| percent(gap.max(1e-5)), |left| pen.money(left));
            out.push(format!("No plan within the limits is better by more than {most}{what}."));
        }
        None => {}
    }
    out.extend(plan.notes.iter().cloned());
    if !planning.ground.untold.is_empty() {
        let names: Vec<String> = planning.ground.untold.iter().map(|n| plain(&short(n))).collect();
        out.push(format!(
            "Left out, since no creator of the fit posts on their platform or their days are not in the plan: {}.",
            names.join(", ")
        ));
    }
    out
}

/// The plan's table.
pub(crate) fn drivers(planning: &Planning, plan: &Plan) -> Vec<String> {
    let pen = Pen::new(planning);
    let head: Vec<String> =
        ["driver", "kind", "last year", "plan", "change", "posts", "brings", "90 %", "marginal ROI"]
            .iter()
            .map(|s| (*s).to_owned())
            .collect();
    let rows: Vec<Line> = plan
        .drivers
        .iter()
        .filter(|d| d.plan > 0.0 || d.last > 0.0 || d.kind == "organic" || d.kind == "platform")
        .map(|d| Line {
            cells: vec![
                plain(&short(&d.driver)),
                d.kind.to_owned(),
                pen.money(d.last),
                pen.money(d.plan),
                if d.last > 0.0 { format!("{:+.0} %", 100.0 * (d.plan / d.last - 1.0)) } else { "-".to_owned() },
                if d.posts > 0 { d.posts.to_string() } else { "-".to_owned() },
                pen.outcome(d.incremental.mean),
                format!("{} to {}", pen.outcome(d.incremental.q05), pen.outcome(d.incremental.q95)),
                d.mroi.map_or_else(|| "-".to_owned(), number),
            ],
            note: if d.extrapolated {
                "beyond what the data have seen of it: the curve is guessed there".to_owned()
            } else {
                String::new()
            },
        })
        .collect();
    table(&head, 2, &rows)
}

/// Which limits bind.
pub(crate) fn binding(planning: &Planning, plan: &Plan) -> Vec<String> {
    let pen = Pen::new(planning);
    plan.binding
        .iter()
        .take(8)
        .map(|(limit, price)| {
            let limit = plain(limit);
            if pen.has_profit {
                return format!("  {limit}: one unit more would bring {} of profit", pen.money(*price));
            }
            format!("  {limit}: one unit more would bring {} of the outcome", pen.outcome(*price))
        })
        .collect()
}

/// The frontier, and what another attitude to risk would change.
pub(crate) fn frontier(planning: &Planning, points: &[Point]) -> Vec<String> {
    let pen = Pen::new(planning);
    let head: Vec<String> =
        ["risk", "expected profit", "worst tenth", "posts"].iter().map(|s| (*s).to_owned()).collect();
    let rows: Vec<Line> = points
        .iter()
        .map(|p| Line {
            cells: vec![number(p.risk), pen.money(p.profit.mean), pen.money(p.profit.cvar10), p.posts.to_string()],
            note: String::new(),
        })
        .collect();
    table(&head, 1, &rows)
}

/// Stress, in sentences and tables.
pub(crate) fn stress(planning: &Planning, found: &Stress) -> Vec<String> {
    let pen = Pen::new(planning);
    let mut out = Vec::new();
    if let Some((name, share)) = found.dependence.first() {
        out.push(format!(
            "{} of what all drivers bring hangs on {} ({} to {}); it is as concentrated as {} platforms of equal weight (Herfindahl index {}).",
            percent(share.mean),
            plain(&short(name)),
            percent(share.q05),
            percent(share.q95),
            number(found.effective_bets.mean),
            number(found.herfindahl.mean)
        ));
    }
    if let Some(worst) = found.shocks.first() {
        let cost = if pen.has_profit { pen.spread(&worst.profit, true) } else { pen.spread(&worst.outcome, false) };
        out.push(format!(
            "The worst single shock is \"{}\" on {}: {} over the time.",
            plain(&worst.name),
            plain(&short(&worst.platform)),
            cost
        ));
    }
    if pen.has_profit {
        out.push(format!(
            "Over all scenarios profit is {}; one time in ten it is below {}, and then {} on average.",
            pen.spread(&found.profit, true),
            pen.money(found.var10),
            pen.money(found.profit.cvar10)
        ));
    }
    out
}

/// What insurance costs, all the way.
pub(crate) fn insurance(planning: &Planning, steps: &[Insurance]) -> Option<String> {
    let pen = Pen::new(planning);
    let last = steps.last()?;
    Some(match last.price {
        None => "Insurance: no other split of the same money makes the worst tenth better.".to_owned(),
        Some(_) => format!(
            "Insurance: a plan for the worst tenth only makes it better by {} and gives up {} of expected profit.",
            pen.money(last.worst_tenth_gained),
            pen.money(last.profit_given_up)
        ),
    })
}

/// What a plan is worth when a shock strikes: kept as it was, and made anew.
pub(crate) fn anew(planning: &Planning, own: &Anew) -> String {
    let pen = Pen::new(planning);
    let brings = |judged: &Judged| {
        let of = if pen.has_profit { &judged.profit } else { &judged.outcome };
        pen.spread(&Spread::of(of, &judged.weights), pen.has_profit)
    };
    let cost = |judged: &Judged| judged.cost.iter().zip(&judged.weights).map(|(c, w)| c * w).sum::<f64>();
    let (kept, anew) = (cost(&own.kept), cost(&own.anew.judged));
    // Nobody is paid who has left, and nothing that a dark platform cannot show.
    let costs = if (kept - anew).abs() > 1e-3 * anew {
        let side = if anew > kept { "more" } else { "less" };
        format!(" What is made anew spends {} {side}.", pen.money((anew - kept).abs()))
    } else {
        String::new()
    };
    format!(
        "If \"{}\" strikes {} on {}: the {} of the best plan as it was is {}; made anew, {}.{costs}",
        plain(&own.strikes.name),
        plain(&own.strikes.platform),
        planning.ground.horizon.starts[0],
        if pen.has_profit { "profit" } else { "outcome" },
        brings(&own.kept),
        brings(&own.anew.judged)
    )
}

/// The same by driver.
pub(crate) fn anew_table(planning: &Planning, own: &Anew) -> Vec<String> {
    let pen = Pen::new(planning);
    let head = ["driver", "kind", "plan", "made anew", "change", "posts", "anew"].map(str::to_owned);
    let number = |posts: usize| if posts > 0 { posts.to_string() } else { "-".to_owned() };
    let line = |d: &DriverPlan| {
        let (money, posts) =
            own.before.drivers.iter().find(|b| b.driver == d.driver).map_or((0.0, 0), |b| (b.plan, b.posts));
        let any = money > 0.0 || d.plan > 0.0 || posts + d.posts > 0;
        any.then(|| Line {
            cells: vec![
                plain(&short(&d.driver)),
                d.kind.to_owned(),
                pen.money(money),
                pen.money(d.plan),
                if money > 0.0 { format!("{:+.0} %", 100.0 * (d.plan / money - 1.0)) } else { "-".to_owned() },
                number(posts),
                number(d.posts),
            ],
            note: String::new(),
        })
    };
    table(&head, 2, &own.anew.drivers.iter().filter_map(line).collect::<Vec<_>>())
}

/// What tests would be worth to the plan.
pub(crate) fn tests(planning: &Planning, tests: &[Worth]) -> Vec<String> {
    let pen = Pen::new(planning);
    let rows: Vec<Line> = tests
        .iter()
        .map(|t| Line {
            cells: vec![plain(&short(&t.driver)), pen.money(t.value), pen.money(t.perfect), pen.money(t.cost)],
            note: String::new(),
        })
        .collect();
    let head = ["a test of", "is worth to the plan", "without error", "forgoes itself"].map(str::to_owned);
    table(&head, 1, &rows)
}

/// Tables of dependence and shocks.
pub(crate) fn stress_tables(planning: &Planning, found: &Stress) -> [Vec<String>; 2] {
    let pen = Pen::new(planning);
    let words = |names: &[&str]| names.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let places: Vec<Line> = found
        .dependence
        .iter()
        .map(|(name, s)| Line {
            cells: vec![plain(&short(name)), percent(s.mean), format!("{} to {}", percent(s.q05), percent(s.q95))],
            note: String::new(),
        })
        .collect();
    let shocks: Vec<Line> = found
        .shocks
        .iter()
        .map(|s| {
            let change = if pen.has_profit { &s.profit } else { &s.outcome };
            Line {
                cells: vec![
                    plain(&short(&s.name)),
                    plain(&short(&s.platform)),
                    percent(s.per_year),
                    pen.spread(change, pen.has_profit),
                ],
                note: String::new(),
            }
        })
        .collect();
    [
        table(&words(&["platform", "share of effect", "90 %"]), 1, &places),
        table(
            &words(&[
                "shock",
                "platform",
                "a year",
                if pen.has_profit { "change of profit" } else { "change of outcome" },
            ]),
            2,
            &shocks,
        ),
    ]
}
