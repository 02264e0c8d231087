//! The tables of a run folder.

use counterpoint::data::DriverKind;
use counterpoint::model::estimate::{Estimates, Interval, RowKind};
use counterpoint_infer::diagnose::{ParameterDiagnostics, mcse_mean};
use counterpoint_infer::draws::{Draws, mean, quantile, sorted};
use counterpoint_sources::OutColumn;
use jiff::civil::Date;

fn kind(kind: DriverKind) -> &'static str {
    match kind {
        DriverKind::Channel => "channel",
        DriverKind::Organic => "organic",
        DriverKind::Treatment => "treatment",
        DriverKind::Platform => "platform",
    }
}

/// A number of an interval.
type Part = fn(&Interval) -> f64;

/// One row of `drivers.csv`.
struct Row<'a> {
    name: &'a str,
    kind: &'static str,
    platform: &'a str,
    spend: f64,
    incremental: Interval,
    roi: Option<Interval>,
    mroi: Option<Interval>,
    share: Interval,
}

/// `drivers.csv`: a row a driver, then a row a creator.
pub(super) fn drivers(estimates: &Estimates) -> Vec<OutColumn> {
    let drivers = estimates.drivers.iter().map(|d| Row {
        name: &d.name,
        kind: kind(d.kind),
        platform: d.platform.as_deref().unwrap_or(""),
        spend: d.spend.unwrap_or(f64::NAN),
        incremental: d.incremental,
        roi: d.roi,
        mroi: d.mroi,
        share: d.share,
    });
    let creators = estimates.creators.iter().map(|c| Row {
        name: &c.name,
        kind: "creator",
        platform: &c.platforms,
        spend: c.spend,
        incremental: c.incremental,
        roi: c.roi,
        mroi: None,
        share: c.share,
    });
    let all: Vec<Row<'_>> = drivers.chain(creators).collect();
    let mut columns = vec![
        OutColumn::text("driver", all.iter().map(|d| d.name)),
        OutColumn::text("kind", all.iter().map(|d| d.kind)),
        OutColumn::text("platform", all.iter().map(|d| d.platform)),
        OutColumn::number("spend", all.iter().map(|d| d.spend).collect()),
    ];
    let mut add = |name: &str, values: Vec<Option<Interval>>| {
        let parts: [(&str, Part); 4] =
            [("mean", |x| x.mean), ("q05", |x| x.q05), ("q50", |x| x.q50), ("q95", |x| x.q95)];
        for (part, get) in parts {
            let values = values.iter().map(|v| v.as_ref().map_or(f64::NAN, get)).collect();
            columns.push(OutColumn::number(format!("{name}_{part}"), values));
        }
    };
    add("incremental", all.iter().map(|d| Some(d.incremental)).collect());
    add("roi", all.iter().map(|d| d.roi).collect());
    add("mroi", all.iter().map(|d| d.mroi).collect());
    add("share", all.iter().map(|d| Some(d.share)).collect());
    columns
}

/// `parameters.csv`: a row a scalar.
pub(super) fn parameters(scalars: &Draws, judged: &[ParameterDiagnostics]) -> Vec<OutColumn> {
    let ordered: Vec<Vec<f64>> = (0..scalars.len()).map(|i| sorted(scalars.scalar(i))).collect();
    let quantiles = |p: f64| ordered.iter().map(|values| quantile(values, p)).collect::<Vec<_>>();
    let each = |f: &dyn Fn(usize) -> f64| (0..scalars.len()).map(f).collect::<Vec<_>>();
    vec![
        OutColumn::text("name", unique(scalars.names())),
        OutColumn::number("mean", each(&|i| mean(scalars.scalar(i)))),
        OutColumn::number("sd", each(&|i| sd(scalars.scalar(i)))),
        OutColumn::number("q05", quantiles(0.05)),
        OutColumn::number("q25", quantiles(0.25)),
        OutColumn::number("q50", quantiles(0.5)),
        OutColumn::number("q75", quantiles(0.75)),
        OutColumn::number("q95", quantiles(0.95)),
        OutColumn::number("mcse", each(&|i| mcse_mean(scalars.chains_of(i)))),
        OutColumn::number("rhat", judged.iter().map(|d| d.rhat).collect()),
        OutColumn::number("ess_bulk", judged.iter().map(|d| d.ess_bulk).collect()),
        OutColumn::number("ess_tail", judged.iter().map(|d| d.ess_tail).collect()),
    ]
}

