"""The audit before any training: measurements, and checks that turn them into findings. No torch."""
