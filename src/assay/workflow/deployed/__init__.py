"""Deployment of a run: export with proof of equality, serving, and scores on other data."""
