// The suspects of the audit: each card fills in the last cells of its row of decisions.csv.
const ACTIONS = ["keep", "relabel", "drop"];
const SUSPECTS_SHOWN = 12;

function startDeciding({ columns, classes, checks, key, tile, tiles, near, rows: cells }) {
  const rows = cells.map((row, number) => suspect(row, tiles[number], near[number]));
  const mine = new Set();
  const picture = pictures(tile);
  const cards = byId("suspects");
  const more = byId("more-suspects");
  const who = labelled("input", "Your name");
  const filters = {
    state: labelled("select", "Show", [["", "all"], ["open", "not decided"], ["done", "decided"]]),
    check: labelled("select", "Found by", anyOf(rows.flatMap((row) => row.checks), checks)),
    label: labelled("select", "Label", anyOf(rows.map((row) => row.label))),
    split: labelled("select", "Split", anyOf(rows.map((row) => row.split))),
  };
  let found = [];
  let saved = true;
  let showLarge = () => {};
  const memory = kept(key);
  rows.forEach(recall);

  byId("deciding-filters").append(...Object.values(filters).map((f) => f.parentElement), who.parentElement);
  Object.values(filters).forEach((filter) => filter.addEventListener("change", show));
  who.addEventListener("change", tell);
  more.addEventListener("click", showMore);
  byId("download").addEventListener("click", downloadAll);
  window.addEventListener("beforeunload", (event) => {
    if (!saved) event.preventDefault();
  });
  byId("suspects-plain").hidden = true;
  byId("deciding").hidden = false;
  show();
  showLarge = startViewer({ rows, classes, picture, found: () => found, isDecided, change });

  // What was decided here before the page was closed.
  function recall(row) {
    const values = memory[place(row)];
    if (!values) return;
    for (const column of ["decision", "new_label", "reason", "when"]) row[column] = String(values[column] ?? "");
    mine.add(row);
  }

  function place(row) {
    return row.split + " " + row.index + " " + row.digest;
  }

  // A decision of the viewer: the list below shows it too.
  function change(row, values) {
    Object.assign(row, values);
    decide(row, values.decision);
    show();
  }

  function suspect(row, tile, near) {
    const named = Object.fromEntries(columns.map((column, place) => [column, row[place]]));
    const words = named.found.split("; ").map((told) => told.split(" ")[0]);
    const mine = Object.keys(checks).filter((check) => words.includes(check));
    return { ...named, tile, near, checks: mine, told: inWords(named.found) };
  }

  // The column `found` of the table for people: of each finding its name and what was seen.
  function inWords(text) {
    const parts = text.split(new RegExp("; (?=(?:" + Object.keys(checks).join("|") + ") )"));
    return parts.map((part) => {
      const [, check, kind, , detail] = /^(\S+) (\S+) ([\d.]+)(?: \((.*)\))?$/s.exec(part) ?? [];
      return check in checks ? checks[check] + ": " + (detail ?? kind.replaceAll("-", " ")) : part;
    }).join(". ");
  }

  function anyOf(values, names = {}) {
    return [["", "any"], ...[...new Set(values)].sort().map((value) => [value, names[value] ?? visible(value)])];
  }

  function show() {
    const { state, check, label, split } = filters;
    found = rows.filter(
      (row) =>
        (state.value === "" || (state.value === "done") === isDecided(row)) &&
        (check.value === "" || row.checks.includes(check.value)) &&
        (label.value === "" || row.label === label.value) &&
        (split.value === "" || row.split === split.value)
    );
    cards.replaceChildren();
    showMore();
    showLarge();
  }

  function showMore() {
    const start = cards.children.length;
    const next = found.slice(start, start + SUSPECTS_SHOWN);
    cards.append(...next.map(card));
    more.hidden = start + next.length >= found.length;
    if (start > 0 && next.length > 0) cards.children[start].focus();
    tell();
  }

  // A new label is a class of the data; without one there is no decision yet.
  function isDecided(row) {
    return row.decision !== "" && (row.decision !== "relabel" || classes.includes(row.new_label));
  }

  function tell() {
    const done = rows.filter(isDecided).length;
    const waiting = rows.filter((row) => row.decision === "relabel" && !isDecided(row)).length;
    const some = waiting ? " " + waiting + " to be relabelled without a class." : "";
    const shown = " " + cards.children.length + " of " + found.length.toLocaleString("en") + " shown.";
    byId("decided").textContent =
      done.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + " decided." + some + shown;
  }

  function card(row) {
    const item = make("li", "card suspect");
    const name = row.split + " image " + visible(row.id);
    item.tabIndex = -1;
    item.append(picture(row.tile, name, "tile-large"), labelLine(row));
    item.append(make("p", "note", name), make("p", "found-there", visible(row.told)), choices(row, item, name));
    showAnswer(row, item, name);
    return item;
  }

  function labelLine(row) {
    const line = make("p", "said");
    line.append(make("b", "", visible(row.label)));
    if (row.suggested) line.append(make("span", "", ", rather "), make("b", "wrong", visible(row.suggested)));
    return line;
  }

  function choices(row, item, name) {
    const group = make("div", "choices");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Decision about " + name);
    for (const action of ACTIONS) {
      const button = make("button", action, action);
      button.type = "button";
      button.addEventListener("click", () => {
        decide(row, row.decision === action ? "" : action);
        showAnswer(row, item, name);
        showLarge();
      });
      group.append(button);
    }
    return group;
  }

  // Which button is pressed, and the fields that belong to the decision.
  function showAnswer(row, item, name) {
    for (const button of item.querySelectorAll(".choices button")) {
      button.setAttribute("aria-pressed", String(button.className === row.decision));
    }
    item.querySelector(".answer-fields")?.remove();
    if (row.decision === "") return;
    const fields = make("div", "answer-fields filters");
    if (row.decision === "relabel") fields.append(newLabel(row, name));
    fields.append(reason(row, name));
    item.append(fields);
  }

  function newLabel(row, name) {
    const select = labelled("select", "New label", [
      ["", "choose a class"],
      ...classes.map((text, number) => [number, visible(text)]),
    ]);
    select.setAttribute("aria-label", "New label of " + name);
    if (classes.includes(row.new_label)) select.value = String(classes.indexOf(row.new_label));
    select.addEventListener("change", () => {
      row.new_label = select.value === "" ? "" : classes[Number(select.value)];
      decide(row, row.decision);
    });
    return select.parentElement;
  }

  function reason(row, name) {
    const input = labelled("input", "Reason");
    input.setAttribute("aria-label", "Reason of the decision about " + name);
    input.value = row.reason;
    input.addEventListener("input", () => {
      row.reason = input.value;
      decide(row, row.decision);
    });
    return input.parentElement;
  }

  function decide(row, action) {
    row.decision = action;
    row.when = action ? new Date().toISOString().slice(0, 10) : "";
    mine.add(row);
    const { decision, new_label, reason, when } = row;
    memory[place(row)] = { decision, new_label, reason, when };
    saved = keep(key, memory);
    tell();
  }

  function downloadAll() {
    for (const row of mine) row.who = row.decision ? who.value || row.who : "";
    const cells = rows.map((row) =>
      columns.map((column) => (column === "decision" && !isDecided(row) ? "" : row[column]))
    );
    download("decisions.csv", csvText(columns, cells));
    saved = true;
  }
}

// A field in its label; its element is the field.
function labelled(tag, text, options) {
  const field = make(tag);
  const label = make("label", "", text + " ");
  if (options) addOptions(field, options);
  label.append(field);
  return field;
}
