"""Makes data.csv and truth.json of the demo: `python3 recipe.py`. Standard library only; the same bytes every time.

Revenue per head = level and season of the region + controls + promotion + media + noise. Media carry over geometrically over eight weeks
and saturate along a Hill curve; each channel's effect is scaled so that its return over the two years is the one in ROI.
"""

import csv
import datetime
import json
import math
import random

REGIONS = {"Northeast": 5.7, "Southeast": 6.6, "Midwest": 6.9, "Southwest": 4.2, "Mountain": 2.4, "Pacific": 5.2}  # people reached, millions
WEEKS, LAGS = 104, 8
START = datetime.date(2024, 1, 1)
LEVEL = 0.21  # revenue a head and week, dollars
# name: spend a head and week, retention, half-saturation (in typical weeks), true return, cost of a thousand exposures
MEDIA = {
    "search": (0.0105, 0.20, 1.6, 2.6, 720.0),
    "social": (0.0120, 0.45, 1.1, 1.9, 9.0),
    "video": (0.0090, 0.65, 1.5, 1.4, 16.0),
    "display": (0.0075, 0.35, 1.2, 0.6, 3.2),
    "affiliate": (0.0050, 0.10, 2.2, 3.1, 1000.0),
}
EMAIL_SHARE = 0.05  # of revenue
PROMOTION = 0.16  # share of the level that a promotion of full depth adds
COMPETITOR, INTEREST = 0.010, 0.012  # dollars a head by standard deviation
NOISE = 0.011

rng = random.Random(20240101)


def wave(persistence, spread):
    """An autocorrelated series around zero."""
    out, x = [], rng.gauss(0, spread)
    for _ in range(WEEKS):
        x = persistence * x + rng.gauss(0, spread * math.sqrt(1 - persistence**2))
        out.append(x)
    return out


def carried(x, keep):
    weights = [keep**l for l in range(LAGS + 1)]
    total = sum(weights)
    return [sum(w * x[t - l] for l, w in enumerate(weights) if t >= l) / total for t in range(len(x))]


def hill(x, half):
    return x / (x + half)


