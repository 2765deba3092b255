"""Experiment trackers, fed by the events of a run: MLflow, TensorBoard, Trackio, Weights & Biases."""
