"""Fitting a chip profile to measurements of one's own chip: the halve-copy-add table and a stack of flat readouts."""
