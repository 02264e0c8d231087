// Shocks to platforms by what they would change, the worst first, with the assumed chance of each.
import * as Plot from "@observablehq/plot";
import { known, type Report } from "../data";
import { Fold, together, type Chart, type Place } from "../figure";
import { interval, money, outcome, percent, tick } from "../numbers";
import type { Shock, Spread } from "../plan";
import { limits, rowChart } from "../rows";

export function stressShocks(report: Report, place: Place): Chart {
  const all = report.stress!.shocks;
  const isMoney = all.some((s) => s.profit_change !== null);
  const of = (s: Shock): Spread => s.profit_change ?? s.outcome_change;
  const show = isMoney ? (x: number | null | undefined) => money(x, report.currency) : outcome(report);
  const what = isMoney ? "profit" : report.outcome_name;
  const fold = new Fold(all.length, 15, "shocks", place);
  return {
    draw(width) {
      const rows = fold.shown(all).map((s, i) => ({ ...s, i, x: of(s) }));
      const { domain, arrows } = limits(rows.map((s) => ({ i: s.i, intervals: [s.x] })));
      const svg = rowChart({
        names: rows.map((s) => `${s.platform}: ${s.shock}`),
        width,
        label: `Change of ${what} if each shock strikes, with 90% interval`,
        nameRoom: width < 520 ? Math.round(width * 0.48) : Math.min(300, Math.round(width * 0.36)),
        right: 58,
        x: { label: null, tickFormat: isMoney ? tick(report.currency) : show, domain, clamp: true, nice: false },
        marks: [
          Plot.link(rows.filter((s) => known(s.x.mean)), { x1: 0, x2: (s) => s.x.mean, y1: "i", y2: "i", stroke: (s) => ((s.x.mean ?? 0) < 0 ? "var(--minus)" : "var(--good)"), strokeWidth: 12, strokeOpacity: 0.72 }),
          Plot.link(rows.filter((s) => known(s.x.q05) && known(s.x.q95)), { x1: (s) => s.x.q05, x2: (s) => s.x.q95, y1: "i", y2: "i", stroke: "var(--ink)", strokeWidth: 1.3 }),
          Plot.ruleX([0]),
          ...arrows,
          Plot.text(rows, { x: () => domain[1], y: "i", text: (s) => percent(s.per_year), dx: 14, textAnchor: "start", className: "value" } as Plot.TextOptions),
          Plot.text(["a year"], { frameAnchor: "top-right", dx: 50, dy: -18, textAnchor: "end", fill: "var(--quiet)" } as Plot.TextOptions),
        ],
        lines: (i) => [
          [what, interval(rows[i].x, show), (rows[i].x.mean ?? 0) < 0 ? "var(--minus)" : "var(--good)"],
          ...(isMoney ? [[report.outcome_name, interval(rows[i].outcome_change, outcome(report))] as [string, string]] : []),
          ["chance a year, assumed", percent(rows[i].per_year)],
          ...(rows[i].source ? [["figures from", rows[i].source] as [string, string]] : []),
        ],
      });
      const heading = Object.assign(document.createElement("h3"), { textContent: `Change of ${what} if it strikes` });
      return together(heading, svg);
    },
  };
}
