"""The training loop: steps, loader, checkpoints."""
