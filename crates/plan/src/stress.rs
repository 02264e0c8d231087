//! What a platform's fall would cost: dependence of the outcome on each platform over channels and creators together, shocks one by one and
//! several at once, and what may happen in all.

use crate::ground::Ground;
use crate::judge::{Judged, Paths, Spread, judge, quantile};
use crate::shock::{Shock, Strikes, same};
use crate::world::World;

/// What a platform's fall would cost.
#[derive(Debug, Clone)]
pub struct Stress {
    /// Share of what all drivers bring that hangs on each platform, by name; the largest first.
    pub dependence: Vec<(String, Spread)>,
    /// Sum of the squared shares: 1 is all on one platform.
    pub herfindahl: Spread,
    /// One over it: the number of platforms of equal weight that would be as concentrated.
    pub effective_bets: Spread,
    /// Profit over draws and scenarios.
    pub profit: Spread,
    /// The 10 % quantile of that: profit is below it with a probability of one in ten.
    pub var10: f64,
    /// Profit where nothing happens.
    pub calm: Spread,
    /// Incremental outcome where nothing happens.
    pub outcome: Spread,
    /// Shocks that strike on the first day, the dearest first.
    pub shocks: Vec<Struck>,
}

/// One shock, or several at once.
#[derive(Debug, Clone)]
pub struct Struck {
    /// In words.
    pub name: String,
    /// Platform; several are joined.
    pub platform: String,
    /// Probability a year; of several at once their product.
    pub per_year: f64,
    /// Profit with it less profit without it, draw by draw.
    pub profit: Spread,
    /// The same of the outcome.
    pub outcome: Spread,
    /// Where its figures are from.
    pub source: String,
}

/// The worlds in which each shock strikes a plan on its first day, alone; then those of `together`, lists of (shock, platform).
///
/// # Errors
/// Shocks and platforms that are not known, in words.
pub fn struck(
    ground: &Ground,
    shocks: &[Shock],
    together: &[Vec<(String, String)>],
    paths: &Paths,
    threads: usize,
) -> Result<Vec<(World, Struck)>, Vec<String>> {
    let (mut out, mut wrong): (Vec<(World, Struck)>, Vec<String>) = (Vec::new(), Vec::new());
    for shock in shocks {
        if shock.strikes == Strikes::Creator {
            out.extend(largest_creator(ground, paths, threads).and_then(|name| at_once(ground, &[(shock, &name)])));
            continue;
        }
        for place in ground.places.iter().filter(|p| shock.platform.as_ref().is_none_or(|own| same(own, p))) {
            out.extend(at_once(ground, &[(shock, place)]));
        }
    }
    for events in together {
        match named(ground, shocks, events) {
            // A single one may be in the list already.
            Ok(own) if out.iter().any(|o| o.1.name == own.1.name && o.1.platform == own.1.platform) => {}
            Ok(own) => out.push(own),
            Err(words) => wrong.extend(words),
        }
    }
    if wrong.is_empty() { Ok(out) } else { Err(wrong) }
}

/// Shocks that strike platforms (or creators) at once on the first day, by their names.
///
/// # Errors
/// Shocks and platforms that are not known, and that nothing changes, in words.
pub fn named(ground: &Ground, shocks: &[Shock], events: &[(String, String)]) -> Result<(World, Struck), Vec<String>> {
    let (mut all, mut wrong): (Vec<(&Shock, &str)>, Vec<String>) = (Vec::new(), Vec::new());
    for (name, place) in events {
        let shock = shocks.iter().find(|s| same(&s.name, name));
        let known = ground.places.iter().find(|p| same(p, place)).map(String::as_str);
        let creator = ground.model.creators.iter().find(|c| same(&c.name, place)).map(|c| c.name.as_str());
        let leaves = shock.is_some_and(|s| s.strikes == Strikes::Creator);
        match (shock, if leaves { creator } else { known }) {
            (Some(shock), Some(place)) => all.push((shock, place)),
            (None, _) => {
                let names: Vec<&str> = shocks.iter().map(|s| s.name.as_str()).collect();
                wrong.push(format!("no shock \"{name}\"; there are: {}", names.join(", ")));
            }
            (_, None) if leaves => wrong.push(format!("no creator \"{place}\"")),
            (_, None) => wrong.push(format!("no platform \"{place}\"; there are: {}", ground.places.join(", "))),
        }
    }
    if wrong.is_empty() {
        at_once(ground, &all).ok_or_else(|| vec!["what strikes changes nothing that the run knows of".to_owned()])
    } else {
        Err(wrong)
    }
}

