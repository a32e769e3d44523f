"""Figures and tables of the PixelRNN paper, made again."""
