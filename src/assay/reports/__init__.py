"""Figures and the report. Only here: matplotlib and jinja2."""
