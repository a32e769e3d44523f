"""Passes over the rows of a lowered program: shorter, and marked with how to walk them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scamp_sim.engine import ops

Ints = npt.NDArray[np.int64]

_LONGEST_CHAIN = 1 << 20


def forwarded(rows: Sequence[list[int]]) -> list[list[int]]:
    """Let a scaled copy of a scaled copy read the original.

    Scales are +-1 over powers of two, so the values are equal; chains stop long before a float32 could underflow.
    """
    copies: dict[int, tuple[int, int, int]] = {}  # plane -> (original, p, q): it holds p/q of the original
    forwarded: list[list[int]] = []
    for row in rows:
        op, d = row[ops.OP], row[ops.DST]
        copy = op == ops.LINEAR and row[ops.COUNT] == 1
        source = row[ops.SRC]
        if copy and source in copies:
            original, p, q = copies[source]
            if original != d and q * row[ops.Q] <= _LONGEST_CHAIN:
                row = [*row]
                row[ops.SRC], row[ops.P], row[ops.Q] = original, row[ops.P] * p, row[ops.Q] * q
        if op in ops.WRITES_ALL or op in ops.CHANGES:
            copies = {plane: c for plane, c in copies.items() if d not in (plane, c[0])}
        if copy:
            copies[d] = (row[ops.SRC], row[ops.P], row[ops.Q])
        forwarded.append(row)
    return forwarded


def without_dead_rows(rows: Sequence[list[int]], registers: Sequence[int]) -> list[list[int]]:
    """Leave out analog operations whose result is overwritten before anything reads it; registers stay at the end."""
    live = set(registers[: ops.SPARE])
    kept: list[list[int]] = []
    for row in reversed(rows):
        op, d = row[ops.OP], row[ops.DST]
        if op in ops.WRITES_ALL or op in ops.CHANGES:
            if d not in live:
                continue
            if op in ops.WRITES_ALL:
                live.discard(d)
        if op < ops.BITS_FILL:
            live.update(row[ops.SRC : ops.SRC + row[ops.COUNT]])
            if row[ops.EXTRA] >= 0:
                live.add(row[ops.EXTRA])
            if op == ops.SUBTRACT_MASKED:
                live.add(row[ops.P])
        kept.append(row)
    return kept[::-1]


def runs_of(code: Ints) -> Ints:
    """[first, last + 1, band by band?] for maximal stretches of rows of one kind; shifts across rows stand alone."""
    runs: list[list[int]] = []
    kinds = [0 if op <= ops.BANDED else 1 if op == ops.SHIFT else 2 for op in code[:, ops.OP]]
    for i, kind in enumerate(kinds):
        if runs and kind != 1 and kinds[i - 1] == kind:
            runs[-1][1] = i + 1
        else:
            runs.append([i, i + 1, 0])
        # a single operation has nothing to gain from bands
        runs[-1][2] = int(kind == 0 and runs[-1][1] - runs[-1][0] > 1)
    return np.array(runs, np.int64).reshape(-1, 3)
