"""What labelling tools write for each image, or for each split: which class it has, and what to type."""
