"""What a search has found, and why a search has found nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from scamp_sim.compiler.filters.kernel import norm
from scamp_sim.compiler.filters.proof import STATE
from scamp_sim.compiler.filters.search.constants import levelled
from scamp_sim.compiler.filters.task import Candidate, Task, accepted, trim
from scamp_sim.compiler.filters.words import FilterWord, Steps
from scamp_sim.exceptions import ProgramError

Tick = Callable[[str, int], None]
"""Called now and then with what is going on and the words of the best program; may raise KeyboardInterrupt."""


@dataclass
class Search:
    """What a search has found: pool: all programs that answer the task, by their words; lower_bound: no program has
    fewer; work: looks at values."""

    task: Task
    pool: dict[tuple[FilterWord, ...], Candidate] = field(default_factory=dict)
    lower_bound: int = 0
    work: int = 0
    refused: Steps | None = None
    interrupted: bool = False
    without_halving: int = 0
    """No program without halvings has fewer words."""
    rungs: int = 0
    parts: Any = None
    alive: list[Any] = field(default_factory=list)
    """Evolutions that go on next time."""
    loose: Search | None = None
    """The same search with any offset."""
    each: dict[Any, Search] = field(default_factory=dict)
    """Those of each kernel alone."""

    @property
    def best(self) -> int:
        return min((c.words for c in self.pool.values()), default=99)

    @property
    def done(self) -> bool:
        """Whether there is nothing to gain."""
        return self.best <= self.lower_bound and self.task.objective == "words"

    @property
    def shortest(self) -> list[Steps]:
        """The programs, shortest first."""
        return [c.steps for c in sorted(self.pool.values(), key=lambda c: c.words)]

    def looked(self, states: int) -> None:
        """Count states of the exact search."""
        self.work += STATE * states

    def offer(self, steps: Steps | None) -> bool:
        """Take a program in if it answers the task."""
        if steps is None:
            return False
        found = accepted(steps, self.task)
        if found is None and self.task.level and free(self.task) and len(steps) + 1 < self.best:
            found = self._levelled(steps)
        if found is None:
            if self.refused is None or len(steps) < len(self.refused):
                self.refused = steps
            return False
        self.pool.setdefault(found.steps.words, found)
        return True

    def _levelled(self, steps: Steps) -> Candidate | None:
        """The program with its offsets taken away by constants, if that is all that it lacks."""
        trimmed = trim(steps)
        if accepted(trimmed, replace(self.task, offset="any")) is None:
            return None
        some = levelled(trimmed, self.task.halving == "single", self.best - 1)
        made = (accepted(s, self.task) for s in some)
        return min((c for c in made if c is not None), key=lambda c: c.words, default=None)


def free(task: Task) -> bool:
    """Whether words may take any form, as those of the exact search do."""
    return not task.pairs and task.halving in ("single", "none")


def why_none(found: Search) -> ProgramError:
    """What stands in the way of every program."""
    from scamp_sim.compiler.filters.allocate import who_holds
    from scamp_sim.compiler.filters.task import trim, weigh

    task, steps = found.task, found.refused
    if steps is None:
        deep = [n for n, g in zip(task.names, task.goals, strict=True) if any(w.denominator > 1 for w in g.values())]
        return ProgramError(
            f"{' and '.join(deep)} has weights that are not integers: with halving='none' no word divides; allow a "
            "kind of halving, or choose another scale"
        )
    if task.cap is not None:
        for name, goal in zip(task.names, task.goals, strict=True):
            if norm(goal) > task.cap:
                return ProgramError(
                    f"'{name}' itself leaves the range: its weights sum to {float(norm(goal)):g} in magnitude, and the "
                    f"limit allows {float(task.cap):g} times the input's amplitude; give a larger scale or limit, or a "
                    "smaller amplitude"
                )
        _, largest, _ = weigh(trim(steps))
        if largest > task.cap:
            return ProgramError(
                f"the range cannot be kept: a value on the way reaches {float(largest):g} times the input's amplitude, "
                f"and the limit allows {float(task.cap):g}; give a larger limit or scale, or a longer search"
            )
    if task.flat is not None:
        for name, goal in zip(task.names, task.goals, strict=True):
            total = abs(sum(goal.values(), Fraction(0)))
            if total > task.flat:
                return ProgramError(
                    f"'{name}' itself leaves the range for a flat picture: its weights sum to {float(total):g}, and "
                    f"the limit allows {float(task.flat):.3g} times the picture's mean; give a larger scale or limit, "
                    "or a smaller mean"
                )
        *_, flat = weigh(trim(steps))
        if flat > task.flat:
            return ProgramError(
                f"the range cannot be kept for a flat picture: a value on the way reaches {float(flat):g} times its "
                f"mean, and the limit allows {float(task.flat):.3g}; give a larger limit, a smaller mean, or a longer "
                "search"
            )
    names = dict(zip(steps.outputs, (f"output '{n}'" for n in task.names), strict=True))
    held = task.demand
    remedies = ["make fewer kernels at once"] if len(task.goals) > 1 else []
    remedies += ["allow more registers"] if len(held.registers) < 6 else []
    remedies += ["do not keep the input"] if held.keep else []
    return ProgramError(
        f"too few registers ({', '.join(held.registers)}): a program found needs "
        f"{who_holds(trim(steps), names, held.keep)}; {', or '.join(remedies or ['give a longer search'])}"
    )


__all__ = ["Search", "Tick", "free", "why_none"]
