// Views over time by platform, or of one creator, with the posts that they came from.
import * as Plot from "@observablehq/plot";
import { known, type Num, type PostMark, type Report } from "../data";
import { chooser, legend, together, type Chart, type Place } from "../figure";
import { date, number } from "../numbers";
import { colourOf } from "../people";
import { timeChart, times } from "../time";

/** More marks than this hide each other. */
const MOST_MARKS = 1500;

export function attention(report: Report, place: Place): Chart {
  const creators = report.creators!;
  const t = times(report);
  const step = t.length > 1 ? Number(t[1]) - Number(t[0]) : 7 * 864e5;
  const end = Number(t[t.length - 1] ?? 0) + step;
  const posts = creators.posts.filter((p) => Date.parse(p.date) >= Number(t[0]) && Date.parse(p.date) < end);
  const order = creators.roster.map((_, i) => i).sort((a, b) => (creators.roster[b].views ?? 0) - (creators.roster[a].views ?? 0));
  let chosen: number | null = null;
  if (order.length > 1) {
    place.choose.append(chooser("Show", ["All creators, by platform", ...order.map((i) => creators.roster[i].name)], (i) => { chosen = i ? order[i - 1] : null; place.redraw(); }));
  }
  const inPeriod = (list: PostMark[], i: number) => list.filter((p) => Date.parse(p.date) >= Number(t[i]) && Date.parse(p.date) < Number(t[i]) + step);
  return {
    draw(width) {
      const one = chosen === null ? (order.length === 1 ? 0 : null) : chosen;
      const layers: { name: string; colour: string; views: Num[] }[] = one === null
        ? creators.platforms.map((p, i) => ({ name: p.name, colour: colourOf(i), views: p.views }))
        : [{ name: creators.roster[one].name, colour: colourOf(creators.roster[one].platforms[0]), views: creators.roster[one].views_by_date }];
      const marked = one === null ? posts : posts.filter((p) => p.creator === one);
      const rows = layers.flatMap((layer) => t.map((x, i) => ({ x, y: layer.views[i] ?? 0, fill: layer.colour })));
      const total = (i: number) => layers.reduce((sum, layer) => sum + (layer.views[i] ?? 0), 0);
      const highest = Math.max(1, ...t.map((_, i) => total(i)));
      const svg = timeChart({
        report,
        width,
        label: one === null ? `Views of creators' posts each ${report.cadence_word}, by platform` : `Views of the posts of ${creators.roster[one].name} each ${report.cadence_word}`,
        tick: number,
        marks: [
          one === null ? null : Plot.ruleX(marked, { x: (p) => new Date(p.date), stroke: "var(--ink)", strokeOpacity: 0.22, strokeDasharray: "2 3" }),
          Plot.areaY(rows, { x: "x", y: "y", z: "fill", fill: "fill", fillOpacity: one === null ? 1 : 0.55, className: "layers" }),
          Plot.ruleY([0]),
          // Marks stand under the axis, so that they hide no views.
          marked.length <= MOST_MARKS
            ? Plot.link(marked, { x1: (p) => new Date(p.date), x2: (p) => new Date(p.date), y1: () => -0.015 * highest, y2: () => -0.055 * highest, stroke: (p) => colourOf(p.platform), strokeWidth: one === null ? 1 : 2.5, strokeOpacity: one === null ? 0.6 : 1 })
            : null,
        ],
        lines: (i) => {
          const here = inPeriod(marked, i);
          return [
            ...(layers.length > 1 ? [["views", number(total(i))] as [string, string]] : []),
            ...[...layers].reverse().map((l): [string, string, string] => [layers.length > 1 ? l.name : "views", number(l.views[i]), l.colour]),
            ["posts", String(here.length)],
            ...(one === null ? [] : here.slice(0, 4).map((p): [string, string, string] => [p.name, `${number(p.views)} views so far`, colourOf(p.platform)])),
          ];
        },
        marked: (i) => [{ value: total(i), colour: "var(--ink)" }],
      });
      const heading = document.createElement("h3");
      heading.textContent = `Views a ${report.cadence_word}`;
      const on = one === null ? creators.platforms.map((_, i) => i) : creators.roster[one].platforms;
      return together(heading, legend(on.map((p) => [creators.platforms[p]?.name ?? "n/a", colourOf(p)])), svg);
    },
    table: () => ({
      head: ["Start", ...creators.platforms.map((p) => p.name), "Posts"],
      rows: report.dates.map((d, i) => [date(d), ...creators.platforms.map((p) => (known(p.views[i]) ? number(p.views[i]) : "n/a")), String(inPeriod(posts, i).length)]),
    }),
  };
}
