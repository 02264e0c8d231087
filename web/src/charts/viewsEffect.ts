// Views against effect: who brought more of a view than the average of the platform.
import * as Plot from "@observablehq/plot";
import { known, type Report } from "../data";
import { together, type Chart } from "../figure";
import { interval, number, outcome, tick } from "../numbers";
import { colourOf, linesOf, platformLegend, platformNames, reach, scatter } from "../people";

export function viewsEffect(report: Report): Chart {
  const creators = report.creators!;
  const show = outcome(report);
  const drawn = creators.roster.filter((who) => known(who.views) && who.views > 0 && known(who.effect.mean) && who.effect.mean > 0);
  return {
    draw(width) {
      const xs = reach(drawn.map((who) => who.views!));
      const ys = reach(drawn.map((who) => who.effect.mean!), drawn.map((who) => who.effect));
      const averages = creators.platforms.flatMap((p, i) => {
        const each = p.effect_per_thousand.mean;
        if (!known(each) || each <= 0) return [];
        // The line ends where the picture does.
        const from = Math.max(xs[0], (ys[0] / each) * 1000);
        const to = Math.min(xs[1], (ys[1] / each) * 1000);
        return from < to ? [{ from, to, each: each / 1000, colour: colourOf(i) }] : [];
      });
      const svg = scatter({
        width,
        height: width < 520 ? 320 : 430,
        label: `Views and ${report.outcome_name} of each creator`,
        named: width >= 520,
        x: { domain: xs, label: "views", tick: number },
        y: { domain: ys, label: `effect, ${report.outcome_is_money ? report.currency : report.outcome_name}`, tick: report.outcome_is_money ? tick(report.currency) : show },
        dots: drawn.map((who) => ({ name: who.name, x: who.views!, y: who.effect.mean!, colour: colourOf(who.platforms[0]), hollow: !who.identified, lines: linesOf(report, who, show) })),
        marks: [
          Plot.link(averages, { x1: "from", x2: "to", y1: (a) => a.from * a.each, y2: (a) => a.to * a.each, stroke: "colour", strokeWidth: 1.25, strokeDasharray: "5 4", strokeOpacity: 0.8 }),
          Plot.link(drawn, { x1: "views", x2: "views", y1: (who) => Math.max(who.effect.q05 ?? ys[0], ys[0]), y2: (who) => Math.min(who.effect.q95 ?? ys[1], ys[1]), stroke: (who) => colourOf(who.platforms[0]), strokeWidth: drawn.length > 60 ? 1.5 : 3, strokeOpacity: 0.3, strokeLinecap: "round" }),
        ],
      });
      return together(platformLegend(creators), svg);
    },
    table: () => ({
      head: ["Creator", "On", "Views", "Effect"],
      rows: creators.roster.map((who) => [who.name, platformNames(creators, who), number(who.views), interval(who.effect, show)]),
    }),
  };
}
