"""Errors that grow with time since the last write: analog cells drift, bits are lost.

The clock is the cost model's. Time is counted up at the end of every stretch of a program: stretches end around
readouts, which take by far the longest, and at the latest after `STRETCH_US`. Lost bits are written back there. Drift
is written back before a readout, and once `STRETCH_US` have gone by since it was: runs that take less share one pass
over the planes. Who looks at a register in between is shown what has drifted since.

A write is young where it took place. An analog write that FLAG may have masked does not count, because the rate of the
drift is the same at any age; R12 has an age in each PE, because R0 gates what is written there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.chip.host import words_of
from scamp_sim.chip.planes import Bits, Floats
from scamp_sim.chip.program import HostCall, Launch, Output, Program, Step, Word
from scamp_sim.silicon.fixed import FixedErrors

GATED, GATE, REFRESHED = "R12", "R0", "R12 refreshed"

STRETCH_US = 1000.0
"""With the drift of `scamp5` (75 LSB/s) a value is at most 0.08 LSB off when it is read."""


@dataclass(frozen=True)
class Stretch:
    """A part of a program.

    duration: s.
    written: register -> s from its start to the last write in all PEs.
    gated: s to the last write of R12 in those where R0 is 1, if there is one.
    takes: whether it is a readout.
    """

    program: Program
    duration: float
    written: Mapping[str, float]
    gated: float | None = None
    takes: bool = False


@dataclass(frozen=True, eq=False)
class DecayState:
    """Clocks of registers.

    due: seconds of drift that each does not show yet.
    since: seconds since drift was written back.
    ages: of bits, in seconds, one for each PE where they differ.
    """

    due: Mapping[str, float]
    since: float
    ages: Mapping[str, float | Floats]


class Array(Protocol):
    """What decays: an engine."""

    def read(self, register: str) -> Floats | Bits:
        """A copy of a register's plane."""
        ...

    def write(self, register: str, plane: Floats | Bits) -> None:
        """Set a register's plane."""
        ...

    def drift(self, register: str, rate: Floats, seconds: np.float32, top: np.float32) -> None:
        """As `drifted`, in place."""
        ...


def drifted(plane: Floats, rate: Floats, seconds: np.float32, top: np.float32) -> Floats:
    """A plane after some time.

    rate: LSB per second.
    top: the largest magnitude that a cell holds.
    """
    moved = rate * seconds
    np.add(plane, moved, out=moved)
    return np.clip(moved, -top, top, out=moved)


