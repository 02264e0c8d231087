// One small panel: a band, a line and what is marked on it.
import * as Plot from "@observablehq/plot";
import { known } from "./data";
import { readable, type Line } from "./tip";

export interface Panel {
  width: number;
  label: string;
  x: number[];
  xTick: (x: number) => string;
  yTick: (y: number) => string;
  marks: Plot.Markish[];
  yDomain?: [number, number];
  /** Room for the ticks of the y axis; 0 leaves them out. */
  left?: number;
  /** What differs from a linear x axis. */
  xScale?: Plot.ScaleOptions;
  height?: number;
  head(index: number): string;
  lines(index: number): Line[];
  marked(index: number): { value: number | null; colour: string }[];
}

export function panelChart(panel: Panel): SVGSVGElement {
  const svg = Plot.plot({
    width: panel.width,
    height: panel.height ?? Math.round(Math.max(112, Math.min(170, panel.width * 0.6))),
    marginLeft: panel.left ?? 40,
    marginRight: 8,
    marginTop: 8,
    marginBottom: 24,
    x: { label: null, tickFormat: panel.xTick, ticks: Math.max(2, Math.floor(panel.width / 75)), tickSize: 3, ...panel.xScale },
    y: { label: null, tickFormat: panel.yTick, ticks: 3, tickSize: 0, grid: panel.left !== 0, axis: panel.left === 0 ? null : "left", domain: panel.yDomain, zero: true },
    marks: panel.marks,
  }) as SVGSVGElement;
  const x = (svg as unknown as Plot.Plot).scale("x")!;
  const y = (svg as unknown as Plot.Plot).scale("y")!;
  const points = panel.x.map((v) => Number(x.apply(v)));
  readable(svg, {
    label: panel.label,
    axis: "x",
    positions: points,
    at: (i) => ({
      x: points[i],
      head: panel.head(i),
      lines: panel.lines(i),
      marks: panel.marked(i).flatMap((m) => (known(m.value) ? [{ y: Number(y.apply(m.value)), colour: m.colour }] : [])),
    }),
  });
  return svg;
}
