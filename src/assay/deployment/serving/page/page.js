"use strict";
// Everything that comes from files, class names or the server is set as text, never as HTML.

const byId = (id) => document.getElementById(id);
const MOST_SHOWN = 5;
let token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
let waiting = Promise.resolve();
let stream = null;

function element(kind, text, className) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(path, { ...options, headers });
}

async function answerOf(response) {
  const record = await response.json().catch(() => ({}));
  if (response.status === 401) byId("login").hidden = false;
  if (!response.ok) throw new Error(record.error || `the server answered with status ${response.status}`);
  return record;
}

async function describe() {
  try {
    const models = await answerOf(await ask("v2/repository/index", { method: "POST" }));
    const model = await answerOf(await ask(`v2/models/${encodeURIComponent(models[0].name)}`));
    const { classes, max_risk: risk } = model.parameters;
    const rule = risk === null ? "" : ` It answers only where at most ${percent(risk)} of its answers are wrong.`;
    byId("about").textContent = `The model ${model.name} knows ${classes.length} classes: ${classes.slice(0, 12).join(", ")}` +
      `${classes.length > 12 ? ", ..." : "."}${rule}`;
    byId("login").hidden = true;
  } catch (error) {
    byId("about").textContent = `The server says: ${error.message}`;
  }
}

function percent(share) {
  return `${(100 * share).toFixed(share > 0.999 || share < 0.001 ? 2 : 1)} %`;
}

function give(files) {
  for (const file of files) waiting = waiting.then(() => classify(file));
}

async function classify(file) {
  const name = file.name || "pasted picture";
  byId("status").textContent = `Classifying ${name}.`;
  const card = element("article");
  try {
    const type = file.type || "application/octet-stream";
    const response = await ask("predict?similar=3", { method: "POST", body: file, headers: { "Content-Type": type } });
    const record = await answerOf(response);
    show(card, file, name, record.predictions[0], record.similar);
    byId("status").textContent = `${name}: ${spoken(record.predictions[0])}`;
  } catch (error) {
    const text = element("div");
    text.append(element("h3", "It could not be classified"), element("p", name, "file"), element("p", error.message, "error"));
    card.append(element("span"), text);
    byId("status").textContent = `${name} could not be classified: ${error.message}`;
  }
  byId("results").prepend(card);
  while (byId("results").children.length > 50) byId("results").lastChild.remove();
}

function spoken(answer) {
  const sure = `${answer.predicted}, ${percent(answer.probability)}`;
  if (answer.familiar === false) return `unlike anything in training. The nearest guess is ${sure}.`;
  return answer.answered === false ? `I do not know. The best guess is ${sure}.` : `${sure}.`;
}

function show(card, file, name, answer, whyNone) {
  const picture = element("img");
  picture.alt = `The picture ${name}`;
  picture.src = URL.createObjectURL(file);
  picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
  const text = element("div");
  const unsure = answer.answered === false || answer.familiar === false;
  text.append(element("h3", unsure ? "I do not know" : answer.predicted), element("p", name, "file"));
  if (answer.familiar === false) {
    text.append(element("p", "Unlike anything in training: the probabilities below mean little.", "note"));
  } else if (answer.answered === false) {
    text.append(element("p", "Not sure enough: by its rule the model does not answer here.", "note"));
  }
  if (answer.note) text.append(element("p", `Of the file: ${answer.note}.`, "note"));
  text.append(probabilities(answer.probabilities), similar(answer.similar, whyNone));
  card.append(picture, text);
}

function probabilities(shares) {
  const list = element("dl", undefined, "classes");
  const sorted = Object.entries(shares).sort((a, b) => b[1] - a[1]);
  for (const [name, share] of sorted.slice(0, MOST_SHOWN)) {
    const bar = element("progress");
    bar.max = 1;
    bar.value = share;
    bar.setAttribute("aria-hidden", "true");
    const term = element("dt");
    term.append(element("span", name));
    const value = element("dd");
    value.append(bar, element("span", percent(share), "number"));
    list.append(term, value);
  }
  return list;
}

function similar(images, whyNone) {
  const part = element("div");
  if (!images) {
    if (whyNone) part.append(element("p", `Similar training images: ${whyNone}`, "quiet"));
    return part;
  }
  part.append(element("h4", "Most similar training images"));
  const list = element("ul", undefined, "similar");
  for (const image of images) {
    const figure = element("figure");
    const shown = element("img");
    shown.alt = `Training image of class ${image.class}`;
    ask(`training/${image.index}.png`).then((response) => response.blob()).then((blob) => {
      shown.src = URL.createObjectURL(blob);
      shown.addEventListener("load", () => URL.revokeObjectURL(shown.src), { once: true });
    }, () => {});
    figure.append(shown, element("figcaption", image.class));
    const item = element("li");
    item.append(figure);
    list.append(item);
  }
  part.append(list);
  return part;
}

async function openCamera() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    byId("status").textContent = "There is no camera, or the browser does not let this page use it.";
    return;
  }
  byId("video").srcObject = stream;
  byId("viewfinder").hidden = false;
  byId("shoot").focus();
}

function closeCamera() {
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  byId("viewfinder").hidden = true;
  byId("camera").focus();
}

function shoot() {
  const video = byId("video");
  const canvas = element("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => give([new File([blob], "photo.png", { type: "image/png" })]), "image/png");
}

byId("choose").addEventListener("click", () => byId("files").click());
byId("files").addEventListener("change", (event) => {
  give([...event.target.files]);
  event.target.value = "";
});
byId("camera").addEventListener("click", openCamera);
byId("close").addEventListener("click", closeCamera);
byId("shoot").addEventListener("click", shoot);
byId("viewfinder").addEventListener("keydown", (event) => event.key === "Escape" && closeCamera());
byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  describe();
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData ? event.clipboardData.files : [])];
  if (files.length) give(files);
});
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    byId("drop").classList.add("over");
  });
}
document.addEventListener("dragleave", () => byId("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  give([...event.dataTransfer.files]);
});
describe();
