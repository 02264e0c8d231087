//! `counterpoint experiment design`: which units to treat, for how long, and what could be found.

use super::args::{DesignArgs, KindArg};
use super::panel::{Loaded, More, complete, fail, load};
use super::{dose, refused, words};
use crate::exit::Exit;
use crate::table::{Line, table};
use crate::terminal::{Terminal, plain, short};
use counterpoint::finding::{Finding, Severity, any_fail};
use counterpoint_experiment::{Kind, Method, PanelError, Plan, Question, Settings, Staggered, design};
use counterpoint_report::numbers::{number, percent};
use counterpoint_report::sentences::plural;
use serde_json::{Value, json};

/// Effects to try where nobody is untouched, shares of the outcome of all units: what creators bring is smaller than what a treated region gains.
const EFFECTS: [f64; 12] = [0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.10, 0.15, 0.20, 0.30];

/// Runs the command.
pub(super) fn run(args: &DesignArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let more = More {
        spend: args.spend.as_deref(),
        dose: args.dose.dose.as_deref(),
        population: args.dose.population.as_deref(),
        ..More::default()
    };
    let mut loaded = match load(&args.panel, more) {
        Ok(loaded) => loaded,
        Err(findings) => return Ok(refused(&findings, terminal)),
    };
    let mut findings = Vec::new();
    if args.dose.given() {
        let out = loaded.units(&args.exclude, &mut findings);
        loaded.select(&(0..loaded.panel.units.len()).filter(|i| !out.contains(i)).collect::<Vec<_>>());
    }
    complete(&mut loaded, &mut findings);
    let question = question(args, &mut loaded, &mut findings);
    if args.budget.is_some() && args.cpic.is_none() && args.spend.is_none() {
        let mend = "say what one more unit of the outcome costs with --cpic, or name the column of spend with --spend";
        findings.push(fail("budget-without-cost", "--budget without a cost", "a cost of each plan", mend));
    }
    match question.settings.method {
        Method::Bsts => {
            let mend = "use --method ascm, scm, sdid or tbr";
            findings.push(fail("no-design", "--method bsts", "a method that compares units", mend));
        }
        Method::Sdid if !args.dose.given() => {}
        method if args.dose.given() != (method == Method::Dose) => {
            let found =
                format!("--method {} {} doses", method.name(), if args.dose.given() { "with" } else { "without" });
            let mend = "leave --method out, or give doses with --audience or --dose";
            findings.push(fail("no-dose", found, "doses, and the method that reads them", mend));
        }
        Method::Dose if args.kind == KindArg::Holdout => {
            let mend = "use --kind heavy-up (more posts) or go-dark (a pause)";
            findings.push(fail("no-design", "--kind holdout with doses", "a change that reaches every unit", mend));
        }
        method if args.staggered.is_some() => {
            let found = format!("--staggered with --method {}", method.name());
            findings.push(fail("no-design", found, "a method for different starts", "use --method sdid"));
        }
        _ => {}
    }
    if any_fail(&findings) {
        return Ok(refused(&findings, terminal));
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plans = match design(&loaded.panel, &question, threads) {
        Ok(plans) => plans,
        Err(error) => {
            findings.push(cannot(&error, args, &loaded));
            return Ok(refused(&findings, terminal));
        }
    };
    let tried = plans.len();
    let windows: usize = plans.iter().map(|p| p.windows).sum();
    let alarms = plans.iter().map(|p| p.false_alarms * p.windows as f64).sum::<f64>() / windows as f64;
    let affordable = |p: &Plan| args.budget.is_none_or(|b| cost(args, p).is_none_or(|c| c <= b));
    let plans: Vec<Plan> = plans.into_iter().filter(affordable).collect();
    findings.extend(notes(&plans, tried, args, &question, alarms).into_iter().map(|f| f.at_file(&loaded.file)));
    terminal.say(&answer(&plans, &loaded, args));
    terminal.say("");
    if !plans.is_empty() {
        terminal.table(&lines(&plans, &loaded, args));
    }
    if let Some(plan) = plans.first().filter(|_| args.staggered.is_some()) {
        terminal.table(&schedule(plan, &loaded));
    }
    terminal.say(&format!(
        "{} tried, each on windows of the past. Without an effect, {} of the windows were called significant (at most {} is meant).",
        plural(tried, "plan"),
        percent(alarms),
        percent(1.0 - args.level)
    ));
    terminal.say("");
    terminal.findings(&findings);
    terminal.object(&json!({
        "ok": true,
        "method": question.settings.method.name(),
        "level": args.level,
        "power": args.power,
        "kind": kind_name(args.kind),
        "tried": tried,
        "false_alarms": alarms,
        "plans": plans.iter().map(|p| plan_json(p, &loaded, args, &question)).collect::<Vec<_>>(),
        "findings": findings,
    }));
    Ok(Exit::Done)
}

/// How it will be read.
fn method(args: &DesignArgs) -> Method {
    match args.method {
        Some(method) => method.method(),
        None if args.dose.given() => Method::Dose,
        None if args.staggered.is_some() => Method::Sdid,
        None => Method::Ascm,
    }
}

fn question(args: &DesignArgs, loaded: &mut Loaded, findings: &mut Vec<Finding>) -> Question {
    let mut effects = args.effects.clone();
    effects.sort_by(f64::total_cmp);
    effects.dedup();
    let treated = loaded.units(&args.treated, findings);
    let mut defaults = Question::default();
    if args.dose.given() {
        (defaults.sizes, defaults.effects) = (vec![1], EFFECTS.to_vec());
        let found = dose::candidates(&args.dose, loaded, loaded.panel.times.len(), findings);
        (loaded.dose_of, defaults.doses) = found.into_iter().map(|c| (c.name, c.dose)).unzip();
        if defaults.doses.is_empty() && !any_fail(findings) {
            let mend = "fill in followers and shares of the audience";
            findings.push(fail("no-dose", "no creator with an audience in these units", "at least one", mend));
        }
    }
    let question = Question {
        sizes: args.size.as_ref().map_or(defaults.sizes, |s| s.0.clone()),
        durations: args.duration.clone(),
        effects: if effects.is_empty() { defaults.effects } else { effects },
        kind: match args.kind {
            KindArg::HeavyUp => Kind::HeavyUp,
            KindArg::GoDark => Kind::GoDark,
            KindArg::Holdout => Kind::Holdout,
        },
        include: loaded.units(&args.include, findings),
        exclude: if args.dose.given() { Vec::new() } else { loaded.units(&args.exclude, findings) },
        treated: (!args.treated.is_empty()).then_some(treated),
        windows: usize::from(args.windows),
        power: args.power,
        staggered: args.staggered.map(|n| Staggered { starts: usize::from(n), seed: args.seed }),
        doses: defaults.doses,
        settings: Settings { method: method(args), level: args.level, ..defaults.settings },
    };
    if question.include.iter().any(|i| question.exclude.contains(i)) {
        let mend = "take it out of --include or of --exclude";
        findings.push(fail("unknown-unit", "a unit that must and must not be treated", "one of the two", mend));
    }
    if question.kind != Kind::HeavyUp && question.effects.iter().any(|e| *e >= 1.0) {
        let mend = "give effects as shares, such as 0.05 for 5 %";
        findings.push(fail("effect-range", "a fall by 100 % or more", "effects below 1", mend).at_column("--effects"));
    }
    question
}

/// Why there is no plan.
fn cannot(error: &PanelError, args: &DesignArgs, loaded: &Loaded) -> Finding {
    let sizes = args.size.as_ref().map_or_else(|| "that size".to_owned(), |s| format!("{:?}", s.0));
    let of = match loaded.dose_of.len() {
        0 => plural(loaded.panel.units.len(), "unit"),
        n => plural(n, "creator"),
    };
    match error {
        PanelError::NoTreated => fail(
            "no-plan",
            format!("no set of {sizes} of {of} that holds what --include asks for"),
            "at least one set to try",
            "ask for larger sets with --size, or for fewer units with --include",
        )
        .at_file(&loaded.file),
        PanelError::TooFewBefore { found, needed } => fail(
            "too-few-periods",
            format!("{found} periods before the last window of the past"),
            format!("at least {needed} for a test of {:?} periods", args.duration),
            "add earlier periods, or ask for a shorter test with --duration",
        )
        .at_file(&loaded.file),
        other => words::error(other, loaded, method(args)),
    }
}

/// What the smallest detectable effect means in the outcome's unit, over the test.
fn effect_in_units(plan: &Plan) -> Option<f64> {
    plan.detectable.map(|e| e * plan.outcome)
}

/// A share as percent with at most one decimal: `12.5%`.
fn tenths(share: f64) -> String {
    format!("{}%", (1000.0 * share).round() / 10.0)
}

/// What a plan costs in money: what the detectable effect costs, or what is spent there.
fn cost(args: &DesignArgs, plan: &Plan) -> Option<f64> {
    match args.cpic {
        Some(cpic) => effect_in_units(plan).map(|e| e * cpic),
        None => plan.spend,
    }
}

fn notes(plans: &[Plan], tried: usize, args: &DesignArgs, question: &Question, alarms: f64) -> Vec<Finding> {
    let mut out = Vec::new();
    if let Some(budget) = args.budget.filter(|_| plans.len() < tried) {
        let found = format!("{} of {tried} plans cost more than {}", tried - plans.len(), number(budget));
        let mend = "raise --budget to see them";
        out.push(Finding::new(Severity::Info, "over-budget", found, "plans within the budget", mend));
    }
    if tried > 1 {
        out.push(Finding::new(
            Severity::Info,
            "best-of-many",
            format!("the best of {tried} plans by the windows that they were tried on"),
            "a power that was not also used to choose",
            if args.dose.given() {
                "expect somewhat less power than is shown; try the chosen creators alone on more windows with --creators and --windows"
            } else {
                "expect somewhat less power than is shown; try the chosen units alone on more windows with --treated and --windows"
            },
        ));
    }
    let largest = question.effects.last().copied().unwrap_or(0.0);
    if !plans.is_empty() && plans.iter().all(|p| p.detectable.is_none()) {
        out.push(Finding::new(
            Severity::Review,
            "nothing-detectable",
            format!("no plan finds an effect of up to {} with a power of {}", percent(largest), percent(args.power)),
            "an effect that the test can find",
            if args.dose.given() {
                "test for longer, or with creators whose audience is spread less evenly; else draw their times instead (--staggered)"
            } else {
                "test for longer, in more or larger units, or take a lower --level"
            },
        ));
    }
    if alarms > 1.5 * (1.0 - args.level) {
        out.push(Finding::new(
            Severity::Review,
            "false-alarms",
            format!("{} of windows without an effect were called significant", percent(alarms)),
            format!("at most {}", percent(1.0 - args.level)),
            "something happened in the past that the controls did not share; leave such periods or units out, or use a higher --level",
        ));
    }
    out
}

fn kind_name(kind: KindArg) -> &'static str {
    match kind {
        KindArg::HeavyUp => "heavy-up",
        KindArg::GoDark => "go-dark",
        KindArg::Holdout => "holdout",
    }
}

