// Tables marked `sortable`: a button in each head sorts the rows by that column, up and then down.
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", "sort", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const upward = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", upward ? "ascending" : "descending");
      sortRows(table.tBodies[0], column, upward);
    });
  });
}

function sortRows(body, column, upward) {
  const rows = [...body.rows].map((row) => ({ row, value: cellValue(row.cells[column]) }));
  rows.sort((a, b) => (upward ? 1 : -1) * compare(a.value, b.value));
  body.append(...rows.map((entry) => entry.row));
}

// The full number where the cell has one, else its text; what is undefined counts as less than any number.
function cellValue(cell) {
  const figure = cell.querySelector("[data-value]");
  if (!figure) return /^[–-]$/.test(cell.textContent.trim()) ? -Infinity : cell.textContent.trim();
  const value = JSON.parse(figure.dataset.value);
  return value === null ? -Infinity : value;
}

function compare(a, b) {
  if (typeof a === "string" && typeof b === "string") return a.localeCompare(b, "en");
  return a < b ? -1 : a > b ? 1 : 0;
}