/// Standard deviation of draws (divisor n - 1).
fn sd(values: &[f64]) -> f64 {
    let center = mean(values);
    (values.iter().map(|x| (x - center).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)).sqrt()
}

/// `draws.parquet`: a row a draw, both counted from 0.
pub(super) fn draws(scalars: &Draws) -> Vec<OutColumn> {
    let (chains, draws) = (scalars.chains() as i64, scalars.draws() as i64);
    let mut columns = vec![
        OutColumn::int("chain", (0..chains).flat_map(|c| (0..draws).map(move |_| c)).collect()),
        OutColumn::int("draw", (0..chains).flat_map(|_| 0..draws).collect()),
    ];
    for (i, name) in unique(scalars.names()).into_iter().enumerate() {
        columns.push(OutColumn::number(name, scalars.scalar(i).to_vec()));
    }
    columns
}

/// Names that no other has: a second one of a name gets `#2`, and so on.
fn unique(names: &[String]) -> Vec<String> {
    let mut taken: std::collections::BTreeSet<String> = ["chain", "draw"].map(str::to_owned).into();
    let one = |name: &String| {
        let mut free = name.clone();
        let mut n = 1;
        while !taken.insert(free.clone()) {
            n += 1;
            free = format!("{name}#{n}");
        }
        free
    };
    names.iter().map(one).collect()
}

/// The keys of cells, geo after geo, as often as there are rows.
fn keys(geos: &[String], dates: &[Date], rows: usize) -> (OutColumn, OutColumn) {
    let cells = || (0..rows).flat_map(|_| 0..geos.len() * dates.len());
    let periods = dates.len();
    (
        OutColumn::date("date", cells().map(|i| dates[i % periods]).collect()),
        OutColumn::text("geo", cells().map(|i| geos[i / periods].clone())),
    )
}

/// `contributions.parquet`: baseline, controls, drivers, by geo and period, in outcome units.
pub(super) fn contributions(estimates: &Estimates, geos: &[String], dates: &[Date]) -> Vec<OutColumn> {
    let rows = &estimates.contributions;
    let cells = geos.len() * dates.len();
    let (date, geo) = keys(geos, dates, rows.len());
    let word = |k: RowKind| match k {
        RowKind::Baseline => "baseline",
        RowKind::Control => "control",
        RowKind::Driver(k) => kind(k),
        RowKind::Creator => "creator",
    };
    let text = |get: &dyn Fn(usize) -> String| (0..rows.len() * cells).map(|i| get(i / cells)).collect::<Vec<_>>();
    vec![
        date,
        geo,
        OutColumn::text("driver", text(&|r| rows[r].name.clone())),
        OutColumn::text("kind", text(&|r| word(rows[r].kind).to_owned())),
        OutColumn::number("mean", rows.iter().flat_map(|r| r.cells.mean.iter().copied()).collect()),
        OutColumn::number("q05", rows.iter().flat_map(|r| r.cells.q05.iter().copied()).collect()),
        OutColumn::number("q50", rows.iter().flat_map(|r| r.cells.q50.iter().copied()).collect()),
        OutColumn::number("q95", rows.iter().flat_map(|r| r.cells.q95.iter().copied()).collect()),
    ]
}

/// `fit.parquet`: observed against expected and predicted outcome, by geo and period.
pub(super) fn fit(estimates: &Estimates, geos: &[String], dates: &[Date]) -> Vec<OutColumn> {
    let fit = &estimates.fit;
    let (date, geo) = keys(geos, dates, 1);
    vec![
        date,
        geo,
        OutColumn::number("observed", fit.observed.clone()),
        OutColumn::number("expected_mean", fit.expected.mean.clone()),
        OutColumn::number("expected_q05", fit.expected.q05.clone()),
        OutColumn::number("expected_q95", fit.expected.q95.clone()),
        OutColumn::number("predicted_q05", fit.predicted_q05.clone()),
        OutColumn::number("predicted_q95", fit.predicted_q95.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::unique;

    #[test]
    fn no_two_columns_have_one_name() {
        let names = ["chain", "a", "a", "a#2"].map(str::to_owned);
        assert_eq!(unique(&names), ["chain#2", "a", "a#2", "a#2#2"]);
    }
}
