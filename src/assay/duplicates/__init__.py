"""Near-duplicate search: candidates by features, alignment of two images, the decision."""
