// What the pictures of creators share: colours of platforms, factors on an axis, names beside dots.
import * as Plot from "@observablehq/plot";
import { known, type Creator, type Creators, type Interval, type Num, type Report } from "./data";
import { legend } from "./figure";
import { cut, widthOf } from "./measure";
import { interval, money, number } from "./numbers";
import { COLOURS } from "./theme";
import { readable, type Line } from "./tip";

/** Colour of a platform, the same in every picture and table. */
export function colourOf(platform: number | undefined): string {
  return COLOURS[(platform ?? 0) % COLOURS.length];
}

export function platformLegend(creators: Creators): HTMLElement {
  return legend(creators.platforms.map((p, i) => [p.name, colourOf(i)]));
}

export function platformNames(creators: Creators, who: Creator): string {
  return who.platforms.map((p) => creators.platforms[p]?.name ?? "n/a").join(", ");
}

/** All that a creator cost. */
export function costOf(who: Creator): Num {
  const c = who.cost;
  return c ? (c.fixed ?? 0) + (c.by_views ?? 0) + (c.by_sales ?? 0) + (c.product ?? 0) : null;
}

/** Formats a return: money, or units of the outcome. */
export function returnOf(report: Report): (x: Num | undefined) => string {
  return (x) => (report.returns_are_money ? money(x, report.currency) : number(x));
}

/** What is read at a creator, whatever the picture. */
export function linesOf(report: Report, who: Creator, show: (x: Num | undefined) => string): Line[] {
  const creators = report.creators!;
  return [
    ["on", platformNames(creators, who), colourOf(who.platforms[0])],
    ["views", `${number(who.views)} in ${who.posts} post${who.posts === 1 ? "" : "s"}`],
    ["effect", interval(who.effect, show)],
    ...(who.roi ? [[report.return_word, interval(who.roi, returnOf(report))] as Line] : []),
    ...(known(costOf(who)) ? [["cost", money(costOf(who), report.currency)] as Line] : []),
    ...(who.identified ? [] : [["note", "cannot be told apart"] as Line]),
  ];
}

/** Limits of an axis of factors: around the means, and as far as most intervals go. */
export function reach(means: number[], intervals: Interval[] = []): [number, number] {
  const all = [...means, ...intervals.flatMap((x) => [x.q05, x.q95].filter(known))].filter((x) => x > 0);
  const low = Math.max(Math.min(...all), Math.min(...means) / 4);
  const high = Math.min(Math.max(...all), Math.max(...means) * 4);
  // A few dots close together still get an axis with more than one number on it.
  const air = Math.max(1.15, Math.sqrt(12 / (high / low)));
  return [low / air, high * air];
}

/** Ticks of an axis of factors: as many round numbers as there is room for. */
export function factorTicks([low, high]: [number, number], most: number): number[] {
  const decades = Array.from({ length: 40 }, (_, i) => 10 ** (i - 15));
  const sets = [[1, 2, 5], [1, 3], [1]].map((set) => decades.flatMap((d) => set.map((s) => s * d)).filter((t) => t >= low && t <= high));
  const whole = sets[2];
  const step = Math.ceil(whole.length / most);
  return sets.find((ticks) => ticks.length <= most) ?? whole.filter((_, i) => i % step === 0);
}

/** Axis and grid of factors. The axis that Plot makes by itself would leave out labels. */
export function factorAxis(which: "x" | "y", ticks: number[], text: (x: number) => string, label: string | null): Plot.Markish[] {
  return which === "x"
    ? [Plot.gridX(ticks), Plot.axisX(ticks, { text, label, labelAnchor: "center", labelArrow: "none", tickSize: 3 } as Plot.AxisXOptions)]
    : [Plot.gridY(ticks), Plot.axisY(ticks, { text, label, labelArrow: "none", tickSize: 0 } as Plot.AxisYOptions)];
}

/** A dot of a scatter. */
export interface Dot {
  name: string;
  x: number;
  y: number;
  colour: string;
  hollow: boolean;
  lines: Line[];
}

