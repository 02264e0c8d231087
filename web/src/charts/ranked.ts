// Creators by return or by effect, with intervals, coloured by platform.
import * as Plot from "@observablehq/plot";
import { known, type Creator, type Interval, type Report } from "../data";
import { chooser, Fold, together, type Chart, type Place } from "../figure";
import { interval, number, outcome, probability, tick } from "../numbers";
import { colourOf, linesOf, platformLegend, platformNames, returnOf } from "../people";
import { limits, rowChart } from "../rows";

interface Measure {
  word: string;
  of(who: Creator): Interval | null;
  show(x: number | null | undefined): string;
  tick(x: number): string;
  /** Where the cost is just paid back. */
  even: number | null;
}

export function ranked(report: Report, place: Place): Chart {
  const creators = report.creators!;
  const show = outcome(report);
  const measures: Measure[] = [
    { word: report.return_word, of: (who) => who.roi, show: returnOf(report), tick: report.returns_are_money ? tick(report.currency) : number, even: report.returns_are_money ? 1 : null },
    { word: `Effect (${report.outcome_name})`, of: (who) => who.effect, show, tick: report.outcome_is_money ? tick(report.currency) : show, even: null },
  ];
  const able = measures.filter((m) => creators.roster.some((who) => known(m.of(who)?.mean)));
  let chosen = able[0];
  if (able.length > 1) place.choose.append(chooser("By", able.map((m) => m.word), (i) => { chosen = able[i]; place.redraw(); }));
  const sorted = (m: Measure) => creators.roster.filter((who) => known(m.of(who)?.mean)).sort((a, b) => m.of(b)!.mean! - m.of(a)!.mean!);
  const fold = new Fold(sorted(able[able.length - 1]).length, 30, "creators", place);
  return {
    draw(width) {
      const m = chosen;
      const rows = fold.shown(sorted(m)).map((who, i) => ({ who, i, x: m.of(who)! }));
      const { domain, arrows } = limits(rows.map((r) => ({ i: r.i, intervals: [r.x] })));
      const colour = (r: (typeof rows)[number]) => colourOf(r.who.platforms[0]);
      const svg = rowChart({
        names: rows.map((r) => r.who.name),
        width,
        label: `${m.word} of each creator with 90% interval`,
        x: { label: null, tickFormat: m.tick, domain, clamp: true, nice: false },
        marks: [
          ...arrows,
          Plot.ruleX([0]),
          m.even !== null && domain[1] >= m.even ? Plot.ruleX([m.even], { stroke: "var(--ink)", strokeDasharray: "3 3" }) : null,
          Plot.link(rows, { x1: (r) => r.x.q05, x2: (r) => r.x.q95, y1: "i", y2: "i", stroke: colour, strokeWidth: 5, strokeOpacity: 0.35, strokeLinecap: "round" }),
          Plot.dot(rows, { x: (r) => r.x.mean, y: "i", r: 5, fill: (r) => (r.who.identified ? colour(r) : "var(--paper)"), stroke: colour, strokeWidth: 1.5 }),
        ],
        lines: (i) => [
          ...linesOf(report, rows[i].who, show),
          ...(known(rows[i].who.prob_roi_above_1) ? [["pays back", probability(rows[i].who.prob_roi_above_1)] as [string, string]] : []),
        ],
      });
      const heading = document.createElement("h3");
      heading.textContent = m.even === null ? m.word : `${m.word} (dashed: cost just paid back)`;
      return together(heading, platformLegend(creators), svg);
    },
    table: () => ({
      head: ["Creator", "On", ...able.map((m) => m.word)],
      rows: sorted(able[able.length - 1]).map((who) => [who.name, platformNames(creators, who), ...able.map((m) => interval(m.of(who), m.show))]),
    }),
  };
}
