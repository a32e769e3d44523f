"""A strided convolution of few-level weights on macropixels: one window, one slot a channel.

What the programs of P2M and of the spiking front end share.
"""

from scamp_sim.kernels.macropixels.layout import Layout, most_channels
from scamp_sim.kernels.macropixels.program import Mapping, largest_exponent

__all__ = ["Layout", "Mapping", "largest_exponent", "most_channels"]
