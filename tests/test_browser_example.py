"""examples/browser: an exported model in a page, by onnxruntime-web, answers as the file does in Python."""

import base64
import functools
import http.server
import io
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

import assay
from assay.deployment.onnx_model import OnnxModel
from reports.chromium import PATIENCE, console, requests, start

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / ".browser" / "node_modules" / "onnxruntime-web" / "dist"
if not RUNTIME.is_dir():
    pytest.skip("onnxruntime-web is not installed (scripts/install_browser.sh)", allow_module_level=True)

#: Answers of the page's own functions for `n` images given as base64.
ASK = """
const [text, done] = arguments;
(async () => {
  const { classify, load } = await import("./classify.js");
  const model = await load();
  return await classify(model, Uint8Array.from(atob(text), c => c.charCodeAt(0)));
})().then(done, error => done(String(error)));
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    yield from start(tmp_path_factory.mktemp("profile"))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012  the base class's own form
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        return


def _site(folder: Path, kind: str) -> np.ndarray:
    """The example, the runtime and a model in one folder, as one would publish them; test images."""
    shutil.copytree(ROOT / "examples" / "browser", folder, dirs_exist_ok=True)
    (folder / "onnxruntime-web").mkdir()
    for name in ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"):
        shutil.copy(RUNTIME / name, folder / "onnxruntime-web" / name)
    rng, labels = np.random.default_rng(0), np.arange(300) % 3
    shape = (9, 8, 3) if kind == "color" else (8, 8, 1)
    images = rng.integers(0, 160, (300, *shape), np.uint8)
    images[:, :4] += (labels * 40).astype(np.uint8)[:, None, None, None]
    data = assay.load(arrays=(images[:240], labels[:240], images[240:], labels[240:]), classes="a,<b>,ü")
    recipe = {"color": ("cnn-small", {"least_steps": 1}), "gray": ("mlp", {"reference": 0.3})}[kind]
    settings = {"epochs": 1, "threads": 1, "max_risk": 0.4, **recipe[1]}
    assay.train(data, recipe[0], **settings).export(folder / "model.onnx", data)
    return images[240:]


@pytest.mark.parametrize("kind", ["gray", "color"])
def test_the_page_answers_as_the_file_does(browser: webdriver.Chrome, kind: str, tmp_path: Path) -> None:
    """Class, probabilities, answered, familiar of many images; a picture file; no other request."""
    images = _site(tmp_path / "site", kind)
    handler = functools.partial(_Quiet, directory=tmp_path / "site")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/"
            requests(browser), console(browser)
            browser.get(address)
            file = OnnxModel.read(tmp_path / "site" / "model.onnx")
            given = np.concatenate([images, np.zeros_like(images[:1]), np.full_like(images[:1], 255)])
            found = browser.execute_async_script(ASK, base64.b64encode(given.tobytes()).decode())
            assert isinstance(found, list), found
            wanted = file.run(given)
            assert [one["predicted"] for one in found] == [file.classes[i] for i in wanted.label]
            np.testing.assert_allclose([o["probabilities"] for o in found], wanted.probabilities, atol=1e-5)
            assert [one["answered"] for one in found] == wanted.answered.tolist()
            familiar = file.familiar(wanted)
            assert [one["familiar"] for one in found] == (
                [True] * len(given) if familiar is None else familiar.tolist()
            )
            lines = _by_file(browser, images[0], tmp_path)
            percent = f"{100 * wanted.probabilities[0].max():.1f} %"
            assert lines[0].startswith(f"right.png: {file.classes[wanted.label[0]]}, {percent}")
            assert "the model takes" in lines[1]
            asked = [one for one in requests(browser) if not one.startswith(("data:", "blob:"))]
            assert len(asked) > 4 and all(one.startswith(address) for one in asked)
            assert [text for text in console(browser) if "favicon" not in text] == []
        finally:
            server.shutdown()


def _by_file(browser: webdriver.Chrome, image: np.ndarray, folder: Path) -> list[str]:
    """What the page says of a picture of the model's size, and of a larger one."""
    large = np.repeat(image, 2, axis=0)
    for name, pixels in (("right.png", image), ("large.png", large)):
        out = io.BytesIO()
        Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[..., 0]).save(out, "PNG")
        (folder / name).write_bytes(out.getvalue())
    field = browser.find_element("css selector", "input")
    WebDriverWait(browser, PATIENCE).until(lambda _: field.is_enabled())
    field.send_keys(f"{folder / 'right.png'}\n{folder / 'large.png'}")
    WebDriverWait(browser, PATIENCE).until(lambda b: len(b.find_elements("css selector", "li")) == 2)
    return [one.text for one in browser.find_elements("css selector", "li")]
