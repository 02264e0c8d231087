//! One state of the world during a plan: what shocks do to each channel and platform.

use crate::ground::Ground;
use crate::shock::{Shock, Strikes, events, same, scenarios};

/// A state of the world.
#[derive(Debug, Clone)]
pub struct World {
    /// What happens, in words; empty where nothing does.
    pub name: String,
    /// Probability.
    pub weight: f64,
    /// By channel: what exposure is multiplied by and what share of spend is charged, by planned period; none where nothing changes.
    channels: Vec<Option<Vec<[f64; 2]>>>,
    /// By platform: what reach is multiplied by, by period.
    platforms: Vec<Option<Vec<f64>>>,
    /// Name of a creator who has left.
    gone: Option<String>,
}

impl World {
    /// A world in which nothing happens.
    pub fn calm(ground: &Ground) -> World {
        World {
            name: String::new(),
            weight: 1.0,
            channels: vec![None; ground.channels.len()],
            platforms: vec![None; ground.platforms.len()],
            gone: None,
        }
    }

    /// The worlds that a plan is made for. The events that matter most, by the variance of what they take, are told apart, in the likeliest sets of
    /// them; all others are in every world by their mean.
    pub fn all(ground: &Ground, shocks: &[Shock]) -> Vec<World> {
        let days = f64::from(ground.horizon.days) * ground.horizon.len() as f64;
        let stakes = Stakes::new(ground);
        let mut ranked: Vec<_> = events(shocks, &ground.places, days)
            .into_iter()
            .filter_map(|event| {
                let mut world = World::calm(ground);
                world.strike(ground, &shocks[event.shock], &ground.places[event.platform], event.begins);
                let taken = stakes.taken(&world);
                let weight = event.probability * (1.0 - event.probability) * taken * taken;
                (!world.is_calm()).then_some((weight, event))
            })
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let probabilities: Vec<f64> = ranked.iter().map(|(_, event)| event.probability).collect();
        let (kept, scenarios) = scenarios(&probabilities);
        let mut mean = World::calm(ground);
        for (_, event) in &ranked[kept..] {
            let (shock, place) = (&shocks[event.shock], &ground.places[event.platform]);
            mean.strike_by(event.probability, ground, shock, place, event.begins);
        }
        scenarios
            .iter()
            .map(|scenario| {
                let mut world = World { weight: scenario.weight, ..mean.clone() };
                for &e in &scenario.events {
                    let event = &ranked[e].1;
                    world.strike(ground, &shocks[event.shock], &ground.places[event.platform], event.begins);
                }
                world
            })
            .collect()
    }

    /// Adds a shock on a platform that begins so many days after the plan's first.
    pub fn strike(&mut self, ground: &Ground, shock: &Shock, place: &str, begins: f64) {
        let name = format!("{} on {place}", shock.name);
        self.name = if self.name.is_empty() { name } else { format!("{} and {name}", self.name) };
        self.strike_by(1.0, ground, shock, place, begins);
    }

    /// Adds a share of what a shock does.
    fn strike_by(&mut self, share: f64, ground: &Ground, shock: &Shock, place: &str, begins: f64) {
        let part = |factor: f64| 1.0 + share * (factor - 1.0);
        let days = f64::from(ground.horizon.days);
        let planned = ground.horizon.len();
        let reach = shock.reach_by_period(ground.periods, days, begins);
        let price = shock.price_by_period(planned, days, begins);
        // Attention moves from a platform that others use too, not from a channel that is its own.
        let shared = ground.is_shared(place);
        for (m, channel) in ground.channels.iter().enumerate() {
            let here = same(&channel.place, place);
            let struck = here
                && match shock.strikes {
                    Strikes::All => true,
                    Strikes::Organic => !channel.paid,
                    Strikes::Paid => channel.paid,
                    Strikes::Creator => false,
                };
            let dearer = !here && shared && channel.paid && shock.price_elsewhere != 1.0;
            if !struck && !dearer {
                continue;
            }
            let own = self.channels[m].get_or_insert_with(|| vec![[1.0, 1.0]; planned]);
            for (t, [exposure, charged]) in own.iter_mut().enumerate() {
                if struck {
                    *exposure *= part(reach[t]);
                    // What cannot be shown is not charged; dearer attention is.
                    if shock.strikes == Strikes::All {
                        *charged *= part(reach[t].min(1.0));
                    }
                } else {
                    *exposure *= part(1.0 / price[t]);
                }
            }
        }
        if shock.strikes == Strikes::All || shock.strikes == Strikes::Organic {
            for (p, _) in ground.platforms.iter().enumerate().filter(|(_, p)| same(&p.name, place)) {
                let own = self.platforms[p].get_or_insert_with(|| vec![1.0; ground.periods]);
                own.iter_mut().zip(&reach).for_each(|(to, r)| *to *= part(*r));
            }
        }
    }

