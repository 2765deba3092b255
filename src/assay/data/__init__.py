"""Labelled images as values: splits and data sets, where they come from, how they are kept."""
