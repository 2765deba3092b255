"""What the checks need, measured once: sums over pixels, image statistics, cross-validated predictions."""
