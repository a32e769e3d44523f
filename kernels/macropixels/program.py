"""The text of a program: capture, one convolution a channel, mean over the window, result into the channel's slot.

Registers: A the picture, B the accumulator, C scratch, D the results, E a constant of each channel in its slot, F what
makes up for the offset of a transfer (or -A where nothing is made up for).

A plane of weights -1, 0, +1 is written into B under masks, one word a class. Further magnitude bits follow least
significant first: B is halved (two words) and the next plane is added. Then the mean of the window is taken by steps of
1, 2 and 4 PEs along both axes, each towards the slot's side, so that the result arises where it belongs and nothing is
moved. The last word of the last step writes the slot alone.

On a chip every transfer adds about 20 LSB. F := 0 by a lone word holds just that. As a second source of the first word
of a halving it is halved with the rest, and both words then leave nothing, or keep what was there:

    B of the window's taps      x + f       f the offset: a lone word leaves it in each class of taps
    halve, with F               x + f       -(x + f + f)/2 + f = -x/2, then its negative + f
    sum of two, without F       x + f       2 (x + f) - 2 f + f
    mean of two, without F      x           the first of them
    mean of two, with F         x           the others

so that one register and one word a frame make up for all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.macropixels.covers import JOINED, Cover, Rectangle, cover, order
from scamp_sim.kernels.macropixels.layout import ARRAY, Layout

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_BITS = 7
"""Magnitude bits of a weight."""

STORE = 1024
"""Words of the kernel store; longer programs are kept in the controller's memory."""

MOST_WORDS = 3000
"""Words of one kernel in the controller's memory; the assembler takes 4,096."""

SPAN = 127
"""LSB of full light and of none, positive and negative."""

REACH = 256
"""LSB that a result may reach by the weights. Cells compress from 150 on and end at 200, but few pictures come near
the bound: with 256 the range exponent is the best or next to it on photographs."""


def largest_exponent(kernel: int) -> int:
    """Halvings of the mean that may be left out: all but one."""
    return 2 * (kernel.bit_length() - 1) - 1


