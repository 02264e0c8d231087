//! Prints the error and the nanoseconds per element of the exponential and logarithm, by vector width.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use counterpoint_infer::{dispatch, math};
use std::hint::black_box;
use std::time::Instant;

dispatch! {
    at fn exp_all(x: &[f64], y: &mut [f64]) {
        for (x, y) in x.iter().zip(y) {
            *y = math::exp(*x);
        }
    }
}

dispatch! {
    at fn ln_all(x: &[f64], y: &mut [f64]) {
        for (x, y) in x.iter().zip(y) {
            *y = math::ln(*x);
        }
    }
}

/// Best of 200 passes, in nanoseconds per element.
fn time(x: &[f64], mut kernel: impl FnMut(&[f64], &mut [f64])) -> f64 {
    let mut y = vec![0.0; x.len()];
    let mut best = f64::INFINITY;
    for _ in 0..200 {
        let start = Instant::now();
        kernel(black_box(x), black_box(&mut y));
        best = best.min(start.elapsed().as_secs_f64());
    }
    best * 1e9 / x.len() as f64
}

/// Largest relative difference between two functions over two million points.
fn worst(from: f64, to: f64, ours: impl Fn(f64) -> f64, std: impl Fn(f64) -> f64) -> f64 {
    let x = |i: i32| from + (to - from) * f64::from(i) / 2e6;
    (0..=2_000_000).map(|i| (ours(x(i)) / std(x(i)) - 1.0).abs()).fold(0.0, f64::max)
}

fn main() {
    println!("exp differs from std by at most {:.2e}", worst(math::EXP_MIN, math::EXP_MAX, math::exp, f64::exp));
    println!("ln  differs from std by at most {:.2e}", worst(1e-9, 50.0, math::ln, f64::ln));
    let x: Vec<f64> = (0..4096).map(|i| f64::from(i) * 0.005 + 0.001).collect();
    println!("exp std      {:6.3} ns", time(&x, |x, y| x.iter().zip(y).for_each(|(x, y)| *y = x.exp())));
    for level in math::Level::available() {
        println!("exp {:8} {:6.3} ns", level.name(), time(&x, |x, y| exp_all(level, x, y)));
    }
    println!("ln  std      {:6.3} ns", time(&x, |x, y| x.iter().zip(y).for_each(|(x, y)| *y = x.ln())));
    for level in math::Level::available() {
        println!("ln  {:8} {:6.3} ns", level.name(), time(&x, |x, y| ln_all(level, x, y)));
    }
}
