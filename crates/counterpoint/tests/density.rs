//! The log density: its gradient against finite differences, and the integrated baseline against a dense normal.

mod common;

use common::{creators_spec, dataset, project, redefine, roster, segment, uniform};
use counterpoint::data::Dataset;
use counterpoint::model::build::Model;
use counterpoint::model::group::Known;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::*;
use counterpoint_infer::log_density::LogDensity;
use std::sync::Arc;

fn check_gradient(label: &str, project: &Project, geos: usize, history: usize, missing: bool) {
    check_gradient_on(label, project, &dataset(geos, 21, history, missing));
}

fn check_gradient_on(label: &str, project: &Project, data: &Dataset) {
    let mut model = Model::new(project, data);
    bend(&mut model);
    let model = Arc::new(model);
    let mut posterior = Posterior::new(model.clone());
    let n = posterior.dim();
    let mut u = uniform(n as u64);
    let center = Posterior::start(&model);
    for _ in 0..3 {
        let at: Vec<f64> = center.iter().map(|c| c + 0.8 * (u() - 0.5)).collect();
        let (mut gradient, mut scratch) = (vec![0.0; n], vec![0.0; n]);
        let value = posterior.evaluate(&at, &mut gradient);
        assert!(value.is_finite(), "{label}");
        for i in 0..n {
            // Richardson extrapolation of the central difference.
            let mut difference = |h: f64| {
                let mut x = at.clone();
                x[i] += h;
                let up = posterior.evaluate(&x, &mut scratch);
                x[i] -= 2.0 * h;
                let down = posterior.evaluate(&x, &mut scratch);
                (up - down) / (2.0 * h)
            };
            let numeric = (4.0 * difference(5e-4) - difference(1e-3)) / 3.0;
            let name = model.parameters.iter().find(|p| p.coordinate == Some(i)).map(|p| p.name.clone());
            assert!(
                (gradient[i] - numeric).abs() < 2e-6 * (1.0 + numeric.abs()),
                "{label} {name:?}: {} against {numeric}",
                gradient[i]
            );
        }
    }
}

#[test]
fn the_gradient_is_exact_with_creators_and_tracked_sales() {
    for prior in [EffectKind::Roi, EffectKind::Contribution, EffectKind::Coefficient] {
        for (geos, with_tracked) in [(1, true), (3, true), (3, false)] {
            let mut project = project(ModelSpec { prior, ..spec() });
            project.outcome.order_value = Some(0.5);
            project.creators = Some(creators_spec());
            let mut data = dataset(geos, 21, 2, true);
            let mut roster = roster(&data);
            if !with_tracked {
                roster.tracked.clear();
            }
            data.roster = Some(roster);
            let label = format!("creators {prior:?} {geos} {with_tracked}");
            check_gradient_on(&label, &project, &data);
            redefine(&mut data);
            let steps =
                Model::new(&project, &data).parameters.iter().filter(|p| p.name.starts_with("view_step[")).count();
            assert_eq!(steps, 2);
            check_gradient_on(&format!("{label}, views redefined"), &project, &data);
            segment(&mut data);
            let model = Model::new(&project, &data);
            let rows: Vec<usize> = model.drivers.iter().map(|d| d.shape.rows() / geos).collect();
            assert_eq!(rows[rows.len() - 3..], [2, 3, 1]);
            check_gradient_on(&format!("{label}, audiences in segments"), &project, &data);
        }
    }
}

fn spec() -> ModelSpec {
    ModelSpec { max_lag: Some(4), trend: TrendSpec::KnotsEvery(6), ..ModelSpec::default() }
}

#[test]
fn the_gradient_is_exact_for_every_prior_kind_and_geo_effect() {
    for prior in [EffectKind::Roi, EffectKind::MarginalRoi, EffectKind::Contribution, EffectKind::Coefficient] {
        for effects in [GeoEffects::LogNormal, GeoEffects::Normal] {
            for geos in [1, 3] {
                let project = project(ModelSpec { prior, effects, ..spec() });
                check_gradient(&format!("{prior:?} {effects:?} {geos}"), &project, geos, 2, false);
            }
        }
    }
}

#[test]
fn the_gradient_is_exact_for_more_geos_than_go_together() {
    for (sigma_per_geo, ar1) in [(false, false), (true, false), (true, true)] {
        let noise = NoiseSpec { student_t: false, sigma_per_geo, ar1 };
        let project = project(ModelSpec { noise, ..spec() });
        check_gradient(&format!("19 geos {noise:?}"), &project, 19, 0, true);
    }
}

