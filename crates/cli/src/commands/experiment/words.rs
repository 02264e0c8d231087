//! A read-out in words.

use super::panel::{Loaded, fail, listed};
use super::result::roi;
use crate::table::{Line, table as lines};
use crate::terminal::{plain, short};
use counterpoint::finding::{Finding, Severity};
use counterpoint_experiment::{Effect, Method, Note, PanelError, ReadOut, normalised_doses};
use counterpoint_report::numbers::{number, percent};

/// Weights that are written out.
const WEIGHTS: usize = 8;

/// Names with an `and` or a count.
pub(super) fn names(units: &[String]) -> String {
    let units: Vec<String> = units.iter().map(|u| short(u)).collect();
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    match units.as_slice() {
        [a, b] => format!("{a} and {b}"),
        units => listed(units),
    }
}

/// The answer in a sentence or two.
pub(super) fn answer(found: &ReadOut, loaded: &Loaded, cost: Option<f64>) -> String {
    let panel = &loaded.panel;
    let treated: Vec<String> = panel.treated().into_iter().map(|i| panel.units[i].clone()).collect();
    let (outcome, level) = (plain(&loaded.columns.1), percent(found.level));
    let total = found.total();
    let verb = if total.value < 0.0 { "lost" } else { "gained" };
    let total = if total.value < 0.0 { Effect { value: -total.value, ..negated(&total) } } else { total };
    let window = match panel.cohorts().first() {
        Some((start, _)) if *start + 1 < panel.end => {
            format!("from {} to {}", panel.times[*start], panel.times[panel.end - 1])
        }
        _ => format!("in {}", panel.times[panel.end - 1]),
    };
    let lift = found.lift.map_or_else(String::new, |l| format!(", {} {}", percent(l.value), limits(&l, percent)));
    let who = match (&loaded.columns.0, loaded.dose_of.as_slice()) {
        (None, _) => format!("`{outcome}`"),
        (Some(_), []) => names(&treated),
        (Some(_), of) => format!("By the dose of {}, the {} units", names(of), treated.len()),
    };
    let what = if loaded.columns.0.is_none() { String::new() } else { format!(" {outcome}") };
    let mut out = format!(
        "{who} {verb} {}{what} {window} ({level} interval {}){lift}.",
        number(total.value),
        bracket(&total, number)
    );
    let sure =
        if found.p <= 1.0 - found.level { "is told apart from no effect" } else { "is not told apart from no effect" };
    out += &format!(" By {}, it {sure} (p = {}).", method(found.method), p_value(found.p));
    if let Some(roi) = roi(found, cost) {
        out += &format!(" A unit of cost brought {} {}.", number(roi.value), limits(&roi, number));
    }
    out
}

fn negated(x: &Effect) -> Effect {
    Effect { value: -x.value, low: x.high.map(|h| -h), high: x.low.map(|l| -l) }
}

/// A p value in two digits that matter.
fn p_value(p: f64) -> String {
    match p {
        p if p < 0.001 => "under 0.001".to_owned(),
        p if p < 0.0995 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Ascm => "a ridge-augmented synthetic control",
        Method::Scm => "a synthetic control",
        Method::Sdid => "synthetic difference-in-differences",
        Method::Tbr => "a regression on the control total",
        Method::Bsts => "a structural time series",
        Method::Dose => "a regression of the units' changes on their doses",
    }
}

/// `(2 to 5)`
fn limits(x: &Effect, text: impl Fn(f64) -> String) -> String {
    format!("({})", bracket(x, text))
}

/// `2 to 5`, with open sides said.
fn bracket(x: &Effect, text: impl Fn(f64) -> String) -> String {
    match (x.low, x.high) {
        (Some(low), Some(high)) => format!("{} to {}", text(low), text(high)),
        (Some(low), None) => format!("{} or more, unbounded above", text(low)),
        (None, Some(high)) => format!("{} or less, unbounded below", text(high)),
        (None, None) => "unbounded".to_owned(),
    }
}

/// The effect in its units, a row each.
pub(super) fn table(found: &ReadOut, cost: Option<f64>) -> Vec<String> {
    let level = percent(found.level);
    let head = ["effect", "estimate", &format!("low ({level})"), &format!("high ({level})")].map(str::to_owned);
    let row = |name: &str, x: Effect, text: &dyn Fn(f64) -> String| {
        let side = |v: Option<f64>| v.map_or_else(|| "unbounded".to_owned(), text);
        Line { cells: vec![name.to_owned(), text(x.value), side(x.low), side(x.high)], note: String::new() }
    };
    let mut rows = vec![row("by unit and period", found.att, &number), row("in all", found.total(), &number)];
    rows.extend(found.lift.map(|l| row("lift", l, &percent)));
    rows.extend(roi(found, cost).map(|r| row("by unit of cost", r, &number)));
    lines(&head, 1, &rows)
}

