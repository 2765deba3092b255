"""Checks `label-errors` and `ambiguous-labels`: labels that the pictures contradict or leave open."""
