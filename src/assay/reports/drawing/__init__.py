"""Drawing tools: the canvas, colors, image grids, heat maps."""
