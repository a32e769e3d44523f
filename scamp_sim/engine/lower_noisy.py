"""Lowering for a chip with errors: every analog write by itself, or two words of a macro in one loop with both their
draws.

The numbers of words are those of the reference engine, so both draw the same noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import host, isa
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import Word
from scamp_sim.engine import ops
from scamp_sim.engine.lower import Lowering, Segment, news_dies, ordered, way
from scamp_sim.engine.passes import noisy_runs
from scamp_sim.silicon import draws
from scamp_sim.silicon.chip import ChipErrors

_NONE = np.zeros(0, np.float32)


class ErrorPlanes:
    """Planes of a chip that programs need, in the order in which they were first asked for."""

    def __init__(self, errors: ChipErrors) -> None:
        self.errors = errors
        self._index: dict[tuple[str, str, tuple[int, int]], int] = {}
        self.planes: list[npt.NDArray[np.float32]] = []
        """Those that the engine has copied are empty."""
        self._bounds: dict[str, int] = {}

    def _plane(self, kind: str, register: str = "", share: tuple[int, int] = (0, 1)) -> int:
        key = (kind, register, share)
        if key not in self._index:
            fixed = self.errors.fixed
            if kind == "comparator":
                plane = fixed.comparator
            else:
                plane = fixed.gain(register, share) if kind == "gain" else fixed.offset(register, share)
            assert plane is not None
            self._index[key] = ops.ANALOG_PLANES + len(self.planes)
            self.planes.append(plane)
        return self._index[key]

    def copied(self) -> None:
        """The engine has a copy of all planes: nobody needs these any more, nor what they are made of."""
        self.planes = [_NONE] * len(self.planes)
        self.errors.fixed.forget()

    def gain(self, register: str, share: tuple[int, int] = (0, 1)) -> int:
        p = self.errors.profile
        if share[1] > 1 and not p["split_mismatch"]:
            share = (0, 2) if p["split_loss"] else (0, 1)  # all parts are alike
        return self._plane("gain", register, share)

    def offset(self, register: str, share: tuple[int, int] = (0, 1)) -> int:
        split = share[1] > 1 and bool(self.errors.profile["split_offset"])
        return self._plane("offset", register, (0, 2) if split else (0, 1))

    def comparator(self) -> int:
        return self._plane("comparator")

    def bound(self, register: str) -> int:
        """Bits of the magnitude in LSB up to which a register that takes NEWS on shows that NEWS was within the linear
        range: register = -NEWS * gain + offset + noise."""
        if register not in self._bounds:
            fixed, temporal = self.errors.fixed, self.errors.temporal
            most = np.abs(fixed.offset(register)).max() + temporal.write_scale * 2.0**31
            least = self.errors.knee[0] * (1 - 1e-6) * fixed.gain(register).min() - most
            self._bounds[register] = int(max(np.float32(least), np.float32(0)).view(np.int32))
        return self._bounds[register]


class NoisyLowering(Lowering):
    """Emits the rows of one segment.

    number: of its first action among those that draw.
    """

    def __init__(self, flag_ones: bool, options: ArrayOptions, planes: ErrorPlanes, number: int) -> None:
        super().__init__(flag_ones, options, exact=False)
        self.planes = planes
        self.errors = planes.errors
        self.number = number
        self.current: Word | None = None
        self.share: dict[str, tuple[int, int]] = {}
        self.pix: int | None = None

    def segment(self, actions: Sequence[host.Action], outputs: tuple[str, ...]) -> Segment:
        i = 0
        while i < len(actions):
            action = actions[i]
            self.pix = None
            self.share = {}
            self.current = None
            if isinstance(action, Word):
                self.current = action
                if self.joined(actions, i):
                    self.number += 2
                    i += 2
                    continue
                self.share = draws.shares(action.dst)
                self.word(action)
            else:
                self.outside(action)
            self.number += isinstance(action, host.NUMBERED)
            i += 1
        if not self.ones:
            self.need_bits()
        code = np.array(self.rows, np.int64).reshape(-1, ops.WIDTH)
        return Segment(code, noisy_runs(code), np.array(self.plane, np.int64), self.ones, outputs, self.number, True)

    def outside(self, action: host.Action) -> None:
        """What the controller does between words."""
        temporal = self.errors.temporal
        if isinstance(action, host.SetIn):
            self.fill_in(action.value)
            if temporal.load_scale(action.value):
                self.noise("IN", draws.LOAD, temporal.load_scale(action.value))
        elif isinstance(action, host.Disturb):
            for n, register in enumerate(isa.ANALOG):
                self.noise(register, draws.DISTURB + n, temporal.scale("digital_end_noise"))
        else:
            super().outside(action)

    def noise(self, register: str, purpose: int, scale: np.float32) -> None:
        plane = self.analog(register)
        self.add_noise(plane, plane, purpose, scale)

    def add_noise(self, d: int, source: int, purpose: int, scale: np.float32) -> None:
        """d := source + noise; a row holds the bits of its scale, the LSB that a draw of 1 stands for."""
        self.emit(ops.ADD_NOISE, d, (source,), p=int(scale.view(np.int32)))
        self.rows[-1][ops.NUMBER], self.rows[-1][ops.PURPOSE] = self.number, purpose

    def source(self, register: str) -> int:
        """Reading PIX adds noise, the same for all destinations of a word."""
        if register != "PIX" or not self.errors.profile["pix_read"]:
            return self.analog(register)
        if self.pix is None:
            self.add_noise(ops.SEEN, self.analog("PIX"), draws.PIX_READ, self.errors.temporal.scale("pix_read"))
            self.pix = ops.SEEN
        return self.pix

    # --- writes ---

    def write(
        self,
        register: str,
        sources: Sequence[int],
        p: int,
        q: int,
        row: int = 0,
        column: int = 0,
        still: int = ops.ZERO,
    ) -> None:
        """register := E(p/q * (sum of at most two planes, from that far away, and one of the PE itself)) where
        FLAG = 1; `still` only with one that is not."""
        if len(sources) > 2:
            # LINEAR stays in a band, but cuts off what no register of such a profile could hold
            within = len(sources) * self.errors.profile["saturation"] <= self.errors.limit
            self.emit(ops.LINEAR if within else ops.ACCUMULATE, ops.SUM, sources, p=1, q=1)
            sources = [ops.SUM]
        s0, s1 = (*sources, ops.ZERO, ops.ZERO)[:2]
        share = self.share.get(register, (0, 1))
        second = self.current is not None and draws.completes(self.current)
        d, old = self.destination(register, (s0, s1, still))
        self.emit(ops.WRITE, d, (s0, s1), extra=old, p=p, q=q)
        last = self.rows[-1]
        last[ops.GAIN], last[ops.OFFSET] = self.planes.gain(register, share), self.planes.offset(register, share)
        last[ops.GAIN + 2], last[ops.OFFSET + 2] = last[ops.GAIN], last[ops.OFFSET]
        last[ops.NUMBER], last[ops.PURPOSE] = (self.number - 1, 0) if second else (self.number, share[0])
        last[ops.SECOND], last[ops.REST] = int(second), still
        last[ops.ROW], last[ops.COLUMN] = row, column

    def destination(self, register: str, sources: Sequence[int]) -> tuple[int, int]:
        """(plane to write, plane with the old value or -1)."""
        if self.ones:
            return self.target(register, sources), -1
        self.need_bytes()
        return self.fresh(register)

    def clip(self, plane: int) -> None:
        """Nothing: a cell compresses what its gain leaves of a sum, not the sum."""

    def linear(self, register: str, sources: Sequence[int], p: int, q: int = 1) -> None:
        self.write(register, sources, p, q)

    def shift(self, register: str, sources: Sequence[int], sign: int, row: int, column: int, extra: int = -1) -> None:
        self.write(register, sources, sign, 1, row, column, ops.ZERO if extra < 0 else extra)

    def compare(self, sources: Sequence[int]) -> None:
        if self.errors.fixed.comparator is None:
            return super().compare(sources)
        if len(sources) > 2:
            self.emit(ops.LINEAR, ops.SUM, sources, p=1, q=1)
            sources = [ops.SUM]
        return super().compare([*sources, self.planes.comparator()])

    def store_bits(self, d: int, op: int, sources: Sequence[int], p: int, q: int = 0) -> None:
        super().store_bits(d, op, sources, p, q)
        self.keep_stuck(d)

    def fill_bits(self, targets: Sequence[int], value: int) -> None:
        super().fill_bits(targets, value)
        for d in targets:
            self.keep_stuck(d)

    def keep_stuck(self, d: int) -> None:
        register = next((r for r in self.errors.fixed.stuck if ops.BIT_INDEX[r] == d), None)
        if register is not None:
            n = list(self.errors.fixed.stuck).index(register)
            self.emit(ops.BITS_MERGE, d, (ops.BIT_PLANES + 2 * n + 1, ops.BIT_PLANES + 2 * n))

    # --- two words at once ---

    def joined(self, actions: Sequence[host.Action], i: int) -> bool:
        """Emit words i and i + 1 as one loop if the second takes on what the first left in NEWS, and nobody else
        does."""
        if i + 1 >= len(actions):
            return False
        first, second = actions[i], actions[i + 1]
        if not (isinstance(first, Word) and isinstance(second, Word) and draws.completes(second)):
            return False
        if first.op != "bus" or len(first.dst) != 1 or first.dst[0] not in ("NEWS", *isa.PORTS):
            return False
        inner = ordered(first.src)
        rest = [r for r in second.src if r != "NEWS"]
        row, column, moves = way(first.dst[0], "NEWS")
        if len(inner) > 2 or len(rest) > 1 or "NEWS" in inner or {*first.src} & {*isa.PORTS} or "PIX" in rest:
            return False
        if moves and not self.ones:
            return False
        if not news_dies(actions, i + 2):
            return False
        sources = [self.source(s) for s in inner]
        s0, s1 = (*sources, ops.ZERO, ops.ZERO)[:2]
        other = self.source(rest[0]) if rest else ops.ZERO
        y = second.dst[0]
        d, old = self.destination(y, (s0, s1, other))
        self.emit(ops.WRITE_PAIR, d, (s0, s1), extra=old, p=self.planes.bound(y))
        last = self.rows[-1]
        last[ops.GAIN], last[ops.OFFSET] = self.planes.gain("NEWS"), self.planes.offset("NEWS")
        last[ops.GAIN + 2], last[ops.OFFSET + 2] = self.planes.gain(y), self.planes.offset(y)
        last[ops.NUMBER], last[ops.REST] = self.number, other
        last[ops.ROW], last[ops.COLUMN] = row, column
        return True
