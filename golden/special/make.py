"""Writes case.json: special functions at 40 digits (mpmath), cross-checked against scipy. Run: python3 make.py"""
import json, pathlib, platform
import mpmath as mp, scipy, numpy as np
from scipy import special, stats

mp.mp.dps = 40
HERE = pathlib.Path(__file__).parent

gamma_x = [1e-8, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.000001, 1.4616, 1.999, 2.0, 2.5, 3.0, 5.5, 9.99, 11.999, 12.0, 12.5, 30.0, 171.0, 1e3, 1e6, 1e12]
cdf_x = [-37.0, -30.0, -20.0, -10.0, -8.3, -5.7, -5.6, -5.0, -3.0, -2.0, -1.0, -0.68, -0.67, -0.5, -0.1, -1e-5, 0.0, 1e-5, 0.3, 0.67, 0.68, 1.0, 1.96, 3.0, 5.0, 6.0, 8.0, 9.0]
ln_cdf_x = cdf_x + [-1e2, -1e4, -1e8, 12.0, 30.0]
quantile_p = [1e-300, 1e-100, 1e-20, 1e-12, 1e-9, 1e-5, 0.001, 0.05, 0.0749, 0.0751, 0.25, 0.4, 0.5, 0.5001, 0.75, 0.9, 0.9251, 0.99, 0.99999, 1 - 1e-9]

def cdf(x):
    return mp.erfc(-mp.mpf(x) / mp.sqrt(2)) / 2

def quantile(p):
    # Newton on ln cdf from scipy's answer, at 40 digits.
    z = mp.mpf(float(special.ndtri(p)))
    for _ in range(4):
        c = cdf(z)
        z -= (c - mp.mpf(p)) / (mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi))
    return z

case = {
    "ln_gamma": [[x, float(mp.loggamma(mp.mpf(x)))] for x in gamma_x],
    "norm_cdf": [[x, float(cdf(x))] for x in cdf_x],
    "ln_norm_cdf": [[x, float(mp.log1p(-cdf(-x)) if x > 0 else mp.log(cdf(x)))] for x in ln_cdf_x],
    "norm_quantile": [[p, float(quantile(p))] for p in quantile_p],
}
for name, ours in [("ln_gamma", special.gammaln), ("norm_cdf", special.ndtr), ("ln_norm_cdf", special.log_ndtr), ("norm_quantile", special.ndtri)]:
    for x, y in case[name]:
        assert abs(ours(x) - y) <= 1e-11 * max(abs(y), 1e-300) or abs(ours(x) - y) < 1e-14, (name, x, y, ours(x))
(HERE / "case.json").write_text(json.dumps(case, indent=0) + "\n")
(HERE / "case.info.json").write_text(json.dumps({
    "tool": "mpmath", "version": mp.__version__, "checked_against": f"scipy {scipy.__version__}", "python": platform.python_version(),
    "recipe": "golden/special/make.py", "seed": None, "date": "2026-11-23",
}, indent=2) + "\n")
