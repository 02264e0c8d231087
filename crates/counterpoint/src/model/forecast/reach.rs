//! How many views a post of somebody new would get, learned from the roster's own posts on a platform.
//!
//! ln views of post j of account i = a + b (ln followers\[i\] - centre) + format + u\[i\] + e\[ij\], u ~ Normal(0, s_u^2) between creators,
//! e ~ Normal(0, s_e^2) between posts. The linear part is Normal given the two spreads, which lie on a grid: the exact posterior but for the
//! grid. With few posts the priors speak, which are wide.

use crate::data::Roster;
use crate::data::roster::Format;
use crate::model::linalg::{cholesky, dot, solve, solve_upper};
use counterpoint_infer::sample::standard_normal;
use rand::Rng;

/// Prior mean and standard deviation of ln (views a post / followers) at average followers: 30 %, within a factor of 20 (judgement: it
/// differs by platform, format and year).
const RATIO: (f64, f64) = (-1.2, 1.8);
/// Prior mean and standard deviation of the slope: larger accounts reach a smaller share of their followers (judgement).
const SLOPE: (f64, f64) = (0.8, 0.3);
/// Prior standard deviation of a format's deviation (judgement: a factor of two).
const FORMAT_SD: f64 = 0.7;
/// Scale of the half-normal priors of both spreads (judgement: a factor of e is much).
const SPREAD: f64 = 1.0;
/// Ends and number of points of the grid of each spread, evenly in its logarithm.
const GRID: (f64, f64, usize) = (0.03, 3.5, 28);

/// What a platform's posts say of the views of posts.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    /// Accounts with followers and posts.
    pub(super) accounts: usize,
    /// Their posts with views.
    pub(super) posts: usize,
    /// Least and most followers among them.
    pub(super) followers: Option<(f64, f64)>,
    centre: f64,
    nodes: Vec<Node>,
}

/// One point of the grid.
#[derive(Debug, Clone)]
struct Node {
    /// Posterior probability of this and all points before.
    until: f64,
    between: f64,
    within: f64,
    mean: Vec<f64>,
    /// Factor U of the precision.
    factor: Vec<f64>,
}

/// One draw of what is known: ln views are `level`, plus what the post adds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReachDraw {
    linear: Vec<f64>,
    /// Standard deviation between creators of equal followers.
    pub(super) between: f64,
    /// Standard deviation between posts of one creator.
    pub(super) within: f64,
}

/// Sums over the posts of an account.
struct Own {
    posts: f64,
    /// Sums of the columns, and of their products.
    x: Vec<f64>,
    xx: Vec<f64>,
    y: f64,
    xy: Vec<f64>,
    yy: f64,
}

/// Columns: level, slope, a deviation a format.
const COLUMNS: usize = 8;
/// The formats, in the order of their columns.
const FORMATS: [Format; 6] =
    [Format::Story, Format::ShortVideo, Format::Feed, Format::LongVideo, Format::Live, Format::Article];

fn columns(ln_followers: f64, centre: f64, format: Format) -> [f64; COLUMNS] {
    let mut out = [0.0; COLUMNS];
    (out[0], out[1]) = (1.0, ln_followers - centre);
    for (to, f) in out[2..].iter_mut().zip(FORMATS) {
        *to = f64::from(u8::from(f == format));
    }
    out
}

impl Reach {
    /// From the posts of one platform.
    pub(super) fn learn(roster: &Roster, platform: usize) -> Reach {
        let known = |a: usize| {
            let account = &roster.accounts[a];
            account.followers.filter(|f| account.platform == platform && *f > 0.0)
        };
        let seen: Vec<(usize, f64, Format, f64)> = roster
            .posts
            .iter()
            .filter(|p| p.views > 0.0)
            .filter_map(|p| Some((p.account, known(p.account)?.ln(), p.format, p.views.ln())))
            .collect();
        let mut accounts: Vec<usize> = seen.iter().map(|s| s.0).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let sizes: Vec<f64> = accounts.iter().filter_map(|&a| known(a)).map(f64::ln).collect();
        // Without anybody, the centre only says where the prior of the level stands.
        let centre = if sizes.is_empty() { 10.0 } else { sizes.iter().sum::<f64>() / sizes.len() as f64 };
        let prior = prior(centre);
        let own: Vec<Own> = accounts
            .iter()
            .map(|&account| {
                let mut own = Own::new();
                for (_, size, format, y) in seen.iter().filter(|s| s.0 == account) {
                    let x = columns(*size, centre, *format);
                    own.add(&x, y - dot(&x, &prior.0));
                }
                own
            })
            .collect();
        let followers = sizes.iter().copied().reduce(f64::min).zip(sizes.iter().copied().reduce(f64::max));
        Reach {
            accounts: accounts.len(),
            posts: seen.len(),
            followers: followers.map(|(least, most)| (least.exp(), most.exp())),
            centre,
            nodes: nodes(&own, seen.len() as f64, &prior),
        }
    }

