"""Data on object storage."""
