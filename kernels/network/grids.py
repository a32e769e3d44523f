"""Where maps lie on the array, and the masks that tell them apart.

A grid has `rows` x `rows` slots, a map each. As blocks, slot (i, j) of pixel (y, x) is PE (side i + y, side j + x); as
macropixels PE (rows y + i, rows x + j). Map n is in slot (n % rows, n // rows). R1, R2, ... are 1 in the rows of slots,
the registers behind them in the columns; one word, the NOR of all other rows and columns, then makes a rectangle of
slots, and a set of slots is a union of rectangles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.kernels.macropixels.covers import JOINED, Cover, Rectangle, cover, words
from scamp_sim.kernels.network.pieces import ARRAY

Plane = npt.NDArray[np.generic]

Classes = tuple[int | None, ...]
"""A class for each slot, row after row; None where nothing is asked for."""


@dataclass(frozen=True)
class Grid:
    """rows: slots along an axis, 1, 2 or 4. kind: "blocks" or "macropixels". Raises ProgramError."""

    kind: str
    rows: int = 4

    def __post_init__(self) -> None:
        if self.kind not in ("blocks", "macropixels") or self.rows not in (1, 2, 4):
            raise ProgramError(f"expected blocks or macropixels with 1, 2 or 4 slots, got {self.kind} with {self.rows}")

    @property
    def side(self) -> int:
        """Pixels along an axis."""
        return ARRAY // self.rows

    @property
    def slots(self) -> int:
        return self.rows**2

    @property
    def pitch(self) -> int:
        """PEs from a pixel to the next."""
        return self.rows if self.kind == "macropixels" else 1

    @property
    def row_bits(self) -> tuple[str, ...]:
        return tuple(f"R{1 + n}" for n in range(self.rows))

    @property
    def column_bits(self) -> tuple[str, ...]:
        return tuple(f"R{1 + self.rows + n}" for n in range(self.rows))

    def slot(self, n: int) -> tuple[int, int]:
        """Row and column of map n."""
        return n % self.rows, n // self.rows

    def loads(self) -> tuple[str, ...]:
        """Host calls that set the bits of rows and columns; none for a single slot."""
        if self.rows == 1:
            return ()
        rows, columns = self.row_loads(), self.column_loads()
        return (*rows, *columns)

    def row_loads(self) -> tuple[str, ...]:
        one, off = (1, self._off) if self.kind == "macropixels" else (self.side, self._off)
        return tuple(f"scamp5_load_pattern({bit}, {one * n}, 0, {off}, 255)" for n, bit in enumerate(self.row_bits))

    def column_loads(self) -> tuple[str, ...]:
        one, off, last = (1 if self.kind == "macropixels" else self.side), self._off, self.rows - 1
        return tuple(  # the chip counts columns from the right
            f"scamp5_load_pattern({bit}, 0, {one * (last - n)}, 255, {off})" for n, bit in enumerate(self.column_bits)
        )

    @property
    def _off(self) -> int:
        """Address bits that do not count."""
        return 255 ^ (self.rows - 1) if self.kind == "macropixels" else self.side - 1

    def fill(self, picture: Plane) -> Plane:
        """A picture (side, side) for all slots, (256, 256). Raises PlaneError."""
        if picture.shape != (self.side, self.side):
            raise PlaneError(f"expected a picture of {self.side}x{self.side}, got {picture.shape}")
        if self.kind == "blocks":
            return np.tile(picture, (self.rows, self.rows))
        return np.repeat(np.repeat(picture, self.rows, 0), self.rows, 1)

    def maps(self, plane: Plane) -> Plane:
        """The maps (slots, side, side) of an upright plane (256, 256)."""
        n, side = self.rows, self.side
        if self.kind == "blocks":
            return plane.reshape(n, side, n, side).transpose(2, 0, 1, 3).reshape(self.slots, side, side)
        return plane.reshape(side, n, side, n).transpose(3, 1, 0, 2).reshape(self.slots, side, side)

    def plane(self, maps: Plane) -> Plane:
        """The inverse of `maps`; slots that are not given are 0."""
        n, side = self.rows, self.side
        full = np.zeros((self.slots, side, side), maps.dtype)
        full[: len(maps)] = maps
        grid = full.reshape(n, n, side, side)
        if self.kind == "blocks":
            return grid.transpose(1, 2, 0, 3).reshape(ARRAY, ARRAY)
        return grid.transpose(2, 1, 3, 0).reshape(ARRAY, ARRAY)

    def in_order(self, values: Sequence[int | None]) -> Classes:
        """Values of the maps as classes of slots, row after row; None for slots without a map."""
        found: list[int | None] = [None] * self.slots
        for n, value in enumerate(values):
            i, j = self.slot(n)
            found[self.rows * i + j] = value
        return tuple(found)

    def rectangle(self, bit: str, r: Rectangle, also: Sequence[str] = ()) -> str:
        """bit := 1 in these rows and columns of slots where all of `also` are 0."""
        others = [b for n, b in enumerate(self.row_bits) if not r.rows >> n & 1]
        others += [b for n, b in enumerate(self.column_bits) if not r.columns >> n & 1]
        sources = [*also, *others]
        if not sources:
            return f"SET({bit})"
        return f"NOT({{{bit}}}, {{{', '.join(sources)}}})"

    def where(self, masks: Cover, scratch: Sequence[str]) -> list[str]:
        """FLAG := the union of rectangles. scratch: two bits or more."""
        there = [(self.row_bits if kind == "row" else self.column_bits)[n] for kind, n in self._lines(masks)]
        made = [r for r in masks if r.line(self.rows) is None]
        lines: list[str] = []
        sources: list[str] = []
        free = list(scratch)
        for number, r in enumerate(made):
            more = len(sources) + len(made) - number + len(there) > JOINED
            if len(scratch) > 2 and len(free) == 1 and more:
                joined = free[0]
                lines.append(f"MOV({{{joined}}}, {{{', '.join(sources)}}})")
                sources, free = [joined], [b for b in scratch if b != joined]
            elif not free:  # no third bit to join them in: in place, a word more
                lines.append(f"OR({sources[0]}, {sources[1]})")
                free, sources = sources[1:], sources[:1]
            lines.append(self.rectangle(free[0], r))
            sources.append(free.pop(0))
        while len(sources) + len(there) > JOINED:
            other = sources.pop() if len(sources) > 1 else there.pop()
            lines.append(f"OR({sources[0]}, {other})" if sources else f"MOV({{{free[0]}}}, {{{other}, {there.pop()}}})")
            sources = sources or [free[0]]
        return [*lines, f"WHERE({', '.join([*sources, *there])})"]

    def _lines(self, masks: Cover) -> list[tuple[str, int]]:
        """The masks that are a row or a column, whose bits are there already."""
        return [line for r in masks if (line := r.line(self.rows)) is not None]


@dataclass(frozen=True)
class Order:
    """How classes are written: `base` everywhere, then each (class, cover) of `steps` over it."""

    base: int
    steps: tuple[tuple[int, Cover], ...]


@lru_cache(1 << 15)
def order(classes: Classes, rows: int) -> Order:
    """The cheapest order for the classes of rows x rows slots."""
    sets: Mapping[int, int] = {
        c: sum(1 << n for n, v in enumerate(classes) if v == c) for c in sorted({c for c in classes if c is not None})
    }
    anywhere = sum(1 << n for n, v in enumerate(classes) if v is None)
    best: tuple[int, Order] | None = None
    for sequence in permutations(sets):
        steps, price, later = [], 0, sum(sets[c] for c in sequence[1:])
        for c in sequence[1:]:
            later &= ~sets[c]
            masks = cover(sets[c], later | anywhere, rows)
            steps.append((c, masks))
            price += words(masks, rows) + 1
        if best is None or price < best[0]:
            best = price, Order(sequence[0], tuple(steps))
    assert best is not None
    return best[1]


def outside(size: int, side: int, pitch: int) -> list[tuple[int, int]]:
    """(address, bits that do not count) of patterns that together are the lines size .. side - 1, of `pitch` PEs each,
    counted up from line 0."""
    found, line = [], size
    while line < side:
        step = line & -line or side
        found.append((line * pitch, step * pitch - 1))
        line += step
    return found


__all__ = ["Classes", "Grid", "Order", "Plane", "order", "outside"]
