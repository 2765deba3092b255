"""Check `quality`: flaws of exposure, sharpness and framing, and damaged files."""