/// Shocks at once on the first day, not judged yet; none where they change nothing.
fn at_once(ground: &Ground, events: &[(&Shock, &str)]) -> Option<(World, Struck)> {
    let mut world = World::calm(ground);
    for (shock, place) in events {
        if shock.strikes == Strikes::Creator {
            world.leave(place, &shock.name);
        } else {
            world.strike(ground, shock, place, 0.0);
        }
    }
    let blank = Spread { mean: 0.0, q05: 0.0, q50: 0.0, q95: 0.0, cvar10: 0.0 };
    let join = |get: &dyn Fn(&(&Shock, &str)) -> String| events.iter().map(get).collect::<Vec<_>>().join(" and ");
    let told = Struck {
        name: join(&|e| e.0.name.clone()),
        platform: join(&|e| e.1.to_owned()),
        per_year: events.iter().map(|e| e.0.per_year).product(),
        profit: blank,
        outcome: blank,
        source: join(&|e| e.0.source.clone()),
    };
    (!world.is_calm()).then_some((world, told))
}

/// The creator who brings most within a plan in a calm world: by their part of their platforms' posts as last year, or by their offers.
pub fn largest_creator(ground: &Ground, paths: &Paths, threads: usize) -> Option<String> {
    let judged = judge(ground, &[World::calm(ground)], paths, threads);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len().max(1) as f64;
    let mut brings: Vec<(&str, f64)> = Vec::new();
    let mut add = |name, units| match brings.iter_mut().find(|b| b.0 == name) {
        Some(own) => own.1 += units,
        None => brings.push((name, units)),
    };
    for (p, platform) in ground.platforms.iter().enumerate() {
        let parts: Vec<(&str, f64)> = ground
            .model
            .creators
            .iter()
            .flat_map(|c| c.accounts.iter().filter(|a| a.0 == platform.driver).map(|a| (c.name.as_str(), a.1)))
            .map(|(name, c)| (name, platform.draws.iter().map(|d| d.account_last[c]).sum()))
            .collect();
        let all: f64 = parts.iter().map(|p| p.1).sum();
        let units = mean(&judged.platforms[p].units);
        parts.into_iter().filter(|p| p.1 > 0.0).for_each(|(name, own)| add(name, units * own / all));
    }
    judged.offers.iter().for_each(|(o, part)| add(&ground.offers[*o].offer.who.name, mean(&part.units)));
    brings.into_iter().filter(|b| b.1 > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)).map(|b| b.0.to_owned())
}

/// Judges a plan under the scenarios of `worlds` and under each of `struck` alone.
pub fn stress(
    ground: &Ground,
    worlds: &[World],
    struck: Vec<(World, Struck)>,
    paths: &Paths,
    threads: usize,
) -> Stress {
    let scenarios = judge(ground, worlds, paths, threads);
    let mut alone: Vec<World> = vec![World::calm(ground)];
    alone.extend(struck.iter().map(|s| s.0.clone()));
    let each = judge(ground, &alone, paths, threads);
    let (count, draws) = (alone.len(), ground.draws());
    let equal = vec![1.0 / draws as f64; draws];
    let column = |x: &[f64], w: usize| -> Vec<f64> { (0..draws).map(|d| x[d * count + w]).collect() };
    let less = |x: &[f64], w: usize| {
        let (with, without) = (column(x, w), column(x, 0));
        Spread::of(&with.iter().zip(&without).map(|(a, b)| a - b).collect::<Vec<_>>(), &equal)
    };
    let mut shocks: Vec<Struck> = struck
        .into_iter()
        .enumerate()
        .map(|(i, (_, told))| Struck { profit: less(&each.profit, i + 1), outcome: less(&each.outcome, i + 1), ..told })
        .collect();
    let loss = |s: &Struck| if ground.has_profit { s.profit.mean } else { s.outcome.mean };
    shocks.sort_by(|a, b| loss(a).total_cmp(&loss(b)));
    let shares = dependence(ground, &each, count);
    let squares: Vec<f64> =
        (0..draws).map(|d| herfindahl(&shares.iter().map(|s| s.1[d]).collect::<Vec<_>>())).collect();
    let bets: Vec<f64> = squares.iter().map(|h| 1.0 / h).collect();
    let mut dependence: Vec<(String, Spread)> =
        shares.into_iter().map(|(name, values)| (name, Spread::of(&values, &equal))).collect();
    dependence.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean));
    Stress {
        dependence,
        herfindahl: Spread::of(&squares, &equal),
        effective_bets: Spread::of(&bets, &equal),
        profit: Spread::of(&scenarios.profit, &scenarios.weights),
        var10: quantile(&scenarios.profit, &scenarios.weights, 0.1),
        calm: Spread::of(&column(&each.profit, 0), &equal),
        outcome: Spread::of(&column(&each.outcome, 0), &equal),
        shocks,
    }
}