/// How it was found: fit, weights, placebos.
pub(super) fn details(found: &ReadOut, loaded: &Loaded) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(doses) = normalised_doses(&loaded.panel) {
        let mut all: Vec<(f64, &String)> = doses.into_iter().zip(&loaded.panel.units).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let (Some(low), Some(high)) = (all.first(), all.last()) {
            let told = |(dose, unit): &(f64, &String)| format!("{dose:.2} in {}", short(unit));
            out.push(format!("Doses: {} to {}, 1 in the mean of all.", told(low), told(high)));
        }
    }
    let fit = &found.pre_fit;
    let scaled = fit
        .scaled_l2
        .map_or_else(String::new, |s| format!(", {} of what the plain mean of the controls leaves", percent(s)));
    out.push(format!("Fit before the test: root of squared gaps {}{scaled}.", number(fit.l2)));
    let mut weights: Vec<&(String, f64)> = found.weights.iter().filter(|(_, w)| w.abs() > 5e-4).collect();
    weights.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    if !weights.is_empty() && found.slopes.is_empty() {
        let told: Vec<String> =
            weights.iter().take(WEIGHTS).map(|(unit, w)| format!("{} {w:.3}", short(unit))).collect();
        let more = weights.len().saturating_sub(WEIGHTS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.push(format!("Weights: {}{more}.", told.join(", ")));
    }
    let slopes: Vec<String> = found
        .slopes
        .iter()
        .filter(|(_, _, included)| included.is_none_or(|i| i > 0.05))
        .take(WEIGHTS)
        .map(|(name, slope, included)| {
            let often = included.map_or_else(String::new, |i| format!(" (in {} of draws)", percent(i)));
            format!("{} {}{often}", short(name), number(*slope))
        })
        .collect();
    if !slopes.is_empty() {
        out.push(format!("Slopes: {}.", slopes.join(", ")));
    }
    if let Some(p) = found.in_space_p {
        out.push(format!(
            "Placebos in space: {} controls in its place, {} of all units at least as extreme.",
            found.in_space.len(),
            percent(p)
        ));
    }
    if !found.in_time.is_empty() {
        let effects: Vec<String> = found.in_time.iter().map(|p| number(p.att)).collect();
        out.push(format!("Placebos in time, windows before the test from the latest: {}.", effects.join(", ")));
    }
    if let Some(did) = found.difference {
        out.push(format!("Plain difference in differences, for comparison: {} by unit and period.", number(did)));
    }
    out
}

/// What should be known before a read-out is believed.
pub(super) fn note(note: &Note, found: &ReadOut) -> Finding {
    let new =
        |severity, code, found: String, expected: &str, mend: &str| Finding::new(severity, code, found, expected, mend);
    let (review, info) = (Severity::Review, Severity::Info);
    match note {
        Note::TooFewForLevel { smallest_p } => new(
            review,
            "interval-unbounded",
            format!("the smallest p value that there can be is {smallest_p:.3}, above 1 - {}", found.level),
            "enough periods (or controls, for sdid) to reject a value at this level",
            "add periods or controls, or lower --level; until then there are no limits",
        ),
        Note::Unbounded => new(
            review,
            "interval-unbounded",
            "the test rejects no value on one side or both, however far".to_owned(),
            "a test that rejects values far from the estimate",
            "add periods before the test, or use fewer controls than periods",
        ),
        Note::Gaps => new(
            info,
            "interval-with-gaps",
            "the test rejects some values inside the interval".to_owned(),
            "one stretch of values that are not rejected",
            "nothing to do: the limits are the outermost values that are not rejected",
        ),
        Note::EstimateOutside => new(
            review,
            "estimate-outside",
            "the estimate lies outside of its interval".to_owned(),
            "an estimate inside its interval",
            "the fit before the test does not carry on into it; trust the interval, and look for what changed",
        ),
        Note::PoorFit { scaled_l2 } => new(
            review,
            "poor-fit",
            format!("the gaps before the test are {} of those of the controls' plain mean", percent(*scaled_l2)),
            "less than 100 %",
            "the controls do not follow the treated units; look for others, or for more periods before",
        ),
        Note::ShortBefore { before, window } => new(
            info,
            "short-before",
            format!("{before} periods before the start, {window} from it on"),
            "at least four times as many before",
            "add earlier periods, if there are any",
        ),
        Note::UnlikeControls { ratio } => new(
            review,
            "unlike-controls",
            format!("the treated units' gaps before the start are {ratio:.2} times those of the placebos"),
            "placebos that vary about as the treated units do",
            "p value and interval take the controls' effects for the treated units'; read it with --method ascm too",
        ),
        Note::NoRegressor => new(
            review,
            "no-regressor",
            "no control and no covariate".to_owned(),
            "series that move alike and that the treatment does not touch",
            "name such columns with --covariates; without them the level is carried on flat",
        ),
        Note::Mixing { rhat } => new(
            review,
            "chains-disagree",
            format!("R-hat of the effect {rhat:.2}"),
            "at most 1.05",
            "use fewer regressors: those that move most like the outcome",
        ),
        Note::Autocorrelated { lag_one, widened, given } => {
            let units = found.unit_periods as f64;
            let told = bracket(&widened.map(|x| x * units), number);
            let (what, mend) = if *given {
                ("is allowed for", "nothing to do")
            } else {
                (
                    "makes the interval too narrow",
                    "add --errors autocorrelated, or read it with --method tbr or ascm too",
                )
            };
            new(
                if *given { info } else { review },
                "autocorrelated",
                format!(
                    "what the fit leaves has a correlation of {lag_one:.2} from one period to the next, which {what}: in all {told}"
                ),
                "noise that is independent over time, as the model takes it to be",
                mend,
            )
        }
        Note::OneUnit { unit, share } => new(
            review,
            "one-unit",
            format!("{unit} makes {} of the effect: its dose lies far from all others", percent(*share)),
            "an effect that several units of high and low doses agree on",
            "read it again without that unit (--exclude); trust what both say",
        ),
        Note::TrendByDose { change } => new(
            review,
            "trend-by-dose",
            format!(
                "before the test, units with one more of the dose changed by {} more over all periods",
                percent(*change)
            ),
            "units of high and low doses that move alike before the test",
            "each unit's trend was carried on and taken off; that is right if the trends went on, so look for what drives them",
        ),
        Note::NoLift => new(
            info,
            "no-lift",
            "an outcome that without treatment may not be above zero".to_owned(),
            "an outcome above zero",
            "read the effect in the outcome's own unit",
        ),
    }
}

