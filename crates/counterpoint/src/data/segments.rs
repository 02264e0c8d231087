//! From overlaps of audiences to segments of people who follow the same creators.
//!
//! Of a platform's accounts, f\[c\] people follow c and n\[c,d\] follow both c and d. Where audiences are drawn at random from P people, n is f f / P. With
//! P such that this holds on the whole,
//!
//! L\[c,d\] = P n\[c,d\] / (f\[c\] f\[d\])
//!
//! is how much more often than is usual here people are in both audiences; 1 throughout where all overlap alike. How much is usual is not told by
//! overlaps: the half-saturation of the platform is learned for it. L is told by segments k, with a\[k\] the part of all people and q\[c,k\] that of c's
//! audience in segment k:
//!
//! L\[c,d\] ~ M\[c,d\] / m,  M\[c,d\] = sum_k q\[c,k\] q\[d,k\] / a\[k\],
//!
//! m the mean of M, by least squares, a pair weighing as the product of its audiences: as often as a view of each would meet. Of what tells this equally
//! well, that is taken by which audiences are least apart. Within a segment they are as if drawn at random, so that every overlap is priced, and once. A
//! view of c falls on s\[c,k\] = q\[c,k\] / a\[k\] times as many people a head in segment k as in all. That people are of few kinds, each seeing a creator
//! at a rate of its own, is the mixture by which Koehler, Skvortsov, Ma and Liu 2016 tell reach over several publishers.

use super::roster::Audience;
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use rand::RngExt;

/// The most segments: each is as much to compute as a platform by itself.
const MOST: usize = 4;
/// Overlaps that differ by less from what is usual, in the mean square, are told by one segment.
const EVEN: f64 = 0.1;
/// A segment more must take away so much of what one segment leaves.
const WORTH: f64 = 0.05;
/// What a pair that is not known weighs beside one that is; it is taken as usual.
const UNKNOWN: f64 = 0.1;
/// What audiences that are apart cost, beside the mean square of what is not told.
const APART: f64 = 1e-3;
/// The least part.
const LEAST: f64 = 1e-9;
/// Starts, fewer for more accounts than this, and steps from each.
const STARTS: f64 = 6.0;
const MANY: f64 = 300.0;
const STEPS: usize = 300;

/// People who follow both of two accounts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shared {
    /// The accounts, by place.
    pub pair: (usize, usize),
    /// People.
    pub people: f64,
}

/// A platform's audience in segments.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmented {
    /// The segments.
    pub audience: Audience,
    /// s\[c,k\], an account each; empty for one of whom no overlap is known: as the pool.
    pub density: Vec<Vec<f64>>,
    /// Least and largest L of the pairs that are known.
    pub range: (f64, f64),
    /// By how much L differs from one, and from what the segments say, in the root of the weighted mean square over the known pairs.
    pub misfit: (f64, f64),
}

/// What is to be told.
struct Pairs {
    /// f\[c\] / sum f.
    size: Vec<f64>,
    /// L and its weight, `[accounts x accounts]`, below the diagonal; weights add up to one.
    wanted: Vec<f64>,
    weight: Vec<f64>,
}

