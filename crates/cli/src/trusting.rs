//! The engine's trust report in the words and numbers of `verify.json` and the page.

use crate::report_data::interval;
use counterpoint::model::estimate::Interval;
use counterpoint::verify::{self, Trust, backtest, placebo, predictive, sensitivity};
use counterpoint_infer::diagnose::{SENSITIVE, Status};
use counterpoint_report::{Status as Shown, trust as shown};

/// 5 % quantile of the standard Normal distribution, without its sign.
const NORMAL_Q95: f64 = 1.644_853_626_951_472_7;

/// The whole report.
pub(crate) fn shown(trust: &Trust, quick: bool) -> shown::Trust {
    shown::Trust {
        quick,
        refits: trust.refits as u64,
        poor_refits: trust.poor as u64,
        recovery: recovery(&trust.recovery),
        backtest: trust.backtest.as_ref().map(backtest),
        placebo: trust.placebo.as_ref().map(placebo),
        stability: trust.stability.as_ref().map(stability),
        sensitivity: sensitivity(&trust.sensitivity),
        held_out: trust.held_out.as_ref().map(held_out),
        predictive: predictive(&trust.predictive),
        calibration: trust.calibration.as_ref().map(calibration),
    }
}

/// A verdict of the engine as the page has it.
pub(crate) fn status(status: Status) -> Shown {
    match status {
        Status::Ok => Shown::Ok,
        Status::Review => Shown::Review,
        Status::Fail => Shown::Fail,
    }
}

