//! `counterpoint experiment read`: what an experiment did.

use super::args::{ErrorsArg, MethodArg, ReadArgs};
use super::panel::{Loaded, More, complete, fail, load};
use super::{dose, refused, result, words};
use crate::exit::Exit;
use crate::terminal::Terminal;
use counterpoint::finding::{Finding, Severity, any_fail};
use counterpoint_experiment::{CovariateUse, Draws, Errors, Method, Settings, read};

/// Runs the command.
pub(super) fn run(args: &ReadArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let more = More {
        covariates: &args.covariates,
        spend: args.spend.as_deref(),
        treatment: args.treatment.as_deref(),
        dose: args.dose.dose.as_deref(),
        population: args.dose.population.as_deref(),
    };
    let mut loaded = match load(&args.panel, more) {
        Ok(loaded) => loaded,
        Err(findings) => return Ok(refused(&findings, terminal)),
    };
    let mut findings = Vec::new();
    let excluded = loaded.units(&args.exclude, &mut findings);
    loaded.select(&(0..loaded.panel.units.len()).filter(|i| !excluded.contains(i)).collect::<Vec<_>>());
    unlike_doses(args, &mut findings);
    let start = windows(args, &mut loaded, &mut findings);
    if any_fail(&findings) {
        return Ok(refused(&findings, terminal));
    }
    complete(&mut loaded, &mut findings);
    if let Some(start) = start.filter(|_| args.dose.given()) {
        by_dose(args, &mut loaded, start, &mut findings);
    }
    if any_fail(&findings) {
        return Ok(refused(&findings, terminal));
    }
    let settings = settings(args, &loaded);
    let found = match read(&loaded.panel, &settings) {
        Ok(found) => found,
        Err(error) => {
            findings.push(words::error(&error, &loaded, settings.method));
            return Ok(refused(&findings, terminal));
        }
    };
    findings.extend(found.notes.iter().map(|note| words::note(note, &found).at_file(&loaded.file)));
    let cost = args.cost.or_else(|| more_spent(&loaded, &mut findings));
    let written = match &args.out {
        None => None,
        Some(file) => match result::write(file, args, &loaded, &found)? {
            Ok(()) => Some(file),
            Err(more) => {
                findings.extend(more);
                return Ok(refused(&findings, terminal));
            }
        },
    };
    terminal.say(&words::answer(&found, &loaded, cost));
    terminal.say("");
    terminal.table(&words::table(&found, cost));
    words::details(&found, &loaded).iter().for_each(|line| terminal.say(line));
    terminal.say("");
    terminal.findings(&findings);
    if let Some(file) = written {
        terminal.say(&format!("Written: {}", file.display()));
    }
    terminal.object(&result::json(&found, &loaded, cost, &findings));
    Ok(Exit::Done)
}

/// What the treated units spent from their start on beyond their mean before; below zero where spend was cut.
fn more_spent(loaded: &Loaded, findings: &mut Vec<Finding>) -> Option<f64> {
    let (panel, spend) = (&loaded.panel, loaded.panel.spend.as_ref()?);
    let of = |i: usize, start: usize| {
        let row = spend.row(i);
        let before = row[..start].iter().sum::<f64>() / start as f64;
        row[start..panel.end].iter().map(|x| x - before).sum::<f64>()
    };
    let cost: f64 = (0..panel.units.len()).filter_map(|i| Some(of(i, panel.adoption[i]?))).sum();
    if cost == 0.0 {
        let found = "the treated units spent what they spent before";
        let mend = "name the column of the spend that was changed, or give --cost";
        findings
            .push(Finding::new(Severity::Review, "no-cost", found, "spend that changed", mend).at_file(&loaded.file));
        return None;
    }
    Some(cost)
}

fn settings(args: &ReadArgs, loaded: &Loaded) -> Settings {
    let staggered = loaded.panel.cohorts().len() > 1;
    let method = match args.method {
        Some(method) => method.method(),
        None if args.dose.given() => Method::Dose,
        None if staggered => Method::Sdid,
        None => Method::Ascm,
    };
    Settings {
        method,
        level: args.level,
        fixed_effects: !args.no_fixed_effects,
        errors: match (args.errors, method) {
            (Some(ErrorsArg::Independent), _) | (None, Method::Bsts) => Errors::Independent,
            (Some(ErrorsArg::Autocorrelated), _) | (None, _) => Errors::Autocorrelated,
        },
        covariates: if args.residualise { CovariateUse::Residualise } else { CovariateUse::Match },
        draws: Draws { seed: args.seed, ..Draws::default() },
    }
}

/// Says where doses and another method, or their method and no dose, are asked for.
fn unlike_doses(args: &ReadArgs, findings: &mut Vec<Finding>) {
    let method = args.method.map(MethodArg::method);
    match method {
        Some(Method::Dose) if !args.dose.given() => {
            let mend = "name the table of creators with --audience, or the column of doses with --dose";
            findings.push(fail("no-dose", "--method dose without doses", "a dose of every unit", mend));
        }
        Some(method) if method != Method::Dose && args.dose.given() => {
            let found = format!("doses with --method {}", method.name());
            findings.push(fail("no-dose", found, "the method that reads doses", "leave --method out"));
        }
        _ => {}
    }
    if args.dose.given() && !args.covariates.is_empty() {
        let mend = "leave --covariates out: each unit's own trend is taken off already";
        findings.push(fail("no-dose", "doses with --covariates", "doses alone", mend));
    }
}

