// Prior against posterior, one parameter at a time.
import * as Plot from "@observablehq/plot";
import type { Density, Report } from "../data";
import { chooser, Fold, legend, panels, together, type Chart, type Place } from "../figure";
import { number, percent } from "../numbers";
import { panelChart } from "../panel";

export function learned(report: Report, place: Place): Chart {
  const labels = [...new Set(report.prior_posterior.map((d) => d.label))];
  let label = labels[0];
  if (labels.length > 1) place.choose.append(chooser("Parameter", labels, (i) => { label = labels[i]; place.redraw(); }));
  const most = Math.max(...labels.map((l) => report.prior_posterior.filter((d) => d.label === l).length));
  const fold = new Fold(most, 12, "drivers", place);
  const moved = new Map(report.drivers.map((d) => [d.name, d.moved_from_prior]));
  const draw = (density: Density, width: number) => {
    const points = density.x.map((x, i) => ({ x, prior: density.prior[i], posterior: density.posterior[i] }));
    return panelChart({
      width,
      label: `${density.label} of ${density.driver} before and after the data`,
      x: density.x,
      xTick: number,
      yTick: number,
      left: 0,
      marks: [
        Plot.areaY(points, { x: "x", y: "prior", fill: "var(--base)", fillOpacity: 0.55 }),
        Plot.lineY(points, { x: "x", y: "prior", stroke: "var(--base-strong)", strokeWidth: 1.25 }),
        Plot.areaY(points, { x: "x", y: "posterior", fill: "var(--accent)", fillOpacity: 0.28 }),
        Plot.lineY(points, { x: "x", y: "posterior", stroke: "var(--accent)", strokeWidth: 1.75 }),
        Plot.ruleY([0]),
      ],
      head: (i) => `${density.label} ${number(density.x[i])}`,
      lines: (i) => [
        ["before", number(density.prior[i]), "var(--base-strong)"],
        ["after", number(density.posterior[i]), "var(--accent)"],
        ["moved from prior", percent(moved.get(density.driver))],
      ],
      marked: (i) => [{ value: density.prior[i], colour: "var(--base-strong)" }, { value: density.posterior[i], colour: "var(--accent)" }],
    });
  };
  return {
    draw: (width) =>
      together(
        legend([["before the data", "var(--base-strong)"], ["after the data", "var(--accent)"]]),
        panels(fold.shown(report.prior_posterior.filter((d) => d.label === label)), width, (d) => d.driver, draw),
      ),
    table: () => ({
      head: ["Driver", "Parameter", "Value", "Before", "After"],
      rows: report.prior_posterior.flatMap((d) => d.x.map((x, i) => [d.driver, d.label, number(x), number(d.prior[i]), number(d.posterior[i])])),
    }),
  };
}
