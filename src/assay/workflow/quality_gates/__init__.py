"""Quality gates: conditions that must not be true of the data or the score, and how they are judged."""
