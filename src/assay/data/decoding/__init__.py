"""From picture files to arrays of one size, in worker processes."""
