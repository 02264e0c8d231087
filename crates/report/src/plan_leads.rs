//! What the page says in words of the next budget and of shocks to platforms.

use crate::data::ReportData;
use crate::numbers::{
    currency_unit, date, money, money_interval, number, number_interval, percent, percent_interval, probability,
};
use crate::plan::{Insurance, Limit, NextBudget, PlannedDriver, Shock, Spread, Stress, TestWorth};
use crate::sentences::{outcome, outcome_interval, plural, short};

/// A change of the budget below this share is none.
const SAME: f64 = 0.005;
/// Tests that are told, and the share of the budget from which one is worth a word.
const TESTS: usize = 3;
const SMALLEST_WORTH: f64 = 1e-3;
/// A gap below this share is said as "under".
const SMALLEST_GAP: f64 = 1e-3;

/// The answer: money, days, what it is expected to bring, how it stands to last year's split, and what a search could still gain.
pub(crate) fn answer(d: &ReportData, p: &NextBudget) -> String {
    let brings = outcome_interval(d, &p.outcome.interval());
    let of = if d.outcome_is_money {
        format!("{brings} of {}", d.outcome_name)
    } else {
        format!("{brings} {}", d.outcome_name)
    };
    let profit = p
        .profit
        .map_or_else(String::new, |x| format!(", and a profit of {}", money_interval(&x.interval(), &d.currency)));
    let mut text = format!(
        "Spend {}{} from {} to {}: it is expected to bring {of}{profit}.",
        money(p.budget, &d.currency),
        against_last(p),
        date(&p.starts),
        date(&p.ends),
    );
    let before = match &p.last.profit {
        Some(x) => format!("a profit of {}", money(x.mean, &d.currency)),
        None => outcome(d, p.last.outcome.mean),
    };
    let creators: f64 = p.drivers.iter().filter(|r| r.kind == "creator").map(|r| r.last).sum();
    let held_against = if creators > p.budget * 1.001 && !p.offers.is_empty() {
        format!("Last year's creators alone, for {},", money(creators, &d.currency))
    } else {
        "The same money in last year's split".to_owned()
    };
    text += &format!(
        " {held_against} would bring {before}; the plan is better with a probability of {}.",
        probability(p.p_better)
    );
    if let Some(gap) = p.gap.filter(|g| g.is_finite()) {
        text += &format!(" {}", gap_words(gap));
    }
    text
}

fn against_last(p: &NextBudget) -> String {
    let change = p.budget / p.budget_last - 1.0;
    match change {
        c if !c.is_finite() => String::new(),
        c if c.abs() < SAME => ", as much as last year,".to_owned(),
        c if c > 0.0 => format!(", {} more than last year,", percent(c)),
        c => format!(", {} less than last year,", percent(-c)),
    }
}

/// What to test before the plan, in a sentence a driver; tests worth less than a thousandth of the budget are one sentence together.
pub(crate) fn tests(d: &ReportData, p: &NextBudget) -> Vec<String> {
    let worthy = |t: &&TestWorth| t.value > SMALLEST_WORTH * p.budget;
    let mut out: Vec<String> = p
        .tests
        .iter()
        .filter(worthy)
        .take(TESTS)
        .map(|t| {
            let place = match t.geos.as_slice() {
                [] | [_] => String::new(),
                [first, rest @ ..] => format!(" in {} and {}", short(first), plural(rest.len(), "other geo")),
            };
            let cost = if t.cost > 0.0 {
                format!("it would forgo {} of profit itself", money(t.cost, &d.currency))
            } else {
                format!("it would save {} itself", money(-t.cost, &d.currency))
            };
            format!(
                "Knowing what {} does would make this plan better: switched off{place} for {}, a test is worth {} to it on average, and one without error {}; {cost}.",
                short(&t.driver),
                plural(t.periods as usize, &d.cadence_word),
                money(t.value, &d.currency),
                money(t.value_perfect, &d.currency)
            )
        })
        .collect();
    let none = out.is_empty();
    let rest: Vec<String> = p.tests.iter().filter(|t| !worthy(t)).map(|t| short(&t.driver)).collect();
    if !rest.is_empty() {
        let names = if rest.len() > 4 {
            format!("{} and {} more", rest[..4].join(", "), rest.len() - 4)
        } else {
            rest.join(", ")
        };
        out.push(format!("A test would hardly change what this plan gives to {names}."));
    }
    if none {
        // What is known least is still worth knowing, for another plan.
        out.extend(d.next_tests.iter().cloned());
    }
    out
}

