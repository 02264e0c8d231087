//! What the page and the terminal say of the trust report, a sentence or two a check. No sentence says more than its check has seen.

use crate::data::{ReportData, Status};
use crate::numbers::{money, number, percent, probability};
use crate::sentences::{plural, short};
use crate::trust::{
    Backtest, Calibration, HeldOut, Placebo, Predictive, Recovery, Sensitivity, Stability, Told, Trust,
};

/// A typical error below this share is told well, and above [`HARDLY`] hardly.
const WELL: f64 = 0.25;
const HARDLY: f64 = 0.5;
/// Names that a sentence holds.
const NAMES: usize = 4;

/// One check: its name, its verdict, and what it found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Where it is in `verify.json`.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// Verdict.
    pub status: Status,
    /// What was found.
    pub words: String,
}

/// All checks that were made, in reading order.
pub fn findings(d: &ReportData, t: &Trust) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut add = |id, title, question, status, words| out.push(Finding { id, title, question, status, words });
    let r = &t.recovery;
    add("recovery", "Recovery", "Is a known truth found again?", r.status, recovery(r));
    if let Some(b) = &t.backtest {
        add("backtest", "Backtest", "Are unseen months foretold?", b.status, backtest(d, b));
    }
    if let Some(p) = &t.placebo {
        add("placebo", "Placebo", "Is effect found where there is none?", p.status, placebo(p));
    }
    if let Some(s) = &t.stability {
        add("stability", "Stability", "Do returns stay as months are added?", s.status, stability(s));
    }
    let s = &t.sensitivity;
    add("sensitivity", "Sensitivity", "Which conclusions are the prior's?", s.status, sensitivity(s));
    if let Some(h) = &t.held_out {
        add(
            "held_out",
            "Experiments foretold",
            "Are experiments predicted before they are seen?",
            h.status,
            held_out(h),
        );
    }
    let p = &t.predictive;
    add("predictive", "Drawn data", "Do data drawn from the model look like yours?", p.status, predictive(p));
    if let Some(c) = &t.calibration {
        add(
            "calibration",
            "Calibration",
            "Does the specification find what its priors draw?",
            c.status,
            calibration(c),
        );
    }
    out
}

/// The answer above all checks.
pub fn answer(d: &ReportData, t: &Trust) -> String {
    let all = findings(d, t);
    let of = |status| all.iter().filter(|f| f.status == status).map(|f| f.title.to_lowercase()).collect::<Vec<_>>();
    let (failed, look) = (of(Status::Fail), of(Status::Review));
    let mut text = match (failed.as_slice(), look.as_slice()) {
        ([], []) => format!("None of {} could break the model.", plural(all.len(), "check")),
        ([], look) => format!("Of {}, {} a look: {}.", plural(all.len(), "check"), asks(look.len()), look.join(", ")),
        (failed, []) => format!("Of {}, {} failed: {}.", plural(all.len(), "check"), failed.len(), failed.join(", ")),
        (failed, look) => format!(
            "Of {}, {} failed: {}; {} a look: {}.",
            plural(all.len(), "check"),
            failed.len(),
            failed.join(", "),
            asks(look.len()),
            look.join(", ")
        ),
    };
    text += &format!(" They rest on {}", plural(t.refits as usize, "refit"));
    if t.poor_refits > 0 {
        text += &format!(", {} of which did not converge well", t.poor_refits);
    }
    text += if t.quick { "; this was a first look with few of them." } else { "." };
    text
}

fn asks(n: usize) -> String {
    if n == 1 { "1 asks for".to_owned() } else { format!("{n} ask for") }
}

/// Names, the first few of many.
fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<String> = all.into_iter().map(short).collect();
    match all.len() {
        0 => "none".to_owned(),
        n if n > NAMES => format!("{} and {} more", all[..NAMES].join(", "), n - NAMES),
        _ => all.join(", "),
    }
}

