//! Made-up results that look like those of a real fit, from small to large and from good to failed.

use counterpoint_report::*;

use crate::creators::creators;
use crate::plan::{plan, stress};
use crate::trust::trust;

/// What a sample is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) title: &'static str,
    pub(crate) drivers: usize,
    pub(crate) geos: usize,
    pub(crate) weeks: usize,
    pub(crate) currency: &'static str,
    pub(crate) money: bool,
    pub(crate) status: Status,
    pub(crate) hostile: bool,
    pub(crate) creators: usize,
    /// Offers that a plan was made from; no plan without a number.
    pub(crate) offers: Option<usize>,
}

const PLAIN: Shape = Shape {
    title: "Glow Skincare",
    drivers: 3,
    geos: 1,
    weeks: 104,
    currency: "USD",
    money: true,
    status: Status::Ok,
    hostile: false,
    creators: 0,
    offers: None,
};

/// The samples by file name.
pub(crate) const SHAPES: [(&str, Shape); 8] = [
    ("small", Shape { offers: Some(0), ..PLAIN }),
    ("typical", Shape { title: "Nordlys Outdoor", drivers: 10, geos: 8, weeks: 156, currency: "EUR", ..PLAIN }),
    (
        "large",
        Shape {
            title: "Everything Store",
            drivers: 60,
            geos: 50,
            weeks: 208,
            status: Status::Review,
            offers: Some(500),
            ..PLAIN
        },
    ),
    ("failed", Shape { drivers: 5, geos: 4, status: Status::Fail, creators: 12, offers: Some(12), ..PLAIN }),
    (
        "hostile",
        Shape {
            title: "</script><script>alert(1)</script> & <b>Söhne</b>",
            drivers: 9,
            geos: 3,
            weeks: 60,
            currency: "XYZ",
            money: false,
            status: Status::Review,
            hostile: true,
            creators: 14,
            offers: Some(14),
        },
    ),
    (
        "creators",
        Shape {
            title: "Nordlys Outdoor",
            drivers: 5,
            weeks: 104,
            currency: "EUR",
            creators: 30,
            offers: Some(30),
            ..PLAIN
        },
    ),
    ("one-creator", Shape { title: "Kiosk", weeks: 52, creators: 1, ..PLAIN }),
    (
        "many-creators",
        Shape { title: "Everything Store", drivers: 5, weeks: 156, creators: 200, offers: Some(500), ..PLAIN },
    ),
];

const NAMES: [&str; 10] = [
    "Paid search",
    "Paid social",
    "Linear TV",
    "Online video",
    "Creators",
    "Affiliate",
    "Email",
    "Out of home",
    "Radio",
    "List price",
];

/// Names that a careless page would choke on.
pub(crate) const HOSTILE: [&str; 9] = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert('out')</script>",
    "a name of eighty characters that somebody exported from a campaign tool, v2 fin",
    "\"quoted\" & 'single' <b>bold</b>",
    "日本語の広告チャネル",
    "إعلانات البحث",
    "=HYPERLINK(\"http://example.invalid\")",
    "${alert(1)} {{7*7}} javascript:alert(1)",
    "-->\u{2028}<!--",
];

/// A small generator of numbers in 0..1; the samples never change.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn bell(&mut self) -> f64 {
        (0..6).map(|_| self.roll()).sum::<f64>() - 3.0
    }
}

fn around(mean: f64, spread: f64) -> Interval {
    let half = spread.abs();
    Interval { mean, q05: mean - half, q50: mean * 0.98, q95: mean + 1.2 * half }
}

