// The outcome taken apart: baseline, controls, drivers by size, total.
import * as Plot from "@observablehq/plot";
import { known, type Interval, type Num, type Report } from "../data";
import { Fold, type Chart, type Place } from "../figure";
import { outcome, percent, span, tick } from "../numbers";
import { rowChart } from "../rows";

interface Step {
  name: string;
  value: number;
  low: Num;
  high: Num;
  kind: "base" | "plus" | "minus" | "total";
}

function scaled(share: Interval, total: number): Interval {
  const times = (x: Num) => (known(x) ? x * total : null);
  return { mean: times(share.mean), q05: times(share.q05), q50: times(share.q50), q95: times(share.q95) };
}

function stepsOf(report: Report, few: <T>(items: T[]) => T[]): Step[] {
  const total = report.total_outcome ?? 0;
  const step = (name: string, x: Interval, base = false): Step => {
    const value = x.mean ?? 0;
    return { name, value, low: x.q05, high: x.q95, kind: base ? "base" : value < 0 ? "minus" : "plus" };
  };
  const drivers = [...report.drivers].sort((a, b) => (b.incremental.mean ?? 0) - (a.incremental.mean ?? 0));
  const bySize = [...drivers].sort((a, b) => Math.abs(b.incremental.mean ?? 0) - Math.abs(a.incremental.mean ?? 0));
  const own = new Set(few(bySize));
  const rest = bySize.filter((d) => !own.has(d));
  const steps = [step("Baseline", scaled(report.baseline_share, total), true)];
  if (report.controls_share) steps.push(step("Controls", scaled(report.controls_share, total), true));
  steps.push(...drivers.filter((d) => own.has(d)).map((d) => step(d.name, d.incremental)));
  if (rest.length) {
    const value = rest.reduce((sum, d) => sum + (d.incremental.mean ?? 0), 0);
    steps.push({ name: `Other drivers (${rest.length})`, value, low: null, high: null, kind: value < 0 ? "minus" : "plus" });
  }
  steps.push({ name: "Total", value: total, low: null, high: null, kind: "total" });
  return steps;
}

const FILLS = { base: "var(--base)", plus: "var(--accent)", minus: "var(--minus)", total: "var(--ink)" };

export function waterfall(report: Report, place: Place): Chart {
  const show = outcome(report);
  const fold = new Fold(report.drivers.length, 12, "drivers", place);
  return {
    draw(width) {
      let at = 0;
      const bars = stepsOf(report, (items) => fold.shown(items)).map((step, i) => {
        const from = step.kind === "total" ? 0 : at;
        at = step.kind === "total" ? at : at + step.value;
        return { ...step, i, from, to: from + step.value, low: known(step.low) ? from + step.low : null, high: known(step.high) ? from + step.high : null };
      });
      const ends = bars.flatMap((b) => [b.from, b.to]);
      const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
      // Room for whiskers, but a hopelessly wide one must not squeeze the bars.
      const reach = (most - least || 1) * 0.2;
      const domain = [
        Math.max(least - reach / 2, Math.min(least, ...bars.map((b) => b.low ?? least))),
        Math.min(most + reach, Math.max(most || 1, ...bars.map((b) => b.high ?? most))),
      ];
      const beyond = (b: { high: Num }) => b.high !== null && b.high > domain[1];
      const whiskers = bars.filter((b) => b.low !== null && b.high !== null);
      const joints = bars.slice(0, -1);
      return rowChart({
        names: bars.map((b) => b.name),
        width,
        label: `How ${report.outcome_name} adds up`,
        right: 62,
        x: { label: null, tickFormat: report.outcome_is_money ? tick(report.currency) : show, domain, clamp: true, nice: false },
        marks: [
          Plot.ruleX([0]),
          Plot.link(joints, { x1: "to", x2: "to", y1: "i", y2: (b) => b.i + 1, stroke: "var(--quiet)", strokeOpacity: 0.6 }),
          Plot.link(bars, { x1: "from", x2: "to", y1: "i", y2: "i", stroke: (b) => FILLS[b.kind as Step["kind"]], strokeWidth: 15 }),
          Plot.link(whiskers, { x1: "low", x2: "high", y1: "i", y2: "i", stroke: "var(--ink)", strokeWidth: 1.25 }),
          Plot.text(bars.filter((b) => b.low !== null && b.low < domain[0]), { x: () => domain[0], y: "i", text: () => "←", dx: 6, dy: -7 }),
          Plot.text(bars, { x: (b) => Math.min(domain[1], Math.max(b.to, b.from, b.high ?? b.to)), y: "i", text: (b) => (beyond(b) ? "→ " : "") + show(b.value), dx: 6, textAnchor: "start", className: "value" }),
        ],
        lines: (i) => [
          [report.outcome_name, show(bars[i].value) + intervalOf(bars[i], show)],
          ["share", percent(report.total_outcome ? bars[i].value / report.total_outcome : null)],
        ],
      });
    },
  };
}

function intervalOf(bar: { low: Num; high: Num; from: number }, show: (x: Num) => string): string {
  return bar.low === null || bar.high === null ? "" : span(show(bar.low - bar.from), show(bar.high - bar.from));
}
