// Long tables of people: folded after the first few, and filtered by name, verdict and platform.
import type { Report } from "./data";
import { chooser } from "./figure";

/** Makes a table fold and filter. Paper gets every row that the filter leaves. */
export function long(table: HTMLTableElement, report: Report): void {
  const choose = table.closest("section")!.querySelector<HTMLElement>(".choose")!;
  const body = table.tBodies[0];
  const few = Number(table.dataset.few);
  const rows = [...body.rows];
  if (rows.length <= 8) return;
  let [all, name, verdict, platform] = [false, "", "", ""];
  const said = document.createElement("span");
  said.className = "quiet";
  said.setAttribute("role", "status");
  const more = document.createElement("button");
  more.type = "button";

  const apply = () => {
    let shown = 0;
    for (const row of body.rows) {
      const fits =
        (!name || row.cells[0].textContent!.toLowerCase().includes(name)) &&
        (!verdict || row.dataset.verdict === verdict) &&
        (!platform || row.dataset.platforms!.split(" ").includes(platform));
      row.hidden = !fits;
      if (fits) shown += 1;
      row.classList.toggle("beyond", !all && shown > few);
    }
    said.textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
    more.hidden = shown <= few;
    more.textContent = all ? `Show the first ${few}` : `Show all ${shown}`;
    more.setAttribute("aria-expanded", String(all));
  };

  const label = document.createElement("label");
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "Name";
  search.addEventListener("input", () => { name = search.value.trim().toLowerCase(); apply(); });
  label.append("Find", search);
  choose.append(label);
  const verdicts = ["renew", "renegotiate", "test", "stop"].filter((v) => rows.some((row) => row.dataset.verdict === v));
  if (verdicts.length > 1) choose.append(chooser("Verdict", ["all", ...verdicts], (i) => { verdict = i ? verdicts[i - 1] : ""; apply(); }));
  const platforms = report.creators?.platforms ?? [];
  if (platforms.length > 1 && rows[0].dataset.platforms !== undefined) {
    choose.append(chooser("Platform", ["all", ...platforms.map((p) => p.name)], (i) => { platform = i ? String(i - 1) : ""; apply(); }));
  }
  more.addEventListener("click", () => { all = !all; apply(); });
  choose.append(more, said);
  table.addEventListener("sorted", apply);
  apply();
}