def checked_weights(weights: npt.ArrayLike, bits: int) -> Integers:
    """Integer weights (O, k, k) or (O, 1, k, k) within +-(2^bits - 1). Raises ProgramError."""
    array = np.asarray(weights)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 4:
        raise ProgramError(
            f"weights for {array.shape[1]} colours: the array has no colour filter; expected shape (O, 1, k, k)"
        )
    if array.ndim != 3 or array.shape[1] != array.shape[2] or 0 in array.shape:
        raise ProgramError(f"expected weights of shape (O, k, k) or (O, 1, k, k), got {np.shape(weights)}")
    if not 1 <= bits <= MOST_BITS:
        raise ProgramError(f"expected 1..{MOST_BITS} magnitude bits, got {bits}")
    if not np.all(np.isfinite(array)) or np.any(array != np.rint(array)):
        raise ProgramError("expected whole weights; quantise them first")
    top = 2**bits - 1
    if np.any(np.abs(array) > top):
        o, i, j = np.argwhere(np.abs(array) > top)[0]
        raise ProgramError(f"weight [{o}][{i}][{j}] is {array[o, i, j]:g}; {bits} magnitude bit(s) hold -{top}..{top}")
    return array.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Mapping:
    """A convolution on macropixels.

    weights: integers (O, k, k), |w| <= 2^bits - 1, row 0 on top, column 0 on the left.
    bits: magnitude bits besides the sign, 1 for ternary.
    exponent: halvings left out, so that results are 2^exponent as large; None for the largest by which no result can
        pass 256 LSB.
    cure: make up for the offset that a chip adds at every transfer.

    Raises ProgramError for what does not fit.
    """

    weights: Integers
    bits: int = 1
    exponent: int | None = None
    cure: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", checked_weights(self.weights, self.bits))
        most = largest_exponent(self.layout.kernel)
        chosen = self.exponent
        if chosen is None:
            chosen = max([0] + [g for g in range(most + 1) if self.bound(g) <= REACH])
        if not 0 <= chosen <= most:
            raise ProgramError(f"expected a range exponent of 0..{most}, got {chosen}")
        object.__setattr__(self, "exponent", chosen)

    @cached_property
    def layout(self) -> Layout:
        return Layout(int(self.weights.shape[1]), len(self.weights))

    @property
    def side(self) -> int:
        """Windows along an axis."""
        return self.layout.side

    def from_samples(self, samples: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
        """Channels (O, side, side) of the readouts."""
        return self.layout.from_samples(samples)

    @property
    def g(self) -> int:
        """The range exponent."""
        assert self.exponent is not None
        return self.exponent

    def gain(self, exponent: int | None = None) -> float:
        """LSB of result per LSB of picture and unit of weight: 2^g / (k^2 2^(bits - 1))."""
        g = self.g if exponent is None else exponent
        return float(2.0**g / (self.layout.kernel**2 * 2 ** (self.bits - 1)))

    def bound(self, exponent: int | None = None) -> float:
        """The largest magnitude of any result, in LSB, over all pictures."""
        largest = int(np.abs(self.weights).sum(axis=(1, 2)).max())
        return self.gain(exponent) * SPAN * largest

    def sums(self, light: npt.ArrayLike) -> Floats:
        """What the array computes, in LSB: (O, 256/k, 256/k) for light (256, 256) in 0..1."""
        k, side = self.layout.kernel, self.layout.side
        x = 2 * SPAN * np.asarray(light, np.float64) - SPAN
        cells = x.reshape(side, k, side, k)
        return np.asarray(self.gain() * np.einsum("oij,uivj->ouv", self.weights.astype(np.float64), cells))

    # --- text ---------------------------------------------------------------------------------------------------

    def text(self, title: str, *, before: str = "", ending: str = "", readout: str = "", store: str = "D") -> str:
        """The program.

        title: first line of the contract.
        before, ending: words in front of the channels and behind them.
        readout: statements of the program behind the launches.
        store: "D" overwrites the slots of D, "add" adds to them.
        """
        parts = ["\n".join([*self._capture(), *([before] if before else [])])]
        for channel in range(self.layout.channels):
            parts.append("\n".join([f"    // channel {channel}", *self._channel(channel, store)]))
        parts += [ending] if ending else []
        bodies = _packed(parts, STORE if sum(map(_words, parts)) <= STORE else MOST_WORDS)
        heap = "heap " if sum(map(_words, bodies)) > STORE else ""
        kernels = "".join(f"{heap}kernel {name} {{\n{body}\n}}\n\n" for name, body in _named(bodies))
        launches = "".join(f"    {name}();\n" for name, _ in _named(bodies))
        held = [r for r in ("D", "E") if (r == "D" and store == "add") or (r == "E" and re.search(r"\bE\b", ending))]
        states = "".join(f"state {r};\n" for r in held)
        return (
            f"/// {title}: {self.layout.channels} channel(s), {self.layout.kernel}x{self.layout.kernel} windows, "
            f"sign and {self.bits} bit(s), range exponent {self.g}.\n\n"
            f"array {ARRAY}, {ARRAY};\ninput picture -> PIX;\n{states}\n{self.ready()}{kernels}"
            f"program {{\n{self.address_loads()}{launches}{readout}}}\n"
        )

    def words(self, store: str = "D") -> int:
        """Words of a frame up to the last channel, those of the address loads included, without assembling it."""
        loads = 2 * (2 * self.layout.lines + len(self.layout.half_bits)) + self.layout.halves
        channels = (self._channel(n, store) for n in range(self.layout.channels))
        return loads + _words("\n".join(self._capture())) + sum(_words("\n".join(lines)) for lines in channels)

    def address_loads(self) -> str:
        """Host calls that set the address bits."""
        lay, lines = self.layout, []
        ignored = 255 ^ (lay.lines - 1)
        if lay.halves:
            lines.append("    ready();")
        for n, bit in enumerate(lay.rows):
            lines.append(f"    scamp5_load_pattern({bit}, {n}, 0, {ignored}, 255);")
        for n, bit in enumerate(lay.columns):  # the chip counts columns from the right
            lines.append(f"    scamp5_load_pattern({bit}, 0, {lay.lines - 1 - n}, 255, {ignored});")
        for bit, (row, column, rows_off, columns_off) in zip(
            lay.half_bits, ((0, 0, 251, 255), (4, 0, 251, 255), (0, 4, 255, 251), (0, 0, 255, 251)), strict=False
        ):
            lines.append(f"    scamp5_load_pattern({bit}, {row}, {column}, {rows_off}, {columns_off});")
        return "\n".join(lines) + "\n"

    def ready(self) -> str:
        """A kernel that lets R12 be written, where it is an address bit."""
        return "kernel ready {\n    SET(R0);\n}\n\n" if self.layout.halves else ""

    def _capture(self) -> list[str]:
        f = ", F" if self.cure else ""
        lines = ["    // A := 2 * 127 light - 127"]
        lines += ["    bus(F);"] if self.cure else []
        lines += [f"    bus(B, PIX{f});", "    bus(NEWS, PIX);", "    rpix();", "    rpix();", "    nop();"]
        lines += ["    bus(A, B, NEWS, PIX);"]
        return lines if self.cure else [*lines, "    bus(F, A);"]

    def _channel(self, channel: int, store: str) -> list[str]:
        lines = self._accumulate(self.weights[channel])
        return lines + self._mean(channel, store)

    def _accumulate(self, w: Integers) -> list[str]:
        """B := the weighted pixel in each tap; the planes of magnitude bits one after the other."""
        k, lines, started = self.layout.kernel, [], False
        f = ", F" if self.cure else ""
        plus = "NEWS" if self.cure else "F"
        for bit in range(self.bits):
            plane = np.sign(w) * ((np.abs(w) >> bit) & 1)
            if not started and not plane.any() and bit < self.bits - 1:
                continue  # nothing to halve yet
            before = "C" if started else ""
            if started:
                lines.append(f"    bus2(C, NEWS, B{f});")
            writes = {0: [before], 1: [before, plus], -1: [before, "A"]}
            if self.cure and (plane > 0).any():
                lines.append("    bus(NEWS, A, F);")

            def write(c: int, writes: dict[int, list[str]] = writes) -> str:
                return f"    bus({', '.join(['B', *filter(None, writes[c])])});"

            lines += self._planes(plane, k, write)
            started = True
        return lines

    def _planes(self, plane: Integers, k: int, write: Callable[[int], str]) -> list[str]:
        """One plane of -1, 0, +1 over B."""
        if not self.layout.halves:
            plan = order(tuple(int(v) for v in plane.ravel()), k)
            lines = [write(plan.base)]
            for c, masks in plan.steps:
                lines += [*self._where(masks), write(c)]
            return lines + (["    all();"] if plan.steps else [])
        # 8x8 leaves one bit for masks: the class that is there most often goes everywhere, the others rectangle by
        # rectangle in each quadrant
        values, counts = np.unique(plane, return_counts=True)
        base = int(values[np.argmax(counts)])
        lines = [write(base)]
        for c in (0, 1, -1):
            if c != base and (plane == c).any():
                for half, masks in self._quadrants(plane, c):
                    for r in masks:
                        lines += [self._rectangle("R0", r, half), "    WHERE(R0);", write(c)]
        return lines + (["    all();"] if len(values) > 1 else [])

    def _quadrants(self, plane: Integers, c: int) -> list[tuple[tuple[int, int], Cover]]:
        """((lower, right), rectangles) of the taps of a class in each quadrant."""
        n, found = self.layout.lines, []
        for top, left in np.ndindex(2, 2):
            part = plane[top * n : top * n + n, left * n : left * n + n].ravel()
            taps = sum(1 << i for i, v in enumerate(part) if v == c)
            found.append(((top, left), cover(taps, 0, n)))
        return found

    def _where(self, masks: Cover) -> list[str]:
        """FLAG := the union of rectangles."""
        lay, lines, sources = self.layout, [], []
        free = list(lay.scratch)
        for number, r in enumerate(masks):
            line = r.line(lay.kernel)
            if line is not None:
                sources.append((lay.rows if line[0] == "row" else lay.columns)[line[1]])
            else:
                lines.append(self._rectangle(free[0], r))
                sources.append(free.pop(0))
            if len(sources) == JOINED and number < len(masks) - 1:
                lines.append(f"    MOV({{R0}}, {{{', '.join(sources)}}});")
                sources, free = ["R0"], list(lay.scratch)
        return [*lines, f"    WHERE({', '.join(sources)});"]

    def _rectangle(self, bit: str, r: Rectangle, half: tuple[int, int] | None = None) -> str:
        """bit := 1 in these rows and columns: the NOR of all others."""
        lay = self.layout
        others = [b for n, b in enumerate(lay.rows) if not r.rows >> n & 1]
        others += [b for n, b in enumerate(lay.columns) if not r.columns >> n & 1]
        if half is not None:
            others += [lay.half_bits[1 - half[0]], lay.half_bits[3 - half[1]]]
        return f"    NOT({{{bit}}}, {{{', '.join(others)}}});"

    def slot_mask(self, channel: int, bit: str) -> str:
        """bit := 1 in the channel's slot."""
        i, j = self.layout.slot(channel)
        n = self.layout.lines
        half = (i // n, j // n) if self.layout.halves else None
        return self._rectangle(bit, Rectangle(1 << i % n, 1 << j % n), half)

    def _mean(self, channel: int, store: str) -> list[str]:
        """The mean of the window arises in the slot; the first `g` of its halvings are left out."""
        i, j = self.layout.slot(channel)
        f = ", F" if self.cure else ""
        steps, lines = [], []
        for n in range(self.layout.kernel.bit_length() - 1):
            steps += [(n, "E" if not j >> n & 1 else "W"), (n, "S" if not i >> n & 1 else "N")]
        for number, (n, side) in enumerate(steps):
            here = f"X{side}"
            there = "X" + {"E": "W", "W": "E", "S": "N", "N": "S"}[side]
            out = "NEWS" if n == 0 else there
            last = number == len(steps) - 1
            if number < self.g:
                own = "NEWS"
                if n:
                    lines.append("    bus(C, B);")
                    own = "C"
                lines.append(f"    bus({out}, B);")
            else:
                lines.append(f"    bus2({out}, C, B{f if number > self.g else ''});")
                own = "C"
            if n == 2:
                lines += [f"    bus(B, {here});", f"    bus({there}, B);"]
            if not last:
                lines.append(f"    bus(B, {own}, {here});")
                continue
            bit = self.layout.spikes
            mask = [self.slot_mask(channel, bit), f"    WHERE({bit});"]
            if store == "add":
                lines += [f"    bus(B, {own}, {here});", *mask, "    bus(NEWS, D, B);", "    bus(D, NEWS);"]
            else:
                lines += [*mask, f"    bus(D, {own}, {here});"]
            lines.append("    all();")
        return lines


def random_weights(channels: int, kernel: int, bits: int, seed: int) -> Integers:
    """Weights (channels, kernel, kernel), each uniform over -(2^bits - 1) .. 2^bits - 1."""
    top = 2**bits - 1
    return np.random.default_rng(seed).integers(-top, top + 1, (channels, kernel, kernel))


def _words(text: str) -> int:
    """Words of a stretch of text, every statement of which is one."""
    return sum(line.endswith(";") for line in text.splitlines())


def _packed(parts: list[str], most: int) -> list[str]:
    """The parts in as few kernels as hold `most` words each."""
    bodies = [parts[0]]
    for part in parts[1:]:
        if _words(bodies[-1]) + _words(part) <= most:
            bodies[-1] += "\n" + part
        else:
            bodies.append(part)
    return bodies


def _named(bodies: list[str]) -> list[tuple[str, str]]:
    """The kernels with their names."""
    return [("frame" if len(bodies) == 1 else f"part{n}", body) for n, body in enumerate(bodies)]
