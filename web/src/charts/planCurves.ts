// Where the plan stands on the response curves of the channels, in spend of an average period.
import * as Plot from "@observablehq/plot";
import { known, type Curve, type Report } from "../data";
import { Fold, legend, panels, together, type Chart, type Place } from "../figure";
import { interval, money, outcome, span, tick } from "../numbers";
import { panelChart } from "../panel";
import { brings, most, type PlannedDriver } from "../plan";
import { heightAt } from "./curves";

interface Marked {
  curve: Curve;
  driver: PlannedDriver;
  /** Spend of the plan in an average period. */
  each: number;
}

const TODAY = "var(--base-strong)";
const PLAN = "var(--second)";

export function planCurves(report: Report, place: Place): Chart {
  const { drivers, periods } = report.plan!;
  const show = outcome(report);
  const cash = (x: number | null | undefined) => money(x, report.currency);
  const all: Marked[] = drivers
    .filter((d) => d.kind === "channel")
    .sort((a, b) => most(a.plan, b.plan))
    .flatMap((driver) => {
      const curve = report.curves.find((c) => c.driver === driver.driver);
      return curve ? [{ curve, driver, each: (driver.plan ?? 0) / periods.length }] : [];
    });
  const fold = new Fold(all.length, 12, "curves", place);
  const draw = ({ curve, driver, each }: Marked, width: number) => {
    const last = curve.spend[curve.spend.length - 1] ?? 0;
    const points = curve.spend.map((s, i) => ({ s, mean: curve.mean[i], q05: curve.q05[i], q95: curve.q95[i] }));
    const edge = curve.observed_max ?? Infinity;
    const seen = points.filter((p) => p.s <= edge);
    const beyond = points.filter((p, i) => p.s >= edge || (points[i + 1]?.s ?? 0) > edge);
    // A plan that leaves the curve is shown where it leaves, as an arrow.
    const at = (spend: number | null, colour: string) => (known(spend) ? [{ s: Math.min(spend, last), y: heightAt(curve, Math.min(spend, last)), colour, off: spend > last }] : []);
    const marks = [...at(curve.current_spend, TODAY), ...at(each, PLAN)].filter((m) => m.y !== null);
    const spot = nearest(curve.spend, each);
    return panelChart({
      width,
      label: `Response of ${report.outcome_name} to spend on ${curve.driver}, ${curve.unit}, with today and the plan`,
      x: curve.spend,
      xTick: tick(report.currency),
      yTick: report.outcome_is_money ? tick(report.currency) : show,
      marks: [
        Plot.areaY(points, { x: "s", y1: "q05", y2: "q95", fill: "var(--accent)", fillOpacity: 0.14 }),
        Plot.ruleY([0]),
        Plot.ruleX(marks.filter((m) => !m.off), { x: "s", stroke: "colour", strokeOpacity: 0.6, strokeDasharray: "2 3" }),
        Plot.lineY(seen, { x: "s", y: "mean", stroke: "var(--accent)", strokeWidth: 2 }),
        Plot.lineY(beyond, { x: "s", y: "mean", stroke: "var(--accent)", strokeWidth: 1.75, strokeDasharray: "4 3" }),
        Plot.dot(marks.filter((m) => !m.off), { x: "s", y: "y", r: 5, fill: "colour", stroke: "var(--paper)", strokeWidth: 1.5 }),
        Plot.text(marks.filter((m) => m.off), { text: () => "plan →", frameAnchor: "bottom-right", fill: "colour", fontSize: 12, fontWeight: 700, dy: -5 }),
      ],
      head: (i) => `${cash(curve.spend[i])} (${curve.unit})${i === spot ? ", the plan" : ""}`,
      lines: (i) => [
        [`${report.outcome_name} a ${report.cadence_word}`, show(curve.mean[i]) + span(show(curve.q05[i]), show(curve.q95[i])), "var(--accent)"],
        ["average of the data", cash(curve.current_spend), TODAY],
        ["plan", cash(each) + (each > last ? ", off the picture" : ""), PLAN],
        ["the plan brings in all", interval(brings(driver), show)],
        ...(curve.spend[i] > edge ? [["note", "beyond the data"] as [string, string]] : []),
      ],
      marked: (i) => [{ value: curve.mean[i], colour: "var(--accent)" }],
    });
  };
  return {
    draw: (width) => together(legend([["average of the data", TODAY], ["plan", PLAN]]), panels(fold.shown(all), width, (m) => m.curve.driver, draw)),
    table: () => ({
      head: ["Channel", `Average of the data, a ${report.cadence_word}`, `Plan, a ${report.cadence_word}`, "The plan brings in all"],
      rows: all.map((m) => [m.curve.driver, cash(m.curve.current_spend), cash(m.each), interval(brings(m.driver), show)]),
    }),
  };
}

function nearest(values: number[], to: number): number {
  return values.reduce((best, v, i) => (Math.abs(v - to) < Math.abs(values[best] - to) ? i : best), 0);
}
