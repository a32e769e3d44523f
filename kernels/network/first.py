"""A layer over one picture: every slot has its own kernel, all at once.

Registers: A the picture, B the row and E the column on their way, C and D the running sum, F what makes up for the
offset of a transfer if nothing else keeps it. Bits: those of rows and columns of slots, in blocks R9 and R12 the west
and east lines, three or four for masks.

A sign differs from slot to slot: D := -(C + x) in one set of slots, D := -(C - x) in the others, D := -C where the
weight is 0. The first word runs everywhere, the others under FLAG. C and D swap roles, and with them all signs, from
tap to tap. Weights of up to 3 are taps of their own; larger ones are bit planes, a walk each, highest first, with the
sum doubled between.

Moves go outwards only, from A (rows) or B (columns), so that nothing is lost; what a move carries over the edge of a
block is set to 0. In macropixels 0 comes in by itself.

Where each transfer adds an offset, `lift` holds it and every value is still exact. Pixels travel as x in a register and
as offset - x in NEWS: two transfers cancel. A tap of -1 takes NEWS, one of +1 takes x and the lift. A neighbour beyond
the edge of the array gives 0 in place of the offset, so macropixels set their outermost pixels to 0 after a move.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.network.grids import Grid, order, outside
from scamp_sim.kernels.network.pieces import Part, Piece, bus, piece

Integers = npt.NDArray[np.int64]

MOST_TAPS = 15
"""Rows and columns of a kernel."""
MOST_WEIGHT = 127
FEW = 3
"""Weights up to which a tap is repeated."""
SUMS = ("C", "D")


def checked(weights: npt.ArrayLike, grid: Grid) -> Integers:
    """Whole weights (K, k, k), a kernel a slot. Raises ProgramError."""
    array = np.asarray(weights)
    if array.ndim != 3 or array.shape[1] != array.shape[2] or 0 in array.shape:
        raise ProgramError(f"expected kernels of shape (K, k, k), got {array.shape}")
    if len(array) > grid.slots:
        raise ProgramError(f"{len(array)} kernels do not fit {grid.rows}x{grid.rows} slots; at most {grid.slots} do")
    if array.shape[1] > MOST_TAPS:
        raise ProgramError(f"kernels of {array.shape[1]}x{array.shape[1]} taps; expected at most {MOST_TAPS}")
    if np.any(array != np.rint(array)) or np.abs(array).max() > MOST_WEIGHT:
        raise ProgramError(f"expected whole weights within -{MOST_WEIGHT}..{MOST_WEIGHT}")
    return array.astype(np.int64)


@dataclass(frozen=True)
class Look:
    """How the picture is taken.

    level: grey above it is bright.
    dark, bright: what such pixels count as: -1 and 1, 0 and 1, or -1 and 0.
    amplitude: LSB of 1.
    size: rows and columns of the picture; what is outside counts as 0.
    """

    level: int = 127
    dark: int = -1
    bright: int = 1
    amplitude: int = 10
    size: tuple[int, int] = (64, 64)


FULL = 127
"""The level that needs no constant: half of the full range."""


def look(grid: Grid, form: Look, lift: str = "", *, name: str = "look") -> Piece:
    """A := the picture as +-amplitude, or 0 and amplitude, 0 outside of it; masks of slots are loaded, R0 is 1.

    lift: "" on an array without offset; "F" or "IN", which is to hold it. F is loaded here.
    """
    fine = bool(lift) and form.amplitude <= 31
    calls = list(grid.loads())
    own = {"": "", "F": "F", "IN": "C"}[lift]  # IN is loaded with it only behind this
    lifted = f", {own}" if own else ""
    if form.level == FULL:
        lines, compared = ["get_image(B, E)"], f"B{lifted}"
    else:
        lines, compared = ["get_image(B)"], "B, IN"
    calls.append(f"scamp5_in(D, {form.amplitude << (2 if fine else 0)})")
    if form.level != FULL:
        calls.append(f"scamp5_load_in({-pix_level(form.level)})")
    if fine:  # constants come with an error in each PE; what is halved twice has a quarter of it
        lines += ["diva(D, E, C)", "diva(D, E, C)"]
    if own:
        lines.append(f"bus({own})")
    lines += [
        f"bus(A, D{lifted})" if form.dark else f"bus(A{lifted})",
        *(["bus(NEWS, D)"] if form.bright else []),
        f"where({compared})",
        "bus(A, NEWS)" if form.bright else f"bus(A{lifted})",
        "all()",
        "SET(R0)",
    ]
    lines = [*grid.ready(), *lines]
    return piece(name, [Part(tuple(lines), tuple(calls)), *cleared_outside(grid, form.size, lifted)])


def pix_level(level: int) -> int:
    """The constant that tells grey above `level` from the rest: PIX takes 0..255 as 0..127. Raises ProgramError."""
    from scamp_sim.kernels.pixelrnn.macropixel import pix_level as exact

    return exact(level)


def cleared_outside(grid: Grid, size: tuple[int, int], lifted: str) -> list[Part]:
    """A := 0 outside of `size` rows and columns of pixels."""
    rows = outside(size[0], grid.side, grid.pitch)
    columns = outside(size[1], grid.side, grid.pitch)
    last = grid.side * grid.pitch - 1
    # blocks repeat: bits above a block's do not count; macropixels fill the array
    more = 255 & ~last
    loads = [f"{value}, 0, {off | more}, 255" for value, off in rows]
    for value, off in columns:  # counted from the right: the same lines, all bits inverted
        loads.append(f"0, {(last - value) & ~off & 255}, 255, {off | more}")
    if not loads:
        return []
    bits = ("R10", "R11")
    parts = []
    for n in range(0, len(loads), 2):
        some = loads[n : n + 2]
        calls = tuple(f"scamp5_load_pattern({bit}, {text})" for bit, text in zip(bits, some, strict=False))
        used = ", ".join(bits[: len(some)])
        parts.append(Part((f"WHERE({used})", f"bus(A{lifted})", "all()"), calls))
    return parts


Pass = tuple[int, int, "Integers | None"]


@dataclass(frozen=True, eq=False)
class Convolution:
    """C := sums of taps, amplitude x sum of w x.

    weights: whole, (K, k, k), map n in slot n.
    pad: rows and columns of 0 before the picture; output (y, x) is at pixel (y, x), its kernel begins that far before.
    padded: whether what is outside of the picture matters at all.
    lift: as of `look`.
    size: of the picture; lines of blocks need no clearing where it is far enough from them.
    spacing: pixels from a value to the next.
    bits: for masks, where others hold something; two at least.
    """

    weights: Integers
    grid: Grid
    pad: int
    padded: bool = True
    lift: str = ""
    size: tuple[int, int] = (64, 64)
    spacing: int = 1
    bits: tuple[str, ...] = ()

    @property
    def taps(self) -> int:
        return int(self.weights.shape[1])

    @property
    def scratch(self) -> tuple[str, ...]:
        """Bits for masks."""
        if self.bits:
            return self.bits
        return ("R0", "R10", "R11") if self.lines or self.edges else ("R9", "R10", "R11", "R0")

    @property
    def result(self) -> str:
        """The register of the sums."""
        return SUMS[(sum(1 for _ in self.passes()) + 1) % 2]

    @property
    def lines(self) -> bool:
        """Whether what crosses the lines of blocks is to be cleared."""
        if self.grid.kind == "macropixels" or self.grid.rows == 1 or not self.padded:
            return False
        return max(self.size) + max(self.pad, self.taps - 1 - self.pad) > self.grid.side

    @property
    def edges(self) -> bool:
        """Whether the outermost pixels of the array are to be cleared: an offset meets 0 there."""
        return bool(self.lift) and self.grid.pitch > 1 and self.padded and self.taps > 1

    def passes(self) -> Iterator[Pass]:
        """(dy, dx, signs (K,)) of each tap, in the order of the moves; without signs where the sum is doubled."""
        most = int(np.abs(self.weights).max())
        if most <= FEW:
            yield from self._walked([[np.abs(self.weights) > n for n in range(most)]])
            return
        bits = [[(np.abs(self.weights) >> bit & 1).astype(np.bool_)] for bit in reversed(range(most.bit_length()))]
        yield from self._walked(bits)

    def _walked(self, walks: Sequence[Sequence[npt.NDArray[np.bool_]]]) -> Iterator[Pass]:
        """walks: of each, the planes (K, k, k) of weights that are added at a tap."""
        for number, planes in enumerate(walks):
            if number:
                yield 0, 0, None
            for dy in self._outwards():
                for dx in self._outwards():
                    here = (slice(None), dy + self.pad, dx + self.pad)
                    for plane in planes:
                        if plane[here].any():
                            yield dy, dx, np.where(plane[here], np.sign(self.weights[here]), 0)

    def _outwards(self) -> list[int]:
        return [*range(self.taps - self.pad), *range(-1, -self.pad - 1, -1)]

    def piece(self, name: str = "taps", calls: tuple[str, ...] = (), *, loaded: bool = False) -> Piece:
        """The words, from A to `result`.

        calls: before the first of them. loaded: whether the bits of lines are there already. Raises ProgramError.
        """
        passes = list(self.passes())
        if not passes:
            raise ProgramError("all kernels are 0; nothing is left of this layer")
        walk = _Walk(self, len(passes), list(calls), loaded)
        for before, here, after in _neighbours(passes):
            if here[2] is None:
                walk.double()
                continue
            walk.go(before, here)
            walk.tap(here, here[2], after)
        return piece(name, walk.ended())


def _neighbours(passes: Sequence[Pass]) -> Iterator[tuple[Pass | None, Pass, Pass | None]]:
    for n, here in enumerate(passes):
        yield passes[n - 1] if n else None, here, passes[n + 1] if n + 1 < len(passes) else None


class _Walk:
    """The words of a convolution, in the order in which they run."""

    def __init__(self, layer: Convolution, taps: int, calls: list[str], loaded: bool) -> None:
        self.layer, self.grid, self.taps = layer, layer.grid, taps
        self.lift = [layer.lift] if layer.lift else []
        self.clears = layer.lines or layer.edges
        self.number = 0
        self.row, self.column = 0, 0  # where B and E are; 0 for A
        self.parts: list[Part] = []
        self.lines = ["bus(NEWS, A)"]
        self.calls = calls
        if self.clears and not loaded:
            self.calls += [self._line("R12", column=0), self._line("R9", column=-1)]

    def _line(self, bit: str, *, row: int | None = None, column: int | None = None) -> str:
        """bit := 1 on the first (0) or last (-1) line of blocks, or of the array in pixels; columns from the right."""
        size = 256 if self.layer.edges else self.grid.side
        step = self.grid.pitch * self.layer.spacing
        off = step - 1 if self.layer.edges else 255 ^ (size - 1)
        place = 0 if (row if row is not None else column) == 0 else size - step
        where = f"{place}, 0, {off}, 255" if row is not None else f"0, {place}, 255, {off}"
        return f"scamp5_load_pattern({bit}, {where})"

    def go(self, before: Pass | None, here: Pass) -> None:
        """Move from the place of one tap to that of the next."""
        dy, dx, _ = here
        if before is not None and before[2] is None:
            before, self.row, self.column = None, 0, 0
            self.lines.append("bus(NEWS, A)")
        if before is not None and before[:2] == here[:2]:
            return
        if before is None or before[0] != dy:
            start = self.row if self.row * dy > 0 else 0
            for y in range(start + (dy > 0) - (dy < 0), dy + (dy > 0) - (dy < 0), 1 if dy > 0 else -1) if dy else ():
                self._row(y)
            self.row, self.column = dy, 0
            if not dy and before is not None:
                self.lines.append("bus(NEWS, A)")
        start = self.column if self.column * dx > 0 else 0
        step = (dx > 0) - (dx < 0)
        for x in range(start + step, dx + step, step) if dx else ():
            self._column(x, first=x != start + step or start == 0)
        self.column = dx or self.column
        if dx == 0 and before is not None and before[0] == dy:  # back in the middle: NEWS is another column's
            self.lines.append(f"bus(NEWS, {self._x(here)})")

    def _row(self, dy: int) -> None:
        source, out, back = ("A" if abs(dy) == 1 else "B"), *(("XN", "XS") if dy > 0 else ("XS", "XN"))
        if self.clears:
            self._cut()
            self.calls = [self._line("R10", row=-1 if dy > 0 else 0)]
        self._move("B", source, out, back, "R10")

    def _column(self, dx: int, first: bool) -> None:
        row = "B" if self.row else "A"
        out, back = ("XW", "XE") if dx > 0 else ("XE", "XW")
        line, other = ("R12", "R9") if dx > 0 else ("R9", "R12")
        if abs(dx) > 1 and self.layer.lines:
            self.lines += [f"WHERE({other})", bus("E", *self.lift), "all()"]
            self.lines += [f"bus({out}, E)", "bus(E, NEWS)"]
        else:
            self._move("E", row if abs(dx) == 1 else "E", out, back, line)

    def _move(self, to: str, source: str, out: str, back: str, line: str) -> None:
        """`to` := the next pixel of `source`, and NEWS := offset - that."""
        if self.grid.pitch == 1:
            cleared = [f"WHERE({line})", "bus(NEWS)", "all()"] if self.layer.lines else []
            self.lines += [f"bus({out}, {source})", *cleared, f"bus({to}, NEWS)"]
            return
        for _ in range(self.grid.pitch * self.layer.spacing // 2):
            self.lines += [f"bus({out}, {source})", f"bus({to}, {back})"]
            source = to
        if self.layer.edges:
            self.lines += [f"WHERE({line})", bus(to, *self.lift), "all()"]
        self.lines.append(f"bus(NEWS, {to})")

    def _x(self, here: Pass) -> str:
        return "E" if here[1] else "B" if here[0] else "A"

    def double(self) -> None:
        """Twice the sum, negated like every step."""
        old, new = SUMS[self.number % 2], SUMS[(self.number + 1) % 2]
        self.lines += [bus("NEWS", old), "bus(E, NEWS)", bus(new, old, "E", *self.lift)]
        self.number += 1

    def tap(self, here: Pass, signs: Integers, after: Pass | None) -> None:
        """Add a tap with the signs of the slots."""
        n = self.number
        old, new = ([SUMS[n % 2]] if n else []), SUMS[(n + 1) % 2]
        flip = -1 if (self.taps - 1 - n) % 2 else 1
        plan = order(self.grid.in_order([int(w) * flip for w in signs]), self.grid.rows)
        sources = {1: [self._x(here), *self.lift], -1: ["NEWS"], 0: self.lift}
        self.lines.append(bus(new, *old, *sources[plan.base]))
        for c, masks in plan.steps:
            self.lines += [*self.grid.where(masks, self.layer.scratch), bus(new, *old, *sources[c])]
        if plan.steps and not self._restricted_again(here, after):
            self.lines.append("all()")
        self.number += 1

    def _restricted_again(self, here: Pass, after: Pass | None) -> bool:
        """Whether the words behind a tap restrict FLAG before they write anything."""
        if after is None or after[2] is None or not self.layer.lines or after[0] != here[0] or after[1] == here[1]:
            return False
        return after[1] * here[1] > 0 and abs(after[1]) > abs(here[1])

    def _cut(self) -> None:
        self.parts.append(Part(tuple(self.lines), tuple(self.calls)))
        self.lines, self.calls = [], []

    def ended(self) -> list[Part]:
        self.lines.append(bus(SUMS[(self.number + 1) % 2], SUMS[self.number % 2], *self.lift))
        self._cut()
        return self.parts


__all__ = ["FULL", "SUMS", "Convolution", "Look", "checked", "cleared_outside", "look", "pix_level"]