#[test]
fn the_gradient_is_exact_for_every_noise_and_baseline() {
    for integrate_baseline in [true, false] {
        for student_t in [false, true] {
            for (sigma_per_geo, ar1) in [(false, false), (true, false), (false, true), (true, true)] {
                let noise = NoiseSpec { student_t, sigma_per_geo, ar1 };
                for trend in [TrendSpec::None, TrendSpec::KnotsEvery(6), TrendSpec::FreeKnotCount(5)] {
                    let label = format!("{integrate_baseline} {noise:?} {trend:?}");
                    let project = project(ModelSpec { noise, integrate_baseline, trend, ..spec() });
                    check_gradient(&label, &project, 3, 0, true);
                }
            }
        }
    }
}

#[test]
fn the_gradient_is_exact_for_every_transform_in_both_orders() {
    let adstocks = [
        AdstockKind::None,
        AdstockKind::Geometric,
        AdstockKind::Delayed,
        AdstockKind::Binomial,
        AdstockKind::WeibullPdf,
        AdstockKind::WeibullCdf,
    ];
    let curves = [
        SaturationKind::None,
        SaturationKind::Hill,
        SaturationKind::Logistic,
        SaturationKind::MichaelisMenten,
        SaturationKind::Root,
        SaturationKind::Tanh,
    ];
    for adstock in adstocks {
        for saturation in curves {
            for saturate_first in [false, true] {
                let label = format!("{adstock:?} {saturation:?} {saturate_first}");
                let project = project(ModelSpec { adstock, saturation, saturate_first, ..spec() });
                check_gradient(&label, &project, 2, 3, false);
            }
        }
    }
}

/// ln Normal(r; 0, K) by a plain Cholesky factorisation.
fn dense_normal(k: &[Vec<f64>], r: &[f64]) -> f64 {
    let n = r.len();
    let mut l = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|m| l[i][m] * l[j][m]).sum();
            l[i][j] = if i == j { (k[i][i] - sum).sqrt() } else { (k[i][j] - sum) / l[j][j] };
        }
    }
    let mut total = -0.5 * n as f64 * (2.0 * std::f64::consts::PI).ln();
    let mut z = vec![0.0; n];
    for i in 0..n {
        let sum: f64 = (0..i).map(|m| l[i][m] * z[m]).sum();
        z[i] = (r[i] - sum) / l[i][i];
        total -= 0.5 * z[i] * z[i] + l[i][i].ln();
    }
    total
}

#[test]
fn the_integrated_baseline_is_the_dense_multivariate_normal() {
    // Two geos and eleven: the small systems of eight go through together, so that some lanes stay empty.
    for (sigma_per_geo, ar1, geos) in [(false, false, 2), (true, true, 2), (false, false, 11), (true, true, 11)] {
        let noise = NoiseSpec { student_t: false, sigma_per_geo, ar1 };
        let mut project = project(ModelSpec { noise, ..spec() });
        project.drivers.clear();
        let mut data = dataset(geos, 13, 0, true);
        data.drivers.clear();
        let mut model = Model::new(&project, &data);
        // A column whose prior's scale is a parameter; any will do.
        let last = model.baseline.features.len() - 1;
        model.baseline.features[last].scale = Some(model.noise.sigma[0]);
        let model = Arc::new(model);
        let mut posterior = Posterior::new(model.clone());
        let n = posterior.dim();
        let at: Vec<f64> = (0..n).map(|i| 0.3 * (i as f64 + 0.5).sin()).collect();
        let got = posterior.evaluate(&at, &mut vec![0.0; n]);
        let log_prior = posterior.set(&at);
        let values = posterior.values().to_vec();
        // Covariance of the observed cells, term by term from the definition.
        let (baseline, periods) = (&model.baseline, model.n_periods());
        let cells: Vec<usize> = (0..model.y.len()).filter(|&i| !data.outcome[i].is_nan()).collect();
        let step = match baseline.knot_prior {
            counterpoint::model::baseline::KnotPrior::Walk { step } => values[step],
            counterpoint::model::baseline::KnotPrior::Free { .. } => unreachable!("a walk was asked for"),
        };
        let mut row = vec![0.0; baseline.shared()];
        let mut rows = Vec::new();
        for &i in &cells {
            baseline.row(i / periods, i % periods, &mut row);
            rows.push(row.clone());
        }
        let rho = model.noise.rho.map_or(0.0, |i| values[i]);
        let mut k = vec![vec![0.0; cells.len()]; cells.len()];
        for (a, &i) in cells.iter().enumerate() {
            for (b, &j) in cells.iter().enumerate() {
                let (gi, gj) = (i / periods, j / periods);
                let mut c = 0.0;
                for p in 0..baseline.knots {
                    for q in 0..baseline.knots {
                        c += rows[a][p] * rows[b][q] * step * step * (p.min(q) + 1) as f64;
                    }
                }
                for (f, feature) in baseline.features.iter().enumerate() {
                    let own = if gi == gj { feature.spread.map_or(0.0, |s| values[s].powi(2)) } else { 0.0 };
                    c += rows[a][baseline.knots + f]
                        * rows[b][baseline.knots + f]
                        * (feature.prior_sd(&values).powi(2) + own);
                }
                if gi == gj {
                    let run = |i: usize| model.noise.runs[gi].iter().position(|r| (r.0..r.1).contains(&(i % periods)));
                    let sigma = values[model.noise.sigma_of(gi)];
                    if i == j || (rho != 0.0 && run(i) == run(j)) {
                        c += sigma * sigma / (1.0 - rho * rho) * rho.powi((i as i32 - j as i32).abs());
                    }
                }
                k[a][b] = c;
            }
        }
        let r: Vec<f64> = cells.iter().map(|&i| model.y[i]).collect();
        let want = dense_normal(&k, &r) + log_prior;
        assert!((got - want).abs() < 1e-8 * want.abs(), "{got} {want}");
    }
}

