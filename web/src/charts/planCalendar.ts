// The calendar of a plan: a row a driver, a column a period.
import * as Plot from "@observablehq/plot";
import { known, type Report } from "../data";
import { Fold, legend, together, type Chart, type Place } from "../figure";
import { widthOf } from "../measure";
import { date, money } from "../numbers";
import { colourNamed, most, type PlannedDriver } from "../plan";
import { rowChart } from "../rows";

/** Readings list so many posts, then say how many more. */
const LISTED = 6;

/** Channels are grey here: the colours are those of the platforms. */
const CHANNEL = "var(--base-strong)";

/** Day and month; the year stands in the answer. */
function day(iso: string): string {
  return date(iso).replace(/ \d{4}$/, "");
}

export function planCalendar(report: Report, place: Place): Chart {
  const { periods, drivers } = report.plan!;
  const word = report.cadence_word;
  const cash = (x: number | null | undefined) => money(x, report.currency);
  const spends = (d: PlannedDriver) => d.plan_by_period.some((x) => known(x) && x > 0);
  const media = drivers.filter((d) => d.kind !== "creator" && spends(d)).sort((a, b) => most(a.plan, b.plan));
  const first = (d: PlannedDriver) => d.posts_by_period.findIndex((n) => n > 0);
  // Platforms in one order, and within them by the first post, so that the calendar reads as a schedule.
  const people = drivers
    .filter((d) => d.kind === "creator" && d.posts > 0)
    .sort((a, b) => a.platform.localeCompare(b.platform) || first(a) - first(b));
  const all = [...media, ...people];
  const fold = new Fold(all.length, 40, "rows", place);
  const times = (d: PlannedDriver) => periods.flatMap((iso, t) => (d.posts_by_period[t] ? [`${day(iso)}${d.posts_by_period[t] > 1 ? ` (${d.posts_by_period[t]})` : ""}`] : []));

  const chart = (rows: PlannedDriver[], width: number) => {
    const n = periods.length;
    const left = Math.min(210, Math.max(104, width * 0.34));
    const cell = (width - left - 16) / n;
    const room = Math.max(1, Math.ceil((widthOf("30 Mar", 11.5) + 14) / cell));
    const ticks = periods.map((_, t) => t).filter((t) => t % room === 0);
    const cells = rows.flatMap((d, i) => {
      const top = Math.max(...d.plan_by_period.map((x) => x ?? 0));
      return d.kind === "creator" || top <= 0 ? [] : d.plan_by_period.map((x, t) => ({ i, t, share: (x ?? 0) / top }));
    });
    const posts = rows.flatMap((d, i) => d.posts_by_period.flatMap((k, t) => (k > 0 ? [{ i, t, k, colour: colourNamed(report, d.platform) }] : [])));
    const r = Math.max(2, Math.min(8.5, cell * 0.42));
    const gap = cell > 6 ? 1 : 0;
    return rowChart({
      names: rows.map((d) => d.driver),
      width,
      label: `Calendar of the plan: spend and posts of each driver by ${word}`,
      x: { label: null, domain: [0, n], nice: false, grid: false, axis: null },
      marks: [
        Plot.axisX(ticks.map((t) => t + 0.5), { anchor: "top", label: null, tickSize: 0, text: (x: number) => day(periods[Math.floor(x)]) } as Plot.AxisXOptions),
        Plot.gridX(ticks),
        Plot.rect(cells, { x1: "t", x2: (c) => c.t + 1, y1: (c) => c.i, y2: (c) => c.i, insetTop: -10, insetBottom: -10, insetLeft: gap, insetRight: gap, rx: gap, fill: CHANNEL, fillOpacity: (c) => (c.share > 0 ? 0.1 + 0.8 * c.share ** 1.5 : 0.03) }),
        Plot.gridY(rows.flatMap((d, i) => (d.kind === "creator" ? [i] : []))),
        Plot.dot(posts, { x: (p) => p.t + 0.5, y: "i", r, fill: "colour", stroke: "var(--paper)", strokeWidth: 1 }),
        Plot.text(posts.filter((p) => p.k > 1 && r >= 5), { x: (p) => p.t + 0.5, y: "i", text: (p) => String(p.k), fill: "var(--paper)", fontSize: r > 7 ? 11 : 9, fontWeight: 700 }),
      ],
      lines: (i) => {
        const d = rows[i];
        const cost: [string, string] = ["plan", cash(d.plan)];
        if (d.kind === "creator") {
          const when = times(d);
          const more = when.length > LISTED ? ` and ${when.length - LISTED} more` : "";
          return [["posts", String(d.posts), colourNamed(report, d.platform)], ["on", d.platform], ["when", when.slice(0, LISTED).join(", ") + more], cost];
        }
        const top = d.plan_by_period.reduce<number>((best, x, t) => ((x ?? 0) > (d.plan_by_period[best] ?? 0) ? t : best), 0);
        const running = d.plan_by_period.filter((x) => (x ?? 0) > 0).length;
        return [cost, ["runs in", `${running} of ${n} ${word}s`], [`most in the ${word} of`, `${day(periods[top])}: ${cash(d.plan_by_period[top])}`]];
      },
    });
  };
  return {
    draw(width) {
      const rows = fold.shown(all);
      const on = [...new Set(rows.filter((d) => d.kind === "creator").map((d) => d.platform))];
      const key: [string, string][] = on.slice(0, 8).map((name) => [`post on ${name}`, colourNamed(report, name)]);
      return together(legend([...(media.length ? [["spend of a channel", CHANNEL] as [string, string]] : []), ...key]), chart(rows, width));
    },
    table: () => ({
      head: ["Driver", ...periods.map(date)],
      rows: all.map((d) => [d.driver, ...periods.map((_, t) => (d.kind === "creator" ? (d.posts_by_period[t] ? `${d.posts_by_period[t]} posts` : "") : cash(d.plan_by_period[t])))]),
    }),
  };
}