fn iso(week: usize) -> String {
    // Days from 1 January 2022 in months of a common year; close enough for a sample, and always a valid date.
    let mut day = 2 + week * 7;
    let mut year = 2022;
    loop {
        let lengths = [31, if year % 4 == 0 { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in lengths.iter().enumerate() {
            if day <= *length {
                return format!("{year}-{:02}-{day:02}", month + 1);
            }
            day -= length;
        }
        year += 1;
    }
}

fn name(shape: &Shape, i: usize) -> String {
    if shape.hostile {
        HOSTILE[i % HOSTILE.len()].to_owned()
    } else if i < NAMES.len() {
        NAMES[i].to_owned()
    } else {
        format!(
            "{} {}",
            NAMES[i % 9],
            ["North", "brand", "prospecting", "retargeting", "DE", "retail media"][i / 9 % 6]
        )
    }
}

fn kind(shape: &Shape, i: usize) -> DriverKind {
    match i {
        4 => DriverKind::Creator,
        6 => DriverKind::Organic,
        9 if shape.drivers <= 10 => DriverKind::Treatment,
        _ => DriverKind::Channel,
    }
}

/// One sample.
pub(crate) fn report(shape: &Shape) -> ReportData {
    let mut dice = Dice(7 + shape.drivers as u64);
    let n = shape.weeks;
    let scale = if shape.money { 100_000.0 } else { 900.0 };
    let baseline: Vec<f64> = (0..n)
        .map(|t| scale * (6.0 + 0.01 * t as f64 + 0.8 * (t as f64 * std::f64::consts::TAU / 52.0).cos()))
        .collect();
    let controls: Vec<f64> = (0..n).map(|t| scale * 0.3 * (t as f64 * 0.35).sin()).collect();
    let mut expected: Vec<f64> = (0..n).map(|t| baseline[t] + controls[t]).collect();
    let mut contributions = vec![
        series("Baseline", SeriesKind::Baseline, baseline, 0.08),
        series("Controls", SeriesKind::Controls, controls, 0.4),
    ];
    let mut drivers = Vec::new();
    let mut curves = Vec::new();
    let mut densities = Vec::new();
    let mut adstock = Vec::new();
    for i in 0..shape.drivers {
        let size = scale * 12.0 / (shape.drivers as f64 + 2.0) / (1.0 + i as f64 * 0.12) * (0.4 + dice.roll());
        let negative = kind(shape, i) == DriverKind::Treatment || (shape.hostile && i == 3);
        let sign = if negative { -0.5 } else { 1.0 };
        let phase = dice.roll() * 6.0;
        let mean: Vec<f64> = (0..n)
            .map(|t| sign * size * (0.6 + 0.4 * (t as f64 * 0.21 + phase).sin() + 0.25 * dice.roll()).max(0.0))
            .collect();
        mean.iter().zip(&mut expected).for_each(|(c, e)| *e += c);
        let wide = shape.hostile && i == 8;
        let spread = if wide { 40.0 } else { 0.12 + 0.5 * dice.roll() };
        let total: f64 = mean.iter().sum();
        let paid = matches!(kind(shape, i), DriverKind::Channel | DriverKind::Creator);
        let zero = shape.hostile && i == 5;
        let roi = (0.6 + 3.2 * dice.roll()) * if shape.money { 1.0 } else { 0.03 };
        let spend = paid.then_some(if zero { 0.0 } else { total.abs() / roi });
        let has_return = paid && !zero;
        let shape_of_curve = 0.4 + dice.roll();
        let name = name(shape, i);
        let saturation = 1.0 / (1.0 + shape_of_curve);
        drivers.push(DriverRow {
            name: name.clone(),
            kind: kind(shape, i),
            spend,
            incremental: around(total, total * spread),
            roi: has_return.then(|| around(roi * sign.signum(), roi * spread)),
            mroi: has_return.then(|| around(roi * sign.signum() * saturation, roi * spread * 0.8)),
            cost_per_increment: (has_return && !shape.money).then(|| around(1.0 / roi, spread / roi)),
            share: around(total, total * spread),
            prob_roi_above_1: (has_return && shape.money)
                .then(|| (0.5 + (roi - 1.0) / (roi * spread * 2.0)).clamp(0.0, 1.0)),
            moved_from_prior: if shape.hostile && i == 7 { f64::NAN } else { dice.roll().powf(0.7) },
            identified: i % 7 != 5,
        });
        if has_return {
            let weekly = spend.unwrap_or(0.0) / n as f64;
            curves.push(curve(shape, &name, weekly, total / n as f64, shape_of_curve, spread));
            densities.push(density(
                &name,
                "roi",
                &shape.return_label(),
                roi,
                spread,
                if shape.money { 1.5 } else { 0.05 },
            ));
        }
        densities.push(density(&name, "half_life", "Half-life (weeks)", 1.0 + 2.0 * dice.roll(), 0.5, 2.0));
        adstock.push(decay(&name, 0.15 + 0.7 * dice.roll()));
        contributions.push(series(&name, SeriesKind::Driver, mean, spread));
    }
    let total: f64 = expected.iter().sum();
    for row in &mut drivers {
        for x in [&mut row.share.mean, &mut row.share.q05, &mut row.share.q50, &mut row.share.q95] {
            *x /= total;
        }
    }
    let marketing: f64 = drivers.iter().map(|d| d.share.mean).sum();
    let control_share = contributions[1].mean.iter().sum::<f64>() / total;
    let national = fit(&expected, &mut dice, shape.hostile);
    let by_geo = if shape.geos > 1 {
        (0..shape.geos)
            .map(|g| {
                let weight = (1.0 + (g % 7) as f64) / (4.0 * shape.geos as f64);
                fit(&expected.iter().map(|e| e * weight).collect::<Vec<_>>(), &mut dice, shape.hostile)
            })
            .collect()
    } else {
        Vec::new()
    };
    let (verdict, diagnostics) = judged(shape);
    let best_by = |pick: fn(&DriverRow) -> Option<Interval>| {
        let value = |i: &usize| pick(&drivers[*i]).map_or(f64::NEG_INFINITY, |x| x.mean);
        (0..drivers.len()).max_by(|a, b| value(a).total_cmp(&value(b)))
    };
    let dates: Vec<String> = (0..n).map(iso).collect();
    let creators = (shape.creators > 0).then(|| creators(shape, &dates, if shape.money { 1.0 } else { 0.02 }));
    // A first report is not verified yet; nor is one without a plan.
    let trust = shape.offers.map(|_| trust(shape, &drivers, &dates));
    let plan = shape.offers.map(|offers| plan(shape, &drivers, creators.as_ref(), offers));
    ReportData {
        title: shape.title.to_owned(),
        currency: shape.currency.to_owned(),
        generated_from: "20260303-101500-4f2a91".to_owned(),
        version: "0.1.0".to_owned(),
        outcome_name: if shape.money { "revenue" } else { "orders" }.to_owned(),
        outcome_is_money: shape.money,
        returns_are_money: shape.money,
        return_word: shape.return_label(),
        cadence_word: "week".to_owned(),
        creators,
        stress: plan.as_ref().map(|p| stress(shape, p)),
        plan,
        trust,
        dates,
        geos: (0..shape.geos)
            .map(|g| if shape.hostile { format!("<i>Geo {g}</i>") } else { format!("Region {}", g + 1) })
            .collect(),
        verdict,
        diagnostics,
        findings: findings(shape),
        marketing_share: around(marketing, 0.06),
        paid_incremental: paid_incremental(&drivers),
        baseline_share: around(1.0 - marketing - control_share, 0.06),
        controls_share: Some(around(control_share, 0.01)),
        total_outcome: total,
        best_return: best_by(|d| d.roi).map(|driver| Best { driver, probability: 0.91 }),
        best_next: best_by(|d| d.mroi)
            .map(|driver| Best { driver, probability: if shape.drivers > 5 { 0.41 } else { 0.9 } }),
        evidence: Vec::new(),
        not_identified: drivers
            .iter()
            .filter(|d| !d.identified)
            .map(|d| {
                format!(
                    "{} ran at almost the same level every week, so its effect cannot be told from the baseline",
                    d.name
                )
            })
            .collect(),
        next_tests: vec![
            format!(
                "Switch off {} in a third of the regions for four weeks; it would halve the width of its interval.",
                drivers[0].name
            ),
            format!("Vary {} by half from week to week: it has moved too little to show an effect.", drivers[2].name),
        ],
        drivers,
        contributions,
        fit: Fit { national, by_geo },
        curves,
        prior_posterior: densities,
        adstock,
    }
}

impl Shape {
    fn return_label(&self) -> String {
        if self.money { "ROI".to_owned() } else { format!("orders per {}", self.currency) }
    }
}

fn series(name: &str, kind: SeriesKind, mean: Vec<f64>, spread: f64) -> Series {
    let at = |k: f64| mean.iter().map(|m| m + k * spread * m.abs()).collect();
    Series { driver: name.to_owned(), kind, q05: at(-1.0), q95: at(1.2), mean }
}

fn fit(expected: &[f64], dice: &mut Dice, missing: bool) -> FitSeries {
    let at = |k: f64| expected.iter().map(|e| e * (1.0 + k)).collect::<Vec<_>>();
    FitSeries {
        observed: expected
            .iter()
            .enumerate()
            .map(|(t, e)| (!(missing && t % 11 == 3)).then(|| e * (1.0 + 0.035 * dice.bell())))
            .collect(),
        expected_mean: expected.to_vec(),
        expected_q05: at(-0.02),
        expected_q95: at(0.02),
        predicted_q05: at(-0.07),
        predicted_q95: at(0.07),
    }
}

fn curve(shape: &Shape, name: &str, weekly: f64, level: f64, bend: f64, spread: f64) -> Curve {
    let spend: Vec<f64> = (0..=40).map(|k| weekly * 2.0 * k as f64 / 40.0).collect();
    let half = weekly / bend.max(0.2);
    let at = |s: f64| level * (s / (s + half)) / (weekly / (weekly + half));
    let mean: Vec<f64> = spend.iter().map(|s| at(*s)).collect();
    let band = |k: f64| mean.iter().map(|m| m + k * spread * m.abs()).collect();
    Curve {
        driver: name.to_owned(),
        q05: band(-1.0),
        q95: band(1.2),
        spend,
        mean,
        current_spend: weekly,
        observed_max: Some(weekly * 1.5),
        unit: format!("{} a week", shape.currency),
    }
}

fn density(name: &str, parameter: &str, label: &str, at: f64, spread: f64, prior_median: f64) -> Density {
    let top = 3.0 * at.max(prior_median);
    let x: Vec<f64> = (1..=80).map(|k| top * k as f64 / 80.0).collect();
    let lognormal = |x: f64, median: f64, sd: f64| {
        (-0.5 * ((x / median).ln() / sd).powi(2)).exp() / (x * sd * (std::f64::consts::TAU).sqrt())
    };
    Density {
        driver: name.to_owned(),
        parameter: parameter.to_owned(),
        label: label.to_owned(),
        prior: x.iter().map(|x| lognormal(*x, prior_median, 0.7)).collect(),
        posterior: x.iter().map(|x| lognormal(*x, at, spread.max(0.1) * 0.7)).collect(),
        x,
    }
}

fn decay(name: &str, keep: f64) -> Decay {
    let at = |r: f64| (0..=8).map(|l| r.powi(l)).collect::<Vec<_>>();
    Decay {
        driver: name.to_owned(),
        lags: (0..=8).map(f64::from).collect(),
        mean: at(keep),
        q05: at(keep * 0.8),
        q95: at((keep * 1.15).min(0.97)),
    }
}

fn judged(shape: &Shape) -> (Verdict, Diagnostics) {
    let good = Diagnostics {
        rhat_max: 1.004,
        ess_bulk_min: 1240.0,
        ess_tail_min: 980.0,
        divergences: 0,
        ebfmi_min: 0.86,
        max_treedepth_hits: 0,
        chains: 4,
        warmup: 200,
        draws: 1000,
        every: 1,
        seconds: Some(41.0),
        loo_elpd: Some(-1834.2),
        pareto_k_bad: Some(0.004),
        r2: 0.93,
        mape: 0.031,
        coverage90: 0.91,
    };
    let reasons = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
    match shape.status {
        Status::Ok => (Verdict { status: Status::Ok, reasons: Vec::new() }, good),
        Status::Review => (
            Verdict {
                status: Status::Review,
                reasons: reasons(&[
                    "2 drivers are not identified: their numbers are assumptions",
                    "3% of observations sway the result by themselves",
                ]),
            },
            Diagnostics {
                rhat_max: 1.014,
                ess_bulk_min: 340.0,
                every: 8,
                pareto_k_bad: Some(0.03),
                divergences: 3,
                ..good
            },
        ),
        Status::Fail => (
            Verdict {
                status: Status::Fail,
                reasons: reasons(&[
                    "The chains disagree (R-hat 1.38), so there is no one answer",
                    "312 of 4,000 steps diverged",
                ]),
            },
            Diagnostics {
                rhat_max: 1.38,
                ess_bulk_min: 12.0,
                ess_tail_min: 19.0,
                divergences: 312,
                ebfmi_min: 0.17,
                coverage90: 0.61,
                ..good
            },
        ),
    }
}

fn findings(shape: &Shape) -> Vec<FindingRow> {
    let row = |severity, code: &str, place: &str, found: &str, expected: &str, mend: &str| FindingRow {
        severity,
        code: code.to_owned(),
        place: place.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
        mend: mend.to_owned(),
    };
    let mut rows = vec![
        row(
            FindingSeverity::Info,
            "wide-gap",
            "data.csv, rows 52–55",
            "Outcome falls by 38% for four weeks",
            "a level within three standard deviations",
            "Add a control for the event if there was one",
        ),
        row(
            FindingSeverity::Review,
            "collinear",
            "data.csv, columns radio_spend and tv_spend",
            "Correlation of 0.96",
            "below 0.9",
            "Join the two or run a test that moves one alone",
        ),
    ];
    if shape.hostile {
        rows.push(row(FindingSeverity::Fail, "<code>", "<script>", "<img src=x onerror=alert(2)>", "text", "\"mend\""));
    }
    rows
}

/// What the drivers with spend bring together.
fn paid_incremental(drivers: &[DriverRow]) -> Option<Interval> {
    let paid = drivers.iter().filter(|d| d.spend.is_some_and(|s| s > 0.0)).map(|d| d.incremental);
    paid.reduce(|a, b| Interval { mean: a.mean + b.mean, q05: a.q05 + b.q05, q50: a.q50 + b.q50, q95: a.q95 + b.q95 })
}
