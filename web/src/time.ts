// Charts over time: shared axes and the reading of one date.
import * as Plot from "@observablehq/plot";
import { known, type Report } from "./data";
import { date } from "./numbers";
import { readable, type Line } from "./tip";

export interface OverTime {
  report: Report;
  width: number;
  label: string;
  /** Formats a tick of the y axis. */
  tick: (x: number) => string;
  marks: Plot.Markish[];
  lines(index: number): Line[];
  /** Heights to mark at a date, in units of the y axis. */
  marked(index: number): { value: number | null; colour: string }[];
}

/** The dates as points of the x axis; what is no date falls back to its position. */
export function times(report: Report): Date[] {
  return report.dates.map((iso, i) => {
    const time = Date.parse(iso.slice(0, 10));
    return new Date(Number.isNaN(time) ? i * 7 * 864e5 : time);
  });
}

/** Draws over time and makes the dates readable. */
export function timeChart(chart: OverTime): SVGSVGElement {
  const narrow = chart.width < 520;
  const svg = Plot.plot({
    width: chart.width,
    height: narrow ? 260 : 340,
    marginLeft: 52,
    marginRight: 12,
    marginTop: 14,
    marginBottom: 34,
    x: { type: "utc", label: null, ticks: Math.max(5, Math.floor(chart.width / 110)) },
    y: { grid: true, label: null, tickFormat: chart.tick, ticks: 5, nice: true },
    marks: chart.marks,
  }) as SVGSVGElement;
  const x = (svg as unknown as Plot.Plot).scale("x")!;
  const y = (svg as unknown as Plot.Plot).scale("y")!;
  const points = times(chart.report).map((t) => Number(x.apply(t)));
  readable(svg, {
    label: chart.label,
    axis: "x",
    positions: points,
    at: (i) => ({
      x: points[i],
      head: date(chart.report.dates[i]),
      lines: chart.lines(i),
      marks: chart.marked(i).flatMap((m) => (known(m.value) ? [{ y: Number(y.apply(m.value)), colour: m.colour }] : [])),
    }),
  });
  return svg;
}
