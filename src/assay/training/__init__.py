"""Training: models, recipes, the training loop, checkpoints. The only room that loads torch."""
