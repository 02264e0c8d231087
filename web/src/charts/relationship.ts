// How much it matters who posts, and what goes with a stronger effect of a view.
import * as Plot from "@observablehq/plot";
import { known, type Interval, type Num, type Report } from "../data";
import { legend, together, type Chart } from "../figure";
import { interval, number, percent } from "../numbers";
import { colourOf, factorAxis, factorTicks, reach } from "../people";
import { rowChart } from "../rows";
import { readable } from "../tip";

function times(x: Num | undefined): string {
  return known(x) ? `×${number(x)}` : "n/a";
}

/** A factor as a change: 1.2 is +20%. */
function change(x: Num): string {
  const text = percent(x);
  return known(x) && x > 0 ? `+${text}` : text;
}

function less(x: Interval): Interval {
  const minus = (v: Num) => (known(v) ? v - 1 : null);
  return { mean: minus(x.mean), q05: minus(x.q05), q50: minus(x.q50), q95: minus(x.q95) };
}

export function relationship(report: Report): Chart {
  const creators = report.creators!;
  const all = creators.roster.filter((who) => known(who.per_view.mean) && who.per_view.mean > 0).sort((a, b) => a.per_view.mean! - b.per_view.mean!);
  const traits = creators.traits.map((t) => ({ ...t, x: less(t.factor) }));

  const ladder = (width: number): SVGSVGElement => {
    const rows = all.map((who, i) => ({ who, i, x: who.per_view, colour: colourOf(who.platforms[0]) }));
    const domain = reach([1, ...rows.map((r) => r.x.mean!)], rows.map((r) => r.x));
    const thin = Math.max(1, Math.min(6, (width - 60) / rows.length - 1.5));
    const svg = Plot.plot({
      width,
      height: 190,
      marginLeft: 48,
      marginRight: 8,
      marginTop: 8,
      marginBottom: 8,
      x: { type: "point", domain: rows.map((r) => r.i), axis: null },
      y: { type: "log", domain, clamp: true, axis: null },
      marks: [
        ...factorAxis("y", factorTicks(domain, 6), times, null),
        Plot.ruleY([1], { stroke: "var(--ink)", strokeDasharray: "3 3" }),
        Plot.link(rows, { x1: "i", x2: "i", y1: (r) => r.x.q05, y2: (r) => r.x.q95, stroke: "colour", strokeWidth: thin, strokeOpacity: 0.4, strokeLinecap: "butt" }),
        Plot.dot(rows, { x: "i", y: (r) => r.x.mean, r: Math.max(1.4, Math.min(3.5, thin)), fill: "colour" }),
      ],
    }) as SVGSVGElement;
    const scale = (svg as unknown as Plot.Plot).scale("x")!;
    const up = (svg as unknown as Plot.Plot).scale("y")!;
    const points = rows.map((r) => Number(scale.apply(r.i)));
    readable(svg, {
      label: "Effect of a view of each creator, as a multiple of the platform's average, with 90% interval",
      axis: "x",
      positions: points,
      at: (i) => ({
        x: points[i],
        head: rows[i].who.name,
        lines: [
          ["effect of a view", interval(rows[i].x, times), rows[i].colour],
          ["on", creators.platforms[rows[i].who.platforms[0]]?.name ?? "n/a"],
          ...(rows[i].who.identified ? [] : [["note", "cannot be told apart"] as [string, string]]),
        ],
        marks: [{ y: Number(up.apply(rows[i].x.mean)), colour: rows[i].colour }],
      }),
    });
    return svg;
  };

  const causes = (width: number): Node[] => {
    if (!traits.length) return [];
    const ends = traits.flatMap((t) => [t.x.q05, t.x.q95]).filter(known);
    const domain = [Math.min(-0.05, ...ends), Math.max(0.05, ...ends)];
    const heading = document.createElement("h3");
    heading.textContent = "Difference in the effect of a view";
    const svg = rowChart({
      names: traits.map((t) => t.name),
      width,
      label: "What goes with a stronger or weaker effect of a view, with 90% interval",
      x: { label: null, tickFormat: change, domain, nice: false },
      marks: [
        Plot.ruleX([0], { stroke: "var(--ink)", strokeDasharray: "3 3" }),
        Plot.link(traits, { x1: (t) => t.x.q05, x2: (t) => t.x.q95, y1: (_, i) => i, y2: (_, i) => i, stroke: "var(--accent)", strokeWidth: 5, strokeOpacity: 0.32, strokeLinecap: "round" }),
        Plot.dot(traits, { x: (t) => t.x.mean, y: (_, i) => i, r: 5, fill: "var(--accent)" }),
      ],
      lines: (i) => [["at", traits[i].change], ["difference", interval(traits[i].x, change)]],
    });
    return [heading, svg];
  };

  return {
    draw: (width) => together(legend(creators.platforms.map((p, i) => [p.name, colourOf(i)])), ladder(width), ...causes(width)),
    table: () => ({
      head: ["Creator or trait", "Effect of a view (90% interval)"],
      rows: [
        ...[...all].reverse().map((who) => [who.name, interval(who.per_view, times)]),
        ...traits.map((t) => [`${t.name}: ${t.change}`, interval(t.factor, times)]),
      ],
    }),
  };
}
