"""Filters as finite maps from offsets to weights: arithmetic, and what a kernel array means as a filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

Offset = tuple[int, int]
"""(dx, dy): columns to the east, rows to the north."""

Taps = dict[Offset, Fraction]

MOVES = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))
"""Displacements of one NEWS access, by number: none, north, east, south, west."""

TURNS: tuple[Callable[[int, int], Offset], ...] = (
    lambda x, y: (x, y),
    lambda x, y: (-x, y),
    lambda x, y: (x, -y),
    lambda x, y: (-x, -y),
    lambda x, y: (y, x),
    lambda x, y: (-y, x),
    lambda x, y: (y, -x),
    lambda x, y: (-y, -x),
)
"""The symmetries of the array."""

BACK = (0, 1, 2, 3, 4, 6, 5, 7)
"""Number of the symmetry that undoes each."""

PRIME = (1 << 61) - 1
"""Modulus for filters as numbers."""

UNIT: Taps = {(0, 0): Fraction(1)}


def shift(taps: Mapping[Offset, Fraction], dx: int, dy: int) -> Taps:
    """The filter that takes the value of the PE at (dx, dy)."""
    return {(x + dx, y + dy): w for (x, y), w in taps.items()}


def plus(a: Mapping[Offset, Fraction], b: Mapping[Offset, Fraction], factor: Fraction = Fraction(1)) -> Taps:
    """a + factor b."""
    out = dict(a)
    for key, w in b.items():
        total = out.get(key, Fraction(0)) + factor * w
        if total:
            out[key] = total
        else:
            out.pop(key, None)
    return out


def times(a: Mapping[Offset, Fraction], factor: Fraction) -> Taps:
    return {key: w * factor for key, w in a.items()} if factor else {}


def convolved(a: Mapping[Offset, Fraction], b: Mapping[Offset, Fraction]) -> Taps:
    """One filter after the other."""
    out: Taps = {}
    for (dx, dy), w in b.items():
        out = plus(out, shift(a, dx, dy), w)
    return out


def norm(taps: Mapping[Offset, Fraction]) -> Fraction:
    """Sum of the magnitudes of the weights."""
    return sum((abs(w) for w in taps.values()), Fraction(0))


def from_rows(rows: Any) -> Taps:
    """The filter of a kernel: row 0 on top, column 0 left; of n rows or columns number n // 2 is the centre, as in
    `scipy.ndimage.correlate`."""
    height, width = len(rows), len(rows[0])
    return {
        (j - width // 2, height // 2 - i): Fraction(w) for i, row in enumerate(rows) for j, w in enumerate(row) if w
    }


def to_rows(taps: Mapping[Offset, Fraction]) -> list[list[Fraction]]:
    """The smallest odd-sized kernel around the origin that is the filter."""
    rx = max((abs(x) for x, _ in taps), default=0)
    ry = max((abs(y) for _, y in taps), default=0)
    return [[taps.get((x, y), Fraction(0)) for x in range(-rx, rx + 1)] for y in range(ry, -ry - 1, -1)]


def depth(taps: Mapping[Offset, Fraction]) -> int:
    """The d for which all weights are integers over 2^d; -1 if there is none."""
    most = 0
    for w in taps.values():
        if w.denominator & (w.denominator - 1):
            return -1
        most = max(most, w.denominator.bit_length() - 1)
    return most
