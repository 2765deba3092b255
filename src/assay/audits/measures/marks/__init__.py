"""Marks of the images of one class that are no content: traces of how they were made, stamps, lines."""
