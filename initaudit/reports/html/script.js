"use strict";

// Sorting and filtering of tables, and nothing else: without it the page is complete, and every row is shown.

/** More rows than this are shown when they are asked for: laying out thousands at each click takes seconds. */
const LIMIT = 500;
const collator = new Intl.Collator("en", { numeric: true });

/** Give what a cell is sorted by: its number, else its text; null for what is not there. */
function key(cell) {
  const text = (cell.dataset.key ?? cell.firstChild?.textContent ?? "").trim();
  if (text === "" || text === "-") return null;
  const number = Number(text.replace("inf", "Infinity").replace(/^×|%$/g, ""));
  return Number.isNaN(number) ? text : number;
}

/** Order numbers before texts, and what is not there last, whichever way the rest is sorted. */
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : collator.compare(a, b));
}

function equip(tools) {
  const table = document.getElementById(tools.dataset.table);
  const [words, choice, told, all] = ["input", "select", "output", "button"].map((name) => tools.querySelector(name));
  const rows = Array.from(table.tBodies[0].rows, (row) => ({ row, text: row.textContent.toLowerCase() }));
  let limit = LIMIT;

  function show() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let fitting = 0;
    for (const { row, text } of rows) {
      const fits = wanted.every((word) => text.includes(word)) && (!choice?.value || row.classList.contains(choice.value));
      fitting += fits;
      row.hidden = !fits;
      row.classList.toggle("beyond", fitting > limit);
    }
    told.value = fitting === rows.length ? `${fitting} rows` : `${fitting} of ${rows.length} rows`;
    all.hidden = fitting <= limit;
    if (!all.hidden) told.value += `, the first ${limit} shown`;
  }

  function sort(heading) {
    const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    for (const one of rows) one.key = key(one.row.cells[heading.cellIndex]);
    rows.sort((a, b) => compare(a.key, b.key, sign));
    show();
    table.tBodies[0].replaceChildren(...rows.map(({ row }) => row));
  }

  function showAll() {
    limit = Infinity;
    show();
  }

  /** A link to a row shows it, whatever is filtered. */
  function reveal() {
    const row = document.getElementById(location.hash.slice(1));
    if (row?.closest("table") !== table || !(row.hidden || row.classList.contains("beyond"))) return;
    words.value = "";
    if (choice) choice.value = "";
    showAll();
    row.scrollIntoView({ block: "center" });
  }

  for (const heading of table.tHead.rows[0].cells) {
    if (heading.hasAttribute("data-plain")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading));
    heading.append(button);
  }
  words.addEventListener("input", show);
  choice?.addEventListener("change", show);
  all.addEventListener("click", showAll);
  addEventListener("hashchange", reveal);
  tools.hidden = false;
  show();
  reveal();
}

document.querySelectorAll("[data-table]").forEach(equip);
