//! The same as tables for a terminal.

use super::{Told, verdict_word, words};
use crate::report_data::interval;
use crate::table::{Line, table};
use crate::terminal::{plain, short};
use counterpoint::creators::fair::FairFee;
use counterpoint::model::estimate::{Attribution, CreatorVerdict, DealEstimate, Interval};
use counterpoint::model::forecast::Forecast;
use counterpoint::project::OutcomeKind;
use counterpoint_report::numbers::{
    MISSING, money, money_interval, number, number_interval, percent, probability, range,
};

const NONE: &str = "-";

/// How numbers of a project are written.
struct Pen<'a> {
    currency: &'a str,
    outcome_is_money: bool,
    /// ROI on margin too.
    margin: bool,
    return_word: &'static str,
}

impl<'a> Pen<'a> {
    fn new(told: &Told<'a>) -> Pen<'a> {
        let outcome = &told.project.outcome;
        Pen {
            currency: &told.project.currency,
            outcome_is_money: outcome.kind == OutcomeKind::Revenue,
            margin: outcome.margin.is_some(),
            return_word: if outcome.returns_are_money() { "ROI" } else { "units a unit of cost" },
        }
    }

    fn effect(&self, x: &Interval) -> String {
        if self.outcome_is_money { money_interval(&interval(x), self.currency) } else { number_interval(&interval(x)) }
    }

    fn money(&self, x: Option<f64>) -> String {
        x.map_or_else(|| NONE.to_owned(), |x| money(x, self.currency))
    }

    /// The return; beside one on margin, which decides, without its interval.
    fn returns(&self, cells: &mut Vec<String>, roi: Option<&Interval>, margin: Option<&Interval>) {
        let whole = |x: &Interval| number_interval(&interval(x));
        let or_none = |text: Option<String>| text.unwrap_or_else(|| NONE.to_owned());
        if self.margin {
            cells.push(or_none(roi.map(|x| number(x.mean))));
            cells.push(or_none(margin.map(whole)));
        } else {
            cells.push(or_none(roi.map(whole)));
        }
    }
}

fn chance(p: Option<f64>) -> String {
    p.map_or_else(|| NONE.to_owned(), probability)
}

fn share(x: Option<&Interval>) -> String {
    x.map_or_else(|| NONE.to_owned(), |x| percent(x.mean))
}

/// The middle of a skewed forecast with its 90 % interval.
fn middle(x: Option<&Interval>, write: &dyn Fn(f64) -> String) -> String {
    x.filter(|x| x.q50.is_finite()).map_or_else(
        || NONE.to_owned(),
        |x| format!("{} {}", write(x.q50), range(&number(x.q05), &number(x.q95))).trim_end().to_owned(),
    )
}

/// How many creators of each verdict, in a sentence.
pub(crate) fn summary(told: &Told<'_>, level: f64) -> String {
    let count = |v| told.people.iter().filter(|p| p.verdict == Some(v)).count();
    let word = |v| format!("{} {}", count(v), verdict_word(v));
    let order = [CreatorVerdict::Renew, CreatorVerdict::Renegotiate, CreatorVerdict::Test, CreatorVerdict::Stop];
    let what = if told.project.outcome.margin.is_some() { "the margin they bring" } else { "what they bring" };
    format!(
        "{}: {}. To pay means that {what} is more than they cost, with {} probability.",
        counterpoint_report::sentences::plural(told.people.len(), "creator"),
        order.map(word).join(", "),
        percent(level)
    )
}

/// Creators by verdict, the best return first.
pub(crate) fn creators(told: &Told<'_>) -> Vec<String> {
    let pen = Pen::new(told);
    let mut people: Vec<_> = told.people.iter().collect();
    let place = |v: Option<CreatorVerdict>| match v {
        Some(CreatorVerdict::Renew) => 0,
        Some(CreatorVerdict::Renegotiate) => 1,
        Some(CreatorVerdict::Test) => 2,
        Some(CreatorVerdict::Stop) => 3,
        None => 4,
    };
    let roi = |x: Option<Interval>| x.map_or(f64::NEG_INFINITY, |x| x.mean);
    people.sort_by(|a, b| place(a.verdict).cmp(&place(b.verdict)).then(roi(b.e.roi).total_cmp(&roi(a.e.roi))));
    let head = |pen: &Pen<'_>| {
        let mut head =
            vec!["creator".to_owned(), "on".into(), "brought".into(), "cost".into(), pen.return_word.to_owned()];
        if pen.margin {
            head.push("ROI on margin".into());
        }
        head.extend(["pays", "fee paid", "fair fee", "codes see", "leak", "learned"].map(str::to_owned));
        head
    };
    let row = |p: &super::Person<'_>| {
        let e = p.e;
        let mut cells = vec![short(&e.name), short(&e.platforms), pen.effect(&e.incremental)];
        cells.push(pen.money((e.spend > 0.0).then_some(e.spend)));
        pen.returns(&mut cells, e.roi.as_ref(), e.margin_roi.as_ref());
        cells.push(chance(e.prob_roi_above_1));
        cells.push(pen.money(p.fees.paid));
        cells.push(pen.money(p.fees.fair));
        cells.push(share(e.capture.as_ref()));
        cells.push(share(e.leak.as_ref()));
        cells.push(format!("{}{}", percent(e.variance_removed), if e.identified { "" } else { " *" }));
        let note = match p.verdict {
            Some(v) => format!("{}: {}", verdict_word(v), plain(&p.reason)),
            None => String::new(),
        };
        Line { cells, note }
    };
    let mut out = table(&head(&pen), 2, &people.iter().map(|p| row(p)).collect::<Vec<_>>());
    out.push(String::new());
    if told.people.iter().any(|p| !p.e.identified) {
        out.push("* cannot be told apart: the data removed less than 20% of what was open about the creator, so the row is mostly".into());
        out.push("  the platform's average.".into());
    }
    out.push("In brackets: 90% intervals. brought: the creator's part of what the platform brought. cost: all deals, commission".into());
    out.push("included. fair fee: the most that fees (what does not follow sales) may be in all, so that the creator still pays.".into());
    out.push("codes see: share of the orders the creator brought that codes and links count. leak: share of the tracked orders that".into());
    out.push("the posts did not bring. learned: share of what was open about the creator that the data settled. More: creators.csv.".into());
    out
}

