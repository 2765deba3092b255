"""Sets that were cut into shards: what their names say, and WebDataset shards as a listing."""
