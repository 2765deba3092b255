"""Sampling distributions: exact tails, and figures of simulated draws."""
