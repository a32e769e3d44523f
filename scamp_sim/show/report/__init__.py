"""Costs beside the source: on the terminal, and as one web page."""
