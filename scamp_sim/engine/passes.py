"""Passes over the rows of a lowered program: shorter, and marked with how to walk them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from scamp_sim.engine import ops

Ints = npt.NDArray[np.int64]

_LONGEST_CHAIN = 1 << 20
"""Halvings in a row are followed so far and no further: a float32 must not underflow on the way."""


def forwarded(rows: Sequence[list[int]]) -> list[list[int]]:
    """Let what is a scaled copy of a plane read that plane, however many copies lie between.

    Halves of halves, and sums and differences of copies of one plane, as `div` and `diva` are made of: where all
    steps are powers of two at most 1, a float32 goes through them without rounding and within the limit.
    """
    copies: dict[int, tuple[int, Fraction]] = {}  # plane -> (original, factor)
    shorter: list[list[int]] = []
    for row in rows:
        op, d = row[ops.OP], row[ops.DST]
        copy = _as_copy(row, copies)
        if copy is not None and copy[0] == d:
            copy = None  # a plane cannot be made from itself while it is written
        if copy is not None:
            original, factor = copy
            numbers = [int(factor != 0), original, 0, 0, 0, -1, factor.numerator, factor.denominator]
            row = [ops.LINEAR, d, *numbers, *[0] * (ops.WIDTH - 2 - len(numbers))]
        if op in ops.WRITES_ALL or op in ops.CHANGES:
            copies = {plane: c for plane, c in copies.items() if d not in (plane, c[0])}
        if copy is not None:
            copies[d] = copy
        shorter.append(row)
    return shorter


def _as_copy(row: Sequence[int], copies: Mapping[int, tuple[int, Fraction]]) -> tuple[int, Fraction] | None:
    """(plane, factor) if a row gives an exact multiple of one plane."""
    op, count = row[ops.OP], row[ops.COUNT]
    if op not in (ops.LINEAR, ops.SUBTRACT) or not count:
        return None
    terms = [copies.get(s, (s, Fraction(1))) for s in row[ops.SRC : ops.SRC + count]]
    if op == ops.SUBTRACT:
        original, factor = copies.get(row[ops.EXTRA], (row[ops.EXTRA], Fraction(1)))
        terms.append((original, -factor))
    if len({original for original, _ in terms}) > 1:
        return None
    total = Fraction(0)
    for _, factor in terms:
        total += factor
        if not _exact(total):
            return None
    if op == ops.LINEAR:
        total *= Fraction(row[ops.P], row[ops.Q])
    return (terms[0][0], total) if _exact(total) else None


def _exact(factor: Fraction) -> bool:
    """Whether multiplying a float32 by it neither rounds nor grows it."""
    size, parts = abs(factor.numerator), factor.denominator
    return size == 0 or (size == 1 and parts & (parts - 1) == 0 and parts <= _LONGEST_CHAIN)


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


def noisy_runs(code: Ints) -> Ints:
    """The same for a chip with errors."""
    runs: list[list[int]] = []
    for i, row in enumerate(code):
        inside_rows = row[ops.OP] <= ops.BANDED or (row[ops.OP] >= ops.WRITE and row[ops.ROW] == 0)
        kind = 1 if inside_rows else 0
        if runs and runs[-1][2] == kind and (kind or row[ops.OP] < ops.WRITE):
            runs[-1][1] = i + 1
        else:
            runs.append([i, i + 1, kind])
    return np.array(runs, np.int64).reshape(-1, 3)
