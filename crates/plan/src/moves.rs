//! Better whole plans by one move at a time: a post more, a post less, one for another, one at another time.

use crate::search::Search;

/// Moves that are tried at a time, the most promising first.
const MOVES: usize = 64;

impl Search<'_> {
    /// Tries the moves of posts that the gradient points to until none helps.
    pub(crate) fn polish(&self, best: &mut (Vec<f64>, f64)) {
        let ground = self.ground();
        if ground.offers.is_empty() || best.1 == f64::NEG_INFINITY {
            return;
        }
        let rounds = 4 + ground.offers.len() / 4;
        for _ in 0..rounds {
            let Some(better) = self.step(best) else { return };
            *best = better;
        }
    }

    /// The first of the most promising moves that helps.
    fn step(&self, best: &(Vec<f64>, f64)) -> Option<(Vec<f64>, f64)> {
        let (problem, ground, layout) = (self.problem, self.ground(), &self.problem.layout);
        let (x, value) = best;
        let gradient = problem.gradient(x, &self.rest(x));
        // What a unit of money brings in the channels: the mean slope of those that may move.
        let price = self.money_price(x, &gradient);
        let mut moves: Vec<(f64, Vec<f64>)> = Vec::new();
        let mut gains: Vec<(f64, usize, usize)> = Vec::new();
        let mut losses: Vec<(f64, usize, usize)> = Vec::new();
        for (o, offer) in ground.offers.iter().enumerate() {
            let slots = offer.slots.len();
            let own = &x[layout.offers[o]..layout.offers[o] + slots];
            let by = &gradient[layout.offers[o]..layout.offers[o] + slots];
            let n = self.number(x, o);
            let (least, most) = offer.offer.posts;
            let top = (0..slots).max_by(|&a, &b| by[a].total_cmp(&by[b])).unwrap_or(0);
            // The gradient has the cheapest rate taken off; the true difference of costs goes in its place.
            let worth = |k: usize| by[k] + offer.mean_rate;
            let differ = |to: usize| (offer.mean_cost[to] - offer.mean_cost[n]) * (1.0 + price);
            if n < most {
                let add = if n == 0 { least } else { 1 };
                let gain = add as f64 * worth(top) - differ(n + add);
                gains.push((gain, o, add));
            }
            if n > 0 {
                let remove = if n <= least { n } else { 1 };
                let low = (0..slots).filter(|&k| own[k] > 0.0).min_by(|&a, &b| by[a].total_cmp(&by[b])).unwrap_or(0);
                losses.push((-(remove as f64) * worth(low) - differ(n - remove), o, remove));
                if by[top] > by[low] {
                    let mut moved = x.clone();
                    moved[layout.offers[o] + low] -= 1.0;
                    moved[layout.offers[o] + top] += 1.0;
                    moves.push((by[top] - by[low], moved));
                }
            }
        }
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        losses.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let with = |x: &[f64], o: usize, n: usize| {
            let mut to = x.to_vec();
            self.change(&mut to, o, n, &gradient);
            to
        };
        for &(gain, o, add) in gains.iter().take(MOVES / 2) {
            moves.push((gain, with(x, o, self.number(x, o) + add)));
        }
        for &(gain, o, remove) in losses.iter().take(MOVES / 2) {
            moves.push((gain, with(x, o, self.number(x, o) - remove)));
        }
        for &(up, a, add) in gains.iter().take(8) {
            for &(down, b, remove) in losses.iter().take(8).filter(|l| l.1 != a) {
                let swapped = with(&with(x, b, self.number(x, b) - remove), a, self.number(x, a) + add);
                moves.push((up + down, swapped));
            }
        }
        moves.sort_by(|a, b| b.0.total_cmp(&a.0));
        moves.retain(|m| self.exclusive_kept(&m.1) && self.affordable(&m.1));
        moves.truncate(MOVES);
        // Each move with the channels as they are and money at its price; the best of them with the channels settled anew.
        let state = State::new(self, x);
        let mut tried: Vec<(f64, Vec<f64>)> = moves
            .into_iter()
            .map(|(_, to)| (state.gain(self, &to, price), to))
            .filter(|m| m.0 > 1e-9 * value.abs())
            .collect();
        tried.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, to) in tried.into_iter().take(4) {
            let (settled, new, _) = self.settled(&to, 1e-5);
            if new > value + 1e-9 * value.abs() {
                return Some((settled, new));
            }
        }
        None
    }

    fn exclusive_kept(&self, x: &[f64]) -> bool {
        self.ground().exclusive.iter().all(|(_, offers)| offers.iter().filter(|&&o| self.number(x, o) > 0).count() <= 1)
    }

    /// What one more unit of money brings in the channels, by the slope of the best that may take it.
    fn money_price(&self, x: &[f64], gradient: &[f64]) -> f64 {
        let layout = &self.problem.layout;
        if self.money.budget.1.is_infinite() {
            return 0.0;
        }
        let (mut sum, mut count) = (0.0, 0.0);
        for (m, &first) in layout.channels.iter().enumerate() {
            let spend: f64 = (0..layout.blocks.len()).map(|b| x[first + b]).sum();
            let (low, high) = self.money.channels[m];
            if spend > low * 1.001 + 1e-9 && spend < high * 0.999 {
                for b in (0..layout.blocks.len()).filter(|b| x[first + b] > 1e-9) {
                    sum += gradient[first + b] * x[first + b];
                    count += x[first + b];
                }
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    /// Changes the number of posts of an offer, in and out of the slots where it helps most.
    fn change(&self, x: &mut [f64], o: usize, n: usize, gradient: &[f64]) {
        let (first, slots) = (self.problem.layout.offers[o], self.ground().offers[o].slots.len());
        let mut now = self.number(x, o);
        let by = |k: usize| gradient[first + k];
        while now > n {
            let Some(k) = (0..slots).filter(|&k| x[first + k] > 0.5).min_by(|&a, &b| by(a).total_cmp(&by(b))) else {
                return;
            };
            x[first + k] -= 1.0;
            now -= 1;
        }
        while now < n {
            // A slot that has none yet, if there is one as good; posts of one week saturate together.
            let load = |k: usize| by(k) - x[first + k] * by(k).abs() * 0.02;
            let Some(k) = (0..slots).max_by(|&a, &b| load(a).total_cmp(&load(b))) else { return };
            x[first + k] += 1.0;
            now += 1;
        }
    }
}

/// Profits of a whole plan by part, so that a move computes anew only what it touches.
struct State<'a> {
    x: &'a [f64],
    value: f64,
    fees: f64,
    /// Of what does not move, and of the channels.
    rest: Vec<f64>,
    platforms: Vec<Option<Vec<f64>>>,
}

impl<'a> State<'a> {
    fn new(search: &Search<'_>, x: &'a [f64]) -> State<'a> {
        let problem = search.problem;
        let mut rest = problem.fixed().to_vec();
        for m in 0..problem.layout.channels.len() {
            rest.iter_mut().zip(problem.channel_profits(m, x)).for_each(|(a, b)| *a += b);
        }
        let of = |p: usize| (!problem.by_platform[p].is_empty()).then(|| problem.platform_profits(p, x));
        let platforms = (0..search.ground().platforms.len()).map(of).collect();
        let mut state = State { x, value: 0.0, fees: search.fees(x), rest, platforms };
        state.value = state.score(search, x);
        state
    }

    fn score(&self, search: &Search<'_>, to: &[f64]) -> f64 {
        let (problem, ground) = (search.problem, search.ground());
        let layout = &problem.layout;
        let mut profits = self.rest.clone();
        for (p, old) in self.platforms.iter().enumerate() {
            let Some(old) = old else { continue };
            let moved =
                problem.by_platform[p].iter().any(|&o| layout.posts(ground, o, to) != layout.posts(ground, o, self.x));
            let new = moved.then(|| problem.platform_profits(p, to));
            profits.iter_mut().zip(new.as_ref().unwrap_or(old)).for_each(|(a, b)| *a += b);
        }
        search.take_costs(to, &mut profits);
        problem.score(&profits).0
    }

    /// What a move brings, where money that it takes from the channels would have brought `price`.
    fn gain(&self, search: &Search<'_>, to: &[f64], price: f64) -> f64 {
        let money = search.fees(to) - self.fees;
        self.score(search, to) - self.value - (price + search.money.price) * money
    }
}
