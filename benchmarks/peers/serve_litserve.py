"""The exported file behind LitServe: python serve_litserve.py FILE.onnx PORT."""

import sys

import litserve as ls
import numpy as np
import onnxruntime


class Classifier(ls.LitAPI):
    def setup(self, device):  # noqa: ARG002  as LitServe calls it
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(sys.argv[1], options)

    def decode_request(self, request):
        return np.asarray(request["images"], np.uint8)

    def predict(self, images):
        return self.session.run(["probabilities", "label"], {"images": images})

    def encode_response(self, output):
        return {"probabilities": output[0].tolist(), "label": output[1].tolist()}


if __name__ == "__main__":
    server = ls.LitServer(Classifier(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="error")
