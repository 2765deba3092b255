"""The figures of the report, a file per chapter."""
