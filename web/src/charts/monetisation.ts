// What creators are paid for, whether fees are fair, and what of the tracked sales the posts brought.
import * as Plot from "@observablehq/plot";
import { known, type Interval, type Report } from "../data";
import { legend, together, type Chart } from "../figure";
import { interval, money, outcome, percent, tick } from "../numbers";
import { colourOf, costOf, linesOf, reach, scatter } from "../people";
import { readable } from "../tip";

interface Part {
  name: string;
  value: number;
  colour: string;
}

/** A bar that is 100% long, with its parts and perhaps the interval of its first part. */
function whole(parts: Part[], width: number, label: string, line: (part: Part, share: number) => string, uncertain: Interval | null = null): SVGSVGElement {
  const total = parts.reduce((sum, p) => sum + p.value, 0);
  let edge = 0;
  const pieces = parts.map((p) => ({ ...p, from: edge, to: (edge += p.value / total), share: p.value / total }));
  const svg = Plot.plot({
    width,
    height: 34,
    margin: 0,
    marginTop: 2,
    marginBottom: 2,
    x: { domain: [0, 1], axis: null },
    marks: [
      Plot.rect(pieces, { x1: "from", x2: "to", fill: "colour", insetRight: 1 }),
      uncertain ? Plot.ruleY([0], { x1: () => uncertain.q05, x2: () => uncertain.q95, y: null, stroke: "var(--ink)", strokeWidth: 1.6 } as unknown as Plot.RuleYOptions) : null,
    ],
  }) as SVGSVGElement;
  const points = pieces.map((p) => ((p.from + p.to) / 2) * width);
  readable(svg, { label, axis: "x", positions: points, at: (i) => ({ x: points[i], y: 17, head: pieces[i].name, lines: [["share", percent(pieces[i].share)], ["amount", line(pieces[i], pieces[i].share)]] }) });
  return svg;
}

function titled(text: string): HTMLElement {
  const heading = document.createElement("h3");
  heading.textContent = text;
  return heading;
}

export function monetisation(report: Report): Chart {
  const creators = report.creators!;
  const show = outcome(report);
  const cash = (x: number | null | undefined) => money(x, report.currency);
  const add = (of: "fixed" | "by_views" | "by_sales" | "product") => creators.roster.reduce((sum, who) => sum + (who.cost?.[of] ?? 0), 0);
  const costs: Part[] = [
    { name: "fixed fees", value: add("fixed"), colour: "var(--accent)" },
    { name: "paid by views", value: add("by_views"), colour: "var(--c3)" },
    { name: "paid by sales", value: add("by_sales"), colour: "var(--c1)" },
    { name: "product", value: add("product"), colour: "var(--base-strong)" },
  ].filter((p) => p.value > 0);
  const fees = creators.roster.filter((who) => known(who.fee_paid) && who.fee_paid > 0 && known(who.fair_fee) && who.fair_fee > 0);
  const leak = creators.not_incremental;
  const tracked = creators.roster.reduce((sum, who) => sum + (who.tracked ?? 0), 0);
  return {
    draw(width) {
      const nodes: Node[] = [];
      if (costs.length) {
        nodes.push(titled("What is paid for"), legend(costs.map((p) => [`${p.name} ${percent(p.value / costs.reduce((s, q) => s + q.value, 0))}`, p.colour])), whole(costs, width, "What the cost of creators depends on", (p) => cash(p.value)));
      }
      if (leak && known(leak.mean) && tracked > 0) {
        const parts: Part[] = [
          { name: "would have come anyway", value: leak.mean, colour: "var(--second)" },
          { name: "came from posts", value: 1 - leak.mean, colour: "var(--accent)" },
        ];
        nodes.push(titled(`Tracked sales, ${show(tracked)}`), legend(parts.map((p) => [`${p.name} ${percent(p.value)}`, p.colour])), whole(parts, width, "Tracked sales that the posts brought, and those that would have come anyway", (_, share) => show(share * tracked), leak));
      }
      if (fees.length) {
        const domain = reach(fees.flatMap((who) => [who.fee_paid!, who.fair_fee!]));
        const axis = (label: string) => ({ domain, label: `${label}, ${report.currency}`, tick: tick(report.currency) });
        nodes.push(
          titled("Fee paid and fair fee"),
          scatter({
            width,
            height: 240,
            label: "Fee paid and fair fee of each creator",
            named: false,
            x: axis("fee paid"),
            y: axis("fair fee"),
            dots: fees.map((who) => ({
              name: who.name, x: who.fee_paid!, y: who.fair_fee!, colour: colourOf(who.platforms[0]), hollow: !who.identified,
              lines: [["fee paid", cash(who.fee_paid)], ["fair fee", cash(who.fair_fee)], ["break-even fee", interval(who.break_even_fee, cash)], ...linesOf(report, who, show).slice(0, 2)],
            })),
            marks: [Plot.link([domain], { x1: (d) => d[0], y1: (d) => d[0], x2: (d) => d[1], y2: (d) => d[1], stroke: "var(--ink)", strokeDasharray: "3 3", strokeOpacity: 0.6 })],
          }),
        );
      }
      return together(...nodes);
    },
    table: () => ({
      head: ["Creator", "Cost", "Fixed", "By views", "By sales", "Product", "Fee paid", "Fair fee", "Break-even fee"],
      rows: creators.roster.filter((who) => who.cost).map((who) => [who.name, cash(costOf(who)), cash(who.cost!.fixed), cash(who.cost!.by_views), cash(who.cost!.by_sales), cash(who.cost!.product), cash(who.fee_paid), cash(who.fair_fee), interval(who.break_even_fee, cash)]),
    }),
  };
}
