"""The plan of a search: a first program, the exact search, products, one axis after the other, then evolution and
parts solved anew until the budget is spent.

The budget counts looks at values, not seconds, and threads meet after equal shares of it: the same arguments give the
same program on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, count
from typing import Any

from scamp_sim.compiler.filters.evolving import Starts, evolve, mode_of
from scamp_sim.compiler.filters.joint import PAIR, singles
from scamp_sim.compiler.filters.library import known
from scamp_sim.compiler.filters.pool import Search, Tick, free
from scamp_sim.compiler.filters.proof import STATE, prove
from scamp_sim.compiler.filters.search.first import first_program, thrifty_program
from scamp_sim.compiler.filters.search.quick import quick_products
from scamp_sim.compiler.filters.search.workers import Workers
from scamp_sim.compiler.filters.task import Task
from scamp_sim.compiler.filters.together import classes, each_alone, in_turn
from scamp_sim.compiler.filters.words import START, Steps

RATE = 150_000_000
"""Looks at values that a budget of one second stands for, on each of two threads: about three quarters of what a
core did where this was measured."""

LEAST_WORK = 2 * RATE
"""Below this the first program is the result: loading the compiled search would take longer than it may run."""

_RUNGS = (2, 5, 20, 60)
"""Seconds of the budgets at which a search begins anew from what it has found; further ones are three times as long
each. A search of any other budget is that of the next of them, broken off: more seconds never give a longer program."""

_FEW = 6
"""Programs whose parts are solved anew."""


def search(task: Task, work: int, tick: Tick | None = None) -> Search:
    """Look for programs with a budget of so much work on each of two threads. Raises ProgramError where registers or
    ranges leave no program."""
    found = Search(task)
    _first(found)
    found.lower_bound = max(found.lower_bound, len({tuple(sorted(g.items())) for g in task.goals if g != START.taps}))
    if work >= LEAST_WORK:
        try:
            _climb(found, work, tick or (lambda what, words: None))
        except KeyboardInterrupt:
            if not found.pool:
                raise
            found.interrupted = True
    return found


def _climb(found: Search, work: int, tick: Tick) -> None:
    """Search again and again, each time for longer and from what was found before, until the work is spent."""
    before = 0
    for seconds in chain(_RUNGS, (_RUNGS[-1] * 3**k for k in count(1))):
        if before >= work or found.done:
            return
        rung = seconds * RATE
        _improve(found, rung - before, min(rung, work) - before, tick)
        found.rungs += 1
        before = rung


def _first(found: Search) -> None:
    task = found.task
    for halving in {task.halving: 0, "macro": 0} if task.halving == "single" else (task.halving,):
        found.offer(first_program(task.goals, halving, task.level))
        if task.level and free(task):
            found.offer(first_program(task.goals, halving, False))
    if task.halving in ("single", "macro") or all(w.denominator == 1 for g in task.goals for w in g.values()):
        found.offer(thrifty_program(task.goals, task.level))
        if task.cap is not None or task.flat is not None:
            found.offer(thrifty_program(task.goals, task.level, balanced=True))
    if task.library:
        for steps in known(task.goals):
            found.offer(steps)
    if len(task.goals) == 1 and len(task.goals[0]) > 2 and free(task):
        for steps in quick_products(task.goals[0], task.level, task.halving == "single"):
            found.offer(steps)
    if len(task.goals) > 1:
        for steps in in_turn(task, each_alone(task, _first_alone)):
            found.offer(steps)


def _first_alone(task: Task) -> list[Steps]:
    found = Search(task)
    _first(found)
    return found.shortest


def _improve(found: Search, work: int, limit: int, tick: Tick) -> None:
    """One search that is laid out for so much work, broken off before the part of it that would exceed the limit."""
    task = found.task
    if limit < work // 4:
        return
    tick("first program", found.best)
    with Workers(2) as threads:
        exact = threads.submit(prove, task, work, found.best, threads.look)
        products: list[Steps] = []
        if len(task.goals) == 1 and task.halving != "exact":
            products = list(_products(found, work // 4, tick))
        alone: list[tuple[int, Steps]] = []
        whole: list[Steps] = []
        if len(task.goals) > 1:
            alone, whole = singles(task, work // 4)
            stopped: list[bool] = []
            each = each_alone(task, partial(_searched_alone, found, work // (3 * classes(task.goals)), tick, stopped))
            products = in_turn(task, each)
            if stopped:
                for steps in products:
                    found.offer(steps)
                raise KeyboardInterrupt
            alone += [(k, some[0]) for k, some in enumerate(each) if some]
        bound, plain, programs, spent = exact.result()
        found.work += spent
        found.lower_bound = max(found.lower_bound, bound)
        found.without_halving = max(found.lower_bound, plain)
        begun = [*programs, *products, *whole, *(known(task.goals) if task.library else ())]
        refused = [steps for steps in begun if not found.offer(steps)]
        if task.level and free(task):
            _ends_anew(found, work // 8, refused)
        tick("exact search", found.best)
        used = max(spent, work // 4)
        if found.done or used + work // 3 > limit < work:
            return
        left = max(work - used, work // 8)
        near, spent = _one_axis_first(found, work // 3, threads) if free(task) else ([], 0)
        used += spent
        left = max(left - spent, 2 * work // 3)
        tick("one axis, then the other", found.best)
        if found.done:
            return
        starts = Starts(products, programs, alone, near)
        share = left // 6 if free(task) else 0
        if task.level and share:
            if used + share > limit < work:
                return
            near += _with_any_offset(found, share, starts, threads, tick)
            left -= share
            used += share
        evolve(found, left - share, starts, threads, tick, left - share if limit == work else limit - used)
        if share and not found.done and limit == work:
            _parts_anew(found, share, near)
            tick("parts again", found.best)


def _searched_alone(whole: Search, work: int, tick: Tick, stopped: list[bool], task: Task) -> list[Steps]:
    """Programs for one kernel of several, those at once if the search was interrupted; that is noted in `stopped`."""
    key = tuple(sorted(task.goals[0].items()))
    found = whole.each.get(key)
    if found is None:
        found = whole.each[key] = Search(task)
        _first(found)
    if not stopped and not found.done:
        try:
            _improve(found, work, work, tick)
        except KeyboardInterrupt:
            stopped.append(True)
    found.rungs += 1
    return found.shortest


def _setting(task: Task, level: bool) -> Any:
    from scamp_sim.compiler.filters.search.exhaust import Setting

    halving = task.halving == "single" and any(w.denominator > 1 for g in task.goals for w in g.values())
    return Setting(halving, level, constants=False)


def _one_axis_first(found: Search, work: int, threads: Workers) -> tuple[list[Steps], int]:
    """Programs that shift along one axis first, with the offset that is asked for and with any; and the work of the
    longer of the two searches."""
    from scamp_sim.compiler.filters.search.axes import by_axes

    task = found.task
    price = STATE if len(task.goals) == 1 else PAIR
    spent = {True: 0, False: 0}

    def shorter(level: bool) -> list[Steps]:
        def looked(n: int) -> None:
            spent[level] += price * n
            threads.look()

        here = Search(task if level == task.level else replace(task, offset="any"))
        best = found.best + (0 if level == task.level else 1)
        by_axes(task.goals, _setting(task, level), best, work // price, looked, here.offer)
        return [c.steps for c in here.pool.values()]

    some = [s for each in threads.map(shorter, [True, False] if task.level else [False]) for s in each]
    found.work += sum(spent.values())
    for steps in some:
        found.offer(steps)
    if task.level:
        _ends_anew(found, work // 4, some)
    return sorted(some, key=len)[:2], max(spent.values())


def _ends_anew(found: Search, work: int, programs: Sequence[Steps]) -> None:
    """Programs that begin as the given ones do, whatever offset those leave."""
    from scamp_sim.compiler.filters.search.anew import ends_anew

    task = found.task
    some = sorted(dict.fromkeys(programs), key=len)[:_FEW]
    for steps in some:
        states = work // (len(some) * (STATE if len(task.goals) == 1 else PAIR))
        setting = _setting(task, task.level)
        ends_anew(steps, task.goals, setting, found.best, states, found.looked, found.offer)


def _with_any_offset(found: Search, work: int, starts: Starts, threads: Workers, tick: Tick) -> list[Steps]:
    """Programs that leave an offset, which are found more easily, and from their beginnings some that leave none."""
    loose = found.loose = found.loose or Search(replace(found.task, offset="any"))
    before = loose.work
    for steps in [c.steps for c in found.pool.values()] + (list(known(loose.task.goals)) if loose.task.library else []):
        loose.offer(steps)
    loose.rungs = found.rungs
    evolve(loose, 3 * work // 4, starts, threads, tick, work)
    found.work += loose.work - before
    programs = [c.steps for c in sorted(loose.pool.values(), key=lambda c: c.words)]
    _ends_anew(found, work // 4, programs)
    return programs[:2]


def _parts_anew(found: Search, work: int, near: Sequence[Steps]) -> None:
    from scamp_sim.compiler.filters.search.anew import middles_anew

    task = found.task
    programs = [c.steps for c in sorted(found.pool.values(), key=lambda c: c.words)[:_FEW]]
    _ends_anew(found, work // 2, [*near, *programs])
    halving = any(w.parts > 1 for p in programs for w in p.words)
    for steps in programs[:2]:
        setting = replace(_setting(task, task.level), halving=halving)
        for better in middles_anew(steps, setting, work // (4 * STATE), found.looked):
            found.offer(better)


def _products(found: Search, work: int, tick: Tick) -> Iterable[Steps]:
    from scamp_sim.compiler.filters.search.compose import Parts, composed

    task = found.task
    parts = found.parts = found.parts or Parts(task.level, mode_of(task))
    parts.more(work)
    for steps in composed(task.goals[0], parts):
        tick("products", found.best)
        yield steps
        if parts.over:
            return


__all__ = ["LEAST_WORK", "RATE", "search"]
