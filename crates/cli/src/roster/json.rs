//! The same as one JSON object.

use super::tables::attribution;
use super::{Told, verdict_word, words};
use counterpoint::model::estimate::Interval;
use serde_json::{Value, json};

/// Creators, a row each.
pub(crate) fn creators(told: &Told<'_>) -> Vec<Value> {
    told.people
        .iter()
        .map(|p| {
            json!({
                "creator": p.e.name,
                "platforms": p.e.platforms,
                "niche": p.niche,
                "posts": p.e.posts,
                "views": p.e.views,
                "spend": p.e.spend,
                "incremental": interval(p.e.incremental),
                "lost_without": interval(p.e.lost_without),
                "share": interval(p.e.share),
                "roi": p.e.roi.map(interval),
                "margin_roi": p.e.margin_roi.map(interval),
                "cost_per_increment": p.e.cost_per_increment.map(interval),
                "fee_paid": p.fees.paid,
                "fair_fee": p.fees.fair,
                "prob_pays": p.e.prob_roi_above_1,
                "capture": p.e.capture.map(interval),
                "leak": p.e.leak.map(interval),
                "per_view": interval(p.e.per_view),
                "variance_removed": p.e.variance_removed,
                "identified": p.e.identified,
                "verdict": p.verdict.map(verdict_word),
                "reason": p.reason,
            })
        })
        .collect()
}

/// Deals, a row each.
pub(crate) fn deals(told: &Told<'_>) -> Vec<Value> {
    told.deals
        .iter()
        .map(|d| {
            let fair = d.fair.map(words::fair_parts);
            json!({
                "deal": d.name,
                "creator": d.creator,
                "kind": words::kind(d.kind),
                "posts": d.posts,
                "shared_posts": d.shared_posts,
                "attribution": attribution(d.attribution),
                "term": d.term,
                "term_unit": words::unit(d.kind),
                "fair": fair.map(|f| f.0),
                "fair_term": fair.and_then(|f| f.1),
                "prob_pays": d.pays,
                "cost": d.cost.total(),
                "cost_fixed": d.cost.fixed,
                "cost_by_views": d.cost.by_views,
                "cost_by_sales": d.cost.by_sales,
                "incremental": interval(d.incremental),
                "roi": d.roi.map(interval),
                "margin_roi": d.margin_roi.map(interval),
                "effective_cpm": d.effective_cpm,
                "cost_per_order": d.cost_per_order.map(interval),
                "commission_not_incremental": d.commission_not_incremental.map(interval),
            })
        })
        .collect()
}

/// Candidates, a row each.
pub(crate) fn candidates(told: &Told<'_>, known: &[&str]) -> Vec<Value> {
    told.forecasts
        .iter()
        .map(|f| {
            let (c, t) = (&f.candidate, f.told.as_ref());
            let fair = t.and_then(|t| t.fair).map(words::fair_parts);
            json!({
                "candidate": c.name,
                "platform": c.platform,
                "niche": c.niche,
                "followers": c.account.followers,
                "posts": c.posts,
                "views": t.map(|t| interval(t.views)),
                "incremental": t.map(|t| interval(t.incremental)),
                "part": t.map(|t| interval(t.part)),
                "kind": c.deal.as_ref().map(|d| words::kind(d.kind)),
                "term": c.deal.as_ref().map(words::asked),
                "term_unit": words::unit(words::kind_asked(c.deal.as_ref())),
                "cost": t.and_then(|t| t.cost).map(interval),
                "roi": t.and_then(|t| t.roi).map(interval),
                "margin_roi": t.and_then(|t| t.margin_roi).map(interval),
                "fair": fair.map(|f| f.0),
                "fair_term": fair.and_then(|f| f.1),
                "prob_pays": t.and_then(|t| t.pays),
                "basis": words::basis(f, known),
            })
        })
        .collect()
}

fn interval(x: Interval) -> Value {
    json!({ "mean": x.mean, "q05": x.q05, "q50": x.q50, "q95": x.q95 })
}
