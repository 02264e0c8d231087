"""The model in plain terms for NumPyro, and how its posterior is kept: shared by golden/posterior_*/make.py.

Written from the formulas, not from the Rust code: every baseline coefficient is sampled (nothing is integrated out), derivatives are
automatic, numbers are float64. Arrays are [geos, periods]. A case folder holds data.csv (one row a date and geo; rows before the first
outcome are history), case.json (the model's options and priors, and the posterior's summaries), case.info.json (how it was made) and
points.json (the log density at a few points).
"""
import csv, datetime, json, math, os, pathlib, platform, re

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=4 --xla_cpu_multi_thread_eigen=false")

import arviz as az
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS, init_to_median, init_to_uniform

jax.config.update("jax_enable_x64", True)

QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


def distribution(p):
    """A prior as written in case.json."""
    p = dict(p)
    kind = p.pop("dist")
    if kind == "log-normal":
        assert p["shift"] == 0.0
        return dist.LogNormal(p["mu"], p["sigma"])
    return {
        "normal": lambda mean, sd: dist.Normal(mean, sd),
        "half-normal": lambda sd: dist.HalfNormal(sd),
        "truncated-normal": lambda mean, sd, low, high: dist.TruncatedNormal(mean, sd, low=low, high=high),
        "beta": lambda a, b: dist.Beta(a, b),
        "uniform": lambda low, high: dist.Uniform(low, high),
        "gamma": lambda shape, rate: dist.Gamma(shape, rate),
    }[kind](**p)