/// Gives every unit its dose, and treats all from `start` on.
fn by_dose(args: &ReadArgs, loaded: &mut Loaded, start: usize, findings: &mut Vec<Finding>) {
    let found = dose::candidates(&args.dose, loaded, start, findings);
    let named = args.dose.creators.iter().any(|name| !name.trim().is_empty());
    if let Some(file) = args.dose.audience.as_ref().filter(|_| !named && found.len() != 1 && !any_fail(findings)) {
        let what = format!("{} creators with an audience, and nobody named", found.len());
        let mend = "name them with --creators, separated by commas";
        findings.push(fail("no-dose", what, "who posted in the test", mend).at_file(file.to_string_lossy()));
    }
    let units = loaded.panel.units.len();
    loaded.panel.dose = Some((0..units).map(|i| found.iter().map(|c| c.dose[i]).sum()).collect());
    loaded.dose_of = found.into_iter().map(|c| c.name).collect();
    let all: Vec<usize> = (0..units).collect();
    loaded.panel = loaded.panel.clone().treat(&all, start, loaded.panel.test_end, args.cooldown);
}

/// Says who is treated, and when; by dose only when, which is the period that comes back.
fn windows(args: &ReadArgs, loaded: &mut Loaded, findings: &mut Vec<Finding>) -> Option<usize> {
    match loaded.treatment.clone() {
        Some(treatment) => {
            by_column(args, loaded, &treatment, findings);
            None
        }
        None => by_flags(args, loaded, findings),
    }
}

fn by_flags(args: &ReadArgs, loaded: &mut Loaded, findings: &mut Vec<Finding>) -> Option<usize> {
    let mut treated = loaded.units(&args.treated, findings);
    if args.treated.is_empty() && loaded.panel.units.len() == 1 && !args.dose.given() {
        treated = vec![0];
    }
    if treated.is_empty() && !args.dose.given() && !any_fail(findings) {
        let mend = "name the treated units with --treated, or the column that says so with --treatment";
        findings.push(fail("no-treated", "no treated unit", "at least one treated unit", mend));
    }
    let Some(start) = &args.start else {
        let mend = "give the first period of the test with --start, or name a column with --treatment";
        findings.push(fail("no-start", "no start of the test", "--start or --treatment", mend));
        return None;
    };
    let start_key = loaded.key(start, "--start", findings);
    let end_key = match &args.end {
        Some(end) => loaded.key(end, "--end", findings),
        None => loaded.keys.last().copied(),
    };
    let (start_key, end_key) = start_key.zip(end_key)?;
    let from = loaded.keys.partition_point(|k| *k < start_key);
    let to = loaded.keys.partition_point(|k| *k <= end_key);
    if from >= to || from == 0 {
        let (first, last) = (loaded.panel.times.first(), loaded.panel.times.last());
        let range = first.zip(last).map_or_else(String::new, |(a, b)| format!("{a} to {b}"));
        let end = args.end.as_deref().unwrap_or("the last period");
        findings.push(
            fail(
                "empty-window",
                format!("a test from {start} to {end}, of periods from {range}"),
                "a test with periods in it and before it",
                "correct --start and --end, or add the missing periods to the table",
            )
            .at_file(&loaded.file),
        );
        return None;
    }
    loaded.panel = loaded.panel.clone().treat(&treated, from, to, args.cooldown);
    Some(from)
}

fn by_column(
    args: &ReadArgs,
    loaded: &mut Loaded,
    treatment: &counterpoint_experiment::Matrix,
    findings: &mut Vec<Finding>,
) {
    let periods = loaded.panel.times.len();
    let spans: Vec<Option<(usize, usize)>> = (0..treatment.rows())
        .map(|i| {
            let on: Vec<usize> = (0..periods).filter(|&t| treatment[(i, t)] == 1.0).collect();
            on.first().copied().zip(on.last().map(|t| t + 1))
        })
        .collect();
    let ends: Vec<usize> = spans.iter().flatten().map(|(_, end)| *end).collect();
    let Some(&end) = ends.iter().max() else {
        let mend = "write 1 where a unit is treated, or name the treated units with --treated and --start";
        findings.push(fail("no-treated", "a column of zeros", "a 1 somewhere", mend).at_file(&loaded.file));
        return;
    };
    for (i, span) in spans.iter().enumerate() {
        let Some((from, to)) = *span else { continue };
        let column = args.treatment.clone().unwrap_or_default();
        let name = &loaded.panel.units[i];
        let gap = (from..to).find(|&t| treatment[(i, t)] != 1.0).or((to < end).then_some(to));
        if let Some(t) = gap {
            let found =
                format!("{name} is treated from {} and not in {}", loaded.panel.times[from], loaded.panel.times[t]);
            let expected = "units that stay treated to the end of the test, the same for all";
            let mend = "cut the table after the first treatment ends, and leave out units that stop earlier";
            findings.push(fail("treatment-stops", found, expected, mend).at_file(&loaded.file).at_column(column));
        } else if from == 0 {
            let found = format!("{name} is treated in every period");
            let mend = "add periods before the treatment, or take the unit out";
            findings.push(
                fail("empty-window", found, "periods before the treatment", mend)
                    .at_file(&loaded.file)
                    .at_column(column),
            );
        }
    }
    loaded.panel = loaded.panel.clone().treat(&[], 0, end, args.cooldown);
    loaded.panel.adoption = spans.iter().map(|s| s.map(|(from, _)| from)).collect();
}
