"""Texts: usual names of columns, errors of tables, and tables under other names."""
