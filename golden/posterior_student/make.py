"""Writes data.csv, case.json and case.info.json: the posterior of a small model with Student-t noise, by NumPyro. Run: python3 make.py

Three geos of forty weeks; effects that are Normal over geos, on a counted outcome with a value a unit; a channel with a prior on its
marginal ROI, a channel with a prior on its coefficient, binomial carry-over, and free knots.
"""
import datetime, pathlib, sys

HERE = pathlib.Path(__file__).parent.resolve()
sys.path.insert(0, str(HERE.parent))
import posterior
import numpy as np

SEED = 20261127
WEEKS, LAGS = 40, 3
GEOS = {"A": 1_000, "B": 2_500, "C": 1_700}


def data():
    rng = np.random.default_rng(SEED)
    lines = ["date,geo,population,outcome,radio,podcast"]
    t = np.arange(WEEKS)
    for g, (geo, people) in enumerate(GEOS.items()):
        head = 2.0 + 0.2 * g + 0.3 * np.sin(t / 9.0)
        spend = {}
        for name, effect in [("radio", 1.2), ("podcast", 0.8)]:
            x = 0.5 * people * np.exp(0.5 * rng.normal(size=WEEKS))
            x[rng.uniform(size=WEEKS) < 0.3] = 0.0
            spend[name] = x.round(2)
            w = (1.0 - np.arange(LAGS + 1) / (LAGS + 1)) ** (1.0 / 0.5 - 1.0)
            s = np.convolve(spend[name], w / w.sum())[:WEEKS] / (0.5 * people)
            head = head + effect * s / (s + 0.8)
        head = head + 0.1 * rng.standard_t(3.0, size=WEEKS)
        for i in range(WEEKS):
            day = datetime.date(2025, 3, 5) + datetime.timedelta(weeks=int(i))
            cells = [f"{people}", f"{people * head[i]:.0f}", f"{spend['radio'][i]:.2f}", f"{spend['podcast'][i]:.2f}"]
            lines.append(",".join([day.isoformat(), geo, *cells]))
    (HERE / "data.csv").write_text("\n".join(lines) + "\n")


data()
channel = {"kind": "channel", "max_lag": LAGS, "adstock": "binomial", "fixed": {"slope": 1.0}}
options = {
    "drivers": [
        {"name": "radio", "spend": "radio", "on": "mroi", "prior": {"dist": "log-normal", "mu": 0.0, "sigma": 0.5, "shift": 0.0}, **channel},
        {"name": "podcast", "spend": "podcast", "on": "coefficient", "prior": {"dist": "normal", "mean": 0.0, "sd": 2.0}, **channel},
    ],
    "controls": [],
    "unit_value": 3.0,
    "trend": {"count": 4},
    "season_yearly": 1,
    "season_by_geo": False,
    "effects": "normal",
    "noise": {"student_t": True, "sigma_per_geo": False, "ar1": False},
    "priors": {
        "retention": {"dist": "beta", "a": 2.0, "b": 2.0},
        "half_saturation": {"dist": "truncated-normal", "mean": 0.8, "sd": 0.8, "low": 0.1, "high": 10.0},
        "geo_spread": {"dist": "half-normal", "sd": 0.5},
        "sigma": {"dist": "half-normal", "sd": 5.0},
        "student_df": {"dist": "gamma", "shape": 2.0, "rate": 0.1},
        "level_spread": {"dist": "half-normal", "sd": 2.0},
    },
    "scales": {"level_sd": 5.0, "knot_sd": 5.0, "control_sd": 2.0, "season_sd": 1.0},
}
if __name__ == "__main__":
    posterior.points(HERE, options, SEED)
    posterior.make(HERE, options, SEED)
