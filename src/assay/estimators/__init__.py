"""The closed-form reference classifier: features, nearest neighbors, ridge regression. NumPy only."""
