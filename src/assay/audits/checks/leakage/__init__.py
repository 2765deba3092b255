"""Check `leakage`: what test images share with train."""
