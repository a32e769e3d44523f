"""Masks of few words: a set of taps as a union of rectangles.

One digital word, NOT of a list, gives the PEs whose row is in one set and whose column is in another. A set of taps
that is no rectangle takes several, and WHERE joins them. What is written later may be in a mask that is used before, so
the order of the writes is chosen too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

JOINED = 3
"""Sources of one WHERE."""


@dataclass(frozen=True)
class Rectangle:
    """Rows and columns as bit masks, bit 0 for line 0."""

    rows: int
    columns: int

    def taps(self, size: int) -> int:
        """Its taps as a mask of size x size bits, row after row."""
        return sum(self.columns << (size * i) for i in range(size) if self.rows >> i & 1)

    def line(self, size: int) -> tuple[str, int] | None:
        """("row" or "column", number) if it is one line of the window, whose address bit is there already."""
        full = (1 << size) - 1
        if self.columns == full and self.rows.bit_count() == 1:
            return "row", self.rows.bit_length() - 1
        if self.rows == full and self.columns.bit_count() == 1:
            return "column", self.columns.bit_length() - 1
        return None


Cover = tuple[Rectangle, ...]


def words(cover_: Cover, size: int) -> int:
    """Words to build a cover's masks and to set FLAG by them. Address bits are there; more than three masks are joined
    in a bit first."""
    return sum(r.line(size) is None for r in cover_) + 1 + (len(cover_) > JOINED)


@lru_cache(1 << 16)
def cover(target: int, free: int, size: int) -> Cover:
    """The cheapest union of rectangles that holds every tap of `target` and else only taps of `free`."""
    if not target:
        return ()
    allowed, full = target | free, (1 << size) - 1
    rows = [allowed >> (size * i) & full for i in range(size)]
    found: dict[int, Rectangle] = {}
    for columns in range(1, full + 1):
        lines = sum(1 << i for i, row in enumerate(rows) if row & columns == columns)
        if lines:
            r = Rectangle(lines, columns)
            found.setdefault(r.taps(size), r)
    useful = [(taps, r) for taps, r in found.items() if taps & target and not _beaten(taps, r, found, size)]
    best: list[tuple[int, Cover]] = []

    def extend(left: int, chosen: Cover) -> None:
        """Cover what is left, the lowest tap first; every rectangle costs at least its part of WHERE."""
        if not left:
            price = words(chosen, size)
            if not best or price < best[0][0]:
                best[:] = [(price, chosen)]
            return
        if best and words(chosen, size) >= best[0][0]:
            return
        lowest = left & -left
        for taps, r in useful:
            if taps & lowest:
                extend(left & ~taps, (*chosen, r))

    extend(target, ())
    return best[0][1]  # one rectangle for each row always does


def _beaten(taps: int, r: Rectangle, found: dict[int, Rectangle], size: int) -> bool:
    """Another one holds more and is not dearer. A single line is cheaper than what holds it."""
    return r.line(size) is None and any(taps & other == taps and taps != other for other in found)


CLASSES = (0, 1, -1)


@dataclass(frozen=True)
class Order:
    """How a plane of -1, 0, +1 is written: `base` everywhere, then each (class, cover) of `steps` over it."""

    base: int
    steps: tuple[tuple[int, Cover], ...]


def orders(plane: tuple[int, ...]) -> Iterator[tuple[int, list[int]]]:
    """Bases and sequences of the other classes that occur."""
    present = [c for c in CLASSES if c in plane]
    for sequence in permutations(present):
        yield sequence[0], list(sequence[1:])


@lru_cache(1 << 14)
def order(plane: tuple[int, ...], size: int) -> Order:
    """The cheapest order for a plane of size x size taps, row after row."""
    sets = {c: sum(1 << n for n, v in enumerate(plane) if v == c) for c in CLASSES}
    best: tuple[int, Order] | None = None
    for base, sequence in orders(plane):
        steps, price, later = [], 0, sum(sets[c] for c in sequence)
        for c in sequence:
            later &= ~sets[c]
            masks = cover(sets[c], later, size)
            steps.append((c, masks))
            price += words(masks, size) + 1
        price += bool(steps)
        if best is None or price < best[0]:
            best = price, Order(base, tuple(steps))
    assert best is not None
    return best[1]
