"""What fused code is called with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.planes import aligned
from scamp_sim.engine.fused.store import Coded

_MARGIN = 1 << 14


class Frame:
    """Addresses of an engine's state, in the order of `emit.FRAME`, and the workspace that its stretches share."""

    def __init__(self, *state: npt.NDArray[Any]) -> None:
        self._state = state  # kept alive
        self._numbers = np.zeros(6, np.int64)
        for n, array in enumerate(state):
            self._numbers[n] = array.ctypes.data
        self._address = self._numbers.ctypes.data
        self._space: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)

    def run(self, coded: Coded) -> None:
        """Carry out a stretch."""
        if coded.space > self._space.size:
            self._space = aligned(coded.space + _MARGIN, np.uint8)
            self._numbers[5] = self._space.ctypes.data
        coded.code(self._address, coded.address)
