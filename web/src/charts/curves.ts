// Response curves as small panels, with today's spend marked.
import * as Plot from "@observablehq/plot";
import { known, type Curve, type Report } from "../data";
import { Fold, panels, type Chart, type Place } from "../figure";
import { money, outcome, span, tick } from "../numbers";
import { panelChart } from "../panel";

/** Height of a curve at a spend, on the line between its two neighbours. */
export function heightAt(curve: Curve, spend: number): number | null {
  const right = curve.spend.findIndex((s) => s >= spend);
  if (right < 0) return null;
  const [y0, y1] = [curve.mean[Math.max(0, right - 1)], curve.mean[right]];
  const [x0, x1] = [curve.spend[Math.max(0, right - 1)], curve.spend[right]];
  if (!known(y0) || !known(y1)) return null;
  return x1 === x0 ? y1 : y0 + ((y1 - y0) * (spend - x0)) / (x1 - x0);
}

export function curves(report: Report, place: Place): Chart {
  const show = outcome(report);
  const spend = (x: number | null) => money(x, report.currency);
  const all = [...report.curves].sort((a, b) => (b.current_spend ?? 0) - (a.current_spend ?? 0));
  const fold = new Fold(all.length, 12, "curves", place);
  const draw = (curve: Curve, width: number) => {
    const points = curve.spend.map((s, i) => ({ s, mean: curve.mean[i], q05: curve.q05[i], q95: curve.q95[i] }));
    const edge = curve.observed_max ?? Infinity;
    const seen = points.filter((p) => p.s <= edge);
    const beyond = points.filter((p, i) => p.s >= edge || (points[i + 1]?.s ?? 0) > edge);
    const today = known(curve.current_spend) ? [{ s: curve.current_spend, y: heightAt(curve, curve.current_spend) }] : [];
    return panelChart({
      width,
      label: `Response of ${report.outcome_name} to spend on ${curve.driver}, ${curve.unit}`,
      x: curve.spend,
      xTick: tick(report.currency),
      yTick: report.outcome_is_money ? tick(report.currency) : show,
      marks: [
        Plot.areaY(points, { x: "s", y1: "q05", y2: "q95", fill: "var(--accent)", fillOpacity: 0.18 }),
        Plot.ruleY([0]),
        Plot.ruleX(today, { x: "s", stroke: "var(--ink)", strokeOpacity: 0.35, strokeDasharray: "2 3" }),
        Plot.lineY(seen, { x: "s", y: "mean", stroke: "var(--accent)", strokeWidth: 2 }),
        Plot.lineY(beyond, { x: "s", y: "mean", stroke: "var(--accent)", strokeWidth: 1.75, strokeDasharray: "4 3" }),
        Plot.dot(today.filter((t) => t.y !== null), { x: "s", y: "y", r: 4.5, fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 1.5 }),
      ],
      head: (i) => `${spend(curve.spend[i])} (${curve.unit})`,
      lines: (i) => [
        [report.outcome_name, show(curve.mean[i]) + span(show(curve.q05[i]), show(curve.q95[i])), "var(--accent)"],
        ["today's spend", spend(curve.current_spend)],
        ...(curve.spend[i] > edge ? [["note", "beyond the data"] as [string, string]] : []),
      ],
      marked: (i) => [{ value: curve.mean[i], colour: "var(--accent)" }],
    });
  };
  return {
    draw: (width) => panels(fold.shown(all), width, (c) => c.driver, draw),
    table: () => ({
      head: ["Driver", "Spend", report.outcome_name, "5%", "95%"],
      rows: all.flatMap((c) => c.spend.map((s, i) => [c.driver, spend(s), show(c.mean[i]), show(c.q05[i]), show(c.q95[i])])),
    }),
  };
}
