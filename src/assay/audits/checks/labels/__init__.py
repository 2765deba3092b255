"""Checks of labels: what the pictures contradict, and what two classes fit."""
