"""Predictions and features of a trained model, whatever its kind."""
