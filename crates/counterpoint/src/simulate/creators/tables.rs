//! The creators of a simulated market as the tables that a user would have.

use super::super::market::Market;
use super::super::output::{number, table, text};
use super::super::spec::SimulationSpec;
use super::roster::Roster;
use super::spec::{DealWord, RosterSpec};
use super::truth::KnownRoster;
use crate::data::{Cells, Column, Table};
use crate::project::{CreatorsSpec, known_view_changes};
use jiff::ToSpan;
use jiff::civil::DateTime;

/// The probability at which a project calls a fee fair.
const FAIR_LEVEL: f64 = 0.8;

/// The `[creators]` section of the project.
pub(in crate::simulate) fn section(wanted: &RosterSpec, roster: &Roster, known: &KnownRoster) -> CreatorsSpec {
    let counted = roster.posts.iter().any(|p| p.counted);
    CreatorsSpec {
        creators: "creators.csv".to_owned(),
        posts: "posts.csv".to_owned(),
        stats: counted.then(|| "post_stats.csv".to_owned()),
        deals: Some("deals.csv".to_owned()),
        tracked: known.sales.iter().any(Option::is_some).then(|| "tracked.csv".to_owned()),
        overlaps: (wanted.audience_kinds > 1).then(|| "overlaps.csv".to_owned()),
        fake_worth: wanted.fake_worth,
        fair_level: FAIR_LEVEL,
        view_changes: known_view_changes(),
    }
}

/// The tables in the order in which a project names them.
pub(in crate::simulate) fn tables(
    spec: &SimulationSpec,
    market: &Market,
    (roster, known): (&Roster, &KnownRoster),
    section: &CreatorsSpec,
) -> Vec<Table> {
    let mut out = vec![creators(&section.creators, market, roster), posts(&section.posts, roster)];
    out.extend(section.stats.as_ref().map(|file| stats(file, roster)));
    out.extend(section.deals.as_ref().map(|file| deals(file, spec, roster, known)));
    out.extend(section.tracked.as_ref().map(|file| tracked(file, spec, market, roster, known)));
    out.extend(section.overlaps.as_ref().map(|file| overlaps(file, roster)));
    out
}

/// Name, kind and series of each platform, then of each account, `[geos x periods]` in outcome units.
pub(in crate::simulate) fn contributions<'a>(
    roster: &'a Roster,
    known: &'a KnownRoster,
) -> Vec<(&'a str, &'static str, &'a [f64])> {
    let used = |p: &usize| roster.accounts.iter().any(|a| a.platform == *p);
    let platforms = (0..roster.platforms.len())
        .filter(used)
        .map(|p| (roster.platforms[p].name.as_str(), "platform", known.effect.platforms[p].as_slice()));
    let accounts = roster
        .accounts
        .iter()
        .zip(&known.effect.parts)
        .map(|(a, part)| (roster.people[a.person].name.as_str(), "creator", part.as_slice()));
    platforms.chain(accounts).collect()
}

fn creators(file: &str, market: &Market, roster: &Roster) -> Table {
    let engagement = |c: usize| {
        let own = || roster.posts.iter().filter(move |p| p.account == c);
        let all: f64 = own().map(|p| p.likes + p.comments).sum();
        let rate = all / own().count() as f64 / roster.accounts[c].followers;
        Some(((rate * 1e5).round() / 1e5).min(1.0))
    };
    let accounts = &roster.accounts;
    let mut out = vec![
        text("creator", accounts.iter().map(|a| roster.people[a.person].name.as_str())),
        text("platform", accounts.iter().map(|a| roster.platforms[a.platform].name.as_str())),
        text("niche", accounts.iter().map(|a| roster.people[a.person].niche.as_str())),
        number("followers", accounts.iter().map(|a| Some(a.followers))),
        number("engagement_rate", (0..accounts.len()).map(engagement)),
        number("fake_share", accounts.iter().map(|a| Some(a.fake_share))),
    ];
    if market.geos.len() > 1 {
        for (g, geo) in market.geos.iter().enumerate() {
            out.push(number(format!("audience_{geo}"), accounts.iter().map(|a| Some(a.audience[g]))));
        }
    }
    table(file, out)
}

/// Name of the post at a place.
fn name(roster: &Roster, i: usize) -> String {
    let width = roster.posts.len().to_string().len();
    format!("post_{:0width$}", i + 1)
}

fn moments(name: &str, values: impl Iterator<Item = DateTime>) -> Column {
    let texts: Vec<String> = values.map(|at| at.to_string()).collect();
    text(name, texts.iter().map(String::as_str))
}

fn posts(file: &str, roster: &Roster) -> Table {
    let posts = &roster.posts;
    let names: Vec<String> = (0..posts.len()).map(|i| name(roster, i)).collect();
    let account = |p: &super::roster::Post| &roster.accounts[p.account];
    table(
        file,
        vec![
            text("post", names.iter().map(String::as_str)),
            text("creator", posts.iter().map(|p| roster.people[account(p).person].name.as_str())),
            text("platform", posts.iter().map(|p| roster.platforms[account(p).platform].name.as_str())),
            text("format", posts.iter().map(|p| p.format.word())),
            moments("posted_at", posts.iter().map(|p| p.at)),
            number("views", posts.iter().map(|p| Some(p.path.total()))),
            number("likes", posts.iter().map(|p| Some(p.likes))),
            number("comments", posts.iter().map(|p| Some(p.comments))),
        ],
    )
}

