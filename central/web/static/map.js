// Reads the heat map with pointer and arrow keys: the table is the map, and its cells hold the figures.

const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

const cellsOf = (table) => [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1));

function read(cell) {
  const reading = document.getElementById("map-reading");
  const state = cell?.dataset.state ?? "none";
  for (const sentence of reading.querySelectorAll("[data-state]")) sentence.hidden = sentence.dataset.state !== state;
  if (!cell) return;
  for (const part of reading.querySelectorAll("[data-cell]")) part.textContent = cell.dataset[part.dataset.cell] ?? "";
  for (const part of reading.querySelectorAll("[data-cell-of]")) part.hidden = !(part.dataset.cellOf in cell.dataset);
}

function place(lines, cell) {
  const line = lines.findIndex((cells) => cells.includes(cell));
  return line < 0 ? null : [line, lines[line].indexOf(cell)];
}

// Over cells that aren't there: hours that the clock skips, and the second time of one that comes twice.
function next(lines, [line, column], [down, right]) {
  for (let l = line + down, c = column + right; lines[l]?.[c]; l += down, c += right) {
    if (lines[l][c].dataset.state) return lines[l][c];
  }
  return null;
}

function go(table, cell) {
  for (const old of table.querySelectorAll("td[tabindex]")) old.removeAttribute("tabindex");
  cell.tabIndex = 0;
  cell.focus();
}

function explain(cell) {
  if (cell) location.assign(`/explain?hour=${encodeURIComponent(cell.dataset.hour)}&quantity=multiplier`);
}

/** Make the map's cells reachable: one is in the order of Tab, arrows go on from it. */
export function prepareMap() {
  const table = document.querySelector("[data-map]");
  if (!table || table.dataset.ready) return;
  table.dataset.ready = "yes";
  const first = table.querySelector("td[data-state]");
  if (first) first.tabIndex = 0;
  table.addEventListener("click", (event) => explain(event.target.closest("td[data-hour]")));
  table.addEventListener("keydown", (event) => {
    if (event.key === "Enter") explain(event.target.closest("td[data-hour]"));
    if (!KEYS[event.key]) return;
    const lines = cellsOf(table);
    const at = place(lines, event.target.closest("td"));
    const cell = at && next(lines, at, KEYS[event.key]);
    if (!at) return;
    event.preventDefault();
    if (cell) go(table, cell);
  });
  table.addEventListener("focusin", (event) => read(event.target.closest("td[data-state]")));
  table.addEventListener("focusout", () => read(null));
  table.addEventListener("pointerover", (event) => read(event.target.closest("td[data-state]")));
  table.addEventListener("pointerleave", () => read(document.activeElement.closest?.("td[data-state]")));
}
