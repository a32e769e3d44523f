"""Where maps lie on the array, and the masks that tell them apart.

A grid has `rows` x `rows` slots, a map each. As blocks, slot (i, j) of pixel (y, x) is PE (side i + y, side j + x); as
macropixels PE (rows y + i, rows x + j). Map n is in slot (n % rows, n // rows).

R1, R2, ... are 0 in one row of slots each, the registers behind them 1 in one column each. One word, NOR of a row's
register and the columns that it leaves out, then makes any part of a row, with four sources at most, which is what the
SDK has; a set of slots is a union of such parts and of whole columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise, permutations

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import PlaneError, ProgramError
from scamp_sim.kernels.network.pieces import ARRAY

Plane = npt.NDArray[np.generic]

Classes = tuple[int | None, ...]
"""A class for each slot, row after row; None where nothing is asked for."""

JOINED = 3
"""Sources of one WHERE."""


@dataclass(frozen=True)
class Cover:
    """A set of slots: whole columns, and parts of rows as (row, columns of it)."""

    columns: tuple[int, ...] = ()
    parts: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @property
    def words(self) -> int:
        """Words to build it and to set FLAG by it; more than three sources are joined in a bit first."""
        sources = len(self.columns) + len(self.parts)
        return len(self.parts) + 1 + max(0, -(-(sources - JOINED) // (JOINED - 1)))


@lru_cache(1 << 16)
def cover(target: int, free: int, rows: int) -> Cover:
    """The cheapest cover that holds every slot of `target` and else only slots of `free`: bits, row after row."""
    allowed = target | free
    full = [sum(1 << (rows * i + j) for i in range(rows)) for j in range(rows)]
    usable = [j for j in range(rows) if full[j] & ~allowed == 0 and full[j] & target]
    best: Cover | None = None
    for count in range(len(usable) + 1):
        for columns in combinations(usable, count):
            left = target & ~sum(full[j] for j in columns)
            parts = []
            for i in range(rows):
                if left >> rows * i & ((1 << rows) - 1):
                    parts.append((i, tuple(j for j in range(rows) if allowed >> (rows * i + j) & 1)))
            found = Cover(columns, tuple(parts))
            if best is None or found.words < best.words:
                best = found
    assert best is not None
    return best


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
        """Host calls for the bits of rows and columns, `ready` being in the kernel behind; none for a single slot."""
        return (*self.row_loads(), *self.column_loads())

    def row_loads(self) -> tuple[str, ...]:
        """Those of the rows: each 1 in its row, one register further on, until `ready` has turned them."""
        if self.rows == 1:
            return ()
        one = 1 if self.kind == "macropixels" else self.side
        bits = (*self.row_bits[1:], "R0")
        return tuple(f"scamp5_load_pattern({bit}, {one * n}, 0, {self._off}, 255)" for n, bit in enumerate(bits))

    def loads_after_moves(self) -> tuple[str, ...]:
        """Those that a pool by moves has overwritten, which takes R1..R4: rows, and columns too where slots are few."""
        return self.loads() if self.rows == 2 else self.row_loads()

    def ready(self) -> tuple[str, ...]:
        """Words that turn the rows: 0 in one row each."""
        if self.rows == 1:
            return ()
        bits = (*self.row_bits, "R0")
        return tuple(f"NOT({to}, {of})" for to, of in pairwise(bits))

    def column_loads(self) -> tuple[str, ...]:
        """Those of the columns."""
        if self.rows == 1:
            return ()
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

    def sources(self, row: int, columns: Sequence[int]) -> list[str]:
        """Bits of which all are 0 in a part of a row, and nowhere else."""
        return [self.row_bits[row], *(bit for j, bit in enumerate(self.column_bits) if j not in columns)]

    def part(self, bit: str, row: int, columns: Sequence[int]) -> str:
        """bit := 1 in a part of a row of slots."""
        return nor(bit, self.sources(row, columns))

    def masks(self, found: Cover, scratch: Sequence[str]) -> tuple[list[str], list[str]]:
        """Words that build a cover, and up to three bits of which it is the union. scratch: two bits or more."""
        there = [self.column_bits[j] for j in found.columns]
        lines: list[str] = []
        sources: list[str] = []
        free = list(scratch)
        for number, (row, columns) in enumerate(found.parts):
            more = len(sources) + len(found.parts) - number + len(there) > JOINED
            if len(scratch) > 2 and len(free) == 1 and more:
                joined = free[0]
                lines.append(f"OR({joined}, {', '.join(sources)})")
                sources, free = [joined], [b for b in scratch if b != joined]
            elif not free:  # no third bit to join them in: in place, a word more
                lines.append(f"OR({sources[0]}, {sources[1]})")
                free, sources = sources[1:], sources[:1]
            lines.append(self.part(free[0], row, columns))
            sources.append(free.pop(0))
        while len(sources) + len(there) > JOINED:
            if free:
                together = [*sources, *there]
                count = len(together) - JOINED + 1
                lines.append(f"OR({free[0]}, {', '.join(together[:count])})")
                sources, there, free = [free[0]], together[count:], free[1:]
            else:
                lines.append(f"OR({sources[0]}, {sources.pop()})")
        return lines, [*sources, *there]

    def where(self, found: Cover, scratch: Sequence[str]) -> list[str]:
        """FLAG := a cover."""
        lines, sources = self.masks(found, scratch)
        return [*lines, f"WHERE({', '.join(sources)})"]

    def mask(self, found: Cover, to: str, scratch: Sequence[str]) -> list[str]:
        """to := a cover. scratch: two bits or more, without `to`."""
        if len(found.parts) == 1 and not found.columns:
            return [self.part(to, *found.parts[0])]
        if not found.parts and len(found.columns) == self.rows - 1:
            (other,) = set(range(self.rows)) - set(found.columns)
            return [f"NOT({to}, {self.column_bits[other]})"]
        lines, sources = self.masks(found, scratch)
        return [*lines, f"OR({to}, {', '.join(sources)})" if len(sources) > 1 else f"MOV({to}, {sources[0]})"]


def nor(to: str, sources: Sequence[str]) -> str:
    """to := the NOR of one to four bits."""
    return f"NOT({to}, {sources[0]})" if len(sources) == 1 else f"NOR({to}, {', '.join(sources)})"


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
            price += masks.words + 1
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


__all__ = ["Classes", "Cover", "Grid", "Order", "Plane", "cover", "nor", "order", "outside"]
