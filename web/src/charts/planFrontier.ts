// Expected profit against the worst tenth, for other attitudes to risk.
import * as Plot from "@observablehq/plot";
import { known, type Report } from "../data";
import { together, type Chart } from "../figure";
import { widthOf } from "../measure";
import { interval, money, number, tick } from "../numbers";
import { readable } from "../tip";

const SIZE = 11;

export function planFrontier(report: Report): Chart {
  const plan = report.plan!;
  const cash = (x: number | null | undefined) => money(x, report.currency);
  const points = plan.frontier.filter((p) => known(p.profit.mean) && known(p.profit.cvar10)).map((p) => ({ ...p, x: p.profit.cvar10!, y: p.profit.mean! }));
  const far = (risk: number) => Math.abs(risk - (plan.risk ?? 0));
  const chosen = points.reduce((best, p, i) => (far(p.risk) < far(points[best].risk) ? i : best), 0);
  const named = (risk: number) => (risk === 0 ? "0, average only" : risk === 1 ? "1, worst tenth only" : String(risk));

  /** Limits with room around them; equal numbers still make an axis. */
  const around = (values: number[], air: number): [number, number] => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = (high - low || Math.abs(high) * 0.02 || 1) * air;
    return [low - room, high + room];
  };
  return {
    draw(full) {
      const width = Math.min(full, 720);
      const narrow = width < 520;
      const height = narrow ? 280 : 340;
      const frame = { marginLeft: 60, marginRight: 20, marginTop: 28, marginBottom: 42 };
      const [xs, ys] = [around(points.map((p) => p.x), 0.25), around(points.map((p) => p.y), 0.18)];
      const text = ticks(report.currency);
      const svg = Plot.plot({
        width,
        height,
        ...frame,
        x: { domain: xs, label: "profit in the worst tenth, on average", labelAnchor: "center", labelArrow: "none", ticks: narrow ? 3 : 6, tickSize: 3, tickFormat: text, grid: true },
        y: { domain: ys, label: "expected profit", labelArrow: "none", ticks: 5, tickSize: 0, tickFormat: text, grid: true },
        marks: [
          Plot.line(points, { x: "x", y: "y", stroke: "var(--accent)", strokeWidth: 1.75, strokeOpacity: 0.6 }),
          Plot.dot(points, { x: "x", y: "y", r: 5, fill: "var(--accent)", stroke: "var(--paper)", strokeWidth: 1 }),
          Plot.dot(points.slice(chosen, chosen + 1), { x: "x", y: "y", r: 9.5, stroke: "var(--ink)", strokeWidth: 1.75 }),
        ],
      }) as SVGSVGElement;
      const along = (svg as unknown as Plot.Plot).scale("x")!;
      const up = (svg as unknown as Plot.Plot).scale("y")!;
      const places = points.map((p) => ({ x: Number(along.apply(p.x)), y: Number(up.apply(p.y)) }));
      names(svg, places, points.map((p, i) => (i === chosen ? `${named(p.risk)}: this plan` : named(p.risk))), width - 6);
      readable(svg, {
        label: "Expected profit against profit in the worst tenth, for each attitude to risk",
        axis: "both",
        positions: places.map((p) => p.x),
        heights: places.map((p) => p.y),
        at: (i) => ({
          ...places[i],
          head: `Weight of the worst tenth ${number(points[i].risk)}${i === chosen ? ", the plan of this page" : ""}`,
          lines: [["expected profit", interval(points[i].profit, cash)], ["worst tenth", cash(points[i].x)], ["posts", String(points[i].posts)]],
        }),
      });
      return together(svg);
    },
    table: () => ({
      head: ["Weight of the worst tenth", "Expected profit", "Worst tenth", "Posts"],
      rows: points.map((p) => [number(p.risk), interval(p.profit, cash), cash(p.x), String(p.posts)]),
    }),
  };
}

/** Ticks with more digits than elsewhere: the ends of these axes can be close together. */
function ticks(currency: string): (x: number) => string {
  return (x) => {
    const size = Math.abs(x);
    const [unit, letter, digits]: [number, string, number] = size >= 1e9 ? [1e9, "B", 3] : size >= 1e6 ? [1e6, "M", 3] : size >= 1e3 ? [1e3, "K", 1] : [1, "", 2];
    const short = Number((size / unit).toFixed(digits)) + letter;
    return (x < 0 ? "−" : "") + tick(currency)(1).replace("1", short);
  };
}

/** Names beside dots, each where it covers no dot and no other name. */
function names(svg: SVGSVGElement, dots: { x: number; y: number }[], texts: string[], right: number): void {
  const taken: number[][] = dots.map(({ x, y }) => [x - 7, x + 7, y - 7, y + 7]);
  // The line between two dots is taken as well.
  dots.slice(1).forEach((to, i) => {
    const from = dots[i];
    const steps = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / 5);
    for (let k = 1; k < steps; k++) {
      const [x, y] = [from.x + ((to.x - from.x) * k) / steps, from.y + ((to.y - from.y) * k) / steps];
      taken.push([x - 2, x + 2, y - 1, y + 1]);
    }
  });
  // The ends and the chosen one are the longest and matter most.
  const order = texts.map((_, i) => i).sort((a, b) => texts[b].length - texts[a].length);
  for (const i of order) {
    const { x, y } = dots[i];
    const wide = widthOf(texts[i], SIZE);
    const spots: [number, number][] = [[x + 5, y - 17], [x - wide / 2, y - 20], [x - 14 - wide, y + 2], [x + 14, y + 2], [x - wide / 2, y + 20], [x - 6 - wide, y + 17]];
    const free = spots.find(([at, level]) => at > 62 && at + wide < right && !taken.some((t) => at < t[1] && at + wide > t[0] && level - 7 < t[3] && level + 7 > t[2]));
    if (!free) continue;
    taken.push([free[0], free[0] + wide, free[1] - 7, free[1] + 7]);
    const label = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "text"));
    label.setAttribute("class", "dot-name");
    label.setAttribute("text-anchor", "start");
    label.setAttribute("x", String(free[0]));
    label.setAttribute("y", String(free[1] + 4));
    label.textContent = texts[i];
  }
}
