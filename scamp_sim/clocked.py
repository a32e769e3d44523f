"""Decay on the clock of the cost model: what lets time pass on a machine's array."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from scamp_sim.engine import Engine
from scamp_sim.errors.chip import ChipErrors
from scamp_sim.errors.decay import Decay, Stretch, stretches
from scamp_sim.errors.model import ErrorModel
from scamp_sim.program import Program, Step


class Clocked:
    """An engine whose registers decay. price: us that a step of a program takes."""

    def __init__(self, errors: ErrorModel, engine: Engine, price: Callable[[Step, Program], float]) -> None:
        assert isinstance(errors, ChipErrors)
        self._fixed = errors.fixed
        self._engine = engine
        self._price = price
        self._stretches: weakref.WeakKeyDictionary[Program, tuple[Stretch, ...]] = weakref.WeakKeyDictionary()
        self.restart()

    def restart(self) -> None:
        """All registers count as written just now."""
        self._decay = Decay(self._fixed)

    def run(self, program: Program) -> list[Any]:
        """Carry out a program; the planes that it takes."""
        known = self._stretches.get(program)
        if known is None:
            known = tuple(stretches(program, lambda step: self._price(step, program)))
            self._stretches[program] = known
        planes: list[Any] = []
        for stretch in known:
            planes += self._engine.run(stretch.program)
            self.passed(stretch.duration, stretch)
        return planes

    def passed(self, seconds: float, stretch: Stretch | None = None) -> None:
        """Let time pass."""
        self._decay.passed(seconds, self._engine.read, self._engine.write, stretch.written if stretch else None)

    def wrote(self, register: str) -> None:
        self._decay.wrote(register)
