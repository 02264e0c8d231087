//! `counterpoint plan`: the next budget.

use crate::args::PlanArgs;
use crate::exit::Exit;
use crate::planning::{Fault, Planning, json, paths, text};
use crate::run_page;
use crate::terminal::Terminal;
use counterpoint_plan::learn::learn;
use counterpoint_plan::plan::{Planner, Point};
use counterpoint_report::Status;
use counterpoint_sources::{write_csv, write_file};
use serde_json::{Value, json};

/// Runs the command.
pub(crate) fn run(args: &PlanArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let (exit, object) = make(args, terminal)?;
    terminal.object(&object);
    Ok(exit)
}

/// Makes, writes and shows the plan; what is to be printed as JSON comes back.
pub(crate) fn make(args: &PlanArgs, terminal: &Terminal) -> anyhow::Result<(Exit, Value)> {
    let planning = match Planning::open(&args.run, &args.asked)? {
        Ok(planning) => planning,
        Err(fault) => return Ok(refused(fault, terminal, "plan")),
    };
    terminal.findings(&planning.findings);
    if planning.verdict.status != Status::Ok {
        terminal.verdict(planning.verdict.status, &planning.verdict.reasons);
    }
    let mut planner = Planner::new(&planning.ground, &planning.worlds, planning.threads);
    let last_money = planner.last_money();
    terminal.stage("Looking for the plan");
    let plan = match &args.evaluate {
        Some(file) => match paths(file, &planning.ground) {
            Ok(own) => planner.evaluate(own),
            Err(fault) => return Ok(refused(fault, terminal, "plan")),
        },
        None => match planner.plan(&planning.spec) {
            Ok(plan) => plan,
            Err(clash) => return Ok(refused(Fault::Words(clash.0), terminal, "plan")),
        },
    };
    let wanted = args.evaluate.is_none() && !args.quick && planning.ground.has_profit;
    if wanted {
        terminal.stage("Looking for plans of other attitudes to risk, and for what a test would be worth");
    }
    let frontier: Vec<Point> =
        if wanted { planner.frontier(&planning.spec, plan.money).unwrap_or_default() } else { Vec::new() };
    let tests = match wanted {
        true => learn(&planner, &planning.spec, &plan, planning.project().sampler.seed).unwrap_or_default(),
        false => Vec::new(),
    };
    let csv = args
        .out
        .clone()
        .unwrap_or_else(|| args.run.join(if args.evaluate.is_some() { "plan-evaluated.csv" } else { "plan.csv" }));
    let file = csv.with_extension("json");
    let mut object = json::plan(&planning, &plan, &frontier, &tests, last_money);
    object["run"] = json!(args.run);
    object["verdict"] = json!({ "status": planning.verdict.status, "reasons": planning.verdict.reasons });
    if args.evaluate.is_some() {
        object["status"] = json!("evaluated");
    }
    object["files"] = json!([csv, file]);
    write_csv(&csv, &json::table(&planning, &plan))?;
    write_file(&file, format!("{object:#}\n").as_bytes())?;

    for line in text::answer(&planning, &plan, args.evaluate.is_some()) {
        terminal.say(&line);
    }
    terminal.say("");
    terminal.table(&text::drivers(&planning, &plan));
    if !plan.binding.is_empty() {
        terminal.say("What binds:");
        text::binding(&planning, &plan).iter().for_each(|l| terminal.say(l));
        terminal.say("");
    }
    if !frontier.is_empty() {
        terminal.table(&text::frontier(&planning, &frontier));
    }
    if !tests.is_empty() {
        terminal.table(&text::tests(&planning, &tests));
    }
    terminal.say(&format!("Written: {} and {}", csv.display(), file.display()));
    if let Some(page) = run_page::renew(&args.run, &file, terminal) {
        object["report"] = json!(page);
    }
    Ok((if planning.failed() { Exit::Fault } else { Exit::Done }, object))
}

/// Says what the user has to mend, and what there is not without it.
pub(crate) fn refused(fault: Fault, terminal: &Terminal, missing: &str) -> (Exit, Value) {
    match fault {
        Fault::Findings(findings) => {
            terminal.forbidden(&findings);
            terminal.say("Nothing was written: mend what is FAIL above.");
            (Exit::Fault, json!({ "ok": false, "status": "refused", "findings": findings }))
        }
        Fault::Words(words) => {
            terminal.say(&format!("There is no {missing}:"));
            words.iter().for_each(|w| terminal.say(&format!("  {}", crate::terminal::plain(w))));
            (Exit::Fault, json!({ "ok": false, "status": "infeasible", "clash": words }))
        }
    }
}