    /// A draw of everything that is not known of the platform.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> ReachDraw {
        let u = crate::model::forecast::uniform(rng);
        let node = &self.nodes[self.nodes.partition_point(|n| n.until < u).min(self.nodes.len() - 1)];
        let mut linear: Vec<f64> = (0..COLUMNS).map(|_| standard_normal(rng)).collect();
        solve_upper(&node.factor, COLUMNS, &mut linear);
        linear.iter_mut().zip(&node.mean).for_each(|(b, m)| *b += m);
        ReachDraw { linear, between: node.between, within: node.within }
    }

    /// ln views of a post of an average creator with so many followers.
    pub(super) fn level(&self, draw: &ReachDraw, followers: f64, format: Format) -> f64 {
        dot(&draw.linear, &columns(followers.ln(), self.centre, format))
    }
}

impl Own {
    fn new() -> Own {
        Own {
            posts: 0.0,
            x: vec![0.0; COLUMNS],
            xx: vec![0.0; COLUMNS * COLUMNS],
            y: 0.0,
            xy: vec![0.0; COLUMNS],
            yy: 0.0,
        }
    }

    fn add(&mut self, x: &[f64], y: f64) {
        self.posts += 1.0;
        self.y += y;
        self.yy += y * y;
        for i in 0..COLUMNS {
            self.x[i] += x[i];
            self.xy[i] += x[i] * y;
            for j in 0..COLUMNS {
                self.xx[i * COLUMNS + j] += x[i] * x[j];
            }
        }
    }
}

/// Prior means and precisions of the linear part.
fn prior(centre: f64) -> (Vec<f64>, Vec<f64>) {
    let mut means = vec![0.0; COLUMNS];
    let mut precisions = vec![FORMAT_SD.powi(-2); COLUMNS];
    (means[0], precisions[0]) = (centre + RATIO.0, RATIO.1.powi(-2));
    (means[1], precisions[1]) = (SLOPE.0, SLOPE.1.powi(-2));
    (means, precisions)
}