fn known(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

fn recovery(r: &verify::recovery::Recovery) -> shown::Recovery {
    let (inside, intervals) = r.coverage();
    let told = r.told.iter().map(|t| shown::Told {
        driver: t.name.clone(),
        creator: t.creator,
        bias: t.bias,
        error: t.error,
        width: t.width,
        inside: t.inside as u64,
        rank: known(t.rank),
        ratios: t.copies.iter().map(|(truth, found)| found.mean / truth).collect(),
    });
    shown::Recovery {
        status: status(r.status()),
        copies: r.copies as u64,
        inside: inside as u64,
        intervals: intervals as u64,
        order: r.order,
        creator_order: r.creator_order,
        drivers: told.collect(),
    }
}

fn backtest(b: &backtest::Backtest) -> shown::Backtest {
    let score = |s: &backtest::Score| shown::Score {
        crps: s.crps,
        mape: s.mape,
        inside50: s.inside50,
        inside90: s.inside90,
        count: s.count as u64,
    };
    let scores = |s: &backtest::Scores| shown::Scores {
        model: score(&s.model),
        baseline: score(&s.baseline),
        naive: score(&s.naive),
    };
    let forecasts = b.forecasts.iter().map(|(from, all)| shown::Forecast {
        from: from.to_string(),
        q05: all.iter().map(|f| f.q05).collect(),
        q50: all.iter().map(|f| f.q50).collect(),
        q95: all.iter().map(|f| f.q95).collect(),
    });
    shown::Backtest {
        status: status(b.status()),
        seasonal: b.seasonal,
        origins: b.forecasts.len() as u64,
        better_than_naive: b.better[0] as u64,
        better_than_baseline: b.better[1] as u64,
        national: scores(&b.national),
        geos: b.geos.as_ref().map(scores),
        by_month: b.by_month.iter().map(scores).collect(),
        forecasts: forecasts.collect(),
        dates: b.history.iter().map(|(date, _)| date.to_string()).collect(),
        observed: b.history.iter().map(|(_, y)| *y).collect(),
    }
}

fn placebo(p: &placebo::Placebo) -> shown::Placebo {
    let row = |f: &placebo::Found| shown::PlaceboRow {
        of: f.of.clone(),
        kind: match f.kind {
            placebo::Kind::Shuffled => "shuffled",
            placebo::Kind::Shifted => "shifted",
        }
        .to_owned(),
        roi: interval(&f.roi),
        prior: interval(&f.prior),
        share: interval(&f.share),
        believed: f.believed,
        believed_before: f.believed_before,
        mistaken: f.mistaken,
    };
    shown::Placebo {
        status: status(p.status()),
        level: p.level,
        break_even: p.break_even,
        believed: p.believed() as u64,
        mistaken: p.mistaken() as u64,
        placebos: p.found.iter().map(row).collect(),
        real: p.real.iter().map(|(name, roi)| shown::RealRow { driver: name.clone(), roi: interval(roi) }).collect(),
    }
}

fn stability(s: &verify::stability::Stability) -> shown::Stability {
    let (outside, steps) = s.outside();
    let driver = |d: &verify::stability::Steps| shown::Steps {
        driver: d.name.clone(),
        per_spend: d.per_spend,
        intervals: d.intervals.iter().map(interval).collect(),
        largest: d.largest,
        outside: d.outside as u64,
    };
    shown::Stability {
        status: status(s.status()),
        outside: outside as u64,
        steps: steps as u64,
        until: s.until.iter().map(ToString::to_string).collect(),
        drivers: s.drivers.iter().map(driver).collect(),
    }
}

fn sensitivity(s: &sensitivity::Sensitivity) -> shown::Sensitivity {
    let driver = |d: &sensitivity::Sensitive| shown::Sensitive {
        driver: d.name.clone(),
        prior: d.prior,
        data: d.data,
        rests_on: match d.rests() {
            sensitivity::Rests::OnData => "data",
            sensitivity::Rests::OnPrior => "prior",
            sensitivity::Rests::OnBoth => "both",
        }
        .to_owned(),
    };
    shown::Sensitivity {
        status: status(s.status()),
        threshold: SENSITIVE,
        drivers: s.drivers.iter().map(driver).collect(),
    }
}

fn held_out(h: &verify::held_out::HeldOut) -> shown::HeldOut {
    let one = |e: &verify::held_out::Foretold| {
        let half = NORMAL_Q95 * e.se;
        let observed = Interval { mean: e.lift, q05: e.lift - half, q50: e.lift, q95: e.lift + half };
        shown::Foretold {
            experiment: e.name.clone(),
            observed: interval(&observed),
            expected: interval(&e.expected),
            predicted: interval(&e.predicted),
            tail: e.tail,
        }
    };
    shown::HeldOut { status: status(h.status()), experiments: h.experiments.iter().map(one).collect() }
}

fn predictive(p: &predictive::Predictive) -> shown::Predictive {
    let statistic = |c: &predictive::Compared| shown::Compared {
        statistic: match c.statistic {
            predictive::Statistic::Season => "season",
            predictive::Statistic::Peak => "peak",
            predictive::Statistic::Trough => "trough",
            predictive::Statistic::Changes => "changes",
            predictive::Statistic::LeftOver => "left over",
            predictive::Statistic::Outlier => "outlier",
            predictive::Statistic::Geos => "geos",
        }
        .to_owned(),
        observed: c.observed,
        drawn: interval(&c.drawn),
        p: c.p,
        unlike: c.p < predictive::UNLIKE,
    };
    let left = |l: &predictive::Left| shown::Left {
        elpd: l.elpd,
        se: l.se,
        parameters: l.parameters,
        observations: l.observations as u64,
        untrusted: l.untrusted as u64,
        influential: l
            .influential
            .iter()
            .map(|x| shown::Influential { date: x.date.to_string(), geo: x.geo.clone(), worth: x.worth, k: x.k })
            .collect(),
    };
    shown::Predictive {
        status: status(p.status()),
        statistics: p.compared.iter().map(statistic).collect(),
        geos: p.unlike.iter().map(|g| g.geo.clone()).collect(),
        loo: p.left.as_ref().map(left),
    }
}

fn calibration(c: &verify::calibration::Calibration) -> shown::Calibration {
    let one = |r: &verify::calibration::Ranked| shown::Ranked {
        quantity: r.name.clone(),
        bins: r.bins.iter().map(|&b| b as u64).collect(),
        p: r.p,
    };
    shown::Calibration {
        status: status(c.status()),
        markets: c.markets as u64,
        quantities: c.ranked.iter().map(one).collect(),
    }
}
