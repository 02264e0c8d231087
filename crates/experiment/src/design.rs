//! Which units to treat, for how long: power and false alarms of the test that will read the result, on windows of the past.
//!
//! A window of the past is taken for the test, the treated units' outcome in it is multiplied by one plus an effect, and it is read as it would be. Without an
//! effect the share of windows that are called significant is the rate of false alarms, with one it is the power.

use crate::candidates::{candidates, correlation};
use crate::conformal::Refit;
use crate::dose::{Contrast, Slope, normalised, spread};
use crate::matrix::mean;
use crate::panel::{Panel, PanelError};
use crate::read::{by_rank, options, scales};
use crate::readout::{Method, Settings};
use crate::regression::regression;
use crate::sdid::{placebos, sdid};
use crate::student;
use crate::synthetic::{BEFORE, Comparison, Options, Ridge};
use counterpoint_infer::nuts::chain_rng;
use rand::RngExt;

/// What kind of test it is: what is done to the treated units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// More is spent there: the outcome rises.
    HeavyUp,
    /// What is spent there is switched off: the outcome falls.
    GoDark,
    /// A campaign that starts everywhere else is kept from there: they miss what it brings.
    Holdout,
}

impl Kind {
    /// The sign of the effect on the treated units.
    pub fn sign(self) -> f64 {
        match self {
            Kind::HeavyUp => 1.0,
            Kind::GoDark | Kind::Holdout => -1.0,
        }
    }
}

/// What is asked of a design.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Numbers of treated units to try.
    pub sizes: Vec<usize>,
    /// Lengths of the test to try, in periods.
    pub durations: Vec<usize>,
    /// Sizes of the effect to try, shares of the outcome above 0, rising.
    pub effects: Vec<f64>,
    /// What is done to the treated units.
    pub kind: Kind,
    /// Units that must be treated.
    pub include: Vec<usize>,
    /// Units that must not be.
    pub exclude: Vec<usize>,
    /// The treated units, where they are chosen already.
    pub treated: Option<Vec<usize>>,
    /// Most windows of the past, evenly spread.
    pub windows: usize,
    /// Power that an effect needs to count as detectable.
    pub power: f64,
    /// Whether the treated units start at different times, drawn at random; such a test is read by synthetic difference-in-differences.
    pub staggered: Option<Staggered>,
    /// Doses to choose from, each by unit as in [`Panel::dose`], where no unit is untouched; sets are then sets of these, whose doses add up. Read by dose.
    pub doses: Vec<Vec<f64>>,
    /// How the test will be read.
    pub settings: Settings,
}

/// Starts that are drawn at random: which unit starts when is up to chance, so nothing else can have decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staggered {
    /// Different starts, evenly spread over the test; as long after the last as between two.
    pub starts: usize,
    /// Seed.
    pub seed: u64,
}

impl Staggered {
    /// Periods from the beginning of the test to the start of each of `units` units: as many units at each start as can be, in an order drawn at random.
    pub fn offsets(self, units: usize, duration: usize) -> Vec<usize> {
        let starts = self.starts.clamp(1, units.max(1)).min(duration.max(1));
        let step = (duration / (starts + 1)).max(1);
        let mut order: Vec<usize> = (0..units).collect();
        let mut rng = chain_rng(self.seed, 0);
        for i in (1..units).rev() {
            order.swap(i, rng.random_range(0..=i));
        }
        let mut out = vec![0; units];
        for (place, &unit) in order.iter().enumerate() {
            out[unit] = step * (place % starts);
        }
        out
    }
}

impl Default for Question {
    fn default() -> Question {
        Question {
            sizes: vec![1, 2, 3, 4, 5],
            durations: vec![14, 28],
            effects: vec![0.02, 0.04, 0.06, 0.08, 0.10, 0.125, 0.15, 0.175, 0.20, 0.25, 0.30],
            kind: Kind::HeavyUp,
            include: Vec::new(),
            exclude: Vec::new(),
            treated: None,
            windows: 12,
            power: 0.8,
            staggered: None,
            doses: Vec::new(),
            settings: Settings::default(),
        }
    }
}