pub(crate) fn recovery(r: &Recovery) -> String {
    let drivers: Vec<&Told> = r.drivers.iter().filter(|t| !t.creator).collect();
    let pick = |from: f64, to: f64| {
        names(drivers.iter().filter(|t| t.error >= from && t.error < to).map(|t| t.driver.as_str()))
    };
    let mut text = format!(
        "On {} of your data with a known truth, {} of {} intervals of drivers held it (90% should). Typical error below {}: {}; above {}: {}.",
        if r.copies == 1 { "1 copy".to_owned() } else { format!("{} copies", r.copies) },
        r.inside,
        r.intervals,
        percent(WELL),
        pick(0.0, WELL),
        percent(HARDLY),
        pick(HARDLY, f64::INFINITY)
    );
    if let Some(order) = r.order.filter(|x| x.is_finite()) {
        text += &format!(" True and found returns rank alike with a correlation of {}.", number(order));
    }
    if let Some(order) = r.creator_order.filter(|x| x.is_finite()) {
        let creators: Vec<&Told> = r.drivers.iter().filter(|t| t.creator).collect();
        let inside: u64 = creators.iter().map(|t| t.inside).sum();
        let all: usize = creators.iter().map(|t| t.ratios.len()).sum();
        text += &format!(
            " Of creators, {inside} of {all} intervals held the truth, and effects rank alike with a correlation of {}.",
            number(order)
        );
    }
    text
}

pub(crate) fn backtest(d: &ReportData, b: &Backtest) -> String {
    let s = &b.national;
    let amount = |x: f64| if d.outcome_is_money { money(x, &d.currency) } else { number(x) };
    let naive = if b.seasonal {
        format!("the same {} of the year before", d.cadence_word)
    } else {
        format!("the last {}", d.cadence_word)
    };
    let mut text = format!(
        "In {}, 90% intervals of the total held {} of {}s and 50% intervals {}. The error of the whole forecast (CRPS) is {}, against {} for {naive} \
         and {} for the model without drivers; it was better from {} and {} of the {} starts.",
        plural(b.origins as usize, "forecast"),
        percent(s.model.inside90),
        d.cadence_word,
        percent(s.model.inside50),
        amount(s.model.crps),
        amount(s.naive.crps),
        amount(s.baseline.crps),
        b.better_than_naive,
        b.better_than_baseline,
        b.origins
    );
    text += &format!(" The median missed by {}.", percent(s.model.mape));
    if s.model.crps > s.baseline.crps {
        text += " Drivers did not make the forecast better: that does not prove that they do nothing, but nothing here proves that they do.";
    }
    text
}

pub(crate) fn placebo(p: &Placebo) -> String {
    let n = p.placebos.len();
    let believed = format!(
        "said to {} with a probability of {} or more",
        if p.break_even.is_some() { "pay" } else { "return at least half of what the real channel does" },
        probability(p.level)
    );
    let mut text = match p.believed {
        0 => format!(
            "None of {} that do nothing would have been believed in, that is, {believed}.",
            plural(n, "channel")
        ),
        k => {
            format!("{k} of {} that do nothing would have been believed in, that is, {believed}.", plural(n, "channel"))
        }
    };
    if p.mistaken > 0 {
        text += &format!(
            " {} came out with at least half of the return of the channel that it copies: {}.",
            if p.mistaken == 1 { "One".to_owned() } else { p.mistaken.to_string() },
            names(p.placebos.iter().filter(|x| x.mistaken).map(|x| x.of.as_str()))
        );
    } else if p.believed > 0 {
        text += " None came out with half of the return of the channel that it copies.";
    }
    let share = p.placebos.iter().map(|x| x.share.mean).sum::<f64>() / n.max(1) as f64;
    text += &format!(
        " On average {} of the outcome was put down to one of them; an effect is assumed to be positive, so that none can come out at zero.",
        percent(share)
    );
    text
}