/// The units to treat, or whose doses are read.
fn unit_names(plan: &Plan, loaded: &Loaded) -> Vec<String> {
    if !loaded.dose_of.is_empty() {
        return plan.units.iter().map(|&k| loaded.dose_of[k].clone()).collect();
    }
    plan.units.iter().map(|&i| loaded.panel.units[i].clone()).collect()
}

/// Power at the smallest detectable effect.
fn power_at(plan: &Plan, args: &DesignArgs, question_effects: &[f64]) -> Option<f64> {
    let at = question_effects.iter().position(|e| Some(*e) == plan.detectable)?;
    plan.power.get(at).copied().filter(|p| *p >= args.power)
}

fn answer(plans: &[Plan], loaded: &Loaded, args: &DesignArgs) -> String {
    let Some(best) = plans.first() else {
        return "No plan is within the budget.".to_owned();
    };
    let names = words::names(&unit_names(best, loaded));
    let outcome = plain(&loaded.columns.1);
    let verb = match args.kind {
        KindArg::HeavyUp => "Spend more in",
        KindArg::GoDark => "Go dark in",
        KindArg::Holdout => "Hold out",
    };
    let Some(effect) = best.detectable else {
        return format!(
            "No effect that was tried can be found reliably. Of all plans, {names} for {} periods comes nearest.",
            best.duration
        );
    };
    let way = if args.kind == KindArg::HeavyUp { "rise" } else { "fall" };
    let (days, effect, power) = (best.duration, tenths(effect), percent(args.power));
    let mut out = if args.dose.given() {
        format!(
            "By the dose of {names}, a {way} of {outcome} by {effect} or more over all units would be found in {days} periods with a power of {power} or more."
        )
    } else {
        format!(
            "{verb} {names} for {days} periods: a {way} of {outcome} by {effect} or more would be found with a power of {power} or more."
        )
    };
    let units = effect_in_units(best).unwrap_or(f64::NAN);
    out += &match args.kind {
        KindArg::HeavyUp => format!(" That is {} {outcome} more", number(units)),
        _ => format!(" That is {} {outcome} foregone", number(units)),
    };
    out += &match (args.cpic, best.spend) {
        (Some(cpic), _) => format!(", {} at {} each.", number(units * cpic), number(cpic)),
        (None, Some(spend)) if args.kind == KindArg::GoDark => format!("; {} of spend is saved.", number(spend)),
        (None, Some(spend)) => format!("; {} is spent there now.", number(spend)),
        (None, None) => ".".to_owned(),
    };
    out
}

