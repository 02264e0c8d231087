//! Turns the diagnostics of a fit into a verdict with reasons in plain language.

use super::energy::ebfmi;
use super::ess::{ess_bulk, ess_tail};
use super::rhat::rhat;
use super::summary::{ParameterDiagnostics, parameters};
use crate::draws::{Chains, Draws, quantile, sorted};

/// Largest R-hat that is fine: Vehtari et al. 2021, section 4.
pub const RHAT_OK: f64 = 1.01;
/// Largest R-hat that may still be of use after a look. The older rule was 1.1 (Gelman & Rubin 1992), and Vehtari et al. 2021 show chains
/// that pass it and have plainly not mixed; 1.05 halves its slack and is our own choice.
pub const RHAT_REVIEW: f64 = 1.05;
/// Effective draws a chain that are fine: 400 of four chains, below which R-hat and the errors are themselves too
/// noisy to trust (Vehtari et al. 2021, section 4).
pub const ESS_PER_CHAIN_OK: f64 = 100.0;
/// Effective draws in total below which no interval is shown as sound: a 90 % interval's ends then rest on about five draws each.
pub const ESS_TOTAL_FAIL: f64 = 100.0;
/// Share of divergent draws above which the fit fails. One divergence already hints at a region the sampler cannot enter (Betancourt 2017,
/// arXiv:1701.02434, section 6.2), hence review above none; above one in a hundred the region is large enough to move the estimates.
pub const DIVERGENT_SHARE_FAIL: f64 = 0.01;
/// E-BFMI below which a look is due (Betancourt 2016, arXiv:1604.00695; the threshold of Stan and ArviZ).
pub const EBFMI_REVIEW: f64 = 0.3;
/// E-BFMI below which the fit fails: the threshold of Stan's first warnings (Betancourt 2017, section 6.1, reads lower values as
/// momentum that cannot reach the tails), before 0.3 became the nominal one.
pub const EBFMI_FAIL: f64 = 0.2;
/// Share of draws at the largest tree depth above which a look is due. Truncated trees cost efficiency, not validity (Stan
/// reference manual), so they never fail a fit by themselves.
pub const MAX_DEPTH_SHARE_REVIEW: f64 = 0.1;

/// A number with the name of the parameter it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Worst {
    /// The worst value over the parameters; NaN when that of any parameter is NaN.
    pub value: f64,
    /// The parameter that has it; empty when there is no parameter.
    pub parameter: String,
}

/// What the sampler itself recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SamplerRecord {
    /// Energies (Hamiltonian at each draw) by chain, `[chain][draw]`.
    pub energy: Vec<Vec<f64>>,
    /// Number of divergent draws after warm-up, all chains.
    pub divergences: usize,
    /// Number of draws after warm-up whose tree reached the largest depth, all chains.
    pub max_depth_hits: usize,
    /// How many draws there were for each that was kept; nothing stands for one.
    pub every: usize,
}

/// The diagnostics of a whole fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostics {
    /// Number of chains.
    pub chains: usize,
    /// Number of kept draws of each chain.
    pub draws: usize,
    /// How many draws there were for each that was kept.
    pub every: usize,
    /// Largest rank-normalised split R-hat.
    pub rhat_max: Worst,
    /// Smallest effective sample size of the bulk.
    pub ess_bulk_min: Worst,
    /// Smallest effective sample size of the tails.
    pub ess_tail_min: Worst,
    /// The 10 % quantile of the parameters' effective sample sizes of the bulk; NaN when any is.
    pub ess_bulk_q10: f64,
    /// Number of divergent draws.
    pub divergences: usize,
    /// Smallest E-BFMI of the chains; NaN when that of any chain is.
    pub ebfmi_min: f64,
    /// Number of draws whose tree reached the largest depth.
    pub max_depth_hits: usize,
}

/// How far a fit may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nothing found.
    Ok,
    /// Usable after a look at the reasons.
    Review,
    /// Not to be used.
    Fail,
}

/// Whether chains agree on a scalar, and their draws are worth enough of it: no more of them are needed. More draws would not help one that cannot be
/// judged because it never moves.
pub fn met(chains: Chains<'_>) -> bool {
    let enough = |found: f64, wanted: f64| found.is_nan() || found >= wanted;
    let wanted = ESS_PER_CHAIN_OK * chains.chains() as f64;
    enough(-rhat(chains), -RHAT_OK) && enough(ess_bulk(chains), wanted) && enough(ess_tail(chains), wanted)
}

/// The judgement of a fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The worst status of all checks.
    pub status: Status,
    /// What was found and what to do, worst first, a sentence or two each; empty when the status is ok.
    pub reasons: Vec<String>,
}

