// Pictures of single images, cut out of the sheets in this page.
const SHEETS = new Map();

// tile: width and height of one picture, pictures beside each other, and in a sheet.
function pictures([width, height, columns, perSheet]) {
  return (tile, name, size) => {
    if (tile < 0) return make("p", "picture missing " + size, "not pictured");
    const canvas = make("canvas", "picture " + size);
    canvas.width = width;
    canvas.height = height;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
    draw(canvas, tile);
    return canvas;
  };

  async function draw(canvas, tile) {
    const place = tile % perSheet;
    const left = (place % columns) * width;
    const top = Math.floor(place / columns) * height;
    const sheet = await decoded(Math.floor(tile / perSheet));
    canvas.getContext("2d").drawImage(sheet, left, top, width, height, 0, 0, width, height);
    canvas.dataset.drawn = "true";
  }
}

// A sheet is decoded when the first of its tiles is shown.
function decoded(number) {
  if (!SHEETS.has(number)) {
    const sheet = new Image();
    sheet.src = "data:image/png;base64," + byId("sheet-" + number).textContent;
    SHEETS.set(number, sheet.decode().then(() => sheet));
  }
  return SHEETS.get(number);
}
