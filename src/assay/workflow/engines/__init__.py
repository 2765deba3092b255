"""Who runs the shards of an audit: one after the other here, or processes of this machine."""
