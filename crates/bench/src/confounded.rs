//! Markets whose spend follows a demand that no column shows, with and without experiments: how far off returns are, how wide their intervals, and
//! how often these hold the truth. `confounded=N` prints a table over N simulated markets; `roas=N` over N draws of the error of two tests on
//! the public set `pymc-roas`. Further options: `hidden=SHARE` (0.1; 0 for markets without hidden demand), `geos=N` (6; 1 is national).

use anyhow::{Context, anyhow};
use counterpoint::data::experiment::{Experiment, Tested};
use counterpoint::data::{Dataset, assemble};
use counterpoint::model::build::Model;
use counterpoint::model::estimate::{Interval, estimate};
use counterpoint::model::fit::fit;
use counterpoint::model::prior::Prior;
use counterpoint::project::{
    Change, EffectKind, EffectPrior, HiddenDemand, Project, SamplerSpec, SaturationKind, Usual,
};
use counterpoint::simulate::{PopulationRange, SimulationSpec, lift, simulate};
use counterpoint_infer::draws::{quantile, sorted};
use counterpoint_infer::nuts::chain_rng;
use counterpoint_infer::sample::standard_normal;
use counterpoint_sources::load_project;
use std::path::PathBuf;

/// Weeks of a test, and after it over which the outcome is still counted.
const TEST: (usize, usize) = (6, 4);
/// People in a geo.
const PEOPLE: f64 = 1e6;
/// Drivers that are tested: those with the largest spend.
const TESTED: usize = 2;
/// Random stream of the tests' errors.
const STREAM: u64 = 9 << 40;

/// What is done with the experiments.
#[derive(Clone, Copy, PartialEq)]
enum Method {
    /// Nothing.
    Without,
    /// The ROI prior of a tested driver is replaced by the test's ROI and its standard error.
    Prior,
    /// They are data, by the likelihood alone.
    Data(HiddenDemand),
}

const METHODS: [(&str, Method); 5] = [
    ("no experiment", Method::Without),
    ("ROI prior replaced", Method::Prior),
    ("data, hidden_demand = none", Method::Data(HiddenDemand::None)),
    ("data, hidden_demand = tested", Method::Data(HiddenDemand::Tested)),
    ("data, hidden_demand = all", Method::Data(HiddenDemand::All)),
];

/// A test: what was measured, and what was spent on it in the window.
struct Measured {
    experiment: Experiment,
    driver: String,
    spend: f64,
}

/// Errors of one method, over tested or untested drivers, as shares of the truth.
#[derive(Default, Clone)]
struct Score {
    errors: Vec<f64>,
    widths: Vec<f64>,
    held: usize,
}

impl Score {
    fn add(&mut self, roi: &Interval, truth: f64) {
        self.errors.push(roi.mean / truth - 1.0);
        self.widths.push((roi.q95 - roi.q05) / truth);
        self.held += usize::from((roi.q05..=roi.q95).contains(&truth));
    }

    /// Medians of the error, its size and the interval's width, and how many intervals hold the truth.
    fn text(&self) -> String {
        if self.errors.is_empty() {
            return format!("{:>8} {:>8} {:>8} {:>9}", "-", "-", "-", "-");
        }
        let median = |values: &[f64]| 100.0 * quantile(&sorted(values), 0.5);
        let sizes: Vec<f64> = self.errors.iter().map(|e| e.abs()).collect();
        format!(
            "{:>8} {:>8} {:>8} {:>9}",
            format!("{:+.0} %", median(&self.errors)),
            format!("{:.0} %", median(&sizes)),
            format!("{:.0} %", median(&self.widths)),
            format!("{}/{}", self.held, self.errors.len())
        )
    }
}