/// One way to run the test.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Rows of the units to treat; by dose, places of the doses that add up.
    pub units: Vec<usize>,
    /// Standard deviation of the dose over units, weighted by their outcome, where its mean is 1; `None` but by dose.
    pub spread: Option<f64>,
    /// Periods.
    pub duration: usize,
    /// Of each unit the periods from the beginning of the test to its start.
    pub offsets: Vec<usize>,
    /// Windows of the past that it was tried on.
    pub windows: usize,
    /// Share of windows in which each effect of the question is found.
    pub power: Vec<f64>,
    /// Share of windows in which an effect is found that is not there.
    pub false_alarms: f64,
    /// The smallest effect from which on the power suffices; `None` where none of those that were tried does.
    pub detectable: Option<f64>,
    /// Mean of what is estimated where there is no effect, a share of the outcome.
    pub bias: f64,
    /// Standard deviation of that over the windows, a share of the outcome.
    pub noise: f64,
    /// Mean gap before the test over that of the controls' plain mean.
    pub scaled_l2: f64,
    /// Outcome of the treated units in a window, mean over windows.
    pub outcome: f64,
    /// Their share of the outcome of all units.
    pub share: f64,
    /// Correlation of their total with that of all others; 0 where there are no others.
    pub correlation: f64,
    /// What was spent there in a window, mean over windows.
    pub spend: Option<f64>,
    /// 1 is the best; plans that are as good share a rank.
    pub rank: usize,
}

