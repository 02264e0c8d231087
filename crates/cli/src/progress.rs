//! Shows how far a fit is, on standard error: a bar on a terminal, a plain line now and then elsewhere.

use crate::terminal;
use counterpoint::project::SamplerSpec;
use counterpoint_infer::diagnose::rhat;
use counterpoint_infer::draws::Chains;
use counterpoint_infer::nuts::{ChainDraws, Step};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

/// Kept draws of a chain before its R-hat is worth a look.
const MIN_DRAWS: usize = 50;
/// Parameters whose R-hat is watched.
const WATCHED: usize = 12;
/// Between two looks at R-hat.
const JUDGE_EVERY: Duration = Duration::from_secs(1);
/// Between two plain lines; also: how long nothing is said at first.
const LINE_EVERY: Duration = Duration::from_secs(5);
const SILENT_FIRST: Duration = Duration::from_secs(2);

/// How far a fit is.
pub(crate) struct Progress {
    show: Show,
    sampler: SamplerSpec,
    begun: Instant,
    /// When the chains began, after the pilot.
    chains_begun: OnceLock<Instant>,
    /// Coordinates whose R-hat is watched.
    watched: Vec<usize>,
    /// Their draws after warm-up by chain, `[draws x watched]`.
    traces: Vec<Mutex<Vec<f64>>>,
    piloted: AtomicU64,
    /// Draws of each chain, warm-up included.
    done: Vec<AtomicU64>,
    /// Of which there were so many before.
    resumed: AtomicU64,
    /// How many times as many draws are being made as are kept.
    times: AtomicU64,
    divergences: AtomicU64,
    said: Mutex<Said>,
}

enum Show {
    Nothing,
    Bar(ProgressBar),
    Lines,
}

impl Show {
    fn new(total: u64, quiet: bool) -> Show {
        if quiet {
            return Show::Nothing;
        }
        if !std::io::stderr().is_terminal() {
            return Show::Lines;
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{prefix:>8} {wide_bar} {pos}/{len}{msg}") {
            bar.set_style(style);
        }
        Show::Bar(bar)
    }

    /// How long to wait between two words; none where nothing is to be said.
    fn every(&self) -> Option<Duration> {
        match self {
            Show::Nothing => None,
            Show::Bar(_) => Some(Duration::from_millis(100)),
            Show::Lines => Some(LINE_EVERY),
        }
    }
}

/// How far a work of a known number of steps is.
pub(crate) struct Work {
    show: Show,
    name: &'static str,
    total: u64,
    begun: Instant,
    done: AtomicU64,
    said: Mutex<Option<Instant>>,
}

impl Work {
    /// Nothing done yet.
    pub(crate) fn new(name: &'static str, total: u64, quiet: bool) -> Work {
        Work {
            show: Show::new(total, quiet),
            name,
            total,
            begun: Instant::now(),
            done: AtomicU64::new(0),
            said: Mutex::new(None),
        }
    }

    /// One more step.
    pub(crate) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let (Some(every), Ok(mut said)) = (self.show.every(), self.said.try_lock()) else { return };
        let now = Instant::now();
        let due = said.map_or_else(|| now - self.begun >= SILENT_FIRST, |at| now - at >= every);
        if !due {
            return;
        }
        *said = Some(now);
        let left = (now - self.begun).as_secs_f64() / done as f64 * self.total.saturating_sub(done) as f64;
        let left = counterpoint_report::numbers::duration(left.ceil());
        match &self.show {
            Show::Bar(bar) => {
                bar.set_prefix(self.name);
                bar.set_message(format!(" · {left} left"));
                bar.set_position(done);
            }
            _ => terminal::aside(&format!(
                "{}: {:.0}% of the draws · {left} left",
                self.name,
                100.0 * done as f64 / self.total.max(1) as f64
            )),
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }
}

/// What was said last.
struct Said {
    at: Option<Instant>,
    judged: Option<Instant>,
    rhat: f64,
}

impl Progress {
    /// Progress of a fit whose coordinates `watchable` may be watched.
    pub(crate) fn new(sampler: &SamplerSpec, watchable: &[usize], quiet: bool) -> Progress {
        let total = (sampler.chains * (sampler.warmup + sampler.draws)) as u64;
        let show = Show::new(total, quiet);
        let every = watchable.len().div_ceil(WATCHED).max(1);
        Progress {
            show,
            sampler: sampler.clone(),
            begun: Instant::now(),
            chains_begun: OnceLock::new(),
            watched: watchable.iter().copied().step_by(every).collect(),
            traces: (0..sampler.chains).map(|_| Mutex::default()).collect(),
            piloted: AtomicU64::new(0),
            done: (0..sampler.chains).map(|_| AtomicU64::new(0)).collect(),
            resumed: AtomicU64::new(0),
            times: AtomicU64::new(1),
            divergences: AtomicU64::new(0),
            said: Mutex::new(Said { at: None, judged: None, rhat: f64::NAN }),
        }
    }

    /// A chain that was finished before.
    pub(crate) fn resumed(&self, chain: usize, draws: &ChainDraws) {
        let all = (self.sampler.warmup + self.sampler.draws) as u64;
        self.resumed.fetch_add(all, Ordering::Relaxed);
        self.done.iter().skip(chain).take(1).for_each(|done| done.store(all, Ordering::Relaxed));
        self.divergences.fetch_add(draws.divergences, Ordering::Relaxed);
        draws.positions.chunks_exact(draws.dim.max(1)).for_each(|position| self.remember(chain, position));
    }

