"""Passes over many images that several processes or threads share, to the same bits."""
