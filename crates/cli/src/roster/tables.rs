//! `creators.csv`, `deals.csv` and `candidates.csv`.

use super::{Told, verdict_word, words};
use counterpoint::model::estimate::{Attribution, Interval};
use counterpoint::model::forecast;
use counterpoint_sources::OutColumn;

/// A number of an interval.
type Part = fn(&Interval) -> f64;

/// Columns of intervals, each as mean and quantiles.
struct Columns(Vec<OutColumn>);

impl Columns {
    fn text<T: Into<String>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        self.0.push(OutColumn::text(name, values));
    }

    fn number(&mut self, name: &str, values: impl IntoIterator<Item = Option<f64>>) {
        let finite = |x: Option<f64>| x.filter(|x| x.is_finite()).unwrap_or(f64::NAN);
        self.0.push(OutColumn::number(name, values.into_iter().map(finite).collect()));
    }

    fn interval(&mut self, name: &str, values: impl IntoIterator<Item = Option<Interval>>) {
        let values: Vec<Option<Interval>> = values.into_iter().collect();
        let parts: [(&str, Part); 4] =
            [("mean", |x| x.mean), ("q05", |x| x.q05), ("q50", |x| x.q50), ("q95", |x| x.q95)];
        for (part, get) in parts {
            self.number(&format!("{name}_{part}"), values.iter().map(|v| v.as_ref().map(get)));
        }
    }
}

/// A row a creator.
pub(crate) fn creators(told: &Told<'_>) -> Vec<OutColumn> {
    let mut c = Columns(Vec::new());
    let all = || told.people.iter();
    c.text("creator", all().map(|p| p.e.name.as_str()));
    c.text("platforms", all().map(|p| p.e.platforms.as_str()));
    c.text("niche", all().map(|p| p.niche.unwrap_or("")));
    c.number("posts", all().map(|p| Some(p.e.posts as f64)));
    c.number("views", all().map(|p| Some(p.e.views)));
    c.number("spend", all().map(|p| Some(p.e.spend)));
    c.interval("incremental", all().map(|p| Some(p.e.incremental)));
    c.interval("lost_without", all().map(|p| Some(p.e.lost_without)));
    c.interval("share", all().map(|p| Some(p.e.share)));
    c.interval("roi", all().map(|p| p.e.roi));
    c.interval("margin_roi", all().map(|p| p.e.margin_roi));
    c.interval("cost_per_increment", all().map(|p| p.e.cost_per_increment));
    c.number("fee_paid", all().map(|p| p.fees.paid));
    c.number("fair_fee", all().map(|p| p.fees.fair));
    c.number("prob_pays", all().map(|p| p.e.prob_roi_above_1));
    c.interval("capture", all().map(|p| p.e.capture));
    c.interval("leak", all().map(|p| p.e.leak));
    c.interval("per_view", all().map(|p| Some(p.e.per_view)));
    c.number("variance_removed", all().map(|p| Some(p.e.variance_removed)));
    c.text("identified", all().map(|p| if p.e.identified { "yes" } else { "no" }));
    c.text("verdict", all().map(|p| p.verdict.map_or("", verdict_word)));
    c.text("reason", all().map(|p| p.reason.as_str()));
    c.0
}

/// A row a deal.
pub(crate) fn deals(told: &Told<'_>) -> Vec<OutColumn> {
    let mut c = Columns(Vec::new());
    let all = || told.deals.iter();
    let fair = || all().map(|d| d.fair.map(words::fair_parts));
    c.text("deal", all().map(|d| d.name.as_str()));
    c.text("creator", all().map(|d| d.creator.as_str()));
    c.text("kind", all().map(|d| words::kind(d.kind)));
    c.number("posts", all().map(|d| Some(d.posts as f64)));
    c.number("shared_posts", all().map(|d| Some(d.shared_posts as f64)));
    c.text("attribution", all().map(|d| attribution(d.attribution)));
    c.number("term", all().map(|d| Some(d.term)));
    c.text("term_unit", all().map(|d| words::unit(d.kind)));
    c.text("fair", fair().map(|f| f.map_or("", |f| f.0)));
    c.number("fair_term", fair().map(|f| f.and_then(|f| f.1)));
    c.number("prob_pays", all().map(|d| d.pays));
    c.number("cost", all().map(|d| Some(d.cost.total())));
    c.number("cost_fixed", all().map(|d| Some(d.cost.fixed)));
    c.number("cost_by_views", all().map(|d| Some(d.cost.by_views)));
    c.number("cost_by_sales", all().map(|d| Some(d.cost.by_sales)));
    c.interval("incremental", all().map(|d| Some(d.incremental)));
    c.interval("roi", all().map(|d| d.roi));
    c.interval("margin_roi", all().map(|d| d.margin_roi));
    c.number("effective_cpm", all().map(|d| d.effective_cpm));
    c.interval("cost_per_order", all().map(|d| d.cost_per_order));
    c.interval("commission_not_incremental", all().map(|d| d.commission_not_incremental));
    c.0
}

/// What a deal's effect is counted by.
pub(crate) fn attribution(a: Attribution) -> &'static str {
    match a {
        Attribution::Posts => "posts",
        Attribution::Period => "period",
    }
}

/// A row a candidate.
pub(crate) fn candidates(told: &Told<'_>, known: &[&str]) -> Vec<OutColumn> {
    let mut c = Columns(Vec::new());
    let all = || told.forecasts.iter();
    let of = |get: fn(&forecast::Told) -> Option<Interval>| all().map(move |f| f.told.as_ref().and_then(get));
    let fair = || all().map(|f| f.told.as_ref().and_then(|t| t.fair).map(words::fair_parts));
    let deals = || all().map(|f| f.candidate.deal.as_ref());
    c.text("candidate", all().map(|f| f.candidate.name.as_str()));
    c.text("platform", all().map(|f| f.candidate.platform.as_str()));
    c.text("niche", all().map(|f| f.candidate.niche.as_deref().unwrap_or("")));
    c.number("followers", all().map(|f| f.candidate.account.followers));
    c.number("posts", all().map(|f| Some(f.candidate.posts as f64)));
    c.interval("views", of(|t| Some(t.views)));
    c.interval("incremental", of(|t| Some(t.incremental)));
    c.interval("part", of(|t| Some(t.part)));
    c.text("kind", deals().map(|d| d.map_or("", |d| words::kind(d.kind))));
    c.number("term", deals().map(|d| d.map(words::asked)));
    c.text("term_unit", deals().map(|d| words::unit(words::kind_asked(d))));
    c.interval("cost", of(|t| t.cost));
    c.interval("roi", of(|t| t.roi));
    c.interval("margin_roi", of(|t| t.margin_roi));
    c.text("fair", fair().map(|f| f.map_or("", |f| f.0)));
    c.number("fair_term", fair().map(|f| f.and_then(|f| f.1)));
    c.number("prob_pays", all().map(|f| f.told.as_ref().and_then(|t| t.pays)));
    c.text("basis", all().map(|f| words::basis(f, known)));
    c.0
}
