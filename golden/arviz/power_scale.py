"""Writes power_scale.json: draws, log components, and the power-scaling sensitivity that ArviZ gives. Run: python3 power_scale.py

`raw` is ArviZ's distance with importance weights as they are, `smoothed` with its Pareto smoothing of their tails.
"""
import json, pathlib, platform

import numpy as np
import arviz_stats
from arviz_stats.base import array_stats
from scipy.special import ndtri

HERE = pathlib.Path(__file__).parent
ALPHAS = (0.99, 1.01)
state = 20261126


def uniform():
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return ((state >> 11) + 0.5) / 2**53


def rounded(values):
    return np.array([float(f"{v:.6g}") for v in values])


def normal(n):
    return np.array([float(ndtri(uniform())) for _ in range(n)])


def case(values, component):
    values, component = rounded(values), rounded(component)
    raw = [np.exp((a - 1) * component) for a in ALPHAS]
    raw = [w / w.sum() for w in raw]
    smooth = [np.exp(array_stats.power_scale_lw(component, alpha=a, axis=0)) for a in ALPHAS]
    smooth = [w / w.sum() for w in smooth]
    sense = lambda w: float(array_stats._power_scale_sense(values, w[0], w[1], *ALPHAS))
    return {"values": values.tolist(), "log_component": component.tolist(), "raw": sense(raw), "smoothed": sense(smooth)}


z = normal(300)
x = 2.5 + z / np.sqrt(2)
gamma = np.exp(0.6 * normal(300))
cases = {
    "conflict_prior": case(x, -0.5 * x**2),
    "conflict_likelihood": case(x, -0.5 * (x - 5) ** 2),
    "weak_likelihood": case(z, -0.5 * ((z - 5) / 100) ** 2),
    "skewed": case(gamma, -0.5 * (np.log(gamma) / 0.7) ** 2 - np.log(gamma)),
    "unrelated": case(z, rounded(normal(300))),
    "large_sum": case(x, -400 - 6 * normal(300)),
}
(HERE / "power_scale.json").write_text(json.dumps(cases))
info = {
    "tool": "ArviZ",
    "version": f"arviz-stats {arviz_stats.__version__}",
    "python": platform.python_version(),
    "recipe": "golden/arviz/power_scale.py",
    "seed": 20261126,
    "date": "2026-11-26",
    "licence": "Apache-2.0",
}
(HERE / "power_scale.info.json").write_text(json.dumps(info, indent=2) + "\n")
