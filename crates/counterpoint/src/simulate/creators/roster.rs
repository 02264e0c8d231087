//! Draws the creators of a market by its seed: platforms, people, their accounts and their dated posts.
//!
//! Every platform, every person and every person's posts have a random stream of their own, so that one more creator changes
//! nothing that is drawn for another, and nothing of the channels. All is drawn, wished for or not.

use super::super::market::{Stream, rounded, stream};
use super::super::spec::SimulationSpec;
use super::attention::{Decay, Path, horizon};
use super::spec::{DealWord, PersonSpec, PlatformSpec, RosterSpec};
use crate::project::Format;
use counterpoint_infer::sample::standard_normal;
use jiff::ToSpan;
use jiff::civil::DateTime;
use rand::{Rng, RngExt};

/// Days at the end of the outcome in which nobody posts, so that each post has time to be seen.
const QUIET_DAYS: f64 = 7.0;
/// Followers at which `views_per_follower` holds, and the power by which it falls with them: larger accounts reach a smaller
/// part of their audience.
const REACH: (f64, f64) = (50_000.0, -0.3);
/// Subjects.
const NICHES: [&str; 6] = ["beauty", "fashion", "fitness", "food", "tech", "travel"];

/// All creators of a market.
pub(in crate::simulate) struct Roster {
    pub(super) platforms: Vec<Platform>,
    pub(super) people: Vec<Person>,
    /// Person by person.
    pub(super) accounts: Vec<Account>,
    /// Person by person, by time.
    pub(super) posts: Vec<Post>,
}

pub(super) struct Platform {
    pub(super) name: String,
    pub(super) formats: Vec<Format>,
    pub(super) omega: f64,
    pub(super) u0: f64,
    pub(super) retention: f64,
    pub(super) half_saturation: f64,
    pub(super) geo_spread: f64,
    pub(super) deviations: Vec<f64>,
    pub(super) share: f64,
    pub(super) roi: f64,
    pub(super) capture: f64,
    pub(super) weight_spread: f64,
    views_per_follower: f64,
}

pub(super) struct Person {
    pub(super) name: String,
    pub(super) niche: String,
    pub(super) code: bool,
    pub(super) deal: DealWord,
    pub(super) fee: Option<f64>,
    pub(super) rate: f64,
    pub(super) capture: f64,
    pub(super) leak: f64,
}

pub(super) struct Account {
    pub(super) person: usize,
    pub(super) platform: usize,
    pub(super) followers: f64,
    pub(super) fake_share: f64,
    /// Share by geo, as the table has it.
    pub(super) audience: Vec<f64>,
    /// Density of the audience among each kind of people, 1 as among all.
    pub(super) kinds: Vec<f64>,
    /// ln of the effect of a view beside that of followers.
    pub(super) log_weight: f64,
    /// What a view of this account is asked for, over the platform's price.
    pub(super) price: f64,
}

pub(super) struct Post {
    pub(super) account: usize,
    pub(super) format: Format,
    pub(super) at: DateTime,
    /// Days from the first day of the outcome.
    pub(super) day: f64,
    pub(super) path: Path,
    pub(super) likes: f64,
    pub(super) comments: f64,
    /// Whether its views were counted over time.
    pub(super) counted: bool,
}

/// Draws them.
pub(in crate::simulate) fn roster(spec: &SimulationSpec, wanted: &RosterSpec, people: &[f64]) -> Roster {
    let specs = wanted.platforms();
    let all: Vec<Platform> =
        specs.iter().enumerate().map(|(i, p)| platform(spec.seed, i, p, people.len(), specs.len())).collect();
    let weights: Vec<f64> = specs.iter().map(|p| p.weight.unwrap_or(1.0)).collect();
    let mut out = Roster { platforms: all, people: Vec::new(), accounts: Vec::new(), posts: Vec::new() };
    for (i, name) in wanted.names().into_iter().enumerate() {
        let own = wanted.creator.get(i).cloned().unwrap_or_default();
        person(spec, wanted, &own, (i, name), &weights, people, &mut out);
    }
    out
}

