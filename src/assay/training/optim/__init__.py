"""Losses, optimizers, schedules, augmentation and the backward pass."""
