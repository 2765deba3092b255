// The map of the test images, drawn again at any zoom over the printed one. A click shows the nearest of the
// images that the explorer holds, with those that the model sees as most similar to it.
const MOST_ZOOM = 64;
const NEAR_POINTER = 8; // pixels
const WRONG = 1;
const FLAGGED = 2;

// data: places of the explorer's images, as shares of the axes, and what is drawn (page/map_view.py).
// card(number, choose): the element that shows an image.
function startMap(figure, data, card) {
  const plate = figure.querySelector(".plate");
  const points = readPoints(data.map);
  const canvas = make("canvas", "map-view");
  const tools = make("p", "map-tools");
  const shown = make("ol", "cards");
  const view = { x: 0.5, y: 0.5, zoom: 1 };
  let start = null;
  let dragged = false;

  shown.id = "map-image";
  shown.setAttribute("aria-live", "polite");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Map of the test images: plus and minus zoom, arrows move, Enter shows the image in the middle");
  for (const [text, action] of [["Zoom in", () => zoom(2)], ["Zoom out", () => zoom(0.5)], ["Whole map", reset]]) {
    const button = make("button", "", text);
    button.type = "button";
    button.addEventListener("click", action);
    tools.append(button);
  }
  tools.append(make("span", "note", "Ring: a mistake. Cross: flagged by the audit. Drag to move; click near a point to see its image."));
  plate.append(canvas);
  plate.after(tools, shown);
  canvas.addEventListener("pointerdown", take);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", () => (start = null));
  canvas.addEventListener("pointercancel", () => (start = null));
  canvas.addEventListener("click", (event) => dragged || choose(nearest(shareOf(event))));
  canvas.addEventListener("dblclick", (event) => zoom(2, shareOf(event)));
  canvas.addEventListener("wheel", wheel, { passive: false });
  canvas.addEventListener("keydown", press);
  new ResizeObserver(fit).observe(plate);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  fit();

  // The canvas lies on the axes of the form of the figure that this screen shows.
  function fit() {
    const svg = [...plate.querySelectorAll("svg")].find((one) => one.getBoundingClientRect().width > 0);
    if (!svg) return;
    const [inner, outer] = [svg, plate].map((one) => one.getBoundingClientRect());
    const [left, top, width, height] = data.map.box;
    const size = { width: width * inner.width, height: height * inner.height };
    canvas.style.left = inner.left - outer.left - plate.clientLeft + left * inner.width + "px";
    canvas.style.top = inner.top - outer.top - plate.clientTop + top * inner.height + "px";
    for (const side of ["width", "height"]) {
      canvas.style[side] = size[side] + "px";
      canvas[side] = Math.round(size[side] * devicePixelRatio);
    }
    paint();
  }

  function paint() {
    const context = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const colors = { ground: style.getPropertyValue("--page"), ink: style.getPropertyValue("--ink") };
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    paintMap(context, points, data.map, view, colors);
    canvas.dataset.zoom = view.zoom;
    canvas.style.touchAction = view.zoom > 1 ? "none" : "pan-y";
  }

  // The middle of the view stays within the map.
  function look(x, y) {
    const half = 0.5 / view.zoom;
    view.x = Math.min(1 - half, Math.max(half, x));
    view.y = Math.min(1 - half, Math.max(half, y));
    paint();
  }

  // The point `at` stays where it is on the screen.
  function zoom(times, at = [view.x, view.y]) {
    const before = view.zoom;
    view.zoom = Math.min(MOST_ZOOM, Math.max(1, before * times));
    const kept = before / view.zoom;
    look(at[0] + (view.x - at[0]) * kept, at[1] + (view.y - at[1]) * kept);
  }

  function reset() {
    view.zoom = 1;
    look(0.5, 0.5);
  }

  function shareOf(event) {
    const box = canvas.getBoundingClientRect();
    return [
      view.x + ((event.clientX - box.left) / box.width - 0.5) / view.zoom,
      view.y + ((event.clientY - box.top) / box.height - 0.5) / view.zoom,
    ];
  }

  function nearest([x, y]) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const distances = data.places.map(([a, b]) => Math.hypot((a - x) * width, (b - y) * height));
    return distances.indexOf(Math.min(...distances));
  }

  function choose(number) {
    if (number < 0) return;
    shown.replaceChildren(card(number, choose));
    shown.dataset.image = number;
  }

  function take(event) {
    start = { x: event.clientX, y: event.clientY, from: { ...view } };
    dragged = false;
  }

  function move(event) {
    if (!start) return point(event);
    const [right, down] = [event.clientX - start.x, event.clientY - start.y];
    if (Math.hypot(right, down) > 4) dragged = true;
    if (!dragged) return;
    const { x, y, zoom: times } = start.from;
    look(x - right / canvas.clientWidth / times, y - down / canvas.clientHeight / times);
  }

  // A tip for the image under the pointer.
  function point(event) {
    const at = shareOf(event);
    const number = nearest(at);
    const [x, y] = data.places[number] || [9, 9];
    const far = Math.hypot((x - at[0]) * canvas.clientWidth, (y - at[1]) * canvas.clientHeight) * view.zoom;
    canvas.title = far < NEAR_POINTER ? tipOf(data.images[number]) : "";
  }

  function tipOf([, id, label, answer]) {
    const classes = label === answer ? [label] : [label, answer];
    return classes.map((n) => data.classes[n]).join(" classified as ") + " \u00b7 " + id;
  }

  // With a key held, as on a touchpad's pinch: the wheel alone scrolls the page.
  function wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 200), shareOf(event));
  }

  function press(event) {
    const step = 0.2 / view.zoom;
    const actions = {
      "+": () => zoom(2),
      "=": () => zoom(2),
      "-": () => zoom(0.5),
      0: reset,
      ArrowLeft: () => look(view.x - step, view.y),
      ArrowRight: () => look(view.x + step, view.y),
      ArrowUp: () => look(view.x, view.y - step),
      ArrowDown: () => look(view.x, view.y + step),
      Enter: () => choose(nearest([view.x, view.y])),
    };
    if (event.altKey || event.ctrlKey || event.metaKey || !actions[event.key]) return;
    actions[event.key]();
    event.preventDefault();
  }
}

