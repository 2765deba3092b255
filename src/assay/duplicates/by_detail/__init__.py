"""Copies told by their detail: lined up, and compared cell by cell."""