impl Diagnostics {
    /// Diagnoses all scalars of `draws`. Leave out those that are constant by construction: draws that never move cannot be judged
    /// and fail the fit.
    pub fn new(draws: &Draws, record: &SamplerRecord) -> Diagnostics {
        Diagnostics::from_parameters(draws, &parameters(draws), record)
    }

    /// As [`Diagnostics::new`], from diagnostics that [`parameters`] has already computed for `draws`.
    pub fn from_parameters(draws: &Draws, found: &[ParameterDiagnostics], record: &SamplerRecord) -> Diagnostics {
        let worst = |badness: &dyn Fn(&ParameterDiagnostics) -> f64| {
            let score = |p: &ParameterDiagnostics| if badness(p).is_nan() { f64::INFINITY } else { badness(p) };
            (0..found.len()).reduce(|a, b| if score(&found[b]) > score(&found[a]) { b } else { a })
        };
        let named = |place: Option<usize>, value: &dyn Fn(&ParameterDiagnostics) -> f64| Worst {
            value: place.map_or(f64::NAN, |i| value(&found[i])),
            parameter: place.map_or(String::new(), |i| draws.names()[i].clone()),
        };
        let bulk: Vec<f64> = found.iter().map(|p| p.ess_bulk).collect();
        Diagnostics {
            chains: draws.chains(),
            draws: draws.draws(),
            every: record.every.max(1),
            rhat_max: named(worst(&|p| p.rhat), &|p| p.rhat),
            ess_bulk_min: named(worst(&|p| -p.ess_bulk), &|p| p.ess_bulk),
            ess_tail_min: named(worst(&|p| -p.ess_tail), &|p| p.ess_tail),
            ess_bulk_q10: if bulk.iter().any(|v| v.is_nan()) { f64::NAN } else { quantile(&sorted(&bulk), 0.1) },
            divergences: record.divergences,
            ebfmi_min: smallest(record.energy.iter().map(|energy| ebfmi(energy))),
            max_depth_hits: record.max_depth_hits,
        }
    }

    /// Judges the diagnostics by the thresholds of this module. A diagnostic that is NaN fails the fit.
    pub fn verdict(&self) -> Verdict {
        let mut checks: Vec<(Status, String)> = [
            self.check_rhat(),
            self.check_ess(),
            self.check_divergences(),
            self.check_energy(),
            self.check_depth(),
            self.check_chains(),
        ]
        .into_iter()
        .flatten()
        .collect();
        checks.sort_by_key(|check| std::cmp::Reverse(check.0));
        Verdict {
            status: checks.first().map_or(Status::Ok, |check| check.0),
            reasons: checks.into_iter().map(|check| check.1).collect(),
        }
    }

    /// Draws after warm-up, kept or not.
    fn total(&self) -> usize {
        self.chains * self.draws * self.every
    }

    fn check_rhat(&self) -> Option<(Status, String)> {
        let Worst { value, parameter } = &self.rhat_max;
        if value.is_nan() {
            return Some((Status::Fail, unjudged("R-hat", parameter)));
        }
        let status = rank(*value, RHAT_OK, RHAT_REVIEW)?;
        let advice = match status {
            Status::Fail => {
                "The chains found different answers: give them a longer warm-up, or narrow the priors that leave it open."
            }
            _ => "The chains have not quite met: run more draws.",
        };
        Some((status, format!("R-hat of {parameter} is {value:.3}, above {RHAT_OK}. {advice}")))
    }

    fn check_ess(&self) -> Option<(Status, String)> {
        let (kind, worst) = if self.ess_tail_min.value.is_nan() || self.ess_tail_min.value < self.ess_bulk_min.value {
            ("tail", &self.ess_tail_min)
        } else {
            ("bulk", &self.ess_bulk_min)
        };
        let Worst { value, parameter } = worst;
        if value.is_nan() {
            return Some((Status::Fail, unjudged("The effective sample size", parameter)));
        }
        let wanted = ESS_PER_CHAIN_OK * self.chains as f64;
        let status = rank(-value, -wanted, -ESS_TOTAL_FAIL.min(wanted))?;
        let factor = (wanted / value).ceil();
        let advice = if self.every > 1 {
            // As doubling has it, and no more than may be asked for.
            let longest = (factor as usize).saturating_mul(self.every).min(1024).next_power_of_two();
            format!("Let the chains go on for longer (longest = {longest})")
        } else {
            format!("Run about {factor:.0} times as many draws")
        };
        Some((
            status,
            format!(
                "The draws of {parameter} are worth only {value:.0} independent ones ({kind}), fewer than {wanted:.0}. {advice}; \
                 if that does not help, two parameters probably stand in for each other."
            ),
        ))
    }

