// Reading values off a chart, by pointer, touch or keyboard: one reader for all charts.

/** A line of the reading: label, value and perhaps the colour of its mark. */
export type Line = [label: string, value: string, colour?: string];

/** One place of a chart that can be read. */
export interface Stop {
  x: number;
  y?: number;
  head: string;
  lines: Line[];
  /** Heights at which the reading is marked. */
  marks?: { y: number; colour: string }[];
}

export interface Reading {
  label: string;
  /** Along which axis the stops lie; `both`: anywhere, the nearest is read. */
  axis: "x" | "y" | "both";
  /** Where the stops lie on that axis, ascending or not; on the x axis for `both`. */
  positions: number[];
  /** Where the stops lie on the y axis, for `both`. */
  heights?: number[];
  at(index: number): Stop;
}

/** A value with more letters than this is a sentence and may break. */
const SENTENCE = 44;

const SVG = "http://www.w3.org/2000/svg";

function svgElement(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Makes a chart readable: a tab stop, arrow keys, pointer and touch. */
export function readable(svg: SVGSVGElement, reading: Reading): void {
  const box = svg.viewBox.baseVal;
  let index = -1;
  let pointed = false;
  svg.setAttribute("role", "img");
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("aria-label", `${reading.label}. Arrow keys read the values.`);
  svg.classList.add("readable");
  if (!reading.positions.length) return;
  const cursor = svg.appendChild(svgElement("g", { class: "cursor", "aria-hidden": "true" }));

  const show = (next: number, say: boolean) => {
    index = Math.max(0, Math.min(reading.positions.length - 1, next));
    const stop = reading.at(index);
    cursor.replaceChildren(...cursorOf(stop, reading.axis, box));
    place(svg, stop, box);
    if (say) announce(stop);
  };
  const hide = () => {
    cursor.replaceChildren();
    document.getElementById("tip")!.hidden = true;
  };
  const nearest = (event: PointerEvent) => {
    const rect = svg.getBoundingClientRect();
    const x = ((event.clientX - rect.left) / rect.width) * box.width;
    const y = ((event.clientY - rect.top) / rect.height) * box.height;
    const far = (i: number) => {
      const along = reading.positions[i];
      return reading.axis === "both" ? Math.hypot(along - x, reading.heights![i] - y) : Math.abs(along - (reading.axis === "x" ? x : y));
    };
    let best = 0;
    reading.positions.forEach((_, i) => { if (far(i) < far(best)) best = i; });
    return best;
  };

  svg.addEventListener("pointermove", (event) => { pointed = true; show(nearest(event), false); });
  svg.addEventListener("pointerdown", (event) => { pointed = true; show(nearest(event), false); });
  svg.addEventListener("pointerleave", (event) => { pointed = false; if (event.pointerType === "mouse") hide(); });
  svg.addEventListener("focus", () => {
    if (!pointed && svg.matches(":focus-visible")) show(index < 0 ? (reading.axis === "x" ? reading.positions.length - 1 : 0) : index, true);
  });
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = stepOf(event.key, reading, svg);
    if (event.key === "Escape") hide();
    else if (step !== null) {
      event.preventDefault();
      show(step === -Infinity ? 0 : step === Infinity ? reading.positions.length - 1 : index + step, true);
    }
  });
}

function stepOf(key: string, reading: Reading, svg: SVGSVGElement): number | null {
  const page = Math.max(2, Math.round(reading.positions.length / 10));
  // In a set of small panels up and down go to another panel.
  const inPanels = svg.closest(".panels") !== null;
  switch (key) {
    case "ArrowRight": return 1;
    case "ArrowLeft": return -1;
    case "ArrowDown": return inPanels ? null : reading.axis === "y" ? 1 : -1;
    case "ArrowUp": return inPanels ? null : reading.axis === "y" ? -1 : 1;
    case "PageDown": return page;
    case "PageUp": return -page;
    case "Home": return -Infinity;
    case "End": return Infinity;
    default: return null;
  }
}

function cursorOf(stop: Stop, axis: Reading["axis"], box: DOMRect): SVGElement[] {
  if (axis === "both") return [svgElement("circle", { cx: stop.x, cy: stop.y ?? 0, r: 9, class: "ring" })];
  if (axis === "y") {
    return [svgElement("rect", { x: 0, width: box.width, y: (stop.y ?? 0) - 11, height: 22, rx: 4 })];
  }
  const dots = (stop.marks ?? [])
    .filter((mark) => Number.isFinite(mark.y))
    .map((mark) => svgElement("circle", { cx: stop.x, cy: mark.y, r: 3.5, style: `fill:${mark.colour}` }));
  return [svgElement("line", { x1: stop.x, x2: stop.x, y1: 0, y2: box.height }), ...dots];
}

function place(svg: SVGSVGElement, stop: Stop, box: DOMRect): void {
  const tip = document.getElementById("tip")!;
  const head = document.createElement("b");
  head.textContent = stop.head;
  const list = document.createElement("dl");
  for (const [label, value, colour] of stop.lines) {
    const row = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    if (colour) {
      const swatch = document.createElement("i");
      swatch.style.background = colour;
      dt.append(swatch);
    }
    dt.append(label);
    dd.textContent = value;
    // A sentence stands under its label.
    if (value.length > SENTENCE) row.className = "long";
    row.append(dt, dd);
    list.append(row);
  }
  tip.replaceChildren(head, list);
  tip.hidden = false;
  const rect = svg.getBoundingClientRect();
  const x = rect.left + (stop.x / box.width) * rect.width;
  const y = rect.top + ((stop.y ?? box.height / 3) / box.height) * rect.height;
  const { offsetWidth: width, offsetHeight: height } = tip;
  const room = document.documentElement.clientWidth;
  const left = x + 14 + width < room ? x + 14 : x - 14 - width;
  tip.style.left = `${Math.max(6, Math.min(left, room - width - 6))}px`;
  tip.style.top = `${Math.max(6, Math.min(y - height / 2, window.innerHeight - height - 6))}px`;
}

function announce(stop: Stop): void {
  const text = stop.lines.map(([label, value]) => `${label} ${value}`).join(", ");
  document.getElementById("said")!.textContent = `${stop.head}: ${text}`;
}
