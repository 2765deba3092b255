// An exported model in the browser, by onnxruntime-web. Everything stays on the machine of whoever looks at the page.
import * as ort from "./onnxruntime-web/ort.wasm.min.mjs";

ort.env.wasm.numThreads = 1; // more need the headers of a cross-origin isolated page

// The model and what it says about itself: `assay export RUN --out model.onnx` writes both.
export async function load(folder = ".") {
  const about = (await (await fetch(`${folder}/model.export.json`)).json()).metadata;
  const session = await ort.InferenceSession.create(`${folder}/model.onnx`, { executionProviders: ["wasm"] });
  return { session, ...about };
}

// Rows of pixels, bytes of n images of the model's size one after the other -> an answer for each.
export async function classify(model, pixels) {
  const { height, width, channels } = model.preprocessing;
  const n = pixels.length / (height * width * channels);
  const images = new ort.Tensor("uint8", pixels, [n, height, width, channels]);
  const out = await model.session.run({ images });
  const k = model.classes.length;
  return Array.from({ length: n }, (_, i) => ({
    predicted: model.classes[Number(out.label.data[i])],
    probabilities: Array.from(out.probabilities.data.slice(i * k, (i + 1) * k)),
    answered: Boolean(out.answered.data[i]),
    familiar: model.gate === null || out.ood_score.data[i] <= Math.fround(model.gate.threshold),
  }));
}

// The pixels of a picture file, laid over white, gray where the model is: as Assay reads them. Browsers resize by rules
// of their own, and the model would see another image; so a picture of another size is refused.
export async function pixelsOf(model, file) {
  const { height, width, channels, deep } = model.preprocessing;
  if (deep) throw new Error("the model takes pictures of 16 bits by a scale of its own; browsers keep 8 of them");
  const picture = await createImageBitmap(file);
  if (picture.width !== width || picture.height !== height)
    throw new Error(`${picture.width} x ${picture.height} pixels; the model takes ${width} x ${height}`);
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const pixels = new Uint8Array(height * width * channels);
  for (let i = 0; i < height * width; i++) {
    const [r, g, b] = rgba.subarray(4 * i, 4 * i + 3);
    if (channels === 1) pixels[i] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16; // as Pillow's mode L
    else pixels.set([r, g, b], 3 * i);
  }
  return pixels;
}
