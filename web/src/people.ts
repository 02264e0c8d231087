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
  return [low / 1.15, high * 1.15];
}

/** Ticks of an axis of factors: as many round numbers as there is room for. */
export function factorTicks([low, high]: [number, number], most: number): number[] {
  const decades = Array.from({ length: 40 }, (_, i) => 10 ** (i - 15));
  const sets = [[1, 2, 5], [1, 3], [1]].map((set) => decades.flatMap((d) => set.map((s) => s * d)).filter((t) => t >= low && t <= high));
  const whole = sets[2];
  const step = Math.ceil(whole.length / most);
  return sets.find((ticks) => ticks.length <= most) ?? whole.filter((_, i) => i % step === 0);
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
    x: { type: "log", domain: chart.x.domain, clamp: true, label: chart.x.label, labelAnchor: "center", labelArrow: "none", ticks: factorTicks(chart.x.domain, Math.floor(chart.width / 70)), tickFormat: chart.x.tick, grid: true, tickSize: 3 },
    y: { type: "log", domain: chart.y.domain, clamp: true, label: chart.y.label, labelArrow: "none", ticks: factorTicks(chart.y.domain, Math.floor(chart.height / 36)), tickFormat: chart.y.tick, grid: true, tickSize: 0 },
    marks: [
      ...chart.marks,
      Plot.dot(dots, { x: "x", y: "y", r: 4.5, fill: (d) => (d.hollow ? "var(--paper)" : d.colour), stroke: (d) => (d.hollow ? d.colour : "var(--paper)"), strokeWidth: (d) => (d.hollow ? 1.75 : 1) }),
    ],
  }) as SVGSVGElement;
  const along = (svg as unknown as Plot.Plot).scale("x")!;
  const up = (svg as unknown as Plot.Plot).scale("y")!;
  const places = dots.map((d) => ({ x: Number(along.apply(d.x)), y: Number(up.apply(d.y)) }));
  if (chart.named) nameDots(svg, dots, places, [left, chart.width - 8, 18, chart.height - 40]);
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

/** Puts names beside the highest dots, where no other dot or name stands; the others have theirs in the reading. */
function nameDots(svg: SVGSVGElement, dots: Dot[], places: { x: number; y: number }[], frame: Box): void {
  const size = 11;
  const taken: Box[] = places.map(({ x, y }) => [x - 6, x + 6, y - 6, y + 6]);
  const order = dots.map((_, i) => i).sort((a, b) => dots[b].y - dots[a].y);
  for (const i of order) {
    const text = cut(dots[i].name, 110, size);
    const wide = widthOf(text, size);
    const { x, y } = places[i];
    const boxes: Box[] = [[x + 8, x + 8 + wide, y - 7, y + 7], [x - 8 - wide, x - 8, y - 7, y + 7]];
    const free = boxes.find((b) => b[0] >= frame[0] && b[1] <= frame[1] && b[2] >= frame[2] && b[3] <= frame[3] && !taken.some((t) => b[0] < t[1] && b[1] > t[0] && b[2] < t[3] && b[3] > t[2]));
    if (!free) continue;
    taken.push(free);
    const label = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "text"));
    label.setAttribute("class", "dot-name");
    label.setAttribute("x", String(free[0]));
    label.setAttribute("y", String(y + 4));
    label.textContent = text;
  }
}
