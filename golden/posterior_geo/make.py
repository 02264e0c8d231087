"""Writes data.csv, case.json and case.info.json: the posterior of a model of four geos, by NumPyro. Run: python3 make.py

A year of weeks, geos of different population, a channel by its spend, a channel by its impressions, organic media with a prior on its
contribution, a treatment, a control whose slope differs by geo, seasons that differ by geo, one noise scale a geo, autocorrelated
noise, and a gap in one geo's outcome.
"""
import datetime, pathlib, sys

HERE = pathlib.Path(__file__).parent.resolve()
sys.path.insert(0, str(HERE.parent))
import posterior
import numpy as np

SEED = 20261126
WEEKS, LAGS = 52, 4
GEOS = {"North": 900_000, "South": 1_500_000, "East": 600_000, "West": 2_400_000}


def data():
    rng = np.random.default_rng(SEED)
    lines = ["date,geo,population,outcome,tv_spend,video_spend,video_impressions,newsletter,promo,weather"]
    t = np.arange(WEEKS)
    year = 2.0 * np.pi * t / 52.18
    for g, (geo, people) in enumerate(GEOS.items()):
        def media(size, off, retention, half, slope, effect):
            x = size * people * np.exp(0.6 * rng.normal(size=WEEKS))
            x[rng.uniform(size=WEEKS) < off] = 0.0
            x = x.round(2)
            w = retention ** np.arange(LAGS + 1)
            s = np.convolve(x, w / w.sum())[:WEEKS] / (size * people)
            return x, effect * np.exp(0.3 * rng.normal()) * s**slope / (s**slope + half**slope)

        tv, from_tv = media(0.012, 0.4, 0.6, 1.0, 1.3, 0.10)
        video, from_video = media(0.6, 0.15, 0.3, 0.8, 1.0, 0.06)
        newsletter, from_newsletter = media(0.05, 0.5, 0.2, 0.8, 1.0, 0.02)
        promo = np.where(rng.uniform(size=WEEKS) < 0.25, rng.choice([5.0, 10.0, 20.0], size=WEEKS), 0.0)
        weather = (15.0 + 8.0 * np.sin(year - 1.2) + 3.0 * rng.normal(size=WEEKS) + g).round(2)
        noise = np.zeros(WEEKS)
        scale = [0.02, 0.03, 0.025, 0.015][g]
        noise[0] = rng.normal(0.0, scale / np.sqrt(1.0 - 0.45**2))
        for i in range(1, WEEKS):
            noise[i] = 0.45 * noise[i - 1] + rng.normal(0.0, scale)
        head = 0.5 + 0.06 * g + (0.03 + 0.01 * g) * np.sin(year) + 0.0004 * t + 0.003 * (weather - 15.0) + 0.002 * promo
        outcome = people * (head + from_tv + from_video + from_newsletter + noise)
        for i in range(WEEKS):
            day = datetime.date(2024, 1, 1) + datetime.timedelta(weeks=int(i))
            seen = not (geo == "South" and i in (30, 31))
            cells = [f"{people}", f"{outcome[i]:.0f}" if seen else "", f"{tv[i]:.2f}", f"{0.012 * video[i]:.2f}", f"{video[i]:.2f}"]
            cells += [f"{newsletter[i]:.2f}", f"{promo[i]:.0f}", f"{weather[i]:.2f}"]
            lines.append(",".join([day.isoformat(), geo, *cells]))
    (HERE / "data.csv").write_text("\n".join(lines) + "\n")


data()
roi = {"dist": "log-normal", "mu": 0.2, "sigma": 0.9, "shift": 0.0}
media = {"max_lag": LAGS, "adstock": "geometric"}
options = {
    "drivers": [
        {"name": "tv", "kind": "channel", "spend": "tv_spend", "exposure": "tv_spend", "on": "roi", "prior": roi, **media},
        {"name": "video", "kind": "channel", "spend": "video_spend", "exposure": "video_impressions", "on": "roi", "prior": roi, **media},
        {"name": "newsletter", "kind": "organic", "on": "contribution", "prior": {"dist": "beta", "a": 1.0, "b": 99.0}, **media},
        {"name": "promo", "kind": "treatment", "on": "contribution",
         "prior": {"dist": "truncated-normal", "mean": 0.0, "sd": 0.1, "low": -1.0, "high": 1.0}},
    ],
    "controls": ["weather"],
    "trend": {"every": 13},
    "season_yearly": 1,
    "season_by_geo": True,
    "effects": "log-normal",
    "noise": {"student_t": False, "sigma_per_geo": True, "ar1": True},
    "priors": {
        "retention": {"dist": "beta", "a": 1.0, "b": 3.0},
        "half_saturation": {"dist": "truncated-normal", "mean": 0.8, "sd": 0.8, "low": 0.1, "high": 10.0},
        "slope": {"dist": "log-normal", "mu": 0.0, "sigma": 0.4, "shift": 0.0},
        "geo_spread": {"dist": "half-normal", "sd": 0.5},
        "sigma": {"dist": "half-normal", "sd": 5.0},
        "ar1": {"dist": "truncated-normal", "mean": 0.0, "sd": 0.5, "low": -0.95, "high": 0.95},
        "trend_step": {"dist": "half-normal", "sd": 0.3},
        "level_spread": {"dist": "half-normal", "sd": 2.0},
        "control_spread": {"dist": "half-normal", "sd": 1.0},
        "season_spread": {"dist": "half-normal", "sd": 0.3},
    },
    "scales": {"level_sd": 5.0, "knot_sd": 5.0, "control_sd": 2.0, "season_sd": 1.0},
}
if __name__ == "__main__":
    posterior.points(HERE, options, SEED)
    posterior.make(HERE, options, SEED)
