// Returns with intervals, beside the share of spend against the share of the effect.
import * as Plot from "@observablehq/plot";
import { known, type Driver, type Report } from "../data";
import { Fold, legend, together, type Chart, type Place } from "../figure";
import { interval, money, number, percent, probability, tick } from "../numbers";
import { limits, rowChart } from "../rows";

interface Paid extends Driver {
  i: number;
  spendShare: number | null;
  effectShare: number | null;
}

function paidOf(report: Report): Paid[] {
  const paid = report.drivers.filter((d) => d.roi && known(d.roi.mean)).sort((a, b) => b.roi!.mean! - a.roi!.mean!);
  const add = (of: (d: Driver) => number | null) => paid.reduce((sum, d) => sum + (of(d) ?? 0), 0);
  const spend = add((d) => d.spend);
  const effect = add((d) => d.incremental.mean);
  return paid.map((d, i) => ({
    ...d,
    i,
    spendShare: known(d.spend) && spend > 0 ? d.spend / spend : null,
    effectShare: known(d.incremental.mean) && effect > 0 ? d.incremental.mean / effect : null,
  }));
}

export function returns(report: Report, place: Place): Chart {
  const paid = paidOf(report);
  const show = report.returns_are_money ? (x: number | null | undefined) => money(x, report.currency) : number;
  const fold = new Fold(paid.length, 20, "paid drivers", place);
  const lines = (d: Paid): [string, string][] => [
    [report.return_word, interval(d.roi, show)],
    ["spend", `${money(d.spend, report.currency)}, ${percent(d.spendShare)} of all`],
    ["share of effect", percent(d.effectShare)],
    ...(known(d.prob_roi_above_1) ? [["pays back", probability(d.prob_roi_above_1)] as [string, string]] : []),
    ...(d.cost_per_increment ? [["cost of one", interval(d.cost_per_increment, (x) => money(x, report.currency))] as [string, string]] : []),
    ...(d.identified ? [] : [["note", "not identified"] as [string, string]]),
  ];
  return {
    draw(width) {
      const rows = fold.shown(paid);
      const wide = width >= 760;
      const first = wide ? Math.round(width * 0.6) : width;
      const { domain, arrows } = limits(rows.map((d, i) => ({ i, intervals: [d.roi] })));
      const left = rowChart({
        names: rows.map((d) => d.name),
        width: first,
        label: `${report.return_word} of each paid driver with 90% interval`,
        x: { label: null, tickFormat: report.returns_are_money ? tick(report.currency) : show, domain, clamp: true, nice: false },
        marks: [
          ...arrows,
          Plot.ruleX([0]),
          report.returns_are_money && domain[1] >= 1 ? Plot.ruleX([1], { stroke: "var(--ink)", strokeDasharray: "3 3" }) : null,
          Plot.link(rows, { x1: (d) => d.roi.q05, x2: (d) => d.roi.q95, y1: "i", y2: "i", stroke: "var(--accent)", strokeWidth: 5, strokeOpacity: 0.32, strokeLinecap: "round" }),
          Plot.dot(rows, { x: (d) => d.roi.mean, y: "i", r: 5, fill: (d) => (d.identified ? "var(--accent)" : "var(--paper)"), stroke: "var(--accent)", strokeWidth: 1.5 }),
        ],
        lines: (i) => lines(rows[i]),
      });
      const right = rowChart({
        names: rows.map((d) => d.name),
        width: wide ? width - first - 24 : width,
        named: !wide,
        label: "Share of spend against share of effect of each paid driver",
        x: { label: null, tickFormat: percent, zero: true },
        marks: [
          Plot.ruleX([0]),
          Plot.link(rows, { x1: "spendShare", x2: "effectShare", y1: "i", y2: "i", stroke: "var(--quiet)", strokeWidth: 1.5 }),
          Plot.dot(rows, { x: "spendShare", y: "i", symbol: "square", r: 4.5, fill: "var(--base-strong)" }),
          Plot.dot(rows, { x: "effectShare", y: "i", r: 5, fill: "var(--accent)" }),
        ],
        lines: (i) => lines(rows[i]),
      });
      const pair = document.createElement("div");
      pair.className = wide ? "pair" : "pair stacked";
      const heading = report.returns_are_money ? `${report.return_word} (dashed: spend just paid back)` : `${report.return_word}`;
      pair.append(half(heading, left), half("Share of spend and of effect", right, [["share of spend", "var(--base-strong)"], ["share of effect", "var(--accent)"]]));
      return together(pair);
    },
    table: () => ({
      head: ["Driver", report.return_word, "Spend", "Share of spend", "Share of effect"],
      rows: paid.map((d) => [d.name, interval(d.roi, show), money(d.spend, report.currency), percent(d.spendShare), percent(d.effectShare)]),
    }),
  };
}

function half(title: string, svg: SVGSVGElement, key: [string, string][] = []): HTMLElement {
  const part = document.createElement("div");
  const heading = part.appendChild(document.createElement("h3"));
  heading.textContent = title;
  if (key.length) part.append(legend(key));
  part.append(svg);
  return part;
}
