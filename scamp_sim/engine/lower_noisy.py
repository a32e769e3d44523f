"""Lowering for a chip with errors: every analog write by itself, or two words of a macro in one loop with both their
draws.

The numbers of words are those of the reference engine, so both draw the same noise.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from scamp_sim.chip import host, isa
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import Program, Word
from scamp_sim.engine import ops
from scamp_sim.engine.lower import Lowering, Segment, news_dies, ordered, segments, way
from scamp_sim.engine.passes import noisy_runs
from scamp_sim.silicon import draws
from scamp_sim.silicon.chip import ChipErrors

Plane = tuple[str, str, tuple[int, int]]
"""A plane of errors: "gain", "offset" or "comparator", its register, and as which of how many destinations."""

_CELLS = (*isa.ANALOG, "NEWS")
_SHARES = ((0, 1), (0, 2), (1, 2), (1, 3))
"""All that differ: of n equal parts only the first and the last are off, whatever n is."""
PLANES: tuple[Plane, ...] = (
    *(("gain", register, share) for register in _CELLS for share in _SHARES),
    *(("offset", register, share) for register in _CELLS for share in _SHARES[:2]),
    ("comparator", "", (0, 1)),
)
"""In the order of their numbers, which begin at `ops.ANALOG_PLANES` and are the same on every chip."""
_NUMBER = {plane: n for n, plane in enumerate(PLANES, ops.ANALOG_PLANES)}

Own = tuple[str, str | float]
"""A number that differs from chip to chip: ("load", LSB), ("knob", its name) or ("bound", register)."""


@dataclass(frozen=True)
class Traits:
    """All of a chip that shapes its tables. Chips that are alike in it share them."""

    options: ArrayOptions
    pix_read: bool
    split_mismatch: bool
    split_loss: bool
    split_offset: bool
    comparator: bool
    load: tuple[bool, bool]
    stuck: tuple[str, ...]
    most: int
    """Sources that a word may add without leaving what a register can hold."""

    @classmethod
    def of(cls, errors: ChipErrors, options: ArrayOptions) -> Traits:
        p = errors.profile
        return cls(
            options,
            bool(p["pix_read"]),
            bool(p["split_mismatch"]),
            bool(p["split_loss"]),
            bool(p["split_offset"]),
            bool(p["comparator_spread"]),
            (bool(p["load_spread"]), bool(p["load_spread_relative"])),
            tuple(errors.fixed.stuck),
            next((n for n in range(len(isa.ANALOG_SOURCES), 0, -1) if n * p["saturation"] <= errors.limit), 0),
        )

    def gain(self, register: str, share: tuple[int, int]) -> Plane:
        i, n = share
        if n > 1 and not self.split_mismatch:  # all parts are alike
            return ("gain", register, (0, 2) if self.split_loss else (0, 1))
        if n > 1:
            return ("gain", register, (0, 2) if i == 0 else (1, 2) if i == n - 1 else (1, 3))
        return ("gain", register, share)

    def offset(self, register: str, share: tuple[int, int]) -> Plane:
        return ("offset", register, (0, 2) if share[1] > 1 and self.split_offset else (0, 1))


@dataclass(frozen=True, eq=False)
class Table:
    """A segment as all chips have it.

    own: rows whose P is the chip's own, and which of `numbers` that is.
    planes: those of errors that it needs.
    """

    segment: Segment
    own: npt.NDArray[np.int64]
    numbers: tuple[Own, ...]
    planes: tuple[Plane, ...]


class ChipNumbers:
    """What one chip puts into tables."""

    def __init__(self, errors: ChipErrors) -> None:
        self.errors = errors
        self._known: dict[Own, int] = {}

    def segment(self, table: Table) -> Segment:
        """The segment for this chip."""
        if not len(table.own):
            return table.segment
        values = np.array([self._value(own) for own in table.numbers], np.int64)
        code = table.segment.code.copy()
        code[table.own[0], ops.P] = values[table.own[1]]
        return replace(table.segment, code=code)

    def number(self, plane: Plane) -> int:
        """Of the plane, among all of the engine."""
        return _NUMBER[plane]

    def beside(self, planes: Collection[Plane]) -> set[Plane]:
        """These and what is made of the same draws at little cost; the bounds of their registers are kept too."""
        registers = {register for _, register, _ in planes if register}
        for register in registers:
            self._value(("bound", register))
        return {*planes} | {(kind, register, (0, 1)) for kind in ("gain", "offset") for register in registers}

    def plane(self, plane: Plane) -> npt.NDArray[np.float32]:
        """float32 (rows, columns)."""
        kind, register, share = plane
        fixed = self.errors.fixed
        if kind == "comparator":
            assert fixed.comparator is not None
            return fixed.comparator
        return fixed.gain(register, share) if kind == "gain" else fixed.offset(register, share)

    def _value(self, own: Own) -> int:
        """The bits of a number."""
        if own not in self._known:
            kind, what = own
            temporal = self.errors.temporal
            if isinstance(what, str):
                number = temporal.scale(what) if kind == "knob" else self.bound(what)
            else:
                number = temporal.load_scale(what)
            self._known[own] = int(np.float32(number).view(np.int32))
        return self._known[own]

    def bound(self, register: str) -> np.float32:
        """The magnitude in LSB up to which a register that takes NEWS on shows that NEWS was within the linear range:
        register = -NEWS * gain + offset + noise."""
        fixed, temporal = self.errors.fixed, self.errors.temporal
        most = np.abs(fixed.offset(register)).max() + temporal.write_scale * 2.0**31
        least = self.errors.knee[0] * (1 - 1e-6) * fixed.gain(register).min() - most
        return max(np.float32(least), np.float32(0))


class NoisyLowering(Lowering):
    """Emits the rows of one segment.

    number: of its first action among those that draw.
    """

    def __init__(self, flag_ones: bool, traits: Traits, number: int) -> None:
        super().__init__(flag_ones, traits.options, exact=False)
        self.traits = traits
        self.number = number
        self.own: list[tuple[int, Own]] = []
        self.planes: dict[Plane, None] = {}
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

    def table(self, segment: Segment) -> Table:
        """The segment that was just made, with what chips put into it."""
        numbers = {number: n for n, number in enumerate(dict.fromkeys(number for _, number in self.own))}
        own = np.array([(row, numbers[number]) for row, number in self.own], np.int64).reshape(-1, 2)
        return Table(segment, own.T.copy(), tuple(numbers), tuple(self.planes))

    def error_plane(self, plane: Plane) -> int:
        """Its number."""
        self.planes[plane] = None
        return _NUMBER[plane]

    def outside(self, action: host.Action) -> None:
        """What the controller does between words."""
        if isinstance(action, host.SetIn):
            self.fill_in(action.value)
            always, relative = self.traits.load
            if always or (relative and action.value):
                self.noise("IN", draws.LOAD, ("load", action.value))
        elif isinstance(action, host.Disturb):
            for n, register in enumerate(isa.ANALOG):
                self.noise(register, draws.DISTURB + n, ("knob", "digital_end_noise"))
        else:
            super().outside(action)

    def noise(self, register: str, purpose: int, scale: Own) -> None:
        plane = self.analog(register)
        self.add_noise(plane, plane, purpose, scale)

    def add_noise(self, d: int, source: int, purpose: int, scale: Own) -> None:
        """d := source + noise; a row holds the bits of its scale, the LSB that a draw of 1 stands for."""
        self.emit(ops.ADD_NOISE, d, (source,))
        self.own.append((len(self.rows) - 1, scale))
        self.rows[-1][ops.NUMBER], self.rows[-1][ops.PURPOSE] = self.number, purpose

    def source(self, register: str) -> int:
        """Reading PIX adds noise, the same for all destinations of a word."""
        if register != "PIX" or not self.traits.pix_read:
            return self.analog(register)
        if self.pix is None:
            self.add_noise(ops.SEEN, self.analog("PIX"), draws.PIX_READ, ("knob", "pix_read"))
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
            within = len(sources) <= self.traits.most
            self.emit(ops.LINEAR if within else ops.ACCUMULATE, ops.SUM, sources, p=1, q=1)
            sources = [ops.SUM]
        s0, s1 = (*sources, ops.ZERO, ops.ZERO)[:2]
        share = self.share.get(register, (0, 1))
        second = self.current is not None and draws.completes(self.current)
        d, old = self.destination(register, (s0, s1, still))
        self.emit(ops.WRITE, d, (s0, s1), extra=old, p=p, q=q)
        last = self.rows[-1]
        last[ops.GAIN] = self.error_plane(self.traits.gain(register, share))
        last[ops.OFFSET] = self.error_plane(self.traits.offset(register, share))
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
        if not self.traits.comparator:
            return super().compare(sources)
        if len(sources) > 2:
            self.emit(ops.LINEAR, ops.SUM, sources, p=1, q=1)
            sources = [ops.SUM]
        return super().compare([*sources, self.error_plane(PLANES[-1])])

    def store_bits(self, d: int, op: int, sources: Sequence[int], p: int, q: int = 0) -> None:
        super().store_bits(d, op, sources, p, q)
        self.keep_stuck(d)

    def fill_bits(self, targets: Sequence[int], value: int) -> None:
        super().fill_bits(targets, value)
        for d in targets:
            self.keep_stuck(d)

    def keep_stuck(self, d: int) -> None:
        n = next((n for n, register in enumerate(self.traits.stuck) if ops.BIT_INDEX[register] == d), None)
        if n is not None:
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
        self.emit(ops.WRITE_PAIR, d, (s0, s1), extra=old)
        self.own.append((len(self.rows) - 1, ("bound", y)))
        last = self.rows[-1]
        for n, register in ((0, "NEWS"), (2, y)):
            last[ops.GAIN + n] = self.error_plane(self.traits.gain(register, (0, 1)))
            last[ops.OFFSET + n] = self.error_plane(self.traits.offset(register, (0, 1)))
        last[ops.NUMBER], last[ops.REST] = self.number, other
        last[ops.ROW], last[ops.COLUMN] = row, column
        return True


_tables: weakref.WeakKeyDictionary[Program, dict[object, tuple[Table, ...]]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def tables(
    program: Program, flag_ones: bool, traits: Traits, shape: tuple[int, int], disturbs: bool, quiet: bool
) -> tuple[Table, ...]:
    """The program as all chips with these traits carry it out; made once.

    disturbs, quiet: as `host.execution` has them.
    """
    with _lock:
        made = _tables.setdefault(program, {})
        key = flag_ones, traits, shape, disturbs, quiet
        if key not in made:
            lowerings: list[NoisyLowering] = []

            def make(ones: bool, number: int) -> NoisyLowering:
                lowerings.append(NoisyLowering(ones, traits, number))
                return lowerings[-1]

            found = segments(host.execution(program, shape, traits.options, disturbs, quiet), flag_ones, make)
            made[key] = tuple(lowering.table(s) for lowering, s in zip(lowerings, found, strict=True))
        return made[key]
