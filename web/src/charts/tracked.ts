// Tracked sales against effect: what codes and links saw, and what of it did not come from the posts.
import * as Plot from "@observablehq/plot";
import { known, type Report } from "../data";
import { together, type Chart } from "../figure";
import { interval, outcome, percent, tick } from "../numbers";
import { colourOf, linesOf, platformLegend, reach, scatter } from "../people";

/** Capture rates that have a line. */
const RATES = [0.1, 0.3, 1];

export function tracked(report: Report): Chart {
  const creators = report.creators!;
  const show = outcome(report);
  const unit = report.outcome_is_money ? report.currency : report.outcome_name;
  const drawn = creators.roster.filter((who) => known(who.tracked) && who.tracked > 0 && known(who.effect.mean) && who.effect.mean > 0);
  const ticks = report.outcome_is_money ? tick(report.currency) : show;
  return {
    draw(width) {
      const xs = reach(drawn.map((who) => who.effect.mean!), drawn.map((who) => who.effect));
      const ys = reach(drawn.flatMap((who) => [who.tracked!, who.tracked! * (1 - (who.leak?.mean ?? 0))]));
      const rates = RATES.flatMap((rate) => {
        const [from, to] = [Math.max(xs[0], ys[0] / rate), Math.min(xs[1], ys[1] / rate)];
        return from < to ? [{ from, to, rate }] : [];
      });
      const svg = scatter({
        width,
        height: width < 520 ? 320 : 430,
        label: `Tracked ${report.outcome_name} and effect of each creator with a code or link`,
        named: width >= 520,
        notes: rates.map((r) => ({ x: r.to, y: r.to * r.rate, text: width < 520 ? percent(r.rate) : `${percent(r.rate)} tracked` })),
        x: { domain: xs, label: `effect, ${unit}`, tick: ticks },
        y: { domain: ys, label: `tracked, ${unit}`, tick: ticks },
        dots: drawn.map((who) => ({
          name: who.name, x: who.effect.mean!, y: who.tracked!, colour: colourOf(who.platforms[0]), hollow: !who.identified,
          lines: [...linesOf(report, who, show), ["tracked", show(who.tracked)], ["captured", interval(who.capture, percent)], ["leak", interval(who.leak, percent)]],
        })),
        marks: [
          Plot.link(rates, { x1: "from", x2: "to", y1: (r) => r.from * r.rate, y2: (r) => r.to * r.rate, stroke: "var(--quiet)", strokeWidth: 1, strokeOpacity: 0.7 }),
          Plot.link(drawn, { x1: (who) => Math.max(who.effect.q05 ?? xs[0], xs[0]), x2: (who) => Math.min(who.effect.q95 ?? xs[1], xs[1]), y1: "tracked", y2: "tracked", stroke: (who) => colourOf(who.platforms[0]), strokeWidth: drawn.length > 60 ? 1.5 : 3, strokeOpacity: 0.25, strokeLinecap: "round" }),
          Plot.link(drawn.filter((who) => known(who.leak?.mean)), { x1: (who) => who.effect.mean, x2: (who) => who.effect.mean, y1: "tracked", y2: (who) => who.tracked! * (1 - who.leak!.mean!), stroke: "var(--second)", strokeWidth: drawn.length > 60 ? 1.5 : 2.5 }),
        ],
      });
      return together(platformLegend(creators), svg);
    },
    table: () => ({
      head: ["Creator", "Effect", "Tracked", "Captured", "Leak"],
      rows: creators.roster.filter((who) => known(who.tracked)).map((who) => [who.name, interval(who.effect, show), show(who.tracked), interval(who.capture, percent), interval(who.leak, percent)]),
    }),
  };
}