class Decay:
    """Ages of one machine's registers, and what they do to them."""

    def __init__(self, fixed: FixedErrors) -> None:
        self.fixed = fixed
        p = fixed.profile
        self._drifts = bool(p["analog_drift"] or p["analog_drift_spread"])
        self._top = np.float32(p["saturation"])
        self._retention = float(p["bit_retention"])
        self._due = dict.fromkeys(isa.ANALOG, 0.0)
        """Seconds of drift that registers do not show yet."""
        self._since = 0.0
        self.ages: dict[str, float | Floats] = dict.fromkeys(isa.DIGITAL, 0.0)

    def save(self) -> DecayState:
        """Where the clocks of all registers stand."""
        return DecayState(dict(self._due), self._since, dict(self.ages))

    def restore(self, state: DecayState) -> None:
        """Be again as when this was told."""
        self._due, self._since, self.ages = dict(state.due), state.since, dict(state.ages)

    def wrote(self, register: str) -> None:
        """A register was written from outside, just now."""
        if register in self.ages:
            self.ages[register] = 0.0
        if register in self._due:
            self._due[register] = 0.0

    def passed(self, seconds: float, array: Array, stretch: Stretch | None = None) -> None:
        """Let time pass.

        stretch: what ran meanwhile.
        """
        written = stretch.written if stretch is not None else {}
        if self._drifts:
            for register, due in self._due.items():
                since = written.get(register)
                self._due[register] = due + seconds if since is None else seconds - since
            self._since += seconds
            if self._since >= STRETCH_US * 1e-6:
                self.settle(array)
        if self._retention:
            self._lose_bits(seconds, array, stretch)

    def settle(self, array: Array) -> None:
        """Write back what has drifted."""
        for register, due in self._due.items():
            if due:
                array.drift(register, self.fixed.drift(register), np.float32(due), self._top)
                self._due[register] = 0.0
        self._since = 0.0

    def seen(self, register: str, plane: Floats | Bits) -> Floats | Bits:
        """What a register shows now whose plane is this."""
        due = self._due.get(register)
        if not due:
            return plane
        return drifted(np.asarray(plane, np.float32), self.fixed.drift(register), np.float32(due), self._top)

    def _lose_bits(self, seconds: float, array: Array, stretch: Stretch | None) -> None:
        written = stretch.written if stretch is not None else {}
        for register in isa.DIGITAL:
            since = written.get(register)
            before: float | Floats = self.ages[register] if since is None else 0.0
            after: float | Floats = before + seconds if since is None else seconds - since
            if stretch is not None and stretch.gated is not None and register == GATED:
                gate = array.read(GATE)
                before, after = np.where(gate, 0.0, before), np.where(gate, seconds - stretch.gated, after)
            self.ages[register] = after
            if after > self._retention if isinstance(after, float) else np.any(after > self._retention):
                retention = self.fixed.retention(register)
                lost = (retention > before) & (retention <= after)
                if lost.any():
                    array.write(register, np.logical_xor(array.read(register), lost))


def stretches(program: Program, us: Sequence[float], flag_ones: bool = True) -> Iterator[Stretch]:
    """The parts of a program between which decay is settled.

    us: what each step takes.
    flag_ones: whether FLAG is 1 everywhere when it starts.
    """
    steps: list[Step] = []
    at = 0.0
    written: dict[str, float] = {}
    gated: float | None = None
    ones = flag_ones
    for step, lasts in zip(program.steps, us, strict=True):
        takes = isinstance(step, Output) or (isinstance(step, HostCall) and step.reads_out)
        if steps and (takes or at + lasts > STRETCH_US):
            yield Stretch(replace(program, steps=tuple(steps)), at * 1e-6, written, gated)
            steps, at, written, gated = [], 0.0, {}, None
        steps.append(step)
        at += lasts
        found, ones = _writes(program, step, ones)
        written |= dict.fromkeys((r for r in found if r != GATED), at * 1e-6)
        if GATED in found:
            gated = at * 1e-6
        if REFRESHED in found:
            written[GATED] = at * 1e-6
        if takes:
            yield Stretch(replace(program, steps=tuple(steps)), at * 1e-6, written, gated, takes=True)
            steps, at, written, gated = [], 0.0, {}, None
    if steps:
        yield Stretch(replace(program, steps=tuple(steps)), at * 1e-6, written, gated)


def _writes(program: Program, step: Step, ones: bool) -> tuple[set[str], bool]:
    """(registers that a step writes, analog ones if FLAG masks nothing; whether FLAG is all ones after it)."""
    found: set[str] = set()

    def wrote(registers: Iterable[str]) -> None:
        found.update(r for r in registers if ones or r not in isa.ANALOG)

    words: Sequence[Word] = ()
    if isinstance(step, Launch):
        words = program.kernels[step.kernel].words
    elif isinstance(step, HostCall):
        wrote(step.writes)
        ones = ones and "FLAG" not in step.writes
        words = words_of(step)  # a refresh writes back what is there, which is no change to a caller
    for word in words:
        wrote(word.writes)
        if word.op == "REFRESH_L" and GATED in word.writes:
            found.add(REFRESHED)  # what it writes back is there already, whatever R0 lets through
        if "FLAG" in word.writes:
            ones = word.op == "all"
    return found, ones
