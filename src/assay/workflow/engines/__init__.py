"""Engines that run the shards of an audit: serially, in processes of this machine, or on Ray."""
