//! Prints how long the diagnostics of 1000 parameters take, by length and autocorrelation of the chains.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use counterpoint_infer::diagnose::{loo, parameters};
use counterpoint_infer::draws::Draws;
use counterpoint_infer::math::norm_quantile;
use std::time::Instant;

fn main() {
    let mut state = 1_u64;
    let mut normal = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        norm_quantile(((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64)
    };
    for length in [1_000, 10_000] {
        for coefficient in [0.0, 0.9, 0.99, 1.0] {
            let mut draws = Draws::new(4, length);
            let count = if coefficient == 1.0 { 20 } else { 100 };
            for i in 0..count {
                let mut x = 0.0;
                let mut next = || {
                    x = coefficient * x + normal();
                    x
                };
                let values: Vec<f64> = (0..4 * length).map(|_| next()).collect();
                draws.push(format!("p{i}"), &values);
            }
            let start = Instant::now();
            let found = parameters(&draws);
            let seconds = start.elapsed().as_secs_f64() * 1000.0 / f64::from(count);
            println!("4 x {length} draws, AR {coefficient}: {seconds:.2} s, bulk ESS {:.0}", found[0].ess_bulk);
        }
    }
    let start = Instant::now();
    let found = loo(4000, 200, 1.0, |_, out| out.iter_mut().for_each(|v| *v = -0.5 * normal().powi(2)));
    println!("PSIS-LOO, 4000 draws x 200: {:.2} s, elpd {:.1}", start.elapsed().as_secs_f64(), found.elpd);
}
