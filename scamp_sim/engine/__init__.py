"""The engines: what carries out a program on planes. Both have the same interface and share one test suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from scamp_sim.chip import isa
from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.planes import Bits, Floats
from scamp_sim.chip.program import Program
from scamp_sim.engine.state import EngineState
from scamp_sim.engine.watched import Reader
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.model import ErrorModel

ENGINES = ("fast", "reference")

_IN_WORDS = ("written", "completed", "seen", "loaded", "compared", "disturbed", "stuck")
"""What engines ask a model; the fast one has it compiled."""


class Engine(Protocol):
    """An array of PEs with its state. Planes are upright (rows, columns), float32 or bool."""

    def read(self, register: str) -> Floats | Bits:
        """A copy of a register's plane."""
        ...

    def write(self, register: str, plane: Floats | Bits) -> None:
        """Set a register's plane, whatever FLAG and R0 are."""
        ...

    def run(self, program: Program, lazily: bool = False) -> Sequence[Floats | Bits | str]:
        """Carry out a program's steps on the state; the planes of its outputs, in order.

        lazily: an engine may give the names of registers for those that still hold what the program put out at its end.
        """
        ...

    def watch(self, reader: Reader) -> None:
        """Tell a reader before the state changes; one at a time."""
        ...

    def changing(self) -> None:
        """The state is about to change: tell the reader."""
        ...

    def masks_nothing(self) -> bool:
        """Whether FLAG is 1 in all PEs."""
        ...

    def drift(self, register: str, rate: Floats, seconds: np.float32, top: np.float32) -> None:
        """Let an analog register move at `rate` LSB per second, (rows, columns), within -top..top."""
        ...

    def restart(self, errors: ErrorModel) -> None:
        """Begin another measurement: the errors of the same chip with another seed, words counted from 0."""
        ...

    def save(self) -> EngineState:
        """A copy of the whole state."""
        ...

    def restore(self, state: EngineState) -> None:
        """Be again as when the same engine gave this state; what runs then gives the same bits."""
        ...


def make_engine(name: str, shape: tuple[int, int], errors: ErrorModel, options: ArrayOptions) -> Engine:
    """The named engine. Imports are late: numba takes a third of a second. Raises ProgramError for an unknown name, and
    for a model of errors that the engine cannot carry out."""
    if name == "fast":
        from scamp_sim.engine.fast import FastEngine

        own = [] if isinstance(errors, ChipErrors) else [n for n in _IN_WORDS if n in _overridden(errors)]
        if own:
            raise ProgramError(
                f"the fast engine knows chip profiles only, and would pass over {type(errors).__name__}.{own[0]}; take "
                "engine='reference'"
            )
        return FastEngine(shape, errors, options)
    if name == "reference":
        from scamp_sim.engine.reference import ReferenceEngine

        return ReferenceEngine(shape, errors, options)
    raise ProgramError(f"unknown engine '{name}'{isa.did_you_mean(name, ENGINES)}; engines: {', '.join(ENGINES)}")


def _overridden(errors: ErrorModel) -> set[str]:
    """What a model says of its own."""
    return {
        name for kind in type(errors).__mro__ if kind is not ErrorModel and kind is not object for name in vars(kind)
    }
