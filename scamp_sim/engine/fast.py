"""The fast engine: packed bits, numba, one walk over the lowered program."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scamp_sim.chip.host import SetIn, execution
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.planes import CACHE_LINE, GREY_TO_PIX, Bits, Floats, aligned, pack, unpack
from scamp_sim.chip.program import Program
from scamp_sim.engine import ops
from scamp_sim.engine.analog import drift
from scamp_sim.engine.fused.frame import Frame, Ready, Steps
from scamp_sim.engine.fused.plan import Walked
from scamp_sim.engine.fused.runner import Hot
from scamp_sim.engine.lower import Segment, lower
from scamp_sim.engine.state import EngineState
from scamp_sim.engine.walk import walk
from scamp_sim.engine.watched import Watched
from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.draws import ground
from scamp_sim.silicon.model import ErrorModel

if TYPE_CHECKING:
    from scamp_sim.engine.lower_noisy import Plane, Table

_APART = 17 * CACHE_LINE // 4
"""PEs between planes. Were they powers of two apart, the same PE of all planes would fall into one set of the
first-level cache, which holds eight: writes with errors, which need a dozen, took up to twice as long."""


class FastEngine(Watched):
    """Same interface as the reference engine. Registers are found through `slots`, because the walk renames planes."""

    def __init__(self, shape: tuple[int, int], errors: ErrorModel, options: ArrayOptions) -> None:
        self.shape = shape
        self.errors = errors
        self.options = options
        size = shape[0] * shape[1]
        self.stride = size + _APART
        # before the first plane: loops over neighbours begin a row or a few columns outside, and leave those out
        self._lead = 3 * shape[1]
        self.noisy = _Noisy(errors, options) if isinstance(errors, ChipErrors) else None
        there = ops.ANALOG_PLANES * self.stride + self._lead
        # room for planes of errors that no program needs is no memory
        room = 0 if self.noisy is None else self.noisy.most_planes
        self.analog = aligned(there + room * self.stride, np.float32, zeros=there)
        self.slots = np.arange(ops.ANALOG_PLANES + room) * self.stride + self._lead
        stuck = errors.fixed.stuck if isinstance(errors, ChipErrors) else {}
        planes = ops.BIT_PLANES + 2 * len(stuck)
        self.bits = aligned(planes * (size // 64), np.uint64).reshape(planes, size // 64)
        for n, cells in enumerate(plane for pair in stuck.values() for plane in pair):
            self.bits[ops.BIT_PLANES + n] = pack(cells)
        self._bits = self.bits.reshape(-1)
        self.flag = aligned(size, np.uint8)
        self._flag_views = self.bits[ops.FLAG].view(np.uint8), self.flag.view(np.uint64)
        words = shape[1] // 64
        self.bits[ops.LEFT, ::words] = 1
        self.bits[ops.RIGHT, words - 1 :: words] = 1 << 63
        self._plane("PIX")[:] = options.pix_reset
        self.flag_ones = True  # the bits of FLAG are only looked at when this is False
        self.params = np.append(errors.parameters(), np.float32(options.blur_k)).astype(np.float32)
        if self.noisy is not None:
            self.analog[self.slots[ops.GROUND] :][:size] = ground(size).view(np.float32)
        # fused code relies on every register being within the limit; PIX is, from dark to the brightest light
        self._bounded = max(abs(options.pix_reset), abs(options.pix_reset + GREY_TO_PIX * 255)) <= errors.limit
        self.reach = -1 if options.prop_reach is None else options.prop_reach
        self._frame: Frame | None = None
        self._lowered: weakref.WeakKeyDictionary[Program, dict[tuple[bool, bool], Hot]]
        self._lowered = weakref.WeakKeyDictionary()
        for register in stuck:  # they are so from the start
            self.write(register, np.zeros(shape, np.bool_))

    def read(self, register: str) -> Floats | Bits:
        if register in ops.ANALOG_INDEX:
            # + 0 turns the -0.0 that negated sums leave into 0.0
            plane: Floats = self._plane(register) + np.float32(0)
            return plane.reshape(self.shape)
        if register == "FLAG" and self.flag_ones:
            return np.ones(self.shape, np.bool_)
        return unpack(self.bits[ops.BIT_INDEX[register]], self.shape)

    def write(self, register: str, plane: Floats | Bits) -> None:
        self.changing()
        if register in ops.ANALOG_INDEX:
            self._plane(register)[:] = plane.reshape(-1)
        else:
            stuck = self.errors.stuck(register)
            bits = plane.astype(np.bool_) if stuck is None else np.where(*stuck, plane)
            self.bits[ops.BIT_INDEX[register]] = pack(bits)
            if register == "FLAG":
                self.flag_ones = bool(plane.all())

    def masks_nothing(self) -> bool:
        """Whether FLAG is 1 in all PEs."""
        return self.flag_ones or bool(self.read("FLAG").all())

    def drift(self, register: str, rate: Floats, seconds: np.float32, top: np.float32) -> None:
        """Let an analog register move at `rate` LSB per second."""
        self.changing()
        drift(self.analog, self.slots[ops.ANALOG_INDEX[register]], rate.reshape(-1), seconds, top)

    def restart(self, errors: ErrorModel) -> None:
        """Begin another measurement: the errors of the same chip with another seed, words counted from 0."""
        self.errors = errors
        if self.noisy is not None and isinstance(errors, ChipErrors):
            self.noisy.seed, self.noisy.word = errors.temporal.seed, 0

    def save(self) -> EngineState:
        """A copy of the whole state."""
        word, quiet = (0, False) if self.noisy is None else (self.noisy.word, self.noisy.quiet)
        analog = {name: self._plane(name).copy() for name in ops.ANALOG_INDEX}
        bits = {name: self.bits[n].copy() for name, n in ops.BIT_INDEX.items()}
        return EngineState(analog, bits, self.flag_ones, word, quiet)

    def restore(self, state: EngineState) -> None:
        """Be again as when this engine gave the state."""
        self.changing()
        for name, plane in state.analog.items():
            self._plane(name)[:] = plane
        for name, words in state.bits.items():
            self.bits[ops.BIT_INDEX[name]] = words
        self.flag_ones = state.flag_ones
        if self.noisy is not None:
            self.noisy.word, self.noisy.quiet = state.word, state.quiet

    def run(self, program: Program, lazily: bool = False) -> list[Floats | Bits | str]:
        """Carry out the program's steps. Returns the planes of its outputs and readouts, in order.

        lazily: those that nothing comes after are given as the names of their registers, to be read when they are
            wanted.
        """
        if self._watch is not None:
            self.changing()
        outputs: list[Floats | Bits | str] = []
        hot = self._hot(program)
        made = hot.made
        if made is None or hot.trials:
            hot.starts()
        for n, segment in enumerate(hot.segments):
            if made is None:
                self._walk(segment)
            else:
                self._fused(made[n], segment)
            self.flag_ones = segment.flag_ones
            if segment.outputs:
                last = lazily and segment is hot.segments[-1]
                outputs += segment.outputs if last else [self.read(register) for register in segment.outputs]
        if made is None:
            hot.ends()
        elif hot.trials:
            hot.tried()
        if self.noisy is not None:
            self.noisy.word += hot.segments[-1].words
            self.noisy.quiet = self.noisy.quiet_after(program, self.options, self.shape)
        return outputs

    def _walk(self, part: Segment | Walked) -> None:
        where = part.code, part.runs, self.params, self.reach, self.shape[1], self.slots, part.order
        state = self._bits, self.flag, *self._flag_views
        if self.noisy is None:
            walk(self.analog, *state, *where)
        else:
            from scamp_sim.engine.noisy import walk_noisy

            walk_noisy(self.analog, *state, *where, self.noisy.seed, self.noisy.word)

    def _fused(self, made: Steps, segment: Segment) -> None:
        """Carry out a segment whose stretches are machine code."""
        if self._frame is None:
            self._frame = Frame(self.analog, self.bits, self.flag, self.slots)
        for step in made:
            if isinstance(step, Walked):
                self._walk(step)
                continue
            if self.noisy is not None and step.coded.drawn:
                from scamp_sim.engine.noisy import fill_keys

                fill_keys(step.table, segment.code, step.rows, self.noisy.seed, self.noisy.word)
            self._frame.run(step)

    def _plane(self, register: str) -> Floats:
        """Where an analog register lives now."""
        start = self.slots[ops.ANALOG_INDEX[register]]
        plane: Floats = self.analog[start : start + self.flag.size]
        return plane

    def lowered(self, program: Program) -> tuple[Segment, ...]:
        """The program's table for the FLAG that the machine has now, and for whether IN is at its top."""
        return self._hot(program).segments

    def rows(self, program: Program) -> tuple[int, int]:
        """Rows of the program's table that the walk carries out now, and stretches that are machine code."""
        hot = self._hot(program)
        if hot.made is None:
            return sum(len(segment.code) for segment in hot.segments), 0
        steps = [step for made in hot.made for step in made]
        walked = sum(len(step.code) for step in steps if isinstance(step, Walked))
        return walked, sum(isinstance(step, Ready) for step in steps)

    def _hot(self, program: Program) -> Hot:
        """The same with what there is of fused code; made once."""
        variants = self._lowered.setdefault(program, {})
        state = self.flag_ones, self.noisy is not None and self.noisy.quiet
        if state not in variants:
            if self.noisy is None:
                segments = lower(program, self.flag_ones, self.options, self.errors.exact, self.shape)
            else:
                tables = self.noisy.tables(program, self.flag_ones, self.shape)
                self.noisy.place(tables, self.analog, self.slots)
                segments = tuple(self.noisy.numbers.segment(table) for table in tables)
            variants[state] = Hot(segments, self.params, self.shape, self._bounded)
        return variants[state]