    fn check_divergences(&self) -> Option<(Status, String)> {
        let total = self.total() as f64;
        let count = self.divergences as f64;
        let status = rank(count, 0.0, DIVERGENT_SHARE_FAIL * total)?;
        Some((
            status,
            format!(
                "{} of {total:.0} draws diverged: the sampler could not follow part of the posterior, and estimates may be biased. Raise \
                 the target acceptance (0.95, then 0.99); if they remain, tighten the widest priors.",
                self.divergences
            ),
        ))
    }

    fn check_energy(&self) -> Option<(Status, String)> {
        let value = self.ebfmi_min;
        if value.is_nan() {
            let reason = "E-BFMI cannot be computed: a chain has fewer than two energies, or energies that never change or are not \
                          finite. Run the chains again from other starting points.";
            return Some((Status::Fail, reason.to_owned()));
        }
        // At the threshold itself there is no finding.
        let status = rank(-value, -EBFMI_REVIEW, -EBFMI_FAIL)?;
        Some((
            status,
            format!(
                "E-BFMI is {value:.2}, below {EBFMI_REVIEW}: the sampler crawls through the tails, and extremes are poorly known. Run a \
                 longer warm-up; if that does not help, tighten the priors of the scale parameters."
            ),
        ))
    }

    fn check_depth(&self) -> Option<(Status, String)> {
        let total = self.total() as f64;
        if self.max_depth_hits as f64 <= MAX_DEPTH_SHARE_REVIEW * total {
            return None;
        }
        Some((
            Status::Review,
            format!(
                "{} of {total:.0} draws reached the largest tree depth: the estimates are valid but cost more than they should. Raise \
                 the depth by one or two, or run a longer warm-up.",
                self.max_depth_hits
            ),
        ))
    }

    fn check_chains(&self) -> Option<(Status, String)> {
        (self.chains < 2).then(|| {
            let reason = "There is only one chain, so nothing shows whether another start finds another answer. Run at least four.";
            (Status::Review, reason.to_owned())
        })
    }
}

/// No finding up to `ok`, review up to `review`, fail above.
fn rank(badness: f64, ok: f64, review: f64) -> Option<Status> {
    match badness {
        b if b <= ok => None,
        b if b <= review => Some(Status::Review),
        _ => Some(Status::Fail),
    }
}

fn unjudged(what: &str, parameter: &str) -> String {
    if parameter.is_empty() {
        return format!("{what} cannot be computed: there are no parameters to judge.");
    }
    format!(
        "{what} of {parameter} cannot be computed: its draws are fewer than four a chain, never change, or are not finite. Run more draws, and \
         check that the parameter is not fixed by the data or the priors."
    )
}

