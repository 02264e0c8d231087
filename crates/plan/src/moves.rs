//! Better whole plans by moves: a post more, a post less, one for another, one at another time.

use crate::problem::Follow;
use crate::roster::Exposure;
use crate::search::{ROUGH, Search};

/// Moves that are tried at a time, the most promising first.
const MOVES: usize = 64;
/// Of which so many are tried on all draws, those that look best on few.
const LIKELY: usize = 8;
/// One draw in so many tells first whether a move can help, where there are so many that count.
const SCREENED: usize = 4;
const LEAST_SCREENED: usize = 30;
/// By so many standard errors what it finds must be below nothing.
const SURE: f64 = 2.0;
/// A gain below this share of the objective is none.
const LEAST: f64 = 1e-9;

/// A change of posts.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// Posts of an offer in all.
    Number(usize, usize),
    /// The same of two offers.
    Both((usize, usize), (usize, usize)),
    /// One post of an offer from one slot to another.
    Slot(usize, usize, usize),
}

impl Search<'_> {
    /// Moves posts until nothing more helps: many at a time on few draws, then one by one on all.
    pub(crate) fn polish(&self, best: &mut (Vec<f64>, f64), (sweeps, steps): (usize, usize)) {
        if self.ground().offers.is_empty() || best.1 == f64::NEG_INFINITY {
            return;
        }
        let few = if self.problem.risk > 0.0 { self.problem.near_worst(&best.0) } else { self.problem.coarse(ROUGH) };
        let near = Search { problem: &few, money: self.money };
        let mut at = best.0.clone();
        let mut value = near.settled(&at, 1e-5).1;
        let mut moved = false;
        for _ in 0..sweeps {
            let Some(swept) = near.sweep(&at) else { break };
            let (settled, new, _) = near.settled(&swept, 1e-5);
            if new <= value + 1e-7 * value.abs() {
                break;
            }
            (at, value, moved) = (settled, new, true);
        }
        if moved {
            let (settled, new, _) = self.settled(&at, 1e-6);
            if new > best.1 {
                *best = (settled, new);
            }
        }
        for _ in 0..steps {
            let Some(moved) = self.best_move(&near, &best.0) else { return };
            let (settled, new, _) = self.settled(&moved, 1e-6);
            if new <= best.1 + 1e-9 * best.1.abs() {
                return;
            }
            *best = (settled, new);
        }
    }

    /// Makes the most promising moves one after the other, as long as each helps with the channels as they are and money at its price. None where
    /// no move helps.
    fn sweep(&self, x: &[f64]) -> Option<Vec<f64>> {
        let gradient = self.problem.gradient(x, &self.rest(x));
        let price = self.money_price(x, &gradient);
        let mut state = State::new(self, x);
        let mut made = false;
        for m in self.moves(x, &gradient, price) {
            let to = self.moved(&state.x, m, &gradient);
            if to != state.x && self.allowed(&to) && state.gain(self, &to, price) > LEAST * state.value.abs() {
                state.go(self, to);
                made = true;
            }
        }
        made.then_some(state.x)
    }

    /// The best of the moves that look best on few draws. None where none of them helps.
    fn best_move(&self, near: &Search<'_>, x: &[f64]) -> Option<Vec<f64>> {
        let gradient = self.problem.gradient(x, &self.rest(x));
        let price = self.money_price(x, &gradient);
        let moves = self.moves(x, &gradient, price).into_iter();
        let to: Vec<Vec<f64>> = moves.map(|m| self.moved(x, m, &gradient)).filter(|to| self.allowed(to)).collect();
        let ranked = |search: &Search<'_>, to: Vec<Vec<f64>>| {
            let state = State::new(search, x);
            let gains = to.into_iter().map(|to| (state.gain(search, &to, price) / state.value.abs().max(1e-9), to));
            let mut gains: Vec<(f64, Vec<f64>)> = gains.collect();
            gains.sort_by(|a, b| b.0.total_cmp(&a.0));
            gains
        };
        let likely = ranked(near, to).into_iter().take(LIKELY).map(|(_, to)| to).collect();
        ranked(self, likely).into_iter().next().filter(|(gain, _)| *gain > LEAST).map(|(_, to)| to)
    }

    /// The most promising moves by the gradient, best first.
    fn moves(&self, x: &[f64], gradient: &[f64], price: f64) -> Vec<Move> {
        let (ground, layout) = (self.ground(), &self.problem.layout);
        let price = price + self.money.price;
        let mut moves: Vec<(f64, Move)> = Vec::new();
        let mut gains: Vec<(f64, usize, usize)> = Vec::new();
        let mut losses: Vec<(f64, usize, usize)> = Vec::new();
        for (o, offer) in ground.offers.iter().enumerate() {
            let slots = offer.slots.len();
            let own = &x[layout.offers[o]..layout.offers[o] + slots];
            let by = &gradient[layout.offers[o]..layout.offers[o] + slots];
            let n = self.number(x, o);
            let (least, most) = self.problem.posts_range(o);
            let top = (0..slots).max_by(|&a, &b| by[a].total_cmp(&by[b])).unwrap_or(0);
            // The gradient has the cheapest rate taken off; the true difference of costs goes in its place.
            let worth = |k: usize| by[k] + offer.mean_rate;
            let differ = |to: usize| (offer.mean_cost[to] - offer.mean_cost[n]) * (1.0 + price);
            if n < most {
                let to = if n == 0 { least } else { n + 1 };
                gains.push(((to - n) as f64 * worth(top) - differ(to), o, to));
            }
            if n > 0 {
                let to = if n <= least { 0 } else { n - 1 };
                let low = (0..slots).filter(|&k| own[k] > 0.0).min_by(|&a, &b| by[a].total_cmp(&by[b])).unwrap_or(0);
                losses.push((-((n - to) as f64) * worth(low) - differ(to), o, to));
                if by[top] > by[low] {
                    moves.push((by[top] - by[low], Move::Slot(o, low, top)));
                }
            }
        }
        let order = |a: &(f64, usize, usize), b: &(f64, usize, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        gains.sort_by(order);
        losses.sort_by(order);
        moves.extend(gains.iter().take(MOVES).map(|&(gain, o, to)| (gain, Move::Number(o, to))));
        moves.extend(losses.iter().take(MOVES).map(|&(gain, o, to)| (gain, Move::Number(o, to))));
        for &(up, a, to) in gains.iter().take(8) {
            for &(down, b, from) in losses.iter().take(8).filter(|l| l.1 != a) {
                moves.push((up + down, Move::Both((b, from), (a, to))));
            }
        }
        // Where profit is concave a move brings no more than its slope promises; what commissions bend the other way is let go.
        moves.retain(|m| m.0 > 0.0);
        moves.sort_by(|a, b| b.0.total_cmp(&a.0));
        moves.into_iter().map(|m| m.1).take(MOVES).collect()
    }

    fn moved(&self, x: &[f64], change: Move, gradient: &[f64]) -> Vec<f64> {
        let mut to = x.to_vec();
        match change {
            Move::Number(o, n) => self.change(&mut to, o, n, gradient),
            Move::Both((b, from), (a, n)) => {
                self.change(&mut to, b, from, gradient);
                self.change(&mut to, a, n, gradient);
            }
            Move::Slot(o, from, slot) => {
                let first = self.problem.layout.offers[o];
                if to[first + from] > 0.5 {
                    to[first + from] -= 1.0;
                    to[first + slot] += 1.0;
                }
            }
        }
        to
    }

    fn allowed(&self, x: &[f64]) -> bool {
        self.exclusive_kept(x) && self.affordable(x)
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
struct State {
    x: Vec<f64>,
    value: f64,
    /// Of each draw and world in the objective, `[draws x worlds]`.
    weights: Vec<f64>,
    fees: f64,
    /// Of everything, `[draws x worlds]`.
    profits: Vec<f64>,
    /// Of the posts of each platform, costs not taken off, and their exposures.
    platforms: Vec<Option<Posted>>,
}

/// Posts of a platform.
struct Posted {
    profits: Vec<f64>,
    /// One a draw.
    exposures: Vec<Exposure>,
}

impl State {
    fn new(search: &Search<'_>, x: &[f64]) -> State {
        let problem = search.problem;
        let mut profits = problem.fixed().to_vec();
        for m in 0..problem.layout.channels.len() {
            profits.iter_mut().zip(problem.channel_profits(m, x)).for_each(|(a, b)| *a += b);
        }
        let nothing = vec![0.0; x.len()];
        let empty: Vec<Exposure> = problem.draws().iter().map(|_| Exposure::default()).collect();
        let of = |p: usize| {
            (!problem.by_platform[p].is_empty()).then(|| problem.posted(p, &empty, &problem.more(p, &nothing, x)))
        };
        let platforms: Vec<Option<Posted>> = (0..search.ground().platforms.len())
            .map(|p| of(p).map(|(exposures, profits)| Posted { profits, exposures }))
            .collect();
        for own in platforms.iter().flatten() {
            profits.iter_mut().zip(&own.profits).for_each(|(a, b)| *a += b);
        }
        search.take_costs(x, &mut profits);
        let (value, weights) = problem.score(&profits);
        State { x: x.to_vec(), value, weights, fees: search.fees(x), profits, platforms }
    }

    /// Whether a move surely brings less than `price` of what it costs: by some of the draws and the weights as they are, which promise no less than
    /// it brings, since the objective is concave in the profits.
    fn is_hopeless(&self, search: &Search<'_>, to: &[f64], price: f64) -> bool {
        let (problem, ground, worlds) = (search.problem, search.ground(), search.problem.worlds.len());
        let weigh = |i: usize| &self.weights[i * worlds..(i + 1) * worlds];
        let count = |i: &usize| weigh(*i).iter().any(|w| *w > 0.0);
        let some: Vec<usize> = (0..problem.draws().len()).filter(count).step_by(SCREENED).collect();
        if some.len() < LEAST_SCREENED {
            return false;
        }
        let costs: Vec<(usize, usize, usize)> = (0..ground.offers.len())
            .map(|o| (o, search.number(&self.x, o), search.number(to, o)))
            .filter(|(_, from, n)| from != n)
            .collect();
        let mut gains = vec![0.0; some.len()];
        let (mut own, mut bench, mut profits) = (Exposure::default(), Follow::default(), Vec::new());
        for (p, old) in self.platforms.iter().enumerate() {
            let Some(old) = old else { continue };
            let more = problem.more(p, &self.x, to);
            for (gain, &i) in gains.iter_mut().zip(&some).filter(|_| !more.is_empty()) {
                problem.add_more(p, problem.draws()[i], &old.exposures[i], &more, &mut own);
                profits.clear();
                problem.in_worlds(p, problem.draws()[i], &own, &mut bench, &mut profits);
                let before = &old.profits[i * worlds..(i + 1) * worlds];
                *gain += weigh(i).iter().zip(profits.iter().zip(before)).map(|(w, (a, b))| w * (a - b)).sum::<f64>();
            }
        }
        for (gain, &i) in gains.iter_mut().zip(&some) {
            let d = problem.draws()[i];
            let more: f64 =
                costs.iter().map(|&(o, from, n)| ground.offers[o].cost(n, d) - ground.offers[o].cost(from, d)).sum();
            *gain -= more * weigh(i).iter().sum::<f64>();
        }
        let n = gains.len() as f64;
        let mean = gains.iter().sum::<f64>() / n;
        let error = (gains.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n).sqrt() * n.sqrt();
        let money = search.fees(to) - self.fees;
        SCREENED as f64 * (n * mean + SURE * error) < (price + search.money.price) * money
    }

    /// Profits after a move, and the exposures and profits of the platforms that it touches.
    fn after(&self, search: &Search<'_>, to: &[f64]) -> (Vec<f64>, Vec<(usize, Posted)>) {
        let (problem, ground) = (search.problem, search.ground());
        let mut profits = self.profits.clone();
        let mut new = Vec::new();
        for (p, old) in self.platforms.iter().enumerate() {
            let Some(old) = old else { continue };
            let more = problem.more(p, &self.x, to);
            if more.is_empty() {
                continue;
            }
            let (exposures, own) = problem.posted(p, &old.exposures, &more);
            for ((all, a), b) in profits.iter_mut().zip(&own).zip(&old.profits) {
                *all += a - b;
            }
            for (o, _) in more {
                let (from, n) = (search.number(&self.x, o), search.number(to, o));
                if from != n {
                    for (own, &d) in profits.chunks_exact_mut(problem.worlds.len()).zip(problem.draws()) {
                        let more = ground.offers[o].cost(n, d) - ground.offers[o].cost(from, d);
                        own.iter_mut().for_each(|v| *v -= more);
                    }
                }
            }
            new.push((p, Posted { profits: own, exposures }));
        }
        (profits, new)
    }

    /// What a move brings, where money that it takes from the channels would have brought `price`.
    fn gain(&self, search: &Search<'_>, to: &[f64], price: f64) -> f64 {
        let money = search.fees(to) - self.fees;
        if self.is_hopeless(search, to, price) {
            return f64::NEG_INFINITY;
        }
        let (profits, _) = self.after(search, to);
        search.problem.score(&profits).0 - self.value - (price + search.money.price) * money
    }

    fn go(&mut self, search: &Search<'_>, to: Vec<f64>) {
        let (profits, new) = self.after(search, &to);
        for (p, own) in new {
            self.platforms[p] = Some(own);
        }
        (self.value, self.weights) = search.problem.score(&profits);
        self.profits = profits;
        self.fees = search.fees(&to);
        self.x = to;
    }
}