class _Noisy:
    """What a chip with errors adds to the engine's state: where its draws stand, and which of its planes are there."""

    def __init__(self, errors: ChipErrors, options: ArrayOptions) -> None:
        from scamp_sim.engine import lower_noisy

        self.numbers = lower_noisy.ChipNumbers(errors)
        self.traits = lower_noisy.Traits.of(errors, options)
        self.most_planes = len(lower_noisy.PLANES)
        self.errors = errors
        self.seed = errors.temporal.seed
        self.word = 0
        self.quiet = False  # whether IN is at its top; only kept where that matters
        self._placed: set[Plane] = set()
        self._after: weakref.WeakKeyDictionary[Program, bool | None] = weakref.WeakKeyDictionary()

    def tables(self, program: Program, flag_ones: bool, shape: tuple[int, int]) -> tuple[Table, ...]:
        """The program as all chips like this one carry it out."""
        from scamp_sim.engine.lower_noisy import tables

        return tables(program, flag_ones, self.traits, shape, self.errors.disturbs, self.quiet)

    def place(self, tables: Sequence[Table], analog: Floats, slots: npt.NDArray[np.int64]) -> None:
        """Put planes of errors that a program needs for the first time where its tables look for them."""
        missing = {plane for table in tables for plane in table.planes} - self._placed
        if not missing:
            return
        for plane in self.numbers.beside(missing) - self._placed:
            start, values = slots[self.numbers.number(plane)], self.numbers.plane(plane)
            analog[start : start + values.size] = values.reshape(-1)
            self._placed.add(plane)
        self.errors.fixed.forget()

    def quiet_after(self, program: Program, options: ArrayOptions, shape: tuple[int, int]) -> bool:
        """Whether IN is at its top after a program that starts now."""
        if not self.errors.disturbs:
            return False
        if program not in self._after:
            set_in = [a.quiet for a in execution(program, shape, options) if isinstance(a, SetIn)]
            self._after[program] = set_in[-1] if set_in else None
        after = self._after[program]
        return self.quiet if after is None else after
