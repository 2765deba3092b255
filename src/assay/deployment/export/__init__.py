"""A trained model as one ONNX file that gives the same answers, and the proof that it does."""
