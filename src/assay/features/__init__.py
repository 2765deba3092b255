"""Image features: arrays that describe each image by far fewer numbers than it has pixels."""
