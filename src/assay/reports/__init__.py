"""The report of a run: figures, the texts beside them, and one HTML file. Only here: matplotlib, jinja2.

`assay.reports.page.html.write_report` is the entrance.
"""
