"""Convolutions of any window and stride: the picture walks past every PE, and every stride-th result is read out."""

from scamp_sim.kernels.densewalk.program import DenseMapping

__all__ = ["DenseMapping"]
