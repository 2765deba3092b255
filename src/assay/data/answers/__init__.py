"""Class probabilities of other models: their columns, their rows, and whether they belong to the images."""