#[test]
fn draws_of_the_integrated_baseline_have_its_posterior_mean_and_spread() {
    // With the baseline sampled, its coefficients have an explicit log density: at fixed scales it is quadratic, so the
    // integrated draws must centre where its gradient vanishes.
    let mut wanted = project(spec());
    wanted.drivers.clear();
    let mut data = dataset(2, 17, 0, true);
    data.drivers.clear();
    let model = Arc::new(Model::new(&wanted, &data));
    let mut posterior = Posterior::new(model.clone());
    let position = vec![0.1; posterior.dim()];
    let n = model.baseline.coefficients();
    let draws = 20_000;
    let mut rng = counterpoint_infer::nuts::chain_rng(5, 0);
    let (mut mean, mut square) = (vec![0.0; n], vec![0.0; n]);
    for _ in 0..draws {
        for (i, c) in posterior.draw_baseline(&position, &mut rng).iter().enumerate() {
            mean[i] += c / draws as f64;
            square[i] += c * c / draws as f64;
        }
    }
    wanted.model.integrate_baseline = false;
    let explicit = Arc::new(Model::new(&wanted, &data));
    let mut density = Posterior::new(explicit.clone());
    let first = explicit.sampled_baseline.unwrap();
    assert_eq!(first, position.len());
    let mut gradient = vec![0.0; density.dim()];
    let mut at = [position.clone(), vec![0.0; n]].concat();
    // Newton's method is exact on a quadratic: columns of the Hessian by differences of the gradient.
    density.evaluate(&at, &mut gradient);
    let start: Vec<f64> = gradient[first..].to_vec();
    let mut hessian = vec![vec![0.0; n]; n];
    for i in 0..n {
        at[first + i] = 1.0;
        density.evaluate(&at, &mut gradient);
        at[first + i] = 0.0;
        for j in 0..n {
            hessian[i][j] = start[j] - gradient[first + j];
        }
    }
    let inverse = invert(&hessian);
    // Standardised coefficients back to coefficients, and their covariance, through the linear map z -> c.
    let map = |z: &[f64]| {
        let full = [position.clone(), z.to_vec()].concat();
        let mut p = Posterior::new(explicit.clone());
        p.draw_baseline(&full, &mut counterpoint_infer::nuts::chain_rng(1, 0)).to_vec()
    };
    let z: Vec<f64> = (0..n).map(|i| (0..n).map(|j| inverse[i][j] * start[j]).sum()).collect();
    let want = map(&z);
    let columns: Vec<Vec<f64>> =
        (0..n).map(|i| map(&(0..n).map(|j| f64::from(u8::from(i == j))).collect::<Vec<_>>())).collect();
    for i in 0..n {
        let mut variance = 0.0;
        for a in 0..n {
            for b in 0..n {
                variance += columns[a][i] * inverse[a][b] * columns[b][i];
            }
        }
        let sd = variance.sqrt();
        let got_sd = (square[i] - mean[i] * mean[i]).sqrt();
        assert!((mean[i] - want[i]).abs() < 5.0 * sd / (draws as f64).sqrt(), "{i}: {} {}", mean[i], want[i]);
        assert!((got_sd / sd - 1.0).abs() < 0.03, "{i}: {got_sd} {sd}");
    }
}

