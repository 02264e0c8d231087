"""Writes data.csv, case.json and case.info.json: the posterior of a national model, by NumPyro. Run: python3 make.py

Two years of weeks after six weeks of history (fewer than the eight lags), three channels given by spend, one control, two weeks
without an outcome.
"""
import datetime, pathlib, sys

HERE = pathlib.Path(__file__).parent.resolve()
sys.path.insert(0, str(HERE.parent))
import posterior
import numpy as np

SEED = 20261125
HISTORY, WEEKS, LAGS = 6, 104, 8
CHANNELS = {"tv": (9000.0, 0.35, 0.6, 1.1, 1.4), "search": (5000.0, 0.0, 0.2, 0.9, 0.9), "social": (3500.0, 0.2, 0.4, 0.7, 1.2)}


def data():
    rng = np.random.default_rng(SEED)
    n = HISTORY + WEEKS
    day = [datetime.date(2023, 1, 2) + datetime.timedelta(weeks=int(t) - HISTORY) for t in range(n)]
    t = np.arange(n)
    year = 2.0 * np.pi * t / 52.18
    price = 10.0 + np.cumsum(rng.normal(0.0, 0.15, n)) + rng.normal(0.0, 0.3, n)
    outcome = 120_000.0 + 9_000.0 * np.sin(year + 0.4) + 4_000.0 * np.cos(2.0 * year) + 90.0 * t - 3_500.0 * (price - 10.0)
    columns = {}
    for name, (size, off, retention, half, slope) in CHANNELS.items():
        spend = size * np.exp(0.5 * rng.normal(size=n) + 0.25 * np.sin(year + rng.uniform(0.0, 6.0)))
        spend[rng.uniform(size=n) < off] = 0.0
        columns[name] = spend.round(2)
        w = retention ** np.arange(LAGS + 1)
        s = np.convolve(columns[name], w / w.sum())[:n] / np.median(columns[name][columns[name] > 0.0])
        outcome += 4.0 * size * s**slope / (s**slope + half**slope)
    outcome += rng.normal(0.0, 3_000.0, n)
    lines = ["date,geo,outcome,tv,search,social,price"]
    for i in range(n):
        seen = i >= HISTORY and i - HISTORY not in (40, 77)
        cells = [f"{columns[c][i]:.2f}" for c in CHANNELS] + [f"{price[i]:.3f}"]
        lines.append(",".join([day[i].isoformat(), "national", f"{outcome[i]:.2f}" if seen else "", *cells]))
    (HERE / "data.csv").write_text("\n".join(lines) + "\n")


data()
roi = {"dist": "log-normal", "mu": 0.2, "sigma": 0.9, "shift": 0.0}
options = {
    "drivers": [
        {"name": c, "kind": "channel", "spend": c, "max_lag": LAGS, "adstock": "geometric", "on": "roi", "prior": roi}
        for c in CHANNELS
    ],
    "controls": ["price"],
    "trend": {"every": 13},
    "season_yearly": 2,
    "season_by_geo": True,
    "effects": "log-normal",
    "noise": {"student_t": False, "sigma_per_geo": False, "ar1": False},
    "priors": {
        "retention": {"dist": "uniform", "low": 0.0, "high": 1.0},
        "half_saturation": {"dist": "truncated-normal", "mean": 0.8, "sd": 0.8, "low": 0.1, "high": 10.0},
        "slope": {"dist": "log-normal", "mu": 0.0, "sigma": 0.4, "shift": 0.0},
        "sigma": {"dist": "half-normal", "sd": 5.0},
        "trend_step": {"dist": "half-normal", "sd": 0.3},
    },
    "scales": {"level_sd": 5.0, "knot_sd": 5.0, "control_sd": 2.0, "season_sd": 1.0},
}
if __name__ == "__main__":
    posterior.points(HERE, options, SEED)
    posterior.make(HERE, options, SEED)
