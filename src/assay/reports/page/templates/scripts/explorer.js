// The mistake explorer: filters a list of test images.
const PAGE = 12;

function startExplorer(data) {
  const picture = pictures(data.tile);
  const images = data.images.map(readImage);
  const filters = ["show", "label", "answer", "sure", "audit"].map((name) => byId("filter-" + name));
  const cards = byId("cards");
  const more = byId("more");
  let found = [];

  fillFilters();
  filters.forEach((filter) => filter.addEventListener("change", show));
  byId("reset").addEventListener("click", () => choose({}));
  more.addEventListener("click", showMore);
  startMatrix(byId("matrix"), data.classes, (label, answer) => {
    choose({ show: "all", label, answer });
    byId("found").scrollIntoView({ block: "nearest" });
  });
  if (byId("figure-map") && data.map) startMap(byId("figure-map"), data, shownFromMap);
  byId("explorer").hidden = false;
  choose({});

  function readImage([row, id, label, answer, p, own, tile, near, flags]) {
    return { row, id, label, answer, p, own, tile, near, flags };
  }

  function fillFilters() {
    const classes = data.classes.map((name, label) => [label, name]);
    for (const name of ["label", "answer"]) addOptions(byId("filter-" + name), classes);
    addOptions(byId("filter-audit"), data.checks.map((check, number) => [number, check]));
  }

  // Sets the filters named and puts all others back.
  function choose(wanted) {
    for (const filter of filters) {
      const value = wanted[filter.id.replace("filter-", "")];
      if (value === undefined) filter.selectedIndex = 0;
      else filter.value = String(value);
    }
    show();
  }

  function show() {
    const [kind, label, answer, sure, audit] = filters.map((filter) => filter.value);
    found = images.filter(
      (image) =>
        (kind === "all" || (kind === "wrong") === (image.label !== image.answer)) &&
        (label === "" || image.label === Number(label)) &&
        (answer === "" || image.answer === Number(answer)) &&
        isSure(image.p, sure) &&
        isFlagged(image.flags, audit)
    );
    cards.replaceChildren();
    showMore();
  }

  function isSure(p, sure) {
    if (sure === "") return true;
    const [low, high] = sure.split("-").map(Number);
    return p >= low && (p < high || high === 1);
  }

  function isFlagged(flags, audit) {
    if (audit === "") return true;
    if (audit === "none") return flags.length === 0;
    return audit === "any" ? flags.length > 0 : flags.some(([check]) => check === Number(audit));
  }

  function showMore() {
    const start = cards.children.length;
    const next = found.slice(start, start + PAGE);
    cards.append(...next.map(card));
    const shown = start + next.length;
    more.hidden = shown >= found.length;
    byId("found").textContent = told(found.length, shown);
    if (start > 0 && next.length > 0) cards.children[start].focus();
  }

  function told(total, shown) {
    if (total === 0) return "No image fits these filters.";
    const noun = total === 1 ? "1 image" : total.toLocaleString("en") + " images";
    const [label, answer] = ["label", "answer"].map((name) => byId("filter-" + name).value);
    const pair = label !== "" && answer !== "" ? data.classes[label] + verb(label, answer) + ": " : "";
    return pair + (shown < total ? noun + ", the first " + shown + " shown." : noun + ".");
  }

  function verb(label, answer) {
    return label === answer ? " classified correctly" : " classified as " + data.classes[answer];
  }

  function card(image) {
    const item = make("li", "card");
    item.tabIndex = -1;
    const label = data.classes[image.label];
    const answer = data.classes[image.answer];
    const right = image.label === image.answer;
    item.append(picture(image.tile, "Test image " + image.id, "tile-large"));
    item.append(answerLine(label, answer, right), make("p", "note", idLine(image, right)));
    if (image.flags.length) item.append(flagList(image.flags));
    if (image.near.length) item.append(neighbors(image.near));
    return item;
  }

  // The card of an image that was chosen on the map, and those that the model sees as most similar to it.
  function shownFromMap(number, choose) {
    const item = card(images[number]);
    const box = make("div", "near");
    box.append(make("p", "note", "most similar to the model, of the images listed here"));
    const list = make("ul", "alike");
    for (const other of data.alike[number]) list.append(similar(images[other], () => choose(other)));
    box.append(list);
    item.append(box);
    return item;
  }

  function similar(image, choose) {
    const item = make("li");
    const button = make("button");
    const said = data.classes[image.label] + (image.label === image.answer ? "" : " \u2192 " + data.classes[image.answer]);
    button.type = "button";
    button.append(picture(image.tile, "Test image " + image.id, "tile-small"), make("span", "", said));
    button.addEventListener("click", choose);
    item.append(button);
    return item;
  }

  function answerLine(label, answer, right) {
    const line = make("p", "said");
    line.append(make("b", "", label));
    if (right) line.append(make("span", "", ", classified correctly"));
    else line.append(make("span", "", " classified as "), make("b", "wrong", answer));
    return line;
  }

  function idLine(image, right) {
    const given = "answer " + percent(image.p);
    return (right ? given : given + ", label " + percent(image.own)) + " \u00b7 " + image.id;
  }

  function flagList(flags) {
    const list = make("ul", "flags");
    for (const [check, words] of flags) {
      const item = make("li");
      item.append(make("b", "", data.checks[check]), make("span", "", ": " + words));
      list.append(item);
    }
    return list;
  }

  function neighbors(near) {
    const box = make("div", "near");
    box.append(make("p", "note", "nearest in train"));
    const list = make("ul");
    for (const row of near) {
      const [id, label, tile] = data.train[row];
      const item = make("li");
      item.append(picture(tile, "Training image " + id, "tile-small"), make("span", "", data.classes[label]));
      list.append(item);
    }
    box.append(list);
    return box;
  }
}

function percent(share) {
  return (100 * share).toFixed(share > 0.9995 ? 2 : 1) + "\u00a0%";
}

// The cells of the confusion matrix become buttons: one stop for the tab key, arrows from cell to cell.
function startMatrix(table, classes, choose) {
  const cells = [...table.querySelectorAll("td[data-label]")].filter((cell) => cell.textContent.trim());
  const buttons = cells.map((cell) => {
    const button = make("button");
    const label = Number(cell.dataset.label);
    const answer = Number(cell.dataset.answer);
    const number = cell.textContent.trim();
    const verb = label === answer ? " classified correctly" : " classified as " + classes[answer];
    button.type = "button";
    button.tabIndex = -1;
    button.setAttribute("aria-label", number + ": " + classes[label] + verb);
    button.setAttribute("aria-pressed", "false");
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => {
      press(button);
      choose(label, answer);
    });
    return button;
  });
  if (buttons.length) buttons[0].tabIndex = 0;
  table.addEventListener("keydown", move);

  function press(button) {
    for (const other of buttons) {
      other.setAttribute("aria-pressed", String(other === button));
      other.tabIndex = other === button ? 0 : -1;
    }
  }

  function move(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const cell = event.target.closest("td");
    if (!step || !cell) return;
    event.preventDefault();
    const next = nextButton(cell, step);
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  // The next cell in that direction that holds images; empty ones are passed over.
  function nextButton(cell, [down, right]) {
    let row = cell.parentElement.rowIndex + down;
    let column = cell.cellIndex + right;
    while (table.rows[row] && table.rows[row].cells[column]) {
      const button = table.rows[row].cells[column].querySelector("button");
      if (button) return button;
      row += down;
      column += right;
    }
    return null;
  }
}