    /// One more draw of a chain.
    pub(crate) fn step(&self, step: &Step<'_>) {
        self.chains_begun.get_or_init(Instant::now);
        let Some(done) = self.done.get(step.chain) else { return };
        // A chain that was resumed and has to go on is made again: its draws have been counted.
        if done.fetch_max(step.draw as u64 + 1, Ordering::Relaxed) > step.draw as u64 {
            return;
        }
        if !step.warmup {
            self.divergences.fetch_add(u64::from(step.diverging), Ordering::Relaxed);
            self.remember(step.chain, step.position);
        }
        self.say();
    }

    /// The chains have come this far without agreeing, and go on.
    pub(crate) fn longer(&self, times: usize) {
        let was = self.times.swap(times as u64, Ordering::Relaxed);
        if was < times as u64 && !matches!(self.show, Show::Nothing) {
            let [so_far, to] = [was, times as u64].map(|times| times * self.sampler.draws as u64);
            let words = format!(
                "The chains do not agree yet after {so_far} draws each: going on to {to} ({} at most; `longest` sets it).",
                self.sampler.most_times() * self.sampler.draws
            );
            match &self.show {
                Show::Bar(bar) => {
                    bar.println(words);
                    bar.set_length(self.total());
                }
                _ => terminal::aside(&words),
            }
        }
    }

    /// One more draw of the pilot, whose length is its own affair.
    pub(crate) fn pilot(&self) {
        let draws = self.piloted.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(_said) = self.due() {
            let message = format!("{draws} draws that choose coordinates");
            match &self.show {
                Show::Bar(bar) => {
                    bar.set_prefix("pilot");
                    bar.set_message(format!(" · {message}"));
                    bar.set_position(0);
                }
                _ => terminal::aside(&format!("pilot: {message}")),
            }
        }
    }

    /// A stage without a measure.
    pub(crate) fn stage(&self, words: &str) {
        match &self.show {
            Show::Bar(bar) => bar.finish_and_clear(),
            Show::Lines | Show::Nothing => {}
        }
        if !matches!(self.show, Show::Nothing) && self.begun.elapsed() > SILENT_FIRST {
            terminal::aside(words);
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }

    fn remember(&self, chain: usize, position: &[f64]) {
        if let (false, Some(trace)) = (matches!(self.show, Show::Nothing), self.traces.get(chain)) {
            let mut trace = trace.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            trace.extend(self.watched.iter().map(|&c| position[c]));
        }
    }

    /// What was said last, if it is time to say something again; whoever finds it taken has nothing to add.
    fn due(&self) -> Option<MutexGuard<'_, Said>> {
        let every = self.show.every()?;
        let mut said = self.said.try_lock().ok()?;
        let now = Instant::now();
        let due = said.at.map_or_else(|| now - self.begun >= SILENT_FIRST, |at| now - at >= every);
        due.then(|| {
            said.at = Some(now);
            said
        })
    }

    fn say(&self) {
        let Some(mut said) = self.due() else { return };
        let now = Instant::now();
        if said.judged.is_none_or(|at| now - at >= JUDGE_EVERY) {
            said.judged = Some(now);
            said.rhat = self.rhat();
        }
        let done = || self.done.iter().map(|done| done.load(Ordering::Relaxed));
        let warming = done().any(|done| done < self.sampler.warmup as u64);
        let (done, total) = (done().sum(), self.total());
        let mut message = format!(" · {} divergent", self.divergences.load(Ordering::Relaxed));
        if said.rhat.is_finite() {
            message += &format!(" · worst R-hat {:.2}", said.rhat);
        }
        if let Some(left) = self.left(now, done, total) {
            message += &format!(" · {left} left");
        }
        let phase = if warming { "warm-up" } else { "draws" };
        match &self.show {
            Show::Bar(bar) => {
                bar.set_prefix(phase);
                bar.set_message(message);
                bar.set_position(done);
            }
            _ => terminal::aside(&format!("{phase}: {done} of {total}{message}")),
        }
    }

    fn total(&self) -> u64 {
        let times = self.times.load(Ordering::Relaxed) as usize;
        (self.sampler.chains * (self.sampler.warmup + times * self.sampler.draws)) as u64
    }

    fn left(&self, now: Instant, done: u64, total: u64) -> Option<String> {
        let own = done.saturating_sub(self.resumed.load(Ordering::Relaxed));
        let seconds =
            (now - *self.chains_begun.get()?).as_secs_f64() / own.max(1) as f64 * (total.saturating_sub(done)) as f64;
        (own >= 50).then(|| counterpoint_report::numbers::duration(seconds.ceil()))
    }

    /// The worst R-hat of the watched coordinates over the chains that have begun to keep draws, two at least.
    fn rhat(&self) -> f64 {
        let width = self.watched.len();
        let traces: Vec<Vec<f64>> = self
            .traces
            .iter()
            .map(|t| t.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone())
            .filter(|t| t.len() >= MIN_DRAWS * width)
            .collect();
        let Some(length) = traces.iter().map(|t| t.len() / width.max(1)).min() else { return f64::NAN };
        if traces.len() < 2 {
            return f64::NAN;
        }
        let one = |c: usize| {
            let values: Vec<f64> = traces.iter().flat_map(|t| (0..length).map(move |i| t[i * width + c])).collect();
            rhat(Chains::new(&values, traces.len()))
        };
        (0..width).map(one).filter(|r| r.is_finite()).fold(f64::NAN, f64::max)
    }
}
