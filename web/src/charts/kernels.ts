// How the views of a post come in, a panel a platform and format.
import * as Plot from "@observablehq/plot";
import { known, type Interval, type Kernel, type Report } from "../data";
import { Fold, panels, type Chart, type Place } from "../figure";
import { number, percent, span } from "../numbers";
import { panelChart } from "../panel";
import { colourOf, factorAxis } from "../people";

/** Days for people: hours where they are few. */
export function days(x: number | null | undefined): string {
  if (!known(x)) return "n/a";
  const [value, unit] = x < 2 ? [x * 24, "hour"] : [x, "day"];
  const text = number(value < 10 ? value : Math.round(value));
  return `${text} ${unit}${text === "1" ? "" : "s"}`;
}

function halfLife(x: Interval): string {
  return days(x.mean) + span(days(x.q05), days(x.q95));
}

/** The ticks that do not run into the one to their right. */
function roomy(ticks: number[], [low, high]: [number, number], width: number): number[] {
  const at = (d: number) => (Math.log(d / low) / Math.log(high / low)) * width;
  return ticks.reduceRight<number[]>((kept, d) => (kept.length && at(kept[0]) - at(d) < 38 ? kept : [d, ...kept]), []);
}

export function kernels(report: Report, place: Place): Chart {
  const creators = report.creators!;
  const all = creators.kernels;
  const fold = new Fold(all.length, 12, "curves", place);
  const title = (k: Kernel) => `${creators.platforms[k.platform]?.name ?? "n/a"}${k.format ? `, ${k.format}` : ""}${k.learned ? "" : " (assumed)"}`;
  const draw = (k: Kernel, width: number) => {
    const colour = colourOf(k.platform);
    const points = k.days.map((d, i) => ({ d, mean: k.mean[i], q05: k.q05[i], q95: k.q95[i] }));
    const half = known(k.half_life_days.mean) && k.half_life_days.mean > 0 ? [{ d: k.half_life_days.mean, y: 0.5 }] : [];
    const seen = k.observed.filter((o) => known(o.days) && o.days > 0 && known(o.share));
    const domain: [number, number] = [k.days[0], k.days[k.days.length - 1]];
    const ticks = roomy([1 / 24, 0.25, 1, 7, 30, 90, 365].filter((d) => d >= domain[0] && d <= domain[1]), domain, width - 48);
    return panelChart({
      width,
      height: Math.round(Math.max(150, Math.min(210, width * 0.62))),
      label: `Share of a post's views that have come, ${title(k)}`,
      x: k.days,
      xScale: { type: "log", domain, clamp: true, axis: null },
      xTick: String,
      yTick: percent,
      yDomain: [0, 1],
      marks: [
        ...factorAxis("x", ticks, (d) => (d < 1 ? `${Math.round(d * 24)} h` : `${d} d`), null),
        Plot.areaY(points, { x: "d", y1: "q05", y2: "q95", fill: colour, fillOpacity: 0.18 }),
        Plot.ruleY([0]),
        Plot.dot(seen.filter((o) => o.days! >= domain[0] && o.days! <= domain[1]), { x: "days", y: "share", r: 1.7, fill: "var(--ink)", fillOpacity: 0.4 }),
        Plot.lineY(points, { x: "d", y: "mean", stroke: colour, strokeWidth: 2, strokeDasharray: k.learned ? undefined : "4 3" }),
        Plot.dot(half, { x: "d", y: "y", r: 4.5, fill: "var(--paper)", stroke: colour, strokeWidth: 2 }),
      ],
      head: (i) => `${days(k.days[i])} after the post`,
      lines: (i) => [
        ["come so far", percent(k.mean[i]) + span(percent(k.q05[i]), percent(k.q95[i])), colour],
        ["half have come", halfLife(k.half_life_days)],
        ["snapshots", k.learned ? String(seen.length) : "none: assumed"],
      ],
      marked: (i) => [{ value: k.mean[i], colour }],
    });
  };
  return {
    draw: (width) => panels(fold.shown(all), width, title, draw),
    table: () => ({
      head: ["Curve", "Days", "Come so far", "5%", "95%"],
      rows: all.flatMap((k) => k.days.map((d, i) => [title(k), number(d), percent(k.mean[i]), percent(k.q05[i]), percent(k.q95[i])])),
    }),
  };
}
