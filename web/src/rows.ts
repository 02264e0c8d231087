// Charts with a row a driver: names at the left, marks to their right, values at the end.
import * as Plot from "@observablehq/plot";
import { known, type Interval } from "./data";
import { cut } from "./measure";
import { readable, type Line } from "./tip";

export interface Rows {
  names: string[];
  width: number;
  label: string;
  /** Names at the left; without them the rows still line up with a neighbour's. */
  named?: boolean;
  /** Room for names, where the usual third is too little. */
  nameRoom?: number;
  /** Room at the right for values. */
  right?: number;
  x: Plot.ScaleOptions;
  /** Marks over rows; `y` of row i is i. */
  marks: Plot.Markish[];
  lines(index: number): Line[];
}

const ROW = 28;

/** How far the axis may go beyond the furthest mean: one very wide interval must not squeeze all others. */
const REACH = 2.5;

/** Limits of the axis, and an arrow where an interval leaves it. */
export function limits(rows: { i: number; intervals: (Interval | null)[] }[]): { domain: [number, number]; arrows: Plot.Markish[] } {
  const all = rows.flatMap((row) => row.intervals.filter((x) => x !== null));
  const values = (key: keyof Interval) => all.map((x) => x[key]).filter(known);
  const furthest = Math.max(1e-12, ...values("mean").map(Math.abs)) * REACH;
  const domain: [number, number] = [
    Math.max((-1.25 * furthest) / REACH, Math.min(0, ...values("q05"), ...values("mean"))),
    Math.min(furthest, Math.max(0, ...values("q95"), ...values("mean"))),
  ];
  if (domain[0] === domain[1]) domain[1] = 1;
  const leaving = (side: 0 | 1) =>
    rows.filter((row) => row.intervals.some((x) => x && (side ? known(x.q95) && x.q95 > domain[1] : known(x.q05) && x.q05 < domain[0])));
  const arrow = (side: 0 | 1) =>
    Plot.text(leaving(side), { y: "i", x: () => domain[side], text: () => (side ? "→" : "←"), dx: side ? 9 : -9, fontSize: 13, fontWeight: 700 });
  return { domain, arrows: [arrow(0), arrow(1)] };
}

/** Draws the rows and makes them readable. */
export function rowChart(rows: Rows): SVGSVGElement {
  const named = rows.named ?? true;
  const left = named ? (rows.nameRoom ?? Math.min(210, Math.max(104, rows.width * 0.34))) : 10;
  const height = rows.names.length * ROW + 46;
  const label = (_: string, i: number) => cut(rows.names[i], left - (rows.nameRoom ? 24 : 14), 13);
  const svg = Plot.plot({
    width: rows.width,
    height,
    marginLeft: left,
    marginRight: rows.right ?? 16,
    marginTop: 26,
    marginBottom: 20,
    x: { axis: "top", grid: true, nice: true, ticks: Math.max(2, Math.min(7, Math.floor((rows.width - left - (rows.right ?? 16)) / 85))), ...rows.x },
    y: { type: "point", domain: rows.names.map((_, i) => i), padding: 0.5, axis: null },
    marks: [
      ...rows.marks,
      named
        ? Plot.text(rows.names, { y: (_, i) => i, text: label, title: (d) => d, frameAnchor: "left", dx: 4 - left, textAnchor: "start", className: "row-name" } as Plot.TextOptions)
        : null,
    ],
  }) as SVGSVGElement;
  const scale = svg.ownerDocument ? (svg as unknown as Plot.Plot).scale("y")! : null;
  const middle = (index: number) => Number(scale?.apply(index)) || 26 + ROW * (index + 0.5);
  readable(svg, {
    label: rows.label,
    axis: "y",
    positions: rows.names.map((_, i) => middle(i)),
    at: (i) => ({ x: Math.min(rows.width * 0.62, rows.width - 20), y: middle(i), head: rows.names[i], lines: rows.lines(i) }),
  });
  return svg;
}