def read(folder):
    """data.csv as {column: [geos, history + periods]}, with the geos, the dates and the number of history periods."""
    with open(folder / "data.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    geos = list(dict.fromkeys(r["geo"] for r in rows))
    dates = sorted({r["date"] for r in rows})
    place = {(r["geo"], r["date"]): r for r in rows}
    columns = [c for c in rows[0] if c not in ("geo", "date")]
    cell = lambda r, c: float(r[c]) if r[c] != "" else math.nan
    data = {c: np.array([[cell(place[g, d], c) for d in dates] for g in geos]) for c in columns}
    seen = ~np.isnan(data["outcome"]).all(axis=0)
    return data, geos, dates, int(np.argmax(seen))


class Prepared:
    """Everything that does not depend on parameters: scaled series, baseline columns, runs of observed periods."""

    def __init__(self, folder, options):
        self.options = options
        data, self.geos, dates, history = read(folder)
        self.G, self.T = len(self.geos), len(dates) - history
        self.dates = dates[history:]
        population = data["population"][:, 0] if "population" in data else np.ones(self.G)
        outcome = data["outcome"][:, history:]
        self.seen = ~np.isnan(outcome)
        value = options.get("unit_value", 1.0)
        # The outcome per head, minus one global mean, over one global population standard deviation.
        per_head = outcome / population[:, None]
        self.mean, self.sd = float(per_head[self.seen].mean()), float(per_head[self.seen].std())
        self.y = np.where(self.seen, (per_head - self.mean) / self.sd, 0.0)
        self.units = population * self.sd
        self.money = self.units * value
        self.outcome_money = float(outcome[self.seen].sum() * value)
        self.drivers = []
        for d in options["drivers"]:
            x = data[d.get("exposure", d["name"])]
            if d["kind"] == "treatment":
                # Distance from its smallest value, in its population standard deviations; no carry-over, no saturation.
                x = (x - x.min()) / x.std()
                lags = 0
            else:
                # Per head, over the median of the cells that are not zero.
                x = x / population[:, None]
                x = x / np.median(x[x != 0.0])
                lags = d["max_lag"]
            # lagged[g, t, l] = x at l periods before t; nothing before the first row.
            padded = np.concatenate([np.zeros((self.G, lags)), x], axis=1)
            start = lags + history
            lagged = np.stack([padded[:, start - l : start - l + self.T] for l in range(lags + 1)], axis=-1)
            spend = float(data[d["spend"]][:, history:].sum()) if d["kind"] == "channel" else None
            self.drivers.append({**d, "lagged": jnp.asarray(lagged), "spend_total": spend})
        # Trend: straight lines between knots that are spread evenly, first and last period included.
        trend = options["trend"]
        count = trend["count"] if "count" in trend else round((self.T - 1) / trend["every"]) + 1
        self.walk = "every" in trend
        positions = [math.floor(k * (self.T - 1) / (count - 1)) for k in range(count)]
        hats = [np.interp(np.arange(self.T), positions, np.eye(count)[k]) for k in range(count)]
        self.hats = jnp.asarray(np.stack(hats, axis=-1))
        # Features with a coefficient each: (name, values, sd of the common coefficient, name of its spread over geos).
        several = self.G > 1
        scale = options["scales"]
        ones = np.ones((self.G, self.T))
        self.features = [("level", ones, scale["level_sd"], "level_spread" if several else None)]
        epoch = datetime.date(1970, 1, 1)
        middle = np.array([(datetime.date.fromisoformat(d) - epoch).days + 3.0 for d in self.dates])
        for k in range(1, options["season_yearly"] + 1):
            for part, wave in [("sin", np.sin), ("cos", np.cos)]:
                values = wave(2.0 * np.pi * k / 365.25 * middle)
                spread = "season_spread" if several and options["season_by_geo"] else None
                self.features.append((f"season_year_{k}_{part}", ones * values, scale["season_sd"], spread))
        for c in options["controls"]:
            z = data[c][:, history:]
            spread = f"control_spread[{c}]" if several else None
            self.features.append((f"control[{c}]", (z - z.mean()) / z.std(), scale["control_sd"], spread))
        # A period begins a run when the one before it has no outcome.
        before = np.concatenate([np.zeros((self.G, 1), bool), self.seen[:, :-1]], axis=1)
        self.begins = self.seen & ~before
        self.follows = self.seen & before


def weights(d, retention):
    """Carry-over weights of lags 0..L, summing to one."""
    lags = jnp.arange(d["lagged"].shape[-1])
    n = d["lagged"].shape[-1]
    if d["adstock"] == "geometric":
        w = retention**lags
    elif d["adstock"] == "binomial":
        w = (1.0 - lags / n) ** (1.0 / retention - 1.0)
    return w / w.sum()


def hill(s, half, slope):
    """s^h / (s^h + e^h), zero at zero."""
    some = s > 0.0
    ratio = (half / jnp.where(some, s, 1.0)) ** slope
    return jnp.where(some, 1.0 / (1.0 + ratio), 0.0)


def response(d, values, lift=1.0):
    """The response of a driver with a coefficient of one."""
    if d["kind"] == "treatment":
        return d["lagged"][..., 0]
    return hill(lift * (d["lagged"] @ weights(d, values["retention"])), values["half_saturation"], values["slope"])


def model(p):
    o, priors = p.options, p.options["priors"]
    mean = jnp.zeros((p.G, p.T))
    for d in p.drivers:
        name, values = d["name"], {}
        effect = numpyro.sample(f"{d['on']}[{name}]", distribution(d["prior"]))
        if d["kind"] != "treatment":
            for shape in ["retention", "half_saturation", "slope"]:
                if shape in d.get("fixed", {}):
                    values[shape] = d["fixed"][shape]
                else:
                    values[shape] = numpyro.sample(f"{shape}[{name}]", distribution(priors[shape]))
        if p.G > 1:
            spread = numpyro.sample(f"geo_spread[{name}]", distribution(priors["geo_spread"]))
            standard = numpyro.sample(f"geo_effect[{name}]", dist.Normal(0.0, 1.0).expand([p.G]).to_event(1))
            deviation = spread * standard
        else:
            deviation = jnp.zeros(p.G)
        f = response(d, values)
        # Money that a coefficient of one brings in each geo (for the next 1 % of exposure, where the prior is on marginal ROI).
        brings = f.sum(axis=1) * p.money
        positive = o["effects"] == "log-normal" and d["kind"] != "treatment"
        if d["on"] == "coefficient":
            beta = effect * jnp.exp(deviation) if positive else effect + deviation
        else:
            if d["on"] == "mroi":
                brings = (response(d, values, 1.01) - f).sum(axis=1) * p.money
            known = {"roi": d["spend_total"], "mroi": 0.01 * (d["spend_total"] or 0.0), "contribution": p.outcome_money}
            money = effect * known[d["on"]]
            if positive:
                beta = jnp.exp(jnp.log(money) - jnp.log(jnp.sum(brings * jnp.exp(deviation))) + deviation)
            else:
                beta = (money - jnp.sum(brings * deviation)) / jnp.sum(brings) + deviation
        media = beta[:, None] * f
        numpyro.deterministic(f"total[{name}]", jnp.sum(media * p.units[:, None]))
        mean = mean + media
    media_mean = mean.mean(axis=1)
    # Trend.
    if p.walk:
        step = numpyro.sample("trend_step", distribution(priors["trend_step"]))
        steps = numpyro.sample("trend_steps", dist.Normal(0.0, 1.0).expand([p.hats.shape[1] - 1]).to_event(1))
        knots = numpyro.deterministic("trend", step * jnp.cumsum(steps))
        mean = mean + p.hats[:, 1:] @ knots
    else:
        knots = numpyro.sample("trend", dist.Normal(0.0, o["scales"]["knot_sd"]).expand([p.hats.shape[1]]).to_event(1))
        mean = mean + p.hats @ knots
    # Level, seasons and controls: one coefficient for all geos, and deviations of the geos around it.
    spreads = {}
    for name, values, sd, spread in p.features:
        if spread is not None and spread not in spreads:
            spreads[spread] = numpyro.sample(spread, distribution(priors[spread.split("[")[0]]))
        if name == "level":
            # The data know level + media of a geo better than either, so that sum is sampled and the level follows: a shift, without
            # a Jacobian. The priors are on the level.
            anywhere = dist.ImproperUniform(dist.constraints.real_vector, (), (p.G,))
            levels = numpyro.sample("centre", anywhere) - media_mean
            if spread is None:
                numpyro.deterministic(name, levels[0])
                numpyro.factor("level_prior", dist.Normal(0.0, sd).log_prob(levels[0]))
            else:
                common = numpyro.sample(name, dist.Normal(0.0, sd))
                own = numpyro.deterministic(f"{name}@", levels - common)
                numpyro.factor("level_prior", dist.Normal(0.0, spreads[spread]).log_prob(own).sum())
            mean = mean + levels[:, None]
            continue
        common = numpyro.sample(name, dist.Normal(0.0, sd))
        mean = mean + common * values
        if spread is not None:
            standard = numpyro.sample(f"{name}@standard", dist.Normal(0.0, 1.0).expand([p.G]).to_event(1))
            own = numpyro.deterministic(f"{name}@", spreads[spread] * standard)
            mean = mean + own[:, None] * values
    # Noise.
    noise = o["noise"]
    if noise["sigma_per_geo"]:
        sigma = numpyro.sample("sigma", distribution(priors["sigma"]).expand([p.G]).to_event(1))[:, None]
    else:
        sigma = numpyro.sample("sigma", distribution(priors["sigma"]))
    location, scale = mean, sigma * jnp.ones((p.G, p.T))
    if noise["ar1"]:
        rho = numpyro.sample("ar1", distribution(priors["ar1"]))
        last = jnp.concatenate([jnp.zeros((p.G, 1)), (p.y - mean)[:, :-1]], axis=1)
        location = mean + jnp.where(p.follows, rho * last, 0.0)
        scale = jnp.where(p.begins, scale / jnp.sqrt(1.0 - rho**2), scale)
    if noise["student_t"]:
        likelihood = dist.StudentT(numpyro.sample("student_df", distribution(priors["student_df"])), location, scale)
    else:
        likelihood = dist.Normal(location, scale)
    numpyro.factor("likelihood", jnp.sum(jnp.where(p.seen, likelihood.log_prob(p.y), 0.0)))


def summary(x):
    """Summaries of draws [chains, draws], each with its Monte Carlo standard error."""
    out = {
        "mean": [float(x.mean()), float(az.mcse(x, method="mean"))],
        "sd": [float(x.std(ddof=1)), float(az.mcse(x, method="sd"))],
    }
    for q in QUANTILES:
        out[f"q{100 * q:g}"] = [float(np.quantile(x, q)), float(az.mcse(x, method="quantile", prob=q))]
    return {k: [float(f"{v:.8g}"), float(f"{e:.4g}")] for k, (v, e) in out.items()}


def named(p, sites):
    """Parameters, baseline coefficients and contributions by name, from the sites [..., or ..., geos or knots]."""
    parameters, baseline, contributions = {}, {}, {}
    common = {f[0] for f in p.features}
    for site, x in sites.items():
        if site.startswith("total["):
            contributions[site[6:-1]] = x
        elif site == "trend":
            baseline.update({f"trend_{k + 1}": x[..., k] for k in range(x.shape[-1])})
        elif site in common:
            baseline[site] = x
        elif site.endswith("@"):
            baseline.update({f"{site}{g}": x[..., i] for i, g in enumerate(p.geos)})
        elif site.endswith("@standard") or site in ("trend_steps", "centre"):
            continue
        elif site.startswith("geo_effect["):
            parameters.update({f"{site[:-1]},{g}]": x[..., i] for i, g in enumerate(p.geos)})
        elif site == "sigma" and p.options["noise"]["sigma_per_geo"]:
            parameters.update({f"{site}[{g}]": x[..., i] for i, g in enumerate(p.geos)})
        else:
            parameters[site] = x
    return parameters, baseline, contributions


def points(folder, options, seed, count=8):
    """Writes points.json: the log density, up to one constant, at a few points that lie around the middle of the priors. It is the density
    of the parameters and of the baseline's standardised coefficients: steps of the walk over its step size, deviations over their spread."""
    p = Prepared(folder, options)
    out = []
    for i in range(count):
        seeded = numpyro.handlers.seed(lambda: model(p), jax.random.PRNGKey(seed + i))
        trace = numpyro.handlers.trace(numpyro.handlers.substitute(seeded, substitute_fn=init_to_uniform(radius=1.0))).get_trace()
        sampled = [s for s in trace.values() if s["type"] == "sample"]
        total = sum(float(jnp.sum(s["fn"].log_prob(s["value"]))) for s in sampled)
        sites = {k: np.asarray(s["value"]) for k, s in trace.items() if not k.endswith(("likelihood", "level_prior"))}
        if p.G > 1:
            # The level's deviations have a density by themselves here, not by their standardised form.
            total += p.G * float(jnp.log(sites["level_spread"]))
        parameters, baseline, contributions = ({k: float(x) for k, x in group.items()} for group in named(p, sites))
        out.append({"parameters": parameters, "baseline": baseline, "contributions": contributions, "log_density": total})
    (folder / "points.json").write_text(json.dumps(out, indent=1) + "\n")


def make(folder, options, seed, warmup=2000, draws=10000, target_accept=0.99, date="2026-11-23"):
    p = Prepared(folder, options)
    kernel = NUTS(lambda: model(p), dense_mass=True, target_accept_prob=target_accept, max_tree_depth=(7, 10), init_strategy=init_to_median())
    mcmc = MCMC(kernel, num_warmup=warmup, num_samples=draws, num_chains=4, chain_method="parallel", progress_bar=False)
    mcmc.run(jax.random.PRNGKey(seed), extra_fields=("diverging", "num_steps"))
    sites = {k: np.asarray(v) for k, v in mcmc.get_samples(group_by_chain=True).items()}
    extra = mcmc.get_extra_fields(group_by_chain=True)
    parameters, baseline, contributions = named(p, sites)
    everything = [x for group in (parameters, baseline, contributions) for x in group.values()]
    case = {
        "model": options,
        "scale": {"mean": p.mean, "sd": p.sd},
        "parameters": {k: summary(x) for k, x in sorted(parameters.items())},
        "baseline": {k: summary(x) for k, x in sorted(baseline.items())},
        "contributions": {k: summary(x) for k, x in sorted(contributions.items())},
    }
    info = {
        "tool": "numpyro",
        "version": numpyro.__version__,
        "with": f"jax {jax.__version__}, arviz {az.__version__}, numpy {np.__version__}, python {platform.python_version()}",
        "recipe": f"golden/{folder.name}/make.py and golden/posterior.py",
        "seed": seed,
        "date": date,
        "sampler": f"NUTS, dense metric, target acceptance {target_accept}",
        "chains": 4,
        "warmup": warmup,
        "draws": draws,
        "divergences": int(np.asarray(extra["diverging"]).sum()),
        "mean_leapfrog_steps": float(np.asarray(extra["num_steps"]).mean().round(1)),
        "rhat_max": float(f"{max(float(az.rhat(x)) for x in everything):.5g}"),
        "ess_bulk_min": round(min(float(az.ess(x, method="bulk")) for x in everything)),
        "ess_tail_min": round(min(float(az.ess(x, method="tail")) for x in everything)),
    }
    lines = json.dumps(case, indent=1)
    # One summary a line.
    lines = re.sub(r"\[\s+(-?[\d.e+-]+),\s+(-?[\d.e+-]+)\s+\]", r"[\1, \2]", lines)
    (folder / "case.json").write_text(lines + "\n")
    (folder / "case.info.json").write_text(json.dumps(info, indent=2) + "\n")
    print(json.dumps(info, indent=2))
    return case, info, sites