function readPoints(map) {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const places = new DataView(bytes(map.places).buffer);
  const [classes, kinds] = [bytes(map.classes), bytes(map.kinds)];
  return Array.from(classes, (label, n) => ({
    x: places.getUint16(4 * n, true) / 65535,
    y: places.getUint16(4 * n + 2, true) / 65535,
    label,
    kind: kinds[n],
  }));
}

function paintMap(context, points, map, view, colors) {
  const { width, height } = context.canvas.getBoundingClientRect();
  const place = ({ x, y }) => [
    ((x - view.x) * view.zoom + 0.5) * width,
    ((y - view.y) * view.zoom + 0.5) * height,
  ];
  const radius = Math.min(7, (width < 400 ? 1.4 : 2) * Math.sqrt(view.zoom));
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, width, height);
  for (const point of points) {
    const [x, y] = place(point);
    if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
    const color = map.colors[point.label % map.colors.length];
    const marker = map.markers[point.label % map.markers.length];
    if (point.kind & WRONG) {
      fill(context, marker, x, y, 1.9 * radius, map.rings[1]);
      fill(context, marker, x, y, 1.6 * radius, map.rings[0]);
    }
    context.globalAlpha = point.kind & WRONG ? 1 : 0.6;
    fill(context, marker, x, y, (point.kind & WRONG ? 1.2 : 1) * radius, color);
    context.globalAlpha = 1;
    if (point.kind & FLAGGED) cross(context, x, y, 1.2 * radius, map.rings);
  }
  nameClasses(context, map.names, place, colors);
}

// Corners of the markers, from the middle, each at the distance 1; a circle has none.
const CORNERS = { s: [4, 45], D: [4, 0], "^": [3, -90], v: [3, 90], "<": [3, 180], ">": [3, 0], p: [5, -90], h: [6, -90] };

function fill(context, marker, x, y, radius, color) {
  const [count, first] = CORNERS[marker] || [0, 0];
  context.fillStyle = color;
  context.beginPath();
  if (marker === "P" || marker === "X") beams(context, x, y, radius, marker === "X" ? 45 : 0);
  else if (count === 0) context.arc(x, y, radius, 0, 2 * Math.PI);
  for (let n = 0; n < count; n += 1) {
    const angle = ((first + (360 * n) / count) * Math.PI) / 180;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.fill();
}

// Two bars across each other.
function beams(context, x, y, radius, degrees) {
  for (const turn of [degrees, degrees + 90]) {
    const [along, across] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
    [[1, 0.35], [1, -0.35], [-1, -0.35], [-1, 0.35]].forEach(([a, b], n) => {
      const corner = [x + radius * (a * along - b * across), y + radius * (a * across + b * along)];
      if (n === 0) context.moveTo(...corner);
      else context.lineTo(...corner);
    });
    context.closePath();
  }
}

function cross(context, x, y, radius, [dark, light]) {
  for (const [width, color] of [[2.6, light], [1.2, dark]]) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(x - radius, y - radius);
    context.lineTo(x + radius, y + radius);
    context.moveTo(x - radius, y + radius);
    context.lineTo(x + radius, y - radius);
    context.stroke();
  }
}

// Each name at the middle of its class, moved up where it would cover another.
function nameClasses(context, names, place, colors) {
  const [high, placed] = [17, []];
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  const wanted = names.map(([text, x, y]) => ({ text, at: place({ x, y }) }));
  for (const { text, at } of wanted.sort((a, b) => b.at[1] - a.at[1])) {
    const half = context.measureText(text).width / 2 + 4;
    const { width } = context.canvas.getBoundingClientRect();
    const inside = at[0] >= 0 && at[0] <= width;
    const x = inside ? Math.min(width - half, Math.max(half, at[0])) : at[0];
    let y = at[1];
    while (placed.some((o) => Math.abs(o.y - y) < high && Math.abs(o.x - x) < half + o.half)) y -= 2;
    placed.push({ x, y, half });
    context.globalAlpha = 0.82;
    context.fillStyle = colors.ground;
    context.fillRect(x - half, y - high / 2, 2 * half, high);
    context.globalAlpha = 1;
    context.fillStyle = colors.ink;
    context.fillText(text, x, y);
  }
}
