"""Fitting a chip profile to measurements of your own chip: the halve-copy-add table and a stack of flat readouts."""
