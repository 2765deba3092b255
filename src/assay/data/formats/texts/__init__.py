"""Texts: errors of tables, and tables under other names."""