/// The segments of accounts with so many followers each; none where overlaps of no pair are known. Each pair is given once, with followers above 0.
pub fn segments(followers: &[f64], shared: &[Shared]) -> Option<Segmented> {
    let mut known: Vec<usize> = shared.iter().flat_map(|s| [s.pair.0, s.pair.1]).collect();
    known.sort_unstable();
    known.dedup();
    let met: f64 = shared.iter().map(|s| s.people).sum();
    if known.is_empty() {
        return None;
    }
    let n = known.len();
    let f: Vec<f64> = known.iter().map(|&c| followers[c]).collect();
    let place = |c: usize| known.partition_point(|k| *k < c);
    let at = |s: &Shared| (place(s.pair.0).max(place(s.pair.1)), place(s.pair.0).min(place(s.pair.1)));
    let could: f64 = shared.iter().map(at).map(|(i, j)| f[i] * f[j]).sum();
    // Where nobody follows two of them, none overlap more than others.
    let people = if met > 0.0 { could / met } else { 0.0 };
    let usual =
        |s: &Shared| if met > 0.0 { people * s.people / (followers[s.pair.0] * followers[s.pair.1]) } else { 1.0 };
    let all: f64 = f.iter().sum();
    let mut pairs =
        Pairs { size: f.iter().map(|f| f / all).collect(), wanted: vec![1.0; n * n], weight: vec![0.0; n * n] };
    for i in 0..n {
        (0..i).for_each(|j| pairs.weight[i * n + j] = UNKNOWN * pairs.size[i] * pairs.size[j]);
    }
    for s in shared {
        let (i, j) = at(s);
        pairs.wanted[i * n + j] = usual(s);
        pairs.weight[i * n + j] = pairs.size[i] * pairs.size[j];
    }
    let total: f64 = pairs.weight.iter().sum();
    pairs.weight.iter_mut().for_each(|w| *w /= total);
    // The parts of each audience, then those of all people.
    let mut best = vec![1.0; n + 1];
    let first = pairs.loss(&best, 1);
    let (mut left, mut count) = (first, 1);
    let starts = (STARTS * (MANY / n as f64).powi(2)).clamp(1.0, STARTS) as u64;
    while count < MOST.min(n) && first > EVEN * EVEN {
        let tries = (0..starts).map(|start| pairs.descend(split(&best, count, start), count + 1));
        let Some((loss, q)) = tries.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        if left - loss < WORTH * first {
            break;
        }
        (left, best, count) = (loss, q, count + 1);
    }
    let (share, middle) = (pairs.shares(&best, count).to_vec(), pairs.middle(&best, count));
    let mut density = vec![Vec::new(); followers.len()];
    for (&c, q) in known.iter().zip(best.chunks_exact(count)) {
        density[c] = q.iter().zip(&share).map(|(q, a)| q / a).collect();
    }
    let told = |s: &Shared| -> [f64; 3] {
        let both = density[s.pair.0].iter().zip(&density[s.pair.1]).zip(&share);
        let told: f64 = both.map(|((x, y), a)| a * x * y).sum();
        [usual(s), told / middle, followers[s.pair.0] * followers[s.pair.1] / could]
    };
    let told: Vec<[f64; 3]> = shared.iter().map(told).collect();
    let off = |by: &dyn Fn(&[f64; 3]) -> f64| told.iter().map(|t| t[2] * by(t).powi(2)).sum::<f64>().sqrt();
    Some(Segmented {
        range: told.iter().fold((f64::INFINITY, 0.0_f64), |r, t| (r.0.min(t[0]), r.1.max(t[0]))),
        misfit: (off(&|t| t[0] - 1.0), off(&|t| t[0] - t[1])),
        audience: Audience { segments: share, people: people * middle },
        density,
    })
}

/// How dense the audience of somebody else is in the segments, from overlaps with accounts of the roster: followers, density and people in both, each.
pub fn place(audience: &Audience, followers: f64, shared: &[(f64, &[f64], f64)]) -> Vec<f64> {
    let a = &audience.segments;
    let known: Vec<(Vec<f64>, f64, f64)> = shared
        .iter()
        .filter(|s| s.1.len() == a.len())
        .map(|(own, density, people)| (density.to_vec(), audience.people * people / (followers * own), *own))
        .collect();
    if known.is_empty() {
        return Vec::new();
    }
    let all: f64 = known.iter().map(|k| k.2).sum();
    let off = |q: &[f64], density: &[f64], wanted: f64| dot(q, density) - wanted;
    let loss = |q: &[f64]| known.iter().map(|(s, l, own)| own / all * off(q, s, *l).powi(2)).sum::<f64>();
    // Convex: one start is enough.
    let (_, q) = descend(a.clone(), a.len(), &loss, &|q, by| {
        by.fill(0.0);
        for (s, l, own) in &known {
            let times = 2.0 * own / all * off(q, s, *l);
            by.iter_mut().zip(s).for_each(|(by, s)| *by += times * s);
        }
    });
    q.iter().zip(a).map(|(q, a)| q / a).collect()
}

