"""Random draws of sensors that differ: by serial for what is fixed in a chip, by measurement for noise.

Counter-based: what a seed, a stream and a shape give does not depend on what was drawn before, nor on threads.
"""

from __future__ import annotations

import zlib

import numpy as np

from scamp_sim.systems.pixels.curve import Floats
from scamp_sim.systems.pixels.windows import check_integer


def normal(stream: str, serial: int, shape: tuple[int, ...]) -> Floats:
    """Standard normal values of one stream ("widths", "read noise", ...) of one serial number. Raises ScampError."""
    serial = check_integer("the serial number", serial, 0, 2**32 - 1)
    key = np.array([zlib.crc32(stream.encode()), serial], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).standard_normal(shape)