/// The smallest number; NaN when any is NaN or there is none.
fn smallest(values: impl Iterator<Item = f64>) -> f64 {
    values.reduce(|a, b| if a.is_nan() || a < b { a } else { b }).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::norm_quantile;

    /// Diagnostics in which nothing is amiss, of 4 x 1000 draws.
    fn sound() -> Diagnostics {
        let worst = |value| Worst { value, parameter: "half_life[tv]".to_owned() };
        Diagnostics {
            chains: 4,
            draws: 1000,
            every: 1,
            rhat_max: worst(1.004),
            ess_bulk_min: worst(900.0),
            ess_tail_min: worst(700.0),
            ess_bulk_q10: 1200.0,
            divergences: 0,
            ebfmi_min: 0.8,
            max_depth_hits: 0,
        }
    }

    fn check(change: impl Fn(&mut Diagnostics), status: Status, says: &str) {
        let mut diagnostics = sound();
        change(&mut diagnostics);
        let verdict = diagnostics.verdict();
        assert_eq!(verdict.status, status, "{verdict:?}");
        assert_eq!(verdict.reasons.len(), 1, "{verdict:?}");
        assert!(verdict.reasons[0].contains(says), "{}", verdict.reasons[0]);
    }

    #[test]
    fn a_sound_fit_is_ok_without_reasons() {
        assert_eq!(sound().verdict(), Verdict { status: Status::Ok, reasons: vec![] });
    }

    #[test]
    fn each_finding_has_its_status_and_names_its_parameter() {
        check(|d| d.rhat_max.value = 1.03, Status::Review, "half_life[tv] is 1.030");
        check(|d| d.rhat_max.value = 1.2, Status::Fail, "different answers");
        check(|d| d.rhat_max.value = f64::INFINITY, Status::Fail, "half_life[tv]");
        check(|d| d.ess_bulk_min.value = 399.0, Status::Review, "399 independent ones (bulk), fewer than 400");
        check(|d| d.ess_tail_min.value = 99.0, Status::Fail, "(tail), fewer than 400. Run about 5 times");
        check(|d| (d.every, d.ess_tail_min.value) = (8, 210.0), Status::Review, "go on for longer (longest = 16)");
        check(|d| (d.every, d.ess_tail_min.value) = (8, 150.0), Status::Review, "go on for longer (longest = 32)");
        check(|d| d.divergences = 1, Status::Review, "1 of 4000 draws diverged");
        check(|d| (d.every, d.divergences) = (8, 41), Status::Review, "41 of 32000 draws diverged");
        check(|d| d.divergences = 41, Status::Fail, "41 of 4000");
        check(|d| d.ebfmi_min = 0.25, Status::Review, "0.25");
        check(|d| d.ebfmi_min = 0.1, Status::Fail, "E-BFMI is 0.10");
        check(|d| d.max_depth_hits = 401, Status::Review, "tree depth");
        check(|d| d.chains = 1, Status::Review, "only one chain");
    }

    #[test]
    fn the_thresholds_themselves_are_on_the_good_side() {
        let mut diagnostics = sound();
        diagnostics.rhat_max.value = RHAT_OK;
        diagnostics.ess_tail_min.value = 400.0;
        diagnostics.ebfmi_min = EBFMI_REVIEW;
        diagnostics.max_depth_hits = 400;
        assert_eq!(diagnostics.verdict().status, Status::Ok);
    }

    #[test]
    fn a_diagnostic_that_is_nan_is_never_ok() {
        check(|d| d.rhat_max.value = f64::NAN, Status::Fail, "cannot be computed");
        check(|d| d.ess_bulk_min.value = f64::NAN, Status::Fail, "cannot be computed");
        check(|d| d.ess_tail_min.value = f64::NAN, Status::Fail, "cannot be computed");
        check(|d| d.ebfmi_min = f64::NAN, Status::Fail, "E-BFMI cannot be computed");
    }

    #[test]
    fn the_worst_reason_comes_first() {
        let verdict = Diagnostics { divergences: 1, ebfmi_min: 0.1, ..sound() }.verdict();
        assert_eq!(verdict.status, Status::Fail);
        assert!(verdict.reasons[0].contains("E-BFMI") && verdict.reasons[1].contains("diverged"));
    }

    #[test]
    fn the_worst_parameter_is_found_and_nan_is_the_worst_of_all() {
        let spread: Vec<f64> = (1..=400).map(|i| norm_quantile((f64::from(i) * 0.618_034).fract())).collect();
        let mut apart = spread.clone();
        apart[..100].iter_mut().for_each(|v| *v += 2.0);
        let mut draws = Draws::new(4, 100);
        draws.push("good", &spread);
        draws.push("apart", &apart);
        let record = SamplerRecord {
            energy: vec![spread[..100].to_vec(), spread[100..200].to_vec()],
            ..SamplerRecord::default()
        };
        let found = Diagnostics::new(&draws, &record);
        assert_eq!((found.rhat_max.parameter.as_str(), found.ess_bulk_min.parameter.as_str()), ("apart", "apart"));
        assert!(found.rhat_max.value > 1.05 && found.ebfmi_min > 0.3 && found.ess_bulk_q10 >= found.ess_bulk_min.value);
        draws.push("stuck", &[1.0; 400]);
        let found = Diagnostics::new(&draws, &record);
        assert!(found.rhat_max.value.is_nan() && found.ess_bulk_q10.is_nan());
        assert_eq!(found.ess_tail_min.parameter, "stuck");
        assert_eq!(found.verdict().status, Status::Fail);
    }

    #[test]
    fn no_parameters_and_no_energies_fail() {
        let verdict = Diagnostics::new(&Draws::new(4, 100), &SamplerRecord::default()).verdict();
        assert_eq!(verdict.status, Status::Fail);
        assert!(verdict.reasons.iter().any(|reason| reason.contains("no parameters")));
    }

    #[test]
    fn chains_have_met_by_the_thresholds_of_the_verdict() {
        let mut rng = crate::nuts::chain_rng(1, 0);
        let spread: Vec<f64> = (0..4000).map(|_| crate::sample::standard_normal(&mut rng)).collect();
        assert!(met(Chains::new(&spread, 4)));
        // As good, but too few; as many, but apart; stuck half of the time.
        assert!(!met(Chains::new(&spread[..360], 4)));
        let apart: Vec<f64> = spread.iter().enumerate().map(|(i, x)| if i < 1000 { x + 0.5 } else { *x }).collect();
        assert!(!met(Chains::new(&apart, 4)));
        let slow: Vec<f64> = (0..4000).map(|i| spread[i / 50]).collect();
        assert!(!met(Chains::new(&slow, 4)));
        // Nothing more is to be learned of what never moves.
        assert!(met(Chains::new(&[1.0; 4000], 4)));
    }
}