pub(crate) fn stability(s: &Stability) -> String {
    let most = s.drivers.iter().max_by(|a, b| a.largest.total_cmp(&b.largest));
    let mut text = format!(
        "As {} were added one by one, {} of {} new means left the 90% interval of the month before",
        plural(s.until.len().saturating_sub(1), "month"),
        s.outside,
        s.steps
    );
    if s.outside > 0 {
        text += &format!(" ({})", names(s.drivers.iter().filter(|d| d.outside > 0).map(|d| d.driver.as_str())));
    }
    if let Some(most) = most {
        text += &format!(
            "; the largest move was that of {}, {} of that interval's width.",
            short(&most.driver),
            percent(most.largest)
        );
    } else {
        text.push('.');
    }
    text
}

pub(crate) fn sensitivity(s: &Sensitivity) -> String {
    let of =
        |word: &str| s.drivers.iter().filter(|d| d.rests_on == word).map(|d| d.driver.as_str()).collect::<Vec<_>>();
    let (prior, both) = (of("prior"), of("both"));
    let mut text = match prior.as_slice() {
        [] => "No driver's return rests on its prior alone.".to_owned(),
        prior => format!(
            "What is said of {} rests on the prior: the data say little of it. Test there before money is moved.",
            names(prior.iter().copied())
        ),
    };
    if !both.is_empty() {
        text += &format!(" Prior and data both move {}: look whether you stand by the prior.", names(both));
    }
    text
}

pub(crate) fn held_out(h: &HeldOut) -> String {
    let n = h.experiments.len();
    let inside = h.experiments.iter().filter(|e| e.tail >= 0.1).count();
    let mut text = format!(
        "Foretold from the other data before it was seen, the result of {inside} of {} lies within the 90% interval.",
        plural(n, "experiment")
    );
    let against = names(h.experiments.iter().filter(|e| e.tail < 0.02).map(|e| e.experiment.as_str()));
    if against != "none" {
        text += &format!(" Contradicted: {against}.");
    }
    text
}

/// What a statistic is called.
pub(crate) fn statistic(word: &str) -> &str {
    match word {
        "season" => "spread between calendar months",
        "peak" => "the largest total",
        "trough" => "the smallest total",
        "changes" => "change from one period to the next",
        "left over" => "autocorrelation of what is left over",
        "outlier" => "the largest residual",
        "geos" => "noise of the noisiest geo over the quietest",
        other => other,
    }
}

pub(crate) fn predictive(p: &Predictive) -> String {
    let unlike: Vec<&str> = p.statistics.iter().filter(|s| s.unlike).map(|s| statistic(&s.statistic)).collect();
    let mut text = if unlike.is_empty() {
        format!("In {} looked at, data drawn from the model are like yours.", plural(p.statistics.len(), "trait"))
    } else {
        format!("Data drawn from the model are unlike yours in: {}.", unlike.join("; "))
    };
    if unlike.iter().any(|s| s.starts_with("autocorrelation")) {
        text +=
            " What is left over is not independent, so that intervals may be too narrow: try `ar1 = true` in [model].";
    }
    if unlike.iter().any(|s| s.starts_with("noise of")) {
        text += " Geos differ in their noise: try `sigma_per_geo = true` in [model].";
    }
    if !p.geos.is_empty() {
        text += &format!(" By itself unlike: {}.", names(p.geos.iter().map(String::as_str)));
    }
    if let Some(l) = &p.loo {
        text += &match l.untrusted {
            0 => " No single observation carries the fit.".to_owned(),
            n => format!(
                " {n} of {} observations weigh so much that leaving them out cannot be told without a refit.",
                l.observations
            ),
        };
    }
    text
}

pub(crate) fn calibration(c: &Calibration) -> String {
    let least = c.quantities.iter().min_by(|a, b| a.p.total_cmp(&b.p));
    let mut text = format!("In {} drawn from the priors, ", plural(c.markets as usize, "market"));
    text += &match (c.status, least) {
        (Status::Ok, Some(q)) => format!(
            "the ranks of the truths are as even as chance would have them (least probability {}, {}).",
            number(q.p),
            short(&q.quantity)
        ),
        (_, Some(q)) => format!(
            "the ranks of {} are more uneven than chance explains (probability {}).",
            short(&q.quantity),
            number(q.p)
        ),
        _ => "nothing was ranked.".to_owned(),
    };
    text
}
