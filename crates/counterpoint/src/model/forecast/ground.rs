//! What a candidate stands on: the platform and what is known of its creators; and from one fate to one outcome.

use super::fate::Fate;
use super::post::{Own, Person, PostDraw};
use super::reach::Reach;
use super::{Basis, Outcome};
use crate::creators::attention::kernel_of;
use crate::creators::deal::{self, Activity};
use crate::creators::kernel::{Kernel, LearnedKernel, learn};
use crate::data::Dataset;
use crate::data::roster::{Account, Candidate, Format, Roster};
use crate::model::build::Model;
use crate::model::build::roster::real;
use crate::model::covariates::{Covariate, covariates};
use crate::model::platform::Platform;
use crate::model::posterior::Posterior;
use crate::model::tracked::Tracked;
use counterpoint_infer::math::logistic;
use std::collections::BTreeSet;

/// Days of the recent past whose exposure stands for today's.
const RECENT_DAYS: f64 = 91.0;
/// Days between posts.
const APART: f64 = 7.0;
/// Days after the last post for which a code is live, where the deal does not say.
const CODE_DAYS: f64 = 30.0;

/// What all candidates share.
pub(super) struct Shared<'a> {
    roster: &'a Roster,
    kernels: Vec<LearnedKernel>,
    pub(super) covariates: Vec<Covariate>,
    /// What a view that is not real is worth.
    fake_worth: f64,
    /// The recent periods.
    recent: std::ops::Range<usize>,
    /// Days of a period.
    days: f64,
    /// Money that one scaled unit is worth of late, `[geos]`.
    money: Vec<f64>,
    /// Outcome in money a day, of late.
    money_a_day: f64,
}

impl<'a> Shared<'a> {
    pub(super) fn new(model: &Model, data: &Dataset, roster: &'a Roster, fake_worth: f64) -> Shared<'a> {
        let (periods, days) = (model.n_periods(), f64::from(data.cadence.days()));
        let recent = periods.saturating_sub((RECENT_DAYS / days).round() as usize)..periods;
        let count = recent.len() as f64;
        let own = |g: usize| recent.clone().map(move |t| g * periods + t);
        let geos = 0..model.n_geos();
        let money = geos.clone().map(|g| own(g).map(|i| model.money[i]).sum::<f64>() / count).collect();
        let worth = |i: usize| if data.outcome[i].is_nan() { 0.0 } else { data.outcome[i] * data.unit_value[i] };
        let money_a_day = geos.flat_map(own).map(worth).sum::<f64>() / (count * days);
        Shared {
            roster,
            kernels: learn(roster),
            covariates: covariates(roster),
            fake_worth,
            recent,
            days,
            money,
            money_a_day,
        }
    }
}

/// What one candidate stands on.
pub(super) struct Ground<'a> {
    pub(super) shared: &'a Shared<'a>,
    /// The platform's driver.
    driver: usize,
    platform: &'a Platform,
    pub(super) reach: Reach,
    /// Accounts of the platform in the model, of whom one stands in for what is not known.
    pub(super) peers: Vec<&'a Account>,
    /// Formats of the platform's posts, a post each.
    pub(super) formats: Vec<Format>,
    /// Kernel and views by period of a post in the middle of its first, a format each.
    profiles: Vec<(Format, Kernel, Vec<f64>)>,
    /// Scaled exposure a head that one real view brings, `[rows]`.
    share: Vec<f64>,
    /// Share of a geo's people in each segment of the platform's audience.
    segments: &'a [f64],
    /// Where its capture rate is among the parameters, and the spread of creators around it.
    capture: Option<(usize, usize)>,
    /// Where the leaks are.
    leaks: Vec<usize>,
    tracked: Option<&'a Tracked>,
}

