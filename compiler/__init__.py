"""Kernel source text -> Program."""