/// Why it cannot be read so.
pub(super) fn error(error: &PanelError, loaded: &Loaded, method: Method) -> Finding {
    let panel = &loaded.panel;
    let finding = match error {
        PanelError::NoTreated => {
            fail("no-treated", "no treated unit", "at least one", "name the treated units with --treated")
        }
        PanelError::NoControls => fail(
            "no-controls",
            "no unit that was never treated",
            "controls without a gap in their outcome",
            "add units that were not treated, or use --method bsts with --covariates",
        ),
        PanelError::TooFewControls { found, needed } => fail(
            "no-controls",
            format!("{found} controls"),
            format!("at least {needed}"),
            "add units that were not treated, or use --method tbr or bsts",
        ),
        PanelError::TooFewBefore { found, needed } => fail(
            "too-few-periods",
            format!("{found} periods before the treatment"),
            format!("at least {needed} for {}", method.name()),
            "add earlier periods to the table",
        ),
        PanelError::EmptyTest => {
            fail("empty-window", "no period in the test", "at least one", "correct --start and --end")
        }
        PanelError::Staggered => fail(
            "staggered",
            format!("treated units start at {} different times", panel.cohorts().len()),
            format!("one start for {}", method.name()),
            "use --method sdid, or read the units that start together apart",
        ),
        PanelError::UnknownCovariate { covariate, unit } => fail(
            "gap-in-covariate",
            format!("no value of it for {unit} before the treatment"),
            "at least one value a unit before the treatment",
            "fill it in, or leave the covariate out",
        )
        .at_column(covariate),
        PanelError::CovariateGap { covariate, time } => fail(
            "gap-in-covariate",
            format!("no value in {time}"),
            format!("a value in every period for {}", method.name()),
            "fill it in, or leave the covariate out",
        )
        .at_column(covariate),
        PanelError::NoRegressor => fail(
            "no-controls",
            "no control and no covariate",
            "something to regress on",
            "add units that were not treated, or name columns with --covariates",
        ),
        PanelError::NoVariation => fail(
            "no-variation",
            "controls or covariates that do not vary before the test, or that move in step",
            "regressors that vary, each in its own way",
            "leave out covariates that are constant or repeat another",
        ),
        PanelError::NoDose => fail(
            "no-dose",
            "no dose of the units",
            "a dose of every unit",
            "name the table of creators with --audience, or the column of doses with --dose",
        ),
        PanelError::SameDose => fail(
            "same-dose",
            "doses that do not differ between units, but with their trends, or are all 0",
            "units that get more and units that get less",
            "nothing can be read off where the audience lives; try other times instead (--staggered of `design`)",
        ),
        PanelError::TooFewUnits { found, needed } => fail(
            "no-controls",
            format!("{found} units"),
            format!("at least {needed} for {}", method.name()),
            "use smaller regions, or fill gaps of units that were left out",
        ),
        PanelError::NotPositive { unit } => fail(
            "outcome-not-positive",
            format!("a mean outcome of {unit} before the test that is not above 0"),
            "an outcome of which a change can be a share",
            "leave the unit out with --exclude, or join it with a neighbour",
        ),
    };
    finding.at_file(&loaded.file)
}
