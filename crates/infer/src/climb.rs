//! Climbing to a mode, where the first coordinates of chains are looked for.

use crate::log_density::LogDensity;

/// Pairs of steps and changes of gradient that are remembered.
const MEMORY: usize = 20;
/// Share of the promised rise that a step must bring.
const ENOUGH: f64 = 1e-4;
/// Halvings of a step before its direction is given up.
const HALVINGS: usize = 20;
/// Longest step along any coordinate. Coordinates are on the scale of their priors.
const LONGEST: f64 = 2.0;

/// Where a climb ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Climbed {
    /// The position.
    pub position: Vec<f64>,
    /// Log density there.
    pub value: f64,
    /// Densities evaluated.
    pub evaluations: usize,
}

/// Climbs from `start`, where the density must be finite, until a step raises the log density by less than `gain` or `most` steps are done: BFGS with
/// limited memory (Nocedal and Wright 2006, algorithm 7.4) and halved steps. Never ends lower than it began; a mode it finds is a local one.
pub fn climb<D: LogDensity>(density: &mut D, start: &[f64], most: usize, gain: f64) -> Climbed {
    let dim = start.len();
    let (mut x, mut slope) = (start.to_vec(), vec![0.0; dim]);
    let mut value = density.evaluate(&x, &mut slope);
    let mut evaluations = 1;
    let mut memory = Memory::default();
    let (mut next, mut next_slope) = (vec![0.0; dim], vec![0.0; dim]);
    for _ in 0..most {
        let mut direction = memory.direction(&slope);
        let longest = direction.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
        if longest > LONGEST {
            direction.iter_mut().for_each(|d| *d *= LONGEST / longest);
        }
        let promised = product(&direction, &slope);
        let mut length = 1.0;
        let mut risen = None;
        for _ in 0..HALVINGS {
            for (n, (x, d)) in next.iter_mut().zip(x.iter().zip(&direction)) {
                *n = x + length * d;
            }
            let there = density.evaluate(&next, &mut next_slope);
            evaluations += 1;
            let finite = there.is_finite() && next_slope.iter().all(|s| s.is_finite());
            if finite && promised > 0.0 && there >= value + ENOUGH * length * promised {
                risen = Some(there - value);
                break;
            }
            length *= 0.5;
        }
        match risen {
            Some(by) => {
                memory.learn(&x, &next, &slope, &next_slope);
                std::mem::swap(&mut x, &mut next);
                std::mem::swap(&mut slope, &mut next_slope);
                value += by;
                if by < gain {
                    break;
                }
            }
            // What was remembered may mislead: the gradient itself is tried before the climb ends.
            None if memory.pairs.is_empty() => break,
            None => memory.pairs.clear(),
        }
    }
    Climbed { position: x, value, evaluations }
}

/// Steps and how the slope fell along them.
#[derive(Default)]
struct Memory {
    pairs: Vec<Pair>,
}

struct Pair {
    step: Vec<f64>,
    fall: Vec<f64>,
    /// 1 / step'fall.
    weight: f64,
}

impl Memory {
    fn learn(&mut self, from: &[f64], to: &[f64], slope: &[f64], after: &[f64]) {
        let step: Vec<f64> = to.iter().zip(from).map(|(a, b)| a - b).collect();
        let fall: Vec<f64> = slope.iter().zip(after).map(|(a, b)| a - b).collect();
        let curved = product(&step, &fall);
        // Only where the density is concave along the step.
        if curved > 1e-12 * product(&fall, &fall) {
            if self.pairs.len() == MEMORY {
                self.pairs.remove(0);
            }
            self.pairs.push(Pair { step, fall, weight: 1.0 / curved });
        }
    }

    /// The inverse of what is known of the curvature, times a slope.
    fn direction(&self, slope: &[f64]) -> Vec<f64> {
        let mut out = slope.to_vec();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = pair.weight * product(&pair.step, &out);
            out.iter_mut().zip(&pair.fall).for_each(|(o, f)| *o -= share * f);
            shares.push(share);
        }
        let scale = self.pairs.last().map_or_else(
            || 1.0 / product(slope, slope).sqrt().max(1.0),
            |pair| 1.0 / (pair.weight * product(&pair.fall, &pair.fall)),
        );
        out.iter_mut().for_each(|o| *o *= scale);
        for (pair, share) in self.pairs.iter().zip(shares.iter().rev()) {
            let more = share - pair.weight * product(&pair.fall, &out);
            out.iter_mut().zip(&pair.step).for_each(|(o, s)| *o += more * s);
        }
        out
    }
}

fn product(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// -(1 - x)^2 - 100 (y - x^2)^2: Rosenbrock's valley upside down, its top at (1, 1). Not finite where x < -3.
    struct Valley;

    impl LogDensity for Valley {
        fn dim(&self) -> usize {
            2
        }
        fn evaluate(&mut self, at: &[f64], slope: &mut [f64]) -> f64 {
            let (x, y) = (at[0], at[1]);
            let off = y - x * x;
            slope[0] = 2.0 * (1.0 - x) + 400.0 * off * x;
            slope[1] = -200.0 * off;
            if x < -3.0 { f64::NAN } else { -(1.0 - x).powi(2) - 100.0 * off * off }
        }
    }

    #[test]
    fn it_finds_the_top_of_a_bent_valley() {
        for start in [[-1.2, 1.0], [-2.9, 8.0], [4.0, -3.0]] {
            let top = climb(&mut Valley, &start, 500, 1e-14);
            assert!(top.position.iter().all(|x| (x - 1.0).abs() < 1e-5), "{top:?}");
            assert!(top.value.abs() < 1e-10 && top.evaluations < 200, "{top:?}");
        }
    }

    #[test]
    fn it_never_ends_lower_than_it_began() {
        let start = [-1.2, 1.0];
        let mut last = Valley.evaluate(&start, &mut [0.0; 2]);
        for most in 0..20 {
            let value = climb(&mut Valley, &start, most, 0.0).value;
            assert!(value >= last, "{most}: {value} {last}");
            last = value;
        }
    }
}
