//! The trust report: tries to break a fitted model on the user's own data.
//!
//! | check | asks |
//! |---|---|
//! | [`recovery`] | on copies of the data whose truth is known, is the truth found again? |
//! | [`backtest`] | are months that were not seen foretold, and better than by naive means? |
//! | [`placebo`] | how much effect is found where there is none? |
//! | [`stability`] | do returns stay where they are as months are added? |
//! | [`sensitivity`] | which conclusions are the prior's? |
//! | [`held_out`] | are experiments foretold before they are seen? |
//! | [`predictive`] | do data drawn from the model look like the data? |
//! | [`calibration`] | on demand: does the user's own specification recover what its priors draw? |
//!
//! Refits begin warm ([`refit`]) and run side by side; nothing depends on how many at once.

pub mod backtest;
pub mod calibration;
pub mod held_out;
pub mod placebo;
pub mod predictive;
pub mod recovery;
pub mod refit;
pub mod sensitivity;
pub mod stability;

use crate::data::Dataset;
use crate::model::build::Model;
use crate::project::Project;
use counterpoint_infer::diagnose::Status;
use counterpoint_infer::nuts::{ChainDraws, SampleError};
use counterpoint_infer::parallel::in_parallel;
use refit::{Base, Length, POOR};

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Copies of the data.
    pub copies: usize,
    /// Months by which the backtest and the stability go back.
    pub months: usize,
    /// Refits with placebos, two placebos each.
    pub placebos: usize,
    /// Experiments that are held out, at most.
    pub held_out: usize,
    /// Markets drawn from the priors; 0: no calibration.
    pub calibration: usize,
    /// Chains of a refit.
    pub length: Length,
}

impl Effort {
    /// What `verify` does by itself.
    pub fn full() -> Effort {
        Effort {
            copies: 10,
            months: 6,
            placebos: 3,
            held_out: 8,
            calibration: 0,
            length: Length { warmup: 200, draws: 300 },
        }
    }

    /// A first look.
    pub fn quick() -> Effort {
        Effort {
            copies: 4,
            months: 3,
            placebos: 1,
            held_out: 2,
            length: Length { warmup: 150, draws: 200 },
            ..Effort::full()
        }
    }
}

/// What was found. A check that the data do not allow is absent.
#[derive(Debug, Clone, PartialEq)]
pub struct Trust {
    /// Copies with a known truth.
    pub recovery: recovery::Recovery,
    /// Forecasts of months that were not seen.
    pub backtest: Option<backtest::Backtest>,
    /// Drivers that do nothing.
    pub placebo: Option<placebo::Placebo>,
    /// Returns as months are added.
    pub stability: Option<stability::Stability>,
    /// Prior and likelihood made stronger and weaker.
    pub sensitivity: sensitivity::Sensitivity,
    /// Experiments foretold.
    pub held_out: Option<held_out::HeldOut>,
    /// Data drawn from the model beside the data.
    pub predictive: predictive::Predictive,
    /// Ranks of what the priors drew.
    pub calibration: Option<calibration::Calibration>,
    /// Refits in all.
    pub refits: usize,
    /// How many of them did not converge well ([`POOR`]).
    pub poor: usize,
}

impl Trust {
    /// The verdict of each check that was made, by its name.
    pub fn verdicts(&self) -> Vec<(&'static str, Status)> {
        let mut out = vec![("recovery", self.recovery.status())];
        out.extend(self.backtest.as_ref().map(|c| ("backtest", c.status())));
        out.extend(self.placebo.as_ref().map(|c| ("placebo", c.status())));
        out.extend(self.stability.as_ref().map(|c| ("stability", c.status())));
        out.push(("sensitivity", self.sensitivity.status()));
        out.extend(self.held_out.as_ref().map(|c| ("held_out", c.status())));
        out.push(("predictive", self.predictive.status()));
        out.extend(self.calibration.as_ref().map(|c| ("calibration", c.status())));
        out
    }
}

/// One refit and what is read of it.
enum Job {
    Copy(usize),
    /// Months back, and whether with drivers.
    Before(usize, bool),
    Placebo(usize),
    Without(usize),
    Calibrate(usize),
}

enum Done {
    Copy(recovery::Copy),
    Before(backtest::Before),
    Placebo(Vec<placebo::Placed>),
    Without(held_out::Foretold),
    Calibrate(calibration::Ranks),
}

