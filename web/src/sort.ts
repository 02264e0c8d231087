// Tables that sort by a click or key on a column's head.

/** Puts a button into each head that can be sorted by. */
export function sortable(table: HTMLTableElement): void {
  const heads = [...table.tHead!.rows[0].cells];
  heads.forEach((head, column) => {
    const kind = head.dataset.sort;
    if (!kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const first = kind === "number" ? "descending" : "ascending";
      const other = first === "descending" ? "ascending" : "descending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      sort(table.tBodies[0], column, kind === "number", order === "ascending" ? 1 : -1);
    });
  });
}

function sort(body: HTMLTableSectionElement, column: number, numeric: boolean, sign: 1 | -1): void {
  const value = (row: HTMLTableRowElement) => Number(row.cells[column].dataset.v ?? NaN);
  const name = (row: HTMLTableRowElement) => row.cells[column].querySelector(".name")?.textContent ?? "";
  const rows = [...body.rows].sort((a, b) => {
    if (!numeric) return sign * name(a).localeCompare(name(b));
    const [x, y] = [value(a), value(b)];
    // What has no number stays at the end in both orders.
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return sign * (x - y);
  });
  body.append(...rows);
  body.closest("table")!.dispatchEvent(new Event("sorted"));
}
