// Starts the report: draws every picture in turn, and again where the width or the paper asks for it.
import { adstock } from "./charts/adstock";
import { attention } from "./charts/attention";
import { contributions } from "./charts/contributions";
import { curves } from "./charts/curves";
import { dependence } from "./charts/dependence";
import { fit } from "./charts/fit";
import { focus } from "./charts/focus";
import { kernels } from "./charts/kernels";
import { learned } from "./charts/learned";
import { marginal } from "./charts/marginal";
import { monetisation } from "./charts/monetisation";
import { planCalendar } from "./charts/planCalendar";
import { planCurves } from "./charts/planCurves";
import { planDrivers } from "./charts/planDrivers";
import { planFrontier } from "./charts/planFrontier";
import { ranked } from "./charts/ranked";
import { relationship } from "./charts/relationship";
import { returns } from "./charts/returns";
import { stressDependence } from "./charts/stressDependence";
import { stressShocks } from "./charts/stressShocks";
import { tracked } from "./charts/tracked";
import { viewsEffect } from "./charts/viewsEffect";
import { waterfall } from "./charts/waterfall";
import { read, type Report } from "./data";
import { tableOf, type Chart, type Place } from "./figure";
import { long } from "./long";
import { sortable } from "./sort";
import { themeButton } from "./theme";

const CHARTS: Record<string, (report: Report, place: Place) => Chart> = {
  contributions, waterfall, returns, marginal, curves, fit, learned, adstock,
  dependence, focus, relationship, monetisation, ranked, attention, "views-effect": viewsEffect, tracked, kernels,
  "plan-drivers": planDrivers, "plan-calendar": planCalendar, "plan-frontier": planFrontier, "plan-curves": planCurves,
  "stress-dependence": stressDependence, "stress-shocks": stressShocks,
};

/** Paper is drawn at this width whatever the window. */
const PAPER = 690;

function start(): void {
  themeButton(document.getElementById("theme") as HTMLButtonElement);
  document.querySelectorAll<HTMLTableElement>("table.sortable").forEach(sortable);
  const report = read();
  document.querySelectorAll<HTMLTableElement>("table.people").forEach((table) => long(table, report));
  const draws: ((width?: number) => void)[] = [];
  for (const figure of document.querySelectorAll<HTMLElement>("figure[data-chart]")) {
    const section = figure.closest<HTMLElement>(".part, section")!;
    const place: Place = { choose: section.querySelector<HTMLElement>(".choose")!, redraw: () => draw() };
    const chart = CHARTS[figure.dataset.chart!](report, place);
    const draw = (width = figure.clientWidth) => figure.replaceChildren(chart.draw(Math.max(240, width)));
    draws.push(draw);
    fillOnOpening(section.querySelector("details.numbers"), chart, section.querySelector("h2, h3")!.textContent!);
  }
  drawInTurn(draws);
  drawOnResize(draws);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.getElementById("tip")!.hidden = true;
  });
  window.addEventListener("scroll", () => { document.getElementById("tip")!.hidden = true; }, { passive: true });
  window.addEventListener("beforeprint", () => {
    document.documentElement.dataset.printing = "yes";
    draws.forEach((draw) => draw(PAPER));
  });
  window.addEventListener("afterprint", () => {
    delete document.documentElement.dataset.printing;
    draws.forEach((draw) => draw());
  });
}

/** One picture a task, so that the page answers while it fills. */
function drawInTurn(draws: (() => void)[]): void {
  const [first, ...rest] = draws;
  if (!first) {
    document.documentElement.dataset.drawn = "yes";
    return;
  }
  first();
  setTimeout(() => drawInTurn(rest), 0);
}

function drawOnResize(draws: (() => void)[]): void {
  let width = document.querySelector("main")!.clientWidth;
  let timer = 0;
  new ResizeObserver(() => {
    const now = document.querySelector("main")!.clientWidth;
    if (Math.abs(now - width) < 4) return;
    width = now;
    clearTimeout(timer);
    timer = window.setTimeout(() => draws.forEach((draw) => draw()), 120);
  }).observe(document.querySelector("main")!);
}

/** Tables can be long, so they are made when somebody asks for them. */
function fillOnOpening(details: HTMLDetailsElement | null, chart: Chart, title: string): void {
  if (!details || !chart.table) return;
  details.hidden = false;
  details.addEventListener("toggle", () => {
    if (details.open && !details.querySelector("table")) details.append(tableOf(chart.table!(), `${title}: the numbers`));
  });
}

start();