/// A row a plan.
fn lines(plans: &[Plan], loaded: &Loaded, args: &DesignArgs) -> Vec<String> {
    let money = args.cpic.is_some() || args.spend.is_some();
    let by_dose = args.dose.given();
    let mut head =
        vec!["rank", if by_dose { "dose of" } else { "treat" }, "periods", "detectable", "false alarms", "noise"];
    head.extend(if by_dose { &["spread"][..] } else { &["fit", "share"] });
    head.push("effect");
    if money {
        head.push("cost");
    }
    let head: Vec<String> = head.into_iter().map(str::to_owned).collect();
    let none = || "-".to_owned();
    let row = |p: &Plan| {
        let mut cells = vec![
            p.rank.to_string(),
            words::names(&unit_names(p, loaded)),
            p.duration.to_string(),
            p.detectable.map_or_else(none, tenths),
            percent(p.false_alarms),
            percent(p.noise),
        ];
        match p.spread {
            Some(spread) => cells.push(number(spread)),
            None => {
                cells.push(if p.scaled_l2.is_finite() { percent(p.scaled_l2) } else { none() });
                cells.push(percent(p.share));
            }
        }
        cells.push(effect_in_units(p).map_or_else(none, number));
        if money {
            cells.push(cost(args, p).map_or_else(none, number));
        }
        Line { cells, note: String::new() }
    };
    table(&head, 2, &plans.iter().take(args.top.max(1)).map(row).collect::<Vec<_>>())
}

