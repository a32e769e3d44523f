"""Decay on the clock of the cost model: what lets time pass on a machine's array."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scamp_sim.chip.program import Program, Step
from scamp_sim.engine import Engine
from scamp_sim.exceptions import ProgramError
from scamp_sim.silicon.chip import ChipErrors
from scamp_sim.silicon.decay import Decay, DecayState, Stretch, stretches
from scamp_sim.silicon.model import ErrorModel

Cuts = weakref.WeakKeyDictionary[Program, dict[Any, tuple[Stretch, ...]]]
_cuts: Cuts = weakref.WeakKeyDictionary()
"""All machines share the parts of a program on which they spend the same time, and so what the engine makes of them."""
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class ClockState:
    """Where the clock of decay stands.

    ahead: stretches of a loaded program that are to come.
    over: steps of it that are over.
    """

    decay: DecayState
    ahead: tuple[Stretch, ...]
    over: int


class Clocked:
    """An engine whose registers decay.

    price: us that a step of a program takes.
    """

    def __init__(self, errors: ErrorModel, engine: Engine, price: Callable[[Step, Program], float]) -> None:
        if not isinstance(errors, ChipErrors):
            raise ProgramError(f"decay is a matter of chip profiles; {type(errors).__name__}.decays cannot be True")
        self._fixed = errors.fixed
        self._engine = engine
        self._price = price
        self._ahead: list[Stretch] = []
        self._over = 0
        self._known: Cuts = weakref.WeakKeyDictionary()
        self.restart()

    def restart(self) -> None:
        """All registers count as written just now."""
        self._decay = Decay(self._fixed)

    def run(self, program: Program) -> list[Any]:
        """Carry out a program; the planes that it takes."""
        planes: list[Any] = []
        for stretch in self._cut(program):
            if stretch.takes:
                self._decay.settle(self._engine)
            planes += self._engine.run(stretch.program)
            self.passed(stretch.duration, stretch)
        return planes

    def begin(self, program: Program) -> None:
        """Somebody else is going to carry out a program, in parts, and says with `settle` how far that is."""
        self._ahead, self._over = list(self._cut(program)), 0
        self._settle_ahead()

    def save(self) -> ClockState:
        """Where the clock stands."""
        return ClockState(self._decay.save(), tuple(self._ahead), self._over)

    def restore(self, state: ClockState) -> None:
        """Be again as when this was told."""
        self._decay.restore(state.decay)
        self._ahead, self._over = list(state.ahead), state.over

    def settle(self, steps: int) -> None:
        """So many steps of it are over: let the time of every stretch pass that is, as `run` does."""
        while self._ahead and self._over + len(self._ahead[0].program.steps) <= steps:
            stretch = self._ahead.pop(0)
            self._over += len(stretch.program.steps)
            self.passed(stretch.duration, stretch)
            self._settle_ahead()

    def _settle_ahead(self) -> None:
        if self._ahead and self._ahead[0].takes:
            self._decay.settle(self._engine)

    def _cut(self, program: Program) -> tuple[Stretch, ...]:
        known = self._known.setdefault(program, {})
        ones = self._engine.masks_nothing()
        if ones not in known:
            us = tuple(self._price(step, program) for step in program.steps)
            with _lock:
                cuts = _cuts.setdefault(program, {})
                if (ones, us) not in cuts:
                    cuts[ones, us] = tuple(stretches(program, us, ones))
                known[ones] = cuts[ones, us]
        return known[ones]

    def passed(self, seconds: float, stretch: Stretch | None = None) -> None:
        """Let time pass."""
        self._engine.changing()
        self._decay.passed(seconds, self._engine, stretch)

    def read(self, register: str) -> Any:
        """What a register shows now, as an array of its own."""
        return self._decay.seen(register, self._engine.read(register))

    def wrote(self, register: str) -> None:
        """A register was written from outside."""
        self._decay.wrote(register)
