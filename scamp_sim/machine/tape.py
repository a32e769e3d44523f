"""What is done to machines, written down: any code that works on a `Machine` can be taped, and played again on another.

with recording() as tape:
    encoder.encode(clip)
for event in tape.events:
    play(Machine(errors="scamp5", chip=7), event)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scamp_sim.chip.program import Program
from scamp_sim.exceptions import ProgramError

if TYPE_CHECKING:
    from scamp_sim.machine.machine import Machine


@dataclass(frozen=True, eq=False)
class Renewed:
    """Another measurement on a chip that has forgotten everything."""

    seed: int


@dataclass(frozen=True, eq=False)
class Reseeded:
    """Another measurement, registers kept."""

    seed: int


@dataclass(frozen=True, eq=False)
class Exposed:
    """The photodiodes saw an image."""

    image: Any = field(repr=False)
    resize: bool = False


@dataclass(frozen=True, eq=False)
class Wrote:
    """A register was set behind the program's back."""

    register: str
    plane: Any = field(repr=False)


@dataclass(frozen=True, eq=False)
class Waited:
    """Time passed in which the array did nothing."""

    seconds: float


@dataclass(frozen=True, eq=False)
class Ran:
    """A program, or one host call as a program, was carried out."""

    program: Program
    inputs: Mapping[str, Any] | None = field(default=None, repr=False)


Event = Renewed | Reseeded | Exposed | Wrote | Waited | Ran

MOST_EVENTS = 200_000
"""Events of one tape."""


class Tape:
    """What was done, in order; several machines may be on it."""

    def __init__(self) -> None:
        self.all: list[tuple[object, Event]] = []
        """(mark of the machine, event)."""

    @property
    def events(self) -> list[Event]:
        """What was done to the machine that something was last done to: others may have been made on the way, to
        calibrate it."""
        return [event for mark, event in self.all if mark is self.all[-1][0]]


_tape: ContextVar[Tape | None] = ContextVar("what is done to machines", default=None)


@contextmanager
def recording() -> Iterator[Tape]:
    """Write down what is done to machines inside, of this thread. What is read of them is not written down."""
    tape = Tape()
    token = _tape.set(tape)
    try:
        yield tape
    finally:
        _tape.reset(token)


def note(mark: object, event: Callable[[], Event]) -> None:
    """Write an event down if somebody records.

    mark: of the machine. Raises ProgramError for a tape that is full.
    """
    tape = _tape.get()
    if tape is None:
        return
    if len(tape.all) >= MOST_EVENTS:
        raise ProgramError(f"more than {MOST_EVENTS:,} things are done to machines; record a shorter run")
    tape.all.append((mark, event()))


def kept(value: Any) -> Any:
    """A copy of a plane, or of planes by name, so that the tape keeps what they were."""
    if isinstance(value, Mapping):
        return {name: kept(plane) for name, plane in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def play(machine: Machine, event: Event) -> None:
    """Do to a machine what was written down. Raises ScampError."""
    match event:
        case Renewed():
            machine.renew(event.seed)
        case Reseeded():
            machine.reseed(event.seed)
        case Exposed():
            machine.expose(event.image, event.resize)
        case Wrote():
            machine.write(event.register, event.plane)
        case Waited():
            machine.wait(event.seconds)
        case Ran():
            machine.run(event.program, event.inputs, registers=False)


__all__ = [
    "Event",
    "Exposed",
    "Ran",
    "Renewed",
    "Reseeded",
    "Tape",
    "Waited",
    "Wrote",
    "kept",
    "note",
    "play",
    "recording",
]