/// Sum of squares of shares.
pub fn herfindahl(shares: &[f64]) -> f64 {
    shares.iter().map(|s| s * s).sum()
}

/// By platform and draw, in the calm world: its share of what all drivers bring; what takes away counts as none.
fn dependence(ground: &Ground, judged: &Judged, worlds: usize) -> Vec<(String, Vec<f64>)> {
    let draws = ground.draws();
    let mut by: Vec<(String, Vec<f64>)> = ground.places.iter().map(|p| (p.clone(), vec![0.0; draws])).collect();
    let mut add = |place: &str, units: &[f64]| {
        if let Some(to) = by.iter_mut().find(|p| same(&p.0, place)) {
            (0..draws).for_each(|d| to.1[d] += units[d * worlds].max(0.0));
        }
    };
    for (channel, part) in ground.channels.iter().zip(&judged.channels) {
        add(&channel.place, &part.units);
    }
    for (platform, part) in ground.platforms.iter().zip(&judged.platforms).filter(|p| !p.1.units.is_empty()) {
        add(&platform.name, &part.units);
    }
    for (o, part) in &judged.offers {
        add(&ground.platforms[ground.offers[*o].platform].name, &part.units);
    }
    for d in 0..draws {
        let sum: f64 = by.iter().map(|p| p.1[d]).sum();
        by.iter_mut().for_each(|p| p.1[d] /= sum.max(1e-300));
    }
    by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concentration_is_that_of_the_definition() {
        // Shares 0.5, 0.3, 0.2: 0.25 + 0.09 + 0.04 = 0.38, so 2.63 effective bets.
        assert!((herfindahl(&[0.5, 0.3, 0.2]) - 0.38).abs() < 1e-12);
        assert!((herfindahl(&[0.25; 4]) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn the_worst_tenth_is_that_of_the_definition() {
        // Ten equal values: the worst tenth is the least. Twenty: the mean of the two least.
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        assert!((Spread::of(&ten, &[0.1; 10]).cvar10 - 1.0).abs() < 1e-12);
        let twenty: Vec<f64> = (1..=20).map(f64::from).collect();
        assert!((Spread::of(&twenty, &[0.05; 20]).cvar10 - 1.5).abs() < 1e-12);
        // Five of weight 0.2: the worst tenth is half of the least.
        assert!((Spread::of(&[5.0, 1.0, 2.0, 3.0, 4.0], &[0.2; 5]).cvar10 - 1.0).abs() < 1e-12);
        // 0.04 at -10, 0.06 of the next at 0: (0.04 x -10 + 0.06 x 0) / 0.1 = -4.
        let two = Spread::of(&[-10.0, 0.0, 10.0], &[0.04, 0.5, 0.46]);
        assert!((two.cvar10 + 4.0).abs() < 1e-12);
        assert_eq!(quantile(&[-10.0, 0.0, 10.0], &[0.04, 0.5, 0.46], 0.1), 0.0);
    }
}