fn platform(seed: u64, i: usize, wanted: &PlatformSpec, geos: usize, platforms: usize) -> Platform {
    let mut rng = stream(seed, Stream::Platform(i));
    let mut around = |middle: f64, spread: f64| middle * (spread * standard_normal(&mut rng)).exp();
    let (omega, u0) = (around(1.1, 0.15), around(0.1, 0.7));
    let (half, share, roi) = (around(1.2, 0.3), around(0.09 / platforms as f64, 0.3), around(1.4, 0.3));
    let (odds, views) = (around(0.28 / 0.72, 0.3), around(0.3, 0.3));
    let (retention, geo_spread, spread) = (rng.random::<f64>(), rng.random::<f64>(), rng.random::<f64>());
    let name = wanted.name.clone().unwrap_or_default();
    let formats = match (wanted.formats.is_empty(), name.as_str()) {
        (false, _) => wanted.formats.clone(),
        (true, "instagram") => vec![Format::Feed],
        (true, "youtube") => vec![Format::LongVideo],
        (true, _) => vec![Format::ShortVideo],
    };
    Platform {
        name,
        formats,
        omega: wanted.omega.unwrap_or(omega),
        u0: wanted.u0.unwrap_or(u0),
        retention: wanted.retention.unwrap_or(0.1 + 0.4 * retention),
        half_saturation: wanted.half_saturation.unwrap_or(half),
        geo_spread: if geos == 1 { 0.0 } else { wanted.geo_spread.unwrap_or(0.4 * geo_spread) },
        deviations: (0..geos).map(|_| standard_normal(&mut rng)).collect(),
        share: wanted.share.unwrap_or(share),
        roi: wanted.roi.unwrap_or(roi),
        capture: wanted.capture.unwrap_or(odds / (1.0 + odds)),
        weight_spread: wanted.weight_spread.unwrap_or(0.3 + 0.5 * spread),
        views_per_follower: wanted.views_per_follower.unwrap_or(views),
    }
}

/// What is drawn of a person beside numbers that depend on the platform.
fn person(
    spec: &SimulationSpec,
    wanted: &RosterSpec,
    own: &PersonSpec,
    (i, name): (usize, String),
    weights: &[f64],
    people: &[f64],
    out: &mut Roster,
) {
    let mut rng = stream(spec.seed, Stream::Person(i));
    let places = places(own, wanted.two_platforms, weights, &out.platforms, &mut rng);
    let (low, high) = (wanted.followers.min.ln(), wanted.followers.max.ln());
    let followers = (low + (high - low) * rng.random::<f64>()).exp();
    let niche = NICHES[index(rng.random::<f64>(), NICHES.len())].to_owned();
    let has_code = rng.random::<f64>() < wanted.codes;
    let code = own.code.unwrap_or(has_code);
    let mix = wanted.deals.all();
    let mut deal = mix[pick(rng.random::<f64>(), mix.map(|(_, w)| w))].0;
    if !code && deal.needs_code() {
        deal = DealWord::Flat;
    }
    let rate = rounded(0.08 + 0.12 * rng.random::<f64>(), 2);
    let (capture, leak) = (standard_normal(&mut rng), standard_normal(&mut rng));
    let middle = out.platforms[places[0]].capture;
    let odds = middle / (1.0 - middle) * (wanted.capture_spread * capture).exp();
    out.people.push(Person {
        name,
        niche: own.niche.clone().unwrap_or(niche),
        code,
        deal: own.deal.unwrap_or(deal),
        fee: own.fee,
        rate: own.rate.unwrap_or(rate),
        capture: own.capture.unwrap_or(odds / (1.0 + odds)),
        leak: own.leak.unwrap_or((wanted.leak * (wanted.leak_spread * leak).exp()).min(1.0)),
    });
    let first = out.accounts.len();
    let total: f64 = people.iter().sum();
    let mut reach = Vec::new();
    for &place in &places {
        let of = &out.platforms[place];
        let size = if out.accounts.len() == first { 1.0 } else { (0.6 * standard_normal(&mut rng)).exp() };
        let followers = own.followers.unwrap_or(followers * size).round().max(1.0);
        let (z, views, price) = (standard_normal(&mut rng), standard_normal(&mut rng), standard_normal(&mut rng));
        let fake = (wanted.fake_share * (0.7 * standard_normal(&mut rng)).exp()).min(0.9);
        let usual = of.views_per_follower * (followers / REACH.0).powf(REACH.1) * (0.3 * views).exp();
        reach.push(followers * own.views_per_follower.unwrap_or(usual));
        let likes: Vec<f64> =
            people.iter().map(|n| n / total * (wanted.audience_spread * standard_normal(&mut rng)).exp()).collect();
        let sum: f64 = likes.iter().sum();
        out.accounts.push(Account {
            person: i,
            platform: place,
            followers,
            fake_share: rounded(own.fake_share.unwrap_or(fake), 3),
            audience: likes.iter().map(|a| rounded(a / sum, 5)).collect(),
            kinds: kinds(i, wanted),
            log_weight: own.weight.map_or(of.weight_spread * z, f64::ln),
            price: (0.35 * price).exp(),
        });
    }
    posts(spec, wanted, own, (i, first), &reach, out);
}

