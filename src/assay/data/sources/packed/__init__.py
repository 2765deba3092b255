"""Images packed into many files of equal form: WebDataset shards."""
