"""Figures and contact sheets of both systems."""