/// A larger gap proves nothing worth telling.
const UNPROVEN: f64 = 0.5;

fn gap_words(gap: f64) -> String {
    if gap < SMALLEST_GAP {
        "No plan within the limits is better by more than 0.1%.".to_owned()
    } else if gap > UNPROVEN {
        "How much better another plan within the limits could be is not proven: the bound that was found is far above this one.".to_owned()
    } else {
        format!(
            "No plan within the limits is better by more than {}: the search has proved no more than that.",
            percent(gap)
        )
    }
}

/// Tiles under the answer: label, large number, small print.
pub(crate) fn tiles(d: &ReportData, p: &NextBudget) -> Vec<(String, String, String)> {
    let mut tiles = vec![
        ("Budget".to_owned(), money(p.budget, &d.currency), format!("{} last year", money(p.budget_last, &d.currency))),
        (
            format!("Expected {}", d.outcome_name),
            outcome(d, p.outcome.mean),
            format!("{} for last year's split", outcome(d, p.last.outcome.mean)),
        ),
    ];
    if let (Some(own), Some(last)) = (&p.profit, &p.last.profit) {
        let pair = |label: &str, of: fn(&Spread) -> f64| {
            let split = format!("{} for last year's split", money(of(last), &d.currency));
            (label.to_owned(), money(of(own), &d.currency), split)
        };
        tiles.push(pair("Expected profit", |s| s.mean));
        tiles.push(pair("Profit in the worst tenth", |s| s.cvar10));
    }
    tiles
}

/// Plan beside last year: the largest moves, and what lies beyond the data.
pub(crate) fn drivers(d: &ReportData, p: &NextBudget) -> String {
    let mut moved: Vec<&PlannedDriver> =
        p.drivers.iter().filter(|r| (r.plan - r.last).abs() > 1e-6 * p.budget).collect();
    moved.sort_by(|a, b| (b.plan - b.last).abs().total_cmp(&(a.plan - a.last).abs()));
    let words: Vec<String> = moved
        .iter()
        .take(3)
        .map(|r| {
            let by = r.plan - r.last;
            let sign = if by > 0.0 { "+" } else { "" };
            format!("{} by {sign}{}", short(&r.driver), money(by, &d.currency))
        })
        .collect();
    let mut text = match words.as_slice() {
        [] => "Every driver keeps the money that it had last year.".to_owned(),
        words => format!("The largest moves: {}.", words.join(", ")),
    };
    let creators: Vec<&PlannedDriver> = p.drivers.iter().filter(|r| r.kind == "creator").collect();
    if !creators.is_empty() {
        let taken = creators.iter().filter(|r| r.plan > 0.0 || r.posts > 0).count();
        let dropped = creators.iter().filter(|r| r.last > 0.0 && r.plan <= 0.0 && r.posts == 0).count();
        text += &format!(
            " {taken} of {} post; {dropped} who were paid last year do not.",
            plural(creators.len(), "creator")
        );
    }
    if p.drivers.iter().any(|r| r.kind == "platform") {
        text += " Without offers to choose from, creators go on as last year; what they cost is not in the budget.";
    }
    let beyond: Vec<String> = p.drivers.iter().filter(|r| r.extrapolated).map(|r| short(&r.driver)).collect();
    match beyond.as_slice() {
        [] => {}
        [one] => text += &format!(" Beyond what the data have seen: {one}."),
        [first, rest @ ..] if rest.len() < 4 => {
            text += &format!(" Beyond what the data have seen: {first}, {}.", rest.join(", "));
        }
        [first, second, rest @ ..] => {
            text += &format!(" Beyond what the data have seen: {first}, {second} and {} more.", rest.len());
        }
    }
    text
}

