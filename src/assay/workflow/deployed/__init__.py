"""A run of training leaves home: exported with proof, and served."""