/// Who starts when, of the best plan.
fn schedule(plan: &Plan, loaded: &Loaded) -> Vec<String> {
    let mut order: Vec<usize> = (0..plan.units.len()).collect();
    order.sort_by_key(|&k| (plan.offsets[k], plan.units[k]));
    let names = unit_names(plan, loaded);
    let row = |k: usize| Line { cells: vec![short(&names[k]), (plan.offsets[k] + 1).to_string()], note: String::new() };
    let head = ["starts drawn at random", "in period of the test"].map(str::to_owned);
    table(&head, 1, &order.into_iter().map(row).collect::<Vec<_>>())
}

fn plan_json(plan: &Plan, loaded: &Loaded, args: &DesignArgs, question: &Question) -> Value {
    let finite = |x: f64| x.is_finite().then_some(x);
    let power = question.effects.iter().zip(&plan.power).map(|(e, p)| json!({ "effect": e, "power": p }));
    json!({
        "rank": plan.rank,
        "units": (!args.dose.given()).then(|| unit_names(plan, loaded)),
        "dose_of": args.dose.given().then(|| unit_names(plan, loaded)),
        "spread": plan.spread,
        "duration": plan.duration,
        "schedule": args.staggered.map(|_| {
            let start = |(unit, offset): (String, &usize)| json!({ "unit": unit, "start_period": offset + 1 });
            unit_names(plan, loaded).into_iter().zip(&plan.offsets).map(start).collect::<Vec<_>>()
        }),
        "mde": plan.detectable,
        "mde_power": power_at(plan, args, &question.effects),
        "power": power.collect::<Vec<_>>(),
        "false_alarms": plan.false_alarms,
        "windows": plan.windows,
        "bias": plan.bias,
        "noise": finite(plan.noise),
        "scaled_l2": finite(plan.scaled_l2),
        "outcome": plan.outcome,
        "effect_in_units": effect_in_units(plan),
        "share": plan.share,
        "correlation": plan.correlation,
        "spend": plan.spend,
        "cost": cost(args, plan),
    })
}
