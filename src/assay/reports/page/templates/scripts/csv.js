// A CSV file, cell by cell as assay.core.text writes it; a test holds the two together.
function csvText(header, rows) {
  return [header, ...rows].map((cells) => cells.map(csvCell).join(",") + "\n").join("");
}

function csvCell(text) {
  const cell = neutral(text.replace(/\0|\p{Cs}/gu, visible));
  return /[",\r\n]/.test(cell) ? '"' + cell.replaceAll('"', '""') + '"' : cell;
}

// A spreadsheet runs what begins like a formula: an apostrophe before it says that it is text.
function neutral(text) {
  return /^[=+\-@\t\r']/.test(text) && text !== "-" ? "'" + text : text;
}

function download(name, text) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
