"""Inputs of PixelRNN: clips from files, synthetic gestures, public data sets."""
