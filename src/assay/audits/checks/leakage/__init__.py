"""Check `leakage`: copies and groups that test images share with train."""
