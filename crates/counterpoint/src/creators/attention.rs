//! From posts and snapshots to views by account and period: the dose of a creator.

use super::kernel::{Kernel, LearnedKernel, age, learn};
use super::moment;
use crate::data::calendar::day_number;
use crate::data::roster::{Format, Post, Redefined};
use crate::data::{Dataset, Roster};

/// Views by account and period.
#[derive(Debug, Clone, PartialEq)]
pub struct Views {
    /// As counted, `[accounts x (lead + periods)]`.
    pub all: Vec<f64>,
    /// Those of them that were counted before the platform changed what a view is, same shape; zero where it did not.
    pub before: Vec<f64>,
}

/// Views by account and period, `lead` periods of history first. Between snapshots they are what was
/// observed, spread as the kernel spreads them; after the last snapshot, and where there is none, the kernel spreads what is left.
/// Boosted views follow the organic ones. Views before the history and after the window are left out.
///
/// A platform that changes what a view is counts in the new way from that day on, whatever is watched: so a view belongs to the count of its own
/// day, not of its post's. A period that the day cuts is divided as the post's views are.
pub fn views(roster: &Roster, data: &Dataset, lead: usize) -> Views {
    let padded = lead + data.n_periods();
    let nothing = vec![0.0; roster.accounts.len() * padded];
    let mut out = Views { all: nothing.clone(), before: nothing };
    each_post(roster, data, lead, |post, first, views, before| {
        let start = roster.posts[post].account * padded + first;
        out.all[start..start + views.len()].iter_mut().zip(views).for_each(|(cell, x)| *cell += x);
        out.before[start..start + before.len()].iter_mut().zip(before).for_each(|(cell, x)| *cell += x);
    });
    out
}

/// The same post by post, in order: `take` gets the index of the post, the first of its periods (history counted), its views by period
/// from there on, and those of them that were counted before a change of what a view is; none of these where it is under no change.
pub fn each_post(roster: &Roster, data: &Dataset, lead: usize, mut take: impl FnMut(usize, usize, &[f64], &[f64])) {
    let days = f64::from(data.cadence.days());
    let padded = lead + data.n_periods();
    let start = data.dates.first().map_or(0.0, |d| day_number(*d) as f64) - lead as f64 * days;
    let kernels = learn(roster);
    let (mut line, mut before) = (Vec::with_capacity(padded), Vec::with_capacity(padded));
    for (index, post) in roster.posts.iter().enumerate() {
        let kernel = kernel_of(&kernels, roster.accounts[post.account].platform, post.format);
        let posted = moment(post.at);
        let curve = Curve::new(post, kernel);
        let first = ((posted - start) / days).floor().max(0.0) as usize;
        let last = ((posted + kernel.horizon - start) / days).ceil().clamp(0.0, padded as f64) as usize;
        line.clear();
        line.extend((first..last).map(|t| {
            let from = start + t as f64 * days - posted;
            curve.until(from + days) - curve.until(from)
        }));
        before.clear();
        if let Some(change) = change_of(roster, post) {
            let until = day_number(change.on) as f64 - posted;
            before.extend((first..last).map(|t| {
                let from = start + t as f64 * days - posted;
                curve.until((from + days).min(until)) - curve.until(from.min(until))
            }));
        }
        if !line.is_empty() {
            take(index, first, &line, &before);
        }
    }
}

/// The share of each post's views that were counted before its platform changed what a view is, in \[0, 1\].
pub fn share_before(roster: &Roster) -> Vec<f64> {
    let kernels = learn(roster);
    let one = |post: &Post| {
        let Some(change) = change_of(roster, post) else { return 0.0 };
        let kernel = kernel_of(&kernels, roster.accounts[post.account].platform, post.format);
        let curve = Curve::new(post, kernel);
        let (all, until) = (curve.until(kernel.horizon), day_number(change.on) as f64 - moment(post.at));
        if all > 0.0 { curve.until(until) / all } else { 0.0 }
    };
    roster.posts.iter().map(one).collect()
}

/// The change that a post's views are under.
fn change_of<'a>(roster: &'a Roster, post: &Post) -> Option<&'a Redefined> {
    roster.redefined.iter().find(|change| change.is_about(roster, post))
}

/// The kernel of a platform and format: the learned one, else the prior's middle.
pub fn kernel_of(kernels: &[LearnedKernel], platform: usize, format: Format) -> Kernel {
    let own = kernels.iter().find(|k| k.platform == platform && k.format == format);
    own.map_or_else(|| Kernel::default_of(format), |k| k.kernel)
}

/// Cumulative views of one post by age.
struct Curve {
    kernel: Kernel,
    /// Age and views so far, rising, from (0, 0); the last is the end.
    known: Vec<(f64, f64)>,
    /// All views, boosted ones included, over organic ones.
    boost: f64,
}

impl Curve {
    fn new(post: &Post, kernel: Kernel) -> Curve {
        let mut known = vec![(0.0, 0.0)];
        for snapshot in &post.snapshots {
            let at = age(post, snapshot.at).min(kernel.horizon);
            let (before, seen) = known[known.len() - 1];
            if at > before {
                // Counts that fall are corrections; the higher one stands.
                known.push((at, snapshot.views.max(seen)));
            }
        }
        let (last, seen) = known[known.len() - 1];
        if last < kernel.horizon {
            known.push((kernel.horizon, post.views.max(seen)));
        }
        let organic = known[known.len() - 1].1;
        let boost = if organic > 0.0 { 1.0 + post.boosted / organic } else { 1.0 };
        Curve { kernel, known, boost }
    }

    /// Views until an age in days.
    fn until(&self, days: f64) -> f64 {
        if days <= 0.0 {
            return 0.0;
        }
        let after = self.known.partition_point(|k| k.0 < days);
        let Some(&(to, high)) = self.known.get(after) else { return self.boost * self.known[after - 1].1 };
        let (from, low) = self.known[after - 1];
        let share = |u: f64| self.kernel.share_until(u);
        let part = (share(days) - share(from)) / (share(to) - share(from));
        self.boost * (low + (high - low) * if part.is_finite() { part } else { 1.0 })
    }
}