/// The grid with its probabilities.
fn nodes(own: &[Own], posts: f64, (means, precisions): &(Vec<f64>, Vec<f64>)) -> Vec<Node> {
    let (low, high, points) = GRID;
    let at = |k: usize| low * (high / low).powf(k as f64 / (points - 1) as f64);
    let mut out = Vec::with_capacity(points * points);
    let mut logs = Vec::with_capacity(points * points);
    for between in (0..points).map(at) {
        for within in (0..points).map(at) {
            let (su, se) = (between * between, within * within);
            // V = se I + su 11' for each account: V^-1 = (I - c 11') / se.
            let mut a: Vec<f64> = vec![0.0; COLUMNS * COLUMNS];
            for i in 0..COLUMNS {
                a[i * COLUMNS + i] = precisions[i];
            }
            let mut b = vec![0.0; COLUMNS];
            let (mut squares, mut ln_det) = (0.0, (posts - own.len() as f64) * se.ln());
            for o in own {
                let c = su / (se + o.posts * su);
                for i in 0..COLUMNS {
                    b[i] += (o.xy[i] - c * o.x[i] * o.y) / se;
                    for j in 0..COLUMNS {
                        a[i * COLUMNS + j] += (o.xx[i * COLUMNS + j] - c * o.x[i] * o.x[j]) / se;
                    }
                }
                squares += (o.yy - c * o.y * o.y) / se;
                ln_det += (se + o.posts * su).ln();
            }
            let ln_det_a = cholesky(&mut a, COLUMNS);
            let mut mean = b.clone();
            solve(&a, COLUMNS, &mut mean, 1);
            let fit = dot(&b, &mean);
            mean.iter_mut().zip(means).for_each(|(x, m)| *x += m);
            // Half-normal priors, and the logarithmic spacing of the grid.
            let prior = -0.5 * (su + se) / (SPREAD * SPREAD) + between.ln() + within.ln();
            logs.push(prior - 0.5 * (ln_det + ln_det_a + squares - fit));
            out.push(Node { until: 0.0, between, within, mean, factor: a });
        }
    }
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|l| (l - top).exp()).sum();
    let mut until = 0.0;
    for (node, l) in out.iter_mut().zip(&logs) {
        until += (l - top).exp() / total;
        node.until = until;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::roster::{Account, Creator, Post};
    use counterpoint_infer::draws::{quantile, sorted};
    use counterpoint_infer::nuts::chain_rng;
    use jiff::civil::date;

    /// Accounts of one platform with so many posts each, from the model: slope 0.7, 30 % of followers at 20 000, spreads 0.5 and 0.4.
    fn market(accounts: usize, posts: usize, seed: u64) -> Roster {
        let mut rng = chain_rng(seed, 0);
        let mut out = Roster { platforms: vec!["clips".into()], ..Roster::default() };
        for a in 0..accounts {
            let size = 1e4f64.ln() + 1.5 * standard_normal(&mut rng);
            out.creators.push(Creator { name: format!("c{a}"), niche: None });
            out.accounts.push(Account {
                creator: a,
                platform: 0,
                followers: Some(size.exp()),
                engagement_rate: None,
                fake_share: None,
                niche_fit: None,
                earlier: None,
                audience: None,
                segments: Vec::new(),
            });
            let own = 0.5 * standard_normal(&mut rng);
            for n in 0..posts {
                let level = (0.3 * 2e4f64).ln() + 0.7 * (size - 2e4f64.ln()) + own;
                out.posts.push(Post {
                    name: format!("p{a}-{n}"),
                    account: a,
                    format: Format::ShortVideo,
                    at: date(2025, 1, 1).at(12, 0, 0, 0),
                    views: (level + 0.4 * standard_normal(&mut rng)).exp(),
                    boosted: 0.0,
                    likes: None,
                    comments: None,
                    shares: None,
                    saves: None,
                    sponsored: None,
                    campaign: None,
                    snapshots: Vec::new(),
                });
            }
        }
        out
    }

    /// Quantiles of ln views of one post of somebody new.
    fn predicted(reach: &Reach, followers: f64, p: &[f64]) -> Vec<f64> {
        let mut rng = chain_rng(1, 1);
        let draws: Vec<f64> = (0..4000)
            .map(|_| {
                let d = reach.draw(&mut rng);
                let noise = d.between * standard_normal(&mut rng) + d.within * standard_normal(&mut rng);
                reach.level(&d, followers, Format::ShortVideo) + noise
            })
            .collect();
        let ordered = sorted(&draws);
        p.iter().map(|p| quantile(&ordered, *p)).collect()
    }

    #[test]
    fn spreads_and_slope_of_a_large_market_are_found() {
        let reach = Reach::learn(&market(80, 12, 4), 0);
        assert_eq!((reach.accounts, reach.posts), (80, 960));
        let mut rng = chain_rng(2, 2);
        let draws: Vec<ReachDraw> = (0..2000).map(|_| reach.draw(&mut rng)).collect();
        let mean = |get: &dyn Fn(&ReachDraw) -> f64| draws.iter().map(get).sum::<f64>() / 2000.0;
        assert!((mean(&|d| d.linear[1]) - 0.7).abs() < 0.1);
        assert!((mean(&|d| d.between) - 0.5).abs() < 0.12, "{}", mean(&|d| d.between));
        assert!((mean(&|d| d.within) - 0.4).abs() < 0.03, "{}", mean(&|d| d.within));
    }

    #[test]
    fn intervals_hold_posts_of_people_left_out_as_often_as_they_say() {
        let (mut inside, mut all) = (0, 0);
        for seed in 0..60 {
            let mut roster = market(9, 5, seed);
            // The last account is new: its first post is what is asked about.
            let new = roster.posts.iter().find(|p| p.account == 8).map(|p| p.views.ln());
            roster.posts.retain(|p| p.account != 8);
            let followers = roster.accounts[8].followers.unwrap_or(1.0);
            let q = predicted(&Reach::learn(&roster, 0), followers, &[0.05, 0.95]);
            inside += usize::from(new.is_some_and(|y| (q[0]..=q[1]).contains(&y)));
            all += 1;
        }
        // 54 of 60 expected; 46 to 60 is the 99.9 % range of a binomial with 0.9.
        assert!(all == 60 && inside >= 46, "{inside}");
    }

    #[test]
    fn fewer_creators_give_wider_forecasts_and_none_the_prior() {
        let width = |accounts| {
            let q = predicted(&Reach::learn(&market(accounts, 5, 3), 0), 2e4, &[0.05, 0.95]);
            q[1] - q[0]
        };
        let widths = [width(60), width(4), width(0)];
        assert!(widths[0] < widths[1] && widths[1] < widths[2], "{widths:?}");
        // a, u and e of the prior: 1.8, about 1 and 1 in standard deviations.
        assert!(widths[2] > 5.0 && widths[2] < 11.0, "{widths:?}");
    }
}
