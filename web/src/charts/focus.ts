// Attention after a post against the steady exposure of channels.
import * as Plot from "@observablehq/plot";
import { known, type Kernel, type Num, type Report } from "../data";
import { legend, together, type Chart } from "../figure";
import { percent, span } from "../numbers";
import { panelChart } from "../panel";
import { colourOf } from "../people";
import { times } from "../time";
import { days } from "./kernels";

/** How long a post is followed. */
const SPAN = 28;

/** Share of the views that has come by a day, on the line between two neighbours of the curve. */
function comeBy(kernel: Kernel, day: number): number | null {
  if (day <= 0) return 0;
  const right = kernel.days.findIndex((d) => d >= day);
  const last = kernel.days.length - 1;
  if (right < 0) return kernel.mean[last];
  const [y0, y1] = [right ? kernel.mean[right - 1] : 0, kernel.mean[right]];
  const [x0, x1] = [right ? kernel.days[right - 1] : 0, kernel.days[right]];
  return known(y0) && known(y1) ? y0 + ((y1 - y0) * (day - x0)) / (x1 - x0) : null;
}

function quantile(sorted: number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

/** Share of the exposure of four weeks that has come by each period: mean and the middle 90% over all four weeks. */
function steady(report: Report, exposure: Num[]): { day: number; mean: number; q05: number; q95: number }[] {
  const t = times(report);
  const step = t.length > 1 ? (Number(t[1]) - Number(t[0])) / 864e5 : 7;
  const periods = Math.round(SPAN / step);
  const windows: number[][] = [];
  for (let start = 0; periods > 0 && start + periods <= exposure.length; start++) {
    const part = exposure.slice(start, start + periods).map((x) => x ?? 0);
    const sum = part.reduce((a, b) => a + b, 0);
    let come = 0;
    if (sum > 0) windows.push([0, ...part.map((x) => (come += x) / sum)]);
  }
  if (!windows.length) return [];
  return windows[0].map((_, i) => {
    const all = windows.map((w) => w[i]).sort((a, b) => a - b);
    return { day: i * step, mean: all.reduce((a, b) => a + b, 0) / all.length, q05: quantile(all, 0.05), q95: quantile(all, 0.95) };
  });
}

export function focus(report: Report): Chart {
  const creators = report.creators!;
  const curves = creators.platforms.flatMap((p, i) => {
    const kernel = creators.kernels.find((k) => k.platform === i);
    return kernel ? [{ name: p.name, colour: colourOf(i), kernel }] : [];
  });
  const channels = steady(report, creators.channel_exposure);
  const grid = Array.from({ length: SPAN + 1 }, (_, d) => d);
  const halves = curves.flatMap((c) => (known(c.kernel.half_life_days.mean) && c.kernel.half_life_days.mean <= SPAN ? [{ d: c.kernel.half_life_days.mean, colour: c.colour }] : []));
  const channelAt = (day: number) => {
    const right = channels.findIndex((c) => c.day >= day);
    if (right < 1) return channels[Math.max(0, right)];
    const [a, b] = [channels[right - 1], channels[right]];
    const part = (day - a.day) / (b.day - a.day);
    return { mean: a.mean + (b.mean - a.mean) * part, q05: a.q05 + (b.q05 - a.q05) * part, q95: a.q95 + (b.q95 - a.q95) * part };
  };
  return {
    draw(width) {
      const lines = curves.flatMap((c) => [0, 0.25, 0.5, ...grid.slice(1)].map((d) => ({ d, y: comeBy(c.kernel, d), colour: c.colour })));
      const svg = panelChart({
        width,
        height: 250,
        label: "Share of a post's views that have come by each day, against the exposure of channels",
        x: grid,
        xScale: { ticks: [0, 7, 14, 21, 28], insetRight: 8 },
        xTick: (d) => (d ? `${d} d` : "post"),
        yTick: percent,
        yDomain: [0, 1],
        marks: [
          Plot.areaY(channels, { x: "day", y1: "q05", y2: "q95", fill: "var(--base-strong)", fillOpacity: 0.22 }),
          Plot.lineY(channels, { x: "day", y: "mean", stroke: "var(--base-strong)", strokeWidth: 2, strokeDasharray: "5 4" }),
          Plot.ruleY([0]),
          Plot.lineY(lines, { x: "d", y: "y", z: "colour", stroke: "colour", strokeWidth: 2 }),
          Plot.dot(halves, { x: "d", y: () => 0.5, r: 4.5, fill: "var(--paper)", stroke: "colour", strokeWidth: 2 }),
        ],
        head: (i) => (i ? `${days(grid[i])} after the post` : "at the post"),
        lines: (i) => [
          ...curves.map((c): [string, string, string] => [c.name, percent(comeBy(c.kernel, grid[i])), c.colour]),
          ...(channels.length ? [["channels", percent(channelAt(grid[i]).mean) + span(percent(channelAt(grid[i]).q05), percent(channelAt(grid[i]).q95)), "var(--base-strong)"] as [string, string, string]] : []),
        ],
        marked: (i) => curves.map((c) => ({ value: comeBy(c.kernel, grid[i]), colour: c.colour })),
      });
      const key: [string, string][] = curves.map((c) => [c.name, c.colour]);
      if (channels.length) key.push(["channels", "var(--base-strong)"]);
      return together(legend(key), svg);
    },
    table: () => ({
      head: ["Days after the post", ...curves.map((c) => c.name), ...(channels.length ? ["Channels"] : [])],
      rows: grid.map((d) => [String(d), ...curves.map((c) => percent(comeBy(c.kernel, d))), ...(channels.length ? [percent(channelAt(d).mean)] : [])]),
    }),
  };
}
