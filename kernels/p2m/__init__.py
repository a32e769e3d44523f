"""P2M's layer as SCAMP-5 programs: macropixels, few-level weights, shifted ReLU."""

from scamp_sim.kernels.p2m.macropixel import frame, shifts

__all__ = ["frame", "shifts"]