/// Tries every set of units, or of doses, and every duration, best first.
///
/// # Errors
/// The panel is too short for any of the durations, or there is no set to try.
pub fn design(panel: &Panel, question: &Question, threads: usize) -> Result<Vec<Plan>, PanelError> {
    let sets = match &question.treated {
        Some(units) => vec![units.clone()],
        None if !question.doses.is_empty() => {
            question.sizes.iter().flat_map(|&size| groups(&question.doses, &levels(panel), size)).collect()
        }
        None => question
            .sizes
            .iter()
            .flat_map(|&size| candidates(&panel.outcome, size, &question.include, &question.exclude))
            .collect(),
    };
    let (mut tasks, mut short) = (Vec::new(), None);
    for set in sets.iter().filter(|s| s.len() < panel.units.len() || !question.doses.is_empty()) {
        for &duration in &question.durations {
            match windows(panel.times.len(), duration, question.windows) {
                Ok(ends) => tasks.push((set, duration, ends)),
                Err(error) => short = Some(error),
            }
        }
    }
    if tasks.is_empty() {
        return Err(short.unwrap_or(PanelError::NoTreated));
    }
    let mut plans = Vec::new();
    let threads = threads.max(1);
    let tasks = &tasks;
    std::thread::scope(|scope| {
        let work = move |thread: usize| {
            let mine = tasks.iter().enumerate().filter(move |(k, _)| k % threads == thread);
            mine.map(|(k, (set, duration, ends))| (k, plan_of(panel, question, set, *duration, ends)))
                .collect::<Vec<_>>()
        };
        let handles: Vec<_> = (0..threads).map(|t| scope.spawn(move || work(t))).collect();
        for handle in handles {
            match handle.join() {
                Ok(done) => plans.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    plans.sort_by_key(|(k, _)| *k);
    let mut plans: Vec<Plan> = plans.into_iter().map(|(_, p)| p).collect::<Result<_, _>>()?;
    rank(&mut plans, 1.0 - question.settings.level);
    Ok(plans)
}

/// Where windows of the past end: the last period, and evenly backwards as long as twice the window comes before, and a third of the panel.
fn windows(periods: usize, duration: usize, most: usize) -> Result<Vec<usize>, PanelError> {
    let before = (2 * duration).max(periods / 3).max(BEFORE + 2);
    if periods < before + duration || duration == 0 {
        return Err(PanelError::TooFewBefore { found: periods.saturating_sub(duration), needed: before });
    }
    let room = periods - duration - before;
    let count = most.clamp(1, room + 1);
    let step = if count > 1 { room as f64 / (count - 1) as f64 } else { 0.0 };
    Ok((0..count).map(|k| periods - (k as f64 * step).round() as usize).collect())
}

/// A window of the past taken for a test.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// Rows of the treated units.
    pub units: &'a [usize],
    /// Of each unit the periods from the beginning of the window to its start.
    pub offsets: &'a [usize],
    /// Periods of the window.
    pub duration: usize,
    /// One past its last period.
    pub end: usize,
}

impl Trial<'_> {
    /// The panel with this test in it.
    fn panel(&self, panel: &Panel) -> Panel {
        let start = self.end - self.duration;
        let mut out = panel.clone().treat(self.units, start, self.end, 0);
        self.units.iter().zip(self.offsets).for_each(|(&i, offset)| out.adoption[i] = Some(start + offset));
        out
    }
}

/// One window read without and with effects.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// P value without an effect, then with each.
    pub p: Vec<f64>,
    /// Effect that is estimated by unit and period, without and with each.
    pub att: Vec<f64>,
    /// The same over what the outcome would have been.
    pub lift: Vec<f64>,
    /// Mean gap before over that of the controls' plain mean.
    pub scaled_l2: f64,
    /// Outcome of the treated units in the window.
    pub outcome: f64,
}

/// Reads a window of the past as a test, without an effect and with each of `effects` (shares, signed).
///
/// # Errors
/// The panel has no such comparison.
pub fn simulate(
    panel: &Panel,
    trial: &Trial<'_>,
    effects: &[f64],
    settings: &Settings,
    penalty: Option<f64>,
) -> Result<Simulated, PanelError> {
    let tested = trial.panel(panel);
    let starts = trial.units.iter().map(|&i| (i, tested.adoption[i].unwrap_or(trial.end)));
    let (mut outcome, mut cells) = (0.0, 0.0);
    for (i, start) in starts {
        outcome += tested.outcome.row(i)[start..trial.end].iter().sum::<f64>();
        cells += (trial.end - start) as f64;
    }
    let level = outcome / cells;
    let tried: Vec<f64> = std::iter::once(0.0).chain(effects.iter().copied()).collect();
    // by how much the outcome of the treated units rises with each
    let mut raised: Vec<f64> = tried.iter().map(|e| 1.0 + e).collect();
    let alpha = 1.0 - settings.level;
    let (att, p, scaled_l2): (Vec<f64>, Vec<f64>, f64) = match settings.method {
        Method::Ascm | Method::Scm | Method::Bsts => {
            let mut options = options(settings);
            if let Some(penalty) = penalty {
                options.ridge = Ridge::Fixed(penalty);
            }
            by_refit(&Comparison::of(&tested)?, &options, &tried)
        }
        Method::Sdid => {
            let found = sdid(&tested)?;
            let others = placebos(&tested);
            let scaled: Vec<f64> = others.iter().zip(scales(&found, &others)).map(|(o, s)| o.att * s).collect();
            // no weight depends on the treated units' outcome in the window, so an effect is added to the estimate
            let att: Vec<f64> = tried.iter().map(|e| found.att + e * level).collect();
            let p = att.iter().map(|a| by_rank(*a, &scaled, alpha).p).collect();
            (att, p, f64::NAN)
        }
        Method::Tbr => {
            let found = regression(&tested, settings.errors)?;
            let att: Vec<f64> = tried.iter().map(|e| found.total / cells + e * level).collect();
            let p = att.iter().map(|a| student::two_sided(a * cells / found.se, found.df)).collect();
            (att, p, f64::NAN)
        }
        Method::Dose => {
            let contrast = Contrast::of(&tested)?;
            let means = contrast.means(contrast.start, trial.end);
            let with =
                |e: f64| -> Vec<f64> { means.iter().zip(&contrast.doses).map(|(m, d)| m * (1.0 + e * d)).collect() };
            let slopes: Vec<_> =
                tried.iter().map(|e| contrast.slope_of(&with(*e), contrast.start, trial.end)).collect();
            let by_dose: f64 =
                means.iter().zip(&contrast.doses).zip(&contrast.levels).map(|((m, d), l)| m * d * l).sum();
            let share = by_dose / (level * means.len() as f64);
            raised = tried.iter().map(|e| 1.0 + e * share).collect();
            let att = slopes.iter().map(|s| s.value * mean(&contrast.levels)).collect();
            (att, slopes.iter().map(Slope::p).collect(), f64::NAN)
        }
    };
    let lift = att.iter().zip(&raised).map(|(a, r)| a / (level * r - a)).collect();
    Ok(Simulated { p, att, lift, scaled_l2, outcome })
}

fn by_refit(comparison: &Comparison, options: &Options, tried: &[f64]) -> (Vec<f64>, Vec<f64>, f64) {
    let fit = comparison.fit(options);
    let start = comparison.start;
    let mut refit = Refit::new(comparison, options, fit.penalty);
    let (base, own) = (mean(&fit.gap[start..]), &comparison.target[start..]);
    let att = tried.iter().map(|e| base + e * mean(own)).collect();
    let p = tried.iter().map(|e| refit.test_with(|k| e * own[k]).p).collect();
    (att, p, fit.scaled_l2)
}

/// The mean outcome of each unit.
fn levels(panel: &Panel) -> Vec<f64> {
    (0..panel.units.len()).map(|i| mean(panel.outcome.row(i))).collect()
}

/// The sum of some doses, by unit.
fn summed(doses: &[Vec<f64>], set: &[usize]) -> Vec<f64> {
    let units = doses.first().map_or(0, Vec::len);
    (0..units).map(|i| set.iter().map(|&k| doses[k][i]).sum()).collect()
}

/// Sets of `size` doses: each with those that one after another make the dose differ most between units; each set once.
fn groups(doses: &[Vec<f64>], levels: &[f64], size: usize) -> Vec<Vec<usize>> {
    if size == 0 || size > doses.len() {
        return Vec::new();
    }
    let differs = |set: &[usize]| normalised(&summed(doses, set), levels).map_or(0.0, |d| spread(&d, levels));
    let around = |first: usize| {
        let mut set = vec![first];
        while set.len() < size {
            let with = |k: usize| differs(&[&set[..], &[k]].concat());
            let free = (0..doses.len()).filter(|k| !set.contains(k));
            let Some((best, _)) = free.map(|k| (k, with(k))).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            else {
                break;
            };
            set.push(best);
        }
        set.sort_unstable();
        set
    };
    let mut out: Vec<Vec<usize>> = (0..doses.len()).map(around).collect();
    out.sort();
    out.dedup();
    out
}

/// One set for one duration, on all windows.
fn plan_of(
    panel: &Panel,
    question: &Question,
    set: &[usize],
    duration: usize,
    ends: &[usize],
) -> Result<Plan, PanelError> {
    if question.doses.is_empty() {
        return plan(panel, question, set, duration, ends);
    }
    let dose = summed(&question.doses, set);
    let levels = levels(panel);
    let spread = normalised(&dose, &levels).map(|d| spread(&d, &levels));
    let dosed = Panel { dose: Some(dose), ..panel.clone() };
    let all: Vec<usize> = (0..panel.units.len()).collect();
    Ok(Plan { units: set.to_vec(), spread, ..plan(&dosed, question, &all, duration, ends)? })
}

/// One set of units for one duration, on all windows.
fn plan(
    panel: &Panel,
    question: &Question,
    units: &[usize],
    duration: usize,
    ends: &[usize],
) -> Result<Plan, PanelError> {
    let sign = question.kind.sign();
    let signed: Vec<f64> = question.effects.iter().map(|e| sign * e).collect();
    let alpha = 1.0 - question.settings.level;
    let offsets = match question.staggered {
        Some(staggered) => staggered.offsets(units.len(), duration),
        None => vec![0; units.len()],
    };
    let penalty = match question.settings.method {
        Method::Ascm => {
            let last = Trial { units, offsets: &offsets, duration, end: panel.times.len() };
            Comparison::of(&last.panel(panel))?.fit(&options(&question.settings)).penalty
        }
        _ => None,
    };
    let mut found = Vec::with_capacity(ends.len());
    for &end in ends {
        let trial = Trial { units, offsets: &offsets, duration, end };
        found.push(simulate(panel, &trial, &signed, &question.settings, penalty)?);
    }
    let n = found.len() as f64;
    let share_of = |k: usize| found.iter().filter(|s| s.p[k] <= alpha).count() as f64 / n;
    let power: Vec<f64> = (0..signed.len()).map(|k| share_of(k + 1)).collect();
    let enough = power.iter().rposition(|p| *p < question.power).map_or(0, |k| k + 1);
    let lifts: Vec<f64> = found.iter().map(|s| s.lift[0]).collect();
    let others: Vec<usize> = (0..panel.units.len()).filter(|i| !units.contains(i)).collect();
    let total = |rows: &[usize]| panel.outcome.select(rows).weighted_rows(&vec![1.0; rows.len()]);
    let (own, rest) = (total(units), total(&others));
    let sum = |x: &[f64]| x.iter().sum::<f64>();
    let spend = panel.spend.as_ref().map(|spend| {
        let of = |end: usize| units.iter().map(|&i| sum(&spend.row(i)[end - duration..end])).sum::<f64>();
        ends.iter().map(|&end| of(end)).sum::<f64>() / n
    });
    Ok(Plan {
        units: units.to_vec(),
        spread: None,
        duration,
        offsets,
        windows: found.len(),
        false_alarms: share_of(0),
        detectable: question.effects.get(enough).copied(),
        bias: mean(&lifts),
        noise: if lifts.len() > 1 { crate::matrix::sd(&lifts) } else { f64::NAN },
        scaled_l2: mean(&found.iter().map(|s| s.scaled_l2).collect::<Vec<_>>()),
        outcome: found.iter().map(|s| s.outcome).sum::<f64>() / n,
        share: sum(&own) / (sum(&own) + sum(&rest)),
        correlation: correlation(&own, &rest),
        spend,
        power,
        rank: 0,
    })
}

/// Ranks plans by the mean of their ranks by smallest detectable effect, power summed over the effects, size of the bias, and false alarms above the
/// level; best first.
fn rank(plans: &mut Vec<Plan>, alpha: f64) {
    let keys: [Vec<f64>; 4] = [
        plans.iter().map(|p| p.detectable.unwrap_or(f64::INFINITY)).collect(),
        plans.iter().map(|p| -p.power.iter().sum::<f64>()).collect(),
        plans.iter().map(|p| (p.bias.abs() * 1000.0).round()).collect(),
        plans.iter().map(|p| (p.false_alarms - alpha).max(0.0)).collect(),
    ];
    let means = mean_ranks(&keys);
    let mut order: Vec<usize> = (0..plans.len()).collect();
    order.sort_by(|&a, &b| {
        let found = |k: usize| plans[k].detectable.is_none();
        found(a).cmp(&found(b)).then(means[a].total_cmp(&means[b])).then(plans[a].outcome.total_cmp(&plans[b].outcome))
    });
    for (place, &k) in order.iter().enumerate() {
        let tied = place
            .checked_sub(1)
            .map(|p| order[p])
            .filter(|&p| means[p] == means[k] && plans[p].detectable.is_none() == plans[k].detectable.is_none());
        plans[k].rank = tied.map_or(place + 1, |p| plans[p].rank);
    }
    let mut at = order.iter().map(|&k| plans[k].clone()).collect::<Vec<_>>();
    std::mem::swap(plans, &mut at);
}

/// The mean over several keys of each one's rank, smaller keys first; equal keys share the smallest rank.
pub(crate) fn mean_ranks(keys: &[Vec<f64>]) -> Vec<f64> {
    let n = keys.first().map_or(0, Vec::len);
    let rank = |key: &[f64], i: usize| 1.0 + key.iter().filter(|x| **x < key[i]).count() as f64;
    (0..n).map(|i| keys.iter().map(|key| rank(key, i)).sum::<f64>() / keys.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_spread_over_the_past() {
        assert_eq!(windows(90, 15, 4).unwrap(), [90, 75, 60, 45]);
        assert_eq!(windows(90, 15, 1).unwrap(), [90]);
        assert_eq!(windows(46, 15, 10).unwrap(), [46, 45]);
        assert!(matches!(windows(40, 15, 10), Err(PanelError::TooFewBefore { found: 25, needed: 30 })));
    }

    #[test]
    fn starts_are_spread_and_dealt_at_random() {
        let mut offsets = Staggered { starts: 3, seed: 1 }.offsets(7, 28);
        assert_ne!(offsets, Staggered { starts: 3, seed: 2 }.offsets(7, 28));
        assert_eq!(offsets, Staggered { starts: 3, seed: 1 }.offsets(7, 28));
        offsets.sort_unstable();
        assert_eq!(offsets, [0, 0, 0, 7, 7, 14, 14]);
        assert_eq!(Staggered { starts: 9, seed: 1 }.offsets(1, 4), [0]);
    }

    #[test]
    fn ranks_are_shared() {
        assert_eq!(mean_ranks(&[vec![2.0, 1.0, 2.0], vec![5.0, 6.0, 5.0]]), [1.5, 2.0, 1.5]);
    }
}
