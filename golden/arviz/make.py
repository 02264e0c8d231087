"""Writes draws.json and loo.json: sets of draws with the diagnostics that ArviZ gives for them. Run: python3 make.py

The draws come from a linear congruential generator, so they do not depend on any library's random numbers, and are rounded to six
digits (ten on the large offset) before use, so that the numbers in the file are the numbers that were judged.
"""
import json, math, pathlib, platform, warnings

warnings.simplefilter("ignore")
import arviz as az
import numpy as np
import scipy
from scipy.special import ndtri

HERE = pathlib.Path(__file__).parent
SEED = 20261123


class Uniforms:
    """Knuth's MMIX generator; the upper 53 bits as a number in (0, 1)."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return ((self.state >> 11) + 0.5) / 2**53

    def normal(self):
        return float(ndtri(self.next()))


U = Uniforms(SEED)


def rounded(array, digits=6):
    return np.vectorize(lambda v: float(f"{v:.{digits}g}"))(np.asarray(array, dtype=float))


def ar1(chains, draws, a):
    out = np.empty((chains, draws))
    for c in range(chains):
        x = U.normal() / math.sqrt(1 - a * a)
        for d in range(draws):
            out[c, d] = x
            x = a * x + U.normal()
    return out


def iid(chains, draws, of=lambda: U.normal()):
    return np.array([[of() for _ in range(draws)] for _ in range(chains)])


shifted = iid(4, 150)
shifted[2] += 1.5
stuck = iid(4, 100)
stuck[1] = 0.25
sets = {
    "iid": iid(4, 250),
    "ar1_0.9": ar1(4, 250, 0.9),
    "antithetic": ar1(4, 150, -0.6),
    "one_chain_shifted": shifted,
    "one_chain_stuck": stuck,
    "cauchy": iid(4, 200, lambda: math.tan(math.pi * (U.next() - 0.5))),
    "constant": np.full((4, 20), 3.5),
    "short": iid(4, 5),
    "shortest": iid(2, 4),
    "nine_draws": iid(3, 9),
    "odd": ar1(3, 151, 0.5),
    "ties": np.round(ar1(4, 150, 0.4) * 2) / 2,
    "two_values": (iid(4, 100) > 0.8).astype(float),
    "large_offset": 1e5 + ar1(2, 150, 0.3),
    "random_walk": np.cumsum(iid(2, 120), axis=1),
}


def number(x):
    x = float(x)
    return x if math.isfinite(x) else None


cases = {}
for name, values in sets.items():
    x = rounded(values, 10 if name == "large_offset" else 6)
    cases[name] = {
        "chains": x.shape[0],
        "values": x.ravel().tolist(),
        "rhat": number(az.rhat(x)),
        "ess_bulk": number(az.ess(x, method="bulk")),
        "ess_tail": number(az.ess(x, method="tail")),
        "ess_mean": number(az.ess(x, method="mean")),
        "ess_quantile_0.3": number(az.ess(x, method="quantile", prob=0.3)),
        "mcse_mean": number(az.mcse(x, method="mean")),
        "mcse_sd": number(az.mcse(x, method="sd")),
        "mcse_quantile_0.1": number(az.mcse(x, method="quantile", prob=0.1)),
        "mcse_quantile_0.5": number(az.mcse(x, method="quantile", prob=0.5)),
        # Each chain read as energies.
        "bfmi": [number(v) for v in az.bfmi(x)],
    }
(HERE / "draws.json").write_text(json.dumps(cases, separators=(",", ":")).replace('},"', '},\n"') + "\n")

# Log densities of fourteen observations under draws of a normal's mean and log scale; the last two observations are far out.
draws, chains = 400, 4
y = [0.1, -0.4, 0.9, 1.3, -1.1, 0.3, 0.0, 2.0, -2.2, 0.7, -0.6, 1.0, 4.5, 9.0]
log_density = np.empty((len(y), draws))
for d in range(draws):
    mean, log_scale = 0.35 * U.normal(), 0.4 + 0.2 * U.normal()
    for i, v in enumerate(y):
        log_density[i, d] = -0.5 * ((v - mean) / math.exp(log_scale)) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)
log_density = rounded(log_density)
loos = {"draws": draws, "log_density": log_density.tolist(), "results": []}
for reff in [1.0, 0.4]:
    data = az.from_dict(log_likelihood={"y": log_density.T.reshape(chains, draws // chains, len(y))})
    result = az.loo(data, pointwise=True, reff=reff)
    loos["results"].append({
        "relative_efficiency": reff,
        "elpd": number(result.elpd_loo), "se": number(result.se), "p_loo": number(result.p_loo), "good_k": number(result.good_k),
        "pointwise": [number(v) for v in result.loo_i.values], "pareto_k": [number(v) for v in result.pareto_k.values],
    })
(HERE / "loo.json").write_text(json.dumps(loos, separators=(",", ":")).replace("],", "],\n") + "\n")

info = {
    "tool": "arviz", "version": az.__version__, "with": f"numpy {np.__version__}, scipy {scipy.__version__}, python {platform.python_version()}",
    "recipe": "golden/arviz/make.py", "seed": SEED, "date": "2026-11-23",
}
for name in ["draws", "loo"]:
    (HERE / f"{name}.info.json").write_text(json.dumps(info, indent=2) + "\n")
