"""Images and labels that are objects in Python, each read as a file of a folder would be."""