/// Parts of audiences, one segment of which is taken apart, at random.
fn split(q: &[f64], count: usize, start: u64) -> Vec<f64> {
    let mut rng = chain_rng(start, count as u64);
    let which = rng.random_range(0..count);
    let mut out = Vec::with_capacity(q.len() / count * (count + 1));
    for own in q.chunks_exact(count) {
        let part = 1.0 / (1.0 + standard_normal(&mut rng).exp());
        out.extend_from_slice(own);
        let place = out.len() - count + which;
        out.push(own[which] * (1.0 - part));
        out[place] *= part;
    }
    out
}

/// Goes down from parts of audiences by multiplying them (Kivinen and Warmuth 1997), steps growing while they lead down. Returns the loss there.
fn descend(
    mut q: Vec<f64>,
    count: usize,
    loss: &dyn Fn(&[f64]) -> f64,
    slope: &dyn Fn(&[f64], &mut [f64]),
) -> (f64, Vec<f64>) {
    let (mut here, mut step) = (loss(&q), 1.0);
    let (mut by, mut next) = (vec![0.0; q.len()], q.clone());
    for _ in 0..STEPS {
        slope(&q, &mut by);
        let mut moved = false;
        while !moved && step > 1e-9 {
            next.copy_from_slice(&q);
            for (own, by) in next.chunks_exact_mut(count).zip(by.chunks_exact(count)) {
                let least = by.iter().copied().fold(f64::INFINITY, f64::min);
                own.iter_mut().zip(by).for_each(|(q, by)| *q *= (-(step * (by - least)).min(50.0)).exp());
                let total: f64 = own.iter().sum();
                // A segment that nobody is in must not divide by nothing.
                own.iter_mut().for_each(|q| *q = (*q / total).max(LEAST));
            }
            let there = loss(&next);
            moved = there < here;
            if moved {
                std::mem::swap(&mut q, &mut next);
                (here, step) = (there, 1.5 * step);
            } else {
                step *= 0.4;
            }
        }
        if !moved {
            break;
        }
    }
    (here, q)
}

