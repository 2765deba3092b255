"""Image files shared out among several processes."""
