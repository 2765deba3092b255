"""The exported file behind BentoML: python serve_bentoml.py FILE.onnx PORT."""

import os
import sys
from pathlib import Path

import bentoml
import numpy as np
import onnxruntime


@bentoml.service(workers=1)
class Classifier:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["ASSAY_PEER_FILE"], options)

    @bentoml.api(route="/predict")
    def predict(self, images: list) -> dict:
        found = self.session.run(["probabilities", "label"], {"images": np.asarray(images, np.uint8)})
        return {"probabilities": found[0].tolist(), "label": found[1].tolist()}


if __name__ == "__main__":
    os.environ["ASSAY_PEER_FILE"] = sys.argv[1]
    os.chdir(Path(__file__).parent)
    bentoml = str(Path(sys.executable).with_name("bentoml"))
    arguments = ["serve", "serve_bentoml:Classifier", "--host", "127.0.0.1", "--port", sys.argv[2]]
    os.execv(bentoml, [bentoml, *arguments])
