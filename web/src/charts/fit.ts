// Observed against predicted, all geos together or one.
import * as Plot from "@observablehq/plot";
import { known, type Report } from "../data";
import { chooser, legend, together, type Chart, type Place } from "../figure";
import { date, outcome, span, tick } from "../numbers";
import { timeChart, times } from "../time";

export function fit(report: Report, place: Place): Chart {
  const show = outcome(report);
  let series = report.fit.national;
  let where = "";
  if (report.fit.by_geo.length > 1) {
    place.choose.append(
      chooser("Where", ["All geos", ...report.geos.slice(0, report.fit.by_geo.length)], (i) => {
        series = i ? report.fit.by_geo[i - 1] : report.fit.national;
        where = i ? ` in ${report.geos[i - 1]}` : "";
        place.redraw();
      }),
    );
  }
  return {
    draw(width) {
      const t = times(report);
      const x = (d: Date) => d;
      const seen = t.map((x, i) => ({ x, y: series.observed[i] })).filter((p) => known(p.y));
      const svg = timeChart({
        report,
        width,
        label: `Observed and predicted ${report.outcome_name}${where}`,
        tick: report.outcome_is_money ? tick(report.currency) : show,
        marks: [
          Plot.areaY(t, { x, y1: (_, i) => series.predicted_q05[i], y2: (_, i) => series.predicted_q95[i], fill: "var(--accent)", fillOpacity: 0.14 }),
          Plot.areaY(t, { x, y1: (_, i) => series.expected_q05[i], y2: (_, i) => series.expected_q95[i], fill: "var(--accent)", fillOpacity: 0.28 }),
          Plot.lineY(t, { x, y: (_, i) => series.expected_mean[i], stroke: "var(--accent)", strokeWidth: 1.75 }),
          Plot.dot(seen, { x: "x", y: "y", r: width < 520 ? 1.6 : 2.2, fill: "var(--ink)" }),
        ],
        lines: (i) => [
          ["observed", show(series.observed[i]), "var(--ink)"],
          ["expected", show(series.expected_mean[i]) + span(show(series.expected_q05[i]), show(series.expected_q95[i])), "var(--accent)"],
          ["90% of observations", span(show(series.predicted_q05[i]), show(series.predicted_q95[i])).trim()],
        ],
        marked: (i) => [{ value: series.observed[i], colour: "var(--ink)" }, { value: series.expected_mean[i], colour: "var(--accent)" }],
      });
      return together(legend([["observed", "var(--ink)"], ["expected, with 90% interval", "var(--accent)"]]), svg);
    },
    table: () => ({
      head: ["Start", "Observed", "Expected", "5%", "95%", "Predicted 5%", "Predicted 95%"],
      rows: report.dates.map((d, i) => {
        const s = report.fit.national;
        return [date(d), ...[s.observed, s.expected_mean, s.expected_q05, s.expected_q95, s.predicted_q05, s.predicted_q95].map((v) => show(v[i]))];
      }),
    }),
  };
}
