//! What a plan stands on: channels, platforms and offers as a fit sees them, on a thinned set of its draws.

use crate::channel::Channel;
use crate::horizon::Horizon;
use crate::offer::Offered;
use crate::roster::Platform;
use counterpoint::data::roster::{Candidate, Offer};
use counterpoint::data::{Dataset, DriverKind};
use counterpoint::model::build::Model;
use counterpoint::model::forecast::posts;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::Project;
use counterpoint::project::plan::PlanSpec;
use counterpoint_infer::nuts::ChainDraws;
use std::sync::Arc;

/// Draws that a plan is made on; their Monte Carlo error is far below the spread of what they say.
pub const DRAWS: usize = 1000;
/// Days after the plan in which views of its posts still count.
const VIEWS_COUNT_DAYS: i32 = 91;

/// What a plan stands on.
pub struct Ground {
    /// The model.
    pub model: Arc<Model>,
    /// The periods.
    pub horizon: Horizon,
    /// Periods in all: the plan's, and those after it in which it still works.
    pub periods: usize,
    /// Positions of the thinned draws.
    pub positions: Vec<Vec<f64>>,
    /// Paid channels, then organic media, which stay as last year.
    pub channels: Vec<Channel>,
    /// Platforms of creators.
    pub platforms: Vec<Platform>,
    /// Offers that can be told of.
    pub offers: Vec<Offered>,
    /// Effective views of a post, `[draws x offers]`; and the same times what is owed a unit of money.
    pub(crate) strength: [Vec<f64>; 2],
    /// Names of the offers of which nothing can be told: no creator of the model posts on their platform, or no period is left.
    pub untold: Vec<String>,
    /// Profit that one scaled unit of outcome brings, `[geos]`.
    pub worth: Vec<f64>,
    /// Money (revenue) of the same, `[geos]`.
    pub money: Vec<f64>,
    /// Profit a unit of money, on average: what commissions are held against.
    pub margin: f64,
    /// Whether profit can be told: returns are money.
    pub has_profit: bool,
    /// Exclusive groups of offers, by index.
    pub exclusive: Vec<(String, Vec<usize>)>,
    /// Names of all platforms over channels and creators; a channel without one is its own.
    pub places: Vec<String>,
    /// What creators cost last year within the planned periods.
    pub last_creators: f64,
}

impl Ground {
    /// Prepares a plan. `data` is what the model was built from.
    ///
    /// # Errors
    /// What is wrong with the plan's days, in words.
    pub fn new(
        model: &Arc<Model>,
        project: &Project,
        data: &Dataset,
        chains: &[ChainDraws],
        spec: &PlanSpec,
        offers: &[Offer],
        threads: usize,
    ) -> Result<Ground, String> {
        let horizon = Horizon::new(model, data.cadence, spec.starts, spec.ends)?;
        let dim = model.parameters.sampled().max(1);
        let all: Vec<&[f64]> = chains.iter().flat_map(|c| c.positions.chunks_exact(dim)).collect();
        let count = all.len().min(DRAWS);
        let positions: Vec<&[f64]> = (0..count).map(|i| all[i * all.len() / count]).collect();
        let lag = model.drivers.iter().map(|d| d.shape.max_lag).max().unwrap_or(0);
        let after = if offers.is_empty() { 0 } else { (VIEWS_COUNT_DAYS / horizon.days) as usize };
        let periods = horizon.len() + lag + after;
        let (money, worth) = worth(model, project, spec, &horizon);
        let margin = {
            let (profit, all): (f64, f64) = (worth.iter().sum(), money.iter().sum());
            if all > 0.0 { profit / all } else { 1.0 }
        };
        let of_driver = |name: &str| project.drivers.iter().find(|d| d.name == name);
        let limit = |name: &str| spec.drivers.iter().find(|d| d.name == name);
        let mut channels: Vec<Channel> = Vec::new();
        let mut platforms = Vec::new();
        for (m, driver) in model.drivers.iter().enumerate() {
            match driver.kind {
                DriverKind::Channel | DriverKind::Organic => {
                    let place = of_driver(&driver.name).and_then(|d| d.platform.clone());
                    let price = limit(&driver.name).map_or(1.0, |l| l.price);
                    let place = place.unwrap_or_else(|| driver.name.clone());
                    channels.push(Channel::new(model, m, &horizon, place, price));
                }
                DriverKind::Platform => platforms.push(Platform::new(model, m, &horizon, periods)),
                DriverKind::Treatment => {}
            }
        }
        channels.sort_by_key(|c| !c.paid);
        let people: Vec<(&Candidate, Option<usize>)> = offers.iter().map(|o| (&o.who, o.known)).collect();
        let told = posts(model, project, data, &positions, &people, threads);
        let (mut offered, mut untold) = (Vec::new(), Vec::new());
        for (offer, person) in offers.iter().zip(told) {
            let slots = horizon.periods(offer.days.0, offer.days.1);
            match person.filter(|_| !slots.is_empty()) {
                Some(person) => {
                    let at = platforms.iter().position(|p| p.driver == person.driver).unwrap_or(0);
                    offered.push(Offered::new(offer, &person, at, slots, periods));
                }
                None => untold.push(offer.name.clone()),
            }
        }
        let mut exclusive: Vec<(String, Vec<usize>)> = Vec::new();
        for (o, offer) in offered.iter().enumerate() {
            let Some(name) = &offer.offer.group else { continue };
            match exclusive.iter_mut().find(|g| g.0 == *name) {
                Some(group) => group.1.push(o),
                None => exclusive.push((name.clone(), vec![o])),
            }
        }
        let mut places: Vec<String> = Vec::new();
        for name in channels.iter().map(|c| &c.place).chain(platforms.iter().map(|p| &p.name)) {
            if !places.iter().any(|p| crate::shock::same(p, name)) {
                places.push(name.clone());
            }
        }
        let last_creators = last_creators(model, &horizon);
        let strength = [false, true].map(|owed| {
            let of = |o: &Offered, d: usize| o.strength[d] * if owed { o.owed[d] } else { 1.0 };
            (0..count).flat_map(|d| offered.iter().map(move |o| of(o, d))).collect()
        });
        let mut ground = Ground {
            strength,
            model: model.clone(),
            horizon,
            periods,
            positions: positions.iter().map(|p| p.to_vec()).collect(),
            channels,
            platforms,
            offers: offered,
            untold,
            worth,
            money,
            margin,
            has_profit: project.outcome.returns_are_money() || spec.value.is_some(),
            exclusive,
            places,
            last_creators,
        };
        ground.learn(threads);
        Ok(ground)
    }

