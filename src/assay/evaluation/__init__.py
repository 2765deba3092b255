"""Scores of a classifier on images that it has not seen. Pure NumPy."""
