// What hangs on each platform, over creators and channels.
import * as Plot from "@observablehq/plot";
import type { Report } from "../data";
import { Fold, together, type Chart, type Place } from "../figure";
import { interval, percent } from "../numbers";
import { colourNamed } from "../plan";
import { rowChart } from "../rows";

export function stressDependence(report: Report, place: Place): Chart {
  const all = report.stress!.dependence.map((d) => ({ platform: d.platform, x: { mean: d.share_mean, q05: d.share_q05, q50: null, q95: d.share_q95 } }));
  const fold = new Fold(all.length, 15, "platforms", place);
  return {
    draw(width) {
      const rows = fold.shown(all).map((d, i) => ({ ...d, i, colour: colourNamed(report, d.platform, "var(--base-strong)") }));
      const lowest = Math.min(0, ...rows.map((d) => d.x.q05 ?? 0));
      const highest = Math.max(0.05, ...rows.flatMap((d) => [d.x.q95 ?? 0, d.x.mean ?? 0]));
      return together(rowChart({
        names: rows.map((d) => d.platform),
        width,
        label: "Share of what all drivers bring, by platform, with 90% interval",
        right: 52,
        x: { label: null, tickFormat: percent, domain: [lowest, highest], nice: false },
        marks: [
          Plot.link(rows, { x1: 0, x2: (d) => d.x.mean, y1: "i", y2: "i", stroke: "colour", strokeWidth: 12, strokeOpacity: 0.8 }),
          Plot.link(rows, { x1: (d) => d.x.q05, x2: (d) => d.x.q95, y1: "i", y2: "i", stroke: "var(--ink)", strokeWidth: 1.3 }),
          Plot.ruleX([0]),
          Plot.text(rows, { x: () => highest, y: "i", text: (d) => percent(d.x.mean), dx: 14, textAnchor: "start", className: "value" } as Plot.TextOptions),
        ],
        lines: (i) => [["share of effect", interval(rows[i].x, percent), rows[i].colour]],
      }));
    },
  };
}
