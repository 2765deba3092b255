"""Serving an exported model over HTTP: Open Inference Protocol v2, picture files, a page, drift."""
