"""Stratified splits that keep copies and groups on one side."""
