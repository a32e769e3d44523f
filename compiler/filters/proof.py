"""How few words any program needs: lengths that the exact search exhausts, for the kernels or for their sums along an
axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from scamp_sim.compiler.filters.kernel import TURNS, Taps
from scamp_sim.compiler.filters.task import Task
from scamp_sim.compiler.filters.words import START, Steps, Value

STATE = 700
"""Looks at values that a state of the exact search costs as much as."""

_NEAR = 7
"""With programs of so many words a proof is within reach, and gets more of the budget."""


def prove(task: Task, work: int, best: int, look: Callable[..., None]) -> tuple[int, int, list[Steps], int]:
    """(lower bound, that of programs without halvings, programs of the shortest length, work). Bounds hold for every
    option, since options only take programs away."""
    if len(task.goals) > 1:
        return (*_together(task, work, best, look),)
    return _alone(task.goals[0], task, work, best, look)


def _together(task: Task, work: int, best: int, look: Callable[..., None]) -> tuple[int, int, list[Steps], int]:
    """The kernels are complete one after the other: whichever is the last, each of the others was there a word before
    the one that followed it."""
    spent = 0
    bounds: dict[Any, tuple[int, int]] = {}
    each = []
    for goal in task.goals:
        if goal == START.taps:
            continue
        key = min(tuple(sorted((turn(x, y), w) for (x, y), w in goal.items())) for turn in TURNS)
        if key not in bounds:
            alone = _alone(goal, task, work // (2 * len(task.goals)), best, look, False)
            bounds[key] = alone[:2]
            spent += alone[3]
        each.append((*bounds[key], tuple(sorted(goal.items()))))
    distinct = {goal: (bound, plain) for bound, plain, goal in each}.values()

    def last(of: Sequence[int]) -> int:
        return max((b + len(of) - 1 - k for k, b in enumerate(sorted(of))), default=1)

    return last([b for b, _ in distinct]), last([p for _, p in distinct]), [], spent


def _alone(
    goal: Taps, task: Task, work: int, best: int, look: Callable[..., None], programs_too: bool = True
) -> tuple[int, int, list[Steps], int]:
    from scamp_sim.compiler.filters.search.exhaust import Exhaustion, Setting

    halves = task.halving != "none"
    fractions = any(w.denominator > 1 for w in goal.values())
    states = work // (4 * STATE)
    bound, plain, spent = 1, 1, 0
    programs: list[Steps] = []
    settings = [True] if halves and fractions else [False, True] if halves else [False]
    for halving in settings:
        run = Exhaustion(
            {0: START},
            [Value(goal)],
            Setting(halving, task.level),
            room=60_000 if halving else 120_000,
            table=1 << 23,
        )
        limit = states // len(settings) if not halving else states - spent // STATE
        if halving and best <= _NEAR:
            limit = 9 * work // ((10 if best < _NEAR else 16) * STATE) - spent // STATE
        # of few of the shortest programs, none may bear a flat picture
        most = (64 if task.flat is None else 4096) if programs_too else 1
        got = run.run(min(best, 8 if halving else 7), limit, most=most, tick=look)
        spent += got.states * STATE
        shorter = got.length - 1 if got.length else got.exhausted
        if halving == halves:
            bound = max(bound, shorter + 1)
        if not halving:
            plain = max(plain, shorter + 1)
        if programs_too:
            programs += [Steps(words, outputs) for words, outputs in got.programs]
        if got.length:
            best = min(best, got.length)
            # the longest that may still be beaten
            if halving != halves:
                best -= 1
                if best < 1:
                    break
    if bound >= best and programs:
        return bound, max(plain, bound), programs, spent
    left = max(states - spent // STATE, states // 3)
    for axes, pick in ((0b10101, 0), (0b01011, 1)):
        flat: dict[tuple[int, int], Fraction] = {}
        for place, w in goal.items():
            at = (place[0], 0) if pick == 0 else (0, place[1])
            flat[at] = flat.get(at, Fraction(0)) + w
        flat = {k: w for k, w in flat.items() if w}
        if len(flat) < 3:
            continue
        run = Exhaustion({0: START}, [Value(flat)], Setting(halves, task.level), axes=axes, room=60_000, table=1 << 21)
        got = run.run(8, left // 2, most=1, tick=look)
        spent += got.states * STATE
        bound = max(bound, got.length if got.length else got.exhausted + 1)
    return bound, max(plain, bound), programs, spent


__all__ = ["STATE", "prove"]
