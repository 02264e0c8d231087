// What all pictures share: native choosers, tables of numbers, small panels and their keyboard.

/** The numbers behind a picture. */
export interface Table {
  head: string[];
  rows: string[][];
}

/** One picture of the page. */
export interface Chart {
  draw(width: number): Node;
  table?(): Table;
}

/** What a picture gets from the page. */
export interface Place {
  /** Where choosers go. */
  choose: HTMLElement;
  /** Draws it again. */
  redraw(): void;
}

/** A native select; calls back with the index of the chosen option. */
export function chooser(label: string, options: string[], chosen: (index: number) => void): HTMLElement {
  const wrap = document.createElement("label");
  const select = document.createElement("select");
  options.forEach((option, index) => select.add(new Option(option.length > 60 ? `${option.slice(0, 58)}…` : option, String(index))));
  select.addEventListener("change", () => chosen(select.selectedIndex));
  wrap.append(label, select);
  return wrap;
}

/** A button between the first few and all of a long list. */
export class Fold {
  all = false;
  private button: HTMLButtonElement | null = null;

  constructor(private total: number, private few: number, private what: string, place: Place) {
    if (total <= few) return;
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.addEventListener("click", () => { this.all = !this.all; this.say(); place.redraw(); });
    this.say();
    place.choose.append(this.button);
  }

  private say(): void {
    if (!this.button) return;
    this.button.textContent = this.all ? `Show the first ${this.few} ${this.what}` : `Show all ${this.total} ${this.what}`;
    this.button.setAttribute("aria-expanded", String(this.all));
  }

  /** The part of the list that is shown. Paper has no button, so it gets all. */
  shown<T>(items: T[]): T[] {
    return this.all || window.matchMedia("print").matches || document.documentElement.dataset.printing ? items : items.slice(0, this.few);
  }
}

/** A table element for numbers; text only. */
export function tableOf(table: Table, label: string): HTMLElement {
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", label);
  const element = scroll.appendChild(document.createElement("table"));
  const head = element.createTHead().insertRow();
  for (const text of table.head) {
    const th = head.appendChild(document.createElement("th"));
    th.scope = "col";
    th.textContent = text;
  }
  const body = element.createTBody();
  for (const cells of table.rows) {
    const row = body.insertRow();
    cells.forEach((text, i) => {
      const cell = row.appendChild(document.createElement(i ? "td" : "th"));
      cell.textContent = text;
    });
  }
  return scroll;
}

/** A legend of swatches and words. */
export function legend(items: [label: string, colour: string][]): HTMLElement {
  const list = document.createElement("ul");
  list.className = "legend";
  for (const [label, colour] of items) {
    const item = list.appendChild(document.createElement("li"));
    const swatch = item.appendChild(document.createElement("i"));
    swatch.style.background = colour;
    const text = item.appendChild(document.createElement("span"));
    text.textContent = label;
    text.title = label;
  }
  return list;
}

/** Small panels of the same kind. Together they are one tab stop; up and down go from panel to panel. */
export function panels<T>(items: T[], width: number, title: (item: T) => string, draw: (item: T, width: number) => SVGSVGElement): HTMLElement {
  const least = width < 520 ? 150 : 215;
  const gap = 18;
  const columns = Math.max(1, Math.min(items.length, 5, Math.floor((width + gap) / (least + gap))));
  // A few panels do not grow to the size of a poster.
  const each = Math.min(340, Math.floor((width - gap * (columns - 1)) / columns));
  const grid = document.createElement("div");
  grid.className = "panels";
  grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, ${each}px))`;
  const svgs: SVGSVGElement[] = [];
  for (const item of items) {
    const cell = grid.appendChild(document.createElement("div"));
    const heading = cell.appendChild(document.createElement("h3"));
    heading.textContent = title(item);
    heading.title = title(item);
    const svg = draw(item, each);
    svg.setAttribute("tabindex", svgs.length ? "-1" : "0");
    svgs.push(svg);
    cell.append(svg);
  }
  grid.addEventListener("keydown", (event) => {
    const from = svgs.indexOf(event.target as SVGSVGElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const next = svgs[from + step];
    if (from < 0 || !step || !next) return;
    event.preventDefault();
    svgs[from].setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
  return grid;
}

/** Nodes as one. */
export function together(...nodes: Node[]): DocumentFragment {
  const fragment = document.createDocumentFragment();
  fragment.append(...nodes);
  return fragment;
}