/// Runs what the options ask for; whether they did.
pub(crate) fn asked(option: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<bool> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if let Some(markets) = option("confounded") {
        let number = |key: &str, default: f64| option(key).map_or(Ok(default), |text| text.parse());
        let (hidden, geos) = (number("hidden", 0.1)?, number("geos", 6.0)? as usize);
        simulated(markets.parse()?, hidden, geos, threads)?;
    } else if let Some(draws) = option("roas") {
        roas(draws.parse()?, threads)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn simulated(markets: u64, hidden: f64, geos: usize, threads: usize) -> anyhow::Result<()> {
    let mut scores: Vec<[Score; 2]> = METHODS.iter().map(|_| Default::default()).collect();
    for seed in 1..=markets {
        let periods = if geos == 1 { 156 } else { 104 };
        let spec = SimulationSpec {
            seed,
            geos,
            periods,
            channels: Some(4),
            population: PopulationRange { min: PEOPLE, max: PEOPLE },
            hidden_demand: hidden,
            confounding: 0.6,
            ..SimulationSpec::default()
        };
        let market = simulate(&spec).map_err(|f| anyhow!("{f:?}"))?;
        let (data, findings) = assemble(&market.project, &market.tables);
        let data = data.ok_or_else(|| anyhow!("{findings:?}"))?;
        let mut rng = chain_rng(seed, STREAM);
        let spent = |d: usize| -data.drivers[d].spend.iter().flatten().sum::<f64>();
        let mut order: Vec<usize> = (0..data.drivers.len()).collect();
        order.sort_by(|a, b| spent(*a).total_cmp(&spent(*b)));
        let tests: Vec<Measured> = order
            .into_iter()
            .take(TESTED)
            .map(|d| test(&spec, &data, d, market.truth.noise_sd, standard_normal(&mut rng)))
            .collect::<anyhow::Result<_>>()?;
        for ((_, method), scores) in METHODS.iter().zip(&mut scores) {
            let found = returns(&market.project, &data, &tests, *method, (2, 500, 500), threads)?;
            for (name, roi) in &found {
                let truth = market.truth.drivers.iter().find(|t| t.name == *name).and_then(|t| t.roi);
                let untested = tests.iter().all(|t| t.driver != *name);
                scores[usize::from(untested)].add(roi, truth.context("no true ROI")?);
            }
        }
        println!("market {seed}: relative standard errors of the tests {}", relative(&tests));
    }
    println!(
        "{geos} geos, hidden demand {hidden}; medians over {markets} markets, 2 tested and 2 untested channels each"
    );
    head(&["tested", "untested"]);
    for ((name, _), score) in METHODS.iter().zip(&scores) {
        println!("{name:30} {} | {}", score[0].text(), score[1].text());
    }
    Ok(())
}

fn head(groups: &[&str]) {
    let parts = format!("{:>8} {:>8} {:>8} {:>9}", "bias", "error", "width", "held");
    println!("{:30} {}", "", groups.iter().map(|g| format!("{g:36}")).collect::<Vec<_>>().join("| "));
    println!("{:30} {}", "", groups.iter().map(|_| parts.clone()).collect::<Vec<_>>().join(" | "));
}

fn relative(tests: &[Measured]) -> String {
    let one = |t: &Measured| format!("{:.2}", t.experiment.se / t.experiment.lift.abs());
    tests.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A test of a driver in half of the geos, on against off, at the time when it did most; the error is that of a difference of two such groups.
fn test(spec: &SimulationSpec, data: &Dataset, d: usize, noise_sd: f64, error: f64) -> anyhow::Result<Measured> {
    let (weeks, cooldown) = TEST;
    let driver = &data.drivers[d];
    let geos: Vec<usize> = (0..data.n_geos()).filter(|g| g % 2 == d % 2 || data.n_geos() == 1).collect();
    let periods = data.n_periods();
    let lift_at = |t: usize| lift(spec, &driver.name, &geos, t..t + weeks, cooldown, 0.0).unwrap_or(0.0);
    let starts = (periods / 4..periods - weeks - cooldown).step_by(weeks);
    let (start, truth) =
        starts.map(|t| (t, lift_at(t))).max_by(|a, b| a.1.total_cmp(&b.1)).context("a market too short for a test")?;
    let se = noise_sd * PEOPLE * (2.0 * (geos.len() * (weeks + cooldown)) as f64).sqrt();
    let spent = |g: &usize| -> f64 {
        driver.spend.as_ref().map_or(0.0, |s| s[g * periods + start..g * periods + start + weeks].iter().sum())
    };
    Ok(Measured {
        spend: geos.iter().map(spent).sum(),
        driver: driver.name.clone(),
        experiment: Experiment {
            name: driver.name.clone(),
            tested: vec![Tested::Driver(d)],
            geos,
            window: start as i64..(start + weeks) as i64,
            cooldown: cooldown as i64,
            change: Change::On,
            usual: Usual::Before,
            lift: truth + se * error,
            se,
            years_outside: 0.0,
        },
    })
}

/// The return of every paid driver by one method.
fn returns(
    project: &Project,
    data: &Dataset,
    tests: &[Measured],
    method: Method,
    (chains, warmup, draws): (usize, usize, usize),
    threads: usize,
) -> anyhow::Result<Vec<(String, Interval)>> {
    let mut project = project.clone();
    let mut data = Dataset { experiments: Vec::new(), ..data.clone() };
    project.sampler = SamplerSpec { chains, warmup, draws, ..project.sampler };
    match method {
        Method::Without => {}
        Method::Prior => {
            for driver in &mut project.drivers {
                let Some(test) = tests.iter().find(|t| t.driver == driver.name) else { continue };
                let (mean, sd) = (test.experiment.lift / test.spend, test.experiment.se / test.spend);
                // A log-normal distribution of that mean and standard deviation; a mean near or below zero has none.
                let mean = mean.max(0.5 * sd);
                let variance = (sd / mean).powi(2).ln_1p();
                let prior = Prior::LogNormal { mu: mean.ln() - 0.5 * variance, sigma: variance.sqrt(), shift: 0.0 };
                driver.prior = Some(EffectPrior { on: EffectKind::Roi, prior });
            }
        }
        Method::Data(hidden) => {
            project.model.hidden_demand = hidden;
            data.experiments = tests.iter().map(|t| t.experiment.clone()).collect();
        }
    }
    let (model, chains) = fit(Model::new(&project, &data), &project.sampler, threads)?;
    let found = estimate(&model, &project, &chains, None, threads);
    Ok(found.drivers.into_iter().filter_map(|d| Some((d.name, d.roi?))).collect())
}

/// The public confounded set: its own curve (logistic, four lags) and the default one.
fn roas(draws: u64, threads: usize) -> anyhow::Result<()> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bench/data/pymc-roas");
    let (project, _, _) = load_project(&dir).map_err(|f| anyhow!("{f:?}"))?;
    let data = crate::read(&project, &dir)?;
    let truth: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(dir.join("truth.json"))?)?;
    let true_roi = |name: &str| truth["roas"][name].as_f64().context("no true ROAS");
    for (label, own_curve) in [("the curve of the truth", true), ("the default curve", false)] {
        let mut project = project.clone();
        if own_curve {
            project.model.saturation = SaturationKind::Logistic;
            project.model.max_lag = Some(3);
        }
        let mut scores: Vec<[Score; 2]> = METHODS.iter().map(|_| Default::default()).collect();
        for seed in 1..=draws {
            let mut rng = chain_rng(seed, STREAM);
            let tests = measured(&data, &truth, || standard_normal(&mut rng))?;
            for ((_, method), scores) in METHODS.iter().zip(&mut scores) {
                // All media are tested, and without experiments the error of the tests plays no role.
                let again = *method == Method::Without && seed > 1 || *method == Method::Data(HiddenDemand::All);
                if again {
                    continue;
                }
                for (k, (name, roi)) in
                    returns(&project, &data, &tests, *method, (4, 1000, 1000), threads)?.iter().enumerate()
                {
                    scores[k].add(roi, true_roi(name)?);
                }
            }
        }
        println!("pymc-roas, {label}; {draws} draws of the tests' errors (standard errors 20 % and 25 % of the lifts)");
        head(&["x1 (follows a hidden demand)", "x2 (does not)"]);
        for ((name, _), score) in METHODS.iter().zip(&scores).take(METHODS.len() - 1) {
            println!("{name:30} {} | {}", score[0].text(), score[1].text());
        }
    }
    Ok(())
}

/// The two tests of the public set, with errors.
fn measured(
    data: &Dataset,
    truth: &serde_json::Value,
    mut error: impl FnMut() -> f64,
) -> anyhow::Result<Vec<Measured>> {
    let tests = truth["lifts"].as_array().context("no lifts")?;
    tests
        .iter()
        .zip([0.2, 0.25])
        .map(|(t, share)| {
            let name = t["driver"].as_str().context("no driver")?;
            let lift = t["lift"].as_f64().context("no lift")?;
            let start = t["start"].as_str().context("no start")?;
            let from = data.dates.iter().position(|d| d.to_string() == start).context("no such week")?;
            let weeks = t["weeks"].as_u64().context("no weeks")? as usize;
            let d = data.drivers.iter().position(|d| d.name == name).context("no such driver")?;
            let spend = data.drivers[d].spend.as_ref().map_or(0.0, |s| s[from..from + weeks].iter().sum());
            let se = share * lift;
            Ok(Measured {
                driver: name.to_owned(),
                spend,
                experiment: Experiment {
                    name: name.to_owned(),
                    tested: vec![Tested::Driver(d)],
                    geos: vec![0],
                    window: from as i64..(from + weeks) as i64,
                    cooldown: t["cooldown"].as_i64().unwrap_or(0),
                    change: Change::On,
                    usual: Usual::Before,
                    lift: lift + se * error(),
                    se,
                    years_outside: 0.0,
                },
            })
        })
        .collect()
}
