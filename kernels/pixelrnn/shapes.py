"""Sizes of the network that programs and golden model share, and the types of its planes."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

FRAMES, SIDE = 16, 64
"""Frames from one start of the state to the output; rows and columns of a frame."""

WINDOW, MAPS, REACH = 4, 16, 2
"""Pooling window, feature maps, and how far a 5x5 kernel reaches from its centre."""

INPUT_LEVEL = 116
"""Grey above it is +1. The authors normalise grey to 0..1 by a fixed mean and spread and take the sign. On their dumped
frames the same rule for all 45 clips and all frames: every grey below 116 is -1 and every grey above is +1. Of the
pixels that read 116, 42 % are +1: rounding to 8 bits hides on which side of their mean (about 116.6) they were. So this
level reproduces 99.76 % of all bits, and all of them but for grey 116."""

Bits = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]


class Kernels(Protocol):
    """What a mapping takes from the weights of a network; `scamp_sim.systems.pixelrnn.Weights` is one.

    cnn: (16, 5, 5) int8, +1 or -1, or (2, 16, 5, 5).
    w_f, u_f, w_o, u_o: (5, 5) int8.
    theta1, theta_r: thresholds of the layers and of the forget gate, in tap products.
    """

    @property
    def cnn(self) -> Ints: ...

    @property
    def w_f(self) -> Ints: ...

    @property
    def u_f(self) -> Ints: ...

    @property
    def w_o(self) -> Ints: ...

    @property
    def u_o(self) -> Ints: ...

    @property
    def theta1(self) -> tuple[float, ...]: ...

    @property
    def theta_r(self) -> float: ...

    @property
    def layers(self) -> int:
        """1 or 2 layers of sixteen kernels."""
        ...

    def layer(self, number: int) -> tuple[Ints, float]:
        """Kernels (16, 5, 5) and threshold of layer 0 or 1."""
        ...

    def alone(self, number: int) -> Kernels:
        """The same with that layer as the only one."""
        ...


__all__ = [
    "FRAMES",
    "INPUT_LEVEL",
    "MAPS",
    "REACH",
    "SIDE",
    "WINDOW",
    "Bits",
    "Floats",
    "Ints",
    "Kernels",
]
