"""What of a lowered segment is fused, and what the walk does.

The walk keeps what needs whole planes: floods, resistive grids, address patterns. Between these lie stretches, cut
where they would lag too far behind or grow too long.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from scamp_sim.engine import ops
from scamp_sim.engine.fused.emit import Text, emit
from scamp_sim.engine.fused.schedule import lags, schedule
from scamp_sim.engine.fused.values import Place, Row, Values, fusible, places_read, places_written
from scamp_sim.engine.lower import Segment
from scamp_sim.engine.passes import Ints, noisy_runs, runs_of

LEAST_ROWS = 3
"""Rows that are worth a call of their own."""
MOST_ROWS = 400
MOST_LAG = 24
"""Rows and lag at which a stretch is cut: the workspace is to stay in the second-level cache."""


@dataclass(frozen=True)
class Walked:
    """Rows first..last that the walk carries out; `order` renames planes at the end.

    ends: whether the segment does.
    """

    first: int
    last: int
    ends: bool
    code: Ints
    runs: Ints
    order: Ints

    @classmethod
    def of(cls, segment: Segment, first: int, last: int, ends: bool) -> Walked:
        code = segment.code[first:last]
        order = segment.order if ends else np.arange(len(segment.order))
        runs = noisy_runs(code) if segment.noisy else runs_of(code)
        return cls(first, last, ends, code, runs, order)


@dataclass(frozen=True)
class Stretch:
    """Rows that are fused.

    planes: the numbers of the planes that the text names, in its order.
    drawn: the rows of the segment that draw random numbers, in the order of the text's keys.
    """

    text: Text
    planes: npt.NDArray[np.int64]
    drawn: tuple[int, ...] = ()

    @property
    def space(self) -> int:
        """Bytes of workspace."""
        return self.text.space

    @property
    def analog(self) -> int:
        """Analog planes that it reads or writes."""
        return sum(place[0] == "plane" for place in self.text.planes)


Part = Walked | Stretch


def plan(segment: Segment, limit: np.float32, shape: tuple[int, int]) -> list[Part]:
    """Cut a segment into parts and write the text of those that are fused."""
    rows: list[list[int]] = segment.code.tolist()
    pieces = _pieces(rows, limit)
    order = segment.order
    registers = range(ops.SPARE)
    live: set[Place] = {("plane", int(order[i])) for i in registers}
    live |= {("bits", b) for b in range(ops.LATCH + 1) if b != ops.FLAG or not segment.flag_ones}
    shaping = segment.code.copy()
    shaping[:, ops.NUMBER : ops.PURPOSE + 1] = 0  # of draws, whose keys come from a table
    written: dict[tuple[bytes, frozenset[Place], bool], Stretch] = {}  # programs launch the same kernels again
    parts: list[Part] = []
    for first, last, fused in reversed(pieces):
        at_end = last == len(rows)
        if fused:
            known = shaping[first:last].tobytes(), frozenset(live), at_end
            if known not in written:
                homes = {i: int(order[i]) for i in registers} if at_end else {}
                written[known] = _stretch(rows[first:last], limit, live, homes, shape)
            same = written[known]
            parts.append(replace(same, drawn=tuple(first + row for row in same.drawn)))
        else:
            parts.append(Walked.of(segment, first, last, at_end))
        for row in reversed(rows[first:last]):
            live.difference_update(places_written(row))
            live.update(places_read(row))
    return parts[::-1]


def _pieces(rows: Sequence[Row], limit: np.float32) -> list[tuple[int, int, bool]]:
    """[first row, last + 1, fused?] in order."""
    found: list[tuple[int, int, bool]] = []

    def add(first: int, last: int, fused: bool) -> None:
        if first == last:
            return
        fused = fused and last - first >= LEAST_ROWS
        if found and not fused and not found[-1][2]:
            first = found.pop()[0]
        found.append((first, last, fused))

    start = 0
    values, behind = Values(limit), list[int]()
    for i, row in enumerate(rows):
        good = fusible(row)
        if good:
            values.take(row)
            behind = lags(values.nodes, behind)
        if not good or (behind and max(behind[-8:]) > MOST_LAG) or i - start >= MOST_ROWS:
            add(start, i, True)
            start = i
            values, behind = Values(limit), []
            if good:
                values.take(row)
                behind = lags(values.nodes, behind)
            else:
                add(i, i + 1, False)
                start = i + 1
    add(start, len(rows), True)
    return found


def _stretch(
    rows: Sequence[Row], limit: np.float32, live: Collection[Place], homes: dict[int, int], shape: tuple[int, int]
) -> Stretch:
    """The rows as if they were the first of their segment.

    homes: register -> the plane that holds it; where they are given, every register goes back to its own plane.
    """
    values = Values(limit)
    for row in rows:
        values.take(row)
    if homes:
        held = {register: values.plane(plane) for register, plane in homes.items()}
        values.now.update({("plane", register): ref for register, ref in held.items()})
        live = {p for p in live if p[0] != "plane"} | {("plane", register) for register in homes}
    text = emit(schedule(values, values.results(live)), shape)
    return Stretch(text, np.array([number for _, number in text.planes], np.int64), tuple(values.drawn))


__all__ = ["Part", "Stretch", "Walked", "plan"]
