"""Images packed into files and arrays: WebDataset shards, texts of pixels, rows of arrays."""