/// ln |det| of a map's derivative at x, by central differences and elimination with pivots.
fn ln_det(map: &dyn Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> f64 {
    let (n, h) = (x.len(), 1e-5);
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| {
            let side = |d: f64| {
                let mut y = x.to_vec();
                y[i] += d;
                map(&y)
            };
            side(h).iter().zip(side(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect()
        })
        .collect();
    let mut total = 0.0;
    for k in 0..n {
        let pivot = (k..n).max_by(|&a, &b| rows[a][k].abs().total_cmp(&rows[b][k].abs())).unwrap();
        rows.swap(k, pivot);
        total += rows[k][k].abs().ln();
        for i in k + 1..n {
            let factor = rows[i][k] / rows[k][k];
            for c in k..n {
                let x = rows[k][c];
                rows[i][c] -= factor * x;
            }
        }
    }
    total
}

fn invert(a: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = a.len();
    let mut m: Vec<Vec<f64>> =
        (0..n).map(|i| [a[i].clone(), (0..n).map(|j| f64::from(u8::from(i == j))).collect()].concat()).collect();
    for k in 0..n {
        let pivot = m[k][k];
        m[k].iter_mut().for_each(|x| *x /= pivot);
        for i in 0..n {
            if i != k {
                let factor = m[i][k];
                for c in 0..2 * n {
                    let x = m[k][c];
                    m[i][c] -= factor * x;
                }
            }
        }
    }
    m.into_iter().map(|row| row[n..].to_vec()).collect()
}

/// Gives deviations what a pilot would have learned of them.
fn bend(model: &mut Model) {
    for (n, group) in model.parameters.groups_mut().iter_mut().enumerate() {
        for (g, known) in group.known.iter_mut().enumerate() {
            let (center, sd) = (0.4 * ((n * 7 + g) as f64).sin(), 0.1 * (1 + n + g) as f64);
            *known = match (n + g) % 4 {
                0 => Known::Nothing,
                1 => Known::Straight { center, sd },
                2 if !group.others.is_empty() => Known::Rate { center, sd },
                2 if group.hangs_on.is_some() => Known::Through { center, own: 3.0, times: 0.5, rest: sd * sd },
                _ => Known::bent(center, sd.powi(-2)),
            };
        }
        if let (Some(common), false) = (&mut group.common, group.weights.is_empty()) {
            (common.total, common.total_seen) = (0.7 * n as f64, 1.2);
        }
    }
}

#[test]
fn paths_change_coordinates_and_leave_the_posterior_alone() {
    for (prior, creators) in [(EffectKind::Roi, false), (EffectKind::Coefficient, false), (EffectKind::Roi, true)] {
        let (mut project, mut data) = (project(ModelSpec { prior, ..spec() }), dataset(3, 21, 0, false));
        if creators {
            project.outcome.order_value = Some(0.5);
            project.creators = Some(creators_spec());
            data.roster = Some(roster(&data));
        }
        let mut bent = Model::new(&project, &data);
        let mut plain = bent.clone();
        for group in plain.parameters.groups_mut() {
            (group.slopes, group.others, group.hangs_on) = (Vec::new(), Vec::new(), None);
        }
        bend(&mut bent);
        let (mut a, mut b) = (Posterior::new(Arc::new(plain.clone())), Posterior::new(Arc::new(bent.clone())));
        let n = a.dim();
        let mut u = uniform(3);
        for _ in 0..3 {
            let position: Vec<f64> = (0..n).map(|_| u() - 0.5).collect();
            let values = plain.parameters.values(&position);
            let moved = bent.parameters.position(&values);
            let back = bent.parameters.values(&moved);
            assert!(values.iter().zip(&back).all(|(x, y)| (x - y).abs() < 1e-12));
            // The densities differ by the log determinant of the change of coordinates, here by finite differences.
            let jacobian = ln_det(&|v: &[f64]| plain.parameters.position(&bent.parameters.values(v)), &moved);
            let mut gradient = vec![0.0; n];
            let difference = a.evaluate(&position, &mut gradient) + jacobian - b.evaluate(&moved, &mut gradient);
            assert!(difference.abs() < 1e-5, "{difference}");
        }
    }
}

#[test]
fn a_control_per_head_is_divided_by_the_population_before_it_is_standardised() {
    let mut wanted = project(spec());
    let data = dataset(2, 13, 0, false);
    let feature = |project: &Project| {
        let model = Model::new(project, &data);
        model.baseline.features.into_iter().find(|f| f.name == "control[price]").expect("a control").values
    };
    let plain = feature(&wanted);
    wanted.controls[0].per_head = true;
    let per_head = feature(&wanted);
    // Standardised values differ by a line in each; undo both on two cells of each geo.
    let raw = &data.controls[0].values;
    let ratio = |v: &[f64], i: usize, j: usize, k: usize| (v[i] - v[j]) / (v[i] - v[k]);
    let x = |i: usize| raw[i] / data.population[i / 13];
    assert!((ratio(&plain, 0, 14, 20) - (raw[0] - raw[14]) / (raw[0] - raw[20])).abs() < 1e-9);
    assert!((ratio(&per_head, 0, 14, 20) - (x(0) - x(14)) / (x(0) - x(20))).abs() < 1e-9);
}