/// The calendar: how many posts, and when most happens.
pub(crate) fn calendar(d: &ReportData, p: &NextBudget) -> String {
    let n = p.periods.len();
    let word = &d.cadence_word;
    let day = |t: usize| p.periods.get(t).map_or_else(String::new, |iso| date(iso));
    let posts: Vec<u64> = (0..n).map(|t| p.drivers.iter().filter_map(|r| r.posts_by_period.get(t)).sum()).collect();
    let spend: Vec<f64> = (0..n)
        .map(|t| {
            let channels = p.drivers.iter().filter(|r| r.kind == "channel");
            channels.filter_map(|r| r.plan_by_period.get(t)).filter(|x| x.is_finite()).sum()
        })
        .collect();
    let mut parts = Vec::new();
    let all: u64 = posts.iter().sum();
    if all > 0 {
        let who = p.drivers.iter().filter(|r| r.posts > 0).count();
        let most = (0..n).max_by_key(|&t| (posts[t], n - t)).unwrap_or(0);
        parts.push(format!(
            "{} by {} in {}; most in the {word} of {} ({}).",
            plural(all as usize, "post"),
            plural(who, "creator"),
            plural(n, word),
            day(most),
            posts[most]
        ));
    }
    let total: f64 = spend.iter().sum();
    if total > 0.0 {
        let by_spend = |a: &usize, b: &usize| spend[*a].total_cmp(&spend[*b]).then(b.cmp(a));
        let (most, least) = ((0..n).max_by(by_spend).unwrap_or(0), (0..n).min_by(by_spend).unwrap_or(0));
        parts.push(if spend[most] - spend[least] < 0.01 * spend[most] {
            format!("Channels spend {} every {word}.", money(spend[most], &d.currency))
        } else {
            format!(
                "Channels spend most in the {word} of {} ({}), least in the {word} of {} ({}).",
                day(most),
                money(spend[most], &d.currency),
                day(least),
                money(spend[least], &d.currency)
            )
        });
    }
    if parts.is_empty() { "Nothing is bought in this time.".to_owned() } else { parts.join(" ") }
}

/// The frontier: what caution costs and what it gains.
pub(crate) fn frontier(d: &ReportData, p: &NextBudget) -> String {
    let (Some(first), Some(last)) = (p.frontier.first(), p.frontier.last()) else {
        return "No other attitude to risk was tried.".to_owned();
    };
    let (given, gained) = (first.profit.mean - last.profit.mean, last.profit.cvar10 - first.profit.cvar10);
    let mut text = if gained > 1e-9 * first.profit.mean.abs() {
        format!(
            "Caring only for the worst tenth instead of the average would raise profit there by {} and cost {} of expected profit.",
            money(gained, &d.currency),
            money(given.max(0.0), &d.currency)
        )
    } else {
        "More caution gains nothing in the worst tenth: the plan is the same for every attitude to risk.".to_owned()
    };
    if let Some(split) = &p.last.profit {
        text += &format!(
            " Last year's split: {} expected, {} in the worst tenth.",
            money(split.mean, &d.currency),
            money(split.cvar10, &d.currency)
        );
    }
    text
}

/// The curves: how far the plan goes from where the data were.
pub(crate) fn curves(d: &ReportData, p: &NextBudget) -> String {
    let n = p.periods.len().max(1) as f64;
    let marked: Vec<(&PlannedDriver, &crate::data::Curve)> =
        of_channels(p).filter_map(|r| d.curves.iter().find(|c| c.driver == r.driver).map(|c| (r, c))).collect();
    let up = marked.iter().filter(|(r, c)| r.plan / n > c.current_spend * (1.0 + SAME)).count();
    let down = marked.iter().filter(|(r, c)| r.plan / n < c.current_spend * (1.0 - SAME)).count();
    format!(
        "Of {}, {up} {} to spend more a {word} than on average in the data, {down} less.",
        plural(marked.len(), "channel"),
        if up == 1 { "is" } else { "are" },
        word = d.cadence_word
    )
}

/// Whether there is a curve to mark the plan on.
pub(crate) fn has_curves(d: &ReportData, p: &NextBudget) -> bool {
    !p.periods.is_empty() && of_channels(p).any(|r| d.curves.iter().any(|c| c.driver == r.driver))
}

fn of_channels(p: &NextBudget) -> impl Iterator<Item = &PlannedDriver> {
    p.drivers.iter().filter(|r| r.kind == "channel")
}

