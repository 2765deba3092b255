"""Near-duplicate search: candidates by features, alignment, the decision, and what was laid over."""
