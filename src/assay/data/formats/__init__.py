"""Parsers of foreign bytes: each reads one format and refuses what is damaged or hostile."""