/// Deals, in the order of the table.
pub(crate) fn deals(told: &Told<'_>) -> Vec<String> {
    let pen = Pen::new(told);
    let mut head =
        ["deal", "creator", "kind", "posts", "paid", "fair", "pays", "cost", "brought"].map(str::to_owned).to_vec();
    head.push(pen.return_word.to_owned());
    if pen.margin {
        head.push("ROI on margin".into());
    }
    head.extend(["1,000 views cost", "an order costs", "paid on sales anyway"].map(str::to_owned));
    let (shared, period) = (
        told.deals.iter().any(|d| d.shared_posts > 0),
        told.deals.iter().any(|d| d.attribution == Attribution::Period),
    );
    let row = |d: &DealEstimate| {
        let mark = match d.attribution {
            Attribution::Period => " **",
            Attribution::Posts if d.shared_posts > 0 => " *",
            Attribution::Posts => "",
        };
        let mut cells = vec![
            short(&d.name),
            short(&d.creator),
            format!("{}, {}", words::kind(d.kind), words::unit(d.kind)),
            format!("{}{mark}", d.posts),
            words::term(d.kind, d.term, pen.currency),
            d.fair.map_or_else(|| NONE.to_owned(), |f| words::fair(d.kind, f, d.cap, pen.currency)),
            chance(d.pays),
            money(d.cost.total(), pen.currency),
            pen.effect(&d.incremental),
        ];
        pen.returns(&mut cells, d.roi.as_ref(), d.margin_roi.as_ref());
        cells.push(pen.money(d.effective_cpm));
        let orders = d.cost_per_order.as_ref().filter(|x| x.q95.is_finite());
        cells.push(pen.money(orders.map(|x| x.q50)));
        let wasted = d.commission_not_incremental.as_ref().filter(|_| d.cost.by_sales > 0.0);
        cells.push(pen.money(wasted.map(|x| x.mean)));
        Line { cells, note: String::new() }
    };
    let mut out = table(&head, 3, &told.deals.iter().map(row).collect::<Vec<_>>());
    out.push(String::new());
    out.push("A deal is credited with what the posts it covers brought. paid, fair: the number that is negotiated, as it was and the most".into());
    out.push("it may be, in its unit. An order: one that the posts brought (the middle estimate). paid on sales anyway: commission on tracked".into());
    out.push("sales that would have come without the posts. More, with all intervals: deals.csv.".into());
    if told.deals.iter().any(|d| matches!(d.fair, Some(FairFee::Never { .. }))) {
        out.push("none: what is owed besides the term is too much already".into());
    }
    if shared {
        out.push("* posts that several deals cover are shared among them by what each costs a post".into());
    }
    if period {
        out.push(
            "** no post in its term: credited with what the creator's posts under no deal brought on those days".into(),
        );
    }
    out
}

/// Candidates, in the order of the file.
pub(crate) fn candidates(told: &Told<'_>, known: &[&str]) -> Vec<String> {
    let pen = Pen::new(told);
    let mut head =
        ["candidate", "on", "followers", "posts", "views", "would add", "asked", ""].map(str::to_owned).to_vec();
    head.push(pen.return_word.to_owned());
    if pen.margin {
        head.push("ROI on margin".into());
    }
    head.extend(["pays", "fair"].map(str::to_owned));
    let row = |f: &Forecast| {
        let (c, t) = (&f.candidate, f.told.as_ref());
        let kind = words::kind_asked(c.deal.as_ref());
        let amount = |x: f64| if pen.outcome_is_money { money(x, pen.currency) } else { number(x) };
        let mut cells = vec![
            short(&c.name),
            short(&c.platform),
            c.account.followers.map_or_else(|| MISSING.to_owned(), number),
            c.posts.to_string(),
            middle(t.map(|t| &t.views), &number),
            middle(t.map(|t| &t.incremental), &amount),
            c.deal.as_ref().map_or_else(|| NONE.to_owned(), |d| words::term(d.kind, words::asked(d), pen.currency)),
            words::unit(kind).to_owned(),
            middle(t.and_then(|t| t.roi.as_ref()), &number),
        ];
        if pen.margin {
            cells.push(middle(t.and_then(|t| t.margin_roi.as_ref()), &number));
        }
        cells.push(chance(t.and_then(|t| t.pays)));
        cells.push(t.and_then(|t| t.fair).map_or_else(
            || NONE.to_owned(),
            |x| words::fair(kind, x, c.deal.as_ref().and_then(|d| d.cap), pen.currency),
        ));
        Line { cells, note: plain(&words::basis(f, known)) }
    };
    let mut out = table(&head, 2, &told.forecasts.iter().map(row).collect::<Vec<_>>());
    out.push(String::new());
    out.push("Forecasts of all posts together: the middle one, and in brackets where 90% of them lie. would add: on top of all who post".into());
    out.push("today, which is less than a part of one's own, since audiences overlap. fair: the most that may be paid in the unit of what".into());
    out.push(
        "is asked (money a post, where nothing is) so that the candidate pays with the probability asked for.".into(),
    );
    out
}