    /// Whether anything differs from a calm world.
    pub fn is_calm(&self) -> bool {
        self.channels.iter().all(Option::is_none) && self.platforms.iter().all(Option::is_none) && self.gone.is_none()
    }

    /// Takes a creator out from the first day. The judge knows of it; the search does not.
    pub fn leave(&mut self, creator: &str, why: &str) {
        self.gone = Some(creator.to_owned());
        let name = format!("{why}: {creator}");
        self.name = if self.name.is_empty() { name } else { format!("{} and {name}", self.name) };
    }

    /// The creator who has left.
    pub fn gone(&self) -> Option<&str> {
        self.gone.as_deref()
    }

    /// What reach of a platform is multiplied by.
    pub fn reach(&self, p: usize) -> Option<&[f64]> {
        self.platforms[p].as_deref()
    }

    /// What a channel's exposure is multiplied by, by planned period, where something changes; and whether that is little.
    pub fn factors(&self, m: usize) -> Option<(&[[f64; 2]], bool)> {
        let own = self.channels[m].as_deref()?;
        Some((own, crate::problem::is_little(own.iter().map(|f| f[0]))))
    }

    /// The path of a channel's spend as it works, where something changes.
    pub fn changed(&self, m: usize, spend: &[f64]) -> Option<Vec<f64>> {
        self.channels[m].as_ref().map(|own| spend.iter().zip(own).map(|(s, f)| s * f[0]).collect())
    }

    /// The path of a channel's spend as it works.
    pub fn delivered(&self, m: usize, spend: &[f64]) -> Vec<f64> {
        self.changed(m, spend).unwrap_or_else(|| spend.to_vec())
    }

    /// What is charged for a path of spend.
    pub fn charged(&self, m: usize, spend: &[f64]) -> f64 {
        match &self.channels[m] {
            None => spend.iter().sum(),
            Some(own) => spend.iter().zip(own).map(|(s, f)| s * f[1]).sum(),
        }
    }
}

/// The first world that is the same as each.
pub(crate) fn alike(worlds: &[World], same: impl Fn(&World, &World) -> bool) -> Vec<usize> {
    let first = |w: usize| worlds[..w].iter().position(|other| same(other, &worlds[w]));
    (0..worlds.len()).map(|w| first(w).unwrap_or(w)).collect()
}

/// Draws by which what is at stake is measured.
const FEW: usize = 100;

/// What each channel and platform brings, or is asked to bring: the share of all.
struct Stakes {
    channels: Vec<f64>,
    platforms: Vec<f64>,
}

impl Stakes {
    /// Of last year's plan; a platform's are no less than what its offers ask for.
    fn new(ground: &Ground) -> Stakes {
        let count = ground.draws().min(FEW);
        let draws: Vec<usize> = (0..count).map(|i| i * ground.draws() / count).collect();
        let mean = |of: &dyn Fn(usize) -> f64| draws.iter().map(|&d| of(d)).sum::<f64>().max(0.0) / count as f64;
        let mut channels: Vec<f64> =
            ground.channels.iter().map(|c| mean(&|d| c.profit(d, &c.last, false, None))).collect();
        let offered = |p: usize| -> f64 {
            let on = ground.offers.iter().filter(|o| o.platform == p);
            on.map(|o| o.mean_cost.last().copied().unwrap_or(0.0)).sum()
        };
        let platforms = ground.platforms.iter().enumerate();
        let mut platforms: Vec<f64> =
            platforms.map(|(p, own)| mean(&|d| own.last_profit(d, None)).max(offered(p))).collect();
        let all = (channels.iter().sum::<f64>() + platforms.iter().sum::<f64>()).max(f64::MIN_POSITIVE);
        channels.iter_mut().chain(&mut platforms).for_each(|x| *x /= all);
        Stakes { channels, platforms }
    }

    /// The share of all that a world takes, about.
    fn taken(&self, world: &World) -> f64 {
        let mean = |factors: &mut dyn ExactSizeIterator<Item = f64>| {
            let count = factors.len().max(1) as f64;
            factors.map(|f| 1.0 - f).sum::<f64>() / count
        };
        let channels = self.channels.iter().zip(&world.channels);
        let channels = channels.filter_map(|(stake, f)| Some(stake * mean(&mut f.as_ref()?.iter().map(|f| f[0]))));
        let platforms = self.platforms.iter().zip(&world.platforms);
        let platforms = platforms.filter_map(|(stake, f)| Some(stake * mean(&mut f.as_ref()?.iter().copied())));
        channels.chain(platforms).sum()
    }
}
