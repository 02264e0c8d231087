// Contributions over time: layers that add up, or one driver with its interval.
import * as Plot from "@observablehq/plot";
import { known, type Num, type Report, type Series } from "../data";
import { chooser, legend, together, type Chart, type Place } from "../figure";
import { date, outcome, span, tick } from "../numbers";
import { COLOURS } from "../theme";
import { timeChart, times } from "../time";

/** More layers than this cannot be told apart; the rest is one layer. */
const MOST = 12;

interface Layer {
  name: string;
  colour: string;
  mean: Num[];
}

function sum(values: Num[]): number {
  return values.reduce<number>((total, v) => total + (known(v) ? v : 0), 0);
}

function layersOf(series: Series[], dates: number): Layer[] {
  const base = series.filter((s) => s.kind === "baseline").map((s) => ({ name: s.driver, colour: "var(--base)", mean: s.mean }));
  const controls = series.filter((s) => s.kind === "controls").map((s) => ({ name: s.driver, colour: "var(--controls)", mean: s.mean }));
  const drivers = series.filter((s) => s.kind === "driver").sort((a, b) => Math.abs(sum(b.mean)) - Math.abs(sum(a.mean)));
  const own = drivers.length > MOST ? drivers.slice(0, MOST - 1) : drivers;
  const rest = drivers.slice(own.length);
  const layers = [...base, ...controls, ...own.map((s, i) => ({ name: s.driver, colour: COLOURS[i], mean: s.mean }))];
  if (rest.length) {
    const mean = Array.from({ length: dates }, (_, t) => sum(rest.map((s) => s.mean[t])));
    layers.push({ name: `Other drivers (${rest.length})`, colour: "var(--other)", mean });
  }
  return layers;
}

export function contributions(report: Report, place: Place): Chart {
  const layers = layersOf(report.contributions, report.dates.length);
  const ranked = [...report.contributions].sort((a, b) => Math.abs(sum(b.mean)) - Math.abs(sum(a.mean)));
  let chosen: Series | null = null;
  place.choose.append(
    chooser("Show", ["Everything, stacked", ...ranked.map((s) => s.driver)], (i) => { chosen = i ? ranked[i - 1] : null; place.redraw(); }),
  );
  return {
    draw: (width) => (chosen ? one(report, chosen, width) : stacked(report, layers, width)),
    table: () => ({
      head: ["Start", ...report.contributions.map((s) => s.driver)],
      rows: report.dates.map((d, t) => [date(d), ...report.contributions.map((s) => outcome(report)(s.mean[t]))]),
    }),
  };
}

/** Layers on top of each other: what adds goes up from zero, what takes away goes down from zero. */
function pile(layers: Layer[], t: Date[]): { x: Date; low: number; high: number; key: string; fill: string }[] {
  return [1, -1].flatMap((side) => {
    const edge = t.map(() => 0);
    return layers.flatMap((layer, rank) => {
      const part = layer.mean.map((y) => (known(y) && y * side > 0 ? y : 0));
      if (part.every((y) => y === 0)) return [];
      return part.map((y, i) => {
        const low = edge[i];
        edge[i] += y;
        return { x: t[i], low, high: edge[i], key: `${side} ${rank}`, fill: layer.colour };
      });
    });
  });
}

function stacked(report: Report, layers: Layer[], width: number): Node {
  const show = outcome(report);
  const t = times(report);
  const rows = pile(layers, t);
  const total = (i: number) => sum(layers.map((layer) => layer.mean[i]));
  const svg = timeChart({
    report,
    width,
    label: `Contributions to ${report.outcome_name} over time, stacked`,
    tick: report.outcome_is_money ? tick(report.currency) : show,
    marks: [
      Plot.areaY(rows, { x: "x", y1: "low", y2: "high", z: "key", fill: "fill", className: "layers" }),
      Plot.ruleY([0]),
      Plot.lineY(t, { x: (d) => d, y: (_, i) => total(i), stroke: "var(--ink)", strokeWidth: 1.2 }),
    ],
    lines: (i) => [["Total", show(total(i))], ...[...layers].reverse().map((l): [string, string, string] => [l.name, show(l.mean[i]), l.colour])],
    marked: (i) => [{ value: total(i), colour: "var(--ink)" }],
  });
  return together(legend(layers.map((l) => [l.name, l.colour])), svg);
}

function one(report: Report, series: Series, width: number): Node {
  const show = outcome(report);
  const t = times(report);
  const colour = "var(--accent)";
  return timeChart({
    report,
    width,
    label: `Contribution of ${series.driver} over time with its 90% interval`,
    tick: report.outcome_is_money ? tick(report.currency) : show,
    marks: [
      Plot.areaY(t, { x: (d) => d, y1: (_, i) => series.q05[i], y2: (_, i) => series.q95[i], fill: colour, fillOpacity: 0.22 }),
      Plot.ruleY([0]),
      Plot.lineY(t, { x: (d) => d, y: (_, i) => series.mean[i], stroke: colour, strokeWidth: 2 }),
    ],
    lines: (i) => [[series.driver, show(series.mean[i]) + span(show(series.q05[i]), show(series.q95[i])), colour]],
    marked: (i) => [{ value: series.mean[i], colour }],
  });
}
