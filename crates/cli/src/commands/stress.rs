//! `counterpoint stress`: what a platform's fall would cost.

use crate::args::StressArgs;
use crate::commands::plan::refused;
use crate::exit::Exit;
use crate::planning::{Anew, Fault, Insurance, Planning, json, paths, text};
use crate::run_page;
use crate::terminal::Terminal;
use counterpoint_plan::judge::{Paths, judge};
use counterpoint_plan::plan::{Plan, Planner};
use counterpoint_plan::stress::{named, stress, struck};
use counterpoint_report::Status;
use counterpoint_sources::write_file;
use serde_json::{Value, json};

/// Runs the command.
pub(crate) fn run(args: &StressArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let (exit, object) = make(args, terminal)?;
    terminal.object(&object);
    Ok(exit)
}

fn make(args: &StressArgs, terminal: &Terminal) -> anyhow::Result<(Exit, Value)> {
    let planning = match Planning::open(&args.run, &args.asked)? {
        Ok(planning) => planning,
        Err(fault) => return Ok(refused(fault, terminal, "answer")),
    };
    terminal.findings(&planning.findings);
    if planning.verdict.status != Status::Ok {
        terminal.verdict(planning.verdict.status, &planning.verdict.reasons);
    }
    let ground = &planning.ground;
    let mut planner = Planner::new(ground, &planning.worlds, planning.threads);
    let own = match &args.plan {
        None => Paths::last_year(ground, planner.last_money()),
        Some(file) => match paths(file, ground) {
            Ok(own) => own,
            Err(fault) => return Ok(refused(fault, terminal, "answer")),
        },
    };
    let together: Vec<_> = args.together.iter().chain(&args.strike).map(|events| events.0.clone()).collect();
    let alone = match struck(ground, &planning.shocks, &together, &own, planning.threads) {
        Ok(alone) => alone,
        Err(words) => return Ok(refused(Fault::Words(words), terminal, "answer")),
    };
    // What strikes today was read last.
    let today = args.strike.as_ref().and_then(|_| together.last()).map(|own| named(ground, &planning.shocks, own));
    let today = match today.transpose() {
        Ok(today) => today,
        Err(words) => return Ok(refused(Fault::Words(words), terminal, "answer")),
    };
    let found = stress(ground, &planning.worlds, alone, &own, planning.threads);
    // Without profit there is nothing to insure.
    let best = (ground.has_profit || today.is_some()).then(|| {
        terminal.stage("Looking for the best plan, and for what insurance costs");
        planner.plan(&planning.spec)
    });
    let insurance = match &best {
        Some(Ok(best)) => insurance(&planning, &planner, best),
        _ => Vec::new(),
    };
    let becomes = match today.zip(best) {
        None => None,
        Some(((world, strikes), best)) => {
            terminal.stage("Looking for the plan after it");
            let worlds = [world];
            let mut after = Planner::new(ground, &worlds, planning.threads);
            after.begin_with(&planner);
            match (after.plan(&planning.spec), best) {
                (Ok(anew), Ok(before)) => {
                    let kept = judge(ground, &worlds, &before.paths, planning.threads);
                    Some(Anew { strikes, anew, before, kept })
                }
                (Err(clash), _) | (_, Err(clash)) => return Ok(refused(Fault::Words(clash.0), terminal, "plan")),
            }
        }
    };
    let told = becomes.as_ref().map(|own| json::anew(&planning, own));
    let file = args.out.clone().unwrap_or_else(|| args.run.join("stress.json"));
    let mut object = json::stress(&planning, &found, &insurance, told.as_ref());
    object["run"] = json!(args.run);
    object["plan"] = json!(args.plan.as_ref().and_then(|f| f.file_name()).map(|f| f.to_string_lossy()));
    object["files"] = json!([file]);
    write_file(&file, format!("{object:#}\n").as_bytes())?;

    text::stress(&planning, &found).iter().for_each(|l| terminal.say(l));
    terminal.say("");
    for table in text::stress_tables(&planning, &found) {
        terminal.table(&table);
    }
    if let Some(line) = text::insurance(&planning, &insurance) {
        terminal.say(&line);
        terminal.say("");
    }
    if let Some(own) = &becomes {
        terminal.say(&text::anew(&planning, own));
        terminal.say("");
        terminal.table(&text::anew_table(&planning, own));
    }
    terminal.say(&format!("Written: {}", file.display()));
    if let Some(page) = run_page::renew(&args.run, &file, terminal) {
        object["report"] = json!(page);
    }
    Ok((if planning.failed() { Exit::Fault } else { Exit::Done }, object))
}

/// What it costs in expected profit to raise the worst tenth by one unit of money, along the frontier at the best plan's money.
fn insurance(planning: &Planning, planner: &Planner<'_>, best: &Plan) -> Vec<Insurance> {
    if !planning.ground.has_profit {
        return Vec::new();
    }
    let points = planner.frontier(&planning.spec, best.money).unwrap_or_default();
    let Some(first) = points.first() else { return Vec::new() };
    let one = |p: &counterpoint_plan::plan::Point| {
        let (given, gained) = (first.profit.mean - p.profit.mean, p.profit.cvar10 - first.profit.cvar10);
        let price = (gained > 1e-9 * first.profit.cvar10.abs()).then(|| given / gained);
        Insurance { risk: p.risk, profit_given_up: given, worst_tenth_gained: gained, price }
    };
    points.iter().skip(1).map(one).collect()
}
