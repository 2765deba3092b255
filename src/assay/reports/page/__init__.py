"""The HTML page: its chapters, tables, scripts and templates."""
