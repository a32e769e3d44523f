"""Syntax tree -> native words and launches: names, values, macros, scratch registers."""
