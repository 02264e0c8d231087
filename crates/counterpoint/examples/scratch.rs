#![allow(clippy::all, clippy::disallowed_methods, clippy::print_stdout)]
//! scratch
use counterpoint::data::calendar::Cadence;
use counterpoint::data::*;
use counterpoint::model::build::Model;
use counterpoint::model::posterior::Posterior;
use counterpoint::project::*;
use counterpoint_infer::diagnose;
use counterpoint_infer::draws::Draws;
use counterpoint_infer::nuts::*;
use counterpoint_infer::sample::*;
use std::sync::Arc;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let dir = &args[1];
    let draws: usize = args[2].parse().unwrap();
    let metric = if args[3] == "low" {
        Metric::LowRank
    } else {
        Metric::Diagonal
    };
    let target: f64 = args.get(4).map_or(0.8, |s| s.parse().unwrap());
    let seed: u64 = args.get(5).map_or(1, |s| s.parse().unwrap());
    let integrate = args.get(6).map_or(true, |s| s != "explicit");
    let text = std::fs::read_to_string(format!("{dir}/data.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    let mut geos: Vec<String> = vec![];
    for r in &rows {
        if !geos.iter().any(|g| g == r[1]) {
            geos.push(r[1].into())
        }
    }
    let gi = |s: &str| geos.iter().position(|g| g == s).unwrap();
    rows.sort_by_key(|r| (gi(r[1]), r[0].to_string()));
    let t = rows.len() / geos.len();
    let dates = rows[..t].iter().map(|r| r[0].parse().unwrap()).collect();
    let col = |c: usize| -> Vec<f64> { rows.iter().map(|r| r[c].parse().unwrap()).collect() };
    let mut project = Project {
        name: "s".into(),
        currency: "".into(),
        data: DataSpec {
            tables: vec![],
            long: vec![],
            date: "".into(),
            date_format: None,
            geo: None,
            population: None,
            empty_is_zero: false,
        },
        outcome: OutcomeSpec {
            column: "y".into(),
            kind: OutcomeKind::Revenue,
            margin: None,
            order_value: None,
        },
        drivers: vec![],
        controls: vec![],
        holidays: Default::default(),
        model: ModelSpec {
            prior: EffectKind::Coefficient,
            integrate_baseline: integrate,
            ..Default::default()
        },
        sampler: Default::default(),
    };
    if let Ok(x) = std::env::var("SEASON_BY_GEO") {
        project.model.season_by_geo = x == "1";
    }
    if let Ok(x) = std::env::var("SIGMA_PER_GEO") {
        project.model.noise.sigma_per_geo = x == "1";
    }
    let mut drivers = vec![];
    let mut controls = vec![];
    for (i, h) in header.iter().enumerate() {
        if h.starts_with('x') {
            project.drivers.push(DriverSpec {
                name: h.to_string(),
                source: DriverSource::Channel {
                    spend: h.to_string(),
                    exposure: None,
                    role: Role::Creation,
                },
                prior: None,
                adstock: None,
                max_lag: None,
                saturation: None,
                slope: None,
                scale: ExposureScale::Median,
                shape: Default::default(),
            });
            drivers.push(Driver {
                name: h.to_string(),
                kind: DriverKind::Channel,
                exposure: col(i),
                frequency: None,
                spend: Some(col(i)),
            });
        } else if h.starts_with('c') {
            controls.push(Control {
                name: h.to_string(),
                values: col(i),
            });
            project.controls.push(ControlSpec {
                column: h.to_string(),
                per_head: false,
            });
        }
    }
    let n = rows.len();
    let data = Dataset {
        population: vec![1.0; geos.len()],
        geos: geos.clone(),
        dates,
        cadence: Cadence::Weekly,
        history: 0,
        outcome: col(header.len() - 1),
        unit_value: vec![1.0; n],
        drivers,
        controls,
        holidays: vec![],
    };
    let model = Arc::new(Model::new(&project, &data));
    let mut p = Posterior::new(model.clone());
    let start = Posterior::start(&model);
    let mut grad = vec![0.0; start.len()];
    use counterpoint_infer::log_density::LogDensity;
    let reps = 2000;
    let t0 = std::time::Instant::now();
    for _ in 0..reps {
        p.evaluate(&start, &mut grad);
    }
    let per = t0.elapsed().as_secs_f64() / reps as f64;
    println!(
        "dim {} gradient {:.1} us, cells {} -> {:.2} ns/cell",
        start.len(),
        per * 1e6,
        n * model.drivers.len(),
        per * 1e9 / (n * model.drivers.len()) as f64
    );
    let settings = ChainSettings {
        warmup: draws,
        draws,
        seed,
        target_accept: target,
        max_depth: 10,
        metric,
    };
    let t0 = std::time::Instant::now();
    let prep = if std::env::var("NOPILOT").is_ok() {
        counterpoint::model::fit::Prepared {
            model: model.clone(),
            start: start.clone(),
        }
    } else {
        counterpoint::model::fit::prepare(
            (*model).clone(),
            &SamplerSpec {
                seed,
                target_accept: target,
                ..Default::default()
            },
            &Silent,
        )
        .unwrap()
    };
    println!("pilot {:.2} s", t0.elapsed().as_secs_f64());
    let model = prep.model.clone();
    let start = prep.start.clone();
    for d in &model.drivers {
        if let Some((_, f)) = d.slots.geo {
            print!(
                "{:.2} ",
                (0..model.n_geos())
                    .map(|g| model.parameters.get(f + g).centring.unwrap().weight)
                    .sum::<f64>()
                    / model.n_geos() as f64
            );
        }
    }
    println!();
    let mut p = Posterior::new(model.clone());
    let make = {
        let model = model.clone();
        move || Posterior::new(model.clone())
    };
    let chains = sample_chains(&make, &start, 0.5, &settings, vec![None; 4], 2, &Silent).unwrap();
    let secs = t0.elapsed().as_secs_f64();
    let mut d = Draws::new(4, draws);
    for (i, q) in model.parameters.iter().enumerate() {
        let Some(c) = q.coordinate else { continue };
        let _ = i;
        let v: Vec<f64> = chains
            .iter()
            .flat_map(|ch| (0..draws).map(move |k| ch.positions[k * ch.dim + c]))
            .collect();
        d.push(&q.name, &v);
    }
    let diag = diagnose::parameters(&d);
    let mut order: Vec<usize> = (0..diag.len()).collect();
    order.sort_by(|&a, &b| {
        diag[a]
            .ess_bulk
            .min(diag[a].ess_tail)
            .total_cmp(&diag[b].ess_bulk.min(diag[b].ess_tail))
    });
    println!(
        "{secs:.2} s  div {:?} grads warm {:?} draw {:?}",
        chains.iter().map(|c| c.divergences).collect::<Vec<_>>(),
        chains
            .iter()
            .map(|c| c.warmup_gradients / draws as u64)
            .collect::<Vec<_>>(),
        chains.iter().map(|c| c.gradients / draws as u64).collect::<Vec<_>>()
    );
    println!("rhat max {:.4}", diag.iter().map(|d| d.rhat).fold(0.0, f64::max));
    for &i in order.iter().take(8) {
        println!(
            "  {} rhat {:.4} bulk {:.0} tail {:.0}",
            d.names()[i],
            diag[i].rhat,
            diag[i].ess_bulk,
            diag[i].ess_tail
        );
    }
    // recovery
    let truth = std::fs::read_to_string(format!("{dir}/contributions.csv")).unwrap();
    let mut lines = truth.lines();
    let _ = lines.next();
    let mut tr: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    tr.sort_by_key(|r| (gi(r[1]), r[0].to_string()));
    let m = model.drivers.len();
    let mut mean = vec![vec![0.0; n]; m];
    let mut totals = vec![vec![]; m];
    let thin = 4;
    let mut count = 0.0;
    for ch in &chains {
        for k in (0..draws).step_by(thin) {
            p.set(&ch.positions[k * ch.dim..(k + 1) * ch.dim]);
            count += 1.0;
            for j in 0..m {
                let w = &p.drivers()[j];
                let mut tot = 0.0;
                for i in 0..n {
                    let v = w.effect.beta[i / t] * w.response.f[i] * model.money[i];
                    mean[j][i] += v;
                    tot += v;
                }
                totals[j].push(tot);
            }
        }
    }
    let mut srm = 0.0;
    let mut hit = 0;
    let mut err = 0.0;
    for j in 0..m {
        let truth: Vec<f64> = tr.iter().map(|r| r[2 + j].parse().unwrap()).collect();
        let total: f64 = truth.iter().sum();
        let mse: f64 = (0..n).map(|i| (mean[j][i] / count - truth[i]).powi(2)).sum::<f64>() / n as f64;
        let s = mse.sqrt() / (total / n as f64);
        srm += s / m as f64;
        totals[j].sort_by(f64::total_cmp);
        let q = |p: f64| totals[j][(p * (totals[j].len() - 1) as f64) as usize];
        let est = totals[j].iter().sum::<f64>() / totals[j].len() as f64;
        let inside = q(0.05) <= total && total <= q(0.95);
        hit += inside as usize;
        err += (est / total - 1.0).abs() / m as f64;
        if m < 12 {
            println!(
                "  {:24} srmse {s:.3} truth {total:.3e} est {est:.3e} [{:.3e} {:.3e}] {}",
                model.drivers[j].name,
                q(0.05),
                q(0.95),
                inside
            );
        }
    }
    println!("sRMSE {srm:.3}  total error {:.1}%  covered {hit}/{m}", err * 100.0);
}