impl<'a> Ground<'a> {
    /// None where no creator of the model is on the candidate's platform.
    pub(super) fn new(
        shared: &'a Shared<'a>,
        model: &'a Model,
        data: &Dataset,
        candidate: &Candidate,
    ) -> Option<Ground<'a>> {
        let wanted = |name: &str| name.eq_ignore_ascii_case(candidate.platform.trim());
        let (driver, platform) = model
            .drivers
            .iter()
            .enumerate()
            .find_map(|(m, d)| Some((m, d.platform.as_ref().filter(|p| wanted(&p.name))?)))?;
        let roster = shared.roster;
        let index = roster.platforms.iter().position(|p| *p == platform.name)?;
        let formats: Vec<Format> =
            roster.posts.iter().filter(|p| roster.accounts[p.account].platform == index).map(|p| p.format).collect();
        let mut kinds: Vec<Format> = candidate.format.map_or_else(|| formats.clone(), |f| vec![f]);
        kinds.sort_unstable();
        kinds.dedup();
        let profiles = kinds
            .into_iter()
            .map(|format| {
                let kernel = kernel_of(&shared.kernels, index, format);
                let (days, begins) = (shared.days, 0.5 * shared.days);
                let count = ((kernel.horizon + begins) / days).ceil() as usize;
                let until = |t: usize| kernel.share_until(t as f64 * days - begins);
                (format, kernel, (0..count).map(|t| until(t + 1) - until(t)).collect())
            })
            .collect();
        let population: f64 = data.population.iter().sum();
        let unit = model.drivers[driver].unit[0];
        let segments = &model.drivers[driver].shape.segments;
        let share = (0..model.n_geos())
            .flat_map(|g| {
                let heads = match &candidate.account.audience {
                    Some(audience) => audience[g] / data.population[g],
                    None => 1.0 / population,
                };
                (0..segments.len()).map(move |k| heads * candidate.account.density(k) / unit)
            })
            .collect();
        let tracked = model.tracked.as_ref();
        let own = tracked.and_then(|t| t.series.iter().find(|s| s.accounts.first().is_some_and(|a| a.0 == driver)));
        Some(Ground {
            shared,
            driver,
            platform,
            reach: Reach::learn(roster, index),
            peers: platform.accounts.iter().map(|&a| &roster.accounts[a]).collect(),
            formats,
            profiles,
            share,
            segments,
            capture: own.zip(tracked).map(|(s, t)| (s.capture, t.spread)),
            leaks: tracked.map_or_else(Vec::new, |t| t.series.iter().map(|s| s.leak).collect()),
            tracked,
        })
    }

    pub(super) fn basis(&self, candidate: &Candidate) -> Basis {
        Basis {
            creators: self.platform.len(),
            spread_learned: self.platform.slots.deviations.is_some(),
            accounts: self.reach.accounts,
            posts: self.reach.posts,
            followers: self.reach.followers,
            format_posts: candidate.format.map(|f| self.formats.iter().filter(|x| **x == f).count()),
            formats: self.formats.iter().collect::<BTreeSet<_>>().len(),
        }
    }

    pub(super) fn borrowed(&self, candidate: &Candidate) -> Vec<&'static str> {
        let unknown = |c: &&Covariate| c.of(&candidate.account).is_none();
        self.shared.covariates.iter().filter(unknown).map(|c| c.name).collect()
    }

    fn weight(&self, values: &[f64], fate: &Fate) -> f64 {
        let slopes = &self.platform.slots.slopes;
        let known: f64 = slopes.iter().zip(&fate.traits).map(|(&i, h)| values[i] * h).sum();
        let differs = match self.platform.slots.deviations {
            Some((spread, _)) => values[spread] * fate.weight[0],
            // The effect is that of the lone creator, who deviates too.
            None => fate.spread * (fate.weight[0] - fate.weight[1]),
        };
        (known + differs).exp()
    }

    /// Real views by period from the first post on.
    fn views(&self, fate: &Fate) -> Vec<f64> {
        let apart = |i: usize| (i as f64 * APART / self.shared.days).round() as usize;
        let longest = self.profiles.iter().map(|p| p.2.len()).max().unwrap_or(0);
        let mut out = vec![0.0; apart(fate.posts.len().saturating_sub(1)) + longest];
        for (i, (views, format)) in fate.posts.iter().enumerate().filter_map(|(i, p)| Some((i, (*p)?))) {
            let Some((_, _, profile)) = self.profiles.iter().find(|p| p.0 == format) else { continue };
            out[apart(i)..].iter_mut().zip(profile).for_each(|(to, share)| *to += views * share);
        }
        let counts = real(fate.fake, self.shared.fake_worth);
        out.iter_mut().for_each(|x| *x *= counts);
        out
    }

    /// One forecast at the posterior's last position.
    pub(super) fn one(&self, model: &Model, posterior: &Posterior, candidate: &Candidate, fate: &Fate) -> Outcome {
        let (values, state) = (posterior.values(), &posterior.drivers()[self.driver]);
        let half = values[model.drivers[self.driver].slots.saturation[0]];
        let weight = self.weight(values, fate);
        let views = self.views(fate);
        let kernel = state.response.weights();
        let mut carried = vec![0.0; views.len() + kernel.len() - 1];
        for (t, v) in views.iter().enumerate() {
            carried[t..].iter_mut().zip(kernel).for_each(|(to, w)| *to += w * v);
        }
        let (periods, recent) = (model.n_periods(), &self.shared.recent);
        let start = (fate.start * recent.len() as f64) as usize;
        let (mut units, mut money, mut part, mut part_money) = (0.0, 0.0, 0.0, 0.0);
        for g in 0..model.n_geos() {
            let (mut added, mut own) = (0.0, 0.0);
            for (k, people) in self.segments.iter().enumerate() {
                let row = g * self.segments.len() + k;
                let f = &state.response.rows().f[row * periods..(row + 1) * periods];
                for (t, s) in carried.iter().enumerate() {
                    // f = s / (s + e) and s = e f / (1 - f).
                    let f = f[recent.start + (start + t) % recent.len()];
                    let others = half * f / (1.0 - f);
                    let x = weight * self.share[row] * s;
                    let all = others + x + half;
                    own += people * x / all;
                    added += people * half * x / (all * (others + half));
                }
            }
            let beta = state.effect.beta[g];
            units += beta * model.units[g] * added;
            money += beta * self.shared.money[g] * added;
            part += beta * model.units[g] * own;
            part_money += beta * self.shared.money[g] * own;
        }
        let seen = fate.posts.iter().flatten().map(|p| p.0).sum();
        let did = self.activity(values, candidate, fate, part_money);
        Outcome { views: seen, units, money, part, did }
    }

    /// What happens under the deal that is asked for.
    fn activity(&self, values: &[f64], candidate: &Candidate, fate: &Fate, part_money: f64) -> Activity {
        let made: Vec<(f64, Format)> = fate.posts.iter().flatten().copied().collect();
        let Some(terms) = &candidate.deal else {
            return Activity { posts: made.len() as f64, elapsed: 1.0, ..Activity::default() };
        };
        let within = |(views, format): &(f64, Format)| match terms.window_days {
            Some(days) => views * self.profiles.iter().find(|p| p.0 == *format).map_or(1.0, |p| p.1.share_until(days)),
            None => *views,
        };
        let counted: Vec<f64> = made.iter().map(within).collect();
        Activity {
            posts: made.len() as f64,
            gifts: deal::gifts(terms, made.len() as f64),
            views: counted.iter().sum(),
            reached: deal::reached(terms, &counted),
            revenue: self.tracked(values, candidate, fate, part_money),
            elapsed: 1.0,
        }
    }

    /// One post at the posterior's last position, on average over those of a fate. `luck` is standard normal: what is not known of the
    /// average of an account's own views.
    pub(super) fn post(&self, posterior: &Posterior, fate: &Fate, own: &Own, luck: f64) -> PostDraw {
        let values = posterior.values();
        let count = fate.posts.len().max(1) as f64;
        let made = fate.posts.iter().flatten().count() as f64;
        let mut views = fate.posts.iter().flatten().map(|p| p.0).sum::<f64>() / count;
        if let (Some((mean, posts)), None) = (own.views, fate.stated) {
            let level = mean + fate.within / posts.sqrt() * luck;
            let noise = |z: &f64| (level + fate.within * z).exp();
            views =
                fate.posts.iter().zip(&fate.noise).filter(|p| p.0.is_some()).map(|p| noise(p.1)).sum::<f64>() / count;
        }
        let state = &posterior.drivers()[self.driver];
        let weight = match (own.place, &state.platform) {
            (Some((driver, c)), Some(platform)) if driver == self.driver => platform.weight[c],
            _ => self.weight(values, fate),
        };
        let (capture, leak) = match own.series.zip(self.tracked) {
            Some((i, tracked)) => (tracked.capture(i, values), values[tracked.series[i].leak]),
            None => self.capture_and_leak(values, fate),
        };
        let real = real(fate.fake, self.shared.fake_worth);
        PostDraw { views, strength: weight * views * real, capture, leak, made: made / count }
    }

    /// A person with these draws.
    pub(super) fn person(&self, draws: Vec<PostDraw>) -> Person {
        let mut decay: Vec<f64> = Vec::new();
        for (format, _, profile) in &self.profiles {
            let posts = self.formats.iter().filter(|f| *f == format).count().max(1) as f64;
            let all: f64 =
                self.profiles.iter().map(|p| self.formats.iter().filter(|f| **f == p.0).count().max(1) as f64).sum();
            decay.resize(decay.len().max(profile.len()), 0.0);
            decay.iter_mut().zip(profile).for_each(|(to, x)| *to += posts / all * x);
        }
        Person {
            driver: self.driver,
            share: self.share.clone(),
            decay,
            days: self.shared.days,
            money_a_day: self.shared.money_a_day,
            draws,
        }
    }

    /// Capture rate and leak of a new code.
    fn capture_and_leak(&self, values: &[f64], fate: &Fate) -> (f64, f64) {
        let [deviation, centre, spread] = fate.capture;
        let (centre, spread) = self.capture.map_or((centre, spread), |(c, s)| (values[c], values[s]));
        let capture = logistic((centre / (1.0 - centre)).ln() + spread * deviation);
        let pick = (fate.leak[0] * self.leaks.len() as f64) as usize;
        (capture, self.leaks.get(pick).map_or(fate.leak[1], |&i| values[i]))
    }

    /// Money tracked to the candidate's code: what it captures of the candidate's own part, and what leaks while it is live.
    fn tracked(&self, values: &[f64], candidate: &Candidate, fate: &Fate, part_money: f64) -> f64 {
        let (capture, leak) = self.capture_and_leak(values, fate);
        let window = candidate.deal.as_ref().and_then(|d| d.window_days).unwrap_or(CODE_DAYS);
        let live = (candidate.posts.saturating_sub(1)) as f64 * window.min(APART) + window;
        (capture * part_money + leak * self.shared.money_a_day * live).max(0.0)
    }
}