/// One limit and what a unit more of it would change.
pub(crate) fn limit(d: &ReportData, p: &NextBudget, limit: &Limit) -> String {
    let unit = match currency_unit(&d.currency) {
        "" => "unit of money",
        unit => unit,
    };
    let what = match limit.limit.as_str() {
        "budget" => "The budget".to_owned(),
        // "Display: at least" has a colon of its own.
        other => match other.rsplit_once(": ") {
            Some((name, side)) => format!("{}, {side}", short(name)),
            None => short(other),
        },
    };
    let size = limit.price.abs();
    let change = match p.profit {
        Some(_) => format!("{} of expected profit", money(size, &d.currency)),
        None if d.outcome_is_money => format!("{} of expected {}", money(size, &d.currency), d.outcome_name),
        None => format!("{} expected {}", number(size), d.outcome_name),
    };
    match limit.price {
        x if x > 0.0 => format!("{what}: one {unit} more would add {change}."),
        x if x < 0.0 => format!("{what}: one {unit} more would take {change}."),
        _ => format!("{what}: one {unit} more would change nothing."),
    }
}

/// Dependence and the worst shock in a few sentences, with the price of insurance.
pub(crate) fn stress(d: &ReportData, s: &Stress) -> String {
    let whose = match &s.plan {
        None => "last year's split of the budget".to_owned(),
        Some(file) => format!("the plan {}", short(file)),
    };
    let mut text = format!("Looked at: {whose}, {} to {}.", date(&s.starts), date(&s.ends));
    if let Some(worst) = s.shocks.first() {
        text += &format!(
            " The worst single shock is “{}” on {}: if it strikes, {}. {}.",
            short(&worst.shock),
            short(&worst.platform),
            change_words(d, worst),
            begins(worst.per_year)
        );
    }
    if let (Some(profit), Some(edge)) = (&s.profit, s.var10) {
        text += &format!(
            " Over all scenarios, one time in ten profit is below {}, and then {} on average.",
            money(edge, &d.currency),
            money(profit.cvar10, &d.currency)
        );
    }
    text
}

fn change_words(d: &ReportData, s: &Shock) -> String {
    match &s.profit_change {
        Some(x) => format!("profit changes by {}", money_interval(&x.interval(), &d.currency)),
        None => format!("{} changes by {}", d.outcome_name, outcome_interval(d, &s.outcome_change.interval())),
    }
}

fn begins(per_year: f64) -> String {
    format!("Assumed chance that it begins within a year: {}", percent(per_year))
}

/// What hangs on which platform, and how many independent bets that is worth.
pub(crate) fn dependence(s: &Stress) -> String {
    let Some(first) = s.dependence.first() else {
        return "No driver is on a platform that is named.".to_owned();
    };
    let share =
        crate::data::Interval { mean: first.share_mean, q05: first.share_q05, q50: f64::NAN, q95: first.share_q95 };
    format!(
        "{} carries {} of what all drivers bring. All together are worth {} independent bets of equal size.",
        short(&first.platform),
        percent_interval(&share),
        number_interval(&s.effective_bets.interval())
    )
}

/// The tornado: how many shocks hurt, and how much hangs on assumptions.
pub(crate) fn shocks(d: &ReportData, s: &Stress) -> String {
    let hurt = s.shocks.iter().filter(|x| x.change().q95 < 0.0).count();
    let what = if s.profit.is_some() { "profit" } else { d.outcome_name.as_str() };
    format!(
        "{hurt} of {} would lower {what} with over 95% certainty. How far reach falls and how often is assumed, not measured on your data.",
        plural(s.shocks.len(), "shock")
    )
}

/// The price of a better worst tenth, or that there is none to be had.
pub(crate) fn insurance(d: &ReportData, s: &Stress) -> Option<String> {
    let steps: Vec<(&Insurance, f64)> = s.insurance.iter().filter_map(|i| i.price.map(|p| (i, p))).collect();
    let unit = money(1.0, &d.currency);
    Some(match steps.as_slice() {
        [] if s.insurance.is_empty() => return None,
        [] => "Insurance: no other split of the same money makes the worst tenth better.".to_owned(),
        [(only, price)] => format!(
            "Insurance: each {unit} gained in the worst tenth costs {} of expected profit ({} in all).",
            money(price.max(0.0), &d.currency),
            money(only.profit_given_up, &d.currency)
        ),
        [(first, low), .., (last, high)] => format!(
            "Insurance: the first {} gained in the worst tenth cost {} of expected profit for each {unit}; going all the way, {} gained cost {} for each {unit}.",
            money(first.worst_tenth_gained, &d.currency),
            money(low.max(0.0), &d.currency),
            money(last.worst_tenth_gained, &d.currency),
            money(high.max(0.0), &d.currency)
        ),
    })
}
