"""Errors that grow with time since the last write: analog cells drift, bits are lost.

The clock is the cost model's. What has decayed is written back at the end of every stretch of a program: stretches end
around readouts, which take by far the longest, and at the latest after `STRETCH_US`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from scamp_sim import isa
from scamp_sim.errors.fixed import FixedErrors
from scamp_sim.planes import Bits, Floats
from scamp_sim.program import HostCall, Launch, Output, Program, Step

STRETCH_US = 1000.0
"""With the drift of `scamp5` (75 LSB/s) a value is at most 0.08 LSB off when it is read."""


@dataclass(frozen=True)
class Stretch:
    """A part of a program. duration: s. written: register -> s from its start to the last write."""

    program: Program
    duration: float
    written: Mapping[str, float]


class Decay:
    """Ages of one machine's registers, and what they do to them."""

    def __init__(self, fixed: FixedErrors) -> None:
        self.fixed = fixed
        self.ages = dict.fromkeys((*isa.ANALOG, *isa.DIGITAL), 0.0)

    def wrote(self, register: str) -> None:
        """A register was written from outside, just now."""
        if register in self.ages:
            self.ages[register] = 0.0

    def passed(
        self, seconds: float, read: Callable[[str], Floats | Bits], write: Callable[[str, Floats | Bits], None],
        written: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        """Let time pass, at the end of which registers hold what is left of them. written: as in `Stretch`."""
        p = self.fixed.profile
        drifts = bool(p["analog_drift"] or p["analog_drift_spread"])
        for register, age in self.ages.items():
            since = (written or {}).get(register)
            before, after = (age, age + seconds) if since is None else (0.0, seconds - since)
            self.ages[register] = after
            if register in isa.ANALOG:
                if drifts:
                    plane = read(register) + self.fixed.drift(register) * np.float32(after - before)
                    write(register, np.clip(plane, -p["saturation"], p["saturation"]).astype(np.float32))
            elif p["bit_retention"] and after > p["bit_retention"]:
                retention = self.fixed.retention(register)
                lost = (retention > before) & (retention <= after)
                if lost.any():
                    write(register, np.logical_xor(read(register), lost))


def stretches(program: Program, price: Callable[[Step], float]) -> Iterator[Stretch]:
    """The parts of a program between which decay is settled. price: us that a step takes."""
    steps: list[Step] = []
    at = 0.0
    written: dict[str, float] = {}
    for step in program.steps:
        us = price(step)
        takes = isinstance(step, Output) or (isinstance(step, HostCall) and step.reads_out)
        if steps and (takes or at + us > STRETCH_US):
            yield _stretch(program, steps, at, written)
            steps, at, written = [], 0.0, {}
        steps.append(step)
        at += us
        for register in _writes(program, step):
            written[register] = at * 1e-6
        if takes:
            yield _stretch(program, steps, at, written)
            steps, at, written = [], 0.0, {}
    if steps:
        yield _stretch(program, steps, at, written)


def _stretch(program: Program, steps: list[Step], at: float, written: Mapping[str, float]) -> Stretch:
    return Stretch(replace(program, steps=tuple(steps)), at * 1e-6, dict(written))


def _writes(program: Program, step: Step) -> Iterator[str]:
    if isinstance(step, Launch):
        for word in program.kernels[step.kernel].words:
            yield from word.writes
    elif isinstance(step, HostCall):
        yield from step.writes
