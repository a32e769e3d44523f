"""Prices, the records of what things cost, and the published figures that the prices are held against."""
