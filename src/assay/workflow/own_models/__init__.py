"""Models and probabilities that a user brings, in the form that a run needs."""