export interface Scatter {
  width: number;
  height: number;
  label: string;
  dots: Dot[];
  x: { domain: [number, number]; label: string; tick: (x: number) => string };
  y: { domain: [number, number]; label: string; tick: (x: number) => string };
  /** What stands behind the dots. */
  marks: Plot.Markish[];
  /** Words at ends of lines, where there is room. */
  notes?: { x: number; y: number; text: string }[];
  /** Whether names stand beside dots that have room. */
  named: boolean;
}

/** Draws dots on two axes of factors and makes them readable, from left to right. */
export function scatter(chart: Scatter): SVGSVGElement {
  const dots = [...chart.dots].sort((a, b) => a.x - b.x);
  const left = 52;
  const svg = Plot.plot({
    width: chart.width,
    height: chart.height,
    marginLeft: left,
    marginRight: 14,
    marginTop: 24,
    marginBottom: 40,
    x: { type: "log", domain: chart.x.domain, clamp: true, axis: null },
    y: { type: "log", domain: chart.y.domain, clamp: true, axis: null },
    marks: [
      ...factorAxis("x", factorTicks(chart.x.domain, Math.floor(chart.width / 70)), chart.x.tick, chart.x.label),
      ...factorAxis("y", factorTicks(chart.y.domain, Math.floor(chart.height / 36)), chart.y.tick, chart.y.label),
      ...chart.marks,
      Plot.dot(dots, { x: "x", y: "y", r: 4.5, fill: (d) => (d.hollow ? "var(--paper)" : d.colour), stroke: (d) => (d.hollow ? d.colour : "var(--paper)"), strokeWidth: (d) => (d.hollow ? 1.75 : 1) }),
    ],
  }) as SVGSVGElement;
  const along = (svg as unknown as Plot.Plot).scale("x")!;
  const up = (svg as unknown as Plot.Plot).scale("y")!;
  const places = dots.map((d) => ({ x: Number(along.apply(d.x)), y: Number(up.apply(d.y)) }));
  const labels = new Labels(svg, [left, chart.width - 8, 22, chart.height - 42], places);
  for (const note of chart.notes ?? []) {
    const [x, y] = [Number(along.apply(note.x)), Number(up.apply(note.y))];
    labels.add(note.text, [[x - 6, y - 9, "end"], [x + 5, y + 10, "start"], [x - 5, y + 12, "end"]]);
  }
  if (chart.named) {
    // The highest get their names first; the others have theirs in the reading.
    for (const i of dots.map((_, i) => i).sort((a, b) => dots[b].y - dots[a].y)) {
      const { x, y } = places[i];
      labels.add(cut(dots[i].name, 110, LABEL), [[x + 8, y, "start"], [x - 8, y, "end"]]);
    }
  }
  readable(svg, {
    label: chart.label,
    axis: "both",
    positions: places.map((p) => p.x),
    heights: places.map((p) => p.y),
    at: (i) => ({ ...places[i], head: dots[i].name, lines: dots[i].lines }),
  });
  return svg;
}

type Box = [left: number, right: number, top: number, bottom: number];

/** Size of words inside a picture. */
const LABEL = 11;

/** Words inside a picture: each stands where no dot and no other word stands, or not at all. */
class Labels {
  private taken: Box[];

  constructor(private svg: SVGSVGElement, private frame: Box, dots: { x: number; y: number }[]) {
    this.taken = dots.map(({ x, y }) => [x - 6, x + 6, y - 6, y + 6]);
  }

  /** Puts the text at the first of the places that is free; a place is where the text starts or ends. */
  add(text: string, places: [x: number, y: number, anchor: "start" | "end"][]): void {
    const wide = widthOf(text, LABEL);
    const boxes = places.map(([x, y, anchor]): Box => (anchor === "start" ? [x, x + wide, y - 7, y + 7] : [x - wide, x, y - 7, y + 7]));
    const [left, right, top, bottom] = this.frame;
    const free = boxes.find((b) => b[0] >= left && b[1] <= right && b[2] >= top && b[3] <= bottom && !this.taken.some((t) => b[0] < t[1] && b[1] > t[0] && b[2] < t[3] && b[3] > t[2]));
    if (!free) return;
    this.taken.push(free);
    const label = this.svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "text"));
    label.setAttribute("class", "dot-name");
    label.setAttribute("text-anchor", "start");
    label.setAttribute("x", String(free[0]));
    label.setAttribute("y", String(free[2] + 11));
    label.textContent = text;
  }
}
