"""Fault injection: known faults planted in a copy of the data, and how many of them the audit finds."""
