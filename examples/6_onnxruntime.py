# %% [markdown]
# # A model without Assay
# An exported file is all that another program needs: pixels go in, and scaling, net, temperature and softmax
# are inside. Its metadata name the classes and the size of the pictures. In a browser: examples/browser.

# %% Train and export: here Assay is needed, and for the last time
from pathlib import Path

from PIL import Image

import assay

data = assay.load("fashion-mnist-sample")
model = assay.train(data, "mlp", epochs=3)
print(model.export("model.onnx", data))
Image.fromarray(data.splits["test"].images[0, ..., 0]).save("shoe.png")
Path("expected.txt").write_text(str(model.predict("shoe.png")[0]))

# %% Plain onnxruntime, in another program
import json

import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
about = json.loads(session.get_modelmeta().custom_metadata_map["assay"])
picture = Image.open("shoe.png")
assert picture.mode in ("L", "RGB")  # 16 bits and transparency: see docs/export.md
image = picture.convert("L" if about["preprocessing"]["channels"] == 1 else "RGB")
pixels = np.asarray(image, np.uint8).reshape(1, *session.get_inputs()[0].shape[1:])  # of the model's size
probabilities, label, answered, ood_score = session.run(None, {"images": pixels})
print(about["classes"][label[0]], f"{probabilities[0, label[0]]:.1%}")

# %%
assert about["classes"][label[0]] == Path("expected.txt").read_text()