impl Pairs {
    /// a\[k\].
    fn shares<'a>(&self, q: &'a [f64], count: usize) -> &'a [f64] {
        &q[self.size.len() * count..]
    }

    /// Calls `each(i, j, M)` for all pairs, then for each account with itself.
    fn each(&self, q: &[f64], count: usize, mut each: impl FnMut(usize, usize, f64)) {
        let (n, a) = (self.size.len(), self.shares(q, count));
        let density: Vec<f64> = q[..n * count].iter().enumerate().map(|(i, q)| q / a[i % count]).collect();
        let of = |i: usize, j: usize| dot(&q[i * count..(i + 1) * count], &density[j * count..(j + 1) * count]);
        (0..n).for_each(|i| (0..i).for_each(|j| each(i, j, of(i, j))));
        (0..n).for_each(|i| each(i, i, of(i, i)));
    }

    /// m.
    fn middle(&self, q: &[f64], count: usize) -> f64 {
        let (n, mut out) = (self.size.len(), 0.0);
        self.each(q, count, |i, j, told| out += self.weight[i * n + j] * told);
        // Of audiences that do not meet.
        out.max(1e-12)
    }

    /// Mean square of what is not told, and what it costs that audiences are apart.
    fn loss(&self, q: &[f64], count: usize) -> f64 {
        let (n, m, mut out) = (self.size.len(), self.middle(q, count), -APART);
        self.each(q, count, |i, j, told| {
            let cell = i * n + j;
            out += if i == j {
                APART * self.size[i] * told
            } else {
                self.weight[cell] * (told / m - self.wanted[cell]).powi(2)
            };
        });
        out
    }

    /// Its derivatives, those of an account by the account's size.
    fn slope(&self, q: &[f64], count: usize, by: &mut [f64]) {
        let (n, a, m) = (self.size.len(), self.shares(q, count), self.middle(q, count));
        let mut by_middle = 0.0;
        self.each(q, count, |i, j, told| {
            let cell = i * n + j;
            by_middle -= 2.0 * self.weight[cell] * (told / m - self.wanted[cell]) * told / (m * m);
        });
        by.fill(0.0);
        let (by, by_share) = by.split_at_mut(n * count);
        self.each(q, count, |i, j, told| {
            let cell = i * n + j;
            let times = if i == j {
                APART * self.size[i]
            } else {
                self.weight[cell] * (2.0 * (told / m - self.wanted[cell]) / m + by_middle)
            };
            for k in 0..count {
                let (x, y) = (q[i * count + k], q[j * count + k]);
                by[i * count + k] += times * y / a[k];
                by[j * count + k] += times * x / a[k];
                by_share[k] -= times * x * y / (a[k] * a[k]);
            }
        });
        for (own, size) in by.chunks_exact_mut(count).zip(&self.size) {
            own.iter_mut().for_each(|by| *by /= size);
        }
    }

    fn descend(&self, q: Vec<f64>, count: usize) -> (f64, Vec<f64>) {
        descend(q, count, &|q| self.loss(q, count), &|q, by| self.slope(q, count, by))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: &Segmented, i: usize, j: usize) -> f64 {
        let both = found.density[i].iter().zip(&found.density[j]).zip(&found.audience.segments);
        both.map(|((x, y), a)| a * x * y).sum()
    }

    /// Accounts that follow from people of three kinds: followers of each, and people in both of each pair.
    fn planted(n: usize) -> (Vec<f64>, Vec<Shared>) {
        let shares = [0.5, 0.3, 0.2];
        let rate = |c: usize, k: usize| if c % 3 == k { 0.06 } else { 0.01 } * (1.0 + (c as f64 * 1.3).sin().powi(2));
        let together = |rates: &dyn Fn(usize) -> f64| 1e6 * (0..3).map(|k| shares[k] * rates(k)).sum::<f64>();
        let followers = (0..n).map(|c| together(&|k| rate(c, k))).collect();
        let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
        let shared = pairs.map(|(i, j)| Shared { pair: (i, j), people: together(&|k| rate(i, k) * rate(j, k)) });
        (followers, shared.collect())
    }

    #[test]
    fn what_is_usual_asks_for_one_segment_and_three_audiences_are_told_exactly() {
        let followers = [1000.0, 2000.0, 500.0];
        let shared = |people: [f64; 3]| {
            let pairs = [(1, 0), (2, 0), (2, 1)].into_iter().zip(people);
            pairs.map(|(pair, people)| Shared { pair, people }).collect::<Vec<_>>()
        };
        // Drawn at random from 10 000; from hardly any; two only; nobody in two.
        for alike in [[200.0, 50.0, 100.0], [900.0, 225.0, 450.0], [0.0; 3]] {
            let found = segments(&followers, &shared(alike)).expect("segments");
            assert_eq!(found.audience.segments, [1.0]);
            assert!(found.density.iter().all(|d| *d == [1.0]) && found.misfit.0 < 1e-9);
        }
        let two = segments(&followers, &shared([300.0, 0.0, 0.0])[..1]).expect("segments");
        assert_eq!((two.audience.segments.len(), two.density[2].len()), (1, 0));
        // P = (2 + 0.5 + 1) 10^6 / (600 + 40 + 60): 5000. L = 1.5, 0.4, 0.3.
        let found = segments(&followers, &shared([600.0, 40.0, 60.0])).expect("segments");
        assert!((found.range.0 - 0.3).abs() < 1e-12 && (found.range.1 - 1.5).abs() < 1e-12, "{:?}", found.range);
        let usual = |i: usize, j: usize, n: f64| found.audience.people * n / (followers[i] * followers[j]);
        for (i, j, n) in [(1, 0, 600.0), (2, 0, 40.0), (2, 1, 60.0)] {
            assert!((told(&found, i, j) - usual(i, j, n)).abs() < 0.02, "{i} {j}: {}", told(&found, i, j));
        }
    }

    #[test]
    fn planted_segments_are_found() {
        let (followers, shared) = planted(12);
        let found = segments(&followers, &shared).expect("segments");
        assert_eq!(found.audience.segments.len(), 3, "{:?}", found.audience);
        assert!(found.misfit.0 > 0.3 && found.misfit.1 < 0.05, "{:?}", found.misfit);
        for s in &shared {
            let (i, j) = s.pair;
            let want = found.audience.people * s.people / (followers[i] * followers[j]);
            assert!((told(&found, i, j) - want).abs() < 0.12 * want.max(0.5), "{i} {j}: {} {want}", told(&found, i, j));
        }
        let a = &found.audience.segments;
        assert!((a.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(found.density.iter().all(|d| (dot(d, a) - 1.0).abs() < 1e-9));
    }

    #[test]
    fn overlaps_all_alike_ask_for_one_segment() {
        let followers: Vec<f64> = (0..9).map(|c| 1e4 * (1.0 + c as f64)).collect();
        let pairs = (0..9).flat_map(|i| (0..i).map(move |j| (i, j)));
        let shared: Vec<Shared> =
            pairs.map(|pair| Shared { pair, people: followers[pair.0] * followers[pair.1] / 2e6 }).collect();
        let found = segments(&followers, &shared).expect("segments");
        assert_eq!(found.audience.segments, [1.0]);
    }

    #[test]
    fn somebody_new_is_placed_where_those_with_the_same_overlaps_are() {
        let (followers, shared) = planted(12);
        let found = segments(&followers, &shared).expect("segments");
        // As account 4, which is known to the segments.
        let own: Vec<(f64, &[f64], f64)> = shared
            .iter()
            .filter(|s| s.pair.0 == 4 || s.pair.1 == 4)
            .map(|s| if s.pair.0 == 4 { (s.pair.1, s.people) } else { (s.pair.0, s.people) })
            .map(|(other, people)| (followers[other], found.density[other].as_slice(), people))
            .collect();
        let density = place(&found.audience, followers[4], &own);
        assert!((dot(&density, &found.audience.segments) - 1.0).abs() < 1e-9);
        for (k, (x, y)) in density.iter().zip(&found.density[4]).enumerate() {
            assert!((x - y).abs() < 0.15 * (1.0 + y), "{k}: {x} {y}");
        }
    }

    #[test]
    fn the_slope_is_exact() {
        let (n, count) = (5, 3);
        let value = |i: usize| 0.4 + (i as f64 * 0.9).sin().abs();
        let mut weight: Vec<f64> = (0..n * n).map(|c| if c % n < c / n { value(c + 7) } else { 0.0 }).collect();
        let total: f64 = weight.iter().sum();
        weight.iter_mut().for_each(|w| *w /= total);
        let size = vec![0.1, 0.3, 0.2, 0.15, 0.25];
        let pairs = Pairs { size, wanted: (0..n * n).map(value).collect(), weight };
        let q: Vec<f64> = (0..(n + 1) * count).map(|i| 0.2 + (i as f64 * 2.1).cos().abs()).collect();
        let mut by = vec![0.0; q.len()];
        pairs.slope(&q, count, &mut by);
        for i in 0..q.len() {
            let at = |h: f64| {
                let mut q = q.clone();
                q[i] += h;
                pairs.loss(&q, count)
            };
            let numeric = (at(1e-6) - at(-1e-6)) / 2e-6 / pairs.size.get(i / count).unwrap_or(&1.0);
            assert!((by[i] - numeric).abs() < 1e-5 * (1.0 + numeric.abs()), "{i}: {} {numeric}", by[i]);
        }
    }
}
