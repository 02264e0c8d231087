// The plan beside last year, a row a driver: channels, and creators on an axis of their own.
import * as Plot from "@observablehq/plot";
import type { Report } from "../data";
import { Fold, legend, together, type Chart, type Place } from "../figure";
import { interval, money, number, outcome, tick } from "../numbers";
import { brings, change, colourNamed, most, type PlannedDriver } from "../plan";
import { rowChart } from "../rows";

const LAST = "var(--base-strong)";

export function planDrivers(report: Report, place: Place): Chart {
  const show = outcome(report);
  const cash = (x: number | null | undefined) => money(x, report.currency);
  const moved = report.plan!.drivers.filter((d) => (d.plan ?? 0) > 0 || (d.last ?? 0) > 0);
  const bySize = (a: PlannedDriver, b: PlannedDriver) => most(a.plan, b.plan) || most(a.last, b.last);
  const people = moved.filter((d) => d.kind === "creator").sort(bySize);
  const media = moved.filter((d) => d.kind !== "creator").sort(bySize);
  const foldMedia = new Fold(media.length, 20, "channels", place);
  const foldPeople = new Fold(people.length, 16, "creators", place);
  const colour = (d: PlannedDriver) => (d.kind === "creator" ? colourNamed(report, d.platform) : "var(--accent)");
  const said = (d: PlannedDriver) => (d.posts ? `${change(d)} · ${d.posts} post${d.posts === 1 ? "" : "s"}` : change(d));

  const chart = (drivers: PlannedDriver[], width: number, label: string) => {
    const rows = drivers.map((d, i) => ({ ...d, i, last: d.last ?? 0, plan: d.plan ?? 0 }));
    // A narrow picture leaves the posts to the calendar and the reading.
    const posts = width >= 520 && rows.some((d) => d.posts);
    const highest = Math.max(1e-9, ...rows.flatMap((d) => [d.last, d.plan]));
    return rowChart({
      names: rows.map((d) => d.driver),
      width,
      label,
      right: posts ? 122 : 64,
      x: { label: null, tickFormat: tick(report.currency), domain: [0, highest], nice: false },
      marks: [
        Plot.ruleX([0]),
        Plot.link(rows, { x1: "last", x2: "plan", y1: "i", y2: "i", stroke: colour, strokeWidth: 5, strokeOpacity: 0.28, strokeLinecap: "round" }),
        Plot.dot(rows, { x: "last", y: "i", symbol: "square", r: 4, fill: LAST }),
        Plot.dot(rows, { x: "plan", y: "i", r: 5, fill: (d) => (d.extrapolated ? "var(--paper)" : colour(d)), stroke: colour, strokeWidth: 1.75 }),
        Plot.text(rows, { x: () => highest, y: "i", text: posts ? said : change, dx: 14, textAnchor: "start", className: "value" } as Plot.TextOptions),
      ],
      lines: (i) => {
        const d = rows[i];
        return [
          ["plan", cash(d.plan), colour(d)],
          ["last year", cash(d.last), LAST],
          ["change", change(d)],
          ...(d.posts ? [["posts", String(d.posts)] as [string, string]] : []),
          ...(d.kind === "creator" ? [["on", d.platform] as [string, string]] : []),
          ...(d.plan > 0 ? [["expected to bring", interval(brings(d), show)] as [string, string]] : []),
          ...(d.mroi_mean === null ? [] : [["marginal ROI", number(d.mroi_mean)] as [string, string]]),
          ...(d.extrapolated ? [["note", "beyond the data"] as [string, string]] : []),
        ];
      },
    });
  };
  const heading = (text: string) => Object.assign(document.createElement("h3"), { textContent: text });
  return {
    draw(width) {
      const on = (report.creators?.platforms ?? []).filter((p) => people.some((d) => d.platform === p.name || d.platform.startsWith(`${p.name} + `)));
      const plan: [string, string][] = on.length ? on.map((p) => [`plan, ${p.name}`, colourNamed(report, p.name)]) : [["plan", "var(--accent)"]];
      return together(
        ...(media.length ? [heading("Channels"), legend([["last year", LAST], ["plan", "var(--accent)"]]), chart(foldMedia.shown(media), width, "Money of each channel, plan and last year")] : []),
        ...(people.length ? [heading("Creators"), legend([["last year", LAST], ...plan]), chart(foldPeople.shown(people), width, "Money of each creator, plan and last year")] : []),
      );
    },
  };
}
