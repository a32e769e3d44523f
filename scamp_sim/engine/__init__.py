"""The engines: what carries out a program on planes. Both have the same interface and share one test suite."""

from __future__ import annotations

from typing import Protocol

from scamp_sim import isa
from scamp_sim.errors.model import ErrorModel
from scamp_sim.exceptions import ProgramError
from scamp_sim.options import ArrayOptions
from scamp_sim.planes import Bits, Floats
from scamp_sim.program import Program

ENGINES = ("fast", "reference")


class Engine(Protocol):
    """An array of PEs with its state. Planes are upright (rows, columns), float32 or bool."""

    def read(self, register: str) -> Floats | Bits:
        """A copy of a register's plane."""
        ...

    def write(self, register: str, plane: Floats | Bits) -> None:
        """Set a register's plane, whatever FLAG and R0 are."""
        ...

    def run(self, program: Program) -> list[Floats | Bits]:
        """Carry out a program's steps on the state; the planes of its outputs, in order."""
        ...

    def restart(self, errors: ErrorModel) -> None:
        """Begin another measurement: the errors of the same chip with another seed, words counted from 0."""
        ...


def make_engine(name: str, shape: tuple[int, int], errors: ErrorModel, options: ArrayOptions) -> Engine:
    """The named engine. Imports are late: numba takes a third of a second. Raises ProgramError for an unknown name."""
    if name == "fast":
        from scamp_sim.engine.fast import FastEngine

        return FastEngine(shape, errors, options)
    if name == "reference":
        from scamp_sim.engine.reference import ReferenceEngine

        return ReferenceEngine(shape, errors, options)
    raise ProgramError(f"unknown engine '{name}'{isa.did_you_mean(name, ENGINES)}; engines: {', '.join(ENGINES)}")
