// What hangs on each platform: creators beside channels.
import * as Plot from "@observablehq/plot";
import type { Report } from "../data";
import { legend, together, type Chart } from "../figure";
import { interval, number, percent } from "../numbers";
import { rowChart } from "../rows";

const CREATORS = "var(--accent)";
const CHANNELS = "var(--base-strong)";

export function dependence(report: Report): Chart {
  const { shares, creators, channels } = report.creators!.dependence;
  const sides = [{ name: "creators", x: creators.effective, colour: CREATORS }, ...(channels ? [{ name: "channels", x: channels.effective, colour: CHANNELS }] : [])];
  const effective = (width: number) => rowChart({
    names: sides.map((s) => s.name),
    width,
    label: "Effective number of platforms",
    x: { label: null, domain: [0, Math.max(2, ...sides.map((s) => Math.ceil(s.x.q95 ?? 0)))], nice: false, tickFormat: (x: number) => (Number.isInteger(x) ? String(x) : "") },
    marks: [
      Plot.ruleX([0]),
      Plot.link(sides, { x1: (s) => s.x.q05, x2: (s) => s.x.q95, y1: (_, i) => i, y2: (_, i) => i, stroke: "colour", strokeWidth: 5, strokeOpacity: 0.4, strokeLinecap: "round" }),
      Plot.dot(sides, { x: (s) => s.x.mean, y: (_, i) => i, r: 5, fill: "colour" }),
    ],
    lines: (i) => [["equal platforms", interval(sides[i].x, number), sides[i].colour], ["Herfindahl index", interval((i ? channels! : creators).hhi, number)]],
  });
  return {
    draw(width) {
      const rows = shares.map((s, i) => ({ ...s, i }));
      const bars = (side: "creators" | "channels", colour: string, dy: number): Plot.Markish[] => {
        const own = rows.filter((r) => r[side]);
        return [
          Plot.link(own, { x1: 0, x2: (r) => r[side].mean, y1: "i", y2: "i", stroke: colour, strokeWidth: 7, strokeOpacity: 0.85, dy }),
          Plot.link(own, { x1: (r) => r[side].q05, x2: (r) => r[side].q95, y1: "i", y2: "i", stroke: "var(--ink)", strokeWidth: 1.2, dy }),
        ];
      };
      const highest = Math.max(0.1, ...rows.flatMap((r) => [r.creators?.q95 ?? 0, r.channels?.q95 ?? 0]));
      const svg = rowChart({
        names: rows.map((r) => r.platform),
        width,
        label: "Share of what creators and channels brought, by platform",
        x: { label: null, tickFormat: percent, domain: [0, Math.min(1, highest)], nice: false },
        marks: [...bars("creators", CREATORS, channels ? -5 : 0), ...(channels ? bars("channels", CHANNELS, 5) : []), Plot.ruleX([0])],
        lines: (i) => [
          ["of creators' effect", interval(rows[i].creators, percent), CREATORS],
          ...(channels ? [["of channels' effect", interval(rows[i].channels, percent), CHANNELS] as [string, string, string]] : []),
          ["of both together", interval(rows[i].together, percent)],
        ],
      });
      const heading = (text: string) => Object.assign(document.createElement("h3"), { textContent: text });
      return together(
        heading("Share of what each side brought"),
        legend([["creators", CREATORS], ...(channels ? [["channels", CHANNELS] as [string, string]] : [])]),
        svg,
        heading("Worth how many equal platforms"),
        effective(width),
      );
    },
    table: () => ({
      head: ["Platform", "Creators", "Channels", "Together"],
      rows: [
        ...shares.map((s) => [s.platform, interval(s.creators, percent), interval(s.channels, percent), interval(s.together, percent)]),
        ["Herfindahl index", interval(creators.hhi, number), interval(channels?.hhi ?? null, number), ""],
        ["Effective number of platforms", interval(creators.effective, number), interval(channels?.effective ?? null, number), ""],
      ],
    }),
  };
}