/// Density of a person's audience among each kind of people.
fn kinds(person: usize, wanted: &RosterSpec) -> Vec<f64> {
    let count = wanted.audience_kinds.max(1);
    let of = |kind| 1.0 - wanted.at_home + if kind == person % count { wanted.at_home * count as f64 } else { 0.0 };
    (0..count).map(of).collect()
}

/// One or two platforms.
fn places(own: &PersonSpec, second: f64, weights: &[f64], all: &[Platform], rng: &mut impl Rng) -> Vec<usize> {
    let (one, more, other) = (rng.random::<f64>(), rng.random::<f64>(), rng.random::<f64>());
    let named: Vec<usize> = own.platforms.iter().filter_map(|name| all.iter().position(|p| p.name == *name)).collect();
    if !named.is_empty() {
        return named;
    }
    let first = pick(one, weights.iter().copied());
    let rest = || weights.iter().enumerate().map(|(i, w)| if i == first { 0.0 } else { *w });
    if more < second && rest().sum::<f64>() > 0.0 { vec![first, pick(other, rest())] } else { vec![first] }
}

/// Dated posts of a person: half of the people post regularly, half in bursts.
fn posts(
    spec: &SimulationSpec,
    wanted: &RosterSpec,
    own: &PersonSpec,
    (i, first): (usize, usize),
    reach: &[f64],
    out: &mut Roster,
) {
    let mut rng = stream(spec.seed, Stream::Posts(i));
    let (few, many) = (wanted.posts.min, wanted.posts.max);
    let drawn = few + index(rng.random::<f64>(), many - few + 1);
    let n = own.posts.unwrap_or(drawn).max(reach.len());
    let length = 0.5 + 0.5 * rng.random::<f64>();
    let begins = (1.0 - length) * rng.random::<f64>();
    let [from, to] = own.active.unwrap_or([begins, begins + length]);
    let days = spec.periods as f64 * f64::from(spec.cadence.days()) - QUIET_DAYS;
    let regular = rng.random::<f64>() < 0.5;
    let bursts: Vec<f64> = (0..n.div_ceil(4)).map(|_| rng.random::<f64>()).collect();
    let mut made = Vec::new();
    for k in 0..n {
        let (place, hour, minute) = (rng.random::<f64>(), rng.random::<f64>(), rng.random::<f64>());
        let share = if regular {
            (k as f64 + place) / n as f64
        } else {
            (bursts[k % bursts.len()] + (place - 0.5) * 20.0 / days).clamp(0.0, 1.0)
        };
        let day = ((from + (to - from) * share) * days).floor().clamp(0.0, days - 1.0);
        let account = first + k % reach.len();
        let of = &out.accounts[account];
        let platform = &out.platforms[of.platform];
        let format = platform.formats[k / reach.len() % platform.formats.len()];
        let decay = Decay { omega: platform.omega, u0: platform.u0, horizon: horizon(format) };
        let views = reach[k % reach.len()] * (0.5 * standard_normal(&mut rng)).exp();
        let path = Path::draw(decay, views, &mut rng);
        // Bought likes come at an even rate, and nobody writes for them.
        let real = 1.0 - of.fake_share;
        let liked = 0.06 * (0.35 * real * standard_normal(&mut rng)).exp();
        let written = 0.06 * real * (0.35 * standard_normal(&mut rng)).exp();
        let likes = (path.total() * liked).round().min(path.total());
        let (hour, minute) = (8 + index(hour, 13) as i8, 1 + index(minute, 58) as i8);
        made.push(Post {
            account,
            format,
            at: (spec.start.saturating_add((day as i64).days())).at(hour, minute, 0, 0),
            day: day + (f64::from(hour) + f64::from(minute) / 60.0) / 24.0,
            comments: (likes * written).round(),
            likes,
            counted: rng.random::<f64>() < wanted.snapshots,
            path,
        });
    }
    made.sort_by_key(|post| (post.at, post.account));
    out.posts.append(&mut made);
}

/// A place out of `n` from a number in [0, 1).
fn index(u: f64, n: usize) -> usize {
    ((u * n as f64) as usize).min(n - 1)
}

/// A place by weights from a number in [0, 1).
fn pick(u: f64, weights: impl IntoIterator<Item = f64>) -> usize {
    let weights: Vec<f64> = weights.into_iter().collect();
    let mut left = u * weights.iter().sum::<f64>();
    for (i, w) in weights.iter().enumerate() {
        if left < *w {
            return i;
        }
        left -= w;
    }
    weights.iter().rposition(|w| *w > 0.0).unwrap_or(0)
}
