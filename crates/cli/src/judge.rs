//! From draws to diagnostics and a verdict.

use crate::sampling::Sampled;
use counterpoint::model::estimate::Estimates;
use counterpoint::project::SamplerSpec;
use counterpoint_infer::diagnose::{Diagnostics, ParameterDiagnostics, SamplerRecord, parameters};
use counterpoint_infer::draws::Draws;
use counterpoint_report::{Status, Verdict};

/// Diagnostics of all scalars, and of the sampled ones together. What the model draws exactly given the others needs no judge.
pub(crate) fn judge(sampled: &Sampled, estimates: &Estimates) -> (Vec<ParameterDiagnostics>, Diagnostics) {
    let all = &estimates.scalars;
    let judged = parameters(all);
    let count = sampled.model.parameters.sampled().min(all.len());
    let mut own = Draws::new(all.chains(), all.draws());
    (0..count).for_each(|i| own.push(all.names()[i].clone(), all.scalar(i)));
    let record = SamplerRecord {
        energy: sampled.chains.iter().map(|c| c.energies.clone()).collect(),
        divergences: sampled.chains.iter().map(|c| c.divergences as usize).sum(),
        max_depth_hits: sampled.chains.iter().map(|c| c.max_depth_hits as usize).sum(),
        every: sampled.chains.first().map_or(1, |c| c.every),
    };
    let diagnostics = Diagnostics::from_parameters(&own, &judged[..count], &record);
    (judged, diagnostics)
}

/// The verdict of the report.
pub(crate) fn verdict(diagnostics: &Diagnostics, prior_only: bool) -> Verdict {
    if prior_only {
        let reason = "No data were used: these numbers are what the priors alone say.".to_owned();
        return Verdict { status: Status::Review, reasons: vec![reason] };
    }
    let verdict = diagnostics.verdict();
    let status = match verdict.status {
        counterpoint_infer::diagnose::Status::Ok => Status::Ok,
        counterpoint_infer::diagnose::Status::Review => Status::Review,
        counterpoint_infer::diagnose::Status::Fail => Status::Fail,
    };
    Verdict { status, reasons: verdict.reasons }
}

/// Diagnostics as the report shows them; without a clock, so that the same fit gives the same page.
pub(crate) fn shown(d: &Diagnostics, sampler: &SamplerSpec, e: &Estimates) -> counterpoint_report::Diagnostics {
    counterpoint_report::Diagnostics {
        rhat_max: d.rhat_max.value,
        ess_bulk_min: d.ess_bulk_min.value,
        ess_tail_min: d.ess_tail_min.value,
        divergences: d.divergences as u64,
        ebfmi_min: d.ebfmi_min,
        max_treedepth_hits: d.max_depth_hits as u64,
        chains: d.chains as u64,
        warmup: sampler.warmup as u64,
        draws: d.draws as u64,
        every: d.every as u64,
        seconds: None,
        loo_elpd: e.loo.as_ref().map(|l| l.elpd),
        pareto_k_bad: e.loo.as_ref().map(|l| l.untrusted().len() as f64 / l.points.len().max(1) as f64),
        r2: e.r2,
        mape: e.mape,
        coverage90: e.coverage90,
    }
}
