// How long effects last, as small panels.
import * as Plot from "@observablehq/plot";
import type { Decay, Report } from "../data";
import { Fold, panels, type Chart, type Place } from "../figure";
import { percent, span } from "../numbers";
import { panelChart } from "../panel";

export function adstock(report: Report, place: Place): Chart {
  const fold = new Fold(report.adstock.length, 12, "drivers", place);
  const after = (lag: number) => (lag === 0 ? "at once" : `after ${lag} ${report.cadence_word}${lag === 1 ? "" : "s"}`);
  const draw = (decay: Decay, width: number) => {
    const points = decay.lags.map((lag, i) => ({ lag, mean: decay.mean[i], q05: decay.q05[i], q95: decay.q95[i] }));
    return panelChart({
      width,
      label: `Effect of ${decay.driver} left after each ${report.cadence_word}`,
      x: decay.lags,
      xTick: String,
      yTick: percent,
      yDomain: [0, 1],
      marks: [
        Plot.areaY(points, { x: "lag", y1: "q05", y2: "q95", fill: "var(--accent)", fillOpacity: 0.18 }),
        Plot.ruleY([0]),
        Plot.lineY(points, { x: "lag", y: "mean", stroke: "var(--accent)", strokeWidth: 1.75 }),
        Plot.dot(points, { x: "lag", y: "mean", r: 2.4, fill: "var(--accent)" }),
      ],
      head: (i) => after(decay.lags[i]),
      lines: (i) => [["left", percent(decay.mean[i]) + span(percent(decay.q05[i]), percent(decay.q95[i])), "var(--accent)"]],
      marked: (i) => [{ value: decay.mean[i], colour: "var(--accent)" }],
    });
  };
  return {
    draw: (width) => panels(fold.shown(report.adstock), width, (d) => d.driver, draw),
    table: () => ({
      head: ["Driver", `${report.cadence_word}s since`, "Left", "5%", "95%"],
      rows: report.adstock.flatMap((d) => d.lags.map((lag, i) => [d.driver, String(lag), percent(d.mean[i]), percent(d.q05[i]), percent(d.q95[i])])),
    }),
  };
}
