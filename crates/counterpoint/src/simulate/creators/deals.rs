//! What simulated creators are paid: fees made so that each platform returns what the spec asks for, and what each deal then costs.

use super::super::market::rounded;
use super::effect::Effect;
use super::roster::Roster;
use super::spec::DealWord;
use super::tracked::Sales;

/// A CPM deal costs at most so many times what its views would.
const CAP: f64 = 1.5;
/// Share of the usual fee that a hybrid deal pays beside its commission.
const HYBRID: f64 = 0.6;
/// Fees are never less than this share of what a platform may cost, however much is owed as commission.
const LEAST: f64 = 0.05;

/// One person's deal and its cost.
pub(in crate::simulate) struct Deal {
    /// Money a post, a thousand views, the whole time, or one product.
    pub(super) fee: f64,
    /// The most a CPM deal costs.
    pub(super) cap: Option<f64>,
    pub(super) posts: usize,
    /// Cost of the whole.
    pub(super) cost: f64,
    /// The part that is a share of tracked revenue.
    pub(super) commission: f64,
}

/// The deal of each person. A view has one price on a platform but for each account's own taste; that price is such that all costs
/// of the platform, commission included, return its `roi`. `value` is money a unit of outcome.
pub(super) fn deals(
    roster: &Roster,
    effect: &Effect,
    sales: &[Option<Sales>],
    (value, order_value): (f64, f64),
) -> Vec<Deal> {
    let accounts = roster.accounts.len();
    let mut views = vec![0.0; accounts];
    let mut posts = vec![0_usize; accounts];
    for post in &roster.posts {
        views[post.account] += post.path.total();
        posts[post.account] += 1;
    }
    let of = |i: usize| (0..accounts).filter(move |&c| roster.accounts[c].person == i);
    let all_views = |i: usize| of(i).map(|c| views[c]).sum::<f64>();
    let all_posts = |i: usize| of(i).map(|c| posts[c]).sum::<usize>();
    let commission: Vec<f64> = roster
        .people
        .iter()
        .zip(sales)
        .map(|(person, sales)| match sales {
            Some(sales) if person.deal.needs_code() => {
                person.rate * (sales.revenue.iter().sum::<f64>() - sales.refunds.iter().sum::<f64>())
            }
            _ => 0.0,
        })
        .collect();
    // Per person: what is owed whatever views cost, and the share of the price of its views that is paid.
    let agreed = |i: usize| -> (f64, f64) {
        let person = &roster.people[i];
        let n = all_posts(i) as f64;
        match (person.deal, person.fee) {
            (DealWord::Commission, _) => (0.0, 0.0),
            (DealWord::Gifting, fee) => (n * fee.unwrap_or(order_value), 0.0),
            (DealWord::Flat | DealWord::Hybrid, Some(fee)) => (n * fee, 0.0),
            (DealWord::Cpm, Some(fee)) => (all_views(i) / 1000.0 * fee, 0.0),
            (DealWord::Retainer, Some(fee)) => (fee, 0.0),
            (DealWord::Hybrid, None) => (0.0, HYBRID),
            (DealWord::Flat | DealWord::Cpm | DealWord::Retainer, None) => (0.0, 1.0),
        }
    };
    let price: Vec<f64> = (0..roster.platforms.len())
        .map(|p| {
            let (mut owed, mut asked) = (0.0, 0.0);
            for (c, account) in roster.accounts.iter().enumerate().filter(|(_, a)| a.platform == p) {
                let i = account.person;
                let (fixed, part) = agreed(i);
                owed += (fixed + commission[i]) * views[c] / all_views(i);
                asked += part * account.price * views[c];
            }
            let money = value * effect.platforms[p].iter().sum::<f64>() / roster.platforms[p].roi;
            if asked > 0.0 { (money - owed).max(LEAST * money) / asked } else { 0.0 }
        })
        .collect();
    let one = |(i, person): (usize, &super::roster::Person)| {
        let asked: f64 = of(i).map(|c| price[roster.accounts[c].platform] * roster.accounts[c].price * views[c]).sum();
        let n = all_posts(i);
        let usual = match person.deal {
            DealWord::Flat => asked / n as f64,
            DealWord::Hybrid => HYBRID * asked / n as f64,
            DealWord::Cpm => 1000.0 * asked / all_views(i),
            DealWord::Retainer => asked,
            DealWord::Gifting => order_value,
            DealWord::Commission => 0.0,
        };
        let fee = rounded(person.fee.unwrap_or(usual), 2);
        let owed = match person.deal {
            DealWord::Flat | DealWord::Hybrid | DealWord::Gifting => fee * n as f64,
            DealWord::Cpm => fee * all_views(i) / 1000.0,
            DealWord::Retainer => fee,
            DealWord::Commission => 0.0,
        };
        Deal {
            fee,
            cap: (person.deal == DealWord::Cpm).then(|| rounded(CAP * owed, 2)),
            posts: n,
            cost: owed + commission[i],
            commission: commission[i],
        }
    };
    roster.people.iter().enumerate().map(one).collect()
}
