"""The cache of data sets read before, and downloads."""