/// The number of draws that [`verify`] will make, for those who watch it.
pub fn steps(project: &Project, data: &Dataset, effort: &Effort) -> u64 {
    let jobs = jobs(project, data, effort);
    jobs.iter()
        .map(|job| if matches!(job, Job::Calibrate(_)) { calibration::STEPS } else { effort.length.steps() })
        .sum()
}

fn jobs(project: &Project, data: &Dataset, effort: &Effort) -> Vec<Job> {
    let months = backtest::months(data, effort.months);
    let mut jobs: Vec<Job> = (0..effort.calibration).map(Job::Calibrate).collect();
    jobs.extend((0..effort.copies).map(Job::Copy));
    jobs.extend((1..=months).map(|k| Job::Before(k, true)));
    if !placebo::usable(project, data).is_empty() {
        jobs.extend((0..effort.placebos).map(Job::Placebo));
    }
    jobs.extend((0..data.experiments.len().min(effort.held_out)).map(Job::Without));
    jobs.extend((1..=months).map(|k| Job::Before(k, false)));
    jobs
}

/// Tries a fit. `data` is what `model` was built from, `chains` its draws. `go_on` is asked at every draw of every refit; `false` stops all.
/// The result does not depend on `threads`.
///
/// # Errors
/// See [`SampleError`]; the first of the refits' in their order.
pub fn verify(
    project: &Project,
    data: &Dataset,
    model: &Model,
    chains: &[ChainDraws],
    effort: &Effort,
    threads: usize,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Trust, SampleError> {
    let base = Base::new(project, data, model, chains);
    let jobs = jobs(project, data, effort);
    let length = effort.length;
    let one = |i: usize| -> Result<(Done, f64), SampleError> {
        let seed = project.sampler.seed.wrapping_add(1 + i as u64);
        Ok(match jobs[i] {
            Job::Copy(k) => {
                let (copy, rhat) = recovery::copy(&base, k, effort.copies, length, seed, go_on)?;
                (Done::Copy(copy), rhat)
            }
            Job::Before(k, drivers) => {
                let (before, rhat) = backtest::before(&base, k, drivers, length, seed, go_on)?;
                (Done::Before(before), rhat)
            }
            Job::Placebo(k) => {
                let (found, rhat) = placebo::place(&base, k, length, seed, go_on)?;
                (Done::Placebo(found), rhat)
            }
            Job::Without(i) => {
                let (foretold, rhat) = held_out::without(&base, i, length, seed, go_on)?;
                (Done::Without(foretold), rhat)
            }
            Job::Calibrate(k) => {
                let (ranks, rhat) = calibration::calibrate(&base, k, go_on)?;
                (Done::Calibrate(ranks), rhat)
            }
        })
    };
    let done = in_parallel(jobs.len(), threads, one);
    let (mut copies, mut with, mut without, mut placebos, mut foretold, mut ranks) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (refits, mut poor) = (done.len(), 0);
    for result in done {
        let (done, rhat) = result?;
        poor += usize::from(rhat.is_nan() || rhat > POOR);
        match done {
            Done::Copy(copy) => copies.push(copy),
            Done::Before(before) if before.drivers => with.push(before),
            Done::Before(before) => without.push(before),
            Done::Placebo(found) => placebos.extend(found),
            Done::Without(one) => foretold.push(one),
            Done::Calibrate(one) => ranks.push(one),
        }
    }
    let today = refit::returns(&base.model, &base.positions);
    Ok(Trust {
        recovery: recovery::Recovery::of(&base, &copies),
        stability: stability::Stability::of(&base, &with, &today),
        backtest: backtest::Backtest::of(&base, with, without),
        placebo: placebo::Placebo::of(&base, placebos, &today),
        sensitivity: sensitivity::Sensitivity::of(&base, &today, threads),
        held_out: held_out::HeldOut::of(foretold),
        predictive: predictive::Predictive::of(&base, threads),
        calibration: calibration::Calibration::of(&base, &ranks),
        refits,
        poor,
    })
}

/// What random numbers are for; each purpose has streams of its own, beyond those of any fit.
#[derive(Clone, Copy)]
enum Purpose {
    Frame,
    Copy,
    Forecast,
    Placebo,
    Predictive,
    Foretold,
    Calibration,
}

fn stream(purpose: Purpose, index: usize) -> u64 {
    (1 << 56) + ((purpose as u64) << 48) + index as u64
}