def main():
    season = [0.06 * math.cos(2 * math.pi * (t - 49) / 52.18) + 0.025 * math.cos(4 * math.pi * (t - 22) / 52.18) for t in range(WEEKS)]
    interest = wave(0.8, 1.0)
    flights = {name: wave(0.6, 0.25) for name in MEDIA}
    on_air = [1.0 if (t // 6) % 2 == 0 or t % 52 >= 46 else 0.08 for t in range(WEEKS)]
    promos = [0.0] * WEEKS
    for start in (5, 19, 27, 34, 46, 47, 58, 71, 80, 86, 98, 99):
        depth = rng.choice([0.1, 0.15, 0.2, 0.25])
        promos[start] = depth
        if rng.random() < 0.5:
            promos[start + 1] = round(depth / 2, 3)

    media = {name: {} for name in MEDIA}
    frequency = {}
    for region in REGIONS:
        taste = {name: math.exp(rng.gauss(0, 0.15)) for name in MEDIA}
        for name, (spend, *_rest) in MEDIA.items():
            own = wave(0.3, 0.4)
            level = [spend * taste[name] * math.exp(flights[name][t] + own[t] - 0.12 + 1.2 * season[t]) for t in range(WEEKS)]
            if name == "video":
                level = [x * on_air[(t + 3 * list(REGIONS).index(region)) % WEEKS] * 1.6 for t, x in enumerate(level)]
            if name == "display":  # a quarter on, a month off, in turns
                level = [0.0 if (t + 5 * list(REGIONS).index(region)) % 17 >= 13 else x for t, x in enumerate(level)]
            media[name][region] = level
        frequency[region] = [1.4 + 2.2 * math.sqrt(media["video"][region][t] / 0.0144) * math.exp(rng.gauss(0, 0.08)) for t in range(WEEKS)]
    email = {region: [0.055 * math.exp(0.5 * x) * (1.8 if promos[t] > 0 else 1.0) for t, x in enumerate(wave(0.2, 0.8))] for region in REGIONS}
    competitor = {region: wave(0.7, 1.0) for region in REGIONS}
    tilt = {region: math.exp(rng.gauss(0, 0.08)) for region in REGIONS}

    shape = {}
    for name, (_spend, keep, half, roi, cost) in MEDIA.items():
        typical = sorted(x for region in REGIONS for x in media[name][region] if x > 0)
        typical = typical[len(typical) // 2]
        effect = {region: math.exp(rng.gauss(0, 0.12)) for region in REGIONS}
        if name == "video":
            response = {}
            for region in REGIONS:
                reach = [1000 * x / cost / f for x, f in zip(media[name][region], frequency[region])]
                response[region] = carried([r * hill(f, 3.0) for r, f in zip(reach, frequency[region])], keep)
        else:
            response = {region: [hill(x / typical, half) for x in carried(media[name][region], keep)] for region in REGIONS}
        raw = sum(REGIONS[r] * effect[r] * sum(response[r]) for r in REGIONS)
        spent = sum(REGIONS[r] * sum(media[name][r]) for r in REGIONS)
        scale = roi * spent / raw
        shape[name] = {r: [scale * effect[r] * x for x in response[r]] for r in REGIONS}
    mails = {region: [hill(x / 0.055, 1.5) for x in carried(email[region], 0.3)] for region in REGIONS}
    raw = sum(REGIONS[r] * sum(mails[r]) for r in REGIONS)
    scale = EMAIL_SHARE * LEVEL * 1.5 * sum(REGIONS.values()) * WEEKS / raw

    rows, totals, revenue_total = [], {name: 0.0 for name in [*MEDIA, "email", "promotion"]}, 0.0
    for region, millions in REGIONS.items():
        people = round(millions * 1e6)
        for t in range(WEEKS):
            base = LEVEL * tilt[region] * (1 + season[t] + 0.0007 * t)
            promo = LEVEL * tilt[region] * PROMOTION * promos[t] / 0.2
            parts = {name: shape[name][region][t] for name in MEDIA} | {"email": scale * mails[region][t], "promotion": promo}
            revenue = base + sum(parts.values()) + COMPETITOR * competitor[region][t] + INTEREST * interest[t] + rng.gauss(0, NOISE)
            revenue_total += people * revenue
            for name, part in parts.items():
                totals[name] += people * part
            spend = {name: people * media[name][region][t] for name in MEDIA}
            rows.append({
                "week": (START + datetime.timedelta(weeks=t)).isoformat(),
                "region": region,
                "population": people,
                "revenue": round(people * revenue),
                "search_spend": round(spend["search"]),
                "search_clicks": round(1000 * spend["search"] / MEDIA["search"][4]),
                "social_spend": round(spend["social"]),
                "social_impressions": round(1000 * spend["social"] / MEDIA["social"][4]),
                "video_spend": round(spend["video"]),
                "video_reach": round(1000 * spend["video"] / MEDIA["video"][4] / frequency[region][t]),
                "video_frequency": round(frequency[region][t], 2),
                "display_spend": round(spend["display"]),
                "display_impressions": round(1000 * spend["display"] / MEDIA["display"][4]),
                "affiliate_spend": round(spend["affiliate"]),
                "email_sends": round(people * email[region][t]),
                "promo_depth": promos[t],
                "competitor_price": round(100 + 4 * competitor[region][t], 1),
                "skin_interest": round(60 + 8 * interest[t], 1),
            })
    with open("data.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    truth = {"roi": {name: MEDIA[name][3] for name in MEDIA}, "share": {name: round(x / revenue_total, 4) for name, x in totals.items()}}
    with open("truth.json", "w", encoding="utf-8") as file:
        json.dump(truth, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
