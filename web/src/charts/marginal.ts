// Average return against the return of the next unit of spend.
import * as Plot from "@observablehq/plot";
import { known, type Report } from "../data";
import { Fold, legend, together, type Chart, type Place } from "../figure";
import { interval, money, number, tick } from "../numbers";
import { limits, rowChart } from "../rows";

export function marginal(report: Report, place: Place): Chart {
  const show = report.returns_are_money ? (x: number | null | undefined) => money(x, report.currency) : number;
  const all = report.drivers
    .filter((d) => d.mroi && known(d.mroi.mean))
    .sort((a, b) => b.mroi!.mean! - a.mroi!.mean!)
    .map((d, i) => ({ ...d, i }));
  const fold = new Fold(all.length, 20, "paid drivers", place);
  return {
    draw(width) {
      const rows = fold.shown(all);
      const { domain, arrows } = limits(rows.map((d, i) => ({ i, intervals: [d.roi, d.mroi] })));
      const svg = rowChart({
        names: rows.map((d) => d.name),
        width,
        label: "Average and marginal return of each paid driver",
        x: { label: null, tickFormat: report.returns_are_money ? tick(report.currency) : show, domain, clamp: true, nice: false },
        marks: [
          ...arrows,
          Plot.ruleX([0]),
          report.returns_are_money && domain[1] >= 1 ? Plot.ruleX([1], { stroke: "var(--ink)", strokeDasharray: "3 3" }) : null,
          Plot.link(rows, { x1: (d) => d.roi?.q05, x2: (d) => d.roi?.q95, y1: "i", y2: "i", stroke: "var(--accent)", strokeWidth: 4, strokeOpacity: 0.25, strokeLinecap: "round", dy: -5 }),
          Plot.link(rows, { x1: (d) => d.mroi.q05, x2: (d) => d.mroi.q95, y1: "i", y2: "i", stroke: "var(--second)", strokeWidth: 4, strokeOpacity: 0.3, strokeLinecap: "round", dy: 5 }),
          Plot.dot(rows, { x: (d) => d.roi?.mean, y: "i", r: 4.5, fill: "var(--accent)", dy: -5 }),
          Plot.dot(rows, { x: (d) => d.mroi.mean, y: "i", r: 4.5, fill: "var(--paper)", stroke: "var(--second)", strokeWidth: 2, dy: 5 }),
        ],
        lines: (i) => [
          ["average", interval(rows[i].roi, show), "var(--accent)"],
          ["next unit", interval(rows[i].mroi, show), "var(--second)"],
        ],
      });
      return together(legend([["average so far", "var(--accent)"], ["next unit of spend", "var(--second)"]]), svg);
    },
    table: () => ({
      head: ["Driver", "Average", "Next unit"],
      rows: all.map((d) => [d.name, interval(d.roi, show), interval(d.mroi, show)]),
    }),
  };
}
