"""The text of a dense walk: one channel after the other over the same picture.

Registers: A the picture, E a copy that walks south, B one that walks east from there, C and D the running sum in turn,
F the offset of a transfer. Every tap is one word,

    D := -(C + x + F)  or  -(C + NEWS)      NEWS = F - x beside the walking copy

so the sum changes its sign at every tap, and what a chip adds at a transfer is made up for in both cases (without it F
is 0 and left out). Copies walk outwards only: nothing that a window inside the array needs is lost at its border.
Further magnitude bits are walks of their own, least significant first, with the sum halved between them.

All of 256 x 256 results arise and the windows that start at every stride-th PE are read: of a 5x5 window with stride 5
one in 25. What macropixels cannot do it does: other windows than 2, 4 and 8, and windows that overlap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scamp_sim.exceptions import ProgramError
from scamp_sim.kernels.macropixels.layout import ARRAY
from scamp_sim.kernels.macropixels.program import REACH, SPAN, STORE, Floats, Integers, checked_weights

if TYPE_CHECKING:
    from scamp_sim.chip.program import Program

LARGEST = 16
"""Rows and columns of a window."""

MOST_CHANNELS = 64
MOST_HALVINGS = 6


@dataclass(frozen=True, eq=False)
class DenseMapping:
    """A convolution with any window and stride.

    weights: integers (O, k, k) or (O, 1, k, k), |w| <= 2^bits - 1.
    stride: PEs between windows.
    bits: magnitude bits besides the sign.
    halvings: of the picture, None for the fewest by which no result can pass 256 LSB.
    cure: make up for the offset that a chip adds at every transfer.

    Raises ProgramError.
    """

    weights: Integers
    stride: int
    bits: int = 1
    halvings: int | None = None
    cure: bool = True

    def __post_init__(self) -> None:
        weights = checked_weights(self.weights, self.bits)
        object.__setattr__(self, "weights", weights)
        if weights.shape[1] > LARGEST:
            raise ProgramError(
                f"windows of {self.kernel}x{self.kernel}: the dense walk takes up to {LARGEST}x{LARGEST}"
            )
        if len(weights) > MOST_CHANNELS:
            raise ProgramError(f"{len(weights)} channels: the dense walk takes up to {MOST_CHANNELS}")
        if not 1 <= self.stride <= ARRAY - self.kernel:
            raise ProgramError(f"expected a stride of 1..{ARRAY - self.kernel}, got {self.stride}")
        chosen = self.halvings
        if chosen is None:
            fitting = [n for n in range(MOST_HALVINGS + 1) if self.bound(n) <= REACH]
            chosen = fitting[0] if fitting else MOST_HALVINGS
        if not 0 <= chosen <= MOST_HALVINGS:
            raise ProgramError(f"expected 0..{MOST_HALVINGS} halvings of the picture, got {chosen}")
        object.__setattr__(self, "halvings", chosen)

    @property
    def kernel(self) -> int:
        return int(self.weights.shape[1])

    @property
    def channels(self) -> int:
        return len(self.weights)

    @property
    def side(self) -> int:
        """Windows along an axis."""
        return (ARRAY - self.kernel) // self.stride + 1

    def gain(self, halvings: int | None = None) -> float:
        """LSB of result per LSB of picture and unit of weight."""
        n = self.halvings if halvings is None else halvings
        assert n is not None
        return float(2.0 ** -(n + self.bits - 1))

    def bound(self, halvings: int | None = None) -> float:
        """The largest magnitude of any result, in LSB, over all pictures."""
        return self.gain(halvings) * SPAN * int(np.abs(self.weights).sum(axis=(1, 2)).max())

    def sums(self, light: npt.ArrayLike) -> Floats:
        """What the array computes, in LSB: (O, side, side) for light (256, 256) in 0..1."""
        x = 2 * SPAN * np.asarray(light, np.float64) - SPAN
        total = np.zeros((self.channels, self.side, self.side))
        last = self.stride * (self.side - 1) + 1
        for i, j in np.ndindex(self.kernel, self.kernel):
            total += self.weights[:, i, j, None, None] * x[i : i + last : self.stride, j : j + last : self.stride]
        return self.gain() * total

    def program(self, shifts: list[int] | None = None) -> Program:
        """A frame, from PIX to the samples `maps0`, `maps1`, ...

        shifts: LSB, one a channel, in front of a ReLU; None for the bare sums.

        Raises ProgramError for shifts that the converter does not give.
        """
        from scamp_sim.compiler import assemble

        return assemble(self.text(shifts), name="p2m_dense")

    def text(self, shifts: list[int] | None = None) -> str:
        """The program's text."""
        if shifts is not None and not all(-128 <= s <= 127 for s in shifts):
            worst = max(shifts, key=abs)
            raise ProgramError(f"a shift is {worst} LSB, outside of the converter's -128..127; take more halvings")
        bodies = {"capture": self._capture()}
        calls = ["    capture();"]
        for channel in range(self.channels):
            words, result = self._channel(self.weights[channel])
            bodies[f"channel{channel}"] = words
            calls.append(f"    channel{channel}();")
            if shifts is not None:
                bodies.setdefault(f"relu_{result}", self._relu(result))
                calls += [f"    scamp5_in(E, {shifts[channel]});", f"    relu_{result}();"]
            last = ARRAY - 1
            end = self.stride * (self.side - 1)
            calls.append(
                f"    output maps{channel} = scamp5_scan_areg({result}, 0, {last - end}, {end}, {last}, "
                f"{self.stride}, {self.stride});"
            )
        heap = "heap " if sum(map(len, bodies.values())) > STORE else ""
        listed = {name: "".join(f"    {w};\n" for w in words) for name, words in bodies.items()}
        kernels = "".join(f"{heap}kernel {name} {{\n{body}}}\n\n" for name, body in listed.items())
        return (
            f"/// Dense walk: {self.channels} channel(s), {self.kernel}x{self.kernel} windows, stride {self.stride}, "
            f"sign and {self.bits} bit(s), picture halved {self.halvings} time(s).\n\narray {ARRAY}, {ARRAY};\n"
            f"input picture -> PIX;\n\n{kernels}program {{\n" + "\n".join(calls) + "\n}\n"
        )

    def words(self, *, relu: bool = False) -> int:
        """Words of a frame, without assembling it."""
        extra = self.channels * (8 if self.cure else 7) if relu else 0  # two of them lay the shift
        return len(self._capture()) + sum(len(self._channel(w)[0]) for w in self.weights) + extra

    def _capture(self) -> list[str]:
        """A := 2 * 127 light - 127, halved."""
        f = ", F" if self.cure else ""
        words = ["bus(F)"] if self.cure else []
        words += [f"bus(B, PIX{f})", "bus(NEWS, PIX)", "rpix()", "rpix()", "nop()", "bus(A, B, NEWS, PIX)"]
        assert self.halvings is not None
        return words + ["bus2(C, NEWS, A)", "bus(A, C)"] * self.halvings

    def _channel(self, w: Integers) -> tuple[list[str], str]:
        """(words, register of the result) of one channel."""
        words: list[str] = []
        held, spare = "C", "D"
        started = False
        for bit in range(self.bits):
            plane = np.sign(w) * ((np.abs(w) >> bit) & 1)
            if started:
                words += [f"bus2({spare}, NEWS, {held})", f"bus({held}, {spare})"]
            taps = int(np.count_nonzero(plane))
            if not taps:
                continue
            # What is added first changes its sign as often as there are taps; a sum that is there already as well.
            if started and taps % 2:
                words += ["bus(NEWS)", f"bus({spare}, NEWS, {held})"]
                held, spare = spare, held
            for seen, (source, shift) in enumerate(self._walk(plane)):
                words += shift
                sign = source * (1 if (taps - seen) % 2 == 0 else -1)
                x = self._tap
                before = f"{held}, " if started else ""
                words.append(f"bus({spare}, {before}{x(sign, words)})")
                held, spare, started = spare, held, True
        if not started:
            words += [f"bus({held}, F)" if self.cure else f"bus({held})"]
        return words, held

    def _tap(self, sign: int, words: list[str]) -> str:
        """The source of +x or -x; the walk leaves the copy's name in its last word."""
        if sign < 0:
            return "NEWS"
        copy = self._copy(words)
        return f"{copy}, F" if self.cure else copy

    @staticmethod
    def _copy(words: list[str]) -> str:
        """The register that the last word of a walk wrote, or read into NEWS."""
        for word in reversed(words):
            if word in ("bus(B, NEWS)", "bus(E, NEWS)"):
                return word[4]
            if word == "bus(NEWS, A)":
                return "A"
        raise AssertionError("no walk in front of a tap")

    def _walk(self, plane: Integers) -> list[tuple[int, list[str]]]:
        """(sign, words that bring the tap's pixel here) of the taps that count, row after row."""
        steps: list[tuple[int, list[str]]] = []
        pending: list[str] = []
        row = "A"
        lowest = int(np.flatnonzero(plane.any(axis=1)).max())
        for i in range(lowest + 1):
            if i:
                pending += ["bus(XN, " + row + ")", "bus(E, NEWS)"]
                row = "E"
            elif plane[0, 0]:
                pending.append("bus(NEWS, A)")
            copy = row
            columns = np.flatnonzero(plane[i])
            for j in range(int(columns.max()) + 1 if len(columns) else 0):
                if j:
                    pending += [f"bus(XW, {copy})", "bus(B, NEWS)"]
                    copy = "B"
                if plane[i, j]:
                    steps.append((int(plane[i, j]), pending))
                    pending = []
        return steps

    def _relu(self, result: str) -> list[str]:
        """result := max(0, result + E)."""
        r = result
        words = [f"bus(NEWS, {r}, E)", f"bus({r}, NEWS)"]
        words += [f"bus(NEWS, {r}, F)", "where(NEWS)", f"bus({r}, F)"] if self.cure else ["where(NEWS)", f"bus({r})"]
        return [*words, "all()"]

    def from_samples(self, samples: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
        """Channels (O, side, side) of the readouts, column after column from the right."""
        return np.stack([s.reshape(self.side, self.side).T[:, ::-1] for s in samples])

    def with_halvings(self, halvings: int) -> DenseMapping:
        """The same with other halvings of the picture."""
        return replace(self, halvings=halvings)