    /// Whether a platform has creators or a channel that names it.
    pub fn is_shared(&self, place: &str) -> bool {
        let same = |name: &str| crate::shock::same(name, place);
        self.platforms.iter().any(|p| same(&p.name))
            || self.channels.iter().any(|c| same(&c.place) && !c.place.eq_ignore_ascii_case(&c.name))
    }

    /// Number of draws.
    pub fn draws(&self) -> usize {
        self.positions.len()
    }

    /// Number of paid channels, which come first.
    pub fn paid(&self) -> usize {
        self.channels.iter().filter(|c| c.paid).count()
    }

    /// Last year's spend on paid channels within the planned periods.
    pub fn last_channels(&self) -> f64 {
        self.channels.iter().filter(|c| c.paid).flat_map(|c| &c.last).sum()
    }

    /// Fills what depends on the draws.
    fn learn(&mut self, threads: usize) {
        let blocks = counterpoint_infer::parallel::in_parallel(BLOCKS, threads, |block| {
            let (from, to) = (block * self.draws() / BLOCKS, (block + 1) * self.draws() / BLOCKS);
            let mut posterior = Posterior::new(self.model.clone());
            let mut channels: Vec<_> = self.channels.iter().map(|_| Vec::new()).collect();
            let mut platforms: Vec<_> = self.platforms.iter().map(|_| Vec::new()).collect();
            for position in &self.positions[from..to] {
                posterior.set(position);
                for (to, channel) in channels.iter_mut().zip(&self.channels) {
                    to.push(channel.draw(&posterior, &self.worth, self.periods));
                }
                for (to, platform) in platforms.iter_mut().zip(&self.platforms) {
                    to.push(platform.draw(&posterior, &self.worth, &self.money));
                }
            }
            (channels, platforms)
        });
        for (channels, platforms) in blocks {
            self.channels.iter_mut().zip(channels).for_each(|(c, draws)| c.draws.extend(draws));
            self.platforms.iter_mut().zip(platforms).for_each(|(p, draws)| p.draws.extend(draws));
        }
    }
}

/// Draws are taken in this many blocks, whatever the number of threads.
pub(crate) const BLOCKS: usize = 8;

/// Money and profit of one scaled unit of outcome by geo: the value of a unit as it was in the periods that the plan is held against.
fn worth(model: &Model, project: &Project, spec: &PlanSpec, horizon: &Horizon) -> (Vec<f64>, Vec<f64>) {
    let n = model.n_periods();
    let mean = |g: usize| horizon.last.iter().map(|&t| model.money[g * n + t]).sum::<f64>() / horizon.last.len() as f64;
    let money: Vec<f64> = (0..model.n_geos()).map(mean).collect();
    let profit = match spec.value {
        Some(value) => model.units.iter().map(|u| u * value).collect(),
        None => money.iter().map(|m| m * project.outcome.margin.unwrap_or(1.0)).collect(),
    };
    (money, profit)
}

/// What the deals of creators cost in the periods that stand for the planned ones.
fn last_creators(model: &Model, horizon: &Horizon) -> f64 {
    (0..horizon.len()).map(|t| model.creators.iter().map(|c| c.spend[horizon.last_year(t)]).sum::<f64>()).sum()
}
