"""Several kernels: programs for one of them from where the others may be near, and what the exact search adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scamp_sim.compiler.filters.kernel import Taps
from scamp_sim.compiler.filters.proof import STATE
from scamp_sim.compiler.filters.task import Task
from scamp_sim.compiler.filters.words import START, FilterWord, Steps, Value, execute

PAIR = 200
"""Looks at values that a state of the exact search costs as much as where two kernels are looked for."""


def singles(task: Task, work: int) -> tuple[list[tuple[int, Steps]], list[Steps]]:
    """((kernel, one of its shortest programs), ...), from where the others may be near; and programs for two kernels:
    the shortest of one, and from each what the exact search adds for the other."""
    from scamp_sim.compiler.filters.search.exhaust import Exhaustion, Setting
    from scamp_sim.compiler.filters.search.shared import shared

    seeds: list[tuple[int, Steps]] = []
    whole: list[Steps] = []
    count = len(task.goals)
    if task.halving in ("single", "none") and not task.pairs:
        spent: list[int] = []
        for level in (True, False) if task.level else (False,):
            states = work // ((4 if task.level else 2) * PAIR)
            whole += shared(task.goals, level, task.halving == "single", states, spent.append)
        work = max(work - PAIR * sum(spent), work // 4)
    for k, goal in enumerate(task.goals):
        halves = any(w.denominator > 1 for w in goal.values())
        if halves and task.halving != "single":
            continue
        states = work // (2 * STATE * count)
        run = Exhaustion({0: START}, [Value(goal)], Setting(halves, task.level), room=60_000, table=1 << 21)
        got = run.run(6 if halves else 7, states, most=160)
        different = {words[:4]: Steps(words, outputs) for words, outputs in got.programs}
        seeds += [(k, steps) for steps in list(different.values())[:3]]
        if count == 2 and got.programs:
            other = task.goals[1 - k]
            halves = halves or any(w.denominator > 1 for w in other.values())
            whole += _continued(got.programs, k, other, Setting(halves, task.level), states)
    return seeds, whole


def _continued(
    programs: Sequence[tuple[tuple[FilterWord, ...], tuple[int, ...]]], k: int, other: Taps, setting: Any, states: int
) -> list[Steps]:
    """The shortest continuations of programs for kernel k that make the other one too."""
    from scamp_sim.compiler.filters.search.closure import MOST
    from scamp_sim.compiler.filters.search.exhaust import Exhaustion

    ends: dict[Any, tuple[tuple[FilterWord, ...], tuple[int, ...], dict[int, Value], Value | None]] = {}
    for words, outputs in programs:
        values, news = execute(words)
        distinct = frozenset((name in outputs, tuple(sorted(v.taps.items())), v.o) for name, v in values.items())
        ends.setdefault(distinct, (words, outputs, values, news))
    found: list[Steps] = []
    for longest in (3, 4):
        for words, outputs, values, news in ends.values():
            if len(values) > MOST - 2 or states <= 0:
                continue
            run = Exhaustion(values, [Value(other)], setting, news=news, room=4_000, table=1 << 18)
            got = run.run(longest, states, most=8)
            states -= got.states
            for more, (out,) in got.programs:
                both = (outputs[0], out) if k == 0 else (out, outputs[0])
                found.append(Steps((*words, *more), both))
        if found:
            break
    return sorted(found, key=len)[:200]


__all__ = ["PAIR", "singles"]