fn stats(file: &str, roster: &Roster) -> Table {
    let counted = || roster.posts.iter().enumerate().filter(|(_, p)| p.counted);
    let rows: Vec<(String, DateTime, f64)> = counted()
        .flat_map(|(i, post)| {
            let at = move |age: f64| post.at.saturating_add(((age * 24.0).round() as i64).hours());
            post.path.counts().map(move |(age, views)| (name(roster, i), at(age), views))
        })
        .collect();
    table(
        file,
        vec![
            text("post", rows.iter().map(|(name, _, _)| name.as_str())),
            moments("as_of", rows.iter().map(|(_, at, _)| *at)),
            number("views", rows.iter().map(|(_, _, views)| Some(*views))),
        ],
    )
}

fn deals(file: &str, spec: &SimulationSpec, roster: &Roster, known: &KnownRoster) -> Table {
    let people = &roster.people;
    let width = people.len().to_string().len();
    let names: Vec<String> = (1..=people.len()).map(|i| format!("deal_{i:0width$}")).collect();
    let fee = |kinds: &'static [DealWord]| {
        people.iter().zip(&known.deals).map(move |(p, d)| kinds.contains(&p.deal).then_some(d.fee))
    };
    let days = spec.periods as i64 * i64::from(spec.cadence.days());
    let date = |name: &str, day| Column { name: name.to_owned(), cells: Cells::Date(vec![Some(day); people.len()]) };
    table(
        file,
        vec![
            text("deal", names.iter().map(String::as_str)),
            text("creator", people.iter().map(|p| p.name.as_str())),
            text("kind", people.iter().map(|p| p.deal.word())),
            number("fee", fee(&[DealWord::Flat, DealWord::Hybrid, DealWord::Retainer])),
            number("cpm", fee(&[DealWord::Cpm])),
            number("cap", known.deals.iter().map(|d| d.cap)),
            number("rate", people.iter().map(|p| p.deal.needs_code().then_some(p.rate))),
            number("product_cost", fee(&[DealWord::Gifting])),
            number("posts", known.deals.iter().map(|d| Some(d.posts as f64))),
            date("starts", spec.start),
            date("ends", spec.start.saturating_add((days - 1).days())),
        ],
    )
}

/// From the first post on; a row a creator and period, also where nothing was sold.
fn tracked(file: &str, spec: &SimulationSpec, market: &Market, roster: &Roster, known: &KnownRoster) -> Table {
    let mut rows = Vec::new();
    for (person, sales) in roster.people.iter().zip(&known.sales) {
        let Some(sales) = sales else { continue };
        rows.extend((sales.from..spec.periods).map(|t| (person, sales, t)));
    }
    let column = |get: fn(&super::tracked::Sales) -> &Vec<f64>| -> Vec<Option<f64>> {
        rows.iter().map(|(_, sales, t)| Some(get(sales)[*t])).collect()
    };
    let dates = rows.iter().map(|(_, _, t)| Some(market.dates[spec.history + t])).collect();
    table(
        file,
        vec![
            Column { name: "date".to_owned(), cells: Cells::Date(dates) },
            text("creator", rows.iter().map(|(person, _, _)| person.name.as_str())),
            number("orders", column(|s| &s.orders)),
            number("revenue", column(|s| &s.revenue)),
            number("refunds", column(|s| &s.refunds)),
        ],
    )
}

/// People on a platform, over the followers of its largest account.
const PEOPLE: f64 = 10.0;

/// Followers that two accounts of a platform share: within a kind of people they are as if drawn at random.
fn overlaps(file: &str, roster: &Roster) -> Table {
    let accounts = &roster.accounts;
    let pairs: Vec<(usize, usize)> = (0..accounts.len())
        .flat_map(|a| (0..a).map(move |b| (b, a)))
        .filter(|&(b, a)| accounts[b].platform == accounts[a].platform && accounts[b].person != accounts[a].person)
        .collect();
    let shared = |&(b, a): &(usize, usize)| {
        let (b, a) = (&accounts[b], &accounts[a]);
        let own = accounts.iter().filter(|x| x.platform == a.platform);
        let people = PEOPLE * own.map(|x| x.followers).fold(0.0, f64::max);
        let together: f64 = a.kinds.iter().zip(&b.kinds).map(|(x, y)| x * y).sum();
        (a.followers * b.followers / people * together / a.kinds.len() as f64).round()
    };
    let name = |c: usize| roster.people[accounts[c].person].name.as_str();
    table(
        file,
        vec![
            text("creator", pairs.iter().map(|p| name(p.0))),
            text("other", pairs.iter().map(|p| name(p.1))),
            text("platform", pairs.iter().map(|p| roster.platforms[accounts[p.0].platform].name.as_str())),
            number("shared_followers", pairs.iter().map(|p| Some(shared(p)))),
        ],
    )
}
