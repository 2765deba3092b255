// One suspect at a time, large, decided by keys. The list below shows the same rows.
const DIGITS = "1234567890";

// store: rows, classes, picture, found() (the rows that the filters leave), isDecided(row), change(row, values).
function startViewer(store) {
  const box = byId("viewer");
  const undone = [];
  let place = 0;

  const actions = {
    keep: () => decide({ decision: "keep", new_label: "" }),
    drop: () => decide({ decision: "drop", new_label: "" }),
    suggest: () => relabel(store.classes.indexOf(current()?.suggested)),
    undo,
    back: () => go(-1),
    next: () => go(1),
  };
  const keys = { k: "keep", d: "drop", s: "suggest", u: "undo", ArrowLeft: "back", ArrowRight: "next" };
  const buttons = [
    ["keep", "Keep (k)"],
    ["suggest", "Take the suggestion (s)"],
    ["drop", "Drop (d)"],
    ["undo", "Undo (u)"],
    ["back", "Back (\u2190)"],
    ["next", "Next (\u2192)"],
  ].map(([action, text]) => {
    const button = make("button", action, text);
    button.type = "button";
    button.addEventListener("click", actions[action]);
    return button;
  });
  byId("viewer-choices").append(...buttons);
  store.classes.slice(0, DIGITS.length).forEach((name, number) => {
    const button = make("button", "", DIGITS[number] + " " + visible(name));
    button.type = "button";
    button.addEventListener("click", () => relabel(number));
    byId("viewer-classes").append(button);
  });
  box.addEventListener("keydown", press);
  render();
  return render;

  function current() {
    place = Math.max(0, Math.min(place, store.found().length - 1));
    return store.found()[place];
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = DIGITS.indexOf(event.key);
    if (digit >= 0) relabel(digit);
    else if (keys[event.key]) actions[keys[event.key]]();
    else return;
    event.preventDefault();
  }

  function go(step) {
    place += step;
    render();
  }

  function relabel(number) {
    const name = store.classes[number];
    if (name !== undefined) decide({ decision: "relabel", new_label: name });
  }

  // The next row is remembered before the decision: a filter may take this one away.
  function decide(values) {
    const row = current();
    if (!row) return;
    const next = store.found()[place + 1];
    undone.push([row, { decision: row.decision, new_label: row.new_label }]);
    store.change(row, values);
    place = next ? store.found().indexOf(next) : store.found().length - 1;
    render();
  }

  function undo() {
    const last = undone.pop();
    if (!last) return;
    store.change(...last);
    place = Math.max(0, store.found().indexOf(last[0]));
    render();
  }

  function render() {
    const row = current();
    const done = store.rows.filter(store.isDecided).length;
    byId("viewer-progress").max = store.rows.length;
    byId("viewer-progress").value = done;
    for (const button of buttons) button.disabled = !row;
    if (!row) {
      for (const id of ["picture", "label", "found", "near"]) byId("viewer-" + id).replaceChildren();
      byId("viewer-place").textContent = "No image fits these filters.";
      return;
    }
    buttons[1].disabled = !store.classes.includes(row.suggested);
    buttons[3].disabled = undone.length === 0;
    const name = row.split + " image " + visible(row.id);
    const total = store.found().length;
    byId("viewer-place").textContent = (place + 1).toLocaleString("en") + " of " + total.toLocaleString("en");
    byId("viewer-picture").replaceChildren(store.picture(row.tile, name, "tile-huge"));
    byId("viewer-label").replaceChildren(...told(row));
    byId("viewer-found").textContent = visible(row.told) + ". " + name[0].toUpperCase() + name.slice(1);
    byId("viewer-near").replaceChildren(...row.near.map(neighbor));
  }

  function told(row) {
    const parts = [make("span", "", "Label "), make("b", "", visible(row.label))];
    if (row.suggested) parts.push(make("span", "", ", suggested "), make("b", "wrong", visible(row.suggested)));
    const answer = row.decision === "relabel" ? "relabel to " + visible(row.new_label) : row.decision;
    if (store.isDecided(row)) parts.push(make("span", "answer-given", " \u2192 " + answer));
    return parts;
  }

  function neighbor([tile, label, id]) {
    const item = make("li");
    item.append(store.picture(tile, "Similar image " + visible(id), "tile-large"), make("span", "", visible(label)));
    return item;
  }
}

// Decisions are kept in this browser, under the fingerprint of the data, until they are downloaded.
function kept(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) || {};
  } catch {
    return {};
  }
}

function keep(key, values) {
  try {
    localStorage.setItem(key, JSON.stringify(values));
    return true;
  } catch {
    return false;
  }
}
