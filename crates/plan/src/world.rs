//! One state of the world during a plan: what shocks do to each channel and platform.

use crate::ground::Ground;
use crate::shock::{Event, Scenario, Shock, Strikes, same};

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

    /// The worlds of scenarios.
    pub fn all(ground: &Ground, shocks: &[Shock], events: &[Event], scenarios: &[Scenario]) -> Vec<World> {
        scenarios
            .iter()
            .map(|scenario| {
                let mut world = World { weight: scenario.weight, ..World::calm(ground) };
                for &e in &scenario.events {
                    let event = &events[e];
                    world.strike(ground, &shocks[event.shock], &ground.places[event.platform], event.begins);
                }
                world
            })
            .collect()
    }

    /// Adds a shock on a platform that begins so many days after the plan's first.
    pub fn strike(&mut self, ground: &Ground, shock: &Shock, place: &str, begins: f64) {
        let days = f64::from(ground.horizon.days);
        let planned = ground.horizon.len();
        let reach = shock.reach_by_period(ground.periods, days, begins);
        let price = shock.price_by_period(planned, days, begins);
        let name = format!("{} on {place}", shock.name);
        self.name = if self.name.is_empty() { name } else { format!("{} and {name}", self.name) };
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
                    *exposure *= reach[t];
                    // What cannot be shown is not charged; dearer attention is.
                    if shock.strikes == Strikes::All {
                        *charged *= reach[t].min(1.0);
                    }
                } else {
                    *exposure /= price[t];
                }
            }
        }
        if shock.strikes == Strikes::All || shock.strikes == Strikes::Organic {
            for (p, _) in ground.platforms.iter().enumerate().filter(|(_, p)| same(&p.name, place)) {
                let own = self.platforms[p].get_or_insert_with(|| vec![1.0; ground.periods]);
                own.iter_mut().zip(&reach).for_each(|(to, r)| *to *= r);
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
