"""What fused code is called with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.planes import aligned
from scamp_sim.engine import ops
from scamp_sim.engine.fused.plan import Walked
from scamp_sim.engine.fused.store import Coded, Made
from scamp_sim.engine.lower import Segment

_KEYS, _SPACE = 4, 5  # places in `emit.FRAME`
_MARGIN = 1 << 14


@dataclass(frozen=True)
class Ready:
    """A stretch with what one chip adds.

    table: parameters of its cells, then (addend, factor, LSB of a draw, -) of each of `rows`, the rows of the segment
        that draw; the engine fills in the keys.
    """

    coded: Coded
    table: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.int64]

    @classmethod
    def of(cls, coded: Coded, segment: Segment, params: npt.NDArray[np.float32]) -> Ready:
        rows = np.array(coded.drawn, np.int64)
        table = np.zeros((len(rows) + 1, 4), np.uint32)
        if len(rows):
            table[0, :3] = params[1:4].view(np.uint32)
            table[1:, 2] = segment.code[rows, ops.P]
        return cls(coded, table.reshape(-1), rows)


Steps = tuple[Ready | Walked, ...]


def ready(made: Made, segment: Segment, params: npt.NDArray[np.float32]) -> Steps:
    """The steps of a segment on one machine.

    A plan is shared by all chips of a profile; rows that are walked have numbers of their chip, so they come from the
    segment at hand, not from the one that the plan was made for.
    """
    return tuple(
        Ready.of(step, segment, params)
        if isinstance(step, Coded)
        else Walked.of(segment, step.first, step.last, step.ends)
        for step in made
    )


class Frame:
    """Addresses of an engine's state, in the order of `emit.FRAME`, and the workspace that its stretches share."""

    def __init__(self, *state: npt.NDArray[Any]) -> None:
        self._state = state  # kept alive
        self._numbers = np.zeros(_SPACE + 1, np.int64)
        for n, array in enumerate(state):
            self._numbers[n] = array.ctypes.data
        self._address = self._numbers.ctypes.data
        self._space: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)

    def run(self, step: Ready) -> None:
        """Carry out a stretch."""
        coded = step.coded
        if coded.space > self._space.size:
            self._space = aligned(coded.space + _MARGIN, np.uint8)
            self._numbers[_SPACE] = self._space.ctypes.data
        if coded.drawn:
            self._numbers[_KEYS] = step.table.ctypes.data
        coded.code(self._address, coded.address)
