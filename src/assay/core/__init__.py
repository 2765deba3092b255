"""Shared foundations: errors, durable writes, events, text, array types, threads, versions."""
