"""Validation of the files of a run folder before they are used: they may come from anywhere."""
