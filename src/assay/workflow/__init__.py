"""The whole story: plan, stages, run folder, gates, review, verification."""
