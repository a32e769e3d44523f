"""What everything that ran on one machine has cost."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace

from scamp_sim.chip.options import ArrayOptions
from scamp_sim.chip.program import Program, Step
from scamp_sim.costs.timing import Profile, Timing, combine, profile, step_cost

_EVERYTHING = "everything so far"
MOST = 4096
"""Different programs that are counted by themselves; then they become one."""


class Spending:
    """Prices of programs on one array, each worked out once, and how often they ran."""

    def __init__(self, timing: Timing, shape: tuple[int, int], options: ArrayOptions) -> None:
        self._timing = timing
        self._shape = shape
        self._options = options
        self._spent: dict[int, tuple[Profile, int]] = {}
        self._profiles: weakref.WeakKeyDictionary[Program, Profile] = weakref.WeakKeyDictionary()

    def knows(self, program: Program) -> bool:
        """Whether its price has been worked out."""
        return program in self._profiles

    def profile(self, program: Program) -> Profile:
        """What one run costs."""
        if program not in self._profiles:
            self._profiles[program] = profile(program, self._timing, self._shape, self._options)
        return self._profiles[program]

    def us(self, step: Step, program: Program) -> float:
        """Microseconds that a step takes."""
        return step_cost(step, program, self._timing, self._shape, self._options).us

    def count(self, program: Program, times: int = 1) -> None:
        """It ran that often."""
        cost = self.profile(program)
        if len(self._spent) >= MOST and id(cost) not in self._spent:
            whole = self.total
            self._spent = {id(whole): (whole, 1)}
        self._spent[id(cost)] = (cost, self._spent.get(id(cost), (cost, 0))[1] + times)

    @property
    def total(self) -> Profile:
        """Everything since the last `reset`."""
        if not self._spent:
            return replace(profile(Program(_EVERYTHING, {}, ()), self._timing, self._shape), runs=0)
        return replace(combine(self._spent.values(), _EVERYTHING), runs=0)

    def reset(self) -> None:
        """Begin to count again."""
        self._spent = {}

    def save(self) -> Mapping[int, tuple[Profile, int]]:
        """Where the counts stand."""
        return dict(self._spent)

    def restore(self, state: Mapping[int, tuple[Profile, int]]) -> None:
        """Be again as when this was told."""
        self._spent = dict(state)


__all__ = ["MOST", "Spending"]
