//! What the report and the verb `creators` both say of a creator: fees paid and fair, and the verdict's reason.

pub(crate) mod json;
pub(crate) mod tables;
pub(crate) mod text;
pub(crate) mod words;

use counterpoint::creators::activity::activity;
use counterpoint::creators::fair::{FairFee, fair_fee};
use counterpoint::data::Dataset;
use counterpoint::data::roster::{Deal, DealKind};
use counterpoint::model::build::CreatorModel;
use counterpoint::model::estimate::{CreatorEstimate, CreatorVerdict, DealEstimate, Interval, People};
use counterpoint::model::forecast::Forecast;
use counterpoint::project::Project;
use counterpoint_report::numbers::{percent, probability};

/// The probability of a return above 1 that a project asks for.
pub(crate) fn level(project: &Project) -> f64 {
    project.creators.as_ref().map_or(0.8, |c| c.fair_level)
}

/// The part of a creator's cost that a negotiation would change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fees {
    /// Fees paid: the cost less what follows sales.
    pub(crate) paid: Option<f64>,
    /// Highest total of fees at which the return is above 1 with the project's level.
    pub(crate) fair: Option<f64>,
    /// Total of fees at which the return is just 1.
    pub(crate) break_even: Option<Interval>,
}

impl Fees {
    /// Of a creator with these deals.
    pub(crate) fn of(
        project: &Project,
        dataset: &Dataset,
        deals: &[&Deal],
        creator: &CreatorModel,
        e: &CreatorEstimate,
    ) -> Fees {
        let margin = project.outcome.margin.unwrap_or(1.0);
        // The highest total of fees at which it pays; the part that follows sales stays owed.
        let rest = creator.cost.by_sales;
        let fees = creator.cost.total() - rest;
        let paid = (fees > 0.0).then_some(fees);
        let money = project.outcome.returns_are_money();
        let by = margin * e.spend;
        let earned = |r: Interval| Interval {
            mean: r.mean * by - rest,
            q05: r.q05 * by - rest,
            q50: r.q50 * by - rest,
            q95: r.q95 * by - rest,
        };
        let fair = paid.filter(|_| money).map(|_| (e.fair_cost - rest).max(0.0));
        // One deal with a fee a post: the exact quantile of that fee, times the posts.
        let fair = match deals {
            [deal] if deal.kind == DealKind::Flat && fair.is_some() => {
                let did = dataset.roster.as_ref().map(|roster| activity(deal, roster, dataset)).unwrap_or_default();
                match fair_fee(deal, &[e.fair_cost], |_| did, level(project)) {
                    FairFee::UpTo(fee) => Some(fee * did.posts),
                    FairFee::Any | FairFee::Never { .. } => fair,
                }
            }
            _ => fair,
        };
        Fees { paid, fair, break_even: paid.filter(|_| money).and(e.roi).map(earned) }
    }
}

/// Why, in a sentence.
pub(crate) fn reason(project: &Project, e: &CreatorEstimate) -> String {
    let asked = percent(level(project));
    let word = if project.outcome.margin.is_some() { "return on margin" } else { "return" };
    let part = percent((e.fair_cost / e.spend).max(0.0));
    let known = e.prob_roi_above_1.map(probability);
    match (e.verdict, known) {
        (CreatorVerdict::Renew, Some(p)) => {
            format!("The {word} is above 1 with {p} probability; {asked} is asked for.")
        }
        (CreatorVerdict::Renegotiate, Some(p)) => format!(
            "The {word} is above 1 with {p} probability, below the {asked} asked for; it would be enough at {part} of the cost."
        ),
        (CreatorVerdict::Stop, Some(p)) => {
            format!("The {word} is above 1 with {p} probability; it would reach {asked} only at {part} of the cost.")
        }
        (_, Some(p)) => format!(
            "The {word} is above 1 with {p} probability, but the data hardly tell this creator from the platform's average."
        ),
        (_, None) if !project.outcome.returns_are_money() && e.spend > 0.0 => {
            "The outcome is counted and its value in money is not known (`unit_value`), so there is no return to judge."
                .to_owned()
        }
        (_, None) => "No cost is known, so there is no return to judge.".to_owned(),
    }
}

/// What to do, in a word.
pub(crate) fn verdict_word(verdict: CreatorVerdict) -> &'static str {
    match verdict {
        CreatorVerdict::Renew => "renew",
        CreatorVerdict::Renegotiate => "renegotiate",
        CreatorVerdict::Test => "test",
        CreatorVerdict::Stop => "stop",
    }
}

/// One creator, as the verb tells it.
pub(crate) struct Person<'a> {
    pub(crate) e: &'a CreatorEstimate,
    pub(crate) niche: Option<&'a str>,
    pub(crate) fees: Fees,
    /// None where it is withheld.
    pub(crate) verdict: Option<CreatorVerdict>,
    pub(crate) reason: String,
}

/// Everything that the verb tells.
pub(crate) struct Told<'a> {
    pub(crate) project: &'a Project,
    pub(crate) people: Vec<Person<'a>>,
    pub(crate) deals: &'a [DealEstimate],
    pub(crate) forecasts: &'a [Forecast],
}

impl<'a> Told<'a> {
    /// From what a fit says; without verdicts where there is a reason to withhold them.
    pub(crate) fn new(
        project: &'a Project,
        dataset: &'a Dataset,
        creators: &[CreatorModel],
        found: &'a People,
        forecasts: &'a [Forecast],
        withheld: Option<&str>,
    ) -> Told<'a> {
        let person = |(creator, e): (&CreatorModel, &'a CreatorEstimate)| {
            let roster = dataset.roster.as_ref();
            let index = roster.and_then(|r| r.creators.iter().position(|c| c.name == creator.name));
            let own = roster.zip(index);
            let deals: Vec<&Deal> =
                own.map_or_else(Vec::new, |(r, i)| r.deals.iter().filter(|d| d.creator == i).collect());
            Person {
                e,
                niche: own.and_then(|(r, i)| r.creators[i].niche.as_deref()),
                fees: Fees::of(project, dataset, &deals, creator, e),
                verdict: withheld.is_none().then_some(e.verdict),
                reason: withheld.map_or_else(|| reason(project, e), str::to_owned),
            }
        };
        let people = creators.iter().zip(&found.creators).map(person).collect();
        Told { project, people, deals: &found.deals, forecasts }
    }
}
