//! What may be spent: limits of channels, groups and all together, from what is asked; and which of them clash.

use crate::channel::MOST_SEEN;
use crate::ground::Ground;
use crate::plan::written;
use counterpoint::project::plan::{Budget, PlanSpec};

/// Money limits of each channel, and the budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Money {
    /// Least and most of each paid channel.
    pub channels: Vec<(f64, f64)>,
    /// Least spend of each channel, if any.
    pub least: Vec<Option<f64>>,
    /// Least and most money in all.
    pub budget: (f64, f64),
    /// Sums over channels and offers.
    pub groups: Vec<Group>,
    /// What a unit of money in all must bring back besides itself: the price that a target on the marginal return sets.
    pub price: f64,
}

/// A sum of money over channels and offers, by index, and its limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Channels.
    pub channels: Vec<usize>,
    /// Offers.
    pub offers: Vec<usize>,
    /// Least.
    pub low: f64,
    /// Most.
    pub high: f64,
}

/// Which limits cannot be kept together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash(pub Vec<String>);

impl Money {
    /// The limits of a specification at a budget; none: as much as pays.
    ///
    /// # Errors
    /// The limits that clash, in words.
    pub fn new(ground: &Ground, spec: &PlanSpec, budget: Option<f64>) -> Result<Money, Clash> {
        let mut wrong = Vec::new();
        let planned = ground.horizon.len() as f64;
        let paid = ground.paid();
        let usual: Vec<f64> = ground.channels[..paid]
            .iter()
            .map(|c| {
                let last: f64 = c.last.iter().sum();
                if last > 0.0 { last } else { 0.25 * c.seen * planned }
            })
            .collect();
        let last = ground.last_channels() + if ground.offers.is_empty() { 0.0 } else { ground.last_creators };
        let scale = match budget {
            Some(b) if last > 0.0 => b / last,
            Some(b) => b / usual.iter().sum::<f64>().max(1e-9),
            None => 1.0,
        };
        let mut channels = Vec::new();
        let mut least = Vec::new();
        for (m, channel) in ground.channels[..paid].iter().enumerate() {
            let own = spec.drivers.iter().find(|d| d.name == channel.name);
            let last: f64 = channel.last.iter().sum();
            let reach = MOST_SEEN * channel.seen * planned;
            // What was not used last year need not be used, and a free budget has no least.
            let needed = budget.is_some() && last > 0.0;
            let low = if needed { spec.change.0 * usual[m] * scale } else { 0.0 };
            let (mut low, mut high) = (low, (spec.change.1 * usual[m] * scale).min(reach));
            if let Some(own) = own {
                let (min, max) = (own.min.map(|a| a.of(last)), own.max.map(|a| a.of(last)));
                if own.lock {
                    (low, high) = (last, last);
                } else {
                    (low, high) = match (min, max) {
                        (Some(a), Some(b)) => (a, b),
                        (Some(a), None) => (a, high.max(a)),
                        (None, Some(b)) => (low.min(b), b),
                        (None, None) => (low, high),
                    };
                    if let Some(x) = own.least_if_used {
                        low = if min.is_some() { low } else { 0.0 };
                        if x > high {
                            wrong.push(format!("{}: least_if_used {x:.0} is above its most, {high:.0}", channel.name));
                        }
                    }
                }
                if low > reach * (1.0 + 1e-9) {
                    wrong.push(format!(
                        "{}: at least {low:.0}, but no plan goes beyond {reach:.0}, {MOST_SEEN} times the most that any period of the data had",
                        channel.name
                    ));
                }
                high = high.min(reach);
            }
            if low > high * (1.0 + 1e-9) + 1e-9 {
                let least = match own {
                    Some(own) if own.lock || own.min.is_some() => String::new(),
                    _ => format!(" ({} of its share of the budget by last year's split, see `change`)", spec.change.0),
                };
                let most = if high >= reach {
                    format!(" ({MOST_SEEN} times the most of a period of the data)")
                } else {
                    String::new()
                };
                wrong.push(format!(
                    "{}: at least {}{least} and at most {}{most}",
                    channel.name,
                    written(low),
                    written(high)
                ));
            }
            channels.push((low.min(high), high));
            least.push(own.and_then(|o| o.least_if_used).filter(|x| *x > 0.0));
        }
        let lowest: f64 = channels.iter().map(|c| c.0).sum();
        if let Some(b) = budget.filter(|b| lowest > b * (1.0 + 1e-9) + 1e-9) {
            wrong.push(format!(
                "the channels' least spends add up to {}, but the budget is {}",
                written(lowest),
                written(b)
            ));
        }
        let mut groups = Vec::new();
        for group in &spec.groups {
            let named = |name: &str, place: &str| {
                group.drivers.iter().any(|d| d == name)
                    || group.platform.as_ref().is_some_and(|p| crate::shock::same(p, place))
            };
            let inside: Vec<usize> =
                (0..paid).filter(|&m| named(&ground.channels[m].name, &ground.channels[m].place)).collect();
            let offers: Vec<usize> = (0..ground.offers.len())
                .filter(|&o| {
                    let offer = &ground.offers[o];
                    named(&offer.offer.who.name, &ground.platforms[offer.platform].name)
                })
                .collect();
            let (low, high) = (group.min.unwrap_or(f64::NEG_INFINITY), group.max.unwrap_or(f64::INFINITY));
            let floor: f64 = inside.iter().map(|&m| channels[m].0).sum();
            let dearest = |o: &usize| ground.offers[*o].mean_cost.iter().copied().fold(0.0, f64::max);
            let ceiling: f64 =
                inside.iter().map(|&m| channels[m].1).sum::<f64>() + offers.iter().map(dearest).sum::<f64>();
            if floor > high * (1.0 + 1e-9) {
                wrong.push(format!(
                    "{}: at most {high:.0}, but its channels' least spends add up to {floor:.0}",
                    group.name
                ));
            }
            if low > ceiling * (1.0 + 1e-9) {
                wrong.push(format!("{}: at least {low:.0}, but all in it can take {ceiling:.0} at most", group.name));
            }
            if let Some(b) = budget.filter(|b| low > *b) {
                wrong.push(format!("{}: at least {low:.0}, but the budget is {b:.0}", group.name));
            }
            groups.push(Group { name: group.name.clone(), channels: inside, offers, low, high });
        }
        if wrong.is_empty() {
            let high = budget.unwrap_or(f64::INFINITY);
            let low = if budget.is_some() && spec.budget != Budget::Free { high } else { 0.0 };
            Ok(Money { channels, least, budget: (low, high), groups, price: 0.0 })
        } else {
            Err(Clash(wrong))
        }
    }
}
